//! Simple sub-queries (and views) merge into their parent.

use super::{flatten_join_aliases, pull_up_sublinks};
use crate::lookup::Lookup;
use crate::tree::{self, RaiseLevels, ReplaceVars};
use analyze::expr::{CoercionForm, Cosmetic, Expr, RowExpr, Var};
use analyze::query::{CmdType, FromExpr, FromItem, JoinType, Query, RteKind};
use analyze::walk::Mutator;
use report::Result;

/// Where in the join tree a sub-query stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Below the nullable side of an outer join.
    nullable: bool,
    /// Below any outer, semi or anti join.
    below_special: bool,
}

/// Merges all sub-queries that can be merged.
pub fn pull_up_subqueries(query: &mut Query, lookup: &dyn Lookup) -> Result<()> {
    loop {
        let mut found = Vec::new();
        for item in &query.jointree.items {
            candidates(item, Place::default(), &mut found);
        }
        let mut changed = false;
        for (rti, place) in found {
            changed |= try_pull_up(query, rti, place, lookup)?;
        }
        if !changed {
            return Ok(());
        }
    }
}

fn candidates(item: &FromItem, place: Place, found: &mut Vec<(i32, Place)>) {
    match item {
        FromItem::Rel(rti) => found.push((*rti, place)),
        FromItem::From(from) => from.items.iter().for_each(|item| candidates(item, place, found)),
        FromItem::Join(join) => {
            let special = join.join_type != JoinType::Inner;
            let below = |nullable| Place {
                nullable: place.nullable || nullable,
                below_special: place.below_special || special,
            };
            let (left, right) = match join.join_type {
                JoinType::Inner | JoinType::Semi => (false, false),
                JoinType::Left | JoinType::Anti => (false, true),
                JoinType::Right => (true, false),
                JoinType::Full => (true, true),
            };
            candidates(&join.left, below(left), found);
            candidates(&join.right, below(right), found);
        }
    }
}

fn is_simple(sub: &Query) -> bool {
    sub.command == CmdType::Select
        && sub.set_operations.is_none()
        && !sub.has_aggs
        && !sub.has_window_funcs
        && !sub.has_target_srfs
        && sub.group.is_empty()
        && sub.grouping_sets.is_empty()
        && sub.having.is_none()
        && sub.sort.is_empty()
        && sub.distinct.is_empty()
        && sub.limit_offset.is_none()
        && sub.limit_count.is_none()
        && !sub.has_for_update
        && sub.row_marks.is_empty()
        && sub.ctes.is_empty()
}

fn try_pull_up(query: &mut Query, rti: i32, place: Place, lookup: &dyn Lookup) -> Result<bool> {
    let rte = query.rte(rti);
    let RteKind::Subquery(subquery) = &rte.kind else { return Ok(false) };
    let pushed_marks = query.row_marks.iter().any(|mark| mark.rti == rti);
    if !is_simple(&subquery.query) || subquery.security_barrier || !rte.security_quals.is_empty() || pushed_marks {
        return Ok(false);
    }
    if rte.lateral && place.below_special {
        return Ok(false);
    }
    let only_vars = place.nullable || !query.grouping_sets.is_empty();
    let fits = |sub: &Query| {
        sub.targets.iter().all(|target| {
            !tree::is_volatile(&target.expr, b'v', lookup) && (!only_vars || survives_null(&target.expr, query, lookup))
        })
    };
    if !fits(&subquery.query) || (sub_is_empty(&subquery.query) && place.below_special) {
        return Ok(false);
    }
    // The parts that will not be merged keep their privileges to be checked; the tree itself is taken.
    let RteKind::Subquery(subquery) = &mut query.rte_mut(rti).kind else { return Ok(false) };
    let mut sub = std::mem::take(&mut *subquery.query);
    flatten_join_aliases(&mut sub)?;
    pull_up_sublinks(&mut sub, lookup)?;
    pull_up_subqueries(&mut sub, lookup)?;
    merge(query, rti, sub)?;
    Ok(true)
}

fn sub_is_empty(sub: &Query) -> bool {
    sub.jointree.items.is_empty()
}

/// True if the expression is null when the relations below it are null-extended.
fn survives_null(expr: &Expr, query: &Query, lookup: &dyn Lookup) -> bool {
    match expr {
        Expr::Var(var) => var.levels_up == 0,
        _ if !query.grouping_sets.is_empty() => false,
        _ => !tree::has_subselect(expr) && !tree::varnos(expr).is_empty() && !tree::has_nonstrict(expr, lookup),
    }
}

fn merge(query: &mut Query, rti: i32, mut sub: Query) -> Result<()> {
    let offset = query.rtable.len() as i32;
    tree::offset_query(&mut sub, offset)?;
    // What referred to the parent is now on the same level.
    RaiseLevels { by: -1, min: 1 }.query_parts(&mut sub)?;
    let names = query.rte(rti).eref.columns.clone();
    let targets = std::mem::take(&mut sub.targets);
    let was_lateral = query.rte(rti).lateral;
    let mut replace = |var: &Var| -> Option<Expr> {
        if var.varno != rti {
            return None;
        }
        if var.attno > 0 {
            return targets.iter().find(|t| !t.junk && t.resno == var.attno).map(|t| t.expr.clone());
        }
        let args: Vec<Expr> = targets.iter().filter(|t| !t.junk).map(|t| t.expr.clone()).collect();
        let row = RowExpr {
            column_names: names.iter().take(args.len()).cloned().collect(),
            args,
            row_type: var.type_oid,
            format: Cosmetic(CoercionForm::ImplicitCast),
            location: var.location,
        };
        Some(row.into())
    };
    ReplaceVars { level: 0, replace: &mut replace }.query_parts(query)?;
    let mut added = std::mem::take(&mut sub.rtable);
    if was_lateral {
        // Its sub-queries and functions may now refer to their new siblings.
        for rte in &mut added {
            rte.lateral |= matches!(rte.kind, RteKind::Subquery(_) | RteKind::Function(_) | RteKind::Values(_));
        }
    }
    query.rtable.append(&mut added);
    query.row_marks.append(&mut sub.row_marks);
    query.has_sublinks |= sub.has_sublinks;
    query.has_row_security |= sub.has_row_security;
    let jointree = std::mem::take(&mut sub.jointree);
    put_in_place(&mut query.jointree.items, rti, &mut Some(jointree));
    Ok(())
}

fn put_in_place(items: &mut [FromItem], rti: i32, new: &mut Option<FromExpr>) {
    for item in items {
        match item {
            FromItem::Rel(found) if *found == rti => {
                if let Some(from) = new.take() {
                    *item = match (from.items.len(), &from.quals) {
                        (1, None) => from.items.into_iter().next().expect("there is one"),
                        _ => FromItem::From(Box::new(from)),
                    };
                }
                return;
            }
            FromItem::Rel(_) => {}
            FromItem::From(from) => put_in_place(&mut from.items, rti, new),
            FromItem::Join(join) => {
                put_in_place(std::slice::from_mut(&mut join.left), rti, new);
                put_in_place(std::slice::from_mut(&mut join.right), rti, new);
            }
        }
    }
}
