//! Limits of the heap.

/// Dead tids that vacuum remembers before it cleans the indexes; about 16 bytes each at worst.
pub const DEAD_TIDS_MAX: usize = 4 << 20;
/// Blocks whose free space vacuum writes to the map at a time.
pub const FREE_SPACE_BATCH: usize = 4096;
/// Empty blocks at the end that are worth locking the table for; fewer if they are a sixteenth of it.
pub const TRUNCATE_BLOCKS_MIN: u32 = 1000;
