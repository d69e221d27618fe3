//! The machine's file system.

use crate::{Disk, EntryKind, File, FileStatus, OpenMode, OpenOptions, SyncOnWrite};
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Permission bits of new files and directories, before the process's umask, which says whether the group may read.
const FILE_MODE: u32 = 0o666;
const DIRECTORY_MODE: u32 = 0o777;

/// Files below a directory of the machine.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    syncs: bool,
}

impl RealDisk {
    /// Paths are taken relative to `root`.
    pub fn new(root: &Path) -> RealDisk {
        RealDisk { root: root.to_owned(), syncs: true }
    }

    /// As `new`, but syncing does nothing (`fsync = off`): a crash of the machine may lose or tear anything.
    pub fn without_sync(root: &Path) -> RealDisk {
        RealDisk { syncs: false, ..RealDisk::new(root) }
    }

    fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> Result<Arc<dyn File>> {
        let flags = match options.sync {
            SyncOnWrite::No => 0,
            SyncOnWrite::Data => libc::O_DSYNC,
            SyncOnWrite::All => libc::O_SYNC,
        };
        let file = fs::OpenOptions::new()
            .read(true)
            .write(options.mode != OpenMode::Read)
            .create(options.mode == OpenMode::Create)
            .create_new(options.mode == OpenMode::CreateNew)
            .mode(FILE_MODE)
            .custom_flags(flags)
            .open(self.at(path))?;
        Ok(Arc::new(RealFile(file, self.syncs)))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        fs::remove_file(self.at(path))
    }

    fn mkdir(&self, path: &Path) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new().mode(DIRECTORY_MODE).create(self.at(path))
    }

    fn rmdir(&self, path: &Path) -> Result<()> {
        fs::remove_dir(self.at(path))
    }

    fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.at(path))? {
            let entry = entry?;
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry.file_name().into_string() {
                let kind = fs::metadata(entry.path()).map(|it| kind_of(&it)).unwrap_or(EntryKind::File);
                entries.push((name, kind));
            }
        }
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> Result<Option<EntryKind>> {
        match fs::metadata(self.at(path)) {
            Ok(metadata) => Ok(Some(kind_of(&metadata))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn status(&self, path: &Path) -> Result<FileStatus> {
        let metadata = fs::metadata(self.at(path))?;
        let us = |seconds: i64, nanoseconds: i64| seconds * 1_000_000 + nanoseconds / 1000;
        Ok(FileStatus {
            kind: kind_of(&metadata),
            bytes: metadata.len(),
            accessed_us: us(metadata.atime(), metadata.atime_nsec()),
            modified_us: us(metadata.mtime(), metadata.mtime_nsec()),
            changed_us: us(metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        if self.syncs { fs::File::open(self.at(path))?.sync_all() } else { Ok(()) }
    }

    /// One call for each file system: thousands of single fsyncs, each with a flush of the disk's cache, would take seconds.
    fn sync_trees(&self, paths: &[&Path]) -> Result<()> {
        let mut seen = Vec::new();
        for path in paths {
            let directory = fs::File::open(self.at(path))?;
            let device = directory.metadata()?.dev();
            if !seen.contains(&device) {
                seen.push(device);
                sync_file_system(&directory)?;
            }
        }
        Ok(())
    }
}

fn sync_file_system(directory: &fs::File) -> Result<()> {
    // SAFETY: the descriptor is open; the call touches no memory of ours.
    let code = unsafe { libc::syncfs(directory.as_raw_fd()) };
    if code == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

fn kind_of(metadata: &fs::Metadata) -> EntryKind {
    if metadata.is_dir() { EntryKind::Directory } else { EntryKind::File }
}

/// An open file, and whether it is synced when it should be.
struct RealFile(fs::File, bool);

impl File for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.0.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn read_at_hand(&self, buffer: &mut [u8], offset: u64) -> Result<Option<usize>> {
        let part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let offset = offset_of(offset)?;
        // SAFETY: the descriptor is open for as long as `self` lives; `part` is the caller's buffer, which nobody else has meanwhile.
        let count = unsafe { libc::preadv2(self.0.as_raw_fd(), &raw const part, 1, offset, libc::RWF_NOWAIT) };
        // What is there of less than all is read again by who waits; so is all if the call failed, as `EAGAIN` and a file system that does not know it do.
        Ok((count == buffer.len() as isize).then_some(buffer.len()))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> Result<()> {
        if self.1 { self.0.sync_data() } else { Ok(()) }
    }

    fn sync_all(&self) -> Result<()> {
        if self.1 { self.0.sync_all() } else { Ok(()) }
    }

    fn start_write_back(&self, offset: u64, bytes: u64) -> Result<()> {
        let (offset, bytes) = (offset_of(offset)?, offset_of(bytes)?);
        // SAFETY: the descriptor is open for as long as `self` lives; the call touches no memory of ours.
        let code = unsafe { libc::sync_file_range(self.0.as_raw_fd(), offset, bytes, libc::SYNC_FILE_RANGE_WRITE) };
        if code == 0 { Ok(()) } else { Err(Error::last_os_error()) }
    }

    fn len(&self) -> Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&self, bytes: u64) -> Result<()> {
        self.0.set_len(bytes)
    }

    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        // SAFETY: the descriptor is open for as long as `self` lives; the call touches no memory of ours.
        match unsafe { libc::posix_fallocate(self.0.as_raw_fd(), offset_of(offset)?, offset_of(bytes)?) } {
            0 => Ok(()),
            code => Err(Error::from_raw_os_error(code)),
        }
    }
}

fn offset_of(value: u64) -> Result<libc::off_t> {
    libc::off_t::try_from(value).map_err(Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_was_written() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let disk = RealDisk::new(root.path());
        disk.mkdir(Path::new("a")).expect("mkdir");
        let path = Path::new("a/f");
        let file = disk.open(path, OpenOptions::new(OpenMode::CreateNew)).expect("create");
        file.write_at(b"hello", 3).expect("write");
        file.allocate(0, 100).expect("allocate");
        let mut buffer = [1; 10];
        assert_eq!(file.read_at(&mut buffer, 0).expect("read"), 10);
        assert_eq!(&buffer, b"\0\0\0hello\0\0");
        assert_eq!(file.read_at(&mut buffer, 98).expect("read"), 2);
        assert_eq!(disk.list(Path::new("a")).expect("list"), [("f".to_owned(), EntryKind::File)]);
        disk.replace_file(path, b"new").expect("replace");
        disk.sync_trees(&[Path::new("a"), Path::new("")]).expect("sync");
        assert_eq!(disk.read_file(path).expect("read"), b"new");
        disk.remove_tree(Path::new("a")).expect("remove");
        assert!(!disk.exists(Path::new("a")).expect("exists"));
    }

    #[test]
    fn a_missing_file_is_not_found() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let disk = RealDisk::new(root.path());
        let error = disk.open(Path::new("none"), OpenOptions::default()).err().expect("it is missing");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
