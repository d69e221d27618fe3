//! Target lists: expansion of `*`, names of columns, and values for columns of a table.
//!
//! Source: PostgreSQL 15 parse_target.c.

use crate::coerce::Coercion;
use crate::expr::{CaseTestExpr, Const, Expr, FieldSelect, FieldStore, Location, Var};
use crate::query::{RteKind, TargetEntry};
use crate::state::{Analyzer, ExprKind};
use base::Oid;
use parser::ast::{self, ColumnRef, Field, Indirection, IndirectionExpr, InsertColumn};
use report::{Result, error};
use schema::RelationEntry;
use tuple::Attribute;

impl Analyzer<'_, '_> {
    /// A select list or RETURNING.
    pub fn transform_target_list(&mut self, list: &[ast::Target], kind: ExprKind) -> Result<Vec<TargetEntry>> {
        let mut targets = Vec::with_capacity(list.len());
        for item in list {
            match &item.expr {
                ast::Expr::Column(column) if column.fields.last() == Some(&Field::Star) => {
                    targets.extend(self.expand_star(column)?);
                }
                ast::Expr::Indirection(node) if node.steps.last() == Some(&Indirection::Star) => {
                    for (name, expr) in self.expand_row_star(node, kind)? {
                        let resno = self.take_resno();
                        targets.push(TargetEntry::new(expr, resno, Some(name)));
                    }
                }
                expr => targets.push(self.transform_target(expr, kind, item.name.clone(), false)?),
            }
        }
        Ok(targets)
    }

    /// An expression as a target entry.
    pub fn transform_target(
        &mut self,
        expr: &ast::Expr,
        kind: ExprKind,
        name: Option<String>,
        junk: bool,
    ) -> Result<TargetEntry> {
        let value = self.transform_expr(expr, kind)?;
        let name = match name {
            None if !junk => Some(figure_column_name(expr)),
            name => name,
        };
        let resno = self.take_resno();
        Ok(TargetEntry { junk, ..TargetEntry::new(value, resno, name) })
    }

    /// `*` or `t.*` as target entries.
    fn expand_star(&mut self, column: &ColumnRef) -> Result<Vec<TargetEntry>> {
        let location: Location = column.pos.into();
        match column.fields.as_slice() {
            [Field::Star] => self.expand_all_tables(location),
            fields => {
                let (item, levels_up) = self.star_item(fields, location)?;
                Ok(self.expand_item_targets(&item, levels_up, location))
            }
        }
    }

    /// `*` or `t.*` as expressions.
    pub fn expand_star_exprs(&mut self, column: &ColumnRef) -> Result<Vec<Expr>> {
        let saved = self.state().next_resno;
        let targets = self.expand_star(column)?;
        self.state().next_resno = saved;
        Ok(targets.into_iter().map(|target| target.expr).collect())
    }

    fn expand_all_tables(&mut self, location: Location) -> Result<Vec<TargetEntry>> {
        let items = self.top().namespace.clone();
        let mut targets = Vec::new();
        let mut found = false;
        for item in items.iter().filter(|item| item.cols_visible) {
            found = true;
            targets.extend(self.expand_item_targets(item, 0, location));
        }
        if !found {
            return Err(self.at(error!(SYNTAX_ERROR, "SELECT * with no tables specified is not valid"), location));
        }
        Ok(targets)
    }

    fn star_item(&self, fields: &[Field], location: Location) -> Result<(crate::state::NsItem, u32)> {
        let names: Vec<&str> =
            fields.iter().filter_map(|f| if let Field::Name(n) = f { Some(n.as_str()) } else { None }).collect();
        let (schema, table) = match names.as_slice() {
            [table] => (None, *table),
            [schema, table] => (Some(*schema), *table),
            [database, schema, table] if *database == self.cx.database => (Some(*schema), *table),
            [_, _, _] => {
                let name = names.join(".") + ".*";
                let err = error!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {name}");
                return Err(self.at(err, location));
            }
            _ => {
                let name = names.join(".") + ".*";
                let err = error!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {name}");
                return Err(self.at(err, location));
            }
        };
        match self.refname_item(schema, table, location)? {
            Some(found) => Ok(found),
            None => Err(self.missing_table(schema, table, location)),
        }
    }

    /// `(row).*` as named expressions.
    pub fn expand_row_star(&mut self, node: &IndirectionExpr, kind: ExprKind) -> Result<Vec<(String, Expr)>> {
        let steps = &node.steps[..node.steps.len() - 1];
        let row = match steps.is_empty() {
            true => self.transform_expr(&node.arg, kind)?,
            false => {
                let inner = IndirectionExpr { arg: node.arg.clone(), steps: steps.to_vec() };
                self.transform_expr(&ast::Expr::Indirection(Box::new(inner)), kind)?
            }
        };
        if let Expr::Var(Var { varno, attno: 0, levels_up, location, .. }) = row
            && let Some(item) = self.item_of_relation(varno, levels_up)
        {
            let columns = self.expand_item(&item.data, levels_up, location);
            columns.iter().for_each(|(_, var)| self.mark_for_select(var));
            return Ok(columns.into_iter().map(|(name, var)| (name, var.into())).collect());
        }
        let Some(desc) = self.row_desc(&row)? else {
            let err = match row.type_of() {
                crate::oids::RECORD => error!(UNDEFINED_COLUMN, "record type has not been registered"),
                other => {
                    let name = self.cx.format_type(other);
                    error!(WRONG_OBJECT_TYPE, "type {name} is not composite")
                }
            };
            return Err(self.at(err, row.location()));
        };
        let shown = desc.attributes.iter().enumerate().filter(|(_, a)| !a.is_dropped);
        let field = |(at, a): (usize, &Attribute)| {
            let select = FieldSelect {
                arg: row.clone(),
                field: at as i16 + 1,
                result_type: a.type_oid,
                typmod: a.type_mod,
                collation: a.collation,
            };
            (a.name.clone(), select.into())
        };
        Ok(shown.map(field).collect())
    }

    /// Unknown literals of a target list become text.
    pub fn resolve_unknowns(&mut self, targets: &mut [TargetEntry]) -> Result<()> {
        for target in targets.iter_mut().filter(|target| target.expr.type_of() == crate::oids::UNKNOWN) {
            let taken = std::mem::replace(&mut target.expr, Const::bool(true).into());
            target.expr = self.coerce(taken, crate::oids::UNKNOWN, crate::oids::TEXT, -1, Coercion::IMPLICIT)?;
        }
        Ok(())
    }

    /// Notes which table columns the columns of a target list are.
    pub fn mark_origins(&self, targets: &mut [TargetEntry]) {
        for target in targets {
            let Expr::Var(var) = &target.expr else { continue };
            if let Some((table, column)) = self.origin(var) {
                (target.orig_table, target.orig_column) = (table, column);
            }
        }
    }

    fn origin(&self, var: &Var) -> Option<(Oid, i16)> {
        let rte = self.level(var.levels_up).rtable.get(var.varno as usize - 1)?;
        let inner = match &rte.kind {
            RteKind::Relation(relation) => return Some((relation.relid, var.attno)),
            RteKind::Subquery(subquery) => subquery.query.targets.iter().find(|t| t.resno == var.attno)?,
            RteKind::Cte(cte) if !cte.self_reference => {
                let ctes = &self.level(var.levels_up + cte.levels_up).ctes;
                let entry = ctes.iter().find(|entry| entry.cte.name == cte.name)?;
                entry.cte.query.output().iter().find(|t| t.resno == var.attno)?
            }
            _ => return None,
        };
        Some((inner.orig_table, inner.orig_column))
    }

    // --- values for columns ---

    /// A value made fit for a column of the target table, or for a part of it.
    pub fn transform_assigned(
        &mut self,
        expr: Expr,
        entry: &RelationEntry,
        column: &InsertColumn,
        attno: i16,
        kind: ExprKind,
    ) -> Result<Expr> {
        let saved = self.state().kind.replace(kind);
        let result = self.assigned(expr, entry, column, attno);
        self.state().kind = saved;
        result
    }

    fn assigned(&mut self, mut expr: Expr, entry: &RelationEntry, column: &InsertColumn, attno: i16) -> Result<Expr> {
        let location: Location = column.pos.into();
        let name = &column.name;
        if attno <= 0 {
            let err = error!(FEATURE_NOT_SUPPORTED, "cannot assign to system column \"{name}\"");
            return Err(self.at(err, location));
        }
        let attribute = &entry.desc.attributes[attno as usize - 1];
        if let Expr::SetToDefault(default) = &mut expr {
            (default.type_oid, default.typmod) = (attribute.type_oid, attribute.type_mod);
            default.collation = attribute.collation;
            let what = match column.indirection.first() {
                None => "",
                Some(Indirection::Index(_) | Indirection::Slice(..)) => "an array element",
                Some(_) => "a subfield",
            };
            if !what.is_empty() {
                return Err(self.at(error!(FEATURE_NOT_SUPPORTED, "cannot set {what} to DEFAULT"), location));
            }
        }
        if !column.indirection.is_empty() {
            let base = match self.top().is_insert {
                true => Const::null(attribute.type_oid, attribute.type_mod, attribute.collation).into(),
                false => {
                    let varno = self.top().target.as_ref().map_or(0, |item| item.data.rtindex);
                    let mut var = Var::new(varno, attno, attribute.type_oid, attribute.type_mod, attribute.collation);
                    var.location = location;
                    var.into()
                }
            };
            let target = Place {
                name,
                is_subscripting: false,
                type_oid: attribute.type_oid,
                typmod: attribute.type_mod,
                collation: attribute.collation,
                location,
            };
            return self.assign_part(Some(base), target, &column.indirection, expr);
        }
        let (source, at) = (expr.type_of(), expr.location());
        let coerced = self.coerce_to_target(expr, attribute.type_oid, attribute.type_mod, Coercion::ASSIGNMENT)?;
        coerced.ok_or_else(|| {
            let (to, from) = (self.cx.format_type(attribute.type_oid), self.cx.format_type(source));
            let err = error!(DATATYPE_MISMATCH, "column \"{name}\" is of type {to} but expression is of type {from}");
            self.at(err.hint("You will need to rewrite or cast the expression."), at)
        })
    }

    /// `base` with the part that `steps` name replaced by `value`.
    fn assign_part(
        &mut self,
        base: Option<Expr>,
        place: Place<'_>,
        steps: &[Indirection],
        value: Expr,
    ) -> Result<Expr> {
        let location = place.location;
        let is_subscript = |step: &Indirection| matches!(step, Indirection::Index(_) | Indirection::Slice(..));
        let base = match (base, steps.is_empty()) {
            (None, false) => {
                CaseTestExpr { type_oid: place.type_oid, typmod: place.typmod, collation: place.collation }.into()
            }
            (Some(base), _) => base,
            (None, true) => return self.assign_leaf(&place, value),
        };
        let subscripts = steps.iter().take_while(|step| is_subscript(step)).count();
        if subscripts > 0 {
            return self.assign_element(base, place, &steps[..subscripts], &steps[subscripts..], value);
        }
        let field = match steps.first() {
            None => return self.assign_leaf(&place, value),
            Some(Indirection::Field(field)) => field,
            Some(_) => {
                let err = error!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here");
                return Err(self.at(err, location));
            }
        };
        let row = self.cx.base_type_and_typmod(place.type_oid, place.typmod)?;
        let relation = self.cx.type_row(row.oid)?.typrelid;
        let type_name = self.cx.format_type(place.type_oid);
        if !relation.is_valid() {
            let err = error!(
                DATATYPE_MISMATCH,
                "cannot assign to field \"{field}\" of column \"{}\" because its type {type_name} is not a composite type",
                place.name
            );
            return Err(self.at(err, location));
        }
        let entry = self.cx.relation_row(relation)?;
        let Some(attno) = entry.column(field) else {
            let err = error!(
                UNDEFINED_COLUMN,
                "cannot assign to field \"{field}\" of column \"{}\" because there is no such column in data type {type_name}",
                place.name
            );
            return Err(self.at(err, location));
        };
        let attribute = &entry.desc.attributes[attno as usize - 1];
        let inner = Place {
            name: field,
            is_subscripting: false,
            type_oid: attribute.type_oid,
            typmod: attribute.type_mod,
            collation: attribute.collation,
            location,
        };
        let value = self.assign_part(None, inner, &steps[1..], value)?;
        let store = FieldStore { arg: base, values: vec![value], fields: vec![attno], result_type: row.oid };
        match row.oid == place.type_oid {
            true => Ok(store.into()),
            false => {
                let how = Coercion { location, ..Coercion::IMPLICIT };
                self.coerce_to_domain(store.into(), row.oid, row.typmod, place.type_oid, how)
            }
        }
    }

    fn assign_element(
        &mut self,
        base: Expr,
        place: Place<'_>,
        subscripts: &[Indirection],
        rest: &[Indirection],
        value: Expr,
    ) -> Result<Expr> {
        let (container_type, container_typmod) = self.container_type(place.type_oid, place.typmod)?;
        let steps: Vec<&Indirection> = subscripts.iter().collect();
        let made = self.transform_subscripts(base, &steps, None)?;
        let Expr::SubscriptingRef(mut made) = made else { return Ok(made) };
        let collation = match container_type == place.type_oid {
            true => place.collation,
            false => self.cx.type_collation(container_type)?,
        };
        let inner =
            Place { is_subscripting: true, type_oid: made.result_type, typmod: made.typmod, collation, ..place };
        let (name, location) = (place.name, place.location);
        made.assign = Some(self.assign_part(None, inner, rest, value)?);
        (made.result_type, made.typmod) = (container_type, container_typmod);
        if container_type == place.type_oid {
            return Ok(Expr::SubscriptingRef(made));
        }
        let how = Coercion { location: Location::UNKNOWN, ..Coercion::ASSIGNMENT };
        let coerced = self.coerce_to_target(Expr::SubscriptingRef(made), place.type_oid, place.typmod, how)?;
        coerced.ok_or_else(|| {
            let (from, to) = (self.cx.format_type(container_type), self.cx.format_type(place.type_oid));
            let err = error!(CANNOT_COERCE, "cannot cast type {from} to {to}");
            let _ = name;
            self.at(err, location)
        })
    }

    fn assign_leaf(&mut self, place: &Place<'_>, value: Expr) -> Result<Expr> {
        let source = value.type_of();
        let coerced = self.coerce_to_target(value, place.type_oid, place.typmod, Coercion::ASSIGNMENT)?;
        coerced.ok_or_else(|| {
            let (to, from) = (self.cx.format_type(place.type_oid), self.cx.format_type(source));
            let name = place.name;
            let err = match place.is_subscripting {
                true => error!(
                    DATATYPE_MISMATCH,
                    "subscripted assignment to \"{name}\" requires type {to} but expression is of type {from}"
                ),
                false => {
                    error!(DATATYPE_MISMATCH, "subfield \"{name}\" is of type {to} but expression is of type {from}")
                }
            };
            self.at(err.hint("You will need to rewrite or cast the expression."), place.location)
        })
    }
}

/// Where a value is assigned to: a column or a part of one.
#[derive(Clone, Copy)]
struct Place<'n> {
    name: &'n str,
    is_subscripting: bool,
    type_oid: Oid,
    typmod: i32,
    collation: Oid,
    location: Location,
}

/// The name that a column gets if it is given none.
pub fn figure_column_name(expr: &ast::Expr) -> String {
    strong_name(expr).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// The name of a column of an index on an expression, if the expression suggests one.
pub fn figure_index_column_name(expr: &ast::Expr) -> Option<String> {
    strong_name(expr).map(|(name, _)| name)
}

/// The name that an expression suggests, and whether strongly: a weak one gives way to another's.
fn strong_name(expr: &ast::Expr) -> Option<(String, bool)> {
    let strong = |name: &str| Some((name.to_owned(), true));
    match expr {
        ast::Expr::Column(column) => column.fields.iter().rev().find_map(|field| match field {
            Field::Name(name) => strong(name),
            Field::Star => None,
        }),
        ast::Expr::Indirection(node) => {
            let last = node.steps.iter().rev().find_map(|step| match step {
                Indirection::Field(name) => Some(name),
                _ => None,
            });
            last.map_or_else(|| strong_name(&node.arg), |name| strong(name))
        }
        ast::Expr::Func(call) => strong(call.name.last()),
        ast::Expr::Op(op) if op.kind == ast::OpKind::NullIf => strong("nullif"),
        ast::Expr::Cast(cast) => match strong_name(&cast.arg) {
            Some((name, true)) => Some((name, true)),
            _ => Some((cast.target.name.last().to_owned(), false)),
        },
        ast::Expr::Collate(node) => strong_name(&node.arg),
        ast::Expr::Grouping(_) => strong("grouping"),
        ast::Expr::SubLink(link) => match link.kind {
            ast::SubLinkKind::Exists => strong("exists"),
            ast::SubLinkKind::Array => strong("array"),
            ast::SubLinkKind::Scalar => sublink_name(&link.query),
            _ => None,
        },
        ast::Expr::Case(node) => match node.default.as_ref().and_then(strong_name) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        ast::Expr::Array(_) => strong("array"),
        ast::Expr::Row(_) => strong("row"),
        ast::Expr::Coalesce(_) => strong("coalesce"),
        ast::Expr::MinMax(node) => strong(if node.greatest { "greatest" } else { "least" }),
        ast::Expr::SqlValue(node) => strong(sql_value_name(node.op)),
        ast::Expr::Xml(node) => match node.op {
            ast::XmlOp::Concat => strong("xmlconcat"),
            ast::XmlOp::Element => strong("xmlelement"),
            ast::XmlOp::Forest => strong("xmlforest"),
            ast::XmlOp::Parse => strong("xmlparse"),
            ast::XmlOp::Pi => strong("xmlpi"),
            ast::XmlOp::Root => strong("xmlroot"),
            ast::XmlOp::IsDocument => None,
        },
        ast::Expr::XmlSerialize(_) => strong("xmlserialize"),
        _ => None,
    }
}

/// A scalar sub-select has the name of its column.
fn sublink_name(query: &ast::SelectStmt) -> Option<(String, bool)> {
    match &query.body {
        ast::SelectBody::Simple(select) => {
            let target = select.targets.first()?;
            match &target.name {
                Some(name) => Some((name.clone(), true)),
                None => strong_name(&target.expr),
            }
        }
        ast::SelectBody::Values(_) => Some(("column1".to_owned(), true)),
        ast::SelectBody::SetOperation(operation) => sublink_name(&operation.left),
    }
}

fn sql_value_name(op: ast::SqlValueOp) -> &'static str {
    use ast::SqlValueOp as Op;
    match op {
        Op::CurrentDate => "current_date",
        Op::CurrentTime => "current_time",
        Op::CurrentTimestamp => "current_timestamp",
        Op::LocalTime => "localtime",
        Op::LocalTimestamp => "localtimestamp",
        Op::CurrentRole => "current_role",
        Op::CurrentUser => "current_user",
        Op::User => "user",
        Op::SessionUser => "session_user",
        Op::CurrentCatalog => "current_catalog",
        Op::CurrentSchema => "current_schema",
    }
}
