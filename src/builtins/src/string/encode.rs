//! encode and decode (hex, base64, escape), digests, to_ascii.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use report::{Error, Result, bail, error};

/// The bytes as pairs of hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let pairs = bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
    pairs.map(char::from).collect()
}

/// Reads hexadecimal digits, with white space between the pairs.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut chars = text.chars().filter(|c| !matches!(c, ' ' | '\n' | '\t' | '\r')).peekable();
    while let Some(high) = chars.next() {
        let high = hex_digit(high)?;
        let Some(low) = chars.next() else {
            bail!(INVALID_PARAMETER_VALUE, "invalid hexadecimal data: odd number of digits");
        };
        out.push(high << 4 | hex_digit(low)?);
    }
    Ok(out)
}

fn hex_digit(c: char) -> Result<u8> {
    c.to_digit(16).map(|d| d as u8).ok_or_else(|| error!(INVALID_PARAMETER_VALUE, "invalid hexadecimal digit: \"{c}\""))
}

/// Base64 in lines of 76 characters.
fn base64(bytes: &[u8]) -> String {
    let all = STANDARD.encode(bytes);
    let lines: Vec<&str> = (0..all.len()).step_by(76).map(|at| &all[at..(at + 76).min(all.len())]).collect();
    let mut out = lines.join("\n");
    // PostgreSQL breaks the line as soon as it is full.
    if !all.is_empty() && all.len().is_multiple_of(76) {
        out.push('\n');
    }
    out
}

fn unbase64(text: &str) -> Result<Vec<u8>> {
    let (mut out, mut buffer, mut position, mut padding) = (Vec::new(), 0u32, 0, 0);
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')) {
        let value = match c {
            '=' if padding == 0 && position < 2 => {
                bail!(INVALID_PARAMETER_VALUE, "unexpected \"=\" while decoding base64 sequence")
            }
            '=' => {
                padding = if padding == 0 { position } else { padding };
                0
            }
            _ => base64_value(c).filter(|_| padding == 0).ok_or_else(|| {
                error!(INVALID_PARAMETER_VALUE, "invalid symbol \"{c}\" found while decoding base64 sequence")
            })?,
        };
        buffer = buffer << 6 | value;
        position += 1;
        if position == 4 {
            let kept = if padding == 0 { 3 } else { padding - 1 };
            out.extend_from_slice(&buffer.to_be_bytes()[1..1 + kept]);
            (buffer, position, padding) = (0, 0, 0);
        }
    }
    if position != 0 {
        return Err(error!(INVALID_PARAMETER_VALUE, "invalid base64 end sequence")
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted."));
    }
    Ok(out)
}

fn base64_value(c: char) -> Option<u32> {
    Some(match c {
        'A'..='Z' => c as u32 - 'A' as u32,
        'a'..='z' => c as u32 - 'a' as u32 + 26,
        '0'..='9' => c as u32 - '0' as u32 + 52,
        '+' => 62,
        '/' => 63,
        _ => return None,
    })
}

/// The escape form of `encode`: zero and high bytes as octal, backslashes doubled.
fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            0 | 128.. => out.push_str(&format!("\\{b:03o}")),
            _ => out.push(char::from(b)),
        }
    }
    out
}

#[cold]
fn bad_bytea() -> Error {
    error!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea")
}

/// Reads the escape form: `\\` and backslash with three octal digits.
pub(crate) fn unescape(text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match *rest {
            [] => return Ok(out),
            [b'\\', b'\\', ref tail @ ..] => {
                out.push(b'\\');
                tail
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref tail @ ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            [b'\\', ..] => return Err(bad_bytea()),
            [plain, ref tail @ ..] => {
                out.push(plain);
                tail
            }
        };
    }
}

#[cold]
fn unknown_encoding(name: &str) -> Error {
    error!(INVALID_PARAMETER_VALUE, "unrecognized encoding: \"{name}\"")
}

builtins! {
    fn binary_encode(data: &[u8], format: &str) -> String {
        match format.to_ascii_lowercase().as_str() {
            "hex" => hex(data),
            "base64" => base64(data),
            "escape" => escape(data),
            _ => return Err(unknown_encoding(format)),
        }
    }
    fn binary_decode(data: &str, format: &str) -> Vec<u8> {
        match format.to_ascii_lowercase().as_str() {
            "hex" => unhex(data)?,
            "base64" => unbase64(data)?,
            "escape" => unescape(data.as_bytes())?,
            _ => return Err(unknown_encoding(format)),
        }
    }
    fn md5_text(data: &[u8]) -> String { hex(&Md5::digest(data)) }
    fn md5_bytea(data: &[u8]) -> String { hex(&Md5::digest(data)) }
    fn sha224_bytea(data: &[u8]) -> Vec<u8> { sha2::Sha224::digest(data).to_vec() }
    fn sha256_bytea(data: &[u8]) -> Vec<u8> { sha2::Sha256::digest(data).to_vec() }
    fn sha384_bytea(data: &[u8]) -> Vec<u8> { sha2::Sha384::digest(data).to_vec() }
    fn sha512_bytea(data: &[u8]) -> Vec<u8> { sha2::Sha512::digest(data).to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        assert_eq!(hex(&Md5::digest(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(unbase64("AQ IDBA==").unwrap(), [1, 2, 3, 4]);
        assert_eq!(unbase64(&base64(&[7; 100])).unwrap(), [7; 100]);
        assert_eq!(unbase64("AQI").unwrap_err().message(), "invalid base64 end sequence");
        assert_eq!(unbase64("A=").unwrap_err().message(), "unexpected \"=\" while decoding base64 sequence");
        assert_eq!(unescape(b"a\\001\\\\").unwrap(), b"a\x01\\");
        assert_eq!(escape(b"a\x00\xff\\"), "a\\000\\377\\\\");
        assert_eq!(unhex("abc").unwrap_err().message(), "invalid hexadecimal data: odd number of digits");
    }
}
