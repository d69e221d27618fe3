//! System functions: those that see the session, the catalogs and storage, by theme.

use analyze::expr::SqlValueFunctionOp;
use base::Oid;
use builtins::{FnCtx, FormatSettings};
use instance::Ctx;
use report::{Result, unsupported};
use tuple::Datum;

/// A row of the table of system functions.
pub struct SystemFunction {
    /// pg_proc.oid.
    pub oid: Oid,
    /// The implementation.
    pub function: crate::SystemFn,
}

/// A set-returning function that sees the session: all its rows.
pub type SystemSet = fn(Ctx<'_>, &mut FnCtx<'_>, &[Datum]) -> Result<Vec<Vec<Datum>>>;

/// The system function with this oid.
pub fn function(_oid: Oid) -> Option<&'static SystemFunction> {
    None
}

/// The set-returning system function with this oid.
pub fn set_function(_oid: Oid) -> Option<SystemSet> {
    None
}

/// Names and types of a function's OUT columns.
pub fn output_types(cx: Ctx<'_>, function: Oid) -> Result<Vec<(String, Oid)>> {
    let Some(row) = cx.catalog().function(function)? else { return Ok(Vec::new()) };
    let types = row.proallargtypes.clone().unwrap_or_default();
    let modes = row.proargmodes.clone().unwrap_or_default();
    let names = row.proargnames.clone().unwrap_or_default();
    let out = types.iter().enumerate().filter(|(i, _)| matches!(modes.get(*i), Some(b'o' | b'b' | b't')));
    Ok(out.map(|(i, t)| (names.get(i).cloned().unwrap_or_default(), *t)).collect())
}

/// The text of an index's column.
pub fn index_column_text(_cx: Ctx<'_>, _index: Oid, _column: i32) -> Result<String> {
    Ok("expression".to_owned())
}

/// CURRENT_DATE and its like.
pub fn sql_value(_cx: Ctx<'_>, _format: &FormatSettings, _op: SqlValueFunctionOp, _typmod: i32) -> Result<Datum> {
    unsupported!("SQL value functions")
}

/// The next value of a sequence.
pub fn next_value(_cx: Ctx<'_>, _sequence: Oid, _check: bool) -> Result<i64> {
    unsupported!("sequences")
}
