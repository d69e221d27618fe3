//! Threads of the server: started by name, watched to their end, joined before anybody hears of it.
//!
//! What it does not do: it knows no role. The postmaster's table says which roles there are and when they run; this crate
//! gives the row's type, starts what a row says, and turns whatever ends a thread into an [`Exit`].
//!
//! 1. [`spawn`] starts a thread under a name of at most 15 characters, with the stack that its row asks for.
//! 2. Its body runs inside `sync::catch`: a returned error is [`Exit::Fatal`], a Rust panic is [`Exit::Panicked`], which says
//!    whether shared memory may have been left half changed; whoever ends while it still holds a shared lock has [leaked](Exit::Leaked) it.
//! 3. The report goes to an [`ExitSink`]; whoever owns the [`Child`] joins it first and acts on the report then, so that
//!    nothing of the thread is left when its successor starts.
//! 4. [`Backoff`] says when a role that failed is started again.
//! 5. [`Faults`] makes threads fail on purpose, for tests.
//! 6. [`GroupStatus`] is what a group of a thread pool tells of itself.
//!
//! Invariant: everything that the body owns is dropped before its report is sent.
#![forbid(unsafe_code)]

mod backoff;
mod child;
mod fault;
mod pool_status;
mod role;

pub use backoff::Backoff;
pub use child::{Child, ChildId, Exit, ExitReport, ExitSink, spawn};
pub use fault::{ArmedFault, FaultKind, Faults};
pub use pool_status::GroupStatus;
pub use role::{Restart, RoleEntry, THREAD_NAME_BYTES_MAX};
