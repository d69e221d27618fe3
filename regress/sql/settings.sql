--
-- Settings: SET, SET LOCAL, RESET, SHOW, their scope over transactions and savepoints, and refused values.
--
show work_mem;
set work_mem = '8MB';
show work_mem;
select current_setting('work_mem');
reset work_mem;
show work_mem;
-- units are turned into the largest that fits
set work_mem = 2048;
show work_mem;
set work_mem to default;
select set_config('work_mem', '3MB', false);
show work_mem;
-- a transaction that aborts takes its settings along
begin;
set work_mem = '16MB';
show work_mem;
rollback;
show work_mem;
begin;
set local work_mem = '32MB';
show work_mem;
commit;
show work_mem;
-- savepoints
begin;
set work_mem = '5MB';
savepoint a;
set work_mem = '6MB';
rollback to a;
show work_mem;
savepoint b;
set local work_mem = '7MB';
release b;
show work_mem;
commit;
show work_mem;
reset all;
show work_mem;
-- refused
set work_mem = 'lots';
set work_mem = 1;
set work_mem = '10 parsecs';
set no_such_setting = 1;
show no_such_setting;
select current_setting('no_such_setting');
select current_setting('no_such_setting', true) is null as missing;
set shared_buffers = '1GB';
set enable_seqscan = maybe;
set enable_seqscan = off;
show enable_seqscan;
reset enable_seqscan;
set datestyle = 'ISO, YMD';
show datestyle;
set datestyle = 'nonsense';
reset datestyle;
set timezone = 'UTC';
show timezone;
set timezone = 'Nowhere/Land';
set time zone 'Europe/Berlin';
show time zone;
reset timezone;
-- names with a dot are anybody's
set my.own = 'value';
show my.own;
select current_setting('my.own');
set my.own to default;
-- search_path
create schema settings_a;
create table settings_a.here(a int);
set search_path = settings_a, public;
show search_path;
select current_schema(), current_schemas(false);
select count(*) from here;
reset search_path;
select count(*) from here;
set search_path = "$user", public;
drop schema settings_a cascade;
-- a role's view of its setting
select name, setting, unit, vartype, context from pg_settings where name in ('work_mem', 'enable_seqscan', 'port', 'client_min_messages') and name <> 'port' order by name;
set client_min_messages = error;
drop table if exists settings_nothing;
reset client_min_messages;
drop table if exists settings_nothing;
-- time zones by interval
set time zone interval '+00:00' hour to minute;
show timezone;
set time zone interval '-05:30' hour to minute;
show timezone;
select '2020-01-01 00:00+00'::timestamptz;
set time zone interval '1 day';
set time zone interval '1 month';
set time zone interval 'x' hour;
reset timezone;
