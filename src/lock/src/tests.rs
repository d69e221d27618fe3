//! The lock manager with several owners in several threads.

use crate::*;
use base::{Oid, SessionId, Xid};
use report::SqlState;
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, Interrupts, NoHooks};

const TABLE: LockTag = LockTag::Relation { database: Oid(5), relation: Oid(16384) };
const OTHER: LockTag = LockTag::Relation { database: Oid(5), relation: Oid(16385) };
const SCOPE: LockScope = LockScope::Transaction;

fn owner(manager: &LockManager, session: i32) -> LockOwner {
    let waits =
        SessionWaits { session: SessionId(session), interrupts: Arc::new(Interrupts::new()), hooks: Arc::new(NoHooks) };
    let owner = manager.register(waits);
    owner.set_timeouts(None, Duration::from_millis(20));
    owner
}

fn pair() -> (LockManager, LockOwner, LockOwner) {
    let manager = LockManager::new();
    let (a, b) = (owner(&manager, 101), owner(&manager, 102));
    (manager, a, b)
}

/// Waits until a session waits for a lock.
fn until_waiting(manager: &LockManager, count: usize) {
    while manager.status().iter().filter(|s| !s.granted).count() < count {
        std::thread::yield_now();
    }
}

#[test]
fn weak_modes_stay_on_the_fast_path_until_a_strong_one_comes() {
    let (manager, a, b) = pair();
    assert_eq!(a.acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap(), Acquired::Granted);
    assert_eq!(a.acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap(), Acquired::AlreadyHeld);
    assert!(manager.status().iter().all(|s| s.fast_path && s.session == SessionId(101)));
    assert_eq!(b.try_acquire(TABLE, LockMode::Share, SCOPE).unwrap(), None);
    assert!(manager.status().iter().all(|s| !s.fast_path));
    assert_eq!(b.try_acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap(), Some(Acquired::Granted));
    a.release_transaction();
    assert_eq!(b.try_acquire(TABLE, LockMode::AccessExclusive, SCOPE).unwrap(), Some(Acquired::Granted));
    assert_eq!(a.try_acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap(), None);
    b.release_transaction();
    assert!(manager.status().is_empty());
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    assert!(manager.status()[0].fast_path, "the strong count is back to zero");
}

#[test]
fn a_guard_gives_its_own_count_back() {
    let (_, a, b) = pair();
    let outer = a.acquire_guard(TABLE, LockMode::Share).unwrap();
    drop(a.acquire_guard(TABLE, LockMode::Share).unwrap());
    a.release_transaction();
    assert_eq!(b.try_acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap(), None);
    drop(outer);
    assert_eq!(b.try_acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap(), Some(Acquired::Granted));
}

#[test]
fn releases_by_mark_scope_and_owner() {
    let (manager, a, b) = pair();
    let advisory = LockTag::Advisory { database: Oid(5), key: -1 };
    a.acquire(advisory, LockMode::Exclusive, LockScope::Session).unwrap();
    a.acquire(TABLE, LockMode::Share, SCOPE).unwrap();
    let mark = a.mark();
    a.acquire(OTHER, LockMode::Share, SCOPE).unwrap();
    a.acquire(TABLE, LockMode::Share, SCOPE).unwrap();
    a.release_to(mark);
    assert!(a.holds(TABLE, LockMode::Share) && !a.holds(OTHER, LockMode::Share));
    a.release_transaction();
    assert_eq!(manager.status().len(), 1);
    assert_eq!(b.try_acquire(advisory, LockMode::Share, SCOPE).unwrap(), None);
    assert!(!a.release(advisory, LockMode::Exclusive, SCOPE));
    drop(a);
    assert_eq!(b.try_acquire(advisory, LockMode::Share, SCOPE).unwrap(), Some(Acquired::Granted));
    b.release_session_advisory();
    assert_eq!(manager.status().len(), 1, "a transaction's advisory lock stays");
}

#[test]
fn waiters_are_served_in_order() {
    let (manager, a, b) = pair();
    let c = owner(&manager, 103);
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    let writer = std::thread::spawn(move || b.acquire(TABLE, LockMode::AccessExclusive, SCOPE).map(|_| b));
    until_waiting(&manager, 1);
    assert_eq!(manager.blocking_sessions(SessionId(102)), [SessionId(101)]);
    assert_eq!(c.try_acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap(), None, "nobody overtakes the writer");
    let reader = std::thread::spawn(move || c.acquire(TABLE, LockMode::AccessShare, SCOPE));
    until_waiting(&manager, 2);
    a.release_transaction();
    let b = writer.join().unwrap().unwrap();
    b.release_transaction();
    assert_eq!(reader.join().unwrap().unwrap(), Acquired::Granted);
}

#[test]
fn a_holder_upgrades_in_front_of_those_it_blocks() {
    let (manager, a, b) = pair();
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    let writer = std::thread::spawn(move || b.acquire(TABLE, LockMode::AccessExclusive, SCOPE));
    until_waiting(&manager, 1);
    assert_eq!(a.acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap(), Acquired::Granted);
    drop(a);
    assert!(writer.join().unwrap().is_ok());
}

#[test]
fn a_deadlock_fails_one_of_the_two() {
    let (manager, a, b) = pair();
    let (x, y) = (LockTag::Transaction(Xid(1)), LockTag::Transaction(Xid(2)));
    a.acquire(x, LockMode::Exclusive, SCOPE).unwrap();
    b.acquire(y, LockMode::Exclusive, SCOPE).unwrap();
    a.set_timeouts(None, Duration::from_secs(3600));
    let first = std::thread::spawn(move || a.acquire(y, LockMode::Share, SCOPE));
    until_waiting(&manager, 1);
    let error = b.acquire(x, LockMode::Share, SCOPE).unwrap_err();
    assert_eq!((error.code(), error.message()), (SqlState::T_R_DEADLOCK_DETECTED, "deadlock detected"));
    assert_eq!(
        error.fields().detail.as_deref(),
        Some(
            "Process 102 waits for ShareLock on transaction 1; blocked by process 101.\n\
             Process 101 waits for ShareLock on transaction 2; blocked by process 102."
        )
    );
    b.release_transaction();
    assert!(first.join().unwrap().is_ok());
    assert_eq!(manager.status().len(), 0);
}

#[test]
fn a_queue_is_reordered_rather_than_anyone_fail() {
    // a holds X shared; b waits for X exclusive and holds Y; a, having X, wants Y: that is a real deadlock. But c, who
    // holds Y and queues for X behind b, only waits softly for b.
    let (manager, a, b) = pair();
    let c = owner(&manager, 103);
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    c.acquire(OTHER, LockMode::Exclusive, SCOPE).unwrap();
    b.set_timeouts(None, Duration::from_secs(3600));
    let b = std::thread::spawn(move || b.acquire(TABLE, LockMode::AccessExclusive, SCOPE).map(|_| drop(b)));
    until_waiting(&manager, 1);
    c.set_timeouts(None, Duration::from_secs(3600));
    let c = std::thread::spawn(move || c.acquire(TABLE, LockMode::AccessShare, SCOPE).map(|_| drop(c)));
    until_waiting(&manager, 2);
    // a waits for c (hard), c for b (soft), b for a (hard).
    assert_eq!(a.acquire(OTHER, LockMode::Exclusive, SCOPE).unwrap(), Acquired::Granted);
    c.join().unwrap().unwrap();
    drop(a);
    b.join().unwrap().unwrap();
}

#[test]
fn waits_end_by_time_out_and_by_cancel() {
    let (manager, a, b) = pair();
    a.acquire(TABLE, LockMode::AccessExclusive, SCOPE).unwrap();
    b.set_timeouts(Some(Duration::from_millis(1)), Duration::from_secs(1));
    let error = b.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap_err();
    assert_eq!(error.message(), "canceling statement due to lock timeout");
    b.set_timeouts(None, Duration::from_secs(1));
    b.interrupts().raise(Interrupt::CancelQuery);
    let error = b.acquire(TABLE, LockMode::Share, SCOPE).unwrap_err();
    assert_eq!((error.code(), error.message()), (SqlState::QUERY_CANCELED, "canceling statement due to user request"));
    a.release_transaction();
    assert!(manager.status().is_empty());
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    assert!(manager.status()[0].fast_path, "a wait that was given up is no longer counted as strong");
}

#[test]
fn a_prepared_transaction_takes_its_locks_along() {
    let (manager, a, b) = pair();
    a.acquire(TABLE, LockMode::RowExclusive, SCOPE).unwrap();
    a.acquire(OTHER, LockMode::AccessExclusive, SCOPE).unwrap();
    a.transfer_transaction(&b);
    assert!(!a.holds(OTHER, LockMode::AccessExclusive) && b.holds(OTHER, LockMode::AccessExclusive));
    assert_eq!(a.try_acquire(TABLE, LockMode::Share, SCOPE).unwrap(), None);
    b.release_transaction();
    assert!(manager.status().is_empty());
}

#[test]
fn counters_under_locks_lose_no_increment() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let manager = LockManager::new();
    let shared = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let (owner, shared) = (owner(&manager, n), Arc::clone(&shared));
            owner.set_timeouts(None, Duration::from_secs(3600));
            std::thread::spawn(move || {
                for round in 0..500u64 {
                    let mode = if round % 3 == 0 { LockMode::AccessExclusive } else { LockMode::AccessShare };
                    owner.acquire(TABLE, mode, SCOPE).unwrap();
                    if mode == LockMode::AccessExclusive {
                        let before = shared.load(Ordering::Relaxed);
                        shared.store(before + 1, Ordering::Relaxed);
                    }
                    owner.release_transaction();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(shared.load(Ordering::Relaxed), 4 * 167);
    assert!(manager.status().is_empty());
}

#[test]
fn a_deadlock_of_two_on_one_lock_is_seen_at_once() {
    let (manager, a, b) = pair();
    a.set_timeouts(None, Duration::from_secs(3600));
    b.set_timeouts(None, Duration::from_secs(3600));
    a.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    b.acquire(TABLE, LockMode::AccessShare, SCOPE).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| a.acquire(TABLE, LockMode::AccessExclusive, SCOPE).map(|_| ()));
        until_waiting(&manager, 1);
        let error = b.acquire(TABLE, LockMode::AccessExclusive, SCOPE).unwrap_err();
        assert_eq!(error.code(), SqlState::T_R_DEADLOCK_DETECTED);
        b.release_transaction();
        waiter.join().unwrap().unwrap();
    });
}

#[test]
fn a_holder_that_gives_way_is_asked_to_when_somebody_waits_for_long() {
    let (manager, worker, waiter) = pair();
    worker.set_gives_way();
    worker.acquire(TABLE, LockMode::ShareUpdateExclusive, SCOPE).unwrap();
    waiter.set_timeouts(None, Duration::from_millis(1));
    let thread = {
        let waiter = waiter.clone();
        std::thread::spawn(move || waiter.acquire(TABLE, LockMode::AccessExclusive, SCOPE))
    };
    while !worker.interrupts().latch().wait(None) || !worker.interrupts().pending() {}
    let error = worker.check_interrupts().unwrap_err();
    assert_eq!((error.code(), error.message()), (SqlState::QUERY_CANCELED, "canceling autovacuum task"));
    worker.release_transaction();
    thread.join().unwrap().unwrap();
    assert!(waiter.holds(TABLE, LockMode::AccessExclusive));
    // Others are let be, and who is in nobody's way is not asked.
    assert_eq!(manager.status().len(), 1);
    waiter.check_interrupts().unwrap();
    worker.check_interrupts().unwrap();
}

#[test]
fn a_session_does_not_give_way() {
    let (_manager, holder, waiter) = pair();
    holder.acquire(TABLE, LockMode::ShareUpdateExclusive, SCOPE).unwrap();
    waiter.set_timeouts(Some(Duration::from_millis(5)), Duration::from_millis(1));
    waiter.acquire(TABLE, LockMode::AccessExclusive, SCOPE).unwrap_err();
    holder.check_interrupts().unwrap();
}
