//! Reading JSON text, with PostgreSQL's messages.

use report::{Error, Result, SqlState};

/// Deepest nesting of arrays and objects: each level takes stack when a value is read, printed and dropped.
const DEPTH_MAX: u32 = 1000;

/// A value and where in the text it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a value is. Strings are empty if the parser was not asked to decode them.
#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number,
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Reads a text, decoding its strings.
///
/// Errors: 22P02, 22P05.
pub(crate) fn parse(text: &str) -> Result<Node> {
    Parser::new(text, true).document()
}

/// Checks that a text is JSON.
///
/// Errors: 22P02.
pub(crate) fn check(text: &str) -> Result<()> {
    Parser::new(text, false).document().map(drop)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    String,
    Number,
    True,
    False,
    Null,
    Punctuation(u8),
    End,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    decode: bool,
    line: u32,
    line_start: usize,
    token: Token,
    token_start: usize,
    token_end: usize,
    /// The decoded text of a string token.
    string: String,
    depth: u32,
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, decode: bool) -> Parser<'a> {
        Parser {
            text,
            bytes: text.as_bytes(),
            decode,
            line: 1,
            line_start: 0,
            token: Token::End,
            token_start: 0,
            token_end: 0,
            string: String::new(),
            depth: 0,
        }
    }

    fn document(mut self) -> Result<Node> {
        self.advance()?;
        let node = self.value()?;
        match self.token {
            Token::End => Ok(node),
            _ => Err(self.expected("end of input")),
        }
    }

    fn value(&mut self) -> Result<Node> {
        let (start, end) = (self.token_start, self.token_end);
        let kind = match self.token {
            Token::Punctuation(b'{') => return self.object(),
            Token::Punctuation(b'[') => return self.array(),
            Token::String => Kind::String(std::mem::take(&mut self.string)),
            Token::Number => Kind::Number,
            Token::True => Kind::Bool(true),
            Token::False => Kind::Bool(false),
            Token::Null => Kind::Null,
            _ => return Err(self.expected("JSON value")),
        };
        self.advance()?;
        Ok(Node { start, end, kind })
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        Ok(())
    }

    fn array(&mut self) -> Result<Node> {
        self.enter()?;
        let (start, mut items) = (self.token_start, Vec::new());
        self.advance()?;
        if self.token != Token::Punctuation(b']') {
            items.push(self.value()?);
            while self.token == Token::Punctuation(b',') {
                self.advance()?;
                items.push(self.value()?);
            }
        }
        if self.token != Token::Punctuation(b']') {
            return Err(self.expected("\",\" or \"]\""));
        }
        self.leave(start, Kind::Array(items))
    }

    fn leave(&mut self, start: usize, kind: Kind) -> Result<Node> {
        let end = self.token_end;
        self.depth -= 1;
        self.advance()?;
        Ok(Node { start, end, kind })
    }

    fn object(&mut self) -> Result<Node> {
        self.enter()?;
        let (start, mut fields) = (self.token_start, Vec::new());
        self.advance()?;
        match self.token {
            Token::String => {
                fields.push(self.field()?);
                while self.token == Token::Punctuation(b',') {
                    self.advance()?;
                    if self.token != Token::String {
                        return Err(self.expected("string"));
                    }
                    fields.push(self.field()?);
                }
            }
            Token::Punctuation(b'}') => {}
            _ => return Err(self.expected("string or \"}\"")),
        }
        if self.token != Token::Punctuation(b'}') {
            return Err(self.expected("\",\" or \"}\""));
        }
        self.leave(start, Kind::Object(fields))
    }

    fn field(&mut self) -> Result<(String, Node)> {
        let name = std::mem::take(&mut self.string);
        self.advance()?;
        if self.token != Token::Punctuation(b':') {
            return Err(self.expected("\":\""));
        }
        self.advance()?;
        Ok((name, self.value()?))
    }

    fn advance(&mut self) -> Result<()> {
        let mut at = self.token_end;
        while let Some(b @ (b' ' | b'\t' | b'\n' | b'\r')) = self.bytes.get(at) {
            at += 1;
            if *b == b'\n' {
                self.line += 1;
                self.line_start = at;
            }
        }
        self.token_start = at;
        let Some(&first) = self.bytes.get(at) else {
            (self.token, self.token_end) = (Token::End, at);
            return Ok(());
        };
        match first {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                (self.token, self.token_end) = (Token::Punctuation(first), at + 1);
                Ok(())
            }
            b'"' => self.string_token(),
            b'-' | b'0'..=b'9' => self.number_token(),
            _ => self.word_token(),
        }
    }

    fn word_token(&mut self) -> Result<()> {
        let start = self.token_start;
        let length = self.bytes[start..].iter().take_while(|b| is_word(**b)).count();
        self.token_end = start + length.max(self.char_width(start));
        self.token = match &self.text[start..self.token_end] {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            _ => return Err(self.invalid_token()),
        };
        Ok(())
    }

    fn char_width(&self, at: usize) -> usize {
        self.text[at..].chars().next().map_or(0, char::len_utf8)
    }

    fn number_token(&mut self) -> Result<()> {
        let mut at = self.token_start;
        let digits = |at: usize| self.bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if self.bytes[at] == b'-' {
            at += 1;
        }
        let whole = digits(at);
        let mut good = whole == 1 || (whole > 1 && self.bytes[at] != b'0');
        at += if whole > 1 && !good { 1 } else { whole };
        if good && self.bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            good = fraction > 0;
            at += 1 + fraction;
        }
        if good && matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(self.bytes.get(at), Some(b'+' | b'-')));
            let exponent = digits(at);
            good = exponent > 0;
            at += exponent;
        }
        let trailing = self.bytes[at..].iter().take_while(|b| is_word(**b)).count();
        self.token_end = at + trailing;
        self.token = Token::Number;
        if good && trailing == 0 { Ok(()) } else { Err(self.invalid_token()) }
    }

    fn string_token(&mut self) -> Result<()> {
        self.token = Token::String;
        self.string.clear();
        let mut at = self.token_start + 1;
        let mut high: Option<u32> = None;
        loop {
            let Some(&b) = self.bytes.get(at) else {
                self.token_end = at;
                return Err(self.invalid_token());
            };
            if b < 0x20 {
                self.token_end = at;
                return Err(self.fail(format!("Character with value 0x{b:02x} must be escaped.")));
            }
            if high.is_some() && !(b == b'\\' && self.bytes.get(at + 1) == Some(&b'u')) {
                self.token_end = at + if b == b'\\' { 2 } else { self.char_width(at) };
                return Err(self.fail("Unicode low surrogate must follow a high surrogate."));
            }
            match b {
                b'"' => break,
                b'\\' => at = self.escape(at + 1, &mut high)?,
                _ => {
                    let run = self.bytes[at..].iter().take_while(|b| **b >= 0x20 && !matches!(b, b'"' | b'\\')).count();
                    if self.decode {
                        self.string.push_str(&self.text[at..at + run]);
                    }
                    at += run;
                }
            }
        }
        self.token_end = at + 1;
        Ok(())
    }

    /// Reads the escape whose letter is at `at`; the place after it.
    fn escape(&mut self, at: usize, high: &mut Option<u32>) -> Result<usize> {
        let Some(&letter) = self.bytes.get(at) else {
            self.token_end = at;
            return Err(self.invalid_token());
        };
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(at + 1, high),
            _ => {
                self.token_end = at + self.char_width(at);
                let shown = self.text[at..self.token_end].to_owned();
                return Err(self.fail(format!("Escape sequence \"\\{shown}\" is invalid.")));
            }
        };
        if self.decode {
            self.string.push(plain);
        }
        Ok(at + 1)
    }

    fn unicode_escape(&mut self, at: usize, high: &mut Option<u32>) -> Result<usize> {
        let mut code = 0;
        for i in at..at + 4 {
            let Some(&b) = self.bytes.get(i) else {
                self.token_end = i;
                return Err(self.invalid_token());
            };
            let Some(digit) = char::from(b).to_digit(16) else {
                self.token_end = i + self.char_width(i);
                return Err(self.fail("\"\\u\" must be followed by four hexadecimal digits."));
            };
            code = code * 16 + digit;
        }
        self.token_end = at + 4;
        if self.decode {
            self.push_code(code, high)?;
        }
        Ok(at + 4)
    }

    fn push_code(&mut self, code: u32, high: &mut Option<u32>) -> Result<()> {
        let code = match (high.take(), code) {
            (Some(_), 0xD800..=0xDBFF) => {
                return Err(self.fail("Unicode high surrogate must not follow a high surrogate."));
            }
            (None, 0xD800..=0xDBFF) => {
                *high = Some(code);
                return Ok(());
            }
            (Some(first), 0xDC00..=0xDFFF) => 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00),
            (Some(_), _) | (None, 0xDC00..=0xDFFF) => {
                return Err(self.fail("Unicode low surrogate must follow a high surrogate."));
            }
            (None, 0) => {
                return Err(Error::new(SqlState::UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence")
                    .detail("\\u0000 cannot be converted to text.")
                    .context(self.context()));
            }
            (None, plain) => plain,
        };
        self.string.push(char::from_u32(code).expect("surrogates were paired"));
        Ok(())
    }

    #[cold]
    fn fail(&self, detail: impl Into<String>) -> Error {
        Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json")
            .detail(detail)
            .context(self.context())
    }

    fn invalid_token(&self) -> Error {
        self.fail(format!("Token \"{}\" is invalid.", &self.text[self.token_start..self.token_end]))
    }

    fn expected(&self, what: &str) -> Error {
        if self.token == Token::End {
            return self.fail("The input string ended unexpectedly.");
        }
        let found = &self.text[self.token_start..self.token_end];
        self.fail(format!("Expected {what}, but found \"{found}\"."))
    }

    /// The line of the text that the error is in, up to the error, cut to about 50 bytes.
    fn context(&self) -> String {
        let end = self.token_end;
        let mut start = self.line_start;
        while end - start >= 50 {
            start += self.char_width(start);
        }
        if start - self.line_start <= 3 {
            start = self.line_start;
        }
        let before = if start > self.line_start { "..." } else { "" };
        let more = self.token != Token::End && !matches!(self.bytes.get(end), None | Some(b'\n' | b'\r'));
        let after = if more { "..." } else { "" };
        format!("JSON data, line {}: {before}{}{after}", self.line, &self.text[start..end])
    }
}

/// Appends a string in quotes with the escapes that JSON needs.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", c as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Details and contexts are PostgreSQL 15's.
    #[test]
    fn faults_are_told_as_in_postgres() {
        for (text, detail, context) in [
            ("{\"a\":1,}", "Expected string, but found \"}\".", "{\"a\":1,}"),
            ("{a:1}", "Token \"a\" is invalid.", "{a..."),
            ("[1,2", "The input string ended unexpectedly.", "[1,2"),
            ("\"abc", "Token \"\"abc\" is invalid.", "\"abc"),
            ("\"ab\\qc\"", "Escape sequence \"\\q\" is invalid.", "\"ab\\q..."),
            ("\"ab\\u12\"", "\"\\u\" must be followed by four hexadecimal digits.", "\"ab\\u12\""),
            ("\"\\ud800\"", "Unicode low surrogate must follow a high surrogate.", "\"\\ud800\""),
            ("\"\\udc00\"", "Unicode low surrogate must follow a high surrogate.", "\"\\udc00..."),
            ("\"\\ud800\\ud800\"", "Unicode high surrogate must not follow a high surrogate.", "\"\\ud800\\ud800..."),
            ("\"\\u0000\"", "\\u0000 cannot be converted to text.", "\"\\u0000..."),
            ("01", "Token \"01\" is invalid.", "01"),
            ("-", "Token \"-\" is invalid.", "-"),
            ("1.", "Token \"1.\" is invalid.", "1."),
            ("tru", "Token \"tru\" is invalid.", "tru"),
            ("1 2", "Expected end of input, but found \"2\".", "1 2"),
            ("", "The input string ended unexpectedly.", ""),
            ("[1,]", "Expected JSON value, but found \"]\".", "[1,]"),
            ("{\"a\"}", "Expected \":\", but found \"}\".", "{\"a\"}"),
            ("{1:2}", "Expected string or \"}\", but found \"1\".", "{1..."),
            ("[1 2]", "Expected \",\" or \"]\", but found \"2\".", "[1 2..."),
            ("{\"a\":1 \"b\"}", "Expected \",\" or \"}\", but found \"\"b\"\".", "{\"a\":1 \"b\"..."),
            ("\"a\nb\"", "Character with value 0x0a must be escaped.", "\"a"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.fields().detail.as_deref(), Some(detail), "{text}");
            assert_eq!(error.fields().context[0], format!("JSON data, line 1: {context}"), "{text}");
        }
        let long = format!("{{\"{}\":1, x}}", "a".repeat(66));
        let context = parse(&long).unwrap_err().fields().context[0].clone();
        assert_eq!(context, format!("JSON data, line 1: ...{}\":1, x...", "a".repeat(43)));
        assert!(check("\"\\ud800x\"").is_ok());
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert_eq!(check(&"[".repeat(100_000)).unwrap_err().code().as_str(), "54001");
    }
}
