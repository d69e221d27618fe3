//! Clients that cannot be served: they are told why, in their own protocol, and let go.

use crate::state::Admission;
use base::SessionId;
use config::{ServerValues, Setting};
use host::net::Stream;
use logging::RoleLog;
use proto::Writer;
use proto::startup::{self, Startup};
use report::{Error, Result, Severity, SqlState};
use std::io::{Read, Write};
use std::time::Duration;

/// Why this client is refused; none if it is not. Those who have not logged in may be more than `max_connections`: some of
/// them only want to cancel a statement. The session counts when it knows better.
pub fn reason(admission: Admission, clients: usize, values: &ServerValues) -> Option<Error> {
    let cannot = |message: &str| Some(cannot_connect(message));
    match admission {
        Admission::Yes if clients < children_max(values) => None,
        Admission::Yes => Some(fatal(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many clients already")),
        Admission::Starting => cannot("the database system is starting up"),
        Admission::ShuttingDown => cannot("the database system is shutting down"),
        Admission::Recovering => cannot("the database system is in recovery mode"),
        Admission::NotConsistent if values.bool(Setting::HotStandby) => {
            cannot("the database system is not yet accepting connections")
                .map(|error| error.detail("Consistent recovery state has not been yet reached."))
        }
        Admission::NotConsistent => cannot("the database system is not accepting connections")
            .map(|error| error.detail("Hot standby mode is disabled.")),
    }
}

/// What a client is told that comes at the wrong time.
pub fn cannot_connect(message: &str) -> Error {
    fatal(SqlState::CANNOT_CONNECT_NOW, message)
}

/// Threads for clients there may be in all: beyond it a client is refused, and beyond
/// twice as many it is refused before it has said what it wants.
pub fn children_max(values: &ServerValues) -> usize {
    let settings =
        [Setting::MaxConnections, Setting::AutovacuumMaxWorkers, Setting::MaxWalSenders, Setting::MaxWorkerProcesses];
    let sum: i32 = settings.iter().map(|&setting| values.int(setting)).sum();
    2 * (usize::try_from(sum).expect("the ranges have no negative numbers") + 1)
}

/// Reads what the client wants and answers that it cannot have it. A cancel request is handed to `cancel`.
pub fn refuse(
    mut stream: Stream,
    reason: &Error,
    limit: Duration,
    log: &RoleLog,
    cancel: &dyn Fn(SessionId, i32),
) -> Result<()> {
    let _ = stream.set_read_timeout(Some(limit));
    let _ = stream.set_write_timeout(Some(limit));
    if wants_session(&mut stream, cancel).unwrap_or(false) {
        log.log(reason);
        tell(&stream, reason);
    }
    Ok(())
}

/// Sends an error and nothing else. A client that does not take it is not waited for.
pub fn tell(mut stream: &Stream, reason: &Error) {
    let mut writer = Writer::new();
    writer.report(reason);
    let _ = stream.write_all(writer.pending());
}

/// True if the client asks for a session; encryption is declined on the way there.
fn wants_session(stream: &mut Stream, cancel: &dyn Fn(SessionId, i32)) -> std::io::Result<bool> {
    // One request for each kind of encryption is plenty.
    for _ in 0..3 {
        let mut head = [0; 4];
        stream.read_exact(&mut head)?;
        let Ok(length) = startup::body_bytes(head) else { return Ok(false) };
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        match startup::parse(&body) {
            Ok(Startup::Ssl | Startup::GssEncryption) => stream.write_all(b"N")?,
            Ok(Startup::Session(_)) => return Ok(true),
            Ok(Startup::Cancel { session, key }) => {
                cancel(SessionId(session), key);
                return Ok(false);
            }
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}

fn fatal(code: SqlState, message: &str) -> Error {
    Error::with_severity(Severity::Fatal, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Hooks, Settings};
    use std::os::unix::net::UnixStream;

    #[test]
    fn says_why() {
        let settings = Settings::boot(Hooks::new());
        let values = settings.values();
        let code = |admission, sessions| reason(admission, sessions, &values).map(|e| e.code().to_string());
        assert_eq!(code(Admission::Yes, children_max(&values) - 1), None);
        assert_eq!(code(Admission::Yes, children_max(&values)).as_deref(), Some("53300"));
        assert_eq!(code(Admission::Starting, 0).as_deref(), Some("57P03"));
        assert_eq!(children_max(&values), 2 * (100 + 3 + 10 + 8 + 1));
    }

    #[test]
    fn answers_a_startup_packet_with_an_error() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut packet = Vec::new();
        packet.extend(8u32.to_be_bytes());
        packet.extend(80_877_103u32.to_be_bytes());
        let body = [&196_608u32.to_be_bytes()[..], b"user\0me\0\0"].concat();
        packet.extend((body.len() as u32 + 4).to_be_bytes());
        packet.extend(body);
        far.write_all(&packet).unwrap();
        let settings = std::sync::Arc::new(Settings::boot(Hooks::new()));
        let log = logging::Logger::new(settings, || 0).role(1, "client backend");
        let error = fatal(SqlState::CANNOT_CONNECT_NOW, "the database system is starting up");
        refuse(Stream::Unix(near), &error, Duration::from_secs(60), &log, &|_, _| ()).unwrap();
        let mut answer = Vec::new();
        far.read_to_end(&mut answer).unwrap();
        assert_eq!(answer[..2], *b"NE");
        assert!(String::from_utf8_lossy(&answer).contains("the database system is starting up"));
    }
}
