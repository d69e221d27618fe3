//! ALTER COLUMN TYPE: the column's row changes, its default is cast along, rows are stored anew if their values change, and
//! indexes and keys follow.
//!
//! What cannot follow because its stored expression speaks of the old type (checks, expressions of indexes) is made again ([`recreate`]).

use super::column::{index_columns, remove_default};
use super::rewrite::{NewValue, rebuild_indexes, rewrite};
use super::{recreate, user_column};
use crate::address::{ObjectAddress, describe};

use crate::index::default_opclass;
use crate::relation::{
    NewColumn, attribute_row, check_column_type, check_not_within_itself, record_column_dependencies,
};
use crate::table::{resolve_type, store_default};
use crate::{Execution, foreign_key_check, with_analyze_context};
use analyze::expr::{Expr, Var};
use analyze::{RelationExpr, TypeAndMod, stored};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgAttribute, PgConstraint, PgDepend, PgIndex, PgStatistic};
use instance::Ctx;
use parser::ast::AlterColumnType;
use report::{Error, Result, bail, error, unsupported};
use schema::{CatalogRow, Key, RelationEntry};
use std::sync::Arc;

/// ALTER COLUMN TYPE.
pub(super) fn alter(ex: &mut Execution<'_, '_>, table: &Arc<RelationEntry>, change: &AlterColumnType) -> Result<()> {
    let cx = ex.cx;
    let name = &change.name;
    let (number, row) = user_column(cx, table, name)?;
    let (resolved, collation, dimensions) = resolve_type(ex, change.collation.as_ref(), &change.type_name)?;
    let column = NewColumn {
        dimensions,
        not_null: row.attnotnull,
        has_default: row.atthasdef,
        identity: row.attidentity,
        generated: row.attgenerated,
        ..NewColumn::new(name, resolved.oid, resolved.typmod, collation)
    };
    if row.attgenerated != 0 && change.using.is_some() {
        let error = error!(INVALID_COLUMN_DEFINITION, "cannot specify USING when altering type of generated column");
        return Err(error.detail(format!("Column \"{name}\" is a generated column.")));
    }
    check_column_type(cx, table.kind(), &column)?;
    check_not_within_itself(cx, table.class.reltype, column.type_oid)?;
    let value = match table.kind() {
        b'r' => {
            refuse_stored_rows(cx, table)?;
            Some(conversion(ex, table, change, (number, resolved))?)
        }
        _ => refuse_stored_rows(cx, table).map(|()| None)?,
    };
    refuse_dependents(cx, table, number, name)?;
    let saved = recreate::save(cx, table, number)?;
    let default = convert_default(ex, table, number, resolved)?;
    change_row(cx, table, &row, &column)?;
    if let Some(default) = default {
        store_default(cx, (table.oid, number), &default)?;
    }
    let kept = cx.catalog().open_relation(table.oid)?;
    change_indexes(cx, &kept, number, &row, &column)?;
    cx.next_command()?;
    match value {
        Some(value) if !is_same_stored(&value, &row, resolved) => {
            rewrite(cx, table, &[NewValue { column: number, expression: value }])?;
        }
        Some(_) if row.attcollation != collation => rebuild_indexes(cx, &*cx.catalog().open_relation(table.oid)?)?,
        _ => {}
    }
    check_foreign_keys(cx, table, number)?;
    change_identity(ex, table, &column, number)?;
    saved.restore(ex)
}

/// The sequence of an identity column gets the column's type.
fn change_identity(ex: &Execution<'_, '_>, table: &RelationEntry, column: &NewColumn, number: i16) -> Result<()> {
    match super::sequence_of(ex.cx, table.oid, number)? {
        Some(sequence) if column.identity != 0 => crate::sequence::change_type(ex, sequence, column.type_oid),
        _ => Ok(()),
    }
}

/// A relation whose rows are stored as values somewhere keeps its columns: those values would not be changed with it.
pub(super) fn refuse_stored_rows(cx: Ctx<'_>, relation: &RelationEntry) -> Result<()> {
    if !relation.class.reltype.is_valid() {
        return Ok(());
    }
    let Some((user, column)) = find_use(cx, relation.class.reltype, &mut Vec::new())? else { return Ok(()) };
    let own = relation.name();
    match relation.kind() {
        b'c' => bail!(FEATURE_NOT_SUPPORTED, "cannot alter type \"{own}\" because column \"{user}.{column}\" uses it"),
        _ => bail!(
            FEATURE_NOT_SUPPORTED,
            "cannot alter table \"{own}\" because column \"{user}.{column}\" uses its row type"
        ),
    }
}

/// A stored column of the type, or of a domain, an array or a row type that is made of it.
fn find_use(cx: Ctx<'_>, type_oid: Oid, seen: &mut Vec<Oid>) -> Result<Option<(String, String)>> {
    use catalog::columns::pg_depend as d;
    if seen.contains(&type_oid) {
        return Ok(None);
    }
    seen.push(type_oid);
    let keys = [Key::oid(d::REFCLASSID, oids::PG_TYPE), Key::oid(d::REFOBJID, type_oid)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        let found = match row.classid {
            oids::PG_TYPE => find_use(cx, row.objid, seen)?,
            oids::PG_CLASS if row.objsubid > 0 => find_use_in(cx, row.objid, row.objsubid, type_oid, seen)?,
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn find_use_in(
    cx: Ctx<'_>,
    relation: Oid,
    number: i32,
    type_oid: Oid,
    seen: &mut Vec<Oid>,
) -> Result<Option<(String, String)>> {
    let Some(user) = cx.catalog().relation(relation)? else { return Ok(None) };
    let column = &user.desc.attributes[number as usize - 1];
    if column.is_dropped || column.type_oid != type_oid {
        return Ok(None);
    }
    match user.kind() {
        b'r' | b'm' => Ok(Some((user.name().to_owned(), column.name.clone()))),
        // A view or a composite type stores nothing, but its own rows may be stored.
        _ if user.class.reltype.is_valid() => find_use(cx, user.class.reltype, seen),
        _ => Ok(None),
    }
}

/// The column's new value as an expression over the old row.
fn conversion(
    ex: &Execution<'_, '_>,
    table: &Arc<RelationEntry>,
    change: &AlterColumnType,
    (number, target): (i16, TypeAndMod),
) -> Result<Expr> {
    let cx = ex.cx;
    let name = &change.name;
    let old = &table.desc.attributes[number as usize - 1];
    let coerced = with_analyze_context(cx, ex.text, |context| {
        let value = match &change.using {
            Some(using) => context.analyze_relation_expr(table, using, RelationExpr::AlterColumnType)?,
            None => Expr::from(Var::new(1, number, old.type_oid, old.type_mod, old.collation)),
        };
        context.coerce_for_assignment(value, target)
    })?;
    if let Some(expression) = coerced {
        return Ok(expression);
    }
    let path = cx.search_path()?;
    let type_name = cx.catalog().format_type(target.oid, None, &path.namespaces)?;
    if change.using.is_some() {
        let error = error!(
            DATATYPE_MISMATCH,
            "result of USING clause for column \"{name}\" cannot be cast automatically to type {type_name}"
        );
        return Err(error.hint("You might need to add an explicit cast."));
    }
    let error = error!(DATATYPE_MISMATCH, "column \"{name}\" cannot be cast automatically to type {type_name}");
    let full = cx.catalog().format_type(target.oid, Some(target.typmod), &path.namespaces)?;
    let column = builtins::quote_identifier(name);
    Err(error.hint(format!("You might need to specify \"USING {column}::{full}\".")))
}

/// True if stored values are good for the new type as they are.
fn is_same_stored(value: &Expr, old: &PgAttribute, new: TypeAndMod) -> bool {
    if matches!(stored_alike(value), Expr::Var(var) if var.attno == old.attnum) {
        return true;
    }
    // A longer varchar takes what a shorter one took.
    let is_varchar = old.atttypid == Oid(1043) && new.oid == Oid(1043);
    is_varchar && (new.typmod < 0 || (old.atttypmod >= 0 && new.typmod >= old.atttypmod))
}

/// Views, rules, policies, triggers, generated columns: what reads the column and cannot follow.
fn refuse_dependents(cx: Ctx<'_>, table: &RelationEntry, number: i16, name: &str) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [
        Key::oid(d::REFCLASSID, oids::PG_CLASS),
        Key::oid(d::REFOBJID, table.oid),
        Key::int4(d::REFOBJSUBID, i32::from(number)),
    ];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        let dependent = ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
        match row.classid {
            oids::PG_REWRITE => {
                let (rule, column) = (describe(cx, dependent)?, ObjectAddress::column(table.oid, number));
                let column = format!(
                    "column \"{}\"",
                    cx.catalog().attribute(column.object, number)?.map_or_else(String::new, |a| a.attname.clone())
                );
                let error = error!(FEATURE_NOT_SUPPORTED, "cannot alter type of a column used by a view or rule");
                return Err(error.detail(format!("{rule} depends on {column}")));
            }
            oids::PG_ATTRDEF => refuse_generated(table, (row.objid, number), name)?,
            _ => {}
        }
    }
    Ok(())
}

fn refuse_generated(table: &RelationEntry, (default, number): (Oid, i16), name: &str) -> Result<()> {
    let Some(user) = table.defaults.iter().find(|row| row.oid == default && row.column != number) else {
        return Ok(());
    };
    let other = &table.desc.attributes[user.column as usize - 1].name;
    let error = error!(FEATURE_NOT_SUPPORTED, "cannot alter type of a column used by a generated column");
    Err(error.detail(format!("Column \"{name}\" is used by generated column \"{other}\".")))
}

/// True if a stored expression, or one of a list, has a variable for the column.
pub(super) fn mentions(text: Option<&str>, number: i16) -> Result<bool> {
    let Some(text) = text else { return Ok(false) };
    let expressions = match stored::from_text::<Vec<Expr>>(text) {
        Ok(list) => list,
        Err(_) => vec![stored::from_text::<Expr>(text)?],
    };
    let is_column = &mut |node: &Expr| matches!(node, Expr::Var(var) if var.attno == number || var.attno == 0);
    Ok(expressions.iter().any(|expression| analyze::walk::any(expression, is_column)))
}

/// The column's default made fit for the new type, the old one removed.
fn convert_default(
    ex: &Execution<'_, '_>,
    table: &RelationEntry,
    number: i16,
    target: TypeAndMod,
) -> Result<Option<Expr>> {
    let cx = ex.cx;
    let Some(default) = table.default(number) else { return Ok(None) };
    let old = strip_implicit(stored::from_text::<Expr>(&default.expression)?);
    let coerced = with_analyze_context(cx, ex.text, |context| context.coerce_for_assignment(old, target))?;
    let Some(coerced) = coerced else {
        let attribute = &table.desc.attributes[number as usize - 1];
        let name = &attribute.name;
        let type_name = cx.catalog().format_type(target.oid, None, &cx.search_path()?.namespaces)?;
        let what = if attribute.generated == 0 { "default" } else { "generation expression" };
        bail!(DATATYPE_MISMATCH, "{what} for column \"{name}\" cannot be cast automatically to type {type_name}");
    };
    remove_default(cx, table, number)?;
    Ok(Some(coerced))
}

/// Casts that nobody wrote are left out: they were for the old type.
fn strip_implicit(expression: Expr) -> Expr {
    use analyze::expr::CoercionForm::ImplicitCast;
    match expression {
        Expr::FuncExpr(mut call) if call.format.0 == ImplicitCast && !call.args.is_empty() => {
            strip_implicit(call.args.swap_remove(0))
        }
        Expr::RelabelType(relabel) if relabel.format.0 == ImplicitCast => strip_implicit(relabel.arg),
        Expr::CoerceViaIo(coerce) if coerce.format.0 == ImplicitCast => strip_implicit(coerce.arg),
        other => other,
    }
}

fn change_row(cx: Ctx<'_>, table: &RelationEntry, _: &CatalogRow<PgAttribute>, column: &NewColumn) -> Result<()> {
    let catalog = cx.catalog();
    let number = table.column(&column.name).expect("the column was found");
    let row = catalog.attribute(table.oid, number)?.expect("the column was found");
    let fresh = attribute_row(cx, table.oid, number, column)?;
    let mut new = PgAttribute {
        attstattarget: row.attstattarget,
        atthasdef: row.atthasdef,
        attgenerated: column.generated,
        attacl: row.attacl.clone(),
        attoptions: row.attoptions.clone(),
        atthasmissing: row.atthasmissing,
        attmissingval: row.attmissingval.clone(),
        ..fresh
    };
    if row.atthasmissing {
        // Rows get their values when they are stored anew, or keep the form in which they are.
        new.attmissingval = convert_missing(cx, &row, column)?;
    }
    catalog.update(&row, &new)?;
    let address = ObjectAddress::column(table.oid, number);
    forget_type(cx, address)?;
    record_column_dependencies(cx, address, column)?;
    let keys = [
        Key::oid(catalog::columns::pg_statistic::STARELID, table.oid),
        Key::int2(catalog::columns::pg_statistic::STAATTNUM, number),
    ];
    catalog.delete_where::<PgStatistic>(&keys)?;
    cx.next_command()
}

fn convert_missing(cx: Ctx<'_>, row: &PgAttribute, column: &NewColumn) -> Result<tuple::Datum> {
    let value = catalog::decode_array(&row.attmissingval).into_iter().next().unwrap_or_default();
    let repr = cx.catalog().repr_of_type(column.type_oid)?;
    let old = cx.catalog().repr_of_type(row.atttypid)?;
    match old == repr {
        true => builtins::array::build_list(column.type_oid, repr, &[value]),
        // The rewrite fills in every row: nothing reads the value afterwards.
        false => Ok(row.attmissingval.clone()),
    }
}

/// The column no longer depends on its old type and collation.
fn forget_type(cx: Ctx<'_>, column: ObjectAddress) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys =
        [Key::oid(d::CLASSID, column.class), Key::oid(d::OBJID, column.object), Key::int4(d::OBJSUBID, column.part)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if matches!(row.refclassid, oids::PG_TYPE | oids::PG_COLLATION) {
            cx.catalog().delete(&row)?;
        }
    }
    Ok(())
}

/// Indexes hold the column's new type, in the new type's order.
fn change_indexes(
    cx: Ctx<'_>,
    table: &RelationEntry,
    number: i16,
    old: &PgAttribute,
    column: &NewColumn,
) -> Result<()> {
    let catalog = cx.catalog();
    for (index, place) in index_columns(cx, table, number)? {
        let row = catalog.index_row(index)?.ok_or_else(|| Error::internal("the index was just found"))?;
        let attribute = catalog.attribute(index, place)?.ok_or_else(|| Error::internal("an index has its columns"))?;
        let mut new = row.row.clone();
        if let Some(class) = new.indclass.get_mut(place as usize - 1) {
            *class = follow_opclass(cx, *class, old.atttypid, column.type_oid)?;
            new.indcollation[place as usize - 1] = column.collation;
        }
        let stored = NewColumn {
            dimensions: 0,
            not_null: false,
            has_default: false,
            identity: 0,
            generated: 0,
            ..column.clone()
        };
        let fresh = attribute_row(cx, index, place, &NewColumn { name: attribute.attname.clone(), ..stored })?;
        catalog.update(&attribute, &PgAttribute { attstattarget: attribute.attstattarget, ..fresh })?;
        catalog.update::<PgIndex>(&row, &new)?;
        cx.next_command()?;
    }
    Ok(())
}

fn follow_opclass(cx: Ctx<'_>, class: Oid, old: Oid, new: Oid) -> Result<Oid> {
    match default_opclass(cx, old) {
        Ok(default) if default == class => default_opclass(cx, new),
        _ if old == new => Ok(class),
        _ => unsupported!("altering the type of a column with an index of a chosen operator class"),
    }
}

/// Foreign keys from and to the column are checked again, with the operators of the new type.
fn check_foreign_keys(cx: Ctx<'_>, table: &RelationEntry, number: i16) -> Result<()> {
    let catalog = cx.catalog();
    let mut rows = catalog.constraints(table.oid)?;
    rows.extend(catalog.referencing_constraints(table.oid)?);
    for row in rows {
        let here = row.conrelid == table.oid && row.conkey.as_deref().unwrap_or_default().contains(&number);
        let there = row.confrelid == table.oid && row.confkey.as_deref().unwrap_or_default().contains(&number);
        if row.contype != b'f' || !(here || there) {
            continue;
        }
        let operators = crate::foreign_key::operators_of(cx, &row)?;
        let new = PgConstraint {
            conpfeqop: Some(operators.0),
            conppeqop: Some(operators.1),
            conffeqop: Some(operators.2),
            ..row.row.clone()
        };
        if catalog.constraint(row.oid)?.is_some_and(|now| now.conpfeqop == new.conpfeqop) && row.contype == b'f' {
            continue;
        }
        catalog.update(&row, &new)?;
        cx.next_command()?;
        foreign_key_check::validate(cx, &new)?;
    }
    Ok(())
}

/// The expression whose value this one takes as it is.
fn stored_alike(expression: &Expr) -> &Expr {
    match expression {
        Expr::RelabelType(relabel) => stored_alike(&relabel.arg),
        Expr::CollateExpr(collate) => stored_alike(&collate.arg),
        other => other,
    }
}
