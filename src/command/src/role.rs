//! Who a statement names as a role.

use base::Oid;
use catalog::rows::PgAuthid;
use config::Change;
use instance::Ctx;
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

/// DISCARD ALL: the session acts again as who logged in.
pub fn reset_user(cx: Ctx<'_>) -> Result<()> {
    cx.set_session_authorization(None, Change::set(cx.session.users.get().authenticated_is_superuser))
}
