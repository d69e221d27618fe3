//! The server's own values: what every session starts from.

use crate::check::Hooks;
use crate::definition::{Context, Source, flag};
use crate::file::{FileEntry, Files, auto_file_text, read_file, read_file_if_exists};
use crate::lookup::{Name, resolve};
use crate::sparse::Bits;
use crate::table::{Setting, TABLE};
use crate::value::Value;
use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use report::{Error, Result, Severity, error};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value came from, and from which line if it came from a file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    pub(crate) place: Option<(Arc<str>, u32)>,
}

impl Origin {
    const fn of(source: Source) -> Origin {
        Origin { source, place: None }
    }
}

/// One version of the server's values. Immutable once published.
#[derive(Clone, Debug)]
pub struct ServerValues {
    values: Vec<Value>,
    origins: Vec<Origin>,
    custom: BTreeMap<Arc<str>, (Arc<str>, Origin)>,
    pending_restart: Bits,
    file_entries: Vec<FileEntry>,
    generation: u64,
}

impl ServerValues {
    fn boot() -> ServerValues {
        ServerValues {
            values: TABLE.iter().map(|row| row.boot_value()).collect(),
            origins: vec![Origin::of(Source::Default); TABLE.len()],
            custom: BTreeMap::new(),
            pending_restart: Bits::default(),
            file_entries: Vec::new(),
            generation: 0,
        }
    }

    /// The value of a setting.
    pub fn value(&self, setting: Setting) -> &Value {
        &self.values[setting as usize]
    }

    /// A Boolean setting. Panics on another type.
    pub fn bool(&self, setting: Setting) -> bool {
        bool_of(setting, self.value(setting))
    }

    /// A whole number, in the setting's unit. Panics on another type.
    pub fn int(&self, setting: Setting) -> i32 {
        int_of(setting, self.value(setting))
    }

    /// A number, in the setting's unit. Panics on another type.
    pub fn real(&self, setting: Setting) -> f64 {
        real_of(setting, self.value(setting))
    }

    /// Text. Panics on another type.
    pub fn text(&self, setting: Setting) -> &Arc<str> {
        text_of(setting, self.value(setting))
    }

    /// The word of a choice. Panics on another type.
    pub fn choice(&self, setting: Setting) -> &'static str {
        choice_of(setting, self.value(setting))
    }

    /// A time setting as a duration. Panics if the setting has no unit of time.
    pub fn duration(&self, setting: Setting) -> std::time::Duration {
        duration_of(setting, self.value(setting))
    }

    /// The value as SHOW prints it.
    pub fn show(&self, setting: Setting) -> String {
        setting.definition().show(self.value(setting))
    }

    /// Where the value came from.
    pub fn source(&self, setting: Setting) -> Source {
        self.origin(setting).source
    }

    pub(crate) fn origin(&self, setting: Setting) -> &Origin {
        &self.origins[setting as usize]
    }

    /// The custom settings of the files, with their values.
    pub fn custom(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.custom.iter().map(|(name, (value, _))| (name, value))
    }

    pub(crate) fn custom_value(&self, name: &str) -> Option<&(Arc<str>, Origin)> {
        self.custom.get(name)
    }

    /// True if the files say something else, which only a restart can bring about.
    pub fn is_pending_restart(&self, setting: Setting) -> bool {
        self.pending_restart.has(setting)
    }

    /// The lines of the settings files as they were last read.
    pub fn file_entries(&self) -> &[FileEntry] {
        &self.file_entries
    }

    /// Grows with each version.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn put(&mut self, setting: Setting, value: Value, origin: Origin) {
        self.values[setting as usize] = value;
        self.origins[setting as usize] = origin;
    }
}

#[cold]
fn wrong_type(setting: Setting) -> ! {
    panic!("setting {} is not of the type it was read as", setting.name())
}

pub(crate) fn bool_of(setting: Setting, value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        _ => wrong_type(setting),
    }
}

pub(crate) fn int_of(setting: Setting, value: &Value) -> i32 {
    match value {
        Value::Int(number) => *number,
        _ => wrong_type(setting),
    }
}

pub(crate) fn real_of(setting: Setting, value: &Value) -> f64 {
    match value {
        Value::Real(number) => *number,
        _ => wrong_type(setting),
    }
}

pub(crate) fn text_of(setting: Setting, value: &Value) -> &Arc<str> {
    match value {
        Value::Text(text) => text,
        _ => wrong_type(setting),
    }
}

pub(crate) fn choice_of(setting: Setting, value: &Value) -> &'static str {
    match value {
        Value::Choice(code) => setting.definition().label(*code),
        _ => wrong_type(setting),
    }
}

/// Where the server's values are read from.
#[derive(Debug, Default)]
pub struct LoadOptions {
    /// The main file; none in tests and while bootstrapping.
    pub main_file: Option<PathBuf>,
    /// The file that ALTER SYSTEM writes.
    pub auto_file: Option<PathBuf>,
    /// Names and values of the command line, in order.
    pub command_line: Vec<(String, String)>,
    /// Names and values that environment variables gave.
    pub environment: Vec<(String, String)>,
}

/// What a reload did.
#[derive(Debug, Default)]
pub struct Reload {
    /// For the log, in order.
    pub messages: Vec<Error>,
    /// The settings whose value is another now.
    pub changed: Vec<Setting>,
    /// False if the files had errors.
    pub clean: bool,
}

/// The server's settings. Reading takes no lock.
#[derive(Debug)]
pub struct Settings {
    current: ArcSwap<ServerValues>,
    hooks: Arc<Hooks>,
    files: Arc<dyn Files>,
    options: LoadOptions,
    /// Held while the next version is made, and while ALTER SYSTEM writes.
    writing: Mutex<()>,
}

impl Settings {
    /// Boot values only, for tests and tools.
    pub fn boot(hooks: Hooks) -> Settings {
        Settings {
            current: ArcSwap::from_pointee(ServerValues::boot()),
            hooks: Arc::new(hooks),
            files: Arc::new(crate::file::StdFiles),
            options: LoadOptions::default(),
            writing: Mutex::new(()),
        }
    }

    /// Reads everything at start. Errors: the problems found, each with its place, none applied.
    pub fn load(options: LoadOptions, files: Arc<dyn Files>, hooks: Hooks) -> Result<Settings, Vec<Error>> {
        let settings = Settings { files, options, ..Settings::boot(hooks) };
        let mut next = ServerValues::boot();
        let mut problems = Vec::new();
        let read = settings.read_layers(&mut problems);
        settings.apply_layers(&mut next, &read, &mut problems);
        next.file_entries = read.file_entries;
        next.generation = 1;
        if !problems.is_empty() {
            return Err(problems);
        }
        mark_applied(&mut next);
        settings.current.store(Arc::new(next));
        Ok(settings)
    }

    /// The current version. Cheap; do not keep it across waits.
    pub fn values(&self) -> Guard<Arc<ServerValues>> {
        self.current.load()
    }

    /// The current version, to be kept.
    pub fn snapshot(&self) -> Arc<ServerValues> {
        self.current.load_full()
    }

    /// The checks.
    pub fn hooks(&self) -> &Arc<Hooks> {
        &self.hooks
    }

    /// A Boolean setting. Panics on another type.
    pub fn bool(&self, setting: Setting) -> bool {
        self.values().bool(setting)
    }

    /// A whole number, in the setting's unit. Panics on another type.
    pub fn int(&self, setting: Setting) -> i32 {
        self.values().int(setting)
    }

    /// A number, in the setting's unit. Panics on another type.
    pub fn real(&self, setting: Setting) -> f64 {
        self.values().real(setting)
    }

    /// Text. Panics on another type.
    pub fn text(&self, setting: Setting) -> Arc<str> {
        self.values().text(setting).clone()
    }

    /// The word of a choice. Panics on another type.
    pub fn choice(&self, setting: Setting) -> &'static str {
        self.values().choice(setting)
    }

    /// A time setting as a duration. Panics if the setting has no unit of time.
    pub fn duration(&self, setting: Setting) -> std::time::Duration {
        duration_of(setting, self.values().value(setting))
    }

    /// Sets a value from inside the server, over every other source: `data_directory`, `data_checksums`, ...
    pub fn set_override(&self, setting: Setting, value: Value) {
        self.publish_one(setting, value, Source::Override);
    }

    /// Sets a value that was worked out at start, if no other source gives one.
    pub fn set_dynamic_default(&self, setting: Setting, value: Value) {
        if self.values().source(setting) <= Source::DynamicDefault {
            self.publish_one(setting, value, Source::DynamicDefault);
        }
    }

    fn publish_one(&self, setting: Setting, value: Value, source: Source) {
        let _writing = self.writing.lock();
        let mut next = ServerValues::clone(&self.values());
        next.put(setting, value, Origin::of(source));
        next.generation += 1;
        self.current.store(Arc::new(next));
    }

    /// Reads the files again. What only a restart can change is left as it is and marked as pending.
    pub fn reload(&self) -> Reload {
        let _writing = self.writing.lock();
        let old = self.snapshot();
        let mut reload = Reload { clean: true, ..Reload::default() };
        let read = self.read_layers(&mut reload.messages);
        if !reload.messages.is_empty() {
            // An unknown name or a syntax error casts doubt on the whole file: nothing of it is taken.
            return self.refuse(&old, read, reload);
        }
        let mut next = ServerValues { generation: old.generation + 1, ..ServerValues::boot() };
        self.apply_layers(&mut next, &read, &mut reload.messages);
        reload.clean = reload.messages.is_empty();
        next.file_entries = read.file_entries;
        keep_fixed_values(&old, &mut next, &mut reload.messages);
        note_changes(&old, &next, &mut reload);
        if !reload.clean {
            reload.messages.push(contains_errors(self.main_file_name(), "unaffected changes were applied"));
        }
        mark_applied(&mut next);
        self.current.store(Arc::new(next));
        reload
    }

    fn refuse(&self, old: &ServerValues, read: Layers, mut reload: Reload) -> Reload {
        let mut next = ServerValues { generation: old.generation + 1, ..old.clone() };
        next.file_entries = read.file_entries;
        self.current.store(Arc::new(next));
        reload.clean = false;
        reload.messages.push(contains_errors(self.main_file_name(), "no changes were applied"));
        reload
    }

    fn main_file_name(&self) -> String {
        self.options.main_file.as_ref().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Reads the files. Problems: lines that cannot be read and names that are not known.
    fn read_layers(&self, problems: &mut Vec<Error>) -> Layers {
        let mut file_entries = Vec::new();
        if let Some(path) = &self.options.main_file {
            file_entries.extend(read_file(&*self.files, path));
        }
        if let Some(path) = &self.options.auto_file {
            file_entries.extend(read_file_if_exists(&*self.files, path));
        }
        for entry in &mut file_entries {
            if let Err(error) = check_entry(entry) {
                entry.error = Some(error.message().to_owned());
                problems.push(with_place(error, entry).severity(Severity::Log));
            }
        }
        Layers { file_entries }
    }

    /// Lays environment, files and command line over the boot values. A bad value leaves the one below in place.
    fn apply_layers(&self, next: &mut ServerValues, read: &Layers, problems: &mut Vec<Error>) {
        for (name, value) in &self.options.environment {
            // An environment variable may hold what we do not understand; PostgreSQL too goes on without it.
            let _ = self.apply(next, name, value, Origin::of(Source::Environment));
        }
        for entry in last_of_each_name(&read.file_entries) {
            let origin = Origin { source: Source::File, place: Some((entry.file.clone(), entry.line)) };
            if let Err(error) = self.apply(next, &entry.name, &entry.value, origin) {
                problems.push(with_place(error, entry).severity(Severity::Log));
            }
        }
        for (name, value) in &self.options.command_line {
            if let Err(error) = self.apply(next, name, value, Origin::of(Source::CommandLine)) {
                problems.push(error);
            }
        }
    }

    fn apply(&self, next: &mut ServerValues, name: &str, text: &str, origin: Origin) -> Result<()> {
        match resolve(name)? {
            Name::Known(setting) => {
                if setting.definition().context == Context::Internal {
                    return Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{name}\" cannot be changed"));
                }
                let value = self.hooks.parse(setting, text, next.value(setting), origin.source)?;
                next.put(setting, value, origin);
            }
            Name::Custom(name) => {
                next.custom.insert(name.to_ascii_lowercase().into(), (text.into(), origin));
            }
        }
        Ok(())
    }

    /// ALTER SYSTEM: puts a value into the auto file, or takes the name out of it. The caller checks who may.
    /// Errors: 42704, 22023, 55P02 for what files cannot set.
    pub fn alter_system(&self, name: &str, value: Option<&str>) -> Result<()> {
        let resolved = resolve(name)?;
        if let Name::Known(setting) = &resolved {
            self.check_alter_system(*setting, value)?;
        }
        let name = resolved.as_str();
        self.rewrite_auto_file(|entries| {
            entries.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            entries.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        })
    }

    /// ALTER SYSTEM RESET ALL.
    pub fn alter_system_reset_all(&self) -> Result<()> {
        self.rewrite_auto_file(Vec::clear)
    }

    fn check_alter_system(&self, setting: Setting, value: Option<&str>) -> Result<()> {
        let definition = setting.definition();
        if definition.context == Context::Internal || definition.has(flag::NOT_IN_FILE | flag::NOT_IN_AUTO_FILE) {
            return Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed", definition.name));
        }
        let Some(value) = value else { return Ok(()) };
        self.hooks.parse(setting, value, self.values().value(setting), Source::File)?;
        if value.contains('\n') {
            return Err(error!(INVALID_PARAMETER_VALUE, "parameter value for ALTER SYSTEM must not contain a newline"));
        }
        Ok(())
    }

    fn rewrite_auto_file(&self, change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<()> {
        let _writing = self.writing.lock();
        let Some(path) = &self.options.auto_file else {
            return Err(error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "this server has no settings files"));
        };
        let old = read_file_if_exists(&*self.files, path);
        if let Some(bad) = old.iter().find_map(|entry| entry.error.as_ref()) {
            return Err(error!(CONFIG_FILE_ERROR, "could not parse contents of file \"{}\": {bad}", path.display()));
        }
        let mut entries: Vec<(String, String)> = old.into_iter().map(|e| (e.name, e.value)).collect();
        change(&mut entries);
        self.files
            .replace(path, &auto_file_text(&entries))
            .map_err(|e| Error::io(format!("write file \"{}\"", path.display()), &e))
    }
}

/// What was read from outside.
struct Layers {
    file_entries: Vec<FileEntry>,
}

fn check_entry(entry: &FileEntry) -> Result<()> {
    if let Some(problem) = &entry.error {
        return Err(error!(CONFIG_FILE_ERROR, "{problem}"));
    }
    match resolve(&entry.name)? {
        Name::Known(setting) if setting.definition().has(flag::NOT_IN_FILE) => {
            Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed", entry.name))
        }
        _ => Ok(()),
    }
}

/// The same error, saying where.
fn with_place(mut error: Error, entry: &FileEntry) -> Error {
    let place = format!(" in file \"{}\" line {}", entry.file, entry.line);
    error.fields_mut().message.push_str(&place);
    error
}

fn last_of_each_name(entries: &[FileEntry]) -> impl Iterator<Item = &FileEntry> {
    let usable = |e: &&FileEntry| e.error.is_none();
    let is_last =
        |i: usize, e: &FileEntry| !entries[i + 1..].iter().any(|later| later.name.eq_ignore_ascii_case(&e.name));
    entries.iter().enumerate().filter(move |(i, e)| is_last(*i, e)).map(|(_, e)| e).filter(usable)
}

fn contains_errors(file: String, what: &str) -> Error {
    error!(CONFIG_FILE_ERROR, "configuration file \"{file}\" contains errors; {what}").severity(Severity::Log)
}

/// After start, what is fixed then keeps its value, and so does what the server itself has set.
fn keep_fixed_values(old: &ServerValues, next: &mut ServerValues, messages: &mut Vec<Error>) {
    for &setting in Setting::ALL {
        let context = setting.definition().context;
        let is_ours = matches!(old.source(setting), Source::Override | Source::DynamicDefault);
        let is_fixed = matches!(context, Context::Internal | Context::Postmaster)
            || is_ours && next.source(setting) < Source::File;
        if !is_fixed && old.source(setting) != Source::Override {
            continue;
        }
        if context == Context::Postmaster && !is_ours && old.value(setting) != next.value(setting) {
            next.pending_restart.insert(setting);
            messages.push(cannot_change_now(setting, next.origin(setting)));
        }
        next.put(setting, old.value(setting).clone(), old.origin(setting).clone());
    }
}

fn cannot_change_now(setting: Setting, origin: &Origin) -> Error {
    let place =
        origin.place.as_ref().map(|(file, line)| format!(" in file \"{file}\" line {line}")).unwrap_or_default();
    error!(
        CANT_CHANGE_RUNTIME_PARAM,
        "parameter \"{}\" cannot be changed without restarting the server{place}",
        setting.name()
    )
    .severity(Severity::Log)
}

fn note_changes(old: &ServerValues, next: &ServerValues, reload: &mut Reload) {
    for &setting in Setting::ALL {
        if old.value(setting) == next.value(setting) {
            continue;
        }
        reload.changed.push(setting);
        let text = if next.source(setting) < Source::File && old.source(setting) == Source::File {
            format!("parameter \"{}\" removed from configuration file, reset to default", setting.name())
        } else {
            let value = setting.definition().show_bare(next.value(setting));
            format!("parameter \"{}\" changed to \"{value}\"", setting.name())
        };
        reload.messages.push(Error::with_severity(Severity::Log, report::SqlState::SUCCESSFUL_COMPLETION, text));
    }
}

/// Marks the lines whose values the settings have.
fn mark_applied(values: &mut ServerValues) {
    let mut entries = std::mem::take(&mut values.file_entries);
    for entry in &mut entries {
        let here = Some((entry.file.clone(), entry.line));
        entry.applied = entry.error.is_none()
            && match resolve(&entry.name) {
                Ok(Name::Known(setting)) => values.origin(setting).place == here,
                Ok(Name::Custom(name)) => values
                    .custom
                    .get(name.to_ascii_lowercase().as_str())
                    .is_some_and(|(_, origin)| origin.place == here),
                Err(_) => false,
            };
    }
    values.file_entries = entries;
}

pub(crate) fn duration_of(setting: Setting, value: &Value) -> std::time::Duration {
    use crate::definition::Unit;
    let number = match value {
        Value::Int(number) => f64::from((*number).max(0)),
        Value::Real(number) => number.max(0.0),
        _ => wrong_type(setting),
    };
    let seconds = match setting.definition().unit() {
        Unit::Milliseconds => number / 1000.0,
        Unit::Seconds => number,
        Unit::Minutes => number * 60.0,
        _ => wrong_type(setting),
    };
    std::time::Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::FakeFiles;

    fn load(files: &Arc<FakeFiles>, command_line: &[(&str, &str)]) -> Result<Settings, Vec<Error>> {
        let pairs = command_line.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let options = LoadOptions {
            main_file: Some("/d/postgresql.toml".into()),
            auto_file: Some("/d/postgresql.auto.toml".into()),
            command_line: pairs,
            environment: Vec::new(),
        };
        Settings::load(options, files.clone(), Hooks::new())
    }

    fn messages(errors: &[Error]) -> Vec<&str> {
        errors.iter().map(Error::message).collect()
    }

    #[test]
    fn the_command_line_covers_the_auto_file_covers_the_main_file() {
        let files = FakeFiles::with(&[
            ("/d/postgresql.toml", "work_mem = \"1MB\"\nport = 1\nmax_connections = 7\n"),
            ("/d/postgresql.auto.toml", "work_mem = \"2MB\"\nport = 2\n"),
        ]);
        let settings = load(&files, &[("port", "3")]).unwrap();
        assert_eq!(settings.int(Setting::MaxConnections), 7);
        assert_eq!(settings.int(Setting::WorkMem), 2048);
        assert_eq!(settings.int(Setting::Port), 3);
        assert_eq!(settings.values().source(Setting::Port), Source::CommandLine);
        let applied: Vec<bool> = settings.values().file_entries().iter().map(|e| e.applied).collect();
        assert_eq!(applied, [false, false, true, true, false]);
    }

    #[test]
    fn start_refuses_bad_lines_and_names_them() {
        let files = FakeFiles::with(&[("/d/postgresql.toml", "port = 1\nwork_mum = 3\nwork_mem = \"x\"\n")]);
        assert_eq!(
            messages(&load(&files, &[]).unwrap_err()),
            [
                "unrecognized configuration parameter \"work_mum\" in file \"/d/postgresql.toml\" line 2",
                "invalid value for parameter \"work_mem\": \"x\" in file \"/d/postgresql.toml\" line 3",
            ]
        );
    }

    #[test]
    fn reload_applies_what_it_can_and_marks_the_rest() {
        let files = FakeFiles::with(&[("/d/postgresql.toml", "port = 1\nwork_mem = \"1MB\"\n")]);
        let settings = load(&files, &[]).unwrap();
        files.replace("/d/postgresql.toml".as_ref(), "port = 2\ngeqo = false\n").unwrap();
        let reload = settings.reload();
        assert_eq!(
            messages(&reload.messages),
            [
                "parameter \"port\" cannot be changed without restarting the server in file \"/d/postgresql.toml\" line 1",
                "parameter \"geqo\" changed to \"off\"",
                "parameter \"work_mem\" removed from configuration file, reset to default",
            ]
        );
        assert_eq!(settings.int(Setting::Port), 1);
        assert!(settings.values().is_pending_restart(Setting::Port));
        assert_eq!(settings.int(Setting::WorkMem), 4096);
    }

    #[test]
    fn reload_with_a_bad_value_keeps_the_rest_and_with_a_bad_name_takes_nothing() {
        let files = FakeFiles::with(&[("/d/postgresql.toml", "")]);
        let settings = load(&files, &[]).unwrap();
        files.replace("/d/postgresql.toml".as_ref(), "geqo = false\nwork_mem = 1\n").unwrap();
        let reload = settings.reload();
        assert!(!reload.clean);
        assert!(!settings.bool(Setting::Geqo));
        files.replace("/d/postgresql.toml".as_ref(), "geqo = true\nnonsense = 1\n").unwrap();
        assert!(messages(&settings.reload().messages).last().unwrap().ends_with("no changes were applied"));
        assert!(!settings.bool(Setting::Geqo));
    }

    #[test]
    fn overrides_survive_a_reload() {
        let files = FakeFiles::with(&[("/d/postgresql.toml", "")]);
        let settings = load(&files, &[]).unwrap();
        settings.set_override(Setting::DataDirectory, Value::text("/d"));
        settings.set_dynamic_default(Setting::WalBuffers, Value::Int(512));
        assert!(settings.reload().changed.is_empty());
        assert_eq!(&*settings.text(Setting::DataDirectory), "/d");
        assert_eq!(settings.int(Setting::WalBuffers), 512);
    }

    #[test]
    fn alter_system_writes_what_reload_reads() {
        let files = FakeFiles::with(&[("/d/postgresql.toml", "")]);
        let settings = load(&files, &[]).unwrap();
        settings.alter_system("WORK_MEM", Some("9MB")).unwrap();
        settings.alter_system("my.own", Some("it's")).unwrap();
        settings.reload();
        assert_eq!(settings.int(Setting::WorkMem), 9216);
        settings.alter_system("work_mem", None).unwrap();
        settings.reload();
        assert_eq!(settings.int(Setting::WorkMem), 4096);
        assert_eq!(settings.values().custom().count(), 1);
        assert_eq!(settings.alter_system("data_directory", Some("x")).unwrap_err().code().as_str(), "55P02");
        assert_eq!(settings.alter_system("work_mem", Some("x")).unwrap_err().code().as_str(), "22023");
    }
}
