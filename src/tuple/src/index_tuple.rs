//! A row of an index.
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 6 | tid of the heap tuple; in a pivot tuple the child's block (4) and two zero bytes |
//! | 6 | 2 | bit 15: there is a null bitmap; bit 14: the last six bytes are a tid; bits 0 to 13: columns stored |
//! | 8 | | null bitmap if bit 15, values, tid if bit 14 |
//!
//! All little-endian. Values are plain, never compressed or out of line. A pivot tuple (an entry of an inner page, or
//! a page's high key) stores only as many columns as it needs; with all of them equal, the tid at its end decides.

use crate::values::{self, Layout};
use crate::varlena::{Varlena, cut_short};
use crate::{ColumnSet, Datum, NoToast, Repr, TupleDesc};
use base::{BlockNumber, Tid};
use report::{Error, Result};

/// Bytes before null bitmap and values.
pub const INDEX_HEADER_BYTES: usize = INFO + 2;
const INFO: usize = 6;
const HAS_NULL: u16 = 1 << 15;
const HAS_TID: u16 = 1 << 14;
const NATTS_MASK: u16 = HAS_TID - 1;

/// The bytes of an index tuple for `row`, which points at `tid`. Panics if a value has the wrong variant.
pub fn form_index_tuple(desc: &TupleDesc, row: &[Datum], tid: Tid) -> Vec<u8> {
    let mut out = Vec::with_capacity(INDEX_HEADER_BYTES + row.iter().map(values::value_bytes).sum::<usize>());
    form_index_tuple_into(desc, row, tid, &mut out);
    out
}

/// As `form_index_tuple`, into a buffer that it clears.
pub fn form_index_tuple_into(desc: &TupleDesc, row: &[Datum], tid: Tid, out: &mut Vec<u8>) {
    assert!(row.len() <= desc.len(), "{} values for {} columns", row.len(), desc.len());
    let has_null = row.iter().any(Datum::is_null);
    out.clear();
    out.extend_from_slice(&tid.to_bytes());
    out.extend_from_slice(&(row.len() as u16 | if has_null { HAS_NULL } else { 0 }).to_le_bytes());
    if has_null {
        values::write_bitmap(out, row.iter().map(Datum::is_null));
    }
    for (value, attribute) in row.iter().zip(&desc.attributes) {
        values::assert_repr(value, attribute.repr);
        values::write_value(out, value);
    }
}

/// The first column's value in an index tuple's bytes, if its first `N` bytes can be had at a glance: no column of the tuple is null.
/// The caller knows that the column's values are that wide.
#[inline]
pub fn first_value<const N: usize>(bytes: &[u8]) -> Option<&[u8; N]> {
    let info = u16::from_le_bytes(*bytes.get(INFO..)?.first_chunk()?);
    let is_plain = info & HAS_NULL == 0 && info & NATTS_MASK != 0;
    bytes.get(INDEX_HEADER_BYTES..)?.first_chunk().filter(|_| is_plain)
}

/// An index tuple's bytes.
#[derive(Clone, Copy)]
pub struct IndexTuple<'a> {
    bytes: &'a [u8],
    info: u16,
}

impl<'a> IndexTuple<'a> {
    /// Takes a tuple's bytes. XX001 if they cannot be a tuple.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<IndexTuple<'a>> {
        if bytes.len() < INDEX_HEADER_BYTES {
            return Err(Error::corrupt(format!("an index tuple of {} bytes is shorter than its header", bytes.len())));
        }
        let tuple = IndexTuple { bytes, info: u16::from_le_bytes(values::fixed(&bytes[INFO..])) };
        let least = tuple.values_start() + if tuple.info & HAS_TID != 0 { 6 } else { 0 };
        if least > bytes.len() {
            return Err(Error::corrupt("an index tuple ends in its null bitmap"));
        }
        Ok(tuple)
    }

    /// The heap tuple that a leaf entry points at.
    #[inline]
    pub fn tid(&self) -> Tid {
        Tid::from_bytes(values::fixed(self.bytes))
    }

    /// The child that a pivot tuple points at.
    pub fn child(&self) -> BlockNumber {
        BlockNumber(u32::from_le_bytes(values::fixed(self.bytes)))
    }

    /// The tid that decides between a pivot and an entry with equal columns; `None` is less than every tid.
    pub fn pivot_tid(&self) -> Option<Tid> {
        (self.info & HAS_TID != 0).then(|| Tid::from_bytes(values::fixed(&self.bytes[self.bytes.len() - 6..])))
    }

    /// How many columns are stored.
    #[inline]
    pub fn natts(&self) -> usize {
        usize::from(self.info & NATTS_MASK)
    }

    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Steps through the stored columns.
    #[inline]
    pub fn columns(&self) -> StoredColumns<'a> {
        StoredColumns { tuple: *self, index: 0, at: self.values_start() }
    }

    /// Appends all columns that are stored, as `desc` describes them; long values are copied.
    pub fn deform(&self, desc: &TupleDesc, out: &mut Vec<Datum>) -> Result<()> {
        let natts = self.natts().min(desc.len());
        self.layout().deform(desc, &ColumnSet::first(natts), &NoToast, out)
    }

    /// A pivot tuple that points at `child` and keeps the first `natts` columns, and its tid if `keep_tid`.
    ///
    /// `self` is a leaf entry, or a pivot all of whose columns are kept.
    pub fn pivot(&self, reprs: &[Repr], natts: usize, tid: Option<Tid>, child: BlockNumber) -> Result<Vec<u8>> {
        let natts = natts.min(self.natts());
        let end = self.end_of(reprs, natts)?;
        let nulls: Vec<bool> = (0..natts).map(|index| !self.has_value(index)).collect();
        let has_null = nulls.contains(&true);
        let mut out = Vec::with_capacity(self.bytes.len() + 6);
        out.extend_from_slice(&Tid { block: child, offset: base::OffsetNumber::INVALID }.to_bytes());
        let mut info = natts as u16;
        info |= if has_null { HAS_NULL } else { 0 };
        info |= if tid.is_some() { HAS_TID } else { 0 };
        out.extend_from_slice(&info.to_le_bytes());
        if has_null {
            values::write_bitmap(&mut out, nulls.into_iter());
        }
        out.extend_from_slice(&self.bytes[self.values_start()..end]);
        if let Some(tid) = tid {
            out.extend_from_slice(&tid.to_bytes());
        }
        Ok(out)
    }

    fn end_of(&self, reprs: &[Repr], natts: usize) -> Result<usize> {
        let mut columns = self.columns();
        for repr in &reprs[..natts] {
            columns.next(*repr)?;
        }
        Ok(columns.at)
    }

    #[inline]
    fn has_null(&self) -> bool {
        self.info & HAS_NULL != 0
    }

    #[inline]
    fn has_value(&self, index: usize) -> bool {
        !self.has_null() || values::bitmap_has(&self.bytes[INDEX_HEADER_BYTES..], index)
    }

    #[inline]
    fn values_start(&self) -> usize {
        INDEX_HEADER_BYTES + if self.has_null() { values::bitmap_bytes(self.natts()) } else { 0 }
    }

    fn layout(&self) -> Layout<'a> {
        let start = self.values_start();
        let bitmap = self.has_null().then(|| &self.bytes[INDEX_HEADER_BYTES..start]);
        Layout { shared: None, bytes: self.bytes, bitmap, start, natts: self.natts() }
    }
}

/// The stored columns of an index tuple, one after another.
pub struct StoredColumns<'a> {
    tuple: IndexTuple<'a>,
    index: usize,
    at: usize,
}

impl<'a> StoredColumns<'a> {
    /// The next column, which has this representation: its bytes as [`crate::Comparator::compare_stored`] takes them, or
    /// `None` for a null. The caller asks for at most `natts` columns.
    #[inline]
    pub fn next(&mut self, repr: Repr) -> Result<Option<&'a [u8]>> {
        let has_value = self.tuple.has_value(self.index);
        self.index += 1;
        if !has_value {
            return Ok(None);
        }
        let rest = self.tuple.bytes.get(self.at..).ok_or_else(cut_short)?;
        let (start, len) = match repr.fixed_bytes() {
            Some(width) => (0, width),
            None => match Varlena::parse(rest)?.0 {
                Varlena::Plain { start, len } => (start, len),
                _ => return Err(Error::corrupt("an index holds a value that is not plain")),
            },
        };
        self.at += start + len;
        Ok(Some(rest.get(start..start + len).ok_or_else(cut_short)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attribute;
    use base::Oid;

    const REPRS: [Repr; 3] = [Repr::Int4, Repr::Bytes, Repr::Int8];

    fn desc() -> TupleDesc {
        TupleDesc { attributes: REPRS.iter().map(|r| Attribute::new("c", Oid(25), -1, *r)).collect() }
    }

    fn read(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        IndexTuple::new(bytes).unwrap().deform(&desc(), &mut out).unwrap();
        format!("{out:?}")
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let tid = Tid::new(7, 8);
        let bytes = form_index_tuple(&desc(), &[Datum::Int4(1), Datum::text("two"), Datum::Int8(3)], tid);
        assert_eq!(bytes.len(), 8 + 4 + 4 + 8);
        assert_eq!((IndexTuple::new(&bytes).unwrap().tid(), read(&bytes)), (tid, "[1, \"two\", 3::int8]".into()));
        let bytes = form_index_tuple(&desc(), &[Datum::Null, Datum::text("two"), Datum::Null], tid);
        assert_eq!((bytes.len(), read(&bytes)), (8 + 1 + 4, "[null, \"two\", null]".into()));
    }

    #[test]
    fn the_first_value_is_had_at_a_glance_unless_there_are_nulls() {
        let tid = Tid::new(7, 8);
        let bytes = form_index_tuple(&desc(), &[Datum::Int4(258), Datum::text("two"), Datum::Int8(3)], tid);
        assert_eq!(first_value(&bytes), Some(&258i32.to_le_bytes()));
        assert_eq!(first_value::<4>(&bytes[..11]), None, "cut short");
        let bytes = form_index_tuple(&desc(), &[Datum::Int4(258), Datum::Null, Datum::Null], tid);
        assert_eq!(first_value::<4>(&bytes), None, "a null stands somewhere");
        let none = IndexTuple::new(&bytes).unwrap().pivot(&REPRS, 0, None, BlockNumber(1)).unwrap();
        assert_eq!(first_value::<4>(&none), None, "minus infinity");
    }

    #[test]
    fn pivots_keep_a_prefix_and_perhaps_the_tid() {
        let leaf = form_index_tuple(&desc(), &[Datum::Int4(1), Datum::text("two"), Datum::Null], Tid::new(7, 8));
        let leaf = IndexTuple::new(&leaf).unwrap();
        let pivot = leaf.pivot(&REPRS, 2, None, BlockNumber(99)).unwrap();
        assert_eq!(read(&pivot), "[1, \"two\"]");
        let pivot = IndexTuple::new(&pivot).unwrap();
        assert_eq!((pivot.child(), pivot.pivot_tid(), pivot.natts()), (BlockNumber(99), None, 2));
        let full = leaf.pivot(&REPRS, 3, Some(leaf.tid()), BlockNumber(1)).unwrap();
        assert_eq!(IndexTuple::new(&full).unwrap().pivot_tid(), Some(Tid::new(7, 8)));
        assert_eq!(read(&full), "[1, \"two\", null]");
        let again = IndexTuple::new(&full).unwrap().pivot(&REPRS, 3, Some(Tid::new(7, 8)), BlockNumber(2)).unwrap();
        assert_eq!(IndexTuple::new(&again).unwrap().child(), BlockNumber(2));
        assert_eq!(again[6..], full[6..]);
    }

    #[test]
    fn damage_is_reported_at_every_cut() {
        let bytes = form_index_tuple(&desc(), &[Datum::Int4(1), Datum::text("two"), Datum::Int8(3)], Tid::new(7, 8));
        for cut in 0..bytes.len() {
            let result = IndexTuple::new(&bytes[..cut]).and_then(|t| t.deform(&desc(), &mut Vec::new()));
            assert_eq!(result.unwrap_err().code(), report::SqlState::DATA_CORRUPTED, "cut at {cut}");
        }
    }
}
