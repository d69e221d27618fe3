//! Names and constants: the classes of identifier, qualified names, roles, numbers, strings.

use super::Parser;
use crate::ast::*;
use crate::keywords::{Category, Keyword as K};
use crate::lexer::TokenKind;
use crate::literal;
use report::{Result, SqlState};

impl Parser<'_> {
    // Which tokens are names

    #[inline]
    pub(super) fn is_col_id_at(&self, n: usize) -> bool {
        match self.peek(n) {
            TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::UnicodeIdent => true,
            TokenKind::Keyword(k) => matches!(k.category(), Category::Unreserved | Category::ColumnName),
            _ => false,
        }
    }

    #[inline]
    pub(super) fn is_col_id(&self) -> bool {
        self.is_col_id_at(0)
    }

    pub(super) fn is_type_function_name_at(&self, n: usize) -> bool {
        match self.peek(n) {
            TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::UnicodeIdent => true,
            TokenKind::Keyword(k) => matches!(k.category(), Category::Unreserved | Category::TypeFunctionName),
            _ => false,
        }
    }

    pub(super) fn is_type_function_name(&self) -> bool {
        self.is_type_function_name_at(0)
    }

    pub(super) fn is_non_reserved(&self) -> bool {
        match self.kind() {
            TokenKind::Keyword(k) => k.category() != Category::Reserved,
            other => is_ident(other),
        }
    }

    pub(super) fn is_col_label(&self) -> bool {
        matches!(self.kind(), TokenKind::Keyword(_)) || is_ident(self.kind())
    }

    /// An identifier that is no keyword, quoted or not.
    pub(super) fn is_ident(&self) -> bool {
        is_ident(self.kind())
    }

    // Taking names

    /// The current token's text as a name, whatever keyword it is.
    #[inline]
    pub(super) fn take_word(&mut self) -> String {
        let token = self.advance();
        if let TokenKind::Keyword(k) = token.kind {
            return k.text().to_owned();
        }
        let (name, notice) = literal::identifier(self.text, token, self.options);
        if let Some(notice) = notice {
            self.notices.push(notice);
        }
        name
    }

    #[inline]
    pub(super) fn col_id(&mut self) -> Result<String> {
        if self.is_col_id() { Ok(self.take_word()) } else { Err(self.syntax_error()) }
    }

    pub(super) fn col_label(&mut self) -> Result<String> {
        if self.is_col_label() { Ok(self.take_word()) } else { Err(self.syntax_error()) }
    }

    pub(super) fn type_function_name(&mut self) -> Result<String> {
        if self.is_type_function_name() { Ok(self.take_word()) } else { Err(self.syntax_error()) }
    }

    pub(super) fn non_reserved_word(&mut self) -> Result<String> {
        if self.is_non_reserved() { Ok(self.take_word()) } else { Err(self.syntax_error()) }
    }

    /// An identifier that is no keyword.
    pub(super) fn ident(&mut self) -> Result<String> {
        if self.is_ident() { Ok(self.take_word()) } else { Err(self.syntax_error()) }
    }

    /// PostgreSQL's `name`.
    pub(super) fn name(&mut self) -> Result<String> {
        self.col_id()
    }

    pub(super) fn name_list(&mut self) -> Result<Vec<String>> {
        self.list(Self::name)
    }

    /// `(name, ...)`
    pub(super) fn column_list(&mut self) -> Result<Vec<String>> {
        self.parens(Self::col_id)
    }

    pub(super) fn opt_column_list(&mut self) -> Result<Vec<String>> {
        self.opt_parens(Self::col_id)
    }

    /// `a.b.c`, the first part a column identifier, the others any label.
    pub(super) fn any_name(&mut self) -> Result<QualifiedName> {
        let pos = self.pos();
        let first = self.col_id()?;
        self.attrs(first, pos)
    }

    /// The rest of a qualified name.
    pub(super) fn attrs(&mut self, first: String, pos: Pos) -> Result<QualifiedName> {
        let mut parts = vec![first];
        while self.eat_char(b'.') {
            parts.push(self.col_label()?);
        }
        Ok(QualifiedName { parts, pos })
    }

    pub(super) fn any_name_list(&mut self) -> Result<Vec<QualifiedName>> {
        self.list(Self::any_name)
    }

    /// The name of a function: a word that may name functions, or a qualified name.
    pub(super) fn func_name(&mut self) -> Result<QualifiedName> {
        let pos = self.pos();
        if self.is_col_id() && self.peek(1) == TokenKind::Char(b'.') {
            let name = self.any_name()?;
            self.refuse_subscript()?;
            return Ok(name);
        }
        if self.is_col_id() && !self.is_type_function_name() {
            // Only as the first part of a longer name.
            self.advance();
            return Err(self.syntax_error());
        }
        let name = QualifiedName::single(self.type_function_name()?, pos);
        self.refuse_subscript()?;
        Ok(name)
    }

    /// A relation's name.
    pub(super) fn qualified_name(&mut self) -> Result<RangeVar> {
        let pos = self.pos();
        let first = self.col_id()?;
        if self.is_char(b'.') {
            let name = self.attrs(first, pos)?;
            self.refuse_subscript()?;
            return self.range_var(name);
        }
        self.refuse_subscript()?;
        Ok(RangeVar { pos, ..RangeVar::named(first) })
    }

    /// PostgreSQL's grammar takes subscripts here and then refuses them, pointing behind them.
    pub(super) fn refuse_subscript(&mut self) -> Result<()> {
        if self.is_char(b'[') { Err(self.subscripted_name()) } else { Ok(()) }
    }

    #[cold]
    fn subscripted_name(&mut self) -> report::Error {
        match self.indirection() {
            Ok(_) => self.syntax_error(),
            Err(error) => error,
        }
    }

    /// A relation named by one to three parts.
    pub(super) fn range_var(&self, name: QualifiedName) -> Result<RangeVar> {
        let pos = name.pos;
        if name.parts.len() > 3 {
            let message = format!("improper qualified name (too many dotted names): {}", name.dotted());
            return Err(self.grammar_error(pos, message));
        }
        let mut parts = name.parts.into_iter().rev();
        let relation = parts.next().expect("a name has a part");
        let schema = parts.next();
        Ok(RangeVar { catalog: parts.next(), schema, pos, ..RangeVar::named(relation) })
    }

    pub(super) fn qualified_name_list(&mut self) -> Result<Vec<RangeVar>> {
        self.list(Self::qualified_name)
    }

    // Constants

    /// A string constant's value.
    pub(super) fn string(&mut self) -> Result<String> {
        if !self.is_string() {
            return Err(self.syntax_error());
        }
        let token = self.advance();
        if token.kind == TokenKind::EscapeString && !self.options.standard_conforming_strings {
            self.warn_of_escapes(token.start, token.end);
        }
        Ok(literal::string(self.text, token, self.options))
    }

    #[cold]
    fn warn_of_escapes(&mut self, start: u32, end: u32) {
        let plain = self.text.as_bytes()[start as usize] == b'\'';
        if !plain || !self.options.escape_string_warning {
            return;
        }
        let Ok((_, Some(first))) = literal::unescape(self.text, start as usize, end as usize, self.options) else {
            return;
        };
        let (message, hint) = match first {
            b'\'' => (
                "nonstandard use of \\' in a string literal",
                "Use '' to write quotes in strings, or use the escape string syntax (E'...').",
            ),
            b'\\' => (
                "nonstandard use of \\\\ in a string literal",
                "Use the escape string syntax for backslashes, e.g., E'\\\\'.",
            ),
            _ => (
                "nonstandard use of escape in a string literal",
                "Use the escape string syntax for escapes, e.g., E'\\r\\n'.",
            ),
        };
        let code = SqlState::NONSTANDARD_USE_OF_ESCAPE_CHARACTER;
        let warning = self.error_at(Pos(start), code, message).hint(hint).severity(report::Severity::Warning);
        self.notices.push(warning);
    }

    /// Digits as a literal: an integer if it fits in 32 bits.
    pub(super) fn number_literal(&mut self) -> Literal {
        let token = self.advance();
        let digits = &self.text[token.start as usize..token.end as usize];
        match (token.kind, digits.parse::<i32>()) {
            (TokenKind::Integer, Ok(value)) => Literal::Int(value),
            _ => Literal::Float(digits.to_owned()),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind(), TokenKind::Integer | TokenKind::Float)
    }

    /// Whether the token `n` on is an integer of 32 bits.
    pub(super) fn is_iconst_at(&self, n: usize) -> bool {
        let token = self.tokens[(self.at + n).min(self.tokens.len() - 1)];
        token.kind == TokenKind::Integer && self.text[token.start as usize..token.end as usize].parse::<i32>().is_ok()
    }

    pub(super) fn is_iconst(&self) -> bool {
        self.is_iconst_at(0)
    }

    /// An integer of 32 bits without sign.
    pub(super) fn iconst(&mut self) -> Result<i32> {
        if !self.is_iconst() {
            return Err(self.syntax_error());
        }
        match self.number_literal() {
            Literal::Int(value) => Ok(value),
            _ => Err(self.syntax_error()),
        }
    }

    pub(super) fn int_const(&mut self) -> Result<Const> {
        let pos = self.pos();
        Ok(Const { value: Literal::Int(self.iconst()?), pos })
    }

    pub(super) fn signed_iconst(&mut self) -> Result<i32> {
        if self.eat_char(b'-') {
            return Ok(-self.iconst()?);
        }
        self.eat_char(b'+');
        self.iconst()
    }

    /// A number with perhaps a sign.
    pub(super) fn numeric_only(&mut self) -> Result<Literal> {
        let negative = self.eat_char(b'-');
        if !negative {
            self.eat_char(b'+');
        }
        if !self.is_number() {
            return Err(self.syntax_error());
        }
        let value = self.number_literal();
        Ok(if negative { negate(value) } else { value })
    }

    pub(super) fn is_numeric_only(&self) -> bool {
        self.is_number() || matches!(self.kind(), TokenKind::Char(b'+' | b'-'))
    }

    pub(super) fn numeric_arg(&mut self) -> Result<DefArg> {
        Ok(match self.numeric_only()? {
            Literal::Int(value) => DefArg::Integer(value),
            Literal::Float(text) => DefArg::Float(text),
            _ => return Err(self.syntax_error()),
        })
    }

    /// A word that is not reserved, or a string.
    pub(super) fn word_or_string(&mut self) -> Result<String> {
        if self.is_string() { self.string() } else { self.non_reserved_word() }
    }

    /// TRUE, FALSE, ON, a word or a string, as text.
    pub(super) fn boolean_or_string(&mut self) -> Result<String> {
        if self.is_any(&[K::True, K::False, K::On]) { Ok(self.take_word()) } else { self.word_or_string() }
    }

    pub(super) fn is_boolean_or_string(&self) -> bool {
        self.is_any(&[K::True, K::False, K::On]) || self.is_string() || self.is_non_reserved()
    }

    // Roles

    pub(super) fn role_spec(&mut self) -> Result<RoleSpec> {
        let pos = self.pos();
        let keyword = match self.keyword() {
            Some(K::CurrentRole) => Some(Role::CurrentRole),
            Some(K::CurrentUser) => Some(Role::CurrentUser),
            Some(K::SessionUser) => Some(Role::SessionUser),
            _ => None,
        };
        if let Some(role) = keyword {
            self.advance();
            return Ok(RoleSpec { role, pos });
        }
        let name = self.non_reserved_word()?;
        let role = match name.as_str() {
            "public" => Role::Public,
            "none" => return Err(self.reserved_role(pos, "role name \"none\" is reserved")),
            _ => Role::Name(name),
        };
        Ok(RoleSpec { role, pos })
    }

    #[cold]
    fn reserved_role(&self, pos: Pos, message: &str) -> report::Error {
        self.error_at(pos, SqlState::RESERVED_NAME, message)
    }

    pub(super) fn role_list(&mut self) -> Result<Vec<RoleSpec>> {
        self.list(Self::role_spec)
    }

    /// A role that must be given by its name.
    pub(super) fn role_id(&mut self) -> Result<String> {
        let spec = self.role_spec()?;
        let message = match spec.role {
            Role::Name(name) => return Ok(name),
            Role::Public => "role name \"public\" is reserved",
            Role::SessionUser => "SESSION_USER cannot be used as a role name here",
            Role::CurrentUser => "CURRENT_USER cannot be used as a role name here",
            Role::CurrentRole => "CURRENT_ROLE cannot be used as a role name here",
        };
        Err(self.reserved_role(spec.pos, message))
    }

    // Operators

    /// Whether the current token is an operator symbol.
    pub(super) fn is_operator_symbol(&self) -> bool {
        matches!(
            self.kind(),
            TokenKind::Op
                | TokenKind::LessEquals
                | TokenKind::GreaterEquals
                | TokenKind::NotEquals
                | TokenKind::Char(b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'<' | b'>' | b'=')
        )
    }

    pub(super) fn operator_symbol(&mut self) -> Result<String> {
        if !self.is_operator_symbol() {
            return Err(self.syntax_error());
        }
        let token = self.advance();
        Ok(match token.kind {
            TokenKind::NotEquals => "<>".to_owned(),
            _ => self.text[token.start as usize..token.end as usize].to_owned(),
        })
    }

    /// `symbol`, `schema.symbol` ...
    pub(super) fn any_operator(&mut self) -> Result<OperatorName> {
        let mut schema = Vec::new();
        while self.is_col_id() {
            schema.push(self.take_word());
            self.expect_char(b'.')?;
        }
        Ok(OperatorName { schema, name: self.operator_symbol()? })
    }

    /// A symbol, or `OPERATOR(any operator)`.
    pub(super) fn qual_all_op(&mut self) -> Result<OperatorName> {
        if self.eat(K::Operator) {
            return self.in_parens(Self::any_operator);
        }
        Ok(OperatorName::bare(self.operator_symbol()?))
    }
}

pub(super) fn is_ident(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::UnicodeIdent)
}

/// A number with the other sign.
pub(super) fn negate(value: Literal) -> Literal {
    match value {
        Literal::Int(n) => Literal::Int(n.wrapping_neg()),
        Literal::Float(text) => Literal::Float(match text.strip_prefix('-') {
            Some(rest) => rest.to_owned(),
            None => format!("-{text}"),
        }),
        other => other,
    }
}
