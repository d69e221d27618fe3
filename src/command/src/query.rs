//! Queries that a definition runs on its own account: those of CREATE TABLE AS, and those that look whether a constraint holds.

use crate::{Execution, with_analyze_context};
use analyze::query::Query;
use analyze::{AnalyzedStatement, Parameters, analyze};
use exec::{Executor, Params, PlanOptions, plan_query};
use instance::Ctx;
use parser::ParseOptions;
use report::{Error, Result};
use std::sync::Arc;
use tuple::Datum;

/// Runs an analysed query that has not been rewritten; `row` is called with each of its rows.
pub(crate) fn run(
    ex: &Execution<'_, '_>,
    query: Query,
    params: Arc<Params>,
    row: &mut dyn FnMut(&[Datum]) -> Result<()>,
) -> Result<u64> {
    let cx = ex.cx;
    let query = with_analyze_context(cx, ex.text, |context| analyze::rewrite(context, query))?;
    let plan = plan_query(cx, query, PlanOptions { params: Some(&params.values), cursor: false })?;
    let mut executor = Executor::start(cx, Arc::new(plan), params)?;
    let mut count = 0;
    while let Some(values) = executor.next(cx)? {
        row(values)?;
        count += 1;
    }
    executor.finish(cx)?;
    Ok(count)
}

/// The first row of a query of our own wording; names in it are quoted and qualified.
pub(crate) fn first_row(cx: Ctx<'_>, text: &str) -> Result<Option<Vec<Datum>>> {
    let parsed = parser::parse(text, &ParseOptions::default())?;
    let statement = parsed.first().ok_or_else(|| Error::internal("a query of our own is empty"))?;
    let query = with_analyze_context(cx, text, |context| {
        let analyzed = analyze(context, &statement.stmt, Parameters::None)?;
        match analyzed.statement {
            AnalyzedStatement::Query(query) => analyze::rewrite(context, *query),
            AnalyzedStatement::Utility(_) => Err(Error::internal("a query of our own is none")),
        }
    })?;
    let plan = plan_query(cx, query, PlanOptions::default())?;
    let mut executor = Executor::start_latest(cx, Arc::new(plan), Arc::default())?;
    let row = executor.next(cx)?.map(<[Datum]>::to_vec);
    executor.finish(cx)?;
    Ok(row)
}

/// A relation's name, quoted and with its schema: for queries of our own.
pub(crate) fn qualified_name(cx: Ctx<'_>, relation: &schema::RelationEntry) -> Result<String> {
    let quote = builtins::quote_identifier;
    let namespace = cx.catalog().namespace(relation.class.relnamespace)?;
    let namespace = namespace.ok_or_else(|| Error::internal("a relation is in a schema"))?;
    Ok(format!("{}.{}", quote(&namespace.nspname), quote(relation.name())))
}

/// Runs a definition of our own wording, as part of the statement that is being run.
pub(crate) fn run_definition(ex: &mut Execution<'_, '_>, text: &str) -> Result<()> {
    let parsed = parser::parse(text, &ParseOptions::default())?;
    let statement = parsed.first().ok_or_else(|| Error::internal("a definition of our own is empty"))?;
    let mut nested =
        Execution { cx: ex.cx, text, params: Arc::default(), in_block: ex.in_block, client: &mut *ex.client };
    crate::run(&mut nested, &statement.stmt).map(drop)
}
