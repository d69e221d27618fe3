--
-- Sub-selects, WITH queries and nodes that keep rows, run again with other values from outside.
--
create table rs_i4(f1 int); insert into rs_i4 values (0),(123456),(-123456),(2147483647),(-2147483647);
select (with cte(foo) as (values(f1)) select (select foo from cte)) from rs_i4;
select (with cte(foo) as (values(f1)) values((select foo from cte))) from rs_i4;
select f1, (with c as materialized (select f1 as x) select sum(x) from c, (values (1),(2)) v) from rs_i4 order by 1;
select f1, (with recursive r(n) as (select 1 union all select n + 1 from r where n < least(abs(f1), 4)) select count(*) from r) from rs_i4 order by 1;
select f1, (with c as materialized (select g from generate_series(1, least(abs(f1), 3)) g) select count(*) from c a, c b where a.g = b.g) from rs_i4 order by 1;
select f1, exists (with c as materialized (select f1 as x where f1 > 0) select 1 from c), f1 in (with c as materialized (select f1 + 0 as x union all select 1) select x from c) from rs_i4 order by 1;
select f1, (select string_agg(y::text, ',') from (with c as materialized (select f1 as x) select x + (select count(*) from c c2) as y from c) s) from rs_i4 order by 1;
create table rs_a(a int, b int); create table rs_b(a int, b int);
insert into rs_a select n % 5, n from generate_series(1, 200) n; insert into rs_b select n % 5, n from generate_series(1, 100) n;
create index on rs_b(a); analyze rs_a; analyze rs_b;
set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off;
select f1, (select sum(z.c) from rs_a x, lateral (select count(*) c from rs_b y where y.a = x.a and y.b > abs(f1) % 100) z) from rs_i4 order by 1;
select v, (select sum(z.c) from rs_a x, lateral (select count(*) c from rs_b y where y.a = x.a and y.b > v offset 0) z) from (values (10),(50),(90)) t(v);
select v, (select count(*) from rs_a x left join rs_b y on y.a = x.a and y.b > v where x.b < 20) from (values (10),(50),(90)) t(v);
reset all;
select v, (select count(*) from rs_a x join (select a, count(*) c from rs_b where b > v group by a) y on y.a = x.a and y.c > 5) from (values (10),(50),(90)) t(v);
prepare rs_p1 as select count(*) from (values (1),(2)) v(x) cross join (select max(b) m from rs_b group by a) s where s.m > v.x;
execute rs_p1; execute rs_p1; execute rs_p1;
set enable_hashjoin = off; set enable_mergejoin = off;
prepare rs_p2(int) as select count(*) from rs_a x join (select a, max(b) m from rs_b group by a having max(b) > $1) s on s.a < x.a;
execute rs_p2(1); execute rs_p2(1); execute rs_p2(98);execute rs_p2(1);execute rs_p2(1);execute rs_p2(1);execute rs_p2(98);execute rs_p2(1);
reset all;
drop table rs_i4, rs_a, rs_b;
