//! The WAL records of heap pages.
//!
//! Block 0 is the page that the record is about; block 1, in `UPDATE`, the old version's if it is another; block 2, where a
//! change takes a page out of the visibility map, the map's page, with the heap blocks (4 each) as data; block 3 a second such page.
//!
//! | resource manager | kind | data of block 0, little-endian |
//! |---|---|---|
//! | HEAP | `INSERT` 0x00 | offset (2), tuple |
//! | HEAP | `XMAX` 0x10 | offset (2), then the header's fields from xmax on that change: xmax (8), cmax (4), ctid (6), infomask (2) |
//! | HEAP | `UPDATE` 0x20 | offset (2), tuple; the old version as in `XMAX`, as data of block 1, or of the record if the page is the same |
//! | HEAP | `OVERWRITE` 0x30 | offset (2), tuple of the same length |
//! | HEAP2 | `MULTI_INSERT` 0x30 | what the tuples' headers have in common: all before ctid (24); the block (4); for each tuple: offset (2), length of the rest (2), the tuple from behind ctid on |
//! | HEAP2 | `PRUNE` 0x10 | counts of redirects, dead, unused (2 each), then pairs of offsets, offsets, offsets (2 each) |
//! | HEAP2 | `VISIBLE` 0x20 | nothing: the page's flag is set; block 2 is the map's page, its bit is set |
//! | SEQUENCE | `SET` 0x00 | the tuple of a sequence: see `sequence` |
//!
//! `INSERT` and `MULTI_INSERT` with `WILL_INIT` begin on an empty page.

use crate::layout;
use crate::prune::PrunePlan;
use base::{BlockNumber, CommandId, OffsetNumber, Tid, Xid};
use page::{LineState, Page};
use report::{Error, Result};
use tuple::{HEAP_COMMON_BYTES, Infomask, TupleHeader, set_heap_header};

pub(crate) mod kind {
    pub const INSERT: u8 = 0x00;
    pub const XMAX: u8 = 0x10;
    pub const UPDATE: u8 = 0x20;
    pub const OVERWRITE: u8 = 0x30;
    pub const MULTI_INSERT: u8 = 0x30;
    pub const PRUNE: u8 = 0x10;
    pub const VISIBLE: u8 = 0x20;
    pub const SEQUENCE_SET: u8 = 0x00;
}

/// The page that the record is about.
pub(crate) const PAGE: u8 = 0;
/// The old version's page.
pub(crate) const OLD_PAGE: u8 = 1;
/// The visibility map's page; a second one, if an update touches two, has the next number. No other pages have higher ones.
pub(crate) const MAP_PAGE: u8 = 2;

/// The end of a version: what deleting, updating and locking write into its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct XmaxChange {
    pub offset: OffsetNumber,
    pub xmax: Xid,
    pub cmax: CommandId,
    pub ctid: Tid,
    pub infomask: Infomask,
}

pub(crate) const XMAX_CHANGE_BYTES: usize = 22;

impl XmaxChange {
    pub(crate) fn to_bytes(self) -> [u8; XMAX_CHANGE_BYTES] {
        let mut out = [0; XMAX_CHANGE_BYTES];
        out[..2].copy_from_slice(&self.offset.0.to_le_bytes());
        out[2..10].copy_from_slice(&self.xmax.0.to_le_bytes());
        out[10..14].copy_from_slice(&self.cmax.0.to_le_bytes());
        out[14..20].copy_from_slice(&self.ctid.to_bytes());
        out[20..].copy_from_slice(&self.infomask.0.to_le_bytes());
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<XmaxChange> {
        let b: &[u8; XMAX_CHANGE_BYTES] = bytes.first_chunk().ok_or_else(too_short)?;
        Ok(XmaxChange {
            offset: OffsetNumber(u16::from_le_bytes([b[0], b[1]])),
            xmax: Xid(u64::from_le_bytes(*b[2..].first_chunk().expect("eight bytes"))),
            cmax: CommandId(u32::from_le_bytes(*b[10..].first_chunk().expect("four bytes"))),
            ctid: Tid::from_bytes(*b[14..].first_chunk().expect("six bytes")),
            infomask: Infomask(u16::from_le_bytes([b[20], b[21]])),
        })
    }

    /// Changes the page: at run time and in redo.
    pub(crate) fn apply(&self, page: &mut Page) -> Result<()> {
        let tuple = item_mut(page, self.offset)?;
        let old = TupleHeader::read(tuple)?;
        let changed = TupleHeader { xmax: self.xmax, cmax: self.cmax, ctid: self.ctid, infomask: self.infomask, ..old };
        set_heap_header(tuple, &changed);
        if !self.infomask.has(Infomask::XMAX_LOCK_ONLY) {
            layout::lower_prune_hint(page, self.xmax);
        }
        Ok(())
    }
}

/// Puts a tuple at an offset: at run time and in redo. `bytes` are offset and tuple.
pub(crate) fn apply_insert(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let (offset, tuple) = split_offset(bytes)?;
    place(page, offset, tuple)
}

pub(crate) fn apply_overwrite(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let (offset, tuple) = split_offset(bytes)?;
    let old = item_mut(page, offset)?;
    if old.len() != tuple.len() {
        return Err(Error::corrupt("a heap record overwrites a tuple of another length"));
    }
    old.copy_from_slice(tuple);
    Ok(())
}

/// Where a tuple goes on after its ctid.
const AFTER_CTID: usize = HEAP_COMMON_BYTES + TID_BYTES;
const TID_BYTES: usize = 6;

/// The data of a `MULTI_INSERT`: begun with the tuples' common start and their block.
pub(crate) fn begin_multi_insert(data: &mut Vec<u8>, first: &[u8], block: BlockNumber) {
    data.extend_from_slice(&first[..HEAP_COMMON_BYTES]);
    data.extend_from_slice(&block.0.to_le_bytes());
}

/// Adds a tuple to the data of a `MULTI_INSERT`. It begins as the first one does.
pub(crate) fn add_to_multi_insert(data: &mut Vec<u8>, offset: OffsetNumber, tuple: &[u8]) {
    let rest = &tuple[AFTER_CTID..];
    data.extend_from_slice(&offset.0.to_le_bytes());
    data.extend_from_slice(&(rest.len() as u16).to_le_bytes());
    data.extend_from_slice(rest);
}

/// Redo of `MULTI_INSERT`.
pub(crate) fn apply_multi_insert(page: &mut Page, bytes: &[u8]) -> Result<()> {
    let (common, bytes) = bytes.split_first_chunk::<HEAP_COMMON_BYTES>().ok_or_else(too_short)?;
    let (block, mut bytes) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    let block = BlockNumber(u32::from_le_bytes(*block));
    let mut tuple = Vec::with_capacity(256);
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
        let offset = OffsetNumber(u16::from_le_bytes([head[0], head[1]]));
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (stored, rest) = rest.split_at_checked(length).ok_or_else(too_short)?;
        tuple.clear();
        tuple.extend_from_slice(common);
        tuple.extend_from_slice(&Tid { block, offset }.to_bytes());
        tuple.extend_from_slice(stored);
        place(page, offset, &tuple)?;
        bytes = rest;
    }
    Ok(())
}

fn place(page: &mut Page, offset: OffsetNumber, tuple: &[u8]) -> Result<()> {
    let is_free = offset.0 == page.item_count() + 1
        || (1..=page.item_count()).contains(&offset.0) && page.line_pointer(offset).state() == LineState::Unused;
    if !is_free || !page.place_item(offset, tuple) {
        return Err(Error::corrupt(format!("a heap record inserts at offset {}, which is not free", offset.0)));
    }
    Ok(())
}

fn split_offset(bytes: &[u8]) -> Result<(OffsetNumber, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>().ok_or_else(too_short)?;
    Ok((OffsetNumber(u16::from_le_bytes(*head)), rest))
}

/// The tuple at an offset that a record names.
fn item_mut(page: &mut Page, offset: OffsetNumber) -> Result<&mut [u8]> {
    if !(1..=page.item_count()).contains(&offset.0) || !page.line_pointer(offset).is_normal() {
        return Err(Error::corrupt(format!("a heap record changes offset {}, which holds no tuple", offset.0)));
    }
    Ok(page.item_mut(offset))
}

impl PrunePlan {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let counts = [self.redirects.len(), self.dead.len(), self.unused.len()].map(|count| count as u16);
        let redirects = self.redirects.iter().flat_map(|(from, to)| [from.0, to.0]);
        let rest = self.dead.iter().chain(&self.unused).map(|offset| offset.0);
        counts.into_iter().chain(redirects).chain(rest).flat_map(u16::to_le_bytes).collect()
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<PrunePlan> {
        let mut words = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let mut next = || words.next().ok_or_else(too_short);
        let (redirects, dead, unused) = (next()?, next()?, next()?);
        let mut offset = || next().map(OffsetNumber);
        Ok(PrunePlan {
            redirects: (0..redirects).map(|_| Ok((offset()?, offset()?))).collect::<Result<_>>()?,
            dead: (0..dead).map(|_| offset()).collect::<Result<_>>()?,
            unused: (0..unused).map(|_| offset()).collect::<Result<_>>()?,
        })
    }
}

#[cold]
fn too_short() -> Error {
    Error::corrupt("a heap record is too short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_of_one_command_come_back_without_their_common_start() {
        let block = BlockNumber(70_000);
        let mut expected = Page::new();
        expected.init(0);
        let mut data = Vec::new();
        for number in 1..=3u16 {
            let mut tuple = vec![7; HEAP_COMMON_BYTES];
            tuple.extend_from_slice(&Tid { block, offset: OffsetNumber(number) }.to_bytes());
            tuple.extend(std::iter::repeat_n(number as u8, 10 * usize::from(number)));
            if number == 1 {
                begin_multi_insert(&mut data, &tuple, block);
            }
            add_to_multi_insert(&mut data, OffsetNumber(number), &tuple);
            assert!(expected.place_item(OffsetNumber(number), &tuple));
        }
        let mut page = Page::new();
        page.init(0);
        apply_multi_insert(&mut page, &data).unwrap();
        assert!(page.bytes() == expected.bytes());
        assert!((0..data.len()).all(|cut| {
            let mut page = Page::new();
            page.init(0);
            apply_multi_insert(&mut page, &data[..cut]).is_err() || page.item_count() < 3
        }));
    }

    #[test]
    fn plans_and_changes_come_back() {
        let plan = PrunePlan {
            redirects: vec![(OffsetNumber(1), OffsetNumber(5))],
            dead: vec![OffsetNumber(2)],
            unused: vec![OffsetNumber(3), OffsetNumber(4)],
        };
        let bytes = plan.to_bytes();
        assert_eq!(PrunePlan::read(&bytes).unwrap(), plan);
        assert!((0..bytes.len()).all(|cut| PrunePlan::read(&bytes[..cut]).is_err()));
        let change = XmaxChange {
            offset: OffsetNumber(9),
            xmax: Xid(1 << 50),
            cmax: CommandId(7),
            ctid: Tid::new(3, 4),
            infomask: Infomask(Infomask::HOT_UPDATED),
        };
        assert_eq!(XmaxChange::read(&change.to_bytes()).unwrap(), change);
    }
}
