--
-- What drivers ask of keys: the columns of an index with their places.
--
create table dq_t(a int, b text, c int, primary key (c, a), unique (b));
select information_schema._pg_expandarray(array['x', 'y']);
select * from information_schema._pg_expandarray(array[10, 20, 30]);
select (information_schema._pg_expandarray('5 6'::int2vector)).n, (information_schema._pg_expandarray(array[1.5, 2.5])).x;
select * from information_schema._pg_expandarray(null::int[]);
select result.table_name, result.column_name, result.key_seq, result.pk_name
from (select ct.relname as table_name, a.attname as column_name, (information_schema._pg_expandarray(i.indkey)).n as key_seq, ci.relname as pk_name,
        information_schema._pg_expandarray(i.indkey) as keys, a.attnum as a_attnum
      from pg_catalog.pg_class ct join pg_catalog.pg_attribute a on (ct.oid = a.attrelid) join pg_catalog.pg_namespace n on (ct.relnamespace = n.oid)
      join pg_catalog.pg_index i on (a.attrelid = i.indrelid) join pg_catalog.pg_class ci on (ci.oid = i.indexrelid)
      where ct.relname = 'dq_t' and i.indisprimary) result
where result.a_attnum = (result.keys).x order by result.table_name, result.pk_name, result.key_seq;
select ct.relname, ci.relname, (i.keys).n as ordinal_position, pg_catalog.pg_get_indexdef(ci.oid, (i.keys).n, false) as column_name
from pg_catalog.pg_class ct
join (select i.indexrelid, i.indrelid, i.indisunique, information_schema._pg_expandarray(i.indkey) as keys from pg_catalog.pg_index i) i on (ct.oid = i.indrelid)
join pg_catalog.pg_class ci on (ci.oid = i.indexrelid)
where ct.relname = 'dq_t' order by 2, 3;
drop table dq_t;
