//! DROP OWNED, REASSIGN OWNED: what belongs to a role in this database, and what it was granted.

use crate::acl::{self, Change};
use crate::address::ObjectAddress;
use crate::{Execution, Tag, default_privileges, dependency, names, owner, role_statement};
use base::Oid;
use catalog::columns::{pg_attribute as a, pg_shdepend as sh};
use catalog::rows::{PgAttribute, PgShdepend};
use catalog::{AclItem, oids};
use instance::Ctx;
use instance::privileges::Privileges;
use lock::LockMode;
use parser::ast::{DropBehavior, DropOwnedStmt, ReassignOwnedStmt};
use report::{Result, bail, unsupported};
use schema::Key;

/// All privileges that there are.
const EVERYTHING: Privileges = Privileges(0xFFFF);

/// DROP OWNED.
pub(crate) fn drop_owned(ex: &mut Execution<'_, '_>, statement: &DropOwnedStmt) -> Result<Tag> {
    let cx = ex.cx;
    let roles = role_statement::resolve_all(cx, &statement.roles)?;
    for role in &roles {
        if !cx.has_privileges_of(cx.session.current_user(), *role)? {
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied to drop objects");
        }
    }
    let mut owned = Vec::new();
    for role in roles {
        check_unpinned(cx, role, "drop objects owned by")?;
        for (address, kind) in mentions(cx, role)? {
            match kind {
                b'a' => {
                    remove_from_list(cx, address, role)?;
                    cx.next_command()?;
                }
                b'o' if !catalog::is_shared_relation(address.class) => owned.push(address),
                _ => {}
            }
        }
    }
    owned.sort_by_key(|address| std::cmp::Reverse(address.object));
    if !owned.is_empty() {
        dependency::drop_objects(cx, &owned, statement.behavior)?;
    }
    Ok(Tag::Plain("DROP OWNED"))
}

fn check_unpinned(cx: Ctx<'_>, role: Oid, verb: &str) -> Result<()> {
    if role >= Oid::FIRST_UNPINNED {
        return Ok(());
    }
    let name = cx.role_name(role)?;
    let why = "because they are required by the database system";
    bail!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot {verb} role {name} {why}")
}

/// Objects of this database, and shared ones, that mention a role, with the kind of mention.
fn mentions(cx: Ctx<'_>, role: Oid) -> Result<Vec<(ObjectAddress, u8)>> {
    let keys = [Key::oid(sh::REFCLASSID, oids::PG_AUTHID), Key::oid(sh::REFOBJID, role)];
    let rows = cx.catalog().scan::<PgShdepend>(&keys)?;
    let here = rows.iter().filter(|row| !row.dbid.is_valid() || row.dbid == cx.session.database);
    let address = |row: &PgShdepend| ObjectAddress { class: row.classid, object: row.objid, part: row.objsubid };
    Ok(here.map(|row| (address(row), row.deptype)).collect())
}

/// Revokes what an object's owner granted to a role, and what that role passed on.
fn remove_from_list(cx: Ctx<'_>, object: ObjectAddress, role: Oid) -> Result<()> {
    let (catalog, oid) = (cx.catalog(), object.object);
    let grantees = [role];
    let change = |owner| Change {
        is_grant: false,
        grant_option: false,
        behavior: DropBehavior::Cascade,
        grantees: &grantees,
        privileges: EVERYTHING,
        grantor: owner,
        owner,
    };
    let found: Option<(Oid, Option<Vec<AclItem>>)> = match object.class {
        oids::PG_CLASS if object.part != 0 => {
            let class = catalog.class(oid)?;
            let keys = [Key::oid(a::ATTRELID, oid), Key::int2(a::ATTNUM, object.part as i16)];
            let column = catalog.scan::<PgAttribute>(&keys)?.pop();
            class.zip(column).map(|(class, column)| (class.relowner, column.attacl.clone()))
        }
        oids::PG_CLASS => catalog.class(oid)?.map(|row| (row.relowner, row.relacl.clone())),
        oids::PG_DATABASE => catalog.database(oid)?.map(|row| (row.datdba, row.datacl.clone())),
        oids::PG_NAMESPACE => catalog.namespace(oid)?.map(|row| (row.nspowner, row.nspacl.clone())),
        oids::PG_PROC => catalog.function(oid)?.map(|row| (row.proowner, row.proacl.clone())),
        oids::PG_TYPE => catalog.type_by_oid(oid)?.map(|row| (row.typowner, row.typacl.clone())),
        oids::PG_LANGUAGE => catalog.language(oid)?.map(|row| (row.lanowner, row.lanacl.clone())),
        oids::PG_TABLESPACE => catalog.tablespace(oid)?.map(|row| (row.spcowner, row.spcacl.clone())),
        oids::PG_DEFAULT_ACL => {
            return default_privileges::change_row(cx, oid, |cx, acl, owner| acl::merge(cx, acl, &change(owner)));
        }
        class => unsupported!("DROP OWNED of privileges on objects of catalog {class}"),
    };
    let Some((owner, Some(list))) = found else { return Ok(()) };
    let list = acl::merge(cx, list, &change(owner))?;
    acl::store(cx, object, owner, list)
}

/// REASSIGN OWNED.
pub(crate) fn reassign_owned(ex: &mut Execution<'_, '_>, statement: &ReassignOwnedStmt) -> Result<Tag> {
    let cx = ex.cx;
    let user = cx.session.current_user();
    let roles = role_statement::resolve_all(cx, &statement.roles)?;
    let new = crate::role::resolve(cx, &statement.new_role.role)?;
    for role in roles.iter().chain([&new]) {
        if !cx.has_privileges_of(user, *role)? {
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied to reassign objects");
        }
    }
    for role in roles {
        check_unpinned(cx, role, "reassign ownership of objects owned by")?;
        let mut owned: Vec<_> = mentions(cx, role)?.into_iter().filter(|(_, kind)| *kind == b'o').collect();
        // Tables take their sequences along, which cannot be given away alone.
        owned.sort_by_key(|(address, _)| is_sequence(cx, *address).unwrap_or(false));
        for (address, _) in owned {
            reassign(cx, address, (role, new))?;
            cx.next_command()?;
        }
    }
    Ok(Tag::Plain("REASSIGN OWNED"))
}

fn is_sequence(cx: Ctx<'_>, address: ObjectAddress) -> Result<bool> {
    let class = if address.class == oids::PG_CLASS { cx.catalog().class(address.object)? } else { None };
    Ok(class.is_some_and(|class| class.relkind == b'S'))
}

fn reassign(cx: Ctx<'_>, address: ObjectAddress, (old, new): (Oid, Oid)) -> Result<()> {
    let (catalog, oid) = (cx.catalog(), address.object);
    match address.class {
        oids::PG_CLASS => {
            names::lock_relation(cx, oid, LockMode::AccessExclusive)?;
            match catalog.relation(oid)? {
                Some(entry) if entry.class.relowner == old => owner::change_relation(cx, &entry, new),
                _ => Ok(()),
            }
        }
        oids::PG_TYPE => match catalog.type_by_oid(oid)? {
            Some(row) if row.typowner == old => owner::change_type(cx, &row.row, new),
            _ => Ok(()),
        },
        oids::PG_NAMESPACE => match catalog.namespace(oid)? {
            Some(row) => owner::change_schema(cx, &row.nspname, new),
            None => Ok(()),
        },
        oids::PG_PROC => match catalog.function(oid)? {
            Some(row) => owner::change_function(cx, &row.row, new),
            None => Ok(()),
        },
        oids::PG_DATABASE => match catalog.database(oid)? {
            Some(row) => owner::change_database(cx, &row.datname, new),
            None => Ok(()),
        },
        // Default privileges stay with the role; DROP OWNED removes them.
        oids::PG_DEFAULT_ACL => Ok(()),
        class => unsupported!("REASSIGN OWNED of objects of catalog {class}"),
    }
}
