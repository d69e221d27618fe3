//! FROM.
//!
//! Source: PostgreSQL 15 ruleutils.c (get_from_clause and what it calls).

use super::Deparser;
use super::layout::{INDENT, INDENT_JOIN};
use super::names::ColumnNames;
use super::query::name_list;
use crate::expr::Expr;
use crate::query::{FromItem, JoinExpr, JoinType, Query, RangeTblEntry, RangeTblFunction, RteFunction, RteKind};
use crate::types::quote_identifier;
use base::Oid;
use report::{Error, Result};

/// pg_proc oid of `unnest(anyarray)`.
const UNNEST: Oid = Oid(2331);

impl<'q> Deparser<'_, '_, 'q> {
    /// FROM, or USING of DELETE.
    pub fn write_from(&mut self, query: &'q Query, word: &str) -> Result<()> {
        let written = query.jointree.items.iter().filter(|item| match item {
            FromItem::Rel(rtindex) => query.rte(*rtindex).in_from_clause,
            _ => true,
        });
        for (number, item) in written.enumerate() {
            if number == 0 {
                self.clause(word, 2);
                self.write_from_item(item, query)?;
                continue;
            }
            self.push(", ");
            let (text, ()) = self.apart(|this| this.write_from_item(item, query))?;
            if self.layout.lines {
                self.place(&text, true, false);
            }
            self.push(&text);
        }
        Ok(())
    }

    fn write_from_item(&mut self, item: &'q FromItem, query: &'q Query) -> Result<()> {
        match item {
            FromItem::Rel(rtindex) => self.write_from_relation(*rtindex, query),
            FromItem::Join(join) => self.join(join, query),
            FromItem::From(_) => Err(Error::internal("a planned join tree cannot be displayed")),
        }
    }

    fn write_from_relation(&mut self, rtindex: i32, query: &'q Query) -> Result<()> {
        let rte = query.rte(rtindex);
        let space = self.level(0)?;
        let columns = &space.columns[rtindex as usize - 1];
        if rte.lateral {
            self.push("LATERAL ");
        }
        let mut definition = None;
        match &rte.kind {
            RteKind::Relation(relation) => {
                let name = self.relation_in_from(relation.relid)?;
                self.push(if rte.inh { "" } else { "ONLY " });
                self.push(&name);
            }
            RteKind::Subquery(subquery) => {
                self.in_parens(true, |this| this.query(&subquery.query, None, true))?;
            }
            RteKind::Function(function) => definition = self.functions(function)?,
            RteKind::Values(values) => self.in_parens(true, |this| this.values(&values.rows))?,
            RteKind::Cte(cte) => self.push(&quote_identifier(&cte.name)),
            RteKind::Join(_) | RteKind::TableFunc(_) | RteKind::NamedTuplestore(_) | RteKind::Result => {
                return Err(Error::internal("an entry of the range table cannot be displayed"));
            }
        }
        self.alias(rte, rtindex, " ")?;
        match definition {
            Some(function) => self.column_definitions(function, Some(columns)),
            None => {
                self.column_aliases(columns);
                Ok(())
            }
        }
    }

    /// A relation's name, qualified if a WITH query has it.
    fn relation_in_from(&self, relation: Oid) -> Result<String> {
        let row = self.cx.relation_row(relation)?;
        let hidden = self.namespaces.iter().any(|space| space.ctes.iter().any(|cte| cte.name == row.name()));
        match hidden {
            true => self.cx.qualified_relation(relation),
            false => self.cx.relation_to_write(relation),
        }
    }

    /// The calls; answers the function whose column definitions are to follow the alias.
    fn functions(&mut self, node: &'q RteFunction) -> Result<Option<&'q RangeTblFunction>> {
        let mut definition = None;
        match node.functions.as_slice() {
            [only] if only.definition.is_none() || !node.ordinality => {
                self.call_in_from(&only.call)?;
                definition = only.definition.is_some().then_some(only);
            }
            functions => {
                let unnested = |function: &'q RangeTblFunction| match &function.call {
                    Expr::FuncExpr(call) if call.function == UNNEST && function.definition.is_none() => {
                        Some(call.args.as_slice())
                    }
                    _ => None,
                };
                match functions.iter().map(unnested).collect::<Option<Vec<_>>>() {
                    Some(args) => {
                        self.push("UNNEST(");
                        self.separated(args.into_iter().flatten(), |this, arg| this.expr(arg, true))?;
                    }
                    None => {
                        self.push("ROWS FROM(");
                        self.separated(functions, |this, function| {
                            this.call_in_from(&function.call)?;
                            if function.definition.is_some() {
                                this.push(" AS ");
                                this.column_definitions(function, None)?;
                            }
                            Ok(())
                        })?;
                    }
                }
                self.push(")");
            }
        }
        if node.ordinality {
            self.push(" WITH ORDINALITY");
        }
        Ok(definition)
    }

    fn join(&mut self, join: &'q JoinExpr, query: &'q Query) -> Result<()> {
        let space = self.level(0)?;
        let columns = &space.columns[join.rtindex as usize - 1];
        let parens = !self.layout.few_parens || join.alias.is_some();
        if parens {
            self.push("(");
        }
        self.write_from_item(&join.left, query)?;
        let word = match join.join_type {
            JoinType::Inner if join.quals.is_some() => " JOIN ",
            JoinType::Inner => " CROSS JOIN ",
            JoinType::Left => " LEFT JOIN ",
            JoinType::Full => " FULL JOIN ",
            JoinType::Right => " RIGHT JOIN ",
            JoinType::Semi | JoinType::Anti => return Err(Error::internal("unrecognized join type")),
        };
        self.keyword(word, -INDENT, INDENT, INDENT_JOIN);
        let right_parens = self.layout.few_parens
            && match &join.right {
                FromItem::Rel(_) => false,
                FromItem::Join(right) => right.alias.is_none(),
                FromItem::From(_) => true,
            };
        self.in_parens(right_parens, |this| this.write_from_item(&join.right, query))?;
        if !join.using.is_empty() {
            self.push(&format!(" USING ({})", name_list(&columns.using)));
            if let Some(alias) = &join.using_alias {
                self.push(&format!(" AS {}", quote_identifier(&alias.name)));
            }
        } else if let Some(quals) = &join.quals {
            self.push(" ON ");
            self.open();
            self.expr(quals, false)?;
            self.close();
        } else if join.join_type != JoinType::Inner {
            self.push(" ON TRUE");
        }
        if parens {
            self.push(")");
        }
        if join.alias.is_some() {
            let name = self.relation_alias(join.rtindex)?;
            self.push(&format!(" {}", quote_identifier(&name)));
            self.column_aliases(columns);
        }
        Ok(())
    }

    /// A relation's alias after `before`, if it needs one.
    pub fn alias(&mut self, rte: &RangeTblEntry, rtindex: i32, before: &str) -> Result<()> {
        let space = self.level(0)?;
        let name = self.relation_alias(rtindex)?;
        let needed = match &rte.kind {
            _ if rte.alias.is_some() || space.columns[rtindex as usize - 1].print_aliases => true,
            RteKind::Relation(relation) => name != self.cx.relation_row(relation.relid)?.name(),
            RteKind::Cte(cte) => name != cte.name,
            RteKind::Function(_) | RteKind::Subquery(_) | RteKind::Values(_) => true,
            _ => false,
        };
        if needed {
            self.push(&format!("{before}{}", quote_identifier(&name)));
        }
        Ok(())
    }

    fn column_aliases(&mut self, columns: &ColumnNames) {
        if columns.print_aliases && !columns.listed.is_empty() {
            self.push(&format!("({})", name_list(&columns.listed)));
        }
    }

    /// A column definition list, with the names that were chosen for the columns or with its own.
    fn column_definitions(&mut self, function: &RangeTblFunction, columns: Option<&ColumnNames>) -> Result<()> {
        let Some(list) = &function.definition else { return Ok(()) };
        self.push("(");
        self.separated(0..list.types.len(), |this, at| {
            let chosen = columns.and_then(|columns| columns.names.get(at).cloned().flatten());
            let name = chosen.unwrap_or_else(|| list.names[at].clone());
            let type_name = this.cx.format_type_with_typmod(list.types[at], list.typmods[at]);
            this.push(&format!("{} {type_name}", quote_identifier(&name)));
            let collation = list.collations[at];
            if collation.is_valid() && collation != this.cx.type_collation(list.types[at])? {
                let name = this.cx.collation_to_write(collation)?;
                this.push(&format!(" COLLATE {name}"));
            }
            Ok(())
        })?;
        self.push(")");
        Ok(())
    }
}
