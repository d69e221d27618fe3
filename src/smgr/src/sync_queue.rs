//! Which segment files await fsync.

use base::RelFork;
use std::collections::HashSet;
use std::time::Duration;
use sync::{Mutex, rank};

/// What a round of fsyncs did: for the checkpoint's log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SyncStats {
    /// Files synced.
    pub files: u32,
    /// The longest single one.
    pub longest: Duration,
    /// All together.
    pub total: Duration,
}

/// The list. A segment is on it at most once.
pub(crate) struct SyncQueue(Mutex<HashSet<(RelFork, u32)>>);

impl SyncQueue {
    pub(crate) fn new() -> SyncQueue {
        SyncQueue(Mutex::new(rank::SYNC_QUEUE, HashSet::new()))
    }

    pub(crate) fn add(&self, fork: RelFork, segment: u32) {
        self.0.lock().insert((fork, segment));
    }

    /// Empties the list, in file order.
    pub(crate) fn take_all(&self) -> Vec<(RelFork, u32)> {
        let mut all: Vec<_> = std::mem::take(&mut *self.0.lock()).into_iter().collect();
        all.sort_unstable();
        all
    }

    /// Drops requests of forks that are being removed.
    pub(crate) fn forget(&self, gone: impl Fn(RelFork, u32) -> bool) {
        self.0.lock().retain(|&(fork, segment)| !gone(fork, segment));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }
}
