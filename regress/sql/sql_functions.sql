-- The result of a function written in SQL is cast to the declared type as an assignment is.
\set SHOW_CONTEXT never
create function sf_round() returns int language sql as 'select 2.5';
create function sf_text(int) returns text language sql as 'select $1 * 2';
create function sf_small(int) returns smallint language sql as 'select $1';
create function sf_bpchar() returns bpchar language sql as $$ select 'abc'::varchar $$;
create function sf_ordered() returns int language sql as 'select x from (values (2.6), (1.4)) v(x) order by x';
create function sf_distinct() returns int language sql as 'select distinct x from (values (2.6), (2.6)) v(x)';
create function sf_union() returns int language sql as 'select 1.7 union select 1.8 order by 1 desc';
create function sf_limited() returns bigint language sql as 'select x from (values (1), (2)) v(x) order by x desc limit 1';
create function sf_float() returns float8 language sql as 'select sum(x) from (values (1), (2)) v(x)';
create function sf_date() returns timestamp language sql as $$ select date '2020-02-03' $$;
create domain sf_d as int check (value > 0);
create function sf_domain(int) returns sf_d language sql as 'select $1';
create function sf_array() returns int[] language sql as 'select array[1.5, 2.5]';
create function sf_any(anyelement) returns anyelement language sql as 'select $1';
select sf_round(), sf_text(21), sf_small(7), sf_bpchar(), sf_ordered(), sf_distinct(), sf_union(), sf_limited(), sf_float(), sf_date();
select pg_typeof(sf_round()), pg_typeof(sf_small(1)), pg_typeof(sf_any(1.5)), sf_array(), sf_domain(3);
select sf_small(n) from (values (70000)) v(n);
select sf_domain(n) from (values (-1)) v(n);
create table sf_t as select sf_round() as a, sf_small(1) as b, sf_text(1) as c;
select * from sf_t;
-- What cannot be assigned is refused.
create function sf_bad() returns int language sql as $$ select 'x' $$;
create function sf_bad() returns int language sql as $$ select 'x'::text $$;
create function sf_bad() returns int language sql as 'select 1, 2';
create function sf_bad() returns date language sql as 'select 1';
create function sf_bad() returns int language sql as 'select true union select false';
drop table sf_t;
drop function sf_round(), sf_text(int), sf_small(int), sf_bpchar(), sf_ordered(), sf_distinct(), sf_union(), sf_limited(),
  sf_float(), sf_date(), sf_domain(int), sf_array(), sf_any(anyelement);
drop domain sf_d;
