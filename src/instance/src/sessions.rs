//! The table of live sessions and roles: who can be cancelled, terminated, looked at.
//!
//! Invariants
//! - I1. An id names at most one live session, and is never the process id (see `limits`).
//! - I2. A cancel request reaches only a statement that runs, or waits for its turn, when it arrives: the flag is raised under the same
//!   lock under which a statement is queued, begins and ends, and its end clears the flag. So it never hits a later statement.
//!
//! Locks: the table's, then (released before) an entry's. Neither is held while anything else is taken.

use crate::activity::{AUTOVACUUM_WORKER, Activity, ActivityRow, ActivityState, SessionKind};
use crate::limits::{SESSION_ID_MAX, SESSION_ID_MIN};
use crate::statistics::SessionTimes;
use crate::timers::{Timer, Timers};
use base::{Oid, SessionId};
use memory::Account;
use report::{Error, Result, Severity, SqlState};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use sync::{Interrupt, Interrupts, Mutex, Rank, WaitHooks, WaitKind};

const TABLE: Rank = Rank::new(800, "session table");
/// Whoever waits says so, whatever it holds.
const ENTRY: Rank = Rank::new(60_000, "session entry");
const WATCH: Rank = Rank::new(812, "client watch");

/// Passes a point at which a fault on purpose may strike.
pub type FaultPoint = Box<dyn Fn() -> Result<()> + Send + Sync>;

/// Says something to the server's log.
pub type Voice = Box<dyn Fn(&Error) + Send + Sync>;

/// What concerns one statement and none after it.
const OF_A_STATEMENT: [Interrupt; 4] =
    [Interrupt::CancelQuery, Interrupt::GiveWay, Interrupt::StatementTimeout, Interrupt::QueueTimeout];

/// All live sessions of an instance.
pub struct SessionTable {
    table: Mutex<Table>,
}

struct Table {
    entries: HashMap<SessionId, Arc<SessionEntry>>,
    next: i32,
}

/// What others may see and do of one session.
pub struct SessionEntry {
    /// Its number.
    pub id: SessionId,
    /// The secret that a cancel request must know.
    pub cancel_key: i32,
    /// What it is for.
    pub kind: SessionKind,
    /// Its pending interrupts.
    pub interrupts: Arc<Interrupts>,
    /// What it holds in memory.
    pub memory: Arc<Account>,
    /// Goes off when the statement has run for too long.
    pub statement_timer: Arc<Timer>,
    /// Goes off when the transaction has lasted too long.
    transaction_timer: OnceLock<Arc<Timer>>,
    /// Who is told while whoever serves the session sleeps, so that others can work meanwhile.
    workplace: OnceLock<Arc<dyn WaitHooks>>,
    /// How it speaks to the server's log.
    voice: OnceLock<Voice>,
    /// Where faults on purpose strike, if the server has them.
    fault_point: OnceLock<FaultPoint>,
    client: ClientWatch,
    /// When its transaction began: microseconds since 2000-01-01 UTC, 0 for none. Written by the session.
    transaction_start_us: AtomicI64,
    shared: Mutex<Shared>,
}

/// Looks at a client's connection, from any thread and without waiting.
pub trait ClientProbe: Send + Sync {
    /// True once the client has gone.
    fn is_gone(&self) -> bool;

    /// True if the client has sent something that nobody has read, or has gone.
    fn has_input(&self) -> bool;
}

/// What it takes to notice, while a statement runs, that the client has gone.
struct ClientWatch {
    /// How to look at the connection.
    probe: OnceLock<Box<dyn ClientProbe>>,
    /// Looks again after a while, if `client_connection_check_interval` is set.
    rearm: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    /// `rearm` is there. Written by the session.
    is_on: AtomicBool,
}

impl ClientWatch {
    fn new() -> ClientWatch {
        ClientWatch { probe: OnceLock::new(), rearm: Mutex::new(WATCH, None), is_on: AtomicBool::new(false) }
    }
}

/// What a client has from its first byte on to its last, and whoever serves it knows.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Its pending interrupts.
    pub interrupts: Arc<Interrupts>,
    /// What it holds in memory.
    pub memory: Arc<Account>,
}

/// What is kept of a session's entry while there is no instance.
pub struct ParkedEntry {
    /// Its number.
    pub id: SessionId,
    /// The secret that a cancel request must know.
    pub cancel_key: i32,
    /// Its interrupts and its account.
    pub line: Line,
    /// What it showed of itself.
    pub activity: Activity,
}

/// Read and written under the entry's lock.
struct Shared {
    activity: Activity,
    statement: Statement,
    /// How long it did what, beyond what its statistics know.
    times: SessionTimes,
    times_taken_us: i64,
}

/// What there is to be cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Statement {
    /// Nothing.
    None,
    /// What the client has sent and nobody has looked at yet.
    Queued,
    /// A statement that runs.
    Running,
}

impl Shared {
    /// Its state changes: the time in the old one counts.
    fn change_state(&mut self, state: ActivityState, now_us: i64) {
        let passed_us = (now_us - self.activity.state_change_us).max(0);
        match self.activity.state {
            ActivityState::Active => self.times.active_us += passed_us,
            ActivityState::IdleInTransaction | ActivityState::IdleInFailedTransaction => {
                self.times.idle_in_transaction_us += passed_us;
            }
            ActivityState::Undefined | ActivityState::Idle => {}
        }
        self.activity.state = state;
        self.activity.state_change_us = now_us;
    }
}

impl Default for SessionTable {
    fn default() -> SessionTable {
        SessionTable::new()
    }
}

impl SessionTable {
    /// An empty table.
    pub fn new() -> SessionTable {
        SessionTable { table: Mutex::new(TABLE, Table { entries: HashMap::new(), next: SESSION_ID_MIN }) }
    }

    /// Adds a session under a fresh id; it leaves when the guard is dropped. `cancel_key` comes from the host's entropy.
    pub fn register(self: &Arc<Self>, kind: SessionKind, cancel_key: i32, activity: Activity) -> Registration {
        let id = self.reserve();
        self.insert(id, kind, cancel_key, Line::default(), activity)
    }

    /// An id for a session that is yet to be registered: the log knows a client by it from the first moment on.
    pub fn reserve(&self) -> SessionId {
        self.table.lock().free_id()
    }

    /// Adds a client's session under an id that was reserved, with what its connection has had from the beginning.
    pub fn register_client(
        self: &Arc<Self>,
        id: SessionId,
        cancel_key: i32,
        line: Line,
        activity: Activity,
    ) -> Registration {
        self.insert(id, SessionKind::Client, cancel_key, line, activity)
    }

    /// Adds a client's session that was in another table, under its id and with its interrupts.
    pub fn register_again(self: &Arc<Self>, parked: ParkedEntry) -> Registration {
        let ParkedEntry { id, cancel_key, line, activity } = parked;
        self.insert(id, SessionKind::Client, cancel_key, line, activity)
    }

    /// From now on ids are given out where another table has stopped.
    pub fn continue_after(&self, other: &SessionTable) {
        let next = other.table.lock().next;
        self.table.lock().next = next;
    }

    fn insert(
        self: &Arc<Self>,
        id: SessionId,
        kind: SessionKind,
        cancel_key: i32,
        Line { interrupts, memory }: Line,
        activity: Activity,
    ) -> Registration {
        let mut table = self.table.lock();
        // Ids come round after two thousand million: the one that was reserved may be taken by now.
        let id = if table.entries.contains_key(&id) { table.free_id() } else { id };
        let entry = Arc::new(SessionEntry {
            id,
            cancel_key,
            kind,
            statement_timer: Timer::new(Arc::clone(&interrupts), Interrupt::StatementTimeout),
            interrupts,
            memory,
            transaction_timer: OnceLock::new(),
            workplace: OnceLock::new(),
            voice: OnceLock::new(),
            fault_point: OnceLock::new(),
            client: ClientWatch::new(),
            transaction_start_us: AtomicI64::new(0),
            shared: Mutex::new(
                ENTRY,
                Shared {
                    times_taken_us: activity.session_start_us,
                    activity,
                    statement: Statement::None,
                    times: SessionTimes::default(),
                },
            ),
        });
        table.entries.insert(id, Arc::clone(&entry));
        Registration { table: Arc::clone(self), entry }
    }

    /// The live session with this id.
    pub fn find(&self, id: SessionId) -> Option<Arc<SessionEntry>> {
        self.table.lock().entries.get(&id).cloned()
    }

    /// All live sessions and roles, in order of id.
    pub fn all(&self) -> Vec<Arc<SessionEntry>> {
        let mut all: Vec<_> = self.table.lock().entries.values().cloned().collect();
        all.sort_by_key(|entry| entry.id);
        all
    }

    /// A row of `pg_stat_activity` for each.
    pub fn activity(&self) -> Vec<ActivityRow> {
        let row = |entry: Arc<SessionEntry>| {
            let mut activity = entry.activity();
            // A client that is not at work is waited for; that is no news worth telling at each message.
            if entry.kind == SessionKind::Client && activity.state.is_waiting_for_client() {
                activity.wait = Some(words(WaitKind::Client("ClientRead")));
            }
            ActivityRow { session: entry.id, kind: entry.kind, activity }
        };
        self.all().into_iter().map(row).collect()
    }

    /// Number of clients' sessions.
    pub fn count_clients(&self) -> usize {
        self.table.lock().entries.values().filter(|entry| entry.kind == SessionKind::Client).count()
    }

    /// Number of clients' sessions for which this holds.
    pub fn count_where(&self, holds: impl Fn(&Activity) -> bool) -> usize {
        let is_counted = |entry: &&Arc<SessionEntry>| {
            entry.kind == SessionKind::Client && entry.with_activity(|activity| holds(activity))
        };
        self.all().iter().filter(is_counted).count()
    }

    /// Handles a cancel request: true if it reached a running statement. A wrong id or key changes nothing.
    pub fn cancel(&self, id: SessionId, key: i32) -> CancelOutcome {
        match self.find(id) {
            None => CancelOutcome::NoSuchSession,
            Some(entry) if entry.cancel_key != key || entry.kind != SessionKind::Client => CancelOutcome::WrongKey,
            Some(entry) => {
                entry.cancel();
                CancelOutcome::Accepted
            }
        }
    }

    /// Raises an interrupt in every client's session of a database, or of all for an invalid oid.
    pub fn raise_in_database(&self, database: Oid, interrupt: Interrupt) {
        for entry in self.all() {
            let is_meant = !database.is_valid() || entry.with_activity(|a| a.database == database);
            if entry.kind == SessionKind::Client && is_meant {
                entry.interrupts.raise(interrupt);
            }
        }
    }
}

impl Table {
    fn free_id(&mut self) -> SessionId {
        loop {
            let id = SessionId(self.next);
            self.next = if self.next == SESSION_ID_MAX { SESSION_ID_MIN } else { self.next + 1 };
            if !self.entries.contains_key(&id) {
                return id;
            }
        }
    }
}

/// What became of a cancel request; the client is never told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CancelOutcome {
    /// The session was asked, if it runs a statement at all.
    Accepted,
    /// No session has this id: `PID %d in cancel request did not match any process`.
    NoSuchSession,
    /// The key is another: `wrong key in cancel request for process %d`.
    WrongKey,
}

impl SessionEntry {
    /// A copy of what it does.
    pub fn activity(&self) -> Activity {
        let activity = self.shared.lock().activity.clone();
        Activity { transaction_start_us: self.transaction_start_us.load(Ordering::Relaxed), ..activity }
    }

    /// Its transaction began, at this time, or has ended (0).
    #[inline]
    pub fn set_transaction_start(&self, start_us: i64) {
        self.transaction_start_us.store(start_us, Ordering::Relaxed);
    }

    /// Looks at what it does.
    pub fn with_activity<T>(&self, look: impl FnOnce(&Activity) -> T) -> T {
        look(&self.shared.lock().activity)
    }

    /// Changes what it shows of itself.
    pub fn update(&self, change: impl FnOnce(&mut Activity)) {
        change(&mut self.shared.lock().activity);
    }

    /// A statement begins: shows its text, cut at `text_bytes_max` whole characters, and takes cancel requests from now on.
    pub fn begin_statement(&self, text: &str, text_bytes_max: usize, now_us: i64) {
        let mut shared = self.shared.lock();
        sync::note_statement(self.id.0, text);
        if shared.statement != Statement::Queued {
            self.interrupts.take(Interrupt::CancelQuery);
        }
        shared.statement = Statement::Running;
        shared.change_state(ActivityState::Active, now_us);
        let activity = &mut shared.activity;
        activity.query.clear();
        activity.query.push_str(&text[..text.floor_char_boundary(text_bytes_max)]);
        activity.statement_start_us = now_us;
        activity.command = "";
    }

    /// The statement that runs is known by its tag, or by what the protocol does with it (`PARSE`, `BIND`).
    pub fn set_command(&self, tag: &'static str) {
        self.shared.lock().activity.command = tag;
    }

    /// A statement has ended, and the session waits for the next in this state.
    pub fn end_statement(&self, state: ActivityState, now_us: i64) {
        self.statement_timer.disarm();
        if self.client.is_on.load(Ordering::Relaxed) {
            self.client.is_on.store(false, Ordering::Relaxed);
            *self.client.rearm.lock() = None;
        }
        sync::note_session(self.id.0);
        let mut shared = self.shared.lock();
        shared.statement = Statement::None;
        if self.interrupts.pending() {
            OF_A_STATEMENT.into_iter().for_each(|interrupt| _ = self.interrupts.take(interrupt));
        }
        shared.change_state(state, now_us);
    }

    /// The client has sent something, and nobody has time to look at it. If it is a statement it can be cancelled from now on.
    pub fn queue_statement(&self) {
        let mut shared = self.shared.lock();
        if shared.statement == Statement::None {
            shared.statement = Statement::Queued;
        }
    }

    /// What was queued has been looked at. If it was no statement, a request to cancel it means nothing any more.
    pub fn unqueue_statement(&self) {
        let mut shared = self.shared.lock();
        if shared.statement == Statement::Queued {
            shared.statement = Statement::None;
        }
        if shared.statement == Statement::None {
            OF_A_STATEMENT.into_iter().for_each(|interrupt| _ = self.interrupts.take(interrupt));
        }
    }

    /// A transaction has begun that may last so long.
    pub fn limit_transaction(&self, timers: &Timers, limit: Duration) {
        let make = || Timer::new(Arc::clone(&self.interrupts), Interrupt::TransactionTimeout);
        timers.arm(self.transaction_timer.get_or_init(make), limit);
    }

    /// The transaction has ended in time.
    pub fn end_transaction_limit(&self) {
        if let Some(timer) = self.transaction_timer.get() {
            timer.disarm();
            self.interrupts.take(Interrupt::TransactionTimeout);
        }
    }

    /// The session ends: its timers are not needed any more.
    pub fn withdraw_timers(&self, timers: &Timers) {
        timers.withdraw(&self.statement_timer);
        if let Some(timer) = self.transaction_timer.get() {
            timers.withdraw(timer);
        }
    }

    /// From now on these are told when whoever serves the session sleeps and wakes.
    pub fn give_workplace(&self, workplace: Arc<dyn WaitHooks>) {
        let _ = self.workplace.set(workplace);
    }

    /// How long it did what since this was last asked: for the statistics.
    pub fn take_times(&self, now_us: i64) -> SessionTimes {
        let mut shared = self.shared.lock();
        let session_us = (now_us - shared.times_taken_us).max(0);
        shared.times_taken_us = now_us;
        SessionTimes { session_us, ..std::mem::take(&mut shared.times) }
    }

    /// From now on the session can speak to the server's log, wherever it is.
    pub fn give_voice(&self, voice: Voice) {
        // A session logs in once.
        let _ = self.voice.set(voice);
    }

    /// True if this is an autovacuum worker.
    pub fn is_autovacuum(&self) -> bool {
        self.kind == SessionKind::Role(AUTOVACUUM_WORKER)
    }

    /// Says something to the server's log.
    pub fn say(&self, message: &Error) {
        if let Some(voice) = self.voice.get() {
            voice(message);
        }
    }

    /// From now on faults on purpose can strike the session.
    pub fn give_fault_point(&self, point: FaultPoint) {
        let _ = self.fault_point.set(point);
    }

    /// Passes its fault point. Errors, panics or worse: the fault.
    pub fn pass_fault_point(&self) -> Result<()> {
        self.fault_point.get().map_or(Ok(()), |pass| pass())
    }

    /// What another instance's table needs to go on with the session.
    pub fn park(&self) -> ParkedEntry {
        let line = Line { interrupts: Arc::clone(&self.interrupts), memory: Arc::clone(&self.memory) };
        ParkedEntry { id: self.id, cancel_key: self.cancel_key, line, activity: self.activity() }
    }

    /// From now on the session can look whether its client has gone.
    pub fn give_probe(&self, probe: Box<dyn ClientProbe>) {
        let _ = self.client.probe.set(probe);
    }

    /// Has the running statement look for its client every so often; `None` for never.
    pub fn check_client_every(&self, timers: &Arc<Timers>, interval: Option<Duration>) {
        let rearm = interval.map(|interval| {
            let timer = Timer::new(Arc::clone(&self.interrupts), Interrupt::CheckClient);
            timers.arm(&timer, interval);
            let timers = Arc::clone(timers);
            Arc::new(move || timers.arm(&timer, interval)) as Arc<dyn Fn() + Send + Sync>
        });
        self.client.is_on.store(rearm.is_some(), Ordering::Relaxed);
        *self.client.rearm.lock() = rearm;
    }

    /// Asks the statement that runs or waits for its turn to end; nothing if there is none.
    pub fn cancel(&self) {
        let shared = self.shared.lock();
        let is_meant = match shared.statement {
            Statement::None => false,
            Statement::Running => true,
            // What was reported may have been read in the turn before: then there is no statement yet that could be meant.
            Statement::Queued => self.client.probe.get().is_none_or(|probe| probe.has_input()),
        };
        if is_meant {
            self.interrupts.raise(Interrupt::CancelQuery);
        }
    }
}

/// Whoever sleeps shows what for.
impl WaitHooks for SessionEntry {
    fn begin_wait(&self, kind: WaitKind) {
        self.update(|activity| activity.wait = Some(words(kind)));
        if let Some(workplace) = self.workplace.get() {
            workplace.begin_wait(kind);
        }
    }

    fn end_wait(&self) {
        if let Some(workplace) = self.workplace.get() {
            workplace.end_wait();
        }
        self.update(|activity| activity.wait = None);
    }

    fn tell_log(&self, text: &str, detail: &str) {
        let message = Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text);
        self.say(&if detail.is_empty() { message } else { message.detail(detail) });
    }

    fn strike(&self) -> Result<()> {
        self.pass_fault_point()
    }

    fn look_at_memory(&self) -> Result<()> {
        self.memory.look()
    }

    fn is_abandoned(&self) -> bool {
        let rearm = self.client.rearm.lock().clone();
        if let Some(rearm) = rearm {
            rearm();
        }
        self.client.probe.get().is_some_and(|probe| probe.is_gone())
    }
}

/// `wait_event_type` and `wait_event`.
fn words(kind: WaitKind) -> (&'static str, &'static str) {
    match kind {
        WaitKind::Lock(what) => ("Lock", what),
        WaitKind::WalFlush => ("IO", "WALSync"),
        WaitKind::Client(what) => ("Client", what),
        WaitKind::Buffer(what) => ("BufferPin", what),
        WaitKind::Io(what) => ("IO", what),
        WaitKind::Timeout(what) => ("Timeout", what),
        WaitKind::Ipc(what) => ("IPC", what),
        WaitKind::Activity(what) => ("Activity", what),
    }
}

/// A session's place in the table, given up when dropped.
pub struct Registration {
    table: Arc<SessionTable>,
    entry: Arc<SessionEntry>,
}

impl std::ops::Deref for Registration {
    type Target = Arc<SessionEntry>;
    fn deref(&self) -> &Arc<SessionEntry> {
        &self.entry
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.table.table.lock().entries.remove(&self.entry.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(table: &Arc<SessionTable>) -> Registration {
        table.register(SessionKind::Client, 42, Activity::default())
    }

    #[test]
    fn a_cancel_reaches_only_the_running_statement() {
        let table = Arc::new(SessionTable::new());
        let session = client(&table);
        assert_eq!(table.cancel(session.id, 42), CancelOutcome::Accepted);
        assert!(!session.interrupts.pending(), "no statement runs");
        session.begin_statement("select 1", 1024, 7);
        assert_eq!(table.cancel(session.id, 41), CancelOutcome::WrongKey);
        assert!(!session.interrupts.pending());
        assert_eq!(table.cancel(session.id, 42), CancelOutcome::Accepted);
        assert!(session.interrupts.is_pending(Interrupt::CancelQuery));
        session.end_statement(ActivityState::Idle, 8);
        assert!(!session.interrupts.pending(), "it does not wait for the next statement");
    }

    #[test]
    fn a_cancel_reaches_what_waits_for_its_turn() {
        let table = Arc::new(SessionTable::new());
        let session = client(&table);
        session.queue_statement();
        table.cancel(session.id, 42);
        session.begin_statement("select 1", 1024, 7);
        assert!(session.interrupts.is_pending(Interrupt::CancelQuery));
        session.end_statement(ActivityState::Idle, 8);
        session.queue_statement();
        table.cancel(session.id, 42);
        session.unqueue_statement();
        assert!(!session.interrupts.pending(), "it was no statement");
    }

    #[test]
    fn time_counts_for_the_state_it_was_spent_in() {
        let table = Arc::new(SessionTable::new());
        let session = client(&table);
        session.begin_statement("begin", 1024, 10);
        session.end_statement(ActivityState::IdleInTransaction, 13);
        session.begin_statement("commit", 1024, 20);
        session.end_statement(ActivityState::Idle, 21);
        let expected = SessionTimes { session_us: 50, active_us: 4, idle_in_transaction_us: 7 };
        assert_eq!((session.take_times(50), session.take_times(50)), (expected, SessionTimes::default()));
    }

    #[test]
    fn ids_are_unique_and_leave_with_the_session() {
        let table = Arc::new(SessionTable::new());
        let (a, b) = (client(&table), client(&table));
        assert!(a.id != b.id && a.id.0 >= SESSION_ID_MIN);
        let id = a.id;
        drop(a);
        assert_eq!((table.count_clients(), table.find(id).is_none()), (1, true));
        assert_eq!(table.cancel(id, 42), CancelOutcome::NoSuchSession);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let table = Arc::new(SessionTable::new());
        let session = client(&table);
        session.begin_statement("select 'é'", 9, 0);
        assert_eq!(session.activity().query, "select '");
    }
}
