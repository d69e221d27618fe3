//! Holding back who makes log in bulk, so that commits of others need not wait for it.
//!
//! A commit's sync writes all the log that is before the commit's record, whoever made it. Who vacuums, builds an index or loads rows makes log faster than a disk takes
//! it, and does not need it on disk. So it waits, where it holds no page, until all but a little of the log is there: [`UNSYNCED_BYTES_MAX`]
//! while others commit, more while nobody does, as the waits cost a load that is alone a third of its speed and more.

use crate::Wal;
use crate::limits::{COMMITS_EXPECTED_FOR, UNSYNCED_BYTES_MAX, UNSYNCED_BYTES_MAX_ALONE};
use base::Lsn;
use report::Result;
use std::sync::Arc;
use std::time::Duration;
use sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use sync::{Interrupts, WaitHooks, WaitKind, Waiting};

/// The last commit of a session in the pool that found its record not on disk; one that waits in [`Wal::flush`], on a thread of its own, is not known here.
/// The two words are read and written one by one: a mixture of two commits does no harm.
#[derive(Default)]
pub(crate) struct WaitingCommit {
    /// Tells sessions apart: the address of its interrupts. 0: there was none.
    session: AtomicUsize,
    /// Microseconds of the host's clock.
    at_us: AtomicU64,
}

impl Wal {
    /// Returns when little of the log is not on disk, so that commits of others than `session` find little to write. For who makes log in bulk and
    /// does not need it on disk, once for each [`crate::BULK_PIECE_BYTES`] of it. The caller holds no page and no lock of `sync`.
    ///
    /// Errors: as [`Wal::flush`].
    pub fn hold_back(&self, session: &Arc<Interrupts>, waits: &dyn WaitHooks) -> Result<()> {
        let reserved = self.reserved.load(Ordering::Acquire);
        if reserved.saturating_sub(self.flushed().0) <= UNSYNCED_BYTES_MAX {
            return Ok(());
        }
        let allowed = if self.others_commit(session) { UNSYNCED_BYTES_MAX } else { UNSYNCED_BYTES_MAX_ALONE };
        let target = Lsn(reserved.saturating_sub(allowed));
        if target <= self.flushed() {
            return Ok(());
        }
        let _waiting = Waiting::begin(waits, WaitKind::WalFlush);
        self.flush(target)
    }

    /// Notes that a commit of `session` has to wait for the disk.
    pub(crate) fn note_waiting_commit(&self, session: &Arc<Interrupts>) {
        self.waiting_commit.session.store(identity(session), Ordering::Relaxed);
        self.waiting_commit.at_us.store(self.host.clock.monotonic().as_micros() as u64, Ordering::Relaxed);
    }

    fn others_commit(&self, session: &Arc<Interrupts>) -> bool {
        let last = &self.waiting_commit;
        let who = last.session.load(Ordering::Relaxed);
        let at = Duration::from_micros(last.at_us.load(Ordering::Relaxed));
        who != 0 && who != identity(session) && self.host.clock.monotonic().saturating_sub(at) < COMMITS_EXPECTED_FOR
    }
}

fn identity(session: &Arc<Interrupts>) -> usize {
    Arc::as_ptr(session).addr()
}
