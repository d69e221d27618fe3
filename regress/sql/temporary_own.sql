-- Temporary objects: types are no functions unless they are named so, ON COMMIT and foreign keys, sequences. And settings with a
-- prefix, which once known stay so.

CREATE DOMAIN pg_temp.nonempty AS text CHECK (value <> '');
SELECT nonempty('');
SELECT pg_temp.nonempty('');
SELECT pg_temp.nonempty('x'), 'y'::nonempty;
SELECT ''::nonempty;
CREATE FUNCTION pg_temp.whoami() RETURNS text LANGUAGE sql AS $$select 'temp'$$;
SELECT whoami();
SELECT pg_temp.whoami();

BEGIN;
CREATE TEMP TABLE emptied (a int PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE refers (b int REFERENCES emptied) ON COMMIT DELETE ROWS;
INSERT INTO emptied VALUES (1);
INSERT INTO refers VALUES (1);
COMMIT;
SELECT count(*) FROM emptied;
DROP TABLE refers, emptied;
BEGIN;
CREATE TEMP TABLE emptied (a int PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE refers (b int REFERENCES emptied);
COMMIT;
SELECT * FROM emptied;

SHOW temporary_own.one;
SET temporary_own.one = 'x';
RESET temporary_own.one;
SHOW temporary_own.one;
BEGIN;
SET LOCAL temporary_own.two = 'y';
SHOW temporary_own.two;
ROLLBACK;
SELECT current_setting('temporary_own.two', true) = '' AS is_known, current_setting('temporary_own.three', true) IS NULL AS is_unknown;
