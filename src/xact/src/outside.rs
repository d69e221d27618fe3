//! What the transaction manager needs from others, as traits: the log, relation files, the schema's caches.

use crate::{TransactionManager, records};
use base::{Csn, Lsn, RelFile, Xid};
use buffer::BufferPool;
use report::Result;
use std::sync::Arc;
use sync::{Interrupts, WaitHooks};
use wal::{Reach, Record, ResourceManager, RmgrId, Wal};

/// The write-ahead log, as transactions use it.
pub trait Journal: Send + Sync {
    /// Inserts a record of the resource manager `xact`. Answers the end of it.
    fn insert(&self, kind: u8, xid: Xid, body: &[u8]) -> Result<Lsn>;
    /// Returns when everything up to `lsn` is on disk. An error is a PANIC.
    fn flush(&self, lsn: Lsn) -> Result<()>;
    /// Sees to it that everything up to `lsn` gets to disk. True if it is there; false if `session` is woken once [`Journal::has_settled`].
    fn flush_or_enlist(&self, lsn: Lsn, session: &Arc<Interrupts>, waits: &dyn WaitHooks) -> Result<bool>;
    /// True if [`Journal::flush`] up to `lsn` would not wait.
    fn has_settled(&self, lsn: Lsn) -> bool;
    /// Asks for a flush up to `lsn` soon (`synchronous_commit = off`).
    fn flush_soon(&self, lsn: Lsn);
    /// Everything up to here is on disk.
    fn flushed(&self) -> Lsn;
}

impl Journal for Wal {
    fn insert(&self, kind: u8, xid: Xid, body: &[u8]) -> Result<Lsn> {
        Ok(self.insert_data(RmgrId::XACT, kind, xid, &[body])?.end)
    }
    fn flush(&self, lsn: Lsn) -> Result<()> {
        Wal::flush(self, lsn)
    }
    fn flush_or_enlist(&self, lsn: Lsn, session: &Arc<Interrupts>, waits: &dyn WaitHooks) -> Result<bool> {
        Wal::flush_or_enlist(self, lsn, session, waits)
    }
    fn has_settled(&self, lsn: Lsn) -> bool {
        Wal::has_settled(self, lsn)
    }
    fn flush_soon(&self, lsn: Lsn) {
        self.set_async_lsn(lsn);
    }
    fn flushed(&self) -> Lsn {
        Wal::flushed(self)
    }
}

/// Redoes the transactions' records.
pub struct XactResource(pub Arc<TransactionManager>);

impl<Cx: ?Sized> ResourceManager<Cx> for XactResource {
    fn id(&self) -> RmgrId {
        RmgrId::XACT
    }

    fn reach(&self, record: &Record<'_>) -> Reach {
        if records::removes_files(record.info, record.data) { Reach::Anything } else { Reach::Blocks }
    }

    fn redo(&self, record: &Record<'_>, _: &Cx) -> Result<()> {
        self.0.redo(record.info, record.xid, record.data)
    }

    fn describe(&self, record: &Record<'_>) -> String {
        records::describe(record.info, record.data)
    }
}

/// Relation files, all forks of each.
pub trait RelationFiles: Send + Sync {
    /// Drops their pages from the buffer pool and removes the files. A file that is not there is fine.
    fn remove(&self, files: &[RelFile]) -> Result<()>;
}

impl RelationFiles for BufferPool {
    fn remove(&self, files: &[RelFile]) -> Result<()> {
        files.iter().try_for_each(|file| self.remove_relation(*file))
    }
}

/// Told of commits that carry invalidations, in commit order, one at a time, when the commit is visible and before its locks
/// are given back.
pub trait CommitHook: Send + Sync {
    /// `payload` is what the transaction collected with `Transaction::add_invalidation`, joined.
    fn committed(&self, csn: Csn, payload: &[u8]);
}
