//! Names and types resolved: from the parser's tree to the query tree.
//!
//! [`query::Query`] and [`expr::Expr`] are PostgreSQL's `Query` and primitive expression nodes in typed Rust, with the
//! same meanings field by field, so that what is known about one holds for the other. They are what views, defaults,
//! checks and index expressions are stored as (JSON text in `pg_node_tree` columns, see [`stored`]).
//!
//! This crate does not plan, fold constants or run anything.
#![forbid(unsafe_code)]

pub mod expr;
mod properties;
pub mod query;
pub mod stored;
pub mod walk;
