//! CREATE SCHEMA.

use crate::address::ObjectAddress;
use crate::dependency;
use crate::{Execution, Tag};
use base::Oid;
use catalog::oids;
use catalog::rows::PgNamespace;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use parser::ast::CreateSchemaStmt;
use report::{Error, Result, Severity, bail, error};

/// Adds a schema's row.
pub(crate) fn insert_schema(cx: Ctx<'_>, name: &str, owner: Oid) -> Result<Oid> {
    let catalog = cx.catalog();
    let oid = catalog.new_oid::<PgNamespace>()?;
    catalog.insert(&PgNamespace { oid, nspname: name.to_owned(), nspowner: owner, nspacl: None })?;
    dependency::record_owner(cx, ObjectAddress::new(oids::PG_NAMESPACE, oid), owner)?;
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
    for element in &statement.elements {
        crate::execute_nested(ex, element, &name)?;
        cx.next_command()?;
    }
    Ok(Tag::Plain("CREATE SCHEMA"))
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
