//! The time between a transaction's last record and the moment that memory knows what it says.
//!
//! A checkpoint that has chosen its redo point waits until everybody who was within that time has left it: recovery will not read their records, so
//! the commit log that the checkpoint writes must know them. Who comes later is not waited for: his record lies behind the redo point.
//!
//! Two counters take turns. A checkpoint has the next ones counted by the other, and waits for the one of before to come to nothing. Somebody may
//! stay within for as long as a flush takes, and be moved from thread to thread meanwhile, so this is no lock.

use host::Clock;
use std::sync::Arc;
use std::time::Duration;
use sync::atomic::{AtomicU64, Ordering};
use sync::{Mutex, Rank};

/// How long a checkpoint sleeps between two looks.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) struct CommitWindow {
    /// How often the counters have changed places.
    turn: AtomicU64,
    within: Arc<Counters>,
    /// One checkpoint waits at a time.
    waiting: Mutex<()>,
}

type Counters = [AtomicU64; 2];

/// Somebody is within, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Within {
    within: Arc<Counters>,
    counter: usize,
}

impl Drop for Within {
    fn drop(&mut self) {
        self.within[self.counter].fetch_sub(1, Ordering::SeqCst);
    }
}

impl CommitWindow {
    pub(crate) fn new(rank: Rank) -> CommitWindow {
        let none = || AtomicU64::new(0);
        CommitWindow { turn: none(), within: Arc::new([none(), none()]), waiting: Mutex::new(rank, ()) }
    }

    /// From now on a checkpoint that begins waits. Called before the record is inserted.
    pub(crate) fn enter(&self) -> Within {
        loop {
            let turn = self.turn.load(Ordering::SeqCst);
            let counter = (turn % 2) as usize;
            self.within[counter].fetch_add(1, Ordering::SeqCst);
            // A checkpoint that came between has not waited for this, or is not to.
            if self.turn.load(Ordering::SeqCst) == turn {
                return Within { within: Arc::clone(&self.within), counter };
            }
            self.within[counter].fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Returns when all have left who were within when this was called.
    pub(crate) fn wait_out(&self, clock: &dyn Clock) {
        let _waiting = self.waiting.lock();
        let before = (self.turn.fetch_add(1, Ordering::SeqCst) % 2) as usize;
        while self.within[before].load(Ordering::SeqCst) > 0 {
            clock.sleep(LOOK);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::ranks;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_checkpoint_waits_for_those_before_it_and_for_nobody_else() {
        let window = Arc::new(CommitWindow::new(ranks::COMMIT_WINDOW));
        let before = window.enter();
        let is_over = Arc::new(AtomicBool::new(false));
        let (other, flag) = (Arc::clone(&window), Arc::clone(&is_over));
        let checkpoint = std::thread::spawn(move || {
            other.wait_out(&host::RealClock::new());
            flag.store(true, Ordering::SeqCst);
        });
        while window.turn.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let after = window.enter();
        assert!(!is_over.load(Ordering::SeqCst), "somebody of before is within");
        drop(before);
        checkpoint.join().expect("it does not wait for the one that came later");
        drop(after);
        window.wait_out(&host::RealClock::new());
    }
}
