//! A session's thread: the client's stream, and the server as the session sees it.

use crate::faults;
use crate::network::Network;
use crate::shared::{Shared, pass_fault_point};
use base::SessionId;
use config::Setting;
use config::hba::{self, MapOutcome, Request, Roles};
use host::net::{Keepalive, Readiness, Stream, Waker};
use instance::{ActivityState, CancelOutcome, Instance, SessionEntry};
use logging::{ClientName, Record, Verbosity, Who, is_logged, severity_of};
use parking_lot::Mutex;
use report::{Error, Result, Severity, SqlState};
use session::{ClientInfo, Method, Server, Speaker, Wire};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use sync::{Interrupt, Interrupts};

/// The postmaster's hold on a client: how to tell its session something.
#[derive(Debug)]
pub struct ClientHandle {
    stream: Stream,
    waker: Waker,
    /// Its session's, once it has logged in.
    interrupts: OnceLock<Arc<Interrupts>>,
    /// The system's keepalive, from before it was changed.
    usual_keepalive: OnceLock<Keepalive>,
}

impl ClientHandle {
    /// Around a fresh connection.
    pub fn new(stream: Stream) -> io::Result<Arc<ClientHandle>> {
        stream.set_nonblocking(true)?;
        Ok(Arc::new(ClientHandle {
            stream,
            waker: Waker::new()?,
            interrupts: OnceLock::new(),
            usual_keepalive: OnceLock::new(),
        }))
    }

    /// Tells the session. A client that is still logging in is cut off if it is to end.
    pub fn tell(&self, interrupt: Interrupt) {
        match self.interrupts.get() {
            Some(interrupts) => interrupts.raise(interrupt),
            None if matches!(interrupt, Interrupt::Terminate | Interrupt::Quit) => {
                let _ = self.stream.shutdown(Shutdown::Both);
            }
            None => {}
        }
    }

    /// The connection.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    fn is_to_end(&self) -> bool {
        let told = |interrupts: &Arc<Interrupts>| {
            interrupts.is_pending(Interrupt::Terminate) || interrupts.is_pending(Interrupt::Quit)
        };
        self.interrupts.get().is_some_and(told)
    }
}

impl config::Connection for ClientHandle {
    fn put_in_force(&self, setting: Setting, wanted: i32) -> i32 {
        let part: fn(&mut Keepalive) -> &mut u32 = match setting {
            Setting::TcpKeepalivesIdle => |keepalive| &mut keepalive.idle_s,
            Setting::TcpKeepalivesInterval => |keepalive| &mut keepalive.interval_s,
            Setting::TcpKeepalivesCount => |keepalive| &mut keepalive.count,
            _ => |keepalive| &mut keepalive.user_timeout_ms,
        };
        let mut usual = *self.usual_keepalive.get_or_init(|| self.stream.keepalive());
        let mut now = self.stream.keepalive();
        let wanted = match u32::try_from(wanted) {
            Ok(number) if number > 0 => number,
            _ => *part(&mut usual),
        };
        if *part(&mut now) != wanted {
            *part(&mut now) = wanted;
            // A system that does not take it serves the client all the same.
            let _ = self.stream.set_keepalive(now);
        }
        i32::try_from(*part(&mut self.stream.keepalive())).unwrap_or(i32::MAX)
    }
}

/// The stream as the session uses it.
struct ClientStream {
    handle: Arc<ClientHandle>,
    timeout: Option<Duration>,
}

impl session::Stream for ClientStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.handle.stream.wait_readable(&self.handle.waker, self.timeout)? {
                Readiness::Woken => return Err(io::ErrorKind::Interrupted.into()),
                Readiness::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
                Readiness::Readable | Readiness::Writable => {}
            }
            match (&self.handle.stream).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
        }
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match (&self.handle.stream).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.timeout = limit;
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.handle.stream.is_closed_by_peer()
    }

    fn probe(&self) -> Option<Box<dyn Fn() -> bool + Send + Sync>> {
        let handle = Arc::downgrade(&self.handle);
        Some(Box::new(move || handle.upgrade().is_none_or(|handle| handle.stream.is_closed_by_peer())))
    }

    fn connection(&self) -> Option<Arc<dyn config::Connection>> {
        Some(self.handle.clone())
    }

    fn heed(&mut self, interrupts: &Arc<Interrupts>) {
        let _ = self.handle.interrupts.set(interrupts.clone());
        let handle = Arc::downgrade(&self.handle);
        interrupts.set_wake_hook(Box::new(move || {
            if let Some(handle) = handle.upgrade() {
                handle.waker.wake();
            }
        }));
    }
}

impl ClientStream {
    /// Waits for a client that does not take what it is sent; not if the session is to end.
    fn wait_for_room(&self) -> io::Result<()> {
        loop {
            if self.handle.is_to_end() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match self.handle.stream.wait_writable(&self.handle.waker, None)? {
                Readiness::Woken => {}
                _ => return Ok(()),
            }
        }
    }
}

/// The server as one session sees it.
struct ServerSide<'a> {
    log: Arc<ClientLog>,
    instance: &'a Instance,
    /// An error after which the instance cannot go on.
    panic: Mutex<Option<Error>>,
}

/// What a client's session says to the server's log.
struct ClientLog {
    shared: Arc<Shared>,
    /// What is known of the client, for the log.
    name: Mutex<ClientName>,
    /// The session, for the log.
    who: Who,
    /// The line of pg_hba.conf by which the client is to log in.
    matched: Mutex<Option<Matched>>,
}

/// What the log tells of the line of pg_hba.conf that let a client in, or did not.
#[derive(Clone)]
struct Matched {
    line: u32,
    text: String,
    method: &'static str,
    /// The user of the system that the client is, if the method found that out.
    system_user: Option<String>,
}

/// Serves one client to its end. Errors: PANIC, after which the instance cannot go on.
pub fn serve(shared: &Arc<Shared>, instance: &Arc<Instance>, handle: Arc<ClientHandle>) -> Result<()> {
    let session = instance.sessions.reserve();
    let client = client_info(handle.stream(), session);
    let name = client_name(shared, &client);
    let start = Instant::now();
    let log = Arc::new(ClientLog {
        shared: Arc::clone(shared),
        name: Mutex::new(name),
        who: Who::new(session.0, "client backend", shared.logger.now_us()),
        matched: Mutex::default(),
    });
    log.say_received();
    let server = ServerSide { log, instance, panic: Mutex::new(None) };
    let kept = Arc::clone(&handle);
    let wire = Wire::new(Box::new(ClientStream { handle, timeout: None }));
    let parked = session::serve_connection(&server, instance, wire, &client);
    conclude(server, parked, kept, start)
}

/// Goes on serving a client in another instance. Errors: as [`serve`].
pub fn resume(instance: &Arc<Instance>, client: ParkedClient) -> Result<()> {
    let ParkedClient { session, handle, log, start } = client;
    let server = ServerSide { log, instance, panic: Mutex::new(None) };
    let parked = session::resume_connection(&server, instance, session);
    conclude(server, parked, handle, start)
}

fn conclude(
    server: ServerSide<'_>,
    parked: Option<session::Parked>,
    handle: Arc<ClientHandle>,
    start: Instant,
) -> Result<()> {
    if let Some(session) = parked {
        let log = server.log;
        let mailbox = Arc::clone(&log.shared.mailbox);
        mailbox.park(ParkedClient { session, handle, log, start });
        return Ok(());
    }
    server.log.say_gone(start.elapsed());
    match server.panic.into_inner() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// A client's session while there is no instance. The postmaster has it.
pub struct ParkedClient {
    session: session::Parked,
    handle: Arc<ClientHandle>,
    log: Arc<ClientLog>,
    start: Instant,
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

fn client_info(stream: &Stream, session: SessionId) -> ClientInfo {
    let credentials = stream.peer_credentials().ok().flatten();
    let peer_user = credentials.and_then(|found| user_name(found.uid));
    let session = Some(session);
    ClientInfo { session, address: stream.peer_address(), local_address: stream.local_address(), peer_user }
}

fn user_name(uid: u32) -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

fn client_name(shared: &Shared, client: &ClientInfo) -> ClientName {
    let Some(address) = client.address else {
        return ClientName { host: "[local]".to_owned(), ..ClientName::default() };
    };
    let looks_up = shared.settings.bool(Setting::LogHostname);
    let named = looks_up.then(|| host::net::host_name(address.ip())).flatten();
    let host = named.unwrap_or_else(|| address.ip().to_string());
    ClientName { host, port: address.port().to_string(), ..ClientName::default() }
}

impl ClientLog {
    /// The session as the log names it while it does this.
    fn who(&self, activity: &str) -> Who {
        let mut client = self.name.lock().clone();
        activity.clone_into(&mut client.activity);
        let mut who = self.who.clone();
        who.client = Some(client);
        who
    }

    /// The session as the log names it, by what it shows of itself.
    fn at_work(&self, session: &SessionEntry) -> Who {
        let activity = session.with_activity(|activity| {
            activity.application_name.clone_into(&mut self.name.lock().application_name);
            match activity.state {
                // It is being read.
                ActivityState::Active if activity.command.is_empty() => "idle",
                ActivityState::Active => activity.command,
                state => state.as_str().unwrap_or_default(),
            }
        });
        self.who(activity)
    }

    fn emit(&self, who: &Who, error: &Error, statement: Option<&str>) {
        let values = self.shared.settings.snapshot();
        let severity = error.fields().severity;
        if !is_logged(severity, severity_of(values.choice(Setting::LogMinMessages))) {
            return;
        }
        let statement =
            statement.filter(|_| is_logged(severity, severity_of(values.choice(Setting::LogMinErrorStatement))));
        let verbosity = Verbosity::of(values.choice(Setting::LogErrorVerbosity));
        self.shared.logger.emit(&Record { error, who, statement, verbosity });
    }

    fn say(&self, activity: &str, text: String) {
        let error = Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text);
        self.emit(&self.who(activity), &error, None);
    }

    /// Who the client has proved to be, where it had to prove anything.
    fn say_authenticated(&self, user: &str) {
        let Some(matched) = self.matched.lock().clone().filter(|matched| matched.method != "trust") else { return };
        let Matched { line, method, system_user, .. } = matched;
        let identity = system_user.as_deref().unwrap_or(user);
        let file = self.shared.settings.text(Setting::HbaFile);
        let text = format!("connection authenticated: identity=\"{identity}\" method={method} ({file}:{line})");
        self.say("authentication", text);
    }

    fn say_received(&self) {
        if self.shared.settings.bool(Setting::LogConnections) {
            let at = self.host_and_port();
            self.say("", format!("connection received: {at}"));
        }
    }

    fn host_and_port(&self) -> String {
        let name = self.name.lock();
        let port = if name.port.is_empty() { String::new() } else { format!(" port={}", name.port) };
        format!("host={}{port}", name.host)
    }

    fn say_gone(&self, lasted: Duration) {
        if !self.shared.settings.bool(Setting::LogDisconnections) || self.name.lock().user.is_empty() {
            return;
        }
        let (seconds, ms) = (lasted.as_secs(), lasted.subsec_millis());
        let time = format!("{}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let (user, database) = {
            let name = self.name.lock();
            (name.user.clone(), name.database.clone())
        };
        let at = self.host_and_port();
        self.say("idle", format!("disconnection: session time: {time} user={user} database={database} {at}"));
    }
}

/// Asks the catalogs, through the session, whether the client's role is a member of another.
struct Membership<'a>(&'a dyn Fn(&str) -> bool);

impl Roles for Membership<'_> {
    fn is_member(&self, _: &str, group: &str) -> bool {
        (self.0)(group)
    }
}

impl Server for ServerSide<'_> {
    fn method(
        &self,
        client: &ClientInfo,
        user: &str,
        database: &str,
        is_member: &dyn Fn(&str) -> bool,
    ) -> Result<Method> {
        {
            let mut name = self.log.name.lock();
            user.clone_into(&mut name.user);
            database.clone_into(&mut name.database);
        }
        let address = client.address.map(|address| address.ip());
        let request = Request { address, tls: false, database, role: user, replication: false };
        let rules = self.log.shared.authentication().map(|files| files.rules()).unwrap_or_default();
        match rules.find(&request, &Membership(is_member), &Network) {
            Some(rule) => {
                let (text, method) = (rule.raw.clone(), rule.method.as_str());
                *self.log.matched.lock() = Some(Matched { line: rule.line, text, method, system_user: None });
                Ok(method_of(rule))
            }
            None => Err(hba::implicit_reject(&request)),
        }
    }

    fn maps(&self, map: Option<&str>, system_user: &str, role: &str) -> bool {
        if let Some(matched) = &mut *self.log.matched.lock() {
            matched.system_user = Some(system_user.to_owned());
        }
        let maps = self.log.shared.authentication().map(|files| files.maps()).unwrap_or_default();
        match maps.check(map, role, system_user, false) {
            MapOutcome::Yes => true,
            MapOutcome::No(why) => {
                self.log.emit(&self.log.who("authentication"), &why, None);
                false
            }
        }
    }

    fn cancel(&self, session: SessionId, key: i32) {
        cancel(&self.log.shared, self.instance, session, key);
    }

    fn resumed(&self, session: &Arc<SessionEntry>) {
        let (log, speaker) = (Arc::clone(&self.log), Arc::downgrade(session));
        session.give_voice(Box::new(move |message| {
            if let Some(session) = speaker.upgrade() {
                log.emit(&log.at_work(&session), message, None);
            }
        }));
        if self.log.shared.settings.bool(Setting::FaultHooks) {
            let (faults, own) = (Arc::clone(&self.log.shared.faults), format!("{} {}", faults::SESSION, session.id));
            session.give_fault_point(Box::new(move || pass_fault_point(&faults, faults::SESSION, &own)));
        }
    }

    fn logged_in(&self, session: &Arc<SessionEntry>) {
        self.resumed(session);
        if !self.log.shared.settings.bool(Setting::LogConnections) {
            return;
        }
        let application = session.with_activity(|activity| activity.application_name.clone());
        let (user, database) = {
            let name = self.log.name.lock();
            (name.user.clone(), name.database.clone())
        };
        application.clone_into(&mut self.log.name.lock().application_name);
        let named = if application.is_empty() { String::new() } else { format!(" application_name={application}") };
        self.log.say_authenticated(&user);
        self.log.say("authentication", format!("connection authorized: user={user} database={database}{named}"));
    }

    fn sent_away(&self, error: &Error) {
        let is_of_login = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
        let matched = self.log.matched.lock().clone().filter(|_| is_of_login.contains(&error.code()));
        match matched {
            // For the log alone: who may not come in need not know why.
            Some(Matched { line, text, .. }) => {
                let detail = format!("Connection matched pg_hba.conf line {line}: \"{text}\"");
                self.log.emit(&self.log.who("authentication"), &error.clone().detail(detail), None);
            }
            None => self.log.emit(&self.log.who("authentication"), error, None),
        }
    }

    fn log(&self, session: &Speaker<'_>, error: &Error, statement: Option<&str>) {
        let mut who = self.log.at_work(session.entry);
        (who.vxid, who.xid) = (Some(session.virtual_transaction), session.xid.map_or(0, |xid| xid.0));
        self.log.emit(&who, error, statement);
        if error.fields().severity == Severity::Panic {
            *self.panic.lock() = Some(error.clone());
        }
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

fn method_of(rule: &hba::Rule) -> Method {
    match rule.method {
        hba::Method::Trust => Method::Trust,
        hba::Method::Reject => Method::Reject,
        hba::Method::Password => Method::Password,
        hba::Method::Md5 => Method::Md5,
        hba::Method::ScramSha256 => Method::ScramSha256,
        hba::Method::Peer => Method::Peer { map: rule.map().map(str::to_owned) },
        other => Method::Unsupported(other.as_str()),
    }
}
