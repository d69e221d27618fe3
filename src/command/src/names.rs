//! Names to objects: relations named in statements, schemas for new objects, the session's temporary schema.

use base::Oid;
use instance::Ctx;
use instance::privileges::Privileges;
use lock::{LockMode, LockScope, LockTag};
use parser::ast::{Persistence, QualifiedName, RangeVar};
use report::{Error, Result, bail, error};
use schema::RelationEntry;
use std::sync::Arc;

/// Locks a relation until the transaction ends.
pub fn lock_relation(cx: Ctx<'_>, relation: Oid, mode: LockMode) -> Result<()> {
    let database = if catalog::is_shared_relation(relation) { Oid::INVALID } else { cx.session.database };
    cx.session.locks.acquire(LockTag::Relation { database, relation }, mode, LockScope::Transaction).map(drop)
}

/// The relation that a name means, locked. Errors: 42P01, 3F000.
pub fn open_relation(cx: Ctx<'_>, name: &RangeVar, mode: LockMode) -> Result<Arc<RelationEntry>> {
    match find_relation(cx, name, mode)? {
        Some(entry) => Ok(entry),
        None => Err(no_such_relation(name)),
    }
}

/// As `open_relation`, with a check that comes before the lock: see `find_relation_checked`.
pub(crate) fn open_relation_checked(
    cx: Ctx<'_>,
    name: &RangeVar,
    mode: LockMode,
    check: impl Fn(&RelationEntry) -> Result<()>,
) -> Result<Arc<RelationEntry>> {
    find_relation_checked(cx, name, mode, check)?.ok_or_else(|| no_such_relation(name))
}

/// As `open_relation`; `None` if there is no such relation or schema.
pub fn find_relation(cx: Ctx<'_>, name: &RangeVar, mode: LockMode) -> Result<Option<Arc<RelationEntry>>> {
    find_relation_checked(cx, name, mode, |_| Ok(()))
}

/// As `find_relation`, for what not everybody may do: `check` is asked before the lock is waited for, so that who may not use
/// the relation does not stand in others' way.
pub(crate) fn find_relation_checked(
    cx: Ctx<'_>,
    name: &RangeVar,
    mode: LockMode,
    check: impl Fn(&RelationEntry) -> Result<()>,
) -> Result<Option<Arc<RelationEntry>>> {
    loop {
        let Some(oid) = look_up(cx, name)? else { return Ok(None) };
        if let Some(entry) = cx.catalog().relation(oid)? {
            check(&entry)?;
        }
        lock_relation(cx, oid, mode)?;
        // Somebody may have dropped or renamed it while we waited for the lock.
        if look_up(cx, name)? == Some(oid)
            && let Some(entry) = cx.catalog().relation(oid)?
        {
            check(&entry)?;
            return Ok(Some(entry));
        }
    }
}

/// The object id of the relation that a name means, not locked.
pub(crate) fn look_up(cx: Ctx<'_>, name: &RangeVar) -> Result<Option<Oid>> {
    check_catalog(cx, name)?;
    let catalog = cx.catalog();
    match &name.schema {
        Some(schema) => match find_schema(cx, schema)? {
            Some(namespace) => {
                cx.check_schema(namespace, Privileges::USAGE)?;
                catalog.relation_oid(namespace, &name.name)
            }
            None => Ok(None),
        },
        None => catalog.relation_in_path(&cx.search_path()?.namespaces, &name.name),
    }
}

fn check_catalog(cx: Ctx<'_>, name: &RangeVar) -> Result<()> {
    match &name.catalog {
        Some(catalog) if *catalog != cx.session.database_name => {
            bail!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: \"{}\"", display_name(name))
        }
        _ => Ok(()),
    }
}

/// The name as it was written, without quotes: for messages.
pub fn display_name(name: &RangeVar) -> String {
    let parts = [name.catalog.as_deref(), name.schema.as_deref(), Some(&*name.name)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// 42P01.
pub fn no_such_relation(name: &RangeVar) -> Error {
    error!(UNDEFINED_TABLE, "relation \"{}\" does not exist", display_name(name))
}

/// The schema of this name; `pg_temp` is the session's own.
pub fn find_schema(cx: Ctx<'_>, name: &str) -> Result<Option<Oid>> {
    if name == "pg_temp" {
        let temp = cx.session.temp_namespace.get();
        cx.note_temporary();
        return Ok(temp.is_valid().then_some(temp));
    }
    Ok(cx.catalog().namespace_by_name(name)?.map(|row| row.oid))
}

/// As `find_schema`. Errors: 3F000.
pub fn open_schema(cx: Ctx<'_>, name: &str) -> Result<Oid> {
    find_schema(cx, name)?.ok_or_else(|| error!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist"))
}

/// Where a new relation of this name goes: schema and persistence (`p`, `u`, `t`). The right to create there is checked.
///
/// Errors: 3F000, 42501, 42P16 for a temporary relation in an ordinary schema.
pub fn creation_target(cx: Ctx<'_>, name: &RangeVar) -> Result<(Oid, u8)> {
    check_catalog(cx, name)?;
    let wants_temp = name.persistence == Persistence::Temporary;
    let namespace = match (&name.schema, wants_temp) {
        (Some(schema), _) if schema == "pg_temp" => temp_namespace(cx)?,
        (Some(schema), _) => open_schema(cx, schema)?,
        (None, true) => temp_namespace(cx)?,
        (None, false) => creation_namespace(cx)?,
    };
    let is_temp = namespace == cx.session.temp_namespace.get();
    if wants_temp && !is_temp {
        bail!(INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema");
    }
    cx.check_schema(namespace, Privileges::CREATE)?;
    let persistence = match name.persistence {
        _ if is_temp => b't',
        Persistence::Unlogged => b'u',
        _ => b'p',
    };
    Ok((namespace, persistence))
}

/// The first schema of the search path. Errors: 3F000 if there is none.
pub fn creation_namespace(cx: Ctx<'_>) -> Result<Oid> {
    let path = cx.search_path()?;
    if names_temp_first(cx) {
        return temp_namespace(cx);
    }
    match path.creation.is_valid() {
        true => Ok(path.creation),
        false => Err(error!(INVALID_SCHEMA_NAME, "no schema has been selected to create in")),
    }
}

/// True if the search path begins with pg_temp: then it may have to be made first.
fn names_temp_first(cx: Ctx<'_>) -> bool {
    let text = cx.setting(|s| s.text(config::Setting::SearchPath).clone());
    instance::split_names(&text).first().is_some_and(|name| name == "pg_temp")
}

/// Where a new object with a qualified name goes: schema and name. The right to create there is checked.
pub fn creation_place(cx: Ctx<'_>, name: &QualifiedName) -> Result<(Oid, String)> {
    let namespace = match &name.parts[..] {
        [_] => creation_namespace(cx)?,
        [schema, _] if schema == "pg_temp" => temp_namespace(cx)?,
        [schema, _] => open_schema(cx, schema)?,
        [database, schema, _] if *database == cx.session.database_name => open_schema(cx, schema)?,
        _ => bail!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}", name.parts.join(".")),
    };
    cx.check_schema(namespace, Privileges::CREATE)?;
    Ok((namespace, name.parts.last().expect("a name has a part").clone()))
}

/// The session's temporary schema, made when it is first needed. Errors: 42501 without TEMPORARY on the database.
pub fn temp_namespace(cx: Ctx<'_>) -> Result<Oid> {
    let session = cx.session;
    let catalog = cx.catalog();
    cx.note_temporary();
    let known = session.temp_namespace.get();
    // The transaction that made it may have been rolled back.
    if known.is_valid() && catalog.namespace(known)?.is_some() {
        return Ok(known);
    }
    let user = session.current_user();
    if let Some(database) = catalog.database(session.database)?
        && !cx.may_use_database(user, &database, Privileges::TEMPORARY)?
    {
        let name = &session.database_name;
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create temporary tables in database \"{name}\"");
    }
    let name = format!("pg_temp_{}", session.locks.number());
    let namespace = match catalog.namespace_by_name(&name)? {
        // Left by a session of this number, with what was in it if that session did not end in order.
        Some(row) => {
            crate::temporary::drop_contents(cx, row.oid)?;
            row.oid
        }
        None => crate::schema_statement::insert_schema(cx, &name, Oid(10))?,
    };
    session.temp_namespace.set(namespace);
    Ok(namespace)
}

/// 42P07 if a relation of this name is there. True if it is and `if_not_exists` says to pass over it, with a notice.
pub fn check_free(cx: Ctx<'_>, namespace: Oid, name: &str, if_not_exists: bool) -> Result<bool> {
    if cx.catalog().relation_oid(namespace, name)?.is_none() {
        return Ok(false);
    }
    let error = error!(DUPLICATE_TABLE, "relation \"{name}\" already exists");
    if !if_not_exists {
        return Err(error);
    }
    let message = format!("{}, skipping", error.message());
    cx.session.notice(Error::with_severity(report::Severity::Notice, error.code(), message));
    Ok(true)
}

/// 55006 if checks of the table's rows wait for the transaction's end; `what` is the statement that would change the table.
pub(crate) fn check_not_in_use(cx: Ctx<'_>, table: &RelationEntry, what: &str) -> Result<()> {
    match exec::has_pending_checks(cx, table.oid) {
        true => bail!(OBJECT_IN_USE, "cannot {what} \"{}\" because it has pending trigger events", table.name()),
        false => Ok(()),
    }
}
