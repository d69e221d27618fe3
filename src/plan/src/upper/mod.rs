//! What comes above scans and joins: grouping, window functions, DISTINCT, ORDER BY, row locks, LIMIT, changes.
//!
//! [`Planner::plan_upper`] takes the steps in this order; each has a file of its own.

mod grouping;
mod limit;
mod minmax;
mod order;
mod sets;
mod targets;
mod window;

use crate::pathset::add_to;
use crate::relids::Relids;
use crate::root::{ModifyPath, Path, PathKind, PathRc, Planner, Root, Target};
use analyze::query::CmdType;
use limit::{LimitEstimate, needs_limit};
pub use minmax::put_values;
use report::{Result, bail, unsupported};
use std::rc::Rc;

impl Planner<'_> {
    /// Steps 3 and 4: all paths of a prepared level.
    pub fn plan_upper(&mut self, root: &mut Root) -> Result<Vec<PathRc>> {
        let limit = self.estimate_limit(root);
        let (mut paths, target) = match root.query.set_operations.is_some() {
            true => self.set_operation_paths(root)?,
            false => self.joined_paths(root)?,
        };
        if !root.query.sort.is_empty() {
            paths = self.ordered_paths(root, paths)?;
        }
        paths = self.spread_sets(root, paths, &target)?;
        self.final_paths(root, paths, limit)
    }

    /// Paths of UNION, INTERSECT and EXCEPT, and what they give.
    fn set_operation_paths(&mut self, root: &mut Root) -> Result<(Vec<PathRc>, Rc<Target>)> {
        let (paths, targets) = self.plan_set_operations(root)?;
        root.targets = targets.clone();
        if !root.query.row_marks.is_empty() {
            bail!(FEATURE_NOT_SUPPORTED, "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT");
        }
        let target = self.target_of(root, &targets);
        if !root.query.sort.is_empty() {
            root.query_keys = self.keys_for_sort(root, &root.query.sort.clone(), &targets)?;
        }
        let with_target = |path: &PathRc| Rc::new(Path { target: Rc::clone(&target), ..(**path).clone() });
        Ok((paths.iter().map(with_target).collect(), target))
    }

    /// Paths of joins, with what is computed of their rows before ORDER BY, and the level's target list.
    fn joined_paths(&mut self, root: &mut Root) -> Result<(Vec<PathRc>, Rc<Target>)> {
        self.preprocess_targets(root)?;
        self.number_aggregates(root);
        root.minmax_query = minmax::minmax_query(&root.query);
        for expr in &self.top_needs(root) {
            self.need_vars(root, expr, Relids::single(0));
        }
        let at = self.plan_joins(root)?;
        let target = self.target_of(root, &root.targets.clone());
        let free = |path: &&PathRc| path.param.is_none() || path.required_outer().is_empty();
        let paths = root.rels[at].paths.iter().filter(free).cloned().collect();
        Ok((self.group_window_distinct(root, paths, &target)?, target))
    }

    fn group_window_distinct(
        &mut self,
        root: &mut Root,
        mut paths: Vec<PathRc>,
        final_target: &Rc<Target>,
    ) -> Result<Vec<PathRc>> {
        let query = &root.query;
        let grouping =
            !query.group.is_empty() || !query.grouping_sets.is_empty() || query.has_aggs || query.having.is_some();
        let windows = if query.has_window_funcs { query.windows.clone() } else { Vec::new() };
        let sort_input = self.sort_input_target(root, final_target);
        let window_input = if windows.is_empty() {
            Rc::clone(&sort_input)
        } else {
            self.window_input_target(root, &sort_input, &windows)
        };
        if grouping {
            let input = self.group_input_target(root, &window_input);
            // Sets that are grouped by come before grouping.
            paths = self.spread_sets(root, paths, &input)?;
            paths = self.group_paths(root, paths, &window_input)?;
        } else {
            paths = paths.iter().map(|p| self.project(p, Rc::clone(&window_input))).collect();
        }
        if !windows.is_empty() {
            paths = self.window_paths(root, paths, windows, &window_input, &sort_input)?;
        }
        if !root.query.distinct.is_empty() {
            // Set-returning functions come before DISTINCT.
            paths = self.spread_sets(root, paths, final_target)?;
            paths = self.distinct_paths(root, paths)?;
        }
        Ok(paths)
    }

    fn final_paths(&mut self, root: &mut Root, paths: Vec<PathRc>, limit: LimitEstimate) -> Result<Vec<PathRc>> {
        let mut out = Vec::new();
        for path in paths {
            let mut path = path;
            if !root.query.row_marks.is_empty() && root.query.command == CmdType::Select {
                let marks = root.row_marks.clone();
                path = Rc::new(Path {
                    relids: path.relids,
                    target: Rc::clone(&path.target),
                    rows: path.rows,
                    startup: path.startup,
                    total: path.total + self.settings.cpu_tuple_cost * path.rows,
                    keys: Rc::default(),
                    param: None,
                    kind: PathKind::LockRows { child: Rc::clone(&path), marks },
                });
            }
            if needs_limit(&root.query) {
                path = self.limit_path(root, &path, limit);
            }
            if root.query.command != CmdType::Select {
                path = Rc::new(Path {
                    relids: path.relids,
                    target: Rc::clone(&path.target),
                    rows: if root.query.returning.is_empty() { 0.0 } else { path.rows },
                    startup: path.startup,
                    total: path.total,
                    keys: Rc::default(),
                    param: None,
                    kind: PathKind::ModifyTable(Box::new(ModifyPath {
                        child: Rc::clone(&path),
                        marks: root.row_marks.clone(),
                    })),
                });
            }
            add_to(&mut out, (*path).clone());
        }
        if root.query.command != CmdType::Select {
            // What a level above sees is RETURNING.
            root.targets = root.query.returning.clone();
        }
        if out.is_empty() {
            unsupported!("this query shape");
        }
        Ok(out)
    }
}
