//! Proving who one is.

use crate::server::{ClientInfo, Method, Server};
use crate::wire::{Input, Wire};
use base::Oid;
use catalog::rows::PgAuthid;
use instance::Ctx;
use password::scram::{self, Exchange, Verifier};
use proto::backend::Authentication;
use proto::startup::Parameters;
use proto::{Message, frontend};
use report::{Error, Result, Severity, SqlState, bail};

/// What the role's password is stored as.
enum Secret {
    None,
    Md5(String),
    Scram(Verifier),
}

/// Lets the client prove that it may be the role it names; the role.
///
/// Errors: 28000 and 28P01, in words that do not tell whether the role exists.
pub(crate) fn authenticate(
    server: &dyn Server,
    cx: Ctx<'_>,
    wire: &mut Wire,
    client: &ClientInfo,
    parameters: &Parameters,
) -> Result<PgAuthid> {
    let user = &parameters.user;
    let role = cx.catalog_of(Oid::INVALID).role_by_name(user)?.map(|row| row.row.clone());
    let is_member = |group: &str| is_member_of(cx, role.as_ref(), group).unwrap_or(false);
    let method = server.method(client, user, &parameters.database, &is_member)?;
    let passed = match &method {
        Method::Trust => true,
        Method::Reject => return Err(rejected(client, parameters)),
        Method::Peer { map } => {
            let Some(system_user) = &client.peer_user else {
                bail!(INVALID_AUTHORIZATION_SPECIFICATION, "Peer authentication failed for user \"{user}\"")
            };
            server.maps(map.as_deref(), system_user, user)
        }
        Method::Password => check_cleartext(wire, user, &secret_of(cx, role.as_ref()))?,
        Method::Md5 => match secret_of(cx, role.as_ref()) {
            secret @ Secret::Scram(_) => check_scram(cx, wire, user, secret)?,
            secret => check_md5(cx, wire, &secret)?,
        },
        Method::ScramSha256 => check_scram(cx, wire, user, secret_of(cx, role.as_ref()))?,
        Method::Unsupported(name) => report::unsupported!("authentication method \"{name}\""),
    };
    if !passed {
        return Err(failed(&method, user));
    }
    let Some(role) = role else {
        bail!(INVALID_AUTHORIZATION_SPECIFICATION, "role \"{user}\" does not exist");
    };
    if !role.rolcanlogin {
        bail!(INVALID_AUTHORIZATION_SPECIFICATION, "role \"{user}\" is not permitted to log in");
    }
    Ok(role)
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

fn check_cleartext(wire: &mut Wire, user: &str, secret: &Secret) -> Result<bool> {
    wire.out.authentication(Authentication::CleartextPassword);
    let password = receive_text(wire)?;
    if password.is_empty() {
        bail!(INVALID_PASSWORD, "empty password returned by client");
    }
    Ok(match secret {
        Secret::None => false,
        Secret::Md5(stored) => *stored == scram::md5_of_password(user, &password),
        Secret::Scram(verifier) => verifier.matches(&password),
    })
}

fn check_md5(cx: Ctx<'_>, wire: &mut Wire, secret: &Secret) -> Result<bool> {
    let mut salt = [0; 4];
    draw(cx, &mut salt)?;
    wire.out.authentication(Authentication::Md5Password(salt));
    let answer = receive_text(wire)?;
    Ok(matches!(secret, Secret::Md5(stored) if scram::md5_answer_matches(stored, salt, &answer)))
}

fn check_scram(cx: Ctx<'_>, wire: &mut Wire, user: &str, secret: Secret) -> Result<bool> {
    wire.out.authentication(Authentication::Sasl(&[scram::MECHANISM]));
    let first = receive_password(wire)?;
    let (mechanism, client_first) = split_initial_response(&first)?;
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
    wire.out.authentication(Authentication::SaslContinue(exchange.server_first().as_bytes()));
    let last = receive_password(wire)?;
    match exchange.finish(frontend::parameter_text(&last)?)? {
        Some(server_final) => {
            wire.out.authentication(Authentication::SaslFinal(server_final.as_bytes()));
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

/// The next password message's text, without its final NUL.
fn receive_text(wire: &mut Wire) -> Result<String> {
    let body = receive_password(wire)?;
    let text =
        body.strip_suffix(b"\0").ok_or_else(|| report::error!(PROTOCOL_VIOLATION, "invalid password packet size"))?;
    Ok(frontend::parameter_text(text)?.to_owned())
}

fn receive_password(wire: &mut Wire) -> Result<Vec<u8>> {
    let received = match wire.receive()? {
        Input::Some(received) => received,
        Input::Closed => return Err(gone("expected password response, got end of file")),
        Input::TimedOut | Input::Woken => return Err(gone("canceling authentication due to timeout")),
    };
    match Message::parse(received.kind, wire.body(&received))? {
        Message::Password(body) => Ok(body.to_vec()),
        _ => bail!(PROTOCOL_VIOLATION, "expected password response, got message type {}", received.kind),
    }
}

fn gone(message: &str) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::PROTOCOL_VIOLATION, message)
}
