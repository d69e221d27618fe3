//! The eight lock modes and which exclude which (PostgreSQL 15, lock.c: LockConflicts).

use std::fmt;

/// A lock's mode, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum LockMode {
    /// SELECT.
    AccessShare = 1,
    /// SELECT FOR UPDATE and its kin.
    RowShare = 2,
    /// INSERT, UPDATE, DELETE.
    RowExclusive = 3,
    /// VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY.
    ShareUpdateExclusive = 4,
    /// CREATE INDEX.
    Share = 5,
    /// Like EXCLUSIVE, but allows ROW SHARE.
    ShareRowExclusive = 6,
    /// Blocks all but plain reading.
    Exclusive = 7,
    /// ALTER TABLE, DROP TABLE, LOCK TABLE: blocks all.
    AccessExclusive = 8,
}

impl LockMode {
    /// All modes, weakest first.
    pub const ALL: [LockMode; 8] = [
        LockMode::AccessShare,
        LockMode::RowShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::Exclusive,
        LockMode::AccessExclusive,
    ];

    /// The modes that this one excludes, one bit each.
    const CONFLICTS: [u8; 8] =
        [0b1000_0000, 0b1100_0000, 0b1111_0000, 0b1111_1000, 0b1110_1100, 0b1111_1100, 0b1111_1110, 0b1111_1111];

    pub(crate) const fn index(self) -> usize {
        self as usize - 1
    }

    /// Its bit in a set of modes.
    pub(crate) const fn bit(self) -> u8 {
        1 << self.index()
    }

    /// True if some mode of the set excludes it.
    pub(crate) const fn conflicts_with_set(self, set: u8) -> bool {
        Self::CONFLICTS[self.index()] & set != 0
    }

    /// True if two owners cannot hold these two at once.
    pub const fn conflicts(self, other: LockMode) -> bool {
        self.conflicts_with_set(other.bit())
    }

    /// True for the modes that never exclude each other and so need not meet in the shared table.
    pub(crate) const fn is_weak(self) -> bool {
        (self as u8) < LockMode::ShareUpdateExclusive as u8
    }

    /// True for the modes that exclude a weak one.
    pub(crate) const fn is_strong(self) -> bool {
        self as u8 > LockMode::ShareUpdateExclusive as u8
    }
}

/// PostgreSQL's name: `AccessShareLock`.
impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}Lock")
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_postgres_table() {
        let table = ["       X", "      XX", "    XXXX", "   XXXXX", "  XX XXX", "  XXXXXX", " XXXXXXX", "XXXXXXXX"];
        for (a, row) in LockMode::ALL.into_iter().zip(table) {
            for (b, cell) in LockMode::ALL.into_iter().zip(row.chars()) {
                assert_eq!(a.conflicts(b), cell == 'X', "{a} {b}");
                assert_eq!(a.conflicts(b), b.conflicts(a), "{a} {b}");
            }
        }
        assert_eq!(LockMode::ShareUpdateExclusive.to_string(), "ShareUpdateExclusiveLock");
    }

    #[test]
    fn weak_modes_meet_only_strong_ones() {
        for a in LockMode::ALL.into_iter().filter(|m| m.is_weak()) {
            for b in LockMode::ALL {
                assert!(!a.conflicts(b) || b.is_strong(), "{a} {b}");
            }
        }
    }
}
