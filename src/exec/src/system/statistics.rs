//! Counters: what the pg_stat views show of tables, indexes, databases, checkpoints, the log and the archiver.
//!
//! What nothing counts (time of reads and writes, conflicts with recovery, pages by relation) is zero, as it is in PostgreSQL
//! with `track_io_timing` off; functions are not counted at all and give null.

use super::functions;
use super::session::void;
use base::Oid;
use builtins::FnCtx;
use instance::{ActivityRow, ClusterCounter, Counter, Ctx, DatabaseCounter, RelationCounters};
use report::{Result, bail};
use std::sync::Arc;
use tuple::Datum;

/// A moment; null for one that never was.
fn moment(us: i64) -> Datum {
    if us == 0 { Datum::Null } else { Datum::Int8(us) }
}

/// The shared counters of a relation of this database, or of one shared by all.
fn relation(cx: Ctx<'_>, oid: Oid) -> Option<Arc<RelationCounters>> {
    let statistics = &cx.instance.statistics;
    statistics.relation((cx.session.database, oid)).or_else(|| statistics.relation((Oid::INVALID, oid)))
}

fn of_relation(cx: Ctx<'_>, args: &[Datum], counter: Counter) -> i64 {
    relation(cx, args[0].as_oid()).map_or(0, |counters| counters.get(counter))
}

/// What the session itself counted and has not added to the shared counters.
fn of_transaction(cx: Ctx<'_>, args: &[Datum], counter: Counter) -> i64 {
    let pending = cx.session.statistics.borrow();
    let oid = args[0].as_oid();
    let found = pending.find((cx.session.database, oid)).or_else(|| pending.find((Oid::INVALID, oid)));
    found.map_or(0, |counted| counted.get(counter))
}

fn of_database(cx: Ctx<'_>, args: &[Datum], counter: DatabaseCounter) -> i64 {
    cx.instance.statistics.find_database(args[0].as_oid()).map_or(0, |counters| counters.get(counter))
}

/// Functions that show a counter as it is.
macro_rules! shown {
    ($source:ident, $type:ident, $make:expr => $($name:ident = $counter:ident,)*) => {
        $(fn $name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
            Ok($make($source(cx, args, $type::$counter)))
        })*
    };
}

shown! { of_relation, Counter, Datum::Int8 =>
    pg_stat_get_numscans = Scans,
    pg_stat_get_tuples_returned = RowsRead,
    pg_stat_get_tuples_fetched = RowsFetched,
    pg_stat_get_tuples_inserted = Inserted,
    pg_stat_get_tuples_updated = Updated,
    pg_stat_get_tuples_deleted = Deleted,
    pg_stat_get_tuples_hot_updated = HotUpdated,
    pg_stat_get_live_tuples = Live,
    pg_stat_get_dead_tuples = Dead,
    pg_stat_get_mod_since_analyze = ChangedSinceAnalyze,
    pg_stat_get_ins_since_vacuum = InsertedSinceVacuum,
    pg_stat_get_blocks_fetched = BlocksFetched,
    pg_stat_get_blocks_hit = BlocksHit,
    pg_stat_get_vacuum_count = Vacuums,
    pg_stat_get_autovacuum_count = Autovacuums,
    pg_stat_get_analyze_count = Analyzes,
    pg_stat_get_autoanalyze_count = Autoanalyzes,
}

shown! { of_relation, Counter, moment =>
    pg_stat_get_last_vacuum_time = LastVacuum,
    pg_stat_get_last_autovacuum_time = LastAutovacuum,
    pg_stat_get_last_analyze_time = LastAnalyze,
    pg_stat_get_last_autoanalyze_time = LastAutoanalyze,
}

shown! { of_transaction, Counter, Datum::Int8 =>
    pg_stat_get_xact_numscans = Scans,
    pg_stat_get_xact_tuples_returned = RowsRead,
    pg_stat_get_xact_tuples_fetched = RowsFetched,
    pg_stat_get_xact_tuples_inserted = Inserted,
    pg_stat_get_xact_tuples_updated = Updated,
    pg_stat_get_xact_tuples_deleted = Deleted,
    pg_stat_get_xact_tuples_hot_updated = HotUpdated,
    pg_stat_get_xact_blocks_fetched = BlocksFetched,
    pg_stat_get_xact_blocks_hit = BlocksHit,
}

shown! { of_database, DatabaseCounter, Datum::Int8 =>
    pg_stat_get_db_xact_commit = Commits,
    pg_stat_get_db_xact_rollback = Rollbacks,
    pg_stat_get_db_blocks_fetched = BlocksFetched,
    pg_stat_get_db_blocks_hit = BlocksHit,
    pg_stat_get_db_tuples_returned = RowsReturned,
    pg_stat_get_db_tuples_fetched = RowsFetched,
    pg_stat_get_db_tuples_inserted = RowsInserted,
    pg_stat_get_db_tuples_updated = RowsUpdated,
    pg_stat_get_db_tuples_deleted = RowsDeleted,
    pg_stat_get_db_temp_files = TempFiles,
    pg_stat_get_db_temp_bytes = TempBytes,
    pg_stat_get_db_deadlocks = Deadlocks,
    pg_stat_get_db_sessions = Sessions,
    pg_stat_get_db_sessions_abandoned = SessionsAbandoned,
    pg_stat_get_db_sessions_fatal = SessionsFatal,
    pg_stat_get_db_sessions_killed = SessionsKilled,
}

shown! { of_database, DatabaseCounter, moment => pg_stat_get_db_stat_reset_time = ResetTime, }

functions! {
    pg_stat_get_numscans, pg_stat_get_tuples_returned, pg_stat_get_tuples_fetched, pg_stat_get_tuples_inserted,
    pg_stat_get_tuples_updated, pg_stat_get_tuples_deleted, pg_stat_get_tuples_hot_updated, pg_stat_get_live_tuples,
    pg_stat_get_dead_tuples, pg_stat_get_mod_since_analyze, pg_stat_get_ins_since_vacuum, pg_stat_get_blocks_fetched,
    pg_stat_get_blocks_hit, pg_stat_get_vacuum_count, pg_stat_get_autovacuum_count, pg_stat_get_analyze_count,
    pg_stat_get_autoanalyze_count, pg_stat_get_last_vacuum_time, pg_stat_get_last_autovacuum_time,
    pg_stat_get_last_analyze_time, pg_stat_get_last_autoanalyze_time, pg_stat_get_xact_numscans,
    pg_stat_get_xact_tuples_returned, pg_stat_get_xact_tuples_fetched, pg_stat_get_xact_tuples_inserted,
    pg_stat_get_xact_tuples_updated, pg_stat_get_xact_tuples_deleted, pg_stat_get_xact_tuples_hot_updated,
    pg_stat_get_xact_blocks_fetched, pg_stat_get_xact_blocks_hit, pg_stat_get_db_xact_commit,
    pg_stat_get_db_xact_rollback, pg_stat_get_db_blocks_fetched, pg_stat_get_db_blocks_hit,
    pg_stat_get_db_tuples_returned, pg_stat_get_db_tuples_fetched, pg_stat_get_db_tuples_inserted,
    pg_stat_get_db_tuples_updated, pg_stat_get_db_tuples_deleted, pg_stat_get_db_temp_files, pg_stat_get_db_temp_bytes,
    pg_stat_get_db_deadlocks, pg_stat_get_db_sessions, pg_stat_get_db_sessions_abandoned, pg_stat_get_db_sessions_fatal,
    pg_stat_get_db_sessions_killed, pg_stat_get_db_stat_reset_time, pg_stat_get_db_numbackends,
    pg_stat_get_db_conflict_tablespace = zero, pg_stat_get_db_conflict_lock = zero,
    pg_stat_get_db_conflict_snapshot = zero, pg_stat_get_db_conflict_bufferpin = zero,
    pg_stat_get_db_conflict_startup_deadlock = zero, pg_stat_get_db_conflict_all = zero,
    pg_stat_get_db_checksum_failures = null, pg_stat_get_db_checksum_last_failure = null,
    pg_stat_get_db_blk_read_time = zero_time, pg_stat_get_db_blk_write_time = zero_time,
    pg_stat_get_db_session_time = zero_time, pg_stat_get_db_active_time = zero_time,
    pg_stat_get_db_idle_in_transaction_time = zero_time, pg_stat_get_function_calls = null,
    pg_stat_get_function_total_time = null, pg_stat_get_function_self_time = null,
    pg_stat_get_xact_function_calls = null, pg_stat_get_xact_function_total_time = null,
    pg_stat_get_xact_function_self_time = null, pg_stat_get_snapshot_timestamp = null,
    pg_stat_get_bgwriter_timed_checkpoints, pg_stat_get_bgwriter_requested_checkpoints,
    pg_stat_get_bgwriter_buf_written_checkpoints, pg_stat_get_bgwriter_buf_written_clean,
    pg_stat_get_bgwriter_maxwritten_clean, pg_stat_get_bgwriter_stat_reset_time, pg_stat_get_checkpoint_write_time,
    pg_stat_get_checkpoint_sync_time, pg_stat_get_buf_written_backend, pg_stat_get_buf_fsync_backend = zero,
    pg_stat_get_buf_alloc, pg_stat_get_wal, pg_stat_get_archiver, pg_stat_get_wal_receiver = null,
    pg_stat_reset, pg_stat_reset_shared, pg_stat_reset_single_table_counters,
    pg_stat_reset_single_function_counters = nothing, pg_stat_reset_slru = nothing,
    pg_stat_reset_subscription_stats = nothing, pg_stat_reset_replication_slot = nothing,
    pg_stat_have_stats, pg_stat_clear_snapshot = nothing, pg_stat_force_next_flush, pg_stat_get_backend_pid,
    pg_stat_get_backend_dbid, pg_stat_get_backend_userid, pg_stat_get_backend_activity,
    pg_stat_get_backend_activity_start, pg_stat_get_backend_xact_start, pg_stat_get_backend_start,
    pg_stat_get_backend_client_addr, pg_stat_get_backend_client_port, pg_stat_get_backend_wait_event,
    pg_stat_get_backend_wait_event_type,
}

fn zero(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(0))
}

fn zero_time(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Float8(0.0))
}

fn null(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Null)
}

fn nothing(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(void())
}

fn pg_stat_get_db_numbackends(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let database = args[0].as_oid();
    Ok(Datum::Int4(cx.instance.sessions.count_where(|activity| activity.database == database) as i32))
}

/// Functions over the cluster's counters and those of the buffer pool.
macro_rules! cluster {
    ($($name:ident = |$cx:ident| $value:expr;)*) => {
        $(fn $name($cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
            Ok($value)
        })*
    };
}

fn of_cluster(cx: Ctx<'_>, counter: ClusterCounter) -> Datum {
    Datum::Int8(cx.instance.statistics.cluster(counter))
}

/// Microseconds as milliseconds.
fn milliseconds(cx: Ctx<'_>, counter: ClusterCounter) -> Datum {
    Datum::Float8(cx.instance.statistics.cluster(counter) as f64 / 1000.0)
}

/// When the cluster's counters began.
fn reset_time(cx: Ctx<'_>) -> Datum {
    match cx.instance.statistics.cluster(ClusterCounter::ResetTime) {
        0 => Datum::Int8(cx.instance.start_us),
        us => Datum::Int8(us),
    }
}

cluster! {
    pg_stat_get_bgwriter_timed_checkpoints = |cx| of_cluster(cx, ClusterCounter::CheckpointsTimed);
    pg_stat_get_bgwriter_requested_checkpoints = |cx| of_cluster(cx, ClusterCounter::CheckpointsRequested);
    pg_stat_get_checkpoint_write_time = |cx| milliseconds(cx, ClusterCounter::CheckpointWriteUs);
    pg_stat_get_checkpoint_sync_time = |cx| milliseconds(cx, ClusterCounter::CheckpointSyncUs);
    pg_stat_get_bgwriter_stat_reset_time = |cx| reset_time(cx);
    pg_stat_get_bgwriter_buf_written_checkpoints = |cx| count(cx.instance.store.buffers.stats().checkpoint_writes);
    pg_stat_get_bgwriter_buf_written_clean = |cx| count(cx.instance.store.buffers.stats().bgwriter_writes);
    pg_stat_get_bgwriter_maxwritten_clean = |cx| count(cx.instance.store.buffers.stats().bgwriter_limit);
    pg_stat_get_buf_written_backend = |cx| count(cx.instance.store.buffers.stats().backend_writes);
    pg_stat_get_buf_alloc = |cx| count(cx.instance.store.buffers.stats().allocations);
}

fn count(number: u64) -> Datum {
    Datum::Int8(number as i64)
}

const INT8: Oid = Oid(20);
const TEXT: Oid = Oid(25);
const FLOAT8: Oid = Oid(701);
const TIMESTAMPTZ: Oid = Oid(1184);
const NUMERIC: Oid = Oid(1700);
const RECORD: Oid = Oid(2249);

fn pg_stat_get_wal(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let stats = cx.instance.store.wal.stats();
    let bytes = builtins::numeric::Numeric::from_i64(stats.bytes as i64).to_datum()?;
    let columns = [
        (INT8, count(stats.records)),
        (INT8, count(stats.images)),
        (NUMERIC, bytes),
        (INT8, count(stats.buffers_full)),
        (INT8, count(stats.writes)),
        (INT8, count(stats.syncs)),
        (FLOAT8, Datum::Float8(stats.write_time.as_secs_f64() * 1000.0)),
        (FLOAT8, Datum::Float8(stats.sync_time.as_secs_f64() * 1000.0)),
        (TIMESTAMPTZ, reset_time(cx)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_stat_get_archiver(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let columns = [
        (INT8, of_cluster(cx, ClusterCounter::Archived)),
        (TEXT, Datum::Null),
        (TIMESTAMPTZ, Datum::Null),
        (INT8, of_cluster(cx, ClusterCounter::ArchiveFailed)),
        (TEXT, Datum::Null),
        (TIMESTAMPTZ, Datum::Null),
        (TIMESTAMPTZ, reset_time(cx)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_stat_reset(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.instance.statistics.reset_database(cx.session.database, cx.now_us());
    Ok(void())
}

fn pg_stat_reset_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use ClusterCounter as C;
    let counters: &[C] = match args[0].as_str() {
        "archiver" => &[C::Archived, C::ArchiveFailed],
        "bgwriter" => &[C::CheckpointsTimed, C::CheckpointsRequested, C::CheckpointWriteUs, C::CheckpointSyncUs],
        "recovery_prefetch" | "wal" => &[],
        other => {
            return Err(report::error!(INVALID_PARAMETER_VALUE, "unrecognized reset target: \"{other}\"")
                .hint("Target must be \"archiver\", \"bgwriter\", \"recovery_prefetch\", or \"wal\"."));
        }
    };
    cx.instance.statistics.reset_cluster(counters, cx.now_us());
    Ok(void())
}

fn pg_stat_reset_single_table_counters(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    for database in [cx.session.database, Oid::INVALID] {
        cx.instance.statistics.forget_relation((database, args[0].as_oid()));
    }
    Ok(void())
}

fn pg_stat_have_stats(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (database, object) = (args[1].as_oid(), args[2].as_oid());
    Ok(Datum::Bool(match args[0].as_str() {
        "database" => cx.instance.statistics.find_database(database).is_some(),
        "relation" => cx.instance.statistics.relation((database, object)).is_some(),
        "function" | "replslot" | "subscription" => false,
        "archiver" | "bgwriter" | "checkpointer" | "slru" | "wal" => true,
        other => bail!(INVALID_PARAMETER_VALUE, "invalid statistics kind: \"{other}\""),
    }))
}

fn pg_stat_force_next_flush(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.session.statistics.borrow_mut().force_next_flush();
    Ok(void())
}

/// The session with this place in `pg_stat_get_backend_idset`.
fn backend(cx: Ctx<'_>, args: &[Datum]) -> Option<ActivityRow> {
    let place = usize::try_from(args[0].as_i32()).ok()?.checked_sub(1)?;
    cx.instance.sessions.activity().into_iter().nth(place)
}

/// Functions that show something of a session: null if there is none.
macro_rules! of_backend {
    ($($name:ident = |$row:ident| $value:expr;)*) => {
        $(fn $name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
            Ok(backend(cx, args).map_or(Datum::Null, |$row| $value))
        })*
    };
}

of_backend! {
    pg_stat_get_backend_pid = |row| Datum::Int4(row.session.0);
    pg_stat_get_backend_dbid = |row| Datum::Oid(row.activity.database);
    pg_stat_get_backend_userid = |row| Datum::Oid(row.activity.user);
    pg_stat_get_backend_activity_start = |row| moment(row.activity.statement_start_us);
    pg_stat_get_backend_xact_start = |row| moment(row.activity.transaction_start_us);
    pg_stat_get_backend_start = |row| moment(row.activity.session_start_us);
    pg_stat_get_backend_client_addr = |row| super::or_null(row.activity.client_address.map(|a| a.to_string()));
    pg_stat_get_backend_client_port = |row| row.activity.client_port.map_or(Datum::Null, Datum::Int4);
    pg_stat_get_backend_wait_event_type = |row| row.activity.wait.map_or(Datum::Null, |wait| Datum::text(wait.0));
    pg_stat_get_backend_wait_event = |row| row.activity.wait.map_or(Datum::Null, |wait| Datum::text(wait.1));
}

fn pg_stat_get_backend_activity(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(row) = backend(cx, args) else { return Ok(Datum::text("<backend information not available>")) };
    let may_see = cx.has_privileges_of(cx.session.current_user(), row.activity.user)?;
    Ok(Datum::text(if may_see { &row.activity.query } else { "<insufficient privilege>" }))
}
