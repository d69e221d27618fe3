//! The packets that come before a session: they have a length but no type byte.
//!
//! ```text
//! offset  width  big-endian
//! 0       4      length, itself included
//! 4       4      code: a protocol version (major << 16 | minor), or one of the request codes below
//! 8       ..     version: name NUL value NUL ... NUL; cancel: session id (4), key (4)
//! ```

use crate::cursor::Cursor;
use crate::limits::STARTUP_BYTES_MAX;
use base::NAME_BYTES_MAX;
use report::{Error, Result, Severity, SqlState};

const CANCEL_CODE: u32 = 80_877_102;
const SSL_CODE: u32 = 80_877_103;
const GSS_CODE: u32 = 80_877_104;
/// The body of a cancel request.
const CANCEL_BYTES: usize = 12;

/// What a client asks for first.
#[derive(Debug, PartialEq, Eq)]
pub enum Startup {
    /// May the connection be encrypted by TLS? Answered with one byte, after which the client asks again.
    Ssl,
    /// May the connection be encrypted by GSSAPI? Answered likewise.
    GssEncryption,
    /// Cancel the statement that another session runs. Never answered.
    Cancel {
        /// The session to be interrupted.
        session: i32,
        /// The secret it was given at login.
        key: i32,
    },
    /// Start a session.
    Session(Parameters),
}

/// What a startup packet says about the session to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The role, at most 63 bytes.
    pub user: String,
    /// The database, at most 63 bytes; the role's name if the client named none.
    pub database: String,
    /// The `options` parameter split at unescaped white space, as a command line.
    pub options: Vec<String>,
    /// The `replication` parameter.
    pub replication: Option<String>,
    /// Every other parameter: settings, in the order given.
    pub settings: Vec<(String, String)>,
    /// Minor protocol version asked for; above 0 the server answers NegotiateProtocolVersion.
    pub minor: u16,
    /// Protocol options (`_pq_.*`) that we do not know, to be listed in NegotiateProtocolVersion.
    pub unknown_options: Vec<String>,
}

/// The body's length in bytes, from the packet's first four. An error is logged, never answered: who is there may not speak
/// this protocol at all.
pub fn body_bytes(head: [u8; 4]) -> Result<usize> {
    match u32::from_be_bytes(head) as usize {
        length if (8..=STARTUP_BYTES_MAX + 4).contains(&length) => Ok(length - 4),
        _ => Err(wrong_length()),
    }
}

/// Reads a packet's body (what follows the length).
pub fn parse(body: &[u8]) -> Result<Startup> {
    let mut cursor = Cursor::new(body);
    match cursor.u32()? {
        CANCEL_CODE if body.len() != CANCEL_BYTES => Err(wrong_length()),
        CANCEL_CODE => Ok(Startup::Cancel { session: cursor.i32()?, key: cursor.i32()? }),
        SSL_CODE => Ok(Startup::Ssl),
        GSS_CODE => Ok(Startup::GssEncryption),
        version if version >> 16 == 3 => parse_parameters(cursor, version as u16).map(Startup::Session),
        version => Err(fatal(
            SqlState::FEATURE_NOT_SUPPORTED,
            format!("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0", version >> 16, version & 0xFFFF),
        )),
    }
}

/// For the log only: its severity says so.
fn wrong_length() -> Error {
    Error::with_severity(Severity::Log, SqlState::PROTOCOL_VIOLATION, "invalid length of startup packet")
}

/// True of a packet from a client that reads errors in the form they had before protocol 3.
pub fn is_before_version_3(body: &[u8]) -> bool {
    body.first_chunk().is_some_and(|code| u32::from_be_bytes(*code) >> 16 < 3)
}

fn parse_parameters(mut cursor: Cursor<'_>, minor: u16) -> Result<Parameters> {
    let mut found = Parameters { minor, ..Parameters::default() };
    let layout =
        || fatal(SqlState::PROTOCOL_VIOLATION, "invalid startup packet layout: expected terminator as last byte");
    loop {
        let name = cursor.c_str().map_err(|_| layout())?;
        if name.is_empty() {
            break;
        }
        let value = cursor.c_str().map_err(|_| layout())?;
        found.set(name, value);
    }
    if !cursor.is_at_end() {
        return Err(layout());
    }
    if found.user.is_empty() {
        return Err(fatal(
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
        ));
    }
    if found.database.is_empty() {
        found.database = found.user.clone();
    }
    Ok(found)
}

impl Parameters {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "user" => self.user = truncate_name(value),
            "database" => self.database = truncate_name(value),
            "options" => self.options = split_options(value),
            "replication" => self.replication = Some(value.to_owned()),
            _ if name.starts_with("_pq_.") => self.unknown_options.push(name.to_owned()),
            _ => self.settings.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// The first 63 bytes of a name, whole characters only.
fn truncate_name(name: &str) -> String {
    name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned()
}

/// Splits at white space; a backslash takes the next character literally.
fn split_options(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let literal = if c == '\\' { chars.next() } else { Some(c) };
        word.get_or_insert_default().extend(literal);
    }
    words.extend(word);
    words
}

fn fatal(code: SqlState, message: impl Into<String>) -> Error {
    Error::with_severity(Severity::Fatal, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: u32, fields: &str) -> Vec<u8> {
        let mut bytes = version.to_be_bytes().to_vec();
        bytes.extend_from_slice(fields.as_bytes());
        bytes
    }

    #[test]
    fn reads_a_session_request() {
        let Startup::Session(p) = parse(&body(3 << 16, "user\0ann\0options\0-c work_mem=7MB a\\ b\0x\0y\0\0")).unwrap()
        else {
            panic!("not a session");
        };
        assert_eq!((p.user.as_str(), p.database.as_str()), ("ann", "ann"));
        assert_eq!(p.options, ["-c", "work_mem=7MB", "a b"]);
        assert_eq!(p.settings, [("x".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn newer_minor_versions_and_options_are_negotiated() {
        let Startup::Session(p) = parse(&body(3 << 16 | 2, "user\0a\0_pq_.x\0 1\0\0")).unwrap() else {
            panic!("not a session");
        };
        assert_eq!((p.minor, p.unknown_options), (2, vec!["_pq_.x".to_owned()]));
    }

    #[test]
    fn refuses_what_postgres_refuses() {
        let code = |bytes: &[u8]| parse(bytes).unwrap_err().code().to_string();
        assert_eq!(code(&body(2 << 16, "")), "0A000");
        assert_eq!(code(&body(4 << 16, "")), "0A000");
        assert_eq!(code(&body(3 << 16, "database\0d\0\0")), "28000");
        assert_eq!(code(&body(3 << 16, "user\0d\0")), "08P01");
        assert_eq!(code(&body(3 << 16, "user\0d\0\0x")), "08P01");
        assert!(body_bytes(10_005u32.to_be_bytes()).is_err());
        assert!(body_bytes(7u32.to_be_bytes()).is_err());
        assert!(is_before_version_3(&body(2 << 16, "")) && !is_before_version_3(&body(3 << 16, "")));
        assert_eq!(parse(&body(CANCEL_CODE, "1234")).unwrap_err().fields().severity, Severity::Log);
        assert_eq!(body_bytes(10_004u32.to_be_bytes()).unwrap(), 10_000);
    }
}
