//! A client's connection from its first byte to its last: a value that any thread may serve, a turn at a time.
//!
//! ```text
//! Knocking --startup packet--> Proving --proved--> Serving --terminate, error--> Over
//!     |                           |                   |
//!     +-- cancel request, nothing |                   +-- the instance has crashed --> parked
//!     +---------------------------+--- error, silence for authentication_timeout --> Over
//! ```
//! A turn ends where the connection would have to wait for its client; whoever gives it turns waits in its place. So a client that is silent,
//! slow or half gone costs what the value holds, and no thread.

use crate::desk::Desk;
use crate::login::{self, Login, Request};
use crate::park::Parked;
use crate::server::{ClientInfo, Server};
use crate::session::{Next, Session};
use crate::wire::{Spare, Wire};
use config::Setting;
use instance::{Instance, SessionState, Timer};
use proto::startup::Parameters;
use report::{Error, Result, Severity};
use std::sync::Arc;
use sync::Interrupt;

/// A client's connection.
pub struct Connection {
    stage: Stage,
}

enum Stage {
    /// It has yet to say what it wants.
    Knocking(Box<Visitor>),
    /// It is asked to prove who it is.
    Proving(Box<Visitor>, Box<Login>),
    /// It had a session in an instance that has crashed.
    Parked(Box<Parked>),
    /// It has a session.
    Serving(Box<Session>),
    /// There is nothing more to be done.
    Over,
}

/// Who has no session yet.
struct Visitor {
    wire: Wire,
    client: ClientInfo,
    /// Ends a login that takes too long.
    timer: Option<Arc<Timer>>,
}

/// What a turn came to.
pub enum Progress {
    /// The client is to say something, or there is to be news for its session.
    Waits,
    /// The client is to read what it was sent first.
    WaitsForRoom,
    /// There is more to be done, and it is somebody else's turn.
    Yields,
    /// It is over.
    Over,
    /// It leaves the instance, which has crashed, and goes on in the next one.
    Parked(Box<Parked>),
}

impl Connection {
    /// A connection that was just made. Its time to log in begins now.
    pub fn new(instance: &Instance, wire: Wire, client: ClientInfo) -> Connection {
        let mut visitor = Visitor { wire, client, timer: None };
        visitor.limit_time(instance);
        Connection { stage: Stage::Knocking(Box::new(visitor)) }
    }

    /// A session that was parked; its first turn is in its next instance.
    pub fn parked(parked: Parked) -> Connection {
        Connection { stage: Stage::Parked(Box::new(parked)) }
    }

    /// The state of its session, if it has one.
    pub fn session(&self) -> Option<&SessionState> {
        match &self.stage {
            Stage::Serving(session) => Some(&session.state),
            _ => None,
        }
    }

    /// What the client has sent will have to wait for its turn. Until then it can be cancelled.
    pub fn queue(&mut self) {
        if let Stage::Serving(session) = &mut self.stage {
            session.queue();
        }
    }

    /// Tells a client whose statement waits for its turn. Nothing is said if it does not listen.
    pub fn tell(&mut self, notice: &Error) {
        if let Stage::Serving(session) = &mut self.stage {
            session.tell(notice);
        }
    }

    /// Serves what the client has sent. Everything that goes wrong is told the client and the log here.
    ///
    /// The buffers are the client's for as long as this lasts.
    pub fn serve(&mut self, server: &dyn Server, instance: &Arc<Instance>, desk: &mut Desk) -> Progress {
        memory::take_over(desk.spare.held_bytes());
        let progress = self.serve_with(server, instance, desk);
        memory::give_up(desk.spare.held_bytes());
        progress
    }

    fn serve_with(&mut self, server: &dyn Server, instance: &Arc<Instance>, desk: &mut Desk) -> Progress {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Knocking(visitor) => self.stage = knock(server, instance, visitor, &mut desk.spare),
                Stage::Proving(visitor, login) => self.stage = prove(server, instance, visitor, login, &mut desk.spare),
                Stage::Parked(parked) => {
                    let session = parked.resume(instance);
                    server.resumed(&session.state);
                    self.stage = Stage::Serving(Box::new(session));
                }
                Stage::Serving(mut session) => {
                    let progress = match session.serve(server, instance, desk) {
                        Next::Park => return Progress::Parked(Box::new(session.park(instance))),
                        Next::End | Next::Crash => return Progress::Over,
                        Next::Continue => Progress::Yields,
                        Next::Wait => Progress::Waits,
                        Next::WaitForRoom => Progress::WaitsForRoom,
                    };
                    self.stage = Stage::Serving(session);
                    return progress;
                }
                Stage::Over => return Progress::Over,
            }
            match &mut self.stage {
                Stage::Knocking(visitor) | Stage::Proving(visitor, _) => {
                    visitor.wire.rest(&mut desk.spare);
                    return Progress::Waits;
                }
                _ => {}
            }
        }
    }
}

/// Looks for the startup packet.
fn knock(server: &dyn Server, instance: &Arc<Instance>, mut visitor: Box<Visitor>, spare: &mut Spare) -> Stage {
    if visitor.is_given_up() {
        return visitor.leave(instance);
    }
    visitor.wire.wake_up(spare);
    match login::read_request(server, &mut visitor.wire) {
        Ok(Request::Session(parameters)) => admit(server, instance, visitor, parameters, spare),
        Ok(Request::Pending) => Stage::Knocking(visitor),
        Ok(Request::Nothing) => visitor.leave(instance),
        // Who is there may speak another protocol altogether.
        Err(error) if error.fields().severity == Severity::Log => {
            server.sent_away(&error);
            visitor.leave(instance)
        }
        Err(error) => visitor.send_away(server, instance, &error),
    }
}

/// The client has said what it wants, and has its time again to prove that it may.
fn admit(
    server: &dyn Server,
    instance: &Arc<Instance>,
    mut visitor: Box<Visitor>,
    parameters: Parameters,
    spare: &mut Spare,
) -> Stage {
    visitor.limit_time(instance);
    match Login::begin(server, instance, &mut visitor.wire, &visitor.client, parameters) {
        Ok(login) => prove(server, instance, visitor, Box::new(login), spare),
        Err(error) => visitor.send_away(server, instance, &error),
    }
}

/// Takes the client's answers, and lets it in after the last one.
fn prove(
    server: &dyn Server,
    instance: &Arc<Instance>,
    mut visitor: Box<Visitor>,
    mut login: Box<Login>,
    spare: &mut Spare,
) -> Stage {
    visitor.wire.wake_up(spare);
    let outcome = visitor.check_time().and_then(|()| login.go_on(instance, &mut visitor.wire));
    match outcome {
        Ok(false) => Stage::Proving(visitor, login),
        Ok(true) => let_in(server, instance, *visitor, *login),
        Err(error) => visitor.send_away(server, instance, &error),
    }
}

fn let_in(server: &dyn Server, instance: &Arc<Instance>, mut visitor: Visitor, login: Login) -> Stage {
    let entered = login.finish(instance, &mut visitor.wire);
    visitor.stop_clock(instance);
    match entered {
        Ok((state, registration)) => {
            let mut session = Session::new(state, visitor.wire, registration);
            server.logged_in(&session.state);
            session.become_ready(instance);
            Stage::Serving(Box::new(session))
        }
        Err(error) => visitor.send_away(server, instance, &error),
    }
}

impl Visitor {
    /// True if it has taken too long to say anything, or the server is stopping: it is not worth a word.
    fn is_given_up(&self) -> bool {
        let told = |interrupt| self.client.interrupts.is_pending(interrupt);
        told(Interrupt::LoginTimeout) || told(Interrupt::Terminate) || told(Interrupt::Quit)
    }

    /// Errors: it has taken too long to prove who it is, or must go.
    fn check_time(&self) -> Result<()> {
        lock::check_interrupts(&self.client.interrupts)
    }

    fn limit_time(&mut self, instance: &Instance) {
        let interrupts = &self.client.interrupts;
        let timer = self.timer.get_or_insert_with(|| Timer::new(Arc::clone(interrupts), Interrupt::LoginTimeout));
        instance.timers.arm(timer, instance.settings.duration(Setting::AuthenticationTimeout));
    }

    fn stop_clock(&mut self, instance: &Instance) {
        if let Some(timer) = self.timer.take() {
            instance.timers.withdraw(&timer);
            self.client.interrupts.take(Interrupt::LoginTimeout);
        }
    }

    fn leave(&mut self, instance: &Instance) -> Stage {
        self.stop_clock(instance);
        Stage::Over
    }

    /// Tells a client and the log why it gets no session. It may have gone already.
    fn send_away(&mut self, server: &dyn Server, instance: &Instance, error: &Error) -> Stage {
        let error = error.clone().severity(Severity::Fatal);
        server.sent_away(&error);
        self.wire.out.report(&error);
        let _ = self.wire.flush();
        self.leave(instance)
    }
}
