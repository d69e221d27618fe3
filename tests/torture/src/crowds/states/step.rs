//! What a session can be asked to do.

use super::model::Model;
use base::Prng;
use testkit::wire;

/// Schemas that a search path can begin with; each has a table `here` with its number.
pub const SCHEMAS: u64 = 16;
/// Names of prepared statements.
const NAMES: u64 = 3;
/// Savepoints that a transaction has at most.
const SAVEPOINTS_MAX: usize = 4;
/// The first half of the keys of advisory locks.
const LOCK_SPACE: u32 = 77;

/// Settings that the model knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setting {
    /// One of no extension.
    Mine,
    /// `work_mem`.
    WorkMem,
    /// `application_name`, which others see.
    Application,
    /// `search_path`.
    SearchPath,
}

/// All of them.
pub const SETTINGS: [Setting; 4] = [Setting::Mine, Setting::WorkMem, Setting::Application, Setting::SearchPath];

impl Setting {
    /// As SQL calls it.
    pub fn name(self) -> &'static str {
        ["torture.mine", "work_mem", "application_name", "search_path"][self as usize]
    }

    fn some_value(self, number: usize, prng: &mut Prng) -> String {
        match self {
            Setting::Mine => format!("session {number}, {}", prng.below(1000)),
            Setting::WorkMem => format!("{}kB", 100 + prng.below(900)),
            Setting::Application => format!("session {number}, {}", prng.below(1000)),
            Setting::SearchPath => format!("path_{}, pg_catalog", prng.below(SCHEMAS)),
        }
    }

    /// The value as SET takes it.
    fn quoted(self, value: &str) -> String {
        if self == Setting::SearchPath { value.to_owned() } else { format!("'{value}'") }
    }
}

/// Channels that a session can listen to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Only this session does.
    Own,
    /// All may.
    Common,
}

impl Channel {
    /// Its name for a session.
    pub fn name(self, number: usize) -> String {
        match self {
            Channel::Own => format!("own_{number}"),
            Channel::Common => "common".to_owned(),
        }
    }
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Show(Setting),
    Set(Setting, String),
    SetLocal(Setting, String),
    Reset(Setting),
    ResetAll,
    /// Reads a table of the first schema of the search path.
    Resolve,
    CreateTable,
    DropTable,
    Insert(i64),
    /// Deletes rows by their remainder.
    Delete(i64),
    Sum,
    Prepare(usize, i64),
    Execute(usize, i64),
    /// Prepare and Execute by messages of the protocol.
    Parse(usize, i64),
    Bind(usize, i64),
    Deallocate(usize),
    DeallocateAll,
    Lock,
    LockInTransaction,
    Unlock,
    UnlockAll,
    /// Tries to get another's lock.
    Try {
        other: usize,
        is_free: bool,
    },
    Listen(Channel),
    Unlisten(Channel),
    UnlistenAll,
    /// Notifies its own channel.
    Notify(String),
    Declare,
    Fetch(i64),
    Move(i64),
    Close,
    CloseAll,
    /// Takes a number of the common sequence.
    Next,
    Current,
    /// Asks what another calls itself.
    Identify {
        other: usize,
        process: i32,
        application: String,
    },
    Begin,
    Commit,
    Rollback,
    /// Savepoints are numbered from 1.
    Savepoint(usize),
    RollbackTo(usize),
    Release(usize),
    /// Divides by zero.
    Fail,
    DiscardAll,
}

/// Another session that a step may be about, when it is at rest.
pub struct Other<'a> {
    /// What it must be.
    pub model: &'a Model,
    /// Its number for the server.
    pub process: i32,
}

impl Step {
    /// What gives a session all that it can have.
    pub fn set_up(number: usize, prng: &mut Prng) -> Vec<Step> {
        let set = |setting: Setting| Step::Set(setting, format!("path_{}, pg_catalog", number as u64 % SCHEMAS));
        let mut steps: Vec<Step> = SETTINGS[..3].iter().map(|s| Step::Set(*s, s.some_value(number, prng))).collect();
        steps.extend([set(Setting::SearchPath), Step::CreateTable, Step::Insert(number as i64), Step::Insert(1)]);
        steps.extend([Step::Prepare(0, number as i64), Step::Parse(1, -(number as i64)), Step::Lock]);
        steps.extend([Step::Listen(Channel::Own), Step::Listen(Channel::Common)]);
        steps.extend([Step::Declare, Step::Fetch(1 + prng.below(10) as i64), Step::Next]);
        if prng.one_in(4) {
            steps.extend([Step::Begin, Step::Insert(2), Step::Savepoint(1), Step::LockInTransaction, Step::Insert(3)]);
        }
        steps
    }

    /// What shows all that a session has.
    pub fn look() -> Vec<Step> {
        let mut steps = vec![Step::Rollback];
        steps.extend(SETTINGS.map(Step::Show));
        steps.extend([Step::Resolve, Step::Sum, Step::Current, Step::Fetch(3)]);
        steps.extend((0..NAMES as usize).flat_map(|name| [Step::Execute(name, 1), Step::Bind(name, 2)]));
        steps.extend([Step::Notify("look".to_owned()), Step::Unlock]);
        steps
    }

    /// Something by chance.
    pub fn some(model: &Model, other: Option<Other<'_>>, prng: &mut Prng) -> Step {
        let setting = SETTINGS[prng.below(SETTINGS.len() as u64) as usize];
        let value = setting.some_value(model.number, prng);
        let (name, number) = (prng.below(NAMES) as usize, prng.below(1000) as i64);
        let channel = if prng.one_in(2) { Channel::Own } else { Channel::Common };
        let count = if prng.one_in(3) { -1 - prng.below(8) as i64 } else { 1 + prng.below(8) as i64 };
        match prng.below(100) {
            0..=9 => Step::Show(setting),
            10..=14 => Step::Set(setting, value),
            15..=17 => Step::SetLocal(setting, value),
            18 => Step::Reset(setting),
            19..=22 => Step::Resolve,
            23..=24 => Step::CreateTable,
            25..=30 => Step::Insert(number),
            31..=32 => Step::Delete(number % 5),
            33..=37 => Step::Sum,
            38..=39 => Step::Prepare(name, number),
            40..=41 => Step::Parse(name, number),
            42..=45 => Step::Execute(name, number),
            46..=49 => Step::Bind(name, number),
            50 => Step::Deallocate(name),
            51..=52 => Step::Lock,
            53 => Step::LockInTransaction,
            54..=55 => Step::Unlock,
            56..=57 => Step::Listen(channel),
            58 => Step::Unlisten(channel),
            59..=61 => Step::Notify(format!("{number} {}", prng.next_u64())),
            62..=63 => Step::Declare,
            64..=68 => Step::Fetch(count),
            69..=70 => Step::Move(count),
            71 => Step::Close,
            72..=73 => Step::Next,
            74..=76 => Step::Current,
            77 => Step::rare(prng),
            78..=81 => Step::about(other, prng).unwrap_or(Step::Sum),
            82 => Step::Fail,
            _ => Step::control(model, prng),
        }
    }

    fn rare(prng: &mut Prng) -> Step {
        let steps =
            [Step::DiscardAll, Step::ResetAll, Step::DeallocateAll, Step::UnlistenAll, Step::CloseAll, Step::UnlockAll];
        match prng.below(steps.len() as u64 + 1) as usize {
            at if at < steps.len() => steps[at].clone(),
            _ => Step::DropTable,
        }
    }

    fn about(other: Option<Other<'_>>, prng: &mut Prng) -> Option<Step> {
        let Other { model, process } = other?;
        Some(match prng.one_in(8) {
            true => Step::Identify {
                other: model.number,
                process,
                application: model.setting(Setting::Application).to_owned(),
            },
            false => Step::Try { other: model.number, is_free: !model.holds_lock() },
        })
    }

    /// Transactions are not left open for ever, failed ones least of all.
    fn control(model: &Model, prng: &mut Prng) -> Step {
        let savepoints = model.savepoints();
        let some = 1 + prng.below(savepoints.max(1) as u64) as usize;
        match prng.below(10) {
            0..=3 => Step::Begin,
            4 => Step::Commit,
            5 => Step::Rollback,
            6..=7 if savepoints < SAVEPOINTS_MAX => Step::Savepoint(savepoints + 1),
            8 if savepoints > 0 => Step::RollbackTo(some),
            9 if savepoints > 0 => Step::Release(some),
            _ => Step::Commit,
        }
    }

    /// The messages that ask a session for it.
    pub fn write(&self, number: usize, out: &mut Vec<u8>) {
        match self {
            Step::Parse(name, added) => {
                wire::parse(out, &format!("p{name}"), &format!("select $1::int8 + {added}"));
                wire::sync(out);
            }
            Step::Bind(name, argument) => wire::run_prepared(out, &format!("p{name}"), &[&argument.to_string()]),
            _ => wire::query(out, &self.sql(number)),
        }
    }

    fn sql(&self, number: usize) -> String {
        match self {
            Step::Show(setting) => format!("show {}", setting.name()),
            Step::Set(setting, value) => format!("set {} = {}", setting.name(), setting.quoted(value)),
            Step::SetLocal(setting, value) => format!("set local {} = {}", setting.name(), setting.quoted(value)),
            Step::Reset(setting) => format!("reset {}", setting.name()),
            Step::ResetAll => "reset all".to_owned(),
            Step::Resolve => "select n from here".to_owned(),
            Step::CreateTable => "create temp table mine (a int8)".to_owned(),
            Step::DropTable => "drop table mine".to_owned(),
            Step::Insert(value) => format!("insert into mine values ({value})"),
            Step::Delete(value) => format!("delete from mine where a % 5 = {value}"),
            Step::Sum => "select count(*) || ' ' || coalesce(sum(a), 0) from mine".to_owned(),
            Step::Prepare(name, added) => format!("prepare p{name} (int8) as select $1 + {added}"),
            Step::Execute(name, argument) => format!("execute p{name} ({argument})"),
            Step::Deallocate(name) => format!("deallocate p{name}"),
            Step::DeallocateAll => "deallocate all".to_owned(),
            Step::Lock => format!("select pg_advisory_lock({LOCK_SPACE}, {number})"),
            Step::LockInTransaction => format!("select pg_advisory_xact_lock({LOCK_SPACE}, {number})"),
            Step::Unlock => format!("select pg_advisory_unlock({LOCK_SPACE}, {number})"),
            Step::UnlockAll => "select pg_advisory_unlock_all()".to_owned(),
            Step::Try { other, .. } => format!("select pg_try_advisory_xact_lock({LOCK_SPACE}, {other})"),
            Step::Listen(channel) => format!("listen {}", channel.name(number)),
            Step::Unlisten(channel) => format!("unlisten {}", channel.name(number)),
            Step::UnlistenAll => "unlisten *".to_owned(),
            Step::Notify(payload) => format!("notify {}, '{payload}'", Channel::Own.name(number)),
            Step::Declare => {
                format!(
                    "declare c scroll cursor with hold for select {number} * 1000 + g from generate_series(1, 40) g"
                )
            }
            Step::Fetch(count) => format!("fetch {} from c", direction(*count)),
            Step::Move(count) => format!("move {} from c", direction(*count)),
            Step::Close => "close c".to_owned(),
            Step::CloseAll => "close all".to_owned(),
            Step::Next => "select nextval('public.ticket')".to_owned(),
            Step::Current => "select currval('public.ticket')".to_owned(),
            Step::Identify { process, .. } => {
                format!("select application_name from pg_stat_activity where pid = {process}")
            }
            Step::Begin => "begin".to_owned(),
            Step::Commit => "commit".to_owned(),
            Step::Rollback => "rollback".to_owned(),
            Step::Savepoint(savepoint) => format!("savepoint s{savepoint}"),
            Step::RollbackTo(savepoint) => format!("rollback to s{savepoint}"),
            Step::Release(savepoint) => format!("release s{savepoint}"),
            Step::Fail => "select 1 / 0".to_owned(),
            Step::DiscardAll => "discard all".to_owned(),
            Step::Parse(..) | Step::Bind(..) => unreachable!("they are messages of their own"),
        }
    }
}

fn direction(count: i64) -> String {
    if count < 0 { format!("backward {}", -count) } else { format!("forward {count}") }
}
