//! What the control file and the build say: pg_control_system and its kin, the log's resource managers, pg_config.

use super::activity::Rows;
use super::functions;
use base::{Lsn, Oid, PAGE_BYTES, Xid};
use builtins::FnCtx;
use builtins::type_oid::{BOOL, INT4, INT8, OID, PG_LSN, RECORD, TEXT, TIMESTAMPTZ, XID};
use instance::Ctx;
use report::Result;
use tuple::Datum;
use wal::segment_file_name;

functions! {
    pg_control_system, pg_control_checkpoint, pg_control_recovery, pg_control_init, pg_walfile_name_offset,
}

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] =
    &[("pg_get_wal_resource_managers", pg_get_wal_resource_managers), ("pg_config", pg_config)];

/// Most columns of an index.
const INDEX_COLUMNS_MAX: i32 = 32;
/// The form of page checksums.
const CHECKSUM_VERSION: i32 = 1;

fn record(columns: &[(Oid, Datum)]) -> Result<Datum> {
    Ok(builtins::record::build(RECORD, -1, columns))
}

fn int4(value: impl TryInto<i32>) -> (Oid, Datum) {
    (INT4, Datum::Int4(value.try_into().unwrap_or(i32::MAX)))
}

/// A time that is kept in microseconds since 1970, to the second.
fn moment(us: i64) -> (Oid, Datum) {
    (TIMESTAMPTZ, super::to_the_second(us))
}

fn lsn(lsn: Lsn) -> (Oid, Datum) {
    (PG_LSN, Datum::Int8(lsn.0 as i64))
}

/// The 32 bits of a transaction id that type xid has.
fn xid(xid: Xid) -> (Oid, Datum) {
    (XID, Datum::Oid(Oid(xid.0 as u32)))
}

/// Something that does not exist here.
fn none(type_oid: Oid) -> (Oid, Datum) {
    (type_oid, Datum::Null)
}

fn pg_control_system(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let control = cx.instance.engine.control();
    record(&[
        int4(recovery::CONTROL_VERSION),
        int4(control.catalog_version),
        (INT8, Datum::Int8(control.system_identifier as i64)),
        moment(control.time_us),
    ])
}

fn pg_control_checkpoint(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let control = cx.instance.engine.control();
    let file =
        segment_file_name(control.timeline, control.redo.0 / u64::from(control.segment_bytes), control.segment_bytes);
    let timeline = int4(control.timeline.0);
    let (epoch, low) = (control.next_xid.0 >> 32, control.next_xid.0 as u32);
    record(&[
        lsn(control.checkpoint),
        lsn(control.redo),
        (TEXT, Datum::from(file)),
        timeline.clone(),
        timeline,
        (BOOL, Datum::Bool(cx.setting(|settings| settings.bool(config::Setting::FullPageWrites)))),
        (TEXT, Datum::from(format!("{epoch}:{low}"))),
        (OID, Datum::Oid(control.next_oid)),
        // Row locks make no multixacts, transaction ids never come round, and times of commits are not kept.
        none(XID),
        none(XID),
        xid(Xid::FIRST_NORMAL),
        none(OID),
        xid(control.oldest_active_xid),
        none(XID),
        none(OID),
        none(XID),
        none(XID),
        moment(control.checkpoint_time_us),
    ])
}

/// There are no backups in the making, and no standby.
fn pg_control_recovery(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let nowhere = || lsn(Lsn(0));
    record(&[nowhere(), int4(0), nowhere(), nowhere(), (BOOL, Datum::Bool(false))])
}

fn pg_control_init(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let control = cx.instance.engine.control();
    record(&[
        int4(align_of::<u64>()),
        int4(PAGE_BYTES),
        int4(control.segment_blocks),
        int4(PAGE_BYTES),
        int4(control.segment_bytes),
        int4(base::NAME_BYTES_MAX + 1),
        int4(INDEX_COLUMNS_MAX),
        int4(heap::TOAST_CHUNK_BYTES),
        // There are no large objects.
        none(INT4),
        (BOOL, Datum::Bool(true)),
        int4(CHECKSUM_VERSION),
    ])
}

fn pg_walfile_name_offset(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let position = args[0].as_i64() as u64;
    let control = cx.instance.engine.control();
    let bytes = u64::from(control.segment_bytes);
    let file = segment_file_name(control.timeline, position.saturating_sub(1) / bytes, control.segment_bytes);
    record(&[(TEXT, Datum::from(file)), int4(position % bytes)])
}

fn pg_get_wal_resource_managers(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |id: wal::RmgrId| vec![Datum::Int4(i32::from(id.0)), Datum::text(id.name()), Datum::Bool(true)];
    Ok(cx.instance.engine.rmgrs().ids().map(row).collect())
}

/// Where PostgreSQL's build puts its parts. Here there are programs only, with all they need built in.
const PARTS: [&str; 21] = [
    "DOCDIR",
    "HTMLDIR",
    "INCLUDEDIR",
    "PKGINCLUDEDIR",
    "INCLUDEDIR-SERVER",
    "LIBDIR",
    "PKGLIBDIR",
    "LOCALEDIR",
    "MANDIR",
    "SHAREDIR",
    "SYSCONFDIR",
    "PGXS",
    "CONFIGURE",
    "CC",
    "CPPFLAGS",
    "CFLAGS",
    "CFLAGS_SL",
    "LDFLAGS",
    "LDFLAGS_EX",
    "LDFLAGS_SL",
    "LIBS",
];

fn pg_config(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |name: &str, setting: String| vec![Datum::text(name), Datum::from(setting)];
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(|path| path.parent()).map(|path| path.display().to_string());
    let mut rows = vec![row("BINDIR", folder.unwrap_or_default())];
    rows.extend(PARTS.map(|name| row(name, "not recorded".to_owned())));
    rows.push(row("VERSION", format!("PostgreSQL {}", config::SERVER_VERSION)));
    Ok(rows)
}
