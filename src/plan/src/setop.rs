//! UNION, INTERSECT, EXCEPT, and recursive queries.

use crate::node::{AggStrategy, SetOpCommand};
use crate::pathset::cheapest_fractional;
use crate::relids::Relids;
use crate::root::{Path, PathKind, PathRc, Planner, Root, SubqueryPath, Target};
use analyze::expr::{Const, Expr, Var};
use analyze::query::{Query, SetOperand, SetOperation, SetOperationStmt, SortGroupClause, TargetEntry};
use report::{Error, Result};
use std::rc::Rc;
use tuple::Datum;

const INT4: base::Oid = base::Oid(23);

impl Planner<'_> {
    /// Plans the set operations of a query: its paths and output list.
    pub fn plan_set_operations(&mut self, root: &mut Root) -> Result<(Vec<PathRc>, Vec<TargetEntry>)> {
        let top = root.query.set_operations.take().expect("a set operation");
        let path = self.plan_operand_op(root, &top, None)?;
        let targets = output_targets(&root.query, &top);
        root.query.set_operations = Some(top);
        Ok((vec![path], targets))
    }

    fn columns_target(&self, root: &Root, op: &SetOperationStmt, flag: Option<i32>, refs: bool) -> Rc<Target> {
        let mut exprs: Vec<Expr> = column_vars(op, 0);
        let mut numbers: Vec<u32> = (1..=exprs.len() as u32).map(|n| if refs { n } else { 0 }).collect();
        if let Some(flag) = flag {
            exprs.push(Const::new(INT4, Datum::Int4(flag)).into());
            numbers.push(0);
        }
        self.make_target(root, exprs, numbers)
    }

    fn plan_operand(
        &mut self,
        root: &mut Root,
        operand: &SetOperand,
        parent: &SetOperationStmt,
        flag: Option<i32>,
    ) -> Result<PathRc> {
        match operand {
            SetOperand::Rel(rti) => self.plan_leaf(root, *rti, parent, flag),
            SetOperand::Op(op) => {
                let path = self.plan_operand_op(root, op, None)?;
                match flag {
                    None => Ok(path),
                    Some(_) => {
                        let target = self.columns_target(root, op, flag, true);
                        Ok(self.project(&path, target))
                    }
                }
            }
        }
    }

    fn plan_leaf(&mut self, root: &mut Root, rti: i32, parent: &SetOperationStmt, flag: Option<i32>) -> Result<PathRc> {
        let analyze::query::RteKind::Subquery(subquery) = &mut root.query.rte_mut(rti).kind else {
            return Err(Error::internal("operand of a set operation is no sub-query"));
        };
        let query = std::mem::take(&mut *subquery.query);
        let saved = std::mem::take(&mut self.level().plan_params);
        let (sub, paths) = self.plan_level(query, 0.0)?;
        let own = std::mem::replace(&mut self.level().plan_params, saved);
        if !own.is_empty() {
            return Err(Error::internal("unexpected outer reference in set operation subquery"));
        }
        let best =
            cheapest_fractional(&paths, 0.0).cloned().ok_or_else(|| Error::internal("no path for a sub-query"))?;
        let mut exprs = leaf_vars(&sub.targets, rti, parent);
        let mut refs: Vec<u32> = (1..=exprs.len() as u32).collect();
        if let Some(flag) = flag {
            exprs.push(Const::new(INT4, Datum::Int4(flag)).into());
            refs.push(0);
        }
        self.subroots.push(Rc::new(sub));
        let subroot = self.subroots.len() - 1;
        let target = self.make_target(root, exprs, refs);
        Ok(Rc::new(Path {
            relids: Relids::single(rti),
            rows: best.rows,
            startup: best.startup,
            total: best.total,
            keys: Rc::default(),
            param: None,
            target,
            kind: PathKind::Subquery(SubqueryPath { path: best, subroot }),
        }))
    }

    fn plan_operand_op(&mut self, root: &mut Root, op: &SetOperationStmt, _flag: Option<i32>) -> Result<PathRc> {
        match op.op {
            SetOperation::Union => self.plan_union(root, op),
            _ => self.plan_except(root, op),
        }
    }

    fn plan_union(&mut self, root: &mut Root, op: &SetOperationStmt) -> Result<PathRc> {
        let mut children = Vec::new();
        self.union_operands(root, op, op, &mut children)?;
        let append = self.append_path(root, op, children, None);
        if op.all {
            return Ok(append);
        }
        let clauses = numbered(&op.group);
        // As PostgreSQL: every row may be distinct.
        self.unique_set(root, append, clauses)
    }

    /// Nested UNIONs of the same kind are one.
    fn union_operands(
        &mut self,
        root: &mut Root,
        op: &SetOperationStmt,
        top: &SetOperationStmt,
        out: &mut Vec<PathRc>,
    ) -> Result<()> {
        for operand in [&op.left, &op.right] {
            match operand {
                SetOperand::Op(inner)
                    if inner.op == SetOperation::Union
                        && (inner.all == top.all || inner.all)
                        && inner.column_types == top.column_types =>
                {
                    self.union_operands(root, inner, top, out)?;
                }
                other => out.push(self.plan_operand(root, other, top, None)?),
            }
        }
        Ok(())
    }

    fn append_path(&self, root: &Root, op: &SetOperationStmt, children: Vec<PathRc>, flag: Option<i32>) -> PathRc {
        let mut target = self.columns_target(root, op, None, true);
        if flag.is_some() {
            let mut with_flag = (*target).clone();
            with_flag.exprs.push(Var::new(0, with_flag.exprs.len() as i16 + 1, INT4, -1, base::Oid::INVALID).into());
            with_flag.refs.push(0);
            target = Rc::new(with_flag);
        }
        let rows = children.iter().map(|c| c.rows).sum();
        let total: f64 = children.iter().map(|c| c.total).sum();
        let cpu = self.settings.cpu_tuple_cost * 0.5 * rows;
        Rc::new(Path {
            relids: children.iter().fold(Relids::EMPTY, |set, c| set.union(c.relids)),
            rows,
            startup: children.first().map_or(0.0, |c| c.startup),
            total: total + cpu,
            keys: Rc::default(),
            param: None,
            target,
            kind: PathKind::Append { children },
        })
    }

    fn unique_set(&mut self, root: &mut Root, path: PathRc, clauses: Vec<SortGroupClause>) -> Result<PathRc> {
        let s = self.settings;
        let rows = path.rows;
        let columns = clauses.len() as f64;
        let hashable = clauses.iter().all(|c| c.hashable);
        let sortable = clauses.iter().all(|c| c.sort_operator.is_valid());
        let mut best: Option<Path> = None;
        if hashable && (s.enable_hashagg || !sortable) {
            let target = Rc::clone(&path.target);
            let startup = path.total + s.cpu_operator_cost * columns * rows;
            best = Some(Path {
                relids: path.relids,
                rows,
                startup,
                total: startup + s.cpu_tuple_cost * rows,
                keys: Rc::default(),
                param: None,
                target,
                kind: PathKind::Agg {
                    child: Rc::clone(&path),
                    strategy: AggStrategy::Hashed,
                    clauses: clauses.clone(),
                    having: Vec::new(),
                    groups: rows,
                    sets: Vec::new(),
                },
            });
        }
        if sortable {
            let targets = path_targets(&path.target);
            let keys = self.keys_for_sort(root, &clauses, &targets)?;
            let sorted = self.sorted(&path, &keys, -1.0);
            let total = sorted.total + s.cpu_operator_cost * columns * rows;
            if best.as_ref().is_none_or(|b| total < b.total) {
                best = Some(Path {
                    relids: path.relids,
                    rows,
                    startup: sorted.startup,
                    total,
                    keys: Rc::clone(&sorted.keys),
                    param: None,
                    target: Rc::clone(&path.target),
                    kind: PathKind::UpperUnique { child: sorted, clauses },
                });
            }
        }
        best.map(Rc::new).ok_or_else(|| {
            report::error!(FEATURE_NOT_SUPPORTED, "could not implement UNION")
                .detail("Some of the datatypes only support hashing, while others only support sorting.")
        })
    }

    fn plan_except(&mut self, root: &mut Root, op: &SetOperationStmt) -> Result<PathRc> {
        let s = self.settings;
        let left = self.plan_operand(root, &op.left, op, Some(0))?;
        let right = self.plan_operand(root, &op.right, op, Some(1))?;
        let (left_rows, right_rows) = (left.rows, right.rows);
        let except = op.op == SetOperation::Except;
        // The first side of EXCEPT must come first; the smaller of INTERSECT.
        let swapped = !except && right_rows < left_rows;
        let children = if swapped { vec![right, left] } else { vec![left, right] };
        let append = self.append_path(root, op, children, Some(0));
        let clauses = numbered(&op.group);
        let groups = if except { left_rows } else { left_rows.min(right_rows) };
        let rows = groups.max(1.0);
        let command = match (except, op.all) {
            (true, false) => SetOpCommand::Except,
            (true, true) => SetOpCommand::ExceptAll,
            (false, false) => SetOpCommand::Intersect,
            (false, true) => SetOpCommand::IntersectAll,
        };
        let hashable = clauses.iter().all(|c| c.hashable);
        let sortable = clauses.iter().all(|c| c.sort_operator.is_valid());
        let columns = clauses.len() as f64;
        let hash_total = append.total + s.cpu_operator_cost * columns * append.rows;
        let targets = path_targets(&append.target);
        let keys = if sortable { self.keys_for_sort(root, &clauses, &targets)? } else { Rc::default() };
        let sorted = self.sorted(&append, &keys, -1.0);
        let hashed = hashable
            && (!sortable
                || (s.enable_hashagg && hash_total < sorted.total + s.cpu_operator_cost * columns * append.rows));
        if !hashed && !sortable {
            let name = if except { "EXCEPT" } else { "INTERSECT" };
            return Err(report::error!(FEATURE_NOT_SUPPORTED, "could not implement {name}")
                .detail("Some of the datatypes only support hashing, while others only support sorting."));
        }
        let child = if hashed { append } else { sorted };
        let flag = clauses.len().max(op.column_types.len());
        Ok(Rc::new(Path {
            relids: child.relids,
            rows,
            startup: if hashed { hash_total } else { child.startup },
            total: hash_total.max(child.total)
                + s.cpu_operator_cost * columns * child.rows * f64::from(u8::from(!hashed)),
            keys: Rc::default(),
            param: None,
            target: self.columns_target(root, op, None, true),
            kind: PathKind::SetOp {
                child,
                command,
                hashed,
                clauses,
                flag: flag + 1,
                first_flag: if except { 0 } else { i32::from(swapped) },
                groups: rows,
            },
        }))
    }

    /// Plans a recursive WITH query.
    pub fn plan_recursive(&mut self, name: &str, query: Query) -> Result<(Root, Vec<PathRc>)> {
        self.levels.push(crate::root::Level::default());
        let result = self.plan_recursive_level(name, query);
        let level = self.levels.pop().expect("pushed above");
        let (mut root, paths) = result?;
        root.init_plans = level.init_plans;
        Ok((root, paths))
    }

    fn plan_recursive_level(&mut self, name: &str, mut query: Query) -> Result<(Root, Vec<PathRc>)> {
        self.process_ctes(&mut query)?;
        let top = query.set_operations.clone().expect("a recursive query is a UNION");
        let has_extra = !query.sort.is_empty()
            || query.limit_count.is_some()
            || query.limit_offset.is_some()
            || !query.row_marks.is_empty();
        if has_extra {
            return Err(report::error!(FEATURE_NOT_SUPPORTED, "ORDER BY in a recursive query is not implemented"));
        }
        if top.op != SetOperation::Union {
            return Err(Error::internal("only UNION queries can be recursive"));
        }
        let targets = output_targets(&query, &top);
        let mut root = self.new_root(query);
        root.targets = targets;
        let left = self.plan_operand(&mut root, &top.left, &top, None)?;
        let param = self.new_param(base::Oid(2281));
        let rows = left.rows;
        self.level().work_table = Some((name.to_owned(), param, rows, left.target.width));
        let right = self.plan_operand(&mut root, &top.right, &top, None)?;
        let (clauses, groups) = match top.all {
            true => (Vec::new(), 0.0),
            false => (numbered(&top.group), left.rows + right.rows * 10.0),
        };
        if !clauses.iter().all(|c| c.hashable) {
            return Err(report::error!(FEATURE_NOT_SUPPORTED, "could not implement recursive UNION")
                .detail("All column datatypes must be hashable."));
        }
        let total_rows = left.rows + 10.0 * right.rows;
        let total = left.total + 10.0 * right.total + self.settings.cpu_tuple_cost * total_rows;
        let path = Path {
            relids: left.relids.union(right.relids),
            target: self.columns_target(&root, &top, None, true),
            rows: total_rows,
            startup: left.startup,
            total,
            keys: Rc::default(),
            param: None,
            kind: PathKind::RecursiveUnion { left, right, param, clauses, groups },
        };
        root.work_table_param = Some(param);
        Ok((root, vec![Rc::new(path)]))
    }
}

fn column_vars(op: &SetOperationStmt, varno: i32) -> Vec<Expr> {
    (0..op.column_types.len())
        .map(|i| {
            Var::new(varno, i as i16 + 1, op.column_types[i], op.column_typmods[i], op.column_collations[i]).into()
        })
        .collect()
}

/// The leaf's columns with the set operation's types.
fn leaf_vars(targets: &[TargetEntry], rti: i32, parent: &SetOperationStmt) -> Vec<Expr> {
    let own = targets.iter().filter(|t| !t.junk);
    own.enumerate()
        .map(|(place, t)| {
            let var: Expr = Var::new(rti, t.resno, t.expr.type_of(), t.expr.typmod_of(), t.expr.collation_of()).into();
            match parent.column_types.get(place) {
                Some(wanted) if *wanted != t.expr.type_of() => analyze::expr::RelabelType {
                    arg: var,
                    result_type: *wanted,
                    typmod: parent.column_typmods[place],
                    collation: parent.column_collations[place],
                    format: analyze::expr::Cosmetic(analyze::expr::CoercionForm::ImplicitCast),
                    location: analyze::expr::Location::UNKNOWN,
                }
                .into(),
                _ => var,
            }
        })
        .collect()
}

fn output_targets(query: &Query, op: &SetOperationStmt) -> Vec<TargetEntry> {
    let vars = column_vars(op, 0);
    let own: Vec<&TargetEntry> = query.targets.iter().filter(|t| !t.junk).collect();
    vars.into_iter()
        .enumerate()
        .map(|(place, expr)| {
            let model = own.get(place);
            TargetEntry {
                sort_group_ref: model.map_or(0, |t| t.sort_group_ref),
                ..TargetEntry::new(expr, place as i16 + 1, model.and_then(|t| t.name.clone()))
            }
        })
        .collect()
}

/// The clauses, each for the column of its number.
fn numbered(clauses: &[SortGroupClause]) -> Vec<SortGroupClause> {
    clauses.iter().enumerate().map(|(i, c)| SortGroupClause { target_ref: i as u32 + 1, ..c.clone() }).collect()
}

fn path_targets(target: &Target) -> Vec<TargetEntry> {
    target
        .exprs
        .iter()
        .enumerate()
        .map(|(i, e)| TargetEntry { sort_group_ref: target.refs[i], ..TargetEntry::new(e.clone(), i as i16 + 1, None) })
        .collect()
}
