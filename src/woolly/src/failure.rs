//! Why a command failed, and the exit code that says so.

/// A failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is printed; nothing if it is empty.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    /// The same with another exit code.
    pub fn code(self, code: u8) -> Failure {
        Failure { code, ..self }
    }

    /// `could not {what}: {reason}`.
    pub fn io(what: &str, error: &std::io::Error) -> Failure {
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default();
        Failure::new(format!("could not {what}: {reason}"))
    }
}
