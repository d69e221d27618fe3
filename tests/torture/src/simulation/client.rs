//! A session whose answers are read here.

use instance::Ctx;
use report::{Error, Result, Severity};
use session::{Alone, Server, Speaker, Stream};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// A session.
pub struct Client<'a> {
    alone: Alone<'a>,
    answers: Arc<Mutex<Vec<u8>>>,
}

/// What came of a statement.
#[derive(Debug, Default)]
pub struct Reply {
    /// Its rows, as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Why it failed.
    pub error: Option<Error>,
}

impl Reply {
    /// The error's SQLSTATE; nothing if there was no error.
    pub fn code(&self) -> String {
        self.error.as_ref().map_or(String::new(), |error| error.code().as_str().to_owned())
    }

    /// True if it ended the whole server.
    pub fn is_panic(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.fields().severity == Severity::Panic)
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(mut alone: Alone<'a>) -> Client<'a> {
        let answers = Arc::<Mutex<Vec<u8>>>::default();
        alone.answer_to(Box::new(Mailbox(Arc::clone(&answers))));
        Client { alone, answers }
    }

    /// Runs a statement.
    pub fn run(&mut self, statement: &str) -> Reply {
        let witness = Witness::default();
        self.alone.run(&witness, statement);
        let bytes = std::mem::take(&mut *lock(&self.answers));
        Reply { rows: read_rows(&bytes), error: witness.take() }
    }

    /// Runs a statement that must not fail.
    pub fn query(&mut self, statement: &str) -> Result<Vec<Vec<Option<String>>>> {
        let Reply { rows, error } = self.run(statement);
        error.map_or(Ok(rows), |error| Err(error.context(format!("statement \"{statement}\""))))
    }

    /// Looks at the catalogs in a transaction of its own.
    pub fn look<T>(&self, look: impl FnOnce(Ctx<'_>) -> Result<T>) -> Result<T> {
        self.alone.look(look)
    }

    /// Ends the session.
    pub fn end(self) {
        self.alone.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The client's end of the stream: keeps what it is sent.
struct Mailbox(Arc<Mutex<Vec<u8>>>);

impl Stream for Mailbox {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// The rows among messages of the protocol.
fn read_rows(mut bytes: &[u8]) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    while let [kind, a, b, c, d, ..] = *bytes {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if kind == b'D' {
            rows.push(read_values(&bytes[7..=length]));
        }
        bytes = &bytes[length + 1..];
    }
    rows
}

fn read_values(mut rest: &[u8]) -> Vec<Option<String>> {
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, after) = after.split_at(length.unwrap_or(0));
        values.push(length.map(|_| String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    values
}

/// The server as its sessions see it: keeps the last error.
#[derive(Default)]
pub struct Witness(Mutex<Option<Error>>);

impl Witness {
    /// The error, if there was one.
    pub fn take(&self) -> Option<Error> {
        lock(&self.0).take()
    }
}

impl Server for Witness {
    fn log(&self, _: &Speaker<'_>, error: &Error, _: Option<&str>) {
        if error.fields().severity >= Severity::Error {
            *lock(&self.0) = Some(error.clone());
        }
    }
}
