//! Limits of the log.

use std::time::Duration;

/// Models take a small log, so that few steps fill it.
const MODELLED: bool = cfg!(any(loom, shuttle));

/// Bytes of a segment file unless initdb was told otherwise.
pub const SEGMENT_BYTES_DEFAULT: u32 = 16 << 20;
/// Longest record. Longer ones are refused at insertion; the reader takes a greater length for the end of the log.
pub const RECORD_BYTES_MAX: usize = 256 << 20;
/// Smallest ring of buffers.
pub(crate) const RING_BYTES_MIN: usize = if MODELLED { 128 } else { 64 << 10 };
/// Insertion slots: how many records can be copied at once. More than cores gain nothing; a checkpoint takes them all.
pub(crate) const SLOTS: usize = if MODELLED { 2 } else { 16 };
/// Bytes copied into the ring between two looks for room.
pub(crate) const COPY_BYTES: usize = if MODELLED { 32 } else { 32 << 10 };
/// Bytes of log for which the walwriter is woken, if the ring is not smaller: inserters of much log then find room in the ring.
pub(crate) const WAKE_WRITER_BYTES: u64 = 1 << 20;
/// Bytes of log not yet on disk beyond which who makes log in bulk waits while others commit: what a commit's sync may have to write of others' log. Less
/// makes a bulk load slower and commits no faster, as each sync has its price.
pub(crate) const UNSYNCED_BYTES_MAX: u64 = 1 << 20;
/// The same while nobody else commits: what the first commit that comes then has to wait for.
pub(crate) const UNSYNCED_BYTES_MAX_ALONE: u64 = 16 << 20;
/// For so long after a commit has waited for the disk others are expected to.
pub(crate) const COMMITS_EXPECTED_FOR: Duration = Duration::from_secs(1);
/// Bytes that a session may put into the log between two looks whether it is to be held back: what each adds to the limits above.
pub const BULK_PIECE_BYTES: u64 = 128 << 10;
/// Bytes the reader asks for at once.
pub(crate) const READ_BYTES: usize = 256 << 10;
/// Writes end at a multiple of it, filled up with zeros: a block of the file system of which a part is written must be read first.
pub(crate) const WRITE_ALIGN: u64 = if MODELLED { 64 } else { 4096 };
/// Bytes written at once when a segment file is filled with zeros.
pub(crate) const ZERO_BYTES: usize = 1 << 20;

const _: () = assert!(BULK_PIECE_BYTES < UNSYNCED_BYTES_MAX && UNSYNCED_BYTES_MAX < UNSYNCED_BYTES_MAX_ALONE);
const _: () = assert!(COPY_BYTES * 2 <= RING_BYTES_MIN && SLOTS.is_power_of_two());
