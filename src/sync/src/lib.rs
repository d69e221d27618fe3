//! Locks, latches and interrupts: the primitives that threads of the server meet on.
//!
//! What it does not do: it knows no page, session or transaction, and schedules nothing. Heavyweight locks (tables, rows) are crate `lock`'s.
//!
//! 1. [`Mutex`] and [`RwLock`] carry a [`Rank`]. A thread takes locks in rising rank; debug builds check it and panic at the first
//!    breach, so that a deadlock is found by the first test that could have met it, not by the unlucky run.
//! 2. Taking one of them exclusively, or entering a [`CriticalSection`], is counted for the thread. A Rust panic that unwinds through
//!    such a guard may have left shared memory half changed: [`catch`] tells it apart from one that cost only its own session.
//! 3. [`Latch`] is where a thread sleeps until another one has news; [`Interrupts`] is a session's set of such news; a [`Mailbox`] is for one that
//!    sleeps on a poller.
//! 4. [`ShutdownToken`] tells the threads of an instance to end; [`WaitHooks`] lets a thread pool know that its worker sleeps.
//!
//! Invariants
//! - I1. A lock's guard is dropped by the thread that made it (guards are not `Send`).
//! - I2. After [`catch`] returns, the thread's counters are what they were before.
//! - I3. A latch that was set before or during a wait ends the wait: no wake-up is lost.
//!
//! The thread-locals in `held` and `note` are the only ones in the server: what a panic and a crash must find.

mod atomics;
#[cfg(any(loom, shuttle))]
pub mod check;
mod held;
mod interrupts;
mod latch;
mod lock;
mod mailbox;
#[cfg(all(test, any(loom, shuttle)))]
mod model;
#[cfg(all(test, any(loom, shuttle)))]
mod model_waits;
mod note;
mod raw;
mod shutdown;
mod wait;

pub use atomics::{atomic, spin_hint, thread};
pub use held::{
    Caught, CriticalSection, ExclusiveMark, Trace, catch, holds_exclusive, in_critical_section, trace_panics,
};
pub use interrupts::{Interrupt, Interrupts};
pub use latch::Latch;
pub use lock::{Condvar, Mutex, MutexGuard, Rank, RankMark, ReadGuard, RwLock, WriteGuard, rank};
pub use mailbox::Mailbox;
pub use note::{Note, STATEMENT_BYTES, note_session, note_statement, noted};
pub use shutdown::{ShutdownKind, ShutdownToken};
pub use wait::{NoHooks, WaitHooks, WaitKind, Waiting};
