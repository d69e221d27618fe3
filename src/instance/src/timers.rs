//! Timers: interrupts that are raised when a time has come, unless they are disarmed before.
//!
//! Arming and disarming a timer that is armed often (`statement_timeout`) costs a look at the clock and two atomic operations:
//! its place in the queue stays, and the one thread that serves the queue looks at the time it is really meant for only when
//! that place comes up.
//!
//! Invariants
//! - I1. If a timer is armed for `t`, the queue holds an entry of it for a time not after `t`.
//! - I2. `queued_us` is the earliest time of a timer's entries, or `NEVER`; it is changed under the queue's lock.
//!
//! Locks: the queue's, a leaf.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use sync::{Condvar, Interrupt, Interrupts, Mutex, rank};

/// No time: disarmed, or not queued.
const NEVER: u64 = u64::MAX;

/// All timers of an instance.
pub struct Timers {
    start: Instant,
    queue: Mutex<Queue>,
    news: Condvar,
}

#[derive(Default)]
struct Queue {
    entries: BinaryHeap<Reverse<Entry>>,
    number: u64,
    poked: bool,
}

/// A timer's place: when it comes up, and a number that keeps the order total.
struct Entry {
    at_us: u64,
    number: u64,
    timer: Arc<Timer>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.at_us, self.number) == (other.at_us, other.number)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.at_us, self.number).cmp(&(other.at_us, other.number))
    }
}

/// One timer: whom it interrupts, and how.
pub struct Timer {
    interrupts: Arc<Interrupts>,
    interrupt: Interrupt,
    /// When it is meant to go off.
    deadline_us: AtomicU64,
    queued_us: AtomicU64,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new(interrupts: Arc<Interrupts>, interrupt: Interrupt) -> Arc<Timer> {
        let never = || AtomicU64::new(NEVER);
        Arc::new(Timer { interrupts, interrupt, deadline_us: never(), queued_us: never() })
    }

    /// It does not go off, unless it has already.
    pub fn disarm(&self) {
        // Only who armed it disarms it, and for most statements it never was.
        if self.is_armed() {
            self.deadline_us.store(NEVER, Ordering::SeqCst);
        }
    }

    /// True between `arm` and `disarm` or its going off.
    pub fn is_armed(&self) -> bool {
        self.deadline_us.load(Ordering::SeqCst) != NEVER
    }
}

impl Default for Timers {
    fn default() -> Timers {
        Timers::new()
    }
}

impl Timers {
    /// Nothing is armed.
    pub fn new() -> Timers {
        Timers { start: Instant::now(), queue: Mutex::new(rank::LEAF, Queue::default()), news: Condvar::new() }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(NEVER - 1)
    }

    /// Has the timer go off after this time, in place of what it was armed for.
    pub fn arm(&self, timer: &Arc<Timer>, after: Duration) {
        let after_us = u64::try_from(after.as_micros()).unwrap_or(NEVER / 2);
        let at_us = self.now_us().saturating_add(after_us).min(NEVER - 1);
        timer.deadline_us.store(at_us, Ordering::SeqCst);
        if timer.queued_us.load(Ordering::SeqCst) > at_us {
            self.enqueue(timer, at_us);
        }
    }

    fn enqueue(&self, timer: &Arc<Timer>, at_us: u64) {
        let mut queue = self.queue.lock();
        queue.push(timer, at_us);
        if queue.next_us() == Some(at_us) {
            self.news.notify_all();
        }
    }

    /// Ends the wait of `serve`.
    pub fn poke(&self) {
        self.queue.lock().poked = true;
        self.news.notify_all();
    }

    /// Lets timers go off until poked. One thread serves at a time.
    pub fn serve(&self) {
        let mut queue = self.queue.lock();
        while !std::mem::take(&mut queue.poked) {
            let now_us = self.now_us();
            match queue.next_us() {
                None => self.news.wait(&mut queue),
                Some(at_us) if at_us > now_us => {
                    let deadline = self.start + Duration::from_micros(at_us);
                    self.news.wait_until(&mut queue, deadline);
                }
                Some(_) => {
                    if let Some(timer) = queue.take_due(now_us) {
                        drop(queue);
                        timer.interrupts.raise(timer.interrupt);
                        queue = self.queue.lock();
                    }
                }
            }
        }
    }
}

impl Queue {
    fn next_us(&self) -> Option<u64> {
        self.entries.peek().map(|Reverse(entry)| entry.at_us)
    }

    fn push(&mut self, timer: &Arc<Timer>, at_us: u64) {
        self.number += 1;
        let earliest = timer.queued_us.load(Ordering::SeqCst).min(at_us);
        timer.queued_us.store(earliest, Ordering::SeqCst);
        self.entries.push(Reverse(Entry { at_us, number: self.number, timer: Arc::clone(timer) }));
    }

    /// Takes the first entry off; its timer, if that goes off now.
    fn take_due(&mut self, now_us: u64) -> Option<Arc<Timer>> {
        let Reverse(Entry { timer, .. }) = self.entries.pop()?;
        // From here on `arm` queues anew; what was armed before is seen below.
        timer.queued_us.store(NEVER, Ordering::SeqCst);
        let deadline_us = timer.deadline_us.load(Ordering::SeqCst);
        if deadline_us == NEVER {
            return None;
        }
        if deadline_us > now_us {
            self.push(&timer, deadline_us);
            return None;
        }
        let disarmed = timer.deadline_us.compare_exchange(deadline_us, NEVER, Ordering::SeqCst, Ordering::SeqCst);
        disarmed.is_ok().then_some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer() -> (Arc<Timer>, Arc<Interrupts>) {
        let interrupts = Arc::new(Interrupts::new());
        (Timer::new(Arc::clone(&interrupts), Interrupt::StatementTimeout), interrupts)
    }

    #[test]
    fn goes_off_when_its_time_has_come() {
        let timers = Arc::new(Timers::new());
        let server = {
            let timers = Arc::clone(&timers);
            std::thread::spawn(move || timers.serve())
        };
        let (timer, interrupts) = timer();
        timers.arm(&timer, Duration::from_secs(3600));
        timers.arm(&timer, Duration::from_millis(1));
        interrupts.latch().wait(None);
        assert!(interrupts.take(Interrupt::StatementTimeout) && !timer.is_armed());
        timers.poke();
        server.join().unwrap();
    }

    #[test]
    fn a_timer_that_is_armed_often_has_one_place() {
        let timers = Timers::new();
        let (timer, interrupts) = timer();
        for _ in 0..1000 {
            timers.arm(&timer, Duration::from_secs(60));
            timer.disarm();
        }
        assert_eq!(timers.queue.lock().entries.len(), 1);
        assert!(timers.queue.lock().take_due(u64::MAX - 1).is_none());
        timers.arm(&timer, Duration::ZERO);
        assert!(timers.queue.lock().take_due(u64::MAX - 1).is_some());
        assert!(!interrupts.pending());
    }

    #[test]
    fn a_place_that_comes_up_too_early_is_moved() {
        let timers = Timers::new();
        let (timer, _) = timer();
        timers.arm(&timer, Duration::ZERO);
        timers.arm(&timer, Duration::from_secs(3600));
        let now_us = timers.now_us();
        assert!(timers.queue.lock().take_due(now_us).is_none());
        assert!(timers.queue.lock().next_us().is_some_and(|at_us| at_us > now_us));
    }
}
