//! Who a session acts as.
//!
//! SET ROLE and SET SESSION AUTHORIZATION are settings: a rollback takes them back and SET LOCAL ends with the transaction. The session's
//! [`Users`] follow from the two settings' values whenever one of them changes; that may be after the transaction, when no catalog
//! can be read, so the session remembers the roles that it ever became.

use crate::{Ctx, Users};
use base::Oid;
use catalog::rows::PgAuthid;
use config::{Change, Context, Setting, Value};
use report::{Result, bail, error};
use std::collections::HashMap;

/// Roles that the session became, by name: object id, and whether it is a superuser.
#[derive(Default)]
struct KnownRoles(HashMap<String, (Oid, bool)>);

impl Ctx<'_> {
    /// SET ROLE, RESET ROLE; `none` goes back to the session's user. Errors: 22023, 42501.
    pub fn set_role(self, value: Option<&str>, change: Change) -> Result<()> {
        let users = self.session.users.get();
        let name = value.unwrap_or("none");
        if name != "none" {
            let role = self.role_named(name)?;
            if !self.role_is_superuser(users.session)? && !self.is_member(users.session, role.oid)? {
                bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set role \"{name}\"");
            }
            self.remember(&role);
        }
        self.session.settings.borrow_mut().set("role", Some(name), change)?;
        self.refresh_settings();
        Ok(())
    }

    /// SET SESSION AUTHORIZATION; `None` goes back to who logged in. Errors: 22023, 42501.
    pub fn set_session_authorization(self, value: Option<&str>, change: Change) -> Result<()> {
        let users = self.session.users.get();
        let role = match value {
            Some(name) => self.role_named(name)?,
            None => {
                let row = self.catalog().role(users.authenticated)?;
                let oid = users.authenticated;
                row.ok_or_else(|| error!(UNDEFINED_OBJECT, "role with OID {oid} does not exist"))?.row.clone()
            }
        };
        if role.oid != users.authenticated && !users.authenticated_is_superuser {
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set session authorization");
        }
        self.remember(&role);
        let change = Change { context: Context::Superuser, ..change };
        let mut settings = self.session.settings.borrow_mut();
        settings.set("session_authorization", Some(&role.rolname), change)?;
        // A role that was set was for the user before.
        settings.set("role", Some("none"), change)?;
        drop(settings);
        self.refresh_settings();
        Ok(())
    }

    /// Does something as another role, and becomes again who it was.
    pub fn act_as<T>(self, role: Oid, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.session.users.get();
        let is_superuser = self.role_is_superuser(role)?;
        self.session.users.set(Users { current: role, is_superuser, ..before });
        let result = work();
        self.session.users.set(before);
        result
    }

    fn role_named(self, name: &str) -> Result<PgAuthid> {
        let found = self.catalog().role_by_name(name)?;
        found
            .map(|row| row.row.clone())
            .ok_or_else(|| error!(INVALID_PARAMETER_VALUE, "role \"{name}\" does not exist"))
    }

    fn remember(self, role: &PgAuthid) {
        let mut extensions = self.session.extensions.borrow_mut();
        extensions.get::<KnownRoles>().0.insert(role.rolname.clone(), (role.oid, role.rolsuper));
    }

    /// Makes the session act as the settings say.
    pub(crate) fn refresh_users(self) {
        let users = self.session.users.get();
        let known = |setting| {
            let name = self.setting(|settings| settings.text(setting).to_string());
            self.session.extensions.borrow_mut().get::<KnownRoles>().0.get(&name).copied()
        };
        let (session, session_is_superuser) =
            known(Setting::SessionAuthorization).unwrap_or((users.authenticated, users.authenticated_is_superuser));
        let role = known(Setting::Role);
        let (current, is_superuser) = role.unwrap_or((session, session_is_superuser));
        self.session.users.set(Users { session, current, is_superuser, role_is_set: role.is_some(), ..users });
        self.session.settings.borrow_mut().assign(Setting::IsSuperuser, Value::Bool(is_superuser));
    }
}
