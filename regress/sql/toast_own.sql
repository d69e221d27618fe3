--
-- Long values: stored out of line or compressed, they come back as they were, in rows, indexes, sorts and updates.
--
create table ts_t(id int primary key, short text, long text, bin bytea);
insert into ts_t values (1, 's', repeat('x', 100), null);
insert into ts_t values (2, 's', repeat('abc', 100000), decode(repeat('00ff', 50000), 'hex'));
insert into ts_t select 3, 's', string_agg(md5(n::text), ''), decode(string_agg(md5(n::text), ''), 'hex') from generate_series(1, 3000) n;
insert into ts_t values (4, 's', null, '');
select id, length(long), md5(long), length(bin), md5(bin) from ts_t order by id;
select id, substr(long, 1000, 10), substring(bin from 5000 for 4) from ts_t where id in (2, 3) order by id;
select id, left(long, 5), right(long, 5), strpos(long, 'cab') from ts_t where long is not null order by id;
-- an update of another column keeps the long value
update ts_t set short = 'changed';
select id, short, length(long), md5(long) from ts_t order by id;
update ts_t set long = long || 'end' where id in (2, 3);
select id, length(long), right(long, 6) from ts_t order by id;
begin;
update ts_t set long = repeat('z', 500000) where id = 3;
select length(long), md5(long) from ts_t where id = 3;
rollback;
select length(long) from ts_t where id = 3;
-- many of them
insert into ts_t select n, 'many', repeat(md5(n::text), 500), null from generate_series(100, 150) n;
select count(*), sum(length(long)), count(distinct md5(long)) from ts_t where short = 'many';
select id from ts_t where long = repeat(md5('120'), 500);
select id, left(long, 8) from ts_t where short = 'many' order by long desc limit 3;
select short, max(length(long)) from ts_t group by short, length(long) > 10000 order by 1, 2;
delete from ts_t where short = 'many' and id % 2 = 0;
select count(*), sum(length(long)) from ts_t;
create table ts_copy as select * from ts_t;
select count(*) from ts_t a join ts_copy b on a.id = b.id and a.long = b.long;
-- storage
alter table ts_t alter column long set storage external;
insert into ts_t values (200, 'ext', repeat('e', 50000), null);
select length(long), substr(long, 49999) from ts_t where id = 200;
select count(*) > 0 as has_toast from pg_class where oid = (select reltoastrelid from pg_class where relname = 'ts_t');
-- wide keys and rows
create table ts_key(k text);
create index on ts_key(k);
insert into ts_key values (repeat('k', 2000));
\set VERBOSITY sqlstate
insert into ts_key select string_agg(md5(n::text), '') from generate_series(1, 300) n;
\set VERBOSITY default
select count(*) from ts_key where k = repeat('k', 2000);
create table ts_arr(a int[], j jsonb);
insert into ts_arr select array_agg(n), jsonb_agg(n * n) from generate_series(1, 20000) n;
select a[10000], j ->> 19999, array_length(a, 1), jsonb_array_length(j) from ts_arr;
update ts_arr set a[5] = -1;
select a[4:6] from ts_arr;
truncate ts_t;
select count(*) from ts_t;
drop table ts_t, ts_copy, ts_key, ts_arr;
