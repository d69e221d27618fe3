//! The status files of segments on their way to the archive: `pg_wal/archive_status/<segment>.ready` and `.done`.
//!
//! A segment that is complete and has neither is on its way all the same: who looks makes the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the role that archives calls itself.
pub const BACKEND_TYPE: &str = "archiver";
/// Where the status files are.
const STATUS_DIRECTORY: &str = "pg_wal/archive_status";
/// Digits of a segment's name: timeline, log, segment.
const NAME_DIGITS: usize = 24;

fn status_path(data: &Path, segment: &str, status: &str) -> PathBuf {
    data.join(STATUS_DIRECTORY).join(format!("{segment}.{status}"))
}

/// True if the segment is in the archive; its status file goes with it.
pub fn is_done(data: &Path, segment: &str) -> bool {
    let done = status_path(data, segment, "done");
    if done.exists() {
        let _ = fs::remove_file(done);
        return true;
    }
    // A segment that nobody has noticed yet must not be overlooked for ever.
    let _ = mark_ready(data, segment);
    false
}

/// Notes that a segment waits for the archive.
pub fn mark_ready(data: &Path, segment: &str) -> io::Result<()> {
    let ready = status_path(data, segment, "ready");
    fs::create_dir_all(data.join(STATUS_DIRECTORY))?;
    fs::OpenOptions::new().create(true).append(true).open(ready).map(drop)
}

/// Notes that a segment is in the archive.
pub fn mark_done(data: &Path, segment: &str) -> io::Result<()> {
    fs::rename(status_path(data, segment, "ready"), status_path(data, segment, "done"))
}

/// Files that wait, in the order in which they are to go: histories of timelines, then segments, oldest first.
pub fn waiting(data: &Path, max: usize) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data.join(STATUS_DIRECTORY))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found.extend(name.strip_suffix(".ready").map(str::to_owned));
    }
    found.sort_by(|a, b| b.ends_with(".history").cmp(&a.ends_with(".history")).then_with(|| a.cmp(b)));
    found.truncate(max);
    Ok(found)
}

/// Marks every complete segment before `current` that has no status yet. Names sort as segments do.
pub fn mark_complete(data: &Path, current: &str) -> io::Result<()> {
    for entry in fs::read_dir(data.join("pg_wal"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_segment = name.len() == NAME_DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
        if is_segment && name.as_str() < current && !status_path(data, &name, "done").exists() {
            mark_ready(data, &name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(n: u32) -> String {
        format!("00000001{:08X}{n:08X}", 0)
    }

    #[test]
    fn complete_segments_wait_oldest_first_and_histories_before_them() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        fs::create_dir_all(data.join("pg_wal")).unwrap();
        for n in 1..5 {
            fs::write(data.join("pg_wal").join(segment(n)), "").unwrap();
        }
        mark_complete(data, &segment(4)).unwrap();
        mark_ready(data, "00000002.history").unwrap();
        assert_eq!(waiting(data, 3).unwrap(), ["00000002.history".to_owned(), segment(1), segment(2)]);
        assert!(!is_done(data, &segment(1)));
        mark_done(data, &segment(1)).unwrap();
        mark_complete(data, &segment(4)).unwrap();
        assert_eq!(waiting(data, 9).unwrap(), ["00000002.history".to_owned(), segment(2), segment(3)]);
        assert!(is_done(data, &segment(1)));
    }
}
