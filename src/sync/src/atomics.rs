//! The atomics that lock-free protocols are written with: the standard library's, or loom's when a protocol is model-checked.
//!
//! Build with `RUSTFLAGS="--cfg loom"` to get the second arm; nothing else of the server is built that way.

#[cfg(not(loom))]
pub use std::sync::atomic;

#[cfg(loom)]
pub use loom::sync::atomic;

/// What a spinning thread does between two looks: after a few rounds it gives the core away.
pub fn spin_hint(round: &mut u32) {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    if *round < 32 {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
    *round = round.saturating_add(1);
}
