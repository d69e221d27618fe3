//! DROP, VALIDATE and ALTER CONSTRAINT.

use super::skip;
use crate::address::ObjectAddress;
use crate::dependency::drop_objects;
use crate::{foreign_key_check, validate as rows};
use analyze::stored;
use catalog::oids;
use catalog::rows::{PgConstraint, PgTrigger};
use instance::Ctx;
use parser::ast::{Constraint, DropBehavior};
use report::{Error, Result, bail, error};
use schema::{CatalogRow, Key, RelationEntry};

fn find(cx: Ctx<'_>, table: &RelationEntry, name: &str) -> Result<Option<CatalogRow<PgConstraint>>> {
    Ok(cx.catalog().constraints(table.oid)?.into_iter().find(|row| row.conname == name))
}

fn missing(table: &RelationEntry, name: &str) -> Error {
    error!(UNDEFINED_OBJECT, "constraint \"{name}\" of relation \"{}\" does not exist", table.name())
}

/// DROP CONSTRAINT.
pub(super) fn drop_constraint(
    cx: Ctx<'_>,
    table: &RelationEntry,
    name: &str,
    (if_exists, behavior): (bool, DropBehavior),
) -> Result<()> {
    match find(cx, table, name)? {
        Some(row) => {
            if row.contype == b'f' && row.confrelid != table.oid {
                crate::names::lock_relation(cx, row.confrelid, lock::LockMode::AccessExclusive)?;
                crate::names::check_not_in_use(cx, &*cx.catalog().open_relation(row.confrelid)?, "ALTER TABLE")?;
            }
            drop_objects(cx, &[ObjectAddress::new(oids::PG_CONSTRAINT, row.oid)], behavior)
        }
        None if if_exists => {
            skip(cx, &missing(table, name));
            Ok(())
        }
        None => Err(missing(table, name)),
    }
}

/// VALIDATE CONSTRAINT.
pub(super) fn validate(cx: Ctx<'_>, table: &RelationEntry, name: &str) -> Result<()> {
    let Some(row) = find(cx, table, name)? else { return Err(missing(table, name)) };
    if !matches!(row.contype, b'f' | b'c') {
        let table = table.name();
        bail!(
            WRONG_OBJECT_TYPE,
            "constraint \"{name}\" of relation \"{table}\" is not a foreign key or check constraint"
        );
    }
    if row.convalidated {
        return Ok(());
    }
    match (row.contype, &row.conbin) {
        (b'c', Some(condition)) => rows::check(cx, table, &stored::from_text(condition)?, name)?,
        _ => foreign_key_check::validate(cx, &row)?,
    }
    cx.catalog().update(&row, &PgConstraint { convalidated: true, ..row.row.clone() }).map(drop)
}

/// ALTER CONSTRAINT: whether and when a foreign key's check can wait.
pub(super) fn alter(cx: Ctx<'_>, table: &RelationEntry, said: &Constraint) -> Result<()> {
    let name = said.name.as_deref().unwrap_or_default();
    let Some(row) = find(cx, table, name)? else { return Err(missing(table, name)) };
    if row.contype != b'f' {
        let table = table.name();
        bail!(WRONG_OBJECT_TYPE, "constraint \"{name}\" of relation \"{table}\" is not a foreign key constraint");
    }
    let condeferred = said.attributes.initially_deferred;
    let condeferrable = said.attributes.deferrable || condeferred;
    cx.catalog().update(&row, &PgConstraint { condeferrable, condeferred, ..row.row.clone() })?;
    use catalog::columns::pg_trigger as c;
    for trigger in cx.catalog().scan::<PgTrigger>(&[Key::oid(c::TGCONSTRAINT, row.oid)])? {
        // Checks on insertion and update, and NO ACTION's, can wait; actions cannot.
        if matches!(trigger.tgfoid.0, 1644 | 1645 | 1654 | 1655) {
            let new = PgTrigger { tgdeferrable: condeferrable, tginitdeferred: condeferred, ..trigger.row.clone() };
            cx.catalog().update(&trigger, &new)?;
        }
    }
    Ok(())
}
