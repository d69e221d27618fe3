//! Who the session acts as, by its settings `session_authorization` and `role`.
//!
//! SET ROLE and SET SESSION AUTHORIZATION change a setting and [`Users`] together. The end of a transaction or savepoint, and of
//! SET LOCAL with it, brings the settings back; what their names mean was noted when they were set, so that the users can follow
//! without a look at the catalogs.

use crate::{Ctx, Users};
use base::Oid;
use config::{Setting, Value};

impl Ctx<'_> {
    /// Notes what a name means that SET ROLE or SET SESSION AUTHORIZATION was given.
    pub fn note_role_name(self, name: &str, role: Oid, is_superuser: bool) {
        self.session.named_roles.borrow_mut().insert(name.to_owned(), (role, is_superuser));
    }

    /// Acts as the settings say that may have just been taken back.
    pub(crate) fn follow_user_settings(self) {
        let session = self.session;
        let names = session.named_roles.borrow();
        if names.is_empty() {
            return;
        }
        let meaning = |setting| self.setting(|s| names.get::<str>(s.text(setting)).copied());
        let users = session.users.get();
        let authenticated = (users.authenticated, users.authenticated_is_superuser);
        let by_session = meaning(Setting::SessionAuthorization).unwrap_or(authenticated);
        let by_role = meaning(Setting::Role);
        let (current, is_superuser) = by_role.unwrap_or(by_session);
        session.users.set(Users {
            session: by_session.0,
            current,
            is_superuser,
            role_is_set: by_role.is_some(),
            ..users
        });
        if is_superuser != users.is_superuser {
            session.settings.borrow_mut().assign(Setting::IsSuperuser, Value::Bool(is_superuser));
        }
    }
}
