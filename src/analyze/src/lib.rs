//! Names and types resolved: from the parser's tree to the query tree.
//!
//! [`query::Query`] and [`expr::Expr`] are PostgreSQL's `Query` and primitive expression nodes in typed Rust, with the
//! same meanings field by field, so that what is known about one holds for the other. They are what views, defaults,
//! checks and index expressions are stored as (JSON text in `pg_node_tree` columns, see [`stored`]).
//!
//! The flow:
//! 1. [`analyze()`] resolves a statement; expressions of definitions have methods of [`AnalyzeContext`] of their own.
//! 2. [`rewrite()`] expands views and fills in what a change leaves out; what results can be planned.
//! 3. [`dependencies`] says whose change makes a plan stale.
//!
//! This crate does not plan, fold constants or run anything.
#![forbid(unsafe_code)]

mod agg;
mod candidates;
mod clause;
mod coerce;
mod collate;
mod compact;
mod context;
mod cte;
mod definition;
pub mod expr;
mod from;
mod func;
mod function_result;
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
mod rewrite;
mod rowcompare;
mod rte;
pub mod ruleutils;
mod select;
mod state;
mod statement;
pub mod stored;
mod target;
mod transform;
mod types;
mod unify;
mod updatable;
pub mod vars;
pub mod walk;

pub use agg::expand_grouping_sets;
pub use context::{AnalyzeContext, Parameters};
pub use definition::{DefaultFor, RelationExpr, is_optimizable};
pub use lookup::{Lookup, Shared};
pub use rewrite::{column_default, dependencies, rewrite};
pub use statement::{Analyzed, AnalyzedStatement, UtilityStatement, analyze};
pub use target::figure_index_column_name;
pub use types::{TypeAndMod, quote_identifier};
pub use updatable::why_not_updatable;
