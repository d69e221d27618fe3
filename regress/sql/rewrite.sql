--
-- VACUUM FULL and CLUSTER: tables written anew.
--
create table rw_t(id int primary key, v text);
insert into rw_t select n, repeat('v', 100) from generate_series(1, 1000) n;
delete from rw_t where id % 10 <> 0;
vacuum (nope) rw_t;
vacuum full rw_t;
select count(*), sum(id) from rw_t;
cluster rw_t using rw_t_pkey;
select count(*), sum(id), sum(length(v)) from rw_t;
select id from rw_t where id = 500;
cluster rw_t;
cluster rw_t using nope;
drop table rw_t;
