//! What the functions of several date and time types share: errors, type modifiers, OVERLAPS, the session's zone.

use super::calendar::{
    Civil, DATE_NEVER_AFTER, DATE_NEVER_BEFORE, EPOCH_JULIAN, Interval, NEVER_AFTER, NEVER_BEFORE,
    TIMESTAMP_END_JULIAN, TIMESTAMP_MIN, USECS_PER_DAY, USECS_PER_SECOND, is_valid_timestamp,
};
use super::zone;
use crate::{FnCtx, FromDatum};
use report::{Error, Result, error};
use std::cmp::Ordering;
use tuple::Datum;

#[cold]
pub(crate) fn timestamp_out_of_range() -> Error {
    error!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range")
}

#[cold]
pub(crate) fn interval_out_of_range() -> Error {
    error!(DATETIME_VALUE_OUT_OF_RANGE, "interval out of range")
}

#[cold]
pub(super) fn date_out_of_range() -> Error {
    error!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range")
}

#[cold]
pub(super) fn date_out_of_range_for_timestamp() -> Error {
    error!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp")
}

#[cold]
pub(super) fn invalid_size() -> Error {
    error!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function")
}

pub(crate) fn is_finite(micros: i64) -> bool {
    micros != NEVER_BEFORE && micros != NEVER_AFTER
}

/// Microseconds east of UTC in the session's zone.
pub(crate) fn east_micros(cx: &FnCtx<'_>, micros: i64) -> i64 {
    i64::from(zone::east_at(&cx.settings.time_zone, micros)) * USECS_PER_SECOND
}

/// The local date and time of a finite instant in the session's zone.
pub(crate) fn local(cx: &FnCtx<'_>, micros: i64) -> Civil {
    Civil::of_timestamp(micros + east_micros(cx, micros))
}

/// The instant of a local time in the session's zone.
///
/// Errors: 22008.
pub(crate) fn instant_of_local(cx: &FnCtx<'_>, at: &Civil) -> Result<i64> {
    instant_at(at, zone::east_of_local(&cx.settings.time_zone, at))
}

/// The instant of a local time at an offset.
///
/// Errors: 22008.
pub(crate) fn instant_at(at: &Civil, east: i32) -> Result<i64> {
    if !super::calendar::is_valid_julian(at.year, at.month) {
        return Err(timestamp_out_of_range());
    }
    // The offset may bring a time just outside the range back into it.
    let days = i128::from(at.julian()) - i128::from(EPOCH_JULIAN);
    let local = days * i128::from(USECS_PER_DAY) + i128::from(at.time());
    let micros = local - i128::from(east) * i128::from(USECS_PER_SECOND);
    let micros = i64::try_from(micros).map_err(|_| timestamp_out_of_range())?;
    if is_valid_timestamp(micros) { Ok(micros) } else { Err(timestamp_out_of_range()) }
}

/// Midnight of a date; beyond all timestamps on that side if it is out of their range.
pub(super) enum Midnight {
    At(i64),
    Before,
    After,
}

pub(super) fn midnight(date: i32) -> Midnight {
    match date {
        DATE_NEVER_BEFORE => Midnight::At(NEVER_BEFORE),
        DATE_NEVER_AFTER => Midnight::At(NEVER_AFTER),
        _ if date >= TIMESTAMP_END_JULIAN - EPOCH_JULIAN => Midnight::After,
        _ => Midnight::At(i64::from(date) * USECS_PER_DAY),
    }
}

pub(super) fn local_midnight(cx: &FnCtx<'_>, date: i32) -> Midnight {
    let Midnight::At(micros) = midnight(date) else { return Midnight::After };
    if !is_finite(micros) {
        return Midnight::At(micros);
    }
    let east = zone::east_of_local(&cx.settings.time_zone, &Civil::of_timestamp(micros));
    let micros = micros - i64::from(east) * USECS_PER_SECOND;
    match is_valid_timestamp(micros) {
        true => Midnight::At(micros),
        false if micros < TIMESTAMP_MIN => Midnight::Before,
        false => Midnight::After,
    }
}

impl Midnight {
    /// Errors: 22008 outside the range of timestamps.
    pub(super) fn timestamp(self) -> Result<i64> {
        match self {
            Midnight::At(micros) => Ok(micros),
            _ => Err(date_out_of_range_for_timestamp()),
        }
    }

    pub(super) fn compare(self, timestamp: i64) -> Ordering {
        match self {
            Midnight::At(micros) => micros.cmp(&timestamp),
            Midnight::After if timestamp == NEVER_AFTER => Ordering::Less,
            Midnight::After => Ordering::Greater,
            Midnight::Before if timestamp == NEVER_BEFORE => Ordering::Greater,
            Midnight::Before => Ordering::Less,
        }
    }
}

/// A precision as a type modifier of the type with this name (`TIME`, `TIMESTAMP`) and suffix.
pub(super) fn precision_in(cx: &mut FnCtx<'_>, list: &Datum, name: &str, suffix: &str) -> Result<i32> {
    let modifiers = modifiers(list)?;
    let [precision] = modifiers[..] else {
        return Err(error!(INVALID_PARAMETER_VALUE, "invalid type modifier"));
    };
    if precision < 0 {
        let message = format!("{name}({precision}){suffix} precision must not be negative");
        return Err(error!(INVALID_PARAMETER_VALUE, "{message}"));
    }
    if precision > 6 {
        let message = format!("{name}({precision}){suffix} precision reduced to maximum allowed, 6");
        warn(cx, error!(INVALID_PARAMETER_VALUE, "{message}"));
        return Ok(6);
    }
    Ok(precision)
}

pub(super) fn warn(cx: &mut FnCtx<'_>, error: Error) {
    cx.memo.notices.push(error.severity(report::Severity::Warning));
}

/// The integers of a cstring array of type modifiers.
pub(super) fn modifiers(list: &Datum) -> Result<Vec<i32>> {
    crate::array::cstrings(list)?.iter().map(|t| crate::int::parse_i32(t)).collect()
}

/// A precision as it is printed after the type's name.
pub(super) fn precision_out(modifier: i32, suffix: &str) -> String {
    if modifier >= 0 { format!("({modifier}){suffix}") } else { suffix.to_owned() }
}

/// Do two periods share a moment? Each is two ends, in any order, either of which may be unknown.
pub(super) fn overlaps<'a, T: FromDatum<'a>>(args: &'a [Datum], compare: impl Fn(&T, &T) -> Ordering) -> Datum {
    let ends = |at: usize| -> Option<(T, Option<T>)> {
        match (Option::<T>::from_datum(&args[at]), Option::<T>::from_datum(&args[at + 1])) {
            (None, None) => None,
            (None, Some(end)) => Some((end, None)),
            (Some(start), None) => Some((start, None)),
            (Some(start), Some(end)) if compare(&start, &end).is_gt() => Some((end, Some(start))),
            (Some(start), Some(end)) => Some((start, Some(end))),
        }
    };
    let (Some((start1, end1)), Some((start2, end2))) = (ends(0), ends(2)) else { return Datum::Null };
    // The end of the one that starts first decides; then whether the other end is known.
    let (late, early_end, late_end) = match compare(&start1, &start2) {
        Ordering::Greater => (start1, end2, end1),
        Ordering::Less => (start2, end1, end2),
        Ordering::Equal if end1.is_none() || end2.is_none() => return Datum::Null,
        Ordering::Equal => return Datum::Bool(true),
    };
    match (early_end, late_end) {
        (None, _) => Datum::Null,
        (Some(end), _) if compare(&late, &end).is_lt() => Datum::Bool(true),
        (_, None) => Datum::Null,
        _ => Datum::Bool(false),
    }
}

/// Is `value` at most (`less`) or at least `bound`?
pub(super) fn frame_side<T: Ord>(value: T, bound: T, less: bool) -> bool {
    if less { value <= bound } else { value >= bound }
}

/// Adds months to a date, keeping to the month's last day.
pub(super) fn add_months(at: &mut Civil, months: i32) -> Result<()> {
    let total = at.month.checked_add(months).ok_or_else(timestamp_out_of_range)? - 1;
    at.year += total.div_euclid(12);
    at.month = total.rem_euclid(12) + 1;
    at.day = at.day.min(super::calendar::days_in_month(at.year, at.month));
    Ok(())
}

/// An interval in microseconds, months of 30 days and days of 24 hours: the order of intervals.
pub(crate) fn span(value: &Interval) -> i128 {
    let days = i128::from(value.months) * 30 + i128::from(value.days);
    days * i128::from(USECS_PER_DAY) + i128::from(value.micros)
}
