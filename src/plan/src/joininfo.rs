//! The join tree taken apart: conditions go to the relations where they can be applied first, outer joins leave behind
//! what restricts the order of joins.

use crate::prep::relids_of_item;
use crate::relids::Relids;
use crate::root::{Clause, ClauseRc, Planner, Root, SpecialJoin};
use crate::tree;
use analyze::expr::{Expr, OpExpr};
use analyze::query::{FromExpr, FromItem, JoinExpr, JoinType};
use base::Oid;
use report::Result;
use std::cell::Cell;
use std::rc::Rc;

/// What is to be joined: relations in any order, with lists that are joined by themselves first.
#[derive(Clone, Debug)]
pub enum JoinItem {
    /// A relation.
    Rel(i32),
    /// A list that is joined by itself.
    List(Vec<JoinItem>),
}

struct Scope {
    quals: Relids,
    inner_joined: Relids,
    items: Vec<JoinItem>,
}

/// Where a condition stands.
#[derive(Clone, Copy)]
struct Stand {
    below_outer: bool,
    scope: Relids,
    /// Relations of the outer join whose condition this is.
    outer_scope: Option<Relids>,
    nonnullable: Relids,
}

impl Planner<'_> {
    /// Distributes all conditions of the query; returns what is to be joined.
    pub fn deconstruct_jointree(&mut self, root: &mut Root) -> Result<Vec<JoinItem>> {
        let from = std::mem::take(&mut root.query.jointree);
        root.all_rels = from.items.iter().map(relids_of_item).fold(Relids::EMPTY, Relids::union);
        let scope = self.deconstruct_from(root, from, false)?;
        Ok(scope.items)
    }

    fn deconstruct_from(&mut self, root: &mut Root, from: FromExpr, below_outer: bool) -> Result<Scope> {
        let mut scope = Scope { quals: Relids::EMPTY, inner_joined: Relids::EMPTY, items: Vec::new() };
        let count = from.items.len();
        let mut remaining = count as i32;
        for item in from.items {
            let mut child = self.deconstruct_item(root, item, below_outer)?;
            scope.quals = scope.quals.union(child.quals);
            scope.inner_joined = child.inner_joined;
            remaining -= 1;
            let together = scope.items.len() as i32 + child.items.len() as i32 + remaining;
            if child.items.len() <= 1 || together <= self.settings.from_collapse_limit {
                scope.items.append(&mut child.items);
            } else {
                scope.items.push(JoinItem::List(child.items));
            }
        }
        if count > 1 {
            scope.inner_joined = scope.quals;
        }
        let stand = Stand { below_outer, scope: scope.quals, outer_scope: None, nonnullable: Relids::EMPTY };
        for qual in tree::conjuncts(from.quals) {
            self.distribute(root, qual, stand)?;
        }
        Ok(scope)
    }

    fn deconstruct_item(&mut self, root: &mut Root, item: FromItem, below_outer: bool) -> Result<Scope> {
        match item {
            FromItem::Rel(rti) => {
                Ok(Scope { quals: Relids::single(rti), inner_joined: Relids::EMPTY, items: vec![JoinItem::Rel(rti)] })
            }
            FromItem::From(from) => self.deconstruct_from(root, *from, below_outer),
            FromItem::Join(join) => self.deconstruct_join(root, *join, below_outer),
        }
    }

    fn deconstruct_join(&mut self, root: &mut Root, join: JoinExpr, below_outer: bool) -> Result<Scope> {
        let (below_left, below_right) = match join.join_type {
            JoinType::Inner | JoinType::Semi => (below_outer, below_outer),
            JoinType::Left | JoinType::Anti => (below_outer, true),
            JoinType::Full | JoinType::Right => (true, true),
        };
        let mut left = self.deconstruct_item(root, join.left, below_left)?;
        let mut right = self.deconstruct_item(root, join.right, below_right)?;
        let all = left.quals.union(right.quals);
        let (inner_joined, nonnullable, nullable) = match join.join_type {
            JoinType::Inner => (all, Relids::EMPTY, Relids::EMPTY),
            JoinType::Semi => (left.inner_joined.union(right.inner_joined), Relids::EMPTY, Relids::EMPTY),
            JoinType::Left | JoinType::Anti => (left.inner_joined.union(right.inner_joined), left.quals, right.quals),
            _ => (left.inner_joined.union(right.inner_joined), all, all),
        };
        root.nullable_rels = root.nullable_rels.union(nullable);
        let quals = tree::conjuncts(join.quals);
        let special = (join.join_type != JoinType::Inner)
            .then(|| self.make_special(root, left.quals, right.quals, inner_joined, join.join_type, &quals));
        let outer_scope = special
            .as_ref()
            .filter(|special| special.join_type != JoinType::Semi)
            .map(|special| special.min_left.union(special.min_right));
        let stand = Stand { below_outer, scope: all, outer_scope, nonnullable };
        for qual in quals {
            self.distribute(root, qual, stand)?;
        }
        root.special_joins.extend(special);
        let together = left.items.len() + right.items.len();
        let items = if join.join_type == JoinType::Full {
            vec![JoinItem::List(vec![one_item(left.items), one_item(right.items)])]
        } else if together as i32 <= self.settings.join_collapse_limit {
            left.items.append(&mut right.items);
            left.items
        } else {
            vec![one_item(left.items), one_item(right.items)]
        };
        Ok(Scope { quals: all, inner_joined, items })
    }

    fn make_special(
        &mut self,
        root: &mut Root,
        left: Relids,
        right: Relids,
        inner_joined: Relids,
        join_type: JoinType,
        quals: &[Expr],
    ) -> SpecialJoin {
        let mut special = SpecialJoin {
            min_left: left,
            min_right: right,
            syn_left: left,
            syn_right: right,
            join_type,
            lhs_strict: false,
            delay_upper_joins: false,
            semi_exprs: Vec::new(),
        };
        if join_type == JoinType::Full {
            return special;
        }
        if join_type == JoinType::Semi {
            special.semi_exprs = self.semi_exprs(right, quals);
        }
        let clause_rels = quals.iter().fold(Relids::EMPTY, |set, qual| set.union(tree::varnos(qual)));
        let strict = quals
            .iter()
            .fold(Relids::EMPTY, |set, qual| set.union(crate::prep::nonnullable_rels(qual, true, self.lookup)));
        special.lhs_strict = strict.overlaps(left);
        let mut min_left = clause_rels.intersection(left);
        let mut min_right = clause_rels.union(inner_joined).intersection(right);
        let semi_or_anti = matches!(join_type, JoinType::Semi | JoinType::Anti);
        for other in &root.special_joins {
            let both = other.syn_left.union(other.syn_right);
            if other.join_type == JoinType::Full {
                if left.overlaps(both) {
                    min_left = min_left.union(both);
                }
                if right.overlaps(both) {
                    min_right = min_right.union(both);
                }
                continue;
            }
            // An outer join in our left side: ours must wait for it if we look at its nullable side and are not strict.
            if left.overlaps(other.syn_right)
                && clause_rels.overlaps(other.syn_right)
                && (semi_or_anti || !strict.overlaps(other.min_right))
            {
                min_left = min_left.union(both);
            }
            let other_semi = matches!(other.join_type, JoinType::Semi | JoinType::Anti);
            if right.overlaps(other.syn_right)
                && (clause_rels.overlaps(other.syn_right)
                    || !clause_rels.overlaps(other.min_left)
                    || semi_or_anti
                    || other_semi
                    || !other.lhs_strict
                    || other.delay_upper_joins)
            {
                min_right = min_right.union(both);
            }
        }
        special.min_left = if min_left.is_empty() { left } else { min_left };
        special.min_right = if min_right.is_empty() { right } else { min_right };
        special
    }

    /// The right-hand sides by which a semi join's right input can be made unique; none if that does not do.
    fn semi_exprs(&self, right: Relids, quals: &[Expr]) -> Vec<(Expr, Oid)> {
        let mut found = Vec::new();
        for qual in quals {
            let rels = tree::varnos(qual);
            if !rels.overlaps(right) {
                continue;
            }
            let Expr::OpExpr(op) = qual else { return Vec::new() };
            let Ok(info) = self.lookup.operator(op.operator) else { return Vec::new() };
            if op.args.len() != 2 || !(info.can_hash || info.can_merge) || tree::is_volatile(qual, b'v', self.lookup) {
                return Vec::new();
            }
            let (a, b) = (tree::varnos(&op.args[0]), tree::varnos(&op.args[1]));
            if b.is_subset(right) && !b.is_empty() && !a.overlaps(right) {
                found.push((op.args[1].clone(), op.operator));
            } else if a.is_subset(right) && !a.is_empty() && !b.overlaps(right) && info.commutator.is_valid() {
                found.push((op.args[0].clone(), info.commutator));
            } else {
                return Vec::new();
            }
        }
        found
    }

    fn distribute(&mut self, root: &mut Root, expr: Expr, stand: Stand) -> Result<()> {
        let mut relids = tree::varnos(&expr);
        let mut pseudoconstant = false;
        if relids.is_empty() {
            let volatile = tree::is_volatile(&expr, b'v', self.lookup);
            relids = stand.outer_scope.unwrap_or(stand.scope);
            // What belongs to an outer join decides about partners: it is no gate for the join's rows.
            if !volatile && stand.outer_scope.is_none() {
                pseudoconstant = true;
                root.has_pseudoconstant = true;
                if !stand.below_outer {
                    relids = root.all_rels;
                }
            }
        }
        let mentioned = tree::varnos(&expr);
        let (pushed_down, maybe_class, nullable, delayed);
        if let Some(outer_scope) = stand.outer_scope.filter(|_| stand.nonnullable.overlaps(relids)) {
            pushed_down = false;
            maybe_class = false;
            let (_, nulls, late) = outer_join_delay(root, relids, false);
            (nullable, delayed) = (nulls, late);
            relids = outer_scope;
        } else {
            pushed_down = true;
            let (wider, nulls, late) = outer_join_delay(root, relids, true);
            relids = wider;
            (nullable, delayed) = (nulls, late);
            maybe_class = !late;
        }
        let outer_relids = if pushed_down { Relids::EMPTY } else { stand.nonnullable };
        let clause = self.make_clause(
            root,
            expr,
            ClauseParts { relids, pushed_down, delayed, pseudoconstant, nullable, outer_relids },
        )?;
        if relids.len() > 1 {
            self.need_vars(root, &clause.expr, relids);
        }
        if maybe_class
            && !clause.merge_families.is_empty()
            && !mentioned.is_empty()
            && self.process_equivalence(root, &clause, stand.below_outer)?
        {
            return Ok(());
        }
        self.init_clause_classes(root, &clause)?;
        self.attach(root, clause);
        Ok(())
    }

    /// Notes where the columns of an expression are needed.
    pub fn need_vars(&self, root: &mut Root, expr: &Expr, at: Relids) {
        tree::for_each_var(expr, &mut |var| {
            let key = (var.varno, var.attno);
            let entry = root.needed.entry(key).or_insert(Relids::EMPTY);
            *entry = entry.union(at);
            let mut plain = var.clone();
            plain.levels_up = 0;
            root.needed_vars.entry(key).or_insert_with(|| plain.into());
        });
    }

    /// Makes a clause of a condition.
    pub fn make_clause(&mut self, root: &mut Root, expr: Expr, parts: ClauseParts) -> Result<ClauseRc> {
        let relids = tree::varnos(&expr);
        let mut clause = Clause {
            serial: root.serial(),
            relids,
            required: parts.relids,
            pushed_down: parts.pushed_down,
            outer_delayed: parts.delayed,
            left: Relids::EMPTY,
            right: Relids::EMPTY,
            can_join: false,
            pseudoconstant: parts.pseudoconstant,
            nullable: parts.nullable,
            outer_relids: parts.outer_relids,
            merge_families: Vec::new(),
            hash_operator: Oid::INVALID,
            left_class: Cell::new(None),
            right_class: Cell::new(None),
            from_class: None,
            selectivity: Cell::new(None),
            outer_selectivity: Cell::new(None),
            expr,
        };
        if let Expr::OpExpr(op) = &clause.expr
            && op.args.len() == 2
        {
            clause.left = tree::varnos(&op.args[0]);
            clause.right = tree::varnos(&op.args[1]);
            clause.can_join =
                !clause.left.is_empty() && !clause.right.is_empty() && !clause.left.overlaps(clause.right);
            if let Some((merge, hash)) = self.find_join_operators(op, &clause.expr, parts.pseudoconstant)? {
                clause.merge_families = merge;
                clause.hash_operator = if clause.can_join { hash } else { Oid::INVALID };
            }
        }
        Ok(Rc::new(clause))
    }

    fn find_join_operators(&self, op: &OpExpr, expr: &Expr, pseudoconstant: bool) -> Result<Option<(Vec<Oid>, Oid)>> {
        if pseudoconstant || op.result_type != Oid(16) {
            return Ok(None);
        }
        let info = self.lookup.operator(op.operator)?;
        if !(info.can_merge || info.can_hash) || tree::is_volatile(expr, b'v', self.lookup) {
            return Ok(None);
        }
        let families = self.lookup.families(op.operator)?;
        let merge =
            families.iter().filter(|m| info.can_merge && m.btree && m.strategy == 3).map(|m| m.family).collect();
        let hash = if info.can_hash && families.iter().any(|m| !m.btree) { op.operator } else { Oid::INVALID };
        Ok(Some((merge, hash)))
    }

    /// Puts a clause where it is to be applied: at a relation, or at all that it joins.
    pub fn attach(&self, root: &mut Root, clause: ClauseRc) {
        match clause.required.singleton() {
            Some(rti) => {
                if let Some(at) = root.find_rel(Relids::single(rti)) {
                    root.rels[at].clauses.push(clause);
                }
            }
            None => {
                for rti in clause.required.iter() {
                    if let Some(at) = root.find_rel(Relids::single(rti)) {
                        root.rels[at].join_clauses.push(ClauseRc::clone(&clause));
                    }
                }
            }
        }
    }
}

/// The fixed parts of a clause.
pub struct ClauseParts {
    /// Relations needed.
    pub relids: Relids,
    /// See [`Clause::pushed_down`].
    pub pushed_down: bool,
    /// See [`Clause::outer_delayed`].
    pub delayed: bool,
    /// See [`Clause::pseudoconstant`].
    pub pseudoconstant: bool,
    /// See [`Clause::nullable`].
    pub nullable: Relids,
    /// See [`Clause::outer_relids`].
    pub outer_relids: Relids,
}

impl ClauseParts {
    /// A filter over these relations.
    pub fn filter(relids: Relids) -> ClauseParts {
        ClauseParts {
            relids,
            pushed_down: true,
            delayed: false,
            pseudoconstant: false,
            nullable: Relids::EMPTY,
            outer_relids: Relids::EMPTY,
        }
    }
}

fn one_item(mut items: Vec<JoinItem>) -> JoinItem {
    if items.len() == 1 { items.remove(0) } else { JoinItem::List(items) }
}

/// The relations that must be joined before a condition over `relids` may be applied; which of them may be
/// null-extended; and whether it is delayed by that.
fn outer_join_delay(root: &mut Root, relids: Relids, pushed_down: bool) -> (Relids, Relids, bool) {
    let mut wider = relids;
    let mut nullable = Relids::EMPTY;
    let mut delayed = false;
    loop {
        let mut found = false;
        for special in &mut root.special_joins {
            let full = special.join_type == JoinType::Full;
            if !(wider.overlaps(special.min_right) || (full && wider.overlaps(special.min_left))) {
                continue;
            }
            if !special.min_left.is_subset(wider) || !special.min_right.is_subset(wider) {
                wider = wider.union(special.min_left).union(special.min_right);
                delayed = true;
                found = true;
            }
            nullable = nullable.union(special.min_right);
            if full {
                nullable = nullable.union(special.min_left);
            }
            if pushed_down && !full && wider.overlaps(special.min_left) {
                special.delay_upper_joins = true;
            }
        }
        if !found {
            break;
        }
    }
    (wider, nullable.intersection(relids), delayed)
}
