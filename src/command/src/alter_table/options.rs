//! What ALTER TABLE changes of the whole relation: storage options, replica identity, the index to cluster on.

use crate::options::{index_options, merged, table_options, view_options};
use base::Oid;
use catalog::rows::{PgClass, PgIndex};
use instance::Ctx;
use parser::ast::{DefElem, ReplicaIdentity};
use report::{Result, bail, error};
use schema::RelationEntry;

/// SET (...).
pub(super) fn set(cx: Ctx<'_>, relation: &RelationEntry, given: &[DefElem]) -> Result<()> {
    let new = check(relation, given)?;
    store(cx, relation, merged(relation.class.reloptions.as_deref(), given, new))
}

/// RESET (...).
pub(super) fn reset(cx: Ctx<'_>, relation: &RelationEntry, given: &[DefElem]) -> Result<()> {
    if given.iter().any(|option| option.arg.is_some()) {
        bail!(SYNTAX_ERROR, "RESET must not include values for parameters");
    }
    store(cx, relation, merged(relation.class.reloptions.as_deref(), given, None))
}

fn check(relation: &RelationEntry, given: &[DefElem]) -> Result<Option<Vec<String>>> {
    match relation.kind() {
        b'i' => index_options(given),
        b'v' => view_options(given),
        _ => table_options(given),
    }
}

fn store(cx: Ctx<'_>, relation: &RelationEntry, reloptions: Option<Vec<String>>) -> Result<()> {
    let row = cx.catalog().class(relation.oid)?.expect("the relation is open");
    cx.catalog().update(&row, &PgClass { reloptions, ..row.row.clone() }).map(drop)
}

/// REPLICA IDENTITY.
pub(super) fn replica_identity(cx: Ctx<'_>, table: &RelationEntry, identity: &ReplicaIdentity) -> Result<()> {
    let (letter, chosen) = match identity {
        ReplicaIdentity::Default => (b'd', Oid::INVALID),
        ReplicaIdentity::Nothing => (b'n', Oid::INVALID),
        ReplicaIdentity::Full => (b'f', Oid::INVALID),
        ReplicaIdentity::Index(name) => {
            let index = index_of(cx, table, name)?;
            check_replica_index(cx, table, &index, name)?;
            (b'i', index.indexrelid)
        }
    };
    for oid in &table.indexes {
        let Some(index) = cx.catalog().index_row(*oid)? else { continue };
        let indisreplident = *oid == chosen;
        if index.indisreplident != indisreplident {
            cx.catalog().update(&index, &PgIndex { indisreplident, ..index.row.clone() })?;
        }
    }
    let row = cx.catalog().class(table.oid)?.expect("the table is open");
    cx.catalog().update(&row, &PgClass { relreplident: letter, ..row.row.clone() }).map(drop)
}

fn index_of(cx: Ctx<'_>, table: &RelationEntry, name: &str) -> Result<PgIndex> {
    let Some(oid) = cx.catalog().relation_oid(table.class.relnamespace, name)? else {
        bail!(UNDEFINED_OBJECT, "index \"{name}\" for table \"{}\" does not exist", table.name());
    };
    match cx.catalog().index_row(oid)? {
        Some(row) if row.indrelid == table.oid => Ok(row.row.clone()),
        _ => Err(error!(WRONG_OBJECT_TYPE, "\"{name}\" is not an index for table \"{}\"", table.name())),
    }
}

fn check_replica_index(cx: Ctx<'_>, table: &RelationEntry, index: &PgIndex, name: &str) -> Result<()> {
    let wrong = |why: &str| Err(error!(WRONG_OBJECT_TYPE, "cannot use {why} index \"{name}\" as replica identity"));
    if !index.indisunique {
        return wrong("non-unique");
    }
    if !index.indimmediate {
        return wrong("non-immediate");
    }
    if index.indexprs.is_some() {
        return wrong("expression");
    }
    if index.indpred.is_some() {
        return wrong("partial");
    }
    for key in &index.indkey[..index.indnkeyatts as usize] {
        let column = cx.catalog().attribute(table.oid, *key)?.expect("an index's column exists");
        if !column.attnotnull {
            let column = &column.attname;
            bail!(
                WRONG_OBJECT_TYPE,
                "index \"{name}\" cannot be used as replica identity because column \"{column}\" is nullable"
            );
        }
    }
    Ok(())
}

/// CLUSTER ON, SET WITHOUT CLUSTER.
pub(super) fn cluster_on(cx: Ctx<'_>, table: &RelationEntry, name: Option<&String>) -> Result<()> {
    let chosen = match name {
        Some(name) => {
            let index = index_of(cx, table, name)?;
            if index.indpred.is_some() {
                bail!(FEATURE_NOT_SUPPORTED, "cannot cluster on partial index \"{name}\"");
            }
            index.indexrelid
        }
        None => Oid::INVALID,
    };
    for oid in &table.indexes {
        let Some(index) = cx.catalog().index_row(*oid)? else { continue };
        let indisclustered = *oid == chosen;
        if index.indisclustered != indisclustered {
            cx.catalog().update(&index, &PgIndex { indisclustered, ..index.row.clone() })?;
        }
    }
    Ok(())
}
