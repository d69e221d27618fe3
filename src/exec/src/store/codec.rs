//! Rows as bytes, for temporary files only: the format lives no longer than a statement.
//!
//! A row is its datums one after another; the reader knows how many. A datum is a tag byte, then little-endian bytes:
//! 0 null, 1 bool (1), 2 char (1), 3 int2 (2), 4 int4 (4), 5 int8 (8), 6 float4 (4), 7 float8 (8), 8 oid (4),
//! 9 bytes (4 of length, then they).

use base::Oid;
use report::{Error, Result};
use tuple::{Bytes, Datum};

/// Appends a datum.
pub fn write_datum(datum: &Datum, out: &mut Vec<u8>) {
    match datum {
        Datum::Null => out.push(0),
        Datum::Bool(v) => out.extend([1, u8::from(*v)]),
        Datum::Char(v) => out.extend([2, *v]),
        Datum::Int2(v) => tagged(3, &v.to_le_bytes(), out),
        Datum::Int4(v) => tagged(4, &v.to_le_bytes(), out),
        Datum::Int8(v) => tagged(5, &v.to_le_bytes(), out),
        Datum::Float4(v) => tagged(6, &v.to_le_bytes(), out),
        Datum::Float8(v) => tagged(7, &v.to_le_bytes(), out),
        Datum::Oid(v) => tagged(8, &v.0.to_le_bytes(), out),
        Datum::Bytes(v) => {
            tagged(9, &(v.len() as u32).to_le_bytes(), out);
            out.extend_from_slice(v);
        }
    }
}

fn tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

/// Appends a row.
pub fn write_row(row: &[Datum], out: &mut Vec<u8>) {
    for datum in row {
        write_datum(datum, out);
    }
}

/// Reads `width` datums from the start of `bytes` into `out` (cleared first); returns how many bytes they took.
pub fn read_row(bytes: &[u8], width: usize, out: &mut Vec<Datum>) -> Result<usize> {
    let mut reader = Reader { bytes, at: 0 };
    out.clear();
    for _ in 0..width {
        out.push(reader.datum()?);
    }
    Ok(reader.at)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at + len).ok_or_else(short)?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("take gives as many as asked"))
    }

    fn datum(&mut self) -> Result<Datum> {
        Ok(match self.array::<1>()?[0] {
            0 => Datum::Null,
            1 => Datum::Bool(self.array::<1>()?[0] != 0),
            2 => Datum::Char(self.array::<1>()?[0]),
            3 => Datum::Int2(i16::from_le_bytes(self.array()?)),
            4 => Datum::Int4(i32::from_le_bytes(self.array()?)),
            5 => Datum::Int8(i64::from_le_bytes(self.array()?)),
            6 => Datum::Float4(f32::from_le_bytes(self.array()?)),
            7 => Datum::Float8(f64::from_le_bytes(self.array()?)),
            8 => Datum::Oid(Oid(u32::from_le_bytes(self.array()?))),
            9 => {
                let len = u32::from_le_bytes(self.array()?) as usize;
                Datum::Bytes(Bytes::copy_from(self.take(len)?))
            }
            _ => return Err(short()),
        })
    }
}

#[cold]
fn short() -> Error {
    Error::corrupt("unexpected end of temporary file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let row = [
            Datum::Null,
            Datum::Bool(true),
            Datum::Char(7),
            Datum::Int2(-2),
            Datum::Int4(-4),
            Datum::Int8(i64::MIN),
            Datum::Float4(1.5),
            Datum::Float8(-0.25),
            Datum::Oid(Oid(99)),
            Datum::text("a text of more than twenty-two bytes"),
        ];
        let mut bytes = Vec::new();
        write_row(&row, &mut bytes);
        let mut back = Vec::new();
        assert_eq!(read_row(&bytes, row.len(), &mut back).unwrap(), bytes.len());
        assert_eq!(format!("{row:?}"), format!("{back:?}"));
        assert!(read_row(&bytes[..bytes.len() - 1], row.len(), &mut back).is_err());
    }
}
