--
-- Views: their definitions as printed, what hangs on them, writing through them.
--
create table vw_t(id int primary key, name text, price numeric, kind int);
insert into vw_t values (1, 'apple', 1.5, 1), (2, 'pear', 2.25, 1), (3, 'nail', 0.01, 2), (4, 'screw', null, 2);
create view vw_simple as select id, upper(name) as name from vw_t where price is not null;
select * from vw_simple order by id;
\d vw_simple
\d+ vw_simple
create view vw_group as select kind, count(*), sum(price) as total, max(name) filter (where id > 1) as m from vw_t group by kind having count(*) > 1 order by kind;
select * from vw_group;
select pg_get_viewdef('vw_group'::regclass);
create view vw_join(left_id, right_id, note) as
  select a.id, b.id, case when a.price > b.price then 'dearer' when a.price = b.price then 'same' else 'cheaper or unknown' end
  from vw_t a join vw_t b on a.kind = b.kind and a.id < b.id left join vw_t c using (id);
drop view if exists vw_join;
create view vw_join(left_id, right_id, note) as
  select a.id, b.id, case when a.price > b.price then 'dearer' else coalesce(b.name, 'unknown') end
  from vw_t a join vw_t b on a.kind = b.kind and a.id < b.id;
select * from vw_join order by 1, 2;
select pg_get_viewdef('vw_join'::regclass, true);
create view vw_sub as select * from vw_t where id in (select left_id from vw_join) and exists (select 1 from vw_t x where x.id = vw_t.id) union all select 0, 'none', null, null order by 1 limit 10;
select * from vw_sub;
select pg_get_viewdef('vw_sub'::regclass);
create view vw_with as with recursive r(n) as (values (1) union all select n + 1 from r where n < 5) select n, n::text || 'x' as t, array[n, n * 2] as arr, n between 2 and 3 as between_, n is distinct from 3 as d from r;
select * from vw_with;
select pg_get_viewdef('vw_with'::regclass);
create view vw_win as select id, row_number() over (partition by kind order by price desc nulls last) as rn, sum(price) over w as s from vw_t window w as (order by id rows between 1 preceding and current row);
select * from vw_win order by id;
select pg_get_viewdef('vw_win'::regclass);
-- replacing
create or replace view vw_simple as select id, upper(name) as name, kind from vw_t where price is not null;
select * from vw_simple order by id;
create or replace view vw_simple as select id from vw_t;
create or replace view vw_simple as select id::text, upper(name) as name, kind from vw_t;
drop view vw_simple;
create view vw_simple as select id, upper(name) as name, kind from vw_t where price is not null;
-- what hangs on what
drop table vw_t;
drop view vw_join;
drop view vw_join cascade;
select * from vw_sub;
drop view vw_t;
drop table vw_simple;
create view vw_bad as select * from vw_missing;
create view vw_bad as select 1 as a, 2 as a;
-- writing
insert into vw_simple values (9, 'x', 1);
create view vw_write as select id, name from vw_t where kind = 1;
insert into vw_write values (10, 'through');
update vw_write set name = 'changed' where id = 1;
delete from vw_write where id = 2;
select * from vw_t order by id;
insert into vw_group values (1);
-- materialized
create materialized view vw_mat as select kind, count(*) from vw_t group by kind;
select * from vw_mat order by kind;
insert into vw_t values (30, 'late', 1, 1);
select * from vw_mat order by kind;
refresh materialized view vw_mat;
select * from vw_mat order by kind;
insert into vw_mat values (1);
drop materialized view vw_mat;
drop table vw_t cascade;
