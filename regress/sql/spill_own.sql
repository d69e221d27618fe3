--
-- Little memory: windows, grouping sets, WITH queries and cursors whose rows go to files, and the limit of those.
--
create table sp_t(a int, b int, c text);
insert into sp_t select n, n % 7, repeat('x', n % 50) || n from generate_series(1, 5000) n;
analyze sp_t;
set work_mem = '64kB';
select count(*), sum(s), min(l), max(f) from
  (select sum(a) over (partition by b order by a) s, lag(a, 3) over (order by a) l,
          first_value(c) over (order by a rows between 2 preceding and current row) f from sp_t) q;
select sum(s), count(distinct s) from (select sum(a) over (order by a range between 10 preceding and 5 following) s from sp_t) q;
select sum(n), max(m) from (select nth_value(a, 3) over w n, last_value(c) over w m from sp_t window w as (partition by b order by a rows between 5 preceding and 5 following)) q;
select b, count(*), sum(length(l)), count(distinct a) from
  (select b, a, string_agg(c, ',' order by a desc) l from sp_t group by grouping sets ((b, a), (b), ())) q group by b order by b nulls first;
select b, string_agg(a::text, ',' order by a desc) from sp_t where a <= 30 group by rollup(b);
select count(*), sum(n), sum(s) from (select a, b, count(*) n, sum(length(c)) s from sp_t group by cube(a, b)) q;
select count(*), sum(x.a) from (select distinct on (c) a, c from sp_t order by c) x;
with w as materialized (select a, c from sp_t) select count(*), sum(x.a) from w x join w y on x.a = y.a + 1;
begin;
declare sp_c scroll cursor for select a, c from sp_t order by a;
move 4000 in sp_c;
fetch 2 from sp_c;
fetch backward 3 from sp_c;
fetch absolute 10 from sp_c;
fetch last from sp_c;
fetch prior from sp_c;
commit;
set temp_file_limit = '128kB';
select count(*) from (select sum(a) over (order by c) from sp_t) q;
with w as materialized (select a, c from sp_t) select count(*) from w x, w y where x.a = y.a;
reset temp_file_limit;
create table sp_empty(a int, b int);
select a, count(*), string_agg(b::text, ',' order by b) from sp_empty group by grouping sets ((a), ());
select count(*), string_agg(b::text, ',' order by b) from sp_empty group by grouping sets ((), ());
select sum(a), count(*) from sp_empty group by grouping sets ((), (), ());
drop table sp_t, sp_empty;
