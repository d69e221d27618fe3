--
-- Constraints: foreign keys with every action, deferred checks, generated columns.
--
create table fk_parent(id int primary key, u int unique, t text);
create table fk_child(a int references fk_parent, b int references fk_parent(u) on delete set null on update cascade);
insert into fk_parent select n, n * 10, 'p' || n from generate_series(1, 5) n;
insert into fk_child values (1, 10), (2, 20), (null, null);
insert into fk_child values (9, 10);
insert into fk_child values (1, 11);
update fk_child set a = 77 where a = 2;
delete from fk_parent where id = 1;
update fk_parent set id = 100 where id = 2;
update fk_parent set u = 21 where id = 2;
select * from fk_child order by a;
delete from fk_child where a = 2;
delete from fk_parent where id = 2;
select * from fk_parent order by id;
\d fk_parent
\d fk_child
drop table fk_parent;
truncate fk_parent;
truncate fk_parent, fk_child;
drop table fk_parent cascade;
\d fk_child
drop table fk_child;
-- actions
create table fk_p(a int, b int, primary key (a, b));
insert into fk_p values (1, 1), (2, 2), (3, 3), (4, 4);
create table fk_cascade(a int, b int, foreign key (a, b) references fk_p on delete cascade on update cascade);
create table fk_null(a int, b int, foreign key (a, b) references fk_p on delete set null);
create table fk_default(a int default 4, b int default 4, foreign key (a, b) references fk_p on delete set default);
create table fk_full(a int, b int, foreign key (a, b) references fk_p match full);
insert into fk_cascade values (1, 1), (2, 2);
insert into fk_null values (1, 1), (null, 7);
insert into fk_default values (1, 1);
insert into fk_full values (3, 3), (null, null);
insert into fk_full values (3, null);
delete from fk_p where a = 1;
update fk_p set b = 22 where a = 2;
delete from fk_p where a = 3;
select * from fk_cascade;
select * from fk_null order by b;
select * from fk_default;
drop table fk_cascade, fk_null, fk_default, fk_full, fk_p;
-- to itself
create table fk_tree(id int primary key, parent int references fk_tree on delete cascade);
insert into fk_tree values (1, null), (2, 1), (3, 2), (4, 1), (5, 5);
delete from fk_tree where id = 2;
select * from fk_tree order by id;
delete from fk_tree where id in (1, 5);
select count(*) from fk_tree;
-- refused
create table fk_bad(a int references fk_missing);
create table fk_bad(a text references fk_tree);
create table fk_bad(a int references fk_tree(parent));
create table fk_bad(a int references fk_tree(nope));
create table fk_bad(a int, foreign key (a) references fk_tree(id, parent));
-- deferred
create table fk_d(id int primary key, next int constraint fk_d_next references fk_d deferrable initially deferred, u int unique deferrable);
begin;
insert into fk_d values (1, 2, 1);
insert into fk_d values (2, 1, 2);
commit;
begin;
insert into fk_d values (3, 4, 3);
commit;
begin;
set constraints fk_d_next immediate;
insert into fk_d values (3, 4, 3);
rollback;
update fk_d set u = 3 - u;
select id, u from fk_d order by id;
update fk_d set u = 1;
\d fk_d
drop table fk_d, fk_tree;
-- generated columns
create table gc_t(a int, b int generated always as (a * 2) stored, c text generated always as ('n' || a) stored);
\d gc_t
insert into gc_t(a) values (1), (2);
insert into gc_t values (3, default);
insert into gc_t values (3, 4);
update gc_t set a = a + 10 where a = 1;
update gc_t set b = 5;
select * from gc_t order by a;
create table gc_bad(a int, b int generated always as (b + 1) stored);
drop table gc_t;
