//! Time zones by the names that `SET TIME ZONE` takes.

use jiff::tz::TimeZone;

/// The zone of this name, in any case, or of a POSIX description such as `<+03>-3`; UTC if there is none. The setting's
/// check hook has refused names that mean nothing.
pub fn time_zone(name: &str) -> TimeZone {
    find(name).unwrap_or(TimeZone::UTC)
}

/// The zone of this name or description.
pub fn find(name: &str) -> Option<TimeZone> {
    builtins::find_time_zone(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_descriptions_are_found() {
        assert!(find("america/los_angeles").is_some());
        assert!(find("<+03>-3").is_some());
        assert!(find("00:30").is_some());
        assert!(find("FOO8BAR").is_some());
        assert!(find("nowhere").is_none());
    }
}
