--
-- Grouping, grouping sets, HAVING, FILTER, DISTINCT aggregates, window functions.
--
create table gr_t(k text, m int, v int);
insert into gr_t values ('a', 1, 10), ('a', 1, 20), ('a', 2, 30), ('b', 1, 40), ('b', 2, null), ('c', null, 60), (null, 3, 70);
select k, count(*), count(v), sum(v), avg(v), min(v), max(v) from gr_t group by k order by k;
select count(*), sum(v) from gr_t where false;
select k from gr_t where false group by k;
select k, sum(v) from gr_t group by k having sum(v) > 40 order by 1;
select sum(v) from gr_t having count(*) > 100;
select 1 as one from gr_t having 1 < 2;
select 1 as one from gr_t where 1 / v = 1 having 1 > 2;
select 1 as one from gr_t where 1 / (v - 10) = 1 having 2 > 1;
select m % 2 as odd, count(*) from gr_t group by odd order by 1 nulls first;
select k || m as km, count(*) from gr_t group by 1 order by 1;
select count(distinct k), count(distinct m), sum(distinct m) from gr_t;
select k, count(*) filter (where v > 15), string_agg(v::text, ',' order by v desc), array_agg(m order by m, v) from gr_t group by k order by k;
select bool_and(v > 5), bool_or(v > 65), every(m > 0), bit_or(m), bit_and(m) from gr_t;
select stddev(v)::numeric(10,4), variance(v)::numeric(10,4), var_pop(v)::numeric(10,4), corr(m, v)::numeric(10,6) from gr_t;
select percentile_cont(0.5) within group (order by v), percentile_disc(0.25) within group (order by v), mode() within group (order by m) from gr_t;
select rank(35) within group (order by v) from gr_t;
select k, v from gr_t group by k;
select k, sum(v) from gr_t;
select sum(sum(v)) from gr_t;
select k from gr_t where sum(v) > 1 group by k;
select nope(v) from gr_t;
-- grouping sets
select k, m, sum(v), grouping(k, m) from gr_t group by rollup (k, m) order by grouping(k, m), k, m;
select k, m, count(*) from gr_t group by cube (k, m) order by grouping(k, m), 1, 2;
select k, m, sum(v) from gr_t group by grouping sets ((k), (m), ()) order by grouping(k, m), 1, 2;
select k, sum(v) from gr_t group by grouping sets ((k), ()) having sum(v) > 50 order by 1 nulls first, 2;
select count(*) from gr_t group by grouping sets ((), ());
-- windows
select k, v, row_number() over (order by v), rank() over (order by k), dense_rank() over (order by k), ntile(3) over (order by v) from gr_t order by v;
select k, v, sum(v) over (partition by k order by v), count(*) over (partition by k) from gr_t order by k, v;
select v, lag(v) over w, lead(v, 2, -1) over w, first_value(v) over w, last_value(v) over w, nth_value(v, 2) over w from gr_t window w as (order by v) order by v;
select v, sum(v) over (order by v rows between 1 preceding and 1 following) from gr_t where v is not null order by v;
select v, sum(v) over (order by v range between 10 preceding and current row) from gr_t where v is not null order by v;
select m, count(*) over (order by m groups between unbounded preceding and 1 preceding) from gr_t order by m;
select k, sum(v) over (order by k rows between unbounded preceding and unbounded following exclude current row) from gr_t where k <> 'a' order by k, v;
select k, sum(sum(v)) over (order by k) from gr_t group by k order by k;
select percent_rank() over (order by v)::numeric(6,4), cume_dist() over (order by v)::numeric(6,4) from gr_t where m = 1 order by 1;
select k from gr_t where row_number() over () = 1;
select rank() from gr_t;
select sum(v) over nowhere from gr_t;
drop table gr_t;
