//! timestamp and timestamptz: microseconds since 2000-01-01, local or UTC.

use super::calendar::{
    Civil, Interval, NEVER_AFTER, NEVER_BEFORE, USECS_PER_DAY, USECS_PER_SECOND, is_valid_timestamp, round_micros,
};
use super::decode::{Bad, Decoded, Wanted, decode};
use super::shared::{
    add_months, east_micros, frame_side, instant_at, instant_of_local, interval_out_of_range, invalid_size, is_finite,
    local, precision_in, precision_out, span, timestamp_out_of_range,
};
use super::zone;
use super::{interval, print};
use crate::hash::{fold_i64, hash_uint32, hash_uint32_extended};
use crate::io::sent;
use crate::wire::Reader;
use crate::{FnCtx, RowSource};
use report::{Result, bail, error};
use tuple::Datum;

/// Rounds to a precision.
///
/// Errors: 22023 for a precision above 6; 22008 if rounding leaves the range.
pub(crate) fn scaled(micros: i64, modifier: i32) -> Result<i64> {
    if !is_finite(micros) || modifier < 0 || modifier == 6 {
        return Ok(micros);
    }
    if modifier > 6 {
        bail!(INVALID_PARAMETER_VALUE, "timestamp({modifier}) precision must be between 0 and 6");
    }
    Ok(round_micros(micros, modifier))
}

pub(crate) fn parse(cx: &FnCtx<'_>, text: &str, modifier: i32, is_zoned: bool) -> Result<i64> {
    let type_name = if is_zoned { "timestamp with time zone" } else { "timestamp" };
    let out_of_range = || error!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"{text}\"");
    let micros = match decode(cx, text, Wanted::Timestamp).map_err(|b| b.error(text, type_name))? {
        Decoded::At(at, west) if is_zoned => instant_at(&at, -west).map_err(|_| out_of_range())?,
        Decoded::At(at, _) => at.to_timestamp().ok_or_else(out_of_range)?,
        Decoded::TimeOnly => return Err(Bad::Format.error(text, type_name)),
        Decoded::Epoch => -super::calendar::UNIX_EPOCH_SECONDS * USECS_PER_SECOND,
        Decoded::Early => NEVER_BEFORE,
        Decoded::Late => NEVER_AFTER,
    };
    scaled(micros, modifier)
}

fn receive(bytes: &[u8], modifier: i32) -> Result<i64> {
    let micros = Reader::new(bytes).i64()?;
    if is_finite(micros) && !is_valid_timestamp(micros) {
        return Err(timestamp_out_of_range());
    }
    scaled(micros, modifier)
}

/// A local timestamp plus an interval.
pub(super) fn plus_interval(micros: i64, by: &Interval) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    let mut micros = micros;
    if by.months != 0 {
        let mut at = Civil::of_timestamp(micros);
        add_months(&mut at, by.months)?;
        micros = at.to_timestamp().ok_or_else(timestamp_out_of_range)?;
    }
    // The days alone may be more than an i64 holds.
    let days = i128::from(micros) + i128::from(by.days) * i128::from(USECS_PER_DAY);
    let sum = i64::try_from(days).ok().filter(|m| is_valid_timestamp(*m)).and_then(|m| m.checked_add(by.micros));
    sum.filter(|m| is_valid_timestamp(*m)).ok_or_else(timestamp_out_of_range)
}

/// An instant plus an interval, months and days by the calendar of the session's zone.
pub(super) fn plus_interval_zoned(cx: &FnCtx<'_>, micros: i64, by: &Interval) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    let mut micros = micros;
    if by.months != 0 {
        let mut at = local(cx, micros);
        add_months(&mut at, by.months)?;
        micros = instant_of_local(cx, &at)?;
    }
    if by.days != 0 {
        let mut at = local(cx, micros);
        let day = at.julian().checked_add(by.days).filter(|d| *d >= -1).ok_or_else(timestamp_out_of_range)?;
        at.set_julian(day);
        micros = instant_of_local(cx, &at)?;
    }
    let sum = micros.checked_add(by.micros).filter(|m| is_valid_timestamp(*m));
    sum.ok_or_else(timestamp_out_of_range)
}

fn difference(a: i64, b: i64) -> Result<Interval> {
    if !is_finite(a) || !is_finite(b) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite timestamps");
    }
    let micros = a.checked_sub(b).ok_or_else(interval_out_of_range)?;
    interval::justify_hours(&Interval { micros, days: 0, months: 0 })
}

pub(super) fn in_range(val: i64, base: i64, offset: &Interval, sub: bool, less: bool) -> Result<bool> {
    if span(offset) < 0 {
        return Err(invalid_size());
    }
    let offset = if sub { interval::negated(offset)? } else { *offset };
    Ok(frame_side(val, plus_interval(base, &offset)?, less))
}

/// The local time of an instant in the session's zone.
pub(super) fn to_local(cx: &FnCtx<'_>, micros: i64) -> i64 {
    if is_finite(micros) { micros.saturating_add(east_micros(cx, micros)) } else { micros }
}

/// The instant of a local time in the session's zone.
pub(super) fn to_instant(cx: &FnCtx<'_>, micros: i64) -> Result<i64> {
    if is_finite(micros) { instant_of_local(cx, &Civil::of_timestamp(micros)) } else { Ok(micros) }
}

/// A local time of a named zone as an instant.
fn from_zone(name: &str, micros: i64) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    let at = Civil::of_timestamp(micros);
    instant_at(&at, zone::named(name)?.east_of_local(name, &at))
}

/// An instant as the local time of a named zone.
fn into_zone(name: &str, micros: i64) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    let east = zone::named(name)?.east_at(name, micros);
    let shifted = micros + i64::from(east) * USECS_PER_SECOND;
    if is_valid_timestamp(shifted) { Ok(shifted) } else { Err(timestamp_out_of_range()) }
}

/// The seconds east of UTC that an interval means as a zone.
pub(super) fn interval_zone(cx: &FnCtx<'_>, value: &Interval) -> Result<i64> {
    if value.months != 0 || value.days != 0 {
        let shown = super::interval_text::print(value, cx.settings.interval_style);
        bail!(INVALID_PARAMETER_VALUE, "interval time zone \"{shown}\" must not include months or days");
    }
    Ok(value.micros / USECS_PER_SECOND)
}

fn shifted(micros: i64, east: i64) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    let sum = micros.checked_add(east * USECS_PER_SECOND).filter(|m| is_valid_timestamp(*m));
    sum.ok_or_else(timestamp_out_of_range)
}

fn hash(a: i64) -> i32 {
    hash_uint32(fold_i64(a)) as i32
}

fn from_epoch(seconds: f64) -> Result<i64> {
    if seconds.is_nan() {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp cannot be NaN");
    }
    if seconds.is_infinite() {
        return Ok(if seconds < 0.0 { NEVER_BEFORE } else { NEVER_AFTER });
    }
    let out_of_range = || {
        let shown = crate::float::print_general(seconds, 6);
        error!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"{shown}\"")
    };
    if !(-210_866_803_200.0..9_224_318_016_000.0).contains(&seconds) {
        return Err(out_of_range());
    }
    let micros = ((seconds - super::calendar::UNIX_EPOCH_SECONDS as f64) * 1e6).round_ties_even() as i64;
    if is_valid_timestamp(micros) { Ok(micros) } else { Err(out_of_range()) }
}

fn time_of_day(cx: &FnCtx<'_>) -> String {
    let now = (cx.memo.clock)();
    let offset = zone::offset_at(&cx.settings.time_zone, now);
    let at = Civil::of_timestamp(now + i64::from(offset.east) * USECS_PER_SECOND);
    let day = super::calendar::DAYS[super::calendar::weekday(at.julian()) as usize];
    let month = super::calendar::MONTHS[(at.month - 1) as usize];
    let (hour, minute, second, micros) = (at.hour, at.minute, at.second, at.micros);
    let time = format!("{hour:02}:{minute:02}:{second:02}.{micros:06}");
    format!("{} {month} {:02} {time} {:04} {}", &day[..3], at.day, at.year, offset.abbreviation)
}

builtins! {
    fn timestamp_in[cx](text: &str, element: base::Oid, modifier: i32) -> i64 { parse(cx, text, modifier, false)? }
    fn timestamptz_in[cx](text: &str, element: base::Oid, modifier: i32) -> i64 { parse(cx, text, modifier, true)? }
    fn timestamp_out[cx](a: i64) -> String { print::timestamp(a, cx.settings) }
    fn timestamptz_out[cx](a: i64) -> String { print::timestamptz(a, cx.settings) }
    fn timestamp_recv(bytes: &[u8], element: base::Oid, modifier: i32) -> i64 { receive(bytes, modifier)? }
    fn timestamptz_recv(bytes: &[u8], element: base::Oid, modifier: i32) -> i64 { receive(bytes, modifier)? }
    fn timestamp_send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn timestamptz_send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn timestamptypmodin[cx](list: &Datum) -> i32 { precision_in(cx, list, "TIMESTAMP", "")? }
    fn timestamptztypmodin[cx](list: &Datum) -> i32 { precision_in(cx, list, "TIMESTAMP", " WITH TIME ZONE")? }
    fn timestamptypmodout(modifier: i32) -> String { precision_out(modifier, " without time zone") }
    fn timestamptztypmodout(modifier: i32) -> String { precision_out(modifier, " with time zone") }
    fn timestamp_scale(a: i64, modifier: i32) -> i64 { scaled(a, modifier)? }
    fn timestamptz_scale(a: i64, modifier: i32) -> i64 { scaled(a, modifier)? }
    fn timestamp_eq(a: i64, b: i64) -> bool { a == b }
    fn timestamp_ne(a: i64, b: i64) -> bool { a != b }
    fn timestamp_lt(a: i64, b: i64) -> bool { a < b }
    fn timestamp_le(a: i64, b: i64) -> bool { a <= b }
    fn timestamp_gt(a: i64, b: i64) -> bool { a > b }
    fn timestamp_ge(a: i64, b: i64) -> bool { a >= b }
    fn timestamp_cmp(a: i64, b: i64) -> i32 { a.cmp(&b) as i32 }
    fn timestamp_larger(a: i64, b: i64) -> i64 { a.max(b) }
    fn timestamp_smaller(a: i64, b: i64) -> i64 { a.min(b) }
    fn timestamp_hash(a: i64) -> i32 { hash(a) }
    fn timestamp_hash_extended(a: i64, seed: i64) -> i64 { hash_uint32_extended(fold_i64(a), seed as u64) as i64 }
    fn timestamp_finite(a: i64) -> bool { is_finite(a) }
    fn timestamp_mi(a: i64, b: i64) -> Interval { difference(a, b)? }
    fn timestamp_pl_interval(a: i64, b: Interval) -> i64 { plus_interval(a, &b)? }
    fn interval_pl_timestamp(b: Interval, a: i64) -> i64 { plus_interval(a, &b)? }
    fn timestamp_mi_interval(a: i64, b: Interval) -> i64 { plus_interval(a, &interval::negated(&b)?)? }
    fn timestamptz_pl_interval[cx](a: i64, b: Interval) -> i64 { plus_interval_zoned(cx, a, &b)? }
    fn interval_pl_timestamptz[cx](b: Interval, a: i64) -> i64 { plus_interval_zoned(cx, a, &b)? }
    fn timestamptz_mi_interval[cx](a: i64, b: Interval) -> i64 { plus_interval_zoned(cx, a, &interval::negated(&b)?)? }
    fn timestamp_timestamptz[cx](a: i64) -> i64 { to_instant(cx, a)? }
    fn timestamptz_timestamp[cx](a: i64) -> i64 { to_local(cx, a) }
    fn timestamp_zone(name: &str, a: i64) -> i64 { from_zone(name, a)? }
    fn timestamptz_zone(name: &str, a: i64) -> i64 { into_zone(name, a)? }
    fn timestamp_izone[cx](zone: Interval, a: i64) -> i64 { shifted(a, -interval_zone(cx, &zone)?)? }
    fn timestamptz_izone[cx](zone: Interval, a: i64) -> i64 { shifted(a, interval_zone(cx, &zone)?)? }
    fn in_range_timestamp_interval(val: i64, base: i64, offset: Interval, sub: bool, less: bool) -> bool {
        in_range(val, base, &offset, sub, less)?
    }
    fn in_range_timestamptz_interval[cx](val: i64, base: i64, offset: Interval, sub: bool, less: bool) -> bool {
        if span(&offset) < 0 {
            return Err(invalid_size());
        }
        let offset = if sub { interval::negated(&offset)? } else { offset };
        frame_side(val, plus_interval_zoned(cx, base, &offset)?, less)
    }
    fn now[cx]() -> i64 { cx.transaction_start }
    fn statement_timestamp[cx]() -> i64 { cx.statement_start }
    fn clock_timestamp[cx]() -> i64 { (cx.memo.clock)() }
    fn timeofday[cx]() -> String { time_of_day(cx) }
    fn float8_timestamptz(seconds: f64) -> i64 { from_epoch(seconds)? }
}

macro_rules! across {
    ($($stamp_op:ident $tz_op:ident $test:ident;)*) => {
        builtins! {$(
            fn $stamp_op[cx](a: i64, b: i64) -> bool { compare_mixed(cx, a, b).$test() }
            fn $tz_op[cx](a: i64, b: i64) -> bool { compare_mixed(cx, b, a).reverse().$test() }
        )*}
    };
}

/// A local time against an instant. A local time out of the range of instants is beyond them on its side.
fn compare_mixed(cx: &FnCtx<'_>, local: i64, instant: i64) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    match to_instant(cx, local) {
        Ok(micros) => micros.cmp(&instant),
        Err(_) if local > 0 => {
            if instant == NEVER_AFTER {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        Err(_) => {
            if instant == NEVER_BEFORE {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
    }
}

/// Comparison of timestamp with timestamptz.
pub(crate) mod mixed {
    use super::*;
    across! {
        timestamp_eq_timestamptz timestamptz_eq_timestamp is_eq;
        timestamp_ne_timestamptz timestamptz_ne_timestamp is_ne;
        timestamp_lt_timestamptz timestamptz_lt_timestamp is_lt;
        timestamp_le_timestamptz timestamptz_le_timestamp is_le;
        timestamp_gt_timestamptz timestamptz_gt_timestamp is_gt;
        timestamp_ge_timestamptz timestamptz_ge_timestamp is_ge;
    }
    /// The three-way forms.
    pub(crate) mod order {
        use super::*;
        builtins! {
            fn timestamp_cmp_timestamptz[cx](a: i64, b: i64) -> i32 { compare_mixed(cx, a, b) as i32 }
            fn timestamptz_cmp_timestamp[cx](a: i64, b: i64) -> i32 { compare_mixed(cx, b, a).reverse() as i32 }
        }
    }
}

/// The rows of generate_series over timestamps.
struct Series {
    next: Option<i64>,
    stop: i64,
    step: Interval,
    is_rising: bool,
    is_zoned: bool,
}

impl RowSource for Series {
    fn next(&mut self, cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let Some(value) = self.next else { return Ok(false) };
        if (self.is_rising && value > self.stop) || (!self.is_rising && value < self.stop) {
            self.next = None;
            return Ok(false);
        }
        self.next = Some(match self.is_zoned {
            true => plus_interval_zoned(cx, value, &self.step)?,
            false => plus_interval(value, &self.step)?,
        });
        out.push(Datum::Int8(value));
        Ok(true)
    }
}

fn series(args: &[Datum], is_zoned: bool) -> Result<Box<dyn RowSource>> {
    let step = <Interval as crate::FromDatum>::from_datum(&args[2]);
    if span(&step) == 0 {
        bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    let (next, stop) = (Some(args[0].as_i64()), args[1].as_i64());
    Ok(Box::new(Series { next, stop, step, is_rising: span(&step) > 0, is_zoned }))
}

set_returning! {
    fn generate_series_timestamp(cx, args) { series(args, false) }
    fn generate_series_timestamptz(cx, args) { series(args, true) }
}
