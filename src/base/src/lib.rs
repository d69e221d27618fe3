//! Ids and units: the words every other crate speaks.
//!
//! This crate knows no error, no file, no lock. It gives each kind of number its own type, so that a block number is
//! never taken for an offset and a transaction id never for a log position. All types are `Copy`, ordered by value
//! and print as PostgreSQL prints them.
#![forbid(unsafe_code)]

mod decimal;
mod ids;
mod lsn;
mod random;
mod relation;
mod tid;

pub use decimal::{push_decimal, push_decimal_unsigned};
pub use ids::{CommandId, Csn, Oid, SessionId, Xid};
pub use lsn::Lsn;
pub use random::Prng;
pub use relation::{DEFAULT_TABLESPACE, Fork, GLOBAL_TABLESPACE, RelFile, RelFork};
pub use tid::{BlockNumber, OffsetNumber, Tid};

/// Bytes in a page of a relation.
pub const PAGE_BYTES: usize = 8192;
/// Longest identifier in bytes, as PostgreSQL's NAMEDATALEN less the terminator.
pub const NAME_BYTES_MAX: usize = 63;
