//! Times in the log's time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use std::sync::Arc;

/// The zone that `log_timezone` names, looked up once.
pub(crate) struct Zone(Mutex<(Arc<str>, TimeZone)>);

impl Zone {
    pub(crate) fn new() -> Zone {
        Zone(Mutex::new(("".into(), TimeZone::UTC)))
    }

    /// The zone of this name; UTC if there is none, because a log line must not fail.
    pub(crate) fn by_name(&self, name: &Arc<str>) -> TimeZone {
        let mut known = self.0.lock();
        if known.0 != *name {
            let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
            *known = (name.clone(), zone);
        }
        known.1.clone()
    }
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zone")
    }
}

/// `2026-01-01 00:00:00 UTC`, or with milliseconds `2026-01-01 00:00:00.123 UTC`.
pub(crate) fn stamp(us: i64, zone: &TimeZone, with_ms: bool) -> String {
    let Ok(time) = Timestamp::from_microsecond(us) else { return us.to_string() };
    let info = zone.to_offset_info(time);
    let local = info.offset().to_datetime(time);
    let (date, clock) = (local.date(), local.time());
    let ms = if with_ms { format!(".{:03}", clock.millisecond()) } else { String::new() };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{ms} {}",
        date.year(),
        date.month(),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        abbreviation(info.abbreviation(), zone)
    )
}

/// PostgreSQL's default zone calls itself GMT.
fn abbreviation<'a>(found: &'a str, zone: &TimeZone) -> &'a str {
    if zone.iana_name() == Some("GMT") { "GMT" } else { found }
}

/// A file name from a strftime pattern.
pub(crate) fn strftime(pattern: &str, us: i64, zone: &TimeZone) -> String {
    let Ok(time) = Timestamp::from_microsecond(us) else { return pattern.to_owned() };
    let zoned = time.to_zoned(zone.clone());
    jiff::fmt::strtime::format(pattern, &zoned).unwrap_or_else(|_| pattern.to_owned())
}

/// Seconds by which the zone is east of UTC at that time.
pub(crate) fn offset_seconds(us: i64, zone: &TimeZone) -> i64 {
    Timestamp::from_microsecond(us).map_or(0, |time| i64::from(zone.to_offset(time).seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_in_the_named_zone() {
        let zone = Zone::new();
        let us = 1_767_225_600_123_456;
        assert_eq!(stamp(us, &zone.by_name(&"GMT".into()), true), "2026-01-01 00:00:00.123 GMT");
        assert_eq!(stamp(us, &zone.by_name(&"Europe/Berlin".into()), false), "2026-01-01 01:00:00 CET");
        assert_eq!(stamp(us, &zone.by_name(&"Etc/UTC".into()), false), "2026-01-01 00:00:00 UTC");
        assert_eq!(strftime("pg-%Y-%m-%d_%H%M%S.log", us, &TimeZone::UTC), "pg-2026-01-01_000000.log");
    }
}
