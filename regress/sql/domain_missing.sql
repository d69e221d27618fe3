--
-- A domain that allows no nulls, for a column that an INSERT leaves out.
--
create domain dn_code as text not null;
create table dn_t(a int, c dn_code);
insert into dn_t values (1);
insert into dn_t(a) values (1);
insert into dn_t values (1, null);
insert into dn_t values (1, 'x');
select * from dn_t;
drop table dn_t;
drop domain dn_code;
-- nulls that come by other ways
create domain dn_code as text not null;
create table dn_t(a int, c dn_code);
insert into dn_t values (1, 'x');
copy dn_t from stdin;
2	\N
\.
create type dn_row as (a int, c dn_code);
select '(1,)'::dn_row;
select '(1,x)'::dn_row;
select * from jsonb_to_record('{"a": 1}') as r(a int, c dn_code);
select * from jsonb_to_record('{"a": 1, "c": null}') as r(a int, c dn_code);
alter table dn_t add column d dn_code;
alter table dn_t add column d dn_code default 'y';
select * from dn_t;
create table dn_e(a int);
alter table dn_e add column d dn_code;
drop table dn_t, dn_e;
drop type dn_row;
drop domain dn_code;
