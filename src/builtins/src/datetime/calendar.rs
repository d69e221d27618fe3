//! The calendar: proleptic Gregorian dates as day numbers and back, the values of the types, and their limits.

use crate::{FromDatum, IntoDatum};
use tuple::Datum;

pub(crate) const USECS_PER_SECOND: i64 = 1_000_000;
pub(crate) const USECS_PER_MINUTE: i64 = 60 * USECS_PER_SECOND;
pub(crate) const USECS_PER_HOUR: i64 = 60 * USECS_PER_MINUTE;
pub(crate) const USECS_PER_DAY: i64 = 24 * USECS_PER_HOUR;
/// The Julian day of 2000-01-01.
pub(crate) const EPOCH_JULIAN: i32 = 2_451_545;
/// Days from 1970-01-01 to 2000-01-01.
pub(crate) const UNIX_EPOCH_DAYS: i64 = 10_957;
/// Seconds from 1970-01-01 to 2000-01-01.
pub(crate) const UNIX_EPOCH_SECONDS: i64 = UNIX_EPOCH_DAYS * 86_400;
pub(crate) const NEVER_BEFORE: i64 = i64::MIN;
pub(crate) const NEVER_AFTER: i64 = i64::MAX;
pub(crate) const DATE_NEVER_BEFORE: i32 = i32::MIN;
pub(crate) const DATE_NEVER_AFTER: i32 = i32::MAX;
/// 4714-11-24 BC, the first timestamp.
pub(crate) const TIMESTAMP_MIN: i64 = -211_813_488_000_000_000;
/// 294277-01-01, the first timestamp too late.
pub(crate) const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;
/// Julian day of 294277-01-01.
pub(crate) const TIMESTAMP_END_JULIAN: i32 = 109_203_528;
/// Julian day of 5874898-01-01, the first date too late.
pub(crate) const DATE_END_JULIAN: i32 = 2_147_483_494;

pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub(crate) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A date and time of day in no particular zone. Year 0 is 1 BC.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    pub(crate) second: i32,
    pub(crate) micros: i32,
}

/// An interval: its parts are independent, only comparison adds them up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Interval {
    pub(crate) micros: i64,
    pub(crate) days: i32,
    pub(crate) months: i32,
}

/// A time of day with the seconds west of UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeTz {
    pub(crate) micros: i64,
    pub(crate) zone: i32,
}

impl FromDatum<'_> for Interval {
    fn from_datum(datum: &Datum) -> Interval {
        let bytes = datum.as_bytes();
        Interval {
            micros: i64::from_le_bytes(bytes[..8].try_into().expect("interval of 16 bytes")),
            days: i32::from_le_bytes(bytes[8..12].try_into().expect("interval of 16 bytes")),
            months: i32::from_le_bytes(bytes[12..16].try_into().expect("interval of 16 bytes")),
        }
    }
}

impl IntoDatum for Interval {
    fn into_datum(self) -> Datum {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.micros.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.days.to_le_bytes());
        bytes[12..].copy_from_slice(&self.months.to_le_bytes());
        Datum::bytes(&bytes)
    }
}

impl FromDatum<'_> for TimeTz {
    fn from_datum(datum: &Datum) -> TimeTz {
        let bytes = datum.as_bytes();
        TimeTz {
            micros: i64::from_le_bytes(bytes[..8].try_into().expect("timetz of 12 bytes")),
            zone: i32::from_le_bytes(bytes[8..12].try_into().expect("timetz of 12 bytes")),
        }
    }
}

impl IntoDatum for TimeTz {
    fn into_datum(self) -> Datum {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.micros.to_le_bytes());
        bytes[8..].copy_from_slice(&self.zone.to_le_bytes());
        Datum::bytes(&bytes)
    }
}

pub(crate) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The Julian day of a date; the month may lie outside 1 to 12. Wraps around far outside the types' ranges.
pub(crate) fn julian(year: i32, month: i32, day: i32) -> i32 {
    let shifted =
        if month > 2 { (year as i64 + 4800, month as i64 + 1) } else { (year as i64 + 4799, month as i64 + 13) };
    let (year, month) = shifted;
    let century = year.div_euclid(100);
    let days = year * 365 - 32_167 + year.div_euclid(4) - century + century.div_euclid(4);
    (days + 7834 * month / 256 + i64::from(day)) as i32
}

/// The year, month and day of a Julian day.
pub(crate) fn from_julian(day: i32) -> (i32, i32, i32) {
    let z = i64::from(day) - 1_721_120;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as i32, (of_year - (153 * shifted + 2) / 5 + 1) as i32)
}

/// 0 is Sunday.
pub(crate) fn weekday(julian_day: i32) -> i32 {
    (i64::from(julian_day) + 1).rem_euclid(7) as i32
}

/// A Julian day that dates can have; later than the range of timestamps.
pub(crate) fn is_valid_julian(year: i32, month: i32) -> bool {
    (year > -4713 || (year == -4713 && month >= 11)) && (year < 5_874_898 || (year == 5_874_898 && month < 6))
}

pub(crate) fn is_valid_timestamp(micros: i64) -> bool {
    (TIMESTAMP_MIN..TIMESTAMP_END).contains(&micros)
}

pub(crate) fn time_of(hour: i32, minute: i32, second: i32, micros: i32) -> i64 {
    (i64::from(hour) * 60 + i64::from(minute)) * USECS_PER_MINUTE
        + i64::from(second) * USECS_PER_SECOND
        + i64::from(micros)
}

impl Civil {
    /// The microseconds since midnight.
    pub(crate) fn time(&self) -> i64 {
        time_of(self.hour, self.minute, self.second, self.micros)
    }

    pub(crate) fn set_time(&mut self, time: i64) {
        self.hour = (time / USECS_PER_HOUR) as i32;
        self.minute = (time / USECS_PER_MINUTE % 60) as i32;
        self.second = (time / USECS_PER_SECOND % 60) as i32;
        self.micros = (time % USECS_PER_SECOND) as i32;
    }

    pub(crate) fn julian(&self) -> i32 {
        julian(self.year, self.month, self.day)
    }

    pub(crate) fn set_julian(&mut self, day: i32) {
        (self.year, self.month, self.day) = from_julian(day);
    }

    /// The date and time of a finite timestamp.
    pub(crate) fn of_timestamp(micros: i64) -> Civil {
        let mut civil = Civil::default();
        civil.set_julian((micros.div_euclid(USECS_PER_DAY) + i64::from(EPOCH_JULIAN)) as i32);
        civil.set_time(micros.rem_euclid(USECS_PER_DAY));
        civil
    }

    /// The timestamp, none outside the range.
    pub(crate) fn to_timestamp(self) -> Option<i64> {
        if !is_valid_julian(self.year, self.month) {
            return None;
        }
        let days = i64::from(self.julian()) - i64::from(EPOCH_JULIAN);
        let micros = days.checked_mul(USECS_PER_DAY)?.checked_add(self.time())?;
        is_valid_timestamp(micros).then_some(micros)
    }
}

/// Rounds to `precision` decimals of a second; negative precision means no rounding.
pub(crate) fn round_micros(micros: i64, precision: i32) -> i64 {
    const SCALES: [i64; 7] = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];
    let Some(&scale) = usize::try_from(precision).ok().and_then(|p| SCALES.get(p)) else { return micros };
    let half = scale / 2;
    if micros >= 0 { (micros.saturating_add(half)) / scale * scale } else { -((half - micros) / scale * scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (date, day) in [((2000, 1, 1), EPOCH_JULIAN), ((-4713, 11, 24), 0), ((1970, 1, 1), 2_440_588)] {
            assert_eq!(julian(date.0, date.1, date.2), day);
            assert_eq!(from_julian(day), date);
        }
        assert_eq!(from_julian(DATE_END_JULIAN), (5_874_898, 1, 1));
        assert_eq!(from_julian(TIMESTAMP_END_JULIAN), (294_277, 1, 1));
        assert_eq!(weekday(EPOCH_JULIAN), 6);
    }
}
