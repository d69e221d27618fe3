//! The logger: from a message to its destinations.

use crate::channel::{Channel, LogForm, LogLine};
use crate::filter::{Verbosity, is_logged, severity_of};
use crate::forms::{self, Entry};
use crate::time::Zone;
use crate::to_syslog::Syslog;
use crate::who::Who;
use config::{ServerValues, Setting, Settings};
use parking_lot::Mutex;
use report::{Error, Severity, SqlState};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The server log. Cheap to clone; all clones write to the same places.
#[derive(Clone, Debug)]
pub struct Logger(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    now_us: fn() -> i64,
    zone: Zone,
    syslog: Mutex<Syslog>,
    channel: Arc<Channel>,
    collecting: AtomicBool,
    process_id: i32,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logger")
    }
}

impl Logger {
    /// Writes to stderr until it collects. `now_us` is the wall clock, in microseconds since 1970.
    pub fn new(settings: Arc<Settings>, now_us: fn() -> i64) -> Logger {
        let process_id = i32::try_from(std::process::id()).unwrap_or(0);
        Logger(Arc::new(Inner {
            settings,
            now_us,
            zone: Zone::new(),
            syslog: Mutex::default(),
            channel: Arc::new(Channel::new()),
            collecting: AtomicBool::new(false),
            process_id,
        }))
    }

    /// From now on text, CSV and JSON go into the channel.
    pub fn start_collecting(&self) {
        self.0.collecting.store(true, Ordering::Release);
    }

    /// From now on text goes to stderr.
    pub fn stop_collecting(&self) {
        self.0.collecting.store(false, Ordering::Release);
    }

    /// Stops collecting and writes what nobody has taken out of the channel to stderr.
    pub fn give_up_collecting(&self) {
        self.stop_collecting();
        let mut lines = Vec::new();
        self.0.channel.take(&mut lines, Some(std::time::Duration::ZERO));
        for line in lines.iter().filter(|line| line.form == LogForm::Text) {
            let _ = std::io::stderr().write_all(&line.bytes);
        }
    }

    /// The way to the syslogger.
    pub fn channel(&self) -> &Arc<Channel> {
        &self.0.channel
    }

    /// The settings it follows.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.0.settings
    }

    /// The wall clock, in microseconds since 1970.
    pub fn now_us(&self) -> i64 {
        (self.0.now_us)()
    }

    /// A time (microseconds since 1970) as the log's messages print it.
    pub fn stamp(&self, us: i64) -> String {
        let values = self.0.settings.values();
        crate::time::stamp(us, &self.zone(&values), false)
    }

    pub(crate) fn zone(&self, values: &ServerValues) -> jiff::tz::TimeZone {
        self.0.zone.by_name(values.text(Setting::LogTimezone))
    }

    /// The log of a role. `pid` is its number.
    pub fn role(&self, pid: i32, backend_type: impl Into<String>) -> RoleLog {
        RoleLog { logger: self.clone(), who: Arc::new(Who::new(pid, backend_type, self.now_us())) }
    }

    /// The postmaster's own log.
    pub fn postmaster(&self) -> RoleLog {
        self.role(self.0.process_id, "postmaster")
    }

    /// Writes a message to every destination if `log_min_messages` lets it through; the statement that was being run with it, if
    /// `log_min_error_statement` does.
    pub fn emit(&self, who: &Who, error: &Error, statement: Option<&str>) {
        let values = self.0.settings.snapshot();
        let is_enough = |least| is_logged(error.fields().severity, severity_of(values.choice(least)));
        if !is_enough(Setting::LogMinMessages) {
            return;
        }
        // Lines wait for the syslogger, who gives their memory back.
        let _for_all = memory::Aside::begin();
        let entry = Entry {
            fields: error.fields(),
            who,
            statement: statement.filter(|_| is_enough(Setting::LogMinErrorStatement)),
            verbosity: Verbosity::of(values.choice(Setting::LogErrorVerbosity)),
            now_us: self.now_us(),
            zone: self.zone(&values),
        };
        let destinations = Destinations::of(values.text(Setting::LogDestination));
        let collecting = self.0.collecting.load(Ordering::Acquire);
        if destinations.csv && collecting {
            self.put(LogForm::Csv, forms::csv(&entry), who);
        }
        if destinations.json && collecting {
            self.put(LogForm::Json, forms::json(&entry), who);
        }
        let falls_back = (destinations.csv || destinations.json) && !collecting;
        if destinations.stderr || destinations.syslog || falls_back {
            self.emit_text(&entry, &values, destinations, falls_back);
        }
    }

    fn emit_text(&self, entry: &Entry<'_>, values: &ServerValues, destinations: Destinations, falls_back: bool) {
        let text = forms::text(entry, values.text(Setting::LogLinePrefix));
        if destinations.syslog {
            self.0.syslog.lock().send(entry.fields.severity, &text, entry.who.pid, values);
        }
        if !destinations.stderr && !falls_back {
            return;
        }
        if self.0.collecting.load(Ordering::Acquire) {
            self.put(LogForm::Text, text, entry.who);
        } else {
            // stderr may be closed; then there is nowhere left to complain.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    fn put(&self, form: LogForm, text: String, who: &Who) {
        let may_wait = who.pid != self.0.process_id;
        self.0.channel.put(LogLine { form, bytes: text.into_bytes() }, may_wait);
    }
}

#[derive(Clone, Copy)]
struct Destinations {
    stderr: bool,
    csv: bool,
    json: bool,
    syslog: bool,
}

impl Destinations {
    fn of(list: &str) -> Destinations {
        let has = |name: &str| list.split(',').any(|part| part.trim().trim_matches('"').eq_ignore_ascii_case(name));
        Destinations { stderr: has("stderr"), csv: has("csvlog"), json: has("jsonlog"), syslog: has("syslog") }
    }
}

/// The log of one role: knows who speaks.
#[derive(Clone, Debug)]
pub struct RoleLog {
    logger: Logger,
    who: Arc<Who>,
}

impl RoleLog {
    /// Logs a message if `log_min_messages` lets it through.
    pub fn log(&self, error: &Error) {
        self.logger.emit(&self.who, error, None);
    }

    /// Logs a text with severity LOG.
    #[track_caller]
    pub fn say(&self, text: impl Into<String>) {
        self.at(Severity::Log, text);
    }

    /// Logs a text with this severity.
    #[track_caller]
    pub fn at(&self, severity: Severity, text: impl Into<String>) {
        self.log(&Error::with_severity(severity, SqlState::SUCCESSFUL_COMPLETION, text));
    }

    /// The logger behind it.
    pub fn logger(&self) -> &Logger {
        &self.logger
    }

    /// Who speaks.
    pub fn who(&self) -> &Who {
        &self.who
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Hooks;

    #[test]
    fn a_collecting_logger_fills_the_channel_in_every_form() {
        let settings = Arc::new(Settings::boot(Hooks::new()));
        settings.set_override(Setting::LogDestination, config::Value::text("stderr, csvlog,jsonlog"));
        let logger = Logger::new(settings, || 1_767_225_600_000_000);
        logger.start_collecting();
        let role = logger.role(5, "checkpointer");
        role.say("hello");
        role.at(Severity::Debug1, "not logged");
        let mut lines = Vec::new();
        logger.channel().take(&mut lines, None);
        let forms: Vec<LogForm> = lines.iter().map(|line| line.form).collect();
        assert_eq!(forms, [LogForm::Csv, LogForm::Json, LogForm::Text]);
        assert_eq!(lines[2].bytes, b"2026-01-01 00:00:00.000 GMT [5] LOG:  hello\n");
    }
}
