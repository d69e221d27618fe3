//! Files of the server as SQL sees them: pg_ls_dir and its kin, pg_stat_file, pg_read_file.
//!
//! Who may call them is a matter of privileges on the functions. Where they may look is checked here: below the data directory and
//! the log directory, or anywhere for members of pg_read_server_files.
//!
//! Source: PostgreSQL 15 genfile.c.

use super::activity::Rows;
use super::functions;
use base::Oid;
use builtins::FnCtx;
use builtins::type_oid::{BOOL, INT8, RECORD, TIMESTAMPTZ};
use config::Setting;
use host::{EntryKind, File, FileStatus, OpenMode, OpenOptions};
use instance::Ctx;
use report::{Error, Result, bail, error};
use std::io::ErrorKind;
use std::path::Path;
use tuple::Datum;

functions! {
    pg_read_file = read_as_superuser, pg_read_file_v2 = read_text, pg_read_file_off_len = read_text, pg_read_file_all = read_text,
    pg_read_binary_file = read_binary, pg_read_binary_file_off_len = read_binary, pg_read_binary_file_all = read_binary,
    pg_stat_file, pg_stat_file_1arg = pg_stat_file,
}

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[
    ("pg_ls_dir", pg_ls_dir),
    ("pg_ls_dir_1arg", pg_ls_dir),
    ("pg_ls_logdir", pg_ls_logdir),
    ("pg_ls_waldir", pg_ls_waldir),
    ("pg_ls_archive_statusdir", pg_ls_archive_statusdir),
    ("pg_ls_tmpdir_noargs", pg_ls_tmpdir_noargs),
    ("pg_ls_tmpdir_1arg", pg_ls_tmpdir_1arg),
    ("pg_ls_logicalsnapdir", pg_ls_logicalsnapdir),
    ("pg_ls_logicalmapdir", pg_ls_logicalmapdir),
    ("pg_ls_replslotdir", pg_ls_replslotdir),
];

/// Who may read any file.
const READ_SERVER_FILES: Oid = Oid(4569);
/// The longest value, in bytes.
const VALUE_BYTES_MAX: u64 = (1 << 30) - 5;

/// The file that an argument names, if the user may look there.
fn checked_path(cx: Ctx<'_>, argument: &Datum) -> Result<String> {
    let path = canonical(argument.as_str());
    if cx.has_privileges_of(cx.session.current_user(), READ_SERVER_FILES)? {
        return Ok(path);
    }
    if path.starts_with('/') {
        let text = |setting| cx.setting(|settings| settings.text(setting).to_string());
        let (data, log) = (canonical(&text(Setting::DataDirectory)), canonical(&text(Setting::LogDirectory)));
        let is_below = |folder: &str| folder.starts_with('/') && Path::new(&path).starts_with(folder);
        if !is_below(&data) && !is_below(&log) {
            bail!(INSUFFICIENT_PRIVILEGE, "absolute path not allowed");
        }
    } else if path == ".." || path.starts_with("../") {
        bail!(INSUFFICIENT_PRIVILEGE, "path must be in or below the current directory");
    }
    Ok(path)
}

/// The path without empty parts, `.` and, where something is in front of it, `..`.
fn canonical(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if is_absolute => {}
            _ => parts.push(part),
        }
    }
    match (is_absolute, parts.is_empty()) {
        _ if path.is_empty() => String::new(),
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// The optional argument that says that nothing there is no error.
fn missing_ok(argument: Option<&Datum>) -> bool {
    argument.is_some_and(|argument| !argument.is_null() && argument.as_bool())
}

fn read_as_superuser(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if !cx.session.is_superuser() {
        let error = error!(INSUFFICIENT_PRIVILEGE, "must be superuser to read files with adminpack 1.0");
        return Err(error.hint("Consider using pg_read_file(), which is part of core, instead."));
    }
    read_text(cx, fx, args)
}

fn read_text(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(match read(cx, args)? {
        Some(bytes) => Datum::text(builtins::text_of(&bytes)?),
        None => Datum::Null,
    })
}

fn read_binary(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(read(cx, args)?.map_or(Datum::Null, |bytes| Datum::bytes(&bytes)))
}

/// Reads a file: its name, then perhaps where to begin (negative: from the end), how many bytes, and whether it may be missing.
fn read(cx: Ctx<'_>, args: &[Datum]) -> Result<Option<Vec<u8>>> {
    let (offset, wanted) = match args {
        [_, offset, wanted, ..] => (offset.as_i64(), Some(wanted.as_i64())),
        _ => (0, None),
    };
    let wanted = wanted.map(u64::try_from).transpose();
    let wanted = wanted.map_err(|_| error!(INVALID_PARAMETER_VALUE, "requested length cannot be negative"))?;
    let path = checked_path(cx, &args[0])?;
    if wanted.is_some_and(|bytes| bytes > VALUE_BYTES_MAX) {
        bail!(INVALID_PARAMETER_VALUE, "requested length too large");
    }
    let file = match cx.instance.host.disk.open(Path::new(&path), OpenOptions::new(OpenMode::Read)) {
        Err(error) if is_missing(&error) && missing_ok(args.get(3)) => return Ok(None),
        file => file.map_err(|e| Error::io(format!("open file \"{path}\" for reading"), &e))?,
    };
    let from = match u64::try_from(offset) {
        Ok(offset) => offset,
        Err(_) => {
            from_end(&*file, offset.unsigned_abs()).map_err(|e| Error::io(format!("seek in file \"{path}\""), &e))?
        }
    };
    let limit = wanted.unwrap_or(VALUE_BYTES_MAX + 1);
    let bytes = read_from(&*file, from, limit).map_err(|e| Error::io(format!("read file \"{path}\""), &e))?;
    if bytes.len() as u64 > VALUE_BYTES_MAX {
        bail!(PROGRAM_LIMIT_EXCEEDED, "file length too large");
    }
    Ok(Some(bytes))
}

/// The place that is so many bytes before the end.
fn from_end(file: &dyn File, bytes: u64) -> std::io::Result<u64> {
    file.len()?.checked_sub(bytes).ok_or_else(|| std::io::Error::from_raw_os_error(EINVAL))
}

/// Reads to the end or to the limit. The length is not asked for: files of the kernel do not tell theirs.
fn read_from(file: &dyn File, from: u64, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < limit {
        let at = bytes.len();
        let step = (limit - at as u64).min(STEP_BYTES) as usize;
        bytes.resize(at + step, 0);
        let read = file.read_at(&mut bytes[at..], from + at as u64)?;
        bytes.truncate(at + read);
        if read < step {
            break;
        }
    }
    Ok(bytes)
}

/// So much of a file is read at once.
const STEP_BYTES: u64 = 1 << 16;
/// What the system calls an argument that makes no sense.
const EINVAL: i32 = 22;

fn pg_stat_file(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let path = checked_path(cx, &args[0])?;
    let status = match cx.instance.host.disk.status(Path::new(&path)) {
        Err(error) if is_missing(&error) && missing_ok(args.get(1)) => return Ok(Datum::Null),
        status => status.map_err(|e| Error::io(format!("stat file \"{path}\""), &e))?,
    };
    let columns = [
        (INT8, Datum::Int8(status.bytes as i64)),
        (TIMESTAMPTZ, super::to_the_second(status.accessed_us)),
        (TIMESTAMPTZ, super::to_the_second(status.modified_us)),
        (TIMESTAMPTZ, super::to_the_second(status.changed_us)),
        (TIMESTAMPTZ, Datum::Null),
        (BOOL, Datum::Bool(status.kind == EntryKind::Directory)),
    ];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn pg_ls_dir(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    let path = checked_path(cx, &args[0])?;
    let mut names = names(cx, &path, missing_ok(args.get(1)))?;
    if missing_ok(args.get(2)) && cx.instance.host.disk.exists(Path::new(&path)).unwrap_or(false) {
        names.extend([".".to_owned(), "..".to_owned()]);
    }
    Ok(names.into_iter().map(|name| vec![Datum::from(name)]).collect())
}

/// What is in a folder; nothing if it is not there and may be missing.
fn names(cx: Ctx<'_>, folder: &str, missing_ok: bool) -> Result<Vec<String>> {
    match cx.instance.host.disk.list(Path::new(folder)) {
        Ok(found) => Ok(found.into_iter().map(|(name, _)| name).collect()),
        Err(error) if is_missing(&error) && missing_ok => Ok(Vec::new()),
        Err(error) => Err(Error::io(format!("open directory \"{folder}\""), &error)),
    }
}

/// The files of a folder with length and time, but for hidden ones.
fn files(cx: Ctx<'_>, folder: &str, missing_ok: bool) -> Rows {
    let mut rows = Vec::new();
    for name in names(cx, folder, missing_ok)? {
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{folder}/{name}");
        match cx.instance.host.disk.status(Path::new(&path)) {
            Ok(FileStatus { kind: EntryKind::File, bytes, modified_us, .. }) => {
                rows.push(vec![Datum::from(name), Datum::Int8(bytes as i64), super::to_the_second(modified_us)]);
            }
            Ok(_) => {}
            // Removed since.
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(Error::io(format!("stat file \"{path}\""), &error)),
        }
    }
    Ok(rows)
}

fn pg_ls_logdir(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, &cx.setting(|settings| settings.text(Setting::LogDirectory).to_string()), false)
}

fn pg_ls_waldir(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, "pg_wal", false)
}

fn pg_ls_archive_statusdir(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, "pg_wal/archive_status", true)
}

fn pg_ls_tmpdir_noargs(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, "base/pgsql_tmp", true)
}

/// Temporary files of statements all lie in the default tablespace.
fn pg_ls_tmpdir_1arg(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    let tablespace = args[0].as_oid();
    if cx.catalog().tablespace(tablespace)?.is_none() {
        bail!(UNDEFINED_OBJECT, "tablespace with OID {tablespace} does not exist");
    }
    match tablespace {
        base::DEFAULT_TABLESPACE => files(cx, "base/pgsql_tmp", true),
        _ => Ok(Vec::new()),
    }
}

fn pg_ls_logicalsnapdir(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, "pg_logical/snapshots", false)
}

fn pg_ls_logicalmapdir(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    files(cx, "pg_logical/mappings", false)
}

/// There are no replication slots.
fn pg_ls_replslotdir(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    bail!(UNDEFINED_OBJECT, "replication slot \"{}\" does not exist", args[0].as_str())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn paths_are_made_plain() {
        for (path, plain) in [
            ("a//b/./c/", "a/b/c"),
            ("./a", "a"),
            ("a/../../b", "../b"),
            ("../../x", "../../x"),
            ("/../etc", "/etc"),
            ("", ""),
            (".", "."),
            ("/", "/"),
        ] {
            assert_eq!(canonical(path), plain, "{path}");
        }
    }
}
