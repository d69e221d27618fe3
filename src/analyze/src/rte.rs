//! Range table entries: made of relations, sub-queries, functions, VALUES and WITH queries.
//!
//! Source: PostgreSQL 15 parse_relation.c, addRangeTableEntryFor*.

use crate::expr::{Expr, Location};
use crate::oids;
use crate::query::{
    Alias, ColumnList, Query, RangeTblEntry, RangeTblFunction, RteCte, RteFunction, RteKind, RteRelation, RteSubquery,
    RteValues, TargetEntry, acl, lock_mode,
};
use crate::state::{Analyzer, NsColumn, NsItem};
use base::Oid;
use parser::ast::{self, ColumnDefinition, RangeVar};
use report::{Error, Result, error};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::{Attribute, Repr, TupleDesc};

/// The columns of a row type, with only what analysis needs of them.
pub fn simple_column(name: &str, type_oid: Oid, typmod: i32, collation: Oid) -> Attribute {
    let mut column = Attribute::new(name, type_oid, -1, Repr::Bytes);
    column.type_mod = typmod;
    column.collation = collation;
    column
}

impl Analyzer<'_, '_> {
    /// A table, view or the like in the range table.
    pub fn add_relation(&mut self, entry: &RelationEntry, alias: Option<Alias>, mode: u8, inh: bool) -> Result<NsItem> {
        let name = alias.as_ref().map_or_else(|| entry.name().to_owned(), |alias| alias.name.clone());
        let (alias, eref) = self.relation_aliases(&entry.desc, alias, name)?;
        let kind = RteKind::Relation(RteRelation {
            relid: entry.oid,
            relkind: entry.kind(),
            lock_mode: mode,
            tablesample: None,
        });
        let mut rte = RangeTblEntry::new(kind, alias, eref);
        rte.inh = inh;
        rte.in_from_clause = true;
        rte.required_perms = acl::SELECT;
        let columns = self.columns_of_desc(&entry.desc);
        Ok(self.add_rte(rte, columns))
    }

    /// The alias with its column names matched to columns that exist, and all column names.
    fn relation_aliases(&self, desc: &TupleDesc, alias: Option<Alias>, name: String) -> Result<(Option<Alias>, Alias)> {
        let given = alias.as_ref().map_or(0, |alias| alias.columns.len());
        let mut names = alias.iter().flat_map(|alias| alias.columns.iter().cloned()).peekable();
        let (mut written, mut all) = (Vec::new(), Vec::with_capacity(desc.len()));
        for attribute in &desc.attributes {
            let column = if attribute.is_dropped {
                if names.peek().is_some() {
                    written.push(String::new());
                }
                String::new()
            } else if let Some(column) = names.next() {
                written.push(column.clone());
                column
            } else {
                attribute.name.clone()
            };
            all.push(column);
        }
        if names.next().is_some() {
            let available = desc.attributes.iter().filter(|a| !a.is_dropped).count();
            return Err(error!(
                INVALID_COLUMN_REFERENCE,
                "table \"{name}\" has {available} columns available but {given} columns specified"
            ));
        }
        let alias = alias.map(|alias| Alias { name: alias.name, columns: written });
        Ok((alias, Alias { name, columns: all }))
    }

    fn columns_of_desc(&self, desc: &TupleDesc) -> Vec<NsColumn> {
        let rtindex = self.next_rtindex();
        let column = |(at, attribute): (usize, &Attribute)| NsColumn {
            varno: if attribute.is_dropped { 0 } else { rtindex },
            attno: at as i16 + 1,
            type_oid: attribute.type_oid,
            typmod: attribute.type_mod,
            collation: attribute.collation,
            syntactic: (rtindex, at as i16 + 1),
            dont_expand: false,
        };
        desc.attributes.iter().enumerate().map(column).collect()
    }

    fn columns_of_lists(&self, columns: &ColumnList) -> Vec<NsColumn> {
        let rtindex = self.next_rtindex();
        let column = |at: usize| NsColumn {
            varno: rtindex,
            attno: at as i16 + 1,
            type_oid: columns.types[at],
            typmod: columns.typmods[at],
            collation: columns.collations[at],
            syntactic: (rtindex, at as i16 + 1),
            dont_expand: false,
        };
        (0..columns.types.len()).map(column).collect()
    }

    /// A sub-query in the range table.
    pub fn add_subquery(&mut self, query: Query, alias: Alias, lateral: bool, in_from_clause: bool) -> Result<NsItem> {
        let columns = columns_of_targets(&query.targets);
        let eref = fill_names(alias.clone(), &columns.names, "table")?;
        let ns = self.columns_of_lists(&columns);
        let kind =
            RteKind::Subquery(RteSubquery { query: Box::new(query), security_barrier: false, view: Oid::INVALID });
        let mut rte = RangeTblEntry::new(kind, Some(alias), eref);
        rte.lateral = lateral;
        rte.in_from_clause = in_from_clause;
        Ok(self.add_rte(rte, ns))
    }

    /// VALUES in the range table.
    pub fn add_values(
        &mut self,
        rows: Vec<Vec<Expr>>,
        columns: ColumnList,
        alias: Option<Alias>,
        lateral: bool,
        in_from_clause: bool,
    ) -> Result<NsItem> {
        let count = columns.types.len();
        let mut eref = alias.clone().unwrap_or_else(|| Alias { name: "*VALUES*".to_owned(), columns: Vec::new() });
        if eref.columns.len() > count {
            return Err(error!(
                INVALID_COLUMN_REFERENCE,
                "VALUES lists \"{}\" have {count} columns available but {} columns specified",
                eref.name,
                eref.columns.len()
            ));
        }
        for at in eref.columns.len()..count {
            eref.columns.push(format!("column{}", at + 1));
        }
        let ns = self.columns_of_lists(&columns);
        let mut rte = RangeTblEntry::new(RteKind::Values(RteValues { rows, columns }), alias, eref);
        rte.lateral = lateral;
        rte.in_from_clause = in_from_clause;
        Ok(self.add_rte(rte, ns))
    }

    /// A reference to a WITH query in the range table: its level and place there.
    pub fn add_cte_reference(&mut self, levels_up: u32, at: usize, name: &RangeVar) -> Result<NsItem> {
        let alias = name.alias.as_deref().map(Self::alias_of);
        let entry = &mut self.level_mut(levels_up).ctes[at];
        let self_reference = !entry.analyzed;
        if !self_reference {
            entry.cte.refcount += 1;
        }
        let cte = entry.cte.clone();
        if !self_reference && entry.modifying && cte.query.returning.is_empty() {
            let err = error!(FEATURE_NOT_SUPPORTED, "WITH query \"{}\" does not have a RETURNING clause", cte.name);
            return Err(self.at(err, name.pos));
        }
        let mut columns = cte.columns.clone();
        let names = std::mem::take(&mut columns.names);
        let shown = alias.clone().unwrap_or_else(|| Alias { name: cte.name.clone(), columns: Vec::new() });
        let mut eref = fill_names(shown, &names, "table")?;
        let mut hidden = 0;
        let mut extra = |name: &str, type_oid: Oid, typmod: i32, collation: Oid| {
            eref.columns.push(name.to_owned());
            columns.types.push(type_oid);
            columns.typmods.push(typmod);
            columns.collations.push(collation);
            hidden += 1;
        };
        if let Some(search) = &cte.search {
            let type_oid = if search.breadth_first { oids::RECORD } else { oids::RECORDARRAY };
            extra(&search.sequence_column, type_oid, -1, Oid::INVALID);
        }
        if let Some(cycle) = &cte.cycle {
            extra(&cycle.mark_column, cycle.mark_type, cycle.mark_typmod, cycle.mark_collation);
            extra(&cycle.path_column, oids::RECORDARRAY, -1, Oid::INVALID);
        }
        let mut ns = self.columns_of_lists(&columns);
        if levels_up > 0 && self_reference {
            ns.iter_mut().rev().take(hidden).for_each(|column| column.dont_expand = true);
        }
        let kind = RteKind::Cte(RteCte { name: cte.name, levels_up, self_reference, columns });
        let rte = RangeTblEntry::new(kind, alias, eref);
        Ok(self.add_rte(rte, ns))
    }

    /// Functions in the range table.
    pub fn add_functions(
        &mut self,
        calls: Vec<(String, Expr, &[ColumnDefinition])>,
        written: &ast::RangeFunction,
        lateral: bool,
    ) -> Result<NsItem> {
        let alias = written.alias.as_ref().map(Self::alias_of);
        let name = alias.as_ref().map_or_else(|| calls[0].0.clone(), |alias| alias.name.clone());
        let count = calls.len();
        let mut functions = Vec::with_capacity(count);
        let mut desc = TupleDesc::default();
        for (function_name, call, definitions) in calls {
            let (columns, definition) =
                self.function_columns(&call, &function_name, definitions, alias.as_ref(), count)?;
            let column_count = columns.len();
            desc.attributes.extend(columns);
            functions.push(RangeTblFunction { call, column_count, definition, params: Default::default() });
        }
        if written.ordinality {
            desc.attributes.push(simple_column("ordinality", oids::INT8, -1, Oid::INVALID));
        }
        let (alias, eref) = self.relation_aliases(&desc, alias, name)?;
        let ns = self.columns_of_desc(&desc);
        let kind = RteKind::Function(RteFunction { functions, ordinality: written.ordinality });
        let mut rte = RangeTblEntry::new(kind, alias, eref);
        rte.lateral = lateral;
        Ok(self.add_rte(rte, ns))
    }

    fn function_columns(
        &mut self,
        call: &Expr,
        name: &str,
        definitions: &[ColumnDefinition],
        alias: Option<&Alias>,
        count: usize,
    ) -> Result<(Vec<Attribute>, Option<ColumnList>)> {
        let type_oid = call.type_of();
        let known = self.result_desc(call)?;
        let refuse = |message: &str, location: Location| {
            Err(self.at(Error::new(report::SqlState::SYNTAX_ERROR, message), location))
        };
        if let Some(first) = definitions.first() {
            match &known {
                None if type_oid == oids::RECORD => {
                    return self.defined_columns(definitions).map(|(a, b)| (a, Some(b)));
                }
                Some(_) if type_oid == oids::RECORD => {
                    return refuse(
                        "a column definition list is redundant for a function with OUT parameters",
                        first.pos.into(),
                    );
                }
                Some(_) => {
                    return refuse(
                        "a column definition list is redundant for a function returning a named composite type",
                        first.pos.into(),
                    );
                }
                None => {
                    return refuse(
                        "a column definition list is only allowed for functions returning \"record\"",
                        first.pos.into(),
                    );
                }
            }
        }
        if let Some(desc) = known {
            return Ok((desc.attributes.clone(), None));
        }
        if type_oid == oids::RECORD {
            return refuse("a column definition list is required for functions returning \"record\"", call.location());
        }
        let is_pseudo = self.cx.type_kind(type_oid)? == b'p' && !matches!(type_oid, oids::VOID | oids::CSTRING);
        if is_pseudo {
            let type_name = self.cx.format_type(type_oid);
            let err = error!(DATATYPE_MISMATCH, "function \"{name}\" in FROM has unsupported return type {type_name}");
            return Err(self.at(err, call.location()));
        }
        let column = self.scalar_function_column(call, name, alias, count)?;
        Ok((vec![simple_column(&column, type_oid, call.typmod_of(), call.collation_of())], None))
    }

    fn scalar_function_column(&self, call: &Expr, name: &str, alias: Option<&Alias>, count: usize) -> Result<String> {
        if let Expr::FuncExpr(function) = call
            && let Some(row) = self.cx.catalog.function(function.function)?
            && let (Some(names), Some(modes)) = (&row.proargnames, &row.proargmodes)
        {
            let mut outputs = names.iter().zip(modes).filter(|(_, mode)| matches!(mode, b'o' | b'b' | b't'));
            if let (Some((output, _)), None) = (outputs.next(), outputs.next())
                && !output.is_empty()
            {
                return Ok(output.clone());
            }
        }
        Ok(match alias {
            Some(alias) if count == 1 => alias.name.clone(),
            _ => name.to_owned(),
        })
    }

    fn defined_columns(&self, definitions: &[ColumnDefinition]) -> Result<(Vec<Attribute>, ColumnList)> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(definitions.len());
        let mut columns = ColumnList::default();
        for definition in definitions {
            let name = &definition.name;
            if definition.type_name.setof {
                let err = error!(INVALID_TABLE_DEFINITION, "column \"{name}\" cannot be declared SETOF");
                return Err(self.at(err, definition.pos));
            }
            let resolved = self.cx.resolve_type_name(&definition.type_name)?;
            let collation = match &definition.collation {
                Some(collation) => self.cx.resolve_collation(collation, definition.pos.into())?,
                None => self.cx.type_collation(resolved.oid)?,
            };
            if attributes.iter().any(|a| a.name == *name) {
                return Err(error!(DUPLICATE_COLUMN, "column name \"{name}\" specified more than once"));
            }
            attributes.push(simple_column(name, resolved.oid, resolved.typmod, collation));
            columns.names.push(name.clone());
            columns.types.push(resolved.oid);
            columns.typmods.push(resolved.typmod);
            columns.collations.push(collation);
        }
        Ok((attributes, columns))
    }

    // --- row types ---

    /// The columns of a row value, `None` if they are not known.
    pub fn row_desc(&mut self, expr: &Expr) -> Result<Option<Arc<TupleDesc>>> {
        if let Expr::Var(var) = expr
            && var.type_oid == oids::RECORD
        {
            return self.record_var_desc(var, 0);
        }
        self.result_desc(expr)
    }

    /// The columns that an expression's result has, `None` if it is no row or they are not known.
    pub fn result_desc(&self, expr: &Expr) -> Result<Option<Arc<TupleDesc>>> {
        let type_oid = expr.type_of();
        let relation = self.cx.type_relation(type_oid)?;
        if relation.is_valid() {
            return Ok(Some(Arc::clone(&self.cx.relation_row(relation)?.desc)));
        }
        if type_oid != oids::RECORD {
            return Ok(None);
        }
        match expr {
            Expr::FuncExpr(call) => self.function_row_desc(call.function, &call.args),
            Expr::OpExpr(call) => self.function_row_desc(call.function, &call.args),
            Expr::RowExpr(row) => {
                let column = |(at, arg): (usize, &Expr)| {
                    let name = row.column_names.get(at).cloned().unwrap_or_else(|| format!("f{}", at + 1));
                    simple_column(&name, arg.type_of(), arg.typmod_of(), arg.collation_of())
                };
                let attributes = row.args.iter().enumerate().map(column).collect();
                Ok(Some(Arc::new(TupleDesc { attributes })))
            }
            _ => Ok(None),
        }
    }

    /// The output columns of a function that returns a record and declares two or more.
    fn function_row_desc(&self, function: Oid, args: &[Expr]) -> Result<Option<Arc<TupleDesc>>> {
        let Some(row) = self.cx.catalog.function(function)? else { return Ok(None) };
        let (Some(all), Some(modes)) = (&row.proallargtypes, &row.proargmodes) else { return Ok(None) };
        let outputs: Vec<usize> = (0..modes.len()).filter(|&at| matches!(modes[at], b'o' | b'b' | b't')).collect();
        if outputs.len() < 2 {
            return Ok(None);
        }
        // Polymorphic outputs are what the inputs make them.
        let actual: Vec<Oid> = args.iter().map(Expr::type_of).collect();
        let mut attributes = Vec::with_capacity(outputs.len());
        for (number, &at) in outputs.iter().enumerate() {
            let mut type_oid = all[at];
            if oids::is_polymorphic(type_oid) {
                let mut declared = row.proargtypes.clone();
                declared.truncate(actual.len());
                type_oid = self.enforce_generic_consistency(&actual[..declared.len()], &mut declared, type_oid)?;
            }
            let name = row.proargnames.as_ref().and_then(|names| names.get(at)).filter(|name| !name.is_empty());
            let name = name.cloned().unwrap_or_else(|| format!("column{}", number + 1));
            attributes.push(simple_column(&name, type_oid, -1, self.cx.type_collation(type_oid)?));
        }
        Ok(Some(Arc::new(TupleDesc { attributes })))
    }

    /// The columns of a `record` variable: those of what it refers to.
    fn record_var_desc(&mut self, var: &crate::expr::Var, extra_levels: u32) -> Result<Option<Arc<TupleDesc>>> {
        let levels_up = var.levels_up + extra_levels;
        if var.attno == 0 {
            let Some(item) = self.item_of_relation(var.varno, levels_up) else { return Ok(None) };
            let columns = self.expand_item(&item.data, levels_up, Location::UNKNOWN);
            let column =
                |(name, var): (String, crate::expr::Var)| simple_column(&name, var.type_oid, var.typmod, var.collation);
            return Ok(Some(Arc::new(TupleDesc { attributes: columns.into_iter().map(column).collect() })));
        }
        let at = var.attno as usize - 1;
        let rte = &self.level(levels_up).rtable[var.varno as usize - 1];
        let expr = match &rte.kind {
            RteKind::Subquery(subquery) => {
                let Some(target) = subquery.query.targets.iter().find(|t| t.resno == var.attno && !t.junk) else {
                    return Ok(None);
                };
                match &target.expr {
                    Expr::Var(inner) if inner.type_oid == oids::RECORD => {
                        let (inner, query) = (inner.clone(), (*subquery.query).clone());
                        return self.inner_record_desc(&inner, &query);
                    }
                    other => other.clone(),
                }
            }
            RteKind::Join(join) => match join.alias_vars.get(at) {
                Some(Some(expr)) => expr.clone(),
                _ => return Ok(None),
            },
            RteKind::Values(values) => values.rows[0][at].clone(),
            RteKind::Cte(cte) if !cte.self_reference => {
                let (name, cte_level) = (cte.name.clone(), cte.levels_up + levels_up);
                let entry = self.level(cte_level).ctes.iter().find(|entry| entry.cte.name == name);
                let Some(target) = entry.and_then(|entry| entry.cte.query.output().get(at)) else { return Ok(None) };
                match &target.expr {
                    Expr::Var(inner) if inner.type_oid == oids::RECORD => {
                        let (inner, query) = (inner.clone(), entry.map(|e| (*e.cte.query).clone()).unwrap_or_default());
                        return self.inner_record_desc(&inner, &query);
                    }
                    other => other.clone(),
                }
            }
            _ => return Ok(None),
        };
        match &expr {
            Expr::Var(inner) if inner.type_oid == oids::RECORD => {
                let inner = inner.clone();
                self.record_var_desc(&inner, levels_up)
            }
            other => self.result_desc(other),
        }
    }

    /// As `record_var_desc`, for a variable of a finished sub-query.
    fn inner_record_desc(&mut self, var: &crate::expr::Var, query: &Query) -> Result<Option<Arc<TupleDesc>>> {
        if var.levels_up > 0 || var.attno == 0 {
            return Ok(None);
        }
        let rte = query.rte(var.varno);
        let found = match &rte.kind {
            RteKind::Subquery(subquery) => {
                subquery.query.targets.get(var.attno as usize - 1).map(|t| (&t.expr, &*subquery.query))
            }
            RteKind::Join(join) => match join.alias_vars.get(var.attno as usize - 1) {
                Some(Some(expr)) => Some((expr, query)),
                _ => None,
            },
            RteKind::Values(values) => Some((&values.rows[0][var.attno as usize - 1], query)),
            _ => None,
        };
        match found {
            Some((Expr::Var(inner), query)) if inner.type_oid == oids::RECORD => self.inner_record_desc(inner, query),
            Some((expr, _)) => self.result_desc(expr),
            None => Ok(None),
        }
    }

    /// Adds the target of a change to the range table.
    pub fn set_target(&mut self, name: &RangeVar, also_source: bool, perms: u32) -> Result<(Arc<RelationEntry>, i32)> {
        let entry = self.open_table(name)?;
        let alias = name.alias.as_deref().map(Self::alias_of);
        let item = self.add_relation(&entry, alias, lock_mode::ROW_EXCLUSIVE, name.inherit)?;
        let rtindex = item.data.rtindex;
        let rte = &mut self.state().rtable[rtindex as usize - 1];
        rte.required_perms = perms;
        rte.in_from_clause = false;
        self.state().target = Some(item.clone());
        if also_source {
            self.add_to_namespace(&item, true, true);
        }
        Ok((entry, rtindex))
    }
}

/// The output columns of a target list.
pub fn columns_of_targets(targets: &[TargetEntry]) -> ColumnList {
    let mut columns = ColumnList::default();
    for target in targets.iter().filter(|target| !target.junk) {
        columns.names.push(target.name.clone().unwrap_or_else(|| "?column?".to_owned()));
        columns.types.push(target.expr.type_of());
        columns.typmods.push(target.expr.typmod_of());
        columns.collations.push(target.expr.collation_of());
    }
    columns
}

/// An alias with the column names that it leaves open filled in.
fn fill_names(mut alias: Alias, names: &[String], what: &str) -> Result<Alias> {
    let given = alias.columns.len();
    if given > names.len() {
        return Err(error!(
            INVALID_COLUMN_REFERENCE,
            "{what} \"{}\" has {} columns available but {given} columns specified",
            alias.name,
            names.len()
        ));
    }
    alias.columns.extend_from_slice(&names[given..]);
    Ok(alias)
}
