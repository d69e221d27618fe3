//! How an array value is laid out in bytes, with readers and a builder.
//!
//! Little-endian:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 4 | oid of the element type |
//! | 4 | 1 | number of dimensions, 0 (empty) to 6 |
//! | 5 | 1 | bit 0: there is a null bitmap |
//! | 6 | 1 | bytes of an element if fixed, else 0 |
//! | 7 | 1 | representation of an element: the order of [`Repr`]'s variants |
//! | 8 | 8 x dimensions | length (i32) and lower bound (i32) of each dimension |
//! | | (n + 7) / 8 | null bitmap, bit set = not null, if bit 0 of byte 5 is set |
//! | | n x width | fixed elements (nulls are zeros), or |
//! | | n x 4 | for each variable element the end of its bytes, counted from the end of this table, |
//! | | | then the bytes themselves |

use base::Oid;
use report::{Result, bail};
use tuple::{Bytes, Datum, Repr};

/// Most dimensions of an array.
pub const DIMENSIONS_MAX: usize = 6;
/// Most elements of an array: what PostgreSQL allows.
pub const ELEMENTS_MAX: usize = 134_217_727;

const HEADER: usize = 8;
const REPRS: [Repr; 9] =
    [Repr::Bool, Repr::Char, Repr::Int2, Repr::Int4, Repr::Int8, Repr::Float4, Repr::Float8, Repr::Oid, Repr::Bytes];

/// One dimension: how many elements, and the subscript of the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dimension {
    /// Number of elements.
    pub length: i32,
    /// Subscript of the first.
    pub lower: i32,
}

/// A view of an array value.
#[derive(Clone, Copy)]
pub struct ArrayRef<'a> {
    bytes: &'a [u8],
    /// Where the null bitmap starts.
    bitmap: usize,
    /// Where the elements, or their end offsets, start.
    elements: usize,
    count: usize,
    repr: Repr,
}

fn le_i32(bytes: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

impl<'a> ArrayRef<'a> {
    /// Reads the header. Panics if the bytes are not an array: only this module makes them.
    pub fn new(bytes: &'a [u8]) -> ArrayRef<'a> {
        let dimensions = usize::from(bytes[4]);
        let bitmap = HEADER + 8 * dimensions;
        let mut view = ArrayRef { bytes, bitmap, elements: bitmap, count: 0, repr: REPRS[usize::from(bytes[7])] };
        view.count = match dimensions {
            0 => 0,
            _ => view.dimensions().map(|d| d.length as usize).product(),
        };
        if view.has_null_bitmap() {
            view.elements += view.count.div_ceil(8);
        }
        view
    }

    /// Views a datum.
    pub fn of(datum: &'a Datum) -> ArrayRef<'a> {
        ArrayRef::new(datum.as_bytes())
    }

    /// The element type.
    pub fn element_type(&self) -> Oid {
        Oid(le_i32(self.bytes, 0) as u32)
    }

    /// How elements are represented.
    pub fn repr(&self) -> Repr {
        self.repr
    }

    /// Number of dimensions; 0 if empty.
    pub fn dimension_count(&self) -> usize {
        usize::from(self.bytes[4])
    }

    /// The dimensions, outermost first.
    pub fn dimensions(&self) -> impl Iterator<Item = Dimension> + use<'a> {
        let bytes = self.bytes;
        (0..usize::from(bytes[4]))
            .map(move |i| Dimension { length: le_i32(bytes, HEADER + 8 * i), lower: le_i32(bytes, HEADER + 8 * i + 4) })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if there is no element.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn has_null_bitmap(&self) -> bool {
        self.bytes[5] & 1 != 0
    }

    /// True if an element is null.
    pub fn has_nulls(&self) -> bool {
        self.has_null_bitmap() && (0..self.count).any(|i| self.is_null(i))
    }

    /// True if element `index` (from 0, row-major) is null.
    pub fn is_null(&self, index: usize) -> bool {
        self.has_null_bitmap() && self.bytes[self.bitmap + index / 8] & (1 << (index % 8)) == 0
    }

    /// Element `index` (from 0, row-major). Panics if out of range.
    pub fn get(&self, index: usize) -> Datum {
        assert!(index < self.count);
        if self.is_null(index) {
            return Datum::Null;
        }
        match self.repr.fixed_bytes() {
            Some(width) => read_value(self.repr, &self.bytes[self.elements + index * width..][..width]),
            None => Datum::bytes(self.variable(index)),
        }
    }

    /// The bytes of a variable element without a copy. Panics if elements are of fixed width.
    pub fn variable(&self, index: usize) -> &'a [u8] {
        let data = self.elements + 4 * self.count;
        let start = if index == 0 { 0 } else { le_i32(self.bytes, self.elements + 4 * (index - 1)) as usize };
        let end = le_i32(self.bytes, self.elements + 4 * index) as usize;
        &self.bytes[data + start..data + end]
    }

    /// All elements in order.
    pub fn iter(&self) -> impl Iterator<Item = Datum> + use<'a> {
        let view = *self;
        (0..view.count).map(move |i| view.get(i))
    }
}

/// Reads a value that is not null from its bytes in an array or record.
pub(crate) fn read_value(repr: Repr, b: &[u8]) -> Datum {
    fn n<const N: usize>(b: &[u8]) -> [u8; N] {
        b.try_into().expect("the width of the representation")
    }
    match repr {
        Repr::Bool => Datum::Bool(b[0] != 0),
        Repr::Char => Datum::Char(b[0]),
        Repr::Int2 => Datum::Int2(i16::from_le_bytes(n(b))),
        Repr::Int4 => Datum::Int4(i32::from_le_bytes(n(b))),
        Repr::Int8 => Datum::Int8(i64::from_le_bytes(n(b))),
        Repr::Float4 => Datum::Float4(f32::from_le_bytes(n(b))),
        Repr::Float8 => Datum::Float8(f64::from_le_bytes(n(b))),
        Repr::Oid => Datum::Oid(Oid(u32::from_le_bytes(n(b)))),
        Repr::Bytes => Datum::bytes(b),
    }
}

/// Appends the bytes of a value that is not null.
pub(crate) fn put_value(value: &Datum, out: &mut Vec<u8>) {
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
        Datum::Bytes(v) => out.extend_from_slice(v),
    }
}

fn header(element: Oid, repr: Repr, dims: &[Dimension], nulls: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(&element.0.to_le_bytes());
    let repr_number = REPRS.iter().position(|r| *r == repr).expect("every representation is listed");
    out.extend_from_slice(&[
        dims.len() as u8,
        u8::from(nulls),
        repr.fixed_bytes().unwrap_or(0) as u8,
        repr_number as u8,
    ]);
    for d in dims {
        out.extend_from_slice(&d.length.to_le_bytes());
        out.extend_from_slice(&d.lower.to_le_bytes());
    }
    out
}

/// The array without elements.
pub fn empty(element: Oid, repr: Repr) -> Datum {
    Datum::Bytes(Bytes::from_vec(header(element, repr, &[], false)))
}

/// An array of these elements; empty if there are none.
///
/// Errors: 54000 if there are too many elements or dimensions. Panics if `dims` and `values` disagree in number.
pub fn build(element: Oid, repr: Repr, dims: &[Dimension], values: &[Datum]) -> Result<Datum> {
    if values.is_empty() {
        return Ok(empty(element, repr));
    }
    check_size(dims)?;
    assert_eq!(dims.iter().map(|d| d.length as usize).product::<usize>(), values.len());
    let nulls = values.iter().any(Datum::is_null);
    let mut out = header(element, repr, dims, nulls);
    if nulls {
        let start = out.len();
        out.resize(start + values.len().div_ceil(8), 0);
        for (i, _) in values.iter().enumerate().filter(|(_, v)| !v.is_null()) {
            out[start + i / 8] |= 1 << (i % 8);
        }
    }
    match repr.fixed_bytes() {
        Some(width) => put_fixed(values, width, &mut out),
        None => put_variable(values, &mut out)?,
    }
    Ok(Datum::Bytes(Bytes::from_vec(out)))
}

fn put_fixed(values: &[Datum], width: usize, out: &mut Vec<u8>) {
    for value in values {
        let end = out.len() + width;
        put_value(value, out);
        out.resize(end, 0);
    }
}

fn put_variable(values: &[Datum], out: &mut Vec<u8>) -> Result<()> {
    let table = out.len();
    out.resize(table + 4 * values.len(), 0);
    let data = out.len();
    for (i, value) in values.iter().enumerate() {
        put_value(value, out);
        let Ok(end) = i32::try_from(out.len() - data) else {
            bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({})", 0x3fff_ffff);
        };
        out[table + 4 * i..table + 4 * i + 4].copy_from_slice(&end.to_le_bytes());
    }
    Ok(())
}

/// A one-dimensional array with lower bound 1.
pub fn build_list(element: Oid, repr: Repr, values: &[Datum]) -> Result<Datum> {
    build(element, repr, &[Dimension { length: values.len() as i32, lower: 1 }], values)
}

/// Refuses too many dimensions or elements, and bounds that overflow.
pub(crate) fn check_size(dims: &[Dimension]) -> Result<usize> {
    if dims.len() > DIMENSIONS_MAX {
        bail!(
            PROGRAM_LIMIT_EXCEEDED,
            "number of array dimensions ({}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
            dims.len()
        );
    }
    let mut count = 1usize;
    for d in dims {
        count = count.saturating_mul(d.length.max(0) as usize);
        if count > ELEMENTS_MAX {
            bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({ELEMENTS_MAX})");
        }
        if d.lower.checked_add(d.length).is_none() {
            bail!(PROGRAM_LIMIT_EXCEEDED, "array lower bound is too large: {}", d.lower);
        }
    }
    Ok(count)
}
