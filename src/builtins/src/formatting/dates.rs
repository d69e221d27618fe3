//! to_char of timestamps and intervals.

use super::pattern::{Modifiers, Node, date_picture, ordinal};
use crate::FnCtx;
use crate::datetime::calendar::{Civil, DAYS, Interval, MONTHS, USECS_PER_SECOND, julian, weekday};
use crate::datetime::extract::{iso_week, iso_week_start};
use crate::datetime::interval_text::Parts;
use crate::datetime::shared::is_finite;
use crate::datetime::zone;
use report::{Error, Result, error};

const MONTHS_FULL: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// What is printed: the fields of a timestamp or of an interval.
struct Value {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    day_of_year: i64,
    julian: i32,
    is_interval: bool,
    /// Seconds east of UTC and the zone's abbreviation.
    east: i32,
    zone: String,
}

impl Value {
    fn of_civil(at: &Civil, east: i32, zone: String) -> Value {
        let day = at.julian();
        Value {
            year: at.year.into(),
            month: at.month.into(),
            day: at.day.into(),
            hour: at.hour.into(),
            minute: at.minute.into(),
            second: at.second.into(),
            micros: at.micros.into(),
            day_of_year: i64::from(day - julian(at.year, 1, 1) + 1),
            julian: day,
            is_interval: false,
            east,
            zone,
        }
    }

    fn of_interval(value: &Interval) -> Value {
        let parts = Parts::of(value);
        let (year, month) = (i64::from(parts.years), i64::from(parts.months));
        Value {
            year,
            month,
            day: parts.days,
            hour: parts.hours,
            minute: parts.minutes,
            second: parts.seconds,
            micros: parts.micros,
            day_of_year: (year * 12 + month) * 30 + parts.days,
            julian: julian(parts.years, parts.months, parts.days as i32),
            is_interval: true,
            east: 0,
            zone: String::new(),
        }
    }

    /// A year as it is printed: 1 BC for year 0.
    fn shown(&self, year: i64) -> i64 {
        if self.is_interval || year > 0 { year } else { 1 - year }
    }

    fn iso(&self) -> (i32, i32) {
        iso_week(self.year as i32, self.julian)
    }

    fn is_afternoon(&self) -> bool {
        self.hour % 24 >= 12
    }

    fn century(&self) -> i64 {
        match self.year {
            year if self.is_interval => year / 100,
            year if year > 0 => (year - 1) / 100 + 1,
            year => year / 100 - 1,
        }
    }
}

/// Pads with zeros to a width that counts the sign, unless `FM` was given.
fn padded(value: i64, width: usize, modifiers: Modifiers) -> String {
    match (modifiers.fill, value < 0) {
        (true, _) => value.to_string(),
        (false, false) => format!("{value:0width$}"),
        (false, true) => format!("{value:0width$}", width = width + 1),
    }
}

fn word(text: &str, key: &str, modifiers: Modifiers, width: usize) -> String {
    let text = match key.as_bytes() {
        [first, ..] if first.is_ascii_lowercase() => text.to_ascii_lowercase(),
        [_, second, ..] if second.is_ascii_uppercase() => text.to_ascii_uppercase(),
        _ => text.to_owned(),
    };
    if modifiers.fill || modifiers.localized { text } else { format!("{text:width$}") }
}

#[cold]
fn not_for_intervals() -> Error {
    error!(INVALID_DATETIME_FORMAT, "invalid format specification for an interval value")
        .hint("Intervals are not tied to specific calendar dates.")
}

/// A key that prints a number, without its ordinal.
fn number(key: &str, value: &Value, modifiers: Modifiers) -> Option<String> {
    let year = value.shown(value.year);
    let iso_year = || value.shown(value.iso().0.into());
    let fraction = |divisor: i64, width: usize| format!("{:0width$}", value.micros.abs() / divisor);
    Some(match key {
        "HH" | "HH12" => padded(if value.hour % 12 == 0 { 12 } else { value.hour % 12 }, 2, modifiers),
        "HH24" => padded(value.hour, 2, modifiers),
        "MI" => padded(value.minute, 2, modifiers),
        "SS" => padded(value.second, 2, modifiers),
        "FF1" => fraction(100_000, 1),
        "FF2" => fraction(10_000, 2),
        "FF3" | "MS" => fraction(1000, 3),
        "FF4" => fraction(100, 4),
        "FF5" => fraction(10, 5),
        "FF6" | "US" => fraction(1, 6),
        "SSSS" | "SSSSS" => (value.hour * 3600 + value.minute * 60 + value.second).to_string(),
        "MM" => padded(value.month, 2, modifiers),
        "DDD" => padded(value.day_of_year, 3, modifiers),
        "IDDD" => padded(i64::from(value.julian - iso_week_start(value.iso().0, 1)) + 1, 3, modifiers),
        "DD" => padded(value.day, 2, modifiers),
        "D" => (weekday(value.julian) + 1).to_string(),
        "ID" => ((weekday(value.julian) + 6) % 7 + 1).to_string(),
        "WW" => padded((value.day_of_year - 1) / 7 + 1, 2, modifiers),
        "IW" => padded(value.iso().1.into(), 2, modifiers),
        "W" => ((value.day - 1) / 7 + 1).to_string(),
        "Q" if value.month == 0 => return Some(String::new()),
        "Q" => ((value.month - 1) / 3 + 1).to_string(),
        "CC" => padded(value.century(), 2, modifiers),
        "Y,YYY" => format!("{},{:03}", year / 1000, year % 1000),
        "YYYY" => padded(year, 4, modifiers),
        "YYY" => padded(year % 1000, 3, modifiers),
        "YY" => padded(year % 100, 2, modifiers),
        "Y" => (year % 10).to_string(),
        "IYYY" => padded(iso_year(), 4, modifiers),
        "IYY" => padded(iso_year() % 1000, 3, modifiers),
        "IY" => padded(iso_year() % 100, 2, modifiers),
        "I" => (iso_year() % 10).to_string(),
        "J" => value.julian.to_string(),
        _ => return None,
    })
}

/// A key that prints a word or a zone.
fn name(key: &str, upper: &str, value: &Value, modifiers: Modifiers) -> Result<String> {
    let half = |dotted: bool| match (value.is_afternoon(), dotted) {
        (true, true) => "P.M.",
        (true, false) => "PM",
        (false, true) => "A.M.",
        (false, false) => "AM",
    };
    match upper {
        "AM" | "PM" => return Ok(word(half(false), key, modifiers, 0)),
        "A.M." | "P.M." => {
            let text = half(true);
            let is_lower = key.starts_with(|c: char| c.is_ascii_lowercase());
            return Ok(if is_lower { text.to_ascii_lowercase() } else { text.to_owned() });
        }
        "RM" => return Ok(roman_month(key, value, modifiers)),
        _ if value.is_interval => return Err(not_for_intervals()),
        _ => {}
    }
    let month = (value.month - 1).clamp(0, 11) as usize;
    let day = DAYS[weekday(value.julian) as usize];
    let is_lower = key.starts_with(|c: char| c.is_ascii_lowercase());
    let (hours, minutes) = (value.east.abs() / 3600, value.east.abs() % 3600 / 60);
    let sign = if value.east >= 0 { '+' } else { '-' };
    Ok(match upper {
        "MONTH" => word(MONTHS_FULL[month], key, modifiers, 9),
        "MON" => word(MONTHS[month], key, modifiers, 0),
        "DAY" => word(day, key, modifiers, 9),
        "DY" => word(&day[..3], key, modifiers, 0),
        "AD" | "BC" => word(if value.year <= 0 { "BC" } else { "AD" }, key, modifiers, 0),
        "A.D." | "B.C." => {
            let text = if value.year <= 0 { "B.C." } else { "A.D." };
            if is_lower { text.to_ascii_lowercase() } else { text.to_owned() }
        }
        "TZ" if is_lower => value.zone.to_ascii_lowercase(),
        "TZ" => value.zone.clone(),
        "TZH" => format!("{sign}{hours:02}"),
        "TZM" => format!("{minutes:02}"),
        "OF" => {
            let hours = if modifiers.fill { hours.to_string() } else { format!("{hours:02}") };
            if minutes == 0 && value.east % 3600 == 0 {
                format!("{sign}{hours}")
            } else {
                format!("{sign}{hours}:{minutes:02}")
            }
        }
        // FX says how input is read.
        _ => String::new(),
    })
}

fn roman_month(key: &str, value: &Value, modifiers: Modifiers) -> String {
    let month = match (value.month, value.year) {
        (0, 0) => return String::new(),
        // Whole years of an interval: twelve months, or one if negative.
        (0, year) => {
            if year >= 0 {
                11
            } else {
                0
            }
        }
        (month, _) if month < 0 => 12 + month,
        (month, _) => month - 1,
    };
    word(ROMAN[month as usize % 12], key, modifiers, 4)
}

fn print(value: &Value, format: &str) -> Result<String> {
    let mut out = String::new();
    for node in date_picture(format) {
        match node {
            Node::Text(text) => out.push(text),
            Node::Key(key, modifiers) => {
                let upper = key.to_ascii_uppercase();
                let is_weekday = matches!(upper.as_str(), "D" | "ID");
                if is_weekday && value.is_interval {
                    return Err(not_for_intervals());
                }
                match number(&upper, value, modifiers) {
                    Some(digits) => {
                        out.push_str(&digits);
                        if let Some(case) = modifiers.ordinal.filter(|_| !digits.is_empty()) {
                            out.push_str(ordinal(&digits, case));
                        }
                    }
                    None => out.push_str(&name(key, &upper, value, modifiers)?),
                }
            }
        }
    }
    Ok(out)
}

fn timestamp(micros: i64, format: &str) -> Result<Option<String>> {
    if format.is_empty() || !is_finite(micros) {
        return Ok(None);
    }
    print(&Value::of_civil(&Civil::of_timestamp(micros), 0, String::new()), format).map(Some)
}

fn timestamptz(cx: &FnCtx<'_>, micros: i64, format: &str) -> Result<Option<String>> {
    if format.is_empty() || !is_finite(micros) {
        return Ok(None);
    }
    let offset = zone::offset_at(&cx.settings.time_zone, micros);
    let at = Civil::of_timestamp(micros + i64::from(offset.east) * USECS_PER_SECOND);
    print(&Value::of_civil(&at, offset.east, offset.abbreviation), format).map(Some)
}

fn interval(value: &Interval, format: &str) -> Result<Option<String>> {
    if format.is_empty() {
        return Ok(None);
    }
    print(&Value::of_interval(value), format).map(Some)
}

builtins! {
    fn timestamp_to_char(a: i64, format: &str) -> Option<String> { timestamp(a, format)? }
    fn timestamptz_to_char[cx](a: i64, format: &str) -> Option<String> { timestamptz(cx, a, format)? }
    fn interval_to_char(a: Interval, format: &str) -> Option<String> { interval(&a, format)? }
}
