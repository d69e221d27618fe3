//! A row on a heap page.
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 8 | xmin: who inserted it |
//! | 8 | 8 | xmax: who deleted, updated or locked it; 0 if nobody |
//! | 16 | 4 | cmin: by which command of xmin |
//! | 20 | 4 | cmax: by which command of xmax |
//! | 24 | 6 | ctid: block (4), offset (2) of the next version, itself if there is none |
//! | 30 | 2 | infomask, see [`Infomask`] |
//! | 32 | 2 | natts: how many columns are stored |
//! | 34 | 1 | hoff: where the first value begins |
//! | 35 | 1 | zero |
//! | 36 | | null bitmap if `HAS_NULL`, then the values |
//!
//! All little-endian. cmin and cmax are both kept, so there are no combined command ids to remember.

use crate::values::{self, Layout, Stored};
use crate::{ColumnSet, Datum, Detoast, ToastPointer, TupleDesc};
use base::{CommandId, Tid, Xid};
use report::{Error, Result};
use std::sync::Arc;

/// Bytes before the null bitmap.
pub const HEAP_HEADER_BYTES: usize = XMIN_BYTES + 8 + 4 + 4 + 6 + 2 + 2 + 1 + 1;
const XMIN_BYTES: usize = 8;
const XMAX: usize = 8;
const CMIN: usize = 16;
const CMAX: usize = 20;
const CTID: usize = 24;
const INFOMASK: usize = 30;
const NATTS: usize = 32;
const HOFF: usize = 34;
const _: () = assert!(HEAP_HEADER_BYTES == 36);

/// Flags of a heap tuple.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Infomask(pub u16);

impl Infomask {
    /// Some value is null: there is a bitmap.
    pub const HAS_NULL: u16 = 0x0001;
    /// Some value is out of line.
    pub const HAS_EXTERNAL: u16 = 0x0002;
    /// xmin is known to have committed before every snapshot that may ask (hint).
    pub const XMIN_COMMITTED: u16 = 0x0004;
    /// xmin is known to have aborted (hint).
    pub const XMIN_ABORTED: u16 = 0x0008;
    /// xmax is known to have committed before every snapshot that may ask (hint).
    pub const XMAX_COMMITTED: u16 = 0x0010;
    /// xmax is absent or known to have aborted.
    pub const XMAX_INVALID: u16 = 0x0020;
    /// xmax locked the row and did not change it.
    pub const XMAX_LOCK_ONLY: u16 = 0x0040;
    /// The lock or change of xmax leaves keys alone: it does not conflict with KEY SHARE.
    pub const XMAX_NO_KEY: u16 = 0x0080;
    /// xmax updated the row: ctid is the next version.
    pub const UPDATED: u16 = 0x0100;
    /// The next version is on this page and no index entry points at it.
    pub const HOT_UPDATED: u16 = 0x0200;
    /// No index entry points at this version: it is found through its predecessor.
    pub const HEAP_ONLY: u16 = 0x0400;
    /// An insertion that may yet be taken back (ON CONFLICT).
    pub const SPECULATIVE: u16 = 0x0800;

    /// True if any of these flags is set.
    pub const fn has(self, flags: u16) -> bool {
        self.0 & flags != 0
    }
}

/// A tuple's header, decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TupleHeader {
    /// Who inserted it.
    pub xmin: Xid,
    /// Who deleted, updated or locked it; `Xid::INVALID` if nobody.
    pub xmax: Xid,
    /// By which command of xmin.
    pub cmin: CommandId,
    /// By which command of xmax.
    pub cmax: CommandId,
    /// The next version, or itself.
    pub ctid: Tid,
    /// Flags.
    pub infomask: Infomask,
}

impl TupleHeader {
    /// Reads a header. XX001 if the bytes cannot be a tuple.
    #[inline]
    pub fn read(tuple: &[u8]) -> Result<TupleHeader> {
        let Some(bytes) = tuple.first_chunk::<HEAP_HEADER_BYTES>() else { return Err(too_short(tuple.len())) };
        Ok(TupleHeader {
            xmin: Xid(u64::from_le_bytes(values::fixed(&bytes[..]))),
            xmax: Xid(u64::from_le_bytes(values::fixed(&bytes[XMAX..]))),
            cmin: CommandId(u32::from_le_bytes(values::fixed(&bytes[CMIN..]))),
            cmax: CommandId(u32::from_le_bytes(values::fixed(&bytes[CMAX..]))),
            ctid: Tid::from_bytes(values::fixed(&bytes[CTID..])),
            infomask: Infomask(u16::from_le_bytes(values::fixed(&bytes[INFOMASK..]))),
        })
    }
}

#[cold]
fn too_short(len: usize) -> Error {
    Error::corrupt(format!("a heap tuple of {len} bytes is shorter than its header"))
}

/// Overwrites the header of a tuple on a page; the values and what describes them stay.
///
/// `HAS_NULL` and `HAS_EXTERNAL` of the tuple stay too, whatever `header` says.
pub fn set_heap_header(tuple: &mut [u8], header: &TupleHeader) {
    const OF_VALUES: u16 = Infomask::HAS_NULL | Infomask::HAS_EXTERNAL;
    let old = u16::from_le_bytes(values::fixed(&tuple[INFOMASK..]));
    let infomask = header.infomask.0 & !OF_VALUES | old & OF_VALUES;
    tuple[..8].copy_from_slice(&header.xmin.0.to_le_bytes());
    tuple[XMAX..XMAX + 8].copy_from_slice(&header.xmax.0.to_le_bytes());
    tuple[CMIN..CMIN + 4].copy_from_slice(&header.cmin.0.to_le_bytes());
    tuple[CMAX..CMAX + 4].copy_from_slice(&header.cmax.0.to_le_bytes());
    tuple[CTID..CTID + 6].copy_from_slice(&header.ctid.to_bytes());
    tuple[INFOMASK..INFOMASK + 2].copy_from_slice(&infomask.to_le_bytes());
}

/// Bytes at a tuple's start that all versions which one command inserts have in common: the fields before ctid.
pub const HEAP_COMMON_BYTES: usize = CTID;

/// Overwrites a tuple's ctid alone.
#[inline]
pub fn set_heap_ctid(tuple: &mut [u8], ctid: Tid) {
    tuple[CTID..INFOMASK].copy_from_slice(&ctid.to_bytes());
}

/// Writes a tuple with an empty header (all zero but `XMAX_INVALID`) into `out`, which it clears.
///
/// Panics if there are more values than columns, or one has the wrong variant: callers' mistakes.
pub fn form_heap_tuple(desc: &TupleDesc, row: &[Stored<'_>], out: &mut Vec<u8>) {
    assert!(row.len() <= desc.len(), "{} values for {} columns", row.len(), desc.len());
    for (value, attribute) in row.iter().zip(&desc.attributes) {
        if let Stored::Plain(datum) = value {
            values::assert_repr(datum, attribute.repr);
        }
    }
    out.clear();
    out.resize(HEAP_HEADER_BYTES, 0);
    let mut infomask = Infomask::XMAX_INVALID;
    if values::has_null(row) {
        infomask |= Infomask::HAS_NULL;
        values::write_bitmap(out, values::nulls(row));
    }
    if row.iter().any(|value| matches!(value, Stored::External(_))) {
        infomask |= Infomask::HAS_EXTERNAL;
    }
    let hoff = u8::try_from(out.len()).expect("1600 columns need 200 bytes of bitmap");
    out[INFOMASK..INFOMASK + 2].copy_from_slice(&infomask.to_le_bytes());
    out[NATTS..NATTS + 2].copy_from_slice(&(row.len() as u16).to_le_bytes());
    out[HOFF] = hoff;
    values::write_values(out, row);
}

/// A heap tuple's bytes, checked just enough to be read.
#[derive(Clone, Copy)]
pub struct HeapTuple<'a> {
    bytes: &'a [u8],
    natts: usize,
    hoff: usize,
    infomask: Infomask,
}

impl<'a> HeapTuple<'a> {
    /// Takes a tuple's bytes. XX001 if they cannot be a tuple.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<HeapTuple<'a>> {
        if bytes.len() < HEAP_HEADER_BYTES {
            return Err(too_short(bytes.len()));
        }
        let natts = usize::from(u16::from_le_bytes(values::fixed(&bytes[NATTS..])));
        let infomask = Infomask(u16::from_le_bytes(values::fixed(&bytes[INFOMASK..])));
        let hoff = usize::from(bytes[HOFF]);
        let bitmap = if infomask.has(Infomask::HAS_NULL) { values::bitmap_bytes(natts) } else { 0 };
        if hoff != HEAP_HEADER_BYTES + bitmap || hoff > bytes.len() {
            return Err(Error::corrupt(format!("a heap tuple with {natts} columns has its values at {hoff}")));
        }
        Ok(HeapTuple { bytes, natts, hoff, infomask })
    }

    /// How many columns are stored. A row from before ADD COLUMN has fewer than its table.
    pub fn natts(&self) -> usize {
        self.natts
    }

    /// True if some value is out of line.
    pub fn has_external(&self) -> bool {
        self.infomask.has(Infomask::HAS_EXTERNAL)
    }

    /// Appends the wanted columns to `out`; long values are copied. What is not wanted reads as null, and nothing is
    /// appended after the last wanted column.
    pub fn deform(
        &self,
        desc: &TupleDesc,
        wanted: &ColumnSet,
        detoast: &dyn Detoast,
        out: &mut Vec<Datum>,
    ) -> Result<()> {
        self.layout(None).deform(desc, wanted, detoast, out)
    }

    /// As `deform` for a tuple that lies at `start` in `buffer`: long values are ranges of it, nothing is copied.
    pub fn deform_shared(
        buffer: (&'a Arc<Vec<u8>>, std::ops::Range<usize>),
        desc: &TupleDesc,
        wanted: &ColumnSet,
        detoast: &dyn Detoast,
        out: &mut Vec<Datum>,
    ) -> Result<()> {
        let (bytes, range) = buffer;
        let start = range.start;
        let tuple = HeapTuple::new(bytes.get(range).ok_or_else(|| too_short(0))?)?;
        tuple.layout(Some((bytes, start))).deform(desc, wanted, detoast, out)
    }

    /// Calls `f` with column index and pointer of every value that is out of line.
    pub fn each_pointer(&self, desc: &TupleDesc, f: impl FnMut(usize, ToastPointer)) -> Result<()> {
        if self.has_external() { self.layout(None).each_pointer(desc, f) } else { Ok(()) }
    }

    fn layout(&self, shared: Option<(&'a Arc<Vec<u8>>, usize)>) -> Layout<'a> {
        let bitmap = self.infomask.has(Infomask::HAS_NULL).then(|| &self.bytes[HEAP_HEADER_BYTES..self.hoff]);
        Layout { shared, bytes: self.bytes, bitmap, start: self.hoff, natts: self.natts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attribute, NoToast, Repr, TupleBuffer, compress};
    use base::Oid;

    fn desc() -> TupleDesc {
        let reprs = [Repr::Int4, Repr::Bytes, Repr::Bool, Repr::Int8, Repr::Float8, Repr::Bytes, Repr::Oid];
        let column = |(i, repr): (usize, &Repr)| Attribute::new(format!("c{i}"), Oid(25), -1, *repr);
        TupleDesc { attributes: reprs.iter().enumerate().map(column).collect() }
    }

    fn row() -> Vec<Datum> {
        vec![
            Datum::Int4(-5),
            Datum::text("hello"),
            Datum::Bool(true),
            Datum::Null,
            Datum::Float8(1.5),
            Datum::text(&"long ".repeat(40)),
            Datum::Oid(Oid(9)),
        ]
    }

    fn form(row: &[Datum]) -> Vec<u8> {
        let mut out = Vec::new();
        form_heap_tuple(&desc(), &row.iter().map(Stored::Plain).collect::<Vec<_>>(), &mut out);
        out
    }

    fn print(values: &[Datum]) -> String {
        format!("{values:?}")
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let (row, bytes) = (row(), form(&row()));
        let mut out = Vec::new();
        HeapTuple::new(&bytes).unwrap().deform(&desc(), &ColumnSet::ALL, &NoToast, &mut out).unwrap();
        assert_eq!(print(&out), print(&row));
        assert_eq!(bytes.len(), 36 + 1 + 4 + 6 + 1 + 8 + 204 + 4);
    }

    #[test]
    fn long_values_share_the_buffer() {
        let mut buffer = TupleBuffer::default();
        buffer.refill(|b| {
            b.extend_from_slice(&[0; 10]);
            b.extend_from_slice(&form(&row()));
        });
        let range = 10..buffer.len();
        let mut out = Vec::new();
        HeapTuple::deform_shared((buffer.shared(), range), &desc(), &ColumnSet::ALL, &NoToast, &mut out).unwrap();
        assert_eq!(print(&out), print(&row()));
        assert_eq!(Arc::strong_count(buffer.shared()), 2);
        let before = Arc::as_ptr(buffer.shared());
        buffer.refill(|b| b.push(1));
        assert_ne!(before, Arc::as_ptr(buffer.shared()), "a kept value keeps the old buffer");
        drop(out);
        let before = Arc::as_ptr(buffer.shared());
        buffer.refill(|b| b.push(2));
        assert_eq!(before, Arc::as_ptr(buffer.shared()));
    }

    #[test]
    fn unwanted_columns_read_as_null_and_end_the_row_early() {
        let bytes = form(&row());
        let mut out = Vec::new();
        let wanted = ColumnSet::of([0, 4]);
        HeapTuple::new(&bytes).unwrap().deform(&desc(), &wanted, &NoToast, &mut out).unwrap();
        assert_eq!(print(&out), "[-5, null, true, null, 1.5::float8]");
    }

    #[test]
    fn old_rows_read_the_missing_value_and_dropped_columns_null() {
        let bytes = form(&row()[..3]);
        let mut later = desc();
        later.attributes[1].is_dropped = true;
        later.attributes[4].missing = Some(Datum::Float8(2.0));
        let mut out = Vec::new();
        HeapTuple::new(&bytes).unwrap().deform(&later, &ColumnSet::first(5), &NoToast, &mut out).unwrap();
        assert_eq!(print(&out), "[-5, null, true, null, 2::float8]");
    }

    #[test]
    fn compressed_and_external_values_come_back_plain() {
        struct Chunks;
        impl Detoast for Chunks {
            fn fetch(&self, pointer: &ToastPointer) -> Result<Vec<u8>> {
                Ok(vec![b'z'; pointer.raw_bytes as usize])
            }
        }
        let long = "abcdefgh".repeat(100);
        let packed = compress(long.as_bytes()).unwrap();
        let pointer = ToastPointer { raw_bytes: 30, stored_bytes: 30, value: Oid(1), table: Oid(2) };
        let zero = Datum::Int4(0);
        let row = [Stored::Plain(&zero), Stored::Compressed(packed)];
        let nulls: Vec<_> = (0..3).map(|_| Stored::Plain(&Datum::Null)).collect();
        let row: Vec<_> = row.into_iter().chain(nulls).chain([Stored::External(pointer)]).collect();
        let mut bytes = Vec::new();
        form_heap_tuple(&desc(), &row, &mut bytes);
        let tuple = HeapTuple::new(&bytes).unwrap();
        let mut out = Vec::new();
        tuple.deform(&desc(), &ColumnSet::first(6), &Chunks, &mut out).unwrap();
        assert_eq!((out[1].as_str(), out[5].as_bytes()), (long.as_str(), &[b'z'; 30][..]));
        let mut found = Vec::new();
        tuple.each_pointer(&desc(), |index, pointer| found.push((index, pointer))).unwrap();
        assert_eq!(found, [(5, pointer)]);
        let skipped = tuple.deform(&desc(), &ColumnSet::first(2), &NoToast, &mut Vec::new());
        assert!(skipped.is_ok(), "what is not wanted is not fetched");
    }

    #[test]
    fn headers_are_rewritten_in_place() {
        let mut bytes = form(&row());
        let header = TupleHeader {
            xmin: Xid(5),
            xmax: Xid(1 << 40),
            cmin: CommandId(1),
            cmax: CommandId(2),
            ctid: Tid::new(70_000, 3),
            infomask: Infomask(Infomask::HOT_UPDATED),
        };
        set_heap_header(&mut bytes, &header);
        let read = TupleHeader::read(&bytes).unwrap();
        assert_eq!(read.infomask.0, Infomask::HOT_UPDATED | Infomask::HAS_NULL);
        assert_eq!(TupleHeader { infomask: header.infomask, ..read }, header);
    }

    #[test]
    fn damage_is_reported_at_every_cut() {
        let bytes = form(&row());
        for cut in 0..bytes.len() {
            let result = HeapTuple::new(&bytes[..cut])
                .and_then(|t| t.deform(&desc(), &ColumnSet::ALL, &NoToast, &mut Vec::new()));
            assert_eq!(result.unwrap_err().code(), report::SqlState::DATA_CORRUPTED, "cut at {cut}");
        }
    }
}
