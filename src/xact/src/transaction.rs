//! One transaction: a value that its session owns.

use crate::manager::{Durability, Logged, SyncCommit};
use crate::prepared::{Preparation, PreparedInfo};
use crate::prepared_state::State;
use crate::records::{End, kind};
use crate::snapshot::{Pins, Snapshot};
use crate::{Changes, TransactionManager, limits};
use base::{CommandId, Csn, Lsn, RelFile, Xid};
use lock::{LockMark, LockMode, LockOwner, LockScope, LockTag};
use report::{Result, bail};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;
use sync::Interrupts;

/// What a transaction's statements see of each other and of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Isolation {
    /// Each statement has a snapshot of its own.
    #[default]
    ReadCommitted,
    /// One snapshot for all.
    RepeatableRead,
}

/// How a transaction begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TransactionOptions {
    /// Its isolation. May be changed until the first snapshot.
    pub isolation: Isolation,
    /// How its commit is treated. May be changed until then.
    pub sync_commit: SyncCommit,
}

/// When a relation's file goes away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Removal {
    /// It was dropped: if the transaction commits.
    AtCommit,
    /// It was made: if the transaction aborts.
    AtAbort,
}

/// The transaction itself, or one open savepoint.
struct Level {
    /// Assigned at its first write.
    xid: Xid,
    /// Subtransactions of it that ended well, theirs included.
    children: Vec<Xid>,
    lock_mark: LockMark,
    files: usize,
    invalidations: usize,
}

/// How a transaction ended well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Committed {
    /// Its number, if it wrote anything.
    pub csn: Option<Csn>,
    /// The end of its record.
    pub lsn: Lsn,
}

/// A running transaction. Dropping it aborts it.
///
/// It belongs to a session and may move between threads with it. Locks it takes are its owner's, in transaction scope.
pub struct Transaction {
    manager: Transactions,
    owner: LockOwner,
    options: TransactionOptions,
    levels: SmallVec<[Level; 1]>,
    /// The xids in `levels` but the top one, sorted: what snapshots share. Made when asked for.
    own_subs: Option<Arc<[Xid]>>,
    own_is_stale: bool,
    command: CommandId,
    command_is_used: bool,
    pins: Pins,
    /// The one snapshot of a repeatable read.
    fixed: Option<Snapshot>,
    /// Whether a statement has taken a snapshot.
    has_snapshot: bool,
    files: Vec<(RelFile, Removal)>,
    invalidations: Vec<u8>,
    changes: Changes,
    virtual_number: u64,
    ended: bool,
}

/// A session's own reference to the manager. Its transactions count references to this, in memory that no other session writes: counted at
/// the manager, two sessions that each read a row would wait for each other's processor.
#[derive(Clone)]
pub struct Transactions(Arc<OwnReference>);

/// The one reference to the manager that a session counts.
struct OwnReference(Arc<TransactionManager>);

impl std::ops::Deref for Transactions {
    type Target = Arc<TransactionManager>;
    fn deref(&self) -> &Arc<TransactionManager> {
        &self.0.0
    }
}

impl TransactionManager {
    /// A reference for one session.
    pub fn of_session(self: &Arc<Self>) -> Transactions {
        Transactions(Arc::new(OwnReference(Arc::clone(self))))
    }

    /// Begins a transaction whose locks are `owner`'s, for who begins one now and then.
    pub fn begin(self: &Arc<Self>, owner: &LockOwner, options: TransactionOptions) -> Transaction {
        self.of_session().begin_transaction(owner, options)
    }
}

impl Transactions {
    /// Begins a transaction of the session, whose locks are `owner`'s.
    pub fn begin_transaction(&self, owner: &LockOwner, options: TransactionOptions) -> Transaction {
        let level =
            Level { xid: Xid::INVALID, children: Vec::new(), lock_mark: owner.mark(), files: 0, invalidations: 0 };
        Transaction {
            manager: self.clone(),
            owner: owner.clone(),
            options,
            levels: smallvec![level],
            own_subs: None,
            own_is_stale: false,
            command: CommandId::FIRST,
            command_is_used: false,
            pins: Pins::new(self, owner.number()),
            fixed: None,
            has_snapshot: false,
            files: Vec::new(),
            invalidations: Vec::new(),
            changes: Changes::default(),
            virtual_number: owner.next_virtual_transaction(),
            ended: false,
        }
    }
}

impl Transaction {
    /// The manager it belongs to.
    pub fn manager(&self) -> &Arc<TransactionManager> {
        &self.manager
    }

    /// Whose locks it takes.
    pub fn owner(&self) -> &LockOwner {
        &self.owner
    }

    /// Its virtual number within its owner.
    pub fn virtual_number(&self) -> u64 {
        self.virtual_number
    }

    /// Its isolation.
    pub fn isolation(&self) -> Isolation {
        self.options.isolation
    }

    /// Changes the isolation. Only before the first snapshot: callers check with `has_snapshot`.
    pub fn set_isolation(&mut self, isolation: Isolation) {
        self.options.isolation = isolation;
    }

    /// True once a statement has taken its snapshot.
    pub fn has_snapshot(&self) -> bool {
        self.has_snapshot
    }

    /// Changes how the commit is treated.
    pub fn set_sync_commit(&mut self, sync: SyncCommit) {
        self.options.sync_commit = sync;
    }

    /// Ends the statement if somebody asked for it: see [`LockOwner::check_interrupts`].
    #[inline]
    pub fn check_interrupts(&self) -> Result<()> {
        self.owner.check_interrupts()
    }

    // ---- xids

    /// The xid to write with: the innermost open savepoint's, assigned now if need be, with its parents'.
    ///
    /// Errors: the WAL cannot be written; 54000 if the oldest snapshot is too old.
    #[inline]
    pub fn xid(&mut self) -> Result<Xid> {
        let xid = self.current_level().xid;
        if xid.is_valid() { Ok(xid) } else { self.assign_xids() }
    }

    #[cold]
    fn assign_xids(&mut self) -> Result<Xid> {
        for at in 0..self.levels.len() {
            if !self.levels[at].xid.is_valid() {
                let xid = self.manager.assign_xid()?;
                // Entered at once: an xid that is nobody's would hold the horizon back for ever.
                self.levels[at].xid = xid;
                self.own_is_stale = true;
                self.owner.acquire(LockTag::Transaction(xid), LockMode::Exclusive, LockScope::Transaction)?;
            }
        }
        Ok(self.current_level().xid)
    }

    /// The top transaction's xid, if it has one: `pg_current_xact_id_if_assigned()`.
    pub fn top_xid(&self) -> Option<Xid> {
        Some(self.levels[0].xid).filter(|xid| xid.is_valid())
    }

    /// True if it is this transaction's xid or a live subtransaction's.
    pub fn is_own(&self, xid: Xid) -> bool {
        self.levels.iter().any(|level| level.xid == xid || level.children.contains(&xid))
    }

    /// Waits until another transaction ended.
    ///
    /// Errors: those of [`LockOwner::acquire`].
    pub fn wait_for(&self, xid: Xid) -> Result<()> {
        let tag = LockTag::Transaction(xid);
        self.owner.acquire(tag, LockMode::Share, LockScope::Transaction)?;
        self.owner.release(tag, LockMode::Share, LockScope::Transaction);
        Ok(())
    }

    /// True if another transaction has not ended.
    ///
    /// Errors: the commit log cannot be read.
    pub fn is_running(&self, xid: Xid) -> Result<bool> {
        Ok(self.manager.status(xid)? == crate::XidStatus::InProgress)
    }

    // ---- commands and snapshots

    /// The present command, to write with: what it writes, later commands see.
    pub fn command(&mut self) -> CommandId {
        self.command_is_used = true;
        self.command
    }

    /// The present command's number, without writing.
    pub fn current_command(&self) -> CommandId {
        self.command
    }

    /// Begins the next command if the present one wrote anything: snapshots taken from now on see that.
    ///
    /// Errors: 54000 after 2^32 - 2 commands.
    pub fn next_command(&mut self) -> Result<()> {
        if self.command_is_used {
            if self.command.0 == u32::MAX - 1 {
                bail!(PROGRAM_LIMIT_EXCEEDED, "cannot have more than 2^32-2 commands in a transaction");
            }
            self.command = CommandId(self.command.0 + 1);
            self.command_is_used = false;
        }
        Ok(())
    }

    /// A statement's snapshot: of this moment in read committed, of the first one's in repeatable read.
    pub fn snapshot(&mut self) -> Snapshot {
        self.has_snapshot = true;
        if self.options.isolation == Isolation::ReadCommitted {
            return self.latest_snapshot();
        }
        let own = self.own_xids();
        if let Some(fixed) = &self.fixed {
            return fixed.refreshed(own, self.command);
        }
        let snapshot = Snapshot::new(self.pins.take(), own, self.command);
        self.fixed = Some(snapshot.clone());
        snapshot
    }

    /// A snapshot of this moment, whatever the isolation: catalogs, constraint checks.
    pub fn latest_snapshot(&mut self) -> Snapshot {
        let own = self.own_xids();
        Snapshot::new(self.pins.take(), own, self.command)
    }

    /// The oldest snapshot that the transaction still uses; if it uses none, one of this moment.
    pub fn oldest_snapshot(&mut self) -> Snapshot {
        let own = self.own_xids();
        let taken = self.pins.oldest().unwrap_or_else(|| self.pins.take());
        Snapshot::new(taken, own, self.command)
    }

    fn own_xids(&mut self) -> (Xid, Option<Arc<[Xid]>>) {
        if self.own_is_stale {
            self.own_is_stale = false;
            let below = self.levels[1..].iter().map(|level| level.xid).filter(|xid| xid.is_valid());
            let children = self.levels.iter().flat_map(|level| level.children.iter().copied());
            let mut subs: Vec<Xid> = below.chain(children).collect();
            subs.sort_unstable();
            self.own_subs = (!subs.is_empty()).then(|| subs.into());
        }
        (self.levels[0].xid, self.own_subs.clone())
    }

    // ---- savepoints

    /// How many savepoints are open.
    pub fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    /// Opens a savepoint.
    ///
    /// Errors: 54000 if there are too many.
    pub fn begin_savepoint(&mut self) -> Result<()> {
        if self.levels.len() >= limits::SUBTRANSACTION_DEPTH_MAX {
            bail!(PROGRAM_LIMIT_EXCEEDED, "too many nested savepoints");
        }
        self.levels.push(Level {
            xid: Xid::INVALID,
            children: Vec::new(),
            lock_mark: self.owner.mark(),
            files: self.files.len(),
            invalidations: self.invalidations.len(),
        });
        self.changes.begin_level();
        Ok(())
    }

    /// Closes the innermost savepoint and keeps what was done under it. Panics if there is none.
    pub fn release_savepoint(&mut self) {
        let level = self.pop_level();
        self.changes.end_level(true);
        let parent = self.levels.last_mut().expect("the transaction itself is a level");
        if level.xid.is_valid() {
            parent.children.push(level.xid);
        }
        parent.children.extend(level.children);
    }

    /// Closes the innermost savepoint and undoes what was done under it, its locks included. Panics if there is none.
    ///
    /// Errors: files made under it cannot be removed; it is closed all the same.
    pub fn rollback_savepoint(&mut self) -> Result<()> {
        let level = self.pop_level();
        self.changes.end_level(false);
        self.own_is_stale = true;
        self.invalidations.truncate(level.invalidations);
        self.end_xids(&level);
        let gone: Vec<RelFile> = made(self.files.drain(level.files..));
        self.owner.release_to(level.lock_mark);
        self.manager.files.remove(&gone)
    }

    fn pop_level(&mut self) -> Level {
        assert!(self.levels.len() > 1, "no savepoint is open");
        self.levels.pop().expect("it was just counted")
    }

    fn current_level(&self) -> &Level {
        self.levels.last().expect("the transaction itself is a level")
    }

    /// Makes the xids of a level aborted and gives back their row locks.
    fn end_xids(&self, level: &Level) {
        let xids = || level.children.iter().copied().chain([level.xid]).filter(|xid| xid.is_valid());
        self.manager.abort_xids(xids());
        xids().for_each(|xid| self.manager.locks.rows().end(xid));
    }

    // ---- what its end must do

    /// What it changed, for the statistics.
    #[inline]
    pub fn changes(&mut self) -> &mut Changes {
        &mut self.changes
    }

    /// Takes what it changed out of it: whoever ends it settles that by how it ended.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Notes that it made this relation file: removed if it aborts.
    ///
    /// Errors: an xid cannot be had.
    pub fn file_created(&mut self, file: RelFile) -> Result<()> {
        self.xid()?;
        self.files.push((file, Removal::AtAbort));
        Ok(())
    }

    /// True if it made this relation file itself, so that nobody else has seen what is in it.
    pub fn has_created(&self, file: RelFile) -> bool {
        self.files.contains(&(file, Removal::AtAbort))
    }

    /// Notes that it dropped this relation file: removed if it commits.
    ///
    /// Errors: an xid cannot be had.
    pub fn file_dropped(&mut self, file: RelFile) -> Result<()> {
        self.xid()?;
        self.files.push((file, Removal::AtCommit));
        Ok(())
    }

    /// Adds to what the commit record tells shared caches.
    ///
    /// Errors: an xid cannot be had.
    pub fn add_invalidation(&mut self, payload: &[u8]) -> Result<()> {
        self.xid()?;
        self.invalidations.extend_from_slice(payload);
        Ok(())
    }

    /// What was added so far.
    pub fn invalidations(&self) -> &[u8] {
        &self.invalidations
    }

    // ---- the end

    /// Commits. Open savepoints are released first.
    ///
    /// Errors: the log could not take the record: it has aborted. PANIC: the log took it and then failed.
    pub fn commit(mut self) -> Result<Committed> {
        while self.levels.len() > 1 {
            self.release_savepoint();
        }
        match self.write_commit() {
            Ok(committed) => {
                self.finish();
                Ok(committed)
            }
            Err(error) => {
                self.abort_now();
                Err(error)
            }
        }
    }

    /// Commits as far as that goes without waiting for the disk. `session` is woken when the rest need not wait.
    ///
    /// What others than its own session do for a commit, or are told of it, is not left for later: such a commit waits.
    ///
    /// Errors: as [`Transaction::commit`].
    pub fn begin_commit(mut self, session: &Arc<Interrupts>) -> Result<Ending> {
        let is_plain =
            self.options.sync_commit == SyncCommit::On && self.files.is_empty() && self.invalidations.is_empty();
        if !is_plain || !self.levels[0].xid.is_valid() {
            return self.commit().map(Ending::Done);
        }
        while self.levels.len() > 1 {
            self.release_savepoint();
        }
        match self.log_and_enlist(session) {
            Ok(None) => {
                self.finish();
                Ok(Ending::Done(Committed::default()))
            }
            Ok(Some(logged)) => {
                // Whatever becomes of it now, it is not undone.
                self.ended = true;
                Ok(Ending::Later(Box::new(Committing { transaction: self, logged: Some(logged) })))
            }
            Err(error) => {
                self.abort_now();
                Err(error)
            }
        }
    }

    /// Commits but for the locks. `Some`: the record is on its way to the disk.
    fn log_and_enlist(&mut self, session: &Arc<Interrupts>) -> Result<Option<Logged>> {
        let logged = self.log_commit()?;
        let durability = Durability { sync: SyncCommit::On, waits: self.owner.hooks() };
        if !self.manager.flush_or_enlist(&logged, session, durability.waits)? {
            return Ok(Some(logged));
        }
        self.manager.finish_commit(logged, durability).map(|_| None)
    }

    fn log_commit(&mut self) -> Result<Logged> {
        let end = self.end(Removal::AtCommit);
        self.manager.log_commit(kind::COMMIT, self.levels[0].xid, end)
    }

    fn write_commit(&mut self) -> Result<Committed> {
        if !self.levels[0].xid.is_valid() {
            return Ok(Committed::default());
        }
        let files = self.files_to_remove(Removal::AtCommit);
        let logged = self.log_commit()?;
        let lsn = logged.lsn;
        // A file that goes away cannot wait for the walwriter: the record must be on disk before it is gone.
        let sync = if files.is_empty() { self.options.sync_commit } else { SyncCommit::On };
        let csn = self.manager.finish_commit(logged, Durability { sync, waits: self.owner.hooks() })?;
        self.ended = true;
        self.manager.files.remove(&files)?;
        Ok(Committed { csn: Some(csn), lsn })
    }

    /// Ends the session's part of the transaction: it waits under this name for
    /// [`TransactionManager::finish_prepared`]. Open savepoints are released first.
    ///
    /// Errors: 42710 if the name is taken, 53200 if there are too many, the log could not take the record: it has aborted.
    pub fn prepare(mut self, preparation: Preparation<'_>) -> Result<()> {
        while self.levels.len() > 1 {
            self.release_savepoint();
        }
        let prepared_max = preparation.prepared_max;
        let state = self.prepared_state(preparation)?;
        let manager = Arc::clone(&self.manager);
        manager.prepare(state, prepared_max, |owner| {
            self.ended = true;
            self.owner.transfer_transaction(owner);
        })?;
        self.levels[0].xid = Xid::INVALID;
        self.levels[0].children.clear();
        self.owner.release_transaction();
        Ok(())
    }

    fn prepared_state(&mut self, preparation: Preparation<'_>) -> Result<State> {
        let Preparation { identifier, role, database, changes, .. } = preparation;
        let xid = self.xid()?;
        let prepared_us = self.manager.clock.wall_us();
        let end = self.end(Removal::AtCommit);
        Ok(State {
            info: PreparedInfo { xid, identifier: identifier.to_owned(), prepared_us, role, database },
            files_made: self.files_to_remove(Removal::AtAbort),
            locks: self.owner.transaction_locks(),
            rows: self.manager.shared_rows(end.subs.iter().copied().chain([xid])),
            on_commit: changes.clone().end(true),
            on_rollback: changes.end(false),
            end,
        })
    }

    fn files_to_remove(&self, removal: Removal) -> Vec<RelFile> {
        self.files.iter().filter(|(_, when)| *when == removal).map(|(file, _)| *file).collect()
    }

    fn end(&mut self, removal: Removal) -> End {
        End {
            time_us: self.manager.clock.wall_us(),
            subs: self.levels[0].children.clone(),
            files: self.files_to_remove(removal),
            invalidations: if removal == Removal::AtCommit {
                std::mem::take(&mut self.invalidations)
            } else {
                Vec::new()
            },
        }
    }

    /// Rolls back.
    pub fn abort(mut self) {
        self.abort_now();
    }

    fn abort_now(&mut self) {
        if self.ended {
            return self.finish();
        }
        // Errors end here: what could not be logged or removed is garbage that harms nobody.
        while self.levels.len() > 1 {
            let _ = self.rollback_savepoint();
        }
        let xid = self.levels[0].xid;
        let end = self.end(Removal::AtAbort);
        if xid.is_valid() && !end.files.is_empty() {
            let mut body = Vec::new();
            end.write(&mut body);
            let _ = self.manager.journal.insert(kind::ABORT, xid, &body);
        }
        self.end_xids(&self.levels[0]);
        let _ = self.manager.files.remove(&end.files);
        self.finish();
    }

    /// Gives back row locks and locks: the end is published.
    fn finish(&mut self) {
        self.ended = true;
        let level = &self.levels[0];
        if level.xid.is_valid() {
            let all = level.children.iter().chain([&level.xid]);
            all.for_each(|xid| self.manager.locks.rows().end(*xid));
        }
        self.levels.truncate(1);
        self.levels[0].xid = Xid::INVALID;
        self.levels[0].children.clear();
        self.owner.release_transaction();
    }
}

fn made(files: impl Iterator<Item = (RelFile, Removal)>) -> Vec<RelFile> {
    files.filter(|(_, when)| *when == Removal::AtAbort).map(|(file, _)| file).collect()
}

/// What a commit came to.
#[derive(Debug)]
pub enum Ending {
    /// It is over.
    Done(Committed),
    /// Its record is on its way to the disk.
    Later(Box<Committing>),
}

/// A commit whose record is in the log: what is left of it. Dropped, it is finished all the same.
#[derive(Debug)]
pub struct Committing {
    transaction: Transaction,
    logged: Option<Logged>,
}

impl Committing {
    /// True if [`Committing::finish`] need not wait.
    pub fn has_settled(&self) -> bool {
        self.logged.as_ref().is_none_or(|logged| self.transaction.manager.has_settled(logged))
    }

    /// The rest: the transaction is seen, its locks are given back. Waits for the disk if it has to.
    ///
    /// Errors: PANIC.
    pub fn finish(mut self) -> Result<()> {
        self.finish_rest()
    }

    fn finish_rest(&mut self) -> Result<()> {
        let Some(logged) = self.logged.take() else { return Ok(()) };
        let transaction = &mut self.transaction;
        let durability = Durability { sync: SyncCommit::On, waits: transaction.owner.hooks() };
        transaction.manager.finish_commit(logged, durability)?;
        transaction.finish();
        Ok(())
    }
}

impl Drop for Committing {
    fn drop(&mut self) {
        // A log that has failed ends the instance; whoever uses it next says so.
        let _ = self.finish_rest();
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            self.abort_now();
        }
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transaction(xid {}, command {}, depth {})", self.levels[0].xid, self.command, self.depth())
    }
}
