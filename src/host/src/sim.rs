//! A disk in memory that forgets what was not synced.
//!
//! Each file keeps its durable bytes and the list of changes since the last sync. A crash takes each change for itself: a write is lost,
//! kept, or kept in some of its 512-byte sectors; a change of a directory's entries survives only with all earlier ones of that directory.

use crate::{
    Disk, Entropy, EntryKind, File, FileStatus, Host, ManualClock, OpenMode, OpenOptions, SeededEntropy, SyncOnWrite,
};
use base::Prng;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a disk writes atomically.
pub const SECTOR_BYTES: usize = 512;

/// Which calls are to fail. Counts are of calls from now on, the first is 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultPlan {
    /// The I/O (write, sync, change of a directory) during which the power fails.
    pub crash_at_io: Option<u64>,
    /// The sync that fails; what it should have saved may be lost for good.
    pub fail_sync_at: Option<u64>,
    /// The read that fails.
    pub fail_read_at: Option<u64>,
    /// Bytes that may still be added to files before the disk is full.
    pub space_bytes: Option<u64>,
}

/// A simulated machine: keeps its disk over crashes. Clones share it.
#[derive(Clone)]
pub struct SimHost {
    shared: Arc<Mutex<State>>,
    clock: Arc<ManualClock>,
    entropy: Arc<dyn Entropy>,
}

struct State {
    prng: Prng,
    /// Counts the boots; a handle of an earlier one is dead.
    boot: u64,
    powered_off: bool,
    faults: FaultPlan,
    ios: u64,
    syncs: u64,
    reads: u64,
    nodes: Vec<Node>,
    /// What a look-up sees now.
    names: BTreeMap<PathBuf, Entry>,
    /// What the disk would show after a crash.
    durable_names: BTreeMap<PathBuf, Entry>,
    /// Changes of entries since their directory was synced, oldest first.
    pending_names: Vec<NameChange>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Directory,
    File(usize),
}

#[derive(Clone)]
enum NameChange {
    Add(PathBuf, Entry),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf, Entry),
}

#[derive(Default)]
struct Node {
    current: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl SimHost {
    /// An empty disk. Everything that chance decides repeats for the same seed.
    pub fn new(seed: u64) -> SimHost {
        let root = BTreeMap::from([(PathBuf::new(), Entry::Directory)]);
        let state = State {
            prng: Prng::new(seed),
            boot: 0,
            powered_off: false,
            faults: FaultPlan::default(),
            ios: 0,
            syncs: 0,
            reads: 0,
            nodes: Vec::new(),
            names: root.clone(),
            durable_names: root,
            pending_names: Vec::new(),
        };
        SimHost {
            shared: Arc::new(Mutex::new(state)),
            clock: Arc::default(),
            entropy: Arc::new(SeededEntropy::new(seed)),
        }
    }

    /// Handles for the server under test. Those taken before a crash do not work after it.
    pub fn host(&self) -> Host {
        let boot = self.shared.lock().boot;
        let disk = Arc::new(SimDisk { shared: Arc::clone(&self.shared), boot });
        Host { disk, clock: Arc::clone(&self.clock) as _, entropy: Arc::clone(&self.entropy) }
    }

    /// The clock, to be moved by the test.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Replaces the faults to come; their counts start now.
    pub fn set_faults(&self, faults: FaultPlan) {
        let mut state = self.shared.lock();
        (state.faults, state.ios, state.syncs, state.reads) = (faults, 0, 0, 0);
    }

    /// Writes, syncs and directory changes since `set_faults`.
    pub fn ios(&self) -> u64 {
        self.shared.lock().ios
    }

    /// Lets the power fail now, until [`SimHost::crash`].
    pub fn power_off(&self) {
        self.shared.lock().powered_off = true;
    }

    /// True after the power failed, until [`SimHost::crash`].
    pub fn powered_off(&self) -> bool {
        self.shared.lock().powered_off
    }

    /// Cuts the power (if the plan did not already) and boots again: decides what of the unsynced changes survived. Clears the faults.
    pub fn crash(&self) {
        let mut state = self.shared.lock();
        state.boot += 1;
        state.powered_off = false;
        (state.faults, state.ios, state.syncs, state.reads) = (FaultPlan::default(), 0, 0, 0);
        let state = &mut *state;
        settle_names(state);
        for node in &mut state.nodes {
            settle_node(node, &mut state.prng);
        }
    }

    /// The process dies and the machine lives: nothing is lost, what was not synced is still not durable. Clears the faults.
    pub fn kill(&self) {
        let mut state = self.shared.lock();
        state.boot += 1;
        state.powered_off = false;
        (state.faults, state.ios, state.syncs, state.reads) = (FaultPlan::default(), 0, 0, 0);
    }

    /// A file's bytes as they are now seen.
    pub fn file_bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.shared.lock();
        match state.names.get(path) {
            Some(Entry::File(node)) => Some(state.nodes[*node].current.clone()),
            _ => None,
        }
    }

    /// Changes bytes of a file behind the server's back, durably: media damage.
    pub fn damage(&self, path: &Path, offset: usize, bytes: &[u8]) {
        let mut state = self.shared.lock();
        if let Some(&Entry::File(node)) = state.names.get(path) {
            let node = &mut state.nodes[node];
            for image in [&mut node.current, &mut node.durable] {
                write_into(image, offset, bytes);
            }
        }
    }
}

/// Applies, directory by directory, a prefix of the changes that were not synced.
fn settle_names(state: &mut State) {
    let mut kept_until: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for change in std::mem::take(&mut state.pending_names) {
        let keeps = kept_until.entry(directory_of(&change)).or_insert(true);
        *keeps = *keeps && !state.prng.one_in(3);
        if *keeps {
            apply_name(&mut state.durable_names, &change);
        }
    }
    // A file whose directory did not survive did not either.
    loop {
        let names = &state.durable_names;
        let orphan = |path: &PathBuf| path.parent().is_some_and(|up| names.get(up) != Some(&Entry::Directory));
        let Some(path) = names.keys().find(|path| orphan(path)).cloned() else { break };
        state.durable_names.remove(&path);
    }
    state.names = state.durable_names.clone();
}

fn settle_node(node: &mut Node, prng: &mut Prng) {
    for change in std::mem::take(&mut node.pending) {
        match (change, prng.below(3)) {
            (_, 0) => (),
            (Change::Write(offset, bytes), 1) => tear_into(&mut node.durable, offset, &bytes, prng),
            (change, _) => apply_change(&mut node.durable, &change),
        }
    }
    node.current = node.durable.clone();
}

/// Writes some of the sectors that the write touches.
fn tear_into(image: &mut Vec<u8>, offset: usize, bytes: &[u8], prng: &mut Prng) {
    let mut at = 0;
    while at < bytes.len() {
        let sector_end = (offset + at) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES;
        let end = (sector_end - offset).min(bytes.len());
        if prng.one_in(2) {
            write_into(image, offset + at, &bytes[at..end]);
        }
        at = end;
    }
}

fn apply_change(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, bytes) => write_into(image, *offset, bytes),
        Change::Truncate(length) => image.resize(*length, 0),
    }
}

fn write_into(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(bytes);
}

fn apply_name(names: &mut BTreeMap<PathBuf, Entry>, change: &NameChange) {
    match change {
        NameChange::Add(path, entry) => drop(names.insert(path.clone(), *entry)),
        NameChange::Remove(path) => drop(names.remove(path)),
        NameChange::Rename(from, to, entry) => {
            names.remove(from);
            names.insert(to.clone(), *entry);
        }
    }
}

fn directory_of(change: &NameChange) -> PathBuf {
    let (NameChange::Add(path, _) | NameChange::Remove(path) | NameChange::Rename(_, path, _)) = change;
    path.parent().unwrap_or(Path::new("")).to_owned()
}

fn not_found() -> Error {
    Error::from_raw_os_error(libc::ENOENT)
}

fn gone() -> Error {
    Error::other("the simulated power failed")
}

impl State {
    fn check_power(&self, boot: u64) -> Result<()> {
        if self.powered_off || self.boot != boot { Err(gone()) } else { Ok(()) }
    }

    /// Counts a change of the disk. True if the power fails during it.
    fn count_io(&mut self) -> bool {
        self.ios += 1;
        self.powered_off = self.faults.crash_at_io == Some(self.ios);
        self.powered_off
    }

    fn change_name(&mut self, boot: u64, change: NameChange) -> Result<()> {
        self.check_power(boot)?;
        let failed = self.count_io();
        apply_name(&mut self.names, &change);
        self.pending_names.push(change);
        if failed { Err(gone()) } else { Ok(()) }
    }

    fn change_node(&mut self, boot: u64, node: usize, change: Change, sync: SyncOnWrite) -> Result<()> {
        self.check_power(boot)?;
        self.take_space(node, &change)?;
        let failed = self.count_io();
        let node = &mut self.nodes[node];
        apply_change(&mut node.current, &change);
        node.pending.push(change);
        if failed {
            return Err(gone());
        }
        if sync != SyncOnWrite::No {
            node.sync();
        }
        Ok(())
    }

    fn take_space(&mut self, node: usize, change: &Change) -> Result<()> {
        let (Some(space), Change::Write(offset, bytes)) = (&mut self.faults.space_bytes, change) else { return Ok(()) };
        let growth = (offset + bytes.len()).saturating_sub(self.nodes[node].current.len()) as u64;
        if growth > *space {
            return Err(Error::from_raw_os_error(libc::ENOSPC));
        }
        *space -= growth;
        Ok(())
    }

    fn sync_node(&mut self, boot: u64, node: usize) -> Result<()> {
        self.check_power(boot)?;
        self.syncs += 1;
        if self.count_io() {
            return Err(gone());
        }
        if self.faults.fail_sync_at == Some(self.syncs) {
            // As Linux does: the pages are marked clean, so a second sync would succeed without having written them.
            let State { nodes, prng, .. } = self;
            nodes[node].pending.retain(|_| prng.one_in(2));
            nodes[node].sync();
            return Err(Error::from_raw_os_error(libc::EIO));
        }
        self.nodes[node].sync();
        Ok(())
    }
}

impl Node {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            apply_change(&mut self.durable, &change);
        }
    }
}

struct SimDisk {
    shared: Arc<Mutex<State>>,
    boot: u64,
}

struct SimFile {
    shared: Arc<Mutex<State>>,
    boot: u64,
    node: usize,
    sync: SyncOnWrite,
}

impl SimDisk {
    fn create(&self, state: &mut State, path: &Path) -> Result<usize> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if state.names.get(parent) != Some(&Entry::Directory) {
            return Err(not_found());
        }
        state.nodes.push(Node::default());
        let node = state.nodes.len() - 1;
        state.change_name(self.boot, NameChange::Add(path.to_owned(), Entry::File(node)))?;
        Ok(node)
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> Result<Arc<dyn File>> {
        let mut state = self.shared.lock();
        state.check_power(self.boot)?;
        let node = match (state.names.get(path), options.mode) {
            (Some(Entry::Directory), _) => return Err(Error::from_raw_os_error(libc::EISDIR)),
            (Some(Entry::File(_)), OpenMode::CreateNew) => return Err(Error::from_raw_os_error(libc::EEXIST)),
            (Some(Entry::File(node)), _) => *node,
            (None, OpenMode::Read | OpenMode::ReadWrite) => return Err(not_found()),
            (None, OpenMode::Create | OpenMode::CreateNew) => self.create(&mut state, path)?,
        };
        Ok(Arc::new(SimFile { shared: Arc::clone(&self.shared), boot: self.boot, node, sync: options.sync }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut state = self.shared.lock();
        let entry = *state.names.get(from).ok_or_else(not_found)?;
        state.change_name(self.boot, NameChange::Rename(from.to_owned(), to.to_owned(), entry))
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        let mut state = self.shared.lock();
        match state.names.get(path) {
            Some(Entry::File(_)) => state.change_name(self.boot, NameChange::Remove(path.to_owned())),
            Some(Entry::Directory) => Err(Error::from_raw_os_error(libc::EISDIR)),
            None => Err(not_found()),
        }
    }

    fn mkdir(&self, path: &Path) -> Result<()> {
        let mut state = self.shared.lock();
        let parent = path.parent().unwrap_or(Path::new(""));
        if state.names.contains_key(path) {
            return Err(Error::from_raw_os_error(libc::EEXIST));
        }
        if state.names.get(parent) != Some(&Entry::Directory) {
            return Err(not_found());
        }
        state.change_name(self.boot, NameChange::Add(path.to_owned(), Entry::Directory))
    }

    fn rmdir(&self, path: &Path) -> Result<()> {
        let mut state = self.shared.lock();
        if state.names.get(path) != Some(&Entry::Directory) {
            return Err(not_found());
        }
        if state.names.keys().any(|other| other.parent() == Some(path)) {
            return Err(Error::from_raw_os_error(libc::ENOTEMPTY));
        }
        state.change_name(self.boot, NameChange::Remove(path.to_owned()))
    }

    fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>> {
        let state = self.shared.lock();
        state.check_power(self.boot)?;
        if state.names.get(path) != Some(&Entry::Directory) {
            return Err(not_found());
        }
        let below = state.names.iter().filter(|(other, _)| other.parent() == Some(path));
        let named = below.filter_map(|(other, entry)| Some((other.file_name()?.to_str()?.to_owned(), kind_of(*entry))));
        Ok(named.collect())
    }

    fn kind(&self, path: &Path) -> Result<Option<EntryKind>> {
        let state = self.shared.lock();
        state.check_power(self.boot)?;
        Ok(state.names.get(path).map(|entry| kind_of(*entry)))
    }

    fn status(&self, path: &Path) -> Result<FileStatus> {
        let kind = self.kind(path)?.ok_or_else(not_found)?;
        let bytes = match kind {
            EntryKind::File => self.open(path, OpenOptions::new(OpenMode::Read))?.len()?,
            EntryKind::Directory => 0,
        };
        Ok(FileStatus { kind, bytes, accessed_us: 0, modified_us: 0, changed_us: 0 })
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        let mut state = self.shared.lock();
        state.check_power(self.boot)?;
        if state.names.get(path) != Some(&Entry::Directory) {
            return Err(not_found());
        }
        if state.count_io() {
            return Err(gone());
        }
        let (synced, other) =
            std::mem::take(&mut state.pending_names).into_iter().partition(|change| directory_of(change) == path);
        state.pending_names = other;
        let synced: Vec<NameChange> = synced;
        for change in &synced {
            apply_name(&mut state.durable_names, change);
        }
        Ok(())
    }
}

fn kind_of(entry: Entry) -> EntryKind {
    match entry {
        Entry::Directory => EntryKind::Directory,
        Entry::File(_) => EntryKind::File,
    }
}

impl SimFile {
    fn change(&self, change: Change) -> Result<()> {
        self.shared.lock().change_node(self.boot, self.node, change, self.sync)
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut state = self.shared.lock();
        state.check_power(self.boot)?;
        state.reads += 1;
        if state.faults.fail_read_at == Some(state.reads) {
            return Err(Error::from_raw_os_error(libc::EIO));
        }
        let bytes = &state.nodes[self.node].current;
        let start = place(offset)?.min(bytes.len());
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.change(Change::Write(place(offset)?, bytes.to_vec()))
    }

    fn sync_data(&self) -> Result<()> {
        self.shared.lock().sync_node(self.boot, self.node)
    }

    fn sync_all(&self) -> Result<()> {
        self.sync_data()
    }

    fn start_write_back(&self, _: u64, _: u64) -> Result<()> {
        self.shared.lock().check_power(self.boot)
    }

    fn len(&self) -> Result<u64> {
        let state = self.shared.lock();
        state.check_power(self.boot)?;
        Ok(state.nodes[self.node].current.len() as u64)
    }

    fn truncate(&self, bytes: u64) -> Result<()> {
        self.change(Change::Truncate(place(bytes)?))
    }

    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        let (end, length) = (place(offset + bytes)?, place(self.len()?)?);
        if end > length { self.change(Change::Write(length, vec![0; end - length])) } else { Ok(()) }
    }
}

fn place(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| Error::from(ErrorKind::InvalidInput))
}

#[cfg(test)]
mod tests;
