//! Many sockets, a few of which have something to say.
//!
//! Any number of threads may wait on a set at a time; what happens wakes one of them. A socket is reported when something new has come
//! (edge-triggered), not while something is there: whoever is told reads until there is nothing left, or until it has read less than it had room for.

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// The key under which one waiting thread is called.
const BELL: u64 = u64::MAX;
/// The key under which all are.
const ALARM: u64 = u64::MAX - 1;

/// The set.
pub struct SocketSet {
    epoll: Epoll,
    bell: EventFd,
    alarm: EventFd,
}

/// One socket that has something to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// The key under which it was added.
    pub key: u64,
    /// The other end sends nothing more: behind what has come stands the end.
    pub has_ended: bool,
}

/// Where a thread keeps what a wait reports.
pub struct Events {
    room: Vec<EpollEvent>,
    count: usize,
}

impl Events {
    /// Room for so many.
    pub fn with_capacity(most: usize) -> Events {
        Events { room: vec![EpollEvent::empty(); most], count: 0 }
    }

    /// The sockets that the last wait has reported.
    pub fn sockets(&self) -> impl Iterator<Item = Ready> {
        let over = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        let ready = move |event: &EpollEvent| Ready { key: event.data(), has_ended: event.events().intersects(over) };
        self.room[..self.count].iter().map(ready).filter(|ready| ready.key < ALARM)
    }
}

impl SocketSet {
    /// An empty set.
    pub fn new() -> io::Result<SocketSet> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let new = || EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let (bell, alarm) = (new()?, new()?);
        epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, BELL))?;
        epoll.add(&alarm, EpollEvent::new(EpollFlags::EPOLLIN, ALARM))?;
        Ok(SocketSet { epoll, bell, alarm })
    }

    /// Watches a socket under a key, which is none of the two greatest numbers. What it has to say already is reported too.
    pub fn add(&self, key: u64, socket: BorrowedFd<'_>) -> io::Result<()> {
        assert!(key < ALARM, "the greatest numbers are the bell's and the alarm's");
        Ok(self.epoll.add(socket, EpollEvent::new(wanted(false), key))?)
    }

    /// Whether the socket is reported, too, when there is room to write.
    pub fn watch_room(&self, key: u64, socket: BorrowedFd<'_>, on: bool) -> io::Result<()> {
        Ok(self.epoll.modify(socket, &mut EpollEvent::new(wanted(on), key))?)
    }

    /// Watches the socket no more. A report that somebody has taken already may still be acted on.
    pub fn remove(&self, socket: BorrowedFd<'_>) {
        // A socket that the kernel no longer knows needs no removing.
        let _ = self.epoll.delete(socket);
    }

    /// Waits until something happens, the bell is rung, or time is up, and takes at most `most` reports. Returns their number, the bell's
    /// included; `events` has them.
    pub fn wait(&self, events: &mut Events, most: usize, timeout: Option<Duration>) -> io::Result<usize> {
        let timeout = timeout
            .map_or(EpollTimeout::NONE, |time| EpollTimeout::try_from(time).unwrap_or(EpollTimeout::from(u16::MAX)));
        let most = most.min(events.room.len());
        let count = match self.epoll.wait(&mut events.room[..most], timeout) {
            Err(Errno::EINTR) => 0,
            outcome => outcome?,
        };
        events.count = count;
        Ok(count)
    }

    /// Ends the waits of all threads, and every wait that begins before [`SocketSet::end_alarm`].
    pub fn alarm(&self) {
        let _ = self.alarm.write(1);
    }

    /// Everybody has heard it.
    pub fn end_alarm(&self) {
        let _ = self.alarm.read();
    }

    /// Ends the wait of one thread, or the next wait if there is none.
    pub fn ring(&self) {
        // The only failure is a full counter, which means that it was rung.
        let _ = self.bell.write(1);
    }
}

fn wanted(room: bool) -> EpollFlags {
    let input = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
    if room { input | EpollFlags::EPOLLOUT } else { input }
}

impl fmt::Debug for SocketSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketSet({:?})", self.epoll.0.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn look(set: &SocketSet) -> Vec<Ready> {
        let mut events = Events::with_capacity(8);
        set.wait(&mut events, 8, Some(Duration::ZERO)).unwrap();
        events.sockets().collect()
    }

    #[test]
    fn what_is_new_is_reported_once() {
        let set = SocketSet::new().unwrap();
        let (mut near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"a").unwrap();
        set.add(7, near.as_fd()).unwrap();
        let ready = Ready { key: 7, has_ended: false };
        assert_eq!(look(&set), [ready]);
        assert_eq!(look(&set), []);
        far.write_all(b"b").unwrap();
        assert_eq!(look(&set), [ready]);
        assert_eq!(near.read(&mut [0; 8]).unwrap(), 2);
        drop(far);
        assert_eq!(look(&set), [Ready { key: 7, has_ended: true }]);
    }

    #[test]
    fn room_is_reported_to_those_who_ask() {
        let set = SocketSet::new().unwrap();
        let (near, _far) = UnixStream::pair().unwrap();
        set.add(1, near.as_fd()).unwrap();
        assert_eq!(look(&set), []);
        set.watch_room(1, near.as_fd(), true).unwrap();
        assert_eq!(look(&set), [Ready { key: 1, has_ended: false }]);
    }

    #[test]
    fn the_alarm_ends_all_waits() {
        let set = SocketSet::new().unwrap();
        set.alarm();
        let mut events = Events::with_capacity(1);
        for _ in 0..2 {
            assert_eq!((set.wait(&mut events, 1, None).unwrap(), events.sockets().count()), (1, 0));
        }
        set.end_alarm();
        assert_eq!(set.wait(&mut events, 1, Some(Duration::ZERO)).unwrap(), 0);
    }

    #[test]
    fn the_bell_ends_a_wait() {
        let set = SocketSet::new().unwrap();
        set.ring();
        let mut events = Events::with_capacity(1);
        assert_eq!((set.wait(&mut events, 1, None).unwrap(), events.sockets().count()), (1, 0));
    }
}
