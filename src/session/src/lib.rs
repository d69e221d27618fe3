//! One client's session.
//!
//! A session is a value: [`Wire`] (buffers and stream), the state that statements see (`instance::SessionState`), and what the
//! protocol adds: prepared statements, portals and the transaction block. Between messages no thread needs to hold it.
//!
//! 1. [`wire`] reads messages and gathers replies.
//! 2. [`block`] is the transaction block's state.
#![forbid(unsafe_code)]

pub mod block;
pub mod limits;
pub mod wire;

pub use block::Block;
pub use wire::{Stream, Wire};
