//! Reading fields out of a message body.

use report::{Result, bail};
use std::ffi::CStr;

/// A read position in a message body. Every read checks the remaining length: 08P01 if it does not suffice.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: body }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.rest.len() {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.bytes(N)?.try_into().expect("bytes() returns the length asked for"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A count of things that each take at least `each_bytes`, so that a forged count cannot make us allocate.
    pub(crate) fn count(&mut self, each_bytes: usize) -> Result<usize> {
        let count = self.i16()?;
        match usize::from(count as u16).checked_mul(each_bytes) {
            Some(bytes) if bytes <= self.rest.len() => Ok(usize::from(count as u16)),
            _ => bail!(PROTOCOL_VIOLATION, "insufficient data left in message"),
        }
    }

    /// Text up to a NUL byte, which is consumed. The caller's encoding check has yet to be made.
    pub(crate) fn c_bytes(&mut self) -> Result<&'a [u8]> {
        let Ok(text) = CStr::from_bytes_until_nul(self.rest) else {
            bail!(PROTOCOL_VIOLATION, "invalid string in message");
        };
        self.rest = &self.rest[text.count_bytes() + 1..];
        Ok(text.to_bytes())
    }

    /// As `c_bytes`, checked to be UTF-8.
    pub(crate) fn c_str(&mut self) -> Result<&'a str> {
        utf8(self.c_bytes()?)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// 08P01 unless all has been read.
    pub(crate) fn finish(self) -> Result<()> {
        if !self.rest.is_empty() {
            bail!(PROTOCOL_VIOLATION, "invalid message format");
        }
        Ok(())
    }
}

/// The text, or PostgreSQL's 22021 naming the offending bytes.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Err(bad_utf8(&bytes[error.valid_up_to()..])),
    }
}

#[cold]
fn bad_utf8(from: &[u8]) -> report::Error {
    let expected = match from[0] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let shown: Vec<String> = from.iter().take(expected).map(|b| format!("0x{b:02x}")).collect();
    report::error!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": {}", shown.join(" "))
}
