//! The storage engine put together: its start, its checkpoints, its end, and redo after a crash.
//!
//! What it does not do: it decides no policy. When a checkpoint is due, how fast it writes and what is logged about it is its caller's business (the
//! checkpointer role); which segment may be removed, the archiver's.
//!
//! 1. [`Engine::bootstrap`] makes a new cluster's files: control file, first segment, first checkpoint.
//! 2. [`Engine::open`] reads the control file and builds the [`access::Store`]; [`Engine::start`] redoes what a crash left over and opens the log for writing.
//! 3. [`Engine::checkpoint`] writes what is dirty and remembers a redo point, so that the log before it is needed no more.
//! 4. [`Engine::shutdown`] is the last checkpoint, after all sessions have ended.
//!
//! Redo: each record goes to its resource manager ([`RmgrTable`]), which brings the pages to the state that the record describes unless they are there
//! already. With [`EngineOptions::redo_workers`], several threads do, each for a part of the pages. The end of the log is where no valid record follows; writing goes on there with a higher epoch, which is made durable first.
//!
//! Invariants
//! - I1. The control file names a checkpoint record that is on disk, whose redo point's log is on disk, and all changes logged before that redo point are in
//!   the files, synced.
//! - I2. Before redo, everything in the data directory is synced: pages that a dead server wrote look current to redo, so nobody would write them again.
//! - I3. The log is written only by an epoch that no earlier life used.
//!
//! Lock order: `CHECKPOINT`, then those of pages, log and storage manager; `CONTROL_FILE` is held during its write.
//! Source: PostgreSQL 15 access/transam/xlog.c, xlogrecovery.c; differences: no timelines yet, epochs, no restart points.
#![forbid(unsafe_code)]

mod bytes;
mod check;
mod checkpoint;
mod control;
mod engine;
mod files;
mod pace;
mod redo;
mod start;
mod sync_tree;
mod workers;
mod xlog;

pub use check::LogCheck;
pub use checkpoint::{CheckpointKind, CheckpointOutcome, CheckpointStats};
pub use control::{CONTROL_FILE, CONTROL_VERSION, ControlData, DatabaseState};
pub use engine::{BootstrapOptions, Engine, EngineOptions};
pub use files::PoolFiles;
pub use pace::Pacer;
pub use redo::{RmgrTable, SharedRmgr};
pub use start::{RecoveryEvent, StartReport};
pub use xlog::{
    CheckpointRecord, XLOG_CHECKPOINT_ONLINE, XLOG_CHECKPOINT_SHUTDOWN, XLOG_END_OF_RECOVERY, XlogResource,
};
