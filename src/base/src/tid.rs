//! Where a tuple is: block and offset.

use std::fmt;

/// A page of a relation fork, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct BlockNumber(pub u32);

impl BlockNumber {
    /// No block; also the length past which a fork cannot grow.
    pub const INVALID: BlockNumber = BlockNumber(u32::MAX);

    /// The block after this one.
    pub const fn next(self) -> BlockNumber {
        BlockNumber(self.0 + 1)
    }
}

impl fmt::Display for BlockNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A line pointer of a page, counted from 1. Zero is "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct OffsetNumber(pub u16);

impl OffsetNumber {
    /// No line pointer.
    pub const INVALID: OffsetNumber = OffsetNumber(0);
    /// The first line pointer of a page.
    pub const FIRST: OffsetNumber = OffsetNumber(1);

    /// Its place in the line pointer array, counted from 0. Panics on `INVALID`.
    #[inline]
    pub const fn index(self) -> usize {
        assert!(self.0 > 0);
        self.0 as usize - 1
    }

    /// The offset after this one.
    pub const fn next(self) -> OffsetNumber {
        OffsetNumber(self.0 + 1)
    }
}

/// Tuple id: the physical place of a row version. Prints as PostgreSQL's ctid: `(0,1)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tid {
    /// Page of the relation's main fork.
    pub block: BlockNumber,
    /// Line pointer in that page.
    pub offset: OffsetNumber,
}

impl Tid {
    /// No place.
    pub const INVALID: Tid = Tid { block: BlockNumber::INVALID, offset: OffsetNumber::INVALID };

    /// Pairs a block with an offset.
    pub const fn new(block: u32, offset: u16) -> Tid {
        Tid { block: BlockNumber(block), offset: OffsetNumber(offset) }
    }

    /// True if it names a line pointer.
    pub const fn is_valid(self) -> bool {
        self.offset.0 != 0
    }

    /// Six bytes, little-endian: block (4), offset (2).
    pub const fn to_bytes(self) -> [u8; 6] {
        let (b, o) = (self.block.0.to_le_bytes(), self.offset.0.to_le_bytes());
        [b[0], b[1], b[2], b[3], o[0], o[1]]
    }

    /// The reverse of `to_bytes`.
    pub const fn from_bytes(b: [u8; 6]) -> Tid {
        Tid::new(u32::from_le_bytes([b[0], b[1], b[2], b[3]]), u16::from_le_bytes([b[4], b[5]]))
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.block.0, self.offset.0)
    }
}

impl fmt::Debug for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tid{self}")
    }
}
