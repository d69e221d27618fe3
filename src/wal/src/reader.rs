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
    /// A stretch of the log.
    window: Vec<u8>,
    window_start: u64,
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
            window: Vec::new(),
            window_start: 0,
            file: None,
            end: None,
        }
    }

    /// Where the next record starts, or would: after the end, where the log goes on.
    pub fn position(&self) -> Lsn {
        self.next
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
        let offset = (start.0 - self.window_start) as usize;
        let bytes = &self.window[offset..offset + length];
        let record = Record::parse(bytes, start, aligned)?;
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
        let offset = (start - self.window_start) as usize;
        let header = &self.window[offset..offset + RECORD_HEADER_BYTES];
        let header = Header::parse(header.try_into().expect("a header was read"));
        if let Some(end) = self.reject_header(&header) {
            return Ok(Err(end));
        }
        let length = header.length as usize;
        if let Some(end) = self.fill(start, length)? {
            return Ok(Err(end));
        }
        let offset = (start - self.window_start) as usize;
        let matches = crc_of(&self.window[offset..offset + length]) == header.crc;
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
        let covered = self.window_start + self.window.len() as u64;
        if self.window_start <= start && end <= covered {
            return Ok(None);
        }
        if start < self.window_start || start > covered {
            self.window.clear();
        } else {
            self.window.drain(..(start - self.window_start) as usize);
        }
        self.window_start = start;
        while self.window_start + (self.window.len() as u64) < end {
            if let Some(end) = self.read_more()? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Appends a stretch of one segment to the window.
    fn read_more(&mut self) -> Result<Option<EndOfLog>> {
        let at = self.window_start + self.window.len() as u64;
        let (number, offset) = (at / self.segment_bytes, at % self.segment_bytes);
        let Some(file) = self.open(number)? else { return Ok(Some(EndOfLog::NoSegment)) };
        let wanted = (self.segment_bytes - offset).min(READ_BYTES as u64) as usize;
        let filled = self.window.len();
        self.window.resize(filled + wanted, 0);
        let path = || segment_path(self.timeline, number, self.segment_bytes as u32);
        let count = file.read_at(&mut self.window[filled..], offset);
        let count = count.could_not(|| format!("read file \"{}\"", path().display()))?;
        self.window.truncate(filled + count);
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
