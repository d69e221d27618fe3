//! The postmaster's hold on a client's connection, and the stream as the session uses it.

use config::Setting;
use host::net::{Keepalive, Readiness, Stream, Waker};
use instance::ClientProbe;
use parking_lot::Mutex;
use pool::Place;
use session::Direction;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use sync::{Interrupt, Interrupts, WaitHooks, WaitKind, Waiting};

/// The hold on a client's connection: from its first byte on it can be told things.
pub struct ClientHandle {
    stream: Stream,
    interrupts: Arc<Interrupts>,
    ears: Mutex<Ears>,
    /// The client sends nothing more, as far as somebody was told.
    has_ended: AtomicBool,
    /// The system's keepalive, from before it was changed.
    usual_keepalive: OnceLock<Keepalive>,
}

/// Who hears of an interrupt.
#[derive(Default)]
struct Ears {
    /// The thread that sleeps for the client, if one does.
    waker: Option<Arc<Waker>>,
    /// Its seat in the thread pool, if it has one.
    place: Option<Arc<dyn Place>>,
}

/// Interrupts that end a statement which waits for its client.
const ENDS_A_STATEMENT: [Interrupt; 4] =
    [Interrupt::CancelQuery, Interrupt::StatementTimeout, Interrupt::TransactionTimeout, Interrupt::Fault];

/// Wakers that are kept for the next wait; more are closed.
const SPARE_WAKERS_MAX: usize = 4;

/// Wakers that no thread uses: each costs a descriptor.
#[derive(Default)]
pub struct SpareWakers(Mutex<Vec<Arc<Waker>>>);

impl SpareWakers {
    fn take(&self) -> io::Result<Arc<Waker>> {
        let spare = self.0.lock().pop();
        spare.map_or_else(|| Waker::new().map(Arc::new), Ok)
    }

    fn put(&self, waker: Arc<Waker>) {
        let mut spare = self.0.lock();
        if spare.len() < SPARE_WAKERS_MAX {
            spare.push(waker);
        }
    }
}

impl ClientHandle {
    /// Around a fresh connection.
    pub fn new(stream: Stream) -> io::Result<Arc<ClientHandle>> {
        stream.set_nonblocking(true)?;
        let interrupts = Arc::new(Interrupts::new());
        Ok(Arc::new_cyclic(|handle: &Weak<ClientHandle>| {
            let handle = Weak::clone(handle);
            interrupts.set_wake_hook(Box::new(move || {
                if let Some(handle) = handle.upgrade() {
                    handle.ring();
                }
            }));
            ClientHandle {
                stream,
                interrupts,
                ears: Mutex::default(),
                has_ended: AtomicBool::new(false),
                usual_keepalive: OnceLock::new(),
            }
        }))
    }

    fn ring(&self) {
        let (waker, place) = {
            let ears = self.ears.lock();
            (ears.waker.clone(), ears.place.clone())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(place) = place {
            place.ring();
        }
    }

    /// Tells the session, or whoever is to become one.
    pub fn tell(&self, interrupt: Interrupt) {
        self.interrupts.raise(interrupt);
    }

    /// Where it is told.
    pub fn interrupts(&self) -> &Arc<Interrupts> {
        &self.interrupts
    }

    /// The connection.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// It has a seat in the thread pool.
    pub fn sit(&self, place: Arc<dyn Place>) {
        self.ears.lock().place = Some(place);
    }

    /// Its seat in the thread pool.
    pub fn place(&self) -> Option<Arc<dyn Place>> {
        self.ears.lock().place.clone()
    }

    /// The thread that serves it will serve no other: from now on every interrupt ends its wait, or the next one.
    pub fn keep_waker(&self, wakers: &SpareWakers) -> io::Result<()> {
        let waker = wakers.take()?;
        self.ears.lock().waker = Some(waker);
        Ok(())
    }

    /// Waits until the client can be read from or written to, or there is an interrupt.
    pub fn wait(&self, wakers: &SpareWakers, direction: Direction) -> io::Result<()> {
        let kept = self.ears.lock().waker.clone();
        if let Some(waker) = kept {
            return self.sleep(&waker, direction, None);
        }
        let waker = wakers.take()?;
        self.ears.lock().waker = Some(Arc::clone(&waker));
        // What was raised before the waker was there has woken nobody.
        let limit = self.is_called(direction).then_some(Duration::ZERO);
        let outcome = self.sleep(&waker, direction, limit);
        self.ears.lock().waker = None;
        wakers.put(waker);
        outcome
    }

    fn sleep(&self, waker: &Waker, direction: Direction, limit: Option<Duration>) -> io::Result<()> {
        let outcome = match direction {
            Direction::Read => self.stream.wait_readable(waker, limit),
            Direction::Write => self.stream.wait_writable(waker, limit),
        };
        outcome.map(|_: Readiness| ())
    }

    /// True if there is an interrupt that whoever waits acts on.
    fn is_called(&self, direction: Direction) -> bool {
        let told = |interrupt| self.interrupts.is_pending(interrupt);
        self.is_to_end() || direction == Direction::Read && ENDS_A_STATEMENT.into_iter().any(told)
    }

    /// The client sends nothing more than it has sent.
    pub fn set_ended(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    fn is_to_end(&self) -> bool {
        self.interrupts.is_pending(Interrupt::Terminate) || self.interrupts.is_pending(Interrupt::Quit)
    }
}

impl fmt::Debug for ClientHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientHandle").field(&self.stream).finish()
    }
}

impl AsFd for ClientHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl config::Connection for ClientHandle {
    fn put_in_force(&self, setting: Setting, wanted: i32) -> i32 {
        let part: fn(&mut Keepalive) -> &mut u32 = match setting {
            Setting::TcpKeepalivesIdle => |keepalive| &mut keepalive.idle_s,
            Setting::TcpKeepalivesInterval => |keepalive| &mut keepalive.interval_s,
            Setting::TcpKeepalivesCount => |keepalive| &mut keepalive.count,
            _ => |keepalive| &mut keepalive.user_timeout_ms,
        };
        let mut usual = *self.usual_keepalive.get_or_init(|| self.stream.keepalive());
        let mut now = self.stream.keepalive();
        let wanted = match u32::try_from(wanted) {
            Ok(number) if number > 0 => number,
            _ => *part(&mut usual),
        };
        if *part(&mut now) != wanted {
            *part(&mut now) = wanted;
            // A system that does not take it serves the client all the same.
            let _ = self.stream.set_keepalive(now);
        }
        i32::try_from(*part(&mut self.stream.keepalive())).unwrap_or(i32::MAX)
    }
}

/// The connection as others see it who ask for the session.
struct Probe(Weak<ClientHandle>);

impl ClientProbe for Probe {
    fn is_gone(&self) -> bool {
        self.0.upgrade().is_none_or(|handle| handle.stream.is_closed_by_peer())
    }

    fn has_input(&self) -> bool {
        self.0.upgrade().is_none_or(|handle| handle.stream.has_input())
    }
}

/// The stream as the session uses it.
pub(super) struct ClientStream {
    handle: Arc<ClientHandle>,
    wakers: Arc<SpareWakers>,
    hooks: Option<Arc<dyn WaitHooks>>,
}

impl ClientStream {
    pub(super) fn new(handle: Arc<ClientHandle>, wakers: Arc<SpareWakers>) -> ClientStream {
        ClientStream { handle, wakers, hooks: None }
    }
}

impl session::Stream for ClientStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| (&self.handle.stream).read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| (&self.handle.stream).write(bytes))
    }

    fn wait(&mut self, direction: Direction) -> io::Result<()> {
        // A client that does not take what it is sent is not waited for if the session is to end.
        if direction == Direction::Write && self.handle.is_to_end() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let what = if direction == Direction::Read { "ClientRead" } else { "ClientWrite" };
        let _waiting = self.hooks.as_ref().map(|hooks| Waiting::begin(&**hooks, WaitKind::Client(what)));
        self.handle.wait(&self.wakers, direction)
    }

    fn is_closed(&self) -> bool {
        self.handle.stream.is_closed_by_peer()
    }

    fn is_ending(&self) -> bool {
        self.handle.has_ended.load(Ordering::Relaxed)
    }

    fn probe(&self) -> Option<Box<dyn ClientProbe>> {
        Some(Box::new(Probe(Arc::downgrade(&self.handle))))
    }

    fn connection(&self) -> Option<Arc<dyn config::Connection>> {
        Some(self.handle.clone())
    }

    fn tell_waits(&mut self, hooks: Arc<dyn WaitHooks>) {
        self.hooks = Some(hooks);
    }
}

fn retry(mut attempt: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
