//! The ceiling: a server that knows nothing. It answers each message with the same words, so that no server can be faster than it
//! with the same client on the same processors; what is above a server's figure is all that it could gain.
//!
//! One thread takes clients in and deals them out to a few others: one read, one answer, one write.

use crate::Address;
use host::{Events, SocketSet};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How often threads look whether they are to end.
const LOOK: Duration = Duration::from_millis(100);
/// Sockets that one look reports.
const REPORTS: usize = 64;
/// How long a thread looks for more before it sleeps, if there is but one client: a sleep costs more than an answer.
const SPIN: Duration = Duration::from_micros(50);

/// The server that knows nothing.
pub struct Ceiling {
    folder: TempDir,
    port: u16,
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Ceiling {
    /// Starts one with so many threads that answer, at a port of a folder of its own.
    pub fn start(threads: usize, port: u16) -> io::Result<Ceiling> {
        let folder = tempfile::Builder::new().prefix("ceiling-").tempdir()?;
        let listener = UnixListener::bind(socket(&folder, port))?;
        let mut ceiling = Ceiling { folder, port, is_over: Arc::default(), threads: Vec::new() };
        let parrots = (0..threads).map(|_| Parrot::new().map(Arc::new)).collect::<io::Result<Vec<_>>>()?;
        for parrot in &parrots {
            let (parrot, is_over) = (Arc::clone(parrot), Arc::clone(&ceiling.is_over));
            ceiling.threads.push(std::thread::spawn(move || parrot.run(&is_over)));
        }
        let is_over = Arc::clone(&ceiling.is_over);
        ceiling.threads.push(std::thread::spawn(move || deal(&listener, &parrots, &is_over)));
        Ok(ceiling)
    }

    /// The folder of its socket.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// How to log in to it.
    pub fn address(&self) -> Address {
        Address::new(self.folder.path(), self.port)
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Somebody knocks, so that who takes clients in looks up.
        let _ = UnixStream::connect(socket(&self.folder, self.port));
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn socket(folder: &TempDir, port: u16) -> PathBuf {
    folder.path().join(format!(".s.PGSQL.{port}"))
}

/// Takes clients in, and deals them out in turn.
fn deal(listener: &UnixListener, parrots: &[Arc<Parrot>], is_over: &AtomicBool) {
    for (key, parrot) in (0..).zip(parrots.iter().cycle()) {
        let Ok((stream, _)) = listener.accept() else { return };
        if is_over.load(Ordering::Relaxed) || parrot.take(key, stream).is_err() {
            return;
        }
    }
}

/// One thread that answers.
struct Parrot {
    sockets: SocketSet,
    clients: Mutex<HashMap<u64, Client>>,
    answers: Answers,
}

struct Client {
    stream: UnixStream,
    has_begun: bool,
}

impl Parrot {
    fn new() -> io::Result<Parrot> {
        Ok(Parrot { sockets: SocketSet::new()?, clients: Mutex::default(), answers: Answers::new() })
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, key: u64, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let mut clients = self.clients();
        self.sockets.add(key, stream.as_fd())?;
        clients.insert(key, Client { stream, has_begun: false });
        Ok(())
    }

    fn run(&self, is_over: &AtomicBool) {
        let mut events = Events::with_capacity(REPORTS);
        let (mut input, mut output) = (vec![0; 1 << 16], Vec::new());
        while !is_over.load(Ordering::Relaxed) && self.wait(&mut events).is_ok() {
            let mut clients = self.clients();
            for ready in events.sockets() {
                if let Some(client) = clients.get_mut(&ready.key)
                    && (client.serve(&self.answers, &mut input, &mut output).is_err() || ready.has_ended)
                {
                    clients.remove(&ready.key);
                }
            }
        }
    }

    fn wait(&self, events: &mut Events) -> io::Result<()> {
        let start = Instant::now();
        while self.clients().len() == 1 && start.elapsed() < SPIN {
            if self.sockets.wait(events, REPORTS, Some(Duration::ZERO))? > 0 {
                return Ok(());
            }
        }
        self.sockets.wait(events, REPORTS, Some(LOOK)).map(drop)
    }
}

impl Client {
    /// Answers what has come. Errors: the client has gone.
    fn serve(&mut self, answers: &Answers, input: &mut [u8], output: &mut Vec<u8>) -> io::Result<()> {
        let count = match self.stream.read(input) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            outcome => outcome?,
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        output.clear();
        if std::mem::replace(&mut self.has_begun, true) {
            answers.answer(&input[..count], output);
        } else {
            welcome(output);
        }
        self.stream.write_all(output)
    }
}

/// What a session begins with.
fn welcome(output: &mut Vec<u8>) {
    message(output, b'R', &[0; 4]);
    message(output, b'S', b"server_version\x0015\0");
    message(output, b'S', b"client_encoding\0UTF8\0");
    message(output, b'S', b"standard_conforming_strings\0on\0");
    message(output, b'Z', b"I");
}

/// The answer to each kind of message: one row of a number, a null and a zero, which pgbench takes for whatever it asked.
struct Answers(Vec<Vec<u8>>);

impl Answers {
    fn new() -> Answers {
        let mut answers = vec![Vec::new(); 256];
        let mut put = |kind: u8, reply: u8, body: &[u8]| message(&mut answers[usize::from(kind)], reply, body);
        put(b'P', b'1', b"");
        put(b'B', b'2', b"");
        put(b'S', b'Z', b"I");
        // A column: its name, no table, an int4, as text.
        let column = [b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0];
        let columns = [&[0, 3], &column[..], &column, &column].concat();
        let row = [0, 3, 0, 0, 0, 2, b'1', b'0', 255, 255, 255, 255, 0, 0, 0, 1, b'0'];
        for kind in [b'D', b'Q'] {
            put(kind, b'T', &columns);
        }
        for kind in [b'E', b'Q'] {
            put(kind, b'D', &row);
            put(kind, b'C', b"SELECT 1\0");
        }
        put(b'Q', b'Z', b"I");
        Answers(answers)
    }

    fn answer(&self, mut input: &[u8], output: &mut Vec<u8>) {
        while let [kind, a, b, c, d, ..] = *input {
            output.extend_from_slice(&self.0[usize::from(kind)]);
            let length = 1 + u32::from_be_bytes([a, b, c, d]) as usize;
            input = input.get(length..).unwrap_or_default();
        }
    }
}

fn message(output: &mut Vec<u8>, kind: u8, body: &[u8]) {
    output.push(kind);
    output.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    output.extend_from_slice(body);
}
