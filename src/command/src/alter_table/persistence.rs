//! SET LOGGED and SET UNLOGGED: the rows are stored anew in files of the other kind, and the sequences of the columns go along.

use super::rewrite::rewrite;
use crate::{sequence, truncate};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgClass, PgDepend};
use instance::Ctx;
use report::{Result, bail};
use schema::{Key, RelationEntry};
use std::sync::Arc;

const PERMANENT: u8 = b'p';
const UNLOGGED: u8 = b'u';

/// SET LOGGED (`p`), SET UNLOGGED (`u`).
pub(super) fn set(cx: Ctx<'_>, entry: &Arc<RelationEntry>, persistence: u8) -> Result<()> {
    if entry.class.relpersistence == b't' {
        let name = entry.name();
        bail!(INVALID_TABLE_DEFINITION, "cannot change logged status of table \"{name}\" because it is temporary");
    }
    if entry.class.relpersistence == persistence {
        return Ok(());
    }
    if entry.kind() == b'S' {
        return set_sequence(cx, entry.oid, persistence);
    }
    check_foreign_keys(cx, entry, persistence)?;
    for part in parts(entry, cx)? {
        store(cx, part, persistence)?;
    }
    cx.next_command()?;
    rewrite(cx, entry, &[])?;
    for sequence in sequences(cx, entry.oid)? {
        set_sequence(cx, sequence, persistence)?;
    }
    Ok(())
}

/// The table, its indexes, its TOAST table and that table's index.
fn parts(entry: &RelationEntry, cx: Ctx<'_>) -> Result<Vec<Oid>> {
    let mut parts = vec![entry.oid];
    parts.extend(&entry.indexes);
    if entry.class.reltoastrelid.is_valid() {
        let toast = cx.catalog().open_relation(entry.class.reltoastrelid)?;
        parts.push(toast.oid);
        parts.extend(&toast.indexes);
    }
    Ok(parts)
}

fn store(cx: Ctx<'_>, relation: Oid, relpersistence: u8) -> Result<()> {
    let row = cx.catalog().class(relation)?.expect("the relation is part of an open one");
    cx.catalog().update(&row, &PgClass { relpersistence, ..row.row.clone() }).map(drop)
}

/// A permanent table must not refer to rows that a crash takes away.
fn check_foreign_keys(cx: Ctx<'_>, entry: &RelationEntry, persistence: u8) -> Result<()> {
    let catalog = cx.catalog();
    let name = entry.name();
    let others: Vec<Oid> = match persistence {
        PERMANENT => {
            let own = catalog.constraints(entry.oid)?;
            own.iter().filter(|row| row.contype == b'f').map(|row| row.confrelid).collect()
        }
        _ => catalog.referencing_constraints(entry.oid)?.iter().map(|row| row.conrelid).collect(),
    };
    for other in others.into_iter().filter(|other| *other != entry.oid) {
        let other = catalog.open_relation(other)?;
        match (persistence, other.class.relpersistence) {
            (PERMANENT, UNLOGGED) => bail!(
                INVALID_TABLE_DEFINITION,
                "could not change table \"{name}\" to logged because it references unlogged table \"{}\"",
                other.name()
            ),
            (UNLOGGED, PERMANENT) => bail!(
                INVALID_TABLE_DEFINITION,
                "could not change table \"{name}\" to unlogged because it references logged table \"{}\"",
                other.name()
            ),
            _ => {}
        }
    }
    Ok(())
}

/// Sequences that columns of the table own.
fn sequences(cx: Ctx<'_>, table: Oid) -> Result<Vec<Oid>> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::REFCLASSID, oids::PG_CLASS), Key::oid(d::REFOBJID, table)];
    let rows = cx.catalog().scan::<PgDepend>(&keys)?;
    let owned = rows
        .iter()
        .filter(|row| row.classid == oids::PG_CLASS && row.refobjsubid > 0 && matches!(row.deptype, b'a' | b'i'));
    let mut found = Vec::new();
    for row in owned {
        if cx.catalog().sequence(row.objid)?.is_some() {
            found.push(row.objid);
        }
    }
    Ok(found)
}

fn set_sequence(cx: Ctx<'_>, oid: Oid, persistence: u8) -> Result<()> {
    let position = sequence::position(cx, oid)?;
    store(cx, oid, persistence)?;
    cx.next_command()?;
    truncate::new_file(cx, oid)?;
    sequence::insert_position(cx, oid, position)
}
