//! The WAL writer: makes asynchronous commits durable within three rounds, writes a log that has grown, and says when it has
//! grown so much that a checkpoint is due, or that a segment is complete.

use crate::checkpoints::Wanted;
use crate::roles::checkpointer::log_between_checkpoints;
use crate::shared::RoleContext;
use base::Lsn;
use config::Setting;
use report::Result;

/// Idle rounds before it sleeps long, and how much longer then.
const ROUNDS_BEFORE_HIBERNATION: u32 = 50;
const HIBERNATION: u32 = 25;

/// Flushes until told to end.
pub fn run(role: RoleContext) -> Result<()> {
    let running = role.running()?;
    let wal = &running.engine.store().wal;
    wal.set_writer(role.interrupts.clone());
    let mut idle_rounds = 0;
    let mut asked_at = Lsn::INVALID;
    let mut last_segment = 0;
    while !role.is_told_to_end() {
        role.heed_reload();
        let settings = &role.shared.settings;
        wal.set_full_page_writes(settings.bool(Setting::FullPageWrites));
        let write_after = settings.int(Setting::WalWriterFlushAfter) as u64 * base::PAGE_BYTES as u64;
        let before = wal.inserted();
        if wal.background_flush(write_after)? {
            idle_rounds = 0;
        } else {
            idle_rounds += 1;
        }
        let target = settings.real(Setting::CheckpointCompletionTarget);
        let limit = log_between_checkpoints(settings.int(Setting::MaxWalSize), target);
        let redo = wal.redo_lsn();
        if before.0.saturating_sub(redo.0) >= limit && asked_at != redo {
            asked_at = redo;
            role.shared.checkpoints.request(Wanted { by_log: true, ..Wanted::default() });
        }
        let segment = wal.flushed().0 / u64::from(wal.options().segment_bytes);
        if segment != std::mem::replace(&mut last_segment, segment) {
            role.shared.wake_archiver();
        }
        let delay = settings.duration(Setting::WalWriterDelay);
        role.sleep(Some(if idle_rounds > ROUNDS_BEFORE_HIBERNATION { delay * HIBERNATION } else { delay }))?;
    }
    // What was committed without waiting is not to be lost by an orderly end.
    wal.flush(wal.inserted())
}
