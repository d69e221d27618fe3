//! A session's own values, in two layers over a version of the server's.
//!
//! ```text
//! base      one immutable version, shared with other sessions; refresh() takes the next one
//! login     ALTER DATABASE and ALTER ROLE SET, start-up packet, what the server assigns: what RESET goes back to
//! session   SET, SET LOCAL, function SET clauses; undone when their transaction or savepoint is rolled back
//! ```
//! A layer is a bit set with the entries of its set bits, so that a read is two bit tests and an index. `saved` is the
//! undo list: for each setting and nesting level at most one entry, with what the level found. A level is left by
//! `end_level`; its entries are restored, dropped or handed to the level outside, as PostgreSQL's stack does.

use crate::check::Hooks;
use crate::connection::Connection;
use crate::definition::{Context, Source, flag};
use crate::frequent::Frequent;
use crate::lookup::{Name, resolve};
use crate::server::{ServerValues, Settings, bool_of, choice_of, duration_of, int_of, real_of, text_of};
use crate::sparse::{Bits, Sparse};
use crate::table::Setting;
use crate::value::Value;
use report::{Result, error};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a change of a setting lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// SET: from commit on for the rest of the session.
    Session,
    /// SET LOCAL: until the end of the transaction.
    Local,
    /// A function's SET clause: until its level ends.
    Save,
}

/// Who changes a setting, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// What the one who asks may change: `Superuser` for superusers and those who were granted SET on the parameter,
    /// else `User`; `Backend` or `SuperuserBackend` while connecting; `Internal` for the server itself, which may all.
    pub context: Context,
    /// Where the value comes from; `Session` for SET.
    pub source: Source,
    /// How long it lasts. Only for source `Session`: what comes at login stays.
    pub scope: Scope,
}

impl Change {
    /// SET by someone who is, or is not, a superuser.
    pub const fn set(is_superuser: bool) -> Change {
        let context = if is_superuser { Context::Superuser } else { Context::User };
        Change { context, source: Source::Session, scope: Scope::Session }
    }

    /// SET LOCAL.
    pub const fn local(is_superuser: bool) -> Change {
        Change { scope: Scope::Local, ..Change::set(is_superuser) }
    }

    /// What a session starts with, from this source.
    pub const fn login(is_superuser: bool, source: Source) -> Change {
        let context = if is_superuser { Context::SuperuserBackend } else { Context::Backend };
        Change { context, source, scope: Scope::Session }
    }
}

#[derive(Clone, PartialEq, Debug)]
struct Entry {
    value: Value,
    source: Source,
}

/// The session layer's entry of a setting; none if it shows through.
type Slot = Option<Entry>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SavedState {
    Save,
    Set,
    Local,
    SetLocal,
}

#[derive(Clone, Debug)]
struct Saved {
    name: Name,
    level: u32,
    state: SavedState,
    prior: Slot,
    /// The value of SET that a later SET LOCAL covers.
    masked: Slot,
}

/// The settings of one session.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    base: Arc<ServerValues>,
    hooks: Arc<Hooks>,
    login: Sparse<Entry>,
    session: Sparse<Entry>,
    custom_login: BTreeMap<Arc<str>, Entry>,
    custom_session: BTreeMap<Arc<str>, Entry>,
    saved: Vec<Saved>,
    level: u32,
    changed: Bits,
    meaning: u64,
    /// Made of the values; none only while it is being made.
    frequent: Option<Frequent>,
    reported: Vec<(Setting, String)>,
    report_due: bool,
    /// The client's connection, if there is one.
    pub(crate) connection: Option<Arc<dyn Connection>>,
    /// A setting that is about the connection has changed.
    pub(crate) connection_due: bool,
}

impl SessionSettings {
    /// A session with the server's values.
    pub fn new(settings: &Settings) -> SessionSettings {
        let mut session = SessionSettings {
            base: settings.snapshot(),
            hooks: settings.hooks().clone(),
            login: Sparse::default(),
            session: Sparse::default(),
            custom_login: BTreeMap::new(),
            custom_session: BTreeMap::new(),
            saved: Vec::new(),
            level: 0,
            changed: Bits::default(),
            meaning: 0,
            frequent: None,
            reported: Vec::new(),
            report_due: true,
            connection: None,
            connection_due: false,
        };
        session.frequent = Some(Frequent::of(&session));
        session
    }

    /// The settings that every statement asks for.
    #[inline]
    pub fn frequent(&self) -> &Frequent {
        self.frequent.as_ref().expect("made with the session's settings")
    }

    /// The value of a setting.
    pub fn value(&self, setting: Setting) -> &Value {
        match self.session.get(setting).or_else(|| self.login.get(setting)) {
            Some(entry) => &entry.value,
            None => self.base.value(setting),
        }
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
        if setting == Setting::ArchiveCommand && self.choice(Setting::ArchiveMode) == "off" {
            return "(disabled)".to_owned();
        }
        match self.in_force(setting) {
            Some(number) => number.to_string(),
            None => setting.definition().show(self.value(setting)),
        }
    }

    /// From now on the settings that are about the client's connection are those of this one.
    pub fn connect(&mut self, connection: Arc<dyn Connection>) {
        self.connection = Some(connection);
        self.connection_due = true;
    }

    /// SHOW by name. Errors: 42704 if there is no such setting.
    pub fn show_name(&self, name: &str) -> Result<String> {
        match Setting::by_name(name) {
            Some(setting) => Ok(self.show(setting)),
            None => self.custom(name).ok_or_else(|| crate::lookup::unrecognized(name)),
        }
    }

    /// The value of a custom setting.
    pub fn custom(&self, name: &str) -> Option<String> {
        let entry = self.find_custom(name)?;
        match entry {
            Value::Text(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn find_custom(&self, name: &str) -> Option<Value> {
        let key = name.to_ascii_lowercase();
        let own = self.custom_session.get(key.as_str()).or_else(|| self.custom_login.get(key.as_str()));
        own.map(|entry| entry.value.clone())
            .or_else(|| self.base.custom_value(&key).map(|(text, _)| Value::Text(text.clone())))
    }

    /// The names of all custom settings that have a value here.
    pub fn custom_names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.base.custom().map(|(name, _)| name.clone()).collect();
        names.extend(self.custom_login.keys().chain(self.custom_session.keys()).cloned());
        names.sort();
        names.dedup();
        names
    }

    /// Where the value came from.
    pub fn source(&self, setting: Setting) -> Source {
        match self.session.get(setting).or_else(|| self.login.get(setting)) {
            Some(entry) => entry.source,
            None => self.base.source(setting),
        }
    }

    /// What RESET would set, as `pg_settings.reset_val` prints it.
    pub fn reset_value(&self, setting: Setting) -> &Value {
        self.login.get(setting).map_or_else(|| self.base.value(setting), |entry| &entry.value)
    }

    /// The server's values that this session is laid over.
    pub fn base(&self) -> &ServerValues {
        &self.base
    }

    /// Sets a value from its text, or with none goes back to what the session started with (RESET, SET TO DEFAULT).
    /// Errors: 42704, 22023, 55P02, 42501, each with PostgreSQL's words.
    pub fn set(&mut self, name: &str, value: Option<&str>, change: Change) -> Result<()> {
        match resolve(name)? {
            Name::Known(setting) => self.set_known(setting, value, change),
            Name::Custom(name) => {
                let name: Arc<str> = name.to_ascii_lowercase().into();
                let entry = value.map(|text| Entry { value: Value::text(text), source: change.source });
                if change.source < Source::Session {
                    self.custom_login.extend(entry.map(|entry| (name, entry)));
                    return Ok(());
                }
                self.save(Name::Custom(name.clone()), change.scope);
                self.put_slot(&Name::Custom(name), entry);
                Ok(())
            }
        }
    }

    /// As `set`, without doing it: for `ALTER ROLE SET` and `CREATE FUNCTION ... SET`.
    pub fn check(&self, name: &str, value: Option<&str>, change: Change) -> Result<()> {
        let Name::Known(setting) = resolve(name)? else { return Ok(()) };
        check_context(setting, change)?;
        match value {
            Some(text) => self.hooks.parse(setting, text, self.value(setting), Source::Test).map(|_| ()),
            None => Ok(()),
        }
    }

    fn set_known(&mut self, setting: Setting, text: Option<&str>, change: Change) -> Result<()> {
        check_context(setting, change)?;
        let entry = match text {
            Some(text) => {
                let value = self.hooks.parse(setting, text, self.value(setting), change.source)?;
                Some(Entry { value, source: change.source })
            }
            None => None,
        };
        if change.source < Source::Session {
            self.set_login(setting, entry);
            return Ok(());
        }
        self.save(Name::Known(setting), change.scope);
        self.put_slot(&Name::Known(setting), entry);
        Ok(())
    }

    /// Of two sources at login the later one in the order of sources counts.
    fn set_login(&mut self, setting: Setting, entry: Slot) {
        let Some(entry) = entry else { return };
        if self.login.get(setting).is_none_or(|old| old.source <= entry.source) {
            self.login.insert(setting, entry);
            self.note(setting);
        }
    }

    /// Sets a value from inside the server, outside transactions and without checks: `is_superuser`, `in_hot_standby`,
    /// `session_authorization`, `transaction_isolation`, ... It replaces a value of SET.
    pub fn assign(&mut self, setting: Setting, value: Value) {
        self.session.remove(setting);
        self.login.insert(setting, Entry { value, source: Source::Override });
        self.note(setting);
    }

    /// RESET ALL. Errors: none of the settings it touches is refused.
    pub fn reset_all(&mut self) {
        let resettable = |s: &Setting| !s.definition().has(flag::NO_RESET_ALL);
        let settings: Vec<Setting> = self.session.settings().filter(resettable).collect();
        for setting in settings {
            self.save(Name::Known(setting), Scope::Session);
            self.put_slot(&Name::Known(setting), None);
        }
        let custom: Vec<Arc<str>> = self.custom_session.keys().cloned().collect();
        for name in custom {
            self.save(Name::Custom(name.clone()), Scope::Session);
            self.put_slot(&Name::Custom(name), None);
        }
    }

    /// Takes the server's current version. True if it is another one. Settings that are fixed at connection start keep
    /// the value that the session started with.
    pub fn refresh(&mut self, settings: &Settings) -> bool {
        if settings.values().generation() == self.base.generation() {
            return false;
        }
        let next = settings.snapshot();
        for &setting in Setting::ALL {
            if self.base.value(setting) == next.value(setting) {
                continue;
            }
            let is_fixed = matches!(setting.definition().context, Context::Backend | Context::SuperuserBackend);
            if is_fixed && self.login.get(setting).is_none() {
                let entry = Entry { value: self.base.value(setting).clone(), source: self.base.source(setting) };
                self.login.insert(setting, entry);
            }
            self.note(setting);
        }
        self.base = next;
        self.frequent = Some(Frequent::of(self));
        true
    }

    /// Starts a transaction: level 1.
    pub fn begin_transaction(&mut self) {
        self.level = 1;
    }

    /// Ends the transaction, whatever levels are open in it.
    pub fn end_transaction(&mut self, commit: bool) {
        self.leave(1, commit);
        self.level = 0;
    }

    /// Opens a level: a savepoint or a function with SET clauses. Returns its number.
    pub fn begin_level(&mut self) -> u32 {
        self.level += 1;
        self.level
    }

    /// Leaves a level and all within it.
    pub fn end_level(&mut self, level: u32, commit: bool) {
        self.leave(level, commit);
        self.level = level - 1;
    }

    /// The innermost open level; 0 outside transactions.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Remembers what a setting is before this level changes it for the first time.
    fn save(&mut self, name: Name, scope: Scope) {
        if self.level == 0 {
            return;
        }
        let current = self.slot(&name);
        let state = match scope {
            Scope::Session => SavedState::Set,
            Scope::Local => SavedState::Local,
            Scope::Save => SavedState::Save,
        };
        let level = self.level;
        match self.saved.iter_mut().rev().find(|s| s.name == name).filter(|s| s.level >= level) {
            Some(top) => top.change_again(scope, current),
            None => self.saved.push(Saved { name, level, state, prior: current, masked: None }),
        }
    }

    /// A custom setting that was known once stays known: it falls back to what it was at login, or to nothing.
    fn empty_custom(&mut self, name: &Arc<str>) {
        self.custom_session.remove(name);
        if !self.custom_login.contains_key(name) && self.base.custom_value(name).is_none() {
            self.custom_login.insert(name.clone(), Entry { value: Value::text(""), source: Source::Default });
        }
    }

    fn slot(&self, name: &Name) -> Slot {
        match name {
            Name::Known(setting) => self.session.get(*setting).cloned(),
            Name::Custom(name) => self.custom_session.get(name).cloned(),
        }
    }

    fn put_slot(&mut self, name: &Name, slot: Slot) {
        match (name, slot) {
            (Name::Known(setting), Some(entry)) => drop(self.session.insert(*setting, entry)),
            (Name::Known(setting), None) => drop(self.session.remove(*setting)),
            (Name::Custom(name), Some(entry)) => drop(self.custom_session.insert(name.clone(), entry)),
            (Name::Custom(name), None) => self.empty_custom(name),
        }
        if let Name::Known(setting) = name {
            self.note(*setting);
        }
    }

    fn leave(&mut self, level: u32, commit: bool) {
        while let Some(index) = self.saved.iter().rposition(|s| s.level >= level) {
            let saved = self.saved.remove(index);
            match saved.outcome(commit) {
                Outcome::Restore(slot) => self.put_slot(&saved.name, slot),
                Outcome::Keep => {}
                Outcome::HandOut => self.hand_out(index, saved),
            }
        }
    }

    /// Hands a committed change to the level outside.
    fn hand_out(&mut self, index: usize, saved: Saved) {
        let outside = self.saved.iter_mut().rev().find(|s| s.name == saved.name);
        match outside.filter(|s| s.level + 1 >= saved.level) {
            Some(outer) => outer.absorb(saved),
            // The level outside has not touched the setting: what this level found is what that one found.
            None => self.saved.insert(index, Saved { level: saved.level - 1, ..saved }),
        }
    }

    fn note(&mut self, setting: Setting) {
        if Frequent::depends_on(setting) {
            self.frequent = Some(Frequent::of(self));
        }
        self.changed.insert(setting);
        self.meaning += u64::from(setting.shapes_statements());
        self.report_due |= setting.definition().has(flag::REPORT);
        self.connection_due |= SessionSettings::is_of_connection(setting);
    }

    /// The settings that changed since the last call, for those who keep what they worked out from a value
    /// (search path, time zone, current role).
    pub fn take_changed(&mut self) -> Vec<Setting> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().collect()
    }

    /// Grows when a setting changes on which it depends what a statement means or how it is planned.
    pub fn meaning(&self) -> u64 {
        self.meaning
    }

    /// Appends all in which the session's settings differ from another session's, but for the name that a client gives itself. Two sessions for
    /// which this writes the same have the same values.
    pub fn write_own_values(&self, out: &mut String) {
        use std::fmt::Write;
        let mut write = |name: &str, value: &dyn std::fmt::Debug| {
            write!(out, "{name}={value:?}\0").expect("a string takes all that is written");
        };
        write("", &self.base.generation());
        for layer in [&self.login, &self.session] {
            for setting in layer.settings().filter(|setting| *setting != Setting::ApplicationName) {
                write(setting.name(), &layer.get(setting).expect("it is listed").value);
            }
        }
        for (name, entry) in self.custom_login.iter().chain(&self.custom_session) {
            write(name, &entry.value);
        }
    }

    /// Names and values of ParameterStatus: all of them at first, later those that are not what the client was told.
    /// Cheap when nothing changed.
    pub fn take_reports(&mut self) -> Vec<(&'static str, String)> {
        if !std::mem::take(&mut self.report_due) {
            return Vec::new();
        }
        let mut due = Vec::new();
        for &setting in Setting::ALL.iter().filter(|s| s.definition().has(flag::REPORT)) {
            let shown = self.show(setting);
            match self.reported.iter_mut().find(|(told, _)| *told == setting) {
                Some((_, told)) if *told == shown => continue,
                Some((_, told)) => told.clone_from(&shown),
                None => self.reported.push((setting, shown.clone())),
            }
            due.push((setting.name(), shown));
        }
        due
    }
}

/// What becomes of a change when its level ends.
enum Outcome {
    Restore(Slot),
    Keep,
    HandOut,
}

impl Saved {
    /// The same level changes the setting once more.
    fn change_again(&mut self, scope: Scope, current: Slot) {
        match (scope, self.state) {
            (Scope::Session, _) => {
                self.masked = None;
                self.state = SavedState::Set;
            }
            (Scope::Local, SavedState::Set) => {
                self.masked = current;
                self.state = SavedState::SetLocal;
            }
            _ => {}
        }
    }

    fn outcome(&self, commit: bool) -> Outcome {
        if !commit || self.state == SavedState::Save {
            return Outcome::Restore(self.prior.clone());
        }
        if self.level > 1 {
            return Outcome::HandOut;
        }
        match self.state {
            SavedState::Set => Outcome::Keep,
            SavedState::SetLocal => Outcome::Restore(self.masked.clone()),
            SavedState::Local | SavedState::Save => Outcome::Restore(self.prior.clone()),
        }
    }

    /// Takes over a committed change of the level within.
    fn absorb(&mut self, inner: Saved) {
        match inner.state {
            SavedState::Save => unreachable!("a function's own change is restored, never handed out"),
            SavedState::Set => {
                self.masked = None;
                self.state = SavedState::Set;
            }
            SavedState::Local if self.state == SavedState::Set => {
                self.masked = inner.prior;
                self.state = SavedState::SetLocal;
            }
            SavedState::Local => {}
            SavedState::SetLocal => {
                self.masked = inner.masked;
                if self.state != SavedState::SetLocal {
                    self.state = SavedState::SetLocal;
                }
            }
        }
    }
}

/// May the one who asks change this setting now?
fn check_context(setting: Setting, change: Change) -> Result<()> {
    let name = setting.name();
    let is_login = matches!(change.context, Context::Backend | Context::SuperuserBackend);
    let denied = || error!(INSUFFICIENT_PRIVILEGE, "permission denied to set parameter \"{name}\"");
    if change.context == Context::Internal {
        return Ok(());
    }
    match setting.definition().context {
        Context::Internal => Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{name}\" cannot be changed")),
        Context::Postmaster => Err(error!(
            CANT_CHANGE_RUNTIME_PARAM,
            "parameter \"{name}\" cannot be changed without restarting the server"
        )),
        Context::Sighup => Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{name}\" cannot be changed now")),
        Context::SuperuserBackend if change.context == Context::Backend => Err(denied()),
        Context::SuperuserBackend | Context::Backend if !is_login && change.source != Source::Client => {
            Err(error!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{name}\" cannot be set after connection start"))
        }
        Context::Superuser if matches!(change.context, Context::User | Context::Backend) => Err(denied()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionSettings {
        SessionSettings::new(&Settings::boot(Hooks::new()))
    }

    fn set(s: &mut SessionSettings, value: &str) {
        s.set("work_mem", Some(value), Change::set(false)).unwrap();
    }

    fn set_local(s: &mut SessionSettings, value: &str) {
        s.set("work_mem", Some(value), Change::local(false)).unwrap();
    }

    fn work_mem(s: &SessionSettings) -> String {
        s.show(Setting::WorkMem)
    }

    #[test]
    fn set_is_undone_by_rollback_and_kept_by_commit() {
        let mut s = session();
        s.begin_transaction();
        set(&mut s, "1MB");
        s.end_transaction(false);
        assert_eq!(work_mem(&s), "4MB");
        s.begin_transaction();
        set(&mut s, "2MB");
        s.end_transaction(true);
        assert_eq!(work_mem(&s), "2MB");
        assert_eq!(s.source(Setting::WorkMem), Source::Session);
        s.set("work_mem", None, Change::set(false)).unwrap();
        assert_eq!((work_mem(&s), s.source(Setting::WorkMem)), ("4MB".into(), Source::Default));
    }

    #[test]
    fn what_statements_ask_for_follows_every_change() {
        let mut s = session();
        let timeout = |s: &SessionSettings| s.frequent().statement_timeout.map(|limit| limit.as_millis());
        assert_eq!((timeout(&s), s.frequent().work_mem_bytes), (None, 4 << 20));
        s.begin_transaction();
        s.set("statement_timeout", Some("1500"), Change::local(false)).unwrap();
        s.set("log_duration", Some("on"), Change::set(true)).unwrap();
        assert_eq!((timeout(&s), s.frequent().logs_statements), (Some(1500), true));
        s.end_transaction(false);
        assert_eq!((timeout(&s), s.frequent().logs_statements), (None, false));
        for &setting in Setting::ALL {
            assert_eq!(s.frequent(), &Frequent::of(&s), "before {}", setting.name());
            let shown = s.show(setting);
            let _ = s.set(setting.name(), Some(if shown == "on" { "off" } else { "on" }), Change::set(true));
            let _ = s.set(setting.name(), Some("7"), Change::set(true));
        }
    }

    #[test]
    fn own_values_tell_sessions_apart() {
        let own = |s: &SessionSettings| {
            let mut out = String::new();
            s.write_own_values(&mut out);
            out
        };
        let (mut a, b) = (session(), session());
        assert_eq!(own(&a), own(&b));
        a.set("application_name", Some("x"), Change::set(false)).unwrap();
        assert_eq!(own(&a), own(&b), "a name changes nothing");
        for (name, value) in [("search_path", "x"), ("timezone", "UTC"), ("my.own", "1")] {
            let before = own(&a);
            a.set(name, Some(value), Change::set(false)).unwrap();
            assert_ne!(own(&a), before, "{name}");
        }
    }

    #[test]
    fn set_local_ends_with_the_transaction_and_uncovers_set() {
        let mut s = session();
        s.begin_transaction();
        set_local(&mut s, "1MB");
        s.end_transaction(true);
        assert_eq!(work_mem(&s), "4MB");
        s.begin_transaction();
        set(&mut s, "2MB");
        set_local(&mut s, "3MB");
        assert_eq!(work_mem(&s), "3MB");
        s.end_transaction(true);
        assert_eq!(work_mem(&s), "2MB");
    }

    #[test]
    fn savepoints_roll_back_to_what_they_found() {
        let mut s = session();
        s.begin_transaction();
        set(&mut s, "1MB");
        let level = s.begin_level();
        set(&mut s, "2MB");
        s.end_level(level, false);
        assert_eq!(work_mem(&s), "1MB");
        let level = s.begin_level();
        set_local(&mut s, "3MB");
        s.end_level(level, true);
        assert_eq!(work_mem(&s), "3MB", "SET LOCAL outlives the savepoint that is released");
        s.end_transaction(true);
        assert_eq!(work_mem(&s), "1MB");
    }

    #[test]
    fn a_released_savepoint_hands_its_change_to_the_transaction() {
        let mut s = session();
        s.begin_transaction();
        let outer = s.begin_level();
        let inner = s.begin_level();
        set(&mut s, "2MB");
        s.end_level(inner, true);
        s.end_level(outer, true);
        s.end_transaction(false);
        assert_eq!(work_mem(&s), "4MB");
    }

    #[test]
    fn commit_ends_open_savepoints_too() {
        let mut s = session();
        s.begin_transaction();
        set_local(&mut s, "1MB");
        s.begin_level();
        s.begin_level();
        set(&mut s, "2MB");
        s.end_transaction(true);
        assert_eq!(work_mem(&s), "2MB");
        assert!(s.saved.is_empty());
    }

    #[test]
    fn a_function_restores_what_it_set() {
        let mut s = session();
        s.begin_transaction();
        set(&mut s, "1MB");
        let level = s.begin_level();
        s.set("work_mem", Some("9MB"), Change { scope: Scope::Save, ..Change::set(false) }).unwrap();
        assert_eq!(work_mem(&s), "9MB");
        s.end_level(level, true);
        assert_eq!(work_mem(&s), "1MB");
    }

    #[test]
    fn login_values_are_what_reset_goes_back_to() {
        let mut s = session();
        s.set("work_mem", Some("7MB"), Change::login(false, Source::DatabaseUser)).unwrap();
        s.set("work_mem", Some("6MB"), Change::login(false, Source::Database)).unwrap();
        assert_eq!(work_mem(&s), "7MB", "the more particular source counts");
        set(&mut s, "1MB");
        s.reset_all();
        assert_eq!(work_mem(&s), "7MB");
    }

    #[test]
    fn refuses_what_the_context_does_not_allow() {
        let mut s = session();
        let mut refused = |name: &str, value: &str, change: Change| {
            let error = s.set(name, Some(value), change).unwrap_err();
            format!("{} {}", error.code(), error.message())
        };
        for (name, value, text) in [
            ("server_version", "x", "55P02 parameter \"server_version\" cannot be changed"),
            ("port", "1", "55P02 parameter \"port\" cannot be changed without restarting the server"),
            ("fsync", "on", "55P02 parameter \"fsync\" cannot be changed now"),
            ("log_connections", "on", "55P02 parameter \"log_connections\" cannot be set after connection start"),
            ("log_statement", "all", "42501 permission denied to set parameter \"log_statement\""),
            ("nothing", "1", "42704 unrecognized configuration parameter \"nothing\""),
        ] {
            assert_eq!(refused(name, value, Change::set(false)), text);
        }
        let at_login = Change::login(false, Source::Client);
        assert_eq!(
            refused("log_connections", "on", at_login),
            "42501 permission denied to set parameter \"log_connections\""
        );
        s.set("log_statement", Some("all"), Change::set(true)).unwrap();
    }

    #[test]
    fn reports_all_at_first_then_only_changes() {
        let mut s = session();
        let names: Vec<&str> = s.take_reports().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "application_name",
                "client_encoding",
                "DateStyle",
                "default_transaction_read_only",
                "in_hot_standby",
                "integer_datetimes",
                "IntervalStyle",
                "is_superuser",
                "server_encoding",
                "server_version",
                "session_authorization",
                "standard_conforming_strings",
                "TimeZone",
            ]
        );
        assert_eq!(s.take_reports(), []);
        s.begin_transaction();
        s.set("application_name", Some("x"), Change::set(false)).unwrap();
        assert_eq!(s.take_reports(), [("application_name", "x".to_owned())]);
        s.end_transaction(false);
        assert_eq!(s.take_reports(), [("application_name", String::new())]);
    }

    #[test]
    fn custom_settings_follow_transactions_too() {
        let mut s = session();
        assert_eq!(s.show_name("my.own").unwrap_err().code().as_str(), "42704");
        s.begin_transaction();
        s.set("My.Own", Some("1"), Change::set(false)).unwrap();
        assert_eq!(s.show_name("my.own").unwrap(), "1");
        s.end_transaction(false);
        assert_eq!(s.custom("my.own").as_deref(), Some(""));
    }
}
