//! How long the loop may sleep: the time to the nearest of all that is due.

use std::time::Duration;

/// What is due at a time, on the monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Due {
    /// Look whether postmaster.pid is still ours.
    LockFileCheck,
    /// Touch the socket files, lest a cleaner of /tmp remove them.
    SocketTouch,
    /// Threads that were told to end had their time.
    Kill,
    /// Connections may be accepted again, after something ran out.
    AcceptAgain,
    /// Roles that failed may start again.
    RestartRoles,
    /// A state of the shutdown has lasted too long.
    Stalled,
}

/// Time between two looks at postmaster.pid.
pub const LOCK_FILE_CHECK_EVERY: Duration = Duration::from_secs(60);
/// Time between two touches of the socket files.
pub const SOCKET_TOUCH_EVERY: Duration = Duration::from_secs(58 * 60);
/// Time that threads have to end once they were told to at once.
pub const KILL_AFTER: Duration = Duration::from_secs(5);

/// Time that a state of the shutdown may last before everybody is told to end at once. A checkpoint that is under way has more.
pub const STALL_AFTER: Duration = Duration::from_secs(60);

/// What is due when. At most one entry for each kind.
#[derive(Clone, Default, Debug)]
pub struct Deadlines {
    entries: Vec<(Due, Duration)>,
}

impl Deadlines {
    /// Nothing is due.
    pub fn new() -> Deadlines {
        Deadlines::default()
    }

    /// Sets when something is due, in place of what was set before.
    pub fn set(&mut self, due: Due, at: Duration) {
        self.clear(due);
        self.entries.push((due, at));
    }

    /// Sets when something is due, if that is earlier than what was set before.
    pub fn set_earlier(&mut self, due: Due, at: Duration) {
        let earliest = self.at(due).map_or(at, |old| old.min(at));
        self.set(due, earliest);
    }

    /// Nothing of this kind is due.
    pub fn clear(&mut self, due: Due) {
        self.entries.retain(|(other, _)| *other != due);
    }

    /// When this is due.
    pub fn at(&self, due: Due) -> Option<Duration> {
        self.entries.iter().find(|(other, _)| *other == due).map(|(_, at)| *at)
    }

    /// The time to the nearest deadline: none if there is none, zero if one has passed.
    pub fn sleep(&self, now: Duration) -> Option<Duration> {
        self.entries.iter().map(|(_, at)| at.saturating_sub(now)).min()
    }

    /// Takes one that has passed, the earliest first.
    pub fn take_due(&mut self, now: Duration) -> Option<Due> {
        let index = (0..self.entries.len()).filter(|&i| self.entries[i].1 <= now).min_by_key(|&i| self.entries[i].1)?;
        Some(self.entries.remove(index).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::{Clock, ManualClock};

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn sleeps_to_the_nearest_of_all_deadlines() {
        let clock = ManualClock::default();
        let mut deadlines = Deadlines::new();
        assert_eq!(deadlines.sleep(clock.monotonic()), None);
        deadlines.set(Due::LockFileCheck, clock.monotonic() + LOCK_FILE_CHECK_EVERY);
        deadlines.set(Due::SocketTouch, clock.monotonic() + SOCKET_TOUCH_EVERY);
        assert_eq!(deadlines.sleep(clock.monotonic()), Some(s(60)));
        clock.advance(s(57));
        deadlines.set(Due::Kill, clock.monotonic() + KILL_AFTER);
        assert_eq!(deadlines.sleep(clock.monotonic()), Some(s(3)), "the lock file is due before the kill");
        clock.advance(s(3));
        assert_eq!(deadlines.take_due(clock.monotonic()), Some(Due::LockFileCheck));
        assert_eq!(deadlines.sleep(clock.monotonic()), Some(s(2)), "both a kill and a restart may be pending");
        deadlines.set_earlier(Due::RestartRoles, clock.monotonic() + s(1));
        deadlines.set_earlier(Due::RestartRoles, clock.monotonic() + s(30));
        assert_eq!(deadlines.sleep(clock.monotonic()), Some(s(1)));
        clock.advance(s(9));
        assert_eq!(deadlines.sleep(clock.monotonic()), Some(Duration::ZERO), "never below zero");
        assert_eq!(deadlines.take_due(clock.monotonic()), Some(Due::RestartRoles));
        assert_eq!(deadlines.take_due(clock.monotonic()), Some(Due::Kill));
        assert_eq!(deadlines.take_due(clock.monotonic()), None);
    }
}
