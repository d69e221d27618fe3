//! The write-ahead log: insert, flush, read, segments.
//!
//! What it does not do: it knows no access method and no buffer. What a record's bytes mean, and how they are redone, is the business of its
//! resource manager ([`ResourceManager`]); which pages a record needs images of, the buffer pool's (it asks [`Wal::redo_lsn`]).
//!
//! The log is one stream of bytes, cut into segment files with PostgreSQL's names. A position in it is an [`base::Lsn`]. Records follow each other at
//! multiples of 8 with nothing between them: there are no pages and no segment headers, a record may cross into the next segment.
//!
//! 1. [`Wal::insert`] takes an insertion slot, reserves its bytes by moving the reservation point under a tiny lock, copies the record into the ring
//!    of `wal_buffers` in parallel with other inserters, and frees the slot.
//! 2. [`Wal::flush`] makes one waiter the leader: it waits for inserters below its target, writes the ring up to the point below which all are done,
//!    syncs once, and wakes those that this covered. There is no delay when nobody else is there.
//!    When a good piece of log waits to be written it wakes the walwriter, so that who loads much data seldom writes log itself.
//! 3. An asynchronous commit leaves its position by [`Wal::set_async_lsn`]; the walwriter calls [`Wal::background_flush`].
//! 4. A checkpoint fixes its redo point by [`Wal::begin_checkpoint`] with all slots held, so no record is half on either side. A page whose LSN is not
//!    beyond the redo point gets a full image in its next record.
//! 5. Who makes log in bulk calls [`Wal::hold_back`] now and then: the disk keeps up with it, and a commit finds little of others' log to write.
//! 6. [`Reader`] reads from a position to the end of the log.
//!
//! Invariants
//! - I1. Bytes below the flushed position survive any crash.
//! - I2. A record is found by the reader only if all records before it are: each names its predecessor, and CRC and epoch make what an earlier life of the
//!   log left behind the end of it. The epoch is raised at each start, before the first insertion; it never falls along the log.
//! - I3. Nobody waits for an inserter while holding the write lock, so an inserter that waits for room in the ring gets it.
//! - I4. A failed write or fsync of the log is a PANIC, and every later call fails likewise: what was acknowledged is safe, nothing more is acknowledged.
//!
//! Lock order: `WAL_SLOT`, `WAL_RESERVE`, `WAL_FLUSH`, `WAL_FILES`, `WAL_WRITER`. Limits: `limits`.
//! Source: PostgreSQL 15 access/transam/xlog.c and xloginsert.c, in our words; differences: no page headers, epochs, one queue of flush waiters.
#![forbid(unsafe_code)]

mod doubt;
mod flush;
mod hold_back;
mod insert;
mod limits;
mod log;
mod names;
mod options;
mod print;
mod reader;
mod record;
mod resource;
mod ring;
mod segments;
mod slots;

pub use doubt::settle_doubt;
pub use insert::XLOG_SWITCH;
pub use limits::{BULK_PIECE_BYTES, RECORD_BYTES_MAX, SEGMENT_BYTES_DEFAULT};
pub use log::{ImagePolicy, Insertion, Wal, WalPosition, WalStats};
pub use names::{Timeline, segment_file_name, segment_number_of, segment_start};
pub use options::{SyncMethod, WalOptions};
pub use print::describe_record;
pub use reader::{EndOfLog, Reader, Stretch};
pub use record::{
    BLOCKS_MAX, BlockFlags, BlockRef, Image, RECORD_ALIGN, RECORD_HEADER_BYTES, Record, RecordBytes, RecordWriter,
};
pub use resource::{Reach, ResourceManager, RmgrId};
pub use segments::RecycleStats;

#[cfg(all(test, shuttle))]
mod model;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
