//! The SQL functions over numeric.

use super::decimal::Decimal;
use super::small::Small;
use super::{Numeric, RESULT_SCALE_MAX, SIGNIFICANT_MIN, compare_bytes, math, overflow};
use crate::array::cstrings;
use crate::errors::{division_by_zero, out_of_range};
use crate::hash::{hash_bytes, hash_bytes_extended};
use crate::wire::Reader;
use crate::{FnCtx, FromDatum, RowSource};
use Numeric::{Finite, Infinity, MinusInfinity, NaN};
use report::{Result, bail, error};
use std::cmp::Ordering;
use tuple::Datum;

impl FromDatum<'_> for Numeric {
    fn from_datum(datum: &Datum) -> Numeric {
        Numeric::of(datum)
    }
}

/// A result that may be too large for the type.
fn pack(value: Numeric) -> Result<Datum> {
    value.to_datum()
}

fn infinity(negative: bool) -> Numeric {
    if negative { MinusInfinity } else { Infinity }
}

/// The sum.
pub(crate) fn add(a: &Numeric, b: &Numeric) -> Numeric {
    match (a, b) {
        (Finite(x), Finite(y)) => Finite(x.add(y)),
        (NaN, _) | (_, NaN) | (Infinity, MinusInfinity) | (MinusInfinity, Infinity) => NaN,
        (Finite(_), special) | (special, _) => special.clone(),
    }
}

/// An operation on two short numbers, `None` if they or the result are not short.
fn small(a: &[u8], b: &[u8], operation: fn(Small, Small) -> Option<Small>) -> Option<Datum> {
    operation(Small::from_bytes(a)?, Small::from_bytes(b)?)?.to_datum()
}

/// The value with its sign changed.
pub(crate) fn negate(a: Numeric) -> Numeric {
    match a {
        Finite(v) => Finite(v.negated()),
        Infinity => MinusInfinity,
        MinusInfinity => Infinity,
        NaN => NaN,
    }
}

fn multiply(a: &Numeric, b: &Numeric) -> Numeric {
    match (a, b) {
        (Finite(x), Finite(y)) => {
            // The scale of a product that would be too long is cut to what the format can hold.
            Finite(x.multiply(y, (x.scale + y.scale).min(super::SCALE_MAX)))
        }
        (NaN, _) | (_, NaN) => NaN,
        _ => match a.signum() * b.signum() {
            0 => NaN,
            sign => infinity(sign < 0),
        },
    }
}

/// The quotient.
///
/// Errors: 22012.
pub(crate) fn divide(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    divide_with(a, b, math::quotient)
}

fn divide_with(a: &Numeric, b: &Numeric, finite: fn(&Decimal, &Decimal) -> Decimal) -> Result<Numeric> {
    Ok(match (a, b) {
        (NaN, _) | (_, NaN) => NaN,
        (_, Finite(y)) if y.is_zero() => return Err(division_by_zero()),
        (Finite(x), Finite(y)) => Finite(finite(x, y)),
        (_, Finite(y)) => infinity((a.signum() < 0) != y.negative),
        (Finite(_), _) => Finite(Decimal::zero(0)),
        _ => NaN,
    })
}

fn modulo(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    Ok(match (a, b) {
        (NaN, _) | (_, NaN) => NaN,
        (Infinity | MinusInfinity, Finite(y)) if y.is_zero() => return Err(division_by_zero()),
        (Infinity | MinusInfinity, _) => NaN,
        (Finite(_), Infinity | MinusInfinity) => a.clone(),
        (Finite(_), Finite(y)) if y.is_zero() => return Err(division_by_zero()),
        (Finite(x), Finite(y)) => Finite(math::remainder(x, y)),
    })
}

/// Applies a function to a finite value; others stay.
fn map_finite(a: Numeric, f: impl FnOnce(Decimal) -> Decimal) -> Numeric {
    match a {
        Finite(v) => Finite(f(v)),
        other => other,
    }
}

fn power(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    if let (Finite(x), Finite(y)) = (a, b) {
        check_zero_power(a, b)?;
        return math::power(x, y).map(Finite);
    }
    let one = Numeric::from_i64(1);
    match (a, b) {
        (NaN, other) => return Ok(if other.compare(&Numeric::from_i64(0)).is_eq() { one } else { NaN }),
        (other, NaN) => return Ok(if other.compare(&one).is_eq() { one } else { NaN }),
        _ => {}
    }
    check_zero_power(a, b)?;
    special_power(a, b)
}

fn check_zero_power(a: &Numeric, b: &Numeric) -> Result<()> {
    if matches!(a, Finite(_)) && a.signum() == 0 && b.signum() < 0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
    }
    Ok(())
}

/// A power where one side is infinite and none NaN.
fn special_power(a: &Numeric, b: &Numeric) -> Result<Numeric> {
    let (one, zero) = (Numeric::from_i64(1), Numeric::from_i64(0));
    let integral = match b {
        Finite(v) => v.is_integral(),
        _ => true,
    };
    if a.signum() < 0 && !integral {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    if a.compare(&one).is_eq() || (matches!(b, Finite(_)) && b.signum() == 0) {
        return Ok(one);
    }
    if matches!(a, Finite(_)) && a.signum() == 0 {
        return Ok(zero);
    }
    Ok(match (a, b) {
        (Finite(x), _) => {
            if a.compare(&Numeric::from_i64(-1)).is_eq() {
                return Ok(one);
            }
            let grows = x.clone().abs().compare(&Decimal::from_i128(1)).is_gt();
            if grows == (b.signum() > 0) { Infinity } else { zero }
        }
        (_, Infinity) => Infinity,
        (_, MinusInfinity) => zero,
        _ if b.signum() < 0 => zero,
        (MinusInfinity, Finite(y)) if y.is_odd() => MinusInfinity,
        _ => Infinity,
    })
}

fn square_root(a: Numeric) -> Result<Numeric> {
    if a.signum() < 0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
    }
    Ok(map_finite(a, |v| math::square_root(&v, math::root_scale(&v))))
}

fn exponential(a: Numeric) -> Result<Numeric> {
    Ok(match a {
        Finite(v) => Finite(math::exponential(&v, math::exponential_scale(&v))?),
        MinusInfinity => Finite(Decimal::zero(0)),
        other => other,
    })
}

#[cold]
fn negative_logarithm() -> report::Error {
    error!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number")
}

fn logarithm(a: Numeric) -> Result<Numeric> {
    Ok(match a {
        Finite(v) => Finite(math::logarithm(&v, math::logarithm_scale(&v))?),
        MinusInfinity => return Err(negative_logarithm()),
        other => other,
    })
}

fn logarithm_to_base(base: &Numeric, a: &Numeric) -> Result<Numeric> {
    if let (Finite(base), Finite(v)) = (base, a) {
        return math::logarithm_to_base(base, v).map(Finite);
    }
    if matches!(base, NaN) || matches!(a, NaN) {
        return Ok(NaN);
    }
    if base.signum() < 0 || a.signum() < 0 {
        return Err(negative_logarithm());
    }
    if base.signum() == 0 || a.signum() == 0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    Ok(match (base, a) {
        (Infinity, Infinity) => NaN,
        (Infinity, _) => Finite(Decimal::zero(0)),
        _ => Infinity,
    })
}

/// Greatest common divisor of two finite values.
fn gcd(a: &Decimal, b: &Decimal) -> Decimal {
    let scale = a.scale.max(b.scale);
    let (mut a, mut b) = (a.clone().abs(), b.clone().abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), math::remainder(&a, &b));
    }
    a.with_scale(scale)
}

fn lcm(a: &Decimal, b: &Decimal) -> Decimal {
    let scale = a.scale.max(b.scale);
    if a.is_zero() || b.is_zero() {
        return Decimal::zero(scale);
    }
    let whole = a.divide(&gcd(a, b), 0, false);
    b.multiply(&whole, scale).abs().with_scale(scale)
}

fn both_finite(a: &Numeric, b: &Numeric, f: fn(&Decimal, &Decimal) -> Decimal) -> Numeric {
    match (a, b) {
        (Finite(x), Finite(y)) => Finite(f(x, y)),
        _ => NaN,
    }
}

/// Precision and scale of a type modifier.
fn modifier_parts(type_mod: i32) -> Option<(i32, i32)> {
    if type_mod < 4 {
        return None;
    }
    let packed = type_mod - 4;
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    Some((packed >> 16 & 0xffff, scale))
}

/// A value rounded to `numeric(precision, scale)`.
///
/// Errors: 22003 if it does not fit.
fn coerce(value: Numeric, type_mod: i32) -> Result<Numeric> {
    let Some((precision, scale)) = modifier_parts(type_mod) else { return Ok(value) };
    let overflow = |detail: String| Err(error!(NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow").detail(detail));
    let rounded = match value {
        NaN => return Ok(NaN),
        Infinity | MinusInfinity => {
            return overflow(format!(
                "A field with precision {precision}, scale {scale} cannot hold an infinite value."
            ));
        }
        Finite(v) => v.rounded(scale),
    };
    let room = precision - scale;
    let used = match rounded.digits.first() {
        Some(first) => rounded.weight * 4 + i32::from(*first).ilog10() as i32 + 1,
        None => i32::MIN,
    };
    if used > room {
        let limit = if room == 0 { "1".to_owned() } else { format!("10^{room}") };
        return overflow(format!(
            "A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}."
        ));
    }
    Ok(Finite(rounded))
}

fn read_modifier(list: &Datum) -> Result<i32> {
    let numbers = cstrings(list)?.iter().map(|t| crate::int::parse_i32(t)).collect::<Result<Vec<_>>>()?;
    let (precision, scale) = match numbers[..] {
        [precision] => (precision, 0),
        [precision, scale] => (precision, scale),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier"),
    };
    if !(1..=1000).contains(&precision) {
        bail!(INVALID_PARAMETER_VALUE, "NUMERIC precision {precision} must be between 1 and 1000");
    }
    if !(-1000..=1000).contains(&scale) {
        bail!(INVALID_PARAMETER_VALUE, "NUMERIC scale {scale} must be between -1000 and 1000");
    }
    Ok((precision << 16 | scale & 0x7ff) + 4)
}

fn receive(bytes: &[u8], type_mod: i32) -> Result<Numeric> {
    let mut reader = Reader::new(bytes);
    let (count, weight, sign, scale) = (reader.u16()?, reader.i16()?, reader.u16()?, reader.u16()?);
    let value = match sign {
        0xC000 => NaN,
        0xD000 => Infinity,
        0xF000 => MinusInfinity,
        0 | 0x4000 => {
            if scale & 0x3fff != scale {
                bail!(INVALID_BINARY_REPRESENTATION, "invalid scale in external \"numeric\" value");
            }
            let digits = (0..count).map(|_| receive_digit(&mut reader)).collect::<Result<Vec<u16>>>()?;
            let value = Decimal { negative: sign != 0, weight: weight.into(), scale: scale.into(), digits };
            Finite(value.normal().truncated(scale.into()))
        }
        _ => bail!(INVALID_BINARY_REPRESENTATION, "invalid sign in external \"numeric\" value"),
    };
    coerce(value, type_mod)
}

fn receive_digit(reader: &mut Reader<'_>) -> Result<u16> {
    match reader.u16()? {
        digit @ 0..=9999 => Ok(digit),
        _ => bail!(INVALID_BINARY_REPRESENTATION, "invalid digit in external \"numeric\" value"),
    }
}

fn send(value: &Numeric) -> Vec<u8> {
    let (sign, finite) = match value {
        Finite(v) => (if v.negative { 0x4000 } else { 0 }, v.clone()),
        NaN => (0xC000, Decimal::zero(0)),
        // PostgreSQL sends a scale of 32 with the infinities.
        Infinity => (0xD000, Decimal::zero(32)),
        MinusInfinity => (0xF000, Decimal::zero(32)),
    };
    let mut out = (finite.digits.len() as u16).to_be_bytes().to_vec();
    out.extend_from_slice(&(finite.weight as i16).to_be_bytes());
    out.extend_from_slice(&u16::to_be_bytes(sign));
    out.extend_from_slice(&(finite.scale as u16).to_be_bytes());
    for digit in &finite.digits {
        out.extend_from_slice(&digit.to_be_bytes());
    }
    out
}

/// A whole number of the value for an integer type.
pub(crate) fn to_integer(value: &Numeric, type_name: &str) -> Result<i64> {
    match value {
        Finite(v) => v.to_i64().ok_or_else(|| out_of_range(type_name)),
        NaN => bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to {type_name}"),
        _ => bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to {type_name}"),
    }
}

fn to_float(value: &Numeric) -> f64 {
    match value {
        Finite(v) => v.to_f64(),
        NaN => f64::NAN,
        Infinity => f64::INFINITY,
        MinusInfinity => f64::NEG_INFINITY,
    }
}

/// A float in the digits that are certain of its type.
fn from_float(value: f64, digits: usize) -> Result<Numeric> {
    if value.is_nan() {
        return Ok(NaN);
    }
    if value.is_infinite() {
        return Ok(infinity(value < 0.0));
    }
    Numeric::parse(&crate::float::print_general(value, digits))
}

fn width_bucket(operand: &Numeric, low: &Numeric, high: &Numeric, count: i32) -> Result<i32> {
    if count <= 0 {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
    }
    if matches!(operand, NaN) || matches!(low, NaN) || matches!(high, NaN) {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "operand, lower bound, and upper bound cannot be NaN");
    }
    let (Finite(from), Finite(to)) = (low, high) else {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
    };
    let direction = from.compare(to);
    if direction.is_eq() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound");
    }
    let (before, after) = match direction {
        Ordering::Less => (operand.compare(low).is_lt(), operand.compare(high).is_ge()),
        _ => (operand.compare(low).is_gt(), operand.compare(high).is_le()),
    };
    if before {
        return Ok(0);
    }
    if after {
        return count.checked_add(1).ok_or_else(|| out_of_range("integer"));
    }
    let Finite(value) = operand else { return Ok(0) };
    let (part, whole) = (value.subtract(from).abs(), to.subtract(from).abs());
    let scaled = part.multiply(&Decimal::from_i128(count.into()), part.scale);
    // The quotient is rounded as PostgreSQL's, which can put a value next to a bound into the bucket beyond.
    let bucket = math::quotient(&scaled, &whole).floor().to_i64().unwrap_or(0) as i32;
    Ok(bucket.wrapping_add(1))
}

fn in_range(val: &Numeric, base: &Numeric, offset: &Numeric, sub: bool, less: bool) -> Result<bool> {
    if matches!(offset, NaN | MinusInfinity) || offset.signum() < 0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    if matches!(val, NaN) || matches!(base, NaN) {
        return Ok(match (val, base) {
            (NaN, NaN) => true,
            (NaN, _) => !less,
            _ => less,
        });
    }
    let bound = add(base, &if sub { negate(offset.clone()) } else { offset.clone() });
    if matches!(bound, NaN) {
        return Ok(true);
    }
    let ordering = val.compare(&bound);
    Ok(if less { ordering.is_le() } else { ordering.is_ge() })
}

/// The digits as PostgreSQL hashes them; `None` for what has no digits.
fn hash_parts(value: &Numeric) -> Option<(Vec<u8>, u64)> {
    match value {
        Finite(v) if !v.is_zero() => {
            let bytes = v.digits.iter().flat_map(|d| d.to_le_bytes()).collect();
            Some((bytes, i64::from(v.weight) as u64))
        }
        _ => None,
    }
}

/// PostgreSQL's hash.
pub(crate) fn hash(value: &Numeric) -> i32 {
    match (hash_parts(value), value) {
        (Some((bytes, weight)), _) => (hash_bytes(&bytes) ^ weight as u32) as i32,
        (None, Finite(_)) => -1,
        _ => 0,
    }
}

/// PostgreSQL's hash with a seed.
pub(crate) fn hash_extended(value: &Numeric, seed: i64) -> i64 {
    match (hash_parts(value), value) {
        (Some((bytes, weight)), _) => (hash_bytes_extended(&bytes, seed as u64) ^ weight) as i64,
        (None, Finite(_)) => seed.wrapping_sub(1),
        _ => seed,
    }
}

fn round_to(value: Numeric, scale: i32) -> Numeric {
    map_finite(value, |v| v.rounded(scale.clamp(-131_073, 16_383)))
}

fn factorial(n: i64) -> Result<Decimal> {
    if n < 0 {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined");
    }
    if n > 32177 {
        return Err(overflow());
    }
    Ok((2..=n).fold(Decimal::from_i128(1), |product, k| product.multiply(&Decimal::from_i128(k.into()), 0)))
}

/// `numeric - pg_lsn` arithmetic keeps lsns as unsigned numbers.
fn lsn_number(lsn: i64) -> Numeric {
    Finite(Decimal::from_i128(i128::from(lsn as u64)))
}

fn to_lsn(value: &Numeric) -> Result<i64> {
    match value {
        Finite(v) => {
            let number = v.to_i128().filter(|n| (0..=i128::from(u64::MAX)).contains(n));
            number.map(|n| n as u64 as i64).ok_or_else(|| error!(INVALID_PARAMETER_VALUE, "pg_lsn out of range"))
        }
        NaN => bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to pg_lsn"),
        _ => bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to pg_lsn"),
    }
}

fn move_lsn(lsn: i64, bytes: Numeric, verb: &str) -> Result<i64> {
    if matches!(bytes, NaN) {
        bail!(FEATURE_NOT_SUPPORTED, "cannot {verb} pg_lsn");
    }
    to_lsn(&add(&lsn_number(lsn), &bytes))
}

builtins! {
    fn numeric_in(text: &str, element: base::Oid, type_mod: i32) -> Datum {
        pack(coerce(Numeric::parse(text)?, type_mod)?)?
    }
    fn numeric_out(a: Numeric) -> String { a.to_string() }
    fn numeric_recv(bytes: &[u8], element: base::Oid, type_mod: i32) -> Datum { pack(receive(bytes, type_mod)?)? }
    fn numeric_send(a: Numeric) -> Vec<u8> { send(&a) }
    fn numeric(a: Numeric, type_mod: i32) -> Datum { pack(coerce(a, type_mod)?)? }
    fn numerictypmodin(list: &Datum) -> i32 { read_modifier(list)? }
    fn numerictypmodout(type_mod: i32) -> String {
        modifier_parts(type_mod).map_or(String::new(), |(precision, scale)| format!("({precision},{scale})"))
    }
    fn numeric_add(a: &[u8], b: &[u8]) -> Datum {
        match small(a, b, Small::add) {
            Some(sum) => sum,
            None => pack(add(&Numeric::from_bytes(a), &Numeric::from_bytes(b)))?,
        }
    }
    fn numeric_sub(a: &[u8], b: &[u8]) -> Datum {
        match small(a, b, |x, y| x.add(y.negated())) {
            Some(difference) => difference,
            None => pack(add(&Numeric::from_bytes(a), &negate(Numeric::from_bytes(b))))?,
        }
    }
    fn numeric_mul(a: &[u8], b: &[u8]) -> Datum {
        match small(a, b, Small::multiply) {
            Some(product) => product,
            None => pack(multiply(&Numeric::from_bytes(a), &Numeric::from_bytes(b)))?,
        }
    }
    fn numeric_div(a: Numeric, b: Numeric) -> Datum { pack(divide(&a, &b)?)? }
    fn numeric_div_trunc(a: Numeric, b: Numeric) -> Datum {
        pack(divide_with(&a, &b, |x, y| x.divide(y, 0, false))?)?
    }
    fn numeric_mod(a: Numeric, b: Numeric) -> Datum { pack(modulo(&a, &b)?)? }
    fn numeric_inc(a: Numeric) -> Datum { pack(add(&a, &Numeric::from_i64(1)))? }
    fn numeric_uminus(a: Numeric) -> Datum { pack(negate(a))? }
    fn numeric_uplus(a: &Datum) -> Datum { a.clone() }
    fn numeric_abs(a: Numeric) -> Datum { pack(if a.signum() < 0 { negate(a) } else { a })? }
    fn numeric_sign(a: Numeric) -> Datum {
        pack(if matches!(a, NaN) { NaN } else { Numeric::from_i64(a.signum().into()) })?
    }
    fn numeric_round(a: Numeric, scale: i32) -> Datum { pack(round_to(a, scale))? }
    fn numeric_trunc(a: Numeric, scale: i32) -> Datum {
        pack(map_finite(a, |v| v.truncated(scale.clamp(-131_073, 16_383))))?
    }
    fn numeric_ceil(a: Numeric) -> Datum { pack(map_finite(a, |v| v.ceil()))? }
    fn numeric_floor(a: Numeric) -> Datum { pack(map_finite(a, |v| v.floor()))? }
    fn numeric_sqrt(a: Numeric) -> Datum { pack(square_root(a)?)? }
    fn numeric_exp(a: Numeric) -> Datum { pack(exponential(a)?)? }
    fn numeric_ln(a: Numeric) -> Datum { pack(logarithm(a)?)? }
    fn numeric_log(base: Numeric, a: Numeric) -> Datum { pack(logarithm_to_base(&base, &a)?)? }
    fn numeric_power(a: Numeric, b: Numeric) -> Datum { pack(power(&a, &b)?)? }
    fn numeric_fac(n: i64) -> Datum { pack(Finite(factorial(n)?))? }
    fn numeric_gcd(a: Numeric, b: Numeric) -> Datum { pack(both_finite(&a, &b, gcd))? }
    fn numeric_lcm(a: Numeric, b: Numeric) -> Datum { pack(both_finite(&a, &b, lcm))? }
    fn numeric_scale(a: Numeric) -> Option<i32> { if let Finite(v) = a { Some(v.scale) } else { None } }
    fn numeric_min_scale(a: Numeric) -> Option<i32> { if let Finite(v) = a { Some(v.least_scale()) } else { None } }
    fn numeric_trim_scale(a: Numeric) -> Datum {
        pack(map_finite(a, |v| {
            let scale = v.least_scale();
            v.with_scale(scale)
        }))?
    }
    fn width_bucket_numeric(operand: Numeric, low: Numeric, high: Numeric, count: i32) -> i32 {
        width_bucket(&operand, &low, &high, count)?
    }
    fn in_range_numeric_numeric(val: Numeric, base: Numeric, offset: Numeric, sub: bool, less: bool) -> bool {
        in_range(&val, &base, &offset, sub, less)?
    }
    fn numeric_eq(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_eq() }
    fn numeric_ne(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_ne() }
    fn numeric_lt(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_lt() }
    fn numeric_le(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_le() }
    fn numeric_gt(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_gt() }
    fn numeric_ge(a: &[u8], b: &[u8]) -> bool { compare_bytes(a, b).is_ge() }
    fn numeric_cmp(a: &[u8], b: &[u8]) -> i32 { compare_bytes(a, b) as i32 }
    fn numeric_larger(a: &Datum, b: &Datum) -> Datum {
        if compare_bytes(a.as_bytes(), b.as_bytes()).is_gt() { a.clone() } else { b.clone() }
    }
    fn numeric_smaller(a: &Datum, b: &Datum) -> Datum {
        if compare_bytes(a.as_bytes(), b.as_bytes()).is_lt() { a.clone() } else { b.clone() }
    }
    fn hash_numeric(a: Numeric) -> i32 { hash(&a) }
    fn hash_numeric_extended(a: Numeric, seed: i64) -> i64 { hash_extended(&a, seed) }
    fn int2_numeric(a: i16) -> Datum { pack(Numeric::from_i64(a.into()))? }
    fn int4_numeric(a: i32) -> Datum { pack(Numeric::from_i64(a.into()))? }
    fn int8_numeric(a: i64) -> Datum { pack(Numeric::from_i64(a))? }
    fn float4_numeric(a: f32) -> Datum { pack(from_float(a.into(), 6)?)? }
    fn float8_numeric(a: f64) -> Datum { pack(from_float(a, 15)?)? }
    fn numeric_int2(a: Numeric) -> i16 {
        i16::try_from(to_integer(&a, "smallint")?).map_err(|_| out_of_range("smallint"))?
    }
    fn numeric_int4(a: Numeric) -> i32 {
        i32::try_from(to_integer(&a, "integer")?).map_err(|_| out_of_range("integer"))?
    }
    fn numeric_int8(a: Numeric) -> i64 { to_integer(&a, "bigint")? }
    fn numeric_float8(a: Numeric) -> f64 {
        let value = to_float(&a);
        if value.is_infinite() && matches!(a, Finite(_)) {
            bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"{a}\" is out of range for type double precision");
        }
        value
    }
    fn numeric_float4(a: Numeric) -> f32 {
        match &a {
            Finite(_) => crate::float::parse_f32(&a.to_string())?,
            other => to_float(other) as f32,
        }
    }
    fn numeric_pg_lsn(a: Numeric) -> i64 { to_lsn(&a)? }
    fn pg_lsn_mi(a: i64, b: i64) -> Datum { pack(add(&lsn_number(a), &negate(lsn_number(b))))? }
    fn pg_lsn_pli(a: i64, bytes: Numeric) -> i64 { move_lsn(a, bytes, "add NaN to")? }
    fn numeric_pl_pg_lsn(bytes: Numeric, a: i64) -> i64 { move_lsn(a, bytes, "add NaN to")? }
    fn pg_wal_lsn_diff(a: i64, b: i64) -> Datum { pack(add(&lsn_number(a), &negate(lsn_number(b))))? }
    fn log10_numeric(a: Numeric) -> Datum { pack(logarithm_to_base(&Numeric::from_i64(10), &a)?)? }
    fn log_numeric(a: Numeric) -> Datum { pack(logarithm_to_base(&Numeric::from_i64(10), &a)?)? }
    fn round_numeric(a: Numeric) -> Datum { pack(round_to(a, 0))? }
    fn trunc_numeric(a: Numeric) -> Datum { pack(map_finite(a, |v| v.truncated(0)))? }
    fn pg_lsn_mii(a: i64, bytes: Numeric) -> i64 { move_lsn(a, negate(bytes), "subtract NaN from")? }
}

/// generate_series over numeric.
struct Series {
    next: Numeric,
    stop: Numeric,
    step: Numeric,
}

impl RowSource for Series {
    fn next(&mut self, _cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let ordering = self.next.compare(&self.stop);
        if (self.step.signum() > 0 && ordering.is_gt()) || (self.step.signum() < 0 && ordering.is_lt()) {
            return Ok(false);
        }
        out.push(self.next.to_datum()?);
        self.next = add(&self.next, &self.step);
        Ok(true)
    }
}

fn series(args: &[Datum]) -> Result<Box<dyn RowSource>> {
    let step = args.get(2).map_or(Numeric::from_i64(1), Numeric::of);
    let (next, stop) = (Numeric::of(&args[0]), Numeric::of(&args[1]));
    for (value, name) in [(&next, "start value"), (&stop, "stop value"), (&step, "step size")] {
        match value {
            NaN => bail!(INVALID_PARAMETER_VALUE, "{name} cannot be NaN"),
            Infinity | MinusInfinity => bail!(INVALID_PARAMETER_VALUE, "{name} cannot be infinity"),
            Finite(_) => {}
        }
    }
    if step.signum() == 0 {
        bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    Ok(Box::new(Series { next, stop, step }))
}

set_returning! {
    fn generate_series_numeric(cx, args) { series(args) }
    fn generate_series_step_numeric(cx, args) { series(args) }
}

/// The scales above are PostgreSQL's limits.
const _: () = assert!(RESULT_SCALE_MAX == 1000 && SIGNIFICANT_MIN == 16);
