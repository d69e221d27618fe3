--
-- json and jsonb: input, operators, building, taking apart.
--
select '{"a": 1, "b": [1, 2,  null], "a": 2}'::json, '{"a": 1, "b": [1, 2,  null], "a": 2}'::jsonb;
select '"text"'::jsonb, '1.50'::jsonb, 'true'::jsonb, 'null'::jsonb, '[]'::jsonb, '{}'::jsonb, '"\u00e9\n\""'::jsonb, '1e5'::jsonb;
select '{"b": 1, "aa": 2, "a": 3}'::jsonb;
select '{a: 1}'::json;
select '{"a": }'::jsonb;
select '[1, 2'::json;
select ''::json;
select '"\u0000"'::jsonb;
select j -> 'a', j -> 'b' -> 0, j ->> 'c', j #> '{b,1}', j #>> '{d,e}', j -> 'nope', j -> 'b' -> -1 from (select '{"a": 1, "b": [10, 20], "c": "text", "d": {"e": "deep"}}'::jsonb as j) s;
select j -> 'a', j -> 'b' -> 0, j ->> 'c', j #> '{b,1}', j #>> '{d,e}', j -> 'nope' from (select '{"a": 1, "b": [10, 20], "c": "text", "d": {"e": "deep"}}'::json as j) s;
select '{"a": 1, "b": 2}'::jsonb @> '{"a": 1}', '[1, 2, [3]]'::jsonb @> '[2]', '{"a": 1}'::jsonb <@ '{"a": 1, "b": 2}', '{"a": 1}'::jsonb ? 'a', '{"a": 1}'::jsonb ?| array['x', 'a'], '{"a": 1}'::jsonb ?& array['x', 'a'];
select '{"a": 1}'::jsonb || '{"b": 2}', '[1]'::jsonb || '2', '{"a": 1, "b": 2}'::jsonb - 'a', '[1, 2, 3]'::jsonb - 1, '{"a": {"b": 1, "c": 2}}'::jsonb #- '{a,b}', '{"a": 1, "b": 2, "c": 3}'::jsonb - array['a', 'c'];
select '{"a": 1}'::jsonb = '{"a": 1.0}', '[1, 2]'::jsonb < '[1, 3]', '{}'::jsonb > '[]', '"a"'::jsonb > '1';
select to_json('it"s'::text), to_jsonb(1.5), to_jsonb(array[1, 2]), row_to_json(row(1, 'x')), to_jsonb(null::int) is null, to_json(true), array_to_json(array[[1, 2], [3, 4]]);
select json_build_object('a', 1, 'b', null, 'c', array[1, 2]), jsonb_build_object('z', 1, 'y', 'two'), json_build_array(1, 'x', true, null), jsonb_build_array(), json_object('{a,1,b,2}'), jsonb_object(array['k'], array['v']);
select json_build_object('a');
select json_agg(n), jsonb_agg(n order by n desc), json_object_agg('k' || n, n), jsonb_object_agg('k' || n, n) from generate_series(1, 3) n;
select * from jsonb_each('{"a": 1, "b": "x"}');
select * from json_each_text('{"a": 1, "b": "x", "c": null}');
select * from jsonb_array_elements('[1, "two", {"three": 3}]');
select * from jsonb_array_elements_text('[1, "two", null]');
select jsonb_object_keys('{"x": 1, "y": 2}');
select jsonb_array_length('[1, 2, 3]'), jsonb_typeof('{}'), jsonb_typeof('1'), json_typeof('null'), json_typeof('[]');
select jsonb_array_length('{}');
select jsonb_set('{"a": 1}', '{b}', '2'), jsonb_set('{"a": [1, 2]}', '{a,0}', '"x"'), jsonb_set('{"a": 1}', '{b}', '2', false), jsonb_insert('[1, 2]', '{1}', '"new"'), jsonb_strip_nulls('{"a": null, "b": 1}'), jsonb_pretty('{"a": [1, {"b": 2}]}');
select ('{"a": 5}'::jsonb -> 'a')::int + 1, ('[true]'::jsonb -> 0)::bool, ('{"a": "x"}'::jsonb ->> 'a') || 'y';
select ('"x"'::jsonb)::int;
create table js_t(id int, doc jsonb);
insert into js_t values (1, '{"name": "ann", "tags": ["x", "y"], "n": 5}'), (2, '{"name": "bob", "tags": [], "n": 7}'), (3, null);
select id, doc ->> 'name' from js_t where doc @> '{"tags": ["x"]}';
select doc ->> 'name' as name, (doc ->> 'n')::int * 2 as twice from js_t where doc is not null order by name desc;
select id, t from js_t, jsonb_array_elements_text(doc -> 'tags') t order by 1, 2;
update js_t set doc = doc || '{"seen": true}' where id = 1 returning doc;
select doc, count(*) from js_t group by doc order by doc nulls first;
select row_to_json(t) from js_t t where id = 2;
drop table js_t;
