//! How a storage manager is set up.

use crate::{OPEN_FILES_DEFAULT, SEGMENT_BLOCKS};

/// Set once at start.
#[derive(Clone, Copy, Debug)]
pub struct SmgrOptions {
    /// Blocks per segment file. Fixed for the life of a cluster; smaller in tests.
    pub segment_blocks: u32,
    /// Segment files kept open.
    pub open_files_max: usize,
    /// The setting `fsync`: off means that nothing is forced to disk.
    pub fsync: bool,
}

impl Default for SmgrOptions {
    fn default() -> SmgrOptions {
        SmgrOptions { segment_blocks: SEGMENT_BLOCKS, open_files_max: OPEN_FILES_DEFAULT, fsync: true }
    }
}
