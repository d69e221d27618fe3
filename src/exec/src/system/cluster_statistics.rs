//! Counters of the whole cluster: pg_stat_bgwriter, pg_stat_wal, pg_stat_archiver and pg_stat_slru.
//!
//! The buffer pool and the log count since the server started; what was before, and what a reset took away, is in the counter
//! that the statistics keep beside each.

use super::activity::Rows;
use super::functions;
use super::session::void;
use builtins::FnCtx;
use builtins::type_oid::{FLOAT8, INT8, NUMERIC, RECORD, TEXT, TIMESTAMPTZ};
use instance::{ClusterCounter as C, Ctx};
use report::Result;
use tuple::Datum;

functions! {
    pg_stat_get_bgwriter_timed_checkpoints, pg_stat_get_bgwriter_requested_checkpoints,
    pg_stat_get_bgwriter_buf_written_checkpoints, pg_stat_get_bgwriter_buf_written_clean,
    pg_stat_get_bgwriter_maxwritten_clean, pg_stat_get_bgwriter_stat_reset_time, pg_stat_get_checkpoint_write_time,
    pg_stat_get_checkpoint_sync_time, pg_stat_get_buf_written_backend, pg_stat_get_buf_fsync_backend,
    pg_stat_get_buf_alloc, pg_stat_get_wal, pg_stat_get_archiver, pg_stat_reset_shared,
    pg_stat_reset_slru,
}

/// Makes functions of a counter each.
macro_rules! shown {
    ($make:expr => $($name:ident = $counter:ident,)*) => {
        $(fn $name(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
            Ok($make(value(cx, C::$counter)))
        })*
    };
}

shown! { Datum::Int8 =>
    pg_stat_get_bgwriter_timed_checkpoints = CheckpointsTimed,
    pg_stat_get_bgwriter_requested_checkpoints = CheckpointsRequested,
    pg_stat_get_bgwriter_buf_written_checkpoints = CheckpointPages,
    pg_stat_get_bgwriter_buf_written_clean = CleanPages,
    pg_stat_get_bgwriter_maxwritten_clean = CleanLimit,
    pg_stat_get_buf_written_backend = SessionPages,
    pg_stat_get_buf_alloc = Allocations,
}

shown! { super::statistics::milliseconds =>
    pg_stat_get_checkpoint_write_time = CheckpointWriteUs,
    pg_stat_get_checkpoint_sync_time = CheckpointSyncUs,
}

/// Sessions leave syncing data files to the checkpointer, always.
fn pg_stat_get_buf_fsync_backend(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(0))
}

fn pg_stat_get_bgwriter_stat_reset_time(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(reset_time(cx, C::BgwriterReset))
}

/// A counter with what the storage engine counted since the server started.
fn value(cx: Ctx<'_>, counter: C) -> i64 {
    cx.instance.statistics.cluster().get(counter) + cx.instance.counted_by_storage(counter)
}

/// When counters began.
fn reset_time(cx: Ctx<'_>, counter: C) -> Datum {
    match cx.instance.statistics.cluster().get(counter) {
        0 => Datum::Int8(cx.instance.start_us),
        us => Datum::Int8(us),
    }
}

fn pg_stat_get_wal(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let count = |counter| (INT8, Datum::Int8(value(cx, counter)));
    let time = |counter| (FLOAT8, super::statistics::milliseconds(value(cx, counter)));
    let bytes = builtins::numeric::Numeric::from_i64(value(cx, C::WalBytes)).to_datum()?;
    let columns = [
        count(C::WalRecords),
        count(C::WalImages),
        (NUMERIC, bytes),
        count(C::WalBuffersFull),
        count(C::WalWrites),
        count(C::WalSyncs),
        time(C::WalWriteUs),
        time(C::WalSyncUs),
        (TIMESTAMPTZ, reset_time(cx, C::WalReset)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_stat_get_archiver(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let names = cx.instance.statistics.archived_names();
    let moment = |counter| super::statistics::moment(value(cx, counter));
    let columns = [
        (INT8, Datum::Int8(value(cx, C::Archived))),
        (TEXT, super::or_null(names.archived)),
        (TIMESTAMPTZ, moment(C::LastArchived)),
        (INT8, Datum::Int8(value(cx, C::ArchiveFailed))),
        (TEXT, super::or_null(names.failed)),
        (TIMESTAMPTZ, moment(C::LastArchiveFailed)),
        (TIMESTAMPTZ, reset_time(cx, C::ArchiverReset)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

const BGWRITER: [C; 9] = [
    C::CheckpointsTimed,
    C::CheckpointsRequested,
    C::CheckpointWriteUs,
    C::CheckpointSyncUs,
    C::CheckpointPages,
    C::CleanPages,
    C::CleanLimit,
    C::SessionPages,
    C::Allocations,
];

const WAL: [C; 8] = [
    C::WalRecords,
    C::WalImages,
    C::WalBytes,
    C::WalBuffersFull,
    C::WalWrites,
    C::WalSyncs,
    C::WalWriteUs,
    C::WalSyncUs,
];

fn pg_stat_reset_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match args[0].as_str() {
        "archiver" => cx.instance.statistics.reset_archiver(cx.now_us()),
        "bgwriter" => reset(cx, &BGWRITER, C::BgwriterReset),
        "wal" => reset(cx, &WAL, C::WalReset),
        "recovery_prefetch" => {}
        other => {
            return Err(report::error!(INVALID_PARAMETER_VALUE, "unrecognized reset target: \"{other}\"")
                .hint("Target must be \"archiver\", \"bgwriter\", \"recovery_prefetch\", or \"wal\"."));
        }
    }
    Ok(void())
}

/// Counters show zero from now on.
fn reset(cx: Ctx<'_>, counters: &[C], time: C) {
    let cluster = cx.instance.statistics.cluster();
    for counter in counters {
        cluster.set(*counter, -cx.instance.counted_by_storage(*counter));
    }
    cluster.set(time, cx.now_us());
}

/// PostgreSQL's caches of small pages. Woolly's commit log has pages of its own, which nothing counts.
const SLRUS: [&str; 8] =
    ["CommitTs", "MultiXactMember", "MultiXactOffset", "Notify", "Serial", "Subtrans", "Xact", "other"];

pub(super) fn pg_stat_get_slru(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |name: &&str| {
        let mut row = vec![Datum::Int8(0); 9];
        row[0] = Datum::text(name);
        row[8] = reset_time(cx, C::SlruReset);
        row
    };
    Ok(SLRUS.iter().map(row).collect())
}

fn pg_stat_reset_slru(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.instance.statistics.cluster().set(C::SlruReset, cx.now_us());
    Ok(void())
}
