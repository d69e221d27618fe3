//! A page of the tree.
//!
//! Special space, 24 bytes, little-endian:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 4 | left neighbour, `NO_BLOCK` if there is none |
//! | 4 | 4 | right neighbour, `NO_BLOCK` if there is none |
//! | 8 | 4 | level: 0 for a leaf |
//! | 12 | 4 | flags |
//! | 16 | 4 | how often entries were removed from the page |
//! | 20 | 4 | zero |
//!
//! Item 1 of a page that has a right neighbour is its *high key*: greater than every entry of the page, and not greater than any
//! of the pages to the right. The entries follow. The first entry of an inner page stands for minus infinity; its key is empty.
//! The root is always block 0.

use base::{BlockNumber, OffsetNumber};
use page::Page;
use report::{Error, Result};
use tuple::IndexTuple;

pub(crate) const ROOT: BlockNumber = BlockNumber(0);
pub(crate) const NO_BLOCK: BlockNumber = BlockNumber::INVALID;
pub(crate) const SPECIAL_BYTES: usize = REMOVALS + 4 + 4;
const LEFT: usize = 0;
const RIGHT: usize = 4;
const LEVEL: usize = 8;
const FLAGS: usize = 12;
const REMOVALS: usize = 16;

/// The right neighbour has no downlink yet.
pub(crate) const INCOMPLETE_SPLIT: u32 = 0x1;
/// Hint: some entry is marked dead.
pub(crate) const HAS_DEAD: u32 = 0x2;
/// This is a page of a tree; all zero is not.
const IN_USE: u32 = 0x8000_0000;

/// The longest entry: three fit in a page, with room for the tid that an inner entry may need.
pub(crate) const ENTRY_BYTES_MAX: usize = 2696;
const _: () = assert!(3 * (ENTRY_BYTES_MAX + 8 + 4) + page::HEADER_BYTES + SPECIAL_BYTES <= base::PAGE_BYTES);

/// What the special space of a page says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Links {
    pub left: BlockNumber,
    pub right: BlockNumber,
    pub level: u32,
    pub flags: u32,
}

impl Links {
    /// Of a page without neighbours.
    pub(crate) const fn alone(level: u32) -> Links {
        Links { left: NO_BLOCK, right: NO_BLOCK, level, flags: 0 }
    }

    pub(crate) const BYTES: usize = 16;

    pub(crate) fn to_bytes(self) -> [u8; Links::BYTES] {
        let mut out = [0; Links::BYTES];
        for (at, word) in [(LEFT, self.left.0), (RIGHT, self.right.0), (LEVEL, self.level), (FLAGS, self.flags)] {
            out[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Links {
        let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("four bytes"));
        Links {
            left: BlockNumber(word(LEFT)),
            right: BlockNumber(word(RIGHT)),
            level: word(LEVEL),
            flags: word(FLAGS) & !IN_USE,
        }
    }
}

/// Makes a page an empty page of the tree.
pub(crate) fn init(page: &mut Page, links: Links) {
    page.init(SPECIAL_BYTES);
    set_links(page, links);
}

#[inline]
pub(crate) fn links(page: &Page) -> Links {
    Links::from_bytes(page.special())
}

pub(crate) fn set_links(page: &mut Page, links: Links) {
    let bytes = Links { flags: links.flags | IN_USE, ..links }.to_bytes();
    page.special_mut()[..Links::BYTES].copy_from_slice(&bytes);
}

pub(crate) fn set_flag(page: &mut Page, flag: u32, on: bool) {
    let now = links(page);
    let flags = if on { now.flags | flag } else { now.flags & !flag };
    set_links(page, Links { flags, ..now });
}

/// How often entries were removed from the page. While it stays the same, an entry that is found again is the one that was seen:
/// its tid cannot have been given to another row.
pub(crate) fn removals(page: &Page) -> u32 {
    u32::from_le_bytes(*page.special()[REMOVALS..].first_chunk().expect("four bytes"))
}

pub(crate) fn set_removals(page: &mut Page, count: u32) {
    page.special_mut()[REMOVALS..REMOVALS + 4].copy_from_slice(&count.to_le_bytes());
}

/// Whether the page is one of a tree.
pub(crate) fn check_page(page: &Page, block: BlockNumber, index: &str) -> Result<()> {
    let special = page.special();
    if page.is_new() || special.len() != SPECIAL_BYTES || special[FLAGS + 3] & 0x80 == 0 {
        return Err(Error::corrupt(format!("index \"{index}\" contains unexpected zero page at block {block}"))
            .hint("Please REINDEX it."));
    }
    Ok(())
}

/// The first entry's offset: behind the high key.
#[inline]
pub(crate) fn first_entry(links: &Links) -> OffsetNumber {
    if links.right == NO_BLOCK { OffsetNumber(1) } else { OffsetNumber(2) }
}

/// The high key of a page that has a right neighbour.
pub(crate) fn high_key(page: &Page) -> Result<IndexTuple<'_>> {
    entry(page, OffsetNumber(1))
}

/// The entry at an offset.
#[inline]
pub(crate) fn entry(page: &Page, offset: OffsetNumber) -> Result<IndexTuple<'_>> {
    IndexTuple::new(page.item(offset))
}

/// All items of a page from an offset on, as bytes.
pub(crate) fn items_from(page: &Page, first: OffsetNumber) -> Vec<Vec<u8>> {
    (first.0..=page.item_count()).map(|offset| page.item(OffsetNumber(offset)).to_vec()).collect()
}

/// Fills an empty page with items in order. False if they do not fit.
pub(crate) fn fill<'a>(page: &mut Page, items: impl IntoIterator<Item = &'a [u8]>) -> bool {
    items.into_iter().all(|item| page.add_item(item, page::Reuse::Never).is_some())
}
