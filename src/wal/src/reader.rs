//! Reading the log, up to its end.

use crate::insert::XLOG_SWITCH;
use crate::limits::{READ_BYTES, RECORD_BYTES_MAX};
use crate::names::{Timeline, segment_path};
use crate::record::{Header, crc_of};
use crate::{RECORD_ALIGN, RECORD_HEADER_BYTES, Record, RmgrId};
use base::Lsn;
use host::{File, Host, OpenMode, OpenOptions};
use report::{Context, Result};
use std::io;
use std::sync::Arc;

/// Why there is no further record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndOfLog {
    /// The segment file is missing.
    NoSegment,
    /// The file ends early.
    ShortFile,
    /// Zeros: nothing was ever written there.
    Zeros,
    /// A length that no record has.
    BadLength(u32),
    /// It does not name its predecessor: left by the file's earlier life.
    BadPrevious(Lsn),
    /// Its epoch is older than its predecessor's: lost in an earlier crash.
    OldEpoch(u32),
    /// Not all of it was written.
    BadCrc,
}

impl EndOfLog {
    /// The words of the log line.
    pub fn reason(self) -> String {
        match self {
            EndOfLog::NoSegment => "the segment file does not exist".to_owned(),
            EndOfLog::ShortFile => "the segment file ends early".to_owned(),
            EndOfLog::Zeros => "invalid record length: wanted 32, got 0".to_owned(),
            EndOfLog::BadLength(length) => format!("invalid record length: {length}"),
            EndOfLog::BadPrevious(lsn) => format!("record with incorrect prev-link {lsn}"),
            EndOfLog::OldEpoch(epoch) => format!("record of an older epoch {epoch}"),
            EndOfLog::BadCrc => "incorrect resource manager data checksum".to_owned(),
        }
    }
}

/// A part of the log in memory, for as long as anybody holds it. A clone is the same memory.
#[derive(Clone, Default)]
pub struct Stretch {
    bytes: Arc<Vec<u8>>,
    start: u64,
}

impl Stretch {
    /// Where the log goes on behind it.
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// `length` bytes of it from a position on.
    fn get(&self, at: u64, length: usize) -> &[u8] {
        let offset = (at - self.start) as usize;
        &self.bytes[offset..offset + length]
    }

    /// True if both are the same memory.
    pub fn is(&self, other: &Stretch) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes)
    }

    /// Takes a record apart that a reader found in this stretch.
    ///
    /// Errors: XX001 if its contents make no sense. Panics if it is not in the stretch.
    pub fn record(&self, start: Lsn, end: Lsn) -> Result<Record<'_>> {
        let header = self.get(start.0, RECORD_HEADER_BYTES);
        let header = Header::parse(header.try_into().expect("a header was read"));
        Record::parse(self.get(start.0, header.length as usize), start, end)
    }
}

/// Reads records one after the other.
pub struct Reader {
    host: Host,
    segment_bytes: u64,
    timeline: Timeline,
    /// Where the next record starts.
    next: Lsn,
    /// Where the last one started; None before the first.
    previous: Option<Lsn>,
    epoch: u32,
    window: Stretch,
    /// Windows that others had when the reader went on; used again when they are done with them.
    lent: Vec<Arc<Vec<u8>>>,
    file: Option<(u64, Arc<dyn File>)>,
    end: Option<EndOfLog>,
}

impl Reader {
    /// Starts at a record's start. What it says of its predecessor is believed.
    pub fn new(host: Host, timeline: Timeline, segment_bytes: u32, start: Lsn) -> Reader {
        Reader {
            host,
            segment_bytes: u64::from(segment_bytes),
            timeline,
            next: start,
            previous: None,
            epoch: 0,
            window: Stretch::default(),
            lent: Vec::new(),
            file: None,
            end: None,
        }
    }

    /// Where the next record starts, or would: after the end, where the log goes on.
    pub fn position(&self) -> Lsn {
        self.next
    }

    /// The part of the log that the last record read is in.
    pub fn stretch(&self) -> &Stretch {
        &self.window
    }

    /// Where the last record read starts.
    pub fn previous(&self) -> Option<Lsn> {
        self.previous
    }

    /// The epoch of the last record read.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Why the log ended, once [`Reader::read`] returned None.
    pub fn end(&self) -> Option<EndOfLog> {
        self.end
    }

    /// The next record; None at the end of the log.
    ///
    /// Errors: I/O other than a missing or short file; XX001 for a record whose CRC is right and whose contents are not.
    pub fn read(&mut self) -> Result<Option<Record<'_>>> {
        let start = self.next;
        let length = match self.find()? {
            Ok(length) => length,
            Err(end) => {
                self.end = Some(end);
                return Ok(None);
            }
        };
        let aligned = Lsn((start.0 + length as u64).next_multiple_of(RECORD_ALIGN));
        let record = Record::parse(self.window.get(start.0, length), start, aligned)?;
        self.previous = Some(start);
        self.epoch = record.epoch;
        self.next = match (record.rmgr, record.info) {
            (RmgrId::XLOG, XLOG_SWITCH) => Lsn(aligned.0.next_multiple_of(self.segment_bytes)),
            _ => aligned,
        };
        Ok(Some(record))
    }

    /// Brings the next record into the window and checks it; its length.
    fn find(&mut self) -> Result<Result<usize, EndOfLog>> {
        let start = self.next.0;
        if let Some(end) = self.fill(start, RECORD_HEADER_BYTES)? {
            return Ok(Err(end));
        }
        let header = self.window.get(start, RECORD_HEADER_BYTES);
        let header = Header::parse(header.try_into().expect("a header was read"));
        if let Some(end) = self.reject_header(&header) {
            return Ok(Err(end));
        }
        let length = header.length as usize;
        if let Some(end) = self.fill(start, length)? {
            return Ok(Err(end));
        }
        let matches = crc_of(self.window.get(start, length)) == header.crc;
        Ok(if matches { Ok(length) } else { Err(EndOfLog::BadCrc) })
    }

    fn reject_header(&self, header: &Header) -> Option<EndOfLog> {
        let length = header.length as usize;
        let fits = match self.previous {
            Some(previous) => header.previous == previous,
            None => header.previous < self.next,
        };
        match () {
            () if length == 0 => Some(EndOfLog::Zeros),
            () if !(RECORD_HEADER_BYTES..=RECORD_BYTES_MAX).contains(&length) => {
                Some(EndOfLog::BadLength(header.length))
            }
            () if !fits => Some(EndOfLog::BadPrevious(header.previous)),
            () if header.epoch < self.epoch => Some(EndOfLog::OldEpoch(header.epoch)),
            () => None,
        }
    }

    /// Makes the window cover `length` bytes from `start`; says why if it cannot.
    fn fill(&mut self, start: u64, length: usize) -> Result<Option<EndOfLog>> {
        let end = start + length as u64;
        if self.window.start <= start && end <= self.window.end() {
            return Ok(None);
        }
        let covers = self.window.start <= start && start <= self.window.end();
        let mut bytes = self.take_window(if covers { (start - self.window.start) as usize } else { usize::MAX });
        let mut missing = None;
        while missing.is_none() && start + (bytes.len() as u64) < end {
            missing = self.read_more(start + bytes.len() as u64, &mut bytes)?;
        }
        self.window = Stretch { bytes: Arc::new(bytes), start };
        Ok(missing)
    }

    /// The window's bytes from an offset on, in memory that nobody else has.
    fn take_window(&mut self, from: usize) -> Vec<u8> {
        let window = std::mem::take(&mut self.window).bytes;
        let from = from.min(window.len());
        match Arc::try_unwrap(window) {
            Ok(mut bytes) => {
                bytes.drain(..from);
                bytes
            }
            Err(shared) => {
                let mut bytes = self.free_window();
                bytes.extend_from_slice(&shared[from..]);
                self.lent.push(shared);
                bytes
            }
        }
    }

    /// Empty memory for a window, used before if possible.
    fn free_window(&mut self) -> Vec<u8> {
        let free = self.lent.iter().position(|window| Arc::strong_count(window) == 1);
        let window = free.map(|at| self.lent.swap_remove(at));
        let mut bytes = window.and_then(|window| Arc::try_unwrap(window).ok()).unwrap_or_default();
        bytes.clear();
        bytes
    }

    /// Appends what one segment has from a position on, up to a limit.
    fn read_more(&mut self, at: u64, window: &mut Vec<u8>) -> Result<Option<EndOfLog>> {
        let (number, offset) = (at / self.segment_bytes, at % self.segment_bytes);
        let Some(file) = self.open(number)? else { return Ok(Some(EndOfLog::NoSegment)) };
        let wanted = (self.segment_bytes - offset).min(READ_BYTES as u64) as usize;
        let filled = window.len();
        window.resize(filled + wanted, 0);
        let path = || segment_path(self.timeline, number, self.segment_bytes as u32);
        let count = file.read_at(&mut window[filled..], offset);
        let count = count.could_not(|| format!("read file \"{}\"", path().display()))?;
        window.truncate(filled + count);
        Ok((count == 0).then_some(EndOfLog::ShortFile))
    }

    fn open(&mut self, number: u64) -> Result<Option<Arc<dyn File>>> {
        if let Some((open, file)) = &self.file
            && *open == number
        {
            return Ok(Some(Arc::clone(file)));
        }
        let path = segment_path(self.timeline, number, self.segment_bytes as u32);
        match self.host.disk.open(&path, OpenOptions::new(OpenMode::Read)) {
            Ok(file) => {
                self.file = Some((number, Arc::clone(&file)));
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(report::Error::io(format!("open file \"{}\"", path.display()), &error)),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader(at {})", self.next)
    }
}
