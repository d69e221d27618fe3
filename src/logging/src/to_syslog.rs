//! Messages to the system's syslog daemon.

use crate::limits::SYSLOG_BYTES_MAX;
use config::{ServerValues, Setting};
use report::Severity;
use syslog::{Facility, Formatter3164, LoggerBackend};

type Connection = syslog::Logger<LoggerBackend, Formatter3164>;

/// The connection with the daemon, made when it is first needed and again when a setting changed.
#[derive(Default)]
pub(crate) struct Syslog {
    connection: Option<Connection>,
    made_for: Option<(String, &'static str)>,
    sequence: u64,
}

impl std::fmt::Debug for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Syslog")
    }
}

impl Syslog {
    /// Sends a message, in pieces if it is long. Without a daemon it is lost: there is nobody to tell.
    pub(crate) fn send(&mut self, severity: Severity, text: &str, pid: i32, values: &ServerValues) {
        self.connect(pid, values);
        let numbered = values.bool(Setting::SyslogSequenceNumbers);
        let pieces = if values.bool(Setting::SyslogSplitMessages) { split(text) } else { vec![text.trim_end()] };
        self.sequence += 1;
        let sequence = self.sequence;
        let Some(connection) = &mut self.connection else { return };
        for (i, piece) in pieces.iter().enumerate() {
            let line = if numbered { format!("[{sequence}-{}] {piece}", i + 1) } else { (*piece).to_owned() };
            let _ = send_one(connection, severity, line);
        }
    }

    fn connect(&mut self, pid: i32, values: &ServerValues) {
        let wanted = (values.text(Setting::SyslogIdent).to_string(), values.choice(Setting::SyslogFacility));
        if self.made_for.as_ref() == Some(&wanted) && self.connection.is_some() {
            return;
        }
        let formatter = Formatter3164 {
            facility: facility(wanted.1),
            hostname: None,
            process: wanted.0.clone(),
            pid: u32::try_from(pid).unwrap_or(0),
        };
        self.connection = syslog::unix(formatter).ok();
        self.made_for = Some(wanted);
    }
}

fn send_one(connection: &mut Connection, severity: Severity, line: String) -> syslog::Result<()> {
    match severity {
        Severity::Log | Severity::Info => connection.info(line),
        Severity::Notice | Severity::Warning => connection.notice(line),
        Severity::Error => connection.warning(line),
        Severity::Fatal => connection.err(line),
        Severity::Panic => connection.crit(line),
        _ => connection.debug(line),
    }
}

fn facility(word: &str) -> Facility {
    match word {
        "local1" => Facility::LOG_LOCAL1,
        "local2" => Facility::LOG_LOCAL2,
        "local3" => Facility::LOG_LOCAL3,
        "local4" => Facility::LOG_LOCAL4,
        "local5" => Facility::LOG_LOCAL5,
        "local6" => Facility::LOG_LOCAL6,
        "local7" => Facility::LOG_LOCAL7,
        _ => Facility::LOG_LOCAL0,
    }
}

/// A piece for each line, and of long lines several, cut between words where that is possible.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for mut line in text.lines().filter(|line| !line.is_empty()) {
        while line.len() > SYSLOG_BYTES_MAX {
            let limit = (0..=SYSLOG_BYTES_MAX).rev().find(|&i| line.is_char_boundary(i)).expect("0 is a boundary");
            let cut = line[..limit].rfind(' ').filter(|&at| at > 0).unwrap_or(limit);
            pieces.push(&line[..cut]);
            line = line[cut..].trim_start();
        }
        pieces.push(line);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_words() {
        assert_eq!(split("a\n\tb\n"), ["a", "\tb"]);
        let long = "word ".repeat(400);
        let pieces = split(long.trim_end());
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|p| p.len() <= SYSLOG_BYTES_MAX && !p.ends_with(' ')));
        assert_eq!(pieces.join(" "), long.trim_end());
    }
}
