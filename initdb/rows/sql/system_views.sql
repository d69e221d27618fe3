-- The views of pg_catalog. Columns, names and types are PostgreSQL 15's.
-- Statements end at a semicolon and an empty line. docs/internals/catalogs.md lists the views that are left out.

-- Roles

CREATE VIEW pg_roles AS
  SELECT a.rolname, a.rolsuper, a.rolinherit, a.rolcreaterole, a.rolcreatedb, a.rolcanlogin, a.rolreplication,
         a.rolconnlimit, '********'::text AS rolpassword, a.rolvaliduntil, a.rolbypassrls,
         o.setconfig AS rolconfig, a.oid
  FROM pg_authid a
  LEFT JOIN pg_db_role_setting o ON o.setrole = a.oid AND o.setdatabase = 0;

CREATE VIEW pg_shadow AS
  SELECT a.rolname AS usename, a.oid AS usesysid, a.rolcreatedb AS usecreatedb, a.rolsuper AS usesuper,
         a.rolreplication AS userepl, a.rolbypassrls AS usebypassrls, a.rolpassword AS passwd,
         a.rolvaliduntil AS valuntil, o.setconfig AS useconfig
  FROM pg_authid a
  LEFT JOIN pg_db_role_setting o ON o.setrole = a.oid AND o.setdatabase = 0
  WHERE a.rolcanlogin;

CREATE VIEW pg_group AS
  SELECT g.rolname AS groname, g.oid AS grosysid,
         ARRAY(SELECT m.member FROM pg_auth_members m WHERE m.roleid = g.oid) AS grolist
  FROM pg_authid g
  WHERE NOT g.rolcanlogin;

CREATE VIEW pg_user AS
  SELECT s.usename, s.usesysid, s.usecreatedb, s.usesuper, s.userepl, s.usebypassrls,
         '********'::text AS passwd, s.valuntil, s.useconfig
  FROM pg_shadow s;

-- Relations

CREATE VIEW pg_policies AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, p.polname AS policyname,
         CASE p.polpermissive WHEN true THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END AS permissive,
         CASE WHEN p.polroles = '{0}' THEN '{public}'::name[]
              ELSE ARRAY(SELECT a.rolname FROM pg_authid a WHERE a.oid = ANY (p.polroles) ORDER BY a.rolname)
         END AS roles,
         CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                       WHEN 'd' THEN 'DELETE' END AS cmd,
         pg_get_expr(p.polqual, p.polrelid) AS qual,
         pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace;

CREATE VIEW pg_rules AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, r.rulename, pg_get_ruledef(r.oid) AS definition
  FROM pg_rewrite r
  JOIN pg_class c ON c.oid = r.ev_class
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE r.rulename <> '_RETURN';

CREATE VIEW pg_views AS
  SELECT n.nspname AS schemaname, c.relname AS viewname, pg_get_userbyid(c.relowner) AS viewowner,
         pg_get_viewdef(c.oid) AS definition
  FROM pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'v';

CREATE VIEW pg_tables AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, pg_get_userbyid(c.relowner) AS tableowner,
         t.spcname AS tablespace, c.relhasindex AS hasindexes, c.relhasrules AS hasrules,
         c.relhastriggers AS hastriggers, c.relrowsecurity AS rowsecurity
  FROM pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
  WHERE c.relkind IN ('r', 'p');

CREATE VIEW pg_matviews AS
  SELECT n.nspname AS schemaname, c.relname AS matviewname, pg_get_userbyid(c.relowner) AS matviewowner,
         t.spcname AS tablespace, c.relhasindex AS hasindexes, c.relispopulated AS ispopulated,
         pg_get_viewdef(c.oid) AS definition
  FROM pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
  WHERE c.relkind = 'm';

CREATE VIEW pg_indexes AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, t.spcname AS tablespace,
         pg_get_indexdef(i.oid) AS indexdef
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_tablespace t ON t.oid = i.reltablespace
  WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

CREATE VIEW pg_sequences AS
  SELECT n.nspname AS schemaname, c.relname AS sequencename, pg_get_userbyid(c.relowner) AS sequenceowner,
         s.seqtypid::regtype AS data_type, s.seqstart AS start_value, s.seqmin AS min_value, s.seqmax AS max_value,
         s.seqincrement AS increment_by, s.seqcycle AS cycle, s.seqcache AS cache_size,
         CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE'::text) THEN pg_sequence_last_value(c.oid::regclass) END
           AS last_value
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND NOT pg_is_other_temp_schema(n.oid);

CREATE VIEW pg_stats WITH (security_barrier) AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname, s.stainherit AS inherited,
         s.stanullfrac AS null_frac, s.stawidth AS avg_width, s.stadistinct AS n_distinct,
         CASE 1 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3
                WHEN s.stakind4 THEN s.stavalues4 WHEN s.stakind5 THEN s.stavalues5 END AS most_common_vals,
         CASE 1 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2 WHEN s.stakind3 THEN s.stanumbers3
                WHEN s.stakind4 THEN s.stanumbers4 WHEN s.stakind5 THEN s.stanumbers5 END AS most_common_freqs,
         CASE 2 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3
                WHEN s.stakind4 THEN s.stavalues4 WHEN s.stakind5 THEN s.stavalues5 END AS histogram_bounds,
         CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                WHEN s.stakind3 THEN s.stanumbers3[1] WHEN s.stakind4 THEN s.stanumbers4[1]
                WHEN s.stakind5 THEN s.stanumbers5[1] END AS correlation,
         CASE 4 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3
                WHEN s.stakind4 THEN s.stavalues4 WHEN s.stakind5 THEN s.stavalues5 END AS most_common_elems,
         CASE 4 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2 WHEN s.stakind3 THEN s.stanumbers3
                WHEN s.stakind4 THEN s.stanumbers4 WHEN s.stakind5 THEN s.stanumbers5 END AS most_common_elem_freqs,
         CASE 5 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2 WHEN s.stakind3 THEN s.stanumbers3
                WHEN s.stakind4 THEN s.stanumbers4 WHEN s.stakind5 THEN s.stanumbers5 END AS elem_count_histogram
  FROM pg_statistic s
  JOIN pg_class c ON c.oid = s.starelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT a.attisdropped
    AND has_column_privilege(c.oid, a.attnum, 'select'::text)
    AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

-- The session and its server

CREATE VIEW pg_prepared_xacts AS
  SELECT p.transaction, p.gid, p.prepared, a.rolname AS owner, d.datname AS database
  FROM pg_prepared_xact() p
  LEFT JOIN pg_authid a ON a.oid = p.ownerid
  LEFT JOIN pg_database d ON d.oid = p.dbid;

CREATE VIEW woolly_faults AS
  SELECT f.point, f.kind, f.passages
  FROM woolly_faults() f;

REVOKE ALL ON woolly_faults FROM PUBLIC;

CREATE VIEW pg_locks AS
  SELECT l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid,
         l.objsubid, l.virtualtransaction, l.pid, l.mode, l.granted, l.fastpath, l.waitstart
  FROM pg_lock_status() l;

CREATE VIEW pg_cursors AS
  SELECT c.name, c.statement, c.is_holdable, c.is_binary, c.is_scrollable, c.creation_time
  FROM pg_cursor() c;

CREATE VIEW pg_prepared_statements AS
  SELECT p.name, p.statement, p.prepare_time, p.parameter_types, p.from_sql, p.generic_plans, p.custom_plans
  FROM pg_prepared_statement() p;

CREATE VIEW pg_settings AS
  SELECT s.name, s.setting, s.unit, s.category, s.short_desc, s.extra_desc, s.context, s.vartype, s.source, s.min_val,
         s.max_val, s.enumvals, s.boot_val, s.reset_val, s.sourcefile, s.sourceline, s.pending_restart
  FROM pg_show_all_settings() s;

CREATE VIEW pg_file_settings AS
  SELECT f.sourcefile, f.sourceline, f.seqno, f.name, f.setting, f.applied, f.error
  FROM pg_show_all_file_settings() f;

CREATE VIEW pg_hba_file_rules AS
  SELECT h.line_number, h.type, h.database, h.user_name, h.address, h.netmask, h.auth_method, h.options, h.error
  FROM pg_hba_file_rules() h;

CREATE VIEW pg_ident_file_mappings AS
  SELECT i.line_number, i.map_name, i.sys_name, i.pg_username, i.error
  FROM pg_ident_file_mappings() i;

CREATE VIEW pg_timezone_abbrevs AS
  SELECT z.abbrev, z.utc_offset, z.is_dst
  FROM pg_timezone_abbrevs() z;

CREATE VIEW pg_timezone_names AS
  SELECT z.name, z.abbrev, z.utc_offset, z.is_dst
  FROM pg_timezone_names() z;

-- Security labels

CREATE VIEW pg_seclabels AS
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, CASE c.relkind WHEN 'v' THEN 'view'::text WHEN 'm' THEN 'materialized view'::text WHEN 'S' THEN 'sequence'::text
                     WHEN 'f' THEN 'foreign table'::text WHEN 'r' THEN 'table'::text WHEN 'p' THEN 'table'::text END AS objtype, c.relnamespace AS objnamespace,
         CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_class c ON l.classoid = c.tableoid AND l.objoid = c.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, 'column'::text AS objtype, c.relnamespace AS objnamespace,
         CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) || '.' || a.attname AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_class c ON l.classoid = c.tableoid AND l.objoid = c.oid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = l.objsubid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.objsubid <> 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, CASE p.prokind WHEN 'a' THEN 'aggregate'::text WHEN 'f' THEN 'function'::text WHEN 'p' THEN 'procedure'::text
                        WHEN 'w' THEN 'window'::text END AS objtype, p.pronamespace AS objnamespace,
         CASE WHEN pg_function_is_visible(p.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(p.proname) || '(' || pg_get_function_arguments(p.oid) || ')' AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_proc p ON l.classoid = p.tableoid AND l.objoid = p.oid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, CASE t.typtype WHEN 'd' THEN 'domain'::text ELSE 'type'::text END AS objtype, t.typnamespace AS objnamespace,
         CASE WHEN pg_type_is_visible(t.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(t.typname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_type t ON l.classoid = t.tableoid AND l.objoid = t.oid
  JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid, 'large object'::text, NULL::oid, l.objoid::text, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_largeobject_metadata o ON o.oid = l.objoid
  WHERE l.classoid = 2613 AND l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, 'language'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(g.lanname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_language g ON l.classoid = g.tableoid AND l.objoid = g.oid
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, 'schema'::text AS objtype, n.oid AS objnamespace,
         quote_ident(n.nspname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_namespace n ON l.classoid = n.tableoid AND l.objoid = n.oid
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, 'event trigger'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(e.evtname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_event_trigger e ON l.classoid = e.tableoid AND l.objoid = e.oid
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, l.objsubid AS objsubid, 'publication'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(b.pubname) AS objname, l.provider, l.label
  FROM pg_seclabel l
  JOIN pg_publication b ON l.classoid = b.tableoid AND l.objoid = b.oid
  WHERE l.objsubid = 0
  UNION ALL
  SELECT l.objoid, l.classoid, 0 AS objsubid, 'subscription'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(s.subname) AS objname, l.provider, l.label
  FROM pg_shseclabel l
  JOIN pg_subscription s ON l.classoid = s.tableoid AND l.objoid = s.oid
  UNION ALL
  SELECT l.objoid, l.classoid, 0 AS objsubid, 'database'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(d.datname) AS objname, l.provider, l.label
  FROM pg_shseclabel l
  JOIN pg_database d ON l.classoid = d.tableoid AND l.objoid = d.oid
  UNION ALL
  SELECT l.objoid, l.classoid, 0 AS objsubid, 'tablespace'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(s.spcname) AS objname, l.provider, l.label
  FROM pg_shseclabel l
  JOIN pg_tablespace s ON l.classoid = s.tableoid AND l.objoid = s.oid
  UNION ALL
  SELECT l.objoid, l.classoid, 0 AS objsubid, 'role'::text AS objtype, NULL::oid AS objnamespace,
         quote_ident(r.rolname) AS objname, l.provider, l.label
  FROM pg_shseclabel l
  JOIN pg_authid r ON l.classoid = r.tableoid AND l.objoid = r.oid;

-- Statistics of tables and indexes

CREATE VIEW pg_stat_all_tables AS
  SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
         pg_stat_get_numscans(c.oid) AS seq_scan,
         pg_stat_get_tuples_returned(c.oid) AS seq_tup_read,
         sum(pg_stat_get_numscans(i.indexrelid))::bigint AS idx_scan,
         sum(pg_stat_get_tuples_fetched(i.indexrelid))::bigint + pg_stat_get_tuples_fetched(c.oid) AS idx_tup_fetch,
         pg_stat_get_tuples_inserted(c.oid) AS n_tup_ins,
         pg_stat_get_tuples_updated(c.oid) AS n_tup_upd,
         pg_stat_get_tuples_deleted(c.oid) AS n_tup_del,
         pg_stat_get_tuples_hot_updated(c.oid) AS n_tup_hot_upd,
         pg_stat_get_live_tuples(c.oid) AS n_live_tup,
         pg_stat_get_dead_tuples(c.oid) AS n_dead_tup,
         pg_stat_get_mod_since_analyze(c.oid) AS n_mod_since_analyze,
         pg_stat_get_ins_since_vacuum(c.oid) AS n_ins_since_vacuum,
         pg_stat_get_last_vacuum_time(c.oid) AS last_vacuum,
         pg_stat_get_last_autovacuum_time(c.oid) AS last_autovacuum,
         pg_stat_get_last_analyze_time(c.oid) AS last_analyze,
         pg_stat_get_last_autoanalyze_time(c.oid) AS last_autoanalyze,
         pg_stat_get_vacuum_count(c.oid) AS vacuum_count,
         pg_stat_get_autovacuum_count(c.oid) AS autovacuum_count,
         pg_stat_get_analyze_count(c.oid) AS analyze_count,
         pg_stat_get_autoanalyze_count(c.oid) AS autoanalyze_count
  FROM pg_class c
  LEFT JOIN pg_index i ON i.indrelid = c.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 't', 'm', 'p')
  GROUP BY c.oid, n.nspname, c.relname;

CREATE VIEW pg_stat_sys_tables AS
  SELECT * FROM pg_stat_all_tables t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_stat_user_tables AS
  SELECT * FROM pg_stat_all_tables t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

CREATE VIEW pg_stat_xact_all_tables AS
  SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
         pg_stat_get_xact_numscans(c.oid) AS seq_scan,
         pg_stat_get_xact_tuples_returned(c.oid) AS seq_tup_read,
         sum(pg_stat_get_xact_numscans(i.indexrelid))::bigint AS idx_scan,
         sum(pg_stat_get_xact_tuples_fetched(i.indexrelid))::bigint + pg_stat_get_xact_tuples_fetched(c.oid)
           AS idx_tup_fetch,
         pg_stat_get_xact_tuples_inserted(c.oid) AS n_tup_ins,
         pg_stat_get_xact_tuples_updated(c.oid) AS n_tup_upd,
         pg_stat_get_xact_tuples_deleted(c.oid) AS n_tup_del,
         pg_stat_get_xact_tuples_hot_updated(c.oid) AS n_tup_hot_upd
  FROM pg_class c
  LEFT JOIN pg_index i ON i.indrelid = c.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 't', 'm', 'p')
  GROUP BY c.oid, n.nspname, c.relname;

CREATE VIEW pg_stat_xact_sys_tables AS
  SELECT * FROM pg_stat_xact_all_tables t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_stat_xact_user_tables AS
  SELECT * FROM pg_stat_xact_all_tables t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

CREATE VIEW pg_statio_all_tables AS
  SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
         pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS heap_blks_read,
         pg_stat_get_blocks_hit(c.oid) AS heap_blks_hit,
         own.blks_read AS idx_blks_read,
         own.blks_hit AS idx_blks_hit,
         pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid) AS toast_blks_read,
         pg_stat_get_blocks_hit(t.oid) AS toast_blks_hit,
         toast.blks_read AS tidx_blks_read,
         toast.blks_hit AS tidx_blks_hit
  FROM pg_class c
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid))::bigint AS blks_read,
           sum(pg_stat_get_blocks_hit(i.indexrelid))::bigint AS blks_hit
    FROM pg_index i WHERE i.indrelid = c.oid) own ON true
  LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid))::bigint AS blks_read,
           sum(pg_stat_get_blocks_hit(i.indexrelid))::bigint AS blks_hit
    FROM pg_index i WHERE i.indrelid = t.oid) toast ON true
  WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_statio_sys_tables AS
  SELECT * FROM pg_statio_all_tables t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_statio_user_tables AS
  SELECT * FROM pg_statio_all_tables t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

CREATE VIEW pg_stat_all_indexes AS
  SELECT c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname, i.relname AS indexrelname,
         pg_stat_get_numscans(i.oid) AS idx_scan,
         pg_stat_get_tuples_returned(i.oid) AS idx_tup_read,
         pg_stat_get_tuples_fetched(i.oid) AS idx_tup_fetch
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_stat_sys_indexes AS
  SELECT * FROM pg_stat_all_indexes t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_stat_user_indexes AS
  SELECT * FROM pg_stat_all_indexes t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

CREATE VIEW pg_statio_all_indexes AS
  SELECT c.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, c.relname, i.relname AS indexrelname,
         pg_stat_get_blocks_fetched(i.oid) - pg_stat_get_blocks_hit(i.oid) AS idx_blks_read,
         pg_stat_get_blocks_hit(i.oid) AS idx_blks_hit
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_statio_sys_indexes AS
  SELECT * FROM pg_statio_all_indexes t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_statio_user_indexes AS
  SELECT * FROM pg_statio_all_indexes t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

CREATE VIEW pg_statio_all_sequences AS
  SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
         pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS blks_read,
         pg_stat_get_blocks_hit(c.oid) AS blks_hit
  FROM pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S';

CREATE VIEW pg_statio_sys_sequences AS
  SELECT * FROM pg_statio_all_sequences t
  WHERE t.schemaname IN ('pg_catalog', 'information_schema') OR t.schemaname ~ '^pg_toast';

CREATE VIEW pg_statio_user_sequences AS
  SELECT * FROM pg_statio_all_sequences t
  WHERE t.schemaname NOT IN ('pg_catalog', 'information_schema') AND t.schemaname !~ '^pg_toast';

-- Activity

CREATE VIEW pg_stat_activity AS
  SELECT s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, a.rolname AS usename, s.application_name, s.client_addr,
         s.client_hostname, s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change,
         s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, s.query_id, s.query, s.backend_type
  FROM pg_stat_get_activity(NULL::integer) s
  LEFT JOIN pg_database d ON d.oid = s.datid
  LEFT JOIN pg_authid a ON a.oid = s.usesysid;

CREATE VIEW pg_stat_pool AS
  SELECT count(*)::integer AS groups, sum(g.size)::integer AS size, sum(g.workers)::integer AS workers,
         sum(g.serving)::integer AS serving, sum(g.listening)::integer AS listening, sum(g.waiting)::integer AS waiting,
         sum(g.idle)::integer AS idle, sum(g.long)::integer AS long, sum(g.sessions)::integer AS sessions,
         sum(g.queued)::integer AS queued,
         (SELECT coalesce(sum(p.memory_bytes), 0)::bigint FROM pg_stat_get_pool_sessions() p) AS memory_bytes
  FROM pg_stat_get_pool_groups() g;

CREATE VIEW pg_stat_pool_group AS
  SELECT g.group_id, g.size, g.workers, g.serving, g.listening, g.waiting, g.idle, g.long, g.sessions, g.queued
  FROM pg_stat_get_pool_groups() g;

CREATE VIEW pg_stat_pool_session AS
  SELECT p.pid, p.group_id, s.datname, s.usename, p.state, p.in_transaction, p.queue_position, p.queued_ms,
         p.memory_bytes, p.memory_bytes_max
  FROM pg_stat_get_pool_sessions() p
  LEFT JOIN pg_stat_activity s ON s.pid = p.pid;

CREATE VIEW pg_stat_ssl AS
  SELECT s.pid, s.ssl, s.sslversion AS version, s.sslcipher AS cipher, s.sslbits AS bits, s.ssl_client_dn AS client_dn,
         s.ssl_client_serial AS client_serial, s.ssl_issuer_dn AS issuer_dn
  FROM pg_stat_get_activity(NULL::integer) s
  WHERE s.client_port IS NOT NULL;

CREATE VIEW pg_stat_gssapi AS
  SELECT s.pid, s.gss_auth AS gss_authenticated, s.gss_princ AS principal, s.gss_enc AS encrypted
  FROM pg_stat_get_activity(NULL::integer) s
  WHERE s.client_port IS NOT NULL;

-- Statistics of databases and of the server

CREATE VIEW pg_stat_database AS
  SELECT d.oid AS datid, d.datname,
         CASE WHEN d.oid = 0::oid THEN 0 ELSE pg_stat_get_db_numbackends(d.oid) END AS numbackends,
         pg_stat_get_db_xact_commit(d.oid) AS xact_commit,
         pg_stat_get_db_xact_rollback(d.oid) AS xact_rollback,
         pg_stat_get_db_blocks_fetched(d.oid) - pg_stat_get_db_blocks_hit(d.oid) AS blks_read,
         pg_stat_get_db_blocks_hit(d.oid) AS blks_hit,
         pg_stat_get_db_tuples_returned(d.oid) AS tup_returned,
         pg_stat_get_db_tuples_fetched(d.oid) AS tup_fetched,
         pg_stat_get_db_tuples_inserted(d.oid) AS tup_inserted,
         pg_stat_get_db_tuples_updated(d.oid) AS tup_updated,
         pg_stat_get_db_tuples_deleted(d.oid) AS tup_deleted,
         pg_stat_get_db_conflict_all(d.oid) AS conflicts,
         pg_stat_get_db_temp_files(d.oid) AS temp_files,
         pg_stat_get_db_temp_bytes(d.oid) AS temp_bytes,
         pg_stat_get_db_deadlocks(d.oid) AS deadlocks,
         pg_stat_get_db_checksum_failures(d.oid) AS checksum_failures,
         pg_stat_get_db_checksum_last_failure(d.oid) AS checksum_last_failure,
         pg_stat_get_db_blk_read_time(d.oid) AS blk_read_time,
         pg_stat_get_db_blk_write_time(d.oid) AS blk_write_time,
         pg_stat_get_db_session_time(d.oid) AS session_time,
         pg_stat_get_db_active_time(d.oid) AS active_time,
         pg_stat_get_db_idle_in_transaction_time(d.oid) AS idle_in_transaction_time,
         pg_stat_get_db_sessions(d.oid) AS sessions,
         pg_stat_get_db_sessions_abandoned(d.oid) AS sessions_abandoned,
         pg_stat_get_db_sessions_fatal(d.oid) AS sessions_fatal,
         pg_stat_get_db_sessions_killed(d.oid) AS sessions_killed,
         pg_stat_get_db_stat_reset_time(d.oid) AS stats_reset
  FROM (SELECT 0::oid AS oid, NULL::name AS datname UNION ALL SELECT b.oid, b.datname FROM pg_database b) d;

CREATE VIEW pg_stat_database_conflicts AS
  SELECT d.oid AS datid, d.datname,
         pg_stat_get_db_conflict_tablespace(d.oid) AS confl_tablespace,
         pg_stat_get_db_conflict_lock(d.oid) AS confl_lock,
         pg_stat_get_db_conflict_snapshot(d.oid) AS confl_snapshot,
         pg_stat_get_db_conflict_bufferpin(d.oid) AS confl_bufferpin,
         pg_stat_get_db_conflict_startup_deadlock(d.oid) AS confl_deadlock
  FROM pg_database d;

CREATE VIEW pg_stat_user_functions AS
  SELECT p.oid AS funcid, n.nspname AS schemaname, p.proname AS funcname,
         pg_stat_get_function_calls(p.oid) AS calls,
         pg_stat_get_function_total_time(p.oid) AS total_time,
         pg_stat_get_function_self_time(p.oid) AS self_time
  FROM pg_proc p
  LEFT JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prolang <> 12 AND pg_stat_get_function_calls(p.oid) IS NOT NULL;

CREATE VIEW pg_stat_xact_user_functions AS
  SELECT p.oid AS funcid, n.nspname AS schemaname, p.proname AS funcname,
         pg_stat_get_xact_function_calls(p.oid) AS calls,
         pg_stat_get_xact_function_total_time(p.oid) AS total_time,
         pg_stat_get_xact_function_self_time(p.oid) AS self_time
  FROM pg_proc p
  LEFT JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prolang <> 12 AND pg_stat_get_xact_function_calls(p.oid) IS NOT NULL;

CREATE VIEW pg_stat_archiver AS
  SELECT s.archived_count, s.last_archived_wal, s.last_archived_time, s.failed_count, s.last_failed_wal,
         s.last_failed_time, s.stats_reset
  FROM pg_stat_get_archiver() s;

CREATE VIEW pg_stat_bgwriter AS
  SELECT pg_stat_get_bgwriter_timed_checkpoints() AS checkpoints_timed,
         pg_stat_get_bgwriter_requested_checkpoints() AS checkpoints_req,
         pg_stat_get_checkpoint_write_time() AS checkpoint_write_time,
         pg_stat_get_checkpoint_sync_time() AS checkpoint_sync_time,
         pg_stat_get_bgwriter_buf_written_checkpoints() AS buffers_checkpoint,
         pg_stat_get_bgwriter_buf_written_clean() AS buffers_clean,
         pg_stat_get_bgwriter_maxwritten_clean() AS maxwritten_clean,
         pg_stat_get_buf_written_backend() AS buffers_backend,
         pg_stat_get_buf_fsync_backend() AS buffers_backend_fsync,
         pg_stat_get_buf_alloc() AS buffers_alloc,
         pg_stat_get_bgwriter_stat_reset_time() AS stats_reset;

CREATE VIEW pg_stat_wal AS
  SELECT w.wal_records, w.wal_fpi, w.wal_bytes, w.wal_buffers_full, w.wal_write, w.wal_sync, w.wal_write_time,
         w.wal_sync_time, w.stats_reset
  FROM pg_stat_get_wal() w;

CREATE VIEW pg_stat_slru AS
  SELECT s.name, s.blks_zeroed, s.blks_hit, s.blks_read, s.blks_written, s.blks_exists, s.flushes, s.truncates,
         s.stats_reset
  FROM pg_stat_get_slru() s;

-- Progress of long commands

CREATE VIEW pg_stat_progress_analyze AS
  SELECT p.pid, p.datid, d.datname, p.relid,
         CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'acquiring sample rows'
                       WHEN 2 THEN 'acquiring inherited sample rows' WHEN 3 THEN 'computing statistics'
                       WHEN 4 THEN 'computing extended statistics' WHEN 5 THEN 'finalizing analyze' END AS phase,
         p.param2 AS sample_blks_total, p.param3 AS sample_blks_scanned, p.param4 AS ext_stats_total,
         p.param5 AS ext_stats_computed, p.param6 AS child_tables_total, p.param7 AS child_tables_done,
         p.param8::oid AS current_child_table_relid
  FROM pg_stat_get_progress_info('ANALYZE'::text) p
  LEFT JOIN pg_database d ON d.oid = p.datid;

CREATE VIEW pg_stat_progress_vacuum AS
  SELECT p.pid, p.datid, d.datname, p.relid,
         CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'scanning heap' WHEN 2 THEN 'vacuuming indexes'
                       WHEN 3 THEN 'vacuuming heap' WHEN 4 THEN 'cleaning up indexes' WHEN 5 THEN 'truncating heap'
                       WHEN 6 THEN 'performing final cleanup' END AS phase,
         p.param2 AS heap_blks_total, p.param3 AS heap_blks_scanned, p.param4 AS heap_blks_vacuumed,
         p.param5 AS index_vacuum_count, p.param6 AS max_dead_tuples, p.param7 AS num_dead_tuples
  FROM pg_stat_get_progress_info('VACUUM'::text) p
  LEFT JOIN pg_database d ON d.oid = p.datid;

CREATE VIEW pg_stat_progress_cluster AS
  SELECT p.pid, p.datid, d.datname, p.relid,
         CASE p.param1 WHEN 1 THEN 'CLUSTER' WHEN 2 THEN 'VACUUM FULL' END AS command,
         CASE p.param2 WHEN 0 THEN 'initializing' WHEN 1 THEN 'seq scanning heap' WHEN 2 THEN 'index scanning heap'
                       WHEN 3 THEN 'sorting tuples' WHEN 4 THEN 'writing new heap' WHEN 5 THEN 'swapping relation files'
                       WHEN 6 THEN 'rebuilding index' WHEN 7 THEN 'performing final cleanup' END AS phase,
         p.param3::oid AS cluster_index_relid, p.param4 AS heap_tuples_scanned, p.param5 AS heap_tuples_written,
         p.param6 AS heap_blks_total, p.param7 AS heap_blks_scanned, p.param8 AS index_rebuild_count
  FROM pg_stat_get_progress_info('CLUSTER'::text) p
  LEFT JOIN pg_database d ON d.oid = p.datid;

CREATE VIEW pg_stat_progress_create_index AS
  SELECT p.pid, p.datid, d.datname, p.relid, p.param7::oid AS index_relid,
         CASE p.param1 WHEN 1 THEN 'CREATE INDEX' WHEN 2 THEN 'CREATE INDEX CONCURRENTLY' WHEN 3 THEN 'REINDEX'
                       WHEN 4 THEN 'REINDEX CONCURRENTLY' END AS command,
         CASE p.param10 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for writers before build'
                        WHEN 2 THEN 'building index' ||
                                    coalesce(': ' || pg_indexam_progress_phasename(p.param9::oid, p.param11), '')
                        WHEN 3 THEN 'waiting for writers before validation'
                        WHEN 4 THEN 'index validation: scanning index' WHEN 5 THEN 'index validation: sorting tuples'
                        WHEN 6 THEN 'index validation: scanning table' WHEN 7 THEN 'waiting for old snapshots'
                        WHEN 8 THEN 'waiting for readers before marking dead'
                        WHEN 9 THEN 'waiting for readers before dropping' END AS phase,
         p.param4 AS lockers_total, p.param5 AS lockers_done, p.param6 AS current_locker_pid,
         p.param16 AS blocks_total, p.param17 AS blocks_done, p.param12 AS tuples_total, p.param13 AS tuples_done,
         p.param14 AS partitions_total, p.param15 AS partitions_done
  FROM pg_stat_get_progress_info('CREATE INDEX'::text) p
  LEFT JOIN pg_database d ON d.oid = p.datid;

CREATE VIEW pg_stat_progress_copy AS
  SELECT p.pid, p.datid, d.datname, p.relid,
         CASE p.param5 WHEN 1 THEN 'COPY FROM' WHEN 2 THEN 'COPY TO' END AS command,
         CASE p.param6 WHEN 1 THEN 'FILE' WHEN 2 THEN 'PROGRAM' WHEN 3 THEN 'PIPE' WHEN 4 THEN 'CALLBACK' END AS "type",
         p.param1 AS bytes_processed, p.param2 AS bytes_total, p.param3 AS tuples_processed,
         p.param4 AS tuples_excluded
  FROM pg_stat_get_progress_info('COPY'::text) p
  LEFT JOIN pg_database d ON d.oid = p.datid;

CREATE VIEW pg_stat_progress_basebackup AS
  SELECT p.pid,
         CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for checkpoint to finish'
                       WHEN 2 THEN 'estimating backup size' WHEN 3 THEN 'streaming database files'
                       WHEN 4 THEN 'waiting for wal archiving to finish' WHEN 5 THEN 'transferring wal files' END AS phase,
         CASE p.param2 WHEN -1 THEN NULL ELSE p.param2 END AS backup_total,
         p.param3 AS backup_streamed, p.param4 AS tablespaces_total, p.param5 AS tablespaces_streamed
  FROM pg_stat_get_progress_info('BASEBACKUP'::text) p;

-- Replication

CREATE VIEW pg_stat_replication AS
  SELECT s.pid, s.usesysid, a.rolname AS usename, s.application_name, s.client_addr, s.client_hostname, s.client_port,
         s.backend_start, s.backend_xmin, w.state, w.sent_lsn, w.write_lsn, w.flush_lsn, w.replay_lsn, w.write_lag,
         w.flush_lag, w.replay_lag, w.sync_priority, w.sync_state, w.reply_time
  FROM pg_stat_get_activity(NULL::integer) s
  JOIN pg_stat_get_wal_senders() w ON w.pid = s.pid
  LEFT JOIN pg_authid a ON a.oid = s.usesysid;

CREATE VIEW pg_stat_wal_receiver AS
  SELECT r.pid, r.status, r.receive_start_lsn, r.receive_start_tli, r.written_lsn, r.flushed_lsn, r.received_tli,
         r.last_msg_send_time, r.last_msg_receipt_time, r.latest_end_lsn, r.latest_end_time, r.slot_name, r.sender_host,
         r.sender_port, r.conninfo
  FROM pg_stat_get_wal_receiver() r
  WHERE r.pid IS NOT NULL;

CREATE VIEW pg_stat_recovery_prefetch AS
  SELECT p.stats_reset, p.prefetch, p.hit, p.skip_init, p.skip_new, p.skip_fpw, p.skip_rep, p.wal_distance,
         p.block_distance, p.io_depth
  FROM pg_stat_get_recovery_prefetch() p;

CREATE VIEW pg_replication_slots AS
  SELECT s.slot_name, s.plugin, s.slot_type, s.datoid, d.datname AS database, s.temporary, s.active, s.active_pid, s.xmin,
         s.catalog_xmin, s.restart_lsn, s.confirmed_flush_lsn, s.wal_status, s.safe_wal_size, s.two_phase
  FROM pg_get_replication_slots() s
  LEFT JOIN pg_database d ON d.oid = s.datoid;

CREATE VIEW pg_stat_replication_slots AS
  SELECT c.slot_name, c.spill_txns, c.spill_count, c.spill_bytes, c.stream_txns, c.stream_count, c.stream_bytes,
         c.total_txns, c.total_bytes, c.stats_reset
  FROM pg_replication_slots s, LATERAL pg_stat_get_replication_slot(s.slot_name::text) c
  WHERE s.datoid IS NOT NULL;

CREATE VIEW pg_replication_origin_status AS
  SELECT o.local_id, o.external_id, o.remote_lsn, o.local_lsn
  FROM pg_show_replication_origin_status() o;

CREATE VIEW pg_publication_tables AS
  SELECT p.pubname, n.nspname AS schemaname, c.relname AS tablename,
         (SELECT array_agg(a.attname ORDER BY a.attnum)
          FROM pg_attribute a
          WHERE a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
            AND (t.attrs IS NULL OR a.attnum = ANY (t.attrs))) AS attnames,
         pg_get_expr(t.qual, t.relid) AS rowfilter
  FROM pg_publication p, LATERAL pg_get_publication_tables(p.pubname::text) t, pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = t.relid;

CREATE VIEW pg_stat_subscription AS
  SELECT s.oid AS subid, s.subname, w.pid, w.relid, w.received_lsn, w.last_msg_send_time, w.last_msg_receipt_time,
         w.latest_end_lsn, w.latest_end_time
  FROM pg_subscription s
  LEFT JOIN pg_stat_get_subscription(NULL::oid) w ON w.subid = s.oid;

CREATE VIEW pg_stat_subscription_stats AS
  SELECT c.subid, s.subname, c.apply_error_count, c.sync_error_count, c.stats_reset
  FROM pg_subscription s, LATERAL pg_stat_get_subscription_stats(s.oid) c;

-- Extensions, foreign servers, extended statistics, the build

CREATE VIEW pg_available_extensions AS
  SELECT e.name, e.default_version, x.extversion AS installed_version, e.comment
  FROM pg_available_extensions() e
  LEFT JOIN pg_extension x ON x.extname = e.name;

CREATE VIEW pg_available_extension_versions AS
  SELECT e.name, e.version, x.extname IS NOT NULL AS installed, e.superuser, e.trusted, e.relocatable, e.schema,
         e.requires, e.comment
  FROM pg_available_extension_versions() e
  LEFT JOIN pg_extension x ON x.extname = e.name AND x.extversion = e.version;

CREATE VIEW pg_user_mappings AS
  SELECT m.oid AS umid, s.oid AS srvid, s.srvname, m.umuser,
         CASE WHEN m.umuser = 0::oid THEN 'public'::name ELSE a.rolname END AS usename,
         CASE WHEN m.umuser <> 0::oid AND a.rolname = current_user
                   AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE'::text))
                OR m.umuser = 0::oid AND pg_has_role(s.srvowner, 'USAGE')
                OR (SELECT u.rolsuper FROM pg_authid u WHERE u.rolname = current_user)
              THEN m.umoptions END AS umoptions
  FROM pg_user_mapping m
  JOIN pg_foreign_server s ON s.oid = m.umserver
  LEFT JOIN pg_authid a ON a.oid = m.umuser;

CREATE VIEW pg_stats_ext AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
         s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner,
         (SELECT array_agg(a.attname ORDER BY a.attnum)
          FROM unnest(s.stxkeys) k
          JOIN pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = k) AS attnames,
         pg_get_statisticsobjdef_expressions(s.oid) AS exprs, s.stxkind AS kinds, d.stxdinherit AS inherited,
         d.stxdndistinct AS n_distinct, d.stxddependencies AS dependencies, m.most_common_vals, m.most_common_val_nulls,
         m.most_common_freqs, m.most_common_base_freqs
  FROM pg_statistic_ext s
  JOIN pg_class c ON c.oid = s.stxrelid
  JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  LEFT JOIN LATERAL (SELECT array_agg(i.values) AS most_common_vals, array_agg(i.nulls) AS most_common_val_nulls,
                            array_agg(i.frequency) AS most_common_freqs,
                            array_agg(i.base_frequency) AS most_common_base_freqs
                     FROM pg_mcv_list_items(d.stxdmcv) i) m ON d.stxdmcv IS NOT NULL
  WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

CREATE VIEW pg_stats_ext_exprs AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
         s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner, e.expr,
         d.stxdinherit AS inherited, (e.a).stanullfrac AS null_frac, (e.a).stawidth AS avg_width,
         (e.a).stadistinct AS n_distinct,
         CASE WHEN (e.a).stakind1 = 1 THEN (e.a).stavalues1 WHEN (e.a).stakind2 = 1 THEN (e.a).stavalues2
              WHEN (e.a).stakind3 = 1 THEN (e.a).stavalues3 WHEN (e.a).stakind4 = 1 THEN (e.a).stavalues4
              WHEN (e.a).stakind5 = 1 THEN (e.a).stavalues5 END AS most_common_vals,
         CASE WHEN (e.a).stakind1 = 1 THEN (e.a).stanumbers1 WHEN (e.a).stakind2 = 1 THEN (e.a).stanumbers2
              WHEN (e.a).stakind3 = 1 THEN (e.a).stanumbers3 WHEN (e.a).stakind4 = 1 THEN (e.a).stanumbers4
              WHEN (e.a).stakind5 = 1 THEN (e.a).stanumbers5 END AS most_common_freqs,
         CASE WHEN (e.a).stakind1 = 2 THEN (e.a).stavalues1 WHEN (e.a).stakind2 = 2 THEN (e.a).stavalues2
              WHEN (e.a).stakind3 = 2 THEN (e.a).stavalues3 WHEN (e.a).stakind4 = 2 THEN (e.a).stavalues4
              WHEN (e.a).stakind5 = 2 THEN (e.a).stavalues5 END AS histogram_bounds,
         CASE WHEN (e.a).stakind1 = 3 THEN (e.a).stanumbers1[1] WHEN (e.a).stakind2 = 3 THEN (e.a).stanumbers2[1]
              WHEN (e.a).stakind3 = 3 THEN (e.a).stanumbers3[1] WHEN (e.a).stakind4 = 3 THEN (e.a).stanumbers4[1]
              WHEN (e.a).stakind5 = 3 THEN (e.a).stanumbers5[1] END AS correlation,
         CASE WHEN (e.a).stakind1 = 4 THEN (e.a).stavalues1 WHEN (e.a).stakind2 = 4 THEN (e.a).stavalues2
              WHEN (e.a).stakind3 = 4 THEN (e.a).stavalues3 WHEN (e.a).stakind4 = 4 THEN (e.a).stavalues4
              WHEN (e.a).stakind5 = 4 THEN (e.a).stavalues5 END AS most_common_elems,
         CASE WHEN (e.a).stakind1 = 4 THEN (e.a).stanumbers1 WHEN (e.a).stakind2 = 4 THEN (e.a).stanumbers2
              WHEN (e.a).stakind3 = 4 THEN (e.a).stanumbers3 WHEN (e.a).stakind4 = 4 THEN (e.a).stanumbers4
              WHEN (e.a).stakind5 = 4 THEN (e.a).stanumbers5 END AS most_common_elem_freqs,
         CASE WHEN (e.a).stakind1 = 5 THEN (e.a).stanumbers1 WHEN (e.a).stakind2 = 5 THEN (e.a).stanumbers2
              WHEN (e.a).stakind3 = 5 THEN (e.a).stanumbers3 WHEN (e.a).stakind4 = 5 THEN (e.a).stanumbers4
              WHEN (e.a).stakind5 = 5 THEN (e.a).stanumbers5 END AS elem_count_histogram
  FROM pg_statistic_ext s
  JOIN pg_class c ON c.oid = s.stxrelid
  LEFT JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  JOIN LATERAL (SELECT unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS expr, unnest(d.stxdexpr) AS a) e
    ON e.expr IS NOT NULL
  WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid));

CREATE VIEW pg_config AS
  SELECT c.name, c.setting
  FROM pg_config() c;
