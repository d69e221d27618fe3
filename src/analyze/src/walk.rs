//! Walking and changing trees.
//!
//! [`Walker`] and [`Mutator`] visit expressions and queries with overridable steps, as PostgreSQL's
//! `expression_tree_walker` and `query_tree_mutator` do with call-backs. A sub-select is a query below an expression:
//! implementations that count query levels override `query`. [`any`], [`for_each`] and [`rewrite`] are short forms that
//! stay within one query level.

use crate::expr::{Expr, SubPlan};
use crate::query::{FromExpr, FromItem, JoinExpr, Query, RangeTblEntry, RteKind, TargetEntry};
use report::Result;

/// Visits a tree. Every step answers true to end the walk.
pub trait Walker {
    /// An expression; by default its parts are visited.
    fn expr(&mut self, expr: &Expr) -> bool {
        self.children(expr)
    }

    /// A query below an expression or in the range table; by default it is visited.
    fn query(&mut self, query: &Query) -> bool {
        self.query_parts(query)
    }

    /// A range table entry; by default its expressions and queries are visited.
    fn rte(&mut self, rte: &RangeTblEntry) -> bool {
        self.rte_parts(rte)
    }

    /// The parts of an expression.
    fn children(&mut self, expr: &Expr) -> bool {
        let mut end = false;
        each_child(expr, &mut |child| {
            end = end
                || match child {
                    Child::Expr(expr) => self.expr(expr),
                    Child::Query(query) => self.query(query),
                };
        });
        end
    }

    /// The parts of a query.
    fn query_parts(&mut self, query: &Query) -> bool {
        let mut end = false;
        each_query_expr(query, &mut |expr| end = end || self.expr(expr));
        end || query.ctes.iter().any(|cte| self.query(&cte.query)) || query.rtable.iter().any(|rte| self.rte(rte))
    }

    /// The parts of a range table entry.
    fn rte_parts(&mut self, rte: &RangeTblEntry) -> bool {
        let mut end = false;
        each_rte_part(rte, &mut |child| {
            end = end
                || match child {
                    Child::Expr(expr) => self.expr(expr),
                    Child::Query(query) => self.query(query),
                };
        });
        end
    }
}

/// Changes a tree in place.
pub trait Mutator {
    /// An expression; by default its parts are changed.
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        self.children(expr)
    }

    /// A query below an expression or in the range table; by default its parts are changed.
    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.query_parts(query)
    }

    /// A range table entry; by default its expressions and queries are changed.
    fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        self.rte_parts(rte)
    }

    /// The parts of an expression.
    fn children(&mut self, expr: &mut Expr) -> Result<()> {
        let mut result = Ok(());
        each_child_mut(expr, &mut |child| {
            if result.is_ok() {
                result = match child {
                    ChildMut::Expr(expr) => self.expr(expr),
                    ChildMut::Query(query) => self.query(query),
                };
            }
        });
        result
    }

    /// The parts of a query.
    fn query_parts(&mut self, query: &mut Query) -> Result<()> {
        let mut result = Ok(());
        each_query_expr_mut(query, &mut |expr| {
            if result.is_ok() {
                result = self.expr(expr);
            }
        });
        result?;
        for cte in &mut query.ctes {
            self.query(&mut cte.query)?;
        }
        query.rtable.iter_mut().try_for_each(|rte| self.rte(rte))
    }

    /// The parts of a range table entry.
    fn rte_parts(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        let mut result = Ok(());
        each_rte_part_mut(rte, &mut |child| {
            if result.is_ok() {
                result = match child {
                    ChildMut::Expr(expr) => self.expr(expr),
                    ChildMut::Query(query) => self.query(query),
                };
            }
        });
        result
    }
}

/// True if `test` holds for `expr` or an expression within it. Sub-selects are not entered, their tests are.
pub fn any(expr: &Expr, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
    struct Any<'a>(&'a mut dyn FnMut(&Expr) -> bool);
    impl Walker for Any<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            (self.0)(expr) || self.children(expr)
        }
        fn query(&mut self, _: &Query) -> bool {
            false
        }
    }
    Any(test).expr(expr)
}

/// Calls `visit` for `expr` and every expression within it, outer ones first. Sub-selects are not entered.
pub fn for_each(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    any(expr, &mut |expr| {
        visit(expr);
        false
    });
}

/// Calls `change` for every expression within `expr` and then for itself. Sub-selects are not entered.
pub fn rewrite(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr) -> Result<()>) -> Result<()> {
    struct Rewrite<'a>(&'a mut dyn FnMut(&mut Expr) -> Result<()>);
    impl Mutator for Rewrite<'_> {
        fn expr(&mut self, expr: &mut Expr) -> Result<()> {
            self.children(expr)?;
            (self.0)(expr)
        }
        fn query(&mut self, _: &mut Query) -> Result<()> {
            Ok(())
        }
    }
    Rewrite(change).expr(expr)
}

/// A part of an expression or range table entry.
pub enum Child<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// A sub-select.
    Query(&'a Query),
}

/// A part of an expression or range table entry, to be changed.
pub enum ChildMut<'a> {
    /// An expression.
    Expr(&'a mut Expr),
    /// A sub-select.
    Query(&'a mut Query),
}

// One body for both forms: `$iter` is iter or iter_mut, `$m` is nothing or mut.
macro_rules! define_children {
    ($each_child:ident, $each_query_expr:ident, $each_rte_part:ident, $subplan:ident, $targets:ident, $from:ident, $join:ident,
     $child:ident, $iter:ident, ($($m:tt)?)) => {
        /// Calls `f` for each direct part of an expression.
        pub fn $each_child(expr: &$($m)? Expr, f: &mut dyn FnMut($child<'_>)) {
            match expr {
                Expr::Var(_)
                | Expr::Const(_)
                | Expr::Param(_)
                | Expr::CaseTestExpr(_)
                | Expr::SqlValueFunction(_)
                | Expr::CoerceToDomainValue(_)
                | Expr::SetToDefault(_)
                | Expr::CurrentOfExpr(_)
                | Expr::NextValueExpr(_) => {}
                Expr::Aggref(node) => {
                    node.direct_args.$iter().for_each(|e| f($child::Expr(e)));
                    $targets(&$($m)? node.args, f);
                    node.filter.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::GroupingFunc(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::WindowFunc(node) => {
                    node.args.$iter().for_each(|e| f($child::Expr(e)));
                    node.filter.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::SubscriptingRef(node) => {
                    node.upper.$iter().chain(node.lower.$iter()).flatten().for_each(|e| f($child::Expr(e)));
                    f($child::Expr(&$($m)? node.container));
                    node.assign.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::FuncExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::NamedArgExpr(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => {
                    node.args.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::ScalarArrayOpExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::BoolExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::SubLink(node) => {
                    node.test.$iter().for_each(|e| f($child::Expr(e)));
                    f($child::Query(&$($m)? node.query));
                }
                Expr::SubPlan(node) => $subplan(node, f),
                Expr::AlternativeSubPlan(plans) => plans.$iter().for_each(|plan| $subplan(plan, f)),
                Expr::FieldSelect(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::FieldStore(node) => {
                    f($child::Expr(&$($m)? node.arg));
                    node.values.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::RelabelType(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::CoerceViaIo(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::ArrayCoerceExpr(node) => {
                    f($child::Expr(&$($m)? node.arg));
                    f($child::Expr(&$($m)? node.element));
                }
                Expr::ConvertRowtypeExpr(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::CollateExpr(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::CaseExpr(node) => {
                    node.arg.$iter().for_each(|e| f($child::Expr(e)));
                    for when in node.whens.$iter() {
                        f($child::Expr(&$($m)? when.condition));
                        f($child::Expr(&$($m)? when.result));
                    }
                    node.default.$iter().for_each(|e| f($child::Expr(e)));
                }
                Expr::ArrayExpr(node) => node.elements.$iter().for_each(|e| f($child::Expr(e))),
                Expr::RowExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::RowCompareExpr(node) => {
                    node.left.$iter().chain(node.right.$iter()).for_each(|e| f($child::Expr(e)));
                }
                Expr::CoalesceExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::MinMaxExpr(node) => node.args.$iter().for_each(|e| f($child::Expr(e))),
                Expr::XmlExpr(node) => {
                    node.named_args.$iter().chain(node.args.$iter()).for_each(|e| f($child::Expr(e)));
                }
                Expr::NullTest(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::BooleanTest(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::CoerceToDomain(node) => f($child::Expr(&$($m)? node.arg)),
                Expr::InferenceElem(node) => f($child::Expr(&$($m)? node.expr)),
                Expr::PlaceHolderVar(node) => f($child::Expr(&$($m)? node.expr)),
            }
        }

        fn $subplan(node: &$($m)? SubPlan, f: &mut dyn FnMut($child<'_>)) {
            node.test.$iter().chain(node.args.$iter()).for_each(|e| f($child::Expr(e)));
        }

        fn $targets(targets: &$($m)? [TargetEntry], f: &mut dyn FnMut($child<'_>)) {
            targets.$iter().for_each(|target| f($child::Expr(&$($m)? target.expr)));
        }

        fn $from(from: &$($m)? FromExpr, f: &mut dyn FnMut(&$($m)? Expr)) {
            from.items.$iter().for_each(|item| $join(item, f));
            from.quals.$iter().for_each(f);
        }

        fn $join(item: &$($m)? FromItem, f: &mut dyn FnMut(&$($m)? Expr)) {
            match item {
                FromItem::Rel(_) => {}
                FromItem::From(from) => $from(from, f),
                FromItem::Join(join) => {
                    let JoinExpr { left, right, quals, .. } = &$($m)? **join;
                    $join(left, f);
                    $join(right, f);
                    quals.$iter().for_each(f);
                }
            }
        }

        /// Calls `f` for each expression that stands in the query itself: not those of its range table and its WITH.
        pub fn $each_query_expr(query: &$($m)? Query, f: &mut dyn FnMut(&$($m)? Expr)) {
            query.targets.$iter().for_each(|target| f(&$($m)? target.expr));
            query.with_check_options.$iter().for_each(|check| f(&$($m)? check.qual));
            for conflict in query.on_conflict.$iter() {
                conflict.arbiter_elems.$iter().for_each(|elem| f(&$($m)? elem.expr));
                conflict.arbiter_where.$iter().for_each(&mut *f);
                conflict.set.$iter().for_each(|target| f(&$($m)? target.expr));
                conflict.quals.$iter().for_each(&mut *f);
                conflict.excluded_targets.$iter().for_each(|target| f(&$($m)? target.expr));
            }
            for action in query.merge_actions.$iter() {
                action.quals.$iter().for_each(&mut *f);
                action.targets.$iter().for_each(|target| f(&$($m)? target.expr));
            }
            query.returning.$iter().for_each(|target| f(&$($m)? target.expr));
            $from(&$($m)? query.jointree, f);
            query.having.$iter().for_each(&mut *f);
            query.limit_offset.$iter().chain(query.limit_count.$iter()).for_each(&mut *f);
            for window in query.windows.$iter() {
                window.start_offset.$iter().chain(window.end_offset.$iter()).for_each(&mut *f);
                window.run_condition.$iter().for_each(&mut *f);
            }
        }

        /// Calls `f` for each expression and query in a range table entry.
        pub fn $each_rte_part(rte: &$($m)? RangeTblEntry, f: &mut dyn FnMut($child<'_>)) {
            match &$($m)? rte.kind {
                RteKind::Relation(relation) => {
                    for sample in relation.tablesample.$iter() {
                        sample.args.$iter().chain(sample.repeatable.$iter()).for_each(|e| f($child::Expr(e)));
                    }
                }
                RteKind::Subquery(subquery) => f($child::Query(&$($m)? subquery.query)),
                RteKind::Join(join) => join.alias_vars.$iter().flatten().for_each(|e| f($child::Expr(e))),
                RteKind::Function(function) => {
                    function.functions.$iter().for_each(|function| f($child::Expr(&$($m)? function.call)));
                }
                RteKind::TableFunc(table) => {
                    table.namespace_uris.$iter().for_each(|e| f($child::Expr(e)));
                    f($child::Expr(&$($m)? table.document));
                    f($child::Expr(&$($m)? table.row));
                    table.column_exprs.$iter().chain(table.column_defaults.$iter()).flatten().for_each(|e| f($child::Expr(e)));
                }
                RteKind::Values(values) => values.rows.$iter().flatten().for_each(|e| f($child::Expr(e))),
                RteKind::Cte(_) | RteKind::NamedTuplestore(_) | RteKind::Result => {}
            }
            rte.security_quals.$iter().for_each(|e| f($child::Expr(e)));
        }
    };
}

define_children!(
    each_child,
    each_query_expr,
    each_rte_part,
    subplan_parts,
    target_parts,
    from_exprs,
    join_exprs,
    Child,
    iter,
    ()
);
define_children!(
    each_child_mut, each_query_expr_mut, each_rte_part_mut, subplan_parts_mut, target_parts_mut, from_exprs_mut, join_exprs_mut,
    ChildMut, iter_mut, (mut)
);

/// As [`any`], but aggregates, window functions and GROUPING are not entered.
pub fn any_outside_aggregates(expr: &Expr, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
    struct Outside<'a>(&'a mut dyn FnMut(&Expr) -> bool);
    impl Walker for Outside<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            match expr {
                Expr::Aggref(_) | Expr::GroupingFunc(_) | Expr::WindowFunc(_) => false,
                _ => (self.0)(expr) || self.children(expr),
            }
        }
        fn query(&mut self, _: &Query) -> bool {
            false
        }
    }
    Outside(test).expr(expr)
}
