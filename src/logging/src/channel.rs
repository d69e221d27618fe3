//! The way from those who log to the syslogger.

use crate::limits::CHANNEL_BYTES_MAX;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::Duration;

/// The form of a log entry, which says what file it goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LogForm {
    /// Text.
    Text,
    /// Comma-separated values.
    Csv,
    /// JSON, an object a line.
    Json,
}

impl LogForm {
    /// All forms.
    pub const ALL: [LogForm; 3] = [LogForm::Text, LogForm::Csv, LogForm::Json];

    /// Its name in `log_destination` and `current_logfiles`.
    pub const fn name(self) -> &'static str {
        match self {
            LogForm::Text => "stderr",
            LogForm::Csv => "csvlog",
            LogForm::Json => "jsonlog",
        }
    }

    /// The ending of its files.
    pub const fn extension(self) -> &'static str {
        match self {
            LogForm::Text => ".log",
            LogForm::Csv => ".csv",
            LogForm::Json => ".json",
        }
    }
}

/// A formed message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// Its form.
    pub form: LogForm,
    /// Its bytes, ending in a line feed.
    pub bytes: Vec<u8>,
}

/// What waits for the syslogger, oldest first.
#[derive(Debug, Default)]
pub struct Channel {
    queue: Mutex<Queue>,
    news: Condvar,
    room: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// The syslogger was asked to look at something else than lines.
    poked: bool,
}

impl Channel {
    /// Nothing waits.
    pub fn new() -> Channel {
        Channel::default()
    }

    /// Puts a line. Waits for room if `may_wait`, else goes over the limit.
    pub(crate) fn put(&self, line: LogLine, may_wait: bool) {
        let mut queue = self.queue.lock();
        while may_wait && queue.bytes > CHANNEL_BYTES_MAX {
            self.room.wait(&mut queue);
        }
        queue.bytes += line.bytes.len();
        queue.lines.push_back(line);
        self.news.notify_one();
    }

    /// Takes all that waits into `lines`; sleeps first if that is nothing, until there is a line, a poke, or time is up.
    pub fn take(&self, lines: &mut Vec<LogLine>, timeout: Option<Duration>) {
        let mut queue = self.queue.lock();
        if queue.lines.is_empty() && !queue.poked {
            match timeout {
                Some(timeout) => drop(self.news.wait_for(&mut queue, timeout)),
                None => self.news.wait(&mut queue),
            }
        }
        queue.poked = false;
        queue.bytes = 0;
        lines.extend(queue.lines.drain(..));
        self.room.notify_all();
    }

    /// Wakes the syslogger.
    pub fn poke(&self) {
        self.queue.lock().poked = true;
        self.news.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_and_wakes() {
        let channel = Channel::new();
        let line = |text: &str| LogLine { form: LogForm::Text, bytes: text.into() };
        channel.put(line("a"), true);
        channel.put(line("b"), false);
        let mut lines = Vec::new();
        channel.take(&mut lines, None);
        assert_eq!(lines, [line("a"), line("b")]);
        channel.poke();
        channel.take(&mut lines, None);
        assert_eq!(lines.len(), 2, "a poke ends the wait without a line");
    }
}
