//! Aggregates, GROUPING and window functions: their level, their arguments, and the check of ungrouped columns.
//!
//! Source: PostgreSQL 15 parse_agg.c.

use crate::expr::{Aggref, Expr, GroupingFunc, Location, Var, WindowFunc};
use crate::placement::Placed;
use crate::query::{GroupingSet, Query, RangeTblEntry, RteKind, TargetEntry};
use crate::state::{Analyzer, ExprKind};
use crate::vars::{find_aggregate, find_window_function, flatten_join_alias_vars};
use crate::walk::{Mutator, Walker};
use base::Oid;
use parser::ast;
use report::{Result, error};

/// Grouping sets that a query may have.
const GROUPING_SETS_MAX: usize = 4096;

impl Analyzer<'_, '_> {
    /// An aggregate's arguments, order and level.
    pub fn transform_aggregate(
        &mut self,
        mut aggref: Aggref,
        mut args: Vec<Expr>,
        order: &[ast::SortBy],
        distinct: bool,
    ) -> Result<Expr> {
        let to_targets = |args: Vec<Expr>| -> Vec<TargetEntry> {
            args.into_iter().enumerate().map(|(at, arg)| TargetEntry::new(arg, at as i16 + 1, None)).collect()
        };
        if aggref.kind != b'n' {
            let aggregated = args.split_off(args.len() - order.len());
            aggref.direct_args = args;
            aggref.args = to_targets(aggregated);
            for (at, item) in order.iter().enumerate() {
                self.add_to_sort_list(at, &mut aggref.args, &mut aggref.order, item)?;
            }
        } else {
            aggref.args = to_targets(args);
            let saved_resno = std::mem::replace(&mut self.state().next_resno, aggref.args.len() as i16 + 1);
            aggref.order = self.transform_sort_clause(order, &mut aggref.args, ExprKind::OrderBy, true)?;
            if distinct {
                aggref.distinct = self.transform_distinct(&mut aggref.args, &aggref.order, true)?;
                self.check_distinct_sortable(&aggref)?;
            }
            self.state().next_resno = saved_resno;
        }
        aggref.arg_types = aggref.direct_args.iter().map(Expr::type_of).collect();
        aggref.arg_types.extend(aggref.args.iter().filter(|t| !t.junk).map(|t| t.expr.type_of()));
        aggref.levels_up = self.aggregate_level(&aggref)?;
        self.level_mut(aggref.levels_up).has_aggs = true;
        self.check_placement_at(Placed::Aggregate, aggref.levels_up, aggref.location)?;
        Ok(aggref.into())
    }

    fn check_distinct_sortable(&self, aggref: &Aggref) -> Result<()> {
        for clause in aggref.distinct.iter().filter(|clause| !clause.sort_operator.is_valid()) {
            let Some(target) = aggref.args.iter().find(|t| t.sort_group_ref == clause.target_ref) else { continue };
            let name = self.cx.format_type(target.expr.type_of());
            let err = error!(UNDEFINED_FUNCTION, "could not identify an ordering operator for type {name}");
            let err = err.detail("Aggregates with DISTINCT must be able to sort their inputs.");
            return Err(self.at(err, target.expr.location()));
        }
        Ok(())
    }

    /// GROUPING(...).
    pub fn transform_grouping(&mut self, node: &ast::GroupingFunc) -> Result<Expr> {
        let location = node.pos.into();
        if node.args.len() > 31 {
            return Err(self.at(error!(TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments"), location));
        }
        let kind = self.kind();
        let mut args = Vec::with_capacity(node.args.len());
        for arg in &node.args {
            args.push(self.transform_expr(arg, kind)?);
        }
        let mut found = LevelsFound::default();
        args.iter().try_for_each(|arg| self.gather_levels(arg, &mut found))?;
        let levels_up = found.level();
        self.level_mut(levels_up).has_aggs = true;
        self.check_placement_at(Placed::Grouping, levels_up, location)?;
        Ok(GroupingFunc { args, refs: Vec::new(), cols: Vec::new(), levels_up, location }.into())
    }

    /// The query level that an aggregate belongs to: the innermost one that its arguments refer to.
    fn aggregate_level(&self, aggref: &Aggref) -> Result<u32> {
        let mut found = LevelsFound::default();
        let arguments = || aggref.args.iter().map(|t| &t.expr).chain(&aggref.filter);
        arguments().try_for_each(|arg| self.gather_levels(arg, &mut found))?;
        let level = found.level();
        if found.aggregate == Some(level) {
            let inner = arguments().find_map(|arg| find_aggregate(arg, level)).unwrap_or_default();
            return Err(self.at(error!(GROUPING_ERROR, "aggregate function calls cannot be nested"), inner));
        }
        self.check_nested_cte(&found, level, aggref.location)?;
        let mut direct = LevelsFound::default();
        aggref.direct_args.iter().try_for_each(|arg| self.gather_levels(arg, &mut direct))?;
        if direct.variable.is_some_and(|variable| variable < level) {
            let err = error!(
                GROUPING_ERROR,
                "outer-level aggregate cannot contain a lower-level variable in its direct arguments"
            );
            let location = aggref.direct_args.first().map_or(Location::UNKNOWN, Expr::location);
            return Err(self.at(err, location));
        }
        if direct.aggregate.is_some_and(|inner| inner <= level) {
            let inner = aggref.direct_args.iter().find_map(|arg| find_aggregate(arg, direct.aggregate.unwrap_or(0)));
            let err = error!(GROUPING_ERROR, "aggregate function calls cannot be nested");
            return Err(self.at(err, inner.unwrap_or_default()));
        }
        self.check_nested_cte(&direct, level, aggref.location)?;
        Ok(level)
    }

    fn check_nested_cte(&self, found: &LevelsFound, level: u32, location: Location) -> Result<()> {
        match &found.cte {
            Some((cte_level, name)) if *cte_level < level => {
                let err = error!(FEATURE_NOT_SUPPORTED, "outer-level aggregate cannot use a nested CTE");
                Err(self.at(err.detail(format!("CTE \"{name}\" is below the aggregate's semantic level.")), location))
            }
            _ => Ok(()),
        }
    }

    fn gather_levels(&self, expr: &Expr, found: &mut LevelsFound) -> Result<()> {
        let mut walker = GatherLevels { found, depth: 0, refused: None };
        walker.expr(expr);
        match walker.refused {
            None => Ok(()),
            Some((true, location)) => {
                let err = error!(
                    FEATURE_NOT_SUPPORTED,
                    "aggregate function calls cannot contain set-returning function calls"
                );
                let hint = "You might be able to move the set-returning function into a LATERAL FROM item.";
                Err(self.at(err.hint(hint), location))
            }
            Some((false, location)) => {
                let err = error!(GROUPING_ERROR, "aggregate function calls cannot contain window function calls");
                Err(self.at(err, location))
            }
        }
    }

    /// A window function's window.
    pub fn transform_window_call(&mut self, mut call: WindowFunc, over: &ast::WindowDef) -> Result<Expr> {
        if let Some(inner) = call.args.iter().find_map(find_window_function) {
            return Err(self.at(error!(WINDOWING_ERROR, "window function calls cannot be nested"), inner));
        }
        self.check_placement(Placed::Window, call.location)?;
        let defs = &self.top().window_defs;
        let found = match &over.name {
            Some(name) => {
                let at = defs.iter().position(|def| def.name.as_ref() == Some(name));
                let missing = || self.at(error!(UNDEFINED_OBJECT, "window \"{name}\" does not exist"), over.pos);
                at.ok_or_else(missing)?
            }
            None => {
                let same = |def: &ast::WindowDef| {
                    def.base == over.base
                        && def.partition_by == over.partition_by
                        && def.order_by == over.order_by
                        && def.frame == over.frame
                };
                match defs.iter().position(same) {
                    Some(at) => at,
                    None => {
                        self.state().window_defs.push(over.clone());
                        self.top().window_defs.len() - 1
                    }
                }
            }
        };
        call.winref = found as u32 + 1;
        self.state().has_window_funcs = true;
        Ok(call.into())
    }

    /// Checks that what is not aggregated is grouped, and numbers the arguments of GROUPING.
    pub fn check_aggregates(&mut self, query: &mut Query) -> Result<()> {
        let common = self.common_grouping(query)?;
        let has_joins = self.top().rtable.iter().any(|rte| matches!(rte.kind, RteKind::Join(_)));
        let mut groups: Vec<(u32, Expr)> = Vec::new();
        for clause in &query.group {
            if let Some(target) = query.targets.iter().find(|t| t.sort_group_ref == clause.target_ref) {
                let mut expr = target.expr.clone();
                if has_joins {
                    flatten_join_alias_vars(&self.top().rtable, &mut expr);
                }
                groups.push((clause.target_ref, expr));
            }
        }
        let common_vars: Vec<Var> = groups
            .iter()
            .filter(|(target_ref, _)| common.as_ref().is_none_or(|common| common.contains(target_ref)))
            .filter_map(|(_, expr)| if let Expr::Var(var) = expr { Some(var.clone()) } else { None })
            .collect();
        let has_non_var = groups.iter().any(|(_, expr)| !matches!(expr, Expr::Var(_)));

        let mut numbering = NumberGrouping { analyzer: self, groups: &groups, has_joins, has_non_var, depth: 0 };
        query.targets.iter_mut().try_for_each(|target| numbering.expr(&mut target.expr))?;
        query.having.iter_mut().try_for_each(|having| numbering.expr(having))?;

        let mut check = Ungrouped {
            rtable: &self.top().rtable,
            groups: &groups,
            has_non_var,
            dependent: Vec::new(),
            depth: 0,
            in_direct_args: false,
            found: None,
            analyzer: self,
            common_vars: &common_vars,
            constraints: Vec::new(),
            failure: None,
        };
        for expr in query.targets.iter().map(|target| &target.expr).chain(&query.having) {
            match has_joins {
                true => {
                    let mut flat = expr.clone();
                    flatten_join_alias_vars(&self.top().rtable, &mut flat);
                    check.expr(&flat);
                }
                false => {
                    check.expr(expr);
                }
            }
            check.finish()?;
        }
        let constraints = check.constraints;
        query.constraint_deps.extend(constraints);
        let recursive = |rte: &RangeTblEntry| matches!(&rte.kind, RteKind::Cte(cte) if cte.self_reference);
        if self.top().has_aggs && self.top().rtable.iter().any(recursive) {
            let exprs = query.targets.iter().map(|target| &target.expr).chain(&query.having);
            let location = exprs.into_iter().find_map(|expr| find_aggregate(expr, 0)).unwrap_or_default();
            let err =
                error!(INVALID_RECURSION, "aggregate functions are not allowed in a recursive query's recursive term");
            return Err(self.at(err, location));
        }
        Ok(())
    }

    /// The references that are in all grouping sets, `None` without grouping sets. A single set becomes a plain GROUP BY.
    fn common_grouping(&self, query: &mut Query) -> Result<Option<Vec<u32>>> {
        if query.grouping_sets.is_empty() {
            return Ok(None);
        }
        let Some(sets) = expand_grouping_sets(&query.grouping_sets, query.group_distinct) else {
            let err = error!(STATEMENT_TOO_COMPLEX, "too many grouping sets present (maximum {GROUPING_SETS_MAX})");
            return Err(err);
        };
        let mut common = sets.first().cloned().unwrap_or_default();
        sets.iter().for_each(|set| common.retain(|target_ref| set.contains(target_ref)));
        if sets.len() == 1 && !query.group.is_empty() {
            query.grouping_sets.clear();
        }
        Ok(Some(common))
    }
}

/// All grouping sets that GROUP BY means, smallest first, as lists of references. `None` if there are too many.
pub fn expand_grouping_sets(sets: &[GroupingSet], distinct: bool) -> Option<Vec<Vec<u32>>> {
    let mut result: Vec<Vec<u32>> = vec![Vec::new()];
    for set in sets {
        let parts = expand_one(set);
        let mut next = Vec::with_capacity(result.len() * parts.len());
        for left in &result {
            for right in &parts {
                let mut both = left.clone();
                right.iter().for_each(|item| {
                    if !both.contains(item) {
                        both.push(*item);
                    }
                });
                next.push(both);
            }
        }
        if next.len() > GROUPING_SETS_MAX {
            return None;
        }
        result = next;
    }
    result.sort_by_key(Vec::len);
    if distinct {
        let mut seen: Vec<Vec<u32>> = Vec::new();
        result.retain(|set| {
            let mut key = set.clone();
            key.sort_unstable();
            let new = !seen.contains(&key);
            if new {
                seen.push(key);
            }
            new
        });
    }
    Some(result)
}

fn expand_one(set: &GroupingSet) -> Vec<Vec<u32>> {
    let simple = |set: &GroupingSet| match set {
        GroupingSet::Simple(refs) => refs.clone(),
        _ => Vec::new(),
    };
    match set {
        GroupingSet::Empty => vec![Vec::new()],
        GroupingSet::Simple(refs) => vec![refs.clone()],
        GroupingSet::Rollup(items) => {
            let prefix = |count| items.iter().take(count).flat_map(simple).collect();
            (0..=items.len()).rev().map(prefix).collect()
        }
        GroupingSet::Cube(items) => {
            let pick = |mask: usize| {
                let chosen = items.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
                chosen.flat_map(|(_, item)| simple(item)).collect()
            };
            (0..1usize << items.len().min(13)).map(pick).collect()
        }
        GroupingSet::Sets(items) => items.iter().flat_map(expand_one).collect(),
    }
}

/// Levels that an aggregate's arguments refer to, counted from the aggregate's own.
#[derive(Default)]
struct LevelsFound {
    variable: Option<u32>,
    aggregate: Option<u32>,
    cte: Option<(u32, String)>,
}

impl LevelsFound {
    fn level(&self) -> u32 {
        match (self.variable, self.aggregate) {
            (None, None) => 0,
            (Some(one), None) | (None, Some(one)) => one,
            (Some(a), Some(b)) => a.min(b),
        }
    }
}

fn lower(found: &mut Option<u32>, level: u32) {
    *found = Some(found.map_or(level, |known| known.min(level)));
}

struct GatherLevels<'a> {
    found: &'a mut LevelsFound,
    depth: u32,
    /// What may not be in an aggregate: true for a set-returning function, false for a window function.
    refused: Option<(bool, Location)>,
}

impl Walker for GatherLevels<'_> {
    fn expr(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Var(var) => {
                if let Some(level) = var.levels_up.checked_sub(self.depth) {
                    lower(&mut self.found.variable, level);
                }
                return false;
            }
            Expr::Aggref(node) => {
                if let Some(level) = node.levels_up.checked_sub(self.depth) {
                    lower(&mut self.found.aggregate, level);
                }
            }
            Expr::GroupingFunc(node) => {
                if let Some(level) = node.levels_up.checked_sub(self.depth) {
                    lower(&mut self.found.aggregate, level);
                }
            }
            _ => {}
        }
        if self.depth == 0 {
            if expr.is_set_returning() {
                self.refused = Some((true, expr.location()));
            } else if let Expr::WindowFunc(node) = expr {
                self.refused = Some((false, node.location));
            }
        }
        self.refused.is_some() || self.children(expr)
    }

    fn query(&mut self, query: &Query) -> bool {
        self.depth += 1;
        let end = self.query_parts(query);
        self.depth -= 1;
        end
    }

    fn rte(&mut self, rte: &RangeTblEntry) -> bool {
        if let RteKind::Cte(cte) = &rte.kind
            && let Some(level) = cte.levels_up.checked_sub(self.depth)
            && self.found.cte.as_ref().is_none_or(|(known, _)| level < *known)
        {
            self.found.cte = Some((level, rte.eref.name.clone()));
        }
        self.rte_parts(rte)
    }
}

/// Fills in which grouping expressions GROUPING's arguments are.
struct NumberGrouping<'a, 'c, 'b> {
    analyzer: &'a Analyzer<'c, 'b>,
    groups: &'a [(u32, Expr)],
    has_joins: bool,
    has_non_var: bool,
    depth: u32,
}

impl NumberGrouping<'_, '_, '_> {
    fn reference(&self, arg: &Expr) -> Option<u32> {
        let mut flat = arg.clone();
        if self.has_joins {
            flatten_join_alias_vars(&self.analyzer.top().rtable, &mut flat);
        }
        let matches = |group: &Expr| match (&flat, group) {
            (Expr::Var(var), Expr::Var(group)) => var.levels_up == self.depth && same_column(var, group),
            (Expr::Var(_), _) => false,
            _ => self.has_non_var && self.depth == 0 && flat == *group,
        };
        self.groups.iter().find(|(_, group)| matches(group)).map(|(target_ref, _)| *target_ref)
    }
}

fn same_column(var: &Var, group: &Var) -> bool {
    group.varno == var.varno && group.attno == var.attno && group.levels_up == 0
}

impl Mutator for NumberGrouping<'_, '_, '_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Aggref(node) if node.levels_up == self.depth => {
                return node.direct_args.iter_mut().try_for_each(|arg| self.expr(arg));
            }
            Expr::Aggref(node) if node.levels_up > self.depth => return Ok(()),
            Expr::GroupingFunc(node) if node.levels_up > self.depth => return Ok(()),
            Expr::GroupingFunc(node) if node.levels_up == self.depth => {
                node.refs.clear();
                for arg in &node.args {
                    let Some(target_ref) = self.reference(arg) else {
                        let err = error!(
                            GROUPING_ERROR,
                            "arguments to GROUPING must be grouping expressions of the associated query level"
                        );
                        return Err(self.analyzer.at(err, arg.location()));
                    };
                    node.refs.push(target_ref);
                }
            }
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.depth += 1;
        self.query_parts(query)?;
        self.depth -= 1;
        Ok(())
    }
}

/// Finds columns that are neither grouped nor aggregated.
struct Ungrouped<'a, 'c, 'b> {
    rtable: &'a [RangeTblEntry],
    groups: &'a [(u32, Expr)],
    has_non_var: bool,
    /// Relations whose columns all depend on grouped ones.
    dependent: Vec<i32>,
    depth: u32,
    in_direct_args: bool,
    found: Option<(Var, u32, bool)>,
    analyzer: &'a Analyzer<'c, 'b>,
    common_vars: &'a [Var],
    constraints: Vec<Oid>,
    failure: Option<report::Error>,
}

impl Ungrouped<'_, '_, '_> {
    fn finish(&mut self) -> Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let Some((var, depth, in_direct_args)) = self.found.take() else { return Ok(()) };
        let rte = &self.rtable[var.varno as usize - 1];
        let name = format!("{}.{}", rte.eref.name, self.analyzer.column_name(rte, var.attno));
        let err = match depth {
            0 => error!(
                GROUPING_ERROR,
                "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
            ),
            _ => error!(GROUPING_ERROR, "subquery uses ungrouped column \"{name}\" from outer query"),
        };
        let err = match depth == 0 && in_direct_args {
            true => err.detail("Direct arguments of an ordered-set aggregate must use only grouped columns."),
            false => err,
        };
        Err(self.analyzer.at(err, var.location))
    }

    fn is_grouped(&mut self, var: &Var) -> bool {
        let by_name = |group: &Expr| matches!(group, Expr::Var(group) if same_column(var, group));
        if (!self.has_non_var || self.depth > 0) && self.groups.iter().any(|(_, group)| by_name(group)) {
            return true;
        }
        self.dependent.contains(&var.varno) || self.depends_on_key(var)
    }

    /// True if the primary key of the column's table is grouped.
    fn depends_on_key(&mut self, var: &Var) -> bool {
        let rte = &self.rtable[var.varno as usize - 1];
        let Some(relation) = rte.relation() else { return false };
        let key = match self.analyzer.cx.catalog.primary_key(relation.relid) {
            Ok(key) => key,
            Err(failure) => {
                self.failure = Some(failure);
                return false;
            }
        };
        let Some((constraint, columns)) = key else { return false };
        let is_grouped = |column: &i16| self.common_vars.iter().any(|v| v.varno == var.varno && v.attno == *column);
        let all = !columns.is_empty() && columns.iter().all(is_grouped);
        if all {
            self.dependent.push(var.varno);
            self.constraints.push(constraint);
        }
        all
    }
}

impl Walker for Ungrouped<'_, '_, '_> {
    fn expr(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Const(_) | Expr::Param(_) => return false,
            Expr::Aggref(node) if node.levels_up == self.depth => {
                self.in_direct_args = true;
                let end = node.direct_args.iter().any(|arg| self.expr(arg));
                self.in_direct_args = false;
                return end;
            }
            Expr::Aggref(node) if node.levels_up > self.depth => return false,
            Expr::GroupingFunc(node) if node.levels_up >= self.depth => return false,
            _ => {}
        }
        if self.has_non_var && self.depth == 0 && self.groups.iter().any(|(_, group)| group == expr) {
            return false;
        }
        if let Expr::Var(var) = expr {
            if var.levels_up == self.depth && !self.is_grouped(var) {
                self.found = Some((var.clone(), self.depth, self.in_direct_args));
                return true;
            }
            return false;
        }
        self.children(expr)
    }

    fn query(&mut self, query: &Query) -> bool {
        self.depth += 1;
        let end = self.query_parts(query);
        self.depth -= 1;
        end
    }
}
