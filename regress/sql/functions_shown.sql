-- Functions written back, operators and other objects by name, and what is said of a schema that is not there.

CREATE SCHEMA shown;
SET search_path = shown;
CREATE FUNCTION f1(a int, b text) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'select 1';
CREATE FUNCTION "F 2"(text) RETURNS text LANGUAGE sql STABLE LEAKPROOF SECURITY DEFINER AS $x$select $1 || '$function$'$x$;
\sf f1
\sf+ "F 2"
\sf shown.f1(int, text)
\sf nothing
SELECT pg_get_functiondef('f1'::regproc) IS NOT NULL AS is_there, pg_get_functiondef(0) AS none;
SELECT pg_get_functiondef('sum(int4)'::regprocedure);
\df+ f1
\df pg_catalog.make_interval

SELECT regoper('||/'), regoperator('+(int4,int4)'), regoperator('-(NONE,int4)'), to_regoper('||/'), to_regoperator('+(int4,int4)');
SELECT regoper('pg_catalog.||/'), regoperator('pg_catalog.+(int4,int4)'), to_regoperator('+(int4,text)'), to_regoper('=');
SELECT regoper('=');
SELECT regoperator('++(int4,int4)');
SELECT regoperator('+(int4)');
SELECT regoperator('+(int4,int4,int4)');
SELECT regoper('nowhere.||/');
SELECT regproc('nowhere.now');
SELECT regprocedure('nowhere.abs(numeric)');
SELECT regclass('nowhere.pg_class');
SELECT regcollation('nowhere."POSIX"');
SELECT regcollation('nothing');
SELECT to_regclass('nowhere.t'), to_regproc('nowhere.f');

CREATE TABLE keyed (a int, b int, c int, UNIQUE (a, b) INCLUDE (c), UNIQUE (b) INCLUDE (c));
\d keyed
\o /dev/null
\db+
\o
SELECT pg_tablespace_size('pg_default') > 0 AS has_room, pg_tablespace_size('pg_global') > 0 AS has_more;
SELECT pg_tablespace_size('no_such');
RESET search_path;
DROP SCHEMA shown CASCADE;
