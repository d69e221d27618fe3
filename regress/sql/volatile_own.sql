-- What functions written in SQL see of the statement that calls them: volatile ones everything so far, others nothing.

CREATE TABLE vol_t (a smallint, b real);
INSERT INTO vol_t VALUES (56, 7.8), (100, 99.097), (0, 0.09561), (42, 324.78), (777, 777.777);
CREATE FUNCTION vol_max() RETURNS smallint LANGUAGE sql STABLE AS 'select max(a) from vol_t';
BEGIN;
UPDATE vol_t SET a = vol_max() + 10 WHERE a > 0;
SELECT * FROM vol_t;
ROLLBACK;
CREATE OR REPLACE FUNCTION vol_max() RETURNS smallint LANGUAGE sql VOLATILE AS 'select max(a) from vol_t';
BEGIN;
UPDATE vol_t SET a = vol_max() + 10 WHERE a > 0;
SELECT * FROM vol_t;
INSERT INTO vol_t SELECT vol_max() + n, n FROM generate_series(1, 3) n;
SELECT a FROM vol_t ORDER BY a;
DELETE FROM vol_t WHERE a > vol_max() - 5;
SELECT count(*) FROM vol_t;
ROLLBACK;
DROP FUNCTION vol_max();
DROP TABLE vol_t;
SELECT substring('abcdefg' SIMILAR 'a*#"%#"g*' ESCAPE '#'), substring('abcdefg' FROM '^(?:a*){1,1}?(.*)$'),
  substring('aaab' FROM '(a{1,3}?)'), substring('aaab' FROM '(a{2})'), substring('xabcabcx' FROM 'x((?:abc){1,1})');
