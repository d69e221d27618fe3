//! A client of the server: its connection, and what it takes to give it turns, by the thread pool or by a thread of its own.

mod handle;
mod server_side;

pub use handle::{ClientHandle, SpareWakers};

use crate::shared::Shared;
use base::SessionId;
use config::SessionSettings;
use handle::ClientStream;
use instance::{CancelOutcome, Instance, Users};
use memory::Account;
use pool::{LaneKey, Place, Standing, Terms, Turn};
use report::{Error, Result, Severity, SqlState};
use server_side::{ClientLog, ServerSide};
use session::{ClientInfo, Connection, Desk, Direction, Progress, Wire};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::{Caught, Interrupts};

/// A client.
pub struct Client {
    handle: Arc<ClientHandle>,
    server: ServerSide,
    connection: Connection,
    /// What it holds: whoever serves it counts for it.
    memory: Arc<Account>,
    start: Instant,
}

/// A client's session while there is no instance. The postmaster has it.
pub struct ParkedClient {
    session: session::Parked,
    handle: Arc<ClientHandle>,
    log: Arc<ClientLog>,
    memory: Arc<Account>,
    start: Instant,
}

impl Client {
    /// Around a fresh connection.
    pub fn new(shared: &Arc<Shared>, instance: Arc<Instance>, handle: Arc<ClientHandle>) -> Client {
        let memory = Arc::new(Account::new());
        let counted = memory.serve();
        let session = instance.sessions.reserve();
        let info = client_info(&handle, session, &memory);
        let log = Arc::new(ClientLog::new(shared, &info, session));
        log.say_received();
        let stream = ClientStream::new(Arc::clone(&handle), Arc::clone(&shared.wakers));
        let connection = Connection::new(&instance, Wire::new(Box::new(stream)), info);
        let server = ServerSide::new(log, instance, Arc::clone(&handle));
        drop(counted);
        Client { handle, server, connection, memory, start: Instant::now() }
    }

    /// Goes on with one whose instance has crashed.
    pub fn resume(instance: Arc<Instance>, parked: ParkedClient) -> Client {
        let ParkedClient { session, handle, log, memory, start } = parked;
        let server = ServerSide::new(log, instance, Arc::clone(&handle));
        let connection = Connection::parked(session);
        Client { handle, server, connection, memory, start }
    }

    /// Serves what there is.
    fn turn(&mut self, desk: &mut Desk) -> Turn {
        let _counted = self.memory.serve();
        match sync::catch(|| self.connection.serve(&self.server, &self.server.instance, desk)) {
            Ok(Progress::Waits) => Turn::Waits,
            Ok(Progress::WaitsForRoom) => Turn::WaitsForRoom,
            Ok(Progress::Yields) => Turn::Yields,
            Ok(Progress::Over) => {
                self.server.log.say_gone(self.start.elapsed());
                Turn::Over(self.server.panic.lock().take().map_or(Ok(()), Err))
            }
            Ok(Progress::Parked(session)) => {
                let (handle, log) = (Arc::clone(&self.handle), Arc::clone(&self.server.log));
                let memory = Arc::clone(&self.memory);
                let parked = ParkedClient { session: *session, handle, log, memory, start: self.start };
                self.server.log.shared.mailbox.park(parked);
                Turn::Over(Ok(()))
            }
            Err(caught) => Turn::Over(self.panicked(&caught)),
        }
    }

    /// A Rust panic before there was a session costs the connection, and if it may have left something half changed, the instance.
    fn panicked(&self, caught: &Caught) -> Result<()> {
        let severity = if caught.unclean { Severity::Panic } else { Severity::Log };
        let error = Error::with_severity(severity, SqlState::INTERNAL_ERROR, caught.message.clone());
        let error = match &caught.trace {
            Some(trace) => error.detail(format!("It panicked at {}.\nBacktrace:\n{}", trace.place, trace.calls)),
            None => error,
        };
        session::Server::sent_away(&self.server, &error);
        if caught.unclean { Err(error) } else { Ok(()) }
    }

    /// Serves the client to its end, on a thread of its own. Errors: PANIC, after which the instance cannot go on.
    pub fn serve_alone(mut self) -> Result<()> {
        let mut desk = Desk::of_one();
        let wakers = Arc::clone(&self.server.log.shared.wakers);
        let failed = |error| Error::io("wait for a client", &error);
        self.handle.keep_waker(&wakers).map_err(failed)?;
        loop {
            let direction = match self.turn(&mut desk) {
                Turn::Waits => Direction::Read,
                Turn::WaitsForRoom => Direction::Write,
                Turn::Yields => continue,
                Turn::Over(outcome) => return outcome,
            };
            self.handle.wait(&wakers, direction).map_err(failed)?;
        }
    }
}

/// In the thread pool.
impl pool::Client for Client {
    type Desk = Desk;

    fn serve(&mut self, desk: &mut Desk, has_ended: bool) -> Turn {
        if has_ended {
            self.handle.set_ended();
        }
        self.turn(desk)
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    fn interrupts(&self) -> Arc<Interrupts> {
        Arc::clone(self.handle.interrupts())
    }

    fn seated(&mut self, place: Arc<dyn Place>) {
        self.handle.sit(place);
    }

    fn standing(&self) -> Standing {
        let Some(state) = self.connection.session() else { return Standing::default() };
        let Users { authenticated, authenticated_is_superuser: is_superuser, .. } = state.users.get();
        Standing {
            session: state.entry.id.0,
            lane: Some(LaneKey { role: authenticated.0, database: state.database.0, is_superuser }),
            in_transaction: state.transaction.borrow().is_some(),
            is_committing: state.is_committing(),
            terms: terms(&state.settings.borrow()),
        }
    }

    fn queued(&mut self) {
        self.connection.queue();
    }

    fn tell_queued(&mut self, waited: Duration, before: usize) {
        let text = format!("statement waits for a worker of the thread pool, {before} before it");
        let notice = Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, text);
        let seconds = waited.as_secs_f64();
        self.connection.tell(&notice.detail(format!("It has waited for {seconds:.1} s.")));
    }
}

/// What the settings say of a session's place in the queue.
fn terms(settings: &SessionSettings) -> Terms {
    let frequent = settings.frequent();
    Terms {
        weight: frequent.pool_weight,
        workers_max: frequent.pool_workers_max,
        queue_timeout_ms: frequent.pool_queue_timeout_ms,
        queue_notice_ms: frequent.pool_queue_notice_ms,
    }
}

impl ParkedClient {
    /// How to tell the session something once it is served again.
    pub fn handle(&self) -> Arc<ClientHandle> {
        Arc::clone(&self.handle)
    }

    /// Tells the client why its session ends.
    pub fn dismiss(self, error: &Error) {
        self.session.dismiss(error);
        self.log.say_gone(self.start.elapsed());
    }
}

fn client_info(handle: &ClientHandle, session: SessionId, memory: &Arc<Account>) -> ClientInfo {
    let stream = handle.stream();
    let credentials = stream.peer_credentials().ok().flatten();
    ClientInfo {
        session: Some(session),
        address: stream.peer_address(),
        local_address: stream.local_address(),
        peer_uid: credentials.map(|found| found.uid),
        interrupts: Arc::clone(handle.interrupts()),
        memory: Arc::clone(memory),
    }
}

/// Carries a cancel request out. What comes of it only the log learns.
pub fn cancel(shared: &Shared, instance: &Instance, session: SessionId, key: i32) {
    let log = shared.logger.postmaster();
    match instance.sessions.cancel(session, key) {
        CancelOutcome::Accepted => {}
        CancelOutcome::NoSuchSession => {
            log.say(format!("PID {session} in cancel request did not match any process"));
        }
        CancelOutcome::WrongKey => log.say(format!("wrong key in cancel request for process {session}")),
    }
}
