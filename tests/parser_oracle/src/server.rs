//! A connection to a PostgreSQL 15 server that is asked to parse statements, never to run them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// An error of the server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerError {
    /// SQLSTATE.
    pub code: String,
    /// Message.
    pub message: String,
    /// Position in characters.
    pub position: Option<u32>,
    /// The source file that raised it.
    pub file: String,
    /// The function that raised it.
    pub routine: String,
}

impl ServerError {
    /// Whether the lexer or the grammar raised it, rather than analysis.
    pub fn is_from_parser(&self) -> bool {
        matches!(self.file.as_str(), "scan.l" | "gram.y" | "parser.c" | "scansup.c")
    }
}

/// A connection.
pub struct Server(UnixStream);

impl Server {
    /// Connects to the socket as a superuser that need not authenticate.
    pub fn connect(path: &str, user: &str, database: &str) -> std::io::Result<Server> {
        let mut server = Server(UnixStream::connect(path)?);
        let mut body = 196_608u32.to_be_bytes().to_vec();
        for text in ["user", user, "database", database, "client_encoding", "UTF8"] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        let mut message = (body.len() as u32 + 4).to_be_bytes().to_vec();
        message.extend(body);
        server.0.write_all(&message)?;
        server.until_ready()?;
        Ok(server)
    }

    /// What the server says about a statement: an error, or nothing.
    pub fn parse(&mut self, sql: &str) -> std::io::Result<Option<ServerError>> {
        let mut body = vec![0];
        body.extend_from_slice(sql.as_bytes());
        body.extend_from_slice(&[0, 0, 0]);
        let mut message = vec![b'P'];
        message.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        message.extend(body);
        message.extend_from_slice(&[b'S', 0, 0, 0, 4]);
        self.0.write_all(&message)?;
        self.until_ready()
    }

    fn until_ready(&mut self) -> std::io::Result<Option<ServerError>> {
        let mut error = None;
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head)?;
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body)?;
            match head[0] {
                b'Z' => return Ok(error),
                b'E' => error = Some(fields(&body)),
                _ => {}
            }
        }
    }
}

fn fields(body: &[u8]) -> ServerError {
    let mut error = ServerError::default();
    for field in body.split(|b| *b == 0).filter(|f| !f.is_empty()) {
        let value = String::from_utf8_lossy(&field[1..]).into_owned();
        match field[0] {
            b'C' => error.code = value,
            b'M' => error.message = value,
            b'P' => error.position = value.parse().ok(),
            b'F' => error.file = value,
            b'R' => error.routine = value,
            _ => {}
        }
    }
    error
}
