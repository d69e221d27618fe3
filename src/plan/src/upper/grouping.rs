//! GROUP BY, HAVING and aggregates.

use crate::classes::keys_contained;
use crate::cost::clamp_rows;
use crate::node::AggStrategy;
use crate::pathset::{add_to, cheapest_total};
use crate::root::{Path, PathKind, PathRc, Planner, Root, Target};
use crate::tree;
use analyze::expr::{Aggref, Expr};
use analyze::query::SortGroupClause;
use base::Oid;
use report::{Error, Result};
use std::rc::Rc;

/// What is grouped and aggregated, however it is done.
pub(super) struct Grouping {
    clauses: Vec<SortGroupClause>,
    pub(super) having: Vec<Expr>,
    /// Groups expected, before HAVING.
    groups: f64,
    /// The column references of each grouping set; empty if there are none.
    sets: Vec<Vec<u32>>,
    pub(super) aggregates: Vec<Aggref>,
}

impl Grouping {
    /// Grouping alone, as DISTINCT needs it.
    pub(super) fn without_aggregates(clauses: Vec<SortGroupClause>, groups: f64) -> Grouping {
        Grouping { clauses, having: Vec::new(), groups, sets: Vec::new(), aggregates: Vec::new() }
    }
}

impl Planner<'_> {
    /// Gives equal aggregates the same number.
    pub(super) fn number_aggregates(&self, root: &mut Root) {
        if !root.query.has_aggs {
            return;
        }
        let mut known: Vec<Aggref> = Vec::new();
        let mut number = |expr: &mut Expr| {
            analyze::walk::rewrite(expr, &mut |e| {
                if let Expr::Aggref(agg) = e
                    && agg.levels_up == 0
                {
                    agg.agg_no = -1;
                    agg.trans_no = -1;
                    let at = known.iter().position(|k| *k == **agg).unwrap_or_else(|| {
                        known.push((**agg).clone());
                        known.len() - 1
                    });
                    agg.agg_no = at as i32;
                    agg.trans_no = at as i32;
                }
                Ok(())
            })
        };
        for target in &mut root.targets {
            number(&mut target.expr).expect("numbering does not fail");
        }
        if let Some(having) = &mut root.query.having {
            number(having).expect("numbering does not fail");
        }
    }

    pub(super) fn group_paths(
        &mut self,
        root: &mut Root,
        paths: Vec<PathRc>,
        target: &Rc<Target>,
    ) -> Result<Vec<PathRc>> {
        let Some(best) = cheapest_total(&paths).cloned() else { return Ok(paths) };
        let having = tree::conjuncts(root.query.having.clone());
        let mut grouping = Grouping {
            clauses: root.query.group.clone(),
            aggregates: aggregates_of(target, &having),
            having,
            groups: 1.0,
            sets: Vec::new(),
        };
        let strategy = if !root.query.grouping_sets.is_empty() {
            self.take_grouping_sets(root, &mut grouping, best.rows)?;
            if grouping.sets.iter().any(Vec::is_empty) { AggStrategy::Mixed } else { AggStrategy::Hashed }
        } else if grouping.clauses.is_empty() {
            AggStrategy::Plain
        } else {
            let exprs = self.group_exprs(root, &grouping.clauses);
            grouping.groups = self.group_count(root, &exprs, best.rows)?;
            return self.sorted_or_hashed_groups(root, &paths, target, &grouping);
        };
        let mut path = self.agg_path(&best, target, strategy, &grouping);
        if strategy == AggStrategy::Plain
            && let Some(better) = self.minmax_path(root, target, &grouping, &path)?
        {
            path = better;
        }
        Ok(vec![Rc::new(path)])
    }

    fn take_grouping_sets(&mut self, root: &Root, grouping: &mut Grouping, rows: f64) -> Result<()> {
        let sets = analyze::expand_grouping_sets(&root.query.grouping_sets, root.query.group_distinct);
        grouping.sets = sets.ok_or_else(|| Error::internal("more grouping sets than analysis let through"))?;
        // The finest come first, those of the same size as they are written.
        grouping.sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
        grouping.groups = 0.0;
        for set in &grouping.sets {
            let in_set: Vec<SortGroupClause> =
                grouping.clauses.iter().filter(|c| set.contains(&c.target_ref)).cloned().collect();
            let exprs = self.group_exprs(root, &in_set);
            grouping.groups += self.group_count(root, &exprs, rows)?;
        }
        Ok(())
    }

    /// Groups of the cheapest input, sorted and hashed, and of inputs that come in order.
    fn sorted_or_hashed_groups(
        &mut self,
        root: &mut Root,
        paths: &[PathRc],
        target: &Rc<Target>,
        grouping: &Grouping,
    ) -> Result<Vec<PathRc>> {
        let Some(best) = cheapest_total(paths) else { return Ok(Vec::new()) };
        let mut out: Vec<PathRc> = Vec::new();
        let ordered = grouping.aggregates.iter().any(|a| !a.order.is_empty() || !a.distinct.is_empty());
        let sortable = grouping.clauses.iter().all(|c| c.sort_operator.is_valid());
        let hashable = !ordered && grouping.clauses.iter().all(|c| c.hashable);
        if sortable {
            let keys = self.keys_for_sort(root, &grouping.clauses, &root.targets.clone())?;
            for path in paths {
                if !Rc::ptr_eq(path, best) && !keys_contained(&keys, &path.keys) {
                    continue;
                }
                let sorted = self.sorted(path, &keys, -1.0);
                let path = match root.query.has_aggs {
                    true => self.agg_path(&sorted, target, AggStrategy::Sorted, grouping),
                    false => self.group_path(&sorted, target, grouping),
                };
                add_to(&mut out, path);
            }
        }
        if hashable && (self.settings.enable_hashagg || !sortable) {
            add_to(&mut out, self.agg_path(best, target, AggStrategy::Hashed, grouping));
        }
        if out.is_empty() {
            return Err(report::error!(FEATURE_NOT_SUPPORTED, "could not implement GROUP BY")
                .detail("Some of the datatypes only support hashing, while others only support sorting."));
        }
        Ok(out)
    }

    pub(super) fn group_exprs(&self, root: &Root, clauses: &[SortGroupClause]) -> Vec<Expr> {
        clauses
            .iter()
            .filter_map(|c| root.targets.iter().find(|t| t.sort_group_ref == c.target_ref).map(|t| t.expr.clone()))
            .collect()
    }

    fn group_path(&self, child: &PathRc, target: &Rc<Target>, grouping: &Grouping) -> Path {
        let Grouping { clauses, having, groups, .. } = grouping;
        let quals = self.exprs_cost(having);
        let comparisons = self.settings.cpu_operator_cost * child.rows * clauses.len() as f64;
        let mut rows = *groups;
        if !having.is_empty() {
            rows = clamp_rows(rows * 0.333_333_3_f64.powi(having.len() as i32));
        }
        let startup = child.startup + quals.startup;
        let total = child.total + comparisons + quals.startup + groups * quals.per_tuple;
        Path {
            relids: child.relids,
            rows,
            startup: startup + target.cost.startup,
            total: total + target.cost.startup + target.cost.per_tuple * rows,
            keys: Rc::clone(&child.keys),
            param: None,
            target: Rc::clone(target),
            kind: PathKind::Group { child: Rc::clone(child), clauses: clauses.clone(), having: having.clone() },
        }
    }

    pub(super) fn agg_path(
        &self,
        child: &PathRc,
        target: &Rc<Target>,
        strategy: AggStrategy,
        grouping: &Grouping,
    ) -> Path {
        let Grouping { clauses, having, sets, aggregates, .. } = grouping;
        let groups = grouping.groups;
        let s = self.settings;
        let input = child.rows;
        let (mut per_input, mut final_cost) = (0.0, 0.0);
        let mut startup_extra = 0.0;
        for agg in aggregates {
            let args = self.exprs_cost(agg.args.iter().map(|t| &t.expr));
            startup_extra += args.startup;
            per_input += args.per_tuple + s.cpu_operator_cost;
            if let Some(filter) = &agg.filter {
                per_input += self.expr_cost(filter).per_tuple;
            }
            // Averages and the like have a function of their own at the end.
            final_cost += if needs_final(agg.function) { s.cpu_operator_cost } else { 0.0 };
        }
        let columns = clauses.len() as f64;
        let (startup, mut total, out_groups) = match strategy {
            AggStrategy::Plain => {
                let startup = child.total + startup_extra + per_input * input + final_cost;
                (startup, startup + s.cpu_tuple_cost, 1.0)
            }
            AggStrategy::Sorted => {
                let mut total = child.total + startup_extra + per_input * input + s.cpu_operator_cost * columns * input;
                total += final_cost * groups + s.cpu_tuple_cost * groups;
                (child.startup + startup_extra, total, groups)
            }
            _ => {
                let phases = sets.len().max(1) as f64;
                let startup =
                    child.total + startup_extra + (per_input + s.cpu_operator_cost * columns) * input * phases;
                let mut total = startup + final_cost * groups + s.cpu_tuple_cost * groups;
                let width = f64::from(child.target.width) + 64.0;
                let bytes = groups * (width + 24.0);
                let memory = s.work_mem * s.hash_mem_multiplier;
                if bytes > memory {
                    let pages = crate::cost::page_size(input, child.target.width);
                    total += pages * 2.0 * (s.random_page_cost * 0.25 + s.seq_page_cost * 0.75) * 2.0;
                }
                (startup, total, groups)
            }
        };
        let mut rows = out_groups;
        if !having.is_empty() {
            let quals = self.exprs_cost(having);
            total += quals.startup + out_groups * quals.per_tuple;
            rows = clamp_rows(out_groups * self.having_part(having));
        }
        let keys = if strategy == AggStrategy::Sorted { Rc::clone(&child.keys) } else { Rc::default() };
        Path {
            relids: child.relids,
            rows,
            startup: startup + target.cost.startup,
            total: total + target.cost.startup + target.cost.per_tuple * rows,
            keys,
            param: None,
            target: Rc::clone(target),
            kind: PathKind::Agg {
                child: Rc::clone(child),
                strategy,
                clauses: clauses.clone(),
                having: having.clone(),
                groups: out_groups,
                sets: sets.clone(),
            },
        }
    }

    fn having_part(&self, having: &[Expr]) -> f64 {
        having
            .iter()
            .map(|clause| match clause {
                Expr::OpExpr(op) => match self.lookup.operator(op.operator).map(|o| o.restriction.0) {
                    Ok(101) => 0.005,
                    Ok(102) => 0.995,
                    Ok(103 | 104 | 336 | 337) => 1.0 / 3.0,
                    _ => 0.5,
                },
                Expr::NullTest(test) if !test.is_null => 0.995,
                Expr::NullTest(_) => 0.005,
                _ => 0.5,
            })
            .product()
    }
}

fn aggregates_of(target: &Target, having: &[Expr]) -> Vec<Aggref> {
    let mut out: Vec<Aggref> = Vec::new();
    for expr in target.exprs.iter().chain(having) {
        analyze::walk::for_each(expr, &mut |e| {
            if let Expr::Aggref(agg) = e
                && !out.contains(agg)
            {
                out.push((**agg).clone());
            }
        });
    }
    out
}

/// True for aggregates whose result is computed from the state at the end.
fn needs_final(function: Oid) -> bool {
    !matches!(function.0, 2803 | 2147 | 2108 | 2109 | 2115..=2146 | 2517 | 2518 | 2519)
}
