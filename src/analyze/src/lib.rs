//! Names and types resolved: from the parser's tree to the query tree.
//!
//! [`query::Query`] and [`expr::Expr`] are PostgreSQL's `Query` and primitive expression nodes in typed Rust, with the
//! same meanings field by field, so that what is known about one holds for the other. They are what views, defaults,
//! checks and index expressions are stored as (JSON text in `pg_node_tree` columns, see [`stored`]).
//!
//! The flow: [`analyze()`] resolves a statement.
//!
//! This crate does not plan, fold constants or run anything.
#![forbid(unsafe_code)]

mod agg;
mod candidates;
mod clause;
mod coerce;
mod collate;
mod context;
mod cte;
pub mod expr;
mod from;
mod func;
mod keywords;
mod lookup;
mod modify;
mod names;
pub mod oids;
mod oper;
mod placement;
mod poly;
mod properties;
pub mod query;
mod relation;
mod rowcompare;
mod rte;
mod select;
mod state;
mod statement;
pub mod stored;
mod target;
mod transform;
mod types;
pub mod vars;
pub mod walk;

pub use context::{AnalyzeContext, Parameters};
pub use lookup::{Lookup, Shared};
pub use statement::{Analyzed, AnalyzedStatement, UtilityStatement, analyze};
pub use types::{TypeAndMod, quote_identifier};
