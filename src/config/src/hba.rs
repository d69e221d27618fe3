//! Host-based authentication: `pg_hba.conf` and `pg_ident.conf`, in PostgreSQL's format.
//!
//! 1. `tokens` takes a file apart: fields, lists, quotes, `@files`, comments.
//! 2. `rules` reads each line as a [`Rule`]; every bad line is reported, and a file with one is not used.
//! 3. `matching` finds the first rule that fits a [`Request`].
//! 4. `ident` maps the names of the system's users to roles.
//! 5. [`AuthFiles`] holds what is in force; a reload that finds errors keeps the old rules.
//!
//! It opens no connection and asks no catalog: membership of roles and host names are asked of the caller's traits.

mod ident;
mod matching;
mod rules;
mod tokens;

pub use ident::{IdentEntry, IdentMap, MapOutcome};
pub use matching::{HostLookup, Request, Roles, implicit_reject, rejected};
pub use rules::{Addresses, ConnectionKind, Method, Rule, RuleRow, Rules};
pub use tokens::Token;

use crate::file::Files;
use arc_swap::ArcSwap;
use report::{Error, Severity};
use std::path::Path;
use std::sync::Arc;

/// The rules and maps in force.
#[derive(Debug)]
pub struct AuthFiles {
    rules: ArcSwap<Rules>,
    maps: ArcSwap<IdentMap>,
    files: Arc<dyn Files>,
}

impl AuthFiles {
    /// Reads both files at start. Errors: pg_hba.conf is bad; all problems, for the log. Problems of pg_ident.conf are
    /// returned beside the result: a server can live without maps.
    pub fn load(hba: &Path, ident: &Path, files: Arc<dyn Files>) -> Result<(AuthFiles, Vec<Error>), Vec<Error>> {
        let rules = Rules::read(&*files, hba)?;
        let (maps, warnings) = match IdentMap::read(&*files, ident) {
            Ok(maps) => (maps, Vec::new()),
            Err(problems) => (IdentMap::default(), problems),
        };
        Ok((AuthFiles { rules: ArcSwap::from_pointee(rules), maps: ArcSwap::from_pointee(maps), files }, warnings))
    }

    /// Fixed rules, for tests and single-user sessions.
    pub fn fixed(rules: Rules, maps: IdentMap) -> AuthFiles {
        let files = Arc::new(crate::file::StdFiles);
        AuthFiles { rules: ArcSwap::from_pointee(rules), maps: ArcSwap::from_pointee(maps), files }
    }

    /// Reads both files again. What is bad stays as it was; the messages say so.
    pub fn reload(&self, hba: &Path, ident: &Path) -> Vec<Error> {
        let mut messages = Vec::new();
        match Rules::read(&*self.files, hba) {
            Ok(rules) => self.rules.store(Arc::new(rules)),
            Err(problems) => {
                messages.extend(problems);
                messages.push(not_reloaded("pg_hba.conf"));
            }
        }
        match IdentMap::read(&*self.files, ident) {
            Ok(maps) => self.maps.store(Arc::new(maps)),
            Err(problems) => {
                messages.extend(problems);
                messages.push(not_reloaded("pg_ident.conf"));
            }
        }
        messages
    }

    /// The rules.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// The maps.
    pub fn maps(&self) -> Arc<IdentMap> {
        self.maps.load_full()
    }

    /// The rows of `pg_hba_file_rules`: of the file as it is now, in force or not.
    pub fn rule_rows(&self, hba: &Path) -> Vec<RuleRow> {
        rules::rows(&*self.files, hba)
    }

    /// The rows of `pg_ident_file_mappings`.
    pub fn map_rows(&self, ident: &Path) -> Vec<IdentEntry> {
        ident::rows(&*self.files, ident)
    }
}

fn not_reloaded(name: &str) -> Error {
    let text = format!("{name} was not reloaded");
    Error::with_severity(Severity::Log, report::SqlState::SUCCESSFUL_COMPLETION, text)
}

/// F0000 with the line as context.
fn problem(message: impl Into<String>, path: &Path, line: u32) -> Error {
    Error::with_severity(Severity::Log, report::SqlState::CONFIG_FILE_ERROR, message)
        .context(format!("line {line} of configuration file \"{}\"", path.display()))
}
