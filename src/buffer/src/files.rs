//! Logged changes of files: relations made and cut, databases copied and removed. And their redo.
//!
//! A relation's removal is part of its transaction's commit or abort record, not of these.
//!
//! | record | info | data, little-endian |
//! |--------|------|------|
//! | storage create | 0x10 | tablespace 4, database 4, number 4, fork 1 |
//! | storage truncate | 0x20 | as above, blocks 4 |
//! | database copy | 0x00 | from 4, to 4 |
//! | database drop | 0x10 | database 4 |

use crate::{BufferPool, PagesOf, RedoCx};
use base::{BlockNumber, Fork, Lsn, Oid, RelFile, RelFork, Xid};
use report::{Error, Result, Severity};
use smgr::IfExists;
use sync::CriticalSection;
use wal::{Insertion, Record, ResourceManager, RmgrId};

const CREATE: u8 = 0x10;
const TRUNCATE: u8 = 0x20;
const DATABASE_COPY: u8 = 0x00;
const DATABASE_DROP: u8 = 0x10;

impl BufferPool {
    /// Logs and makes an empty fork. The transaction that does it has noted the file for removal if it aborts.
    pub fn create_fork(&self, fork: RelFork, xid: Xid) -> Result<()> {
        self.log_data(RmgrId::SMGR, CREATE, xid, &encode_fork(fork))?;
        self.smgr().create(fork, IfExists::Fail)
    }

    /// Logs a truncation, forgets the pages beyond and cuts the file. The caller holds the relation locked against all others.
    ///
    /// Errors: PANIC once the record is flushed: the file has to become as short as the log says.
    pub fn truncate_fork(&self, fork: RelFork, blocks: u32, xid: Xid) -> Result<()> {
        let mut body = encode_fork(fork).to_vec();
        body.extend_from_slice(&blocks.to_le_bytes());
        let section = CriticalSection::enter();
        let inserted = self.log_data(RmgrId::SMGR, TRUNCATE, xid, &body)?;
        // Flushed first: a file cut short with pages that the log does not know to be gone would look damaged to redo.
        self.wal().flush(inserted.end)?;
        self.forget(PagesOf::ForkFrom(fork, BlockNumber(blocks)));
        let cut = self.smgr().truncate(fork, blocks).map_err(|error| error.severity(Severity::Panic));
        drop(section);
        cut
    }

    /// Drops a relation's pages and removes its files; not logged by itself.
    pub fn remove_relation(&self, file: RelFile) -> Result<()> {
        self.forget(PagesOf::Relation(file));
        self.smgr().unlink(file)
    }

    /// Copies a database's files to a new database and logs it. Nobody writes to the source. The caller asks for a checkpoint before (so that redo does not
    /// copy an older state) and after (so that it need not copy again from a source that changed).
    pub fn copy_database(&self, from: Oid, to: Oid, xid: Xid) -> Result<Lsn> {
        self.flush(PagesOf::Database(from))?;
        self.smgr().copy_database(from, to)?;
        let body = [from.0.to_le_bytes(), to.0.to_le_bytes()].concat();
        Ok(self.log_data(RmgrId::DATABASE, DATABASE_COPY, xid, &body)?.end)
    }

    /// Logs and removes a database's files. Not undone by an abort: the caller commits first.
    pub fn drop_database(&self, database: Oid, xid: Xid) -> Result<()> {
        let inserted = self.log_data(RmgrId::DATABASE, DATABASE_DROP, xid, &database.0.to_le_bytes())?;
        self.wal().flush(inserted.end)?;
        self.forget(PagesOf::Database(database));
        self.smgr().drop_database(database)
    }

    fn log_data(&self, rmgr: RmgrId, kind: u8, xid: Xid, data: &[u8]) -> Result<Insertion> {
        let inserted = self.wal().insert_data(rmgr, kind, xid, &[data])?;
        self.count_log(inserted, 0);
        Ok(inserted)
    }
}

/// Redoes the records of files.
#[derive(Clone, Copy, Debug)]
pub struct StorageResource;

impl ResourceManager<RedoCx> for StorageResource {
    fn id(&self) -> RmgrId {
        RmgrId::SMGR
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        let fork = decode_fork(record.data)?;
        let pool = cx.buffers();
        match record.info {
            CREATE => {
                cx.note_created(fork.file, record.xid);
                pool.smgr().create(fork, IfExists::Ignore)
            }
            TRUNCATE => {
                let blocks = u32_at(record.data, FORK_BYTES)?;
                pool.smgr().create(fork, IfExists::Ignore)?;
                pool.forget(PagesOf::ForkFrom(fork, BlockNumber(blocks)));
                cx.forget_from(fork, BlockNumber(blocks));
                pool.smgr().truncate(fork, blocks)
            }
            other => Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of storage"))),
        }
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let Ok(fork) = decode_fork(record.data) else { return "damaged".to_owned() };
        match record.info {
            CREATE => format!("CREATE {fork}"),
            _ => format!("TRUNCATE {fork} to {} blocks", u32_at(record.data, FORK_BYTES).unwrap_or_default()),
        }
    }
}

/// Redoes the records of databases.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseResource;

impl ResourceManager<RedoCx> for DatabaseResource {
    fn id(&self) -> RmgrId {
        RmgrId::DATABASE
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        let pool = cx.buffers();
        let first = Oid(u32_at(record.data, 0)?);
        if record.info == DATABASE_DROP {
            pool.forget(PagesOf::Database(first));
            cx.forget_database(first);
            return pool.smgr().drop_database(first);
        }
        let to = Oid(u32_at(record.data, 4)?);
        pool.flush(PagesOf::Database(first))?;
        pool.forget(PagesOf::Database(to));
        pool.smgr().drop_database(to)?;
        pool.smgr().copy_database(first, to)
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let oid = |at| u32_at(record.data, at).unwrap_or_default();
        match record.info {
            DATABASE_DROP => format!("DROP dir base/{}", oid(0)),
            _ => format!("CREATE_FILE_COPY copy dir base/{} to base/{}", oid(0), oid(4)),
        }
    }
}

const FORK_BYTES: usize = 13;

fn encode_fork(fork: RelFork) -> [u8; FORK_BYTES] {
    let mut bytes = [0; FORK_BYTES];
    for (index, word) in [fork.file.tablespace.0, fork.file.database.0, fork.file.number].into_iter().enumerate() {
        bytes[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    bytes[FORK_BYTES - 1] = fork.fork as u8;
    bytes
}

fn decode_fork(bytes: &[u8]) -> Result<RelFork> {
    let file =
        RelFile { tablespace: Oid(u32_at(bytes, 0)?), database: Oid(u32_at(bytes, 4)?), number: u32_at(bytes, 8)? };
    let fork = bytes.get(FORK_BYTES - 1).and_then(|number| Fork::from_number(*number));
    Ok(RelFork { file, fork: fork.ok_or_else(too_short)? })
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..at + 4).ok_or_else(too_short)?;
    Ok(u32::from_le_bytes(word.try_into().expect("four bytes")))
}

fn too_short() -> Error {
    Error::corrupt("a WAL record of storage is too short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_come_back() {
        let file = RelFile { tablespace: Oid(1663), database: Oid(5), number: 70_000 };
        for fork in Fork::ALL {
            let fork = RelFork { file, fork };
            assert_eq!(decode_fork(&encode_fork(fork)).expect("whole"), fork);
        }
        assert!(decode_fork(&[0; 12]).is_err());
    }
}
