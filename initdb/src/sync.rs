//! Forcing a data directory to disk, and copying directories on the way there.
//!
//! A directory gets its files from one thread, as the file system lets only one add to it at a time. Files are forced by many: most of the time
//! the disk is waited for, and what many wait for it does at once.

use crate::failure::Failure;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Files that are forced at one time.
const PARALLEL: usize = 32;

/// A directory to be made with the files of another, which has no directories in it.
pub struct Copy {
    /// The one that there is.
    pub from: PathBuf,
    /// The one to be made.
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
    directories.extend(copies.iter().map(|copy| copy.to.clone()));
    sync_all(copies, files)?;
    sync_all(&[], directories)
}

/// Makes the copies and leaves them to the operating system.
pub fn copy_all(copies: &[Copy]) -> Result<(), Failure> {
    copies.iter().try_for_each(|copy| copy.run(&mut |_| ()))
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

/// Makes the copies, and forces them and what else is named.
fn sync_all(copies: &[Copy], paths: Vec<PathBuf>) -> Result<(), Failure> {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let copiers = copies.iter().map(|copy| {
            let sender = sender.clone();
            scope.spawn(move || copy.run(&mut |path| send(&sender, path)))
        });
        let mut threads: Vec<_> = copiers.collect();
        threads.extend((0..PARALLEL).map(|_| scope.spawn(|| sync_received(&receiver))));
        paths.into_iter().for_each(|path| send(&sender, path));
        drop(sender);
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread only reports errors"))
    })
}

fn send(sender: &Sender<PathBuf>, path: PathBuf) {
    // The other end stays until all threads are joined.
    let _ = sender.send(path);
}

fn sync_received(receiver: &Mutex<Receiver<PathBuf>>) -> Result<(), Failure> {
    loop {
        let received = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(path) = received else { return Ok(()) };
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|e| Failure::io(format!("fsync file \"{}\"", path.display()), &e))?;
    }
}

impl Copy {
    /// Makes the directory and its files; `made` is told of each.
    fn run(&self, made: &mut dyn FnMut(PathBuf)) -> Result<(), Failure> {
        let copied = std::fs::create_dir(&self.to).and_then(|()| {
            for entry in std::fs::read_dir(&self.from)? {
                let name = entry?.file_name();
                let to = self.to.join(&name);
                io::copy(&mut File::open(self.from.join(&name))?, &mut File::create_new(&to)?)?;
                made(to);
            }
            Ok(())
        });
        copied.map_err(|e| Failure::io(format!("copy database to \"{}\"", self.to.display()), &e))
    }
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
    fn copies_directories_on_the_way() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("1")).unwrap();
        std::fs::write(path("1/a"), "rows").unwrap();
        std::fs::write(path("1/b"), "").unwrap();
        let copies = ["4", "5"].map(|to| Copy { from: path("1"), to: path(to) });
        copy_and_sync(&copies, root.path()).unwrap();
        for name in ["4", "5"] {
            assert_eq!(std::fs::read_to_string(path(name).join("a")).unwrap(), "rows");
            assert_eq!(std::fs::read_to_string(path(name).join("b")).unwrap(), "");
        }
        let again = copy_all(&copies).unwrap_err();
        assert!(again.message.starts_with("could not copy database to"), "it is there already: {}", again.message);
    }
}
