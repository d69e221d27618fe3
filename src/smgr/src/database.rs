//! Whole database directories: made, copied, removed, and swept after a crash.

use crate::file_name::FileName;
use crate::fork_file::directory_of;
use crate::limits::COPY_BYTES;
use crate::{IfExists, StorageManager};
use base::{DEFAULT_TABLESPACE, Fork, Oid, RelFile, RelFork};
use host::{EntryKind, OpenMode, OpenOptions};
use report::{Context, Result};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Where a database's files are; zero is for those that all databases share.
pub(crate) fn database_path(database: Oid) -> PathBuf {
    if !database.is_valid() {
        return PathBuf::from("global");
    }
    PathBuf::from(format!("base/{database}"))
}

impl StorageManager {
    /// Makes the directory of a database; one that is there is left alone.
    pub fn create_database(&self, database: Oid) -> Result<()> {
        let path = database_path(database);
        self.make_directory(&path)?;
        self.sync_directory(Path::new("base"))
    }

    /// Copies all files of one database to a new directory and syncs them. The source's dirty buffers must be on disk and nobody may write to it.
    pub fn copy_database(&self, from: Oid, to: Oid) -> Result<()> {
        let (source, target) = (database_path(from), database_path(to));
        self.create_database(to)?;
        for (name, kind) in self.list(&source)? {
            if kind == EntryKind::File {
                self.copy_file(&source.join(&name), &target.join(&name))?;
            }
        }
        self.sync_directory(&target)
    }

    fn copy_file(&self, from: &Path, to: &Path) -> Result<()> {
        let source = self.host.disk.open(from, OpenOptions::new(OpenMode::Read));
        let source = source.could_not(|| format!("open file \"{}\"", from.display()))?;
        let target = self.host.disk.open(to, OpenOptions::new(OpenMode::Create));
        let target = target.could_not(|| format!("create file \"{}\"", to.display()))?;
        target.truncate(0).could_not(|| format!("truncate file \"{}\"", to.display()))?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut offset = 0;
        loop {
            let count =
                source.read_at(&mut buffer, offset).could_not(|| format!("read file \"{}\"", from.display()))?;
            if count == 0 {
                break;
            }
            let written = target.write_at(&buffer[..count], offset);
            written.could_not(|| format!("write to file \"{}\"", to.display()))?;
            offset += count as u64;
        }
        if self.options.fsync {
            target.sync_all().could_not(|| format!("fsync file \"{}\"", to.display()))?;
        }
        Ok(())
    }

    /// Removes a database's directory with all in it. Its buffers must have been dropped before. One that is not there is fine.
    pub fn drop_database(&self, database: Oid) -> Result<()> {
        self.forget_database(database);
        let path = database_path(database);
        self.queue.add_directory(Path::new("base"));
        if self.host.disk.exists(&path).could_not(|| format!("stat file \"{}\"", path.display()))? {
            let removed = self.host.disk.remove_tree(&path);
            removed.could_not(|| format!("remove directory \"{}\"", path.display()))?;
        }
        Ok(())
    }

    /// Bytes that a database's files take. What is removed meanwhile takes none.
    pub fn database_bytes(&self, database: Oid) -> Result<u64> {
        let path = database_path(database);
        let names = match self.host.disk.list(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            names => names.could_not(|| format!("open directory \"{}\"", path.display()))?,
        };
        names.into_iter().try_fold(0, |sum, (name, _)| Ok(sum + self.file_bytes(&path.join(name))?))
    }

    fn file_bytes(&self, path: &Path) -> Result<u64> {
        let file = match self.host.disk.open(path, OpenOptions::new(OpenMode::Read)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file.could_not(|| format!("open file \"{}\"", path.display()))?,
        };
        file.len().could_not(|| format!("stat file \"{}\"", path.display()))
    }

    /// Resets each unlogged relation to its init fork, after a crash and before redo ends: main fork and maps go, the init fork is copied.
    pub fn reset_unlogged(&self) -> Result<u32> {
        let mut count = 0;
        for database in self.list_databases()? {
            for (name, _) in self.list(&database_path(database))? {
                if let Some(FileName { number, fork: Fork::Init, segment: 0 }) = FileName::parse(&name) {
                    self.reset_relation(RelFile { tablespace: DEFAULT_TABLESPACE, database, number })?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    fn reset_relation(&self, file: RelFile) -> Result<()> {
        let fork = |fork| RelFork { file, fork };
        for gone in [Fork::Main, Fork::FreeSpace, Fork::Visibility] {
            self.unlink_fork(fork(gone))?;
        }
        let (from, to) = (fork(Fork::Init), fork(Fork::Main));
        self.copy_file(Path::new(&from.to_string()), Path::new(&to.to_string()))?;
        self.queue.add_directory(&directory_of(file));
        self.request_sync(&self.entry(to), 0)
    }

    /// The databases that have a directory.
    pub fn list_databases(&self) -> Result<Vec<Oid>> {
        let names = self.list(Path::new("base"))?;
        let directories = names.into_iter().filter(|(_, kind)| *kind == EntryKind::Directory);
        Ok(directories.filter_map(|(name, _)| name.parse().ok().map(Oid)).collect())
    }

    /// The relations that have any file in a database's directory, whatever fork and segment.
    pub fn relation_numbers(&self, database: Oid) -> Result<BTreeSet<u32>> {
        let names = self.list(&database_path(database))?;
        Ok(names.iter().filter_map(|(name, _)| FileName::parse(name)).map(|name| name.number).collect())
    }

    /// Removes what is left of relations that were removed: segments behind a gap, which a removal that a crash cut short leaves.
    pub fn remove_stray_segments(&self, database: Oid, relations: &BTreeSet<u32>) -> Result<()> {
        let directory = database_path(database);
        for (name, _) in self.list(&directory)? {
            if FileName::parse(&name).is_some_and(|name| relations.contains(&name.number)) {
                let path = directory.join(name);
                self.host.disk.unlink(&path).could_not(|| format!("remove file \"{}\"", path.display()))?;
                self.queue.add_directory(&directory);
            }
        }
        Ok(())
    }

    pub(crate) fn list(&self, path: &Path) -> Result<Vec<(String, EntryKind)>> {
        self.host.disk.list(path).could_not(|| format!("open directory \"{}\"", path.display()))
    }

    /// Makes the names of new and removed files of a database durable.
    pub fn sync_database(&self, database: Oid) -> Result<()> {
        self.sync_directory(&database_path(database))
    }

    /// Makes the names of new and removed files durable.
    pub fn sync_directory(&self, path: &Path) -> Result<()> {
        if !self.options.fsync {
            return Ok(());
        }
        self.host.disk.sync_dir(path).could_not(|| format!("fsync file \"{}\"", path.display()))
    }

    /// Makes an empty main fork in one call, for tests and bootstrap.
    pub fn create_main(&self, file: RelFile) -> Result<RelFork> {
        let fork = RelFork { file, fork: Fork::Main };
        self.create(fork, IfExists::Fail)?;
        Ok(fork)
    }
}
