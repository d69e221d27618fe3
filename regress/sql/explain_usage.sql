-- EXPLAIN's options BUFFERS and WAL: pages by node, those below included, of shared and of temporary relations; what planning
-- read; what was logged. A first EXPLAIN warms the caches, so that planning reads nothing when it is shown.

CREATE TABLE eu_t (a int PRIMARY KEY, b text) WITH (autovacuum_enabled = off);
INSERT INTO eu_t SELECT g, 'x' FROM generate_series(1, 100) g;
CREATE TABLE eu_u (a int, b text) WITH (autovacuum_enabled = off);
INSERT INTO eu_u SELECT g, 'x' FROM generate_series(1, 100) g;
CREATE TEMP TABLE eu_own (a int);
INSERT INTO eu_own SELECT generate_series(1, 100);
VACUUM ANALYZE eu_t, eu_u;
VACUUM ANALYZE eu_own;
SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;

EXPLAIN (COSTS OFF) SELECT count(*) FROM eu_t;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM eu_t;
EXPLAIN (ANALYZE, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM eu_t;
EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM eu_t;
EXPLAIN (BUFFERS, COSTS OFF) SELECT count(*) FROM eu_t;

-- Who has several below it has what they have.
EXPLAIN (COSTS OFF) SELECT a FROM eu_t UNION ALL SELECT a FROM eu_own;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT a FROM eu_t UNION ALL SELECT a FROM eu_own;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM eu_own WHERE a < 0;
EXPLAIN (COSTS OFF)
  SELECT count(*) FROM eu_u x WHERE x.a < 4 AND (SELECT max(y.a) FROM eu_u y WHERE y.a > x.a) > 0;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)
  SELECT count(*) FROM eu_u x WHERE x.a < 4 AND (SELECT max(y.a) FROM eu_u y WHERE y.a > x.a) > 0;

-- What never ran used nothing.
EXPLAIN (ANALYZE, BUFFERS, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF)
  SELECT count(*) FROM eu_t WHERE false;

-- The other formats show zeros as well.
EXPLAIN (COSTS OFF) SELECT a FROM eu_own WHERE a = 3;
EXPLAIN (ANALYZE, BUFFERS, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) SELECT a FROM eu_own WHERE a = 3;
EXPLAIN (ANALYZE, BUFFERS, WAL, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT YAML) SELECT a FROM eu_t WHERE a = 3;
EXPLAIN (BUFFERS, COSTS OFF, FORMAT JSON) SELECT a FROM eu_own WHERE a = 3;

-- Times are shown where they are taken.
SET track_io_timing = on;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT YAML) SELECT a FROM eu_own WHERE a = 3;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT a FROM eu_own WHERE a = 3;

EXPLAIN (WAL) SELECT 1;
DROP TABLE eu_t, eu_u, eu_own;
