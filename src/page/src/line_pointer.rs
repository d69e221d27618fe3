//! Line pointers: where an item is, or why there is none.
//!
//! Four bytes, little-endian: offset (bits 0..15), state (15..17), length (17..32).

/// What a line pointer stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum LineState {
    /// Free to be used again.
    Unused = 0,
    /// An item.
    Normal = 1,
    /// Heap: look at another line pointer of this page (`offset` is its number).
    Redirect = 2,
    /// The item is gone but something (an index) may still point here.
    Dead = 3,
}

/// One line pointer.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct LinePointer(u32);

const FIELD: u32 = 0x7FFF;

impl LinePointer {
    /// Free, no item.
    pub const UNUSED: LinePointer = LinePointer(0);
    /// Dead, no item.
    pub const DEAD: LinePointer = LinePointer::build(0, LineState::Dead, 0);

    const fn build(offset: u32, state: LineState, length: u32) -> LinePointer {
        assert!(offset <= FIELD && length <= FIELD);
        LinePointer(offset | (state as u32) << 15 | length << 17)
    }

    /// An item of `length` bytes at `offset` of the page.
    pub const fn normal(offset: usize, length: usize) -> LinePointer {
        LinePointer::build(offset as u32, LineState::Normal, length as u32)
    }

    /// Points to another line pointer, counted from 1.
    pub const fn redirect(to: u16) -> LinePointer {
        LinePointer::build(to as u32, LineState::Redirect, 0)
    }

    /// What it stands for.
    #[inline]
    pub const fn state(self) -> LineState {
        match self.0 >> 15 & 3 {
            0 => LineState::Unused,
            1 => LineState::Normal,
            2 => LineState::Redirect,
            _ => LineState::Dead,
        }
    }

    /// True if there is an item.
    #[inline]
    pub const fn is_normal(self) -> bool {
        matches!(self.state(), LineState::Normal)
    }

    /// True if it has bytes on the page: normal ones, and dead ones whose item was kept (B-tree marks an item dead before removing it).
    #[inline]
    pub const fn has_storage(self) -> bool {
        self.length() > 0
    }

    /// The same item, marked dead.
    pub const fn as_dead(self) -> LinePointer {
        LinePointer(self.0 & !(3 << 15) | (LineState::Dead as u32) << 15)
    }

    /// The same item, moved.
    pub(crate) const fn at(self, offset: usize) -> LinePointer {
        LinePointer(self.0 & !FIELD | offset as u32)
    }

    /// Where the item starts.
    #[inline]
    pub const fn offset(self) -> usize {
        (self.0 & FIELD) as usize
    }

    /// How long it is.
    #[inline]
    pub const fn length(self) -> usize {
        (self.0 >> 17) as usize
    }

    /// Where a redirect points, counted from 1.
    #[inline]
    pub const fn target(self) -> u16 {
        (self.0 & FIELD) as u16
    }

    /// As stored.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// From what is stored.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 4]) -> LinePointer {
        LinePointer(u32::from_le_bytes(bytes))
    }
}

impl std::fmt::Debug for LinePointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.state() {
            LineState::Unused => f.write_str("unused"),
            LineState::Normal => write!(f, "{}+{}", self.offset(), self.length()),
            LineState::Redirect => write!(f, "-> {}", self.target()),
            LineState::Dead if self.has_storage() => write!(f, "dead {}+{}", self.offset(), self.length()),
            LineState::Dead => f.write_str("dead"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        let pointer = LinePointer::from_bytes(LinePointer::normal(8184, 8192 - 40).to_bytes());
        assert_eq!((pointer.offset(), pointer.length(), pointer.state()), (8184, 8152, LineState::Normal));
        let dead = pointer.as_dead();
        assert_eq!((dead.offset(), dead.length(), dead.state()), (8184, 8152, LineState::Dead));
        assert_eq!((LinePointer::redirect(7).target(), LinePointer::redirect(7).state()), (7, LineState::Redirect));
        assert!(!LinePointer::DEAD.has_storage() && !LinePointer::UNUSED.is_normal());
    }
}
