//! Keys of cached rows.

use base::Oid;
use catalog::CacheId;
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};
use tuple::Datum;

/// The hash of a key: what invalidations carry. The same in every process, so that it may be logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct KeyHash(pub u64);

/// Hashes the first columns of a cache's key.
pub fn hash_key(cache: CacheId, database: Oid, key: &[Datum]) -> KeyHash {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u8(cache as u8);
    hasher.write_u8(key.len() as u8);
    hasher.write_u32(database.0);
    for value in key {
        hash_datum(&mut hasher, value);
    }
    KeyHash(hasher.finish())
}

fn hash_datum(hasher: &mut impl Hasher, value: &Datum) {
    match value {
        Datum::Null => hasher.write_u8(0),
        Datum::Bool(v) => hasher.write_u8(u8::from(*v)),
        Datum::Char(v) => hasher.write_u8(*v),
        Datum::Int2(v) => hasher.write_i16(*v),
        Datum::Int4(v) => hasher.write_i32(*v),
        Datum::Int8(v) => hasher.write_i64(*v),
        Datum::Float4(v) => hasher.write_u32(v.to_bits()),
        Datum::Float8(v) => hasher.write_u64(v.to_bits()),
        Datum::Oid(v) => hasher.write_u32(v.0),
        Datum::Bytes(v) => hasher.write(v),
    }
}

/// True if two keys are the same.
pub fn same_key(a: &[Datum], b: &[Datum]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_datum(a, b))
}

/// True if two values of one type are the same, bit by bit; null equals null.
pub fn same_datum(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Char(a), Datum::Char(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        _ => false,
    }
}
