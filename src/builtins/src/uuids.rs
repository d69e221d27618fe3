//! uuid: sixteen bytes.

use crate::errors::invalid_syntax;
use crate::string::encode::hex;
use report::Result;
use tuple::Datum;

/// Reads 32 hexadecimal digits, in braces or not, with a hyphen after any group of four.
fn parse(text: &str) -> Result<[u8; 16]> {
    parse_digits(text).ok_or_else(|| invalid_syntax("uuid", text))
}

fn parse_digits(text: &str) -> Option<[u8; 16]> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut out = [0; 16];
    let mut rest = inner.as_bytes();
    for (i, byte) in out.iter_mut().enumerate() {
        let [high, low, tail @ ..] = rest else { return None };
        *byte = (char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u8;
        rest = tail;
        if i % 2 == 1 && i < 15 && rest.first() == Some(&b'-') {
            rest = &rest[1..];
        }
    }
    rest.is_empty().then_some(out)
}

fn print(bytes: &[u8]) -> String {
    let d = hex(bytes);
    [&d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]].join("-")
}

fn random_bytes(memo: &mut crate::Memo) -> [u8; 16] {
    let mut bytes = [0; 16];
    match &mut memo.entropy {
        Some(fill) => fill(&mut bytes),
        None => {
            bytes[..8].copy_from_slice(&memo.prng.next_u64().to_be_bytes());
            bytes[8..].copy_from_slice(&memo.prng.next_u64().to_be_bytes());
        }
    }
    bytes
}

builtins! {
    fn uuid_in(text: &str) -> Datum { Datum::bytes(&parse(text)?) }
    fn uuid_out(a: &[u8]) -> String { print(a) }
    fn uuid_recv(bytes: &[u8]) -> Datum { Datum::bytes(crate::wire::Reader::new(bytes).take(16)?) }
    fn uuid_send(a: &Datum) -> Datum { a.clone() }
    fn uuid_eq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn uuid_ne(a: &[u8], b: &[u8]) -> bool { a != b }
    fn uuid_lt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn uuid_le(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn uuid_gt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn uuid_ge(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn uuid_cmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn gen_random_uuid[cx]() -> Datum {
        let bytes = random_bytes(cx.memo);
        Datum::bytes(uuid::Builder::from_random_bytes(bytes).as_uuid().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_input() {
        let canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for text in [
            canonical,
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
            "A0EEBC999C0B4EF8BB6D6BB9BD380A11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
        ] {
            assert_eq!(print(&parse(text).unwrap()), canonical);
        }
        assert_eq!(parse("zz").unwrap_err().message(), "invalid input syntax for type uuid: \"zz\"");
        assert!(parse("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").is_err());
    }
}
