//! Equivalence classes: what `a = b` and `b = c` say together, and the orders of paths that rest on them.

use crate::joininfo::ClauseParts;
use crate::relids::Relids;
use crate::root::{ClauseRc, EquivClass, EquivMember, PathKey, PathKeys, Planner, Rel, Root};
use crate::tree;
use analyze::expr::{CoercionForm, Cosmetic, Expr, Location, NullTest, OpExpr, RelabelType};
use analyze::query::{SortGroupClause, TargetEntry};
use base::Oid;
use report::Result;
use std::rc::Rc;

const EQUAL: u16 = 3;

impl Planner<'_> {
    /// Adds an equality to the classes. False if it cannot be one.
    pub fn process_equivalence(&mut self, root: &mut Root, clause: &ClauseRc, below_outer: bool) -> Result<bool> {
        let Expr::OpExpr(op) = &clause.expr else { return Ok(false) };
        let collation = op.input_collation;
        let info = self.lookup.operator(op.operator)?;
        let left = relabeled(op.args[0].clone(), info.left, collation);
        let right = relabeled(op.args[1].clone(), info.right, collation);
        if left == right {
            return self.reflexive(root, clause, left);
        }
        let (left_null, right_null) =
            (tree::varnos(&left).intersection(clause.nullable), tree::varnos(&right).intersection(clause.nullable));
        let find = |root: &Root, expr: &Expr, type_oid: Oid, nullable: Relids| {
            root.classes.iter().position(|class| {
                class.merged.is_none()
                    && !class.has_volatile
                    && class.collation == collation
                    && class.families == clause.merge_families
                    && class.members.iter().any(|m| m.type_oid == type_oid && m.nullable == nullable && m.expr == *expr)
            })
        };
        let at_left = find(root, &left, info.left, left_null);
        let at_right = find(root, &right, info.right, right_null);
        let class = match (at_left, at_right) {
            (Some(a), Some(b)) if a == b => a,
            (Some(a), Some(b)) => {
                merge_classes(root, a, b);
                a
            }
            (Some(a), None) => {
                self.add_member(root, a, right, right_null, info.right);
                a
            }
            (None, Some(b)) => {
                self.add_member(root, b, left, left_null, info.left);
                b
            }
            (None, None) => {
                root.classes.push(EquivClass {
                    families: clause.merge_families.clone(),
                    collation,
                    members: Vec::new(),
                    sources: Vec::new(),
                    derived: Vec::new(),
                    relids: Relids::EMPTY,
                    has_const: false,
                    has_volatile: false,
                    below_outer: false,
                    broken: false,
                    merged: None,
                    sort_ref: 0,
                });
                let at = root.classes.len() - 1;
                self.add_member(root, at, left, left_null, info.left);
                self.add_member(root, at, right, right_null, info.right);
                at
            }
        };
        let entry = &mut root.classes[class];
        entry.sources.push(Rc::clone(clause));
        entry.below_outer |= below_outer;
        clause.left_class.set(Some(class));
        clause.right_class.set(Some(class));
        Ok(true)
    }

    /// `x = x` says that x is not null, if the operator is strict.
    fn reflexive(&mut self, root: &mut Root, clause: &ClauseRc, arg: Expr) -> Result<bool> {
        let Expr::OpExpr(op) = &clause.expr else { return Ok(false) };
        if !self.lookup.function(op.function)?.strict {
            return Ok(false);
        }
        let test = NullTest { arg, is_null: false, arg_is_row: false, location: Location::UNKNOWN };
        let parts = ClauseParts {
            pushed_down: clause.pushed_down,
            nullable: clause.nullable,
            ..ClauseParts::filter(clause.required)
        };
        let clause = self.make_clause(root, test.into(), parts)?;
        self.attach(root, clause);
        Ok(true)
    }

    fn add_member(&self, root: &mut Root, class: usize, expr: Expr, nullable: Relids, type_oid: Oid) {
        let relids = tree::varnos(&expr);
        let class = &mut root.classes[class];
        let is_const = relids.is_empty()
            && !tree::has_set_column(&expr)
            && !tree::has_aggregate(&expr)
            && !tree::has_window(&expr);
        class.has_const |= is_const;
        class.relids = class.relids.union(relids);
        class.members.push(EquivMember { expr, relids, nullable, is_const, type_oid });
    }

    /// Finds the classes of a merge clause's sides, making them if need be.
    pub fn init_clause_classes(&mut self, root: &mut Root, clause: &ClauseRc) -> Result<()> {
        let Expr::OpExpr(op) = &clause.expr else { return Ok(()) };
        if clause.merge_families.is_empty() || clause.left_class.get().is_some() {
            return Ok(());
        }
        let info = self.lookup.operator(op.operator)?;
        let families = clause.merge_families.clone();
        let left = self.class_for(root, &op.args[0], clause.nullable, &families, info.left, op.input_collation, 0);
        let right = self.class_for(root, &op.args[1], clause.nullable, &families, info.right, op.input_collation, 0);
        clause.left_class.set(Some(left));
        clause.right_class.set(Some(right));
        Ok(())
    }

    /// The class of an expression for these families, made if need be.
    #[allow(clippy::too_many_arguments, reason = "the identity of a class has so many parts")]
    pub fn class_for(
        &mut self,
        root: &mut Root,
        expr: &Expr,
        nullable: Relids,
        families: &[Oid],
        type_oid: Oid,
        collation: Oid,
        sort_ref: u32,
    ) -> usize {
        let expr = relabeled(expr.clone(), type_oid, collation);
        let relids = tree::varnos(&expr);
        let nullable = relids.intersection(nullable);
        let found = root.classes.iter().position(|class| {
            class.merged.is_none()
                && class.collation == collation
                && class.families == families
                && (!class.has_volatile || (sort_ref != 0 && sort_ref == class.sort_ref))
                && class.members.iter().any(|m| {
                    m.type_oid == type_oid
                        && (m.is_const || m.nullable == nullable || nullable.is_empty())
                        && m.expr == expr
                })
        });
        if let Some(found) = found {
            return found;
        }
        let volatile = tree::is_volatile(&expr, b'v', self.lookup);
        let is_const = relids.is_empty()
            && !volatile
            && !tree::has_set_column(&expr)
            && !tree::has_aggregate(&expr)
            && !tree::has_window(&expr)
            && !tree::returns_set(&expr);
        root.classes.push(EquivClass {
            families: families.to_vec(),
            collation,
            members: vec![EquivMember { expr, relids, nullable, is_const, type_oid }],
            sources: Vec::new(),
            derived: Vec::new(),
            relids,
            has_const: is_const,
            has_volatile: volatile,
            below_outer: false,
            broken: false,
            merged: None,
            sort_ref,
        });
        root.classes.len() - 1
    }

    /// Makes the conditions on single relations that the classes imply.
    pub fn generate_base_equalities(&mut self, root: &mut Root) -> Result<()> {
        for class in 0..root.classes.len() {
            let entry = &root.classes[class];
            if entry.merged.is_some() || entry.members.len() < 2 {
                continue;
            }
            if entry.has_const {
                self.generate_const_equalities(root, class)?;
            } else {
                self.generate_same_rel_equalities(root, class)?;
            }
            // Columns of a class without constant are needed where its clauses may be made.
            if !root.classes[class].has_const {
                self.need_class_vars(root, class);
            }
        }
        let pairs: Vec<(usize, Relids)> = root.rels.iter().enumerate().map(|(at, rel)| (at, rel.relids)).collect();
        for (at, relids) in pairs {
            root.rels[at].has_class_joins = has_class_joins(root, relids);
        }
        Ok(())
    }

    fn need_class_vars(&self, root: &mut Root, class: usize) {
        let (exprs, relids): (Vec<Expr>, Relids) =
            (root.classes[class].members.iter().map(|m| m.expr.clone()).collect(), root.classes[class].relids);
        if relids.len() > 1 {
            exprs.iter().for_each(|expr| self.need_vars(root, expr, relids));
        }
    }

    fn generate_const_equalities(&mut self, root: &mut Root, class: usize) -> Result<()> {
        let entry = root.classes[class].clone();
        // One clause says it all: it is used as written.
        if entry.members.len() == 2 && entry.sources.len() == 1 {
            self.attach(root, Rc::clone(&entry.sources[0]));
            return Ok(());
        }
        let is_literal = |m: &&EquivMember| matches!(m.expr, Expr::Const(_));
        let constants = || entry.members.iter().filter(|m| m.is_const);
        let Some(constant) = constants().find(is_literal).or_else(|| constants().next()) else { return Ok(()) };
        for member in &entry.members {
            if std::ptr::eq(member, constant) {
                continue;
            }
            let required = member.relids;
            match self.equality(root, class, member, constant)? {
                Some(expr) => {
                    let pseudoconstant = required.is_empty();
                    let parts = ClauseParts {
                        nullable: member.nullable,
                        pseudoconstant,
                        ..ClauseParts::filter(if pseudoconstant { root.all_rels } else { required })
                    };
                    root.has_pseudoconstant |= pseudoconstant;
                    let clause = self.make_class_clause(root, class, expr, parts)?;
                    self.attach(root, clause);
                }
                None => {
                    root.classes[class].broken = true;
                    break;
                }
            }
        }
        if root.classes[class].broken {
            for source in entry.sources {
                self.attach(root, source);
            }
        }
        Ok(())
    }

    fn generate_same_rel_equalities(&mut self, root: &mut Root, class: usize) -> Result<()> {
        let entry = root.classes[class].clone();
        let mut first: Vec<(i32, &EquivMember)> = Vec::new();
        for member in &entry.members {
            let Some(rti) = member.relids.singleton() else { continue };
            match first.iter().position(|(r, _)| *r == rti) {
                None => first.push((rti, member)),
                Some(at) => {
                    if let Some(expr) = self.equality(root, class, first[at].1, member)? {
                        let parts = ClauseParts {
                            nullable: first[at].1.nullable.union(member.nullable),
                            ..ClauseParts::filter(member.relids)
                        };
                        let clause = self.make_class_clause(root, class, expr, parts)?;
                        self.attach(root, clause);
                        first[at].1 = member;
                    }
                }
            }
        }
        Ok(())
    }

    fn make_class_clause(&mut self, root: &mut Root, class: usize, expr: Expr, parts: ClauseParts) -> Result<ClauseRc> {
        let mut clause = self.make_clause(root, expr, parts)?;
        let inner = Rc::get_mut(&mut clause).expect("just made");
        inner.from_class = Some(class);
        inner.left_class.set(Some(class));
        inner.right_class.set(Some(class));
        Ok(clause)
    }

    /// `a = b` by the class's families.
    fn equality(&self, root: &Root, class: usize, a: &EquivMember, b: &EquivMember) -> Result<Option<Expr>> {
        let entry = &root.classes[class];
        for family in &entry.families {
            if let Some(operator) = self.lookup.family_operator(*family, a.type_oid, b.type_oid, EQUAL)? {
                let info = self.lookup.operator(operator)?;
                return Ok(Some(Expr::OpExpr(Box::new(OpExpr {
                    operator,
                    function: info.function,
                    result_type: info.result,
                    returns_set: false,
                    collation: Oid::INVALID,
                    input_collation: entry.collation,
                    args: vec![a.expr.clone(), b.expr.clone()],
                    location: Location::UNKNOWN,
                }))));
            }
        }
        Ok(None)
    }

    /// The conditions that the classes imply between two sets of relations.
    pub fn join_equalities(&mut self, root: &mut Root, outer: Relids, inner: Relids) -> Result<Vec<ClauseRc>> {
        let mut out = Vec::new();
        let joined = outer.union(inner);
        for class in 0..root.classes.len() {
            let entry = &root.classes[class];
            let concerns = entry.merged.is_none()
                && !entry.has_const
                && !entry.has_volatile
                && entry.members.len() > 1
                && entry.relids.overlaps(outer)
                && entry.relids.overlaps(inner);
            if !concerns {
                continue;
            }
            if !entry.broken && !self.class_join_clauses(root, class, outer, inner, &mut out)? {
                root.classes[class].broken = true;
            }
            if root.classes[class].broken {
                let sources = root.classes[class].sources.clone();
                out.extend(sources.into_iter().filter(|clause| {
                    clause.required.is_subset(joined)
                        && !clause.required.is_subset(outer)
                        && !clause.required.is_subset(inner)
                }));
            }
        }
        Ok(out)
    }

    fn class_join_clauses(
        &mut self,
        root: &mut Root,
        class: usize,
        outer: Relids,
        inner: Relids,
        out: &mut Vec<ClauseRc>,
    ) -> Result<bool> {
        let joined = outer.union(inner);
        let members = root.classes[class].members.clone();
        let of = |f: &dyn Fn(&EquivMember) -> bool| -> Vec<usize> {
            (0..members.len()).filter(|&i| !members[i].relids.is_empty() && f(&members[i])).collect()
        };
        let on_outer = of(&|m| m.relids.is_subset(outer));
        let on_inner = of(&|m| m.relids.is_subset(inner));
        let across = of(&|m| m.relids.is_subset(joined) && !m.relids.is_subset(outer) && !m.relids.is_subset(inner));
        let is_plain = |i: usize| matches!(members[i].expr, Expr::Var(_) | Expr::RelabelType(_));
        if !on_outer.is_empty() && !on_inner.is_empty() {
            let mut best: Option<(u8, usize, usize)> = None;
            for &a in &on_outer {
                for &b in &on_inner {
                    let score = 1 + u8::from(is_plain(a)) + u8::from(is_plain(b));
                    if best.is_none_or(|(s, _, _)| score > s)
                        && self.equality(root, class, &members[a], &members[b])?.is_some()
                    {
                        best = Some((score, a, b));
                    }
                }
            }
            let Some((_, a, b)) = best else { return Ok(false) };
            out.push(self.derived(root, class, a, b)?);
        }
        if let Some(&anchor) = across.first() {
            let other = on_outer.first().or(on_inner.first()).copied();
            for &member in across.iter().skip(1).chain(other.iter()) {
                if self.equality(root, class, &members[anchor], &members[member])?.is_none() {
                    return Ok(false);
                }
                out.push(self.derived(root, class, anchor, member)?);
            }
        }
        Ok(true)
    }

    /// The clause `members[a] = members[b]`: the source clause if one says so, else made once.
    fn derived(&mut self, root: &mut Root, class: usize, a: usize, b: usize) -> Result<ClauseRc> {
        let entry = &root.classes[class];
        if let Some((_, _, clause)) = entry.derived.iter().find(|(x, y, _)| (*x, *y) == (a, b) || (*x, *y) == (b, a)) {
            return Ok(Rc::clone(clause));
        }
        let (left, right) = (entry.members[a].clone(), entry.members[b].clone());
        let source = entry.sources.iter().find(|clause| match &clause.expr {
            Expr::OpExpr(op) => {
                (op.args[0] == left.expr && op.args[1] == right.expr)
                    || (op.args[0] == right.expr && op.args[1] == left.expr)
            }
            _ => false,
        });
        let clause = match source {
            Some(source) => Rc::clone(source),
            None => {
                let expr = self.equality(root, class, &left, &right)?.expect("callers have tried it");
                let parts = ClauseParts {
                    nullable: left.nullable.union(right.nullable),
                    ..ClauseParts::filter(left.relids.union(right.relids))
                };
                self.make_class_clause(root, class, expr, parts)?
            }
        };
        root.classes[class].derived.push((a, b, Rc::clone(&clause)));
        Ok(clause)
    }

    /// `members[a] = members[b]` if the families have an operator for it.
    pub fn try_derived(&mut self, root: &mut Root, class: usize, a: usize, b: usize) -> Result<Option<ClauseRc>> {
        let (left, right) = (root.classes[class].members[a].clone(), root.classes[class].members[b].clone());
        if self.equality(root, class, &left, &right)?.is_none() {
            return Ok(None);
        }
        self.derived(root, class, a, b).map(Some)
    }

    /// The order that sort clauses ask for; redundant columns are left out.
    pub fn keys_for_sort(
        &mut self,
        root: &mut Root,
        clauses: &[SortGroupClause],
        targets: &[TargetEntry],
    ) -> Result<PathKeys> {
        let mut keys: Vec<PathKey> = Vec::new();
        for clause in clauses {
            let Some(target) = targets.iter().find(|t| t.sort_group_ref == clause.target_ref) else { continue };
            let expr = target.expr.clone();
            let Some(key) = self.key_for(root, &expr, clause.sort_operator, clause.nulls_first, clause.target_ref)?
            else {
                return Ok(Rc::new(Vec::new()));
            };
            push_key(root, &mut keys, key);
        }
        Ok(Rc::new(keys))
    }

    /// The path key of an expression under an ordering operator.
    pub fn key_for(
        &mut self,
        root: &mut Root,
        expr: &Expr,
        operator: Oid,
        nulls_first: bool,
        sort_ref: u32,
    ) -> Result<Option<PathKey>> {
        let Some(member) =
            self.lookup.families(operator)?.into_iter().find(|m| m.btree && (m.strategy == 1 || m.strategy == 5))
        else {
            return Ok(None);
        };
        let Some(equal) = self.lookup.family_operator(member.family, member.left, member.left, EQUAL)? else {
            return Ok(None);
        };
        let families = self.equal_families(equal)?;
        let nullable = root.nullable_rels;
        let class = self.class_for(root, expr, nullable, &families, member.left, expr.collation_of(), sort_ref);
        Ok(Some(PathKey { class, family: member.family, descending: member.strategy == 5, nulls_first }))
    }

    /// The B-tree families in which an operator is equality.
    pub fn equal_families(&self, operator: Oid) -> Result<Vec<Oid>> {
        let members = self.lookup.families(operator)?;
        Ok(members.iter().filter(|m| m.btree && m.strategy == EQUAL).map(|m| m.family).collect())
    }
}

/// Adds a key unless the order is decided without it.
pub fn push_key(root: &Root, keys: &mut Vec<PathKey>, mut key: PathKey) {
    key.class = root.canonical(key.class);
    let class = &root.classes[key.class];
    let constant = class.has_const && !class.below_outer;
    if !constant && !keys.iter().any(|k| k.class == key.class) {
        keys.push(key);
    }
}

fn merge_classes(root: &mut Root, into: usize, from: usize) {
    let old = root.classes[from].clone();
    root.classes[from].merged = Some(into);
    root.classes[from].members.clear();
    let class = &mut root.classes[into];
    class.members.extend(old.members);
    class.sources.extend(old.sources.iter().cloned());
    class.relids = class.relids.union(old.relids);
    class.has_const |= old.has_const;
    class.below_outer |= old.below_outer;
}

/// The expression as the operator family's type under a collation.
fn relabeled(expr: Expr, type_oid: Oid, collation: Oid) -> Expr {
    let actual = expr.type_of();
    // Families over anyarray, anyenum and record take any such type as it is.
    let polymorphic = matches!(type_oid.0, 2277 | 2283 | 2249 | 3500 | 3831 | 4537);
    if (actual == type_oid || polymorphic) && expr.collation_of() == collation {
        return expr;
    }
    let arg = match expr {
        Expr::RelabelType(node) => node.arg,
        other => other,
    };
    let result_type = if polymorphic { actual } else { type_oid };
    if arg.type_of() == result_type && arg.collation_of() == collation {
        return arg;
    }
    RelabelType {
        typmod: -1,
        arg,
        result_type,
        collation,
        format: Cosmetic(CoercionForm::ImplicitCast),
        location: Location::UNKNOWN,
    }
    .into()
}

/// True if some class relates these relations to others.
pub fn has_class_joins(root: &Root, relids: Relids) -> bool {
    root.classes.iter().any(|class| {
        class.merged.is_none()
            && !class.has_const
            && class.members.len() > 1
            && class.relids.overlaps(relids)
            && !class.relids.is_subset(relids)
    })
}

/// True if some class could join the two.
pub fn classes_join(root: &Root, a: &Rel, b: &Rel) -> bool {
    a.has_class_joins
        && b.has_class_joins
        && root.classes.iter().any(|class| {
            class.merged.is_none()
                && !class.has_const
                && class.relids.overlaps(a.relids)
                && class.relids.overlaps(b.relids)
        })
}

/// True if `keys` has all of `wanted` at its start.
pub fn keys_contained(wanted: &[PathKey], keys: &[PathKey]) -> bool {
    keys.len() >= wanted.len() && keys[..wanted.len()] == *wanted
}

/// How many of `wanted` `keys` starts with.
pub fn keys_in_common(wanted: &[PathKey], keys: &[PathKey]) -> usize {
    wanted.iter().zip(keys).take_while(|(a, b)| a == b).count()
}
