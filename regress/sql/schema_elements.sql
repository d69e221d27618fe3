-- CREATE SCHEMA with elements while the search path is blank: they find each other all the same.

SELECT pg_catalog.set_config('search_path', ' ', false);
CREATE SCHEMA se_one
  CREATE VIEW se_v AS SELECT a + 1 AS a, b + 1 AS b FROM se_t
  CREATE UNIQUE INDEX se_t_a ON se_t (a)
  CREATE TABLE se_t (a serial, b int UNIQUE);
SHOW search_path;
SET search_path TO public;
BEGIN;
SET search_path TO public, se_one;
CREATE SCHEMA se_two CREATE VIEW se_v AS SELECT c FROM se_t;
COMMIT;
SHOW search_path;
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'se_one'::regnamespace ORDER BY 1;
DROP SCHEMA se_one CASCADE;
