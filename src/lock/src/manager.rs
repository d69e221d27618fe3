//! Taking, waiting for and giving back locks.

use crate::owner::{Held, HeldLocks, OwnerHandle, OwnerShared, check_owner, sleep};
use crate::table::{LockMap, Wait};
use crate::{LockMark, LockMode, LockOwner, LockScope, LockTag, RowShares, SessionWaits, deadlock, limits, ranks};
use report::{Result, SqlState, bail};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::atomic::{AtomicU32, Ordering};
use sync::{Mutex, MutexGuard, WaitKind};

/// What became of a request that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acquired {
    /// It is held now.
    Granted,
    /// It was held already; the count went up.
    AlreadyHeld,
}

/// A lock that is given back when this is dropped, for what is held shorter than a transaction.
#[must_use = "it is held until this is dropped"]
pub struct LockGuard<'a> {
    owner: &'a LockOwner,
    tag: LockTag,
    mode: LockMode,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.owner.release(self.tag, self.mode, LockScope::Session);
    }
}

/// All heavyweight locks of an instance.
#[derive(Clone)]
pub struct LockManager(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    partitions: Vec<Mutex<LockMap>>,
    hasher: foldhash::fast::FixedState,
    /// For each hash class of relations, how many strong locks are held or wanted: while it is not zero, weak modes
    /// of that class do not take the fast path.
    strong: Vec<AtomicU32>,
    owners: Mutex<Owners>,
    rows: RowShares,
}

#[derive(Default)]
struct Owners {
    live: Vec<Option<Arc<OwnerShared>>>,
    free: Vec<u32>,
}

impl Default for LockManager {
    fn default() -> LockManager {
        LockManager::new()
    }
}

impl LockManager {
    /// An empty lock table.
    pub fn new() -> LockManager {
        LockManager(Arc::new(Shared {
            partitions: (0..limits::PARTITIONS).map(|_| Mutex::new(ranks::PARTITION, LockMap::default())).collect(),
            hasher: foldhash::fast::FixedState::default(),
            strong: (0..limits::STRONG_CLASSES).map(|_| AtomicU32::new(0)).collect(),
            owners: Mutex::new(ranks::OWNERS, Owners::default()),
            rows: RowShares::new(),
        }))
    }

    /// Enters a session or role as an owner of locks.
    pub fn register(&self, waits: SessionWaits) -> LockOwner {
        let mut owners = self.0.owners.lock();
        let number = owners.free.pop().unwrap_or_else(|| {
            owners.live.push(None);
            owners.live.len() as u32
        });
        let shared = Arc::new(OwnerShared::new(number, waits));
        owners.live[number as usize - 1] = Some(Arc::clone(&shared));
        LockOwner(Arc::new(OwnerHandle { manager: Arc::clone(&self.0), shared }))
    }

    /// The shared row locks (KEY SHARE, SHARE).
    pub fn rows(&self) -> &RowShares {
        &self.0.rows
    }
}

impl LockOwner {
    /// Takes a lock, waiting for it if need be.
    ///
    /// Errors: 40P01 if the wait is part of a deadlock, 55P03 after `lock_timeout`, those of
    /// [`LockOwner::check_interrupts`], 53200 if the table is full.
    /// Locks: its own only; a caller holds no page and no lock of rank [`ranks::OWNER`] or above.
    pub fn acquire(&self, tag: LockTag, mode: LockMode, scope: LockScope) -> Result<Acquired> {
        match self.0.manager.request(&self.0.shared, (tag, mode, scope), true)? {
            Request::Done(acquired) => Ok(acquired),
            Request::Queued(wait) => self.0.manager.wait_for(&wait, scope),
            Request::Busy => unreachable!("who waits is queued"),
        }
    }

    /// Takes a lock for as long as the guard lives, waiting for it if need be. A transaction's end does not give it back.
    ///
    /// Errors: those of [`LockOwner::acquire`].
    pub fn acquire_guard(&self, tag: LockTag, mode: LockMode) -> Result<LockGuard<'_>> {
        self.acquire(tag, mode, LockScope::Session)?;
        Ok(LockGuard { owner: self, tag, mode })
    }

    /// Takes a lock if it is free: `None` if it is not.
    ///
    /// Errors: 53200 if the table is full.
    pub fn try_acquire(&self, tag: LockTag, mode: LockMode, scope: LockScope) -> Result<Option<Acquired>> {
        match self.0.manager.request(&self.0.shared, (tag, mode, scope), false)? {
            Request::Done(acquired) => Ok(Some(acquired)),
            Request::Queued(_) => unreachable!("who does not wait is not queued"),
            Request::Busy => Ok(None),
        }
    }

    /// Gives a lock back once. False if it was not held in this mode and scope.
    pub fn release(&self, tag: LockTag, mode: LockMode, scope: LockScope) -> bool {
        let mut held = self.0.shared.held.lock();
        if scope == LockScope::Transaction
            && let Some(at) = held.order.iter().rposition(|entry| *entry == (tag, mode))
        {
            held.order.remove(at);
        }
        self.0.manager.release_one(&self.0.shared, &mut held, (tag, mode, scope))
    }

    /// Gives back the transaction's locks that were taken after `mark`: ROLLBACK TO SAVEPOINT.
    pub fn release_to(&self, mark: LockMark) {
        self.0.manager.release_from(&self.0.shared, mark.0);
    }

    /// Gives back all of the transaction's locks; session locks stay.
    pub fn release_transaction(&self) {
        self.0.manager.release_from(&self.0.shared, 0);
    }

    /// Gives back the session's advisory locks: `pg_advisory_unlock_all()`.
    pub fn release_session_advisory(&self) {
        let mut held = self.0.shared.held.lock();
        let tags: Vec<LockTag> = held.map.iter().map(|(tag, _)| *tag).filter(|t| t.kind() == "advisory").collect();
        for tag in tags {
            for mode in LockMode::ALL {
                while self.0.manager.release_one(&self.0.shared, &mut held, (tag, mode, LockScope::Session)) {}
            }
        }
    }

    /// The transaction's locks, in the order they were taken, each once.
    pub fn transaction_locks(&self) -> Vec<(LockTag, LockMode)> {
        let mut locks = Vec::new();
        for lock in &self.0.shared.held.lock().order {
            if !locks.contains(lock) {
                locks.push(*lock);
            }
        }
        locks
    }

    /// Hands the transaction's locks to another owner: PREPARE TRANSACTION. Both hold each for a moment: nobody slips in between.
    pub fn transfer_transaction(&self, to: &LockOwner) {
        let order = std::mem::take(&mut self.0.shared.held.lock().order);
        for (tag, mode) in order {
            let request = (tag, mode, LockScope::Transaction);
            self.0.manager.move_grant(&self.0.shared, &to.0.shared, request);
        }
    }
}

/// Tag, mode and scope of a request.
type Wanted = (LockTag, LockMode, LockScope);

enum Request {
    Done(Acquired),
    Queued(Arc<Wait>),
    /// It is not to be had now, and the owner does not wait.
    Busy,
}

impl Shared {
    fn hash(&self, tag: &LockTag) -> u64 {
        self.hasher.hash_one(tag)
    }

    fn partition(&self, tag: &LockTag) -> &Mutex<LockMap> {
        &self.partitions[self.hash(tag) as usize % limits::PARTITIONS]
    }

    fn strong_class(&self, tag: &LockTag) -> &AtomicU32 {
        &self.strong[(self.hash(tag) >> 16) as usize % limits::STRONG_CLASSES]
    }

    /// Every partition, locked in order: for the deadlock search and listings.
    pub(crate) fn lock_all(&self) -> Vec<MutexGuard<'_, LockMap>> {
        self.partitions.iter().map(Mutex::lock).collect()
    }

    /// The owners now registered.
    pub(crate) fn live_owners(&self) -> Vec<Arc<OwnerShared>> {
        self.owners.lock().live.iter().flatten().cloned().collect()
    }

    fn request(&self, owner: &Arc<OwnerShared>, (tag, mode, scope): Wanted, waits: bool) -> Result<Request> {
        let strong = tag.is_relation() && mode.is_strong() && !owner_holds(owner, &tag, mode);
        if strong {
            self.strong_class(&tag).fetch_add(1, Ordering::SeqCst);
            self.move_fast_locks(&tag)?;
        }
        let mut held = owner.held.lock();
        if held.map.get(&tag).is_some_and(|h| h.count(mode) > 0) {
            note(&mut held, (tag, mode, scope));
            return Ok(Request::Done(Acquired::AlreadyHeld));
        }
        let fast = tag.is_relation() && mode.is_weak();
        if fast && self.strong_class(&tag).load(Ordering::SeqCst) == 0 {
            note(&mut held, (tag, mode, scope)).fast |= mode.bit();
            return Ok(Request::Done(Acquired::Granted));
        }
        let request = self.request_in_table(owner, (tag, mode), waits);
        match &request {
            Ok(Request::Done(_)) => {
                note(&mut held, (tag, mode, scope));
            }
            Ok(Request::Busy) | Err(_) if strong => {
                self.strong_class(&tag).fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
        request
    }

    fn request_in_table(
        &self,
        owner: &Arc<OwnerShared>,
        (tag, mode): (LockTag, LockMode),
        waits: bool,
    ) -> Result<Request> {
        let mut map = self.partition(&tag).lock();
        if map.len() >= limits::LOCKS_PER_PARTITION_MAX && !map.contains_key(&tag) {
            bail!(OUT_OF_MEMORY, "out of shared memory");
        }
        let lock = map.entry(tag).or_default();
        let place = lock.place_in_queue(owner);
        if lock.is_free(owner, mode, place) {
            lock.grant(owner, mode);
            return Ok(Request::Done(Acquired::Granted));
        }
        if !waits {
            return Ok(Request::Busy);
        }
        let wait = Wait::new(owner, tag, mode);
        // Before anybody else can queue up: of two that would close a cycle the second is refused, and only that one.
        deadlock::refuse_at_once(lock, &wait)?;
        lock.waits.insert(place, Arc::clone(&wait));
        Ok(Request::Queued(wait))
    }

    /// Moves what owners hold of this relation on the fast path to the shared table, where a strong mode can see it.
    fn move_fast_locks(&self, tag: &LockTag) -> Result<()> {
        for owner in self.live_owners() {
            let mut held = owner.held.lock();
            let Some(entry) = held.map.get_mut(tag).filter(|entry| entry.fast != 0) else { continue };
            let mut map = self.partition(tag).lock();
            let lock = map.entry(*tag).or_default();
            for mode in LockMode::ALL.into_iter().filter(|mode| entry.fast & mode.bit() != 0) {
                lock.grant(&owner, mode);
            }
            entry.fast = 0;
        }
        Ok(())
    }

    fn wait_for(&self, wait: &Arc<Wait>, scope: LockScope) -> Result<Acquired> {
        match self.sleep_until_granted(wait) {
            Ok(()) => {
                self.note_held(wait, scope);
                Ok(Acquired::Granted)
            }
            Err(error) => {
                self.give_up(wait);
                Err(error)
            }
        }
    }

    fn sleep_until_granted(&self, wait: &Arc<Wait>) -> Result<()> {
        let owner = &wait.owner;
        let start = Instant::now();
        let (lock_timeout, deadlock_timeout) = (owner.lock_timeout(), owner.deadlock_timeout());
        let mut searched = false;
        loop {
            if wait.is_granted() {
                if searched {
                    crate::wait_log::acquired(wait, start.elapsed());
                }
                return Ok(());
            }
            if owner.interrupts().pending() {
                check_owner(owner)?;
            }
            let waited = start.elapsed();
            if lock_timeout.is_some_and(|limit| waited >= limit) {
                bail!(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout");
            }
            if !searched && waited >= deadlock_timeout {
                searched = true;
                deadlock::search(self, wait)?;
                crate::wait_log::still_waiting(self, wait, start.elapsed());
                continue;
            }
            let next = next_deadline(lock_timeout, (!searched).then_some(deadlock_timeout));
            sleep(owner, WaitKind::Lock(wait.tag.kind()), next.map(|at| at.saturating_sub(waited)));
        }
    }

    /// Enters a lock that was waited for into the owner's own list.
    fn note_held(&self, wait: &Wait, scope: LockScope) {
        note(&mut wait.owner.held.lock(), (wait.tag, wait.mode, scope));
    }

    /// Leaves the queue, or gives back what was granted meanwhile.
    fn give_up(&self, wait: &Arc<Wait>) {
        let mut map = self.partition(&wait.tag).lock();
        if let Some(lock) = map.get_mut(&wait.tag) {
            match wait.is_granted() {
                true => lock.ungrant(&wait.owner, wait.mode),
                // The victim of a deadlock has left it already.
                false => lock.cancel(wait),
            }
            if lock.is_unused() {
                map.remove(&wait.tag);
            }
        }
        drop(map);
        self.forget_strong(&wait.tag, wait.mode);
    }

    fn forget_strong(&self, tag: &LockTag, mode: LockMode) {
        if tag.is_relation() && mode.is_strong() {
            self.strong_class(tag).fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn ungrant(&self, owner: &OwnerShared, tag: &LockTag, mode: LockMode) {
        let mut map = self.partition(tag).lock();
        if let Some(lock) = map.get_mut(tag) {
            lock.ungrant(owner, mode);
            if lock.is_unused() {
                map.remove(tag);
            }
        }
    }

    fn release_one(&self, owner: &OwnerShared, held: &mut HeldLocks, (tag, mode, scope): Wanted) -> bool {
        let Some(entry) = held.map.get_mut(&tag) else { return false };
        let counter = entry.counter(mode, scope);
        if *counter == 0 {
            return false;
        }
        *counter -= 1;
        if entry.count(mode) > 0 {
            return true;
        }
        let was_fast = entry.fast & mode.bit() != 0;
        entry.fast &= !mode.bit();
        if entry.modes() == 0 {
            held.map.remove(&tag);
        }
        if !was_fast {
            self.ungrant(owner, &tag, mode);
            self.forget_strong(&tag, mode);
        }
        true
    }

    fn release_from(&self, owner: &OwnerShared, mark: usize) {
        let mut held = owner.held.lock();
        while held.order.len() > mark {
            let (tag, mode) = held.order.pop().expect("it is longer than the mark");
            self.release_one(owner, &mut held, (tag, mode, LockScope::Transaction));
        }
    }

    /// Gives back everything: the owner is gone.
    pub(crate) fn release_every(&self, owner: &OwnerShared) {
        self.release_from(owner, 0);
        let mut held = owner.held.lock();
        let all: Vec<(LockTag, Held)> = held.map.take_all();
        for (tag, entry) in all {
            for mode in LockMode::ALL.into_iter().filter(|m| entry.count(*m) > 0 && entry.fast & m.bit() == 0) {
                self.ungrant(owner, &tag, mode);
                self.forget_strong(&tag, mode);
            }
        }
    }

    pub(crate) fn forget_owner(&self, owner: &OwnerShared) {
        let mut owners = self.owners.lock();
        owners.live[owner.number() as usize - 1] = None;
        owners.free.push(owner.number());
    }

    fn move_grant(&self, from: &Arc<OwnerShared>, to: &Arc<OwnerShared>, wanted: Wanted) {
        let (tag, mode, _) = wanted;
        {
            // Both grants stand for a moment: nobody can slip in between.
            let mut map = self.partition(&tag).lock();
            map.entry(tag).or_default().grant(to, mode);
        }
        if tag.is_relation() && mode.is_strong() {
            self.strong_class(&tag).fetch_add(1, Ordering::SeqCst);
        }
        note(&mut to.held.lock(), wanted);
        self.release_one(from, &mut from.held.lock(), wanted);
    }
}

fn owner_holds(owner: &OwnerShared, tag: &LockTag, mode: LockMode) -> bool {
    owner.held.lock().map.get(tag).is_some_and(|h| h.count(mode) > 0)
}

fn note(held: &mut HeldLocks, (tag, mode, scope): Wanted) -> &mut Held {
    if scope == LockScope::Transaction {
        held.order.push((tag, mode));
    }
    let entry = held.map.get_or_new(tag);
    *entry.counter(mode, scope) += 1;
    entry
}

fn next_deadline(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The error of a request that may not wait: 55P03 with this message.
pub fn not_available(message: impl Into<String>) -> report::Error {
    report::Error::new(SqlState::LOCK_NOT_AVAILABLE, message)
}
