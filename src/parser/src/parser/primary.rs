//! Primaries: columns, constants, parameters, CASE, ARRAY, ROW, subqueries; calls are in `functions`.

use super::Parser;
use super::frames::Mode;
use super::names::is_ident;
use super::types::{int, system_type};
use crate::ast::*;
use crate::keywords::{Category, Keyword as K};
use crate::lexer::TokenKind;
use crate::literal;
use report::Result;

impl Parser<'_> {
    /// PostgreSQL's c_expr, and what only a_expr has at its start.
    pub(super) fn primary(&mut self, mode: Mode) -> Result<Expr> {
        let pos = self.pos();
        match self.kind() {
            TokenKind::Integer | TokenKind::Float => Ok(constant(self.number_literal(), pos)),
            TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::UnicodeIdent => self.name_expr(),
            kind if kind.is_string() => Ok(constant(Literal::String(self.string()?), pos)),
            TokenKind::Keyword(k) => self.keyword_expr(k, mode),
            TokenKind::Param => self.param_ref(),
            TokenKind::BitString | TokenKind::HexString => {
                let token = self.advance();
                Ok(constant(Literal::BitString(literal::bit_string(self.text, token)), pos))
            }
            TokenKind::Char(b'(') => self.scalar_subquery(),
            _ => Err(self.syntax_error()),
        }
    }

    fn param_ref(&mut self) -> Result<Expr> {
        let token = self.advance();
        let digits = &self.text[token.start as usize + 1..token.end as usize];
        let number = digits.parse::<i64>().unwrap_or(i64::MAX) as i32;
        self.with_indirection(Expr::Param(ParamRef { number, pos: Pos(token.start) }))
    }

    /// A subquery in parentheses as a value, perhaps with subscripts.
    fn scalar_subquery(&mut self) -> Result<Expr> {
        let pos = self.pos();
        let query = self.subquery_box()?;
        self.with_indirection(sub_link(SubLinkKind::Scalar, query, pos))
    }

    fn with_indirection(&mut self, arg: Expr) -> Result<Expr> {
        let steps = self.checked_indirection()?;
        Ok(if steps.is_empty() { arg } else { Expr::Indirection(Box::new(IndirectionExpr { arg, steps })) })
    }

    /// Fields and subscripts, if there are any.
    pub(super) fn indirection(&mut self) -> Result<Vec<Indirection>> {
        let mut steps = Vec::new();
        loop {
            if self.eat_char(b'.') {
                steps.push(if self.eat_char(b'*') { Indirection::Star } else { Indirection::Field(self.col_label()?) });
            } else if self.eat_char(b'[') {
                steps.push(self.subscript()?);
                self.expect_char(b']')?;
            } else {
                return Ok(steps);
            }
        }
    }

    fn subscript(&mut self) -> Result<Indirection> {
        let lower = self.opt_bound()?;
        if self.eat_char(b':') {
            return Ok(Indirection::Slice(lower, self.opt_bound()?));
        }
        match lower {
            Some(index) => Ok(Indirection::Index(index)),
            None => Err(self.syntax_error()),
        }
    }

    fn opt_bound(&mut self) -> Result<Option<Expr>> {
        if self.is_char(b':') || self.is_char(b']') { Ok(None) } else { Ok(Some(self.expr()?)) }
    }

    /// An indirection in which a star is only ever last.
    pub(super) fn checked_indirection(&mut self) -> Result<Vec<Indirection>> {
        if !matches!(self.kind(), TokenKind::Char(b'.' | b'[')) {
            return Ok(Vec::new());
        }
        let steps = self.indirection()?;
        self.check_star(&steps)?;
        Ok(steps)
    }

    fn check_star(&self, steps: &[Indirection]) -> Result<()> {
        let early = steps.len() > 1 && steps[..steps.len() - 1].contains(&Indirection::Star);
        if early { Err(self.error_here("improper use of \"*\"")) } else { Ok(()) }
    }

    /// A word that is no special keyword: a column, a function, or a constant of the type that it names.
    fn name_expr(&mut self) -> Result<Expr> {
        let pos = self.pos();
        let word = self.take_word();
        match self.kind() {
            TokenKind::Char(b'(') => self.call_or_constant(QualifiedName::single(word, pos)),
            TokenKind::Char(b'.' | b'[') => self.qualified_expr(word, pos),
            kind if kind.is_string() => self.typed_constant(TypeName::named(QualifiedName::single(word, pos))),
            _ => Ok(column(vec![Field::Name(word)], pos)),
        }
    }

    /// A word that names functions and types, but no column.
    fn function_word(&mut self) -> Result<Expr> {
        let pos = self.pos();
        let name = QualifiedName::single(self.take_word(), pos);
        if self.is_char(b'(') {
            return self.call_or_constant(name);
        }
        if self.is_string() {
            return self.typed_constant(TypeName::named(name));
        }
        Err(self.syntax_error())
    }

    fn qualified_expr(&mut self, first: String, pos: Pos) -> Result<Expr> {
        let steps = self.indirection()?;
        let plain = steps.iter().all(|s| matches!(s, Indirection::Field(_)));
        if plain && (self.is_char(b'(') || self.is_string()) {
            let mut parts = vec![first];
            parts.extend(steps.into_iter().filter_map(field_name));
            let name = QualifiedName { parts, pos };
            return if self.is_char(b'(') {
                self.call_or_constant(name)
            } else {
                self.typed_constant(TypeName::named(name))
            };
        }
        self.column_ref(first, steps, pos)
    }

    /// A column from its first name and what follows: fields belong to it, from the first subscript on it is an
    /// indirection.
    pub(super) fn column_ref(&self, first: String, mut steps: Vec<Indirection>, pos: Pos) -> Result<Expr> {
        self.check_star(&steps)?;
        let split = steps.iter().position(|s| matches!(s, Indirection::Index(_) | Indirection::Slice(..)));
        let rest = split.map(|at| steps.split_off(at)).unwrap_or_default();
        let mut fields = vec![Field::Name(first)];
        fields.extend(steps.into_iter().map(|step| match step {
            Indirection::Field(name) => Field::Name(name),
            _ => Field::Star,
        }));
        let arg = column(fields, pos);
        Ok(if rest.is_empty() { arg } else { Expr::Indirection(Box::new(IndirectionExpr { arg, steps: rest })) })
    }

    /// `type 'text'`, at the text.
    pub(super) fn typed_constant(&mut self, target: TypeName) -> Result<Expr> {
        let pos = self.pos();
        let arg = constant(Literal::String(self.string()?), pos);
        Ok(Expr::Cast(Box::new(TypeCast { arg, target, pos: Pos::NONE })))
    }

    fn keyword_expr(&mut self, k: K, mode: Mode) -> Result<Expr> {
        match k.category() {
            Category::Unreserved => match k {
                K::Double if self.peek_is(1, K::Precision) => self.constant_of_builtin_type(),
                _ => self.name_expr(),
            },
            Category::ColumnName => self.column_keyword(k),
            Category::TypeFunctionName => match k {
                K::Collation if self.peek_is(1, K::For) => self.collation_for(),
                K::CurrentSchema if self.peek(1) != TokenKind::Char(b'(') => self.sql_value(SqlValueOp::CurrentSchema),
                _ => self.function_word(),
            },
            Category::Reserved => self.reserved_keyword(k, mode),
        }
    }

    fn reserved_keyword(&mut self, k: K, mode: Mode) -> Result<Expr> {
        let pos = self.pos();
        match k {
            K::Null => Ok(self.take_constant(Literal::Null)),
            K::True => Ok(self.take_constant(Literal::Bool(true))),
            K::False => Ok(self.take_constant(Literal::Bool(false))),
            K::Case => self.case(),
            K::Cast => self.cast_call(),
            K::Array => self.array(),
            K::Default if mode != Mode::Restricted => {
                self.advance();
                Ok(Expr::Default(pos))
            }
            K::Unique if mode != Mode::Restricted => self.unique_predicate(),
            _ => match sql_value_op(k) {
                Some(op) => self.sql_value(op),
                None => Err(self.syntax_error()),
            },
        }
    }

    fn take_constant(&mut self, value: Literal) -> Expr {
        let pos = Pos(self.advance().start);
        constant(value, pos)
    }

    #[cold]
    fn unique_predicate(&mut self) -> Result<Expr> {
        let pos = self.expect(K::Unique)?;
        if self.eat(K::Nulls) {
            self.eat(K::Not);
            self.expect(K::Distinct)?;
        }
        self.subquery_box()?;
        Err(self.unsupported_at(pos, "UNIQUE predicate is not yet implemented"))
    }

    /// CURRENT_DATE and its kin, some with a precision.
    fn sql_value(&mut self, op: SqlValueOp) -> Result<Expr> {
        use SqlValueOp::{CurrentTime, CurrentTimestamp, LocalTime, LocalTimestamp};
        let pos = Pos(self.advance().start);
        let mut precision = None;
        if matches!(op, CurrentTime | CurrentTimestamp | LocalTime | LocalTimestamp) && self.is_char(b'(') {
            precision = Some(self.in_parens(Self::iconst)?);
        }
        Ok(Expr::SqlValue(SqlValueFunction { op, precision, pos }))
    }

    /// A keyword that may name a column, but starts a construct of its own before certain tokens.
    fn column_keyword(&mut self, k: K) -> Result<Expr> {
        let next = self.peek(1);
        let paren = next == TokenKind::Char(b'(');
        match k {
            K::Interval if paren || next.is_string() => self.interval_constant(),
            K::Char | K::Character | K::Nchar | K::Varchar | K::Bit if paren || self.peek_is(1, K::Varying) => {
                self.constant_of_builtin_type()
            }
            K::National if self.peek_is(1, K::Char) || self.peek_is(1, K::Character) => self.constant_of_builtin_type(),
            K::Time | K::Timestamp if paren || self.peek_is(1, K::Without) || self.with_time(1) => {
                self.constant_of_builtin_type()
            }
            K::Dec | K::Decimal | K::Numeric | K::Float if paren => self.constant_of_builtin_type(),
            _ if next.is_string() && is_builtin_type(k) => self.constant_of_builtin_type(),
            K::Exists if paren => self.exists(),
            K::Row if paren => self.row(),
            K::Grouping if paren => self.grouping(),
            _ if paren && is_special_function(k) => self.special_function(k),
            _ if paren || next.is_string() => {
                self.advance();
                Err(self.syntax_error())
            }
            _ => self.name_expr(),
        }
    }

    fn with_time(&self, n: usize) -> bool {
        self.peek_is(n, K::With) && self.peek_is(n + 1, K::Time)
    }

    fn constant_of_builtin_type(&mut self) -> Result<Expr> {
        let Some(target) = self.builtin_type(true)? else {
            return Err(self.syntax_error());
        };
        self.typed_constant(target)
    }

    fn interval_constant(&mut self) -> Result<Expr> {
        let mut target = system_type("interval", Pos(self.advance().start));
        if self.is_char(b'(') {
            target.typmods = self.interval_precision()?;
            return self.typed_constant(target);
        }
        let pos = self.pos();
        let arg = constant(Literal::String(self.string()?), pos);
        target.typmods = self.opt_interval()?;
        Ok(Expr::Cast(Box::new(TypeCast { arg, target, pos: Pos::NONE })))
    }

    fn exists(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        let query = self.subquery_box()?;
        Ok(sub_link(SubLinkKind::Exists, query, pos))
    }

    fn row(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        self.expect_char(b'(')?;
        let args = if self.is_char(b')') { Vec::new() } else { self.expr_list()? };
        self.expect_char(b')')?;
        if self.is(K::Overlaps) {
            return self.overlaps(args, pos);
        }
        Ok(Expr::Row(Box::new(RowExpr { args, explicit: true, pos })))
    }

    fn grouping(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        let args = self.parens(Self::expr)?;
        Ok(Expr::Grouping(Box::new(GroupingFunc { args, pos })))
    }

    fn array(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        if self.is_char(b'(') {
            let query = self.subquery_box()?;
            return Ok(sub_link(SubLinkKind::Array, query, pos));
        }
        let elements = self.array_elements()?;
        Ok(Expr::Array(Box::new(ArrayExpr { elements, pos })))
    }

    /// `[...]`, whose elements are expressions or brackets again.
    fn array_elements(&mut self) -> Result<Vec<Expr>> {
        self.enter()?;
        self.expect_char(b'[')?;
        let elements = if self.is_char(b']') {
            Vec::new()
        } else if self.is_char(b'[') {
            self.list(Self::inner_array)?
        } else {
            self.expr_list()?
        };
        self.expect_char(b']')?;
        self.leave();
        Ok(elements)
    }

    fn inner_array(&mut self) -> Result<Expr> {
        let pos = self.pos();
        let (elements, depth) = self.nested(Self::array_elements)?;
        self.note_depth(depth + 1)?;
        Ok(Expr::Array(Box::new(ArrayExpr { elements, pos })))
    }

    fn case(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        let arg = if self.is(K::When) { None } else { Some(self.expr()?) };
        let mut whens = vec![self.case_when()?];
        while self.is(K::When) {
            whens.push(self.case_when()?);
        }
        let default = self.opt_expr(K::Else)?;
        self.expect(K::End)?;
        Ok(Expr::Case(Box::new(CaseExpr { arg, whens, default, pos })))
    }

    fn case_when(&mut self) -> Result<CaseWhen> {
        let pos = self.expect(K::When)?;
        let condition = self.expr()?;
        self.expect(K::Then)?;
        Ok(CaseWhen { condition, result: self.expr()?, pos })
    }

    /// A constant: PostgreSQL's AexprConst, for the places that take nothing else.
    pub(super) fn constant_only(&mut self) -> Result<Expr> {
        let starts = self.is_number()
            || self.is_string()
            || self.is_any(&[K::Null, K::True, K::False])
            || matches!(self.kind(), TokenKind::BitString | TokenKind::HexString)
            || is_ident(self.kind())
            || matches!(self.kind(), TokenKind::Keyword(k) if k.category() != Category::Reserved);
        if !starts {
            return Err(self.syntax_error());
        }
        let expr = self.primary(Mode::Any)?;
        let constant = match &expr {
            Expr::Const(_) => true,
            Expr::Cast(cast) => !cast.pos.is_some(),
            _ => false,
        };
        if constant { Ok(expr) } else { Err(self.syntax_error()) }
    }

    /// A precision of FETCH FIRST and such: any primary.
    pub(super) fn c_expr(&mut self) -> Result<Expr> {
        if self.is_char(b'(') && !self.starts_subquery(0) {
            let pos = self.pos();
            let mut items = self.parens(Self::expr)?;
            if items.len() > 1 {
                return Ok(Expr::Row(Box::new(RowExpr { args: items, explicit: false, pos })));
            }
            let arg = items.pop().expect("a list has an item");
            return self.with_indirection(arg);
        }
        self.primary(Mode::Restricted)
    }

    /// A constant 1, where the grammar fills one in.
    pub(super) fn implied_one() -> Expr {
        int(1, Pos::NONE)
    }
}

pub(super) fn constant(value: Literal, pos: Pos) -> Expr {
    Expr::Const(Const { value, pos })
}

pub(super) fn column(fields: Vec<Field>, pos: Pos) -> Expr {
    Expr::Column(ColumnRef { fields, pos })
}

fn sub_link(kind: SubLinkKind, query: Box<SelectStmt>, pos: Pos) -> Expr {
    Expr::SubLink(Box::new(SubLink { kind, test: None, operator: None, query, pos }))
}

pub(super) fn field_name(step: Indirection) -> Option<String> {
    match step {
        Indirection::Field(name) => Some(name),
        _ => None,
    }
}

fn sql_value_op(k: K) -> Option<SqlValueOp> {
    Some(match k {
        K::CurrentDate => SqlValueOp::CurrentDate,
        K::CurrentTime => SqlValueOp::CurrentTime,
        K::CurrentTimestamp => SqlValueOp::CurrentTimestamp,
        K::Localtime => SqlValueOp::LocalTime,
        K::Localtimestamp => SqlValueOp::LocalTimestamp,
        K::CurrentRole => SqlValueOp::CurrentRole,
        K::CurrentUser => SqlValueOp::CurrentUser,
        K::User => SqlValueOp::User,
        K::SessionUser => SqlValueOp::SessionUser,
        K::CurrentCatalog => SqlValueOp::CurrentCatalog,
        _ => return None,
    })
}

fn is_builtin_type(k: K) -> bool {
    use K::{
        Bigint, Bit, Boolean, Char, Character, Dec, Decimal, Float, Int, Integer, Nchar, Numeric, Real, Smallint, Time,
        Timestamp, Varchar,
    };
    matches!(
        k,
        Bigint
            | Bit
            | Boolean
            | Char
            | Character
            | Dec
            | Decimal
            | Float
            | Int
            | Integer
            | Nchar
            | Numeric
            | Real
            | Smallint
            | Time
            | Timestamp
            | Varchar
    )
}

fn is_special_function(k: K) -> bool {
    use K::{
        Coalesce, Extract, Greatest, Least, Normalize, Nullif, Overlay, Position, Substring, Treat, Trim, Xmlconcat,
        Xmlelement, Xmlexists, Xmlforest, Xmlparse, Xmlpi, Xmlroot, Xmlserialize,
    };
    matches!(
        k,
        Coalesce
            | Extract
            | Greatest
            | Least
            | Normalize
            | Nullif
            | Overlay
            | Position
            | Substring
            | Treat
            | Trim
            | Xmlconcat
            | Xmlelement
            | Xmlexists
            | Xmlforest
            | Xmlparse
            | Xmlpi
            | Xmlroot
            | Xmlserialize
    )
}
