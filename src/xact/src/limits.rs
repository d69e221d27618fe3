//! Limits of the transaction manager.

/// Models take small tables, so that a few transactions fill them.
const MODELLED: bool = cfg!(any(loom, shuttle));

/// Xids whose commit sequence numbers lie together and are forgotten together.
pub(crate) const CHUNK_XIDS: u64 = if MODELLED { 2 } else { 1 << 15 };
/// Chunks (of 32,768 xids) that the table of commit sequence numbers holds: how many transactions may begin while one
/// snapshot stays open. Past it a transaction that wants to write fails with 54000.
pub const CSN_CHUNKS: usize = if MODELLED { 4 } else { 1 << 14 };
/// Pages of the commit log kept in memory (each 8 KiB, 32,768 transactions), beyond those not yet written.
pub const CLOG_PAGES: usize = 512;
/// Xids promised to the WAL at a time: a crash skips as many at most.
pub const XID_PREFETCH: u64 = 8192;
/// Oids promised to the WAL at a time: a crash skips as many at most.
pub const OID_PREFETCH: u32 = 8192;
/// Savepoints open at a time in one transaction.
pub const SUBTRANSACTION_DEPTH_MAX: usize = 1 << 16;
/// Parts of the registry of snapshots in use.
pub const SNAPSHOT_SHARDS: usize = if MODELLED { 1 } else { 16 };
