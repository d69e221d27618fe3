//! Reading and printing intervals, and their type modifiers.

use super::calendar::{Interval, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SECOND, round_micros};
use super::decode::{Bad, Read, fraction, leading_int, mask, read_time};
use super::tokens::{Delta, Field, Kind, Unit, delta, split};
use crate::{FnCtx, IntervalStyle};
use report::{Result, error};
use std::fmt::Write;

/// Fields of an interval type modifier: `interval day to second` and such.
pub(crate) mod range {
    use super::mask;
    pub(crate) const FULL: u32 = 0x7FFF;
    pub(crate) const YEAR: u32 = mask::YEAR;
    pub(crate) const MONTH: u32 = mask::MONTH;
    pub(crate) const DAY: u32 = mask::DAY;
    pub(crate) const HOUR: u32 = mask::HOUR;
    pub(crate) const MINUTE: u32 = mask::MINUTE;
    pub(crate) const SECOND: u32 = mask::SECOND;
}

/// Precision that a type modifier without one has.
pub(crate) const PRECISION_FULL: i32 = 0xFFFF;

/// The fields and the precision of a type modifier.
pub(crate) fn parts_of_modifier(modifier: i32) -> (u32, i32) {
    if modifier < 0 {
        return (range::FULL, PRECISION_FULL);
    }
    ((modifier >> 16) as u32 & 0x7FFF, modifier & 0xFFFF)
}

/// The sums of an interval's fields, before years become months.
#[derive(Default)]
pub(super) struct Sums {
    years: i32,
    months: i32,
    days: i32,
    micros: i64,
}

impl Sums {
    fn fraction_of(&mut self, part: f64, scale: i64) -> Option<()> {
        if part == 0.0 {
            return Some(());
        }
        let scaled = part * scale as f64;
        let mut micros = scaled as i64;
        let rest = scaled - micros as f64;
        if rest > 0.5 {
            micros += 1;
        } else if rest < -0.5 {
            micros -= 1;
        }
        self.micros = self.micros.checked_add(micros)?;
        Some(())
    }

    fn add_micros(&mut self, value: i64, part: f64, scale: i64) -> Option<()> {
        self.micros = self.micros.checked_add(value.checked_mul(scale)?)?;
        self.fraction_of(part, scale)
    }

    fn add_days(&mut self, value: i64, scale: i32) -> Option<()> {
        self.days = self.days.checked_add(i32::try_from(value).ok()?.checked_mul(scale)?)?;
        Some(())
    }

    fn fraction_days(&mut self, part: f64, scale: i32) -> Option<()> {
        let scaled = part * f64::from(scale);
        let whole = scaled as i32;
        self.days = self.days.checked_add(whole)?;
        self.fraction_of(scaled - f64::from(whole), USECS_PER_DAY)
    }

    fn add_months(&mut self, value: i64) -> Option<()> {
        self.months = self.months.checked_add(i32::try_from(value).ok()?)?;
        Some(())
    }

    fn add_years(&mut self, value: i64, part: f64, scale: i32) -> Option<()> {
        self.years = self.years.checked_add(i32::try_from(value).ok()?.checked_mul(scale)?)?;
        let months = (part * f64::from(scale) * 12.0).round_ties_even() as i32;
        self.months = self.months.checked_add(months)?;
        Some(())
    }

    /// Adds a number of units; gives what it counts as seen.
    pub(super) fn add(&mut self, unit: Unit, value: i64, part: f64) -> Read<u32> {
        let (done, seen) = match unit {
            Unit::Microsecond => (self.add_micros(value, part, 1), mask::MICROSECOND),
            Unit::Millisecond => (self.add_micros(value, part, 1000), mask::MILLISECOND),
            Unit::Second => {
                let seen = if part == 0.0 { mask::SECOND } else { mask::SECONDS };
                (self.add_micros(value, part, USECS_PER_SECOND), seen)
            }
            Unit::Minute => (self.add_micros(value, part, USECS_PER_MINUTE), mask::MINUTE),
            Unit::Hour => (self.add_micros(value, part, USECS_PER_HOUR), mask::HOUR),
            Unit::Day => {
                let done = self.add_days(value, 1).and_then(|()| self.fraction_of(part, USECS_PER_DAY));
                (done, mask::DAY)
            }
            Unit::Week => (self.add_days(value, 7).and_then(|()| self.fraction_days(part, 7)), mask::WEEK),
            Unit::Month => (self.add_months(value).and_then(|()| self.fraction_days(part, 30)), mask::MONTH),
            Unit::Year => (self.add_years(value, part, 1), mask::YEAR),
            Unit::Decade => (self.add_years(value, part, 10), mask::DECADE),
            Unit::Century => (self.add_years(value, part, 100), mask::CENTURY),
            Unit::Millennium => (self.add_years(value, part, 1000), mask::MILLENNIUM),
            _ => return Err(Bad::Format),
        };
        done.map(|()| seen).ok_or(Bad::Overflow)
    }

    fn set_time(&mut self, text: &str, is_minutes: bool) -> Read<()> {
        let (hour, minute, second, micros) = read_time(text, is_minutes)?;
        let rest = i64::from(minute) * USECS_PER_MINUTE + i64::from(second) * USECS_PER_SECOND + i64::from(micros);
        let total = hour.checked_mul(USECS_PER_HOUR).and_then(|h| h.checked_add(rest));
        self.micros = total.ok_or(Bad::Overflow)?;
        Ok(())
    }

    fn negated(self) -> Option<Sums> {
        Some(Sums {
            years: self.years.checked_neg()?,
            months: self.months.checked_neg()?,
            days: self.days.checked_neg()?,
            micros: self.micros.checked_neg()?,
        })
    }

    fn interval(self) -> Option<Interval> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        Some(Interval { micros: self.micros, days: self.days, months: i32::try_from(months).ok()? })
    }
}

/// The unit of a last number without one, by the type modifier.
fn default_unit(fields: u32) -> Unit {
    if fields == range::FULL || fields & range::SECOND != 0 {
        Unit::Second
    } else if fields & range::MINUTE != 0 {
        Unit::Minute
    } else if fields & range::HOUR != 0 {
        Unit::Hour
    } else if fields & range::DAY != 0 {
        Unit::Day
    } else if fields & range::MONTH != 0 {
        Unit::Month
    } else if fields & range::YEAR != 0 {
        Unit::Year
    } else {
        Unit::Second
    }
}

/// Whole number and fraction of `-1.5` or `1-6` (years and months).
fn number(text: &str, unit: Unit) -> Read<(i64, f64, Unit)> {
    let is_negative = text.starts_with('-');
    let (value, rest) = leading_int(text).ok_or(Bad::Overflow)?;
    match rest.as_bytes().first() {
        None => Ok((value, 0.0, unit)),
        Some(b'.') => {
            let part = fraction(rest)?;
            Ok((value, if is_negative { -part } else { part }, unit))
        }
        Some(b'-') => {
            let (months, rest) = leading_int(&rest[1..]).ok_or(Bad::Overflow)?;
            if !(0..12).contains(&months) {
                return Err(Bad::Overflow);
            }
            if !rest.is_empty() {
                return Err(Bad::Format);
            }
            let months = if is_negative { -months } else { months };
            let total = value.checked_mul(12).and_then(|v| v.checked_add(months)).ok_or(Bad::Overflow)?;
            Ok((total, 0.0, Unit::Month))
        }
        Some(_) => Err(Bad::Format),
    }
}

fn read_fields(fields: &[Field], wanted: u32, is_sql_standard: bool) -> Read<Sums> {
    let has_sign = |f: &Field| f.1.starts_with(['-', '+']);
    let force_negative =
        is_sql_standard && fields.first().is_some_and(|f| f.1.starts_with('-')) && !fields[1..].iter().any(has_sign);
    let is_minutes = wanted == range::MINUTE | range::SECOND;
    let mut sums = Sums::default();
    let (mut seen, mut is_before, mut unit) = (0, false, None);
    for (kind, text) in fields.iter().rev() {
        let is_signed_time =
            *kind == Kind::Zone && text[1..].contains(':') && Sums::default().set_time(&text[1..], is_minutes).is_ok();
        let found = match kind {
            Kind::Time => {
                sums.set_time(text, is_minutes)?;
                if force_negative {
                    sums.micros = -sums.micros.abs();
                }
                unit = Some(Unit::Day);
                mask::TIME
            }
            Kind::Zone if is_signed_time => {
                sums.set_time(&text[1..], is_minutes)?;
                if text.starts_with('-') || force_negative {
                    sums.micros = -sums.micros;
                }
                unit = Some(Unit::Day);
                mask::TIME
            }
            Kind::Zone | Kind::Date | Kind::Number => {
                let (mut value, mut part, actual) = number(text, unit.unwrap_or_else(|| default_unit(wanted)))?;
                if force_negative {
                    (value, part) = (if value > 0 { -value } else { value }, -part.abs());
                }
                unit = Some(if actual == Unit::Hour { Unit::Day } else { actual });
                sums.add(actual, value, part)?
            }
            Kind::Word | Kind::Special => {
                match delta(text) {
                    Some(Delta::Unit(found)) => unit = Some(found),
                    Some(Delta::Ago) => {
                        is_before = true;
                        unit = Some(Unit::Epoch);
                    }
                    None => return Err(Bad::Format),
                }
                0
            }
        };
        if found & seen != 0 {
            return Err(Bad::Format);
        }
        seen |= found;
    }
    if seen == 0 {
        return Err(Bad::Format);
    }
    if is_before { sums.negated().ok_or(Bad::Overflow) } else { Ok(sums) }
}

/// Reads an interval, without its type modifier's rounding.
pub(crate) fn decode(cx: &FnCtx<'_>, text: &str, wanted: u32) -> Result<Interval> {
    let is_standard = cx.settings.interval_style == IntervalStyle::SqlStandard;
    let read = match split(text) {
        Some(fields) => read_fields(&fields, wanted, is_standard),
        None => Err(Bad::Format),
    };
    let read = match read {
        Err(Bad::Format) => super::interval_iso::decode(text),
        other => other,
    };
    let bad = |bad: Bad| match bad {
        Bad::Overflow => Bad::Interval.error(text, "interval"),
        other => other.error(text, "interval"),
    };
    read.map_err(bad)?.interval().ok_or_else(|| error!(DATETIME_VALUE_OUT_OF_RANGE, "interval out of range"))
}

/// Restricts an interval to the fields and the precision of a type modifier.
pub(crate) fn adjust(value: Interval, modifier: i32) -> Result<Interval> {
    let (fields, precision) = parts_of_modifier(modifier);
    let mut out = value;
    if fields != range::FULL {
        let truncate = |unit: i64| value.micros / unit * unit;
        let lowest = fields & (range::SECOND | range::MINUTE | range::HOUR);
        out.micros = match lowest {
            _ if lowest & range::SECOND != 0 => value.micros,
            _ if lowest & range::MINUTE != 0 => truncate(USECS_PER_MINUTE),
            range::HOUR => truncate(USECS_PER_HOUR),
            _ => 0,
        };
        if lowest == 0 && fields & range::DAY == 0 {
            out.days = 0;
            if fields == range::YEAR {
                out.months = value.months / 12 * 12;
            }
        }
    }
    if precision != PRECISION_FULL && fields & range::SECOND != 0 {
        if !(0..=6).contains(&precision) {
            return Err(error!(INVALID_PARAMETER_VALUE, "interval({precision}) precision must be between 0 and 6"));
        }
        out.micros = round_micros(out.micros, precision);
    }
    Ok(out)
}

/// The fields as they are printed.
pub(crate) struct Parts {
    pub(crate) years: i32,
    pub(crate) months: i32,
    pub(crate) days: i64,
    pub(crate) hours: i64,
    pub(crate) minutes: i64,
    pub(crate) seconds: i64,
    pub(crate) micros: i64,
}

impl Parts {
    pub(crate) fn of(value: &Interval) -> Parts {
        Parts {
            years: value.months / 12,
            months: value.months % 12,
            days: value.days.into(),
            hours: value.micros / USECS_PER_HOUR,
            minutes: value.micros / USECS_PER_MINUTE % 60,
            seconds: value.micros / USECS_PER_SECOND % 60,
            micros: value.micros % USECS_PER_SECOND,
        }
    }

    fn all(&self) -> [i64; 7] {
        let months = [self.years.into(), self.months.into()];
        [months[0], months[1], self.days, self.hours, self.minutes, self.seconds, self.micros]
    }

    fn time_is(&self, test: impl Fn(i64) -> bool) -> bool {
        self.all()[3..].iter().any(|v| test(*v))
    }
}

/// `05` or `05.25`, without sign.
pub(crate) fn push_seconds(out: &mut String, seconds: i64, micros: i64, is_padded: bool) {
    let seconds = seconds.abs();
    let _ = if is_padded { write!(out, "{seconds:02}") } else { write!(out, "{seconds}") };
    push_fraction(out, micros);
}

/// `.25`, or nothing.
pub(crate) fn push_fraction(out: &mut String, micros: i64) {
    if micros != 0 {
        let digits = format!("{:06}", micros.abs());
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// Prints an interval in a style.
pub(crate) fn print(value: &Interval, style: IntervalStyle) -> String {
    let parts = Parts::of(value);
    match style {
        IntervalStyle::Postgres => print_postgres(&parts),
        IntervalStyle::PostgresVerbose => print_verbose(&parts),
        IntervalStyle::SqlStandard => print_sql_standard(&parts),
        IntervalStyle::Iso8601 => print_iso(&parts),
    }
}

fn print_postgres(parts: &Parts) -> String {
    let mut out = String::new();
    let mut after_negative = false;
    for (value, unit) in [(parts.years.into(), "year"), (parts.months.into(), "mon"), (parts.days, "day")] {
        if value == 0 {
            continue;
        }
        let space = if out.is_empty() { "" } else { " " };
        let sign = if after_negative && value > 0 { "+" } else { "" };
        let _ = write!(out, "{space}{sign}{value} {unit}{}", if value == 1 { "" } else { "s" });
        after_negative = value < 0;
    }
    if out.is_empty() || parts.time_is(|v| v != 0) {
        let space = if out.is_empty() { "" } else { " " };
        let sign = if parts.time_is(|v| v < 0) {
            "-"
        } else if after_negative {
            "+"
        } else {
            ""
        };
        let _ = write!(out, "{space}{sign}{:02}:{:02}:", parts.hours.abs(), parts.minutes.abs());
        push_seconds(&mut out, parts.seconds, parts.micros, true);
    }
    out
}

fn print_verbose(parts: &Parts) -> String {
    let mut out = "@".to_owned();
    let (mut is_zero, mut is_before) = (true, false);
    let all = parts.all();
    for (value, unit) in all.into_iter().zip(["year", "mon", "day", "hour", "min"]) {
        if value == 0 {
            continue;
        }
        let shown = match (is_zero, is_before) {
            (true, _) => {
                is_before = value < 0;
                value.abs()
            }
            (false, true) => -value,
            (false, false) => value,
        };
        let _ = write!(out, " {shown} {unit}{}", if shown == 1 { "" } else { "s" });
        is_zero = false;
    }
    let (seconds, micros) = (parts.seconds, parts.micros);
    if seconds != 0 || micros != 0 {
        out.push(' ');
        if seconds < 0 || micros < 0 {
            if is_zero {
                is_before = true;
            } else if !is_before {
                out.push('-');
            }
        } else if is_before {
            out.push('-');
        }
        push_seconds(&mut out, seconds, micros, false);
        out.push_str(if seconds.abs() != 1 || micros != 0 { " secs" } else { " sec" });
        is_zero = false;
    }
    if is_zero {
        out.push_str(" 0");
    }
    if is_before {
        out.push_str(" ago");
    }
    out
}

fn print_sql_standard(parts: &Parts) -> String {
    let all = parts.all();
    let has_negative = all.iter().any(|v| *v < 0);
    let has_positive = all.iter().any(|v| *v > 0);
    let has_months = all[0] != 0 || all[1] != 0;
    let has_times = all[2..].iter().any(|v| *v != 0);
    let mut out = String::new();
    if !has_negative && !has_positive {
        return "0".to_owned();
    }
    let (hours, minutes) = (parts.hours.abs(), parts.minutes.abs());
    if (has_negative && has_positive) || (has_months && has_times) {
        let sign = |negative: bool| if negative { '-' } else { '+' };
        let months = (all[0].abs(), all[1].abs());
        let _ = write!(out, "{}{}-{} ", sign(all[0] < 0 || all[1] < 0), months.0, months.1);
        let _ = write!(out, "{}{} ", sign(parts.days < 0), parts.days.abs());
        let _ = write!(out, "{}{hours}:{minutes:02}:", sign(parts.time_is(|v| v < 0)));
        push_seconds(&mut out, parts.seconds, parts.micros, true);
        return out;
    }
    if has_negative {
        out.push('-');
    }
    if has_months {
        let _ = write!(out, "{}-{}", all[0].abs(), all[1].abs());
        return out;
    }
    if parts.days != 0 {
        let _ = write!(out, "{} ", parts.days.abs());
    }
    let _ = write!(out, "{hours}:{minutes:02}:");
    push_seconds(&mut out, parts.seconds, parts.micros, true);
    out
}

fn print_iso(parts: &Parts) -> String {
    if parts.all().iter().all(|v| *v == 0) {
        return "PT0S".to_owned();
    }
    let mut out = "P".to_owned();
    let push = |out: &mut String, value: i64, unit: char| {
        if value != 0 {
            let _ = write!(out, "{value}{unit}");
        }
    };
    push(&mut out, parts.years.into(), 'Y');
    push(&mut out, parts.months.into(), 'M');
    push(&mut out, parts.days, 'D');
    if parts.time_is(|v| v != 0) {
        out.push('T');
    }
    push(&mut out, parts.hours, 'H');
    push(&mut out, parts.minutes, 'M');
    if parts.seconds != 0 || parts.micros != 0 {
        if parts.seconds < 0 || parts.micros < 0 {
            out.push('-');
        }
        push_seconds(&mut out, parts.seconds, parts.micros, false);
        out.push('S');
    }
    out
}
