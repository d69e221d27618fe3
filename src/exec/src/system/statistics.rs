//! Counters of tables, indexes, functions and databases: what the pg_stat views show of them, and their resets.
//!
//! Conflicts with recovery are zero: there is no standby.

use super::functions;
use super::session::void;
use builtins::FnCtx;
use config::Setting;
use instance::{Consistency, Counter, Ctx, DatabaseCounter, FunctionCounter, StatisticsView};
use report::{Result, bail};
use tuple::Datum;

/// A moment; null for one that never was.
pub(super) fn moment(us: i64) -> Datum {
    if us == 0 { Datum::Null } else { Datum::Int8(us) }
}

/// Microseconds as milliseconds.
pub(super) fn milliseconds(us: i64) -> Datum {
    Datum::Float8(us as f64 / 1000.0)
}

/// Looks at the statistics as the transaction is to see them.
fn look<T>(cx: Ctx<'_>, look: impl FnOnce(&mut StatisticsView) -> T) -> T {
    let mut view = cx.session.statistics_view.borrow_mut();
    match cx.setting(|settings| Consistency::of(settings.choice(Setting::StatsFetchConsistency))) {
        Consistency::Nothing => view.clear(),
        Consistency::Cache => {}
        Consistency::Snapshot => view.take_all(cx.session.database, cx.now_us(), &cx.instance.statistics),
    }
    look(&mut view)
}

fn of_relation(cx: Ctx<'_>, args: &[Datum], counter: Counter) -> i64 {
    let key = cx.statistics_key(args[0].as_oid());
    look(cx, |view| view.relation(key, counter, &cx.instance.statistics)).unwrap_or(0)
}

/// What the session itself counted and has not added to the shared counters.
fn of_transaction(cx: Ctx<'_>, args: &[Datum], counter: Counter) -> i64 {
    let key = cx.statistics_key(args[0].as_oid());
    let changes = cx.with_tx(|tx| tx.changes().events(key));
    let written = match counter {
        Counter::Inserted => changes.inserted,
        Counter::Updated => changes.updated,
        Counter::Deleted => changes.deleted,
        Counter::HotUpdated => changes.hot_updated,
        _ => 0,
    };
    let pages = cx.session.store.pages.as_ref().map(|pages| pages.of(key)).unwrap_or_default();
    let read = match counter {
        Counter::BlocksFetched => pages.fetched as i64,
        Counter::BlocksHit => pages.hit as i64,
        _ => 0,
    };
    written + read + cx.session.statistics.borrow().find(key).map_or(0, |counted| counted.get(counter))
}

fn of_database(cx: Ctx<'_>, args: &[Datum], counter: DatabaseCounter) -> i64 {
    look(cx, |view| view.database(args[0].as_oid(), counter, &cx.instance.statistics)).unwrap_or(0)
}

fn of_function(cx: Ctx<'_>, args: &[Datum], counter: FunctionCounter) -> Option<i64> {
    let key = (cx.session.database, args[0].as_oid());
    look(cx, |view| view.function(key, counter, &cx.instance.statistics))
}

/// What the session itself counted and has not added to the shared counters.
fn of_transaction_calls(cx: Ctx<'_>, args: &[Datum], counter: FunctionCounter) -> Option<i64> {
    let counts = cx.session.statistics.borrow().functions.of((cx.session.database, args[0].as_oid()));
    counts.map(|counts| counts[counter as usize])
}

/// What may not have been counted: null then.
fn if_counted(count: Option<i64>) -> Datum {
    count.map_or(Datum::Null, Datum::Int8)
}

fn milliseconds_if_counted(us: Option<i64>) -> Datum {
    us.map_or(Datum::Null, milliseconds)
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

shown! { of_function, FunctionCounter, if_counted => pg_stat_get_function_calls = Calls, }

shown! { of_function, FunctionCounter, milliseconds_if_counted =>
    pg_stat_get_function_total_time = TotalUs,
    pg_stat_get_function_self_time = SelfUs,
}

shown! { of_transaction_calls, FunctionCounter, if_counted => pg_stat_get_xact_function_calls = Calls, }

shown! { of_transaction_calls, FunctionCounter, milliseconds_if_counted =>
    pg_stat_get_xact_function_total_time = TotalUs,
    pg_stat_get_xact_function_self_time = SelfUs,
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
    pg_stat_get_db_checksum_failures = ChecksumFailures,
    pg_stat_get_db_sessions = Sessions,
    pg_stat_get_db_sessions_abandoned = SessionsAbandoned,
    pg_stat_get_db_sessions_fatal = SessionsFatal,
    pg_stat_get_db_sessions_killed = SessionsKilled,
}

shown! { of_database, DatabaseCounter, moment =>
    pg_stat_get_db_stat_reset_time = ResetTime,
    pg_stat_get_db_checksum_last_failure = LastChecksumFailure,
}

shown! { of_database, DatabaseCounter, milliseconds =>
    pg_stat_get_db_blk_read_time = BlockReadUs,
    pg_stat_get_db_blk_write_time = BlockWriteUs,
    pg_stat_get_db_session_time = SessionUs,
    pg_stat_get_db_active_time = ActiveUs,
    pg_stat_get_db_idle_in_transaction_time = IdleInTransactionUs,
}

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
    pg_stat_get_db_checksum_failures, pg_stat_get_db_checksum_last_failure, pg_stat_get_db_blk_read_time,
    pg_stat_get_db_blk_write_time, pg_stat_get_db_session_time, pg_stat_get_db_active_time,
    pg_stat_get_db_idle_in_transaction_time, pg_stat_get_function_calls, pg_stat_get_function_total_time,
    pg_stat_get_function_self_time, pg_stat_get_xact_function_calls,
    pg_stat_get_xact_function_total_time, pg_stat_get_xact_function_self_time,
    pg_stat_get_snapshot_timestamp, pg_stat_reset, pg_stat_reset_single_table_counters,
    pg_stat_reset_single_function_counters, pg_stat_have_stats, pg_stat_clear_snapshot, pg_stat_force_next_flush,
}

fn zero(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(0))
}

fn pg_stat_get_db_numbackends(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let database = args[0].as_oid();
    Ok(Datum::Int4(cx.instance.sessions.count_where(|activity| activity.database == database) as i32))
}

fn pg_stat_get_snapshot_timestamp(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(cx.session.statistics_view.borrow().taken_us.map_or(Datum::Null, Datum::Int8))
}

fn pg_stat_reset(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.instance.statistics.reset_database(cx.session.database, cx.now_us());
    Ok(void())
}

fn pg_stat_reset_single_table_counters(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    cx.instance.statistics.reset_one(cx.statistics_key(args[0].as_oid()), cx.now_us());
    Ok(void())
}

fn pg_stat_reset_single_function_counters(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    cx.instance.statistics.reset_function((cx.session.database, args[0].as_oid()), cx.now_us());
    Ok(void())
}

fn pg_stat_have_stats(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (database, object) = (args[1].as_oid(), args[2].as_oid());
    let statistics = &cx.instance.statistics;
    Ok(Datum::Bool(match args[0].as_str() {
        "database" => statistics.find_database(database).is_some(),
        "relation" => statistics.relation((database, object)).is_some(),
        "function" => statistics.function((database, object)).is_some(),
        "replslot" | "subscription" => false,
        "archiver" | "bgwriter" | "checkpointer" | "slru" | "wal" => true,
        other => bail!(INVALID_PARAMETER_VALUE, "invalid statistics kind: \"{other}\""),
    }))
}

fn pg_stat_clear_snapshot(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.session.statistics_view.borrow_mut().clear();
    Ok(void())
}

fn pg_stat_force_next_flush(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.session.statistics.borrow_mut().force_next_flush();
    Ok(void())
}
