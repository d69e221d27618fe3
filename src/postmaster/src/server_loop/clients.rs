//! Clients at the loop: who is served, who is refused, and who waits until the server has recovered from a crash.

use super::ServerLoop;
use crate::children::{ChildRecord, Ear};
use crate::client::{self, Client, ClientHandle};
use crate::deadlines::Due;
use crate::refusal;
use crate::state::{Admission, Class, Phase};
use config::Setting;
use host::net::Stream;
use instance::Instance;
use report::{Error, Severity};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Connections taken in one go before everything else is looked at again.
const ACCEPTS_MAX: usize = 64;
/// The pause after a connection could not be accepted because something ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Stack of a session's thread: what `max_stack_depth` may be set to, and room for the frames of one deep call.
const SESSION_STACK_BYTES: usize = 8 << 20;
/// Stack of a thread that only says no.
const DEAD_END_STACK_BYTES: usize = 256 << 10;

impl ServerLoop {
    /// Serves those who waited for the recovery, and the sessions that were there before the crash.
    pub(super) fn take_up(&mut self) {
        let Some(instance) = self.parts.shared.instance() else { return };
        for parked in std::mem::take(&mut self.parked) {
            let handle = parked.handle();
            let client = Client::resume(instance.clone(), parked);
            let served = match self.parts.shared.pool() {
                Some(pool) => pool.admit_again(client),
                None => self.start_session_thread(client, handle),
            };
            if let Err(error) = served {
                self.say_not_served(&error);
            }
        }
        for stream in std::mem::take(&mut self.waiting) {
            self.connected(stream);
        }
    }

    /// There will be no recovery: tells those who wait for it.
    pub(super) fn turn_away(&mut self) {
        let text = "terminating connection due to administrator command";
        let error = report::error!(ADMIN_SHUTDOWN, "{text}").severity(Severity::Fatal);
        std::mem::take(&mut self.parked).into_iter().for_each(|client| client.dismiss(&error));
        for stream in std::mem::take(&mut self.waiting) {
            self.connected(stream);
        }
    }

    /// True while a client had better wait than be refused: the server recovers from a crash, and will be there in a moment.
    fn is_worth_waiting(&self) -> bool {
        self.state.admission() == Admission::Recovering
            && self.state.shutdown.is_none()
            && self.parts.shared.settings.bool(Setting::RestartAfterCrash)
    }

    /// Listens to its sockets while there is somebody who could serve or refuse.
    pub(super) fn set_accepting(&mut self) -> io::Result<()> {
        let wanted = self.state.phase < Phase::WaitDeadEnd && self.deadlines.at(Due::AcceptAgain).is_none();
        if wanted == self.accepting {
            return Ok(());
        }
        for (key, socket) in self.parts.listeners.sockets.iter().enumerate() {
            if wanted {
                self.parts.poller.watch(key, socket.clone())?;
            } else {
                self.parts.poller.unwatch(key);
            }
        }
        self.accepting = wanted;
        Ok(())
    }

    pub(super) fn accept(&mut self, key: usize) {
        let Some(socket) = self.parts.listeners.sockets.get(key).cloned() else { return };
        for _ in 0..ACCEPTS_MAX {
            match socket.accept() {
                Ok(stream) => self.connected(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The client gave up while it waited.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                Err(error) => {
                    let text = report::Error::io("accept new connection", &error).severity(Severity::Log);
                    self.log.log(&text);
                    self.deadlines.set(Due::AcceptAgain, self.now() + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn connected(&mut self, stream: Stream) {
        let values = self.parts.shared.settings.snapshot();
        let clients = self.children.count(Class::Session) + self.children.count(Class::DeadEnd) + self.pooled();
        if clients >= 2 * refusal::children_max(&values) {
            // Beyond all bounds not even a thread to say no is affordable.
            refusal::tell(&stream, &too_many());
            return;
        }
        if self.is_worth_waiting() && self.waiting.len() < refusal::children_max(&values) {
            self.waiting.push(stream);
            return;
        }
        let reason = refusal::reason(self.state.admission(), clients, &values);
        match (reason, self.parts.shared.instance()) {
            (None, Some(instance)) => self.start_session(stream, instance),
            (reason, _) => self.start_refusal(stream, reason.unwrap_or_else(too_many)),
        }
    }

    fn start_session(&mut self, stream: Stream, instance: Arc<Instance>) {
        let handle = match ClientHandle::new(stream) {
            Ok(handle) => handle,
            Err(error) => return self.say_not_served(&error),
        };
        let client = Client::new(&self.parts.shared, instance, handle.clone());
        let served = match self.parts.shared.pool() {
            Some(pool) => pool.admit(client),
            None => self.start_session_thread(client, handle.clone()),
        };
        if let Err(error) = served {
            self.say_not_served(&error);
            refusal::tell(handle.stream(), &cannot_fork(&error));
        }
    }

    fn start_session_thread(&mut self, client: Client, handle: Arc<ClientHandle>) -> io::Result<()> {
        self.start_client_thread(Class::Session, Ear::Client(handle), move || client.serve_alone())
    }

    fn start_refusal(&mut self, stream: Stream, reason: report::Error) {
        let shared = self.parts.shared.clone();
        let limit = shared.settings.duration(Setting::AuthenticationTimeout);
        let number = shared.instance().map_or(0, |instance| instance.sessions.reserve().0);
        let log = shared.logger.role(number, "client backend");
        let cancel = move |session, key| {
            if let Some(instance) = shared.instance() {
                client::cancel(&shared, &instance, session, key);
            }
        };
        let started = stream.try_clone().and_then(|ear| {
            let body = move || refusal::refuse(stream, &reason, limit, &log, &cancel);
            self.start_client_thread(Class::DeadEnd, Ear::Refused(ear), body)
        });
        if let Err(error) = started {
            self.say_not_served(&error);
        }
    }

    fn say_not_served(&self, error: &io::Error) {
        self.log.log(&cannot_fork(error).severity(Severity::Log));
    }

    fn start_client_thread(
        &mut self,
        class: Class,
        ear: Ear,
        body: impl FnOnce() -> report::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let id = self.children.next_id();
        let (name, stack_bytes) = match class {
            Class::Session => ("session", SESSION_STACK_BYTES),
            _ => ("refusal", DEAD_END_STACK_BYTES),
        };
        let child = threads::spawn(name, stack_bytes, id, self.parts.shared.mailbox.clone(), body)?;
        let (name, started) = (name.to_owned(), self.now());
        self.children.add(ChildRecord { child, class, role: None, name, ear, started });
        Ok(())
    }
}

fn cannot_fork(error: &io::Error) -> Error {
    Error::io("fork new process for connection", error).severity(Severity::Fatal)
}

fn too_many() -> Error {
    report::error!(TOO_MANY_CONNECTIONS, "sorry, too many clients already").severity(Severity::Fatal)
}
