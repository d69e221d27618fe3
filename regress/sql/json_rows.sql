-- Rows and arrays of rows as JSON and back, domains among their columns.

SELECT array_to_json(array_agg(q)), json_agg(q) FROM (SELECT x AS b, x * 2 AS c FROM generate_series(1, 3) x) q;
SELECT to_jsonb(array_agg(row(x, ARRAY[x, x]))) FROM generate_series(1, 2) x;
SELECT array_to_json(array_agg(q), true) FROM (SELECT x AS b FROM generate_series(1, 3) x) q;
SELECT row_to_json(q) FROM (SELECT ARRAY[row(1, 'a'), row(2, 'b')] AS z, '{1,2}'::int[] AS y) q;

CREATE DOMAIN jr_needed AS int NOT NULL;
CREATE DOMAIN jr_pair AS int[] CHECK (array_length(value, 1) = 2);
CREATE DOMAIN jr_short AS varchar(3);
CREATE TYPE jr_row AS (n jr_needed, p jr_pair, s jr_short, j json, b jsonb);
CREATE TYPE jr_outer AS (r jr_row, rs jr_row[]);
CREATE DOMAIN jr_row_ok AS jr_row CHECK ((value).n > 0);
CREATE TYPE jr_domains AS (d jr_row_ok);
SELECT * FROM json_populate_record(NULL::jr_row, '{}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": null}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": 1, "p": [1, 2], "s": "abc", "j": null, "b": null}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": 1, "p": [1, 2, 3]}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": 1, "p": "{3,4}"}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": 1, "p": 5}');
SELECT * FROM json_populate_record(NULL::jr_row, '{"n": 1, "s": "abcd"}');
SELECT * FROM json_populate_record(row(1, NULL, 'x', NULL, NULL)::jr_row, '{"b": {"a": [1]}, "j": [1,  2]}');
SELECT * FROM jsonb_populate_record(NULL::jr_outer, '{"r": {"n": 1}, "rs": [{"n": 2}, {"n": 3, "p": [1, 1]}]}');
SELECT * FROM jsonb_populate_record(NULL::jr_domains, '{"d": {"n": 1}}');
SELECT * FROM jsonb_populate_record(NULL::jr_domains, '{"d": {"n": -1}}');
SELECT * FROM jsonb_populate_recordset(NULL::jr_row, '[{"n": 1}, {"n": 2, "s": "y"}]');
DROP TYPE jr_domains;
DROP DOMAIN jr_row_ok;
DROP TYPE jr_outer, jr_row;
DROP DOMAIN jr_needed, jr_pair, jr_short;
