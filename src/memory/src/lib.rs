//! What memory each session holds, and where its limit is.
//!
//! It knows no session and no setting, and refuses nobody memory: an allocation succeeds, and who asked is told that it was too much when
//! it next looks. An allocator may neither unwind nor return an error that anybody handles; a statement can do both.
//!
//! 1. [`Counting`] is the program's allocator. It adds what is taken and subtracts what is given back in a counter of the thread that runs:
//!    one addition each.
//! 2. An [`Account`] is a session's. For the length of a turn the thread's counter is the account's: [`Account::serve`] puts the session's
//!    balance into it, and the end of the turn takes it out.
//! 3. A statement that checks for interrupts also asks [`is_due`]: whether its session has reached the place where it is to look at its
//!    account. That is each further [`limits::STEP_BYTES`], so that others see what a long statement holds, and its limit: there
//!    [`Account::look`] ends the statement.
//! 4. Who is about to take much at once asks [`room_for`] first: between two checks nobody else does.
//! 5. What a session makes for all sessions to keep, it makes [`Aside`]: it is not the session's. Buffers that a worker lends are
//!    [taken over](take_over) and [given up](give_up) by their size.
//!
//! The counter is thread-local, against the rule that nothing is: it belongs to the worker, as its stack does. No session finds anything there
//! that another left: the beginning of a turn overwrites it.
//!
//! Invariants
//! - I1. Between turns an account's balance is what the session's turns took, less what they gave back. What one session takes and another
//!   gives back counts in favour of the second, so what goes from hand to hand is made [`Aside`].
//! - I2. An account is served by one thread at a time (the pool's seat, the thread of a session of its own).
//! - I3. Nothing here allocates but errors.
//!
//! Unsafe code is in [`Counting`] alone, which hands each call on as it came.

mod account;
mod allocator;
pub mod limits;
mod tally;

pub use account::{Account, Aside, Serving, Unlimited};
pub use allocator::{Counting, footprint};
pub use tally::{give_up, is_due, room_for, take_over};
