--
-- What aggregates gather in a hash table, and the rows of one key in a merge join, count against work_mem.
--
create table ga_t(a int, b int, c text);
insert into ga_t select n, n % 3, repeat('x', n % 50) || n from generate_series(1, 6000) n;
analyze ga_t;
set work_mem = '64kB';
set hash_mem_multiplier = 1;
set enable_sort = off;
explain (costs off) select a / 10 as g, array_agg(c) as l from ga_t group by 1;
select count(*), sum(cardinality(l)), min(g), max(l[1]) from (select a / 10 as g, array_agg(c) as l from ga_t group by 1) q;
select count(*), sum(length(l)) from (select a / 10 as g, string_agg(c, ',') as l from ga_t group by 1) q;
select count(*), sum(json_array_length(l)) from (select a / 100 as g, json_agg(c) as l from ga_t group by 1) q;
select g, cardinality(l) from (select b as g, array_agg(c) as l from ga_t group by 1) q order by g;
-- 60 groups need no room, but what they gather does: it goes to files, which there may not be.
set temp_file_limit = '64kB';
select sum(n), sum(m) from (select a / 100 as g, count(*) n, max(a) m from ga_t group by 1) q;
select sum(cardinality(l)) from (select a / 100 as g, array_agg(c) l from ga_t group by 1) q;
select sum(length(l)) from (select a / 100 as g, string_agg(c, ',') l from ga_t group by 1) q;
reset temp_file_limit;
reset enable_sort;
-- Merge joins of many rows with one key.
set enable_hashjoin = off;
set enable_nestloop = off;
select count(*), sum(x.a), sum(length(y.c)) from ga_t x join ga_t y using (b) where x.a < 50;
select count(*), sum(x.a), sum(length(y.c)) from ga_t x left join ga_t y on x.b = y.b and y.a % 2000 = x.a where x.a < 50;
select count(*), count(x.a), sum(length(y.c)) from (select * from ga_t where a < 50 and b < 2) x full join ga_t y on x.b = y.b and y.a % 2000 = x.a;
select count(*), count(x.a), sum(length(y.c)) from (select * from ga_t where a < 50 and b < 2) x right join ga_t y on x.b = y.b and y.a > 3000;
select count(*) from ga_t x where not exists (select from ga_t y where x.b = y.b and y.a = x.a + 3000);
drop table ga_t;
reset enable_hashjoin;
reset enable_nestloop;
-- Bitmaps of more pages than there is room for know of some pages only that there is something in them.
create table ga_b(a int, b int, c int, d text);
insert into ga_b select n, n * 7919 % 1000, n % 997, repeat('x', 300) from generate_series(1, 40000) n;
create index ga_b_b on ga_b(b);
create index ga_b_c on ga_b(c);
vacuum analyze ga_b;
set enable_seqscan = off;
set enable_indexscan = off;
set enable_indexonlyscan = off;
explain (costs off) select count(*), sum(a) from ga_b where b < 300;
select count(*), sum(a) from ga_b where b < 300;
select count(*), sum(a) from ga_b where b < 300 or c > 700;
select count(*), sum(a) from ga_b where b < 300 and c > 700;
select count(*), sum(a) from ga_b where (b < 300 or b = 500) and (c > 700 or c = 5);
select count(*), sum(a) from ga_b where b = 5 and c > 3;
select count(*), sum(a) from ga_b where b in (1, 3, 5) or c = 7;
delete from ga_b where a % 3 = 0;
update ga_b set b = b + 1 where a % 5 = 0;
select count(*), sum(a) from ga_b where b < 300;
select count(*), sum(a) from ga_b where b < 300 or c > 700;
update ga_b set c = -1 where b < 400;
select count(*), sum(a) from ga_b where c = -1;
drop table ga_b;
