//! Beginning and ending a session's transaction: the transaction itself, and everything that takes part in it.
//!
//! Commit, in order:
//! 1. participants do what must happen before (deferred constraints); they may still fail the transaction;
//! 2. the transaction commits: its record is logged and flushed, its number published, the shared caches are told, its locks
//!    given back;
//!    A session in the pool does not wait for the flush: see [`Ctx::begin_commit`];
//! 3. settings changed by SET stay, those by SET LOCAL go; participants are told.

use crate::Ctx;
use crate::activity::SessionKind;
use crate::statistics::{DatabaseCounter, SessionTimes};
use report::{Error, Result};
use xact::{Changes, Committing, Ending, Isolation, Snapshot, Transaction, TransactionOptions};

/// Somebody who must act when a transaction or savepoint ends.
pub trait TransactionParticipant: Send {
    /// The transaction is about to commit. An error aborts it. Whoever does work here may register further participants.
    fn before_commit(&mut self, cx: Ctx<'_>) -> Result<()>;

    /// The transaction is about to be prepared; `before_commit` came first. An error aborts it.
    fn before_prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// A savepoint was opened; `depth` is now the number of open ones.
    fn savepoint_begun(&mut self, depth: usize);

    /// A savepoint has ended, well or not; `depth` were open before.
    fn savepoint_ended(&mut self, depth: usize, committed: bool);

    /// The transaction has ended.
    ///
    /// Errors: a PANIC. The transaction stands as it ended, but the server cannot go on.
    fn ended(&mut self, cx: Ctx<'_>, committed: bool) -> Result<()>;

    /// For the layer that registered it to find it again.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// What is left of a commit that is on its way to the disk.
pub struct LateCommit {
    rest: Box<Committing>,
    changes: Changes,
}

impl<'a> Ctx<'a> {
    /// Begins a transaction, with the session's default isolation and access mode. Panics if there is one.
    pub fn start_transaction(self) {
        let session = self.session;
        let is_free = session.transaction.borrow().is_none() && !session.is_committing();
        assert!(is_free, "a session has one transaction at a time");
        let mut settings = session.settings.borrow_mut();
        let frequent = settings.frequent();
        let options = TransactionOptions {
            isolation: default_isolation(frequent.default_isolation),
            sync_commit: sync_commit(frequent.synchronous_commit),
        };
        session.is_read_only.set(frequent.default_read_only);
        settings.begin_transaction();
        drop(settings);
        let transaction = session.store.xacts.begin_transaction(&session.locks, options);
        session.transaction_start_us.set(session.statement_start_us.get());
        session.entry.set_transaction_start(session.statement_start_us.get());
        *session.transaction.borrow_mut() = Some(transaction);
    }

    /// Commits. On an error the transaction has been aborted.
    pub fn commit_transaction(self) -> Result<()> {
        let (transaction, changes) = self.take_to_commit()?;
        let outcome = transaction.commit();
        self.committed(outcome.map(drop), changes)
    }

    /// Commits as far as that goes without waiting for the disk. Where something is left, [`Ctx::settle_commit`] does it; the session's interrupts are
    /// woken when that need not wait, and until then it runs nothing. On an error the transaction has been aborted.
    pub fn begin_commit(self) -> Result<()> {
        let session = self.session;
        let (transaction, changes) = self.take_to_commit()?;
        match transaction.begin_commit(session.locks.interrupts()) {
            Ok(Ending::Later(rest)) => {
                *session.committing.borrow_mut() = Some(LateCommit { rest, changes });
                Ok(())
            }
            outcome => self.committed(outcome.map(drop), changes),
        }
    }

    /// The transaction, about to commit, and what it has changed.
    ///
    /// Errors: a participant's; the transaction has been aborted.
    fn take_to_commit(self) -> Result<(Transaction, Changes)> {
        if let Err(error) = self.before_commit() {
            self.abort_transaction();
            return Err(error);
        }
        let session = self.session;
        let mut transaction = session.transaction.borrow_mut().take().expect("there is a transaction to commit");
        transaction.set_sync_commit(sync_commit(session.settings.borrow().frequent().synchronous_commit));
        let changes = transaction.take_changes();
        Ok((transaction, changes))
    }

    /// The session's part, after its transaction has committed or failed to.
    fn committed(self, outcome: Result<()>, changes: Changes) -> Result<()> {
        let left = self.after_end(outcome.is_ok(), changes);
        outcome.and(left)
    }

    /// Does what is left of a commit, if that need not wait; `waits`: in any case. True if nothing is left.
    ///
    /// Errors: PANIC.
    pub fn settle_commit(self, waits: bool) -> Result<bool> {
        let is_due = self.session.committing.borrow().as_ref().is_some_and(|late| waits || late.rest.has_settled());
        if !is_due {
            return Ok(!self.session.is_committing());
        }
        let Some(LateCommit { rest, changes }) = self.session.committing.borrow_mut().take() else { return Ok(true) };
        self.committed(rest.finish(), changes).map(|()| true)
    }

    /// Runs the participants until none is left that was not asked.
    pub(crate) fn before_commit(self) -> Result<()> {
        let mut done = Vec::new();
        loop {
            let next = self.session.participants.borrow_mut().pop();
            let Some(mut participant) = next else { break };
            let outcome = participant.before_commit(self);
            done.push(participant);
            if outcome.is_err() {
                self.session.participants.borrow_mut().append(&mut done);
                return outcome;
            }
        }
        *self.session.participants.borrow_mut() = done;
        Ok(())
    }

    /// Rolls back; nothing if there is no transaction.
    pub fn abort_transaction(self) {
        let transaction = self.session.transaction.borrow_mut().take();
        if let Some(mut transaction) = transaction {
            let changes = transaction.take_changes();
            transaction.abort();
            // Who fails has an error to report already; a log that broke fails whoever uses it next.
            let _ = self.after_end(false, changes);
        }
    }

    fn after_end(self, committed: bool, changes: Changes) -> Result<()> {
        let left = self.leave_transaction(committed);
        self.count_transaction(committed, changes);
        left
    }

    /// The session's part of the transaction has ended.
    ///
    /// Errors: a participant's PANIC.
    pub(crate) fn leave_transaction(self, committed: bool) -> Result<()> {
        let session = self.session;
        session.touches_temporary.set(false);
        session.overlay.clear();
        session.outer_read_only.borrow_mut().clear();
        session.settings.borrow_mut().end_transaction(committed);
        let participants = std::mem::take(&mut *session.participants.borrow_mut());
        let ended = participants.into_iter().map(|mut participant| participant.ended(self, committed));
        let outcome = ended.fold(Ok(()), Result::and);
        self.refresh_settings();
        outcome
    }

    /// Counts a transaction and what it changed. What all share learns of it now or a little later.
    pub(crate) fn count_transaction(self, committed: bool, changes: Changes) {
        let (session, shared) = (self.session, &self.instance.statistics);
        let ended = changes.end(committed);
        session.statistics_view.borrow_mut().clear();
        session.entry.set_transaction_start(0);
        let now_us = session.statement_start_us.get();
        let is_time = session.statistics.borrow_mut().transaction_ended(&ended, committed, now_us);
        if is_time {
            self.flush_statistics();
        }
        ended.gone.iter().for_each(|key| shared.forget(*key));
    }

    /// Adds what the session has counted to what all share. Outside transactions.
    pub fn flush_statistics(self) {
        let (session, now_us) = (self.session, self.now_us());
        // Only clients' sessions count as such.
        let is_client = session.entry.kind == SessionKind::Client;
        let times = if is_client { session.entry.take_times(now_us) } else { SessionTimes::default() };
        let mut pending = session.statistics.borrow_mut();
        pending.add(DatabaseCounter::Deadlocks, session.locks.take_deadlocks() as i64);
        pending.take_up(&session.store);
        pending.flush(session.database, times, now_us, &self.instance.statistics);
    }

    /// Opens a savepoint.
    pub fn begin_savepoint(self) -> Result<()> {
        self.with_tx(Transaction::begin_savepoint)?;
        self.session.settings.borrow_mut().begin_level();
        self.session.outer_read_only.borrow_mut().push(self.session.is_read_only.get());
        let depth = self.with_tx(|tx| tx.depth());
        self.session.participants.borrow_mut().iter_mut().for_each(|p| p.savepoint_begun(depth));
        Ok(())
    }

    /// Ends the innermost savepoint, keeping what was done since.
    pub fn release_savepoint(self) {
        self.end_savepoint(true).expect("releasing does not fail");
    }

    /// Undoes what was done since the innermost savepoint was opened, and ends it.
    pub fn rollback_savepoint(self) -> Result<()> {
        self.end_savepoint(false)
    }

    fn end_savepoint(self, committed: bool) -> Result<()> {
        let depth = self.with_tx(|tx| tx.depth());
        self.session.participants.borrow_mut().iter_mut().for_each(|p| p.savepoint_ended(depth, committed));
        let mut settings = self.session.settings.borrow_mut();
        let level = settings.level();
        settings.end_level(level, committed);
        drop(settings);
        if let Some(outer) = self.session.outer_read_only.borrow_mut().pop() {
            self.session.is_read_only.set(outer);
        }
        let outcome = self.with_tx(|tx| match committed {
            true => {
                tx.release_savepoint();
                Ok(())
            }
            false => tx.rollback_savepoint(),
        });
        if !committed {
            let left = self.with_tx(|tx| tx.invalidations().to_vec());
            self.session.overlay.reset_to(&left)?;
        }
        self.refresh_settings();
        outcome
    }

    /// True in a transaction.
    pub fn in_transaction(self) -> bool {
        self.session.transaction.borrow().is_some()
    }

    /// Does something with the transaction. Panics outside one.
    #[track_caller]
    pub fn with_tx<T>(self, work: impl FnOnce(&mut Transaction) -> T) -> T {
        work(self.session.transaction.borrow_mut().as_mut().expect("a statement runs in a transaction"))
    }

    /// The statement's snapshot.
    #[track_caller]
    pub fn snapshot(self) -> Snapshot {
        self.with_tx(Transaction::snapshot)
    }

    /// Makes what the statement did so far visible to what comes next.
    pub fn next_command(self) -> Result<()> {
        self.with_tx(Transaction::next_command)
    }

    /// Ends the statement if somebody asked for it. Errors: 57014, 57P01, ...
    #[inline]
    pub fn check_interrupts(self) -> Result<()> {
        self.session.locks.check_interrupts()
    }
}

fn default_isolation(choice: &str) -> Isolation {
    match choice {
        "repeatable read" | "serializable" => Isolation::RepeatableRead,
        _ => Isolation::ReadCommitted,
    }
}

fn sync_commit(choice: &str) -> xact::SyncCommit {
    match choice {
        "off" => xact::SyncCommit::Off,
        _ => xact::SyncCommit::On,
    }
}

/// 0A000: what SET TRANSACTION ISOLATION LEVEL SERIALIZABLE answers until it is real.
pub fn serializable_unsupported() -> Error {
    Error::unsupported("transaction isolation level serializable")
}
