//! PostgreSQL's frontend/backend protocol, version 3.0: bytes in, bytes out.
//!
//! This crate owns no socket, no thread and no clock, and knows nothing of SQL. What it gives:
//!
//! 1. [`startup`]: the untyped packets before a session exists (startup, SSL and GSS requests, cancel).
//! 2. [`frontend`]: the client's typed messages, as borrowed views of the receive buffer.
//! 3. [`backend`]: the server's messages, appended to a send buffer so that a reply leaves in one write.
//! 4. [`limits`]: how large a message may be.
//!
//! A malformed message is an error of class 08P01; the caller closes the session, because the stream's framing can no
//! longer be trusted.
#![forbid(unsafe_code)]

pub mod backend;
pub mod frontend;
pub mod limits;
pub mod startup;

mod cursor;

pub use backend::Writer;
pub use frontend::{Frame, Message};
