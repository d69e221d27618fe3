//! Text to tokens, exactly as PostgreSQL 15 cuts it.
//!
//! A token is a kind and a range of bytes: nothing is copied or converted here, so that the lexer can also serve those
//! who only want to see a statement's shape. Values come from [`crate::literal`].
//!
//! An error is a token too ([`TokenKind::Error`]), always the last one: an earlier syntax error is then reported first,
//! as it is where the grammar pulls one token at a time.

use crate::keywords::Keyword;
use crate::literal;
use crate::options::ParseOptions;
use report::{Error, SqlState};

/// A token: what it is and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset behind its last byte.
    pub end: u32,
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// The end of the text.
    End,
    /// The lexer failed here.
    Error,
    /// An identifier, not quoted.
    Ident,
    /// `"identifier"`.
    QuotedIdent,
    /// `U&"identifier"`, with its UESCAPE if there is one.
    UnicodeIdent,
    /// A keyword.
    Keyword(Keyword),
    /// `$1`.
    Param,
    /// Digits.
    Integer,
    /// Digits with a point or an exponent.
    Float,
    /// `'...'` without escapes.
    String,
    /// `E'...'`, or any quoted string while `standard_conforming_strings` is off.
    EscapeString,
    /// `U&'...'`, with its UESCAPE if there is one.
    UnicodeString,
    /// `$tag$...$tag$`.
    DollarString,
    /// `B'...'`.
    BitString,
    /// `X'...'`.
    HexString,
    /// An operator of several characters, or of one that has no other meaning.
    Op,
    /// `::`.
    TypeCast,
    /// `..`.
    DotDot,
    /// `:=`.
    ColonEquals,
    /// `=>`.
    EqualsGreater,
    /// `<=`.
    LessEquals,
    /// `>=`.
    GreaterEquals,
    /// `<>` or `!=`.
    NotEquals,
    /// Any other character.
    Char(u8),
}

impl TokenKind {
    /// Whether it is a string constant.
    pub fn is_string(self) -> bool {
        use TokenKind::{DollarString, EscapeString, String, UnicodeString};
        matches!(self, String | EscapeString | UnicodeString | DollarString)
    }
}

/// Cuts a text into tokens.
pub struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    options: ParseOptions,
    error: Option<Error>,
}

/// Character classes, one bit each.
const IDENT_START: u8 = 1;
const IDENT: u8 = 2;
const OPERATOR: u8 = 4;
const SPACE: u8 = 8;
const SELF: u8 = 16;

static CLASS: [u8; 256] = {
    let mut class = [0u8; 256];
    let mut c = 0usize;
    while c < 256 {
        let b = c as u8;
        if b.is_ascii_alphabetic() || b >= 0x80 || b == b'_' {
            class[c] |= IDENT_START | IDENT;
        }
        if b.is_ascii_digit() || b == b'$' {
            class[c] |= IDENT;
        }
        c += 1;
    }
    let operators = b"~!@#^&|`?+-*/%<>=";
    let mut i = 0;
    while i < operators.len() {
        class[operators[i] as usize] |= OPERATOR;
        i += 1;
    }
    let singles = b",()[].;:+-*/%^<>=";
    i = 0;
    while i < singles.len() {
        class[singles[i] as usize] |= SELF;
        i += 1;
    }
    let spaces = b" \t\n\r\x0c";
    i = 0;
    while i < spaces.len() {
        class[spaces[i] as usize] |= SPACE;
        i += 1;
    }
    class
};

fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// White space as the lexer sees it: space, tab, newline, return, form feed.
pub fn is_space(byte: u8) -> bool {
    class(byte) & SPACE != 0
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`.
    pub fn new(text: &'a str, options: &ParseOptions) -> Lexer<'a> {
        Lexer { text, bytes: text.as_bytes(), at: 0, options: *options, error: None }
    }

    /// The error behind a token of kind [`TokenKind::Error`].
    pub fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// The next token. After the end, and after an error, it is the same one again.
    #[inline]
    pub fn next_token(&mut self) -> Token {
        if let Err(token) = self.skip_space() {
            return token;
        }
        let start = self.at;
        let Some(&first) = self.bytes.get(start) else {
            return self.token(TokenKind::End, start);
        };
        if class(first) & IDENT_START != 0 {
            return self.word(first);
        }
        match first {
            b'0'..=b'9' => self.number(),
            b'\'' => self.quoted(start, 1, self.plain_string_kind()),
            b'"' => self.quoted_ident(start, 1, TokenKind::QuotedIdent),
            b'$' => self.dollar(),
            b'.' => self.dot(),
            b':' => self.colon(),
            _ if class(first) & OPERATOR != 0 => self.operator(),
            _ => self.single(first),
        }
    }

    fn token(&mut self, kind: TokenKind, end: usize) -> Token {
        let start = self.at;
        self.at = end;
        Token { kind, start: start as u32, end: end as u32 }
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn single(&mut self, first: u8) -> Token {
        self.token(TokenKind::Char(first), self.at + 1)
    }

    fn plain_string_kind(&self) -> TokenKind {
        if self.options.standard_conforming_strings { TokenKind::String } else { TokenKind::EscapeString }
    }

    #[inline]
    fn skip_space(&mut self) -> Result<(), Token> {
        loop {
            let b = self.byte(self.at);
            if class(b) & SPACE != 0 {
                self.at += 1;
            } else if b == b'-' && self.byte(self.at + 1) == b'-' {
                self.at = self.line_end(self.at);
            } else if b == b'/' && self.byte(self.at + 1) == b'*' {
                self.at = self.comment_end(self.at)?;
            } else {
                return Ok(());
            }
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = &self.bytes[from..];
        from + rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len())
    }

    #[cold]
    fn comment_end(&mut self, start: usize) -> Result<usize, Token> {
        let mut depth = 0;
        let mut at = start;
        while at < self.bytes.len() {
            match (self.bytes[at], self.byte(at + 1)) {
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                _ => at += 1,
            }
        }
        Err(self.fail(start, self.bytes.len(), "unterminated /* comment"))
    }

    #[inline]
    fn word(&mut self, first: u8) -> Token {
        let start = self.at;
        match (first, self.byte(start + 1)) {
            (b'e' | b'E', b'\'') => return self.quoted(start, 2, TokenKind::EscapeString),
            (b'b' | b'B', b'\'') => return self.quoted(start, 2, TokenKind::BitString),
            (b'x' | b'X', b'\'') => return self.quoted(start, 2, TokenKind::HexString),
            // National strings are the keyword NCHAR and a plain string.
            (b'n' | b'N', b'\'') => return self.token(TokenKind::Keyword(Keyword::Nchar), start + 1),
            (b'u' | b'U', b'&') => match self.byte(start + 2) {
                b'\'' => return self.unicode_string(start),
                b'"' => return self.unicode_ident(start),
                _ => {}
            },
            _ => {}
        }
        let end = self.ident_end(start + 1);
        let kind = match Keyword::find(&self.bytes[start..end]) {
            Some(keyword) => TokenKind::Keyword(keyword),
            None => TokenKind::Ident,
        };
        self.token(kind, end)
    }

    #[inline]
    fn ident_end(&self, from: usize) -> usize {
        let mut end = from;
        while end < self.bytes.len() && class(self.bytes[end]) & IDENT != 0 {
            end += 1;
        }
        end
    }

    fn digits_end(&self, from: usize) -> usize {
        let mut end = from;
        while self.byte(end).is_ascii_digit() {
            end += 1;
        }
        end
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        let mut end = self.digits_end(start);
        let mut kind = TokenKind::Integer;
        // Two points are the range operator of PL/pgSQL, not a fraction.
        if self.byte(end) == b'.' {
            if self.byte(end + 1) == b'.' {
                return self.token(kind, end);
            }
            end = self.digits_end(end + 1);
            kind = TokenKind::Float;
        }
        self.number_tail(start, end, kind)
    }

    /// The exponent, and what must not follow a number.
    fn number_tail(&mut self, start: usize, mut end: usize, mut kind: TokenKind) -> Token {
        if matches!(self.byte(end), b'e' | b'E') {
            let signed = matches!(self.byte(end + 1), b'+' | b'-');
            let exponent = end + 1 + usize::from(signed);
            if self.byte(exponent).is_ascii_digit() {
                end = self.digits_end(exponent);
                kind = TokenKind::Float;
            } else if signed {
                return self.fail(start, exponent, "trailing junk after numeric literal");
            }
        }
        if class(self.byte(end)) & IDENT_START != 0 && end < self.bytes.len() {
            let junk = self.ident_end(end);
            return self.fail(start, junk, "trailing junk after numeric literal");
        }
        self.token(kind, end)
    }

    fn dot(&mut self) -> Token {
        let start = self.at;
        match self.byte(start + 1) {
            b'.' => self.token(TokenKind::DotDot, start + 2),
            b'0'..=b'9' => {
                let end = self.digits_end(start + 1);
                self.number_tail(start, end, TokenKind::Float)
            }
            _ => self.single(b'.'),
        }
    }

    fn colon(&mut self) -> Token {
        match self.byte(self.at + 1) {
            b':' => self.token(TokenKind::TypeCast, self.at + 2),
            b'=' => self.token(TokenKind::ColonEquals, self.at + 2),
            _ => self.single(b':'),
        }
    }

    fn operator(&mut self) -> Token {
        let start = self.at;
        let mut end = start + 1;
        // A comment may start within a run of operator characters; the operator ends there.
        while class(self.byte(end)) & OPERATOR != 0 && !self.starts_comment(end) {
            end += 1;
        }
        let text = self.trim_signs(&self.bytes[start..end]);
        end = start + text.len();
        let kind = match text {
            [one] if class(*one) & SELF != 0 => TokenKind::Char(*one),
            b"<=" => TokenKind::LessEquals,
            b">=" => TokenKind::GreaterEquals,
            b"<>" | b"!=" => TokenKind::NotEquals,
            b"=>" => TokenKind::EqualsGreater,
            _ => TokenKind::Op,
        };
        if text.len() > base::NAME_BYTES_MAX {
            return self.fail(start, end, "operator too long");
        }
        self.token(kind, end)
    }

    fn starts_comment(&self, at: usize) -> bool {
        matches!((self.byte(at), self.byte(at + 1)), (b'-', b'-') | (b'/', b'*'))
    }

    /// A trailing plus or minus is an operator of its own, unless a character before it has no place in the SQL
    /// standard's operators: `=-` is two operators, `@-` is one.
    fn trim_signs<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let mut len = text.len();
        if len > 1 && matches!(text[len - 1], b'+' | b'-') {
            let special = text[..len - 1]
                .iter()
                .any(|b| matches!(b, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%'));
            while !special && len > 1 && matches!(text[len - 1], b'+' | b'-') {
                len -= 1;
            }
        }
        &text[..len]
    }

    /// A string in single quotes whose opening quote ends at `start + skip`, continued lines included.
    fn quoted(&mut self, start: usize, skip: usize, kind: TokenKind) -> Token {
        let escapes = kind == TokenKind::EscapeString;
        let doubles = !matches!(kind, TokenKind::BitString | TokenKind::HexString);
        let mut at = start + skip;
        let mut escaped = false;
        loop {
            match self.bytes.get(at) {
                None => return self.fail(start, at, unterminated(kind)),
                Some(b'\'') if doubles && self.byte(at + 1) == b'\'' => at += 2,
                Some(b'\'') => match continuation(self.bytes, at + 1) {
                    Some(next) => at = next,
                    None => break,
                },
                Some(b'\\') if escapes => {
                    escaped = true;
                    at += 1 + usize::from(at + 1 < self.bytes.len());
                }
                Some(_) => at += 1,
            }
        }
        if escaped && let Err(error) = literal::unescape(self.text, start, at + 1, &self.options) {
            return self.fail_with(start, at + 1, error);
        }
        self.token(kind, at + 1)
    }

    fn quoted_ident(&mut self, start: usize, skip: usize, kind: TokenKind) -> Token {
        let mut at = start + skip;
        loop {
            match self.bytes.get(at) {
                None => return self.fail(start, at, "unterminated quoted identifier"),
                Some(b'"') if self.byte(at + 1) == b'"' => at += 2,
                Some(b'"') => break,
                Some(_) => at += 1,
            }
        }
        if at == start + skip {
            return self.fail(start, at + 1, "zero-length delimited identifier");
        }
        self.token(kind, at + 1)
    }

    #[cold]
    fn unicode_string(&mut self, start: usize) -> Token {
        if !self.options.standard_conforming_strings {
            let error =
                Error::new(SqlState::FEATURE_NOT_SUPPORTED, "unsafe use of string constant with Unicode escapes")
                    .detail(
                        "String constants with Unicode escapes cannot be used when standard_conforming_strings is off.",
                    )
                    .at(self.characters(start));
            return self.fail_with(start, start + 3, error);
        }
        let token = self.quoted(start, 3, TokenKind::UnicodeString);
        self.with_uescape(token)
    }

    #[cold]
    fn unicode_ident(&mut self, start: usize) -> Token {
        let token = self.quoted_ident(start, 3, TokenKind::UnicodeIdent);
        self.with_uescape(token)
    }

    /// Takes in `UESCAPE 'c'` after a string or identifier with Unicode escapes, and checks the escapes.
    fn with_uescape(&mut self, token: Token) -> Token {
        if token.kind == TokenKind::Error {
            return token;
        }
        let mut end = token.end as usize;
        let next = self.next_token();
        if next.kind == TokenKind::Keyword(Keyword::Uescape) {
            let third = self.next_token();
            if !third.kind.is_string() {
                return match third.kind {
                    TokenKind::Error => third,
                    _ => self.fail_at(third, "UESCAPE must be followed by a simple string literal"),
                };
            }
            if literal::uescape_char(self.text, third, &self.options).is_none() {
                return self.fail_at(third, "invalid Unicode escape character");
            }
            end = third.end as usize;
        }
        self.error = None;
        if let Err(error) = literal::unicode(self.text, token.start as usize, end, &self.options) {
            return self.fail_with(token.start as usize, end, error);
        }
        self.at = end;
        Token { end: end as u32, ..token }
    }

    fn dollar(&mut self) -> Token {
        let start = self.at;
        if self.byte(start + 1).is_ascii_digit() {
            let end = self.digits_end(start + 1);
            if class(self.byte(end)) & IDENT_START != 0 && end < self.bytes.len() {
                let junk = self.ident_end(end);
                return self.fail(start, junk, "trailing junk after parameter");
            }
            return self.token(TokenKind::Param, end);
        }
        let Some(tag_end) = dollar_tag(self.bytes, start) else {
            return self.single(b'$');
        };
        let tag = &self.bytes[start..tag_end];
        match find(&self.bytes[tag_end..], tag) {
            Some(found) => self.token(TokenKind::DollarString, tag_end + found + tag.len()),
            None => self.fail(start, self.bytes.len(), "unterminated dollar-quoted string"),
        }
    }

    fn characters(&self, at: usize) -> u32 {
        crate::ast::Pos(at as u32).characters(self.text).unwrap_or(1)
    }

    #[cold]
    fn fail(&mut self, start: usize, end: usize, message: &str) -> Token {
        let error = error_near(self.text, start, end, message);
        self.fail_with(start, end, error)
    }

    #[cold]
    fn fail_at(&mut self, token: Token, message: &str) -> Token {
        self.fail(token.start as usize, token.end as usize, message)
    }

    #[cold]
    fn fail_with(&mut self, start: usize, end: usize, error: Error) -> Token {
        self.error = Some(error);
        self.at = self.bytes.len();
        Token { kind: TokenKind::Error, start: start as u32, end: end as u32 }
    }
}

/// `message at or near "text"`, pointing there; `message at end of input` if the range is empty.
#[cold]
pub(crate) fn error_near(text: &str, start: usize, end: usize, message: &str) -> Error {
    let message = if start >= text.len() {
        format!("{message} at end of input")
    } else {
        let mut end = end.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        format!("{message} at or near \"{}\"", &text[start..end])
    };
    let position = crate::ast::Pos(start as u32).characters(text).unwrap_or(1);
    Error::new(SqlState::SYNTAX_ERROR, message).at(position)
}

fn unterminated(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::BitString => "unterminated bit string literal",
        TokenKind::HexString => "unterminated hexadecimal string literal",
        _ => "unterminated quoted string",
    }
}

/// Where the text of a string goes on after a closing quote that ends at `at`: behind the next quote, if only white
/// space with a newline in it stands between.
pub(crate) fn continuation(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut newline = false;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => {
                newline = true;
                at += 1;
            }
            b if is_space(*b) => at += 1,
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at += bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r'))?;
            }
            b'\'' if newline => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The end of the `$tag$` that starts at `start`, if there is one.
pub(crate) fn dollar_tag(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    if class(*bytes.get(at)?) & IDENT_START != 0 {
        while *bytes.get(at)? != b'$' {
            if class(bytes[at]) & IDENT == 0 {
                return None;
            }
            at += 1;
        }
    }
    (bytes.get(at) == Some(&b'$')).then_some(at + 1)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + haystack[from..].iter().position(|b| *b == b'$')?;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}
