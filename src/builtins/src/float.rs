//! float4 and float8: arithmetic that reports overflow, PostgreSQL's order of NaN, shortest text form, mathematics.

use crate::errors::{division_by_zero, invalid_syntax, out_of_range};
use crate::io::sent;
use crate::wire::Reader;
use report::{Error, Result, bail, error};
use std::cmp::Ordering;
use tuple::Datum;

const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

/// PostgreSQL's order: NaN equals itself and is above all.
#[inline]
pub(crate) fn cmp_f64(a: f64, b: f64) -> Ordering {
    match a.partial_cmp(&b) {
        Some(ordering) => ordering,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

#[cold]
#[track_caller]
fn overflow() -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

#[cold]
#[track_caller]
fn underflow() -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

#[cold]
#[track_caller]
fn input_out_of_range() -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

/// The result unless it became infinite or zero where the operands do not explain it.
pub(crate) fn checked(result: f64, infinite_ok: bool, zero_ok: bool) -> Result<f64> {
    if result.is_infinite() && !infinite_ok {
        return Err(overflow());
    }
    if result == 0.0 && !zero_ok {
        return Err(underflow());
    }
    Ok(result)
}

fn checked_f32(result: f32, infinite_ok: bool, zero_ok: bool) -> Result<f32> {
    checked(f64::from(result), infinite_ok, zero_ok).map(|_| result)
}

fn add(a: f64, b: f64) -> Result<f64> {
    checked(a + b, a.is_infinite() || b.is_infinite(), true)
}

fn multiply(a: f64, b: f64) -> Result<f64> {
    checked(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0)
}

fn divide(a: f64, b: f64) -> Result<f64> {
    if b == 0.0 && !a.is_nan() {
        return Err(division_by_zero());
    }
    checked(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())
}

fn finite(a: f64) -> Result<f64> {
    if a.is_infinite() { Err(input_out_of_range()) } else { Ok(a) }
}

fn within_one(a: f64) -> Result<f64> {
    if !(-1.0..=1.0).contains(&a) && !a.is_nan() { Err(input_out_of_range()) } else { Ok(a) }
}

fn positive(a: f64) -> Result<f64> {
    if a == 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    if a < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    Ok(a)
}

/// `dpow`: C's pow with the standard's rules for NaN and infinity, and errors for undefined results.
pub(crate) fn power(a: f64, b: f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(if b == 0.0 { 1.0 } else { f64::NAN });
    }
    if b.is_nan() {
        return Ok(if a == 1.0 { 1.0 } else { f64::NAN });
    }
    if a == 0.0 && b < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
    }
    if a < 0.0 && b.is_finite() && b.floor() != b {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    checked(a.powf(b), a.is_infinite() || b.is_infinite(), a == 0.0 || a.is_infinite() || b.is_infinite())
}

fn to_int(a: f64, min: f64, type_name: &str) -> Result<i64> {
    let rounded = a.round_ties_even();
    // -min is the first value above the type, and exact as a float.
    if !(rounded >= min && rounded < -min) {
        return Err(out_of_range(type_name));
    }
    Ok(rounded as i64)
}

fn width_bucket(operand: f64, low: f64, high: f64, count: i32) -> Result<i32> {
    if count <= 0 {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "operand, lower bound, and upper bound cannot be NaN");
    }
    if low.is_infinite() || high.is_infinite() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
    }
    if low == high {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound");
    }
    let above = || count.checked_add(1).ok_or_else(|| out_of_range("integer"));
    let descending = low > high;
    if (operand < low) != descending && operand != low {
        return Ok(0);
    }
    if (operand >= high && !descending) || (operand <= high && descending) {
        return above();
    }
    // Halving keeps the differences from overflowing.
    let part = (operand / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    Ok(((f64::from(count) * part) as i32).wrapping_add(1))
}

fn in_range(val: f64, base: f64, offset: f64, sub: bool, less: bool) -> Result<bool> {
    if offset.is_nan() || offset < 0.0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    if val.is_nan() || base.is_nan() {
        return Ok(match (val.is_nan(), base.is_nan()) {
            (true, true) => true,
            (true, false) => !less,
            _ => less,
        });
    }
    if offset.is_infinite() && base.is_infinite() && (base > 0.0) == sub {
        return Ok(true);
    }
    let bound = if sub { base - offset } else { base + offset };
    Ok(if less { val <= bound } else { val >= bound })
}

/// Reads what C's strtod reads, with white space around it.
fn parse<T: std::str::FromStr>(text: &str, type_name: &str) -> Result<T> {
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let bad = |_| invalid_syntax(type_name, text);
    match parse_hex(trimmed) {
        Some(value) => format!("{value:e}").parse().map_err(bad),
        None => trimmed.parse().map_err(bad),
    }
}

/// Reads `0x1F.8p3`.
fn parse_hex(text: &str) -> Option<f64> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let body = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X"))?;
    let (mantissa, exponent) = body.split_once(['p', 'P']).unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().ok()?;
    let mut value = 0.0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let value = value * 2f64.powi(exponent - 4 * fraction.len() as i32);
    (!mantissa.is_empty() && mantissa != ".").then_some(if negative { -value } else { value })
}

/// A nonzero digit before the exponent: a zero result is then an underflow.
fn has_significant_digit(text: &str) -> bool {
    text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).any(|b| (b'1'..=b'9').contains(&b))
}

fn check_range(text: &str, value: f64, type_name: &str) -> Result<()> {
    let spelled = text.bytes().any(|b| matches!(b, b'n' | b'N'));
    if (value.is_infinite() && !spelled) || (value == 0.0 && has_significant_digit(text)) {
        let shown = text.trim();
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"{shown}\" is out of range for type {type_name}");
    }
    Ok(())
}

/// `float8in`.
pub(crate) fn parse_f64(text: &str) -> Result<f64> {
    let value: f64 = parse(text, "double precision")?;
    check_range(text, value, "double precision")?;
    Ok(value)
}

/// `float4in`.
pub(crate) fn parse_f32(text: &str) -> Result<f32> {
    let value: f32 = parse(text, "real")?;
    check_range(text, f64::from(value), "real")?;
    Ok(value)
}

/// The words for values that have no digits.
fn special(value: f64) -> Option<&'static str> {
    match value {
        v if v.is_nan() => Some("NaN"),
        v if v == f64::INFINITY => Some("Infinity"),
        v if v == f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// `float8out`: shortest digits that read back the same, or `%.{15 + digits}g` for `digits` up to 0.
pub(crate) fn print_f64(value: f64, extra_digits: i32) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    if extra_digits <= 0 {
        return print_general(value, (15 + extra_digits).max(1) as usize);
    }
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(value);
    // From 2^53 on the shortest digits may lie half way to the next float.
    if (9e15..1e40).contains(&value.abs()) && is_half_way(shortest, |text| text.parse() == Ok(value)) {
        return relayout(&more_digits(|digits| format!("{value:.digits$e}"), |text| text.parse() == Ok(value)), 15);
    }
    relayout(shortest, 15)
}

/// True if the digits read back as the same float only because ties go to even: PostgreSQL then prints more digits.
fn is_half_way(text: &str, same: impl Fn(&str) -> bool) -> bool {
    let (negative, digits, exponent) = decompose(text);
    let sign = if negative { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let above = format!("{sign}{first}.{rest}00000000000000000001e{exponent}");
    let lower: u128 = digits.parse::<u128>().expect("at most 17 digits") * 10_u128.pow(18) - 1;
    let below = format!("{sign}{lower}e{}", exponent - digits.len() as i32 + 1 - 18);
    !same(&above) || !same(&below)
}

/// The fewest digits that read back as the same float and are not half way to another.
fn more_digits(print: impl Fn(usize) -> String, same: impl Fn(&str) -> bool) -> String {
    let good = |text: &String| same(text) && !is_half_way(text, &same);
    (0..17).map(&print).find(good).unwrap_or_else(|| print(16))
}

/// `float4out`.
pub(crate) fn print_f32(value: f32, extra_digits: i32) -> String {
    if let Some(word) = special(f64::from(value)) {
        return word.to_owned();
    }
    if extra_digits <= 0 {
        return print_general(f64::from(value), (6 + extra_digits).max(1) as usize);
    }
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(value);
    if (1.6e7..1e20).contains(&value.abs()) && is_half_way(shortest, |text| text.parse() == Ok(value)) {
        return relayout(&more_digits(|digits| format!("{value:.digits$e}"), |text| text.parse() == Ok(value)), 6);
    }
    relayout(shortest, 6)
}

/// Splits `-12.5e3` of any layout into sign, digits without leading or trailing zeros, and the decimal exponent of the
/// first digit.
fn decompose(text: &str) -> (bool, String, i32) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0').to_owned();
    let exponent: i32 = exponent.parse().expect("ryu prints a number");
    (negative, digits, exponent + whole.len() as i32 - 1 - leading as i32)
}

/// PostgreSQL's layout of shortest digits: exponential below 1e-4 and from 10^`limit` on.
fn relayout(text: &str, limit: i32) -> String {
    let (negative, digits, exponent) = decompose(text);
    let sign = if negative { "-" } else { "" };
    if digits.is_empty() {
        return format!("{sign}0");
    }
    if exponent < -4 || exponent >= limit {
        return exponential(sign, &digits, exponent);
    }
    format!("{sign}{}", plain(&digits, exponent))
}

fn exponential(sign: &str, digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{point}{rest}e{exponent_sign}{:02}", exponent.unsigned_abs())
}

fn plain(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        return format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    match digits.len() > whole {
        true => format!("{}.{}", &digits[..whole], &digits[whole..]),
        false => format!("{digits}{}", "0".repeat(whole - digits.len())),
    }
}

/// C's `%.{precision}g`.
pub(crate) fn print_general(value: f64, precision: usize) -> String {
    let text = format!("{value:.*e}", precision - 1);
    relayout(&text, precision as i32)
}

/// Trigonometry in degrees, exact at the multiples of 30 and 45: each quadrant is stitched from pieces scaled by their
/// known values. The scale factors are computed at run time on purpose, so that they err as the functions do.
mod degree {
    use super::RADIANS_PER_DEGREE;
    use std::hint::black_box;

    fn sin_0_to_30(x: f64) -> f64 {
        (black_box(x * RADIANS_PER_DEGREE).sin() / black_box(30.0 * RADIANS_PER_DEGREE).sin()) / 2.0
    }

    fn cos_0_to_60(x: f64) -> f64 {
        let scale = 1.0 - black_box(60.0 * RADIANS_PER_DEGREE).cos();
        1.0 - ((1.0 - black_box(x * RADIANS_PER_DEGREE).cos()) / scale) / 2.0
    }

    pub(super) fn sin_q1(x: f64) -> f64 {
        if x <= 30.0 { sin_0_to_30(x) } else { cos_0_to_60(90.0 - x) }
    }

    pub(super) fn cos_q1(x: f64) -> f64 {
        if x <= 60.0 { cos_0_to_60(x) } else { sin_0_to_30(90.0 - x) }
    }

    pub(super) fn asin_q1(x: f64) -> f64 {
        match x <= 0.5 {
            true => (x.asin() / black_box(0.5f64).asin()) * 30.0,
            false => 90.0 - (x.acos() / black_box(0.5f64).acos()) * 60.0,
        }
    }

    pub(super) fn acos_q1(x: f64) -> f64 {
        match x <= 0.5 {
            true => 90.0 - (x.asin() / black_box(0.5f64).asin()) * 30.0,
            false => (x.acos() / black_box(0.5f64).acos()) * 60.0,
        }
    }

    /// An angle brought into 0..=90 with the signs that sine and cosine take there.
    fn reduce(angle: f64) -> (f64, f64, f64) {
        let (mut x, mut sin_sign, mut cos_sign) = (angle % 360.0, 1.0, 1.0);
        if x < 0.0 {
            (x, sin_sign) = (-x, -1.0);
        }
        if x > 180.0 {
            (x, sin_sign) = (360.0 - x, -sin_sign);
        }
        if x > 90.0 {
            (x, cos_sign) = (180.0 - x, -1.0);
        }
        (x, sin_sign, cos_sign)
    }

    pub(super) fn sin(angle: f64) -> f64 {
        let (x, sign, _) = reduce(angle);
        sign * sin_q1(x)
    }

    pub(super) fn cos(angle: f64) -> f64 {
        let (x, _, sign) = reduce(angle);
        sign * cos_q1(x)
    }

    pub(super) fn tan(angle: f64) -> f64 {
        let (x, sin_sign, cos_sign) = reduce(angle);
        let unit = sin_q1(45.0) / cos_q1(45.0);
        // Adding zero turns minus zero into zero.
        sin_sign * cos_sign * ((sin_q1(x) / cos_q1(x)) / unit) + 0.0
    }

    pub(super) fn cot(angle: f64) -> f64 {
        let (x, sin_sign, cos_sign) = reduce(angle);
        let unit = cos_q1(45.0) / sin_q1(45.0);
        sin_sign * cos_sign * ((cos_q1(x) / sin_q1(x)) / unit) + 0.0
    }
}

builtins! {
    fn float4eq(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_eq() }
    fn float4ne(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_ne() }
    fn float4lt(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_lt() }
    fn float4le(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_le() }
    fn float4gt(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_gt() }
    fn float4ge(a: f32, b: f32) -> bool { cmp_f64(f64::from(a), f64::from(b)).is_ge() }
    fn btfloat4cmp(a: f32, b: f32) -> i32 { cmp_f64(f64::from(a), f64::from(b)) as i32 }
    fn float4pl(a: f32, b: f32) -> f32 { checked_f32(a + b, a.is_infinite() || b.is_infinite(), true)? }
    fn float4mi(a: f32, b: f32) -> f32 { checked_f32(a - b, a.is_infinite() || b.is_infinite(), true)? }
    fn float4mul(a: f32, b: f32) -> f32 {
        checked_f32(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0)?
    }
    fn float4div(a: f32, b: f32) -> f32 {
        if b == 0.0 && !a.is_nan() {
            return Err(division_by_zero());
        }
        checked_f32(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())?
    }
    fn float8eq(a: f64, b: f64) -> bool { cmp_f64(a, b).is_eq() }
    fn float8ne(a: f64, b: f64) -> bool { cmp_f64(a, b).is_ne() }
    fn float8lt(a: f64, b: f64) -> bool { cmp_f64(a, b).is_lt() }
    fn float8le(a: f64, b: f64) -> bool { cmp_f64(a, b).is_le() }
    fn float8gt(a: f64, b: f64) -> bool { cmp_f64(a, b).is_gt() }
    fn float8ge(a: f64, b: f64) -> bool { cmp_f64(a, b).is_ge() }
    fn btfloat8cmp(a: f64, b: f64) -> i32 { cmp_f64(a, b) as i32 }
    fn float8pl(a: f64, b: f64) -> f64 { add(a, b)? }
    fn float8mi(a: f64, b: f64) -> f64 { add(a, -b)? }
    fn float8mul(a: f64, b: f64) -> f64 { multiply(a, b)? }
    fn float8div(a: f64, b: f64) -> f64 { divide(a, b)? }
    fn float48eq(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_eq() }
    fn float48ne(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_ne() }
    fn float48lt(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_lt() }
    fn float48le(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_le() }
    fn float48gt(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_gt() }
    fn float48ge(a: f32, b: f64) -> bool { cmp_f64(f64::from(a), b).is_ge() }
    fn btfloat48cmp(a: f32, b: f64) -> i32 { cmp_f64(f64::from(a), b) as i32 }
    fn float48pl(a: f32, b: f64) -> f64 { add(f64::from(a), b)? }
    fn float48mi(a: f32, b: f64) -> f64 { add(f64::from(a), -b)? }
    fn float48mul(a: f32, b: f64) -> f64 { multiply(f64::from(a), b)? }
    fn float48div(a: f32, b: f64) -> f64 { divide(f64::from(a), b)? }
    fn float84eq(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_eq() }
    fn float84ne(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_ne() }
    fn float84lt(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_lt() }
    fn float84le(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_le() }
    fn float84gt(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_gt() }
    fn float84ge(a: f64, b: f32) -> bool { cmp_f64(a, f64::from(b)).is_ge() }
    fn btfloat84cmp(a: f64, b: f32) -> i32 { cmp_f64(a, f64::from(b)) as i32 }
    fn float84pl(a: f64, b: f32) -> f64 { add(a, f64::from(b))? }
    fn float84mi(a: f64, b: f32) -> f64 { add(a, -f64::from(b))? }
    fn float84mul(a: f64, b: f32) -> f64 { multiply(a, f64::from(b))? }
    fn float84div(a: f64, b: f32) -> f64 { divide(a, f64::from(b))? }
    fn float4um(a: f32) -> f32 { -a }
    fn float4up(a: f32) -> f32 { a }
    fn float4abs(a: f32) -> f32 { a.abs() }
    fn float4larger(a: f32, b: f32) -> f32 { if cmp_f64(f64::from(a), f64::from(b)).is_gt() { a } else { b } }
    fn float4smaller(a: f32, b: f32) -> f32 { if cmp_f64(f64::from(a), f64::from(b)).is_lt() { a } else { b } }
    fn float4in(text: &str) -> f32 { parse_f32(text)? }
    fn float4out[cx](a: f32) -> String { print_f32(a, cx.settings.extra_float_digits) }
    fn float4recv(bytes: &[u8]) -> f32 { f32::from_bits(Reader::new(bytes).u32()?) }
    fn float4send(a: f32) -> Datum { sent(&a.to_be_bytes()) }
    fn float8um(a: f64) -> f64 { -a }
    fn float8up(a: f64) -> f64 { a }
    fn float8abs(a: f64) -> f64 { a.abs() }
    fn float8larger(a: f64, b: f64) -> f64 { if cmp_f64(a, b).is_gt() { a } else { b } }
    fn float8smaller(a: f64, b: f64) -> f64 { if cmp_f64(a, b).is_lt() { a } else { b } }
    fn float8in(text: &str) -> f64 { parse_f64(text)? }
    fn float8out[cx](a: f64) -> String { print_f64(a, cx.settings.extra_float_digits) }
    fn float8recv(bytes: &[u8]) -> f64 { f64::from_bits(Reader::new(bytes).u64()?) }
    fn float8send(a: f64) -> Datum { sent(&a.to_be_bytes()) }
    fn dtoi2(a: f64) -> i16 { to_int(a, i16::MIN as f64, "smallint")? as i16 }
    fn i2tod(a: i16) -> f64 { a as f64 }
    fn dtoi4(a: f64) -> i32 { to_int(a, i32::MIN as f64, "integer")? as i32 }
    fn i4tod(a: i32) -> f64 { a as f64 }
    fn dtoi8(a: f64) -> i64 { to_int(a, i64::MIN as f64, "bigint")? as i64 }
    fn i8tod(a: i64) -> f64 { a as f64 }
    fn ftoi2(a: f32) -> i16 { to_int(f64::from(a), i16::MIN as f64, "smallint")? as i16 }
    fn i2tof(a: i16) -> f32 { a as f32 }
    fn ftoi4(a: f32) -> i32 { to_int(f64::from(a), i32::MIN as f64, "integer")? as i32 }
    fn i4tof(a: i32) -> f32 { a as f32 }
    fn ftoi8(a: f32) -> i64 { to_int(f64::from(a), i64::MIN as f64, "bigint")? as i64 }
    fn i8tof(a: i64) -> f32 { a as f32 }
    fn ftod(a: f32) -> f64 { f64::from(a) }
    fn dtof(a: f64) -> f32 { checked_f32(a as f32, a.is_infinite(), a == 0.0)? }
    fn dround(a: f64) -> f64 { a.round_ties_even() }
    fn dceil(a: f64) -> f64 { a.ceil() }
    fn dfloor(a: f64) -> f64 { a.floor() }
    fn dtrunc(a: f64) -> f64 { a.trunc() }
    fn dsign(a: f64) -> f64 {
        if a > 0.0 {
            1.0
        } else if a < 0.0 {
            -1.0
        } else {
            0.0
        }
    }
    fn dsqrt(a: f64) -> f64 {
        if a < 0.0 {
            bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
        }
        a.sqrt()
    }
    fn dcbrt(a: f64) -> f64 { a.cbrt() }
    fn dpow(a: f64, b: f64) -> f64 { power(a, b)? }
    fn dexp(a: f64) -> f64 {
        if a == f64::NEG_INFINITY { 0.0 } else { checked(a.exp(), a.is_infinite(), false)? }
    }
    fn dlog1(a: f64) -> f64 { positive(a)?.ln() }
    fn dlog10(a: f64) -> f64 { positive(a)?.log10() }
    fn dacos(a: f64) -> f64 { within_one(a)?.acos() }
    fn dasin(a: f64) -> f64 { within_one(a)?.asin() }
    fn datan(a: f64) -> f64 { a.atan() }
    fn datan2(a: f64, b: f64) -> f64 { a.atan2(b) }
    fn dcos(a: f64) -> f64 { finite(a)?.cos() }
    fn dcot(a: f64) -> f64 { 1.0 / finite(a)?.tan() }
    fn dsin(a: f64) -> f64 { finite(a)?.sin() }
    fn dtan(a: f64) -> f64 { finite(a)?.tan() }
    fn dacosd(a: f64) -> f64 {
        let a = within_one(a)?;
        if a >= 0.0 { degree::acos_q1(a) } else { 90.0 + degree::asin_q1(-a) }
    }
    fn dasind(a: f64) -> f64 {
        let a = within_one(a)?;
        if a >= 0.0 { degree::asin_q1(a) } else { -degree::asin_q1(-a) }
    }
    fn datand(a: f64) -> f64 { (a.atan() / 1f64.atan()) * 45.0 }
    fn datan2d(a: f64, b: f64) -> f64 { (a.atan2(b) / 1f64.atan()) * 45.0 }
    fn dsind(a: f64) -> f64 { degree::sin(finite(a)?) }
    fn dcosd(a: f64) -> f64 { degree::cos(finite(a)?) }
    fn dtand(a: f64) -> f64 { degree::tan(finite(a)?) }
    fn dcotd(a: f64) -> f64 { degree::cot(finite(a)?) }
    fn degrees(a: f64) -> f64 { divide(a, RADIANS_PER_DEGREE)? }
    fn radians(a: f64) -> f64 { multiply(a, RADIANS_PER_DEGREE)? }
    fn dpi() -> f64 { std::f64::consts::PI }
    fn dsinh(a: f64) -> f64 { a.sinh() }
    fn dcosh(a: f64) -> f64 { a.cosh() }
    fn dtanh(a: f64) -> f64 { a.tanh() }
    fn dasinh(a: f64) -> f64 { a.asinh() }
    fn dacosh(a: f64) -> f64 {
        if a < 1.0 {
            return Err(input_out_of_range());
        }
        a.acosh()
    }
    fn datanh(a: f64) -> f64 { within_one(a)?.atanh() }
    fn drandom[cx]() -> f64 { cx.memo.prng.next_f64() }
    fn setseed[cx](seed: f64) -> () {
        if !(-1.0..=1.0).contains(&seed) {
            bail!(INVALID_PARAMETER_VALUE, "setseed parameter {} is out of allowed range [-1,1]", print_general(seed, 6));
        }
        cx.memo.prng = base::Prng::new(seed.to_bits());
    }
    fn width_bucket_float8(operand: f64, low: f64, high: f64, count: i32) -> i32 {
        width_bucket(operand, low, high, count)?
    }
    fn in_range_float8_float8(val: f64, base: f64, offset: f64, sub: bool, less: bool) -> bool {
        in_range(val, base, offset, sub, less)?
    }
    fn in_range_float4_float8(val: f32, base: f32, offset: f64, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), offset, sub, less)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_postgres() {
        for (value, shown) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e15, "1e+15"),
            (123456789012345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (5e-324, "5e-324"),
            (1.2345678901234568e17, "1.2345678901234568e+17"),
            (100.0, "100"),
            (f64::INFINITY, "Infinity"),
            (1e300, "1e+300"),
            (-0.25, "-0.25"),
            (1.5e-10, "1.5e-10"),
        ] {
            assert_eq!(print_f64(value, 1), shown);
        }
        assert_eq!(print_f32(1e6, 1), "1e+06");
        assert_eq!(print_f32(123456.7, 1), "123456.7");
        assert_eq!(print_f64(0.1 + 0.2, 0), "0.3");
        assert_eq!(print_f64(1234567.891, -10), "1.2346e+06");
    }

    #[test]
    fn reads_as_postgres() {
        assert_eq!(parse_f64(" -inf ").unwrap(), f64::NEG_INFINITY);
        assert!(parse_f64("NaN").unwrap().is_nan());
        assert_eq!(parse_f64("1e400").unwrap_err().message(), "\"1e400\" is out of range for type double precision");
        assert_eq!(parse_f64("1e-400").unwrap_err().message(), "\"1e-400\" is out of range for type double precision");
        assert_eq!(
            parse_f64("5 . 0").unwrap_err().message(),
            "invalid input syntax for type double precision: \"5 . 0\""
        );
        assert_eq!(parse_f32("0e10").unwrap(), 0.0);
    }

    #[test]
    fn degrees_are_exact() {
        assert_eq!((degree::sin(30.0), degree::sin(150.0), degree::cos(240.0)), (0.5, 0.5, -0.5));
        assert_eq!((degree::tan(45.0), degree::tan(225.0), degree::cot(-45.0)), (1.0, 1.0, -1.0));
        assert_eq!(degree::tan(90.0), f64::INFINITY);
    }

    #[test]
    fn buckets() {
        assert_eq!(width_bucket(5.35, 0.024, 10.06, 5).unwrap(), 3);
        assert_eq!(width_bucket(0.0, 10.0, 0.0, 4).unwrap(), 5);
        assert_eq!(width_bucket(10.5, 10.0, 0.0, 4).unwrap(), 0);
    }
}
