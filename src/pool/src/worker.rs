//! A worker: takes turns from its group's queue, and sleeps when too many are at work.

use crate::limits::REPORTS_MAX;
use crate::seat::Seat;
use crate::{Client, Group, Turn};
use host::Events;
use report::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sync::{Interrupts, Latch};

/// What a worker, or the scheduler, is told from outside the pool.
pub trait Orders {
    /// Where it is told.
    fn interrupts(&self) -> &Arc<Interrupts>;

    /// Looks at what it was told. True if it is to end; a worker ends when no client is left. Errors: it ends at once.
    fn obey(&self) -> Result<bool>;
}

/// Where a worker sleeps.
#[derive(Debug, Default)]
pub(crate) struct Bed {
    latch: Latch,
    since_us: AtomicU64,
    is_retired: AtomicBool,
}

impl Bed {
    /// It goes to sleep now.
    pub(crate) fn make(&self, now_us: u64) {
        self.since_us.store(now_us, Ordering::Relaxed);
    }

    pub(crate) fn sleep(&self) {
        self.latch.wait(None);
    }

    pub(crate) fn wake(&self) {
        self.latch.set();
    }

    /// Wakes it for the last time.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
        self.latch.set();
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    pub(crate) fn since_us(&self) -> u64 {
        self.since_us.load(Ordering::Relaxed)
    }
}

/// A turn that is over, for the books.
pub(crate) struct Finished {
    /// Its lane; none for a login.
    pub(crate) lane: Option<u32>,
}

/// A worker at work. Dropped, it has left its group.
pub(crate) struct Worker<'a, C: Client> {
    pub(crate) number: u32,
    pub(crate) orders: &'a dyn Orders,
    pub(crate) bed: Arc<Bed>,
    pub(crate) events: Events,
    /// Clients that it found at the sockets.
    pub(crate) found: Vec<Arc<Seat<C>>>,
    pub(crate) finished: Option<Finished>,
    /// The last call to look at its orders that it has heard.
    pub(crate) heard: u64,
    desk: C::Desk,
    group: &'a Group<C>,
}

impl<'a, C: Client> Worker<'a, C> {
    pub(crate) fn new(group: &'a Group<C>, orders: &'a dyn Orders) -> Worker<'a, C> {
        Worker {
            number: group.enter(),
            orders,
            bed: Arc::default(),
            events: Events::with_capacity(REPORTS_MAX),
            found: Vec::with_capacity(REPORTS_MAX),
            finished: None,
            heard: 0,
            desk: C::Desk::default(),
            group,
        }
    }

    /// Serves clients until it is to end. Errors: its orders; a client that shows that the instance cannot go on.
    pub(crate) fn run(&mut self) -> Result<()> {
        while let Some(seat) = self.group.next(self)? {
            self.serve(&seat)?;
        }
        Ok(())
    }

    fn serve(&mut self, seat: &Arc<Seat<C>>) -> Result<()> {
        let has_ended = seat.has_ended.load(Ordering::Relaxed);
        let turn = seat.client.lock().serve(&mut self.desk, has_ended);
        let mut outcome = Ok(());
        match turn {
            Turn::Over(last) => {
                self.group.client_gone(seat);
                outcome = last;
            }
            turn => self.group.turn_over(seat, &turn),
        }
        self.finished = Some(Finished { lane: seat.lane.get().copied() });
        outcome
    }
}

impl<C: Client> Drop for Worker<'_, C> {
    fn drop(&mut self) {
        self.group.leave(self.number, self.finished.take());
    }
}
