//! int2, int4, int8: arithmetic, comparison across widths, bits, casts, text and binary forms, generate_series.

use crate::convert::relabel_to_type;
use crate::errors::{division_by_zero, invalid_syntax, out_of_range, value_out_of_range};
use crate::io::sent;
use crate::wire::Reader;
use crate::{FnCtx, FromDatum, IntoDatum, RowSource};
use report::{Error, Result, bail};
use std::cmp::Ordering;
use tuple::Datum;

/// Reads a whole number as PostgreSQL does: white space around it, a sign, decimal digits.
fn parse_int(text: &str, type_name: &str, min: i128, max: i128) -> Result<i128> {
    if let Some(value) = parse_plain(text.as_bytes()).map(i128::from)
        && (min..=max).contains(&value)
    {
        return Ok(value);
    }
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid_syntax(type_name, text));
    }
    let mut value = 0i128;
    for digit in digits.bytes() {
        value = value * 10 + i128::from(digit - b'0');
        if value > max + 1 {
            return Err(value_out_of_range(type_name, text));
        }
    }
    let value = if negative { -value } else { value };
    if value < min || value > max {
        return Err(value_out_of_range(type_name, text));
    }
    Ok(value)
}

/// Digits, few enough not to overflow, perhaps behind a minus: what nearly all numbers are.
fn parse_plain(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// `int8in`, for other types' use.
pub(crate) fn parse_i64(text: &str) -> Result<i64> {
    Ok(parse_int(text, "bigint", i128::from(i64::MIN), i128::from(i64::MAX))? as i64)
}

/// `int4in`, for other types' use.
pub(crate) fn parse_i32(text: &str) -> Result<i32> {
    Ok(parse_int(text, "integer", i128::from(i32::MIN), i128::from(i32::MAX))? as i32)
}

/// `int2in`, for other types' use.
pub(crate) fn parse_i16(text: &str) -> Result<i16> {
    Ok(parse_int(text, "smallint", i128::from(i16::MIN), i128::from(i16::MAX))? as i16)
}

fn sign(ordering: Ordering) -> i32 {
    ordering as i32
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cold]
fn invalid_size() -> Error {
    report::error!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function")
}

/// Window frame bounds: is `val` at most (`less`) or at least `base` plus or minus `offset`?
fn in_range(val: i64, base: i64, sub: bool, less: bool, offset: i64) -> Result<bool> {
    if offset < 0 {
        return Err(invalid_size());
    }
    let bound = i128::from(base) + if sub { -i128::from(offset) } else { i128::from(offset) };
    Ok(if less { i128::from(val) <= bound } else { i128::from(val) >= bound })
}

builtins! {
    fn int2eq(a: i16, b: i16) -> bool { a == b }
    fn int2ne(a: i16, b: i16) -> bool { a != b }
    fn int2lt(a: i16, b: i16) -> bool { a < b }
    fn int2le(a: i16, b: i16) -> bool { a <= b }
    fn int2gt(a: i16, b: i16) -> bool { a > b }
    fn int2ge(a: i16, b: i16) -> bool { a >= b }
    fn int2pl(a: i16, b: i16) -> i16 { a.checked_add(b).ok_or_else(|| out_of_range("smallint"))? }
    fn int2mi(a: i16, b: i16) -> i16 { a.checked_sub(b).ok_or_else(|| out_of_range("smallint"))? }
    fn int2mul(a: i16, b: i16) -> i16 { a.checked_mul(b).ok_or_else(|| out_of_range("smallint"))? }
    fn int2div(a: i16, b: i16) -> i16 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(b).ok_or_else(|| out_of_range("smallint"))?
    }
    fn btint2cmp(a: i16, b: i16) -> i32 { i32::from(a) - i32::from(b) }
    fn int24eq(a: i16, b: i32) -> bool { i32::from(a) == b }
    fn int24ne(a: i16, b: i32) -> bool { i32::from(a) != b }
    fn int24lt(a: i16, b: i32) -> bool { i32::from(a) < b }
    fn int24le(a: i16, b: i32) -> bool { i32::from(a) <= b }
    fn int24gt(a: i16, b: i32) -> bool { i32::from(a) > b }
    fn int24ge(a: i16, b: i32) -> bool { i32::from(a) >= b }
    fn int24pl(a: i16, b: i32) -> i32 { i32::from(a).checked_add(b).ok_or_else(|| out_of_range("integer"))? }
    fn int24mi(a: i16, b: i32) -> i32 { i32::from(a).checked_sub(b).ok_or_else(|| out_of_range("integer"))? }
    fn int24mul(a: i16, b: i32) -> i32 { i32::from(a).checked_mul(b).ok_or_else(|| out_of_range("integer"))? }
    fn int24div(a: i16, b: i32) -> i32 {
        if b == 0 {
            return Err(division_by_zero());
        }
        i32::from(a).checked_div(b).ok_or_else(|| out_of_range("integer"))?
    }
    fn btint24cmp(a: i16, b: i32) -> i32 { sign(i32::from(a).cmp(&b)) }
    fn int28eq(a: i16, b: i64) -> bool { i64::from(a) == b }
    fn int28ne(a: i16, b: i64) -> bool { i64::from(a) != b }
    fn int28lt(a: i16, b: i64) -> bool { i64::from(a) < b }
    fn int28le(a: i16, b: i64) -> bool { i64::from(a) <= b }
    fn int28gt(a: i16, b: i64) -> bool { i64::from(a) > b }
    fn int28ge(a: i16, b: i64) -> bool { i64::from(a) >= b }
    fn int28pl(a: i16, b: i64) -> i64 { i64::from(a).checked_add(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int28mi(a: i16, b: i64) -> i64 { i64::from(a).checked_sub(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int28mul(a: i16, b: i64) -> i64 { i64::from(a).checked_mul(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int28div(a: i16, b: i64) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        i64::from(a).checked_div(b).ok_or_else(|| out_of_range("bigint"))?
    }
    fn btint28cmp(a: i16, b: i64) -> i32 { sign(i64::from(a).cmp(&b)) }
    fn int42eq(a: i32, b: i16) -> bool { a == i32::from(b) }
    fn int42ne(a: i32, b: i16) -> bool { a != i32::from(b) }
    fn int42lt(a: i32, b: i16) -> bool { a < i32::from(b) }
    fn int42le(a: i32, b: i16) -> bool { a <= i32::from(b) }
    fn int42gt(a: i32, b: i16) -> bool { a > i32::from(b) }
    fn int42ge(a: i32, b: i16) -> bool { a >= i32::from(b) }
    fn int42pl(a: i32, b: i16) -> i32 { a.checked_add(i32::from(b)).ok_or_else(|| out_of_range("integer"))? }
    fn int42mi(a: i32, b: i16) -> i32 { a.checked_sub(i32::from(b)).ok_or_else(|| out_of_range("integer"))? }
    fn int42mul(a: i32, b: i16) -> i32 { a.checked_mul(i32::from(b)).ok_or_else(|| out_of_range("integer"))? }
    fn int42div(a: i32, b: i16) -> i32 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(i32::from(b)).ok_or_else(|| out_of_range("integer"))?
    }
    fn btint42cmp(a: i32, b: i16) -> i32 { sign(a.cmp(&i32::from(b))) }
    fn int4eq(a: i32, b: i32) -> bool { a == b }
    fn int4ne(a: i32, b: i32) -> bool { a != b }
    fn int4lt(a: i32, b: i32) -> bool { a < b }
    fn int4le(a: i32, b: i32) -> bool { a <= b }
    fn int4gt(a: i32, b: i32) -> bool { a > b }
    fn int4ge(a: i32, b: i32) -> bool { a >= b }
    fn int4pl(a: i32, b: i32) -> i32 { a.checked_add(b).ok_or_else(|| out_of_range("integer"))? }
    fn int4mi(a: i32, b: i32) -> i32 { a.checked_sub(b).ok_or_else(|| out_of_range("integer"))? }
    fn int4mul(a: i32, b: i32) -> i32 { a.checked_mul(b).ok_or_else(|| out_of_range("integer"))? }
    fn int4div(a: i32, b: i32) -> i32 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(b).ok_or_else(|| out_of_range("integer"))?
    }
    fn btint4cmp(a: i32, b: i32) -> i32 { sign(a.cmp(&b)) }
    fn int48eq(a: i32, b: i64) -> bool { i64::from(a) == b }
    fn int48ne(a: i32, b: i64) -> bool { i64::from(a) != b }
    fn int48lt(a: i32, b: i64) -> bool { i64::from(a) < b }
    fn int48le(a: i32, b: i64) -> bool { i64::from(a) <= b }
    fn int48gt(a: i32, b: i64) -> bool { i64::from(a) > b }
    fn int48ge(a: i32, b: i64) -> bool { i64::from(a) >= b }
    fn int48pl(a: i32, b: i64) -> i64 { i64::from(a).checked_add(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int48mi(a: i32, b: i64) -> i64 { i64::from(a).checked_sub(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int48mul(a: i32, b: i64) -> i64 { i64::from(a).checked_mul(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int48div(a: i32, b: i64) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        i64::from(a).checked_div(b).ok_or_else(|| out_of_range("bigint"))?
    }
    fn btint48cmp(a: i32, b: i64) -> i32 { sign(i64::from(a).cmp(&b)) }
    fn int82eq(a: i64, b: i16) -> bool { a == i64::from(b) }
    fn int82ne(a: i64, b: i16) -> bool { a != i64::from(b) }
    fn int82lt(a: i64, b: i16) -> bool { a < i64::from(b) }
    fn int82le(a: i64, b: i16) -> bool { a <= i64::from(b) }
    fn int82gt(a: i64, b: i16) -> bool { a > i64::from(b) }
    fn int82ge(a: i64, b: i16) -> bool { a >= i64::from(b) }
    fn int82pl(a: i64, b: i16) -> i64 { a.checked_add(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int82mi(a: i64, b: i16) -> i64 { a.checked_sub(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int82mul(a: i64, b: i16) -> i64 { a.checked_mul(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int82div(a: i64, b: i16) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(i64::from(b)).ok_or_else(|| out_of_range("bigint"))?
    }
    fn btint82cmp(a: i64, b: i16) -> i32 { sign(a.cmp(&i64::from(b))) }
    fn int84eq(a: i64, b: i32) -> bool { a == i64::from(b) }
    fn int84ne(a: i64, b: i32) -> bool { a != i64::from(b) }
    fn int84lt(a: i64, b: i32) -> bool { a < i64::from(b) }
    fn int84le(a: i64, b: i32) -> bool { a <= i64::from(b) }
    fn int84gt(a: i64, b: i32) -> bool { a > i64::from(b) }
    fn int84ge(a: i64, b: i32) -> bool { a >= i64::from(b) }
    fn int84pl(a: i64, b: i32) -> i64 { a.checked_add(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int84mi(a: i64, b: i32) -> i64 { a.checked_sub(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int84mul(a: i64, b: i32) -> i64 { a.checked_mul(i64::from(b)).ok_or_else(|| out_of_range("bigint"))? }
    fn int84div(a: i64, b: i32) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(i64::from(b)).ok_or_else(|| out_of_range("bigint"))?
    }
    fn btint84cmp(a: i64, b: i32) -> i32 { sign(a.cmp(&i64::from(b))) }
    fn int8eq(a: i64, b: i64) -> bool { a == b }
    fn int8ne(a: i64, b: i64) -> bool { a != b }
    fn int8lt(a: i64, b: i64) -> bool { a < b }
    fn int8le(a: i64, b: i64) -> bool { a <= b }
    fn int8gt(a: i64, b: i64) -> bool { a > b }
    fn int8ge(a: i64, b: i64) -> bool { a >= b }
    fn int8pl(a: i64, b: i64) -> i64 { a.checked_add(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int8mi(a: i64, b: i64) -> i64 { a.checked_sub(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int8mul(a: i64, b: i64) -> i64 { a.checked_mul(b).ok_or_else(|| out_of_range("bigint"))? }
    fn int8div(a: i64, b: i64) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.checked_div(b).ok_or_else(|| out_of_range("bigint"))?
    }
    fn btint8cmp(a: i64, b: i64) -> i32 { sign(a.cmp(&b)) }
    fn int2mod(a: i16, b: i16) -> i16 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.wrapping_rem(b)
    }
    fn int2um(a: i16) -> i16 { a.checked_neg().ok_or_else(|| out_of_range("smallint"))? }
    fn int2up(a: i16) -> i16 { a }
    fn int2abs(a: i16) -> i16 { a.checked_abs().ok_or_else(|| out_of_range("smallint"))? }
    fn int2larger(a: i16, b: i16) -> i16 { a.max(b) }
    fn int2smaller(a: i16, b: i16) -> i16 { a.min(b) }
    fn int2and(a: i16, b: i16) -> i16 { a & b }
    fn int2or(a: i16, b: i16) -> i16 { a | b }
    fn int2xor(a: i16, b: i16) -> i16 { a ^ b }
    fn int2not(a: i16) -> i16 { !a }
    fn int2shl(a: i16, b: i32) -> i16 { i32::from(a).wrapping_shl(b as u32) as i16 }
    fn int2shr(a: i16, b: i32) -> i16 { i32::from(a).wrapping_shr(b as u32) as i16 }
    fn int2in(text: &str) -> i16 { parse_int(text, "smallint", i128::from(i16::MIN), i128::from(i16::MAX))? as i16 }
    fn int2out(a: i16) -> String { a.to_string() }
    fn int2recv(bytes: &[u8]) -> i16 { Reader::new(bytes).i16()? }
    fn int2send(a: i16) -> Datum { sent(&a.to_be_bytes()) }
    fn int4mod(a: i32, b: i32) -> i32 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.wrapping_rem(b)
    }
    fn int4um(a: i32) -> i32 { a.checked_neg().ok_or_else(|| out_of_range("integer"))? }
    fn int4up(a: i32) -> i32 { a }
    fn int4abs(a: i32) -> i32 { a.checked_abs().ok_or_else(|| out_of_range("integer"))? }
    fn int4larger(a: i32, b: i32) -> i32 { a.max(b) }
    fn int4smaller(a: i32, b: i32) -> i32 { a.min(b) }
    fn int4and(a: i32, b: i32) -> i32 { a & b }
    fn int4or(a: i32, b: i32) -> i32 { a | b }
    fn int4xor(a: i32, b: i32) -> i32 { a ^ b }
    fn int4not(a: i32) -> i32 { !a }
    fn int4shl(a: i32, b: i32) -> i32 { a.wrapping_shl(b as u32) }
    fn int4shr(a: i32, b: i32) -> i32 { a.wrapping_shr(b as u32) }
    fn int4inc(a: i32) -> i32 { a.checked_add(1).ok_or_else(|| out_of_range("integer"))? }
    fn int4gcd(a: i32, b: i32) -> i32 {
        let divisor = gcd(u64::from(a.unsigned_abs()), u64::from(b.unsigned_abs()));
        i32::try_from(divisor).map_err(|_| out_of_range("integer"))?
    }
    fn int4lcm(a: i32, b: i32) -> i32 {
        if a == 0 || b == 0 {
            return Ok(0i32.into_datum());
        }
        let divisor = gcd(u64::from(a.unsigned_abs()), u64::from(b.unsigned_abs())) as i128;
        let multiple = (i128::from(a) / divisor * i128::from(b)).abs();
        i32::try_from(multiple).map_err(|_| out_of_range("integer"))?
    }
    fn int4in(text: &str) -> i32 { parse_int(text, "integer", i128::from(i32::MIN), i128::from(i32::MAX))? as i32 }
    fn int4out(a: i32) -> String { a.to_string() }
    fn int4recv(bytes: &[u8]) -> i32 { Reader::new(bytes).i32()? }
    fn int4send(a: i32) -> Datum { sent(&a.to_be_bytes()) }
    fn int8mod(a: i64, b: i64) -> i64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a.wrapping_rem(b)
    }
    fn int8um(a: i64) -> i64 { a.checked_neg().ok_or_else(|| out_of_range("bigint"))? }
    fn int8up(a: i64) -> i64 { a }
    fn int8abs(a: i64) -> i64 { a.checked_abs().ok_or_else(|| out_of_range("bigint"))? }
    fn int8larger(a: i64, b: i64) -> i64 { a.max(b) }
    fn int8smaller(a: i64, b: i64) -> i64 { a.min(b) }
    fn int8and(a: i64, b: i64) -> i64 { a & b }
    fn int8or(a: i64, b: i64) -> i64 { a | b }
    fn int8xor(a: i64, b: i64) -> i64 { a ^ b }
    fn int8not(a: i64) -> i64 { !a }
    fn int8shl(a: i64, b: i32) -> i64 { a.wrapping_shl(b as u32) }
    fn int8shr(a: i64, b: i32) -> i64 { a.wrapping_shr(b as u32) }
    fn int8inc(a: i64) -> i64 { a.checked_add(1).ok_or_else(|| out_of_range("bigint"))? }
    fn int8gcd(a: i64, b: i64) -> i64 {
        let divisor = gcd(a.unsigned_abs(), b.unsigned_abs());
        i64::try_from(divisor).map_err(|_| out_of_range("bigint"))?
    }
    fn int8lcm(a: i64, b: i64) -> i64 {
        if a == 0 || b == 0 {
            return Ok(0i64.into_datum());
        }
        let divisor = gcd(a.unsigned_abs(), b.unsigned_abs()) as i128;
        let multiple = (i128::from(a) / divisor * i128::from(b)).abs();
        i64::try_from(multiple).map_err(|_| out_of_range("bigint"))?
    }
    fn int8in(text: &str) -> i64 { parse_int(text, "bigint", i128::from(i64::MIN), i128::from(i64::MAX))? as i64 }
    fn int8out(a: i64) -> String { a.to_string() }
    fn int8recv(bytes: &[u8]) -> i64 { Reader::new(bytes).i64()? }
    fn int8send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    // The cast from smallint to oid and its like is this function too.
    fn i2toi4[cx](a: i16) -> Datum { relabel_to_type(Datum::Int4(i32::from(a)), cx.result_type) }
    fn i4toi2(a: i32) -> i16 { i16::try_from(a).map_err(|_| out_of_range("smallint"))? }
    fn int48(a: i32) -> i64 { i64::from(a) }
    fn int84(a: i64) -> i32 { i32::try_from(a).map_err(|_| out_of_range("integer"))? }
    fn int28(a: i16) -> i64 { i64::from(a) }
    fn int82(a: i64) -> i16 { i16::try_from(a).map_err(|_| out_of_range("smallint"))? }
    fn i8tooid(a: i64) -> base::Oid { base::Oid(u32::try_from(a).map_err(|_| out_of_range("OID"))?) }
    fn oidtoi8(a: base::Oid) -> i64 { i64::from(a.0) }
    fn int4_bool(a: i32) -> bool { a != 0 }
    fn bool_int4(a: bool) -> i32 { i32::from(a) }
    fn int8inc_any(a: i64) -> i64 { a.checked_add(1).ok_or_else(|| out_of_range("bigint"))? }
    fn int8dec(a: i64) -> i64 { a.checked_sub(1).ok_or_else(|| out_of_range("bigint"))? }
    fn int8dec_any(a: i64) -> i64 { a.checked_sub(1).ok_or_else(|| out_of_range("bigint"))? }
    fn in_range_int4_int4(val: i32, base: i32, offset: i32, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset.into())?
    }
    fn in_range_int4_int2(val: i32, base: i32, offset: i16, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset.into())?
    }
    fn in_range_int4_int8(val: i32, base: i32, offset: i64, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset)?
    }
    fn in_range_int2_int4(val: i16, base: i16, offset: i32, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset.into())?
    }
    fn in_range_int2_int2(val: i16, base: i16, offset: i16, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset.into())?
    }
    fn in_range_int2_int8(val: i16, base: i16, offset: i64, sub: bool, less: bool) -> bool {
        in_range(val.into(), base.into(), sub, less, offset)?
    }
    fn in_range_int8_int8(val: i64, base: i64, offset: i64, sub: bool, less: bool) -> bool {
        in_range(val, base, sub, less, offset)?
    }
    fn to_hex32(a: i32) -> String { format!("{a:x}") }
    fn to_hex64(a: i64) -> String { format!("{a:x}") }
}

/// The rows of generate_series over whole numbers.
struct IntSeries {
    next: Option<i128>,
    stop: i128,
    step: i128,
    wrap: fn(i128) -> Datum,
}

impl RowSource for IntSeries {
    fn next(&mut self, _cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let Some(value) = self.next else { return Ok(false) };
        if (self.step > 0 && value > self.stop) || (self.step < 0 && value < self.stop) {
            self.next = None;
            return Ok(false);
        }
        self.next = Some(value + self.step);
        out.push((self.wrap)(value));
        Ok(true)
    }
}

fn int_series<'a, T>(args: &'a [Datum], wrap: fn(i128) -> Datum) -> Result<Box<dyn RowSource>>
where
    T: FromDatum<'a> + Into<i128>,
{
    let number = |at: usize| T::from_datum(&args[at]).into();
    let step = if args.len() > 2 { number(2) } else { 1 };
    if step == 0 {
        bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    Ok(Box::new(IntSeries { next: Some(number(0)), stop: number(1), step, wrap }))
}

set_returning! {
    fn generate_series_int4(cx, args) { int_series::<i32>(args, |v| Datum::Int4(v as i32)) }
    fn generate_series_step_int4(cx, args) { int_series::<i32>(args, |v| Datum::Int4(v as i32)) }
    fn generate_series_int8(cx, args) { int_series::<i64>(args, |v| Datum::Int8(v as i64)) }
    fn generate_series_step_int8(cx, args) { int_series::<i64>(args, |v| Datum::Int8(v as i64)) }
}
