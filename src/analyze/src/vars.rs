//! Changing the references in a tree: levels, relation numbers, columns of joins.
//!
//! Source: PostgreSQL 15 rewriteManip.c and flatten_join_alias_vars of var.c.

use crate::expr::{CoercionForm, Cosmetic, Expr, Location, RowExpr, Var};
use crate::query::{FromExpr, FromItem, Query, RangeTblEntry, RteKind};
use crate::walk::{Mutator, Walker};
use report::Result;
use std::collections::BTreeSet;

/// Adds `by` to the level of every reference that leaves the expression.
pub fn increment_levels(expr: &mut Expr, by: i32) {
    let mut changer = Levels { by, depth: 0 };
    changer.expr(expr).expect("changing levels does not fail");
}

/// As [`increment_levels`], for a sub-query seen from the query around it.
pub fn increment_query_levels(query: &mut Query, by: i32) {
    let mut changer = Levels { by, depth: 0 };
    changer.query(query).expect("changing levels does not fail");
}

struct Levels {
    by: i32,
    depth: u32,
}

impl Levels {
    fn shift(&self, levels_up: &mut u32) {
        if *levels_up >= self.depth {
            *levels_up = levels_up.saturating_add_signed(self.by);
        }
    }
}

impl Mutator for Levels {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Var(Var { levels_up, .. }) => self.shift(levels_up),
            Expr::Aggref(node) => self.shift(&mut node.levels_up),
            Expr::GroupingFunc(node) => self.shift(&mut node.levels_up),
            Expr::PlaceHolderVar(node) => self.shift(&mut node.levels_up),
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.depth += 1;
        self.query_parts(query)?;
        self.depth -= 1;
        Ok(())
    }

    fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        if let RteKind::Cte(cte) = &mut rte.kind {
            self.shift(&mut cte.levels_up);
        }
        self.rte_parts(rte)
    }
}

/// Renumbers relations of one query level by `map`.
pub fn renumber_relations(query: &mut Query, map: &dyn Fn(i32) -> i32) {
    let mut changer = Renumber { map, depth: 0 };
    changer.own_parts(query).expect("renumbering does not fail");
}

/// Renumbers the relations that an expression of a query level refers to.
pub fn renumber_expr(expr: &mut Expr, map: &dyn Fn(i32) -> i32) {
    Renumber { map, depth: 0 }.expr(expr).expect("renumbering does not fail");
}

struct Renumber<'a> {
    map: &'a dyn Fn(i32) -> i32,
    depth: u32,
}

impl Renumber<'_> {
    fn own_parts(&mut self, query: &mut Query) -> Result<()> {
        if self.depth == 0 {
            if query.result_relation > 0 {
                query.result_relation = (self.map)(query.result_relation);
            }
            if let Some(conflict) = &mut query.on_conflict
                && conflict.excluded_index > 0
            {
                conflict.excluded_index = (self.map)(conflict.excluded_index);
            }
            query.row_marks.iter_mut().for_each(|mark| mark.rti = (self.map)(mark.rti));
            self.from(&mut query.jointree);
        }
        self.query_parts(query)
    }

    fn from(&self, from: &mut FromExpr) {
        from.items.iter_mut().for_each(|item| self.item(item));
    }

    fn item(&self, item: &mut FromItem) {
        match item {
            FromItem::Rel(index) => *index = (self.map)(*index),
            FromItem::From(from) => self.from(from),
            FromItem::Join(join) => {
                if join.rtindex > 0 {
                    join.rtindex = (self.map)(join.rtindex);
                }
                self.item(&mut join.left);
                self.item(&mut join.right);
            }
        }
    }
}

impl Mutator for Renumber<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Var(var) if var.levels_up == self.depth && var.varno > 0 => {
                var.varno = (self.map)(var.varno);
                if var.syntactic.0.0 > 0 {
                    var.syntactic.0.0 = (self.map)(var.syntactic.0.0);
                }
            }
            Expr::CurrentOfExpr(node) if self.depth == 0 => node.varno = (self.map)(node.varno),
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.depth += 1;
        self.query_parts(query)?;
        self.depth -= 1;
        Ok(())
    }
}

/// Replaces columns of joins by what they stand for.
pub fn flatten_join_alias_vars(rtable: &[RangeTblEntry], expr: &mut Expr) {
    let mut changer = Flatten { rtable, depth: 0 };
    changer.expr(expr).expect("flattening does not fail");
}

struct Flatten<'a> {
    rtable: &'a [RangeTblEntry],
    depth: u32,
}

impl Flatten<'_> {
    fn replacement(&self, var: &Var) -> Option<Expr> {
        let rte = self.rtable.get(usize::try_from(var.varno).ok()?.checked_sub(1)?)?;
        let join = rte.join()?;
        let mut replacement = match var.attno {
            0 => {
                let kept: Vec<_> = join.alias_vars.iter().zip(&rte.eref.columns).filter(|(v, _)| v.is_some()).collect();
                let column_names = kept.iter().map(|(_, name)| (*name).clone()).collect();
                let args = kept.iter().filter_map(|(v, _)| (*v).clone()).collect();
                let (row_type, location) = (var.type_oid, var.location);
                let format = Cosmetic(CoercionForm::ImplicitCast);
                RowExpr { args, row_type, format, column_names, location }.into()
            }
            attno => join.alias_vars.get(attno as usize - 1)?.clone()?,
        };
        if self.depth > 0 {
            increment_levels(&mut replacement, self.depth as i32);
        }
        if let Expr::Var(new) = &mut replacement {
            new.location = var.location;
        }
        Some(replacement)
    }
}

impl Mutator for Flatten<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Var(var) = expr
            && var.levels_up == self.depth
            && let Some(replacement) = self.replacement(var)
        {
            *expr = replacement;
            return self.expr(expr);
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.depth += 1;
        self.query_parts(query)?;
        self.depth -= 1;
        Ok(())
    }
}

/// Walks all of an expression, sub-selects included, and calls `visit` with each node and its depth.
pub fn any_at_depth(expr: &Expr, visit: &mut dyn FnMut(&Expr, u32) -> bool) -> bool {
    Deep { visit, depth: 0 }.expr(expr)
}

/// As [`any_at_depth`], over a query, whose own level is depth 0.
pub fn any_in_query(query: &Query, visit: &mut dyn FnMut(&Expr, u32) -> bool) -> bool {
    Deep { visit, depth: 0 }.query_parts(query)
}

struct Deep<'a> {
    visit: &'a mut dyn FnMut(&Expr, u32) -> bool,
    depth: u32,
}

impl Walker for Deep<'_> {
    fn expr(&mut self, expr: &Expr) -> bool {
        (self.visit)(expr, self.depth) || self.children(expr)
    }

    fn query(&mut self, query: &Query) -> bool {
        self.depth += 1;
        let end = self.query_parts(query);
        self.depth -= 1;
        end
    }
}

/// True if an expression refers to a relation of its own query level.
pub fn contains_own_var(expr: &Expr) -> bool {
    any_at_depth(expr, &mut |node, depth| matches!(node, Expr::Var(var) if var.levels_up == depth))
}

/// True if an expression refers to relation `varno` of its own query level.
pub fn refers_to(expr: &Expr, varno: i32) -> bool {
    any_at_depth(
        expr,
        &mut |node, depth| matches!(node, Expr::Var(var) if var.levels_up == depth && var.varno == varno),
    )
}

/// The relations of its own query level that an expression refers to.
pub fn own_relations(expr: &Expr) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    any_at_depth(expr, &mut |node, depth| {
        if let Expr::Var(var) = node
            && var.levels_up == depth
        {
            found.insert(var.varno);
        }
        false
    });
    found
}

/// The first aggregate of a query level that an expression contains.
pub fn find_aggregate(expr: &Expr, level: u32) -> Option<Location> {
    let mut found = None;
    any_at_depth(expr, &mut |node, depth| {
        let (levels_up, location) = match node {
            Expr::Aggref(node) => (node.levels_up, node.location),
            Expr::GroupingFunc(node) => (node.levels_up, node.location),
            _ => return false,
        };
        if levels_up == level + depth {
            found = Some(location);
        }
        found.is_some()
    });
    found
}

/// The first window function of its own level that an expression contains.
pub fn find_window_function(expr: &Expr) -> Option<Location> {
    let mut found = None;
    crate::walk::any(expr, &mut |node| {
        if let Expr::WindowFunc(node) = node {
            found = Some(node.location);
        }
        found.is_some()
    });
    found
}
