//! The commit log: what became of every transaction that ended, two bits each.
//!
//! | bits | meaning |
//! |---|---|
//! | 0 | not ended; after a crash: aborted |
//! | 1 | committed |
//! | 2 | aborted |
//!
//! Pages of 8 KiB lie in files of 32 under `pg_xact`, named by number in hexadecimal. A page is 16 sectors of 512 bytes, which disks write whole:
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 504 | 63 words of 64 bits, little-endian: 2016 transactions |
//! | 504 | 4 | CRC-32C of the sector's number in the log (u64) and its words |
//! | 508 | 4 | zero |
//!
//! Transaction x is in page x / 32256, word x % 32256 / 32, bits x % 32 * 2. A torn write mixes two valid states of sectors that redo then completes.
//! A sector that was never written is zero, and a file may be short; but the pages of transactions that had ended at the last checkpoint are
//! written whole: what is missing there is lost.
//!
//! Pages change in memory and are written by checkpoints, after the WAL that says the same is on disk.

use crate::ranks;
use base::Xid;
use host::{Disk, File, OpenMode, OpenOptions};
use report::{Context, Error, Result, SqlState};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sync::RwLock;

const PAGE_BYTES: usize = 8192;
const SECTOR_BYTES: usize = 512;
const SECTOR_WORDS: usize = 63;
const AT_CRC: usize = SECTOR_WORDS * 8;
const PAGE_SECTORS: usize = PAGE_BYTES / SECTOR_BYTES;
const PAGE_XIDS: u64 = (PAGE_SECTORS * SECTOR_WORDS) as u64 * 32;
const PAGES_PER_FILE: u64 = 32;
const DIRECTORY: &str = "pg_xact";

/// The end that the log knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// None.
    No = 0,
    Committed = 1,
    Aborted = 2,
}

struct ClogPage {
    words: Vec<AtomicU64>,
    dirty: AtomicBool,
}

impl ClogPage {
    /// As it is on disk.
    fn bytes(&self, number: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PAGE_BYTES);
        for (words, at) in self.words.chunks_exact(SECTOR_WORDS).zip(number * PAGE_SECTORS as u64..) {
            let start = bytes.len();
            bytes.extend(words.iter().flat_map(|word| word.load(Ordering::Acquire).to_le_bytes()));
            let trailer = trailer(at, &bytes[start..]);
            bytes.extend(trailer);
        }
        bytes
    }
}

pub(crate) struct CommitLog {
    disk: Arc<dyn Disk>,
    pages: RwLock<HashMap<u64, Arc<ClogPage>>>,
    /// The pages of transactions before this one are on disk.
    on_disk: AtomicU64,
}

impl CommitLog {
    /// The log of a cluster whose last checkpoint found all transactions before `ended` ended.
    pub(crate) fn open(disk: Arc<dyn Disk>, ended: Xid) -> CommitLog {
        CommitLog { disk, pages: RwLock::new(ranks::CLOG, HashMap::new()), on_disk: AtomicU64::new(ended.0) }
    }

    pub(crate) fn get(&self, xid: Xid) -> Result<Ended> {
        let (word, shift) = place(xid);
        let word = self.on_page(xid, |page| page.words[word].load(Ordering::Acquire))?;
        Ok(match word >> shift & 3 {
            1 => Ended::Committed,
            2 => Ended::Aborted,
            _ => Ended::No,
        })
    }

    pub(crate) fn set(&self, xid: Xid, ended: Ended) -> Result<()> {
        let (word, shift) = place(xid);
        self.on_page(xid, |page| {
            page.words[word].fetch_or((ended as u64) << shift, Ordering::AcqRel);
            page.dirty.store(true, Ordering::Release);
        })
    }

    /// Works on the page of an xid, which stays in the table meanwhile: a change of a page that was just dropped would be lost.
    fn on_page<T>(&self, xid: Xid, work: impl Fn(&ClogPage) -> T) -> Result<T> {
        let number = xid.0 / PAGE_XIDS;
        loop {
            if let Some(page) = self.pages.read().get(&number) {
                return Ok(work(page));
            }
            // Read while nobody can put another copy in its place.
            if let Entry::Vacant(place) = self.pages.write().entry(number) {
                place.insert(Arc::new(self.read(number, xid)?));
            }
        }
    }

    /// Reads the page of an xid. Errors: it is damaged or missing.
    fn read(&self, number: u64, xid: Xid) -> Result<ClogPage> {
        let mut bytes = vec![0; PAGE_BYTES];
        let path = path(number);
        let must_be_there = number < self.first_not_on_disk();
        if must_be_there || self.disk.exists(&path).could_not(|| format!("look for file {path:?}"))? {
            let file = self.disk.open(&path, OpenOptions::new(OpenMode::Read));
            let file =
                file.map_err(|error| unknown(xid, &format!("Could not open file {path:?}: {error}."), &error))?;
            file.read_at(&mut bytes, offset(number)).could_not(|| format!("read file {path:?}"))?;
        }
        let mut words = Vec::with_capacity(PAGE_SECTORS * SECTOR_WORDS);
        for (sector, at) in bytes.chunks_exact(SECTOR_BYTES).zip(number * PAGE_SECTORS as u64..) {
            let is_fine =
                if is_zero(sector) { !must_be_there } else { sector[AT_CRC..] == trailer(at, &sector[..AT_CRC]) };
            if !is_fine {
                let place = offset(number) + at % PAGE_SECTORS as u64 * SECTOR_BYTES as u64;
                return Err(damaged(xid, &format!("File {path:?} is damaged at offset {place}.")));
            }
            let word = |chunk: &[u8]| AtomicU64::new(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
            words.extend(sector[..AT_CRC].chunks_exact(8).map(word));
        }
        Ok(ClogPage { words, dirty: AtomicBool::new(false) })
    }

    /// Writes and syncs every changed page, and those of transactions before `ended` that nothing is known of. The caller has flushed the WAL that
    /// tells of the changes.
    pub(crate) fn checkpoint(&self, ended: Xid) -> Result<()> {
        let _ = self.disk.mkdir(DIRECTORY.as_ref());
        for number in self.first_not_on_disk()..ended.0.div_ceil(PAGE_XIDS) {
            self.on_page(Xid(number * PAGE_XIDS), |page| page.dirty.store(true, Ordering::Release))?;
        }
        let dirty: BTreeMap<u64, Arc<ClogPage>> = {
            let pages = self.pages.read();
            let dirty = pages.iter().filter(|(_, page)| page.dirty.swap(false, Ordering::AcqRel));
            dirty.map(|(number, page)| (*number, Arc::clone(page))).collect()
        };
        let result = self.write_pages(&dirty);
        match &result {
            Ok(()) => drop(self.on_disk.fetch_max(ended.0, Ordering::AcqRel)),
            Err(_) => dirty.values().for_each(|page| page.dirty.store(true, Ordering::Release)),
        }
        self.drop_clean_pages();
        result
    }

    fn first_not_on_disk(&self) -> u64 {
        match self.on_disk.load(Ordering::Acquire) {
            none if none <= Xid::FIRST_NORMAL.0 => 0,
            ended => ended.div_ceil(PAGE_XIDS),
        }
    }

    fn write_pages(&self, dirty: &BTreeMap<u64, Arc<ClogPage>>) -> Result<()> {
        let files: BTreeSet<u64> = dirty.keys().map(|number| number / PAGES_PER_FILE).collect();
        for file_number in files {
            let file = self.open_for_write(file_number)?;
            for (number, page) in dirty.range(file_number * PAGES_PER_FILE..(file_number + 1) * PAGES_PER_FILE) {
                file.write_at(&page.bytes(*number), offset(*number))
                    .could_not(|| format!("write commit log page {number}"))?;
            }
            file.sync_all().could_not(|| format!("fsync commit log file {file_number:04X}"))?;
        }
        Ok(())
    }

    fn open_for_write(&self, file_number: u64) -> Result<Arc<dyn File>> {
        let path = path(file_number * PAGES_PER_FILE);
        let is_new = !self.disk.exists(&path).could_not(|| format!("look for file {path:?}"))?;
        let file = self.disk.open(&path, OpenOptions::new(OpenMode::Create));
        let file = file.could_not(|| format!("open file {path:?}"))?;
        if is_new {
            self.disk.sync_dir(DIRECTORY.as_ref()).could_not(|| format!("fsync directory \"{DIRECTORY}\""))?;
        }
        Ok(file)
    }

    fn drop_clean_pages(&self) {
        let mut pages = self.pages.write();
        let Some(last) = pages.keys().max().copied() else { return };
        if pages.len() > crate::limits::CLOG_PAGES {
            pages.retain(|number, page| *number == last || page.dirty.load(Ordering::Acquire));
        }
    }
}

/// What stands behind a sector's words.
fn trailer(sector: u64, words: &[u8]) -> [u8; 8] {
    u64::from(crc32c::crc32c_append(crc32c::crc32c(&sector.to_le_bytes()), words)).to_le_bytes()
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cold]
fn damaged(xid: Xid, detail: &str) -> Error {
    Error::corrupt(format!("could not access status of transaction {xid}")).detail(detail)
}

/// What PostgreSQL says of a file that cannot be opened, with the code of the cause.
#[cold]
fn unknown(xid: Xid, detail: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(SqlState::UNDEFINED_FILE, format!("could not access status of transaction {xid}")).detail(detail)
        }
        _ => Error::io(format!("access status of transaction {xid}"), error).detail(detail),
    }
}

fn place(xid: Xid) -> (usize, u64) {
    let at = xid.0 % PAGE_XIDS;
    ((at / 32) as usize, at % 32 * 2)
}

fn path(page: u64) -> PathBuf {
    format!("{DIRECTORY}/{:04X}", page / PAGES_PER_FILE).into()
}

fn offset(page: u64) -> u64 {
    page % PAGES_PER_FILE * PAGE_BYTES as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::SimHost;

    #[test]
    fn what_was_checkpointed_survives() {
        let sim = SimHost::new(1);
        let log = CommitLog::open(sim.host().disk, Xid::FIRST_NORMAL);
        let far = Xid(PAGE_XIDS * PAGES_PER_FILE * 20 + 77);
        log.set(Xid(3), Ended::Committed).unwrap();
        log.set(Xid(4), Ended::Aborted).unwrap();
        log.set(far, Ended::Committed).unwrap();
        log.checkpoint(Xid(6)).unwrap();
        log.set(Xid(5), Ended::Committed).unwrap();
        sim.crash();
        let log = CommitLog::open(sim.host().disk, Xid::FIRST_NORMAL);
        let ends = [Xid(3), Xid(4), Xid(5), far].map(|xid| log.get(xid).unwrap());
        assert_eq!(ends, [Ended::Committed, Ended::Aborted, Ended::No, Ended::Committed]);
        assert!(sim.file_bytes("pg_xact/0014".as_ref()).is_some());
    }

    #[test]
    fn a_race_for_one_page_loses_no_bit() {
        let log = Arc::new(CommitLog::open(SimHost::new(1).host().disk, Xid::FIRST_NORMAL));
        let threads: Vec<_> = (0..4u64)
            .map(|n| {
                let log = Arc::clone(&log);
                std::thread::spawn(move || {
                    (0..1000).for_each(|i| log.set(Xid(i * 4 + n), Ended::Committed).unwrap());
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert!((0..4000).all(|xid| log.get(Xid(xid)).unwrap() == Ended::Committed));
    }

    #[test]
    fn what_is_lost_or_damaged_is_told() {
        let sim = SimHost::new(1);
        let disk = sim.host().disk;
        let log = CommitLog::open(Arc::clone(&disk), Xid::FIRST_NORMAL);
        let (first, far) = (Xid(3), Xid(PAGE_XIDS + 2016 * 5));
        log.set(first, Ended::Committed).unwrap();
        log.set(far, Ended::Committed).unwrap();
        log.checkpoint(Xid(far.0 + 1)).unwrap();
        let path = PathBuf::from("pg_xact/0000");
        let whole = disk.read_file(&path).unwrap();
        let look = |bytes: &[u8], xid| {
            disk.replace_file(&path, bytes).unwrap();
            CommitLog::open(Arc::clone(&disk), Xid(far.0 + 1)).get(xid)
        };
        assert_eq!(look(&whole, far).unwrap(), Ended::Committed);
        let mut flipped = whole.clone();
        flipped[PAGE_BYTES + 5 * SECTOR_BYTES + 100] ^= 4;
        assert_eq!(look(&flipped, first).unwrap(), Ended::Committed);
        assert_eq!(look(&flipped, far).unwrap_err().code(), SqlState::DATA_CORRUPTED);
        assert!(look(&whole[..PAGE_BYTES + 512], far).is_err(), "a file that was cut");
        let mut swapped = whole[SECTOR_BYTES..].to_vec();
        swapped.extend_from_slice(&whole[..SECTOR_BYTES]);
        assert!(look(&swapped, first).is_err(), "sectors at other places");
        disk.unlink(&path).unwrap();
        let log = CommitLog::open(disk, Xid(far.0 + 1));
        assert_eq!(log.get(first).unwrap_err().code(), SqlState::UNDEFINED_FILE);
        assert_eq!(log.get(Xid(far.0 + PAGE_XIDS)).unwrap(), Ended::No, "nobody has ended there");
    }
}
