//! INSERT, UPDATE and DELETE, as WITH queries have them.
//!
//! Source: PostgreSQL 15 ruleutils.c (get_insert_query_def and its siblings).

use super::Deparser;
use crate::clause::strip_implicit;
use crate::expr::{CoercionForm, Expr, ParamKind, SubLink, SubLinkType};
use crate::query::{OnConflictAction, OnConflictExpr, Overriding, Query, RteKind, TargetEntry};
use crate::types::quote_identifier;
use base::Oid;
use report::{Error, Result};

impl<'q> Deparser<'_, '_, 'q> {
    pub fn insert(&mut self, query: &'q Query, visible: bool) -> Result<()> {
        self.with_clause(query)?;
        let relation = target_of(query)?;
        self.begin();
        let name = self.cx.relation_to_write(relation)?;
        self.push(&format!("INSERT INTO {name}"));
        self.alias(query.rte(query.result_relation), query.result_relation, " AS ")?;
        self.push(" ");
        let mut values: Vec<&'q Expr> = Vec::new();
        if !query.targets.is_empty() {
            self.push("(");
            self.separated(query.targets.iter().filter(|target| !target.junk), |this, target| {
                let column = this.cx.attribute_name(relation, target.resno)?;
                this.push(&quote_identifier(&column));
                values.push(this.indirection(&target.expr)?);
                Ok(())
            })?;
            self.push(") ");
        }
        self.push(match query.overriding {
            Overriding::NotSet => "",
            Overriding::User => "OVERRIDING USER VALUE ",
            Overriding::System => "OVERRIDING SYSTEM VALUE ",
        });
        let source = query.rtable.iter().find(|r| matches!(r.kind, RteKind::Subquery(_) | RteKind::Values(_)));
        match source.map(|rte| &rte.kind) {
            Some(RteKind::Subquery(subquery)) => self.query(&subquery.query, None, false)?,
            Some(RteKind::Values(rows)) => self.values(&rows.rows)?,
            _ if values.is_empty() => self.push("DEFAULT VALUES"),
            _ => {
                self.clause("VALUES (", 2);
                self.separated(values, |this, value| this.top_expr(value, false))?;
                self.push(")");
            }
        }
        if let Some(conflict) = &query.on_conflict {
            self.on_conflict(conflict, query, relation)?;
        }
        self.returning(query, visible)
    }

    fn on_conflict(&mut self, conflict: &'q OnConflictExpr, query: &'q Query, relation: Oid) -> Result<()> {
        self.push(" ON CONFLICT");
        if !conflict.arbiter_elems.is_empty() {
            self.push("(");
            self.separated(&conflict.arbiter_elems, |this, element| this.inference(element))?;
            self.push(")");
            if let Some(predicate) = &conflict.arbiter_where {
                let prefix = std::mem::replace(&mut self.prefix, false);
                self.clause(" WHERE ", 1);
                self.expr(predicate, false)?;
                self.prefix = prefix;
            }
        } else if conflict.constraint.is_valid() {
            let found = self.cx.catalog.catalog.constraint(conflict.constraint)?;
            let missing = || Error::internal(format!("cache lookup failed for constraint {}", conflict.constraint));
            self.push(&format!(" ON CONSTRAINT {}", quote_identifier(&found.ok_or_else(missing)?.conname)));
        }
        if conflict.action == OnConflictAction::Nothing {
            self.push(" DO NOTHING");
            return Ok(());
        }
        self.push(" DO UPDATE SET ");
        self.assignments(&conflict.set, relation, query.has_sublinks)?;
        if let Some(quals) = &conflict.quals {
            self.clause(" WHERE ", 1);
            self.expr(quals, false)?;
        }
        Ok(())
    }

    pub fn update(&mut self, query: &'q Query, visible: bool) -> Result<()> {
        self.with_clause(query)?;
        let relation = self.change_target(query, "UPDATE ")?;
        self.push(" SET ");
        self.assignments(&query.targets, relation, query.has_sublinks)?;
        self.write_from(query, " FROM ")?;
        self.where_clause(query)?;
        self.returning(query, visible)
    }

    pub fn delete(&mut self, query: &'q Query, visible: bool) -> Result<()> {
        self.with_clause(query)?;
        self.change_target(query, "DELETE FROM ")?;
        self.write_from(query, " USING ")?;
        self.where_clause(query)?;
        self.returning(query, visible)
    }

    fn change_target(&mut self, query: &'q Query, words: &str) -> Result<Oid> {
        let relation = target_of(query)?;
        let rte = query.rte(query.result_relation);
        self.begin();
        let name = self.cx.relation_to_write(relation)?;
        self.push(&format!("{words}{}{name}", if rte.inh { "" } else { "ONLY " }));
        self.alias(rte, query.result_relation, " ")?;
        Ok(relation)
    }

    fn returning(&mut self, query: &'q Query, visible: bool) -> Result<()> {
        if query.returning.is_empty() {
            return Ok(());
        }
        self.clause(" RETURNING", 1);
        self.target_list(&query.returning, None, visible)
    }

    /// The assignments of SET; those of one sub-select together.
    fn assignments(&mut self, targets: &'q [TargetEntry], relation: Oid, has_sublinks: bool) -> Result<()> {
        let mut sources = targets.iter().filter(|target| match &target.expr {
            Expr::SubLink(link) => target.junk && has_sublinks && link.kind == SubLinkType::Multiexpr,
            _ => false,
        });
        let mut current: Option<(&'q TargetEntry, usize)> = None;
        self.separated(targets.iter().filter(|target| !target.junk), |this, target| {
            if current.is_none() && is_from_multiexpr(&target.expr) {
                current = sources.next().map(|source| (source, output_count(&source.expr)));
                this.push("(");
            }
            let column = this.cx.attribute_name(relation, target.resno)?;
            this.push(&quote_identifier(&column));
            let mut value = this.indirection(&target.expr)?;
            if let Some((source, remaining)) = &mut current {
                *remaining = remaining.saturating_sub(1);
                if *remaining > 0 {
                    return Ok(());
                }
                this.push(")");
                value = &source.expr;
                current = None;
            }
            this.push(" = ");
            this.expr(value, false)
        })
    }

    /// Writes the fields and subscripts to which an expression assigns; answers the value that is assigned.
    pub fn indirection(&mut self, expr: &'q Expr) -> Result<&'q Expr> {
        let mut expr = expr;
        let mut domain: Option<(&'q Expr, &'q Expr)> = None;
        loop {
            match expr {
                Expr::FieldStore(node) => {
                    let relation = self.cx.type_relation(node.result_type)?;
                    let field = self.cx.attribute_name(relation, node.fields[0])?;
                    self.push(&format!(".{}", quote_identifier(&field)));
                    expr = &node.values[0];
                }
                Expr::SubscriptingRef(node) => {
                    let Some(value) = &node.assign else { break };
                    self.subscripts(node)?;
                    expr = value;
                }
                Expr::CoerceToDomain(node) if node.format.0 == CoercionForm::ImplicitCast => {
                    domain = Some((expr, &node.arg));
                    expr = &node.arg;
                }
                _ => break,
            }
        }
        // A coercion under which nothing is assigned belongs to the value.
        Ok(domain.filter(|(_, arg)| std::ptr::eq(*arg, expr)).map_or(expr, |(whole, _)| whole))
    }
}

fn target_of(query: &Query) -> Result<Oid> {
    let relation = query.rte(query.result_relation).relation();
    Ok(relation.ok_or_else(|| Error::internal("the target of a change is no relation"))?.relid)
}

fn output_count(expr: &Expr) -> usize {
    let link: &SubLink = match expr {
        Expr::SubLink(link) => link,
        _ => return 1,
    };
    link.query.targets.iter().filter(|target| !target.junk).count()
}

/// True if the value assigned comes from a sub-select with many columns.
fn is_from_multiexpr(expr: &Expr) -> bool {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::FieldStore(node) => &node.values[0],
            Expr::SubscriptingRef(node) => match &node.assign {
                Some(value) => value,
                None => break,
            },
            Expr::CoerceToDomain(node) if node.format.0 == CoercionForm::ImplicitCast => &node.arg,
            _ => break,
        };
    }
    matches!(strip_implicit(expr), Expr::Param(param) if param.kind == ParamKind::Multiexpr)
}
