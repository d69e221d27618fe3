//! Limits of the lock tables.

/// Parts that the tables are split into, each with its own mutex.
pub const PARTITIONS: usize = 16;
/// Hash classes of relations for the fast path. More classes: fewer relations leave the fast path because of another's
/// strong lock.
pub const STRONG_CLASSES: usize = 1024;
/// Locks in one partition; past it a request fails with 53200.
pub const LOCKS_PER_PARTITION_MAX: usize = 1 << 20;
/// Row versions under shared locks in one partition; past it a request fails with 53200.
pub const ROWS_PER_PARTITION_MAX: usize = 1 << 22;
