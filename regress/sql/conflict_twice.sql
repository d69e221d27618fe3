--
-- ON CONFLICT DO UPDATE that meets a row twice, and that takes several columns from a sub-select.
--
create table ct_t(a int primary key, b text, c int);
insert into ct_t values (1, 'old', 1);
insert into ct_t values (1, 'a'), (1, 'b') on conflict (a) do update set b = excluded.b;
insert into ct_t values (20, 'a'), (20, 'b') on conflict (a) do update set b = excluded.b;
insert into ct_t values (1, 'x') on conflict (a) do update set (b, c) = (select 'sub', 78) returning *;
insert into ct_t values (1, 'x') on conflict (a) do update set (b, c) = (select excluded.b || ct_t.b, ct_t.c + 1) returning *;
insert into ct_t values (1, 'x') on conflict (a) do update
  set (b, c) = (select 'i' || i, ct_t.c + i from (values (1), (2)) v(i) where i = ct_t.a), a = 10 returning *;
update ct_t set (b, c) = (select b || 'z', c + 1);
update ct_t u set (b, c) = (select x.b, x.a from (values ('a', 1), ('b', 2)) x(b, a) where x.a = u.a - 9) where a = 10;
update ct_t set (b, c) = (select v, k from (values ('a', 1), ('b', 2)) x(v, k));
select * from ct_t order by a;
drop table ct_t;
