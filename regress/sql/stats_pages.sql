-- Pages asked for and found, by table, index, TOAST table and sequence, and what the database counts besides: temporary files,
-- deadlocks, times of reading and writing.

CREATE TABLE pages_t (id int PRIMARY KEY, pad text) WITH (autovacuum_enabled = off);
INSERT INTO pages_t SELECT g, repeat('x', 500) FROM generate_series(1, 1000) g;
CREATE TABLE pages_long (id int, long text) WITH (autovacuum_enabled = off);
ALTER TABLE pages_long ALTER long SET STORAGE EXTERNAL;
INSERT INTO pages_long SELECT g, repeat('y', 10000) FROM generate_series(1, 3) g;
CREATE SEQUENCE pages_s;

CREATE FUNCTION blocks(regclass) RETURNS bigint LANGUAGE sql AS
  $$ SELECT pg_relation_size($1) / current_setting('block_size')::int $$;
-- The counters as they are now; the differences are what the tests look at.
CREATE VIEW pages_now AS
  SELECT relname, heap_blks_read + heap_blks_hit AS heap, idx_blks_read + idx_blks_hit AS idx,
         toast_blks_read + toast_blks_hit AS toast, tidx_blks_read + tidx_blks_hit AS tidx
    FROM pg_statio_user_tables WHERE relname ~ '^pages_';

-- VACUUM sets the hints, so that nothing but reading is left to do.
VACUUM ANALYZE pages_t, pages_long;
SELECT pg_stat_force_next_flush();
CREATE TABLE pages_before AS SELECT * FROM pages_now;

-- A sequential scan asks for each page once.
SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off;
SELECT count(*) FROM pages_t;
SELECT pg_stat_force_next_flush();
SELECT n.relname, n.heap - b.heap = blocks('pages_t') AS each_once
  FROM pages_now n JOIN pages_before b USING (relname) WHERE relname = 'pages_t';
RESET enable_indexscan; RESET enable_bitmapscan; RESET enable_indexonlyscan;
SELECT pg_stat_reset_single_table_counters('pages_t'::regclass);
SELECT pg_stat_reset_single_table_counters('pages_t_pkey'::regclass);

-- An index scan asks for the pages on its way down, and for one of the table.
SET enable_seqscan = off;
SELECT length(pad) FROM pages_t WHERE id = 500;
SELECT pg_stat_force_next_flush();
SELECT heap_blks_read + heap_blks_hit AS heap, idx_blks_read + idx_blks_hit >= 2 AS way_down FROM pg_statio_user_tables
 WHERE relname = 'pages_t';
SELECT indexrelname, idx_blks_hit > 0 AS hit FROM pg_statio_user_indexes WHERE relname = 'pages_t';
RESET enable_seqscan;

-- Long values: the TOAST table and its index.
SELECT sum(length(long)) FROM pages_long;
SELECT pg_stat_force_next_flush();
SELECT n.toast - b.toast >= 3 AS toast, n.tidx - b.tidx >= 3 AS tidx, n.heap - b.heap AS heap
  FROM pages_now n JOIN pages_before b USING (relname) WHERE relname = 'pages_long';

-- Rolled back or not, it was read.
BEGIN;
SELECT pg_stat_get_xact_blocks_fetched('pages_long'::regclass) AS before;
SELECT count(*) FROM pages_long;
SELECT pg_stat_get_xact_blocks_fetched('pages_long'::regclass) - pg_stat_get_xact_blocks_hit('pages_long'::regclass) AS read,
       pg_stat_get_xact_blocks_hit('pages_long'::regclass) AS hit;
ROLLBACK;
SELECT pg_stat_force_next_flush();
SELECT n.heap - b.heap AS heap FROM pages_now n JOIN pages_before b USING (relname) WHERE relname = 'pages_long';

-- Sequences.
SELECT blks_read + blks_hit AS sequence_before FROM pg_statio_user_sequences WHERE relname = 'pages_s' \gset
SELECT nextval('pages_s'), nextval('pages_s');
SELECT pg_stat_force_next_flush();
SELECT blks_read + blks_hit - :sequence_before >= 2 AS asked FROM pg_statio_user_sequences WHERE relname = 'pages_s';

-- The database adds up; catalogs that all share count for none.
SELECT blks_hit > 100 AS hit, blks_read >= 0 AS read FROM pg_stat_database WHERE datname = current_database();
SELECT blks_hit > 0 AS hit FROM pg_stat_database WHERE datid = 0;

-- Temporary files.
SELECT temp_files AS files_before, temp_bytes AS bytes_before FROM pg_stat_database WHERE datname = current_database() \gset
SET work_mem = '64kB';
SELECT count(*) FROM (SELECT g FROM generate_series(1, 50000) g ORDER BY g % 1000, g OFFSET 0) sorted;
RESET work_mem;
SELECT pg_stat_force_next_flush();
SELECT temp_files > :files_before AS files, temp_bytes - :bytes_before > 100000 AS bytes
  FROM pg_stat_database WHERE datname = current_database();

-- Nothing is timed unless it is asked for.
SELECT blk_read_time, blk_write_time, conflicts
  FROM pg_stat_database WHERE datname = current_database();

DROP VIEW pages_now;
DROP TABLE pages_t, pages_long, pages_before;
DROP SEQUENCE pages_s;
DROP FUNCTION blocks;
