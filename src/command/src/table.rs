//! CREATE TABLE: columns, then what hangs off them, in the order in which it can be made: the relation, defaults, checks, the
//! TOAST table, indexes of constraints, foreign keys.

use crate::address::ObjectAddress;
use crate::column_definition::{Column, OwnSequence, read_column};
use crate::constraint;
use crate::dependency::{self, Dependency};
use crate::mentioned;
use crate::options;
use crate::relation::{NewRelation, create_relation, create_toast_table};
use crate::{Execution, Tag, like, names, with_analyze_context};
use crate::{sequence, temporary};
use analyze::expr::{Expr, NextValueExpr};
use analyze::{DefaultFor, TypeAndMod, stored};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgAttrdef, PgAttribute};
use instance::Ctx;
use parser::ast::{
    self, CollateClause, Constraint, ConstraintKind, CreateTableStmt, OnCommit, TableElement, TableLike,
};
use report::{Result, bail, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;

/// A LIKE clause and its table.
type Liked = (Arc<RelationEntry>, TableLike);

/// What was said about the table beside its columns.
#[derive(Default)]
struct Parts {
    columns: Vec<Column>,
    constraints: Vec<Constraint>,
    likes: Vec<Liked>,
}

/// CREATE TABLE.
pub(crate) fn create_table(ex: &mut Execution<'_, '_>, statement: &CreateTableStmt) -> Result<Tag> {
    let cx = ex.cx;
    refuse_unsupported(statement)?;
    let pos = statement.relation.pos;
    let target = names::creation_target(cx, &statement.relation).map_err(|error| at(error, ex.text, pos))?;
    let name = &statement.relation.name;
    if names::check_free(cx, target.0, name, statement.if_not_exists)? {
        return Ok(Tag::Plain("CREATE TABLE"));
    }
    if statement.on_commit != OnCommit::Noop && target.1 != b't' {
        bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    }
    let mut parts = read_elements(ex, statement)?;
    parts.columns.iter_mut().try_for_each(|column| column.make_sequence(ex, name, target))?;
    let new = NewRelation {
        columns: parts.columns.iter().map(|column| column.new.clone()).collect(),
        options: options::table_options(&statement.options)?,
        ..NewRelation::new(cx, name, target, b'r')
    };
    let table = create_relation(cx, &new)?;
    make_defaults(ex, table, &parts.columns)?;
    store_taken(cx, table, &parts.columns)?;
    create_toast_table(cx, table)?;
    constraint::add_constraints(ex, table, &parts.constraints)?;
    for (source, clause) in &parts.likes {
        like::finish(ex, table, (source, clause))?;
    }
    temporary::note_on_commit(cx, table, statement.on_commit);
    Ok(Tag::Plain("CREATE TABLE"))
}

fn refuse_unsupported(statement: &CreateTableStmt) -> Result<()> {
    if statement.partition_by.is_some() || statement.partition_bound.is_some() {
        unsupported!("table partitioning");
    }
    if !statement.inherits.is_empty() {
        unsupported!("table inheritance");
    }
    if statement.of_type.is_some() {
        unsupported!("a typed table (OF type)");
    }
    if statement.foreign.is_some() {
        unsupported!("CREATE FOREIGN TABLE");
    }
    if let Some(method) = statement.access_method.as_deref().filter(|method| *method != "heap") {
        return Err(error!(UNDEFINED_OBJECT, "access method \"{method}\" does not exist"));
    }
    if let Some(name) = statement.tablespace.as_deref().filter(|name| *name != "pg_default") {
        return Err(error!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist"));
    }
    Ok(())
}

fn read_elements(ex: &Execution<'_, '_>, statement: &CreateTableStmt) -> Result<Parts> {
    let mut parts = Parts::default();
    for element in &statement.elements {
        match element {
            TableElement::Column(column) => {
                let table = &statement.relation.name;
                let (made, constraints) = read_column(ex, column, table)?;
                parts.columns.push(made);
                parts.constraints.extend(constraints);
            }
            TableElement::Constraint(constraint) => parts.constraints.push((**constraint).clone()),
            TableElement::Like(like) => take_columns(ex, &mut parts, like)?,
        }
    }
    require_key_columns(&mut parts);
    // There are no rows yet that a constraint might not hold for.
    parts.constraints.iter_mut().for_each(|constraint| constraint.attributes.not_valid = false);
    Ok(parts)
}

fn take_columns(ex: &Execution<'_, '_>, parts: &mut Parts, clause: &TableLike) -> Result<()> {
    let place = parts.likes.len();
    let taken = like::take_columns(ex.cx, clause).map_err(|error| at(error, ex.text, clause.relation.pos));
    let (source, taken) = taken?;
    for column in taken {
        parts.columns.push(Column {
            new: column.new,
            default: None,
            generated: None,
            sequence: column.identity.map(OwnSequence::new),
            taken: column.expression.map(|expression| (place, expression)),
            source: Some((place, column.number)),
        });
    }
    parts.likes.push((source, clause.clone()));
    Ok(())
}

/// Stores the expressions that LIKE takes over, now that the new columns have numbers.
fn store_taken(cx: Ctx<'_>, table: Oid, columns: &[Column]) -> Result<()> {
    for (n, column) in columns.iter().enumerate() {
        let Some((place, expression)) = &column.taken else { continue };
        let numbers = columns.iter().enumerate().filter_map(|(n, other)| match other.source {
            Some((clause, number)) if clause == *place => Some((number, n as i16 + 1)),
            _ => None,
        });
        let expression = like::renumber(expression.clone(), &numbers.collect())?;
        store_default(cx, (table, n as i16 + 1), &expression)?;
    }
    cx.next_command()
}

/// Columns of a primary key are not null.
fn require_key_columns(parts: &mut Parts) {
    let mut keys = parts.constraints.iter().filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Primary(key) => Some(&key.columns),
        _ => None,
    });
    let Some(columns) = keys.next() else { return };
    for column in parts.columns.iter_mut().filter(|column| columns.contains(&column.new.name)) {
        column.new.not_null = true;
    }
}

/// The error with a position, unless it has one.
pub(crate) fn at(error: report::Error, text: &str, pos: ast::Pos) -> report::Error {
    if error.fields().position.is_some() {
        return error;
    }
    match pos.characters(text) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// A column that is added as its own primary key is not null.
pub(crate) fn with_key_columns(column: Column, constraints: Vec<Constraint>) -> (Column, Vec<Constraint>) {
    let mut parts = Parts { columns: vec![column], constraints, likes: Vec::new() };
    require_key_columns(&mut parts);
    (parts.columns.remove(0), parts.constraints)
}

/// A column's type, collation and number of array dimensions.
pub(crate) fn resolve_type(
    ex: &Execution<'_, '_>,
    collation: Option<&CollateClause>,
    name: &ast::TypeName,
) -> Result<(TypeAndMod, Oid, i32)> {
    let cx = ex.cx;
    let (resolved, given) = with_analyze_context(cx, ex.text, |context| {
        let given = collation.map(|clause| context.resolve_collation(&clause.name, clause.pos.into())).transpose()?;
        Ok((context.resolve_type_name(name)?, given))
    })?;
    cx.check_type(resolved.oid)?;
    let row = cx.catalog().type_by_oid(resolved.oid)?.expect("a type that was resolved exists");
    let collation = match given {
        Some(_) if !row.typcollation.is_valid() => {
            let path = cx.search_path()?;
            let name = cx.catalog().format_type(resolved.oid, None, &path.namespaces)?;
            bail!(DATATYPE_MISMATCH, "collations are not supported by type {name}");
        }
        Some(collation) => collation,
        None => row.typcollation,
    };
    Ok((resolved, collation, name.array_bounds.len() as i32))
}

/// Stores defaults and generation expressions, and makes the sequences of serial and identity columns.
pub(crate) fn make_defaults(ex: &mut Execution<'_, '_>, table: Oid, columns: &[Column]) -> Result<()> {
    for (n, column) in columns.iter().enumerate() {
        make_default(ex, table, n as i16 + 1, column)?;
    }
    ex.cx.next_command()
}

/// One column's default, and its sequence.
pub(crate) fn make_default(ex: &mut Execution<'_, '_>, table: Oid, number: i16, column: &Column) -> Result<()> {
    let cx = ex.cx;
    let target = DefaultFor {
        column: &column.new.name,
        column_type: TypeAndMod { oid: column.new.type_oid, typmod: column.new.type_mod },
    };
    if let Some(sequence) = column.sequence.as_ref().and_then(|sequence| sequence.made) {
        let is_identity = column.new.identity != 0;
        sequence::attach(cx, sequence, (table, number), is_identity)?;
        if !is_identity {
            let call = Expr::from(NextValueExpr { sequence, type_oid: Oid(20) });
            let call = sequence::default_expression(ex, sequence, target)?.unwrap_or(call);
            store_default(cx, (table, number), &call)?;
        }
    }
    if let Some(expression) = &column.default {
        let made = with_analyze_context(cx, ex.text, |context| context.analyze_default(expression, target))?;
        store_default(cx, (table, number), &made)?;
    }
    if let Some(expression) = &column.generated {
        let entry = cx.catalog().open_relation(table)?;
        let made = with_analyze_context(cx, ex.text, |context| context.analyze_generated(&entry, expression, target))?;
        if exec::volatility(cx, &made)? != b'i' {
            bail!(INVALID_OBJECT_DEFINITION, "generation expression is not immutable");
        }
        store_default(cx, (table, number), &made)?;
    }
    Ok(())
}

/// Adds a column's default.
pub(crate) fn store_default(cx: Ctx<'_>, (table, number): (Oid, i16), expression: &Expr) -> Result<Oid> {
    let catalog = cx.catalog();
    let oid = catalog.new_oid::<PgAttrdef>()?;
    catalog.insert(&PgAttrdef { oid, adrelid: table, adnum: number, adbin: stored::to_text(expression) })?;
    let column = ObjectAddress::column(table, number);
    let own = ObjectAddress::new(oids::PG_ATTRDEF, oid);
    let row = catalog.attribute(table, number)?.expect("the column was made before");
    if !row.atthasdef {
        catalog.update(&row, &PgAttribute { atthasdef: true, ..row.row.clone() })?;
    }
    // A generated column and its expression are one; a default goes with its column.
    let kind = if row.attgenerated == b's' { Dependency::Internal } else { Dependency::Auto };
    dependency::record(cx, own, column, kind)?;
    let mentioned = mentioned::by_expr(cx, expression, Some(table))?;
    dependency::record_all(cx, own, mentioned, Dependency::Normal)?;
    Ok(oid)
}
