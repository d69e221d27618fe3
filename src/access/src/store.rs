//! The storage engine's parts in one bundle, and a statement's hold on them.

use crate::pace::Pace;
use crate::{CostLimits, PageCounts, Persistence, Relation};
use base::{BlockNumber, Fork, RelFork};
use buffer::{BufferPool, BulkRing, Origin, PageEvent, PageOwner, Pin, Used, WriteGuard};
use host::Clock;
use lock::{LockManager, LockMode, LockOwner, LockScope};
use report::Result;
use smgr::StorageManager;
use std::sync::Arc;
use sync::atomic::{AtomicU64, Ordering};
use sync::{WaitHooks, WaitKind};
use wal::{BULK_PIECE_BYTES, Wal};
use xact::{Transaction, Transactions};

/// What access methods work with: the instance's engine, as a session has it.
pub struct Store {
    /// Pages in memory.
    pub buffers: Arc<BufferPool>,
    /// The write-ahead log.
    pub wal: Arc<Wal>,
    /// Relation files.
    pub smgr: Arc<StorageManager>,
    /// Transactions.
    pub xacts: Transactions,
    /// Locks.
    pub locks: LockManager,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Pages asked for, by relation, if this is a session's.
    pub pages: Option<Box<PageCounts>>,
    /// What the session had put into the log when it was last looked whether it is to be held back.
    pub logged: LoggedMark,
}

impl Store {
    /// The same engine for a session, which has its own counts, and whose `waits` are told of what it sleeps for.
    pub fn of_session(&self, waits: Arc<dyn WaitHooks>) -> Store {
        Store {
            buffers: Arc::new(self.buffers.handle(waits)),
            wal: Arc::clone(&self.wal),
            smgr: Arc::clone(&self.smgr),
            xacts: self.xacts.of_session(),
            locks: self.locks.clone(),
            clock: Arc::clone(&self.clock),
            pages: Some(Box::default()),
            logged: LoggedMark::default(),
        }
    }

    /// Pins a page of a relation.
    ///
    /// Errors: as [`BufferPool::read`].
    #[inline]
    pub fn read(&self, relation: &Relation, block: BlockNumber) -> Result<Pin> {
        self.read_fork(relation, Fork::Main, block)
    }

    /// As `read`, of another fork.
    #[inline]
    pub fn read_fork(&self, relation: &Relation, fork: Fork, block: BlockNumber) -> Result<Pin> {
        let (pin, origin) = self.buffers.fetch(relation.fork(fork), block, None)?;
        self.count(relation, origin);
        Ok(pin)
    }

    /// As `read`, for a scan that uses the frames of a ring if it has one.
    pub fn read_bulk(&self, relation: &Relation, block: BlockNumber, ring: Option<&mut BulkRing>) -> Result<Pin> {
        let (pin, origin) = self.buffers.fetch(relation.main_fork(), block, ring)?;
        self.count(relation, origin);
        Ok(pin)
    }

    /// As `read_fork`, for who had the page the last time as well: it counts as if he had kept it.
    #[inline]
    pub fn read_again(&self, relation: &Relation, fork: Fork, block: BlockNumber) -> Result<Pin> {
        self.buffers.read(relation.fork(fork), block)
    }

    /// Adds a page to a relation: see [`BufferPool::extend`].
    pub fn extend(&self, relation: &Relation) -> Result<WriteGuard> {
        let guard = self.buffers.extend(relation.main_fork())?;
        self.count_new(relation);
        Ok(guard)
    }

    /// A page that is to be written anew: see [`BufferPool::read_zeroed`].
    pub fn read_zeroed(&self, relation: &Relation, fork: Fork, block: BlockNumber) -> Result<WriteGuard> {
        let guard = self.buffers.read_zeroed(RelFork { file: relation.file, fork }, block)?;
        self.count_new(relation);
        Ok(guard)
    }

    /// Marks a page of a relation changed without a record, as its changes are not logged or may be lost in a crash.
    pub fn mark_dirty_unlogged(&self, relation: &Relation, guard: &mut WriteGuard) {
        self.buffers.mark_dirty_unlogged(guard, owner_of(relation));
    }

    /// Marks a page of a relation changed in hints only: see [`BufferPool::mark_dirty_hint`].
    pub fn mark_dirty_hint(&self, relation: &Relation, guard: &mut WriteGuard) -> Result<()> {
        self.buffers.mark_dirty_hint(guard, relation.durability(), owner_of(relation))
    }

    /// Waits if the session, whose locks `owner` has, makes much log and the disk does not keep up: see [`Wal::hold_back`]. For loops that may change
    /// much; the caller has no page locked.
    ///
    /// Errors: as [`Wal::flush`].
    #[inline]
    pub fn hold_back(&self, owner: &LockOwner) -> Result<()> {
        let logged = self.buffers.usage().get(Used::WalBytes);
        if logged.wrapping_sub(self.logged.0.load(Ordering::Relaxed)) < BULK_PIECE_BYTES {
            return Ok(());
        }
        self.logged.0.store(logged, Ordering::Relaxed);
        self.wal.hold_back(owner.interrupts(), owner.hooks())
    }

    #[inline]
    fn count(&self, relation: &Relation, origin: Origin) {
        if let Some(pages) = &self.pages {
            self.buffers.usage().add_page(owner_of(relation), PageEvent::from(origin));
            pages.count(relation.statistics_key(), origin);
        }
    }

    /// A page that was not there counts as asked for and not found, and as written.
    fn count_new(&self, relation: &Relation) {
        if let Some(pages) = &self.pages {
            self.buffers.usage().add_page(owner_of(relation), PageEvent::Written);
            pages.count(relation.statistics_key(), Origin::File);
        }
    }
}

#[inline]
fn owner_of(relation: &Relation) -> PageOwner {
    match relation.persistence {
        Persistence::Temporary => PageOwner::Local,
        Persistence::Permanent | Persistence::Unlogged => PageOwner::Shared,
    }
}

/// A number of bytes that a session has put into the log. Only its own thread uses it.
#[derive(Debug, Default)]
pub struct LoggedMark(AtomicU64);

/// The store together with the transaction that works on it: what every writing call takes.
pub struct Access<'a> {
    /// The storage engine.
    pub store: &'a Arc<Store>,
    /// Who works.
    pub txn: &'a mut Transaction,
    /// How fast work goes that others are not to feel; none: as fast as it can.
    pace: Option<Box<Pace>>,
}

impl<'a> Access<'a> {
    /// Pairs the two.
    pub fn new(store: &'a Arc<Store>, txn: &'a mut Transaction) -> Access<'a> {
        Access { store, txn, pace: None }
    }

    /// From now on [`Access::pause_point`] pauses.
    pub fn set_pace(&mut self, costs: CostLimits) {
        self.pace = Some(Box::new(Pace::begin(costs, &self.store.buffers.usage().counts())));
    }

    /// A point of long work where it can end, pause if it has a pace, and wait for the disk if it makes much log. No page is locked by the caller.
    ///
    /// Errors: those of [`Transaction::check_interrupts`] and [`Store::hold_back`].
    pub fn pause_point(&mut self) -> Result<()> {
        self.txn.check_interrupts()?;
        let counts = || self.store.buffers.usage().counts();
        if let Some(pause) = self.pace.as_mut().and_then(|pace| pace.take_pause(&counts())) {
            self.txn.owner().sleep(WaitKind::Timeout("VacuumDelay"), Some(pause));
            self.txn.check_interrupts()?;
        }
        self.store.hold_back(self.txn.owner())
    }

    /// Locks a relation until the transaction ends.
    ///
    /// Errors: those of [`lock::LockOwner::acquire`].
    pub fn lock_relation(&self, relation: &Relation, mode: LockMode) -> Result<()> {
        self.txn.owner().acquire(relation.lock_tag(), mode, LockScope::Transaction).map(drop)
    }
}
