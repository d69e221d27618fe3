//! The buffer pool: pages in memory, shared by all sessions.
//!
//! What it does not do: it knows no tuple, no transaction. Which page to read ahead, and what a change means, is its users' business.
//!
//! 1. [`BufferPool::read`] finds the page in the table, or takes a victim by clock sweep and reads the file; the page is pinned, so it stays where it is.
//! 2. [`Pin::share`] and [`Pin::exclusive`] take the content lock; the guards dereference to [`page::Page`]. [`Pin::try_cleanup`] gives exclusive access
//!    with the proof that nobody else has the page pinned.
//! 3. A change is made under an exclusive guard in a critical section and logged by a [`RecordBuilder`], which marks the pages dirty, inserts the record
//!    with the images it needs, and stamps the pages with its LSN.
//! 4. A dirty page is written by whoever needs its frame, by the bgwriter ([`BufferPool::sweep_ahead`]) or by a checkpoint
//!    ([`BufferPool::write_dirty`]): after its WAL, with its checksum, from a copy.
//! 5. Redo gets its pages from a [`RedoCx`].
//!
//! Invariants
//! - I1. A frame's tag changes only between clearing and setting `TAG_VALID`; clearing takes the table partition's lock and the only pin. So a pin that was
//!   taken while `TAG_VALID` was set keeps tag and contents in place.
//! - I2. A page's bytes are read under its content lock, shared at least, and changed under it exclusive.
//! - I3. A page is written to disk only after the WAL up to its LSN is flushed.
//! - I4. `DIRTY` is set before the record that describes the change is inserted, and unset only after the page was written and its fsync asked for, under
//!   the content lock. So a checkpoint that sees a clean frame after its redo point has nothing to do for it.
//! - I5. The region outlives every pin: the last handle of a pool leaks it if pages are still pinned. Each session has a handle, which counts for it
//!   (`usage`).
//!
//! Lock order: page content (several, in their owner's order), relation extension, table partition, then WAL, then storage manager. A victim's content lock
//! is only tried. Limits: `limits`.
//! Source: PostgreSQL 15 storage/buffer/bufmgr.c, freelist.c, README; differences: look-ups take no lock, hints are set under the exclusive lock.

mod content_lock;
mod drop_pages;
mod files;
mod frame;
mod freed;
mod guard;
mod limits;
mod pool;
mod record;
mod redo;
mod region;
mod ring;
mod state;
mod table;
mod usage;
mod victim;
mod write_back;

pub use drop_pages::PagesOf;
pub use files::{DatabaseResource, StorageResource};
pub use guard::{Pin, ReadGuard, WriteGuard};
pub use limits::FRAMES_MIN;
pub use pool::{BufferPool, Origin, PoolOptions, PoolStats};
pub use record::{Durability, RecordBuilder, XLOG_FPI, XLOG_FPI_FOR_HINT};
pub use redo::{Redo, RedoCx, RowMoved, Share};
pub use region::HugePages;
pub use ring::BulkRing;
pub use usage::{PageEvent, PageOwner, Usage, UsageCounts, Used};
pub use write_back::{WriteProgress, WriteStats};

#[cfg(all(test, any(loom, shuttle)))]
mod model;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
