//! Which messages are logged, which are sent to the client.

use report::Severity;

/// `log_error_verbosity`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verbosity {
    /// The message only.
    Terse,
    /// With detail, hint, context and statement.
    Default,
    /// With the SQLSTATE and the place in our source too.
    Verbose,
}

impl Verbosity {
    /// By the setting's word.
    pub fn of(word: &str) -> Verbosity {
        match word {
            "terse" => Verbosity::Terse,
            "verbose" => Verbosity::Verbose,
            _ => Verbosity::Default,
        }
    }
}

/// The severity that a word of `log_min_messages`, `client_min_messages`, ... names.
pub fn severity_of(word: &str) -> Severity {
    match word {
        "debug5" => Severity::Debug5,
        "debug4" => Severity::Debug4,
        "debug3" => Severity::Debug3,
        "debug2" | "debug" => Severity::Debug2,
        "debug1" => Severity::Debug1,
        "log" => Severity::Log,
        "info" => Severity::Info,
        "notice" => Severity::Notice,
        "warning" => Severity::Warning,
        "error" => Severity::Error,
        "fatal" => Severity::Fatal,
        _ => Severity::Panic,
    }
}

/// True if the log takes it. In the log's order LOG stands between ERROR and FATAL, for both sides.
pub fn is_logged(severity: Severity, least: Severity) -> bool {
    let place = |s: Severity| match s {
        Severity::Log => (Severity::Error, true),
        other => (other, false),
    };
    place(severity) >= place(least)
}

/// True if the client is sent it. INFO is what the client asked for and always is.
pub fn is_sent(severity: Severity, least: Severity) -> bool {
    severity == Severity::Info || severity >= least
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::*;

    #[test]
    fn log_stands_between_error_and_fatal() {
        assert!(is_logged(Log, Warning) && is_logged(Log, Error) && is_logged(Log, Log));
        assert!(!is_logged(Log, Fatal) && !is_logged(Error, Log) && is_logged(Fatal, Log));
        assert!(!is_logged(Notice, Warning) && is_logged(Warning, Warning));
    }

    #[test]
    fn the_client_gets_info_always_and_log_seldom() {
        assert!(is_sent(Info, Error) && !is_sent(Log, Notice) && is_sent(Log, Log) && is_sent(Notice, Notice));
        assert!(!is_sent(Debug1, Notice) && is_sent(Warning, Notice));
    }
}
