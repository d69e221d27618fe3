//! text, varchar and bpchar: text and binary forms, length coercion, comparison.
//!
//! Strings compare by their bytes, which for UTF-8 is the order of code points: collation C. A bpchar is stored padded
//! with blanks to its declared length; the blanks at its end mean nothing to comparison and length.

use crate::io::sent;
use crate::wire::text_of;
use report::{Result, bail};
use tuple::Datum;

/// A bpchar without the blanks at its end.
pub(crate) fn unpadded(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Byte offset of character `count`, or of the end.
pub(crate) fn char_offset(text: &str, count: usize) -> usize {
    // No text has more characters than bytes.
    if count >= text.len() {
        return text.len();
    }
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

/// The declared length in a type modifier of varchar and bpchar, which counts a header of 4.
fn declared_length(type_mod: i32) -> Option<usize> {
    (type_mod >= 4).then(|| (type_mod - 4) as usize)
}

/// Cuts `text` to `length` characters: only blanks may go unless the cast is explicit.
fn cut<'a>(text: &'a str, length: usize, explicit: bool, type_name: &str) -> Result<&'a str> {
    let end = char_offset(text, length);
    if !explicit && text[end..].bytes().any(|b| b != b' ') {
        bail!(STRING_DATA_RIGHT_TRUNCATION, "value too long for type {type_name}({length})");
    }
    Ok(&text[..end])
}

/// A value for `varchar(n)`.
fn to_varchar(text: &str, type_mod: i32, explicit: bool) -> Result<&str> {
    match declared_length(type_mod) {
        Some(length) => cut(text, length, explicit, "character varying"),
        None => Ok(text),
    }
}

/// A value for `char(n)`: cut or padded.
pub(crate) fn to_bpchar(text: &str, type_mod: i32, explicit: bool) -> Result<String> {
    let Some(length) = declared_length(type_mod) else { return Ok(text.to_owned()) };
    if length >= 0x3fff_ffff {
        bail!(INTERNAL_ERROR, "invalid memory alloc request size {}", length + 4);
    }
    let text = cut(text, length, explicit, "character")?;
    let blanks = length.saturating_sub(text.chars().count());
    let mut value = Vec::with_capacity(text.len() + blanks);
    value.extend_from_slice(text.as_bytes());
    value.resize(text.len() + blanks, b' ');
    Ok(String::from_utf8(value).expect("blanks after text are text"))
}

/// Reads the `(n)` of a character type.
fn length_modifier(array: &Datum, type_name: &str) -> Result<i32> {
    let numbers = crate::array::cstrings(array)?;
    let [only] = numbers.as_slice() else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    let length = crate::int::parse_i32(only)?;
    if length < 1 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {type_name} must be at least 1");
    }
    if length > 10_485_760 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {type_name} cannot exceed 10485760");
    }
    Ok(length + 4)
}

fn print_length_modifier(type_mod: i32) -> String {
    declared_length(type_mod).map_or(String::new(), |length| format!("({length})"))
}

builtins! {
    fn textin(text: &Datum) -> Datum { text.clone() }
    fn textout(a: &Datum) -> Datum { a.clone() }
    fn textrecv(bytes: &[u8]) -> &str { text_of(bytes)? }
    fn textsend(a: &[u8]) -> Datum { sent(a) }
    fn unknownin(text: &Datum) -> Datum { text.clone() }
    fn unknownout(a: &Datum) -> Datum { a.clone() }
    fn unknownrecv(bytes: &[u8]) -> &str { text_of(bytes)? }
    fn unknownsend(a: &[u8]) -> Datum { sent(a) }
    fn cstring_in(text: &Datum) -> Datum { text.clone() }
    fn cstring_out(a: &Datum) -> Datum { a.clone() }
    fn cstring_recv(bytes: &[u8]) -> &str { text_of(bytes)? }
    fn cstring_send(a: &[u8]) -> Datum { sent(a) }
    fn void_in(text: &[u8]) -> () {}
    fn void_out(a: &Datum) -> &'static str { "" }
    fn void_recv(bytes: &[u8]) -> () {}
    fn void_send(a: &Datum) -> Datum { sent(b"") }
    fn varcharin(text: &str, element: base::Oid, type_mod: i32) -> &str { to_varchar(text, type_mod, false)? }
    fn varcharout(a: &Datum) -> Datum { a.clone() }
    fn varcharrecv(bytes: &[u8], element: base::Oid, type_mod: i32) -> &str {
        to_varchar(text_of(bytes)?, type_mod, false)?
    }
    fn varcharsend(a: &[u8]) -> Datum { sent(a) }
    fn varchar(a: &str, type_mod: i32, explicit: bool) -> &str { to_varchar(a, type_mod, explicit)? }
    fn varchartypmodin(list: &Datum) -> i32 { length_modifier(list, "varchar")? }
    fn varchartypmodout(type_mod: i32) -> String { print_length_modifier(type_mod) }
    fn bpcharin(text: &str, element: base::Oid, type_mod: i32) -> String { to_bpchar(text, type_mod, false)? }
    fn bpcharout(a: &Datum) -> Datum { a.clone() }
    fn bpcharrecv(bytes: &[u8], element: base::Oid, type_mod: i32) -> String {
        to_bpchar(text_of(bytes)?, type_mod, false)?
    }
    fn bpcharsend(a: &[u8]) -> Datum { sent(a) }
    fn bpchar(a: &str, type_mod: i32, explicit: bool) -> String { to_bpchar(a, type_mod, explicit)? }
    fn bpchartypmodin(list: &Datum) -> i32 { length_modifier(list, "char")? }
    fn bpchartypmodout(type_mod: i32) -> String { print_length_modifier(type_mod) }
    fn bttextcmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn bttext_pattern_cmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn bpcharcmp(a: &[u8], b: &[u8]) -> i32 { unpadded(a).cmp(unpadded(b)) as i32 }
    fn btbpchar_pattern_cmp(a: &[u8], b: &[u8]) -> i32 { unpadded(a).cmp(unpadded(b)) as i32 }
    fn text_larger(a: &Datum, b: &Datum) -> Datum {
        if a.as_bytes() > b.as_bytes() { a.clone() } else { b.clone() }
    }
    fn text_smaller(a: &Datum, b: &Datum) -> Datum {
        if a.as_bytes() < b.as_bytes() { a.clone() } else { b.clone() }
    }
    fn bpchar_larger(a: &Datum, b: &Datum) -> Datum {
        if unpadded(a.as_bytes()) >= unpadded(b.as_bytes()) { a.clone() } else { b.clone() }
    }
    fn bpchar_smaller(a: &Datum, b: &Datum) -> Datum {
        if unpadded(a.as_bytes()) <= unpadded(b.as_bytes()) { a.clone() } else { b.clone() }
    }
    fn text_starts_with(a: &[u8], b: &[u8]) -> bool { a.starts_with(b) }
    fn texteq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn textne(a: &[u8], b: &[u8]) -> bool { a != b }
    fn text_lt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn text_pattern_lt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn bpchar_pattern_lt(a: &[u8], b: &[u8]) -> bool { unpadded(a) < unpadded(b) }
    fn text_le(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn text_pattern_le(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn bpchar_pattern_le(a: &[u8], b: &[u8]) -> bool { unpadded(a) <= unpadded(b) }
    fn text_gt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn text_pattern_gt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn bpchar_pattern_gt(a: &[u8], b: &[u8]) -> bool { unpadded(a) > unpadded(b) }
    fn text_ge(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn text_pattern_ge(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn bpchar_pattern_ge(a: &[u8], b: &[u8]) -> bool { unpadded(a) >= unpadded(b) }
    fn bpchareq(a: &[u8], b: &[u8]) -> bool { unpadded(a) == unpadded(b) }
    fn bpcharne(a: &[u8], b: &[u8]) -> bool { unpadded(a) != unpadded(b) }
    fn bpcharlt(a: &[u8], b: &[u8]) -> bool { unpadded(a) < unpadded(b) }
    fn bpcharle(a: &[u8], b: &[u8]) -> bool { unpadded(a) <= unpadded(b) }
    fn bpchargt(a: &[u8], b: &[u8]) -> bool { unpadded(a) > unpadded(b) }
    fn bpcharge(a: &[u8], b: &[u8]) -> bool { unpadded(a) >= unpadded(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        assert_eq!(to_bpchar("\u{e9}a", 4 + 4, false).unwrap(), "\u{e9}a  ");
        assert_eq!(to_varchar("ab   ", 4 + 3, false).unwrap(), "ab ");
        let error = to_varchar("abcd", 4 + 3, false).unwrap_err();
        assert_eq!((error.message(), error.code().as_str()), ("value too long for type character varying(3)", "22001"));
        assert_eq!(to_bpchar("abcd", 4 + 3, true).unwrap(), "abc");
    }

    #[test]
    fn padding_does_not_compare() {
        assert_eq!(unpadded(b"ab  "), b"ab");
        assert_eq!(unpadded(b"   "), b"");
    }
}
