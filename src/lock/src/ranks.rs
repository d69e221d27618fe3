//! Where this crate's mutexes stand in the lock order.

use sync::Rank;

/// The table of owners.
pub const OWNERS: Rank = Rank::new(1500, "lock owners");
/// An owner's own list.
pub const OWNER: Rank = Rank::new(1510, "locks of an owner");
/// A partition of the lock table.
pub const PARTITION: Rank = Rank::repeatable(1520, "lock table partition");
/// A partition of the shared row locks; taken under a page's content lock.
pub const ROWS: Rank = Rank::new(2100, "row locks");
/// A partition of the holders of shared row locks.
pub const ROW_HOLDERS: Rank = Rank::new(2110, "row lock holders");
