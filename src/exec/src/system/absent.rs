//! What tools ask of features that are not there yet: replication, publications, extensions, text search, conversions,
//! extended statistics, times of commits. They are told the truth: nothing is there.

use super::activity::Rows;
use super::functions;
use super::session::void;
use builtins::FnCtx;
use builtins::type_oid::{INT4, INT8, OID, RECORD, TEXT, TIMESTAMPTZ};
use instance::Ctx;
use report::{Result, bail, error};
use tuple::{Datum, Repr};

functions! {
    pg_stat_get_wal_receiver = nothing, pg_last_wal_receive_lsn = nothing, pg_last_wal_replay_lsn = nothing,
    pg_last_xact_replay_timestamp = nothing, pg_conversion_is_visible = nothing, pg_ts_parser_is_visible = nothing,
    pg_ts_dict_is_visible = nothing, pg_ts_template_is_visible = nothing, pg_ts_config_is_visible = nothing,
    pg_statistics_obj_is_visible = nothing, pg_get_statisticsobjdef_expressions = nothing, pg_partition_root = nothing,
    pg_is_wal_replay_paused = not_in_recovery, pg_get_wal_replay_pause_state = not_in_recovery,
    pg_wal_replay_pause = not_in_recovery, pg_wal_replay_resume = not_in_recovery,
    pg_promote = not_in_recovery,
    pg_stat_get_replication_slot, pg_stat_get_subscription_stats, pg_stat_reset_replication_slot,
    pg_stat_reset_subscription_stats, pg_jit_available, pg_safe_snapshot_blocking_pids,
    pg_xact_commit_timestamp = no_commit_times, pg_xact_commit_timestamp_origin = no_commit_times,
    pg_last_committed_xact = no_commit_times, mxid_age, aclinsert, aclremove,
}

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[
    ("pg_stat_get_wal_senders", no_rows),
    ("pg_get_replication_slots", no_rows),
    ("pg_show_replication_origin_status", no_rows),
    ("pg_stat_get_subscription", no_rows),
    ("pg_stat_get_recovery_prefetch", pg_stat_get_recovery_prefetch),
    ("pg_get_publication_tables", pg_get_publication_tables),
    ("pg_available_extensions", no_rows),
    ("pg_available_extension_versions", no_rows),
    ("pg_extension_update_paths", pg_extension_update_paths),
    ("pg_stats_ext_mcvlist_items", no_rows),
    ("pg_stat_get_progress_info", no_rows),
    ("pg_partition_tree", no_rows),
    ("pg_partition_ancestors", no_rows),
];

fn no_rows(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    Ok(Vec::new())
}

fn nothing(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Null)
}

fn not_in_recovery(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let error = error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "recovery is not in progress");
    Err(error.hint("Recovery control functions can only be executed during recovery."))
}

/// A slot that nobody used: none can be made.
fn pg_stat_get_replication_slot(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let mut columns = vec![(TEXT, args[0].clone())];
    columns.extend((0..8).map(|_| (INT8, Datum::Int8(0))));
    columns.push((TIMESTAMPTZ, Datum::Null));
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_stat_get_subscription_stats(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let columns = [(OID, args[0].clone()), (INT8, Datum::Int8(0)), (INT8, Datum::Int8(0)), (TIMESTAMPTZ, Datum::Null)];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_stat_reset_replication_slot(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if !args[0].is_null() {
        bail!(INVALID_PARAMETER_VALUE, "replication slot \"{}\" does not exist", args[0].as_str());
    }
    Ok(void())
}

fn pg_stat_reset_subscription_stats(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if !args[0].is_null() && !args[0].as_oid().is_valid() {
        bail!(INVALID_PARAMETER_VALUE, "invalid subscription OID {}", args[0].as_oid());
    }
    Ok(void())
}

fn pg_jit_available(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(false))
}

/// Nothing waits for a safe snapshot, as there are no serializable transactions of PostgreSQL's kind.
fn pg_safe_snapshot_blocking_pids(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    builtins::array::build_list(INT4, Repr::Int4, &[])
}

fn no_commit_times(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let error = error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "could not get commit timestamp data");
    Err(error.hint("Make sure the configuration parameter \"track_commit_timestamp\" is set."))
}

/// Several lockers of a row are kept in the lock table: no multixact was ever made, so none is old.
fn mxid_age(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let invalid = args[0].as_oid().0 == 0;
    Ok(Datum::Int4(if invalid { i32::MAX } else { 0 }))
}

fn aclinsert(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    bail!(FEATURE_NOT_SUPPORTED, "aclinsert is no longer supported");
}

fn aclremove(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    bail!(FEATURE_NOT_SUPPORTED, "aclremove is no longer supported");
}

/// Recovery reads pages when it needs them.
fn pg_stat_get_recovery_prefetch(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let mut row = vec![Datum::Int8(cx.instance.start_us)];
    row.extend((0..6).map(|_| Datum::Int8(0)));
    row.extend((0..3).map(|_| Datum::Int4(0)));
    Ok(vec![row])
}

fn pg_get_publication_tables(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    bail!(UNDEFINED_OBJECT, "publication \"{}\" does not exist", args[0].as_str())
}

fn pg_extension_update_paths(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    let error = error!(FEATURE_NOT_SUPPORTED, "extension \"{}\" is not available", args[0].as_str());
    Err(error.hint("The extension must first be installed on the system where PostgreSQL is running."))
}
