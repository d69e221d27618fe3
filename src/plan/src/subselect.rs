//! Sub-selects: in expressions (sub-plans and initial plans), in FROM, and in WITH.

use crate::cost::clamp_rows;
use crate::pathset::cheapest_fractional;
use crate::root::{Path, PathKind, PathRc, PlannedCte, PlannedSub, Planner, Root, SubqueryPath};
use crate::tree::{self, RaiseLevels};
use analyze::expr::{Expr, Location, Param, ParamKind, SubLink, SubLinkType, SubPlan, Var};
use analyze::query::{CmdType, CteMaterialize, Query, RangeTblEntry, RteCte, RteKind, RteSubquery};
use analyze::walk::{self, Mutator, Walker};
use base::Oid;
use report::{Error, Result, unsupported};
use std::rc::Rc;

const BOOL: Oid = Oid(16);
const RECORD: Oid = Oid(2249);

fn param(kind: ParamKind, id: i32, type_oid: Oid, typmod: i32, collation: Oid) -> Param {
    Param { kind, id, type_oid, typmod, collation, location: Location::UNKNOWN }
}

/// Replaces sub-selects by plans, inner ones first.
struct SubLinks<'p, 'a> {
    planner: &'p mut Planner<'a>,
    /// The expression is a condition: null counts as false at this place.
    is_condition: bool,
}

impl Mutator for SubLinks<'_, '_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        let is_top = std::mem::replace(&mut self.is_condition, false);
        match expr {
            Expr::SubLink(link) => {
                if let Some(test) = &mut link.test {
                    self.expr(test)?;
                }
                *expr = self.planner.make_subplan((**link).clone(), is_top)?;
                Ok(())
            }
            // An aggregate of an enclosing query is evaluated there, its sub-selects too.
            Expr::Aggref(agg) if agg.levels_up > 0 => Ok(()),
            Expr::BoolExpr(node) if node.op != analyze::expr::BoolExprType::Not => {
                for arg in &mut node.args {
                    self.is_condition = is_top;
                    self.expr(arg)?;
                }
                self.is_condition = false;
                Ok(())
            }
            other => self.children(other),
        }
    }
}

/// Replaces references to enclosing queries by parameters.
struct Correlation<'p, 'a> {
    planner: &'p mut Planner<'a>,
}

impl Mutator for Correlation<'_, '_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        let levels_up = match expr {
            Expr::Var(var) => var.levels_up,
            Expr::Aggref(agg) => agg.levels_up,
            Expr::GroupingFunc(node) => node.levels_up,
            _ => 0,
        };
        if levels_up == 0 {
            return self.children(expr);
        }
        let mut value = expr.clone();
        tree::raise_levels(&mut value, -(levels_up as i32), levels_up)?;
        *expr = self.planner.outer_param(value, levels_up)?.into();
        Ok(())
    }

    // Lower queries are treated when they are planned.
    fn query(&mut self, _: &mut Query) -> Result<()> {
        Ok(())
    }
}

impl Planner<'_> {
    /// Replaces the sub-selects of an expression by plans.
    pub fn process_sublinks(&mut self, expr: &mut Expr, is_condition: bool) -> Result<()> {
        SubLinks { planner: self, is_condition }.expr(expr)
    }

    /// Replaces references to enclosing queries by parameters.
    pub fn replace_correlation(&mut self, expr: &mut Expr) -> Result<()> {
        if self.levels.len() > 1 { Correlation { planner: self }.expr(expr) } else { Ok(()) }
    }

    /// The parameter that carries a value of the query `levels_up` levels up.
    fn outer_param(&mut self, value: Expr, levels_up: u32) -> Result<Param> {
        let (type_oid, typmod, collation) = (value.type_of(), value.typmod_of(), value.collation_of());
        let at = self.levels.len().checked_sub(1 + levels_up as usize);
        let Some(at) = at else { return Err(Error::internal("reference to a query that does not enclose this one")) };
        if let Some((_, id)) = self.levels[at].plan_params.iter().find(|(known, _)| *known == value) {
            return Ok(param(ParamKind::Exec, *id, type_oid, typmod, collation));
        }
        let id = self.new_param(type_oid);
        self.levels[at].plan_params.push((value, id));
        Ok(param(ParamKind::Exec, id, type_oid, typmod, collation))
    }

    fn make_subplan(&mut self, link: SubLink, is_condition: bool) -> Result<Expr> {
        let SubLink { kind, id, test, query, array_type, .. } = link;
        let mut query = *query;
        if kind == SubLinkType::Exists {
            simplify_exists(&mut query);
        }
        let fraction = match kind {
            SubLinkType::Exists => 1.0,
            SubLinkType::All | SubLinkType::Any => 0.5,
            _ => 0.0,
        };
        let saved = std::mem::take(&mut self.level().plan_params);
        let (root, paths) = self.plan_level(query, fraction)?;
        let plan_params = std::mem::replace(&mut self.level().plan_params, saved);
        let best = cheapest_fractional(&paths, fraction)
            .cloned()
            .ok_or_else(|| Error::internal("no path for a sub-select"))?;
        self.build_subplan(
            root,
            best,
            plan_params,
            SubShape { kind, id, test, array_type, unknown_eq_false: is_condition },
        )
    }

    pub(crate) fn build_subplan(
        &mut self,
        root: Root,
        path: PathRc,
        plan_params: Vec<(Expr, i32)>,
        shape: SubShape,
    ) -> Result<Expr> {
        let first = root.targets.iter().find(|t| !t.junk);
        let columns: Vec<(Oid, i32, Oid)> = root
            .targets
            .iter()
            .filter(|t| !t.junk)
            .map(|t| (t.expr.type_of(), t.expr.typmod_of(), t.expr.collation_of()))
            .collect();
        let (first_type, first_typmod, first_collation) = first
            .map_or((Oid(2278), -1, Oid::INVALID), |t| (t.expr.type_of(), t.expr.typmod_of(), t.expr.collation_of()));
        let mut sub = SubPlan {
            kind: shape.kind,
            test: None,
            param_ids: Vec::new(),
            plan_id: 0,
            plan_name: String::new(),
            first_type,
            first_typmod,
            first_collation,
            array_type: shape.array_type,
            use_hash_table: false,
            unknown_eq_false: shape.unknown_eq_false,
            set_params: Vec::new(),
            par_params: Vec::new(),
            args: Vec::new(),
            startup_cost: 0.0,
            per_call_cost: 0.0,
        };
        for (mut value, id) in plan_params {
            self.process_sublinks(&mut value, false)?;
            sub.par_params.push(id);
            sub.args.push(value);
        }
        let uncorrelated = sub.par_params.is_empty();
        let mut path = path;
        let mut is_init = false;
        let result: Expr = match (shape.kind, uncorrelated) {
            (SubLinkType::Exists, true) => {
                let id = self.new_param(BOOL);
                sub.set_params = vec![id];
                is_init = true;
                param(ParamKind::Exec, id, BOOL, -1, Oid::INVALID).into()
            }
            (SubLinkType::Expr, true) => {
                let id = self.new_param(first_type);
                sub.set_params = vec![id];
                is_init = true;
                param(ParamKind::Exec, id, first_type, first_typmod, first_collation).into()
            }
            (SubLinkType::Array, true) => {
                let id = self.new_param(shape.array_type);
                sub.set_params = vec![id];
                is_init = true;
                param(ParamKind::Exec, id, shape.array_type, first_typmod, first_collation).into()
            }
            (SubLinkType::RowCompare, true) => {
                let ids: Vec<i32> = columns.iter().map(|c| self.new_param(c.0)).collect();
                let test = convert_test(shape.test.expect("row comparisons have a test"), &ids, &columns)?;
                sub.set_params = ids;
                is_init = true;
                test
            }
            (SubLinkType::Multiexpr, _) => {
                let ids: Vec<i32> = columns.iter().map(|c| self.new_param(c.0)).collect();
                let level = self.level();
                let at = shape.id as usize;
                if level.multiexpr_params.len() < at {
                    level.multiexpr_params.resize(at, Vec::new());
                }
                level.multiexpr_params[at - 1] = ids.clone();
                sub.set_params = ids;
                if uncorrelated {
                    is_init = true;
                    analyze::expr::Const::null(RECORD, -1, Oid::INVALID).into()
                } else {
                    Expr::SubPlan(Box::new(sub.clone()))
                }
            }
            _ => {
                if let Some(test) = shape.test {
                    let ids: Vec<i32> = columns.iter().map(|c| self.new_param(c.0)).collect();
                    sub.test = Some(convert_test(test, &ids, &columns)?);
                    sub.param_ids = ids;
                }
                if shape.kind == SubLinkType::Any && uncorrelated && self.can_hash_subplan(&path, &sub) {
                    sub.use_hash_table = true;
                } else if uncorrelated && self.settings.enable_material && !keeps_rows(&path) {
                    path = self.material_path(&path);
                }
                Expr::SubPlan(Box::new(sub.clone()))
            }
        };
        self.cost_subplan(&mut sub, &path);
        let plan_id = self.subplans.len() as i32 + 1;
        sub.plan_id = plan_id;
        let subroot = self.keep_subplan(root, &path)?;
        self.subplans.push(subroot);
        sub.plan_name = subplan_name(is_init, plan_id, &sub.set_params);
        if is_init {
            self.level().init_plans.push(sub);
            return Ok(result);
        }
        if uncorrelated && !sub.use_hash_table {
            self.rewind.insert(plan_id);
        }
        Ok(Expr::SubPlan(Box::new(sub)))
    }

    /// Makes the plan of a sub-select and keeps it with its level to be finished later.
    fn keep_subplan(&mut self, root: Root, path: &PathRc) -> Result<PlannedSub> {
        let root = Rc::new(root);
        let plan = self.create_top_plan(&root, path)?;
        self.subroots.push(root);
        Ok(PlannedSub { plan, subroot: self.subroots.len() - 1 })
    }

    fn can_hash_subplan(&self, path: &Path, sub: &SubPlan) -> bool {
        let bytes = crate::cost::relation_bytes(path.rows, path.target.width);
        if bytes > self.settings.work_mem * self.settings.hash_mem_multiplier {
            return false;
        }
        let hashable = |e: &Expr| match e {
            Expr::OpExpr(op) if op.args.len() == 2 => {
                let is_param = |e: &Expr| {
                    walk::any(
                        e,
                        &mut |x| matches!(x, Expr::Param(p) if p.kind == ParamKind::Exec && sub.param_ids.contains(&p.id)),
                    )
                };
                self.lookup.operator(op.operator).is_ok_and(|info| info.can_hash)
                    && self.lookup.function(op.function).is_ok_and(|f| f.strict)
                    && !is_param(&op.args[0])
                    && is_param(&op.args[1])
                    && tree::varnos(&op.args[1]).is_empty()
            }
            _ => false,
        };
        match &sub.test {
            Some(Expr::BoolExpr(and)) if and.op == analyze::expr::BoolExprType::And => and.args.iter().all(hashable),
            Some(test) => hashable(test),
            None => false,
        }
    }

    fn cost_subplan(&self, sub: &mut SubPlan, path: &Path) {
        let operator = self.settings.cpu_operator_cost;
        let mut startup;
        let mut per_tuple;
        let test = sub.test.as_ref().map_or(Default::default(), |t| self.expr_cost(t));
        if sub.use_hash_table {
            startup = test.startup + path.total + operator * path.rows;
            per_tuple = test.per_tuple;
        } else {
            startup = test.startup;
            let run = path.total - path.startup;
            per_tuple = match sub.kind {
                SubLinkType::Exists => run / clamp_rows(path.rows),
                SubLinkType::All | SubLinkType::Any => 0.50 * run + 0.50 * path.rows * operator + test.per_tuple,
                _ => run,
            };
            if sub.par_params.is_empty() && keeps_rows(path) {
                startup += path.startup;
            } else {
                per_tuple += path.startup;
            }
        }
        if !sub.set_params.is_empty() {
            startup = path.total;
            per_tuple = 0.0;
        }
        sub.startup_cost = startup;
        sub.per_call_cost = per_tuple;
        if sub.kind == SubLinkType::Cte {
            sub.startup_cost = path.total;
        }
        let _ = &mut startup;
        let _ = &mut per_tuple;
    }

    /// Plans the WITH queries of a level, or puts them in where they are used.
    pub fn process_ctes(&mut self, query: &mut Query) -> Result<()> {
        let mut ctes = std::mem::take(&mut query.ctes);
        for place in 0..ctes.len() {
            let cte = ctes[place].clone();
            let is_select = cte.query.command == CmdType::Select;
            if is_select && cte.refcount == 0 {
                continue;
            }
            let asked = match cte.materialized {
                CteMaterialize::Never => true,
                CteMaterialize::Default => cte.refcount == 1,
                CteMaterialize::Always => false,
            };
            if asked
                && is_select
                && !cte.recursive
                && cte.query.row_marks.is_empty()
                && !refers_to_self_outer(&cte.query)
                && !query_is_volatile(&cte.query, self)
            {
                inline_cte(query, 0, &cte.name, &cte.query)?;
                for later in &mut ctes[place + 1..] {
                    inline_cte(&mut later.query, 1, &cte.name, &cte.query)?;
                }
                continue;
            }
            if cte.search.is_some() || cte.cycle.is_some() {
                unsupported!("SEARCH and CYCLE clauses");
            }
            self.plan_cte(&cte.name, (*cte.query).clone(), cte.recursive)?;
        }
        Ok(())
    }

    fn plan_cte(&mut self, name: &str, query: Query, recursive: bool) -> Result<()> {
        let saved = std::mem::take(&mut self.level().plan_params);
        let (root, paths) = if recursive && query.set_operations.is_some() {
            self.plan_recursive(name, query)?
        } else {
            self.plan_level(query, 0.0)?
        };
        let own_params = std::mem::replace(&mut self.level().plan_params, saved);
        if !own_params.is_empty() {
            return Err(Error::internal("unexpected outer reference in CTE query"));
        }
        let best =
            cheapest_fractional(&paths, 0.0).cloned().ok_or_else(|| Error::internal("no path for a WITH query"))?;
        let id = self.new_param(Oid(2281));
        let mut sub = SubPlan {
            kind: SubLinkType::Cte,
            test: None,
            param_ids: Vec::new(),
            plan_id: self.subplans.len() as i32 + 1,
            plan_name: format!("CTE {name}"),
            first_type: Oid::INVALID,
            first_typmod: -1,
            first_collation: Oid::INVALID,
            array_type: Oid::INVALID,
            use_hash_table: false,
            unknown_eq_false: false,
            set_params: vec![id],
            par_params: Vec::new(),
            args: Vec::new(),
            startup_cost: 0.0,
            per_call_cost: 0.0,
        };
        self.cost_subplan(&mut sub, &best);
        let planned = PlannedCte { name: name.to_owned(), plan_id: sub.plan_id, param: id, rows: best.rows };
        let kept = self.keep_subplan(root, &best)?;
        self.subplans.push(kept);
        let level = self.level();
        level.ctes.push(planned);
        level.init_plans.push(sub);
        Ok(())
    }

    fn find_cte(&self, cte: &RteCte) -> Result<&PlannedCte> {
        let at = self.levels.len().checked_sub(1 + cte.levels_up as usize);
        let found = at.and_then(|at| self.levels[at].ctes.iter().find(|c| c.name == cte.name));
        found.ok_or_else(|| Error::internal(format!("could not find plan for CTE \"{}\"", cte.name)))
    }

    fn find_work_table(&self, cte: &RteCte) -> Result<(i32, f64)> {
        let at = self.levels.len().checked_sub(cte.levels_up as usize);
        let found = at.and_then(|at| self.levels.get(at)).and_then(|level| level.work_table.as_ref());
        found
            .map(|(_, param, rows, _)| (*param, *rows))
            .ok_or_else(|| Error::internal(format!("could not find parameter for self-reference CTE \"{}\"", cte.name)))
    }

    /// Rows of a WITH query.
    pub fn cte_rows(&mut self, _root: &mut Root, cte: &RteCte) -> Result<f64> {
        if cte.self_reference {
            // As PostgreSQL guesses: ten times the non-recursive term.
            return Ok(clamp_rows(self.find_work_table(cte)?.1 * 10.0));
        }
        Ok(self.find_cte(cte)?.rows)
    }

    /// The scan of a WITH query.
    pub fn cte_path_kind(&mut self, cte: &RteCte) -> Result<PathKind> {
        if cte.self_reference {
            return Ok(PathKind::WorkTable { param: self.find_work_table(cte)?.0 });
        }
        let found = self.find_cte(cte)?;
        Ok(PathKind::Cte { plan_id: found.plan_id, param: found.param })
    }

    /// Plans a sub-query in FROM, with the parent's conditions pushed into it where that is right.
    pub fn set_subquery_paths(&mut self, root: &mut Root, at: usize) -> Result<()> {
        let rti = root.rels[at].base.as_ref().expect("a base relation").rti;
        let RteKind::Subquery(subquery) = &mut root.query.rte_mut(rti).kind else { return Ok(()) };
        let mut query = std::mem::take(&mut *subquery.query);
        let barrier = subquery.security_barrier;
        self.push_down_quals(root, at, rti, &mut query, barrier)?;
        self.drop_unused_outputs(root, at, rti, &mut query);
        let fraction =
            match root.special_joins.is_empty() && root.all_rels.len() == 1 && !parent_changes_rows(&root.query) {
                true => root.tuple_fraction,
                false => 0.0,
            };
        let fraction = if root.rels[at].clauses.is_empty() { fraction } else { 0.0 };
        let saved = std::mem::take(&mut self.level().plan_params);
        let (sub, paths) = self.plan_level(query, fraction)?;
        let params = std::mem::replace(&mut self.level().plan_params, saved);
        let best =
            cheapest_fractional(&paths, fraction).cloned().ok_or_else(|| Error::internal("no path for a sub-query"))?;
        let tuples = best.rows;
        self.subroots.push(Rc::new(sub));
        let subroot = self.subroots.len() - 1;
        let base = root.rels[at].base.as_mut().expect("a base relation");
        base.tuples = tuples;
        base.subquery = Some(SubqueryPath { path: best, subroot });
        base.subquery_params = params;
        self.set_rows_by_clauses(root, at, tuples)
    }

    /// Columns of a sub-query that nobody looks at become nulls, unless computing them matters.
    fn drop_unused_outputs(&self, root: &Root, at: usize, rti: i32, query: &mut Query) {
        let keeps_all =
            query.set_operations.is_some() || !query.distinct.is_empty() || query.command != CmdType::Select;
        let mut used: Vec<i16> =
            root.needed.range((rti, i16::MIN)..=(rti, i16::MAX)).map(|((_, attno), _)| *attno).collect();
        for clause in &root.rels[at].clauses {
            tree::for_each_var(&clause.expr, &mut |var: &Var| used.push(var.attno));
        }
        // A whole row needs all of them.
        if keeps_all || used.contains(&0) {
            return;
        }
        for target in query.targets.iter_mut().filter(|t| !t.junk && t.sort_group_ref == 0) {
            let matters = used.contains(&target.resno)
                || tree::returns_set(&target.expr)
                || tree::is_volatile(&target.expr, b'v', self.lookup);
            if !matters {
                let e = &target.expr;
                target.expr = analyze::expr::Const::null(e.type_of(), e.typmod_of(), e.collation_of()).into();
            }
        }
    }

    /// Moves conditions on a sub-query's output into it.
    fn push_down_quals(
        &mut self,
        root: &mut Root,
        at: usize,
        rti: i32,
        query: &mut Query,
        barrier: bool,
    ) -> Result<()> {
        if query.limit_count.is_some() || query.limit_offset.is_some() || query.command != CmdType::Select {
            return Ok(());
        }
        let clauses = std::mem::take(&mut root.rels[at].clauses);
        let mut kept = Vec::new();
        for clause in clauses {
            let fits = !clause.pseudoconstant
                && !barrier
                && !tree::is_volatile(&clause.expr, b'v', self.lookup)
                && !tree::has_subselect(&clause.expr)
                && self.column_safe(query, rti, &clause.expr)
                && push_qual(query, rti, &clause.expr)?;
            if !fits {
                kept.push(clause);
            }
        }
        root.rels[at].clauses = kept;
        Ok(())
    }

    /// True if all columns that a condition uses may be filtered before the sub-query's own work.
    fn column_safe(&self, query: &Query, rti: i32, expr: &Expr) -> bool {
        let mut safe = true;
        tree::for_each_var(expr, &mut |var: &Var| {
            safe &= var.varno == rti && var.attno > 0 && self.output_safe(query, var.attno);
        });
        safe
    }

    fn output_safe(&self, query: &Query, attno: i16) -> bool {
        if let Some(setop) = &query.set_operations {
            return set_operands_safe(self, query, setop, attno);
        }
        let Some(target) = query.targets.iter().find(|t| !t.junk && t.resno == attno) else { return false };
        let in_list = |list: &[analyze::query::SortGroupClause]| {
            list.iter().any(|c| c.target_ref == target.sort_group_ref && target.sort_group_ref != 0)
        };
        if tree::returns_set(&target.expr)
            || tree::is_volatile(&target.expr, b'v', self.lookup)
            || tree::has_subselect(&target.expr)
        {
            return false;
        }
        if query.has_distinct_on && !in_list(&query.distinct) {
            return false;
        }
        // Within a window's partition a filter on the partition's column drops whole partitions.
        query.windows.iter().all(|w| in_list(&w.partition))
    }
}

/// What a sub-select is there for.
pub(crate) struct SubShape {
    kind: SubLinkType,
    id: i32,
    test: Option<Expr>,
    array_type: Oid,
    unknown_eq_false: bool,
}

impl SubShape {
    /// For the one value that it gives.
    pub(crate) fn value() -> SubShape {
        let (kind, array_type) = (SubLinkType::Expr, Oid::INVALID);
        SubShape { kind, id: 0, test: None, array_type, unknown_eq_false: false }
    }
}

fn subplan_name(is_init: bool, plan_id: i32, set_params: &[i32]) -> String {
    if !is_init {
        return format!("SubPlan {plan_id}");
    }
    let params: Vec<String> = set_params.iter().map(|p| format!("${p}")).collect();
    format!("InitPlan {plan_id} (returns {})", params.join(","))
}

fn keeps_rows(path: &Path) -> bool {
    matches!(
        path.kind,
        PathKind::Material(_) | PathKind::Sort { .. } | PathKind::Cte { .. } | PathKind::WorkTable { .. }
    )
}

/// Puts executor parameters where the test has the sub-select's columns.
fn convert_test(mut test: Expr, ids: &[i32], columns: &[(Oid, i32, Oid)]) -> Result<Expr> {
    walk::rewrite(&mut test, &mut |expr| {
        if let Expr::Param(p) = expr
            && p.kind == ParamKind::Sublink
        {
            let at = p.id as usize - 1;
            let (type_oid, typmod, collation) = columns[at];
            *expr = param(ParamKind::Exec, ids[at], type_oid, typmod, collation).into();
        }
        Ok(())
    })?;
    Ok(test)
}

/// Only whether there is a row matters.
fn simplify_exists(query: &mut Query) {
    let plain = query.command == CmdType::Select
        && query.set_operations.is_none()
        && !query.has_aggs
        && query.grouping_sets.is_empty()
        && !query.has_window_funcs
        && !query.has_target_srfs
        && !query.has_modifying_cte
        && query.having.is_none()
        && query.limit_offset.is_none()
        && query.limit_count.is_none()
        && query.row_marks.is_empty();
    if plain {
        query.targets.clear();
        query.group.clear();
        query.windows.clear();
        query.distinct.clear();
        query.sort.clear();
        query.has_distinct_on = false;
    }
}

fn parent_changes_rows(query: &Query) -> bool {
    query.has_aggs
        || !query.group.is_empty()
        || !query.grouping_sets.is_empty()
        || query.having.is_some()
        || !query.distinct.is_empty()
        || !query.sort.is_empty()
        || query.has_window_funcs
        || query.has_target_srfs
}

/// True if the query refers to a WITH query of an enclosing level that is recursive (its work table changes).
fn refers_to_self_outer(query: &Query) -> bool {
    struct Find(bool);
    impl Walker for Find {
        fn rte(&mut self, rte: &RangeTblEntry) -> bool {
            self.0 |= matches!(&rte.kind, RteKind::Cte(cte) if cte.self_reference);
            self.0 || self.rte_parts(rte)
        }
    }
    let mut find = Find(false);
    find.query_parts(query);
    find.0
}

fn query_is_volatile(query: &Query, planner: &Planner<'_>) -> bool {
    struct Find<'a, 'b> {
        planner: &'a Planner<'b>,
    }
    impl Walker for Find<'_, '_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            tree::is_volatile(expr, b'v', self.planner.lookup) || self.children(expr)
        }
    }
    Find { planner }.query_parts(query)
}

/// Puts a WITH query in wherever it is used.
fn inline_cte(query: &mut Query, level: u32, name: &str, cte: &Query) -> Result<()> {
    struct Inline<'a> {
        name: &'a str,
        cte: &'a Query,
        level: u32,
    }
    impl Mutator for Inline<'_> {
        fn query(&mut self, query: &mut Query) -> Result<()> {
            self.level += 1;
            let result = self.query_parts(query);
            self.level -= 1;
            result
        }
        fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
            match &rte.kind {
                RteKind::Cte(found) if found.name == self.name && found.levels_up == self.level => {
                    let mut sub = self.cte.clone();
                    if self.level > 0 {
                        RaiseLevels { by: self.level as i32, min: 1 }.query_parts(&mut sub)?;
                    }
                    rte.kind = RteKind::Subquery(RteSubquery {
                        query: Box::new(sub),
                        security_barrier: false,
                        view: Oid::INVALID,
                    });
                    Ok(())
                }
                _ => self.rte_parts(rte),
            }
        }
    }
    Inline { name, cte, level }.query_parts(query)
}

fn set_operands_safe(
    planner: &Planner<'_>,
    query: &Query,
    setop: &analyze::query::SetOperationStmt,
    attno: i16,
) -> bool {
    use analyze::query::{SetOperand, SetOperation};
    // EXCEPT ALL and INTERSECT ALL count rows, which a filter on output columns does not change within a group.
    if setop.op == SetOperation::Except {
        return false;
    }
    [&setop.left, &setop.right].into_iter().all(|operand| match operand {
        SetOperand::Rel(rti) => query.rte(*rti).subquery().is_some_and(|sub| {
            let same = setop.column_types.get(attno as usize - 1).is_some_and(|t| {
                sub.targets.iter().find(|x| !x.junk && x.resno == attno).is_some_and(|x| x.expr.type_of() == *t)
            });
            same && sub.limit_count.is_none() && sub.limit_offset.is_none() && planner.output_safe(sub, attno)
        }),
        SetOperand::Op(inner) => set_operands_safe(planner, query, inner, attno),
    })
}

/// Adds a condition over a sub-query's output to the sub-query. False if it cannot be.
fn push_qual(query: &mut Query, rti: i32, expr: &Expr) -> Result<bool> {
    if let Some(setop) = query.set_operations.clone() {
        return push_into_operands(query, &setop, rti, expr);
    }
    if !query.grouping_sets.is_empty() {
        return Ok(false);
    }
    let targets = query.targets.clone();
    let mut qual = expr.clone();
    // What the parent's own parameters and outer references mean does not change but for one level.
    tree::raise_levels(&mut qual, 1, 1)?;
    tree::ReplaceVars {
        level: 0,
        replace: &mut |var: &Var| {
            (var.varno == rti)
                .then(|| targets.iter().find(|t| !t.junk && t.resno == var.attno).map(|t| t.expr.clone()))
                .flatten()
        },
    }
    .expr(&mut qual)?;
    if query.has_aggs || !query.group.is_empty() || query.having.is_some() {
        let having = tree::conjuncts(query.having.take());
        query.having = Some(Expr::and(having.into_iter().chain([qual]).collect()));
    } else {
        let quals = tree::conjuncts(query.jointree.quals.take());
        query.jointree.quals = Some(Expr::and(quals.into_iter().chain([qual]).collect()));
    }
    Ok(true)
}

fn push_into_operands(
    query: &mut Query,
    setop: &analyze::query::SetOperationStmt,
    rti: i32,
    expr: &Expr,
) -> Result<bool> {
    use analyze::query::SetOperand;
    for operand in [&setop.left, &setop.right] {
        match operand {
            SetOperand::Rel(leaf) => {
                let RteKind::Subquery(sub) = &mut query.rte_mut(*leaf).kind else { return Ok(false) };
                // The leaf is one level further down.
                let mut lower = expr.clone();
                tree::raise_levels(&mut lower, 1, 1)?;
                if !push_qual(&mut sub.query, rti, &lower)? {
                    return Ok(false);
                }
            }
            SetOperand::Op(inner) => {
                if !push_into_operands(query, inner, rti, expr)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}
