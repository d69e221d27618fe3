//! The page table: from tag to frame. Look-ups take no lock.
//!
//! Chains of frames hang off buckets. A chain is changed under its partition's lock. A look-up follows links without it, so it may be led into another
//! chain by a frame that moves; it never trusts what it finds before it holds a pin on a frame that carries the tag (I1), and asks again under the lock
//! before it believes that a page is absent.

use crate::frame::{Frame, NO_FRAME, Tag};
use crate::limits::{CHAIN_STEPS_MAX, CHAINS_PER_FRAME, PARTITIONS};
use crate::state::{Snapshot, State, TAG_VALID};
use crossbeam_utils::CachePadded;
use std::hash::BuildHasher;
use sync::atomic::{AtomicU32, Ordering};
use sync::{Mutex, MutexGuard, rank};

pub(crate) struct Table {
    buckets: Box<[AtomicU32]>,
    partitions: Box<[CachePadded<Mutex<()>>]>,
    hasher: foldhash::fast::RandomState,
}

/// A tag's place in the table.
#[derive(Clone, Copy)]
pub(crate) struct Place(usize);

impl Table {
    pub(crate) fn new(frames: usize) -> Table {
        let buckets = (frames * CHAINS_PER_FRAME).next_power_of_two().max(PARTITIONS);
        Table {
            buckets: (0..buckets).map(|_| AtomicU32::new(NO_FRAME)).collect(),
            partitions: (0..PARTITIONS).map(|_| CachePadded::new(Mutex::new(rank::BUFFER_TABLE, ()))).collect(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    #[inline]
    pub(crate) fn place(&self, tag: Tag) -> Place {
        Place(self.hasher.hash_one(tag) as usize & (self.buckets.len() - 1))
    }

    /// The lock of a place's chain.
    pub(crate) fn lock(&self, place: Place) -> MutexGuard<'_, ()> {
        self.partitions[place.0 & (PARTITIONS - 1)].lock()
    }

    /// Finds and pins, without a lock. None proves nothing. The snapshot is from before the pin.
    #[inline]
    pub(crate) fn find(&self, frames: &[Frame], place: Place, tag: Tag) -> Option<(u32, Snapshot)> {
        let mut at = self.buckets[place.0].load(Ordering::Acquire);
        for _ in 0..CHAIN_STEPS_MAX {
            let frame = frames.get(at as usize)?;
            if frame.matches(tag) {
                return pin_tagged(frame, tag).map(|before| (at, before));
            }
            at = frame.next.load(Ordering::Acquire);
        }
        None
    }

    /// The frame that seems to hold the page. A hint: nothing keeps it from being another's by now.
    #[inline]
    pub(crate) fn guess(&self, frames: &[Frame], place: Place, tag: Tag) -> Option<u32> {
        let mut at = self.buckets[place.0].load(Ordering::Relaxed);
        for _ in 0..CHAIN_STEPS_MAX {
            let frame = frames.get(at as usize)?;
            if frame.matches(tag) {
                return Some(at);
            }
            at = frame.next.load(Ordering::Relaxed);
        }
        None
    }

    /// Finds and pins, under the partition's lock. None: the page has no frame.
    pub(crate) fn find_locked(
        &self,
        frames: &[Frame],
        place: Place,
        tag: Tag,
        pin: impl Fn(&State) -> Snapshot,
    ) -> Option<(u32, Snapshot)> {
        let mut at = self.buckets[place.0].load(Ordering::Relaxed);
        while at != NO_FRAME {
            let frame = &frames[at as usize];
            if frame.matches(tag) {
                return Some((at, pin(&frame.state)));
            }
            at = frame.next.load(Ordering::Relaxed);
        }
        None
    }

    /// Gives a frame that is the caller's own to a page. Under the partition's lock, since the look that found no frame of the page.
    pub(crate) fn install(&self, frames: &[Frame], place: Place, tag: Tag, frame: u32) {
        frames[frame as usize].set_tag(tag);
        self.link(frames, place, frame);
        frames[frame as usize].state.set_tagged();
    }

    /// Takes a page out of the table, if the caller's pin is the only one and it is clean: from then on the frame is the caller's own.
    pub(crate) fn retire(&self, frames: &[Frame], frame: u32) -> bool {
        let descriptor = &frames[frame as usize];
        let place = self.place(descriptor.tag());
        let _partition = self.lock(place);
        let is_own = descriptor.state.retire();
        if is_own {
            self.unlink(frames, place, frame);
        }
        is_own
    }

    /// Puts a frame at the head of the chain. Under the partition's lock; the frame carries its tag already.
    fn link(&self, frames: &[Frame], place: Place, frame: u32) {
        let head = self.buckets[place.0].load(Ordering::Relaxed);
        frames[frame as usize].next.store(head, Ordering::Release);
        self.buckets[place.0].store(frame, Ordering::Release);
    }

    /// Takes a frame out of the chain. Under the partition's lock.
    pub(crate) fn unlink(&self, frames: &[Frame], place: Place, frame: u32) {
        let mut link = &self.buckets[place.0];
        loop {
            let at = link.load(Ordering::Relaxed);
            assert!(at != NO_FRAME, "a frame with a tag is in its chain");
            let next = &frames[at as usize].next;
            if at == frame {
                link.store(next.load(Ordering::Relaxed), Ordering::Release);
                return;
            }
            link = next;
        }
    }
}

/// Pins a frame and keeps the pin only if the frame holds that page.
#[inline]
fn pin_tagged(frame: &Frame, tag: Tag) -> Option<Snapshot> {
    let before = frame.state.pin();
    if before.has(TAG_VALID) && frame.matches(tag) {
        return Some(before);
    }
    if !frame.state.unpin() {
        // The waiter looks again by itself before long.
        frame.state.unpin_waited();
    }
    None
}
