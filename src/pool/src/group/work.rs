//! A worker at work: finds the client that is next, and puts it back when its turn is over.

use super::Group;
use super::floor::Floor;
use crate::limits::{ALONE_TURNS, LOOK_AMONG_LANES_US, LOOK_EVERY_US, REPORTS_MAX, SHORT_SPIN_US};
use crate::queue::Choice;
use crate::seat::Seat;
use crate::worker::{Bed, Worker};
use crate::{Client, Turn};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use sync::MutexGuard;

impl<C: Client> Group<C> {
    /// The client that this worker serves next; none if the worker is to end. Waits as long as there is none. Errors: a worker's orders.
    pub(crate) fn next(&self, worker: &mut Worker<'_, C>) -> report::Result<Option<Arc<Seat<C>>>> {
        let mut now_us = self.shared.now_us();
        let mut floor = self.floor.lock();
        if let Some(finished) = worker.finished.take() {
            floor.finish(worker.number, &finished, now_us);
        }
        // Somebody waits, and is not for this worker.
        let mut has_none = false;
        loop {
            if worker.heard != floor.calls_to_order {
                // First this: what is told from here on is another call.
                worker.heard = floor.calls_to_order;
                drop(floor);
                let is_told = worker.orders.obey()?;
                if self.shared.is_over() || is_told && self.shared.clients() == 0 {
                    return Ok(None);
                }
                floor = self.floor.lock();
                continue;
            }
            if floor.active > self.size + floor.long {
                floor = self.stand_back(floor, &worker.bed);
                if worker.bed.is_retired() {
                    return Ok(None);
                }
                now_us = self.shared.now_us();
                continue;
            }
            let is_idle = std::mem::take(&mut has_none) || !floor.queue.has_somebody();
            let look_every_us = if floor.queue.has_lanes() { LOOK_AMONG_LANES_US } else { LOOK_EVERY_US };
            if is_idle || now_us.saturating_sub(floor.looked_us) >= look_every_us {
                floor = self.look(floor, worker, is_idle, now_us);
                now_us = now_us.max(floor.enqueued_us);
            }
            if let Some(seat) = self.take(&mut floor, worker.number, now_us) {
                let help = self.call_for_help(&mut floor);
                drop(floor);
                self.give(help);
                self.shared.doze.end();
                return Ok(Some(seat));
            }
            has_none = true;
        }
    }

    fn take(&self, floor: &mut Floor<C>, number: u32, now_us: u64) -> Option<Arc<Seat<C>>> {
        let is_last = floor.asleep.is_empty() && floor.polling == 0 && floor.workers >= self.workers_max;
        loop {
            let choice = match floor.logins {
                _ if is_last => Choice::Reserved,
                logins if logins >= (self.size / 2).max(1) => Choice::NoLogins,
                _ => Choice::All,
            };
            let seat = floor.queue.pop(choice)?;
            if !seat.phase.begin() {
                continue;
            }
            seat.set_worker(Some(number));
            match seat.lane.get() {
                Some(&lane) => floor.queue.begin(lane),
                None => floor.logins += 1,
            }
            floor.last_turns = if seat.key == floor.last_key { floor.last_turns.saturating_add(1) } else { 0 };
            floor.last_key = seat.key;
            let desk = &mut floor.desks[number as usize];
            desk.seat = Some(Arc::clone(&seat));
            desk.begun_us = now_us;
            return Some(seat);
        }
    }

    /// Too many are at work: sleeps until woken.
    fn stand_back<'a>(&'a self, mut floor: MutexGuard<'a, Floor<C>>, bed: &Arc<Bed>) -> MutexGuard<'a, Floor<C>> {
        floor.active -= 1;
        bed.make(self.shared.now_us());
        floor.asleep.push(Arc::clone(bed));
        drop(floor);
        // Whoever wakes it counts it as active.
        bed.sleep();
        self.floor.lock()
    }

    /// Looks at the sockets, and waits for them if there is nothing else to do.
    fn look<'a>(
        &'a self,
        mut floor: MutexGuard<'a, Floor<C>>,
        worker: &mut Worker<'_, C>,
        is_idle: bool,
        now_us: u64,
    ) -> MutexGuard<'a, Floor<C>> {
        floor.looked_us = now_us;
        // Where others wait too each takes one report, and the system wakes another for the next.
        let most = if is_idle && floor.polling > 0 { 1 } else { REPORTS_MAX };
        floor.polling += usize::from(is_idle);
        let spin = self.shared.spin();
        let is_alone = floor.last_turns >= ALONE_TURNS;
        let spin = if is_alone { spin } else { spin.min(Duration::from_micros(SHORT_SPIN_US)) };
        drop(floor);
        if is_idle {
            self.wait_for_sockets(worker, most, spin);
        } else {
            self.look_at_sockets(worker, most, Some(Duration::ZERO));
        }
        self.collect(worker, is_idle);
        // It may have waited for long.
        let now_us = if is_idle { self.shared.now_us() } else { now_us };
        let mut floor = self.floor.lock();
        floor.polling -= usize::from(is_idle);
        for seat in worker.found.drain(..) {
            floor.enqueue(seat, now_us);
        }
        if is_idle && worker.heard != floor.calls_to_order {
            floor.unheard -= 1;
            if floor.unheard == 0 {
                self.sockets.end_alarm();
            }
        }
        floor
    }

    /// One worker of a group looks for work for a moment before it sleeps: the next request of a client that was just answered comes soon.
    fn wait_for_sockets(&self, worker: &mut Worker<'_, C>, most: usize, spin: Duration) {
        if !spin.is_zero() && !self.has_spinner.swap(true, Ordering::Relaxed) {
            let end = Instant::now() + spin;
            let mut count = self.look_at_sockets(worker, most, Some(Duration::ZERO));
            while count == 0 && Instant::now() < end {
                std::thread::yield_now();
                count = self.look_at_sockets(worker, most, Some(Duration::ZERO));
            }
            self.has_spinner.store(false, Ordering::Relaxed);
            if count > 0 {
                return;
            }
        }
        self.look_at_sockets(worker, most, None);
    }

    fn look_at_sockets(&self, worker: &mut Worker<'_, C>, most: usize, timeout: Option<Duration>) -> usize {
        self.sockets.wait(&mut worker.events, most, timeout).expect("a set of sockets can be waited for")
    }

    /// Turns reports into seats that are to be put into the queue. All but the one that is served at once are told so.
    fn collect(&self, worker: &mut Worker<'_, C>, is_idle: bool) {
        let seats = self.seats.lock();
        for ready in worker.events.sockets() {
            let Some(seat) = seats.get(&ready.key) else { continue };
            if ready.has_ended {
                seat.has_ended.store(true, Ordering::Relaxed);
            }
            if seat.phase.news() {
                worker.found.push(Arc::clone(seat));
            }
        }
        drop(seats);
        worker.found.iter().skip(usize::from(is_idle)).for_each(|seat| seat.client.lock().queued());
    }

    /// A turn is over, and its client stays.
    pub(crate) fn turn_over(&self, seat: &Arc<Seat<C>>, turn: &Turn) {
        let wants_room = matches!(turn, Turn::WaitsForRoom);
        {
            let client = seat.client.lock();
            let standing = client.standing();
            seat.set_standing(standing);
            if let (None, Some(key)) = (seat.lane.get(), standing.lane) {
                self.enter_lane(seat, key);
            }
            if seat.watches_room.swap(wants_room, Ordering::Relaxed) != wants_room {
                // The client has gone if it cannot be watched; then its end is reported.
                let _ = self.sockets.watch_room(seat.key, client.socket(), wants_room);
            }
        }
        seat.set_worker(None);
        if matches!(turn, Turn::Yields) {
            seat.phase.requeue();
        } else if seat.phase.rest() {
            return;
        }
        seat.client.lock().queued();
        let now_us = self.shared.now_us();
        self.floor.lock().enqueue(Arc::clone(seat), now_us);
    }

    /// It has logged in.
    fn enter_lane(&self, seat: &Arc<Seat<C>>, key: crate::LaneKey) {
        let mut floor = self.floor.lock();
        let lane = floor.queue.join(key, &seat.standing());
        floor.logins -= 1;
        floor.queue.begin(lane);
        let _ = seat.lane.set(lane);
    }

    /// A turn is over, and its client is gone.
    pub(crate) fn client_gone(&self, seat: &Arc<Seat<C>>) {
        seat.set_worker(None);
        self.remove(seat);
    }
}
