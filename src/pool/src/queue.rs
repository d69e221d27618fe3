//! Who is next: clients whose turn is due, in lanes.
//!
//! A lane has a clock that runs as its clients use workers, slower the greater its weight; the lane whose clock is behind the others' is next. One that was
//! empty begins where the others are, so that nobody saves up time. What is in the queue twice is taken out by the phase of its seat.

use crate::limits::{CHARGE_US_MAX, INSIDE_RUN_MAX};
use crate::seat::Seat;
use crate::{Client, LaneKey, Standing, Terms};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Which clients may be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    /// All.
    All,
    /// No more logins: they have their share.
    NoLogins,
    /// The last worker is kept for superusers, for logins, and for those whose transaction may hold what the others wait for.
    Reserved,
}

/// A group's queue.
pub(crate) struct Queue<C: Client> {
    urgent: VecDeque<Arc<Seat<C>>>,
    logins: VecDeque<Arc<Seat<C>>>,
    lanes: Vec<Lane<C>>,
    by_key: HashMap<LaneKey, u32>,
    /// Lanes that have somebody who may be taken, by their clocks.
    due: BTreeSet<(u64, u32)>,
    /// The clock of the lane last served.
    clock: u64,
    paused: Vec<u32>,
    length: usize,
    /// Lanes that have sessions.
    inhabited: usize,
}

/// Sessions of one role in one database.
struct Lane<C: Client> {
    key: LaneKey,
    terms: Terms,
    sessions: usize,
    clock: u64,
    /// Workers that serve it.
    served: u32,
    /// New transactions wait.
    is_paused: bool,
    inside: VecDeque<Arc<Seat<C>>>,
    outside: VecDeque<Arc<Seat<C>>>,
    /// Turns of clients inside a transaction since one outside had its.
    inside_run: u32,
    is_due: bool,
}

impl<C: Client> Lane<C> {
    fn has_somebody(&self) -> bool {
        let has_room = self.terms.workers_max == 0 || self.served < self.terms.workers_max;
        !self.inside.is_empty() || has_room && !self.is_paused && !self.outside.is_empty()
    }

    fn take(&mut self) -> Option<Arc<Seat<C>>> {
        let has_room = self.terms.workers_max == 0 || self.served < self.terms.workers_max;
        let may_enter = has_room && !self.is_paused && !self.outside.is_empty();
        if self.inside.is_empty() || may_enter && self.inside_run >= INSIDE_RUN_MAX {
            self.inside_run = 0;
            return if may_enter { self.outside.pop_front() } else { None };
        }
        self.inside_run += 1;
        self.inside.pop_front()
    }
}

impl<C: Client> Queue<C> {
    pub(crate) fn new() -> Queue<C> {
        Queue {
            urgent: VecDeque::new(),
            logins: VecDeque::new(),
            lanes: Vec::new(),
            by_key: HashMap::new(),
            due: BTreeSet::new(),
            clock: 0,
            paused: Vec::new(),
            length: 0,
            inhabited: 0,
        }
    }

    /// True if there are sessions of more than one lane.
    pub(crate) fn has_lanes(&self) -> bool {
        self.inhabited > 1
    }

    /// Entries; some may be stale.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// True if somebody may be taken, by whoever may take all.
    pub(crate) fn has_somebody(&self) -> bool {
        !self.urgent.is_empty() || !self.logins.is_empty() || !self.due.is_empty()
    }

    /// Puts a seat behind those of its kind.
    pub(crate) fn push(&mut self, seat: Arc<Seat<C>>) {
        self.length += 1;
        let standing = seat.standing();
        if seat.is_urgent(&standing) {
            self.urgent.push_back(seat);
            return;
        }
        let Some(&number) = seat.lane.get() else {
            self.logins.push_back(seat);
            return;
        };
        let lane = &mut self.lanes[number as usize];
        if standing.in_transaction {
            lane.inside.push_back(seat)
        } else {
            lane.outside.push_back(seat)
        }
        self.look_at(number);
    }

    /// Takes the next one out.
    pub(crate) fn pop(&mut self, choice: Choice) -> Option<Arc<Seat<C>>> {
        let seat = match self.urgent.pop_front() {
            Some(seat) => Some(seat),
            None if choice != Choice::NoLogins && !self.logins.is_empty() => self.logins.pop_front(),
            None if choice == Choice::Reserved => self.take_reserved(),
            None => self.take_from_lanes().or_else(|| self.logins.pop_front()),
        }?;
        self.length -= 1;
        Some(seat)
    }

    fn take_from_lanes(&mut self) -> Option<Arc<Seat<C>>> {
        let (_, number) = *self.due.first()?;
        self.take_from(number)
    }

    fn take_from(&mut self, number: u32) -> Option<Arc<Seat<C>>> {
        self.clock = self.clock.max(self.lanes[number as usize].clock);
        let seat = self.lanes[number as usize].take();
        self.look_at(number);
        seat
    }

    fn take_reserved(&mut self) -> Option<Arc<Seat<C>>> {
        let inside = |lane: &Lane<C>| lane.key.is_superuser && lane.has_somebody() || !lane.inside.is_empty();
        let number = self.lanes.iter().position(inside)? as u32;
        let lane = &mut self.lanes[number as usize];
        let seat = lane.inside.pop_front();
        self.look_at(number);
        seat.or_else(|| self.take_from(number))
    }

    /// Puts a lane where it belongs among those that are due.
    fn look_at(&mut self, number: u32) {
        let lane = &mut self.lanes[number as usize];
        let is_due = lane.has_somebody();
        if is_due == lane.is_due {
            return;
        }
        if is_due {
            lane.clock = lane.clock.max(self.clock);
            self.due.insert((lane.clock, number));
        } else {
            self.due.remove(&(lane.clock, number));
        }
        lane.is_due = is_due;
    }

    /// A worker serves a client of this lane.
    pub(crate) fn begin(&mut self, number: u32) {
        self.lanes[number as usize].served += 1;
        self.look_at(number);
    }

    /// It has served it, and that took so long.
    pub(crate) fn end(&mut self, number: u32, spent_us: u64) {
        let lane = &mut self.lanes[number as usize];
        if lane.is_due {
            self.due.remove(&(lane.clock, number));
        }
        lane.is_due = false;
        lane.served -= 1;
        lane.clock += (1 + spent_us.min(CHARGE_US_MAX)) * 100 / u64::from(lane.terms.weight.max(1));
        self.look_at(number);
    }

    /// A client has logged in: its lane.
    pub(crate) fn join(&mut self, key: LaneKey, standing: &Standing) -> u32 {
        let number = match self.by_key.get(&key) {
            Some(&number) => number,
            None => self.add_lane(key),
        };
        let lane = &mut self.lanes[number as usize];
        lane.terms = standing.terms;
        lane.sessions += 1;
        self.inhabited += usize::from(lane.sessions == 1);
        self.look_at(number);
        number
    }

    /// It is gone.
    pub(crate) fn part(&mut self, number: u32) {
        let lane = &mut self.lanes[number as usize];
        lane.sessions -= 1;
        self.inhabited -= usize::from(lane.sessions == 0);
    }

    fn add_lane(&mut self, key: LaneKey) -> u32 {
        let number = self.lanes.len() as u32;
        self.lanes.push(Lane {
            key,
            terms: Terms::default(),
            sessions: 0,
            clock: self.clock,
            served: 0,
            is_paused: !key.is_superuser && self.paused.contains(&key.database),
            inside: VecDeque::new(),
            outside: VecDeque::new(),
            inside_run: 0,
            is_due: false,
        });
        self.by_key.insert(key, number);
        number
    }

    /// New transactions in a database wait, or wait no more; those of superusers never do.
    pub(crate) fn pause(&mut self, database: u32, on: bool) {
        self.paused.retain(|&paused| paused != database);
        if on {
            self.paused.push(database);
        }
        for number in 0..self.lanes.len() as u32 {
            let lane = &mut self.lanes[number as usize];
            if lane.key.database == database && !lane.key.is_superuser {
                lane.is_paused = on;
                self.look_at(number);
            }
        }
    }

    /// Databases in which new transactions wait.
    pub(crate) fn paused(&self) -> &[u32] {
        &self.paused
    }

    /// All that wait in lanes, lane by lane, in order: with the number of those before it.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (usize, &Arc<Seat<C>>)> {
        self.lanes.iter().flat_map(|lane| lane.inside.iter().chain(&lane.outside).enumerate())
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::tests::{Toy, seat};

    fn key(role: u32) -> LaneKey {
        LaneKey { role, database: 1, is_superuser: role == 10 }
    }

    fn queue(lanes: &[(u32, Terms)]) -> Queue<Toy> {
        let mut queue = Queue::new();
        for (role, terms) in lanes {
            let standing = Standing { terms: *terms, ..Standing::default() };
            queue.join(key(*role), &standing);
        }
        queue
    }

    fn session(lane: u32, session: i32, in_transaction: bool) -> Arc<Seat<Toy>> {
        let seat = seat();
        seat.set_standing(Standing { session, in_transaction, ..Standing::default() });
        seat.lane.set(lane).expect("it is new");
        seat
    }

    fn serve(queue: &mut Queue<Toy>, spent_us: u64) -> Option<i32> {
        let seat = queue.pop(Choice::All)?;
        if let Some(&lane) = seat.lane.get() {
            queue.begin(lane);
            queue.end(lane, spent_us);
        }
        Some(seat.standing().session)
    }

    #[test]
    fn logins_come_first_and_the_rest_in_order() {
        let mut queue = queue(&[(1, Terms::default())]);
        for number in 1..=3 {
            queue.push(session(0, number, false));
        }
        queue.push(seat());
        queue.push(session(0, 4, true));
        let order: Vec<i32> = std::iter::from_fn(|| serve(&mut queue, 1)).collect();
        assert_eq!(order, [0, 4, 1, 2, 3]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn lanes_share_by_weight() {
        let terms = |weight| Terms { weight, ..Terms::default() };
        let mut queue = queue(&[(1, terms(100)), (2, terms(300))]);
        for _ in 0..400 {
            queue.push(session(0, 1, false));
            queue.push(session(1, 2, false));
        }
        let heavy = (0..400).filter(|_| serve(&mut queue, 99) == Some(2)).count();
        assert!((295..=305).contains(&heavy), "{heavy} of 400");
    }

    #[test]
    fn who_comes_late_has_no_time_saved_up() {
        let mut queue = queue(&[(1, Terms::default()), (2, Terms::default())]);
        for _ in 0..100 {
            queue.push(session(0, 1, false));
        }
        (0..50).for_each(|_| _ = serve(&mut queue, 1000));
        for _ in 0..50 {
            queue.push(session(1, 2, false));
        }
        let late = (0..20).filter(|_| serve(&mut queue, 1000) == Some(2)).count();
        assert!((9..=11).contains(&late), "{late} of 20");
    }

    #[test]
    fn a_lane_with_all_its_workers_waits() {
        let mut queue = queue(&[(1, Terms { workers_max: 1, ..Terms::default() }), (2, Terms::default())]);
        for number in 1..=2 {
            queue.push(session(0, number, false));
        }
        queue.push(session(1, 3, false));
        let first = queue.pop(Choice::All).unwrap();
        queue.begin(0);
        assert_eq!((first.standing().session, serve(&mut queue, 1)), (1, Some(3)));
        assert!(!queue.has_somebody() && queue.len() == 1);
        queue.end(0, 1);
        assert_eq!(serve(&mut queue, 1), Some(2));
    }

    #[test]
    fn lanes_without_sessions_do_not_count() {
        let mut queue = queue(&[(1, Terms::default())]);
        let second = queue.join(key(2), &Standing::default());
        queue.join(key(2), &Standing::default());
        assert!(queue.has_lanes());
        queue.part(second);
        assert!(queue.has_lanes());
        queue.part(second);
        assert!(!queue.has_lanes());
    }

    #[test]
    fn a_paused_database_finishes_its_transactions() {
        let mut queue = queue(&[(1, Terms::default())]);
        queue.pause(1, true);
        queue.push(session(0, 1, false));
        queue.push(session(0, 2, true));
        assert_eq!((serve(&mut queue, 1), serve(&mut queue, 1)), (Some(2), None));
        queue.pause(1, false);
        assert_eq!(serve(&mut queue, 1), Some(1));
    }

    #[test]
    fn the_last_worker_is_for_superusers_and_lock_holders() {
        let mut queue = queue(&[(1, Terms::default()), (10, Terms::default())]);
        queue.push(session(0, 1, false));
        assert!(queue.pop(Choice::Reserved).is_none());
        queue.push(session(0, 2, true));
        queue.push(session(1, 3, false));
        let mut next = || queue.pop(Choice::Reserved).map(|seat| seat.standing().session);
        assert_eq!((next(), next(), next()), (Some(2), Some(3), None));
    }
}
