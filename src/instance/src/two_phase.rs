//! Two-phase commit from the session's side: what may not be prepared, and who may end what was.
//!
//! The session leaves a transaction that it prepares as it leaves one that it commits; only the statistics hear of what was changed when
//! COMMIT PREPARED or ROLLBACK PREPARED, of whatever session, says what came of it.
//!
//! Source: PostgreSQL 15 twophase.c, xact.c (PrepareTransaction).

use crate::Ctx;
use config::Setting;
use lock::LockTag;
use report::{Result, bail, error};
use xact::{Preparation, PreparedEnd, PreparedInfo};

/// An identifier is shorter than this, in bytes.
const IDENTIFIER_BYTES_MAX: usize = 200;

impl Ctx<'_> {
    /// PREPARE TRANSACTION. On an error the transaction has been aborted.
    ///
    /// Errors: 0A000 for what cannot be prepared; 22023, 42710, 53200, 55000 for the identifier; those of deferred checks.
    pub fn prepare_transaction(self, identifier: &str) -> Result<()> {
        if let Err(error) = self.before_commit().and_then(|()| self.check_preparable(identifier)) {
            self.abort_transaction();
            return Err(error);
        }
        let session = self.session;
        let mut transaction = session.transaction.borrow_mut().take().expect("there is a transaction to prepare");
        let changes = transaction.take_changes();
        let outcome = transaction.prepare(Preparation {
            identifier,
            role: session.current_user(),
            database: session.database,
            prepared_max: self.prepared_max(),
            changes: changes.clone(),
        });
        let left = self.leave_transaction(outcome.is_ok());
        match outcome {
            Ok(()) => session.entry.set_transaction_start(0),
            Err(_) => self.count_transaction(false, changes),
        }
        outcome.and(left)
    }

    fn prepared_max(self) -> usize {
        self.instance.settings.int(Setting::MaxPreparedTransactions) as usize
    }

    fn check_preparable(self, identifier: &str) -> Result<()> {
        if self.touches_temporary()? {
            bail!(FEATURE_NOT_SUPPORTED, "cannot PREPARE a transaction that has operated on temporary objects");
        }
        if identifier.len() >= IDENTIFIER_BYTES_MAX {
            bail!(INVALID_PARAMETER_VALUE, "transaction identifier \"{identifier}\" is too long");
        }
        if self.prepared_max() == 0 {
            let error = error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "prepared transactions are disabled");
            return Err(error.hint("Set max_prepared_transactions to a nonzero value."));
        }
        self.session.participants.borrow_mut().iter_mut().try_for_each(|participant| participant.before_prepare())?;
        if self.session.locks.shares_locks_with_session() {
            let message =
                "cannot PREPARE while holding both session-level and transaction-level locks on the same object";
            bail!(FEATURE_NOT_SUPPORTED, "{message}");
        }
        Ok(())
    }

    /// Notes that the transaction makes, changes or drops a temporary object. What it locks need not be noted.
    pub fn note_temporary(self) {
        self.session.touches_temporary.set(true);
    }

    /// True if the transaction has touched temporary objects.
    pub fn touches_temporary(self) -> Result<bool> {
        if self.session.touches_temporary.get() || !self.session.temp_namespace.get().is_valid() {
            return Ok(self.session.touches_temporary.get());
        }
        let catalog = self.catalog();
        for (tag, _) in self.session.locks.transaction_locks() {
            if let LockTag::Relation { relation, .. } = tag
                && catalog.class(relation)?.is_some_and(|class| class.relpersistence == b't')
            {
                self.note_temporary();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// COMMIT PREPARED, ROLLBACK PREPARED.
    ///
    /// Errors: 42704, 42501, 0A000 for another database's, 55000 if another session is at it.
    pub fn finish_prepared(self, identifier: &str, end: PreparedEnd) -> Result<()> {
        let transactions = self.instance.transactions();
        let ended = transactions.finish_prepared(identifier, end, |info| self.may_finish(info))?;
        self.session.statistics.borrow_mut().absorb(&ended);
        self.flush_statistics();
        ended.gone.iter().for_each(|key| self.instance.statistics.forget(*key));
        Ok(())
    }

    fn may_finish(self, info: &PreparedInfo) -> Result<()> {
        if info.role != self.session.current_user() && !self.session.is_superuser() {
            let error = error!(INSUFFICIENT_PRIVILEGE, "permission denied to finish prepared transaction");
            return Err(error.hint("Must be superuser or the user that prepared the transaction."));
        }
        if info.database != self.session.database {
            let error = error!(FEATURE_NOT_SUPPORTED, "prepared transaction belongs to another database");
            return Err(error.hint("Connect to the database where the transaction was prepared to finish it."));
        }
        Ok(())
    }
}
