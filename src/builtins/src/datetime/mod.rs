//! Dates, times, timestamps and intervals.
//!
//! `calendar` has the arithmetic of days and the values, `zone` and `abbreviations` what time zones say, `tokens` and
//! `decode` read input, `print` writes output, `interval_text` and `interval_iso` do both for intervals; the types' own
//! functions are in `date`, `time`, `timestamp`, `interval`.

mod abbreviations;
pub(crate) mod calendar;
pub(crate) mod date;
pub(crate) mod decode;
pub(crate) mod extract;
pub(crate) mod interval;
mod interval_iso;
pub(crate) mod interval_text;
mod print;
pub(crate) mod shared;
#[cfg(test)]
mod tests;
pub(crate) mod time;
pub(crate) mod timestamp;
mod tokens;
pub(crate) mod zone;
