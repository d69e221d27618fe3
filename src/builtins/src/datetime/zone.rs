//! Time zones: offsets at instants and at local times, names, POSIX descriptions, abbreviations.

use super::abbreviations::{ABBREVIATIONS, Meaning};
use super::calendar::{Civil, EPOCH_JULIAN, Interval, UNIX_EPOCH_SECONDS, USECS_PER_SECOND};
use crate::{FromDatum, IntervalStyle};
use jiff::tz::{AmbiguousOffset, Dst, TimeZone, db};
use jiff::{Timestamp, civil};
use report::{Error, Result, error};
use tuple::Datum;

/// The calendar repeats every 400 years; zones have no years above 9999.
const CYCLE_SECONDS: i64 = 146_097 * 86_400;
const LAST_YEAR: i32 = 9_900;

/// What a zone says of an instant.
pub(crate) struct Offset {
    /// Seconds east of UTC.
    pub(crate) east: i32,
    pub(crate) abbreviation: String,
}

fn instant(micros: i64) -> Timestamp {
    let mut seconds = micros.div_euclid(USECS_PER_SECOND) + UNIX_EPOCH_SECONDS;
    let last = 250_000_000_000;
    if seconds > last {
        seconds -= ((seconds - last) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
    }
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

/// Seconds east of UTC at a timestamp with time zone.
pub(crate) fn east_at(zone: &TimeZone, micros: i64) -> i32 {
    zone.to_offset(instant(micros)).seconds()
}

pub(crate) fn offset_at(zone: &TimeZone, micros: i64) -> Offset {
    let info = zone.to_offset_info(instant(micros));
    Offset { east: info.offset().seconds(), abbreviation: info.abbreviation().to_owned() }
}

/// Seconds east of UTC at a local time. A time that was skipped takes the offset before, one that came twice that after.
pub(crate) fn east_of_local(zone: &TimeZone, local: &Civil) -> i32 {
    let mut year = local.year;
    if year > LAST_YEAR {
        year -= ((year - LAST_YEAR) / 400 + 1) * 400;
    }
    // Fields may be denormal (24:00:00): the day carries them.
    let mut at = Civil { year, ..*local };
    let time = at.time();
    let day = at.julian() + time.div_euclid(super::calendar::USECS_PER_DAY) as i32;
    at.set_julian(day);
    at.set_time(time.rem_euclid(super::calendar::USECS_PER_DAY));
    let parts = (at.year as i16, at.month as i8, at.day as i8, at.hour as i8, at.minute as i8, at.second as i8);
    let Ok(local) = civil::DateTime::new(parts.0, parts.1, parts.2, parts.3, parts.4, parts.5, 0) else { return 0 };
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.seconds(),
        AmbiguousOffset::Gap { before, .. } => before.seconds(),
        AmbiguousOffset::Fold { after, .. } => after.seconds(),
    }
}

/// The United States' daylight saving time: what a POSIX description that names such a time without saying when means.
const DAYLIGHT_RULE: &str = ",M3.2.0,M11.1.0";

/// The zone of a name in any case or a POSIX description.
pub fn find(name: &str) -> Option<TimeZone> {
    let upper = name.to_ascii_uppercase();
    match upper.as_str() {
        "UTC" | "GMT" | "ZULU" => return Some(TimeZone::UTC),
        _ => {}
    }
    if let Ok(zone) = db().get(name) {
        return Some(zone);
    }
    if let Some(east) = fixed_description(name) {
        return jiff::tz::Offset::from_seconds(east).ok().map(TimeZone::fixed);
    }
    // A bare offset is a description without a name.
    let is_bare = upper.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    let description = if is_bare { format!("<STD>{upper}") } else { upper };
    TimeZone::posix(&description).or_else(|_| TimeZone::posix(&format!("{description}{DAYLIGHT_RULE}"))).ok()
}

/// Seconds east by a description as `hours_east` makes them: `<+10:30>-10:30`, whose name holds a colon.
fn fixed_description(name: &str) -> Option<i32> {
    let (shown, offset) = name.strip_prefix('<')?.split_once('>')?;
    let is_own = shown.contains(':') && shown.get(1..) == offset.get(1..);
    let mut seconds = 0;
    for (part, unit) in offset.get(1..).filter(|_| is_own)?.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i32>().ok()? * unit;
    }
    Some(if shown.starts_with('-') { -seconds } else { seconds })
}

/// The description of the zone that lies this many hours east, as `SET timezone` takes a number: `<+10:30>-10:30`.
pub fn hours_east(hours: f64) -> String {
    let east = (hours * 3600.0) as i64;
    let (minutes, seconds) = (east.abs() / 60, east.abs() % 60);
    let mut offset = format!("{:02}", minutes / 60);
    if minutes % 60 != 0 || seconds != 0 {
        offset += &format!(":{:02}", minutes % 60);
    }
    if seconds != 0 {
        offset += &format!(":{seconds:02}");
    }
    if east < 0 { format!("<-{offset}>+{offset}") } else { format!("<+{offset}>-{offset}") }
}

/// The same for an interval, which `SET TIME ZONE` takes too; `style` is for the message. Errors: 22023 if it counts in months or days.
pub fn interval_east(interval: &Datum, style: IntervalStyle) -> Result<String> {
    let Interval { micros, days, months } = Interval::from_datum(interval);
    let unit = match (months, days) {
        (0, 0) => return Ok(hours_east(micros as f64 / 3_600_000_000.0)),
        (0, _) => "days",
        _ => "months",
    };
    let shown = super::interval_text::print(&Interval { micros, days, months }, style);
    Err(error!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"TimeZone\": \"INTERVAL '{shown}'\"")
        .detail(format!("Cannot specify {unit} in time zone interval.")))
}

/// The same offset at all times, if it is.
pub(crate) fn fixed_east(zone: &TimeZone) -> Option<i32> {
    if let Ok(offset) = zone.to_fixed_offset() {
        return Some(offset.seconds());
    }
    let first = zone.following(Timestamp::MIN).next();
    first.is_none().then(|| zone.to_offset(Timestamp::UNIX_EPOCH).seconds())
}

#[cold]
pub(crate) fn not_recognized(name: &str) -> Error {
    error!(INVALID_PARAMETER_VALUE, "time zone \"{name}\" not recognized")
}

/// A time zone or an abbreviation of one, as pg_timezone_names and pg_timezone_abbrevs show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneInfo {
    /// The zone's name; the abbreviation in capitals.
    pub name: String,
    /// What it is called at the moment asked for.
    pub abbreviation: String,
    /// Seconds east of UTC then.
    pub east: i32,
    /// Daylight saving time is on.
    pub is_daylight: bool,
}

/// All time zones as they are at a timestamp with time zone, in order of name.
pub fn zone_names(micros: i64) -> Vec<ZoneInfo> {
    let at = instant(micros);
    let mut zones: Vec<ZoneInfo> = db()
        .available()
        .filter_map(|name| {
            let name = name.as_str();
            let zone = db().get(name).ok()?;
            let info = zone.to_offset_info(at);
            let (abbreviation, east) = (info.abbreviation().to_owned(), info.offset().seconds());
            Some(ZoneInfo { name: name.to_owned(), abbreviation, east, is_daylight: info.dst() == Dst::Yes })
        })
        .collect();
    zones.sort_by(|a, b| a.name.cmp(&b.name));
    zones
}

/// All abbreviations that input takes, as they are at a timestamp with time zone.
pub fn zone_abbreviations(micros: i64) -> Vec<ZoneInfo> {
    let row = |(token, meaning): &(&str, Meaning)| {
        let (east, is_daylight) = match *meaning {
            Meaning::Standard(east) => (east, false),
            Meaning::Daylight(east) => (east, true),
            Meaning::Zone(name) => abbreviation_east(&find(name)?, token, micros)?,
        };
        let name = token.to_ascii_uppercase();
        Some(ZoneInfo { abbreviation: name.clone(), name, east, is_daylight })
    };
    ABBREVIATIONS.iter().filter_map(row).collect()
}

/// What a lower-case abbreviation means, if it is one.
pub(crate) fn abbreviation(token: &str) -> Option<Meaning> {
    let at = ABBREVIATIONS.binary_search_by_key(&token, |a| a.0).ok()?;
    Some(ABBREVIATIONS[at].1)
}

/// Seconds east of UTC that an abbreviation means in a zone whose meaning of it changes, at a time near `micros` (UTC).
/// None if the zone never used it.
pub(crate) fn abbreviation_east(zone: &TimeZone, abbreviation: &str, micros: i64) -> Option<(i32, bool)> {
    let upper = abbreviation.to_ascii_uppercase();
    let at = instant(micros);
    let now = zone.to_offset_info(at);
    if now.abbreviation() == upper {
        return Some((now.offset().seconds(), now.dst() == Dst::Yes));
    }
    let earlier = zone.preceding(at).find(|t| t.abbreviation() == upper);
    let found = earlier.or_else(|| zone.following(at).take(2000).find(|t| t.abbreviation() == upper))?;
    Some((found.offset().seconds(), found.dst() == Dst::Yes))
}

/// A zone by abbreviation or name, for AT TIME ZONE.
pub(crate) enum Named {
    /// Seconds east of UTC.
    Fixed(i32),
    /// An abbreviation whose meaning depends on the time.
    Dynamic(TimeZone),
    Zone(TimeZone),
}

/// Errors: 22023 if there is no such zone.
pub(crate) fn named(name: &str) -> report::Result<Named> {
    match abbreviation(&name.to_ascii_lowercase()) {
        Some(Meaning::Standard(east) | Meaning::Daylight(east)) => Ok(Named::Fixed(east)),
        Some(Meaning::Zone(zone)) => find(zone).map(Named::Dynamic).ok_or_else(|| not_recognized(name)),
        None => find(name).map(Named::Zone).ok_or_else(|| not_recognized(name)),
    }
}

impl Named {
    /// Seconds east of UTC at a local time.
    pub(crate) fn east_of_local(&self, name: &str, local: &Civil) -> i32 {
        match self {
            Named::Fixed(east) => *east,
            Named::Zone(zone) => east_of_local(zone, local),
            Named::Dynamic(zone) => {
                let plain = east_of_local(zone, local);
                abbreviation_east(zone, name, utc_micros(local, plain)).map_or(plain, |(east, _)| east)
            }
        }
    }

    /// Seconds east of UTC at an instant.
    pub(crate) fn east_at(&self, name: &str, micros: i64) -> i32 {
        match self {
            Named::Fixed(east) => *east,
            Named::Zone(zone) => east_at(zone, micros),
            Named::Dynamic(zone) => {
                abbreviation_east(zone, name, micros).map_or_else(|| east_at(zone, micros), |(east, _)| east)
            }
        }
    }
}

/// The instant of a local time at an offset, not checked for range.
pub(crate) fn utc_micros(local: &Civil, east: i32) -> i64 {
    let days = i64::from(local.julian()) - i64::from(EPOCH_JULIAN);
    let micros = days.saturating_mul(super::calendar::USECS_PER_DAY).saturating_add(local.time());
    micros.saturating_sub(i64::from(east) * USECS_PER_SECOND)
}
