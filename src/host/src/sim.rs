//! A disk in memory that forgets what was not synced.
//!
//! Each file keeps its durable bytes and the list of changes since the last sync. A crash takes each change for itself: a write is lost,
//! kept, or kept in some of its 512-byte sectors; a change of a directory's entries survives only with all earlier ones of that directory.

mod image;

use crate::{
    Clock, Disk, Entropy, EntryKind, File, FileStatus, Host, ManualClock, OpenMode, OpenOptions, SeededEntropy,
    SyncOnWrite,
};
use base::Prng;
use image::Image;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a disk writes atomically.
pub const SECTOR_BYTES: usize = 512;

/// Which calls are to fail. Counts are of calls from now on, the first is 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultPlan {
    /// The I/O during which the power fails. Counted is what changes the disk: writes, changes of a directory, syncs that have something to save.
    pub crash_at_io: Option<u64>,
    /// The sync that fails; what it should have saved may be lost for good.
    pub fail_sync_at: Option<u64>,
    /// The read that fails.
    pub fail_read_at: Option<u64>,
    /// Nothing is at hand: every read waits for the disk.
    pub reads_wait: bool,
    /// Bytes that may still be added to files before the disk is full.
    pub space_bytes: Option<u64>,
    /// Syncs of files below this directory are acknowledged and do nothing: a disk that lies, or a server that forgot to ask.
    pub ignores_syncs_below: Option<&'static str>,
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
    /// Ranges of files whose write-back was asked for.
    write_backs: Vec<(u64, u64)>,
    /// A sum over all changes since the machine was made.
    trace: u64,
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

#[derive(Clone, Default)]
struct Node {
    current: Arc<Image>,
    durable: Arc<Image>,
    pending: Vec<Change>,
    /// The directory that it was made in.
    directory: PathBuf,
}

#[derive(Clone)]
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
            write_backs: Vec::new(),
            trace: 0,
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

    /// A machine of its own with the same disk, as if freshly booted; chance goes by its own seed. Costs little: the bytes are shared until one of the two
    /// changes them.
    pub fn copy(&self, seed: u64) -> SimHost {
        let made = SimHost::new(seed);
        {
            let (from, mut to) = (self.shared.lock(), made.shared.lock());
            to.nodes = from.nodes.clone();
            (to.names, to.durable_names) = (from.names.clone(), from.durable_names.clone());
            to.pending_names = from.pending_names.clone();
        }
        made.clock.advance(Clock::monotonic(&*self.clock));
        made
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

    /// Reads since `set_faults`.
    pub fn reads(&self) -> u64 {
        self.shared.lock().reads
    }

    /// Offset and length of each range whose write-back was asked for since this was last called.
    pub fn take_write_backs(&self) -> Vec<(u64, u64)> {
        std::mem::take(&mut self.shared.lock().write_backs)
    }

    /// Syncs of files since `set_faults`.
    pub fn syncs(&self) -> u64 {
        self.shared.lock().syncs
    }

    /// A number that stands for all changes of the disk so far, in their order: two runs that did the same have the same.
    pub fn trace(&self) -> u64 {
        self.shared.lock().trace
    }

    /// Where a file differs from what another machine has under that name, or is there on one of them only.
    pub fn differs(&self, other: &SimHost, path: &Path) -> bool {
        let (ours, theirs) = (self.image(path), other.image(path));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => !Arc::ptr_eq(&ours, &theirs),
            (None, None) => false,
            _ => true,
        }
    }

    fn image(&self, path: &Path) -> Option<Arc<Image>> {
        let state = self.shared.lock();
        match state.names.get(path) {
            Some(Entry::File(node)) => Some(Arc::clone(&state.nodes[*node].current)),
            _ => None,
        }
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
        forget_nameless(state);
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
        self.image(path).map(|image| image.to_vec())
    }

    /// Changes bytes of a file behind the server's back, durably: media damage.
    pub fn damage(&self, path: &Path, offset: usize, bytes: &[u8]) {
        let mut state = self.shared.lock();
        if let Some(&Entry::File(node)) = state.names.get(path) {
            let node = &mut state.nodes[node];
            for image in [&mut node.current, &mut node.durable] {
                Arc::make_mut(image).write(offset, bytes);
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
    // A file whose directory did not survive did not either. Parents come before their children in this order.
    let mut survivors = BTreeMap::new();
    for (path, entry) in std::mem::take(&mut state.durable_names) {
        if path.parent().is_none_or(|up| survivors.get(up) == Some(&Entry::Directory)) {
            survivors.insert(path, entry);
        }
    }
    state.durable_names = survivors;
    state.names = state.durable_names.clone();
}

/// Frees what no name leads to any more.
fn forget_nameless(state: &mut State) {
    let mut is_named = vec![false; state.nodes.len()];
    for entry in state.names.values() {
        if let Entry::File(node) = entry {
            is_named[*node] = true;
        }
    }
    let nameless = state.nodes.iter_mut().zip(is_named).filter(|(_, is_named)| !is_named);
    nameless.for_each(|(node, _)| *node = Node::default());
}

fn settle_node(node: &mut Node, prng: &mut Prng) {
    if node.pending.is_empty() {
        node.current = Arc::clone(&node.durable);
        return;
    }
    let durable = Arc::make_mut(&mut node.durable);
    for change in std::mem::take(&mut node.pending) {
        match (change, prng.below(3)) {
            (_, 0) => (),
            (Change::Write(offset, bytes), 1) => tear_into(durable, offset, &bytes, prng),
            (change, _) => apply_change(durable, &change),
        }
    }
    node.current = Arc::clone(&node.durable);
}

/// Writes some of the sectors that the write touches.
fn tear_into(image: &mut Image, offset: usize, bytes: &[u8], prng: &mut Prng) {
    let mut at = 0;
    while at < bytes.len() {
        let sector_end = (offset + at) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES;
        let end = (sector_end - offset).min(bytes.len());
        if prng.one_in(2) {
            image.write(offset + at, &bytes[at..end]);
        }
        at = end;
    }
}

fn apply_change(image: &mut Image, change: &Change) {
    match change {
        Change::Write(offset, bytes) => image.write(*offset, bytes),
        Change::Truncate(length) => image.resize(*length),
    }
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
        self.note(&change);
        apply_name(&mut self.names, &change);
        self.pending_names.push(change);
        if failed { Err(gone()) } else { Ok(()) }
    }

    /// Adds a change of names to the trace.
    fn note(&mut self, change: &NameChange) {
        let (kind, path) = match change {
            NameChange::Add(path, _) => (1, path),
            NameChange::Remove(path) => (2, path),
            NameChange::Rename(_, path, _) => (3, path),
        };
        self.trace = mix(self.trace, kind, path.as_os_str().as_encoded_bytes());
    }

    fn change_node(&mut self, boot: u64, node: usize, change: Change, sync: SyncOnWrite) -> Result<()> {
        self.check_power(boot)?;
        self.take_space(node, &change)?;
        let failed = self.count_io();
        self.trace = match &change {
            Change::Write(offset, bytes) => mix(self.trace ^ node as u64, *offset as u64, bytes),
            Change::Truncate(length) => mix(self.trace ^ node as u64, *length as u64, b"cut"),
        };
        let ignores_sync = self.ignores_sync(node);
        let node = &mut self.nodes[node];
        apply_change(Arc::make_mut(&mut node.current), &change);
        node.pending.push(change);
        if failed {
            return Err(gone());
        }
        if sync != SyncOnWrite::No && !ignores_sync {
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
        if self.ignores_sync(node) {
            return Ok(());
        }
        self.syncs += 1;
        if !self.nodes[node].pending.is_empty() {
            self.trace = mix(self.trace, node as u64, b"sync");
            if self.count_io() {
                return Err(gone());
            }
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

    fn ignores_sync(&self, node: usize) -> bool {
        self.faults.ignores_syncs_below.is_some_and(|place| self.nodes[node].directory.starts_with(place))
    }

    fn sync_names(&mut self, boot: u64, directory: &Path) -> Result<()> {
        self.check_power(boot)?;
        if !self.pending_names.iter().any(|change| directory_of(change) == directory) {
            return Ok(());
        }
        if self.count_io() {
            return Err(gone());
        }
        self.trace = mix(self.trace, 4, directory.as_os_str().as_encoded_bytes());
        let pending = std::mem::take(&mut self.pending_names);
        let (synced, other): (Vec<_>, _) = pending.into_iter().partition(|change| directory_of(change) == directory);
        self.pending_names = other;
        synced.iter().for_each(|change| apply_name(&mut self.durable_names, change));
        Ok(())
    }
}

/// The next value of the trace: order and content count.
fn mix(trace: u64, number: u64, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks();
    let sum = words.iter().fold(step(trace, number), |sum, word| step(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, byte| step(sum, u64::from(*byte)))
}

impl Node {
    fn sync(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            let durable = Arc::make_mut(&mut self.durable);
            pending.iter().for_each(|change| apply_change(durable, change));
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
        state.nodes.push(Node { directory: parent.to_owned(), ..Node::default() });
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
        let below = state.names.range(path.to_owned()..).take_while(|(other, _)| other.starts_with(path));
        let entries = below.filter(|(other, _)| other.parent() == Some(path));
        let named =
            entries.filter_map(|(other, entry)| Some((other.file_name()?.to_str()?.to_owned(), kind_of(*entry))));
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
        state.sync_names(self.boot, path)
    }

    /// What has nothing to save is passed over.
    fn sync_trees(&self, paths: &[&Path]) -> Result<()> {
        let mut state = self.shared.lock();
        for path in paths {
            let below = state.names.range(path.to_path_buf()..).take_while(|(other, _)| other.starts_with(path));
            let files = below.filter_map(|(_, entry)| if let Entry::File(node) = entry { Some(*node) } else { None });
            let files: Vec<usize> = files.filter(|node| !state.nodes[*node].pending.is_empty()).collect();
            files.into_iter().try_for_each(|node| state.sync_node(self.boot, node))?;
            let directories: BTreeSet<PathBuf> = state.pending_names.iter().map(directory_of).collect();
            let mut below = directories.iter().filter(|directory| directory.starts_with(path));
            below.try_for_each(|directory| state.sync_names(self.boot, directory))?;
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
        Ok(state.nodes[self.node].current.read(place(offset)?, buffer))
    }

    fn read_at_hand(&self, buffer: &mut [u8], offset: u64) -> Result<Option<usize>> {
        let waits = self.shared.lock().faults.reads_wait;
        if waits { Ok(None) } else { self.read_at(buffer, offset).map(Some) }
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

    fn start_write_back(&self, offset: u64, bytes: u64) -> Result<()> {
        let mut state = self.shared.lock();
        state.write_backs.push((offset, bytes));
        state.check_power(self.boot)
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
