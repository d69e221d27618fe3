//! Who runs the program.

use crate::failure::Failure;
use nix::unistd::{User, geteuid};

/// The name of the effective user, who will own the files.
///
/// Errors: it is root and that was not allowed; it has no name.
pub fn effective_user(allow_root: bool) -> Result<String, Failure> {
    let uid = geteuid();
    if uid.is_root() && !allow_root {
        return Err(Failure::new("cannot be run as root").hint(
            "Please log in (using, e.g., \"su\") as the (unprivileged) user that will own the server process, or give --allow-root.",
        ));
    }
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        _ => Err(Failure::new(format!("could not look up effective user ID {uid}: user does not exist"))),
    }
}

/// Refuses names that are kept for predefined roles.
pub fn check_superuser_name(name: &str) -> Result<(), Failure> {
    match name.starts_with("pg_") {
        true => {
            Err(Failure::new(format!("superuser name \"{name}\" is disallowed; role names cannot begin with \"pg_\"")))
        }
        false => Ok(()),
    }
}
