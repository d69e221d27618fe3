-- Everybody may read the views of pg_catalog, but for those that show secrets (pg_shadow, pg_file_settings,
-- pg_hba_file_rules, pg_ident_file_mappings), and all of information_schema. The privileges of catalogs and functions come
-- with the bootstrap script. pg_init_privs remembers them all, so that pg_dump leaves them alone.

GRANT SELECT ON
  pg_roles, pg_group, pg_user, pg_policies, pg_rules, pg_views, pg_tables, pg_matviews, pg_indexes, pg_sequences,
  pg_stats, pg_prepared_xacts, pg_locks, pg_cursors, pg_prepared_statements, pg_settings, pg_timezone_abbrevs,
  pg_timezone_names, pg_stat_all_tables, pg_stat_sys_tables, pg_stat_user_tables, pg_stat_xact_all_tables,
  pg_stat_xact_sys_tables, pg_stat_xact_user_tables, pg_statio_all_tables, pg_statio_sys_tables,
  pg_statio_user_tables, pg_stat_all_indexes, pg_stat_sys_indexes, pg_stat_user_indexes, pg_statio_all_indexes,
  pg_statio_sys_indexes, pg_statio_user_indexes, pg_statio_all_sequences, pg_statio_sys_sequences,
  pg_statio_user_sequences, pg_stat_activity, pg_stat_ssl, pg_stat_gssapi, pg_stat_database,
  pg_stat_database_conflicts, pg_stat_user_functions, pg_stat_xact_user_functions, pg_stat_archiver,
  pg_stat_bgwriter, pg_stat_wal, pg_stat_slru, pg_stat_progress_analyze, pg_stat_progress_vacuum,
  pg_stat_progress_cluster, pg_stat_progress_create_index, pg_stat_progress_copy
  TO PUBLIC;

GRANT UPDATE ON pg_settings TO PUBLIC;

GRANT SELECT ON ALL TABLES IN SCHEMA information_schema TO PUBLIC;

INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  SELECT c.oid, 1259::oid, 0, 'i'::"char", c.relacl
  FROM pg_class c
  WHERE c.relacl IS NOT NULL AND c.oid >= 12000::oid;
