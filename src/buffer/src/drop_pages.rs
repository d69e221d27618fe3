//! Writing out or forgetting the pages of a relation or database.

use crate::frame::{Frame, Tag};
use crate::limits::DROP_LOOKUP_PART;
use crate::pool::BufferPool;
use crate::state::{State, TAG_VALID};
use base::{BlockNumber, Fork, Oid, RelFile, RelFork};
use report::Result;
use sync::spin_hint;

/// Which pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PagesOf {
    /// All forks of a relation.
    Relation(RelFile),
    /// A fork from a block on.
    ForkFrom(RelFork, BlockNumber),
    /// One fork of all relations.
    Fork(Fork),
    /// A database.
    Database(Oid),
}

impl PagesOf {
    fn contains(self, tag: Tag) -> bool {
        match self {
            PagesOf::Relation(file) => tag.fork.file == file,
            PagesOf::ForkFrom(fork, first) => tag.fork == fork && tag.block >= first,
            PagesOf::Fork(fork) => tag.fork.fork == fork,
            PagesOf::Database(database) => tag.fork.file.database == database,
        }
    }
}

impl BufferPool {
    /// Writes those that are dirty.
    pub fn flush(&self, pages: PagesOf) -> Result<()> {
        let dirty = self.dirty_tags(|tag| pages.contains(tag));
        dirty.into_iter().try_for_each(|tag| self.write_tag(tag, &self.inner.counters.backend_writes).map(drop))
    }

    /// Forgets them, dirty or not: the files are about to be cut or removed. Nobody reads them any more; who still writes one out or looks at its
    /// frame is waited for.
    pub fn forget(&self, pages: PagesOf) {
        match self.few_pages(pages) {
            Some((fork, blocks)) => blocks.for_each(|block| self.forget_tag(Tag { fork, block: BlockNumber(block) })),
            None => self.forget_by_scan(pages),
        }
    }

    /// The blocks to look up, if that is less work than a pass over all frames.
    fn few_pages(&self, pages: PagesOf) -> Option<(RelFork, std::ops::Range<u32>)> {
        let PagesOf::ForkFrom(fork, first) = pages else { return None };
        let blocks = self.inner.smgr.blocks(fork).ok()?;
        let few = (blocks.saturating_sub(first.0) as usize) < self.frames() / DROP_LOOKUP_PART;
        few.then_some((fork, first.0..blocks))
    }

    fn forget_by_scan(&self, pages: PagesOf) {
        for frame in &self.inner.frames {
            // Without a pin the tag may be torn, but a page to be forgotten is not given a new tag by anybody.
            if frame.state.load().has(TAG_VALID) && pages.contains(frame.tag()) {
                self.forget_tag(frame.tag());
            }
        }
    }

    fn forget_tag(&self, tag: Tag) {
        let place = self.inner.table.place(tag);
        let mut round = 0;
        loop {
            let partition = self.inner.table.lock(place);
            let found = self.inner.table.find_locked(&self.inner.frames, place, tag, State::pin_unused);
            let Some((frame, _)) = found else { return };
            let pin = self.pin(frame);
            let descriptor: &Frame = self.frame(frame);
            let is_discarded = descriptor.state.discard();
            if is_discarded {
                self.inner.table.unlink(&self.inner.frames, place, frame);
            }
            drop(partition);
            drop(pin);
            if is_discarded {
                self.inner.freed.push(frame);
                return;
            }
            spin_hint(&mut round);
        }
    }
}
