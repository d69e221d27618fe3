//! All that sessions share, and all that one session is.
//!
//! [`Instance`] is everything the sessions of a running server have in common: settings, storage engine, caches, the table of
//! sessions, statistics. It is dropped and rebuilt when the server reinitialises; what outlives it (listening sockets, lock
//! files) is the postmaster's. [`SessionState`] is all of one client's state but the protocol's part. [`Ctx`] is the two of
//! them together: what executing a statement takes.
//!
//! This crate knows no SQL, no message and no socket.
//!
//! Lock order: the session table, then one session's entry; both are leaves towards everything else.
#![forbid(unsafe_code)]

mod activity;
pub mod limits;
mod sessions;

pub use activity::{Activity, ActivityRow, ActivityState, SessionKind};
pub use sessions::{CancelOutcome, Registration, SessionEntry, SessionTable};
