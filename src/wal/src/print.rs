//! The WAL record dump: the same print in tests, debugging and docs.

use crate::Record;
use std::fmt::Write;

/// One line in the manner of pg_waldump: `rmgr: Heap len: 54, tx: 7, lsn: 0/1000028, prev 0/1000000, desc: ..., blkref #0: rel base/5/16384 blk 0 FPW`.
/// `description` is what the resource manager says of it.
pub fn describe_record(record: &Record<'_>, description: &str) -> String {
    let mut text = format!(
        "rmgr: {:<11} len: {:>6}, tx: {:>10}, lsn: {}, prev {}, desc: {description}",
        record.rmgr.name(),
        record.length,
        record.xid.0,
        record.start,
        record.previous
    );
    for block in &record.blocks {
        // Writing to a String does not fail.
        let _ = write!(text, ", blkref #{}: rel {} blk {}", block.id, block.fork, block.block);
        if block.image.is_some() {
            text.push_str(" FPW");
        }
    }
    text
}
