//! A session, and the turns in which its messages are served.

use crate::block::Block;
use crate::desk::{Desk, Shelf};
use crate::extended::Pipeline;
use crate::idle_clock::{IdleClock, idle_in_transaction, idle_session};
use crate::known::KnownStatements;
use crate::limits::{READ_BYTES, TURN_MESSAGES_MAX};
use crate::portal::Portals;
use crate::server::{Server, Speaker};
use crate::transaction_statement::{Characteristics, Savepoint};
use crate::wire::{Input, Received, Wire};
use config::Setting;
use instance::{ActivityState, Ctx, DatabaseCounter, Instance, Registration, SessionState};
use proto::Message;
use report::{Error, Result, Severity, SqlState};
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
    /// The plans of the worker that serves it; none between turns.
    pub(crate) shelf: Shelf,
    /// The message under way ends with the commit, if there is one: what is left of that can wait for its turn.
    pub(crate) may_settle_later: bool,
    /// The thread that serves it has others to serve.
    leaves_thread: bool,
    /// ReadyForQuery is due when the commit has settled.
    ready_is_due: bool,
    idle_clock: IdleClock,
    /// What its client has sent has waited for its turn.
    was_queued: bool,
    /// The body of the message under way: the statement in it may ask for further messages.
    message: Vec<u8>,
    /// Dropped last: while the session ends it can still be seen.
    _registration: Registration,
}

/// Whether a session goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next message may be served.
    Continue,
    /// It waits for the next message.
    Wait,
    /// It waits for its client to read.
    WaitForRoom,
    /// It is over.
    End,
    /// It leaves the instance, which has crashed, and goes on in the next one.
    Park,
    /// It is over, and what it shares with others may be half changed: it touches nothing any more.
    Crash,
}

/// What looking for the next message came to.
enum Awaited {
    Message(Received),
    /// It is not there.
    Later,
    /// It is not looked for while the client does not read what it was sent.
    Room,
    /// The client has left.
    Nobody,
    /// The instance has crashed, and the session can do without it.
    Park,
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
            shelf: Shelf::default(),
            may_settle_later: false,
            leaves_thread: false,
            ready_is_due: false,
            idle_clock: IdleClock::default(),
            was_queued: false,
            message: Vec::new(),
            _registration: registration,
        }
    }

    /// Serves the messages that are there. `Continue`: there are more, and it is somebody else's turn.
    pub(crate) fn serve(&mut self, server: &dyn Server, instance: &Instance, desk: &mut Desk) -> Next {
        // Another thread may have served it last.
        self.state.stack_base.set(instance::stack_address());
        self.wire.wake_up(&mut desk.spare);
        self.shelf = std::mem::take(&mut desk.shelf);
        self.leaves_thread = desk.has_others;
        let next = self.serve_messages(server, instance);
        desk.shelf = std::mem::take(&mut self.shelf);
        match next {
            Next::End => {
                if let Err(caught) = sync::catch(|| self.end(instance)) {
                    // Nobody else can tidy up after it.
                    self.panicked(server, &Caught { unclean: true, ..caught });
                }
            }
            Next::Continue | Next::Wait | Next::WaitForRoom => {
                if std::mem::take(&mut self.was_queued) || self.state.entry.interrupts.pending() {
                    self.state.entry.unqueue_statement();
                }
                self.wire.rest(&mut desk.spare);
            }
            Next::Park | Next::Crash => {}
        }
        next
    }

    fn serve_messages(&mut self, server: &dyn Server, instance: &Instance) -> Next {
        let mut messages = 0;
        while messages < TURN_MESSAGES_MAX || !self.pipeline.is_idle() {
            let served = sync::catch(|| self.serve_message(server, instance));
            let next = served.unwrap_or_else(|caught| self.panicked(server, &caught));
            if next != Next::Continue {
                return next;
            }
            messages += 1;
        }
        Next::Continue
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

    /// Handles the next message if it is there.
    fn serve_message(&mut self, server: &dyn Server, instance: &Instance) -> Next {
        match self.settle(instance) {
            Ok(true) => {}
            Ok(false) => return Next::Wait,
            Err(error) => return self.report_failure(server, instance, error, None),
        }
        match self.next_message(instance) {
            Ok(Awaited::Message(received)) => self.handle(server, instance, &received),
            Ok(Awaited::Later) => Next::Wait,
            Ok(Awaited::Room) => Next::WaitForRoom,
            Ok(Awaited::Park) => Next::Park,
            Ok(Awaited::Nobody) => {
                self.count(DatabaseCounter::SessionsAbandoned);
                Next::End
            }
            Err(error) => match self.wire.take_refused() {
                Some(kind) if self.pipeline.skips(kind) => Next::Continue,
                Some(kind) => self.refuse_message(server, instance, kind, error),
                None => self.end_with(server, &error),
            },
        }
    }

    /// Goes on with a commit that was on its way to the disk. False if it still is: the log wakes the session. Whoever has news for the session meanwhile
    /// is not to wait for somebody else's flush.
    fn settle(&mut self, instance: &Instance) -> Result<bool> {
        if !self.state.is_committing() {
            return Ok(true);
        }
        let cx = Ctx::new(instance, &self.state);
        if !cx.settle_commit(self.state.entry.interrupts.pending())? {
            return Ok(false);
        }
        if std::mem::take(&mut self.ready_is_due) {
            self.become_ready(instance);
        }
        Ok(true)
    }

    /// Looks for the next message, and for news.
    fn next_message(&mut self, instance: &Instance) -> Result<Awaited> {
        if self.is_told_to_park() {
            // The recovery may take its time, and what was done is done.
            self.wire.flush()?;
            return Ok(Awaited::Park);
        }
        self.check_idle_interrupts(instance)?;
        match self.wire.receive()? {
            Input::Some(received) => {
                self.idle_clock.stop(&self.state.entry.interrupts);
                Ok(Awaited::Message(received))
            }
            Input::Closed => Ok(Awaited::Nobody),
            Input::Pending if !self.wire.send()? => Ok(Awaited::Room),
            Input::Pending => {
                self.start_idle_clock(instance);
                Ok(Awaited::Later)
            }
        }
    }

    /// True if the instance has crashed and the session can do without it. An operator's wish to end everything at once comes first.
    fn is_told_to_park(&self) -> bool {
        let interrupts = &self.state.entry.interrupts;
        interrupts.is_pending(Interrupt::Quit) && !interrupts.is_pending(Interrupt::Terminate) && self.may_park()
    }

    /// From now on the client has as long to say something as the settings give it.
    fn start_idle_clock(&mut self, instance: &Instance) {
        let settings = self.state.settings.borrow();
        let frequent = settings.frequent();
        let (limit, interrupt) = match self.block {
            Block::Idle if self.state.transaction.borrow().is_none() => {
                (frequent.idle_session_timeout, Interrupt::IdleSessionTimeout)
            }
            _ => (frequent.idle_in_transaction_timeout, Interrupt::IdleInTransactionTimeout),
        };
        if let Some(limit) = limit {
            self.idle_clock.start(instance, &self.state.entry.interrupts, interrupt, limit);
        }
    }

    /// What others asked of the session while no statement ran.
    fn check_idle_interrupts(&mut self, instance: &Instance) -> Result<()> {
        let interrupts = &self.state.entry.interrupts;
        if !interrupts.pending() {
            return Ok(());
        }
        if interrupts.take(Interrupt::IdleSessionTimeout) {
            return Err(idle_session());
        }
        if interrupts.take(Interrupt::IdleInTransactionTimeout) {
            return Err(idle_in_transaction());
        }
        if interrupts.take(Interrupt::ConfigReload) {
            self.state.settings.borrow_mut().refresh(&instance.settings);
            Ctx::new(instance, &self.state).refresh_settings();
            self.send_parameter_changes();
        }
        self.send_notifications(instance)?;
        self.state.locks.check_idle_interrupts()
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
        Ok(())
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
        self.may_settle_later = self.leaves_thread && !self.logs_statements();
        let mut body = std::mem::take(&mut self.message);
        body.clear();
        body.extend_from_slice(self.wire.body(received));
        let next = self.handle_body(server, instance, received.kind, &body);
        if body.capacity() <= READ_BYTES {
            self.message = body;
        }
        next
    }

    fn handle_body(&mut self, server: &dyn Server, instance: &Instance, kind: u8, body: &[u8]) -> Next {
        let message = match Message::parse(kind, body) {
            Ok(message) => message,
            Err(error) => return self.refuse_message(server, instance, kind, error),
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

    /// A message whose frame is right but whose content is not, or for which there is no memory.
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
        if self.state.is_committing() {
            self.ready_is_due = true;
            return;
        }
        self.send_notices();
        self.send_parameter_changes();
        let state = match self.block {
            Block::InBlock => ActivityState::IdleInTransaction,
            Block::Failed => ActivityState::IdleInFailedTransaction,
            Block::Idle | Block::Implicit => {
                self.state.entry.end_transaction_limit();
                ActivityState::Idle
            }
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
        send_parameter_changes(&mut self.wire, &self.state);
    }

    /// What the client has sent has to wait for its turn: from now on it can be cancelled.
    pub(crate) fn queue(&mut self) {
        // A commit cannot be cancelled.
        if !self.state.is_committing() {
            self.was_queued = true;
            self.state.entry.queue_statement();
        }
    }

    /// Tells the client something between two messages, as far as it listens.
    pub(crate) fn tell(&mut self, notice: &Error) {
        if is_sent(notice, self.least_severity()) {
            self.wire.out.report(notice);
            // What a commit's client is told has to wait for the disk.
            if !self.state.is_committing() {
                // A client that has gone is noticed when its next message is read.
                let _ = self.wire.send();
            }
        }
    }

    /// Ends the session: its transaction is rolled back, its temporary tables go, its locks are given back.
    pub(crate) fn end(&mut self, instance: &Instance) {
        self.portals.close_all();
        let cx = Ctx::new(instance, &self.state);
        // A log that has failed ends the instance; whoever uses it next says so.
        let _ = cx.settle_commit(true);
        cx.abort_transaction();
        command::end_session(cx);
        instance.notifications.forget(self.state.entry.id);
        self.idle_clock.forget(instance);
        self.state.entry.withdraw_timers(&instance.timers);
        cx.flush_statistics();
    }
}

/// Tells a client of settings that it keeps track of and that changed.
pub(crate) fn send_parameter_changes(wire: &mut Wire, state: &SessionState) {
    let mut settings = state.settings.borrow_mut();
    settings.settle_connection();
    for (name, value) in settings.take_reports() {
        wire.out.parameter_status(name, &value);
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
