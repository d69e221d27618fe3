//! Forcing a data directory to disk, and copying directories on the way there.
//!
//! 1. A directory is copied by one thread, as the file system lets only one add to it at a time.
//! 2. Each file's bytes start on their way to the disk as soon as it is written, and nobody waits.
//! 3. When all are under way, all are forced, many at a time: the first makes the file system's journal durable for most of the others.
//!    To force each as soon as it is there costs twice as much, as each is a journal entry of its own.

use crate::failure::Failure;
use host::{OpenMode, OpenOptions};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Files that are forced at one time: most of the time the disk is waited for, and what many wait for it does at once.
const PARALLEL: usize = 32;

/// Directories to be made with the files of another, which has no directories in it.
#[derive(Default)]
pub struct Copies {
    /// The one that there is.
    pub from: PathBuf,
    /// Those to be made.
    pub to: Vec<PathBuf>,
}

/// Forces every file and directory below `data`, and what `pg_wal` and `pg_tblspc` link to.
pub fn sync_tree(data: &Path) -> Result<(), Failure> {
    copy_and_sync(&Copies::default(), data)
}

/// Makes the copies, below `data`, and forces all that is below it.
pub fn copy_and_sync(copies: &Copies, data: &Path) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure::io("read the data directory", &e);
    let mut tree = Tree::of(data).map_err(failed)?;
    thread::scope(|scope| {
        let copied = scope.spawn(|| copy_all(copies, WriteBack::Now));
        start_write_back(&tree.files);
        copied.join().expect("a thread only reports errors")
    })?;
    copies.to.iter().try_for_each(|copy| tree.add(copy)).map_err(failed)?;
    sync_all(&tree.files)?;
    sync_all(&tree.directories)
}

/// When a copy's bytes go to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteBack {
    /// They start on their way at once.
    Now,
    /// It is left to the operating system.
    Later,
}

/// Makes the copies.
pub fn copy_all(copies: &Copies, when: WriteBack) -> Result<(), Failure> {
    let failed = |to: &Path, e: &io::Error| Failure::io(format!("copy database to \"{}\"", to.display()), e);
    thread::scope(|scope| {
        let threads: Vec<_> =
            copies.to.iter().map(|to| (to, scope.spawn(move || copy(&copies.from, to, when)))).collect();
        threads.into_iter().try_for_each(|(to, thread)| {
            thread.join().expect("a thread only reports errors").map_err(|e| failed(to, &e))
        })
    })
}

fn copy(from: &Path, to: &Path, when: WriteBack) -> io::Result<()> {
    std::fs::create_dir(to)?;
    let disk = host::real(to).disk;
    // One buffer for all: new memory costs more than what is copied through it.
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        bytes.clear();
        File::open(entry.path())?.read_to_end(&mut bytes)?;
        let file = disk.open(Path::new(&entry.file_name()), OpenOptions::new(OpenMode::CreateNew))?;
        file.write_at(&bytes, 0)?;
        if when == WriteBack::Now {
            // A hint: where there is no such thing, the file is forced all the same.
            let _ = file.start_write_back(0, 0);
        }
    }
    Ok(())
}

/// Sends files on their way that somebody else wrote.
fn start_write_back(files: &[PathBuf]) {
    let disk = host::real(Path::new("")).disk;
    for path in files {
        // A hint, as above; what cannot be opened is told of when it is forced.
        let _ = disk.open(path, OpenOptions::new(OpenMode::Read)).and_then(|file| file.start_write_back(0, 0));
    }
}

/// Files and directories below one, itself among them. Links are followed: pg_wal and tablespaces may be elsewhere.
#[derive(Default)]
struct Tree {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Tree {
    fn of(directory: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        tree.add(directory)?;
        Ok(tree)
    }

    fn add(&mut self, directory: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let mut kind = entry.file_type()?;
            if kind.is_symlink() {
                kind = std::fs::metadata(&path)?.file_type();
            }
            match kind {
                kind if kind.is_dir() => self.add(&path)?,
                kind if kind.is_file() => self.files.push(path),
                _ => {}
            }
        }
        self.directories.push(directory.to_owned());
        Ok(())
    }
}

/// Forces what is named, many at a time.
fn sync_all(paths: &[PathBuf]) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let sync_some = || -> Result<(), Failure> {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            let synced = File::open(path).and_then(|file| file.sync_all());
            synced.map_err(|e| Failure::io(format!("fsync file \"{}\"", path.display()), &e))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..PARALLEL.min(paths.len())).map(|_| scope.spawn(sync_some)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread only reports errors"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_the_whole_tree() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        std::fs::write(root.path().join("a/b/f"), "x").unwrap();
        std::os::unix::fs::symlink(root.path().join("a"), root.path().join("link")).unwrap();
        let tree = Tree::of(root.path()).unwrap();
        assert_eq!((tree.files.len(), tree.directories.len()), (2, 5));
        sync_tree(root.path()).unwrap();
        assert!(sync_tree(&root.path().join("none")).is_err());
    }

    #[test]
    fn copies_directories_on_the_way() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("1")).unwrap();
        std::fs::write(path("1/a"), "rows").unwrap();
        std::fs::write(path("1/b"), "").unwrap();
        let copies = Copies { from: path("1"), to: ["4", "5"].map(path).into() };
        copy_and_sync(&copies, root.path()).unwrap();
        for name in ["4", "5"] {
            assert_eq!(std::fs::read_to_string(path(name).join("a")).unwrap(), "rows");
            assert_eq!(std::fs::read_to_string(path(name).join("b")).unwrap(), "");
        }
        let again = copy_all(&copies, WriteBack::Later).unwrap_err();
        assert!(again.message.starts_with("could not copy database to"), "it is there already: {}", again.message);
    }
}
