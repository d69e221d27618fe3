//! A row store: rows are put at the end and read in order by any number of readers, again and again.
//!
//! Rows are in memory up to a limit; what comes later goes to a file. Readers are positions (row numbers) that the
//! caller keeps; reading backwards is possible while nothing was spilled.

use super::{RowBuffer, RunReader, RunWriter, TempSpace};
use report::Result;
use tuple::Datum;

enum Tail {
    None,
    Writing(RunWriter),
    Reading { reader: RunReader, position: u64 },
}

/// Rows to be read more than once.
pub struct Tuplestore {
    rows: RowBuffer,
    memory_bytes_max: usize,
    tail: Tail,
    row: Vec<Datum>,
}

impl Tuplestore {
    /// An empty store for rows of `width` columns, in memory up to `memory_bytes_max`.
    pub fn new(width: usize, memory_bytes_max: usize) -> Tuplestore {
        Tuplestore { rows: RowBuffer::new(width), memory_bytes_max, tail: Tail::None, row: Vec::new() }
    }

    /// Number of rows put.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
            + match &self.tail {
                Tail::None => 0,
                Tail::Writing(run) => run.rows(),
                Tail::Reading { reader, .. } => reader.rows(),
            }
    }

    /// True if no row was put.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes()
    }

    /// True if it had to write to a file.
    pub fn spilled(&self) -> bool {
        !matches!(self.tail, Tail::None)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.tail = Tail::None;
    }

    /// Adds a row at the end.
    pub fn push(&mut self, row: &[Datum], space: &mut dyn TempSpace) -> Result<()> {
        match &mut self.tail {
            Tail::Writing(run) => return run.push(row),
            Tail::Reading { .. } => self.reopen(space)?,
            Tail::None if self.rows.memory_bytes() < self.memory_bytes_max => {
                self.rows.push(row);
                return Ok(());
            }
            Tail::None => self.tail = Tail::Writing(RunWriter::create(space)?),
        }
        self.push(row, space)
    }

    /// Writing after reading of a spilled store: rare, so the tail is copied to a new file.
    fn reopen(&mut self, space: &mut dyn TempSpace) -> Result<()> {
        let Tail::Reading { mut reader, .. } = std::mem::replace(&mut self.tail, Tail::None) else { return Ok(()) };
        let mut run = RunWriter::create(space)?;
        reader.rewind();
        while reader.next(&mut self.row)? {
            run.push(&self.row)?;
        }
        self.tail = Tail::Writing(run);
        Ok(())
    }

    /// The row at `position`, counted from 0; `None` past the end.
    pub fn row(&mut self, position: u64) -> Result<Option<&[Datum]>> {
        if position < self.rows.len() as u64 {
            return Ok(Some(self.rows.row(position as usize)));
        }
        self.spilled_row(position - self.rows.len() as u64)
    }

    fn spilled_row(&mut self, wanted: u64) -> Result<Option<&[Datum]>> {
        self.tail = match std::mem::replace(&mut self.tail, Tail::None) {
            Tail::None => return Ok(None),
            Tail::Writing(run) => Tail::Reading { reader: run.finish(self.rows.width())?, position: 0 },
            reading => reading,
        };
        let Tail::Reading { reader, position } = &mut self.tail else { return Ok(None) };
        if wanted >= reader.rows() {
            return Ok(None);
        }
        // The row at `position - 1` is the one held in `self.row`.
        if wanted + 1 < *position || *position == 0 {
            reader.rewind();
            *position = 0;
        }
        while *position <= wanted {
            reader.next(&mut self.row)?;
            *position += 1;
        }
        Ok(Some(&self.row))
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemorySpace;
    use super::*;

    #[test]
    fn reads_what_was_put_in_memory_and_on_disk() {
        for limit in [0, 1000, usize::MAX] {
            let mut store = Tuplestore::new(1, limit);
            for i in 0..100 {
                store.push(&[Datum::Int4(i)], &mut MemorySpace).unwrap();
            }
            assert_eq!(store.len(), 100);
            assert_eq!(store.spilled(), limit != usize::MAX);
            for i in [0, 5, 99, 50, 51, 50] {
                assert_eq!(store.row(i).unwrap().unwrap()[0].as_i32(), i as i32);
            }
            store.push(&[Datum::Int4(100)], &mut MemorySpace).unwrap();
            assert_eq!(store.row(100).unwrap().unwrap()[0].as_i32(), 100);
            assert!(store.row(101).unwrap().is_none());
        }
    }
}
