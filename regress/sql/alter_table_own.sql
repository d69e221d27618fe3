--
-- ALTER TABLE: columns come, go and change; constraints are added to what is there; names and owners.
--
create table at_t(a int, b text);
insert into at_t values (1, '10'), (2, '20');
alter table at_t add column c int;
alter table at_t add column d int not null default 7;
alter table at_t add e text default 'e' check (length(e) < 5);
select * from at_t order by a;
alter table at_t add column d int;
alter table at_t add column if not exists d int;
alter table at_t add column f int not null;
alter table at_t drop column c;
select * from at_t order by a;
insert into at_t values (3, '30');
select * from at_t order by a;
alter table at_t drop column nope;
alter table at_t drop column if exists nope;
-- types
alter table at_t alter column b type int;
alter table at_t alter column b type int using b::int * 2;
select * from at_t order by a;
\d at_t
alter table at_t alter b type text;
select b || '!' from at_t order by a;
-- defaults and nulls
alter table at_t alter column d drop default;
insert into at_t(a) values (4);
alter table at_t alter column d drop not null;
insert into at_t(a) values (4);
alter table at_t alter column d set not null;
update at_t set d = 0 where d is null;
alter table at_t alter column d set not null;
alter table at_t alter column a set default 9;
insert into at_t(d) values (1);
select a, d from at_t order by a, d;
-- constraints
alter table at_t add constraint at_pos check (a > 1);
delete from at_t where a = 1;
alter table at_t add constraint at_pos check (a > 1);
alter table at_t add constraint at_pos check (a > 1);
insert into at_t(a, d) values (0, 0);
alter table at_t add primary key (a);
alter table at_t add unique (d);
update at_t set d = a;
alter table at_t add unique (d);
\d at_t
alter table at_t add constraint at_later check (d < 5) not valid;
insert into at_t(a, d) values (50, 50);
alter table at_t validate constraint at_later;
delete from at_t where d >= 5;
alter table at_t validate constraint at_later;
alter table at_t drop constraint at_pos;
alter table at_t drop constraint at_pos;
alter table at_t drop constraint if exists at_pos;
alter table at_t rename constraint at_later to at_renamed;
-- names
alter table at_t rename column b to bb;
alter table at_t rename to at_u;
select * from at_t;
select a, bb from at_u order by a;
alter table at_u rename column no to yes;
alter table at_u rename column a to bb;
alter table if exists at_t rename to at_v;
create schema at_schema;
alter table at_u set schema at_schema;
select count(*) from at_schema.at_u;
\d at_schema.at_u
alter table at_schema.at_u set (fillfactor = 70);
alter table at_schema.at_u set (nonsense = 70);
alter table at_schema.at_u alter column bb set statistics 50;
-- what hangs on a column
create view at_view as select a, bb from at_schema.at_u;
alter table at_schema.at_u drop column bb;
alter table at_schema.at_u drop column bb cascade;
select * from at_view;
alter table at_schema.at_u alter column a type bigint, add column z int default 3, drop column e;
select * from at_schema.at_u order by a;
drop schema at_schema cascade;
