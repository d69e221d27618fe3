//! The search of the wait graph.
//!
//! A waiter waits *hard* for every owner that holds a conflicting mode, and *soft* for every owner in front of it in
//! the queue that wants one: a soft wait can be undone by changing the queue's order. The search runs in the waiter
//! whose `deadlock_timeout` passed, with every partition locked, and looks for a way from it back to itself. If each
//! such way has a soft step, waiters change places and nobody fails; else the searcher does, with 40P01.

use crate::manager::Shared;
use crate::table::{Lock, LockMap, Wait};
use report::{Result, SqlState};
use std::fmt::Write;
use std::sync::Arc;
use sync::MutexGuard;

/// Tries at reordering queues before the searcher gives in.
const REORDERINGS_MAX: usize = 8;

/// One step of a cycle: this wait is blocked by the owner of the next one.
struct Step {
    wait: Arc<Wait>,
    /// The waiter in front of it, if that is all that blocks it.
    soft_for: Option<Arc<Wait>>,
}

/// Looks for a deadlock that this wait is part of. If there is none, holders that give way are asked to.
///
/// Errors: 40P01 if there is one that no reordering resolves.
pub(crate) fn search(shared: &Shared, wait: &Arc<Wait>) -> Result<()> {
    let mut maps = shared.lock_all();
    for _ in 0..REORDERINGS_MAX {
        let Some(cycle) = find_cycle(&maps, wait) else {
            ask_holders_to_give_way(&maps, wait);
            return Ok(());
        };
        // The step furthest from the searcher goes first, as in PostgreSQL.
        let Some(step) = cycle.iter().rfind(|step| step.soft_for.is_some()) else {
            return Err(fail(&mut maps, wait, &cycle));
        };
        overtake(&mut maps, step);
    }
    match find_cycle(&maps, wait) {
        Some(cycle) => Err(fail(&mut maps, wait, &cycle)),
        None => Ok(()),
    }
}

/// Makes the searcher the cycle's victim. It leaves its queue while all partitions are locked: another of the cycle that searches next
/// finds none any more, so a cycle has one victim.
fn fail(maps: &mut [MutexGuard<'_, LockMap>], wait: &Arc<Wait>, cycle: &[Step]) -> report::Error {
    if let Some(lock) = maps.iter_mut().find_map(|map| map.get_mut(&wait.tag)) {
        lock.cancel(wait);
    }
    deadlock_error(cycle)
}

/// Asks while the lock's partition is locked, so while they still hold it: the request reaches the work that the wait is for.
fn ask_holders_to_give_way(maps: &[MutexGuard<'_, LockMap>], wait: &Arc<Wait>) {
    let Some(lock) = maps.iter().find_map(|map| map.get(&wait.tag)) else { return };
    let me = wait.owner.number();
    let holders = lock.grants.iter().filter(|g| g.owner.number() != me && wait.mode.conflicts_with_set(g.modes));
    holders.for_each(|grant| grant.owner.ask_to_give_way());
}

/// Refuses a wait that closes a cycle of two on one lock: another waiter cannot go on before this owner lets go of what it
/// holds, nor this one before the other does. No time need pass to see that.
///
/// Errors: 40P01.
pub(crate) fn refuse_at_once(lock: &Lock, wait: &Arc<Wait>) -> Result<()> {
    let held = lock.modes_of(&wait.owner);
    let closes = |other: &&Arc<Wait>| {
        other.owner.number() != wait.owner.number()
            && other.mode.conflicts_with_set(held)
            && wait.mode.conflicts_with_set(lock.modes_of(&other.owner))
    };
    match lock.waits.iter().find(closes) {
        None => Ok(()),
        Some(other) => {
            let cycle = [wait, other].map(|wait| Step { wait: Arc::clone(wait), soft_for: None });
            Err(deadlock_error(&cycle))
        }
    }
}

/// Puts a waiter right in front of the one that blocks it softly, and lets in who can go now.
fn overtake(maps: &mut [MutexGuard<'_, LockMap>], step: &Step) {
    let Some(front) = &step.soft_for else { return };
    let Some(lock) = maps.iter_mut().find_map(|map| map.get_mut(&step.wait.tag)) else { return };
    let place = |lock: &crate::table::Lock, w: &Arc<Wait>| lock.waits.iter().position(|x| Arc::ptr_eq(x, w));
    if let (Some(from), Some(to)) = (place(lock, &step.wait), place(lock, front)) {
        let moved = lock.waits.remove(from).expect("its place was just found");
        lock.waits.insert(to, moved);
        lock.wake();
    }
}

fn find_cycle(maps: &[MutexGuard<'_, LockMap>], start: &Arc<Wait>) -> Option<Vec<Step>> {
    if start.is_granted() {
        return None;
    }
    let mut visited = Vec::new();
    let mut path = Vec::new();
    follow(maps, start, start, &mut visited, &mut path).then_some(path)
}

/// Depth first: true once the owner of `start` is met again; `path` is then the way to it.
fn follow(
    maps: &[MutexGuard<'_, LockMap>],
    start: &Arc<Wait>,
    wait: &Arc<Wait>,
    visited: &mut Vec<u32>,
    path: &mut Vec<Step>,
) -> bool {
    visited.push(wait.owner.number());
    for (owner, soft_for) in blockers(maps, wait) {
        path.push(Step { wait: Arc::clone(wait), soft_for });
        if owner == start.owner.number() {
            return true;
        }
        if !visited.contains(&owner)
            && let Some(next) = wait_of(maps, owner)
            && follow(maps, start, &next, visited, path)
        {
            return true;
        }
        path.pop();
    }
    false
}

/// The owners that keep this wait waiting: holders first, then those in front of it in the queue.
fn blockers(maps: &[MutexGuard<'_, LockMap>], wait: &Arc<Wait>) -> Vec<(u32, Option<Arc<Wait>>)> {
    let Some(lock) = maps.iter().find_map(|map| map.get(&wait.tag)) else { return Vec::new() };
    let me = wait.owner.number();
    let holders = lock.grants.iter().filter(|g| g.owner.number() != me && wait.mode.conflicts_with_set(g.modes));
    let ahead = lock.waits.iter().take_while(|w| !Arc::ptr_eq(w, wait));
    let ahead = ahead.filter(|w| w.owner.number() != me && wait.mode.conflicts(w.mode));
    let hard = holders.map(|g| (g.owner.number(), None));
    hard.chain(ahead.map(|w| (w.owner.number(), Some(Arc::clone(w))))).collect()
}

/// What an owner waits for, if it does.
fn wait_of(maps: &[MutexGuard<'_, LockMap>], owner: u32) -> Option<Arc<Wait>> {
    let mut waits = maps.iter().flat_map(|map| map.values()).flat_map(|lock| &lock.waits);
    waits.find(|w| w.owner.number() == owner).cloned()
}

/// The first of the cycle's owners is the one that fails.
fn deadlock_error(cycle: &[Step]) -> report::Error {
    cycle[0].wait.owner.count_deadlock();
    let mut detail = String::new();
    for (at, step) in cycle.iter().enumerate() {
        let blocker = cycle[(at + 1) % cycle.len()].wait.owner.session();
        let wait = &step.wait;
        let line = format!(
            "Process {} waits for {} on {}; blocked by process {blocker}.",
            wait.owner.session(),
            wait.mode,
            wait.tag
        );
        let _ = write!(detail, "{}{line}", if at == 0 { "" } else { "\n" });
    }
    report::Error::new(SqlState::T_R_DEADLOCK_DETECTED, "deadlock detected")
        .detail(detail)
        .hint("See server log for query details.")
}

/// The sessions that keep a session's present wait waiting: `pg_blocking_pids()`.
pub(crate) fn blocking_sessions(shared: &Shared, session: base::SessionId) -> Vec<base::SessionId> {
    let maps = shared.lock_all();
    let waits = maps.iter().flat_map(|map| map.values()).flat_map(|lock| &lock.waits);
    let waits: Vec<Arc<Wait>> = waits.filter(|w| w.owner.session() == session).cloned().collect();
    let mut numbers: Vec<u32> = waits.iter().flat_map(|w| blockers(&maps, w)).map(|(owner, _)| owner).collect();
    numbers.dedup();
    drop(maps);
    let live = shared.live_owners();
    numbers.iter().filter_map(|n| live.iter().find(|o| o.number() == *n)).map(|o| o.session()).collect()
}
