//! Quoting: identifiers and literals.

use crate::keywords::must_quote;

/// An identifier as SQL needs it written: in double quotes unless it is lower case and not a key word.
pub fn quote_identifier(name: &str) -> String {
    if is_plain(name) && !must_quote(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first_ok = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    first_ok && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A literal as SQL needs it written, with E'' if it has backslashes.
pub fn quote_literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

builtins! {
    fn quote_ident[cx](a: &str) -> String {
        if cx.settings.quote_all_identifiers {
            format!("\"{}\"", a.replace('"', "\"\""))
        } else {
            quote_identifier(a)
        }
    }
    fn quote_literal(a: &str) -> String { super::quote_literal(a) }
    fn quote_nullable(a: Option<&str>) -> String { a.map_or_else(|| "NULL".to_owned(), super::quote_literal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_needed() {
        assert_eq!(quote_identifier("abc_1"), "abc_1");
        assert_eq!(quote_identifier("select"), "\"select\"");
        assert_eq!(quote_identifier("name"), "name");
        assert_eq!(quote_identifier("aB\"c"), "\"aB\"\"c\"");
        assert_eq!(quote_literal("a\\b'c"), "E'a\\\\b''c'");
    }
}
