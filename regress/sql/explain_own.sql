--
-- EXPLAIN (COSTS OFF): shapes of plans that leave no choice.
--
create table ex_t(a int, b text);
explain (costs off) select 1;
explain (costs off) select * from ex_t;
explain (costs off) select * from ex_t where a = 1 and b like 'x%';
explain (costs off) select * from ex_t order by a, b desc;
explain (costs off) select count(*) from ex_t;
explain (costs off) select a from ex_t limit 5;
explain (costs off) insert into ex_t values (1, 'x');
explain (costs off) update ex_t set a = 1 where b = 'x';
explain (costs off) delete from ex_t;
explain (costs off) values (1), (2);
explain (costs off) select * from generate_series(1, 3);
explain (costs off) select * from ex_t where false;
explain (costs off) select a from ex_t union all select 1;
explain (costs off) with x as materialized (select a from ex_t) select * from x;
explain (costs off) select * from ex_t where a = (select max(a) from ex_t);
explain (costs off, analyze, timing off, summary off) select 1;
explain (nope) select 1;
explain (costs maybe) select 1;
explain (timing) select 1;
explain (costs off) create table ex_u as select 1;
explain (costs off) select nope from ex_t;
drop table ex_t;
