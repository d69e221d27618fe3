//! Names of segment files: PostgreSQL's, `pg_wal/TTTTTTTTXXXXXXXXYYYYYYYY`.

use base::Lsn;
use std::path::PathBuf;

/// The timeline: the first eight digits. 1 until a server is promoted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timeline(pub u32);

/// The name of a segment file, without directory.
pub fn segment_file_name(timeline: Timeline, number: u64, segment_bytes: u32) -> String {
    let per_id = (1u64 << 32) / u64::from(segment_bytes);
    format!("{:08X}{:08X}{:08X}", timeline.0, number / per_id, number % per_id)
}

/// The timeline and number in a segment file's name; None if it is not one.
pub fn segment_number_of(name: &str, segment_bytes: u32) -> Option<(Timeline, u64)> {
    let digits = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    if name.len() != 24 || !name.bytes().all(digits) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| u32::from_str_radix(&name[range], 16).ok();
    let per_id = (1u64 << 32) / u64::from(segment_bytes);
    let (high, low) = (u64::from(part(8..16)?), u64::from(part(16..24)?));
    (low < per_id).then_some((Timeline(part(0..8)?), high * per_id + low))
}

/// Where a segment starts.
pub const fn segment_start(number: u64, segment_bytes: u32) -> Lsn {
    Lsn(number * segment_bytes as u64)
}

/// Where a segment file is.
pub(crate) fn segment_path(timeline: Timeline, number: u64, segment_bytes: u32) -> PathBuf {
    PathBuf::from("pg_wal").join(segment_file_name(timeline, number, segment_bytes))
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn names_are_postgres() {
        let segment = 16 << 20;
        assert_eq!(segment_file_name(Timeline(1), 0x1_FF, segment), "0000000100000001000000FF");
        assert_eq!(segment_number_of("0000000100000001000000FF", segment), Some((Timeline(1), 0x1_FF)));
        for bad in ["0000000100000001000001FF", "000000010000000100000", "0000000100000001000000fF", "00000002.history"]
        {
            assert_eq!(segment_number_of(bad, segment), None, "{bad}");
        }
    }
}
