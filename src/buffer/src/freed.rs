//! Frames whose pages were forgotten. They are taken before the clock goes on, the last one first: their memory has been given out already and is
//! perhaps still in the processor's cache, and nobody else loses a page.

use sync::atomic::{AtomicUsize, Ordering};
use sync::{Mutex, rank};

/// A hint: the clock may have taken a frame that is in it. It holds no frame's number more often than there are frames.
pub(crate) struct Freed {
    /// How many there are, so that who finds none takes no lock.
    count: AtomicUsize,
    frames: Mutex<Vec<u32>>,
    limit: usize,
}

impl Freed {
    /// None, of a pool with so many frames.
    pub(crate) fn new(limit: usize) -> Freed {
        Freed { count: AtomicUsize::new(0), frames: Mutex::new(rank::FREED_FRAMES, Vec::new()), limit }
    }

    /// Adds a frame. One too many is left to the clock.
    pub(crate) fn push(&self, frame: u32) {
        let mut frames = self.frames.lock();
        if frames.len() < self.limit {
            frames.push(frame);
            self.count.store(frames.len(), Ordering::Relaxed);
        }
    }

    /// Takes the frame off that was added last.
    pub(crate) fn pop(&self) -> Option<u32> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut frames = self.frames.lock();
        let frame = frames.pop();
        self.count.store(frames.len(), Ordering::Relaxed);
        frame
    }
}
