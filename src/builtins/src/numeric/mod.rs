//! numeric: decimal numbers of any precision, with NaN and the infinities.
//!
//! Layout of a value, little-endian:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 1 | 0 positive, 1 negative, 2 NaN, 3 infinity, 4 minus infinity |
//! | 1 | 2 | display scale: decimal digits after the point, 0 to 16383 |
//! | 3 | 2 | weight (i16): the first digit counts 10000 to this power |
//! | 5 | 2 each | digits, 0 to 9999, first and last not zero; none for zero |
//!
//! So a number of up to 32 decimal digits is inline in its datum. Module `decimal` is the arithmetic of finite
//! numbers, `small` that of the common short ones, `math` roots, logarithms and powers; `functions` adds the rules for the
//! values that are not finite.

pub(crate) mod decimal;
pub(crate) mod functions;
pub(crate) mod math;
pub(crate) mod small;
mod text;

pub use decimal::Decimal;

use report::{Error, Result, error};
use std::cmp::Ordering;
use tuple::{Bytes, Datum};

/// Largest display scale that a value can have.
const SCALE_MAX: i32 = 16383;
/// Largest scale that functions choose for a result.
pub(crate) const RESULT_SCALE_MAX: i32 = 1000;
/// Significant digits that functions give at least.
pub(crate) const SIGNIFICANT_MIN: i32 = 16;

/// A numeric value.
#[derive(Clone, PartialEq, Debug)]
pub enum Numeric {
    /// A number.
    Finite(Decimal),
    /// Not a number: equal to itself and above all else.
    NaN,
    /// Above all numbers.
    Infinity,
    /// Below all numbers.
    MinusInfinity,
}

#[cold]
#[track_caller]
pub(crate) fn overflow() -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

impl Numeric {
    /// Reads a value's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Numeric {
        match bytes[0] {
            2 => Numeric::NaN,
            3 => Numeric::Infinity,
            4 => Numeric::MinusInfinity,
            sign => {
                let digits = bytes[5..].chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
                let scale = i32::from(u16::from_le_bytes([bytes[1], bytes[2]]));
                let weight = i32::from(i16::from_le_bytes([bytes[3], bytes[4]]));
                Numeric::Finite(Decimal { negative: sign == 1, weight, scale, digits })
            }
        }
    }

    /// Reads a datum.
    pub fn of(datum: &Datum) -> Numeric {
        Numeric::from_bytes(datum.as_bytes())
    }

    /// The value as a datum.
    ///
    /// Errors: 22003 if it is too large for the type.
    pub fn to_datum(&self) -> Result<Datum> {
        let value = match self {
            Numeric::NaN => return Ok(Datum::bytes(&[2, 0, 0, 0, 0])),
            Numeric::Infinity => return Ok(Datum::bytes(&[3, 0, 0, 0, 0])),
            Numeric::MinusInfinity => return Ok(Datum::bytes(&[4, 0, 0, 0, 0])),
            Numeric::Finite(value) => value,
        };
        let weight = i16::try_from(value.weight).map_err(|_| overflow())?;
        if value.scale > SCALE_MAX {
            return Err(overflow());
        }
        let mut out = Vec::with_capacity(5 + 2 * value.digits.len());
        out.push(u8::from(value.negative));
        out.extend_from_slice(&(value.scale as u16).to_le_bytes());
        out.extend_from_slice(&weight.to_le_bytes());
        for digit in &value.digits {
            out.extend_from_slice(&digit.to_le_bytes());
        }
        Ok(Datum::Bytes(Bytes::from_vec(out)))
    }

    /// PostgreSQL's order: -Infinity, numbers, Infinity, NaN.
    pub fn compare(&self, other: &Numeric) -> Ordering {
        match (self, other) {
            (Numeric::Finite(a), Numeric::Finite(b)) => a.compare(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Numeric::MinusInfinity => 0,
            Numeric::Finite(_) => 1,
            Numeric::Infinity => 2,
            Numeric::NaN => 3,
        }
    }

    /// -1, 0 or 1; 0 for NaN.
    pub(crate) fn signum(&self) -> i32 {
        match self {
            Numeric::Finite(v) => v.signum(),
            Numeric::Infinity => 1,
            Numeric::MinusInfinity => -1,
            Numeric::NaN => 0,
        }
    }

    /// A whole number.
    pub fn from_i64(value: i64) -> Numeric {
        Numeric::Finite(Decimal::from_i128(i128::from(value)))
    }

    /// Reads the text form without modifier.
    ///
    /// Errors: 22P02, 22003.
    pub fn parse(text: &str) -> Result<Numeric> {
        text::parse(text)
    }
}

impl std::fmt::Display for Numeric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Numeric::Finite(v) => f.write_str(&text::print(v)),
            Numeric::NaN => f.write_str("NaN"),
            Numeric::Infinity => f.write_str("Infinity"),
            Numeric::MinusInfinity => f.write_str("-Infinity"),
        }
    }
}

/// Compares two values by their bytes, without making numbers of them.
pub(crate) fn compare_bytes(a: &[u8], b: &[u8]) -> Ordering {
    if a[0] > 1 || b[0] > 1 {
        return Numeric::from_bytes(a).compare(&Numeric::from_bytes(b));
    }
    match (byte_sign(a), byte_sign(b)) {
        (x, y) if x != y => x.cmp(&y),
        (0, _) => Ordering::Equal,
        (1, _) => compare_magnitude_bytes(a, b),
        _ => compare_magnitude_bytes(b, a),
    }
}

fn byte_sign(bytes: &[u8]) -> i8 {
    match (bytes.len() > 5, bytes[0]) {
        (false, _) => 0,
        (true, 1) => -1,
        _ => 1,
    }
}

fn compare_magnitude_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |v: &[u8]| i16::from_le_bytes([v[3], v[4]]);
    weight(a).cmp(&weight(b)).then_with(|| {
        let pairs = a[5..].chunks_exact(2).zip(b[5..].chunks_exact(2));
        for (x, y) in pairs {
            let ordering = u16::from_le_bytes([x[0], x[1]]).cmp(&u16::from_le_bytes([y[0], y[1]]));
            if ordering.is_ne() {
                return ordering;
            }
        }
        a.len().cmp(&b.len())
    })
}
