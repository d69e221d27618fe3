--
-- Tables: columns, defaults, checks, keys, what psql says about them, what is refused.
--
create table dt_plain(a int, b text default 'none', c numeric(8,2) not null, d varchar(10), e char(3), f timestamp default '2020-01-01');
\d dt_plain
insert into dt_plain(c) values (1.005), (99999.994);
select * from dt_plain;
insert into dt_plain(c) values (null);
insert into dt_plain(c) values (1234567.1);
insert into dt_plain(c, d) values (1, 'longer than ten');
insert into dt_plain(c, d) values (1, 'ten and    ');
insert into dt_plain(c, e) values (1, 'ab'), (2, 'abcd');
select d, length(d) from dt_plain where d is not null;
create table dt_checked(a int check (a > 0), b int constraint b_small check (b < 100), constraint a_over_b check (a > b), c int unique, primary key (a, b));
\d dt_checked
insert into dt_checked values (5, 4, 1);
insert into dt_checked values (0, -1, 2);
insert into dt_checked values (500, 100, 2);
insert into dt_checked values (5, 6, 2);
insert into dt_checked values (5, 4, 3);
insert into dt_checked values (6, 4, 1);
insert into dt_checked values (6, null, 1);
update dt_checked set b = 7;
select * from dt_checked;
-- refused
create table dt_plain(a int);
create table if not exists dt_plain(a int);
create table dt_bad(a int, a text);
create table dt_bad(a no_such_type);
create table dt_bad(a int primary key, b int primary key);
create table dt_bad(a int default 'x');
create table dt_bad(a int default b, b int);
create table dt_bad(a int check (b > 0));
create table dt_bad(a int check (a));
create table no_schema.dt_bad(a int);
create table dt_bad(xmin int);
create table dt_bad(a int, primary key (b));
drop table dt_missing;
drop table if exists dt_missing;
-- LIKE, and tables from queries
create table dt_like(like dt_checked including all, extra int);
\d dt_like
create table dt_from as select a, b, a + b as sum from dt_checked;
\d dt_from
select * from dt_from;
create table dt_empty as select * from dt_from with no data;
select count(*) from dt_empty;
select 7 as seven into dt_into;
table dt_into;
-- a table without columns
create table dt_none();
insert into dt_none default values;
select count(*) from dt_none;
-- temporary tables hide others of their name
create temp table dt_plain(x int);
insert into dt_plain values (42);
select * from dt_plain;
drop table dt_plain;
select count(*) from dt_plain;
begin;
create temp table dt_gone(a int) on commit drop;
insert into dt_gone values (1);
commit;
select * from dt_gone;
create temp table dt_rows(a int) on commit delete rows;
begin;
insert into dt_rows values (1);
select count(*) from dt_rows;
commit;
select count(*) from dt_rows;
create unlogged table dt_unlogged(a int);
\d dt_unlogged
drop table dt_plain, dt_checked, dt_like, dt_from, dt_empty, dt_into, dt_none, dt_unlogged;
