--
-- ON CONFLICT DO UPDATE that meets a row twice, and that takes several columns from a sub-select.
--
create table ct_t(a int primary key, b text, c int);
insert into ct_t values (1, 'old', 1);
insert into ct_t values (1, 'a'), (1, 'b') on conflict (a) do update set b = excluded.b;
insert into ct_t values (20, 'a'), (20, 'b') on conflict (a) do update set b = excluded.b;
insert into ct_t values (1, 'x') on conflict (a) do update set (b, c) = (select 'sub', 78) returning *;
select * from ct_t order by a;
drop table ct_t;
