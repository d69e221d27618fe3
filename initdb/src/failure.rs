//! What goes wrong, and how it is said.

use crate::output::complain;
use std::fmt::Display;

/// An error on its way to standard error. Exit status 1.
#[derive(Debug, PartialEq, Default)]
pub struct Failure {
    /// Nothing is printed if it is empty: the cause has been said already.
    pub message: String,
    /// A sentence about the cause.
    pub detail: Option<String>,
    /// What to do.
    pub hints: Vec<String>,
}

impl Failure {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), ..Failure::default() }
    }

    /// `could not {what}: {reason}`.
    pub fn io(what: impl Display, error: &std::io::Error) -> Failure {
        let text = error.to_string();
        let reason = text.rfind(" (os error ").map_or(text.as_str(), |end| &text[..end]);
        Failure::new(format!("could not {what}: {reason}"))
    }

    /// The cause was printed by somebody else.
    pub fn said() -> Failure {
        Failure::default()
    }

    /// Adds a detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Adds the hint of every mistake on the command line.
    pub fn try_help(self) -> Failure {
        self.hint("Try \"initdb --help\" for more information.")
    }

    /// Prints it.
    pub fn print(&self) {
        if !self.message.is_empty() {
            complain!("initdb: error: {}", self.message);
        }
        if let Some(detail) = &self.detail {
            complain!("initdb: detail: {detail}");
        }
        for hint in &self.hints {
            complain!("initdb: hint: {hint}");
        }
    }
}

/// Prints a warning.
pub fn warn(message: &str, hint: Option<&str>) {
    complain!("initdb: warning: {message}");
    if let Some(hint) = hint {
        complain!("initdb: hint: {hint}");
    }
}
