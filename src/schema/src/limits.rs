//! Limits of the caches.

/// Parts of a cache that are changed independently of each other. More parts make a change cheaper: a part is copied
/// when a row is added to it.
pub const SHARDS: usize = 64;

/// Rows in one part of the row cache; a part that is full is emptied. 64 parts of 1,024 rows are some 20 MB at worst.
pub const ROWS_PER_SHARD_MAX: usize = 1024;

/// Relations in one part of the relation cache; a part that is full is emptied.
pub const RELATIONS_PER_SHARD_MAX: usize = 512;

/// Single entries in the invalidation payload of a commit; beyond it the payload says "everything of this database".
pub const INVALIDATIONS_MAX: usize = 4096;

const _: () = assert!(SHARDS.is_power_of_two());

/// Tables whose rows bootstrap has read and not yet loaded: more of them need more memory, of which the kernel clears each page.
pub(crate) const TABLES_AHEAD: usize = 2;
