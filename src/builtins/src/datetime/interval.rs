//! interval: months, days and microseconds, each on its own.

use super::calendar::{Interval, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE};
use super::interval_text::{PRECISION_FULL, adjust, decode, parts_of_modifier, print, range};
use super::shared::{frame_side, interval_out_of_range, invalid_size, modifiers, span, warn};
use crate::FnCtx;
use crate::errors::division_by_zero;
use crate::hash::{fold_i64, hash_uint32, hash_uint32_extended};
use crate::io::sent;
use crate::wire::Reader;
use report::{Result, bail, error};
use std::cmp::Ordering;
use tuple::Datum;

pub(crate) fn compare(a: &Interval, b: &Interval) -> Ordering {
    span(a).cmp(&span(b))
}

/// Equal intervals hash alike: the low word of their span.
fn folded(a: &Interval) -> u32 {
    fold_i64(span(a) as i64)
}

/// Errors: 22008.
pub(crate) fn negated(a: &Interval) -> Result<Interval> {
    let parts = (a.micros.checked_neg(), a.days.checked_neg(), a.months.checked_neg());
    let (Some(micros), Some(days), Some(months)) = parts else { return Err(interval_out_of_range()) };
    Ok(Interval { micros, days, months })
}

pub(crate) fn plus(a: &Interval, b: &Interval) -> Result<Interval> {
    let parts = (a.micros.checked_add(b.micros), a.days.checked_add(b.days), a.months.checked_add(b.months));
    let (Some(micros), Some(days), Some(months)) = parts else { return Err(interval_out_of_range()) };
    Ok(Interval { micros, days, months })
}

pub(crate) fn minus(a: &Interval, b: &Interval) -> Result<Interval> {
    let parts = (a.micros.checked_sub(b.micros), a.days.checked_sub(b.days), a.months.checked_sub(b.months));
    let (Some(micros), Some(days), Some(months)) = parts else { return Err(interval_out_of_range()) };
    Ok(Interval { micros, days, months })
}

/// Whole days out of the time.
pub(crate) fn justify_hours(a: &Interval) -> Result<Interval> {
    let days = (a.micros / USECS_PER_DAY) as i32;
    let mut out = Interval { micros: a.micros % USECS_PER_DAY, ..*a };
    out.days = a.days.checked_add(days).ok_or_else(interval_out_of_range)?;
    if out.days > 0 && out.micros < 0 {
        out.micros += USECS_PER_DAY;
        out.days -= 1;
    } else if out.days < 0 && out.micros > 0 {
        out.micros -= USECS_PER_DAY;
        out.days += 1;
    }
    Ok(out)
}

/// Whole months out of the days.
fn justify_days(a: &Interval) -> Result<Interval> {
    let mut out = Interval { days: a.days % 30, ..*a };
    out.months = a.months.checked_add(a.days / 30).ok_or_else(interval_out_of_range)?;
    if out.months > 0 && out.days < 0 {
        out.days += 30;
        out.months -= 1;
    } else if out.months < 0 && out.days > 0 {
        out.days -= 30;
        out.months += 1;
    }
    Ok(out)
}

/// All parts of one sign, as large as they can be.
fn justify(a: &Interval) -> Result<Interval> {
    let add = |months: i32, days: i64| {
        let sum = i64::from(months) + days / 30;
        Ok((i32::try_from(sum).map_err(|_| interval_out_of_range())?, days % 30))
    };
    let days = i64::from(a.days) + a.micros / USECS_PER_DAY;
    let (mut months, mut days): (i32, i64) = add(a.months, days)?;
    let mut micros = a.micros % USECS_PER_DAY;
    if months > 0 && (days < 0 || (days == 0 && micros < 0)) {
        days += 30;
        months -= 1;
    } else if months < 0 && (days > 0 || (days == 0 && micros > 0)) {
        days -= 30;
        months += 1;
    }
    if days > 0 && micros < 0 {
        micros += USECS_PER_DAY;
        days -= 1;
    } else if days < 0 && micros > 0 {
        micros -= USECS_PER_DAY;
        days += 1;
    }
    Ok(Interval { micros, days: days as i32, months })
}

/// Rounds to microseconds, so that sums of fractions come out whole.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round_ties_even() / 1e6
}

fn to_i32(value: f64) -> Result<i32> {
    let fits = value >= f64::from(i32::MIN) && value < -f64::from(i32::MIN);
    if fits { Ok(value as i32) } else { Err(interval_out_of_range()) }
}

/// Scales each part by `apply`; fractions of months become days, of days time.
fn scaled(a: &Interval, apply: impl Fn(f64) -> f64) -> Result<Interval> {
    let (months, days) = (apply(a.months.into()), apply(a.days.into()));
    let mut out = Interval { micros: 0, days: to_i32(days)?, months: to_i32(months)? };
    let month_days = rounded((months - f64::from(out.months)) * 30.0);
    let mut seconds = rounded((days - f64::from(out.days) + month_days - month_days.trunc()) * 86_400.0);
    let add = |days: i32, more: f64| days.checked_add(more as i32).ok_or_else(interval_out_of_range);
    if seconds.abs() >= 86_400.0 {
        let whole = (seconds / 86_400.0).trunc();
        out.days = add(out.days, whole)?;
        seconds -= whole * 86_400.0;
    }
    out.days = add(out.days, month_days)?;
    let micros = (apply(a.micros as f64) + seconds * 1e6).round_ties_even();
    if !(micros >= i64::MIN as f64 && micros < -(i64::MIN as f64)) {
        return Err(interval_out_of_range());
    }
    out.micros = micros as i64;
    Ok(out)
}

pub(crate) fn divided(a: &Interval, by: f64) -> Result<Interval> {
    if by == 0.0 {
        return Err(division_by_zero());
    }
    scaled(a, |v| v / by)
}

pub(crate) fn multiplied(a: &Interval, by: f64) -> Result<Interval> {
    scaled(a, |v| v * by)
}

/// avg(interval): the sum and the count.
#[derive(Default)]
pub(crate) struct Average {
    sum: Interval,
    count: i64,
}

impl crate::AggregateState for Average {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if !args[0].is_null() {
            self.sum = plus(&self.sum, &<Interval as crate::FromDatum>::from_datum(&args[0]))?;
            self.count += 1;
        }
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        Ok(crate::IntoDatum::into_datum(divided(&self.sum, self.count as f64)?))
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Average>()
    }
}

const FIELD_NAMES: [(u32, &str); 14] = [
    (range::YEAR, " year"),
    (range::MONTH, " month"),
    (range::DAY, " day"),
    (range::HOUR, " hour"),
    (range::MINUTE, " minute"),
    (range::SECOND, " second"),
    (range::YEAR | range::MONTH, " year to month"),
    (range::DAY | range::HOUR, " day to hour"),
    (range::DAY | range::HOUR | range::MINUTE, " day to minute"),
    (range::DAY | range::HOUR | range::MINUTE | range::SECOND, " day to second"),
    (range::HOUR | range::MINUTE, " hour to minute"),
    (range::HOUR | range::MINUTE | range::SECOND, " hour to second"),
    (range::MINUTE | range::SECOND, " minute to second"),
    (range::FULL, ""),
];

fn modifier_in(cx: &mut FnCtx<'_>, list: &Datum) -> Result<i32> {
    let numbers = modifiers(list)?;
    let invalid = || error!(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier");
    let fields = *numbers.first().ok_or_else(invalid)?;
    if !FIELD_NAMES.iter().any(|(known, _)| *known as i32 == fields) {
        return Err(invalid());
    }
    match numbers[1..] {
        [] if fields == range::FULL as i32 => Ok(-1),
        [] => Ok(fields << 16 | PRECISION_FULL),
        [precision] if precision < 0 => {
            bail!(INVALID_PARAMETER_VALUE, "INTERVAL({precision}) precision must not be negative")
        }
        [precision] if precision > 6 => {
            let message = format!("INTERVAL({precision}) precision reduced to maximum allowed, 6");
            warn(cx, error!(INVALID_PARAMETER_VALUE, "{message}"));
            Ok(fields << 16 | 6)
        }
        [precision] => Ok(fields << 16 | precision),
        _ => Err(invalid()),
    }
}

fn modifier_out(modifier: i32) -> Result<String> {
    if modifier < 0 {
        return Ok(String::new());
    }
    let (fields, precision) = parts_of_modifier(modifier);
    let Some((_, name)) = FIELD_NAMES.iter().find(|(known, _)| *known == fields) else {
        bail!(INTERNAL_ERROR, "invalid INTERVAL typmod: {modifier:#x}");
    };
    Ok(if precision == PRECISION_FULL { (*name).to_owned() } else { format!("{name}({precision})") })
}

fn receive(bytes: &[u8]) -> Result<Interval> {
    let mut reader = Reader::new(bytes);
    Ok(Interval { micros: reader.i64()?, days: reader.i32()?, months: reader.i32()? })
}

fn make(counts: [i32; 6], seconds: f64) -> Result<Interval> {
    if !seconds.is_finite() {
        return Err(interval_out_of_range());
    }
    let [years, months, weeks, days, hours, minutes] = counts;
    let time = i64::from(hours) * USECS_PER_HOUR + i64::from(minutes) * USECS_PER_MINUTE;
    Ok(Interval {
        micros: time.wrapping_add((seconds * 1e6).round_ties_even() as i64),
        days: weeks.wrapping_mul(7).wrapping_add(days),
        months: years.wrapping_mul(12).wrapping_add(months),
    })
}

builtins! {
    fn interval_in[cx](text: &str, element: base::Oid, modifier: i32) -> Interval {
        let (fields, _) = parts_of_modifier(modifier);
        adjust(decode(cx, text, fields)?, modifier)?
    }
    fn interval_out[cx](a: Interval) -> String { print(&a, cx.settings.interval_style) }
    fn interval_recv(bytes: &[u8], element: base::Oid, modifier: i32) -> Interval { adjust(receive(bytes)?, modifier)? }
    fn interval_send(a: Interval) -> Datum {
        let mut bytes = a.micros.to_be_bytes().to_vec();
        bytes.extend_from_slice(&a.days.to_be_bytes());
        bytes.extend_from_slice(&a.months.to_be_bytes());
        sent(&bytes)
    }
    fn intervaltypmodin[cx](list: &Datum) -> i32 { modifier_in(cx, list)? }
    fn intervaltypmodout(modifier: i32) -> String { modifier_out(modifier)? }
    fn interval_scale(a: Interval, modifier: i32) -> Interval { adjust(a, modifier)? }
    fn interval_eq(a: Interval, b: Interval) -> bool { compare(&a, &b).is_eq() }
    fn interval_ne(a: Interval, b: Interval) -> bool { compare(&a, &b).is_ne() }
    fn interval_lt(a: Interval, b: Interval) -> bool { compare(&a, &b).is_lt() }
    fn interval_le(a: Interval, b: Interval) -> bool { compare(&a, &b).is_le() }
    fn interval_gt(a: Interval, b: Interval) -> bool { compare(&a, &b).is_gt() }
    fn interval_ge(a: Interval, b: Interval) -> bool { compare(&a, &b).is_ge() }
    fn interval_cmp(a: Interval, b: Interval) -> i32 { compare(&a, &b) as i32 }
    fn interval_larger(a: Interval, b: Interval) -> Interval { if compare(&a, &b).is_gt() { a } else { b } }
    fn interval_smaller(a: Interval, b: Interval) -> Interval { if compare(&a, &b).is_lt() { a } else { b } }
    fn interval_hash(a: Interval) -> i32 { hash_uint32(folded(&a)) as i32 }
    fn interval_hash_extended(a: Interval, seed: i64) -> i64 { hash_uint32_extended(folded(&a), seed as u64) as i64 }
    fn interval_finite(a: Interval) -> bool { true }
    fn interval_um(a: Interval) -> Interval { negated(&a)? }
    fn interval_pl(a: Interval, b: Interval) -> Interval { plus(&a, &b)? }
    fn interval_mi(a: Interval, b: Interval) -> Interval { minus(&a, &b)? }
    fn interval_mul(a: Interval, by: f64) -> Interval { multiplied(&a, by)? }
    fn mul_d_interval(by: f64, a: Interval) -> Interval { multiplied(&a, by)? }
    fn interval_div(a: Interval, by: f64) -> Interval { divided(&a, by)? }
    fn interval_justify_hours(a: Interval) -> Interval { justify_hours(&a)? }
    fn interval_justify_days(a: Interval) -> Interval { justify_days(&a)? }
    fn interval_justify_interval(a: Interval) -> Interval { justify(&a)? }
    fn make_interval(
        years: i32,
        months: i32,
        weeks: i32,
        days: i32,
        hours: i32,
        minutes: i32,
        seconds: f64,
    ) -> Interval {
        make([years, months, weeks, days, hours, minutes], seconds)?
    }
    fn in_range_interval_interval(val: Interval, base: Interval, offset: Interval, sub: bool, less: bool) -> bool {
        if span(&offset) < 0 {
            return Err(invalid_size());
        }
        let bound = if sub { minus(&base, &offset)? } else { plus(&base, &offset)? };
        frame_side(span(&val), span(&bound), less)
    }
}
