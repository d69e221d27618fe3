//! Which file a relation's pages are in.

use crate::Oid;
use std::fmt;

/// The tablespace of relations that belong to one database: `base/<database>/`.
pub const DEFAULT_TABLESPACE: Oid = Oid(1663);
/// The tablespace of relations shared by all databases: `global/`.
pub const GLOBAL_TABLESPACE: Oid = Oid(1664);

/// The physical name of a relation. It changes when the relation is rewritten (TRUNCATE), its oid does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RelFile {
    /// `DEFAULT_TABLESPACE`, `GLOBAL_TABLESPACE` or one made by CREATE TABLESPACE. Never zero.
    pub tablespace: Oid,
    /// The database, zero for a shared relation.
    pub database: Oid,
    /// The file number (`relfilenode`), unique within database and tablespace.
    pub number: u32,
}

impl fmt::Display for RelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tablespace {
            GLOBAL_TABLESPACE => write!(f, "global/{}", self.number),
            DEFAULT_TABLESPACE => write!(f, "base/{}/{}", self.database, self.number),
            other => write!(f, "pg_tblspc/{other}/{}/{}", self.database, self.number),
        }
    }
}

/// One of a relation's files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Fork {
    /// The rows.
    Main = 0,
    /// How much room each page has.
    FreeSpace = 1,
    /// Which pages hold only rows that everyone sees.
    Visibility = 2,
    /// What an unlogged relation is reset to after a crash.
    Init = 3,
}

impl Fork {
    /// All forks, in order.
    pub const ALL: [Fork; 4] = [Fork::Main, Fork::FreeSpace, Fork::Visibility, Fork::Init];

    /// What is appended to the file's name.
    pub const fn suffix(self) -> &'static str {
        ["", "_fsm", "_vm", "_init"][self as usize]
    }

    /// The fork with this number, as stored in WAL.
    pub const fn from_number(number: u8) -> Option<Fork> {
        match number {
            0..=3 => Some(Self::ALL[number as usize]),
            _ => None,
        }
    }
}

/// A fork of a relation: what a buffer's page belongs to, together with a block number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RelFork {
    /// The relation.
    pub file: RelFile,
    /// Which of its files.
    pub fork: Fork,
}

impl fmt::Display for RelFork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.file, self.fork.suffix())
    }
}
