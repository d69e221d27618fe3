//! The extended protocol: Parse, Bind, Describe, Execute, Close, Sync.
//!
//! Messages up to a Sync form a pipeline. Outside a block they share one implicit transaction, which Sync commits; after an error
//! everything up to Sync is skipped.

use crate::block::Block;
use crate::output::{Output, fields};
use crate::portal::{Portal, Progress};
use crate::query::{Body, Statement};
use crate::server::Server;
use crate::session::{Next, Session};
use crate::session_statement::relief;
use crate::statement_log::level_of;
use analyze::Parameters;
use base::Oid;
use exec::Sharing;
use instance::{Ctx, Instance, Prepared};
use proto::Message;
use proto::frontend::{Bind, Format, Target, parameter_text};
use report::{Result, bail, error};
use std::sync::Arc;
use tuple::Datum;

/// Whether messages are skipped.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    has_failed: bool,
    /// Messages have been handled since the last Sync: the statement's clock does not start anew.
    is_open: bool,
}

impl Pipeline {
    /// True if a message of this type is to be passed over.
    pub(crate) fn skips(&self, kind: u8) -> bool {
        self.has_failed && Message::is_skipped_until_sync(kind)
    }

    /// True if the last message was a Sync, or there was none.
    pub(crate) fn is_idle(&self) -> bool {
        !self.has_failed && !self.is_open
    }

    /// An error: skip to the next Sync.
    pub(crate) fn fail(&mut self) {
        self.has_failed = true;
    }
}

impl Session {
    /// Handles one message of the extended protocol other than Sync and Flush.
    pub(crate) fn extended_message(&mut self, server: &dyn Server, instance: &Instance, message: &Message<'_>) -> Next {
        let outcome = match message {
            Message::Parse { name, query, types } => self.parse_message(instance, name, query, types),
            Message::Bind(bind) => self.bind_message(instance, bind),
            Message::Describe(target, name) => self.describe_message(instance, *target, name),
            Message::Execute { portal, row_limit } => self.logged_execute(server, instance, portal, *row_limit),
            Message::Close(target, name) => self.close_message(*target, name),
            _ => unreachable!("the other messages are handled by the session's loop"),
        };
        match outcome {
            Ok(()) => Next::Continue,
            Err(error) => {
                self.pipeline.fail();
                let text = self.state.entry.with_activity(|activity| activity.query.clone());
                self.report_failure(server, instance, error, Some(&text))
            }
        }
    }

    /// Sync: ends the pipeline's implicit transaction, and says that the session is ready.
    pub(crate) fn sync(&mut self, server: &dyn Server, instance: &Instance) -> Next {
        self.pipeline = Pipeline::default();
        if !self.block.is_explicit()
            && let Err(error) = self.end_block(instance, true)
        {
            let next = self.report_failure(server, instance, error, None);
            if next != Next::Continue {
                return next;
            }
        }
        self.become_ready(instance);
        Next::Continue
    }

    /// The first message of a pipeline starts the statement's clock.
    fn open_pipeline(&mut self, instance: &Instance, text: &str) {
        if !std::mem::replace(&mut self.pipeline.is_open, true) {
            self.begin_statement(instance, text);
        }
    }

    fn parse_message(&mut self, instance: &Instance, name: &str, text: &str, types: &[u32]) -> Result<()> {
        self.open_pipeline(instance, text);
        self.state.entry.set_command("PARSE");
        if name.is_empty() && self.reuse_parsed(instance, text, types) {
            self.wire.out.parse_complete();
            return Ok(());
        }
        let mut statements = self.parse(text)?;
        if statements.len() > 1 {
            bail!(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement");
        }
        let raw = statements.pop();
        if let Some(raw) = &raw {
            self.check_not_failed(&raw.stmt)?;
        }
        self.ensure_transaction(instance);
        let _relief = raw.as_ref().and_then(|raw| relief(&raw.stmt));
        Ctx::new(instance, &self.state).check_interrupts()?;
        let given: Vec<Oid> = types.iter().map(|oid| Oid(*oid)).collect();
        let prepared = self.prepare(instance, name, text, raw.as_ref(), Parameters::Variable(given))?;
        if !name.is_empty() && self.state.prepared.borrow().contains_key(name) {
            bail!(DUPLICATE_PSTATEMENT, "prepared statement \"{name}\" already exists");
        }
        if name.is_empty() {
            self.known.keep_parsed(Ctx::new(instance, &self.state), types, &prepared);
        }
        self.state.prepared.borrow_mut().insert(name.to_owned(), prepared);
        self.wire.out.parse_complete();
        Ok(())
    }

    /// Makes the unnamed statement what an earlier Parse has made of the same text, if that is still good.
    fn reuse_parsed(&mut self, instance: &Instance, text: &str, types: &[u32]) -> bool {
        if self.block == Block::Failed {
            return false;
        }
        self.ensure_transaction(instance);
        let Some(prepared) = self.known.find_parsed(Ctx::new(instance, &self.state), text, types) else { return false };
        self.state.prepared.borrow_mut().insert(String::new(), prepared);
        true
    }

    fn bind_message(&mut self, instance: &Instance, bind: &Bind<'_>) -> Result<()> {
        let prepared = self.find_prepared(bind.statement)?;
        self.open_pipeline(instance, &prepared.text);
        self.state.entry.set_command("BIND");
        let statement = payload(&prepared);
        if let Some(statement) = statement {
            self.check_not_failed(&statement.raw.stmt)?;
        }
        let wanted = prepared.parameter_types.len();
        check_bind(bind, wanted)?;
        if !bind.portal.is_empty() && self.portals.contains(bind.portal) {
            bail!(DUPLICATE_CURSOR, "cursor \"{}\" already exists", bind.portal);
        }
        self.ensure_transaction(instance);
        let mut params = self.portals.room_for_values();
        let values = Arc::get_mut(&mut params).expect("nobody else has the room yet");
        self.read_parameters(instance, bind, &prepared.parameter_types, &mut values.values)?;
        let columns = statement.and_then(|statement| statement.columns.clone());
        let count = columns.as_ref().map_or(0, |columns| columns.desc.len());
        if bind.result_formats.len() > 1 && bind.result_formats.len() != count {
            let given = bind.result_formats.len();
            bail!(PROTOCOL_VIOLATION, "bind message has {given} result formats but query has {count} columns");
        }
        let portal = Portal {
            name: bind.portal.to_owned(),
            statement: prepared,
            params,
            formats: bind.result_formats.clone(),
            columns,
            progress: Progress::New,
            cursor: None,
            may_scroll: false,
            depth: self.savepoints.len(),
            is_held: false,
        };
        self.portals.put(portal);
        self.wire.out.bind_complete();
        Ok(())
    }

    fn read_parameters(
        &self,
        instance: &Instance,
        bind: &Bind<'_>,
        types: &[Oid],
        values: &mut Vec<Datum>,
    ) -> Result<()> {
        let cx = Ctx::new(instance, &self.state);
        for (n, (bytes, type_oid)) in bind.parameters.iter().zip(types).enumerate() {
            let Some(bytes) = bytes else {
                values.push(Datum::Null);
                continue;
            };
            let format = Format::of(&bind.parameter_formats, n);
            values.push(exec::with_fn_ctx(cx, |fx| match format {
                Format::Text => builtins::input(fx, *type_oid, -1, parameter_text(bytes)?),
                Format::Binary => builtins::receive(fx, *type_oid, -1, bytes),
            })?);
        }
        Ok(())
    }

    fn describe_message(&mut self, instance: &Instance, target: Target, name: &str) -> Result<()> {
        match target {
            Target::Statement => {
                let prepared = self.find_prepared(name)?;
                self.open_pipeline(instance, &prepared.text);
                let types: Vec<u32> = prepared.parameter_types.iter().map(|oid| oid.0).collect();
                self.wire.out.parameter_description(&types);
                match payload(&prepared).and_then(|statement| statement.columns.as_ref()) {
                    Some(columns) => self.wire.out.row_description(fields(columns, &[])),
                    None => self.wire.out.no_data(),
                }
            }
            Target::Portal => {
                let Some(portal) = self.portals.find(name) else { return Err(no_portal(name)) };
                match &portal.columns {
                    Some(columns) => self.wire.out.row_description(fields(columns, &portal.formats)),
                    None => self.wire.out.no_data(),
                }
            }
        }
        Ok(())
    }

    /// Execute, with what the log is to say of it.
    fn logged_execute(&mut self, server: &dyn Server, instance: &Instance, name: &str, row_limit: u32) -> Result<()> {
        if !self.logs_statements() {
            return self.execute_message(instance, name, row_limit);
        }
        let Some(prepared) = self.portals.find(name).map(|portal| Arc::clone(&portal.statement)) else {
            return Err(no_portal(name));
        };
        let shown = |name: &str| if name.is_empty() { "<unnamed>".to_owned() } else { name.to_owned() };
        let portal = if name.is_empty() { String::new() } else { format!("/{name}") };
        let what = format!("execute {}{portal}", shown(&prepared.name));
        let levels = || payload(&prepared).map(|statement| level_of(&statement.raw.stmt)).into_iter().collect();
        let was_logged = self.log_statement(server, &what, &prepared.text, levels);
        self.execute_message(instance, name, row_limit)?;
        self.log_duration(server, instance, was_logged, &what, &prepared.text);
        Ok(())
    }

    fn execute_message(&mut self, instance: &Instance, name: &str, row_limit: u32) -> Result<()> {
        let Some(portal) = self.portals.take(name) else { return Err(no_portal(name)) };
        self.open_pipeline(instance, &portal.statement.text);
        let Some(statement) = payload(&portal.statement) else {
            self.portals.put(portal);
            self.wire.out.empty_query();
            return Ok(());
        };
        self.state.entry.set_command(command::command_tag(&statement.raw.stmt));
        self.check_not_failed(&statement.raw.stmt)?;
        self.ensure_transaction(instance);
        let _relief = relief(&statement.raw.stmt);
        Ctx::new(instance, &self.state).check_interrupts()?;
        self.execute_portal(instance, portal, row_limit)
    }

    fn close_message(&mut self, target: Target, name: &str) -> Result<()> {
        match target {
            Target::Statement => drop(self.state.prepared.borrow_mut().remove(name)),
            Target::Portal => drop(self.portals.close(name)),
        }
        self.wire.out.close_complete();
        Ok(())
    }

    /// Runs a portal for a client's Execute: all rows, or so many.
    fn execute_portal(&mut self, instance: &Instance, mut portal: Portal, row_limit: u32) -> Result<()> {
        let prepared = Arc::clone(&portal.statement);
        let statement = payload(&prepared).expect("an empty statement was answered before");
        if let Some(outcome) = self.run_session_statement(instance, &statement.raw, &prepared.text, Some(&portal)) {
            let tag = outcome?;
            self.after_execute(instance, &statement.raw)?;
            portal.progress = Progress::Done;
            self.portals.put(portal);
            self.send_notices();
            self.complete(&tag);
            return Ok(());
        }
        if matches!(statement.body, Body::Query(_)) && matches!(portal.progress, Progress::New) {
            self.block = if self.block == Block::Idle { Block::Implicit } else { self.block };
        }
        let in_block = self.block != Block::Idle;
        let cx = Ctx::new(instance, &self.state);
        let mut output = Output::portal((&mut self.wire, &mut self.shelf), cx, portal.formats.clone(), in_block);
        let fetched = output.fetch(&mut portal, row_limit)?;
        let is_utility = matches!(statement.body, Body::Utility(_));
        self.portals.put(portal);
        if is_utility {
            self.after_execute(instance, &statement.raw)?;
        } else {
            let cx = Ctx::new(instance, &self.state);
            if cx.in_transaction() {
                cx.next_command()?;
            }
        }
        self.send_notices();
        match fetched {
            Some(tag) => self.complete(&tag),
            None => self.wire.out.portal_suspended(),
        }
        Ok(())
    }

    /// A utility statement outside a block is a transaction of its own, even within a pipeline.
    fn after_execute(&mut self, instance: &Instance, raw: &parser::ast::RawStatement) -> Result<()> {
        let is_transaction_statement = matches!(raw.stmt, parser::ast::Statement::Transaction(_));
        let cx = Ctx::new(instance, &self.state);
        match self.block {
            Block::Idle => self.end_block(instance, true),
            _ if is_transaction_statement || !cx.in_transaction() => Ok(()),
            _ => cx.next_command(),
        }
    }

    /// Analyses a statement for later execution. `None` stands for an empty query string.
    pub(crate) fn prepare(
        &self,
        instance: &Instance,
        name: &str,
        text: &str,
        raw: Option<&parser::ast::RawStatement>,
        parameters: Parameters,
    ) -> Result<Arc<Prepared>> {
        let cx = Ctx::new(instance, &self.state);
        let sharing = if name.is_empty() { Sharing::AnyValues } else { Sharing::Weighed };
        let statement = match raw {
            // A failed block runs nothing but its end, which needs no catalog.
            Some(raw) if self.block == Block::Failed => Some(Statement::plain(raw)),
            Some(raw) => Some(Statement::analyze_shared(cx, raw, text, parameters, sharing)?),
            None => None,
        };
        let parameter_types = statement.as_ref().map(|s| s.parameter_types.clone()).unwrap_or_default();
        Ok(Arc::new(Prepared {
            name: name.to_owned(),
            text: text.to_owned(),
            parameter_types,
            from_sql: false,
            made_us: self.state.statement_start_us.get(),
            payload: Arc::new(statement),
        }))
    }

    /// The prepared statement of this name. Errors: 26000.
    pub(crate) fn find_prepared(&self, name: &str) -> Result<Arc<Prepared>> {
        let found = self.state.prepared.borrow().get(name).cloned();
        found.ok_or_else(|| match name {
            "" => error!(UNDEFINED_PSTATEMENT, "unnamed prepared statement does not exist"),
            name => error!(UNDEFINED_PSTATEMENT, "prepared statement \"{name}\" does not exist"),
        })
    }
}

/// The analysed statement that a prepared one holds; none for an empty query string.
pub(crate) fn payload(prepared: &Prepared) -> Option<&Statement> {
    let payload = prepared.payload.downcast_ref::<Option<Statement>>();
    payload.expect("the session made all its prepared statements").as_ref()
}

fn no_portal(name: &str) -> report::Error {
    error!(UNDEFINED_CURSOR, "portal \"{name}\" does not exist")
}

fn check_bind(bind: &Bind<'_>, wanted: usize) -> Result<()> {
    let (formats, given) = (bind.parameter_formats.len(), bind.parameters.len());
    if formats > 1 && formats != given {
        bail!(PROTOCOL_VIOLATION, "bind message has {formats} parameter formats but {given} parameters");
    }
    if given != wanted {
        let name = bind.statement;
        bail!(
            PROTOCOL_VIOLATION,
            "bind message supplies {given} parameters, but prepared statement \"{name}\" requires {wanted}"
        );
    }
    Ok(())
}
