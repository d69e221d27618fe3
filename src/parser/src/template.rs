//! A text with room for other literals: the quick way to see that a statement is one met before.
//!
//! A client's statements come from the same few places in its program, so that the next text is mostly one of the last ones with other
//! literals. A template is made of a text and its [`Shape`]: the pieces between the literals. A text that consists of the same
//! pieces, with literals of the same kinds between them, has the same shape, and that is seen without reading it token by token.
//!
//! Why that holds: the lexer goes from left to right, and in front of a literal it has read the same. A whole number ends where
//! something else than a digit comes; what comes is the same again, and templates are not made where it could belong to a number (`1.`, `1e`). A
//! string ends at the first quote that is not doubled; texts with doubled ones do not match. Where a sign would be part of another
//! operator, or of an expression, none matches.

use crate::shape::{Literal, LiteralKind, Shape};

/// See the module.
#[derive(Debug)]
pub struct Template {
    /// The piece in front of each literal.
    holes: Vec<Hole>,
    /// What comes behind the last literal.
    tail: Box<str>,
}

#[derive(Debug)]
struct Hole {
    before: Box<str>,
    kind: LiteralKind,
    takes_sign: bool,
}

/// A literal's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiteralValue<'a> {
    /// Of a whole number.
    Whole(i64),
    /// Of a string.
    String(&'a str),
}

impl Template {
    /// The template of a text, of which `shape` was taken. `None` if it has literals that take a closer look.
    pub fn of(text: &str, shape: &Shape) -> Option<Template> {
        let (mut holes, mut at) = (Vec::with_capacity(shape.literals().len()), 0);
        for literal in shape.literals() {
            let (before, behind) = (&text[at..literal.range.start], &text[literal.range.end..]);
            if !is_plain(literal, text, before, behind) {
                return None;
            }
            holes.push(Hole { before: before.into(), kind: literal.kind, takes_sign: literal.takes_sign });
            at = literal.range.end;
        }
        Some(Template { holes, tail: text[at..].into() })
    }

    /// Reads a text. False if it is another one; then some values may have been given to `take` in vain. So says `take`, too.
    pub fn read<'t>(&self, text: &'t str, mut take: impl FnMut(usize, LiteralValue<'t>) -> bool) -> bool {
        let mut rest = text;
        for (n, hole) in self.holes.iter().enumerate() {
            let Some(from) = rest.strip_prefix(&*hole.before) else { return false };
            let Some((value, behind)) = hole.value(from) else { return false };
            if !take(n, value) {
                return false;
            }
            rest = behind;
        }
        rest == &*self.tail
    }
}

impl Hole {
    /// The literal at the beginning of a text, and what comes behind it.
    fn value<'t>(&self, text: &'t str) -> Option<(LiteralValue<'t>, &'t str)> {
        if self.kind == LiteralKind::String {
            let inside = text.strip_prefix('\'')?;
            let (value, behind) = inside.split_at(inside.find('\'')?);
            return Some((LiteralValue::String(value), &behind[1..]));
        }
        let digits = if self.takes_sign { text.strip_prefix('-').unwrap_or(text) } else { text };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        // Eighteen digits fit in 64 bits.
        let value = (1..=18).contains(&count).then(|| digits.bytes().take(count).fold(0, append))?;
        let value = if digits.len() < text.len() { -value } else { value };
        let kind = if i32::try_from(value).is_ok() { LiteralKind::Int4 } else { LiteralKind::Int8 };
        (kind == self.kind).then(|| (LiteralValue::Whole(value), &digits[count..]))
    }
}

fn append(value: i64, digit: u8) -> i64 {
    value * 10 + i64::from(digit - b'0')
}

/// True if other literals in this one's place are read as the lexer would.
fn is_plain(literal: &Literal, text: &str, before: &str, behind: &str) -> bool {
    match literal.kind {
        // What is in front of a string may be part of it: X'..', and another string that it continues.
        LiteralKind::String => {
            !before.ends_with(|c: char| c.is_alphanumeric() || "_&$'\"".contains(c)) && !behind.starts_with('\'')
        }
        LiteralKind::Numeric => false,
        LiteralKind::Int4 | LiteralKind::Int8 => {
            let is_signed = text[literal.range.clone()].starts_with('-');
            let ends_there = !behind.starts_with(|c: char| c.is_alphanumeric() || "_.$".contains(c) || !c.is_ascii());
            ends_there && (literal.takes_sign || !is_signed) && !before.ends_with('.')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseOptions;
    use base::Prng;

    fn template(text: &str) -> Option<Template> {
        let mut shape = Shape::default();
        assert!(shape.take(text, &ParseOptions::default()), "{text}");
        Template::of(text, &shape)
    }

    fn values(template: &Template, text: &str) -> Option<Vec<String>> {
        let mut values = Vec::new();
        let matches = template.read(text, |_, value| {
            values.push(match value {
                LiteralValue::Whole(value) => value.to_string(),
                LiteralValue::String(value) => value.to_owned(),
            });
            true
        });
        matches.then_some(values)
    }

    #[test]
    fn other_literals_of_the_same_kinds_match() {
        let one = template("UPDATE t SET a = a + -5, b='x' WHERE id=7;").unwrap();
        assert_eq!(values(&one, "UPDATE t SET a = a + 12, b='' WHERE id=0042;").unwrap(), ["12", "", "42"]);
        assert_eq!(values(&one, "UPDATE t SET a = a + -2147483648, b='é' WHERE id=1;").unwrap()[0], "-2147483648");
        for other in [
            "UPDATE t SET a = a + 5000000000, b='x' WHERE id=7;",
            "UPDATE t SET a = a + 5, b='x' WHERE id=-7;",
            "UPDATE t SET a = a + 5, b='x''y' WHERE id=7;",
            "UPDATE t SET a = a + 5, b='x' WHERE id=7.5;",
            "UPDATE t SET a = a + 5, b='x' WHERE id=7",
            "UPDATE t SET a = a + , b='x' WHERE id=7;",
            "UPDATE t SET a = a + 5, b='x",
        ] {
            assert_eq!(values(&one, other), None, "{other}");
        }
    }

    #[test]
    fn a_sign_is_taken_only_where_it_is_one() {
        assert!(values(&template("select 1 where a =7").unwrap(), "select 1 where a =-7").is_none(), "an operator =-");
        assert!(values(&template("select a -7").unwrap(), "select a -8").is_some());
        assert!(template("select 1.5").is_none() && template("select 1 from t where a = 1.").is_none());
    }

    /// Whatever a template reads has its shape and its values by the long way too.
    #[test]
    fn what_matches_has_the_same_shape() {
        let texts = [
            "select a from t where b = 17 and c='x' and d in (-1, 2,3)",
            "UPDATE t SET a = a + -5, c = 'it' WHERE id=7;",
            "insert into t values (1,'a',-3), (4, 'b' , 5000000000) -- 7",
            "select 'a' || 'b', a-1, a -1, -1, t5.c from t5 limit 3 /* 8 */",
        ];
        let pieces = ["-", "'", "9", "0", ".", "e", "x", " ", "5000000000", "''", "--", "+", "", "$1", "E"];
        let (mut random, mut matched) = (Prng::new(7), 0);
        let (mut shape, mut other_shape) = (Shape::default(), Shape::default());
        for round in 0..20_000 {
            let text = texts[round % texts.len()];
            let template = template(text).expect("they have plain literals");
            let mut other = text.to_owned();
            for _ in 0..=random.next_u64() % 2 {
                let at = random.next_u64() as usize % other.len();
                let end = (at + random.next_u64() as usize % 3).min(other.len());
                other.replace_range(at..end, pieces[random.next_u64() as usize % pieces.len()]);
            }
            let Some(values) = values(&template, &other) else { continue };
            matched += 1;
            assert!(
                shape.take(text, &ParseOptions::default()) && other_shape.take(&other, &ParseOptions::default()),
                "{other}"
            );
            assert_eq!(shape.key(), other_shape.key(), "{text} / {other}");
            let number = |value: String| value.parse::<i64>().map_or(value, |value| value.to_string());
            let long_way: Vec<String> = other_shape.literals().iter().map(|l| number(l.text(&other))).collect();
            assert_eq!(values.into_iter().map(number).collect::<Vec<_>>(), long_way, "{text} / {other}");
        }
        assert!(matched > 500, "{matched}");
    }
}
