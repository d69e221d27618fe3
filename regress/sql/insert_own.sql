--
-- INSERT: several rows, defaults, from queries, RETURNING, ON CONFLICT.
--
create table in_t(a int primary key, b text default 'dflt', c int);
insert into in_t values (1), (2, 'two'), (3, default, 30);
insert into in_t (c, a) values (40, 4);
insert into in_t (a) select n from generate_series(5, 7) n returning *;
insert into in_t values (8, 'eight', 80) returning a + c as sum, *, b || '!' as bang;
insert into in_t default values;
insert into in_t values (1);
insert into in_t values (1, 2, 3, 4);
insert into in_t (a, b) values (1);
insert into in_t (a, a) values (1, 2);
insert into in_t (a, nope) values (1, 2);
insert into in_t (a) values ('x');
insert into in_t (a, c) values (9, 'nine');
insert into in_t values (9), (10, 'ten');
insert into in_none values (1);
select * from in_t order by a;
-- on conflict
insert into in_t values (1, 'no') on conflict do nothing;
insert into in_t values (1, 'no'), (11, 'yes') on conflict (a) do nothing returning a;
insert into in_t values (1, 'new') on conflict (a) do update set b = excluded.b || ' over ' || in_t.b returning *;
insert into in_t as x values (2, 'new', 5) on conflict (a) do update set c = x.c + excluded.c where x.c is not null returning *;
insert into in_t as x values (3, 'new', 5) on conflict (a) do update set c = x.c + excluded.c where x.c is not null returning *;
insert into in_t values (20, 'a'), (20, 'b') on conflict do nothing;
insert into in_t values (1) on conflict (b) do nothing;
insert into in_t values (1) on conflict do update set b = 'x';
insert into in_t values (1, 'again') on conflict on constraint in_t_pkey do update set b = excluded.b returning b;
insert into in_t values (1) on conflict on constraint nope do nothing;
create unique index in_lower on in_t(lower(b)) where c > 100;
insert into in_t values (100, 'ABC', 101);
insert into in_t values (101, 'abc', 102);
insert into in_t values (101, 'abc', 102) on conflict (lower(b)) where c > 100 do update set c = 999 returning *;
insert into in_t values (102, 'abc', 5) returning a;
insert into in_t values (1, 'x') on conflict (a) do update set (b, c) = (excluded.b, 77) returning *;
-- with queries
with src as (select 200 as a, 'with' as b) insert into in_t select a, b from src returning *;
with ins as (insert into in_t values (201, 'cte') returning a, b) select b, a from ins;
with ins as (insert into in_t values (202, 'cte') returning a) insert into in_t select a + 1, 'next' from ins returning *;
insert into in_t select a + 1000, b, c from in_t where a < 3 returning a;
insert into in_t (a, b) (values (300, 'p'), (301, 'q')) returning a, b;
insert into in_t (a, b) table (select 1) x;
select count(*), sum(a) from in_t;
-- arrays and parts of columns
create table in_arr(a int[], t text[]);
insert into in_arr (a[1], a[3]) values (10, 30);
insert into in_arr values ('{1,2,3}', array['x', 'y']);
select * from in_arr;
drop table in_t, in_arr;
