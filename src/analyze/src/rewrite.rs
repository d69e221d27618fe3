//! Rewriting: views become sub-queries, changes get the values that they leave out.
//!
//! Rules other than a view's own, row security and INSTEAD OF triggers are not supported.
//!
//! A view's stored query is analysed as written, without PostgreSQL's OLD and NEW. The entry of an expanded view keeps
//! the view's oid and the privileges needed on it ([`crate::query::RteSubquery::view`]); relations within are accessed
//! with the privileges of the view's owner.
//!
//! Source: PostgreSQL 15 rewriteHandler.c.

use crate::coerce::Coercion;
use crate::context::{AnalyzeContext, Parameters};
use crate::expr::{Const, Expr, FieldStore, NextValueExpr};
use crate::query::{
    CmdType, FromItem, OnConflictAction, Overriding, Query, RangeTblEntry, RowMarkClause, RteKind, RteSubquery,
    TargetEntry, acl,
};
use crate::state::Analyzer;
use crate::walk::{Mutator, each_query_expr_mut};
use base::Oid;
use report::{Error, Result, error, unsupported};
use schema::RelationEntry;
use std::collections::BTreeSet;

/// Rewrites an analysed query for planning.
pub fn rewrite(cx: &AnalyzeContext<'_>, mut query: Query) -> Result<Query> {
    let analyzer = &mut Analyzer::new(cx, Parameters::None);
    Rewriter { analyzer, active: Vec::new() }.query(&mut query)?;
    Ok(query)
}

/// The default of a column as an expression of the column's type: its own, its identity's next value, or its type's.
/// `None` if there is none.
pub fn column_default(cx: &AnalyzeContext<'_>, entry: &RelationEntry, attno: i16) -> Result<Option<Expr>> {
    Analyzer::new(cx, Parameters::None).build_column_default(entry, attno)
}

struct Rewriter<'r, 'c, 'a> {
    analyzer: &'r mut Analyzer<'c, 'a>,
    /// Views being expanded.
    active: Vec<Oid>,
}

impl Mutator for Rewriter<'_, '_, '_> {
    fn query(&mut self, query: &mut Query) -> Result<()> {
        // A view whose change became one of the table below keeps its entry for its privileges only.
        let replaced = match query.command {
            CmdType::Select => Vec::new(),
            _ => self.rewrite_change(query)?,
        };
        let mut result = Ok(());
        each_query_expr_mut(query, &mut |expr| {
            if result.is_ok() {
                result = self.expr(expr);
            }
        });
        result?;
        for cte in &mut query.ctes {
            self.query(&mut cte.query)?;
        }
        let excluded = query.on_conflict.as_ref().map_or(0, |conflict| conflict.excluded_index);
        for at in 0..query.rtable.len() {
            let rtindex = at as i32 + 1;
            if rtindex == query.result_relation || rtindex == excluded || replaced.contains(&rtindex) {
                continue;
            }
            let mark = query.row_marks.iter().find(|mark| mark.rti == rtindex).cloned();
            self.expand_entry(&mut query.rtable[at], mark)?;
        }
        crate::unify::unify_operands(self.analyzer, query)
    }
}

impl Rewriter<'_, '_, '_> {
    fn expand_entry(&mut self, rte: &mut RangeTblEntry, mark: Option<RowMarkClause>) -> Result<()> {
        let RteKind::Relation(relation) = &rte.kind else { return self.rte(rte) };
        let entry = self.analyzer.cx.relation_row(relation.relid)?;
        if relation.relkind != b'v' {
            return self.check_row_security(&entry);
        }
        let mut query = self.view_query(&entry)?;
        if let Some(mark) = mark {
            mark_for_locking(&mut query, &mark);
        }
        if self.active.contains(&entry.oid) {
            return Err(error!(
                INVALID_OBJECT_DEFINITION,
                "infinite recursion detected in rules for relation \"{}\"",
                entry.name()
            ));
        }
        self.active.push(entry.oid);
        let result = self.query(&mut query);
        self.active.pop();
        result?;
        let columns = query.targets.iter().filter(|target| !target.junk).count();
        while rte.eref.columns.len() < columns {
            rte.eref.columns.push("?column?".to_owned());
        }
        rte.inh = false;
        rte.kind = RteKind::Subquery(RteSubquery {
            query: Box::new(query),
            security_barrier: has_option(&entry, "security_barrier"),
            view: entry.oid,
        });
        Ok(())
    }

    /// A view's query, whose relations are accessed as its owner unless it says otherwise.
    fn view_query(&self, entry: &RelationEntry) -> Result<Query> {
        let Some(text) = &entry.view_query else {
            return Err(Error::internal(format!("view \"{}\" has no query", entry.name())));
        };
        let mut query: Query = crate::stored::from_text(text)?;
        if !has_option(entry, "security_invoker") {
            SetUser(entry.class.relowner).query(&mut query)?;
        }
        Ok(query)
    }

    fn check_row_security(&self, entry: &RelationEntry) -> Result<()> {
        if !entry.class.relrowsecurity {
            return Ok(());
        }
        let cx = self.analyzer.cx;
        let role = cx.catalog.catalog.role(cx.user)?;
        let bypasses = role.is_some_and(|role| role.rolsuper || role.rolbypassrls);
        let owns = entry.class.relowner == cx.user && !entry.class.relforcerowsecurity;
        match bypasses || owns {
            true => Ok(()),
            false => unsupported!("row-level security"),
        }
    }

    // --- changes ---

    fn rewrite_change(&mut self, query: &mut Query) -> Result<Vec<i32>> {
        let mut replaced = Vec::new();
        loop {
            let Some(relation) = query.rte(query.result_relation).relation() else {
                return Err(Error::internal("the target of a change is a relation"));
            };
            let entry = self.analyzer.cx.relation_row(relation.relid)?;
            self.check_row_security(&entry)?;
            if !entry.rules.is_empty() {
                unsupported!("rewrite rule on relation \"{}\"", entry.name());
            }
            self.rewrite_targets(query, &entry)?;
            if entry.kind() != b'v' {
                return Ok(replaced);
            }
            if entry.triggers.iter().any(|trigger| trigger.tgtype & (1 << 6) != 0) {
                unsupported!("INSTEAD OF trigger");
            }
            let view = self.view_query(&entry)?;
            replaced.push(query.result_relation);
            crate::updatable::rewrite_target_view(self.analyzer, query, &entry, view)?;
        }
    }

    fn rewrite_targets(&mut self, query: &mut Query, entry: &RelationEntry) -> Result<()> {
        match query.command {
            CmdType::Insert => {
                let values = query.jointree.items.iter().find_map(|item| match item {
                    FromItem::Rel(rtindex) if matches!(query.rte(*rtindex).kind, RteKind::Values(_)) => Some(*rtindex),
                    _ => None,
                });
                let targets = std::mem::take(&mut query.targets);
                let mut unused = BTreeSet::new();
                query.targets = {
                    let rows = values.and_then(|rtindex| match &query.rte(rtindex).kind {
                        RteKind::Values(values) => Some((rtindex, values.rows.as_slice())),
                        _ => None,
                    });
                    let change = Change { command: CmdType::Insert, overriding: query.overriding, values: rows };
                    self.analyzer.rewrite_target_list(targets, entry, &change, &mut unused)?
                };
                if let Some(rtindex) = values {
                    self.analyzer.rewrite_values(query, rtindex, entry, &unused)?;
                }
                if let Some(conflict) = &mut query.on_conflict
                    && conflict.action == OnConflictAction::Update
                {
                    let set = std::mem::take(&mut conflict.set);
                    let change = Change { command: CmdType::Update, overriding: query.overriding, values: None };
                    conflict.set = self.analyzer.rewrite_target_list(set, entry, &change, &mut unused)?;
                }
                Ok(())
            }
            CmdType::Update => {
                let targets = std::mem::take(&mut query.targets);
                let change = Change { command: CmdType::Update, overriding: query.overriding, values: None };
                query.targets = self.analyzer.rewrite_target_list(targets, entry, &change, &mut BTreeSet::new())?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What a target list is rewritten for.
struct Change<'q> {
    command: CmdType,
    overriding: Overriding,
    /// The VALUES entry that the values come from.
    values: Option<(i32, &'q [Vec<Expr>])>,
}

impl Change<'_> {
    /// The column of VALUES that an expression is.
    fn values_column(&self, expr: Option<&Expr>) -> Option<usize> {
        match (self.values, expr) {
            (Some((rtindex, _)), Some(Expr::Var(var))) if var.varno == rtindex => Some(var.attno as usize),
            _ => None,
        }
    }

    /// True if a column of VALUES is DEFAULT in every row.
    fn is_default_only(&self, column: Option<usize>) -> bool {
        match (self.values, column) {
            (Some((_, rows)), Some(column)) => rows.iter().all(|row| matches!(row[column - 1], Expr::SetToDefault(_))),
            _ => false,
        }
    }
}

impl Analyzer<'_, '_> {
    /// Puts a target list in column order, merges assignments to parts of a column, and fills in defaults.
    fn rewrite_target_list(
        &mut self,
        targets: Vec<TargetEntry>,
        entry: &RelationEntry,
        change: &Change<'_>,
        unused: &mut BTreeSet<usize>,
    ) -> Result<Vec<TargetEntry>> {
        let count = entry.desc.len();
        let mut by_column: Vec<Option<TargetEntry>> = vec![None; count];
        let mut junk = Vec::new();
        for mut target in targets {
            if target.junk {
                target.resno = (count + 1 + junk.len()) as i16;
                junk.push(target);
                continue;
            }
            let at = target.resno as usize - 1;
            if entry.desc.attributes[at].is_dropped {
                continue;
            }
            by_column[at] = Some(match by_column[at].take() {
                None => target,
                Some(prior) => merge_assignments(target, prior, &entry.desc.attributes[at].name)?,
            });
        }
        let mut rewritten = Vec::with_capacity(count);
        for (at, target) in by_column.into_iter().enumerate() {
            if !entry.desc.attributes[at].is_dropped {
                rewritten.extend(self.rewrite_column(target, entry, at, change, unused)?);
            }
        }
        rewritten.append(&mut junk);
        Ok(rewritten)
    }

    fn rewrite_column(
        &mut self,
        target: Option<TargetEntry>,
        entry: &RelationEntry,
        at: usize,
        change: &Change<'_>,
        unused: &mut BTreeSet<usize>,
    ) -> Result<Option<TargetEntry>> {
        let attribute = &entry.desc.attributes[at];
        let name = &attribute.name;
        let is_insert = change.command == CmdType::Insert;
        let is_default = matches!(&target, Some(t) if matches!(t.expr, Expr::SetToDefault(_)));
        let mut apply_default = is_default || target.is_none() && is_insert;
        let reason = if attribute.generated != 0 {
            format!("Column \"{name}\" is a generated column.")
        } else {
            format!("Column \"{name}\" is an identity column defined as GENERATED ALWAYS.")
        };
        if is_insert {
            let column = change.values_column(target.as_ref().map(|t| &t.expr));
            let refuse = || {
                let err = error!(GENERATED_ALWAYS, "cannot insert a non-DEFAULT value into column \"{name}\"");
                err.detail(reason.clone())
            };
            if attribute.identity == b'a' && !apply_default && change.overriding != Overriding::System {
                apply_default = change.overriding == Overriding::User || change.is_default_only(column);
                if !apply_default {
                    return Err(refuse().hint("Use OVERRIDING SYSTEM VALUE to override."));
                }
            }
            apply_default |= attribute.identity == b'd' && change.overriding == Overriding::User;
            if attribute.generated != 0 && !apply_default {
                apply_default = change.is_default_only(column);
                if !apply_default {
                    return Err(refuse());
                }
            }
            if let (Some(column), true) = (column, apply_default) {
                unused.insert(column);
            }
        } else if target.is_some() && !apply_default && (attribute.identity == b'a' || attribute.generated != 0) {
            let err = error!(GENERATED_ALWAYS, "column \"{name}\" can only be updated to DEFAULT");
            return Err(err.detail(reason));
        }
        // The executor computes generated columns.
        if attribute.generated != 0 {
            return Ok(None);
        }
        if !apply_default {
            return Ok(target);
        }
        // A view's column without a default of its own takes that of the table below.
        let keep = entry.kind() == b'v' && is_default;
        let attno = at as i16 + 1;
        let value = match self.build_column_default(entry, attno)? {
            Some(default) => default,
            None if keep => return Ok(target),
            None if is_insert => return Ok(None),
            None => self.null_of(attribute.type_oid, attribute.type_mod, attribute.collation)?,
        };
        Ok(Some(TargetEntry::new(value, attno, Some(name.clone()))))
    }

    /// A null of a type; a domain's constraints are checked.
    pub fn null_of(&mut self, type_oid: Oid, typmod: i32, collation: Oid) -> Result<Expr> {
        let base = self.cx.base_type_and_typmod(type_oid, typmod)?;
        let null = Const::null(base.oid, base.typmod, collation);
        match base.oid == type_oid {
            true => Ok(null.into()),
            false => self.coerce_to_domain(null.into(), base.oid, base.typmod, type_oid, Coercion::IMPLICIT),
        }
    }

    /// Replaces DEFAULT in the rows of VALUES.
    fn rewrite_values(
        &mut self,
        query: &mut Query,
        rtindex: i32,
        entry: &RelationEntry,
        unused: &BTreeSet<usize>,
    ) -> Result<()> {
        let mut columns: Vec<i16> = Vec::new();
        for target in &query.targets {
            if let Expr::Var(var) = &target.expr
                && var.varno == rtindex
            {
                let at = var.attno as usize;
                if columns.len() < at {
                    columns.resize(at, 0);
                }
                columns[at - 1] = target.resno;
            }
        }
        let is_view = entry.kind() == b'v';
        let RteKind::Values(values) = &mut query.rte_mut(rtindex).kind else { return Ok(()) };
        let mut rows = std::mem::take(&mut values.rows);
        for row in &mut rows {
            for (at, value) in row.iter_mut().enumerate() {
                let Expr::SetToDefault(marker) = &*value else { continue };
                if unused.contains(&(at + 1)) {
                    *value = Const::null(marker.type_oid, marker.typmod, marker.collation).into();
                    continue;
                }
                let attno = columns.get(at).copied().unwrap_or(0);
                if attno == 0 {
                    return Err(Error::internal(format!("cannot set value in column {} to DEFAULT", at + 1)));
                }
                let attribute = &entry.desc.attributes[attno as usize - 1];
                let default = match attribute.is_dropped {
                    true => None,
                    false => self.build_column_default(entry, attno)?,
                };
                *value = match default {
                    Some(default) => default,
                    None if is_view => continue,
                    None => self.null_of(attribute.type_oid, attribute.type_mod, attribute.collation)?,
                };
            }
        }
        if let RteKind::Values(values) = &mut query.rte_mut(rtindex).kind {
            values.rows = rows;
        }
        Ok(())
    }

    /// See [`column_default`].
    pub fn build_column_default(&mut self, entry: &RelationEntry, attno: i16) -> Result<Option<Expr>> {
        let attribute = &entry.desc.attributes[attno as usize - 1];
        if attribute.identity != 0 {
            let Some(sequence) = self.cx.catalog.identity_sequence(entry.oid, attno)? else {
                return Err(Error::internal("no owned sequence found"));
            };
            return Ok(Some(NextValueExpr { sequence, type_oid: attribute.type_oid }.into()));
        }
        let own = match entry.default(attno) {
            Some(default) => Some(crate::stored::from_text::<Expr>(&default.expression)?),
            None => None,
        };
        let found = match own {
            None if attribute.generated == 0 => self.type_default(attribute.type_oid)?,
            other => other,
        };
        let Some(expr) = found else { return Ok(None) };
        let source = expr.type_of();
        let coerced = self.coerce_to_target(expr, attribute.type_oid, attribute.type_mod, Coercion::ASSIGNMENT)?;
        let Some(coerced) = coerced else {
            let (to, from) = (self.cx.format_type(attribute.type_oid), self.cx.format_type(source));
            let err = error!(
                DATATYPE_MISMATCH,
                "column \"{}\" is of type {to} but default expression is of type {from}", attribute.name
            );
            return Err(err.hint("You will need to rewrite or cast the expression."));
        };
        Ok(Some(coerced))
    }

    /// The default of a type: a domain's, or that of CREATE TYPE.
    fn type_default(&mut self, type_oid: Oid) -> Result<Option<Expr>> {
        if type_oid < Oid::FIRST_NORMAL {
            return Ok(None);
        }
        let row = self.cx.type_row(type_oid)?;
        if let Some(stored) = &row.typdefaultbin {
            return crate::stored::from_text(stored).map(Some);
        }
        let Some(text) = &row.typdefault else { return Ok(None) };
        let value = self.cx.catalog.input(&row, text, -1)?;
        Ok(Some(Const { collation: row.typcollation, ..Const::new(type_oid, value) }.into()))
    }
}

/// Two assignments to parts of the same column as one.
fn merge_assignments(target: TargetEntry, prior: TargetEntry, name: &str) -> Result<TargetEntry> {
    let refuse = || error!(SYNTAX_ERROR, "multiple assignments to same column \"{name}\"");
    if let (Expr::CoerceToDomain(new), Expr::CoerceToDomain(old)) = (&target.expr, &prior.expr)
        && new.result_type == old.result_type
    {
        let mut domain = new.clone();
        domain.arg = merge_parts(new.arg.clone(), old.arg.clone()).ok_or_else(refuse)?;
        return Ok(TargetEntry { expr: Expr::CoerceToDomain(domain), ..target });
    }
    let merged = merge_parts(target.expr.clone(), prior.expr).ok_or_else(refuse)?;
    Ok(TargetEntry { expr: merged, ..target })
}

fn merge_parts(new: Expr, old: Expr) -> Option<Expr> {
    let (input, prior) = (assignment_input(&new)?, assignment_input(&old)?);
    let mut bottom = prior;
    while let Some(inner) = assignment_input(bottom) {
        bottom = inner;
    }
    if new.type_of() != old.type_of() || bottom != input {
        return None;
    }
    match (new, old) {
        (Expr::FieldStore(new), Expr::FieldStore(old)) => {
            let FieldStore { arg, mut values, mut fields, result_type } = *old;
            values.extend(new.values);
            fields.extend(new.fields);
            Some(FieldStore { arg, values, fields, result_type }.into())
        }
        (Expr::FieldStore(mut new), old) => {
            new.arg = old;
            Some(Expr::FieldStore(new))
        }
        (Expr::SubscriptingRef(mut new), old) => {
            new.container = old;
            Some(Expr::SubscriptingRef(new))
        }
        _ => None,
    }
}

/// What an assignment to a part starts from.
fn assignment_input(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::FieldStore(node) => Some(&node.arg),
        Expr::SubscriptingRef(node) if node.assign.is_some() => Some(&node.container),
        _ => None,
    }
}

/// True if a view has a boolean option.
pub fn has_option(entry: &RelationEntry, name: &str) -> bool {
    let options = entry.class.reloptions.iter().flatten();
    let value = options.filter_map(|option| option.split_once('=')).find(|(key, _)| *key == name);
    value.is_some_and(|(_, value)| matches!(value.to_ascii_lowercase().as_str(), "true" | "on" | "yes" | "1" | "t"))
}

/// FOR UPDATE of a view locks the rows of the tables below.
fn mark_for_locking(query: &mut Query, mark: &RowMarkClause) {
    let mut rels = Vec::new();
    query.jointree.items.iter().for_each(|item| relations_of(item, &mut rels));
    for rti in rels {
        match &mut query.rte_mut(rti).kind {
            RteKind::Relation(_) => query.rte_mut(rti).required_perms |= acl::UPDATE,
            RteKind::Subquery(subquery) => mark_for_locking(&mut subquery.query, mark),
            _ => continue,
        }
        match query.row_marks.iter_mut().find(|known| known.rti == rti) {
            Some(known) => {
                known.strength = known.strength.max(mark.strength);
                known.wait_policy = known.wait_policy.max(mark.wait_policy);
            }
            None => query.row_marks.push(RowMarkClause { rti, pushed_down: true, ..mark.clone() }),
        }
    }
}

fn relations_of(item: &FromItem, out: &mut Vec<i32>) {
    match item {
        FromItem::Rel(rtindex) => out.push(*rtindex),
        FromItem::From(from) => from.items.iter().for_each(|item| relations_of(item, out)),
        FromItem::Join(join) => {
            relations_of(&join.left, out);
            relations_of(&join.right, out);
        }
    }
}

/// Sets whose privileges count for every entry of a tree.
struct SetUser(Oid);

impl Mutator for SetUser {
    fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        rte.check_as_user = self.0;
        self.rte_parts(rte)
    }
}

/// The relations and functions that a rewritten query depends on: a plan for it is stale once one of them changes.
pub fn dependencies(query: &Query) -> (BTreeSet<Oid>, BTreeSet<Oid>) {
    let mut found = Dependencies::default();
    crate::walk::Walker::query_parts(&mut found, query);
    (found.relations, found.functions)
}

#[derive(Default)]
struct Dependencies {
    relations: BTreeSet<Oid>,
    functions: BTreeSet<Oid>,
}

impl crate::walk::Walker for Dependencies {
    fn expr(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::FuncExpr(node) => self.functions.insert(node.function),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => {
                self.functions.insert(node.function)
            }
            Expr::ScalarArrayOpExpr(node) => self.functions.insert(node.function),
            Expr::Aggref(node) => self.functions.insert(node.function),
            Expr::WindowFunc(node) => self.functions.insert(node.function),
            Expr::NextValueExpr(node) => self.relations.insert(node.sequence),
            _ => false,
        };
        self.children(expr)
    }

    fn rte(&mut self, rte: &RangeTblEntry) -> bool {
        match &rte.kind {
            RteKind::Relation(relation) => self.relations.insert(relation.relid),
            RteKind::Subquery(subquery) if subquery.view.is_valid() => self.relations.insert(subquery.view),
            _ => false,
        };
        self.rte_parts(rte)
    }
}
