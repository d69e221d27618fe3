//! SELECT, VALUES, TABLE, set operations, WITH, and their clauses.

use super::Parser;
use super::frames::Mode;
use super::primary::{column, constant};
use crate::ast::*;
use crate::keywords::{Category, Keyword as K};
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    /// A query, perhaps in parentheses.
    pub(super) fn select(&mut self) -> Result<SelectStmt> {
        self.select_no_parens()
    }

    /// A query that must stand in parentheses.
    pub(super) fn subquery(&mut self) -> Result<SelectStmt> {
        self.enter()?;
        self.expect_char(b'(')?;
        let query = self.select_no_parens()?;
        self.expect_char(b')')?;
        self.leave();
        Ok(query)
    }

    pub(super) fn subquery_box(&mut self) -> Result<Box<SelectStmt>> {
        self.subquery().map(Box::new)
    }

    fn select_no_parens(&mut self) -> Result<SelectStmt> {
        let with = self.opt_with()?;
        self.select_after_with(with)
    }

    /// A query whose WITH is already parsed.
    pub(super) fn select_after_with(&mut self, with: Option<Box<WithClause>>) -> Result<SelectStmt> {
        let mut query = self.set_operations()?;
        self.outer_clauses(&mut query)?;
        if let Some(with) = with {
            if query.with.is_some() {
                return Err(self.grammar_error(with.pos, "multiple WITH clauses not allowed"));
            }
            query.with = Some(with);
        }
        Ok(query)
    }

    /// UNION and EXCEPT, over INTERSECT.
    fn set_operations(&mut self) -> Result<SelectStmt> {
        let mut left = self.intersections()?;
        let mut depth = 0;
        loop {
            let op = match self.keyword() {
                Some(K::Union) => SetOp::Union,
                Some(K::Except) => SetOp::Except,
                _ => return Ok(left),
            };
            left = self.set_operation(op, left, Self::intersections)?;
            depth += 1;
            self.note_depth(depth)?;
        }
    }

    fn intersections(&mut self) -> Result<SelectStmt> {
        let mut left = self.select_clause()?;
        let mut depth = 0;
        while self.is(K::Intersect) {
            left = self.set_operation(SetOp::Intersect, left, Self::select_clause)?;
            depth += 1;
            self.note_depth(depth)?;
        }
        Ok(left)
    }

    fn set_operation(
        &mut self,
        op: SetOp,
        left: SelectStmt,
        right: impl FnOnce(&mut Self) -> Result<SelectStmt>,
    ) -> Result<SelectStmt> {
        self.advance();
        let all = self.eat(K::All);
        if !all {
            self.eat(K::Distinct);
        }
        let right = right(self)?;
        Ok(SelectStmt::from_body(SelectBody::SetOperation(Box::new(SetOperation { op, all, left, right }))))
    }

    fn select_clause(&mut self) -> Result<SelectStmt> {
        let body = match self.keyword() {
            Some(K::Select) => self.simple_select()?,
            Some(K::Values) => self.values()?,
            Some(K::Table) => self.table_command()?,
            _ if self.is_char(b'(') => return self.subquery(),
            _ => return Err(self.syntax_error()),
        };
        Ok(SelectStmt::from_body(body))
    }

    fn table_command(&mut self) -> Result<SelectBody> {
        self.advance();
        let relation = self.relation_expr()?;
        let star = Target { expr: column(vec![Field::Star], Pos::NONE), name: None, pos: Pos::NONE };
        let from = vec![TableRef::Relation(relation)];
        Ok(SelectBody::Simple(Box::new(SimpleSelect { targets: vec![star], from, ..SimpleSelect::default() })))
    }

    fn values(&mut self) -> Result<SelectBody> {
        self.advance();
        Ok(SelectBody::Values(self.list(|p| p.parens(Self::expr))?))
    }

    fn simple_select(&mut self) -> Result<SelectBody> {
        self.advance();
        let mut select = Box::<SimpleSelect>::default();
        select.distinct = self.opt_distinct()?;
        if select.distinct != Distinct::All || self.starts_target() {
            select.targets = self.target_list()?;
        }
        if self.eat(K::Into) {
            select.into = Some(Box::new(self.new_table_target()?));
        }
        self.select_tail(&mut select)?;
        Ok(SelectBody::Simple(select))
    }

    /// FROM to WINDOW.
    pub(super) fn select_tail(&mut self, select: &mut SimpleSelect) -> Result<()> {
        select.from = self.opt_from(K::From)?;
        select.filter = self.opt_expr(K::Where)?;
        if self.eat(K::Group) {
            self.expect(K::By)?;
            select.group_distinct = self.eat(K::Distinct);
            if !select.group_distinct {
                self.eat(K::All);
            }
            select.group_by = self.list(Self::group_item)?;
        }
        select.having = self.opt_expr(K::Having)?;
        if self.eat(K::Window) {
            select.windows = self.list(Self::window_definition)?;
        }
        Ok(())
    }

    pub(super) fn opt_distinct(&mut self) -> Result<Distinct> {
        if !self.eat(K::Distinct) {
            self.eat(K::All);
            return Ok(Distinct::All);
        }
        if !self.eat(K::On) {
            return Ok(Distinct::Rows);
        }
        Ok(Distinct::On(self.parens(Self::expr)?))
    }

    /// Whether an item of a select list starts here, rather than what follows an empty one.
    pub(super) fn starts_target(&self) -> bool {
        match self.kind() {
            TokenKind::End | TokenKind::Char(b')' | b';') => false,
            TokenKind::Keyword(k) => {
                k.category() != Category::Reserved
                    || !matches!(
                        k,
                        K::Into
                            | K::From
                            | K::Where
                            | K::Group
                            | K::Having
                            | K::Window
                            | K::Union
                            | K::Intersect
                            | K::Except
                            | K::Order
                            | K::Limit
                            | K::Offset
                            | K::Fetch
                            | K::For
                            | K::On
                            | K::Returning
                            | K::With
                    )
            }
            _ => true,
        }
    }

    pub(super) fn target_list(&mut self) -> Result<Vec<Target>> {
        self.list(Self::target)
    }

    fn target(&mut self) -> Result<Target> {
        let pos = self.pos();
        if self.eat_char(b'*') {
            return Ok(Target { expr: column(vec![Field::Star], pos), name: None, pos });
        }
        let expr = self.expression(Mode::Target)?;
        let name = if self.eat(K::As) {
            Some(self.col_label()?)
        } else {
            let bare = match self.kind() {
                TokenKind::Keyword(k) => k.is_bare_label(),
                other => super::names::is_ident(other),
            };
            bare.then(|| self.take_word())
        };
        Ok(Target { expr, name, pos })
    }

    fn new_table_target(&mut self) -> Result<IntoClause> {
        let persistence = self.opt_temp(true)?;
        self.eat(K::Table);
        let relation = RangeVar { persistence, ..self.qualified_name()? };
        Ok(IntoClause {
            relation,
            columns: Vec::new(),
            access_method: None,
            options: Vec::new(),
            on_commit: OnCommit::Noop,
            tablespace: None,
            skip_data: false,
        })
    }

    /// TEMP and such before a new relation's name. Behind INTO the words may be the name itself.
    pub(super) fn opt_temp(&mut self, maybe_name: bool) -> Result<Persistence> {
        let pos = self.pos();
        let scope = self.is_any(&[K::Local, K::Global]);
        let n = usize::from(scope);
        let temporary = self.peek_is(n, K::Temp) || self.peek_is(n, K::Temporary);
        let is_name = maybe_name && !(self.peek_is(n + 1, K::Table) || self.is_col_id_at(n + 1));
        if temporary && !is_name {
            if self.is(K::Global) {
                self.warn_of_global(pos);
            }
            self.at += n + 1;
            return Ok(Persistence::Temporary);
        }
        if self.is(K::Unlogged) && !(maybe_name && !(self.peek_is(1, K::Table) || self.is_col_id_at(1))) {
            self.advance();
            return Ok(Persistence::Unlogged);
        }
        Ok(Persistence::Permanent)
    }

    #[cold]
    fn warn_of_global(&mut self, pos: Pos) {
        let message = "GLOBAL is deprecated in temporary table creation";
        let warning = self.error_at(pos, report::SqlState::WARNING, message).severity(report::Severity::Warning);
        self.notices.push(warning);
    }

    fn group_item(&mut self) -> Result<GroupItem> {
        let pos = self.pos();
        let paren = self.peek(1) == TokenKind::Char(b'(');
        match self.kind() {
            TokenKind::Char(b'(') if self.peek(1) == TokenKind::Char(b')') => {
                self.at += 2;
                Ok(GroupItem::Empty(pos))
            }
            TokenKind::Keyword(K::Rollup) if paren => {
                self.advance();
                Ok(GroupItem::Rollup(self.parens(Self::expr)?, pos))
            }
            TokenKind::Keyword(K::Cube) if paren => {
                self.advance();
                Ok(GroupItem::Cube(self.parens(Self::expr)?, pos))
            }
            TokenKind::Keyword(K::Grouping) if self.peek_is(1, K::Sets) => {
                self.enter()?;
                self.at += 2;
                let items = self.parens(Self::group_item)?;
                self.leave();
                Ok(GroupItem::Sets(items, pos))
            }
            _ => Ok(GroupItem::Expr(self.expr()?)),
        }
    }

    fn window_definition(&mut self) -> Result<WindowDef> {
        let name = self.col_id()?;
        self.expect(K::As)?;
        self.window_specification(Some(name))
    }

    // ORDER BY, LIMIT, FOR

    pub(super) fn opt_order_by(&mut self) -> Result<Vec<SortBy>> {
        if self.is(K::Order) { self.order_by() } else { Ok(Vec::new()) }
    }

    pub(super) fn order_by(&mut self) -> Result<Vec<SortBy>> {
        self.expect_seq(&[K::Order, K::By])?;
        self.list(Self::sort_by)
    }

    fn sort_by(&mut self) -> Result<SortBy> {
        let expr = self.expr()?;
        let mut pos = Pos::NONE;
        let direction = if self.eat(K::Using) {
            pos = self.pos();
            SortDirection::Using(self.qual_all_op()?)
        } else {
            self.opt_direction()
        };
        Ok(SortBy { expr, direction, nulls: self.opt_nulls()?, pos })
    }

    pub(super) fn opt_direction(&mut self) -> SortDirection {
        if self.eat(K::Asc) {
            SortDirection::Asc
        } else if self.eat(K::Desc) {
            SortDirection::Desc
        } else {
            SortDirection::Default
        }
    }

    pub(super) fn opt_nulls(&mut self) -> Result<NullsOrder> {
        if self.eat_seq(&[K::Nulls, K::First]) {
            return Ok(NullsOrder::First);
        }
        if self.eat_seq(&[K::Nulls, K::Last]) {
            return Ok(NullsOrder::Last);
        }
        Ok(NullsOrder::Default)
    }

    /// ORDER BY, LIMIT, OFFSET, FETCH and FOR, behind a query that may have some of them inside its parentheses.
    pub(super) fn outer_clauses(&mut self, query: &mut SelectStmt) -> Result<()> {
        if !matches!(self.kind(), TokenKind::Keyword(K::Order | K::Limit | K::Offset | K::Fetch | K::For)) {
            return Ok(());
        }
        if self.is(K::Order) {
            let order_by = self.order_by()?;
            if !query.order_by.is_empty() {
                let pos = order_by.first().map_or(Pos::NONE, |s| s.expr.pos());
                return Err(self.grammar_error(pos, "multiple ORDER BY clauses not allowed"));
            }
            query.order_by = order_by;
        }
        let locked_first = self.opt_locking(query)?;
        let limit = self.opt_limit()?;
        if !locked_first {
            self.opt_locking(query)?;
        }
        self.insert_limit(query, limit)
    }

    fn insert_limit(&mut self, query: &mut SelectStmt, limit: Limit) -> Result<()> {
        if let Some(offset) = limit.offset {
            if query.offset.is_some() {
                return Err(self.grammar_error(offset.pos(), "multiple OFFSET clauses not allowed"));
            }
            query.offset = Some(offset);
        }
        if let Some(count) = limit.count {
            if query.limit.is_some() {
                return Err(self.grammar_error(count.pos(), "multiple LIMIT clauses not allowed"));
            }
            query.limit = Some(count);
        }
        if limit.with_ties {
            if query.with_ties {
                return Err(self.grammar_error(Pos::NONE, "multiple limit options not allowed"));
            }
            if query.order_by.is_empty() {
                return Err(self.grammar_error(Pos::NONE, "WITH TIES cannot be specified without ORDER BY clause"));
            }
            if query.locking.iter().any(|l| l.wait == LockWait::Skip) {
                let message = "SKIP LOCKED and WITH TIES options cannot be used together";
                return Err(self.grammar_error(Pos::NONE, message));
            }
            query.with_ties = true;
        }
        Ok(())
    }

    fn opt_limit(&mut self) -> Result<Limit> {
        let mut limit = Limit::default();
        if self.is(K::Offset) {
            limit.offset = Some(self.offset_clause()?);
            self.opt_limit_clause(&mut limit)?;
        } else {
            self.opt_limit_clause(&mut limit)?;
            if self.is(K::Offset) {
                limit.offset = Some(self.offset_clause()?);
            }
        }
        Ok(limit)
    }

    fn offset_clause(&mut self) -> Result<Expr> {
        self.expect(K::Offset)?;
        // Before ROW or ROWS only a simple value is allowed, so that the words cannot be part of it.
        let start = (self.at, self.notices.len());
        if let Ok(value) = self.first_value()
            && (self.eat(K::Row) || self.eat(K::Rows))
        {
            return Ok(value);
        }
        self.at = start.0;
        self.notices.truncate(start.1);
        self.expr()
    }

    fn opt_limit_clause(&mut self, limit: &mut Limit) -> Result<()> {
        let pos = self.pos();
        if self.eat(K::Limit) {
            let all_pos = self.pos();
            let value = if self.eat(K::All) { constant(Literal::Null, all_pos) } else { self.expr()? };
            if self.eat_char(b',') {
                self.expr()?;
                let error = self.grammar_error(pos, "LIMIT #,# syntax is not supported");
                return Err(error.hint("Use separate LIMIT and OFFSET clauses."));
            }
            limit.count = Some(value);
        } else if self.eat(K::Fetch) {
            self.fetch_first(limit)?;
        }
        Ok(())
    }

    fn fetch_first(&mut self, limit: &mut Limit) -> Result<()> {
        if !self.eat(K::First) {
            self.expect(K::Next)?;
        }
        let no_value = self.is_any(&[K::Row, K::Rows]) && (self.peek_is(1, K::Only) || self.peek_is(1, K::With));
        limit.count = Some(if no_value { Self::implied_one() } else { self.first_value()? });
        if !self.eat(K::Row) {
            self.expect(K::Rows)?;
        }
        if self.eat(K::With) {
            self.expect(K::Ties)?;
            limit.with_ties = true;
        } else {
            self.expect(K::Only)?;
        }
        Ok(())
    }

    /// A primary, or a number with a sign.
    fn first_value(&mut self) -> Result<Expr> {
        let pos = self.pos();
        match self.kind() {
            TokenKind::Char(sign @ (b'+' | b'-')) => {
                self.advance();
                if !self.is_number() {
                    return Err(self.syntax_error());
                }
                let at = self.pos();
                let value = self.number_literal();
                if sign == b'-' {
                    return Ok(constant(super::names::negate(value), pos));
                }
                let name = OperatorName::bare("+");
                let right = constant(value, at);
                Ok(Expr::Op(Box::new(OpExpr { kind: OpKind::Op, name, left: None, right, pos })))
            }
            _ => self.c_expr(),
        }
    }

    /// FOR UPDATE and such; whether there was any.
    fn opt_locking(&mut self, query: &mut SelectStmt) -> Result<bool> {
        if !self.is(K::For) {
            return Ok(false);
        }
        if self.eat_seq(&[K::For, K::Read, K::Only]) {
            return Ok(true);
        }
        while self.is(K::For) {
            let clause = self.locking_clause()?;
            query.locking.push(clause);
        }
        Ok(true)
    }

    fn locking_clause(&mut self) -> Result<LockingClause> {
        self.expect(K::For)?;
        let strength = if self.eat(K::Update) {
            LockStrength::Update
        } else if self.eat(K::Share) {
            LockStrength::Share
        } else if self.eat(K::Key) {
            self.expect(K::Share)?;
            LockStrength::KeyShare
        } else {
            self.expect_seq(&[K::No, K::Key, K::Update])?;
            LockStrength::NoKeyUpdate
        };
        let relations = if self.eat(K::Of) { self.qualified_name_list()? } else { Vec::new() };
        let wait = if self.eat(K::Nowait) {
            LockWait::Error
        } else if self.eat(K::Skip) {
            self.expect(K::Locked)?;
            LockWait::Skip
        } else {
            LockWait::Block
        };
        Ok(LockingClause { strength, relations, wait })
    }

    // WITH

    pub(super) fn opt_with(&mut self) -> Result<Option<Box<WithClause>>> {
        let pos = self.pos();
        if !self.eat(K::With) {
            return Ok(None);
        }
        let recursive = self.eat(K::Recursive);
        let ctes = self.list(Self::common_table_expr)?;
        Ok(Some(Box::new(WithClause { recursive, ctes, pos })))
    }

    fn common_table_expr(&mut self) -> Result<CommonTableExpr> {
        let pos = self.pos();
        let name = self.name()?;
        let columns = self.opt_column_list()?;
        self.expect(K::As)?;
        let materialized = if self.eat(K::Materialized) {
            Some(true)
        } else if self.eat(K::Not) {
            self.expect(K::Materialized)?;
            Some(false)
        } else {
            None
        };
        self.enter()?;
        let query = Box::new(self.in_parens(Self::preparable)?);
        self.leave();
        let search = self.opt_search()?;
        let cycle = self.opt_cycle()?;
        Ok(CommonTableExpr { name, columns, materialized, query, search, cycle, pos })
    }

    fn opt_search(&mut self) -> Result<Option<Box<CteSearch>>> {
        let pos = self.pos();
        if !self.eat(K::Search) {
            return Ok(None);
        }
        let breadth_first = self.eat(K::Breadth);
        if !breadth_first {
            self.expect(K::Depth)?;
        }
        self.expect_seq(&[K::First, K::By])?;
        let columns = self.list(Self::col_id)?;
        self.expect(K::Set)?;
        let sequence_column = self.col_id()?;
        Ok(Some(Box::new(CteSearch { breadth_first, columns, sequence_column, pos })))
    }

    fn opt_cycle(&mut self) -> Result<Option<Box<CteCycle>>> {
        let pos = self.pos();
        if !self.eat(K::Cycle) {
            return Ok(None);
        }
        let columns = self.list(Self::col_id)?;
        self.expect(K::Set)?;
        let mark_column = self.col_id()?;
        let mut mark_value = constant(Literal::Bool(true), Pos::NONE);
        let mut mark_default = constant(Literal::Bool(false), Pos::NONE);
        if self.eat(K::To) {
            mark_value = self.constant_only()?;
            self.expect(K::Default)?;
            mark_default = self.constant_only()?;
        }
        self.expect(K::Using)?;
        let path_column = self.col_id()?;
        Ok(Some(Box::new(CteCycle { columns, mark_column, mark_value, mark_default, path_column, pos })))
    }

    // FROM

    pub(super) fn opt_from(&mut self, keyword: K) -> Result<Vec<TableRef>> {
        if self.eat(keyword) { self.list(Self::table_ref) } else { Ok(Vec::new()) }
    }

    /// An item of FROM with all its joins.
    pub(super) fn table_ref(&mut self) -> Result<TableRef> {
        let mut left = self.table_primary()?;
        let mut depth = 0;
        while let Some(kind) = self.join_start() {
            left = self.join(left, kind)?;
            depth += 1;
            self.note_depth(depth)?;
        }
        Ok(left)
    }

    /// The kind of the join that starts here.
    fn join_start(&self) -> Option<K> {
        let k = self.keyword()?;
        matches!(k, K::Cross | K::Natural | K::Join | K::Inner | K::Left | K::Right | K::Full).then_some(k)
    }

    fn join(&mut self, left: TableRef, start: K) -> Result<TableRef> {
        let natural = start == K::Natural;
        if natural || start == K::Cross {
            self.advance();
        }
        let kind = if start == K::Cross { JoinType::Inner } else { self.opt_join_type() };
        self.expect(K::Join)?;
        if natural || start == K::Cross {
            let right = self.table_primary()?;
            let join = JoinExpr { kind, natural, left, right, qual: JoinQual::None, alias: None };
            return Ok(TableRef::Join(Box::new(join)));
        }
        self.enter()?;
        let right = self.table_ref()?;
        self.leave();
        let qual = self.join_qual()?;
        Ok(TableRef::Join(Box::new(JoinExpr { kind, natural, left, right, qual, alias: None })))
    }

    fn opt_join_type(&mut self) -> JoinType {
        let kind = match self.keyword() {
            Some(K::Left) => JoinType::Left,
            Some(K::Right) => JoinType::Right,
            Some(K::Full) => JoinType::Full,
            Some(K::Inner) => {
                self.advance();
                return JoinType::Inner;
            }
            _ => return JoinType::Inner,
        };
        self.advance();
        self.eat(K::Outer);
        kind
    }

    fn join_qual(&mut self) -> Result<JoinQual> {
        if self.eat(K::Using) {
            let columns = self.parens(Self::name)?;
            let alias = if self.eat(K::As) { Some(self.col_id()?) } else { None };
            return Ok(JoinQual::Using(columns, alias));
        }
        self.expect(K::On)?;
        Ok(JoinQual::On(self.expr()?))
    }

    fn table_primary(&mut self) -> Result<TableRef> {
        let lateral = self.eat(K::Lateral);
        if self.is_char(b'(') {
            if self.starts_subquery(0) {
                return self.range_subselect(lateral);
            }
            return if lateral { self.lateral_mistake() } else { self.joined_table() };
        }
        if self.is_seq(&[K::Rows, K::From]) {
            return self.rows_from(lateral);
        }
        if self.is(K::Xmltable) && self.peek(1) == TokenKind::Char(b'(') {
            return self.xml_table(lateral);
        }
        if self.starts_call() || (lateral && !self.is_char(b'(')) {
            return self.range_function(lateral);
        }
        if self.is_type_function_name() && !self.is_col_id() {
            // A function's name; its parenthesis is missing.
            self.advance();
            return Err(self.syntax_error());
        }
        self.relation_in_from()
    }

    /// LATERAL before a parenthesis that is no subquery: the error is at its content.
    #[cold]
    fn lateral_mistake(&mut self) -> Result<TableRef> {
        while self.eat_char(b'(') {}
        Err(self.syntax_error())
    }

    fn range_subselect(&mut self, lateral: bool) -> Result<TableRef> {
        let pos = self.pos();
        let query = self.subquery_box()?;
        let Some(alias) = self.opt_alias()? else {
            let what = if matches!(query.body, SelectBody::Values(_)) { "VALUES" } else { "subquery" };
            let example = if what == "VALUES" { "VALUES" } else { "SELECT" };
            let error = self.grammar_error(pos, format!("{what} in FROM must have an alias"));
            return Err(error.hint(format!("For example, FROM ({example} ...) [AS] foo.")));
        };
        Ok(TableRef::Subselect(Box::new(RangeSubselect { lateral, query, alias: Some(alias), pos })))
    }

    /// A join in parentheses.
    fn joined_table(&mut self) -> Result<TableRef> {
        self.enter()?;
        self.expect_char(b'(')?;
        let inner = self.table_ref()?;
        let TableRef::Join(mut join) = inner else {
            return Err(self.syntax_error());
        };
        if join.alias.is_some() {
            return Err(self.syntax_error());
        }
        self.expect_char(b')')?;
        join.alias = self.opt_alias()?;
        self.leave();
        Ok(TableRef::Join(join))
    }

    /// An alias, with columns or without.
    pub(super) fn opt_alias(&mut self) -> Result<Option<Alias>> {
        let explicit = self.eat(K::As);
        if !explicit && !self.is_col_id() {
            return Ok(None);
        }
        let name = self.col_id()?;
        let columns = self.opt_column_list()?;
        Ok(Some(Alias { name, columns }))
    }

    fn relation_in_from(&mut self) -> Result<TableRef> {
        let mut relation = self.relation_expr()?;
        relation.alias = self.opt_alias()?.map(Box::new);
        if !self.eat(K::Tablesample) {
            return Ok(TableRef::Relation(relation));
        }
        let pos = self.pos();
        let method = self.func_name()?;
        let args = self.parens(Self::expr)?;
        let repeatable = if self.eat(K::Repeatable) { Some(self.in_parens(Self::expr)?) } else { None };
        Ok(TableRef::Sample(Box::new(RangeTableSample { relation, method, args, repeatable, pos })))
    }

    /// A relation, with ONLY or `*`.
    pub(super) fn relation_expr(&mut self) -> Result<RangeVar> {
        if self.eat(K::Only) {
            let relation =
                if self.is_char(b'(') { self.in_parens(Self::qualified_name)? } else { self.qualified_name()? };
            return Ok(RangeVar { inherit: false, ..relation });
        }
        let relation = self.qualified_name()?;
        self.eat_char(b'*');
        Ok(relation)
    }

    /// The target of UPDATE, DELETE, MERGE. A bare SET is no alias.
    pub(super) fn relation_opt_alias(&mut self) -> Result<RangeVar> {
        let mut relation = self.relation_expr()?;
        if self.eat(K::As) || (self.is_col_id() && !self.is(K::Set)) {
            relation.alias = Some(Box::new(Alias { name: self.col_id()?, columns: Vec::new() }));
        }
        Ok(relation)
    }

    fn range_function(&mut self, lateral: bool) -> Result<TableRef> {
        let pos = self.pos();
        let call = self.windowless_call()?;
        let functions = vec![RangeFunctionItem { call, column_defs: Vec::new() }];
        self.finish_function(lateral, false, functions, pos)
    }

    fn rows_from(&mut self, lateral: bool) -> Result<TableRef> {
        let pos = self.pos();
        self.expect_seq(&[K::Rows, K::From])?;
        let functions = self.parens(Self::rows_from_item)?;
        self.finish_function(lateral, true, functions, pos)
    }

    fn rows_from_item(&mut self) -> Result<RangeFunctionItem> {
        let call = self.windowless_call()?;
        let column_defs = if self.eat(K::As) { self.parens(Self::column_definition)? } else { Vec::new() };
        Ok(RangeFunctionItem { call, column_defs })
    }

    /// WITH ORDINALITY and the alias.
    fn finish_function(
        &mut self,
        lateral: bool,
        rows_from: bool,
        functions: Vec<RangeFunctionItem>,
        pos: Pos,
    ) -> Result<TableRef> {
        let ordinality = self.eat_seq(&[K::With, K::Ordinality]);
        let mut range =
            RangeFunction { lateral, ordinality, rows_from, functions, alias: None, column_defs: Vec::new(), pos };
        self.function_alias(&mut range)?;
        Ok(TableRef::Function(Box::new(range)))
    }

    fn function_alias(&mut self, range: &mut RangeFunction) -> Result<()> {
        let explicit = self.eat(K::As);
        if explicit && self.is_char(b'(') {
            range.column_defs = self.parens(Self::column_definition)?;
            return Ok(());
        }
        if !explicit && !self.is_col_id() {
            return Ok(());
        }
        let mut alias = Alias { name: self.col_id()?, columns: Vec::new() };
        if self.is_char(b'(') {
            let names_only = matches!(self.peek(2), TokenKind::Char(b',' | b')'));
            if names_only {
                alias.columns = self.parens(Self::name)?;
            } else {
                range.column_defs = self.parens(Self::column_definition)?;
            }
        }
        range.alias = Some(alias);
        Ok(())
    }

    pub(super) fn column_definition(&mut self) -> Result<ColumnDefinition> {
        let pos = self.pos();
        let name = self.col_id()?;
        let type_name = self.type_name()?;
        let collation = if self.eat(K::Collate) { Some(self.any_name()?) } else { None };
        Ok(ColumnDefinition { name, type_name, collation, pos })
    }

    // XMLTABLE

    fn xml_table(&mut self, lateral: bool) -> Result<TableRef> {
        let pos = self.pos();
        self.advance();
        self.expect_char(b'(')?;
        let mut namespaces = Vec::new();
        if self.is(K::Xmlnamespaces) && self.peek(1) == TokenKind::Char(b'(') {
            self.advance();
            namespaces = self.parens(Self::xml_namespace)?;
            self.expect_char(b',')?;
        }
        let row_path = self.c_expr()?;
        let document = self.xml_passing()?;
        self.expect(K::Columns)?;
        let columns = self.list(Self::table_func_column)?;
        self.expect_char(b')')?;
        let alias = self.opt_alias()?;
        let range = RangeTableFunc { lateral, document, row_path, namespaces, columns, alias, pos };
        Ok(TableRef::TableFunc(Box::new(range)))
    }

    fn xml_namespace(&mut self) -> Result<XmlNamespace> {
        let pos = self.pos();
        if self.eat(K::Default) {
            return Ok(XmlNamespace { uri: self.b_expr()?, name: None, pos });
        }
        let uri = self.b_expr()?;
        self.expect(K::As)?;
        Ok(XmlNamespace { uri, name: Some(self.col_label()?), pos })
    }

    fn table_func_column(&mut self) -> Result<TableFuncColumn> {
        let pos = self.pos();
        let name = self.col_id()?;
        let mut column = TableFuncColumn { name, type_name: None, not_null: false, path: None, default: None, pos };
        if self.eat(K::For) {
            self.expect(K::Ordinality)?;
            return Ok(column);
        }
        column.type_name = Some(self.type_name()?);
        let mut null_seen = false;
        while self.table_func_option(&mut column, &mut null_seen)? {}
        Ok(column)
    }

    fn table_func_option(&mut self, column: &mut TableFuncColumn, null_seen: &mut bool) -> Result<bool> {
        let pos = self.pos();
        if self.eat(K::Default) {
            let value = self.b_expr()?;
            if column.default.replace(value).is_some() {
                return Err(self.grammar_error(pos, "only one DEFAULT value is allowed"));
            }
        } else if self.is_any(&[K::Not, K::Null]) {
            column.not_null = self.eat(K::Not);
            self.expect(K::Null)?;
            if std::mem::replace(null_seen, true) {
                let message =
                    format!("conflicting or redundant NULL / NOT NULL declarations for column \"{}\"", column.name);
                return Err(self.grammar_error(pos, message));
            }
        } else if self.is_ident() {
            self.table_func_path(column, pos)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn table_func_path(&mut self, column: &mut TableFuncColumn, pos: Pos) -> Result<()> {
        let option = self.ident()?;
        let value = self.b_expr()?;
        match option.as_str() {
            "path" if column.path.is_some() => {
                Err(self.grammar_error(pos, "only one PATH value per column is allowed"))
            }
            "path" => {
                column.path = Some(value);
                Ok(())
            }
            "__pg__is_not_null" => {
                let message = format!("option name \"{option}\" cannot be used in XMLTABLE");
                Err(self.grammar_error(pos, message))
            }
            _ => Err(self.grammar_error(pos, format!("unrecognized column option \"{option}\""))),
        }
    }
}

/// LIMIT and OFFSET of one place.
#[derive(Default)]
struct Limit {
    count: Option<Expr>,
    offset: Option<Expr>,
    with_ties: bool,
}
