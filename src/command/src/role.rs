//! Who a statement names as a role, and who the session acts as.

use base::Oid;
use catalog::rows::PgAuthid;
use config::Change;
use instance::{Ctx, Users};
use parser::ast::Role;
use report::{Result, bail, error};

/// The role that a statement names. Errors: 42704; 42601 where PUBLIC makes no sense.
pub fn resolve(cx: Ctx<'_>, role: &Role) -> Result<Oid> {
    match role {
        Role::Name(name) => Ok(find(cx, name)?.oid),
        Role::CurrentRole | Role::CurrentUser => Ok(cx.session.current_user()),
        Role::SessionUser => Ok(cx.session.users.get().session),
        Role::Public => bail!(UNDEFINED_OBJECT, "role \"public\" does not exist"),
    }
}

/// The role of this name. Errors: 42704.
pub fn find(cx: Ctx<'_>, name: &str) -> Result<PgAuthid> {
    let found = cx.catalog().role_by_name(name)?;
    found.map(|row| row.row.clone()).ok_or_else(|| error!(UNDEFINED_OBJECT, "role \"{name}\" does not exist"))
}

/// SET ROLE, RESET ROLE; `none` goes back to the session's user.
pub(crate) fn set_role(cx: Ctx<'_>, value: Option<&str>, change: Change) -> Result<()> {
    let users = cx.session.users.get();
    let name = value.unwrap_or("none");
    let new = match name {
        "none" => Users {
            current: users.session,
            is_superuser: cx.role_is_superuser(users.session)?,
            role_is_set: false,
            ..users
        },
        name => {
            let role = find(cx, name).map_err(|_| error!(INVALID_PARAMETER_VALUE, "role \"{name}\" does not exist"))?;
            let is_allowed = cx.role_is_superuser(users.session)? || cx.is_member(users.session, role.oid)?;
            if !is_allowed {
                bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set role \"{name}\"");
            }
            cx.note_role_name(name, role.oid, role.rolsuper);
            Users { current: role.oid, is_superuser: role.rolsuper, role_is_set: true, ..users }
        }
    };
    cx.session.settings.borrow_mut().set("role", Some(name), change)?;
    cx.session.users.set(new);
    show_superuser(cx, new.is_superuser)
}

/// SET SESSION AUTHORIZATION, RESET.
pub(crate) fn set_session_authorization(cx: Ctx<'_>, value: Option<&str>, change: Change) -> Result<()> {
    let users = cx.session.users.get();
    let role = match value {
        Some(name) => find(cx, name).map_err(|_| error!(INVALID_PARAMETER_VALUE, "role \"{name}\" does not exist"))?,
        None => {
            let row = cx.catalog().role(users.authenticated)?;
            row.ok_or_else(|| error!(UNDEFINED_OBJECT, "role with OID {} does not exist", users.authenticated))?
                .row
                .clone()
        }
    };
    if role.oid != users.authenticated && !users.authenticated_is_superuser {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set session authorization");
    }
    let name = role.rolname.clone();
    let change = Change { context: config::Context::Superuser, ..change };
    cx.note_role_name(&name, role.oid, role.rolsuper);
    cx.session.settings.borrow_mut().set("session_authorization", Some(&name), change)?;
    cx.session.settings.borrow_mut().set("role", Some("none"), change)?;
    cx.session.users.set(Users {
        session: role.oid,
        current: role.oid,
        is_superuser: role.rolsuper,
        role_is_set: false,
        ..users
    });
    show_superuser(cx, role.rolsuper)
}

/// DISCARD ALL: the session acts again as who logged in.
pub fn reset_user(cx: Ctx<'_>) -> Result<()> {
    set_session_authorization(cx, None, Change::set(cx.session.users.get().authenticated_is_superuser))?;
    set_role(cx, None, Change::set(true))
}

fn show_superuser(cx: Ctx<'_>, is_superuser: bool) -> Result<()> {
    let value = config::Value::Bool(is_superuser);
    cx.session.settings.borrow_mut().assign(config::Setting::IsSuperuser, value);
    Ok(())
}
