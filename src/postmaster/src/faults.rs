//! Faults on purpose, for tests, in a server with `fault_hooks`: who wants them, and how they reach their victim.
//!
//! They are wanted by SQL (`woolly_fault` and its kin), or, where there are no sessions yet, by a file: `faults` in the data directory holds lines
//! `point kind`, such as `bgwriter panic`; it is read and removed at start, before any role runs, and on SIGUSR1.
//!
//! The points are those of [`threads::Faults`]: the rests of each role of the role entry table under its name, and of one of several under its
//! name with its number; `session` and `session N`; `postmaster`. Whoever is to fail at once is woken.

use crate::mailbox::Command;
use crate::roles::ROLES;
use crate::shared::Shared;
use config::Setting;
use instance::FaultWish;
use report::{Result, error};
use threads::{ArmedFault, FaultKind};

/// The file's name.
pub const FILE: &str = "faults";
/// The point of sessions.
pub const SESSION: &str = "session";
/// The point of the postmaster: between two waits of its loop.
pub const POSTMASTER: &str = "postmaster";

impl Shared {
    /// Errors: 42501, the server was not started for it.
    pub fn check_fault_hooks(&self) -> Result<()> {
        if self.settings.bool(Setting::FaultHooks) { Ok(()) } else { Err(instance::no_faults()) }
    }

    /// Arms what a session wants. Errors: as above; 22023, there is no such role, or it cannot fail so.
    pub fn arm_fault(&self, wish: &FaultWish<'_>) -> Result<()> {
        self.check_fault_hooks()?;
        check_role(wish)?;
        let point = match wish.number {
            Some(number) => format!("{} {number}", wish.role),
            None => wish.role.to_owned(),
        };
        self.faults.arm(ArmedFault { point: point.clone(), kind: wish.kind, passages: wish.passages.unwrap_or(1) });
        if wish.passages.is_none() {
            self.mailbox.post(Command::Strike(point));
        }
        Ok(())
    }

    /// Arms what the file's text says. Lines that mean nothing are passed over. Returns the points.
    pub fn arm_faults_of_file(&self, text: &str) -> Vec<String> {
        let parse = |line: &str| {
            let (point, kind) = line.rsplit_once(' ')?;
            Some(ArmedFault { point: point.to_owned(), kind: FaultKind::by_name(kind)?, passages: 1 })
        };
        let faults: Vec<ArmedFault> = text.lines().filter_map(parse).collect();
        faults.into_iter().map(|fault| (fault.point.clone(), self.faults.arm(fault)).0).collect()
    }
}

fn check_role(wish: &FaultWish<'_>) -> Result<()> {
    let known = ROLES.iter().map(|role| role.name).chain([SESSION, POSTMASTER]);
    if !known.clone().any(|name| name == wish.role) {
        let known: Vec<&str> = known.collect();
        let error = error!(INVALID_PARAMETER_VALUE, "unrecognized role: \"{}\"", wish.role);
        return Err(error.hint(format!("Available roles: {}.", known.join(", "))));
    }
    if wish.role == POSTMASTER && matches!(wish.kind, FaultKind::Hang | FaultKind::Leak) {
        let kind = wish.kind.name();
        let error = error!(INVALID_PARAMETER_VALUE, "role \"{POSTMASTER}\" cannot fail by \"{kind}\"");
        return Err(error.detail("Nobody watches over it."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_postmaster_has_nobody_who_would_notice_that_it_hangs() {
        let wish = |role, kind| FaultWish { role, number: None, kind, passages: None };
        assert!(check_role(&wish("bgwriter", FaultKind::Hang)).is_ok());
        assert!(check_role(&wish("postmaster", FaultKind::Segv)).is_ok());
        assert!(check_role(&wish("postmaster", FaultKind::Hang)).is_err());
        assert!(check_role(&wish("nobody", FaultKind::Fatal)).is_err());
    }
}
