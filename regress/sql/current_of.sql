--
-- WHERE CURRENT OF: the row that a cursor stands on; what is known of cursors.
--
create table cu_t(a int primary key, b text);
insert into cu_t select n, 'b' || n from generate_series(1, 20) n;
begin;
declare c6 cursor for select * from cu_t where a = 4 for update;
fetch c6;
update cu_t set b = 'by cursor' where current of c6;
select a, b from cu_t where a = 4;
delete from cu_t where current of c6;
commit;
update cu_t set b = 'x' where current of c6;
select count(*) from cu_t;
begin;
declare c8 cursor with hold for select a from cu_t where a < 3 order by a;
select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors;
commit;
select name, is_holdable, is_scrollable from pg_cursors;
close all;
select count(*) from pg_cursors;
prepare cu_make as select a, b from cu_t where a < 3 order by a;
create table cu_made as execute cu_make;
select * from cu_made;
drop table cu_t, cu_made;
