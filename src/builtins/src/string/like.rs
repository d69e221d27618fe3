//! LIKE, ILIKE, and the translation of ESCAPE clauses and SIMILAR TO patterns.

use super::case::{CaseRules, case_rules, lower, lower_char};
use report::{Error, Result, bail, error};

/// How a match ended.
#[derive(PartialEq, Eq)]
enum Outcome {
    Match,
    NoMatch,
    /// The text ended first: no later start can match either.
    Exhausted,
}

/// What one pattern language does with characters: bytes, characters, or characters without case.
trait Alphabet: Copy {
    /// The number of bytes of the first character.
    fn width(self, text: &[u8]) -> usize;
    /// The bytes (from the first) are the same character.
    fn same(self, text: &[u8], pattern: &[u8]) -> bool;
}

#[derive(Clone, Copy)]
struct ByteWise;

impl Alphabet for ByteWise {
    fn width(self, _text: &[u8]) -> usize {
        1
    }
    fn same(self, text: &[u8], pattern: &[u8]) -> bool {
        text[0] == pattern[0]
    }
}

/// UTF-8: matching byte by byte is right but for `_`, which takes a whole character.
#[derive(Clone, Copy)]
struct CharWise;

impl Alphabet for CharWise {
    fn width(self, text: &[u8]) -> usize {
        match text[0] {
            0..=0xBF => 1,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        }
    }
    fn same(self, text: &[u8], pattern: &[u8]) -> bool {
        text[0] == pattern[0]
    }
}

#[cold]
fn dangling_escape() -> Error {
    error!(INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")
}

fn matches<A: Alphabet>(mut text: &[u8], mut pattern: &[u8], alphabet: A) -> Result<Outcome> {
    // A pattern of one % matches anything.
    if pattern == b"%" {
        return Ok(Outcome::Match);
    }
    while !text.is_empty() && !pattern.is_empty() {
        match pattern[0] {
            b'\\' => {
                pattern = &pattern[1..];
                if pattern.is_empty() {
                    return Err(dangling_escape());
                }
                if !alphabet.same(text, pattern) {
                    return Ok(Outcome::NoMatch);
                }
                (text, pattern) = (&text[1..], &pattern[1..]);
            }
            b'%' => return match_after_percent(text, &pattern[1..], alphabet),
            b'_' => (text, pattern) = (&text[alphabet.width(text).min(text.len())..], &pattern[1..]),
            _ if !alphabet.same(text, pattern) => return Ok(Outcome::NoMatch),
            _ => (text, pattern) = (&text[1..], &pattern[1..]),
        }
    }
    if !text.is_empty() {
        return Ok(Outcome::NoMatch);
    }
    let rest = pattern.iter().position(|b| *b != b'%').unwrap_or(pattern.len());
    Ok(if rest == pattern.len() { Outcome::Match } else { Outcome::Exhausted })
}

/// `pattern` follows a %: tries it at each later place of the text where its first character can match.
fn match_after_percent<A: Alphabet>(mut text: &[u8], mut pattern: &[u8], alphabet: A) -> Result<Outcome> {
    loop {
        match pattern.first() {
            Some(b'%') => pattern = &pattern[1..],
            Some(b'_') if text.is_empty() => return Ok(Outcome::Exhausted),
            Some(b'_') => (text, pattern) = (&text[alphabet.width(text).min(text.len())..], &pattern[1..]),
            _ => break,
        }
    }
    let first = match pattern {
        [] => return Ok(Outcome::Match),
        [b'\\'] => return Err(dangling_escape()),
        [b'\\', rest @ ..] => rest,
        other => other,
    };
    while !text.is_empty() {
        if alphabet.same(text, first) {
            let outcome = matches(text, pattern, alphabet)?;
            if outcome != Outcome::NoMatch {
                return Ok(outcome);
            }
        }
        text = &text[alphabet.width(text).min(text.len())..];
    }
    Ok(Outcome::Exhausted)
}

/// `text LIKE pattern`.
pub(crate) fn like(text: &[u8], pattern: &[u8]) -> Result<bool> {
    Ok(matches(text, pattern, CharWise)? == Outcome::Match)
}

fn like_bytes(text: &[u8], pattern: &[u8]) -> Result<bool> {
    Ok(matches(text, pattern, ByteWise)? == Outcome::Match)
}

/// `text ILIKE pattern`.
fn ilike(text: &str, pattern: &str, rules: CaseRules) -> Result<bool> {
    let folded: String = pattern.chars().map(|c| lower_char(c, rules)).collect();
    like(lower(text, rules).as_bytes(), folded.as_bytes())
}

/// The pattern rewritten to use backslash instead of `escape`; an empty escape means there is none.
fn like_escape(pattern: &str, escape: &str) -> Result<String> {
    let mut chars = escape.chars();
    let escape = match (chars.next(), chars.next()) {
        (None, _) => return Ok(pattern.replace('\\', "\\\\")),
        (Some('\\'), None) => return Ok(pattern.to_owned()),
        (Some(c), None) => c,
        _ => return Err(bad_escape()),
    };
    let mut out = String::with_capacity(pattern.len());
    let mut after_escape = false;
    for c in pattern.chars() {
        if c == escape && !after_escape {
            out.push('\\');
            after_escape = true;
        } else if c == '\\' {
            out.push('\\');
            if !after_escape {
                out.push('\\');
            }
            after_escape = false;
        } else {
            out.push(c);
            after_escape = false;
        }
    }
    Ok(out)
}

#[cold]
fn bad_escape() -> Error {
    error!(INVALID_ESCAPE_SEQUENCE, "invalid escape string").hint("Escape string must be empty or one character.")
}

fn like_escape_bytes(pattern: &[u8], escape: &[u8]) -> Result<Vec<u8>> {
    let latin = |bytes: &[u8]| bytes.iter().map(|b| char::from(*b)).collect::<String>();
    let out = like_escape(&latin(pattern), &latin(escape))?;
    Ok(out.chars().map(|c| c as u8).collect())
}

/// A SIMILAR TO pattern as a regular expression. `None` is no escape character.
///
/// Errors: 22019 if the escape is longer than a character, 2200C for more than two escape-double-quote separators.
pub(crate) fn similar_to_regex(pattern: &str, escape: &str) -> Result<String> {
    let mut escape_chars = escape.chars();
    let escape = match (escape_chars.next(), escape_chars.next()) {
        (first, None) => first,
        _ => {
            return Err(error!(INVALID_ESCAPE_SEQUENCE, "invalid escape string")
                .hint("Escape string must be empty or one character."));
        }
    };
    let mut out = String::from("^(?:");
    let (mut after_escape, mut quotes, mut class) = (false, 0, CharacterClass::default());
    for c in pattern.chars() {
        if after_escape {
            if c == '"' && class.depth == 0 {
                match quotes {
                    0 => out.push_str("){1,1}?("),
                    1 => out.push_str("){1,1}(?:"),
                    _ => bail!(
                        INVALID_USE_OF_ESCAPE_CHARACTER,
                        "SQL regular expression may not contain more than two escape-double-quote separators"
                    ),
                }
                quotes += 1;
            } else {
                out.push('\\');
                out.push(c);
                class.has_begun = true;
            }
            after_escape = false;
        } else if Some(c) == escape {
            after_escape = true;
        } else if class.depth > 0 {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            class.next(c);
        } else {
            similar_char(c, &mut out);
            if c == '[' {
                class = CharacterClass { depth: 1, ..CharacterClass::default() };
            }
        }
    }
    out.push_str(")$");
    Ok(out)
}

/// Where in a bracket expression a pattern is, as far as it takes to find its end.
#[derive(Default)]
struct CharacterClass {
    /// Open brackets; zero outside.
    depth: u32,
    /// A `^` came right after the bracket.
    is_negated: bool,
    /// Past the place where `]` is an element.
    has_begun: bool,
}

impl CharacterClass {
    fn next(&mut self, c: char) {
        match c {
            ']' if self.has_begun => self.depth -= 1,
            '[' => {
                self.depth += 1;
                self.has_begun = true;
            }
            '^' if !self.is_negated && !self.has_begun => self.is_negated = true,
            _ => self.has_begun = true,
        }
    }
}

fn similar_char(c: char, out: &mut String) {
    match c {
        '%' => out.push_str(".*"),
        '_' => out.push('.'),
        '(' => out.push_str("(?:"),
        '\\' | '.' | '^' | '$' => {
            out.push('\\');
            out.push(c);
        }
        other => out.push(other),
    }
}

builtins! {
    fn textlike(a: &[u8], pattern: &[u8]) -> bool { like(a, pattern)? }
    fn textnlike(a: &[u8], pattern: &[u8]) -> bool { !like(a, pattern)? }
    fn namelike(a: &[u8], pattern: &[u8]) -> bool { like(a, pattern)? }
    fn namenlike(a: &[u8], pattern: &[u8]) -> bool { !like(a, pattern)? }
    fn bytealike(a: &[u8], pattern: &[u8]) -> bool { like_bytes(a, pattern)? }
    fn byteanlike(a: &[u8], pattern: &[u8]) -> bool { !like_bytes(a, pattern)? }
    fn texticlike[cx](a: &str, pattern: &str) -> bool { ilike(a, pattern, case_rules(cx))? }
    fn texticnlike[cx](a: &str, pattern: &str) -> bool { !ilike(a, pattern, case_rules(cx))? }
    fn nameiclike[cx](a: &str, pattern: &str) -> bool { ilike(a, pattern, case_rules(cx))? }
    fn nameicnlike[cx](a: &str, pattern: &str) -> bool { !ilike(a, pattern, case_rules(cx))? }
    fn like_escape(pattern: &str, escape: &str) -> String { super::like_escape(pattern, escape)? }
    fn like_escape_bytea(pattern: &[u8], escape: &[u8]) -> Vec<u8> { like_escape_bytes(pattern, escape)? }
    fn similar_to_escape_1(pattern: &str) -> String { similar_to_regex(pattern, "\\")? }
    fn similar_to_escape_2(pattern: &str, escape: &str) -> String { similar_to_regex(pattern, escape)? }
    fn similar_escape(pattern: Option<&str>, escape: Option<&str>) -> Option<String> {
        match pattern {
            Some(pattern) => Some(similar_to_regex(pattern, escape.unwrap_or("\\"))?),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_matches() {
        for (text, pattern, expected) in [
            ("hawkeye", "h%", true),
            ("hawkeye", "H%", false),
            ("indio", "_ndio", true),
            ("indio", "in_o", false),
            ("i_dio", "i\\_d%", true),
            ("inxdio", "i\\_d%", false),
            ("foo", "_%", true),
            ("f", "__%", false),
            ("foo", "%____", false),
            ("jack", "%____%", true),
            ("", "%", true),
            ("", "", true),
            ("a", "", false),
            ("\u{e9}t\u{e9}", "_t_", true),
            ("abcbc", "%bc", true),
            ("be_r", "b_\\_%", true),
        ] {
            assert_eq!(like(text.as_bytes(), pattern.as_bytes()).unwrap(), expected, "{text} like {pattern}");
        }
        assert!(!like(b"a", b"a\\").unwrap_or(false));
        assert!(ilike("\u{c9}T\u{c9}", "\u{e9}%", CaseRules::Unicode).unwrap());
    }

    #[test]
    fn escapes() {
        assert_eq!(like_escape("a#%b\\", "#").unwrap(), "a\\%b\\\\");
        assert_eq!(similar_to_regex("a|b%(c)_.", "\\").unwrap(), "^(?:a|b.*(?:c).\\.)$");
    }
}
