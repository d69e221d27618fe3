//! Who holds locks: a session, or a role that works on tables.

use crate::held::HeldMap;
use crate::manager::Shared;
use crate::{LockMode, LockTag};
use base::SessionId;
use report::{Error, Result, Severity, SqlState, error};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use sync::{Interrupt, Interrupts, Mutex, WaitHooks, WaitKind, Waiting};

/// How long a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockScope {
    /// Until the transaction ends, or the savepoint it was taken under is rolled back to.
    Transaction,
    /// Until it is released, or the session ends.
    Session,
}

/// The part of an owner that others may look at.
pub(crate) struct OwnerShared {
    number: u32,
    session: SessionId,
    interrupts: Arc<Interrupts>,
    hooks: Arc<dyn WaitHooks>,
    /// Milliseconds, 0 for none. Written by the owner.
    lock_timeout_ms: AtomicU64,
    /// Milliseconds. Written by the owner.
    deadlock_timeout_ms: AtomicU64,
    /// `log_lock_waits`. Written by the owner.
    logs_waits: AtomicBool,
    /// It is asked to let go of what a session waits for. Written by the owner.
    gives_way: AtomicBool,
    /// Deadlocks that it was refused a lock for, until they are taken. Written by the owner.
    deadlocks: AtomicU64,
    /// The transaction it runs, counted from 1, for `virtualtransaction`. Written by the owner.
    local: AtomicU64,
    pub(crate) held: Mutex<HeldLocks>,
}

impl OwnerShared {
    pub(crate) fn new(number: u32, waits: SessionWaits) -> OwnerShared {
        OwnerShared {
            number,
            session: waits.session,
            interrupts: waits.interrupts,
            hooks: waits.hooks,
            lock_timeout_ms: AtomicU64::new(0),
            deadlock_timeout_ms: AtomicU64::new(1000),
            logs_waits: AtomicBool::new(false),
            gives_way: AtomicBool::new(false),
            deadlocks: AtomicU64::new(0),
            local: AtomicU64::new(0),
            held: Mutex::new(crate::ranks::OWNER, HeldLocks::default()),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    pub(crate) fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    pub(crate) fn hooks(&self) -> &dyn WaitHooks {
        &*self.hooks
    }

    pub(crate) fn virtual_transaction(&self) -> (u32, u64) {
        (self.number, self.local.load(Ordering::Relaxed))
    }

    pub(crate) fn lock_timeout(&self) -> Option<Duration> {
        match self.lock_timeout_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Some(Duration::from_millis(ms)),
        }
    }

    /// Asks the owner to let go of its locks, if it is one that does.
    pub(crate) fn ask_to_give_way(&self) {
        if self.gives_way.load(Ordering::Relaxed) {
            self.interrupts.raise(Interrupt::GiveWay);
        }
    }

    pub(crate) fn count_deadlock(&self) {
        self.deadlocks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn logs_waits(&self) -> bool {
        self.logs_waits.load(Ordering::Relaxed)
    }

    pub(crate) fn deadlock_timeout(&self) -> Duration {
        Duration::from_millis(self.deadlock_timeout_ms.load(Ordering::Relaxed))
    }
}

/// What a session brings to its waits.
#[derive(Clone)]
pub struct SessionWaits {
    /// Its number, for messages and `pg_locks`.
    pub session: SessionId,
    /// What ends a wait early, and the latch it sleeps on.
    pub interrupts: Arc<Interrupts>,
    /// Who is told that a thread sleeps.
    pub hooks: Arc<dyn WaitHooks>,
}

/// The locks of one owner.
#[derive(Default)]
pub(crate) struct HeldLocks {
    pub(crate) map: HeldMap,
    /// Transaction-scope acquisitions in order, so that a savepoint can give back its own.
    pub(crate) order: Vec<(LockTag, LockMode)>,
}

/// How often one tag is held, by mode.
#[derive(Default, Clone, Copy)]
pub(crate) struct Held {
    transaction: [u32; 8],
    session: [u32; 8],
    /// Modes that are only noted here, not in the shared table.
    pub(crate) fast: u8,
}

impl Held {
    /// How often a mode is held in all.
    pub(crate) fn count(&self, mode: LockMode) -> u32 {
        self.transaction[mode.index()] + self.session[mode.index()]
    }

    /// Held for the transaction and for the session.
    fn is_both(&self) -> bool {
        [self.transaction, self.session].iter().all(|counts| counts.iter().any(|count| *count > 0))
    }

    /// The modes held, one bit each.
    pub(crate) fn modes(&self) -> u8 {
        LockMode::ALL.into_iter().filter(|m| self.count(*m) > 0).fold(0, |set, m| set | m.bit())
    }

    pub(crate) fn counter(&mut self, mode: LockMode, scope: LockScope) -> &mut u32 {
        match scope {
            LockScope::Transaction => &mut self.transaction[mode.index()],
            LockScope::Session => &mut self.session[mode.index()],
        }
    }
}

/// A place in an owner's acquisitions, to go back to: see [`LockOwner::release_to`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockMark(pub(crate) usize);

/// A session's handle on the lock manager. Shared within the session by reference counting; dropping the last one
/// gives every lock back.
#[derive(Clone)]
pub struct LockOwner(pub(crate) Arc<OwnerHandle>);

pub(crate) struct OwnerHandle {
    pub(crate) manager: Arc<Shared>,
    pub(crate) shared: Arc<OwnerShared>,
}

impl Drop for OwnerHandle {
    fn drop(&mut self) {
        self.manager.release_every(&self.shared);
        self.manager.forget_owner(&self.shared);
    }
}

impl LockOwner {
    /// The session that it belongs to.
    pub fn session(&self) -> SessionId {
        self.0.shared.session
    }

    /// What ends its waits early.
    pub fn interrupts(&self) -> &Arc<Interrupts> {
        &self.0.shared.interrupts
    }

    /// Its number, unique among live owners: the first half of a virtual transaction id.
    pub fn number(&self) -> u32 {
        self.0.shared.number
    }

    /// Sets `log_lock_waits` for waits to come.
    pub fn set_logs_waits(&self, on: bool) {
        self.0.shared.logs_waits.store(on, Ordering::Relaxed);
    }

    /// From now on its work is ended when a session has waited for one of its locks for `deadlock_timeout`: an autovacuum worker.
    pub fn set_gives_way(&self) {
        self.0.shared.gives_way.store(true, Ordering::Relaxed);
    }

    /// Sets `lock_timeout` (`None` is none) and `deadlock_timeout` for waits to come.
    pub fn set_timeouts(&self, lock_timeout: Option<Duration>, deadlock_timeout: Duration) {
        let ms = |d: Duration| d.as_millis().min(u128::from(u64::MAX)) as u64;
        self.0.shared.lock_timeout_ms.store(lock_timeout.map_or(0, ms), Ordering::Relaxed);
        self.0.shared.deadlock_timeout_ms.store(ms(deadlock_timeout), Ordering::Relaxed);
    }

    /// How many deadlocks it was refused a lock for, since this was last asked.
    pub fn take_deadlocks(&self) -> u64 {
        self.0.shared.deadlocks.swap(0, Ordering::Relaxed)
    }

    /// Counts a new transaction of this owner and answers its local number.
    pub fn next_virtual_transaction(&self) -> u64 {
        self.0.shared.local.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Names the one transaction that it is for: a prepared one.
    pub fn set_virtual_transaction(&self, local: u64) {
        self.0.shared.local.store(local, Ordering::Relaxed);
    }

    /// True if something is locked for the transaction and for the session too.
    pub fn shares_locks_with_session(&self) -> bool {
        self.0.shared.held.lock().map.iter().any(|(_, held)| held.is_both())
    }

    /// Its present virtual transaction: owner number and local number.
    pub fn virtual_transaction(&self) -> (u32, u64) {
        self.0.shared.virtual_transaction()
    }

    /// Where it is now, for [`LockOwner::release_to`].
    pub fn mark(&self) -> LockMark {
        LockMark(self.0.shared.held.lock().order.len())
    }

    /// True if this session holds the lock in this mode.
    pub fn holds(&self, tag: LockTag, mode: LockMode) -> bool {
        self.0.shared.held.lock().map.get(&tag).is_some_and(|held| held.count(mode) > 0)
    }

    /// True if this session holds any lock that outlives its transactions.
    pub fn holds_for_session(&self) -> bool {
        self.0.shared.held.lock().map.iter().any(|(_, held)| held.session.iter().any(|count| *count > 0))
    }

    /// True if this session holds the lock in this mode or one that excludes at least as much.
    pub fn holds_at_least(&self, tag: LockTag, mode: LockMode) -> bool {
        let modes = self.0.shared.held.lock().map.get(&tag).map_or(0, Held::modes);
        modes >= mode.bit()
    }

    /// Ends the statement if somebody asked for it, or if its session holds too much memory. A relaxed load and a comparison when nothing is the matter.
    ///
    /// Errors: 57014 on a cancel request or `statement_timeout`, FATAL 57P01 on a request to end the session, 53200.
    #[inline]
    pub fn check_interrupts(&self) -> Result<()> {
        let owner = &self.0.shared;
        if owner.interrupts.pending() || memory::is_due() { check_owner(owner) } else { Ok(()) }
    }

    /// Looks at what concerns a session between two statements: whether it must end.
    ///
    /// Errors: FATAL 57P01 on a request to end the session, 25P04 when its transaction has lasted too long, 08006.
    pub fn check_idle_interrupts(&self) -> Result<()> {
        let owner = &self.0.shared;
        if owner.interrupts.pending() { check_idle(owner) } else { Ok(()) }
    }

    /// Whom to tell of the session's waits.
    pub fn hooks(&self) -> &dyn WaitHooks {
        self.0.shared.hooks()
    }

    /// Sleeps on the session's latch, telling the hooks; true if it was woken, false if the time ran out.
    pub fn sleep(&self, kind: WaitKind, timeout: Option<Duration>) -> bool {
        sleep(&self.0.shared, kind, timeout)
    }
}

pub(crate) fn sleep(owner: &OwnerShared, kind: WaitKind, timeout: Option<Duration>) -> bool {
    let _waiting = Waiting::begin(owner.hooks(), kind);
    owner.interrupts().latch().wait(timeout)
}

/// As [`check_interrupts`], and looks for the client if it is time to. Errors: also 08006, the client has gone.
#[cold]
pub(crate) fn check_owner(owner: &OwnerShared) -> Result<()> {
    check_outside(owner)?;
    check_interrupts(&owner.interrupts)?;
    if memory::is_due() { owner.hooks.look_at_memory() } else { Ok(()) }
}

fn check_outside(owner: &OwnerShared) -> Result<()> {
    if owner.interrupts.take(Interrupt::CheckClient) && owner.hooks.is_abandoned() {
        return Err(fatal(SqlState::CONNECTION_FAILURE, "connection to client lost"));
    }
    if owner.interrupts.take(Interrupt::Fault) {
        owner.hooks.strike()?;
    }
    Ok(())
}

#[cold]
fn check_idle(owner: &OwnerShared) -> Result<()> {
    check_outside(owner)?;
    check_end(&owner.interrupts)
}

/// Turns the pending interrupts that end a statement into its error. Those that do not are left alone.
///
/// Errors: as [`LockOwner::check_interrupts`].
#[cold]
pub fn check_interrupts(interrupts: &Interrupts) -> Result<()> {
    check_end(interrupts)?;
    if interrupts.take(Interrupt::LockTimeout) {
        return Err(error!(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout"));
    }
    if interrupts.take(Interrupt::StatementTimeout) {
        interrupts.take(Interrupt::CancelQuery);
        return Err(error!(QUERY_CANCELED, "canceling statement due to statement timeout"));
    }
    if interrupts.take(Interrupt::QueueTimeout) {
        interrupts.take(Interrupt::CancelQuery);
        return Err(error!(QUERY_CANCELED, "canceling statement due to pool queue timeout"));
    }
    if interrupts.take(Interrupt::GiveWay) {
        return Err(error!(QUERY_CANCELED, "canceling autovacuum task"));
    }
    if interrupts.take(Interrupt::CancelQuery) {
        return Err(error!(QUERY_CANCELED, "canceling statement due to user request"));
    }
    Ok(())
}

/// Turns the pending interrupts that end a session into its error.
fn check_end(interrupts: &Interrupts) -> Result<()> {
    if interrupts.is_pending(Interrupt::Quit) {
        return Err(told_to_quit(interrupts.is_pending(Interrupt::Terminate)));
    }
    if interrupts.take(Interrupt::Terminate) {
        return Err(fatal(SqlState::ADMIN_SHUTDOWN, "terminating connection due to administrator command"));
    }
    if interrupts.take(Interrupt::LoginTimeout) {
        return Err(fatal(SqlState::QUERY_CANCELED, "canceling authentication due to timeout"));
    }
    if interrupts.take(Interrupt::TransactionTimeout) {
        return Err(fatal(SqlState::TRANSACTION_TIMEOUT, "terminating connection due to transaction timeout"));
    }
    Ok(())
}

/// Why a session must leave at once. Both requests together are an operator's, `Quit` alone is a crash.
fn told_to_quit(by_operator: bool) -> Error {
    if by_operator {
        return fatal(SqlState::ADMIN_SHUTDOWN, "terminating connection due to immediate shutdown command");
    }
    fatal(SqlState::CRASH_SHUTDOWN, "terminating connection because of crash of another server process")
        .detail(
            "The postmaster has commanded this server process to roll back the current transaction and exit, because \
             another server process exited abnormally and possibly corrupted shared memory.",
        )
        .hint("In a moment you should be able to reconnect to the database and repeat your command.")
}

fn fatal(code: SqlState, message: &str) -> Error {
    Error::with_severity(Severity::Fatal, code, message)
}
