//! Which columns a row has, and how each is stored.

use crate::Datum;
use base::Oid;
use serde::{Deserialize, Serialize};

/// The variant of [`Datum`] that a type uses, and so its form in a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Repr {
    /// One byte.
    Bool,
    /// One byte.
    Char,
    /// Two bytes, little-endian.
    Int2,
    /// Four bytes, little-endian.
    Int4,
    /// Eight bytes, little-endian.
    Int8,
    /// Four bytes, little-endian.
    Float4,
    /// Eight bytes, little-endian.
    Float8,
    /// Four bytes, little-endian.
    Oid,
    /// A length and that many bytes. Also the types that PostgreSQL stores with a fixed length by reference
    /// (name, uuid, interval, timetz, tid): our tuples store only the bytes in use.
    Bytes,
}

impl Repr {
    /// The representation of a type with this oid and these pg_type columns.
    ///
    /// A type by value of 1, 2, 4 or 8 bytes that is not listed is an integer of that width (an enum is `Oid`:
    /// callers pass `typtype = b'e'`).
    pub fn of_type(oid: Oid, typlen: i16, typbyval: bool, typtype: u8) -> Repr {
        match oid.0 {
            16 => Repr::Bool,
            18 => Repr::Char,
            700 => Repr::Float4,
            701 => Repr::Float8,
            // oid, xid, cid, and regproc .. regcollation.
            26 | 28 | 29 | 24 | 2202..=2206 | 3734 | 3769 | 4089 | 4096 | 4191 => Repr::Oid,
            _ if typtype == b'e' => Repr::Oid,
            _ if !typbyval => Repr::Bytes,
            _ => match typlen {
                1 => Repr::Char,
                2 => Repr::Int2,
                4 => Repr::Int4,
                8 => Repr::Int8,
                _ => Repr::Bytes,
            },
        }
    }

    /// Bytes in a tuple, `None` if the length varies.
    pub const fn fixed_bytes(self) -> Option<usize> {
        match self {
            Repr::Bool | Repr::Char => Some(1),
            Repr::Int2 => Some(2),
            Repr::Int4 | Repr::Float4 | Repr::Oid => Some(4),
            Repr::Int8 | Repr::Float8 => Some(8),
            Repr::Bytes => None,
        }
    }
}

/// A column, as far as storage and display need to know it.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_oid: Oid,
    /// The type's modifier (length of varchar, precision of numeric), -1 if none.
    pub type_mod: i32,
    /// pg_type.typlen, for the wire's RowDescription.
    pub type_len: i16,
    /// Its collation, zero if the type has none.
    pub collation: Oid,
    /// How it is stored.
    pub repr: Repr,
    /// pg_attribute.attstorage: p(lain), e(xternal), m(ain), x (extended).
    pub storage: u8,
    /// Null is refused.
    pub not_null: bool,
    /// It was dropped: reads as null, is stored as null.
    pub is_dropped: bool,
    /// What a row from before ADD COLUMN ... DEFAULT reads here.
    pub missing: Option<Datum>,
    /// pg_attribute.attgenerated: 0 or `s`.
    pub generated: u8,
    /// pg_attribute.attidentity: 0, `a`(lways) or `d`(efault).
    pub identity: u8,
    /// It has a default expression.
    pub has_default: bool,
}

impl Attribute {
    /// A nullable column without modifier, collation or default.
    pub fn new(name: impl Into<String>, type_oid: Oid, type_len: i16, repr: Repr) -> Attribute {
        Attribute {
            name: name.into(),
            type_oid,
            type_mod: -1,
            type_len,
            collation: Oid::INVALID,
            repr,
            storage: if matches!(repr, Repr::Bytes) { b'x' } else { b'p' },
            not_null: false,
            is_dropped: false,
            missing: None,
            generated: 0,
            identity: 0,
            has_default: false,
        }
    }
}

/// The columns of a row, in order. Column number n (from 1) is `attributes[n - 1]`.
#[derive(Clone, Debug, Default)]
pub struct TupleDesc {
    /// The columns, dropped ones included.
    pub attributes: Vec<Attribute>,
}

impl TupleDesc {
    /// Number of columns, dropped ones included.
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// True if there is no column.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }
}
