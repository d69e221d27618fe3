//! Printing dates, times and timestamps in the four styles.

use super::calendar::{
    Civil, DATE_NEVER_AFTER, DATE_NEVER_BEFORE, DAYS, EPOCH_JULIAN, MONTHS, NEVER_AFTER, NEVER_BEFORE, TimeTz,
    from_julian, weekday,
};
use super::interval_text::push_fraction;
use super::zone;
use crate::{DateOrder, DateStyle, FormatSettings};
use std::fmt::Write;

fn push_two(out: &mut String, value: i32) {
    out.push((b'0' + (value / 10 % 10) as u8) as char);
    out.push((b'0' + (value % 10) as u8) as char);
}

fn push_year(out: &mut String, year: i32) {
    let shown = if year > 0 { i64::from(year) } else { 1 - i64::from(year) };
    let _ = write!(out, "{shown:04}");
}

fn push_era(out: &mut String, year: i32) {
    if year <= 0 {
        out.push_str(" BC");
    }
}

/// `hh:mm:ss[.f]`.
fn push_time(out: &mut String, at: &Civil) {
    push_two(out, at.hour);
    out.push(':');
    push_two(out, at.minute);
    out.push(':');
    push_two(out, at.second);
    push_fraction(out, at.micros.into());
}

/// `+hh[:mm[:ss]]` of seconds west of UTC.
pub(crate) fn push_zone(out: &mut String, west: i32) {
    let total = west.abs();
    let (hour, minute, second) = (total / 3600, total / 60 % 60, total % 60);
    out.push(if west <= 0 { '+' } else { '-' });
    push_two(out, hour);
    if minute != 0 || second != 0 {
        out.push(':');
        push_two(out, minute);
    }
    if second != 0 {
        out.push(':');
        push_two(out, second);
    }
}

/// Day and month with this delimiter in the order of the settings, without the year.
fn push_day_month(out: &mut String, at: &Civil, order: DateOrder, delimiter: char) {
    let (first, second) = if order == DateOrder::Dmy { (at.day, at.month) } else { (at.month, at.day) };
    push_two(out, first);
    out.push(delimiter);
    push_two(out, second);
}

fn push_date(out: &mut String, at: &Civil, settings: &FormatSettings) {
    match settings.date_style {
        DateStyle::Iso => {
            push_year(out, at.year);
            out.push('-');
            push_two(out, at.month);
            out.push('-');
            push_two(out, at.day);
            return;
        }
        DateStyle::Sql => push_day_month(out, at, settings.date_order, '/'),
        DateStyle::German => push_day_month(out, at, DateOrder::Dmy, '.'),
        DateStyle::Postgres => push_day_month(out, at, settings.date_order, '-'),
    }
    out.push(match settings.date_style {
        DateStyle::Sql => '/',
        DateStyle::German => '.',
        _ => '-',
    });
    push_year(out, at.year);
}

pub(crate) fn date(days: i32, settings: &FormatSettings) -> String {
    match days {
        DATE_NEVER_BEFORE => return "-infinity".to_owned(),
        DATE_NEVER_AFTER => return "infinity".to_owned(),
        _ => {}
    }
    let (year, month, day) = from_julian((i64::from(days) + i64::from(EPOCH_JULIAN)) as i32);
    let at = Civil { year, month, day, ..Civil::default() };
    let mut out = String::with_capacity(16);
    push_date(&mut out, &at, settings);
    push_era(&mut out, year);
    out
}

pub(crate) fn time(micros: i64) -> String {
    let mut at = Civil::default();
    at.set_time(micros);
    let mut out = String::with_capacity(16);
    push_time(&mut out, &at);
    out
}

pub(crate) fn timetz(value: TimeTz) -> String {
    let mut out = time(value.micros);
    push_zone(&mut out, value.zone);
    out
}

/// The zone of a printed timestamp: seconds west of UTC and the abbreviation.
type Shown<'a> = Option<(i32, &'a str)>;

fn civil(at: &Civil, shown: Shown<'_>, settings: &FormatSettings) -> String {
    let mut out = String::with_capacity(32);
    if settings.date_style == DateStyle::Postgres {
        let month = MONTHS[(at.month - 1) as usize];
        out.push_str(&DAYS[weekday(at.julian()) as usize][..3]);
        let _ = match settings.date_order {
            DateOrder::Dmy => write!(out, " {:02} {month} ", at.day),
            _ => write!(out, " {month} {:02} ", at.day),
        };
        push_time(&mut out, at);
        out.push(' ');
        push_year(&mut out, at.year);
    } else {
        push_date(&mut out, at, settings);
        out.push(' ');
        push_time(&mut out, at);
    }
    match shown {
        Some((west, _)) if settings.date_style == DateStyle::Iso => push_zone(&mut out, west),
        Some((_, name)) => {
            out.push(' ');
            out.push_str(name);
        }
        None => {}
    }
    push_era(&mut out, at.year);
    out
}

fn infinite(micros: i64) -> Option<String> {
    match micros {
        NEVER_BEFORE => Some("-infinity".to_owned()),
        NEVER_AFTER => Some("infinity".to_owned()),
        _ => None,
    }
}

pub(crate) fn timestamp(micros: i64, settings: &FormatSettings) -> String {
    infinite(micros).unwrap_or_else(|| civil(&Civil::of_timestamp(micros), None, settings))
}

pub(crate) fn timestamptz(micros: i64, settings: &FormatSettings) -> String {
    if let Some(text) = infinite(micros) {
        return text;
    }
    if settings.date_style == DateStyle::Iso {
        let east = zone::east_at(&settings.time_zone, micros);
        let at = Civil::of_timestamp(micros + i64::from(east) * 1_000_000);
        return civil(&at, Some((-east, "")), settings);
    }
    let offset = zone::offset_at(&settings.time_zone, micros);
    let at = Civil::of_timestamp(micros + i64::from(offset.east) * 1_000_000);
    civil(&at, Some((-offset.east, &offset.abbreviation)), settings)
}
