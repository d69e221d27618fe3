//! A frame's descriptor: tag, state, content lock, link of its chain.

use crate::content_lock::ContentLock;
use crate::state::State;
use base::{BlockNumber, Fork, Oid, RelFile, RelFork};
use sync::atomic::{AtomicU32, Ordering};

/// No frame: the end of a chain.
pub(crate) const NO_FRAME: u32 = u32::MAX;

/// Which page a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Tag {
    pub(crate) fork: RelFork,
    pub(crate) block: BlockNumber,
}

/// What the pool knows of one page's place in memory. A cache line of its own.
#[repr(align(64))]
pub(crate) struct Frame {
    pub(crate) state: State,
    /// The content lock.
    pub(crate) lock: ContentLock,
    /// The next frame of the chain in the page table. Changed under the partition's lock, followed without.
    pub(crate) next: AtomicU32,
    /// Tablespace, database, file number, fork, block. Written by the frame's only owner (I1).
    tag: [AtomicU32; 5],
}
const _: () = assert!(cfg!(any(loom, shuttle)) || size_of::<Frame>() == 64);

impl Frame {
    pub(crate) fn new() -> Frame {
        Frame {
            state: State::new(),
            lock: ContentLock::new(),
            next: AtomicU32::new(NO_FRAME),
            tag: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    #[inline]
    fn words(tag: Tag) -> [u32; 5] {
        let file = tag.fork.file;
        [file.tablespace.0, file.database.0, file.number, tag.fork.fork as u32, tag.block.0]
    }

    /// True if the tag reads so now. Means something only while the frame is pinned with `TAG_VALID`.
    #[inline]
    pub(crate) fn matches(&self, tag: Tag) -> bool {
        let words = Frame::words(tag);
        // The block differs most often, so it is compared first.
        (0..5).rev().all(|index| self.tag[index].load(Ordering::Relaxed) == words[index])
    }

    /// Only the frame's owner calls it.
    pub(crate) fn set_tag(&self, tag: Tag) {
        for (word, value) in self.tag.iter().zip(Frame::words(tag)) {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// The tag. Torn unless the frame is pinned with `TAG_VALID`.
    pub(crate) fn tag(&self) -> Tag {
        let word = |index: usize| self.tag[index].load(Ordering::Relaxed);
        let file = RelFile { tablespace: Oid(word(0)), database: Oid(word(1)), number: word(2) };
        let fork = Fork::from_number((word(3) & 3) as u8).expect("two bits name a fork");
        Tag { fork: RelFork { file, fork }, block: BlockNumber(word(4)) }
    }
}
