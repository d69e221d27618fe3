//! Questions and changes over expression and query trees that planning needs again and again.

use crate::lookup::Lookup;
use crate::relids::Relids;
use analyze::expr::{Expr, Var};
use analyze::query::{FromItem, Query, RangeTblEntry, RteKind};
use analyze::walk::{self, Mutator, Walker};
use report::Result;

/// The relations of this query level that an expression refers to, sub-selects included.
pub fn varnos(expr: &Expr) -> Relids {
    varnos_of_level(expr, 0)
}

/// The relations that an expression refers to, of the query `level` levels up.
pub fn varnos_of_level(expr: &Expr, level: u32) -> Relids {
    let mut walker = Varnos { level, found: Relids::EMPTY };
    walker.expr(expr);
    walker.found
}

/// The relations that a query refers to, of the query `level` levels above it (1: its parent).
pub fn varnos_of_query(query: &Query, level: u32) -> Relids {
    let mut walker = Varnos { level, found: Relids::EMPTY };
    walker.query_parts(query);
    walker.found
}

struct Varnos {
    level: u32,
    found: Relids,
}

impl Walker for Varnos {
    fn expr(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Var(var) if var.levels_up == self.level && var.varno > 0 => self.found.insert(var.varno),
            Expr::CurrentOfExpr(node) if self.level == 0 => self.found.insert(node.varno),
            Expr::PlaceHolderVar(node) if node.levels_up == self.level => {
                node.rels.iter().for_each(|rti| self.found.insert(*rti));
                return false;
            }
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &Query) -> bool {
        self.level += 1;
        self.query_parts(query);
        self.level -= 1;
        false
    }
}

/// Calls `visit` for each `Var` of this level, sub-selects' outer references included.
pub fn for_each_var(expr: &Expr, visit: &mut dyn FnMut(&Var)) {
    struct Each<'a> {
        level: u32,
        visit: &'a mut dyn FnMut(&Var),
    }
    impl Walker for Each<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            if let Expr::Var(var) = expr
                && var.levels_up == self.level
            {
                (self.visit)(var);
            }
            self.children(expr)
        }
        fn query(&mut self, query: &Query) -> bool {
            self.level += 1;
            self.query_parts(query);
            self.level -= 1;
            false
        }
    }
    Each { level: 0, visit }.expr(expr);
}

/// Replaces each `Var` of this level for which `replace` gives an expression (which gets the levels right itself:
/// it is told how many levels below this query the `Var` stands), in sub-selects too.
pub struct ReplaceVars<'a> {
    /// Levels below the query at which it started.
    pub level: u32,
    /// What to put in place.
    pub replace: &'a mut dyn FnMut(&Var) -> Option<Expr>,
}

impl Mutator for ReplaceVars<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Var(var) = expr
            && var.levels_up == self.level
        {
            if let Some(mut new) = (self.replace)(var) {
                if self.level > 0 {
                    raise_levels(&mut new, self.level as i32, 0)?;
                }
                *expr = new;
            }
            return Ok(());
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.level += 1;
        let result = self.query_parts(query);
        self.level -= 1;
        result
    }
}

/// Adds `by` to `levels_up` of everything that is at least `min` levels up.
pub fn raise_levels(expr: &mut Expr, by: i32, min: u32) -> Result<()> {
    RaiseLevels { by, min }.expr(expr)
}

/// See [`raise_levels`].
pub struct RaiseLevels {
    /// How much.
    pub by: i32,
    /// From which level on.
    pub min: u32,
}

impl RaiseLevels {
    fn raise(&self, levels_up: &mut u32) {
        if *levels_up >= self.min {
            *levels_up = levels_up.saturating_add_signed(self.by);
        }
    }
}

impl Mutator for RaiseLevels {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Var(var) => self.raise(&mut var.levels_up),
            Expr::Aggref(agg) => self.raise(&mut agg.levels_up),
            Expr::GroupingFunc(node) => self.raise(&mut node.levels_up),
            Expr::PlaceHolderVar(node) => self.raise(&mut node.levels_up),
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.min += 1;
        let result = self.query_parts(query);
        self.min -= 1;
        result
    }

    fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        if let RteKind::Cte(cte) = &mut rte.kind
            && cte.levels_up >= self.min
        {
            cte.levels_up = cte.levels_up.saturating_add_signed(self.by);
        }
        self.rte_parts(rte)
    }
}

/// Adds `by` to the range table indexes of a query that is merged into its parent, in everything that refers to it.
pub fn offset_query(query: &mut Query, by: i32) -> Result<()> {
    let mut offset = OffsetVars { by, level: 0 };
    offset.query_parts(query)?;
    offset_from(&mut query.jointree.items, by);
    for mark in &mut query.row_marks {
        mark.rti += by;
    }
    if query.result_relation > 0 {
        query.result_relation += by;
    }
    Ok(())
}

fn offset_from(items: &mut [FromItem], by: i32) {
    for item in items {
        match item {
            FromItem::Rel(rti) => *rti += by,
            FromItem::From(from) => offset_from(&mut from.items, by),
            FromItem::Join(join) => {
                offset_from(std::slice::from_mut(&mut join.left), by);
                offset_from(std::slice::from_mut(&mut join.right), by);
                if join.rtindex > 0 {
                    join.rtindex += by;
                }
            }
        }
    }
}

/// Adds to the `varno` of this level's Vars.
pub struct OffsetVars {
    /// How much.
    pub by: i32,
    /// Levels below the query whose Vars count.
    pub level: u32,
}

impl Mutator for OffsetVars {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Var(var) if var.levels_up == self.level && var.varno > 0 => {
                var.varno += self.by;
                if var.syntactic.0.0 > 0 {
                    var.syntactic.0.0 += self.by;
                }
            }
            Expr::CurrentOfExpr(node) if self.level == 0 => node.varno += self.by,
            _ => {}
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.level += 1;
        let result = self.query_parts(query);
        self.level -= 1;
        result
    }
}

/// True if it has a set-returning function at any depth (not in sub-selects).
pub fn returns_set(expr: &Expr) -> bool {
    walk::any(expr, &mut Expr::is_set_returning)
}

/// True if it has an aggregate of this level.
pub fn has_aggregate(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::Aggref(a) if a.levels_up == 0) || matches!(e, Expr::GroupingFunc(_)))
}

/// True if it has a column of a set operation's result, which belongs to no relation.
pub fn has_set_column(expr: &Expr) -> bool {
    analyze::walk::any(expr, &mut |e| matches!(e, Expr::Var(var) if var.varno == 0 && var.levels_up == 0))
}

/// True if it has a window function.
pub fn has_window(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::WindowFunc(_)))
}

/// True if it has a sub-select, planned or not.
pub fn has_subselect(expr: &Expr) -> bool {
    walk::any(expr, &mut |e| matches!(e, Expr::SubLink(_) | Expr::SubPlan(_) | Expr::AlternativeSubPlan(_)))
}

/// True if something in it has a volatility of at least `least` (`v`, or `s` for stable too).
pub fn is_volatile(expr: &Expr, least: u8, lookup: &dyn Lookup) -> bool {
    struct Find<'a> {
        least: u8,
        lookup: &'a dyn Lookup,
    }
    impl Find<'_> {
        fn counts(&self, function: base::Oid) -> bool {
            self.lookup.function(function).map_or(true, |info| self.reaches(info.volatility))
        }

        fn reaches(&self, volatility: u8) -> bool {
            volatility == b'v' || (self.least == b's' && volatility == b's')
        }

        fn converts(&self, source: base::Oid, target: base::Oid) -> bool {
            self.lookup.conversion_volatility(source, target).map_or(true, |volatility| self.reaches(volatility))
        }
    }
    impl Walker for Find<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            let own = match expr {
                Expr::FuncExpr(node) => self.counts(node.function),
                Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => self.counts(node.function),
                Expr::ScalarArrayOpExpr(node) => self.counts(node.function),
                Expr::NextValueExpr(_) => true,
                Expr::CoerceViaIo(node) => self.converts(node.arg.type_of(), node.result_type),
                Expr::SqlValueFunction(_) => self.least == b's',
                _ => false,
            };
            own || self.children(expr)
        }
    }
    Find { least, lookup }.expr(expr)
}

/// True if it may give something other than null when all its columns are null.
pub fn has_nonstrict(expr: &Expr, lookup: &dyn Lookup) -> bool {
    walk::any(expr, &mut |e| match e {
        Expr::FuncExpr(node) => lookup.function(node.function).map_or(true, |f| !f.strict),
        Expr::OpExpr(node) => lookup.function(node.function).map_or(true, |f| !f.strict),
        Expr::Var(_) | Expr::Const(_) | Expr::Param(_) | Expr::RelabelType(_) | Expr::CoerceViaIo(_) => false,
        Expr::FieldSelect(_) | Expr::CollateExpr(_) | Expr::ArrayCoerceExpr(_) => false,
        Expr::BoolExpr(node) => node.op != analyze::expr::BoolExprType::Not,
        _ => true,
    })
}

/// A condition's list form: none if it is absent.
pub fn conjuncts(quals: Option<Expr>) -> Vec<Expr> {
    quals.map_or_else(Vec::new, Expr::into_conjuncts)
}
