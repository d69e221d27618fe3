--
-- Arrays, enums, domains, composite types.
--
select array[1, 2, 3], '{4,5,NULL}'::int[], array[[1, 2], [3, 4]], '{{"a b","c,d"},{"e\"f",null}}'::text[], '[0:2]={1,2,3}'::int[], array[]::int[];
select '{1,2'::int[];
select '{1,x}'::int[];
select '{{1,2},{3}}'::int[];
select array[[1, 2], [3]];
select array[];
select (array[10, 20, 30])[2], (array[10, 20, 30])[5], (array[10, 20, 30, 40])[2:3], (array[10, 20, 30])[:2], (array[[1, 2], [3, 4]])[2][1], (array[[1, 2], [3, 4]])[1:1][2];
select array[1, 2] || 3, 0 || array[1, 2], array[1] || array[2, 3], array[1, 2] = array[1, 2], array[1, 2] < array[1, 3], array[1, 2, 3] @> array[3, 1], array[1] <@ array[1, 2], array[1, 2] && array[2, 9];
select array_length(array[1, 2, 3], 1), array_length(array[]::int[], 1), array_ndims(array[[1], [2]]), array_dims(array[[1, 2], [3, 4]]), array_upper('[5:7]={1,2,3}'::int[], 1), array_lower('[5:7]={1,2,3}'::int[], 1), cardinality(array[[1, 2], [3, 4]]);
select array_append(array[1], 2), array_prepend(0, array[1]), array_cat(array[1], array[2]), array_remove(array[1, 2, 1], 1), array_replace(array[1, 2, 1], 1, 9), array_position(array['a', 'b'], 'b'), array_positions(array[1, 2, 1], 1), array_fill(7, array[3]), trim_array(array[1, 2, 3], 1);
select 2 = any (array[1, 2, 3]), 2 > all (array[1, 1]), 5 = any ('{}'::int[]), null = any (array[1, null]), 1 in (1, null), 'b' = any ('{a,b}');
select unnest(array[[1, 2], [3, 4]]), unnest(array['x', 'y', 'z']);
select array_agg(n order by n desc), array_agg(array[n, n * 2]) from generate_series(1, 3) n;
select generate_subscripts(array['a', 'b', 'c'], 1), array_to_string(array[1, null, 3], ','), array_to_string(array[1, null, 3], ',', 'nil');
create table ar_t(id int, a int[], t text[][]);
insert into ar_t values (1, '{1,2,3}', '{{a,b},{c,d}}'), (2, null, null), (3, '{}', '{}');
update ar_t set a[2] = 20 where id = 1 returning a;
update ar_t set a[5] = 50 where id = 1 returning a;
update ar_t set a[1:2] = '{7,8}' where id = 1 returning a;
update ar_t set a[2] = 5 where id = 2 returning a;
select id, a[1], t[1][2], t[2:2] from ar_t order by id;
select * from ar_t order by a;
drop table ar_t;
-- enums
create type en_mood as enum ('sad', 'ok', 'happy');
select 'ok'::en_mood, 'sad'::en_mood < 'happy'::en_mood, enum_range(null::en_mood), enum_first(null::en_mood), enum_last(null::en_mood), enum_range('ok'::en_mood, null);
select 'angry'::en_mood;
create table en_t(m en_mood default 'ok', u en_mood unique);
insert into en_t values ('happy', 'sad'), (default, 'ok');
select m, u from en_t order by m desc;
select max(m), min(m), count(distinct m) from en_t;
select * from en_t where m > 'sad' and u = 'ok';
alter type en_mood add value 'great' after 'happy';
alter type en_mood add value if not exists 'ok';
alter type en_mood add value 'meh' before 'ok';
alter type en_mood rename value 'sad' to 'unhappy';
select enum_range(null::en_mood);
select * from en_t order by u;
\dT en_mood
drop type en_mood;
drop table en_t;
drop type en_mood;
-- domains
create domain dm_pos as int default 5 constraint dm_positive check (value > 0);
create domain dm_code as text not null check (length(value) = 3);
select 5::dm_pos, '7'::dm_pos + 1;
select 0::dm_pos;
select null::dm_pos is null;
select null::dm_code;
create table dm_t(p dm_pos, c dm_code);
insert into dm_t(c) values ('abc') returning *;
insert into dm_t values (-1, 'abc');
insert into dm_t values (1, 'abcd');
update dm_t set p = p - 5;
alter domain dm_pos add constraint dm_even check (value % 2 = 0);
alter domain dm_pos drop constraint dm_positive;
\dD dm_pos
drop domain dm_pos;
drop table dm_t;
drop domain dm_pos, dm_code;
-- composite types
create type cm_pair as (x int, y text);
select row(1, 'a')::cm_pair, '(2,"b c")'::cm_pair, (row(1, 'a')::cm_pair).y, ((3, 'z')::cm_pair).*;
select '(1)'::cm_pair;
select '(x,y)'::cm_pair;
create table cm_t(id int, p cm_pair, ps cm_pair[]);
insert into cm_t values (1, (1, 'one'), array[(1, 'a')::cm_pair, (2, 'b')]), (2, null, null), (3, row(null, null), '{}');
insert into cm_t(id, p.x, p.y) values (4, 40, 'forty');
update cm_t set p.y = 'changed' where id = 1;
select id, (p).x, (p).y, p is null as isnull, (ps[1]).y, t from cm_t t order by id;
select p from cm_t where p = (40, 'forty')::cm_pair;
select (p).nope from cm_t;
select * from cm_t order by p nulls first, id;
\d cm_pair
drop type cm_pair;
drop type cm_pair cascade;
select * from cm_t order by id;
drop table cm_t;
