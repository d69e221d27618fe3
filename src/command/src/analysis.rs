//! Analysis and evaluation of what statements hold besides queries.

use crate::Execution;
use analyze::query::Query;
use analyze::{AnalyzedStatement, Parameters};
use base::Oid;
use exec::Params;
pub use exec::with_analysis as with_analyze_context;
use instance::Ctx;
use parser::ParseOptions;
use parser::ast::{ExecuteStmt, Statement};
use report::{Error, Result, bail};
use std::sync::Arc;
use tuple::Datum;

/// The values of EXECUTE's parameters, for a statement with parameters of these types.
///
/// Errors: 42601 if there are too few or too many; 42804 if one cannot become its type.
pub fn evaluate_parameters(cx: Ctx<'_>, source: &str, statement: &ExecuteStmt, types: &[Oid]) -> Result<Vec<Datum>> {
    let made = with_analyze_context(cx, source, |context| {
        context.analyze_execute_params(&statement.params, types, &statement.name)
    })?;
    made.iter().map(|expression| exec::evaluate(cx, expression)).collect()
}

/// The query of a prepared statement with the values that EXECUTE gives; `None` if it has none.
///
/// Errors: 26000 if there is no such statement.
pub(crate) fn prepared_query(ex: &Execution<'_, '_>, statement: &ExecuteStmt) -> Result<Option<(Query, Arc<Params>)>> {
    let cx = ex.cx;
    let prepared = cx.session.prepared.borrow().get(&statement.name).cloned();
    let Some(prepared) = prepared else {
        bail!(UNDEFINED_PSTATEMENT, "prepared statement \"{}\" does not exist", statement.name);
    };
    let values = evaluate_parameters(cx, ex.text, statement, &prepared.parameter_types)?;
    let parsed = parser::parse(&prepared.text, &ParseOptions::default())?;
    let raw = parsed.first().ok_or_else(|| Error::internal("an empty statement was prepared"))?;
    let query = match &raw.stmt {
        Statement::Prepare(prepare) => &*prepare.query,
        query => query,
    };
    let parameters = Parameters::Fixed(prepared.parameter_types.clone());
    let analyzed = with_analyze_context(cx, &prepared.text, |context| analyze::analyze(context, query, parameters))?;
    Ok(match analyzed.statement {
        AnalyzedStatement::Query(query) => Some((*query, Arc::new(Params { values }))),
        AnalyzedStatement::Utility(_) => None,
    })
}
