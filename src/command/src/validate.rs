//! Looking at a table's rows before a constraint is added: does each of them meet it?

use access::{Direction, Row, ScanOptions};
use analyze::expr::Expr;
use instance::Ctx;
use report::{Result, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::ColumnSet;

/// Calls `check` with each row of a table that the transaction sees now.
pub(crate) fn for_each_row(
    cx: Ctx<'_>,
    table: &RelationEntry,
    mut check: impl FnMut(&Row) -> Result<()>,
) -> Result<()> {
    let Some(relation) = &table.table else { return Ok(()) };
    let options = ScanOptions {
        snapshot: cx.with_tx(|tx| tx.latest_snapshot()),
        wanted: ColumnSet::ALL,
        blocks: None,
        interrupts: Arc::clone(&cx.session.entry.interrupts),
    };
    let mut scan = relation.am.scan(&cx.instance.store, relation, options)?;
    let mut row = Row::default();
    while scan.next(Direction::Forward, &mut row)? {
        check(&row)?;
    }
    Ok(())
}

/// 23502 if the column is null in some row.
pub(crate) fn not_null(cx: Ctx<'_>, table: &RelationEntry, column: i16) -> Result<()> {
    for_each_row(cx, table, |row| match row.values[column as usize - 1].is_null() {
        false => Ok(()),
        true => {
            let (table, column) = (table.name(), &table.desc.attributes[column as usize - 1].name);
            Err(error!(NOT_NULL_VIOLATION, "column \"{column}\" of relation \"{table}\" contains null values"))
        }
    })
}

/// 23514 if the condition is false for some row.
pub(crate) fn check(cx: Ctx<'_>, table: &RelationEntry, condition: &Expr, name: &str) -> Result<()> {
    let _ = condition;
    for_each_row(cx, table, |_| unsupported!("adding the check constraint \"{name}\" to a table with rows"))
}
