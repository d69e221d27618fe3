//! Looks whether the rows that are there meet a foreign key that is being added or validated.

use crate::query::{first_row, qualified_name};
use base::Oid;
use catalog::rows::PgConstraint;
use instance::Ctx;
use report::{Result, error};
use schema::RelationEntry;
use std::fmt::Write;
use tuple::Datum;

/// 23503 if a row of the referencing table has no partner.
pub(crate) fn validate(cx: Ctx<'_>, constraint: &PgConstraint) -> Result<()> {
    let catalog = cx.catalog();
    let table = catalog.open_relation(constraint.conrelid)?;
    if !has_rows(cx, &table)? {
        return Ok(());
    }
    let referenced = catalog.open_relation(constraint.confrelid)?;
    let text = query_text(cx, constraint, &table, &referenced)?;
    match first_row(cx, &text)? {
        None => Ok(()),
        Some(row) => violation(cx, constraint, (&table, &referenced), &row),
    }
}

fn has_rows(cx: Ctx<'_>, table: &RelationEntry) -> Result<bool> {
    let mut found = false;
    crate::validate::for_each_row(cx, table, |_| {
        found = true;
        Ok(std::ops::ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The query for a row without a partner: its columns of the key.
fn query_text(
    cx: Ctx<'_>,
    constraint: &PgConstraint,
    table: &RelationEntry,
    referenced: &RelationEntry,
) -> Result<String> {
    let columns = pairs(constraint, table, referenced);
    let quote = builtins::quote_identifier;
    let own: Vec<String> = columns.iter().map(|(own, _)| format!("fk.{}", quote(own))).collect();
    let there: Vec<String> = columns.iter().map(|(_, there)| format!("pk.{}", quote(there))).collect();
    let mut text = format!("SELECT {} FROM ONLY ", own.join(", "));
    let (from, to) = (qualified_name(cx, table)?, qualified_name(cx, referenced)?);
    write!(text, "{from} fk LEFT OUTER JOIN ONLY {to} pk ON (").expect("writing to a string");
    let operators = constraint.conpfeqop.as_deref().unwrap_or_default();
    let mut conditions = Vec::new();
    for ((own, there), operator) in own.iter().zip(&there).zip(operators) {
        conditions.push(format!("{there} OPERATOR({}) {own}", operator_name(cx, *operator)?));
    }
    write!(text, "{}) WHERE {} IS NULL AND (", conditions.join(" AND "), there[0]).expect("writing to a string");
    // MATCH SIMPLE looks at rows without nulls; MATCH FULL at those that are not all null.
    let connective = if constraint.confmatchtype == b's' { " AND " } else { " OR " };
    let given: Vec<String> = own.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    Ok(format!("{text}{}) LIMIT 1", given.join(connective)))
}

fn operator_name(cx: Ctx<'_>, operator: Oid) -> Result<String> {
    let row = cx.catalog().operator(operator)?.expect("a constraint's operator exists");
    let namespace = cx.catalog().namespace(row.oprnamespace)?.expect("an operator is in a schema");
    Ok(format!("{}.{}", builtins::quote_identifier(&namespace.nspname), row.oprname))
}

/// Names of the key's columns, here and there.
fn pairs<'a>(
    constraint: &PgConstraint,
    table: &'a RelationEntry,
    referenced: &'a RelationEntry,
) -> Vec<(&'a str, &'a str)> {
    let own = constraint.conkey.iter().flatten().map(|n| table.desc.attributes[*n as usize - 1].name.as_str());
    let there = constraint.confkey.iter().flatten().map(|n| referenced.desc.attributes[*n as usize - 1].name.as_str());
    own.zip(there).collect()
}

fn violation(
    cx: Ctx<'_>,
    constraint: &PgConstraint,
    (table, referenced): (&RelationEntry, &RelationEntry),
    row: &[Datum],
) -> Result<()> {
    let name = &constraint.conname;
    let error = error!(
        FOREIGN_KEY_VIOLATION,
        "insert or update on table \"{}\" violates foreign key constraint \"{name}\"",
        table.name()
    );
    let error = crate::validate::in_table(cx, table, error.constraint(name));
    if constraint.confmatchtype == b'f' && row.iter().any(Datum::is_null) {
        return Err(error.detail("MATCH FULL does not allow mixing of null and nonnull key values."));
    }
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (number, value) in constraint.conkey.iter().flatten().zip(row) {
        let column = &table.desc.attributes[*number as usize - 1];
        names.push(column.name.clone());
        values.push(crate::index_values::text_of_value(cx, column.type_oid, value)?);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    Err(error.detail(format!("Key ({names})=({values}) is not present in table \"{}\".", referenced.name())))
}
