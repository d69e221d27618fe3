//! to_date and to_timestamp: reading dates and times by a picture.

use super::pattern::{Node, date_picture};
use crate::FnCtx;
use crate::datetime::calendar::{Civil, days_in_month, from_julian, julian};
use crate::datetime::decode::Bad;
use crate::datetime::extract::iso_week_start;
use crate::datetime::{date, shared};
use report::{Error, Result, bail, error};

const MONTHS_FULL: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS_FULL: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Longer numerals before those that they begin with.
const ROMAN: [&str; 12] = ["xii", "xi", "x", "ix", "viii", "vii", "vi", "v", "iv", "iii", "ii", "i"];

/// A field that a picture sets. The order is that of `Fields::values`.
#[derive(Clone, Copy)]
enum Field {
    Hour,
    Afternoon,
    Minute,
    Second,
    DaySeconds,
    Weekday,
    Day,
    DayOfYear,
    Month,
    Millis,
    Micros,
    Year,
    BeforeChrist,
    Week,
    WeekOfMonth,
    Century,
    Julian,
    ZoneHour,
    ZoneMinute,
}

/// What was read.
#[derive(Default)]
struct Fields {
    values: [i32; 19],
    year_digits: usize,
    is_half_day: bool,
    zone_sign: i32,
    /// By ISO weeks, if any field said so.
    is_iso: Option<bool>,
    /// Digits of the second's fraction that count, if `FF1` to `FF6` said.
    precision: Option<i32>,
}

struct Scanner<'a> {
    rest: &'a str,
    last: char,
    fixed: bool,
    skipped: i32,
    fields: Fields,
}

fn bad(message: &str) -> Error {
    error!(INVALID_DATETIME_FORMAT, "{message}")
}

impl Fields {
    fn get(&self, field: Field) -> i32 {
        self.values[field as usize]
    }

    fn set(&mut self, field: Field, value: i32, key: &str) -> Result<()> {
        let slot = &mut self.values[field as usize];
        if *slot != 0 && *slot != value {
            let error = bad(&format!("conflicting values for \"{key}\" field in formatting string"));
            return Err(error.detail("This value contradicts a previous setting for the same field type."));
        }
        *slot = value;
        Ok(())
    }

    fn set_convention(&mut self, upper: &str) -> Result<()> {
        let is_iso = match upper {
            "IDDD" | "ID" | "IW" | "IYYY" | "IYY" | "IY" | "I" => true,
            "DDD" | "DD" | "D" | "MM" | "MONTH" | "MON" | "RM" | "W" | "WW" | "Y,YYY" | "YYYY" | "YYY" | "YY" | "Y" => {
                false
            }
            _ => return Ok(()),
        };
        if self.is_iso.is_some_and(|known| known != is_iso) {
            let error = bad("invalid combination of date conventions");
            return Err(error.hint("Do not mix Gregorian and ISO week date conventions in a formatting template."));
        }
        self.is_iso = Some(is_iso);
        Ok(())
    }
}

/// Does a number before this node end where its digits end?
fn ends_number(next: Option<&Node>) -> bool {
    match next {
        None => true,
        Some(Node::Text(text)) => !text.is_ascii_digit(),
        Some(Node::Key(key, _)) => {
            let upper = key.to_ascii_uppercase();
            let words = ["AM", "PM", "A.M.", "P.M.", "AD", "BC", "A.D.", "B.C.", "MONTH", "MON", "DAY", "DY", "RM"];
            words.contains(&upper.as_str()) || matches!(upper.as_str(), "TZ" | "TZH" | "TZM" | "OF" | "FX")
        }
    }
}

/// C's strtol: the number's text length and value, zero length if there is none.
fn leading(text: &str) -> (usize, i64) {
    let start = text.len() - text.trim_start().len();
    let sign = usize::from(text[start..].starts_with(['-', '+']));
    let digits = text[start + sign..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return (0, 0);
    }
    let end = start + sign + digits;
    (end, text[start..end].trim_start_matches('+').parse().unwrap_or(i64::MAX))
}

impl Scanner<'_> {
    fn skip(&mut self, bytes: usize) {
        self.last = self.rest[..bytes].chars().next_back().unwrap_or(self.last);
        self.rest = &self.rest[bytes..];
    }

    fn skip_char(&mut self) {
        self.skip(self.rest.chars().next().map_or(0, char::len_utf8));
    }

    fn skip_spaces(&mut self) {
        while self.rest.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.skip(1);
            self.skipped += 1;
        }
    }

    /// A number of `len` digits, or as many as there are. Gives its value and how long it was.
    fn int(&mut self, len: usize, key: &str, is_free: bool) -> Result<(i32, usize)> {
        let before = self.rest.len();
        let trimmed = self.rest.trim_start();
        let shown: String = trimmed.chars().take(len).collect();
        let hint = "If your source string is not fixed-width, try using the \"FM\" modifier.";
        let value = if is_free {
            let (used, value) = leading(self.rest);
            self.skip(used);
            value
        } else {
            self.skip(before - trimmed.len());
            if shown.len() < len {
                let error = bad(&format!("source string too short for \"{key}\" formatting field"));
                let remain = shown.len();
                let detail = format!("Field requires {len} characters, but only {remain} remain.");
                return Err(error.detail(detail).hint(hint));
            }
            let (used, value) = leading(&shown);
            if used > 0 && used < len {
                let error = bad(&format!("invalid value \"{shown}\" for \"{key}\""));
                let detail = format!("Field requires {len} characters, but only {used} could be parsed.");
                return Err(error.detail(detail).hint(hint));
            }
            self.skip(used);
            if used == 0 {
                return Err(
                    bad(&format!("invalid value \"{shown}\" for \"{key}\"")).detail("Value must be an integer.")
                );
            }
            value
        };
        if self.rest.len() == before {
            return Err(bad(&format!("invalid value \"{shown}\" for \"{key}\"")).detail("Value must be an integer."));
        }
        let value =
            i32::try_from(value).map_err(|_| {
                error!(DATETIME_VALUE_OUT_OF_RANGE, "value for \"{key}\" in source string is out of range")
                    .detail(format!("Value must be in the range {} to {}.", i32::MIN, i32::MAX))
            })?;
        Ok((value, before - self.rest.len()))
    }

    /// The place of the next word in a list.
    fn word(&mut self, list: &[&str], key: &str) -> Result<i32> {
        let lower = self.rest.to_lowercase();
        match list.iter().position(|w| lower.starts_with(w)) {
            Some(at) if self.rest.is_char_boundary(list[at].len()) => {
                self.skip(list[at].len());
                Ok(at as i32)
            }
            _ => {
                let first = self.rest.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or("");
                let error = bad(&format!("invalid value \"{first}\" for \"{key}\""));
                Err(error.detail("The given value did not match any of the allowed values for this field."))
            }
        }
    }

    fn text(&mut self, text: char) {
        let is_separator = |c: char| c.is_ascii_punctuation();
        if text.is_ascii_whitespace() || is_separator(text) {
            if self.fixed {
                self.skip_char();
                return;
            }
            self.skipped -= 1;
            if self.rest.starts_with(|c: char| c.is_ascii_whitespace() || is_separator(c)) {
                self.skip(1);
                self.skipped += 1;
            }
        } else if !self.fixed && self.skipped > 0 {
            self.skipped -= 1;
        } else {
            self.skip_char();
        }
    }

    fn year(&mut self, key: &str, digits: usize, is_free: bool) -> Result<()> {
        let (value, used) = self.int(digits, key, is_free)?;
        self.fields.set(Field::Year, value, key)?;
        if digits < 4 && used < 4 {
            let near = match value {
                0..70 => value + 2000,
                70..100 => value + 1900,
                100..520 => value + 2000,
                520..1000 => value + 1000,
                other => other,
            };
            self.fields.values[Field::Year as usize] = near;
        }
        self.fields.year_digits = digits;
        Ok(())
    }

    fn year_with_comma(&mut self, key: &str) -> Result<()> {
        let invalid = || bad("invalid input string for \"Y,YYY\"");
        let (used, millennia) = leading(self.rest);
        let after = self.rest.get(used..).and_then(|r| r.strip_prefix(',')).filter(|_| used > 0).ok_or_else(invalid)?;
        let count = after.bytes().take(3).take_while(u8::is_ascii_digit).count();
        let years: i32 = after[..count].parse().map_err(|_| invalid())?;
        self.skip(used + 1 + count);
        self.fields.year_digits = 4;
        self.fields.set(Field::Year, (millennia as i32).saturating_mul(1000).saturating_add(years), key)
    }

    fn zone_hour(&mut self, key: &str, is_free: bool) -> Result<()> {
        if self.rest.starts_with(['+', '-', ' ']) {
            self.fields.zone_sign = if self.rest.starts_with('-') { -1 } else { 1 };
            self.skip(1);
        } else {
            self.fields.zone_sign = if self.skipped > 0 && self.last == '-' { -1 } else { 1 };
        }
        let (value, _) = self.int(2, key, is_free)?;
        self.fields.set(Field::ZoneHour, value, key)
    }

    fn fraction(&mut self, key: &str, digits: usize, field: Field, is_free: bool) -> Result<()> {
        let (value, used) = self.int(digits, key, is_free)?;
        let width = if matches!(field, Field::Millis) { 3 } else { 6 };
        let scale = 10i32.pow(width - (used as u32).clamp(1, width));
        self.fields.set(field, value, key)?;
        self.fields.values[field as usize] = value.saturating_mul(scale);
        Ok(())
    }

    fn number(&mut self, key: &str, len: usize, field: Field, is_free: bool) -> Result<()> {
        let (value, _) = self.int(len, key, is_free)?;
        self.fields.set(field, value, key)
    }

    fn key(&mut self, key: &str, is_free: bool) -> Result<()> {
        let upper = key.to_ascii_uppercase();
        self.fields.set_convention(&upper)?;
        match upper.as_str() {
            "FX" => self.fixed = true,
            "AM" | "PM" => self.half(&["am", "pm"], key)?,
            "A.M." | "P.M." => self.half(&["a.m.", "p.m."], key)?,
            "AD" | "BC" => self.era(&["ad", "bc"], key)?,
            "A.D." | "B.C." => self.era(&["a.d.", "b.c."], key)?,
            "HH" | "HH12" => {
                self.number(key, 2, Field::Hour, is_free)?;
                self.fields.is_half_day = true;
            }
            "HH24" => self.number(key, 2, Field::Hour, is_free)?,
            "MI" => self.number(key, 2, Field::Minute, is_free)?,
            "SS" => self.number(key, 2, Field::Second, is_free)?,
            "SSSS" | "SSSSS" => self.number(key, key.len(), Field::DaySeconds, is_free)?,
            "MS" => self.fraction(key, 3, Field::Millis, is_free)?,
            "US" => self.fraction(key, 6, Field::Micros, is_free)?,
            "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" => {
                self.fields.precision = Some(i32::from(key.as_bytes()[2] - b'0'));
                self.fraction(key, usize::from(key.as_bytes()[2] - b'0'), Field::Micros, is_free)?;
            }
            "TZ" | "OF" => bail!(FEATURE_NOT_SUPPORTED, "formatting field \"{key}\" is only supported in to_char"),
            "TZH" => self.zone_hour(key, is_free)?,
            "TZM" => {
                self.fields.zone_sign = if self.fields.zone_sign == 0 { 1 } else { self.fields.zone_sign };
                self.number(key, 2, Field::ZoneMinute, is_free)?;
            }
            "MONTH" => self.named(&MONTHS_FULL, Field::Month, key)?,
            "MON" => self.named(&MONTHS, Field::Month, key)?,
            "DAY" => self.named(&DAYS_FULL, Field::Weekday, key)?,
            "DY" => self.named(&DAYS, Field::Weekday, key)?,
            "RM" => {
                let at = self.word(&ROMAN, key)?;
                self.fields.set(Field::Month, 12 - at, key)?;
            }
            "MM" => self.number(key, 2, Field::Month, is_free)?,
            "DDD" | "IDDD" => self.number(key, 3, Field::DayOfYear, is_free)?,
            "DD" => self.number(key, 2, Field::Day, is_free)?,
            "D" => self.number(key, 1, Field::Weekday, is_free)?,
            "ID" => {
                self.number(key, 1, Field::Weekday, is_free)?;
                let slot = &mut self.fields.values[Field::Weekday as usize];
                *slot = if *slot >= 7 { 1 } else { *slot + 1 };
            }
            "WW" | "IW" => self.number(key, 2, Field::Week, is_free)?,
            "W" => self.number(key, 1, Field::WeekOfMonth, is_free)?,
            "Q" => {
                self.int(1, key, is_free)?;
            }
            "CC" => self.number(key, 2, Field::Century, is_free)?,
            "Y,YYY" => self.year_with_comma(key)?,
            "J" => self.number(key, 1, Field::Julian, is_free)?,
            _ => self.year(key, key.len(), is_free)?,
        }
        Ok(())
    }

    fn half(&mut self, list: &[&str], key: &str) -> Result<()> {
        let value = self.word(list, key)?;
        self.fields.is_half_day = true;
        self.fields.set(Field::Afternoon, value, key)
    }

    fn era(&mut self, list: &[&str], key: &str) -> Result<()> {
        let value = self.word(list, key)?;
        self.fields.set(Field::BeforeChrist, value, key)
    }

    fn named(&mut self, list: &[&str], field: Field, key: &str) -> Result<()> {
        let value = self.word(list, key)? + 1;
        self.fields.set(field, value, key)
    }
}

fn scan(text: &str, format: &str) -> Result<Fields> {
    let nodes = date_picture(format);
    let mut scanner = Scanner { rest: text, last: '\0', fixed: false, skipped: 0, fields: Fields::default() };
    for (at, node) in nodes.iter().enumerate() {
        if scanner.rest.is_empty() {
            break;
        }
        let is_fx = matches!(node, Node::Key("FX" | "fx", _));
        if !scanner.fixed && !is_fx && (at == 0 || matches!(node, Node::Key(..))) {
            scanner.skip_spaces();
        }
        match node {
            Node::Text(text) => scanner.text(*text),
            Node::Key(key, modifiers) => {
                let is_free = modifiers.fill || modifiers.ordinal.is_some() || ends_number(nodes.get(at + 1));
                scanner.key(key, is_free)?;
                if modifiers.ordinal.is_some() {
                    scanner.skip_char();
                    scanner.skip_char();
                }
                if !scanner.fixed {
                    scanner.skipped = 0;
                    scanner.skip_spaces();
                }
            }
        }
    }
    Ok(scanner.fields)
}

/// The year by year, century and era; none if none was given.
fn year_of(fields: &Fields) -> Option<i32> {
    let is_bc = fields.get(Field::BeforeChrist) != 0;
    let (year, century) = (fields.get(Field::Year), fields.get(Field::Century));
    let century = if is_bc { -century } else { century };
    if year != 0 && century != 0 && fields.year_digits <= 2 {
        return Some(match (year % 100, century >= 0) {
            (0, true) => century * 100,
            (0, false) => century * 100 + 1,
            (low, true) => low + (century - 1) * 100,
            (low, false) => (century + 1) * 100 - low + 1,
        });
    }
    if year != 0 {
        let year = if is_bc { -year } else { year };
        return Some(if year < 0 { year + 1 } else { year });
    }
    (century != 0).then(|| if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 })
}

fn set_time(at: &mut Civil, fields: &Fields) -> Result<()> {
    let seconds = fields.get(Field::DaySeconds);
    (at.hour, at.minute, at.second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(Field::Hour, &mut at.hour), (Field::Minute, &mut at.minute), (Field::Second, &mut at.second)];
    for (field, slot) in parts {
        if fields.get(field) != 0 {
            *slot = fields.get(field);
        }
    }
    if fields.is_half_day {
        if !(1..=12).contains(&at.hour) {
            let error = bad(&format!("hour \"{}\" is invalid for the 12-hour clock", at.hour));
            return Err(error.hint("Use the 24-hour clock, or give an hour between 1 and 12."));
        }
        let is_afternoon = fields.get(Field::Afternoon) != 0;
        if is_afternoon && at.hour < 12 {
            at.hour += 12;
        } else if !is_afternoon && at.hour == 12 {
            at.hour = 0;
        }
    }
    at.micros = fields.get(Field::Millis).saturating_mul(1000).saturating_add(fields.get(Field::Micros));
    Ok(())
}

fn set_date(at: &mut Civil, fields: &Fields) -> Result<()> {
    let is_iso = fields.is_iso == Some(true);
    if let Some(year) = year_of(fields) {
        at.year = year;
    }
    if fields.get(Field::Julian) != 0 {
        at.set_julian(fields.get(Field::Julian));
    }
    let (mut day_of_year, week) = (fields.get(Field::DayOfYear), fields.get(Field::Week));
    if week != 0 && is_iso {
        let weekday = match fields.get(Field::Weekday) {
            0 => 0,
            1 => 6,
            day => day - 2,
        };
        at.set_julian(iso_week_start(at.year, week) + weekday);
    } else if week != 0 {
        day_of_year = (week - 1).saturating_mul(7).saturating_add(1);
    }
    let day = match fields.get(Field::WeekOfMonth) {
        0 => fields.get(Field::Day),
        week => (week - 1).saturating_mul(7).saturating_add(1),
    };
    if day != 0 {
        at.day = day;
    }
    if fields.get(Field::Month) != 0 {
        at.month = fields.get(Field::Month);
    }
    if day_of_year != 0 && (at.month <= 1 || at.day <= 1) {
        if at.year == 0 && fields.get(Field::BeforeChrist) == 0 {
            return Err(bad("cannot calculate day of year without year information"));
        }
        let start = if is_iso { iso_week_start(at.year, 1) } else { julian(at.year, 1, 1) };
        let (year, month, day) = from_julian(start.saturating_add(day_of_year) - 1);
        if is_iso {
            at.year = year;
        }
        // A day past the year's end stays wrong, for the check to find.
        let is_past = !is_iso && year != at.year;
        at.month = if at.month <= 1 || is_iso { if is_past { 13 } else { month } } else { at.month };
        at.day = if at.day <= 1 || is_iso { day } else { at.day };
    }
    Ok(())
}

/// The date and time that a text means, and the seconds east of UTC if it says.
fn read(text: &str, fields: &Fields) -> Result<(Civil, Option<i32>)> {
    let mut at = Civil { month: 1, day: 1, ..Civil::default() };
    set_time(&mut at, fields)?;
    set_date(&mut at, fields)?;
    let is_date = (1..=12).contains(&at.month) && at.day >= 1 && at.day <= days_in_month(at.year, at.month);
    let is_time = (0..24).contains(&at.hour) && (0..60).contains(&at.minute) && (0..60).contains(&at.second);
    if !is_date || !is_time || !(0..1_000_000).contains(&at.micros) {
        return Err(Bad::Overflow.error(text, "timestamp"));
    }
    if fields.zone_sign == 0 {
        return Ok((at, None));
    }
    let (hour, minute) = (fields.get(Field::ZoneHour), fields.get(Field::ZoneMinute));
    if !(0..=15).contains(&hour) || !(0..60).contains(&minute) {
        return Err(Bad::Zone.error(text, "timestamp"));
    }
    Ok((at, Some(fields.zone_sign * (hour * 3600 + minute * 60))))
}

fn timestamp(cx: &FnCtx<'_>, text: &str, format: &str) -> Result<i64> {
    let fields = scan(text, format)?;
    let (at, east) = read(text, &fields)?;
    let micros = match east {
        Some(east) => shared::instant_at(&at, east),
        None => shared::instant_of_local(cx, &at),
    }?;
    crate::datetime::timestamp::scaled(micros, fields.precision.unwrap_or(-1))
}

fn only_date(text: &str, format: &str) -> Result<i32> {
    let (at, _) = read(text, &scan(text, format)?)?;
    date::from_civil(&at).ok_or_else(|| error!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"{text}\""))
}

builtins! {
    fn to_timestamp[cx](text: &str, format: &str) -> i64 { timestamp(cx, text, format)? }
    fn to_date(text: &str, format: &str) -> i32 { only_date(text, format)? }
}
