//! Outer joins whose null-extended rows a condition above throws away become inner ones, or anti joins.

use super::sublinks::relids_of_item;
use crate::lookup::Lookup;
use crate::relids::Relids;
use crate::tree;
use analyze::expr::{BoolExprType, BoolTestType, Expr};
use analyze::query::{FromItem, JoinType, Query};
use std::collections::BTreeSet;

/// Column by relation and number.
type Column = (i32, i16);

/// What conditions above a join say.
#[derive(Clone, Default)]
struct Known {
    /// Relations that have no null-extended row in the result.
    nonnullable: Relids,
    /// Columns that are not null in the result.
    nonnull_columns: BTreeSet<Column>,
    /// Columns that are null in the result.
    forced_null: BTreeSet<Column>,
}

impl Known {
    fn with(&self, qual: Option<&Expr>, lookup: &dyn Lookup) -> Known {
        let mut known = self.clone();
        for clause in tree::conjuncts(qual.cloned()) {
            known.nonnullable = known.nonnullable.union(nonnullable_rels(&clause, true, lookup));
            nonnull_columns(&clause, lookup, &mut known.nonnull_columns);
            if let Expr::NullTest(test) = &clause
                && test.is_null
                && !test.arg_is_row
                && let Expr::Var(var) = &test.arg
                && var.levels_up == 0
            {
                known.forced_null.insert((var.varno, var.attno));
            }
        }
        known
    }
}

/// Reduces the outer joins of a query.
pub fn reduce_outer_joins(query: &mut Query, lookup: &dyn Lookup) {
    let mut from = std::mem::take(&mut query.jointree);
    let known = Known::default().with(from.quals.as_ref(), lookup);
    from.items.iter_mut().for_each(|item| reduce(item, &known, lookup));
    query.jointree = from;
}

fn reduce(item: &mut FromItem, known: &Known, lookup: &dyn Lookup) {
    match item {
        FromItem::Rel(_) => {}
        FromItem::From(from) => {
            let known = known.with(from.quals.as_ref(), lookup);
            from.items.iter_mut().for_each(|item| reduce(item, &known, lookup));
        }
        FromItem::Join(join) => {
            let (left, right) = (relids_of_item(&join.left), relids_of_item(&join.right));
            let keeps = |side: Relids| !known.nonnullable.overlaps(side);
            join.join_type = match join.join_type {
                JoinType::Left if !keeps(right) => JoinType::Inner,
                JoinType::Right if !keeps(left) => JoinType::Inner,
                JoinType::Full => match (keeps(left), keeps(right)) {
                    (true, true) => JoinType::Full,
                    (true, false) => JoinType::Right,
                    (false, true) => JoinType::Left,
                    (false, false) => JoinType::Inner,
                },
                other => other,
            };
            if join.join_type == JoinType::Right {
                std::mem::swap(&mut join.left, &mut join.right);
                join.join_type = JoinType::Left;
            }
            if join.join_type == JoinType::Left
                && is_anti(join.quals.as_ref(), known, relids_of_item(&join.right), lookup)
            {
                join.join_type = JoinType::Anti;
            }
            // What the join's own condition says holds below its nullable side; of an inner join on both sides.
            let within = known.with(join.quals.as_ref(), lookup);
            let own = Known::default().with(join.quals.as_ref(), lookup);
            let (for_left, for_right) = match join.join_type {
                JoinType::Inner | JoinType::Semi => (&within, &within),
                JoinType::Left | JoinType::Anti => (known, &own),
                _ => (&Known::default(), &Known::default()),
            };
            reduce(&mut join.left, for_left, lookup);
            reduce(&mut join.right, for_right, lookup);
        }
    }
}

/// A column that the join's condition makes not null in every match, but that a condition above wants null.
fn is_anti(quals: Option<&Expr>, known: &Known, right: Relids, lookup: &dyn Lookup) -> bool {
    let mut columns = BTreeSet::new();
    for clause in tree::conjuncts(quals.cloned()) {
        nonnull_columns(&clause, lookup, &mut columns);
    }
    known.forced_null.iter().any(|column| right.contains(column.0) && columns.contains(column))
}

/// Relations of which a null-extended row makes the clause not true (at the top: false or null; below: null).
pub fn nonnullable_rels(expr: &Expr, top: bool, lookup: &dyn Lookup) -> Relids {
    let all =
        |args: &[Expr], top| args.iter().fold(Relids::EMPTY, |set, e| set.union(nonnullable_rels(e, top, lookup)));
    match expr {
        Expr::Var(var) if var.levels_up == 0 => Relids::single(var.varno),
        Expr::FuncExpr(node) if is_strict(node.function, lookup) => all(&node.args, false),
        Expr::OpExpr(node) if is_strict(node.function, lookup) => all(&node.args, false),
        Expr::ScalarArrayOpExpr(node) if is_strict(node.function, lookup) && array_is_nonempty(&node.args[1]) => {
            all(&node.args, false)
        }
        Expr::ScalarArrayOpExpr(node) if is_strict(node.function, lookup) && top && node.use_or => {
            nonnullable_rels(&node.args[0], false, lookup)
        }
        Expr::BoolExpr(node) => match node.op {
            BoolExprType::Not => all(&node.args, false),
            BoolExprType::And if top => all(&node.args, true),
            _ => node
                .args
                .iter()
                .map(|e| nonnullable_rels(e, top, lookup))
                .reduce(Relids::intersection)
                .unwrap_or(Relids::EMPTY),
        },
        Expr::RelabelType(node) => nonnullable_rels(&node.arg, top, lookup),
        Expr::CoerceViaIo(node) => nonnullable_rels(&node.arg, false, lookup),
        Expr::ArrayCoerceExpr(node) => nonnullable_rels(&node.arg, false, lookup),
        Expr::CollateExpr(node) => nonnullable_rels(&node.arg, top, lookup),
        Expr::NullTest(node) if top && !node.is_null && !node.arg_is_row => nonnullable_rels(&node.arg, false, lookup),
        Expr::BooleanTest(node)
            if top
                && matches!(node.test, BoolTestType::IsTrue | BoolTestType::IsFalse | BoolTestType::IsNotUnknown) =>
        {
            nonnullable_rels(&node.arg, false, lookup)
        }
        _ => Relids::EMPTY,
    }
}

fn is_strict(function: base::Oid, lookup: &dyn Lookup) -> bool {
    lookup.function(function).is_ok_and(|info| info.strict)
}

fn array_is_nonempty(expr: &Expr) -> bool {
    matches!(expr, Expr::ArrayExpr(node) if !node.elements.is_empty() && !node.multidims)
}

/// Columns that are not null wherever the clause is true.
fn nonnull_columns(expr: &Expr, lookup: &dyn Lookup, out: &mut BTreeSet<Column>) {
    let mut strict_vars = |expr: &Expr| {
        if !tree::has_nonstrict(expr, lookup) {
            tree::for_each_var(expr, &mut |var| {
                out.insert((var.varno, var.attno));
            });
        }
    };
    match expr {
        Expr::OpExpr(_) | Expr::FuncExpr(_) | Expr::Var(_) => strict_vars(expr),
        Expr::NullTest(node) if !node.is_null && !node.arg_is_row => strict_vars(&node.arg),
        Expr::BoolExpr(node) if node.op == BoolExprType::And => {
            node.args.iter().for_each(|arg| nonnull_columns(arg, lookup, out));
        }
        _ => {}
    }
}
