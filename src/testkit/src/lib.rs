//! What whole-server tests, the regression suite and benchmarks share: temporary clusters, a small client,
//! a crowd of thousands of clients, and what to measure them with.
//!
//! Nothing here is linked into the server. The [`client`] speaks the protocol on its own, without crate `proto`, so that a
//! mistake there cannot hide itself.
#![forbid(unsafe_code)]

pub mod ceiling;
pub mod client;
pub mod cluster;
pub mod crowd;
pub mod latencies;
pub mod processors;
pub mod pump;
pub mod transcript;
pub mod usage;
pub mod wire;

pub use client::Client;
pub use cluster::Cluster;
pub use crowd::{Address, Crowd};
pub use latencies::Latencies;
pub use transcript::{Reply, ServerError, Table};
