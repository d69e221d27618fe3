//! Length, substring, position, trim, pad, replace.

use crate::text::{char_offset, unpadded};
use report::{Result, bail};
use tuple::Datum;

/// Longest value: 1 GiB less the header, as in PostgreSQL.
pub(crate) const VALUE_BYTES_MAX: usize = 0x3fff_ffff - 4;

/// The start (from 0) and end of a substring of `length` items (to the end if `None`) from `start` (from 1), which may
/// be before the first.
///
/// Errors: 22011 if the length is negative.
pub(crate) fn window(start: i32, length: Option<i32>) -> Result<(usize, usize)> {
    let first = start.max(1) as usize - 1;
    let Some(length) = length else { return Ok((first, usize::MAX)) };
    if length < 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let end = (i64::from(start) + i64::from(length) - 1).max(0) as usize;
    Ok((first, end.max(first)))
}

/// Characters `start..end` of a text.
fn slice_chars(text: &str, (start, end): (usize, usize)) -> &str {
    let from = char_offset(text, start);
    let rest = &text[from..];
    &rest[..char_offset(rest, end.saturating_sub(start))]
}

pub(crate) fn substring(text: &str, start: i32, length: Option<i32>) -> Result<&str> {
    Ok(slice_chars(text, window(start, length)?))
}

fn overlay(text: &str, new: &str, start: i32, length: i32) -> Result<String> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(resume) = start.checked_add(length) else {
        return Err(crate::errors::out_of_range("integer"));
    };
    Ok([substring(text, 1, Some(start - 1))?, new, substring(text, resume, None)?].concat())
}

/// The position (from 1, in characters) of `needle`, 0 if it is not there.
fn position(text: &str, needle: &str) -> i32 {
    text.find(needle).map_or(0, |at| text[..at].chars().count() as i32 + 1)
}

fn check_length(bytes: usize) -> Result<()> {
    if bytes > VALUE_BYTES_MAX {
        bail!(PROGRAM_LIMIT_EXCEEDED, "requested length too large");
    }
    memory::room_for(bytes)
}

/// The blanks (or other fill) to bring `text` to `length` characters, and the text cut to it.
fn pad<'a>(text: &'a str, length: i32, fill: &str) -> Result<(&'a str, String)> {
    let length = length.max(0) as usize;
    let kept = &text[..char_offset(text, length)];
    let missing = length - kept.chars().count();
    check_length(
        kept.len().saturating_add(missing.saturating_mul(fill.chars().map(char::len_utf8).max().unwrap_or(0))),
    )?;
    Ok((kept, fill.chars().cycle().take(missing).collect()))
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    text.chars()
        .filter_map(|c| match from.iter().position(|f| *f == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        })
        .collect()
}

/// The first `count` characters; all but the last `-count` if negative.
fn left(text: &str, count: i32) -> &str {
    let wanted = match count {
        0.. => count as usize,
        _ => text.chars().count().saturating_sub(count.unsigned_abs() as usize),
    };
    &text[..char_offset(text, wanted)]
}

/// The last `count` characters; all but the first `-count` if negative.
fn right(text: &str, count: i32) -> &str {
    let skipped = match count {
        0.. => text.chars().count().saturating_sub(count as usize),
        _ => count.unsigned_abs() as usize,
    };
    &text[char_offset(text, skipped)..]
}

fn chr(code: i32) -> Result<String> {
    if code < 0 {
        bail!(INVALID_PARAMETER_VALUE, "character number must be positive");
    }
    if code == 0 {
        bail!(PROGRAM_LIMIT_EXCEEDED, "null character not permitted");
    }
    if code > 0x10FFFF {
        bail!(PROGRAM_LIMIT_EXCEEDED, "requested character too large for encoding: {code}");
    }
    match char::from_u32(code as u32) {
        Some(c) => Ok(c.to_string()),
        None => bail!(PROGRAM_LIMIT_EXCEEDED, "requested character not valid for encoding: {code}"),
    }
}

fn replace(text: &str, from: &str, to: &str) -> Result<String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    if to.len() > from.len() && text.len() / from.len() * to.len() >= memory::limits::LARGE_BYTES {
        check_length(text.len() + text.matches(from).count() * (to.len() - from.len()))?;
    }
    Ok(text.replace(from, to))
}

builtins! {
    fn textlen(a: &str) -> i32 { a.chars().count() as i32 }
    fn textoctetlen(a: &[u8]) -> i32 { a.len() as i32 }
    fn bpcharlen(a: &str) -> i32 { a.trim_end_matches(' ').chars().count() as i32 }
    fn bpcharoctetlen(a: &[u8]) -> i32 { a.len() as i32 }
    fn text_substr(a: &str, start: i32, length: i32) -> &str { substring(a, start, Some(length))? }
    fn text_substr_no_len(a: &str, start: i32) -> &str { substring(a, start, None)? }
    fn textoverlay(a: &str, new: &str, start: i32, length: i32) -> String { overlay(a, new, start, length)? }
    fn textoverlay_no_len(a: &str, new: &str, start: i32) -> String {
        overlay(a, new, start, new.chars().count() as i32)?
    }
    fn textpos(a: &str, b: &str) -> i32 { position(a, b) }
    fn textcat(a: &[u8], b: &[u8]) -> Datum {
        check_length(a.len() + b.len())?;
        let mut both = Vec::with_capacity(a.len() + b.len());
        both.extend_from_slice(a);
        both.extend_from_slice(b);
        Datum::Bytes(tuple::Bytes::from_vec(both))
    }
    fn btrim1(a: &str) -> &str { a.trim_matches(' ') }
    fn ltrim1(a: &str) -> &str { a.trim_start_matches(' ') }
    fn rtrim1(a: &[u8]) -> &[u8] { unpadded(a) }
    fn btrim(a: &str, set: &str) -> &str { a.trim_matches(|c| set.contains(c)) }
    fn ltrim(a: &str, set: &str) -> &str { a.trim_start_matches(|c| set.contains(c)) }
    fn rtrim(a: &str, set: &str) -> &str { a.trim_end_matches(|c| set.contains(c)) }
    fn lpad(a: &str, length: i32, fill: &str) -> String {
        let (kept, padding) = pad(a, length, fill)?;
        padding + kept
    }
    fn rpad(a: &str, length: i32, fill: &str) -> String {
        let (kept, padding) = pad(a, length, fill)?;
        kept.to_owned() + &padding
    }
    fn lpad_text_int4(a: &str, length: i32) -> String {
        let (kept, padding) = pad(a, length, " ")?;
        padding + kept
    }
    fn rpad_text_int4(a: &str, length: i32) -> String {
        let (kept, padding) = pad(a, length, " ")?;
        kept.to_owned() + &padding
    }
    fn bit_length_text(a: &[u8]) -> i32 { (a.len() * 8) as i32 }
    fn bit_length_bytea(a: &[u8]) -> i32 { (a.len() * 8) as i32 }
    fn repeat(a: &str, count: i32) -> String {
        let count = count.max(0) as usize;
        check_length(a.len().saturating_mul(count))?;
        a.repeat(count)
    }
    fn replace_text(a: &str, from: &str, to: &str) -> String { replace(a, from, to)? }
    fn translate(a: &str, from: &str, to: &str) -> String { super::translate(a, from, to) }
    fn text_left(a: &str, count: i32) -> &str { left(a, count) }
    fn text_right(a: &str, count: i32) -> &str { right(a, count) }
    fn text_reverse(a: &str) -> String { a.chars().rev().collect::<String>() }
    fn ascii(a: &str) -> i32 { a.chars().next().map_or(0, |c| c as i32) }
    fn chr(code: i32) -> String { super::chr(code)? }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings() {
        assert_eq!(substring("h\u{e9}llo", 2, Some(2)).unwrap(), "\u{e9}l");
        assert_eq!(substring("hello", -1, Some(4)).unwrap(), "he");
        assert_eq!(substring("hello", 2, Some(i32::MAX)).unwrap(), "ello");
        assert_eq!(substring("hello", -5, Some(3)).unwrap(), "");
        assert_eq!(substring("hello", 1, Some(-1)).unwrap_err().code().as_str(), "22011");
        assert_eq!(overlay("abcdef", "45", 4, 1).unwrap(), "abc45ef");
    }

    #[test]
    fn ends_and_pads() {
        assert_eq!((left("ahoj", 2), left("ahoj", -1), left("ahoj", -9)), ("ah", "aho", ""));
        assert_eq!((right("ahoj", 2), right("ahoj", -1), right("ahoj", 0)), ("oj", "hoj", ""));
        assert_eq!(pad("hi", 5, "xy").unwrap(), ("hi", "xyx".to_owned()));
        assert_eq!(pad("hello", 2, "xy").unwrap(), ("he", String::new()));
        assert_eq!(translate("12345", "143", "ax"), "a2x5");
    }
}
