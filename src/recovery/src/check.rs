//! Reading the log from the last checkpoint's redo point to its end, without redoing it.

use crate::engine::Engine;
use base::Lsn;
use report::Result;
use wal::EndOfLog;

/// What the log has.
#[derive(Clone, Copy, Debug)]
pub struct LogCheck {
    /// Where the last checkpoint has recovery begin.
    pub redo: Lsn,
    /// Where the last record ends.
    pub end: Lsn,
    /// Why there is none behind it.
    pub reason: EndOfLog,
    /// Records from the redo point on.
    pub records: u64,
    /// False if the log ends before the record of the last checkpoint: that one can not be recovered from.
    pub has_checkpoint: bool,
    /// False if somebody wrote behind the checkpoint with which the cluster was shut down.
    pub ends_with_shutdown: bool,
}

impl Engine {
    /// Reads the log from the last checkpoint's redo point to its end. Nobody writes it.
    ///
    /// Errors: the checkpoint's record cannot be read; I/O.
    pub fn check_log(&self) -> Result<LogCheck> {
        let control = self.control();
        let (behind, checkpoint) = self.read_checkpoint(&control)?;
        let mut reader = self.reader(&control, checkpoint.redo);
        let mut records = 0;
        while reader.read()?.is_some() {
            records += 1;
        }
        let end = reader.position();
        Ok(LogCheck {
            redo: checkpoint.redo,
            end,
            reason: reader.end().expect("the reader came to the end"),
            records,
            has_checkpoint: end >= behind.position(),
            ends_with_shutdown: end == behind.position(),
        })
    }
}
