-- A prepared statement follows what happens to the things that it names, whether it has run before or not.
create sequence pf_s;
prepare pf_new as select nextval('pf_s');
prepare pf_run as select nextval('pf_s');
execute pf_run;
drop sequence pf_s;
execute pf_run;
create sequence pf_s start 100;
execute pf_new;
execute pf_run;

create table pf_t (a int);
insert into pf_t values (1);
prepare pf_table_new as select * from pf_t;
prepare pf_table_run as select * from pf_t;
execute pf_table_run;
drop table pf_t;
create table pf_t (a int);
insert into pf_t values (2);
execute pf_table_new;
execute pf_table_run;

create function pf_f(int) returns int language sql immutable as 'select $1 + 1';
prepare pf_call_new as select pf_f(a) from pf_t;
prepare pf_call_run as select pf_f(a) from pf_t;
prepare pf_call_const as select pf_f(2);
execute pf_call_run; execute pf_call_const;
drop function pf_f(int);
create function pf_f(int) returns int language sql immutable as 'select $1 + 10';
execute pf_call_new; execute pf_call_run; execute pf_call_const;
create or replace function pf_f(int) returns int language sql immutable as 'select $1 + 20';
execute pf_call_new; execute pf_call_run; execute pf_call_const;
drop function pf_f(int);
execute pf_call_new; execute pf_call_run; execute pf_call_const;

create view pf_inner as select a from pf_t;
create view pf_v as select a from pf_inner;
prepare pf_view_new as select * from pf_v;
prepare pf_view_run as select * from pf_v;
execute pf_view_run;
create or replace view pf_inner as select a + 100 as a from pf_t;
execute pf_view_new; execute pf_view_run;
drop view pf_v;
create view pf_v as select a + 200 as a from pf_t;
execute pf_view_new; execute pf_view_run;

create domain pf_d as int check (value < 5);
prepare pf_cast_new as select a::pf_d from pf_t;
prepare pf_cast_run as select a::pf_d from pf_t;
execute pf_cast_run; execute pf_cast_run;
alter domain pf_d drop constraint pf_d_check;
alter domain pf_d add check (value > 7);
execute pf_cast_new; execute pf_cast_run;

-- Within a transaction, and when it is taken back.
begin;
drop sequence pf_s;
create sequence pf_s start 2000;
execute pf_new; execute pf_run;
savepoint a;
drop sequence pf_s;
create sequence pf_s start 3000;
execute pf_new; execute pf_run;
rollback to a;
execute pf_new; execute pf_run;
rollback;
execute pf_new; execute pf_run;

drop view pf_v, pf_inner;
drop table pf_t;
drop sequence pf_s;
drop domain pf_d;
deallocate all;
