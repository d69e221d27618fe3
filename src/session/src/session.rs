//! A session, and the loop that serves its messages.

use crate::block::Block;
use crate::extended::Pipeline;
use crate::known::KnownStatements;
use crate::login::{self, Request};
use crate::park::Parked;
use crate::portal::Portals;
use crate::server::{ClientInfo, Server, Speaker};
use crate::transaction_statement::{Characteristics, Savepoint};
use crate::wire::{Input, Received, Wire};
use config::Setting;
use instance::{ActivityState, Ctx, DatabaseCounter, Instance, Registration, SessionState};
use proto::Message;
use report::{Error, Result, Severity, SqlState};
use std::sync::Arc;
use sync::{Caught, Interrupt};

/// One client's session.
pub struct Session {
    pub(crate) state: SessionState,
    pub(crate) wire: Wire,
    pub(crate) block: Block,
    pub(crate) savepoints: Vec<Savepoint>,
    /// What AND CHAIN carries over from a block that failed.
    pub(crate) failed_characteristics: Characteristics,
    pub(crate) portals: Portals,
    pub(crate) pipeline: Pipeline,
    pub(crate) known: KnownStatements,
    /// Dropped last: while the session ends it can still be seen.
    _registration: Registration,
}

/// Whether a session goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It waits for the next message.
    Continue,
    /// It is over.
    End,
    /// It leaves the instance, which has crashed, and goes on in the next one.
    Park,
    /// It is over, and what it shares with others may be half changed: it touches nothing any more.
    Crash,
}

/// What a wait for the next message came to.
enum Awaited {
    Message(Received),
    /// The client has left.
    Nobody,
    /// The instance has crashed, and the session can do without it.
    Park,
}

/// Serves a connection from its first byte to its last: what a thread does that belongs to one client. Everything that goes wrong
/// is told the client and the log here. The session comes back if it is to go on in another instance.
pub fn serve_connection(
    server: &dyn Server,
    instance: &Arc<Instance>,
    mut wire: Wire,
    client: &ClientInfo,
) -> Option<Parked> {
    let limit = login::startup_limit(&instance.settings);
    wire.stream().set_read_timeout(Some(limit)).ok()?;
    let parameters = match login::read_request(server, &mut wire) {
        Ok(Request::Session(parameters)) => parameters,
        Ok(Request::Nothing) => return None,
        // Who is there may speak another protocol altogether.
        Err(error) if error.fields().severity == Severity::Log => {
            server.sent_away(&error);
            return None;
        }
        Err(error) => {
            send_away(server, &mut wire, &error.severity(Severity::Fatal));
            return None;
        }
    };
    match login::log_in(server, instance, wire, client, &parameters) {
        Ok(mut session) => {
            server.logged_in(&session.state.entry);
            session.become_ready(instance);
            session.serve(server, instance)
        }
        Err((error, mut wire)) => {
            send_away(server, &mut wire, &error);
            None
        }
    }
}

/// Goes on serving a session that was parked, in this instance.
pub fn resume_connection(server: &dyn Server, instance: &Arc<Instance>, parked: Parked) -> Option<Parked> {
    let session = parked.resume(instance);
    server.resumed(&session.state.entry);
    session.serve(server, instance)
}

/// Tells a client and the log why it gets no session.
fn send_away(server: &dyn Server, wire: &mut Wire, error: &Error) {
    server.sent_away(error);
    farewell(wire, error);
}

/// Tells a client why it must go. It may have gone already.
fn farewell(wire: &mut Wire, error: &Error) {
    wire.out.report(error);
    let _ = wire.flush();
}

impl Session {
    pub(crate) fn new(state: SessionState, wire: Wire, registration: Registration) -> Session {
        Session {
            state,
            wire,
            block: Block::Idle,
            savepoints: Vec::new(),
            failed_characteristics: Characteristics::default(),
            portals: Portals::default(),
            pipeline: Pipeline::default(),
            known: KnownStatements::default(),
            _registration: registration,
        }
    }

    /// Serves messages until the client leaves or the session must end.
    fn serve(mut self, server: &dyn Server, instance: &Instance) -> Option<Parked> {
        loop {
            let served = sync::catch(|| self.serve_message(server, instance));
            match served.unwrap_or_else(|caught| self.panicked(server, &caught)) {
                Next::Continue => {}
                Next::Park => return Some(self.park(instance)),
                Next::Crash => return None,
                Next::End => {
                    if let Err(caught) = sync::catch(|| self.end(instance)) {
                        // Nobody else can tidy up after it.
                        self.panicked(server, &Caught { unclean: true, ..caught });
                    }
                    return None;
                }
            }
        }
    }

    /// A Rust panic costs the session, and if it may have left something half changed, the instance.
    fn panicked(&mut self, server: &dyn Server, caught: &Caught) -> Next {
        if let Some(trace) = &caught.trace {
            let text = format!("session panicked at {}", trace.place);
            let told = Error::with_severity(Severity::Log, SqlState::INTERNAL_ERROR, text);
            server.log(&self.speaker(), &told.detail(format!("Backtrace:\n{}", trace.calls)), None);
        }
        let severity = if caught.unclean { Severity::Panic } else { Severity::Fatal };
        let error = Error::with_severity(severity, SqlState::INTERNAL_ERROR, caught.message.clone());
        let query = self.state.entry.with_activity(|activity| activity.query.clone());
        server.log(&self.speaker(), &error, Some(&query));
        self.end_with_told(&error);
        if caught.unclean { Next::Crash } else { Next::End }
    }

    /// Who says what is said now.
    pub(crate) fn speaker(&self) -> Speaker<'_> {
        let transaction = self.state.transaction.try_borrow();
        let xid = transaction.ok().and_then(|transaction| transaction.as_ref().and_then(|open| open.top_xid()));
        Speaker { entry: &self.state.entry, virtual_transaction: self.state.locks.virtual_transaction(), xid }
    }

    /// Waits for a message and handles it.
    pub fn serve_message(&mut self, server: &dyn Server, instance: &Instance) -> Next {
        match self.next_message(instance) {
            Ok(Awaited::Message(received)) => self.handle(server, instance, &received),
            Ok(Awaited::Park) => Next::Park,
            Ok(Awaited::Nobody) => {
                self.count(DatabaseCounter::SessionsAbandoned);
                Next::End
            }
            Err(error) => self.end_with(server, &error),
        }
    }

    /// Waits for the next message.
    fn next_message(&mut self, instance: &Instance) -> Result<Awaited> {
        loop {
            let timeout = self.idle_timeout();
            if self.is_told_to_park() {
                // The recovery may take its time, and what was done is done.
                self.wire.flush()?;
                return Ok(Awaited::Park);
            }
            self.check_idle_interrupts(instance)?;
            if timeout.is_some() && !self.wire.has_input() {
                self.wire.flush()?;
                let limit = timeout.map(|(limit, _)| limit);
                self.wire.stream().set_read_timeout(limit).map_err(|error| Error::io("set a timeout", &error))?;
            }
            let input = self.wire.receive();
            if timeout.is_some() {
                self.wire.stream().set_read_timeout(None).map_err(|error| Error::io("set a timeout", &error))?;
            }
            match (input?, timeout) {
                (Input::Some(received), _) => return Ok(Awaited::Message(received)),
                (Input::Closed, _) => {
                    // Whoever ends a session from outside closes our side of the stream, so that the wait ends.
                    self.check_idle_interrupts(instance)?;
                    return Ok(Awaited::Nobody);
                }
                (Input::TimedOut, Some((_, error))) => return Err(error()),
                (Input::TimedOut, None) | (Input::Woken, _) => {}
            }
        }
    }

    /// True if the instance has crashed and the session can do without it. An operator's wish to end everything at once comes first.
    fn is_told_to_park(&self) -> bool {
        let interrupts = &self.state.entry.interrupts;
        interrupts.is_pending(Interrupt::Quit) && !interrupts.is_pending(Interrupt::Terminate) && self.may_park()
    }

    /// How long the client may stay silent now, and what it is told after that.
    fn idle_timeout(&self) -> Option<(std::time::Duration, fn() -> Error)> {
        let settings = self.state.settings.borrow();
        let (setting, error): (_, fn() -> Error) = match self.block {
            Block::Idle if !self.state.transaction.borrow().is_some() => (Setting::IdleSessionTimeout, idle_session),
            _ => (Setting::IdleInTransactionSessionTimeout, idle_in_transaction),
        };
        (settings.int(setting) > 0).then(|| (settings.duration(setting), error))
    }

    /// What others asked of the session while no statement ran.
    fn check_idle_interrupts(&mut self, instance: &Instance) -> Result<()> {
        let interrupts = &self.state.entry.interrupts;
        if !interrupts.pending() {
            return Ok(());
        }
        interrupts.take(Interrupt::CancelQuery);
        if interrupts.take(Interrupt::ConfigReload) {
            self.state.settings.borrow_mut().refresh(&instance.settings);
            Ctx::new(instance, &self.state).refresh_settings();
            self.send_parameter_changes();
        }
        self.send_notifications(instance)?;
        self.state.locks.check_interrupts()
    }

    /// Tells the client what NOTIFY sent. Within a transaction block the messages wait for its end.
    fn send_notifications(&mut self, instance: &Instance) -> Result<()> {
        let entry = &self.state.entry;
        if self.block != Block::Idle || !entry.interrupts.take(Interrupt::Notify) {
            return Ok(());
        }
        for message in instance.notifications.take(entry.id) {
            self.wire.out.notification(message.sender.0, &message.channel, &message.payload);
        }
        self.wire.flush()
    }

    /// Handles one message.
    fn handle(&mut self, server: &dyn Server, instance: &Instance, received: &Received) -> Next {
        if self.pipeline.skips(received.kind) {
            return Next::Continue;
        }
        if message_begins_a_statement(received.kind)
            && let Err(error) = self.state.entry.pass_fault_point()
        {
            return self.report_failure(server, instance, error, None);
        }
        // The body is copied out where a statement will run: it may ask for further messages (COPY).
        let body = self.wire.body(received).to_vec();
        let message = match Message::parse(received.kind, &body) {
            Ok(message) => message,
            Err(error) => return self.refuse_message(server, instance, received.kind, error),
        };
        match message {
            Message::Terminate => return Next::End,
            Message::Query(text) => return self.simple_query(server, instance, text),
            Message::Sync => return self.sync(server, instance),
            Message::Flush => {
                if let Err(error) = self.wire.flush() {
                    return self.end_with(server, &error);
                }
            }
            // Left over from a COPY that failed: to be ignored.
            Message::CopyData(_) | Message::CopyDone | Message::CopyFail(_) => {}
            Message::FunctionCall(_) => {
                let error = Error::unsupported("the function call message");
                let next = self.report_failure(server, instance, error, None);
                self.become_ready(instance);
                return next;
            }
            Message::Password(_) => {
                let error = report::error!(PROTOCOL_VIOLATION, "invalid frontend message type 112");
                return self.end_with(server, &error.severity(Severity::Fatal));
            }
            extended => return self.extended_message(server, instance, &extended),
        }
        Next::Continue
    }

    /// A message whose frame is right but whose content is not.
    fn refuse_message(&mut self, server: &dyn Server, instance: &Instance, kind: u8, error: Error) -> Next {
        let next = self.report_failure(server, instance, error, None);
        if kind == b'Q' {
            self.become_ready(instance);
        } else {
            self.pipeline.fail();
        }
        next
    }

    /// Tells the client and the log of an error, undoes the statement, and says whether the session goes on.
    pub(crate) fn report_failure(
        &mut self,
        server: &dyn Server,
        instance: &Instance,
        error: Error,
        statement: Option<&str>,
    ) -> Next {
        server.log(&self.speaker(), &error, statement);
        if error.fields().severity >= Severity::Fatal {
            return self.end_with_told(&error);
        }
        self.fail_transaction(instance);
        self.send_notices();
        self.wire.out.report(&error);
        Next::Continue
    }

    fn end_with(&mut self, server: &dyn Server, error: &Error) -> Next {
        server.log(&self.speaker(), error, None);
        self.end_with_told(error)
    }

    fn end_with_told(&mut self, error: &Error) -> Next {
        self.count(match error.code() {
            SqlState::CONNECTION_FAILURE => DatabaseCounter::SessionsAbandoned,
            SqlState::ADMIN_SHUTDOWN => DatabaseCounter::SessionsKilled,
            _ => DatabaseCounter::SessionsFatal,
        });
        if error.code() != SqlState::CONNECTION_FAILURE {
            self.send_notices();
            farewell(&mut self.wire, error);
        }
        if error.fields().severity == Severity::Panic { Next::Crash } else { Next::End }
    }

    /// Counts how the session ends.
    fn count(&self, end: DatabaseCounter) {
        self.state.statistics.borrow_mut().add(end, 1);
    }

    /// Tells the client that the next query may come, and shows so.
    pub(crate) fn become_ready(&mut self, instance: &Instance) {
        self.send_notices();
        self.send_parameter_changes();
        let state = match self.block {
            Block::InBlock => ActivityState::IdleInTransaction,
            Block::Failed => ActivityState::IdleInFailedTransaction,
            Block::Idle | Block::Implicit => ActivityState::Idle,
        };
        self.state.entry.end_statement(state, instance.now_us());
        // A client that cannot be written to is noticed when its next message is read.
        let _ = self.send_notifications(instance);
        self.wire.out.ready_for_query(self.block.status());
    }

    /// Sends the notices that wait and that the client wants.
    pub(crate) fn send_notices(&mut self) {
        let waiting = std::mem::take(&mut *self.state.notices.borrow_mut());
        if waiting.is_empty() {
            return;
        }
        let least = self.least_severity();
        waiting.iter().filter(|n| is_sent(n, least)).for_each(|notice| self.wire.out.report(notice));
    }

    pub(crate) fn least_severity(&self) -> Severity {
        logging::severity_of(self.state.settings.borrow().choice(Setting::ClientMinMessages))
    }

    /// Tells the client of settings that it keeps track of and that changed.
    pub(crate) fn send_parameter_changes(&mut self) {
        let mut settings = self.state.settings.borrow_mut();
        settings.settle_connection();
        for (name, value) in settings.take_reports() {
            self.wire.out.parameter_status(name, &value);
        }
    }

    /// Ends the session: its transaction is rolled back, its temporary tables go, its locks are given back.
    pub(crate) fn end(&mut self, instance: &Instance) {
        self.portals.close_all();
        let cx = Ctx::new(instance, &self.state);
        cx.abort_transaction();
        command::end_session(cx);
        instance.notifications.forget(self.state.entry.id);
        cx.flush_statistics();
    }
}

/// True for Query and Execute: where a fault on purpose may strike.
fn message_begins_a_statement(kind: u8) -> bool {
    matches!(kind, b'Q' | b'E')
}

/// Whether a client that asked for this severity or worse is sent a notice.
pub(crate) fn is_sent(notice: &Error, least: Severity) -> bool {
    logging::is_sent(notice.fields().severity, least)
}

fn idle_session() -> Error {
    Error::with_severity(
        Severity::Fatal,
        SqlState::IDLE_SESSION_TIMEOUT,
        "terminating connection due to idle-session timeout",
    )
}

fn idle_in_transaction() -> Error {
    Error::with_severity(
        Severity::Fatal,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        "terminating connection due to idle-in-transaction timeout",
    )
}
