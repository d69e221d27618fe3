//! The WAL records of the tree.
//!
//! | kind | blocks | data, little-endian |
//! |---|---|---|
//! | `INSERT` 0x00 | 0 page, 1 child whose split is now complete (if inner) | block 0: offset (2), entry |
//! | `SPLIT` 0x10 | 0 left, 1 right (made anew), 2 old right neighbour, 3 child whose split is now complete | block 0: see [`LeftHalf`]; block 1: links (16), items |
//! | `ROOT_SPLIT` 0x20 | 0 root, 1 left, 2 right, all made anew; 3 as in `SPLIT` | each: links (16), items |
//! | `DELETE` 0x30 | 0 page | offsets (2 each), rising |
//! | `CREATE` 0x40 | 0 root, made anew | links (16), items |
//!
//! Items are length (2) and bytes each.

use crate::layout::{self, Links};
use base::OffsetNumber;
use page::Page;
use report::{Error, Result};

pub(crate) mod kind {
    pub const INSERT: u8 = 0x00;
    pub const SPLIT: u8 = 0x10;
    pub const ROOT_SPLIT: u8 = 0x20;
    pub const DELETE: u8 = 0x30;
    pub const CREATE: u8 = 0x40;
}

pub(crate) const PAGE: u8 = 0;
pub(crate) const RIGHT: u8 = 1;
pub(crate) const NEIGHBOUR: u8 = 2;
pub(crate) const CHILD: u8 = 3;

#[cold]
fn damaged() -> Error {
    Error::corrupt("a b-tree record is damaged")
}

/// A page's links and items, for pages that are made anew.
pub(crate) fn encode_page<'a>(links: Links, items: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = links.to_bytes().to_vec();
    for item in items {
        out.extend_from_slice(&(item.len() as u16).to_le_bytes());
        out.extend_from_slice(item);
    }
    out
}

/// Makes a page from `encode_page`'s bytes: at run time and in redo.
pub(crate) fn apply_page(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let (links, mut rest) = bytes.split_at_checked(Links::BYTES).ok_or_else(damaged)?;
    layout::init(page, Links::from_bytes(links));
    while !rest.is_empty() {
        let (len, tail) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        let (item, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*len))).ok_or_else(damaged)?;
        page.add_item(item, page::Reuse::Never).ok_or_else(damaged)?;
        rest = tail;
    }
    Ok(())
}

/// Inserts an entry: at run time and in redo.
pub(crate) fn apply_insert(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let (offset, entry) = bytes.split_first_chunk::<2>().ok_or_else(damaged)?;
    let offset = OffsetNumber(u16::from_le_bytes(*offset));
    let fits = (1..=page.item_count() + 1).contains(&offset.0) && page.insert_item(offset, entry);
    if fits { Ok(()) } else { Err(damaged()) }
}

pub(crate) fn encode_insert(offset: OffsetNumber, entry: &[u8]) -> Vec<u8> {
    let mut out = offset.0.to_le_bytes().to_vec();
    out.extend_from_slice(entry);
    out
}

/// Removes entries: at run time and in redo.
pub(crate) fn apply_delete(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let offsets: Vec<OffsetNumber> =
        bytes.chunks_exact(2).map(|b| OffsetNumber(u16::from_le_bytes([b[0], b[1]]))).collect();
    if !offsets.is_sorted() || offsets.last().is_some_and(|last| last.0 > page.item_count()) {
        return Err(damaged());
    }
    page.remove_items(&offsets);
    layout::set_flag(page, layout::HAS_DEAD, false);
    layout::set_removals(page, layout::removals(page).wrapping_add(1));
    Ok(())
}

pub(crate) fn encode_offsets(offsets: &[OffsetNumber]) -> Vec<u8> {
    offsets.iter().flat_map(|offset| offset.0.to_le_bytes()).collect()
}

/// What becomes of the page that is split: its first entries stay, perhaps with the new one among them, under a new high key.
///
/// Bytes: right neighbour (4), flags (4), count of entries that stay (2), offset of the new entry or 0 (2), its length (2), it, high key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LeftHalf {
    pub right: u32,
    pub flags: u32,
    /// Entries of the old page that stay.
    pub stay: u16,
    /// Index of the new entry among those of the left half, if it goes there, and the entry.
    pub new: Option<(u16, Vec<u8>)>,
    pub high_key: Vec<u8>,
}

impl LeftHalf {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.right.to_le_bytes().to_vec();
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&self.stay.to_le_bytes());
        let (at, entry) = self.new.as_ref().map_or((0, &[][..]), |(index, entry)| (index + 1, entry));
        out.extend_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&(entry.len() as u16).to_le_bytes());
        out.extend_from_slice(entry);
        out.extend_from_slice(&self.high_key);
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<LeftHalf> {
        let (head, rest) = bytes.split_first_chunk::<14>().ok_or_else(damaged)?;
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let word = |at: usize| u32::from_le_bytes(*head[at..].first_chunk().expect("four bytes"));
        let (entry, high_key) = rest.split_at_checked(usize::from(short(12))).ok_or_else(damaged)?;
        let new = short(10).checked_sub(1).map(|index| (index, entry.to_vec()));
        Ok(LeftHalf { right: word(0), flags: word(4), stay: short(8), new, high_key: high_key.to_vec() })
    }

    /// Changes the page: at run time and in redo.
    pub(crate) fn apply(&self, page: &mut Page) -> Result<()> {
        let old = layout::links(page);
        let first = layout::first_entry(&old);
        let mut items = layout::items_from(page, first);
        if usize::from(self.stay) > items.len() {
            return Err(damaged());
        }
        items.truncate(usize::from(self.stay));
        if let Some((index, entry)) = &self.new {
            if usize::from(*index) > items.len() {
                return Err(damaged());
            }
            items.insert(usize::from(*index), entry.clone());
        }
        let removals = layout::removals(page);
        layout::init(page, Links { right: base::BlockNumber(self.right), flags: self.flags, ..old });
        layout::set_removals(page, removals);
        let all = std::iter::once(&self.high_key).chain(&items).map(Vec::as_slice);
        if layout::fill(page, all) { Ok(()) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_come_back() {
        for new in [None, Some((0, vec![1, 2, 3])), Some((7, vec![4]))] {
            let half = LeftHalf { right: 9, flags: 1, stay: 7, new, high_key: vec![5, 6] };
            assert_eq!(LeftHalf::read(&half.to_bytes()).unwrap(), half);
        }
        assert!(LeftHalf::read(&[0; 13]).is_err());
    }
}
