//! Unicode: normal forms and escapes.

use report::{Error, Result, bail, error};
use unicode_normalization::UnicodeNormalization;

fn normalize(text: &str, form: &str) -> Result<String> {
    Ok(match form.to_ascii_uppercase().as_str() {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid normalization form: {form}"),
    })
}

#[cold]
fn bad_escape() -> Error {
    error!(SYNTAX_ERROR, "invalid Unicode escape")
        .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
}

#[cold]
fn bad_pair() -> Error {
    error!(SYNTAX_ERROR, "invalid Unicode surrogate pair")
}

/// The code of the escape at the start of `text` (after the backslash), and how many bytes it takes.
fn escape_code(text: &str) -> Result<(u32, usize)> {
    let (skip, digits) = match text.as_bytes().first() {
        Some(b'u') => (1, 4),
        Some(b'U') => (1, 8),
        Some(b'+') => (1, 6),
        _ => (0, 4),
    };
    let hex =
        text.get(skip..skip + digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(bad_escape)?;
    let code = u32::from_str_radix(hex, 16).map_err(|_| bad_escape())?;
    Ok((code, skip + digits))
}

fn unescape(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut high) = (text, None::<u32>);
    while let Some(c) = rest.chars().next() {
        if c != '\\' || rest[1..].starts_with('\\') {
            if high.is_some() {
                return Err(bad_pair());
            }
            out.push(c);
            rest = &rest[if c == '\\' { 2 } else { c.len_utf8() }..];
            continue;
        }
        let (code, taken) = escape_code(&rest[1..])?;
        rest = &rest[1 + taken..];
        match (high.take(), code) {
            (Some(first), 0xDC00..=0xDFFF) => push_code(&mut out, 0x10000 + ((first - 0xD800) << 10) + code - 0xDC00)?,
            (None, 0xD800..=0xDBFF) => high = Some(code),
            (Some(_), _) | (None, 0xDC00..=0xDFFF) => return Err(bad_pair()),
            (None, _) => push_code(&mut out, code)?,
        }
    }
    if high.is_some() { Err(bad_pair()) } else { Ok(out) }
}

fn push_code(out: &mut String, code: u32) -> Result<()> {
    match char::from_u32(code).filter(|c| *c != '\0') {
        Some(c) => {
            out.push(c);
            Ok(())
        }
        None => bail!(INVALID_PARAMETER_VALUE, "invalid Unicode code point: {code:04X}"),
    }
}

builtins! {
    fn unicode_normalize_func(a: &str, form: &str) -> String { normalize(a, form)? }
    fn unicode_is_normalized(a: &str, form: &str) -> bool { normalize(a, form)? == a }
    fn unistr(a: &str) -> String { unescape(a)? }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_forms() {
        assert_eq!(unescape("d\\0061t\\+000061\\\\ \\uD83D\\uDE00").unwrap(), "data\\ \u{1F600}");
        assert_eq!(unescape("\\D83D").unwrap_err().message(), "invalid Unicode surrogate pair");
        assert_eq!(normalize("A\u{30a}", "nfc").unwrap(), "\u{c5}");
    }
}
