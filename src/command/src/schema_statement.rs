//! CREATE SCHEMA.

use crate::address::ObjectAddress;
use crate::{Execution, Tag, acl, default_privileges, dependency};
use base::Oid;
use catalog::oids;
use catalog::rows::PgNamespace;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use parser::ast::{CreateSchemaStmt, Statement};
use report::{Error, Result, Severity, bail, error};

/// Adds a schema's row.
pub(crate) fn insert_schema(cx: Ctx<'_>, name: &str, owner: Oid) -> Result<Oid> {
    let catalog = cx.catalog();
    let oid = catalog.new_oid::<PgNamespace>()?;
    // Temporary schemas are nobody's to share.
    let nspacl = match name.starts_with("pg_") {
        true => None,
        false => default_privileges::for_new(cx, ObjectKind::Schema, owner, Oid::INVALID)?,
    };
    let mentioned = nspacl.clone().unwrap_or_default();
    catalog.insert(&PgNamespace { oid, nspname: name.to_owned(), nspowner: owner, nspacl })?;
    let schema = ObjectAddress::new(oids::PG_NAMESPACE, oid);
    dependency::record_owner(cx, schema, owner)?;
    acl::record_mentioned(cx, schema, owner, &mentioned)?;
    Ok(oid)
}

/// CREATE SCHEMA, with the statements that it may hold.
pub(crate) fn create_schema(ex: &mut Execution<'_, '_>, statement: &CreateSchemaStmt) -> Result<Tag> {
    let cx = ex.cx;
    let owner = match &statement.owner {
        Some(role) => crate::role::resolve(cx, &role.role)?,
        None => cx.session.current_user(),
    };
    let name = match &statement.name {
        Some(name) => name.clone(),
        None => cx.role_name(owner)?,
    };
    check_may_create(cx, owner)?;
    if name.starts_with("pg_") && !cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods)) {
        let error = error!(RESERVED_NAME, "unacceptable schema name \"{name}\"");
        return Err(error.detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    if cx.catalog().namespace_by_name(&name)?.is_some() {
        if !statement.if_not_exists {
            bail!(DUPLICATE_SCHEMA, "schema \"{name}\" already exists");
        }
        let message = format!("schema \"{name}\" already exists, skipping");
        cx.session.notice(Error::with_severity(Severity::Notice, report::SqlState::DUPLICATE_SCHEMA, message));
        return Ok(Tag::Plain("CREATE SCHEMA"));
    }
    insert_schema(cx, &name, owner)?;
    cx.next_command()?;
    create_elements(ex, &statement.elements, &name)?;
    Ok(Tag::Plain("CREATE SCHEMA"))
}

/// Makes what the statement holds, in the new schema, which is the first of the search path meanwhile.
fn create_elements(ex: &mut Execution<'_, '_>, elements: &[Statement], schema: &str) -> Result<()> {
    if elements.is_empty() {
        return Ok(());
    }
    let mut sorted: Vec<&Statement> = elements.iter().collect();
    sorted.sort_by_key(|element| match element {
        Statement::CreateSequence(_) => 0,
        Statement::CreateTable(_) => 1,
        Statement::CreateView(_) => 2,
        Statement::CreateIndex(_) => 3,
        Statement::CreateTrigger(_) => 4,
        _ => 5,
    });
    let session = ex.cx.session;
    let path = session.settings.borrow().text(config::Setting::SearchPath).to_string();
    let quoted = builtins::quote_identifier(schema);
    let path = if path.trim().is_empty() { quoted } else { format!("{quoted}, {path}") };
    let level = session.settings.borrow_mut().begin_level();
    let change = config::Change { scope: config::Scope::Save, ..config::Change::set(true) };
    session.settings.borrow_mut().set("search_path", Some(&path), change)?;
    let outcome = sorted.into_iter().try_for_each(|element| {
        let element = in_schema(element, schema)?;
        crate::run(ex, &element)?;
        ex.cx.next_command()
    });
    session.settings.borrow_mut().end_level(level, false);
    outcome
}

/// The statement with its object in the schema. Errors: 42P15 if it names another.
fn in_schema(element: &Statement, schema: &str) -> Result<Statement> {
    let mut element = element.clone();
    let name = match &mut element {
        Statement::CreateSequence(s) => &mut s.sequence.schema,
        Statement::CreateTable(s) => &mut s.relation.schema,
        Statement::CreateView(s) => &mut s.view.schema,
        Statement::CreateIndex(s) => &mut s.relation.schema,
        Statement::CreateTrigger(s) => &mut s.relation.schema,
        _ => return Ok(element),
    };
    match name {
        Some(other) if other != schema => Err(error!(
            INVALID_SCHEMA_DEFINITION,
            "CREATE specifies a schema ({other}) different from the one being created ({schema})"
        )),
        _ => {
            *name = Some(schema.to_owned());
            Ok(element)
        }
    }
}

fn check_may_create(cx: Ctx<'_>, owner: Oid) -> Result<()> {
    let user = cx.session.current_user();
    let database = cx.catalog().database(cx.session.database)?.expect("the session's database exists");
    if !cx.may_use_database(user, &database, Privileges::CREATE)? {
        return Err(denied(ObjectKind::Database, &database.datname));
    }
    if !cx.is_member(user, owner)? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be member of role \"{}\"", cx.role_name(owner)?);
    }
    Ok(())
}
