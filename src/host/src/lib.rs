//! The outside world as traits: files, clock, entropy. A real one, and a simulated one that forgets what was not synced.
//!
//! What it does not do: it knows no page and no WAL; it retries nothing and hides no error.
//!
//! 1. All paths are relative to the data directory; [`real()`] is given its place, [`SimHost`] keeps it in memory.
//! 2. A file is an `Arc<dyn File>`: positioned reads and writes from any thread, no cursor.
//! 3. What was written is durable after `sync_data` (contents) or `sync_all` (contents and length); that a name exists, was
//!    renamed or removed is durable after [`Disk::sync_dir`] of its directory. [`SimHost::crash`] takes everything else
//!    as the kernel might: lost, kept, or torn at 512 bytes, each file for itself.
//!
//! Invariants
//! - I1. After a crash every handle opened before it fails; nothing written through it can appear later.
//! - I2. What was synced before the crash reads back as written.
//!
//! Locks: the simulated disk has one mutex of its own, a leaf. Sockets ([`net`]) and the wait on many of them ([`Poller`],
//! [`SocketSet`]) are the machine's own only.

mod clock;
mod cpu;
pub mod crash;
mod disk;
mod draft;
mod entropy;
pub mod net;
mod overlay;
mod poll;
mod real;
mod sim;
mod socket_set;

pub use clock::{Clock, ManualClock, RealClock};
pub use cpu::CpuTime;
pub use disk::{Disk, EntryKind, File, FileStatus, OpenMode, OpenOptions, SyncOnWrite};
pub use draft::{DraftDisk, DraftPlaces};
pub use entropy::{Entropy, RealEntropy, SeededEntropy};
pub use overlay::OverlayDisk;
pub use poll::{Notifier, Poller, Source};
pub use real::RealDisk;
pub use sim::{FaultPlan, SECTOR_BYTES, SimHost};
pub use socket_set::{Events, Ready, SocketSet};

use std::path::Path;
use std::sync::Arc;

/// The outside world: a cheap bundle of handles.
#[derive(Clone)]
pub struct Host {
    /// Files below the data directory.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

/// The machine's own files below `root`, clock and entropy.
pub fn real(root: &Path) -> Host {
    Host { disk: Arc::new(RealDisk::new(root)), clock: Arc::new(RealClock::new()), entropy: Arc::new(RealEntropy) }
}

/// As [`real()`], but nothing is synced (`fsync = off`).
pub fn real_without_sync(root: &Path) -> Host {
    Host { disk: Arc::new(RealDisk::without_sync(root)), ..real(root) }
}

/// As [`real()`], but what is written stays in memory: the files below `root` are not changed.
pub fn real_unchanged(root: &Path) -> Host {
    Host { disk: Arc::new(OverlayDisk::new(Arc::new(RealDisk::new(root)))), ..real(root) }
}
