--
-- COPY: text and csv, in and out, options, bad input.
--
create table cp_t(a int, b text, c numeric);
copy cp_t from stdin;
1	one	1.5
2	\N	\N
3	tab\tand\nline	-2
4	back\\slash	0
\.
select * from cp_t order by a;
copy cp_t to stdout;
copy cp_t (b, a) to stdout;
copy (select a, b from cp_t where a < 3 order by a desc) to stdout;
copy cp_t to stdout with (format csv, header);
copy cp_t to stdout with (format csv, force_quote *, null 'NIL', delimiter ';');
copy cp_t to stdout (delimiter '|', null '-');
copy cp_t from stdin with (format csv, header true);
a,b,c
5,"quoted, with ""quotes""",1
6,,2
7,"",3
8,"two
lines",4
\.
select a, b, b is null as n, c from cp_t where a > 4 order by a;
copy cp_t to stdout csv;
copy cp_t (a) from stdin;
20
21
\.
copy cp_t from stdin (delimiter ',', null 'nil');
30,nil,3
31,x,nil
\.
select * from cp_t where a >= 20 order by a;
copy cp_t from stdin where a > 41;
40	no	0
41	no	0
42	yes	0
\.
select a from cp_t where a >= 40;
-- refused
copy cp_t from stdin;
x	y	1
\.
copy cp_t from stdin;
1	y
\.
copy cp_t from stdin;
1	y	2	3
\.
copy cp_t from stdin csv;
1,"unfinished
\.
-- From a file: versions of psql differ in whether they take what follows a refused COPY FROM STDIN for its data.
copy cp_t (nope) from '/dev/null';
copy cp_t (a, a) from '/dev/null';
copy cp_none from '/dev/null';
copy cp_t to stdout (format nope);
copy cp_t to stdout (delimiter 'ab');
copy cp_t to stdout (nope true);
copy cp_t to stdout (quote '"');
copy cp_t from '/no/such/file';
select count(*) from cp_t;
create table cp_c(a int primary key check (a > 0), b text default 'd', e int generated always as (a * 2) stored);
copy cp_c (a) from stdin;
1
2
\.
copy cp_c (a) from stdin;
3
3
\.
copy cp_c (a) from stdin;
-1
\.
select * from cp_c order by a;
copy cp_c to stdout;
create view cp_v as select a from cp_c;
copy cp_v to stdout;
copy (select * from cp_v) to stdout;
copy (insert into cp_c values (50) returning a, b) to stdout;
copy (values (true, null, '{1,2}'::int[])) to stdout;
-- by way of the client
\copy cp_c (a, b) from stdin csv
60,sixty
\.
\copy (select a, b from cp_c where a >= 50 order by a) to stdout
begin;
copy cp_t from stdin;
70	x	1
\.
rollback;
select count(*) from cp_t where a = 70;
drop table cp_t, cp_c cascade;
-- Index entries are made index by index and in order of keys; an error is still that of the first row that has one.
create table copy_keys (a int, b int);
create unique index copy_keys_a on copy_keys (a);
create unique index copy_keys_b on copy_keys (b);
create unique index copy_keys_part on copy_keys ((100 / a)) where a < 3;
copy copy_keys from stdin;
5	50
4	30
3	30
4	31
\.
copy copy_keys from stdin;
9	1
8	2
9	3
8	4
\.
copy copy_keys from stdin;
9	1
9	2
0	3
\.
copy copy_keys from stdin;
9	1
0	2
9	3
\.
select * from copy_keys;
copy copy_keys from stdin;
7	1
2	\N
\N	\N
1	3
\N	2
\.
set enable_seqscan = off;
select a from copy_keys where a > 0 order by a;
select b from copy_keys where b > 0 order by b desc;
reset enable_seqscan;
drop table copy_keys;
