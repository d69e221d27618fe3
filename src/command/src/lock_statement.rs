//! LOCK TABLE, SET CONSTRAINTS, CHECKPOINT.

use crate::{Execution, Tag, names};
use analyze::query::{Query, RteKind};
use analyze::stored;
use base::Oid;
use catalog::rows::PgConstraint;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::{LockMode, LockScope, LockTag};
use parser::ast::{ConstraintsSetStmt, LockStmt, RangeVar};
use report::{Result, bail, error};
use schema::{Key, RelationEntry};

/// LOCK TABLE.
pub(crate) fn lock_table(ex: &mut Execution<'_, '_>, statement: &LockStmt) -> Result<Tag> {
    let cx = ex.cx;
    if !ex.in_block {
        bail!(NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks");
    }
    let mode = mode_of(statement.mode);
    if cx.session.is_read_only.get() && mode > LockMode::RowExclusive {
        bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute LOCK TABLE in a read-only transaction");
    }
    for relation in &statement.relations {
        lock_named(cx, relation, mode, statement.nowait)?;
    }
    Ok(Tag::Plain("LOCK TABLE"))
}

fn mode_of(mode: parser::ast::LockMode) -> LockMode {
    use parser::ast::LockMode as Written;
    match mode {
        Written::AccessShare => LockMode::AccessShare,
        Written::RowShare => LockMode::RowShare,
        Written::RowExclusive => LockMode::RowExclusive,
        Written::ShareUpdateExclusive => LockMode::ShareUpdateExclusive,
        Written::Share => LockMode::Share,
        Written::ShareRowExclusive => LockMode::ShareRowExclusive,
        Written::Exclusive => LockMode::Exclusive,
        Written::AccessExclusive => LockMode::AccessExclusive,
    }
}

fn lock_named(cx: Ctx<'_>, name: &RangeVar, mode: LockMode, nowait: bool) -> Result<()> {
    loop {
        let entry = look_up(cx, name)?;
        check(cx, &entry, mode, cx.session.current_user())?;
        acquire(cx, &entry, mode, nowait)?;
        // Somebody may have dropped or renamed it while we waited for the lock.
        let now = look_up(cx, name)?;
        if now.oid == entry.oid {
            return match entry.kind() {
                b'v' => lock_view(cx, &now, mode, nowait, &mut vec![now.oid]),
                _ => Ok(()),
            };
        }
    }
}

fn look_up(cx: Ctx<'_>, name: &RangeVar) -> Result<std::sync::Arc<RelationEntry>> {
    let found = names::look_up(cx, name)?;
    let oid = found.ok_or_else(|| match &name.schema {
        Some(schema) if matches!(names::find_schema(cx, schema), Ok(None)) => {
            error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist")
        }
        _ => names::no_such_relation(name),
    })?;
    cx.catalog().relation(oid)?.ok_or_else(|| names::no_such_relation(name))
}

fn check(cx: Ctx<'_>, entry: &RelationEntry, mode: LockMode, user: Oid) -> Result<()> {
    if !matches!(entry.kind(), b'r' | b'p' | b'v') {
        let error = error!(WRONG_OBJECT_TYPE, "cannot lock relation \"{}\"", entry.name());
        return Err(error.detail(crate::address::unsupported_kind(entry.kind())));
    }
    let change = [Privileges::UPDATE, Privileges::DELETE, Privileges::TRUNCATE];
    let enough: Vec<Privileges> = match mode {
        LockMode::AccessShare => vec![Privileges::SELECT],
        LockMode::RowExclusive => [&change[..], &[Privileges::INSERT]].concat(),
        _ => change.to_vec(),
    };
    for privilege in enough {
        if cx.may_use_relation(user, &entry.class, privilege)? {
            return Ok(());
        }
    }
    Err(denied(ObjectKind::of_relkind(entry.kind()), entry.name()))
}

fn acquire(cx: Ctx<'_>, entry: &RelationEntry, mode: LockMode, nowait: bool) -> Result<()> {
    if !nowait {
        return names::lock_relation(cx, entry.oid, mode);
    }
    let database = if catalog::is_shared_relation(entry.oid) { Oid::INVALID } else { cx.session.database };
    let tag = LockTag::Relation { database, relation: entry.oid };
    match cx.session.locks.try_acquire(tag, mode, LockScope::Transaction)? {
        Some(_) => Ok(()),
        None => bail!(LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"{}\"", entry.name()),
    }
}

/// The tables and views that a view reads are locked with it, by the right of its owner.
fn lock_view(cx: Ctx<'_>, view: &RelationEntry, mode: LockMode, nowait: bool, seen: &mut Vec<Oid>) -> Result<()> {
    let Some(text) = &view.view_query else { return Ok(()) };
    let query = stored::from_text::<Query>(text)?;
    let mut tables = Vec::new();
    collect_tables(&query, &mut tables);
    for oid in tables {
        let Some(entry) = cx.catalog().relation(oid)? else { continue };
        if !matches!(entry.kind(), b'r' | b'p' | b'v') || seen.contains(&oid) {
            continue;
        }
        check(cx, &entry, mode, view.class.relowner)?;
        acquire(cx, &entry, mode, nowait)?;
        seen.push(oid);
        if entry.kind() == b'v' {
            lock_view(cx, &entry, mode, nowait, seen)?;
        }
    }
    Ok(())
}

/// The relations of a query and of its sub-selects in FROM.
fn collect_tables(query: &Query, found: &mut Vec<Oid>) {
    for entry in &query.rtable {
        match &entry.kind {
            RteKind::Relation(relation) => found.push(relation.relid),
            RteKind::Subquery(subquery) => collect_tables(&subquery.query, found),
            _ => {}
        }
    }
}

/// SET CONSTRAINTS.
pub(crate) fn set_constraints(ex: &mut Execution<'_, '_>, statement: &ConstraintsSetStmt) -> Result<Tag> {
    let cx = ex.cx;
    if !ex.in_block {
        let message = "SET CONSTRAINTS can only be used in transaction blocks";
        cx.session.notice(report::Error::with_severity(
            report::Severity::Warning,
            report::SqlState::NO_ACTIVE_SQL_TRANSACTION,
            message,
        ));
    }
    let mut named = Vec::new();
    for name in &statement.constraints {
        find_constraints(cx, name, statement.deferred, &mut named)?;
    }
    let constraints = (!statement.constraints.is_empty()).then_some(&named[..]);
    exec::set_constraints(cx, constraints, statement.deferred)?;
    Ok(Tag::Plain("SET CONSTRAINTS"))
}

/// The deferrable constraints of this name in its schema, or in the first schema of the search path that has one.
fn find_constraints(cx: Ctx<'_>, name: &RangeVar, deferred: bool, found: &mut Vec<Oid>) -> Result<()> {
    let schemas = match &name.schema {
        Some(schema) => vec![names::open_schema(cx, schema)?],
        None => cx.search_path()?.namespaces.to_vec(),
    };
    let mut is_there = false;
    for schema in schemas {
        use catalog::columns::pg_constraint as c;
        let keys = [Key::text(c::CONNAME, &name.name), Key::oid(c::CONNAMESPACE, schema)];
        for row in cx.catalog().scan::<PgConstraint>(&keys)? {
            is_there = true;
            if row.condeferrable {
                found.push(row.oid);
            } else if deferred {
                bail!(WRONG_OBJECT_TYPE, "constraint \"{}\" is not deferrable", name.name);
            }
        }
        if is_there {
            return Ok(());
        }
    }
    bail!(UNDEFINED_OBJECT, "constraint \"{}\" does not exist", name.name)
}

/// CHECKPOINT.
pub(crate) fn checkpoint(ex: &mut Execution<'_, '_>) -> Result<Tag> {
    let cx = ex.cx;
    // pg_checkpoint
    if !cx.has_privileges_of(cx.session.current_user(), Oid(4544))? {
        let error =
            error!(INSUFFICIENT_PRIVILEGE, "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT");
        return Err(error);
    }
    cx.instance.checkpoint(&|| cx.check_interrupts())?;
    Ok(Tag::Plain("CHECKPOINT"))
}
