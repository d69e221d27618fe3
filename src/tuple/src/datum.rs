//! A SQL value in memory.
//!
//! A [`Datum`] is 24 bytes, safe, and tied to no lifetime, so that rows can live in plan nodes, portals and caches that
//! outlast a statement's step. Scalars and values of up to [`INLINE_BYTES_MAX`] bytes are inline. A longer value is a
//! range of a shared buffer ([`Bytes`]): deforming a tuple makes ranges of one copy of the tuple (or of its page), so a
//! row costs no allocation per value, and a scan reuses its buffer when nobody kept a range of it.
//!
//! The type of a value is not in the value: it is known from the column or expression. [`crate::Repr`] says which variant a
//! type uses.

use base::{Oid, Tid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Bytes that fit in a [`Bytes`] without a buffer.
pub const INLINE_BYTES_MAX: usize = 22;

/// A SQL value. Which variant a type uses is fixed: see [`crate::Repr`].
#[derive(Clone, Default, Serialize, Deserialize)]
pub enum Datum {
    /// SQL null, of any type.
    #[default]
    Null,
    /// `bool`.
    Bool(bool),
    /// `"char"`.
    Char(u8),
    /// `int2`.
    Int2(i16),
    /// `int4`, and `date` (days since 2000-01-01).
    Int4(i32),
    /// `int8`, `time`, `timestamp`, `timestamptz` (microseconds), `money`, `xid8`, `pg_lsn`.
    Int8(i64),
    /// `float4`.
    Float4(f32),
    /// `float8`.
    Float8(f64),
    /// `oid`, the reg* family, `xid`, `cid`, and enum values (the oid of their pg_enum row).
    Oid(Oid),
    /// Everything else: text-like types hold UTF-8, others their own byte layout.
    Bytes(Bytes),
}

const _: () = assert!(size_of::<Datum>() == 24);

/// An immutable byte string: inline if short, else a range of a shared buffer.
#[derive(Clone)]
pub struct Bytes(Storage);

#[derive(Clone)]
enum Storage {
    Inline { len: u8, bytes: [u8; INLINE_BYTES_MAX] },
    Shared { start: u32, len: u32, buffer: Arc<Vec<u8>> },
}

impl Bytes {
    /// A copy of `bytes`. Panics over 4 GiB; values are limited to 1 GiB long before.
    pub fn copy_from(bytes: &[u8]) -> Bytes {
        match Bytes::inline(bytes) {
            Some(inline) => inline,
            None => Bytes::from_vec(bytes.to_vec()),
        }
    }

    /// Takes over `bytes` without a copy if they are long.
    pub fn from_vec(bytes: Vec<u8>) -> Bytes {
        if let Some(inline) = Bytes::inline(&bytes) {
            return inline;
        }
        let len = u32::try_from(bytes.len()).expect("a value is at most 1 GiB");
        Bytes(Storage::Shared { start: 0, len, buffer: Arc::new(bytes) })
    }

    /// The bytes `start..start + len` of `buffer`: shared if long, copied if short. Panics if out of range.
    pub fn slice_of(buffer: &Arc<Vec<u8>>, start: usize, len: usize) -> Bytes {
        let bytes = &buffer[start..start + len];
        match Bytes::inline(bytes) {
            Some(inline) => inline,
            None => Bytes(Storage::Shared { start: start as u32, len: len as u32, buffer: Arc::clone(buffer) }),
        }
    }

    fn inline(bytes: &[u8]) -> Option<Bytes> {
        if bytes.len() > INLINE_BYTES_MAX {
            return None;
        }
        let mut inline = [0; INLINE_BYTES_MAX];
        inline[..bytes.len()].copy_from_slice(bytes);
        Some(Bytes(Storage::Inline { len: bytes.len() as u8, bytes: inline }))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Storage::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Storage::Shared { start, len, buffer } => &buffer[*start as usize..(*start + *len) as usize],
        }
    }

    /// Heap bytes that this value keeps alive by itself: 0 if inline.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Storage::Inline { .. } => 0,
            Storage::Shared { len, .. } => *len as usize,
        }
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self) {
            Ok(text) => write!(f, "{text:?}"),
            Err(_) => write!(f, "{:02x?}", self.as_slice()),
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bytes {}

/// Stored expressions hold constants: bytes are written as text if they are UTF-8, else as a list of numbers.
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self) {
            Ok(text) => StoredBytes::Text(text.to_owned()).serialize(serializer),
            Err(_) => StoredBytes::Raw(self.to_vec()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        Ok(Bytes::from_vec(match StoredBytes::deserialize(deserializer)? {
            StoredBytes::Text(text) => text.into_bytes(),
            StoredBytes::Raw(raw) => raw,
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredBytes {
    Text(String),
    Raw(Vec<u8>),
}

impl From<&str> for Datum {
    fn from(text: &str) -> Datum {
        Datum::text(text)
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Datum {
        Datum::Bytes(Bytes::from_vec(text.into_bytes()))
    }
}

/// Reading a variant that the type does not use is a bug of ours: these panic.
#[track_caller]
#[cold]
fn wrong_variant(wanted: &str, found: &Datum) -> ! {
    panic!("expected a datum of kind {wanted}, found {found:?}")
}

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(&self) -> $type {
            match self {
                Datum::$variant(value) => *value,
                other => wrong_variant(stringify!($variant), other),
            }
        }
    )*};
}

impl Datum {
    /// A text-like value.
    pub fn text(text: &str) -> Datum {
        Datum::Bytes(Bytes::copy_from(text.as_bytes()))
    }

    /// A value of a byte layout of its own.
    pub fn bytes(bytes: &[u8]) -> Datum {
        Datum::Bytes(Bytes::copy_from(bytes))
    }

    /// A `tid`: six bytes.
    pub fn tid(tid: Tid) -> Datum {
        Datum::bytes(&tid.to_bytes())
    }

    /// True for SQL null.
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// True for SQL true; false and null are both not true.
    pub fn is_true(&self) -> bool {
        matches!(self, Datum::Bool(true))
    }

    readers! {
        /// The `bool`. Panics on another variant.
        as_bool, Bool, bool;
        /// The `"char"`. Panics on another variant.
        as_char, Char, u8;
        /// The `int2`. Panics on another variant.
        as_i16, Int2, i16;
        /// The `int4`. Panics on another variant.
        as_i32, Int4, i32;
        /// The `int8`. Panics on another variant.
        as_i64, Int8, i64;
        /// The `float4`. Panics on another variant.
        as_f32, Float4, f32;
        /// The `float8`. Panics on another variant.
        as_f64, Float8, f64;
        /// The `oid`. Panics on another variant.
        as_oid, Oid, Oid;
    }

    /// The bytes. Panics on another variant.
    #[track_caller]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Datum::Bytes(bytes) => bytes.as_slice(),
            other => wrong_variant("Bytes", other),
        }
    }

    /// The text. Panics on another variant, or if it is not UTF-8: input and storage check that it is.
    #[track_caller]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("text is checked to be UTF-8 at the edge")
    }

    /// Heap bytes that this value keeps alive by itself, for memory accounting.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Datum::Bytes(bytes) => bytes.heap_bytes(),
            _ => 0,
        }
    }
}

impl fmt::Debug for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Null => f.write_str("null"),
            Datum::Bool(v) => write!(f, "{v}"),
            Datum::Char(v) => write!(f, "'{}'::char", char::from(*v)),
            Datum::Int2(v) => write!(f, "{v}::int2"),
            Datum::Int4(v) => write!(f, "{v}"),
            Datum::Int8(v) => write!(f, "{v}::int8"),
            Datum::Float4(v) => write!(f, "{v}::float4"),
            Datum::Float8(v) => write!(f, "{v}::float8"),
            Datum::Oid(v) => write!(f, "{v}::oid"),
            Datum::Bytes(v) => write!(f, "{v:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_inline_and_long_ones_share() {
        let buffer = Arc::new(vec![b'x'; 100]);
        assert_eq!(Bytes::slice_of(&buffer, 3, 22).heap_bytes(), 0);
        assert_eq!(Arc::strong_count(&buffer), 1);
        let long = Bytes::slice_of(&buffer, 3, 23);
        assert_eq!((long.len(), Arc::strong_count(&buffer)), (23, 2));
        assert_eq!(long, Bytes::copy_from(&[b'x'; 23]));
    }
}
