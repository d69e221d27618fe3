//! INSERT, UPDATE and DELETE.
//!
//! Source: PostgreSQL 15 analyze.c and parse_target.c (checkInsertTargets).

use crate::expr::{Const, Expr, InferenceElem, Location, Param, ParamKind, SetToDefault, SubLinkType, Var};
use crate::oids;
use crate::query::{
    Alias, CmdType, ColumnList, FromItem, OnConflictAction, OnConflictExpr, Overriding, Query, RteKind, TargetEntry,
    acl, lock_mode,
};
use crate::state::{Analyzer, ExprKind, NsItem};
use base::Oid;
use parser::ast::{
    self, Assignment, DeleteStmt, IndexKey, InferClause, InsertColumn, InsertStmt, OnConflict, SelectBody, SelectStmt,
    Statement, UpdateStmt,
};
use report::{Error, Result, SqlState, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;

impl Analyzer<'_, '_> {
    /// INSERT, UPDATE, DELETE or MERGE in the present query level.
    pub fn transform_modifying(&mut self, stmt: &Statement) -> Result<Query> {
        match stmt {
            Statement::Insert(insert) => self.transform_insert(insert),
            Statement::Update(update) => self.transform_update(update),
            Statement::Delete(delete) => self.transform_delete(delete),
            Statement::Merge(_) => unsupported!("MERGE"),
            _ => Err(Error::internal("unexpected statement in WITH")),
        }
    }

    // --- INSERT ---

    fn transform_insert(&mut self, stmt: &InsertStmt) -> Result<Query> {
        let mut query = Query { command: CmdType::Insert, ..Query::default() };
        self.state().is_insert = true;
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        query.overriding = match stmt.overriding {
            ast::Overriding::None => Overriding::NotSet,
            ast::Overriding::User => Overriding::User,
            ast::Overriding::System => Overriding::System,
        };
        let updates = stmt.on_conflict.as_ref().is_some_and(|c| matches!(c.action, ast::OnConflictAction::Update(..)));
        let perms = if updates { acl::INSERT | acl::UPDATE } else { acl::INSERT };
        let target = ast::RangeVar { inherit: false, ..stmt.relation.clone() };
        let (entry, rtindex) = self.set_target(&target, false, perms)?;
        query.result_relation = rtindex;
        let columns = self.insert_columns(stmt, &entry)?;
        let values = self.insert_source(stmt, &columns, &entry, &mut query)?;
        for (value, (column, attno)) in values.into_iter().zip(&columns) {
            query.targets.push(TargetEntry::new(value, *attno, Some(column.name.clone())));
            self.state().rtable[rtindex as usize - 1].inserted_cols.insert(*attno);
        }
        if stmt.on_conflict.is_some() || !stmt.returning.is_empty() {
            self.state().namespace.clear();
            let target = self.target_item();
            self.add_to_namespace(&target, true, true);
        }
        if let Some(conflict) = &stmt.on_conflict {
            query.on_conflict = Some(Box::new(self.transform_on_conflict(conflict, &entry)?));
        }
        query.returning = self.transform_returning(&stmt.returning)?;
        self.assign_query_collations(&mut query)?;
        self.finish_query(&mut query);
        Ok(query)
    }

    fn target_item(&self) -> NsItem {
        self.top().target.clone().expect("a change has a target")
    }

    /// The columns that values are for: those written, or all.
    fn insert_columns(&self, stmt: &InsertStmt, entry: &RelationEntry) -> Result<Vec<(InsertColumn, i16)>> {
        let mut columns: Vec<(InsertColumn, i16)> = Vec::new();
        if stmt.columns.is_empty() {
            for (at, attribute) in entry.desc.attributes.iter().enumerate().filter(|(_, a)| !a.is_dropped) {
                let column =
                    InsertColumn { name: attribute.name.clone(), indirection: Vec::new(), pos: ast::Pos::NONE };
                columns.push((column, at as i16 + 1));
            }
            return Ok(columns);
        }
        for column in &stmt.columns {
            let name = &column.name;
            let Some(attno) = entry.column(name) else {
                let table = entry.name();
                let err = error!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{table}\" does not exist");
                return Err(self.at(err, column.pos));
            };
            // Parts of a column may be given one by one, but not beside the whole.
            let clash = columns.iter().any(|(other, other_attno)| {
                *other_attno == attno && (other.indirection.is_empty() || column.indirection.is_empty())
            });
            if clash {
                let err = error!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
                return Err(self.at(err, column.pos));
            }
            columns.push((column.clone(), attno));
        }
        Ok(columns)
    }

    fn insert_source(
        &mut self,
        stmt: &InsertStmt,
        columns: &[(InsertColumn, i16)],
        entry: &RelationEntry,
        query: &mut Query,
    ) -> Result<Vec<Expr>> {
        let Some(source) = &stmt.source else { return Ok(Vec::new()) };
        let row = InsertRow { entry, columns, has_list: !stmt.columns.is_empty() };
        match plain_values(source) {
            Some([single]) => {
                let values = self.transform_list(single, ExprKind::ValuesSingle, true)?;
                self.insert_row(values, &row, false)
            }
            Some(rows) => self.insert_values(rows, &row, query),
            None => self.insert_select(source, &row, query),
        }
    }

    fn insert_select(&mut self, source: &SelectStmt, row: &InsertRow<'_>, query: &mut Query) -> Result<Vec<Expr>> {
        let select = self.transform_subselect(source, None, false, false)?;
        let targets: Vec<TargetEntry> = select.targets.iter().filter(|target| !target.junk).cloned().collect();
        let alias = Alias { name: "*SELECT*".to_owned(), columns: Vec::new() };
        let item = self.add_subquery(select, alias, false, false)?;
        let rtindex = item.data.rtindex;
        query.jointree.items.push(FromItem::Rel(rtindex));
        let value = |target: TargetEntry| {
            let is_literal = matches!(target.expr, Expr::Const(_) | Expr::Param(_));
            if is_literal && target.expr.type_of() == oids::UNKNOWN {
                return target.expr;
            }
            let (type_oid, typmod) = (target.expr.type_of(), target.expr.typmod_of());
            let mut var = Var::new(rtindex, target.resno, type_oid, typmod, target.expr.collation_of());
            var.location = target.expr.location();
            var.into()
        };
        let values = targets.into_iter().map(value).collect();
        self.insert_row(values, row, false)
    }

    fn insert_values(&mut self, rows: &[Vec<ast::Expr>], row: &InsertRow<'_>, query: &mut Query) -> Result<Vec<Expr>> {
        let mut lists: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
        let mut first_length = None;
        for written in rows {
            let list = self.transform_list(written, ExprKind::Values, true)?;
            if *first_length.get_or_insert(list.len()) != list.len() {
                let err = error!(SYNTAX_ERROR, "VALUES lists must all be the same length");
                return Err(self.at(err, crate::expr::leftmost(&list)));
            }
            let mut list = self.insert_row(list, row, true)?;
            list.iter_mut().try_for_each(|value| self.assign_collations(value))?;
            lists.push(list);
        }
        let mut columns = ColumnList::default();
        for value in lists.first().into_iter().flatten() {
            columns.types.push(value.type_of());
            columns.typmods.push(value.typmod_of());
            columns.collations.push(Oid::INVALID);
        }
        let lateral = self.top().rtable.len() != 1 && lists.iter().flatten().any(crate::vars::contains_own_var);
        let item = self.add_values(lists, columns, None, lateral, true)?;
        query.jointree.items.push(FromItem::Rel(item.data.rtindex));
        let values = self.expand_item(&item.data, 0, Location::UNKNOWN);
        self.insert_row(values.into_iter().map(|(_, var)| var.into()).collect(), row, false)
    }

    /// A row of values made fit for the columns. `strip`: of a part of a column only the new value is kept.
    fn insert_row(&mut self, values: Vec<Expr>, row: &InsertRow<'_>, strip: bool) -> Result<Vec<Expr>> {
        if let Some(extra) = values.get(row.columns.len()) {
            let err = error!(SYNTAX_ERROR, "INSERT has more expressions than target columns");
            return Err(self.at(err, extra.location()));
        }
        if row.has_list && values.len() < row.columns.len() {
            let err = error!(SYNTAX_ERROR, "INSERT has more target columns than expressions");
            let err = match values.as_slice() {
                [only] if self.row_length(only) == Some(row.columns.len()) => err.hint(
                    "The insertion source is a row expression containing the same number of columns expected by the \
                     INSERT. Did you accidentally use extra parentheses?",
                ),
                _ => err,
            };
            return Err(self.at(err, row.columns[values.len()].0.pos));
        }
        let mut result = Vec::with_capacity(values.len());
        for (value, (column, attno)) in values.into_iter().zip(row.columns) {
            let mut value = self.transform_assigned(value, row.entry, column, *attno, ExprKind::InsertTarget)?;
            if strip && !column.indirection.is_empty() {
                value = strip_assignment(value);
            }
            result.push(value);
        }
        Ok(result)
    }

    fn row_length(&self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::RowExpr(row) => Some(row.args.len()),
            Expr::Var(var) => {
                let query = self.top().rtable.get(var.varno as usize - 1)?.subquery()?;
                match &query.targets.get(var.attno as usize - 1)?.expr {
                    Expr::RowExpr(row) => Some(row.args.len()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    // --- ON CONFLICT ---

    fn transform_on_conflict(&mut self, conflict: &OnConflict, entry: &Arc<RelationEntry>) -> Result<OnConflictExpr> {
        let mut made = OnConflictExpr {
            action: OnConflictAction::Nothing,
            arbiter_elems: Vec::new(),
            arbiter_where: None,
            constraint: Oid::INVALID,
            set: Vec::new(),
            quals: None,
            excluded_index: 0,
            excluded_targets: Vec::new(),
        };
        let mut excluded = None;
        if let ast::OnConflictAction::Update(..) = conflict.action {
            made.action = OnConflictAction::Update;
            let item = self.add_excluded(entry)?;
            made.excluded_index = item.data.rtindex;
            made.excluded_targets = excluded_targets(entry, item.data.rtindex);
            excluded = Some(item);
        }
        self.transform_arbiter(conflict, entry, &mut made)?;
        if let (ast::OnConflictAction::Update(set, filter), Some(item)) = (&conflict.action, excluded) {
            self.state().is_insert = false;
            self.add_to_namespace(&item, true, true);
            made.set = self.transform_assignments(set, entry)?;
            made.quals = self.transform_where(filter.as_ref(), ExprKind::Where, "WHERE")?;
            self.state().namespace.pop();
        }
        Ok(made)
    }

    /// EXCLUDED: the row that could not be inserted, with the target's columns.
    pub(crate) fn add_excluded(&mut self, entry: &Arc<RelationEntry>) -> Result<NsItem> {
        let alias = Alias { name: "excluded".to_owned(), columns: Vec::new() };
        let item = self.add_relation(entry, Some(alias), lock_mode::ROW_EXCLUSIVE, false)?;
        let rte = &mut self.state().rtable[item.data.rtindex as usize - 1];
        rte.in_from_clause = false;
        rte.required_perms = 0;
        if let RteKind::Relation(relation) = &mut rte.kind {
            // It has no system columns and is not read.
            relation.relkind = b'c';
        }
        Ok(item)
    }

    fn transform_arbiter(
        &mut self,
        conflict: &OnConflict,
        entry: &RelationEntry,
        made: &mut OnConflictExpr,
    ) -> Result<()> {
        if conflict.infer.is_none() && made.action == OnConflictAction::Update {
            let err = error!(SYNTAX_ERROR, "ON CONFLICT DO UPDATE requires inference specification or constraint name");
            return Err(self.at(err.hint("For example, ON CONFLICT (column_name)."), conflict.pos));
        }
        if entry.oid < Oid::FIRST_NORMAL && self.cx.is_system_namespace(entry.class.relnamespace) {
            let err = error!(FEATURE_NOT_SUPPORTED, "ON CONFLICT is not supported with system catalog tables");
            return Err(self.at(err, conflict.pos));
        }
        match &conflict.infer {
            None => Ok(()),
            Some(InferClause::Index(elements, filter, pos)) => {
                for element in elements {
                    made.arbiter_elems.push(self.inference_elem(element, *pos)?);
                }
                if let Some(filter) = filter {
                    made.arbiter_where = Some(self.transform_expr(filter, ExprKind::IndexPredicate)?);
                }
                Ok(())
            }
            Some(InferClause::Constraint(name, pos)) => {
                let Some(row) = self.cx.catalog.constraint_by_name(entry.oid, name)? else {
                    let table = entry.name();
                    let err = error!(UNDEFINED_OBJECT, "constraint \"{name}\" for table \"{table}\" does not exist");
                    let _ = pos;
                    return Err(err);
                };
                made.constraint = row.oid;
                let target = self.target_item().data.rtindex;
                let rte = &mut self.state().rtable[target as usize - 1];
                rte.required_perms |= acl::SELECT;
                rte.selected_cols.extend(row.conkey.iter().flatten());
                Ok(())
            }
        }
    }

    fn inference_elem(&mut self, element: &ast::IndexElem, pos: ast::Pos) -> Result<InferenceElem> {
        let refuse = |this: &Self, what: &str| {
            let err = error!(INVALID_COLUMN_REFERENCE, "{what} is not allowed in ON CONFLICT clause");
            Err(this.at(err, pos))
        };
        if element.direction != ast::SortDirection::Default {
            return refuse(self, "ASC/DESC");
        }
        if element.nulls != ast::NullsOrder::Default {
            return refuse(self, "NULLS FIRST/LAST");
        }
        let expr = match &element.key {
            IndexKey::Expr(expr) => self.transform_expr(expr, ExprKind::IndexExpression)?,
            IndexKey::Column(name) => {
                let column = ast::ColumnRef { fields: vec![ast::Field::Name(name.clone())], pos };
                self.transform_expr(&ast::Expr::Column(column), ExprKind::IndexExpression)?
            }
        };
        let collation = match &element.collation {
            Some(name) => self.cx.resolve_collation(name, expr.location())?,
            None => Oid::INVALID,
        };
        let opclass = match &element.opclass {
            Some(name) => self.cx.resolve_opclass(oids::BTREE_AM, name)?,
            None => Oid::INVALID,
        };
        Ok(InferenceElem { expr, collation, opclass })
    }

    // --- UPDATE and DELETE ---

    fn transform_update(&mut self, stmt: &UpdateStmt) -> Result<Query> {
        let mut query = Query { command: CmdType::Update, ..Query::default() };
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        let (entry, rtindex) = self.set_target(&stmt.relation, true, acl::UPDATE)?;
        query.result_relation = rtindex;
        query.jointree.items = self.transform_change_from(&stmt.from, rtindex)?;
        query.jointree.quals = self.transform_where(stmt.filter.as_ref(), ExprKind::Where, "WHERE")?;
        query.returning = self.transform_returning(&stmt.returning)?;
        query.targets = self.transform_assignments(&stmt.assignments, &entry)?;
        self.assign_query_collations(&mut query)?;
        self.finish_query(&mut query);
        Ok(query)
    }

    fn transform_delete(&mut self, stmt: &DeleteStmt) -> Result<Query> {
        let mut query = Query { command: CmdType::Delete, ..Query::default() };
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        let (_, rtindex) = self.set_target(&stmt.relation, true, acl::DELETE)?;
        query.result_relation = rtindex;
        query.jointree.items = self.transform_change_from(&stmt.using, rtindex)?;
        query.jointree.quals = self.transform_where(stmt.filter.as_ref(), ExprKind::Where, "WHERE")?;
        query.returning = self.transform_returning(&stmt.returning)?;
        self.assign_query_collations(&mut query)?;
        self.finish_query(&mut query);
        Ok(query)
    }

    /// FROM of UPDATE, USING of DELETE: they cannot refer to the target, what follows can.
    fn transform_change_from(&mut self, from: &[ast::TableRef], rtindex: i32) -> Result<Vec<FromItem>> {
        for item in &mut self.state().namespace {
            (item.lateral_only, item.lateral_ok) = (true, false);
        }
        let mut items = vec![FromItem::Rel(rtindex)];
        items.extend(self.transform_from(from)?);
        Ok(items)
    }

    /// SET.
    fn transform_assignments(&mut self, set: &[Assignment], entry: &RelationEntry) -> Result<Vec<TargetEntry>> {
        let mut values: Vec<(&InsertColumn, Expr)> = Vec::with_capacity(set.len());
        let mut sublinks: Vec<Expr> = Vec::new();
        for assignment in set {
            match assignment {
                Assignment::Single(column, ast::Expr::Default(pos)) => {
                    values.push((column, default_marker((*pos).into())));
                }
                Assignment::Single(column, value) => {
                    values.push((column, self.transform_expr(value, ExprKind::UpdateSource)?));
                }
                Assignment::Multiple(columns, source) => {
                    let parts = self.transform_multiple(columns.len(), source, &mut sublinks)?;
                    values.extend(columns.iter().zip(parts));
                }
            }
        }
        let rtindex = self.target_item().data.rtindex;
        let mut targets = Vec::with_capacity(values.len());
        for (column, value) in values {
            let name = &column.name;
            let attno = entry.column(name).or_else(|| crate::relation::system_column(name).map(|(number, _)| number));
            let Some(attno) = attno else {
                let table = entry.name();
                let err = error!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{table}\" does not exist");
                return Err(self.at(err, column.pos));
            };
            let value = self.transform_assigned(value, entry, column, attno, ExprKind::UpdateTarget)?;
            targets.push(TargetEntry::new(value, attno, Some(name.clone())));
            self.state().rtable[rtindex as usize - 1].updated_cols.insert(attno);
        }
        // Junk columns are numbered after all of the table's.
        let first_junk = (entry.desc.len() as i16 + 1).max(self.top().next_resno);
        for (at, sublink) in sublinks.into_iter().enumerate() {
            targets.push(TargetEntry::junk(sublink, first_junk + at as i16, None));
        }
        Ok(targets)
    }

    /// The values that `(columns) = source` assigns.
    fn transform_multiple(&mut self, count: usize, source: &ast::Expr, sublinks: &mut Vec<Expr>) -> Result<Vec<Expr>> {
        let mismatch = |this: &Self, location: Location| {
            this.at(error!(SYNTAX_ERROR, "number of columns does not match number of values"), location)
        };
        match source {
            ast::Expr::SubLink(link) if link.kind == ast::SubLinkKind::Scalar => {
                let saved = self.state().kind.replace(ExprKind::UpdateSource);
                let made = self.simple_sublink(SubLinkType::Multiexpr, &link.query, link.pos.into());
                self.state().kind = saved;
                let Expr::SubLink(mut made) = made? else { return Err(Error::internal("a sub-select stays one")) };
                made.id = sublinks.len() as i32 + 1;
                let columns: Vec<&TargetEntry> = made.query.targets.iter().filter(|target| !target.junk).collect();
                if columns.len() != count {
                    return Err(mismatch(self, made.location));
                }
                let param = |(at, target): (usize, &&TargetEntry)| {
                    Expr::from(Param {
                        kind: ParamKind::Multiexpr,
                        id: (made.id << 16) | (at as i32 + 1),
                        type_oid: target.expr.type_of(),
                        typmod: target.expr.typmod_of(),
                        collation: target.expr.collation_of(),
                        location: target.expr.location(),
                    })
                };
                let parts = columns.iter().enumerate().map(param).collect();
                sublinks.push(Expr::SubLink(made));
                Ok(parts)
            }
            ast::Expr::Row(row) => {
                let saved = self.state().kind.replace(ExprKind::UpdateSource);
                let made = self.transform_row(row, true);
                self.state().kind = saved;
                let Expr::RowExpr(made) = made? else { return Err(Error::internal("a row stays one")) };
                match made.args.len() == count {
                    true => Ok(made.args),
                    false => Err(mismatch(self, row.pos.into())),
                }
            }
            other => {
                let message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression";
                Err(self.at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), other.pos()))
            }
        }
    }

    /// RETURNING.
    fn transform_returning(&mut self, returning: &[ast::Target]) -> Result<Vec<TargetEntry>> {
        if returning.is_empty() {
            return Ok(Vec::new());
        }
        let saved = std::mem::replace(&mut self.state().next_resno, 1);
        let mut targets = self.transform_target_list(returning, ExprKind::Returning)?;
        if targets.is_empty() {
            let err = error!(SYNTAX_ERROR, "RETURNING must have at least one column");
            return Err(self.at(err, returning[0].expr.pos()));
        }
        self.mark_origins(&mut targets);
        if self.top().resolve_unknowns {
            self.resolve_unknowns(&mut targets)?;
        }
        self.state().next_resno = saved;
        Ok(targets)
    }
}

/// What a row of INSERT is made for.
struct InsertRow<'r> {
    entry: &'r RelationEntry,
    columns: &'r [(InsertColumn, i16)],
    /// The columns were written.
    has_list: bool,
}

/// The rows of VALUES without any other clause.
fn plain_values(source: &SelectStmt) -> Option<&[Vec<ast::Expr>]> {
    let bare = source.order_by.is_empty()
        && source.offset.is_none()
        && source.limit.is_none()
        && source.locking.is_empty()
        && source.with.is_none();
    match &source.body {
        SelectBody::Values(rows) if bare => Some(rows),
        _ => None,
    }
}

fn default_marker(location: Location) -> Expr {
    SetToDefault { type_oid: oids::UNKNOWN, typmod: -1, collation: Oid::INVALID, location }.into()
}

/// The new value under the nodes that put it into a part of a column.
fn strip_assignment(expr: Expr) -> Expr {
    let inner = |expr: &Expr| {
        let mut at = expr;
        while let Expr::CoerceToDomain(node) = at {
            at = &node.arg;
        }
        match at {
            Expr::FieldStore(node) => node.values.first().cloned(),
            Expr::SubscriptingRef(node) => node.assign.clone(),
            _ => None,
        }
    };
    let mut expr = expr;
    while let Some(found) = inner(&expr) {
        expr = found;
    }
    expr
}

/// All columns of EXCLUDED, then the whole row.
pub(crate) fn excluded_targets(entry: &RelationEntry, rtindex: i32) -> Vec<TargetEntry> {
    let mut targets = Vec::with_capacity(entry.desc.len() + 1);
    for (at, attribute) in entry.desc.attributes.iter().enumerate() {
        let resno = at as i16 + 1;
        let (value, name) = match attribute.is_dropped {
            true => (Const::null(oids::INT4, -1, Oid::INVALID).into(), None),
            false => {
                let var = Var::new(rtindex, resno, attribute.type_oid, attribute.type_mod, attribute.collation);
                (var.into(), Some(attribute.name.clone()))
            }
        };
        targets.push(TargetEntry::new(value, resno, name));
    }
    let whole = Var::new(rtindex, 0, entry.class.reltype, -1, Oid::INVALID);
    targets.push(TargetEntry::junk(whole.into(), 0, None));
    targets
}
