//! What a failed sync leaves behind: bytes of the log that everybody reads and no disk has.
//!
//! After an fsync has failed the kernel may hold such pages as if they were written: the next life would read them, redo them, let pages of
//! relations go to disk because of them, and a power cut would take them away again. A second sync does not help, as it finds nothing to do. So whoever
//! sees a sync of the log fail leaves a mark, and the next start writes the log again before it believes it.

use crate::names::{Timeline, segment_number_of, segment_path};
use base::Lsn;
use host::{Host, OpenMode, OpenOptions};
use report::{Context, Result};
use std::path::Path;

/// The mark.
const MARK: &str = "pg_wal/sync_failed";
/// Bytes written at once.
const COPY_BYTES: usize = 1 << 20;

/// Leaves the mark. The disk is failing: if this fails too, nothing can be done.
pub(crate) fn leave_mark(host: &Host) {
    let made = host.disk.open(Path::new(MARK), OpenOptions::new(OpenMode::Create));
    if made.and_then(|mark| mark.sync_all()).is_ok() {
        let _ = host.disk.sync_dir(Path::new("pg_wal"));
    }
}

/// Writes the log from a position on again and syncs it, if there is a mark. Before redo.
///
/// Errors: I/O.
pub fn settle_doubt(host: &Host, (timeline, segment_bytes): (Timeline, u32), from: Lsn) -> Result<()> {
    let mark = Path::new(MARK);
    if !host.disk.exists(mark).could_not(|| format!("stat file \"{MARK}\""))? {
        return Ok(());
    }
    let first = from.0 / u64::from(segment_bytes);
    let entries = host.disk.list(Path::new("pg_wal")).could_not(|| "open directory \"pg_wal\"".to_owned())?;
    let numbers = entries.iter().filter_map(|(name, _)| segment_number_of(name, segment_bytes));
    let mut numbers: Vec<u64> =
        numbers.filter(|(of, number)| *of == timeline && *number >= first).map(|(_, n)| n).collect();
    numbers.sort_unstable();
    numbers.into_iter().try_for_each(|number| write_again(host, &segment_path(timeline, number, segment_bytes)))?;
    host.disk.unlink(mark).could_not(|| format!("remove file \"{MARK}\""))?;
    host.disk.sync_dir(Path::new("pg_wal")).could_not(|| "fsync directory \"pg_wal\"".to_owned())
}

fn write_again(host: &Host, path: &Path) -> Result<()> {
    let what = || format!("write file \"{}\" again", path.display());
    let file = host.disk.open(path, OpenOptions::new(OpenMode::ReadWrite)).could_not(what)?;
    let (mut at, mut bytes) = (0, vec![0; COPY_BYTES]);
    loop {
        let count = file.read_at(&mut bytes, at).could_not(what)?;
        if count == 0 {
            break;
        }
        file.write_at(&bytes[..count], at).could_not(what)?;
        at += count as u64;
    }
    file.sync_all().could_not(what)
}
