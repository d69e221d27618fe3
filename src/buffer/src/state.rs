//! A frame's state word.
//!
//! | bits | field | who changes it |
//! |-----:|-------|----------------|
//! | 0-23 | pins | anybody, by an atomic addition; down by the pin's owner |
//! | 24-47 | usage | raised with a pin; lowered by the clock. May overshoot its nominal maximum by as many threads as race |
//! | 48 | `TAG_VALID` | set and cleared by the frame's only pinner under the partition lock |
//! | 49 | `LOADED` | set by who read the page, under the exclusive content lock; cleared with `TAG_VALID` |
//! | 50 | `DIRTY` | set under the exclusive content lock; cleared under the shared one after the write |
//! | 51 | `PIN_WAITER` | set and cleared by the one who waits for the last other pin |
//!
//! ```text
//! free --victim: pin--> owned --install--> TAG_VALID --load--> LOADED <--mark_dirty / written--> DIRTY
//!   ^                     |                    |                  |
//!   +------ unpin --------+     owned <--- retire (only pin, clean) +
//! ```

use crate::limits::USAGE_MAX;
use sync::atomic::{AtomicU64, Ordering};

const PIN_ONE: u64 = 1;
const PIN_BITS: u64 = (1 << 24) - 1;
const USAGE_SHIFT: u32 = 24;
const USAGE_ONE: u64 = 1 << USAGE_SHIFT;
const USAGE_BITS: u64 = ((1 << 24) - 1) << USAGE_SHIFT;

/// The tag names the page in this frame.
pub(crate) const TAG_VALID: u64 = 1 << 48;
/// The page's bytes are here.
pub(crate) const LOADED: u64 = 1 << 49;
/// The page differs from the file.
pub(crate) const DIRTY: u64 = 1 << 50;
/// Somebody waits to be the only pinner.
pub(crate) const PIN_WAITER: u64 = 1 << 51;

/// The word as it was at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot(pub(crate) u64);

impl Snapshot {
    pub(crate) const fn pins(self) -> u64 {
        self.0 & PIN_BITS
    }

    pub(crate) const fn usage(self) -> u64 {
        (self.0 & USAGE_BITS) >> USAGE_SHIFT
    }

    pub(crate) const fn has(self, flags: u64) -> bool {
        self.0 & flags == flags
    }
}

/// The word.
#[derive(Default)]
pub(crate) struct State(AtomicU64);

impl State {
    pub(crate) fn new() -> State {
        State(AtomicU64::new(0))
    }

    pub(crate) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// Adds a pin and, below the maximum, usage; returns what was before.
    #[inline]
    pub(crate) fn pin(&self) -> Snapshot {
        let usage = Snapshot(self.0.load(Ordering::Relaxed)).usage();
        let add = if usage < USAGE_MAX { PIN_ONE + USAGE_ONE } else { PIN_ONE };
        let before = Snapshot(self.0.fetch_add(add, Ordering::Acquire));
        assert!(before.pins() < PIN_BITS, "too many pins");
        before
    }

    /// Adds a pin that does not count as use (writing out, dropping).
    pub(crate) fn pin_unused(&self) -> Snapshot {
        Snapshot(self.0.fetch_add(PIN_ONE, Ordering::Acquire))
    }

    /// Takes a pin back. False, and nothing done, if somebody waits for that: then the caller goes the long way.
    #[inline]
    pub(crate) fn unpin(&self) -> bool {
        let mut now = self.0.load(Ordering::Relaxed);
        while now & PIN_WAITER == 0 {
            debug_assert!(now & PIN_BITS > 0);
            match self.0.compare_exchange_weak(now, now - PIN_ONE, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Takes a pin back, waiter or not.
    pub(crate) fn unpin_waited(&self) -> Snapshot {
        Snapshot(self.0.fetch_sub(PIN_ONE, Ordering::AcqRel) - PIN_ONE)
    }

    /// The clock passes: lowers usage. True if the frame was unused and unpinned and is now pinned by the caller.
    pub(crate) fn claim(&self) -> Claim {
        let now = self.load();
        let (next, outcome) = match (now.pins(), now.usage()) {
            (1.., _) => return Claim::Pinned,
            (_, 0) => (now.0 + PIN_ONE, Claim::Taken(now)),
            (_, usage) => ((now.0 & !USAGE_BITS) | (usage.min(USAGE_MAX) - 1) << USAGE_SHIFT, Claim::Used),
        };
        match self.0.compare_exchange(now.0, next, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => outcome,
            Err(_) => Claim::Used,
        }
    }

    /// Pins a frame that holds no page and that nobody has pinned: it is the caller's own then. Not if it changes this moment.
    pub(crate) fn claim_free(&self) -> bool {
        let now = self.load();
        now.pins() == 0
            && !now.has(TAG_VALID)
            && self.0.compare_exchange(now.0, PIN_ONE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Pins a frame that holds a page used once at most and not pinned, unless one of these flags is set or it changes this moment.
    pub(crate) fn claim_idle(&self, without: u64) -> bool {
        let now = self.load();
        let idle = now.pins() == 0 && now.usage() <= 1 && now.has(TAG_VALID) && now.0 & without == 0;
        idle && self.0.compare_exchange(now.0, now.0 + PIN_ONE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Clears the tag if the caller's pin is the only one and the page is clean: from then on the frame is the caller's own.
    pub(crate) fn retire(&self) -> bool {
        let mut now = self.load();
        while now.pins() == 1 && !now.has(DIRTY) {
            // The pin stays; others that come and go see no tag and leave.
            match self.0.compare_exchange(now.0, PIN_ONE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => now = Snapshot(other),
            }
        }
        false
    }

    /// Clears tag and contents, dirty or not, if nobody else has it pinned (the relation is being dropped).
    pub(crate) fn discard(&self) -> bool {
        let now = self.load();
        now.pins() == 1 && self.0.compare_exchange(now.0, PIN_ONE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The frame's only owner gives it a page: the clock passes it once before it is taken again.
    pub(crate) fn set_tagged(&self) {
        self.0.fetch_add(USAGE_ONE | TAG_VALID, Ordering::AcqRel);
    }

    pub(crate) fn set(&self, flags: u64) -> Snapshot {
        Snapshot(self.0.fetch_or(flags, Ordering::AcqRel))
    }

    pub(crate) fn clear(&self, flags: u64) {
        self.0.fetch_and(!flags, Ordering::AcqRel);
    }
}

/// What the clock found at a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    /// Somebody has it pinned.
    Pinned,
    /// It was used lately, or changed this moment.
    Used,
    /// The caller has it pinned now; this is how it was.
    Taken(Snapshot),
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn pins_and_usage_count() {
        let state = State::new();
        for _ in 0..10 {
            state.pin();
        }
        assert_eq!((state.load().pins(), state.load().usage()), (10, USAGE_MAX));
        assert_eq!(state.claim(), Claim::Pinned);
        (0..10).for_each(|_| assert!(state.unpin()));
        for _ in 0..USAGE_MAX {
            assert_eq!(state.claim(), Claim::Used);
        }
        assert!(matches!(state.claim(), Claim::Taken(_)));
        assert_eq!(state.load().pins(), 1);
    }

    #[test]
    fn only_a_clean_page_with_one_pin_retires() {
        let state = State::new();
        state.pin();
        state.set(TAG_VALID | LOADED | DIRTY);
        assert!(!state.retire());
        state.clear(DIRTY);
        state.pin();
        assert!(!state.retire());
        assert!(state.unpin() && state.retire());
        assert_eq!(state.load(), Snapshot(PIN_ONE));
    }
}
