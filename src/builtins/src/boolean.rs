//! bool.

use crate::errors::invalid_syntax;
use crate::io::sent;
use crate::wire::Reader;
use tuple::Datum;

/// Reads a boolean word: `true yes on 1` and their opposites, or unique prefixes, in any case.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    let word = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b').to_ascii_lowercase();
    let is = |full: &str, at_least: usize| word.len() >= at_least && full.starts_with(&word);
    match () {
        () if is("true", 1) || is("yes", 1) || word == "on" || word == "1" => Some(true),
        () if is("false", 1) || is("no", 1) || is("off", 2) || word == "0" => Some(false),
        () => None,
    }
}

builtins! {
    fn boolin(text: &str) -> bool { parse_bool(text).ok_or_else(|| invalid_syntax("boolean", text))? }
    fn boolout(a: bool) -> &'static str { if a { "t" } else { "f" } }
    fn boolrecv(bytes: &[u8]) -> bool { Reader::new(bytes).u8()? != 0 }
    fn boolsend(a: bool) -> Datum { sent(&[u8::from(a)]) }
    fn booltext(a: bool) -> &'static str { if a { "true" } else { "false" } }
    fn btboolcmp(a: bool, b: bool) -> i32 { i32::from(a) - i32::from(b) }
    fn booland_statefunc(a: bool, b: bool) -> bool { a && b }
    fn boolor_statefunc(a: bool, b: bool) -> bool { a || b }
    fn booleq(a: bool, b: bool) -> bool { a == b }
    fn boolne(a: bool, b: bool) -> bool { a != b }
    fn boollt(a: bool, b: bool) -> bool { !a & b }
    fn boolle(a: bool, b: bool) -> bool { a <= b }
    fn boolgt(a: bool, b: bool) -> bool { a & !b }
    fn boolge(a: bool, b: bool) -> bool { a >= b }
}

#[cfg(test)]
mod tests {
    use super::parse_bool;

    #[test]
    fn reads_words_and_prefixes() {
        for text in ["t", " TRUE ", "yes", "y", "on", "1", "tru"] {
            assert_eq!(parse_bool(text), Some(true), "{text}");
        }
        for text in ["f", "no", "n", "of", "off", "0", "fals"] {
            assert_eq!(parse_bool(text), Some(false), "{text}");
        }
        for text in ["", "o", "tr ue", "11", "truex", "yeah"] {
            assert_eq!(parse_bool(text), None, "{text}");
        }
    }
}
