//! `EXISTS (...)` and `x IN (...)` as join: semi joins, and anti joins for NOT EXISTS.

use super::flatten_join_aliases;
use crate::lookup::Lookup;
use crate::relids::Relids;
use crate::tree::{self, OffsetVars, RaiseLevels};
use analyze::expr::{BoolExprType, Expr, ParamKind, SubLink, SubLinkType, Var};
use analyze::query::{
    Alias, CmdType, FromExpr, FromItem, JoinExpr, JoinType, Query, RangeTblEntry, RteKind, RteSubquery,
};
use analyze::walk::{self, Mutator};
use report::Result;

/// Pulls up sub-selects in WHERE and in the conditions of inner joins.
pub fn pull_up_sublinks(query: &mut Query, lookup: &dyn Lookup) -> Result<()> {
    if !query.has_sublinks {
        return Ok(());
    }
    let jointree = std::mem::take(&mut query.jointree);
    query.jointree = pull_from(jointree, query, lookup)?;
    Ok(())
}

fn pull_from(from: FromExpr, query: &mut Query, lookup: &dyn Lookup) -> Result<FromExpr> {
    let items = from.items.into_iter().map(|item| pull_item(item, query, lookup)).collect::<Result<Vec<_>>>()?;
    let mut out = FromExpr { items, quals: None };
    let mut kept = Vec::new();
    for qual in tree::conjuncts(from.quals) {
        match pull_qual(qual, &mut out, query, lookup)? {
            None => {}
            Some(qual) => kept.push(qual),
        }
    }
    out.quals = (!kept.is_empty()).then(|| Expr::and(kept));
    Ok(out)
}

fn pull_item(item: FromItem, query: &mut Query, lookup: &dyn Lookup) -> Result<FromItem> {
    Ok(match item {
        FromItem::Rel(rti) => FromItem::Rel(rti),
        FromItem::From(from) => FromItem::From(Box::new(pull_from(*from, query, lookup)?)),
        FromItem::Join(mut join) => {
            join.left = pull_item(join.left, query, lookup)?;
            join.right = pull_item(join.right, query, lookup)?;
            // An inner join's condition is as good as a WHERE above it.
            let has_sublink = join.quals.as_ref().is_some_and(tree::has_subselect);
            if join.join_type == JoinType::Inner && has_sublink {
                let quals = join.quals.take();
                let from = FromExpr { items: vec![FromItem::Join(join)], quals };
                return Ok(FromItem::From(Box::new(pull_from(from, query, lookup)?)));
            }
            FromItem::Join(join)
        }
    })
}

/// Makes a join of a condition, or gives it back.
fn pull_qual(qual: Expr, from: &mut FromExpr, query: &mut Query, lookup: &dyn Lookup) -> Result<Option<Expr>> {
    match qual {
        Expr::SubLink(link) if link.kind == SubLinkType::Any => convert_any(link, from, query, lookup),
        Expr::SubLink(link) if link.kind == SubLinkType::Exists => convert_exists(link, false, from, query, lookup),
        Expr::BoolExpr(mut node) if node.op == BoolExprType::Not => match node.args.remove(0) {
            Expr::SubLink(link) if link.kind == SubLinkType::Exists => {
                Ok(convert_exists(link, true, from, query, lookup)?.map(|link| negated(link, node)))
            }
            other => Ok(Some(negated(other, node))),
        },
        other => Ok(Some(other)),
    }
}

fn negated(arg: Expr, mut not: Box<analyze::expr::BoolExpr>) -> Expr {
    not.args.push(arg);
    Expr::BoolExpr(not)
}

/// All relations below the items of a join tree.
pub fn relids_of_items(items: &[FromItem]) -> Relids {
    items.iter().map(relids_of_item).fold(Relids::EMPTY, Relids::union)
}

/// All relations below an item of a join tree.
pub fn relids_of_item(item: &FromItem) -> Relids {
    match item {
        FromItem::Rel(rti) => Relids::single(*rti),
        FromItem::From(from) => relids_of_items(&from.items),
        FromItem::Join(join) => relids_of_item(&join.left).union(relids_of_item(&join.right)),
    }
}

fn wrap_in_join(from: &mut FromExpr, join_type: JoinType, right: FromItem, quals: Option<Expr>) {
    let mut items = std::mem::take(&mut from.items);
    let left = match items.len() {
        1 => items.remove(0),
        _ => FromItem::From(Box::new(FromExpr { items, quals: None })),
    };
    from.items = vec![FromItem::Join(Box::new(JoinExpr {
        join_type,
        natural: false,
        left,
        right,
        using: Vec::new(),
        using_alias: None,
        quals,
        alias: None,
        rtindex: 0,
    }))];
}

fn convert_any(
    mut link: Box<SubLink>,
    from: &mut FromExpr,
    query: &mut Query,
    lookup: &dyn Lookup,
) -> Result<Option<Expr>> {
    let Some(test) = &link.test else { return Ok(Some(Expr::SubLink(link))) };
    let available = relids_of_items(&from.items);
    let left = tree::varnos(test);
    let fits = !left.is_empty()
        && left.is_subset(available)
        && tree::varnos_of_query(&link.query, 1).is_empty()
        && link.query.command == CmdType::Select
        && !tree::is_volatile(test, b'v', lookup);
    if !fits {
        return Ok(Some(Expr::SubLink(link)));
    }
    let mut sub = std::mem::take(&mut *link.query);
    let names: Vec<String> =
        sub.targets.iter().filter(|t| !t.junk).map(|t| t.name.clone().unwrap_or_default()).collect();
    let rti = query.rtable.len() as i32 + 1;
    let columns: Vec<Var> = sub
        .targets
        .iter()
        .filter(|t| !t.junk)
        .map(|t| Var::new(rti, t.resno, t.expr.type_of(), t.expr.typmod_of(), t.expr.collation_of()))
        .collect();
    // Sub-queries of sub-selects are not affected: the query's own level stays one below this one.
    sub.can_set_tag = false;
    let kind =
        RteKind::Subquery(RteSubquery { query: Box::new(sub), security_barrier: false, view: base::Oid::INVALID });
    let eref = Alias { name: "ANY_subquery".to_owned(), columns: names };
    query.rtable.push(RangeTblEntry::new(kind, None, eref));
    let mut test = link.test.take().expect("tested above");
    walk::rewrite(&mut test, &mut |expr| {
        if let Expr::Param(param) = expr
            && param.kind == ParamKind::Sublink
        {
            *expr = columns[param.id as usize - 1].clone().into();
        }
        Ok(())
    })?;
    wrap_in_join(from, JoinType::Semi, FromItem::Rel(rti), Some(test));
    Ok(None)
}

/// Drops what does not matter to whether there is a row. False if the query is of another kind.
fn simplify_exists(sub: &mut Query) -> bool {
    let plain = sub.command == CmdType::Select
        && sub.set_operations.is_none()
        && !sub.has_aggs
        && sub.grouping_sets.is_empty()
        && !sub.has_window_funcs
        && !sub.has_target_srfs
        && !sub.has_modifying_cte
        && sub.having.is_none()
        && sub.limit_offset.is_none()
        && sub.row_marks.is_empty();
    if !plain {
        return false;
    }
    match &sub.limit_count {
        None => {}
        Some(Expr::Const(limit)) => match limit.value {
            tuple::Datum::Null => {}
            tuple::Datum::Int8(n) if n > 0 => {}
            _ => return false,
        },
        Some(_) => return false,
    }
    sub.limit_count = None;
    sub.targets.clear();
    sub.group.clear();
    sub.windows.clear();
    sub.distinct.clear();
    sub.sort.clear();
    sub.has_distinct_on = false;
    true
}

fn convert_exists(
    mut link: Box<SubLink>,
    under_not: bool,
    from: &mut FromExpr,
    query: &mut Query,
    lookup: &dyn Lookup,
) -> Result<Option<Expr>> {
    let mut sub = (*link.query).clone();
    let simple = simplify_exists(&mut sub) && sub.ctes.is_empty() && !sub.jointree.items.is_empty();
    let Some(quals) = sub.jointree.quals.take().filter(|_| simple) else { return Ok(Some(Expr::SubLink(link))) };
    flatten_join_aliases(&mut sub)?;
    // The condition alone may, and must, refer to the parent.
    let outside = tree::varnos_of_query(&sub, 1);
    let mut own_quals = quals;
    flatten_quals(&mut own_quals, &link.query)?;
    let parents = tree::varnos_of_level(&own_quals, 1);
    let fits = outside.is_empty()
        && !parents.is_empty()
        && parents.is_subset(relids_of_items(&from.items))
        && !tree::is_volatile(&own_quals, b'v', lookup);
    if !fits {
        return Ok(Some(Expr::SubLink(link)));
    }
    link.query = Box::default();
    let offset = query.rtable.len() as i32;
    tree::offset_query(&mut sub, offset)?;
    OffsetVars { by: offset, level: 0 }.expr(&mut own_quals)?;
    RaiseLevels { by: -1, min: 1 }.query_parts(&mut sub)?;
    RaiseLevels { by: -1, min: 1 }.expr(&mut own_quals)?;
    query.rtable.append(&mut sub.rtable);
    let right = pull_from(FromExpr { items: sub.jointree.items, quals: None }, query, lookup)?;
    // Sub-selects within the condition that look only at the inner side become joins there.
    let inner = relids_of_items(&right.items);
    let mut right = right;
    let mut kept = Vec::new();
    for qual in own_quals.into_conjuncts() {
        match tree::has_subselect(&qual) && tree::varnos(&qual).is_subset(inner) {
            true => kept.extend(pull_qual(qual, &mut right, query, lookup)?),
            false => kept.push(qual),
        }
    }
    let right = match right.items.len() {
        1 => right.items.remove(0),
        _ => FromItem::From(Box::new(right)),
    };
    let join_type = if under_not { JoinType::Anti } else { JoinType::Semi };
    wrap_in_join(from, join_type, right, Some(Expr::and(kept)));
    Ok(None)
}

/// The join aliases of the sub-select in a condition that was taken out of it.
fn flatten_quals(quals: &mut Expr, original: &Query) -> Result<()> {
    let mut holder = Query { rtable: original.rtable.clone(), ..Query::default() };
    holder.having = Some(quals.clone());
    flatten_join_aliases(&mut holder)?;
    *quals = holder.having.take().expect("put there above");
    Ok(())
}
