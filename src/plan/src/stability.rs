//! Whether the values of the client's parameters can matter to the choice of a plan.
//!
//! A plan that is the best whatever the values are can be kept and used for all of them: that is how statements which differ in
//! their literals alone share one. The rule is simple and errs on the safe side. Values do not matter to a level if no
//! condition mentions a parameter, or if it belongs to a relation of which it leaves one row at most: a lookup by a unique key
//! costs the same whatever the key. Output expressions never matter.

use crate::lookup::Lookup;
use crate::relids::Relids;
use crate::root::{ClauseRc, Planner, Root};
use crate::tree;
use analyze::expr::{Expr, ParamKind};
use analyze::query::{Query, RteKind};
use analyze::walk::{self, Walker};
use base::Oid;
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

/// The largest parts of a query that would be computed while it is planned, had it literals in place of its parameters. Their
/// errors would come then too, whether or not a row is ever met for which they matter.
pub fn foldable_parts(query: &Query, lookup: &dyn Lookup) -> Vec<Expr> {
    struct Find<'a> {
        lookup: &'a dyn Lookup,
        parts: Vec<Expr>,
    }
    impl Walker for Find<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            if is_foldable(expr, self.lookup) {
                self.parts.push(expr.clone());
                return false;
            }
            self.children(expr)
        }
    }
    let mut find = Find { lookup, parts: Vec::new() };
    find.query_parts(query);
    find.parts
}

fn is_foldable(expr: &Expr, lookup: &dyn Lookup) -> bool {
    is_call(expr)
        && mentions_parameter(expr)
        && !walk::any(expr, &mut |part| !is_constant(part))
        && !tree::is_volatile(expr, b's', lookup)
        && !tree::returns_set(expr)
}

/// Calls that can fail: of the casts, those that widen cannot.
fn is_call(expr: &Expr) -> bool {
    match expr {
        Expr::FuncExpr(call) => !WIDENING.contains(&call.function),
        Expr::OpExpr(_) | Expr::DistinctExpr(_) | Expr::NullIfExpr(_) | Expr::ScalarArrayOpExpr(_) => true,
        Expr::CoerceViaIo(_)
        | Expr::ArrayCoerceExpr(_)
        | Expr::CoerceToDomain(_)
        | Expr::MinMaxExpr(_)
        | Expr::RowCompareExpr(_) => true,
        _ => false,
    }
}

/// int2, int4 and int8 to wider numbers.
const WIDENING: [Oid; 9] =
    [Oid(313), Oid(754), Oid(1782), Oid(235), Oid(481), Oid(1740), Oid(316), Oid(1781), Oid(482)];

/// What gives the same value wherever and whenever it is computed, as far as it does so itself.
fn is_constant(part: &Expr) -> bool {
    match part {
        Expr::Const(_) | Expr::RelabelType(_) | Expr::CollateExpr(_) | Expr::ArrayExpr(_) | Expr::RowExpr(_) => true,
        Expr::BoolExpr(_) | Expr::NullTest(_) | Expr::BooleanTest(_) | Expr::SubscriptingRef(_) => true,
        Expr::FuncExpr(_) => true,
        Expr::Param(param) => param.kind == ParamKind::Extern,
        part => is_call(part),
    }
}

fn mentions_parameter(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::Param(param) if param.kind == ParamKind::Extern))
}
