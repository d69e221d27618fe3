//! The directory tree of a cluster.

use crate::cleanup::{Cleanup, Signals};
use crate::failure::Failure;
use crate::output::announce;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What is inside a data directory besides `pg_wal`. The names are PostgreSQL's; what this server does not need stays empty.
pub const SUBDIRECTORIES: &[&str] = &[
    "global",
    "pg_wal/archive_status",
    "pg_commit_ts",
    "pg_dynshmem",
    "pg_notify",
    "pg_serial",
    "pg_snapshots",
    "pg_subtrans",
    "pg_twophase",
    "pg_multixact",
    "pg_multixact/members",
    "pg_multixact/offsets",
    "base",
    "base/1",
    "pg_replslot",
    "pg_tblspc",
    "pg_stat",
    "pg_stat_tmp",
    "pg_xact",
    "pg_logical",
    "pg_logical/snapshots",
    "pg_logical/mappings",
];

/// The content of each PG_VERSION file.
pub const VERSION_FILE: &str = "15\n";
/// template1, which the bootstrap script fills.
pub const TEMPLATE: u32 = 1;
/// Databases that are copies of template1, by object id: template0 and postgres. Their pg_database rows are in the bootstrap
/// script.
pub const COPIES: [u32; 2] = [4, 5];

/// Who may enter and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner alone.
    Owner,
    /// The owner's group may read.
    Group,
}

impl Access {
    /// Permission bits of directories.
    pub fn directory_mode(self) -> u32 {
        if self == Access::Group { 0o750 } else { 0o700 }
    }

    /// Permission bits of files.
    pub fn file_mode(self) -> u32 {
        if self == Access::Group { 0o640 } else { 0o600 }
    }

    /// What is masked out of whatever the programs make.
    pub fn umask(self) -> u32 {
        if self == Access::Group { 0o027 } else { 0o077 }
    }
}

/// What is at a path.
#[derive(Debug, PartialEq)]
enum Found {
    Nothing,
    Empty,
    OnlyDotFiles,
    FileSystemRoot,
    Full,
}

fn look(path: &Path) -> std::io::Result<Found> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(e),
    };
    let names: Vec<OsString> = entries.map(|e| e.map(|e| e.file_name())).collect::<Result<_, _>>()?;
    Ok(match names {
        names if names.is_empty() => Found::Empty,
        names if names.iter().any(|n| n == "lost+found") => Found::FileSystemRoot,
        names if names.iter().all(|n| n.to_string_lossy().starts_with('.')) => Found::OnlyDotFiles,
        _ => Found::Full,
    })
}

/// Makes the data directory, or takes an empty one that is there.
pub fn create_data_directory(path: &Path, access: Access, guards: (&mut Cleanup, &Signals)) -> Result<(), Failure> {
    let advice = format!(
        "If you want to create a new database system, either remove or empty the directory \"{0}\" or run initdb with an \
         argument other than \"{0}\".",
        path.display()
    );
    claim_directory(path, access, guards, ("data", advice))
}

/// Makes `pg_wal`: a directory, or a link to one elsewhere (`-X`).
pub fn create_wal_directory(
    data: &Path,
    elsewhere: Option<&Path>,
    access: Access,
    guards: (&mut Cleanup, &Signals),
) -> Result<(), Failure> {
    let place = data.join("pg_wal");
    let Some(target) = elsewhere else { return make(&place, access) };
    let advice =
        format!("If you want to store the WAL there, either remove or empty the directory \"{}\".", target.display());
    claim_directory(target, access, guards, ("WAL", advice))?;
    std::os::unix::fs::symlink(target, &place)
        .map_err(|e| Failure::io(format!("create symbolic link \"{}\"", place.display()), &e))
}

fn claim_directory(
    path: &Path,
    access: Access,
    (cleanup, signals): (&mut Cleanup, &Signals),
    (what, advice): (&'static str, String),
) -> Result<(), Failure> {
    let shown = path.display();
    let found = look(path).map_err(|e| Failure::io(format!("access directory \"{shown}\""), &e))?;
    match found {
        Found::Nothing => {
            announce(&format!("creating directory {shown} ... "));
            make_with_parents(path, access)?;
            cleanup.claim(path, false, what);
        }
        Found::Empty => {
            announce(&format!("fixing permissions on existing directory {shown} ... "));
            fs::set_permissions(path, Permissions::from_mode(access.directory_mode()))
                .map_err(|e| Failure::io(format!("change permissions of directory \"{shown}\""), &e))?;
            cleanup.claim(path, true, what);
        }
        full => return Err(not_empty(path, &full, advice)),
    }
    signals.check_ok()
}

fn not_empty(path: &Path, found: &Found, advice: String) -> Failure {
    let failure = Failure::new(format!("directory \"{}\" exists but is not empty", path.display()));
    let cause = match found {
        Found::OnlyDotFiles => "dot-prefixed/invisible file",
        Found::FileSystemRoot => "lost+found directory",
        _ => return failure.hint(advice),
    };
    failure.detail(format!("It contains a {cause}, perhaps due to it being a mount point.")).hint(
        "Using a mount point directly as the data directory is not recommended.\nCreate a subdirectory under the mount point.",
    )
}

/// Makes a directory and those above it. A failure names the one that could not be made.
fn make_with_parents(path: &Path, access: Access) -> Result<(), Failure> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        make_with_parents(parent, access)?;
    }
    make(path, access)
}

fn make(path: &Path, access: Access) -> Result<(), Failure> {
    let made = DirBuilder::new().mode(access.directory_mode()).create(path);
    made.map_err(|e| Failure::io(format!("create directory \"{}\"", path.display()), &e))
}

/// Makes the directories inside.
pub fn create_subdirectories(data: &Path, access: Access, signals: &Signals) -> Result<(), Failure> {
    announce("creating subdirectories ... ");
    SUBDIRECTORIES.iter().try_for_each(|name| make(&data.join(name), access))?;
    signals.check_ok()
}

/// Writes a file of the data directory.
pub fn write_file(path: &Path, text: &str, access: Access) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(access.file_mode()).open(path);
    let mut file = file.map_err(|e| Failure::io(format!("open file \"{}\" for writing", path.display()), &e))?;
    file.write_all(text.as_bytes()).map_err(|e| Failure::io(format!("write file \"{}\"", path.display()), &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_directories_apart() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("d");
        assert_eq!(look(&path).unwrap(), Found::Nothing);
        fs::create_dir(&path).unwrap();
        assert_eq!(look(&path).unwrap(), Found::Empty);
        fs::write(path.join(".x"), "").unwrap();
        assert_eq!(look(&path).unwrap(), Found::OnlyDotFiles);
        fs::create_dir(path.join("lost+found")).unwrap();
        assert_eq!(look(&path).unwrap(), Found::FileSystemRoot);
        fs::remove_dir(path.join("lost+found")).unwrap();
        fs::write(path.join("x"), "").unwrap();
        assert_eq!(look(&path).unwrap(), Found::Full);
        assert_eq!(SUBDIRECTORIES.len(), 22);
    }
}
