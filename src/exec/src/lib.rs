//! From the plan to rows.
//!
//! 1. [`plan_query`] plans an analysed query; [`CachedPlan`] does so for a prepared statement and keeps the result.
//! 2. [`Executor::start`] makes a tree of node states from a plan (an owned value that a portal keeps between messages),
//!    locks the relations, checks privileges and takes parameters and the snapshot.
//! 3. [`Executor::next`] gives rows, one at a time; [`Executor::finish`] does what must be done at the statement's end
//!    (constraint triggers). A finished executor can be restarted.
//!
//! What this crate deliberately does not do: utility statements (crate `command`), portals and messages (`session`).
//!
//! Invariants:
//! - I1. Between calls an executor holds no page, no pin and no borrow of the session.
//! - I2. No recursion while rows flow but that of the plan tree; expressions are flat programs.
#![forbid(unsafe_code)]

mod api;
pub mod check;
mod cursor;
mod domains;
mod env;
mod explain;
mod expr;
mod foreign_keys;
mod lookup;
mod node;
pub mod object;
mod plan_cache;
mod spi;
pub mod store;
mod subplans;
pub mod system;
mod types;
mod values;
mod volatility;

pub use api::{
    Executor, ExplainOptions, Params, PlanOptions, RowProgram, evaluate, lock_relations, plan_query, with_bare_env,
};
pub use cursor::{standing_of_datum, standing_to_datum};
pub use env::{Env, temp_space, with_fn_ctx};
pub use explain::{ExplainFormat, explain, explain_nothing};
pub use expr::{Program, Rows, compile_condition, compile_expr, compile_exprs};
pub use foreign_keys::{has_pending_checks, set_constraints};
pub use lookup::CatalogLookup;
pub use node::TargetTable;
pub use plan_cache::{CachedPlan, Sharing};
pub use spi::with_analysis;
pub use types::{Types, output_text};
pub use volatility::volatility;

/// A function that sees the session and the catalogs; its table is in `system`.
pub type SystemFn = fn(instance::Ctx<'_>, &mut builtins::FnCtx<'_>, &[tuple::Datum]) -> report::Result<tuple::Datum>;
