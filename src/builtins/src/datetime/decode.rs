//! Reading dates, times and timestamps: what fields mean, in the order in which they come.

use super::abbreviations::Meaning;
use super::calendar::{Civil, USECS_PER_DAY, days_in_month, from_julian, julian};
use super::tokens::{Field, Kind, Reserved, Unit, Word, keyword, split};
use super::zone;
use crate::{DateOrder, FnCtx};
use jiff::tz::TimeZone;
use report::{Error, error};

/// Why input was refused.
#[derive(Debug)]
pub(crate) enum Bad {
    /// It cannot be read.
    Format,
    /// A field is out of range.
    Overflow,
    /// A month or day is out of range: perhaps the order of fields is another.
    DateOrder,
    /// A field of an interval is out of range.
    Interval,
    /// A zone's displacement is out of range.
    Zone,
    /// Something with a message of its own.
    Other(Box<Error>),
}

pub(crate) type Read<T> = std::result::Result<T, Bad>;

impl Bad {
    /// The error that the user sees.
    #[cold]
    pub(crate) fn error(self, text: &str, type_name: &str) -> Error {
        let overflow = || error!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{text}\"");
        match self {
            Bad::Format => error!(INVALID_DATETIME_FORMAT, "invalid input syntax for type {type_name}: \"{text}\""),
            Bad::Overflow => overflow(),
            Bad::DateOrder => overflow().hint("Perhaps you need a different \"datestyle\" setting."),
            Bad::Interval => error!(INTERVAL_FIELD_OVERFLOW, "interval field value out of range: \"{text}\""),
            Bad::Zone => {
                error!(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range: \"{text}\"")
            }
            Bad::Other(error) => *error,
        }
    }
}

/// Which fields were seen.
pub(super) mod mask {
    pub(in super::super) const RESERVED: u32 = 1;
    pub(in super::super) const MONTH: u32 = 1 << 1;
    pub(in super::super) const YEAR: u32 = 1 << 2;
    pub(in super::super) const DAY: u32 = 1 << 3;
    pub(in super::super) const ZONE: u32 = 1 << 5;
    pub(in super::super) const DAYLIGHT_ZONE: u32 = 1 << 6;
    pub(in super::super) const DYNAMIC_ZONE: u32 = 1 << 7;
    pub(in super::super) const HALF: u32 = 1 << 9;
    pub(in super::super) const HOUR: u32 = 1 << 10;
    pub(in super::super) const MINUTE: u32 = 1 << 11;
    pub(in super::super) const SECOND: u32 = 1 << 12;
    pub(in super::super) const MILLISECOND: u32 = 1 << 13;
    pub(in super::super) const MICROSECOND: u32 = 1 << 14;
    pub(in super::super) const DAY_OF_YEAR: u32 = 1 << 15;
    pub(in super::super) const WEEKDAY: u32 = 1 << 16;
    pub(in super::super) const ERA: u32 = 1 << 18;
    pub(in super::super) const WEEK: u32 = 1 << 24;
    pub(in super::super) const DECADE: u32 = 1 << 25;
    pub(in super::super) const CENTURY: u32 = 1 << 26;
    pub(in super::super) const MILLENNIUM: u32 = 1 << 27;
    pub(in super::super) const DAYLIGHT: u32 = 1 << 28;
    pub(in super::super) const DATE: u32 = YEAR | MONTH | DAY;
    pub(in super::super) const SECONDS: u32 = SECOND | MILLISECOND | MICROSECOND;
    pub(in super::super) const TIME: u32 = HOUR | MINUTE | SECONDS;
}

/// What input says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decoded {
    /// A date and time, with seconds west of UTC.
    At(Civil, i32),
    /// A time of day alone, with seconds west of UTC.
    TimeOnly,
    Epoch,
    Early,
    Late,
}

/// What the decoder looks for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    /// A full date, perhaps with a time.
    Timestamp,
    /// A time of day that may have a zone (and a date to find its offset by).
    TimeTz,
}

struct Decoder<'a, 'c> {
    cx: &'a FnCtx<'c>,
    wanted: Wanted,
    seen: u32,
    at: Civil,
    day_of_year: i32,
    /// Seconds west.
    west: i32,
    has_text_month: bool,
    is_julian: bool,
    is_two_digits: bool,
    is_bc: bool,
    half: Option<Word>,
    prefix: Option<Unit>,
    special: Option<Reserved>,
    named: Option<TimeZone>,
    abbreviation: Option<(TimeZone, String)>,
}

/// C's strtol on a prefix: the number and the rest; no number reads as zero.
pub(super) fn leading_int(text: &str) -> Option<(i64, &str)> {
    let digits_from = usize::from(text.starts_with(['-', '+']));
    let end = text[digits_from..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| at + digits_from);
    if end == digits_from {
        return Some((0, text));
    }
    let value: i64 = text[..end].strip_prefix('+').unwrap_or(&text[..end]).parse().ok()?;
    Some((value, &text[end..]))
}

fn leading_i32(text: &str) -> Option<(i32, &str)> {
    let (value, rest) = leading_int(text)?;
    Some((i32::try_from(value).ok()?, rest))
}

/// `.5` as a float.
pub(super) fn fraction(text: &str) -> Read<f64> {
    match text {
        "." => Ok(0.0),
        _ if text[1..].bytes().all(|b| b.is_ascii_digit()) => format!("0{text}").parse().map_err(|_| Bad::Format),
        _ => Err(Bad::Format),
    }
}

pub(super) fn fraction_micros(text: &str) -> Read<i32> {
    Ok((fraction(text)? * 1_000_000.0).round_ties_even() as i32)
}

pub(crate) fn time_overflows(at: &Civil) -> bool {
    at.hour < 0
        || at.hour > 24
        || at.minute < 0
        || at.minute > 59
        || at.second < 0
        || at.second > 60
        || at.micros < 0
        || at.micros > 1_000_000
        || at.time() > USECS_PER_DAY
}

/// `hh:mm[:ss[.f]]`: hours, minutes, seconds, microseconds. `mm:ss` if `is_minutes`.
pub(super) fn read_time(text: &str, is_minutes: bool) -> Read<(i64, i32, i32, i32)> {
    let (mut hour, rest) = leading_int(text).ok_or(Bad::Overflow)?;
    let rest = rest.strip_prefix(':').ok_or(Bad::Format)?;
    let (mut minute, rest) = leading_i32(rest).ok_or(Bad::Overflow)?;
    let (mut second, mut micros) = (0, 0);
    let shift = |hour: &mut i64, minute: &mut i32, second: &mut i32| {
        *second = *minute;
        *minute = i32::try_from(*hour).map_err(|_| Bad::Overflow)?;
        *hour = 0;
        Ok(())
    };
    match rest.as_bytes().first() {
        None if is_minutes => shift(&mut hour, &mut minute, &mut second)?,
        None => {}
        Some(b'.') => {
            micros = fraction_micros(rest)?;
            shift(&mut hour, &mut minute, &mut second)?;
        }
        Some(b':') => {
            let (value, rest) = leading_i32(&rest[1..]).ok_or(Bad::Overflow)?;
            second = value;
            match rest.as_bytes().first() {
                None => {}
                Some(b'.') => micros = fraction_micros(rest)?,
                Some(_) => return Err(Bad::Format),
            }
        }
        Some(_) => return Err(Bad::Format),
    }
    let fits =
        hour >= 0 && (0..60).contains(&minute) && (0..=60).contains(&second) && (0..=1_000_000).contains(&micros);
    if fits { Ok((hour, minute, second, micros)) } else { Err(Bad::Overflow) }
}

/// `+hh[:mm[:ss]]` or `+hhmm` as seconds west of UTC.
pub(crate) fn read_zone(text: &str) -> Read<i32> {
    let is_negative = match text.as_bytes().first() {
        Some(b'+') => false,
        Some(b'-') => true,
        _ => return Err(Bad::Format),
    };
    let (mut hour, mut rest) = leading_i32(&text[1..]).ok_or(Bad::Zone)?;
    let (mut minute, mut second) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (minute, rest) = leading_i32(after).ok_or(Bad::Zone)?;
        if let Some(after) = rest.strip_prefix(':') {
            (second, rest) = leading_i32(after).ok_or(Bad::Zone)?;
        }
    } else if rest.is_empty() && text.len() > 3 {
        (hour, minute) = (hour / 100, hour % 100);
    }
    if !(0..=15).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(Bad::Zone);
    }
    if !rest.is_empty() {
        return Err(Bad::Format);
    }
    let east = (hour * 60 + minute) * 60 + second;
    Ok(if is_negative { east } else { -east })
}

/// Reads a date, time or timestamp.
pub(crate) fn decode(cx: &FnCtx<'_>, text: &str, wanted: Wanted) -> Read<Decoded> {
    let fields = split(text).ok_or(Bad::Format)?;
    let mut decoder = Decoder {
        cx,
        wanted,
        seen: 0,
        at: Civil::default(),
        day_of_year: 0,
        west: 0,
        has_text_month: false,
        is_julian: false,
        is_two_digits: false,
        is_bc: false,
        half: None,
        prefix: None,
        special: None,
        named: None,
        abbreviation: None,
    };
    for index in 0..fields.len() {
        let found = decoder.field(&fields, index)?;
        if found & decoder.seen != 0 {
            return Err(Bad::Format);
        }
        decoder.seen |= found;
    }
    decoder.finish()
}

impl Decoder<'_, '_> {
    fn is_time_only(&self) -> bool {
        self.wanted != Wanted::Timestamp
    }

    /// What counts as seen when a number is read: a time-only reader never looks for a date in it.
    fn seen_for_number(&self) -> u32 {
        if self.is_time_only() { self.seen | mask::DATE } else { self.seen }
    }

    /// Reads one field; gives the mask of what it held.
    fn field(&mut self, fields: &[Field], index: usize) -> Read<u32> {
        let (kind, text) = &fields[index];
        match kind {
            Kind::Date => self.date_field(fields, index),
            Kind::Time => self.time_field(text),
            Kind::Zone => {
                self.west = read_zone(text)?;
                Ok(mask::ZONE)
            }
            Kind::Number if self.prefix.is_some() => self.labelled_number(text),
            Kind::Number => self.number_field(fields, index),
            Kind::Word | Kind::Special => self.word(fields, index),
        }
    }

    fn time_field(&mut self, text: &str) -> Read<u32> {
        if !self.is_time_only() && self.prefix.is_some_and(|p| p != Unit::IsoTime) {
            return Err(Bad::Format);
        }
        self.prefix = None;
        let (hour, minute, second, micros) = read_time(text, false)?;
        self.at.hour = i32::try_from(hour).map_err(|_| Bad::Overflow)?;
        (self.at.minute, self.at.second, self.at.micros) = (minute, second, micros);
        if !self.is_time_only() && time_overflows(&self.at) {
            return Err(Bad::Overflow);
        }
        Ok(mask::TIME)
    }

    fn date_field(&mut self, fields: &[Field], index: usize) -> Read<u32> {
        let text = &fields[index].1;
        if self.is_time_only() {
            let last = fields.len() - 1;
            if index == 0 && last > 0 && (fields[last].0 == Kind::Date || fields[1].0 == Kind::Time) {
                return self.read_date(text);
            }
            return self.time_and_zone_or_name(text);
        }
        if self.prefix == Some(Unit::Julian) {
            let (day, rest) = leading_i32(text).ok_or(Bad::Overflow)?;
            if day < 0 {
                return Err(Bad::Overflow);
            }
            self.set_julian(day);
            self.west = read_zone(rest)?;
            self.prefix = None;
            return Ok(mask::DATE | mask::TIME | mask::ZONE);
        }
        let has_day = self.seen & (mask::MONTH | mask::DAY) == mask::MONTH | mask::DAY;
        if self.prefix.is_none() && !has_day {
            return self.read_date(text);
        }
        if self.prefix.is_some_and(|p| p != Unit::IsoTime) {
            return Err(Bad::Format);
        }
        self.time_and_zone_or_name(text)
    }

    /// `hhmmss-zz`, or the name of a zone.
    fn time_and_zone_or_name(&mut self, text: &str) -> Read<u32> {
        if !text.starts_with(|c: char| c.is_ascii_digit()) && self.prefix.is_none() {
            self.named = Some(zone::find(text).ok_or_else(|| Bad::Other(Box::new(zone::not_recognized(text))))?);
            return Ok(mask::ZONE);
        }
        self.prefix = None;
        if self.seen & mask::TIME == mask::TIME {
            return Err(Bad::Format);
        }
        let at = text.find('-').ok_or(Bad::Format)?;
        self.west = read_zone(&text[at..])?;
        let seen = self.seen_for_number();
        Ok(self.concatenated(&text[..at], seen)? | mask::ZONE)
    }

    fn set_julian(&mut self, day: i32) {
        self.at.set_julian(day);
        self.is_julian = true;
    }

    /// A date with delimiters.
    fn read_date(&mut self, text: &str) -> Read<u32> {
        let parts = date_parts(text)?;
        let (mut seen, mut found) = (self.seen, 0);
        let mut numbers = Vec::new();
        for part in parts {
            if part.starts_with(|c: char| c.is_ascii_digit()) {
                numbers.push(part);
                continue;
            }
            match keyword(part) {
                Some(Word::Ignored) => {}
                Some(Word::Month(month)) if seen & mask::MONTH == 0 => {
                    self.at.month = month;
                    self.has_text_month = true;
                    seen |= mask::MONTH;
                    found |= mask::MONTH;
                }
                _ => return Err(Bad::Format),
            }
        }
        let text_month = found & mask::MONTH != 0;
        for number in numbers {
            let new = self.number(number, text_month, seen)?;
            if seen & new != 0 {
                return Err(Bad::Format);
            }
            seen |= new;
            found |= new;
        }
        if seen & !(mask::DAY_OF_YEAR | mask::ZONE) != mask::DATE {
            return Err(Bad::Format);
        }
        Ok(found)
    }

    /// A number that stands alone.
    fn number_field(&mut self, fields: &[Field], index: usize) -> Read<u32> {
        let text = fields[index].1.as_str();
        let point = text.find('.');
        if self.is_time_only() {
            return match point {
                Some(_) if index == 0 && fields.len() >= 2 && fields[fields.len() - 1].0 == Kind::Date => {
                    self.read_date(text)
                }
                Some(at) if at > 2 => self.concatenated(text, self.seen | mask::DATE),
                Some(_) => Err(Bad::Format),
                None if text.len() > 4 => self.concatenated(text, self.seen | mask::DATE),
                None => self.number(text, false, self.seen | mask::DATE),
            };
        }
        let has_date = self.seen & mask::DATE != 0;
        match point {
            Some(_) if !has_date => self.read_date(text),
            Some(at) if at > 2 => self.concatenated(text, self.seen),
            _ if text.len() >= 6 && (!has_date || self.seen & mask::TIME == 0) => self.concatenated(text, self.seen),
            _ => self.number(text, self.has_text_month, self.seen),
        }
    }

    /// One number of a date, by what was seen before it and the order of fields.
    fn number(&mut self, text: &str, text_month: bool, seen: u32) -> Read<u32> {
        let (value, rest) = leading_i32(text).ok_or(Bad::Overflow)?;
        let len = text.len();
        if rest.len() == len {
            return Err(Bad::Format);
        }
        if rest.starts_with('.') {
            if len - rest.len() > 2 {
                return self.concatenated(text, seen | mask::DATE);
            }
            self.at.micros = fraction_micros(rest)?;
        } else if !rest.is_empty() {
            return Err(Bad::Format);
        }
        let dates = seen & mask::DATE;
        if len == 3 && dates == mask::YEAR && (1..=366).contains(&value) {
            self.day_of_year = value;
            return Ok(mask::DAY_OF_YEAR | mask::MONTH | mask::DAY);
        }
        let order = self.cx.settings.date_order;
        let year_first = len >= 3 || order == DateOrder::Ymd;
        const YEAR_MONTH: u32 = mask::YEAR | mask::MONTH;
        const MONTH_DAY: u32 = mask::MONTH | mask::DAY;
        let found = match dates {
            0 if year_first => mask::YEAR,
            0 if order == DateOrder::Dmy => mask::DAY,
            0 => mask::MONTH,
            mask::YEAR => mask::MONTH,
            mask::MONTH if text_month && year_first => mask::YEAR,
            mask::MONTH => mask::DAY,
            YEAR_MONTH if text_month && len >= 3 && self.is_two_digits => {
                // The first number was the day after all.
                self.at.day = self.at.year;
                self.at.year = value;
                self.is_two_digits = false;
                return Ok(mask::DAY);
            }
            YEAR_MONTH => mask::DAY,
            mask::DAY => mask::MONTH,
            MONTH_DAY => mask::YEAR,
            mask::DATE => return self.concatenated(text, seen),
            _ => return Err(Bad::Format),
        };
        match found {
            mask::YEAR => {
                self.at.year = value;
                self.is_two_digits = len <= 2;
            }
            mask::MONTH => self.at.month = value,
            _ => self.at.day = value,
        }
        Ok(found)
    }

    /// Run-together dates (`yymmdd`) and times (`hhmmss`).
    fn concatenated(&mut self, text: &str, seen: u32) -> Read<u32> {
        let mut digits = text;
        let part = |from: &str| from.parse::<i32>().unwrap_or(0);
        if let Some(at) = text.find('.') {
            self.at.micros = fraction_micros(&text[at..])?;
            digits = &text[..at];
        } else if seen & mask::DATE != mask::DATE && digits.len() >= 6 {
            let (rest, day) = digits.split_at(digits.len() - 2);
            let (year, month) = rest.split_at(rest.len() - 2);
            (self.at.year, self.at.month, self.at.day) = (part(year), part(month), part(day));
            self.is_two_digits |= year.len() == 2;
            return Ok(mask::DATE);
        }
        if seen & mask::TIME == mask::TIME || !digits.is_ascii() {
            return Err(Bad::Format);
        }
        (self.at.hour, self.at.minute, self.at.second) = match digits.len() {
            6 => (part(&digits[..2]), part(&digits[2..4]), part(&digits[4..])),
            4 => (part(&digits[..2]), part(&digits[2..]), 0),
            _ => return Err(Bad::Format),
        };
        Ok(mask::TIME)
    }

    /// A number after a label: `y2001m02d04`, `J2451187`, `T040506`.
    fn labelled_number(&mut self, text: &str) -> Read<u32> {
        let prefix = self.prefix.take().expect("the caller looked");
        let (value, rest) = leading_i32(text).ok_or(Bad::Overflow)?;
        let takes_fraction = matches!(prefix, Unit::Julian | Unit::IsoTime | Unit::Second);
        let is_whole = rest.is_empty() || takes_fraction && rest.starts_with('.');
        if !is_whole {
            return Err(Bad::Format);
        }
        let found = match prefix {
            Unit::Year => {
                self.at.year = value;
                mask::YEAR
            }
            Unit::Month if self.seen & mask::MONTH != 0 && self.seen & mask::HOUR != 0 => {
                self.at.minute = value;
                mask::MINUTE
            }
            Unit::Month => {
                self.at.month = value;
                mask::MONTH
            }
            Unit::Day => {
                self.at.day = value;
                mask::DAY
            }
            Unit::Hour => {
                self.at.hour = value;
                mask::HOUR
            }
            Unit::Minute => {
                self.at.minute = value;
                mask::MINUTE
            }
            Unit::Second => {
                self.at.second = value;
                if rest.is_empty() {
                    return Ok(mask::SECOND);
                }
                self.at.micros = fraction_micros(rest)?;
                mask::SECONDS
            }
            Unit::Julian => {
                if value < 0 {
                    return Err(Bad::Overflow);
                }
                self.set_julian(value);
                if rest.is_empty() {
                    return Ok(mask::DATE);
                }
                self.at.set_time((fraction(rest)? * USECS_PER_DAY as f64) as i64);
                mask::DATE | mask::TIME
            }
            Unit::IsoTime => match self.concatenated(text, self.seen | mask::DATE)? {
                mask::TIME => mask::TIME,
                _ => return Err(Bad::Format),
            },
            _ => return Err(Bad::Format),
        };
        Ok(found)
    }

    fn word(&mut self, fields: &[Field], index: usize) -> Read<u32> {
        let token = fields[index].1.as_str();
        if let Some(meaning) = zone::abbreviation(token) {
            return self.zone_abbreviation(token, meaning);
        }
        let Some(word) = keyword(token) else {
            self.named = Some(zone::find(token).ok_or(Bad::Format)?);
            return Ok(mask::ZONE);
        };
        match word {
            Word::Ignored => Ok(0),
            Word::Reserved(reserved) => self.reserved(reserved),
            Word::Month(_) | Word::Weekday if self.is_time_only() => Err(Bad::Format),
            Word::Month(month) => Ok(self.month_name(month)),
            Word::Weekday => Ok(mask::WEEKDAY),
            Word::DaylightModifier => {
                self.west -= 3600;
                Ok(mask::DAYLIGHT | mask::DAYLIGHT_ZONE)
            }
            Word::Am | Word::Pm => {
                self.half = Some(word);
                Ok(mask::HALF)
            }
            Word::Ad | Word::Bc => {
                self.is_bc = word == Word::Bc;
                Ok(mask::ERA)
            }
            Word::Unit(unit) => {
                self.prefix = Some(unit);
                Ok(0)
            }
            Word::IsoTime => self.iso_time(fields, index),
        }
    }

    fn iso_time(&mut self, fields: &[Field], index: usize) -> Read<u32> {
        if !self.is_time_only() && self.seen & mask::DATE != mask::DATE {
            return Err(Bad::Format);
        }
        match fields.get(index + 1) {
            Some((Kind::Number | Kind::Time | Kind::Date, _)) => {
                self.prefix = Some(Unit::IsoTime);
                Ok(0)
            }
            _ => Err(Bad::Format),
        }
    }

    fn month_name(&mut self, month: i32) -> u32 {
        let mut found = mask::MONTH;
        let is_day_before = self.seen & mask::MONTH != 0 && !self.has_text_month && self.seen & mask::DAY == 0;
        if is_day_before && (1..=31).contains(&self.at.month) {
            self.at.day = self.at.month;
            found = mask::DAY;
        }
        self.has_text_month = true;
        self.at.month = month;
        found
    }

    fn zone_abbreviation(&mut self, token: &str, meaning: Meaning) -> Read<u32> {
        match meaning {
            Meaning::Standard(east) => {
                self.west = -east;
                Ok(mask::ZONE)
            }
            Meaning::Daylight(east) => {
                self.west = -east;
                Ok(mask::ZONE | mask::DAYLIGHT_ZONE)
            }
            Meaning::Zone(name) => {
                self.abbreviation = Some((zone::find(name).ok_or(Bad::Format)?, token.to_owned()));
                Ok(mask::ZONE | mask::DYNAMIC_ZONE)
            }
        }
    }

    /// The transaction's start in the session's zone.
    fn now(&self) -> (Civil, i32) {
        let now = self.cx.transaction_start;
        let east = zone::east_at(&self.cx.settings.time_zone, now);
        (Civil::of_timestamp(now + i64::from(east) * 1_000_000), -east)
    }

    fn reserved(&mut self, reserved: Reserved) -> Read<u32> {
        let (now, west) = self.now();
        let day = |offset: i32| from_julian(now.julian() + offset);
        let is_time_only = self.is_time_only();
        let date = match reserved {
            Reserved::Now if is_time_only => {
                self.at = Civil { year: self.at.year, month: self.at.month, day: self.at.day, ..now };
                return Ok(mask::TIME);
            }
            Reserved::Now => {
                (self.at, self.west) = (now, west);
                return Ok(mask::DATE | mask::TIME | mask::ZONE);
            }
            Reserved::Midnight => {
                self.at.set_time(0);
                self.at.micros = 0;
                self.west = 0;
                return Ok(mask::TIME | mask::ZONE);
            }
            _ if is_time_only => return Err(Bad::Format),
            Reserved::Yesterday => day(-1),
            Reserved::Today => day(0),
            Reserved::Tomorrow => day(1),
            Reserved::Early | Reserved::Late | Reserved::Epoch => {
                self.special = Some(reserved);
                return Ok(mask::RESERVED);
            }
        };
        self.special = None;
        (self.at.year, self.at.month, self.at.day) = date;
        Ok(mask::DATE)
    }

    fn finish(mut self) -> Read<Decoded> {
        if self.is_time_only() {
            return self.finish_time();
        }
        self.check_date()?;
        self.apply_half()?;
        if let Some(special) = self.special {
            return Ok(match special {
                Reserved::Early => Decoded::Early,
                Reserved::Late => Decoded::Late,
                _ => Decoded::Epoch,
            });
        }
        if self.seen & mask::DATE != mask::DATE {
            return if self.seen & mask::TIME == mask::TIME { Ok(Decoded::TimeOnly) } else { Err(Bad::Format) };
        }
        self.resolve_zone()?;
        Ok(Decoded::At(self.at, self.west))
    }

    fn finish_time(mut self) -> Read<Decoded> {
        self.check_date()?;
        self.apply_half()?;
        if time_overflows(&self.at) {
            return Err(Bad::Overflow);
        }
        if self.seen & mask::TIME != mask::TIME {
            return Err(Bad::Format);
        }
        self.resolve_zone()?;
        Ok(Decoded::At(self.at, self.west))
    }

    fn apply_half(&mut self) -> Read<()> {
        if self.half.is_some() && self.at.hour > 12 {
            return Err(Bad::Overflow);
        }
        match self.half {
            Some(Word::Am) if self.at.hour == 12 => self.at.hour = 0,
            Some(Word::Pm) if self.at.hour != 12 => self.at.hour += 12,
            _ => {}
        }
        Ok(())
    }

    fn check_date(&mut self) -> Read<()> {
        check_date(&mut self.at, self.seen, (self.is_julian, self.is_two_digits, self.is_bc), self.day_of_year)
    }

    /// The local time by which a zone's offset is found; today's date if the input had none.
    fn local(&self) -> Read<Civil> {
        match self.seen & mask::DATE {
            mask::DATE => Ok(self.at),
            0 => {
                let (now, _) = self.now();
                Ok(Civil { year: now.year, month: now.month, day: now.day, ..self.at })
            }
            _ => Err(Bad::Format),
        }
    }

    fn resolve_zone(&mut self) -> Read<()> {
        let has_modifier = self.seen & mask::DAYLIGHT != 0;
        if let Some(named) = self.named.take() {
            if has_modifier {
                return Err(Bad::Format);
            }
            let fixed = zone::fixed_east(&named);
            self.west = match fixed {
                Some(east) => -east,
                None if self.seen & mask::DATE == mask::DATE => -zone::east_of_local(&named, &self.at),
                None => return Err(Bad::Format),
            };
        }
        if let Some((zone, abbreviation)) = self.abbreviation.take() {
            if has_modifier {
                return Err(Bad::Format);
            }
            let local = self.local()?;
            let plain = zone::east_of_local(&zone, &local);
            let found = zone::abbreviation_east(&zone, &abbreviation, zone::utc_micros(&local, plain));
            self.west = -found.map_or(plain, |(east, _)| east);
        }
        if self.seen & mask::ZONE == 0 {
            if has_modifier {
                return Err(Bad::Format);
            }
            self.west = -zone::east_of_local(&self.cx.settings.time_zone, &self.local()?);
        }
        Ok(())
    }
}

fn date_parts(text: &str) -> Read<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && parts.len() < 25 {
        let start = rest.find(|c: char| c.is_ascii_alphanumeric()).ok_or(Bad::Format)?;
        rest = &rest[start..];
        let is_digit = rest.as_bytes()[0].is_ascii_digit();
        let same = |c: char| if is_digit { c.is_ascii_digit() } else { c.is_ascii_alphabetic() };
        let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        // One character after a part goes with it, whatever it is.
        rest = rest.get(end + 1..).unwrap_or("");
    }
    Ok(parts)
}

/// Completes and checks year, month and day: eras, two-digit years, days of the year. `kind`: from a Julian day, two
/// digits, before Christ.
pub(crate) fn check_date(at: &mut Civil, seen: u32, kind: (bool, bool, bool), day_of_year: i32) -> Read<()> {
    let (is_julian, is_two_digits, is_bc) = kind;
    if seen & mask::YEAR != 0 && !is_julian {
        if is_bc {
            if at.year <= 0 {
                return Err(Bad::Overflow);
            }
            at.year = 1 - at.year;
        } else if is_two_digits {
            at.year += match at.year {
                ..0 => return Err(Bad::Overflow),
                0..70 => 2000,
                70..100 => 1900,
                _ => 0,
            };
        } else if at.year <= 0 {
            return Err(Bad::Overflow);
        }
    }
    if seen & mask::DAY_OF_YEAR != 0 {
        at.set_julian(julian(at.year, 1, 1) + day_of_year - 1);
    }
    if seen & mask::MONTH != 0 && !(1..=12).contains(&at.month) {
        return Err(Bad::DateOrder);
    }
    if seen & mask::DAY != 0 && !(1..=31).contains(&at.day) {
        return Err(Bad::DateOrder);
    }
    if seen & mask::DATE == mask::DATE && at.day > days_in_month(at.year, at.month) {
        return Err(Bad::Overflow);
    }
    Ok(())
}
