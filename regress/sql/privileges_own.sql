--
-- Privileges: GRANT and REVOKE on tables, columns, schemas, sequences; who may what.
--
create role pv_alice;
create role pv_bob;
create table pv_t(a int, b text);
insert into pv_t values (1, 'one');
create sequence pv_s;
set role pv_alice;
select * from pv_t;
insert into pv_t values (2, 'x');
update pv_t set a = 1;
delete from pv_t;
truncate pv_t;
drop table pv_t;
alter table pv_t add c int;
create index on pv_t(a);
select nextval('pv_s');
create table pv_mine(a int);
select current_user, session_user <> current_user as differs;
reset role;
grant select, insert on pv_t to pv_alice;
grant usage on sequence pv_s to pv_alice;
\dp pv_t
set role pv_alice;
select * from pv_t;
insert into pv_t values (2, 'two');
update pv_t set a = 5;
select nextval('pv_s');
select setval('pv_s', 5);
reset role;
grant update (b), select (a) on pv_t to pv_bob;
\dp pv_t
set role pv_bob;
select a from pv_t order by a;
select b from pv_t;
select * from pv_t;
update pv_t set b = 'bob';
update pv_t set a = 9;
update pv_t set b = b || '!';
reset role;
select has_table_privilege('pv_alice', 'pv_t', 'select'), has_table_privilege('pv_bob', 'pv_t', 'select'), has_column_privilege('pv_bob', 'pv_t', 'a', 'select'), has_table_privilege('pv_alice', 'pv_t', 'delete'), has_schema_privilege('pv_bob', 'public', 'create');
revoke insert on pv_t from pv_alice;
revoke all on pv_t from pv_bob;
\dp pv_t
set role pv_bob;
select a from pv_t;
reset role;
-- the grant option
grant select on pv_t to pv_alice with grant option;
set role pv_alice;
grant select on pv_t to pv_bob;
grant delete on pv_t to pv_bob;
reset role;
\dp pv_t
revoke select on pv_t from pv_alice;
revoke select on pv_t from pv_alice cascade;
\dp pv_t
-- everybody
grant select on pv_t to public;
set role pv_bob;
select count(*) from pv_t;
reset role;
revoke select on pv_t from public;
-- views check as their owner
create view pv_v as select b from pv_t;
grant select on pv_v to pv_bob;
set role pv_bob;
select * from pv_v order by b;
select * from pv_t;
reset role;
-- schemas
create schema pv_schema;
create table pv_schema.t(a int);
grant select on pv_schema.t to pv_bob;
set role pv_bob;
select * from pv_schema.t;
create table pv_schema.mine(a int);
reset role;
grant usage on schema pv_schema to pv_bob;
set role pv_bob;
select * from pv_schema.t;
create table pv_schema.mine(a int);
reset role;
grant create on schema pv_schema to pv_bob;
set role pv_bob;
create table pv_schema.mine(a int);
reset role;
\dt pv_schema.*
grant nope on pv_t to pv_bob;
grant usage on pv_t to pv_bob;
grant select on pv_t to pv_nobody;
grant select on pv_none to pv_bob;
drop role pv_bob;
drop schema pv_schema cascade;
drop view pv_v;
drop table pv_t;
drop sequence pv_s;
drop role pv_bob, pv_alice;
-- EXPLAIN tells only whom it may.
CREATE ROLE regress_explainer;
CREATE TABLE explained_secret (a int);
SET ROLE regress_explainer;
EXPLAIN (COSTS OFF) SELECT * FROM explained_secret;
EXPLAIN (COSTS OFF) DELETE FROM explained_secret;
RESET ROLE;
DROP TABLE explained_secret;
DROP ROLE regress_explainer;
