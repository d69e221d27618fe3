//! Reading, writing, making and removing forks.

use crate::fork_file::{ForkFile, Segment, directory_of, segment_path};
use crate::limits::{RESERVE_BLOCKS_MAX, RESERVE_FROM_BLOCKS, TABLE_SHARDS};
use crate::sync_queue::SyncQueue;
use crate::{SmgrOptions, SyncStats};
use base::{BlockNumber, DEFAULT_TABLESPACE, Fork, GLOBAL_TABLESPACE, Oid, PAGE_BYTES, RelFile, RelFork};
use host::{Host, OpenMode, OpenOptions};
use page::Page;
use report::{Context, Error, Result, Severity, SqlState, error};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use sync::{MutexGuard, RwLock, rank};

type Forks = HashMap<RelFork, Arc<ForkFile>, foldhash::fast::RandomState>;

/// All relation files of a cluster.
pub struct StorageManager {
    pub(crate) host: Host,
    pub(crate) options: SmgrOptions,
    shards: Vec<RwLock<Forks>>,
    hasher: foldhash::fast::RandomState,
    pub(crate) queue: SyncQueue,
    open_files: AtomicUsize,
    sync_failed: AtomicBool,
}

/// Proof that its holder alone extends a fork. Returned by [`StorageManager::lock_extension`].
pub struct ExtensionLock(Arc<ForkFile>);

impl ExtensionLock {
    /// Waits for it.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.extension.lock()
    }
}

impl StorageManager {
    /// Files below the host's data directory.
    pub fn new(host: Host, options: SmgrOptions) -> StorageManager {
        assert!(options.segment_blocks > 0 && options.open_files_max > 0);
        let shard = |_| RwLock::new(rank::SMGR_TABLE, Forks::default());
        StorageManager {
            host,
            options,
            shards: (0..TABLE_SHARDS).map(shard).collect(),
            hasher: foldhash::fast::RandomState::default(),
            queue: SyncQueue::new(),
            open_files: AtomicUsize::new(0),
            sync_failed: AtomicBool::new(false),
        }
    }

    /// The outside world it works on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Makes an empty fork. With `IfExists::Ignore` (redo) one that is there is left alone.
    ///
    /// Errors: it exists; the directory does not.
    pub fn create(&self, fork: RelFork, if_exists: IfExists) -> Result<()> {
        let mode = match if_exists {
            IfExists::Fail => OpenMode::CreateNew,
            IfExists::Ignore => OpenMode::Create,
        };
        let path = segment_path(fork, 0);
        // A database's directory in a tablespace is made by its first relation there; redo comes by anything.
        if if_exists == IfExists::Ignore || ![DEFAULT_TABLESPACE, GLOBAL_TABLESPACE].contains(&fork.file.tablespace) {
            self.make_directory(&directory_of(fork.file))?;
        }
        let opened = self.host.disk.open(&path, OpenOptions::new(mode));
        let file = opened.could_not(|| format!("create file \"{}\"", path.display()))?;
        let entry = self.entry(fork);
        self.install(&entry, 0, file);
        self.queue.add_directory(&directory_of(fork.file));
        self.request_sync(&entry, 0)
    }

    /// True if the fork's file is there.
    pub fn exists(&self, fork: RelFork) -> Result<bool> {
        if self.lookup(fork).is_some_and(|entry| entry.open_segment(0).is_some()) {
            return Ok(true);
        }
        let path = segment_path(fork, 0);
        self.host.disk.exists(&path).could_not(|| format!("stat file \"{}\"", path.display()))
    }

    /// Removes all forks of a relation. Buffers must have been dropped before. A fork that is not there is fine.
    pub fn unlink(&self, file: RelFile) -> Result<()> {
        Fork::ALL.into_iter().try_for_each(|fork| self.unlink_fork(RelFork { file, fork }))
    }

    /// Removes one fork.
    pub fn unlink_fork(&self, fork: RelFork) -> Result<()> {
        self.forget(fork);
        self.queue.forget(|other, _| other == fork);
        self.queue.add_directory(&directory_of(fork.file));
        for number in 0.. {
            let path = segment_path(fork, number);
            match self.host.disk.unlink(&path) {
                Ok(()) => (),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(Error::io(format!("remove file \"{}\"", path.display()), &error)),
            }
        }
        Ok(())
    }

    /// How many blocks the fork has.
    ///
    /// Errors: 58P01 if its file is missing.
    pub fn blocks(&self, fork: RelFork) -> Result<u32> {
        let known = self.shard(fork).read().get(&fork).and_then(|entry| entry.known_blocks());
        known.map_or_else(|| self.count_blocks(&self.entry(fork)), Ok)
    }

    /// As [`StorageManager::blocks`]. Of a length that was taken from the files and not yet approved, `check` says whether it can be: nobody but
    /// the fork's user knows when a file has lost pages at its end.
    ///
    /// Errors: as `blocks`; `check`'s own, and the next caller has it checked again.
    pub fn checked_blocks(&self, fork: RelFork, check: impl FnOnce(u32) -> Result<()>) -> Result<u32> {
        let known =
            |entry: &Arc<ForkFile>| entry.known_blocks().filter(|_| entry.length_checked.load(Ordering::Acquire));
        if let Some(blocks) = self.shard(fork).read().get(&fork).and_then(known) {
            return Ok(blocks);
        }
        let entry = self.entry(fork);
        let blocks = self.count_now(&entry)?;
        check(blocks)?;
        entry.length_checked.store(true, Ordering::Release);
        Ok(blocks)
    }

    fn count_blocks(&self, entry: &Arc<ForkFile>) -> Result<u32> {
        let per_segment = self.options.segment_blocks;
        let mut blocks = 0;
        for number in 0.. {
            let segment = match self.segment(entry, number) {
                Ok(segment) => segment,
                Err(error) if number > 0 && error.code() == SqlState::UNDEFINED_FILE => break,
                Err(error) => return Err(error),
            };
            let in_segment = self.segment_blocks_now(entry.fork, number, &segment)?;
            blocks += in_segment;
            if in_segment < per_segment {
                break;
            }
        }
        Ok(entry.learn_blocks(blocks))
    }

    fn segment_blocks_now(&self, fork: RelFork, number: u32, segment: &Segment) -> Result<u32> {
        let length = segment.file.len();
        let bytes = length.could_not(|| format!("stat file \"{}\"", segment_path(fork, number).display()))?;
        // A length that is no multiple of the page size is what a crash left of an extension: the rest is not counted.
        Ok((bytes / PAGE_BYTES as u64).min(u64::from(self.options.segment_blocks)) as u32)
    }

    /// Reads a block as it is on disk. `wait` is called first if the disk has to be waited for; what it returns lives as long as that.
    ///
    /// Errors: XX001 if the file ends before it.
    pub fn read<W>(&self, fork: RelFork, block: BlockNumber, page: &mut Page, wait: impl FnOnce() -> W) -> Result<()> {
        let (segment, offset) = self.place(&self.entry(fork), block)?;
        let what = || format!("read block {block} in file \"{}\"", self.path_of(fork, block).display());
        let count = match segment.file.read_at_hand(page.bytes_mut(), offset).could_not(what)? {
            Some(count) => count,
            None => {
                let _waiting = wait();
                segment.file.read_at(page.bytes_mut(), offset).could_not(what)?
            }
        };
        match count {
            PAGE_BYTES => Ok(()),
            count => Err(error!(DATA_CORRUPTED, "could not {}: read only {count} of {PAGE_BYTES} bytes", what())),
        }
    }

    /// Writes a block that exists. The checksum must have been set.
    pub fn write(&self, fork: RelFork, block: BlockNumber, page: &Page) -> Result<()> {
        let entry = self.entry(fork);
        let (segment, offset) = self.place(&entry, block)?;
        let written = segment.file.write_at(page.bytes(), offset);
        written.could_not(|| format!("write block {block} in file \"{}\"", self.path_of(fork, block).display()))?;
        self.request_segment_sync(fork, block.0 / self.options.segment_blocks, &segment)
    }

    /// Asks the system to write out what was written of these blocks, without waiting for it.
    ///
    /// Errors: what the system says of it; nothing is lost by that.
    pub fn start_write_back(&self, fork: RelFork, first: BlockNumber, last: BlockNumber) -> Result<()> {
        let (entry, per_segment) = (self.entry(fork), self.options.segment_blocks);
        for number in first.0 / per_segment..=last.0 / per_segment {
            let start = first.0.max(number * per_segment);
            let blocks = last.0.min((number + 1) * per_segment - 1) + 1 - start;
            let (segment, offset) = self.place(&entry, BlockNumber(start))?;
            let started = segment.file.start_write_back(offset, u64::from(blocks) * PAGE_BYTES as u64);
            started.could_not(|| format!("write out file \"{}\"", self.path_of(fork, first).display()))?;
        }
        Ok(())
    }

    /// Takes part in the order of extensions of a fork: who holds it may call `extend`.
    pub fn lock_extension(&self, fork: RelFork) -> ExtensionLock {
        ExtensionLock(self.entry(fork))
    }

    /// Adds zeroed blocks so that `block` is the last. The caller holds the extension lock, or is alone (redo).
    ///
    /// Errors: 53100 if the disk is full; the fork is as before.
    pub fn extend_to(&self, fork: RelFork, block: BlockNumber) -> Result<()> {
        let entry = self.entry(fork);
        let mut next = match entry.known_blocks() {
            Some(blocks) => blocks,
            None => self.count_blocks(&entry)?,
        };
        if block == BlockNumber::INVALID {
            return Err(error!(PROGRAM_LIMIT_EXCEEDED, "cannot extend file \"{fork}\" beyond {} blocks", u32::MAX));
        }
        while next <= block.0 {
            if entry.reserved.load(Ordering::Acquire) <= next {
                let reserved = self.reserve(&entry, next, block)?;
                entry.reserved.store(reserved, Ordering::Release);
            }
            next = entry.reserved.load(Ordering::Acquire).min(block.0 + 1);
            entry.raise_blocks(next);
        }
        Ok(())
    }

    /// Makes room from `next` on, in one segment: up to `block`, or some more if the fork is long already. Returns the length that there is room for.
    fn reserve(&self, entry: &Arc<ForkFile>, next: u32, block: BlockNumber) -> Result<u32> {
        let per_segment = self.options.segment_blocks;
        let number = next / per_segment;
        let segment = match self.segment(entry, number) {
            Err(error) if number > 0 && error.code() == SqlState::UNDEFINED_FILE => self.add_segment(entry, number)?,
            other => other?,
        };
        let ahead = if next < RESERVE_FROM_BLOCKS { 1 } else { (next / 8).min(RESERVE_BLOCKS_MAX) };
        let segment_end = (number + 1).saturating_mul(per_segment);
        let needed = segment_end.min(block.0 + 1);
        let wanted = segment_end.min(needed.max(next.saturating_add(ahead)));
        let grow = |end: u32| {
            let offset = u64::from(next % per_segment) * PAGE_BYTES as u64;
            match end - next {
                1 => segment.file.write_at(&[0; PAGE_BYTES], offset),
                count => segment.file.allocate(offset, u64::from(count) * PAGE_BYTES as u64),
            }
        };
        let (end, grown) = match grow(wanted) {
            // A nearly full disk may still hold what is needed now.
            Err(_) if wanted > needed => (needed, grow(needed)),
            other => (wanted, other),
        };
        grown.map_err(|error| extend_error(&self.path_of(entry.fork, BlockNumber(next)), &error))?;
        self.request_segment_sync(entry.fork, number, &segment)?;
        Ok(end)
    }

    /// Gives back the room that forks have beyond their length. Before an orderly end: the next start takes files for as long as they are.
    pub fn trim_reserved(&self) -> Result<()> {
        for shard in &self.shards {
            let entries: Vec<Arc<ForkFile>> = shard.read().values().cloned().collect();
            entries.iter().try_for_each(|entry| self.trim_fork(entry))?;
        }
        Ok(())
    }

    fn trim_fork(&self, entry: &Arc<ForkFile>) -> Result<()> {
        let _extension = entry.extension.lock();
        let reserved = entry.reserved.swap(0, Ordering::AcqRel);
        match entry.known_blocks() {
            Some(blocks) if blocks < reserved => {
                let (number, per_segment) = (blocks / self.options.segment_blocks, self.options.segment_blocks);
                self.cut_segment(entry, number, blocks - number * per_segment)
            }
            _ => Ok(()),
        }
    }

    fn add_segment(&self, entry: &Arc<ForkFile>, number: u32) -> Result<Arc<Segment>> {
        let path = segment_path(entry.fork, number);
        let opened = self.host.disk.open(&path, OpenOptions::new(OpenMode::Create));
        let file = opened.could_not(|| format!("create file \"{}\"", path.display()))?;
        self.queue.add_directory(&directory_of(entry.fork.file));
        Ok(self.install(entry, number, file))
    }

    /// Cuts the fork to `blocks`. Buffers beyond must have been dropped before, and the truncation logged.
    pub fn truncate(&self, fork: RelFork, blocks: u32) -> Result<()> {
        let entry = self.entry(fork);
        let per_segment = self.options.segment_blocks;
        let before = self.count_now(&entry)?;
        if before <= blocks {
            return Ok(());
        }
        entry.set_blocks(blocks);
        let before = before.max(entry.reserved.swap(0, Ordering::AcqRel));
        for number in (blocks / per_segment..=before.saturating_sub(1) / per_segment).rev() {
            let keep = blocks.saturating_sub(number * per_segment);
            self.cut_segment(&entry, number, keep)?;
        }
        Ok(())
    }

    fn count_now(&self, entry: &Arc<ForkFile>) -> Result<u32> {
        entry.known_blocks().map_or_else(|| self.count_blocks(entry), Ok)
    }

    fn cut_segment(&self, entry: &Arc<ForkFile>, number: u32, keep: u32) -> Result<()> {
        let path = segment_path(entry.fork, number);
        let segment = self.segment(entry, number)?;
        let cut = segment.file.truncate(u64::from(keep) * PAGE_BYTES as u64);
        cut.could_not(|| format!("truncate file \"{}\" to {keep} blocks", path.display()))?;
        if number > 0 && keep == 0 {
            entry.segments.write().truncate(number as usize);
            self.queue.forget(|fork, other| fork == entry.fork && other == number);
            self.queue.add_directory(&directory_of(entry.fork.file));
            return self.host.disk.unlink(&path).could_not(|| format!("remove file \"{}\"", path.display()));
        }
        self.request_segment_sync(entry.fork, number, &segment)
    }

    /// Forces the fork to disk now (a relation built without WAL).
    pub fn sync_now(&self, fork: RelFork) -> Result<()> {
        let entry = self.entry(fork);
        let last = self.blocks(fork)?.saturating_sub(1) / self.options.segment_blocks;
        (0..=last).try_for_each(|number| {
            let segment = self.segment(&entry, number)?;
            self.sync_segment(fork, number, &segment)
        })
    }

    /// Forces all segments written since the last round to disk, and the names of files made since. The checkpointer calls it after it wrote its pages.
    ///
    /// Errors: PANIC if an fsync fails (I2).
    pub fn sync_pending(&self) -> Result<SyncStats> {
        let mut stats = SyncStats::default();
        self.sync_directories()?;
        for (fork, number) in self.queue.take_all() {
            let start = self.host.clock.monotonic();
            match self.segment(&self.entry(fork), number) {
                Ok(segment) => self.sync_segment(fork, number, &segment)?,
                // Removed since.
                Err(error) if error.code() == SqlState::UNDEFINED_FILE => continue,
                Err(error) => return Err(error.severity(Severity::Panic)),
            }
            let took = self.host.clock.monotonic() - start;
            stats.files += 1;
            stats.longest = stats.longest.max(took);
            stats.total += took;
        }
        Ok(stats)
    }

    fn sync_directories(&self) -> Result<()> {
        for path in self.queue.take_directories() {
            match self.host.disk.exists(&path) {
                Ok(true) if self.options.fsync => (),
                // Removed since, with its database.
                _ => continue,
            }
            let synced = self.host.disk.sync_dir(&path);
            synced.map_err(|error| {
                self.sync_failed.store(true, Ordering::Release);
                Error::io(format!("fsync file \"{}\"", path.display()), &error).severity(Severity::Panic)
            })?;
        }
        Ok(())
    }

    /// How many segment files await fsync.
    pub fn sync_requests(&self) -> usize {
        self.queue.len()
    }

    fn sync_segment(&self, fork: RelFork, number: u32, segment: &Segment) -> Result<()> {
        // Unset first: a write that comes during the fsync makes a request of its own.
        segment.sync_requested.store(false, Ordering::Release);
        if !self.options.fsync {
            return Ok(());
        }
        let synced = if self.sync_failed.load(Ordering::Acquire) {
            Err(io::Error::from_raw_os_error(5))
        } else {
            segment.file.sync_all()
        };
        synced.map_err(|error| {
            self.sync_failed.store(true, Ordering::Release);
            let path = segment_path(fork, number);
            Error::io(format!("fsync file \"{}\"", path.display()), &error).severity(Severity::Panic)
        })
    }

    pub(crate) fn request_sync(&self, entry: &Arc<ForkFile>, number: u32) -> Result<()> {
        let segment = self.segment(entry, number)?;
        self.request_segment_sync(entry.fork, number, &segment)
    }

    fn request_segment_sync(&self, fork: RelFork, number: u32, segment: &Segment) -> Result<()> {
        if !segment.sync_requested.swap(true, Ordering::AcqRel) {
            self.queue.add(fork, number);
        }
        Ok(())
    }

    fn path_of(&self, fork: RelFork, block: BlockNumber) -> std::path::PathBuf {
        segment_path(fork, block.0 / self.options.segment_blocks)
    }

    fn place(&self, entry: &Arc<ForkFile>, block: BlockNumber) -> Result<(Arc<Segment>, u64)> {
        let per_segment = self.options.segment_blocks;
        let segment = self.segment(entry, block.0 / per_segment)?;
        Ok((segment, u64::from(block.0 % per_segment) * PAGE_BYTES as u64))
    }

    fn segment(&self, entry: &Arc<ForkFile>, number: u32) -> Result<Arc<Segment>> {
        if let Some(segment) = entry.open_segment(number) {
            if !entry.used.load(Ordering::Relaxed) {
                entry.used.store(true, Ordering::Relaxed);
            }
            return Ok(segment);
        }
        let path = segment_path(entry.fork, number);
        let opened = self.host.disk.open(&path, OpenOptions::default());
        let file = opened.could_not(|| format!("open file \"{}\"", path.display()))?;
        Ok(self.install(entry, number, file))
    }

    fn install(&self, entry: &Arc<ForkFile>, number: u32, file: Arc<dyn host::File>) -> Arc<Segment> {
        if self.open_files.load(Ordering::Relaxed) >= self.options.open_files_max {
            self.close_unused();
        }
        let mut segments = entry.segments.write();
        if segments.len() <= number as usize {
            segments.resize(number as usize + 1, None);
        }
        let slot = &mut segments[number as usize];
        if let Some(segment) = slot {
            return Arc::clone(segment);
        }
        self.open_files.fetch_add(1, Ordering::Relaxed);
        Arc::clone(slot.insert(Arc::new(Segment { file, sync_requested: AtomicBool::new(false) })))
    }

    /// Closes the files of forks that were not used since the last time. Who still holds one may go on using it.
    fn close_unused(&self) {
        for shard in &self.shards {
            for entry in shard.read().values() {
                if !entry.used.swap(false, Ordering::Relaxed) {
                    self.close(entry);
                }
            }
        }
    }

    fn close(&self, entry: &ForkFile) {
        let closed = std::mem::take(&mut *entry.segments.write());
        let count = closed.iter().flatten().count();
        self.open_files.fetch_sub(count, Ordering::Relaxed);
    }

    /// How many segment files are open.
    pub fn open_files(&self) -> usize {
        self.open_files.load(Ordering::Relaxed)
    }

    fn shard(&self, fork: RelFork) -> &RwLock<Forks> {
        &self.shards[self.hasher.hash_one(fork) as usize % TABLE_SHARDS]
    }

    fn lookup(&self, fork: RelFork) -> Option<Arc<ForkFile>> {
        self.shard(fork).read().get(&fork).cloned()
    }

    pub(crate) fn entry(&self, fork: RelFork) -> Arc<ForkFile> {
        if let Some(entry) = self.lookup(fork) {
            return entry;
        }
        Arc::clone(self.shard(fork).write().entry(fork).or_insert_with(|| Arc::new(ForkFile::new(fork))))
    }

    fn forget(&self, fork: RelFork) {
        let gone = self.shard(fork).write().remove(&fork);
        if let Some(entry) = gone {
            self.close(&entry);
        }
    }

    /// Forgets all forks of a database: before its directory is removed.
    pub(crate) fn forget_database(&self, database: Oid) {
        for shard in &self.shards {
            let mut shard = shard.write();
            let gone: Vec<RelFork> = shard.keys().filter(|fork| fork.file.database == database).copied().collect();
            for fork in gone {
                if let Some(entry) = shard.remove(&fork) {
                    self.close(&entry);
                }
            }
        }
        self.queue.forget(|fork, _| fork.file.database == database);
    }

    pub(crate) fn make_directory(&self, path: &Path) -> Result<()> {
        match self.host.disk.mkdir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::io(format!("create directory \"{}\"", path.display()), &error))
            }
            _ => Ok(()),
        }
    }
}

/// What [`StorageManager::create`] makes of a file that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfExists {
    /// An error: the file number was taken.
    Fail,
    /// Nothing to do: redo comes by a second time.
    Ignore,
}

fn extend_error(path: &Path, error: &io::Error) -> Error {
    let report = Error::io(format!("extend file \"{}\"", path.display()), error);
    if report.code() == SqlState::DISK_FULL { report.hint("Check free disk space.") } else { report }
}

impl std::fmt::Debug for StorageManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StorageManager({} open files)", self.open_files())
    }
}
