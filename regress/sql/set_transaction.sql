--
-- SET TRANSACTION: outside of a block, after a query, after a savepoint.
--
set transaction isolation level repeatable read;
begin;
select 1;
set transaction isolation level repeatable read;
rollback;
begin;
set transaction isolation level repeatable read;
show transaction_isolation;
savepoint s;
set transaction isolation level read committed;
rollback;
begin read only;
savepoint s;
set transaction read write;
rollback;
begin isolation level repeatable read, read only;
show transaction_isolation;
show transaction_read_only;
commit;
begin;
set transaction read only;
create table st_none(a int);
rollback;
