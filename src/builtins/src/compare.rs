//! The order and the hash of values of a type, as objects that sorts, indexes and hash tables hold.

use crate::FromDatum;
use crate::datetime::calendar::{Interval, TimeTz};
use crate::datetime::shared::span;
use crate::datetime::{interval, time};
use crate::network::{self, Inet};
use crate::types::{EnumLabel, builtin_type, type_oid};
use crate::{TypeLookup, array, record};
use base::Oid;
use report::{Result, error};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use tuple::{Comparator, Datum, FallibleOrder};

fn custom(compare: impl Fn(&Datum, &Datum) -> Ordering + Send + Sync + 'static) -> Comparator {
    Comparator::Custom(Arc::new(compare))
}

/// The order of a type: that of its default B-tree operator class.
///
/// Errors: 42883 if the type has none.
pub fn comparator(type_oid: Oid, collation: Oid, types: &dyn TypeLookup) -> Result<Comparator> {
    use crate::type_oid as t;
    Ok(match type_oid {
        t::BOOL => Comparator::Bool,
        t::CHAR => Comparator::Char,
        t::INT2 => Comparator::Int2,
        t::INT4 | t::DATE => Comparator::Int4,
        t::INT8 | t::TIME | t::TIMESTAMP | t::TIMESTAMPTZ | t::MONEY => Comparator::Int8,
        t::FLOAT4 => Comparator::Float4,
        t::FLOAT8 => Comparator::Float8,
        t::TEXT | t::VARCHAR | t::NAME | t::BYTEA | t::UUID | t::UNKNOWN | t::CSTRING => Comparator::Bytes,
        t::MACADDR | t::MACADDR8 => Comparator::Bytes,
        // An aclitem has an equality but no order; this one serves arrays of it.
        crate::acl::ACLITEM => Comparator::Bytes,
        other if is_as_text_or_bytea(other) => Comparator::Bytes,
        t::BPCHAR => Comparator::Bpchar,
        t::XID8 | t::PG_LSN => custom(|a, b| (a.as_i64() as u64).cmp(&(b.as_i64() as u64))),
        t::TID => custom(|a, b| crate::oid::tid_cmp(a.as_bytes(), b.as_bytes())),
        t::INET | t::CIDR => custom(|a, b| network::compare(&Inet::from_datum(a), &Inet::from_datum(b))),
        t::NUMERIC => custom(|a, b| crate::numeric::compare_bytes(a.as_bytes(), b.as_bytes())),
        t::INTERVAL => custom(|a, b| interval::compare(&Interval::from_datum(a), &Interval::from_datum(b))),
        t::TIMETZ => custom(|a, b| time::compare(&TimeTz::from_datum(a), &TimeTz::from_datum(b))),
        t::JSONB => custom(crate::json::functions::compare),
        t::OIDVECTOR => custom(array::compare_oidvectors),
        t::RECORD => record_comparator(types)?,
        other => return other_comparator(other, collation, types),
    })
}

fn other_comparator(type_oid: Oid, collation: Oid, types: &dyn TypeLookup) -> Result<Comparator> {
    let info = match builtin_type(type_oid) {
        Some(found) => found.clone(),
        None => types.type_info(type_oid)?,
    };
    match info.kind {
        b'e' => return Ok(enum_comparator(&types.enum_labels(type_oid)?)),
        b'd' => return comparator(info.base, collation, types),
        b'c' => return composite_comparator(type_oid, types),
        _ => {}
    }
    if info.is_array() || type_oid == crate::type_oid::RECORD_ARRAY {
        // Elements that are records know the types of their columns.
        if record::is_record(info.element, types)? {
            let element = record_comparator(types)?;
            return Ok(FallibleOrder::comparator(Box::new(move |a, b| {
                let ordering = array::compare(a, b, &element);
                element.check().map(|()| ordering)
            })));
        }
        let element = comparator(info.element, collation, types)?;
        return Ok(custom(move |a, b| array::compare(a, b, &element)));
    }
    if info.repr() == tuple::Repr::Oid && (info.oid == type_oid::OID || info.name.starts_with("reg")) {
        return Ok(Comparator::Oid);
    }
    Err(no_comparison(&types.type_name(type_oid, -1)))
}

/// Types of the catalogs' own that have no operators: PostgreSQL compares them as text or bytea, to which they can be cast without a change.
fn is_as_text_or_bytea(type_oid: Oid) -> bool {
    use crate::type_oid as t;
    [t::PG_NODE_TREE, t::PG_NDISTINCT, t::PG_DEPENDENCIES, t::PG_MCV_LIST].contains(&type_oid)
}

#[cold]
fn no_comparison(type_name: &str) -> report::Error {
    error!(UNDEFINED_FUNCTION, "could not identify a comparison function for type {type_name}")
}

/// Enum values in the order of their labels. Even oids are in order of creation, odd ones were inserted later, so the
/// order comes from the catalog, not from the oids.
fn enum_comparator(labels: &[EnumLabel]) -> Comparator {
    let rank: HashMap<Oid, usize> = labels.iter().enumerate().map(|(i, l)| (l.oid, i)).collect();
    custom(move |a, b| rank.get(&a.as_oid()).cmp(&rank.get(&b.as_oid())))
}

fn composite_comparator(type_oid: Oid, types: &dyn TypeLookup) -> Result<Comparator> {
    let desc = types.row_desc(type_oid, -1)?;
    let columns = desc.attributes.iter().filter(|a| !a.is_dropped);
    let orders = columns.map(|a| Ok((comparator(a.type_oid, a.collation, types)?, a.repr)));
    let orders = orders.collect::<Result<Vec<_>>>()?;
    Ok(custom(move |a, b| record::compare_columns(a, b, &orders)))
}

/// Records of any types. What orders their columns is made once for each type that is met.
fn record_comparator(types: &dyn TypeLookup) -> Result<Comparator> {
    let types = types.to_keep()?;
    let known: Mutex<HashMap<Oid, record::ColumnOrder>> = Mutex::default();
    Ok(FallibleOrder::comparator(Box::new(move |a, b| {
        let mut known = known.lock().expect("comparing does not panic while it holds the lock");
        record::compare_by(a, b, &*types, &mut |oid| match known.get(&oid) {
            Some(order) => Ok(order.clone()),
            None => {
                let order = record::column_order(oid, &*types)?;
                known.insert(oid, order.clone());
                Ok(order)
            }
        })
    })))
}

/// A record that cannot be hashed is hashed like any other such: its comparison tells why.
fn record_hasher(types: &dyn TypeLookup) -> Result<Hasher> {
    let types = types.to_keep()?;
    Ok(Hasher::Custom(Arc::new(move |v| record::hash(v, &*types).unwrap_or(0))))
}

/// A hash of two values that are not null, equal for equal values.
pub type HashFn = Arc<dyn Fn(&Datum) -> u64 + Send + Sync>;

/// Hashes the values of one type for hash tables in memory. Not PostgreSQL's numbers: those are the SQL functions.
#[derive(Clone)]
pub enum Hasher {
    /// Scalars whose equality is that of their bits.
    Scalar,
    /// Floats: zeros alike, NaNs alike.
    Float,
    /// Byte strings.
    Bytes,
    /// `bpchar`: blanks at the end do not count.
    Bpchar,
    /// Anything else.
    Custom(HashFn),
}

impl Hasher {
    /// The hash of a value; nulls hash alike.
    #[inline]
    pub fn hash(&self, value: &Datum) -> u64 {
        match (self, value) {
            (_, Datum::Null) => 0,
            (_, Datum::Int4(v)) => mix(*v as u64),
            (_, Datum::Int8(v)) => mix(*v as u64),
            (_, Datum::Int2(v)) => mix(*v as u64),
            (_, Datum::Oid(v)) => mix(u64::from(v.0)),
            (_, Datum::Bool(v)) => mix(u64::from(*v)),
            (_, Datum::Char(v)) => mix(u64::from(*v)),
            (_, Datum::Float4(v)) => mix(float_bits(f64::from(*v))),
            (_, Datum::Float8(v)) => mix(float_bits(*v)),
            (Hasher::Bpchar, Datum::Bytes(b)) => hash_slice(crate::text::unpadded(b)),
            (Hasher::Custom(hash), _) => hash(value),
            (_, Datum::Bytes(b)) => hash_slice(b),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hasher::Scalar => "Scalar",
            Hasher::Float => "Float",
            Hasher::Bytes => "Bytes",
            Hasher::Bpchar => "Bpchar",
            Hasher::Custom(_) => "Custom",
        })
    }
}

fn float_bits(value: f64) -> u64 {
    match value {
        0.0 => 0,
        v if v.is_nan() => f64::NAN.to_bits(),
        v => v.to_bits(),
    }
}

/// A 64-bit finalizer (the multiply-and-fold of wyhash).
fn mix(value: u64) -> u64 {
    let product = u128::from(value ^ 0x9E37_79B9_7F4A_7C15) * u128::from(0xA076_1D64_78BD_642F_u64);
    (product as u64) ^ (product >> 64) as u64
}

fn hash_slice(bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(8);
    let mut hash = mix(bytes.len() as u64);
    for chunk in &mut chunks {
        hash = mix(hash ^ u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(hash ^ u64::from_le_bytes(last))
}

/// Equal numerics differ in scale at most.
fn hash_numeric(bytes: &[u8]) -> u64 {
    combine(hash_slice(&bytes[3..]), u64::from(bytes[0]))
}

/// The hash that goes with the type's default equality.
///
/// Errors: 42883 if the type has none.
pub fn hasher(type_oid: Oid, collation: Oid, types: &dyn TypeLookup) -> Result<Hasher> {
    use crate::type_oid as t;
    Ok(match type_oid {
        t::FLOAT4 | t::FLOAT8 => Hasher::Float,
        t::TEXT
        | t::VARCHAR
        | t::NAME
        | t::BYTEA
        | t::UUID
        | t::INET
        | t::CIDR
        | t::MACADDR
        | t::MACADDR8
        | t::TID
        | t::UNKNOWN
        | t::CSTRING
        | t::OIDVECTOR
        | t::TIMETZ => Hasher::Bytes,
        crate::acl::ACLITEM => Hasher::Bytes,
        other if is_as_text_or_bytea(other) => Hasher::Bytes,
        t::BPCHAR => Hasher::Bpchar,
        t::JSONB => Hasher::Custom(Arc::new(crate::json::functions::memory_hash)),
        t::INTERVAL => Hasher::Custom(Arc::new(|v| mix(span(&Interval::from_datum(v)) as u64))),
        t::NUMERIC => Hasher::Custom(Arc::new(|v| hash_numeric(v.as_bytes()))),
        t::RECORD => record_hasher(types)?,
        other => return other_hasher(other, collation, types),
    })
}

fn other_hasher(type_oid: Oid, collation: Oid, types: &dyn TypeLookup) -> Result<Hasher> {
    let info = match builtin_type(type_oid) {
        Some(found) => found.clone(),
        None => types.type_info(type_oid)?,
    };
    if info.repr() != tuple::Repr::Bytes {
        return Ok(Hasher::Scalar);
    }
    match info.kind {
        b'd' => return hasher(info.base, collation, types),
        b'c' => return composite_hasher(type_oid, types),
        _ => {}
    }
    if info.is_array() || type_oid == crate::type_oid::RECORD_ARRAY {
        let element = match record::is_record(info.element, types)? {
            true => record_hasher(types)?,
            false => hasher(info.element, collation, types)?,
        };
        return Ok(Hasher::Custom(Arc::new(move |v| array::hash(v, &element))));
    }
    let name = types.type_name(type_oid, -1);
    Err(error!(UNDEFINED_FUNCTION, "could not identify a hash function for type {name}"))
}

fn composite_hasher(type_oid: Oid, types: &dyn TypeLookup) -> Result<Hasher> {
    let desc = types.row_desc(type_oid, -1)?;
    let columns = desc.attributes.iter().filter(|a| !a.is_dropped);
    let hashers = columns.map(|a| hasher(a.type_oid, a.collation, types)).collect::<Result<Vec<_>>>()?;
    Ok(Hasher::Custom(Arc::new(move |v| record::hash_columns(v, &hashers))))
}

/// Adds the hash of one more value to that of a list.
pub(crate) fn combine(hash: u64, next: u64) -> u64 {
    mix(hash.rotate_left(5) ^ next)
}
