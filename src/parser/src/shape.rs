//! A statement without its literals: what statements that differ in nothing else have in common.
//!
//! The shape of `UPDATE t SET a = a + -5 WHERE id = 7` is that text with a mark for each literal, the sign of a negative number
//! included; [`Shape::lifted`] is the same statement with `$1`, `$2`, ... in their place. Whether that one means the same is
//! for the caller to find out, once for each shape: `ORDER BY 1` and `varchar(10)` cannot do without their literals.

use crate::keywords::Keyword;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::literal;
use crate::options::ParseOptions;
use base::NAME_BYTES_MAX;
use std::fmt::Write;
use std::ops::Range;

/// Longer texts have no shape. Unit: bytes.
const TEXT_BYTES_MAX: usize = 8192;

/// Texts with more literals have none either.
const LITERALS_MAX: usize = 100;

/// What type a literal has before anything is known of its surroundings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiteralKind {
    /// A number that fits in 32 bits.
    Int4,
    /// A whole number that fits in 64 bits.
    Int8,
    /// Any other number.
    Numeric,
    /// A string, of unknown type.
    String,
}

/// A literal of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal {
    /// Its kind.
    pub kind: LiteralKind,
    /// Where it stands in the text; a sign is part of it.
    pub range: Range<usize>,
    /// A number here may have a sign, and the lexer reads it as one.
    pub(crate) takes_sign: bool,
    token: Token,
}

impl Literal {
    /// Its value as text: a number with its sign, the inside of a string.
    pub fn text(&self, text: &str) -> String {
        match self.kind {
            LiteralKind::String => literal::string(text, self.token, &ParseOptions::default()),
            _ => {
                let sign = if self.range.start < self.token.start as usize { "-" } else { "" };
                [sign, &text[self.token.start as usize..self.token.end as usize]].concat()
            }
        }
    }
}

/// A statement's shape. A value to be used again and again: its buffers stay.
#[derive(Debug, Default)]
pub struct Shape {
    key: String,
    literals: Vec<Literal>,
}

impl Shape {
    /// Takes the shape of a text that is one SELECT, INSERT, UPDATE or DELETE. False if it is something else, or holds what
    /// a shape cannot tell: parameters, strings with escapes, names that will be cut.
    pub fn take(&mut self, text: &str, options: &ParseOptions) -> bool {
        self.key.clear();
        self.literals.clear();
        options.standard_conforming_strings && text.len() <= TEXT_BYTES_MAX && self.scan(text, options).is_some()
    }

    /// The text with a mark for each literal: equal for two texts that differ in literals of the same kinds alone.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The literals, in their order.
    pub fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// The text with `$1`, `$2`, ... for its literals.
    pub fn lifted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (n, literal) in self.literals.iter().enumerate() {
            out.push_str(&text[at..literal.range.start]);
            write!(out, "${}", n + 1).expect("a string takes all that is written");
            at = literal.range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    fn scan(&mut self, text: &str, options: &ParseOptions) -> Option<()> {
        let mut lexer = Lexer::new(text, options);
        let first = lexer.next_token();
        if !begins_query(first.kind) {
            return None;
        }
        let (mut before, mut last, mut copied) = (first, first, 0);
        loop {
            let token = lexer.next_token();
            match token.kind {
                TokenKind::End => break,
                TokenKind::Integer | TokenKind::Float | TokenKind::String => {
                    let signed = last.kind == TokenKind::Char(b'-') && wants_operand(before.kind);
                    let is_number = token.kind != TokenKind::String;
                    let start = if signed && is_number { last.start } else { token.start } as usize;
                    self.key.push_str(&text[copied..start]);
                    copied = token.end as usize;
                    let behind = if signed { before } else { last };
                    let stands_apart = text[..start].ends_with([' ', '\t', '\n', '(', ',']);
                    self.push(text, token, start..copied, stands_apart && wants_operand(behind.kind))?;
                }
                TokenKind::Char(b';') => {
                    if lexer.next_token().kind != TokenKind::End {
                        return None;
                    }
                    break;
                }
                TokenKind::Ident | TokenKind::QuotedIdent if (token.end - token.start) as usize > NAME_BYTES_MAX => {
                    return None;
                }
                kind if is_refused(kind) => return None,
                _ => {}
            }
            (before, last) = (last, token);
        }
        self.key.push_str(&text[copied..]);
        Some(())
    }

    fn push(&mut self, text: &str, token: Token, range: Range<usize>, takes_sign: bool) -> Option<()> {
        if self.literals.len() == LITERALS_MAX {
            return None;
        }
        let kind = kind_of(token.kind, &text[token.start as usize..range.end], range.start < token.start as usize);
        // No text holds a NUL: it cannot come in a message.
        self.key.push_str(match kind {
            LiteralKind::Int4 => "\0i",
            LiteralKind::Int8 => "\0l",
            LiteralKind::Numeric => "\0n",
            LiteralKind::String => "\0s",
        });
        self.literals.push(Literal { kind, range, takes_sign, token });
        Some(())
    }
}

fn kind_of(token: TokenKind, digits: &str, is_negative: bool) -> LiteralKind {
    if token == TokenKind::String {
        return LiteralKind::String;
    }
    let value = digits.parse::<i128>().ok().filter(|_| token == TokenKind::Integer);
    let value = value.map(|value| if is_negative { -value } else { value });
    match value {
        Some(value) if i32::try_from(value).is_ok() => LiteralKind::Int4,
        Some(value) if i64::try_from(value).is_ok() => LiteralKind::Int8,
        _ => LiteralKind::Numeric,
    }
}

fn begins_query(kind: TokenKind) -> bool {
    use Keyword as K;
    matches!(kind, TokenKind::Keyword(K::Select | K::Insert | K::Update | K::Delete | K::With | K::Values))
}

/// After this a minus is a sign.
fn wants_operand(kind: TokenKind) -> bool {
    use Keyword as K;
    use TokenKind as T;
    match kind {
        T::Char(c) => b"(,[+-*/%^<>=".contains(&c),
        T::Op | T::LessEquals | T::GreaterEquals | T::NotEquals => true,
        T::Keyword(word) => matches!(
            word,
            K::Select | K::Where | K::And | K::Or | K::Then | K::Else | K::When | K::Between | K::Returning | K::Limit
        ),
        _ => false,
    }
}

fn is_refused(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        kind,
        T::Error
            | T::Param
            | T::EscapeString
            | T::UnicodeString
            | T::UnicodeIdent
            | T::DollarString
            | T::BitString
            | T::HexString
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<(String, String, Vec<String>)> {
        let mut shape = Shape::default();
        if !shape.take(text, &ParseOptions::default()) {
            return None;
        }
        let values = shape.literals().iter().map(|literal| literal.text(text)).collect();
        Some((shape.key().replace('\0', "?"), shape.lifted(text), values))
    }

    #[test]
    fn literals_are_lifted_with_their_signs() {
        let text =
            "UPDATE t SET a = a + -5, b = b - 6, c = 'it''s' WHERE id=7 AND x IN (1.5, -2147483648, 5000000000);";
        let (key, lifted, values) = shape(text).unwrap();
        assert_eq!(key, "UPDATE t SET a = a + ?i, b = b - ?i, c = ?s WHERE id=?i AND x IN (?n, ?i, ?l);");
        assert_eq!(lifted, "UPDATE t SET a = a + $1, b = b - $2, c = $3 WHERE id=$4 AND x IN ($5, $6, $7);");
        assert_eq!(values, ["-5", "6", "it's", "7", "1.5", "-2147483648", "5000000000"]);
    }

    #[test]
    fn texts_that_differ_in_literals_share_a_shape() {
        let key = |text| shape(text).unwrap().0;
        assert_eq!(key("select a from t where b = 1"), key("select a from t where b = -200"));
        assert_ne!(key("select a from t where b = 1"), key("select a from t where b = '1'"));
        assert_ne!(key("select a from t where b = 1"), key("select a from t where b = 1.0"));
        assert_ne!(key("select a from t where b = 1"), key("select a from t where b = 10000000000"));
        assert_ne!(key("select a from t where b = 1"), key("select a from u where b = 1"));
    }

    #[test]
    fn names_and_comments_keep_their_digits() {
        assert_eq!(shape("select a1, \"2\" /* 3 */ from t4 -- 5").unwrap().2, Vec::<String>::new());
    }

    #[test]
    fn some_texts_have_no_shape() {
        for text in [
            "begin",
            "select $1",
            "select E'a'",
            "select U&'a'",
            "select $$a$$",
            "select B'1'",
            "select 1; select 2",
            "select 'a",
            "",
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
        assert_eq!(shape(&format!("select {}", "a".repeat(64))), None);
        assert_eq!(shape(&format!("select {}", "1,".repeat(200))), None);
        let old = ParseOptions { standard_conforming_strings: false, ..ParseOptions::default() };
        assert!(!Shape::default().take("select 1", &old));
    }
}
