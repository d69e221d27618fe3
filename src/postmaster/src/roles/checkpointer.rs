//! The checkpointer: a checkpoint when one is due by time, when one is asked for, and the last one at shutdown.
//!
//! While the log is redone none can be made: the log says where the next start has to begin until redo is done.

use crate::checkpoints::Wanted;
use crate::shared::RoleContext;
use crate::storage::Running;
use base::Lsn;
use config::Setting;
use host::Clock;
use instance::ClusterCounter;
use recovery::{CheckpointKind, CheckpointOutcome, CheckpointStats, Pacer};
use report::{Error, Result, Severity, SqlState};
use std::time::Duration;
use sync::Interrupt;

/// A pause in the writing of a checkpoint that is ahead of its schedule.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause after a checkpoint that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

struct Checkpointer {
    role: RoleContext,
    running: Running,
    /// When the last one began, on the monotonic clock.
    last: Duration,
    /// The end of the log after it: while nothing is added, none is due.
    last_end: Lsn,
}

/// Makes checkpoints until told to make the last one.
pub fn run(role: RoleContext) -> Result<()> {
    let running = role.running()?;
    role.shared.checkpoints.attend(&role.interrupts);
    let last = running.clock().monotonic();
    Checkpointer { role, running, last, last_end: Lsn::INVALID }.serve()
}

impl Checkpointer {
    fn serve(mut self) -> Result<()> {
        loop {
            let interrupts = self.role.interrupts.clone();
            if interrupts.is_pending(Interrupt::Quit) {
                return Ok(());
            }
            if self.role.is_told_to_finish() {
                return self.shut_down();
            }
            interrupts.take(Interrupt::Work);
            interrupts.take(Interrupt::ConfigReload);
            match self.due() {
                Ok(wanted) => self.checkpoint(wanted)?,
                Err(time) => self.role.sleep(Some(time))?,
            }
        }
    }

    /// What is to be made now, or how long to sleep. The time to the next one by time begins when redo is done.
    fn due(&mut self) -> Result<Wanted, Duration> {
        let timeout = self.role.shared.settings.duration(Setting::CheckpointTimeout);
        let now = self.clock().monotonic();
        if !self.running.engine.is_started() {
            self.last = now;
            return Err(timeout);
        }
        let elapsed = now.saturating_sub(self.last);
        let wanted = self.role.shared.checkpoints.begin(elapsed >= timeout);
        wanted.ok_or_else(|| timeout.saturating_sub(elapsed))
    }

    fn clock(&self) -> &dyn Clock {
        self.running.clock()
    }

    /// Makes one. Errors: PANIC; anything else is logged, and another one will be tried.
    fn checkpoint(&mut self, wanted: Wanted) -> Result<()> {
        let now = self.clock().monotonic();
        self.warn_if_too_often(wanted, now);
        self.last = now;
        let outcome = self.write(wanted);
        self.role.shared.checkpoints.end(outcome.is_ok());
        match outcome {
            Ok(()) => Ok(()),
            Err(error) if error.fields().severity == Severity::Panic => Err(error),
            // Told to quit in the middle of it.
            Err(_) if self.role.interrupts.is_pending(Interrupt::Quit) => Ok(()),
            Err(error) => {
                self.role.log.log(&error);
                self.role.interrupts.latch().wait(Some(PAUSE_AFTER_FAILURE));
                Ok(())
            }
        }
    }

    fn write(&mut self, wanted: Wanted) -> Result<()> {
        let settings = &self.role.shared.settings;
        let engine = self.running.engine.clone();
        let kind = match wanted {
            Wanted { end_of_recovery: true, .. } => CheckpointKind::EndOfRecovery,
            Wanted { force: true, .. } => CheckpointKind::Forced,
            _ => CheckpointKind::Online,
        };
        let is_idle = kind == CheckpointKind::Online && engine.store().wal.inserted() == self.last_end;
        let logs = settings.bool(Setting::LogCheckpoints) && !is_idle;
        if logs {
            self.role.log.say(format!("checkpoint starting:{}", describe(wanted)));
        }
        let flush_after = settings.int(Setting::CheckpointFlushAfter);
        engine.store().buffers.set_checkpoint_flush_after(u32::try_from(flush_after).unwrap_or(0));
        let pacer = self.pacer();
        let mut pace = |progress: buffer::WriteProgress| self.pause(wanted, &pacer, progress);
        let may_remove = |segment: &str| self.role.shared.may_remove_segment(segment);
        let outcome = engine.checkpoint(kind, &mut pace, &may_remove)?;
        if let CheckpointOutcome::Done(stats) = outcome {
            self.count(wanted, &stats);
            if logs {
                self.role.log.say(stats.to_string());
            }
        }
        self.last_end = engine.store().wal.inserted();
        Ok(())
    }

    fn count(&self, wanted: Wanted, stats: &CheckpointStats) {
        let us = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let statistics = self.running.instance.statistics.cluster();
        let is_timed = wanted == Wanted::default();
        let which = if is_timed { ClusterCounter::CheckpointsTimed } else { ClusterCounter::CheckpointsRequested };
        statistics.add(which, 1);
        statistics.add(ClusterCounter::CheckpointWriteUs, us(stats.write_time));
        statistics.add(ClusterCounter::CheckpointSyncUs, us(stats.sync.total));
    }

    fn pacer(&self) -> Pacer {
        let settings = &self.role.shared.settings;
        let target = settings.real(Setting::CheckpointCompletionTarget);
        Pacer {
            target,
            timeout: settings.duration(Setting::CheckpointTimeout),
            wal_bytes: log_between_checkpoints(settings.int(Setting::MaxWalSize), target),
            start: self.clock().monotonic(),
            start_lsn: self.running.engine.store().wal.inserted(),
        }
    }

    /// Called after each page: sleeps a moment if the checkpoint is ahead of its schedule.
    fn pause(&self, wanted: Wanted, pacer: &Pacer, progress: buffer::WriteProgress) -> Result<()> {
        let interrupts = &self.role.interrupts;
        if interrupts.is_pending(Interrupt::Quit) {
            return Err(Error::internal("checkpoint abandoned"));
        }
        let hurry = wanted.immediate || self.role.is_told_to_finish() || self.role.shared.checkpoints.wants_haste();
        let done = progress.done as f64 / progress.total.max(1) as f64;
        let inserted = self.running.engine.store().wal.inserted();
        if !hurry && pacer.is_ahead(done, self.clock().monotonic(), inserted) {
            interrupts.latch().wait(Some(PAUSE));
        }
        Ok(())
    }

    fn warn_if_too_often(&self, wanted: Wanted, now: Duration) {
        let limit = self.role.shared.settings.duration(Setting::CheckpointWarning);
        let elapsed = now.saturating_sub(self.last);
        if wanted.by_log && !limit.is_zero() && elapsed < limit {
            let (seconds, plural) = (elapsed.as_secs(), if elapsed.as_secs() == 1 { "" } else { "s" });
            let text = format!("checkpoints are occurring too frequently ({seconds} second{plural} apart)");
            let hint = "Consider increasing the configuration parameter \"max_wal_size\".";
            self.role.log.log(&Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text).hint(hint));
        }
    }

    /// Nobody else writes any more. If redo was not done there is nothing to add to the log: the next start redoes it.
    fn shut_down(&self) -> Result<()> {
        if !self.running.engine.is_started() {
            return Ok(());
        }
        let logs = self.role.shared.settings.bool(Setting::LogCheckpoints);
        if logs {
            self.role.log.say("checkpoint starting: shutdown immediate");
        }
        let (desk, may_remove) =
            (&self.role.shared.checkpoints, |segment: &str| self.role.shared.may_remove_segment(segment));
        desk.begin(true);
        let outcome = self.running.engine.shutdown(&may_remove);
        desk.end(outcome.is_ok());
        if let CheckpointOutcome::Done(stats) = outcome?
            && logs
        {
            self.role.log.say(stats.to_string());
        }
        Ok(())
    }
}

/// Bytes of log between two checkpoints, so that the log of two of them stays within `max_wal_size`.
pub fn log_between_checkpoints(max_wal_size_mb: i32, target: f64) -> u64 {
    let bytes = f64::from(max_wal_size_mb) * 1_048_576.0 / (1.0 + target);
    (bytes as u64).max(16 << 20)
}

fn describe(wanted: Wanted) -> String {
    let words = [
        (wanted.end_of_recovery, " end-of-recovery"),
        (wanted.immediate, " immediate"),
        (wanted.force, " force"),
        (wanted.by_log, " wal"),
        (wanted == Wanted::default(), " time"),
    ];
    words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why_as_postgres_does() {
        assert_eq!(describe(Wanted::default()), " time");
        assert_eq!(describe(Wanted { by_log: true, ..Wanted::default() }), " wal");
        assert_eq!(describe(Wanted { immediate: true, force: true, ..Wanted::default() }), " immediate force");
    }
}
