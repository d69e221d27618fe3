-- REINDEX: what is known of a table follows its TOAST table's new index; versions that the same transaction replaced are no duplicates.
CREATE TABLE reindexed (k int8 PRIMARY KEY, a int4, b text);
INSERT INTO reindexed SELECT g, g, 'x' FROM generate_series(1, 10) g;
REINDEX TABLE reindexed;
INSERT INTO reindexed SELECT 11, 1, string_agg(md5(g::text), '') FROM generate_series(1, 300) g;
SELECT length(b) FROM reindexed WHERE k = 11;
BEGIN;
INSERT INTO reindexed VALUES (12, 1, 'b');
UPDATE reindexed SET a = a + 1 WHERE k BETWEEN 3 AND 12;
SAVEPOINT s;
UPDATE reindexed SET a = a + 1 WHERE k BETWEEN 3 AND 12;
UPDATE reindexed SET k = k + 100 WHERE k = 12;
UPDATE reindexed SET k = k - 100 WHERE k = 112;
REINDEX TABLE reindexed;
COMMIT;
SET enable_seqscan = off;
SELECT k, a FROM reindexed ORDER BY k;
DROP TABLE reindexed;
