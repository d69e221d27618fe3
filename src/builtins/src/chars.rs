//! "char": one byte.

use crate::io::sent;
use crate::wire::Reader;
use report::error;
use tuple::Datum;

/// The byte of a `"char"`: the first byte, or one written as backslash and three octal digits.
fn parse_char(text: &str) -> u8 {
    match *text.as_bytes() {
        [b'\\', a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7'] => {
            ((a - b'0') << 6).wrapping_add((b - b'0') << 3).wrapping_add(c - b'0')
        }
        [first, ..] => first,
        [] => 0,
    }
}

/// The text of a `"char"`: zero is empty, bytes over 127 are octal.
pub(crate) fn print_char(byte: u8) -> String {
    match byte {
        0 => String::new(),
        1..=127 => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

builtins! {
    fn charin(text: &str) -> u8 { parse_char(text) }
    fn charout(a: u8) -> String { print_char(a) }
    fn charrecv(bytes: &[u8]) -> u8 { Reader::new(bytes).u8()? }
    fn charsend(a: u8) -> Datum { sent(&[a]) }
    fn text_char(text: &str) -> u8 { parse_char(text) }
    fn char_text(a: u8) -> String { print_char(a) }
    fn char_bpchar(a: u8) -> String { print_char(a) }
    fn chartoi4(a: u8) -> i32 { i32::from(a as i8) }
    fn i4tochar(a: i32) -> u8 {
        i8::try_from(a).map_err(|_| error!(NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range"))? as u8
    }
    fn btcharcmp(a: u8, b: u8) -> i32 { i32::from(a) - i32::from(b) }
    fn chareq(a: u8, b: u8) -> bool { a == b }
    fn charne(a: u8, b: u8) -> bool { a != b }
    fn charlt(a: u8, b: u8) -> bool { a < b }
    fn charle(a: u8, b: u8) -> bool { a <= b }
    fn chargt(a: u8, b: u8) -> bool { a > b }
    fn charge(a: u8, b: u8) -> bool { a >= b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_round_trip() {
        assert_eq!(parse_char("\\341"), 0o341);
        assert_eq!(print_char(0o341), "\\341");
        assert_eq!(parse_char("abc"), b'a');
        assert_eq!((parse_char(""), print_char(0).as_str()), (0, ""));
    }
}
