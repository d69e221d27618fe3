//! The caches that all sessions of an instance share.

use crate::invalidation::{Invalidation, Invalidations};
use crate::key::{KeyHash, hash_key, same_key};
use crate::limits::{RELATIONS_PER_SHARD_MAX, ROWS_PER_SHARD_MAX};
use crate::relation::RelationEntry;
use crate::system_table::SystemTable;
use crate::versioned::{Spread, Stamp, VersionedMap};
use access::{IndexAm, TableAm};
use base::{Csn, Oid};
use catalog::{CacheId, Relation};
use report::Result;
use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tuple::Datum;
use xact::CommitHook;

/// Which rows an entry of the row cache holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowKey<'a> {
    pub cache: CacheId,
    /// All of the cache's key columns, or the first ones: then the entry is a list.
    pub key: &'a [Datum],
    pub slot: RowSlot,
}

/// What the row cache knows about a key: the rows, possibly none (a negative entry).
pub(crate) struct CachedRows {
    cache: CacheId,
    key: Vec<Datum>,
    slot: RowSlot,
    /// An `Arc<[Arc<R>]>` of the catalog's row type.
    pub rows: Box<dyn Any + Send + Sync>,
}

impl CachedRows {
    pub(crate) fn new(key: RowKey<'_>, rows: Box<dyn Any + Send + Sync>) -> CachedRows {
        CachedRows { cache: key.cache, key: key.key.to_vec(), slot: key.slot, rows }
    }

    pub(crate) fn is_of(&self, key: RowKey<'_>) -> bool {
        self.cache == key.cache && self.slot.database == key.slot.database && same_key(&self.key, key.key)
    }
}

/// A relation's place in the relation cache: its database (zero if shared) and object id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RelationKey {
    pub database: Oid,
    pub relation: Oid,
}

impl Spread for RelationKey {
    fn spread(&self) -> u64 {
        u64::from(self.relation.0)
    }
}

/// A row's place in the row cache. The database is beside the hash so that it can be forgotten as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RowSlot {
    pub database: Oid,
    pub hash: KeyHash,
}

impl Spread for RowSlot {
    fn spread(&self) -> u64 {
        self.hash.0
    }
}

/// System caches and relation entries of all databases, shared by all sessions.
///
/// What it holds is committed; a transaction's own changes are in its [`crate::Overlay`]. Locks: finding takes none.
pub struct Caches {
    rows: VersionedMap<RowSlot, CachedRows>,
    relations: VersionedMap<RelationKey, RelationEntry>,
    system_tables: VersionedMap<RelationKey, SystemTable>,
    methods: Option<AccessMethods>,
    changes: AtomicU64,
    /// A number that no other instance's caches have, for sessions that live through a crash.
    origin: u64,
}

/// How tables and indexes are stored: `heap::AM` and `btree::AM`. Named by who makes the instance.
#[derive(Clone, Copy)]
pub struct AccessMethods {
    /// Of tables.
    pub table: &'static dyn TableAm,
    /// Of indexes.
    pub index: &'static dyn IndexAm,
}

impl CommitHook for Caches {
    fn committed(&self, _csn: Csn, payload: &[u8]) {
        let _for_all = memory::Aside::begin();
        if self.apply_payload(payload).is_err() {
            // Our own bytes cannot be damaged in memory; should they be, forgetting everything is always right.
            self.apply(&Invalidations::of(Invalidation::Database { database: Oid::INVALID }));
        }
    }
}

impl Caches {
    /// Empty caches over tables and indexes that are stored so.
    pub fn new(methods: AccessMethods) -> Caches {
        Caches { methods: Some(methods), ..Caches::without_storage() }
    }

    /// Empty caches for tables in memory.
    pub fn without_storage() -> Caches {
        Caches {
            system_tables: VersionedMap::new(RELATIONS_PER_SHARD_MAX),
            methods: None,
            rows: VersionedMap::new(ROWS_PER_SHARD_MAX),
            relations: VersionedMap::new(RELATIONS_PER_SHARD_MAX),
            changes: AtomicU64::new(0),
            origin: RandomState::new().hash_one(0),
        }
    }

    /// Which instance's caches they are.
    pub(crate) fn origin(&self) -> u64 {
        self.origin
    }

    /// Counts the commits that changed catalogs: who depends on catalog content and finds the same number may go on
    /// without looking closer.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Forgets what a committed transaction changed. To be called after its commit number is published and before its
    /// locks are released.
    pub fn apply(&self, invalidations: &Invalidations) {
        for invalidation in invalidations.iter() {
            self.forget(*invalidation);
        }
        if !invalidations.is_empty() {
            self.changes.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// As `apply`, from a commit record's payload: what `xact`'s commit hook hands over. Errors: XX001 if it is damaged.
    pub fn apply_payload(&self, payload: &[u8]) -> Result<()> {
        self.apply(&Invalidations::decode(payload)?);
        Ok(())
    }

    fn forget(&self, invalidation: Invalidation) {
        match invalidation {
            Invalidation::Row { database, hash } => {
                self.rows.invalidate(&RowSlot { database, hash });
            }
            Invalidation::Relation { database, relation } => {
                let old = self.relations.invalidate(&RelationKey { database, relation });
                old.iter().for_each(|entry| entry.set_stale());
            }
            Invalidation::Database { database } => {
                let of = |d: Oid| !database.is_valid() || d == database;
                self.rows.invalidate_where(|slot| of(slot.database));
                self.system_tables.invalidate_where(|key| of(key.database));
                let old = self.relations.invalidate_where(|key| of(key.database));
                old.iter().for_each(|entry| entry.set_stale());
            }
        }
    }

    /// Rows and relations held.
    pub fn sizes(&self) -> (usize, usize) {
        (self.rows.len(), self.relations.len())
    }

    pub(crate) fn find_rows(&self, key: RowKey<'_>) -> Option<Arc<CachedRows>> {
        self.rows.find(&key.slot).filter(|found| found.is_of(key))
    }

    pub(crate) fn rows_stamp(&self, key: RowKey<'_>) -> Stamp {
        self.rows.stamp(&key.slot)
    }

    pub(crate) fn add_rows(&self, rows: Arc<CachedRows>, stamp: Stamp) {
        self.rows.add(rows.slot, rows, stamp);
    }

    pub(crate) fn find_relation(&self, key: &RelationKey) -> Option<Arc<RelationEntry>> {
        self.relations.find(key)
    }

    pub(crate) fn relation_stamp(&self, key: &RelationKey) -> Stamp {
        self.relations.stamp(key)
    }

    /// How tables and indexes are stored, `None` over tables in memory.
    pub fn methods(&self) -> Option<AccessMethods> {
        self.methods
    }

    /// The files of a catalog, which never change.
    pub(crate) fn system_table(&self, relation: &'static Relation, database: Oid) -> Arc<SystemTable> {
        let key = RelationKey { database, relation: relation.oid };
        if let Some(found) = self.system_tables.find(&key) {
            return found;
        }
        let _for_all = memory::Aside::begin();
        let methods = self.methods.expect("catalogs in heap tables need access methods");
        let stamp = self.system_tables.stamp(&key);
        let table = Arc::new(SystemTable::new(relation, database, methods));
        self.system_tables.add(key, Arc::clone(&table), stamp);
        table
    }

    pub(crate) fn add_relation(&self, key: RelationKey, entry: Arc<RelationEntry>, stamp: Stamp) {
        self.relations.add(key, entry, stamp);
    }
}

impl<'a> RowKey<'a> {
    /// The key of an entry; `database` is ignored for shared catalogs.
    pub(crate) fn new(cache: CacheId, database: Oid, key: &'a [Datum]) -> RowKey<'a> {
        let database = if cache.cache().relation.shared { Oid::INVALID } else { database };
        RowKey { cache, key, slot: RowSlot { database, hash: hash_key(cache, database, key) } }
    }
}
