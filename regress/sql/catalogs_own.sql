--
-- Catalogs: that rows of definitions are where clients look for them, and that built-in rows agree with each other.
--
select count(*) from pg_namespace where nspname in ('pg_catalog', 'public', 'information_schema', 'pg_toast');
select oid, typname, typlen, typbyval, typtype, typcategory, typalign, typstorage from pg_type where oid in (16, 20, 21, 23, 25, 114, 700, 701, 1042, 1043, 1082, 1114, 1184, 1186, 1700, 2950, 3802) order by oid;
select oid, typname, typelem, typarray from pg_type where oid in (1007, 1009, 23, 25) order by oid;
select 'pg_class'::regclass::oid, 'pg_attribute'::regclass::oid, 'pg_type'::regclass::oid, 'pg_proc'::regclass::oid;
select attname, atttypid::regtype, attnum, attnotnull from pg_attribute where attrelid = 'pg_namespace'::regclass and attnum > 0 order by attnum;
-- every operator's parts exist
select count(*) from pg_operator o where not exists (select 1 from pg_proc p where p.oid = o.oprcode) and oprcode <> 0;
select count(*) from pg_operator o where oprcom <> 0 and not exists (select 1 from pg_operator c where c.oid = o.oprcom and c.oprcom = o.oid);
select count(*) from pg_cast c where castfunc <> 0 and not exists (select 1 from pg_proc p where p.oid = c.castfunc);
select count(*) from pg_amop a where not exists (select 1 from pg_operator o where o.oid = a.amopopr);
select count(*) from pg_type t where typarray <> 0 and not exists (select 1 from pg_type e where e.oid = t.typarray and e.typelem = t.oid);
select count(*) from pg_proc p where not exists (select 1 from pg_type t where t.oid = p.prorettype);
select count(*) from pg_class c where relkind in ('r', 'v') and relnatts <> (select count(*) from pg_attribute a where a.attrelid = c.oid and attnum > 0);
select count(*) from pg_attribute a where not exists (select 1 from pg_class c where c.oid = a.attrelid);
select count(*) from pg_index i where not exists (select 1 from pg_class c where c.oid = i.indexrelid and relkind = 'i');
-- what a definition leaves there
create table cg_t(id serial primary key, name varchar(20) not null default 'x', price numeric(6,2) check (price > 0), parent int references cg_t);
select relname, relkind, relnatts, relhasindex, relchecks, relpersistence, relispartition from pg_class where relname like 'cg\_t%' order by relname;
select attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attnum from pg_attribute where attrelid = 'cg_t'::regclass and attnum > 0 order by attnum;
select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'cg_t'::regclass order by adnum;
select conname, contype, conkey, confkey, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'cg_t'::regclass order by conname;
select indexrelid::regclass, indisunique, indisprimary, indkey, pg_get_indexdef(indexrelid) from pg_index where indrelid = 'cg_t'::regclass;
select deptype, count(*) from pg_depend where refobjid = 'cg_t'::regclass and deptype <> 'i' group by 1 order by 1;
select column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale from information_schema.columns where table_name = 'cg_t' order by ordinal_position;
select table_name, table_type, is_insertable_into from information_schema.tables where table_name = 'cg_t';
select constraint_name, constraint_type from information_schema.table_constraints where table_name = 'cg_t' and constraint_name not like '%not_null' order by 1;
select constraint_name, column_name, ordinal_position from information_schema.key_column_usage where table_name = 'cg_t' order by 1;
select tablename, tableowner, hasindexes from pg_tables where tablename = 'cg_t';
comment on table cg_t is 'a table';
comment on column cg_t.name is 'its name';
select obj_description('cg_t'::regclass, 'pg_class'), col_description('cg_t'::regclass, 2), col_description('cg_t'::regclass, 1);
-- names to oids and back
select 'cg_t'::regclass, 'int4'::regtype, 'integer[]'::regtype, 'pg_catalog'::regnamespace, 'now'::regproc, 'abs(int4)'::regprocedure;
select 'no_such_table'::regclass;
select 'no_such_type'::regtype;
select 'abs'::regproc;
select to_regclass('no_such_table') is null as t, to_regtype('int8');
select pg_typeof(1), pg_typeof('x'), pg_typeof('x'::text), pg_typeof(1.5), pg_typeof(array[1]), pg_typeof(null), pg_typeof(row(1));
select pg_table_is_visible('cg_t'::regclass), format_type(1043, 14), format_type(1700, 393222), format_type(23, null);
select current_database() = current_catalog, session_user = current_user, version() ~ '^PostgreSQL 15';
drop table cg_t;
select count(*) from pg_class where relname like 'cg\_t%';
select count(*) from pg_depend d where classid = 'pg_class'::regclass and not exists (select 1 from pg_class c where c.oid = d.objid);
-- columns of types that only the catalogs use can be grouped and joined
select count(*) from (select distinct relacl from pg_class where oid in ('pg_cast'::regclass, 'pg_authid'::regclass, 'pg_opclass'::regclass)) x;
select count(*) from (select relacl from pg_class union select relacl from pg_class) x where relacl is null;
select count(*) from pg_class a join pg_class b on a.relacl = b.relacl where a.oid = 'pg_cast'::regclass and b.oid = 'pg_opclass'::regclass;
select relpartbound, count(*) > 1 from pg_class group by relpartbound;
select count(*) from (select distinct stxdndistinct, stxdmcv, stxddependencies from pg_statistic_ext_data) x;
select ev_action = ev_qual from pg_rewrite where ev_class = 'pg_tables'::regclass;
select ev_qual from pg_rewrite where ev_class in ('pg_tables'::regclass, 'pg_views'::regclass) order by ev_qual;
select relacl from pg_class order by relacl;
