--
-- Messages: where the cursor points, SQLSTATE, details and hints.
--
\set VERBOSITY default
selec 1;
select from where;
select 1 +;
select * form x;
insert into t value (1);
create table (a int);
select 'unfinished;
';
select 1 as "";
select $1;
select 1 where 'x';
select no_column;
select no_func(1, 'x');
select abs('x', 1);
select 1 + 'x';
select 1 + true;
select -'x'::text;
select 'a' || 1, 1 || 'a', true || 'x';
select 1 / 0;
select 2147483647 + 1;
select 9223372036854775807 + 1;
select (-2147483648) / -1;
select 99999999999::int;
select '12x'::int, 1;
select 'x'::bool;
select cast('1.5' as int);
select 1.5::int, '1e3'::float8::int;
select 'abc'::no_type;
select null::int + 1 is null as t;
select case when true then 1 else 'x' end;
select coalesce(1, 'x');
select array[1, 'x'];
select array[1, true];
select (select 1, 2);
select count(*) over (), sum(1) filter (where 1);
select 1 in (1, 'x');
select * from no_table;
select no_table.* from pg_class;
select pg_class.nope from pg_class;
select count(no_such) from pg_class group by relname;
select 1 limit 'a';
select 1 order by 3;
select 1 group by 2;
select max(count(*)) from pg_class;
select pg_class from pg_class c limit 0;
select relname from pg_class c where c.oid = d.oid;
update pg_class set no = 1;
select 'é' + 1;
select 'ééé', nope;
select
  1,
  2,
  three,
  4;
\set VERBOSITY sqlstate
select 1 / 0;
selec;
select nope;
select nope();
select * from nope;
select 'x'::int;
select 99999999999::int;
select 1 + true;
create table pg_class(a int);
drop table nope;
begin;
select 1 / 0;
select 1;
rollback;
\set VERBOSITY terse
select nope from pg_class;
drop table nope;
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
select 1;
\echo :ROW_COUNT :SQLSTATE :ERROR
