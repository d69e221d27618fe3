--
-- Plans over catalogs: initdb leaves statistics and visibility maps behind, so that they are PostgreSQL's from the first query on.
-- Catalogs that are much smaller here are left out.
--
select count(*) from pg_class where relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace and reltuples < 0;
select relname from pg_class where relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace and relallvisible <> relpages and relname in ('pg_type', 'pg_proc', 'pg_operator', 'pg_amproc', 'pg_namespace', 'pg_language', 'pg_am');
select attname, null_frac, avg_width, n_distinct from pg_stats where tablename = 'pg_am' and schemaname = 'pg_catalog' and attname in ('oid', 'amname') order by 1;
select stakind1, stakind2, stakind3 from pg_statistic where starelid = 'pg_class'::regclass and staattnum = 1;
explain (costs off) select * from pg_class where oid = 1259;
explain (costs off) select * from pg_class where relname = 'pg_class';
explain (costs off) select * from pg_class where relname ~ '^(pg_class)$';
explain (costs off) select attname from pg_attribute where attrelid = 1259 and attnum > 0 order by attnum;
explain (costs off) select attname from pg_attribute where attrelid = 1259 and not attisdropped;
explain (costs off) select attnum from pg_attribute where attrelid = 1259;
explain (costs off) select count(*) from pg_attribute;
explain (costs off) select oid from pg_class where oid < 1300;
explain (costs off) select oid from pg_proc where oid between 1000 and 1010;
explain (costs off) select n.nspname, c.relname from pg_class c left join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r','p','') and n.nspname <> 'pg_catalog' order by 1,2;
explain (costs off) select * from pg_proc where proname = 'abs';
explain (costs off) select * from pg_proc p join pg_type t on t.oid = p.prorettype where p.proname = 'abs';
explain (costs off) select * from pg_type where typname = 'int4';
explain (costs off) select * from pg_depend where refobjid = 1259 and refclassid = 1259;
explain (costs off) select * from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 1259;
explain (costs off) select a.attname, format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relname = 'pg_class' and a.attnum > 0 order by a.attnum;
explain (costs off) select relkind, count(*) from pg_class group by relkind;
explain (costs off) select * from pg_operator where oprname = '=' and oprleft = 23;
explain (costs off) select * from pg_database;
explain (costs off) select * from pg_tables where tablename = 'x';
explain (costs off) select 1 from pg_proc p1, pg_proc p2 where p1.oid < p2.oid and p1.prosrc = p2.prosrc and p1.prorettype <> p2.prorettype;
explain (costs off) select * from pg_statistic where starelid = 1259 and staattnum = 1;
explain (costs off) select * from pg_constraint where conrelid = 1259;
explain (costs off) select * from pg_class where relnamespace = 11 and relkind = 'v';
explain (costs off) select distinct relnamespace from pg_class;
explain (costs off) select c.relname, a.attname from pg_class c, pg_attribute a where c.oid = a.attrelid and c.relkind = 'r' order by 1, 2 limit 5;
explain (costs off) select typname from pg_type where typtype = 'b' order by typname limit 3;
explain (costs off) select * from pg_attribute where attrelid = any('{1259,1247}') and attnum = 1;
explain (costs off) select * from pg_trigger where tgrelid = 1259;
-- what everybody sees needs no look at the table
set enable_seqscan = off;
set enable_bitmapscan = off;
explain (analyze, costs off, timing off, summary off) select oid from pg_type where oid between 20 and 25;
explain (analyze, costs off, timing off, summary off) select proname from pg_proc where proname = 'abs';
