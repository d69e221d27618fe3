--
-- Sequences: the view of them all, and what a column's default holds on to.
--
create sequence so_a;
create sequence so_b increment by -2 minvalue -5 maxvalue 3 start 3 cycle;
select nextval('so_b');
select sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size, last_value from pg_sequences where sequencename like 'so\_%' order by 1;
create table so_t(id serial, t text);
drop sequence so_t_id_seq;
alter table so_t alter id drop default;
drop sequence so_t_id_seq;
create table so_none(a int generated always as identity default 5);
drop table so_t;
drop sequence so_a, so_b;
