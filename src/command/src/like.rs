//! CREATE TABLE ... LIKE: another table's columns, and what INCLUDING asks for besides them.
//!
//! Columns with defaults and generation are taken over before the table is made; constraints, indexes and comments are made after
//! it, from the definitions that the catalogs print for them.

use crate::relation::NewColumn;
use crate::{Execution, names, query};
use analyze::expr::Expr;
use analyze::stored;
use base::Oid;
use catalog::oids;
use catalog::rows::{PgDescription, PgIndex};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::LockMode;
use parser::ast::{DefArg, DefElem, TableLike, like_option as has};
use report::{Error, Result, bail, error};
use schema::RelationEntry;
use std::collections::HashMap;
use std::sync::Arc;
use tuple::Datum;

/// A column that LIKE takes over.
pub(crate) struct Taken {
    pub(crate) new: NewColumn,
    /// Its default or generation expression, over the old table's column numbers.
    pub(crate) expression: Option<Expr>,
    /// The options of its identity's sequence.
    pub(crate) identity: Option<Vec<DefElem>>,
    /// The old table's column number.
    pub(crate) number: i16,
}

/// The table that a LIKE clause names, and its columns.
pub(crate) fn take_columns(cx: Ctx<'_>, like: &TableLike) -> Result<(Arc<RelationEntry>, Vec<Taken>)> {
    let source = names::open_relation(cx, &like.relation, LockMode::AccessShare)?;
    let name = source.name();
    if !matches!(source.kind(), b'r' | b'v' | b'm' | b'c' | b'f' | b'p') {
        let error = error!(WRONG_OBJECT_TYPE, "relation \"{name}\" is invalid in LIKE clause");
        return Err(error.detail(crate::address::not_supported_for(source.kind())));
    }
    if source.kind() != b'c' && !cx.may_use_relation(cx.session.current_user(), &source.class, Privileges::SELECT)? {
        return Err(denied(ObjectKind::of_relkind(source.kind()), name));
    }
    let mut taken = Vec::new();
    for (n, attribute) in source.desc.attributes.iter().enumerate().filter(|(_, a)| !a.is_dropped) {
        let number = n as i16 + 1;
        let row = cx.catalog().attribute(source.oid, number)?.expect("the column is in the relation's entry");
        let mut new = NewColumn::new(&attribute.name, attribute.type_oid, attribute.type_mod, attribute.collation);
        new.dimensions = row.attndims;
        new.not_null = attribute.not_null;
        new.storage = (like.options & has::STORAGE != 0).then_some(attribute.storage);
        let is_generated = attribute.generated != 0;
        let wanted = if is_generated { has::GENERATED } else { has::DEFAULTS };
        let expression = match source.default(number) {
            Some(default) if like.options & wanted != 0 => Some(stored::from_text::<Expr>(&default.expression)?),
            _ => None,
        };
        new.has_default = expression.is_some();
        new.generated = if expression.is_some() { attribute.generated } else { 0 };
        let mut identity = None;
        if attribute.identity != 0 && like.options & has::IDENTITY != 0 {
            new.identity = attribute.identity;
            identity = Some(identity_options(cx, source.oid, number)?);
        }
        taken.push(Taken { new, expression, identity, number });
    }
    Ok((source, taken))
}

fn identity_options(cx: Ctx<'_>, table: Oid, column: i16) -> Result<Vec<DefElem>> {
    let sequence = crate::alter_table::sequence_of(cx, table, column)?;
    let row = match sequence {
        Some(oid) => cx.catalog().sequence(oid)?,
        None => None,
    };
    let Some(row) = row else { return Ok(Vec::new()) };
    let number = |name: &str, value: i64| option(name, DefArg::Float(value.to_string()));
    Ok(vec![
        number("increment", row.seqincrement),
        number("maxvalue", row.seqmax),
        number("minvalue", row.seqmin),
        number("start", row.seqstart),
        number("cache", row.seqcache),
        option("cycle", DefArg::Boolean(row.seqcycle)),
    ])
}

/// An option as a statement would say it.
pub(crate) fn option(name: &str, arg: DefArg) -> DefElem {
    DefElem {
        namespace: None,
        name: name.to_owned(),
        arg: Some(arg),
        action: parser::ast::DefAction::default(),
        pos: parser::ast::Pos::NONE,
    }
}

/// An expression over the old table's columns as one over the new table's.
pub(crate) fn renumber(mut expression: Expr, numbers: &HashMap<i16, i16>) -> Result<Expr> {
    analyze::walk::rewrite(&mut expression, &mut |node| {
        if let Expr::Var(var) = node {
            match numbers.get(&var.attno) {
                Some(new) => {
                    var.attno = *new;
                    var.syntactic.0.1 = *new;
                }
                None if var.attno == 0 => {
                    let error = error!(FEATURE_NOT_SUPPORTED, "cannot convert whole-row table reference");
                    return Err(error);
                }
                None => bail!(UNDEFINED_COLUMN, "a column that an expression uses was not taken over"),
            }
        }
        Ok(())
    })?;
    Ok(expression)
}

/// Makes what INCLUDING asks for once the table is there.
pub(crate) fn finish(
    ex: &mut Execution<'_, '_>,
    table: Oid,
    (source, like): (&Arc<RelationEntry>, &TableLike),
) -> Result<()> {
    if like.options & has::CONSTRAINTS != 0 {
        copy_checks(ex, table, source, like)?;
    }
    if like.options & has::INDEXES != 0 {
        copy_indexes(ex, table, source, like)?;
    }
    if like.options & has::COMMENTS != 0 {
        copy_column_comments(ex.cx, table, source)?;
    }
    Ok(())
}

fn text_of(cx: Ctx<'_>, query: &str) -> Result<String> {
    match query::first_row(cx, query)?.as_deref() {
        Some([value @ Datum::Bytes(_)]) => Ok(value.as_str().to_owned()),
        _ => Err(Error::internal("the catalogs print a definition for every object")),
    }
}

fn copy_checks(ex: &mut Execution<'_, '_>, table: Oid, source: &RelationEntry, like: &TableLike) -> Result<()> {
    let cx = ex.cx;
    for check in source.checks.iter().filter(|check| !check.connoinherit) {
        let definition =
            text_of(cx, &format!("SELECT pg_catalog.pg_get_constraintdef({}::pg_catalog.oid)", check.oid))?;
        let new = cx.catalog().open_relation(table)?;
        let name = builtins::quote_identifier(&check.conname);
        let target = query::qualified_name(cx, &new)?;
        query::run_definition(ex, &format!("ALTER TABLE {target} ADD CONSTRAINT {name} {definition}"))?;
        if like.options & has::COMMENTS != 0 {
            let made = cx.catalog().constraints(table)?.into_iter().find(|row| row.conname == check.conname);
            if let Some(made) = made {
                copy_comment(cx, oids::PG_CONSTRAINT, (check.oid, 0), (made.oid, 0))?;
            }
        }
    }
    Ok(())
}

/// Indexes by number, so that generated names come as for the table they are copied from.
fn copy_indexes(ex: &mut Execution<'_, '_>, table: Oid, source: &RelationEntry, like: &TableLike) -> Result<()> {
    let cx = ex.cx;
    for index in &source.indexes {
        let Some(row) = cx.catalog().index_row(*index)? else { continue };
        let before = cx.catalog().open_relation(table)?.indexes.clone();
        copy_index(ex, table, source, &row.row)?;
        cx.next_command()?;
        let after = cx.catalog().open_relation(table)?;
        let made = after.indexes.iter().find(|oid| !before.contains(oid));
        if let (Some(made), true) = (made, like.options & has::COMMENTS != 0) {
            copy_comment(cx, oids::PG_CLASS, (*index, 0), (*made, 0))?;
        }
    }
    Ok(())
}

fn copy_index(ex: &mut Execution<'_, '_>, table: Oid, source: &RelationEntry, row: &PgIndex) -> Result<()> {
    let cx = ex.cx;
    let constraints = cx.catalog().constraints(source.oid)?;
    let constraint =
        constraints.iter().find(|c| c.conindid == row.indexrelid && matches!(c.contype, b'p' | b'u' | b'x'));
    let new = cx.catalog().open_relation(table)?;
    let target = query::qualified_name(cx, &new)?;
    if let Some(constraint) = constraint {
        let query = format!("SELECT pg_catalog.pg_get_constraintdef({}::pg_catalog.oid)", constraint.oid);
        let definition = text_of(cx, &query)?;
        return query::run_definition(ex, &format!("ALTER TABLE {target} ADD {definition}"));
    }
    let definition = text_of(cx, &format!("SELECT pg_catalog.pg_get_indexdef({}::pg_catalog.oid)", row.indexrelid))?;
    // CREATE [UNIQUE] INDEX name ON table USING ...: the name is made anew, the table is the new one.
    let using = definition.find(" USING ").ok_or_else(|| Error::internal("an index's definition says USING"))?;
    let unique = if row.indisunique { "UNIQUE " } else { "" };
    query::run_definition(ex, &format!("CREATE {unique}INDEX ON {target}{}", &definition[using..]))
}

fn copy_column_comments(cx: Ctx<'_>, table: Oid, source: &RelationEntry) -> Result<()> {
    let new = cx.catalog().open_relation(table)?;
    for (n, attribute) in source.desc.attributes.iter().enumerate() {
        if let Some(number) = new.column(&attribute.name) {
            let old = (source.oid, n as i32 + 1);
            copy_comment(cx, oids::PG_CLASS, old, (table, i32::from(number)))?;
        }
    }
    Ok(())
}

fn copy_comment(cx: Ctx<'_>, class: Oid, (old, old_part): (Oid, i32), (new, part): (Oid, i32)) -> Result<()> {
    match cx.catalog().description(class, old, old_part)? {
        Some(row) => {
            let copy = PgDescription { objoid: new, objsubid: part, ..row.row };
            cx.catalog().insert(&copy).map(drop)
        }
        None => Ok(()),
    }
}
