//! Order: what is wanted of the joins, sorts, DISTINCT and ORDER BY.

use super::grouping::Grouping;
use crate::classes::{keys_contained, keys_in_common};
use crate::node::AggStrategy;
use crate::pathset::{add_to, cheapest_total};
use crate::root::{Path, PathKeys, PathKind, PathRc, Planner, Root};
use crate::tree;
use analyze::expr::Expr;
use analyze::query::SortGroupClause;
use report::Result;
use std::rc::Rc;

impl Planner<'_> {
    /// The order that would suit what is done first above the joins.
    pub fn query_keys(&mut self, root: &mut Root) -> Result<PathKeys> {
        let targets = root.targets.clone();
        let query = &root.query;
        let clauses: Vec<SortGroupClause> = if !query.group.is_empty() && query.grouping_sets.is_empty() {
            query.group.clone()
        } else if let Some(window) = query.windows.iter().find(|_| query.has_window_funcs) {
            window.partition.iter().chain(&window.order).cloned().collect()
        } else if query.distinct.len() > query.sort.len() {
            query.distinct.clone()
        } else {
            query.sort.clone()
        };
        if clauses.iter().any(|c| !c.sort_operator.is_valid()) {
            return Ok(Rc::default());
        }
        self.keys_for_sort(root, &clauses, &targets)
    }

    /// The path, sorted if it is not yet.
    pub fn sorted(&self, path: &PathRc, keys: &PathKeys, limit: f64) -> PathRc {
        if keys_contained(keys, &path.keys) {
            return Rc::clone(path);
        }
        let (startup, run) = self.sort_cost(path.rows, path.target.width, 0.0, limit);
        let disabled = if self.settings.enable_sort { 0.0 } else { crate::cost::DISABLE_COST };
        let startup = path.total + startup + disabled;
        Rc::new(Path {
            kind: PathKind::Sort { child: Rc::clone(path), bound: (limit > 0.0).then_some(limit) },
            relids: path.relids,
            target: Rc::clone(&path.target),
            rows: path.rows,
            startup,
            total: startup + run,
            keys: Rc::clone(keys),
            param: path.param.clone(),
        })
    }

    /// The path sorted on, within groups that it already gives in order.
    fn sorted_on(&mut self, root: &Root, path: &PathRc, keys: &PathKeys, limit: f64) -> Result<Option<PathRc>> {
        let presorted = keys_in_common(keys, &path.keys);
        if presorted == 0 || presorted == keys.len() || !self.settings.enable_incremental_sort {
            return Ok(None);
        }
        let exprs: Vec<Expr> = keys[..presorted]
            .iter()
            .filter_map(|k| root.classes[k.class].members.first().map(|m| m.expr.clone()))
            .collect();
        let groups = self.group_count(root, &exprs, path.rows)?;
        let in_group = (path.rows / groups).max(1.0);
        let run = path.total - path.startup;
        let group_run = run / groups;
        let (sort_startup, sort_run) = self.sort_cost(1.5 * in_group, path.target.width, 0.0, limit);
        let startup = path.startup + sort_startup + group_run;
        let mut total_run = sort_run + (sort_run + sort_startup) * (groups - 1.0) + group_run * (groups - 1.0);
        total_run += (self.settings.cpu_tuple_cost + self.settings.cpu_operator_cost) * path.rows
            + 2.0 * self.settings.cpu_tuple_cost * groups;
        Ok(Some(Rc::new(Path {
            kind: PathKind::IncrementalSort { child: Rc::clone(path), presorted },
            relids: path.relids,
            target: Rc::clone(&path.target),
            rows: path.rows,
            startup,
            total: startup + total_run,
            keys: Rc::clone(keys),
            param: None,
        })))
    }

    pub(super) fn distinct_paths(&mut self, root: &mut Root, paths: Vec<PathRc>) -> Result<Vec<PathRc>> {
        let distinct = root.query.distinct.clone();
        let targets = root.targets.clone();
        let Some(best) = cheapest_total(&paths).cloned() else { return Ok(paths) };
        let exprs = self.group_exprs(root, &distinct);
        let rows = if root.query.has_aggs || !root.query.group.is_empty() {
            best.rows
        } else {
            self.group_count(root, &exprs, best.rows)?
        };
        let mut out = Vec::new();
        if distinct.iter().all(|c| c.sort_operator.is_valid()) {
            let wanted: Vec<SortGroupClause> =
                match root.query.has_distinct_on && root.query.sort.len() > distinct.len() {
                    true => root.query.sort.clone(),
                    false => distinct.clone(),
                };
            let distinct_keys = self.keys_for_sort(root, &distinct, &targets)?;
            let mut keys = self.keys_for_sort(root, &wanted, &targets)?;
            if root.query.has_distinct_on {
                // Columns of ORDER BY that come first decide which row is kept.
                let sort = self.keys_for_sort(root, &root.query.sort.clone(), &targets)?;
                if sort.len() > keys.len() {
                    keys = sort;
                }
            }
            for path in &paths {
                let fits = keys_contained(&keys, &path.keys)
                    || (!root.query.has_distinct_on && keys_contained(&distinct_keys, &path.keys));
                if !fits && !Rc::ptr_eq(path, &best) {
                    continue;
                }
                let sorted = if fits { Rc::clone(path) } else { self.sorted(path, &keys, -1.0) };
                let total = sorted.total + self.settings.cpu_operator_cost * sorted.rows * distinct.len() as f64;
                add_to(
                    &mut out,
                    Path {
                        relids: sorted.relids,
                        target: Rc::clone(&sorted.target),
                        rows,
                        startup: sorted.startup,
                        total,
                        keys: Rc::clone(&sorted.keys),
                        param: None,
                        kind: PathKind::UpperUnique { child: Rc::clone(&sorted), clauses: distinct.clone() },
                    },
                );
            }
        }
        let hashable = !root.query.has_distinct_on && distinct.iter().all(|c| c.hashable);
        if hashable && (self.settings.enable_hashagg || out.is_empty()) {
            let target = Rc::clone(&best.target);
            let grouping = Grouping::without_aggregates(distinct, rows);
            add_to(&mut out, self.agg_path(&best, &target, AggStrategy::Hashed, &grouping));
        }
        Ok(out)
    }

    pub(super) fn ordered_paths(&mut self, root: &mut Root, paths: Vec<PathRc>) -> Result<Vec<PathRc>> {
        let keys = self.keys_for_sort(root, &root.query.sort.clone(), &root.targets.clone())?;
        // Set-returning functions that are sorted by must have been computed.
        let paths = match sorts_sets(root) {
            true => {
                let target = self.target_of(root, &root.targets.clone());
                self.spread_sets(root, paths, &target)?
            }
            false => paths,
        };
        let has_sets_above = paths.first().is_some_and(|p| {
            root.targets.iter().any(|t| tree::returns_set(&t.expr) && !p.target.exprs.contains(&t.expr))
        });
        let limit = if has_sets_above { -1.0 } else { root.limit_tuples };
        let best = cheapest_total(&paths).cloned();
        let mut out = Vec::new();
        for path in &paths {
            if keys_contained(&keys, &path.keys) {
                add_to(&mut out, (**path).clone());
                continue;
            }
            if best.as_ref().is_some_and(|b| Rc::ptr_eq(b, path)) {
                let sorted = self.sorted(path, &keys, limit);
                add_to(&mut out, (*sorted).clone());
            }
            if let Some(partial) = self.sorted_on(root, path, &keys, limit)? {
                add_to(&mut out, (*partial).clone());
            }
        }
        Ok(out)
    }
}

/// True if ORDER BY or DISTINCT looks at what a set-returning function gives.
fn sorts_sets(root: &Root) -> bool {
    root.targets.iter().any(|t| t.sort_group_ref != 0 && tree::returns_set(&t.expr))
}
