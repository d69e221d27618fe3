//! CREATE TYPE (composite types and enums), ALTER TYPE of enums.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::relation::{NewColumn, NewRelation, array_type, array_type_name, create_relation};
use crate::table::resolve_type;
use crate::{Execution, Tag, acl, default_privileges, names, with_analyze_context};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgEnum, PgType};
use instance::Ctx;
use instance::privileges::ObjectKind;
use parser::ast::{AlterEnumAction, AlterEnumStmt, CollateClause, CompositeTypeStmt, CreateEnumStmt, QualifiedName};
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::{CatalogRow, Key};
use std::sync::Arc;

/// CREATE TYPE ... AS (...).
pub(crate) fn create_composite(ex: &mut Execution<'_, '_>, statement: &CompositeTypeStmt) -> Result<Tag> {
    let cx = ex.cx;
    let target = names::creation_target(cx, &statement.name)?;
    let name = &statement.name.name;
    if cx.catalog().type_by_name(target.0, name)?.is_some() {
        bail!(DUPLICATE_OBJECT, "type \"{name}\" already exists");
    }
    if cx.catalog().relation_oid(target.0, name)?.is_some() {
        bail!(DUPLICATE_TABLE, "relation \"{name}\" already exists");
    }
    let column = |definition: &parser::ast::ColumnDefinition| {
        let clause = definition.collation.as_ref().map(|name| CollateClause { name: name.clone(), pos: name.pos });
        let (resolved, collation, dimensions) = resolve_type(ex, clause.as_ref(), &definition.type_name)?;
        Ok(NewColumn { dimensions, ..NewColumn::new(&definition.name, resolved.oid, resolved.typmod, collation) })
    };
    let columns = statement.columns.iter().map(column).collect::<Result<_>>()?;
    create_relation(cx, &NewRelation { columns, ..NewRelation::new(cx, name, (target.0, b'p'), b'c') })?;
    Ok(Tag::Plain("CREATE TYPE"))
}

/// The row of a type that the user makes, of its own kind; the caller fills in what is particular.
pub(crate) fn plain_type(cx: Ctx<'_>, oid: Oid, name: &str, namespace: Oid) -> PgType {
    PgType {
        oid,
        typname: name.to_owned(),
        typnamespace: namespace,
        typowner: cx.session.current_user(),
        typlen: 4,
        typbyval: true,
        typtype: b'e',
        typcategory: b'E',
        typispreferred: false,
        typisdefined: true,
        typdelim: b',',
        typrelid: Oid::INVALID,
        typsubscript: Oid::INVALID,
        typelem: Oid::INVALID,
        typarray: Oid::INVALID,
        typinput: Oid(3506),
        typoutput: Oid(3507),
        typreceive: Oid(3532),
        typsend: Oid(3533),
        typmodin: Oid::INVALID,
        typmodout: Oid::INVALID,
        typanalyze: Oid::INVALID,
        typalign: b'i',
        typstorage: b'p',
        typnotnull: false,
        typbasetype: Oid::INVALID,
        typtypmod: -1,
        typndims: 0,
        typcollation: Oid::INVALID,
        typdefaultbin: None,
        typdefault: None,
        typacl: None,
    }
}

/// Where a new type goes. Errors: 42710 if there is one of this name.
pub(crate) fn type_place(cx: Ctx<'_>, name: &QualifiedName) -> Result<(Oid, String)> {
    let (namespace, name) = names::creation_place(cx, name)?;
    if cx.catalog().type_by_name(namespace, &name)?.is_some() {
        bail!(DUPLICATE_OBJECT, "type \"{name}\" already exists");
    }
    Ok((namespace, name))
}

/// Adds a type with the type of arrays of it, and what they depend on.
pub(crate) fn insert_type(cx: Ctx<'_>, mut row: PgType) -> Result<()> {
    let catalog = cx.catalog();
    let array = catalog.new_oid::<PgType>()?;
    row.typarray = array;
    row.typacl = default_privileges::for_new(cx, ObjectKind::Type, row.typowner, row.typnamespace)?;
    catalog.insert(&row)?;
    let own = ObjectAddress::new(oids::PG_TYPE, row.oid);
    acl::record_mentioned(cx, own, row.typowner, row.typacl.as_deref().unwrap_or_default())?;
    let schema = ObjectAddress::new(oids::PG_NAMESPACE, row.typnamespace);
    dependency::record(cx, own, schema, Dependency::Normal)?;
    dependency::record_owner(cx, own, row.typowner)?;
    cx.next_command()?;
    let name = array_type_name(cx, row.typnamespace, &row.typname)?;
    catalog.insert(&array_type(&row, array, name))?;
    dependency::record(cx, ObjectAddress::new(oids::PG_TYPE, array), own, Dependency::Internal)?;
    cx.next_command()
}

/// CREATE TYPE ... AS ENUM.
pub(crate) fn create_enum(ex: &mut Execution<'_, '_>, statement: &CreateEnumStmt) -> Result<Tag> {
    let cx = ex.cx;
    let (namespace, name) = type_place(cx, &statement.name)?;
    let oid = cx.catalog().new_oid::<PgType>()?;
    insert_type(cx, plain_type(cx, oid, &name, namespace))?;
    for (n, label) in statement.labels.iter().enumerate() {
        check_label(label)?;
        if statement.labels[..n].contains(label) {
            let error = error!(
                UNIQUE_VIOLATION,
                "duplicate key value violates unique constraint \"pg_enum_typid_label_index\""
            );
            return Err(error.detail(format!("Key (enumtypid, enumlabel)=({oid}, {label}) already exists.")));
        }
        insert_label(cx, oid, label, n as f32 + 1.0)?;
    }
    cx.next_command()?;
    Ok(Tag::Plain("CREATE TYPE"))
}

fn check_label(label: &str) -> Result<()> {
    if label.len() > base::NAME_BYTES_MAX {
        let error = error!(INVALID_NAME, "invalid enum label \"{label}\"");
        return Err(error.detail(format!("Labels must be {} bytes or less.", base::NAME_BYTES_MAX)));
    }
    Ok(())
}

fn insert_label(cx: Ctx<'_>, enum_type: Oid, label: &str, order: f32) -> Result<Oid> {
    let oid = cx.catalog().new_oid::<PgEnum>()?;
    let row = PgEnum { oid, enumtypid: enum_type, enumsortorder: order, enumlabel: label.to_owned() };
    cx.catalog().insert(&row)?;
    Ok(oid)
}

/// The type of this name. Errors: 42704.
pub(crate) fn find(ex: &Execution<'_, '_>, name: &QualifiedName) -> Result<PgType> {
    match with_analyze_context(ex.cx, ex.text, |context| context.find_type(name))? {
        Some(row) => Ok(row.row.clone()),
        None => Err(error!(UNDEFINED_OBJECT, "type \"{}\" does not exist", name.dotted())),
    }
}

/// ALTER TYPE ... ADD VALUE, RENAME VALUE.
pub(crate) fn alter_enum(ex: &mut Execution<'_, '_>, statement: &AlterEnumStmt) -> Result<Tag> {
    let cx = ex.cx;
    let row = find(ex, &statement.name)?;
    let name = cx.catalog().format_type(row.oid, None, &cx.search_path()?.namespaces)?;
    if row.typtype != b'e' {
        bail!(WRONG_OBJECT_TYPE, "{name} is not an enum");
    }
    cx.check_owner(row.typowner, ObjectKind::Type, &name)?;
    let mut labels = cx.catalog().enum_labels(row.oid)?;
    labels.sort_by(|a, b| a.enumsortorder.total_cmp(&b.enumsortorder));
    match &statement.action {
        AlterEnumAction::Add { label, if_not_exists, neighbor } => {
            add_label(cx, row.oid, &labels, (label, *if_not_exists, neighbor.as_ref()))?;
        }
        AlterEnumAction::Rename(old, new) => rename_label(cx, &labels, old, new)?,
    }
    cx.next_command()?;
    Ok(Tag::Plain("ALTER TYPE"))
}

type Labels = [Arc<CatalogRow<PgEnum>>];

fn add_label(
    cx: Ctx<'_>,
    enum_type: Oid,
    labels: &Labels,
    (label, if_not_exists, neighbor): (&str, bool, Option<&(String, bool)>),
) -> Result<()> {
    check_label(label)?;
    if labels.iter().any(|row| row.enumlabel == label) {
        if !if_not_exists {
            bail!(DUPLICATE_OBJECT, "enum label \"{label}\" already exists");
        }
        let message = format!("enum label \"{label}\" already exists, skipping");
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::DUPLICATE_OBJECT, message));
        return Ok(());
    }
    let place = match neighbor {
        None => labels.len(),
        Some((neighbor, after)) => match labels.iter().position(|row| row.enumlabel == *neighbor) {
            Some(place) => place + usize::from(*after),
            None => bail!(INVALID_PARAMETER_VALUE, "\"{neighbor}\" is not an existing enum label"),
        },
    };
    let before = place.checked_sub(1).map(|n| labels[n].enumsortorder);
    let after = labels.get(place).map(|row| row.enumsortorder);
    let order = match (before, after) {
        (None, None) => 1.0,
        (Some(before), None) => before + 1.0,
        (None, Some(after)) => after - 1.0,
        (Some(before), Some(after)) => f32::midpoint(before, after),
    };
    if Some(order) == before || Some(order) == after {
        renumber(cx, enum_type)?;
        let mut labels = cx.catalog().enum_labels(enum_type)?;
        labels.sort_by(|a, b| a.enumsortorder.total_cmp(&b.enumsortorder));
        return add_label(cx, enum_type, &labels, (label, if_not_exists, neighbor));
    }
    let value = insert_label(cx, enum_type, label, order)?;
    cx.note_new_enum_value(value);
    Ok(())
}

/// Numbers the labels 1, 2, 3 ... anew: halving has come to an end.
fn renumber(cx: Ctx<'_>, enum_type: Oid) -> Result<()> {
    let keys = [Key::oid(catalog::columns::pg_enum::ENUMTYPID, enum_type)];
    let mut rows = cx.catalog().scan::<PgEnum>(&keys)?;
    rows.sort_by(|a, b| a.enumsortorder.total_cmp(&b.enumsortorder));
    // From the end: every new number is above all that are still to change.
    for (n, row) in rows.iter().enumerate().rev() {
        cx.catalog().update(row, &PgEnum { enumsortorder: n as f32 + 1.0, ..row.row.clone() })?;
        cx.next_command()?;
    }
    Ok(())
}

fn rename_label(cx: Ctx<'_>, labels: &Labels, old: &str, new: &str) -> Result<()> {
    check_label(new)?;
    let Some(row) = labels.iter().find(|row| row.enumlabel == old) else {
        bail!(INVALID_PARAMETER_VALUE, "\"{old}\" is not an existing enum label");
    };
    if labels.iter().any(|row| row.enumlabel == new) {
        bail!(DUPLICATE_OBJECT, "enum label \"{new}\" already exists");
    }
    cx.catalog().update(row, &PgEnum { enumlabel: new.to_owned(), ..row.row.clone() }).map(drop)
}
