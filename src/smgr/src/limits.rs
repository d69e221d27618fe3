//! Limits of the storage manager.

use base::PAGE_BYTES;

/// Blocks in a segment file: 1 GiB. More blocks make another file.
pub const SEGMENT_BLOCKS: u32 = (1 << 30) / PAGE_BYTES as u32;
/// Segment files kept open unless told otherwise (`max_files_per_process`). Beyond it the ones not used lately are closed.
pub const OPEN_FILES_DEFAULT: usize = 1000;
/// A fork of at least this many blocks gets room for more at once when it grows: an eighth of its size.
pub(crate) const RESERVE_FROM_BLOCKS: u32 = 64;
/// At most this many blocks at once.
pub(crate) const RESERVE_BLOCKS_MAX: u32 = 128;
/// Shards of the table of forks: how many threads can look up a fork without meeting.
pub(crate) const TABLE_SHARDS: usize = 32;
/// Bytes moved at once when a database is copied.
pub(crate) const COPY_BYTES: usize = 1 << 20;

const _: () = assert!(SEGMENT_BLOCKS == 131_072 && TABLE_SHARDS.is_power_of_two());
