//! What can be locked.

use base::{BlockNumber, Oid, Tid, Xid};
use std::fmt;

/// The name of a lock. Two locks conflict only if their tags are equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LockTag {
    /// A table, index, sequence or view. `database` is zero for a shared one.
    Relation {
        /// Its database.
        database: Oid,
        /// Its oid.
        relation: Oid,
    },
    /// The right to extend a relation.
    Extend {
        /// Its database.
        database: Oid,
        /// Its oid.
        relation: Oid,
    },
    /// A page of a relation.
    Page {
        /// Its database.
        database: Oid,
        /// Its oid.
        relation: Oid,
        /// The page.
        block: BlockNumber,
    },
    /// The place in the queue for a row: taken while its present locker is waited for, never held for long.
    Tuple {
        /// Its table's database.
        database: Oid,
        /// Its table's oid.
        relation: Oid,
        /// The row version.
        tid: Tid,
    },
    /// A transaction: held by itself from its first write to its end. Waiting for it is waiting for that end.
    Transaction(Xid),
    /// A transaction that may not have an xid: owner number and local counter.
    Virtual {
        /// The owner's number.
        owner: u32,
        /// Its transaction, counted by the owner.
        local: u64,
    },
    /// Any other object: a row of the catalog `class`.
    Object {
        /// Its database, zero if shared.
        database: Oid,
        /// The oid of its catalog.
        class: Oid,
        /// Its oid.
        object: Oid,
        /// A part of it, else 0.
        part: u16,
    },
    /// `pg_advisory_lock(int8)`.
    Advisory {
        /// The database it was called in.
        database: Oid,
        /// The key.
        key: i64,
    },
    /// `pg_advisory_lock(int4, int4)`: never equal to the form with one key.
    AdvisoryPair {
        /// The database it was called in.
        database: Oid,
        /// The first key.
        first: i32,
        /// The second key.
        second: i32,
    },
}

impl LockTag {
    /// `pg_locks.locktype`.
    pub const fn kind(&self) -> &'static str {
        match self {
            LockTag::Relation { .. } => "relation",
            LockTag::Extend { .. } => "extend",
            LockTag::Page { .. } => "page",
            LockTag::Tuple { .. } => "tuple",
            LockTag::Transaction(_) => "transactionid",
            LockTag::Virtual { .. } => "virtualxid",
            LockTag::Object { .. } => "object",
            LockTag::Advisory { .. } | LockTag::AdvisoryPair { .. } => "advisory",
        }
    }

    /// True for the tags whose weak modes take the fast path.
    pub(crate) const fn is_relation(&self) -> bool {
        matches!(self, LockTag::Relation { .. })
    }
}

/// As PostgreSQL words it in a deadlock's detail.
impl fmt::Display for LockTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockTag::Relation { database, relation } => write!(f, "relation {relation} of database {database}"),
            LockTag::Extend { database, relation } => {
                write!(f, "extension of relation {relation} of database {database}")
            }
            LockTag::Page { database, relation, block } => {
                write!(f, "page {block} of relation {relation} of database {database}")
            }
            LockTag::Tuple { database, relation, tid } => {
                write!(f, "tuple {tid} of relation {relation} of database {database}")
            }
            LockTag::Transaction(xid) => write!(f, "transaction {xid}"),
            LockTag::Virtual { owner, local } => write!(f, "virtual transaction {owner}/{local}"),
            LockTag::Object { database, class, object, .. } => {
                write!(f, "object {object} of class {class} of database {database}")
            }
            LockTag::Advisory { database, key } => {
                write!(f, "advisory lock [{database},{},{},1]", (*key as u64) >> 32, *key as u32)
            }
            LockTag::AdvisoryPair { database, first, second } => {
                write!(f, "advisory lock [{database},{},{},2]", *first as u32, *second as u32)
            }
        }
    }
}
