//! What one user of the pool, a session, does with pages and with the log: for EXPLAIN, VACUUM's report and the statistics.
//!
//! Only the session's own thread counts, so counting is an addition and a store, without a locked instruction; whoever else looks sees some recent
//! number. A handle of the pool that belongs to no session has counts as well, which nobody reads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is counted. Those of pages come as [`PageEvent`] says, first of shared relations, then of temporary ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Used {
    /// Pages of shared relations that were in memory.
    SharedHit,
    /// Those read from files.
    SharedRead,
    /// Those changed that were unchanged before.
    SharedDirtied,
    /// Those written to files: to have their frame, or new ones.
    SharedWritten,
    /// As `SharedHit`, of temporary relations.
    LocalHit,
    /// As `SharedRead`.
    LocalRead,
    /// As `SharedDirtied`.
    LocalDirtied,
    /// As `SharedWritten`.
    LocalWritten,
    /// Blocks read from temporary files.
    TempRead,
    /// Blocks written to them.
    TempWritten,
    /// Temporary files removed.
    TempFiles,
    /// Bytes that were in them.
    TempBytes,
    /// Nanoseconds of reading pages, while it is timed.
    ReadNs,
    /// Nanoseconds of writing pages.
    WriteNs,
    /// Nanoseconds of reading temporary files.
    TempReadNs,
    /// Nanoseconds of writing temporary files.
    TempWriteNs,
    /// Records put into the log.
    WalRecords,
    /// Page images among them.
    WalImages,
    /// Bytes of log.
    WalBytes,
    /// Pages of the session's database that failed their checksum.
    ChecksumFailures,
    /// Pages of shared catalogs that failed it.
    SharedChecksumFailures,
}

const COUNT: usize = Used::SharedChecksumFailures as usize + 1;
const PAGE_EVENTS: usize = 4;

/// What happens to a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PageEvent {
    /// It was asked for and found in memory.
    Hit,
    /// It was asked for and read.
    Read,
    /// It was changed, and had not been.
    Dirtied,
    /// It was written.
    Written,
}

/// Whose a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PageOwner {
    /// All sessions'.
    Shared,
    /// The session's own: a temporary relation's.
    Local,
}

/// The counts of one session.
#[derive(Debug, Default)]
pub struct Usage {
    counts: [AtomicU64; COUNT],
    is_timed: AtomicBool,
}

impl Usage {
    /// Counts. By the session's thread only.
    #[inline]
    pub fn add(&self, what: Used, count: u64) {
        bump(&self.counts[what as usize], count);
    }

    /// Counts a page.
    #[inline]
    pub fn add_page(&self, owner: PageOwner, event: PageEvent) {
        bump(&self.counts[owner as usize * PAGE_EVENTS + event as usize], 1);
    }

    /// `track_io_timing`: whether reads and writes are timed.
    pub fn set_timed(&self, on: bool) {
        self.is_timed.store(on, Ordering::Relaxed);
    }

    /// Does something that reads or writes, and counts its time if it is to be known.
    pub fn timed<T>(&self, what: Used, work: impl FnOnce() -> T) -> T {
        if !self.is_timed.load(Ordering::Relaxed) {
            return work();
        }
        let start = std::time::Instant::now();
        let done = work();
        self.add(what, start.elapsed().as_nanos() as u64);
        done
    }

    /// One of the counts.
    #[inline]
    pub fn get(&self, what: Used) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// What was counted so far.
    pub fn counts(&self) -> UsageCounts {
        UsageCounts(std::array::from_fn(|at| self.counts[at].load(Ordering::Relaxed)))
    }
}

#[inline]
fn bump(count: &AtomicU64, by: u64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// Counts at a moment, or the difference between two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsageCounts([u64; COUNT]);

impl Default for UsageCounts {
    fn default() -> UsageCounts {
        UsageCounts([0; COUNT])
    }
}

impl UsageCounts {
    /// One of them.
    pub fn get(&self, what: Used) -> u64 {
        self.0[what as usize]
    }

    /// What was added since an earlier moment.
    pub fn since(&self, earlier: &UsageCounts) -> UsageCounts {
        UsageCounts(std::array::from_fn(|at| self.0[at].wrapping_sub(earlier.0[at])))
    }

    /// Adds others.
    pub fn add(&mut self, other: &UsageCounts) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, count)| *sum = sum.wrapping_add(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_by_owner_and_event() {
        let usage = Usage::default();
        usage.add_page(PageOwner::Local, PageEvent::Written);
        usage.add_page(PageOwner::Shared, PageEvent::Read);
        let before = usage.counts();
        usage.add_page(PageOwner::Shared, PageEvent::Read);
        usage.add(Used::WalBytes, 40);
        assert_eq!((before.get(Used::LocalWritten), before.get(Used::SharedRead)), (1, 1));
        let mut since = usage.counts().since(&before);
        assert_eq!((since.get(Used::LocalWritten), since.get(Used::SharedRead), since.get(Used::WalBytes)), (0, 1, 40));
        since.add(&before);
        assert_eq!(since, usage.counts());
    }

    #[test]
    fn time_is_counted_only_if_it_is_asked_for() {
        let usage = Usage::default();
        let wait = || std::hint::black_box((0..10_000).sum::<u64>());
        usage.timed(Used::ReadNs, wait);
        assert_eq!(usage.counts().get(Used::ReadNs), 0);
        usage.set_timed(true);
        usage.timed(Used::ReadNs, wait);
        assert!(usage.counts().get(Used::ReadNs) > 0);
    }
}
