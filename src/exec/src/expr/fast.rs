//! Functions that have a step of their own, by pg_proc oid.

use base::Oid;
use report::{Result, error};
use std::cmp::Ordering;
use tuple::Datum;

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    /// =
    Eq,
    /// <>
    Ne,
    /// <
    Lt,
    /// <=
    Le,
    /// >
    Gt,
    /// >=
    Ge,
}

impl CompareOp {
    /// Whether an ordering satisfies it.
    #[inline]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }
}

/// Addition, subtraction, multiplication, and the width of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArithmeticOp {
    /// `+`, `-` or `*`.
    pub symbol: u8,
    /// Bytes of the result: 2, 4 or 8.
    pub width: u8,
}

/// A function with a step of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fast {
    /// Of integers (of any width), dates, timestamps, oids.
    IntCompare(CompareOp),
    /// Of byte strings; the flag says "unequal".
    BytesEqual(bool),
    /// Of integers.
    IntArithmetic(ArithmeticOp),
}

/// The step for a function, if it has one.
pub fn fast(function: Oid) -> Option<Fast> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let compare = match function.0 {
        63 | 65 | 158 | 159 | 184 | 467 | 474 | 852 | 1086 | 1152 | 1850 | 1856 | 2052 => Some(Eq),
        145 | 144 | 164 | 165 | 185 | 468 | 475 | 853 | 1091 | 1153 | 1851 | 1857 | 2053 => Some(Ne),
        64 | 66 | 160 | 161 | 716 | 469 | 476 | 854 | 1087 | 1154 | 1852 | 1858 | 2054 => Some(Lt),
        148 | 149 | 166 | 167 | 717 | 471 | 478 | 856 | 1088 | 1155 | 1854 | 1860 | 2055 => Some(Le),
        146 | 147 | 162 | 163 | 1638 | 470 | 477 | 855 | 1089 | 1157 | 1853 | 1859 | 2057 => Some(Gt),
        150 | 151 | 168 | 169 | 1639 | 472 | 479 | 857 | 1090 | 1156 | 1855 | 1861 | 2056 => Some(Ge),
        _ => None,
    };
    if let Some(op) = compare {
        return Some(Fast::IntCompare(op));
    }
    let arithmetic = |symbol, width| Some(Fast::IntArithmetic(ArithmeticOp { symbol, width }));
    match function.0 {
        // text, name, bytea, uuid: collations are deterministic, so equal means equal bytes.
        67 | 62 | 1948 | 2956 => Some(Fast::BytesEqual(false)),
        157 | 659 | 1953 | 2959 => Some(Fast::BytesEqual(true)),
        176 => arithmetic(b'+', 2),
        180 => arithmetic(b'-', 2),
        152 => arithmetic(b'*', 2),
        177..=179 => arithmetic(b'+', 4),
        181..=183 => arithmetic(b'-', 4),
        141 | 170 | 171 => arithmetic(b'*', 4),
        463 | 837 | 841 | 1274 | 1278 => arithmetic(b'+', 8),
        464 | 838 | 942 | 1275 | 1279 => arithmetic(b'-', 8),
        465 | 839 | 943 | 1276 | 1280 => arithmetic(b'*', 8),
        _ => None,
    }
}

/// An integer of any width; `None` if null.
#[inline]
pub fn integer(datum: &Datum) -> Option<i64> {
    match datum {
        Datum::Int4(v) => Some(i64::from(*v)),
        Datum::Int8(v) => Some(*v),
        Datum::Int2(v) => Some(i64::from(*v)),
        Datum::Oid(v) => Some(i64::from(v.0)),
        Datum::Null => None,
        other => unreachable!("integer step on {other:?}"),
    }
}

/// Computes; null if either is null.
///
/// Errors: 22003 if the result is out of range.
#[inline]
pub fn arithmetic(op: ArithmeticOp, a: &Datum, b: &Datum) -> Result<Datum> {
    let (Some(a), Some(b)) = (integer(a), integer(b)) else { return Ok(Datum::Null) };
    let result = match op.symbol {
        b'+' => a.checked_add(b),
        b'-' => a.checked_sub(b),
        _ => a.checked_mul(b),
    };
    match (result, op.width) {
        (Some(v), 8) => Ok(Datum::Int8(v)),
        (Some(v), 4) => i32::try_from(v).map(Datum::Int4).map_err(|_| out_of_range(4)),
        (Some(v), _) => i16::try_from(v).map(Datum::Int2).map_err(|_| out_of_range(2)),
        (None, width) => Err(out_of_range(width)),
    }
}

#[cold]
fn out_of_range(width: u8) -> report::Error {
    let name = match width {
        2 => "smallint",
        4 => "integer",
        _ => "bigint",
    };
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "{name} out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_knows_its_range() {
        let add4 = ArithmeticOp { symbol: b'+', width: 4 };
        assert_eq!(arithmetic(add4, &Datum::Int4(2), &Datum::Int2(3)).unwrap().as_i32(), 5);
        assert!(arithmetic(add4, &Datum::Null, &Datum::Int2(3)).unwrap().is_null());
        let error = arithmetic(add4, &Datum::Int4(i32::MAX), &Datum::Int4(1)).unwrap_err();
        assert_eq!((error.message(), error.code().as_str()), ("integer out of range", "22003"));
    }
}
