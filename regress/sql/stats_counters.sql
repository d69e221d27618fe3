-- What is counted of tables and indexes: rows inserted, updated and deleted, whether that was committed, rolled back or taken
-- back to a savepoint; what TRUNCATE, VACUUM and ANALYZE make of it; scans and what they read.

CREATE TABLE stats_plain (id int PRIMARY KEY, v int, pad text) WITH (autovacuum_enabled = off);
CREATE TABLE stats_other (id int, v int) WITH (autovacuum_enabled = off);

CREATE VIEW stats_rows AS
  SELECT relname, n_tup_ins AS ins, n_tup_upd AS upd, n_tup_del AS del, n_tup_hot_upd AS hot, n_live_tup AS live,
         n_dead_tup AS dead, n_mod_since_analyze AS mods, n_ins_since_vacuum AS ins_vac
    FROM pg_stat_user_tables WHERE relname IN ('stats_plain', 'stats_other') ORDER BY relname;
CREATE VIEW stats_scans AS
  SELECT relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch
    FROM pg_stat_user_tables WHERE relname IN ('stats_plain', 'stats_other') ORDER BY relname;
CREATE VIEW stats_index AS
  SELECT indexrelname, idx_scan, idx_tup_read, idx_tup_fetch
    FROM pg_stat_user_indexes WHERE relname IN ('stats_plain', 'stats_other') ORDER BY indexrelname;

-- Committed changes.
INSERT INTO stats_plain SELECT g, g, 'x' FROM generate_series(1, 100) g;
UPDATE stats_plain SET v = v + 1 WHERE id <= 10;
DELETE FROM stats_plain WHERE id > 95;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- A key that changes is no HOT update.
UPDATE stats_plain SET id = id + 1000 WHERE id = 1;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- Rolled back: what was inserted is dead.
BEGIN;
INSERT INTO stats_plain SELECT g, g, 'x' FROM generate_series(201, 210) g;
UPDATE stats_plain SET v = 0 WHERE id BETWEEN 20 AND 24;
DELETE FROM stats_plain WHERE id BETWEEN 30 AND 32;
SELECT n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'stats_plain';
ROLLBACK;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- Savepoints.
BEGIN;
INSERT INTO stats_other SELECT g, g FROM generate_series(1, 50) g;
SAVEPOINT a;
INSERT INTO stats_other SELECT g, g FROM generate_series(51, 60) g;
UPDATE stats_other SET v = -v WHERE id <= 5;
ROLLBACK TO a;
SAVEPOINT b;
DELETE FROM stats_other WHERE id <= 3;
RELEASE b;
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- A statement that fails leaves dead rows.
INSERT INTO stats_plain VALUES (301, 1, 'x'), (302, 1, 'x'), (50, 1, 'x');
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- TRUNCATE, for good and not.
BEGIN;
INSERT INTO stats_other VALUES (1, 1), (2, 2);
TRUNCATE stats_other;
INSERT INTO stats_other VALUES (3, 3);
ROLLBACK;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows WHERE relname = 'stats_other';
BEGIN;
TRUNCATE stats_other;
INSERT INTO stats_other VALUES (3, 3), (4, 4);
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows WHERE relname = 'stats_other';
BEGIN;
SAVEPOINT a;
TRUNCATE stats_other;
RELEASE a;
SAVEPOINT b;
INSERT INTO stats_other VALUES (5, 5);
ROLLBACK TO b;
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows WHERE relname = 'stats_other';

-- COPY and ON CONFLICT.
COPY stats_other FROM STDIN;
1	1
2	2
3	3
\.
INSERT INTO stats_plain VALUES (50, 1, 'y'), (401, 1, 'y') ON CONFLICT DO NOTHING;
INSERT INTO stats_plain VALUES (50, 1, 'y'), (402, 1, 'y') ON CONFLICT (id) DO UPDATE SET v = 7;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;

-- VACUUM and ANALYZE count anew.
VACUUM stats_plain;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;
ANALYZE stats_other;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_rows;
SELECT relname, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count, last_vacuum IS NOT NULL AS vacuumed,
       last_autovacuum, last_analyze IS NOT NULL AS analyzed, last_autoanalyze
  FROM pg_stat_user_tables WHERE relname IN ('stats_plain', 'stats_other') ORDER BY relname;

-- Scans.
SELECT pg_stat_reset_single_table_counters('stats_plain'::regclass);
SELECT pg_stat_reset_single_table_counters('stats_plain_pkey'::regclass);
SELECT pg_stat_reset_single_table_counters('stats_other'::regclass);
SELECT * FROM stats_scans;
SET enable_bitmapscan = off;
SET enable_seqscan = off;
SELECT count(v) FROM stats_plain WHERE id BETWEEN 40 AND 49;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_scans;
SELECT * FROM stats_index;
SET enable_bitmapscan = on;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT count(v) FROM stats_plain WHERE id BETWEEN 40 AND 49;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_scans;
SELECT * FROM stats_index;
SET enable_indexscan = on;
SET enable_indexonlyscan = on;
SET enable_seqscan = on;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT count(v) FROM stats_plain;
SELECT count(*) FROM (SELECT v FROM stats_other LIMIT 2) limited;
SELECT pg_stat_force_next_flush();
SELECT * FROM stats_scans;
RESET enable_bitmapscan;
RESET enable_indexscan;

-- A table that is dropped is forgotten; one whose DROP is rolled back is not.
SELECT 'stats_other'::regclass::oid AS other \gset
BEGIN;
DROP TABLE stats_other CASCADE;
ROLLBACK;
SELECT pg_stat_have_stats('relation', (SELECT oid FROM pg_database WHERE datname = current_database()), :other);
DROP TABLE stats_other CASCADE;
SELECT pg_stat_have_stats('relation', (SELECT oid FROM pg_database WHERE datname = current_database()), :other);

-- Consistency of what one transaction sees.
BEGIN;
SET LOCAL stats_fetch_consistency = snapshot;
SELECT pg_stat_get_snapshot_timestamp() IS NULL AS none_yet;
SELECT pg_stat_get_live_tuples('stats_plain'::regclass) > 0 AS counted;
SELECT pg_stat_get_snapshot_timestamp() IS NULL AS none_yet;
SELECT pg_stat_clear_snapshot();
SELECT pg_stat_get_snapshot_timestamp() IS NULL AS none_yet;
COMMIT;

-- Resets.
SELECT pg_stat_reset_shared('nothing');
SELECT pg_stat_have_stats('nothing', 0, 0);
SELECT stats_reset AS archiver_before FROM pg_stat_archiver \gset
SELECT pg_stat_reset_shared('archiver');
SELECT stats_reset > :'archiver_before'::timestamptz AS is_later FROM pg_stat_archiver;
SELECT stats_reset AS slru_before FROM pg_stat_slru WHERE name = 'Notify' \gset
SELECT pg_stat_reset_slru('Notify');
SELECT stats_reset > :'slru_before'::timestamptz AS is_later FROM pg_stat_slru WHERE name = 'Notify';
SELECT name FROM pg_stat_slru ORDER BY name COLLATE "C";
DROP TABLE stats_plain CASCADE;

-- Sizes and whether there are indexes are written where the row is: no newer version, and no way back.
CREATE TABLE stats_sized (id int) WITH (autovacuum_enabled = off);
INSERT INTO stats_sized SELECT generate_series(1, 1000);
SELECT xmin AS born, ctid AS place FROM pg_class WHERE relname = 'stats_sized' \gset
BEGIN;
CREATE INDEX stats_sized_id ON stats_sized (id);
SELECT reltuples, relhasindex, xmin::text = :'born' AND ctid = :'place' AS same FROM pg_class WHERE relname = 'stats_sized';
ROLLBACK;
SELECT reltuples, relhasindex, xmin::text = :'born' AND ctid = :'place' AS same FROM pg_class WHERE relname = 'stats_sized';
DELETE FROM stats_sized WHERE id <= 500;
VACUUM stats_sized;
SELECT reltuples, relhasindex, xmin::text = :'born' AND ctid = :'place' AS same FROM pg_class WHERE relname = 'stats_sized';
SELECT count(*) FROM stats_sized WHERE id = 700;
DROP TABLE stats_sized;

-- The database, its sessions and their times.
SELECT pg_stat_force_next_flush();
SELECT xact_commit > 20 AS committed, xact_rollback > 5 AS rolled_back, tup_inserted > 100 AS inserted, sessions > 0 AS sessions,
       session_time > 0 AS session_time, active_time > 0 AS active_time, active_time <= session_time AS fits
  FROM pg_stat_database WHERE datname = current_database();
SELECT xact_start IS NOT NULL AS in_transaction FROM pg_stat_activity WHERE pid = pg_backend_pid();
BEGIN;
SELECT pg_sleep(0.02);
SELECT xact_start < query_start AS earlier FROM pg_stat_activity WHERE pid = pg_backend_pid();
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT idle_in_transaction_time >= 0 AS idle FROM pg_stat_database WHERE datname = current_database();
