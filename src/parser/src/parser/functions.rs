//! Function calls, windows, and the functions that have a syntax of their own.

use super::Parser;
use super::expr::xml;
use super::frames::{call, system_call};
use super::primary::constant;
use super::types::{int, system_type};
use crate::ast::*;
use crate::keywords::{Category, Keyword as K};
use crate::lexer::TokenKind;
use report::{Result, SqlState};

impl Parser<'_> {
    /// A call with all its clauses, or a constant of a type with modifiers: `numeric(10, 2) '1.5'`.
    pub(super) fn call_or_constant(&mut self, name: QualifiedName) -> Result<Expr> {
        let order_pos = self.at;
        let mut call = self.application(name)?;
        if self.is_string() && !(call.star || call.distinct || call.variadic || call.args.is_empty()) {
            return self.modified_constant(call, order_pos);
        }
        self.call_clauses(&mut call)?;
        Ok(Expr::Func(Box::new(call)))
    }

    #[cold]
    fn modified_constant(&mut self, call: FuncCall, open: usize) -> Result<Expr> {
        if self.tokens[open + 1].kind == TokenKind::Keyword(K::All) {
            return Err(self.syntax_error());
        }
        if let Some(Expr::NamedArg(arg)) = call.args.iter().find(|a| matches!(a, Expr::NamedArg(_))) {
            return Err(self.grammar_error(arg.pos, "type modifier cannot have parameter name"));
        }
        if let Some(first) = call.order_by.first() {
            let near = first.expr.pos();
            let order = self.tokens.iter().rev().find(|t| t.start < near.0 && t.kind == TokenKind::Keyword(K::Order));
            let pos = order.map_or(near, |t| Pos(t.start));
            return Err(self.grammar_error(pos, "type modifier cannot have ORDER BY"));
        }
        let pos = call.pos;
        self.typed_constant(TypeName { typmods: call.args, pos, ..TypeName::named(call.name) })
    }

    /// `name(arguments)`
    pub(super) fn application(&mut self, name: QualifiedName) -> Result<FuncCall> {
        let pos = name.pos;
        let mut call = call(name, Vec::new(), CallForm::Explicit, pos);
        self.expect_char(b'(')?;
        if self.eat_char(b')') {
            return Ok(call);
        }
        if self.eat_char(b'*') {
            call.star = true;
        } else {
            self.arguments(&mut call)?;
        }
        self.expect_char(b')')?;
        Ok(call)
    }

    fn arguments(&mut self, call: &mut FuncCall) -> Result<()> {
        let quantified = self.is_any(&[K::All, K::Distinct]);
        if quantified {
            call.distinct = self.eat(K::Distinct) || !self.eat(K::All);
        }
        loop {
            call.variadic = !quantified && self.eat(K::Variadic);
            call.args.push(self.argument()?);
            if call.variadic || !self.eat_char(b',') {
                break;
            }
        }
        call.order_by = self.opt_order_by()?;
        Ok(())
    }

    fn argument(&mut self) -> Result<Expr> {
        if matches!(self.peek(1), TokenKind::ColonEquals | TokenKind::EqualsGreater) && self.is_type_function_name() {
            let pos = self.pos();
            let name = self.take_word();
            self.advance();
            let arg = self.expr()?;
            return Ok(Expr::NamedArg(Box::new(NamedArg { name, arg, pos })));
        }
        self.expr()
    }

    /// WITHIN GROUP, FILTER, OVER.
    fn call_clauses(&mut self, call: &mut FuncCall) -> Result<()> {
        if self.is(K::Within) {
            self.within_group(call)?;
        }
        if self.eat(K::Filter) {
            self.expect_char(b'(')?;
            self.expect(K::Where)?;
            call.filter = Some(self.expr()?);
            self.expect_char(b')')?;
        }
        if self.eat(K::Over) {
            call.over = Some(Box::new(self.over()?));
        }
        Ok(())
    }

    fn within_group(&mut self, call: &mut FuncCall) -> Result<()> {
        let pos = Pos(self.advance().start);
        self.expect(K::Group)?;
        self.expect_char(b'(')?;
        let order_by = self.order_by()?;
        self.expect_char(b')')?;
        let misuse = if !call.order_by.is_empty() {
            "cannot use multiple ORDER BY clauses with WITHIN GROUP"
        } else if call.distinct {
            "cannot use DISTINCT with WITHIN GROUP"
        } else if call.variadic {
            "cannot use VARIADIC with WITHIN GROUP"
        } else {
            call.order_by = order_by;
            call.within_group = true;
            return Ok(());
        };
        Err(self.grammar_error(pos, misuse))
    }

    fn over(&mut self) -> Result<WindowDef> {
        if self.is_char(b'(') {
            return self.window_specification(None);
        }
        let pos = self.pos();
        let name = self.col_id()?;
        Ok(WindowDef { name: Some(name), base: None, partition_by: Vec::new(), order_by: Vec::new(), frame: None, pos })
    }

    /// `( [base] [PARTITION BY] [ORDER BY] [frame] )`
    pub(super) fn window_specification(&mut self, name: Option<String>) -> Result<WindowDef> {
        let pos = self.expect_char(b'(')?;
        let clause = self.is_any(&[K::Partition, K::Range, K::Rows, K::Groups]);
        let base = if self.is_col_id() && !clause { Some(self.take_word()) } else { None };
        let mut partition_by = Vec::new();
        if self.eat(K::Partition) {
            self.expect(K::By)?;
            partition_by = self.expr_list()?;
        }
        let order_by = self.opt_order_by()?;
        let frame = self.opt_frame()?;
        self.expect_char(b')')?;
        Ok(WindowDef { name, base, partition_by, order_by, frame, pos })
    }

    fn opt_frame(&mut self) -> Result<Option<WindowFrame>> {
        let mode = match self.keyword() {
            Some(K::Range) => FrameMode::Range,
            Some(K::Rows) => FrameMode::Rows,
            Some(K::Groups) => FrameMode::Groups,
            _ => return Ok(None),
        };
        self.advance();
        let (start, end) = self.frame_extent()?;
        let exclude = self.opt_exclude()?;
        Ok(Some(WindowFrame { mode, start, end, exclude }))
    }

    fn frame_extent(&mut self) -> Result<(FrameBound, Option<FrameBound>)> {
        let between = self.eat(K::Between);
        let start_pos = self.pos();
        let start = self.frame_bound()?;
        if !between {
            let misuse = match start {
                FrameBound::UnboundedFollowing => "frame start cannot be UNBOUNDED FOLLOWING",
                FrameBound::Following(_) => "frame starting from following row cannot end with current row",
                _ => return Ok((start, None)),
            };
            return Err(self.window_error(start_pos, misuse));
        }
        self.expect(K::And)?;
        let end_pos = self.pos();
        let end = self.frame_bound()?;
        use FrameBound::{CurrentRow, Following, Preceding, UnboundedFollowing, UnboundedPreceding};
        let (pos, misuse) = match (&start, &end) {
            (UnboundedFollowing, _) => (start_pos, "frame start cannot be UNBOUNDED FOLLOWING"),
            (_, UnboundedPreceding) => (end_pos, "frame end cannot be UNBOUNDED PRECEDING"),
            (CurrentRow, Preceding(_)) => (end_pos, "frame starting from current row cannot have preceding rows"),
            (Following(_), Preceding(_) | CurrentRow) => {
                (end_pos, "frame starting from following row cannot have preceding rows")
            }
            _ => return Ok((start, Some(end))),
        };
        Err(self.window_error(pos, misuse))
    }

    #[cold]
    fn window_error(&self, pos: Pos, message: &str) -> report::Error {
        self.error_at(pos, SqlState::WINDOWING_ERROR, message)
    }

    fn frame_bound(&mut self) -> Result<FrameBound> {
        if self.is(K::Unbounded) && (self.peek_is(1, K::Preceding) || self.peek_is(1, K::Following)) {
            self.advance();
            let preceding = self.eat(K::Preceding) || !self.eat(K::Following);
            return Ok(if preceding { FrameBound::UnboundedPreceding } else { FrameBound::UnboundedFollowing });
        }
        if self.is_seq(&[K::Current, K::Row]) {
            self.at += 2;
            return Ok(FrameBound::CurrentRow);
        }
        let offset = self.expr()?;
        if self.eat(K::Preceding) {
            return Ok(FrameBound::Preceding(offset));
        }
        self.expect(K::Following)?;
        Ok(FrameBound::Following(offset))
    }

    fn opt_exclude(&mut self) -> Result<FrameExclusion> {
        if !self.eat(K::Exclude) {
            return Ok(FrameExclusion::NoOthers);
        }
        let exclusion = match self.keyword() {
            Some(K::Current) => FrameExclusion::CurrentRow,
            Some(K::Group) => FrameExclusion::Group,
            Some(K::Ties) => FrameExclusion::Ties,
            Some(K::No) => FrameExclusion::NoOthers,
            _ => return Err(self.syntax_error()),
        };
        self.advance();
        match exclusion {
            FrameExclusion::CurrentRow => self.expect(K::Row).map(|_| ())?,
            FrameExclusion::NoOthers => self.expect(K::Others).map(|_| ())?,
            _ => {}
        }
        Ok(exclusion)
    }

    /// A call without window or aggregate clauses, as FROM and index definitions take.
    pub(super) fn windowless_call(&mut self) -> Result<Expr> {
        use super::frames::Mode;
        // What is a call by syntax alone is parsed as a primary; anything else must be `name(...)`.
        let special = match self.keyword() {
            Some(k) if k.category() == Category::Reserved => true,
            Some(K::Collation) => self.peek_is(1, K::For),
            Some(K::CurrentSchema) => self.peek(1) != TokenKind::Char(b'('),
            Some(k) => k.category() == Category::ColumnName && self.peek(1) == TokenKind::Char(b'('),
            None => false,
        };
        if !special {
            let name = self.func_name()?;
            return Ok(Expr::Func(Box::new(self.application(name)?)));
        }
        match self.primary(Mode::Restricted)? {
            Expr::Const(_) | Expr::Case(_) | Expr::Array(_) | Expr::Row(_) | Expr::SubLink(_) | Expr::Grouping(_) => {
                Err(self.syntax_error())
            }
            expr => Ok(expr),
        }
    }

    /// Whether what comes next is a call rather than a column: for FROM, indexes, partition keys.
    pub(super) fn starts_call(&self) -> bool {
        if !matches!(self.kind(), TokenKind::Keyword(_)) && !self.is_ident() {
            return false;
        }
        let reserved = matches!(
            self.keyword(),
            Some(
                K::CurrentCatalog
                    | K::CurrentDate
                    | K::CurrentRole
                    | K::CurrentSchema
                    | K::CurrentTime
                    | K::CurrentTimestamp
                    | K::CurrentUser
                    | K::Localtime
                    | K::Localtimestamp
                    | K::SessionUser
                    | K::User
                    | K::Cast
            )
        );
        let mut n = 1;
        while self.peek(n) == TokenKind::Char(b'.') {
            n += 2;
        }
        if !reserved && matches!(self.keyword(), Some(k) if k.category() == Category::Reserved) {
            return false;
        }
        reserved || self.is_seq(&[K::Collation, K::For]) || self.peek(n) == TokenKind::Char(b'(')
    }

    // Functions with a syntax of their own

    pub(super) fn collation_for(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        self.expect(K::For)?;
        let arg = self.in_parens(Self::expr)?;
        Ok(system_call("pg_collation_for", vec![arg], CallForm::SqlSyntax, pos))
    }

    pub(super) fn cast_call(&mut self) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        self.expect_char(b'(')?;
        let arg = self.expr()?;
        self.expect(K::As)?;
        let target = self.type_name()?;
        self.expect_char(b')')?;
        Ok(Expr::Cast(Box::new(TypeCast { arg, target, pos })))
    }

    /// A keyword with an argument list that has its own grammar; the parenthesis is next.
    pub(super) fn special_function(&mut self, k: K) -> Result<Expr> {
        let pos = Pos(self.advance().start);
        self.expect_char(b'(')?;
        let expr = match k {
            K::Coalesce => Expr::Coalesce(Box::new(CoalesceExpr { args: self.expr_list()?, pos })),
            K::Greatest | K::Least => {
                let args = self.expr_list()?;
                Expr::MinMax(Box::new(MinMaxExpr { greatest: k == K::Greatest, args, pos }))
            }
            K::Nullif => self.nullif(pos)?,
            K::Extract => self.extract(pos)?,
            K::Normalize => self.normalize(pos)?,
            K::Overlay => self.overlay(pos)?,
            K::Position => self.position(pos)?,
            K::Substring => self.substring(pos)?,
            K::Treat => self.treat(pos)?,
            K::Trim => self.trim(pos)?,
            _ => self.xml_function(k, pos)?,
        };
        self.expect_char(b')')?;
        Ok(expr)
    }

    fn nullif(&mut self, pos: Pos) -> Result<Expr> {
        let left = self.expr()?;
        self.expect_char(b',')?;
        let right = self.expr()?;
        Ok(super::frames::binary(OpKind::NullIf, OperatorName::bare("="), left, right, pos))
    }

    fn extract(&mut self, pos: Pos) -> Result<Expr> {
        let field_pos = self.pos();
        let is_field = self.is_ident() || self.is_any(&[K::Year, K::Month, K::Day, K::Hour, K::Minute, K::Second]);
        let field = if is_field { self.take_word() } else { self.string()? };
        self.expect(K::From)?;
        let args = vec![constant(Literal::String(field), field_pos), self.expr()?];
        Ok(system_call("extract", args, CallForm::SqlSyntax, pos))
    }

    fn normalize(&mut self, pos: Pos) -> Result<Expr> {
        let mut args = vec![self.expr()?];
        if self.eat_char(b',') {
            let Some(form) = self.opt_normal_form() else {
                return Err(self.syntax_error());
            };
            args.push(form);
        }
        Ok(system_call("normalize", args, CallForm::SqlSyntax, pos))
    }

    /// An ordinary argument list for a function whose name is a keyword; the first argument may be there already.
    fn plain_call(&mut self, name: &str, first: Option<Expr>, pos: Pos) -> Result<Expr> {
        let mut args = Vec::new();
        match first {
            Some(first) => args.push(first),
            None if self.is_char(b')') => {}
            None => args.push(self.argument()?),
        }
        while !args.is_empty() && self.eat_char(b',') {
            args.push(self.argument()?);
        }
        let name = QualifiedName::single(name, pos);
        Ok(Expr::Func(Box::new(call(name, args, CallForm::Explicit, pos))))
    }

    fn starts_plain_list(&self) -> bool {
        self.is_char(b')') || matches!(self.peek(1), TokenKind::ColonEquals | TokenKind::EqualsGreater)
    }

    fn overlay(&mut self, pos: Pos) -> Result<Expr> {
        if self.starts_plain_list() {
            return self.plain_call("overlay", None, pos);
        }
        let first = self.expr()?;
        if !self.eat(K::Placing) {
            return self.plain_call("overlay", Some(first), pos);
        }
        let mut args = vec![first, self.expr()?];
        self.expect(K::From)?;
        args.push(self.expr()?);
        args.extend(self.opt_expr(K::For)?);
        Ok(system_call("overlay", args, CallForm::SqlSyntax, pos))
    }

    fn position(&mut self, pos: Pos) -> Result<Expr> {
        let needle = self.b_expr()?;
        self.expect(K::In)?;
        let haystack = self.b_expr()?;
        Ok(system_call("position", vec![haystack, needle], CallForm::SqlSyntax, pos))
    }

    fn substring(&mut self, pos: Pos) -> Result<Expr> {
        if self.starts_plain_list() {
            return self.plain_call("substring", None, pos);
        }
        let text = self.expression(super::frames::Mode::Substring)?;
        let mut args = vec![text];
        match self.keyword() {
            Some(K::From) => {
                self.advance();
                args.push(self.expr()?);
                args.extend(self.opt_expr(K::For)?);
            }
            Some(K::For) => {
                self.advance();
                let count = self.expr()?;
                self.substring_for(&mut args, count)?;
            }
            Some(K::Similar) => {
                self.advance();
                args.push(self.expr()?);
                self.expect(K::Escape)?;
                args.push(self.expr()?);
            }
            _ => return self.plain_call("substring", args.pop(), pos),
        }
        Ok(system_call("substring", args, CallForm::SqlSyntax, pos))
    }

    /// `FOR count [FROM start]`: without a start it is 1, and the count must be an integer so that the function with
    /// integers is meant.
    fn substring_for(&mut self, args: &mut Vec<Expr>, count: Expr) -> Result<()> {
        if self.eat(K::From) {
            args.push(self.expr()?);
            args.push(count);
        } else {
            args.push(Self::implied_one());
            let target = system_type("int4", Pos::NONE);
            args.push(Expr::Cast(Box::new(TypeCast { arg: count, target, pos: Pos::NONE })));
        }
        Ok(())
    }

    fn treat(&mut self, pos: Pos) -> Result<Expr> {
        let arg = self.expr()?;
        self.expect(K::As)?;
        let target = self.type_name()?;
        Ok(system_call(target.name.last(), vec![arg], CallForm::Explicit, pos))
    }

    fn trim(&mut self, pos: Pos) -> Result<Expr> {
        let name = match self.keyword() {
            Some(K::Both) => Some("btrim"),
            Some(K::Leading) => Some("ltrim"),
            Some(K::Trailing) => Some("rtrim"),
            _ => None,
        };
        if name.is_some() {
            self.advance();
        }
        let args = self.trim_list()?;
        Ok(system_call(name.unwrap_or("btrim"), args, CallForm::SqlSyntax, pos))
    }

    fn trim_list(&mut self) -> Result<Vec<Expr>> {
        if self.eat(K::From) {
            return self.expr_list();
        }
        let first = self.expr()?;
        if self.eat(K::From) {
            let mut args = self.expr_list()?;
            args.push(first);
            return Ok(args);
        }
        let mut args = vec![first];
        while self.eat_char(b',') {
            args.push(self.expr()?);
        }
        Ok(args)
    }

    // XML

    fn xml_function(&mut self, k: K, pos: Pos) -> Result<Expr> {
        match k {
            K::Xmlconcat => {
                let args = self.expr_list()?;
                Ok(Expr::Xml(Box::new(xml(XmlOp::Concat, args, pos))))
            }
            K::Xmlforest => {
                let named_args = self.list(Self::xml_attribute)?;
                Ok(Expr::Xml(Box::new(XmlExpr { named_args, ..xml(XmlOp::Forest, Vec::new(), pos) })))
            }
            K::Xmlelement => self.xml_element(pos),
            K::Xmlexists => {
                let mut args = vec![self.c_expr()?];
                args.push(self.xml_passing()?);
                Ok(system_call("xmlexists", args, CallForm::SqlSyntax, pos))
            }
            K::Xmlparse => self.xml_parse(pos),
            K::Xmlpi => self.xml_pi(pos),
            K::Xmlroot => self.xml_root(pos),
            _ => self.xml_serialize(pos),
        }
    }

    fn xml_attribute(&mut self) -> Result<XmlNamedArg> {
        let pos = self.pos();
        let value = self.expr()?;
        let name = if self.eat(K::As) { Some(self.col_label()?) } else { None };
        Ok(XmlNamedArg { value, name, pos })
    }

    fn xml_name(&mut self) -> Result<Option<String>> {
        self.expect(K::Name)?;
        self.col_label().map(Some)
    }

    fn xml_element(&mut self, pos: Pos) -> Result<Expr> {
        let mut element = XmlExpr { name: self.xml_name()?, ..xml(XmlOp::Element, Vec::new(), pos) };
        if self.eat_char(b',') {
            if self.is(K::Xmlattributes) && self.peek(1) == TokenKind::Char(b'(') {
                self.advance();
                element.named_args = self.parens(Self::xml_attribute)?;
                if self.eat_char(b',') {
                    element.args = self.expr_list()?;
                }
            } else {
                element.args = self.expr_list()?;
            }
        }
        Ok(Expr::Xml(Box::new(element)))
    }

    /// DOCUMENT or CONTENT.
    pub(super) fn document_or_content(&mut self) -> Result<bool> {
        let document = self.eat(K::Document);
        if !document {
            self.expect(K::Content)?;
        }
        Ok(document)
    }

    fn xml_parse(&mut self, pos: Pos) -> Result<Expr> {
        let document = self.document_or_content()?;
        let text = self.expr()?;
        let preserve = self.eat(K::Preserve);
        if preserve || self.eat(K::Strip) {
            self.expect(K::Whitespace)?;
        }
        let args = vec![text, constant(Literal::Bool(preserve), Pos::NONE)];
        Ok(Expr::Xml(Box::new(XmlExpr { document, ..xml(XmlOp::Parse, args, pos) })))
    }

    fn xml_pi(&mut self, pos: Pos) -> Result<Expr> {
        let name = self.xml_name()?;
        let args = if self.eat_char(b',') { vec![self.expr()?] } else { Vec::new() };
        Ok(Expr::Xml(Box::new(XmlExpr { name, ..xml(XmlOp::Pi, args, pos) })))
    }

    fn xml_root(&mut self, pos: Pos) -> Result<Expr> {
        let value = self.expr()?;
        self.expect_char(b',')?;
        self.expect(K::Version)?;
        let version = if self.eat_seq(&[K::No, K::Value]) { constant(Literal::Null, Pos::NONE) } else { self.expr()? };
        let mut standalone = XmlStandalone::Omitted;
        if self.eat_char(b',') {
            self.expect(K::Standalone)?;
            standalone = if self.eat(K::Yes) {
                XmlStandalone::Yes
            } else {
                self.expect(K::No)?;
                if self.eat(K::Value) { XmlStandalone::NoValue } else { XmlStandalone::No }
            };
        }
        let args = vec![value, version, int(standalone as i32, Pos::NONE)];
        Ok(Expr::Xml(Box::new(xml(XmlOp::Root, args, pos))))
    }

    fn xml_serialize(&mut self, pos: Pos) -> Result<Expr> {
        let document = self.document_or_content()?;
        let arg = self.expr()?;
        self.expect(K::As)?;
        let target = self.simple_type_name()?;
        Ok(Expr::XmlSerialize(Box::new(XmlSerialize { document, arg, target, pos })))
    }

    /// PASSING \[BY REF\] document \[BY REF\]; how it is passed makes no difference.
    pub(super) fn xml_passing(&mut self) -> Result<Expr> {
        self.expect(K::Passing)?;
        self.opt_passing_mechanism()?;
        let document = self.c_expr()?;
        self.opt_passing_mechanism()?;
        Ok(document)
    }

    fn opt_passing_mechanism(&mut self) -> Result<()> {
        if self.eat(K::By) && !self.eat(K::Ref) {
            self.expect(K::Value)?;
        }
        Ok(())
    }
}
