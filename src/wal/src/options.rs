//! How a log is set up.

use crate::names::Timeline;
use crate::{SEGMENT_BYTES_DEFAULT, limits};
use host::SyncOnWrite;

/// The setting `wal_sync_method`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SyncMethod {
    /// `fdatasync` after writing.
    #[default]
    FdataSync,
    /// `fsync` after writing.
    Fsync,
    /// Open with `O_DSYNC`.
    OpenDataSync,
    /// Open with `O_SYNC`.
    OpenSync,
}

impl SyncMethod {
    /// The method of this name in the settings.
    pub fn from_name(name: &str) -> Option<SyncMethod> {
        match name {
            "fdatasync" => Some(SyncMethod::FdataSync),
            "fsync" => Some(SyncMethod::Fsync),
            "open_datasync" => Some(SyncMethod::OpenDataSync),
            "open_sync" => Some(SyncMethod::OpenSync),
            _ => None,
        }
    }

    pub(crate) fn on_write(self) -> SyncOnWrite {
        match self {
            SyncMethod::FdataSync | SyncMethod::Fsync => SyncOnWrite::No,
            SyncMethod::OpenDataSync => SyncOnWrite::Data,
            SyncMethod::OpenSync => SyncOnWrite::All,
        }
    }
}

/// Set at start. `full_page_writes` can change later ([`crate::Wal::set_full_page_writes`]).
#[derive(Clone, Copy, Debug)]
pub struct WalOptions {
    /// Bytes of a segment file: a power of two from 1 MiB to 1 GiB (smaller in tests). Fixed for the life of a cluster.
    pub segment_bytes: u32,
    /// Bytes of the ring (`wal_buffers`); rounded up to a power of two.
    pub buffer_bytes: usize,
    /// How the log is forced to disk.
    pub sync_method: SyncMethod,
    /// The setting `fsync`: off means that nothing is forced to disk.
    pub fsync: bool,
    /// The setting `full_page_writes`.
    pub full_page_writes: bool,
    /// The timeline written to.
    pub timeline: Timeline,
}

impl Default for WalOptions {
    fn default() -> WalOptions {
        WalOptions {
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            buffer_bytes: 16 << 20,
            sync_method: SyncMethod::default(),
            fsync: true,
            full_page_writes: true,
            timeline: Timeline(1),
        }
    }
}

impl WalOptions {
    pub(crate) fn ring_bytes(&self) -> usize {
        self.buffer_bytes.max(limits::RING_BYTES_MIN).next_power_of_two()
    }
}
