//! Forces a data directory to disk before redo (I2).

use host::{EntryKind, Host, OpenMode, OpenOptions};
use report::{Context, Result};
use std::path::Path;

/// What holds data. Settings, logs and lock files are not redo's business.
const TREES: [&str; 5] = ["base", "global", "pg_wal", "pg_xact", "pg_twophase"];

/// Syncs every file and directory; how many files.
pub(crate) fn sync_data_directory(host: &Host) -> Result<u64> {
    let mut files = 0;
    for tree in TREES {
        let path = Path::new(tree);
        if host.disk.exists(path).could_not(|| format!("stat file \"{tree}\""))? {
            sync_tree(host, path, &mut files)?;
        }
    }
    Ok(files)
}

fn sync_tree(host: &Host, path: &Path, files: &mut u64) -> Result<()> {
    let entries = host.disk.list(path).could_not(|| format!("open directory \"{}\"", path.display()))?;
    for (name, kind) in entries {
        let child = path.join(name);
        match kind {
            EntryKind::Directory => sync_tree(host, &child, files)?,
            EntryKind::File => {
                let file = host.disk.open(&child, OpenOptions::new(OpenMode::ReadWrite));
                let file = file.could_not(|| format!("open file \"{}\"", child.display()))?;
                file.sync_all().could_not(|| format!("fsync file \"{}\"", child.display()))?;
                *files += 1;
            }
        }
    }
    host.disk.sync_dir(path).could_not(|| format!("fsync file \"{}\"", path.display()))
}
