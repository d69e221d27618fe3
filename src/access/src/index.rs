//! How indexes are read and written: the index access method.

use crate::{Access, Direction, Index, IndexVacuumStats, Relation, Store, TableFetch};
use base::Tid;
use report::Result;
use std::sync::Arc;
use sync::Interrupts;
use tuple::Datum;

/// How a key column is compared with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyOp {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `IS NULL`; the value does not matter.
    IsNull,
    /// `IS NOT NULL`; the value does not matter.
    IsNotNull,
}

/// A condition on a key column. All conditions of a scan must hold. A comparison with null holds for no entry.
#[derive(Clone, Debug)]
pub struct ScanKey {
    /// The key column, 0-based.
    pub column: usize,
    /// The comparison: column, operator, value. In the type's own order, whatever the index's direction.
    pub op: KeyOp,
    /// The value, of the column's type.
    pub value: Datum,
}

impl ScanKey {
    /// `column = value`.
    pub fn equal(column: usize, value: Datum) -> ScanKey {
        ScanKey { column, op: KeyOp::Equal, value }
    }
}

/// A scan of an index. Holds no page between calls. Entries come in index order; every entry that stays in the index
/// throughout comes exactly once.
pub trait IndexScan: Send {
    /// Starts again with these conditions.
    fn rescan(&mut self, keys: &[ScanKey]) -> Result<()>;

    /// The next entry's tid, `None` at the end. The table decides whether its row is visible.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn next(&mut self, direction: Direction) -> Result<Option<Tid>>;

    /// Appends the columns of the present entry, key and included. Panics if there is none.
    ///
    /// Errors: damage.
    fn entry(&mut self, out: &mut Vec<Datum>) -> Result<()>;

    /// For index-only scans: from now on each entry is looked up in the visibility map while the index page is held. That
    /// order matters: an entry that is still there leads to a row that vacuum has not taken away.
    fn check_visibility(&mut self, table: Box<dyn TableFetch>);

    /// True if the present entry's row is visible to every snapshot, so that it need not be fetched.
    fn is_all_visible(&self) -> bool;

    /// Notes that the present entry's row is dead to all: it is marked so that later scans skip it.
    fn kill_entry(&mut self);

    /// Remembers the present place.
    fn mark(&mut self);

    /// Goes back to the place that was marked: `next` goes on behind it.
    fn restore(&mut self);

    /// Works for this session from now on. Called before a rescan.
    fn resume(&mut self, store: &Arc<Store>, interrupts: &Arc<Interrupts>);
}

/// What an insertion checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UniqueCheck {
    /// Nothing: not a unique index.
    No,
    /// No live row may have an equal key. Transactions in doubt are waited for.
    Yes,
    /// As `Yes`, but the entry is inserted whatever is found, and nobody is waited for (deferrable constraints: a duplicate
    /// is looked for again later).
    Deferred,
}

/// What an insertion found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    /// The entry is in and no duplicate is known.
    Done,
    /// The row at this tid has an equal key. The entry is in only under [`UniqueCheck::Deferred`].
    Duplicate(Tid),
}

/// Entries in index order, for a build.
pub trait SortedEntries {
    /// Fills in the next entry's columns (cleared before), and answers its tid.
    fn next(&mut self, values: &mut Vec<Datum>) -> Result<Option<Tid>>;
}

/// An index access method. Every method may be called by any number of threads at once.
pub trait IndexAm: Send + Sync {
    /// Makes an empty index in a file that exists and is empty.
    ///
    /// Errors: I/O.
    fn create(&self, store: &Arc<Store>, index: &Index) -> Result<()>;

    /// Writes what an unlogged index is reset to after a crash into its init fork, which exists and is empty. Logged.
    ///
    /// Errors: I/O.
    fn create_init_fork(&self, store: &Arc<Store>, index: &Index) -> Result<()>;

    /// Fills an empty index file from entries that are sorted by key and tid. Answers their number.
    ///
    /// Errors: I/O; 54000 if an entry is too long; those of `entries`.
    fn build(&self, cx: &mut Access<'_>, index: &Index, entries: &mut dyn SortedEntries) -> Result<u64>;

    /// Inserts an entry for the row at `tid` of `table`. `values` are the index's columns, key and included.
    ///
    /// Errors: I/O; 54000 if the entry is too long; those of waiting for a transaction.
    fn insert(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        tid: Tid,
        check: UniqueCheck,
    ) -> Result<Inserted>;

    /// Looks for a live row with an equal key, other than the row at `own`, waiting for transactions in doubt: the
    /// arbiter of ON CONFLICT, and the later look of a deferred constraint. `values` are the key columns.
    ///
    /// Errors: I/O; those of waiting for a transaction.
    fn find_duplicate(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        own: Tid,
    ) -> Result<Option<Tid>>;

    /// Makes a scan without conditions; `rescan` gives them.
    fn scan(&self, store: &Arc<Store>, index: &Arc<Index>, interrupts: Arc<Interrupts>) -> Box<dyn IndexScan>;

    /// Removes the entries whose tids are dead, and counts the others.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn vacuum(&self, cx: &mut Access<'_>, index: &Index, is_dead: &dyn Fn(Tid) -> bool) -> Result<IndexVacuumStats>;
}
