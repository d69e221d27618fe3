--
-- Transaction blocks and savepoints: what is kept, what is undone, what is said outside of a block.
--
create table tx_t(a int primary key, b text);
begin;
insert into tx_t values (1, 'one');
commit;
begin;
insert into tx_t values (2, 'two');
rollback;
select * from tx_t;
-- an error makes the block fail until its end
begin;
insert into tx_t values (3, 'three');
insert into tx_t values (1, 'again');
select * from tx_t;
savepoint s;
commit;
select * from tx_t;
-- savepoints bring it back to life
begin;
insert into tx_t values (2, 'two');
savepoint s1;
insert into tx_t values (1, 'again');
select 1;
rollback to savepoint s1;
insert into tx_t values (3, 'three');
savepoint s2;
delete from tx_t where a = 2;
savepoint s3;
update tx_t set b = 'changed';
select * from tx_t order by a;
rollback to s2;
select * from tx_t order by a;
release s1;
rollback to s2;
rollback;
select * from tx_t order by a;
-- the same name twice: the inner one first
begin;
savepoint x;
insert into tx_t values (10, 'ten');
savepoint x;
insert into tx_t values (11, 'eleven');
rollback to x;
select * from tx_t order by a;
release x;
rollback to x;
select * from tx_t order by a;
commit;
-- outside of a block
commit;
rollback;
savepoint nothing;
release nothing;
rollback to nothing;
begin;
begin;
commit;
-- modes
begin isolation level repeatable read;
show transaction_isolation;
commit;
show transaction_isolation;
begin read only;
insert into tx_t values (20, 'x');
rollback;
start transaction isolation level read committed, read write;
show transaction_read_only;
select 1;
rollback;
set session characteristics as transaction read only;
create table tx_no(a int);
set session characteristics as transaction read write;
-- and chain
begin isolation level repeatable read;
insert into tx_t values (30, 'x');
commit and chain;
show transaction_isolation;
rollback and chain;
show transaction_isolation;
rollback;
commit and chain;
-- DDL is undone too
begin;
create table tx_ddl(a int);
alter table tx_t add column c int default 5;
select * from tx_t order by a;
rollback;
select * from tx_ddl;
select * from tx_t order by a;
begin;
drop table tx_t;
savepoint q;
select * from tx_t;
rollback to q;
rollback;
select count(*) from tx_t;
begin;
truncate tx_t;
select count(*) from tx_t;
rollback;
select count(*) from tx_t;
drop table tx_t;
