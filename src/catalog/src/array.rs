//! One-dimensional arrays without nulls, in the layout that crate `builtins` defines (`builtins::array`).
//!
//! Catalog columns need no more than these; the general reader and builder are there.

use base::Oid;
use tuple::{Bytes, Datum, Repr};

const HEADER: usize = 8;
const REPRS: [Repr; 9] =
    [Repr::Bool, Repr::Char, Repr::Int2, Repr::Int4, Repr::Int8, Repr::Float4, Repr::Float8, Repr::Oid, Repr::Bytes];

/// An array of `elements` whose first subscript is `lower` (1 for arrays, 0 for oidvector and int2vector).
pub fn encode(element_type: Oid, repr: Repr, lower: i32, elements: &[Datum]) -> Datum {
    let width = repr.fixed_bytes().unwrap_or(0) as u8;
    let number = REPRS.iter().position(|r| *r == repr).expect("every representation is listed") as u8;
    let dimensions = u8::from(!elements.is_empty());
    let mut out = Vec::with_capacity(HEADER + 8 + 4 * elements.len());
    out.extend_from_slice(&element_type.0.to_le_bytes());
    out.extend_from_slice(&[dimensions, 0, width, number]);
    if dimensions == 1 {
        out.extend_from_slice(&(elements.len() as i32).to_le_bytes());
        out.extend_from_slice(&lower.to_le_bytes());
    }
    if repr == Repr::Bytes {
        let mut end = 0u32;
        for element in elements {
            end += element.as_bytes().len() as u32;
            out.extend_from_slice(&end.to_le_bytes());
        }
    }
    for element in elements {
        put(element, &mut out);
    }
    Datum::Bytes(Bytes::from_vec(out))
}

/// The elements of a one-dimensional array without nulls. Panics on another.
pub fn decode(array: &Datum) -> Vec<Datum> {
    let bytes = array.as_bytes();
    if bytes[4] == 0 {
        return Vec::new();
    }
    assert!(bytes[4] == 1 && bytes[5] & 1 == 0, "a catalog's array has one dimension and no nulls");
    let count = word(bytes, HEADER) as usize;
    let repr = REPRS[usize::from(bytes[7])];
    let body = &bytes[HEADER + 8..];
    match repr.fixed_bytes() {
        Some(width) => body.chunks_exact(width).take(count).map(|chunk| fixed(repr, chunk)).collect(),
        None => variable(body, count),
    }
}

fn variable(body: &[u8], count: usize) -> Vec<Datum> {
    let data = &body[4 * count..];
    let mut start = 0;
    let mut elements = Vec::with_capacity(count);
    for at in 0..count {
        let end = word(body, 4 * at) as usize;
        elements.push(Datum::bytes(&data[start..end]));
        start = end;
    }
    elements
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn fixed(repr: Repr, b: &[u8]) -> Datum {
    match repr {
        Repr::Bool => Datum::Bool(b[0] != 0),
        Repr::Char => Datum::Char(b[0]),
        Repr::Int2 => Datum::Int2(i16::from_le_bytes([b[0], b[1]])),
        Repr::Int4 => Datum::Int4(word(b, 0) as i32),
        Repr::Float4 => Datum::Float4(f32::from_bits(word(b, 0))),
        Repr::Oid => Datum::Oid(Oid(word(b, 0))),
        Repr::Int8 => Datum::Int8(i64::from_le_bytes(b.try_into().expect("eight bytes"))),
        Repr::Float8 => Datum::Float8(f64::from_le_bytes(b.try_into().expect("eight bytes"))),
        Repr::Bytes => unreachable!("elements of varying length are read by their ends"),
    }
}

fn put(value: &Datum, out: &mut Vec<u8>) {
    match value {
        Datum::Null => panic!("a catalog's array has no nulls"),
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
