//! How tables are read and written: the table access method.

use crate::{Access, Index, Relation, Row, Store};
use base::{BlockNumber, CommandId, Prng, Tid, Xid};
use report::Result;
use std::ops::Range;
use std::sync::Arc;
use sync::Interrupts;
use tuple::{ColumnSet, Datum};
use xact::Snapshot;

/// What a scan reads.
#[derive(Clone)]
pub struct ScanOptions {
    /// Which row versions.
    pub snapshot: Snapshot,
    /// Which columns.
    pub wanted: ColumnSet,
    /// Which blocks; all if `None`. Blocks added after the scan began are not read.
    pub blocks: Option<Range<u32>>,
    /// What ends the scan early: looked at once a page.
    pub interrupts: Arc<Interrupts>,
}

/// Which way a scan goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Direction {
    /// To greater tids or keys.
    #[default]
    Forward,
    /// To smaller ones.
    Backward,
}

/// A scan of a whole table. Holds no page between calls; may live as long as its owner likes.
pub trait TableScan: Send {
    /// Fills in the next row. False at the end; then the other direction starts again with the last row.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn next(&mut self, direction: Direction, row: &mut Row) -> Result<bool>;

    /// Starts again, with another snapshot if one is given.
    fn rescan(&mut self, snapshot: Option<Snapshot>) -> Result<()>;
}

/// The scan that builds an index. Holds no page between calls.
pub trait BuildScan: Send {
    /// Fills in the next row to be indexed. False at the end.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn next(&mut self, row: &mut Row) -> Result<bool>;

    /// True if it passed over versions that some snapshot sees, because the index cannot tell them from those after them: such
    /// snapshots must not use the index.
    fn broke_chains(&self) -> bool;
}

/// What a fetch by tid found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fetched {
    /// A row version that the snapshot sees: it is filled in, with its own tid.
    Visible,
    /// None that the snapshot sees.
    Invisible,
    /// None that any snapshot sees: the index entry that led here can be marked dead.
    Dead,
}

/// Fetches rows of one table by tid: the other half of an index scan. Holds no page between calls.
pub trait TableFetch: Send {
    /// Fetches the version that the snapshot sees of the row that starts at `tid` (an index entry's tid).
    ///
    /// Errors: I/O, damage.
    fn fetch(&mut self, tid: Tid, row: &mut Row) -> Result<Fetched>;

    /// True if every row of the block is visible to all: an index-only scan need not fetch.
    ///
    /// Errors: I/O.
    fn is_all_visible(&mut self, block: BlockNumber) -> Result<bool>;

    /// Goes on with another snapshot.
    fn set_snapshot(&mut self, snapshot: Snapshot);

    /// Lets go of the snapshot, and of what was found out about the table while it was locked, until [`TableFetch::resume`].
    fn rest(&mut self);

    /// Goes on after a rest, perhaps for another session.
    fn resume(&mut self, store: &Arc<Store>, snapshot: Snapshot);
}

/// A row lock's strength.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RowLock {
    /// FOR KEY SHARE.
    KeyShare,
    /// FOR SHARE.
    Share,
    /// FOR NO KEY UPDATE.
    NoKeyUpdate,
    /// FOR UPDATE.
    Update,
}

/// What to do about a row that another transaction has locked or is changing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RowWait {
    /// Wait for its end.
    #[default]
    Block,
    /// 55P03 `could not obtain lock on row in relation "%s"`.
    NoWait,
    /// Leave the row: [`Changed::WouldBlock`].
    Skip,
}

/// What became of a change of a row, or of locking it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed<T> {
    /// It is done.
    Done(T),
    /// This transaction itself changed the row after the snapshot: by this command of it.
    BySelf {
        /// The command that changed it.
        command: CommandId,
    },
    /// Another transaction updated it and committed. The next version is at `next`.
    Updated {
        /// The next version.
        next: Tid,
        /// Who updated it: the next version's xmin.
        xmax: Xid,
    },
    /// Another transaction deleted it and committed.
    Deleted {
        /// Who deleted it.
        xmax: Xid,
    },
    /// It is locked, and the caller would not wait.
    WouldBlock,
    /// This very command of the transaction made it, or an earlier one removed it: the command does not see it.
    Invisible,
}

/// What an update made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewVersion {
    /// Where the new version is.
    pub tid: Tid,
    /// No index needs an entry for it.
    pub is_hot: bool,
}

/// How a row is updated.
#[derive(Clone, Debug)]
pub struct UpdateOptions<'a> {
    /// The table's columns that some index has, in keys, INCLUDE, expressions or predicates. If none of them changes, the
    /// update needs no index entries.
    pub indexed: &'a ColumnSet,
    /// The columns of unique indexes that foreign keys can refer to. If none of them changes, the row's KEY SHARE lockers are
    /// not waited for.
    pub keys: &'a ColumnSet,
    /// What to do if it is locked.
    pub wait: RowWait,
}

/// How rows are inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InsertOptions {
    /// Do not look for room in old pages: COPY and CREATE TABLE AS into a new file.
    pub skip_free_space: bool,
    /// Rows are seen by everyone at once: bootstrap.
    pub frozen: bool,
}

/// What uniqueness makes of a row version, whatever any snapshot sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// Committed or own, and not deleted: this version of the row that starts at the tid asked for.
    Live(Tid),
    /// Gone, or never came to be.
    Dead,
    /// It depends on how this other transaction ends.
    InDoubt(Xid),
}

/// How VACUUM works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VacuumOptions {
    /// Look at pages that the visibility map says need none.
    pub all_pages: bool,
    /// Remove index entries and line pointers, not only what pruning can.
    pub clean_indexes: bool,
    /// Give empty pages at the end back.
    pub truncate: bool,
}

impl Default for VacuumOptions {
    fn default() -> VacuumOptions {
        VacuumOptions { all_pages: false, clean_indexes: true, truncate: true }
    }
}

/// What VACUUM found and did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VacuumStats {
    /// Blocks of the table at first.
    pub blocks_before: u32,
    /// Blocks of the table now.
    pub blocks: u32,
    /// Blocks looked at.
    pub scanned_blocks: u32,
    /// Blocks given back at the end.
    pub truncated_blocks: u32,
    /// Blocks that hold only rows visible to all.
    pub all_visible_blocks: u32,
    /// Row versions removed.
    pub removed: u64,
    /// Dead ones that some snapshot may still see.
    pub recently_dead: u64,
    /// Live rows: exact if all pages were looked at, else estimated.
    pub live: f64,
    /// Blocks on which pruning left dead line pointers, for the indexes to let go of.
    pub dead_item_blocks: u32,
    /// Those line pointers.
    pub dead_items: u64,
    /// How often the indexes were gone through for them.
    pub index_scans: u32,
    /// What transactions from this one on deleted may not be removed.
    pub cutoff: Xid,
    /// For each index, in the order given: its entries and blocks now, and the entries removed.
    pub indexes: Vec<IndexVacuumStats>,
}

/// What VACUUM found in an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexVacuumStats {
    /// Entries left.
    pub entries: u64,
    /// Entries removed.
    pub removed: u64,
    /// Blocks.
    pub blocks: u32,
    /// Empty blocks that can be used again.
    pub free_blocks: u32,
}

/// A random part of a table, for ANALYZE.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Rows, in tid order.
    pub rows: Vec<Row>,
    /// Live rows of the whole table, estimated.
    pub live: f64,
    /// Dead ones, estimated.
    pub dead: f64,
    /// Blocks of the table.
    pub blocks: u32,
    /// Those that were looked at.
    pub scanned_blocks: u32,
    /// Live rows on them.
    pub scanned_live: u64,
    /// Dead ones on them.
    pub scanned_dead: u64,
}

/// A table access method. Every method may be called by any number of threads at once.
///
/// Locks: methods take content locks of pages, one table page (two for an update) at a time, and hold none when they return or
/// wait for a transaction. Callers hold the relation lock that SQL prescribes.
pub trait TableAm: Send + Sync {
    /// Begins a scan.
    ///
    /// Errors: I/O.
    fn scan(&self, store: &Arc<Store>, table: &Arc<Relation>, options: ScanOptions) -> Result<Box<dyn TableScan>>;

    /// Makes a fetcher by tid.
    fn fetcher(
        &self,
        store: &Arc<Store>,
        table: &Arc<Relation>,
        snapshot: Snapshot,
        wanted: ColumnSet,
    ) -> Box<dyn TableFetch>;

    /// Fetches the version at exactly this tid, whatever sees it (EvalPlanQual, triggers, RETURNING of old rows). False if
    /// there is none.
    ///
    /// Errors: I/O, damage.
    fn fetch_version(&self, store: &Arc<Store>, table: &Relation, tid: Tid, row: &mut Row) -> Result<bool>;

    /// Inserts a row. Values are the table's columns in order; dropped ones are null. Long values are compressed and moved to the
    /// TOAST table.
    ///
    /// Errors: 54000 if it is too long, I/O, 53100.
    fn insert(&self, cx: &mut Access<'_>, table: &Relation, values: &[Datum], options: InsertOptions) -> Result<Tid>;

    /// Inserts many rows; their tids are appended in order. Fast: one WAL record a page.
    ///
    /// Errors: as `insert`; rows before the failing one may be in.
    fn multi_insert(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        rows: &[Vec<Datum>],
        options: InsertOptions,
        tids: &mut Vec<Tid>,
    ) -> Result<()>;

    /// Takes back a row that this command inserted (ON CONFLICT found a duplicate in an index).
    ///
    /// Errors: I/O.
    fn retract(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<()>;

    /// Replaces a version's values where it is, for all to see at once and whatever becomes of the transaction: counts in the
    /// catalogs (VACUUM, ANALYZE). A transaction that is changing the row is waited for. False, and nothing done, if the
    /// version is not the last one: then look again.
    ///
    /// Errors: I/O; those of waiting; XX000 if the new tuple has another length.
    fn overwrite(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid, values: &[Datum]) -> Result<bool>;

    /// Updates the version at `tid`. Waits for transactions that are changing or locking it as `options` say.
    ///
    /// Errors: as `insert`; those of waiting; 55P03 for `NoWait`.
    fn update(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        tid: Tid,
        values: &[Datum],
        options: &UpdateOptions<'_>,
    ) -> Result<Changed<NewVersion>>;

    /// Deletes the version at `tid`.
    ///
    /// Errors: those of waiting; I/O; 55P03 for `NoWait`.
    fn delete(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid, wait: RowWait) -> Result<Changed<()>>;

    /// Locks the version at `tid`, and fills in the row if it is locked.
    ///
    /// Errors: those of waiting; I/O; 55P03 for `NoWait`.
    fn lock_row(
        &self,
        cx: &mut Access<'_>,
        table: &Relation,
        tid: Tid,
        how: (RowLock, RowWait),
        row: &mut Row,
    ) -> Result<Changed<()>>;

    /// What uniqueness makes of the row that starts at `tid` (an index entry's tid).
    ///
    /// Errors: I/O.
    fn liveness(&self, cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<Liveness>;

    /// Begins a scan for building an index: live rows and those that some snapshot still sees, each with the tid that
    /// its index entry must have. `row.xmax` is valid exactly if the row does not count for uniqueness.
    ///
    /// Errors: I/O.
    fn build_scan(&self, cx: &mut Access<'_>, table: &Arc<Relation>, wanted: ColumnSet) -> Result<Box<dyn BuildScan>>;

    /// Removes what no snapshot sees. The caller holds SHARE UPDATE EXCLUSIVE.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn vacuum(
        &self,
        cx: &mut Access<'_>,
        table: &Arc<Relation>,
        indexes: &[Arc<Index>],
        options: VacuumOptions,
    ) -> Result<VacuumStats>;

    /// Takes a random sample of at most `target` rows.
    ///
    /// Errors: I/O, damage, a cancel request.
    fn sample(&self, cx: &mut Access<'_>, table: &Arc<Relation>, target: usize, random: &mut Prng) -> Result<Sample>;
}
