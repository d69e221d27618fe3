--
-- UPDATE and DELETE: with FROM and USING, sub-selects, RETURNING, rows that several partners want.
--
create table up_t(id int primary key, v int, t text);
create table up_s(id int, add int);
insert into up_t select n, n * 10, 't' || n from generate_series(1, 8) n;
insert into up_s values (1, 5), (2, 6), (2, 6), (9, 1);
update up_t set v = v + 1 where id = 1 returning *;
update up_t set v = default, t = null where id = 8 returning *;
update up_t u set v = u.v + s.add from up_s s where s.id = u.id returning u.id, u.v, s.add;
update up_t set (v, t) = (100, 'pair') where id = 3 returning *;
update up_t set (v, t) = (select sum(add), max(id::text) from up_s) where id = 4 returning *;
update up_t set v = (select add from up_s where up_s.id = up_t.id limit 1) where id in (1, 5) returning id, v;
update up_t set v = (select add from up_s where id = 2) where id = 6;
update up_t set v = v from up_s where up_s.add = 1 and up_t.id = 7 returning up_t.*, up_s.*;
update up_t set id = id + 1 where id = 8 returning id;
update up_t set id = id + 1 where id in (1, 2);
update up_t set nope = 1;
update up_t set v = 1, v = 2;
update up_t set v = 'x';
update up_t x set x.v = 1;
update up_none set a = 1;
update up_t set v = up_s.add;
select * from up_t order by id;
with moved as (update up_t set v = -1 where id <= 2 returning id) select count(*) from moved;
with old as (select id, v from up_t where id = 3) update up_t set v = old.v * 2 from old where old.id = up_t.id returning up_t.v;
-- a row is changed once by one statement, and does not see itself changed
update up_t set v = v + 1000;
select id, v from up_t order by id;
update up_t set t = coalesce(t, '') || repeat('z', id);
select id, t from up_t order by id;
-- delete
delete from up_t where id = 1 returning *;
delete from up_t using up_s where up_s.id = up_t.id returning up_t.id, add;
delete from up_t as d where d.v > (select avg(v) from up_t) returning id, v;
delete from up_t where nope = 1;
delete from up_t where id in (select id from up_t order by id limit 1) returning id;
with gone as (delete from up_t where id = 4 returning *) select count(*) from gone;
select id from up_t order by id;
delete from up_t;
select count(*) from up_t;
-- many versions of a row
insert into up_t values (1, 0, 'v');
update up_t set v = v + 1;
update up_t set v = v + 1;
begin;
update up_t set v = v + 1;
savepoint s;
update up_t set v = v + 1;
rollback to s;
select v from up_t;
commit;
select v from up_t;
truncate up_t, up_s;
select count(*) from up_t;
drop table up_t, up_s;
