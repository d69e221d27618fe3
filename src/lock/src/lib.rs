//! Heavyweight locks: what a transaction holds until it ends, and waits for in the open.
//!
//! A lock has a name ([`LockTag`]) and one of eight modes ([`LockMode`]). Its holder is a [`LockOwner`], which is a
//! session's or a role's, never a thread's. Deadlocks are not avoided but found: after `deadlock_timeout` a waiter
//! searches the wait graph (module `deadlock`). Pages and memory are protected by other means: `sync` and `buffer`.
//!
//! How a request runs:
//! 1. The owner's own list says whether the mode is held already: then only a count changes.
//! 2. A weak mode of a relation (ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE) is only noted in the owner's own list if no
//!    strong mode of the relation's hash class is about: the *fast path*. It touches nothing shared.
//! 3. Else the shared table decides: grant, or a place in the queue. Who takes a strong mode announces it first, then moves
//!    the fast notes of all owners to the shared table.
//! 4. A waiter sleeps on its session's latch. Whoever gives a lock back grants it to those in the queue who can have
//!    it, first come first served.
//!
//! Invariants:
//! - I1. A mode in the shared table or in some owner's `fast` set is counted in its owner's list, and the reverse;
//!   between a grant by another and the waiter's waking only the table knows.
//! - I2. While a class's count in `strong` is not zero, no fast note of that class is made; a strong mode is granted
//!   only after the notes made before were moved.
//! - I3. A waiter is in one queue, once; it leaves it by being granted or by itself.
//! - I4. No conflicting modes of two owners are granted at once.
//!
//! Lock order: an owner's list ([`ranks::OWNER`]), then a partition ([`ranks::PARTITION`]; several in index order by the
//! deadlock search and listings, which hold no owner's list). The row tables stand apart: [`ranks::ROWS`], then
//! [`ranks::ROW_HOLDERS`], both under a page's content lock.
//!
//! Limits: module [`limits`]. Source: PostgreSQL 15, storage/lmgr (README, lock.c, deadlock.c), with the queue reordering
//! made simple: one soft step at a time.
#![forbid(unsafe_code)]

pub mod limits;
pub mod ranks;

mod deadlock;
mod held;
mod manager;
mod mode;
mod owner;

mod rows;
mod table;
mod tag;
mod view;
mod wait_log;

pub use manager::{Acquired, LockGuard, LockManager, not_available};
pub use mode::LockMode;
pub use owner::{LockMark, LockOwner, LockScope, SessionWaits, check_interrupts};
pub use rows::{RowKey, RowShare, RowShares};
pub use tag::LockTag;
pub use view::LockStatus;

#[cfg(all(test, shuttle))]
mod model;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
