//! A blocking client of the simple query protocol, which can also send now and receive later: what an isolation test needs.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An error or notice as the server sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// ERROR, FATAL, NOTICE, ...
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
    /// Every field, by its letter.
    pub fields: Vec<(u8, String)>,
}

impl ServerError {
    /// The field with this letter.
    pub fn field(&self, letter: u8) -> Option<&str> {
        self.fields.iter().find(|(l, _)| *l == letter).map(|(_, text)| text.as_str())
    }
}

/// The rows of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Values as text; `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
}

/// All that one query string brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// A table for each statement that returned one.
    pub tables: Vec<Table>,
    /// Completion tags.
    pub tags: Vec<String>,
    /// The error, if any.
    pub error: Option<ServerError>,
    /// The transaction status of ReadyForQuery: `I`, `T` or `E`.
    pub status: u8,
}

impl Reply {
    /// The single value of the single row. Panics, with the reply, if there is no such thing.
    #[track_caller]
    pub fn value(&self) -> &str {
        match self.rows() {
            [row] if row.len() == 1 => row[0].as_deref().expect("the value is null"),
            _ => panic!("expected one value, got {self:?}"),
        }
    }

    /// The rows of the last table.
    pub fn rows(&self) -> &[Vec<Option<String>>] {
        self.tables.last().map_or(&[], |table| &table.rows)
    }

    /// The reply, if it holds no error. Panics with the error otherwise.
    #[track_caller]
    pub fn ok(self) -> Reply {
        match &self.error {
            None => self,
            Some(error) => panic!("{}: {} ({})", error.severity, error.message, error.code),
        }
    }

    /// The error's SQLSTATE, or "" if there was none.
    pub fn code(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.code)
    }
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(s) => s.read(chunk),
            Stream::Tcp(s) => s.read(chunk),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Unix(s) => s.write_all(bytes),
            Stream::Tcp(s) => s.write_all(bytes),
        }
    }

    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Unix(s) => s.set_read_timeout(limit),
            Stream::Tcp(s) => s.set_read_timeout(limit),
        }
    }
}

/// A connection.
pub struct Client {
    stream: Stream,
    received: Vec<u8>,
    reply: Reply,
    /// Tables of the reply whose statement is complete.
    complete_tables: usize,
    /// The session's number and cancel key.
    pub key: (i32, i32),
    /// What ParameterStatus told.
    pub parameters: Vec<(String, String)>,
    /// Notices since they were last taken.
    pub notices: Vec<ServerError>,
    /// Notifications since they were last taken: session, channel, payload.
    pub notifications: Vec<(i32, String, String)>,
}

impl Client {
    /// Connects through a Unix socket and logs in without a password. The outer error is the transport's.
    pub fn connect_unix(
        folder: &Path,
        port: u16,
        user: &str,
        database: &str,
    ) -> io::Result<Result<Client, ServerError>> {
        let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?;
        Client::log_in(Stream::Unix(stream), user, database)
    }

    /// Connects over TCP to 127.0.0.1 and logs in without a password.
    pub fn connect_tcp(port: u16, user: &str, database: &str) -> io::Result<Result<Client, ServerError>> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Client::log_in(Stream::Tcp(stream), user, database)
    }

    fn log_in(stream: Stream, user: &str, database: &str) -> io::Result<Result<Client, ServerError>> {
        let mut client = Client {
            stream,
            received: Vec::new(),
            reply: Reply::default(),
            complete_tables: 0,
            key: (0, 0),
            parameters: Vec::new(),
            notices: Vec::new(),
            notifications: Vec::new(),
        };
        let mut body = (3u32 << 16).to_be_bytes().to_vec();
        for text in ["user", user, "database", database, "application_name", "testkit"] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        let length = (body.len() as u32 + 4).to_be_bytes();
        client.stream.write_all(&[&length[..], &body].concat())?;
        let reply = client.receive()?;
        Ok(match reply.error {
            Some(error) => Err(error),
            None => Ok(client),
        })
    }

    /// Sends a query string without waiting.
    pub fn send(&mut self, sql: &str) -> io::Result<()> {
        let length = (sql.len() as u32 + 5).to_be_bytes();
        self.stream.write_all(&[b"Q", &length[..], sql.as_bytes(), b"\0"].concat())
    }

    /// Waits until the server is ready again.
    pub fn receive(&mut self) -> io::Result<Reply> {
        self.stream.set_read_timeout(None)?;
        loop {
            if let Some(reply) = self.take_messages()? {
                return Ok(reply);
            }
            self.read_some()?;
        }
    }

    /// As `receive`, for at most this long. `None`: the server is still at it.
    pub fn receive_within(&mut self, limit: Duration) -> io::Result<Option<Reply>> {
        let deadline = std::time::Instant::now() + limit;
        loop {
            if let Some(reply) = self.take_messages()? {
                return Ok(Some(reply));
            }
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.read_some() {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                other => other?,
            }
        }
    }

    /// Sends a query string and waits for its end.
    pub fn query(&mut self, sql: &str) -> io::Result<Reply> {
        self.send(sql)?;
        self.receive()
    }

    /// As `query`, when it must succeed. Panics with the error otherwise.
    #[track_caller]
    pub fn run(&mut self, sql: &str) -> Reply {
        self.query(sql).expect("the connection holds").ok()
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn read_some(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.received.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }

    /// Handles complete messages; the reply, if the last of them ends one.
    fn take_messages(&mut self) -> io::Result<Option<Reply>> {
        while self.received.len() >= 5 {
            let length = u32::from_be_bytes(self.received[1..5].try_into().expect("four bytes")) as usize;
            if self.received.len() < length + 1 {
                return Ok(None);
            }
            let message: Vec<u8> = self.received.drain(..length + 1).collect();
            if self.handle(message[0], &message[5..]) {
                return Ok(Some(std::mem::take(&mut self.reply)));
            }
        }
        Ok(None)
    }

    /// Takes one message in; true if it ends the reply.
    fn handle(&mut self, kind: u8, body: &[u8]) -> bool {
        match kind {
            b'Z' => {
                self.reply.status = body[0];
                self.complete_tables = 0;
                return true;
            }
            b'E' => {
                let error = read_error(body);
                let is_fatal = error.severity != "ERROR";
                // The rows of a statement that failed half-way are no result.
                self.reply.tables.truncate(self.complete_tables);
                self.reply.error = Some(error);
                return is_fatal;
            }
            b'N' => self.notices.push(read_error(body)),
            b'C' => {
                self.reply.tags.push(c_str(&mut &body[..]));
                self.complete_tables = self.reply.tables.len();
            }
            b'T' => self.reply.tables.push(Table { columns: read_columns(body), rows: Vec::new() }),
            b'D' => self.reply.tables.last_mut().expect("a row follows its description").rows.push(read_row(body)),
            b'K' => self.key = (read_i32(&body[0..]), read_i32(&body[4..])),
            b'S' => {
                let mut rest = body;
                self.parameters.push((c_str(&mut rest), c_str(&mut rest)));
            }
            b'A' => {
                let mut rest = &body[4..];
                self.notifications.push((read_i32(body), c_str(&mut rest), c_str(&mut rest)));
            }
            _ => {}
        }
        false
    }
}

fn read_i32(bytes: &[u8]) -> i32 {
    i32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}

fn c_str(rest: &mut &[u8]) -> String {
    let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = rest.get(end + 1..).unwrap_or_default();
    text
}

fn read_error(body: &[u8]) -> ServerError {
    let mut error = ServerError::default();
    let mut rest = body;
    while let Some((letter, after)) = rest.split_first().filter(|(l, _)| **l != 0) {
        rest = after;
        let text = c_str(&mut rest);
        match letter {
            b'V' => error.severity = text.clone(),
            b'C' => error.code = text.clone(),
            b'M' => error.message = text.clone(),
            _ => {}
        }
        error.fields.push((*letter, text));
    }
    error
}

fn read_columns(body: &[u8]) -> Vec<String> {
    let mut rest = &body[2..];
    let mut names = Vec::new();
    while !rest.is_empty() {
        names.push(c_str(&mut rest));
        rest = &rest[18..];
    }
    names
}

fn read_row(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut row = Vec::new();
    while !rest.is_empty() {
        let length = read_i32(rest);
        rest = &rest[4..];
        row.push(usize::try_from(length).ok().map(|length| {
            let (value, after) = rest.split_at(length);
            rest = after;
            String::from_utf8_lossy(value).into_owned()
        }));
    }
    row
}
