//! A blocking client of the simple query protocol, which can also send now and receive later: what an isolation test needs.

use crate::transcript::{Reply, ServerError, Transcript};
use crate::wire;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

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

/// A connection. It can be asked for what it has heard: its key, notices, notifications.
pub struct Client {
    stream: Stream,
    received: Vec<u8>,
    heard: Transcript,
}

impl Deref for Client {
    type Target = Transcript;

    fn deref(&self) -> &Transcript {
        &self.heard
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Transcript {
        &mut self.heard
    }
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
        let mut client = Client { stream, received: Vec::new(), heard: Transcript::default() };
        let mut packet = Vec::new();
        wire::startup(&mut packet, user, database, "testkit");
        client.stream.write_all(&packet)?;
        let reply = client.receive()?;
        Ok(match reply.error {
            Some(error) => Err(error),
            None => Ok(client),
        })
    }

    /// Sends a query string without waiting.
    pub fn send(&mut self, sql: &str) -> io::Result<()> {
        let mut message = Vec::new();
        wire::query(&mut message, sql);
        self.stream.write_all(&message)
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

    /// Reads once; a signal that comes meanwhile is no news.
    fn read_some(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.received.extend_from_slice(&chunk[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
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
            if let Some(reply) = self.heard.hear(message[0], &message[5..]) {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }
}
