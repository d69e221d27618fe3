//! Storing a table's rows anew: new files for the table, its TOAST table and its indexes; the old ones go at commit.
//!
//! 1. The entry of the table as it was keeps the old files readable.
//! 2. The catalogs get the new definition and the new, empty files.
//! 3. Each old row is read, its new values computed, checked and inserted; then the indexes are built.

use crate::truncate::{new_file, rewrite_empty_toast};
use crate::validate::{contains_nulls, for_each_row};
use crate::{index_build, validate};
use access::{Access, InsertOptions};
use analyze::expr::Expr;
use analyze::stored;
use exec::RowProgram;
use instance::Ctx;
use report::{Result, error};
use schema::RelationEntry;
use std::ops::ControlFlow;
use std::sync::Arc;
use tuple::Datum;

/// Rows that are inserted together.
const BATCH_ROWS: usize = 256;

/// A column whose values are computed anew, from 1, and from what: an expression over the old row.
pub(super) struct NewValue {
    pub(super) column: i16,
    pub(super) expression: Expr,
}

/// Stores all rows of a table anew. `old` is the table's entry before its definition changed; the catalogs have the new one.
pub(super) fn rewrite(cx: Ctx<'_>, old: &Arc<RelationEntry>, values: &[NewValue]) -> Result<()> {
    new_file(cx, old.oid)?;
    if old.class.reltoastrelid.is_valid() {
        rewrite_empty_toast(cx, old.class.reltoastrelid)?;
    }
    let new = cx.catalog().open_relation(old.oid)?;
    copy_rows(cx, old, &new, values)?;
    rebuild_indexes(cx, &new)
}

/// New files and entries for all indexes of a table.
pub(crate) fn rebuild_indexes(cx: Ctx<'_>, table: &RelationEntry) -> Result<()> {
    for index in &table.indexes {
        new_file(cx, *index)?;
        index_build::build(cx, table.oid, *index)?;
    }
    Ok(())
}

fn copy_rows(cx: Ctx<'_>, old: &RelationEntry, new: &RelationEntry, values: &[NewValue]) -> Result<()> {
    let expressions: Vec<Expr> = values.iter().map(|value| value.expression.clone()).collect();
    let mut program = RowProgram::new(cx, &expressions)?;
    let mut checks = Checks::new(cx, new)?;
    let mut batch: Vec<Vec<Datum>> = Vec::new();
    let (mut computed, width) = (Vec::new(), new.desc.len());
    for_each_row(cx, old, |row| {
        computed.clear();
        program.evaluate(cx, &row.values, &mut computed)?;
        let mut made = row.values[..old.desc.len().min(row.values.len())].to_vec();
        made.resize(width, Datum::Null);
        for (value, column) in computed.drain(..).zip(values) {
            made[column.column as usize - 1] = value;
        }
        for (value, attribute) in made.iter_mut().zip(&new.desc.attributes) {
            if attribute.is_dropped {
                *value = Datum::Null;
            }
        }
        checks.check(cx, new, &made)?;
        batch.push(made);
        if batch.len() >= BATCH_ROWS {
            insert(cx, new, &mut batch)?;
            cx.check_interrupts()?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    insert(cx, new, &mut batch)?;
    cx.next_command()
}

/// Inserts rows into a table's new file.
pub(crate) fn insert(cx: Ctx<'_>, table: &RelationEntry, batch: &mut Vec<Vec<Datum>>) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let relation = table.table.as_ref().expect("a table has storage");
    let options = InsertOptions { skip_free_space: true, ..InsertOptions::default() };
    let (store, mut tids) = (&cx.session.store, Vec::with_capacity(batch.len()));
    cx.with_tx(|tx| relation.am.multi_insert(&mut Access::new(store, tx), relation, batch, options, &mut tids))?;
    batch.clear();
    Ok(())
}

/// What new rows must meet: not null columns and checks.
struct Checks {
    names: Vec<String>,
    program: RowProgram,
    outcome: Vec<Datum>,
}

impl Checks {
    fn new(cx: Ctx<'_>, table: &RelationEntry) -> Result<Checks> {
        let valid = || table.checks.iter().filter(|check| check.convalidated);
        let conditions = valid().filter_map(|check| check.conbin.as_deref()).map(stored::from_text::<Expr>);
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        let names = valid().map(|check| check.conname.clone()).collect();
        Ok(Checks { names, program: RowProgram::new(cx, &conditions)?, outcome: Vec::new() })
    }

    fn check(&mut self, cx: Ctx<'_>, table: &RelationEntry, row: &[Datum]) -> Result<()> {
        for (n, attribute) in table.desc.attributes.iter().enumerate() {
            if attribute.not_null && !attribute.is_dropped && row[n].is_null() {
                return Err(contains_nulls(cx, table, n as i16 + 1));
            }
        }
        self.outcome.clear();
        self.program.evaluate(cx, row, &mut self.outcome)?;
        let failed = self.outcome.iter().position(|value| matches!(value, Datum::Bool(false)));
        match failed {
            None => Ok(()),
            Some(place) => {
                let (name, table_name) = (&self.names[place], table.name());
                let message =
                    format!("check constraint \"{name}\" of relation \"{table_name}\" is violated by some row");
                let error = error!(CHECK_VIOLATION, "{message}").constraint(name);
                Err(validate::in_table(cx, table, error))
            }
        }
    }
}
