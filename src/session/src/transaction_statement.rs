//! BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin: what they do to the block and to the transaction.
//!
//! Savepoints are kept here by name. An error inside one undoes it at once (its locks go back), but its name stays until the
//! client returns to it or ends the block: such a savepoint is no longer live.

use crate::block::Block;
use crate::session::Session;
use command::{Tag, set_characteristics};
use instance::{Ctx, Instance};
use parser::ast::{DefElem, TransactionStmt};
use report::{Error, Result, Severity, SqlState, bail, error};
use xact::{Isolation, PreparedEnd};

/// A savepoint of the open block.
#[derive(Debug)]
pub(crate) struct Savepoint {
    name: String,
    /// The transaction has a level for it.
    is_live: bool,
}

impl Session {
    /// Runs one of these statements.
    pub(crate) fn run_transaction_statement(
        &mut self,
        instance: &Instance,
        statement: &TransactionStmt,
    ) -> Result<Tag> {
        match statement {
            TransactionStmt::Begin(options) => self.begin(instance, options, "BEGIN"),
            TransactionStmt::Start(options) => self.begin(instance, options, "START TRANSACTION"),
            TransactionStmt::Commit { chain } => self.commit(instance, *chain),
            TransactionStmt::Rollback { chain } => self.rollback(instance, *chain),
            TransactionStmt::Savepoint(name) => self.savepoint(instance, name),
            TransactionStmt::Release(name) => self.release(instance, name),
            TransactionStmt::RollbackTo(name) => self.rollback_to(instance, name),
            TransactionStmt::Prepare(identifier) => self.prepare_transaction(instance, identifier),
            TransactionStmt::CommitPrepared(identifier) => {
                self.finish_prepared(instance, identifier, (PreparedEnd::Commit, "COMMIT PREPARED"))
            }
            TransactionStmt::RollbackPrepared(identifier) => {
                self.finish_prepared(instance, identifier, (PreparedEnd::Rollback, "ROLLBACK PREPARED"))
            }
        }
    }

    fn begin(&mut self, instance: &Instance, options: &[DefElem], tag: &'static str) -> Result<Tag> {
        match self.block {
            Block::InBlock | Block::Failed => self
                .state
                .notice(warning(SqlState::ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress")),
            Block::Idle | Block::Implicit => self.block = Block::InBlock,
        }
        set_characteristics(Ctx::new(instance, &self.state), options)?;
        Ok(Tag::Plain(tag))
    }

    fn commit(&mut self, instance: &Instance, chain: bool) -> Result<Tag> {
        let cx = Ctx::new(instance, &self.state);
        match self.block {
            Block::InBlock => {
                let next = chain.then(|| Characteristics::of(cx));
                self.may_settle_later &= !chain;
                self.end_block(instance, true)?;
                self.chain(instance, next);
                Ok(Tag::Plain("COMMIT"))
            }
            Block::Failed => {
                let next = chain.then_some(self.failed_characteristics);
                self.end_block(instance, false)?;
                self.chain(instance, next);
                Ok(Tag::Plain("ROLLBACK"))
            }
            Block::Idle | Block::Implicit if chain => Err(no_transaction_error("COMMIT AND CHAIN")),
            Block::Idle | Block::Implicit => {
                self.state.notice(no_transaction());
                self.end_block(instance, true)?;
                Ok(Tag::Plain("COMMIT"))
            }
        }
    }

    fn rollback(&mut self, instance: &Instance, chain: bool) -> Result<Tag> {
        let cx = Ctx::new(instance, &self.state);
        match self.block {
            Block::InBlock | Block::Failed => {
                let is_failed = self.block == Block::Failed;
                let now = || if is_failed { self.failed_characteristics } else { Characteristics::of(cx) };
                let next = chain.then(now);
                self.end_block(instance, false)?;
                self.chain(instance, next);
            }
            Block::Idle | Block::Implicit if chain => return Err(no_transaction_error("ROLLBACK AND CHAIN")),
            Block::Idle | Block::Implicit => {
                self.state.notice(no_transaction());
                self.end_block(instance, false)?;
            }
        }
        Ok(Tag::Plain("ROLLBACK"))
    }

    /// Ends the transaction, if there is one, and the block.
    pub(crate) fn end_block(&mut self, instance: &Instance, commit: bool) -> Result<()> {
        if commit && self.block != Block::Failed {
            self.materialize_held_cursors(instance)?;
        }
        self.leave_block(commit);
        let cx = Ctx::new(instance, &self.state);
        match commit && cx.in_transaction() {
            true if self.may_settle_later => cx.begin_commit(),
            true => cx.commit_transaction(),
            false => {
                cx.abort_transaction();
                Ok(())
            }
        }
    }

    fn leave_block(&mut self, commit: bool) {
        self.block = Block::Idle;
        self.savepoints.clear();
        self.portals.end_transaction(commit);
        self.forget_closed_cursors();
    }

    /// PREPARE TRANSACTION: of a failed block it is ROLLBACK, and outside a block there is nothing to prepare.
    fn prepare_transaction(&mut self, instance: &Instance, identifier: &str) -> Result<Tag> {
        if matches!(self.block, Block::Idle | Block::Implicit) {
            self.state.notice(no_transaction());
        }
        match self.block {
            Block::Failed => self.end_block(instance, false).map(|()| Tag::Plain("ROLLBACK")),
            Block::Idle => self.end_block(instance, true).map(|()| Tag::Plain("ROLLBACK")),
            Block::InBlock | Block::Implicit => {
                let is_held = !self.portals.to_be_held().is_empty();
                self.leave_block(true);
                if is_held {
                    bail!(FEATURE_NOT_SUPPORTED, "cannot PREPARE a transaction that has created a cursor WITH HOLD");
                }
                Ctx::new(instance, &self.state).prepare_transaction(identifier)?;
                Ok(Tag::Plain("PREPARE TRANSACTION"))
            }
        }
    }

    /// COMMIT PREPARED, ROLLBACK PREPARED.
    fn finish_prepared(
        &self,
        instance: &Instance,
        identifier: &str,
        (end, what): (PreparedEnd, &'static str),
    ) -> Result<Tag> {
        if self.block != Block::Idle {
            bail!(ACTIVE_SQL_TRANSACTION, "{what} cannot run inside a transaction block");
        }
        Ctx::new(instance, &self.state).finish_prepared(identifier, end)?;
        Ok(Tag::Plain(what))
    }

    /// AND CHAIN: a new block like the one that ended.
    fn chain(&mut self, instance: &Instance, next: Option<Characteristics>) {
        let Some(next) = next else { return };
        let cx = Ctx::new(instance, &self.state);
        cx.start_transaction();
        command::watch_commit(cx);
        cx.with_tx(|tx| tx.set_isolation(next.isolation));
        self.state.is_read_only.set(next.is_read_only);
        self.block = Block::InBlock;
    }

    fn savepoint(&mut self, instance: &Instance, name: &str) -> Result<Tag> {
        self.require_block("SAVEPOINT")?;
        Ctx::new(instance, &self.state).begin_savepoint()?;
        self.savepoints.push(Savepoint { name: name.to_owned(), is_live: true });
        Ok(Tag::Plain("SAVEPOINT"))
    }

    fn release(&mut self, instance: &Instance, name: &str) -> Result<Tag> {
        self.require_block("RELEASE SAVEPOINT")?;
        let place = self.find_savepoint(name)?;
        let cx = Ctx::new(instance, &self.state);
        for _ in self.savepoints.drain(place..) {
            cx.release_savepoint();
        }
        self.portals.savepoint_released(place);
        Ok(Tag::Plain("RELEASE"))
    }

    fn rollback_to(&mut self, instance: &Instance, name: &str) -> Result<Tag> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        let place = self.find_savepoint(name)?;
        let cx = Ctx::new(instance, &self.state);
        for savepoint in self.savepoints.drain(place..).rev() {
            if savepoint.is_live {
                cx.rollback_savepoint()?;
            }
        }
        self.portals.savepoint_rolled_back(place);
        self.forget_closed_cursors();
        cx.begin_savepoint()?;
        self.savepoints.push(Savepoint { name: name.to_owned(), is_live: true });
        self.block = Block::InBlock;
        Ok(Tag::Plain("ROLLBACK"))
    }

    fn require_block(&self, what: &str) -> Result<()> {
        match self.block {
            Block::InBlock | Block::Failed => Ok(()),
            Block::Idle | Block::Implicit => Err(no_transaction_error(what)),
        }
    }

    fn find_savepoint(&self, name: &str) -> Result<usize> {
        match self.savepoints.iter().rposition(|savepoint| savepoint.name == name) {
            Some(place) => Ok(place),
            None => bail!(S_E_INVALID_SPECIFICATION, "savepoint \"{name}\" does not exist"),
        }
    }

    /// What an error does: the statement's effects go. In a block, the innermost savepoint is undone, or without one the whole
    /// transaction; the block waits for its end.
    pub(crate) fn fail_transaction(&mut self, instance: &Instance) {
        let cx = Ctx::new(instance, &self.state);
        if self.block == Block::InBlock && cx.in_transaction() {
            self.failed_characteristics = Characteristics::of(cx);
        }
        self.block = self.block.after_error();
        match self.savepoints.last_mut() {
            Some(innermost) if self.block == Block::Failed => {
                if std::mem::replace(&mut innermost.is_live, false) && cx.rollback_savepoint().is_err() {
                    cx.abort_transaction();
                    self.savepoints.clear();
                }
                self.portals.savepoint_rolled_back(self.savepoints.len().saturating_sub(1));
                self.forget_closed_cursors();
            }
            _ => {
                cx.abort_transaction();
                self.savepoints.clear();
                self.portals.end_transaction(false);
                self.forget_closed_cursors();
            }
        }
    }

    /// 25P02 unless the statement may run in a failed block.
    pub(crate) fn check_not_failed(&self, statement: &parser::ast::Statement) -> Result<()> {
        use parser::ast::Statement;
        let is_exit = matches!(statement, Statement::Transaction(t) if matches!(**t,
            TransactionStmt::Commit { .. } | TransactionStmt::Rollback { .. } | TransactionStmt::RollbackTo(_) | TransactionStmt::Prepare(_)));
        if self.block == Block::Failed && !is_exit {
            return Err(aborted());
        }
        Ok(())
    }
}

/// 25P02.
pub(crate) fn aborted() -> Error {
    error!(IN_FAILED_SQL_TRANSACTION, "current transaction is aborted, commands ignored until end of transaction block")
}

/// What AND CHAIN carries over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Characteristics {
    isolation: Isolation,
    is_read_only: bool,
}

impl Characteristics {
    fn of(cx: Ctx<'_>) -> Characteristics {
        Characteristics { isolation: cx.with_tx(|tx| tx.isolation()), is_read_only: cx.session.is_read_only.get() }
    }
}

fn no_transaction() -> Error {
    warning(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress")
}

fn no_transaction_error(what: &str) -> Error {
    error!(NO_ACTIVE_SQL_TRANSACTION, "{what} can only be used in transaction blocks")
}

fn warning(code: SqlState, message: &str) -> Error {
    Error::with_severity(Severity::Warning, code, message)
}
