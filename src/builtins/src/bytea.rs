//! bytea: byte strings.

use crate::io::sent;
use crate::string::basic::window;
use crate::string::encode::{hex, unescape, unhex};
use report::{Result, bail};
use tuple::Datum;

fn parse_bytea(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => unhex(digits),
        None => unescape(text.as_bytes()),
    }
}

/// The escape form of output: what is not printable ASCII as octal.
fn print_escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(b)),
            _ => out.push_str(&format!("\\{b:03o}")),
        }
    }
    out
}

fn slice(bytes: &[u8], (start, end): (usize, usize)) -> &[u8] {
    let start = start.min(bytes.len());
    &bytes[start..end.clamp(start, bytes.len())]
}

fn overlay(bytes: &[u8], new: &[u8], start: i32, length: i32) -> Result<Vec<u8>> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(resume) = start.checked_add(length) else {
        return Err(crate::errors::out_of_range("integer"));
    };
    Ok([slice(bytes, window(1, Some(start - 1))?), new, slice(bytes, window(resume, None)?)].concat())
}

/// The place of a byte, checked.
fn byte_index(index: i64, count: i64) -> Result<usize> {
    if index < 0 || index >= count {
        bail!(ARRAY_SUBSCRIPT_ERROR, "index {index} out of valid range, 0..{}", count - 1);
    }
    Ok(index as usize)
}

fn bits(bytes: &[u8]) -> i64 {
    bytes.len() as i64 * 8
}

fn find(bytes: &[u8], needle: &[u8]) -> i32 {
    if needle.is_empty() {
        return 1;
    }
    bytes.windows(needle.len()).position(|w| w == needle).map_or(0, |at| at as i32 + 1)
}

fn trim_end<'a>(bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    let end = bytes.iter().rposition(|b| !set.contains(b)).map_or(0, |at| at + 1);
    &bytes[..end]
}

fn trim_start<'a>(bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    let start = bytes.iter().position(|b| !set.contains(b)).unwrap_or(bytes.len());
    &bytes[start..]
}

builtins! {
    fn byteain(text: &str) -> Vec<u8> { parse_bytea(text)? }
    fn byteaout[cx](a: &[u8]) -> String {
        if cx.settings.bytea_hex { format!("\\x{}", hex(a)) } else { print_escaped(a) }
    }
    fn bytearecv(bytes: &Datum) -> Datum { bytes.clone() }
    fn byteasend(a: &[u8]) -> Datum { sent(a) }
    fn byteaeq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn byteane(a: &[u8], b: &[u8]) -> bool { a != b }
    fn bytealt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn byteale(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn byteagt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn byteage(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn byteacmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn byteacat(a: &[u8], b: &[u8]) -> Vec<u8> {
        memory::room_for(a.len() + b.len())?;
        [a, b].concat()
    }
    fn byteaoctetlen(a: &[u8]) -> i32 { a.len() as i32 }
    fn bytea_substr(a: &[u8], start: i32, length: i32) -> &[u8] { slice(a, window(start, Some(length))?) }
    fn bytea_substr_no_len(a: &[u8], start: i32) -> &[u8] { slice(a, window(start, None)?) }
    fn byteaoverlay(a: &[u8], new: &[u8], start: i32, length: i32) -> Vec<u8> { overlay(a, new, start, length)? }
    fn byteaoverlay_no_len(a: &[u8], new: &[u8], start: i32) -> Vec<u8> { overlay(a, new, start, new.len() as i32)? }
    fn byteapos(a: &[u8], b: &[u8]) -> i32 { find(a, b) }
    fn byteatrim(a: &[u8], set: &[u8]) -> &[u8] { trim_end(trim_start(a, set), set) }
    fn bytealtrim(a: &[u8], set: &[u8]) -> &[u8] { trim_start(a, set) }
    fn byteartrim(a: &[u8], set: &[u8]) -> &[u8] { trim_end(a, set) }
    fn bytea_bit_count(a: &[u8]) -> i64 { a.iter().map(|b| i64::from(b.count_ones())).sum() }
    fn byteaGetByte(a: &[u8], index: i32) -> i32 { i32::from(a[byte_index(index.into(), a.len() as i64)?]) }
    fn byteaGetBit(a: &[u8], index: i64) -> i32 {
        let index = byte_index(index, bits(a))?;
        i32::from(a[index / 8] >> (index % 8) & 1)
    }
    fn byteaSetByte(a: &[u8], index: i32, new: i32) -> Vec<u8> {
        let index = byte_index(index.into(), a.len() as i64)?;
        let mut out = a.to_vec();
        out[index] = new as u8;
        out
    }
    fn byteaSetBit(a: &[u8], index: i64, new: i32) -> Vec<u8> {
        let index = byte_index(index, bits(a))?;
        if !matches!(new, 0 | 1) {
            bail!(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
        }
        let mut out = a.to_vec();
        out[index / 8] = out[index / 8] & !(1 << (index % 8)) | (new as u8) << (index % 8);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(parse_bytea("\\xDEAD").unwrap(), [0xDE, 0xAD]);
        assert_eq!(parse_bytea("a\\").unwrap_err().message(), "invalid input syntax for type bytea");
        assert_eq!(print_escaped(b"a\x01\\"), "a\\001\\\\");
        assert_eq!(slice(b"hello", window(2, Some(3)).unwrap()), b"ell");
        assert_eq!(find(b"hello", b"lo"), 4);
    }
}
