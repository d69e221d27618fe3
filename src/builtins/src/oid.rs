//! oid, xid, cid, xid8, tid, pg_lsn: the server's own numbers.

use crate::errors::{invalid_syntax, value_out_of_range};
use crate::io::sent;
use crate::wire::Reader;
use base::{Lsn, Oid, Tid};
use report::Result;
use std::cmp::Ordering;
use tuple::Datum;

/// C's strtoul: white space, sign, decimal, or octal after 0 or hexadecimal after 0x where `base` is 0. Gives the value
/// and the rest of the text; `None` on no digits. A value over 64 bits is the largest.
fn scan_unsigned(text: &str, base_zero: bool) -> Option<(u64, bool, &str)> {
    let trimmed = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, rest) = match trimmed.as_bytes().first()? {
        b'-' => (true, &trimmed[1..]),
        b'+' => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (radix, rest) = match rest.as_bytes() {
        [b'0', b'x' | b'X', next, ..] if base_zero && next.is_ascii_hexdigit() => (16, &rest[2..]),
        [b'0', ..] if base_zero => (8, rest),
        _ => (10, rest),
    };
    let end = rest.find(|c: char| !c.is_digit(radix)).unwrap_or(rest.len());
    let digits = rest.get(..end).filter(|d| !d.is_empty())?;
    let value = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
    Some((value, negative, &rest[end..]))
}

fn only_space(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_whitespace() || b == 0x0b)
}

/// `oidin`: a number of 32 bits; a negative one counts from the top.
pub(crate) fn parse_oid(text: &str) -> Result<Oid> {
    let (value, negative, rest) = scan_unsigned(text, false).ok_or_else(|| invalid_syntax("oid", text))?;
    if !only_space(rest) {
        return Err(invalid_syntax("oid", text));
    }
    // Values of int4's negative range are taken as their unsigned twins.
    match negative {
        false if value <= u64::from(u32::MAX) => Ok(Oid(value as u32)),
        true if value <= 1 << 31 => Ok(Oid((value as u32).wrapping_neg())),
        _ => Err(value_out_of_range("oid", text)),
    }
}

/// `xidin` and `cidin` of PostgreSQL 15: strtoul with base 0, whatever follows is ignored.
fn parse_lenient(text: &str) -> u64 {
    scan_unsigned(text, true)
        .map_or(0, |(value, negative, _)| if negative && value < u64::MAX { value.wrapping_neg() } else { value })
}

fn parse_tid(text: &str) -> Result<Tid> {
    let bad = || invalid_syntax("tid", text);
    let inner = text.split_once('(').ok_or_else(bad)?.1;
    let (block, rest) = inner.split_once(',').ok_or_else(bad)?;
    let (offset, _) = rest.split_once(')').ok_or_else(bad)?;
    let (block, negative, after) = scan_unsigned(block, false).ok_or_else(bad)?;
    let block = match negative {
        false => u32::try_from(block).map_err(|_| bad())?,
        true => i32::try_from(-i128::from(block)).map_err(|_| bad())? as u32,
    };
    let (offset, negative, trailing) = scan_unsigned(offset, false).ok_or_else(bad)?;
    let offset = u16::try_from(offset).map_err(|_| bad())?;
    if negative || !after.is_empty() || !trailing.is_empty() {
        return Err(bad());
    }
    Ok(Tid::new(block, offset))
}

fn tid_of(bytes: &[u8]) -> Tid {
    Tid::from_bytes(bytes.try_into().expect("a tid is six bytes"))
}

/// The six bytes as PostgreSQL lays them out in memory (high half of the block first), which is what it hashes.
pub(crate) fn tid_native(bytes: &[u8]) -> [u8; 6] {
    [bytes[2], bytes[3], bytes[0], bytes[1], bytes[4], bytes[5]]
}

pub(crate) fn tid_cmp(a: &[u8], b: &[u8]) -> Ordering {
    tid_of(a).cmp(&tid_of(b))
}

fn unsigned_cmp(a: i64, b: i64) -> Ordering {
    (a as u64).cmp(&(b as u64))
}

fn parse_lsn(text: &str) -> Result<i64> {
    text.parse::<Lsn>().map(|lsn| lsn.0 as i64).map_err(|_| invalid_syntax("pg_lsn", text))
}

builtins! {
    fn oidin(text: &str) -> Oid { parse_oid(text)? }
    fn oidout(a: Oid) -> String { a.to_string() }
    fn oidrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn oidsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn oidlarger(a: Oid, b: Oid) -> Oid { a.max(b) }
    fn oidsmaller(a: Oid, b: Oid) -> Oid { a.min(b) }
    fn btoidcmp(a: Oid, b: Oid) -> i32 { a.cmp(&b) as i32 }
    fn oideq(a: Oid, b: Oid) -> bool { a == b }
    fn oidne(a: Oid, b: Oid) -> bool { a != b }
    fn oidlt(a: Oid, b: Oid) -> bool { a < b }
    fn oidle(a: Oid, b: Oid) -> bool { a <= b }
    fn oidgt(a: Oid, b: Oid) -> bool { a > b }
    fn oidge(a: Oid, b: Oid) -> bool { a >= b }

    fn regclassrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regclasssend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regcollationrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regcollationsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regconfigrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regconfigsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regdictionaryrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regdictionarysend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regnamespacerecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regnamespacesend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regoperatorrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regoperatorsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regoperrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regopersend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regprocedurerecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regproceduresend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regprocrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regprocsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regrolerecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regrolesend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn regtyperecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn regtypesend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }

    fn xidin(text: &str) -> Oid { Oid(parse_lenient(text) as u32) }
    fn xidout(a: Oid) -> String { a.to_string() }
    fn xidrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn xidsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn xideq(a: Oid, b: Oid) -> bool { a == b }
    fn xidneq(a: Oid, b: Oid) -> bool { a != b }
    fn cidin(text: &str) -> Oid { Oid(parse_lenient(text) as u32) }
    fn cidout(a: Oid) -> String { a.to_string() }
    fn cidrecv(bytes: &[u8]) -> Oid { Oid(Reader::new(bytes).u32()?) }
    fn cidsend(a: Oid) -> Datum { sent(&a.0.to_be_bytes()) }
    fn cideq(a: Oid, b: Oid) -> bool { a == b }

    fn xid8in(text: &str) -> i64 { parse_lenient(text) as i64 }
    fn xid8out(a: i64) -> String { (a as u64).to_string() }
    fn xid8recv(bytes: &[u8]) -> i64 { Reader::new(bytes).i64()? }
    fn xid8send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn xid8toxid(a: i64) -> Oid { Oid(a as u32) }
    fn xid8cmp(a: i64, b: i64) -> i32 { unsigned_cmp(a, b) as i32 }
    fn xid8_larger(a: i64, b: i64) -> i64 { (a as u64).max(b as u64) as i64 }
    fn xid8_smaller(a: i64, b: i64) -> i64 { (a as u64).min(b as u64) as i64 }
    fn xid8eq(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_eq() }
    fn xid8ne(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_ne() }
    fn xid8lt(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_lt() }
    fn xid8le(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_le() }
    fn xid8gt(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_gt() }
    fn xid8ge(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_ge() }

    fn tidin(text: &str) -> Datum { Datum::tid(parse_tid(text)?) }
    fn tidout(a: &[u8]) -> String { tid_of(a).to_string() }
    fn tidrecv(bytes: &[u8]) -> Datum {
        let mut reader = Reader::new(bytes);
        Datum::tid(Tid::new(reader.u32()?, reader.u16()?))
    }
    fn tidsend(a: &[u8]) -> Vec<u8> {
        let tid = tid_of(a);
        [tid.block.0.to_be_bytes().as_slice(), &tid.offset.0.to_be_bytes()].concat()
    }
    fn bttidcmp(a: &[u8], b: &[u8]) -> i32 { tid_cmp(a, b) as i32 }
    fn tidlarger(a: &[u8], b: &[u8]) -> Datum { Datum::tid(tid_of(a).max(tid_of(b))) }
    fn tidsmaller(a: &[u8], b: &[u8]) -> Datum { Datum::tid(tid_of(a).min(tid_of(b))) }
    fn tideq(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_eq() }
    fn tidne(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_ne() }
    fn tidlt(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_lt() }
    fn tidle(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_le() }
    fn tidgt(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_gt() }
    fn tidge(a: &[u8], b: &[u8]) -> bool { tid_cmp(a, b).is_ge() }

    fn pg_lsn_in(text: &str) -> i64 { parse_lsn(text)? }
    fn pg_lsn_out(a: i64) -> String { Lsn(a as u64).to_string() }
    fn pg_lsn_recv(bytes: &[u8]) -> i64 { Reader::new(bytes).i64()? }
    fn pg_lsn_send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn pg_lsn_cmp(a: i64, b: i64) -> i32 { unsigned_cmp(a, b) as i32 }
    fn pg_lsn_larger(a: i64, b: i64) -> i64 { (a as u64).max(b as u64) as i64 }
    fn pg_lsn_smaller(a: i64, b: i64) -> i64 { (a as u64).min(b as u64) as i64 }
    fn pg_lsn_eq(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_eq() }
    fn pg_lsn_ne(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_ne() }
    fn pg_lsn_lt(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_lt() }
    fn pg_lsn_le(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_le() }
    fn pg_lsn_gt(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_gt() }
    fn pg_lsn_ge(a: i64, b: i64) -> bool { unsigned_cmp(a, b).is_ge() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_wrap_as_in_postgres() {
        assert_eq!(parse_oid(" 12 ").unwrap(), Oid(12));
        assert_eq!(parse_oid("-1").unwrap(), Oid(u32::MAX));
        assert_eq!(
            parse_oid("99999999999").unwrap_err().message(),
            "value \"99999999999\" is out of range for type oid"
        );
        assert_eq!(parse_oid("1 2").unwrap_err().message(), "invalid input syntax for type oid: \"1 2\"");
    }

    #[test]
    fn tids_and_lsns() {
        assert_eq!(parse_tid("(4294967295,65535)").unwrap(), Tid::new(u32::MAX, u16::MAX));
        assert!(parse_tid("(1,65536)").is_err());
        assert_eq!(parse_lsn("16/B374D848").unwrap(), 0x16_B374_D848);
    }
}
