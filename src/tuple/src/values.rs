//! The values of a tuple: what heap and index tuples have in common.
//!
//! A null bitmap (bit set = there is a value, as in PostgreSQL; left out if no value is null), then each value in
//! column order. Fixed widths are little-endian, the rest as in `varlena`. Nulls take no room.

use crate::varlena::{self, Varlena, cut_short};
use crate::{Bytes, ColumnSet, Datum, Detoast, Repr, ToastPointer, TupleDesc};
use base::Oid;
use report::{Error, Result};
use std::sync::Arc;

/// How a value goes into a tuple.
#[derive(Clone, Debug)]
pub enum Stored<'a> {
    /// As it is.
    Plain(&'a Datum),
    /// What `compress` made of a long value.
    Compressed(Vec<u8>),
    /// A value whose chunks are already in the TOAST table.
    External(ToastPointer),
}

impl Stored<'_> {
    fn is_null(&self) -> bool {
        matches!(self, Stored::Plain(Datum::Null))
    }
}

/// A buffer that values may share: one tuple's bytes or a page's, reused when nobody kept a value of it.
#[derive(Clone, Debug, Default)]
pub struct TupleBuffer(Arc<Vec<u8>>);

impl TupleBuffer {
    /// Empties the buffer and lets `fill` write it. Takes a new one if a value still refers to the old.
    pub fn refill(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        match Arc::get_mut(&mut self.0) {
            Some(bytes) => {
                bytes.clear();
                fill(bytes);
            }
            None => {
                let mut bytes = Vec::with_capacity(self.0.len());
                fill(&mut bytes);
                self.0 = Arc::new(bytes);
            }
        }
    }

    /// The shared bytes.
    pub fn shared(&self) -> &Arc<Vec<u8>> {
        &self.0
    }
}

impl std::ops::Deref for TupleBuffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes of a null bitmap for `natts` columns.
pub(crate) const fn bitmap_bytes(natts: usize) -> usize {
    natts.div_ceil(8)
}

/// True if the column with this index has a value.
#[inline]
pub(crate) fn bitmap_has(bitmap: &[u8], index: usize) -> bool {
    bitmap[index / 8] >> (index % 8) & 1 == 1
}

/// Appends a null bitmap for `nulls`.
pub(crate) fn write_bitmap(out: &mut Vec<u8>, nulls: impl ExactSizeIterator<Item = bool>) {
    let start = out.len();
    out.resize(start + bitmap_bytes(nulls.len()), 0);
    for (index, is_null) in nulls.enumerate() {
        out[start + index / 8] |= u8::from(!is_null) << (index % 8);
    }
}

/// Appends one value; a null appends nothing.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Datum) {
    match value {
        Datum::Null => {}
        Datum::Bool(v) => out.push(u8::from(*v)),
        Datum::Char(v) => out.push(*v),
        Datum::Int2(v) => out.extend_from_slice(&v.to_le_bytes()),
        Datum::Int4(v) => out.extend_from_slice(&v.to_le_bytes()),
        Datum::Int8(v) => out.extend_from_slice(&v.to_le_bytes()),
        Datum::Float4(v) => out.extend_from_slice(&v.to_le_bytes()),
        Datum::Float8(v) => out.extend_from_slice(&v.to_le_bytes()),
        Datum::Oid(v) => out.extend_from_slice(&v.0.to_le_bytes()),
        Datum::Bytes(v) => varlena::write_plain(v, out),
    }
}

/// Bytes that `write_value` appends.
pub(crate) fn value_bytes(value: &Datum) -> usize {
    match value {
        Datum::Null => 0,
        Datum::Bool(_) | Datum::Char(_) => 1,
        Datum::Int2(_) => 2,
        Datum::Int4(_) | Datum::Float4(_) | Datum::Oid(_) => 4,
        Datum::Int8(_) | Datum::Float8(_) => 8,
        Datum::Bytes(v) => varlena::plain_bytes(v.len()),
    }
}

/// Appends bitmap (if there is a null) and values. Answers whether there is a bitmap.
pub(crate) fn write_values(out: &mut Vec<u8>, values: &[Stored<'_>]) {
    for value in values {
        match value {
            Stored::Plain(datum) => write_value(out, datum),
            Stored::Compressed(packed) => varlena::write_compressed(packed, out),
            Stored::External(pointer) => pointer.write(out),
        }
    }
}

/// True if some value is null.
pub(crate) fn has_null(values: &[Stored<'_>]) -> bool {
    values.iter().any(Stored::is_null)
}

/// The nulls of some values, for `write_bitmap`.
pub(crate) fn nulls<'a>(values: &'a [Stored<'_>]) -> impl ExactSizeIterator<Item = bool> + 'a {
    values.iter().map(Stored::is_null)
}

/// Panics unless the datum has the variant of its column: a mismatch would be written as bytes nobody can read.
pub(crate) fn assert_repr(value: &Datum, repr: Repr) {
    let fits = matches!(
        (value, repr),
        (Datum::Null, _)
            | (Datum::Bool(_), Repr::Bool)
            | (Datum::Char(_), Repr::Char)
            | (Datum::Int2(_), Repr::Int2)
            | (Datum::Int4(_), Repr::Int4)
            | (Datum::Int8(_), Repr::Int8)
            | (Datum::Float4(_), Repr::Float4)
            | (Datum::Float8(_), Repr::Float8)
            | (Datum::Oid(_), Repr::Oid)
            | (Datum::Bytes(_), Repr::Bytes)
    );
    assert!(fits, "value {value:?} cannot be stored in a column of kind {repr:?}");
}

/// Where a tuple's values are, and in which shared buffer: what deforming reads.
pub(crate) struct Layout<'a> {
    /// The buffer that long values refer to, with the place of `bytes` in it. Without one they are copied.
    pub shared: Option<(&'a Arc<Vec<u8>>, usize)>,
    /// The whole tuple.
    pub bytes: &'a [u8],
    /// The null bitmap, if there is one.
    pub bitmap: Option<&'a [u8]>,
    /// Where in `bytes` the first value is.
    pub start: usize,
    /// How many columns are stored.
    pub natts: usize,
}

impl Layout<'_> {
    /// Appends the wanted columns to `out`: as many values as the descriptor has, up to the last wanted one. What is
    /// not wanted reads as null.
    pub(crate) fn deform(
        &self,
        desc: &TupleDesc,
        wanted: &ColumnSet,
        detoast: &dyn Detoast,
        out: &mut Vec<Datum>,
    ) -> Result<()> {
        let upto = wanted.upto(desc.len());
        let stored = upto.min(self.natts);
        out.reserve(upto);
        let mut at = self.start;
        for (index, attribute) in desc.attributes[..stored].iter().enumerate() {
            if self.bitmap.is_some_and(|bitmap| !bitmap_has(bitmap, index)) {
                out.push(Datum::Null);
                continue;
            }
            let keep = wanted.contains(index) && !attribute.is_dropped;
            let (value, next) = self.read(at, attribute.repr, keep, detoast)?;
            out.push(value);
            at = next;
        }
        for attribute in &desc.attributes[stored..upto] {
            out.push(attribute.missing.clone().unwrap_or_default());
        }
        Ok(())
    }

    /// The value at `at` and where the next one begins. A value that is not to be kept is only stepped over.
    #[inline]
    pub(crate) fn read(&self, at: usize, repr: Repr, keep: bool, detoast: &dyn Detoast) -> Result<(Datum, usize)> {
        let Some(width) = repr.fixed_bytes() else {
            return self.read_varlena(at, keep, detoast);
        };
        let Some(bytes) = self.bytes.get(at..at + width) else { return Err(cut_short()) };
        Ok((fixed_datum(repr, bytes), at + width))
    }

    fn read_varlena(&self, at: usize, keep: bool, detoast: &dyn Detoast) -> Result<(Datum, usize)> {
        let (value, taken) = Varlena::parse(self.bytes.get(at..).ok_or_else(cut_short)?)?;
        let next = at + taken;
        if !keep {
            return Ok((Datum::Null, next));
        }
        let bytes = match value {
            Varlena::Plain { start, len } => self.slice(at + start, len),
            Varlena::Compressed { start, len } => {
                Bytes::from_vec(varlena::decompress(&self.bytes[at + start..at + start + len])?)
            }
            Varlena::External(pointer) => fetch_external(&pointer, detoast)?,
        };
        Ok((Datum::Bytes(bytes), next))
    }

    #[inline]
    fn slice(&self, start: usize, len: usize) -> Bytes {
        match self.shared {
            Some((buffer, offset)) => Bytes::slice_of(buffer, offset + start, len),
            None => Bytes::copy_from(&self.bytes[start..start + len]),
        }
    }

    /// Calls `f` with every TOAST pointer among the values.
    pub(crate) fn each_pointer(&self, desc: &TupleDesc, mut f: impl FnMut(usize, ToastPointer)) -> Result<()> {
        let mut at = self.start;
        for (index, attribute) in desc.attributes.iter().take(self.natts).enumerate() {
            if self.bitmap.is_some_and(|bitmap| !bitmap_has(bitmap, index)) {
                continue;
            }
            if let Some(width) = attribute.repr.fixed_bytes() {
                at += width;
                continue;
            }
            let (value, taken) = Varlena::parse(self.bytes.get(at..).ok_or_else(cut_short)?)?;
            if let Varlena::External(pointer) = value {
                f(index, pointer);
            }
            at += taken;
        }
        Ok(())
    }
}

fn fetch_external(pointer: &ToastPointer, detoast: &dyn Detoast) -> Result<Bytes> {
    let stored = detoast.fetch(pointer)?;
    let value = if pointer.is_compressed() { varlena::decompress(&stored)? } else { stored };
    if value.len() != pointer.raw_bytes as usize {
        return Err(Error::corrupt(format!("unexpected length of TOAST value {}", pointer.value)));
    }
    Ok(Bytes::from_vec(value))
}

/// The datum that these bytes are, which have the width of `repr`.
#[inline]
pub(crate) fn fixed_datum(repr: Repr, bytes: &[u8]) -> Datum {
    match repr {
        Repr::Bool => Datum::Bool(bytes[0] != 0),
        Repr::Char => Datum::Char(bytes[0]),
        Repr::Int2 => Datum::Int2(i16::from_le_bytes(fixed(bytes))),
        Repr::Int4 => Datum::Int4(i32::from_le_bytes(fixed(bytes))),
        Repr::Int8 => Datum::Int8(i64::from_le_bytes(fixed(bytes))),
        Repr::Float4 => Datum::Float4(f32::from_le_bytes(fixed(bytes))),
        Repr::Float8 => Datum::Float8(f64::from_le_bytes(fixed(bytes))),
        Repr::Oid => Datum::Oid(Oid(u32::from_le_bytes(fixed(bytes)))),
        Repr::Bytes => Datum::bytes(bytes),
    }
}

#[inline]
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("the caller checked the width")
}
