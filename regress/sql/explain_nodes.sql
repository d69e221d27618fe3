--
-- EXPLAIN in its formats, for nodes that have something of their own to say.
--
create table en_t(a int primary key, b text, c int);
insert into en_t select n, 'b' || n, n % 5 from generate_series(1, 1000) n;
create index en_c on en_t(c);
analyze en_t;
explain (costs off, format yaml) select * from en_t where a = 1;
explain (format json, costs off) select c, sum(a) from en_t group by c order by 2;
explain (format json, costs off) insert into en_t values (1) on conflict (a) do update set b = 'x' where en_t.a > 3;
explain (format yaml, costs off) update en_t set b = 'y' where a = 3;
explain (format json, costs off) delete from en_t where a = 3;
explain (format json, costs off, analyze, timing off, summary off) select * from en_t where a = 3;
explain (format json, costs off) select a from en_t union all select c from en_t;
explain (format json, costs off) select a from en_t except select c from en_t;
explain (format json, costs off) with x as materialized (select * from en_t) select * from x where a = 1;
explain (costs off, verbose) with x as materialized (select * from en_t) select * from x where a = 1;
explain (format yaml, costs off) select * from generate_series(1,2) g(x);
explain (costs off, verbose) select a from en_t order by a + c, b limit 3;
explain (costs off) select c, a + c, count(*) from en_t group by c, a + c;
explain (costs off) select distinct c from en_t order by c;
explain (costs off, verbose) select rank() over (partition by c order by a) from en_t;
explain (costs off) select sum(a) s from en_t group by c order by sum(a), c desc nulls last;
set work_mem = '1MB';
set enable_tidscan = off;
explain (costs off, settings) select 1;
explain (costs off, settings, format json) select 1;
explain (costs off, settings, format yaml) select 1;
reset work_mem;
reset enable_tidscan;
explain (costs off, settings) select 1;
explain (format json) notify x;
explain (format yaml, costs off) create table en_q as select 1 as a;
explain (format nope) select 1;
explain (wal) select 1;
explain (timing) select 1;
explain (costs off) select * from en_t where ctid = '(0,1)';
explain (costs off) select * from en_t for update;
drop table en_t;
