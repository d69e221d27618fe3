//! Where this crate's locks stand in the lock order.

use sync::Rank;

/// Held shared from the insertion of a commit record until the commit log and the csn table say the same; a checkpoint
/// takes it exclusively for a moment after it chose its redo point.
pub const COMMIT_WINDOW: Rank = Rank::new(1600, "commit window");
/// Commits with invalidations, one at a time from csn to hook.
pub const COMMIT_ORDER: Rank = Rank::new(1550, "commit order");
/// The next xid.
pub const XID: Rank = Rank::new(2400, "next xid");
/// The next oid.
pub const OID: Rank = Rank::new(2410, "next oid");
/// The commit log's table of pages.
pub const CLOG: Rank = Rank::new(5100, "commit log pages");
/// A part of the registry of snapshots.
pub const SNAPSHOTS: Rank = Rank::new(5200, "snapshot registry");
/// Prepared transactions.
pub const PREPARED: Rank = Rank::new(1610, "prepared transactions");
