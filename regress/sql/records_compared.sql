-- Records of columns whose types only the catalogs know, and records whose columns differ in type.
create type rc_e as enum ('low', 'mid', 'high');
alter type rc_e add value 'lowest' before 'low';
create domain rc_d as numeric;
create type rc_c as (n int, e rc_e);
create table rc_t (id int, e rc_e, d rc_d, c rc_c);
insert into rc_t values
  (1, 'high', 1.50, (1, 'high')), (2, 'low', 1.5, (1, 'lowest')), (3, 'lowest', 2, (1, 'low')), (4, 'mid', 1.500, (0, 'high')),
  (5, null, 1, (1, null)), (6, 'low', 1.5, (1, 'lowest'));
select id, row(e) from rc_t order by row(e), id;
select id, row(d, e) from rc_t order by row(d, e) desc, id;
select id, c from rc_t order by c, id;
select id, row(1, c) from rc_t order by row(1, c), id;
select id, row(row(e), 1) from rc_t order by row(row(e), 1), id;
select distinct row(e, 1) from rc_t order by 1;
select row(e), count(*) from rc_t group by row(e) order by 1;
select row(d), count(*) from rc_t group by row(d) order by 1;
select c, count(*) from rc_t group by c order by 1;
select a.id, b.id from rc_t a join rc_t b on row(a.d, a.e) = row(b.d, b.e) and a.id < b.id order by 1, 2;
select row(e) < row('mid'::rc_e), row(c) = row(row(1, 'low')::rc_c) from rc_t order by id;
select row(e) from rc_t union select row(e) from rc_t order by 1;
-- Columns that differ in type cannot be compared.
select row(1, 2) < row(1, 'x'::text);
-- Which of the two is named first depends on the sort.
\set VERBOSITY sqlstate
select r from (values (row(1, 2)), (row(1, 'x'::text)), (row(1, 3))) v(r) order by r;
select r from (values (row(2, 2)), (row(1, 'x'::text))) v(r) order by r;
select r from (values (row('low'::rc_e)), (row(1))) v(r) order by r;
\set VERBOSITY default
select r from (values (row(1, 2)), (row(1))) v(r) order by r;
select r from (values (row(1, 2)), (row(1, 3, 4))) v(r) order by r limit 1;
drop table rc_t;
drop type rc_c;
drop domain rc_d;
drop type rc_e;
-- arrays of composite types within records, and of domains over them
create type rc_pair as (a int, b text);
create domain rc_pair_domain as rc_pair;
select count(*) from (select row(array[row(1, 'q')::rc_pair]) union select row(array[row(1, 'q')::rc_pair])) x;
select row(1, array[row(1, 'q')::rc_pair]) < row(1, array[row(1, 'r')::rc_pair]);
select row(array[row(2, 'q')::rc_pair_domain]) > row(array[row(1, 'r')::rc_pair_domain]);
select array[row(1, 'a')::rc_pair] < array[row(1, 'b')::rc_pair], array[row(1, 2)] = array[row(1, 2)];
select array[row(1, 2)] < array[row(1, 'x'::text)];
select distinct r from (values (array[row(1, 2)]), (array[row(1, 2)]), (array[row(0, 2)])) v(r) order by r;
select array[row(1, 2)] @> array[row(1, 'x'::text)];
select array[row(1, 2)] && array[row(1, 2)];
create table rc_list (l rc_pair[]);
insert into rc_list values (array[row(2, 'b')::rc_pair]), (array[row(1, 'c')::rc_pair]), (array[row(2, 'a')::rc_pair]), (null);
select * from rc_list order by l;
select l, count(*) from rc_list group by l order by l;
drop table rc_list;
drop domain rc_pair_domain;
drop type rc_pair;
