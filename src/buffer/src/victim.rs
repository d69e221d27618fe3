//! The clock sweep: finds a frame for another page, if none is free.

use crate::guard::Pin;
use crate::limits::{POPULATED_AT_ONCE, USAGE_MAX};
use crate::pool::BufferPool;
use crate::state::{Claim, DIRTY, TAG_VALID};
use report::{Error, Result, SqlState};
use std::sync::atomic::Ordering;

impl BufferPool {
    /// A frame without a tag, pinned by the caller only (others may come and go without having a look).
    ///
    /// Errors: every frame is pinned; a dirty victim could not be written.
    pub(crate) fn victim(&self) -> Result<Pin> {
        if let Some(pin) = self.freed_frame() {
            return Ok(pin);
        }
        let count = self.inner.frames.len() as u64;
        // Every frame is passed often enough to have lost its usage; what is left after that is pinned.
        let mut tries = (USAGE_MAX + 2) * count;
        while tries > 0 {
            tries -= 1;
            let hand = self.inner.hand.fetch_add(1, Ordering::Relaxed);
            let frame = (hand % count) as u32;
            if hand < count && frame.is_multiple_of(POPULATED_AT_ONCE) {
                self.inner.region.populate(frame, POPULATED_AT_ONCE);
            }
            let Claim::Taken(before) = self.frame(frame).state.claim() else { continue };
            let pin = self.pin(frame);
            if before.has(DIRTY) {
                match self.write_back(pin)? {
                    Some(pin) if self.retire(&pin) => return Ok(pin),
                    _ => continue,
                }
            }
            if !before.has(TAG_VALID) || self.retire(&pin) {
                return Ok(pin);
            }
        }
        Err(Error::new(SqlState::INSUFFICIENT_RESOURCES, "no unpinned buffers available"))
    }

    /// A frame whose page was forgotten and that nobody has taken since.
    fn freed_frame(&self) -> Option<Pin> {
        let taken = std::iter::from_fn(|| self.inner.freed.pop()).find(|frame| self.frame(*frame).state.claim_free());
        taken.map(|frame| self.pin(frame))
    }

    /// Takes the page out of the table, if the caller's pin is the only one and it is clean.
    pub(crate) fn retire(&self, pin: &Pin) -> bool {
        self.inner.table.retire(&self.inner.frames, pin.frame())
    }
}
