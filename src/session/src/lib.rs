//! One client's session.
//!
//! A session is a value: [`Wire`] (buffers and stream), the state that statements see (`instance::SessionState`), and what the
//! protocol adds: prepared statements, portals and the transaction block. Between messages no thread needs to hold it.
//!
//! What it deliberately does not do: it listens on no socket and starts no thread; [`Server`] is what it knows of the server
//! around it.
//!
//! 1. [`wire`] reads messages and gathers replies.
//! 2. `connection` gives a client its turns; `login` and `authentication` lead from the first byte to the first ReadyForQuery.
//! 3. `session` takes messages, and is where every error ends: told to the client and to the log, its statement undone.
//! 4. `simple` and `extended` run them: text is parsed, analysed and planned (`query`), rows go to the send buffer (`output`).
//! 5. `session_statement`, `transaction_statement` and `cursor` run what concerns the session itself.
//! 6. What sessions learn of statements they share (`known`, `shared`), and run on the [`Desk`] of the worker that serves them.
//! 7. [`block`] is the transaction block's state; `portal` keeps what is under way.
//!
//! Invariants
//! - I1. What is pending in the send buffer is sent before the session waits.
//! - I2. An error inside a statement leaves the transaction as the block's state says: none, or failed.
//! - I3. No lock of crate `sync` is held while the session waits for its client.
#![forbid(unsafe_code)]

mod alone;
mod authentication;
pub mod block;
mod connection;
mod cursor;
mod desk;
mod extended;
mod idle_clock;
pub mod known;
mod limits;
mod login;
mod output;
pub mod park;
mod portal;
mod printer;
mod query;
pub mod server;
mod session;
mod session_statement;
mod shared;
mod simple;
mod statement_log;
mod transaction_statement;
pub mod wire;

pub use alone::{Alone, Outcome, StatementEnd, Terminal, run_alone};
pub use block::Block;
pub use connection::{Connection, Progress};
pub use desk::Desk;
pub use park::Parked;
pub use server::{ClientInfo, Method, Server, Speaker};
pub use session::{Next, Session};
pub use wire::{Direction, Stream, Wire};
