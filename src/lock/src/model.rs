//! The lock manager under many orders of events: `cargo models lock`.
//!
//! The real code runs. `deadlock_timeout` is zero, so each waiter searches once, at a moment that the schedule chooses, and then sleeps without
//! a time limit: a wake-up that is lost, or a cycle that nobody finds, leaves threads that wait for ever, which fails the model.
//!
//! To see the models fail: in `table::Wait::grant` set the latch before `granted`; in `table::Lock::cancel` leave out `wake`; in
//! `manager::request` announce a strong mode after `move_fast_locks`, or do not look at `strong` on the fast path; in `deadlock::search` let the
//! victim leave its queue only after the partitions are free again (two victims of one cycle).

use crate::*;
use base::{Oid, SessionId};
use report::SqlState;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use sync::check::check;
use sync::thread::{self, JoinHandle};
use sync::{Interrupt, Interrupts, NoHooks};

const SCHEDULES: usize = 3000;
const SCOPE: LockScope = LockScope::Transaction;

fn relation(number: u32) -> LockTag {
    LockTag::Relation { database: Oid(5), relation: Oid(number) }
}

fn advisory(key: i64) -> LockTag {
    LockTag::Advisory { database: Oid(5), key }
}

fn owner(manager: &LockManager, session: i32) -> LockOwner {
    let waits =
        SessionWaits { session: SessionId(session), interrupts: Arc::new(Interrupts::new()), hooks: Arc::new(NoHooks) };
    let owner = manager.register(waits);
    owner.set_timeouts(None, Duration::ZERO);
    owner
}

/// Sessions that each take these locks in this order and then let go of all.
fn sessions(manager: &LockManager, wanted: Vec<Vec<(LockTag, LockMode)>>) -> Vec<JoinHandle<bool>> {
    let run = |(number, wanted): (usize, Vec<(LockTag, LockMode)>)| {
        let owner = owner(manager, number as i32 + 1);
        thread::spawn(move || {
            let outcome: report::Result<Vec<Acquired>> =
                wanted.iter().map(|(tag, mode)| owner.acquire(*tag, *mode, SCOPE)).collect();
            if let Err(error) = &outcome {
                assert_eq!(error.code(), SqlState::T_R_DEADLOCK_DETECTED);
            }
            owner.release_transaction();
            outcome.is_ok()
        })
    };
    wanted.into_iter().enumerate().map(run).collect()
}

/// How many sessions failed, once all have ended; and nothing is left in the tables.
fn victims(manager: &LockManager, sessions: Vec<JoinHandle<bool>>) -> usize {
    let failed = sessions.into_iter().map(|session| session.join().expect("it ends")).filter(|ok| !ok).count();
    assert!(manager.status().is_empty());
    failed
}

/// Takes each lock in turn in a ring: all wait for each other, or one comes too late for that. Never more than one fails.
fn ring(name: &'static str, count: i64, mode: LockMode) {
    check(name, SCHEDULES, move || {
        let manager = LockManager::new();
        let wanted = (0..count).map(|at| vec![(advisory(at), mode), (advisory((at + 1) % count), mode)]).collect();
        let sessions = sessions(&manager, wanted);
        assert!(victims(&manager, sessions) <= 1, "one victim for a cycle");
    });
}

#[test]
fn a_cycle_of_two_has_one_victim() {
    ring("lock cycle of two", 2, LockMode::Exclusive);
}

#[test]
fn a_cycle_of_three_has_one_victim() {
    ring("lock cycle of three", 3, LockMode::AccessExclusive);
}

/// All hold their first lock before any asks for its second: the cycle is certain, and so is its victim.
#[test]
fn a_certain_cycle_is_found() {
    check("lock certain cycle", SCHEDULES, || {
        let manager = LockManager::new();
        let owners = [1, 2, 3].map(|session| owner(&manager, session));
        for (at, owner) in owners.iter().enumerate() {
            owner.acquire(advisory(at as i64), LockMode::Exclusive, SCOPE).expect("it is free");
        }
        let run = |(at, owner): (usize, LockOwner)| {
            thread::spawn(move || owner.acquire(advisory((at as i64 + 1) % 3), LockMode::Share, SCOPE).is_ok())
        };
        let sessions: Vec<_> = owners.into_iter().enumerate().map(run).collect();
        assert_eq!(victims(&manager, sessions), 1);
    });
}

/// Two that hold SHARE and want EXCLUSIVE: the second to ask is refused at once, the first gets it.
#[test]
fn of_two_upgrades_one_is_refused() {
    check("lock upgrades", SCHEDULES, || {
        let manager = LockManager::new();
        let owners = [1, 2].map(|session| owner(&manager, session));
        for owner in &owners {
            owner.acquire(relation(1), LockMode::Share, SCOPE).expect("shared");
        }
        let upgrade =
            |owner: LockOwner| thread::spawn(move || owner.acquire(relation(1), LockMode::Exclusive, SCOPE).is_ok());
        let sessions = owners.into_iter().map(upgrade).collect();
        assert_eq!(victims(&manager, sessions), 1);
    });
}

/// A cycle with a step that is only a matter of the queue's order costs nobody anything: the queue is put in another order.
#[test]
fn a_soft_cycle_has_no_victim() {
    check("lock soft cycle", SCHEDULES, || {
        let manager = LockManager::new();
        let wanted = vec![
            vec![(advisory(1), LockMode::Share), (advisory(2), LockMode::Share)],
            vec![(advisory(2), LockMode::Share), (advisory(1), LockMode::Share)],
            vec![(advisory(1), LockMode::Exclusive)],
            vec![(advisory(2), LockMode::Exclusive)],
        ];
        let sessions = sessions(&manager, wanted);
        assert_eq!(victims(&manager, sessions), 0);
    });
}

/// Two cycles that share nothing have a victim each, and no more.
#[test]
fn two_cycles_have_two_victims() {
    check("lock two cycles", SCHEDULES, || {
        let manager = LockManager::new();
        let owners = [1, 2, 3, 4].map(|session| owner(&manager, session));
        for (at, owner) in owners.iter().enumerate() {
            owner.acquire(advisory(at as i64), LockMode::Exclusive, SCOPE).expect("it is free");
        }
        let run = |(at, owner): (usize, LockOwner)| {
            thread::spawn(move || owner.acquire(advisory(at as i64 ^ 1), LockMode::Exclusive, SCOPE).is_ok())
        };
        let sessions: Vec<_> = owners.into_iter().enumerate().map(run).collect();
        assert_eq!(victims(&manager, sessions), 2);
    });
}

/// Who is in the locked part: weak holders count up, a strong one down.
#[derive(Default)]
struct Room(AtomicI32);

impl Room {
    fn visit(&self, is_strong: bool) {
        let by = if is_strong { -100 } else { 1 };
        let before = self.0.fetch_add(by, Ordering::SeqCst);
        assert!(if is_strong { before == 0 } else { before >= 0 }, "both are in: {before}");
        thread::yield_now();
        self.0.fetch_sub(by, Ordering::SeqCst);
    }
}

/// Weak modes on the fast path and a strong one exclude each other, round after round, and in the end the fast path is open again.
#[test]
fn the_fast_path_excludes_strong_modes() {
    check("lock fast path", SCHEDULES, || {
        let (manager, room) = (LockManager::new(), Arc::new(Room::default()));
        let run = |(number, mode): (i32, LockMode)| {
            let (owner, room) = (owner(&manager, number), Arc::clone(&room));
            thread::spawn(move || {
                for _ in 0..2 {
                    owner.acquire(relation(1), mode, SCOPE).expect("no cycle");
                    room.visit(mode.is_strong());
                    owner.release_transaction();
                }
                true
            })
        };
        let modes = [(1, LockMode::RowExclusive), (2, LockMode::RowShare), (3, LockMode::AccessExclusive)];
        let sessions = modes.into_iter().map(run).collect();
        assert_eq!(victims(&manager, sessions), 0);
        let late = owner(&manager, 9);
        late.acquire(relation(1), LockMode::AccessShare, SCOPE).expect("it is free");
        assert!(manager.status()[0].fast_path, "no strong mode is counted any more");
    });
}

/// A session that comes while a strong mode is being taken sees it, or is seen by it.
#[test]
fn a_new_owner_is_not_overlooked() {
    check("lock new owner", SCHEDULES, || {
        let (manager, room) = (LockManager::new(), Arc::new(Room::default()));
        let strong = {
            let (owner, room) = (owner(&manager, 1), Arc::clone(&room));
            thread::spawn(move || {
                owner.acquire(relation(1), LockMode::Exclusive, SCOPE).expect("no cycle");
                room.visit(true);
                drop(owner);
                true
            })
        };
        let new = {
            let (manager, room) = (manager.clone(), Arc::clone(&room));
            thread::spawn(move || {
                let owner = owner(&manager, 2);
                owner.acquire(relation(1), LockMode::RowExclusive, SCOPE).expect("no cycle");
                room.visit(false);
                true
            })
        };
        assert_eq!(victims(&manager, vec![strong, new]), 0);
    });
}

/// A wait that is cancelled while the lock is being granted ends one way or the other; nobody behind it in the queue is forgotten.
#[test]
fn a_cancelled_wait_blocks_nobody() {
    check("lock cancelled wait", SCHEDULES, || {
        let manager = LockManager::new();
        let owners = [1, 2, 3].map(|session| owner(&manager, session));
        owners[0].acquire(relation(1), LockMode::Share, SCOPE).expect("it is free");
        let told = Arc::clone(owners[1].interrupts());
        let [first, second, third] = owners;
        let waiter = thread::spawn(move || {
            let outcome = second.acquire(relation(1), LockMode::AccessExclusive, SCOPE);
            assert!(outcome.as_ref().err().is_none_or(|error| error.code() == SqlState::QUERY_CANCELED));
            second.release_transaction();
            true
        });
        let behind = thread::spawn(move || {
            third.acquire(relation(1), LockMode::AccessShare, SCOPE).expect("no cycle");
            third.release_transaction();
            true
        });
        let canceller = thread::spawn(move || {
            told.raise(Interrupt::CancelQuery);
            true
        });
        first.release_transaction();
        assert_eq!(victims(&manager, vec![waiter, behind, canceller]), 0);
    });
}

/// Who waits only because of a place in the queue comes in when that wait is cancelled, though nobody lets go of the lock.
#[test]
fn a_cancelled_wait_lets_those_behind_it_in() {
    check("lock wait behind a cancelled one", SCHEDULES, || {
        let manager = LockManager::new();
        let owners = [1, 2, 3].map(|session| owner(&manager, session));
        owners[0].acquire(relation(1), LockMode::Share, SCOPE).expect("it is free");
        let told = Arc::clone(owners[1].interrupts());
        let [first, second, third] = owners;
        let cancelled = thread::spawn(move || second.acquire(relation(1), LockMode::AccessExclusive, SCOPE).is_err());
        let behind = thread::spawn(move || third.acquire(relation(1), LockMode::AccessShare, SCOPE).is_ok());
        told.raise(Interrupt::CancelQuery);
        assert!(behind.join().expect("it ends"));
        assert!(cancelled.join().expect("it ends"));
        drop(first);
        assert!(manager.status().is_empty());
    });
}

/// Readers and writers in one queue, some of whom give up at once (`lock_timeout`): all others come in, one after the other.
#[test]
fn the_queue_drains() {
    check("lock queue", SCHEDULES, || {
        let (manager, room) = (LockManager::new(), Arc::new(Room::default()));
        let run = |(number, mode): (i32, LockMode)| {
            let (owner, room) = (owner(&manager, number), Arc::clone(&room));
            thread::spawn(move || {
                owner.acquire(advisory(1), mode, SCOPE).expect("no cycle");
                room.visit(mode == LockMode::Exclusive);
                owner.release_transaction();
                let granted = owner.try_acquire(advisory(1), mode, SCOPE).expect("there is room");
                if granted.is_some() {
                    room.visit(mode == LockMode::Exclusive);
                }
                true
            })
        };
        let modes = [(1, LockMode::Exclusive), (2, LockMode::Share), (3, LockMode::Exclusive), (4, LockMode::Share)];
        let sessions = modes.into_iter().map(run).collect();
        assert_eq!(victims(&manager, sessions), 0);
    });
}
