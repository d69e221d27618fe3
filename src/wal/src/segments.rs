//! Segment files: made ahead, written, recycled.

use crate::limits::{WRITE_ALIGN, ZERO_BYTES};
use crate::names::{segment_file_name, segment_number_of, segment_path};
use crate::ring::Ring;
use crate::{SyncMethod, Wal, WalOptions};
use base::Lsn;
use host::{File, Host, OpenMode, OpenOptions};
use report::{Context, Error, Result};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment file that is written to.
#[derive(Clone)]
pub(crate) struct OpenSegment {
    number: u64,
    path: PathBuf,
    file: Arc<dyn File>,
}

impl OpenSegment {
    pub(crate) fn sync(&self, method: SyncMethod) -> Result<()> {
        let synced = match method {
            SyncMethod::FdataSync => self.file.sync_data(),
            SyncMethod::Fsync => self.file.sync_all(),
            SyncMethod::OpenDataSync | SyncMethod::OpenSync => Ok(()),
        };
        synced.could_not(|| format!("{} file \"{}\"", method.call_name(), self.path.display()))
    }
}

impl SyncMethod {
    fn call_name(self) -> &'static str {
        match self {
            SyncMethod::FdataSync => "fdatasync",
            _ => "fsync",
        }
    }
}

/// The writer's state.
pub(crate) struct Segments {
    options: WalOptions,
    /// None before writing started.
    current: Option<OpenSegment>,
    /// Written since the last sync, without the current one.
    unsynced: Vec<OpenSegment>,
    scratch: Vec<u8>,
}

impl Segments {
    pub(crate) fn new(options: WalOptions) -> Segments {
        Segments { options, current: None, unsynced: Vec::new(), scratch: Vec::new() }
    }

    /// Opens the segment that the first write goes to, and removes what a crash left of segments that were being made.
    pub(crate) fn start(&mut self, host: &Host, at: Lsn) -> Result<()> {
        let entries = host.disk.list(Path::new("pg_wal")).could_not(|| "open directory \"pg_wal\"".to_owned())?;
        for (name, _) in entries.iter().filter(|(name, _)| name.starts_with("xlogtemp.")) {
            let path = Path::new("pg_wal").join(name);
            host.disk.unlink(&path).could_not(|| format!("remove file \"{}\"", path.display()))?;
        }
        let number = at.0 / u64::from(self.options.segment_bytes);
        self.current = Some(open_or_make(host, &self.options, number)?);
        Ok(())
    }

    /// Writes from the ring, at most to the end of the segment; returns up to where.
    pub(crate) fn write_from_ring(&mut self, host: &Host, ring: &Ring, at: u64, target: u64) -> Result<u64> {
        let segment_bytes = u64::from(self.options.segment_bytes);
        let number = at / segment_bytes;
        let current = match self.current.take() {
            Some(current) if current.number == number => current,
            full => {
                self.unsynced.extend(full);
                open_or_make(host, &self.options, number)?
            }
        };
        let current = self.current.insert(current);
        let segment_end = (number + 1) * segment_bytes;
        let end = target.min(segment_end).min(at + ZERO_BYTES as u64);
        // Behind the end there is nothing yet but what an earlier life of the file left.
        let filled_up = end.next_multiple_of(WRITE_ALIGN).min(segment_end);
        self.scratch.resize((filled_up - at) as usize, 0);
        let (log, rest) = self.scratch.split_at_mut((end - at) as usize);
        ring.load(at, log);
        rest.fill(0);
        let offset = at % segment_bytes;
        let written = current.file.write_at(&self.scratch, offset);
        written.could_not(|| {
            let (path, length) = (current.path.display(), self.scratch.len());
            format!("write to log file \"{path}\" at offset {offset}, length {length}")
        })?;
        Ok(end)
    }

    /// All files with bytes that were not synced.
    pub(crate) fn take_unsynced(&mut self) -> Vec<OpenSegment> {
        let mut files = std::mem::take(&mut self.unsynced);
        files.extend(self.current.clone());
        files
    }
}

fn open_or_make(host: &Host, options: &WalOptions, number: u64) -> Result<OpenSegment> {
    let path = segment_path(options.timeline, number, options.segment_bytes);
    let open = OpenOptions {
        mode: OpenMode::ReadWrite,
        sync: if options.fsync { options.sync_method.on_write() } else { host::SyncOnWrite::No },
    };
    let file = match host.disk.open(&path, open) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_segment(host, options, number)?;
            host.disk.open(&path, open)
        }
        other => other,
    };
    let file = file.could_not(|| format!("open file \"{}\"", path.display()))?;
    Ok(OpenSegment { number, path, file })
}

/// How a new segment file gets its length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// The file system sets blocks aside: quick, for who waits for the segment. Each first write of a block then costs the file system a note.
    Reserve,
    /// Zeros are written: made ahead by the checkpointer, so that a later write changes nothing but contents.
    Zeros,
}

/// Makes a segment file of full length, under its name only when it is complete.
fn make_segment(host: &Host, options: &WalOptions, number: u64) -> Result<()> {
    let temporary = PathBuf::from(format!("pg_wal/xlogtemp.{number}"));
    fill_file(host, options, &temporary, Fill::Reserve)?;
    let path = segment_path(options.timeline, number, options.segment_bytes);
    rename_durably(host, options, &temporary, &path)
}

fn fill_file(host: &Host, options: &WalOptions, path: &Path, fill: Fill) -> Result<()> {
    let context = || format!("write to file \"{}\"", path.display());
    let file = host.disk.open(path, OpenOptions::new(OpenMode::Create)).could_not(context)?;
    fill_segment(file.as_ref(), options, fill).map_err(|error| {
        // A full disk: give back what was taken.
        let _ = host.disk.unlink(path);
        Error::io(context(), &error)
    })
}

fn fill_segment(file: &dyn File, options: &WalOptions, fill: Fill) -> io::Result<()> {
    let bytes = u64::from(options.segment_bytes);
    // What a crash left of an earlier attempt is not zero.
    file.truncate(0)?;
    match fill {
        Fill::Reserve => file.allocate(0, bytes)?,
        Fill::Zeros => {
            let zeros = vec![0; ZERO_BYTES.min(bytes as usize)];
            for offset in (0..bytes).step_by(zeros.len()) {
                file.write_at(&zeros, offset)?;
            }
        }
    }
    if options.fsync { file.sync_all() } else { Ok(()) }
}

fn rename_durably(host: &Host, options: &WalOptions, from: &Path, to: &Path) -> Result<()> {
    let renamed = host.disk.rename(from, to);
    renamed.could_not(|| format!("rename file \"{}\" to \"{}\"", from.display(), to.display()))?;
    sync_directory(host, options)
}

fn sync_directory(host: &Host, options: &WalOptions) -> Result<()> {
    if !options.fsync {
        return Ok(());
    }
    host.disk.sync_dir(Path::new("pg_wal")).could_not(|| "fsync file \"pg_wal\"".to_owned())
}

/// What a round of [`Wal::recycle`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecycleStats {
    /// Made by preallocation.
    pub added: u32,
    /// Deleted.
    pub removed: u32,
    /// Given a name to come.
    pub recycled: u32,
}

impl Wal {
    /// Makes the segment after the current one, so that no commit has to wait for it. True if it was missing. One caller at a time.
    pub fn preallocate(&self) -> Result<bool> {
        let number = self.inserted().0 / u64::from(self.options.segment_bytes) + 1;
        let path = segment_path(self.options.timeline, number, self.options.segment_bytes);
        if self.host.disk.exists(&path).could_not(|| format!("stat file \"{}\"", path.display()))? {
            return Ok(false);
        }
        // Filled without the lock: commits go on meanwhile.
        let temporary = PathBuf::from(format!("pg_wal/xlogtemp.ahead.{number}"));
        fill_file(&self.host, &self.options, &temporary, Fill::Zeros)?;
        let _segments = self.segments.lock();
        if self.host.disk.exists(&path).could_not(|| format!("stat file \"{}\"", path.display()))? {
            let removed = self.host.disk.unlink(&temporary);
            removed.could_not(|| format!("remove file \"{}\"", temporary.display()))?;
            return Ok(false);
        }
        rename_durably(&self.host, &self.options, &temporary, &path)?;
        Ok(true)
    }

    /// Takes the segments before the one that holds `keep_from` away: renames them to be used again until `spare` segments lie ahead, deletes the rest.
    /// A checkpoint calls it with its redo point (or an older position that somebody still needs).
    pub fn recycle(&self, keep_from: Lsn, spare: u64, may_remove: &dyn Fn(&str) -> bool) -> Result<RecycleStats> {
        let segment_bytes = self.options.segment_bytes;
        let keep = keep_from.0 / u64::from(segment_bytes);
        let _segments = self.segments.lock();
        let (old, mut ahead) = self.list_segments(keep)?;
        let mut stats = RecycleStats::default();
        let current = self.inserted().0 / u64::from(segment_bytes);
        let limit = current + spare;
        ahead = ahead.max(current);
        for number in old {
            let name = segment_file_name(self.options.timeline, number, segment_bytes);
            if !may_remove(&name) {
                continue;
            }
            let path = Path::new("pg_wal").join(name);
            if ahead < limit {
                ahead += 1;
                let target = segment_path(self.options.timeline, ahead, segment_bytes);
                self.host.disk.rename(&path, &target).could_not(|| format!("rename file \"{}\"", path.display()))?;
                stats.recycled += 1;
            } else {
                self.host.disk.unlink(&path).could_not(|| format!("remove file \"{}\"", path.display()))?;
                stats.removed += 1;
            }
        }
        sync_directory(&self.host, &self.options)?;
        Ok(stats)
    }

    /// The numbers of segments before `keep`, in order, and the highest number of all.
    fn list_segments(&self, keep: u64) -> Result<(Vec<u64>, u64)> {
        let entries = self.host.disk.list(Path::new("pg_wal"));
        let entries = entries.could_not(|| "open directory \"pg_wal\"".to_owned())?;
        let parse = |(name, _): &(String, _)| segment_number_of(name, self.options.segment_bytes);
        let numbers: Vec<u64> = entries.iter().filter_map(parse).map(|(_, number)| number).collect();
        let mut old: Vec<u64> = numbers.iter().copied().filter(|number| *number < keep).collect();
        old.sort_unstable();
        Ok((old, numbers.into_iter().max().unwrap_or(0)))
    }
}
