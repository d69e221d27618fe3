//! Constraints of tables: CHECK, PRIMARY KEY, UNIQUE, FOREIGN KEY as rows of pg_constraint, with the indexes and triggers behind
//! them. Enforcing them is the executor's business.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::index::create_index;
use crate::sequence::make_object_name;
use crate::{Execution, foreign_key, index_statement, key_using_index, mentioned, validate, with_analyze_context};
use analyze::{RelationExpr, stored};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgAttribute, PgClass, PgConstraint};
use instance::Ctx;
use parser::ast::{self, Constraint, ConstraintKind, IndexConstraint};
use report::{Result, bail, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;

/// A column's constraint as one of the table: the column takes the place of the column list.
pub(crate) fn of_column(constraint: &Constraint, column: &str) -> Constraint {
    let mut constraint = constraint.clone();
    match &mut constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => key.columns = vec![column.to_owned()],
        ConstraintKind::Foreign(key) => key.columns = vec![column.to_owned()],
        _ => {}
    }
    constraint
}

/// DEFERRABLE and its kin behind a column constraint belong to the one before them.
pub(crate) fn attribute_of_last(constraints: &mut [Constraint], attribute: &Constraint) -> Result<()> {
    let Some(last) = constraints.last_mut() else {
        bail!(SYNTAX_ERROR, "misplaced DEFERRABLE clause");
    };
    match attribute.kind {
        ConstraintKind::AttrDeferrable => last.attributes.deferrable = true,
        ConstraintKind::AttrNotDeferrable => last.attributes.deferrable = false,
        ConstraintKind::AttrDeferred => {
            last.attributes.deferrable = true;
            last.attributes.initially_deferred = true;
        }
        _ => last.attributes.initially_deferred = false,
    }
    Ok(())
}

/// Adds constraints to a table: first checks, then keys, then foreign keys, which may refer to the keys.
pub(crate) fn add_constraints(ex: &mut Execution<'_, '_>, table: Oid, constraints: &[Constraint]) -> Result<()> {
    let order = |constraint: &&Constraint| match constraint.kind {
        ConstraintKind::Check(_) => 0,
        ConstraintKind::Primary(_) => 1,
        ConstraintKind::Unique(_) => 2,
        _ => 3,
    };
    let mut sorted: Vec<&Constraint> = constraints.iter().collect();
    sorted.sort_by_key(order);
    let mut primaries = sorted.iter().filter(|c| matches!(c.kind, ConstraintKind::Primary(_)));
    if let (Some(_), Some(second)) = (primaries.next(), primaries.next()) {
        let entry = ex.cx.catalog().open_relation(table)?;
        let name = entry.name();
        let error = error!(INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{name}\" are not allowed");
        return Err(crate::table::at(error, ex.text, second.pos));
    }
    sorted.into_iter().try_for_each(|constraint| add_constraint(ex, table, constraint))
}

/// Adds one constraint to a table.
pub(crate) fn add_constraint(ex: &mut Execution<'_, '_>, table: Oid, constraint: &Constraint) -> Result<()> {
    match &constraint.kind {
        ConstraintKind::Check(expression) => add_check(ex, table, constraint, expression),
        ConstraintKind::Primary(key) => add_key(ex, table, constraint, key, true),
        ConstraintKind::Unique(key) => add_key(ex, table, constraint, key, false),
        ConstraintKind::Foreign(key) => foreign_key::add(ex, table, constraint, key),
        ConstraintKind::Exclude(_) => unsupported!("an exclusion constraint"),
        _ => Err(report::Error::internal("a column constraint where a table constraint is expected")),
    }
}

/// A pg_constraint row with what most kinds have in common.
pub(crate) fn row(
    cx: Ctx<'_>,
    table: &RelationEntry,
    name: String,
    kind: u8,
    said: &Constraint,
) -> Result<PgConstraint> {
    Ok(PgConstraint {
        oid: cx.catalog().new_oid::<PgConstraint>()?,
        conname: name,
        connamespace: table.class.relnamespace,
        contype: kind,
        condeferrable: said.attributes.deferrable || said.attributes.initially_deferred,
        condeferred: said.attributes.initially_deferred,
        convalidated: !said.attributes.not_valid,
        conrelid: table.oid,
        contypid: Oid::INVALID,
        conindid: Oid::INVALID,
        conparentid: Oid::INVALID,
        confrelid: Oid::INVALID,
        confupdtype: b' ',
        confdeltype: b' ',
        confmatchtype: b' ',
        conislocal: true,
        coninhcount: 0,
        connoinherit: kind != b'c' || said.attributes.no_inherit,
        conkey: None,
        confkey: None,
        conpfeqop: None,
        conppeqop: None,
        conffeqop: None,
        confdelsetcols: None,
        conexclop: None,
        conbin: None,
    })
}

/// The name that a constraint gets: the one given, which must be free, or one made of table, columns and label.
pub(crate) fn choose_constraint_name(
    cx: Ctx<'_>,
    table: &RelationEntry,
    given: Option<&String>,
    columns: &str,
    label: &str,
) -> Result<String> {
    if let Some(name) = given {
        if cx.catalog().constraints(table.oid)?.iter().any(|row| row.conname == *name) {
            let table = table.name();
            bail!(DUPLICATE_OBJECT, "constraint \"{name}\" for relation \"{table}\" already exists");
        }
        return Ok(name.clone());
    }
    let labels = std::iter::once(label.to_owned()).chain((1..).map(|n| format!("{label}{n}")));
    for name in labels.map(|label| make_object_name(table.name(), columns, &label)) {
        if !is_name_in_schema(cx, table.class.relnamespace, &name)? {
            return Ok(name);
        }
    }
    unreachable!("there is always another number")
}

/// True if some constraint of the schema has this name: made-up names are unique in their schema, as the standard wants.
fn is_name_in_schema(cx: Ctx<'_>, namespace: Oid, name: &str) -> Result<bool> {
    use catalog::columns::pg_constraint as c;
    let keys = [schema::Key::text(c::CONNAME, name), schema::Key::oid(c::CONNAMESPACE, namespace)];
    Ok(!cx.catalog().scan::<PgConstraint>(&keys)?.is_empty())
}

fn add_check(ex: &mut Execution<'_, '_>, table: Oid, said: &Constraint, expression: &ast::Expr) -> Result<()> {
    let cx = ex.cx;
    let entry = cx.catalog().open_relation(table)?;
    let made = with_analyze_context(cx, ex.text, |context| {
        context.analyze_relation_expr(&entry, expression, RelationExpr::Check)
    })?;
    let mentioned = mentioned::by_expr(cx, &made, Some(table))?;
    let is_column = |m: &&ObjectAddress| m.class == oids::PG_CLASS && m.object == table && m.part > 0;
    let columns: Vec<i16> = mentioned.iter().filter(is_column).map(|m| m.part as i16).collect();
    let column_name = match columns[..] {
        [only] => entry.desc.attributes[only as usize - 1].name.clone(),
        _ => String::new(),
    };
    let name = choose_constraint_name(cx, &entry, said.name.as_ref(), &column_name, "check")?;
    if !said.attributes.not_valid {
        validate::check(cx, &entry, &made, &name)?;
    }
    let row = PgConstraint {
        conkey: (!columns.is_empty()).then(|| columns.clone()),
        conbin: Some(stored::to_text(&made)),
        ..row(cx, &entry, name, b'c', said)?
    };
    cx.catalog().insert(&row)?;
    let own = ObjectAddress::new(oids::PG_CONSTRAINT, row.oid);
    match columns.is_empty() {
        true => dependency::record(cx, own, ObjectAddress::relation(table), Dependency::Auto)?,
        false => {
            let columns = columns.iter().map(|column| ObjectAddress::column(table, *column));
            dependency::record_all(cx, own, columns, Dependency::Auto)?;
        }
    }
    let others = mentioned.into_iter().filter(|m| *m != ObjectAddress::relation(table));
    dependency::record_all(cx, own, others, Dependency::Normal)?;
    let class = cx.catalog().class(table)?.expect("the table was just opened");
    cx.catalog().update(&class, &PgClass { relchecks: class.relchecks + 1, ..class.row.clone() })?;
    cx.next_command()
}

fn add_key(
    ex: &mut Execution<'_, '_>,
    table: Oid,
    said: &Constraint,
    key: &IndexConstraint,
    is_primary: bool,
) -> Result<()> {
    let cx = ex.cx;
    if let Some(index) = &key.index {
        return key_using_index::add(ex, table, (said, index), is_primary);
    }
    if is_primary {
        let entry = cx.catalog().open_relation(table)?;
        if entry.primary_key.is_valid() {
            let name = entry.name();
            bail!(INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{name}\" are not allowed");
        }
        index_statement::of_constraint(ex, &entry, key, true)
            .map_err(|error| crate::table::at(error, ex.text, said.pos))?;
        key.columns.iter().try_for_each(|column| set_not_null(cx, &entry, column))?;
        cx.next_command()?;
    }
    let entry = cx.catalog().open_relation(table)?;
    let mut index = index_statement::of_constraint(ex, &entry, key, is_primary)
        .map_err(|error| crate::table::at(error, ex.text, said.pos))?;
    index.name = match &said.name {
        Some(name) => name.clone(),
        None => {
            let columns = [&key.columns[..], &key.including].concat();
            index_statement::constraint_name(ex, &entry, &columns, is_primary)?
        }
    };
    if cx.catalog().relation_oid(entry.class.relnamespace, &index.name)?.is_some() {
        bail!(DUPLICATE_TABLE, "relation \"{}\" already exists", index.name);
    }
    index.is_immediate = !(said.attributes.deferrable || said.attributes.initially_deferred);
    let name = choose_constraint_name(cx, &entry, Some(&index.name), "", "")?;
    let index_oid = create_index(cx, &entry, &index)?;
    let columns: Vec<i16> = index.columns.iter().map(|column| column.table_column).collect();
    let kind = if is_primary { b'p' } else { b'u' };
    let row = PgConstraint {
        conindid: index_oid,
        conkey: Some(columns[..index.key_count].to_vec()),
        ..row(cx, &entry, name, kind, said)?
    };
    cx.catalog().insert(&row)?;
    let own = ObjectAddress::new(oids::PG_CONSTRAINT, row.oid);
    let of = columns.iter().map(|column| ObjectAddress::column(table, *column));
    dependency::record_all(cx, own, of, Dependency::Auto)?;
    dependency::record(cx, ObjectAddress::relation(index_oid), own, Dependency::Internal)?;
    cx.next_command()
}

/// Makes a column of a primary key not null, after a look at the rows that are there.
pub(crate) fn set_not_null(cx: Ctx<'_>, table: &Arc<RelationEntry>, column: &str) -> Result<()> {
    let Some(number) = table.column(column) else {
        return Err(error!(UNDEFINED_COLUMN, "column \"{column}\" of relation \"{}\" does not exist", table.name()));
    };
    let catalog = cx.catalog();
    let row = catalog.attribute(table.oid, number)?.expect("the column is in the table's entry");
    if row.attnotnull {
        return Ok(());
    }
    validate::not_null(cx, table, number)?;
    catalog.update(&row, &PgAttribute { attnotnull: true, ..row.row.clone() }).map(drop)
}
