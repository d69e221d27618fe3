//! What is counted, and a set of such counts.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, Ordering};

/// One of a kind of counters: a place in [`Counters`].
pub trait Numbered: Copy {
    /// Its place.
    fn number(self) -> usize;
}

macro_rules! counters {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $type { $($(#[$doc])* $name,)* }

        impl $type {
            /// All of them, in order.
            pub const ALL: &[$type] = &[$($type::$name,)*];

            /// How many there are.
            pub const COUNT: usize = $type::ALL.len();
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
        Scans,
        /// Rows that sequential scans returned; entries that index scans returned.
        RowsRead,
        /// Index scans of a table.
        IndexScans,
        /// Rows fetched through an index.
        RowsFetched,
        /// Rows inserted.
        Inserted,
        /// Rows updated.
        Updated,
        /// Rows deleted.
        Deleted,
        /// Updates without new index entries.
        HotUpdated,
        /// Rows alive, as far as known.
        Live,
        /// Rows dead and not yet removed, as far as known.
        Dead,
        /// Changes since the last ANALYZE.
        ChangedSinceAnalyze,
        /// Inserts since the last VACUUM.
        InsertedSinceVacuum,
        /// Pages asked for.
        BlocksFetched,
        /// Pages found in the buffer pool.
        BlocksHit,
        /// When it was last vacuumed by hand.
        LastVacuum,
        /// VACUUMs.
        Vacuums,
        /// When autovacuum last vacuumed it.
        LastAutovacuum,
        /// Vacuums by autovacuum.
        Autovacuums,
        /// When it was last analyzed by hand.
        LastAnalyze,
        /// ANALYZEs.
        Analyzes,
        /// When autovacuum last analyzed it.
        LastAutoanalyze,
        /// Analyzes by autovacuum.
        Autoanalyzes,
    }
}

counters! {
    /// What is counted of a function.
    FunctionCounter {
        /// Calls.
        Calls,
        /// Microseconds of its calls.
        TotalUs,
        /// Those of them that it did not spend in other functions that are counted.
        SelfUs,
    }
}

counters! {
    /// What is counted of a database.
    DatabaseCounter {
        /// Transactions committed.
        Commits,
        /// Transactions rolled back.
        Rollbacks,
        /// Rows that scans returned.
        RowsReturned,
        /// Rows fetched through indexes.
        RowsFetched,
        /// Rows inserted.
        RowsInserted,
        /// Rows updated.
        RowsUpdated,
        /// Rows deleted.
        RowsDeleted,
        /// Pages asked for.
        BlocksFetched,
        /// Pages found in the buffer pool.
        BlocksHit,
        /// Deadlocks.
        Deadlocks,
        /// Pages that failed their checksum.
        ChecksumFailures,
        /// When one last did.
        LastChecksumFailure,
        /// Temporary files.
        TempFiles,
        /// Bytes of temporary files.
        TempBytes,
        /// Sessions.
        Sessions,
        /// Sessions that ended without a word from the client.
        SessionsAbandoned,
        /// Sessions that ended with FATAL.
        SessionsFatal,
        /// Sessions that were terminated.
        SessionsKilled,
        /// Microseconds that sessions were there.
        SessionUs,
        /// Microseconds that they ran statements.
        ActiveUs,
        /// Microseconds that they idled in a transaction.
        IdleInTransactionUs,
        /// Microseconds of reading pages, with `track_io_timing`.
        BlockReadUs,
        /// Microseconds of writing pages, with `track_io_timing`.
        BlockWriteUs,
        /// When these counts were last reset.
        ResetTime,
    }
}

counters! {
    /// What is counted of the whole cluster. What the buffer pool and the log count by themselves since the server started has a
    /// counter here too: it is added to theirs, for what was before.
    ClusterCounter {
        /// Checkpoints that were due by time.
        CheckpointsTimed,
        /// Checkpoints that were asked for.
        CheckpointsRequested,
        /// Microseconds that checkpoints wrote.
        CheckpointWriteUs,
        /// Microseconds that checkpoints synced.
        CheckpointSyncUs,
        /// Segments archived.
        Archived,
        /// Failures of the archive command.
        ArchiveFailed,
        /// Pages written by checkpoints.
        CheckpointPages,
        /// Pages written by the bgwriter.
        CleanPages,
        /// Rounds of the bgwriter that stopped at their limit.
        CleanLimit,
        /// Pages written by sessions.
        SessionPages,
        /// Frames given to another page.
        Allocations,
        /// Log records.
        WalRecords,
        /// Page images in the log.
        WalImages,
        /// Bytes of log.
        WalBytes,
        /// Times that the log's buffers were full.
        WalBuffersFull,
        /// Writes of the log.
        WalWrites,
        /// Syncs of the log.
        WalSyncs,
        /// Microseconds of writing it.
        WalWriteUs,
        /// Microseconds of syncing it.
        WalSyncUs,
        /// When the last segment was archived.
        LastArchived,
        /// When archiving last failed.
        LastArchiveFailed,
        /// When the counts of checkpoints and of the bgwriter were last reset.
        BgwriterReset,
        /// When those of the log were last reset.
        WalReset,
        /// When those of the archiver were last reset.
        ArchiverReset,
        /// When those of the commit log's pages were last reset.
        SlruReset,
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
/// The counters of a function.
pub type FunctionCounters = Counters<FunctionCounter, { FunctionCounter::COUNT }>;
/// The counters of the cluster.
pub type ClusterCounters = Counters<ClusterCounter, { ClusterCounter::COUNT }>;
