//! The transaction manager: numbers, ends, the horizon.

use crate::clog::{CommitLog, Ended};
use crate::csn::{CsnState, FIRST_CSN};
use crate::outside::{CommitHook, Journal, RelationFiles};
use crate::prepared::PreparedTable;
use crate::prepared_state::xids_of;
use crate::records::{End, Reader, kind};
use crate::visibility::Visibility;
use crate::window::{CommitWindow, Within};
use crate::{Horizon, limits, ranks};
use base::{Csn, Lsn, Oid, Xid};
use host::{Clock, Disk};
use lock::LockManager;
use report::{Error, Result, Severity};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use sync::{CriticalSection, Interrupts, Mutex, WaitHooks, WaitKind, Waiting};

/// What became of a transaction, as everybody sees it now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum XidStatus {
    /// Not ended, or its commit is just being published.
    InProgress,
    /// Committed. The number is known while some snapshot may need it.
    Committed(Option<Csn>),
    /// Rolled back, or cut off by a crash.
    Aborted,
}

/// What the manager is built from.
pub struct Parts {
    /// Where `pg_xact` and `pg_twophase` are.
    pub disk: Arc<dyn Disk>,
    /// For commit times.
    pub clock: Arc<dyn Clock>,
    /// The WAL.
    pub journal: Arc<dyn Journal>,
    /// Relation files.
    pub files: Arc<dyn RelationFiles>,
    /// The lock table.
    pub locks: LockManager,
    /// From the control file's checkpoint.
    pub next: NextIds,
    /// From there too: the commit log on disk knows how all transactions before this one ended.
    pub oldest_active: Xid,
}

/// The ids that are given out next; what a checkpoint remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NextIds {
    /// No transaction has this xid or a higher one.
    pub xid: Xid,
    /// The next oid.
    pub oid: Oid,
}

struct XidSource {
    next: u64,
    /// Below this the WAL knows that xids are given out.
    promised: u64,
}

struct OidSource {
    next: u32,
    /// How many may be given out before the WAL must be told again.
    left: u32,
}

/// All transactions of an instance.
pub struct TransactionManager {
    pub(crate) visibility: Visibility,
    clog: CommitLog,
    xids: Mutex<XidSource>,
    oids: Mutex<OidSource>,
    commit_window: CommitWindow,
    commit_order: Mutex<()>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) files: Arc<dyn RelationFiles>,
    pub(crate) locks: LockManager,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    hook: OnceLock<Arc<dyn CommitHook>>,
    /// The end of the last commit record that nobody waited to see flushed.
    unflushed: AtomicU64,
    pub(crate) prepared: PreparedTable,
}

/// A commit whose record is in the log, between its two halves.
#[derive(Debug)]
pub(crate) struct Logged {
    xid: Xid,
    end: End,
    pub(crate) lsn: Lsn,
    within: Within,
}

/// How a commit's record is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SyncCommit {
    /// The commit returns when its record is on disk.
    #[default]
    On,
    /// The walwriter flushes it soon; a crash may lose it, whole.
    Off,
}

/// How a commit becomes durable, and who is told that its session waits for it.
#[derive(Clone, Copy)]
pub(crate) struct Durability<'a> {
    pub(crate) sync: SyncCommit,
    pub(crate) waits: &'a dyn WaitHooks,
}

impl TransactionManager {
    /// A manager that continues from a checkpoint.
    pub fn open(parts: Parts) -> TransactionManager {
        let next = parts.next.xid.max(Xid::FIRST_NORMAL);
        TransactionManager {
            // The first number stands for all commits before the start.
            visibility: Visibility::new(FIRST_CSN + 1, next),
            clog: CommitLog::open(Arc::clone(&parts.disk), parts.oldest_active),
            xids: Mutex::new(ranks::XID, XidSource { next: next.0, promised: next.0 }),
            oids: Mutex::new(ranks::OID, OidSource { next: parts.next.oid.0, left: 0 }),
            commit_window: CommitWindow::new(ranks::COMMIT_WINDOW),
            commit_order: Mutex::new(ranks::COMMIT_ORDER, ()),
            journal: parts.journal,
            files: parts.files,
            locks: parts.locks,
            clock: parts.clock,
            disk: parts.disk,
            hook: OnceLock::new(),
            unflushed: AtomicU64::new(0),
            prepared: PreparedTable::new(),
        }
    }

    /// Names who is told of commits with invalidations. Once, before the first session.
    pub fn set_commit_hook(&self, hook: Arc<dyn CommitHook>) {
        let _ = self.hook.set(hook);
    }

    /// The lock table that transactions take their locks in.
    pub fn locks(&self) -> &LockManager {
        &self.locks
    }

    // ---- numbers

    /// Gives out an xid.
    ///
    /// Errors: the WAL cannot be written; 54000 if the oldest snapshot is too old.
    pub(crate) fn assign_xid(&self) -> Result<Xid> {
        let mut xids = self.xids.lock();
        let xid = Xid(xids.next);
        self.visibility.csns.extend(xid)?;
        if xids.next >= xids.promised {
            let promised = xids.next + limits::XID_PREFETCH;
            self.journal.insert(kind::NEXT_XID, Xid::INVALID, &promised.to_le_bytes())?;
            xids.promised = promised;
        }
        xids.next += 1;
        self.visibility.set_next_xid(Xid(xids.next));
        Ok(xid)
    }

    /// The xid that is given out next.
    pub fn next_xid(&self) -> Xid {
        self.visibility.next_xid()
    }

    /// Every transaction below has ended.
    pub fn oldest_active_xid(&self) -> Xid {
        Xid(self.visibility.registry.oldest_active.load(Ordering::SeqCst))
    }

    /// Gives out an oid. It may be in use in some catalog after a wraparound: callers look.
    ///
    /// Errors: the WAL cannot be written.
    pub fn next_oid(&self) -> Result<Oid> {
        let mut oids = self.oids.lock();
        if oids.next == 0 {
            *oids = OidSource { next: Oid::FIRST_NORMAL.0, left: 0 };
        }
        if oids.left == 0 {
            let promised = oids.next.wrapping_add(limits::OID_PREFETCH);
            self.journal.insert(kind::NEXT_OID, Xid::INVALID, &promised.to_le_bytes())?;
            oids.left = limits::OID_PREFETCH;
        }
        let oid = Oid(oids.next);
        oids.next = oids.next.wrapping_add(1);
        oids.left -= 1;
        Ok(oid)
    }

    /// Continues the oids from here: initdb's phases.
    pub fn set_next_oid(&self, oid: Oid) {
        *self.oids.lock() = OidSource { next: oid.0, left: 0 };
    }

    // ---- ends

    /// What became of a transaction.
    ///
    /// Errors: the commit log cannot be read.
    pub fn status(&self, xid: Xid) -> Result<XidStatus> {
        Ok(match self.visibility.settled_state(xid) {
            CsnState::InProgress | CsnState::Committing => XidStatus::InProgress,
            CsnState::Committed(csn) => XidStatus::Committed(Some(csn)),
            CsnState::Aborted => XidStatus::Aborted,
            CsnState::Older if self.committed_long_ago(xid)? => XidStatus::Committed(None),
            CsnState::Older => XidStatus::Aborted,
        })
    }

    /// Whether a transaction below the csn table's floor committed.
    pub(crate) fn committed_long_ago(&self, xid: Xid) -> Result<bool> {
        match xid {
            Xid::BOOTSTRAP | Xid::FROZEN => Ok(true),
            Xid::INVALID => Ok(false),
            _ => Ok(self.clog.get(xid)? == Ended::Committed),
        }
    }

    /// The transactions (and subtransactions) that run now, at least all with an xid of at least `from`, in order:
    /// `pg_current_snapshot()`. Walks all xids from there on.
    pub fn running_xids(&self, from: Xid) -> Vec<Xid> {
        let from = from.max(self.oldest_active_xid());
        let is_running =
            |xid: &Xid| matches!(self.visibility.csns.state(*xid), CsnState::InProgress | CsnState::Committing);
        (from.0..self.next_xid().0).map(Xid).filter(is_running).collect()
    }

    /// True if what the WAL says of every published commit is on disk, so that a hint bit may be set. While commits
    /// without flush are on their way it is false for a moment.
    #[inline]
    pub fn may_set_hints(&self) -> bool {
        let unflushed = self.unflushed.load(Ordering::Acquire);
        unflushed == 0 || self.hints_wait_for(unflushed)
    }

    fn hints_wait_for(&self, unflushed: u64) -> bool {
        let flushed = self.journal.flushed().0 >= unflushed;
        if flushed {
            let _ = self.unflushed.compare_exchange(unflushed, 0, Ordering::AcqRel, Ordering::Relaxed);
        }
        flushed
    }

    /// The first half of a commit: its record is in the log.
    ///
    /// Errors: the log could not take it; the transaction can still abort.
    pub(crate) fn log_commit(&self, kind: u8, xid: Xid, end: End) -> Result<Logged> {
        let mut body = Vec::new();
        end.write(&mut body);
        let within = self.commit_window.enter();
        let lsn = self.journal.insert(kind, xid, &body)?;
        Ok(Logged { xid, end, lsn, within })
    }

    /// Between the halves: sees to it that the record gets to the disk. True if it is there; else `session` is woken when
    /// [`TransactionManager::has_settled`].
    ///
    /// Errors: PANIC.
    pub(crate) fn flush_or_enlist(
        &self,
        logged: &Logged,
        session: &Arc<Interrupts>,
        waits: &dyn WaitHooks,
    ) -> Result<bool> {
        let _critical = CriticalSection::enter();
        self.journal.flush_or_enlist(logged.lsn, session, waits).map_err(|error| error.severity(Severity::Panic))
    }

    /// True if the second half of a commit need not wait.
    pub(crate) fn has_settled(&self, logged: &Logged) -> bool {
        self.journal.has_settled(logged.lsn)
    }

    /// The second half of a commit: waits for the disk if asked, publishes, tells the hook. Locks and files are the caller's.
    ///
    /// Errors: PANIC.
    pub(crate) fn finish_commit(&self, logged: Logged, durability: Durability<'_>) -> Result<Csn> {
        let Logged { xid, end, lsn, within } = logged;
        let critical = CriticalSection::enter();
        let noted = self.make_durable(lsn, durability).and_then(|()| {
            let ended = end.subs.iter().copied().chain([xid]);
            self.note_ended(ended, Ended::Committed)
        });
        noted.map_err(|error| error.severity(Severity::Panic))?;
        drop(critical);
        drop(within);
        Ok(self.publish(xid, &end))
    }

    fn make_durable(&self, lsn: Lsn, durability: Durability<'_>) -> Result<()> {
        match durability.sync {
            SyncCommit::On if lsn <= self.journal.flushed() => Ok(()),
            SyncCommit::On => {
                let _waiting = Waiting::begin(durability.waits, WaitKind::WalFlush);
                self.journal.flush(lsn)
            }
            SyncCommit::Off => {
                self.unflushed.fetch_max(lsn.0, Ordering::AcqRel);
                self.journal.flush_soon(lsn);
                Ok(())
            }
        }
    }

    fn publish(&self, xid: Xid, end: &End) -> Csn {
        let csn = if end.invalidations.is_empty() {
            self.visibility.give_csn(xid, &end.subs)
        } else {
            let _in_order = self.commit_order.lock();
            let csn = self.visibility.give_csn(xid, &end.subs);
            if let Some(hook) = self.hook.get() {
                hook.committed(csn, &end.invalidations);
            }
            csn
        };
        self.visibility.note_commit();
        csn
    }

    /// Aborts a transaction or subtransaction and its own subtransactions.
    pub(crate) fn abort_xids(&self, xids: impl Iterator<Item = Xid>) {
        self.visibility.abort(xids);
    }

    // ---- the horizon

    /// What every snapshot in use, or yet to be taken, agrees on. Computed now.
    pub fn oldest_visible(&self) -> Horizon {
        self.visibility.oldest_visible()
    }

    /// As `oldest_visible`, but perhaps computed some commits ago: for pruning in passing.
    pub fn recent_horizon(&self) -> Horizon {
        self.visibility.recent_horizon()
    }

    /// True if a transaction that deleted something committed before every snapshot: what it deleted is dead.
    ///
    /// Errors: the commit log cannot be read.
    pub fn committed_before(&self, xid: Xid, horizon: Horizon) -> Result<bool> {
        Ok(match self.status(xid)? {
            XidStatus::Committed(Some(csn)) => csn < horizon.csn,
            XidStatus::Committed(None) => true,
            XidStatus::InProgress | XidStatus::Aborted => false,
        })
    }

    // ---- checkpoints and recovery

    /// What a checkpoint must remember. Called after the checkpoint chose its redo point: a promise made earlier is
    /// contained in it, one made later is replayed.
    pub fn checkpoint_ids(&self) -> NextIds {
        let xid = Xid(self.xids.lock().promised);
        let oids = self.oids.lock();
        NextIds { xid, oid: Oid(oids.next.wrapping_add(oids.left)) }
    }

    /// As `checkpoint_ids` for the last checkpoint of an orderly shutdown: promises not used up are taken back.
    pub fn shutdown_ids(&self) -> NextIds {
        let mut xids = self.xids.lock();
        xids.promised = xids.next;
        let mut oids = self.oids.lock();
        oids.left = 0;
        NextIds { xid: Xid(xids.next), oid: Oid(oids.next) }
    }

    /// Writes the commit log. Called after the redo point was chosen. [`TransactionManager::checkpoint_prepared`] follows later.
    ///
    /// Every commit whose record lies before the redo point is in the log when this returns: it waits out those
    /// that are between their record and the log.
    pub fn checkpoint(&self, redo: Lsn) -> Result<()> {
        self.commit_window.wait_out(&*self.clock);
        // Commits without flush may already be in the log: their records go first.
        let unflushed = Lsn(self.unflushed.load(Ordering::Acquire));
        self.journal.flush(redo.max(unflushed))?;
        self.clog.checkpoint(self.oldest_active_xid())
    }

    /// Recovery: no xid up to this one may be given out again. Called with the xid of every record.
    pub fn note_xid(&self, xid: Xid) {
        // Redo calls it for each record: most are of a transaction that was noted before.
        if xid.is_normal() && !self.visibility.is_given_out(xid) {
            self.raise_next_xid(xid.0 + 1);
        }
    }

    fn raise_next_xid(&self, next: u64) {
        let mut xids = self.xids.lock();
        xids.next = xids.next.max(next);
        xids.promised = xids.next;
        self.visibility.set_next_xid(Xid(xids.next));
    }

    /// Recovery: does again what a record of this resource manager says. It may have been done before.
    ///
    /// Errors: XX001 if the record is damaged; files that cannot be read or removed.
    pub fn redo(&self, record_kind: u8, xid: Xid, body: &[u8]) -> Result<()> {
        let mut reader = Reader(body);
        match record_kind {
            kind::NEXT_XID => self.raise_next_xid(reader.u64()?),
            kind::NEXT_OID => self.set_next_oid(Oid(reader.u32()?)),
            kind::COMMIT => self.redo_end(xid, &End::read(&mut reader)?, Ended::Committed)?,
            kind::ABORT => self.redo_end(xid, &End::read(&mut reader)?, Ended::Aborted)?,
            kind::PREPARE => {
                self.note_xid(xid);
                self.redo_prepare(body)?;
            }
            kind::COMMIT_PREPARED => {
                self.redo_end(xid, &End::read(&mut reader)?, Ended::Committed)?;
                self.redo_finish(xid)?;
            }
            kind::ABORT_PREPARED => {
                self.redo_end(xid, &End::read(&mut reader)?, Ended::Aborted)?;
                self.redo_finish(xid)?;
            }
            other => return Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of transactions"))),
        }
        Ok(())
    }

    fn redo_end(&self, xid: Xid, end: &End, ended: Ended) -> Result<()> {
        for xid in end.subs.iter().chain([&xid]) {
            self.note_xid(*xid);
            self.clog.set(*xid, ended)?;
        }
        self.files.remove(&end.files)
    }

    /// Recovery is over: what has not committed by now has aborted, but for prepared transactions, which come back.
    ///
    /// Errors: the commit log cannot be read.
    pub fn finish_recovery(&self) -> Result<()> {
        let states = self.take_redone();
        xids_of(&states).for_each(|xid| self.note_xid(xid));
        let next = self.next_xid();
        let running: BTreeSet<Xid> = xids_of(&states).collect();
        let oldest = running.first().copied().unwrap_or(next);
        let Visibility { csns, registry, .. } = &self.visibility;
        csns.restart(oldest);
        for xid in (oldest.0..next.0).map(Xid) {
            csns.extend(xid)?;
            match self.clog.get(xid)? {
                _ if running.contains(&xid) => {}
                Ended::Committed => csns.set_committed(xid, Csn(FIRST_CSN)),
                _ => csns.set_aborted(xid),
            }
        }
        registry.restart(oldest);
        states.into_iter().try_for_each(|state| self.restore_prepared(state))
    }

    /// Shared hold of the time between a record that ends or prepares a transaction and what it says being in memory.
    pub(crate) fn commit_window(&self) -> Within {
        self.commit_window.enter()
    }

    /// Says in the commit log how transactions ended.
    pub(crate) fn note_ended(&self, xids: impl Iterator<Item = Xid>, ended: Ended) -> Result<()> {
        xids.into_iter().try_for_each(|xid| self.clog.set(xid, ended))
    }

    /// True if the commit log knows how a transaction ended.
    pub(crate) fn has_ended(&self, xid: Xid) -> Result<bool> {
        Ok(self.clog.get(xid)? != Ended::No)
    }
}

impl std::fmt::Debug for TransactionManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TransactionManager(next xid {}, oldest {})", self.next_xid(), self.oldest_active_xid())
    }
}
