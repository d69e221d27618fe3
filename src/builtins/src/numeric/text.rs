//! Text form of numerics.

use super::decimal::{DIGIT_WIDTH, Decimal};
use super::{Numeric, overflow};
use crate::errors::invalid_syntax;
use report::Result;

/// Prints a finite number with its scale.
pub(super) fn print(v: &Decimal) -> String {
    let mut out = String::with_capacity(4 * v.digits.len() + 4);
    if v.negative {
        out.push('-');
    }
    let digit =
        |weight: i32| usize::try_from(v.weight - weight).ok().and_then(|i| v.digits.get(i)).copied().unwrap_or(0);
    if v.weight < 0 || v.digits.is_empty() {
        out.push('0');
    } else {
        out.push_str(&digit(v.weight).to_string());
        for weight in (0..v.weight).rev() {
            out.push_str(&format!("{:04}", digit(weight)));
        }
    }
    if v.scale > 0 {
        out.push('.');
        let end = out.len() + v.scale as usize;
        let mut weight = -1;
        while out.len() < end {
            out.push_str(&format!("{:04}", digit(weight)));
            weight -= 1;
        }
        out.truncate(end);
    }
    out
}

/// Reads a number, NaN or an infinity, with white space around it.
pub(super) fn parse(text: &str) -> Result<Numeric> {
    let bad = || invalid_syntax("numeric", text);
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, body) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return parse_number(body, negative).ok_or_else(bad)?.map(Numeric::Finite);
    }
    match body.to_ascii_lowercase().as_str() {
        "nan" if body.len() == trimmed.len() => Ok(Numeric::NaN),
        "inf" | "infinity" if negative => Ok(Numeric::MinusInfinity),
        "inf" | "infinity" => Ok(Numeric::Infinity),
        _ => Err(bad()),
    }
}

/// Reads digits with a point and an exponent; `None` if the syntax is wrong.
fn parse_number(body: &str, negative: bool) -> Option<Result<Decimal>> {
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let exponent = match exponent {
        None => 0,
        Some(text) => match parse_exponent(text)? {
            Some(exponent) => exponent,
            None => return Some(Err(overflow())),
        },
    };
    let decimals = [whole.as_bytes(), fraction.as_bytes()].concat();
    let scale = (fraction.len() as i32 - exponent).max(0);
    let point = whole.len() as i32 + exponent;
    Some(Ok(from_decimals(&decimals, point, scale, negative)))
}

/// The exponent; the outer `None` if it is no number, the inner one if it is too large.
fn parse_exponent(text: &str) -> Option<Option<i32>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse::<i32>().ok().filter(|e| e.abs() < i32::MAX / 2))
}

/// The number of these decimal digits, `point` of which stand before the point.
fn from_decimals(decimals: &[u8], point: i32, scale: i32, negative: bool) -> Decimal {
    let leading = decimals.iter().take_while(|d| **d == b'0').count();
    let decimals = &decimals[leading..];
    if decimals.is_empty() {
        return Decimal::zero(scale);
    }
    let point = point - leading as i32;
    let weight = (point + DIGIT_WIDTH - 1).div_euclid(DIGIT_WIDTH) - 1;
    // Zeros that fill the first digit.
    let offset = ((weight + 1) * DIGIT_WIDTH - point) as usize;
    let count = (offset + decimals.len()).div_ceil(4);
    let mut digits = vec![0u16; count];
    for (i, decimal) in decimals.iter().enumerate() {
        let at = offset + i;
        digits[at / 4] += u16::from(decimal - b'0') * [1000, 100, 10, 1][at % 4];
    }
    Decimal { negative, weight, scale, digits }.normal()
}
