-- SECURITY DEFINER: a function that reads what its caller may not.
\set VERBOSITY terse

CREATE ROLE regress_definer_owner;
CREATE ROLE regress_definer_caller;
CREATE TABLE definer_secret (a int);
INSERT INTO definer_secret VALUES (42);
CREATE FUNCTION definer_reads() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a FROM definer_secret';
CREATE FUNCTION definer_fails() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1 / (a - 42) FROM definer_secret';
CREATE FUNCTION definer_who() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user';
CREATE FUNCTION invoker_who() RETURNS name LANGUAGE sql STABLE AS 'SELECT current_user';
CREATE FUNCTION invoker_reads() RETURNS int LANGUAGE sql AS 'SELECT a FROM definer_secret';
ALTER FUNCTION definer_who() OWNER TO regress_definer_owner;
SET ROLE regress_definer_caller;
SELECT definer_reads(), definer_who(), invoker_who();
SELECT invoker_reads();
SELECT current_user, current_setting('is_superuser');
RESET ROLE;
SELECT definer_who();
SET ROLE regress_definer_caller;
SELECT definer_fails();
SELECT current_user;
RESET ROLE;
DROP TABLE definer_secret;
DROP FUNCTION definer_reads(), definer_fails(), definer_who(), invoker_who(), invoker_reads();
DROP ROLE regress_definer_owner, regress_definer_caller;
