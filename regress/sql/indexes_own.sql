--
-- Indexes: unique, several columns, INCLUDE, expressions, predicates; what they refuse; that queries agree with and without them.
--
create table ix_t(a int, b text, c int);
insert into ix_t select n, 'row ' || n % 10, n % 7 from generate_series(1, 1000) n;
create index ix_a on ix_t(a);
create unique index ix_a_unique on ix_t(a) include (b);
create index on ix_t(b, c desc nulls last);
create index ix_expr on ix_t(lower(b), (a + c));
create index ix_part on ix_t(c) where a > 500;
\d ix_t
\d ix_expr
\d ix_part
select indexname, indexdef from pg_indexes where tablename = 'ix_t' order by 1;
insert into ix_t values (5, 'x', 1);
insert into ix_t values (2000, 'twice', 1), (2001, 'twice', 1);
create unique index ix_fail on ix_t(b) where a > 1999;
delete from ix_t where a >= 2000;
create index ix_a on ix_t(a);
create index if not exists ix_a on ix_t(a);
create index on ix_t(nope);
create index on ix_t using nope(a);
create index on ix_missing(a);
-- the same answers by every way
set enable_seqscan = off;
select * from ix_t where a = 77;
select count(*) from ix_t where a between 100 and 199;
select a from ix_t where a < 6 order by a desc;
select count(*) from ix_t where b = 'row 3' and c = 2;
select count(*) from ix_t where lower(b) = 'row 4';
select count(*) from ix_t where a > 600 and c = 3;
select a from ix_t where a in (3, 1000, 1, 2000) order by a;
select max(a), min(a) from ix_t;
set enable_indexscan = off;
set enable_indexonlyscan = off;
select count(*) from ix_t where a between 100 and 199;
select count(*) from ix_t where a < 10 or a > 995;
set enable_bitmapscan = off;
set enable_seqscan = on;
select * from ix_t where a = 77;
select count(*) from ix_t where a between 100 and 199;
select count(*) from ix_t where lower(b) = 'row 4';
reset enable_seqscan;
reset enable_indexscan;
reset enable_indexonlyscan;
reset enable_bitmapscan;
-- rows that move
update ix_t set a = a + 10000 where a <= 10;
select a, c from ix_t where a > 10000 order by a;
delete from ix_t where a > 10000;
select count(*) from ix_t where a > 990;
-- nulls are not equal
insert into ix_t values (null, 'n', 1), (null, 'n', 2);
select count(*) from ix_t where a is null;
select a from ix_t where b = 'n' or a = 20 order by a nulls first;
create table ix_nulls(a int unique nulls not distinct);
insert into ix_nulls values (null);
insert into ix_nulls values (null);
-- big keys
create table ix_big(t text primary key);
insert into ix_big select repeat(chr(97 + n % 26), 500) || n from generate_series(1, 200) n;
select count(*), min(length(t)) from ix_big;
select count(*) from ix_big where t >= 'm' and t < 'n';
reindex index ix_a;
reindex table ix_t;
alter index ix_a rename to ix_renamed;
drop index ix_renamed;
drop index ix_renamed;
drop index ix_big_pkey;
drop table ix_t, ix_nulls, ix_big;
-- a cast through text is as stable as the types' functions
create type io_enum as enum ('x'); create table io_t (e io_enum, n int, w timestamptz);
create index on io_t ((e::text));
create index on io_t ((n::text));
create index on io_t ((w::text));
drop table io_t; drop type io_enum;
