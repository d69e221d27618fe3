-- What is constant is computed while a statement is planned: its errors come before anything is done. The sequence tells.
create sequence cf_s;
create function cf_drawn() returns text language sql as
  $$ select case when is_called then last_value::text else 'none' end from cf_s $$;
create table cf_t (a int, b numeric(3,1), v varchar(3));
create type cf_e as enum ('a', 'b');
create domain cf_d as int check (value > 0);

select nextval('cf_s'), 1/0;
select nextval('cf_s'), ('x' || 'y')::int;
select nextval('cf_s'), 'abc'::varchar(3)::numeric;
select nextval('cf_s'), case when true then 'x'::text::int end;
select nextval('cf_s'), (array[1, 70000])::int2[];
select nextval('cf_s'), array['1', 'x']::text[]::int[];
select nextval('cf_s'), '{1,70000}'::int[]::int2[];
select nextval('cf_s'), greatest(1, 1/0);
select nextval('cf_s'), 1 = any (array[2, 1/0]);
select nextval('cf_s'), (array[1, 2])['x'::text::int];
insert into cf_t (a, b) values (nextval('cf_s'), 1000);
insert into cf_t (a, v) values (nextval('cf_s'), 'ab' || 'cdef');
select nextval('cf_s') where 'x'::text::int = 1;
select nextval('cf_s') from generate_series(1, 'x'::text::int);
select nextval('cf_s') limit 'x'::text::int;
select nextval('cf_s'), (select 'x'::text::int);
select cf_drawn();

-- So are statements that are met again and again with other literals.
select nextval('cf_s') where '1'::text::int = 2;
select nextval('cf_s') where '1'::text::int = 3;
select nextval('cf_s') where '1'::text::int = 4;
select nextval('cf_s') where 'x'::text::int = 1;
select cf_drawn();

-- What depends on settings, on the catalogs or on constraints is computed when the statement runs.
select nextval('cf_s'), 'abc'::text::date;
select nextval('cf_s'), 'q'::text::cf_e;
select nextval('cf_s'), '{1,x}'::text::int[];
select nextval('cf_s'), (-1)::cf_d;
select nextval('cf_s'), array[-1]::cf_d[];
select nextval('cf_s'), 'nosuch'::text::regclass;
select nextval('cf_s'), '1'::text::regclass;
select cf_drawn();

explain (costs off, verbose) select '12'::text::int, 1::text, array[1, 2]::text[], (array[1, 2])[2], least(3, 2),
  2 = any ('{1,2}'::int[]), array[array[1], array[2]], '2020-01-01'::date::text;

drop table cf_t;
drop function cf_drawn();
drop sequence cf_s;
drop type cf_e;
drop domain cf_d;
