//! Window functions.

use crate::pathset::cheapest_total;
use crate::root::{Path, PathKind, PathRc, Planner, Root, Target};
use analyze::expr::Expr;
use analyze::query::{SortGroupClause, TargetEntry, WindowClause};
use report::Result;
use std::rc::Rc;

impl Planner<'_> {
    pub(super) fn window_paths(
        &mut self,
        root: &mut Root,
        paths: Vec<PathRc>,
        windows: Vec<WindowClause>,
        input: &Rc<Target>,
        output: &Rc<Target>,
    ) -> Result<Vec<PathRc>> {
        let used: Vec<WindowClause> = windows.into_iter().filter(|w| uses_window(&root.targets, w.winref)).collect();
        let mut ordered = used;
        // Windows that sort by more columns come first, so that later ones find their order.
        ordered.sort_by_key(|w| std::cmp::Reverse(w.partition.len() + w.order.len()));
        let mut out = Vec::new();
        for path in &paths {
            let is_best = cheapest_total(&paths).is_some_and(|best| Rc::ptr_eq(best, path));
            if !is_best {
                continue;
            }
            let mut path = Rc::clone(path);
            let mut target = (**input).clone();
            for (place, window) in ordered.iter().enumerate() {
                let clauses: Vec<SortGroupClause> = window.partition.iter().chain(&window.order).cloned().collect();
                let keys = self.keys_for_sort(root, &clauses, &root.targets.clone())?;
                path = self.sorted(&path, &keys, -1.0);
                let is_last = place + 1 == ordered.len();
                let step = if is_last {
                    Rc::clone(output)
                } else {
                    for t in &root.targets {
                        add_window_funcs(&t.expr, window.winref, &mut target);
                    }
                    self.make_target(root, target.exprs.clone(), target.refs.clone())
                };
                let s = self.settings;
                let functions = count_window_funcs(&root.targets, window.winref) as f64;
                let columns = clauses.len() as f64;
                let per_row = functions * s.cpu_operator_cost + s.cpu_operator_cost * columns + s.cpu_tuple_cost;
                path = Rc::new(Path {
                    relids: path.relids,
                    rows: path.rows,
                    startup: path.startup + step.cost.startup,
                    total: path.total + per_row * path.rows + step.cost.startup + step.cost.per_tuple * path.rows,
                    keys: Rc::clone(&path.keys),
                    param: None,
                    target: step,
                    kind: PathKind::WindowAgg { child: Rc::clone(&path), clause: Box::new(window.clone()) },
                });
            }
            out.push(path);
        }
        Ok(out)
    }
}

fn uses_window(targets: &[TargetEntry], winref: u32) -> bool {
    count_window_funcs(targets, winref) > 0
}

fn count_window_funcs(targets: &[TargetEntry], winref: u32) -> usize {
    let mut count = 0;
    for target in targets {
        analyze::walk::for_each(&target.expr, &mut |e| {
            count += usize::from(matches!(e, Expr::WindowFunc(w) if w.winref == winref));
        });
    }
    count
}

fn add_window_funcs(expr: &Expr, winref: u32, target: &mut Target) {
    analyze::walk::for_each(expr, &mut |e| {
        if matches!(e, Expr::WindowFunc(w) if w.winref == winref) && !target.exprs.contains(e) {
            target.exprs.push(e.clone());
            target.refs.push(0);
        }
    });
}
