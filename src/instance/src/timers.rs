//! Timers: interrupts that are raised when a time has come, unless they are disarmed before.
//!
//! Arming and disarming a timer that is armed often (`statement_timeout`) costs a look at the clock and two atomic operations:
//! its place in the queue stays, and the one thread that serves the queue looks at the time it is really meant for only when
//! that place comes up.
//!
//! Invariants
//! - I1. If a timer is armed for `t`, the queue holds an entry of it for a time not after `t`.
//! - I2. A timer has one place in the queue, at `queued_us` with its `number`, or none and `NEVER`; both are changed under the queue's lock.
//!
//! Locks: the queue's, a leaf.

use std::collections::BTreeMap;
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
    /// By the time at which a place comes up, and a number that tells apart those of the same time.
    places: BTreeMap<(u64, u64), Arc<Timer>>,
    number: u64,
    poked: bool,
}

/// One timer: whom it interrupts, and how.
pub struct Timer {
    interrupts: Arc<Interrupts>,
    interrupt: Interrupt,
    /// When it is meant to go off.
    deadline_us: AtomicU64,
    queued_us: AtomicU64,
    number: AtomicU64,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new(interrupts: Arc<Interrupts>, interrupt: Interrupt) -> Arc<Timer> {
        let never = || AtomicU64::new(NEVER);
        Arc::new(Timer { interrupts, interrupt, deadline_us: never(), queued_us: never(), number: never() })
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

    /// Disarms a timer that is not needed any more, and gives up its place.
    pub fn withdraw(&self, timer: &Timer) {
        timer.disarm();
        if timer.queued_us.load(Ordering::SeqCst) != NEVER {
            self.queue.lock().remove(timer);
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
        self.places.first_key_value().map(|((at_us, _), _)| *at_us)
    }

    /// Puts a timer here, if it has no place that comes up earlier.
    fn push(&mut self, timer: &Arc<Timer>, at_us: u64) {
        if timer.queued_us.load(Ordering::SeqCst) <= at_us {
            return;
        }
        self.remove(timer);
        self.number += 1;
        timer.queued_us.store(at_us, Ordering::SeqCst);
        timer.number.store(self.number, Ordering::SeqCst);
        self.places.insert((at_us, self.number), Arc::clone(timer));
    }

    fn remove(&mut self, timer: &Timer) {
        let place = (timer.queued_us.swap(NEVER, Ordering::SeqCst), timer.number.load(Ordering::SeqCst));
        self.places.remove(&place);
    }

    /// Takes the first place away; its timer, if that goes off now.
    fn take_due(&mut self, now_us: u64) -> Option<Arc<Timer>> {
        let (_, timer) = self.places.pop_first()?;
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
        assert_eq!(timers.queue.lock().places.len(), 1);
        assert!(timers.queue.lock().take_due(u64::MAX - 1).is_none());
        timers.arm(&timer, Duration::ZERO);
        assert!(timers.queue.lock().take_due(u64::MAX - 1).is_some());
        assert!(!interrupts.pending());
        timers.arm(&timer, Duration::from_secs(60));
        timers.withdraw(&timer);
        assert!(timers.queue.lock().places.is_empty() && !timer.is_armed());
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
