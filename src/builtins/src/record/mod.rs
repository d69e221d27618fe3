//! Records: the values of composite types and of `ROW(..)`.
//!
//! A record describes itself, so that one can be printed, compared and taken apart without the catalogs.
//! Little-endian:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 4 | oid of the composite type, or of `record` |
//! | 4 | 4 | type modifier: the session's number of an anonymous row type, -1 if none |
//! | 8 | 4 | number of columns |
//! | 12 | 4 x n | oid of each column's type |
//! | | 4 x n | for each column the end of its bytes, counted from the end of this table; bit 31 set = null |
//! | | | the columns' bytes, in the form of array elements |

pub(crate) mod functions;
mod text;

use crate::compare::{Hasher, combine, comparator, hasher};
use crate::{TypeLookup, array};
use base::Oid;
use report::{Result, error};
use std::cmp::Ordering;
use tuple::{Bytes, Comparator, Datum, Repr};

const HEADER: usize = 12;
const NULL_BIT: u32 = 1 << 31;

/// A view of a record.
#[derive(Clone, Copy)]
pub struct RecordRef<'a> {
    bytes: &'a [u8],
}

fn le_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

impl<'a> RecordRef<'a> {
    /// Views a datum.
    pub fn of(datum: &'a Datum) -> RecordRef<'a> {
        RecordRef { bytes: datum.as_bytes() }
    }

    /// The composite type, or `record`.
    pub fn type_oid(&self) -> Oid {
        Oid(le_u32(self.bytes, 0))
    }

    /// The session's number of an anonymous row type, -1 if none.
    pub fn type_mod(&self) -> i32 {
        le_u32(self.bytes, 4) as i32
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        le_u32(self.bytes, 8) as usize
    }

    /// True if there are no columns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of column `index` (from 0).
    pub fn column_type(&self, index: usize) -> Oid {
        Oid(le_u32(self.bytes, HEADER + 4 * index))
    }

    fn end(&self, index: usize) -> u32 {
        le_u32(self.bytes, HEADER + 4 * self.len() + 4 * index)
    }

    /// True if column `index` (from 0) is null.
    pub fn is_null(&self, index: usize) -> bool {
        self.end(index) & NULL_BIT != 0
    }

    /// Column `index` (from 0), whose representation the caller knows from its type.
    pub fn get(&self, index: usize, repr: Repr) -> Datum {
        if self.is_null(index) {
            return Datum::Null;
        }
        let data = HEADER + 8 * self.len();
        let start = if index == 0 { 0 } else { self.end(index - 1) & !NULL_BIT } as usize;
        let end = self.end(index) as usize;
        array::read_value(repr, &self.bytes[data + start..data + end])
    }

    /// All columns.
    ///
    /// Errors: those of looking up a column's type.
    pub fn columns(&self, types: &dyn TypeLookup) -> Result<Vec<Datum>> {
        (0..self.len()).map(|i| Ok(self.get(i, repr_of(self.column_type(i), types)?))).collect()
    }
}

/// How values of a type are represented.
pub(crate) fn repr_of(oid: Oid, types: &dyn TypeLookup) -> Result<Repr> {
    match crate::builtin_type(oid) {
        Some(found) => Ok(found.repr()),
        None => Ok(types.type_info(oid)?.repr()),
    }
}

/// Makes a record of these columns.
pub fn build(type_oid: Oid, type_mod: i32, columns: &[(Oid, Datum)]) -> Datum {
    let mut out = Vec::with_capacity(HEADER + 16 * columns.len());
    out.extend_from_slice(&type_oid.0.to_le_bytes());
    out.extend_from_slice(&type_mod.to_le_bytes());
    out.extend_from_slice(&(columns.len() as u32).to_le_bytes());
    for (column_type, _) in columns {
        out.extend_from_slice(&column_type.0.to_le_bytes());
    }
    let mut data = Vec::new();
    for (_, value) in columns {
        array::put_value(value, &mut data);
        let end = data.len() as u32 | if value.is_null() { NULL_BIT } else { 0 };
        out.extend_from_slice(&end.to_le_bytes());
    }
    out.extend_from_slice(&data);
    Datum::Bytes(Bytes::from_vec(out))
}

/// How a column is read and compared.
pub(crate) type ColumnOrder = (Comparator, Repr);

/// How columns of a type are read and compared. Errors: 42883 if the type has no order.
pub(crate) fn column_order(column_type: Oid, types: &dyn TypeLookup) -> Result<ColumnOrder> {
    Ok((comparator(column_type, Oid::INVALID, types)?, repr_of(column_type, types)?))
}

/// True for types whose values are records themselves, which know the types of their columns: composite types, and domains over them.
pub(crate) fn is_record(oid: Oid, types: &dyn TypeLookup) -> Result<bool> {
    if crate::builtin_type(oid).is_some() {
        return Ok(oid == crate::type_oid::RECORD);
    }
    let info = types.type_info(oid)?;
    match info.kind {
        b'd' => is_record(info.base, types),
        kind => Ok(kind == b'c'),
    }
}

/// Compares column by column, nulls last, then by number of columns.
///
/// Errors: 42804 if types differ in a column, 42883 if a type has no order.
pub fn compare(a: &Datum, b: &Datum, types: &dyn TypeLookup) -> Result<Ordering> {
    compare_by(a, b, types, &mut |column_type| column_order(column_type, types))
}

/// The same with these orders of columns.
pub(crate) fn compare_by(
    a: &Datum,
    b: &Datum,
    types: &dyn TypeLookup,
    order_of: &mut dyn FnMut(Oid) -> Result<ColumnOrder>,
) -> Result<Ordering> {
    let (left, right) = (RecordRef::of(a), RecordRef::of(b));
    for i in 0..left.len().min(right.len()) {
        let column_type = same_column_type(left, right, i, types)?;
        let ordering = if left.is_null(i) || right.is_null(i) {
            left.is_null(i).cmp(&right.is_null(i))
        } else if is_record(column_type, types)? {
            compare_by(&left.get(i, Repr::Bytes), &right.get(i, Repr::Bytes), types, order_of)?
        } else {
            let (order, repr) = order_of(column_type)?;
            let ordering = order.compare(&left.get(i, repr), &right.get(i, repr));
            order.check()?;
            ordering
        };
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    if left.len() != right.len() {
        return Err(error!(DATATYPE_MISMATCH, "cannot compare record types with different numbers of columns"));
    }
    Ok(Ordering::Equal)
}

fn same_column_type(a: RecordRef<'_>, b: RecordRef<'_>, index: usize, types: &dyn TypeLookup) -> Result<Oid> {
    let (x, y) = (a.column_type(index), b.column_type(index));
    if x != y {
        let (x, y) = (types.type_name(x, -1), types.type_name(y, -1));
        let number = index + 1;
        return Err(error!(
            DATATYPE_MISMATCH,
            "cannot compare dissimilar column types {x} and {y} at record column {number}"
        ));
    }
    Ok(x)
}

fn compare_nullable(a: &Datum, b: &Datum, order: &Comparator) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (false, false) => order.compare(a, b),
        (x, y) => x.cmp(&y),
    }
}

/// Compares two records of one composite type whose columns have these orders.
pub(crate) fn compare_columns(a: &Datum, b: &Datum, orders: &[ColumnOrder]) -> Ordering {
    let (left, right) = (RecordRef::of(a), RecordRef::of(b));
    for (i, (order, repr)) in orders.iter().enumerate().take(left.len().min(right.len())) {
        let ordering = compare_nullable(&left.get(i, *repr), &right.get(i, *repr), order);
        if ordering.is_ne() {
            return ordering;
        }
    }
    left.len().cmp(&right.len())
}

/// The hash of a record.
///
/// Errors: 42883 if a column's type has none.
pub fn hash(value: &Datum, types: &dyn TypeLookup) -> Result<u64> {
    let view = RecordRef::of(value);
    (0..view.len()).try_fold(0, |total, i| Ok(combine(total, hash_column(view, i, types)?)))
}

fn hash_column(view: RecordRef<'_>, index: usize, types: &dyn TypeLookup) -> Result<u64> {
    let column_type = view.column_type(index);
    if view.is_null(index) {
        return Ok(0);
    }
    if is_record(column_type, types)? {
        return hash(&view.get(index, Repr::Bytes), types);
    }
    let column = view.get(index, repr_of(column_type, types)?);
    Ok(hasher(column_type, Oid::INVALID, types)?.hash(&column))
}

/// The hash of a record of one composite type. Columns are hashed by their stored bytes where they have no built-in
/// type.
pub(crate) fn hash_columns(value: &Datum, hashers: &[Hasher]) -> u64 {
    let view = RecordRef::of(value);
    hashers.iter().enumerate().take(view.len()).fold(0, |hash, (i, hasher)| {
        let repr = crate::builtin_type(view.column_type(i)).map_or(Repr::Bytes, |t| t.repr());
        combine(hash, hasher.hash(&view.get(i, repr)))
    })
}
