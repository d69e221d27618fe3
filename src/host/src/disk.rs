//! Files as a trait.

use std::io::Result;
use std::path::Path;
use std::sync::Arc;

/// What `open` does when the file is there, or is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OpenMode {
    /// It must exist; for reading only.
    Read,
    /// It must exist.
    #[default]
    ReadWrite,
    /// Made if missing.
    Create,
    /// It must not exist.
    CreateNew,
}

/// Whether each write is durable when it returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SyncOnWrite {
    /// No: only after a sync call.
    #[default]
    No,
    /// Contents (`O_DSYNC`).
    Data,
    /// Contents and length (`O_SYNC`).
    All,
}

/// How to open a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenOptions {
    /// Which file is acceptable.
    pub mode: OpenMode,
    /// Durability of each write.
    pub sync: SyncOnWrite,
}

impl OpenOptions {
    /// Options with this mode and no sync on write.
    pub const fn new(mode: OpenMode) -> OpenOptions {
        OpenOptions { mode, sync: SyncOnWrite::No }
    }
}

/// What a directory entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory, or a symbolic link to one.
    Directory,
}

/// What the file system knows of a name. Times are microseconds since 1970; a simulated disk has none, they are zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileStatus {
    /// What it is.
    pub kind: EntryKind,
    /// Its length; of a directory what the file system says.
    pub bytes: u64,
    /// When it was last read.
    pub accessed_us: i64,
    /// When its contents last changed.
    pub modified_us: i64,
    /// When its contents, name, owner or mode last changed.
    pub changed_us: i64,
}

/// An open file. All calls may come from any thread at once.
pub trait File: Send + Sync {
    /// Reads at `offset` until `buffer` is full or the file ends; how many bytes.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;
    /// As `read_at`, if the system has the bytes at hand. None if the disk would have to be waited for, or if nobody can tell: then the buffer holds anything.
    fn read_at_hand(&self, buffer: &mut [u8], offset: u64) -> Result<Option<usize>> {
        self.read_at(buffer, offset).map(Some)
    }
    /// Writes all of `bytes` at `offset`; the file grows as needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()>;
    /// Makes the contents durable (`fdatasync`).
    fn sync_data(&self) -> Result<()>;
    /// Makes contents and length durable (`fsync`).
    fn sync_all(&self) -> Result<()>;
    /// Starts write-back of a range without waiting (`sync_file_range`); a hint.
    fn start_write_back(&self, offset: u64, bytes: u64) -> Result<()>;
    /// The length in bytes.
    fn len(&self) -> Result<u64>;
    /// Cuts or extends (with zeros) to `bytes`.
    fn truncate(&self, bytes: u64) -> Result<()>;
    /// Makes room for the range so that writes into it cannot run out of space; the file is at least that long afterwards, new bytes are zero.
    fn allocate(&self, offset: u64, bytes: u64) -> Result<()>;
    /// True if it has no bytes.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A tree of files; paths are relative to the data directory.
pub trait Disk: Send + Sync {
    /// Opens or makes a file.
    fn open(&self, path: &Path, options: OpenOptions) -> Result<Arc<dyn File>>;
    /// Gives a file another name; replaces what had that name. Atomic.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Removes a file. Handles to it stay good.
    fn unlink(&self, path: &Path) -> Result<()>;
    /// Makes a directory; its parent must exist.
    fn mkdir(&self, path: &Path) -> Result<()>;
    /// Removes an empty directory.
    fn rmdir(&self, path: &Path) -> Result<()>;
    /// Names of the entries, in no order.
    fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>>;
    /// What is there, if anything.
    fn kind(&self, path: &Path) -> Result<Option<EntryKind>>;
    /// Length and times of what is there.
    fn status(&self, path: &Path) -> Result<FileStatus>;
    /// Makes the directory's entries durable.
    fn sync_dir(&self, path: &Path) -> Result<()>;

    /// True if something has that name.
    fn exists(&self, path: &Path) -> Result<bool> {
        Ok(self.kind(path)?.is_some())
    }

    /// The whole of a file.
    fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let file = self.open(path, OpenOptions::new(OpenMode::Read))?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(std::io::Error::other)?];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Puts a whole file in place durably: a temporary file beside it, sync, rename, sync of the directory.
    fn replace_file(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        let temporary = Path::new(&name);
        let file = self.open(temporary, OpenOptions::new(OpenMode::Create))?;
        file.truncate(0)?;
        file.write_at(bytes, 0)?;
        file.sync_all()?;
        self.rename(temporary, path)?;
        self.sync_dir(path.parent().unwrap_or(Path::new("")))
    }

    /// Makes everything below these directories durable, whoever wrote it.
    fn sync_trees(&self, paths: &[&Path]) -> Result<()> {
        paths.iter().try_for_each(|path| sync_tree(self, path))
    }

    /// Removes a directory and all below it.
    fn remove_tree(&self, path: &Path) -> Result<()> {
        for (name, kind) in self.list(path)? {
            let child = path.join(name);
            match kind {
                EntryKind::File => self.unlink(&child)?,
                EntryKind::Directory => self.remove_tree(&child)?,
            }
        }
        self.rmdir(path)
    }
}

/// File by file.
fn sync_tree<D: Disk + ?Sized>(disk: &D, path: &Path) -> Result<()> {
    for (name, kind) in disk.list(path)? {
        let child = path.join(name);
        match kind {
            EntryKind::File => disk.open(&child, OpenOptions::default())?.sync_all()?,
            EntryKind::Directory => sync_tree(disk, &child)?,
        }
    }
    disk.sync_dir(path)
}
