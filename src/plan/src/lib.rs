//! From the query tree to the plan: what to do in which order, at the least estimated cost.
//!
//! What it deliberately does not do: read table data, lock anything, run anything (constants are folded by calling
//! immutable built-in functions, which need neither).
#![forbid(unsafe_code)]

mod classes;
mod cost;
mod create;
mod finish;
mod index;
mod join;
mod joininfo;
pub mod lookup;
mod network;
pub mod node;
mod pathset;
mod planner;
mod prep;
mod relids;
mod root;
mod scan;
mod search;
mod selectivity;
mod setop;
mod simplify;
mod stability;
mod subselect;
mod tree;
mod upper;

pub use finish::own_exprs;
pub use planner::plan;
pub use stability::foldable_parts;
