//! The error and notice type.

use crate::SqlState;
use std::fmt;

/// The server's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How bad it is, and so who is told: the client, the log, the postmaster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The most detailed trace.
    Debug5,
    /// A more detailed trace.
    Debug4,
    /// A detailed trace.
    Debug3,
    /// A trace.
    Debug2,
    /// A short trace.
    Debug1,
    /// For operators: always in the log, not for the client by default.
    Log,
    /// What the client asked to be told (VACUUM VERBOSE).
    Info,
    /// Worth the client's knowing.
    Notice,
    /// Likely trouble.
    Warning,
    /// Ends the statement.
    Error,
    /// Ends the session or role.
    Fatal,
    /// Reinitialises the instance.
    Panic,
}

impl Severity {
    /// The word on the wire and in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Debug5 | Severity::Debug4 | Severity::Debug3 | Severity::Debug2 | Severity::Debug1 => "DEBUG",
            Severity::Log => "LOG",
            Severity::Info => "INFO",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
            Severity::Panic => "PANIC",
        }
    }
}

/// What an [`Error`] carries. Message: lower case, no full stop; detail and hint are sentences.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fields {
    /// How bad it is.
    pub severity: Severity,
    /// Its kind.
    pub code: SqlState,
    /// One line.
    pub message: String,
    /// The mechanism behind it.
    pub detail: Option<String>,
    /// Detail for the log only (an authentication failure's reason).
    pub detail_log: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the statement's text: characters, counted from 1.
    pub position: Option<u32>,
    /// Where in `internal_query`: characters, counted from 1.
    pub internal_position: Option<u32>,
    /// The text of a statement that the server itself made.
    pub internal_query: Option<String>,
    /// What was being done, innermost first, one line each.
    pub context: Vec<String>,
    /// The schema involved.
    pub schema: Option<String>,
    /// The table involved.
    pub table: Option<String>,
    /// The column involved.
    pub column: Option<String>,
    /// The data type involved.
    pub data_type: Option<String>,
    /// The constraint involved.
    pub constraint: Option<String>,
    /// Where in our source it was made.
    pub location: Location,
}

/// A place in our source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// The file, from the workspace's root.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The function, where it is known.
    pub routine: Option<&'static str>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(routine) = self.routine {
            write!(f, "{routine}, ")?;
        }
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The function that an item is in, from the item's path: `exec::scan::next::{{closure}}::here` is in `next`.
fn routine_around(inner: &'static str) -> Option<&'static str> {
    inner.rsplit("::").skip(1).find(|part| !part.starts_with('{'))
}

/// An error or notice on its way to the client and the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Fields>);

impl Error {
    /// An ERROR with this code and message.
    #[cold]
    #[track_caller]
    pub fn new(code: SqlState, message: impl Into<String>) -> Error {
        Error::with_severity(Severity::Error, code, message)
    }

    /// One of any severity.
    #[cold]
    #[track_caller]
    pub fn with_severity(severity: Severity, code: SqlState, message: impl Into<String>) -> Error {
        let at = std::panic::Location::caller();
        Error(Box::new(Fields {
            severity,
            code,
            message: message.into(),
            detail: None,
            detail_log: None,
            hint: None,
            position: None,
            internal_position: None,
            internal_query: None,
            context: Vec::new(),
            schema: None,
            table: None,
            column: None,
            data_type: None,
            constraint: None,
            location: Location { file: at.file(), line: at.line(), routine: None },
        }))
    }

    /// 0A000 for a feature that this server does not have yet: `{feature} is not supported`.
    #[cold]
    #[track_caller]
    pub fn unsupported(feature: impl fmt::Display) -> Error {
        Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("{feature} is not supported yet"))
    }

    /// XX000: a state that should not be reachable from user input but is reported rather than asserted.
    #[cold]
    #[track_caller]
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(SqlState::INTERNAL_ERROR, message)
    }

    /// XX001: stored data is damaged.
    #[cold]
    #[track_caller]
    pub fn corrupt(message: impl Into<String>) -> Error {
        Error::new(SqlState::DATA_CORRUPTED, message)
    }

    /// The environment failed: `could not {what}: {reason}`, with the code that PostgreSQL gives the errno.
    #[cold]
    #[track_caller]
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Error {
        use std::io::ErrorKind as K;
        let code = match error.kind() {
            K::PermissionDenied => SqlState::INSUFFICIENT_PRIVILEGE,
            K::NotFound => SqlState::UNDEFINED_FILE,
            K::AlreadyExists => SqlState::DUPLICATE_FILE,
            K::StorageFull | K::QuotaExceeded => SqlState::DISK_FULL,
            K::OutOfMemory => SqlState::OUT_OF_MEMORY,
            K::IsADirectory | K::NotADirectory | K::DirectoryNotEmpty => SqlState::WRONG_OBJECT_TYPE,
            _ => match error.raw_os_error() {
                Some(23 | 24) => SqlState::INSUFFICIENT_RESOURCES,
                _ => SqlState::IO_ERROR,
            },
        };
        Error::new(code, format!("could not {what}: {}", strip_os_suffix(error)))
    }

    /// Sets the function in which it was made, given by the path of an item in it. The macros do this.
    #[doc(hidden)]
    pub fn made_in(mut self, inner: &'static str) -> Error {
        self.0.location.routine = routine_around(inner);
        self
    }

    /// Sets the severity.
    pub fn severity(mut self, severity: Severity) -> Error {
        self.0.severity = severity;
        self
    }

    /// Sets the detail, a sentence.
    pub fn detail(mut self, detail: impl Into<String>) -> Error {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets the detail that only the log shows.
    pub fn detail_log(mut self, detail: impl Into<String>) -> Error {
        self.0.detail_log = Some(detail.into());
        self
    }

    /// Sets the hint, a sentence.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the position in the statement, in characters from 1. The first one set stays.
    pub fn at(mut self, position: u32) -> Error {
        self.0.position.get_or_insert(position);
        self
    }

    /// Adds a line of context, outermost last.
    pub fn context(mut self, line: impl Into<String>) -> Error {
        self.0.context.push(line.into());
        self
    }

    /// Names the table involved.
    pub fn table(mut self, schema: impl Into<String>, table: impl Into<String>) -> Error {
        self.0.schema = Some(schema.into());
        self.0.table = Some(table.into());
        self
    }

    /// Names the column involved.
    pub fn column(mut self, column: impl Into<String>) -> Error {
        self.0.column = Some(column.into());
        self
    }

    /// Names the constraint involved.
    pub fn constraint(mut self, constraint: impl Into<String>) -> Error {
        self.0.constraint = Some(constraint.into());
        self
    }

    /// Names the data type involved.
    pub fn data_type(mut self, schema: impl Into<String>, data_type: impl Into<String>) -> Error {
        self.0.schema = Some(schema.into());
        self.0.data_type = Some(data_type.into());
        self
    }

    /// All it carries.
    pub fn fields(&self) -> &Fields {
        &self.0
    }

    /// All it carries, to be changed.
    pub fn fields_mut(&mut self) -> &mut Fields {
        &mut self.0
    }

    /// Its SQLSTATE.
    pub fn code(&self) -> SqlState {
        self.0.code
    }

    /// Its message.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

/// The system's own words for an I/O error, without Rust's "(os error 2)".
fn strip_os_suffix(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Turns a result of the standard library into the server's, saying what was tried.
pub trait Context<T> {
    /// `could not {what()}: {reason}`.
    fn could_not(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    #[track_caller]
    fn could_not(self, what: impl FnOnce() -> String) -> Result<T> {
        // Not map_err: a closure would hide the caller's location.
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::io(what(), &error)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:  {}", self.0.severity.as_str(), self.0.message)?;
        for (label, text) in [("DETAIL", &self.0.detail), ("HINT", &self.0.hint)] {
            if let Some(text) = text {
                write!(f, "\n{label}:  {text}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.0.code)
    }
}

impl std::error::Error for Error {}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_postgres_says() {
        let e = crate::error!(UNDEFINED_TABLE, "relation \"{}\" does not exist", "t").hint("Create it.").at(15);
        assert_eq!(e.code().as_str(), "42P01");
        assert_eq!(e.to_string(), "ERROR:  relation \"t\" does not exist\nHINT:  Create it.");
        assert_eq!(e.at(3).fields().position, Some(15));
    }

    #[test]
    fn knows_the_function_it_was_made_in() {
        let plain = crate::error!(UNDEFINED_TABLE, "none");
        let at = plain.fields().location;
        assert_eq!(at.to_string(), format!("knows_the_function_it_was_made_in, {}:{}", at.file, at.line));
        let in_closure = || -> Result<()> { crate::bail!(UNDEFINED_TABLE, "none") };
        let error = in_closure().unwrap_err();
        assert_eq!(error.fields().location.routine, Some("knows_the_function_it_was_made_in"));
        assert_eq!(Error::internal("by no macro").fields().location.routine, None);
    }

    #[test]
    fn names_the_errno() {
        let e = Error::io("open file \"x\"", &std::io::Error::from_raw_os_error(2));
        assert_eq!(e.message(), "could not open file \"x\": No such file or directory");
        assert_eq!(e.code(), SqlState::UNDEFINED_FILE);
    }
}
