//! ALTER DEFAULT PRIVILEGES, and the access list of a new object.

use crate::acl::{self, Change};
use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::grant::{privilege_name, privilege_named, resolve_grantees};
use crate::{Execution, Tag, names};
use base::Oid;
use catalog::columns::pg_default_acl as c;
use catalog::rows::PgDefaultAcl;
use catalog::{AclItem, oids};
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges};
use parser::ast::{AlterDefaultPrivilegesStmt, DefArg, GrantStmt, ObjectType};
use report::{Result, bail};
use schema::{CatalogRow, Key};
use tuple::Datum;

/// What ALTER DEFAULT PRIVILEGES changes, resolved.
struct Request<'s> {
    action: &'s GrantStmt,
    kind: ObjectKind,
    letter: u8,
    privileges: Privileges,
    grantees: Vec<Oid>,
}

/// ALTER DEFAULT PRIVILEGES.
pub(crate) fn alter(ex: &mut Execution<'_, '_>, statement: &AlterDefaultPrivilegesStmt) -> Result<Tag> {
    let cx = ex.cx;
    let (mut schemas, mut roles): (&[String], _) = (&[], None);
    let mut seen = Vec::new();
    for option in &statement.options {
        if seen.contains(&&option.name) {
            bail!(SYNTAX_ERROR, "conflicting or redundant options");
        }
        seen.push(&option.name);
        match &option.arg {
            Some(DefArg::List(names)) => schemas = names,
            Some(DefArg::Roles(specs)) => roles = Some(specs),
            _ => {}
        }
    }
    let request = read_request(cx, &statement.action)?;
    let targets = match roles {
        None => vec![cx.session.current_user()],
        Some(specs) => crate::role_statement::resolve_all(cx, specs)?,
    };
    for role in targets {
        if !cx.is_member(cx.session.current_user(), role)? {
            bail!(INSUFFICIENT_PRIVILEGE, "must be member of role \"{}\"", cx.role_name(role)?);
        }
        if schemas.is_empty() {
            change(cx, &request, role, Oid::INVALID)?;
        }
        for schema in schemas {
            let namespace = names::open_schema(cx, schema)?;
            change(cx, &request, role, namespace)?;
        }
    }
    Ok(Tag::Plain("ALTER DEFAULT PRIVILEGES"))
}

fn read_request<'s>(cx: Ctx<'_>, action: &'s GrantStmt) -> Result<Request<'s>> {
    let (kind, letter, word) = match action.object_type {
        ObjectType::Sequence => (ObjectKind::Sequence, b'S', "sequence"),
        ObjectType::Function => (ObjectKind::Function, b'f', "function"),
        ObjectType::Procedure => (ObjectKind::Function, b'f', "procedure"),
        ObjectType::Routine => (ObjectKind::Function, b'f', "routine"),
        ObjectType::Type => (ObjectKind::Type, b'T', "type"),
        ObjectType::Schema => (ObjectKind::Schema, b'n', "schema"),
        _ => (ObjectKind::Table, b'r', "relation"),
    };
    let grantees = resolve_grantees(cx, &action.grantees)?;
    let mut privileges = if action.privileges.is_empty() { kind.all() } else { Privileges::NONE };
    for privilege in &action.privileges {
        if !privilege.columns.is_empty() {
            bail!(INVALID_GRANT_OPERATION, "default privileges cannot be set for columns");
        }
        let bit = privilege_named(privilege.name.as_deref().unwrap_or_default())?;
        if !kind.all().contains(bit) {
            let name = privilege_name(bit);
            bail!(INVALID_GRANT_OPERATION, "invalid privilege type {name} for {word}");
        }
        privileges = privileges | bit;
    }
    Ok(Request { action, kind, letter, privileges, grantees })
}

fn find(cx: Ctx<'_>, role: Oid, namespace: Oid, letter: u8) -> Result<Option<CatalogRow<PgDefaultAcl>>> {
    let keys = [
        Key::oid(c::DEFACLROLE, role),
        Key::oid(c::DEFACLNAMESPACE, namespace),
        Key { column: c::DEFACLOBJTYPE, value: Datum::Char(letter) },
    ];
    Ok(cx.catalog().scan::<PgDefaultAcl>(&keys)?.pop())
}

/// Changes the defaults for what a role creates in a schema, or anywhere.
fn change(cx: Ctx<'_>, request: &Request<'_>, role: Oid, namespace: Oid) -> Result<()> {
    if namespace.is_valid() && request.kind == ObjectKind::Schema {
        let message = "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS";
        bail!(INVALID_GRANT_OPERATION, "{message}");
    }
    // Those of a schema are added to the global ones, which stand for the built-in ones.
    let default = match namespace.is_valid() {
        true => Vec::new(),
        false => request.kind.default_acl(role),
    };
    let row = find(cx, role, namespace, request.letter)?;
    let old = row.as_ref().map_or_else(|| default.clone(), |row| row.defaclacl.clone());
    let new = acl::merge(
        cx,
        old,
        &Change {
            is_grant: request.action.is_grant,
            grant_option: request.action.grant_option,
            behavior: request.action.behavior,
            grantees: &request.grantees,
            privileges: request.privileges,
            grantor: role,
            owner: role,
        },
    )?;
    store(
        cx,
        row,
        PgDefaultAcl {
            oid: Oid::INVALID,
            defaclrole: role,
            defaclnamespace: namespace,
            defaclobjtype: request.letter,
            defaclacl: new,
        },
        default,
    )?;
    cx.next_command()
}

fn store(
    cx: Ctx<'_>,
    old: Option<CatalogRow<PgDefaultAcl>>,
    mut new: PgDefaultAcl,
    mut default: Vec<AclItem>,
) -> Result<()> {
    let catalog = cx.catalog();
    let mut sorted = new.defaclacl.clone();
    sorted.sort_unstable();
    default.sort_unstable();
    if sorted == default {
        if let Some(row) = old {
            catalog.delete(&row)?;
            dependency::forget(cx, ObjectAddress::new(oids::PG_DEFAULT_ACL, row.oid))?;
        }
        return Ok(());
    }
    let is_new = old.is_none();
    new.oid = match &old {
        Some(row) => row.oid,
        None => catalog.new_oid::<PgDefaultAcl>()?,
    };
    match &old {
        Some(row) => catalog.update(row, &new)?,
        None => catalog.insert(&new)?,
    };
    let address = ObjectAddress::new(oids::PG_DEFAULT_ACL, new.oid);
    if is_new {
        dependency::record_owner(cx, address, new.defaclrole)?;
        if new.defaclnamespace.is_valid() {
            let schema = ObjectAddress::new(oids::PG_NAMESPACE, new.defaclnamespace);
            dependency::record(cx, address, schema, Dependency::Auto)?;
        }
    }
    acl::record_members(cx, address, new.defaclrole, &new.defaclacl)
}

/// Changes a row's list, given with the role that it is for.
pub(crate) fn change_row(
    cx: Ctx<'_>,
    oid: Oid,
    change: impl FnOnce(Ctx<'_>, Vec<AclItem>, Oid) -> Result<Vec<AclItem>>,
) -> Result<()> {
    let Some(row) = cx.catalog().scan::<PgDefaultAcl>(&[Key::oid(c::OID, oid)])?.pop() else { return Ok(()) };
    let kind = match row.defaclobjtype {
        b'S' => ObjectKind::Sequence,
        b'f' => ObjectKind::Function,
        b'T' => ObjectKind::Type,
        b'n' => ObjectKind::Schema,
        _ => ObjectKind::Table,
    };
    let default = match row.defaclnamespace.is_valid() {
        true => Vec::new(),
        false => kind.default_acl(row.defaclrole),
    };
    let defaclacl = change(cx, row.defaclacl.clone(), row.defaclrole)?;
    let new = PgDefaultAcl { defaclacl, ..row.row.clone() };
    store(cx, Some(row), new, default)
}

/// The access list of a new object, `None` if nobody changed the defaults of its kind.
pub(crate) fn for_new(cx: Ctx<'_>, kind: ObjectKind, owner: Oid, namespace: Oid) -> Result<Option<Vec<AclItem>>> {
    let letter = match kind {
        ObjectKind::Sequence => b'S',
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => b'f',
        ObjectKind::Type => b'T',
        ObjectKind::Schema => b'n',
        _ => b'r',
    };
    let global = find(cx, owner, Oid::INVALID, letter)?;
    let local = match namespace.is_valid() {
        true => find(cx, owner, namespace, letter)?,
        false => None,
    };
    if global.is_none() && local.is_none() {
        return Ok(None);
    }
    let default = kind.default_acl(owner);
    let mut acl = global.map_or_else(|| default.clone(), |row| row.defaclacl.clone());
    for item in local.iter().flat_map(|row| &row.defaclacl) {
        match acl.iter_mut().find(|known| (known.grantee, known.grantor) == (item.grantee, item.grantor)) {
            Some(known) => known.privileges |= item.privileges,
            None => acl.push(*item),
        }
    }
    acl.sort_unstable();
    let mut sorted = default;
    sorted.sort_unstable();
    Ok((acl != sorted).then_some(acl))
}
