//! The start: redo if needed, then writing.

use crate::control::{ControlData, DatabaseState};
use crate::engine::Engine;
use crate::redo::Redo;
use crate::sync_tree::sync_data_directory;
use crate::xlog::{CheckpointRecord, XLOG_CHECKPOINT_ONLINE, XLOG_CHECKPOINT_SHUTDOWN, XLOG_END_OF_RECOVERY};
use base::{Fork, Lsn, Xid};
use buffer::PagesOf;
use host::CpuTime;
use report::{Error, Result, Severity, SqlState};
use std::sync::atomic::Ordering;
use std::time::Duration;
use wal::{EndOfLog, Reader, RmgrId, WalPosition, segment_file_name, settle_doubt};
use xact::XidStatus;

/// Records between two looks at the clock during redo.
const PROGRESS_RECORDS: u64 = 1024;

/// What is told about a start as it goes.
#[derive(Clone, Copy, Debug)]
pub enum RecoveryEvent {
    /// The cluster was shut down in good order at that time (microseconds since 1970).
    WasShutDown(i64),
    /// It was not; last known up at that time.
    WasInterrupted(i64),
    /// Redo begins.
    RedoStarts(Lsn),
    /// Redo goes on: every thousand records or so. The callback may end recovery by an error.
    Progress {
        /// Where it is.
        at: Lsn,
        /// Records done.
        records: u64,
        /// Time since its start.
        elapsed: Duration,
    },
    /// The log ends.
    EndOfLog {
        /// Where.
        at: Lsn,
        /// Why.
        reason: EndOfLog,
    },
    /// Redo is done.
    RedoDone {
        /// The last record's start.
        at: Lsn,
        /// Time it took.
        elapsed: Duration,
        /// Processor time that all threads used meanwhile.
        cpu: CpuTime,
    },
}

/// What a start did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartReport {
    /// Records redone.
    pub records: u64,
    /// Bytes of log redone.
    pub bytes: u64,
    /// Relations of transactions that did not end, removed.
    pub orphans: u32,
    /// Unlogged relations reset.
    pub unlogged: u32,
    /// There was a crash: a checkpoint ([`crate::CheckpointKind::EndOfRecovery`]) should follow soon. Nothing is wrong without it, but the next crash would redo
    /// all this again.
    pub recovered: bool,
}

impl Engine {
    /// Makes the engine ready for sessions: redoes what the log has beyond the last checkpoint, if the cluster was not shut down in good order, and opens
    /// the log for writing. `tell` hears how it goes.
    ///
    /// Errors: PANIC if the checkpoint record cannot be read; damage; I/O; `tell`'s own. The cluster is as before: try again.
    pub fn start(&self, tell: &mut dyn FnMut(RecoveryEvent) -> Result<()>) -> Result<StartReport> {
        let control = self.control.get();
        let clean = control.state == DatabaseState::ShutDown;
        tell(match clean {
            true => RecoveryEvent::WasShutDown(control.time_us),
            false => RecoveryEvent::WasInterrupted(control.time_us),
        })?;
        let (mut reader, checkpoint) = self.read_checkpoint(&control)?;
        let mut report = StartReport::default();
        self.store.xacts.read_prepared()?;
        if !clean {
            self.control.update(|control| control.state = DatabaseState::InCrashRecovery)?;
            if self.options.fsync {
                sync_data_directory(&self.host)?;
                settle_doubt(&self.host, (control.timeline, control.segment_bytes), checkpoint.redo)?;
            }
            reader = self.reader(&control, checkpoint.redo);
            self.redo_all(&mut reader, &mut report, tell)?;
            reaches_checkpoint(&reader, &control, checkpoint.redo)?;
            report.recovered = true;
        }
        self.start_writing_after(&reader, &control, checkpoint.redo)?;
        if report.recovered {
            self.tidy_after_redo(&mut report)?;
        } else {
            self.store.xacts.finish_recovery()?;
        }
        self.control.update(|control| control.state = DatabaseState::InProduction)?;
        self.started.store(true, Ordering::Release);
        Ok(report)
    }

    /// Opens the log of a new cluster.
    pub(crate) fn start_new(&self) -> Result<()> {
        let redo = self.control.get().redo;
        self.open_log(WalPosition { next: redo, previous: Lsn::INVALID, epoch: 1, redo })?;
        self.store.xacts.finish_recovery()?;
        self.started.store(true, Ordering::Release);
        self.checkpoint(crate::CheckpointKind::First, &mut |_| Ok(()), &|_| true).map(drop)
    }

    pub(crate) fn reader(&self, control: &ControlData, start: Lsn) -> Reader {
        Reader::new(self.host.clone(), control.timeline, control.segment_bytes, start)
    }

    /// The checkpoint that the control file names, and a reader behind it.
    pub(crate) fn read_checkpoint(&self, control: &ControlData) -> Result<(Reader, CheckpointRecord)> {
        let mut reader = self.reader(control, control.checkpoint);
        let invalid = || {
            let text = "could not locate a valid checkpoint record";
            Error::with_severity(Severity::Panic, SqlState::DATA_CORRUPTED, text)
        };
        if !control.checkpoint.is_valid() {
            return Err(invalid());
        }
        let record = reader.read()?.ok_or_else(invalid)?;
        let is_checkpoint = [XLOG_CHECKPOINT_ONLINE, XLOG_CHECKPOINT_SHUTDOWN].contains(&record.info);
        if record.rmgr != RmgrId::XLOG || !is_checkpoint {
            return Err(invalid());
        }
        let checkpoint = CheckpointRecord::decode(record.data)?;
        if checkpoint.system_identifier != control.system_identifier {
            let text = "WAL file is from different database system";
            return Err(Error::with_severity(Severity::Panic, SqlState::DATA_CORRUPTED, text));
        }
        Ok((reader, checkpoint))
    }

    fn redo_all(
        &self,
        reader: &mut Reader,
        report: &mut StartReport,
        tell: &mut dyn FnMut(RecoveryEvent) -> Result<()>,
    ) -> Result<()> {
        let clock = &self.host.clock;
        let (start, cpu, first) = (clock.monotonic(), clock.cpu_of_process(), reader.position());
        tell(RecoveryEvent::RedoStarts(first))?;
        let redo = Redo { managers: &self.rmgrs, pages: &self.redo };
        redo.run(reader, self.options.redo_workers, &mut |record| {
            self.store.xacts.note_xid(record.xid);
            report.records += 1;
            if report.records.is_multiple_of(PROGRESS_RECORDS) {
                let elapsed = clock.monotonic() - start;
                tell(RecoveryEvent::Progress { at: record.start, records: report.records, elapsed })?;
            }
            Ok(())
        })?;
        report.bytes = reader.position().0 - first.0;
        let reason = reader.end().expect("the reader came to the end");
        tell(RecoveryEvent::EndOfLog { at: reader.position(), reason })?;
        let at = reader.previous().unwrap_or(first);
        let (elapsed, cpu) = (clock.monotonic() - start, clock.cpu_of_process().since(cpu));
        tell(RecoveryEvent::RedoDone { at, elapsed, cpu })?;
        self.redo.check_nothing_missing()
    }

    fn start_writing_after(&self, reader: &Reader, control: &ControlData, redo: Lsn) -> Result<()> {
        let previous = reader.previous().expect("at least the checkpoint was read");
        let epoch = control.epoch.max(reader.epoch()) + 1;
        self.open_log(WalPosition { next: reader.position(), previous, epoch, redo })
    }

    /// The epoch is durable before the first record carries it (I3).
    fn open_log(&self, at: WalPosition) -> Result<()> {
        self.control.update(|control| control.epoch = at.epoch)?;
        self.store.wal.start_writing(at)?;
        let mut history = self.history.lock();
        (history.last_redo, history.last_end) = (at.redo, at.next);
        Ok(())
    }

    /// Ends what the crash interrupted: prepared transactions come back, others are over; their files and unlogged contents go.
    fn tidy_after_redo(&self, report: &mut StartReport) -> Result<()> {
        let store = &self.store;
        store.wal.insert_data(RmgrId::XLOG, XLOG_END_OF_RECOVERY, Xid::INVALID, &[])?;
        store.xacts.finish_recovery()?;
        for (file, xid) in self.redo.take_created() {
            if xid.is_normal() && store.xacts.status(xid)? == XidStatus::Aborted {
                store.buffers.remove_relation(file)?;
                report.orphans += 1;
            }
        }
        // The init forks are copied as files, so what redo changed in them must be in the files.
        store.buffers.flush(PagesOf::Fork(Fork::Init))?;
        report.unlogged = store.smgr.reset_unlogged()?;
        Ok(())
    }
}

/// The log has to lead from the redo point to the checkpoint that names it. Where it ends before, writing would go on over the checkpoint itself.
fn reaches_checkpoint(reader: &Reader, control: &ControlData, redo: Lsn) -> Result<()> {
    if reader.position() > control.checkpoint {
        return Ok(());
    }
    let (end, reason) = (reader.position(), reader.end().map(EndOfLog::reason).unwrap_or_default());
    let file = segment_file_name(control.timeline, end.0 / u64::from(control.segment_bytes), control.segment_bytes);
    let text =
        format!("WAL between redo point {redo} and checkpoint record at {} is missing or damaged", control.checkpoint);
    Err(Error::with_severity(Severity::Panic, SqlState::DATA_CORRUPTED, text)
        .detail(format!("The log ends at {end} in file \"pg_wal/{file}\": {reason}."))
        .hint("Restore the file, or the cluster from a backup."))
}
