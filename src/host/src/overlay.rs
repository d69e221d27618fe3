//! A disk over another: what is written stays in memory, the one below is never changed.
//!
//! For looking at a data directory with code that would write to it: a check of a stopped cluster.

use crate::{Disk, EntryKind, File, FileStatus, OpenMode, OpenOptions};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are copied from below at once when a file is written.
const PIECE_BYTES: u64 = 8192;

/// The disk.
pub struct OverlayDisk {
    below: Arc<dyn Disk>,
    names: Mutex<HashMap<PathBuf, Name>>,
}

/// What the overlay knows of a name; of others the disk below is asked.
#[derive(Clone)]
enum Name {
    Gone,
    Directory,
    File(Arc<OverlayFile>),
}

impl OverlayDisk {
    /// A disk that looks like `below`.
    pub fn new(below: Arc<dyn Disk>) -> OverlayDisk {
        OverlayDisk { below, names: Mutex::new(HashMap::new()) }
    }

    fn find(&self, path: &Path) -> Result<Option<Name>> {
        if let Some(name) = self.names.lock().get(path) {
            return Ok(Some(name.clone()).filter(|name| !matches!(name, Name::Gone)));
        }
        Ok(match self.below.kind(path)? {
            None => None,
            Some(EntryKind::Directory) => Some(Name::Directory),
            Some(EntryKind::File) => {
                let below = self.below.open(path, OpenOptions::new(OpenMode::Read))?;
                let bytes = below.len()?;
                let file = OverlayFile { below: Some(below), state: Mutex::new(Pieces { bytes, ..Pieces::default() }) };
                let mut names = self.names.lock();
                // Another thread may have been here first: all handles of a file share its pieces.
                Some(names.entry(path.to_path_buf()).or_insert(Name::File(Arc::new(file))).clone())
            }
        })
    }

    fn put(&self, path: &Path, name: Name) {
        self.names.lock().insert(path.to_path_buf(), name);
    }
}

fn missing() -> Error {
    Error::from_raw_os_error(libc::ENOENT)
}

impl Disk for OverlayDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> Result<Arc<dyn File>> {
        match (self.find(path)?, options.mode) {
            (Some(_), OpenMode::CreateNew) => Err(ErrorKind::AlreadyExists.into()),
            (Some(Name::File(file)), _) => Ok(file),
            (Some(_), _) => Err(ErrorKind::IsADirectory.into()),
            (None, OpenMode::Read | OpenMode::ReadWrite) => Err(missing()),
            (None, OpenMode::Create | OpenMode::CreateNew) => {
                let file = Arc::new(OverlayFile { below: None, state: Mutex::new(Pieces::default()) });
                self.put(path, Name::File(Arc::clone(&file)));
                Ok(file)
            }
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let name = self.find(from)?.ok_or_else(missing)?;
        self.put(to, name);
        self.put(from, Name::Gone);
        Ok(())
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        self.find(path)?.ok_or_else(missing)?;
        self.put(path, Name::Gone);
        Ok(())
    }

    fn mkdir(&self, path: &Path) -> Result<()> {
        match self.find(path)? {
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
            None => {
                self.put(path, Name::Directory);
                Ok(())
            }
        }
    }

    fn rmdir(&self, path: &Path) -> Result<()> {
        self.unlink(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>> {
        let mut found: BTreeMap<String, EntryKind> = match self.below.kind(path)? {
            Some(_) => self.below.list(path)?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        for (name, known) in self.names.lock().iter().filter(|(name, _)| name.parent() == Some(path)) {
            let last = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match known {
                Name::Gone => drop(found.remove(&last)),
                Name::Directory => drop(found.insert(last, EntryKind::Directory)),
                Name::File(_) => drop(found.insert(last, EntryKind::File)),
            }
        }
        Ok(found.into_iter().collect())
    }

    fn kind(&self, path: &Path) -> Result<Option<EntryKind>> {
        Ok(self.find(path)?.map(|name| match name {
            Name::File(_) => EntryKind::File,
            _ => EntryKind::Directory,
        }))
    }

    fn status(&self, path: &Path) -> Result<FileStatus> {
        match self.find(path)?.ok_or_else(missing)? {
            Name::File(file) => {
                let below = self.below.status(path).ok();
                let times = |of: fn(&FileStatus) -> i64| below.as_ref().map_or(0, of);
                Ok(FileStatus {
                    kind: EntryKind::File,
                    bytes: file.len()?,
                    accessed_us: times(|s| s.accessed_us),
                    modified_us: times(|s| s.modified_us),
                    changed_us: times(|s| s.changed_us),
                })
            }
            _ => self.below.status(path),
        }
    }

    fn sync_dir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn sync_trees(&self, _: &[&Path]) -> Result<()> {
        Ok(())
    }
}

/// A file over the one below, if there is one.
struct OverlayFile {
    below: Option<Arc<dyn File>>,
    state: Mutex<Pieces>,
}

/// What was written, by number of piece, and how long the file is.
#[derive(Default)]
struct Pieces {
    pieces: BTreeMap<u64, Box<[u8]>>,
    bytes: u64,
    /// Where the file was cut at its shortest: nothing from below shows beyond. None: it never was.
    cut: Option<u64>,
}

impl OverlayFile {
    /// What the file below has of a piece; zeros where it has nothing.
    fn piece_below(&self, cut: Option<u64>, number: u64) -> Result<Box<[u8]>> {
        let mut piece = vec![0; PIECE_BYTES as usize].into_boxed_slice();
        let start = number * PIECE_BYTES;
        let shown = cut.unwrap_or(u64::MAX).saturating_sub(start).min(PIECE_BYTES) as usize;
        if let Some(below) = &self.below {
            below.read_at(&mut piece[..shown], start)?;
        }
        Ok(piece)
    }

    /// Does something with each piece of a range: the piece, its part of the range, and where that part is in the caller's bytes.
    fn each_piece(
        offset: u64,
        count: usize,
        mut work: impl FnMut(u64, usize, std::ops::Range<usize>) -> Result<()>,
    ) -> Result<()> {
        let mut done = 0;
        while done < count {
            let at = offset + done as u64;
            let (number, within) = (at / PIECE_BYTES, (at % PIECE_BYTES) as usize);
            let part = (PIECE_BYTES as usize - within).min(count - done);
            work(number, within, done..done + part)?;
            done += part;
        }
        Ok(())
    }
}

impl File for OverlayFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let state = self.state.lock();
        let count = (buffer.len() as u64).min(state.bytes.saturating_sub(offset)) as usize;
        OverlayFile::each_piece(offset, count, |number, within, range| {
            let length = range.len();
            let target = &mut buffer[range];
            match state.pieces.get(&number) {
                Some(piece) => target.copy_from_slice(&piece[within..within + length]),
                None => target.copy_from_slice(&self.piece_below(state.cut, number)?[within..within + length]),
            }
            Ok(())
        })?;
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut state = self.state.lock();
        let state = &mut *state;
        OverlayFile::each_piece(offset, bytes.len(), |number, within, range| {
            if let std::collections::btree_map::Entry::Vacant(entry) = state.pieces.entry(number) {
                entry.insert(self.piece_below(state.cut, number)?);
            }
            let piece = state.pieces.get_mut(&number).expect("it was put there");
            piece[within..within + range.len()].copy_from_slice(&bytes[range]);
            Ok(())
        })?;
        state.bytes = state.bytes.max(offset + bytes.len() as u64);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> Result<()> {
        Ok(())
    }

    fn start_write_back(&self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.state.lock().bytes)
    }

    fn truncate(&self, bytes: u64) -> Result<()> {
        let mut state = self.state.lock();
        if bytes < state.bytes {
            state.cut = Some(state.cut.unwrap_or(u64::MAX).min(bytes));
            state.pieces.retain(|number, _| number * PIECE_BYTES < bytes);
            let (number, within) = (bytes / PIECE_BYTES, (bytes % PIECE_BYTES) as usize);
            if let Some(piece) = state.pieces.get_mut(&number) {
                piece[within..].fill(0);
            }
        }
        state.bytes = bytes;
        Ok(())
    }

    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        let mut state = self.state.lock();
        state.bytes = state.bytes.max(offset + bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RealDisk;

    fn read(disk: &dyn Disk, path: &str) -> String {
        String::from_utf8(disk.read_file(Path::new(path)).unwrap()).unwrap()
    }

    #[test]
    fn writes_are_seen_and_the_disk_below_is_as_before() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "abcdef").unwrap();
        std::fs::write(folder.path().join("b"), "b").unwrap();
        let disk = OverlayDisk::new(Arc::new(RealDisk::new(folder.path())));
        let file = disk.open(Path::new("a"), OpenOptions::default()).unwrap();
        file.write_at(b"XY", 2).unwrap();
        assert_eq!(read(&disk, "a"), "abXYef");
        file.truncate(3).unwrap();
        file.allocate(0, 5).unwrap();
        assert_eq!(read(&disk, "a"), "abX\0\0");
        file.write_at(b"far", 10_000).unwrap();
        assert_eq!(file.len().unwrap(), 10_003);
        disk.rename(Path::new("b"), Path::new("c")).unwrap();
        disk.replace_file(Path::new("d"), b"new").unwrap();
        disk.unlink(Path::new("a")).unwrap();
        let names: Vec<String> = disk.list(Path::new("")).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["c", "d"]);
        assert_eq!((read(&disk, "c"), read(&disk, "d")), ("b".to_owned(), "new".to_owned()));
        assert!(disk.open(Path::new("b"), OpenOptions::default()).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("a")).unwrap(), "abcdef");
        assert!(!folder.path().join("c").exists() && !folder.path().join("d").exists());
    }
}
