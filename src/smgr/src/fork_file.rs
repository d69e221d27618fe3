//! One fork's open files and remembered length.

use base::{RelFile, RelFork};
use host::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use sync::{Mutex, RwLock, rank};

/// The length is not known.
const UNKNOWN: u32 = u32::MAX;

/// A fork in the table. Shared by all who use it; dropped when the fork is removed or its database forgotten.
pub(crate) struct ForkFile {
    pub(crate) fork: RelFork,
    /// Blocks, or `UNKNOWN`. Raised under `extension`, lowered by truncation.
    blocks: AtomicU32,
    /// Blocks that the files have room for, zeros beyond `blocks`; zero if no more is known than `blocks`. Changed under `extension`.
    pub(crate) reserved: AtomicU32,
    /// Held while the fork grows.
    pub(crate) extension: Mutex<()>,
    /// Somebody who knows more of the fork found that its file is not too short.
    pub(crate) length_checked: AtomicBool,
    /// Open segment files by number.
    pub(crate) segments: RwLock<Vec<Option<Arc<Segment>>>>,
    /// Used since the sweep for files to close came by.
    pub(crate) used: AtomicBool,
}

/// An open segment file.
pub(crate) struct Segment {
    pub(crate) file: Arc<dyn File>,
    /// Its fsync request is on the list.
    pub(crate) sync_requested: AtomicBool,
}

impl ForkFile {
    pub(crate) fn new(fork: RelFork) -> ForkFile {
        ForkFile {
            fork,
            blocks: AtomicU32::new(UNKNOWN),
            reserved: AtomicU32::new(0),
            extension: Mutex::new(rank::EXTEND, ()),
            length_checked: AtomicBool::new(false),
            segments: RwLock::new(rank::SMGR_FORK, Vec::new()),
            used: AtomicBool::new(true),
        }
    }

    pub(crate) fn known_blocks(&self) -> Option<u32> {
        match self.blocks.load(Ordering::Acquire) {
            UNKNOWN => None,
            blocks => Some(blocks),
        }
    }

    pub(crate) fn set_blocks(&self, blocks: u32) {
        self.blocks.store(blocks, Ordering::Release);
    }

    /// Notes a length that was found on disk, unless somebody extended the fork since.
    pub(crate) fn learn_blocks(&self, blocks: u32) -> u32 {
        match self.blocks.compare_exchange(UNKNOWN, blocks, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => blocks,
            Err(known) => known,
        }
    }

    /// Notes that a block was written beyond the known end.
    pub(crate) fn raise_blocks(&self, blocks: u32) {
        let raise = |known| (known == UNKNOWN || known < blocks).then_some(blocks);
        let _ = self.blocks.fetch_update(Ordering::AcqRel, Ordering::Acquire, raise);
    }

    pub(crate) fn open_segment(&self, number: u32) -> Option<Arc<Segment>> {
        self.segments.read().get(number as usize).cloned().flatten()
    }
}

/// Where a segment of a fork is.
pub(crate) fn segment_path(fork: RelFork, number: u32) -> PathBuf {
    PathBuf::from(if number == 0 { fork.to_string() } else { format!("{fork}.{number}") })
}

/// The directory of a relation's files.
pub(crate) fn directory_of(file: RelFile) -> PathBuf {
    let mut path = PathBuf::from(file.to_string());
    path.pop();
    path
}
