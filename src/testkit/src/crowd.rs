//! Thousands of connections, driven by one thread.
//!
//! 1. [`Crowd::open`] connects; [`Crowd::gather`] does it for many and logs them in.
//! 2. [`Crowd::send`] gives bytes to a link; what the socket does not take at once goes when it does.
//! 3. [`Crowd::wait`] waits until something comes, reads it, and tells the numbers of those who have news.
//! 4. The caller then takes a link's messages one by one ([`Link::message`]) or put together ([`Link::reply`]).
//!
//! Nothing here waits for one link alone. A link that the server has closed is told once more and then keeps quiet, until [`Crowd::close`] forgets it.
//! Numbers are given again.

use crate::transcript::{Reply, Transcript};
use crate::wire;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::{Index, IndexMut};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Log-ins that [`Crowd::gather`] has under way at the same time.
const LOGINS_AT_ONCE: usize = 64;
/// Events taken from the kernel at a time.
const EVENTS_MAX: usize = 512;
/// Bytes read from a link at a time; one that has more comes again.
const CHUNK_BYTES: usize = 64 * 1024;
/// A buffer that has grown beyond it is given back when it is empty: there are thousands.
const KEPT_BYTES: usize = 16 * 1024;

/// Where a server listens, and as whom to log in there.
#[derive(Clone, Debug)]
pub struct Address {
    /// Its Unix socket.
    pub socket: PathBuf,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
}

impl Address {
    /// The role and the database `postgres` at the socket in this folder.
    pub fn new(folder: &Path, port: u16) -> Address {
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        Address { socket, user: "postgres".to_owned(), database: "postgres".to_owned() }
    }

    /// The same, as another role.
    pub fn of_role(&self, user: &str) -> Address {
        Address { user: user.to_owned(), ..self.clone() }
    }

    /// The startup packet.
    pub fn startup(&self) -> Vec<u8> {
        let mut packet = Vec::new();
        wire::startup(&mut packet, &self.user, &self.database, "crowd");
        packet
    }
}

/// A message of the server.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its letter.
    pub kind: u8,
    /// What follows the length.
    pub body: &'a [u8],
}

/// One connection.
pub struct Link {
    stream: UnixStream,
    input: Vec<u8>,
    /// Bytes of `input` that were taken.
    taken: usize,
    output: Vec<u8>,
    /// Bytes of `output` that the socket has taken.
    sent: usize,
    reads: bool,
    is_closed: bool,
    /// What was put together by [`Link::reply`].
    pub heard: Transcript,
}

impl Link {
    /// The next message that has come whole.
    pub fn message(&mut self) -> Option<Message<'_>> {
        let (kind, length) = self.next_length()?;
        let start = self.taken + 5;
        self.taken += length + 1;
        Some(Message { kind, body: &self.input[start..self.taken] })
    }

    /// The next reply that has come whole; notices and notifications on the way are in `heard`.
    pub fn reply(&mut self) -> Option<Reply> {
        while let Some((kind, length)) = self.next_length() {
            let start = self.taken + 5;
            self.taken += length + 1;
            if let Some(reply) = self.heard.hear(kind, &self.input[start..self.taken]) {
                return Some(reply);
            }
        }
        None
    }

    /// Letter and length of the next message, if it is there whole.
    fn next_length(&self) -> Option<(u8, usize)> {
        let rest = &self.input[self.taken..];
        let length = u32::from_be_bytes(rest.get(1..5)?.try_into().expect("four bytes")) as usize;
        (rest.len() > length).then_some((rest[0], length))
    }

    /// True if the server has closed the connection. What it said before may still be there to take.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Forgets what was taken.
    fn compact(&mut self) {
        self.input.drain(..self.taken);
        self.taken = 0;
        if self.input.is_empty() && self.input.capacity() > KEPT_BYTES {
            self.input = Vec::new();
        }
    }

    /// Reads once; the socket may have more.
    fn fill(&mut self, chunk: &mut [u8]) {
        self.compact();
        match (&self.stream).read(chunk) {
            Ok(0) => self.is_closed = true,
            Ok(count) => self.input.extend_from_slice(&chunk[..count]),
            Err(error) if is_passing(&error) => {}
            Err(_) => self.is_closed = true,
        }
    }

    /// Writes what the socket takes. If the server has gone, its last words are still to be read.
    fn flush(&mut self) {
        while self.sent < self.output.len() {
            match (&self.stream).write(&self.output[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if is_passing(&error) => return,
                Err(_) => break,
            }
        }
        self.output.clear();
        self.sent = 0;
        if self.output.capacity() > KEPT_BYTES {
            self.output = Vec::new();
        }
    }

    /// What to wait for.
    fn interest(&self) -> EpollFlags {
        let mut flags = EpollFlags::empty();
        flags.set(EpollFlags::EPOLLIN, self.reads);
        flags.set(EpollFlags::EPOLLOUT, !self.output.is_empty());
        flags
    }
}

/// An error after which the same may be tried again.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Connections under one wait.
pub struct Crowd {
    epoll: Epoll,
    links: Vec<Option<Link>>,
    free: Vec<usize>,
    events: Vec<EpollEvent>,
    chunk: Vec<u8>,
}

impl Crowd {
    /// Nobody yet.
    pub fn new() -> io::Result<Crowd> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let (events, chunk) = (vec![EpollEvent::empty(); EVENTS_MAX], vec![0; CHUNK_BYTES]);
        Ok(Crowd { epoll, links: Vec::new(), free: Vec::new(), events, chunk })
    }

    /// Connects and says nothing; the link's number.
    pub fn open(&mut self, address: &Address) -> io::Result<usize> {
        let stream = UnixStream::connect(&address.socket)?;
        stream.set_nonblocking(true)?;
        let number = self.free.pop().unwrap_or(self.links.len());
        self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, number as u64))?;
        let link = Link {
            stream,
            input: Vec::new(),
            taken: 0,
            output: Vec::new(),
            sent: 0,
            reads: true,
            is_closed: false,
            heard: Transcript::default(),
        };
        self.links.resize_with(self.links.len().max(number + 1), || None);
        self.links[number] = Some(link);
        Ok(number)
    }

    /// Closes a connection without a word and forgets the link.
    pub fn close(&mut self, number: usize) {
        self.links[number] = None;
        self.free.push(number);
    }

    /// Closes all.
    pub fn close_all(&mut self) {
        self.links.clear();
        self.free.clear();
    }

    /// True if there is a link of this number.
    pub fn has(&self, number: usize) -> bool {
        self.links.get(number).is_some_and(Option::is_some)
    }

    /// Sends bytes, now or when the socket takes them.
    pub fn send(&mut self, number: usize, bytes: &[u8]) -> io::Result<()> {
        self.send_with(number, |out| out.extend_from_slice(bytes))
    }

    /// Sends what is put at the end of a buffer.
    pub fn send_with(&mut self, number: usize, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let link = &mut self[number];
        let waits = !link.output.is_empty();
        write(&mut link.output);
        link.flush();
        match waits == link.output.is_empty() {
            true => self.rearm(number),
            false => Ok(()),
        }
    }

    /// Sends a query string.
    pub fn query(&mut self, number: usize, sql: &str) -> io::Result<()> {
        self.send_with(number, |out| wire::query(out, sql))
    }

    /// Reads no more of what comes on this link, or reads it again.
    pub fn set_reading(&mut self, number: usize, reads: bool) -> io::Result<()> {
        self[number].reads = reads;
        self.rearm(number)
    }

    fn rearm(&mut self, number: usize) -> io::Result<()> {
        let link = self.links[number].as_ref().expect("the link is open");
        if link.is_closed {
            return Ok(());
        }
        let mut event = EpollEvent::new(link.interest(), number as u64);
        Ok(self.epoll.modify(&link.stream, &mut event)?)
    }

    /// Waits for news, at most so long, and lists the links that have some.
    pub fn wait(&mut self, news: &mut Vec<usize>, limit: Duration) -> io::Result<()> {
        news.clear();
        // Rounded up: a wait that ends too early would be made again and again.
        let limit = EpollTimeout::try_from(limit + Duration::from_micros(999)).unwrap_or(EpollTimeout::MAX);
        let count = match self.epoll.wait(&mut self.events, limit) {
            Err(nix::Error::EINTR) => 0,
            other => other?,
        };
        for at in 0..count {
            let (number, flags) = (self.events[at].data() as usize, self.events[at].events());
            if self.has(number) && self.serve(number, flags)? {
                news.push(number);
            }
        }
        Ok(())
    }

    /// Writes and reads what a link can; true if there is something new to take.
    fn serve(&mut self, number: usize, flags: EpollFlags) -> io::Result<bool> {
        if flags.contains(EpollFlags::EPOLLOUT) {
            self.send(number, &[])?;
        }
        let Crowd { links, chunk, epoll, .. } = self;
        let link = links[number].as_mut().expect("the caller looked");
        let has_gone = flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR);
        if !flags.contains(EpollFlags::EPOLLIN) && !has_gone {
            return Ok(false);
        }
        link.fill(chunk);
        if link.is_closed {
            epoll.delete(&link.stream)?;
        }
        Ok(true)
    }

    /// Opens so many sessions and logs them in. Errors: one is refused, or nothing comes for so long.
    pub fn gather(&mut self, address: &Address, count: usize, patience: Duration) -> Result<Vec<usize>, String> {
        let (startup, mut waiting, mut inside) = (address.startup(), 0, Vec::with_capacity(count));
        let (mut news, mut last) = (Vec::new(), Instant::now());
        while inside.len() < count {
            while waiting < LOGINS_AT_ONCE && inside.len() + waiting < count {
                let number = self.open(address).map_err(|error| format!("connection {}: {error}", inside.len()))?;
                self.send(number, &startup).map_err(|error| error.to_string())?;
                waiting += 1;
            }
            self.wait(&mut news, patience).map_err(|error| error.to_string())?;
            for &number in &news {
                let Some(reply) = self[number].reply() else {
                    still_open(&self[number], "the log-in")?;
                    continue;
                };
                if let Some(error) = reply.error {
                    return Err(format!("log-in {}: {} ({})", inside.len(), error.message, error.code));
                }
                (waiting, last) = (waiting - 1, Instant::now());
                inside.push(number);
            }
            if last.elapsed() > patience {
                return Err(format!("{} of {count} have logged in, then nobody for {patience:?}", inside.len()));
            }
        }
        Ok(inside)
    }

    /// Has each of these links run a query, all at once; the replies, in the order of the links. Errors: nothing comes for so long, a connection is lost.
    pub fn chorus(
        &mut self,
        numbers: &[usize],
        sql: impl Fn(usize) -> String,
        patience: Duration,
    ) -> Result<Vec<Reply>, String> {
        let mut replies: Vec<Option<Reply>> = vec![None; self.links.len()];
        for (at, &number) in numbers.iter().enumerate() {
            self.query(number, &sql(at)).map_err(|error| error.to_string())?;
        }
        let (mut missing, mut news, mut last) = (numbers.len(), Vec::new(), Instant::now());
        while missing > 0 {
            self.wait(&mut news, patience).map_err(|error| error.to_string())?;
            for &number in &news {
                match self[number].reply() {
                    Some(reply) => {
                        (missing, last) = (missing - 1, Instant::now());
                        replies[number] = Some(reply);
                    }
                    None => still_open(&self[number], "its answer")?,
                }
            }
            if last.elapsed() > patience {
                return Err(format!("{missing} of {} answers have not come for {patience:?}", numbers.len()));
            }
        }
        Ok(numbers.iter().filter_map(|&number| replies[number].take()).collect())
    }
}

/// Errors: the server has closed the connection before something.
fn still_open(link: &Link, what: &str) -> Result<(), String> {
    match link.is_closed {
        true => Err(format!("the server closed a connection before {what}")),
        false => Ok(()),
    }
}

impl Index<usize> for Crowd {
    type Output = Link;

    fn index(&self, number: usize) -> &Link {
        self.links[number].as_ref().expect("the link is open")
    }
}

impl IndexMut<usize> for Crowd {
    fn index_mut(&mut self, number: usize) -> &mut Link {
        self.links[number].as_mut().expect("the link is open")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    const SOON: Duration = Duration::from_secs(60);

    /// A crowd with one link, and the server's end of it.
    fn pair() -> (Crowd, usize, UnixStream, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::new(folder.path(), 1);
        let listener = UnixListener::bind(&address.socket).unwrap();
        let mut crowd = Crowd::new().unwrap();
        let number = crowd.open(&address).unwrap();
        (crowd, number, listener.accept().unwrap().0, folder)
    }

    #[test]
    fn a_message_is_given_when_it_is_whole() {
        let (mut crowd, number, mut server, _folder) = pair();
        let mut news = Vec::new();
        server.write_all(b"Z\0\0\0").unwrap();
        crowd.wait(&mut news, SOON).unwrap();
        assert_eq!(news, [number]);
        assert!(crowd[number].message().is_none());
        server.write_all(b"\x05I1\0").unwrap();
        crowd.wait(&mut news, SOON).unwrap();
        let message = crowd[number].message().unwrap();
        assert_eq!((message.kind, message.body), (b'Z', &b"I"[..]));
        assert!(crowd[number].message().is_none());
    }

    #[test]
    fn what_the_socket_does_not_take_is_sent_later() {
        let (mut crowd, number, mut server, _folder) = pair();
        let bytes: Vec<u8> = (0..4_000_000u32).map(|n| n as u8).collect();
        crowd.send(number, &bytes).unwrap();
        crowd.send(number, b"end").unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![0; 4_000_003];
            server.read_exact(&mut all).unwrap();
            all
        });
        while !crowd[number].output.is_empty() {
            crowd.wait(&mut Vec::new(), SOON).unwrap();
        }
        assert_eq!(reader.join().unwrap(), [&bytes[..], b"end"].concat());
    }

    #[test]
    fn the_end_of_a_connection_is_told_once_and_after_its_last_words() {
        let (mut crowd, number, mut server, _folder) = pair();
        let mut news = Vec::new();
        server.write_all(b"Z\0\0\0\x05I").unwrap();
        drop(server);
        while !crowd[number].is_closed() {
            crowd.wait(&mut news, SOON).unwrap();
            assert_eq!(news, [number]);
            if let Some(reply) = crowd[number].reply() {
                assert_eq!(reply.status, b'I');
            }
        }
        crowd.wait(&mut news, Duration::ZERO).unwrap();
        assert!(news.is_empty());
        crowd.send(number, b"anybody?").unwrap();
        crowd.close(number);
        assert!(!crowd.has(number));
    }

    #[test]
    fn who_does_not_read_hears_nothing_until_it_reads_again() {
        let (mut crowd, number, mut server, _folder) = pair();
        let mut news = Vec::new();
        crowd.set_reading(number, false).unwrap();
        server.write_all(b"Z\0\0\0\x05I").unwrap();
        crowd.wait(&mut news, Duration::ZERO).unwrap();
        assert!(news.is_empty());
        crowd.set_reading(number, true).unwrap();
        crowd.wait(&mut news, SOON).unwrap();
        assert_eq!(news, [number]);
    }
}
