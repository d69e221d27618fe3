//! Forcing a data directory to disk, and copying files on the way there.

use crate::failure::Failure;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are worked on at one time: most of the time the disk is waited for, and what many wait for it does at once.
const PARALLEL: usize = 64;

/// A file to be made from another.
pub struct Copy {
    /// The one that there is.
    pub from: PathBuf,
    /// The other; its directory is there.
    pub to: PathBuf,
}

/// Forces every file and directory below `data`, and what `pg_wal` and `pg_tblspc` link to.
pub fn sync_tree(data: &Path) -> Result<(), Failure> {
    copy_and_sync(&[], data)
}

/// Makes the copies, below `data`, and forces all that is below it.
pub fn copy_and_sync(copies: &[Copy], data: &Path) -> Result<(), Failure> {
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    collect(data, &mut files, &mut directories).map_err(|e| Failure::io("read the data directory", &e))?;
    let files = files.iter().map(|path| Task::Sync(path));
    for_all(&copies.iter().map(Task::CopyAndSync).chain(files).collect::<Vec<_>>())?;
    for_all(&directories.iter().map(|path| Task::Sync(path)).collect::<Vec<_>>())
}

/// Makes the copies and leaves them to the operating system.
pub fn copy_all(copies: &[Copy]) -> Result<(), Failure> {
    for_all(&copies.iter().map(Task::Copy).collect::<Vec<_>>())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>, directories: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        // Links are followed: pg_wal and tablespaces may be elsewhere.
        match std::fs::metadata(&path)? {
            kind if kind.is_dir() => collect(&path, files, directories)?,
            kind if kind.is_file() => files.push(path),
            _ => {}
        }
    }
    directories.push(directory.to_owned());
    Ok(())
}

enum Task<'a> {
    Sync(&'a Path),
    Copy(&'a Copy),
    CopyAndSync(&'a Copy),
}

impl Task<'_> {
    fn run(&self) -> Result<(), Failure> {
        match self {
            Task::Sync(path) => sync(path, File::open(path)),
            Task::Copy(copy) => copy.run().map(drop),
            Task::CopyAndSync(copy) => sync(&copy.to, Ok(copy.run()?)),
        }
    }
}

impl Copy {
    fn run(&self) -> Result<File, Failure> {
        let copied = File::open(&self.from).and_then(|mut from| {
            let mut to = File::create_new(&self.to)?;
            io::copy(&mut from, &mut to).map(|_| to)
        });
        copied.map_err(|e| Failure::io(format!("copy file \"{}\"", self.from.display()), &e))
    }
}

fn sync(path: &Path, file: io::Result<File>) -> Result<(), Failure> {
    let synced = file.and_then(|file| file.sync_all());
    synced.map_err(|e| Failure::io(format!("fsync file \"{}\"", path.display()), &e))
}

fn for_all(tasks: &[Task<'_>]) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            task.run()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..PARALLEL.min(tasks.len())).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker only reports errors"))
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
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        collect(root.path(), &mut files, &mut directories).unwrap();
        assert_eq!((files.len(), directories.len()), (2, 5));
        sync_tree(root.path()).unwrap();
        assert!(sync_tree(&root.path().join("none")).is_err());
    }

    #[test]
    fn copies_on_the_way() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::write(path("a"), "rows").unwrap();
        std::fs::write(path("b"), "").unwrap();
        let copies = [("a", "c"), ("b", "d")].map(|(from, to)| Copy { from: path(from), to: path(to) });
        copy_and_sync(&copies, root.path()).unwrap();
        assert_eq!(std::fs::read_to_string(path("c")).unwrap(), "rows");
        assert_eq!(std::fs::read_to_string(path("d")).unwrap(), "");
        let again = copy_all(&copies).unwrap_err();
        assert!(
            again.message.starts_with("could not copy file"),
            "what is there is not written over: {}",
            again.message
        );
    }
}
