//! Temporary relations: what becomes of their rows at commit, and of themselves when the session ends.

use crate::address::ObjectAddress;
use crate::dependency::drop_objects;
use base::Oid;
use catalog::columns::pg_depend;
use catalog::oids;
use catalog::rows::PgDepend;
use instance::{Ctx, TransactionParticipant};
use parser::ast::{DropBehavior, OnCommit};
use report::{Result, error};
use schema::Key;

/// What to do with a temporary table at commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    DeleteRows,
    Drop,
}

/// A temporary table with ON COMMIT, kept with the session.
#[derive(Clone, Copy, Debug)]
struct Entry {
    relation: Oid,
    action: Action,
}

/// The session's tables with ON COMMIT.
#[derive(Default)]
struct Registry(Vec<Entry>);

/// Notes what ON COMMIT says of a new table.
pub(crate) fn note_on_commit(cx: Ctx<'_>, relation: Oid, on_commit: OnCommit) {
    let action = match on_commit {
        OnCommit::Noop | OnCommit::PreserveRows => return,
        OnCommit::DeleteRows => Action::DeleteRows,
        OnCommit::Drop => Action::Drop,
    };
    cx.session.extensions.borrow_mut().get::<Registry>().0.push(Entry { relation, action });
    watch_commit(cx);
}

/// Called at the beginning of a transaction: its end looks after ON COMMIT.
pub fn watch_commit(cx: Ctx<'_>) {
    if !cx.session.temp_namespace.get().is_valid() {
        return;
    }
    let has_entries = !cx.session.extensions.borrow_mut().get::<Registry>().0.is_empty();
    let mut participants = cx.session.participants.borrow_mut();
    let is_watching = participants.iter_mut().any(|participant| participant.as_any().is::<Watcher>());
    if has_entries && !is_watching {
        participants.push(Box::new(Watcher));
    }
}

/// Takes part in the transaction's end.
struct Watcher;

impl TransactionParticipant for Watcher {
    fn before_commit(&mut self, cx: Ctx<'_>) -> Result<()> {
        if !cx.touches_temporary()? {
            return Ok(());
        }
        let entries = cx.session.extensions.borrow_mut().get::<Registry>().0.clone();
        let mut dropped = Vec::new();
        check_references(cx, &entries)?;
        for entry in entries {
            // Gone, or never committed.
            let Some(table) = cx.catalog().relation(entry.relation)? else { continue };
            match entry.action {
                Action::DeleteRows => crate::truncate::rewrite_empty(cx, &table)?,
                Action::Drop => dropped.push(ObjectAddress::relation(entry.relation)),
            }
        }
        match dropped.is_empty() {
            true => Ok(()),
            false => drop_objects(cx, &dropped, DropBehavior::Cascade),
        }
    }

    fn savepoint_begun(&mut self, _: usize) {}

    fn savepoint_ended(&mut self, _: usize, _: bool) {}

    fn ended(&mut self, cx: Ctx<'_>, committed: bool) -> Result<()> {
        if committed {
            let mut extensions = cx.session.extensions.borrow_mut();
            extensions.get::<Registry>().0.retain(|entry| entry.action == Action::DeleteRows);
        }
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// Refuses to empty a table while one that refers to it keeps its rows.
fn check_references(cx: Ctx<'_>, entries: &[Entry]) -> Result<()> {
    let is_emptied = |oid: Oid| entries.iter().any(|e| e.relation == oid && e.action == Action::DeleteRows);
    for entry in entries.iter().filter(|entry| entry.action == Action::DeleteRows) {
        for constraint in cx.catalog().referencing_constraints(entry.relation)? {
            if is_emptied(constraint.conrelid) {
                continue;
            }
            let from = cx.catalog().open_relation(constraint.conrelid)?;
            let to = cx.catalog().open_relation(entry.relation)?;
            let error = error!(FEATURE_NOT_SUPPORTED, "unsupported ON COMMIT and foreign key combination");
            return Err(error.detail(format!(
                "Table \"{}\" references \"{}\", but they do not have the same ON COMMIT setting.",
                from.name(),
                to.name()
            )));
        }
    }
    Ok(())
}

/// Drops everything in the session's temporary schema. Runs in a transaction.
pub(crate) fn drop_all(cx: Ctx<'_>) -> Result<()> {
    let namespace = cx.session.temp_namespace.get();
    if !namespace.is_valid() {
        return Ok(());
    }
    drop_contents(cx, namespace)?;
    cx.session.extensions.borrow_mut().get::<Registry>().0.clear();
    Ok(())
}

/// Drops everything in a temporary schema.
pub(crate) fn drop_contents(cx: Ctx<'_>, namespace: Oid) -> Result<()> {
    // Not by a look at all relations and types: there may be thousands of sessions with temporary tables.
    let keys = [Key::oid(pg_depend::REFCLASSID, oids::PG_NAMESPACE), Key::oid(pg_depend::REFOBJID, namespace)];
    let object_of = |row: &PgDepend| ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
    let objects: Vec<ObjectAddress> =
        cx.catalog().scan::<PgDepend>(&keys)?.iter().map(|found| object_of(&found.row)).collect();
    if objects.is_empty() {
        return Ok(());
    }
    // Nobody asked for the drop: nobody is told what goes along.
    let before = cx.session.notices.borrow().len();
    let outcome = drop_objects(cx, &objects, DropBehavior::Cascade);
    cx.session.notices.borrow_mut().truncate(before);
    outcome
}
