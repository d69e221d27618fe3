//! Faults on purpose, for tests: with `fault_hooks` on, a file makes a role fail.
//!
//! The file `faults` in the data directory holds lines `role kind`, such as `bgwriter PANIC`; SIGUSR1 has it read and removed.
//! The role fails at its next rest.

use parking_lot::Mutex;
use report::{Error, Result, Severity, SqlState};
use std::collections::HashMap;

/// The file's name.
pub const FILE: &str = "faults";

/// How a role is to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// By an error that ends it.
    Fatal,
    /// By an error after which the instance cannot go on.
    Panic,
    /// By a Rust panic that holds nothing shared.
    RustPanic,
}

/// Faults that are to happen, by role.
#[derive(Debug, Default)]
pub struct Faults(Mutex<HashMap<String, Fault>>);

impl Faults {
    /// Reads the file's text. Lines that mean nothing are passed over. Returns the roles that are to fail.
    pub fn read(&self, text: &str) -> Vec<String> {
        let mut faults = self.0.lock();
        for line in text.lines() {
            if let Some((role, kind)) = line.rsplit_once(' ')
                && let Some(fault) = parse(kind)
            {
                faults.insert(role.to_owned(), fault);
            }
        }
        faults.keys().cloned().collect()
    }

    /// Lets the role fail if it is to. Panics if that is how.
    pub fn strike(&self, role: &str) -> Result<()> {
        let fault = self.0.lock().remove(role);
        let error = |severity| {
            let text = format!("fault on purpose in role \"{role}\"");
            Err(Error::with_severity(severity, SqlState::INTERNAL_ERROR, text))
        };
        match fault {
            None => Ok(()),
            Some(Fault::Fatal) => error(Severity::Fatal),
            Some(Fault::Panic) => error(Severity::Panic),
            Some(Fault::RustPanic) => panic!("fault on purpose in role \"{role}\""),
        }
    }
}

fn parse(kind: &str) -> Option<Fault> {
    match kind {
        "FATAL" => Some(Fault::Fatal),
        "PANIC" => Some(Fault::Panic),
        "panic" => Some(Fault::RustPanic),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_the_named_role_once() {
        let faults = Faults::default();
        faults.read("bgwriter FATAL\nworker 3 PANIC\nnonsense\n");
        assert!(faults.strike("walwriter").is_ok());
        assert_eq!(faults.strike("worker 3").unwrap_err().fields().severity, Severity::Panic);
        assert_eq!(faults.strike("bgwriter").unwrap_err().fields().severity, Severity::Fatal);
        assert!(faults.strike("bgwriter").is_ok());
    }
}
