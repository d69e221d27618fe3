//! What a query or an expression mentions: the objects that it depends on.

use crate::address::ObjectAddress;
use analyze::expr::Expr;
use analyze::query::{Query, RangeTblEntry, RteKind};
use analyze::walk::Walker;
use base::Oid;
use catalog::oids;
use std::collections::BTreeSet;

/// Objects that a query mentions.
pub fn by_query(query: &Query) -> BTreeSet<ObjectAddress> {
    let mut collector = Collector::default();
    collector.query(query);
    collector.found
}

/// Objects that an expression mentions. Its variables are columns of `relation` (range table index 1), if there is one.
pub fn by_expr(expr: &Expr, relation: Option<Oid>) -> BTreeSet<ObjectAddress> {
    let mut collector = Collector::default();
    collector.tables.push(vec![relation]);
    collector.expr(expr);
    collector.found
}

#[derive(Default)]
struct Collector {
    found: BTreeSet<ObjectAddress>,
    /// For each query level, outermost first: the relation of each range table entry.
    tables: Vec<Vec<Option<Oid>>>,
}

impl Collector {
    fn add(&mut self, class: Oid, object: Oid) {
        if object.is_valid() {
            self.found.insert(ObjectAddress::new(class, object));
        }
    }

    fn add_types(&mut self, types: &[Oid], collations: &[Oid]) {
        types.iter().for_each(|oid| self.add(oids::PG_TYPE, *oid));
        collations.iter().for_each(|oid| self.add(oids::PG_COLLATION, *oid));
    }

    /// A column of a relation; a column of anything else depends on what its own definition mentions.
    fn add_column(&mut self, levels_up: u32, varno: i32, attno: i16) {
        let level = self.tables.len().checked_sub(1 + levels_up as usize);
        let table = level.and_then(|l| self.tables[l].get((varno - 1) as usize).copied().flatten());
        if let Some(table) = table {
            let address = if attno > 0 { ObjectAddress::column(table, attno) } else { ObjectAddress::relation(table) };
            self.found.insert(address);
        }
    }
}

impl Walker for Collector {
    fn query(&mut self, query: &Query) -> bool {
        let relation = |rte: &RangeTblEntry| rte.relation().map(|relation| relation.relid);
        self.tables.push(query.rtable.iter().map(relation).collect());
        let end = self.query_parts(query);
        self.tables.pop();
        query.constraint_deps.iter().for_each(|oid| self.add(oids::PG_CONSTRAINT, *oid));
        end
    }

    fn rte(&mut self, rte: &RangeTblEntry) -> bool {
        if let RteKind::Relation(relation) = &rte.kind {
            self.add(oids::PG_CLASS, relation.relid);
        }
        self.rte_parts(rte)
    }

    fn expr(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Var(v) => self.add_column(v.levels_up, v.varno, v.attno),
            Expr::Const(c) => self.add_types(&[c.type_oid], &[c.collation]),
            Expr::FuncExpr(f) => self.add(oids::PG_PROC, f.function),
            Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => self.add(oids::PG_OPERATOR, o.operator),
            Expr::ScalarArrayOpExpr(o) => self.add(oids::PG_OPERATOR, o.operator),
            Expr::Aggref(a) => self.add(oids::PG_PROC, a.function),
            Expr::WindowFunc(w) => self.add(oids::PG_PROC, w.function),
            Expr::RelabelType(r) => self.add_types(&[r.result_type], &[r.collation]),
            Expr::CoerceViaIo(c) => self.add_types(&[c.result_type], &[c.collation]),
            Expr::ArrayCoerceExpr(c) => self.add_types(&[c.result_type], &[c.collation]),
            Expr::CoerceToDomain(c) => self.add_types(&[c.result_type], &[]),
            Expr::CollateExpr(c) => self.add(oids::PG_COLLATION, c.collation),
            Expr::RowExpr(r) => self.add_types(&[r.row_type], &[]),
            Expr::RowCompareExpr(r) => r.operators.iter().for_each(|oid| self.add(oids::PG_OPERATOR, *oid)),
            Expr::NextValueExpr(n) => self.add(oids::PG_CLASS, n.sequence),
            _ => {}
        }
        self.children(expr)
    }
}
