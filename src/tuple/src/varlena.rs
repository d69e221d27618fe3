//! Values of varying length in a tuple: short, long, compressed, out of line.
//!
//! The first byte says which:
//!
//! | first byte | form | layout |
//! |---|---|---|
//! | odd, not 255 | short | 1 byte `len * 2 + 1`, then `len` bytes (0 to 126) |
//! | even, bit 1 clear | plain | 4 bytes little-endian `len * 4`, then `len` bytes |
//! | even, bit 1 set | compressed | 4 bytes little-endian `len * 4 + 2`, then `len` bytes: raw length (4, LE), LZ4 block |
//! | 255 | TOAST pointer | 255, raw length (4), stored length (4), value oid (4), TOAST table oid (4), all LE |
//!
//! A TOAST pointer's stored length is less than its raw length exactly if the chunks hold a compressed value, in
//! the form that follows the header above (raw length, LZ4 block).

use base::Oid;
use report::{Error, Result};

/// Bytes of a TOAST pointer in a tuple, its first byte included.
pub const TOAST_POINTER_BYTES: usize = 17;
/// Longest value with a header of one byte.
pub(crate) const SHORT_BYTES_MAX: usize = 126;
const POINTER_TAG: u8 = 0xFF;
const LONG_BYTES_MAX: usize = (1 << 30) - 1;

/// Where a value that is stored out of line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToastPointer {
    /// Bytes of the value itself.
    pub raw_bytes: u32,
    /// Bytes in the chunks. Fewer than `raw_bytes` exactly if they are compressed.
    pub stored_bytes: u32,
    /// `chunk_id` of its chunks.
    pub value: Oid,
    /// The TOAST table.
    pub table: Oid,
}

impl ToastPointer {
    /// True if the chunks hold a compressed value.
    pub fn is_compressed(&self) -> bool {
        self.stored_bytes < self.raw_bytes
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(POINTER_TAG);
        for word in [self.raw_bytes, self.stored_bytes, self.value.0, self.table.0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> ToastPointer {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        ToastPointer { raw_bytes: word(1), stored_bytes: word(5), value: Oid(word(9)), table: Oid(word(13)) }
    }
}

/// Fetches values that are stored out of line. `heap` implements it for tables with a TOAST table.
pub trait Detoast {
    /// The chunks of a value joined, still compressed if they are.
    fn fetch(&self, pointer: &ToastPointer) -> Result<Vec<u8>>;
}

/// For tuples that have no value out of line: index tuples, TOAST chunks, rows of tables without TOAST table.
pub struct NoToast;

impl Detoast for NoToast {
    fn fetch(&self, pointer: &ToastPointer) -> Result<Vec<u8>> {
        Err(Error::corrupt(format!("unexpected TOAST pointer to value {} of table {}", pointer.value, pointer.table)))
    }
}

/// A compressed form of `bytes` (raw length, LZ4 block), if it saves at least an eighth.
pub fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let raw = u32::try_from(bytes.len()).ok()?;
    let mut out = vec![0; 4 + lz4_flex::block::get_maximum_output_size(bytes.len())];
    out[..4].copy_from_slice(&raw.to_le_bytes());
    let packed = lz4_flex::block::compress_into(bytes, &mut out[4..]).ok()?;
    out.truncate(4 + packed);
    (out.len() < bytes.len() - bytes.len() / 8).then_some(out)
}

/// The value that `compress` took.
pub fn decompress(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = || Error::corrupt("compressed value is damaged");
    let (raw, block) = packed.split_first_chunk::<4>().ok_or_else(damaged)?;
    let raw = u32::from_le_bytes(*raw) as usize;
    if raw > LONG_BYTES_MAX {
        return Err(damaged());
    }
    let mut out = vec![0; raw];
    match lz4_flex::block::decompress_into(block, &mut out) {
        Ok(len) if len == raw => Ok(out),
        _ => Err(damaged()),
    }
}

/// One value as it lies in a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Varlena {
    /// The value's bytes: where they begin after the header, and how many.
    Plain { start: usize, len: usize },
    /// A compressed value: raw length and LZ4 block.
    Compressed { start: usize, len: usize },
    /// Out of line.
    External(ToastPointer),
}

impl Varlena {
    /// Reads the header at the beginning of `bytes`. Answers it and how many bytes header and value take.
    #[inline]
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Varlena, usize)> {
        let Some(&tag) = bytes.first() else { return Err(cut_short()) };
        if tag & 1 == 1 && tag != POINTER_TAG {
            let len = usize::from(tag >> 1);
            return if bytes.len() > len { Ok((Varlena::Plain { start: 1, len }, 1 + len)) } else { Err(cut_short()) };
        }
        Varlena::parse_long(bytes, tag)
    }

    fn parse_long(bytes: &[u8], tag: u8) -> Result<(Varlena, usize)> {
        if tag == POINTER_TAG {
            let pointer = bytes.get(..TOAST_POINTER_BYTES).ok_or_else(cut_short)?;
            return Ok((Varlena::External(ToastPointer::read(pointer)), TOAST_POINTER_BYTES));
        }
        let word = u32::from_le_bytes(*bytes.first_chunk().ok_or_else(cut_short)?);
        let len = (word >> 2) as usize;
        if bytes.len() < 4 + len {
            return Err(cut_short());
        }
        let value = match word & 2 {
            0 => Varlena::Plain { start: 4, len },
            _ => Varlena::Compressed { start: 4, len },
        };
        Ok((value, 4 + len))
    }
}

#[cold]
pub(crate) fn cut_short() -> Error {
    Error::corrupt("a tuple ends in the middle of a value")
}

/// Writes a plain value with the shortest header.
pub(crate) fn write_plain(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.len() <= SHORT_BYTES_MAX {
        out.push((bytes.len() as u8) << 1 | 1);
    } else {
        out.extend_from_slice(&long_header(bytes.len(), 0));
    }
    out.extend_from_slice(bytes);
}

/// Writes what `compress` made.
pub(crate) fn write_compressed(packed: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&long_header(packed.len(), 2));
    out.extend_from_slice(packed);
}

/// Bytes that `write_plain` writes for a value of `len` bytes.
pub(crate) fn plain_bytes(len: usize) -> usize {
    len + if len <= SHORT_BYTES_MAX { 1 } else { 4 }
}

fn long_header(len: usize, flag: u32) -> [u8; 4] {
    assert!(len <= LONG_BYTES_MAX, "values over 1 GiB are refused above");
    ((len as u32) << 2 | flag).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write_plain(&vec![7; len], &mut out);
        assert_eq!(out.len(), plain_bytes(len));
        out
    }

    #[test]
    fn headers_are_as_short_as_they_can_be() {
        for (len, start) in [(0, 1), (1, 1), (126, 1), (127, 4), (70_000, 4)] {
            assert_eq!(Varlena::parse(&plain(len)).unwrap(), (Varlena::Plain { start, len }, start + len));
        }
    }

    #[test]
    fn damaged_bytes_are_reported() {
        for len in [1, 126, 127, 500] {
            let bytes = plain(len);
            for cut in [0, 1, bytes.len() - 1] {
                assert_eq!(Varlena::parse(&bytes[..cut]).unwrap_err().code(), report::SqlState::DATA_CORRUPTED);
            }
        }
        assert!(decompress(&[1, 0]).is_err() && decompress(&[9, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn compression_pays_or_is_not_done() {
        let text = b"the quick brown fox ".repeat(50);
        let packed = compress(&text).expect("repeats compress");
        assert!(packed.len() < text.len() / 2);
        assert_eq!(decompress(&packed).unwrap(), text);
        let mut random = base::Prng::new(5);
        let noise: Vec<u8> = (0..1000).map(|_| random.next_u64() as u8).collect();
        assert_eq!(compress(&noise), None);
        assert_eq!(compress(&[]), None);
    }

    #[test]
    fn pointers_survive() {
        let pointer = ToastPointer { raw_bytes: 9000, stored_bytes: 500, value: Oid(77), table: Oid(16400) };
        let mut out = Vec::new();
        pointer.write(&mut out);
        assert_eq!(Varlena::parse(&out).unwrap(), (Varlena::External(pointer), TOAST_POINTER_BYTES));
        assert!(pointer.is_compressed());
        assert_eq!(NoToast.fetch(&pointer).unwrap_err().code(), report::SqlState::DATA_CORRUPTED);
    }
}
