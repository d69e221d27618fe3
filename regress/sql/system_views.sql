--
-- The views of pg_catalog and information_schema: columns and types are PostgreSQL's, and what is not there is shown as nothing.
--
-- Two views of PostgreSQL's memory are not there; those of faults and of the thread pool are our own.
select c.relname, count(*) as columns, md5(string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' order by attnum)) as types
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v' and attnum > 0 and c.relname not in ('pg_backend_memory_contexts', 'pg_shmem_allocations', 'woolly_faults') and c.relname !~ '^pg_stat_pool'
group by c.relname order by c.relname;
select c.relname, c.relkind, count(*) as columns, md5(string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' order by attnum)) as types
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'information_schema'::regnamespace and c.relkind in ('r', 'v') and attnum > 0
group by c.relname, c.relkind order by c.relname;
select table_name, column_name, ordinal_position, data_type, domain_name, udt_name, is_nullable from information_schema.columns where table_schema = 'information_schema' and table_name in ('columns', 'foreign_tables', 'sql_features', 'user_mappings') order by 1, 3;
-- who may read them
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v') and n.nspname in ('pg_catalog', 'information_schema') and not has_table_privilege('pg_monitor', c.oid, 'select')
  and c.relname not in ('pg_largeobject', 'pg_subscription', 'woolly_faults') and c.relname !~ '^pg_stat_pool' order by 1, 2;
-- replication: there is none
select count(*) from pg_stat_replication;
select count(*) from pg_stat_wal_receiver;
select count(*) from pg_replication_slots;
select count(*) from pg_stat_replication_slots;
select count(*) from pg_replication_origin_status;
select count(*) from pg_publication_tables;
select count(*) from pg_stat_subscription;
select count(*) from pg_stat_subscription_stats;
select count(*) from pg_stat_progress_basebackup;
select count(*), max(io_depth) from pg_stat_recovery_prefetch;
select (pg_stat_get_replication_slot('x')).*;
select (pg_stat_get_subscription_stats(7)).*;
select pg_stat_reset_replication_slot(null), pg_stat_reset_subscription_stats(null);
select pg_stat_reset_replication_slot('x');
select pg_stat_reset_subscription_stats(0);
select * from pg_get_publication_tables('x');
select pg_is_in_recovery(), pg_last_wal_receive_lsn(), pg_last_xact_replay_timestamp();
select pg_promote();
select pg_wal_replay_pause();
select pg_wal_replay_resume();
select pg_get_wal_replay_pause_state();
-- nor extended statistics, foreign servers, times of commits
select count(*) from pg_stats_ext;
select count(*) from pg_stats_ext_exprs;
select count(*) from pg_user_mappings;
select count(*) from information_schema.foreign_tables;
select count(*) from information_schema.foreign_servers;
select count(*) from information_schema.user_mapping_options;
select count(*) from information_schema.column_options;
select has_server_privilege('x', 'usage');
select has_server_privilege('postgres', 1::oid, 'usage') is null as none, has_foreign_data_wrapper_privilege(1::oid, 'usage') is null as none;
select has_foreign_data_wrapper_privilege('public', 'x', 'usage');
select has_server_privilege(1::oid, 'select');
select pg_xact_commit_timestamp('3'::xid);
select * from pg_last_committed_xact();
select pg_safe_snapshot_blocking_pids(1), pg_conversion_is_visible(1), pg_ts_parser_is_visible(1), pg_ts_dict_is_visible(1), pg_ts_template_is_visible(1), pg_ts_config_is_visible(1);
select aclinsert('{}', '=r/postgres'::aclitem);
select aclremove('{}', '=r/postgres'::aclitem);
-- the control file and the log
select checkpoint_lsn >= redo_lsn and redo_lsn > '0/0' as begun, redo_wal_file ~ '^00000001[0-9A-F]{16}$' as file, timeline_id, prev_timeline_id, full_page_writes, next_xid ~ '^0:[0-9]+$' as xid, next_oid > 16383 as oid, checkpoint_time > '2000-01-01' as time from pg_control_checkpoint();
select system_identifier > 0 as made, catalog_version_no, pg_control_last_modified > '2000-01-01' as young from pg_control_system();
select max_data_alignment, database_block_size, blocks_per_segment, wal_block_size, bytes_per_wal_segment, max_identifier_length, max_index_columns, float8_pass_by_value from pg_control_init();
select * from pg_control_recovery();
select rm_name from pg_get_wal_resource_managers() where rm_builtin and rm_name in ('XLOG', 'Transaction', 'Heap', 'Btree', 'Sequence') order by rm_id;
select * from pg_walfile_name_offset('1/1000000');
select (pg_walfile_name_offset('0/2000028')).*;
-- the build
select name from pg_config order by name;
select count(*) from pg_available_extension_versions where name = 'no_such_extension';
select count(*) from pg_available_extensions where name = 'no_such_extension';
