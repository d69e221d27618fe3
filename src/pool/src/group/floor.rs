//! What a group's workers share under one lock: the queue, and the books of who is at work.

use crate::Client;
use crate::queue::Queue;
use crate::seat::Seat;
use crate::worker::{Bed, Finished};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a group's workers share.
pub(super) struct Floor<C: Client> {
    pub(super) queue: Queue<C>,
    pub(super) desks: Vec<Desk<C>>,
    /// Workers that are there.
    pub(super) workers: usize,
    /// Of them: those that have a turn's work in hand, or wait for sockets.
    pub(super) active: usize,
    /// Of the active ones: those that wait for sockets.
    pub(super) polling: usize,
    /// Workers that sleep within a turn.
    pub(super) waiting: usize,
    /// Of the active ones: those whose turn has lasted so long that it does not count.
    pub(super) long: usize,
    /// Workers that stand back; the last one is the first to be woken.
    pub(super) asleep: Vec<Arc<Bed>>,
    /// Workers that were called and have not come yet.
    pub(super) called: usize,
    /// Workers that serve logins.
    pub(super) logins: usize,
    /// When somebody last looked at the sockets.
    pub(super) looked_us: u64,
    /// How often all were told to look at their orders.
    pub(super) calls_to_order: u64,
    /// Workers that waited for sockets then, and have not come back yet.
    pub(super) unheard: usize,
    /// When somebody was last put into the queue.
    pub(super) enqueued_us: u64,
    pub(super) next_key: u64,
    /// Whose turn was last, and how many it has had in a row.
    pub(super) last_key: u64,
    pub(super) last_turns: u32,
}

/// A worker as its group sees it.
pub(super) struct Desk<C: Client> {
    pub(super) is_taken: bool,
    pub(super) seat: Option<Arc<Seat<C>>>,
    pub(super) begun_us: u64,
    pub(super) is_waiting: bool,
    pub(super) is_long: bool,
}

impl<C: Client> Floor<C> {
    pub(super) fn new() -> Floor<C> {
        Floor {
            queue: Queue::new(),
            desks: Vec::new(),
            workers: 0,
            active: 0,
            polling: 0,
            waiting: 0,
            long: 0,
            asleep: Vec::new(),
            called: 0,
            logins: 0,
            looked_us: 0,
            calls_to_order: 1,
            unheard: 0,
            enqueued_us: 0,
            next_key: 0,
            last_key: 0,
            last_turns: 0,
        }
    }

    pub(super) fn enqueue(&mut self, seat: Arc<Seat<C>>, now_us: u64) {
        self.enqueued_us = self.enqueued_us.max(now_us);
        seat.queued_us.store(now_us, Ordering::Relaxed);
        seat.was_told.store(false, Ordering::Relaxed);
        self.queue.push(seat);
    }

    /// A worker's turn is over.
    pub(super) fn finish(&mut self, number: u32, finished: &Finished, now_us: u64) {
        let desk = &mut self.desks[number as usize];
        let was_long = std::mem::take(&mut desk.is_long);
        let spent_us = now_us.saturating_sub(desk.begun_us);
        desk.seat = None;
        self.long -= usize::from(was_long);
        self.settle(finished.lane, spent_us);
    }

    pub(super) fn settle(&mut self, lane: Option<u32>, spent_us: u64) {
        match lane {
            Some(lane) => self.queue.end(lane, spent_us),
            None => self.logins -= 1,
        }
    }
}
