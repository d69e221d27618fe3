//! Utility statements: everything that is not SELECT, INSERT, UPDATE, DELETE.
//!
//! What it deliberately does not do: it knows no message ([`Client`] stands for whoever receives rows and COPY data), and it
//! handles neither the transaction block nor prepared statements and cursors, which belong to the session.
#![forbid(unsafe_code)]

mod client;
mod tag;
mod transaction;

pub use client::{Client, CopyFormat};
pub use tag::Tag;
pub use transaction::set_characteristics;
