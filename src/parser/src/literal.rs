//! Values of tokens: identifiers folded and truncated, strings unescaped, numbers.

use crate::ast::Pos;
use crate::lexer::{Token, TokenKind, continuation, dollar_tag, is_space};
use crate::options::{BackslashQuote, ParseOptions};
use base::NAME_BYTES_MAX;
use report::{Error, Result, Severity, SqlState, error};

/// An identifier's value: ASCII letters in lower case unless quoted, at most 63 bytes. The error is the notice about
/// truncation.
pub fn identifier(text: &str, token: Token, options: &ParseOptions) -> (String, Option<Error>) {
    let source = &text[token.start as usize..token.end as usize];
    let name = match token.kind {
        TokenKind::QuotedIdent => unquote(source),
        TokenKind::UnicodeIdent => {
            unicode(text, token.start as usize, token.end as usize, options).expect("the lexer has checked it")
        }
        _ => source.to_ascii_lowercase(),
    };
    truncate(name)
}

fn unquote(source: &str) -> String {
    let inner = &source[1..source.len() - 1];
    if inner.contains('"') { inner.replace("\"\"", "\"") } else { inner.to_owned() }
}

/// Cuts a name to 63 bytes at a character boundary, with the notice that says so.
fn truncate(mut name: String) -> (String, Option<Error>) {
    if name.len() <= NAME_BYTES_MAX {
        return (name, None);
    }
    let mut end = NAME_BYTES_MAX;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let message = format!("identifier \"{name}\" will be truncated to \"{}\"", &name[..end]);
    let notice = Error::with_severity(Severity::Notice, SqlState::NAME_TOO_LONG, message);
    name.truncate(end);
    (name, Some(notice))
}

/// The value of a string constant of any kind but bit strings.
pub fn string(text: &str, token: Token, options: &ParseOptions) -> String {
    let (start, end) = (token.start as usize, token.end as usize);
    match token.kind {
        TokenKind::DollarString => {
            let tag = dollar_tag(text.as_bytes(), start).expect("the lexer has found it");
            text[tag..end - (tag - start)].to_owned()
        }
        TokenKind::EscapeString => unescape(text, start, end, options).expect("the lexer has checked it").0,
        TokenKind::UnicodeString => unicode(text, start, end, options).expect("the lexer has checked it"),
        _ => plain(text, start + 1, end),
    }
}

/// A bit string's value: its letter, then its digits.
pub fn bit_string(text: &str, token: Token) -> String {
    let letter = if token.kind == TokenKind::BitString { "b" } else { "x" };
    letter.to_owned() + &plain(text, token.start as usize + 2, token.end as usize)
}

/// The characters of a string whose text starts at `from`, quotes undoubled and continued lines joined.
fn plain(text: &str, from: usize, end: usize) -> String {
    let bytes = text.as_bytes();
    if !bytes[from..end - 1].contains(&b'\'') {
        return text[from..end - 1].to_owned();
    }
    let mut value = String::with_capacity(end - from);
    let mut at = from;
    while at < end - 1 {
        let stop = at + bytes[at..end].iter().position(|b| *b == b'\'').expect("a quote ends the token");
        value.push_str(&text[at..stop]);
        if bytes.get(stop + 1) == Some(&b'\'') && stop + 1 < end {
            value.push('\'');
            at = stop + 2;
        } else if let Some(next) = continuation(bytes, stop + 1).filter(|next| *next < end) {
            at = next;
        } else {
            at = end;
        }
    }
    value
}

fn at_byte(error: Error, text: &str, at: usize) -> Error {
    error.at(Pos(at as u32).characters(text).unwrap_or(1))
}

fn near(text: &str, at: usize, end: usize, message: &str) -> Error {
    crate::lexer::error_near(text, at, end, message)
}

/// The value of an escape string, and the kind of its first escape, for the warning: `\\`, `\'` or another.
pub(crate) fn unescape(text: &str, start: usize, end: usize, options: &ParseOptions) -> Result<(String, Option<u8>)> {
    let mut state = Unescape { text, bytes: text.as_bytes(), end, options, value: Vec::new(), first: None, raw: false };
    state.value.reserve(end - start);
    let opening = text.as_bytes()[start..].iter().position(|b| *b == b'\'').expect("a quote starts the string");
    let mut at = start + opening + 1;
    while at < end - 1 {
        at = state.step(at)?;
    }
    let first = state.first;
    Ok((state.finish()?, first))
}

struct Unescape<'a> {
    text: &'a str,
    bytes: &'a [u8],
    end: usize,
    options: &'a ParseOptions,
    value: Vec<u8>,
    first: Option<u8>,
    raw: bool,
}

impl Unescape<'_> {
    /// Takes one character, escape or continuation; returns where the next one starts.
    fn step(&mut self, at: usize) -> Result<usize> {
        match self.bytes[at] {
            b'\\' if at + 1 < self.end => self.escape(at),
            b'\'' if self.bytes.get(at + 1) == Some(&b'\'') => {
                self.value.push(b'\'');
                Ok(at + 2)
            }
            b'\'' => Ok(continuation(self.bytes, at + 1).unwrap_or(self.end)),
            other => {
                self.value.push(other);
                Ok(at + 1)
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<usize> {
        let byte = self.bytes[at + 1];
        self.first.get_or_insert(byte);
        match byte {
            b'0'..=b'7' => Ok(self.octal(at + 1)),
            b'x' if self.hex_digits(at + 2, 2) > 0 => Ok(self.hexadecimal(at + 2)),
            b'u' | b'U' => self.code_point(at),
            b'\'' if self.options.backslash_quote == BackslashQuote::Off => Err(self.unsafe_quote(at)),
            _ => {
                self.value.push(match byte {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    other => other,
                });
                Ok(at + 2)
            }
        }
    }

    #[cold]
    fn unsafe_quote(&self, at: usize) -> Error {
        let opening = self.bytes[..at].iter().rposition(|b| *b == b'\'').unwrap_or(at);
        let start = if opening > 0 && matches!(self.bytes[opening - 1], b'e' | b'E') { opening - 1 } else { opening };
        let error = error!(NONSTANDARD_USE_OF_ESCAPE_CHARACTER, "unsafe use of \\' in a string literal")
            .hint("Use '' to write quotes in strings. \\' is insecure in client-only encodings.");
        at_byte(error, self.text, start)
    }

    fn hex_digits(&self, at: usize, most: usize) -> usize {
        self.bytes[at..self.end].iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count()
    }

    fn push_raw(&mut self, byte: u8) {
        self.raw |= byte == 0 || byte >= 0x80;
        self.value.push(byte);
    }

    fn octal(&mut self, at: usize) -> usize {
        let count = self.bytes[at..self.end].iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
        let value = u32::from_str_radix(&self.text[at..at + count], 8).expect("they are digits");
        self.push_raw(value as u8);
        at + count
    }

    fn hexadecimal(&mut self, at: usize) -> usize {
        let count = self.hex_digits(at, 2);
        let value = u32::from_str_radix(&self.text[at..at + count], 16).expect("they are digits");
        self.push_raw(value as u8);
        at + count
    }

    /// `\uXXXX` or `\UXXXXXXXX`, or a pair of them that makes one character.
    fn code_point(&mut self, at: usize) -> Result<usize> {
        let (first, mut next) = self.code_unit(at)?;
        let mut code = first;
        if (0xDC00..0xE000).contains(&first) {
            return Err(near(self.text, at, next, "invalid Unicode surrogate pair"));
        }
        if (0xD800..0xDC00).contains(&first) {
            if !(self.bytes[next] == b'\\' && matches!(self.bytes.get(next + 1), Some(b'u' | b'U'))) {
                return Err(near(self.text, next, next + 1, "invalid Unicode surrogate pair"));
            }
            let (second, after) = self.code_unit(next)?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(near(self.text, next, after, "invalid Unicode surrogate pair"));
            }
            code = 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
            next = after;
        }
        self.push_char(code, at, next)?;
        Ok(next)
    }

    fn code_unit(&self, at: usize) -> Result<(u32, usize)> {
        let digits = if self.bytes[at + 1] == b'u' { 4 } else { 8 };
        if self.hex_digits(at + 2, digits) < digits {
            let error = error!(INVALID_ESCAPE_SEQUENCE, "invalid Unicode escape")
                .hint("Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
            return Err(at_byte(error, self.text, at));
        }
        let next = at + 2 + digits;
        let code = u32::from_str_radix(&self.text[at + 2..next], 16).expect("they are digits");
        Ok((code, next))
    }

    fn push_char(&mut self, code: u32, at: usize, next: usize) -> Result<()> {
        let valid = char::from_u32(code).filter(|c| *c != '\0');
        let Some(c) = valid else {
            return Err(near(self.text, at, next, "invalid Unicode escape value"));
        };
        self.value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn finish(self) -> Result<String> {
        if self.raw
            && let Some(zero) = self.value.iter().position(|b| *b == 0)
            && std::str::from_utf8(&self.value[..zero]).is_ok()
        {
            return Err(invalid_bytes(&[0]));
        }
        String::from_utf8(self.value).map_err(|e| {
            let bad = &e.as_bytes()[e.utf8_error().valid_up_to()..];
            invalid_bytes(&bad[..sequence_length(bad[0]).min(bad.len())])
        })
    }
}

/// How long a UTF-8 sequence that starts with this byte would be.
fn sequence_length(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    }
}

#[cold]
fn invalid_bytes(bytes: &[u8]) -> Error {
    let hex: Vec<String> = bytes.iter().map(|b| format!("0x{b:02x}")).collect();
    error!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": {}", hex.join(" "))
}

/// The character that a UESCAPE clause names, if it may be one.
pub(crate) fn uescape_char(text: &str, token: Token, options: &ParseOptions) -> Option<u8> {
    let value = string(text, token, options);
    match value.as_bytes() {
        [c] if !c.is_ascii_hexdigit() && !matches!(c, b'+' | b'\'' | b'"') && !is_space(*c) => Some(*c),
        _ => None,
    }
}

/// The value of `U&'...'` or `U&"..."`, whose UESCAPE clause, if any, is within the range.
pub(crate) fn unicode(text: &str, start: usize, end: usize, options: &ParseOptions) -> Result<String> {
    let quote = text.as_bytes()[start + 2];
    let (body, close) = unicode_body(text, start, end, quote);
    let escape = uescape_within(text, close, end, options);
    decode_unicode(text, &body, escape, start + 3)
}

/// The text between the quotes, and where it ends.
fn unicode_body(text: &str, start: usize, end: usize, quote: u8) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut at = start + 3;
    while at < end {
        if bytes[at] == quote {
            if bytes.get(at + 1) == Some(&quote) {
                at += 1;
            } else if quote == b'\''
                && let Some(next) = continuation(bytes, at + 1)
            {
                at = next;
                continue;
            } else {
                break;
            }
        }
        at += 1;
    }
    let close = at + 1;
    let body = if quote == b'"' { unquote(&text[start + 2..close]) } else { plain(text, start + 3, close) };
    (body, close)
}

fn uescape_within(text: &str, close: usize, end: usize, options: &ParseOptions) -> u8 {
    if close >= end {
        return b'\\';
    }
    let mut lexer = crate::lexer::Lexer::new(&text[close..end], options);
    lexer.next_token();
    let token = lexer.next_token();
    uescape_char(&text[close..end], token, options).unwrap_or(b'\\')
}

/// Resolves the escapes of `body`, whose first byte stands at `offset` of the text as far as messages are concerned.
fn decode_unicode(text: &str, body: &str, escape: u8, offset: usize) -> Result<String> {
    let bytes = body.as_bytes();
    let pair_error = |at: usize| at_byte(error!(SYNTAX_ERROR, "invalid Unicode surrogate pair"), text, offset + at);
    let mut value = String::with_capacity(body.len());
    let mut pair: Option<u32> = None;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != escape {
            if pair.is_some() {
                return Err(pair_error(at));
            }
            let c = body[at..].chars().next().expect("not at the end");
            value.push(c);
            at += c.len_utf8();
        } else if bytes.get(at + 1) == Some(&escape) {
            if pair.is_some() {
                return Err(pair_error(at));
            }
            value.push(escape as char);
            at += 2;
        } else {
            let (unit, next) = unicode_unit(text, body, at, offset)?;
            let low = (0xDC00..0xE000).contains(&unit);
            let code = match (pair.take(), low) {
                (Some(high), true) => 0x10000 + ((high & 0x3FF) << 10) + (unit & 0x3FF),
                (Some(_), false) | (None, true) => return Err(pair_error(at)),
                (None, false) => unit,
            };
            match char::from_u32(code) {
                Some(c) => value.push(c),
                None => pair = Some(code),
            }
            at = next;
        }
    }
    if pair.is_some() { Err(pair_error(at)) } else { Ok(value) }
}

/// The code of the escape at `at`: four digits, or a plus and six.
fn unicode_unit(text: &str, body: &str, at: usize, offset: usize) -> Result<(u32, usize)> {
    let bytes = body.as_bytes();
    let (from, count) = if bytes.get(at + 1) == Some(&b'+') { (at + 2, 6) } else { (at + 1, 4) };
    let digits = bytes.iter().skip(from).take(count).take_while(|b| b.is_ascii_hexdigit()).count();
    if digits < count {
        let error = error!(SYNTAX_ERROR, "invalid Unicode escape").hint("Unicode escapes must be \\XXXX or \\+XXXXXX.");
        return Err(at_byte(error, text, offset + at));
    }
    let code = u32::from_str_radix(&body[from..from + count], 16).expect("they are digits");
    if code == 0 || code > 0x10FFFF {
        return Err(at_byte(error!(SYNTAX_ERROR, "invalid Unicode escape value"), text, offset + at));
    }
    Ok((code, from + count))
}
