//! Set-returning functions of the target list: ProjectSet steps, innermost first.

use super::targets::Columns;
use crate::root::{Path, PathKind, PathRc, Planner, Root, Target};
use crate::tree;
use analyze::expr::Expr;
use report::Result;
use std::rc::Rc;

impl Planner<'_> {
    /// Computes what is left of the target list; set-returning functions in steps, innermost first.
    pub(super) fn spread_sets(
        &mut self,
        root: &Root,
        paths: Vec<PathRc>,
        final_target: &Rc<Target>,
    ) -> Result<Vec<PathRc>> {
        if !final_target.exprs.iter().any(tree::returns_set) {
            return Ok(paths.iter().map(|p| self.project(p, Rc::clone(final_target))).collect());
        }
        paths.iter().map(|path| self.spread_path(root, path, final_target)).collect()
    }

    fn spread_path(&mut self, root: &Root, path: &PathRc, final_target: &Rc<Target>) -> Result<PathRc> {
        let mut path = Rc::clone(path);
        loop {
            let done = path.target.exprs.clone();
            let mut ready: Vec<Expr> = Vec::new();
            let mut pending_inside = false;
            for expr in &final_target.exprs {
                collect_ready_sets(expr, &done, &mut ready, &mut pending_inside);
            }
            if ready.is_empty() {
                break;
            }
            // At the last step the columns that are set-returning themselves stand at their own places.
            let at_top =
                final_target.exprs.iter().all(|e| done.contains(e) || !needs_sets(e, &done) || ready.contains(e));
            let target = if at_top && !pending_inside {
                Rc::clone(final_target)
            } else {
                let mut columns = Columns::default();
                for (place, expr) in final_target.exprs.iter().enumerate() {
                    if ready.contains(expr) || done.contains(expr) {
                        columns.add(expr.clone(), final_target.refs[place]);
                    }
                }
                let mut rest: Vec<Expr> = ready.clone();
                for expr in &final_target.exprs {
                    pull_needed(expr, &done, &ready, &mut rest);
                }
                columns.add_missing(rest);
                self.make_target(root, columns.exprs, columns.refs)
            };
            let factor = ready.iter().map(|e| self.function_rows(e)).fold(1.0, f64::max);
            let rows = path.rows * factor;
            let s = self.settings;
            path = Rc::new(Path {
                relids: path.relids,
                rows,
                startup: path.startup + target.cost.startup,
                total: path.total
                    + target.cost.startup
                    + (s.cpu_tuple_cost + target.cost.per_tuple) * path.rows
                    + (rows - path.rows).max(0.0) * s.cpu_tuple_cost / 2.0,
                keys: Rc::clone(&path.keys),
                param: None,
                target,
                kind: PathKind::ProjectSet { child: Rc::clone(&path) },
            });
        }
        Ok(self.project(&path, Rc::clone(final_target)))
    }
}

/// True if computing the expression needs set-returning functions that are not in `done`.
fn needs_sets(expr: &Expr, done: &[Expr]) -> bool {
    if done.contains(expr) {
        return false;
    }
    let mut found = expr.is_set_returning();
    analyze::walk::each_child(expr, &mut |child| {
        if let analyze::walk::Child::Expr(e) = child {
            found |= needs_sets(e, done);
        }
    });
    found
}

/// Set-returning calls whose arguments can be computed now.
fn collect_ready_sets(expr: &Expr, done: &[Expr], ready: &mut Vec<Expr>, pending_inside: &mut bool) {
    if done.contains(expr) || !needs_sets(expr, done) {
        return;
    }
    let mut below = false;
    analyze::walk::each_child(expr, &mut |child| {
        if let analyze::walk::Child::Expr(e) = child {
            below |= needs_sets(e, done);
        }
    });
    if expr.is_set_returning() && !below {
        if !ready.contains(expr) {
            ready.push(expr.clone());
        }
        return;
    }
    *pending_inside = true;
    analyze::walk::each_child(expr, &mut |child| {
        if let analyze::walk::Child::Expr(e) = child {
            collect_ready_sets(e, done, ready, pending_inside);
        }
    });
}

/// What a step must pass on for later ones: computed sets, and columns.
fn pull_needed(expr: &Expr, done: &[Expr], ready: &[Expr], out: &mut Vec<Expr>) {
    if ready.contains(expr) {
        return;
    }
    if done.contains(expr) || matches!(expr, Expr::Var(_)) {
        if !out.contains(expr) {
            out.push(expr.clone());
        }
        return;
    }
    analyze::walk::each_child(expr, &mut |child| {
        if let analyze::walk::Child::Expr(e) = child {
            pull_needed(e, done, ready, out);
        }
    });
}
