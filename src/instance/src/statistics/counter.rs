//! What is counted, and a set of such counts.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, Ordering};

/// One of a kind of counters: a place in [`Counters`].
pub trait Numbered: Copy {
    /// Its place.
    fn number(self) -> usize;
}

macro_rules! counters {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $type { $($(#[$doc])* $name,)* }

        impl $type {
            /// All of them, in order.
            pub const ALL: &[$type] = &[$($type::$name,)*];

            /// How many there are.
            pub const COUNT: usize = $type::ALL.len();

            /// Its name in the statistics file.
            pub const fn name(self) -> &'static str {
                match self { $($type::$name => $text,)* }
            }
        }

        impl Numbered for $type {
            fn number(self) -> usize {
                self as usize
            }
        }
    };
}

counters! {
    /// What is counted of a table or index. Times are microseconds since 2000-01-01 UTC.
    Counter {
        /// Scans: sequential ones of a table, all of an index.
        Scans = "scans",
        /// Rows that sequential scans returned; entries that index scans returned.
        RowsRead = "rows_read",
        /// Index scans of a table.
        IndexScans = "index_scans",
        /// Rows fetched through an index.
        RowsFetched = "rows_fetched",
        /// Rows inserted.
        Inserted = "inserted",
        /// Rows updated.
        Updated = "updated",
        /// Rows deleted.
        Deleted = "deleted",
        /// Updates without new index entries.
        HotUpdated = "hot_updated",
        /// Rows alive, as far as known.
        Live = "live",
        /// Rows dead and not yet removed, as far as known.
        Dead = "dead",
        /// Changes since the last ANALYZE.
        ChangedSinceAnalyze = "changed_since_analyze",
        /// Inserts since the last VACUUM.
        InsertedSinceVacuum = "inserted_since_vacuum",
        /// Pages asked for.
        BlocksFetched = "blocks_fetched",
        /// Pages found in the buffer pool.
        BlocksHit = "blocks_hit",
        /// When it was last vacuumed by hand.
        LastVacuum = "last_vacuum",
        /// VACUUMs.
        Vacuums = "vacuums",
        /// When autovacuum last vacuumed it.
        LastAutovacuum = "last_autovacuum",
        /// Vacuums by autovacuum.
        Autovacuums = "autovacuums",
        /// When it was last analyzed by hand.
        LastAnalyze = "last_analyze",
        /// ANALYZEs.
        Analyzes = "analyzes",
        /// When autovacuum last analyzed it.
        LastAutoanalyze = "last_autoanalyze",
        /// Analyzes by autovacuum.
        Autoanalyzes = "autoanalyzes",
    }
}

counters! {
    /// What is counted of a database.
    DatabaseCounter {
        /// Transactions committed.
        Commits = "commits",
        /// Transactions rolled back.
        Rollbacks = "rollbacks",
        /// Rows that scans returned.
        RowsReturned = "rows_returned",
        /// Rows fetched through indexes.
        RowsFetched = "rows_fetched",
        /// Rows inserted.
        RowsInserted = "rows_inserted",
        /// Rows updated.
        RowsUpdated = "rows_updated",
        /// Rows deleted.
        RowsDeleted = "rows_deleted",
        /// Pages asked for.
        BlocksFetched = "blocks_fetched",
        /// Pages found in the buffer pool.
        BlocksHit = "blocks_hit",
        /// Deadlocks.
        Deadlocks = "deadlocks",
        /// Temporary files.
        TempFiles = "temp_files",
        /// Bytes of temporary files.
        TempBytes = "temp_bytes",
        /// Sessions.
        Sessions = "sessions",
        /// Sessions that ended without a word from the client.
        SessionsAbandoned = "sessions_abandoned",
        /// Sessions that ended with FATAL.
        SessionsFatal = "sessions_fatal",
        /// Sessions that were terminated.
        SessionsKilled = "sessions_killed",
        /// Microseconds that sessions were there.
        SessionUs = "session_us",
        /// Microseconds that they ran statements.
        ActiveUs = "active_us",
        /// Microseconds that they idled in a transaction.
        IdleInTransactionUs = "idle_in_transaction_us",
        /// Microseconds of reading pages, with `track_io_timing`.
        BlockReadUs = "block_read_us",
        /// Microseconds of writing pages, with `track_io_timing`.
        BlockWriteUs = "block_write_us",
        /// When these counts were last reset.
        ResetTime = "reset_time",
    }
}

counters! {
    /// What is counted of the whole cluster. What the buffer pool and the log count by themselves since the server started has a
    /// counter here too: it is added to theirs, for what was before.
    ClusterCounter {
        /// Checkpoints that were due by time.
        CheckpointsTimed = "checkpoints_timed",
        /// Checkpoints that were asked for.
        CheckpointsRequested = "checkpoints_requested",
        /// Microseconds that checkpoints wrote.
        CheckpointWriteUs = "checkpoint_write_us",
        /// Microseconds that checkpoints synced.
        CheckpointSyncUs = "checkpoint_sync_us",
        /// Segments archived.
        Archived = "archived",
        /// Failures of the archive command.
        ArchiveFailed = "archive_failed",
        /// Pages written by checkpoints.
        CheckpointPages = "checkpoint_pages",
        /// Pages written by the bgwriter.
        CleanPages = "clean_pages",
        /// Rounds of the bgwriter that stopped at their limit.
        CleanLimit = "clean_limit",
        /// Pages written by sessions.
        SessionPages = "session_pages",
        /// Frames given to another page.
        Allocations = "allocations",
        /// Log records.
        WalRecords = "wal_records",
        /// Page images in the log.
        WalImages = "wal_images",
        /// Bytes of log.
        WalBytes = "wal_bytes",
        /// Times that the log's buffers were full.
        WalBuffersFull = "wal_buffers_full",
        /// Writes of the log.
        WalWrites = "wal_writes",
        /// Syncs of the log.
        WalSyncs = "wal_syncs",
        /// Microseconds of writing it.
        WalWriteUs = "wal_write_us",
        /// Microseconds of syncing it.
        WalSyncUs = "wal_sync_us",
        /// When the last segment was archived.
        LastArchived = "last_archived",
        /// When archiving last failed.
        LastArchiveFailed = "last_archive_failed",
        /// When the counts of checkpoints and of the bgwriter were last reset.
        BgwriterReset = "bgwriter_reset",
        /// When those of the log were last reset.
        WalReset = "wal_reset",
        /// When those of the archiver were last reset.
        ArchiverReset = "archiver_reset",
        /// When those of the commit log's pages were last reset.
        SlruReset = "slru_reset",
    }
}

/// Counters of one thing, shared by all sessions: `N` of the kind `C`.
#[derive(Debug)]
pub struct Counters<C, const N: usize>([AtomicI64; N], PhantomData<C>);

impl<C, const N: usize> Default for Counters<C, N> {
    fn default() -> Counters<C, N> {
        Counters(std::array::from_fn(|_| AtomicI64::new(0)), PhantomData)
    }
}

impl<C: Numbered, const N: usize> Counters<C, N> {
    /// A counter's value.
    pub fn get(&self, counter: C) -> i64 {
        self.0[counter.number()].load(Ordering::Relaxed)
    }

    /// Adds to a counter.
    pub fn add(&self, counter: C, count: i64) {
        self.add_at(counter.number(), count);
    }

    /// Sets a counter: a time, or what VACUUM and ANALYZE found out.
    pub fn set(&self, counter: C, value: i64) {
        self.0[counter.number()].store(value, Ordering::Relaxed);
    }

    /// Sets a counter to this value if it is less.
    pub fn raise_to(&self, counter: C, value: i64) {
        self.0[counter.number()].fetch_max(value, Ordering::Relaxed);
    }

    pub(super) fn add_all(&self, counts: &[i64; N]) {
        counts.iter().enumerate().for_each(|(at, count)| self.add_at(at, *count));
    }

    fn add_at(&self, at: usize, count: i64) {
        if count != 0 {
            self.0[at].fetch_add(count, Ordering::Relaxed);
        }
    }

    /// All values.
    pub fn values(&self) -> [i64; N] {
        std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed))
    }

    /// Sets all values, as far as there are some.
    pub(super) fn load(&self, values: &[i64]) {
        self.0.iter().zip(values).for_each(|(counter, value)| counter.store(*value, Ordering::Relaxed));
    }
}

/// The counters of one table or index.
pub type RelationCounters = Counters<Counter, { Counter::COUNT }>;
/// The counters of one database.
pub type DatabaseCounters = Counters<DatabaseCounter, { DatabaseCounter::COUNT }>;
/// The counters of the cluster.
pub type ClusterCounters = Counters<ClusterCounter, { ClusterCounter::COUNT }>;
