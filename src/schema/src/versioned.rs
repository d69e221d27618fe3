//! A map that many read and few change: reading takes no lock, and nobody can add what has been invalidated meanwhile.
//!
//! Each part ([`SHARDS`]) is an immutable hash map behind an atomic pointer; a change copies it. Each part counts its
//! invalidations. Who wants to add a value
//! 1. notes the part's count ([`VersionedMap::stamp`]),
//! 2. takes a snapshot and reads the catalogs,
//! 3. adds the value with the noted count: it is refused if the count has changed.
//!
//! An invalidation is applied after the commit's number is published. So either the snapshot of step 2 saw the commit,
//! or the invalidation came after step 1 and refuses or removes the value (invariant I1).

use crate::limits::SHARDS;
use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use sync::{Mutex, Rank};

/// Taken by the commit hook, under the lock that keeps commits in order; nothing is taken under it.
const SHARD_RANK: Rank = Rank::new(1950, "shard of a catalog cache");

type Map<K, V> = HashMap<K, Arc<V>, FixedState>;

/// How often a part was invalidated when somebody began to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp(u64);

struct Shard<K, V> {
    map: ArcSwap<Map<K, V>>,
    /// Changed under `writer` only; read by anyone.
    invalidations: AtomicU64,
    writer: Mutex<()>,
}

/// The map. Keys are hashes already, or small ids: their low bits choose the part.
pub struct VersionedMap<K, V> {
    shards: Vec<Shard<K, V>>,
    entries_per_shard_max: usize,
}

/// What chooses a key's part.
pub trait Spread {
    /// Any number that differs between keys in its low bits.
    fn spread(&self) -> u64;
}

impl<K: Spread + Hash + Eq + Clone, V> VersionedMap<K, V> {
    /// An empty map whose parts are emptied when they hold this many entries.
    pub fn new(entries_per_shard_max: usize) -> VersionedMap<K, V> {
        let shard = || Shard {
            map: ArcSwap::from_pointee(Map::default()),
            invalidations: AtomicU64::new(0),
            writer: Mutex::new(SHARD_RANK, ()),
        };
        VersionedMap { shards: (0..SHARDS).map(|_| shard()).collect(), entries_per_shard_max }
    }

    fn shard(&self, key: &K) -> &Shard<K, V> {
        &self.shards[key.spread() as usize % SHARDS]
    }

    /// The value under a key. Takes no lock.
    pub fn find(&self, key: &K) -> Option<Arc<V>> {
        self.shard(key).map.load().get(key).cloned()
    }

    /// To be noted before the snapshot is taken that a value will be read with.
    pub fn stamp(&self, key: &K) -> Stamp {
        Stamp(self.shard(key).invalidations.load(Ordering::SeqCst))
    }

    /// Adds a value unless its part was invalidated since `stamp`.
    pub fn add(&self, key: K, value: Arc<V>, stamp: Stamp) {
        let shard = self.shard(&key);
        let _writer = shard.writer.lock();
        if shard.invalidations.load(Ordering::SeqCst) != stamp.0 {
            return;
        }
        let mut map = match shard.map.load() {
            full if full.len() >= self.entries_per_shard_max => Map::default(),
            map => Map::clone(&map),
        };
        map.insert(key, value);
        shard.map.store(Arc::new(map));
    }

    /// Forgets a key, whether it is there or being read just now. Returns the value that was there.
    pub fn invalidate(&self, key: &K) -> Option<Arc<V>> {
        let shard = self.shard(key);
        let _writer = shard.writer.lock();
        shard.invalidations.fetch_add(1, Ordering::SeqCst);
        let old = shard.map.load();
        let value = old.get(key).cloned()?;
        let mut map = Map::clone(&old);
        map.remove(key);
        shard.map.store(Arc::new(map));
        Some(value)
    }

    /// Forgets all keys that `matches` picks. Returns their values.
    pub fn invalidate_where(&self, matches: impl Fn(&K) -> bool) -> Vec<Arc<V>> {
        let mut forgotten = Vec::new();
        for shard in &self.shards {
            let _writer = shard.writer.lock();
            shard.invalidations.fetch_add(1, Ordering::SeqCst);
            let mut map = Map::clone(&shard.map.load());
            map.retain(|key, value| {
                let gone = matches(key);
                if gone {
                    forgotten.push(Arc::clone(value));
                }
                !gone
            });
            shard.map.store(Arc::new(map));
        }
        forgotten
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.map.load().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Spread for u64 {
        fn spread(&self) -> u64 {
            *self
        }
    }

    #[test]
    fn a_stale_value_is_refused() {
        let map: VersionedMap<u64, &str> = VersionedMap::new(8);
        let stamp = map.stamp(&1);
        map.invalidate(&1);
        map.add(1, Arc::new("stale"), stamp);
        assert!(map.find(&1).is_none());
        map.add(1, Arc::new("fresh"), map.stamp(&1));
        assert_eq!(map.find(&1).as_deref(), Some(&"fresh"));
        assert_eq!(map.invalidate(&1).as_deref(), Some(&"fresh"));
        assert_eq!(map.len(), 0);
    }

    #[test]
    fn a_full_part_is_emptied() {
        let map: VersionedMap<u64, u64> = VersionedMap::new(2);
        for n in 0..3 {
            let key = n * SHARDS as u64;
            map.add(key, Arc::new(n), map.stamp(&key));
        }
        assert_eq!(map.len(), 1);
        assert_eq!(map.invalidate_where(|key| *key > 0).len(), 1);
    }
}
