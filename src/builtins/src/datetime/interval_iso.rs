//! Reading ISO 8601 durations: `P1Y2M3DT4H5M6S`, `P0001-02-03T04:05:06`, `P00010203T040506`.

use super::decode::{Bad, Read};
use super::interval_text::Sums;
use super::tokens::Unit;

/// A number with its whole and its fractional part, and how many digits it began with.
struct Number {
    whole: i64,
    part: f64,
    width: usize,
}

/// What C's strtod would take, and the rest.
fn number(text: &str) -> Read<(Number, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
        return Err(Bad::Format);
    }
    let bytes = text.as_bytes();
    let mut end = usize::from(bytes[0] == b'-');
    let digits_from = end;
    let skip_digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    end = skip_digits(end);
    let width = end - digits_from;
    if bytes.get(end) == Some(&b'.') {
        end = skip_digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let after = skip_digits(end + 1 + sign);
        if after > end + 1 + sign {
            end = after;
        }
    }
    let value: f64 = text[..end].parse().map_err(|_| Bad::Format)?;
    if !(-1.0e15..=1.0e15).contains(&value) {
        return Err(Bad::Overflow);
    }
    let whole = value.trunc();
    Ok((Number { whole: whole as i64, part: value - whole, width }, &text[end..]))
}

/// Reads a duration.
pub(super) fn decode(text: &str) -> Read<Sums> {
    let mut sums = Sums::default();
    let mut rest = text.strip_prefix('P').filter(|r| !r.is_empty()).ok_or(Bad::Format)?;
    let (mut in_date, mut has_field) = (true, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            (in_date, has_field, rest) = (false, false, after);
            continue;
        }
        let (value, after) = number(rest)?;
        let designator = after.as_bytes().first().copied().unwrap_or(0);
        let unit = match (in_date, designator) {
            (true, b'Y') => Unit::Year,
            (true, b'M') => Unit::Month,
            (true, b'W') => Unit::Week,
            (true, b'D') => Unit::Day,
            (false, b'H') => Unit::Hour,
            (false, b'M') => Unit::Minute,
            (false, b'S') => Unit::Second,
            (true, 0 | b'T') if value.width == 8 && !has_field => {
                basic_date(&mut sums, &value)?;
                rest = after;
                continue;
            }
            (false, 0) if value.width == 6 && !has_field => {
                basic_time(&mut sums, &value)?;
                return Ok(sums);
            }
            (true, 0 | b'T' | b'-') | (false, 0 | b':') if !has_field => {
                rest = extended(&mut sums, in_date, value, after)?;
                if !in_date && !rest.is_empty() {
                    return Err(Bad::Format);
                }
                continue;
            }
            _ => return Err(Bad::Format),
        };
        sums.add(unit, value.whole, value.part)?;
        rest = &after[1..];
        has_field = true;
    }
    Ok(sums)
}

fn basic_date(sums: &mut Sums, value: &Number) -> Read<()> {
    sums.add(Unit::Year, value.whole / 10_000, 0.0)?;
    sums.add(Unit::Month, value.whole / 100 % 100, 0.0)?;
    sums.add(Unit::Day, value.whole % 100, value.part)?;
    Ok(())
}

fn basic_time(sums: &mut Sums, value: &Number) -> Read<()> {
    sums.add(Unit::Hour, value.whole / 10_000, 0.0)?;
    sums.add(Unit::Minute, value.whole / 100 % 100, 0.0)?;
    sums.add(Unit::Second, value.whole % 100, 0.0)?;
    sums.add(Unit::Microsecond, 0, value.part)?;
    Ok(())
}

/// `0001-02-03` or `04:05:06` from its first number on; gives what follows.
fn extended<'a>(sums: &mut Sums, in_date: bool, first: Number, after: &'a str) -> Read<&'a str> {
    let (units, delimiter) = match in_date {
        true => ([Unit::Year, Unit::Month, Unit::Day], '-'),
        false => ([Unit::Hour, Unit::Minute, Unit::Second], ':'),
    };
    let (mut value, mut rest) = (first, after);
    for (at, unit) in units.into_iter().enumerate() {
        sums.add(unit, value.whole, value.part)?;
        if rest.is_empty() || (in_date && rest.starts_with('T')) {
            return Ok(rest);
        }
        if at == 2 {
            break;
        }
        (value, rest) = number(rest.strip_prefix(delimiter).ok_or(Bad::Format)?)?;
    }
    Err(Bad::Format)
}
