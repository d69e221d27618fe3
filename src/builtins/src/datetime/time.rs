//! time and timetz: microseconds since midnight, the latter with its seconds west of UTC.

use super::calendar::{
    Interval, NEVER_AFTER, NEVER_BEFORE, TimeTz, USECS_PER_DAY, USECS_PER_SECOND, round_micros, time_of,
};
use super::decode::{Decoded, Wanted, decode};
use super::shared::{frame_side, invalid_size, is_finite, local, overlaps, precision_in, precision_out};
use super::timestamp::{interval_zone, plus_interval, plus_interval_zoned};
use super::{print, zone};
use crate::FnCtx;
use crate::hash::{fold_i64, hash_uint32, hash_uint32_extended};
use crate::io::sent;
use crate::wire::Reader;
use report::{Result, bail, error};
use std::cmp::Ordering;
use tuple::Datum;

fn scaled(micros: i64, modifier: i32) -> i64 {
    round_micros(micros, modifier)
}

fn parse(cx: &FnCtx<'_>, text: &str, modifier: i32) -> Result<i64> {
    match decode(cx, text, Wanted::TimeTz).map_err(|b| b.error(text, "time"))? {
        Decoded::At(at, _) => Ok(scaled(at.time(), modifier)),
        _ => Err(super::decode::Bad::Format.error(text, "time")),
    }
}

fn parse_zoned(cx: &FnCtx<'_>, text: &str, modifier: i32) -> Result<TimeTz> {
    match decode(cx, text, Wanted::TimeTz).map_err(|b| b.error(text, "time with time zone"))? {
        Decoded::At(at, west) => Ok(TimeTz { micros: scaled(at.time(), modifier), zone: west }),
        _ => Err(super::decode::Bad::Format.error(text, "time with time zone")),
    }
}

fn receive(bytes: &[u8]) -> Result<i64> {
    let micros = Reader::new(bytes).i64()?;
    if !(0..=USECS_PER_DAY).contains(&micros) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "time out of range");
    }
    Ok(micros)
}

fn receive_zoned(bytes: &[u8]) -> Result<TimeTz> {
    let mut reader = Reader::new(bytes);
    let micros = receive(reader.take(8)?)?;
    let zone = reader.i32()?;
    if zone.abs() >= 16 * 3600 {
        bail!(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range");
    }
    Ok(TimeTz { micros, zone })
}

/// The UTC time of day, by which values are compared first.
fn utc(a: &TimeTz) -> i64 {
    a.micros + i64::from(a.zone) * USECS_PER_SECOND
}

pub(crate) fn compare(a: &TimeTz, b: &TimeTz) -> Ordering {
    utc(a).cmp(&utc(b)).then(a.zone.cmp(&b.zone))
}

fn plus(micros: i64, by: i64) -> i64 {
    micros.wrapping_add(by).rem_euclid(USECS_PER_DAY)
}

fn moved(a: &TimeTz, west: i32) -> TimeTz {
    let shift = i64::from(a.zone) - i64::from(west);
    let sum = a.micros + shift * USECS_PER_SECOND;
    let micros = if (0..USECS_PER_DAY).contains(&sum) { sum } else { sum.rem_euclid(USECS_PER_DAY) };
    TimeTz { micros, zone: west }
}

/// A time of day as `%02g` prints its seconds.
pub(super) fn shown_seconds(seconds: f64) -> String {
    let text = crate::float::print_general(seconds, 6);
    if text.len() < 2 { format!("0{text}") } else { text }
}

/// The time of day of hours, minutes and seconds with a fraction.
pub(super) fn from_parts(hour: i32, minute: i32, second: f64) -> Option<i64> {
    let whole = (second * 1e6).round_ties_even();
    let fits = (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60e6).contains(&whole);
    let total = time_of(hour, minute, 0, 0) + whole as i64;
    (fits && total <= USECS_PER_DAY).then_some(total)
}

fn make(hour: i32, minute: i32, second: f64) -> Result<i64> {
    from_parts(hour, minute, second).ok_or_else(|| {
        let seconds = shown_seconds(second);
        error!(DATETIME_FIELD_OVERFLOW, "time field value out of range: {hour}:{minute:02}:{seconds}")
    })
}

fn side(val: i64, base: i64, offset: &Interval, sub: bool, less: bool) -> Result<bool> {
    if offset.micros < 0 {
        return Err(invalid_size());
    }
    let by = if sub { -offset.micros } else { offset.micros };
    Ok(frame_side(val, base.saturating_add(by), less))
}

fn zoned_side(val: &TimeTz, base: &TimeTz, offset: &Interval, sub: bool, less: bool) -> Result<bool> {
    if offset.micros < 0 {
        return Err(invalid_size());
    }
    let by = if sub { -offset.micros } else { offset.micros };
    let sum = TimeTz { micros: base.micros.saturating_add(by), zone: base.zone };
    let order = compare(val, &sum);
    Ok(if less { order.is_le() } else { order.is_ge() })
}

builtins! {
    fn time_in[cx](text: &str, element: base::Oid, modifier: i32) -> i64 { parse(cx, text, modifier)? }
    fn time_out(a: i64) -> String { print::time(a) }
    fn time_recv(bytes: &[u8], element: base::Oid, modifier: i32) -> i64 { scaled(receive(bytes)?, modifier) }
    fn time_send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn timetypmodin[cx](list: &Datum) -> i32 { precision_in(cx, list, "TIME", "")? }
    fn timetypmodout(modifier: i32) -> String { precision_out(modifier, " without time zone") }
    fn timetztypmodin[cx](list: &Datum) -> i32 { precision_in(cx, list, "TIME", " WITH TIME ZONE")? }
    fn timetztypmodout(modifier: i32) -> String { precision_out(modifier, " with time zone") }
    fn time_scale(a: i64, modifier: i32) -> i64 { scaled(a, modifier) }
    fn time_eq(a: i64, b: i64) -> bool { a == b }
    fn time_ne(a: i64, b: i64) -> bool { a != b }
    fn time_lt(a: i64, b: i64) -> bool { a < b }
    fn time_le(a: i64, b: i64) -> bool { a <= b }
    fn time_gt(a: i64, b: i64) -> bool { a > b }
    fn time_ge(a: i64, b: i64) -> bool { a >= b }
    fn time_cmp(a: i64, b: i64) -> i32 { a.cmp(&b) as i32 }
    fn time_larger(a: i64, b: i64) -> i64 { a.max(b) }
    fn time_smaller(a: i64, b: i64) -> i64 { a.min(b) }
    fn time_hash(a: i64) -> i32 { hash_uint32(fold_i64(a)) as i32 }
    fn time_hash_extended(a: i64, seed: i64) -> i64 { hash_uint32_extended(fold_i64(a), seed as u64) as i64 }
    fn time_pl_interval(a: i64, b: Interval) -> i64 { plus(a, b.micros) }
    fn interval_pl_time(b: Interval, a: i64) -> i64 { plus(a, b.micros) }
    fn time_mi_interval(a: i64, b: Interval) -> i64 { plus(a, b.micros.wrapping_neg()) }
    fn time_mi_time(a: i64, b: i64) -> Interval { Interval { micros: a - b, days: 0, months: 0 } }
    fn time_interval(a: i64) -> Interval { Interval { micros: a, days: 0, months: 0 } }
    fn interval_time(a: Interval) -> i64 { a.micros.rem_euclid(USECS_PER_DAY) }
    fn timestamp_time(a: i64) -> Option<i64> { is_finite(a).then(|| a.rem_euclid(USECS_PER_DAY)) }
    fn timestamptz_time[cx](a: i64) -> Option<i64> { is_finite(a).then(|| local(cx, a).time()) }
    fn make_time(hour: i32, minute: i32, second: f64) -> i64 { make(hour, minute, second)? }
    fn in_range_time_interval(val: i64, base: i64, offset: Interval, sub: bool, less: bool) -> bool {
        side(val, base, &offset, sub, less)?
    }
    fn timetz_in[cx](text: &str, element: base::Oid, modifier: i32) -> TimeTz { parse_zoned(cx, text, modifier)? }
    fn timetz_out(a: TimeTz) -> String { print::timetz(a) }
    fn timetz_recv(bytes: &[u8], element: base::Oid, modifier: i32) -> TimeTz {
        let a = receive_zoned(bytes)?;
        TimeTz { micros: scaled(a.micros, modifier), zone: a.zone }
    }
    fn timetz_send(a: TimeTz) -> Datum {
        let mut bytes = a.micros.to_be_bytes().to_vec();
        bytes.extend_from_slice(&a.zone.to_be_bytes());
        sent(&bytes)
    }
    fn timetz_scale(a: TimeTz, modifier: i32) -> TimeTz { TimeTz { micros: scaled(a.micros, modifier), zone: a.zone } }
    fn timetz_eq(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_eq() }
    fn timetz_ne(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_ne() }
    fn timetz_lt(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_lt() }
    fn timetz_le(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_le() }
    fn timetz_gt(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_gt() }
    fn timetz_ge(a: TimeTz, b: TimeTz) -> bool { compare(&a, &b).is_ge() }
    fn timetz_cmp(a: TimeTz, b: TimeTz) -> i32 { compare(&a, &b) as i32 }
    fn timetz_larger(a: TimeTz, b: TimeTz) -> TimeTz { if compare(&a, &b).is_gt() { a } else { b } }
    fn timetz_smaller(a: TimeTz, b: TimeTz) -> TimeTz { if compare(&a, &b).is_lt() { a } else { b } }
    fn timetz_hash(a: TimeTz) -> i32 { (hash_uint32(fold_i64(a.micros)) ^ hash_uint32(a.zone as u32)) as i32 }
    fn timetz_hash_extended(a: TimeTz, seed: i64) -> i64 {
        let seed = seed as u64;
        (hash_uint32_extended(fold_i64(a.micros), seed) ^ hash_uint32_extended(a.zone as u32, seed)) as i64
    }
    fn timetz_pl_interval(a: TimeTz, b: Interval) -> TimeTz { TimeTz { micros: plus(a.micros, b.micros), zone: a.zone } }
    fn interval_pl_timetz(b: Interval, a: TimeTz) -> TimeTz { TimeTz { micros: plus(a.micros, b.micros), zone: a.zone } }
    fn timetz_mi_interval(a: TimeTz, b: Interval) -> TimeTz {
        TimeTz { micros: plus(a.micros, b.micros.wrapping_neg()), zone: a.zone }
    }
    fn timetz_time(a: TimeTz) -> i64 { a.micros }
    fn time_timetz[cx](a: i64) -> TimeTz {
        let mut at = local(cx, cx.transaction_start);
        at.set_time(a);
        TimeTz { micros: a, zone: -zone::east_of_local(&cx.settings.time_zone, &at) }
    }
    fn timestamptz_timetz[cx](a: i64) -> Option<TimeTz> {
        if a == NEVER_AFTER || a == NEVER_BEFORE {
            return Ok(Datum::Null);
        }
        let west = -zone::east_at(&cx.settings.time_zone, a);
        Some(TimeTz { micros: local(cx, a).time(), zone: west })
    }
    fn timetz_zone[cx](name: &str, a: TimeTz) -> TimeTz {
        let east = zone::named(name)?.east_at(name, cx.transaction_start);
        moved(&a, -east)
    }
    fn timetz_izone[cx](zone: Interval, a: TimeTz) -> TimeTz { moved(&a, -(interval_zone(cx, &zone)? as i32)) }
    fn in_range_timetz_interval(val: TimeTz, base: TimeTz, offset: Interval, sub: bool, less: bool) -> bool {
        zoned_side(&val, &base, &offset, sub, less)?
    }
}

/// A period's end as start plus length; unknown if either is.
fn end_of(start: &Datum, length: &Datum, add: impl Fn(i64, &Interval) -> Result<i64>) -> Result<Datum> {
    let length = <Option<Interval> as crate::FromDatum>::from_datum(length);
    match (start, length) {
        (Datum::Int8(start), Some(length)) => Ok(Datum::Int8(add(*start, &length)?)),
        _ => Ok(Datum::Null),
    }
}

/// `OVERLAPS` of two periods, of which the first or second (or both) are a start and a length.
fn overlaps_lengths(
    args: &[Datum],
    lengths: (bool, bool),
    add: impl Fn(i64, &Interval) -> Result<i64>,
) -> Result<Datum> {
    let mut ends = args.to_vec();
    if lengths.0 {
        ends[1] = end_of(&args[0], &args[1], &add)?;
    }
    if lengths.1 {
        ends[3] = end_of(&args[2], &args[3], &add)?;
    }
    Ok(overlaps::<i64>(&ends, i64::cmp))
}

fn add_to_time(start: i64, length: &Interval) -> Result<i64> {
    Ok(plus(start, length.micros))
}

raw_builtins! {
    fn overlaps_time(cx, args) { Ok(overlaps::<i64>(args, i64::cmp)) }
    fn overlaps_timestamp(cx, args) { Ok(overlaps::<i64>(args, i64::cmp)) }
    fn overlaps_timetz(cx, args) { Ok(overlaps::<TimeTz>(args, compare)) }
    fn overlaps_time_interval_time_interval(cx, args) { overlaps_lengths(args, (true, true), add_to_time) }
    fn overlaps_time_interval_time_time(cx, args) { overlaps_lengths(args, (true, false), add_to_time) }
    fn overlaps_time_time_time_interval(cx, args) { overlaps_lengths(args, (false, true), add_to_time) }
    fn overlaps_timestamp_interval_timestamp_interval(cx, args) {
        overlaps_lengths(args, (true, true), plus_interval)
    }
    fn overlaps_timestamp_interval_timestamp_timestamp(cx, args) {
        overlaps_lengths(args, (true, false), plus_interval)
    }
    fn overlaps_timestamp_timestamp_timestamp_interval(cx, args) {
        overlaps_lengths(args, (false, true), plus_interval)
    }
    fn overlaps_timestamptz_interval_timestamptz_interval(cx, args) {
        overlaps_lengths(args, (true, true), |a, b| plus_interval_zoned(cx, a, b))
    }
    fn overlaps_timestamptz_interval_timestamptz_timestamptz(cx, args) {
        overlaps_lengths(args, (true, false), |a, b| plus_interval_zoned(cx, a, b))
    }
    fn overlaps_timestamptz_timestamptz_timestamptz_interval(cx, args) {
        overlaps_lengths(args, (false, true), |a, b| plus_interval_zoned(cx, a, b))
    }
}
