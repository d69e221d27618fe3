//! How fast a checkpoint writes.

use base::Lsn;
use std::time::Duration;

/// Tells whether a checkpoint is ahead of its schedule: it should be done when `target` of the time, or of the log, until the next one has passed.
///
/// Source: PostgreSQL 15 postmaster/checkpointer.c, `IsCheckpointOnSchedule`.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    /// `checkpoint_completion_target`.
    pub target: f64,
    /// `checkpoint_timeout`.
    pub timeout: Duration,
    /// Bytes of log between checkpoints, from `max_wal_size`.
    pub wal_bytes: u64,
    /// When the checkpoint started, on the monotonic clock.
    pub start: Duration,
    /// The end of the log then.
    pub start_lsn: Lsn,
}

impl Pacer {
    /// True if `progress` (0 to 1) is more than is due: the checkpointer may sleep a moment.
    pub fn is_ahead(&self, progress: f64, now: Duration, inserted: Lsn) -> bool {
        let due = progress * self.target;
        let by_log = inserted.0.saturating_sub(self.start_lsn.0) as f64 / self.wal_bytes.max(1) as f64;
        let by_time = now.saturating_sub(self.start).as_secs_f64() / self.timeout.as_secs_f64().max(f64::MIN_POSITIVE);
        due >= by_log && due >= by_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_of_time_and_log_decides() {
        let seconds = Duration::from_secs;
        let pacer =
            Pacer { target: 0.5, timeout: seconds(100), wal_bytes: 1000, start: seconds(10), start_lsn: Lsn(5000) };
        assert!(pacer.is_ahead(0.4, seconds(30), Lsn(5200)));
        assert!(!pacer.is_ahead(0.4, seconds(31), Lsn(5200)));
        assert!(!pacer.is_ahead(0.4, seconds(30), Lsn(5201)));
    }
}
