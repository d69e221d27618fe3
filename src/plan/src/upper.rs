//! What comes above scans and joins: grouping, window functions, DISTINCT, ORDER BY, row locks, LIMIT, changes.

use crate::classes::{keys_contained, keys_in_common};
use crate::cost::clamp_rows;
use crate::node::{AggStrategy, PlanRowMark, RowMarkKind};
use crate::pathset::{add_to, cheapest_total};
use crate::root::{ModifyPath, Path, PathKeys, PathKind, PathRc, Planner, Root, Target};
use crate::tree;
use analyze::expr::Expr;
use analyze::query::{
    CmdType, GroupingSet, LimitOption, LockWaitPolicy, Query, RteKind, SortGroupClause, TargetEntry, WindowClause,
};
use base::Oid;
use report::{Result, unsupported};
use std::rc::Rc;
use tuple::Datum;

/// Rows assumed for a LIMIT that is not known yet: a tenth.
const UNKNOWN_LIMIT_PART: f64 = 0.10;

/// LIMIT and OFFSET as far as they are known: 0 unknown or absent, else the number.
#[derive(Clone, Copy)]
struct LimitEstimate {
    count: f64,
    offset: f64,
}

impl Planner<'_> {
    /// Steps 3 and 4: all paths of a prepared level.
    pub fn plan_upper(&mut self, root: &mut Root) -> Result<Vec<PathRc>> {
        let limit = self.estimate_limit(root);
        let final_refs;
        let mut paths;
        if root.query.set_operations.is_some() {
            let (setop_paths, targets) = self.plan_set_operations(root)?;
            paths = setop_paths;
            root.targets = targets;
            if !root.query.row_marks.is_empty() {
                return Err(report::error!(
                    FEATURE_NOT_SUPPORTED,
                    "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT"
                ));
            }
            final_refs = self.target_of(root, &root.targets.clone());
            if !root.query.sort.is_empty() {
                root.query_keys = self.keys_for_sort(root, &root.query.sort.clone(), &root.targets.clone())?;
            }
            paths = paths.iter().map(|p| self.with_refs(p, &final_refs)).collect();
        } else {
            self.preprocess_targets(root)?;
            self.number_aggregates(root);
            let top = self.top_needs(root);
            for expr in &top {
                let none = crate::relids::Relids::single(0);
                self.need_vars(root, expr, none);
            }
            let at = self.plan_joins(root)?;
            final_refs = self.target_of(root, &root.targets.clone());
            paths = root.rels[at]
                .paths
                .iter()
                .filter(|p| p.param.is_none() || p.required_outer().is_empty())
                .cloned()
                .collect();
            paths = self.gate_paths(root, paths);
            paths = self.group_window_distinct(root, paths, &final_refs)?;
        }
        if !root.query.sort.is_empty() {
            paths = self.ordered_paths(root, paths)?;
        }
        paths = self.spread_sets(root, paths, &final_refs)?;
        self.final_paths(root, paths, limit)
    }

    /// Constant conditions are tested once, below everything else.
    fn gate_paths(&self, root: &Root, paths: Vec<PathRc>) -> Vec<PathRc> {
        let _ = root;
        paths
    }

    fn estimate_limit(&mut self, root: &mut Root) -> LimitEstimate {
        let number = |expr: &Option<Expr>| match expr {
            None => Some(0.0),
            Some(Expr::Const(c)) => match c.value {
                Datum::Int8(n) => Some((n as f64).max(0.0)),
                _ => Some(0.0),
            },
            Some(_) => None,
        };
        let count = match &root.query.limit_count {
            Some(Expr::Const(c)) if !c.value.is_null() => number(&root.query.limit_count).map(|n| n.max(1.0)),
            other => number(other),
        };
        let offset = number(&root.query.limit_offset);
        let has_limit = root.query.limit_count.is_some();
        let fraction = match (has_limit, count, offset) {
            (true, Some(n), Some(o)) if n > 0.0 => n + o,
            (true, None, _) | (true, _, None) => UNKNOWN_LIMIT_PART,
            _ => 0.0,
        };
        let outer = root.tuple_fraction;
        root.tuple_fraction = match (outer >= 1.0, fraction >= 1.0) {
            _ if fraction == 0.0 => outer,
            _ if outer == 0.0 => fraction,
            (true, true) => outer.min(fraction),
            (false, false) => outer.min(fraction),
            (true, false) => outer,
            (false, true) => fraction,
        };
        // A sort keeps only so many rows, unless something above it needs more.
        root.limit_tuples = match (count, offset) {
            (Some(n), Some(o)) if n > 0.0 && root.query.limit_option == LimitOption::Count => n + o,
            _ => -1.0,
        };
        LimitEstimate { count: count.unwrap_or(-1.0), offset: offset.unwrap_or(-1.0) }
    }

    fn target_of(&self, root: &Root, targets: &[TargetEntry]) -> Rc<Target> {
        let (exprs, refs) = targets.iter().map(|t| (t.expr.clone(), t.sort_group_ref)).unzip();
        self.make_target(root, exprs, refs)
    }

    fn with_refs(&self, path: &PathRc, target: &Rc<Target>) -> PathRc {
        let mut path = (**path).clone();
        path.target = Rc::clone(target);
        Rc::new(path)
    }

    /// The junk columns that changes and row locks need, and the full column list of INSERT.
    fn preprocess_targets(&mut self, root: &mut Root) -> Result<()> {
        let mut targets = root.query.targets.clone();
        match root.query.command {
            CmdType::Insert => targets = self.expand_insert(&root.query, targets)?,
            CmdType::Update | CmdType::Delete => {
                let rti = root.query.result_relation;
                if root.query.command == CmdType::Delete {
                    targets.clear();
                }
                let ctid = analyze::expr::Var::new(rti, -1, Oid(27), -1, Oid::INVALID);
                let resno = targets.len() as i16 + 1;
                for (place, target) in targets.iter_mut().enumerate() {
                    // The plan numbers its columns; which column of the table each is for is kept in the query.
                    target.resno = place as i16 + 1;
                }
                targets.push(TargetEntry::junk(ctid.into(), resno, Some("ctid".to_owned())));
            }
            _ => {}
        }
        self.add_row_marks(root, &mut targets)?;
        // Columns of other relations in RETURNING travel as junk.
        let result = root.query.result_relation;
        if !root.query.returning.is_empty() {
            let mut vars = Vec::new();
            for target in &root.query.returning {
                tree::for_each_var(&target.expr, &mut |var| {
                    if var.varno != result && var.varno > 0 {
                        vars.push(Expr::Var(var.clone()));
                    }
                });
            }
            for var in vars {
                if !targets.iter().any(|t| t.expr == var) {
                    let resno = targets.len() as i16 + 1;
                    targets.push(TargetEntry::junk(var, resno, None));
                }
            }
        }
        root.targets = targets;
        Ok(())
    }

    fn expand_insert(&self, query: &Query, targets: Vec<TargetEntry>) -> Result<Vec<TargetEntry>> {
        let RteKind::Relation(relation) = &query.rte(query.result_relation).kind else { return Ok(targets) };
        let info = self.lookup.relation(relation.relid)?;
        let mut out = Vec::new();
        for (place, attribute) in info.desc.attributes.iter().enumerate() {
            let attno = place as i16 + 1;
            if let Some(given) = targets.iter().find(|t| !t.junk && t.resno == attno) {
                out.push(given.clone());
                continue;
            }
            let null = match attribute.is_dropped {
                true => analyze::expr::Const::null(Oid(23), -1, Oid::INVALID).into(),
                false => self.null_for(attribute)?,
            };
            out.push(TargetEntry::new(null, attno, Some(attribute.name.clone())));
        }
        Ok(out)
    }

    /// What a column that is left out gets. A domain may refuse it, but not for a generated column, whose value is still to
    /// come.
    fn null_for(&self, attribute: &tuple::Attribute) -> Result<Expr> {
        let base = self.lookup.base_type(attribute.type_oid)?;
        if base == attribute.type_oid || attribute.generated != 0 {
            return Ok(analyze::expr::Const::null(base, attribute.type_mod, attribute.collation).into());
        }
        Ok(analyze::expr::null_in_domain(base, attribute.type_oid, attribute.collation))
    }

    fn add_row_marks(&mut self, root: &mut Root, targets: &mut Vec<TargetEntry>) -> Result<()> {
        let changes = root.query.command != CmdType::Select;
        if root.query.row_marks.is_empty() && !matches!(root.query.command, CmdType::Update | CmdType::Delete) {
            return Ok(());
        }
        let rels = root
            .query
            .jointree
            .items
            .iter()
            .map(crate::prep::relids_of_item)
            .fold(Default::default(), crate::relids::Relids::union);
        let mut marks = Vec::new();
        for rti in rels.iter() {
            if changes && rti == root.query.result_relation {
                continue;
            }
            let asked = root.query.row_marks.iter().find(|m| m.rti == rti);
            let is_table = matches!(&root.query.rte(rti).kind, RteKind::Relation(_));
            let kind = match (asked, is_table) {
                (Some(mark), true) => RowMarkKind::Lock(mark.strength),
                (None, true) => RowMarkKind::Reference,
                (_, false) if matches!(root.query.rte(rti).kind, RteKind::Result) => continue,
                (_, false) => RowMarkKind::Copy,
            };
            let mut mark = PlanRowMark {
                relation: rti,
                id: rti as u32,
                kind,
                wait_policy: asked.map_or(LockWaitPolicy::Block, |m| m.wait_policy),
                ctid_column: 0,
                tableoid_column: 0,
                wholerow_column: 0,
            };
            let resno = targets.len() as i16 + 1;
            if kind == RowMarkKind::Copy {
                let var = analyze::expr::Var::new(rti, 0, Oid(2249), -1, Oid::INVALID);
                targets.push(TargetEntry::junk(var.into(), resno, Some(format!("wholerow{rti}"))));
                mark.wholerow_column = resno;
            } else {
                let var = analyze::expr::Var::new(rti, -1, Oid(27), -1, Oid::INVALID);
                targets.push(TargetEntry::junk(var.into(), resno, Some(format!("ctid{rti}"))));
                mark.ctid_column = resno;
            }
            marks.push(mark);
        }
        root.row_marks = marks;
        Ok(())
    }

    /// Gives equal aggregates the same number.
    fn number_aggregates(&self, root: &mut Root) {
        if !root.query.has_aggs {
            return;
        }
        let mut known: Vec<analyze::expr::Aggref> = Vec::new();
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

    /// Expressions of the target list and HAVING: what columns are needed at the top.
    fn top_needs(&self, root: &Root) -> Vec<Expr> {
        let mut out: Vec<Expr> = root.targets.iter().map(|t| t.expr.clone()).collect();
        out.extend(root.query.having.clone());
        out
    }

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
            paths = paths.iter().map(|p| self.project_safely(p, &window_input)).collect::<Result<_>>()?;
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

    fn project_safely(&mut self, path: &PathRc, target: &Rc<Target>) -> Result<PathRc> {
        Ok(self.project(path, Rc::clone(target)))
    }

    /// What a sort reads: set-returning and volatile columns that are not sorted by are computed after it.
    fn sort_input_target(&self, root: &Root, final_target: &Rc<Target>) -> Rc<Target> {
        let query = &root.query;
        let has_sets = final_target.exprs.iter().any(tree::returns_set);
        let is_grouped = |place: usize| query.group.iter().any(|c| c.target_ref == final_target.refs[place]);
        let postpone = |expr: &Expr, place: usize| {
            // Sets that the sort or DISTINCT needs are spread right before it.
            (tree::returns_set(expr) && !is_grouped(place))
                || final_target.refs[place] == 0
                    && ((!query.sort.is_empty() && tree::is_volatile(expr, b'v', self.lookup))
                        || (!query.sort.is_empty() && query.limit_count.is_some() && crate::cost::has_subplan(expr)))
        };
        let any = final_target.exprs.iter().enumerate().any(|(place, e)| postpone(e, place));
        if !any && !has_sets {
            return Rc::clone(final_target);
        }
        let mut exprs = Vec::new();
        let mut refs = Vec::new();
        let mut vars = Vec::new();
        let group = self.group_exprs(root, &query.group);
        for (place, expr) in final_target.exprs.iter().enumerate() {
            if postpone(expr, place) {
                pull_parts(expr, Stop::AtWindowFunctions, &group, &mut vars);
            } else {
                exprs.push(expr.clone());
                refs.push(final_target.refs[place]);
            }
        }
        for var in vars {
            if !exprs.contains(&var) {
                exprs.push(var);
                refs.push(0);
            }
        }
        self.make_target(root, exprs, refs)
    }

    fn window_input_target(&self, root: &Root, target: &Rc<Target>, windows: &[WindowClause]) -> Rc<Target> {
        let used: Vec<u32> = windows
            .iter()
            .flat_map(|w| w.partition.iter().chain(&w.order))
            .chain(&root.query.group)
            .map(|c| c.target_ref)
            .collect();
        let mut exprs = Vec::new();
        let mut refs = Vec::new();
        let mut rest = Vec::new();
        for (place, expr) in target.exprs.iter().enumerate() {
            let reference = target.refs[place];
            if reference != 0 && used.contains(&reference) {
                exprs.push(expr.clone());
                refs.push(reference);
            } else {
                pull_vars(expr, Stop::AtAggregates, &mut rest);
            }
        }
        // Columns sorted by windows that the sort's input left out.
        for t in &root.targets {
            if t.sort_group_ref != 0 && used.contains(&t.sort_group_ref) && !refs.contains(&t.sort_group_ref) {
                exprs.push(t.expr.clone());
                refs.push(t.sort_group_ref);
            }
        }
        for expr in rest {
            if !exprs.contains(&expr) {
                exprs.push(expr);
                refs.push(0);
            }
        }
        self.make_target(root, exprs, refs)
    }

    fn group_input_target(&self, root: &Root, target: &Rc<Target>) -> Rc<Target> {
        let mut exprs = Vec::new();
        let mut refs = Vec::new();
        let mut rest = Vec::new();
        let is_group = |reference: u32| reference != 0 && root.query.group.iter().any(|c| c.target_ref == reference);
        for (place, expr) in target.exprs.iter().enumerate() {
            if is_group(target.refs[place]) {
                exprs.push(expr.clone());
                refs.push(target.refs[place]);
            } else {
                pull_vars(expr, Stop::Nowhere, &mut rest);
            }
        }
        for t in &root.targets {
            if is_group(t.sort_group_ref) && !refs.contains(&t.sort_group_ref) {
                exprs.push(t.expr.clone());
                refs.push(t.sort_group_ref);
            }
        }
        if let Some(having) = &root.query.having {
            pull_vars(having, Stop::Nowhere, &mut rest);
        }
        for expr in rest {
            if !exprs.contains(&expr) {
                exprs.push(expr);
                refs.push(0);
            }
        }
        self.make_target(root, exprs, refs)
    }

    fn group_paths(&mut self, root: &mut Root, paths: Vec<PathRc>, target: &Rc<Target>) -> Result<Vec<PathRc>> {
        let having = tree::conjuncts(root.query.having.clone());
        let group = root.query.group.clone();
        let Some(best) = cheapest_total(&paths).cloned() else { return Ok(paths) };
        let mut out: Vec<PathRc> = Vec::new();
        let aggregates = aggregates_of(target, &having);
        let ordered = aggregates.iter().any(|a| !a.order.is_empty() || !a.distinct.is_empty());
        if !root.query.grouping_sets.is_empty() {
            let sets = expand_grouping_sets(&root.query.grouping_sets, root.query.group_distinct)?;
            let mut groups = 0.0;
            for set in &sets {
                let exprs = self.group_exprs(
                    root,
                    &group.iter().filter(|c| set.contains(&c.target_ref)).cloned().collect::<Vec<_>>(),
                );
                groups += self.group_count(root, &exprs, best.rows)?;
            }
            let strategy = if sets.iter().any(Vec::is_empty) { AggStrategy::Mixed } else { AggStrategy::Hashed };
            let path = self.agg_path(&best, target, strategy, group, having, groups, sets, &aggregates);
            add_to(&mut out, path);
            return Ok(out);
        }
        if group.is_empty() {
            if root.query.has_aggs || root.query.having.is_some() {
                let path =
                    self.agg_path(&best, target, AggStrategy::Plain, group, having, 1.0, Vec::new(), &aggregates);
                add_to(&mut out, path);
            }
            return Ok(out);
        }
        let exprs = self.group_exprs(root, &group);
        let groups = self.group_count(root, &exprs, best.rows)?;
        let sortable = group.iter().all(|c| c.sort_operator.is_valid());
        let hashable = !ordered && group.iter().all(|c| c.hashable);
        if sortable {
            let keys = self.keys_for_sort(root, &group, &root.targets.clone())?;
            for path in &paths {
                let is_best = Rc::ptr_eq(path, &best);
                if !is_best && !keys_contained(&keys, &path.keys) {
                    continue;
                }
                let sorted = self.sorted(path, &keys, -1.0);
                let path = match root.query.has_aggs {
                    true => self.agg_path(
                        &sorted,
                        target,
                        AggStrategy::Sorted,
                        group.clone(),
                        having.clone(),
                        groups,
                        Vec::new(),
                        &aggregates,
                    ),
                    false => self.group_path(&sorted, target, group.clone(), having.clone(), groups),
                };
                add_to(&mut out, path);
            }
        }
        if hashable && (self.settings.enable_hashagg || !sortable) {
            let path =
                self.agg_path(&best, target, AggStrategy::Hashed, group, having, groups, Vec::new(), &aggregates);
            add_to(&mut out, path);
        }
        if out.is_empty() {
            return Err(report::error!(FEATURE_NOT_SUPPORTED, "could not implement GROUP BY")
                .detail("Some of the datatypes only support hashing, while others only support sorting."));
        }
        Ok(out)
    }

    fn group_exprs(&self, root: &Root, clauses: &[SortGroupClause]) -> Vec<Expr> {
        clauses
            .iter()
            .filter_map(|c| root.targets.iter().find(|t| t.sort_group_ref == c.target_ref).map(|t| t.expr.clone()))
            .collect()
    }

    fn group_path(
        &self,
        child: &PathRc,
        target: &Rc<Target>,
        clauses: Vec<SortGroupClause>,
        having: Vec<Expr>,
        groups: f64,
    ) -> Path {
        let quals = self.exprs_cost(&having);
        let comparisons = self.settings.cpu_operator_cost * child.rows * clauses.len() as f64;
        let mut rows = groups;
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
            kind: PathKind::Group { child: Rc::clone(child), clauses, having },
        }
    }

    #[allow(clippy::too_many_arguments, reason = "an aggregation has so many properties")]
    fn agg_path(
        &self,
        child: &PathRc,
        target: &Rc<Target>,
        strategy: AggStrategy,
        clauses: Vec<SortGroupClause>,
        having: Vec<Expr>,
        groups: f64,
        sets: Vec<Vec<u32>>,
        aggregates: &[analyze::expr::Aggref],
    ) -> Path {
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
            let quals = self.exprs_cost(&having);
            total += quals.startup + out_groups * quals.per_tuple;
            rows = clamp_rows(out_groups * self.having_part(&having));
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
            kind: PathKind::Agg { child: Rc::clone(child), strategy, clauses, having, groups: out_groups, sets },
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

    fn window_paths(
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

    fn distinct_paths(&mut self, root: &mut Root, paths: Vec<PathRc>) -> Result<Vec<PathRc>> {
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
            let path = self.agg_path(&best, &target, AggStrategy::Hashed, distinct, Vec::new(), rows, Vec::new(), &[]);
            add_to(&mut out, path);
        }
        Ok(out)
    }

    fn ordered_paths(&mut self, root: &mut Root, paths: Vec<PathRc>) -> Result<Vec<PathRc>> {
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

    /// Computes what is left of the target list; set-returning functions in steps, innermost first.
    fn spread_sets(&mut self, root: &Root, paths: Vec<PathRc>, final_target: &Rc<Target>) -> Result<Vec<PathRc>> {
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
                let mut exprs = Vec::new();
                let mut refs = Vec::new();
                for (place, expr) in final_target.exprs.iter().enumerate() {
                    if ready.contains(expr) || done.contains(expr) {
                        exprs.push(expr.clone());
                        refs.push(final_target.refs[place]);
                    }
                }
                let mut rest: Vec<Expr> = ready.clone();
                for expr in &final_target.exprs {
                    pull_needed(expr, &done, &ready, &mut rest);
                }
                for expr in rest {
                    if !exprs.contains(&expr) {
                        exprs.push(expr);
                        refs.push(0);
                    }
                }
                self.make_target(root, exprs, refs)
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
                    total: path.total
                        + self.settings.cpu_tuple_cost
                            * if root.query.returning.is_empty() { 0.0 } else { path.rows }
                            * 0.0,
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

    fn limit_path(&self, root: &Root, child: &PathRc, limit: LimitEstimate) -> PathRc {
        let mut path = Path {
            relids: child.relids,
            target: Rc::clone(&child.target),
            rows: child.rows,
            startup: child.startup,
            total: child.total,
            keys: Rc::clone(&child.keys),
            param: None,
            kind: PathKind::Limit {
                child: Rc::clone(child),
                offset: root.query.limit_offset.clone(),
                count: root.query.limit_count.clone(),
                with_ties: root.query.limit_option == LimitOption::WithTies,
            },
        };
        let run = child.total - child.startup;
        if limit.offset != 0.0 {
            let skipped = if limit.offset > 0.0 { limit.offset } else { clamp_rows(path.rows * UNKNOWN_LIMIT_PART) }
                .min(path.rows);
            if child.rows > 0.0 {
                path.startup += run * skipped / child.rows;
            }
            path.rows = (path.rows - skipped).max(1.0);
        }
        if limit.count != 0.0 {
            let wanted =
                if limit.count > 0.0 { limit.count } else { clamp_rows(path.rows * UNKNOWN_LIMIT_PART) }.min(path.rows);
            if child.rows > 0.0 {
                path.total = path.startup + run * wanted / child.rows;
            }
            path.rows = wanted.max(1.0);
        }
        Rc::new(path)
    }
}

fn needs_limit(query: &Query) -> bool {
    let real = |e: &Option<Expr>, none: i64| match e {
        None => false,
        Some(Expr::Const(c)) => match c.value {
            Datum::Null => false,
            Datum::Int8(n) => n != none,
            _ => true,
        },
        Some(_) => true,
    };
    real(&query.limit_count, i64::MIN) || real(&query.limit_offset, 0)
}

/// True if ORDER BY or DISTINCT looks at what a set-returning function gives.
fn sorts_sets(root: &Root) -> bool {
    root.targets.iter().any(|t| t.sort_group_ref != 0 && tree::returns_set(&t.expr))
}

/// Where collecting of columns stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Aggregates and window functions are entered.
    Nowhere,
    /// Aggregates are taken whole, window functions entered.
    AtAggregates,
    /// Aggregates and window functions are taken whole.
    AtWindowFunctions,
}

/// Adds the columns in an expression.
pub fn pull_vars(expr: &Expr, stop: Stop, out: &mut Vec<Expr>) {
    pull_parts(expr, stop, &[], out);
}

/// Adds what an expression is computed from: those of `wholes` that it contains, and columns.
fn pull_parts(expr: &Expr, stop: Stop, wholes: &[Expr], out: &mut Vec<Expr>) {
    use analyze::walk::Walker;
    struct Pull<'a> {
        stop: Stop,
        wholes: &'a [Expr],
        out: &'a mut Vec<Expr>,
    }
    impl Walker for Pull<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            let whole = match expr {
                Expr::Var(var) => var.levels_up == 0,
                Expr::Aggref(agg) => agg.levels_up == 0 && self.stop != Stop::Nowhere,
                Expr::WindowFunc(_) => self.stop == Stop::AtWindowFunctions,
                Expr::GroupingFunc(_) => {
                    if self.stop != Stop::Nowhere && !self.out.contains(expr) {
                        self.out.push(expr.clone());
                    }
                    return false;
                }
                _ => self.wholes.contains(expr),
            };
            if !whole {
                return self.children(expr);
            }
            if !self.out.contains(expr) {
                self.out.push(expr.clone());
            }
            false
        }
        fn query(&mut self, _: &Query) -> bool {
            false
        }
    }
    Pull { stop, wholes, out }.expr(expr);
}

fn aggregates_of(target: &Target, having: &[Expr]) -> Vec<analyze::expr::Aggref> {
    let mut out: Vec<analyze::expr::Aggref> = Vec::new();
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

/// All grouping sets that ROLLUP, CUBE and nested sets stand for.
fn expand_grouping_sets(sets: &[GroupingSet], distinct: bool) -> Result<Vec<Vec<u32>>> {
    let mut all: Vec<Vec<u32>> = vec![Vec::new()];
    for set in sets {
        let options = expand_set(set);
        let mut next = Vec::new();
        for start in &all {
            for option in &options {
                let mut joined = start.clone();
                joined.extend(option.iter().copied().filter(|r| !start.contains(r)));
                next.push(joined);
            }
        }
        if next.len() > 4096 {
            return Err(report::error!(STATEMENT_TOO_COMPLEX, "too many grouping sets present (maximum 4096)"));
        }
        all = next;
    }
    if distinct {
        let mut seen: Vec<Vec<u32>> = Vec::new();
        all.retain(|set| {
            let mut sorted = set.clone();
            sorted.sort_unstable();
            let new = !seen.contains(&sorted);
            seen.push(sorted);
            new
        });
    }
    all.sort_by_key(|set| std::cmp::Reverse(set.len()));
    Ok(all)
}

fn expand_set(set: &GroupingSet) -> Vec<Vec<u32>> {
    let content = |s: &GroupingSet| match s {
        GroupingSet::Simple(refs) => refs.clone(),
        _ => Vec::new(),
    };
    match set {
        GroupingSet::Empty => vec![Vec::new()],
        GroupingSet::Simple(refs) => vec![refs.clone()],
        GroupingSet::Rollup(items) => {
            (0..=items.len()).rev().map(|n| items[..n].iter().flat_map(content).collect()).collect()
        }
        GroupingSet::Cube(items) => (0..1u32 << items.len())
            .map(|mask| {
                items.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0).flat_map(|(_, s)| content(s)).collect()
            })
            .collect(),
        GroupingSet::Sets(items) => items.iter().flat_map(expand_set).collect(),
    }
}
