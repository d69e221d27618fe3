//! What sessions and utility statements call.

use analyze::query::Query;
use base::Oid;
use instance::Ctx;
use plan::node::PlannedStmt;
use report::{Result, unsupported};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// How to plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions<'a> {
    /// Values of the client's parameters: the plan is then good for these values only.
    pub params: Option<&'a [Datum]>,
    /// The rows will be fetched by a cursor: a fast start counts (cursor_tuple_fraction).
    pub cursor: bool,
}

/// Plans an analysed and rewritten query.
pub fn plan_query(cx: Ctx<'_>, query: Query, options: PlanOptions<'_>) -> Result<PlannedStmt> {
    let _ = (cx, query, options);
    unsupported!("planning")
}

/// A prepared statement's query with its plan: made once (generic), or for given values (custom) while that pays.
pub struct CachedPlan {
    query: Query,
    parameter_types: Vec<Oid>,
}

impl CachedPlan {
    /// Keeps an analysed and rewritten query.
    pub fn new(query: Query, parameter_types: Vec<Oid>) -> CachedPlan {
        CachedPlan { query, parameter_types }
    }

    /// Types of its parameters.
    pub fn parameter_types(&self) -> &[Oid] {
        &self.parameter_types
    }

    /// A plan for an execution with these parameters, as cheap as it can be had. `None` if the catalogs changed so that
    /// the statement must be analysed again.
    pub fn plan(&self, cx: Ctx<'_>, params: &[Datum]) -> Result<Option<Arc<PlannedStmt>>> {
        plan_query(cx, self.query.clone(), PlanOptions { params: Some(params), cursor: false }).map(|p| Some(Arc::new(p)))
    }
}

/// How to execute.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecOptions {
    /// Gather times and row counts of nodes (EXPLAIN ANALYZE).
    pub instrument: bool,
    /// The rows may be fetched backwards (SCROLL cursors).
    pub backward: bool,
}

/// A plan at work.
pub struct Executor {
    desc: Arc<TupleDesc>,
    processed: u64,
}

impl Executor {
    /// Makes the node states of a plan.
    pub fn new(cx: Ctx<'_>, plan: &Arc<PlannedStmt>, options: ExecOptions) -> Result<Executor> {
        let _ = (cx, plan, options);
        unsupported!("execution")
    }

    /// The columns of its rows; none for INSERT, UPDATE, DELETE without RETURNING.
    pub fn columns(&self) -> &Arc<TupleDesc> {
        &self.desc
    }

    /// Begins (again): locks the relations, checks privileges, takes the parameters and the transaction's present
    /// snapshot.
    ///
    /// Errors: 42501, those of locks.
    pub fn start(&mut self, cx: Ctx<'_>, params: &[Datum]) -> Result<()> {
        let _ = (cx, params);
        unsupported!("execution")
    }

    /// The next row, `None` at the end. A statement without output is run to its end by the first call.
    pub fn next(&mut self, cx: Ctx<'_>) -> Result<Option<&[Datum]>> {
        let _ = cx;
        unsupported!("execution")
    }

    /// Ends the statement: runs data-changing WITH queries to their end, then the constraint triggers that are due.
    pub fn finish(&mut self, cx: Ctx<'_>) -> Result<()> {
        let _ = cx;
        unsupported!("execution")
    }

    /// Rows returned or changed so far, for the command tag.
    pub fn processed(&self) -> u64 {
        self.processed
    }
}
