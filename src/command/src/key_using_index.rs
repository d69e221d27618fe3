//! ADD PRIMARY KEY and UNIQUE USING INDEX: an index that is there becomes the constraint's.

use crate::address::ObjectAddress;
use crate::constraint::{choose_constraint_name, row, set_not_null};
use crate::dependency::{self, Dependency};
use crate::{Execution, index, names, rename};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgConstraint, PgDepend, PgIndex};
use instance::Ctx;
use lock::LockMode;
use parser::ast::Constraint;
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::{Key, RelationEntry};

/// Adds the constraint.
pub(crate) fn add(
    ex: &mut Execution<'_, '_>,
    table: Oid,
    (said, index_name): (&Constraint, &str),
    is_primary: bool,
) -> Result<()> {
    let cx = ex.cx;
    let entry = cx.catalog().open_relation(table)?;
    if is_primary && entry.primary_key.is_valid() {
        bail!(INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{}\" are not allowed", entry.name());
    }
    let place = |error: Error| match said.pos.characters(ex.text) {
        Some(position) => error.at(position),
        None => error,
    };
    let Some(oid) = cx.catalog().relation_oid(entry.class.relnamespace, index_name)? else {
        return Err(place(error!(UNDEFINED_OBJECT, "index \"{index_name}\" does not exist")));
    };
    names::lock_relation(cx, oid, LockMode::AccessExclusive)?;
    let of = cx.catalog().open_relation(oid)?;
    check(cx, &entry, &of, said).map_err(place)?;
    let row_of_index = of.index.as_ref().expect("what was checked is an index");
    let keys: Vec<i16> = row_of_index.indkey[..row_of_index.indnkeyatts as usize].to_vec();
    if is_primary {
        for key in &keys {
            set_not_null(cx, &entry, &entry.desc.attributes[*key as usize - 1].name)?;
        }
        cx.next_command()?;
    }
    let name = said.name.clone().unwrap_or_else(|| index_name.to_owned());
    if name != index_name {
        let message =
            format!("ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"{index_name}\" to \"{name}\"");
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
        rename::rename_relation(cx, &of, &name)?;
    }
    let name = choose_constraint_name(cx, &entry, Some(&name), "", "")?;
    mark_index(cx, oid, said, is_primary)?;
    let kind = if is_primary { b'p' } else { b'u' };
    let new = PgConstraint { conindid: oid, conkey: Some(keys.clone()), ..row(cx, &entry, name, kind, said)? };
    cx.catalog().insert(&new)?;
    let own = ObjectAddress::new(oids::PG_CONSTRAINT, new.oid);
    let columns = keys.iter().map(|column| ObjectAddress::column(table, *column));
    dependency::record_all(cx, own, columns, Dependency::Auto)?;
    forget_columns(cx, oid, table)?;
    dependency::record(cx, ObjectAddress::relation(oid), own, Dependency::Internal)?;
    cx.catalog().touch_relation(table)?;
    cx.next_command()
}

fn check(cx: Ctx<'_>, table: &RelationEntry, index: &RelationEntry, said: &Constraint) -> Result<()> {
    let name = index.name();
    let Some(row) = &index.index else { bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not an index") };
    if row.indrelid != table.oid {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "index \"{name}\" does not belong to table \"{}\"", table.name());
    }
    let constraints = cx.catalog().constraints(table.oid)?;
    if constraints.iter().any(|row| row.conindid == index.oid && matches!(row.contype, b'p' | b'u' | b'x')) {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "index \"{name}\" is already associated with a constraint");
    }
    if !row.indisvalid {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "index \"{name}\" is not valid");
    }
    let cannot = "Cannot create a primary key or unique constraint using such an index.";
    if !row.indisunique {
        return Err(error!(WRONG_OBJECT_TYPE, "\"{name}\" is not a unique index").detail(cannot));
    }
    if row.indexprs.is_some() {
        return Err(error!(WRONG_OBJECT_TYPE, "index \"{name}\" contains expressions").detail(cannot));
    }
    if row.indpred.is_some() {
        return Err(error!(WRONG_OBJECT_TYPE, "\"{name}\" is a partial index").detail(cannot));
    }
    if !row.indimmediate && !said.attributes.deferrable {
        let error = error!(WRONG_OBJECT_TYPE, "\"{name}\" is a deferrable index");
        return Err(error.detail("Cannot create a non-deferrable constraint using a deferrable index."));
    }
    for (place, key) in row.indkey[..row.indnkeyatts as usize].iter().enumerate() {
        let default = index::default_opclass(cx, table.desc.attributes[*key as usize - 1].type_oid)?;
        if row.indclass[place] != default || row.indoption[place] != 0 {
            let message =
                format!("index \"{name}\" column number {} does not have default sorting behavior", place + 1);
            return Err(error!(WRONG_OBJECT_TYPE, "{message}").detail(cannot));
        }
    }
    Ok(())
}

fn mark_index(cx: Ctx<'_>, index: Oid, said: &Constraint, is_primary: bool) -> Result<()> {
    let row = cx.catalog().index_row(index)?.expect("an index has its pg_index row");
    let indimmediate = !(said.attributes.deferrable || said.attributes.initially_deferred);
    cx.catalog().update(&row, &PgIndex { indisprimary: is_primary, indimmediate, ..row.row.clone() }).map(drop)
}

/// The index depends on the constraint now, not on the columns.
fn forget_columns(cx: Ctx<'_>, index: Oid, table: Oid) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, oids::PG_CLASS), Key::oid(d::OBJID, index)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if row.refclassid == oids::PG_CLASS && row.refobjid == table && row.deptype == b'a' {
            cx.catalog().delete(&row)?;
        }
    }
    Ok(())
}
