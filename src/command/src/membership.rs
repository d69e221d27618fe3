//! GRANT role TO role, REVOKE role FROM role.

use crate::role_statement::{may_create_roles, resolve_all};
use crate::{Execution, Tag, role};
use base::Oid;
use catalog::columns::pg_auth_members as c;
use catalog::rows::PgAuthMembers;
use instance::Ctx;
use parser::ast::GrantRoleStmt;
use report::{Error, Result, Severity, SqlState, bail};
use schema::{CatalogRow, Key};

/// `pg_database_owner`: its only member is known without a row.
const DATABASE_OWNER: Oid = Oid(6171);

/// Members to come or to go.
pub(crate) struct Members {
    /// Of this role.
    pub role: Oid,
    /// Who.
    pub members: Vec<Oid>,
    /// By whom.
    pub grantor: Oid,
    /// WITH ADMIN OPTION; ADMIN OPTION FOR.
    pub admin: bool,
}

/// GRANT and REVOKE of roles.
pub(crate) fn grant_role(ex: &mut Execution<'_, '_>, statement: &GrantRoleStmt) -> Result<Tag> {
    let cx = ex.cx;
    let grantor = match &statement.grantor {
        Some(spec) => role::resolve(cx, &spec.role)?,
        None => cx.session.current_user(),
    };
    let members = resolve_all(cx, &statement.grantees)?;
    for granted in &statement.roles {
        let Some(name) = granted.name.as_ref().filter(|_| granted.columns.is_empty()) else {
            bail!(INVALID_GRANT_OPERATION, "column names cannot be included in GRANT/REVOKE ROLE");
        };
        let role = role::find(cx, name)?.oid;
        let change = Members { role, members: members.clone(), grantor, admin: statement.admin_option };
        match statement.is_grant {
            true => add(cx, &change)?,
            false => remove(cx, &change)?,
        }
    }
    Ok(Tag::Plain(if statement.is_grant { "GRANT ROLE" } else { "REVOKE ROLE" }))
}

/// Makes roles members. Those that are already give a notice.
pub(crate) fn add(cx: Ctx<'_>, change: &Members) -> Result<()> {
    if change.members.is_empty() {
        return Ok(());
    }
    check_may_change(cx, change.role)?;
    let name = cx.role_name(change.role)?;
    if change.role == DATABASE_OWNER {
        return Err(Error::internal(format!("role \"{name}\" cannot have explicit members")));
    }
    if change.grantor != cx.session.current_user() && !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to set grantor");
    }
    for member in &change.members {
        add_one(cx, change, *member, &name)?;
        cx.next_command()?;
    }
    Ok(())
}

fn add_one(cx: Ctx<'_>, change: &Members, member: Oid, name: &str) -> Result<()> {
    let member_name = cx.role_name(member)?;
    if member == DATABASE_OWNER {
        return Err(Error::internal(format!("role \"{member_name}\" cannot be a member of any role")));
    }
    if cx.is_member_nosuper(change.role, member)? {
        bail!(INVALID_GRANT_OPERATION, "role \"{name}\" is a member of role \"{member_name}\"");
    }
    let Members { role, grantor, admin, .. } = *change;
    let catalog = cx.catalog();
    match find(cx, role, member)? {
        Some(row) if !admin || row.admin_option => {
            let message = format!("role \"{member_name}\" is already a member of role \"{name}\"");
            cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
            Ok(())
        }
        Some(row) => {
            let new = PgAuthMembers { grantor, admin_option: true, ..row.row.clone() };
            catalog.update(&row, &new).map(drop)
        }
        None => catalog.insert(&PgAuthMembers { roleid: role, member, grantor, admin_option: admin }).map(drop),
    }
}

/// Ends memberships, or their admin option.
pub(crate) fn remove(cx: Ctx<'_>, change: &Members) -> Result<()> {
    if change.members.is_empty() {
        return Ok(());
    }
    check_may_change(cx, change.role)?;
    let catalog = cx.catalog();
    for member in &change.members {
        match find(cx, change.role, *member)? {
            Some(row) if change.admin => {
                let new = PgAuthMembers { admin_option: false, ..row.row.clone() };
                catalog.update(&row, &new)?;
            }
            Some(row) => catalog.delete(&row)?,
            None => {
                let (member, role) = (cx.role_name(*member)?, cx.role_name(change.role)?);
                let message = format!("role \"{member}\" is not a member of role \"{role}\"");
                cx.session.notice(Error::with_severity(Severity::Warning, SqlState::WARNING, message));
            }
        }
        cx.next_command()?;
    }
    Ok(())
}

fn find(cx: Ctx<'_>, role: Oid, member: Oid) -> Result<Option<CatalogRow<PgAuthMembers>>> {
    Ok(cx.catalog().scan::<PgAuthMembers>(&[Key::oid(c::ROLEID, role), Key::oid(c::MEMBER, member)])?.pop())
}

/// Superusers' memberships are superusers' matter; others' that of CREATEROLE and of the role's admins.
fn check_may_change(cx: Ctx<'_>, role: Oid) -> Result<()> {
    if cx.session.is_superuser() {
        return Ok(());
    }
    if cx.role_is_superuser(role)? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to alter superusers");
    }
    match may_create_roles(cx)? || is_admin(cx, cx.session.current_user(), role)? {
        true => Ok(()),
        false => bail!(INSUFFICIENT_PRIVILEGE, "must have admin option on role \"{}\"", cx.role_name(role)?),
    }
}

/// True if a role, or one that it is a member of, was given this role with admin option.
pub(crate) fn is_admin(cx: Ctx<'_>, user: Oid, role: Oid) -> Result<bool> {
    if cx.role_is_superuser(user)? {
        return Ok(true);
    }
    if user == role {
        return Ok(false);
    }
    for row in cx.catalog().scan::<PgAuthMembers>(&[Key::oid(c::ROLEID, role)])? {
        if row.admin_option && cx.is_member_nosuper(user, row.member)? {
            return Ok(true);
        }
    }
    Ok(false)
}
