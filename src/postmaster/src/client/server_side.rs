//! The server as one session sees it: who may come in, and what the log is told.

use super::handle::ClientHandle;
use crate::faults;
use crate::network::Network;
use crate::shared::{Shared, pass_fault_point};
use base::SessionId;
use config::Setting;
use config::hba::{self, MapOutcome, Request, Roles};
use instance::{ActivityState, Instance, SessionEntry, SessionState};
use logging::{ClientName, Who};
use parking_lot::Mutex;
use report::{Error, Result, Severity, SqlState};
use session::{ClientInfo, Method, Server, Speaker};
use std::sync::Arc;
use std::time::Duration;

/// The server as one session sees it.
pub(super) struct ServerSide {
    pub(super) log: Arc<ClientLog>,
    pub(super) instance: Arc<Instance>,
    handle: Arc<ClientHandle>,
    /// An error after which the instance cannot go on.
    pub(super) panic: Mutex<Option<Error>>,
}

impl ServerSide {
    pub(super) fn new(log: Arc<ClientLog>, instance: Arc<Instance>, handle: Arc<ClientHandle>) -> ServerSide {
        ServerSide { log, instance, handle, panic: Mutex::new(None) }
    }
}

/// What a client's session says to the server's log.
pub(super) struct ClientLog {
    pub(super) shared: Arc<Shared>,
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
    /// The log of a client that has just come, under the number of the session that it may get.
    pub(super) fn new(shared: &Arc<Shared>, client: &ClientInfo, session: SessionId) -> ClientLog {
        ClientLog {
            shared: Arc::clone(shared),
            name: Mutex::new(client_name(shared, client)),
            who: Who::new(session.0, "client backend", shared.logger.now_us()),
            matched: Mutex::default(),
        }
    }

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

    fn say(&self, activity: &str, text: String) {
        let error = Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text);
        self.shared.logger.emit(&self.who(activity), &error, None);
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

    pub(super) fn say_received(&self) {
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

    pub(super) fn say_gone(&self, lasted: Duration) {
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

impl Server for ServerSide {
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

    fn system_user(&self, uid: u32) -> Option<String> {
        nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
    }

    fn maps(&self, map: Option<&str>, system_user: &str, role: &str) -> bool {
        if let Some(matched) = &mut *self.log.matched.lock() {
            matched.system_user = Some(system_user.to_owned());
        }
        let maps = self.log.shared.authentication().map(|files| files.maps()).unwrap_or_default();
        match maps.check(map, role, system_user, false) {
            MapOutcome::Yes => true,
            MapOutcome::No(why) => {
                self.log.shared.logger.emit(&self.log.who("authentication"), &why, None);
                false
            }
        }
    }

    fn cancel(&self, session: SessionId, key: i32) {
        super::cancel(&self.log.shared, &self.instance, session, key);
    }

    fn resumed(&self, session: &SessionState) {
        let session = &session.entry;
        if let Some(place) = self.handle.place() {
            session.give_workplace(place);
        }
        let (log, speaker) = (Arc::clone(&self.log), Arc::downgrade(session));
        session.give_voice(Box::new(move |message| {
            if let Some(session) = speaker.upgrade() {
                log.shared.logger.emit(&log.at_work(&session), message, None);
            }
        }));
        if self.log.shared.settings.bool(Setting::FaultHooks) {
            let (faults, own) = (Arc::clone(&self.log.shared.faults), format!("{} {}", faults::SESSION, session.id));
            session.give_fault_point(Box::new(move || pass_fault_point(&faults, faults::SESSION, &own)));
        }
    }

    fn logged_in(&self, session: &SessionState) {
        self.resumed(session);
        if !self.log.shared.settings.bool(Setting::LogConnections) {
            return;
        }
        let application = session.entry.with_activity(|activity| activity.application_name.clone());
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
                self.log.shared.logger.emit(&self.log.who("authentication"), &error.clone().detail(detail), None);
            }
            None => self.log.shared.logger.emit(&self.log.who("authentication"), error, None),
        }
    }

    fn log(&self, session: &Speaker<'_>, error: &Error, statement: Option<&str>) {
        let mut who = self.log.at_work(session.entry);
        (who.vxid, who.xid) = (Some(session.virtual_transaction), session.xid.map_or(0, |xid| xid.0));
        self.log.shared.logger.emit(&who, error, statement);
        if error.fields().severity == Severity::Panic {
            *self.panic.lock() = Some(error.clone());
        }
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
