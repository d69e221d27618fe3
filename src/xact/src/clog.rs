//! The commit log: what became of every transaction that ended, two bits each.
//!
//! | bits | meaning |
//! |---|---|
//! | 0 | not ended; after a crash: aborted |
//! | 1 | committed |
//! | 2 | aborted |
//!
//! Transaction x is in page x / 32768, byte x % 32768 / 4, bits x % 4 * 2. Pages of 8 KiB lie in files of 32 under
//! `pg_xact`, named by number in hexadecimal. Nothing else is in them: bytes never written are zero, so a file may be short,
//! and a torn write mixes two valid states that redo then completes.
//!
//! Pages change in memory and are written by checkpoints, after the WAL that says the same is on disk.

use crate::ranks;
use base::Xid;
use host::{Disk, File, OpenMode, OpenOptions};
use report::{Context, Result};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sync::RwLock;

const PAGE_BYTES: usize = 8192;
const PAGE_XIDS: u64 = PAGE_BYTES as u64 * 4;
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

pub(crate) struct CommitLog {
    disk: Arc<dyn Disk>,
    pages: RwLock<HashMap<u64, Arc<ClogPage>>>,
}

impl CommitLog {
    pub(crate) fn open(disk: Arc<dyn Disk>) -> CommitLog {
        CommitLog { disk, pages: RwLock::new(ranks::CLOG, HashMap::new()) }
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
                place.insert(Arc::new(self.read(number)?));
            }
        }
    }

    fn read(&self, number: u64) -> Result<ClogPage> {
        let mut bytes = vec![0; PAGE_BYTES];
        let path = path(number);
        if self.disk.exists(&path).could_not(|| format!("look for file {path:?}"))? {
            let file = self.disk.open(&path, OpenOptions::new(OpenMode::Read));
            let file = file.could_not(|| format!("open file {path:?}"))?;
            file.read_at(&mut bytes, offset(number)).could_not(|| format!("read file {path:?}"))?;
        }
        let word = |chunk: &[u8]| AtomicU64::new(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        Ok(ClogPage { words: bytes.chunks_exact(8).map(word).collect(), dirty: AtomicBool::new(false) })
    }

    /// Writes and syncs every changed page. The caller has flushed the WAL that tells of the changes.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        let _ = self.disk.mkdir(DIRECTORY.as_ref());
        let dirty: BTreeMap<u64, Arc<ClogPage>> = {
            let pages = self.pages.read();
            let dirty = pages.iter().filter(|(_, page)| page.dirty.swap(false, Ordering::AcqRel));
            dirty.map(|(number, page)| (*number, Arc::clone(page))).collect()
        };
        let result = self.write_pages(&dirty);
        if result.is_err() {
            dirty.values().for_each(|page| page.dirty.store(true, Ordering::Release));
        }
        self.drop_clean_pages();
        result
    }

    fn write_pages(&self, dirty: &BTreeMap<u64, Arc<ClogPage>>) -> Result<()> {
        let files: BTreeSet<u64> = dirty.keys().map(|number| number / PAGES_PER_FILE).collect();
        for file_number in files {
            let file = self.open_for_write(file_number)?;
            for (number, page) in dirty.range(file_number * PAGES_PER_FILE..(file_number + 1) * PAGES_PER_FILE) {
                let bytes: Vec<u8> = page.words.iter().flat_map(|w| w.load(Ordering::Acquire).to_le_bytes()).collect();
                file.write_at(&bytes, offset(*number)).could_not(|| format!("write commit log page {number}"))?;
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
        let log = CommitLog::open(sim.host().disk);
        let far = Xid(PAGE_XIDS * PAGES_PER_FILE * 20 + 77);
        log.set(Xid(3), Ended::Committed).unwrap();
        log.set(Xid(4), Ended::Aborted).unwrap();
        log.set(far, Ended::Committed).unwrap();
        log.checkpoint().unwrap();
        log.set(Xid(5), Ended::Committed).unwrap();
        sim.crash();
        let log = CommitLog::open(sim.host().disk);
        let ends = [Xid(3), Xid(4), Xid(5), far].map(|xid| log.get(xid).unwrap());
        assert_eq!(ends, [Ended::Committed, Ended::Aborted, Ended::No, Ended::Committed]);
        assert!(sim.file_bytes("pg_xact/0014".as_ref()).is_some());
    }

    #[test]
    fn a_race_for_one_page_loses_no_bit() {
        let log = Arc::new(CommitLog::open(SimHost::new(1).host().disk));
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
}
