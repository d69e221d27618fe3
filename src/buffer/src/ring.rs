//! A ring of frames for one pass over many pages, so that it does not push everybody else's pages out.

use crate::frame::NO_FRAME;
use crate::guard::Pin;
use crate::limits::{RING_FRAMES, RING_POOL_PART};
use crate::pool::BufferPool;
use crate::state::DIRTY;
use report::Result;

/// The frames that a big scan uses again and again. Belongs to one scan.
///
/// Source: PostgreSQL 15 storage/buffer/freelist.c, buffer access strategies; one kind for all uses.
#[derive(Clone, Debug)]
pub struct BulkRing {
    frames: [u32; RING_FRAMES],
    next: usize,
}

impl BulkRing {
    /// A ring, if a pass over so many blocks deserves one: more than a quarter of the pool.
    pub fn for_scan(pool: &BufferPool, blocks: u32) -> Option<BulkRing> {
        let is_big = blocks as usize > pool.frames() / RING_POOL_PART;
        is_big.then_some(BulkRing { frames: [NO_FRAME; RING_FRAMES], next: 0 })
    }
}

impl BufferPool {
    /// A frame for a page of a big scan: the ring's oldest, if nobody else took to its page meanwhile and it need not be written first.
    pub(crate) fn ring_victim(&self, ring: &mut BulkRing) -> Result<Pin> {
        let slot = &mut ring.frames[ring.next];
        ring.next = (ring.next + 1) % RING_FRAMES;
        if *slot != NO_FRAME && self.frame(*slot).state.claim_idle(DIRTY) {
            let pin = self.pin(*slot);
            if self.retire(&pin) {
                return Ok(pin);
            }
        }
        let pin = self.victim()?;
        *slot = pin.frame();
        Ok(pin)
    }
}
