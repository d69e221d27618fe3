//! From the first byte to the first ReadyForQuery: startup packet, authentication, the session's database, role and settings.
//!
//! 1. SSL and GSS requests are refused with one byte, and the client may ask again. A cancel request ends here.
//! 2. The server says whether it takes connections at all.
//! 3. A session is registered; from now on it can be terminated.
//! 4. pg_hba.conf names the method; the client proves who it is.
//! 5. The database is found; limits of role and database are checked; settings of both are applied, then those of the packet.
//! 6. The client is told its parameters and its cancel key.
//!
//! An error before step 6 is FATAL: the client gets one message and the connection closes. Nobody waits for a client here: what needs more
//! than it has sent comes back and is called again.

use crate::authentication::Proof;
use crate::server::{ClientInfo, Server};
use crate::session::send_parameter_changes;
use crate::wire::{Input, Wire};
use base::{Oid, SessionId};
use builtins::Memo;
use catalog::oids;
use catalog::rows::{PgAuthid, PgDatabase, PgDbRoleSetting};
use config::{Change, Context, Scope, SessionSettings, Setting, Source};
use instance::privileges::Privileges;
use instance::{Activity, Ctx, DatabaseCounter, Instance, Line, Registration, SessionState, Users, format_settings};
use lock::{LockMode, LockScope, LockTag, SessionWaits};
use proto::startup::{self, Parameters, Startup};
use report::{Error, Result, Severity, SqlState};
use schema::CatalogRow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// What a new connection wants.
pub(crate) enum Request {
    /// A session.
    Session(Parameters),
    /// It has not said so yet.
    Pending,
    /// A cancel request, or nothing at all: the connection is to be closed without a word.
    Nothing,
}

/// Reads startup packets until one asks for something. Cancel requests are carried out.
pub(crate) fn read_request(server: &dyn Server, wire: &mut Wire) -> Result<Request> {
    loop {
        let body = match wire.receive_startup()? {
            Input::Some(body) => body,
            Input::Pending => return Ok(Request::Pending),
            Input::Closed => return Ok(Request::Nothing),
        };
        let request = match startup::parse(&body) {
            Err(error) if startup::is_before_version_3(&body) => {
                server.sent_away(&error);
                wire.out.report_before_version_3(&error);
                wire.flush()?;
                return Ok(Request::Nothing);
            }
            request => request?,
        };
        match request {
            Startup::Ssl => decline_encryption(wire, "SSL request")?,
            Startup::GssEncryption => decline_encryption(wire, "GSSAPI encryption request")?,
            Startup::Cancel { session, key } => {
                server.cancel(SessionId(session), key);
                return Ok(Request::Nothing);
            }
            Startup::Session(parameters) => return Ok(Request::Session(parameters)),
        }
    }
}

/// Errors: the client sent more before it had the answer, which nobody could tell from what somebody put in between.
fn decline_encryption(wire: &mut Wire, request: &str) -> Result<()> {
    wire.out.refuse_encryption();
    wire.flush()?;
    if wire.has_input() {
        let text = format!("received unencrypted data after {request}");
        let error = Error::with_severity(Severity::Fatal, SqlState::PROTOCOL_VIOLATION, text);
        return Err(error.detail(
            "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
        ));
    }
    Ok(())
}

/// A client that logs in.
pub(crate) struct Login {
    parameters: Parameters,
    state: SessionState,
    registration: Registration,
    proof: Proof,
}

impl Login {
    /// Registers a session, and asks the client to prove who it is if it must. Errors: it may not come in.
    pub(crate) fn begin(
        server: &dyn Server,
        instance: &Instance,
        wire: &mut Wire,
        client: &ClientInfo,
        parameters: Parameters,
    ) -> Result<Login> {
        if parameters.replication.as_deref().is_some_and(|value| config::parse_bool(value) != Some(false)) {
            report::unsupported!("replication");
        }
        let (state, registration) = register(instance, wire, client)?;
        let cx = Ctx::new(instance, &state);
        state.statement_start_us.set(instance.now_us());
        cx.start_transaction();
        let proof = Proof::begin(server, cx, &mut wire.out, client, &parameters)?;
        if proof.is_asking() {
            // It may take its time.
            cx.commit_transaction()?;
            wire.flush()?;
        }
        Ok(Login { parameters, state, registration, proof })
    }

    /// Takes what the client answers. True when it was asked everything. Errors: it has gone, or what it sent is no answer.
    pub(crate) fn go_on(&mut self, instance: &Instance, wire: &mut Wire) -> Result<bool> {
        while self.proof.is_asking() {
            let received = match wire.receive()? {
                Input::Some(received) => received,
                Input::Pending => return Ok(false),
                Input::Closed => {
                    let text = "expected password response, got end of file";
                    return Err(Error::with_severity(Severity::Fatal, SqlState::PROTOCOL_VIOLATION, text));
                }
            };
            let (body, out) = wire.body_and_out(&received);
            self.proof.answer(Ctx::new(instance, &self.state), out, received.kind, body)?;
            if self.proof.is_asking() {
                wire.flush()?;
            }
        }
        Ok(true)
    }

    /// Lets the client in: its database, role and settings; what it is to know goes into the send buffer.
    pub(crate) fn finish(self, instance: &Instance, wire: &mut Wire) -> Result<(SessionState, Registration)> {
        let Login { parameters, mut state, registration, proof } = self;
        let cx = Ctx::new(instance, &state);
        state.stack_base.set(instance::stack_address());
        if !cx.in_transaction() {
            cx.start_transaction();
        }
        let role = proof.conclude()?;
        wire.stream().tell_waits(Arc::<instance::SessionEntry>::clone(&registration));
        become_user(&state, &role);
        let database = find_database(Ctx::new(instance, &state), &role, &parameters.database)?;
        state.database = database.oid;
        state.database_name = database.datname.clone();
        registration.update(|activity| {
            activity.user = role.oid;
            activity.database = database.oid;
        });
        check_limits(instance, &role, &database)?;
        state.statistics.borrow_mut().add(DatabaseCounter::Sessions, 1);
        apply_settings(Ctx::new(instance, &state), &role, &database, &parameters)?;
        let cx = Ctx::new(instance, &state);
        cx.refresh_settings();
        *state.format.borrow_mut() = Arc::new(format_settings(&state.settings.borrow()));
        cx.follow_io_timing();
        cx.commit_transaction()?;
        let name = state.settings.borrow().text(Setting::ApplicationName).to_string();
        registration.update(|activity| activity.application_name = name);
        greet(wire, &parameters, &state);
        Ok((state, registration))
    }
}

/// From now on the session can be seen and terminated.
fn register(instance: &Instance, wire: &mut Wire, client: &ClientInfo) -> Result<(SessionState, Registration)> {
    let activity = Activity {
        client_address: client.address.map(|a| a.ip()),
        client_port: Some(client.address.map_or(-1, |a| i32::from(a.port()))),
        session_start_us: instance.now_us(),
        ..Activity::default()
    };
    let id = client.session.unwrap_or_else(|| instance.sessions.reserve());
    let line = Line { interrupts: Arc::clone(&client.interrupts), memory: Arc::clone(&client.memory) };
    let registration = instance.sessions.register_client(id, random_key(instance)?, line, activity);
    let mut state = new_state(instance, &registration, Users::default());
    state.server_address = client.local_address;
    if let Some(probe) = wire.stream().probe() {
        registration.give_probe(probe);
    }
    if let Some(connection) = wire.stream().connection() {
        state.settings.borrow_mut().connect(connection);
    }
    Ok((state, registration))
}

fn random_key(instance: &Instance) -> Result<i32> {
    let mut bytes = [0; 4];
    instance.host.entropy.fill(&mut bytes).map_err(|error| Error::io("draw random bytes", &error))?;
    Ok(i32::from_le_bytes(bytes))
}

/// A session's state before it is known who it is for.
pub(crate) fn new_state(instance: &Instance, registration: &instance::Registration, users: Users) -> SessionState {
    let hooks = Arc::<instance::SessionEntry>::clone(registration);
    let store = instance.store.of_session(Arc::<instance::SessionEntry>::clone(registration));
    let waits = SessionWaits { session: registration.id, interrupts: Arc::clone(&registration.interrupts), hooks };
    let settings = SessionSettings::new(&instance.settings);
    let clock = Arc::clone(&instance.host.clock);
    let now = move || clock.wall_us() - instance::SQL_EPOCH_US;
    let seed = (now() as u64) ^ (u64::from(registration.cancel_key.cast_unsigned()) << 32);
    let mut memo = Memo::new(seed, Box::new(now));
    let (entropy, mut spare) = (Arc::clone(&instance.host.entropy), base::Prng::new(seed));
    // Without entropy the random sequence stands in: a uuid is no secret.
    memo.entropy = Some(Box::new(move |bytes| {
        if entropy.fill(bytes).is_err() {
            bytes.fill_with(|| spare.next_u64() as u8);
        }
    }));
    SessionState {
        entry: Arc::clone(registration),
        store: Arc::new(store),
        locks: instance.store.locks.register(waits),
        server_address: None,
        database: Oid::INVALID,
        database_name: String::new(),
        format: RefCell::new(Arc::new(format_settings(&settings))),
        settings: RefCell::new(settings),
        users: Cell::new(users),
        transaction: RefCell::new(None),
        touches_temporary: Cell::new(false),
        is_read_only: Cell::new(false),
        outer_read_only: RefCell::default(),
        overlay: schema::Overlay::new(),
        participants: RefCell::default(),
        committing: RefCell::default(),
        notices: RefCell::default(),
        memo: RefCell::new(memo),
        search_path: RefCell::default(),
        temp_namespace: Cell::new(Oid::INVALID),
        prepared: RefCell::default(),
        temp_bytes: Arc::default(),
        cursors: RefCell::default(),
        sequences: RefCell::default(),
        last_sequence: Cell::new(None),
        record_types: RefCell::default(),
        stack_base: Cell::new(instance::stack_address()),
        statement_start_us: Cell::new(0),
        transaction_start_us: Cell::new(0),
        extensions: RefCell::default(),
        statistics: RefCell::default(),
        statistics_view: RefCell::default(),
    }
}

fn become_user(state: &SessionState, role: &PgAuthid) {
    state.users.set(Users {
        authenticated: role.oid,
        session: role.oid,
        current: role.oid,
        authenticated_is_superuser: role.rolsuper,
        is_superuser: role.rolsuper,
        role_is_set: false,
    });
}

fn find_database(cx: Ctx<'_>, role: &PgAuthid, name: &str) -> Result<CatalogRow<PgDatabase>> {
    let catalog = cx.catalog_of(Oid::INVALID);
    let Some(database) = catalog.database_by_name(name)? else {
        return Err(report::error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"));
    };
    // Held until the login's transaction ends, when the session can be seen to use the database: nobody copies or drops it
    // in between.
    let tag = LockTag::Object { database: Oid::INVALID, class: oids::PG_DATABASE, object: database.oid, part: 0 };
    cx.session.locks.acquire(tag, LockMode::RowExclusive, LockScope::Transaction)?;
    if catalog.database_by_name(name)?.is_none_or(|now| now.oid != database.oid) {
        let error = report::error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist");
        return Err(error.detail("It seems to have just been dropped or renamed."));
    }
    if !database.datallowconn {
        let error = report::error!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "database \"{name}\" is not currently accepting connections"
        );
        return Err(error);
    }
    if !role.rolsuper && !may_connect(cx, role, &database)? {
        let error = report::error!(INSUFFICIENT_PRIVILEGE, "permission denied for database \"{name}\"");
        return Err(error.detail("User does not have CONNECT privilege."));
    }
    Ok(database)
}

fn may_connect(cx: Ctx<'_>, role: &PgAuthid, database: &PgDatabase) -> Result<bool> {
    cx.may_use_database(role.oid, database, Privileges::CONNECT)
}

/// Connection limits of the server, the database and the role. A superuser passes all.
fn check_limits(instance: &Instance, role: &PgAuthid, database: &PgDatabase) -> Result<()> {
    let settings = &instance.settings;
    let clients = instance.sessions.count_clients();
    let (most, reserved) = (settings.int(Setting::MaxConnections), settings.int(Setting::SuperuserReservedConnections));
    if clients > most as usize {
        return Err(report::error!(TOO_MANY_CONNECTIONS, "sorry, too many clients already"));
    }
    if role.rolsuper {
        return Ok(());
    }
    if clients > (most - reserved).max(0) as usize {
        let message = "remaining connection slots are reserved for non-replication superuser connections";
        return Err(report::error!(TOO_MANY_CONNECTIONS, "{message}"));
    }
    let counts = |limit: i32, count: &dyn Fn() -> usize| limit >= 0 && count() > limit as usize;
    if counts(database.datconnlimit, &|| instance.sessions.count_where(|a| a.database == database.oid)) {
        let name = &database.datname;
        return Err(report::error!(TOO_MANY_CONNECTIONS, "too many connections for database \"{name}\""));
    }
    if counts(role.rolconnlimit, &|| instance.sessions.count_where(|a| a.user == role.oid)) {
        let name = &role.rolname;
        return Err(report::error!(TOO_MANY_CONNECTIONS, "too many connections for role \"{name}\""));
    }
    Ok(())
}

/// Settings of the database and role, then those of the startup packet, each with its own source.
fn apply_settings(cx: Ctx<'_>, role: &PgAuthid, database: &PgDatabase, parameters: &Parameters) -> Result<()> {
    let mut settings = cx.session.settings.borrow_mut();
    let fixed = [
        ("server_encoding", encoding_name(database.encoding)),
        ("client_encoding", encoding_name(database.encoding)),
        ("lc_collate", database.datcollate.clone()),
        ("lc_ctype", database.datctype.clone()),
        ("is_superuser", (if role.rolsuper { "on" } else { "off" }).to_owned()),
        ("session_authorization", role.rolname.clone()),
    ];
    for (name, value) in fixed {
        let change = Change { context: Context::Internal, source: Source::DynamicDefault, scope: Scope::Session };
        settings.set(name, Some(&value), change)?;
    }
    drop(settings);
    let levels = [
        (Oid::INVALID, Oid::INVALID, Source::Database),
        (database.oid, Oid::INVALID, Source::Database),
        (Oid::INVALID, role.oid, Source::User),
        (database.oid, role.oid, Source::DatabaseUser),
    ];
    for (database, role, source) in levels {
        apply_stored(cx, database, role, source)?;
    }
    let packet = config::switches::settings_of_options(&parameters.options)?;
    let is_superuser = role.rolsuper;
    let mut settings = cx.session.settings.borrow_mut();
    for (name, value) in packet.iter().chain(&parameters.settings) {
        settings.set(name, Some(value), Change::login(is_superuser, Source::Client))?;
    }
    Ok(())
}

/// Settings of ALTER DATABASE SET and ALTER ROLE SET. What is no longer valid is reported and left out.
fn apply_stored(cx: Ctx<'_>, database: Oid, role: Oid, source: Source) -> Result<()> {
    use catalog::columns::pg_db_role_setting as c;
    let keys = [schema::Key::oid(c::SETDATABASE, database), schema::Key::oid(c::SETROLE, role)];
    let rows = cx.catalog_of(Oid::INVALID).scan::<PgDbRoleSetting>(&keys)?;
    for assignment in rows.iter().flat_map(|row| row.setconfig.iter().flatten()) {
        let Some((name, value)) = assignment.split_once('=') else { continue };
        let change = Change { context: Context::Superuser, source, scope: Scope::Session };
        let outcome = cx.session.settings.borrow_mut().set(name, Some(value), change);
        if let Err(error) = outcome {
            cx.session.notice(error.severity(Severity::Warning));
        }
    }
    Ok(())
}

/// PostgreSQL's name of an encoding number; databases are UTF-8 or SQL_ASCII.
fn encoding_name(number: i32) -> String {
    (if number == 0 { "SQL_ASCII" } else { "UTF8" }).to_owned()
}

/// Tells the client what it needs to know, once.
fn greet(wire: &mut Wire, parameters: &Parameters, state: &SessionState) {
    if parameters.minor > 0 || !parameters.unknown_options.is_empty() {
        wire.out.negotiate_protocol(&parameters.unknown_options);
    }
    wire.out.authentication(proto::backend::Authentication::Ok);
    send_parameter_changes(wire, state);
    wire.out.backend_key_data(state.entry.id.0, state.entry.cancel_key);
}
