//! Expressions as flat step programs.
//!
//! 1. `compile` turns an expression tree into a list of `Step`s over registers, with jumps for AND, OR, CASE and
//!    COALESCE: no recursion while rows flow.
//! 2. `run` executes the steps for a row. Columns are read in place; only results of steps are stored.
//!
//! Invariants:
//! - I1. A register is written by one place of the tree only, or by the branches of one construct.
//! - I2. Constants are registers that no step writes.
//! - I3. A strict function never sees a null: the step checks, not the function.

mod compile;
mod fast;
mod program;
mod run;
mod subplan;

pub use compile::{Compiler, compile_condition, compile_expr, compile_exprs};
pub use program::{ArraySet, CallInfo, Callee, Program, Rows, ScalarArray, Source, SqlFunction, Subscript};
