//! What lock-free protocols and locks are built from: the standard library's and parking_lot's, or a model checker's.
//!
//! | arm | built with | what it is |
//! |-----|------------|------------|
//! | native | nothing | atomics and threads of `std`, locks of `parking_lot` |
//! | loom | `--cfg loom` | small protocols, every order of events, with the memory orders as written |
//! | shuttle | `--cfg shuttle` | larger pieces, random orders of events, memory taken as sequentially consistent |
//!
//! `cargo models` builds the two model arms, in target directories of their own, and runs what is called `model` in them. In these arms
//! nothing but models can run: the checkers' types refuse to work outside of one.

#[cfg(not(any(loom, shuttle)))]
pub use std::{sync::atomic, thread};

#[cfg(loom)]
pub use loom::{sync::atomic, thread};

#[cfg(shuttle)]
pub use shuttle::{sync::atomic, thread};

/// What a spinning thread does between two looks: after a few rounds it gives the core away.
pub fn spin_hint(round: &mut u32) {
    #[cfg(any(loom, shuttle))]
    thread::yield_now();
    #[cfg(not(any(loom, shuttle)))]
    if *round < 32 {
        std::hint::spin_loop();
    } else {
        thread::yield_now();
    }
    *round = round.saturating_add(1);
}
