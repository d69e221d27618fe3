//! Join aliases: a `Var` of a join is replaced by the column of the join's input that it stands for.

use crate::tree::ReplaceVars;
use analyze::expr::{CoercionForm, Cosmetic, Expr, RowExpr, Var};
use analyze::query::{Query, RteKind};
use analyze::walk::Mutator;
use report::Result;
use std::collections::BTreeMap;

struct JoinAliases {
    vars: Vec<Option<Expr>>,
    names: Vec<String>,
}

/// Replaces all `Var`s of joins of this query level, in its sub-selects too.
pub fn flatten_join_aliases(query: &mut Query) -> Result<()> {
    let mut joins: BTreeMap<i32, JoinAliases> = BTreeMap::new();
    for (place, rte) in query.rtable.iter_mut().enumerate() {
        if let RteKind::Join(join) = &mut rte.kind {
            let vars = std::mem::take(&mut join.alias_vars);
            joins.insert(place as i32 + 1, JoinAliases { vars, names: rte.eref.columns.clone() });
        }
    }
    if joins.is_empty() {
        return Ok(());
    }
    // A join's aliases may be Vars of joins below it, which come earlier in the range table.
    let places: Vec<i32> = joins.keys().copied().collect();
    for place in places {
        let mut vars = std::mem::take(&mut joins.get_mut(&place).expect("just listed").vars);
        for var in vars.iter_mut().flatten() {
            ReplaceVars { level: 0, replace: &mut |var| resolve(var, &joins) }.expr(var)?;
        }
        joins.get_mut(&place).expect("just listed").vars = vars;
    }
    ReplaceVars { level: 0, replace: &mut |var| resolve(var, &joins) }.query_parts(query)
}

fn resolve(var: &Var, joins: &BTreeMap<i32, JoinAliases>) -> Option<Expr> {
    let join = joins.get(&var.varno)?;
    if var.attno > 0 {
        return join.vars[var.attno as usize - 1].clone();
    }
    let columns = join.vars.iter().zip(&join.names).filter_map(|(v, name)| v.clone().map(|v| (v, name.clone())));
    let (args, column_names) = columns.unzip();
    Some(
        RowExpr {
            args,
            row_type: var.type_oid,
            format: Cosmetic(CoercionForm::ImplicitCast),
            column_names,
            location: var.location,
        }
        .into(),
    )
}
