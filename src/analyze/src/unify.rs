//! Operands of set operations get the column types of the operation.
//!
//! PostgreSQL does this while it plans (generate_setop_tlist). Here rewriting does it, so that planning finds operands
//! that fit; stored queries and their display keep the operands as written.

use crate::expr::{Expr, Var};
use crate::query::{
    Alias, CmdType, FromItem, Query, RangeTblEntry, RteKind, RteSubquery, SetOperand, SetOperationStmt, TargetEntry,
};
use crate::state::Analyzer;
use crate::vars::increment_query_levels;
use base::Oid;
use report::{Error, Result};

/// Coerces the operands of a query's set operations.
pub fn unify_operands(analyzer: &mut Analyzer<'_, '_>, query: &mut Query) -> Result<()> {
    let Some(mut tree) = query.set_operations.take() else { return Ok(()) };
    let result = unify(analyzer, &mut query.rtable, &mut tree);
    query.set_operations = Some(tree);
    result
}

fn unify(analyzer: &mut Analyzer<'_, '_>, rtable: &mut [RangeTblEntry], tree: &mut SetOperationStmt) -> Result<()> {
    let types = tree.column_types.clone();
    for operand in [&mut tree.left, &mut tree.right] {
        if let SetOperand::Op(inner) = operand {
            unify(analyzer, rtable, inner)?;
            if inner.column_types == types {
                continue;
            }
            let at = enclose_operation(rtable, inner);
            *operand = SetOperand::Rel(at);
        }
        let SetOperand::Rel(rtindex) = operand else { continue };
        let rte = &mut rtable[*rtindex as usize - 1];
        let RteKind::Subquery(leaf) = &mut rte.kind else {
            return Err(Error::internal("an operand of a set operation is no sub-query"));
        };
        coerce_output(analyzer, &mut leaf.query, &types)?;
    }
    Ok(())
}

/// Makes a set operation within another a query of its own, in the place of its leftmost operand.
fn enclose_operation(rtable: &mut [RangeTblEntry], tree: &mut SetOperationStmt) -> i32 {
    let at = leftmost(tree);
    let names: Vec<String> = rtable[at as usize - 1].eref.columns.clone();
    let mut inner = Query { command: CmdType::Select, can_set_tag: true, ..Query::default() };
    move_operands(rtable, tree, &mut inner.rtable);
    for (number, &type_oid) in tree.column_types.iter().enumerate() {
        let attno = number as i16 + 1;
        let var = Var::new(1, attno, type_oid, tree.column_typmods[number], tree.column_collations[number]);
        inner.targets.push(TargetEntry::new(var.into(), attno, names.get(number).cloned()));
    }
    inner.set_operations = Some(Box::new(tree.clone()));
    rtable[at as usize - 1] = subquery_entry(inner);
    at
}

/// Moves the operands to another range table and numbers them anew, the leftmost first.
fn move_operands(rtable: &mut [RangeTblEntry], tree: &mut SetOperationStmt, to: &mut Vec<RangeTblEntry>) {
    for operand in [&mut tree.left, &mut tree.right] {
        match operand {
            SetOperand::Op(inner) => move_operands(rtable, inner, to),
            SetOperand::Rel(rtindex) => {
                let empty = RangeTblEntry::new(RteKind::Result, None, Alias::default());
                let mut rte = std::mem::replace(&mut rtable[*rtindex as usize - 1], empty);
                if let RteKind::Subquery(leaf) = &mut rte.kind {
                    increment_query_levels(&mut leaf.query, 1);
                }
                to.push(rte);
                *rtindex = to.len() as i32;
            }
        }
    }
}

fn leftmost(tree: &SetOperationStmt) -> i32 {
    match &tree.left {
        SetOperand::Rel(rtindex) => *rtindex,
        SetOperand::Op(inner) => leftmost(inner),
    }
}

fn coerce_output(analyzer: &mut Analyzer<'_, '_>, query: &mut Query, types: &[Oid]) -> Result<()> {
    let differs = |targets: &[TargetEntry]| {
        let shown = targets.iter().filter(|target| !target.junk);
        shown.zip(types).any(|(target, &wanted)| target.expr.type_of() != wanted)
    };
    if !differs(&query.targets) {
        return Ok(());
    }
    // What is sorted, grouped or compared by must stay as it is.
    if query.set_operations.is_some() || query.targets.iter().any(|target| target.sort_group_ref != 0) {
        enclose(query);
    }
    for (target, &wanted) in query.targets.iter_mut().filter(|target| !target.junk).zip(types) {
        if target.expr.type_of() == wanted {
            continue;
        }
        let expr = std::mem::replace(&mut target.expr, Expr::and(Vec::new()));
        target.expr = analyzer.coerce_to_common(expr, wanted, "UNION/INTERSECT/EXCEPT")?;
        analyzer.assign_collations(&mut target.expr)?;
    }
    Ok(())
}

/// Makes a query `SELECT ... FROM (query)`.
fn enclose(query: &mut Query) {
    let mut inner = std::mem::take(query);
    increment_query_levels(&mut inner, 1);
    let shown = inner.targets.iter().filter(|target| !target.junk);
    let column = |(number, target): (usize, &TargetEntry)| {
        let (expr, attno) = (&target.expr, number as i16 + 1);
        let var = Var::new(1, attno, expr.type_of(), expr.typmod_of(), expr.collation_of());
        TargetEntry::new(var.into(), attno, target.name.clone())
    };
    query.targets = shown.enumerate().map(column).collect();
    query.command = CmdType::Select;
    query.can_set_tag = inner.can_set_tag;
    query.rtable.push(subquery_entry(inner));
    query.jointree.items.push(FromItem::Rel(1));
}

fn subquery_entry(query: Query) -> RangeTblEntry {
    let shown = query.targets.iter().filter(|target| !target.junk);
    let columns = shown.map(|target| target.name.clone().unwrap_or_else(|| "?column?".to_owned())).collect();
    let eref = Alias { name: "*SELECT*".to_owned(), columns };
    let subquery = RteSubquery { query: Box::new(query), security_barrier: false, view: Oid::INVALID };
    RangeTblEntry::new(RteKind::Subquery(subquery), None, eref)
}
