--
-- What monitoring tools ask: each query of theirs must be answered, whatever the numbers are.
--
create function mon_ok(rows bigint) returns text language sql as 'select case when $1 >= 0 then ''answered'' end';
-- sizes, ages, limits
select mon_ok(count(*)) from (select pg_database.datname, pg_database.datconnlimit, pg_database_size(pg_database.datname) from pg_database) q;
select mon_ok(count(*)) from (select datname, age(d.datfrozenxid) as age_datfrozenxid, mxid_age(d.datminmxid) as age_datminmxid from pg_catalog.pg_database d where d.datallowconn) q;
select mon_ok(count(*)) from (select freez, txns, round(100 * (txns / freez::float)) as perc, datname from (select foo.freez::int, age(datfrozenxid) as txns, datname from pg_database d join (select setting as freez from pg_settings where name = 'autovacuum_freeze_max_age') as foo on (true) where d.datallowconn) as foo2 order by 3 desc, 4 asc) q;
select mon_ok(count(*)) from (select rolname, rolconnlimit from pg_roles) q;
select mon_ok(count(*)) from (select name, setting, coalesce(unit, ''), short_desc, vartype from pg_settings where vartype in ('bool', 'integer', 'real') and name != 'sync_commit_cancel_wait') q;
-- who does what
select mon_ok(count(*)) from (
  select pg_database.datname as datname, tmp.mode as mode, coalesce(count, 0) as count
  from (values ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'), ('sharelock'), ('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'), ('sireadlock')) as tmp(mode)
  cross join pg_database
  left join (select database, lower(mode) as mode, count(*) as count from pg_locks where database is not null group by database, lower(mode)) as tmp2
    on tmp.mode = tmp2.mode and pg_database.oid = tmp2.database order by 1) q;
select mon_ok(count(*)) from (
  select pg_database.datname, tmp.state, tmp2.usename, tmp2.application_name, tmp2.backend_type, tmp2.wait_event_type, tmp2.wait_event, coalesce(count, 0) as count, coalesce(max_tx_duration, 0) as max_tx_duration
  from (values ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'), ('fastpath function call'), ('disabled')) as tmp(state)
  cross join pg_database
  left join (select datname, state, usename, application_name, backend_type, wait_event_type, wait_event, count(*) as count, max(extract(epoch from now() - xact_start))::float as max_tx_duration
             from pg_stat_activity group by datname, state, usename, application_name, backend_type, wait_event_type, wait_event) as tmp2
    on tmp.state = tmp2.state and pg_database.datname = tmp2.datname) q;
select mon_ok(count(*)) from (select count(*) as transactions, max(extract(epoch from clock_timestamp() - pg_stat_activity.xact_start)) as oldest_timestamp_seconds from pg_catalog.pg_stat_activity where state is distinct from 'idle' and query not like 'autovacuum:%' and pg_stat_activity.xact_start is not null) q;
select mon_ok(count(*)) from (
  with metrics as (
    select state, application_name, sum(extract(epoch from (current_timestamp - state_change))::bigint)::float as process_idle_seconds_sum, count(*) as process_idle_seconds_count
    from pg_stat_activity where state ~ '^idle' group by state, application_name),
  buckets as (
    select state, application_name, le, sum(case when extract(epoch from (current_timestamp - state_change)) <= le then 1 else 0 end)::bigint as bucket
    from pg_stat_activity, unnest(array[1, 2, 5, 15, 30, 60, 90, 120, 300]) as le group by state, application_name, le order by state, application_name, le)
  select state, application_name, process_idle_seconds_sum as seconds_sum, process_idle_seconds_count as seconds_count, array_agg(le) as seconds, array_agg(bucket) as seconds_bucket
  from metrics join buckets using (state, application_name) group by 1, 2, 3, 4) q;
select mon_ok(count(*)) from (select split_part(query, '.', 2) as relname, query_start from pg_catalog.pg_stat_activity where query like 'autovacuum:%') q;
select blocked.pid from pg_stat_activity blocked join pg_stat_activity blocking on blocking.pid = any (pg_blocking_pids(blocked.pid)) where false;
-- the server's start, log and replicas
select extract(epoch from pg_postmaster_start_time) > 0 as started from pg_postmaster_start_time();
select count(*) > 0 as segments, sum(size) > 0 as size from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$';
select count(*) > 0 as segments from pg_ls_dir('pg_wal') where pg_ls_dir ~ E'^[0-9A-F]{24}$';
select count(*) as ready from pg_ls_dir('pg_wal/archive_status') where pg_ls_dir ~ E'^[0-9A-F]{24}.ready$';
select case when not pg_is_in_recovery() then 0 when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 else greatest(0, extract(epoch from (now() - pg_last_xact_replay_timestamp()))) end as lag, case when pg_is_in_recovery() then 1 else 0 end as is_replica;
select slot_name, slot_type, case when pg_is_in_recovery() then pg_last_wal_receive_lsn() - '0/0' else pg_current_wal_lsn() - '0/0' end as current_wal_lsn, coalesce(confirmed_flush_lsn, '0/0') - '0/0' as confirmed_flush_lsn, active, safe_wal_size, wal_status from pg_replication_slots;
select slot_name, plugin, slot_type, datoid, database, active, active_pid, xmin, catalog_xmin, restart_lsn, confirmed_flush_lsn from pg_replication_slots;
select count(*) from (
  select *, (case pg_is_in_recovery() when 't' then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end) as pg_current_wal_lsn,
    (case pg_is_in_recovery() when 't' then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_lsn('0/0'))::float else pg_wal_lsn_diff(pg_current_wal_lsn(), pg_lsn('0/0'))::float end) as pg_current_wal_lsn_bytes,
    (case pg_is_in_recovery() when 't' then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), replay_lsn)::float else pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float end) as pg_wal_lsn_diff
  from pg_stat_replication) q;
select count(*) from (select trim(both '''' from substring(conninfo from 'host=([^ ]*)')) as upstream_host, slot_name, status, (receive_start_lsn - '0/0') % (2^52)::bigint as receive_start_lsn, receive_start_tli, received_tli, extract(epoch from last_msg_send_time) as last_msg_send_time from pg_catalog.pg_stat_wal_receiver) q;
select mon_ok(count(*)) from (select *, extract(epoch from now() - last_archived_time) as last_archive_age from pg_stat_archiver) q;
select mon_ok(count(*)) from (select checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint, buffers_clean, maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc, stats_reset from pg_stat_bgwriter) q;
select transaction, gid, prepared, owner, database from pg_prepared_xacts;
-- databases, tables, indexes
select mon_ok(count(*)) from (select datid, datname, numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks, blk_read_time, blk_write_time, active_time, stats_reset from pg_stat_database) q;
select mon_ok(count(*)) from (select * from pg_stat_database_conflicts) q;
select mon_ok(count(*)) from (select current_database() datname, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze, coalesce(last_vacuum, '1970-01-01z') as last_vacuum, coalesce(last_autovacuum, '1970-01-01z') as last_autovacuum, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count, pg_total_relation_size(relid) as total_size from pg_stat_user_tables) q;
select mon_ok(count(*)) from (select current_database() datname, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit from pg_statio_user_tables) q;
select mon_ok(count(*)) from (select schemaname, relname, indexrelname, idx_blks_hit, idx_blks_read from pg_statio_user_indexes) q;
select mon_ok(count(*)) from (select d.datname, s.relid::regclass::text as relname, case s.phase when 'initializing' then 0 when 'scanning heap' then 1 end as phase, s.heap_blks_total, s.heap_blks_scanned, s.heap_blks_vacuumed, s.index_vacuum_count, s.max_dead_tuples, s.num_dead_tuples from pg_stat_progress_vacuum s left join pg_database d on s.datid = d.oid) q;
select mon_ok(count(*)) from (
  select current_database() as db, schemaname, tablename, reltuples::bigint as tups, relpages::bigint as pages, otta,
    round(case when otta = 0 or sml.relpages = 0 or sml.relpages = otta then 0.0 else sml.relpages / otta::numeric end, 1) as tbloat
  from (
    select nn.nspname as schemaname, cc.relname as tablename, coalesce(cc.reltuples, 0) as reltuples, coalesce(cc.relpages, 0) as relpages,
      coalesce(ceil((cc.reltuples * ((datahdr + ma - (case when datahdr % ma = 0 then ma else datahdr % ma end)) + nullhdr2 + 4)) / (bs - 20::float)), 0) as otta
    from pg_class cc
    join pg_namespace nn on cc.relnamespace = nn.oid and nn.nspname <> 'information_schema'
    left join (
      select ma, bs, foo.nspname, foo.relname, (datawidth + (hdr + ma - (case when hdr % ma = 0 then ma else hdr % ma end)))::numeric as datahdr,
        (maxfracsum * (nullhdr + ma - (case when nullhdr % ma = 0 then ma else nullhdr % ma end))) as nullhdr2
      from (
        select ns.nspname, tbl.relname, hdr, ma, bs, sum((1 - coalesce(null_frac, 0)) * coalesce(avg_width, 2048)) as datawidth, max(coalesce(null_frac, 0)) as maxfracsum,
          hdr + (select 1 + count(*) / 8 from pg_stats s2 where null_frac <> 0 and s2.schemaname = ns.nspname and s2.tablename = tbl.relname) as nullhdr
        from pg_attribute att
        join pg_class tbl on att.attrelid = tbl.oid
        join pg_namespace ns on ns.oid = tbl.relnamespace
        left join pg_stats s on s.schemaname = ns.nspname and s.tablename = tbl.relname and s.inherited = false and s.attname = att.attname,
        (select current_setting('block_size')::numeric as bs, case when substring(split_part(v, ' ', 2) from '#"[0-9]+.[0-9]+#"%' for '#') in ('8.0', '8.1', '8.2') then 27 else 23 end as hdr, case when v ~ 'mingw32' or v ~ '64-bit' then 8 else 4 end as ma
         from (select version() as v) as foo) as constants
        where att.attnum > 0 and tbl.relkind = 'r'
        group by 1, 2, 3, 4, 5) as foo
    ) as rs on cc.relname = rs.relname and nn.nspname = rs.nspname
    where cc.relkind = 'r') as sml
  where sml.relpages - otta > 10 or true) q;
drop function mon_ok(bigint);
