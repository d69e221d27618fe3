//! The commit sequence numbers of recent transactions.
//!
//! One atomic word per xid:
//!
//! ```text
//! IN_PROGRESS (0) --set_committing--> COMMITTING (1) --set_committed--> csn (3 and up)
//!      \-----------set_aborted-----> ABORTED (2)
//! ```
//!
//! The words lie in chunks that are reached through an array indexed by xid, so reading takes no lock. Chunks below
//! every snapshot's horizon are dropped: what happened there the commit log knows, and every snapshot sees it.

use crate::limits::CHUNK_XIDS;
use arc_swap::ArcSwapOption;
use base::{Csn, Xid};
use report::{Result, bail};
use std::sync::Arc;
use sync::atomic::{AtomicU64, Ordering};

const IN_PROGRESS: u64 = 0;
const COMMITTING: u64 = 1;
const ABORTED: u64 = 2;
/// The first number given to a commit.
pub(crate) const FIRST_CSN: u64 = 3;

/// What the table knows of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CsnState {
    /// Not ended.
    InProgress,
    /// About to get its number: ask again in a moment.
    Committing,
    /// Rolled back.
    Aborted,
    /// Committed as this one.
    Committed(Csn),
    /// Ended before every snapshot that is in use: ask the commit log.
    Older,
}

struct Chunk {
    /// The xid of its first word.
    base: u64,
    words: Vec<AtomicU64>,
}

pub(crate) struct CsnTable {
    chunks: Vec<ArcSwapOption<Chunk>>,
    /// Xids below it are not in the table.
    floor: AtomicU64,
}

impl CsnTable {
    /// A table for xids from `first` on.
    pub(crate) fn new(first: Xid) -> CsnTable {
        let chunks = (0..crate::limits::CSN_CHUNKS).map(|_| ArcSwapOption::empty()).collect();
        CsnTable { chunks, floor: AtomicU64::new(first.0) }
    }

    fn slot(&self, xid: Xid) -> &ArcSwapOption<Chunk> {
        &self.chunks[(xid.0 / CHUNK_XIDS) as usize % self.chunks.len()]
    }

    /// Makes room for an xid that is about to be given out. The caller serialises these calls.
    ///
    /// Errors: 54000 if the oldest snapshot is so old that the table is full.
    pub(crate) fn extend(&self, xid: Xid) -> Result<()> {
        let base = xid.0 - xid.0 % CHUNK_XIDS;
        let slot = self.slot(xid);
        match slot.load().as_deref() {
            Some(chunk) if chunk.base == base => return Ok(()),
            Some(chunk) if chunk.base + CHUNK_XIDS > self.floor.load(Ordering::SeqCst) => {
                bail!(PROGRAM_LIMIT_EXCEEDED, "too many transactions since the oldest snapshot in use")
            }
            _ => {}
        }
        let words = (0..CHUNK_XIDS).map(|_| AtomicU64::new(IN_PROGRESS)).collect();
        slot.store(Some(Arc::new(Chunk { base, words })));
        Ok(())
    }

    /// What became of a transaction. An xid that was not given out yet is in progress.
    #[inline]
    pub(crate) fn state(&self, xid: Xid) -> CsnState {
        if xid.0 < self.floor.load(Ordering::SeqCst) {
            return CsnState::Older;
        }
        let chunk = self.slot(xid).load();
        match chunk.as_deref() {
            Some(chunk) if xid.0.wrapping_sub(chunk.base) < CHUNK_XIDS => {
                match chunk.words[(xid.0 - chunk.base) as usize].load(Ordering::SeqCst) {
                    IN_PROGRESS => CsnState::InProgress,
                    COMMITTING => CsnState::Committing,
                    ABORTED => CsnState::Aborted,
                    csn => CsnState::Committed(Csn(csn)),
                }
            }
            // Trimmed between the two loads, or not given out yet.
            _ if xid.0 < self.floor.load(Ordering::SeqCst) => CsnState::Older,
            _ => CsnState::InProgress,
        }
    }

    fn set(&self, xid: Xid, word: u64) {
        let chunk = self.slot(xid).load();
        let chunk = chunk.as_deref().expect("a running transaction's xid is above the floor");
        chunk.words[(xid.0 - chunk.base) as usize].store(word, Ordering::SeqCst);
    }

    pub(crate) fn set_committing(&self, xid: Xid) {
        self.set(xid, COMMITTING);
    }

    pub(crate) fn set_committed(&self, xid: Xid, csn: Csn) {
        self.set(xid, csn.0);
    }

    pub(crate) fn set_aborted(&self, xid: Xid) {
        self.set(xid, ABORTED);
    }

    /// Recovery is over: the table begins at this xid, and nobody reads it yet.
    pub(crate) fn restart(&self, floor: Xid) {
        self.floor.store(floor.0, Ordering::SeqCst);
    }

    /// Drops the chunks that lie wholly below `floor`. The commit log knows every transaction below it.
    pub(crate) fn trim(&self, floor: Xid) {
        let old = self.floor.fetch_max(floor.0, Ordering::SeqCst);
        let (mut base, end) = (old - old % CHUNK_XIDS, floor.0.saturating_sub(floor.0 % CHUNK_XIDS));
        while base < end {
            let slot = self.slot(Xid(base));
            if slot.load().as_deref().is_some_and(|chunk| chunk.base == base) {
                slot.store(None);
            }
            base += CHUNK_XIDS;
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn states_come_back_and_old_ones_go() {
        let table = CsnTable::new(Xid(100));
        assert_eq!(table.state(Xid(99)), CsnState::Older);
        table.extend(Xid(100)).unwrap();
        assert_eq!(table.state(Xid(100)), CsnState::InProgress);
        table.set_committing(Xid(100));
        assert_eq!(table.state(Xid(100)), CsnState::Committing);
        table.set_committed(Xid(100), Csn(7));
        table.set_aborted(Xid(101));
        assert_eq!((table.state(Xid(100)), table.state(Xid(101))), (CsnState::Committed(Csn(7)), CsnState::Aborted));
        let later = Xid(CHUNK_XIDS * 3 + 5);
        table.extend(later).unwrap();
        table.trim(later);
        assert_eq!((table.state(Xid(101)), table.state(later)), (CsnState::Older, CsnState::InProgress));
        assert!(table.chunks[0].load().is_none());
    }

    #[test]
    fn a_full_table_refuses() {
        let table = CsnTable::new(Xid(3));
        table.extend(Xid(3)).unwrap();
        let around = Xid(3 + CHUNK_XIDS * table.chunks.len() as u64);
        assert_eq!(table.extend(around).unwrap_err().code(), report::SqlState::PROGRAM_LIMIT_EXCEEDED);
        table.trim(Xid(CHUNK_XIDS));
        table.extend(around).unwrap();
        assert_eq!(table.state(around), CsnState::InProgress);
    }
}
