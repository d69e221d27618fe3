//! What relations allow and are: changes through views, sequences' parameters, names of log files, flags of settings.

use super::functions;
use super::sequences;
use super::session::pause;
use analyze::query::{CmdType, FromItem, Query};
use base::Oid;
use builtins::FnCtx;
use instance::Ctx;
use report::{Result, bail};
use schema::RelationEntry;
use tuple::Datum;

functions! {
    pg_relation_is_updatable, pg_column_is_updatable, pg_sequence_last_value, pg_sequence_parameters, pg_walfile_name,
    pg_sleep_for, pg_sleep_until, pg_collation_actual_version = null, pg_database_collation_actual_version = null,
}

fn null(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Null)
}

/// Bits of the commands that change rows, as the information schema takes them.
const ALL_EVENTS: i32 = 1 << 2 | 1 << 3 | 1 << 4;
const UPDATE_AND_DELETE: i32 = 1 << 2 | 1 << 4;

/// What a view selects from: the query and the base's place, object id.
fn base_of(entry: &RelationEntry) -> Result<Option<(Query, i32, Oid)>> {
    let Some(text) = &entry.view_query else { return Ok(None) };
    let query: Query = analyze::stored::from_text(text)?;
    if query.command != CmdType::Select || analyze::why_not_updatable(&query, false).is_some() {
        return Ok(None);
    }
    let [FromItem::Rel(place)] = query.jointree.items.as_slice() else { return Ok(None) };
    let place = *place;
    let Some(relation) = query.rte(place).relation() else { return Ok(None) };
    let base = relation.relid;
    Ok(Some((query, place, base)))
}

/// The column of the base relation that a view's column shows as it is.
fn base_column(query: &Query, base: i32, column: i16) -> Option<i16> {
    let target = query.targets.iter().find(|target| target.resno == column && !target.junk)?;
    match &target.expr {
        analyze::expr::Expr::Var(var) if var.varno == base && var.levels_up == 0 && var.attno > 0 => Some(var.attno),
        _ => None,
    }
}

/// The events that a relation allows. With `column`: those that change this column too.
fn events(cx: Ctx<'_>, relation: Oid, column: Option<i16>) -> Result<i32> {
    let (mut relation, mut columns) = (relation, column.map(|column| vec![column]));
    // Views over views; a limit stands against damaged catalogs.
    for _ in 0..1000 {
        let Some(entry) = cx.catalog().relation(relation)? else { return Ok(0) };
        match entry.kind() {
            b'r' | b'p' => return Ok(ALL_EVENTS),
            b'v' => {}
            _ => return Ok(0),
        }
        let Some((query, place, base)) = base_of(&entry)? else { return Ok(0) };
        let asked = columns.unwrap_or_else(|| query.targets.iter().map(|target| target.resno).collect());
        let shown: Vec<i16> = asked.into_iter().filter_map(|column| base_column(&query, place, column)).collect();
        if shown.is_empty() {
            return Ok(1 << 4);
        }
        (relation, columns) = (base, Some(shown));
    }
    Ok(0)
}

fn pg_relation_is_updatable(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    events(cx, args[0].as_oid(), None).map(Datum::Int4)
}

fn pg_column_is_updatable(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Datum::Int2(column) = args[1] else { return Ok(Datum::Bool(false)) };
    if column <= 0 {
        return Ok(Datum::Bool(false));
    }
    let found = events(cx, args[0].as_oid(), Some(column))?;
    Ok(Datum::Bool(found & UPDATE_AND_DELETE == UPDATE_AND_DELETE))
}

fn pg_sequence_last_value(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let entry = sequences::open(cx, args[0].as_oid())?;
    let Some(table) = &entry.table else { return Ok(Datum::Null) };
    let state = heap::read_sequence(&cx.session.store, table)?;
    Ok(if state.is_called { Datum::Int8(state.last_value) } else { Datum::Null })
}

fn pg_sequence_parameters(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    const INT8: Oid = Oid(20);
    const BOOL: Oid = Oid(16);
    const OID: Oid = Oid(26);
    const RECORD: Oid = Oid(2249);
    let entry = sequences::open(cx, args[0].as_oid())?;
    let p = sequences::parameters(cx, &entry)?;
    let columns = [
        (INT8, Datum::Int8(p.seqstart)),
        (INT8, Datum::Int8(p.seqmin)),
        (INT8, Datum::Int8(p.seqmax)),
        (INT8, Datum::Int8(p.seqincrement)),
        (BOOL, Datum::Bool(p.seqcycle)),
        (INT8, Datum::Int8(p.seqcache)),
        (OID, Datum::Oid(p.seqtypid)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

/// The name of the log file that has a position: timeline, then the number in two halves, as with segments of 16 MB.
fn pg_walfile_name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let position = args[0].as_i64() as u64;
    let bytes = cx.setting(|settings| settings.int(config::Setting::WalSegmentSize)) as u64;
    if bytes == 0 {
        bail!(INTERNAL_ERROR, "size of log files is not known");
    }
    let (number, in_half) = (position.saturating_sub(1) / bytes, 0x1_0000_0000 / bytes);
    Ok(Datum::from(format!("{:08X}{:08X}{:08X}", 1, number / in_half, number % in_half)))
}

/// Seconds of an interval, a month as 30 days.
fn interval_seconds(value: &Datum) -> f64 {
    let Datum::Bytes(bytes) = value else { return 0.0 };
    let part = |at: usize, len: usize| {
        let mut padded = [0; 8];
        padded[..len].copy_from_slice(&bytes.as_slice()[at..at + len]);
        i64::from_le_bytes(padded)
    };
    let (days, months) = (part(8, 4) as i32, part(12, 4) as i32);
    part(0, 8) as f64 / 1e6 + (f64::from(days) + 30.0 * f64::from(months)) * 86_400.0
}

fn pg_sleep_for(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    pause(cx, interval_seconds(&args[0]))
}

fn pg_sleep_until(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    pause(cx, (args[0].as_i64().saturating_sub(cx.now_us())) as f64 / 1e6)
}
