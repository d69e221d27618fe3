//! What a data directory must be like before a server touches it.

use nix::unistd::geteuid;
use report::{Error, Result, Severity, SqlState};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The version that data directories are written for.
pub const MAJOR_VERSION: &str = "15";

/// Checks existence, owner, permissions and version. Returns the directory's mode: 0700 or 0750.
///
/// Errors: FATAL, with PostgreSQL's words.
pub fn check(path: &Path) -> Result<u32> {
    let mode = check_directory(path)?;
    check_version(path)?;
    Ok(mode)
}

/// As `check`, without the version: of a directory that initdb is filling.
pub fn check_directory(path: &Path) -> Result<u32> {
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            fatal(SqlState::UNDEFINED_FILE, format!("data directory \"{shown}\" does not exist"))
        }
        _ => Error::io(format!("read permissions of directory \"{shown}\""), &error).severity(Severity::Fatal),
    })?;
    let wrong = |text: String| fatal(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, text);
    if !metadata.is_dir() {
        return Err(wrong(format!("specified data directory \"{shown}\" is not a directory")));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(wrong(format!("data directory \"{shown}\" has wrong ownership"))
            .hint("The server must be started by the user that owns the data directory."));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        return Err(wrong(format!("data directory \"{shown}\" has invalid permissions"))
            .detail("Permissions should be u=rwx (0700) or u=rwx,g=rx (0750)."));
    }
    Ok(if mode & 0o050 != 0 { 0o750 } else { 0o700 })
}

fn check_version(directory: &Path) -> Result<()> {
    let (path, shown) = (directory.join("PG_VERSION"), directory.display());
    let invalid = |detail: String| {
        fatal(SqlState::INVALID_PARAMETER_VALUE, format!("\"{shown}\" is not a valid data directory"))
            .detail(detail)
            .hint("You might need to initdb.")
    };
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let mut error = invalid(format!("File \"{}\" is missing.", path.display()));
            error.fields_mut().hint = None;
            error
        }
        _ => Error::io(format!("open file \"{}\"", path.display()), &error).severity(Severity::Fatal),
    })?;
    let found = text.trim();
    if found.split('.').next().is_none_or(|major| major.parse::<u32>().is_err()) {
        return Err(invalid(format!("File \"{}\" does not contain valid data.", path.display())));
    }
    if found == MAJOR_VERSION {
        return Ok(());
    }
    Err(fatal(SqlState::INVALID_PARAMETER_VALUE, "database files are incompatible with server".to_owned()).detail(format!(
        "The data directory was initialized by PostgreSQL version {found}, which is not compatible with this version {}.",
        config::SERVER_VERSION
    )))
}

/// A directory that asks for what this server cannot do is not touched: it would be opened as something else than it is.
///
/// Errors: FATAL 0A000.
pub fn check_requests(directory: &Path) -> Result<()> {
    for (file, feature) in [
        ("standby.signal", "standby mode"),
        ("recovery.signal", "targeted recovery"),
        ("backup_label", "recovery from a backup"),
    ] {
        if directory.join(file).exists() {
            return Err(Error::unsupported(format!("{feature} (\"{file}\")")).severity(Severity::Fatal));
        }
    }
    Ok(())
}

/// Removes what an earlier run left for the next one to find: requests in files, lists of log files, temporary files.
pub fn remove_leftovers(directory: &Path) {
    for name in ["promote", "logrotate", "current_logfiles", "standby.promote"] {
        let _ = fs::remove_file(directory.join(name));
    }
}

/// Removes temporary files of statements (`pgsql_tmp`) in every tablespace.
pub fn remove_temporary_files(directory: &Path) {
    empty_directory(&directory.join("base/pgsql_tmp"));
    let Ok(tablespaces) = fs::read_dir(directory.join("pg_tblspc")) else { return };
    for tablespace in tablespaces.flatten() {
        let Ok(versions) = fs::read_dir(tablespace.path()) else { continue };
        for version in versions.flatten() {
            empty_directory(&version.path().join("pgsql_tmp"));
        }
    }
}

fn empty_directory(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with("pgsql_tmp");
        if is_ours && entry.path().is_dir() {
            let _ = fs::remove_dir_all(entry.path());
        } else if is_ours {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn fatal(code: SqlState, message: String) -> Error {
    Error::with_severity(Severity::Fatal, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(mode: u32, version: &str) -> Result<u32, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("PG_VERSION"), version).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        check(folder.path()).map_err(|error| error.message().replace(folder.path().to_str().unwrap(), "D"))
    }

    #[test]
    fn takes_0700_and_0750_of_version_15() {
        assert_eq!(with(0o700, "15\n"), Ok(0o700));
        assert_eq!(with(0o750, "15\n"), Ok(0o750));
    }

    #[test]
    fn refuses_everything_else() {
        assert_eq!(with(0o755, "15\n"), Err("data directory \"D\" has invalid permissions".into()));
        assert_eq!(with(0o700, "9.6\n"), Err("database files are incompatible with server".into()));
        assert_eq!(with(0o700, "x"), Err("\"D\" is not a valid data directory".into()));
        let missing = check(Path::new("/nonexistent/d")).unwrap_err();
        assert_eq!(missing.message(), "data directory \"/nonexistent/d\" does not exist");
    }
}
