//! The WAL records of transactions.
//!
//! | kind | body, little-endian |
//! |---|---|
//! | `COMMIT` 0x00 | time (8), count of subtransactions (4), their xids (8 each), count of dropped files (4), files (12 each), length of invalidations (4), invalidations |
//! | `ABORT` 0x10 | as `COMMIT`; the files are those that the transaction had made |
//! | `NEXT_XID` 0x20 | xid (8): all that are given out are below |
//! | `NEXT_OID` 0x30 | oid (4): all that are given out are below |
//! | `PREPARE` 0x40 | the state file's bytes, see `prepared_state` |
//! | `COMMIT_PREPARED` 0x50 | as `COMMIT` |
//! | `ABORT_PREPARED` 0x60 | as `ABORT` |
//!
//! The transaction's own xid is the record's. A file is tablespace (4), database (4), number (4).

use base::{Oid, RelFile, Xid};
use report::{Error, Result};

/// Record kinds.
pub(crate) mod kind {
    pub const COMMIT: u8 = 0x00;
    pub const ABORT: u8 = 0x10;
    pub const NEXT_XID: u8 = 0x20;
    pub const NEXT_OID: u8 = 0x30;
    pub const PREPARE: u8 = 0x40;
    pub const COMMIT_PREPARED: u8 = 0x50;
    pub const ABORT_PREPARED: u8 = 0x60;
}

/// A record in one line.
pub(crate) fn describe(record_kind: u8, body: &[u8]) -> String {
    let name = match record_kind {
        kind::COMMIT => "COMMIT",
        kind::ABORT => "ABORT",
        kind::NEXT_XID => "NEXT_XID",
        kind::NEXT_OID => "NEXT_OID",
        kind::PREPARE => "PREPARE",
        kind::COMMIT_PREPARED => "COMMIT_PREPARED",
        kind::ABORT_PREPARED => "ABORT_PREPARED",
        _ => "UNKNOWN",
    };
    let mut reader = Reader(body);
    match record_kind {
        kind::NEXT_XID => format!("{name} {}", reader.u64().unwrap_or_default()),
        kind::NEXT_OID => format!("{name} {}", reader.u32().unwrap_or_default()),
        kind::PREPARE => name.to_owned(),
        _ => match End::read(&mut reader) {
            Ok(end) => {
                format!("{name} subs {:?} files {:?} invalidations {}", end.subs, end.files, end.invalidations.len())
            }
            Err(_) => format!("{name} (damaged)"),
        },
    }
}

/// True if redo of the record removes relation files, or finds it damaged.
pub(crate) fn removes_files(record_kind: u8, body: &[u8]) -> bool {
    let ends = [kind::COMMIT, kind::ABORT, kind::COMMIT_PREPARED, kind::ABORT_PREPARED].contains(&record_kind);
    let count_files = || {
        let mut reader = Reader(body);
        let _time = reader.u64()?;
        let subs = reader.count()?;
        reader.take(subs * 8)?;
        reader.count()
    };
    ends && count_files().map_or(true, |count| count > 0)
}

/// How a transaction ended: the body of its last record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct End {
    /// Microseconds since 2000-01-01.
    pub time_us: i64,
    pub subs: Vec<Xid>,
    pub files: Vec<RelFile>,
    pub invalidations: Vec<u8>,
}

impl End {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time_us.to_le_bytes());
        write_count(out, self.subs.len());
        self.subs.iter().for_each(|xid| out.extend_from_slice(&xid.0.to_le_bytes()));
        write_count(out, self.files.len());
        self.files.iter().for_each(|file| write_file(out, file));
        write_count(out, self.invalidations.len());
        out.extend_from_slice(&self.invalidations);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<End> {
        let time_us = reader.u64()? as i64;
        let count = reader.count()?;
        let subs = (0..count).map(|_| reader.u64().map(Xid)).collect::<Result<_>>()?;
        let count = reader.count()?;
        let files = (0..count).map(|_| reader.file()).collect::<Result<_>>()?;
        let count = reader.count()?;
        Ok(End { time_us, subs, files, invalidations: reader.take(count)?.to_vec() })
    }
}

pub(crate) fn write_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).expect("counts are limited far below").to_le_bytes());
}

pub(crate) fn write_file(out: &mut Vec<u8>, file: &RelFile) {
    for word in [file.tablespace.0, file.database.0, file.number] {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

/// Reads a record's body from front to end.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| Error::corrupt("a WAL record of a transaction is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes")))
    }

    pub(crate) fn count(&mut self) -> Result<usize> {
        Ok(self.u32()? as usize)
    }

    pub(crate) fn file(&mut self) -> Result<RelFile> {
        Ok(RelFile { tablespace: Oid(self.u32()?), database: Oid(self.u32()?), number: self.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::DEFAULT_TABLESPACE;

    #[test]
    fn ends_come_back_whole_or_not_at_all() {
        let end = End {
            time_us: -5,
            subs: vec![Xid(8), Xid(1 << 40)],
            files: vec![RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number: 9 }],
            invalidations: vec![1, 2, 3],
        };
        let mut bytes = Vec::new();
        end.write(&mut bytes);
        assert!(removes_files(kind::COMMIT, &bytes) && !removes_files(kind::PREPARE, &bytes));
        assert_eq!(End::read(&mut Reader(&bytes)).unwrap(), end);
        for cut in 0..bytes.len() {
            assert!(End::read(&mut Reader(&bytes[..cut])).is_err(), "cut at {cut}");
        }
    }
}
