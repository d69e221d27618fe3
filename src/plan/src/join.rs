//! Joins: which are allowed, how large they are, and the ways to do them.

use crate::classes::{keys_contained, push_key};
use crate::cost::{DISABLE_COST, clamp_rows, page_size, relation_bytes};
use crate::node::JoinType;
use crate::pathset::{add_path, cheapest_for_keys};
use crate::relids::Relids;
use crate::root::{ClauseRc, JoinPath, ParamInfo, Path, PathKeys, PathKind, PathRc, Planner, Rel, Root, SpecialJoin};
use crate::selectivity::{Between, inner_join};
use analyze::expr::Expr;
use report::Result;
use std::rc::Rc;

/// A join being built: the two sides and what is known of them together.
struct Join<'a> {
    at: usize,
    outer: usize,
    inner: usize,
    join_type: JoinType,
    clauses: &'a [ClauseRc],
    special: &'a SpecialJoin,
    inner_unique: bool,
    /// Selectivity numbers for semi joins and unique inners.
    semi: SemiFactors,
    /// One side is made unique first.
    unique_outer: bool,
    unique_inner: bool,
}

#[derive(Clone, Copy, Default)]
struct SemiFactors {
    outer_match: f64,
    match_count: f64,
}

impl Planner<'_> {
    /// Joins two relations in every way, unless the order is not allowed. Returns the joint relation.
    pub fn make_join_rel(&mut self, root: &mut Root, mut a: usize, mut b: usize) -> Result<Option<usize>> {
        let (left, right) = (root.rels[a].relids, root.rels[b].relids);
        let relids = left.union(right);
        let Some((special, reversed)) = self.legal_join(root, left, right, relids) else { return Ok(None) };
        if reversed {
            std::mem::swap(&mut a, &mut b);
        }
        let (left, right) = (root.rels[a].relids, root.rels[b].relids);
        let special = special.unwrap_or_else(|| inner_join(left, right));
        let clauses = self.join_clause_list(root, a, b, relids)?;
        let at = match root.find_rel(relids) {
            Some(at) => at,
            None => self.build_join_rel(root, a, b, relids, &special, &clauses)?,
        };
        if !root.rels[at].is_dummy {
            self.populate_join(root, at, a, b, &special, &clauses)?;
        }
        Ok(Some(at))
    }

    /// Whether two relations may be joined now: the outer join that this is, and whether the sides are to be swapped.
    fn legal_join(
        &self,
        root: &Root,
        left: Relids,
        right: Relids,
        joined: Relids,
    ) -> Option<(Option<SpecialJoin>, bool)> {
        let mut matched: Option<&SpecialJoin> = None;
        let mut reversed = false;
        let mut unique = false;
        let mut must_be_left = false;
        for special in &root.special_joins {
            let (l, r) = (special.min_left, special.min_right);
            if !r.overlaps(joined) || joined.is_subset(r) {
                continue;
            }
            if l.is_subset(left) && r.is_subset(left) || l.is_subset(right) && r.is_subset(right) {
                continue;
            }
            if special.join_type == JoinType::Semi {
                let done = |side: Relids| special.syn_right.is_subset(side) && special.syn_right != side;
                if done(left) || done(right) {
                    continue;
                }
            }
            if l.is_subset(left) && r.is_subset(right) {
                if matched.is_some() {
                    return None;
                }
                (matched, reversed) = (Some(special), false);
            } else if l.is_subset(right) && r.is_subset(left) {
                if matched.is_some() {
                    return None;
                }
                (matched, reversed) = (Some(special), true);
            } else if special.join_type == JoinType::Semi
                && special.syn_right == right
                && !special.semi_exprs.is_empty()
            {
                if matched.is_some() {
                    return None;
                }
                (matched, reversed, unique) = (Some(special), false, true);
            } else if special.join_type == JoinType::Semi && special.syn_right == left && !special.semi_exprs.is_empty()
            {
                if matched.is_some() {
                    return None;
                }
                (matched, reversed, unique) = (Some(special), true, true);
            } else {
                if left.overlaps(r) && right.overlaps(r) {
                    continue;
                }
                if special.join_type != JoinType::Left || joined.overlaps(l) {
                    return None;
                }
                must_be_left = true;
            }
        }
        if must_be_left && !matched.is_some_and(|m| m.join_type == JoinType::Left && m.lhs_strict) {
            return None;
        }
        if !self.lateral_allows(root, left, right, matched, reversed, unique) {
            return None;
        }
        Some((matched.cloned(), reversed))
    }

    fn lateral_allows(
        &self,
        root: &Root,
        left: Relids,
        right: Relids,
        matched: Option<&SpecialJoin>,
        reversed: bool,
        unique: bool,
    ) -> bool {
        if !root.has_lateral {
            return true;
        }
        let lateral_of = |relids: Relids| root.find_rel(relids).map_or(Relids::EMPTY, |at| root.rels[at].lateral);
        let left_needs = lateral_of(left).overlaps(right);
        let right_needs = lateral_of(right).overlaps(left);
        if left_needs && right_needs {
            return false;
        }
        let is_full = matched.is_some_and(|m| m.join_type == JoinType::Full);
        let is_inner = matched.is_none();
        if right_needs && !is_inner && (reversed || unique || is_full) {
            return false;
        }
        if left_needs && !is_inner && (!reversed || unique || is_full) {
            return false;
        }
        true
    }

    /// The conditions to be applied at a join.
    fn join_clause_list(&mut self, root: &mut Root, a: usize, b: usize, relids: Relids) -> Result<Vec<ClauseRc>> {
        let mut list: Vec<ClauseRc> = Vec::new();
        for at in [a, b] {
            for clause in &root.rels[at].join_clauses {
                let due = clause.required.is_subset(relids);
                if due && !list.iter().any(|c| c.serial == clause.serial) {
                    list.push(Rc::clone(clause));
                }
            }
        }
        let (left, right) = (root.rels[a].relids, root.rels[b].relids);
        for clause in self.join_equalities(root, left, right)? {
            if !list.iter().any(|c| c.serial == clause.serial) {
                list.push(clause);
            }
        }
        Ok(list)
    }

    fn build_join_rel(
        &mut self,
        root: &mut Root,
        a: usize,
        b: usize,
        relids: Relids,
        special: &SpecialJoin,
        clauses: &[ClauseRc],
    ) -> Result<usize> {
        let mut exprs = Vec::new();
        for at in [a, b] {
            for expr in &root.rels[at].target.exprs {
                let Expr::Var(var) = expr else { continue };
                let needed = root.needed.get(&(var.varno, var.attno)).copied().unwrap_or_default();
                if !needed.is_subset(relids) {
                    exprs.push(expr.clone());
                }
            }
        }
        let refs = vec![0; exprs.len()];
        let target = self.make_target(root, exprs, refs);
        let mut join_clauses: Vec<ClauseRc> = Vec::new();
        for at in [a, b] {
            for clause in &root.rels[at].join_clauses {
                if !clause.required.is_subset(relids) && !join_clauses.iter().any(|c| c.serial == clause.serial) {
                    join_clauses.push(Rc::clone(clause));
                }
            }
        }
        let lateral = root.rels[a].lateral.union(root.rels[b].lateral).difference(relids);
        let rows = self.join_rows(root, (root.rels[a].rows, root.rels[b].rows), (a, b), special, clauses)?;
        let rel = Rel {
            relids,
            rows,
            target,
            paths: Vec::new(),
            clauses: Vec::new(),
            join_clauses,
            has_class_joins: crate::classes::has_class_joins(root, relids),
            base: None,
            lateral,
            is_dummy: false,
            param_infos: Vec::new(),
        };
        Ok(root.add_rel(rel))
    }

    fn join_rows(
        &self,
        root: &Root,
        (outer_rows, inner_rows): (f64, f64),
        (a, b): (usize, usize),
        special: &SpecialJoin,
        clauses: &[ClauseRc],
    ) -> Result<f64> {
        let _ = (a, b);
        let is_outer = special.join_type != JoinType::Inner && special.join_type != JoinType::Semi;
        let (own, pushed): (Vec<ClauseRc>, Vec<ClauseRc>) =
            clauses.iter().cloned().partition(|c| !is_outer || !c.pushed_down);
        let join = self.clauselist_selectivity(root, &own, 0, Between::Join(special))?;
        let filter =
            if is_outer { self.clauselist_selectivity(root, &pushed, 0, Between::Join(special))? } else { 1.0 };
        let rows = match special.join_type {
            JoinType::Inner => outer_rows * inner_rows * join,
            JoinType::Left => (outer_rows * inner_rows * join).max(outer_rows) * filter,
            JoinType::Full => (outer_rows * inner_rows * join).max(outer_rows).max(inner_rows) * filter,
            JoinType::Semi => outer_rows * join,
            _ => outer_rows * (1.0 - join) * filter,
        };
        Ok(clamp_rows(rows))
    }

    fn populate_join(
        &mut self,
        root: &mut Root,
        at: usize,
        a: usize,
        b: usize,
        special: &SpecialJoin,
        clauses: &[ClauseRc],
    ) -> Result<()> {
        let dummy = |rel: &Rel| rel.is_dummy;
        let (a_dummy, b_dummy) = (dummy(&root.rels[a]), dummy(&root.rels[b]));
        let never = |pushed_only: bool| {
            clauses
                .iter()
                .any(|c| (!pushed_only || c.pushed_down) && matches!(&c.expr, Expr::Const(v) if !v.value.is_true()))
        };
        let (join_type, empty) = match special.join_type {
            JoinType::Inner => (JoinType::Inner, a_dummy || b_dummy || never(false)),
            JoinType::Left => (JoinType::Left, a_dummy || never(true)),
            JoinType::Full => (JoinType::Full, a_dummy && b_dummy || never(true)),
            JoinType::Semi => (JoinType::Semi, a_dummy || b_dummy || never(false)),
            other => (other, a_dummy || never(true)),
        };
        if empty {
            self.make_dummy(root, at);
            return Ok(());
        }
        match join_type {
            JoinType::Inner => {
                self.add_join_paths(root, at, (a, b), JoinType::Inner, special, clauses, (false, false))?;
                self.add_join_paths(root, at, (b, a), JoinType::Inner, special, clauses, (false, false))?;
            }
            JoinType::Left => {
                self.add_join_paths(root, at, (a, b), JoinType::Left, special, clauses, (false, false))?;
                self.add_join_paths(root, at, (b, a), JoinType::Right, special, clauses, (false, false))?;
            }
            JoinType::Full => {
                self.add_join_paths(root, at, (a, b), JoinType::Full, special, clauses, (false, false))?;
                self.add_join_paths(root, at, (b, a), JoinType::Full, special, clauses, (false, false))?;
                if root.rels[at].paths.is_empty() {
                    return Err(report::error!(
                        FEATURE_NOT_SUPPORTED,
                        "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"
                    ));
                }
            }
            JoinType::Semi => {
                if special.min_left.is_subset(root.rels[a].relids) && special.min_right.is_subset(root.rels[b].relids) {
                    self.add_join_paths(root, at, (a, b), JoinType::Semi, special, clauses, (false, false))?;
                }
                if special.syn_right == root.rels[b].relids
                    && !special.semi_exprs.is_empty()
                    && root.rels[b].lateral.is_empty()
                {
                    self.add_join_paths(root, at, (a, b), JoinType::Inner, special, clauses, (false, true))?;
                    self.add_join_paths(root, at, (b, a), JoinType::Inner, special, clauses, (true, false))?;
                }
            }
            other => self.add_join_paths(root, at, (a, b), other, special, clauses, (false, false))?,
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "a join has so many properties")]
    fn add_join_paths(
        &mut self,
        root: &mut Root,
        at: usize,
        (outer, inner): (usize, usize),
        join_type: JoinType,
        special: &SpecialJoin,
        clauses: &[ClauseRc],
        (unique_outer, unique_inner): (bool, bool),
    ) -> Result<()> {
        let inner_unique = match join_type {
            JoinType::Semi | JoinType::Anti => false,
            _ if unique_inner => true,
            _ => self.is_inner_unique(root, inner, join_type, clauses, root.rels[outer].relids)?,
        };
        let mut join = Join {
            at,
            outer,
            inner,
            join_type,
            clauses,
            special,
            inner_unique,
            semi: SemiFactors::default(),
            unique_outer,
            unique_inner,
        };
        if matches!(join_type, JoinType::Semi | JoinType::Anti) || inner_unique {
            join.semi = self.semi_factors(root, &join)?;
        }
        let merge = if self.settings.enable_mergejoin || join_type == JoinType::Full {
            merge_clauses(root, &join)
        } else {
            Some(Vec::new())
        };
        // A full join on a constant is a merge join without clauses.
        if let Some(merge) = &merge
            && (!merge.is_empty() || join_type == JoinType::Full)
        {
            self.sort_both_paths(root, &join, merge)?;
        }
        if let Some(merge) = &merge {
            self.nested_and_merge_paths(root, &join, merge)?;
        }
        if self.settings.enable_hashjoin || join_type == JoinType::Full {
            self.hash_paths(root, &join)?;
        }
        Ok(())
    }

    fn is_inner_unique(
        &self,
        root: &Root,
        inner: usize,
        join_type: JoinType,
        clauses: &[ClauseRc],
        outer: Relids,
    ) -> Result<bool> {
        let relids = root.rels[inner].relids;
        let Some(rti) = relids.singleton() else { return Ok(false) };
        let is_outer = join_type != JoinType::Inner;
        let joined = relids.union(outer);
        let usable: Vec<ClauseRc> = clauses
            .iter()
            .filter(|c| {
                !(is_outer && c.pushed_down && !c.required.is_subset(Relids::EMPTY))
                    && c.can_join
                    && c.relids.is_subset(joined)
            })
            .cloned()
            .collect();
        self.is_unique_by(root, rti, &usable, relids)
    }

    fn semi_factors(&self, root: &Root, join: &Join<'_>) -> Result<SemiFactors> {
        let is_outer = join.join_type != JoinType::Inner;
        let own: Vec<ClauseRc> = join.clauses.iter().filter(|c| !is_outer || !c.pushed_down).cloned().collect();
        let anti = join.join_type == JoinType::Anti;
        let (outer, inner) = (root.rels[join.outer].relids, root.rels[join.inner].relids);
        let as_type = |join_type| SpecialJoin {
            join_type,
            min_left: outer,
            min_right: inner,
            syn_left: outer,
            syn_right: inner,
            ..join.special.clone()
        };
        let semi = as_type(if anti { JoinType::Anti } else { JoinType::Semi });
        // Computed afresh: the clauses' cached numbers are for the join as written.
        let exprs: Vec<Expr> = own.iter().map(|c| c.expr.clone()).collect();
        let outer_match = self.exprs_selectivity(root, &exprs, 0, Between::Join(&semi))?;
        let all = self.exprs_selectivity(root, &exprs, 0, Between::Join(&as_type(JoinType::Inner)))?;
        let match_count =
            if outer_match > 0.0 { (all * root.rels[join.inner].rows / outer_match).max(1.0) } else { 1.0 };
        Ok(SemiFactors { outer_match, match_count })
    }

    /// The best unparameterised paths of the sides, made unique if that is how the join is done.
    fn side_path(&mut self, root: &Root, join: &Join<'_>, inner_side: bool) -> Result<PathRc> {
        let at = if inner_side { join.inner } else { join.outer };
        let path = self.cheapest(&root.rels[at])?;
        if inner_side && join.unique_inner || !inner_side && join.unique_outer {
            return self.unique_path(root, at, &path, join.special);
        }
        Ok(path)
    }

    fn unique_path(&self, root: &Root, at: usize, path: &PathRc, special: &SpecialJoin) -> Result<PathRc> {
        let rel = &root.rels[at];
        let exprs: Vec<Expr> = special.semi_exprs.iter().map(|(e, _)| e.clone()).collect();
        // A single relation that is unique by its index need not be made so.
        let rows = self.group_count(root, &exprs, rel.rows)?;
        let keys = exprs.len() as f64;
        let operator = self.settings.cpu_operator_cost;
        let hash_startup = path.total + operator * keys * path.rows;
        let hash_total = hash_startup + self.settings.cpu_tuple_cost * rows;
        let (sort_startup, sort_run) = self.sort_cost(path.rows, path.target.width, 0.0, -1.0);
        let sort_total = path.total + sort_startup + sort_run + operator * keys * path.rows;
        let hashed = self.settings.enable_hashagg && hash_total < sort_total;
        Ok(Rc::new(Path {
            kind: PathKind::Unique { child: Rc::clone(path), hashed, exprs: special.semi_exprs.clone() },
            relids: rel.relids,
            target: Rc::clone(&path.target),
            rows,
            startup: if hashed { hash_startup } else { path.total + sort_startup },
            total: if hashed { hash_total } else { sort_total },
            keys: Rc::default(),
            param: None,
        }))
    }

    fn nested_and_merge_paths(&mut self, root: &mut Root, join: &Join<'_>, merge: &[ClauseRc]) -> Result<()> {
        let nested = !matches!(join.join_type, JoinType::Right | JoinType::Full);
        let use_nested = nested && !join.unique_outer;
        let inner_best = self.side_path(root, join, true)?;
        let outer_paths: Vec<PathRc> = match join.unique_outer {
            true => vec![self.side_path(root, join, false)?],
            false => root.rels[join.outer].paths.clone(),
        };
        let inner_param: Vec<PathRc> = match join.unique_inner {
            true => Vec::new(),
            false => root.rels[join.inner].paths.iter().filter(|p| p.param.is_some()).cloned().collect(),
        };
        for outer in outer_paths {
            if outer.required_outer().overlaps(root.rels[join.inner].relids) {
                continue;
            }
            if use_nested || join.unique_outer {
                self.try_nestloop(root, join, &outer, &inner_best)?;
                for inner in &inner_param {
                    self.try_nestloop(root, join, &outer, inner)?;
                    if let Some(memo) = self.memoize_path(root, join, &outer, inner)? {
                        self.try_nestloop(root, join, &outer, &memo)?;
                    }
                }
                if self.settings.enable_material && inner_best.param.is_none() && !materialized_already(&inner_best) {
                    let material = self.material_path(&inner_best);
                    self.try_nestloop(root, join, &outer, &material)?;
                }
            }
            if !join.unique_outer && !merge.is_empty() && outer.param.is_none() {
                self.merge_with_sorted_outer(root, join, merge, &outer, &inner_best)?;
            }
        }
        Ok(())
    }

    fn try_nestloop(&mut self, root: &mut Root, join: &Join<'_>, outer: &PathRc, inner: &PathRc) -> Result<()> {
        let (outer_rels, inner_rels) = (root.rels[join.outer].relids, root.rels[join.inner].relids);
        if outer.required_outer().overlaps(inner_rels) {
            return Ok(());
        }
        let required = outer.required_outer().union(inner.required_outer().difference(outer_rels));
        if !required.is_subset(root.rels[join.at].lateral) {
            return Ok(());
        }
        // Conditions that the inner path applies already are not applied again.
        let moved: Vec<u32> = inner.param.iter().flat_map(|p| p.clauses.iter().map(|c| c.serial)).collect();
        let mut clauses: Vec<ClauseRc> = join.clauses.iter().filter(|c| !moved.contains(&c.serial)).cloned().collect();
        if let Some(param) = &inner.param {
            clauses.retain(|c| {
                c.from_class.is_none() && !same_class(c)
                    || !param.clauses.iter().any(|p| class_of(p).is_some() && class_of(p) == class_of(c))
            });
        }
        let param = self.join_param(root, join, required)?;
        let rows = param.as_ref().map_or(root.rels[join.at].rows, |p| p.rows);
        let (startup, total) = self.nestloop_cost(join, outer, inner, &clauses);
        let target = Rc::clone(&root.rels[join.at].target);
        let relids = root.rels[join.at].relids;
        let keys = self.join_keys(root, join, &outer.keys);
        let path = Path {
            kind: PathKind::NestLoop(self.join_part(join, outer, inner, clauses)),
            relids,
            rows,
            startup: startup + target.cost.startup,
            total: total + target.cost.startup + target.cost.per_tuple * rows,
            target,
            keys,
            param,
        };
        add_path(&mut root.rels[join.at], path);
        Ok(())
    }

    fn join_part(&self, join: &Join<'_>, outer: &PathRc, inner: &PathRc, clauses: Vec<ClauseRc>) -> JoinPath {
        JoinPath {
            join_type: join.join_type,
            outer: Rc::clone(outer),
            inner: Rc::clone(inner),
            clauses,
            inner_unique: join.inner_unique,
        }
    }

    fn join_param(&mut self, root: &mut Root, join: &Join<'_>, required: Relids) -> Result<Option<Rc<ParamInfo>>> {
        if required.is_empty() {
            return Ok(None);
        }
        let rel = &mut root.rels[join.at];
        if let Some(known) = rel.param_infos.iter().find(|p| p.required == required) {
            return Ok(Some(Rc::clone(known)));
        }
        let info = Rc::new(ParamInfo { required, clauses: Vec::new(), rows: rel.rows });
        rel.param_infos.push(Rc::clone(&info));
        Ok(Some(info))
    }

    fn join_keys(&self, root: &Root, join: &Join<'_>, keys: &PathKeys) -> PathKeys {
        if matches!(join.join_type, JoinType::Right | JoinType::Full) || keys.is_empty() {
            return Rc::default();
        }
        self.useful_keys(root, join.at, keys)
    }

    fn rescan_cost(&self, path: &Path) -> (f64, f64) {
        let s = self.settings;
        match &path.kind {
            PathKind::Function => (0.0, path.total - path.startup),
            PathKind::Hash { .. } => (path.startup.min(0.0), path.total - path.startup),
            PathKind::Cte { .. } | PathKind::WorkTable { .. } => {
                let run = s.cpu_tuple_cost * path.rows;
                (0.0, run + spill_io(s, path))
            }
            PathKind::Material(_) | PathKind::Sort { .. } => {
                let run = s.cpu_operator_cost * path.rows;
                (0.0, run + spill_io(s, path))
            }
            PathKind::Memoize { child, .. } => {
                // Assume that half of the look-ups hit.
                let _ = child;
                (path.startup, path.total)
            }
            _ => (path.startup, path.total),
        }
    }

    fn nestloop_cost(&self, join: &Join<'_>, outer: &PathRc, inner: &PathRc, clauses: &[ClauseRc]) -> (f64, f64) {
        let s = self.settings;
        let (outer_rows, inner_rows) = (outer.rows.max(1.0), inner.rows.max(1.0));
        let (rescan_startup, rescan_total) = self.rescan_cost(inner);
        let startup = outer.startup + inner.startup;
        let mut run = outer.total - outer.startup;
        if outer_rows > 1.0 {
            run += (outer_rows - 1.0) * rescan_startup;
        }
        let inner_run = inner.total - inner.startup;
        let rescan_run = rescan_total - rescan_startup;
        let semi = matches!(join.join_type, JoinType::Semi | JoinType::Anti) || join.inner_unique;
        let tuples = if semi {
            let matched = (outer_rows * join.semi.outer_match).round_ties_even();
            let unmatched = outer_rows - matched;
            let fraction = 2.0 / (join.semi.match_count + 1.0);
            let mut count = matched * inner_rows * fraction;
            if indexed_join_quals(inner, clauses) {
                run += inner_run * fraction;
                if matched > 1.0 {
                    run += (matched - 1.0) * rescan_run * fraction;
                }
                run += unmatched * rescan_run / inner_rows;
            } else {
                count += unmatched * inner_rows;
                run += inner_run;
                let mut repeats = unmatched;
                if repeats >= 1.0 {
                    repeats -= 1.0;
                    run += matched * rescan_run * fraction;
                } else if matched > 1.0 {
                    run += (matched - 1.0) * rescan_run * fraction;
                }
                if repeats > 0.0 {
                    run += repeats * rescan_run;
                }
            }
            count
        } else {
            run += inner_run;
            if outer_rows > 1.0 {
                run += (outer_rows - 1.0) * rescan_run;
            }
            outer_rows * inner_rows
        };
        let quals = self.clauses_cost(clauses);
        let disabled = if s.enable_nestloop { 0.0 } else { DISABLE_COST };
        let startup = startup + quals.startup + disabled;
        (startup, startup + run + (s.cpu_tuple_cost + quals.per_tuple) * tuples)
    }

    /// The path with its rows kept for reading again.
    pub fn material_path(&self, child: &PathRc) -> PathRc {
        let s = self.settings;
        let mut run = child.total - child.startup;
        run += 2.0 * s.cpu_operator_cost * child.rows;
        if relation_bytes(child.rows, child.target.width) > s.work_mem {
            run += s.seq_page_cost * page_size(child.rows, child.target.width);
        }
        Rc::new(Path {
            kind: PathKind::Material(Rc::clone(child)),
            relids: child.relids,
            target: Rc::clone(&child.target),
            rows: child.rows,
            startup: child.startup,
            total: child.startup + run,
            keys: Rc::clone(&child.keys),
            param: child.param.clone(),
        })
    }

    /// The inner path with its rows kept by parameter values, if the outer side repeats them.
    fn memoize_path(&mut self, root: &Root, join: &Join<'_>, outer: &PathRc, inner: &PathRc) -> Result<Option<PathRc>> {
        let s = self.settings;
        let Some(param) = &inner.param else { return Ok(None) };
        if !s.enable_memoize
            || outer.rows < 2.0
            || param.clauses.is_empty()
            || join.join_type == JoinType::Semi
            || join.join_type == JoinType::Anti
        {
            return Ok(None);
        }
        if join.inner_unique && param.clauses.len() != join.clauses.len() {
            return Ok(None);
        }
        let inner_rels = root.rels[join.inner].relids;
        let mut keys = Vec::new();
        let mut operators = Vec::new();
        let mut collations = Vec::new();
        for clause in &param.clauses {
            let Expr::OpExpr(op) = &clause.expr else { return Ok(None) };
            if !clause.hash_operator.is_valid() || op.args.len() != 2 {
                return Ok(None);
            }
            let outer_arg = if clause.left.is_subset(inner_rels) { &op.args[1] } else { &op.args[0] };
            if crate::tree::varnos(outer_arg).overlaps(inner_rels) {
                return Ok(None);
            }
            keys.push(outer_arg.clone());
            operators.push(op.operator);
            collations.push(op.input_collation);
        }
        if !root.rels[join.inner].lateral.is_empty() || !required_covered(param, outer) {
            return Ok(None);
        }
        let calls = outer.rows;
        let distinct = self.group_count(root, &keys, calls)?;
        let entry_bytes = relation_bytes(inner.rows, inner.target.width) + 24.0 + 64.0;
        let entries = (s.work_mem * s.hash_mem_multiplier / entry_bytes).floor().max(1.0);
        let evict = 1.0 - (entries.min(distinct)) / distinct;
        let hit = ((calls - distinct) / calls * (entries / distinct.max(entries))).clamp(0.0, 1.0);
        let mut total = inner.total * (1.0 - hit) + s.cpu_operator_cost;
        total += s.cpu_tuple_cost * evict
            + s.cpu_operator_cost * evict * inner.rows
            + s.cpu_tuple_cost
            + s.cpu_operator_cost * inner.rows;
        let startup = inner.startup * (1.0 - hit) + s.cpu_tuple_cost;
        if total >= inner.total {
            return Ok(None);
        }
        Ok(Some(Rc::new(Path {
            kind: PathKind::Memoize {
                child: Rc::clone(inner),
                keys,
                operators,
                collations,
                single_row: join.inner_unique,
            },
            relids: inner.relids,
            target: Rc::clone(&inner.target),
            rows: inner.rows,
            startup,
            total,
            keys: Rc::clone(&inner.keys),
            param: inner.param.clone(),
        })))
    }

    fn outer_merge_keys(&self, root: &Root, join: &Join<'_>, merge: &[ClauseRc]) -> PathKeys {
        let outer = root.rels[join.outer].relids;
        let mut keys = Vec::new();
        for clause in merge {
            let class = if clause.left.is_subset(outer) { clause.left_class.get() } else { clause.right_class.get() };
            let Some(class) = class.map(|c| root.canonical(c)) else { continue };
            // An order that the query wants anyway is preferred.
            let wanted = root.query_keys.iter().find(|k| k.class == class);
            let key = wanted.cloned().unwrap_or(crate::root::PathKey {
                class,
                family: clause.merge_families[0],
                descending: false,
                nulls_first: false,
            });
            push_key(root, &mut keys, key);
        }
        Rc::new(keys)
    }

    fn inner_merge_keys(&self, root: &Root, join: &Join<'_>, merge: &[ClauseRc], outer_keys: &PathKeys) -> PathKeys {
        let outer = root.rels[join.outer].relids;
        let mut keys = Vec::new();
        for clause in merge {
            let on_left = clause.left.is_subset(outer);
            let classes = (clause.left_class.get(), clause.right_class.get());
            let (Some(left), Some(right)) = classes else { continue };
            let (o, i) = if on_left { (left, right) } else { (right, left) };
            let (o, i) = (root.canonical(o), root.canonical(i));
            let Some(model) = outer_keys.iter().find(|k| k.class == o) else { continue };
            push_key(root, &mut keys, crate::root::PathKey { class: i, ..model.clone() });
        }
        Rc::new(keys)
    }

    /// Merge joins that sort both sides.
    fn sort_both_paths(&mut self, root: &mut Root, join: &Join<'_>, merge: &[ClauseRc]) -> Result<()> {
        let outer = self.side_path(root, join, false)?;
        let inner = self.side_path(root, join, true)?;
        if outer.param.is_some() || inner.param.is_some() {
            return Ok(());
        }
        let mut orders: Vec<Vec<ClauseRc>> = vec![merge.to_vec()];
        // A full join must use all clauses in the order given; others may put any first.
        for first in 1..merge.len().min(4) {
            let mut order = merge.to_vec();
            order[..=first].rotate_right(1);
            orders.push(order);
        }
        for order in orders {
            let outer_keys = self.outer_merge_keys(root, join, &order);
            let inner_keys = self.inner_merge_keys(root, join, &order, &outer_keys);
            self.try_merge(root, join, &outer, &inner, order, outer_keys, inner_keys)?;
        }
        Ok(())
    }

    fn merge_with_sorted_outer(
        &mut self,
        root: &mut Root,
        join: &Join<'_>,
        merge: &[ClauseRc],
        outer: &PathRc,
        inner_best: &PathRc,
    ) -> Result<()> {
        if outer.keys.is_empty() || inner_best.param.is_some() {
            return Ok(());
        }
        let outer_rels = root.rels[join.outer].relids;
        let mut order: Vec<ClauseRc> = Vec::new();
        for key in outer.keys.iter() {
            let mut any = false;
            for clause in merge {
                let class =
                    if clause.left.is_subset(outer_rels) { clause.left_class.get() } else { clause.right_class.get() };
                if class.map(|c| root.canonical(c)) == Some(key.class)
                    && !order.iter().any(|c| c.serial == clause.serial)
                {
                    order.push(Rc::clone(clause));
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        if order.is_empty() || (join.join_type == JoinType::Full && order.len() != merge.len()) {
            return Ok(());
        }
        let inner_keys = self.inner_merge_keys(root, join, &order, &outer.keys);
        self.try_merge(root, join, outer, inner_best, order.clone(), Rc::clone(&outer.keys), Rc::clone(&inner_keys))?;
        if join.unique_inner {
            return Ok(());
        }
        for by_startup in [false, true] {
            let sorted =
                cheapest_for_keys(&root.rels[join.inner].paths, &inner_keys, Relids::EMPTY, by_startup).cloned();
            if let Some(sorted) = sorted.filter(|p| p.param.is_none()) {
                self.try_merge(
                    root,
                    join,
                    outer,
                    &sorted,
                    order.clone(),
                    Rc::clone(&outer.keys),
                    Rc::clone(&inner_keys),
                )?;
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "a merge join has so many properties")]
    fn try_merge(
        &mut self,
        root: &mut Root,
        join: &Join<'_>,
        outer: &PathRc,
        inner: &PathRc,
        merge: Vec<ClauseRc>,
        outer_keys: PathKeys,
        inner_keys: PathKeys,
    ) -> Result<()> {
        let is_full = join.join_type == JoinType::Full && merge.is_empty();
        if (outer_keys.is_empty() && !is_full)
            || outer.required_outer().overlaps(root.rels[join.inner].relids)
            || inner.required_outer().overlaps(root.rels[join.outer].relids)
        {
            return Ok(());
        }
        let required = outer.required_outer().union(inner.required_outer());
        if !required.is_subset(root.rels[join.at].lateral) {
            return Ok(());
        }
        let s = self.settings;
        let outer_sort = !keys_contained(&outer_keys, &outer.keys);
        let inner_sort = !keys_contained(&inner_keys, &inner.keys);
        let (outer_rows, inner_rows) = (outer.rows.max(1.0), inner.rows.max(1.0));
        let ends = match merge.first() {
            Some(clause) => self.merge_scan_ends(root, join, clause)?,
            None => (1.0, 1.0),
        };
        let (mut startup, mut run) = (0.0, 0.0);
        let mut inner_run = 0.0;
        for (path, sort, is_outer) in [(outer, outer_sort, true), (inner, inner_sort, false)] {
            let (start, total) = match sort {
                true => {
                    let (sort_startup, sort_run) = self.sort_cost(path.rows, path.target.width, 0.0, -1.0);
                    (path.total + sort_startup, path.total + sort_startup + sort_run)
                }
                false => (path.startup, path.total),
            };
            let end = if is_outer { ends.0 } else { ends.1 };
            startup += start;
            let part = (total - start) * end;
            if is_outer { run += part } else { inner_run = part }
        }
        let (outer_seen, inner_seen) = (clamp_rows(outer_rows * ends.0), clamp_rows(inner_rows * ends.1));
        let is_outer_join = join.join_type != JoinType::Inner && join.join_type != JoinType::Semi;
        let own: Vec<ClauseRc> = merge.iter().filter(|c| !is_outer_join || !c.pushed_down).cloned().collect();
        let merge_cost = self.clauses_cost(&merge);
        let rest: Vec<ClauseRc> =
            join.clauses.iter().filter(|c| !merge.iter().any(|m| m.serial == c.serial)).cloned().collect();
        let rest_cost = self.clauses_cost(&rest);
        let exprs: Vec<Expr> = own.iter().map(|c| c.expr.clone()).collect();
        let pairs = clamp_rows(
            self.exprs_selectivity(
                root,
                &exprs,
                0,
                Between::Join(&inner_join(root.rels[join.outer].relids, root.rels[join.inner].relids)),
            )? * outer_rows
                * inner_rows,
        );
        let skip_mark = (matches!(join.join_type, JoinType::Semi | JoinType::Anti) || join.inner_unique)
            && rest.is_empty()
            || join.inner_unique && merge.len() == join.clauses.len();
        let rescanned = if skip_mark { 0.0 } else { (pairs - inner_rows).max(0.0) };
        let ratio = 1.0 + rescanned / inner_rows;
        let bare = inner_run * ratio;
        let material = inner_run + s.cpu_operator_cost * inner_seen * ratio;
        // Sources that cannot go back need a store in between.
        let must = !skip_mark && !inner_sort && !can_mark(inner);
        let materialize = !skip_mark
            && (must
                || (s.enable_material && material < bare)
                || (s.enable_material && inner_sort && relation_bytes(inner.rows, inner.target.width) > s.work_mem));
        run += if materialize { material } else { bare };
        let semi = matches!(join.join_type, JoinType::Semi | JoinType::Anti) || join.inner_unique;
        let joined = if semi {
            outer_seen * if join.join_type == JoinType::Anti { 1.0 } else { join.semi.outer_match }
        } else {
            pairs
        };
        startup += merge_cost.startup + rest_cost.startup;
        run += merge_cost.per_tuple * (outer_seen + inner_seen * ratio);
        run += (s.cpu_tuple_cost + rest_cost.per_tuple) * joined;
        if !s.enable_mergejoin {
            startup += DISABLE_COST;
        }
        let param = self.join_param(root, join, required)?;
        let keys = match join.join_type {
            JoinType::Right | JoinType::Full => Rc::default(),
            _ => self.useful_keys(
                root,
                join.at,
                &if outer_sort { Rc::clone(&outer_keys) } else { Rc::clone(&outer.keys) },
            ),
        };
        let rel = &root.rels[join.at];
        let path = Path {
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows: rel.rows,
            startup: startup + rel.target.cost.startup,
            total: startup + run + rel.target.cost.startup + rel.target.cost.per_tuple * rel.rows,
            keys,
            param,
            kind: PathKind::Merge {
                join: self.join_part(join, outer, inner, join.clauses.to_vec()),
                merge,
                outer_keys,
                inner_keys,
                outer_sort,
                inner_sort,
                materialize,
                skip_mark,
            },
        };
        add_path(&mut root.rels[join.at], path);
        Ok(())
    }

    /// Which part of each side a merge join reads before the other side is exhausted.
    fn merge_scan_ends(&self, root: &Root, join: &Join<'_>, clause: &ClauseRc) -> Result<(f64, f64)> {
        let Expr::OpExpr(op) = &clause.expr else { return Ok((1.0, 1.0)) };
        let outer_left = clause.left.is_subset(root.rels[join.outer].relids);
        let (o, i) = if outer_left { (0, 1) } else { (1, 0) };
        let (outer, inner) = self.merge_ends(root, &op.args[o], &op.args[i])?;
        Ok(match join.join_type {
            JoinType::Left | JoinType::Anti => (1.0, inner),
            JoinType::Right => (outer, 1.0),
            JoinType::Full => (1.0, 1.0),
            _ => (outer, inner),
        })
    }

    fn hash_paths(&mut self, root: &mut Root, join: &Join<'_>) -> Result<()> {
        let is_outer = join.join_type != JoinType::Inner && join.join_type != JoinType::Semi;
        let (outer_rels, inner_rels) = (root.rels[join.outer].relids, root.rels[join.inner].relids);
        let hash: Vec<ClauseRc> = join
            .clauses
            .iter()
            .filter(|c| {
                c.can_join
                    && c.hash_operator.is_valid()
                    && !(is_outer && c.pushed_down)
                    && sides_match(c, outer_rels, inner_rels)
            })
            .cloned()
            .collect();
        if hash.is_empty() {
            return Ok(());
        }
        let inner = self.side_path(root, join, true)?;
        let mut outers = vec![self.side_path(root, join, false)?];
        if !join.unique_outer
            && let Some(quick) = crate::pathset::cheapest_startup(&root.rels[join.outer].paths)
        {
            outers.push(Rc::clone(quick));
        }
        for outer in outers {
            if outer.required_outer().overlaps(inner_rels) || inner.required_outer().overlaps(outer_rels) {
                continue;
            }
            let required = outer.required_outer().union(inner.required_outer());
            if !required.is_subset(root.rels[join.at].lateral) {
                continue;
            }
            let (startup, total) = self.hash_cost(root, join, &outer, &inner, &hash)?;
            let param = self.join_param(root, join, required)?;
            let rel = &root.rels[join.at];
            let path = Path {
                kind: PathKind::Hash {
                    join: self.join_part(join, &outer, &inner, join.clauses.to_vec()),
                    hash: hash.clone(),
                },
                relids: rel.relids,
                target: Rc::clone(&rel.target),
                rows: rel.rows,
                startup: startup + rel.target.cost.startup,
                total: total + rel.target.cost.startup + rel.target.cost.per_tuple * rel.rows,
                keys: Rc::default(),
                param,
            };
            add_path(&mut root.rels[join.at], path);
        }
        Ok(())
    }

    fn hash_cost(
        &self,
        root: &Root,
        join: &Join<'_>,
        outer: &PathRc,
        inner: &PathRc,
        hash: &[ClauseRc],
    ) -> Result<(f64, f64)> {
        let s = self.settings;
        let keys = hash.len() as f64;
        let (outer_rows, inner_rows) = (outer.rows, inner.rows);
        let mut startup = outer.startup + inner.total + (s.cpu_operator_cost * keys + s.cpu_tuple_cost) * inner_rows;
        let mut run = outer.total - outer.startup + s.cpu_operator_cost * keys * outer_rows;
        let memory = s.work_mem * s.hash_mem_multiplier;
        let bytes = relation_bytes(inner_rows, inner.target.width) + 16.0 * inner_rows;
        let (buckets, batches) = if bytes > memory {
            let batches = (bytes / memory).log2().ceil().exp2();
            ((memory / (bytes / inner_rows.max(1.0))).max(1024.0).log2().ceil().exp2(), batches)
        } else {
            (inner_rows.max(1024.0).log2().ceil().exp2(), 1.0)
        };
        if batches > 1.0 {
            let outer_pages = page_size(outer_rows, outer.target.width);
            let inner_pages = page_size(inner_rows, inner.target.width);
            startup += s.seq_page_cost * inner_pages;
            run += s.seq_page_cost * (inner_pages + 2.0 * outer_pages);
        }
        let virtual_buckets = buckets * batches;
        let inner_rels = root.rels[join.inner].relids;
        let (mut bucket, mut most) = (1.0f64, 1.0f64);
        if join.unique_inner {
            bucket = 1.0 / virtual_buckets;
            most = 0.0;
        } else {
            for clause in hash {
                let Expr::OpExpr(op) = &clause.expr else { continue };
                let arg = if clause.right.is_subset(inner_rels) { &op.args[1] } else { &op.args[0] };
                let (common, fraction) = self.bucket_fraction(root, arg, virtual_buckets)?;
                bucket = bucket.min(fraction);
                most = most.min(common);
            }
        }
        if relation_bytes(clamp_rows(inner_rows * most), inner.target.width) > memory {
            startup += DISABLE_COST;
        }
        let hash_quals = self.clauses_cost(hash);
        let rest: Vec<ClauseRc> =
            join.clauses.iter().filter(|c| !hash.iter().any(|h| h.serial == c.serial)).cloned().collect();
        let rest_cost = self.clauses_cost(&rest);
        let semi = matches!(join.join_type, JoinType::Semi | JoinType::Anti) || join.inner_unique;
        let joined = if semi {
            let matched = (outer_rows * join.semi.outer_match).round_ties_even();
            let fraction = 2.0 / (join.semi.match_count + 1.0);
            startup += hash_quals.startup;
            run += hash_quals.per_tuple * matched * clamp_rows(inner_rows * bucket * fraction) * 0.5;
            run += hash_quals.per_tuple * (outer_rows - matched) * clamp_rows(inner_rows / virtual_buckets) * 0.05;
            if join.join_type == JoinType::Anti { outer_rows - matched } else { matched }
        } else {
            startup += hash_quals.startup;
            run += hash_quals.per_tuple * outer_rows * clamp_rows(inner_rows * bucket) * 0.5;
            let exprs: Vec<Expr> = hash.iter().map(|c| c.expr.clone()).collect();
            let between = inner_join(root.rels[join.outer].relids, inner_rels);
            clamp_rows(self.exprs_selectivity(root, &exprs, 0, Between::Join(&between))? * outer_rows * inner_rows)
        };
        startup += rest_cost.startup;
        run += (s.cpu_tuple_cost + rest_cost.per_tuple) * joined;
        if !s.enable_hashjoin {
            startup += DISABLE_COST;
        }
        Ok((startup, startup + run))
    }
}

fn spill_io(s: &crate::lookup::Settings, path: &Path) -> f64 {
    let bytes = relation_bytes(path.rows, path.target.width);
    if bytes > s.work_mem { s.seq_page_cost * (bytes / 8192.0).ceil() } else { 0.0 }
}

fn class_of(clause: &ClauseRc) -> Option<usize> {
    clause.from_class.or_else(|| if same_class(clause) { clause.left_class.get() } else { None })
}

fn same_class(clause: &ClauseRc) -> bool {
    clause.left_class.get().is_some() && clause.left_class.get() == clause.right_class.get()
}

fn required_covered(param: &ParamInfo, outer: &PathRc) -> bool {
    param.required.is_subset(outer.relids)
}

/// True if all join conditions are applied by the inner side's index.
fn indexed_join_quals(inner: &PathRc, clauses: &[ClauseRc]) -> bool {
    let inner = match &inner.kind {
        PathKind::Memoize { child, .. } => child,
        _ => inner,
    };
    matches!(inner.kind, PathKind::Index(_) | PathKind::Bitmap { .. }) && inner.param.is_some() && clauses.is_empty()
}

fn materialized_already(path: &Path) -> bool {
    matches!(
        path.kind,
        PathKind::Material(_)
            | PathKind::Sort { .. }
            | PathKind::Cte { .. }
            | PathKind::WorkTable { .. }
            | PathKind::Function
    )
}

fn can_mark(path: &Path) -> bool {
    matches!(path.kind, PathKind::Index(_) | PathKind::Material(_) | PathKind::Sort { .. })
}

fn sides_match(clause: &ClauseRc, outer: Relids, inner: Relids) -> bool {
    clause.left.is_subset(outer) && clause.right.is_subset(inner)
        || clause.left.is_subset(inner) && clause.right.is_subset(outer)
}

/// The clauses that a merge join can use; `None` if the join type needs all to be such and some are not.
fn merge_clauses(root: &Root, join: &Join<'_>) -> Option<Vec<ClauseRc>> {
    let is_outer = join.join_type != JoinType::Inner && join.join_type != JoinType::Semi;
    let (outer, inner) = (root.rels[join.outer].relids, root.rels[join.inner].relids);
    let mut out = Vec::new();
    let mut unusable = false;
    for clause in join.clauses {
        if is_outer && clause.pushed_down {
            continue;
        }
        if !clause.can_join || clause.merge_families.is_empty() {
            unusable |= !matches!(&clause.expr, Expr::Const(_));
            continue;
        }
        if !sides_match(clause, outer, inner) {
            unusable = true;
            continue;
        }
        let redundant = |c: Option<usize>| {
            c.is_some_and(|c| {
                let class = &root.classes[root.canonical(c)];
                class.has_const && !class.below_outer
            })
        };
        if redundant(clause.left_class.get()) || redundant(clause.right_class.get()) {
            unusable = true;
            continue;
        }
        out.push(Rc::clone(clause));
    }
    let needs_all = matches!(join.join_type, JoinType::Right | JoinType::Full);
    (!unusable || !needs_all).then_some(out)
}
