//! Analysis and evaluation of what statements hold besides queries.

use base::Oid;
pub use exec::with_analysis as with_analyze_context;
use instance::Ctx;
use parser::ast::ExecuteStmt;
use report::Result;
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
