//! The order of values.

use crate::Datum;
use crate::values::fixed;
use report::{Error, Result};
use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex};

/// A comparison of two values that are not null.
pub type CompareFn = Arc<dyn Fn(&Datum, &Datum) -> Ordering + Send + Sync>;

/// Orders the values of one type under one collation: a b-tree operator class at work. Neither side may be null;
/// [`KeyOrder`] adds nulls and direction.
///
/// The named cases are compared without a call through a pointer and, in an index, without making a [`Datum`].
#[derive(Clone)]
pub enum Comparator {
    /// `bool`.
    Bool,
    /// `"char"`, by unsigned byte.
    Char,
    /// `int2`.
    Int2,
    /// `int4`, `date`.
    Int4,
    /// `int8`, times and timestamps.
    Int8,
    /// `oid` and its kin, unsigned.
    Oid,
    /// `float4`: NaN equals NaN and is greater than all else.
    Float4,
    /// `float8`: NaN equals NaN and is greater than all else.
    Float8,
    /// By byte: text under collation "C", name, bytea, uuid, tid's byte form is not (use `Custom`).
    Bytes,
    /// `bpchar` under collation "C": by byte, trailing blanks do not count.
    Bpchar,
    /// Anything else.
    Custom(CompareFn),
    /// Values that tell only when they meet whether they can be compared: records.
    Fallible(Arc<FallibleOrder>),
}

/// A comparison of two values that are not null, or why they cannot be compared.
pub type TryCompareFn = Box<dyn Fn(&Datum, &Datum) -> Result<Ordering> + Send + Sync>;

/// An order that may fail. Whoever sorts by it asks for the failure afterwards: [`Comparator::check`].
pub struct FallibleOrder {
    compare: TryCompareFn,
    /// The first failure since it was last asked for.
    failure: Mutex<Option<Error>>,
}

impl FallibleOrder {
    /// The comparator that compares so.
    pub fn comparator(compare: TryCompareFn) -> Comparator {
        Comparator::Fallible(Arc::new(FallibleOrder { compare, failure: Mutex::new(None) }))
    }

    /// Values that cannot be compared are equal, for the time being.
    fn compare(&self, a: &Datum, b: &Datum) -> Ordering {
        (self.compare)(a, b).unwrap_or_else(|error| {
            self.failure.lock().expect("nothing panics while it holds the lock").get_or_insert(error);
            Ordering::Equal
        })
    }
}

impl Comparator {
    /// Compares two values. Panics on a variant that the type does not use.
    #[inline]
    pub fn compare(&self, a: &Datum, b: &Datum) -> Ordering {
        match (self, a, b) {
            (Comparator::Int4, Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
            (Comparator::Int8, Datum::Int8(a), Datum::Int8(b)) => a.cmp(b),
            (Comparator::Bytes, Datum::Bytes(a), Datum::Bytes(b)) => a.as_slice().cmp(b),
            _ => self.compare_other(a, b),
        }
    }

    /// A number that comes before another's where the value does; of two equal ones [`Comparator::compare`] must be asked, unless
    /// the key [says all](Comparator::key_says_all). Sorting by it first touches the values less often.
    pub fn sort_key(&self, value: &Datum) -> u64 {
        /// Signed numbers in the order of unsigned ones.
        fn signed(number: i64) -> u64 {
            (number as u64) ^ (1 << 63)
        }
        match self {
            Comparator::Bool => u64::from(value.as_bool()),
            Comparator::Char => u64::from(value.as_char()),
            Comparator::Int2 => signed(i64::from(value.as_i16())),
            Comparator::Int4 => signed(i64::from(value.as_i32())),
            Comparator::Int8 => signed(value.as_i64()),
            Comparator::Oid => u64::from(value.as_oid().0),
            Comparator::Bytes => first_bytes(value.as_bytes()),
            Comparator::Float4 | Comparator::Float8 | Comparator::Bpchar => 0,
            Comparator::Custom(_) | Comparator::Fallible(_) => 0,
        }
    }

    /// True if values with equal [sort keys](Comparator::sort_key) are equal.
    pub fn key_says_all(&self) -> bool {
        use Comparator as C;
        matches!(self, C::Bool | C::Char | C::Int2 | C::Int4 | C::Int8 | C::Oid)
    }

    fn compare_other(&self, a: &Datum, b: &Datum) -> Ordering {
        match self {
            Comparator::Bool => a.as_bool().cmp(&b.as_bool()),
            Comparator::Char => a.as_char().cmp(&b.as_char()),
            Comparator::Int2 => a.as_i16().cmp(&b.as_i16()),
            Comparator::Int4 => a.as_i32().cmp(&b.as_i32()),
            Comparator::Int8 => a.as_i64().cmp(&b.as_i64()),
            Comparator::Oid => a.as_oid().cmp(&b.as_oid()),
            Comparator::Float4 => compare_floats(f64::from(a.as_f32()), f64::from(b.as_f32())),
            Comparator::Float8 => compare_floats(a.as_f64(), b.as_f64()),
            Comparator::Bytes => a.as_bytes().cmp(b.as_bytes()),
            Comparator::Bpchar => without_blanks(a.as_bytes()).cmp(without_blanks(b.as_bytes())),
            Comparator::Custom(compare) => compare(a, b),
            Comparator::Fallible(order) => order.compare(a, b),
        }
    }

    /// Whether all values that were compared since this was last asked could be. Errors: why not.
    #[inline]
    pub fn check(&self) -> Result<()> {
        let Comparator::Fallible(order) = self else { return Ok(()) };
        order.failure.lock().expect("nothing panics while it holds the lock").take().map_or(Ok(()), Err)
    }

    /// Compares a value with one in its stored form: the bytes of a fixed width, or a plain value's bytes without
    /// their header. `stored` holds at least the bytes of the fixed width.
    #[inline]
    pub fn compare_stored(&self, a: &Datum, stored: &[u8]) -> Ordering {
        match (self, a) {
            (Comparator::Int4, Datum::Int4(a)) => a.cmp(&i32::from_le_bytes(fixed(stored))),
            (Comparator::Int8, Datum::Int8(a)) => a.cmp(&i64::from_le_bytes(fixed(stored))),
            (Comparator::Bytes, Datum::Bytes(a)) => a.as_slice().cmp(stored),
            _ => self.compare_stored_other(a, stored),
        }
    }

    fn compare_stored_other(&self, a: &Datum, stored: &[u8]) -> Ordering {
        match (self, a) {
            (Comparator::Bool, _) => a.as_bool().cmp(&(stored[0] != 0)),
            (Comparator::Char, _) => a.as_char().cmp(&stored[0]),
            (Comparator::Int2, _) => a.as_i16().cmp(&i16::from_le_bytes(fixed(stored))),
            (Comparator::Int4, _) => a.as_i32().cmp(&i32::from_le_bytes(fixed(stored))),
            (Comparator::Int8, _) => a.as_i64().cmp(&i64::from_le_bytes(fixed(stored))),
            (Comparator::Oid, _) => a.as_oid().0.cmp(&u32::from_le_bytes(fixed(stored))),
            (Comparator::Float4, _) => {
                compare_floats(f64::from(a.as_f32()), f64::from(f32::from_le_bytes(fixed(stored))))
            }
            (Comparator::Float8, _) => compare_floats(a.as_f64(), f64::from_le_bytes(fixed(stored))),
            (Comparator::Bytes, _) => a.as_bytes().cmp(stored),
            (Comparator::Bpchar, _) => without_blanks(a.as_bytes()).cmp(without_blanks(stored)),
            (Comparator::Custom(compare), _) => compare(a, &like(a, stored)),
            (Comparator::Fallible(order), _) => order.compare(a, &like(a, stored)),
        }
    }
}

/// The stored bytes as a value of the same variant as `a`.
fn like(a: &Datum, stored: &[u8]) -> Datum {
    match a {
        Datum::Null => unreachable!("nulls are ordered by KeyOrder"),
        Datum::Bool(_) => Datum::Bool(stored[0] != 0),
        Datum::Char(_) => Datum::Char(stored[0]),
        Datum::Int2(_) => Datum::Int2(i16::from_le_bytes(fixed(stored))),
        Datum::Int4(_) => Datum::Int4(i32::from_le_bytes(fixed(stored))),
        Datum::Int8(_) => Datum::Int8(i64::from_le_bytes(fixed(stored))),
        Datum::Float4(_) => Datum::Float4(f32::from_le_bytes(fixed(stored))),
        Datum::Float8(_) => Datum::Float8(f64::from_le_bytes(fixed(stored))),
        Datum::Oid(_) => Datum::Oid(base::Oid(u32::from_le_bytes(fixed(stored)))),
        Datum::Bytes(_) => Datum::bytes(stored),
    }
}

/// The first eight bytes as a number, zeros for what is missing.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let count = bytes.len().min(8);
    first[..count].copy_from_slice(&bytes[..count]);
    u64::from_be_bytes(first)
}

/// PostgreSQL's order of floats: NaN equals NaN and is greater than all else; -0 equals 0.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn without_blanks(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != b' ').map_or(0, |last| last + 1);
    &bytes[..end]
}

impl fmt::Debug for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparator::Bool => "Bool",
            Comparator::Char => "Char",
            Comparator::Int2 => "Int2",
            Comparator::Int4 => "Int4",
            Comparator::Int8 => "Int8",
            Comparator::Oid => "Oid",
            Comparator::Float4 => "Float4",
            Comparator::Float8 => "Float8",
            Comparator::Bytes => "Bytes",
            Comparator::Bpchar => "Bpchar",
            Comparator::Custom(_) => "Custom",
            Comparator::Fallible(_) => "Fallible",
        })
    }
}

/// The order of one column of an index or a sort: a comparator, a direction, and where nulls go.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    /// Orders values that are not null.
    pub comparator: Comparator,
    /// Greatest first.
    pub descending: bool,
    /// Nulls come before all values (PostgreSQL's default for DESC), else after.
    pub nulls_first: bool,
}

impl KeyOrder {
    /// Ascending, nulls last.
    pub fn ascending(comparator: Comparator) -> KeyOrder {
        KeyOrder { comparator, descending: false, nulls_first: false }
    }

    /// Compares two values, either of which may be null. Two nulls are equal here.
    #[inline]
    pub fn compare(&self, a: &Datum, b: &Datum) -> Ordering {
        match (a.is_null(), b.is_null()) {
            (false, false) => self.directed(self.comparator.compare(a, b)),
            (a_null, b_null) => self.compare_nulls(a_null, b_null),
        }
    }

    /// Compares a value with a stored one; `None` is a stored null.
    #[inline]
    pub fn compare_stored(&self, a: &Datum, stored: Option<&[u8]>) -> Ordering {
        match stored {
            Some(bytes) if !a.is_null() => self.directed(self.comparator.compare_stored(a, bytes)),
            _ => self.compare_nulls(a.is_null(), stored.is_none()),
        }
    }

    #[inline]
    fn directed(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }

    fn compare_nulls(&self, a_null: bool, b_null: bool) -> Ordering {
        if self.nulls_first { b_null.cmp(&a_null) } else { a_null.cmp(&b_null) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::write_value;

    fn stored(value: &Datum) -> Vec<u8> {
        let mut out = Vec::new();
        write_value(&mut out, value);
        if matches!(value, Datum::Bytes(_)) {
            out.remove(0);
        }
        out
    }

    fn ascends(comparator: Comparator, values: &[Datum]) {
        let keys: Vec<u64> = values.iter().map(|value| comparator.sort_key(value)).collect();
        assert!(keys.is_sorted(), "sort keys disagree with the order");
        assert!(
            !comparator.key_says_all() || keys.windows(2).all(|pair| pair[0] < pair[1]),
            "different values have one key"
        );
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(comparator.compare(a, b), i.cmp(&j), "{a:?} {b:?}");
                assert_eq!(comparator.compare_stored(a, &stored(b)), i.cmp(&j), "{a:?} stored {b:?}");
            }
        }
    }

    #[test]
    fn orders_values_in_memory_and_stored() {
        ascends(Comparator::Int2, &[Datum::Int2(-300), Datum::Int2(2)]);
        ascends(Comparator::Int4, &[Datum::Int4(i32::MIN), Datum::Int4(-1), Datum::Int4(256)]);
        ascends(Comparator::Int8, &[Datum::Int8(-1), Datum::Int8(1 << 40)]);
        ascends(Comparator::Oid, &[Datum::Oid(base::Oid(1)), Datum::Oid(base::Oid(u32::MAX))]);
        ascends(Comparator::Bool, &[Datum::Bool(false), Datum::Bool(true)]);
        ascends(Comparator::Char, &[Datum::Char(1), Datum::Char(200)]);
        let floats = [f64::NEG_INFINITY, -1.0, 0.0, 2.5, f64::INFINITY, f64::NAN];
        ascends(Comparator::Float8, &floats.map(Datum::Float8));
        ascends(Comparator::Float4, &floats.map(|f| Datum::Float4(f as f32)));
        ascends(Comparator::Bytes, &["", "a", "a ", "b"].map(Datum::text));
        ascends(Comparator::Bpchar, &["", "a", "ab"].map(Datum::text));
        let by_length = Comparator::Custom(Arc::new(|a, b| a.as_bytes().len().cmp(&b.as_bytes().len())));
        ascends(by_length, &["z", "yy", "xxx"].map(Datum::text));
    }

    #[test]
    fn blanks_and_zero_signs_do_not_count() {
        assert_eq!(Comparator::Bpchar.compare(&Datum::text("a  "), &Datum::text("a")), Ordering::Equal);
        assert_eq!(Comparator::Float8.compare(&Datum::Float8(-0.0), &Datum::Float8(0.0)), Ordering::Equal);
    }

    #[test]
    fn direction_leaves_nulls_where_they_are_told_to_be() {
        let mut order = KeyOrder::ascending(Comparator::Int4);
        let (one, two, null) = (Datum::Int4(1), Datum::Int4(2), Datum::Null);
        for descending in [false, true] {
            for nulls_first in [false, true] {
                order.descending = descending;
                order.nulls_first = nulls_first;
                assert_eq!(order.compare(&one, &two).is_lt(), !descending);
                assert_eq!(order.compare(&null, &one).is_lt(), nulls_first);
                assert_eq!(order.compare(&one, &null).is_gt(), nulls_first);
                assert_eq!(order.compare_stored(&one, None).is_gt(), nulls_first);
                assert_eq!(order.compare_stored(&null, Some(&stored(&one))).is_lt(), nulls_first);
                assert!(order.compare_stored(&null, None).is_eq());
            }
        }
    }

    #[test]
    fn what_cannot_be_compared_is_told_afterwards() {
        let comparator = FallibleOrder::comparator(Box::new(|a, b| match (a, b) {
            (Datum::Int4(a), Datum::Int4(b)) => Ok(a.cmp(b)),
            _ => Err(report::error!(DATATYPE_MISMATCH, "cannot compare")),
        }));
        assert!(comparator.compare(&Datum::Int4(1), &Datum::Int4(2)).is_lt());
        assert!(comparator.check().is_ok());
        assert!(comparator.compare(&Datum::Int4(1), &Datum::text("x")).is_eq());
        assert_eq!(comparator.check().unwrap_err().message(), "cannot compare");
        assert!(comparator.check().is_ok());
    }
}
