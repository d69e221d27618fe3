//! SELECT, VALUES and set operations.
//!
//! Source: PostgreSQL 15 analyze.c.

use crate::coerce::common_typmod;
use crate::expr::{Const, Expr, Location, SetToDefault, Var};
use crate::oids;
use crate::query::{
    Alias, CmdType, ColumnList, FromExpr, FromItem, LimitOption, LockStrength, LockWaitPolicy, Query, RowMarkClause,
    RteKind, SetOperand, SetOperation, SetOperationStmt, SortGroupClause, TargetEntry, acl,
};
use crate::state::{Analyzer, ExprKind, NsColumn, NsData, NsItem};
use crate::vars::any_in_query;
use base::Oid;
use parser::ast::{self, Distinct, LockingClause, SelectBody, SelectStmt, SimpleSelect};
use report::{Result, error};

/// An operand of a set operation with its output columns.
type Operand = (SetOperand, Vec<TargetEntry>);

impl Analyzer<'_, '_> {
    /// A SELECT in a query level of its own.
    pub fn transform_subselect(
        &mut self,
        stmt: &SelectStmt,
        parent_cte: Option<(usize, usize)>,
        locked: bool,
        resolve_unknowns: bool,
    ) -> Result<Query> {
        self.nested(|this| {
            let state = this.state();
            state.parent_cte = parent_cte;
            state.locked_from_parent = locked;
            state.resolve_unknowns = resolve_unknowns;
            this.transform_select(stmt)
        })
    }

    /// A SELECT in the present query level.
    pub fn transform_select(&mut self, stmt: &SelectStmt) -> Result<Query> {
        match &stmt.body {
            SelectBody::Simple(select) => self.transform_simple(stmt, select),
            SelectBody::Values(rows) => self.transform_values(stmt, rows),
            SelectBody::SetOperation(operation) => self.transform_set_operation(stmt, operation),
        }
    }

    fn transform_simple(&mut self, stmt: &SelectStmt, select: &SimpleSelect) -> Result<Query> {
        let mut query = Query { command: CmdType::Select, ..Query::default() };
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        if let Some(into) = &select.into {
            return Err(self.at(error!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here"), into.relation.pos));
        }
        self.state().locking = stmt.locking.clone();
        self.state().window_defs = select.windows.clone();
        let items = self.transform_from(&select.from)?;
        query.targets = self.transform_target_list(&select.targets, ExprKind::SelectTarget)?;
        self.mark_origins(&mut query.targets);
        let quals = self.transform_where(select.filter.as_ref(), ExprKind::Where, "WHERE")?;
        query.jointree = FromExpr { items, quals };
        query.having = self.transform_where(select.having.as_ref(), ExprKind::Having, "HAVING")?;
        query.sort = self.transform_sort_clause(&stmt.order_by, &mut query.targets, ExprKind::OrderBy, false)?;
        (query.group, query.grouping_sets) =
            self.transform_group_clause(&select.group_by, &mut query.targets, &query.sort)?;
        query.group_distinct = select.group_distinct;
        match &select.distinct {
            Distinct::All => {}
            Distinct::Rows => query.distinct = self.transform_distinct(&mut query.targets, &query.sort, false)?,
            Distinct::On(exprs) => {
                query.distinct = self.transform_distinct_on(exprs, &mut query.targets, &query.sort)?;
                query.has_distinct_on = true;
            }
        }
        self.transform_limits(stmt, &mut query)?;
        query.windows = self.transform_windows(&mut query.targets)?;
        if self.top().resolve_unknowns {
            self.resolve_unknowns(&mut query.targets)?;
        }
        self.finish_select(stmt, query)
    }

    /// What comes last for every SELECT: locking, collations, the check of ungrouped columns.
    fn finish_select(&mut self, stmt: &SelectStmt, mut query: Query) -> Result<Query> {
        let grouped =
            self.top().has_aggs || !query.group.is_empty() || !query.grouping_sets.is_empty() || query.having.is_some();
        self.assign_query_collations(&mut query)?;
        if grouped {
            self.check_aggregates(&mut query)?;
        }
        self.finish_query(&mut query);
        for clause in &stmt.locking {
            self.apply_locking(&mut query, clause, false)?;
        }
        Ok(query)
    }

    fn transform_limits(&mut self, stmt: &SelectStmt, query: &mut Query) -> Result<()> {
        query.limit_offset = self.transform_limit(stmt.offset.as_ref(), ExprKind::Offset, stmt.with_ties)?;
        query.limit_count = self.transform_limit(stmt.limit.as_ref(), ExprKind::Limit, stmt.with_ties)?;
        query.limit_option = if stmt.with_ties { LimitOption::WithTies } else { LimitOption::Count };
        Ok(())
    }

    // --- VALUES ---

    fn transform_values(&mut self, stmt: &SelectStmt, rows: &[Vec<ast::Expr>]) -> Result<Query> {
        let mut query = Query { command: CmdType::Select, ..Query::default() };
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        let mut lists: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
        for row in rows {
            let list = self.transform_list(row, ExprKind::Values, false)?;
            self.check_values_length(&lists, &list)?;
            lists.push(list);
        }
        let columns = self.unify_values(&mut lists)?;
        let lateral = !self.top().rtable.is_empty() && lists.iter().flatten().any(crate::vars::contains_own_var);
        let item = self.add_values(lists, columns, None, lateral, true)?;
        self.add_to_namespace(&item, true, true);
        query.targets = self.expand_item_targets(&item, 0, Location::UNKNOWN);
        query.sort = self.transform_sort_clause(&stmt.order_by, &mut query.targets, ExprKind::OrderBy, false)?;
        self.transform_limits(stmt, &mut query)?;
        if let Some(clause) = stmt.locking.first() {
            let name = lock_name(clause.strength);
            return Err(error!(FEATURE_NOT_SUPPORTED, "{name} cannot be applied to VALUES"));
        }
        query.jointree.items.push(FromItem::Rel(item.data.rtindex));
        self.assign_query_collations(&mut query)?;
        self.finish_query(&mut query);
        Ok(query)
    }

    /// All rows of VALUES have as many columns as the first.
    pub fn check_values_length(&self, before: &[Vec<Expr>], row: &[Expr]) -> Result<()> {
        match before.first() {
            Some(first) if first.len() != row.len() => {
                let err = error!(SYNTAX_ERROR, "VALUES lists must all be the same length");
                Err(self.at(err, crate::expr::leftmost(row)))
            }
            _ => Ok(()),
        }
    }

    /// Gives each column of VALUES one type.
    fn unify_values(&mut self, lists: &mut [Vec<Expr>]) -> Result<ColumnList> {
        let mut columns = ColumnList::default();
        for at in 0..lists.first().map_or(0, Vec::len) {
            let column: Vec<&Expr> = lists.iter().map(|list| &list[at]).collect();
            let common = self.common_type(&column, "VALUES")?;
            for list in lists.iter_mut() {
                let taken = std::mem::replace(&mut list[at], Const::bool(true).into());
                list[at] = self.coerce_to_common(taken, common, "VALUES")?;
            }
            let column: Vec<&Expr> = lists.iter().map(|list| &list[at]).collect();
            let typmod = common_typmod(&column, common);
            let mut column: Vec<&mut Expr> = lists.iter_mut().map(|list| &mut list[at]).collect();
            columns.collations.push(self.common_collation(&mut column, true)?);
            columns.types.push(common);
            columns.typmods.push(typmod);
        }
        Ok(columns)
    }

    // --- set operations ---

    fn transform_set_operation(&mut self, stmt: &SelectStmt, operation: &ast::SetOperation) -> Result<Query> {
        let mut query = Query { command: CmdType::Select, ..Query::default() };
        if let Some(into) = leftmost_into(&operation.left) {
            return Err(self.at(error!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here"), into.relation.pos));
        }
        self.refuse_set_locking(&stmt.locking)?;
        self.transform_with(stmt.with.as_deref(), &mut query)?;
        let (operand, _) = self.set_operation_node(operation, true)?;
        let SetOperand::Op(tree) = operand else {
            return Err(report::Error::internal("a set operation is a tree"));
        };
        let leftmost = leftmost_relation(&tree);
        let names = self.output_names(leftmost);
        let mut columns = Vec::with_capacity(tree.column_types.len());
        for (at, (name, location)) in names.iter().enumerate() {
            let (type_oid, typmod, collation) =
                (tree.column_types[at], tree.column_typmods[at], tree.column_collations[at]);
            let mut var = Var::new(leftmost, at as i16 + 1, type_oid, typmod, collation);
            var.location = *location;
            let attno = var.attno;
            let resno = self.take_resno();
            query.targets.push(TargetEntry::new(var.into(), resno, Some(name.clone())));
            columns.push(NsColumn {
                varno: leftmost,
                attno,
                type_oid,
                typmod,
                collation,
                syntactic: (leftmost, attno),
                dont_expand: false,
            });
        }
        query.set_operations = Some(tree);
        self.sort_set_operation(stmt, &mut query, names, columns)?;
        self.transform_limits(stmt, &mut query)?;
        self.finish_select(stmt, query)
    }

    /// ORDER BY of a set operation sees the output columns only.
    fn sort_set_operation(
        &mut self,
        stmt: &SelectStmt,
        query: &mut Query,
        names: Vec<(String, Location)>,
        columns: Vec<NsColumn>,
    ) -> Result<()> {
        let names =
            Alias { name: "unnamed_join".to_owned(), columns: names.into_iter().map(|(name, _)| name).collect() };
        let item = NsItem::new(NsData { names, rtindex: self.next_rtindex(), columns });
        let item = NsItem { rel_visible: false, ..item };
        let saved = std::mem::replace(&mut self.state().namespace, vec![item]);
        let count = query.targets.len();
        let sorted = self.transform_sort_clause(&stmt.order_by, &mut query.targets, ExprKind::OrderBy, false);
        self.state().namespace = saved;
        query.sort = sorted?;
        if let Some(extra) = query.targets.get(count) {
            let err = error!(FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
                .detail("Only result column names can be used, not expressions or functions.")
                .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.");
            return Err(self.at(err, extra.expr.location()));
        }
        Ok(())
    }

    fn output_names(&self, rtindex: i32) -> Vec<(String, Location)> {
        let query = self.top().rtable[rtindex as usize - 1].subquery();
        let targets = query.map_or(&[][..], |query| &query.targets);
        let shown = targets.iter().filter(|target| !target.junk);
        shown.map(|t| (t.name.clone().unwrap_or_else(|| "?column?".to_owned()), t.expr.location())).collect()
    }

    fn refuse_set_locking(&self, locking: &[LockingClause]) -> Result<()> {
        match locking.first() {
            None => Ok(()),
            Some(clause) => Err(error!(
                FEATURE_NOT_SUPPORTED,
                "{} is not allowed with UNION/INTERSECT/EXCEPT",
                lock_name(clause.strength)
            )),
        }
    }

    fn set_operand(&mut self, stmt: &SelectStmt) -> Result<Operand> {
        if let SelectBody::Simple(select) = &stmt.body
            && let Some(into) = &select.into
        {
            let err = error!(SYNTAX_ERROR, "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT");
            return Err(self.at(err, into.relation.pos));
        }
        self.refuse_set_locking(&stmt.locking)?;
        let has_clauses =
            !stmt.order_by.is_empty() || stmt.offset.is_some() || stmt.limit.is_some() || stmt.with.is_some();
        match &stmt.body {
            SelectBody::SetOperation(operation) if !has_clauses => self.set_operation_node(operation, false),
            _ => self.set_leaf(stmt),
        }
    }

    fn set_leaf(&mut self, stmt: &SelectStmt) -> Result<Operand> {
        let query = self.transform_subselect(stmt, None, false, false)?;
        if !self.top().namespace.is_empty() {
            let mut found = None;
            any_in_query(&query, &mut |node, depth| {
                if let Expr::Var(var) = node
                    && var.levels_up == depth + 1
                {
                    found = Some(var.location);
                }
                found.is_some()
            });
            if let Some(location) = found {
                let err = error!(
                    INVALID_COLUMN_REFERENCE,
                    "UNION/INTERSECT/EXCEPT member statement cannot refer to other relations of same query level"
                );
                return Err(self.at(err, location));
            }
        }
        let targets = query.targets.iter().filter(|target| !target.junk).cloned().collect();
        let alias = Alias { name: format!("*SELECT* {}", self.next_rtindex()), columns: Vec::new() };
        let item = self.add_subquery(query, alias, false, false)?;
        Ok((SetOperand::Rel(item.data.rtindex), targets))
    }

    fn set_operation_node(&mut self, operation: &ast::SetOperation, is_top: bool) -> Result<Operand> {
        let (op, context) = match operation.op {
            ast::SetOp::Union => (SetOperation::Union, "UNION"),
            ast::SetOp::Intersect => (SetOperation::Intersect, "INTERSECT"),
            ast::SetOp::Except => (SetOperation::Except, "EXCEPT"),
        };
        let parent = self.top().parent_cte;
        let recursive = parent.is_some_and(|(level, at)| self.states[level].ctes[at].cte.recursive);
        let (left, left_targets) = self.set_operand(&operation.left)?;
        if let (true, true, Some((level, at))) = (is_top, recursive, parent) {
            // The recursive term sees the columns of the non-recursive one.
            let names = self.output_names(match &left {
                SetOperand::Rel(rtindex) => *rtindex,
                SetOperand::Op(tree) => leftmost_relation(tree),
            });
            let named =
                left_targets.iter().zip(names).map(|(t, (name, _))| TargetEntry { name: Some(name), ..t.clone() });
            self.set_cte_columns(level, at, &named.collect::<Vec<_>>())?;
        }
        let (right, right_targets) = self.set_operand(&operation.right)?;
        if left_targets.len() != right_targets.len() {
            let err = error!(SYNTAX_ERROR, "each {context} query must have the same number of columns");
            let location = right_targets.iter().fold(Location::UNKNOWN, |l, t| l.leftmost(t.expr.location()));
            return Err(self.at(err, location));
        }
        let mut tree = SetOperationStmt {
            op,
            all: operation.all,
            left,
            right,
            column_types: Vec::new(),
            column_typmods: Vec::new(),
            column_collations: Vec::new(),
            group: Vec::new(),
        };
        let mut targets = Vec::with_capacity(left_targets.len());
        for (at, (l, r)) in left_targets.into_iter().zip(right_targets).enumerate() {
            let column = self.unify_column(&mut tree, at, (l.expr, r.expr), context, recursive)?;
            targets.push(TargetEntry::new(column, 0, None));
        }
        Ok((SetOperand::Op(Box::new(tree)), targets))
    }

    fn unify_column(
        &mut self,
        tree: &mut SetOperationStmt,
        at: usize,
        (left, right): (Expr, Expr),
        context: &str,
        recursive: bool,
    ) -> Result<Expr> {
        let common = self.common_type(&[&left, &right], context)?;
        let best = match (left.type_of() == common, right.type_of() == common) {
            (false, true) => right.location(),
            _ => left.location(),
        };
        let mut left = self.fit_column(&tree.left, at, left, common, context)?;
        let mut right = self.fit_column(&tree.right, at, right, common, context)?;
        let typmod = common_typmod(&[&left, &right], common);
        let union_all = tree.op == SetOperation::Union && tree.all;
        let collation = self.common_collation(&mut [&mut left, &mut right], union_all)?;
        tree.column_types.push(common);
        tree.column_typmods.push(typmod);
        tree.column_collations.push(collation);
        if !union_all {
            tree.group.push(self.set_operation_clause(common, recursive, best)?);
        }
        Ok(SetToDefault { type_oid: common, typmod, collation, location: best }.into())
    }

    /// An operand's column coerced. An unknown literal is changed in the operand itself.
    fn fit_column(
        &mut self,
        operand: &SetOperand,
        at: usize,
        column: Expr,
        common: Oid,
        context: &str,
    ) -> Result<Expr> {
        if column.type_of() != oids::UNKNOWN {
            return self.coerce_to_common(column, common, context);
        }
        if !matches!(column, Expr::Const(_) | Expr::Param(_)) {
            return Ok(column);
        }
        let coerced = self.coerce_to_common(column, common, context)?;
        if let SetOperand::Rel(rtindex) = operand
            && let RteKind::Subquery(subquery) = &mut self.state().rtable[*rtindex as usize - 1].kind
            && let Some(target) = subquery.query.targets.iter_mut().filter(|target| !target.junk).nth(at)
        {
            target.expr = coerced.clone();
        }
        Ok(coerced)
    }

    fn set_operation_clause(&self, type_oid: Oid, needs_hash: bool, location: Location) -> Result<SortGroupClause> {
        let found = self.sort_group_operators(type_oid)?;
        if !found.eq.is_valid() {
            let name = self.cx.format_type(type_oid);
            let err = error!(UNDEFINED_FUNCTION, "could not identify an equality operator for type {name}");
            return Err(self.at(err, location));
        }
        // Rows of a recursive union are always hashed; records can be tried at run time.
        let hashable = found.hashable || needs_hash && matches!(type_oid, oids::RECORD | oids::RECORDARRAY);
        Ok(SortGroupClause {
            target_ref: 0,
            eq_operator: found.eq,
            sort_operator: found.lt,
            nulls_first: false,
            hashable,
        })
    }

    // --- FOR UPDATE and the like ---

    fn apply_locking(&self, query: &mut Query, clause: &LockingClause, pushed_down: bool) -> Result<()> {
        let name = lock_name(clause.strength);
        check_lockable(query, name)?;
        if clause.relations.is_empty() {
            for at in 0..query.rtable.len() {
                if query.rtable[at].in_from_clause {
                    self.lock_entry(query, at, clause, pushed_down)?;
                }
            }
            return Ok(());
        }
        for relation in &clause.relations {
            if relation.schema.is_some() || relation.catalog.is_some() {
                let err = error!(SYNTAX_ERROR, "{name} must specify unqualified relation names");
                return Err(self.at(err, relation.pos));
            }
            let found = query.rtable.iter().position(|rte| {
                let shown = match rte.join() {
                    Some(join) if rte.alias.is_none() => join.using_alias.as_ref().map(|alias| &alias.name),
                    _ => Some(&rte.eref.name),
                };
                rte.in_from_clause && shown == Some(&relation.name)
            });
            let Some(at) = found else {
                let table = &relation.name;
                let err = error!(UNDEFINED_TABLE, "relation \"{table}\" in {name} clause not found in FROM clause");
                return Err(self.at(err, relation.pos));
            };
            let what = match &query.rtable[at].kind {
                RteKind::Relation(_) | RteKind::Subquery(_) => {
                    self.lock_entry(query, at, clause, pushed_down)?;
                    continue;
                }
                RteKind::Join(_) => "a join",
                RteKind::Function(_) => "a function",
                RteKind::TableFunc(_) => "a table function",
                RteKind::Values(_) => "VALUES",
                RteKind::Cte(_) => "a WITH query",
                _ => "a named tuplestore",
            };
            return Err(self.at(error!(FEATURE_NOT_SUPPORTED, "{name} cannot be applied to {what}"), relation.pos));
        }
        Ok(())
    }

    fn lock_entry(&self, query: &mut Query, at: usize, clause: &LockingClause, pushed_down: bool) -> Result<()> {
        match &mut query.rtable[at].kind {
            RteKind::Relation(_) => {
                query.rtable[at].required_perms |= acl::UPDATE;
                mark_row_lock(query, at as i32 + 1, clause, pushed_down);
                Ok(())
            }
            RteKind::Subquery(subquery) => {
                let all = LockingClause { relations: Vec::new(), ..clause.clone() };
                self.apply_locking(&mut subquery.query, &all, true)?;
                mark_row_lock(query, at as i32 + 1, clause, pushed_down);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn mark_row_lock(query: &mut Query, rti: i32, clause: &LockingClause, pushed_down: bool) {
    let strength = match clause.strength {
        ast::LockStrength::KeyShare => LockStrength::ForKeyShare,
        ast::LockStrength::Share => LockStrength::ForShare,
        ast::LockStrength::NoKeyUpdate => LockStrength::ForNoKeyUpdate,
        ast::LockStrength::Update => LockStrength::ForUpdate,
    };
    let wait_policy = match clause.wait {
        ast::LockWait::Block => LockWaitPolicy::Block,
        ast::LockWait::Skip => LockWaitPolicy::Skip,
        ast::LockWait::Error => LockWaitPolicy::Error,
    };
    query.has_for_update |= !pushed_down;
    match query.row_marks.iter_mut().find(|mark| mark.rti == rti) {
        Some(mark) => {
            mark.strength = mark.strength.max(strength);
            mark.wait_policy = mark.wait_policy.max(wait_policy);
            mark.pushed_down &= pushed_down;
        }
        None => query.row_marks.push(RowMarkClause { rti, strength, wait_policy, pushed_down }),
    }
}

/// Rows that are made of several cannot be locked.
fn check_lockable(query: &Query, name: &str) -> Result<()> {
    let what = if query.set_operations.is_some() {
        "UNION/INTERSECT/EXCEPT"
    } else if !query.distinct.is_empty() {
        "DISTINCT clause"
    } else if !query.group.is_empty() || !query.grouping_sets.is_empty() {
        "GROUP BY clause"
    } else if query.having.is_some() {
        "HAVING clause"
    } else if query.has_aggs {
        "aggregate functions"
    } else if query.has_window_funcs {
        "window functions"
    } else if query.has_target_srfs {
        "set-returning functions in the target list"
    } else {
        return Ok(());
    };
    Err(error!(FEATURE_NOT_SUPPORTED, "{name} is not allowed with {what}"))
}

/// The clause's words.
pub fn lock_name(strength: ast::LockStrength) -> &'static str {
    match strength {
        ast::LockStrength::KeyShare => "FOR KEY SHARE",
        ast::LockStrength::Share => "FOR SHARE",
        ast::LockStrength::NoKeyUpdate => "FOR NO KEY UPDATE",
        ast::LockStrength::Update => "FOR UPDATE",
    }
}

/// The leaf that a set operation's column names come from.
pub fn leftmost_relation(tree: &SetOperationStmt) -> i32 {
    match &tree.left {
        SetOperand::Rel(rtindex) => *rtindex,
        SetOperand::Op(inner) => leftmost_relation(inner),
    }
}

/// INTO of the first SELECT.
pub fn leftmost_into(stmt: &SelectStmt) -> Option<&ast::IntoClause> {
    match &stmt.body {
        SelectBody::Simple(select) => select.into.as_deref(),
        SelectBody::Values(_) => None,
        SelectBody::SetOperation(operation) => leftmost_into(&operation.left),
    }
}
