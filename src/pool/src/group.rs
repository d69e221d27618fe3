//! A group: a set of sockets, a queue, and workers that serve it.

mod floor;
mod watch;
mod work;

use crate::Client;
use crate::pool::Shared;
use crate::seat::{Seat, Stub};
use crate::worker::{Bed, Finished};
use floor::{Desk, Floor};
use host::SocketSet;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sync::{Interrupt, Mutex, rank};

/// A group.
pub struct Group<C: Client> {
    number: usize,
    /// Workers that may be active.
    size: usize,
    /// Most workers, those that sleep within a turn included.
    workers_max: usize,
    sockets: SocketSet,
    seats: Mutex<HashMap<u64, Arc<Seat<C>>>>,
    floor: Mutex<Floor<C>>,
    /// Some worker looks for work without sleeping.
    has_spinner: AtomicBool,
    pub(crate) shared: Arc<Shared>,
}

/// What is to be done once the floor is free again.
pub(crate) enum Help {
    None,
    Wake(Arc<Bed>),
    Ring,
    Call,
}

impl<C: Client> Group<C> {
    pub(crate) fn new(number: usize, size: usize, workers_max: usize, shared: Arc<Shared>) -> io::Result<Group<C>> {
        Ok(Group {
            number,
            size,
            // One is kept for superusers and lock holders.
            workers_max: workers_max.max(size + 1),
            sockets: SocketSet::new()?,
            seats: Mutex::new(rank::LEAF, HashMap::new()),
            floor: Mutex::new(rank::LEAF, Floor::new()),
            has_spinner: AtomicBool::new(false),
            shared,
        })
    }

    // --- Clients.

    /// Gives a client a seat. Errors: its socket cannot be watched.
    pub(crate) fn seat(self: &Arc<Self>, client: C) -> io::Result<Arc<Seat<C>>> {
        let key = {
            let mut floor = self.floor.lock();
            floor.next_key += 1;
            floor.next_key
        };
        let seat = Seat::new(key, self, client);
        {
            let mut client = seat.client.lock();
            client.seated(Arc::new(Stub(Arc::downgrade(&seat))));
            self.seats.lock().insert(key, Arc::clone(&seat));
            if let Err(error) = self.sockets.add(key, client.socket()) {
                self.seats.lock().remove(&key);
                return Err(error);
            }
        }
        self.shared.doze.end();
        Ok(seat)
    }

    /// Somebody who was served elsewhere: it may have news already.
    pub(crate) fn seat_again(self: &Arc<Self>, client: C) -> io::Result<()> {
        let seat = self.seat(client)?;
        self.news(&seat);
        Ok(())
    }

    pub(crate) fn clients(&self) -> usize {
        self.seats.lock().len()
    }

    /// There is news for a client.
    pub(crate) fn news(&self, seat: &Arc<Seat<C>>) {
        let is_new = seat.phase.news();
        // One that waits among others, and should not, is put in front of them too.
        let is_to_overtake = || seat.phase.is_queued() && seat.is_urgent(&seat.standing());
        if !is_new && !is_to_overtake() {
            return;
        }
        let now_us = self.shared.now_us();
        let mut floor = self.floor.lock();
        floor.enqueue(Arc::clone(seat), now_us);
        let help = self.call_for_help(&mut floor);
        drop(floor);
        self.give(help);
        self.shared.doze.end();
    }

    /// Raises an interrupt with every client.
    pub(crate) fn raise(&self, interrupt: Interrupt) {
        let seats: Vec<_> = self.seats.lock().values().cloned().collect();
        seats.iter().for_each(|seat| seat.interrupts.raise(interrupt));
    }

    /// A client is gone.
    fn remove(&self, seat: &Arc<Seat<C>>) {
        self.sockets.remove(seat.client.lock().socket());
        self.seats.lock().remove(&seat.key);
        if let Some(&lane) = seat.lane.get() {
            self.floor.lock().queue.part(lane);
        }
        if self.shared.client_left() {
            // This worker may be the last one that is at work.
            self.rouse();
        }
    }

    // --- Workers.

    /// A worker comes: its number.
    pub(crate) fn enter(&self) -> u32 {
        let mut floor = self.floor.lock();
        floor.called = floor.called.saturating_sub(1);
        floor.workers += 1;
        floor.active += 1;
        let desk = Desk { is_taken: true, seat: None, begun_us: 0, is_waiting: false, is_long: false };
        match floor.desks.iter().position(|desk| !desk.is_taken) {
            Some(number) => {
                floor.desks[number] = desk;
                number as u32
            }
            None => {
                floor.desks.push(desk);
                floor.desks.len() as u32 - 1
            }
        }
    }

    /// A worker goes, however it ends. A client that it was serving goes with it.
    pub(crate) fn leave(&self, number: u32, finished: Option<Finished>) {
        let now_us = self.shared.now_us();
        let mut floor = self.floor.lock();
        if let Some(finished) = finished {
            floor.finish(number, &finished, now_us);
        }
        let desk = &mut floor.desks[number as usize];
        desk.is_taken = false;
        let (seat, is_waiting, is_long) = (desk.seat.take(), desk.is_waiting, std::mem::take(&mut desk.is_long));
        floor.workers -= 1;
        if is_waiting {
            floor.waiting -= 1
        } else {
            floor.active -= 1
        }
        floor.long -= usize::from(is_long);
        if let Some(seat) = &seat {
            floor.settle(seat.lane.get().copied(), 0);
        }
        let help = self.call_for_help(&mut floor);
        drop(floor);
        if let Some(seat) = seat {
            self.remove(&seat);
        }
        self.give(help);
    }

    /// A worker that was called could not be made.
    pub(crate) fn not_coming(&self) {
        let mut floor = self.floor.lock();
        floor.called = floor.called.saturating_sub(1);
    }

    /// Calls the first workers, and one to spare.
    pub(crate) fn call_workers(&self) {
        let missing = {
            let mut floor = self.floor.lock();
            let missing = (self.size + 1).saturating_sub(floor.workers + floor.called);
            floor.called += missing;
            missing
        };
        (0..missing).for_each(|_| self.shared.call(self.number));
    }

    /// A worker sleeps, in the middle of a turn.
    pub(crate) fn begin_wait(&self, number: u32) {
        let mut floor = self.floor.lock();
        floor.active -= 1;
        floor.waiting += 1;
        let desk = &mut floor.desks[number as usize];
        desk.is_waiting = true;
        let was_long = std::mem::take(&mut desk.is_long);
        floor.long -= usize::from(was_long);
        let help = self.call_for_help(&mut floor);
        drop(floor);
        self.give(help);
    }

    /// It goes on.
    pub(crate) fn end_wait(&self, number: u32) {
        let now_us = self.shared.now_us();
        let mut floor = self.floor.lock();
        floor.active += 1;
        floor.waiting -= 1;
        let desk = &mut floor.desks[number as usize];
        desk.is_waiting = false;
        desk.begun_us = now_us;
        drop(floor);
        self.shared.doze.end();
    }

    // --- Calling workers.

    /// Sees to it that somebody serves the queue and listens, if there may be one more at work.
    fn call_for_help(&self, floor: &mut Floor<C>) -> Help {
        if floor.polling > 0 {
            return if floor.queue.has_somebody() { Help::Ring } else { Help::None };
        }
        if floor.active >= self.size + floor.long || self.shared.is_over() {
            return Help::None;
        }
        if let Some(bed) = floor.asleep.pop() {
            floor.active += 1;
            return Help::Wake(bed);
        }
        if floor.called > 0 || floor.workers >= self.workers_max {
            return Help::None;
        }
        floor.called += 1;
        Help::Call
    }

    fn give(&self, help: Help) {
        match help {
            Help::None => {}
            Help::Wake(bed) => bed.wake(),
            Help::Ring => self.sockets.ring(),
            Help::Call => self.shared.call(self.number),
        }
    }

    /// Wakes all, to look at their orders.
    ///
    /// Under the floor's lock every worker either waits for sockets, and the alarm ends that; or stands back, and is woken; or compares its count of
    /// calls before it does either.
    pub(crate) fn rouse(&self) {
        let beds = {
            let mut floor = self.floor.lock();
            floor.calls_to_order += 1;
            let beds = std::mem::take(&mut floor.asleep);
            floor.active += beds.len();
            // Those who have not come back since the call before are not counted twice: they will hear both.
            floor.unheard = floor.polling;
            if floor.unheard > 0 {
                self.sockets.alarm();
            }
            beds
        };
        beds.iter().for_each(|bed| bed.wake());
    }
}
