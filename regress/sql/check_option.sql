--
-- Views WITH CHECK OPTION: rows that the view would not show cannot be written through it.
--
create table co_t(id int primary key, name text, kind int);
create view co_check as select id, kind from co_t where kind = 1 with check option;
insert into co_check values (20, 2);
insert into co_check values (20, 1);
update co_check set kind = 2;
update co_check set id = 21;
select * from co_check order by id;
create view co_inner as select * from co_t where id > 10;
create view co_local as select * from co_inner where kind = 1 with local check option;
insert into co_local values (5, 'x', 1);
insert into co_local values (6, 'x', 2);
create view co_cascaded as select * from co_inner where kind = 1 with cascaded check option;
insert into co_cascaded values (7, 'x', 1);
select * from co_t order by id;
drop table co_t cascade;
