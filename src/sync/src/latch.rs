//! A latch: where one thread sleeps until others have news for it.

use crate::atomic::{AtomicU32, Ordering};
use crate::raw;
use std::time::{Duration, Instant};

/// Nothing happened.
const IDLE: u32 = 0;
/// Set, not yet seen.
const SET: u32 = 1;
/// The owner sleeps, or is about to.
const WAITING: u32 = 2;

/// A flag with a sleeper. Setting it is cheap when nobody sleeps. One thread waits at a time; any may set.
///
/// ```text
/// IDLE --set--> SET --wait/clear--> IDLE --wait--> WAITING --set--> SET (and wake)
///                                          WAITING --time-out--> IDLE
/// ```
#[derive(Debug, Default)]
pub struct Latch {
    state: AtomicU32,
    mutex: raw::Mutex<()>,
    condvar: raw::Condvar,
}

impl Latch {
    /// A latch that is not set.
    pub fn new() -> Latch {
        Latch { state: AtomicU32::new(IDLE), mutex: raw::Mutex::new(()), condvar: raw::Condvar::new() }
    }

    /// Sets it and wakes its sleeper. What the caller wrote before is seen by the thread that wakes.
    pub fn set(&self) {
        if self.state.swap(SET, Ordering::AcqRel) == WAITING {
            // The sleeper changes the state to WAITING under the mutex and sleeps in the same breath, so it is asleep by now.
            drop(self.mutex.lock());
            self.condvar.notify_all();
        }
    }

    /// True if it is set; it stays set.
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Acquire) == SET
    }

    /// Unsets it.
    pub fn clear(&self) {
        let _ = self.state.compare_exchange(SET, IDLE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Sleeps until it is set, at most for `timeout`; unsets it. False if the time ran out.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        if self.take() {
            return true;
        }
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.sleep_until(deadline)
    }

    fn take(&self) -> bool {
        self.state.compare_exchange(SET, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn sleep_until(&self, deadline: Option<Instant>) -> bool {
        let mut guard = self.mutex.lock();
        loop {
            if self.take() {
                return true;
            }
            // Fails if it was set this moment, or if another waiter said so already; both are settled by the next round.
            let _ = self.state.compare_exchange(IDLE, WAITING, Ordering::AcqRel, Ordering::Acquire);
            if self.state.load(Ordering::Acquire) == SET {
                continue;
            }
            let timed_out = match deadline {
                Some(deadline) => self.condvar.wait_until(&mut guard, deadline).timed_out(),
                None => {
                    self.condvar.wait(&mut guard);
                    false
                }
            };
            if timed_out {
                return self.state.swap(IDLE, Ordering::AcqRel) == SET;
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn set_before_wait_is_not_lost() {
        let latch = Latch::new();
        latch.set();
        assert!(latch.is_set() && latch.wait(None));
        assert!(!latch.wait(Some(Duration::ZERO)));
    }

    #[test]
    fn wakes_a_sleeper() {
        let (ping, pong) = (Arc::new(Latch::new()), Arc::new(Latch::new()));
        let other = {
            let (ping, pong) = (Arc::clone(&ping), Arc::clone(&pong));
            std::thread::spawn(move || {
                (0..1000).all(|_| {
                    ping.wait(None) && {
                        pong.set();
                        true
                    }
                })
            })
        };
        for _ in 0..1000 {
            ping.set();
            assert!(pong.wait(None));
        }
        assert!(other.join().expect("the other thread ends"));
    }
}
