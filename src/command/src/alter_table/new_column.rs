//! ADD COLUMN: no row is touched if the column's value is the same for all rows that are there; else they are stored anew.

use super::column_type::refuse_stored_rows;
use super::rewrite::{NewValue, rewrite};
use crate::address::ObjectAddress;
use crate::column_definition::{Column, read_column};
use crate::relation::{
    COLUMNS_MAX, attribute_row, check_column_type, check_not_within_itself, is_system_column,
    record_column_dependencies,
};
use crate::table::make_default;
use crate::{Execution, constraint, validate, with_analyze_context};
use analyze::expr::Expr;
use analyze::stored;
use base::Oid;
use catalog::rows::{PgAttribute, PgClass};
use exec::evaluate;
use instance::Ctx;
use parser::ast::ColumnDef;
use report::{Error, Result, Severity, bail, error};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::Datum;

/// ADD COLUMN.
pub(super) fn add(
    ex: &mut Execution<'_, '_>,
    table: &Arc<RelationEntry>,
    definition: &ColumnDef,
    if_not_exists: bool,
) -> Result<()> {
    let cx = ex.cx;
    if table.kind() == b'v' {
        let error =
            error!(WRONG_OBJECT_TYPE, "ALTER action ADD COLUMN cannot be performed on relation \"{}\"", table.name());
        return Err(error.detail("This operation is not supported for views."));
    }
    if is_taken(cx, table, &definition.name, if_not_exists)? {
        return Ok(());
    }
    let (column, constraints) = read_column(ex, definition, table.name())?;
    let (mut column, constraints) = crate::table::with_key_columns(column, constraints);
    if table.desc.len() >= COLUMNS_MAX {
        bail!(TOO_MANY_COLUMNS, "tables can have at most {COLUMNS_MAX} columns");
    }
    check_column_type(cx, table.kind(), &column.new)?;
    check_not_within_itself(cx, table.class.reltype, column.new.type_oid)?;
    let target = (table.class.relnamespace, table.class.relpersistence);
    column.make_sequence(ex, table.name(), target)?;
    let number = insert_column(cx, table, &column)?;
    make_default(ex, table.oid, number, &column)?;
    cx.next_command()?;
    fill(ex, table, number, &column)?;
    constraint::add_constraints(ex, table.oid, &constraints)
}

/// True if the column is there and the statement says to pass over that.
pub(super) fn is_taken(cx: Ctx<'_>, table: &RelationEntry, name: &str, if_not_exists: bool) -> Result<bool> {
    if is_system_column(name) && table.kind() == b'r' {
        bail!(DUPLICATE_COLUMN, "column name \"{name}\" conflicts with a system column name");
    }
    if table.column(name).is_none() {
        return Ok(false);
    }
    let error = error!(DUPLICATE_COLUMN, "column \"{name}\" of relation \"{}\" already exists", table.name());
    if !if_not_exists {
        return Err(error);
    }
    let message = format!("{}, skipping", error.message());
    cx.session.notice(Error::with_severity(Severity::Notice, error.code(), message));
    Ok(true)
}

fn insert_column(cx: Ctx<'_>, table: &RelationEntry, column: &Column) -> Result<i16> {
    let catalog = cx.catalog();
    let class = catalog.class(table.oid)?.expect("the table is open");
    let number = class.relnatts + 1;
    catalog.insert(&attribute_row(cx, table.oid, number, &column.new)?)?;
    catalog.update(&class, &PgClass { relnatts: number, ..class.row.clone() })?;
    record_column_dependencies(cx, ObjectAddress::column(table.oid, number), &column.new)?;
    cx.next_command()?;
    Ok(number)
}

/// Gives the rows that are there the new column's value.
fn fill(ex: &mut Execution<'_, '_>, old: &Arc<RelationEntry>, number: i16, column: &Column) -> Result<()> {
    let cx = ex.cx;
    if old.kind() != b'r' {
        return Ok(());
    }
    let new = cx.catalog().open_relation(old.oid)?;
    let default = with_analyze_context(cx, ex.text, |context| analyze::column_default(context, &new, number))?;
    let is_generated = column.new.generated != 0;
    if is_generated {
        refuse_stored_rows(cx, old)?;
    }
    let base = cx.catalog().base_type(column.new.type_oid)?;
    let default = match (default, is_generated) {
        (Some(default), false) => default,
        (Some(default), true) => return rewrite(cx, old, &[NewValue { column: number, expression: default }]),
        (None, true) => stored_expression(&new, number)?,
        // Null may not be allowed by the domain: its constraints see the value.
        (None, false) if base != column.new.type_oid => {
            let expression = analyze::expr::null_in_domain(base, column.new.type_oid, Oid::INVALID);
            return rewrite(cx, old, &[NewValue { column: number, expression }]);
        }
        (None, false) => {
            return if column.new.not_null { validate::not_null(cx, &new, number) } else { Ok(()) };
        }
    };
    if is_generated || exec::volatility(cx, &default)? == b'v' {
        refuse_stored_rows(cx, old)?;
        return rewrite(cx, old, &[NewValue { column: number, expression: default }]);
    }
    let value = evaluate(cx, &default)?;
    if value.is_null() {
        return if column.new.not_null { validate::not_null(cx, &new, number) } else { Ok(()) };
    }
    refuse_stored_rows(cx, old)?;
    set_missing(cx, &new, number, &value)
}

fn stored_expression(table: &RelationEntry, number: i16) -> Result<Expr> {
    let text = &table.default(number).expect("a generated column has its expression").expression;
    stored::from_text::<Expr>(text)
}

/// Notes the value that rows without the column have.
fn set_missing(cx: Ctx<'_>, table: &RelationEntry, number: i16, value: &Datum) -> Result<()> {
    let attribute = &table.desc.attributes[number as usize - 1];
    let missing = builtins::array::build_list(attribute.type_oid, attribute.repr, std::slice::from_ref(value))?;
    let row = cx.catalog().attribute(table.oid, number)?.expect("the column was just added");
    let new = PgAttribute { atthasmissing: true, attmissingval: missing, ..row.row.clone() };
    cx.catalog().update(&row, &new)?;
    cx.next_command()
}
