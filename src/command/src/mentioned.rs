//! What a query or an expression mentions: the objects that it depends on.
//!
//! A type is noted only where nothing else leads to it: a variable depends on its column, which depends on the type; an operator
//! on its operand types. Constants and casts have nothing between. Collations are noted where they come in.

use crate::address::ObjectAddress;
use analyze::expr::{Const, Expr};
use analyze::query::{CmdType, Query, RangeTblEntry, RteKind, RteRelation, SetOperand, SortGroupClause};
use analyze::walk::Walker;
use base::Oid;
use catalog::oids::{self, types};
use instance::Ctx;
use report::{Error, Result, error};
use std::collections::BTreeSet;
use tuple::Datum;

/// The collation of types that have none of their own; it is always there.
const DEFAULT_COLLATION: Oid = Oid(100);

/// Objects that a query mentions.
///
/// Errors: 0A000 for a constant that names a role: roles are not of the database.
pub fn by_query(cx: Ctx<'_>, query: &Query) -> Result<BTreeSet<ObjectAddress>> {
    let mut collector = Collector::new(cx);
    collector.query(query);
    collector.finish()
}

/// Objects that an expression mentions. Its variables are columns of `relation` (range table index 1), if there is one; the
/// relation as a whole is not among the objects. Errors: as [`by_query`].
pub fn by_expr(cx: Ctx<'_>, expr: &Expr, relation: Option<Oid>) -> Result<BTreeSet<ObjectAddress>> {
    let mut collector = Collector::new(cx);
    collector.tables.push(vec![relation.map_or(Source::Other, Source::Relation)]);
    collector.expr(expr);
    collector.finish()
}

/// Functions that an expression calls, by themselves, for an operator, or to turn a value into text and back.
pub fn functions(cx: Ctx<'_>, expr: &Expr) -> Result<Vec<Oid>> {
    let mut found = Vec::new();
    let mut through_text = Vec::new();
    analyze::walk::for_each(expr, &mut |node| {
        if let Expr::CoerceViaIo(cast) = node {
            through_text.push((cast.arg.type_of(), cast.result_type));
        }
    });
    for (from, to) in through_text {
        found.extend(cx.catalog().type_by_oid(from)?.map(|row| row.typoutput));
        found.extend(cx.catalog().type_by_oid(to)?.map(|row| row.typinput));
    }
    for object in by_expr(cx, expr, None)? {
        match object.class {
            oids::PG_PROC => found.push(object.object),
            oids::PG_OPERATOR => found.extend(cx.catalog().operator(object.object)?.map(|row| row.oprcode)),
            _ => {}
        }
    }
    Ok(found)
}

/// What a variable's range table entry is.
#[derive(Clone)]
enum Source {
    Relation(Oid),
    /// Functions: for each its number of columns and, if it returns a named row type, the type's relation.
    Functions(Vec<(usize, Option<Oid>)>),
    Other,
}

struct Collector<'a> {
    cx: Ctx<'a>,
    found: BTreeSet<ObjectAddress>,
    /// For each query level, outermost first, the entries of its range table.
    tables: Vec<Vec<Source>>,
    failed: Option<Error>,
}

impl<'a> Collector<'a> {
    fn new(cx: Ctx<'a>) -> Collector<'a> {
        Collector { cx, found: BTreeSet::new(), tables: Vec::new(), failed: None }
    }

    /// A reference to a whole is not needed beside one to its part.
    fn finish(mut self) -> Result<BTreeSet<ObjectAddress>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let parts: BTreeSet<_> = self.found.iter().filter(|o| o.part != 0).map(|o| (o.class, o.object)).collect();
        self.found.retain(|o| o.part != 0 || !parts.contains(&(o.class, o.object)));
        Ok(self.found)
    }

    fn add(&mut self, class: Oid, object: Oid) {
        if object.is_valid() {
            self.found.insert(ObjectAddress::new(class, object));
        }
    }

    fn add_type(&mut self, type_oid: Oid) {
        self.add(oids::PG_TYPE, type_oid);
    }

    fn add_collation(&mut self, collation: Oid) {
        if collation != DEFAULT_COLLATION {
            self.add(oids::PG_COLLATION, collation);
        }
    }

    /// The value, unless the look-up failed: then the walk ends with the error.
    fn keep<T>(&mut self, found: Result<T>) -> Option<T> {
        found.map_err(|error| self.failed = Some(error)).ok()
    }

    /// A column of a relation or of a function's row type; a column of anything else depends on what its own definition mentions.
    fn add_column(&mut self, levels_up: u32, varno: i32, attno: i16) {
        let level = self.tables.len().checked_sub(1 + levels_up as usize);
        let source = level.and_then(|l| self.tables[l].get((varno - 1) as usize)).cloned();
        match source {
            // A whole row mentions no column: its relation is mentioned by the range table.
            Some(Source::Relation(table)) if attno != 0 => {
                self.found.insert(ObjectAddress::column(table, attno));
            }
            Some(Source::Functions(functions)) => {
                let mut column = attno;
                for (count, relation) in functions {
                    if (1..=count as i16).contains(&column) {
                        self.found.extend(relation.map(|relation| ObjectAddress::column(relation, column)));
                        return;
                    }
                    column -= count as i16;
                }
            }
            _ => {}
        }
    }

    /// A constant depends on its type, and one of type regclass and the like on the object that it names.
    fn add_constant(&mut self, constant: &Const) {
        self.add_type(constant.type_oid);
        self.add_collation(constant.collation);
        if let Datum::Oid(oid) = constant.value {
            let named = named_object(self.cx, constant.type_oid, oid);
            if let Some(Some(address)) = self.keep(named) {
                self.found.insert(address);
            }
        }
    }

    /// Fields of a row type are columns of its relation.
    fn add_fields(&mut self, row_type: Oid, fields: &[i16], otherwise: Oid) {
        let relation = row_relation(self.cx, row_type);
        match self.keep(relation).flatten() {
            Some(relation) => self.found.extend(fields.iter().map(|field| ObjectAddress::column(relation, *field))),
            None => self.add_type(otherwise),
        }
    }

    fn add_sorting(&mut self, clauses: &[SortGroupClause]) {
        for clause in clauses {
            self.add(oids::PG_OPERATOR, clause.eq_operator);
            self.add(oids::PG_OPERATOR, clause.sort_operator);
        }
    }

    fn add_set_operation(&mut self, operand: &SetOperand) {
        if let SetOperand::Op(operation) = operand {
            self.add_sorting(&operation.group);
            self.add_set_operation(&operation.left);
            self.add_set_operation(&operation.right);
        }
    }

    /// What stands in the query's clauses and is no expression.
    fn add_clauses(&mut self, query: &Query) {
        for clauses in [&query.group, &query.distinct, &query.sort] {
            self.add_sorting(clauses);
        }
        for window in &query.windows {
            self.add_sorting(&window.partition);
            self.add_sorting(&window.order);
            self.add(oids::PG_PROC, window.start_in_range_func);
            self.add(oids::PG_PROC, window.end_in_range_func);
            self.add_collation(window.in_range_collation);
        }
        for cycle in query.ctes.iter().filter_map(|cte| cte.cycle.as_ref()) {
            self.add_type(cycle.mark_type);
            self.add_collation(cycle.mark_collation);
            self.add(oids::PG_OPERATOR, cycle.mark_ne_operator);
        }
        if let Some(operation) = &query.set_operations {
            self.add_sorting(&operation.group);
            self.add_set_operation(&operation.left);
            self.add_set_operation(&operation.right);
        }
        query.constraint_deps.iter().for_each(|oid| self.add(oids::PG_CONSTRAINT, *oid));
        if let Some(conflict) = &query.on_conflict {
            self.add(oids::PG_CONSTRAINT, conflict.constraint);
        }
        self.add_targets(query);
    }

    /// The columns that an INSERT or UPDATE sets must stay.
    fn add_targets(&mut self, query: &Query) {
        if !matches!(query.command, CmdType::Insert | CmdType::Update) || query.result_relation <= 0 {
            return;
        }
        if let RteKind::Relation(relation) = &query.rte(query.result_relation).kind {
            let targets = query.targets.iter().filter(|target| !target.junk);
            self.found.extend(targets.map(|target| ObjectAddress::column(relation.relid, target.resno)));
        }
    }

    fn source(&mut self, rte: &RangeTblEntry) -> Source {
        match &rte.kind {
            RteKind::Relation(RteRelation { relid, .. }) => Source::Relation(*relid),
            RteKind::Function(function) => {
                let mut columns = Vec::new();
                for function in &function.functions {
                    let relation = match function.definition {
                        Some(_) => None,
                        None => self.keep(row_relation(self.cx, function.call.type_of())).flatten(),
                    };
                    columns.push((function.column_count, relation));
                }
                Source::Functions(columns)
            }
            _ => Source::Other,
        }
    }

    /// What an expression itself names, without its parts.
    fn node(&mut self, expr: &Expr) {
        match expr {
            Expr::Var(v) => self.add_column(v.levels_up, v.varno, v.attno),
            Expr::Const(constant) => self.add_constant(constant),
            Expr::Param(p) => {
                self.add_type(p.type_oid);
                self.add_collation(p.collation);
            }
            Expr::FuncExpr(f) => self.add(oids::PG_PROC, f.function),
            Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => self.add(oids::PG_OPERATOR, o.operator),
            Expr::ScalarArrayOpExpr(o) => self.add(oids::PG_OPERATOR, o.operator),
            Expr::Aggref(a) => {
                self.add(oids::PG_PROC, a.function);
                self.add_sorting(&a.order);
                self.add_sorting(&a.distinct);
            }
            Expr::WindowFunc(w) => self.add(oids::PG_PROC, w.function),
            Expr::FieldSelect(f) => {
                self.add_fields(f.arg.type_of(), &[f.field], f.result_type);
                self.add_collation(f.collation);
            }
            Expr::FieldStore(f) => self.add_fields(f.result_type, &f.fields, f.result_type),
            Expr::SubscriptingRef(s) if s.result_type != s.container_type && s.result_type != s.element_type => {
                self.add_type(s.result_type);
            }
            Expr::RelabelType(r) => {
                self.add_type(r.result_type);
                self.add_collation(r.collation);
            }
            Expr::CoerceViaIo(c) => {
                self.add_type(c.result_type);
                self.add_collation(c.collation);
            }
            Expr::ArrayCoerceExpr(c) => {
                self.add_type(c.result_type);
                self.add_collation(c.collation);
            }
            Expr::ConvertRowtypeExpr(c) => self.add_type(c.result_type),
            Expr::CoerceToDomain(c) => self.add_type(c.result_type),
            Expr::CollateExpr(c) => self.add(oids::PG_COLLATION, c.collation),
            Expr::RowExpr(r) => self.add_type(r.row_type),
            Expr::RowCompareExpr(r) => {
                r.operators.iter().for_each(|oid| self.add(oids::PG_OPERATOR, *oid));
                r.families.iter().for_each(|oid| self.add(oids::PG_OPFAMILY, *oid));
            }
            Expr::NextValueExpr(n) => self.add(oids::PG_CLASS, n.sequence),
            _ => {}
        }
    }
}

impl Walker for Collector<'_> {
    fn query(&mut self, query: &Query) -> bool {
        let sources = query.rtable.iter().map(|rte| self.source(rte)).collect();
        self.tables.push(sources);
        self.add_clauses(query);
        let end = self.query_parts(query);
        self.tables.pop();
        end
    }

    fn rte(&mut self, rte: &RangeTblEntry) -> bool {
        match &rte.kind {
            RteKind::Relation(relation) => self.add(oids::PG_CLASS, relation.relid),
            RteKind::Function(function) => {
                for columns in function.functions.iter().filter_map(|function| function.definition.as_ref()) {
                    columns.types.iter().for_each(|oid| self.add_type(*oid));
                    columns.collations.iter().for_each(|oid| self.add_collation(*oid));
                }
            }
            // Columns of the inputs count where they are used. Merged ones may hold casts.
            RteKind::Join(join) => {
                let merged = join.alias_vars.iter().take(join.merged_columns).flatten();
                return merged.filter(|expr| !matches!(expr, Expr::Var(_))).any(|expr| self.expr(expr));
            }
            _ => {}
        }
        self.rte_parts(rte)
    }

    fn expr(&mut self, expr: &Expr) -> bool {
        self.node(expr);
        self.failed.is_some() || self.children(expr)
    }
}

/// The relation behind a row type, or behind a domain over one.
fn row_relation(cx: Ctx<'_>, type_oid: Oid) -> Result<Option<Oid>> {
    let row = cx.catalog().type_by_oid(cx.catalog().base_type(type_oid)?)?;
    Ok(row.map(|row| row.typrelid).filter(|oid| oid.is_valid()))
}

/// The object that a constant of type regclass and the like names, if it exists.
fn named_object(cx: Ctx<'_>, type_oid: Oid, oid: Oid) -> Result<Option<ObjectAddress>> {
    let catalog = cx.catalog();
    let (class, exists) = match type_oid {
        types::REGPROC | types::REGPROCEDURE => (oids::PG_PROC, catalog.function(oid)?.is_some()),
        types::REGOPER | types::REGOPERATOR => (oids::PG_OPERATOR, catalog.operator(oid)?.is_some()),
        types::REGCLASS => (oids::PG_CLASS, catalog.class(oid)?.is_some()),
        types::REGTYPE => (oids::PG_TYPE, catalog.type_by_oid(oid)?.is_some()),
        types::REGCOLLATION => (oids::PG_COLLATION, catalog.collation(oid)?.is_some()),
        types::REGNAMESPACE => (oids::PG_NAMESPACE, catalog.namespace(oid)?.is_some()),
        types::REGROLE => {
            return Err(error!(FEATURE_NOT_SUPPORTED, "constant of the type {} cannot be used here", "regrole"));
        }
        _ => return Ok(None),
    };
    Ok(exists.then(|| ObjectAddress::new(class, oid)))
}
