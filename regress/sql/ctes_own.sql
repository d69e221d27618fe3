--
-- WITH queries, recursion, set operations.
--
with a as (select 1 as x), b as (select x + 1 as y from a) select * from a, b;
with a(p, q) as (values (1, 2), (3, 4)) select q, p from a order by q desc;
with a as materialized (select 1 as x), b as not materialized (select 2 as y) select x, y from a, b;
with a as (select 1), a as (select 2) select * from a;
with a as (select * from b), b as (select 1) select * from a;
with a(x, y) as (select 1) select * from a;
select * from (with inner_one as (select 5 as five) select five from inner_one) s;
-- recursion
with recursive n(i) as (values (1) union all select i + 1 from n where i < 10) select sum(i), count(*) from n;
with recursive fib(a, b) as (select 0, 1 union all select b, a + b from fib where b < 100) select a from fib;
with recursive c(i) as (select 1 union select (i * 2) % 7 from c) select * from c order by i;
create table ct_tree(id int, parent int, name text);
insert into ct_tree values (1, null, 'root'), (2, 1, 'left'), (3, 1, 'right'), (4, 2, 'leaf'), (5, 4, 'deep');
with recursive t as (select id, name, 0 as depth, name as path from ct_tree where parent is null
  union all select c.id, c.name, t.depth + 1, t.path || '/' || c.name from ct_tree c join t on c.parent = t.id)
  select depth, path from t order by path;
with recursive up(id, parent) as (select id, parent from ct_tree where id = 5 union all select t.id, t.parent from ct_tree t, up where t.id = up.parent) select id from up;
with recursive t as (select 1 as i union all select i + 1 from t) select i from t limit 4;
with recursive t(i) as (select 1 union all select i + 1 from t where i in (select i from t)) select * from t;
with recursive t(i) as (select i from t) select * from t;
with recursive t(i) as (select 1 union all select 'x' from t) select * from t;
with recursive t(i) as (select 1 union all select count(*) from t) select * from t;
-- set operations
select 1 as a union select 2 union select 1 order by 1;
select 1 as a union all select 2 union all select 1 order by a desc;
(select 3 as v union select 4) intersect select 4;
select v from (values (1), (1), (2)) x(v) except select 2;
select v from (values (1), (1), (1), (2)) x(v) except all select 1;
select v from (values (1), (1), (1), (2)) x(v) intersect all (select 1 union all select 1) order by 1;
select 1 intersect select 2 union select 3;
select 1, 'a' union select 2, 'b' order by 2 desc limit 1;
select null union select null;
select 1.5 as n union select 2 order by n;
select 'a' union select 1;
select 1 union select 1, 2;
select 1 as x union select 2 order by y;
select 1 as x union select 2 order by x + 1;
(select 1 as x order by x limit 1) union all (select 9 order by 1) order by x desc;
select * from (select id from ct_tree union all select parent from ct_tree) u where id is not null order by id;
select name from ct_tree where id in (select id from ct_tree where id < 3 union select 5) order by 1;
with t as (select id from ct_tree where id > 2 union select 0) select count(*), min(id) from t;
select id, count(*) from (select id from ct_tree union all select 1) s group by id having count(*) > 1;
-- writing
with d as (delete from ct_tree where id > 3 returning id, name) select * from d order by id;
with u as (update ct_tree set name = upper(name) returning *), i as (insert into ct_tree select id + 10, id, name from u returning id) select count(*) from i;
select * from ct_tree order by id;
drop table ct_tree;
