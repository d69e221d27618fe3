-- Statements that come again: with other literals, with other catalogs, settings and users, and plans that run more than once.
create table rp_t (id int primary key, v int, s varchar(5), d date);
insert into rp_t select g, g % 7, 's' || g % 4, date '2020-01-01' + g from generate_series(1, 60) g;
create table rp_u (id int primary key, t_id int, n numeric);
insert into rp_u select g, g % 60, g / 4.0 from generate_series(1, 90) g;
analyze rp_t, rp_u;
-- literals differ
select v, s from rp_t where id = 3;
select v, s from rp_t where id = 4;
select v, s from rp_t where id = 5;
select v, s from rp_t where id = -5;
select v, s from rp_t where id = 5000000000;
select v, s from rp_t where id = '6';
select v, s from rp_t where id = '7';
select v, s from rp_t where id = '8';
select v, s from rp_t where id = 'x';
select v, s from rp_t where id = '9';
update rp_t set v = v + -3 where id = 1 returning v;
update rp_t set v = v + 4 where id = 1 returning v;
update rp_t set v = v + -5 where id = 1 returning v;
update rp_t set v = v - 6 where id = 1 returning v;
update rp_t set v = v + 7 where id = 1 returning v;
insert into rp_t values (101, 1, 'a', '2021-02-03');
insert into rp_t values (102, 2, 'b', '2021-02-04');
insert into rp_t values (103, 3, 'c', '2021-02-05') returning *;
insert into rp_t values (104, 4, 'too long', '2021-02-05') returning *;
insert into rp_t values (105, 4, 'c', '2021-02-30') returning *;
insert into rp_t values (103, 3, 'c', '2021-02-05') returning *;
delete from rp_t where id > 100 and s = 'a' returning id;
delete from rp_t where id > 100 and s = 'b' returning id;
delete from rp_t where id > 100 and s = 'c' returning id;
select id from rp_t where id in (1, 2) order by 1;
select id from rp_t where id in (3, 4) order by 1;
select id from rp_t where id in (5, 6) order by 1;
select v + 1, count(*) from rp_t group by v + 1 order by v + 1;
select v + 2, count(*) from rp_t group by v + 2 order by v + 2;
select v + 3, count(*) from rp_t group by v + 3 order by v + 3;
select id, v from rp_t order by 2, 1 limit 1;
select id, v from rp_t order by 2, 1 limit 2;
select id, v from rp_t order by 1, 2 limit 3;
select 'abcdef'::varchar(3), 1.50, 1e2, 12345678901;
select 'ghijkl'::varchar(3), 2.5, 1e3, 12345678902;
select 'mnopqr'::varchar(2), 3.125, 1e4, 12345678903;
select pg_typeof(1), pg_typeof('a'), pg_typeof(1.0);
select pg_typeof(2), pg_typeof('b'), pg_typeof(2.0);
select pg_typeof(3), pg_typeof('c'), pg_typeof(3000000000);
select interval '1 day' * 2, date '2020-01-31' + 1;
select interval '2 day' * 3, date '2020-02-28' + 2;
select interval '3 day' * 4, date '2020-02-28' + 3;
select 10 / 2;
select 10 / 5;
select 10 / 0;
select 10 / 10;
select case when id > 1000 then 1 / 1 else 0 end from rp_t where id = 1;
select case when id > 1000 then 1 / 2 else 0 end from rp_t where id = 2;
select case when id > 1000 then 1 / 0 else 0 end from rp_t where id = 3;
update rp_t set s = 'abc' where id = 3001;
update rp_t set s = 'abcd' where id = 3002;
update rp_t set s = 'abcdef' where id = 3003;
update rp_t set s = 'abcde' where id = 3004;
select 'it''s', $$as it is$$, e'\x41';
select 'it''s not', $$as it was$$, e'\x42';
select 'not', $$as it will be$$, e'\x43';
select nosuch from rp_t where id = 1;
select nosuch from rp_t where id = 2;
select nosuch from rp_t where id = 3;
-- an index that only a literal implies
create unique index rp_partial on rp_t (v, s) where id > 1000;
insert into rp_t values (1001, 1, 'z') on conflict (v, s) where id > 1000 do update set id = 1002 returning id;
insert into rp_t values (1003, 1, 'z') on conflict (v, s) where id > 1000 do update set id = 1004 returning id;
insert into rp_t values (1005, 1, 'z') on conflict (v, s) where id > 1000 do update set id = 1006 returning id;
-- the catalogs change
alter table rp_t add column extra text default 'new';
select * from rp_t where id = 3;
select * from rp_t where id = 4;
alter table rp_t drop column d;
select * from rp_t where id = 5;
select * from rp_t where id = 6;
select * from rp_t where id = 7;
begin;
alter table rp_t rename column extra to other;
select * from rp_t where id = 7;
select * from rp_t where id = 8;
rollback;
select * from rp_t where id = 9;
create function rp_f(int) returns int language sql as 'select $1 + 1';
select rp_f(1);
select rp_f(2);
select rp_f(3);
create or replace function rp_f(int) returns int language sql as 'select $1 + 100';
select rp_f(3);
select rp_f(4);
drop function rp_f(int);
select rp_f(5);
-- settings and users change
create schema rp_other;
create table rp_other.rp_t (id int, note text);
insert into rp_other.rp_t values (3, 'other');
set search_path to rp_other, public;
select * from rp_t where id = 3;
set search_path to public;
select * from rp_t where id = 3;
begin;
set local search_path to rp_other;
select * from rp_t where id = 3;
rollback;
select * from rp_t where id = 3;
create temp table rp_t (id int, here text);
select * from rp_t where id = 3;
drop table pg_temp.rp_t;
select v from rp_t where id = 3;
select v from rp_t where id = 4;
create role rp_nobody;
set role rp_nobody;
select v from rp_t where id = 5;
reset role;
select v from rp_t where id = 5;
set datestyle to german;
select '03.04.2020'::date;
select '05.06.2020'::date;
select '07.08.2020'::date;
set datestyle to iso, mdy;
select '03/04/2020'::date;
select '05/06/2020'::date;
reset datestyle;
set transform_null_equals to on;
select count(*) from rp_t where s = null;
select count(*) from rp_t where s = null;
set transform_null_equals to off;
select count(*) from rp_t where s = null;
-- a failed block
begin;
select v from rp_t where id = 3;
select 1 / 0;
select v from rp_t where id = 4;
rollback;
select v from rp_t where id = 4;
-- plans that run more than once
prepare rp_merge as
  select count(*), sum(u.n) from rp_t t join rp_u u on t.id = u.t_id join rp_u w on w.id = t.id;
set enable_hashjoin to off;
set enable_nestloop to off;
execute rp_merge;
execute rp_merge;
insert into rp_u values (200, 1, 1000);
execute rp_merge;
deallocate rp_merge;
prepare rp_semi as
  select count(*) from rp_t t where exists (select from rp_u u where u.t_id = t.id) and not exists (select from rp_u u where u.id = t.v);
execute rp_semi;
execute rp_semi;
delete from rp_u where id = 1;
execute rp_semi;
deallocate rp_semi;
reset enable_hashjoin;
reset enable_nestloop;
set enable_mergejoin to off;
prepare rp_hash as
  select count(*), sum(u.n) from rp_t t left join rp_u u on t.id = u.t_id full join rp_u w on w.id = t.v;
execute rp_hash;
execute rp_hash;
insert into rp_u values (1, 1, 1000);
execute rp_hash;
deallocate rp_hash;
set enable_hashjoin to off;
set enable_material to off;
prepare rp_nested as
  select count(*), sum(u.n) from rp_t t join lateral (select * from rp_u u where u.t_id = t.id order by n limit 1) u on true;
execute rp_nested;
execute rp_nested;
delete from rp_u where id = 200;
execute rp_nested;
deallocate rp_nested;
reset all;
prepare rp_mixed as
  with recursive c(n) as (select 1 union all select n + 1 from c where n < 5),
       m as materialized (select v, count(*) k from rp_t group by v)
  select (select sum(n) from c), (select max(k) from m), count(distinct s), array_agg(distinct v order by v),
         (select count(*) from (select v from rp_t intersect all select t_id from rp_u) x),
         (select sum(r) from (select rank() over (partition by s order by v) r from rp_t) y),
         (select count(*) from (select distinct on (s) * from rp_t order by s, id) z),
         (select count(*) from (select v, s from rp_t group by grouping sets ((v), (s), ())) g)
  from rp_t;
execute rp_mixed;
execute rp_mixed;
delete from rp_t where id between 10 and 20;
execute rp_mixed;
deallocate rp_mixed;
prepare rp_change(int, int) as
  with gone as (delete from rp_u where id = $1 returning *), made as (insert into rp_u select id + 1000, t_id, $2 from gone returning id)
  select gone.id, made.id from gone, made;
execute rp_change(50, 1);
execute rp_change(51, 2);
execute rp_change(51, 3);
execute rp_change(52, 4);
drop table rp_t, rp_u;
drop schema rp_other cascade;
drop role rp_nobody;
