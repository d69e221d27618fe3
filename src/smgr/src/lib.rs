//! The storage manager: relation forks as segment files.
//!
//! What it does not do: no cache of pages (crate `buffer`), no WAL. It writes what it is told, when it is told.
//!
//! 1. A fork's file is `base/<database>/<number><suffix>`, `global/<number><suffix>` or `pg_tblspc/<tablespace>/<database>/<number><suffix>`; what goes
//!    beyond the first segment (1 GiB) is in the same name with `.1`, `.2`, ... A segment exists only if the one before it is full.
//! 2. [`StorageManager::read`], [`StorageManager::write`] and [`StorageManager::extend_to`] move single pages by positioned I/O from any thread.
//! 3. A written segment is put on the list of [`StorageManager::sync_pending`] once, however often it is written; the checkpointer works the list off.
//! 4. The length of a fork is remembered while its entry lives: nobody but this process changes the files.
//!
//! Invariants
//! - I1. A write is on the fsync list before it returns, so a checkpoint that starts the list afterwards covers it.
//! - I2. A failed fsync is a PANIC and stays one: the kernel may have dropped the pages, so trying again proves nothing.
//! - I3. The remembered length of a fork is never more than the sum of its segments on disk.
//!
//! Lock order: `SMGR_TABLE`, `SMGR_FORK`, `SYNC_QUEUE`. None is held during I/O but a fork's (open, truncate). Limits: `limits`.
//! Source: PostgreSQL 15 storage/smgr/md.c and storage/sync/sync.c; differences: a file is removed at once (file numbers are not reused), and
//! fsync requests need no message to another process.
#![forbid(unsafe_code)]

mod check;
mod database;
mod file_name;
mod fork_file;
mod limits;
mod manager;
mod options;
mod sync_queue;

pub use check::FileProblem;
pub use limits::{OPEN_FILES_DEFAULT, SEGMENT_BLOCKS};
pub use manager::{ExtensionLock, IfExists, StorageManager};
pub use options::SmgrOptions;
pub use sync_queue::SyncStats;

#[cfg(test)]
mod tests;
