//! The wire protocol, byte by byte: versions, lengths that lie, pipelines, errors and what is skipped after them, cancels.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use testkit::{Client, Cluster, wire};

const PROTOCOL_2: u32 = 2 << 16;
const PROTOCOL_3: u32 = 3 << 16;
const SSL_REQUEST: u32 = 80_877_103;
const CANCEL_REQUEST: u32 = 80_877_102;

/// A connection that sends and reads bytes.
struct Raw(UnixStream);

impl Raw {
    fn open(cluster: &Cluster) -> Raw {
        let path = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
        Raw(UnixStream::connect(path).expect("the server listens"))
    }

    fn logged_in(cluster: &Cluster) -> Raw {
        let mut raw = Raw::open(cluster);
        raw.send(&startup(PROTOCOL_3));
        raw.until(b'Z');
        raw
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// The next message; `None` if the server closed the connection.
    fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; length as usize - 4];
        self.0.read_exact(&mut body).ok()?;
        Some((head[0], body))
    }

    /// Everything until the server closes the connection.
    fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end too: the server does not read what it has no use for.
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    /// The messages up to one of this type.
    fn until(&mut self, kind: u8) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Vec::new();
        while messages.last().is_none_or(|(last, _)| *last != kind) {
            messages.push(self.message().expect("the server answers"));
        }
        messages
    }
}

fn startup(version: u32) -> Vec<u8> {
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let mut packet = (8 + parameters.len() as u32).to_be_bytes().to_vec();
    packet.extend(version.to_be_bytes());
    packet.extend(parameters);
    packet
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((4 + body.len() as u32).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Parse, Bind and Execute of an unnamed statement without parameters.
fn extended(sql: &str) -> Vec<u8> {
    let parse = [b"\0", sql.as_bytes(), b"\0\0\0"].concat();
    [message(b'P', &parse), message(b'B', b"\0\0\0\0\0\0\0\0"), message(b'E', b"\0\0\0\0\0")].concat()
}

fn types(messages: &[(u8, Vec<u8>)]) -> String {
    messages.iter().map(|(kind, _)| *kind as char).collect()
}

/// A field of an ErrorResponse.
fn field(body: &[u8], code: u8) -> String {
    let found = body.split(|byte| *byte == 0).find(|part| part.first() == Some(&code));
    String::from_utf8_lossy(found.map_or(&[], |part| &part[1..])).into_owned()
}

#[test]
fn encryption_is_declined_and_the_login_goes_on() {
    let cluster = Cluster::started();
    let mut raw = Raw::open(&cluster);
    raw.send(&[8u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat());
    let mut answer = [0];
    raw.0.read_exact(&mut answer).expect("an answer of one byte");
    assert_eq!(&answer, b"N");
    raw.send(&startup(PROTOCOL_3));
    let messages = raw.until(b'Z');
    assert!(types(&messages).starts_with('R') && types(&messages).contains('K'), "{}", types(&messages));
}

#[test]
fn versions_are_refused_or_negotiated() {
    let cluster = Cluster::started();
    let mut old = Raw::open(&cluster);
    old.send(&startup(PROTOCOL_2));
    // In the form that such a client reads.
    assert_eq!(old.rest(), b"EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.0\n\0");
    let mut future = Raw::open(&cluster);
    future.send(&startup(4 << 16));
    let (kind, body) = future.message().expect("an error");
    assert_eq!((kind, field(&body, b'C').as_str()), (b'E', "0A000"));
    assert_eq!(field(&body, b'M'), "unsupported frontend protocol 4.0: server supports 3.0 to 3.0");
    assert!(future.message().is_none(), "the connection is closed");

    let mut newer = Raw::open(&cluster);
    newer.send(&startup(PROTOCOL_3 + 2));
    let messages = newer.until(b'Z');
    assert_eq!(messages[0].0, b'v', "{}", types(&messages));
    assert_eq!(messages[0].1[..4], PROTOCOL_3.to_be_bytes());
}

#[test]
fn lengths_that_lie_end_the_connection_only() {
    let cluster = Cluster::started();
    for length in [0u32, 3, 0x7FFF_FFFF] {
        let mut raw = Raw::open(&cluster);
        raw.send(&[length.to_be_bytes(), PROTOCOL_3.to_be_bytes()].concat());
        assert!(raw.message().is_none_or(|(kind, _)| kind == b'E'), "startup packet of {length} bytes");
    }
    let mut raw = Raw::logged_in(&cluster);
    raw.send(b"Q\0\0\0\x01");
    let (kind, body) = raw.message().expect("an error");
    assert_eq!((kind, field(&body, b'C').as_str(), field(&body, b'S').as_str()), (b'E', "08P01", "FATAL"));
    let mut raw = Raw::logged_in(&cluster);
    raw.send(&message(b'!', b""));
    let (kind, body) = raw.message().expect("an error");
    assert_eq!((kind, field(&body, b'M').as_str()), (b'E', "invalid frontend message type 33"));
    assert_eq!(cluster.connect().run("select 1").value(), "1");
}

#[test]
fn a_pipeline_is_answered_in_order() {
    let cluster = Cluster::started();
    let mut raw = Raw::logged_in(&cluster);
    let sync = message(b'S', b"");
    raw.send(&[extended("select 'a'"), sync.clone(), extended("select 'b'"), extended("select 'c'"), sync].concat());
    let first = raw.until(b'Z');
    assert_eq!(types(&first), "12DCZ");
    assert_eq!(first[2].1, b"\0\x01\0\0\0\x01a");
    let second = raw.until(b'Z');
    assert_eq!(types(&second), "12DC12DCZ");
    assert_eq!(second[6].1, b"\0\x01\0\0\0\x01c");
}

#[test]
fn after_an_error_all_is_skipped_until_sync() {
    let cluster = Cluster::started();
    let mut raw = Raw::logged_in(&cluster);
    let sync = message(b'S', b"");
    let messages = [extended("select nope"), extended("select 2"), sync, message(b'Q', b"select 3\0")].concat();
    raw.send(&messages);
    let failed = raw.until(b'Z');
    assert_eq!(types(&failed), "EZ");
    assert_eq!((field(&failed[0].1, b'C').as_str(), field(&failed[0].1, b'P').as_str()), ("42703", "8"));
    for place in [b'F', b'L', b'R'] {
        assert!(!field(&failed[0].1, place).is_empty(), "field {}", place as char);
    }
    assert_eq!(types(&raw.until(b'Z')), "TDCZ");
}

/// What a Parse of the statement `p` comes to.
fn parse_code(session: &mut Client, sql: &str) -> String {
    let mut bytes = Vec::new();
    wire::parse(&mut bytes, "p", sql);
    wire::sync(&mut bytes);
    session.send_raw(&bytes).expect("the connection holds");
    session.receive().expect("the server answers").code().to_owned()
}

#[test]
fn a_name_that_is_taken_is_told_after_all_else_that_is_wrong_with_a_statement() {
    let cluster = Cluster::started();
    let mut session = cluster.connect();
    assert_eq!(parse_code(&mut session, "select 1"), "");
    assert_eq!(parse_code(&mut session, "select 1"), "42P05");
    assert_eq!(parse_code(&mut session, "select nothing"), "42703");
    session.run("begin");
    assert_eq!(session.query("select 1 / 0").expect("the connection holds").code(), "22012");
    assert_eq!(parse_code(&mut session, "select 1"), "25P02");
}

#[test]
fn one_message_may_hold_many_statements_and_arrive_in_pieces() {
    let cluster = Cluster::started();
    let mut raw = Raw::logged_in(&cluster);
    for byte in message(b'Q', b"select 1; select 2; ; select 1 / 0; select 4\0") {
        raw.send(&[byte]);
    }
    let messages = raw.until(b'Z');
    assert_eq!(types(&messages), "TDCTDCEZ");
    raw.send(&message(b'Q', b"\0"));
    assert_eq!(types(&raw.until(b'Z')), "IZ");
}

#[test]
fn a_cancel_request_needs_the_right_key() {
    let cluster = Cluster::started();
    let mut raw = Raw::open(&cluster);
    raw.send(&startup(PROTOCOL_3));
    let messages = raw.until(b'Z');
    let key = &messages.iter().find(|(kind, _)| *kind == b'K').expect("a cancel key").1;
    let request = |key: &[u8]| [&16u32.to_be_bytes(), &CANCEL_REQUEST.to_be_bytes(), key].concat();
    let mut wrong = key.clone();
    wrong[7] ^= 1;
    let mut other = Raw::open(&cluster);
    other.send(&request(&wrong));
    assert!(other.message().is_none(), "a cancel request has no answer");
    raw.send(&message(b'Q', b"select pg_sleep(0)\0"));
    assert_eq!(types(&raw.until(b'Z')), "TDCZ", "a wrong key disturbs nobody");
    raw.send(&message(b'Q', b"select 1; select pg_sleep(600)\0"));
    let mut watcher = cluster.connect();
    let is_running = "select count(*) from pg_stat_activity \
                      where query like '%sleep(600)%' and state = 'active' and pid <> pg_backend_pid()";
    while watcher.run(is_running).value() != "1" {}
    let mut other = Raw::open(&cluster);
    other.send(&request(key));
    assert!(other.message().is_none(), "a cancel request has no answer");
    let messages = raw.until(b'Z');
    let error = messages.iter().find(|(kind, _)| *kind == b'E').expect("an error");
    assert_eq!(field(&error.1, b'C'), "57014");
}

#[test]
fn what_speaks_another_protocol_is_logged_and_not_answered() {
    let cluster = Cluster::started();
    let longest = 10_000;
    for packet in [
        [&10_005u32.to_be_bytes()[..], &[b'x'; 10_001]].concat(),
        [&7u32.to_be_bytes()[..], b"xxx"].concat(),
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        [&12u32.to_be_bytes()[..], &CANCEL_REQUEST.to_be_bytes(), &[0; 4]].concat(),
    ] {
        let mut raw = Raw::open(&cluster);
        raw.send(&packet);
        assert_eq!(raw.rest(), b"", "{:?}", &packet[..8]);
    }
    cluster.wait_for_log("LOG:  invalid length of startup packet");
    let mut long = b"user\0postgres\0database\0postgres\0application_name\0".to_vec();
    long.resize(longest - 4 - 2, b'a');
    long.extend(b"\0\0");
    let mut raw = Raw::open(&cluster);
    raw.send(&[&(longest as u32 + 4).to_be_bytes()[..], &PROTOCOL_3.to_be_bytes(), &long].concat());
    assert!(types(&raw.until(b'Z')).starts_with('R'));
}

#[test]
fn a_probe_leaves_no_trace() {
    let cluster = Cluster::started();
    let before = cluster.log();
    (0..20).for_each(|_| drop(Raw::open(&cluster)));
    assert_eq!(cluster.connect().run("select 1").value(), "1");
    assert_eq!(cluster.log(), before);
}

#[test]
fn data_before_the_answer_about_encryption_is_refused() {
    let cluster = Cluster::started();
    const GSS_REQUEST: u32 = 80_877_104;
    for (code, name) in [(SSL_REQUEST, "SSL"), (GSS_REQUEST, "GSSAPI encryption")] {
        let mut raw = Raw::open(&cluster);
        raw.send(&[&8u32.to_be_bytes()[..], &code.to_be_bytes(), &startup(PROTOCOL_3)].concat());
        let mut answer = [0];
        raw.0.read_exact(&mut answer).expect("an answer of one byte");
        assert_eq!(&answer, b"N");
        let (_, body) = raw.message().expect("an error");
        assert_eq!(field(&body, b'M'), format!("received unencrypted data after {name} request"));
    }
}

/// Logs in with these parameters; all that the server says.
fn log_in(cluster: &Cluster, parameters: &[&str]) -> Vec<(u8, Vec<u8>)> {
    let mut body = PROTOCOL_3.to_be_bytes().to_vec();
    for text in parameters {
        body.extend(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let mut raw = Raw::open(cluster);
    raw.send(&[&(body.len() as u32 + 4).to_be_bytes()[..], &body].concat());
    let mut messages = Vec::new();
    while let Some((kind, body)) = raw.message() {
        messages.push((kind, body));
        if kind == b'Z' {
            break;
        }
    }
    messages
}

#[test]
fn startup_parameters_are_settings() {
    let cluster = Cluster::started();
    let code = |parameters: &[&str]| {
        let messages = log_in(&cluster, parameters);
        messages.iter().find(|(kind, _)| *kind == b'E').map(|(_, body)| field(body, b'C'))
    };
    assert_eq!(code(&["user", "postgres", "work_mem", "7MB", "options", "-c geqo=off --jit=off -S 100 -e"]), None);
    assert_eq!(code(&["database", "postgres"]).as_deref(), Some("28000"));
    assert_eq!(code(&["user", "postgres", "work_mem", "lots"]).as_deref(), Some("22023"));
    assert_eq!(code(&["user", "postgres", "nothing", "1"]).as_deref(), Some("42704"));
    assert_eq!(code(&["user", "postgres", "options", "-F"]).as_deref(), Some("55P02"));
    assert_eq!(code(&["user", "postgres", "options", "word"]).as_deref(), Some("42601"));
    assert_eq!(code(&["user", "postgres", "replication", "true"]).as_deref(), Some("0A000"));
    assert_eq!(code(&["user", "postgres", "database", "nowhere"]).as_deref(), Some("3D000"));
    assert_eq!(code(&["user", "postgres", "database", "template0"]).as_deref(), Some("55000"));
    assert_eq!(code(&["user", &"a".repeat(100), "database", "postgres"]).as_deref(), Some("28000"));
}

#[test]
fn all_reported_settings_are_told_at_login_and_on_change() {
    let cluster = Cluster::started();
    let messages = log_in(&cluster, &["user", "postgres"]);
    let told: Vec<String> = messages
        .iter()
        .filter(|(kind, _)| *kind == b'S')
        .map(|(_, body)| String::from_utf8_lossy(body.split(|byte| *byte == 0).next().expect("a name")).into_owned())
        .collect();
    for name in [
        "server_version",
        "server_encoding",
        "client_encoding",
        "application_name",
        "is_superuser",
        "session_authorization",
        "DateStyle",
        "IntervalStyle",
        "TimeZone",
        "integer_datetimes",
        "standard_conforming_strings",
        "default_transaction_read_only",
        "in_hot_standby",
    ] {
        assert!(told.iter().any(|told| told == name), "{name}: {told:?}");
    }
    let mut raw = Raw::logged_in(&cluster);
    raw.send(&message(b'Q', b"set timezone = 'Asia/Tokyo'\0"));
    let messages = raw.until(b'Z');
    let (_, body) = messages.iter().find(|(kind, _)| *kind == b'S').expect("a changed setting is told");
    assert_eq!(body.as_slice(), b"TimeZone\0Asia/Tokyo\0");
}

#[test]
fn keys_are_random_and_known_before_the_first_statement() {
    let cluster = Cluster::started();
    let mut keys: Vec<(i32, i32)> = (0..50).map(|_| cluster.connect().key).collect();
    let mut differences: Vec<i32> = keys.windows(2).map(|pair| pair[1].1.wrapping_sub(pair[0].1)).collect();
    differences.sort_unstable();
    differences.dedup();
    assert!(differences.len() > 40, "the keys follow a rule: {keys:?}");
    keys.dedup_by_key(|key| key.1);
    assert_eq!(keys.len(), 50);
    assert!(keys.iter().all(|key| key.0 > 0 && key.0 != cluster.pid() as i32));
}
