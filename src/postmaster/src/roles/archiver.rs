//! The archiver: hands complete segments of the log to `archive_command`, oldest first.
//!
//! It looks when a segment has been completed, and once a minute in any case. A command that fails is tried three times, and
//! then again at the next look: a segment is never passed over. When the server stops it does one last round.

use crate::archive;
use crate::shared::RoleContext;
use crate::storage::Running;
use base::Lsn;
use config::Setting;
use report::{Error, Result, Severity, SqlState};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use sync::Interrupt;
use wal::segment_file_name;

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Files taken from one listing of the directory.
const FILES_PER_SCAN: usize = 64;
/// Tries of one file before the next look, and the pause between them.
const TRIES_MAX: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often a running command is looked after.
const COMMAND_LOOK: Duration = Duration::from_millis(10);

struct Archiver {
    role: RoleContext,
    running: Running,
    /// The end of the log at the last switch that `archive_timeout` made, and when that was.
    switched: (Lsn, Duration),
}

/// Archives until told to finish.
pub fn run(role: RoleContext) -> Result<()> {
    let running = role.running()?;
    let switched = (running.engine.store().wal.inserted(), running.clock().monotonic());
    let mut archiver = Archiver { role, running, switched };
    while !archiver.role.is_told_to_end() {
        let is_last = archiver.role.is_told_to_finish();
        archiver.role.heed_reload();
        archiver.role.interrupts.take(Interrupt::Work);
        archiver.switch_if_due()?;
        archiver.archive_all();
        if is_last {
            break;
        }
        // A segment that became complete meanwhile has woken the pause between two tries, not the sleep that comes now.
        if !archiver.role.is_told_to_finish() && !archiver.role.interrupts.is_pending(Interrupt::Work) {
            let timeout = archiver.until_switch().map_or(LOOK_EVERY, |due| due.min(LOOK_EVERY));
            archiver.role.sleep(Some(timeout))?;
        }
    }
    Ok(())
}

impl Archiver {
    /// `archive_timeout`: a segment that has something in it is completed when it has waited long enough.
    fn switch_if_due(&mut self) -> Result<()> {
        let wal = &self.running.engine.store().wal;
        let inserted = wal.inserted();
        if self.until_switch() == Some(Duration::ZERO) {
            if inserted > self.switched.0 {
                wal.switch_segment()?;
            }
            self.switched = (wal.inserted(), self.running.clock().monotonic());
        }
        Ok(())
    }

    fn until_switch(&self) -> Option<Duration> {
        let timeout = self.role.shared.settings.duration(Setting::ArchiveTimeout);
        let elapsed = self.running.clock().monotonic().saturating_sub(self.switched.1);
        (!timeout.is_zero()).then(|| timeout.saturating_sub(elapsed))
    }

    fn archive_all(&self) {
        let data = &self.role.shared.data_directory;
        let wal = &self.running.engine.store().wal;
        let bytes = wal.options().segment_bytes;
        let current = segment_file_name(wal.options().timeline, wal.flushed().0 / u64::from(bytes), bytes);
        if let Err(error) = archive::mark_complete(data, &current) {
            self.warn(Error::io("scan the directory \"pg_wal\"", &error));
            return;
        }
        loop {
            let waiting = archive::waiting(data, FILES_PER_SCAN).unwrap_or_default();
            if waiting.is_empty() || !waiting.iter().all(|file| self.archive(file)) {
                return;
            }
        }
    }

    /// Archives one file. False if it is to wait for the next look.
    fn archive(&self, file: &str) -> bool {
        let settings = &self.role.shared.settings;
        let command = settings.text(Setting::ArchiveCommand);
        if command.is_empty() {
            self.warn(plain("archive_mode enabled, yet archiving is not configured"));
            return false;
        }
        for tries in 1..=TRIES_MAX {
            if self.role.is_told_to_end() {
                return false;
            }
            let is_good = self.run_command(&expand(&command, file));
            let instance = &self.running.instance;
            instance.statistics.count_archived(file, is_good, instance.now_us());
            if is_good {
                let done = archive::mark_done(&self.role.shared.data_directory, file);
                if let Err(error) = &done {
                    self.warn(Error::io(format!("rename the status file of \"{file}\""), error));
                }
                return done.is_ok();
            }
            if tries < TRIES_MAX {
                self.role.interrupts.latch().wait(Some(RETRY_PAUSE));
            }
        }
        self.warn(plain(&format!(
            "archiving write-ahead log file \"{file}\" failed too many times, will try again later"
        )));
        false
    }

    fn run_command(&self, command: &str) -> bool {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).current_dir(&self.role.shared.data_directory).stdin(Stdio::null());
        let status = shell.spawn().and_then(|child| self.look_after(child));
        let failure = match status {
            Ok(status) if status.success() => return true,
            Ok(status) => describe(status),
            Err(error) => format!("archive command could not be run: {error}"),
        };
        let detail = format!("The failed archive command was: {command}");
        self.role.log.log(&plain(&failure).severity(Severity::Log).detail(detail));
        false
    }

    /// Waits for the command; a server that ends at once does not.
    fn look_after(&self, mut child: Child) -> std::io::Result<ExitStatus> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.role.interrupts.is_pending(Interrupt::Quit) {
                child.kill()?;
            }
            self.role.interrupts.latch().wait(Some(COMMAND_LOOK));
        }
    }

    fn warn(&self, error: Error) {
        self.role.log.log(&error.severity(Severity::Warning));
    }
}

fn plain(text: &str) -> Error {
    Error::with_severity(Severity::Warning, SqlState::SUCCESSFUL_COMPLETION, text)
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("archive command failed with exit code {code}"),
        (None, Some(signal)) => format!("archive command was terminated by signal {signal}"),
        (None, None) => "archive command exited with unrecognized status".to_owned(),
    }
}

/// `%p` is the file's path from the data directory, `%f` its name, `%%` a percent sign.
fn expand(command: &str, file: &str) -> String {
    let mut out = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next();
        match escape {
            Some('p') => out.push_str(&format!("pg_wal/{file}")),
            Some('f') => out.push_str(file),
            Some('%') => out.push('%'),
            _ => out.push('%'),
        }
        let skipped = escape.filter(|c| matches!(c, 'p' | 'f' | '%')).map_or(0, char::len_utf8);
        rest = &rest[at + 1 + skipped..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_path_and_name() {
        assert_eq!(expand("cp %p /a/%f 100%% %x %", "0001"), "cp pg_wal/0001 /a/0001 100% %x %");
    }
}
