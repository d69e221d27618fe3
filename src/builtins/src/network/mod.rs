//! Network addresses: inet and cidr here, macaddr and macaddr8 in `mac`.
//!
//! Shape of an inet or cidr value, PostgreSQL's own:
//!
//! | offset | width | meaning |
//! |---|---|---|
//! | 0 | 1 | family: 2 for IPv4, 3 for IPv6 |
//! | 1 | 1 | length of the netmask in bits |
//! | 2 | 4 or 16 | address, most significant byte first |
//!
//! A cidr is an inet without bits right of its netmask. A MAC address is its six or eight bytes.
//!
//! Source: PostgreSQL 15's `network.c`, `inet_net_pton.c`, `inet_net_ntop.c`, `inet_cidr_ntop.c`. Addresses are numbers
//! here, so masks are shifts instead of loops over bytes.

pub(crate) mod mac;
mod text;

use crate::wire::Reader;
use crate::{FromDatum, IntoDatum};
use report::{Error, Result, bail, error};
use std::cmp::Ordering;
use std::net::IpAddr;
use tuple::Datum;

/// Bytes before the address.
const HEADER_BYTES: usize = 2;

/// An address with the length of its netmask: a value of type inet or cidr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inet {
    family: Family,
    /// Length of the netmask: at most the family's width.
    bits: u8,
    /// The address as a number.
    address: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// The byte that stands for it in values and messages.
    const fn code(self) -> u8 {
        match self {
            Family::V4 => 2,
            Family::V6 => 3,
        }
    }

    const fn of_code(code: u8) -> Option<Family> {
        match code {
            2 => Some(Family::V4),
            3 => Some(Family::V6),
            _ => None,
        }
    }

    /// Bits of an address.
    const fn width(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }

    const fn bytes(self) -> usize {
        self.width() as usize / 8
    }

    /// The highest address.
    const fn all_ones(self) -> u128 {
        match self {
            Family::V4 => u32::MAX as u128,
            Family::V6 => u128::MAX,
        }
    }
}

/// Which of the two types a text or message is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inet,
    Cidr,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Inet => "inet",
            Kind::Cidr => "cidr",
        }
    }
}

impl From<IpAddr> for Inet {
    /// The address of one host.
    fn from(address: IpAddr) -> Inet {
        match address {
            IpAddr::V4(v4) => Inet { family: Family::V4, bits: 32, address: u128::from(v4.to_bits()) },
            IpAddr::V6(v6) => Inet { family: Family::V6, bits: 128, address: v6.to_bits() },
        }
    }
}

impl FromDatum<'_> for Inet {
    fn from_datum(datum: &Datum) -> Inet {
        let bytes = datum.as_bytes();
        let family = Family::of_code(bytes[0]).expect("a network address has one of two families");
        Inet { family, bits: bytes[1], address: number(&bytes[HEADER_BYTES..]) }
    }
}

impl IntoDatum for Inet {
    fn into_datum(self) -> Datum {
        let mut bytes = [0; HEADER_BYTES + 16];
        bytes[0] = self.family.code();
        bytes[1] = self.bits;
        let address = self.address_bytes();
        let length = HEADER_BYTES + self.family.bytes();
        bytes[HEADER_BYTES..length].copy_from_slice(&address[16 - self.family.bytes()..]);
        Datum::bytes(&bytes[..length])
    }
}

fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

impl Inet {
    /// The length of the netmask.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// The same address with a netmask of this length. Panics if the family has no such netmask.
    pub fn with_bits(self, bits: u8) -> Inet {
        assert!(bits <= self.family.width(), "a netmask is no longer than its address");
        Inet { bits, ..self }
    }

    /// True if both are IPv4, or both IPv6.
    pub fn is_same_family(&self, other: &Inet) -> bool {
        self.family == other.family
    }

    /// How many bits the addresses, of one family, begin with in common.
    pub fn common_bits(&self, other: &Inet) -> u8 {
        let unused = 128 - u32::from(self.family.width());
        ((self.address ^ other.address).leading_zeros() - unused) as u8
    }

    /// The address in the last bytes.
    fn address_bytes(&self) -> [u8; 16] {
        self.address.to_be_bytes()
    }

    /// Ones right of a netmask of this length.
    fn host_mask(&self, bits: u8) -> u128 {
        self.family.all_ones().checked_shr(u32::from(bits)).unwrap_or(0)
    }

    /// The first bits of the address as a number.
    fn prefix(&self, bits: u8) -> u128 {
        self.address.checked_shr(u32::from(self.family.width() - bits)).unwrap_or(0)
    }

    /// True if no bit right of the netmask is set.
    fn is_network(&self) -> bool {
        self.address & self.host_mask(self.bits) == 0
    }

    /// The network of this length that the address is in.
    fn network(self, bits: u8) -> Inet {
        Inet { bits, address: self.address & !self.host_mask(bits), ..self }
    }

    /// Another address with the same netmask.
    fn with_address(self, address: u128) -> Inet {
        Inet { address, ..self }
    }

    /// The same address as that of one host.
    fn host(self) -> Inet {
        Inet { bits: self.family.width(), ..self }
    }

    /// True if the other's network is within ours, or is ours.
    fn contains_or_equals(&self, other: &Inet) -> bool {
        self.bits <= other.bits && self.overlaps(other)
    }

    /// True if the other's network is a smaller one within ours.
    fn contains(&self, other: &Inet) -> bool {
        self.bits < other.bits && self.overlaps(other)
    }

    fn overlaps(&self, other: &Inet) -> bool {
        self.is_same_family(other) && self.common_bits(other) >= self.bits.min(other.bits)
    }

    /// The smallest network with both.
    ///
    /// Errors: 22023 if one is IPv4 and the other IPv6.
    fn merge(self, other: Inet) -> Result<Inet> {
        if !self.is_same_family(&other) {
            bail!(INVALID_PARAMETER_VALUE, "cannot merge addresses from different families");
        }
        Ok(self.network(self.bits.min(other.bits).min(self.common_bits(&other))))
    }

    /// The address this many after.
    ///
    /// Errors: 22003 beyond the family's addresses.
    fn plus(self, addend: i64) -> Result<Inet> {
        let sum = self.address.checked_add_signed(i128::from(addend));
        let address = sum.filter(|sum| *sum <= self.family.all_ones()).ok_or_else(result_out_of_range)?;
        Ok(self.with_address(address))
    }

    /// How many addresses lie between the two.
    ///
    /// Errors: 22003 if they are too many for int8.
    fn minus(self, other: Inet) -> Result<i64> {
        self.check_same_family(&other, "subtract")?;
        // As PostgreSQL's bytewise subtraction does, 128 bits wrap.
        i64::try_from(self.address.wrapping_sub(other.address) as i128).map_err(|_| result_out_of_range())
    }

    fn check_same_family(&self, other: &Inet, verb: &str) -> Result<()> {
        if self.is_same_family(other) {
            return Ok(());
        }
        bail!(INVALID_PARAMETER_VALUE, "cannot {verb} inet values of different sizes")
    }

    /// Bitwise AND or OR; the longer netmask holds.
    fn combine(self, other: Inet, verb: &str, op: fn(u128, u128) -> u128) -> Result<Inet> {
        self.check_same_family(&other, verb)?;
        Ok(Inet { bits: self.bits.max(other.bits), ..self.with_address(op(self.address, other.address)) })
    }

    /// The length of a netmask as SQL gives it: -1 is all bits.
    ///
    /// Errors: 22023 if the family has no such netmask.
    fn checked_bits(&self, bits: i32) -> Result<u8> {
        match (bits, u8::try_from(bits)) {
            (-1, _) => Ok(self.family.width()),
            (_, Ok(bits)) if bits <= self.family.width() => Ok(bits),
            _ => bail!(INVALID_PARAMETER_VALUE, "invalid mask length: {bits}"),
        }
    }
}

/// By network first: IPv4 before IPv6, then the bits that both netmasks cover, then the shorter netmask, then the rest.
pub fn compare(a: &Inet, b: &Inet) -> Ordering {
    let common = a.bits.min(b.bits);
    let networks = || a.prefix(common).cmp(&b.prefix(common));
    a.family.cmp(&b.family).then_with(networks).then(a.bits.cmp(&b.bits)).then(a.address.cmp(&b.address))
}

#[cold]
fn result_out_of_range() -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
}

/// The addresses that bound a network in the order of inet: the network itself and its last host. What lies in the
/// network lies between them, so that a B-tree finds it.
pub fn network_bounds(value: &Datum) -> (Datum, Datum) {
    let inet = Inet::from_datum(value);
    let last = inet.with_address(inet.address | inet.host_mask(inet.bits)).host();
    (inet.network(inet.bits).into_datum(), last.into_datum())
}

/// An inet or cidr as its cast to text gives it: with the length of the netmask even if that is all bits.
pub(crate) fn to_text(value: &Datum) -> String {
    text::print_with_bits(&Inet::from_datum(value))
}

const INVALID_HOST_BITS: &str = "Value has bits set to right of mask.";

fn read(text: &str, kind: Kind) -> Result<Inet> {
    let invalid = || crate::errors::invalid_syntax(kind.name(), text);
    let inet = text::parse(text.as_bytes(), kind).ok_or_else(invalid)?;
    if kind == Kind::Cidr && !inet.is_network() {
        let error = error!(INVALID_TEXT_REPRESENTATION, "invalid cidr value: \"{text}\"");
        return Err(error.detail(INVALID_HOST_BITS));
    }
    Ok(inet)
}

/// The message has family, bits, a flag that nobody reads, the length of the address, and the address.
fn receive(bytes: &[u8], kind: Kind) -> Result<Inet> {
    let invalid =
        |what: &str| error!(INVALID_BINARY_REPRESENTATION, "invalid {what} in external \"{}\" value", kind.name());
    let mut reader = Reader::new(bytes);
    let family = Family::of_code(reader.u8()?).ok_or_else(|| invalid("address family"))?;
    let bits = reader.u8()?;
    if bits > family.width() {
        return Err(invalid("bits"));
    }
    reader.u8()?;
    if usize::from(reader.u8()?) != family.bytes() {
        return Err(invalid("length"));
    }
    let inet = Inet { family, bits, address: number(reader.take(family.bytes())?) };
    if kind == Kind::Cidr && !inet.is_network() {
        let error = error!(INVALID_BINARY_REPRESENTATION, "invalid external \"cidr\" value");
        return Err(error.detail(INVALID_HOST_BITS));
    }
    Ok(inet)
}

fn send(value: &[u8], kind: Kind) -> Datum {
    let (header, address) = value.split_at(HEADER_BYTES);
    let flags = [u8::from(kind == Kind::Cidr), address.len() as u8];
    Datum::bytes(&[header, &flags, address].concat())
}

builtins! {
    fn inet_in(text: &str) -> Inet { read(text, Kind::Inet)? }
    fn cidr_in(text: &str) -> Inet { read(text, Kind::Cidr)? }
    fn inet_out(a: Inet) -> String { text::print(&a) }
    fn cidr_out(a: Inet) -> String { text::print_with_bits(&a) }
    fn inet_recv(bytes: &[u8]) -> Inet { receive(bytes, Kind::Inet)? }
    fn cidr_recv(bytes: &[u8]) -> Inet { receive(bytes, Kind::Cidr)? }
    fn inet_send(a: &[u8]) -> Datum { send(a, Kind::Inet) }
    fn cidr_send(a: &[u8]) -> Datum { send(a, Kind::Cidr) }
    fn network_eq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn network_ne(a: &[u8], b: &[u8]) -> bool { a != b }
    fn network_lt(a: Inet, b: Inet) -> bool { compare(&a, &b).is_lt() }
    fn network_le(a: Inet, b: Inet) -> bool { compare(&a, &b).is_le() }
    fn network_gt(a: Inet, b: Inet) -> bool { compare(&a, &b).is_gt() }
    fn network_ge(a: Inet, b: Inet) -> bool { compare(&a, &b).is_ge() }
    fn network_cmp(a: Inet, b: Inet) -> i32 { compare(&a, &b) as i32 }
    fn network_larger(a: Inet, b: Inet) -> Inet { if compare(&a, &b).is_gt() { a } else { b } }
    fn network_smaller(a: Inet, b: Inet) -> Inet { if compare(&a, &b).is_lt() { a } else { b } }
    fn network_sub(a: Inet, b: Inet) -> bool { b.contains(&a) }
    fn network_subeq(a: Inet, b: Inet) -> bool { b.contains_or_equals(&a) }
    fn network_sup(a: Inet, b: Inet) -> bool { a.contains(&b) }
    fn network_supeq(a: Inet, b: Inet) -> bool { a.contains_or_equals(&b) }
    fn network_overlap(a: Inet, b: Inet) -> bool { a.overlaps(&b) }
    fn inet_to_cidr(a: Inet) -> Inet { a.network(a.bits) }
    fn inet_set_masklen(a: Inet, bits: i32) -> Inet { Inet { bits: a.checked_bits(bits)?, ..a } }
    fn cidr_set_masklen(a: Inet, bits: i32) -> Inet { a.network(a.checked_bits(bits)?) }
    fn network_host(a: Inet) -> String { text::print(&a.host()) }
    fn network_show(a: Inet) -> String { text::print_with_bits(&a) }
    fn inet_abbrev(a: Inet) -> String { text::print(&a) }
    fn cidr_abbrev(a: Inet) -> String { text::abbreviate(&a) }
    fn network_masklen(a: Inet) -> i32 { i32::from(a.bits) }
    fn network_family(a: Inet) -> i32 { if a.family == Family::V4 { 4 } else { 6 } }
    fn network_broadcast(a: Inet) -> Inet { a.with_address(a.address | a.host_mask(a.bits)) }
    fn network_network(a: Inet) -> Inet { a.network(a.bits) }
    fn network_netmask(a: Inet) -> Inet { a.with_address(a.family.all_ones() & !a.host_mask(a.bits)).host() }
    fn network_hostmask(a: Inet) -> Inet { a.with_address(a.host_mask(a.bits)).host() }
    fn inet_same_family(a: Inet, b: Inet) -> bool { a.is_same_family(&b) }
    fn inet_merge(a: Inet, b: Inet) -> Inet { a.merge(b)? }
    fn inetnot(a: Inet) -> Inet { a.with_address(a.family.all_ones() & !a.address) }
    fn inetand(a: Inet, b: Inet) -> Inet { a.combine(b, "AND", |x, y| x & y)? }
    fn inetor(a: Inet, b: Inet) -> Inet { a.combine(b, "OR", |x, y| x | y)? }
    fn inetpl(a: Inet, addend: i64) -> Inet { a.plus(addend)? }
    fn int8pl_inet(addend: i64, a: Inet) -> Inet { a.plus(addend)? }
    fn inetmi_int8(a: Inet, subtrahend: i64) -> Inet { a.plus(subtrahend.wrapping_neg())? }
    fn inetmi(a: Inet, b: Inet) -> i64 { a.minus(b)? }
}
