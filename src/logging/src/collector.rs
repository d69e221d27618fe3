//! The log files: opened, written, rotated. The syslogger role owns one of these.

use crate::channel::{LogForm, LogLine};
use crate::logger::{Logger, RoleLog};
use crate::time::{offset_seconds, strftime};
use config::{ServerValues, Setting};
use report::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file that says which log files are written now.
const CURRENT_LOGFILES: &str = "current_logfiles";

struct OpenFile {
    form: LogForm,
    /// As `current_logfiles` names it.
    name: PathBuf,
    file: File,
    bytes: u64,
}

/// Writes the lines of the channel into files.
pub struct Collector {
    logger: Logger,
    log: RoleLog,
    data_directory: PathBuf,
    files: Vec<OpenFile>,
    /// The settings that name the files, to notice a change.
    names: (Arc<str>, Arc<str>),
    rotates: bool,
    next_rotation_us: Option<i64>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.files.iter().map(|file| &file.name)).finish()
    }
}

impl Collector {
    /// Opens the files. Errors: the text file, without which there is no log, cannot be opened.
    pub fn open(log: RoleLog, data_directory: &Path) -> report::Result<Collector> {
        let logger = log.logger().clone();
        let values = logger.settings().snapshot();
        let mut collector = Collector {
            names: names(&values),
            logger,
            log,
            data_directory: data_directory.to_owned(),
            files: Vec::new(),
            rotates: true,
            next_rotation_us: None,
        };
        let now_us = collector.logger.now_us();
        for form in wanted(&values) {
            let file = collector.open_file(form, now_us, false, &values).map_err(|(path, e)| open_error(&path, &e))?;
            collector.files.push(file);
        }
        collector.set_next_rotation(now_us, &values);
        collector.write_current_logfiles(&values);
        Ok(collector)
    }

    /// Writes lines. A line that cannot be written goes to stderr.
    pub fn write(&mut self, lines: &[LogLine]) {
        for line in lines {
            let file = match self.files.iter().position(|f| f.form == line.form) {
                Some(at) => &mut self.files[at],
                None => &mut self.files[0],
            };
            match file.file.write_all(&line.bytes) {
                Ok(()) => file.bytes += line.bytes.len() as u64,
                Err(_) => drop(io::stderr().write_all(&line.bytes)),
            }
        }
    }

    /// How long until age asks for a rotation.
    pub fn until_rotation(&self) -> Option<Duration> {
        let due_us = self.next_rotation_us?;
        Some(Duration::from_micros(u64::try_from(due_us - self.logger.now_us()).unwrap_or(0)))
    }

    /// Rotates what age or size says is due, and what a change of settings asks for.
    pub fn maintain(&mut self) {
        let values = self.logger.settings().snapshot();
        let now_us = self.logger.now_us();
        let renamed = self.names != names(&values);
        let forms: Vec<LogForm> = self.files.iter().map(|f| f.form).collect();
        if renamed || forms != wanted(&values) {
            self.names = names(&values);
            self.rotates = true;
            self.rotate_forms(&wanted(&values), now_us, false, &values);
            self.set_next_rotation(now_us, &values);
        }
        if !self.rotates {
            return;
        }
        if let Some(due_us) = self.next_rotation_us.filter(|due_us| *due_us <= now_us) {
            self.rotate_forms(&forms, due_us, true, &values);
            self.set_next_rotation(now_us, &values);
        }
        let limit = values.int(Setting::LogRotationSize) as u64 * 1024;
        let full: Vec<LogForm> = self.files.iter().filter(|f| limit > 0 && f.bytes >= limit).map(|f| f.form).collect();
        if !full.is_empty() {
            self.rotate_forms(&full, now_us, false, &values);
        }
    }

    /// Rotates at once, because somebody asked.
    pub fn rotate(&mut self) {
        let values = self.logger.settings().snapshot();
        let now_us = self.logger.now_us();
        self.rotates = true;
        self.rotate_forms(&wanted(&values), now_us, false, &values);
        self.set_next_rotation(now_us, &values);
    }

    fn rotate_forms(&mut self, forms: &[LogForm], at_us: i64, by_age: bool, values: &ServerValues) {
        let keep = wanted(values);
        self.files.retain(|f| keep.contains(&f.form));
        for &form in forms.iter().filter(|f| keep.contains(f)) {
            match self.open_file(form, at_us, by_age, values) {
                Ok(file) => {
                    self.files.retain(|f| f.form != form);
                    self.files.push(file);
                }
                Err((path, error)) => self.complain(&path, &error),
            }
        }
        self.files.sort_by_key(|f| f.form);
        self.write_current_logfiles(values);
    }

    fn complain(&mut self, path: &Path, error: &io::Error) {
        self.log.log(&open_error(path, error).severity(report::Severity::Log));
        let out_of_descriptors = matches!(error.raw_os_error(), Some(23 | 24));
        if !out_of_descriptors && self.rotates {
            self.log.say("disabling automatic rotation (use SIGHUP to re-enable)");
            self.rotates = false;
        }
    }

    fn open_file(
        &self,
        form: LogForm,
        at_us: i64,
        by_age: bool,
        values: &ServerValues,
    ) -> Result<OpenFile, (PathBuf, io::Error)> {
        let name = self.file_name(form, at_us, values);
        let path = self.data_directory.join(&name);
        let is_other = self.files.iter().all(|f| f.name != name);
        let truncate = by_age && is_other && values.bool(Setting::LogTruncateOnRotation);
        let mode = values.int(Setting::LogFileMode) as u32;
        let open = || {
            make_directory(path.parent().unwrap_or(Path::new(".")))?;
            let file = OpenOptions::new().create(true).append(true).mode(mode | 0o200).open(&path)?;
            if truncate {
                file.set_len(0)?;
            }
            file.set_permissions(std::fs::Permissions::from_mode(mode | 0o200))?;
            let bytes = file.metadata()?.len();
            Ok((file, bytes))
        };
        match open() {
            Ok((file, bytes)) => Ok(OpenFile { form, name, file, bytes }),
            Err(error) => Err((path.clone(), error)),
        }
    }

    fn file_name(&self, form: LogForm, at_us: i64, values: &ServerValues) -> PathBuf {
        let pattern = values.text(Setting::LogFilename);
        let name = strftime(pattern, at_us, &self.logger.zone(values));
        let name = match (form, name.strip_suffix(".log")) {
            (LogForm::Text, _) => name,
            (_, Some(stem)) => format!("{stem}{}", form.extension()),
            (_, None) => format!("{name}{}", form.extension()),
        };
        Path::new(values.text(Setting::LogDirectory).as_ref()).join(name)
    }

    /// Age rotates at round times of the log's zone: every hour on the hour, every day at midnight.
    fn set_next_rotation(&mut self, now_us: i64, values: &ServerValues) {
        let interval_s = i64::from(values.int(Setting::LogRotationAge)) * 60;
        self.next_rotation_us = (interval_s > 0 && self.rotates).then(|| {
            let offset_s = offset_seconds(now_us, &self.logger.zone(values));
            let local_s = now_us.div_euclid(1_000_000) + offset_s;
            (local_s - local_s.rem_euclid(interval_s) + interval_s - offset_s) * 1_000_000
        });
    }

    fn write_current_logfiles(&self, values: &ServerValues) {
        let text: String = self.files.iter().map(|f| format!("{} {}\n", f.form.name(), f.name.display())).collect();
        let path = self.data_directory.join(CURRENT_LOGFILES);
        let temporary = path.with_extension("tmp");
        let mode = values.int(Setting::LogFileMode) as u32;
        let write = || {
            let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(&temporary)?;
            file.write_all(text.as_bytes())?;
            std::fs::rename(&temporary, &path)
        };
        if let Err(error) = write() {
            self.log.log(&Error::io("write file \"current_logfiles\"", &error).severity(report::Severity::Log));
        }
    }
}

fn names(values: &ServerValues) -> (Arc<str>, Arc<str>) {
    (values.text(Setting::LogDirectory).clone(), values.text(Setting::LogFilename).clone())
}

/// Text is always written: what libraries and failures say has no other place.
fn wanted(values: &ServerValues) -> Vec<LogForm> {
    let list = values.text(Setting::LogDestination);
    let has = |form: LogForm| list.split(',').any(|part| part.trim().eq_ignore_ascii_case(form.name()));
    LogForm::ALL.into_iter().filter(|&form| form == LogForm::Text || has(form)).collect()
}

fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).create(path)
}

fn open_error(path: &Path, error: &io::Error) -> Error {
    Error::io(format!("open log file \"{}\"", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Hooks, Settings, Value};

    fn line(text: &str) -> LogLine {
        LogLine { form: LogForm::Text, bytes: text.into() }
    }

    fn collector(folder: &Path, pairs: &[(Setting, Value)]) -> (Collector, Arc<Settings>) {
        let settings = Arc::new(Settings::boot(Hooks::new()));
        settings.set_override(Setting::LogFilename, Value::text("a-%H.log"));
        for (setting, value) in pairs {
            settings.set_override(*setting, value.clone());
        }
        let logger = Logger::new(settings.clone(), || 1_767_225_600_000_000);
        (Collector::open(logger.role(1, "logger"), folder).unwrap(), settings)
    }

    fn read(folder: &Path, name: &str) -> String {
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn writes_each_form_to_its_file_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let (mut collector, _) = collector(folder.path(), &[(Setting::LogDestination, Value::text("csvlog"))]);
        collector.write(&[line("t\n"), LogLine { form: LogForm::Csv, bytes: b"c\n".to_vec() }]);
        assert_eq!(read(folder.path(), "log/a-00.log"), "t\n");
        assert_eq!(read(folder.path(), "log/a-00.csv"), "c\n");
        assert_eq!(read(folder.path(), "current_logfiles"), "stderr log/a-00.log\ncsvlog log/a-00.csv\n");
    }

    #[test]
    fn rotates_by_size_and_by_changed_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut collector, settings) = collector(folder.path(), &[(Setting::LogRotationSize, Value::Int(1))]);
        settings.set_override(Setting::LogFilename, Value::text("b.log"));
        collector.maintain();
        collector.write(&[line(&"x".repeat(2000))]);
        collector.maintain();
        assert_eq!(collector.files[0].name, Path::new("log/b.log"));
        assert_eq!(read(folder.path(), "log/b.log").len(), 2000);
    }

    #[test]
    fn age_rotates_at_midnight_of_the_zone() {
        let folder = tempfile::tempdir().unwrap();
        let zone = (Setting::LogTimezone, Value::text("Europe/Berlin"));
        let (collector, _) = collector(folder.path(), &[zone]);
        assert_eq!(collector.until_rotation(), Some(Duration::from_secs(23 * 3600)));
    }
}
