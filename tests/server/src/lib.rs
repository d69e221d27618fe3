//! Whole-server tests: each starts real servers in temporary clusters. What they share is in `testkit`.
//!
//! They need the programs built (`cargo verify` does that) and PostgreSQL's client programs.
#![forbid(unsafe_code)]
