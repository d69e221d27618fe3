//! EXPLAIN.

use crate::api::{ExplainOptions, Params};
use analyze::query::Query;
use instance::Ctx;
use report::{Result, unsupported};
use std::sync::Arc;

/// EXPLAIN of an analysed query: the lines of the answer.
pub fn explain(cx: Ctx<'_>, query: Query, params: Arc<Params>, options: ExplainOptions) -> Result<Vec<String>> {
    let _ = (cx, query, params, options);
    unsupported!("EXPLAIN")
}
