//! Base relations: their size, and the paths that scan them.

use crate::cost::{DISABLE_COST, clamp_rows};
use crate::lookup::IndexInfo;
use crate::pathset::{add_path, cheapest_total};
use crate::relids::Relids;
use crate::root::{BaseInfo, ParamInfo, Path, PathKind, Planner, Rel, Root, UsableIndex};
use crate::selectivity::Between;
use crate::tree;
use analyze::expr::Expr;
use analyze::query::RteKind;
use report::Result;
use std::rc::Rc;
use std::sync::Arc;

impl Planner<'_> {
    /// Makes the relation of a range table entry, without size and paths.
    pub fn make_base_rel(&mut self, root: &mut Root, rti: i32) -> Result<()> {
        let mut base = BaseInfo {
            rti,
            table: None,
            indexes: Vec::new(),
            pages: 0.0,
            tuples: 0.0,
            subquery: None,
            lateral: self.lateral_of(root, rti),
            subquery_params: Vec::new(),
        };
        if let RteKind::Relation(relation) = &root.query.rte(rti).kind {
            let info = self.lookup.relation(relation.relid)?;
            base.pages = info.pages;
            base.tuples = info.tuples;
            self.waits_for_index |= info.indexes.iter().any(|index| index.too_new);
            let usable = info.indexes.iter().filter(|index| !index.too_new);
            base.indexes = usable.map(|index| usable_index(index, rti, &info)).collect::<Result<_>>()?;
            base.table = Some(info);
        }
        let relids = Relids::single(rti);
        let lateral = base.lateral;
        root.add_rel(Rel {
            relids,
            rows: 0.0,
            target: Rc::default(),
            paths: Vec::new(),
            clauses: Vec::new(),
            join_clauses: Vec::new(),
            has_class_joins: false,
            base: Some(base),
            lateral,
            is_dummy: false,
            param_infos: Vec::new(),
        });
        Ok(())
    }

    fn lateral_of(&self, root: &Root, rti: i32) -> Relids {
        let rte = root.query.rte(rti);
        if !rte.lateral {
            return Relids::EMPTY;
        }
        match &rte.kind {
            RteKind::Subquery(sub) => tree::varnos_of_query(&sub.query, 1),
            RteKind::Function(function) => {
                function.functions.iter().fold(Relids::EMPTY, |set, f| set.union(tree::varnos(&f.call)))
            }
            RteKind::Values(values) => {
                values.rows.iter().flatten().fold(Relids::EMPTY, |set, e| set.union(tree::varnos(e)))
            }
            _ => Relids::EMPTY,
        }
    }

    /// Sets the relation's output: the columns needed above it.
    pub fn set_base_target(&self, root: &mut Root, at: usize) {
        let rel = &root.rels[at];
        let Some(base) = &rel.base else { return };
        let rti = base.rti;
        let exprs: Vec<Expr> = root
            .needed
            .range((rti, i16::MIN)..=(rti, i16::MAX))
            .filter(|(_, at)| !at.is_subset(Relids::single(rti)))
            .map(|(key, _)| root.needed_vars[key].clone())
            .collect();
        let refs = vec![0; exprs.len()];
        let target = self.make_target(root, exprs, refs);
        root.rels[at].target = target;
    }

    /// Estimates the size of a base relation. Sub-queries are planned first.
    pub fn set_base_size(&mut self, root: &mut Root, at: usize) -> Result<()> {
        let rti = root.rels[at].base.as_ref().expect("a base relation").rti;
        let kind = root.query.rte(rti).kind.clone();
        let tuples = match &kind {
            RteKind::Relation(_) => root.rels[at].base.as_ref().map_or(0.0, |b| b.tuples),
            RteKind::Subquery(_) => return self.set_subquery_paths(root, at),
            RteKind::Function(function) => {
                function.functions.iter().map(|f| self.function_rows(&f.call)).fold(1.0, f64::max)
            }
            RteKind::Values(values) => values.rows.len() as f64,
            RteKind::Cte(cte) => self.cte_rows(root, cte)?,
            RteKind::TableFunc(_) => report::unsupported!("XMLTABLE"),
            RteKind::NamedTuplestore(_) => report::unsupported!("transition tables"),
            RteKind::Join(_) => unreachable!("joins are no base relations"),
            RteKind::Result => 1.0,
        };
        if let Some(base) = &mut root.rels[at].base {
            base.tuples = tuples;
        }
        self.set_rows_by_clauses(root, at, tuples)
    }

    /// Rows after conditions.
    pub fn set_rows_by_clauses(&mut self, root: &mut Root, at: usize, tuples: f64) -> Result<()> {
        let clauses = root.rels[at].clauses.clone();
        let selectivity = self.clauselist_selectivity(root, &clauses, 0, Between::Filter)?;
        root.rels[at].rows = clamp_rows(tuples * selectivity);
        Ok(())
    }

    /// Rows of a function in FROM or in a target list.
    pub fn function_rows(&self, call: &Expr) -> f64 {
        match call {
            Expr::FuncExpr(node) if node.returns_set => self
                .series_rows(node)
                .unwrap_or_else(|| self.lookup.function(node.function).map_or(1000.0, |info| info.rows.max(1.0))),
            Expr::OpExpr(node) if node.returns_set => 1000.0,
            _ => 1.0,
        }
    }

    /// generate_series of constants and unnest say how many rows they give.
    fn series_rows(&self, node: &analyze::expr::FuncExpr) -> Option<f64> {
        let number = |e: &Expr| match e {
            Expr::Const(c) => match c.value {
                tuple::Datum::Int4(v) => Some(f64::from(v)),
                tuple::Datum::Int8(v) => Some(v as f64),
                _ => None,
            },
            _ => None,
        };
        match node.function.0 {
            1066..=1069 => {
                let (start, stop) = (number(&node.args[0])?, number(&node.args[1])?);
                let step = if node.args.len() > 2 { number(&node.args[2])? } else { 1.0 };
                Some(if step == 0.0 { 1000.0 } else { ((stop - start + step) / step).floor().max(0.0) })
            }
            2331 => Some(self.array_length(&node.args[0])),
            _ => None,
        }
    }

    /// The size of paths of a relation that need parameters of some outer relations.
    pub fn base_param_info(&mut self, root: &mut Root, at: usize, required: Relids) -> Result<Option<Rc<ParamInfo>>> {
        if required.is_empty() {
            return Ok(None);
        }
        if let Some(known) = root.rels[at].param_infos.iter().find(|info| info.required == required) {
            return Ok(Some(Rc::clone(known)));
        }
        let relids = root.rels[at].relids;
        let joined = relids.union(required);
        let mut clauses: Vec<_> = root.rels[at]
            .join_clauses
            .iter()
            .filter(|clause| join_clause_is_movable(root, clause, relids, joined))
            .cloned()
            .collect();
        clauses.extend(self.join_equalities(root, required, relids)?);
        let mut all = clauses.clone();
        all.extend(root.rels[at].clauses.iter().cloned());
        let varno = relids.singleton().unwrap_or(0);
        let tuples = root.rels[at].base.as_ref().map_or(1.0, |b| b.tuples);
        let selectivity = self.clauselist_selectivity(root, &all, varno, Between::Filter)?;
        let rows = clamp_rows(tuples * selectivity).min(root.rels[at].rows);
        let info = Rc::new(ParamInfo { required, clauses, rows });
        root.rels[at].param_infos.push(Rc::clone(&info));
        Ok(Some(info))
    }

    /// Makes the paths of a base relation.
    pub fn set_base_paths(&mut self, root: &mut Root, at: usize) -> Result<()> {
        if root.rels[at].clauses.iter().any(|c| matches!(&c.expr, Expr::Const(v) if !v.value.is_true())) {
            self.make_dummy(root, at);
            return Ok(());
        }
        let base = root.rels[at].base.as_ref().expect("a base relation");
        let rti = base.rti;
        let lateral = base.lateral;
        let param = self.base_param_info(root, at, lateral)?;
        match root.query.rte(rti).kind.clone() {
            RteKind::Relation(_) => {
                let seq = self.seq_scan_path(root, at, param);
                add_path(&mut root.rels[at], seq);
                self.index_paths(root, at)?;
                self.tid_paths(root, at)?;
            }
            RteKind::Subquery(_) => self.subquery_scan_path(root, at, param),
            RteKind::Function(function) => {
                let cost = self.exprs_cost(function.functions.iter().map(|f| &f.call));
                let startup = cost.startup + cost.per_tuple;
                self.simple_path(root, at, PathKind::Function, startup, param);
            }
            RteKind::Values(_) => {
                let startup = 0.0;
                let extra = self.settings.cpu_operator_cost;
                self.scan_path_with(root, at, PathKind::Values, startup, extra, param);
            }
            RteKind::Cte(cte) => {
                let kind = self.cte_path_kind(&cte)?;
                let extra = self.settings.cpu_tuple_cost;
                self.scan_path_with(root, at, kind, 0.0, extra, param);
            }
            RteKind::Result => {
                self.simple_path(root, at, PathKind::Result { quals: Vec::new(), child: None }, 0.0, param);
            }
            _ => report::unsupported!("this kind of range table entry"),
        }
        Ok(())
    }

    /// Makes a relation that gives no rows.
    pub fn make_dummy(&self, root: &mut Root, at: usize) {
        let rel = &mut root.rels[at];
        rel.rows = 0.0;
        rel.is_dummy = true;
        rel.paths = vec![Rc::new(Path {
            kind: PathKind::Dummy,
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows: 0.0,
            startup: 0.0,
            total: 0.0,
            keys: Rc::default(),
            param: None,
        })];
    }

    fn simple_path(&self, root: &mut Root, at: usize, kind: PathKind, startup: f64, param: Option<Rc<ParamInfo>>) {
        self.scan_path_with(root, at, kind, startup, 0.0, param);
    }

    /// A path that costs CPU only: `extra` for each tuple besides the usual.
    fn scan_path_with(
        &self,
        root: &mut Root,
        at: usize,
        kind: PathKind,
        startup: f64,
        extra: f64,
        param: Option<Rc<ParamInfo>>,
    ) {
        let rel = &root.rels[at];
        let tuples = rel.base.as_ref().map_or(1.0, |b| b.tuples);
        let (qual, rows) = self.scan_quals(rel, param.as_deref());
        let per_tuple = self.settings.cpu_tuple_cost + extra + qual.per_tuple;
        let startup = startup + qual.startup + rel.target.cost.startup;
        let path = Path {
            kind,
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows,
            startup,
            total: startup + per_tuple * tuples + rel.target.cost.per_tuple * rows,
            keys: Rc::default(),
            param,
        };
        add_path(&mut root.rels[at], path);
    }

    /// Cost of a scan's conditions, and its rows.
    pub fn scan_quals(&self, rel: &Rel, param: Option<&ParamInfo>) -> (crate::root::Cost, f64) {
        let mut cost = self.clauses_cost(&rel.clauses);
        match param {
            Some(param) => {
                cost += self.clauses_cost(&param.clauses);
                (cost, param.rows)
            }
            None => (cost, rel.rows),
        }
    }

    fn seq_scan_path(&self, root: &Root, at: usize, param: Option<Rc<ParamInfo>>) -> Path {
        let rel = &root.rels[at];
        let base = rel.base.as_ref().expect("a base relation");
        let (qual, rows) = self.scan_quals(rel, param.as_deref());
        let disabled = if self.settings.enable_seqscan { 0.0 } else { DISABLE_COST };
        let startup = disabled + qual.startup + rel.target.cost.startup;
        let cpu = (self.settings.cpu_tuple_cost + qual.per_tuple) * base.tuples + rel.target.cost.per_tuple * rows;
        Path {
            kind: PathKind::SeqScan,
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows,
            startup,
            total: startup + cpu + self.settings.seq_page_cost * base.pages,
            keys: Rc::default(),
            param,
        }
    }

    fn tid_paths(&mut self, root: &mut Root, at: usize) -> Result<()> {
        let rel = &root.rels[at];
        let rti = rel.base.as_ref().map_or(0, |b| b.rti);
        let is_ctid = |e: &Expr| matches!(e, Expr::Var(v) if v.varno == rti && v.attno == -1 && v.levels_up == 0);
        let fits = |e: &Expr| match e {
            Expr::OpExpr(op) if op.operator.0 == 387 => {
                (is_ctid(&op.args[0]) && !tree::varnos(&op.args[1]).contains(rti))
                    || (is_ctid(&op.args[1]) && !tree::varnos(&op.args[0]).contains(rti))
            }
            Expr::ScalarArrayOpExpr(op) => {
                op.operator.0 == 387 && op.use_or && is_ctid(&op.args[0]) && !tree::varnos(&op.args[1]).contains(rti)
            }
            Expr::CurrentOfExpr(node) => node.varno == rti,
            _ => false,
        };
        let found = rel.clauses.iter().find_map(|clause| match &clause.expr {
            Expr::BoolExpr(or) if or.op == analyze::expr::BoolExprType::Or && or.args.iter().all(fits) => {
                Some(or.args.clone())
            }
            e if fits(e) => Some(vec![e.clone()]),
            _ => None,
        });
        let Some(conditions) = found else { return Ok(()) };
        let is_current = conditions.iter().any(|c| matches!(c, Expr::CurrentOfExpr(_)));
        let tuples: f64 = conditions
            .iter()
            .map(|c| match c {
                Expr::ScalarArrayOpExpr(op) => self.array_length(&op.args[1]),
                _ => 1.0,
            })
            .sum();
        let mut qual = self.clauses_cost(&rel.clauses);
        if is_current {
            qual.startup = 0.0;
        } else if !self.settings.enable_tidscan {
            qual.startup += DISABLE_COST;
        }
        let run = (self.settings.random_page_cost + self.settings.cpu_tuple_cost + qual.per_tuple) * tuples;
        let path = Path {
            kind: PathKind::Tid { conditions },
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows: rel.rows,
            startup: qual.startup,
            total: qual.startup + run + rel.target.cost.per_tuple * rel.rows,
            keys: Rc::default(),
            param: None,
        };
        add_path(&mut root.rels[at], path);
        Ok(())
    }

    fn subquery_scan_path(&self, root: &mut Root, at: usize, param: Option<Rc<ParamInfo>>) {
        let rel = &root.rels[at];
        let base = rel.base.as_ref().expect("a base relation");
        let Some(sub) = base.subquery.clone() else { return };
        if matches!(sub.path.kind, PathKind::Dummy) {
            return self.make_dummy(root, at);
        }
        let (qual, rows) = self.scan_quals(rel, param.as_deref());
        let startup = sub.path.startup + qual.startup + rel.target.cost.startup;
        // A scan that only passes rows on will be left out of the plan.
        let trivial = rel.clauses.is_empty() && param.is_none();
        let per_tuple = if trivial { 0.0 } else { self.settings.cpu_tuple_cost + qual.per_tuple };
        let run = sub.path.total - sub.path.startup + per_tuple * sub.path.rows;
        let keys = self.outer_keys(root, base.rti, &sub);
        let path = Path {
            kind: PathKind::Subquery(sub),
            relids: rel.relids,
            target: Rc::clone(&rel.target),
            rows,
            startup,
            total: startup + run + rel.target.cost.per_tuple * rows,
            keys,
            param,
        };
        add_path(&mut root.rels[at], path);
    }

    fn outer_keys(&self, _root: &Root, _rti: i32, _sub: &crate::root::SubqueryPath) -> crate::root::PathKeys {
        Rc::default()
    }

    /// The cheapest path of a relation. Errors: XX000 if it has none (a join order that cannot be).
    pub fn cheapest(&self, rel: &Rel) -> Result<crate::root::PathRc> {
        cheapest_total(&rel.paths)
            .or_else(|| rel.paths.first())
            .cloned()
            .ok_or_else(|| report::Error::internal("could not devise a query plan for the given query"))
    }
}

/// True if a join clause can be a condition of a parameterised path of a relation.
pub fn join_clause_is_movable(root: &Root, clause: &crate::root::Clause, rel: Relids, joined: Relids) -> bool {
    if clause.from_class.is_none()
        && clause.left_class.get().is_some()
        && clause.left_class.get() == clause.right_class.get()
    {
        // The classes give this one.
        return false;
    }
    let _ = root;
    clause.relids.is_subset(joined)
        && clause.relids.overlaps(rel)
        && !rel.overlaps(clause.outer_relids)
        && !clause.nullable.overlaps(rel)
        && !clause.outer_delayed
        && clause.required.is_subset(joined)
}

fn usable_index(index: &Arc<IndexInfo>, rti: i32, table: &crate::lookup::RelationInfo) -> Result<Rc<UsableIndex>> {
    let to_rti = |expr: &Expr| -> Result<Expr> {
        let mut expr = expr.clone();
        if rti != 1 {
            use analyze::walk::Mutator;
            tree::OffsetVars { by: rti - 1, level: 0 }.expr(&mut expr)?;
        }
        Ok(expr)
    };
    let columns = index
        .columns
        .iter()
        .map(|column| match &column.expr {
            Some(expr) => to_rti(expr),
            None if column.attno < 0 => {
                Ok(analyze::expr::Var::new(rti, column.attno, base::Oid(27), -1, base::Oid::INVALID).into())
            }
            None => {
                let attribute = &table.desc.attributes[column.attno as usize - 1];
                let (type_oid, typmod) = (attribute.type_oid, attribute.type_mod);
                Ok(analyze::expr::Var::new(rti, column.attno, type_oid, typmod, attribute.collation).into())
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let predicate = index.predicate.iter().map(to_rti).collect::<Result<Vec<_>>>()?;
    Ok(Rc::new(UsableIndex { info: Arc::clone(index), columns, predicate_ok: predicate.is_empty(), predicate }))
}
