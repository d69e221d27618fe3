//! extract, date_part, date_trunc, date_bin, age, make_timestamp.

use super::calendar::{
    Civil, DATE_NEVER_AFTER, DATE_NEVER_BEFORE, EPOCH_JULIAN, Interval, NEVER_AFTER, NEVER_BEFORE, TimeTz,
    UNIX_EPOCH_DAYS, UNIX_EPOCH_SECONDS, USECS_PER_DAY, USECS_PER_SECOND, days_in_month, from_julian,
    is_valid_timestamp, julian, weekday,
};
use super::decode::{Bad, check_date, mask, read_zone};
use super::interval_text::Parts;
use super::shared::{
    instant_at, instant_of_local, interval_out_of_range, is_finite, local, midnight, timestamp_out_of_range,
};
use super::tokens::{Delta, Reserved, Unit, Word, delta, keyword};
use super::zone::{self, Named};
use crate::FnCtx;
use crate::numeric::{Decimal, Numeric};
use report::{Error, Result, bail, error};
use tuple::Datum;

/// What a unit's name stands for.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Unit(Unit),
    /// A word such as `now`, which no type has.
    Word,
}

/// A unit by its name in any case.
fn asked(lower: &str, type_name: &str) -> Result<Asked> {
    match (delta(lower), keyword(lower)) {
        (Some(Delta::Unit(unit)), _) => Ok(Asked::Unit(unit)),
        (None, Some(Word::Unit(unit))) => Ok(Asked::Unit(unit)),
        (None, Some(Word::Reserved(Reserved::Epoch))) => Ok(Asked::Unit(Unit::Epoch)),
        (None, Some(Word::Reserved(_))) => Ok(Asked::Word),
        _ => Err(not_recognized(lower, type_name)),
    }
}

#[cold]
fn not_recognized(lower: &str, type_name: &str) -> Error {
    error!(INVALID_PARAMETER_VALUE, "unit \"{lower}\" not recognized for type {type_name}")
}

#[cold]
fn not_supported(lower: &str, type_name: &str) -> Error {
    error!(FEATURE_NOT_SUPPORTED, "unit \"{lower}\" not supported for type {type_name}")
}

/// A field's value, before it becomes a numeric or a float.
enum Part {
    Whole(i64),
    /// Seconds and microseconds times this many thousandths: 3 for milliseconds, 6 for seconds.
    Seconds(i64, i64, i32),
    /// Microseconds as seconds.
    Micros(i128),
    /// A Julian day and the microseconds in it.
    Julian(i32, i64),
    Infinite(bool),
    Unknown,
}

impl Part {
    fn numeric(self) -> Result<Datum> {
        let scaled = |value: i128, scale: i32| Numeric::Finite(Decimal::from_scaled(value, scale));
        match self {
            Part::Whole(value) => Numeric::from_i64(value),
            Part::Seconds(seconds, micros, scale) => {
                scaled(i128::from(seconds) * 1_000_000 + i128::from(micros), scale)
            }
            Part::Micros(value) => scaled(value, 6),
            Part::Julian(day, micros) => {
                let of_day = [Numeric::from_i64(micros), Numeric::from_i64(USECS_PER_DAY)];
                let fraction = crate::numeric::functions::divide(&of_day[0], &of_day[1])?;
                crate::numeric::functions::add(&Numeric::from_i64(day.into()), &fraction)
            }
            Part::Infinite(true) => Numeric::MinusInfinity,
            Part::Infinite(false) => Numeric::Infinity,
            Part::Unknown => return Ok(Datum::Null),
        }
        .to_datum()
    }

    fn float(self) -> Datum {
        Datum::Float8(match self {
            Part::Whole(value) => value as f64,
            Part::Seconds(seconds, micros, 3) => seconds as f64 * 1000.0 + micros as f64 / 1000.0,
            Part::Seconds(seconds, micros, _) => seconds as f64 + micros as f64 / 1e6,
            Part::Micros(value) => value as f64 / 1e6,
            Part::Julian(day, micros) => {
                let seconds = (micros / USECS_PER_SECOND) as f64 + (micros % USECS_PER_SECOND) as f64 / 1e6;
                f64::from(day) + seconds / 86_400.0
            }
            Part::Infinite(is_negative) => {
                if is_negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Part::Unknown => return Datum::Null,
        })
    }
}

/// The Julian day of the Monday of an ISO year's week.
pub(crate) fn iso_week_start(year: i32, week: i32) -> i32 {
    let fourth = julian(year, 1, 4);
    (week - 1) * 7 + fourth - weekday(fourth - 1)
}

/// The ISO year and week of a date.
pub(crate) fn iso_week(year: i32, day: i32) -> (i32, i32) {
    let mut iso_year = year;
    if day < iso_week_start(year, 1) {
        iso_year -= 1;
    } else if day >= iso_week_start(year + 1, 1) {
        iso_year += 1;
    }
    (iso_year, (day - iso_week_start(iso_year, 1)) / 7 + 1)
}

/// 1 BC is year 0 inside.
fn shown_year(year: i32) -> i64 {
    if year > 0 { year.into() } else { i64::from(year) - 1 }
}

/// The number of a group of `size` years that counts from 1 in both directions.
fn group(year: i32, size: i64) -> i64 {
    let year = i64::from(year);
    if year > 0 { (year + size - 1) / size } else { -((size - 1 - (year - 1)) / size) }
}

fn date_field(unit: Unit, at: &Civil) -> Option<i64> {
    let day = at.julian();
    let year = i64::from(at.year);
    Some(match unit {
        Unit::Day => at.day.into(),
        Unit::Month => at.month.into(),
        Unit::Quarter => i64::from(at.month - 1) / 3 + 1,
        Unit::Week => iso_week(at.year, day).1.into(),
        Unit::Year => shown_year(at.year),
        Unit::Decade if year >= 0 => year / 10,
        Unit::Decade => -((8 - (year - 1)) / 10),
        Unit::Century => group(at.year, 100),
        Unit::Millennium => group(at.year, 1000),
        Unit::IsoYear => shown_year(iso_week(at.year, day).0),
        Unit::DayOfWeek => weekday(day).into(),
        Unit::IsoDayOfWeek => i64::from((weekday(day) + 6) % 7 + 1),
        Unit::DayOfYear => i64::from(day - julian(at.year, 1, 1) + 1),
        _ => return None,
    })
}

fn time_field(unit: Unit, time: i64) -> Option<Part> {
    let (seconds, micros) = (time / USECS_PER_SECOND % 60, time % USECS_PER_SECOND);
    Some(match unit {
        Unit::Microsecond => Part::Whole(seconds * USECS_PER_SECOND + micros),
        Unit::Millisecond => Part::Seconds(seconds, micros, 3),
        Unit::Second => Part::Seconds(seconds, micros, 6),
        Unit::Minute => Part::Whole(time / super::calendar::USECS_PER_MINUTE % 60),
        Unit::Hour => Part::Whole(time / super::calendar::USECS_PER_HOUR),
        _ => return None,
    })
}

fn zone_field(unit: Unit, west: i32) -> Option<i64> {
    let east = -i64::from(west);
    match unit {
        Unit::Zone => Some(east),
        Unit::ZoneHour => Some(east / 3600),
        Unit::ZoneMinute => Some(east / 60 % 60),
        _ => None,
    }
}

/// A field of an infinite value: infinite if it grows with time, unknown if it repeats.
fn infinite_field(unit: Unit, is_negative: bool) -> Option<Part> {
    match unit {
        Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium | Unit::Julian | Unit::IsoYear | Unit::Epoch => {
            Some(Part::Infinite(is_negative))
        }
        Unit::IsoTime => None,
        _ => Some(Part::Unknown),
    }
}

/// Runs `find` on a unit; complains of units it does not know.
fn field(name: &str, type_name: &str, find: impl FnOnce(Unit) -> Option<Part>) -> Result<Part> {
    let lower = name.to_ascii_lowercase();
    let found = match asked(&lower, type_name)? {
        Asked::Unit(unit) => find(unit),
        Asked::Word => None,
    };
    found.ok_or_else(|| not_supported(&lower, type_name))
}

fn stamp_field(name: &str, type_name: &str, micros: i64, east: impl FnOnce() -> Option<i32>) -> Result<Part> {
    field(name, type_name, |unit| {
        if !is_finite(micros) {
            return infinite_field(unit, micros < 0);
        }
        let east = east();
        let at = Civil::of_timestamp(micros + i64::from(east.unwrap_or(0)) * USECS_PER_SECOND);
        match unit {
            Unit::Epoch => Some(Part::Micros(i128::from(micros) + i128::from(UNIX_EPOCH_SECONDS * USECS_PER_SECOND))),
            Unit::Julian => Some(Part::Julian(at.julian(), at.time())),
            Unit::Zone | Unit::ZoneHour | Unit::ZoneMinute => zone_field(unit, -east?).map(Part::Whole),
            _ => time_field(unit, at.time()).or_else(|| date_field(unit, &at).map(Part::Whole)),
        }
    })
}

fn timestamp_field(name: &str, micros: i64) -> Result<Part> {
    stamp_field(name, "timestamp without time zone", micros, || None)
}

fn timestamptz_field(cx: &FnCtx<'_>, name: &str, micros: i64) -> Result<Part> {
    let east = || Some(zone::east_at(&cx.settings.time_zone, micros));
    stamp_field(name, "timestamp with time zone", micros, east)
}

fn date_part(name: &str, date: i32) -> Result<Part> {
    field(name, "date", |unit| {
        if date == DATE_NEVER_BEFORE || date == DATE_NEVER_AFTER {
            return match infinite_field(unit, date < 0)? {
                Part::Unknown if date_field(unit, &Civil { month: 1, day: 1, ..Civil::default() }).is_none() => None,
                part => Some(part),
            };
        }
        let day = (i64::from(date) + i64::from(EPOCH_JULIAN)) as i32;
        let (year, month, of_month) = from_julian(day);
        match unit {
            Unit::Epoch => Some(Part::Whole((i64::from(date) + UNIX_EPOCH_DAYS) * 86_400)),
            Unit::Julian => Some(Part::Whole(day.into())),
            _ => date_field(unit, &Civil { year, month, day: of_month, ..Civil::default() }).map(Part::Whole),
        }
    })
}

/// Times have no fields named by words such as `now`, so they do not know them.
fn part_of_time(name: &str, time: i64) -> Result<Part> {
    clock_field(name, "time without time zone", |unit| match unit {
        Unit::Epoch => Some(Part::Micros(time.into())),
        _ => time_field(unit, time),
    })
}

fn part_of_timetz(name: &str, time: &TimeTz) -> Result<Part> {
    clock_field(name, "time with time zone", |unit| match unit {
        Unit::Epoch => Some(Part::Micros(i128::from(time.micros) + i128::from(time.zone) * 1_000_000)),
        Unit::Zone | Unit::ZoneHour | Unit::ZoneMinute => zone_field(unit, time.zone).map(Part::Whole),
        _ => time_field(unit, time.micros),
    })
}

fn clock_field(name: &str, type_name: &str, find: impl FnOnce(Unit) -> Option<Part>) -> Result<Part> {
    let lower = name.to_ascii_lowercase();
    if asked(&lower, type_name)? == Asked::Word {
        return Err(not_recognized(&lower, type_name));
    }
    field(name, type_name, find)
}

fn part_of_interval(name: &str, value: &Interval) -> Result<Part> {
    let parts = Parts::of(value);
    let year = i64::from(parts.years);
    clock_field(name, "interval", |unit| {
        Some(match unit {
            Unit::Epoch => {
                // A year is 365.25 days: counted in quarters of a day.
                let quarters = 1461 * year + 120 * i64::from(parts.months) + 4 * parts.days;
                Part::Micros(i128::from(quarters) * 21_600 * 1_000_000 + i128::from(value.micros))
            }
            Unit::Microsecond => Part::Whole(parts.seconds * USECS_PER_SECOND + parts.micros),
            Unit::Millisecond => Part::Seconds(parts.seconds, parts.micros, 3),
            Unit::Second => Part::Seconds(parts.seconds, parts.micros, 6),
            Unit::Minute => Part::Whole(parts.minutes),
            Unit::Hour => Part::Whole(parts.hours),
            Unit::Day => Part::Whole(parts.days),
            Unit::Month => Part::Whole(parts.months.into()),
            Unit::Quarter => Part::Whole(i64::from(parts.months) / 3 + 1),
            Unit::Year => Part::Whole(year),
            Unit::Decade => Part::Whole(year / 10),
            Unit::Century => Part::Whole(year / 100),
            Unit::Millennium => Part::Whole(year / 1000),
            _ => return None,
        })
    })
}

/// The unit of date_trunc. Words other than units are not recognized.
fn truncation(name: &str, type_name: &str) -> Result<(Unit, String)> {
    let lower = name.to_ascii_lowercase();
    match delta(&lower) {
        Some(Delta::Unit(unit)) => Ok((unit, lower)),
        _ => Err(not_recognized(&lower, type_name)),
    }
}

/// Units from small to large, as truncation zeroes them.
fn rank(unit: Unit) -> Option<u32> {
    Some(match unit {
        Unit::Microsecond => 0,
        Unit::Millisecond => 1,
        Unit::Second => 2,
        Unit::Minute => 3,
        Unit::Hour => 4,
        Unit::Day => 5,
        Unit::Week => 6,
        Unit::Month => 7,
        Unit::Quarter => 8,
        Unit::Year => 9,
        Unit::Decade => 10,
        Unit::Century => 11,
        Unit::Millennium => 12,
        _ => return None,
    })
}

/// Truncates a local time; false if the unit means nothing for it. True in the second place: the day changed.
fn truncate(at: &mut Civil, unit: Unit) -> Option<bool> {
    let size = rank(unit)?;
    let time = at.time();
    let step = [1, 1000, USECS_PER_SECOND, super::calendar::USECS_PER_MINUTE, super::calendar::USECS_PER_HOUR];
    match step.get(size as usize) {
        Some(step) => at.set_time(time / step * step),
        None => at.set_time(0),
    }
    if size == 6 {
        let day = at.julian();
        at.set_julian(day - (weekday(day) + 6) % 7);
    }
    if size >= 7 {
        at.day = 1;
    }
    if size >= 8 {
        at.month = (at.month - 1) / 3 * 3 + 1;
    }
    if size >= 9 {
        at.month = 1;
    }
    let year = i64::from(at.year);
    let first = |group: i64, size: i64| if group > 0 { group * size - size + 1 } else { group * size + 1 };
    at.year = match size {
        10 if year > 0 => year / 10 * 10,
        10 => -((8 - (year - 1)) / 10) * 10,
        11 => first(group(at.year, 100), 100),
        12 => first(group(at.year, 1000), 1000),
        _ => year,
    } as i32;
    Some(size >= 5)
}

fn truncated(name: &str, micros: i64) -> Result<i64> {
    const TYPE: &str = "timestamp without time zone";
    if !is_finite(micros) {
        return Ok(micros);
    }
    let (unit, lower) = truncation(name, TYPE)?;
    let mut at = Civil::of_timestamp(micros);
    truncate(&mut at, unit).ok_or_else(|| not_supported(&lower, TYPE))?;
    at.to_timestamp().ok_or_else(timestamp_out_of_range)
}

/// Truncates an instant in a zone: `east_at` gives its offset at an instant, `east_of` at a local time.
fn truncated_zoned(
    name: &str,
    micros: i64,
    east_at: impl Fn(i64) -> i32,
    east_of: impl Fn(&Civil) -> i32,
) -> Result<i64> {
    const TYPE: &str = "timestamp with time zone";
    if !is_finite(micros) {
        return Ok(micros);
    }
    let (unit, lower) = truncation(name, TYPE)?;
    let east = east_at(micros);
    let mut at = Civil::of_timestamp(micros + i64::from(east) * USECS_PER_SECOND);
    let is_other_day = truncate(&mut at, unit).ok_or_else(|| not_supported(&lower, TYPE))?;
    let east = if is_other_day { east_of(&at) } else { east };
    instant_at(&at, east)
}

fn truncated_in_zone(name: &str, micros: i64, zone_name: &str) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    match zone::named(zone_name)? {
        Named::Fixed(east) => truncated_zoned(name, micros, |_| east, |_| east),
        Named::Zone(zone) | Named::Dynamic(zone) => {
            truncated_zoned(name, micros, |m| zone::east_at(&zone, m), |at| zone::east_of_local(&zone, at))
        }
    }
}

fn truncated_interval(name: &str, value: &Interval) -> Result<Interval> {
    let (unit, lower) = truncation(name, "interval")?;
    let size = match rank(unit) {
        Some(size) if unit != Unit::Week => size,
        _ => {
            let error = not_supported(&lower, "interval");
            let is_week = unit == Unit::Week;
            return Err(if is_week { error.detail("Months usually have fractional weeks.") } else { error });
        }
    };
    let step = [1, 1000, USECS_PER_SECOND, super::calendar::USECS_PER_MINUTE, super::calendar::USECS_PER_HOUR];
    let micros = step.get(size as usize).map_or(0, |step| value.micros / step * step);
    let months = [1, 3, 12, 120, 1200, 12_000].get((size as usize).saturating_sub(7)).copied().unwrap_or(1);
    Ok(Interval {
        micros,
        days: if size >= 7 { 0 } else { value.days },
        months: if size >= 8 { value.months / months * months } else { value.months },
    })
}

fn binned(stride: &Interval, micros: i64, origin: i64) -> Result<i64> {
    if !is_finite(micros) {
        return Ok(micros);
    }
    if !is_finite(origin) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "origin out of range");
    }
    if stride.months != 0 {
        bail!(FEATURE_NOT_SUPPORTED, "timestamps cannot be binned into intervals containing months or years");
    }
    let days = i64::from(stride.days).checked_mul(USECS_PER_DAY);
    let step = days.and_then(|d| d.checked_add(stride.micros)).ok_or_else(interval_out_of_range)?;
    if step <= 0 {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "stride must be greater than zero");
    }
    let distance = micros.checked_sub(origin).ok_or_else(interval_out_of_range)?;
    let start = origin + (distance - distance % step);
    if distance % step >= 0 {
        return Ok(start);
    }
    start.checked_sub(step).filter(|m| is_valid_timestamp(*m)).ok_or_else(timestamp_out_of_range)
}

/// The symbolic difference of two local times: years, months, days and time, by the calendar.
fn age(a: i64, b: i64, local: impl Fn(i64) -> Civil) -> Result<Interval> {
    if !is_finite(a) || !is_finite(b) {
        return Err(timestamp_out_of_range());
    }
    let (late, early) = (local(a.max(b)), local(a.min(b)));
    let mut micros = late.time() - early.time();
    let mut days = late.day - early.day;
    let mut months = (late.year - early.year) * 12 + late.month - early.month;
    while micros < 0 {
        micros += USECS_PER_DAY;
        days -= 1;
    }
    // Days are borrowed from the month of the earlier time.
    while days < 0 {
        days += days_in_month(early.year, early.month);
        months -= 1;
    }
    let value = Interval { micros, days, months };
    if a < b { super::interval::negated(&value) } else { Ok(value) }
}

/// Midnight of the transaction's day in the session's zone, local.
fn today(cx: &FnCtx<'_>) -> i64 {
    let now = super::timestamp::to_local(cx, cx.transaction_start);
    now - now.rem_euclid(USECS_PER_DAY)
}

/// A local timestamp of its fields.
fn make(date: (i32, i32, i32), hour: i32, minute: i32, second: f64) -> Result<i64> {
    let (year, month, day) = date;
    let mut at = Civil { year: year.wrapping_abs(), month, day, ..Civil::default() };
    if check_date(&mut at, mask::DATE, (false, false, year < 0), 0).is_err() {
        let shown = format!("{year}-{month:02}-{day:02}");
        bail!(DATETIME_FIELD_OVERFLOW, "date field value out of range: {shown}");
    }
    let shown = || format!("{year}-{month:02}-{day:02}");
    if !super::calendar::is_valid_julian(at.year, at.month) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: {}", shown());
    }
    let clock = || format!("{hour}:{minute:02}:{}", super::time::shown_seconds(second));
    let Some(time) = super::time::from_parts(hour, minute, second) else {
        bail!(DATETIME_FIELD_OVERFLOW, "time field value out of range: {}", clock());
    };
    let days = i64::from(at.julian()) - i64::from(EPOCH_JULIAN);
    let micros = days.checked_mul(USECS_PER_DAY).and_then(|d| d.checked_add(time));
    micros
        .filter(|m| is_valid_timestamp(*m))
        .ok_or_else(|| error!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: {} {}", shown(), clock()))
}

/// Seconds east of UTC that a zone's name or number means at a local time.
fn sane_zone(name: &str, at: &Civil) -> Result<i32> {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        let error = error!(INVALID_PARAMETER_VALUE, "invalid input syntax for type numeric time zone: \"{name}\"");
        return Err(error.hint("Numeric time zones must have \"-\" or \"+\" as first character."));
    }
    match read_zone(name) {
        Ok(west) => Ok(-west),
        Err(Bad::Zone) => Err(error!(INVALID_PARAMETER_VALUE, "numeric time zone \"{name}\" out of range")),
        Err(_) => Ok(zone::named(name)?.east_of_local(name, at)),
    }
}

/// Seconds as the parts of make_timestamp.
type Clock = (i32, i32, f64);

fn make_in_zone(date: (i32, i32, i32), clock: Clock, zone_name: &str) -> Result<i64> {
    let at = Civil::of_timestamp(make(date, clock.0, clock.1, clock.2)?);
    instant_at(&at, sane_zone(zone_name, &at)?)
}

builtins! {
    fn extract_date(unit: &str, a: i32) -> Datum { date_part(unit, a)?.numeric()? }
    fn extract_time(unit: &str, a: i64) -> Datum { part_of_time(unit, a)?.numeric()? }
    fn extract_timetz(unit: &str, a: TimeTz) -> Datum { part_of_timetz(unit, &a)?.numeric()? }
    fn extract_timestamp(unit: &str, a: i64) -> Datum { timestamp_field(unit, a)?.numeric()? }
    fn extract_timestamptz[cx](unit: &str, a: i64) -> Datum { timestamptz_field(cx, unit, a)?.numeric()? }
    fn extract_interval(unit: &str, a: Interval) -> Datum { part_of_interval(unit, &a)?.numeric()? }
    fn date_part_text_date(unit: &str, a: i32) -> Datum {
        let micros = match a {
            DATE_NEVER_BEFORE => NEVER_BEFORE,
            DATE_NEVER_AFTER => NEVER_AFTER,
            _ => midnight(a).timestamp()?,
        };
        timestamp_field(unit, micros)?.float()
    }
    fn time_part(unit: &str, a: i64) -> Datum { part_of_time(unit, a)?.float() }
    fn timetz_part(unit: &str, a: TimeTz) -> Datum { part_of_timetz(unit, &a)?.float() }
    fn timestamp_part(unit: &str, a: i64) -> Datum { timestamp_field(unit, a)?.float() }
    fn timestamptz_part[cx](unit: &str, a: i64) -> Datum { timestamptz_field(cx, unit, a)?.float() }
    fn interval_part(unit: &str, a: Interval) -> Datum { part_of_interval(unit, &a)?.float() }
    fn timestamp_trunc(unit: &str, a: i64) -> i64 { truncated(unit, a)? }
    fn timestamptz_trunc[cx](unit: &str, a: i64) -> i64 {
        let zone = &cx.settings.time_zone;
        truncated_zoned(unit, a, |m| zone::east_at(zone, m), |at| zone::east_of_local(zone, at))?
    }
    fn timestamptz_trunc_zone(unit: &str, a: i64, zone: &str) -> i64 { truncated_in_zone(unit, a, zone)? }
    fn interval_trunc(unit: &str, a: Interval) -> Interval { truncated_interval(unit, &a)? }
    fn timestamp_bin(stride: Interval, a: i64, origin: i64) -> i64 { binned(&stride, a, origin)? }
    fn timestamptz_bin(stride: Interval, a: i64, origin: i64) -> i64 { binned(&stride, a, origin)? }
    fn timestamp_age(a: i64, b: i64) -> Interval { age(a, b, Civil::of_timestamp)? }
    fn timestamptz_age[cx](a: i64, b: i64) -> Interval { age(a, b, |m| local(cx, m))? }
    fn age_timestamp[cx](a: i64) -> Interval { age(today(cx), a, Civil::of_timestamp)? }
    fn age_timestamptz[cx](a: i64) -> Interval {
        let midnight = instant_of_local(cx, &Civil::of_timestamp(today(cx)))?;
        age(midnight, a, |m| local(cx, m))?
    }
    fn make_timestamp(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: f64) -> i64 {
        make((year, month, day), hour, minute, second)?
    }
    fn make_timestamptz[cx](year: i32, month: i32, day: i32, hour: i32, minute: i32, second: f64) -> i64 {
        let at = Civil::of_timestamp(make((year, month, day), hour, minute, second)?);
        instant_of_local(cx, &at)?
    }
    fn make_timestamptz_at_timezone(
        year: i32,
        month: i32,
        day: i32,
        hour: i32,
        minute: i32,
        second: f64,
        zone: &str,
    ) -> i64 {
        make_in_zone((year, month, day), (hour, minute, second), zone)?
    }
}
