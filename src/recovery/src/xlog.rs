//! The engine's own records: checkpoints, end of recovery, page images.
//!
//! The checkpoint record's data, little-endian: redo 8, next xid 8, oldest active xid 8, time 8, system identifier 8, next oid 4, timeline 4.

use crate::bytes::Fields;
use base::{Lsn, Oid, Xid};
use buffer::{RedoCx, XLOG_FPI, XLOG_FPI_FOR_HINT};
use report::{Error, Result};
use std::sync::Arc;
use wal::{Reach, Record, ResourceManager, RmgrId, Timeline, XLOG_SWITCH};
use xact::TransactionManager;

/// The checkpoint of an orderly end.
pub const XLOG_CHECKPOINT_SHUTDOWN: u8 = 0x00;
/// A checkpoint while serving.
pub const XLOG_CHECKPOINT_ONLINE: u8 = 0x10;
/// Redo ended here, and writing went on.
pub const XLOG_END_OF_RECOVERY: u8 = 0x90;

/// What a checkpoint remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckpointRecord {
    /// Where redo starts.
    pub redo: Lsn,
    /// No transaction has this xid or a higher one, unless a later record says so.
    pub next_xid: Xid,
    /// Every transaction below had ended.
    pub oldest_active_xid: Xid,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// The cluster's.
    pub system_identifier: u64,
    /// The next oid.
    pub next_oid: Oid,
    /// The log's timeline.
    pub timeline: Timeline,
}

impl CheckpointRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        for word in
            [self.redo.0, self.next_xid.0, self.oldest_active_xid.0, self.time_us as u64, self.system_identifier]
        {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.next_oid.0.to_le_bytes());
        bytes.extend_from_slice(&self.timeline.0.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<CheckpointRecord> {
        let mut fields = Fields(bytes);
        Ok(CheckpointRecord {
            redo: Lsn(fields.u64()?),
            next_xid: Xid(fields.u64()?),
            oldest_active_xid: Xid(fields.u64()?),
            time_us: fields.i64()?,
            system_identifier: fields.u64()?,
            next_oid: Oid(fields.u32()?),
            timeline: Timeline(fields.u32()?),
        })
    }
}

/// Redoes the engine's own records.
#[derive(Debug)]
pub struct XlogResource(pub Arc<TransactionManager>);

impl ResourceManager<RedoCx> for XlogResource {
    fn id(&self) -> RmgrId {
        RmgrId::XLOG
    }

    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Blocks
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        match record.info {
            XLOG_FPI | XLOG_FPI_FOR_HINT => {
                record.blocks.iter().try_for_each(|block| cx.block(record, block.id).map(drop))
            }
            XLOG_CHECKPOINT_SHUTDOWN | XLOG_CHECKPOINT_ONLINE => self.redo_checkpoint(record),
            XLOG_SWITCH | XLOG_END_OF_RECOVERY => Ok(()),
            other => Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of XLOG"))),
        }
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let checkpoint = |kind: &str| match CheckpointRecord::decode(record.data) {
            Ok(it) => format!("{kind} redo {}; next xid {}; next oid {}", it.redo, it.next_xid, it.next_oid),
            Err(_) => format!("{kind} (damaged)"),
        };
        match record.info {
            XLOG_CHECKPOINT_SHUTDOWN => checkpoint("CHECKPOINT_SHUTDOWN"),
            XLOG_CHECKPOINT_ONLINE => checkpoint("CHECKPOINT_ONLINE"),
            XLOG_END_OF_RECOVERY => "END_OF_RECOVERY".to_owned(),
            XLOG_SWITCH => "SWITCH".to_owned(),
            XLOG_FPI => "FPI".to_owned(),
            XLOG_FPI_FOR_HINT => "FPI_FOR_HINT".to_owned(),
            _ => "UNKNOWN".to_owned(),
        }
    }
}

impl XlogResource {
    fn redo_checkpoint(&self, record: &Record<'_>) -> Result<()> {
        let checkpoint = CheckpointRecord::decode(record.data)?;
        self.0.note_xid(Xid(checkpoint.next_xid.0.saturating_sub(1)));
        if record.info == XLOG_CHECKPOINT_SHUTDOWN {
            // An online checkpoint's oid may be older than what a record before it promised.
            self.0.set_next_oid(checkpoint.next_oid);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_come_back() {
        let record = CheckpointRecord {
            redo: Lsn(7),
            next_xid: Xid(8),
            oldest_active_xid: Xid(9),
            time_us: -10,
            system_identifier: 11,
            next_oid: Oid(12),
            timeline: Timeline(13),
        };
        assert_eq!(CheckpointRecord::decode(&record.encode()).expect("whole"), record);
        assert!(CheckpointRecord::decode(&record.encode()[..47]).is_err());
    }
}
