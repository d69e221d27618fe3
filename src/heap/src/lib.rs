//! Heap tables: rows in no order, each version of a row where there is room.
//!
//! A row's *versions* lie on pages as heap tuples (`tuple`). Inserting makes the first; updating makes another and links the old one
//! to it; deleting only writes who did it. Which version a snapshot sees follows from the xids in the header (`visibility`). Dead
//! versions are cut from their page in passing (`prune`) and by VACUUM (`vacuum`), which also takes their index entries away.
//!
//! An update that changes no indexed column and finds room in the page is *HOT*: the new version gets no index entries and is reached
//! through the old one. An index entry's tid thus names a row, and the chain from it leads to the version that is visible.
//!
//! What it does not do: it computes no index entries and no expressions, checks no constraints, and raises no serialization
//! failure: it says what became of a change ([`access::Changed`]).
//!
//! Invariants:
//! - I1. A tuple's header and values are read and written under the content lock of its page. A line pointer or item moves only
//!   under the exclusive lock, so nobody needs the page to be unpinned to prune it: who has no lock has no reference, only a copy.
//! - I2. A tid is given to another row only after VACUUM removed every index entry that leads to it.
//! - I3. A bit in the visibility map is set only while the page's `ALL_VISIBLE` flag is; both go in the record of the change
//!   that ends it.
//! - I4. Hint flags say only what holds for ever and what the WAL on disk says too.
//! - I5. A version's xmax is overwritten only by who looked at it under the same exclusive lock and found nobody else in the way, in the
//!   header or in the table of shared row locks.
//! - I6. No page is held while waiting for another transaction, and none while reading or writing the TOAST table.
//!
//! Lock order: heap pages by block number, then pages of the visibility map; then the row lock tables. Pages of the free space map
//! are taken alone.
//! WAL records: `records`. Limits: [`limits`]. Source: PostgreSQL 15, access/heap (README.HOT, README.tuplock, heapam.c,
//! pruneheap.c, vacuumlazy.c), with shared row locks in memory instead of multixacts.
#![forbid(unsafe_code)]

pub mod limits;

mod am;
mod build_scan;
mod change;
mod check;
mod claim;
mod fetch;
mod insert;
mod layout;
mod maps;
mod modify;
mod prune;
mod prune_page;
mod records;
mod redo;
mod room;
mod row_lock;
mod sample;
mod scan;
mod sequence;
mod toast;
mod vacuum;
mod visibility;

pub use am::{AM, HeapAm};
pub use check::{HeapCensus, check, check_index};
pub use redo::{Heap2Resource, HeapResource, SequenceResource};
pub use sequence::{Change, LOG_AHEAD, MustLog, SequenceState, change_sequence, create_sequence, read_sequence};
pub use toast::CHUNK_BYTES as TOAST_CHUNK_BYTES;

#[cfg(test)]
mod tests;
