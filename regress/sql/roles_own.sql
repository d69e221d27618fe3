--
-- Roles: making, changing, membership, settings of a role, dropping.
--
create role rl_group;
create user rl_user in role rl_group;
create role rl_boss superuser createdb createrole login connection limit 5 valid until '2030-01-01 00:00:00+00';
create role rl_user;
select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit from pg_roles where rolname like 'rl\_%' order by 1;
\du rl_*
alter role rl_user createdb connection limit 2;
alter role rl_boss nosuperuser;
alter role rl_user rename to rl_renamed;
select rolname, rolcreatedb, rolsuper, rolconnlimit from pg_roles where rolname like 'rl\_%' order by 1;
grant rl_group to rl_boss with admin option;
grant rl_boss to rl_group;
select pg_has_role('rl_renamed', 'rl_group', 'member'), pg_has_role('rl_group', 'rl_boss', 'member'), pg_has_role('rl_boss', 'rl_group', 'usage');
-- what a group may, its members may
create table rl_t(a int);
grant select on rl_t to rl_group;
set role rl_renamed;
select * from rl_t;
insert into rl_t values (1);
set role rl_group;
set role rl_boss;
select current_user;
reset role;
set session authorization rl_renamed;
select session_user, current_user;
create role rl_no;
alter role rl_boss nologin;
drop role rl_group;
grant rl_group to rl_renamed;
set role rl_boss;
set role rl_group;
select current_user, session_user;
reset session authorization;
revoke rl_group from rl_renamed;
set role rl_renamed;
select * from rl_t;
reset role;
-- settings
alter role rl_renamed set work_mem = '7MB';
alter role rl_renamed set no_such = 1;
select rolname, rolconfig from pg_roles where rolname = 'rl_renamed';
alter role rl_renamed reset work_mem;
select rolname, rolconfig from pg_roles where rolname = 'rl_renamed';
-- passwords are kept as verifiers
alter role rl_renamed password 'secret';
select left(rolpassword, 14) from pg_authid where rolname = 'rl_renamed';
alter role rl_renamed password null;
select rolpassword is null from pg_authid where rolname = 'rl_renamed';
-- refused
create role pg_mine;
create role "none";
create role rl_x superuser nosuperuser;
alter role rl_missing login;
drop role rl_missing;
drop role if exists rl_missing;
set role rl_missing;
alter table rl_t owner to rl_renamed;
drop role rl_renamed;
drop role rl_group;
alter table rl_t owner to postgres;
drop role rl_renamed;
drop table rl_t;
drop role rl_group, rl_boss;
select count(*) from pg_roles where rolname like 'rl\_%';
