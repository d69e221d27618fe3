//! Checkpoints.
//!
//! 1. The redo point is fixed: from now on the first change of each page logs its image.
//! 2. Commits whose record is before it are brought into the commit log, and that is written.
//! 3. All pages that are dirty are written, at the caller's pace, and the states of prepared transactions; then all files that were written are
//!    synced.
//! 4. The checkpoint record is logged and flushed; the control file names it.
//! 5. Segments before the redo point are recycled or removed.
//!
//! A failure before step 4 leaves the earlier checkpoint in force.

use crate::control::DatabaseState;
use crate::engine::Engine;
use crate::xlog::{CheckpointRecord, XLOG_CHECKPOINT_ONLINE, XLOG_CHECKPOINT_SHUTDOWN};
use base::{Lsn, Xid};
use buffer::{WriteProgress, WriteStats};
use report::{Error, Result, Severity, SqlState};
use smgr::SyncStats;
use std::fmt;
use std::time::Duration;
use wal::{Insertion, RecycleStats, RmgrId};

/// Why a checkpoint is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckpointKind {
    /// The last one: nobody else writes any more.
    Shutdown,
    /// After redo, before or while sessions come.
    EndOfRecovery,
    /// While serving. Skipped if nothing was logged since the last one.
    Online,
    /// While serving, even if nothing was logged (`CHECKPOINT`).
    Forced,
    /// The first of a new cluster.
    First,
}

impl CheckpointKind {
    /// Whether so much log may follow that a segment should be ready for it.
    fn looks_ahead(self) -> bool {
        !matches!(self, CheckpointKind::Shutdown | CheckpointKind::First)
    }
}

/// What became of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub enum CheckpointOutcome {
    /// It was made.
    Done(CheckpointStats),
    /// Nothing had been logged since the last one.
    Skipped,
}

/// What a checkpoint did: for the log line and `pg_stat_bgwriter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckpointStats {
    /// Its redo point.
    pub redo: Lsn,
    /// Where its record starts.
    pub record: Lsn,
    /// Pages.
    pub pages: WriteStats,
    /// Frames of the pool.
    pub frames: usize,
    /// Segment files of the log.
    pub segments: RecycleStats,
    /// Time spent writing pages.
    pub write_time: Duration,
    /// fsyncs.
    pub sync: SyncStats,
    /// All together.
    pub total_time: Duration,
    /// Bytes of log since the checkpoint before.
    pub distance: u64,
    /// What is expected of the next.
    pub estimate: u64,
}

/// What is remembered from one checkpoint to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CheckpointHistory {
    pub(crate) last_redo: Lsn,
    /// Where the last checkpoint's record ends.
    pub(crate) last_end: Lsn,
    estimate: f64,
}

impl CheckpointHistory {
    /// The estimate follows a rise at once and a fall slowly.
    fn learn(&mut self, distance: u64) {
        let distance = distance as f64;
        self.estimate = if self.estimate < distance { distance } else { 0.90 * self.estimate + 0.10 * distance };
    }
}

impl Engine {
    /// Makes a checkpoint. `pace` is called after each page and may sleep; its error ends the attempt. `may_remove` is asked for each segment file that
    /// is needed no more (the archiver may want it).
    ///
    /// Errors: I/O; PANIC if an fsync or the log failed. Locks: one checkpoint at a time.
    pub fn checkpoint(
        &self,
        kind: CheckpointKind,
        pace: &mut dyn FnMut(WriteProgress) -> Result<()>,
        may_remove: &dyn Fn(&str) -> bool,
    ) -> Result<CheckpointOutcome> {
        let mut history = self.history.lock();
        if kind == CheckpointKind::Online && self.store.wal.inserted() == history.last_end {
            return Ok(CheckpointOutcome::Skipped);
        }
        let clock = &self.host.clock;
        let start = clock.monotonic();
        if kind == CheckpointKind::Shutdown {
            self.control.update(|control| control.state = DatabaseState::ShuttingDown)?;
        }
        let redo = self.store.wal.begin_checkpoint();
        let record = self.checkpoint_record(kind, redo);
        self.store.xacts.checkpoint(redo)?;
        let mut stats = CheckpointStats { redo, frames: self.store.buffers.frames(), ..CheckpointStats::default() };
        stats.pages = self.store.buffers.write_dirty(pace)?;
        self.store.xacts.checkpoint_prepared()?;
        stats.write_time = clock.monotonic() - start;
        if kind == CheckpointKind::Shutdown {
            self.store.smgr.trim_reserved()?;
        }
        stats.sync = self.store.smgr.sync_pending()?;
        let inserted = self.log_checkpoint(kind, &record)?;
        stats.record = inserted.start;
        self.remember(kind, inserted.start, &record)?;
        stats.distance = redo.0.saturating_sub(history.last_redo.0);
        history.learn(stats.distance);
        stats.estimate = history.estimate as u64;
        (history.last_redo, history.last_end) = (redo, inserted.end);
        stats.segments = self.recycle_segments(redo, history.estimate, kind, may_remove)?;
        stats.total_time = clock.monotonic() - start;
        Ok(CheckpointOutcome::Done(stats))
    }

    fn checkpoint_record(&self, kind: CheckpointKind, redo: Lsn) -> CheckpointRecord {
        let ids = match kind {
            CheckpointKind::Shutdown => self.store.xacts.shutdown_ids(),
            _ => self.store.xacts.checkpoint_ids(),
        };
        let control = self.control.get();
        CheckpointRecord {
            redo,
            next_xid: ids.xid,
            oldest_active_xid: self.store.xacts.oldest_active_xid(),
            time_us: self.host.clock.wall_us(),
            system_identifier: control.system_identifier,
            next_oid: ids.oid,
            timeline: control.timeline,
        }
    }

    fn log_checkpoint(&self, kind: CheckpointKind, record: &CheckpointRecord) -> Result<Insertion> {
        let info = match kind {
            CheckpointKind::Shutdown => XLOG_CHECKPOINT_SHUTDOWN,
            _ => XLOG_CHECKPOINT_ONLINE,
        };
        let wal = &self.store.wal;
        let inserted = wal.insert_data(RmgrId::XLOG, info, Xid::INVALID, &[&record.encode()])?;
        wal.flush(inserted.end)?;
        if kind == CheckpointKind::Shutdown && inserted.start != record.redo {
            let text = "concurrent write-ahead log activity while database system is shutting down";
            return Err(Error::with_severity(Severity::Panic, SqlState::INTERNAL_ERROR, text));
        }
        Ok(inserted)
    }

    fn remember(&self, kind: CheckpointKind, at: Lsn, record: &CheckpointRecord) -> Result<()> {
        self.control.update(|control| {
            if kind == CheckpointKind::Shutdown {
                control.state = DatabaseState::ShutDown;
            }
            control.checkpoint = at;
            control.redo = record.redo;
            control.checkpoint_time_us = record.time_us;
            control.next_xid = record.next_xid;
            control.oldest_active_xid = record.oldest_active_xid;
            control.next_oid = record.next_oid;
        })
    }

    /// Keeps enough segments ahead for the log expected until the next checkpoint ends, within `min_wal_size` and `max_wal_size`.
    fn recycle_segments(
        &self,
        redo: Lsn,
        estimate: f64,
        kind: CheckpointKind,
        may_remove: &dyn Fn(&str) -> bool,
    ) -> Result<RecycleStats> {
        let wal = &self.store.wal;
        let segment = f64::from(wal.options().segment_bytes);
        let (least, most) = (self.options.min_wal_bytes as f64, self.options.max_wal_bytes as f64);
        let expected = ((1.0 + self.options.completion_target) * estimate * 1.10).clamp(least, most.max(least));
        let used = wal.inserted().0.saturating_sub(redo.0) as f64;
        let spare = ((expected - used).max(0.0) / segment).ceil() as u64;
        let mut stats = wal.recycle(redo, spare, may_remove)?;
        if kind.looks_ahead() && wal.preallocate()? {
            stats.added += 1;
        }
        Ok(stats)
    }
}

impl fmt::Display for CheckpointStats {
    /// PostgreSQL's log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Duration| format!("{}.{:03} s", time.as_secs(), time.subsec_millis());
        let average = self.sync.total.checked_div(self.sync.files).unwrap_or_default();
        write!(
            f,
            "checkpoint complete: wrote {} buffers ({:.1}%); {} WAL file(s) added, {} removed, {} recycled; \
             write={}, sync={}, total={}; sync files={}, longest={}, average={}; distance={} kB, estimate={} kB",
            self.pages.written,
            self.pages.written as f64 * 100.0 / self.frames.max(1) as f64,
            self.segments.added,
            self.segments.removed,
            self.segments.recycled,
            seconds(self.write_time),
            seconds(self.sync.total),
            seconds(self.total_time),
            self.sync.files,
            seconds(self.sync.longest),
            seconds(average),
            self.distance / 1024,
            self.estimate / 1024
        )
    }
}
