//! The simple query message: a string of statements, run one after the other in one transaction unless they say otherwise.

use crate::block::Block;
use crate::known::Known;
use crate::output::Output;
use crate::query::Statement;
use crate::server::Server;
use crate::session::{Next, Session};
use crate::session_statement::relief;
use crate::statement_log::level_of;
use analyze::Parameters;
use command::Tag;
use exec::Params;
use instance::{Ctx, Instance};
use parser::ast::RawStatement;
use report::Result;
use std::sync::Arc;

impl Session {
    /// Runs a query string and answers with ReadyForQuery.
    pub(crate) fn simple_query(&mut self, server: &dyn Server, instance: &Instance, text: &str) -> Next {
        self.begin_statement(instance, text);
        self.state.prepared.borrow_mut().remove("");
        self.portals.close("");
        let was_logged = self.log_statement(server, "statement", text, || {
            let statements = self.parse(text).unwrap_or_default();
            statements.iter().map(|raw| level_of(&raw.stmt)).collect()
        });
        let next = match self.run_query_string(instance, text) {
            Ok(()) => {
                self.log_duration(server, instance, was_logged, "statement", text);
                Next::Continue
            }
            Err(error) => self.report_failure(server, instance, error, Some(text)),
        };
        if next == Next::Continue {
            self.become_ready(instance);
        }
        next
    }

    /// Notes that a statement begins: its time, its text.
    pub(crate) fn begin_statement(&mut self, instance: &Instance, text: &str) {
        let now = instance.now_us();
        self.state.statement_start_us.set(now);
        self.state.stack_base.set(instance::stack_address());
        let frequent = *self.state.settings.borrow().frequent();
        self.state.entry.begin_statement(text, frequent.activity_text_bytes_max, now);
        self.set_limits();
        if let Some(interval) = frequent.client_connection_check_interval {
            self.state.entry.check_client_every(&instance.timers, Some(interval));
        }
        if let Some(limit) = frequent.statement_timeout {
            instance.timers.arm(&self.state.entry.statement_timer, limit);
        }
    }

    /// Tells the lock manager what the settings say of waits, and the account of memory what they say of that.
    fn set_limits(&self) {
        let settings = self.state.settings.borrow();
        let frequent = settings.frequent();
        self.state.locks.set_timeouts(frequent.lock_timeout, frequent.deadlock_timeout);
        self.state.locks.set_logs_waits(frequent.log_lock_waits);
        self.state.entry.memory.set_limit(frequent.session_memory_limit);
    }

    fn run_query_string(&mut self, instance: &Instance, text: &str) -> Result<()> {
        if let Some((known, params)) = self.find_known(instance, text) {
            return self.run_known(instance, &known, params);
        }
        let statements = self.parse(text)?;
        if statements.is_empty() {
            self.wire.out.empty_query();
            return Ok(());
        }
        let is_several = statements.len() > 1;
        let last = statements.len() - 1;
        let may_settle_later = self.may_settle_later;
        for (n, raw) in statements.iter().enumerate() {
            self.may_settle_later = may_settle_later && n == last;
            self.state.entry.set_command(command::command_tag(&raw.stmt));
            self.check_not_failed(&raw.stmt)?;
            if n > 0 {
                // The statement before may have been a SET.
                self.set_limits();
            }
            self.ensure_transaction(instance);
            if is_several && self.block == Block::Idle {
                self.block = Block::Implicit;
            }
            let tag = self.run_statement(instance, raw, text)?;
            self.finish_statement(instance, raw, n == last)?;
            self.send_notices();
            self.complete(&tag);
        }
        Ok(())
    }

    /// The statement as it was learnt, if it was.
    fn find_known(&mut self, instance: &Instance, text: &str) -> Option<(Arc<Known>, Arc<Params>)> {
        if self.block == Block::Failed {
            return None;
        }
        self.ensure_transaction(instance);
        self.known.find(Ctx::new(instance, &self.state), text)
    }

    /// Runs a query string that is one learnt statement.
    fn run_known(&mut self, instance: &Instance, known: &Known, params: Arc<Params>) -> Result<()> {
        let cx = Ctx::new(instance, &self.state);
        cx.check_interrupts()?;
        self.state.entry.set_command(command::command_tag(&known.statement.raw.stmt));
        let mut output = Output::simple((&mut self.wire, &mut self.shelf), cx, self.block != Block::Idle);
        let tag = output.run(&known.statement, &known.text, params)?;
        self.finish_statement(instance, &known.statement.raw, true)?;
        self.send_notices();
        self.complete(&tag);
        Ok(())
    }

    /// Tells the client that a statement is complete.
    pub(crate) fn complete(&mut self, tag: &Tag) {
        match tag.parts() {
            (words, None) => self.wire.out.command_complete(words),
            (words, Some(rows)) => self.wire.out.command_complete_rows(words, rows),
        }
    }

    /// Parses under the session's settings; notices of the lexer go to the client.
    pub(crate) fn parse(&self, text: &str) -> Result<Vec<RawStatement>> {
        crate::query::parse(&self.state, text)
    }

    /// Begins a transaction for a statement that is about to run, unless there is one or the block has failed.
    pub(crate) fn ensure_transaction(&mut self, instance: &Instance) {
        let cx = Ctx::new(instance, &self.state);
        if self.block != Block::Failed && !cx.in_transaction() {
            cx.start_transaction();
            command::watch_commit(cx);
            if let Some(limit) = cx.setting(|settings| settings.frequent().transaction_timeout) {
                self.state.entry.limit_transaction(&instance.timers, limit);
            }
        }
    }

    fn run_statement(&mut self, instance: &Instance, raw: &RawStatement, text: &str) -> Result<Tag> {
        let _relief = relief(&raw.stmt);
        Ctx::new(instance, &self.state).check_interrupts()?;
        if let Some(outcome) = self.run_session_statement(instance, raw, text, None) {
            return outcome;
        }
        let cx = Ctx::new(instance, &self.state);
        let statement = Statement::analyze(cx, raw, text, Parameters::None)?;
        let mut output = Output::simple((&mut self.wire, &mut self.shelf), cx, self.block != Block::Idle);
        output.run(&statement, text, Arc::default())
    }

    /// After a statement: outside a block its transaction ends with the last one; else what it did becomes visible.
    fn finish_statement(&mut self, instance: &Instance, raw: &RawStatement, is_last: bool) -> Result<()> {
        let is_transaction_statement = matches!(raw.stmt, parser::ast::Statement::Transaction(_));
        let cx = Ctx::new(instance, &self.state);
        match self.block {
            Block::Idle | Block::Implicit if is_last => self.end_block(instance, true),
            _ if is_transaction_statement || !cx.in_transaction() => Ok(()),
            _ => cx.next_command(),
        }
    }
}
