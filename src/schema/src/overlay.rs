//! A transaction's own view of the catalogs: what it changed and has not committed.

use crate::caches::{CachedRows, RelationKey, RowKey, RowSlot};
use crate::invalidation::{Invalidation, Invalidations};
use crate::relation::RelationEntry;
use report::Result;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// What a transaction changed in the catalogs. It lives in the session; [`crate::Caches`] never sees uncommitted rows.
///
/// Life: empty at the transaction's start; every catalog write notes what it changes, here and in the transaction, which
/// takes the notes into its commit record and to [`crate::Caches`] (see [`crate::Caches::apply_payload`]); after commit or
/// rollback the session calls [`Overlay::clear`], after the rollback of a savepoint [`Overlay::reset_to`].
#[derive(Default)]
pub struct Overlay {
    changed: RefCell<Invalidations>,
    /// Grows with each change, and each time that changes are forgotten.
    version: Cell<u64>,
    /// Own versions of changed entries, read since the last change.
    rows: RefCell<HashMap<RowSlot, Arc<CachedRows>>>,
    relations: RefCell<HashMap<RelationKey, Arc<RelationEntry>>>,
}

impl Overlay {
    /// An overlay without changes.
    pub fn new() -> Overlay {
        Overlay::default()
    }

    /// True if the transaction changed no catalog.
    pub fn is_empty(&self) -> bool {
        self.changed.borrow().is_empty()
    }

    /// Two equal ones: the transaction has changed nothing in between, nor taken anything back.
    pub(crate) fn version(&self) -> u64 {
        self.version.get()
    }

    /// What to forget everywhere once the transaction is committed.
    pub fn invalidations(&self) -> Invalidations {
        self.changed.borrow().clone()
    }

    /// At the end of the transaction: forgets all changes.
    pub fn clear(&self) {
        if !self.is_empty() {
            self.version.set(self.version.get() + 1);
        }
        *self.changed.borrow_mut() = Invalidations::default();
        self.forget_versions();
    }

    /// After the rollback of a subtransaction: own versions are read again.
    pub fn forget_versions(&self) {
        self.rows.borrow_mut().clear();
        self.relations.borrow_mut().drain().for_each(|(_, entry)| entry.set_stale());
    }

    /// After the rollback of a subtransaction: what is left of the changes is what the transaction will tell at commit. Own
    /// versions are read again.
    ///
    /// What was rolled back must not stay noted: made again, it would not be told.
    pub fn reset_to(&self, payload: &[u8]) -> Result<()> {
        self.forget_versions();
        self.version.set(self.version.get() + 1);
        *self.changed.borrow_mut() = Invalidations::decode(payload)?;
        Ok(())
    }

    /// Notes a change; true if it was not noted before. Own versions read before it are forgotten.
    pub(crate) fn note(&self, invalidation: Invalidation) -> bool {
        self.forget_versions();
        self.version.set(self.version.get() + 1);
        self.changed.borrow_mut().add(invalidation)
    }

    pub(crate) fn covers_row(&self, key: RowKey<'_>) -> bool {
        let changed = self.changed.borrow();
        !changed.is_empty() && changed.covers_row(key.slot.database, key.slot.hash)
    }

    pub(crate) fn covers_relation(&self, key: RelationKey) -> bool {
        let changed = self.changed.borrow();
        !changed.is_empty() && changed.covers_relation(key.database, key.relation)
    }

    pub(crate) fn find_rows(&self, key: RowKey<'_>) -> Option<Arc<CachedRows>> {
        self.rows.borrow().get(&key.slot).filter(|found| found.is_of(key)).cloned()
    }

    pub(crate) fn add_rows(&self, key: RowKey<'_>, rows: Arc<CachedRows>) {
        self.rows.borrow_mut().insert(key.slot, rows);
    }

    pub(crate) fn find_relation(&self, key: RelationKey) -> Option<Arc<RelationEntry>> {
        self.relations.borrow().get(&key).cloned()
    }

    pub(crate) fn add_relation(&self, key: RelationKey, entry: Arc<RelationEntry>) {
        self.relations.borrow_mut().insert(key, entry);
    }
}
