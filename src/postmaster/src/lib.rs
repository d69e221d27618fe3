//! The postmaster: owns what outlives everything else, and keeps everything else running.
//!
//! What it does not do: it serves no client and touches no page. It owns the listening sockets, the lock files, the signal
//! pipe, the table of threads and the state machine; an `Instance` and its threads come and go below it.
//!
//! 1. [`start`] goes from the command line to the loop, in PostgreSQL's order.
//! 2. [`server_loop`] waits for one of: a client, a signal, a thread's end, a thread's request, a deadline.
//! 3. [`state`] says what each of them leads to: a pure function, tested over all pairs of state and event.
//! 4. [`roles`] is the table of the threads that the server needs; the loop starts what the table says is wanted.
//! 5. [`client`] is a session's thread, [`refusal`] that of a client who cannot be served.
//!
//! Invariants
//! - I1. Every thread is in the table until it has been joined.
//! - I2. The wait's timeout is the time to the nearest of all deadlines ([`deadlines`]); an idle server wakes at those only.
//! - I3. The lock files are ours from before the first socket is opened until after the last one is closed.
//!
//! Locks: the mailbox and the instance slot, both leaves held for a moment. The loop waits for nothing else.
#![forbid(unsafe_code)]

pub mod alone;
pub mod archive;
pub mod arguments;
pub mod check;
mod checkpoints;
pub mod checks;
pub mod children;
pub mod client;
pub mod data_directory;
pub mod deadlines;
pub mod describe;
pub mod faults;
pub mod listen;
pub mod lock_file;
pub mod mailbox;
pub mod network;
pub mod notify;
pub mod refusal;
pub mod roles;
pub mod server_loop;
pub mod shared;
pub mod signals;
pub mod start;
pub mod state;
pub mod storage;
