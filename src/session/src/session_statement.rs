//! Statements about the session itself: transactions, prepared statements, cursors, DISCARD. They need what only the session has.

use crate::block::Block;
use crate::extended::payload;
use crate::output::Output;
use crate::portal::{Portal, Progress};
use crate::query::{Body, Statement};
use crate::session::Session;
use analyze::Parameters;
use command::{Tag, with_analyze_context};
use exec::Params;
use instance::{Ctx, Instance, Prepared};
use parser::ast::{
    DeallocateStmt, DeclareCursorStmt, DiscardTarget, ExecuteStmt, PrepareStmt, RawStatement, Statement as Ast,
    TransactionStmt,
};
use proto::frontend::{Format, Formats};
use report::{Error, Result, bail};
use std::sync::Arc;

/// For a statement by which a session gives back what it holds, or changes its limit: it may run although the session holds too much.
pub(crate) fn relief(statement: &Ast) -> Option<memory::Unlimited> {
    let gives_back = match statement {
        Ast::Transaction(statement) => !matches!(
            **statement,
            TransactionStmt::Begin(_) | TransactionStmt::Start(_) | TransactionStmt::Savepoint(_)
        ),
        Ast::Deallocate(_) | Ast::ClosePortal(_) | Ast::Discard(_) | Ast::Unlisten(_) => true,
        Ast::VariableSet(_) | Ast::VariableShow(_) => true,
        _ => false,
    };
    gives_back.then(memory::Unlimited::begin)
}

impl Session {
    /// Runs the statement if it is one of these; else `None`. `portal` is the one it is executed through, in the extended protocol.
    pub(crate) fn run_session_statement(
        &mut self,
        instance: &Instance,
        raw: &RawStatement,
        text: &str,
        portal: Option<&Portal>,
    ) -> Option<Result<Tag>> {
        Some(match &raw.stmt {
            Ast::Transaction(statement) => self.run_transaction_statement(instance, statement),
            Ast::Prepare(statement) => self.prepare_statement(instance, statement, raw.text(text)),
            Ast::Execute(statement) => self.execute_statement(instance, statement, text, portal),
            Ast::Deallocate(statement) => self.deallocate(statement),
            Ast::DeclareCursor(statement) => self.declare_cursor(instance, statement, raw, text, portal),
            Ast::Fetch(statement) => self.fetch_cursor(instance, statement, portal),
            Ast::ClosePortal(statement) => self.close_cursor(statement.cursor.as_deref()),
            Ast::Discard(target) => self.discard(instance, *target),
            _ => return None,
        })
    }

    /// PREPARE.
    fn prepare_statement(&mut self, instance: &Instance, statement: &PrepareStmt, text: &str) -> Result<Tag> {
        let name = &statement.name;
        if name.is_empty() {
            bail!(INVALID_PSTATEMENT_DEFINITION, "invalid statement name: must not be empty");
        }
        if self.state.prepared.borrow().contains_key(name) {
            bail!(DUPLICATE_PSTATEMENT, "prepared statement \"{name}\" already exists");
        }
        let cx = Ctx::new(instance, &self.state);
        let types = with_analyze_context(cx, text, |context| {
            statement.arg_types.iter().map(|t| context.resolve_type_name(t).map(|found| found.oid)).collect()
        })?;
        let inner = RawStatement { stmt: (*statement.query).clone(), start: 0, len: 0 };
        let made = Statement::analyze(cx, &inner, text, Parameters::Variable(types))?;
        if !matches!(made.body, Body::Query(_)) {
            bail!(INVALID_PSTATEMENT_DEFINITION, "utility statements cannot be prepared");
        }
        let prepared = Prepared {
            name: name.clone(),
            text: text.to_owned(),
            parameter_types: made.parameter_types.clone(),
            from_sql: true,
            made_us: self.state.statement_start_us.get(),
            payload: Arc::new(Some(made)),
        };
        self.state.prepared.borrow_mut().insert(name.clone(), Arc::new(prepared));
        Ok(Tag::Plain("PREPARE"))
    }

    /// EXECUTE.
    fn execute_statement(
        &mut self,
        instance: &Instance,
        statement: &ExecuteStmt,
        text: &str,
        portal: Option<&Portal>,
    ) -> Result<Tag> {
        let prepared = self.find_prepared(&statement.name)?;
        let cx = Ctx::new(instance, &self.state);
        let values = command::evaluate_parameters(cx, text, statement, &prepared.parameter_types)?;
        let inner = payload(&prepared).ok_or_else(|| Error::internal("an empty statement was prepared"))?;
        let in_block = self.block != Block::Idle;
        let mut output = match portal {
            Some(portal) => Output::portal((&mut self.wire, &mut self.shelf), cx, portal.formats.clone(), in_block),
            None => Output::simple((&mut self.wire, &mut self.shelf), cx, in_block),
        };
        output.run(inner, &prepared.text, Arc::new(Params { values }))
    }

    /// DEALLOCATE.
    fn deallocate(&mut self, statement: &DeallocateStmt) -> Result<Tag> {
        let mut prepared = self.state.prepared.borrow_mut();
        match &statement.name {
            None => {
                prepared.clear();
                Ok(Tag::Plain("DEALLOCATE ALL"))
            }
            Some(name) => match prepared.remove(name) {
                Some(_) => Ok(Tag::Plain("DEALLOCATE")),
                None => bail!(UNDEFINED_PSTATEMENT, "prepared statement \"{name}\" does not exist"),
            },
        }
    }

    /// DECLARE CURSOR.
    fn declare_cursor(
        &mut self,
        instance: &Instance,
        statement: &DeclareCursorStmt,
        raw: &RawStatement,
        text: &str,
        outer: Option<&Portal>,
    ) -> Result<Tag> {
        if !statement.options.hold && self.block == Block::Idle {
            bail!(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks");
        }
        let name = &statement.name;
        if name.is_empty() {
            bail!(INVALID_CURSOR_NAME, "invalid cursor name: must not be empty");
        }
        if self.portals.contains(name) {
            bail!(DUPLICATE_CURSOR, "cursor \"{name}\" already exists");
        }
        let cx = Ctx::new(instance, &self.state);
        // Analysing the whole statement checks its options; what the cursor runs is the query in it.
        with_analyze_context(cx, text, |context| analyze::analyze(context, &raw.stmt, given_types(outer)).map(drop))?;
        let inner = RawStatement { stmt: Ast::Select(statement.query.clone()), start: raw.start, len: raw.len };
        let made = Statement::analyze(cx, &inner, text, given_types(outer))?;
        let columns = made.columns.clone();
        let prepared = Prepared {
            name: String::new(),
            text: text.to_owned(),
            parameter_types: made.parameter_types.clone(),
            from_sql: true,
            made_us: self.state.statement_start_us.get(),
            payload: Arc::new(Some(made)),
        };
        let format = if statement.options.binary { Format::Binary } else { Format::Text };
        let mut portal = Portal {
            name: name.clone(),
            statement: Arc::new(prepared),
            params: outer.map_or_else(Arc::default, |portal| Arc::clone(&portal.params)),
            formats: Formats::from_elem(format, 1),
            columns,
            progress: Progress::New,
            cursor: Some(statement.options),
            may_scroll: false,
            depth: self.savepoints.len(),
            is_held: false,
        };
        self.open_cursor(instance, &mut portal)?;
        self.portals.put(portal);
        Ok(Tag::Plain("DECLARE CURSOR"))
    }

    /// CLOSE.
    fn close_cursor(&mut self, name: Option<&str>) -> Result<Tag> {
        match name {
            None => {
                self.portals.close_cursors();
                self.forget_closed_cursors();
                Ok(Tag::Plain("CLOSE CURSOR ALL"))
            }
            Some(name) if self.portals.close(name) => {
                self.forget_closed_cursors();
                Ok(Tag::Plain("CLOSE CURSOR"))
            }
            Some(name) => bail!(UNDEFINED_CURSOR, "cursor \"{name}\" does not exist"),
        }
    }

    /// DISCARD.
    fn discard(&mut self, instance: &Instance, target: DiscardTarget) -> Result<Tag> {
        let cx = Ctx::new(instance, &self.state);
        match target {
            DiscardTarget::All => {
                if self.block != Block::Idle {
                    bail!(ACTIVE_SQL_TRANSACTION, "DISCARD ALL cannot run inside a transaction block");
                }
                self.portals.close_all();
                self.forget_closed_cursors();
                command::reset_user(cx)?;
                self.state.settings.borrow_mut().reset_all();
                self.state.prepared.borrow_mut().clear();
                self.known.clear();
                instance.notifications.forget(self.state.entry.id);
                self.state.locks.release_session_advisory();
                self.forget_sequences();
                command::drop_temporary(cx)?;
                cx.refresh_settings();
                Ok(Tag::Plain("DISCARD ALL"))
            }
            DiscardTarget::Plans => {
                self.known.clear();
                Ok(Tag::Plain("DISCARD PLANS"))
            }
            DiscardTarget::Sequences => {
                self.forget_sequences();
                Ok(Tag::Plain("DISCARD SEQUENCES"))
            }
            DiscardTarget::Temp => {
                command::drop_temporary(cx)?;
                Ok(Tag::Plain("DISCARD TEMP"))
            }
        }
    }

    fn forget_sequences(&self) {
        self.state.sequences.borrow_mut().clear();
        self.state.last_sequence.set(None);
    }
}

/// The parameters of the statement around a DECLARE, for its query.
fn given_types(outer: Option<&Portal>) -> Parameters {
    match outer {
        Some(portal) if !portal.statement.parameter_types.is_empty() => {
            Parameters::Fixed(portal.statement.parameter_types.clone())
        }
        _ => Parameters::None,
    }
}
