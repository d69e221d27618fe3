//! The statistics role: keeps the statistics over a clean restart.
//!
//! They are read when the server starts and written when everybody has counted his last. After a crash they start anew:
//! what was counted since the last clean end would be missing, and nobody could tell.

use crate::shared::RoleContext;
use report::{Error, Result, Severity};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where they are kept while the server is down.
fn path(data: &Path) -> PathBuf {
    data.join("pg_stat/pgstat.stat")
}

/// Reads what the last clean end left, then waits to write the next.
pub fn run(role: RoleContext) -> Result<()> {
    let running = role.running()?;
    let statistics = &running.instance.statistics;
    let path = path(&role.shared.data_directory);
    match fs::read_to_string(&path) {
        Ok(text) => {
            statistics.load_text(&text);
            // A crash from here on must not find them again.
            let _ = fs::remove_file(&path);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            role.log.log(
                &Error::io(format!("open statistics file \"{}\"", path.display()), &error).severity(Severity::Log),
            );
        }
    }
    super::waiting::wait(&role)?;
    if role.is_told_to_finish() {
        running.instance.keep_storage_counts();
        if let Err(error) = write(&path, &statistics.to_text()) {
            let error = Error::io(format!("write statistics file \"{}\"", path.display()), &error);
            role.log.log(&error.severity(Severity::Log));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text)?;
    fs::rename(temporary, path)
}

/// Forgets what an earlier run left: after a crash.
pub fn discard(data: &Path) {
    let _ = fs::remove_file(path(data));
}
