//! macaddr and macaddr8: six and eight bytes, after PostgreSQL 15's `mac.c` and `mac8.c`.

use crate::errors::invalid_syntax;
use crate::wire::Reader;
use report::{Error, Result, error};
use tuple::Datum;

type Mac = [u8; 6];
type Mac8 = [u8; 8];

/// The notations of a macaddr: what stands between its six numbers (a blank for nothing), and how many characters a
/// number may have.
const NOTATIONS: [(&[u8; 5], usize); 7] = [
    (b":::::", usize::MAX),
    (b"-----", usize::MAX),
    (b"  :  ", 2),
    (b"  -  ", 2),
    (b" . . ", 2),
    (b" - - ", 2),
    (b"     ", 2),
];

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_space(byte)).count();
    &text[blanks..]
}

/// Reads in the first notation that fits.
fn parse(text: &str) -> Result<Mac> {
    let in_notation = |(separators, width): &(&[u8; 5], usize)| parse_notation(text.as_bytes(), separators, *width);
    let numbers = NOTATIONS.iter().find_map(in_notation).ok_or_else(|| invalid_syntax("macaddr", text))?;
    let mut mac = [0; 6];
    for (octet, number) in mac.iter_mut().zip(numbers) {
        *octet = u8::try_from(number).map_err(|_| invalid_octet(text))?;
    }
    Ok(mac)
}

fn parse_notation(text: &[u8], separators: &[u8; 5], width: usize) -> Option<[u32; 6]> {
    let mut rest = text;
    let mut numbers = [0; 6];
    for (at, number) in numbers.iter_mut().enumerate() {
        if let Some(separator) = at.checked_sub(1).map(|before| separators[before]).filter(|byte| *byte != b' ') {
            rest = rest.strip_prefix(&[separator])?;
        }
        *number = scan_hex(&mut rest, width)?;
    }
    without_blanks(rest).is_empty().then_some(numbers)
}

/// Reads a hexadecimal number as C's `scanf` does: blanks, a sign and `0x` may precede it, and what does not fit is cut.
fn scan_hex(rest: &mut &[u8], width: usize) -> Option<u32> {
    let text = without_blanks(rest);
    let field = &text[..text.len().min(width)];
    let after_sign = field.strip_prefix(b"-").or_else(|| field.strip_prefix(b"+")).unwrap_or(field);
    let digits = match after_sign {
        // The prefix is a number by itself: its zero.
        [b'0', b'x' | b'X', after @ ..] => after,
        [first, ..] if first.is_ascii_hexdigit() => after_sign,
        _ => return None,
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let value = digits[..count].iter().try_fold(0u64, |value, digit| {
        value.checked_mul(16).map(|value| value | u64::from(char::from(*digit).to_digit(16).unwrap_or(0)))
    });
    *rest = &text[field.len() - digits.len() + count..];
    Some(match value {
        None => u32::MAX,
        Some(value) if field[0] == b'-' => value.wrapping_neg() as u32,
        Some(value) => value as u32,
    })
}

#[cold]
fn invalid_octet(text: &str) -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "invalid octet value in \"macaddr\" value: \"{text}\"")
}

/// Reads six or eight pairs of digits with one and the same separator, or none, after any of them.
fn parse8(text: &str) -> Result<Mac8> {
    parse8_pairs(text.as_bytes()).ok_or_else(|| invalid_syntax("macaddr8", text))
}

fn parse8_pairs(text: &[u8]) -> Option<Mac8> {
    let mut rest = without_blanks(text);
    let mut octets = [0; 8];
    let mut count = 0;
    let mut spacer = None;
    // One character alone at the end is passed over, as in PostgreSQL.
    while let [high, low, after @ ..] = rest {
        let octet = char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?;
        *octets.get_mut(count)? = octet as u8;
        count += 1;
        rest = after;
        if let [byte @ (b':' | b'-' | b'.'), after @ ..] = rest {
            if *spacer.get_or_insert(*byte) != *byte {
                return None;
            }
            rest = after;
        }
        if matches!(count, 6 | 8) && rest.first().is_some_and(is_space) {
            rest = without_blanks(rest);
            if !rest.is_empty() {
                return None;
            }
        }
    }
    match count {
        6 => Some(widened(&octets[..6])),
        8 => Some(octets),
        _ => None,
    }
}

/// The eight bytes that stand for six.
fn widened(mac: &[u8]) -> Mac8 {
    [mac[0], mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]]
}

fn narrowed(mac: &[u8]) -> Result<Mac> {
    if mac[3..5] == [0xff, 0xfe] {
        return Ok([mac[0], mac[1], mac[2], mac[5], mac[6], mac[7]]);
    }
    let error = error!(NUMERIC_VALUE_OUT_OF_RANGE, "macaddr8 data out of range to convert to macaddr");
    Err(error.hint(
        "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example \
         xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.",
    ))
}

fn print(mac: &[u8]) -> String {
    let octets: Vec<String> = mac.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

/// The maker's part: three bytes, then zeros.
fn maker(mac: &[u8]) -> Vec<u8> {
    mac.iter().enumerate().map(|(at, octet)| if at < 3 { *octet } else { 0 }).collect()
}

fn inverted(mac: &[u8]) -> Vec<u8> {
    mac.iter().map(|octet| !octet).collect()
}

fn combined(a: &[u8], b: &[u8], op: fn(u8, u8) -> u8) -> Vec<u8> {
    a.iter().zip(b).map(|(x, y)| op(*x, *y)).collect()
}

fn receive8(bytes: &[u8]) -> Result<Datum> {
    if bytes.len() == 6 {
        return Ok(Datum::bytes(&widened(bytes)));
    }
    Reader::new(bytes).take(8).map(Datum::bytes)
}

builtins! {
    fn macaddr_in(text: &str) -> Datum { Datum::bytes(&parse(text)?) }
    fn macaddr_out(a: &[u8]) -> String { print(a) }
    fn macaddr_recv(bytes: &[u8]) -> Datum { Datum::bytes(Reader::new(bytes).take(6)?) }
    fn macaddr_send(a: &Datum) -> Datum { a.clone() }
    fn macaddr_eq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn macaddr_ne(a: &[u8], b: &[u8]) -> bool { a != b }
    fn macaddr_lt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn macaddr_le(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn macaddr_gt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn macaddr_ge(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn macaddr_cmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn macaddr_not(a: &[u8]) -> Vec<u8> { inverted(a) }
    fn macaddr_and(a: &[u8], b: &[u8]) -> Vec<u8> { combined(a, b, |x, y| x & y) }
    fn macaddr_or(a: &[u8], b: &[u8]) -> Vec<u8> { combined(a, b, |x, y| x | y) }
    fn macaddr_trunc(a: &[u8]) -> Vec<u8> { maker(a) }
    fn macaddr8_in(text: &str) -> Datum { Datum::bytes(&parse8(text)?) }
    fn macaddr8_out(a: &[u8]) -> String { print(a) }
    fn macaddr8_recv(bytes: &[u8]) -> Datum { receive8(bytes)? }
    fn macaddr8_send(a: &Datum) -> Datum { a.clone() }
    fn macaddr8_eq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn macaddr8_ne(a: &[u8], b: &[u8]) -> bool { a != b }
    fn macaddr8_lt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn macaddr8_le(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn macaddr8_gt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn macaddr8_ge(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn macaddr8_cmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn macaddr8_not(a: &[u8]) -> Vec<u8> { inverted(a) }
    fn macaddr8_and(a: &[u8], b: &[u8]) -> Vec<u8> { combined(a, b, |x, y| x & y) }
    fn macaddr8_or(a: &[u8], b: &[u8]) -> Vec<u8> { combined(a, b, |x, y| x | y) }
    fn macaddr8_trunc(a: &[u8]) -> Vec<u8> { maker(a) }
    fn macaddr8_set7bit(a: &[u8]) -> Vec<u8> { combined(a, &[2, 0, 0, 0, 0, 0, 0, 0], |x, y| x | y) }
    fn macaddrtomacaddr8(a: &[u8]) -> Datum { Datum::bytes(&widened(a)) }
    fn macaddr8tomacaddr(a: &[u8]) -> Datum { Datum::bytes(&narrowed(a)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_six_bytes() {
        for text in [
            "08:00:2b:01:02:03",
            "08-00-2b-01-02-03",
            "08002b:010203",
            "08002b-010203",
            "0800.2b01.0203",
            "0800-2b01-0203",
            "08002b010203",
            " 8:0:+2b:0x1:100000002:3 \n",
        ] {
            assert_eq!(print(&parse(text).unwrap()), "08:00:2b:01:02:03", "{text}");
        }
        let refused = |text: &str| parse(text).unwrap_err().message().to_owned();
        assert_eq!(refused("100:0:2b:1:2:3"), "invalid octet value in \"macaddr\" value: \"100:0:2b:1:2:3\"");
        assert_eq!(refused("-1:0:2b:1:2:3"), "invalid octet value in \"macaddr\" value: \"-1:0:2b:1:2:3\"");
        for bad in ["", "08:00:2b:01:02", "08:00-2b:01:02:03", "08:00:2b:01:02:03 x", "0800:2b01:0203"] {
            assert_eq!(refused(bad), format!("invalid input syntax for type macaddr: \"{bad}\""));
        }
    }

    #[test]
    fn notations_of_eight_bytes() {
        for text in
            ["08:00:2b:01:02:03", "08002b-010203", " 0800.2b01.0203 ", "08002b0102030", "08:00:2b:ff:fe:01:02:03"]
        {
            assert_eq!(print(&parse8(text).unwrap()), "08:00:2b:ff:fe:01:02:03", "{text}");
        }
        for bad in
            ["", "08:00:2b:01:02", "08:00-2b:01:02:03", "08:00:2b:01:02:03:04:05:06", "08:00:2b:01:02:03 x", "0g:00"]
        {
            assert!(parse8(bad).is_err(), "{bad}");
        }
    }
}
