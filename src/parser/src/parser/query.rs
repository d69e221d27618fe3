//! INSERT, UPDATE, DELETE, MERGE.

use super::Parser;
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

impl Parser<'_> {
    /// SELECT, INSERT, UPDATE, DELETE or MERGE, with its WITH.
    pub(super) fn preparable(&mut self) -> Result<Statement> {
        let with = self.opt_with()?;
        match self.keyword() {
            Some(K::Insert) => self.insert(with),
            Some(K::Update) => self.update(with),
            Some(K::Delete) => self.delete(with),
            Some(K::Merge) => self.merge(with),
            _ => Ok(Statement::Select(Box::new(self.select_after_with(with)?))),
        }
    }

    pub(super) fn insert(&mut self, with: Option<Box<WithClause>>) -> Result<Statement> {
        self.expect_seq(&[K::Insert, K::Into])?;
        let mut relation = self.qualified_name()?;
        if self.eat(K::As) {
            relation.alias = Some(Box::new(Alias { name: self.col_id()?, columns: Vec::new() }));
        }
        let mut columns = Vec::new();
        let mut overriding = Overriding::None;
        let mut source = None;
        if !self.eat_seq(&[K::Default, K::Values]) {
            if self.is_char(b'(') && self.peek(1) != TokenKind::Char(b'(') && !self.starts_subquery(0) {
                columns = self.parens(Self::assigned_column)?;
            }
            overriding = self.opt_overriding()?;
            source = Some(Box::new(self.select()?));
        }
        let on_conflict = self.opt_on_conflict()?.map(Box::new);
        let returning = self.opt_returning()?;
        let insert = InsertStmt { with, relation, columns, overriding, source, on_conflict, returning };
        Ok(Statement::Insert(Box::new(insert)))
    }

    fn opt_overriding(&mut self) -> Result<Overriding> {
        if !self.eat(K::Overriding) {
            return Ok(Overriding::None);
        }
        let kind = if self.eat(K::User) {
            Overriding::User
        } else {
            self.expect(K::System)?;
            Overriding::System
        };
        self.expect(K::Value)?;
        Ok(kind)
    }

    /// A column that is assigned to, with subscripts and fields below it.
    fn assigned_column(&mut self) -> Result<InsertColumn> {
        let pos = self.pos();
        let name = self.col_id()?;
        let indirection = self.checked_indirection()?;
        Ok(InsertColumn { name, indirection, pos })
    }

    fn opt_on_conflict(&mut self) -> Result<Option<OnConflict>> {
        let pos = self.pos();
        if !self.eat_seq(&[K::On, K::Conflict]) {
            return Ok(None);
        }
        let infer = self.opt_infer()?;
        self.expect(K::Do)?;
        let action = if self.eat(K::Nothing) {
            OnConflictAction::Nothing
        } else {
            self.expect_seq(&[K::Update, K::Set])?;
            let assignments = self.assignments()?;
            OnConflictAction::Update(assignments, self.opt_expr(K::Where)?)
        };
        Ok(Some(OnConflict { infer, action, pos }))
    }

    fn opt_infer(&mut self) -> Result<Option<InferClause>> {
        let pos = self.pos();
        if self.eat(K::On) {
            self.expect(K::Constraint)?;
            return Ok(Some(InferClause::Constraint(self.name()?, pos)));
        }
        if !self.is_char(b'(') {
            return Ok(None);
        }
        let elements = self.parens(Self::index_elem)?;
        let filter = self.opt_expr(K::Where)?;
        Ok(Some(InferClause::Index(elements, filter, pos)))
    }

    fn opt_returning(&mut self) -> Result<Vec<Target>> {
        if self.eat(K::Returning) { self.target_list() } else { Ok(Vec::new()) }
    }

    fn assignments(&mut self) -> Result<Vec<Assignment>> {
        self.list(Self::assignment)
    }

    fn assignment(&mut self) -> Result<Assignment> {
        if self.is_char(b'(') {
            let columns = self.parens(Self::assigned_column)?;
            self.expect_char(b'=')?;
            return Ok(Assignment::Multiple(columns, self.expr()?));
        }
        let column = self.assigned_column()?;
        self.expect_char(b'=')?;
        Ok(Assignment::Single(column, self.expr()?))
    }

    pub(super) fn update(&mut self, with: Option<Box<WithClause>>) -> Result<Statement> {
        self.expect(K::Update)?;
        let relation = self.relation_opt_alias()?;
        self.expect(K::Set)?;
        let assignments = self.assignments()?;
        let from = self.opt_from(K::From)?;
        let filter = self.opt_where_or_current()?;
        let returning = self.opt_returning()?;
        Ok(Statement::Update(Box::new(UpdateStmt { with, relation, assignments, from, filter, returning })))
    }

    pub(super) fn delete(&mut self, with: Option<Box<WithClause>>) -> Result<Statement> {
        self.expect_seq(&[K::Delete, K::From])?;
        let relation = self.relation_opt_alias()?;
        let using = self.opt_from(K::Using)?;
        let filter = self.opt_where_or_current()?;
        let returning = self.opt_returning()?;
        Ok(Statement::Delete(Box::new(DeleteStmt { with, relation, using, filter, returning })))
    }

    fn opt_where_or_current(&mut self) -> Result<Option<Expr>> {
        if !self.eat(K::Where) {
            return Ok(None);
        }
        let pos = self.pos();
        if self.eat_seq(&[K::Current, K::Of]) {
            return Ok(Some(Expr::CurrentOf(CurrentOf { cursor: self.name()?, pos })));
        }
        self.expr().map(Some)
    }

    pub(super) fn merge(&mut self, with: Option<Box<WithClause>>) -> Result<Statement> {
        self.expect_seq(&[K::Merge, K::Into])?;
        let relation = self.relation_opt_alias()?;
        self.expect(K::Using)?;
        let source = self.table_ref()?;
        self.expect(K::On)?;
        let condition = self.expr()?;
        let mut whens = vec![self.merge_when()?];
        while self.is(K::When) {
            whens.push(self.merge_when()?);
        }
        Ok(Statement::Merge(Box::new(MergeStmt { with, relation, source, condition, whens })))
    }

    fn merge_when(&mut self) -> Result<MergeWhen> {
        self.expect(K::When)?;
        let matched = !self.eat(K::Not);
        self.expect(K::Matched)?;
        let condition = self.opt_expr(K::And)?;
        self.expect(K::Then)?;
        let action = match (self.keyword(), matched) {
            (Some(K::Do), _) => {
                self.expect_seq(&[K::Do, K::Nothing])?;
                MergeAction::Nothing
            }
            (Some(K::Update), true) => {
                self.expect_seq(&[K::Update, K::Set])?;
                MergeAction::Update(self.assignments()?)
            }
            (Some(K::Delete), true) => {
                self.advance();
                MergeAction::Delete
            }
            (Some(K::Insert), false) => self.merge_insert()?,
            _ => return Err(self.syntax_error()),
        };
        Ok(MergeWhen { matched, condition, action })
    }

    fn merge_insert(&mut self) -> Result<MergeAction> {
        self.expect(K::Insert)?;
        if self.eat_seq(&[K::Default, K::Values]) {
            return Ok(MergeAction::Insert { columns: Vec::new(), overriding: Overriding::None, values: None });
        }
        let columns = self.opt_parens(Self::assigned_column)?;
        let overriding = self.opt_overriding()?;
        self.expect(K::Values)?;
        let values = Some(self.parens(Self::expr)?);
        Ok(MergeAction::Insert { columns, overriding, values })
    }
}
