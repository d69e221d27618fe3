//! Forcing a data directory to disk.
//!
//! Two ways, with the same outcome:
//! - One call for the whole file system (`syncfs`), then the directory, so that the disk empties its cache after all was written. A call for each
//!   file writes an inode and empties that cache each time. Taken for a cluster that was just made, if the kernel tells of every failure to write
//!   since the directory was opened, and there is little else to be written.
//! - Each file, many at a time.

use crate::failure::Failure;
use host::{OpenMode, OpenOptions};
use nix::sys::statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, FsType, XFS_SUPER_MAGIC, fstatfs};
use nix::sys::utsname::uname;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Files that are forced at one time: most of the time the disk is waited for, and what many wait for it does at once.
const PARALLEL: usize = 32;
/// What all programs together may have left to write, in kB: beyond it, one call for the file system may wait for others longer than calls for
/// single files would take.
const UNWRITTEN_KB_MAX: u64 = 32 << 10;
/// File systems on local disks, whose `syncfs` tells what could not be written. The first is that of ext2 and ext3 as well.
const TELLING: [FsType; 4] = [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC];
/// The first kernel whose `syncfs` tells it.
const TELLING_KERNEL: (u32, u32) = (5, 8);

/// A data directory in which a cluster is to be made.
pub struct Forced {
    path: PathBuf,
    opened: File,
}

impl Forced {
    /// Failures to write what is made below from now on are noticed.
    pub fn open(path: &Path) -> Result<Forced, Failure> {
        let opened = File::open(path).map_err(|e| failed(path, &e))?;
        Ok(Forced { path: path.to_owned(), opened })
    }

    /// Forces everything that was made.
    pub fn sync(&self) -> Result<(), Failure> {
        let has_little_else = || unwritten_kb().is_some_and(|unwritten| unwritten <= UNWRITTEN_KB_MAX);
        match self.has_telling_file_system() && kernel_tells() && has_little_else() {
            true => self.sync_at_once(),
            false => Tree::of(&self.path).map_err(|e| failed(&self.path, &e))?.sync(),
        }
    }

    /// All is on one file system, and that tells.
    fn has_telling_file_system(&self) -> bool {
        let is_here = std::fs::symlink_metadata(self.path.join("pg_wal")).is_ok_and(|found| found.is_dir());
        is_here && fstatfs(&self.opened).is_ok_and(|found| TELLING.contains(&found.filesystem_type()))
    }

    fn sync_at_once(&self) -> Result<(), Failure> {
        let synced = nix::unistd::syncfs(&self.opened).map_err(io::Error::from);
        synced.and_then(|()| self.opened.sync_all()).map_err(|e| failed(&self.path, &e))
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::io(format!("fsync file \"{}\"", path.display()), error)
}

fn kernel_tells() -> bool {
    uname().ok().and_then(|names| version(names.release().to_str()?)) >= Some(TELLING_KERNEL)
}

/// The first two numbers of a kernel's release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(['.', '-']).map(str::parse);
    numbers.next()?.ok().zip(numbers.next()?.ok())
}

/// What all programs have written and the kernel has not, as far as it tells.
fn unwritten_kb() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    Some(kilobytes(&text, "Dirty:")? + kilobytes(&text, "Writeback:")?)
}

fn kilobytes(meminfo: &str, name: &str) -> Option<u64> {
    meminfo.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Forces every file and directory below `data`, and what `pg_wal` and `pg_tblspc` link to.
pub fn sync_tree(data: &Path) -> Result<(), Failure> {
    let tree = Tree::of(data).map_err(|e| Failure::io("read the data directory", &e))?;
    // When all are under way, the first that is forced makes the file system's journal durable for most of the others.
    tree.start_write_back();
    tree.sync()
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

    /// Sends the files on their way.
    fn start_write_back(&self) {
        let disk = host::real(Path::new("")).disk;
        for path in &self.files {
            // A hint: where there is no such thing, the file is forced all the same; what cannot be opened is told of then.
            let _ = disk.open(path, OpenOptions::new(OpenMode::Read)).and_then(|file| file.start_write_back(0, 0));
        }
    }

    /// Forces them, many at a time.
    fn sync(&self) -> Result<(), Failure> {
        let paths: Vec<&PathBuf> = self.files.iter().chain(&self.directories).collect();
        let next = AtomicUsize::new(0);
        let sync_some = || -> Result<(), Failure> {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                File::open(path).and_then(|file| file.sync_all()).map_err(|e| failed(path, &e))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..PARALLEL.min(paths.len())).map(|_| scope.spawn(sync_some)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a thread only reports errors"))
        })
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
        let tree = Tree::of(root.path()).unwrap();
        assert_eq!((tree.files.len(), tree.directories.len()), (2, 5));
        sync_tree(root.path()).unwrap();
        assert!(sync_tree(&root.path().join("none")).is_err());
    }

    #[test]
    fn both_ways_force_a_directory() {
        let root = tempfile::tempdir().unwrap();
        let forced = Forced::open(root.path()).unwrap();
        std::fs::write(root.path().join("f"), "x").unwrap();
        forced.sync().unwrap();
        forced.sync_at_once().unwrap();
        assert!(!forced.has_telling_file_system(), "the log is not there");
    }

    #[test]
    fn what_the_kernel_says_is_understood() {
        assert_eq!(version("6.18.44-fc-v657"), Some((6, 18)));
        assert_eq!(version("5.8-rc1"), Some((5, 8)));
        assert_eq!(version("unknown"), None);
        let meminfo = "MemTotal:       24607788 kB\nDirty:               164 kB\nWriteback:             8 kB\n";
        assert_eq!((kilobytes(meminfo, "Dirty:"), kilobytes(meminfo, "Writeback:")), (Some(164), Some(8)));
        assert_eq!(kilobytes(meminfo, "WritebackTmp:"), None);
    }
}
