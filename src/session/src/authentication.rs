//! Proving who one is: a client is asked, and nobody waits while it thinks.

use crate::server::{ClientInfo, Method, Server};
use base::Oid;
use catalog::rows::PgAuthid;
use instance::Ctx;
use password::scram::{self, Exchange, Verifier};
use proto::backend::Authentication;
use proto::startup::Parameters;
use proto::{Message, Writer, frontend};
use report::{Error, Result, Severity, SqlState, bail};

/// What the role's password is stored as.
enum Secret {
    None,
    Md5(String),
    Scram(Verifier),
}

/// A client that proves who it is: what is known of it, and what it was last asked for.
pub(crate) struct Proof {
    user: String,
    role: Option<PgAuthid>,
    method: Method,
    step: Step,
}

/// How far a proof has come.
enum Step {
    Password(Secret),
    Md5(Secret, [u8; 4]),
    ScramFirst(Secret),
    ScramLast(Box<Exchange>),
    Done { passed: bool },
}

impl Proof {
    /// Finds out how the client must prove that it may be the role it names, and asks it if it must be asked.
    ///
    /// Errors: 28000; the method is not there.
    pub(crate) fn begin(
        server: &dyn Server,
        cx: Ctx<'_>,
        out: &mut Writer,
        client: &ClientInfo,
        parameters: &Parameters,
    ) -> Result<Proof> {
        let user = &parameters.user;
        let role = cx.catalog_of(Oid::INVALID).role_by_name(user)?.map(|row| row.row.clone());
        let is_member = |group: &str| is_member_of(cx, role.as_ref(), group).unwrap_or(false);
        let method = server.method(client, user, &parameters.database, &is_member)?;
        let step = match &method {
            Method::Trust => Step::Done { passed: true },
            Method::Reject => return Err(rejected(client, parameters)),
            Method::Peer { map } => {
                let Some(system_user) = client.peer_uid.and_then(|uid| server.system_user(uid)) else {
                    bail!(INVALID_AUTHORIZATION_SPECIFICATION, "Peer authentication failed for user \"{user}\"")
                };
                Step::Done { passed: server.maps(map.as_deref(), &system_user, user) }
            }
            Method::Password => {
                out.authentication(Authentication::CleartextPassword);
                Step::Password(secret_of(cx, role.as_ref()))
            }
            Method::Md5 => match secret_of(cx, role.as_ref()) {
                secret @ Secret::Scram(_) => ask_scram(out, secret),
                secret => ask_md5(cx, out, secret)?,
            },
            Method::ScramSha256 => ask_scram(out, secret_of(cx, role.as_ref())),
            Method::Unsupported(name) => report::unsupported!("authentication method \"{name}\""),
        };
        Ok(Proof { user: user.clone(), role, method, step })
    }

    /// True while the client was asked for something and has yet to answer.
    pub(crate) fn is_asking(&self) -> bool {
        !matches!(self.step, Step::Done { .. })
    }

    /// Takes a message that the client sent, and asks for the next if there is one. Errors: it is no answer.
    pub(crate) fn answer(&mut self, cx: Ctx<'_>, out: &mut Writer, kind: u8, body: &[u8]) -> Result<()> {
        let Message::Password(answer) = Message::parse(kind, body)? else {
            bail!(PROTOCOL_VIOLATION, "expected password response, got message type {kind}")
        };
        let done = |passed| Step::Done { passed };
        self.step = match std::mem::replace(&mut self.step, done(false)) {
            Step::Password(secret) => done(check_cleartext(&self.user, &secret, text_of(answer)?)?),
            Step::Md5(Secret::Md5(stored), salt) => done(scram::md5_answer_matches(&stored, salt, text_of(answer)?)),
            Step::Md5(..) => text_of(answer).map(|_| done(false))?,
            Step::ScramFirst(secret) => begin_scram(cx, out, &self.user, secret, answer)?,
            Step::ScramLast(exchange) => done(end_scram(out, *exchange, answer)?),
            step @ Step::Done { .. } => step,
        };
        Ok(())
    }

    /// The role that the client has proved to be. Errors: 28000 and 28P01, in words that do not tell whether the role exists.
    pub(crate) fn conclude(self) -> Result<PgAuthid> {
        let Proof { user, role, method, step } = self;
        if !matches!(step, Step::Done { passed: true }) {
            return Err(failed(&method, &user));
        }
        let Some(role) = role else {
            bail!(INVALID_AUTHORIZATION_SPECIFICATION, "role \"{user}\" does not exist");
        };
        if !role.rolcanlogin {
            bail!(INVALID_AUTHORIZATION_SPECIFICATION, "role \"{user}\" is not permitted to log in");
        }
        Ok(role)
    }
}

fn rejected(client: &ClientInfo, parameters: &Parameters) -> Error {
    let host = client.address.map_or_else(|| "[local]".to_owned(), |address| address.ip().to_string());
    let (user, database) = (&parameters.user, &parameters.database);
    report::error!(
        INVALID_AUTHORIZATION_SPECIFICATION,
        "pg_hba.conf rejects connection for host \"{host}\", user \"{user}\", database \"{database}\", no encryption"
    )
}

fn failed(method: &Method, user: &str) -> Error {
    let (code, name) = match method {
        Method::Peer { .. } => (SqlState::INVALID_AUTHORIZATION_SPECIFICATION, "Peer"),
        _ => (SqlState::INVALID_PASSWORD, "password"),
    };
    Error::with_severity(Severity::Fatal, code, format!("{name} authentication failed for user \"{user}\""))
}

fn is_member_of(cx: Ctx<'_>, role: Option<&PgAuthid>, group: &str) -> Result<bool> {
    let catalog = cx.catalog_of(Oid::INVALID);
    match (role, catalog.role_by_name(group)?) {
        (Some(role), Some(group)) => cx.is_member_nosuper(role.oid, group.oid),
        _ => Ok(false),
    }
}

fn secret_of(cx: Ctx<'_>, role: Option<&PgAuthid>) -> Secret {
    let Some(role) = role else { return Secret::None };
    let is_expired = role.rolvaliduntil.is_some_and(|until| until < cx.now_us());
    match &role.rolpassword {
        Some(stored) if !is_expired => match Verifier::parse(stored) {
            Some(verifier) => Secret::Scram(verifier),
            None if stored.starts_with("md5") => Secret::Md5(stored.clone()),
            None => Secret::None,
        },
        _ => Secret::None,
    }
}

fn check_cleartext(user: &str, secret: &Secret, password: &str) -> Result<bool> {
    if password.is_empty() {
        bail!(INVALID_PASSWORD, "empty password returned by client");
    }
    Ok(match secret {
        Secret::None => false,
        Secret::Md5(stored) => *stored == scram::md5_of_password(user, password),
        Secret::Scram(verifier) => verifier.matches(password),
    })
}

fn ask_md5(cx: Ctx<'_>, out: &mut Writer, secret: Secret) -> Result<Step> {
    let mut salt = [0; 4];
    draw(cx, &mut salt)?;
    out.authentication(Authentication::Md5Password(salt));
    Ok(Step::Md5(secret, salt))
}

fn ask_scram(out: &mut Writer, secret: Secret) -> Step {
    out.authentication(Authentication::Sasl(&[scram::MECHANISM]));
    Step::ScramFirst(secret)
}

fn begin_scram(cx: Ctx<'_>, out: &mut Writer, user: &str, secret: Secret, answer: &[u8]) -> Result<Step> {
    let (mechanism, client_first) = split_initial_response(answer)?;
    if mechanism != scram::MECHANISM {
        bail!(PROTOCOL_VIOLATION, "client selected an invalid SASL authentication mechanism");
    }
    let mut nonce = [0; scram::NONCE_BYTES];
    draw(cx, &mut nonce)?;
    let (verifier, is_mock) = match secret {
        Secret::Scram(verifier) => (verifier, false),
        // The salt of a made-up verifier must be the same each time: it is derived from what only this cluster knows.
        _ => (Verifier::mock(user, &cx.instance.system_identifier().to_le_bytes()), true),
    };
    let exchange = Exchange::start(client_first, verifier, nonce, is_mock)?;
    out.authentication(Authentication::SaslContinue(exchange.server_first().as_bytes()));
    Ok(Step::ScramLast(Box::new(exchange)))
}

fn end_scram(out: &mut Writer, exchange: Exchange, answer: &[u8]) -> Result<bool> {
    match exchange.finish(frontend::parameter_text(answer)?)? {
        Some(server_final) => {
            out.authentication(Authentication::SaslFinal(server_final.as_bytes()));
            Ok(true)
        }
        None => Ok(false),
    }
}

/// SASLInitialResponse: mechanism, NUL, length (4 bytes, -1 for none), data.
fn split_initial_response(body: &[u8]) -> Result<(&str, &str)> {
    let malformed = || report::error!(PROTOCOL_VIOLATION, "malformed SASL initial response");
    let end = body.iter().position(|b| *b == 0).ok_or_else(malformed)?;
    let data = body.get(end + 5..).ok_or_else(malformed)?;
    Ok((frontend::parameter_text(&body[..end])?, frontend::parameter_text(data)?))
}

fn draw(cx: Ctx<'_>, bytes: &mut [u8]) -> Result<()> {
    cx.instance.host.entropy.fill(bytes).map_err(|error| Error::io("draw random bytes", &error))
}

/// A password message's text, without its final NUL.
fn text_of(answer: &[u8]) -> Result<&str> {
    let text =
        answer.strip_suffix(b"\0").ok_or_else(|| report::error!(PROTOCOL_VIOLATION, "invalid password packet size"))?;
    frontend::parameter_text(text)
}
