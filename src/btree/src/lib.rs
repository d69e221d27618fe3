//! B-tree indexes, after Lehman and Yao: every page has a high key and a link to its right neighbour, so that a search needs no lock but
//! on the page it reads.
//!
//! Entries are ordered by key columns and then by the tid of their row, so no two are equal: an entry is found and removed exactly, and
//! many equal keys cost no more than others. Inner pages keep only as many columns as tell their children apart.
//!
//! 1. A search goes down from the root, block 0, which never moves. A page that was split since its parent was read is noticed by its high
//!    key, and the search goes right.
//! 2. An insertion ends on one leaf under its exclusive lock. If that is full it is split (`split`): first the page, then, in another
//!    record, the parent. Ascending inserts find the rightmost leaf by a hint.
//! 3. A unique insertion holds the first leaf where its key may be while it looks at the rows of equal entries; two inserters of
//!    one key meet there. A row in doubt is waited for with no page held.
//! 4. A scan copies what it wants of a leaf and holds nothing (`scan`). If it looks for a number, it goes by a copy of the upper levels (`upper`).
//!
//! What it does not do: give pages back. Vacuum removes entries and leaves empty leaves where they are, for new entries of their range.
//! No posting lists: equal keys are stored each.
//!
//! Invariants:
//! - I1. Along a level entries rise, within and across pages. A page's high key is greater than its entries and not greater than those to
//!   its right.
//! - I2. A page without a downlink is the right neighbour of one marked `INCOMPLETE_SPLIT`. Whoever wants to change a page completes the splits
//!   that he comes across on its level first; so a page that is split has a downlink.
//! - I3. Every row version that starts a HOT chain has an entry from its insertion until vacuum.
//! - I4. Pages are never given to another use, so a link or a hint read some time ago leads to a page of the same level (but for the root,
//!   which grows in place).
//!
//! Lock order: from left to right and from children to parents; then heap pages (unique check). WAL records: `records`.
//! Source: PostgreSQL 15, access/nbtree (README); differences: a root that stays, no stack (the level above is searched anew for a
//! downlink), scans without pins.
#![forbid(unsafe_code)]

mod am;
mod build;
mod change;
mod check;
mod insert;
mod key;
mod layout;
mod records;
mod redo;
mod scan;
mod search;
mod split;
mod upper;
mod vacuum;

pub use am::{AM, BtreeAm};
pub use check::check;
pub use redo::BtreeResource;
