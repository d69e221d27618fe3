//! Costs, after PostgreSQL's `costsize.c`.

use crate::root::{ClauseRc, Cost, Planner, Target};
use analyze::expr::{Expr, ScalarArrayOpExpr};
use analyze::walk::{self, Walker};
use base::Oid;
use std::rc::Rc;

/// Added to the cost of what a setting disables.
pub const DISABLE_COST: f64 = 1.0e10;
/// Bytes of a tuple's header in PostgreSQL's estimates, aligned.
pub const TUPLE_HEADER: f64 = 24.0;

/// At least one row, a whole number, not infinite.
pub fn clamp_rows(rows: f64) -> f64 {
    if rows > 1.0e100 || rows.is_nan() {
        1.0e100
    } else if rows <= 1.0 {
        1.0
    } else {
        rows.round_ties_even()
    }
}

/// Bytes of so many tuples.
pub fn relation_bytes(tuples: f64, width: i32) -> f64 {
    tuples * (f64::from((width + 7) & !7) + TUPLE_HEADER)
}

/// Pages of so many tuples.
pub fn page_size(tuples: f64, width: i32) -> f64 {
    (relation_bytes(tuples, width) / 8192.0).ceil()
}

impl Planner<'_> {
    /// Cost of evaluating an expression.
    pub fn expr_cost(&self, expr: &Expr) -> Cost {
        let mut walker = CostWalker { planner: self, cost: Cost::default() };
        walker.expr(expr);
        walker.cost
    }

    /// Cost of evaluating all of some expressions.
    pub fn exprs_cost<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Cost {
        let mut cost = Cost::default();
        for expr in exprs {
            cost += self.expr_cost(expr);
        }
        cost
    }

    /// Cost of evaluating clauses; what is tested once counts once.
    pub fn clauses_cost<'c>(&self, clauses: impl IntoIterator<Item = &'c ClauseRc>) -> Cost {
        let mut cost = Cost::default();
        for clause in clauses {
            let mut one = self.expr_cost(&clause.expr);
            if clause.pseudoconstant {
                one.startup += one.per_tuple;
                one.per_tuple = 0.0;
            }
            cost += one;
        }
        cost
    }

    /// A target with its cost and width.
    pub fn make_target(&self, root: &crate::root::Root, exprs: Vec<Expr>, refs: Vec<u32>) -> Rc<Target> {
        let width = exprs.iter().map(|expr| self.expr_width(root, expr)).sum();
        let cost = self.exprs_cost(exprs.iter().filter(|e| !matches!(e, Expr::Var(_) | Expr::Const(_))));
        Rc::new(Target { exprs, refs, cost, width })
    }

    /// Bytes of an expression's value, estimated.
    pub fn expr_width(&self, root: &crate::root::Root, expr: &Expr) -> i32 {
        if let Expr::Var(var) = expr
            && var.levels_up == 0
            && var.varno > 0
            && let Some(width) = self.column_width(root, var.varno, var.attno)
        {
            return width;
        }
        self.type_width(expr.type_of(), expr.typmod_of())
    }

    fn column_width(&self, root: &crate::root::Root, rti: i32, attno: i16) -> Option<i32> {
        use analyze::query::RteKind;
        if attno <= 0 {
            return None;
        }
        match &root.query.rtable.get(rti as usize - 1)?.kind {
            RteKind::Relation(relation) => {
                self.lookup.column_stats(relation.relid, attno).ok()?.map(|s| s.width).filter(|w| *w > 0)
            }
            RteKind::Subquery(_) => {
                let sub = root.base_rel(rti)?.base.as_ref()?.subquery.as_ref()?;
                let info = self.subroots.get(sub.subroot)?;
                let at = info.targets.iter().position(|t| t.resno == attno)?;
                let expr = sub.path.target.exprs.get(at)?;
                match expr {
                    Expr::Var(inner) if inner.levels_up == 0 && inner.varno > 0 => {
                        match &info.query.rtable.get(inner.varno as usize - 1)?.kind {
                            RteKind::Relation(relation) if inner.attno > 0 => {
                                self.lookup.column_stats(relation.relid, inner.attno).ok()?.map(|s| s.width)
                            }
                            _ => None,
                        }
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Bytes of a type's values when nothing else is known.
    pub fn type_width(&self, type_oid: Oid, typmod: i32) -> i32 {
        let len = self.lookup.type_len(type_oid).unwrap_or(-1);
        if len > 0 {
            return i32::from(len);
        }
        let max = match type_oid.0 {
            1042 | 1043 if typmod >= 4 => typmod - 4,
            _ => return 32,
        };
        match max {
            _ if type_oid.0 == 1042 => max,
            0..=32 => max,
            33..=999 => 32 + (max - 32) / 2,
            _ => 32 + (1000 - 32) / 2,
        }
    }

    fn function_cost(&self, function: Oid) -> f64 {
        self.lookup.function(function).map_or(1.0, |info| info.cost) * self.settings.cpu_operator_cost
    }

    /// How many elements an array has, estimated.
    pub fn array_length(&self, expr: &Expr) -> f64 {
        match expr {
            Expr::Const(c) if c.value.is_null() => 0.0,
            Expr::Const(c) => self.lookup.array_values(&c.value).map_or(10.0, |v| v.len() as f64),
            Expr::ArrayExpr(node) if !node.multidims => node.elements.len() as f64,
            Expr::RelabelType(node) => self.array_length(&node.arg),
            _ => 10.0,
        }
    }

    fn array_cost(&self, node: &ScalarArrayOpExpr) -> f64 {
        let length = self.array_length(&node.args[1]);
        let hashed = node.use_or
            && matches!(node.args[1], Expr::Const(_))
            && length >= 9.0
            && self.lookup.operator(node.operator).is_ok_and(|op| op.can_hash);
        if hashed { 2.0 * self.function_cost(node.function) } else { self.function_cost(node.function) * length * 0.5 }
    }

    /// Cost of sorting: startup and run, over the input's.
    pub fn sort_cost(&self, tuples: f64, width: i32, comparison: f64, limit: f64) -> (f64, f64) {
        let per_comparison = comparison + 2.0 * self.settings.cpu_operator_cost;
        let tuples = tuples.max(2.0);
        let input_bytes = relation_bytes(tuples, width);
        let (output_tuples, output_bytes) = match limit > 0.0 && limit < tuples {
            true => (limit, relation_bytes(limit, width)),
            false => (tuples, input_bytes),
        };
        let memory = self.settings.work_mem;
        let startup = if output_bytes > memory {
            let pages = (input_bytes / 8192.0).ceil();
            let runs = input_bytes / memory;
            let order = (memory / (8192.0 * 33.0)).clamp(6.0, 500.0);
            let passes = if runs > order { (runs.ln() / order.ln()).ceil() } else { 1.0 };
            per_comparison * tuples * tuples.log2()
                + 2.0 * pages * passes * (self.settings.seq_page_cost * 0.75 + self.settings.random_page_cost * 0.25)
        } else if tuples > 2.0 * output_tuples || input_bytes > memory {
            per_comparison * tuples * (2.0 * output_tuples).log2()
        } else {
            per_comparison * tuples * tuples.log2()
        };
        (startup, self.settings.cpu_operator_cost * tuples)
    }

    /// Pages fetched from a table of `pages` pages for so many tuples, with a cache (Mackert and Lohman).
    pub fn pages_fetched(&self, tuples: f64, pages: f64, index_pages: f64, total_pages: f64) -> f64 {
        let t = pages.max(1.0);
        let total = (total_pages + index_pages).max(1.0);
        let cache = (self.settings.effective_cache_size * t / total).max(1.0).ceil();
        let fetched = if t <= cache {
            (2.0 * t * tuples / (2.0 * t + tuples)).min(t)
        } else {
            let limit = 2.0 * t * cache / (2.0 * t - cache);
            if tuples <= limit {
                2.0 * t * tuples / (2.0 * t + tuples)
            } else {
                cache + (tuples - limit) * (t - cache) / t
            }
        };
        if t <= cache && fetched >= t { t } else { fetched.ceil() }
    }
}

struct CostWalker<'a, 'b> {
    planner: &'a Planner<'b>,
    cost: Cost,
}

impl Walker for CostWalker<'_, '_> {
    fn expr(&mut self, expr: &Expr) -> bool {
        let operator = self.planner.settings.cpu_operator_cost;
        match expr {
            Expr::FuncExpr(node) => self.cost.per_tuple += self.planner.function_cost(node.function),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => {
                self.cost.per_tuple += self.planner.function_cost(node.function);
            }
            Expr::ScalarArrayOpExpr(node) => self.cost.per_tuple += self.planner.array_cost(node),
            // Their evaluation is part of the node that computes them.
            Expr::Aggref(_) | Expr::WindowFunc(_) | Expr::GroupingFunc(_) => return false,
            Expr::CoerceViaIo(_) => self.cost.per_tuple += 2.0 * operator,
            Expr::ArrayCoerceExpr(node) => {
                let length = self.planner.array_length(&node.arg);
                let each = self.planner.expr_cost(&node.element).per_tuple;
                self.cost.per_tuple += each * length;
                return self.expr(&node.arg);
            }
            Expr::RowCompareExpr(node) => {
                for op in &node.operators {
                    let function = self.planner.lookup.operator(*op).map_or(Oid::INVALID, |o| o.function);
                    self.cost.per_tuple += self.planner.function_cost(function);
                }
            }
            Expr::MinMaxExpr(_)
            | Expr::SqlValueFunction(_)
            | Expr::XmlExpr(_)
            | Expr::CoerceToDomain(_)
            | Expr::NextValueExpr(_) => {
                self.cost.per_tuple += operator;
            }
            Expr::CurrentOfExpr(_) => self.cost.startup += DISABLE_COST,
            Expr::SubPlan(plan) => {
                self.cost.startup += plan.startup_cost;
                self.cost.per_tuple += plan.per_call_cost;
                return false;
            }
            Expr::AlternativeSubPlan(plans) => {
                self.cost.startup += plans[0].startup_cost;
                self.cost.per_tuple += plans[0].per_call_cost;
                return false;
            }
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, _: &analyze::query::Query) -> bool {
        false
    }
}

/// True if the expression has a sub-plan.
pub fn has_subplan(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::SubPlan(_) | Expr::AlternativeSubPlan(_)))
}
