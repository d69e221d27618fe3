//! Index paths: which conditions an index can apply, what that costs, and bitmaps over several indexes.

use crate::cost::{DISABLE_COST, clamp_rows};
use crate::joininfo::ClauseParts;
use crate::lookup::FamilyMember;
use crate::pathset::add_path;
use crate::relids::Relids;
use crate::root::{
    BitmapPath, ClauseRc, IndexClause, IndexUse, ParamInfo, Path, PathKey, PathKeys, PathKind, Planner, Root,
    UsableIndex,
};
use crate::selectivity::{Between, same_column};
use crate::tree;
use analyze::expr::{BoolExprType, Const, Expr, Location, OpExpr};
use analyze::oids::DEFAULT_COLLATION;
use base::Oid;
use report::Result;
use std::rc::Rc;
use tuple::Datum;

const EQUAL: u16 = 3;
/// B-tree operator families with operators between types of one representation, or that the index scan converts.
const INTEGER_OPS: u32 = 1976;
const FLOAT_OPS: u32 = 1970;
const TEXT_OPS: u32 = 1994;
/// How many sets of outer relations are tried for each index clause.
const OUTER_SETS_PER_CLAUSE: usize = 10;

/// Index clauses by index column.
#[derive(Clone, Default)]
struct ClauseSet {
    columns: Vec<Vec<IndexClause>>,
}

impl ClauseSet {
    fn new(columns: usize) -> ClauseSet {
        ClauseSet { columns: vec![Vec::new(); columns] }
    }

    fn is_empty(&self) -> bool {
        self.columns.iter().all(Vec::is_empty)
    }

    fn add(&mut self, clause: IndexClause) {
        let list = &mut self.columns[clause.column];
        if !list.iter().any(|c| c.clause.serial == clause.clause.serial) {
            list.push(clause);
        }
    }

    fn all(&self) -> impl Iterator<Item = &IndexClause> {
        self.columns.iter().flatten()
    }
}

impl Planner<'_> {
    /// Makes the index paths of a base relation, bitmaps included.
    pub fn index_paths(&mut self, root: &mut Root, at: usize) -> Result<()> {
        self.check_partial_indexes(root, at);
        let base = root.rels[at].base.as_ref().expect("a base relation");
        let indexes = base.indexes.clone();
        if indexes.is_empty() {
            return Ok(());
        }
        let mut bitmaps: Vec<(Rc<BitmapPath>, Vec<ClauseRc>)> = Vec::new();
        let mut param_bitmaps: Vec<(Rc<BitmapPath>, Relids)> = Vec::new();
        for index in &indexes {
            if !index.predicate_ok {
                continue;
            }
            let own = self.match_clauses(root, at, index, &root.rels[at].clauses.clone())?;
            self.build_index_paths(root, at, index, &own, Relids::EMPTY, &mut bitmaps)?;
            let mut joins = self.match_clauses(root, at, index, &root.rels[at].join_clauses.clone())?;
            self.match_class_clauses(root, at, index, &mut joins)?;
            if !joins.is_empty() {
                self.parameterised_paths(root, at, index, &own, &joins, &mut param_bitmaps)?;
            }
        }
        let clauses = root.rels[at].clauses.clone();
        self.or_bitmaps(root, at, &indexes, &clauses, &mut bitmaps)?;
        if !bitmaps.is_empty() {
            let best = self.choose_bitmap_and(root, at, bitmaps)?;
            let path = self.bitmap_heap_path(root, at, best, None)?;
            add_path(&mut root.rels[at], path);
        }
        for (bitmap, required) in param_bitmaps {
            let param = self.base_param_info(root, at, required)?;
            let path = self.bitmap_heap_path(root, at, bitmap, param)?;
            add_path(&mut root.rels[at], path);
        }
        Ok(())
    }

    /// Finds which partial indexes the conditions allow.
    fn check_partial_indexes(&self, root: &mut Root, at: usize) {
        let rel = &root.rels[at];
        let Some(base) = &rel.base else { return };
        if base.indexes.iter().all(|index| index.predicate.is_empty()) {
            return;
        }
        let known: Vec<Expr> = rel.clauses.iter().map(|c| c.expr.clone()).collect();
        let indexes = base
            .indexes
            .iter()
            .map(|index| {
                let ok = index.predicate.iter().all(|p| self.implies(&known, p));
                Rc::new(UsableIndex {
                    info: index.info.clone(),
                    columns: index.columns.clone(),
                    predicate_ok: ok,
                    predicate: index.predicate.clone(),
                })
            })
            .collect();
        root.rels[at].base.as_mut().expect("a base relation").indexes = indexes;
    }

    /// True if the conditions imply the predicate, as far as simple rules tell.
    pub fn implies(&self, known: &[Expr], predicate: &Expr) -> bool {
        match predicate {
            Expr::BoolExpr(node) if node.op == BoolExprType::And => node.args.iter().all(|p| self.implies(known, p)),
            Expr::BoolExpr(node) if node.op == BoolExprType::Or => {
                known.contains(predicate) || node.args.iter().any(|p| self.implies(known, p))
            }
            _ => known.iter().any(|clause| self.clause_implies(clause, predicate)),
        }
    }

    fn clause_implies(&self, clause: &Expr, predicate: &Expr) -> bool {
        if clause == predicate {
            return true;
        }
        match (clause, predicate) {
            (Expr::BoolExpr(node), _) if node.op == BoolExprType::And => {
                node.args.iter().any(|c| self.clause_implies(c, predicate))
            }
            (Expr::BoolExpr(node), _) if node.op == BoolExprType::Or => {
                node.args.iter().all(|c| self.clause_implies(c, predicate))
            }
            // A strict condition on x implies x IS NOT NULL.
            (Expr::OpExpr(op), Expr::NullTest(test)) if !test.is_null && !test.arg_is_row => {
                op.args.contains(&test.arg) && self.lookup.function(op.function).is_ok_and(|f| f.strict)
            }
            (Expr::ScalarArrayOpExpr(op), Expr::NullTest(test)) if !test.is_null && op.use_or => {
                op.args[0] == test.arg && self.lookup.function(op.function).is_ok_and(|f| f.strict)
            }
            (Expr::OpExpr(c), Expr::OpExpr(p)) => self.comparison_implies(c, p).unwrap_or(false),
            _ => false,
        }
    }

    /// `x = 5` implies `x > 3`, and so on, within one B-tree family.
    fn comparison_implies(&self, clause: &OpExpr, predicate: &OpExpr) -> Option<bool> {
        let (Expr::Const(c), Expr::Const(p)) = (clause.args.get(1)?, predicate.args.get(1)?) else { return None };
        if clause.args[0] != predicate.args[0] || c.type_oid != p.type_oid || c.value.is_null() || p.value.is_null() {
            return None;
        }
        let ours = self.lookup.families(clause.operator).ok()?;
        let theirs = self.lookup.families(predicate.operator).ok()?;
        let (a, b) = ours
            .iter()
            .filter(|m| m.btree)
            .find_map(|m| theirs.iter().find(|t| t.btree && t.family == m.family).map(|t| (m.strategy, t.strategy)))?;
        let comparator = self.lookup.comparator(c.type_oid, clause.input_collation).ok()??;
        let order = comparator.compare(&c.value, &p.value);
        Some(match (a, b) {
            (1, 1) | (2, 2) | (1, 2) => order.is_le(),
            (2, 1) => order.is_lt(),
            (5, 5) | (4, 4) | (5, 4) => order.is_ge(),
            (4, 5) => order.is_gt(),
            (3, 1) => order.is_lt(),
            (3, 2) => order.is_le(),
            (3, 3) => order.is_eq(),
            (3, 4) => order.is_ge(),
            (3, 5) => order.is_gt(),
            _ => false,
        })
    }

    fn match_clauses(
        &mut self,
        root: &mut Root,
        at: usize,
        index: &Rc<UsableIndex>,
        clauses: &[ClauseRc],
    ) -> Result<ClauseSet> {
        let rti = root.rels[at].relids;
        let mut set = ClauseSet::new(index.info.key_columns);
        for clause in clauses {
            if clause.pseudoconstant {
                continue;
            }
            for column in 0..index.info.key_columns {
                if let Some(found) = self.match_clause(root, rti, index, column, clause)? {
                    set.add(found);
                    break;
                }
            }
        }
        Ok(set)
    }

    /// The clause as a condition of an index column, if it is one.
    fn match_clause(
        &mut self,
        root: &mut Root,
        rel: Relids,
        index: &Rc<UsableIndex>,
        column: usize,
        clause: &ClauseRc,
    ) -> Result<Option<IndexClause>> {
        let key = &index.columns[column];
        let info = index.info.columns[column].clone();
        let plain = |quals: Vec<Expr>, lossy: bool| {
            Some(IndexClause { clause: Rc::clone(clause), column, quals, lossy, row_columns: Vec::new() })
        };
        let usable_value = |e: &Expr| !tree::varnos(e).overlaps(rel) && !tree::is_volatile(e, b'v', self.lookup);
        match &clause.expr {
            Expr::OpExpr(op) if op.args.len() == 2 => {
                let collation_fits = !info.collation.is_valid() || info.collation == op.input_collation;
                if is_key(&op.args[0], key) && usable_value(&op.args[1]) {
                    if collation_fits && self.btree_strategy(op.operator, info.family)?.is_some() {
                        return Ok(plain(vec![clause.expr.clone()], false));
                    }
                    let quals = match self.match_pattern(op, &info) {
                        None => self.network_range(op, 0, info.family)?,
                        found => found,
                    };
                    return Ok(quals.and_then(|quals| plain(quals, true)));
                }
                if is_key(&op.args[1], key) && usable_value(&op.args[0]) && collation_fits {
                    if let Some(quals) = self.network_range(op, 1, info.family)? {
                        return Ok(plain(quals, true));
                    }
                    let commutator = self.lookup.operator(op.operator)?.commutator;
                    if commutator.is_valid() && self.btree_strategy(commutator, info.family)?.is_some() {
                        return Ok(plain(vec![self.commuted(op, commutator)?], false));
                    }
                }
                Ok(None)
            }
            Expr::ScalarArrayOpExpr(op) if op.use_or => {
                let collation_fits = !info.collation.is_valid() || info.collation == op.input_collation;
                let fits = is_key(&op.args[0], key)
                    && usable_value(&op.args[1])
                    && collation_fits
                    && self.btree_strategy(op.operator, info.family)?.is_some();
                Ok(if fits { plain(vec![clause.expr.clone()], false) } else { None })
            }
            Expr::NullTest(test) if !test.arg_is_row && is_key(&test.arg, key) => {
                Ok(plain(vec![clause.expr.clone()], false))
            }
            Expr::RowCompareExpr(row) => {
                let fits = is_key(&row.left[0], key)
                    && row.right.iter().all(usable_value)
                    && self.btree_strategy(row.operators[0], info.family)?.is_some()
                    && (!info.collation.is_valid() || info.collation == row.input_collations[0]);
                if !fits {
                    return Ok(None);
                }
                let mut columns = vec![column];
                for place in 1..row.left.len() {
                    let next = column + place;
                    let matches = next < index.info.key_columns
                        && is_key(&row.left[place], &index.columns[next])
                        && self.btree_strategy(row.operators[place], index.info.columns[next].family)?.is_some();
                    if !matches {
                        break;
                    }
                    columns.push(next);
                }
                // The index scan bounds by the first column only, so the comparison is checked again.
                let mut found = plain(vec![clause.expr.clone()], true);
                if let Some(found) = &mut found {
                    found.row_columns = columns;
                }
                Ok(found)
            }
            // A column of type bool is a condition by itself.
            Expr::Var(_) if info.family.0 == 424 && is_key(&clause.expr, key) => {
                Ok(plain(vec![bool_equals(clause.expr.clone(), true)], false))
            }
            Expr::BoolExpr(node)
                if node.op == BoolExprType::Not && info.family.0 == 424 && is_key(&node.args[0], key) =>
            {
                Ok(plain(vec![bool_equals(node.args[0].clone(), false)], false))
            }
            _ => {
                let _ = root;
                Ok(None)
            }
        }
    }

    fn btree_strategy(&self, operator: Oid, family: Oid) -> Result<Option<u16>> {
        // Of the operators between two types, the index scan converts the value of those between numbers only.
        let fits = |m: &&FamilyMember| {
            m.btree
                && m.family == family
                && (m.left == m.right || matches!(family.0, INTEGER_OPS | FLOAT_OPS | TEXT_OPS))
        };
        Ok(self.lookup.families(operator)?.iter().find(fits).map(|m| m.strategy))
    }

    fn commuted(&self, op: &OpExpr, commutator: Oid) -> Result<Expr> {
        let mut new = op.clone();
        new.operator = commutator;
        new.function = self.lookup.operator(commutator)?.function;
        new.args.swap(0, 1);
        Ok(Expr::OpExpr(Box::new(new)))
    }

    /// LIKE or a regular expression with a fixed start as a range of an index in byte order.
    fn match_pattern(&self, op: &OpExpr, column: &crate::lookup::IndexColumn) -> Option<Vec<Expr>> {
        let Expr::Const(pattern) = &op.args[1] else { return None };
        let Datum::Bytes(text) = &pattern.value else { return None };
        let restriction = self.lookup.operator(op.operator).ok()?.restriction.0;
        let (prefix, rest) = match restriction {
            1819 => crate::selectivity::like_parts(text),
            1818 => crate::selectivity::regex_parts(text),
            _ => return None,
        };
        if prefix.is_empty() || std::str::from_utf8(&prefix).is_err() {
            return None;
        }
        // Equality works under any collation that is deterministic; a range needs byte order.
        let left_type = op.args[0].type_of();
        let bytewise = matches!(column.family.0, 2095 | 2097) || column.collation.0 == 950;
        let (equal, at_least, less) = match (column.family.0, left_type.0) {
            (1994, 19) => (254, 257, 255),
            (1994, _) => (98, 667, 664),
            (2095, _) => (98, 2317, 2314),
            (426 | 427 | 2097, _) => (1054, 1061, 1058),
            _ => return None,
        };
        let value_type = if matches!(column.family.0, 426 | 427 | 2097) { Oid(1042) } else { Oid(25) };
        let make = |operator: u32, bytes: &[u8]| -> Option<Expr> {
            let info = self.lookup.operator(Oid(operator)).ok()?;
            Some(Expr::OpExpr(Box::new(OpExpr {
                operator: info.oid,
                function: info.function,
                result_type: Oid(16),
                returns_set: false,
                collation: Oid::INVALID,
                input_collation: column.collation,
                args: vec![
                    op.args[0].clone(),
                    Const { collation: DEFAULT_COLLATION, ..Const::new(value_type, Datum::bytes(bytes)) }.into(),
                ],
                location: Location::UNKNOWN,
            })))
        };
        if rest.is_none() {
            return make(equal, &prefix).map(|q| vec![q]);
        }
        if !bytewise {
            return None;
        }
        let mut quals = vec![make(at_least, &prefix)?];
        if let Some(end) = next_prefix(&prefix) {
            quals.push(make(less, &end)?);
        }
        Some(quals)
    }

    /// Adds the equalities that equivalence classes give for the index's columns.
    fn match_class_clauses(
        &mut self,
        root: &mut Root,
        at: usize,
        index: &Rc<UsableIndex>,
        set: &mut ClauseSet,
    ) -> Result<()> {
        if !root.rels[at].has_class_joins {
            return Ok(());
        }
        let rel = root.rels[at].relids;
        for column in 0..index.info.key_columns {
            let info = index.info.columns[column].clone();
            for class in 0..root.classes.len() {
                let entry = &root.classes[class];
                if entry.merged.is_some()
                    || entry.has_const
                    || entry.has_volatile
                    || entry.members.len() < 2
                    || !entry.relids.overlaps(rel)
                {
                    continue;
                }
                let collation_fits = !info.collation.is_valid() || info.collation == entry.collation;
                let Some(own) = entry
                    .members
                    .iter()
                    .position(|m| m.relids == rel && collation_fits && is_key(&m.expr, &index.columns[column]))
                else {
                    continue;
                };
                let others: Vec<usize> =
                    (0..entry.members.len()).filter(|&o| !entry.members[o].relids.overlaps(rel)).collect();
                for other in others {
                    if let Some(clause) = self.class_clause(root, class, other, own)?
                        && let Some(found) = self.match_clause(root, rel, index, column, &clause)?
                    {
                        set.add(found);
                    }
                }
            }
        }
        Ok(())
    }

    fn class_clause(&mut self, root: &mut Root, class: usize, other: usize, own: usize) -> Result<Option<ClauseRc>> {
        let (a, b) = (root.classes[class].members[other].relids, root.classes[class].members[own].relids);
        let _ = (a, b);
        self.try_derived(root, class, other, own)
    }

    /// Index paths that take values from outer relations.
    fn parameterised_paths(
        &mut self,
        root: &mut Root,
        at: usize,
        index: &Rc<UsableIndex>,
        own: &ClauseSet,
        joins: &ClauseSet,
        bitmaps: &mut Vec<(Rc<BitmapPath>, Relids)>,
    ) -> Result<()> {
        let rel = root.rels[at].relids;
        let outer_of = |clause: &IndexClause| clause.clause.relids.difference(rel);
        let mut considered: Vec<Relids> = Vec::new();
        let limit = OUTER_SETS_PER_CLAUSE * joins.all().count();
        for clause in joins.all() {
            let relids = outer_of(clause);
            if considered.contains(&relids) {
                continue;
            }
            let mut new = Vec::new();
            for old in &considered {
                let both = old.union(relids);
                let redundant = relids.is_subset(*old)
                    || old.is_subset(relids)
                    || considered.contains(&both)
                    || new.contains(&both);
                if !redundant && considered.len() + new.len() < limit {
                    new.push(both);
                }
            }
            considered.append(&mut new);
            considered.push(relids);
        }
        for required in considered {
            if !self.outer_allowed(root, rel, required) {
                continue;
            }
            let mut set = own.clone();
            for clause in joins.all().filter(|c| outer_of(c).is_subset(required)) {
                let movable = clause.clause.from_class.is_some()
                    || crate::scan::join_clause_is_movable(root, &clause.clause, rel, rel.union(required))
                    || clause.clause.left_class.get().is_some()
                        && clause.clause.left_class.get() == clause.clause.right_class.get();
                let delayed = clause.clause.outer_delayed || rel.overlaps(clause.clause.outer_relids);
                if movable && !delayed {
                    set.add(clause.clone());
                }
            }
            let mut found = Vec::new();
            self.build_index_paths(root, at, index, &set, required, &mut found)?;
            bitmaps.extend(found.into_iter().map(|(bitmap, _)| (bitmap, required)));
        }
        Ok(())
    }

    /// Values cannot come from relations that are joined to this one by an outer join that nulls them.
    fn outer_allowed(&self, _root: &Root, _rel: Relids, _required: Relids) -> bool {
        true
    }

    fn build_index_paths(
        &mut self,
        root: &mut Root,
        at: usize,
        index: &Rc<UsableIndex>,
        set: &ClauseSet,
        required: Relids,
        bitmaps: &mut Vec<(Rc<BitmapPath>, Vec<ClauseRc>)>,
    ) -> Result<()> {
        let mut clauses: Vec<IndexClause> = Vec::new();
        let mut after_array = false;
        let mut lower_array = false;
        for list in &set.columns {
            for clause in list {
                let is_array = matches!(clause.clause.expr, Expr::ScalarArrayOpExpr(_));
                if is_array && after_array {
                    lower_array = true;
                }
                clauses.push(clause.clone());
            }
            after_array |= !list.is_empty();
        }
        let outer =
            clauses.iter().fold(Relids::EMPTY, |set, c| set.union(c.clause.relids)).difference(root.rels[at].relids);
        if !required.is_empty() && outer.is_empty() {
            return Ok(());
        }
        let required = required.intersection(outer).union(root.rels[at].lateral);
        let keys =
            if required.is_empty() && !lower_array { self.index_keys(root, index, false) } else { Rc::default() };
        let useful = self.useful_keys(root, at, &keys);
        let only = self.settings.enable_indexonlyscan && self.is_index_only(root, at, index);
        if clauses.is_empty() && useful.is_empty() && !only {
            return Ok(());
        }
        let param = self.base_param_info(root, at, required)?;
        let (bitmap_clauses, has_conditions) =
            (clauses.iter().map(|c| Rc::clone(&c.clause)).collect(), !clauses.is_empty());
        let path = self.index_path(root, at, index, clauses.clone(), useful, false, only, param.clone())?;
        if let PathKind::Index(usage) = &path.kind
            && has_conditions
            && self.settings.enable_bitmapscan
        {
            bitmaps.push((Rc::new(BitmapPath::Index(Rc::clone(usage))), bitmap_clauses));
        }
        if self.settings.enable_indexscan || only {
            add_path(&mut root.rels[at], path);
        }
        if required.is_empty() && !lower_array {
            let backward = self.index_keys(root, index, true);
            let useful = self.useful_keys(root, at, &backward);
            if !useful.is_empty() {
                let path = self.index_path(root, at, index, clauses, useful, true, only, param)?;
                add_path(&mut root.rels[at], path);
            }
        }
        Ok(())
    }

    /// The order in which the index gives rows, as far as classes know its columns.
    fn index_keys(&self, root: &Root, index: &UsableIndex, backward: bool) -> PathKeys {
        let mut keys = Vec::new();
        for place in 0..index.info.key_columns {
            let column = &index.info.columns[place];
            let found = root.classes.iter().position(|class| {
                class.merged.is_none()
                    && !class.has_volatile
                    && class.collation == column.collation
                    && class.families.contains(&column.family)
                    && class.members.iter().any(|m| is_key(&m.expr, &index.columns[place]))
            });
            let Some(class) = found else { break };
            let key = PathKey {
                class,
                family: column.family,
                descending: column.descending != backward,
                nulls_first: column.nulls_first != backward,
            };
            crate::classes::push_key(root, &mut keys, key);
        }
        Rc::new(keys)
    }

    /// The part of an order that is of use: for joins, or for what is asked of the query.
    pub fn useful_keys(&self, root: &Root, at: usize, keys: &PathKeys) -> PathKeys {
        let for_query = crate::classes::keys_in_common(&root.query_keys, keys);
        let rel = &root.rels[at];
        let for_merge = keys
            .iter()
            .take_while(|key| {
                let class = &root.classes[key.class];
                let by_class = !class.has_const && class.members.len() > 1 && !class.relids.is_subset(rel.relids);
                by_class
                    || rel.join_clauses.iter().any(|c| {
                        !c.merge_families.is_empty()
                            && (c.left_class.get().map(|l| root.canonical(l)) == Some(key.class)
                                || c.right_class.get().map(|r| root.canonical(r)) == Some(key.class))
                    })
            })
            .count();
        let count = for_query.max(for_merge);
        if count == keys.len() { Rc::clone(keys) } else { Rc::new(keys[..count].to_vec()) }
    }

    fn is_index_only(&self, root: &Root, at: usize, index: &UsableIndex) -> bool {
        let rel = &root.rels[at];
        let rti = rel.base.as_ref().map_or(0, |b| b.rti);
        let mut covered = true;
        let mut check = |expr: &Expr| {
            tree::for_each_var(expr, &mut |var| {
                covered &= var.varno != rti
                    || index.info.columns.iter().any(|column| column.attno == var.attno && var.attno != 0);
            });
        };
        rel.target.exprs.iter().for_each(&mut check);
        rel.clauses.iter().filter(|c| !index.predicate.contains(&c.expr)).for_each(|c| check(&c.expr));
        covered
    }

    #[allow(clippy::too_many_arguments, reason = "a path has so many properties")]
    fn index_path(
        &mut self,
        root: &Root,
        at: usize,
        index: &Rc<UsableIndex>,
        clauses: Vec<IndexClause>,
        keys: PathKeys,
        backward: bool,
        only: bool,
        param: Option<Rc<ParamInfo>>,
    ) -> Result<Path> {
        let s = self.settings;
        let rel = &root.rels[at];
        let base = rel.base.as_ref().expect("a base relation");
        let rows = param.as_ref().map_or(rel.rows, |p| p.rows);
        // For an inner index scan the cache effects of repetition count.
        let loops = match &param {
            Some(param) => self.loop_count(root, param.required),
            None => 1.0,
        };
        let cost = self.btree_cost(root, base.rti, index, &clauses, loops)?;
        let mut startup = cost.startup;
        if !(s.enable_indexscan || only && s.enable_indexonlyscan) {
            startup += DISABLE_COST;
        }
        let mut run = cost.total - cost.startup;
        let fetched = clamp_rows(cost.selectivity * base.tuples);
        let share = if only { 1.0 - base.table.as_ref().map_or(0.0, |t| t.all_visible) } else { 1.0 };
        let (max_io, min_io) = if loops > 1.0 {
            let pages = self.pages_fetched(fetched * loops, base.pages, index.info.pages, base.pages);
            let max = pages * share * s.random_page_cost / loops;
            let best = (cost.selectivity * base.pages).ceil();
            let pages = self.pages_fetched(best * loops, base.pages, index.info.pages, base.pages);
            (max, pages * share * s.random_page_cost / loops)
        } else {
            let pages = self.pages_fetched(fetched, base.pages, index.info.pages, base.pages);
            let max = (pages * share).ceil() * s.random_page_cost;
            let best = ((cost.selectivity * base.pages).ceil() * share).ceil();
            let min = if best > 0.0 { s.random_page_cost + (best - 1.0).max(0.0) * s.seq_page_cost } else { 0.0 };
            (if pages * share == 0.0 { 0.0 } else { max }, min)
        };
        run += max_io + cost.correlation * cost.correlation * (min_io - max_io);
        let used: Vec<u32> = clauses.iter().filter(|c| !c.lossy).map(|c| c.clause.serial).collect();
        let rest = rel
            .clauses
            .iter()
            .chain(param.iter().flat_map(|p| p.clauses.iter()))
            .filter(|c| !used.contains(&c.serial) && !index.predicate.contains(&c.expr));
        let mut qual = crate::root::Cost::default();
        for clause in rest {
            if !self.is_redundant(clause, &clauses) {
                qual += self.expr_cost(&clause.expr);
            }
        }
        startup += qual.startup + rel.target.cost.startup;
        run += (s.cpu_tuple_cost + qual.per_tuple) * fetched + rel.target.cost.per_tuple * rows;
        let usage = IndexUse {
            index: Rc::clone(index),
            clauses,
            backward,
            only,
            index_total: cost.total,
            selectivity: cost.selectivity,
        };
        Ok(Path {
            kind: PathKind::Index(Rc::new(usage)),
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows,
            startup,
            total: startup + run,
            keys,
            param,
        })
    }

    /// True if an index condition from the same class says the same.
    fn is_redundant(&self, clause: &ClauseRc, used: &[IndexClause]) -> bool {
        clause.from_class.is_some() && used.iter().any(|u| u.clause.from_class == clause.from_class)
    }

    fn loop_count(&self, root: &Root, outer: Relids) -> f64 {
        outer
            .iter()
            .filter_map(|rti| root.base_rel(rti))
            .map(|rel| rel.rows)
            .fold(0.0, |best: f64, rows| if best == 0.0 || best > rows { rows } else { best })
            .max(1.0)
    }

    fn btree_cost(
        &self,
        root: &Root,
        rti: i32,
        index: &UsableIndex,
        clauses: &[IndexClause],
        loops: f64,
    ) -> Result<IndexCost> {
        let s = self.settings;
        let base = root.base_rel(rti).and_then(|r| r.base.as_ref()).expect("a base relation");
        // Only conditions up to the first gap, or the first inequality, bound the part of the index that is read.
        let mut boundary: Vec<Expr> = Vec::new();
        let (mut column, mut equal_here, mut array_count) = (0, false, 1.0);
        let mut found_array = false;
        let mut found_is_null = false;
        for clause in clauses {
            if clause.column != column {
                if !equal_here || clause.column != column + 1 {
                    break;
                }
                equal_here = false;
                column += 1;
            }
            for qual in &clause.quals {
                match qual {
                    Expr::OpExpr(op) => {
                        let family = index.info.columns[column].family;
                        equal_here |= self.btree_strategy(op.operator, family)? == Some(EQUAL);
                    }
                    Expr::ScalarArrayOpExpr(op) => {
                        equal_here = true;
                        found_array = true;
                        array_count *= self.array_length(&op.args[1]).max(1.0);
                    }
                    Expr::NullTest(test) => {
                        equal_here |= test.is_null;
                        found_is_null |= test.is_null;
                    }
                    _ => {}
                }
                boundary.push(qual.clone());
            }
        }
        let predicate = |quals: &[Expr]| -> Vec<Expr> {
            quals.iter().cloned().chain(index.predicate.iter().filter(|p| !quals.contains(p)).cloned()).collect()
        };
        let all: Vec<Expr> = clauses.iter().flat_map(|c| c.quals.iter().cloned()).collect();
        let selectivity = self.exprs_selectivity(root, &predicate(&all), rti, Between::Filter)?;
        let unique_hit =
            index.info.unique && column == index.info.key_columns - 1 && equal_here && !found_array && !found_is_null;
        let index_tuples = if unique_hit {
            1.0
        } else {
            let bound = self.exprs_selectivity(root, &predicate(&boundary), rti, Between::Filter)?;
            (bound * base.tuples / array_count).round_ties_even()
        };
        let index_tuples = index_tuples.min(index.info.tuples.max(1.0)).max(1.0);
        let index_pages = if index.info.pages > 1.0 && index.info.tuples > 1.0 {
            (index_tuples * index.info.pages / index.info.tuples).ceil()
        } else {
            1.0
        };
        let scans = array_count * loops;
        let mut total = if scans > 1.0 {
            let pages = self.pages_fetched(index_pages * scans, index.info.pages, index.info.pages, index.info.pages);
            pages * s.random_page_cost / loops
        } else {
            index_pages * s.random_page_cost
        };
        let arguments = self.exprs_cost(all.iter().filter_map(|q| match q {
            Expr::OpExpr(op) => op.args.get(1),
            _ => None,
        }));
        let mut startup = arguments.startup + arguments.per_tuple;
        let operators = s.cpu_operator_cost * all.len() as f64;
        total += startup + index_tuples * array_count * (s.cpu_index_tuple_cost + operators);
        if index.info.tuples > 1.0 {
            let descent = index.info.tuples.log2().ceil() * s.cpu_operator_cost;
            startup += descent;
            total += array_count * descent;
        }
        let descent = (f64::from(index.info.tree_height) + 1.0) * 50.0 * s.cpu_operator_cost;
        startup += descent;
        total += array_count * descent;
        let correlation = self.index_correlation(index, base)?;
        Ok(IndexCost { startup, total, selectivity, correlation })
    }

    fn index_correlation(&self, index: &UsableIndex, base: &crate::root::BaseInfo) -> Result<f64> {
        let first = &index.info.columns[0];
        let Some(table) = &base.table else { return Ok(0.0) };
        let stats = match first.attno {
            0 => self.lookup.column_stats(index.info.oid, 1)?,
            attno => self.lookup.column_stats(table.oid, attno)?,
        };
        let mut correlation = stats.and_then(|s| s.correlation).unwrap_or(0.0);
        if first.descending {
            correlation = -correlation;
        }
        Ok(if index.info.key_columns > 1 { correlation * 0.75 } else { correlation })
    }

    /// ORs whose arms each have an index.
    fn or_bitmaps(
        &mut self,
        root: &mut Root,
        at: usize,
        indexes: &[Rc<UsableIndex>],
        clauses: &[ClauseRc],
        bitmaps: &mut Vec<(Rc<BitmapPath>, Vec<ClauseRc>)>,
    ) -> Result<()> {
        if !self.settings.enable_bitmapscan {
            return Ok(());
        }
        for clause in clauses {
            let Expr::BoolExpr(or) = &clause.expr else { continue };
            if or.op != BoolExprType::Or {
                continue;
            }
            let mut arms = Vec::new();
            for arm in &or.args {
                let conditions = match arm {
                    Expr::BoolExpr(and) if and.op == BoolExprType::And => and.args.clone(),
                    other => vec![other.clone()],
                };
                let relids = root.rels[at].relids;
                let mut parts = Vec::new();
                for condition in conditions {
                    parts.push(self.make_clause(root, condition, ClauseParts::filter(relids))?);
                }
                let mut found = Vec::new();
                for index in indexes.iter().filter(|i| i.predicate_ok) {
                    let set = self.match_clauses(root, at, index, &parts)?;
                    if set.is_empty() {
                        continue;
                    }
                    let used: Vec<ClauseRc> = set.all().map(|c| Rc::clone(&c.clause)).collect();
                    let uses = set.columns.into_iter().flatten().collect();
                    let path = self.index_path(root, at, index, uses, Rc::default(), false, false, None)?;
                    if let PathKind::Index(usage) = path.kind {
                        found.push((Rc::new(BitmapPath::Index(usage)), used));
                    }
                }
                if found.is_empty() {
                    arms.clear();
                    break;
                }
                arms.push(self.choose_bitmap_and(root, at, found)?);
            }
            if !arms.is_empty() {
                bitmaps.push((Rc::new(BitmapPath::Or(arms)), vec![Rc::clone(clause)]));
            }
        }
        Ok(())
    }

    /// Cost of making a bitmap, and the part of the rows in it.
    pub fn bitmap_cost(&self, bitmap: &BitmapPath) -> (f64, f64) {
        let step = 100.0 * self.settings.cpu_operator_cost;
        match bitmap {
            BitmapPath::Index(usage) => (usage.index_total, usage.selectivity),
            BitmapPath::And(parts) => {
                let (mut cost, mut selectivity) = (0.0, 1.0);
                for (place, part) in parts.iter().enumerate() {
                    let (c, s) = self.bitmap_cost(part);
                    cost += c + if place > 0 { step } else { 0.0 };
                    selectivity *= s;
                }
                (cost, selectivity)
            }
            BitmapPath::Or(parts) => {
                let (mut cost, mut selectivity) = (0.0, 0.0);
                for (place, part) in parts.iter().enumerate() {
                    let (c, s) = self.bitmap_cost(part);
                    let free = place == 0 || matches!(**part, BitmapPath::Index(_));
                    cost += c + if free { 0.0 } else { step };
                    selectivity += s;
                }
                (cost, f64::min(selectivity, 1.0))
            }
        }
    }

    /// The best combination of bitmaps.
    fn choose_bitmap_and(
        &mut self,
        root: &Root,
        at: usize,
        mut found: Vec<(Rc<BitmapPath>, Vec<ClauseRc>)>,
    ) -> Result<Rc<BitmapPath>> {
        found.sort_by(|a, b| {
            let ((ca, sa), (cb, sb)) = (self.bitmap_cost(&a.0), self.bitmap_cost(&b.0));
            ca.total_cmp(&cb).then(sa.total_cmp(&sb))
        });
        let mut best: Option<(f64, Rc<BitmapPath>)> = None;
        for start in 0..found.len() {
            let mut parts = vec![Rc::clone(&found[start].0)];
            let mut used: Vec<u32> = found[start].1.iter().map(|c| c.serial).collect();
            let mut cost = self.bitmap_heap_path(root, at, combined(&parts), None)?.total;
            for (bitmap, clauses) in found.iter().skip(start + 1) {
                if clauses.iter().any(|c| used.contains(&c.serial)) {
                    continue;
                }
                parts.push(Rc::clone(bitmap));
                let new = self.bitmap_heap_path(root, at, combined(&parts), None)?.total;
                if new < cost {
                    cost = new;
                    used.extend(clauses.iter().map(|c| c.serial));
                } else {
                    parts.pop();
                }
            }
            if best.as_ref().is_none_or(|(c, _)| cost < *c) {
                best = Some((cost, combined(&parts)));
            }
        }
        Ok(best.expect("there is a bitmap to choose").1)
    }

    fn bitmap_heap_path(
        &self,
        root: &Root,
        at: usize,
        bitmap: Rc<BitmapPath>,
        param: Option<Rc<ParamInfo>>,
    ) -> Result<Path> {
        let s = self.settings;
        let rel = &root.rels[at];
        let base = rel.base.as_ref().expect("a base relation");
        let (qual, rows) = self.scan_quals(rel, param.as_deref());
        let loops = param.as_ref().map_or(1.0, |p| self.loop_count(root, p.required));
        let (index_cost, selectivity) = self.bitmap_cost(&bitmap);
        let fetched = clamp_rows(selectivity * base.tuples);
        let t = base.pages.max(1.0);
        let pages = if loops > 1.0 {
            self.pages_fetched(fetched * loops, base.pages, 0.0, base.pages) / loops
        } else {
            2.0 * t * fetched / (2.0 * t + fetched)
        };
        let pages = if pages >= t { t } else { pages.ceil() };
        let per_page = match pages >= 2.0 {
            true => s.random_page_cost - (s.random_page_cost - s.seq_page_cost) * (pages / t).sqrt(),
            false => s.random_page_cost,
        };
        let disabled = if s.enable_bitmapscan { 0.0 } else { DISABLE_COST };
        let startup = disabled
            + index_cost
            + 0.1 * s.cpu_operator_cost * fetched.min(rows.max(1.0)) * 0.0
            + qual.startup
            + rel.target.cost.startup;
        let run = pages * per_page + (s.cpu_tuple_cost + qual.per_tuple) * fetched + rel.target.cost.per_tuple * rows;
        Ok(Path {
            kind: PathKind::Bitmap { bitmap },
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows,
            startup,
            total: startup + run,
            keys: Rc::default(),
            param,
        })
    }

    /// True if at most one row of the relation can have the values given for these expressions.
    pub fn is_unique_by(&self, root: &Root, rti: i32, clauses: &[ClauseRc], inner: Relids) -> Result<bool> {
        let Some(base) = root.base_rel(rti).and_then(|rel| rel.base.as_ref()) else { return Ok(false) };
        let own = &root.base_rel(rti).expect("found above").clauses;
        for index in &base.indexes {
            if !index.info.unique || !index.info.immediate || !(index.predicate.is_empty() || index.predicate_ok) {
                continue;
            }
            let mut all = true;
            for place in 0..index.info.key_columns {
                let column = &index.info.columns[place];
                let mut found = false;
                for clause in clauses.iter().chain(own.iter()) {
                    let Expr::OpExpr(op) = &clause.expr else { continue };
                    let fits =
                        |a: &Expr, b: &Expr| is_key(a, &index.columns[place]) && !tree::varnos(b).overlaps(inner);
                    if op.args.len() == 2
                        && clause.merge_families.contains(&column.family)
                        && (fits(&op.args[0], &op.args[1]) || fits(&op.args[1], &op.args[0]))
                    {
                        found = true;
                        break;
                    }
                }
                if !found {
                    all = false;
                    break;
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct IndexCost {
    startup: f64,
    total: f64,
    selectivity: f64,
    correlation: f64,
}

fn combined(parts: &[Rc<BitmapPath>]) -> Rc<BitmapPath> {
    match parts {
        [one] => Rc::clone(one),
        _ => Rc::new(BitmapPath::And(parts.to_vec())),
    }
}

/// True if an expression is the index's column, whatever binary-compatible type it is taken as.
pub fn is_key(expr: &Expr, key: &Expr) -> bool {
    match expr {
        Expr::RelabelType(node) => is_key(&node.arg, key),
        _ => match key {
            Expr::RelabelType(node) => same_column(expr, &node.arg) || expr == key,
            _ => same_column(expr, key),
        },
    }
}

fn bool_equals(arg: Expr, value: bool) -> Expr {
    Expr::OpExpr(Box::new(OpExpr {
        operator: Oid(91),
        function: Oid(60),
        result_type: Oid(16),
        returns_set: false,
        collation: Oid::INVALID,
        input_collation: Oid::INVALID,
        args: vec![arg, Const::bool(value).into()],
        location: Location::UNKNOWN,
    }))
}

/// The first string after all that start with this one.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(prefix).ok()?;
    let mut chars: Vec<char> = text.chars().collect();
    while let Some(last) = chars.pop() {
        let mut code = last as u32 + 1;
        if (0xD800..0xE000).contains(&code) {
            code = 0xE000;
        }
        if let Some(next) = char::from_u32(code) {
            chars.push(next);
            return Some(chars.into_iter().collect::<String>().into_bytes());
        }
    }
    None
}
