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
    pub fn plan(&self, cx: Ctx<'_>, params: &Params) -> Result<Option<Arc<PlannedStmt>>> {
        plan_query(cx, self.query.clone(), PlanOptions { params: Some(&params.values), cursor: false })
            .map(|p| Some(Arc::new(p)))
    }
}

/// Values of the client's parameters: `$1` is the first.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The values.
    pub values: Vec<Datum>,
}

/// A plan at work.
pub struct Executor {
    columns: Arc<TupleDesc>,
    processed: u64,
}

impl Executor {
    /// Makes the node states of a plan and begins: locks the relations, checks privileges, takes the transaction's
    /// present snapshot.
    ///
    /// Errors: 42501, those of locks.
    pub fn start(cx: Ctx<'_>, plan: Arc<PlannedStmt>, params: Arc<Params>) -> Result<Executor> {
        let _ = (cx, plan, params);
        unsupported!("execution")
    }

    /// Begins anew with other parameters and the transaction's present snapshot; cheaper than a new executor.
    ///
    /// Errors: as `start`.
    pub fn restart(&mut self, cx: Ctx<'_>, params: Arc<Params>) -> Result<()> {
        let _ = (cx, params);
        unsupported!("execution")
    }

    /// The columns of its rows; none for INSERT, UPDATE, DELETE without RETURNING.
    pub fn columns(&self) -> &Arc<TupleDesc> {
        &self.columns
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

/// What EXPLAIN is asked to show.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "EXPLAIN's own option names")]
pub struct ExplainOptions {
    pub analyze: bool,
    pub verbose: bool,
    pub costs: bool,
    pub settings: bool,
    pub buffers: bool,
    pub wal: bool,
    pub timing: bool,
    pub summary: bool,
    /// FORMAT JSON, else TEXT.
    pub json: bool,
}

/// EXPLAIN of an analysed and rewritten query: the lines of the answer.
pub fn explain(cx: Ctx<'_>, query: Query, params: Arc<Params>, options: ExplainOptions) -> Result<Vec<String>> {
    let _ = (cx, query, params, options);
    unsupported!("EXPLAIN")
}

/// Calls `work` with a context for calling functions of crate `builtins`.
pub fn with_fn_ctx<T>(cx: Ctx<'_>, work: impl FnOnce(&mut builtins::FnCtx<'_>) -> Result<T>) -> Result<T> {
    let _ = (cx, work);
    unsupported!("functions")
}
