//! What stands in the way of a column's new type because its stored expression speaks of the old one, checks and indexes, is dropped
//! and made again from the definition that the catalogs print.

use super::column_type::mentions;
use crate::address::ObjectAddress;
use crate::dependency::drop_objects;
use crate::{Execution, query};
use catalog::oids;
use instance::Ctx;
use parser::ast::DropBehavior;
use report::{Error, Result};
use schema::RelationEntry;
use tuple::Datum;

/// Definitions to run when the column has its new type.
pub(super) struct Saved(Vec<String>);

/// Drops what mentions the column in an expression, and keeps how to make it again.
pub(super) fn save(cx: Ctx<'_>, table: &RelationEntry, number: i16) -> Result<Saved> {
    let mut statements = Vec::new();
    let mut dropped = Vec::new();
    let target = query::qualified_name(cx, table)?;
    for check in &table.checks {
        if !mentions(check.conbin.as_deref(), number)? {
            continue;
        }
        let definition = definition(cx, "pg_get_constraintdef", check.oid)?;
        let name = builtins::quote_identifier(&check.conname);
        statements.push(format!("ALTER TABLE {target} ADD CONSTRAINT {name} {definition}"));
        dropped.push(ObjectAddress::new(oids::PG_CONSTRAINT, check.oid));
    }
    for index in &table.indexes {
        let Some(row) = cx.catalog().index_row(*index)? else { continue };
        if mentions(row.indexprs.as_deref(), number)? || mentions(row.indpred.as_deref(), number)? {
            statements.push(definition(cx, "pg_get_indexdef", *index)?);
            dropped.push(ObjectAddress::relation(*index));
        }
    }
    if !dropped.is_empty() {
        drop_objects(cx, &dropped, DropBehavior::Restrict)?;
        cx.next_command()?;
    }
    Ok(Saved(statements))
}

fn definition(cx: Ctx<'_>, function: &str, oid: base::Oid) -> Result<String> {
    let row = query::first_row(cx, &format!("SELECT pg_catalog.{function}({oid}::pg_catalog.oid)"))?;
    match row.as_deref() {
        Some([value @ Datum::Bytes(_)]) => Ok(value.as_str().to_owned()),
        _ => Err(Error::internal("the catalogs print a definition for every object")),
    }
}

impl Saved {
    /// Makes again what was dropped.
    pub(super) fn restore(self, ex: &mut Execution<'_, '_>) -> Result<()> {
        self.0.iter().try_for_each(|statement| query::run_definition(ex, statement))
    }
}
