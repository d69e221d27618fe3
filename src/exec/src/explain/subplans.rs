//! The sub-plans in a node's own expressions.

use analyze::expr::{Expr, SubLinkType, SubPlan};
use plan::node::{Node, Plan};

/// The sub-plans in a node's own expressions, by number.
pub fn collect_subplans<'q>(plan: &'q Plan, out: &mut Vec<&'q SubPlan>) {
    fn walk<'q>(expr: &'q Expr, out: &mut Vec<&'q SubPlan>) {
        if let Expr::SubPlan(sub) = expr
            && sub.kind != SubLinkType::Cte
            && !out.iter().any(|s| s.plan_id == sub.plan_id)
        {
            out.push(sub);
        }
        let mut children: Vec<&'q Expr> = Vec::new();
        push_children(expr, &mut children);
        children.into_iter().for_each(|e| walk(e, out));
    }
    for expr in plan.targetlist.iter().map(|t| &t.expr).chain(&plan.qual) {
        walk(expr, out);
    }
    let more: Vec<&'q Expr> = match &plan.node {
        Node::NestLoop(n) => n.join_qual.iter().collect(),
        Node::HashJoin(n) => n.join_qual.iter().collect(),
        Node::MergeJoin(n) => n.join_qual.iter().collect(),
        Node::Result(n) => n.constant_qual.iter().collect(),
        Node::IndexScan(n) => n.conditions_original.iter().collect(),
        Node::ValuesScan(n) => n.lists.iter().flatten().collect(),
        _ => Vec::new(),
    };
    more.into_iter().for_each(|e| walk(e, out));
    out.sort_by_key(|s| s.plan_id);
}

/// The direct parts of an expression that may hold sub-plans.
fn push_children<'q>(expr: &'q Expr, out: &mut Vec<&'q Expr>) {
    match expr {
        Expr::FuncExpr(n) => out.extend(&n.args),
        Expr::OpExpr(n) | Expr::DistinctExpr(n) | Expr::NullIfExpr(n) => out.extend(&n.args),
        Expr::ScalarArrayOpExpr(n) => out.extend(&n.args),
        Expr::BoolExpr(n) => out.extend(&n.args),
        Expr::SubPlan(n) => {
            out.extend(&n.test);
            out.extend(&n.args);
        }
        Expr::RelabelType(n) => out.push(&n.arg),
        Expr::CoerceViaIo(n) => out.push(&n.arg),
        Expr::CoalesceExpr(n) => out.extend(&n.args),
        Expr::MinMaxExpr(n) => out.extend(&n.args),
        Expr::ArrayExpr(n) => out.extend(&n.elements),
        Expr::RowExpr(n) => out.extend(&n.args),
        Expr::NullTest(n) => out.push(&n.arg),
        Expr::BooleanTest(n) => out.push(&n.arg),
        Expr::CaseExpr(n) => {
            out.extend(&n.arg);
            for when in &n.whens {
                out.push(&when.condition);
                out.push(&when.result);
            }
            out.extend(&n.default);
        }
        Expr::Aggref(n) => out.extend(n.args.iter().map(|t| &t.expr)),
        Expr::WindowFunc(n) => out.extend(&n.args),
        Expr::SubscriptingRef(n) => out.push(&n.container),
        _ => {}
    }
}
