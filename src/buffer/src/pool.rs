//! The pool: finding, reading and extending.

use crate::frame::{Frame, Tag};
use crate::freed::Freed;
use crate::guard::{Pin, WriteGuard};
use crate::limits::{FRAMES_MAX, FRAMES_MIN};
use crate::region::{HugePages, Region};
use crate::ring::BulkRing;
use crate::state::{LOADED, PIN_WAITER, State};
use crate::table::{Place, Table};
use crate::usage::{PageEvent, Usage, Used};
use base::{BlockNumber, RelFork};
use page::{Page, PageDamage};
use report::{Error, Result};
use smgr::StorageManager;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use sync::{Condvar, Mutex, NoHooks, WaitHooks, WaitKind, Waiting, rank};
use wal::Wal;

/// How a pool is set up.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Frames (`shared_buffers` in pages).
    pub frames: usize,
    /// `huge_pages`.
    pub huge_pages: HugePages,
}

/// Counters since start, for `pg_stat_bgwriter` and `pg_stat_database`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolStats {
    /// Pages read from files.
    pub reads: u64,
    /// Frames given to another page.
    pub allocations: u64,
    /// Pages written by who needed the frame.
    pub backend_writes: u64,
    /// Pages written by the bgwriter.
    pub bgwriter_writes: u64,
    /// Rounds of the bgwriter that stopped at their limit.
    pub bgwriter_limit: u64,
    /// Pages written by checkpoints.
    pub checkpoint_writes: u64,
    /// Blocks added to files.
    pub extends: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) reads: AtomicU64,
    pub(crate) allocations: AtomicU64,
    pub(crate) backend_writes: AtomicU64,
    pub(crate) bgwriter_writes: AtomicU64,
    pub(crate) bgwriter_limit: AtomicU64,
    pub(crate) checkpoint_writes: AtomicU64,
    pub(crate) extends: AtomicU64,
}

pub(crate) struct Inner {
    pub(crate) region: Region,
    pub(crate) frames: Box<[Frame]>,
    pub(crate) table: Table,
    pub(crate) smgr: Arc<StorageManager>,
    pub(crate) wal: Arc<Wal>,
    /// The clock's hand; the frame is this modulo their number.
    pub(crate) hand: AtomicU64,
    /// Frames without a page that were used before.
    pub(crate) freed: Freed,
    pub(crate) pin_waiters: Mutex<()>,
    pub(crate) pin_released: Condvar,
    pub(crate) zero_damaged: AtomicBool,
    /// See [`BufferPool::set_checkpoint_flush_after`].
    pub(crate) checkpoint_flush_after: AtomicU32,
    pub(crate) counters: Counters,
}

/// A handle of an instance's buffer pool, which counts what is done through it. Each session has its own.
pub struct BufferPool {
    pub(crate) inner: Arc<Inner>,
    pub(crate) usage: Arc<Usage>,
    /// Told when the disk, or somebody else who waits for it, is waited for.
    waits: Arc<dyn WaitHooks>,
    keeper: Arc<Keeper>,
}

/// Keeps the pool's memory: see I5. All handles share it.
struct Keeper(Arc<Inner>);

/// Where a page came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It was in memory.
    Memory,
    /// It was read from its file.
    File,
}

impl From<Origin> for PageEvent {
    #[inline]
    fn from(origin: Origin) -> PageEvent {
        match origin {
            Origin::Memory => PageEvent::Hit,
            Origin::File => PageEvent::Read,
        }
    }
}

impl BufferPool {
    /// Maps the memory.
    ///
    /// Errors: no address space; no huge pages where they are required.
    pub fn new(smgr: Arc<StorageManager>, wal: Arc<Wal>, options: PoolOptions) -> Result<BufferPool> {
        let count = options.frames.clamp(FRAMES_MIN, FRAMES_MAX);
        let inner = Inner {
            region: Region::map(count, options.huge_pages)?,
            frames: (0..count).map(|_| Frame::new()).collect(),
            table: Table::new(count),
            smgr,
            wal,
            hand: AtomicU64::new(0),
            freed: Freed::new(count),
            pin_waiters: Mutex::new(rank::PIN_WAIT, ()),
            pin_released: Condvar::new(),
            zero_damaged: AtomicBool::new(false),
            checkpoint_flush_after: AtomicU32::new(0),
            counters: Counters::default(),
        };
        let inner = Arc::new(inner);
        let keeper = Arc::new(Keeper(Arc::clone(&inner)));
        Ok(BufferPool { inner, usage: Arc::default(), waits: Arc::new(NoHooks), keeper })
    }

    /// Another handle, with counts of its own. `waits` are told when who uses it waits for the disk.
    pub fn handle(&self, waits: Arc<dyn WaitHooks>) -> BufferPool {
        BufferPool { inner: Arc::clone(&self.inner), usage: Arc::default(), waits, keeper: Arc::clone(&self.keeper) }
    }

    /// What was done through this handle. Pages that were asked for are not among it: who knows whose they are counts them.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The files below.
    pub fn smgr(&self) -> &Arc<StorageManager> {
        &self.inner.smgr
    }

    /// The log.
    pub fn wal(&self) -> &Arc<Wal> {
        &self.inner.wal
    }

    /// Frames.
    pub fn frames(&self) -> usize {
        self.inner.frames.len()
    }

    /// The setting `zero_damaged_pages`: a damaged page is taken for an empty one instead of an error.
    pub fn set_zero_damaged_pages(&self, enabled: bool) {
        self.inner.zero_damaged.store(enabled, Ordering::Relaxed);
    }

    /// The setting `checkpoint_flush_after`: after so many pages that a checkpoint wrote, the system is asked to write them out, so that the fsyncs at its end find
    /// little left. 0: never.
    pub fn set_checkpoint_flush_after(&self, pages: u32) {
        self.inner.checkpoint_flush_after.store(pages, Ordering::Relaxed);
    }

    /// Pins a page, reading it if it is not in memory.
    ///
    /// Errors: XX001 if it is damaged or beyond the end of its file; 53000 if every frame is pinned; I/O.
    /// Locks: none held on return. May wait for another thread's read of the same page.
    #[inline]
    pub fn read(&self, fork: RelFork, block: BlockNumber) -> Result<Pin> {
        self.fetch(fork, block, None).map(|(pin, _)| pin)
    }

    /// As `read`, and says where the page was. With a ring, for a big scan: a page that is not in memory gets one of the ring's frames.
    #[inline]
    pub fn fetch(&self, fork: RelFork, block: BlockNumber, ring: Option<&mut BulkRing>) -> Result<(Pin, Origin)> {
        let tag = Tag { fork, block };
        let place = self.inner.table.place(tag);
        match self.inner.table.find(&self.inner.frames, place, tag) {
            Some((frame, before)) if before.has(LOADED) => Ok((self.pin(frame), Origin::Memory)),
            Some((frame, _)) => self.wait_loaded(self.pin(frame), tag),
            None => self.read_slowly(tag, place, ring),
        }
    }

    /// Pins a page if it is in memory, without a lock. None proves nothing: it may be there all the same.
    #[inline]
    pub(crate) fn read_cached(&self, fork: RelFork, block: BlockNumber) -> Option<Pin> {
        let tag = Tag { fork, block };
        let (frame, before) = self.inner.table.find(&self.inner.frames, self.inner.table.place(tag), tag)?;
        let pin = self.pin(frame);
        before.has(LOADED).then_some(pin)
    }

    /// Has the processor bring near what finding the page needs, if it is in memory. Many such calls in a row wait for memory once, not one after the other.
    #[inline]
    pub(crate) fn prefetch(&self, fork: RelFork, block: BlockNumber) {
        let tag = Tag { fork, block };
        if let Some(frame) = self.inner.table.guess(&self.inner.frames, self.inner.table.place(tag), tag) {
            self.inner.region.prefetch(frame);
        }
    }

    /// Pins a page if it is in memory. Does not count as use.
    pub fn lookup(&self, fork: RelFork, block: BlockNumber) -> Option<Pin> {
        let tag = Tag { fork, block };
        let place = self.inner.table.place(tag);
        let found = {
            let _partition = self.inner.table.lock(place);
            self.inner.table.find_locked(&self.inner.frames, place, tag, State::pin_unused)
        };
        let (frame, before) = found?;
        let pin = self.pin(frame);
        before.has(LOADED).then_some(pin)
    }

    #[cold]
    fn read_slowly(&self, tag: Tag, place: Place, ring: Option<&mut BulkRing>) -> Result<(Pin, Origin)> {
        let pin = match self.install(tag, place, ring)? {
            Installed::Fresh(guard) => {
                self.load(&guard, tag)?;
                return Ok((guard.unlock(), Origin::File));
            }
            Installed::There(pin) => pin,
        };
        self.wait_loaded(pin, tag)
    }

    /// Waits for the thread that reads the page; reads it if that one failed.
    fn wait_loaded(&self, pin: Pin, tag: Tag) -> Result<(Pin, Origin)> {
        let guard = pin.try_share().unwrap_or_else(|pin| {
            let _waiting = self.waiting(WaitKind::Io("DataFileRead"));
            pin.share()
        });
        if guard.is_loaded() {
            return Ok((guard.unlock(), Origin::Memory));
        }
        let guard = guard.unlock().exclusive();
        if guard.is_loaded() {
            return Ok((guard.unlock(), Origin::Memory));
        }
        self.load(&guard, tag)?;
        Ok((guard.unlock(), Origin::File))
    }

    /// Fills a frame that is locked exclusively.
    fn load(&self, guard: &WriteGuard, tag: Tag) -> Result<()> {
        let page = guard.page_ptr();
        // SAFETY: the guard holds the content lock exclusively (I2), and nobody else looks at a page that is not loaded.
        let page = unsafe { &mut *page };
        let waiting = || self.waiting(WaitKind::Io("DataFileRead"));
        self.usage.timed(Used::ReadNs, || self.inner.smgr.read(tag.fork, tag.block, page, waiting))?;
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        if let Err(damage) = page.verify(tag.block) {
            self.count_damage(tag, &damage);
            if !self.inner.zero_damaged.load(Ordering::Relaxed) {
                return Err(damage_error(tag, damage));
            }
            page.zero();
        }
        self.frame(guard.frame()).state.set(LOADED);
        Ok(())
    }

    /// From here on the disk is waited for.
    pub(crate) fn waiting(&self, what: WaitKind) -> Waiting<'_> {
        Waiting::begin(&*self.waits, what)
    }

    fn count_damage(&self, tag: Tag, damage: &PageDamage) {
        if matches!(damage, PageDamage::Checksum { .. }) {
            let is_shared = !tag.fork.file.database.is_valid();
            self.usage.add(if is_shared { Used::SharedChecksumFailures } else { Used::ChecksumFailures }, 1);
        }
    }

    /// Adds a zeroed page at the end of a fork. It is not marked dirty: the file holds zeros there.
    ///
    /// The page is locked before the fork is seen to be longer: who reads the last block meanwhile waits for the caller to be done with it.
    ///
    /// Errors: 53100 disk full; XX001 if there is something beyond the end already; as `read`.
    pub fn extend(&self, fork: RelFork) -> Result<WriteGuard> {
        let lock = self.inner.smgr.lock_extension(fork);
        let mut round = 0;
        loop {
            let victim = self.victim()?;
            let extension = lock.hold();
            let block = BlockNumber(self.inner.smgr.blocks(fork)?);
            let tag = Tag { fork, block };
            let place = self.inner.table.place(tag);
            let guard = match self.install_victim(victim, tag, place) {
                Installed::Fresh(guard) => guard,
                // Left by an extension that failed, or by a look beyond the end, which ends in an error soon.
                Installed::There(pin) => match pin.try_exclusive() {
                    Ok(guard) => guard,
                    Err(_) => {
                        drop(extension);
                        sync::spin_hint(&mut round);
                        continue;
                    }
                },
            };
            if guard.is_loaded() && !guard.is_new() {
                let what = format!("unexpected data beyond EOF in block {block} of relation {fork}");
                return Err(Error::corrupt(what));
            }
            self.inner.smgr.extend_to(fork, block)?;
            drop(extension);
            self.inner.counters.extends.fetch_add(1, Ordering::Relaxed);
            return Ok(self.zeroed(guard));
        }
    }

    /// Makes a fork reach to a block at least, with zeroed ones: those of maps, which come in any order.
    ///
    /// Errors: 53100 disk full; I/O.
    pub fn extend_to(&self, fork: RelFork, block: BlockNumber) -> Result<()> {
        let lock = self.inner.smgr.lock_extension(fork);
        let _alone = lock.hold();
        self.inner.smgr.extend_to(fork, block)
    }

    fn zeroed(&self, mut guard: WriteGuard) -> WriteGuard {
        self.overwrite(&mut guard, Page::zero);
        guard
    }

    /// Pins a page without reading it: zeroed and locked, for one that is to be written anew. Extends the fork if needed.
    pub fn read_zeroed(&self, fork: RelFork, block: BlockNumber) -> Result<WriteGuard> {
        self.read_unread(fork, block).map(|guard| self.zeroed(guard))
    }

    /// Has `write` write the page whole, so that nobody sees what the frame held before.
    pub(crate) fn overwrite(&self, guard: &mut WriteGuard, write: impl FnOnce(&mut Page)) {
        // SAFETY: the guard holds the content lock exclusively (I2).
        write(unsafe { &mut *guard.page_ptr() });
        self.frame(guard.frame()).state.set(LOADED);
    }

    /// The page's frame, locked, with whatever it holds. Extends the fork if needed.
    pub(crate) fn read_unread(&self, fork: RelFork, block: BlockNumber) -> Result<WriteGuard> {
        let lock = self.inner.smgr.lock_extension(fork);
        let tag = Tag { fork, block };
        let place = self.inner.table.place(tag);
        let installed = self.install(tag, place, None)?;
        if self.inner.smgr.blocks(fork)? <= block.0 {
            let extension = lock.hold();
            self.inner.smgr.extend_to(fork, block)?;
            drop(extension);
        }
        Ok(match installed {
            Installed::Fresh(guard) => guard,
            Installed::There(pin) => pin.exclusive(),
        })
    }

    /// Gives the page a frame, unless it has one.
    fn install(&self, tag: Tag, place: Place, ring: Option<&mut BulkRing>) -> Result<Installed> {
        let found = {
            let _partition = self.inner.table.lock(place);
            self.inner.table.find_locked(&self.inner.frames, place, tag, State::pin)
        };
        if let Some((frame, _)) = found {
            return Ok(Installed::There(self.pin(frame)));
        }
        let victim = match ring {
            Some(ring) => self.ring_victim(ring)?,
            None => self.victim()?,
        };
        Ok(self.install_victim(victim, tag, place))
    }

    fn install_victim(&self, victim: Pin, tag: Tag, place: Place) -> Installed {
        let partition = self.inner.table.lock(place);
        if let Some((frame, _)) = self.inner.table.find_locked(&self.inner.frames, place, tag, State::pin) {
            drop(partition);
            return Installed::There(self.pin(frame));
        }
        // Locked before it can be found: who finds it waits until it is loaded.
        let guard =
            victim.try_exclusive().unwrap_or_else(|_| unreachable!("a frame without a tag is locked by nobody"));
        self.inner.table.install(&self.inner.frames, place, tag, guard.frame());
        drop(partition);
        self.inner.counters.allocations.fetch_add(1, Ordering::Relaxed);
        Installed::Fresh(guard)
    }

    #[inline]
    pub(crate) fn frame(&self, frame: u32) -> &Frame {
        &self.inner.frames[frame as usize]
    }

    /// Wraps a pin that was counted already.
    #[inline]
    pub(crate) fn pin(&self, frame: u32) -> Pin {
        Pin::counted(&self.inner, frame)
    }

    /// Counters since start.
    pub fn stats(&self) -> PoolStats {
        let counters = &self.inner.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PoolStats {
            reads: load(&counters.reads),
            allocations: load(&counters.allocations),
            backend_writes: load(&counters.backend_writes),
            bgwriter_writes: load(&counters.bgwriter_writes),
            bgwriter_limit: load(&counters.bgwriter_limit),
            checkpoint_writes: load(&counters.checkpoint_writes),
            extends: load(&counters.extends),
        }
    }

    /// How many frames are pinned now; for tests and the check after a role ended.
    pub fn pinned_frames(&self) -> usize {
        self.inner.pinned_frames()
    }
}

/// What `install` found.
enum Installed {
    /// The page got a frame, locked and not loaded.
    Fresh(WriteGuard),
    /// It has one; it may not be loaded.
    There(Pin),
}

/// XX001 naming file and block.
fn damage_error(tag: Tag, damage: PageDamage) -> Error {
    // What was found wrong goes into the log only.
    Error::corrupt(format!("invalid page in block {} of relation {}", tag.block, tag.fork))
        .detail_log(damage.to_string())
}

impl Inner {
    fn pinned_frames(&self) -> usize {
        self.frames.iter().filter(|frame| frame.state.load().pins() > 0).count()
    }

    /// Takes back a pin for whose release somebody waits.
    pub(crate) fn release_waited(self: &Arc<Inner>, frame: u32) {
        let guard = self.pin_waiters.lock();
        self.frames[frame as usize].state.unpin_waited();
        self.pin_released.notify_all();
        drop(guard);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // I5. A pin is made only through a handle or another pin, so without pins nobody can come any more.
        if self.0.pinned_frames() > 0 {
            std::mem::forget(Arc::clone(&self.0));
        }
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BufferPool({} frames)", self.frames())
    }
}

/// A state flag that only the pin waiter uses, named here for its documentation.
pub(crate) const WAITER: u64 = PIN_WAITER;

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<BufferPool>();
    shared::<Pin>();
};
