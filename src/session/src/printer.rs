//! Rows as single-user mode prints them: a line for each column, in PostgreSQL's form.
//!
//! It stands where a client's stream would be and reads what a client would read.

use crate::wire::Stream;
use proto::frontend::HEAD_BYTES;
use std::io::{self, Write};

/// A stream that prints the rows written to it.
pub(crate) struct Printer {
    output: Box<dyn Write + Send>,
    /// The part of a message that has come.
    pending: Vec<u8>,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    type_oid: u32,
    length: i16,
    modifier: i32,
}

impl Printer {
    pub(crate) fn new(output: Box<dyn Write + Send>) -> Printer {
        Printer { output, pending: Vec::new(), columns: Vec::new() }
    }

    fn print(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        match kind {
            b'T' => {
                self.columns = read_columns(body);
                let nulls = vec![None; self.columns.len()];
                self.print_lines(&nulls, true)
            }
            b'D' => self.print_lines(&read_values(body), false),
            _ => Ok(()),
        }
    }

    /// A row, or with `heads` the columns alone. Nulls have no line in a row.
    fn print_lines(&mut self, values: &[Option<&[u8]>], heads: bool) -> io::Result<()> {
        for (number, (column, value)) in self.columns.iter().zip(values).enumerate() {
            if value.is_none() && !heads {
                continue;
            }
            let shown = value.map(|bytes| format!(" = \"{}\"", String::from_utf8_lossy(bytes))).unwrap_or_default();
            let Column { name, type_oid, length, modifier } = column;
            let is_by_value = if matches!(length, 1 | 2 | 4 | 8) { 't' } else { 'f' };
            let number = number + 1;
            writeln!(
                self.output,
                "\t{number:2}: {name}{shown}\t(typeid = {type_oid}, len = {length}, typmod = {modifier}, byval = {is_by_value})"
            )?;
        }
        writeln!(self.output, "\t----")
    }
}

impl Stream for Printer {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        while rest.len() >= HEAD_BYTES {
            let length = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
            if rest.len() <= length {
                break;
            }
            self.print(rest[0], &rest[HEAD_BYTES..=length])?;
            rest = &rest[length + 1..];
        }
        self.pending = rest.to_vec();
        self.output.flush()?;
        Ok(bytes.len())
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// The columns of a RowDescription: after each name come table, number, type, length, modifier, format.
fn read_columns(body: &[u8]) -> Vec<Column> {
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let fixed = &rest[end + 1..end + 19];
        columns.push(Column {
            name: String::from_utf8_lossy(&rest[..end]).into_owned(),
            type_oid: u32::from_be_bytes([fixed[6], fixed[7], fixed[8], fixed[9]]),
            length: i16::from_be_bytes([fixed[10], fixed[11]]),
            modifier: i32::from_be_bytes([fixed[12], fixed[13], fixed[14], fixed[15]]),
        });
        rest = &rest[end + 19..];
    }
    columns
}

/// The values of a DataRow.
fn read_values(body: &[u8]) -> Vec<Option<&[u8]>> {
    let mut rest = &body[2..];
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, after) = after.split_at(length.unwrap_or(0));
        values.push(length.map(|_| value));
        rest = after;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
    }

    #[test]
    fn a_row_is_printed_in_whatever_pieces_it_comes() {
        let column = [&b"x\0"[..], &[0; 6], &23u32.to_be_bytes(), &[0, 4, 255, 255, 255, 255, 0, 0]].concat();
        let other = [&b"n\0"[..], &[0; 6], &25u32.to_be_bytes(), &[255, 255, 255, 255, 255, 255, 0, 0]].concat();
        let described = message(b'T', &[&[0, 2][..], &column, &other].concat());
        let row = message(b'D', &[&[0, 2, 0, 0, 0, 1][..], b"7", &[255, 255, 255, 255]].concat());
        let sink = Sink::default();
        let mut printer = Printer::new(Box::new(sink.clone()));
        for byte in [described, row].concat() {
            printer.write(&[byte]).unwrap();
        }
        let expected = "\t 1: x\t(typeid = 23, len = 4, typmod = -1, byval = t)\n\
                        \t 2: n\t(typeid = 25, len = -1, typmod = -1, byval = f)\n\t----\n\
                        \t 1: x = \"7\"\t(typeid = 23, len = 4, typmod = -1, byval = t)\n\t----\n";
        assert_eq!(String::from_utf8(sink.0.lock().unwrap().clone()).unwrap(), expected);
    }
}
