--
-- SELECT: joins of every kind, DISTINCT, ORDER BY, LIMIT, sub-selects, LATERAL, VALUES.
--
create table sl_a(id int, t text);
create table sl_b(id int, a_id int, v numeric);
insert into sl_a values (1, 'one'), (2, 'two'), (3, 'three'), (null, 'null'), (5, 'five');
insert into sl_b values (10, 1, 1.5), (11, 1, 2.5), (12, 2, null), (13, 9, 4), (14, null, 5);
select * from sl_a a join sl_b b on a.id = b.a_id order by b.id;
select a.t, b.id from sl_a a left join sl_b b on a.id = b.a_id order by 1, 2;
select a.t, b.id from sl_a a right join sl_b b on a.id = b.a_id order by 2;
select a.t, b.id from sl_a a full join sl_b b on a.id = b.a_id order by 1 nulls first, 2;
select a.t, b.id from sl_a a full join sl_b b on a.id = b.a_id and b.v > 2 order by 1 nulls first, 2;
select count(*) from sl_a cross join sl_b;
select * from sl_a natural join (select id, 'x' as x from sl_a) y order by id;
select id, t, u from sl_a join (values (1, 'uno'), (3, 'tre')) v(id, u) using (id) order by id;
select j.id from (sl_a join sl_b using (id)) j;
select a.id, b.id from sl_a a join sl_b b on a.id < b.a_id order by 1, 2;
select count(*) from sl_a a, sl_b b, sl_a c where a.id = b.a_id and c.id = a.id;
select * from sl_a a join sl_b b on a.id = c.id;
select id from sl_a, sl_b;
select sl_a.nope from sl_a;
select x.* from sl_a;
select * from sl_a a join sl_b a on true;
-- the same with each method
set enable_hashjoin = off;
select a.t, b.id from sl_a a full join sl_b b on a.id = b.a_id order by 1 nulls first, 2;
set enable_mergejoin = off;
select a.t, b.id from sl_a a left join sl_b b on a.id = b.a_id order by 1, 2;
reset enable_hashjoin;
set enable_nestloop = off;
select a.t, b.id from sl_a a left join sl_b b on a.id = b.a_id order by 1, 2;
reset enable_mergejoin;
reset enable_nestloop;
-- order, limit, distinct
select distinct a_id from sl_b order by 1;
select distinct on (a_id) a_id, id from sl_b order by a_id, id desc;
select t from sl_a order by id desc nulls last limit 2;
select t from sl_a order by id offset 3;
select t from sl_a order by id limit 1 offset 1;
select t from sl_a order by length(t), t using >;
select t as s from sl_a order by s collate "C" fetch first 2 rows only;
select n / 2 as half from generate_series(1, 6) n order by 1 fetch first 1 row with ties;
select t from sl_a limit -1;
select t from sl_a limit null offset 4;
select t from sl_a limit 'x';
select t from sl_a order by 2;
select distinct t from sl_a order by id;
select id + 1 as x from sl_a order by x + 1;
-- sub-selects
select t, (select count(*) from sl_b where a_id = sl_a.id) as n from sl_a order by t;
select t from sl_a where id in (select a_id from sl_b) order by t;
select t from sl_a where id not in (select a_id from sl_b where a_id is not null) order by t;
select t from sl_a where id not in (select a_id from sl_b) order by t;
select t from sl_a a where exists (select 1 from sl_b b where b.a_id = a.id and b.v > 2);
select t from sl_a a where not exists (select 1 from sl_b b where b.a_id = a.id) order by t;
select id from sl_b where v >= all (select v from sl_b where v is not null);
select id from sl_b where v > any (select v from sl_b) order by id;
select (select id from sl_a);
select (select id, t from sl_a limit 1);
select array(select id from sl_b order by id desc);
select (1, 2) in (select a_id, id - 8 from sl_b), row(1, 2) < row(1, 3), (1, null) = (1, 2);
select s.x from (select 1 as x union select 2) s where x > 1;
select * from (select 1);
-- lateral
select a.id, l.id, l.v from sl_a a, lateral (select * from sl_b b where b.a_id = a.id order by v desc nulls last limit 1) l order by 1;
select a.id, g from sl_a a left join lateral generate_series(1, a.id - 1) g on true where a.id < 4 order by 1, 2;
select a.id, l.c from sl_a a, (select count(*) as c from sl_b b where b.a_id = a.id) l;
-- values and functions in from
values (1, 'a'), (2, null) order by 1 desc;
select * from (values (1, 2.5), (3, 4)) v(a, b);
values (1), ('x');
values (1, 2), (3);
select * from generate_series(10, 1, -4) with ordinality as g(v, n);
select * from unnest(array[1, 2], array['a', 'b', 'c']) as u(x, y);
select generate_series(1, 3) as a, generate_series(1, 2) as b;
select * from rows from (generate_series(1, 2), generate_series(5, 7)) as r(a, b);
-- semi-joins whose sides are tied to a constant, not to each other
select count(*) from sl_a x where
  x.id in (select a.id from sl_a a, sl_b b where a.id = b.a_id) and x.id = 1 and
  x.id in (select a.id from sl_a a, sl_b b where a.id = b.a_id);
drop table sl_a, sl_b;
