-- ON CONFLICT DO UPDATE through views that can be changed.
create table vc_t (a int primary key, b text, c int default 5, d int);
insert into vc_t values (1, 'one', 1, 1), (2, 'two', 2, 2);
create view vc_v as select b as name, a as id, d, c + 1 as next from vc_t where a < 100;
insert into vc_v (id, name) values (1, 'uno') on conflict (id) do update set name = excluded.name || '/' || vc_v.name;
insert into vc_v (id, name, d) values (2, 'dos', 20), (3, 'tres', 30)
  on conflict (id) do update set (name, d) = (excluded.name, excluded.d + vc_v.d) where excluded.d > vc_v.d returning *, id + 1;
insert into vc_v (id, name, d) values (2, 'nope', 0) on conflict (id) do update set name = excluded.name where excluded.d > vc_v.d returning *;
insert into vc_v as v (id, name) values (3, 'drei') on conflict (id) do update set name = v.next || excluded.name || excluded.next returning v.*;
insert into vc_v (id, name) values (3, 'x') on conflict (id) do update set name = (select max(b) from vc_t where a <> excluded.id) returning *;
insert into vc_v (id, name) values (3, 'x') on conflict (id) do update set name = excluded::text;
insert into vc_v (id, name) values (3, 'x') on conflict on constraint vc_t_pkey do update set name = excluded.name;
insert into vc_v (id, name) values (3, 'x') on conflict (id) do update set next = 3;
insert into vc_v (id, name) values (3, 'x') on conflict (id) do update set name = excluded.c;
insert into vc_v (id, name) values (3, 'x') on conflict (name) do update set name = excluded.name;
insert into vc_v (id, name) values (3, 'y') on conflict (id) do nothing;
select * from vc_t order by a;
-- A view of a view, in which the columns stand elsewhere, and with a check.
create view vc_w as select d as w_d, id as w_id, name as w_name from vc_v where d is null or d < 50 with cascaded check option;
insert into vc_w (w_id, w_name) values (3, 'w') on conflict (w_id) do update set w_name = excluded.w_name || vc_w.w_id returning *;
insert into vc_w values (60, 3, 'w') on conflict (w_id) do update set w_d = 40;
insert into vc_w values (40, 3, 'w') on conflict (w_id) do update set w_d = 60;
insert into vc_w values (40, 3, 'w') on conflict (w_id) do update set w_id = 200;
insert into vc_w values (40, 3, 'w') on conflict (w_id) do update set w_d = excluded.w_d + 1 returning *;
prepare vc_p as insert into vc_w values ($1, $2, $3) on conflict (w_id) do update set w_name = excluded.w_name, w_d = excluded.w_d;
execute vc_p(1, 10, 'ten'); execute vc_p(2, 10, 'ten again');
select * from vc_t order by a;
explain (costs off, verbose) insert into vc_w values (1, 2, 'x') on conflict (w_id) do update set w_name = excluded.w_name where vc_w.w_d = excluded.w_d;
-- The owner of the view needs the privileges on the table, whoever uses the view those on the view.
create role vc_user;
set role vc_user;
insert into vc_v (id, name) values (1, 'z') on conflict (id) do update set name = excluded.name;
reset role;
grant insert on vc_v to vc_user;
set role vc_user;
insert into vc_v (id, name) values (1, 'z') on conflict (id) do update set name = excluded.name;
reset role;
grant update (name), select (id, name) on vc_v to vc_user;
set role vc_user;
insert into vc_v (id, name) values (1, 'z') on conflict (id) do update set name = excluded.name;
insert into vc_v (id, name) values (1, 'z') on conflict (id) do update set d = excluded.d;
reset role;
select * from vc_t order by a;
deallocate vc_p;
drop view vc_w, vc_v;
drop table vc_t;
drop role vc_user;
