//! Waits on a descriptor, under every order of events: the ServerLoop and its mailbox, a session and its client.
//!
//! `Interrupts`, the mailbox and the locks are the real ones. Copies, because the kernel has no place in a model, are: an eventfd ([`EventFd`]), crate
//! polling's notification over it ([`Poller`], as in its `notify` and `wait`), a client's handle and stream (`postmaster::client`:
//! `ClientHandle::tell`, `ClientStream::heed` and `read`; `host::net::Stream::wait_readable`).
//! To see the models fail: post after notifying ([`canary_notifying_before_posting`]), or drain the eventfd after looking at the interrupts
//! ([`canary_draining_after_the_look`]).

use crate::atomic::{AtomicBool, Ordering};
use crate::check::check;
use crate::{Condvar, Interrupt, Interrupts, Mailbox, Mutex, rank, thread};
use std::sync::{Arc, OnceLock};

const SCHEDULES: usize = 4000;

/// What a wait on several descriptors looks at: a counter that was written to, a socket with something to read.
struct EventFd {
    is_set: Mutex<[bool; 2]>,
    changed: Condvar,
}

/// The eventfd's place in `is_set`.
const COUNTER: usize = 0;
/// The socket's.
const SOCKET: usize = 1;

impl EventFd {
    fn new() -> EventFd {
        EventFd { is_set: Mutex::new(rank::LEAF, [false; 2]), changed: Condvar::new() }
    }

    fn write(&self, which: usize) {
        self.is_set.lock()[which] = true;
        self.changed.notify_all();
    }

    /// poll(2): sleeps until one of the two can be read; both stay so.
    fn poll(&self) -> [bool; 2] {
        let mut is_set = self.is_set.lock();
        while *is_set == [false; 2] {
            self.changed.wait(&mut is_set);
        }
        *is_set
    }

    fn drain(&self) {
        self.is_set.lock()[COUNTER] = false;
    }
}

/// `polling::Poller`: notifications that nobody has seen yet are one.
struct Poller {
    fd: EventFd,
    notified: AtomicBool,
}

impl Poller {
    fn new() -> Poller {
        Poller { fd: EventFd::new(), notified: AtomicBool::new(false) }
    }

    fn notify(&self) {
        if self.notified.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.fd.write(COUNTER);
        }
    }

    fn wait(&self) {
        self.fd.poll();
        self.fd.drain();
        self.notified.swap(false, Ordering::SeqCst);
    }
}

/// What the ServerLoop and those who write to it share.
struct Post {
    poller: Arc<Poller>,
    mailbox: Mailbox<u32>,
}

/// Roles end at any moment, before, in and after the loop's wait: each report is read once, and the loop (`ServerLoop::pass`) never sleeps with
/// one in the box.
fn reports(name: &'static str, roles: u32, each: u32, wake: fn(&Poller), put: fn(&Post, u32)) {
    check(name, SCHEDULES, move || {
        let poller = Arc::new(Poller::new());
        let notifier = Arc::clone(&poller);
        let post = Arc::new(Post { poller, mailbox: Mailbox::new(Box::new(move || wake(&notifier))) });
        let start = |role: u32| {
            let post = Arc::clone(&post);
            thread::spawn(move || (0..each).for_each(|at| put(&post, role * each + at)))
        };
        let threads: Vec<_> = (0..roles).map(start).collect();
        let mut read = Vec::new();
        while read.len() < (roles * each) as usize {
            post.poller.wait();
            read.extend(post.mailbox.take());
        }
        threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
        read.sort_unstable();
        assert_eq!(read, (0..roles * each).collect::<Vec<_>>());
    });
}

#[test]
fn a_report_is_not_lost() {
    reports("mailbox one role", 1, 2, Poller::notify, |post, letter| post.mailbox.put(letter));
}

#[cfg(shuttle)]
#[test]
fn reports_of_many_roles_are_not_lost() {
    reports("mailbox three roles", 3, 3, Poller::notify, |post, letter| post.mailbox.put(letter));
}

/// Canary: the loop may look between the notification and the letter.
#[cfg(shuttle)]
#[test]
#[should_panic(expected = "deadlock")]
fn canary_notifying_before_posting() {
    let too_late = |_: &Poller| ();
    reports("mailbox canary", 2, 1, too_late, |post, letter| {
        post.poller.notify();
        post.mailbox.put(letter);
    });
}

/// A client as the postmaster sees it, and its session's way to wait.
struct Client {
    fd: EventFd,
    interrupts: OnceLock<Arc<Interrupts>>,
}

impl Client {
    /// `ClientHandle::tell`: who is still logging in has its socket shut down.
    fn tell(&self, interrupt: Interrupt) {
        match self.interrupts.get() {
            Some(interrupts) => interrupts.raise(interrupt),
            None if interrupt == Interrupt::Terminate => self.fd.write(SOCKET),
            None => {}
        }
    }

    /// `ClientStream::heed`.
    fn heed(self: &Arc<Client>, interrupts: &Arc<Interrupts>) {
        let _ = self.interrupts.set(Arc::clone(interrupts));
        let client = Arc::clone(self);
        interrupts.set_wake_hook(Box::new(move || client.fd.write(COUNTER)));
    }

    /// `ClientStream::read`: true if the session was woken, false if there is something to read.
    fn read(&self) -> bool {
        let woken = self.fd.poll()[COUNTER];
        if woken {
            self.fd.drain();
        }
        woken
    }
}

/// A session logs in and goes to wait; it is told of a message, then to end, before, during or after that, and ends.
fn park(name: &'static str, wait: fn(&Client, &Interrupts) -> bool) {
    check(name, SCHEDULES, move || {
        let client = Arc::new(Client { fd: EventFd::new(), interrupts: OnceLock::new() });
        let teller = {
            let client = Arc::clone(&client);
            thread::spawn(move || [Interrupt::Notify, Interrupt::Terminate].map(|news| client.tell(news)))
        };
        let interrupts = Arc::new(Interrupts::new());
        thread::yield_now();
        client.heed(&interrupts);
        while !wait(&client, &interrupts) {
            interrupts.take(Interrupt::Notify);
        }
        teller.join().expect("it ends");
    });
}

#[test]
fn an_interrupt_ends_the_wait_for_a_client() {
    // The session's loop: what is pending first, then the wait.
    park("session park and wake", |client, interrupts| interrupts.take(Interrupt::Terminate) || !client.read());
}

/// Canary: what was raised between the look and the drain is waited for in vain.
#[cfg(shuttle)]
#[test]
#[should_panic(expected = "deadlock")]
fn canary_draining_after_the_look() {
    park("session canary", |client, interrupts| {
        let told = client.fd.poll()[SOCKET] || interrupts.take(Interrupt::Terminate);
        client.fd.drain();
        told
    });
}
