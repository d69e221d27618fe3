//! TRUNCATE: the table and its indexes get new, empty files; the old ones go at commit.

use crate::relation::{create_main_fork, file_of, new_number};
use crate::{Execution, Tag, index_build, names};
use base::Oid;
use catalog::rows::{PgClass, PgSequence};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::LockMode;
use parser::ast::{DropBehavior, TruncateStmt};
use report::{Error, Result, bail, error};
use schema::{RelationEntry, relation_file};
use std::sync::Arc;

/// TRUNCATE.
pub(crate) fn truncate(ex: &mut Execution<'_, '_>, statement: &TruncateStmt) -> Result<Tag> {
    let cx = ex.cx;
    let mut tables: Vec<Arc<RelationEntry>> = Vec::new();
    for name in &statement.relations {
        let entry = names::open_relation_checked(cx, name, LockMode::AccessExclusive, |entry| check(cx, entry))?;
        names::check_not_in_use(cx, &entry, "TRUNCATE")?;
        if !tables.iter().any(|known| known.oid == entry.oid) {
            tables.push(entry);
        }
    }
    add_referencing(cx, &mut tables, statement.behavior)?;
    for table in &tables {
        rewrite_empty(cx, table)?;
        let key = cx.statistics_key(table.oid);
        cx.with_tx(|tx| tx.changes().of(key).truncated());
        if statement.restart_identity {
            restart_sequences(cx, table)?;
        }
    }
    Ok(Tag::Plain("TRUNCATE TABLE"))
}

fn check(cx: Ctx<'_>, entry: &RelationEntry) -> Result<()> {
    let name = entry.name();
    if entry.kind() != b'r' {
        bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a table");
    }
    if !cx.may_use_relation(cx.session.current_user(), &entry.class, Privileges::TRUNCATE)? {
        return Err(denied(ObjectKind::Table, name));
    }
    if entry.oid < Oid::FIRST_UNPINNED {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{name}\" is a system catalog");
    }
    Ok(())
}

/// Tables whose foreign keys refer to those named: an error, or truncated along.
fn add_referencing(cx: Ctx<'_>, tables: &mut Vec<Arc<RelationEntry>>, behavior: DropBehavior) -> Result<()> {
    let mut next = 0;
    while next < tables.len() {
        let table = Arc::clone(&tables[next]);
        next += 1;
        for constraint in cx.catalog().referencing_constraints(table.oid)? {
            if tables.iter().any(|known| known.oid == constraint.conrelid) {
                continue;
            }
            names::lock_relation(cx, constraint.conrelid, LockMode::AccessExclusive)?;
            let referencing = cx.catalog().open_relation(constraint.conrelid)?;
            if behavior == DropBehavior::Restrict {
                let (from, to) = (referencing.name(), table.name());
                let error =
                    error!(FEATURE_NOT_SUPPORTED, "cannot truncate a table referenced in a foreign key constraint");
                let error = error.detail(format!("Table \"{from}\" references \"{to}\"."));
                return Err(
                    error.hint(format!("Truncate table \"{from}\" at the same time, or use TRUNCATE ... CASCADE."))
                );
            }
            let message = format!("truncate cascades to table \"{}\"", referencing.name());
            cx.session.notice(Error::with_severity(
                report::Severity::Notice,
                report::SqlState::SUCCESSFUL_COMPLETION,
                message,
            ));
            check(cx, &referencing)?;
            tables.push(referencing);
        }
    }
    Ok(())
}

/// Gives a table, its TOAST table and all their indexes new files.
pub(crate) fn rewrite_empty(cx: Ctx<'_>, table: &RelationEntry) -> Result<()> {
    new_file(cx, table.oid)?;
    let indexes = table.indexes.clone();
    if table.class.reltoastrelid.is_valid() {
        rewrite_empty_toast(cx, table.class.reltoastrelid)?;
    }
    for index in indexes {
        new_file(cx, index)?;
        cx.next_command()?;
        index_build::build(cx, table.oid, index)?;
    }
    cx.next_command()
}

/// As `rewrite_empty`, for a TOAST table.
pub(crate) fn rewrite_empty_toast(cx: Ctx<'_>, toast: Oid) -> Result<()> {
    let toast = cx.catalog().open_relation(toast)?;
    rewrite_empty(cx, &toast)
}

/// A new, empty file for a relation; the old one goes when the transaction commits.
pub(crate) fn new_file(cx: Ctx<'_>, relation: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let row = catalog.class(relation)?.ok_or_else(|| Error::internal(format!("relation {relation} does not exist")))?;
    let number = new_number(cx, row.reltablespace)?;
    let file = file_of(cx, row.reltablespace, number.0);
    create_main_fork(cx, file, row.relpersistence)?;
    if let Some(old) = relation_file(&row, cx.session.database) {
        cx.with_tx(|tx| tx.file_dropped(old))?;
    }
    let is_index = row.relkind == b'i';
    catalog.update(
        &row,
        &PgClass {
            relfilenode: number,
            relpages: 0,
            reltuples: if is_index { 0.0 } else { -1.0 },
            relallvisible: 0,
            ..row.row.clone()
        },
    )?;
    cx.next_command()
}

/// RESTART IDENTITY: sequences that columns of the table own begin again.
fn restart_sequences(cx: Ctx<'_>, table: &RelationEntry) -> Result<()> {
    use catalog::columns::pg_depend as d;
    use schema::Key;
    let keys = [Key::oid(d::REFCLASSID, catalog::oids::PG_CLASS), Key::oid(d::REFOBJID, table.oid)];
    for row in cx.catalog().scan::<catalog::rows::PgDepend>(&keys)? {
        let is_owned =
            row.classid == catalog::oids::PG_CLASS && matches!(row.deptype, b'a' | b'i') && row.refobjsubid > 0;
        let Some(sequence) = is_owned.then(|| cx.catalog().sequence(row.objid)).transpose()?.flatten() else {
            continue;
        };
        restart(cx, &sequence)?;
    }
    Ok(())
}

fn restart(cx: Ctx<'_>, sequence: &PgSequence) -> Result<()> {
    new_file(cx, sequence.seqrelid)?;
    crate::sequence::insert_row(cx, sequence.seqrelid, sequence.seqstart)
}
