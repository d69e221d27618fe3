//! A client's place in its group, and the protocol by which it is given turns.
//!
//! ```text
//!            news: to be put into the queue          begin, by who takes it out
//!   Idle ------------------------------> Queued ------------------------------> Serving
//!    ^                                     ^  ^                                  |    |
//!    |  rest                               |  +------ yield: put it back --------+    | news
//!    +------------------------------------ | ---------- rest ------------------- +    v
//!                                          +---- rest: put it back ------------- ServingWithNews
//! ```
//! News is input at the socket, or an interrupt. Who brings it makes one step and goes on; if the step was `Idle -> Queued` it puts the seat into the
//! queue. A worker that is about to leave a client idle fails if there was news meanwhile. So none is lost, and none is served twice at a time.

use crate::{Client, Group, Standing};
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock, Weak};
use sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use sync::{Interrupt, Interrupts, WaitHooks, WaitKind};

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const SERVING: u8 = 2;
const SERVING_WITH_NEWS: u8 = 3;

/// The phase of a seat.
#[derive(Debug)]
pub(crate) struct Phase(AtomicU8);

impl Phase {
    pub(crate) fn idle() -> Phase {
        Phase(AtomicU8::new(IDLE))
    }

    /// There is news. True if the caller is to put the seat into the queue.
    pub(crate) fn news(&self) -> bool {
        // It is written in every case: whoever begins the turn later sees what was done before.
        let next = |phase| match phase {
            IDLE | QUEUED => Some(QUEUED),
            _ => Some(SERVING_WITH_NEWS),
        };
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) == Ok(IDLE)
    }

    /// Whoever took the seat out of the queue begins its turn; false if another one has, and this was a second entry.
    pub(crate) fn begin(&self) -> bool {
        self.0.compare_exchange(QUEUED, SERVING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The turn is over. False if there was news: the caller is to put the seat into the queue.
    pub(crate) fn rest(&self) -> bool {
        if self.0.compare_exchange(SERVING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return true;
        }
        self.requeue();
        false
    }

    /// The turn is over, and there is more to do: the caller is to put the seat into the queue.
    pub(crate) fn requeue(&self) {
        // A swap, not a store: it takes over what the news came with.
        self.0.swap(QUEUED, Ordering::AcqRel);
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.0.load(Ordering::Acquire) == QUEUED
    }

    fn name(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            IDLE => "idle",
            QUEUED => "queued",
            _ => "serving",
        }
    }
}

/// What a client knows of its seat: how to be given a turn, and whom to tell while whoever serves it sleeps.
pub trait Place: WaitHooks {
    /// There is news for the client. Called on any thread; never waits.
    fn ring(&self);
}

/// No worker.
const NO_WORKER: u32 = u32::MAX;

/// A client's place.
pub(crate) struct Seat<C: Client> {
    pub(crate) key: u64,
    pub(crate) group: Weak<Group<C>>,
    pub(crate) phase: Phase,
    pub(crate) interrupts: Arc<Interrupts>,
    /// Never waited for: who has the right phase finds it free.
    pub(crate) client: Mutex<C>,
    /// The other end sends nothing more.
    pub(crate) has_ended: AtomicBool,
    /// The socket reports room to write.
    pub(crate) watches_room: AtomicBool,
    /// The number of the worker that serves it now.
    worker: AtomicU32,
    /// When it was put into the queue: microseconds of the pool's clock.
    pub(crate) queued_us: AtomicU64,
    /// It was told that it waits, this time.
    pub(crate) was_told: AtomicBool,
    /// What it is; changed by its worker only, at the end of a turn.
    standing: Mutex<Standing>,
    /// Its lane's number in the group's queue, once it has one.
    pub(crate) lane: OnceLock<u32>,
}

/// What a view shows of a client.
#[derive(Clone, Debug)]
pub struct SeatStatus {
    /// The group's number.
    pub group: usize,
    /// What it is.
    pub standing: Standing,
    /// `idle`, `queued`, `serving` or `logging in`.
    pub state: &'static str,
    /// How long it has been in the queue, in microseconds.
    pub queued_us: Option<u64>,
    /// How many of its lane are before it.
    pub position: Option<usize>,
}

impl<C: Client> Seat<C> {
    pub(crate) fn new(key: u64, group: &Arc<Group<C>>, client: C) -> Arc<Seat<C>> {
        Arc::new(Seat {
            key,
            group: Arc::downgrade(group),
            phase: Phase::idle(),
            interrupts: client.interrupts(),
            client: Mutex::new(client),
            has_ended: AtomicBool::new(false),
            watches_room: AtomicBool::new(false),
            worker: AtomicU32::new(NO_WORKER),
            queued_us: AtomicU64::new(0),
            was_told: AtomicBool::new(false),
            standing: Mutex::default(),
            lane: OnceLock::new(),
        })
    }

    /// What it was at the end of its last turn.
    pub(crate) fn standing(&self) -> Standing {
        *self.standing.lock()
    }

    pub(crate) fn set_standing(&self, standing: Standing) {
        *self.standing.lock() = standing;
    }

    pub(crate) fn set_worker(&self, worker: Option<u32>) {
        self.worker.store(worker.unwrap_or(NO_WORKER), Ordering::Relaxed);
    }

    /// The worker that serves it.
    fn worker(&self) -> Option<u32> {
        Some(self.worker.load(Ordering::Relaxed)).filter(|&worker| worker != NO_WORKER)
    }

    /// It is to end, or its statement is, or its client has gone, or its commit is to be finished: no reason to let it wait, and others may wait for its
    /// place or its locks.
    pub(crate) fn is_urgent(&self, standing: &Standing) -> bool {
        if self.has_ended.load(Ordering::Relaxed) || standing.is_committing {
            return true;
        }
        let told = |interrupt| self.interrupts.is_pending(interrupt);
        self.interrupts.pending()
            && [Interrupt::Terminate, Interrupt::Quit, Interrupt::CancelQuery, Interrupt::QueueTimeout]
                .into_iter()
                .any(told)
    }

    pub(crate) fn status(&self, group: usize, now_us: u64) -> SeatStatus {
        let (standing, state) = (self.standing(), self.phase.name());
        let state = if standing.lane.is_none() { "logging in" } else { state };
        let queued_us = self.phase.is_queued().then(|| now_us.saturating_sub(self.queued_us.load(Ordering::Relaxed)));
        SeatStatus { group, standing, state, queued_us, position: None }
    }
}

/// A seat as its client knows it. The seat owns the client, so this does not own the seat.
pub(crate) struct Stub<C: Client>(pub(crate) Weak<Seat<C>>);

impl<C: Client> Stub<C> {
    fn at_work(&self, tell: impl FnOnce(&Group<C>, u32)) {
        if let Some(seat) = self.0.upgrade()
            && let (Some(group), Some(worker)) = (seat.group.upgrade(), seat.worker())
        {
            tell(&group, worker);
        }
    }
}

impl<C: Client> Place for Stub<C> {
    fn ring(&self) {
        if let Some(seat) = self.0.upgrade()
            && let Some(group) = seat.group.upgrade()
        {
            group.news(&seat);
        }
    }
}

impl<C: Client> WaitHooks for Stub<C> {
    fn begin_wait(&self, _: WaitKind) {
        self.at_work(|group, worker| group.begin_wait(worker));
    }

    fn end_wait(&self) {
        self.at_work(|group, worker| group.end_wait(worker));
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn news_within_a_turn_makes_another_one() {
        let phase = Phase::idle();
        assert!(phase.news() && !phase.news(), "it is put into the queue once");
        assert!(phase.begin() && !phase.begin(), "it is taken out once");
        assert!(!phase.news() && !phase.rest(), "it goes back into the queue");
        assert!(phase.begin() && phase.rest());
        assert!(phase.news());
    }
}

/// Every order of events of a socket's reports, an interrupt and two workers: whoever brings news, a turn follows it.
#[cfg(all(test, any(loom, shuttle)))]
mod model {
    use super::*;
    use sync::atomic::AtomicUsize;
    use sync::thread;

    struct Place {
        phase: Phase,
        queue: AtomicUsize,
        news: AtomicUsize,
        seen: AtomicUsize,
        serving: AtomicUsize,
    }

    impl Place {
        fn bring(&self) {
            self.news.fetch_add(1, Ordering::SeqCst);
            if self.phase.news() {
                self.queue.fetch_add(1, Ordering::SeqCst);
            }
        }

        fn work(&self) {
            let taken = self.queue.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |length| length.checked_sub(1));
            if taken.is_err() || !self.phase.begin() {
                return;
            }
            assert_eq!(self.serving.fetch_add(1, Ordering::SeqCst), 0, "one worker at a time");
            self.seen.store(self.news.load(Ordering::SeqCst), Ordering::SeqCst);
            self.serving.fetch_sub(1, Ordering::SeqCst);
            if !self.phase.rest() {
                self.queue.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    #[test]
    fn model_no_news_is_lost() {
        sync::check::check("pool no news is lost", 10_000, || {
            let new = || AtomicUsize::new(0);
            let place = Place { phase: Phase::idle(), queue: new(), news: new(), seen: new(), serving: new() };
            let place = Arc::new(place);
            let spawn = |work: fn(&Place)| {
                let place = Arc::clone(&place);
                thread::spawn(move || work(&place))
            };
            let threads = [spawn(Place::bring), spawn(Place::work)];
            place.bring();
            place.work();
            threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
            while place.queue.load(Ordering::SeqCst) > 0 {
                place.work();
            }
            assert_eq!(place.seen.load(Ordering::SeqCst), 2, "both were seen in a turn");
        });
    }
}
