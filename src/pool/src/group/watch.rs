//! What is seen from outside: the scheduler's watch over turns, queue and workers, and what the views show.

use super::Group;
use super::floor::Desk;
use crate::Client;
use crate::limits::LONG_TURN_US;
use crate::seat::{Seat, SeatStatus};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use sync::Interrupt;
use threads::GroupStatus;

impl<C: Client> Group<C> {
    /// Looks for turns that last long. True if there is anything to see to.
    pub(crate) fn tick(&self) -> bool {
        let now_us = self.shared.now_us();
        let mut floor = self.floor.lock();
        let mut found = 0;
        for desk in floor.desks.iter_mut().filter(|desk| desk.is_taken && desk.seat.is_some()) {
            if !desk.is_waiting && !desk.is_long && now_us.saturating_sub(desk.begun_us) >= LONG_TURN_US {
                desk.is_long = true;
                found += 1;
            }
        }
        floor.long += found;
        let may_be_long = |desk: &Desk<C>| desk.seat.is_some() && !desk.is_waiting && !desk.is_long;
        let is_busy = floor.queue.len() > 0 || floor.desks.iter().any(may_be_long);
        let help = self.call_for_help(&mut floor);
        drop(floor);
        self.give(help);
        is_busy
    }

    /// Tells those who have waited for long, and ends what has waited for too long.
    pub(crate) fn see_to_queue(&self) {
        let now_us = self.shared.now_us();
        let mut late = Vec::new();
        {
            let floor = self.floor.lock();
            // One that was cancelled may have had its turn already, in front of the others, and may be in front again: a commit is not ended.
            let waits = |seat: &Seat<C>| seat.phase.is_queued() && !seat.standing().is_committing;
            for (before, seat) in floor.queue.waiting().filter(|(_, seat)| waits(seat)) {
                let waited_ms = now_us.saturating_sub(seat.queued_us.load(Ordering::Relaxed)) / 1000;
                let terms = seat.standing().terms;
                let is_over = terms.queue_timeout_ms > 0 && waited_ms >= u64::from(terms.queue_timeout_ms);
                let is_told = terms.queue_notice_ms > 0 && waited_ms >= u64::from(terms.queue_notice_ms);
                if is_over || is_told && !seat.was_told.load(Ordering::Relaxed) {
                    late.push((Arc::clone(seat), before, waited_ms, is_over));
                }
            }
        }
        for (seat, before, waited_ms, is_over) in late {
            if is_over {
                seat.interrupts.raise(Interrupt::QueueTimeout);
            } else if let Some(mut client) = seat.client.try_lock()
                && seat.phase.is_queued()
            {
                seat.was_told.store(true, Ordering::Relaxed);
                client.tell_queued(Duration::from_millis(waited_ms), before);
            }
        }
    }

    /// Lets workers go that there has been no use for. True if there are more than the first ones.
    pub(crate) fn shrink(&self, idle: Duration) -> bool {
        let before_us = self.shared.now_us().saturating_sub(u64::try_from(idle.as_micros()).unwrap_or(u64::MAX));
        let mut retired = Vec::new();
        let mut floor = self.floor.lock();
        while floor.workers - retired.len() > self.size + 1
            && floor.asleep.first().is_some_and(|bed| bed.since_us() <= before_us)
        {
            retired.push(floor.asleep.remove(0));
            floor.active += 1;
        }
        let has_more = floor.workers - retired.len() > self.size + 1;
        drop(floor);
        retired.iter().for_each(|bed| bed.retire());
        has_more
    }

    /// New transactions in a database wait, or wait no more.
    pub(crate) fn pause(&self, database: u32, on: bool) {
        let mut floor = self.floor.lock();
        floor.queue.pause(database, on);
        let help = self.call_for_help(&mut floor);
        drop(floor);
        self.give(help);
    }

    /// Databases in which new transactions wait.
    pub(crate) fn paused(&self) -> Vec<u32> {
        self.floor.lock().queue.paused().to_vec()
    }

    /// What it does.
    pub(crate) fn status(&self) -> GroupStatus {
        let sessions = self.clients();
        let floor = self.floor.lock();
        GroupStatus {
            group: self.number,
            size: self.size,
            workers: floor.workers,
            serving: floor.active.saturating_sub(floor.polling),
            listening: floor.polling,
            waiting: floor.waiting,
            idle: floor.asleep.len(),
            long: floor.long,
            sessions,
            queued: floor.queue.len(),
        }
    }

    /// What its clients do.
    pub(crate) fn seats(&self) -> Vec<SeatStatus> {
        let now_us = self.shared.now_us();
        let positions: HashMap<u64, usize> =
            self.floor.lock().queue.waiting().map(|(before, seat)| (seat.key, before)).collect();
        let seats: Vec<_> = self.seats.lock().values().cloned().collect();
        let status = |seat: &Arc<Seat<C>>| SeatStatus {
            position: positions.get(&seat.key).copied(),
            ..seat.status(self.number, now_us)
        };
        seats.iter().map(status).collect()
    }
}
