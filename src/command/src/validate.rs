//! Looking at a table's rows before a constraint is added: does each of them meet it?

use access::{Direction, Row, ScanOptions};
use analyze::expr::Expr;
use exec::RowProgram;
use instance::Ctx;
use report::{Error, Result, error};
use schema::RelationEntry;
use std::ops::ControlFlow;
use std::sync::Arc;
use tuple::{ColumnSet, Datum};

/// Calls `check` with each row of a table that the transaction sees now, until it breaks off.
pub(crate) fn for_each_row(
    cx: Ctx<'_>,
    table: &RelationEntry,
    mut check: impl FnMut(&Row) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let Some(relation) = &table.table else { return Ok(()) };
    let options = ScanOptions {
        snapshot: cx.with_tx(|tx| tx.latest_snapshot()),
        wanted: ColumnSet::ALL,
        blocks: None,
        interrupts: Arc::clone(&cx.session.entry.interrupts),
    };
    let mut scan = relation.am.scan(&cx.session.store, relation, options)?;
    let mut row = Row::default();
    while scan.next(Direction::Forward, &mut row)? {
        if check(&row)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// 23502 if the column is null in some row.
pub(crate) fn not_null(cx: Ctx<'_>, table: &RelationEntry, column: i16) -> Result<()> {
    for_each_row(cx, table, |row| match row.values[column as usize - 1].is_null() {
        false => Ok(ControlFlow::Continue(())),
        true => Err(contains_nulls(cx, table, column)),
    })
}

/// 23502 for a column that holds nulls.
pub(crate) fn contains_nulls(cx: Ctx<'_>, table: &RelationEntry, column: i16) -> Error {
    let name = &table.desc.attributes[column as usize - 1].name;
    let error = error!(NOT_NULL_VIOLATION, "column \"{name}\" of relation \"{}\" contains null values", table.name());
    in_table(cx, table, error).column(name)
}

/// 23514 if the condition is false for some row.
pub(crate) fn check(cx: Ctx<'_>, table: &RelationEntry, condition: &Expr, name: &str) -> Result<()> {
    let mut program: Option<RowProgram> = None;
    let mut outcome = Vec::with_capacity(1);
    for_each_row(cx, table, |row| {
        // Made with the first row: an empty table meets every condition.
        let program = match &mut program {
            Some(program) => program,
            none => none.insert(RowProgram::new(cx, std::slice::from_ref(condition))?),
        };
        outcome.clear();
        program.evaluate_stored(cx, row, &mut outcome)?;
        match outcome[..] {
            [Datum::Bool(false)] => {
                let table_name = table.name();
                let message =
                    format!("check constraint \"{name}\" of relation \"{table_name}\" is violated by some row");
                let error = error!(CHECK_VIOLATION, "{message}");
                Err(in_table(cx, table, error).constraint(name))
            }
            _ => Ok(ControlFlow::Continue(())),
        }
    })
}

/// The error with the schema and table that it is about.
pub(crate) fn in_table(cx: Ctx<'_>, table: &RelationEntry, error: Error) -> Error {
    match cx.catalog().namespace(table.class.relnamespace) {
        Ok(Some(namespace)) => error.table(&namespace.nspname, table.name()),
        _ => error,
    }
}
