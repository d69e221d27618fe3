//! Reading every relation file as it is on disk: lengths and checksums. For a check of a stopped cluster.

use crate::StorageManager;
use crate::database::database_path;
use crate::file_name::FileName;
use base::{BlockNumber, Oid, PAGE_BYTES};
use host::{EntryKind, OpenMode, OpenOptions};
use page::Page;
use report::{Context, Result};
use std::path::{Path, PathBuf};

/// Pages read at once.
const READ_PAGES: usize = 32;

/// Something wrong with a relation's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// The file, from the data directory.
    pub file: PathBuf,
    /// The block, counted from the start of the fork, if it is about one.
    pub block: Option<BlockNumber>,
    /// What is wrong.
    pub text: String,
}

impl StorageManager {
    /// Reads every page of every relation file and says what is wrong with it. Nobody writes to them. How many pages there are.
    ///
    /// Errors: I/O.
    pub fn check_files(&self, tell: &mut dyn FnMut(FileProblem)) -> Result<u64> {
        let mut pages = self.check_directory(&database_path(Oid::INVALID), tell)?;
        for database in self.list_databases()? {
            pages += self.check_directory(&database_path(database), tell)?;
        }
        Ok(pages)
    }

    fn check_directory(&self, directory: &Path, tell: &mut dyn FnMut(FileProblem)) -> Result<u64> {
        let mut pages = 0;
        for (name, kind) in self.list(directory)? {
            if let (EntryKind::File, Some(FileName { segment, .. })) = (kind, FileName::parse(&name)) {
                pages += self.check_file(&directory.join(name), segment, tell)?;
            }
        }
        Ok(pages)
    }

    fn check_file(&self, path: &Path, segment: u32, tell: &mut dyn FnMut(FileProblem)) -> Result<u64> {
        let shown = || path.display();
        let opened = self.host.disk.open(path, OpenOptions::new(OpenMode::Read));
        let file = opened.could_not(|| format!("open file \"{}\"", shown()))?;
        let bytes = file.len().could_not(|| format!("stat file \"{}\"", shown()))?;
        let blocks = bytes / PAGE_BYTES as u64;
        let mut problem = |block, text| tell(FileProblem { file: path.to_path_buf(), block, text });
        if !bytes.is_multiple_of(PAGE_BYTES as u64) {
            problem(None, format!("its length, {bytes} bytes, is no multiple of {PAGE_BYTES}"));
        }
        let mut buffer = vec![0; READ_PAGES * PAGE_BYTES];
        let mut page = Page::new();
        for at in (0..blocks).step_by(READ_PAGES) {
            let count = file.read_at(&mut buffer, at * PAGE_BYTES as u64);
            let count = count.could_not(|| format!("read file \"{}\"", shown()))?;
            for (bytes, within) in buffer[..count].chunks_exact(PAGE_BYTES).zip(0..) {
                let block = BlockNumber(segment * self.options.segment_blocks + at as u32 + within);
                page.bytes_mut().copy_from_slice(bytes);
                if let Err(damage) = page.verify(block) {
                    problem(Some(block), format!("invalid page: {damage}"));
                }
            }
        }
        Ok(blocks)
    }
}
