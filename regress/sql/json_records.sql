--
-- Rows with a column definition list from jsonb.
--
select * from jsonb_to_record('{"a": 1, "b": "text", "c": [1, 2]}') as r(a int, b text, c int[], d int);
select * from jsonb_to_recordset('[{"a": 1}, {"a": 2, "b": "x"}]') as r(a int, b text);
