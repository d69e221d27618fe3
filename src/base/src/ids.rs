//! Object, transaction, command and session ids.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Object id: names a row of a catalog. Zero is "no object".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Oid(pub u32);

impl Oid {
    /// No object.
    pub const INVALID: Oid = Oid(0);
    /// The first id given to an object that a user makes; lower ones are initdb's.
    pub const FIRST_NORMAL: Oid = Oid(16384);
    /// The first id that bootstrap may assign to a row whose id the catalogs leave open.
    pub const FIRST_UNPINNED: Oid = Oid(12000);

    /// True unless it is zero.
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }
}

/// Transaction id, 64 bits wide: there is no wraparound. Ids are given out in order, only to transactions that write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Xid(pub u64);

impl Xid {
    /// No transaction.
    pub const INVALID: Xid = Xid(0);
    /// The transaction that bootstrap runs in: always committed, older than all others.
    pub const BOOTSTRAP: Xid = Xid(1);
    /// A row version that every snapshot sees.
    pub const FROZEN: Xid = Xid(2);
    /// The first id given to a transaction.
    pub const FIRST_NORMAL: Xid = Xid(3);

    /// True unless it is zero.
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// True for ids given to transactions, false for the reserved ones.
    pub const fn is_normal(self) -> bool {
        self.0 >= Self::FIRST_NORMAL.0
    }
}

/// Commit sequence number: the place of a commit in the order of all commits. A snapshot is one such number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Csn(pub u64);

/// The number of a command within its transaction: a command sees what earlier ones of the same transaction wrote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommandId(pub u32);

impl CommandId {
    /// The first command of a transaction.
    pub const FIRST: CommandId = CommandId(0);
}

/// A session's number on the wire (`pg_backend_pid()`): positive, unique among live sessions, never the process id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SessionId(pub i32);

macro_rules! print_as_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}
print_as_number!(Oid, Xid, Csn, CommandId, SessionId);
