//! REINDEX, CLUSTER.

use crate::alter_table::rewrite::rebuild_indexes;
use crate::truncate::new_file;
use crate::{Execution, Tag, index_build, names, transaction};
use base::Oid;
use catalog::columns::{pg_class as c, pg_depend as d};
use catalog::oids;
use catalog::rows::{PgClass, PgDepend};
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{DefArg, ReindexStmt, ReindexTarget};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::{Key, RelationEntry};

/// REINDEX. CONCURRENTLY is granted by an ordinary rebuild, outside a transaction block.
pub(crate) fn reindex(ex: &mut Execution<'_, '_>, statement: &ReindexStmt) -> Result<Tag> {
    let cx = ex.cx;
    let mut concurrently = false;
    for option in &statement.options {
        match option.name.as_str() {
            "concurrently" => concurrently = !matches!(option.arg, Some(DefArg::Boolean(false))),
            "verbose" | "tablespace" => {}
            name => bail!(SYNTAX_ERROR, "unrecognized REINDEX option \"{name}\""),
        }
    }
    if concurrently && ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "REINDEX CONCURRENTLY cannot run inside a transaction block");
    }
    match &statement.target {
        ReindexTarget::Index(name) => {
            let entry = names::open_relation(cx, name, LockMode::AccessExclusive)?;
            if entry.kind() != b'i' {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index", entry.name());
            }
            cx.check_owner(entry.class.relowner, ObjectKind::Index, entry.name())?;
            let table = entry.index.as_ref().expect("an index has its pg_index row").indrelid;
            names::lock_relation(cx, table, LockMode::Share)?;
            refuse_catalog(&entry)?;
            new_file(cx, entry.oid)?;
            index_build::build(cx, table, entry.oid)?;
            touch_owner(cx, table)?;
        }
        ReindexTarget::Table(name) => {
            let may_reindex = |entry: &RelationEntry| {
                if !matches!(entry.kind(), b'r' | b'm' | b't') {
                    bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table or materialized view", entry.name());
                }
                cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())
            };
            let entry = names::open_relation_checked(cx, name, LockMode::Share, may_reindex)?;
            if !reindex_table(cx, &entry)? {
                let message = format!("table \"{}\" has no indexes to reindex", entry.name());
                cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
            }
        }
        ReindexTarget::Schema(name) => reindex_schema(ex, name)?,
        ReindexTarget::Database(name) | ReindexTarget::System(name) if *name != cx.session.database_name => {
            bail!(FEATURE_NOT_SUPPORTED, "can only reindex the currently open database")
        }
        ReindexTarget::Database(name) => {
            refuse_block(ex, "REINDEX DATABASE")?;
            let row = cx.catalog().database_by_name(name)?;
            cx.check_owner(row.map_or(Oid::INVALID, |row| row.datdba), ObjectKind::Database, name)?;
            reindex_all(cx, None)?;
        }
        ReindexTarget::System(_) => unsupported!("REINDEX SYSTEM"),
    }
    Ok(Tag::Plain("REINDEX"))
}

fn refuse_block(ex: &Execution<'_, '_>, statement: &str) -> Result<()> {
    match ex.in_block {
        true => Err(error!(ACTIVE_SQL_TRANSACTION, "{statement} cannot run inside a transaction block")),
        false => Ok(()),
    }
}

fn refuse_catalog(entry: &RelationEntry) -> Result<()> {
    if entry.oid < Oid::FIRST_UNPINNED {
        unsupported!("REINDEX of system catalogs");
    }
    Ok(())
}

fn reindex_table(cx: Ctx<'_>, table: &RelationEntry) -> Result<bool> {
    refuse_catalog(table)?;
    table.indexes.iter().try_for_each(|index| names::lock_relation(cx, *index, LockMode::AccessExclusive))?;
    rebuild_indexes(cx, table)?;
    touch_owner(cx, table.oid)?;
    let mut is_done = !table.indexes.is_empty();
    if table.class.reltoastrelid.is_valid() {
        let toast = cx.catalog().open_relation(table.class.reltoastrelid)?;
        is_done |= reindex_table(cx, &toast)?;
    }
    Ok(is_done)
}

/// What is cached of a table holds its TOAST table with the index, so it must go when that has a new file.
fn touch_owner(cx: Ctx<'_>, table: Oid) -> Result<()> {
    let catalog = cx.catalog();
    if catalog.class(table)?.is_none_or(|row| row.relkind != b't') {
        return Ok(());
    }
    let keys = [Key::oid(d::CLASSID, oids::PG_CLASS), Key::oid(d::OBJID, table)];
    let owners = catalog.scan::<PgDepend>(&keys)?;
    owners
        .iter()
        .filter(|row| row.refclassid == oids::PG_CLASS)
        .try_for_each(|row| catalog.touch_relation(row.refobjid))
}

fn reindex_schema(ex: &Execution<'_, '_>, name: &str) -> Result<()> {
    let cx = ex.cx;
    refuse_block(ex, "REINDEX SCHEMA")?;
    let Some(row) = cx.catalog().namespace_by_name(name)? else {
        bail!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist");
    };
    cx.check_owner(row.nspowner, ObjectKind::Schema, name)?;
    reindex_all(cx, Some(row.oid))
}

/// All tables of a schema, or of the database, each in a transaction of its own; catalogs are left out.
fn reindex_all(cx: Ctx<'_>, namespace: Option<Oid>) -> Result<()> {
    let keys: Vec<Key> = namespace.iter().map(|oid| Key::oid(c::RELNAMESPACE, *oid)).collect();
    let rows = cx.catalog().scan::<PgClass>(&keys)?;
    let is_others = |row: &PgClass| row.relpersistence == b't' && row.relnamespace != cx.session.temp_namespace.get();
    let tables = rows.iter().filter(|row| matches!(row.relkind, b'r' | b'm') && !is_others(row));
    for oid in tables.map(|row| row.oid).filter(|oid| *oid >= Oid::FIRST_UNPINNED) {
        transaction::begin_next(cx)?;
        names::lock_relation(cx, oid, LockMode::Share)?;
        // It may have been dropped since.
        if let Some(table) = cx.catalog().relation(oid)? {
            reindex_table(cx, &table)?;
        }
    }
    Ok(())
}
