//! Which segment files await fsync.

use base::RelFork;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
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

/// The list. A segment is on it at most once, and so is a directory in which files were made or removed.
pub(crate) struct SyncQueue(Mutex<Requests>);

#[derive(Default)]
struct Requests {
    segments: HashSet<(RelFork, u32)>,
    directories: BTreeSet<PathBuf>,
}

impl SyncQueue {
    pub(crate) fn new() -> SyncQueue {
        SyncQueue(Mutex::new(rank::SYNC_QUEUE, Requests::default()))
    }

    pub(crate) fn add(&self, fork: RelFork, segment: u32) {
        self.0.lock().segments.insert((fork, segment));
    }

    pub(crate) fn add_directory(&self, path: &Path) {
        let mut requests = self.0.lock();
        if !requests.directories.contains(path) {
            requests.directories.insert(path.to_owned());
        }
    }

    /// Empties the list of directories.
    pub(crate) fn take_directories(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.0.lock().directories)
    }

    /// Empties the list, in file order.
    pub(crate) fn take_all(&self) -> Vec<(RelFork, u32)> {
        let mut all: Vec<_> = std::mem::take(&mut self.0.lock().segments).into_iter().collect();
        all.sort_unstable();
        all
    }

    /// Drops requests of forks that are being removed.
    pub(crate) fn forget(&self, gone: impl Fn(RelFork, u32) -> bool) {
        self.0.lock().segments.retain(|&(fork, segment)| !gone(fork, segment));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().segments.len()
    }
}
