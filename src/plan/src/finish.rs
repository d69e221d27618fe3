//! The last pass over a plan: one range table for all levels, and every column as what the node finds in its input.

use crate::node::{IndexConditionKind, Node, Plan, PlannedStmt};
use crate::root::{Planner, Root};
use crate::upper::put_values;
use analyze::expr::{Const, Expr, INDEX_VAR, INNER_VAR, OUTER_VAR, ParamKind, SubLinkType, SubPlan, Var};
use analyze::query::{CmdType, RangeTblEntry, RteKind, TargetEntry};
use analyze::walk::{self, Mutator, Walker};
use report::{Error, Result};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

impl Planner<'_> {
    /// Finishes the plan of the statement.
    pub fn finish(mut self, root: &Rc<Root>, mut top: Plan) -> Result<PlannedStmt> {
        let mut finish = Finish {
            rtable: Vec::new(),
            row_marks: Vec::new(),
            result_relations: Vec::new(),
            subroots: &self.subroots,
        };
        let offset = finish.add_level(root);
        finish.fix(&mut top, offset)?;
        let mut subplans = Vec::new();
        for sub in std::mem::take(&mut self.subplans) {
            let offset = finish.add_level(&self.subroots[sub.subroot]);
            let mut plan = sub.plan;
            finish.fix(&mut plan, offset)?;
            subplans.push(plan);
        }
        let Finish { rtable, row_marks, result_relations, .. } = finish;
        let mut known: Vec<BTreeSet<i32>> = Vec::new();
        for plan in &mut subplans {
            let params = gather_params(plan, &known);
            known.push(params);
        }
        gather_params(&mut top, &known);
        let mut next_id = 0;
        number(&mut top, &mut next_id);
        subplans.iter_mut().for_each(|plan| number(plan, &mut next_id));
        let query = &root.query;
        Ok(PlannedStmt {
            command: query.command,
            has_returning: !query.returning.is_empty(),
            has_modifying_cte: query.has_modifying_cte,
            can_set_tag: query.can_set_tag,
            plan: Arc::new(top),
            rtable,
            subplans: subplans.into_iter().map(Arc::new).collect(),
            rewind_plan_ids: self.rewind,
            param_exec_types: self.param_types,
            result_relations,
            row_marks,
            relation_oids: self.relation_oids,
            function_oids: self.function_oids,
            depends_on_role: query.has_row_security,
            depends_on_values: self.depends_on_values,
            waits_for_index: self.waits_for_index,
            resting: Default::default(),
        })
    }
}

fn number(plan: &mut Plan, next: &mut u32) {
    plan.id = *next;
    *next += 1;
    for child in plan.children_mut() {
        number(child, next);
    }
}

struct Finish<'a> {
    rtable: Vec<RangeTblEntry>,
    row_marks: Vec<crate::node::PlanRowMark>,
    result_relations: Vec<i32>,
    subroots: &'a [Rc<Root>],
}

/// Where an expression's columns are found.
struct Fixer<'a> {
    offset: i32,
    outer: Option<&'a [TargetEntry]>,
    inner: Option<&'a [TargetEntry]>,
    index: Option<&'a [TargetEntry]>,
    /// Columns of this relation stay columns of it (targets of changes).
    keep: Option<i32>,
    /// Columns of this relation are the inner row (EXCLUDED).
    as_inner: Option<i32>,
    /// Columns that are nowhere become null: the node gives no row.
    nulls: bool,
}

impl Fixer<'_> {
    fn scan(offset: i32) -> Fixer<'static> {
        Fixer { offset, outer: None, inner: None, index: None, keep: None, as_inner: None, nulls: false }
    }

    /// The column of the input that stands for the same item of GROUP BY, ORDER BY and the like. Equal expressions may be
    /// different items, of which one is null in a grouping set and the other is not.
    fn grouped(&self, target: &TargetEntry) -> Option<Expr> {
        if target.sort_group_ref == 0 {
            return None;
        }
        let same = |t: &TargetEntry| t.sort_group_ref == target.sort_group_ref && t.expr == target.expr;
        let at = self.outer?.iter().position(same)?;
        Some(self.column(OUTER_VAR, at, &target.expr))
    }

    fn column(&self, varno: i32, at: usize, expr: &Expr) -> Expr {
        let mut found = Var::new(varno, at as i16 + 1, expr.type_of(), expr.typmod_of(), expr.collation_of());
        if let Expr::Var(var) = expr {
            found.syntactic = var.syntactic;
            if found.syntactic.0.0 > 0 {
                found.syntactic.0.0 += self.offset;
            }
        } else {
            found.syntactic.0 = (0, 0);
        }
        found.into()
    }

    fn find(&self, expr: &Expr) -> Option<Expr> {
        for (list, varno) in [(self.outer, OUTER_VAR), (self.inner, INNER_VAR), (self.index, INDEX_VAR)] {
            let Some(list) = list else { continue };
            let at = match expr {
                Expr::Var(var) => list.iter().position(|t| {
                    matches!(&t.expr, Expr::Var(v) if v.varno == var.varno && v.attno == var.attno && v.levels_up == 0)
                }),
                Expr::Const(_) | Expr::Param(_) => None,
                _ => list.iter().position(|t| t.expr == *expr),
            };
            if let Some(at) = at {
                return Some(self.column(varno, at, expr));
            }
        }
        None
    }
}

impl Mutator for Fixer<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Var(var) = expr {
            if var.varno > 0 && self.keep == Some(var.varno) {
                var.varno += self.offset;
                var.syntactic.0.0 += self.offset;
                return Ok(());
            }
            if var.varno > 0 && self.as_inner == Some(var.varno) {
                var.varno = INNER_VAR;
                return Ok(());
            }
        }
        if let Some(found) = self.find(expr) {
            *expr = found;
            return Ok(());
        }
        match expr {
            Expr::Var(var) if var.varno < 0 => Ok(()),
            Expr::Var(_) if self.nulls => {
                *expr = Const::null(expr.type_of(), expr.typmod_of(), expr.collation_of()).into();
                Ok(())
            }
            Expr::Var(var) if var.varno > 0 && self.outer.is_none() && self.inner.is_none() && self.index.is_none() => {
                var.varno += self.offset;
                if var.syntactic.0.0 > 0 {
                    var.syntactic.0.0 += self.offset;
                }
                Ok(())
            }
            Expr::Var(var) => Err(Error::internal(format!(
                "variable not found in subplan target list (relation {}, column {})",
                var.varno, var.attno
            ))),
            // Its arguments are for display; what is tested are the grouping columns.
            Expr::GroupingFunc(node) => {
                for arg in &mut node.args {
                    let mut fixed = arg.clone();
                    if self.expr(&mut fixed).is_ok() {
                        *arg = fixed;
                    }
                }
                Ok(())
            }
            Expr::CurrentOfExpr(node) => {
                node.varno += self.offset;
                Ok(())
            }
            other => self.children(other),
        }
    }
}

fn fix_all(exprs: &mut [Expr], fixer: &mut Fixer<'_>) -> Result<()> {
    exprs.iter_mut().try_for_each(|e| fixer.expr(e))
}

fn fix_targets(targets: &mut [TargetEntry], fixer: &mut Fixer<'_>) -> Result<()> {
    for target in targets {
        match fixer.grouped(target) {
            Some(found) => target.expr = found,
            None => fixer.expr(&mut target.expr)?,
        }
    }
    Ok(())
}

/// Columns by place: for nodes that pass rows on.
fn dummy_targets(targets: &mut [TargetEntry]) {
    for (place, target) in targets.iter_mut().enumerate() {
        let e = &target.expr;
        let mut var = Var::new(OUTER_VAR, place as i16 + 1, e.type_of(), e.typmod_of(), e.collation_of());
        var.syntactic.0 = (0, 0);
        target.expr = var.into();
    }
}

impl Finish<'_> {
    /// Adds a level's range table; by how much its indexes move.
    fn add_level(&mut self, root: &Root) -> i32 {
        let offset = self.rtable.len() as i32;
        for rte in &root.query.rtable {
            let mut rte = rte.clone();
            match &mut rte.kind {
                RteKind::Subquery(sub) => *sub.query = Default::default(),
                RteKind::Join(join) => join.alias_vars.clear(),
                RteKind::Values(values) => values.rows.clear(),
                _ => {}
            }
            self.rtable.push(rte);
        }
        for mark in &root.row_marks {
            let mut mark = mark.clone();
            mark.relation += offset;
            self.row_marks.push(mark);
        }
        if root.query.result_relation > 0 {
            self.result_relations.push(root.query.result_relation + offset);
        }
        offset
    }

    fn fix(&mut self, plan: &mut Plan, offset: i32) -> Result<()> {
        let Plan { targetlist, qual, node, .. } = plan;
        let scan = &mut Fixer::scan(offset);
        match node {
            Node::SeqScan(n) => n.relation += offset,
            Node::CteScan(n) => n.relation += offset,
            Node::WorkTableScan(n) => n.relation += offset,
            Node::IndexScan(n) => {
                n.relation += offset;
                fix_conditions(&mut n.conditions, scan)?;
                fix_all(&mut n.conditions_original, scan)?;
            }
            Node::BitmapIndexScan(n) => {
                n.relation += offset;
                fix_conditions(&mut n.conditions, scan)?;
                fix_all(&mut n.conditions_original, scan)?;
            }
            Node::IndexOnlyScan(n) => {
                n.relation += offset;
                let columns = n.index_targetlist.clone();
                let mut fixer = Fixer { index: Some(&columns), ..Fixer::scan(offset) };
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                fix_all(&mut n.recheck, &mut fixer)?;
                fix_all(&mut n.conditions_original, &mut fixer)?;
                fix_conditions(&mut n.conditions, scan)?;
                return fix_targets(&mut n.index_targetlist, scan);
            }
            Node::BitmapHeapScan(n) => {
                n.relation += offset;
                fix_all(&mut n.recheck, scan)?;
                self.fix(&mut n.bitmap, offset)?;
            }
            Node::BitmapAnd(children) | Node::BitmapOr(children) => {
                children.iter_mut().try_for_each(|child| self.fix(child, offset))?;
            }
            Node::TidScan(n) => {
                n.relation += offset;
                fix_all(&mut n.conditions, scan)?;
            }
            Node::FunctionScan(n) => {
                n.relation += offset;
                n.functions.iter_mut().try_for_each(|f| scan.expr(&mut f.expr))?;
            }
            Node::ValuesScan(n) => {
                n.relation += offset;
                n.lists.iter_mut().try_for_each(|list| fix_all(list, scan))?;
            }
            Node::SubqueryScan(n) => {
                let own = n.relation;
                n.relation += offset;
                let subroot = Rc::clone(&self.subroots[n.subroot]);
                let below = self.add_level(&subroot);
                self.fix(&mut n.child, below)?;
                let trivial = qual.is_empty()
                    && targetlist.len() == n.child.targetlist.len()
                    && targetlist.iter().enumerate().all(|(i, t)| {
                        matches!(&t.expr, Expr::Var(v) if v.varno == own && v.attno == i as i16 + 1)
                            && n.child.targetlist[i].resno == i as i16 + 1
                    });
                if trivial {
                    let init = std::mem::take(&mut plan.init_plans);
                    let labels = std::mem::take(&mut plan.targetlist);
                    let Node::SubqueryScan(n) = std::mem::replace(&mut plan.node, Node::BitmapAnd(Vec::new())) else {
                        return Ok(());
                    };
                    let mut child = *n.child;
                    for (own, label) in child.targetlist.iter_mut().zip(labels) {
                        own.name = label.name;
                        own.junk = label.junk;
                        own.sort_group_ref = label.sort_group_ref;
                        own.orig_table = label.orig_table;
                        own.orig_column = label.orig_column;
                        own.resno = label.resno;
                    }
                    child.init_plans.extend(init);
                    *plan = child;
                    return Ok(());
                }
            }
            Node::Result(n) => {
                let known = std::mem::take(&mut n.aggregates);
                let exprs = targetlist.iter_mut().map(|target| &mut target.expr).chain(&mut n.constant_qual);
                exprs.into_iter().try_for_each(|expr| put_values(expr, &known))?;
                fix_all(&mut n.constant_qual, scan)?;
                match &mut n.child {
                    Some(child) => {
                        let below = child.targetlist.clone();
                        let mut fixer = Fixer { outer: Some(&below), ..Fixer::scan(offset) };
                        fix_targets(targetlist, &mut fixer)?;
                        fix_all(qual, &mut fixer)?;
                        return self.fix(child, offset);
                    }
                    None => {
                        let mut fixer = Fixer { nulls: true, ..Fixer::scan(offset) };
                        fix_targets(targetlist, &mut fixer)?;
                        return fix_all(qual, &mut fixer);
                    }
                }
            }
            Node::ProjectSet(child) => {
                let below = child.targetlist.clone();
                fix_targets(targetlist, &mut Fixer { outer: Some(&below), ..Fixer::scan(offset) })?;
                return self.fix(child, offset);
            }
            Node::Agg(n) => {
                let below = n.child.targetlist.clone();
                for target in targetlist.iter_mut() {
                    place_grouping(&mut target.expr, &below)?;
                }
                for clause in qual.iter_mut() {
                    place_grouping(clause, &below)?;
                }
                let mut fixer = Fixer { outer: Some(&below), ..Fixer::scan(offset) };
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                return self.fix(&mut n.child, offset);
            }
            Node::Group(n) => {
                let below = n.child.targetlist.clone();
                let mut fixer = Fixer { outer: Some(&below), ..Fixer::scan(offset) };
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                return self.fix(&mut n.child, offset);
            }
            Node::WindowAgg(n) => {
                let below = n.child.targetlist.clone();
                let mut fixer = Fixer { outer: Some(&below), ..Fixer::scan(offset) };
                fix_targets(targetlist, &mut fixer)?;
                n.start_offset.iter_mut().chain(n.end_offset.iter_mut()).try_for_each(|e| scan.expr(e))?;
                return self.fix(&mut n.child, offset);
            }
            Node::NestLoop(n) => {
                let (outer, inner) = (n.outer.targetlist.clone(), n.inner.targetlist.clone());
                let mut fixer = Fixer { outer: Some(&outer), inner: Some(&inner), ..Fixer::scan(offset) };
                fix_all(&mut n.join_qual, &mut fixer)?;
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                let mut fixer = Fixer { outer: Some(&outer), ..Fixer::scan(offset) };
                n.params.iter_mut().try_for_each(|(_, e)| fixer.expr(e))?;
                self.fix(&mut n.outer, offset)?;
                return self.fix(&mut n.inner, offset);
            }
            Node::MergeJoin(n) => {
                let (outer, inner) = (n.outer.targetlist.clone(), n.inner.targetlist.clone());
                let mut fixer = Fixer { outer: Some(&outer), inner: Some(&inner), ..Fixer::scan(offset) };
                fix_all(&mut n.join_qual, &mut fixer)?;
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                for clause in &mut n.clauses {
                    fixer.expr(&mut clause.expr)?;
                    fixer.expr(&mut clause.outer)?;
                    fixer.expr(&mut clause.inner)?;
                }
                self.fix(&mut n.outer, offset)?;
                return self.fix(&mut n.inner, offset);
            }
            Node::HashJoin(n) => {
                let (outer, inner) = (n.outer.targetlist.clone(), n.inner.targetlist.clone());
                let mut fixer = Fixer { outer: Some(&outer), inner: Some(&inner), ..Fixer::scan(offset) };
                fix_all(&mut n.join_qual, &mut fixer)?;
                fix_targets(targetlist, &mut fixer)?;
                fix_all(qual, &mut fixer)?;
                fix_all(&mut n.clauses, &mut fixer)?;
                fix_all(&mut n.outer_keys, &mut Fixer { outer: Some(&outer), ..Fixer::scan(offset) })?;
                fix_all(&mut n.inner_keys, &mut Fixer { outer: Some(&inner), ..Fixer::scan(offset) })?;
                self.fix(&mut n.outer, offset)?;
                return self.fix(&mut n.inner, offset);
            }
            Node::Memoize(n) => {
                fix_all(&mut n.keys, scan)?;
                dummy_targets(targetlist);
                return self.fix(&mut n.child, offset);
            }
            Node::Limit(n) => {
                n.offset.iter_mut().chain(n.count.iter_mut()).try_for_each(|e| scan.expr(e))?;
                dummy_targets(targetlist);
                return self.fix(&mut n.child, offset);
            }
            Node::LockRows(n) => {
                n.row_marks.iter_mut().for_each(|m| m.relation += offset);
                dummy_targets(targetlist);
                return self.fix(&mut n.child, offset);
            }
            Node::ModifyTable(n) => {
                let below = n.child.targetlist.clone();
                let target = n.relation;
                let mut fixer = Fixer { outer: Some(&below), keep: Some(target), ..Fixer::scan(offset) };
                fix_targets(&mut n.returning, &mut fixer)?;
                fix_targets(targetlist, &mut fixer)?;
                let mut checks = Fixer { keep: Some(target), ..Fixer::scan(offset) };
                n.check_options.iter_mut().try_for_each(|c| checks.expr(&mut c.qual))?;
                if let Some(conflict) = &mut n.on_conflict {
                    let excluded = conflict.excluded_relation;
                    let mut fixer = Fixer {
                        keep: Some(target),
                        as_inner: (excluded > 0).then_some(excluded),
                        ..Fixer::scan(offset)
                    };
                    fix_targets(&mut conflict.set, &mut fixer)?;
                    fix_all(&mut conflict.condition, &mut fixer)?;
                    fix_targets(&mut conflict.excluded_targetlist, scan)?;
                    if conflict.excluded_relation > 0 {
                        conflict.excluded_relation += offset;
                    }
                }
                n.relation += offset;
                n.row_marks.iter_mut().for_each(|m| m.relation += offset);
                if n.operation == CmdType::Delete || n.operation == CmdType::Update {
                    debug_assert!(n.ctid_column > 0);
                }
                return self.fix(&mut n.child, offset);
            }
            Node::Append(n) => {
                dummy_targets(targetlist);
                return n.children.iter_mut().try_for_each(|c| self.fix(c, offset));
            }
            Node::MergeAppend(n) => {
                dummy_targets(targetlist);
                return n.children.iter_mut().try_for_each(|c| self.fix(c, offset));
            }
            Node::RecursiveUnion(n) => {
                dummy_targets(targetlist);
                self.fix(&mut n.left, offset)?;
                return self.fix(&mut n.right, offset);
            }
            Node::Material(_)
            | Node::Sort(_)
            | Node::IncrementalSort(_)
            | Node::Unique(_)
            | Node::SetOp(_)
            | Node::Hash(_) => {
                dummy_targets(targetlist);
                return plan.children_mut().into_iter().try_for_each(|c| self.fix(c, offset));
            }
        }
        fix_targets(targetlist, scan)?;
        fix_all(qual, scan)
    }
}

fn fix_conditions(conditions: &mut [crate::node::IndexCondition], fixer: &mut Fixer<'_>) -> Result<()> {
    for condition in conditions {
        match &mut condition.kind {
            IndexConditionKind::Compare { value, .. } => fixer.expr(value)?,
            IndexConditionKind::Any { array, .. } => fixer.expr(array)?,
            IndexConditionKind::Row { values, .. } => fix_all(values, fixer)?,
            IndexConditionKind::IsNull | IndexConditionKind::IsNotNull => {}
        }
    }
    Ok(())
}

/// GROUPING() tests columns of the Agg's input.
fn place_grouping(expr: &mut Expr, below: &[TargetEntry]) -> Result<()> {
    walk::rewrite(expr, &mut |e| {
        if let Expr::GroupingFunc(node) = e {
            node.cols = node
                .refs
                .iter()
                .map(|r| below.iter().position(|t| t.sort_group_ref == *r).map_or(0, |at| at as i16 + 1))
                .collect();
        }
        Ok(())
    })
}

/// Sets `all_params` of a plan and its children: the executor parameters that their output depends on.
fn gather_params(plan: &mut Plan, subplans: &[BTreeSet<i32>]) -> BTreeSet<i32> {
    let mut params = BTreeSet::new();
    own_exprs(plan, &mut |expr| params_of(expr, subplans, &mut params));
    match &plan.node {
        Node::CteScan(n) => {
            params.insert(n.cte_param);
        }
        Node::WorkTableScan(n) => {
            params.insert(n.work_table_param);
        }
        _ => {}
    }
    for init in &plan.init_plans {
        params_of_subplan(init, subplans, &mut params);
    }
    for child in plan.children_mut() {
        params.extend(gather_params(child, subplans));
    }
    plan.all_params = params.clone();
    params
}

fn params_of_subplan(sub: &SubPlan, subplans: &[BTreeSet<i32>], out: &mut BTreeSet<i32>) {
    if let Some(inner) = subplans.get(sub.plan_id as usize - 1) {
        out.extend(inner.iter().filter(|p| !sub.par_params.contains(p) && !sub.param_ids.contains(p)));
    }
    if sub.kind == SubLinkType::Cte {
        out.extend(&sub.set_params);
    }
}

fn params_of(expr: &Expr, subplans: &[BTreeSet<i32>], out: &mut BTreeSet<i32>) {
    struct Find<'a> {
        subplans: &'a [BTreeSet<i32>],
        out: &'a mut BTreeSet<i32>,
    }
    impl Walker for Find<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            match expr {
                Expr::Param(p) if p.kind == ParamKind::Exec => {
                    self.out.insert(p.id);
                }
                Expr::SubPlan(sub) => params_of_subplan(sub, self.subplans, self.out),
                Expr::AlternativeSubPlan(plans) => {
                    plans.iter().for_each(|p| params_of_subplan(p, self.subplans, self.out))
                }
                _ => {}
            }
            self.children(expr)
        }
    }
    Find { subplans, out }.expr(expr);
}

/// Calls `visit` for each expression that a node itself evaluates.
pub fn own_exprs(plan: &Plan, visit: &mut dyn FnMut(&Expr)) {
    plan.targetlist.iter().for_each(|t| visit(&t.expr));
    plan.qual.iter().for_each(&mut *visit);
    match &plan.node {
        Node::Result(n) => n.constant_qual.iter().for_each(visit),
        Node::IndexScan(n) => n.conditions.iter().for_each(|c| condition_exprs(&c.kind, visit)),
        Node::IndexOnlyScan(n) => n.conditions.iter().for_each(|c| condition_exprs(&c.kind, visit)),
        Node::BitmapIndexScan(n) => n.conditions.iter().for_each(|c| condition_exprs(&c.kind, visit)),
        Node::BitmapHeapScan(n) => n.recheck.iter().for_each(visit),
        Node::TidScan(n) => n.conditions.iter().for_each(visit),
        Node::FunctionScan(n) => n.functions.iter().for_each(|f| visit(&f.expr)),
        Node::ValuesScan(n) => n.lists.iter().flatten().for_each(visit),
        Node::NestLoop(n) => {
            n.join_qual.iter().for_each(&mut *visit);
            n.params.iter().for_each(|(_, e)| visit(e));
        }
        Node::MergeJoin(n) => {
            n.join_qual.iter().for_each(&mut *visit);
            n.clauses.iter().for_each(|c| visit(&c.expr));
        }
        Node::HashJoin(n) => {
            n.join_qual.iter().for_each(&mut *visit);
            n.clauses.iter().for_each(visit);
        }
        Node::Memoize(n) => n.keys.iter().for_each(visit),
        Node::Limit(n) => n.offset.iter().chain(&n.count).for_each(visit),
        Node::WindowAgg(n) => n.start_offset.iter().chain(&n.end_offset).for_each(visit),
        Node::ModifyTable(n) => {
            n.returning.iter().for_each(|t| visit(&t.expr));
            n.check_options.iter().for_each(|c| visit(&c.qual));
            if let Some(conflict) = &n.on_conflict {
                conflict.set.iter().for_each(|t| visit(&t.expr));
                conflict.condition.iter().for_each(visit);
            }
        }
        _ => {}
    }
}

fn condition_exprs(kind: &IndexConditionKind, visit: &mut dyn FnMut(&Expr)) {
    match kind {
        IndexConditionKind::Compare { value, .. } => visit(value),
        IndexConditionKind::Any { array, .. } => visit(array),
        IndexConditionKind::Row { values, .. } => values.iter().for_each(visit),
        IndexConditionKind::IsNull | IndexConditionKind::IsNotNull => {}
    }
}
