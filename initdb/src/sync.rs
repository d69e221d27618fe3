//! Forcing a data directory to disk.

use crate::failure::Failure;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are forced at one time: the file system then writes their journal entries together.
const PARALLEL: usize = 16;

/// Forces every file and directory below `data`, and what `pg_wal` and `pg_tblspc` link to.
pub fn sync_tree(data: &Path) -> Result<(), Failure> {
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    collect(data, &mut files, &mut directories).map_err(|e| Failure::io("read the data directory", &e))?;
    for paths in [&files, &directories] {
        sync_all(paths)?;
    }
    Ok(())
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

fn sync_all(paths: &[PathBuf]) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            let synced = File::open(path).and_then(|file| file.sync_all());
            synced.map_err(|e| Failure::io(format!("fsync file \"{}\"", path.display()), &e))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..PARALLEL.min(paths.len())).map(|_| scope.spawn(worker)).collect();
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
}
