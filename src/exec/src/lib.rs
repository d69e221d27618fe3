//! From the plan to rows.
#![forbid(unsafe_code)]

pub mod store;
