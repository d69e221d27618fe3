//! Network addresses as text.
//!
//! What is accepted is exactly what PostgreSQL accepts, oddities included: `10.1.2.3.` is an inet, `10` is a cidr whose
//! netmask follows from the classes of addresses, `::1.2` is `::1.2.0.0`.

use super::{Family, Inet, Kind, number};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Text that is eaten from its start.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next_is_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.rest = &self.rest[1..];
        }
        is_there
    }

    /// Decimal digits, at least one.
    fn number(&mut self, max: u32) -> Option<u8> {
        let mut value = None;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            let next = value.unwrap_or(0) * 10 + u32::from(digit - b'0');
            value = Some(next).filter(|value| *value <= max);
            value?;
            self.rest = &self.rest[1..];
        }
        value.map(|value| value as u8)
    }

    /// The length of an IPv4 netmask at the end of the text, `Some(None)` if the text ends without.
    fn v4_bits(mut self) -> Option<Option<u8>> {
        let bits = match self.eat(b'/') {
            true => Some(self.number(32)?),
            false => None,
        };
        self.rest.is_empty().then_some(bits)
    }
}

/// Up to four bytes of an IPv4 address.
#[derive(Default)]
struct Octets {
    bytes: [u8; 4],
    count: usize,
}

impl Octets {
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.count)? = byte;
        self.count += 1;
        Some(())
    }

    fn with_bits(&self, bits: u8) -> Inet {
        Inet { family: Family::V4, bits, address: number(&self.bytes) }
    }
}

/// Reads an address: IPv6 if there is a colon in it.
pub(super) fn parse(text: &[u8], kind: Kind) -> Option<Inet> {
    match kind {
        _ if text.contains(&b':') => parse_v6(text),
        Kind::Inet => parse_v4(text),
        Kind::Cidr => parse_v4_network(text),
    }
}

/// Decimal bytes with dots between; fewer than four need a netmask that they suffice for.
fn parse_v4(text: &[u8]) -> Option<Inet> {
    let mut scanner = Scanner { rest: text };
    let mut octets = Octets::default();
    while scanner.next_is_digit() {
        octets.push(scanner.number(255)?)?;
        if !scanner.eat(b'.') {
            break;
        }
    }
    let bits = match scanner.v4_bits()? {
        Some(bits) if octets.count > 0 => bits,
        None if octets.count == 4 => 32,
        _ => return None,
    };
    (usize::from(bits / 8) <= octets.count).then(|| octets.with_bits(bits))
}

/// Decimal bytes, or hexadecimal digits after `0x`; without a netmask the class of the address gives one.
fn parse_v4_network(text: &[u8]) -> Option<Inet> {
    let mut scanner = Scanner { rest: text };
    let octets = match text {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => {
            scanner.rest = &text[2..];
            hex_octets(&mut scanner)?
        }
        _ => decimal_octets(&mut scanner)?,
    };
    let bits = scanner.v4_bits()?.unwrap_or_else(|| class_bits(&octets));
    Some(octets.with_bits(bits))
}

fn decimal_octets(scanner: &mut Scanner<'_>) -> Option<Octets> {
    let mut octets = Octets::default();
    octets.push(scanner.number(255)?)?;
    while scanner.eat(b'.') {
        octets.push(scanner.number(255)?)?;
    }
    Some(octets)
}

/// A digit left over is the upper half of a byte.
fn hex_octets(scanner: &mut Scanner<'_>) -> Option<Octets> {
    let mut octets = Octets::default();
    while let Some(high) = hex_digit(scanner) {
        octets.push(high << 4 | hex_digit(scanner).unwrap_or(0))?;
    }
    Some(octets)
}

fn hex_digit(scanner: &mut Scanner<'_>) -> Option<u8> {
    let digit = char::from(scanner.peek()?).to_digit(16)?;
    scanner.rest = &scanner.rest[1..];
    Some(digit as u8)
}

/// The netmask of the address's class, widened to cover all bytes that were written.
fn class_bits(octets: &Octets) -> u8 {
    let class = match octets.bytes[0] {
        240.. => 32,
        224.. => 8,
        192.. => 24,
        128.. => 16,
        _ => 8,
    };
    match class.max(octets.count as u8 * 8) {
        8 if octets.bytes[0] == 224 => 4,
        bits => bits,
    }
}

/// An IPv6 address while it is read.
#[derive(Default)]
struct Words {
    bytes: [u8; 16],
    count: usize,
    /// Where `::` stood, in bytes.
    gap: Option<usize>,
}

impl Words {
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.count..self.count + bytes.len())?.copy_from_slice(bytes);
        self.count += bytes.len();
        Some(())
    }

    /// The address: what follows the gap moves to the end.
    fn finish(mut self) -> Option<u128> {
        match self.gap {
            Some(gap) if self.count < 16 => {
                self.bytes[gap..].rotate_right(16 - self.count);
                Some(number(&self.bytes))
            }
            None if self.count == 16 => Some(number(&self.bytes)),
            _ => None,
        }
    }
}

fn parse_v6(text: &[u8]) -> Option<Inet> {
    let mut rest = match text {
        [b':', b':', ..] => &text[1..],
        [b':', ..] => return None,
        _ => text,
    };
    let mut words = Words::default();
    let (mut word, mut digits) = (0u16, 0);
    // Where the present word began: it may turn out to be the first byte of an IPv4 address.
    let mut start = rest;
    let mut bits = None;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            _ if byte.is_ascii_hexdigit() => {
                word = word << 4 | char::from(*byte).to_digit(16)? as u16;
                digits += 1;
                if digits > 4 {
                    return None;
                }
            }
            b':' => {
                start = rest;
                match digits {
                    0 if words.gap.is_some() => return None,
                    0 => words.gap = Some(words.count),
                    _ if rest.is_empty() => return None,
                    _ => words.push(&word.to_be_bytes())?,
                }
                (word, digits) = (0, 0);
            }
            b'.' => {
                let (octets, after) = parse_v4_tail(start)?;
                words.push(&octets.bytes)?;
                (bits, digits) = (after, 0);
                break;
            }
            b'/' => {
                bits = Some(v6_bits(rest)?);
                break;
            }
            _ => return None,
        }
    }
    if digits > 0 {
        words.push(&word.to_be_bytes())?;
    }
    Some(Inet { family: Family::V6, bits: bits.unwrap_or(128), address: words.finish()? })
}

/// A number of at most `max` without leading zeros.
fn plain_number(digits: &[u8], max: u32) -> Option<u8> {
    match digits {
        [b'0', _, ..] => None,
        _ => digits.iter().try_fold(0u32, |value, digit| {
            let value = value * 10 + char::from(*digit).to_digit(10)?;
            (value <= max).then_some(value)
        }),
    }
    .map(|value| value as u8)
}

fn v6_bits(text: &[u8]) -> Option<u8> {
    if text.is_empty() { None } else { plain_number(text, 128) }
}

/// An IPv4 address as the end of an IPv6 one, with the netmask after it. Its last byte must have digits; bytes before it
/// may be empty, and those after it missing: they are zero.
fn parse_v4_tail(text: &[u8]) -> Option<(Octets, Option<u8>)> {
    let (address, bits) = match text.iter().position(|byte| *byte == b'/') {
        Some(at) => (&text[..at], Some(v6_bits(&text[at + 1..])?)),
        None if text.last() == Some(&b'.') => return None,
        None => (text, None),
    };
    let mut octets = Octets::default();
    for part in address.split(|byte| *byte == b'.') {
        octets.push(plain_number(part, 255)?)?;
    }
    Some((octets, bits))
}

/// The address, with the netmask's length unless that is all of it.
pub(super) fn print(inet: &Inet) -> String {
    let mut text = print_address(inet);
    if inet.bits != inet.family.width() {
        push_bits(&mut text, inet.bits);
    }
    text
}

/// The address with the netmask's length.
pub(super) fn print_with_bits(inet: &Inet) -> String {
    let mut text = print_address(inet);
    push_bits(&mut text, inet.bits);
    text
}

fn push_bits(text: &mut String, bits: u8) {
    text.push('/');
    text.push_str(&bits.to_string());
}

fn print_address(inet: &Inet) -> String {
    if inet.family == Family::V4 {
        return Ipv4Addr::from_bits(inet.address as u32).to_string();
    }
    let address = Ipv6Addr::from_bits(inet.address);
    match address.segments() {
        // The old form of an IPv4 address inside an IPv6 one; the standard library knows the new one.
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => format!("::{}", Ipv4Addr::from_bits(inet.address as u32)),
        _ => address.to_string(),
    }
}

/// The network in few characters: bytes that the netmask leaves out are not shown.
pub(super) fn abbreviate(inet: &Inet) -> String {
    let network = inet.network(inet.bits);
    let bytes = network.address_bytes();
    let mut text = match inet.family {
        Family::V4 => abbreviate_v4(&bytes[12..], inet.bits),
        Family::V6 => abbreviate_v6(&bytes, inet.bits),
    };
    push_bits(&mut text, inet.bits);
    text
}

fn abbreviate_v4(bytes: &[u8], bits: u8) -> String {
    let shown = usize::from(bits.div_ceil(8)).max(1);
    let octets: Vec<String> = bytes[..shown].iter().map(u8::to_string).collect();
    octets.join(".")
}

/// Two bytes are a word, and at least two words are shown, with `::` for the longest run of zeros among them.
fn abbreviate_v6(bytes: &[u8; 16], bits: u8) -> String {
    if bits == 0 {
        return "::".to_owned();
    }
    let words: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let shown = usize::from(bits.div_ceil(16)).max(2);
    let (start, length) = zeros_to_skip(&words[..shown]);
    let is_v4 = start == 0
        && length != shown
        && match length {
            6 => true,
            5 => words[5] == 0xffff,
            7 => bytes[14] != 0 && bytes[15] != 1,
            _ => false,
        };
    let mut text = String::new();
    for (at, word) in words[..shown].iter().enumerate() {
        if (start..start + length).contains(&at) {
            text.push_str(if at == start { ":" } else { "" });
            text.push_str(if at == shown - 1 { ":" } else { "" });
        } else if is_v4 && at > 5 {
            push_v4_word(&mut text, at, word.to_be_bytes(), bits);
        } else {
            let separator = if text.is_empty() { "" } else { ":" };
            text.push_str(&format!("{separator}{word:x}"));
        }
    }
    text
}

/// Two bytes of an IPv4 address inside an IPv6 one; the last is left out if the netmask does.
fn push_v4_word(text: &mut String, at: usize, [high, low]: [u8; 2], bits: u8) {
    text.push_str(&format!("{}{high}", if at == 6 { ':' } else { '.' }));
    if at != 7 || bits > 120 {
        text.push_str(&format!(".{low}"));
    }
}

/// The words that `::` stands for: start and length, zero for none.
///
/// As in PostgreSQL, a run that is not longer than the best so far is not forgotten at its end: the next run's words are
/// counted on top of it.
fn zeros_to_skip(words: &[u16]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0), (0, 0));
    for (at, word) in words.iter().enumerate() {
        if *word == 0 {
            run = if run.1 == 0 { (at, 1) } else { (run.0, run.1 + 1) };
        } else if run.1 > best.1 {
            (best, run) = (run, (0, 0));
        }
    }
    if run.1 > best.1 { run } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, kind: Kind) -> Option<String> {
        parse(text.as_bytes(), kind).map(|inet| print_with_bits(&inet))
    }

    #[test]
    fn addresses_need_four_bytes_or_a_netmask() {
        let inet = |text| shown(text, Kind::Inet);
        assert_eq!(inet("10.1.2.3").as_deref(), Some("10.1.2.3/32"));
        assert_eq!(inet("10.1.2.3.").as_deref(), Some("10.1.2.3/32"));
        assert_eq!(inet("10./8").as_deref(), Some("10.0.0.0/8"));
        for bad in ["", "10", "10.1/24", "10.1.2.256", "10.1.2.3.4", "10.1.2.3/33", "10.1.2.3/", "/8", "10.1.2.3x"] {
            assert_eq!(inet(bad), None, "{bad}");
        }
    }

    #[test]
    fn classes_give_networks_their_netmask() {
        let cidr = |text| shown(text, Kind::Cidr);
        for (text, wanted) in [
            ("10", "10.0.0.0/8"),
            ("10.1", "10.1.0.0/16"),
            ("172.16", "172.16.0.0/16"),
            ("192.168", "192.168.0.0/24"),
            ("224", "224.0.0.0/4"),
            ("225", "225.0.0.0/8"),
            ("240", "240.0.0.0/32"),
            ("0xC0A8", "192.168.0.0/24"),
            ("0xC0A81", "192.168.16.0/24"),
        ] {
            assert_eq!(cidr(text).as_deref(), Some(wanted), "{text}");
        }
        for bad in ["", "0x", "0xg", "10.", "10..1", "0x0102030405"] {
            assert_eq!(cidr(bad), None, "{bad}");
        }
    }

    #[test]
    fn long_addresses_have_a_gap_and_a_short_one_inside() {
        let inet = |text| shown(text, Kind::Inet);
        for (text, wanted) in [
            ("::", "::/128"),
            ("1:2:3:4:5:6:7:8:/64", "1:2:3:4:5:6:7:8/64"),
            ("::ffff:1.2.3.4/120", "::ffff:1.2.3.4/120"),
            ("::1.2.3.4", "::1.2.3.4/128"),
            ("::1..2", "::1.0.2.0/128"),
            ("::1.2", "::1.2.0.0/128"),
            ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1/128"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3/128"),
        ] {
            assert_eq!(inet(text).as_deref(), Some(wanted), "{text}");
        }
        for bad in
            [":", ":1", ":::", "1:", "1::2::3", "12345::", "::/129", "::/01", "1:2:3:4:5:6:7::8", "::1.2.3.", "::g"]
        {
            assert_eq!(inet(bad), None, "{bad}");
        }
    }
}
