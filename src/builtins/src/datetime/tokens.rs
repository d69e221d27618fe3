//! Splitting date and time input into fields, and the words that mean something in it.

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Digits, perhaps with a decimal point.
    Number,
    /// Digits and delimiters, or a name with punctuation.
    Date,
    /// Digits and colons.
    Time,
    /// A word.
    Word,
    /// A sign and a word.
    Special,
    /// A sign and digits.
    Zone,
}

pub(super) type Field = (Kind, String);

const FIELDS_MAX: usize = 25;
const INPUT_BYTES_MAX: usize = 153;

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn take_while(&mut self, out: &mut String, accept: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && accept(self.peek()) {
            self.push(out);
        }
    }

    fn push(&mut self, out: &mut String) {
        out.push(self.peek().to_ascii_lowercase() as char);
        self.at += 1;
    }
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Splits input into lower-case fields; none if it cannot be a date or time.
pub(super) fn split(text: &str) -> Option<Vec<Field>> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let mut fields = Vec::new();
    let mut total = 0;
    while scanner.at < scanner.bytes.len() {
        let first = scanner.peek();
        if is_space(first) {
            scanner.at += 1;
            continue;
        }
        if fields.len() >= FIELDS_MAX {
            return None;
        }
        let mut field = String::new();
        let kind = match first {
            b'0'..=b'9' => digits(&mut scanner, &mut field),
            b'.' => {
                scanner.push(&mut field);
                scanner.take_while(&mut field, |b| b.is_ascii_digit());
                Kind::Number
            }
            b'a'..=b'z' | b'A'..=b'Z' => word(&mut scanner, &mut field),
            b'+' | b'-' => signed(&mut scanner, &mut field)?,
            _ if first.is_ascii_punctuation() => {
                scanner.at += 1;
                continue;
            }
            _ => return None,
        };
        total += field.len() + 1;
        if total > INPUT_BYTES_MAX {
            return None;
        }
        fields.push((kind, field));
    }
    Some(fields)
}

fn digits(scanner: &mut Scanner<'_>, field: &mut String) -> Kind {
    scanner.take_while(field, |b| b.is_ascii_digit());
    let delimiter = scanner.peek();
    match delimiter {
        b':' => {
            scanner.take_while(field, |b| b.is_ascii_digit() || b == b':' || b == b'.');
            Kind::Time
        }
        b'-' | b'/' | b'.' => {
            scanner.push(field);
            if !scanner.peek().is_ascii_digit() {
                scanner.take_while(field, |b| b.is_ascii_alphanumeric() || b == delimiter);
                return Kind::Date;
            }
            scanner.take_while(field, |b| b.is_ascii_digit());
            if scanner.peek() != delimiter {
                return if delimiter == b'.' { Kind::Number } else { Kind::Date };
            }
            scanner.take_while(field, |b| b.is_ascii_digit() || b == delimiter);
            Kind::Date
        }
        _ => Kind::Number,
    }
}

fn word(scanner: &mut Scanner<'_>, field: &mut String) -> Kind {
    scanner.take_while(field, |b| b.is_ascii_alphabetic());
    let is_date = match scanner.peek() {
        b'-' | b'/' | b'.' => true,
        b'+' | b'0'..=b'9' => keyword(field).is_none(),
        _ => false,
    };
    if is_date {
        let more = |b: u8| matches!(b, b'+' | b'-' | b'/' | b'_' | b'.' | b':') || b.is_ascii_alphanumeric();
        scanner.take_while(field, more);
        return Kind::Date;
    }
    Kind::Word
}

fn signed(scanner: &mut Scanner<'_>, field: &mut String) -> Option<Kind> {
    scanner.push(field);
    while is_space(scanner.peek()) {
        scanner.at += 1;
    }
    match scanner.peek() {
        b'0'..=b'9' => {
            scanner.take_while(field, |b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'-'));
            Some(Kind::Zone)
        }
        b if b.is_ascii_alphabetic() => {
            scanner.take_while(field, |b| b.is_ascii_alphabetic());
            Some(Kind::Special)
        }
        _ => None,
    }
}

/// A field of a date or time, by the names of units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Julian,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Zone,
    ZoneHour,
    ZoneMinute,
    /// The `t` before an ISO time.
    IsoTime,
    Epoch,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reserved {
    Early,
    Late,
    Epoch,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    Midnight,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word {
    Reserved(Reserved),
    Ad,
    Bc,
    Am,
    Pm,
    Month(i32),
    Weekday,
    Ignored,
    Unit(Unit),
    /// `dst`.
    DaylightModifier,
    IsoTime,
}

/// How much of a word counts.
const WORD_CHARS: usize = 10;

fn significant(token: &str) -> &str {
    token.get(..WORD_CHARS).unwrap_or(token)
}

/// A word of date and time input, in lower case.
pub(super) fn keyword(token: &str) -> Option<Word> {
    Some(match significant(token) {
        "-infinity" => Word::Reserved(Reserved::Early),
        "infinity" => Word::Reserved(Reserved::Late),
        "epoch" => Word::Reserved(Reserved::Epoch),
        "now" => Word::Reserved(Reserved::Now),
        "today" => Word::Reserved(Reserved::Today),
        "tomorrow" => Word::Reserved(Reserved::Tomorrow),
        "yesterday" => Word::Reserved(Reserved::Yesterday),
        "allballs" => Word::Reserved(Reserved::Midnight),
        "ad" => Word::Ad,
        "bc" => Word::Bc,
        "am" => Word::Am,
        "pm" => Word::Pm,
        "jan" | "january" => Word::Month(1),
        "feb" | "february" => Word::Month(2),
        "mar" | "march" => Word::Month(3),
        "apr" | "april" => Word::Month(4),
        "may" => Word::Month(5),
        "jun" | "june" => Word::Month(6),
        "jul" | "july" => Word::Month(7),
        "aug" | "august" => Word::Month(8),
        "sep" | "sept" | "september" => Word::Month(9),
        "oct" | "october" => Word::Month(10),
        "nov" | "november" => Word::Month(11),
        "dec" | "december" => Word::Month(12),
        "sun" | "sunday" | "mon" | "monday" | "tue" | "tues" | "tuesday" | "wed" | "weds" | "wednesday" | "thu"
        | "thur" | "thurs" | "thursday" | "fri" | "friday" | "sat" | "saturday" => Word::Weekday,
        "at" | "on" => Word::Ignored,
        "d" => Word::Unit(Unit::Day),
        "h" => Word::Unit(Unit::Hour),
        "m" => Word::Unit(Unit::Month),
        "mm" => Word::Unit(Unit::Minute),
        "s" => Word::Unit(Unit::Second),
        "y" => Word::Unit(Unit::Year),
        "j" | "jd" | "julian" => Word::Unit(Unit::Julian),
        "dow" => Word::Unit(Unit::DayOfWeek),
        "doy" => Word::Unit(Unit::DayOfYear),
        "isodow" => Word::Unit(Unit::IsoDayOfWeek),
        "isoyear" => Word::Unit(Unit::IsoYear),
        "dst" => Word::DaylightModifier,
        "t" => Word::IsoTime,
        _ => return None,
    })
}

/// A word of interval input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Delta {
    Unit(Unit),
    Ago,
}

/// A unit of intervals, or `ago`.
pub(super) fn delta(token: &str) -> Option<Delta> {
    Some(Delta::Unit(match significant(token) {
        "ago" => return Some(Delta::Ago),
        "c" | "cent" | "century" | "centuries" => Unit::Century,
        "d" | "day" | "days" => Unit::Day,
        "dec" | "decs" | "decade" | "decades" => Unit::Decade,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "microsecon" | "us" | "usec" | "usecs" | "useconds" | "usecond" => Unit::Microsecond,
        "millisecon" | "ms" | "msec" | "msecs" | "mseconds" | "msecond" => Unit::Millisecond,
        "mil" | "mils" | "millennia" | "millennium" => Unit::Millennium,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "qtr" | "quarter" => Unit::Quarter,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "timezone" => Unit::Zone,
        "timezone_h" => Unit::ZoneHour,
        "timezone_m" => Unit::ZoneMinute,
        "w" | "week" | "weeks" => Unit::Week,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        _ => return None,
    }))
}
