//! The recursive-descent parser: its state, and what every rule uses.
//!
//! The whole text is cut into tokens first; rules then look ahead freely, and rarely need to. Each rule is a method that
//! starts at its first token and leaves the parser behind its last one.

mod alter;
mod alter_table;
mod create;
mod define;
mod expr;
mod frames;
mod functions;
mod index;
mod names;
mod object;
mod primary;
mod query;
mod role;
mod select;
mod settings;
mod statement;
mod table;
mod types;
mod utility;

use crate::ast::Pos;
use crate::keywords::Keyword as K;
use crate::lexer::{Lexer, Token, TokenKind, error_near};
use crate::options::ParseOptions;
use report::{Error, Result, SqlState};
use std::cell::Cell;

/// The state of one parse.
pub(crate) struct Parser<'a> {
    text: &'a str,
    options: &'a ParseOptions,
    tokens: Vec<Token>,
    at: usize,
    lex_error: Option<Error>,
    pub(crate) notices: Vec<Error>,
    /// Constructs that are open in this call of a rule.
    recursion: u32,
    /// The deepest expression that was finished since somebody reset this.
    deepest: u32,
    frames: Vec<frames::Frame>,
    /// For each parenthesis that opens, the token that closes it; made when it is first needed.
    closing: Vec<u32>,
    /// The last run of opening parentheses that was looked at: its first token, and the one behind it.
    run: (usize, usize),
    /// Where a sequence of keywords was looked for and how many of them were there: an error at its first word is one
    /// behind those that fit.
    partial: Cell<(usize, usize)>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, options: &'a ParseOptions) -> Parser<'a> {
        let mut lexer = Lexer::new(text, options);
        let mut tokens = Vec::with_capacity(16 + text.len() / 8);
        loop {
            let token = lexer.next_token();
            tokens.push(token);
            if matches!(token.kind, TokenKind::End | TokenKind::Error) {
                // Twice, so that a rule may step back after it has stepped on the end.
                tokens.push(token);
                break;
            }
        }
        Parser {
            text,
            options,
            tokens,
            at: 0,
            lex_error: lexer.take_error(),
            notices: Vec::new(),
            recursion: 0,
            deepest: 0,
            frames: Vec::new(),
            closing: Vec::new(),
            run: (0, 0),
            partial: Cell::new((0, 0)),
        }
    }

    // Looking

    #[inline]
    fn token(&self) -> Token {
        self.tokens[self.at]
    }

    #[inline]
    fn kind(&self) -> TokenKind {
        self.tokens[self.at].kind
    }

    /// The kind of the token `n` further on; behind the end, the last one again.
    #[inline]
    fn peek(&self, n: usize) -> TokenKind {
        self.tokens[(self.at + n).min(self.tokens.len() - 1)].kind
    }

    #[inline]
    fn is(&self, keyword: K) -> bool {
        self.kind() == TokenKind::Keyword(keyword)
    }

    #[inline]
    fn peek_is(&self, n: usize, keyword: K) -> bool {
        self.peek(n) == TokenKind::Keyword(keyword)
    }

    #[inline]
    fn is_any(&self, keywords: &[K]) -> bool {
        matches!(self.kind(), TokenKind::Keyword(k) if keywords.contains(&k))
    }

    #[inline]
    fn is_char(&self, c: u8) -> bool {
        self.kind() == TokenKind::Char(c)
    }

    fn keyword(&self) -> Option<K> {
        match self.kind() {
            TokenKind::Keyword(k) => Some(k),
            _ => None,
        }
    }

    /// Whether the next tokens are these keywords in this order.
    fn is_seq(&self, keywords: &[K]) -> bool {
        let fitting = keywords.iter().enumerate().take_while(|(n, k)| self.peek_is(*n, **k)).count();
        if fitting > 0 && fitting < keywords.len() {
            self.partial.set((self.at, fitting));
        }
        fitting == keywords.len()
    }

    fn is_string(&self) -> bool {
        self.kind().is_string()
    }

    #[inline]
    fn pos(&self) -> Pos {
        Pos(self.token().start)
    }

    // Taking

    #[inline]
    fn advance(&mut self) -> Token {
        let token = self.tokens[self.at];
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    #[inline]
    fn eat(&mut self, keyword: K) -> bool {
        let found = self.is(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// Takes these keywords if all of them are next.
    fn eat_seq(&mut self, keywords: &[K]) -> bool {
        let found = self.is_seq(keywords);
        if found {
            self.at += keywords.len();
        }
        found
    }

    #[inline]
    fn eat_char(&mut self, c: u8) -> bool {
        let found = self.is_char(c);
        if found {
            self.advance();
        }
        found
    }

    #[inline]
    fn expect(&mut self, keyword: K) -> Result<Pos> {
        let pos = self.pos();
        if self.eat(keyword) { Ok(pos) } else { Err(self.syntax_error()) }
    }

    fn expect_seq(&mut self, keywords: &[K]) -> Result<()> {
        for keyword in keywords {
            self.expect(*keyword)?;
        }
        Ok(())
    }

    #[inline]
    fn expect_char(&mut self, c: u8) -> Result<Pos> {
        let pos = self.pos();
        if self.eat_char(c) { Ok(pos) } else { Err(self.syntax_error()) }
    }

    fn expect_end(&self) -> Result<()> {
        if self.kind() == TokenKind::End { Ok(()) } else { Err(self.syntax_error()) }
    }

    // Whole texts

    pub(crate) fn whole_expr(&mut self) -> Result<crate::ast::Expr> {
        let expr = self.expr()?;
        self.expect_end()?;
        Ok(expr)
    }

    pub(crate) fn whole_type_name(&mut self) -> Result<crate::ast::TypeName> {
        let name = self.type_name()?;
        self.expect_end()?;
        Ok(name)
    }

    // Shapes that many rules share

    /// `item, item, ...`
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat_char(b',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `(item, item, ...)`
    fn parens<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_char(b'(')?;
        let items = self.list(item)?;
        self.expect_char(b')')?;
        Ok(items)
    }

    /// `(one)`
    fn in_parens<T>(&mut self, one: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.expect_char(b'(')?;
        let value = one(self)?;
        self.expect_char(b')')?;
        Ok(value)
    }

    /// `(item, ...)`, or nothing.
    fn opt_parens<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        if self.is_char(b'(') { self.parens(item) } else { Ok(Vec::new()) }
    }

    fn if_exists(&mut self) -> Result<bool> {
        Ok(self.eat_seq(&[K::If, K::Exists]))
    }

    fn if_not_exists(&mut self) -> Result<bool> {
        Ok(self.eat_seq(&[K::If, K::Not, K::Exists]))
    }

    // Errors

    /// The error about the current token; the lexer's own, if that is what is wrong.
    #[cold]
    #[inline(never)]
    fn syntax_error(&self) -> Error {
        self.error_here("syntax error")
    }

    #[cold]
    #[inline(never)]
    fn error_here(&self, message: &str) -> Error {
        let (from, fitting) = self.partial.get();
        let behind = if from == self.at { fitting } else { 0 };
        let token = self.tokens[(self.at + behind).min(self.tokens.len() - 1)];
        if token.kind == TokenKind::Error
            && let Some(error) = &self.lex_error
        {
            return error.clone();
        }
        error_near(self.text, token.start as usize, token.end as usize, message)
    }

    /// An error with a message of its own.
    #[cold]
    #[inline(never)]
    fn error_at(&self, pos: Pos, code: SqlState, message: impl Into<String>) -> Error {
        let error = Error::new(code, message);
        match pos.characters(self.text) {
            Some(position) => error.at(position),
            None => error,
        }
    }

    /// A 42601 with a message of its own.
    #[cold]
    #[inline(never)]
    fn grammar_error(&self, pos: Pos, message: impl Into<String>) -> Error {
        self.error_at(pos, SqlState::SYNTAX_ERROR, message)
    }

    #[cold]
    #[inline(never)]
    fn unsupported_at(&self, pos: Pos, message: impl Into<String>) -> Error {
        self.error_at(pos, SqlState::FEATURE_NOT_SUPPORTED, message)
    }

    // Limits

    /// Counts a construct that recurses; to be paired with [`Parser::leave`] where it succeeds.
    #[inline]
    fn enter(&mut self) -> Result<()> {
        self.recursion += 1;
        if self.recursion > self.options.max_recursion { Err(self.too_deep()) } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.recursion -= 1;
    }

    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> Error {
        Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(format!(
            "Increase the configuration parameter \"max_stack_depth\" (currently {}kB), after ensuring the platform's \
             stack depth limit is adequate.",
            self.options.max_stack_depth_kb
        ))
    }

    /// Notes an expression of this depth.
    #[inline]
    fn note_depth(&mut self, depth: u32) -> Result<()> {
        if depth > self.deepest {
            self.deepest = depth;
            if depth > self.options.max_tree_depth {
                return Err(self.too_deep());
            }
        }
        Ok(())
    }

    // Parentheses

    /// Whether the parenthesis `n` tokens on starts a subquery in parentheses, rather than an expression or a join.
    fn starts_subquery(&mut self, n: usize) -> bool {
        let first = self.at + n;
        let inner = self.run_end(first);
        if inner == first || !self.starts_select(inner) {
            return false;
        }
        // Only what may follow a subquery in parentheses within a query keeps the outer ones part of it.
        for open in (first..inner - 1).rev() {
            let after = self.closing_paren(open + 1) + 1;
            if !self.continues_query(after) {
                return false;
            }
        }
        true
    }

    /// The first token at or behind `first` that is no opening parenthesis. Each of many is asked about in turn.
    fn run_end(&mut self, first: usize) -> usize {
        if !(self.run.0..self.run.1).contains(&first) {
            let mut end = first;
            while self.tokens[end].kind == TokenKind::Char(b'(') {
                end += 1;
            }
            self.run = (first, end);
        }
        self.run.1
    }

    fn starts_select(&self, at: usize) -> bool {
        match self.tokens[at].kind {
            TokenKind::Keyword(K::Select | K::With | K::Table) => true,
            TokenKind::Keyword(K::Values) => self.tokens.get(at + 1).is_some_and(|t| t.kind == TokenKind::Char(b'(')),
            _ => false,
        }
    }

    fn continues_query(&self, at: usize) -> bool {
        use K::{Except, Fetch, For, Intersect, Limit, Offset, Order, Union};
        match self.tokens.get(at).map(|t| t.kind) {
            Some(TokenKind::Char(b')')) => true,
            Some(TokenKind::Keyword(k)) => {
                matches!(k, Union | Intersect | Except | Order | Limit | Offset | Fetch | For)
            }
            _ => false,
        }
    }

    /// The token that closes the parenthesis at token `open`; the last token if none does.
    fn closing_paren(&mut self, open: usize) -> usize {
        if self.closing.is_empty() {
            self.match_parens();
        }
        self.closing[open] as usize
    }

    fn match_parens(&mut self) {
        let last = self.tokens.len() - 1;
        self.closing = vec![last as u32; self.tokens.len()];
        let mut open = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Char(b'(') => open.push(at),
                TokenKind::Char(b')') => {
                    if let Some(start) = open.pop() {
                        self.closing[start] = at as u32;
                    }
                }
                _ => {}
            }
        }
    }
}
