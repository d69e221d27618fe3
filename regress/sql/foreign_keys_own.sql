-- Foreign keys: actions one after the other, checks that wait, changes of the table meanwhile.
create table fo_users (id int primary key, name text);
insert into fo_users values (1, 'a'), (2, 'b'), (3, 'c');
create table fo_tasks (
  id int primary key, owner int references fo_users on update cascade on delete set null,
  worker int references fo_users on update cascade on delete set null,
  checker int references fo_users on update cascade on delete set null);
insert into fo_tasks values (1, 1, null, null), (2, 2, 2, null), (3, 3, 3, 3);
update fo_users set id = 4 where id = 3;
select * from fo_tasks order by id;
delete from fo_users where id = 4;
select * from fo_tasks order by id;
delete from fo_users where id = 2;
select * from fo_tasks order by id;
drop table fo_tasks, fo_users;
-- SET DEFAULT must lead to a row, even if it leads to the one that goes
create table fo_p (f int primary key); insert into fo_p values (0), (1), (2);
create table fo_c (f int default 0 references fo_p on delete set default);
insert into fo_c values (2);
delete from fo_p where f = 2; select * from fo_c;
delete from fo_p where f = 0;
alter table fo_c alter f set default 1;
delete from fo_p where f = 0; select * from fo_c;
delete from fo_p where f = 1;
drop table fo_c, fo_p;
-- a check that waits goes along with the row
create table fo_p (id int primary key, other int);
create table fo_c (id int primary key, fk int references fo_p deferrable initially deferred);
begin; insert into fo_c values (0, 20); update fo_c set id = id + 1; commit;
begin; insert into fo_c values (0, 20); savepoint a; update fo_c set id = id + 1; release a; commit;
begin; insert into fo_c values (0, 20); savepoint a; update fo_c set id = id + 1; rollback to a; commit;
begin; insert into fo_c values (0, 20); savepoint a; insert into fo_p values (20, 1); release a; commit;
select * from fo_c;
alter table fo_c alter constraint fo_c_fk_fkey deferrable initially immediate;
begin; update fo_p set id = 10 where id = 20; rollback;
-- the tables must not change under it
alter table fo_c alter constraint fo_c_fk_fkey deferrable initially deferred;
begin; insert into fo_c values (5, 99); alter table fo_c drop constraint fo_c_fk_fkey; rollback;
begin; insert into fo_c values (5, 99); truncate fo_c; rollback;
begin; insert into fo_c values (5, 99); drop table fo_c; rollback;
begin; delete from fo_p; alter table fo_c drop constraint fo_c_fk_fkey; rollback;
drop table fo_c, fo_p;
