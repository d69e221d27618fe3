//! What whole-server tests, the regression suite and benchmarks share: temporary clusters and a small client.
//!
//! Nothing here is linked into the server. The [`client`] speaks the protocol on its own, without crate `proto`, so that a
//! mistake there cannot hide itself.
#![forbid(unsafe_code)]

pub mod client;
pub mod cluster;

pub use client::{Client, Reply, ServerError, Table};
pub use cluster::Cluster;
