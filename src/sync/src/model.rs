//! Latch and interrupts under every order of events: `cargo models sync`.
//!
//! Each model runs the real types, in both arms: loom goes through every order, memory orders included; shuttle through many, and is where the
//! canaries that end in a deadlock run (loom cannot unwind from one). A canary changes one step of the protocol and must be found out. The
//! same by hand: leave out the lock in `Latch::set`, or let `Interrupts::raise` set the latch before the bit.

use crate::atomic::{AtomicBool, Ordering};
use crate::check::check;
use crate::{Interrupt, Interrupts, Latch, thread};
use std::sync::Arc;

const SCHEDULES: usize = 4000;

/// A wait with no time limit ends, and what was written before `set` is seen after it, whoever comes first.
#[test]
fn a_set_is_not_lost() {
    check("sync a set is not lost", SCHEDULES, || {
        let shared = Arc::new((Latch::new(), AtomicBool::new(false)));
        let setter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.set();
            })
        };
        assert!(shared.0.wait(None));
        assert!(shared.1.load(Ordering::Relaxed));
        setter.join().expect("it ends");
        assert!(!shared.0.is_set());
    });
}

/// Two who set, one who waits until it has the news of both.
#[test]
fn two_setters_are_both_heard() {
    check("sync two setters are both heard", SCHEDULES, || {
        let shared = Arc::new((Latch::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
        let setters = [0, 1].map(|at| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1[at].store(true, Ordering::Relaxed);
                shared.0.set();
            })
        });
        while !shared.1.iter().all(|news| news.load(Ordering::Relaxed)) {
            shared.0.wait(None);
        }
        setters.into_iter().for_each(|setter| setter.join().expect("it ends"));
    });
}

/// A waiter that gives up in time leaves a latch that works: the next wait hears of a set that came at any moment.
#[test]
fn a_time_out_loses_nothing() {
    check("sync a time out loses nothing", SCHEDULES, || {
        let latch = Arc::new(Latch::new());
        let setter = {
            let latch = Arc::clone(&latch);
            thread::spawn(move || latch.set())
        };
        if !latch.wait(Some(std::time::Duration::ZERO)) {
            assert!(latch.wait(None));
        }
        setter.join().expect("it ends");
    });
}

/// The owner's loop (look, then sleep) ends with the interrupt in hand; `clear` before the loop takes nothing that comes after it.
#[test]
fn an_interrupt_ends_the_sleep() {
    check("sync an interrupt ends the sleep", SCHEDULES, || {
        let interrupts = Arc::new(Interrupts::new());
        let raiser = {
            let interrupts = Arc::clone(&interrupts);
            thread::spawn(move || interrupts.raise(Interrupt::Work))
        };
        while !interrupts.take(Interrupt::Work) {
            interrupts.latch().wait(None);
        }
        raiser.join().expect("it ends");
        assert!(!interrupts.pending());
    });
}

/// Two kinds of news are two: taking one does not take the other.
#[test]
fn interrupts_do_not_swallow_each_other() {
    check("sync interrupts do not swallow each other", SCHEDULES, || {
        let interrupts = Arc::new(Interrupts::new());
        let raisers = [Interrupt::Work, Interrupt::ConfigReload].map(|kind| {
            let interrupts = Arc::clone(&interrupts);
            thread::spawn(move || interrupts.raise(kind))
        });
        let mut heard = 0;
        while heard < 2 {
            for kind in [Interrupt::Work, Interrupt::ConfigReload] {
                heard += u32::from(interrupts.take(kind));
            }
            if heard < 2 {
                interrupts.latch().wait(None);
            }
        }
        raisers.into_iter().for_each(|raiser| raiser.join().expect("it ends"));
    });
}

#[cfg(shuttle)]
mod broken {
    use crate::atomic::{AtomicU32, Ordering};
    use crate::raw;

    /// A latch whose `set` notifies without the mutex, or whose waiter says that it sleeps before it has the mutex.
    #[derive(Default)]
    pub(super) struct BrokenLatch {
        state: AtomicU32,
        mutex: raw::Mutex<()>,
        condvar: raw::Condvar,
    }

    impl BrokenLatch {
        pub(super) fn set_without_the_mutex(&self) {
            if self.state.swap(1, Ordering::AcqRel) == 2 {
                self.condvar.notify_all();
            }
        }

        pub(super) fn wait(&self) {
            let mut guard = self.mutex.lock();
            while self.state.load(Ordering::Acquire) != 1 {
                let _ = self.state.compare_exchange(0, 2, Ordering::AcqRel, Ordering::Acquire);
                if self.state.load(Ordering::Acquire) == 1 {
                    break;
                }
                self.condvar.wait(&mut guard);
            }
        }
    }
}

/// Canary: who sleeps between the look and the wait is not woken; the checker calls that a deadlock.
#[cfg(shuttle)]
#[test]
#[should_panic(expected = "deadlock")]
fn canary_a_wake_up_without_the_mutex_is_lost() {
    check("sync canary a wake up without the mutex is lost", SCHEDULES, || {
        let latch = Arc::new(broken::BrokenLatch::default());
        let setter = {
            let latch = Arc::clone(&latch);
            thread::spawn(move || latch.set_without_the_mutex())
        };
        latch.wait();
        setter.join().expect("it ends");
    });
}

/// Canary: news that is written after the latch was set is missed.
#[cfg(shuttle)]
#[test]
#[should_panic(expected = "deadlock")]
fn canary_waking_before_publishing() {
    check("sync canary waking before publishing", SCHEDULES, || {
        let shared = Arc::new((Latch::new(), AtomicBool::new(false)));
        let setter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.set();
                shared.1.store(true, Ordering::Release);
            })
        };
        while !shared.1.load(Ordering::Acquire) {
            shared.0.wait(None);
        }
        setter.join().expect("it ends");
    });
}

/// Canary: a flag raised with too weak an order is not seen by who was woken.
#[cfg(loom)]
#[test]
#[should_panic(expected = "seen")]
fn canary_a_relaxed_set() {
    check("sync canary a relaxed set", SCHEDULES, || {
        let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let setter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.swap(true, Ordering::Relaxed);
            })
        };
        if shared.0.load(Ordering::Acquire) {
            assert!(shared.1.load(Ordering::Relaxed), "what was written before is seen");
        }
        setter.join().expect("it ends");
    });
}
