//! Forces a data directory to disk before redo (I2).

use host::{EntryKind, Host};
use report::{Context, Result};
use std::path::{Path, PathBuf};

/// What holds data. Settings, logs and lock files are not redo's business.
const TREES: [&str; 5] = ["base", "global", "pg_wal", "pg_xact", "pg_twophase"];
/// Where links to tablespaces are.
const TABLESPACES: &str = "pg_tblspc";

/// Makes everything in the data directory durable that is there now.
pub(crate) fn sync_data_directory(host: &Host) -> Result<()> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for tree in TREES {
        if exists(host, Path::new(tree))? {
            paths.push(tree.into());
        }
    }
    if exists(host, Path::new(TABLESPACES))? {
        let links = host.disk.list(Path::new(TABLESPACES)).could_not(|| format!("open directory \"{TABLESPACES}\""))?;
        let directories = links.into_iter().filter(|(_, kind)| *kind == EntryKind::Directory);
        paths.extend(directories.map(|(name, _)| Path::new(TABLESPACES).join(name)));
    }
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    host.disk.sync_trees(&paths).could_not(|| "synchronize the data directory".to_owned())
}

fn exists(host: &Host, path: &Path) -> Result<bool> {
    host.disk.exists(path).could_not(|| format!("stat file \"{}\"", path.display()))
}
