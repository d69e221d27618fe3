//! min() and max() that the ends of indexes answer.
//!
//! `SELECT min(a), max(b) FROM t WHERE ..` is `SELECT (SELECT a FROM t WHERE .. AND a IS NOT NULL ORDER BY a LIMIT 1), (..)`, each
//! sub-select an initial plan, if there is a path for each of them that gives its first row in order without a sort.

use super::grouping::Grouping;
use crate::classes::keys_contained;
use crate::root::{Level, Path, PathKind, PathRc, Planner, Root, Target};
use crate::subselect::SubShape;
use crate::tree;
use analyze::expr::{Aggref, Const, Expr, Location, NullTest};
use analyze::query::{FromExpr, FromItem, Query, RteKind, SortGroupClause, TargetEntry};
use analyze::walk;
use base::Oid;
use report::{Error, Result};
use std::rc::Rc;
use tuple::Datum;

/// An aggregate, and the sub-select that gives its value.
struct FirstRow {
    aggregate: Aggref,
    root: Root,
    /// With its LIMIT.
    path: PathRc,
    /// What the first row costs.
    cost: f64,
}

impl Planner<'_> {
    /// A path that looks its aggregates up in indexes, if that is possible and costs less than `other`.
    pub(super) fn minmax_path(
        &mut self,
        root: &Root,
        target: &Rc<Target>,
        grouping: &Grouping,
        other: &Path,
    ) -> Result<Option<Path>> {
        let Some(query) = root.minmax_query.as_deref().filter(|_| !grouping.aggregates.is_empty()) else {
            return Ok(None);
        };
        let mut found = Vec::new();
        for aggregate in &grouping.aggregates {
            let Some(operator) = self.sort_operator(aggregate)? else { return Ok(None) };
            let Some(first) = self.first_row(query, aggregate, operator)? else { return Ok(None) };
            found.push(first);
        }
        let path = self.looked_up(target, grouping, other);
        if path.total + found.iter().map(|first| first.cost).sum::<f64>() > other.total {
            return Ok(None);
        }
        let values = found.into_iter().map(|first| self.initial_plan(first)).collect::<Result<_>>()?;
        Ok(Some(Path { kind: PathKind::MinMax { values, having: grouping.having.clone() }, ..path }))
    }

    /// The operator that sorts the aggregate's value to the front; none if it is not min, max or their like.
    fn sort_operator(&self, aggregate: &Aggref) -> Result<Option<Oid>> {
        let [argument] = aggregate.args.as_slice() else { return Ok(None) };
        if !aggregate.order.is_empty() || aggregate.filter.is_some() || self.is_row(argument.expr.type_of())? {
            return Ok(None);
        }
        if tree::is_volatile(&argument.expr, b's', self.lookup) || tree::has_subselect(&argument.expr) {
            return Ok(None);
        }
        let operator = self.lookup.aggregate_sort_operator(aggregate.function)?;
        Ok(operator.is_valid().then_some(operator))
    }

    /// `IS NOT NULL` means something else of rows.
    fn is_row(&self, type_oid: Oid) -> Result<bool> {
        Ok(type_oid == Oid(2249) || self.lookup.row_desc(type_oid).is_ok())
    }

    /// The cheapest way to the first row, with nulls last or first: they are left out.
    fn first_row(&mut self, query: &Query, aggregate: &Aggref, operator: Oid) -> Result<Option<FirstRow>> {
        let member = self.lookup.families(operator)?.into_iter().find(|member| member.btree);
        let Some(member) = member else { return Ok(None) };
        let equality = self.lookup.family_operator(member.family, member.left, member.right, 3)?;
        let descends = member.strategy == 5;
        for nulls_first in [descends, !descends] {
            let order = SortGroupClause {
                target_ref: 1,
                eq_operator: equality.unwrap_or(Oid::INVALID),
                sort_operator: operator,
                nulls_first,
                hashable: false,
            };
            self.levels.push(Level::default());
            let found = self.presorted(query, aggregate, order);
            self.levels.pop();
            if let Some(found) = found? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn presorted(&mut self, query: &Query, aggregate: &Aggref, order: SortGroupClause) -> Result<Option<FirstRow>> {
        let mut sub = self.new_root(first_row_query(query, &aggregate.args[0].expr, order));
        sub.tuple_fraction = 1.0;
        let limit = self.estimate_limit(&mut sub);
        let (paths, _) = self.joined_paths(&mut sub)?;
        let keys = Rc::clone(&sub.query_keys);
        let cost = |path: &PathRc| path.startup + (path.total - path.startup) / path.rows.max(1.0);
        let in_order = paths.iter().filter(|path| !keys.is_empty() && keys_contained(&keys, &path.keys));
        let Some(best) = in_order.min_by(|a, b| cost(a).total_cmp(&cost(b))) else { return Ok(None) };
        let (path, cost) = (self.limit_path(&sub, best, limit), cost(best));
        Ok(Some(FirstRow { aggregate: aggregate.clone(), root: sub, path, cost }))
    }

    fn initial_plan(&mut self, first: FirstRow) -> Result<(Aggref, Expr)> {
        Ok((first.aggregate, self.build_subplan(first.root, first.path, Vec::new(), SubShape::value())?))
    }

    /// One row, whose values are known: what the aggregates cost is counted with the initial plans.
    fn looked_up(&self, target: &Rc<Target>, grouping: &Grouping, other: &Path) -> Path {
        let having = self.exprs_cost(&grouping.having);
        let startup = target.cost.startup + having.startup;
        Path {
            relids: other.relids,
            target: Rc::clone(target),
            rows: 1.0,
            startup,
            total: startup + target.cost.per_tuple + having.per_tuple + self.settings.cpu_tuple_cost,
            keys: Rc::default(),
            param: None,
            kind: PathKind::Dummy,
        }
    }
}

/// The query, if it has aggregates and reads one table, ungrouped, and its conditions can be put into several plans. To be asked
/// before they are spread over relations.
pub(super) fn minmax_query(query: &Query) -> Option<Box<Query>> {
    (query.has_aggs && reads_one_table(query)).then(|| Box::new(query.clone()))
}

fn reads_one_table(query: &Query) -> bool {
    let is_plain = query.group.is_empty() && query.grouping_sets.is_empty() && !query.has_window_funcs;
    let table = only_item(&query.jointree).map(|rti| &query.rte(rti).kind);
    is_plain && query.row_marks.is_empty() && matches!(table, Some(RteKind::Relation(_)))
}

/// What FROM consists of, if that is one entry and no condition has a sub-select. Merged sub-queries nest.
fn only_item(from: &FromExpr) -> Option<i32> {
    match from.items.as_slice() {
        _ if from.quals.as_ref().is_some_and(tree::has_subselect) => None,
        [FromItem::Rel(rti)] => Some(*rti),
        [FromItem::From(inner)] => only_item(inner),
        _ => None,
    }
}

/// `SELECT value FROM .. WHERE value IS NOT NULL AND .. ORDER BY value LIMIT 1`.
fn first_row_query(query: &Query, value: &Expr, order: SortGroupClause) -> Query {
    let is_known: Expr =
        NullTest { arg: value.clone(), is_null: false, arg_is_row: false, location: Location::UNKNOWN }.into();
    let mut quals = tree::conjuncts(query.jointree.quals.clone());
    if !quals.contains(&is_known) {
        quals.insert(0, is_known);
    }
    let mut first = query.clone();
    first.jointree.quals = Some(Expr::and(quals));
    let target = TargetEntry { sort_group_ref: 1, ..TargetEntry::new(value.clone(), 1, Some("agg_target".to_owned())) };
    first.targets = vec![target];
    first.sort = vec![order];
    first.limit_count = Some(Const::new(Oid(20), Datum::Int8(1)).into());
    first.limit_offset = None;
    first.having = None;
    first.has_aggs = false;
    first.has_distinct_on = false;
    first.distinct.clear();
    first
}

/// Puts the values of initial plans in place of the aggregates, if there are any.
pub fn put_values(expr: &mut Expr, values: &[(Aggref, Expr)]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    walk::rewrite(expr, &mut |part| {
        if let Expr::Aggref(aggregate) = part {
            let found = values.iter().find(|(known, _)| known == &**aggregate);
            let (_, value) = found.ok_or_else(|| Error::internal("an aggregate has no initial plan"))?;
            *part = value.clone();
        }
        Ok(())
    })
}
