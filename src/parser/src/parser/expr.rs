//! Expressions: operators and parentheses, by precedence climbing over an explicit stack.
//!
//! Operators, NOT and parentheses never recurse, so that neither a long chain nor a thousand parentheses can use up the
//! thread's stack. What recurses ([`Parser::enter`]) are constructs with an expression inside: calls, CASE, subqueries.
//!
//! The loop has two states. Where an operand must come, it takes prefixes and opening parentheses, then a primary.
//! Behind an operand, it compares the next operator with the one that waits on top of the stack: the tighter one wins.

use super::Parser;
use super::frames::{Frame, Infix, InfixKind, Mode, Sized, binary, level, like_operator, not, system_call};
use crate::ast::*;
use crate::keywords::Keyword as K;
use crate::lexer::TokenKind;
use report::Result;

/// What stands behind an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    /// Nothing that belongs to the expression.
    Nothing,
    /// An operator, at its level.
    Operator(u8),
    /// A construct that starts with this keyword, at its level.
    Keyword(K, u8),
    /// `::`
    Cast,
}

impl Next {
    fn level(self) -> u8 {
        match self {
            Next::Nothing => level::OPEN,
            Next::Operator(level) | Next::Keyword(_, level) => level,
            Next::Cast => level::CAST,
        }
    }
}

/// Whether the operand goes on to the next operator, and if so whether another operand must come.
enum Step {
    Operand,
    Done(Sized),
}

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.expression(Mode::Any)
    }

    /// An expression without logical operators and such, as DEFAULT and BETWEEN take.
    pub(super) fn b_expr(&mut self) -> Result<Expr> {
        self.expression(Mode::Restricted)
    }

    pub(super) fn expr_list(&mut self) -> Result<Vec<Expr>> {
        self.list(Self::expr)
    }

    pub(super) fn opt_expr(&mut self, keyword: K) -> Result<Option<Expr>> {
        if self.eat(keyword) { Ok(Some(self.expr()?)) } else { Ok(None) }
    }

    pub(super) fn expression(&mut self, mode: Mode) -> Result<Expr> {
        self.enter()?;
        let ((expr, depth), _) = self.nested(|p| p.climb(mode))?;
        self.note_depth(depth)?;
        self.leave();
        Ok(expr)
    }

    /// Runs a rule, and says how deep the deepest expression is that it made.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, u32)> {
        let outside = std::mem::take(&mut self.deepest);
        let value = rule(self)?;
        let depth = std::mem::replace(&mut self.deepest, outside);
        Ok((value, depth))
    }

    fn climb(&mut self, mut mode: Mode) -> Result<Sized> {
        let base = self.frames.len();
        loop {
            let mut operand = self.operand(&mut mode)?;
            loop {
                match self.after_operand(operand, &mut mode, base)? {
                    Step::Operand => break,
                    Step::Done(done) if self.frames.len() == base && self.nothing_follows(mode) => return Ok(done),
                    Step::Done(done) => operand = done,
                }
            }
        }
    }

    fn nothing_follows(&self, mode: Mode) -> bool {
        self.next_operator(mode, true) == Next::Nothing
    }

    /// Prefixes, then a primary.
    fn operand(&mut self, mode: &mut Mode) -> Result<Sized> {
        loop {
            let pos = self.pos();
            match self.kind() {
                TokenKind::Char(b'(') if !self.starts_subquery(0) => {
                    self.advance();
                    self.frames.push(Frame::Paren { pos, items: Vec::new(), depth: 0, outer: *mode });
                    *mode = Mode::Any;
                }
                TokenKind::Char(c @ (b'+' | b'-')) => {
                    self.advance();
                    self.frames.push(Frame::Sign { minus: c == b'-', pos });
                }
                TokenKind::Keyword(K::Not) if *mode != Mode::Restricted => {
                    self.advance();
                    self.frames.push(Frame::Not(pos));
                }
                TokenKind::Op => {
                    let name = self.qual_all_op()?;
                    self.frames.push(Frame::Prefix(name, pos));
                }
                TokenKind::Keyword(K::Operator) if self.peek(1) == TokenKind::Char(b'(') => {
                    let name = self.qual_all_op()?;
                    self.frames.push(Frame::Prefix(name, pos));
                }
                _ => return self.primary_with_depth(*mode),
            }
        }
    }

    fn primary_with_depth(&mut self, mode: Mode) -> Result<Sized> {
        let (expr, depth) = self.nested(|p| p.primary(mode))?;
        Ok((expr, depth + 1))
    }

    /// One step behind an operand: takes an operator, or ends what waits on top of the stack.
    fn after_operand(&mut self, operand: Sized, mode: &mut Mode, base: usize) -> Result<Step> {
        let at_base = self.frames.len() == base;
        let waiting = if at_base { level::OPEN } else { self.frames.last().map_or(level::OPEN, Frame::level) };
        let next = self.next_operator(*mode, at_base);
        let level = next.level();
        if level > waiting {
            return self.shift(next, operand, *mode);
        }
        if level == waiting && (level::IS..=level::LIKE).contains(&level) {
            return Err(self.syntax_error());
        }
        if at_base {
            return Ok(Step::Done(operand));
        }
        self.end_frame(operand, mode)
    }

    /// Ends the construct on top of the stack.
    fn end_frame(&mut self, operand: Sized, mode: &mut Mode) -> Result<Step> {
        match self.frames.pop().expect("a frame is open") {
            Frame::Paren { pos, mut items, depth, outer } => {
                let depth = depth.max(operand.1);
                if self.eat_char(b',') {
                    items.push(operand.0);
                    self.frames.push(Frame::Paren { pos, items, depth, outer });
                    return Ok(Step::Operand);
                }
                self.expect_char(b')')?;
                *mode = outer;
                self.close_paren(items, operand.0, depth, pos, outer).map(Step::Done)
            }
            Frame::Infix(infix) if self.is(K::Escape) && matches!(infix.kind, InfixKind::Like(..)) => {
                self.advance();
                let InfixKind::Like(kind, negated) = infix.kind else { return Err(self.syntax_error()) };
                let depth = infix.depth.max(operand.1);
                let kind = InfixKind::Escape(kind, negated, operand.0);
                self.frames.push(Frame::Infix(Box::new(Infix { kind, depth, ..*infix })));
                Ok(Step::Operand)
            }
            frame => self.reduce(frame, operand).map(Step::Done),
        }
    }

    /// Behind a closing parenthesis: one expression, perhaps with subscripts, or a row.
    fn close_paren(&mut self, mut items: Vec<Expr>, last: Expr, depth: u32, pos: Pos, mode: Mode) -> Result<Sized> {
        if items.is_empty() {
            let steps = self.checked_indirection()?;
            if steps.is_empty() {
                return Ok((last, depth));
            }
            return self.deeper(Expr::Indirection(Box::new(IndirectionExpr { arg: last, steps })), depth);
        }
        items.push(last);
        if mode != Mode::Restricted && self.is(K::Overlaps) {
            let (expr, right_depth) = self.nested(|p| p.overlaps(items, pos))?;
            return self.deeper(expr, depth.max(right_depth));
        }
        self.deeper(Expr::Row(Box::new(RowExpr { args: items, explicit: false, pos })), depth)
    }

    /// `OVERLAPS row`, behind a row.
    pub(super) fn overlaps(&mut self, mut left: Vec<Expr>, left_pos: Pos) -> Result<Expr> {
        let pos = self.expect(K::Overlaps)?;
        let right_pos = self.pos();
        let explicit = self.eat(K::Row);
        self.expect_char(b'(')?;
        let mut right = Vec::new();
        if !(explicit && self.is_char(b')')) {
            right = self.expr_list()?;
        }
        if !explicit && right.len() < 2 {
            return Err(self.syntax_error());
        }
        self.expect_char(b')')?;
        for (count, side, at) in [(left.len(), "left", left_pos), (right.len(), "right", right_pos)] {
            if count != 2 {
                let message = format!("wrong number of parameters on {side} side of OVERLAPS expression");
                return Err(self.grammar_error(at, message));
            }
        }
        left.append(&mut right);
        Ok(system_call("overlaps", left, CallForm::SqlSyntax, pos))
    }

    /// What stands behind an operand.
    #[inline]
    fn next_operator(&self, mode: Mode, at_base: bool) -> Next {
        match self.kind() {
            TokenKind::Char(c) => match c {
                b'+' | b'-' => Next::Operator(level::SUM),
                b'*' | b'/' | b'%' => Next::Operator(level::PRODUCT),
                b'^' => Next::Operator(level::POWER),
                b'<' | b'>' | b'=' => Next::Operator(level::COMPARE),
                _ => Next::Nothing,
            },
            TokenKind::LessEquals | TokenKind::GreaterEquals | TokenKind::NotEquals => Next::Operator(level::COMPARE),
            TokenKind::Op => Next::Operator(level::OPERATOR),
            TokenKind::TypeCast => Next::Cast,
            TokenKind::Keyword(k) => self.next_keyword(k, mode, at_base),
            _ => Next::Nothing,
        }
    }

    fn next_keyword(&self, k: K, mode: Mode, at_base: bool) -> Next {
        let level = match k {
            K::Operator if self.peek(1) == TokenKind::Char(b'(') => return Next::Operator(level::OPERATOR),
            K::Is => level::IS,
            _ if mode == Mode::Restricted => return Next::Nothing,
            K::And => level::AND,
            K::Or => level::OR,
            K::Isnull | K::Notnull => level::IS,
            K::Similar if mode == Mode::Substring && at_base && !self.peek_is(1, K::To) => return Next::Nothing,
            K::Between | K::In | K::Like | K::Ilike | K::Similar => level::LIKE,
            K::Not
                if matches!(self.peek(1), TokenKind::Keyword(K::Between | K::In | K::Like | K::Ilike | K::Similar)) =>
            {
                level::LIKE
            }
            K::At if self.peek_is(1, K::Time) => level::AT,
            K::Collate => level::COLLATE,
            _ => return Next::Nothing,
        };
        if mode == Mode::Target && at_base && k.is_bare_label() && self.ends_target(1) {
            return Next::Nothing;
        }
        Next::Keyword(k, level)
    }

    /// Whether the token `n` on ends an item of a select list, so that a keyword before it is a label.
    fn ends_target(&self, n: usize) -> bool {
        use K::{Except, Fetch, For, From, Group, Having, Intersect, Into, Limit, Offset, Order, Union, Where, Window};
        match self.peek(n) {
            TokenKind::End | TokenKind::Char(b',' | b')' | b';') => true,
            TokenKind::Keyword(k) => matches!(
                k,
                Except
                    | Fetch
                    | For
                    | From
                    | Group
                    | Having
                    | Intersect
                    | Into
                    | Limit
                    | Offset
                    | Order
                    | Union
                    | Where
                    | Window
            ),
            _ => false,
        }
    }

    /// Takes an operator: a postfix one is applied at once, an infix one waits on the stack.
    fn shift(&mut self, next: Next, operand: Sized, mode: Mode) -> Result<Step> {
        match next {
            Next::Operator(level) => self.shift_operator(level, operand, mode),
            Next::Cast => self.cast(operand),
            Next::Keyword(k, level) => self.shift_keyword(k, level, operand, mode),
            Next::Nothing => Ok(Step::Done(operand)),
        }
    }

    fn shift_operator(&mut self, level: u8, operand: Sized, mode: Mode) -> Result<Step> {
        let pos = self.pos();
        let name = self.qual_all_op()?;
        if mode != Mode::Restricted && self.is_any(&[K::Any, K::Some, K::All]) {
            return self.quantified(name, operand, pos);
        }
        self.wait(InfixKind::Op(OpKind::Op, name), level, operand, pos)
    }

    fn wait(&mut self, kind: InfixKind, level: u8, operand: Sized, pos: Pos) -> Result<Step> {
        self.frames.push(Frame::Infix(Box::new(Infix { left: operand.0, depth: operand.1, pos, level, kind })));
        Ok(Step::Operand)
    }

    fn done(&mut self, expr: Expr, depth: u32) -> Result<Step> {
        self.deeper(expr, depth).map(Step::Done)
    }

    fn cast(&mut self, operand: Sized) -> Result<Step> {
        let pos = Pos(self.advance().start);
        let target = self.type_name()?;
        self.done(Expr::Cast(Box::new(TypeCast { arg: operand.0, target, pos })), operand.1)
    }

    fn shift_keyword(&mut self, k: K, level: u8, operand: Sized, mode: Mode) -> Result<Step> {
        let pos = Pos(self.advance().start);
        match k {
            K::And | K::Or => {
                let op = if k == K::And { BoolOp::And } else { BoolOp::Or };
                self.frames.push(Frame::Bool { op, left: operand.0, depth: operand.1, pos });
                Ok(Step::Operand)
            }
            K::Isnull | K::Notnull => {
                let negated = k == K::Notnull;
                self.done(Expr::NullTest(Box::new(NullTest { arg: operand.0, negated, pos })), operand.1)
            }
            K::Is => self.is_test(operand, mode, pos),
            K::At => {
                self.expect_seq(&[K::Time, K::Zone])?;
                self.wait(InfixKind::AtTimeZone, level, operand, pos)
            }
            K::Collate => {
                let collation = self.any_name()?;
                self.done(Expr::Collate(Box::new(CollateExpr { arg: operand.0, collation, pos })), operand.1)
            }
            K::Not => {
                let k = self.keyword().unwrap_or(K::Not);
                self.advance();
                self.match_keyword(k, true, operand, pos)
            }
            _ => self.match_keyword(k, false, operand, pos),
        }
    }

    /// BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, behind their keyword.
    fn match_keyword(&mut self, k: K, negated: bool, operand: Sized, pos: Pos) -> Result<Step> {
        let kind = match k {
            K::Between => return self.between(negated, operand, pos),
            K::In => return self.in_list(negated, operand, pos),
            K::Similar => {
                self.expect(K::To)?;
                OpKind::Similar
            }
            K::Like => OpKind::Like,
            _ => OpKind::ILike,
        };
        if kind != OpKind::Similar && self.is_any(&[K::Any, K::Some, K::All]) {
            return self.quantified(OperatorName::bare(like_operator(kind, negated)), operand, pos);
        }
        self.wait(InfixKind::Like(kind, negated), level::LIKE, operand, pos)
    }

    fn between(&mut self, negated: bool, operand: Sized, pos: Pos) -> Result<Step> {
        let symmetric = self.eat(K::Symmetric);
        if !symmetric {
            self.eat(K::Asymmetric);
        }
        let (low, low_depth) = self.nested(Self::b_expr)?;
        let depth = operand.1.max(low_depth);
        self.expect(K::And)?;
        self.wait(InfixKind::Between { low, negated, symmetric }, level::LIKE, (operand.0, depth), pos)
    }

    fn in_list(&mut self, negated: bool, operand: Sized, pos: Pos) -> Result<Step> {
        let (arg, depth) = operand;
        if self.starts_subquery(0) {
            let (query, query_depth) = self.nested(Self::subquery_box)?;
            let link = SubLink { kind: SubLinkKind::Any, test: Some(arg), operator: None, query, pos };
            return self.negatable(Expr::SubLink(Box::new(link)), negated, depth.max(query_depth), pos);
        }
        let (list, list_depth) = self.nested(|p| p.parens(Self::expr))?;
        self.done(Expr::In(Box::new(InExpr { arg, list, negated, pos })), depth.max(list_depth))
    }

    /// `op ANY (...)`, `op ALL (...)`, behind the operator.
    fn quantified(&mut self, name: OperatorName, operand: Sized, pos: Pos) -> Result<Step> {
        let all = self.advance().kind == TokenKind::Keyword(K::All);
        let (left, depth) = operand;
        if self.starts_subquery(0) {
            let (query, query_depth) = self.nested(Self::subquery_box)?;
            let kind = if all { SubLinkKind::All } else { SubLinkKind::Any };
            let link = SubLink { kind, test: Some(left), operator: Some(name), query, pos };
            return self.done(Expr::SubLink(Box::new(link)), depth.max(query_depth));
        }
        let (right, right_depth) = self.nested(|p| p.in_parens(Self::expr))?;
        let kind = if all { OpKind::All } else { OpKind::Any };
        self.done(binary(kind, name, left, right, pos), depth.max(right_depth))
    }

    /// What may follow IS.
    fn is_test(&mut self, operand: Sized, mode: Mode, pos: Pos) -> Result<Step> {
        let negated = self.eat(K::Not);
        let (arg, depth) = operand;
        if self.eat(K::Distinct) {
            self.expect(K::From)?;
            let kind = if negated { OpKind::NotDistinct } else { OpKind::Distinct };
            return self.wait(InfixKind::Op(kind, OperatorName::bare("=")), level::IS, (arg, depth), pos);
        }
        if self.eat(K::Document) {
            let expr = Expr::Xml(Box::new(xml(XmlOp::IsDocument, vec![arg], pos)));
            return self.negatable(expr, negated, depth, pos);
        }
        if mode == Mode::Restricted {
            return Err(self.syntax_error());
        }
        if self.eat(K::Null) {
            return self.done(Expr::NullTest(Box::new(NullTest { arg, negated, pos })), depth);
        }
        let test = match (self.keyword(), negated) {
            (Some(K::True), false) => BoolTest::True,
            (Some(K::True), true) => BoolTest::NotTrue,
            (Some(K::False), false) => BoolTest::False,
            (Some(K::False), true) => BoolTest::NotFalse,
            (Some(K::Unknown), false) => BoolTest::Unknown,
            (Some(K::Unknown), true) => BoolTest::NotUnknown,
            _ => return self.is_normalized(arg, negated, depth, pos),
        };
        self.advance();
        self.done(Expr::BooleanTest(Box::new(BooleanTest { arg, test, pos })), depth)
    }

    fn negatable(&mut self, expr: Expr, negated: bool, depth: u32, pos: Pos) -> Result<Step> {
        if negated { self.done(not(expr, pos), depth + 1) } else { self.done(expr, depth) }
    }

    fn is_normalized(&mut self, arg: Expr, negated: bool, depth: u32, pos: Pos) -> Result<Step> {
        let mut args = vec![arg];
        if let Some(form) = self.opt_normal_form() {
            args.push(form);
        }
        self.expect(K::Normalized)?;
        let expr = system_call("is_normalized", args, CallForm::SqlSyntax, pos);
        self.negatable(expr, negated, depth, pos)
    }

    /// NFC, NFD, NFKC, NFKD as a string.
    pub(super) fn opt_normal_form(&mut self) -> Option<Expr> {
        let form = match self.keyword()? {
            K::Nfc => "NFC",
            K::Nfd => "NFD",
            K::Nfkc => "NFKC",
            K::Nfkd => "NFKD",
            _ => return None,
        };
        let pos = Pos(self.advance().start);
        Some(Expr::Const(Const { value: Literal::String(form.to_owned()), pos }))
    }
}

/// An XML construct with arguments only.
pub(super) fn xml(op: XmlOp, args: Vec<Expr>, pos: Pos) -> XmlExpr {
    XmlExpr { op, name: None, named_args: Vec::new(), args, document: false, pos }
}
