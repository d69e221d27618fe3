//! Whether the values of the client's parameters can matter to the choice of a plan.
//!
//! A plan that is the best whatever the values are can be kept and used for all of them: that is how statements which differ in
//! their literals alone share one. The rule is simple and errs on the safe side. Values do not matter to a level if no
//! condition mentions a parameter, or if it belongs to a relation of which it leaves one row at most: a lookup by a unique key
//! costs the same whatever the key. Output expressions never matter.

use crate::relids::Relids;
use crate::root::{ClauseRc, Planner, Root};
use analyze::expr::{Expr, ParamKind};
use analyze::query::RteKind;
use analyze::walk;
use report::Result;

impl Planner<'_> {
    /// To be asked of a level whose paths are made: could other values of the parameters have led to other paths?
    pub fn values_matter(&self, root: &Root) -> Result<bool> {
        let query = &root.query;
        let above = [&query.limit_count, &query.limit_offset, &query.having];
        if above.into_iter().flatten().any(mentions_parameter) || query.rtable.iter().any(|rte| is_sized(&rte.kind)) {
            return Ok(true);
        }
        for (n, _) in query.rtable.iter().enumerate() {
            let rti = n as i32 + 1;
            let Some(rel) = root.base_rel(rti) else { continue };
            if any_mentions(&rel.join_clauses) {
                return Ok(true);
            }
            if any_mentions(&rel.clauses) && !self.is_unique_by(root, rti, &[], Relids::single(rti))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A function's arguments tell how many rows it may return.
fn is_sized(kind: &RteKind) -> bool {
    match kind {
        RteKind::Function(function) => function.functions.iter().any(|f| mentions_parameter(&f.call)),
        _ => false,
    }
}

fn any_mentions(clauses: &[ClauseRc]) -> bool {
    clauses.iter().any(|clause| mentions_parameter(&clause.expr))
}

fn mentions_parameter(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::Param(param) if param.kind == ParamKind::Extern))
}
