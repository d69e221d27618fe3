//! When to start a role again that has failed.

use std::time::Duration;

/// The pause after the second failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A role that ran for this long starts with a clean slate.
const GOOD_RUN: Duration = Duration::from_secs(60);

/// The failures of one role in a row.
#[derive(Clone, Copy, Default, Debug)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes a failure after so long a run. Returns the pause before the next start: none after the first failure.
    pub fn failed(&mut self, ran_for: Duration) -> Duration {
        if ran_for >= GOOD_RUN {
            self.failures = 0;
        }
        self.failures += 1;
        match self.failures {
            1 => Duration::ZERO,
            n => FIRST_PAUSE.saturating_mul(1 << (n - 2).min(6)).min(PAUSE_MAX),
        }
    }

    /// Forgets the failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_first_then_slower_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..9).map(|_| backoff.failed(Duration::ZERO).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.failed(GOOD_RUN), Duration::ZERO);
    }
}
