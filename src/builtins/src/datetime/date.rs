//! date: days since 2000-01-01.

use super::calendar::{
    Civil, DATE_END_JULIAN, DATE_NEVER_AFTER, DATE_NEVER_BEFORE, EPOCH_JULIAN, Interval, TimeTz, USECS_PER_DAY,
    is_valid_julian, julian,
};
use super::decode::{Bad, Decoded, Wanted, check_date, decode, mask};
use super::shared::{
    date_out_of_range, date_out_of_range_for_timestamp, east_micros, instant_of_local, is_finite, local_midnight,
    midnight,
};
use super::timestamp::{in_range, plus_interval};
use super::{interval, print};
use crate::FnCtx;
use crate::io::sent;
use crate::wire::Reader;
use report::{Result, error};
use tuple::Datum;

fn is_finite_date(date: i32) -> bool {
    date != DATE_NEVER_BEFORE && date != DATE_NEVER_AFTER
}

fn is_valid(date: i64) -> bool {
    (-i64::from(EPOCH_JULIAN)..i64::from(DATE_END_JULIAN) - i64::from(EPOCH_JULIAN)).contains(&date)
}

/// The date of a year, month and day.
pub(crate) fn from_civil(at: &Civil) -> Option<i32> {
    if !is_valid_julian(at.year, at.month) {
        return None;
    }
    let days = i64::from(julian(at.year, at.month, at.day)) - i64::from(EPOCH_JULIAN);
    is_valid(days).then_some(days as i32)
}

fn parse(cx: &FnCtx<'_>, text: &str) -> Result<i32> {
    let at = match decode(cx, text, Wanted::Timestamp).map_err(|b| b.error(text, "date"))? {
        Decoded::At(at, _) => at,
        Decoded::TimeOnly => return Err(Bad::Format.error(text, "date")),
        Decoded::Epoch => return Ok(-(super::calendar::UNIX_EPOCH_DAYS as i32)),
        Decoded::Early => return Ok(DATE_NEVER_BEFORE),
        Decoded::Late => return Ok(DATE_NEVER_AFTER),
    };
    from_civil(&at).ok_or_else(|| error!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"{text}\""))
}

fn plus_days(date: i32, days: i64) -> Result<i32> {
    if !is_finite_date(date) {
        return Ok(date);
    }
    let sum = i64::from(date) + days;
    if is_valid(sum) { Ok(sum as i32) } else { Err(date_out_of_range()) }
}

fn make(year: i32, month: i32, day: i32) -> Result<i32> {
    let is_bc = year < 0;
    let mut at = Civil { year: year.wrapping_abs(), month, day, ..Civil::default() };
    let shown = at.year;
    if check_date(&mut at, mask::DATE, (false, false, is_bc), 0).is_err() {
        let message = format!("date field value out of range: {shown}-{month:02}-{day:02}");
        return Err(error!(DATETIME_FIELD_OVERFLOW, "{message}"));
    }
    from_civil(&at).ok_or_else(|| {
        let message = format!("date out of range: {}-{month:02}-{day:02}", at.year);
        error!(DATETIME_VALUE_OUT_OF_RANGE, "{message}")
    })
}

/// The date of a local timestamp.
pub(super) fn of_timestamp(micros: i64) -> i32 {
    match micros {
        super::calendar::NEVER_BEFORE => DATE_NEVER_BEFORE,
        super::calendar::NEVER_AFTER => DATE_NEVER_AFTER,
        _ => micros.div_euclid(USECS_PER_DAY) as i32,
    }
}

fn with_time(date: i32, time: i64) -> Result<i64> {
    let start = midnight(date).timestamp()?;
    if !is_finite(start) {
        return Ok(start);
    }
    let sum = start + time;
    if super::calendar::is_valid_timestamp(sum) { Ok(sum) } else { Err(date_out_of_range_for_timestamp()) }
}

fn with_timetz(date: i32, time: TimeTz) -> Result<i64> {
    let micros = time.micros + i64::from(time.zone) * 1_000_000;
    with_time(date, micros)
}

fn receive(bytes: &[u8]) -> Result<i32> {
    let date = Reader::new(bytes).i32()?;
    if !is_finite_date(date) || is_valid(date.into()) { Ok(date) } else { Err(date_out_of_range()) }
}

builtins! {
    fn date_in[cx](text: &str) -> i32 { parse(cx, text)? }
    fn date_out[cx](a: i32) -> String { print::date(a, cx.settings) }
    fn date_recv(bytes: &[u8]) -> i32 { receive(bytes)? }
    fn date_send(a: i32) -> Datum { sent(&a.to_be_bytes()) }
    fn date_eq(a: i32, b: i32) -> bool { a == b }
    fn date_ne(a: i32, b: i32) -> bool { a != b }
    fn date_lt(a: i32, b: i32) -> bool { a < b }
    fn date_le(a: i32, b: i32) -> bool { a <= b }
    fn date_gt(a: i32, b: i32) -> bool { a > b }
    fn date_ge(a: i32, b: i32) -> bool { a >= b }
    fn date_cmp(a: i32, b: i32) -> i32 { a.cmp(&b) as i32 }
    fn date_larger(a: i32, b: i32) -> i32 { a.max(b) }
    fn date_smaller(a: i32, b: i32) -> i32 { a.min(b) }
    fn date_finite(a: i32) -> bool { is_finite_date(a) }
    fn date_mi(a: i32, b: i32) -> i32 {
        if !is_finite_date(a) || !is_finite_date(b) {
            return Err(error!(DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite dates"));
        }
        a.wrapping_sub(b)
    }
    fn date_pli(a: i32, days: i32) -> i32 { plus_days(a, days.into())? }
    fn date_mii(a: i32, days: i32) -> i32 { plus_days(a, -i64::from(days))? }
    fn integer_pl_date(days: i32, a: i32) -> i32 { plus_days(a, days.into())? }
    fn date_pl_interval(a: i32, b: Interval) -> i64 { plus_interval(midnight(a).timestamp()?, &b)? }
    fn interval_pl_date(b: Interval, a: i32) -> i64 { plus_interval(midnight(a).timestamp()?, &b)? }
    fn date_mi_interval(a: i32, b: Interval) -> i64 {
        plus_interval(midnight(a).timestamp()?, &interval::negated(&b)?)?
    }
    fn date_timestamp(a: i32) -> i64 { midnight(a).timestamp()? }
    fn date_timestamptz[cx](a: i32) -> i64 { local_midnight(cx, a).timestamp()? }
    fn timestamp_date(a: i64) -> i32 { of_timestamp(a) }
    fn timestamptz_date[cx](a: i64) -> i32 {
        if is_finite(a) { of_timestamp(east_micros(cx, a) + a) } else { of_timestamp(a) }
    }
    fn datetime_timestamp(a: i32, time: i64) -> i64 { with_time(a, time)? }
    fn timedate_pl(time: i64, a: i32) -> i64 { with_time(a, time)? }
    fn datetimetz_timestamptz(a: i32, time: TimeTz) -> i64 { with_timetz(a, time)? }
    fn timetzdate_pl(time: TimeTz, a: i32) -> i64 { with_timetz(a, time)? }
    fn timestamptz_date_time[cx](a: i32, time: i64) -> i64 {
        let at = with_time(a, time)?;
        if is_finite(at) { instant_of_local(cx, &Civil::of_timestamp(at))? } else { at }
    }
    fn make_date(year: i32, month: i32, day: i32) -> i32 { make(year, month, day)? }
    fn in_range_date_interval(val: i32, base: i32, offset: Interval, sub: bool, less: bool) -> bool {
        let (val, base) = (midnight(val).timestamp()?, midnight(base).timestamp()?);
        in_range(val, base, &offset, sub, less)?
    }
}

macro_rules! across {
    ($($date_op:ident $stamp_op:ident $date_tz:ident $tz_op:ident $test:ident;)*) => {
        builtins! {$(
            fn $date_op(a: i32, b: i64) -> bool { midnight(a).compare(b).$test() }
            fn $stamp_op(a: i64, b: i32) -> bool { midnight(b).compare(a).reverse().$test() }
            fn $date_tz[cx](a: i32, b: i64) -> bool { local_midnight(cx, a).compare(b).$test() }
            fn $tz_op[cx](a: i64, b: i32) -> bool { local_midnight(cx, b).compare(a).reverse().$test() }
        )*}
    };
}

/// Comparison of dates with timestamps: a date is its midnight.
pub(crate) mod mixed {
    use super::*;
    across! {
        date_eq_timestamp timestamp_eq_date date_eq_timestamptz timestamptz_eq_date is_eq;
        date_ne_timestamp timestamp_ne_date date_ne_timestamptz timestamptz_ne_date is_ne;
        date_lt_timestamp timestamp_lt_date date_lt_timestamptz timestamptz_lt_date is_lt;
        date_le_timestamp timestamp_le_date date_le_timestamptz timestamptz_le_date is_le;
        date_gt_timestamp timestamp_gt_date date_gt_timestamptz timestamptz_gt_date is_gt;
        date_ge_timestamp timestamp_ge_date date_ge_timestamptz timestamptz_ge_date is_ge;
    }
    /// The three-way forms.
    pub(crate) mod order {
        use super::*;
        builtins! {
            fn date_cmp_timestamp(a: i32, b: i64) -> i32 { midnight(a).compare(b) as i32 }
            fn timestamp_cmp_date(a: i64, b: i32) -> i32 { midnight(b).compare(a).reverse() as i32 }
            fn date_cmp_timestamptz[cx](a: i32, b: i64) -> i32 { local_midnight(cx, a).compare(b) as i32 }
            fn timestamptz_cmp_date[cx](a: i64, b: i32) -> i32 { local_midnight(cx, b).compare(a).reverse() as i32 }
        }
    }
}
