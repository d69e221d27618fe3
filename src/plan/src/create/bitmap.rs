//! Plans of bitmap scans: the nodes that make the bitmap, and what the heap's pages are looked at for again.

use crate::node::{BitmapHeapScan, BitmapIndexScan, Node, Plan};
use crate::root::{BitmapPath, Path, Planner, Root};
use analyze::expr::{BoolExpr, BoolExprType, Expr, Location};
use report::Result;
use std::collections::BTreeSet;

/// The nodes that make a bitmap, and what they stand for.
struct BitmapTree {
    plan: Plan,
    /// The conditions that led to the indexes, as they are written.
    conditions: Vec<Expr>,
    /// What the indexes test: the same, but for conditions that are only narrowed down by an index.
    tested: Vec<Expr>,
    /// The clauses that are tested exactly, by serial.
    exact: Vec<u32>,
}

impl Planner<'_> {
    /// The heap's part of a bitmap scan, with the bitmap below it.
    pub(super) fn bitmap_plan(&mut self, root: &Root, path: &Path, bitmap: &BitmapPath) -> Result<Plan> {
        let relation = self.rti(path)?;
        let tree = self.bitmap_tree(root, relation, bitmap)?;
        let heap = BitmapHeapScan { relation, bitmap: tree.plan, recheck: Vec::new() };
        let clauses = self.scan_clauses(root, path);
        let used: Vec<u32> = clauses.iter().filter(|c| tree.exact.contains(&c.serial)).map(|c| c.serial).collect();
        let mut plan = self.scan_plan(root, path, Node::BitmapHeapScan(Box::new(heap)), &used)?;
        plan.qual.retain(|q| !tree.tested.contains(q));
        plan.rows = path.rows;
        // What the filter looks at in any case need not be rechecked. Of an OR that was put together for the indexes
        // that stays unnoticed, as in PostgreSQL.
        let is_or = |c: &Expr| matches!(c, Expr::BoolExpr(node) if node.op == BoolExprType::Or);
        let recheck = tree.conditions.into_iter().filter(|c| is_or(c) || !plan.qual.contains(c)).collect();
        if let Node::BitmapHeapScan(heap) = &mut plan.node {
            heap.recheck = recheck;
        }
        Ok(plan)
    }

    /// The nodes that make a bitmap.
    fn bitmap_tree(&mut self, root: &Root, relation: i32, bitmap: &BitmapPath) -> Result<BitmapTree> {
        let (cost, selectivity) = self.bitmap_cost(bitmap);
        let tuples = root.base_rel(relation).and_then(|r| r.base.as_ref()).map_or(1.0, |b| b.tuples);
        let (mut conditions, mut tested, mut exact) = (Vec::new(), Vec::new(), Vec::new());
        let node = match bitmap {
            BitmapPath::Index(usage) => {
                let (index_conditions, original) = self.index_conditions(usage)?;
                for clause in &usage.clauses {
                    let mut condition = clause.clause.expr.clone();
                    self.put_params(&mut condition)?;
                    match clause.lossy {
                        true => tested.extend(self.with_params(clause.quals.clone())?),
                        false => {
                            exact.push(clause.clause.serial);
                            tested.push(condition.clone());
                        }
                    }
                    conditions.push(condition);
                }
                Node::BitmapIndexScan(Box::new(BitmapIndexScan {
                    relation,
                    index: usage.index.info.oid,
                    conditions: index_conditions,
                    conditions_original: original,
                }))
            }
            BitmapPath::And(parts) => {
                let mut children = Vec::new();
                for part in parts {
                    let part = self.bitmap_tree(root, relation, part)?;
                    children.push(part.plan);
                    add_new(&mut conditions, part.conditions);
                    add_new(&mut tested, part.tested);
                    exact.extend(part.exact);
                }
                Node::BitmapAnd(children)
            }
            BitmapPath::Or(parts) => {
                let mut children = Vec::new();
                let (mut arms, mut tested_arms) = (Vec::new(), Vec::new());
                for part in parts {
                    let part = self.bitmap_tree(root, relation, part)?;
                    children.push(part.plan);
                    arms.push(Expr::and(part.conditions));
                    tested_arms.push(Expr::and(part.tested));
                }
                conditions.push(any_of(arms));
                tested.push(any_of(tested_arms));
                Node::BitmapOr(children)
            }
        };
        self.next_node += 1;
        let plan = Plan {
            id: self.next_node,
            startup_cost: if matches!(node, Node::BitmapIndexScan(_)) { 0.0 } else { cost },
            total_cost: cost,
            rows: crate::cost::clamp_rows(selectivity * tuples),
            width: 0,
            targetlist: Vec::new(),
            qual: Vec::new(),
            init_plans: Vec::new(),
            all_params: BTreeSet::new(),
            node,
        };
        Ok(BitmapTree { plan, conditions, tested, exact })
    }
}

/// Adds the conditions that are not there yet.
fn add_new(list: &mut Vec<Expr>, more: Vec<Expr>) {
    for condition in more {
        if !list.contains(&condition) {
            list.push(condition);
        }
    }
}

fn any_of(args: Vec<Expr>) -> Expr {
    BoolExpr { op: BoolExprType::Or, args, location: Location::UNKNOWN }.into()
}
