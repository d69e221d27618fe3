//! Shared row locks: KEY SHARE and SHARE.
//!
//! An exclusive row lock is the row version's xmax. Shared ones have many holders, so they are kept here, by row
//! version and holder's xid, and vanish with their transactions. Who looks and who enters does so while holding the
//! content lock of the row's page (a reader shared, a changer exclusive), so that neither misses the other. A
//! conflicting transaction is waited for by its transaction lock.
//!
//! An update that leaves the key alone may go on under KEY SHARE; it hands the holders on to the new version
//! (`inherit`), as PostgreSQL copies its multixact.

use crate::{limits, ranks};
use base::{RelFile, Tid, Xid};
use report::{Result, bail};
use std::hash::BuildHasher;
use sync::Mutex;
use sync::atomic::{AtomicUsize, Ordering};

/// A row version of a table's file.
pub type RowKey = (RelFile, Tid);

/// The strength of a row lock that is kept here. The exclusive kinds are here only when their holder's own subtransaction
/// has overwritten them in the row version: they count again should it roll back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RowShare {
    /// FOR KEY SHARE: excludes deletes and changes of key columns.
    Key,
    /// FOR SHARE: excludes every change.
    Row,
    /// FOR NO KEY UPDATE.
    NoKeyUpdate,
    /// FOR UPDATE.
    Update,
}

/// Who has locked a row version, and how strongly.
type Shares = Vec<(Xid, RowShare)>;

type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

/// All shared row locks of an instance.
pub struct RowShares {
    rows: Vec<Mutex<Map<RowKey, Shares>>>,
    holders: Vec<Mutex<Map<Xid, Vec<RowKey>>>>,
    hasher: foldhash::fast::FixedState,
    /// How many row versions are locked: while it is zero nobody looks further.
    count: AtomicUsize,
}

impl RowShare {
    /// All of them, weakest first.
    pub const ALL: [RowShare; 4] = [RowShare::Key, RowShare::Row, RowShare::NoKeyUpdate, RowShare::Update];
}

impl RowShares {
    pub(crate) fn new() -> RowShares {
        RowShares {
            rows: (0..limits::PARTITIONS).map(|_| Mutex::new(ranks::ROWS, Map::default())).collect(),
            holders: (0..limits::PARTITIONS).map(|_| Mutex::new(ranks::ROW_HOLDERS, Map::default())).collect(),
            hasher: foldhash::fast::FixedState::default(),
            count: AtomicUsize::new(0),
        }
    }

    fn rows_of(&self, key: &RowKey) -> &Mutex<Map<RowKey, Shares>> {
        &self.rows[self.hasher.hash_one(key) as usize % limits::PARTITIONS]
    }

    fn holder(&self, xid: Xid) -> &Mutex<Map<Xid, Vec<RowKey>>> {
        &self.holders[xid.0 as usize % limits::PARTITIONS]
    }

    /// Locks a row version for a transaction. The caller holds the page's content lock.
    ///
    /// Errors: 53200 if the table is full.
    pub fn lock(&self, key: RowKey, xid: Xid, share: RowShare) -> Result<()> {
        let mut rows = self.rows_of(&key).lock();
        if rows.len() >= limits::ROWS_PER_PARTITION_MAX {
            bail!(OUT_OF_MEMORY, "out of shared memory");
        }
        let shares = rows.entry(key).or_default();
        if shares.is_empty() {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
        match shares.iter_mut().find(|(holder, _)| *holder == xid) {
            Some((_, held)) => *held = share.max(*held),
            None => {
                self.holder(xid).lock().entry(xid).or_default().push(key);
                shares.push((xid, share));
            }
        }
        Ok(())
    }

    /// The holders of a row version that `matter` to the caller. The caller holds the page's content lock.
    #[inline]
    pub fn holders(&self, key: RowKey, matter: impl Fn(Xid, RowShare) -> bool) -> Vec<Xid> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let rows = self.rows_of(&key).lock();
        let all = rows.get(&key).into_iter().flatten();
        all.filter(|(xid, held)| matter(*xid, *held)).map(|(xid, _)| *xid).collect()
    }

    /// Gives the holders of an old row version the new one too. The caller holds the content lock of both pages.
    pub fn inherit(&self, old: RowKey, new: RowKey) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let shares = self.rows_of(&old).lock().get(&old).cloned().unwrap_or_default();
        for (xid, share) in shares {
            let mut rows = self.rows_of(&new).lock();
            // A holder that ended meanwhile has taken its list away: nothing of it may be entered any more.
            let mut holders = self.holder(xid).lock();
            let Some(keys) = holders.get_mut(&xid) else { continue };
            keys.push(new);
            let entry = rows.entry(new).or_default();
            if entry.is_empty() {
                self.count.fetch_add(1, Ordering::SeqCst);
            }
            entry.push((xid, share));
        }
    }

    /// What a transaction or subtransaction has locked, in order.
    pub fn held_by(&self, xid: Xid) -> Vec<(RowKey, RowShare)> {
        let mut keys = self.holder(xid).lock().get(&xid).cloned().unwrap_or_default();
        keys.sort_unstable();
        keys.dedup();
        let share_of = |key: RowKey| {
            let rows = self.rows_of(&key).lock();
            let shares = rows.get(&key)?;
            shares.iter().find(|(holder, _)| *holder == xid).map(|(_, share)| (key, *share))
        };
        keys.into_iter().filter_map(share_of).collect()
    }

    /// Gives back everything that a transaction or subtransaction locked. The caller holds no page.
    pub fn end(&self, xid: Xid) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let Some(keys) = self.holder(xid).lock().remove(&xid) else { return };
        for key in keys {
            let mut rows = self.rows_of(&key).lock();
            let Some(shares) = rows.get_mut(&key) else { continue };
            shares.retain(|(holder, _)| *holder != xid);
            if shares.is_empty() {
                rows.remove(&key);
                self.count.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use base::{DEFAULT_TABLESPACE, Oid};

    fn key(offset: u16) -> RowKey {
        (RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(1), number: 2 }, Tid::new(0, offset))
    }

    #[test]
    fn holders_are_found_inherited_and_forgotten() {
        let rows = RowShares::new();
        rows.lock(key(1), Xid(10), RowShare::Key).unwrap();
        rows.lock(key(1), Xid(11), RowShare::Row).unwrap();
        let others = |key, share| rows.holders(key, |_, held| held >= share);
        assert_eq!(others(key(1), RowShare::Key), [Xid(10), Xid(11)]);
        assert_eq!(others(key(1), RowShare::Row), [Xid(11)]);
        rows.lock(key(1), Xid(10), RowShare::Row).unwrap();
        assert_eq!(others(key(1), RowShare::Row), [Xid(10), Xid(11)]);
        rows.inherit(key(1), key(2));
        rows.end(Xid(10));
        assert_eq!((others(key(1), RowShare::Key), others(key(2), RowShare::Key)), (vec![Xid(11)], vec![Xid(11)]));
        rows.end(Xid(11));
        assert!(others(key(2), RowShare::Key).is_empty());
        assert_eq!(rows.count.load(Ordering::SeqCst), 0);
        assert!(rows.rows.iter().all(|p| p.lock().is_empty()) && rows.holders.iter().all(|p| p.lock().is_empty()));
    }
}
