//! Writing dirty pages to their files.

use crate::frame::Tag;
use crate::guard::Pin;
use crate::pool::BufferPool;
use crate::state::{DIRTY, LOADED, TAG_VALID};
use crate::usage::{PageEvent, PageOwner, Used};
use base::{BlockNumber, Lsn, RelFork};
use report::Result;
use std::sync::atomic::{AtomicU64, Ordering};
use sync::WaitKind;

/// How far a checkpoint's writing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteProgress {
    /// Pages looked at.
    pub done: usize,
    /// Pages that were dirty at the start.
    pub total: usize,
}

/// What a round of writing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WriteStats {
    /// Pages that were dirty at the start.
    pub dirty: usize,
    /// Pages written; others were written by somebody else meanwhile.
    pub written: usize,
}

/// Pages of a fork that were written, in ascending order, and of which the system has not been asked to write them out.
#[derive(Default)]
struct WrittenRun {
    fork: Option<RelFork>,
    first: BlockNumber,
    last: BlockNumber,
    pages: u32,
}

impl WrittenRun {
    fn add(&mut self, pool: &BufferPool, tag: Tag) {
        if self.fork != Some(tag.fork) {
            self.start_write_back(pool);
            *self = WrittenRun { fork: Some(tag.fork), first: tag.block, last: tag.block, pages: 0 };
        }
        (self.last, self.pages) = (tag.block, self.pages + 1);
        if self.pages >= pool.inner.checkpoint_flush_after.load(Ordering::Relaxed) {
            self.start_write_back(pool);
        }
    }

    /// Asks for all. It does not matter that pages between them are asked for too: they are clean.
    fn start_write_back(&mut self, pool: &BufferPool) {
        let is_on = pool.inner.checkpoint_flush_after.load(Ordering::Relaxed) > 0;
        if let Some(fork) = self.fork.take().filter(|_| is_on) {
            // A hint; what goes wrong with the disk is found by the fsync.
            let _ = pool.inner.smgr.start_write_back(fork, self.first, self.last);
        }
    }
}

impl BufferPool {
    /// Writes all pages that are dirty now, in file order. `pace` is called after each page and may sleep.
    ///
    /// Errors: I/O; `pace`'s. A checkpoint that fails has lost nothing: the pages stay dirty.
    pub fn write_dirty(&self, pace: &mut dyn FnMut(WriteProgress) -> Result<()>) -> Result<WriteStats> {
        let mut dirty = self.dirty_tags(|_| true);
        dirty.sort_unstable();
        let mut stats = WriteStats { dirty: dirty.len(), written: 0 };
        let mut run = WrittenRun::default();
        for (index, tag) in dirty.into_iter().enumerate() {
            if self.write_tag(tag, &self.inner.counters.checkpoint_writes)? {
                stats.written += 1;
                run.add(self, tag);
            }
            pace(WriteProgress { done: index + 1, total: stats.dirty })?;
        }
        run.start_write_back(self);
        Ok(stats)
    }

    /// Tags of dirty frames. A tag read from an unpinned frame may be torn or outdated; it is looked up again before anything is done with it.
    pub(crate) fn dirty_tags(&self, wanted: impl Fn(Tag) -> bool) -> Vec<Tag> {
        let dirty = self.inner.frames.iter().filter(|frame| frame.state.load().has(TAG_VALID | LOADED | DIRTY));
        // The pin makes the tag stable; a frame that lost its page meanwhile was written by who took it.
        let pinned = dirty.filter_map(|frame| {
            let before = frame.state.pin_unused();
            let tag = before.has(TAG_VALID).then(|| frame.tag());
            if !frame.state.unpin() {
                frame.state.unpin_waited();
            }
            tag
        });
        pinned.filter(|tag| wanted(*tag)).collect()
    }

    /// Writes the page with this tag if it is in memory and dirty. True if it was.
    pub(crate) fn write_tag(&self, tag: Tag, counter: &AtomicU64) -> Result<bool> {
        let Some(pin) = self.lookup(tag.fork, tag.block) else { return Ok(false) };
        self.flush_wal_of(&pin)?;
        let guard = pin.share();
        self.write_shared(&guard, counter)
    }

    /// Forces the log up to the page's LSN, so that the wait does not happen under the content lock that is taken for writing.
    fn flush_wal_of(&self, pin: &Pin) -> Result<()> {
        let lsn = pin.clone().share().lsn();
        self.flush_wal(lsn)
    }

    fn flush_wal(&self, lsn: Lsn) -> Result<()> {
        let wal = &self.inner.wal;
        if lsn <= wal.flushed() {
            return Ok(());
        }
        let _waiting = self.waiting(WaitKind::WalFlush);
        wal.flush(lsn)
    }

    /// Writes a victim. None if somebody has it locked exclusively: waiting for that one could be a deadlock, as the caller may hold other pages.
    pub(crate) fn write_back(&self, pin: Pin) -> Result<Option<Pin>> {
        match pin.try_share() {
            Ok(guard) => {
                if self.write_shared(&guard, &self.inner.counters.backend_writes)? {
                    self.usage.add_page(PageOwner::Shared, PageEvent::Written);
                }
                Ok(Some(guard.unlock()))
            }
            Err(_) => Ok(None),
        }
    }

    /// Writes a page that is locked shared, if it is dirty. I3 and I4 are kept here.
    fn write_shared(&self, guard: &crate::ReadGuard, counter: &AtomicU64) -> Result<bool> {
        let frame = self.frame(guard.frame());
        if !frame.state.load().has(LOADED | DIRTY) {
            return Ok(false);
        }
        // After a crash nobody knows what a page holds: see `WriteGuard`'s drop.
        self.inner.wal.check_unbroken()?;
        self.flush_wal(guard.lsn())?;
        let (fork, block) = (guard.fork(), guard.block());
        let mut copy = (**guard).clone();
        copy.set_checksum(block);
        let written = self.usage.timed(Used::WriteNs, || self.inner.smgr.write(fork, block, &copy));
        written.map_err(|error| error.context(format!("writing block {block} of relation {fork}")))?;
        frame.state.clear(DIRTY);
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    /// The bgwriter's round: looks at the next `ahead` frames before the clock's hand and writes those that are dirty and not in use, at most `max`.
    /// Returns how many it wrote.
    pub fn sweep_ahead(&self, ahead: usize, max: usize) -> Result<usize> {
        let count = self.inner.frames.len();
        let hand = self.inner.hand.load(Ordering::Relaxed);
        let mut written = 0;
        for step in 0..ahead.min(count) as u64 {
            if written >= max {
                self.inner.counters.bgwriter_limit.fetch_add(1, Ordering::Relaxed);
                break;
            }
            let frame = &self.inner.frames[((hand + step) % count as u64) as usize];
            let state = frame.state.load();
            let idle = state.pins() == 0 && state.usage() == 0 && state.has(TAG_VALID | LOADED | DIRTY);
            // The tag may have changed since; then another page is written, which does no harm.
            if idle && self.write_tag(frame.tag(), &self.inner.counters.bgwriter_writes)? {
                written += 1;
            }
        }
        Ok(written)
    }

    /// How many frames were given to other pages since start: from it the bgwriter tells how many will be wanted soon.
    pub fn allocations(&self) -> u64 {
        self.inner.counters.allocations.load(Ordering::Relaxed)
    }
}
