//! Limits of the pool.

/// Models take one short chain, so that every frame is in it.
const MODELLED: bool = cfg!(any(loom, shuttle));

/// Fewest frames: enough for a few sessions that each hold a handful of pages.
pub const FRAMES_MIN: usize = 16;
/// Most frames: 8 TiB of pages. A frame's number is 32 bits, less those that mean something else.
pub(crate) const FRAMES_MAX: usize = 1 << 30;
/// How often the clock passes a page that was in use before it takes it.
pub(crate) const USAGE_MAX: u64 = 5;
/// Locks of the page table. Only changes of the table take one.
pub(crate) const PARTITIONS: usize = if MODELLED { 1 } else { 128 };
/// Chains of the page table for each frame.
pub(crate) const CHAINS_PER_FRAME: usize = if MODELLED { 0 } else { 2 };
/// Links followed without a lock before the look-up takes it: a chain may change under the reader's feet.
pub(crate) const CHAIN_STEPS_MAX: usize = if MODELLED { 4 } else { 64 };
/// Relations of up to this part of the pool are dropped by looking each page up; longer ones by a pass over all frames.
pub(crate) const DROP_LOOKUP_PART: usize = 32;
/// Frames of a big scan's ring: 256 KiB, which stays in the processor's cache.
pub(crate) const RING_FRAMES: usize = 32;
/// A scan of more than this part of the pool uses a ring.
pub(crate) const RING_POOL_PART: usize = 4;
/// Frames whose memory is asked for together, when the sweep comes to them for the first time.
pub(crate) const POPULATED_AT_ONCE: u32 = 64;

const _: () = assert!(PARTITIONS.is_power_of_two() && FRAMES_MAX < u32::MAX as usize);
