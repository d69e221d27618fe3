//! Transactions: xids, commits and their order, snapshots, savepoints.
//!
//! A transaction is a value, [`Transaction`], owned by a session. It gets an xid when it first writes; a reader never does. A
//! commit gets a number ([`base::Csn`]) from one counter, and a [`Snapshot`] is the counter's value: it sees exactly the
//! commits with smaller numbers. Taking one costs the same whatever the number of sessions.
//!
//! How a commit runs ([`TransactionManager`]):
//! 1. The commit record goes into the WAL and, unless `synchronous_commit` is off, to disk.
//! 2. The commit log (`clog`) says committed, for the transaction and its subtransactions.
//! 3. In the csn table (`csn`, by `visibility`) all their words become COMMITTING; the counter is raised; the words become the number.
//!    A reader that meets COMMITTING waits an instant: the number may be below its snapshot.
//! 4. If it carries invalidations, the commit hook is told, in commit order.
//! 5. Dropped files are removed, row locks and locks given back.
//!
//! A session whose thread has others to serve does not wait for the disk in step 1: [`Transaction::begin_commit`] does the first half, the record,
//! and [`Committing`] is what is left; the log wakes the session when it may go on with step 2. Nothing shows in between: locks are held,
//! and the transaction is in progress.
//!
//! Invariants:
//! - I1. A reader that finds an xid in progress has a snapshot below the number that the xid will ever get: the word is
//!   COMMITTING before the counter is raised, and the reader's number was read from the counter before the word.
//! - I2. Below the csn table's floor every transaction has ended, and the commit log says how. (Not committed means aborted.)
//! - I3. The horizon never passes a snapshot in use: see `snapshot`.
//! - I4. The commit log's pages reach the disk after the WAL records of what they say.
//! - I5. An xid is given out only below a bound that the WAL was told of; a crash never gives it out again.
//!
//! Lock order: [`ranks::COMMIT_ORDER`], [`ranks::COMMIT_WINDOW`], [`ranks::PREPARED`], then the WAL's; [`ranks::XID`] before the WAL's; the
//! rest are leaves. Limits: [`limits`]. WAL records: `records`.
//! Source: PostgreSQL 15 access/transam (README, xact.c, clog.c) for subtransactions and the commit log; commit sequence numbers
//! after Postgres-XC's and later proposals, with a word per xid instead of a dependency on xid order.
#![forbid(unsafe_code)]

pub mod limits;
pub mod ranks;

mod changes;
mod clog;
mod csn;
mod manager;
mod outside;
mod prepared;
mod prepared_state;
mod records;
mod snapshot;
mod transaction;
mod visibility;
mod window;

pub use changes::{Changes, EndedChanges, StatisticsKey, TableChanges, TableCount};
pub use manager::{NextIds, Parts, SyncCommit, TransactionManager, XidStatus};
pub use outside::{CommitHook, Journal, RelationFiles, XactResource};
pub use prepared::{Preparation, PreparedEnd, PreparedInfo};
pub use snapshot::{Horizon, Seen, Snapshot};
pub use transaction::{Committed, Committing, Ending, Isolation, Transaction, TransactionOptions, Transactions};

#[cfg(all(test, any(loom, shuttle)))]
mod model;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
