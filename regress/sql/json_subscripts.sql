--
-- Subscripts of jsonb: reading and assigning.
--
select j['a'], j['b'][1] from (select '{"a": 1, "b": [10, 20]}'::jsonb as j) s;
create table jsub_t(id int, doc jsonb);
insert into jsub_t values (1, '{"n": 1}'), (2, null);
update jsub_t set doc['n'] = '50' where id = 1 returning doc;
update jsub_t set doc['list'][2] = '"third"' returning id, doc;
select doc['list'][2], doc['nope'] from jsub_t order by id;
select doc['n']['x'] from jsub_t order by id;
drop table jsub_t;
