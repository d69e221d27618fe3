//! From the chosen path to a plan tree. Expressions still refer to range table entries; `finish` turns them to what
//! nodes find in their inputs.

mod bitmap;

use crate::node::{
    Agg, Append, CteScan, FunctionScan, Group, GroupColumn, GroupingSetPlan, Hash, HashJoin, IncrementalSort,
    IndexCondition, IndexConditionKind, IndexOnlyScan, IndexScan, Limit, LockRows, Memoize, MergeClause, MergeJoin,
    ModifyTable, NestLoop, Node, OnConflict, Plan, RecursiveUnion, ResultNode, ScanFunction, SeqScan, SetOp, Sort,
    SortColumn, SubqueryScan, TidScan, Unique, ValuesScan, WindowAgg, WorkTableScan,
};
use crate::relids::Relids;
use crate::root::{
    ClauseRc, IndexClause, IndexUse, JoinPath, Path, PathKeys, PathKind, PathRc, Planner, Root, SubqueryPath, Target,
};
use crate::tree;
use analyze::expr::{Expr, Location, OpExpr, Param, ParamKind};
use analyze::query::{CmdType, OnConflictAction, RteKind, SortGroupClause, TargetEntry};
use analyze::walk;
use base::Oid;
use report::{Error, Result, unsupported};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Planner<'_> {
    /// The plan of a whole level: with its output list and initial plans.
    pub fn create_top_plan(&mut self, root: &Rc<Root>, path: &PathRc) -> Result<Plan> {
        let saved = (std::mem::replace(&mut self.outer_rels, Relids::EMPTY), std::mem::take(&mut self.outer_params));
        let mut plan = self.create_plan(root, path)?;
        (self.outer_rels, self.outer_params) = saved;
        if !matches!(plan.node, Node::ModifyTable(_)) {
            label_targets(&mut plan.targetlist, &root.targets);
        }
        for init in &root.init_plans {
            plan.startup_cost += init.startup_cost;
            plan.total_cost += init.startup_cost;
        }
        plan.init_plans.extend(root.init_plans.iter().cloned());
        Ok(plan)
    }

    fn new_plan(&mut self, path: &Path, node: Node) -> Plan {
        let targetlist = target_entries(&path.target);
        Plan {
            id: 0,
            startup_cost: path.startup,
            total_cost: path.total,
            rows: path.rows,
            width: path.target.width,
            targetlist,
            qual: Vec::new(),
            init_plans: Vec::new(),
            all_params: BTreeSet::new(),
            node,
        }
    }

    /// A node above `child` with its output and cost.
    fn above(&mut self, child: Plan, make: impl FnOnce(Plan) -> Node) -> Plan {
        let (startup_cost, total_cost, rows, width) = (child.startup_cost, child.total_cost, child.rows, child.width);
        let targetlist = child.targetlist.clone();
        Plan {
            id: 0,
            startup_cost,
            total_cost,
            rows,
            width,
            targetlist,
            qual: Vec::new(),
            init_plans: Vec::new(),
            all_params: BTreeSet::new(),
            node: make(child),
        }
    }

    /// The plan of a path.
    pub fn create_plan(&mut self, root: &Rc<Root>, path: &PathRc) -> Result<Plan> {
        let mut plan = match &path.kind {
            PathKind::SeqScan => {
                let node = Node::SeqScan(SeqScan { relation: self.rti(path)? });
                self.scan_plan(root, path, node, &[])?
            }
            PathKind::Index(usage) => self.index_plan(root, path, usage)?,
            PathKind::Bitmap { bitmap } => self.bitmap_plan(root, path, bitmap)?,
            PathKind::Tid { conditions } => {
                let conditions = self.with_params(conditions.clone())?;
                let node = Node::TidScan(TidScan { relation: self.rti(path)?, conditions: conditions.clone() });
                let mut plan = self.scan_plan(root, path, node, &[])?;
                plan.qual.retain(|q| !conditions.contains(q) && !is_or_of(q, &conditions));
                plan
            }
            PathKind::Subquery(sub) => self.subquery_plan(root, path, sub)?,
            PathKind::Function => self.function_plan(root, path)?,
            PathKind::Values => {
                let rti = self.rti(path)?;
                let RteKind::Values(values) = &root.query.rte(rti).kind else { return Err(lost()) };
                let lists = values.rows.iter().map(|row| self.with_params(row.clone())).collect::<Result<_>>()?;
                self.scan_plan(root, path, Node::ValuesScan(ValuesScan { relation: rti, lists }), &[])?
            }
            PathKind::Cte { plan_id, param } => {
                let node = Node::CteScan(CteScan { relation: self.rti(path)?, plan_id: *plan_id, cte_param: *param });
                self.scan_plan(root, path, node, &[])?
            }
            PathKind::WorkTable { param } => {
                let node = Node::WorkTableScan(WorkTableScan { relation: self.rti(path)?, work_table_param: *param });
                self.scan_plan(root, path, node, &[])?
            }
            PathKind::Result { quals, child: None } => {
                let mut plan = self.scan_plan(root, path, Node::Result(ResultNode::new(None, quals.clone())), &[])?;
                // No row is read: its conditions are all constant.
                let moved = std::mem::take(&mut plan.qual);
                if let Node::Result(node) = &mut plan.node {
                    node.constant_qual.extend(moved);
                }
                plan
            }
            PathKind::Result { quals, child: Some(child) } => {
                let child = self.create_plan(root, child)?;
                self.new_plan(path, Node::Result(ResultNode::new(Some(child), quals.clone())))
            }
            PathKind::MinMax { values, having } => {
                let node = ResultNode { child: None, constant_qual: having.clone(), aggregates: values.clone() };
                self.new_plan(path, Node::Result(node))
            }
            PathKind::Dummy => {
                let never = analyze::expr::Const::bool(false).into();
                let mut plan = self.new_plan(path, Node::Result(ResultNode::new(None, vec![never])));
                // The columns are never read; nulls stand for them.
                plan.startup_cost = 0.0;
                plan.total_cost = 0.0;
                plan
            }
            PathKind::NestLoop(join) => self.nestloop_plan(root, path, join)?,
            PathKind::Merge { .. } => self.merge_plan(root, path)?,
            PathKind::Hash { join, hash } => self.hash_plan(root, path, join, hash)?,
            PathKind::Material(child) => {
                let child = self.create_plan(root, child)?;
                let mut plan = self.above(child, |child| Node::Material(Box::new(child)));
                set_cost(&mut plan, path);
                plan
            }
            PathKind::Memoize { child, keys, operators, collations, single_row } => {
                let keys = self.with_params(keys.clone())?;
                let child = self.create_plan(root, child)?;
                let (operators, collations, single_row) = (operators.clone(), collations.clone(), *single_row);
                let mut plan = self.above(child, |child| {
                    Node::Memoize(Box::new(Memoize { child, keys, operators, collations, single_row }))
                });
                set_cost(&mut plan, path);
                plan
            }
            PathKind::Unique { child, hashed, exprs } => self.unique_plan(root, path, child, *hashed, exprs)?,
            PathKind::Sort { child, bound } => {
                let child = self.create_plan(root, child)?;
                let mut plan = self.sort_plan(root, child, &path.keys)?;
                if let Node::Sort(sort) = &mut plan.node {
                    sort.bound = bound.map(|b| b as u64);
                }
                set_cost(&mut plan, path);
                plan
            }
            PathKind::IncrementalSort { child, presorted } => {
                let child = self.create_plan(root, child)?;
                let (child, keys) = self.sort_columns(root, child, &path.keys)?;
                let presorted = *presorted;
                let mut plan = self
                    .above(child, |child| Node::IncrementalSort(Box::new(IncrementalSort { child, keys, presorted })));
                set_cost(&mut plan, path);
                plan
            }
            PathKind::Projection { child } => self.projection_plan(root, path, child)?,
            PathKind::ProjectSet { child } => {
                let child = self.create_plan(root, child)?;
                self.new_plan(path, Node::ProjectSet(Box::new(child)))
            }
            PathKind::Group { child, clauses, having } => {
                let child = self.create_plan(root, child)?;
                let columns = self.group_columns(&child.targetlist, clauses)?;
                let mut plan = self.new_plan(path, Node::Group(Box::new(Group { child, columns })));
                plan.qual = having.clone();
                plan
            }
            PathKind::Agg { child, strategy, clauses, having, groups, sets } => {
                let child = self.create_plan(root, child)?;
                let columns = self.group_columns(&child.targetlist, clauses)?;
                let grouping_sets = sets
                    .iter()
                    .map(|set| GroupingSetPlan {
                        columns: clauses
                            .iter()
                            .enumerate()
                            .filter(|(_, c)| set.contains(&c.target_ref))
                            .map(|(i, _)| i)
                            .collect(),
                    })
                    .collect();
                let agg = Agg { child, strategy: *strategy, columns, groups: *groups, grouping_sets };
                let mut plan = self.new_plan(path, Node::Agg(Box::new(agg)));
                plan.qual = having.clone();
                plan
            }
            PathKind::WindowAgg { child, clause } => self.window_plan(root, path, child, clause)?,
            PathKind::UpperUnique { child, clauses } => {
                let child = self.create_plan(root, child)?;
                let columns = self.group_columns(&child.targetlist, clauses)?;
                let mut plan = self.above(child, |child| Node::Unique(Box::new(Unique { child, columns })));
                set_cost(&mut plan, path);
                plan
            }
            PathKind::SetOp { child, command, hashed, clauses, flag, first_flag, groups } => {
                let child = self.create_plan(root, child)?;
                let columns = self.group_columns(&child.targetlist, clauses)?;
                let node = SetOp {
                    child,
                    command: *command,
                    hashed: *hashed,
                    columns,
                    flag_column: *flag as i16,
                    first_flag: *first_flag,
                    groups: *groups,
                };
                self.new_plan(path, Node::SetOp(Box::new(node)))
            }
            PathKind::Append { children } => {
                let children = children.iter().map(|c| self.create_plan(root, c)).collect::<Result<_>>()?;
                self.new_plan(path, Node::Append(Append { children }))
            }
            PathKind::RecursiveUnion { left, right, param, clauses, groups } => {
                let left = self.create_plan(root, left)?;
                let right = self.create_plan(root, right)?;
                let distinct = self.group_columns(&target_entries(&path.target), clauses)?;
                let node = RecursiveUnion { left, right, work_table_param: *param, distinct, groups: *groups };
                self.new_plan(path, Node::RecursiveUnion(Box::new(node)))
            }
            PathKind::LockRows { child, marks } => {
                let child = self.create_plan(root, child)?;
                let epq_param = self.new_param(Oid(23));
                let row_marks = marks.clone();
                let mut plan =
                    self.above(child, |child| Node::LockRows(Box::new(LockRows { child, row_marks, epq_param })));
                set_cost(&mut plan, path);
                plan
            }
            PathKind::Limit { child, offset, count, with_ties } => {
                let child = self.create_plan(root, child)?;
                let columns = match with_ties {
                    true => self.group_columns(&child.targetlist, &root.query.sort.clone())?,
                    false => Vec::new(),
                };
                let (offset, count, with_ties) = (offset.clone(), count.clone(), *with_ties);
                let mut plan = self
                    .above(child, |child| Node::Limit(Box::new(Limit { child, offset, count, with_ties, columns })));
                set_cost(&mut plan, path);
                plan
            }
            PathKind::ModifyTable(modify) => self.modify_plan(root, path, &modify.child, modify.marks.clone())?,
        };
        self.next_node += 1;
        plan.id = self.next_node;
        Ok(plan)
    }

    fn rti(&self, path: &Path) -> Result<i32> {
        path.relids.singleton().ok_or_else(lost)
    }

    /// Values of outer relations become parameters that a nested loop above provides.
    fn with_params(&mut self, mut exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        if !self.outer_rels.is_empty() {
            exprs.iter_mut().try_for_each(|e| self.put_params(e))?;
        }
        Ok(exprs)
    }

    fn put_params(&mut self, expr: &mut Expr) -> Result<()> {
        let outer = self.outer_rels;
        if outer.is_empty() || !tree::varnos(expr).overlaps(outer) {
            return Ok(());
        }
        let Planner { outer_params, param_types, .. } = self;
        walk::rewrite(expr, &mut |e| {
            let this = e.clone();
            if let Expr::Var(var) = &this
                && var.levels_up == 0
                && var.varno > 0
                && outer.contains(var.varno)
            {
                let known = outer_params.iter().find(|(v, _)| *v == this).map(|(_, id)| *id);
                let id = known.unwrap_or_else(|| {
                    param_types.push(var.type_oid);
                    let id = param_types.len() as i32 - 1;
                    outer_params.push((this.clone(), id));
                    id
                });
                *e = Param {
                    kind: ParamKind::Exec,
                    id,
                    type_oid: var.type_oid,
                    typmod: var.typmod,
                    collation: var.collation,
                    location: Location::UNKNOWN,
                }
                .into();
            }
            Ok(())
        })
    }

    /// The conditions of a scan, cheap ones first.
    fn scan_clauses(&self, root: &Root, path: &Path) -> Vec<ClauseRc> {
        let mut clauses: Vec<ClauseRc> =
            root.find_rel(path.relids).map_or_else(Vec::new, |at| root.rels[at].clauses.clone());
        if let Some(param) = &path.param {
            clauses.extend(param.clauses.iter().cloned());
        }
        clauses
    }

    fn ordered_quals(&self, clauses: &[ClauseRc], pseudo: bool) -> Vec<Expr> {
        let mut items: Vec<(f64, &ClauseRc)> = clauses
            .iter()
            .filter(|c| c.pseudoconstant == pseudo)
            .map(|c| (self.expr_cost(&c.expr).per_tuple, c))
            .collect();
        items.sort_by(|a, b| a.0.total_cmp(&b.0));
        items.into_iter().map(|(_, c)| c.expr.clone()).collect()
    }

    fn scan_plan(&mut self, root: &Root, path: &Path, node: Node, used: &[u32]) -> Result<Plan> {
        let clauses = self.scan_clauses(root, path);
        let kept: Vec<ClauseRc> = clauses.iter().filter(|c| !used.contains(&c.serial)).cloned().collect();
        let mut plan = self.new_plan(path, node);
        plan.qual = self.with_params(self.ordered_quals(&kept, false))?;
        let mut targetlist = std::mem::take(&mut plan.targetlist);
        for target in &mut targetlist {
            self.put_params(&mut target.expr)?;
        }
        plan.targetlist = targetlist;
        self.gated(path, plan, &clauses)
    }

    /// Constant conditions in a node of their own: they are tested once.
    fn gated(&mut self, path: &Path, plan: Plan, clauses: &[ClauseRc]) -> Result<Plan> {
        let constant_qual = self.with_params(self.ordered_quals(clauses, true))?;
        if constant_qual.is_empty() {
            return Ok(plan);
        }
        if let Node::Result(_) = &plan.node {
            let mut plan = plan;
            if let Node::Result(node) = &mut plan.node {
                node.constant_qual.extend(constant_qual);
            }
            return Ok(plan);
        }
        self.next_node += 1;
        let mut child = plan;
        child.id = self.next_node;
        let mut gate = self.above(child, |child| Node::Result(ResultNode::new(Some(child), constant_qual)));
        gate.targetlist = target_entries(&path.target);
        Ok(gate)
    }

    fn index_plan(&mut self, root: &Root, path: &Path, usage: &IndexUse) -> Result<Plan> {
        let relation = self.rti(path)?;
        let (conditions, original) = self.index_conditions(usage)?;
        let exact: Vec<u32> = usage.clauses.iter().filter(|c| !c.lossy).map(|c| c.clause.serial).collect();
        let classes: Vec<usize> = usage.clauses.iter().filter_map(|c| c.clause.from_class).collect();
        let index = usage.index.info.oid;
        let node = match usage.only {
            true => Node::IndexOnlyScan(Box::new(IndexOnlyScan {
                relation,
                index,
                conditions,
                conditions_original: original,
                recheck: Vec::new(),
                index_targetlist: usage
                    .index
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(i, e)| TargetEntry::new(e.clone(), i as i16 + 1, None))
                    .collect(),
                backward: usage.backward,
            })),
            false => Node::IndexScan(Box::new(IndexScan {
                relation,
                index,
                conditions,
                conditions_original: original,
                backward: usage.backward,
            })),
        };
        let clauses = self.scan_clauses(root, path);
        let used: Vec<u32> = clauses
            .iter()
            .filter(|c| {
                exact.contains(&c.serial)
                    || c.from_class.is_some_and(|class| classes.contains(&class) && path.param.is_some())
                    || usage.index.predicate.contains(&c.expr)
            })
            .map(|c| c.serial)
            .collect();
        self.scan_plan(root, path, node, &used)
    }

    /// The index's conditions in executable form, and as written.
    fn index_conditions(&mut self, usage: &IndexUse) -> Result<(Vec<IndexCondition>, Vec<Expr>)> {
        let mut conditions = Vec::new();
        let mut original = Vec::new();
        for clause in &usage.clauses {
            for qual in &clause.quals {
                let mut shown = qual.clone();
                self.put_params(&mut shown)?;
                original.push(shown.clone());
                conditions.push(self.index_condition(usage, clause, shown)?);
            }
        }
        Ok((conditions, original))
    }

    fn strategy(&self, operator: Oid, family: Oid) -> Result<u16> {
        let members = self.lookup.families(operator)?;
        members.iter().find(|m| m.btree && m.family == family).map(|m| m.strategy).ok_or_else(lost)
    }

    fn index_condition(&self, usage: &IndexUse, clause: &IndexClause, qual: Expr) -> Result<IndexCondition> {
        let column = clause.column;
        let family = usage.index.info.columns[column].family;
        let kind = match qual {
            Expr::OpExpr(mut op) => {
                let value = op.args.pop().ok_or_else(lost)?;
                IndexConditionKind::Compare {
                    strategy: self.strategy(op.operator, family)?,
                    operator: op.operator,
                    right_type: self.lookup.operator(op.operator)?.right,
                    collation: op.input_collation,
                    value,
                }
            }
            Expr::ScalarArrayOpExpr(op) => IndexConditionKind::Any {
                strategy: self.strategy(op.operator, family)?,
                operator: op.operator,
                right_type: self.lookup.operator(op.operator)?.right,
                collation: op.input_collation,
                array: op.args[1].clone(),
            },
            Expr::NullTest(test) if test.is_null => IndexConditionKind::IsNull,
            Expr::NullTest(_) => IndexConditionKind::IsNotNull,
            Expr::RowCompareExpr(row) => {
                let count = clause.row_columns.len();
                let right_types = row.operators[..count]
                    .iter()
                    .map(|o| self.lookup.operator(*o).map(|i| i.right))
                    .collect::<Result<_>>()?;
                IndexConditionKind::Row {
                    strategy: row.kind as u16,
                    columns: clause.row_columns.clone(),
                    operators: row.operators[..count].to_vec(),
                    right_types,
                    collations: row.input_collations[..count].to_vec(),
                    values: row.right[..count].to_vec(),
                }
            }
            _ => return Err(lost()),
        };
        Ok(IndexCondition { column, kind })
    }

    fn subquery_plan(&mut self, root: &Root, path: &Path, sub: &SubqueryPath) -> Result<Plan> {
        let relation = self.rti(path)?;
        let subroot = Rc::clone(&self.subroots[sub.subroot]);
        let child = self.create_top_plan(&subroot, &sub.path)?;
        let node = Node::SubqueryScan(SubqueryScan { relation, child: Box::new(child), subroot: sub.subroot });
        let plan = self.scan_plan(root, path, node, &[])?;
        // Values that the sub-query takes from its siblings come from nested loops above.
        let params =
            root.base_rel(relation).and_then(|r| r.base.as_ref()).map_or_else(Vec::new, |b| b.subquery_params.clone());
        for (value, id) in params {
            match &value {
                Expr::Var(var) if self.outer_rels.contains(var.varno) => {
                    if !self.outer_params.iter().any(|(_, known)| *known == id) {
                        self.outer_params.push((value, id));
                    }
                }
                _ => unsupported!("this kind of reference from a LATERAL sub-query"),
            }
        }
        Ok(plan)
    }

    fn function_plan(&mut self, root: &Root, path: &Path) -> Result<Plan> {
        let relation = self.rti(path)?;
        let RteKind::Function(rte) = &root.query.rte(relation).kind else { return Err(lost()) };
        let ordinality = rte.ordinality;
        let mut functions = Vec::new();
        for function in rte.functions.clone() {
            let mut expr = function.call;
            self.put_params(&mut expr)?;
            let result = expr.type_of();
            let composite = self.lookup.row_desc(result).ok();
            let column_types = match (&function.definition, &composite) {
                (Some(list), _) => list.types.clone(),
                (None, Some(desc)) => desc.attributes.iter().map(|a| a.type_oid).collect(),
                (None, None) => vec![result; function.column_count.min(1)],
            };
            let composite = composite.is_some() || function.definition.is_some() || function.column_count > 1;
            functions.push(ScanFunction { expr, columns: function.column_count, column_types, composite });
        }
        self.scan_plan(root, path, Node::FunctionScan(FunctionScan { relation, functions, ordinality }), &[])
    }

    fn nestloop_plan(&mut self, root: &Rc<Root>, path: &Path, join: &JoinPath) -> Result<Plan> {
        let outer = self.create_plan(root, &join.outer)?;
        let saved = self.outer_rels;
        self.outer_rels = saved.union(join.outer.relids);
        let inner = self.create_plan(root, &join.inner)?;
        self.outer_rels = saved;
        let (join_qual, qual) = self.split_join_quals(join, &join.clauses)?;
        let provided = join.outer.relids;
        let (params, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.outer_params).into_iter().partition(|(e, _)| tree::varnos(e).is_subset(provided));
        self.outer_params = rest;
        let params = params.into_iter().map(|(e, id)| (id, e)).collect();
        let node =
            NestLoop { join_type: join.join_type, outer, inner, inner_unique: join.inner_unique, join_qual, params };
        let plan = self.new_plan(path, Node::NestLoop(Box::new(node)));
        self.finish_join(path, join, plan, qual)
    }

    /// Conditions that decide about partners, and those that filter the result.
    fn split_join_quals(&mut self, join: &JoinPath, clauses: &[ClauseRc]) -> Result<(Vec<Expr>, Vec<Expr>)> {
        let is_outer = !matches!(join.join_type, analyze::query::JoinType::Inner | analyze::query::JoinType::Semi);
        let (own, filter): (Vec<ClauseRc>, Vec<ClauseRc>) =
            clauses.iter().cloned().partition(|c| !is_outer || !c.pushed_down);
        let own = self.with_params(self.ordered_quals(&own, false))?;
        let filter = self.with_params(self.ordered_quals(&filter, false))?;
        Ok((own, filter))
    }

    fn finish_join(&mut self, path: &Path, join: &JoinPath, mut plan: Plan, qual: Vec<Expr>) -> Result<Plan> {
        plan.qual = qual;
        for target in &mut plan.targetlist {
            let mut expr = target.expr.clone();
            self.put_params(&mut expr)?;
            target.expr = expr;
        }
        self.gated(path, plan, &join.clauses)
    }

    fn merge_plan(&mut self, root: &Rc<Root>, path: &Path) -> Result<Plan> {
        let PathKind::Merge { join, merge, outer_keys, inner_keys, outer_sort, inner_sort, materialize, skip_mark } =
            &path.kind
        else {
            return Err(lost());
        };
        let mut outer = self.create_plan(root, &join.outer)?;
        let mut inner = self.create_plan(root, &join.inner)?;
        if *outer_sort {
            outer = self.costed_sort(root, outer, outer_keys)?;
        }
        if *inner_sort {
            inner = self.costed_sort(root, inner, inner_keys)?;
        }
        if *materialize {
            self.next_node += 1;
            let id = self.next_node;
            inner = self.above(inner, |child| Node::Material(Box::new(child)));
            inner.total_cost += self.settings.cpu_operator_cost * inner.rows;
            inner.id = id;
        }
        let mut clauses = Vec::new();
        for clause in merge {
            let flipped = !clause.left.is_subset(join.outer.relids);
            let expr = self.flip(&clause.expr, flipped)?;
            let Expr::OpExpr(op) = &expr else { return Err(lost()) };
            let class = if flipped { clause.right_class.get() } else { clause.left_class.get() };
            let key = class.and_then(|c| outer_keys.iter().find(|k| k.class == root.canonical(c)));
            let (family, descending, nulls_first) =
                key.map_or((clause.merge_families[0], false, false), |k| (k.family, k.descending, k.nulls_first));
            let info = self.lookup.operator(op.operator)?;
            let comparison = self.lookup.family_support(family, info.left, info.right, 1)?.ok_or_else(lost)?;
            clauses.push(MergeClause {
                outer: op.args[0].clone(),
                inner: op.args[1].clone(),
                comparison,
                collation: op.input_collation,
                descending,
                nulls_first,
                expr: expr.clone(),
            });
        }
        // The order of clauses follows the order of the sort keys.
        let rest: Vec<ClauseRc> =
            join.clauses.iter().filter(|c| !merge.iter().any(|m| m.serial == c.serial)).cloned().collect();
        let (join_qual, qual) = self.split_join_quals(join, &rest)?;
        let node = MergeJoin {
            join_type: join.join_type,
            outer,
            inner,
            inner_unique: join.inner_unique,
            join_qual,
            clauses,
            skip_mark_restore: *skip_mark,
        };
        let _ = inner_keys;
        let plan = self.new_plan(path, Node::MergeJoin(Box::new(node)));
        self.finish_join(path, join, plan, qual)
    }

    fn costed_sort(&mut self, root: &Root, child: Plan, keys: &PathKeys) -> Result<Plan> {
        let (rows, width, total) = (child.rows, child.width, child.total_cost);
        let mut plan = self.sort_plan(root, child, keys)?;
        let (startup, run) = self.sort_cost(rows, width, 0.0, -1.0);
        plan.startup_cost = total + startup;
        plan.total_cost = total + startup + run;
        self.next_node += 1;
        plan.id = self.next_node;
        Ok(plan)
    }

    fn flip(&self, expr: &Expr, flipped: bool) -> Result<Expr> {
        let Expr::OpExpr(op) = expr else { return Err(lost()) };
        if !flipped {
            return Ok(expr.clone());
        }
        let commutator = self.lookup.operator(op.operator)?.commutator;
        if !commutator.is_valid() {
            return Err(Error::internal(format!("could not find commutator for operator {}", op.operator)));
        }
        let mut new: OpExpr = (**op).clone();
        new.operator = commutator;
        new.function = self.lookup.operator(commutator)?.function;
        new.args.swap(0, 1);
        Ok(Expr::OpExpr(Box::new(new)))
    }

    fn hash_plan(&mut self, root: &Rc<Root>, path: &Path, join: &JoinPath, hash: &[ClauseRc]) -> Result<Plan> {
        let outer = self.create_plan(root, &join.outer)?;
        let inner = self.create_plan(root, &join.inner)?;
        let rest: Vec<ClauseRc> =
            join.clauses.iter().filter(|c| !hash.iter().any(|h| h.serial == c.serial)).cloned().collect();
        let (join_qual, qual) = self.split_join_quals(join, &rest)?;
        let mut node = HashJoin {
            join_type: join.join_type,
            inner_unique: join.inner_unique,
            join_qual,
            clauses: Vec::new(),
            outer_keys: Vec::new(),
            inner_keys: Vec::new(),
            operators: Vec::new(),
            collations: Vec::new(),
            outer,
            inner: {
                self.next_node += 1;
                let id = self.next_node;
                let total = inner.total_cost;
                let mut hash = self.above(inner, |child| Node::Hash(Box::new(Hash { child })));
                hash.startup_cost = total;
                hash.total_cost = total;
                hash.id = id;
                hash
            },
        };
        for clause in hash {
            let expr = self.flip(&clause.expr, !clause.left.is_subset(join.outer.relids))?;
            let expr = self.with_params(vec![expr])?.remove(0);
            let Expr::OpExpr(op) = &expr else { return Err(lost()) };
            node.outer_keys.push(op.args[0].clone());
            node.inner_keys.push(op.args[1].clone());
            node.operators.push(op.operator);
            node.collations.push(op.input_collation);
            node.clauses.push(expr);
        }
        let plan = self.new_plan(path, Node::HashJoin(Box::new(node)));
        self.finish_join(path, join, plan, qual)
    }

    fn unique_plan(
        &mut self,
        root: &Rc<Root>,
        path: &Path,
        child: &PathRc,
        hashed: bool,
        exprs: &[(Expr, Oid)],
    ) -> Result<Plan> {
        let mut child = self.create_plan(root, child)?;
        let wanted: Vec<Expr> = exprs.iter().map(|(e, _)| e.clone()).collect();
        child = self.with_columns(child, &wanted)?;
        let mut columns = Vec::new();
        for (expr, operator) in exprs {
            let at = child.targetlist.iter().position(|t| t.expr == *expr).ok_or_else(lost)?;
            let info = self.lookup.operator(*operator)?;
            // The operator compares with the other side; equality within this one is its family's.
            let members = self.lookup.families(*operator)?;
            let own =
                members.iter().filter(|m| if m.btree { m.strategy == 3 } else { m.strategy == 1 }).find_map(|m| {
                    self.lookup
                        .family_operator(m.family, info.right, info.right, if m.btree { 3 } else { 1 })
                        .ok()
                        .flatten()
                });
            columns.push(GroupColumn {
                column: at as i16 + 1,
                operator: own.unwrap_or(*operator),
                collation: expr.collation_of(),
            });
        }
        if hashed {
            let groups = path.rows;
            let mut plan = self.above(child, |child| {
                Node::Agg(Box::new(Agg {
                    child,
                    strategy: crate::node::AggStrategy::Hashed,
                    columns,
                    groups,
                    grouping_sets: Vec::new(),
                }))
            });
            set_cost(&mut plan, path);
            return Ok(plan);
        }
        let mut keys = Vec::new();
        for (place, (expr, operator)) in exprs.iter().enumerate() {
            let info = self.lookup.operator(*operator)?;
            let less = self
                .lookup
                .families(*operator)?
                .iter()
                .filter(|m| m.btree && m.strategy == 3)
                .find_map(|m| self.lookup.family_operator(m.family, info.right, info.right, 1).ok().flatten())
                .ok_or_else(lost)?;
            keys.push(SortColumn {
                column: columns[place].column,
                operator: less,
                collation: expr.collation_of(),
                nulls_first: false,
            });
        }
        let total = child.total_cost;
        let (startup, run) = self.sort_cost(child.rows, child.width, 0.0, -1.0);
        let mut sort = self.above(child, |child| Node::Sort(Box::new(Sort { child, keys, bound: None })));
        sort.startup_cost = total + startup;
        sort.total_cost = total + startup + run;
        self.next_node += 1;
        sort.id = self.next_node;
        let mut plan = self.above(sort, |child| Node::Unique(Box::new(Unique { child, columns })));
        set_cost(&mut plan, path);
        Ok(plan)
    }

    fn sort_plan(&mut self, root: &Root, child: Plan, keys: &PathKeys) -> Result<Plan> {
        let (child, keys) = self.sort_columns(root, child, keys)?;
        Ok(self.above(child, |child| Node::Sort(Box::new(Sort { child, keys, bound: None }))))
    }

    /// Where the child's output has the keys; columns that are missing are added to it.
    fn sort_columns(&mut self, root: &Root, mut child: Plan, keys: &PathKeys) -> Result<(Plan, Vec<SortColumn>)> {
        let mut columns = Vec::new();
        for key in keys.iter() {
            let class = &root.classes[root.canonical(key.class)];
            let find = |targets: &[TargetEntry]| {
                targets.iter().enumerate().find_map(|(at, t)| {
                    class.members.iter().find(|m| same_value(&m.expr, &t.expr)).map(|m| (at, m.type_oid))
                })
            };
            let (at, type_oid) = match find(&child.targetlist) {
                Some(found) => found,
                None => {
                    let available: Vec<Expr> = child.targetlist.iter().map(|t| t.expr.clone()).collect();
                    let member = class
                        .members
                        .iter()
                        .find(|m| !m.is_const && computable(&m.expr, &available))
                        .ok_or_else(|| Error::internal("could not find pathkey item to sort"))?;
                    let (expr, type_oid) = (member.expr.clone(), member.type_oid);
                    child = self.with_columns(child, std::slice::from_ref(&expr))?;
                    (child.targetlist.len() - 1, type_oid)
                }
            };
            let strategy = if key.descending { 5 } else { 1 };
            let operator = self
                .lookup
                .family_operator(key.family, type_oid, type_oid, strategy)?
                .ok_or_else(|| Error::internal("missing ordering operator"))?;
            columns.push(SortColumn {
                column: at as i16 + 1,
                operator,
                collation: class.collation,
                nulls_first: key.nulls_first,
            });
        }
        Ok((child, columns))
    }

    /// The plan with more columns in its output.
    fn with_columns(&mut self, mut plan: Plan, exprs: &[Expr]) -> Result<Plan> {
        let missing: Vec<Expr> =
            exprs.iter().filter(|e| !plan.targetlist.iter().any(|t| t.expr == **e)).cloned().collect();
        if missing.is_empty() {
            return Ok(plan);
        }
        if !can_project(&plan.node) {
            self.next_node += 1;
            let id = self.next_node;
            plan = self.above(plan, |child| Node::Result(ResultNode::new(Some(child), Vec::new())));
            plan.id = id;
        }
        for expr in missing {
            let resno = plan.targetlist.len() as i16 + 1;
            let mut expr = expr;
            self.put_params(&mut expr)?;
            plan.targetlist.push(TargetEntry::junk(expr, resno, None));
        }
        Ok(plan)
    }

    fn projection_plan(&mut self, root: &Rc<Root>, path: &Path, child: &PathRc) -> Result<Plan> {
        let mut plan = self.create_plan(root, child)?;
        let mut targetlist = target_entries(&path.target);
        for target in &mut targetlist {
            self.put_params(&mut target.expr)?;
        }
        let same = plan.targetlist.len() == targetlist.len()
            && plan.targetlist.iter().zip(&targetlist).all(|(a, b)| a.expr == b.expr);
        if same || can_project(&plan.node) {
            plan.targetlist = targetlist;
            set_cost(&mut plan, path);
            plan.width = path.target.width;
            return Ok(plan);
        }
        let mut result = self.new_plan(path, Node::Result(ResultNode::new(Some(plan), Vec::new())));
        result.targetlist = targetlist;
        Ok(result)
    }

    fn group_columns(&self, targetlist: &[TargetEntry], clauses: &[SortGroupClause]) -> Result<Vec<GroupColumn>> {
        clauses
            .iter()
            .map(|clause| {
                let at = targetlist.iter().position(|t| t.sort_group_ref == clause.target_ref).ok_or_else(lost)?;
                Ok(GroupColumn {
                    column: at as i16 + 1,
                    operator: clause.eq_operator,
                    collation: targetlist[at].expr.collation_of(),
                })
            })
            .collect()
    }

    fn window_plan(
        &mut self,
        root: &Rc<Root>,
        path: &Path,
        child: &PathRc,
        clause: &analyze::query::WindowClause,
    ) -> Result<Plan> {
        let child = self.create_plan(root, child)?;
        let partition = self.group_columns(&child.targetlist, &clause.partition)?;
        let order = self.group_columns(&child.targetlist, &clause.order)?;
        let sort = order
            .iter()
            .zip(&clause.order)
            .map(|(column, c)| SortColumn {
                column: column.column,
                operator: c.sort_operator,
                collation: column.collation,
                nulls_first: c.nulls_first,
            })
            .collect();
        let node = WindowAgg {
            child,
            winref: clause.winref,
            partition,
            order,
            sort,
            frame: clause.frame,
            start_offset: clause.start_offset.clone(),
            end_offset: clause.end_offset.clone(),
            start_in_range: clause.start_in_range_func,
            end_in_range: clause.end_in_range_func,
            in_range_collation: clause.in_range_collation,
            in_range_ascending: clause.in_range_asc,
            in_range_nulls_first: clause.in_range_nulls_first,
        };
        Ok(self.new_plan(path, Node::WindowAgg(Box::new(node))))
    }

    fn modify_plan(
        &mut self,
        root: &Rc<Root>,
        path: &Path,
        child: &PathRc,
        row_marks: Vec<crate::node::PlanRowMark>,
    ) -> Result<Plan> {
        let mut child = self.create_plan(root, child)?;
        let query = &root.query;
        // The child's output is numbered as the level's list was before RETURNING took its place.
        for (place, target) in child.targetlist.iter_mut().enumerate() {
            target.resno = place as i16 + 1;
        }
        let rti = query.result_relation;
        let ctid_column = child
            .targetlist
            .iter()
            .position(|t| {
                matches!(&t.expr, Expr::Var(v) if v.varno == rti && v.attno == -1) && query.command != CmdType::Insert
            })
            .map_or(0, |at| at as i16 + 1);
        let update_columns = match query.command {
            CmdType::Update => query.targets.iter().filter(|t| !t.junk).map(|t| t.resno).collect(),
            _ => Vec::new(),
        };
        let on_conflict = match &query.on_conflict {
            None => None,
            Some(conflict) => {
                let arbiter_indexes = self.infer_arbiters(query, conflict)?;
                // Behind the columns stand the sub-selects of `(a, b) = (SELECT ...)` that refer to the row.
                let (junk, mut set): (Vec<_>, Vec<_>) = conflict.set.iter().cloned().partition(|t| t.junk);
                let set_columns = set.iter().map(|t| t.resno).collect();
                set.extend(junk.into_iter().filter(|t| !matches!(t.expr, Expr::Const(_))));
                Some(Box::new(OnConflict {
                    arbiter_indexes,
                    update: conflict.action == OnConflictAction::Update,
                    set_columns,
                    set,
                    condition: tree::conjuncts(conflict.quals.clone()),
                    excluded_relation: conflict.excluded_index,
                    excluded_targetlist: conflict.excluded_targets.clone(),
                }))
            }
        };
        let returning = query.returning.clone();
        let node = ModifyTable {
            operation: query.command,
            relation: rti,
            can_set_tag: query.can_set_tag,
            update_columns,
            ctid_column,
            check_options: query.with_check_options.clone(),
            returning: returning.clone(),
            on_conflict,
            row_marks,
            epq_param: self.new_param(Oid(23)),
            child,
        };
        let mut plan = self.new_plan(path, Node::ModifyTable(Box::new(node)));
        plan.targetlist = returning;
        if plan.targetlist.is_empty() {
            plan.width = 0;
        }
        Ok(plan)
    }

    /// The unique indexes that ON CONFLICT means.
    fn infer_arbiters(
        &self,
        query: &analyze::query::Query,
        conflict: &analyze::query::OnConflictExpr,
    ) -> Result<Vec<Oid>> {
        let RteKind::Relation(relation) = &query.rte(query.result_relation).kind else { return Err(lost()) };
        let info = self.lookup.relation(relation.relid)?;
        if conflict.constraint.is_valid() {
            return Ok(vec![self.lookup.constraint_index(conflict.constraint)?]);
        }
        if conflict.arbiter_elems.is_empty() {
            return Ok(Vec::new());
        }
        let known = tree::conjuncts(conflict.arbiter_where.clone());
        let mut found = Vec::new();
        // In the order in which they were made.
        for index in info.indexes.iter().rev() {
            if !index.unique || !index.immediate || index.key_columns != distinct_elems(&conflict.arbiter_elems) {
                continue;
            }
            let fits = |elem: &analyze::expr::InferenceElem| {
                index.columns[..index.key_columns].iter().any(|column| {
                    let same = match (&elem.expr, &column.expr) {
                        (Expr::Var(var), None) => var.attno == column.attno,
                        (expr, Some(own)) => {
                            let mut own = own.clone();
                            use analyze::walk::Mutator;
                            let offset = query.result_relation - 1;
                            let shifted = tree::OffsetVars { by: offset, level: 0 }.expr(&mut own).is_ok();
                            shifted && *expr == own
                        }
                        _ => false,
                    };
                    let class_fits = match self.lookup.opclass(elem.opclass) {
                        Ok(Some((family, input_type))) => (family, input_type) == (column.family, column.input_type),
                        _ => !elem.opclass.is_valid(),
                    };
                    same && class_fits && (!elem.collation.is_valid() || elem.collation == column.collation)
                })
            };
            let predicate_holds = index.predicate.iter().all(|p| {
                let mut p = p.clone();
                use analyze::walk::Mutator;
                let shifted = tree::OffsetVars { by: query.result_relation - 1, level: 0 }.expr(&mut p).is_ok();
                shifted && self.implies(&known, &p)
            });
            if conflict.arbiter_elems.iter().all(fits) && predicate_holds {
                found.push(index.oid);
            }
        }
        if found.is_empty() {
            return Err(report::error!(
                INVALID_COLUMN_REFERENCE,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification"
            ));
        }
        Ok(found)
    }
}

fn distinct_elems(elems: &[analyze::expr::InferenceElem]) -> usize {
    elems.iter().enumerate().filter(|(i, e)| !elems[..*i].iter().any(|o| o.expr == e.expr)).count()
}

#[cold]
fn lost() -> Error {
    Error::internal("plan does not fit its path")
}

/// The same value, whatever binary-compatible type it is taken as.
fn same_value(a: &Expr, b: &Expr) -> bool {
    let strip = |e: &Expr| -> Expr {
        let mut e = e.clone();
        while let Expr::RelabelType(node) = e {
            e = node.arg;
        }
        e
    };
    a == b || strip(a) == strip(b)
}

/// True if the expression's columns are all there.
fn computable(expr: &Expr, available: &[Expr]) -> bool {
    if available.contains(expr) {
        return true;
    }
    if matches!(expr, Expr::Var(_) | Expr::Aggref(_) | Expr::WindowFunc(_) | Expr::GroupingFunc(_)) {
        return false;
    }
    let mut all = true;
    walk::each_child(expr, &mut |child| {
        if let walk::Child::Expr(e) = child {
            all &= computable(e, available);
        }
    });
    all
}

fn is_or_of(qual: &Expr, conditions: &[Expr]) -> bool {
    matches!(qual, Expr::BoolExpr(or) if or.op == analyze::expr::BoolExprType::Or && or.args == conditions)
}

/// True for nodes that compute their output list.
pub fn can_project(node: &Node) -> bool {
    !matches!(
        node,
        Node::Hash(_)
            | Node::Material(_)
            | Node::Memoize(_)
            | Node::Sort(_)
            | Node::IncrementalSort(_)
            | Node::Unique(_)
            | Node::SetOp(_)
            | Node::LockRows(_)
            | Node::Limit(_)
            | Node::ModifyTable(_)
            | Node::Append(_)
            | Node::MergeAppend(_)
            | Node::RecursiveUnion(_)
            | Node::ProjectSet(_)
    )
}

fn set_cost(plan: &mut Plan, path: &Path) {
    plan.startup_cost = path.startup;
    plan.total_cost = path.total;
    plan.rows = path.rows;
}

fn target_entries(target: &Target) -> Vec<TargetEntry> {
    target
        .exprs
        .iter()
        .enumerate()
        .map(|(i, e)| TargetEntry { sort_group_ref: target.refs[i], ..TargetEntry::new(e.clone(), i as i16 + 1, None) })
        .collect()
}

/// Names and origins of the output columns.
fn label_targets(targetlist: &mut [TargetEntry], labels: &[TargetEntry]) {
    for (target, label) in targetlist.iter_mut().zip(labels) {
        target.name = label.name.clone();
        target.orig_table = label.orig_table;
        target.orig_column = label.orig_column;
        target.junk = label.junk;
        target.resno = label.resno;
    }
}
