--
-- Schemas: creation with elements, look-up along the path, DROP RESTRICT and CASCADE.
--
create schema sc_a;
create schema sc_a;
create schema if not exists sc_a;
create schema pg_mine;
create schema sc_b create table t(a int primary key) create view v as select a from t create index on t(a);
\d sc_b.t
select * from sc_b.v;
create table sc_a.t(a text);
insert into sc_a.t values ('in a');
insert into sc_b.t values (1);
set search_path = sc_a, sc_b;
select * from t;
select * from v;
\dt t
\d t
set search_path = sc_b, sc_a;
select * from t;
set search_path = '';
select * from t;
select * from sc_a.t;
create table t(a int);
set search_path = nowhere;
create table t(a int);
show search_path;
select current_schema() is null as none;
reset search_path;
-- functions and types are found along it too
set search_path = sc_a;
select length('abc'), pg_catalog.length('abcd');
create type mood as enum ('sad', 'ok');
select 'ok'::mood, 'ok'::sc_a.mood;
reset search_path;
select 'ok'::mood;
select 'ok'::sc_a.mood;
select elsewhere.sc_a.t.a from sc_a.t;
select * from elsewhere.sc_a.t;
-- names
alter schema sc_a rename to sc_c;
select * from sc_a.t;
select * from sc_c.t;
alter schema sc_c rename to sc_b;
\dn sc_*
-- dropping
drop schema sc_c;
drop schema sc_c restrict;
begin;
drop schema sc_c cascade;
select * from sc_c.t;
rollback;
select * from sc_c.t;
create table sc_c.child(a int references sc_b.t);
create view public.sc_view as select * from sc_b.t;
drop schema sc_b;
drop schema sc_b cascade;
\d sc_c.child
select * from public.sc_view;
drop schema sc_b;
drop schema if exists sc_b;
drop schema sc_c cascade;
drop schema pg_catalog;
