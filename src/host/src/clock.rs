//! Time as a trait.

use crate::CpuTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A monotonic clock and a wall clock.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Microseconds since 1970-01-01 UTC.
    fn wall_us(&self) -> i64;
    /// Lets time pass.
    fn sleep(&self, time: Duration);
    /// The processor time that the calling thread has used; none if the clock knows nothing of it.
    fn cpu(&self) -> CpuTime {
        CpuTime::default()
    }

    /// The processor time that all threads have used.
    fn cpu_of_process(&self) -> CpuTime {
        CpuTime::default()
    }
}

/// The machine's clocks.
#[derive(Debug)]
pub struct RealClock {
    start: Instant,
}

impl RealClock {
    /// Monotonic time counts from now.
    #[allow(clippy::new_without_default)]
    pub fn new() -> RealClock {
        RealClock { start: Instant::now() }
    }
}

impl Clock for RealClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall_us(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        }
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn cpu(&self) -> CpuTime {
        crate::cpu::of_thread()
    }

    fn cpu_of_process(&self) -> CpuTime {
        crate::cpu::of_process()
    }
}

/// A clock that moves when told, and by what is slept on it.
#[derive(Debug, Default)]
pub struct ManualClock {
    elapsed_us: AtomicU64,
}

/// Where a [`ManualClock`]'s wall clock starts: 2026-01-01 00:00:00 UTC.
const MANUAL_EPOCH_US: i64 = 1_767_225_600_000_000;

impl ManualClock {
    /// Moves it on.
    pub fn advance(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.elapsed_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.elapsed_us.load(Ordering::Relaxed))
    }

    fn wall_us(&self) -> i64 {
        MANUAL_EPOCH_US.saturating_add_unsigned(self.elapsed_us.load(Ordering::Relaxed))
    }

    fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_by_sleep() {
        let clock = ManualClock::default();
        clock.sleep(Duration::from_secs(2));
        assert_eq!(clock.monotonic(), Duration::from_secs(2));
        assert_eq!(clock.wall_us(), MANUAL_EPOCH_US + 2_000_000);
    }

    #[test]
    fn real_clock_is_past_2025() {
        assert!(RealClock::new().wall_us() > MANUAL_EPOCH_US - 366 * 86_400_000_000);
    }
}
