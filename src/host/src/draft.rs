//! A disk that keeps the files of some directories in memory while they are made, and then puts each into one or several directories.
//!
//! For databases that begin alike: their files are made once. What is in other directories goes to the disk below at once, and so does a file whose name does not
//! begin with a digit, as those of relations do.
//!
//! 1. A file that is made in such a directory is a draft: it is written and read in memory.
//! 2. [`File::start_write_back`] of a draft tells that it is done, as far as anybody knows. A thread puts it into all places, while others are being made.
//! 3. [`DraftDisk::finish`] puts the others there, those that changed again, and waits. Before it has returned, what is on the disk means nothing.
//!
//! Nothing is synced. The directories have no directories in them, and no draft is renamed or removed.
//!
//! Locks: a draft's content, held while it is put in place; the drafts by name; the list of those that are done. None is taken under another.

use crate::{Disk, EntryKind, File, FileStatus, OpenMode, OpenOptions};
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Where drafts are made and where they go. All directories exist.
#[derive(Clone, Debug)]
pub struct DraftPlaces {
    /// Each a directory whose files are drafts until they are put there, and others that get the same files.
    pub groups: Vec<Vec<PathBuf>>,
    /// A file that was put in place is sent on its way to the disk.
    pub write_back: bool,
}

/// The disk.
pub struct DraftDisk {
    drafts: Arc<Drafts>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Drafts {
    below: Arc<dyn Disk>,
    places: DraftPlaces,
    by_path: Mutex<BTreeMap<PathBuf, Arc<Draft>>>,
    done: Mutex<Done>,
    /// Something was added to `done`, or there is no more to come.
    news: Condvar,
}

/// Drafts to be put in place.
#[derive(Default)]
struct Done {
    list: VecDeque<Arc<Draft>>,
    is_all: bool,
    failure: Option<Error>,
}

struct Draft {
    path: PathBuf,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    bytes: Vec<u8>,
    /// It is among those to be put in place.
    is_listed: bool,
    /// Its length in the places, if it is there as it is here.
    in_place: Option<usize>,
    /// The greatest length that it has had in the places.
    bytes_max: usize,
}

impl DraftDisk {
    /// Drafts over `below`. The thread that puts them in place lives until [`DraftDisk::finish`], or until the disk is gone.
    pub fn new(below: Arc<dyn Disk>, places: DraftPlaces) -> Result<DraftDisk> {
        let drafts = Drafts { below, places, by_path: Mutex::default(), done: Mutex::default(), news: Condvar::new() };
        let drafts = Arc::new(drafts);
        let of_writer = Arc::clone(&drafts);
        let writer = thread::Builder::new().name("drafts".to_owned()).spawn(move || of_writer.put_those_done(0))?;
        Ok(DraftDisk { drafts, writer: Mutex::new(Some(writer)) })
    }

    /// Puts everything in place that is not there. Errors: the first that there was.
    pub fn finish(&self) -> Result<()> {
        self.drafts.list_the_others();
        self.drafts.end();
        // Two do more than one: they begin in different directories, as only one at a time can add to each.
        self.drafts.put_those_done(1);
        self.join();
        self.drafts.done.lock().failure.take().map_or(Ok(()), Err)
    }

    /// Errors: the path is in the drafts' directory.
    fn no_draft(&self, path: &Path) -> Result<()> {
        self.drafts.places_of(path).map_or(Ok(()), |_| Err(ErrorKind::Unsupported.into()))
    }

    fn join(&self) {
        if let Some(writer) = self.writer.lock().take() {
            writer.join().expect("the writer only reports errors");
        }
    }
}

impl Drop for DraftDisk {
    fn drop(&mut self) {
        self.drafts.end();
        self.join();
    }
}

impl Drafts {
    /// The directories that a draft with this path would go to.
    fn places_of(&self, path: &Path) -> Option<&[PathBuf]> {
        let starts_with_digit = |name: &OsStr| name.as_encoded_bytes()[0].is_ascii_digit();
        path.file_name().filter(|name| starts_with_digit(name))?;
        let directory = path.parent()?;
        self.places.groups.iter().map(Vec::as_slice).find(|group| group[0] == directory)
    }

    fn find(&self, path: &Path) -> Option<Arc<Draft>> {
        self.by_path.lock().get(path).cloned()
    }

    fn list_the_others(&self) {
        let all: Vec<Arc<Draft>> = self.by_path.lock().values().cloned().collect();
        all.into_iter().for_each(|draft| self.tell_done(draft));
    }

    /// Notes that a draft is done, unless it is in place or noted.
    fn tell_done(&self, draft: Arc<Draft>) {
        {
            let mut content = draft.content.lock();
            if content.is_listed || content.in_place.is_some() {
                return;
            }
            content.is_listed = true;
        }
        self.done.lock().list.push_back(draft);
        self.news.notify_one();
    }

    fn end(&self) {
        self.done.lock().is_all = true;
        self.news.notify_all();
    }

    /// Puts drafts in place until no more come. `first` is the number of the directory to begin with.
    fn put_those_done(&self, first: usize) {
        while let Some(draft) = self.next_done() {
            if let Err(error) = self.put(&draft, first) {
                self.done.lock().failure.get_or_insert(error);
            }
        }
    }

    fn next_done(&self) -> Option<Arc<Draft>> {
        let mut done = self.done.lock();
        loop {
            match done.list.pop_front() {
                None if !done.is_all => self.news.wait(&mut done),
                next => return next,
            }
        }
    }

    /// Who wants to change the draft meanwhile waits.
    fn put(&self, draft: &Draft, first: usize) -> Result<()> {
        let mut content = draft.content.lock();
        content.is_listed = false;
        let (places, name) = self.places_of(&draft.path).zip(draft.path.file_name()).expect("it is a draft");
        for at in 0..places.len() {
            self.put_into(&places[(first + at) % places.len()].join(name), &content)?;
        }
        content.in_place = Some(content.bytes.len());
        content.bytes_max = content.bytes_max.max(content.bytes.len());
        Ok(())
    }

    fn put_into(&self, path: &Path, content: &Content) -> Result<()> {
        let file = self.below.open(path, OpenOptions::new(OpenMode::Create))?;
        if content.bytes_max > content.bytes.len() {
            file.truncate(content.bytes.len() as u64)?;
        }
        if content.bytes.is_empty() {
            return Ok(());
        }
        file.write_at(&content.bytes, 0)?;
        if self.places.write_back {
            // A hint: where there is no such thing, the file is forced all the same by whoever forces it.
            let _ = file.start_write_back(0, 0);
        }
        Ok(())
    }
}

fn missing() -> Error {
    Error::from_raw_os_error(libc::ENOENT)
}

impl Disk for DraftDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> Result<Arc<dyn File>> {
        let drafts = &self.drafts;
        if drafts.places_of(path).is_none() {
            return drafts.below.open(path, options);
        }
        let mut by_path = drafts.by_path.lock();
        let draft = match (by_path.get(path), options.mode) {
            (Some(_), OpenMode::CreateNew) => return Err(ErrorKind::AlreadyExists.into()),
            (Some(draft), _) => Arc::clone(draft),
            (None, OpenMode::Create | OpenMode::CreateNew) => {
                let draft = Arc::new(Draft { path: path.to_owned(), content: Mutex::default() });
                by_path.insert(path.to_owned(), Arc::clone(&draft));
                draft
            }
            (None, OpenMode::Read | OpenMode::ReadWrite) => return Err(missing()),
        };
        Ok(Arc::new(DraftFile { draft, drafts: Arc::clone(drafts) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.no_draft(from)?;
        self.no_draft(to)?;
        self.drafts.below.rename(from, to)
    }

    fn unlink(&self, path: &Path) -> Result<()> {
        self.no_draft(path)?;
        self.drafts.below.unlink(path)
    }

    fn mkdir(&self, path: &Path) -> Result<()> {
        self.drafts.below.mkdir(path)
    }

    fn rmdir(&self, path: &Path) -> Result<()> {
        self.drafts.below.rmdir(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>> {
        let mut found: BTreeMap<String, EntryKind> = self.drafts.below.list(path)?.into_iter().collect();
        let by_path = self.drafts.by_path.lock();
        let drafts = by_path.keys().filter(|draft| draft.parent() == Some(path)).filter_map(|draft| draft.file_name());
        found.extend(drafts.map(|name| (name.to_string_lossy().into_owned(), EntryKind::File)));
        Ok(found.into_iter().collect())
    }

    fn kind(&self, path: &Path) -> Result<Option<EntryKind>> {
        match self.drafts.places_of(path) {
            Some(_) => Ok(self.drafts.find(path).map(|_| EntryKind::File)),
            None => self.drafts.below.kind(path),
        }
    }

    fn status(&self, path: &Path) -> Result<FileStatus> {
        if self.drafts.places_of(path).is_none() {
            return self.drafts.below.status(path);
        }
        let bytes = self.drafts.find(path).ok_or_else(missing)?.content.lock().bytes.len() as u64;
        Ok(FileStatus { kind: EntryKind::File, bytes, accessed_us: 0, modified_us: 0, changed_us: 0 })
    }

    fn sync_dir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn sync_trees(&self, _: &[&Path]) -> Result<()> {
        Ok(())
    }
}

/// An open draft.
struct DraftFile {
    draft: Arc<Draft>,
    drafts: Arc<Drafts>,
}

impl DraftFile {
    /// Changes the bytes.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut content = self.draft.content.lock();
        content.in_place = None;
        change(&mut content.bytes);
    }
}

fn index(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(Error::other)
}

impl File for DraftFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let content = self.draft.content.lock();
        let there = content.bytes.get(index(offset)?..).unwrap_or_default();
        let count = buffer.len().min(there.len());
        buffer[..count].copy_from_slice(&there[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let start = index(offset)?;
        self.change(|content| {
            content.resize(content.len().max(start + bytes.len()), 0);
            content[start..start + bytes.len()].copy_from_slice(bytes);
        });
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> Result<()> {
        Ok(())
    }

    /// The whole file is done, whatever the range.
    fn start_write_back(&self, _: u64, _: u64) -> Result<()> {
        self.drafts.tell_done(Arc::clone(&self.draft));
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.draft.content.lock().bytes.len() as u64)
    }

    fn truncate(&self, bytes: u64) -> Result<()> {
        let length = index(bytes)?;
        self.change(|content| content.resize(length, 0));
        Ok(())
    }

    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        let end = index(offset + bytes)?;
        self.change(|content| content.resize(content.len().max(end), 0));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RealDisk;

    fn drafts(root: &Path) -> DraftDisk {
        ["a", "b", "other"].iter().for_each(|name| std::fs::create_dir(root.join(name)).unwrap());
        let places = DraftPlaces { groups: vec![vec!["a".into(), "b".into()]], write_back: true };
        DraftDisk::new(Arc::new(RealDisk::new(root)), places).unwrap()
    }

    fn make(disk: &DraftDisk, path: &str, bytes: &[u8]) -> Arc<dyn File> {
        let file = disk.open(Path::new(path), OpenOptions::new(OpenMode::CreateNew)).unwrap();
        file.write_at(bytes, 0).unwrap();
        file
    }

    #[test]
    fn drafts_go_to_all_places() {
        let root = tempfile::tempdir().unwrap();
        let disk = drafts(root.path());
        for path in ["other/1", "a/x"] {
            make(&disk, path, b"at once");
            assert_eq!(std::fs::read(root.path().join(path)).unwrap(), b"at once");
        }
        make(&disk, "a/1done", b"done").start_write_back(0, 0).unwrap();
        make(&disk, "a/1left", b"left");
        make(&disk, "a/1empty", b"");
        disk.finish().unwrap();
        for place in ["a", "b"] {
            for (name, content) in [("1done", "done"), ("1left", "left"), ("1empty", "")] {
                assert_eq!(std::fs::read_to_string(root.path().join(place).join(name)).unwrap(), content, "{name}");
            }
        }
    }

    #[test]
    fn what_changes_after_it_was_done_is_put_there_again() {
        let root = tempfile::tempdir().unwrap();
        let disk = drafts(root.path());
        let file = make(&disk, "a/1f", b"long content");
        file.start_write_back(0, 0).unwrap();
        file.truncate(2).unwrap();
        file.allocate(0, 3).unwrap();
        file.write_at(b"X", 1).unwrap();
        disk.finish().unwrap();
        ["a/1f", "b/1f"].iter().for_each(|path| assert_eq!(std::fs::read(root.path().join(path)).unwrap(), b"lX\0"));
    }

    #[test]
    fn drafts_are_read_as_written() {
        let root = tempfile::tempdir().unwrap();
        let disk = drafts(root.path());
        let path = Path::new("a/1f");
        make(&disk, "a/1f", b"abc").start_write_back(0, 0).unwrap();
        assert_eq!(disk.read_file(path).unwrap(), b"abc");
        assert_eq!((disk.kind(path).unwrap(), disk.status(path).unwrap().bytes), (Some(EntryKind::File), 3));
        assert_eq!(disk.list(Path::new("a")).unwrap(), [("1f".to_owned(), EntryKind::File)]);
        let kind = |made: Result<Arc<dyn File>>| made.err().expect("it must fail").kind();
        assert_eq!(kind(disk.open(path, OpenOptions::new(OpenMode::CreateNew))), ErrorKind::AlreadyExists);
        assert_eq!(kind(disk.open(Path::new("a/1g"), OpenOptions::default())), ErrorKind::NotFound);
        assert_eq!(disk.rename(path, Path::new("other/1f")).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn a_place_that_is_not_there_is_told_of_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let disk = drafts(root.path());
        std::fs::remove_dir(root.path().join("b")).unwrap();
        make(&disk, "a/1f", b"abc").start_write_back(0, 0).unwrap();
        assert_eq!(disk.finish().unwrap_err().kind(), ErrorKind::NotFound);
    }
}
