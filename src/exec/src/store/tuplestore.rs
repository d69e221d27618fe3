//! A row store: rows are put at the end and read at any place, again and again.
//!
//! Rows are in memory up to a limit; what comes later goes to a file, in blocks. A block is written when it is full and read
//! as a whole, so that readers that go forward, backward or far away all read little more than they need. Writing and reading
//! may alternate.

use super::{RowBuffer, TempFile, TempSpace, codec};
use report::{Error, Result};
use tuple::Datum;

/// A block is full when its rows take so many bytes.
const BLOCK_BYTES: usize = 16 * 1024;

/// Rows to be read more than once.
pub struct Tuplestore {
    rows: RowBuffer,
    memory_bytes_max: usize,
    file: Option<Spilled>,
}

/// The rows that are not in memory.
struct Spilled {
    file: Box<dyn TempFile>,
    bytes: u64,
    blocks: Vec<Block>,
    /// The rows of the block being filled.
    open: RowBuffer,
    /// Rows in full blocks.
    written: u64,
    /// The block last read, with its rows.
    read: Option<(usize, RowBuffer)>,
    scratch: Vec<u8>,
}

/// Where a block is.
struct Block {
    first_row: u64,
    rows: u32,
    offset: u64,
    bytes: u32,
}

impl Tuplestore {
    /// An empty store for rows of `width` columns, in memory up to `memory_bytes_max`.
    pub fn new(width: usize, memory_bytes_max: usize) -> Tuplestore {
        Tuplestore { rows: RowBuffer::new(width), memory_bytes_max, file: None }
    }

    /// Number of rows put.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64 + self.file.as_ref().map_or(0, Spilled::len)
    }

    /// True if no row was put.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes()
    }

    /// True if it had to write to a file.
    pub fn spilled(&self) -> bool {
        self.file.is_some()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.file = None;
    }

    /// Adds a row at the end.
    pub fn push(&mut self, row: &[Datum], space: &mut dyn TempSpace) -> Result<()> {
        if let Some(file) = &mut self.file {
            return file.push(row);
        }
        if self.rows.is_empty() || self.rows.memory_bytes() < self.memory_bytes_max {
            self.rows.push(row);
            return Ok(());
        }
        let mut file = Spilled::create(self.rows.width(), space)?;
        file.push(row)?;
        self.file = Some(file);
        Ok(())
    }

    /// The row at `position`, counted from 0; `None` past the end.
    pub fn row(&mut self, position: u64) -> Result<Option<&[Datum]>> {
        let in_memory = self.rows.len() as u64;
        if position < in_memory {
            return Ok(Some(self.rows.row(position as usize)));
        }
        match &mut self.file {
            Some(file) => file.row(position - in_memory),
            None => Ok(None),
        }
    }
}

impl Spilled {
    fn create(width: usize, space: &mut dyn TempSpace) -> Result<Spilled> {
        Ok(Spilled {
            file: space.create()?,
            bytes: 0,
            blocks: Vec::new(),
            open: RowBuffer::new(width),
            written: 0,
            read: None,
            scratch: Vec::new(),
        })
    }

    fn len(&self) -> u64 {
        self.written + self.open.len() as u64
    }

    fn push(&mut self, row: &[Datum]) -> Result<()> {
        self.open.push(row);
        if self.open.memory_bytes() >= BLOCK_BYTES { self.write_block() } else { Ok(()) }
    }

    fn write_block(&mut self) -> Result<()> {
        self.scratch.clear();
        for at in 0..self.open.len() {
            codec::write_row(self.open.row(at), &mut self.scratch);
        }
        self.file.append(&self.scratch)?;
        let (rows, bytes) = (self.open.len() as u32, self.scratch.len() as u32);
        self.blocks.push(Block { first_row: self.written, rows, offset: self.bytes, bytes });
        self.bytes += u64::from(bytes);
        self.written += u64::from(rows);
        self.open.clear();
        Ok(())
    }

    fn row(&mut self, position: u64) -> Result<Option<&[Datum]>> {
        if position >= self.written {
            let at = (position - self.written) as usize;
            return Ok((at < self.open.len()).then(|| self.open.row(at)));
        }
        let holds = |(at, _): &(usize, RowBuffer)| {
            let block = &self.blocks[*at];
            (block.first_row..block.first_row + u64::from(block.rows)).contains(&position)
        };
        if !self.read.as_ref().is_some_and(holds) {
            self.read_block(self.blocks.partition_point(|block| block.first_row <= position) - 1)?;
        }
        let (at, rows) = self.read.as_ref().expect("read above");
        Ok(Some(rows.row((position - self.blocks[*at].first_row) as usize)))
    }

    fn read_block(&mut self, at: usize) -> Result<()> {
        let block = &self.blocks[at];
        self.scratch.resize(block.bytes as usize, 0);
        let mut have = 0;
        while have < self.scratch.len() {
            match self.file.read_at(block.offset + have as u64, &mut self.scratch[have..])? {
                0 => return Err(Error::corrupt("unexpected end of temporary file")),
                got => have += got,
            }
        }
        let width = self.open.width();
        let mut rows = self.read.take().map_or_else(|| RowBuffer::new(width), |(_, rows)| rows);
        rows.clear();
        let (mut row, mut start) = (Vec::with_capacity(width), 0);
        for _ in 0..block.rows {
            start += codec::read_row(&self.scratch[start..], width, &mut row)?;
            rows.push_drain(&mut row);
        }
        self.read = Some((at, rows));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemorySpace;
    use super::*;

    const ROWS: i32 = 5000;

    fn value(store: &mut Tuplestore, position: u64) -> i32 {
        store.row(position).unwrap().unwrap()[0].as_i32()
    }

    #[test]
    fn reads_what_was_put_in_memory_and_on_disk() {
        for limit in [0, 1000, usize::MAX] {
            let mut store = Tuplestore::new(2, limit);
            for i in 0..ROWS {
                store.push(&[Datum::Int4(i), Datum::text("some text, so that blocks fill")], &mut MemorySpace).unwrap();
            }
            assert_eq!(store.len(), ROWS as u64);
            assert_eq!(store.spilled(), limit != usize::MAX);
            for i in (0..ROWS).chain((0..ROWS).rev()).chain([0, ROWS - 1, 7, 4000, 50, 51, 50]) {
                assert_eq!(value(&mut store, i as u64), i);
            }
            assert!(store.row(ROWS as u64).unwrap().is_none());
        }
    }

    #[test]
    fn writing_and_reading_alternate() {
        let mut store = Tuplestore::new(1, 100);
        for i in 0..ROWS {
            store.push(&[Datum::Int4(i)], &mut MemorySpace).unwrap();
            assert_eq!(value(&mut store, i as u64), i);
            assert_eq!(value(&mut store, i as u64 / 2), i / 2);
        }
    }

    #[test]
    fn a_store_without_columns_counts() {
        let mut store = Tuplestore::new(0, 0);
        (0..3).for_each(|_| store.push(&[], &mut MemorySpace).unwrap());
        assert_eq!(store.len(), 3);
        assert!(store.row(2).unwrap().is_some_and(<[Datum]>::is_empty));
    }
}
