//! Who redoes a record.

use crate::Record;
use report::Result;

/// The number of a resource manager, in each record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RmgrId(pub u8);

impl RmgrId {
    /// Checkpoints, segment switches, next-oid, parameter changes.
    pub const XLOG: RmgrId = RmgrId(0);
    /// Commit, abort, prepare.
    pub const XACT: RmgrId = RmgrId(1);
    /// Files made, truncated, removed.
    pub const SMGR: RmgrId = RmgrId(2);
    /// Pages of the commit log.
    pub const CLOG: RmgrId = RmgrId(3);
    /// Databases made and removed.
    pub const DATABASE: RmgrId = RmgrId(4);
    /// Tablespaces made and removed.
    pub const TABLESPACE: RmgrId = RmgrId(5);
    /// Standby: running transactions, locks.
    pub const STANDBY: RmgrId = RmgrId(8);
    /// Heap: insert, delete, update, lock.
    pub const HEAP: RmgrId = RmgrId(10);
    /// Heap: prune, vacuum, visibility, multi-insert.
    pub const HEAP2: RmgrId = RmgrId(9);
    /// B-tree.
    pub const BTREE: RmgrId = RmgrId(11);
    /// Sequences.
    pub const SEQUENCE: RmgrId = RmgrId(15);
    /// Messages for logical decoding.
    pub const LOGICAL_MESSAGE: RmgrId = RmgrId(21);
    /// Any page as an image or as bytes changed in place: maps, free space.
    pub const GENERIC: RmgrId = RmgrId(20);

    /// PostgreSQL's name for it.
    pub fn name(self) -> &'static str {
        match self {
            RmgrId::XLOG => "XLOG",
            RmgrId::XACT => "Transaction",
            RmgrId::SMGR => "Storage",
            RmgrId::CLOG => "CLOG",
            RmgrId::DATABASE => "Database",
            RmgrId::TABLESPACE => "Tablespace",
            RmgrId::STANDBY => "Standby",
            RmgrId::HEAP => "Heap",
            RmgrId::HEAP2 => "Heap2",
            RmgrId::BTREE => "Btree",
            RmgrId::SEQUENCE => "Sequence",
            RmgrId::LOGICAL_MESSAGE => "LogicalMessage",
            RmgrId::GENERIC => "Generic",
            _ => "UNKNOWN",
        }
    }
}

/// What redo of a record may touch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The pages of its blocks, each for itself: redo of one looks at no other, and may run before or after redo of the others. What it does besides is the same
    /// whatever the pages hold.
    Blocks,
    /// Anything. All records before it are redone before it, and none behind it.
    Anything,
}

/// What an access method gives to recovery. `Cx` is what redo works on: the buffer pool's `RedoCx`; managers that need more hold it themselves.
pub trait ResourceManager<Cx: ?Sized>: Send + Sync {
    /// Which records are its.
    fn id(&self) -> RmgrId;

    /// What redo of the record may touch.
    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Anything
    }

    /// Does again what the record says, if the pages do not show it yet. Called by several threads for a record that reaches its blocks only, each with
    /// a context that has some of the blocks.
    ///
    /// Errors: damage, I/O. Recovery ends with any of them.
    fn redo(&self, record: &Record<'_>, cx: &Cx) -> Result<()>;

    /// The record's kind and contents in one line: `INSERT off 3 flags 0x00`.
    fn describe(&self, record: &Record<'_>) -> String;
}
