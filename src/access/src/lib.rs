//! What executors and utility statements program against: tables, indexes, rows, and the access methods behind them.
//!
//! A [`Relation`] carries its [`TableAm`], an [`Index`] its [`IndexAm`]; callers go through these and name neither `heap` nor
//! `btree`. What writes takes an [`Access`]: the [`Store`] with the transaction that works on it.
//!
//! Reading: `table.am.scan(..)` gives a [`TableScan`]; or `index.am.scan(..)` gives tids, which `table.am.fetcher(..)` turns
//! into rows. Scans and fetchers own what they need, hold no page between calls, and fill one [`Row`] again and again.
//!
//! Writing a row: `table.am.insert`, then `index.am.insert` for each index with the tid. The caller computes index
//! columns (expressions, predicates) and words errors: a duplicate is an answer, [`Inserted::Duplicate`], not an error.
//! An update that answers `is_hot` needs no index entries.
//!
//! Access methods ask the [`Store`] for pages ([`Store::read`] and its like), not the buffer pool: it knows the relation and,
//! being a session's own handle on the engine ([`Store::of_session`]), who asks; so every read is counted, once.
//!
//! Invariants:
//! - I1. Nothing in this interface hands out a value that refers to a page.
//! - I2. A method that waits for another transaction holds no page while it waits.
#![forbid(unsafe_code)]

mod index;
mod pace;
mod page_counts;
mod relation;
mod row;
mod store;
mod table;

pub use index::{IndexAm, IndexScan, Inserted, KeyOp, ScanKey, SortedEntries, UniqueCheck};
pub use pace::CostLimits;
pub use page_counts::{PageCounts, PagesAsked};
pub use relation::{Index, InsertTargets, Persistence, Relation, RelationKind, ToastTable};
pub use row::Row;
pub use store::{Access, LoggedMark, Store};
pub use table::{
    BuildScan, Changed, Direction, Fetched, IndexVacuumStats, InsertOptions, Liveness, NewVersion, RowLock, RowWait,
    Sample, ScanOptions, TableAm, TableFetch, TableScan, UpdateOptions, VacuumOptions, VacuumStats,
};
