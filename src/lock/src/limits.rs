//! Limits of the lock tables.

/// Models take small tables: each part is one more thing whose order is explored.
const MODELLED: bool = cfg!(any(loom, shuttle));

/// Parts that the tables are split into, each with its own mutex.
pub const PARTITIONS: usize = if MODELLED { 2 } else { 16 };
/// Hash classes of relations for the fast path. More classes: fewer relations leave the fast path because of another's
/// strong lock.
pub const STRONG_CLASSES: usize = if MODELLED { 1 } else { 1024 };
/// Locks in one partition; past it a request fails with 53200.
pub const LOCKS_PER_PARTITION_MAX: usize = 1 << 20;
/// Row versions under shared locks in one partition; past it a request fails with 53200.
pub const ROWS_PER_PARTITION_MAX: usize = 1 << 22;
