//! A group: a set of sockets, a queue, and workers that serve it.

use crate::limits::{ALONE_TURNS, LONG_TURN_US, LOOK_EVERY_US, REPORTS_MAX, SHORT_SPIN_US};
use crate::pool::Shared;
use crate::queue::{Choice, Queue};
use crate::seat::{Seat, SeatStatus, Stub};
use crate::worker::{Bed, Finished, Worker};
use crate::{Client, Turn};
use host::SocketSet;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use sync::{Interrupt, Mutex, MutexGuard, rank};

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

/// What a group's workers share.
struct Floor<C: Client> {
    queue: Queue<C>,
    desks: Vec<Desk<C>>,
    /// Workers that are there.
    workers: usize,
    /// Of them: those that have a turn's work in hand, or wait for sockets.
    active: usize,
    /// Of the active ones: those that wait for sockets.
    polling: usize,
    /// Workers that sleep within a turn.
    waiting: usize,
    /// Of the active ones: those whose turn has lasted so long that it does not count.
    long: usize,
    /// Workers that stand back; the last one is the first to be woken.
    asleep: Vec<Arc<Bed>>,
    /// Workers that were called and have not come yet.
    called: usize,
    /// Workers that serve logins.
    logins: usize,
    /// When somebody last looked at the sockets.
    looked_us: u64,
    /// How often all were told to look at their orders.
    calls_to_order: u64,
    /// Workers that waited for sockets then, and have not come back yet.
    unheard: usize,
    /// When somebody was last put into the queue.
    enqueued_us: u64,
    next_key: u64,
    /// Whose turn was last, and how many it has had in a row.
    last_key: u64,
    last_turns: u32,
}

/// A worker as its group sees it.
struct Desk<C: Client> {
    is_taken: bool,
    seat: Option<Arc<Seat<C>>>,
    begun_us: u64,
    is_waiting: bool,
    is_long: bool,
}

/// What a view shows of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupStatus {
    /// Its number.
    pub group: usize,
    /// Workers that may be active.
    pub size: usize,
    /// Workers there are.
    pub workers: usize,
    /// Those that have a turn's work in hand.
    pub serving: usize,
    /// Those that wait for sockets.
    pub listening: usize,
    /// Those that sleep within a turn.
    pub waiting: usize,
    /// Those that stand back.
    pub idle: usize,
    /// Those whose turn has lasted long.
    pub long: usize,
    /// Clients.
    pub sessions: usize,
    /// Clients whose turn is due.
    pub queued: usize,
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
        let floor = Floor {
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
        };
        Ok(Group {
            number,
            size,
            // One is kept for superusers and lock holders.
            workers_max: workers_max.max(size + 1),
            sockets: SocketSet::new()?,
            seats: Mutex::new(rank::LEAF, HashMap::new()),
            floor: Mutex::new(rank::LEAF, floor),
            has_spinner: AtomicBool::new(false),
            shared,
        })
    }

    // --- Clients.

    /// Gives a client a seat. Errors: its socket cannot be watched.
    pub(crate) fn seat(self: &Arc<Self>, client: C) -> io::Result<()> {
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
        Ok(())
    }

    /// Somebody who was served elsewhere: it may have news already.
    pub(crate) fn seat_again(self: &Arc<Self>, client: C) -> io::Result<()> {
        let interrupts = client.interrupts();
        self.seat(client)?;
        // Whatever came while it had no seat is looked at now.
        interrupts.raise(Interrupt::Work);
        Ok(())
    }

    pub(crate) fn clients(&self) -> usize {
        self.seats.lock().len()
    }

    /// There is news for a client.
    pub(crate) fn news(&self, seat: &Arc<Seat<C>>) {
        let is_new = seat.phase.news();
        // One that waits among others, and should not, is put in front of them too.
        let is_to_overtake = || seat.phase.is_queued() && seat.is_urgent();
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
            if is_idle || now_us.saturating_sub(floor.looked_us) >= LOOK_EVERY_US {
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
        let lane = floor.queue.lane_of(key, &seat.standing());
        floor.logins -= 1;
        floor.queue.begin(lane);
        let _ = seat.lane.set(lane);
    }

    /// A turn is over, and its client is gone.
    pub(crate) fn client_gone(&self, seat: &Arc<Seat<C>>) {
        seat.set_worker(None);
        self.remove(seat);
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

    // --- The scheduler's part.

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
            for (before, seat) in floor.queue.waiting() {
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

impl<C: Client> Floor<C> {
    fn enqueue(&mut self, seat: Arc<Seat<C>>, now_us: u64) {
        self.enqueued_us = self.enqueued_us.max(now_us);
        seat.queued_us.store(now_us, Ordering::Relaxed);
        seat.was_told.store(false, Ordering::Relaxed);
        self.queue.push(seat);
    }

    /// A worker's turn is over.
    fn finish(&mut self, number: u32, finished: &Finished, now_us: u64) {
        let desk = &mut self.desks[number as usize];
        let was_long = std::mem::take(&mut desk.is_long);
        let spent_us = now_us.saturating_sub(desk.begun_us);
        desk.seat = None;
        self.long -= usize::from(was_long);
        self.settle(finished.lane, spent_us);
    }

    fn settle(&mut self, lane: Option<u32>, spent_us: u64) {
        match lane {
            Some(lane) => self.queue.end(lane, spent_us),
            None => self.logins -= 1,
        }
    }
}
