-- PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED. At most two transactions are prepared at a time.
create table tp_items (id int primary key, name text);
insert into tp_items values (1, 'one'), (2, 'two');

-- outside a block there is nothing to prepare
prepare transaction 'tp_none';
select count(*) from pg_prepared_xacts where gid like 'tp%';

-- the changes are nobody's until the commit
begin;
insert into tp_items values (3, 'three');
update tp_items set name = 'uno' where id = 1;
prepare transaction 'tp_a';
select * from tp_items order by id;
select gid, owner = current_user, database = current_database(), prepared <= now(), transaction is not null
from pg_prepared_xacts where gid like 'tp%';
commit prepared 'tp_a';
select * from tp_items order by id;
select gid from pg_prepared_xacts where gid like 'tp%';

-- or never come
begin;
delete from tp_items;
prepare transaction 'tp_b';
select count(*) from tp_items;
rollback prepared 'tp_b';
select count(*) from tp_items;

-- an identifier once; the transaction that cannot have it is over
begin;
insert into tp_items values (4, 'four');
prepare transaction 'tp_c';
begin;
insert into tp_items values (5, 'five');
prepare transaction 'tp_c';
select count(*) from tp_items;
-- not more than max_prepared_transactions
begin;
prepare transaction 'tp_d';
begin;
insert into tp_items values (6, 'six');
prepare transaction 'tp_e';
select gid from pg_prepared_xacts where gid like 'tp%' order by gid;
rollback prepared 'tp_d';
commit prepared 'tp_c';
select id from tp_items order by id;

-- identifiers
commit prepared 'tp_c';
rollback prepared 'nothing';
begin;
prepare transaction 'tp_89012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890';
select 1;
begin;
prepare transaction 'TP "quoted" ''name''';
select gid from pg_prepared_xacts where gid like 'TP%';
rollback prepared 'TP "quoted" ''name''';

-- a failed block is rolled back
begin;
insert into tp_items values (7, 'seven');
select 1 / 0;
prepare transaction 'tp_f';
select count(*) from tp_items where id = 7;
select count(*) from pg_prepared_xacts where gid like 'tp%';

-- several statements of one message
begin\; insert into tp_items values (8, 'eight')\; prepare transaction 'tp_g';
commit prepared 'tp_g';
select count(*) from tp_items where id = 8;
insert into tp_items values (9, 'nine')\; prepare transaction 'tp_h';
select gid from pg_prepared_xacts where gid like 'tp%';
rollback prepared 'tp_h';
select count(*) from tp_items where id = 9;
select 1\; commit prepared 'tp_h';

-- not inside a block
begin;
commit prepared 'tp_i';
rollback;
begin;
rollback prepared 'tp_i';
commit;

-- savepoints
begin;
insert into tp_items values (10, 'ten');
savepoint a;
insert into tp_items values (11, 'eleven');
rollback to a;
savepoint b;
insert into tp_items values (12, 'twelve');
release b;
savepoint c;
insert into tp_items values (13, 'thirteen');
prepare transaction 'tp_j';
commit prepared 'tp_j';
select id from tp_items where id >= 10 order by id;

-- it keeps its locks
begin;
lock table tp_items in exclusive mode;
prepare transaction 'tp_k';
set lock_timeout = 10;
begin;
lock table tp_items in row exclusive mode;
rollback;
select count(*) from tp_items;
select mode, pid is null as nobodys, granted from pg_locks where relation = 'tp_items'::regclass and mode = 'ExclusiveLock';
reset lock_timeout;
rollback prepared 'tp_k';
select count(*) from pg_locks where relation = 'tp_items'::regclass and mode = 'ExclusiveLock';

-- and its row locks
create table tp_details (id int primary key, item int references tp_items);
begin;
insert into tp_details values (1, 2);
prepare transaction 'tp_l';
set lock_timeout = 10;
delete from tp_items where id = 2;
-- the key stays as it is
update tp_items set name = 'zwei' where id = 2;
delete from tp_items where id = 2;
reset lock_timeout;
commit prepared 'tp_l';
delete from tp_items where id = 2;

-- definitions travel too
create table tp_old (a int);
begin;
create table tp_new (a int primary key, b text);
insert into tp_new values (1, 'x');
alter table tp_items add column added int default 7;
drop table tp_old;
create index tp_items_name on tp_items (name);
create sequence tp_seq;
create view tp_view as select * from tp_new;
create type tp_mood as enum ('good', 'bad');
create function tp_add(int) returns int language sql as 'select $1 + 1';
prepare transaction 'tp_m';
select * from tp_new;
select to_regclass('tp_new'), to_regclass('tp_seq'), to_regclass('tp_view'), to_regtype('tp_mood');
select tp_add(1);
begin;
lock table tp_old in access share mode nowait;
rollback;
commit prepared 'tp_m';
select * from tp_view;
select added from tp_items where id = 1;
select to_regclass('tp_old'), nextval('tp_seq'), 'bad'::tp_mood, tp_add(1);
\d tp_items
insert into tp_new values (1, 'y');

-- and go
begin;
create table tp_gone (a int);
truncate tp_new;
drop view tp_view;
alter table tp_items rename column added to renamed;
prepare transaction 'tp_n';
rollback prepared 'tp_n';
select to_regclass('tp_gone');
select * from tp_view;
select added from tp_items where id = 1;

-- a cursor ends with the block; one that is to stay cannot
begin;
declare tp_cursor cursor for select id from tp_items order by id;
fetch tp_cursor;
prepare transaction 'tp_o';
fetch tp_cursor;
rollback prepared 'tp_o';
begin;
declare tp_held cursor with hold for select id from tp_items order by id;
prepare transaction 'tp_p';
fetch tp_held;

-- what cannot wait
begin;
listen tp_channel;
prepare transaction 'tp_q';
begin;
notify tp_channel;
prepare transaction 'tp_q';
-- who listens to nothing has nothing to stop
begin;
unlisten *;
prepare transaction 'tp_q';
rollback prepared 'tp_q';
begin;
select pg_advisory_lock(4711);
select pg_advisory_xact_lock_shared(4711);
prepare transaction 'tp_q';
select pg_advisory_unlock(4711);
-- only the transaction's lock goes along
select pg_advisory_lock(4712);
begin;
select pg_advisory_xact_lock(4713);
prepare transaction 'tp_q';
select classid, objid, pid is null as nobodys from pg_locks where locktype = 'advisory' order by objid;
rollback prepared 'tp_q';
select pg_advisory_unlock(4712);

-- temporary objects
begin;
create temp table tp_temp (a int);
prepare transaction 'tp_r';
create temp table tp_temp (a int);
begin;
select * from tp_temp;
prepare transaction 'tp_r';
begin;
insert into tp_temp values (1);
prepare transaction 'tp_r';
begin;
drop table tp_temp;
prepare transaction 'tp_r';
begin;
create table pg_temp.tp_temp2 (a int);
drop table tp_temp2;
prepare transaction 'tp_r';
begin;
create function pg_temp.tp_function() returns int language sql as 'select 1';
prepare transaction 'tp_r';
begin;
create view pg_temp.tp_temp_view as select 1;
prepare transaction 'tp_r';
begin;
create type pg_temp.tp_temp_type as (a int);
prepare transaction 'tp_r';
-- others do not mind that there are some
begin;
insert into tp_items values (20, 'twenty');
prepare transaction 'tp_r';
rollback prepared 'tp_r';
drop table tp_temp;
create temp table tp_emptied (a int) on commit delete rows;
begin;
insert into tp_items values (20, 'twenty');
prepare transaction 'tp_r';
rollback prepared 'tp_r';

-- deferred checks come first
create table tp_deferred (a int references tp_items deferrable initially deferred);
begin;
insert into tp_deferred values (999);
prepare transaction 'tp_s';
select count(*) from pg_prepared_xacts where gid like 'tp%';

-- SET stays, SET LOCAL does not
begin;
set work_mem = '5MB';
set local maintenance_work_mem = '7MB';
prepare transaction 'tp_t';
show work_mem;
select current_setting('maintenance_work_mem') = '7MB';
rollback prepared 'tp_t';
show work_mem;
reset work_mem;

-- who may end it
create role tp_first;
create role tp_second;
grant all on tp_items to tp_first;
set role tp_first;
begin;
insert into tp_items(id, name) values (21, 'first');
prepare transaction 'tp_u';
set role tp_second;
commit prepared 'tp_u';
rollback prepared 'tp_u';
set role tp_first;
select gid, owner from pg_prepared_xacts where gid like 'tp%';
commit prepared 'tp_u';
reset role;
begin;
set local role tp_first;
insert into tp_items(id, name) values (22, 'first');
prepare transaction 'tp_u';
rollback prepared 'tp_u';
select id from tp_items where id > 20;
revoke all on tp_items from tp_first;
drop role tp_first, tp_second;

-- read-only transactions may be prepared, and end others
begin read only;
select count(*) > 0 from tp_items;
prepare transaction 'tp_v';
set default_transaction_read_only = on;
commit prepared 'tp_v';
reset default_transaction_read_only;

-- repeatable read
begin isolation level repeatable read;
select count(*) from tp_details;
insert into tp_details values (2, 3);
prepare transaction 'tp_w';
vacuum tp_details;
insert into tp_details values (3, 1);
commit prepared 'tp_w';
select * from tp_details order by id;

drop table tp_deferred, tp_details, tp_items, tp_new cascade;
drop sequence tp_seq;
drop type tp_mood;
drop function tp_add;
