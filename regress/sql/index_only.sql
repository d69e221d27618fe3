--
-- Index-only scans: rows on pages that everybody sees are not fetched, and what changed since is seen all the same.
--
create table io_t(a int primary key, b int) with (autovacuum_enabled = false);
insert into io_t select g, g from generate_series(1, 2000) g;
vacuum analyze io_t;
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (analyze, costs off, timing off, summary off) select a from io_t where a between 10 and 20;
explain (analyze, costs off, timing off, summary off) select count(a) from io_t;
explain (analyze, costs off, timing off, summary off) select a from io_t where a between 10 and 20 order by a desc;
select count(a), sum(a) from io_t;
-- a change marks its page as not seen by all; the others stay
update io_t set b = 0 where a = 15;
delete from io_t where a = 17;
insert into io_t values (2001, 1);
select a from io_t where a between 13 and 18;
select a from io_t where a > 1998;
explain (analyze, costs off, timing off, summary off) select a from io_t where a between 1500 and 1510;
begin;
delete from io_t where a between 1500 and 1505;
select a from io_t where a between 1499 and 1507;
rollback;
select a from io_t where a between 1499 and 1507;
-- a cursor sees what was there when it was opened
begin;
declare c scroll cursor for select a from io_t where a between 100 and 600 order by a;
fetch 2 from c;
delete from io_t where a between 101 and 103;
insert into io_t values (-1, 0);
fetch 3 from c;
fetch last from c;
fetch absolute 4 from c;
rollback;
vacuum io_t;
explain (analyze, costs off, timing off, summary off) select a from io_t where a between 10 and 20;
select a from io_t where a between 13 and 18;
-- inner side of a join, many scans of one node
explain (analyze, costs off, timing off, summary off) select sum(l.a) from (values (1), (10), (2000)) v(x) cross join lateral (select a from io_t where a >= x order by a limit 1) l;
select x, l.a from (values (1), (17), (2000), (3000)) v(x) left join lateral (select a from io_t where a >= x order by a limit 1) l on true order by x;
drop table io_t;
