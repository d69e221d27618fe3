//! The storage engine's parts in one bundle, and a statement's hold on them.

use crate::Relation;
use buffer::BufferPool;
use host::Clock;
use lock::{LockManager, LockMode, LockScope};
use report::Result;
use smgr::StorageManager;
use std::sync::Arc;
use wal::Wal;
use xact::{Transaction, TransactionManager};

/// What access methods work with. One for each instance.
pub struct Store {
    /// Pages in memory.
    pub buffers: Arc<BufferPool>,
    /// The write-ahead log.
    pub wal: Arc<Wal>,
    /// Relation files.
    pub smgr: Arc<StorageManager>,
    /// Transactions.
    pub xacts: Arc<TransactionManager>,
    /// Locks.
    pub locks: LockManager,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The store together with the transaction that works on it: what every writing call takes.
pub struct Access<'a> {
    /// The storage engine.
    pub store: &'a Arc<Store>,
    /// Who works.
    pub txn: &'a mut Transaction,
}

impl<'a> Access<'a> {
    /// Pairs the two.
    pub fn new(store: &'a Arc<Store>, txn: &'a mut Transaction) -> Access<'a> {
        Access { store, txn }
    }

    /// Locks a relation until the transaction ends.
    ///
    /// Errors: those of [`lock::LockOwner::acquire`].
    pub fn lock_relation(&self, relation: &Relation, mode: LockMode) -> Result<()> {
        self.txn.owner().acquire(relation.lock_tag(), mode, LockScope::Transaction).map(drop)
    }
}
