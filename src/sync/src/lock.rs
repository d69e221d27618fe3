//! Mutex and read-write lock with a rank.

use crate::{ExclusiveMark, raw};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

/// A lock's place in the order in which locks are taken: only upwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rank {
    level: u16,
    may_repeat: bool,
    name: &'static str,
}

impl Rank {
    /// A rank of which a thread holds one lock at a time.
    pub const fn new(level: u16, name: &'static str) -> Rank {
        Rank { level, may_repeat: false, name }
    }

    /// A rank of which a thread may hold several (pages of an index, taken left to right); the order among them is their owner's care.
    pub const fn repeatable(level: u16, name: &'static str) -> Rank {
        Rank { level, may_repeat: true, name }
    }

    /// What it is called in messages.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// The ranks of the storage layers, lowest first. A crate above takes one below `STORAGE`, or between two of these.
pub mod rank {
    use super::Rank;

    /// Locks of the layers above storage (caches, sessions) lie below this level.
    pub const STORAGE: u16 = 1000;
    /// One checkpoint at a time.
    pub const CHECKPOINT: Rank = Rank::new(1100, "checkpoint");
    /// The control file's image.
    pub const CONTROL_FILE: Rank = Rank::new(5000, "control file");
    /// A page's content lock.
    pub const PAGE: Rank = Rank::repeatable(2000, "page content");
    /// Extension of a relation fork.
    pub const EXTEND: Rank = Rank::new(2200, "relation extension");
    /// A partition of the buffer table.
    pub const BUFFER_TABLE: Rank = Rank::new(3000, "buffer table partition");
    /// The frames that lost their pages.
    pub const FREED_FRAMES: Rank = Rank::new(3050, "freed frames");
    /// Who waits for the last pin of a page.
    pub const PIN_WAIT: Rank = Rank::new(3100, "pin waiters");
    /// A WAL insertion slot.
    pub const WAL_SLOT: Rank = Rank::repeatable(4000, "wal insertion slot");
    /// The WAL's reservation point.
    pub const WAL_RESERVE: Rank = Rank::new(4100, "wal reservation");
    /// Who writes WAL, and who waits for it.
    pub const WAL_FLUSH: Rank = Rank::new(4200, "wal flush queue");
    /// The WAL's segment files.
    pub const WAL_FILES: Rank = Rank::new(4300, "wal segment files");
    /// Whom to wake to write WAL.
    pub const WAL_WRITER: Rank = Rank::new(4400, "wal writer");
    /// A shard of the storage manager's fork table.
    pub const SMGR_TABLE: Rank = Rank::new(6000, "smgr table");
    /// A fork's open segment files.
    pub const SMGR_FORK: Rank = Rank::new(6100, "smgr fork");
    /// The list of files that await fsync.
    pub const SYNC_QUEUE: Rank = Rank::new(6200, "fsync requests");
    /// Nothing is taken under it.
    pub const LEAF: Rank = Rank::new(u16::MAX, "leaf");
}

/// Notes a hold of a rank for as long as it lives (debug builds; nothing otherwise). For locks made outside this crate.
#[derive(Debug)]
pub struct RankMark {
    #[cfg(debug_assertions)]
    level: u16,
}

impl RankMark {
    /// Checks the order: call it before blocking on the lock. Panics if a lock of higher rank is held.
    #[inline]
    pub fn new(rank: Rank) -> RankMark {
        #[cfg(debug_assertions)]
        crate::held::push_rank(rank.level, rank.name, rank.may_repeat);
        let _ = rank;
        RankMark {
            #[cfg(debug_assertions)]
            level: rank.level,
        }
    }

    /// For a lock that was only tried, which cannot deadlock; it still orders what is taken under it.
    #[inline]
    pub fn unchecked(rank: Rank) -> RankMark {
        #[cfg(debug_assertions)]
        crate::held::push_rank_unchecked(rank.level, rank.name);
        let _ = rank;
        RankMark {
            #[cfg(debug_assertions)]
            level: rank.level,
        }
    }
}

#[cfg(debug_assertions)]
impl Drop for RankMark {
    fn drop(&mut self) {
        crate::held::pop_rank(self.level);
    }
}

/// Mutual exclusion. No poisoning: see [`crate::catch`].
pub struct Mutex<T> {
    rank: Rank,
    inner: raw::Mutex<T>,
}

/// Access to what a [`Mutex`] protects.
pub struct MutexGuard<'a, T> {
    inner: raw::MutexGuard<'a, T>,
    _rank: RankMark,
    _mark: ExclusiveMark,
}

impl<T> Mutex<T> {
    /// A free mutex.
    pub fn new(rank: Rank, value: T) -> Mutex<T> {
        Mutex { rank, inner: raw::Mutex::new(value) }
    }

    /// The value, when nobody shares the mutex any more.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }

    /// Waits for it. Panics in debug builds if the thread holds a lock of higher rank.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let rank = RankMark::new(self.rank);
        MutexGuard { inner: self.inner.lock(), _rank: rank, _mark: ExclusiveMark::new() }
    }

    /// Takes it if it is free now.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let inner = self.inner.try_lock()?;
        Some(MutexGuard { inner, _rank: RankMark::unchecked(self.rank), _mark: ExclusiveMark::new() })
    }

    /// The value, for its only owner.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// A condition that holders of a [`Mutex`] wait for.
#[derive(Default)]
pub struct Condvar(raw::Condvar);

impl Condvar {
    /// Nobody waits.
    pub fn new() -> Condvar {
        Condvar(raw::Condvar::new())
    }

    /// Releases the mutex, sleeps until notified, takes the mutex again. May wake for no reason.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.0.wait(&mut guard.inner);
    }

    /// As `wait`, until a deadline. True if it passed.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, deadline: Instant) -> bool {
        self.0.wait_until(&mut guard.inner, deadline).timed_out()
    }

    /// Wakes one.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Many readers or one writer. Fair to writers: readers queue behind a waiting one.
pub struct RwLock<T> {
    rank: Rank,
    inner: raw::RwLock<T>,
}

/// Shared access to what a [`RwLock`] protects.
pub struct ReadGuard<'a, T> {
    inner: raw::RwLockReadGuard<'a, T>,
    _rank: RankMark,
}

/// Exclusive access to what a [`RwLock`] protects.
pub struct WriteGuard<'a, T> {
    inner: raw::RwLockWriteGuard<'a, T>,
    _rank: RankMark,
    _mark: ExclusiveMark,
}

impl<T> RwLock<T> {
    /// A free lock.
    pub fn new(rank: Rank, value: T) -> RwLock<T> {
        RwLock { rank, inner: raw::RwLock::new(value) }
    }

    /// Waits for shared access.
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, T> {
        let rank = RankMark::new(self.rank);
        ReadGuard { inner: self.inner.read(), _rank: rank }
    }

    /// Waits for exclusive access.
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, T> {
        let rank = RankMark::new(self.rank);
        WriteGuard { inner: self.inner.write(), _rank: rank, _mark: ExclusiveMark::new() }
    }

    /// The value, for its only owner.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mutex({})", self.rank.name)
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwLock({})", self.rank.name)
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar")
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    #[cfg(debug_assertions)]
    use crate::catch;

    const LOW: Rank = Rank::new(1, "low");
    const HIGH: Rank = Rank::new(2, "high");

    #[test]
    fn upwards_is_fine() {
        let (low, high) = (Mutex::new(LOW, 1), RwLock::new(HIGH, 2));
        let sum = *low.lock() + *high.read();
        assert_eq!(sum, 3);
        let held = low.lock();
        assert_eq!(*held + *high.write(), 3);
    }

    #[cfg(debug_assertions)]
    #[test]
    fn downwards_panics() {
        let (low, high) = (Mutex::new(LOW, 1), RwLock::new(HIGH, 2));
        let caught = catch(|| {
            let _high = high.read();
            drop(low.lock());
        })
        .expect_err("the order is broken");
        assert_eq!(caught.message, "lock order: taking low (rank 1) while holding high (rank 2)");
    }

    #[cfg(debug_assertions)]
    #[test]
    fn only_repeatable_ranks_repeat() {
        let (a, b) = (Mutex::new(LOW, ()), Mutex::new(LOW, ()));
        assert!(catch(|| drop((a.lock(), b.lock()))).is_err());
        let pages = Rank::repeatable(1, "pages");
        let (a, b) = (Mutex::new(pages, ()), Mutex::new(pages, ()));
        assert!(catch(|| drop((a.lock(), b.lock()))).is_ok());
    }
}
