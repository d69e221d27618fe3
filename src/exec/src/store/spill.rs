//! Temporary files: runs of rows written once, front to back, and read back any number of times.

use super::codec;
use report::Result;
use tuple::Datum;

/// Bytes gathered before a write, and read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A temporary file. Dropping it removes it.
pub trait TempFile: Send {
    /// Adds bytes at the end.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;
    /// Reads at `offset`; fewer bytes than asked only at the end.
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize>;
}

/// Makes temporary files.
pub trait TempSpace {
    /// A new empty file.
    fn create(&mut self) -> Result<Box<dyn TempFile>>;
}

/// Temporary "files" in memory, for tests and where there is no disk.
#[derive(Default, Debug)]
pub struct MemorySpace;

struct MemoryFile(Vec<u8>);

impl TempSpace for MemorySpace {
    fn create(&mut self) -> Result<Box<dyn TempFile>> {
        Ok(Box::new(MemoryFile(Vec::new())))
    }
}

impl TempFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or(&[]);
        let len = rest.len().min(out.len());
        out[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// Writes rows to a file.
pub struct RunWriter {
    file: Box<dyn TempFile>,
    pending: Vec<u8>,
    rows: u64,
    bytes: u64,
}

impl RunWriter {
    /// Starts a run in a new file.
    pub fn create(space: &mut dyn TempSpace) -> Result<RunWriter> {
        Ok(RunWriter { file: space.create()?, pending: Vec::with_capacity(CHUNK_BYTES), rows: 0, bytes: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[Datum]) -> Result<()> {
        let at = self.pending.len();
        self.pending.extend_from_slice(&[0; 4]);
        codec::write_row(row, &mut self.pending);
        let len = (self.pending.len() - at - 4) as u32;
        self.pending[at..at + 4].copy_from_slice(&len.to_le_bytes());
        self.rows += 1;
        self.bytes += u64::from(len) + 4;
        if self.pending.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.append(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Rows written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the writing; rows of `width` columns can be read.
    pub fn finish(mut self, width: usize) -> Result<RunReader> {
        self.flush()?;
        Ok(RunReader {
            file: self.file,
            width,
            chunk: Vec::new(),
            at: 0,
            offset: 0,
            bytes: self.bytes,
            rows: self.rows,
        })
    }
}

/// Reads the rows of a run in order.
pub struct RunReader {
    file: Box<dyn TempFile>,
    width: usize,
    chunk: Vec<u8>,
    at: usize,
    offset: u64,
    bytes: u64,
    rows: u64,
}

impl RunReader {
    /// Rows in the run.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes in the run.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Goes back to the first row.
    pub fn rewind(&mut self) {
        self.chunk.clear();
        self.at = 0;
        self.offset = 0;
    }

    /// Reads the next row into `out`, false at the end.
    pub fn next(&mut self, out: &mut Vec<Datum>) -> Result<bool> {
        if !self.fill(4)? {
            return Ok(false);
        }
        let head: [u8; 4] = self.chunk[self.at..self.at + 4].try_into().expect("four bytes");
        let len = u32::from_le_bytes(head) as usize;
        if !self.fill(4 + len)? {
            return Err(report::Error::corrupt("unexpected end of temporary file"));
        }
        codec::read_row(&self.chunk[self.at + 4..self.at + 4 + len], self.width, out)?;
        self.at += 4 + len;
        Ok(true)
    }

    /// Makes `wanted` bytes available at `at`, false if the file ends before.
    fn fill(&mut self, wanted: usize) -> Result<bool> {
        if self.chunk.len() - self.at >= wanted {
            return Ok(true);
        }
        self.chunk.drain(..self.at);
        self.at = 0;
        while self.chunk.len() < wanted {
            let have = self.chunk.len();
            self.chunk.resize(have + CHUNK_BYTES.max(wanted - have), 0);
            let got = self.file.read_at(self.offset, &mut self.chunk[have..])?;
            self.chunk.truncate(have + got);
            self.offset += got as u64;
            if got == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
