-- Rows that functions give: aggregates and grouped expressions under set-returning functions, records whose shape is known
-- only when they are there, arrays of vectors, and functions that call themselves without end.

SELECT json_object_keys(json_object(array_agg(g))) FROM (SELECT unnest(ARRAY['f' || n, n::text]) AS g FROM generate_series(1, 3) n) x;
SELECT count(*) FROM (SELECT generate_series(1, max(n)) FROM generate_series(1, 5) n) y;
SELECT generate_series(1, max(n)), sum(n) FROM generate_series(1, 3) n;
SELECT generate_series(1, rank() OVER (ORDER BY n)) FROM generate_series(1, 3) n;

WITH a(b) AS (VALUES (row(1, 2, 3))) SELECT * FROM a, coalesce(b) AS c(d int, e int, f int);
WITH a(b) AS (VALUES (row(1, 2, 3))) SELECT * FROM a, coalesce(b) AS c(d int, e int);
WITH a(b) AS (VALUES (row(1, 2, 3))) SELECT * FROM a, coalesce(b) AS c(d int, e int, f int, g int);
WITH a(b) AS (VALUES (row(1, 2, 3))) SELECT * FROM a, coalesce(b) AS c(d int, e int, f float);
WITH a(b) AS (VALUES (row('x'::varchar))) SELECT * FROM a, coalesce(b) AS c(d text);

SELECT ARRAY(SELECT '11 22'::int2vector FROM generate_series(1, 2));
SELECT unnest(ARRAY(SELECT '11 22'::oidvector FROM generate_series(1, 2)));
SELECT ARRAY(SELECT ARRAY[n, n + 1] FROM generate_series(1, 2) n);

CREATE FUNCTION calls_itself() RETURNS int LANGUAGE sql AS 'SELECT calls_itself()';
\set VERBOSITY sqlstate
SELECT calls_itself();
\echo :LAST_ERROR_MESSAGE
\set VERBOSITY default
SELECT 1 AS still_here;
DROP FUNCTION calls_itself();
