//! Cumulative statistics: what was read and changed, by relation and database.
//!
//! 1. A session counts into its own [`Pending`]: no lock, no atomic.
//! 2. When a transaction ends, and some time has passed since the last time, it adds its counts to the [`Statistics`] that all
//!    share. What a transaction inserted and deleted becomes live and dead rows by whether it committed.
//! 3. The stats role writes them to a file at shutdown; the next start reads it, unless there was a crash in between.
//!
//! Counters are signed and addressed by [`Counter`], so that adding, printing and storing them is one loop each.
//!
//! Locks: the maps', leaves, held for a look-up. Counts are added with atomics outside.

use base::Oid;
use hashbrown::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use sync::{RwLock, rank};

/// Shortest time between two additions of a session's counts.
const FLUSH_EVERY_US: i64 = 100_000;

/// So many changed rows of a table are added at once: a session that loads a table and then rests does not hide it from autovacuum.
const FLUSH_CHANGES: i64 = 1_000;

macro_rules! counters {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $type { $($(#[$doc])* $name,)* }

        impl $type {
            /// All of them, in order.
            pub const ALL: &[$type] = &[$($type::$name,)*];

            /// Its name in the statistics file.
            pub const fn name(self) -> &'static str {
                match self { $($type::$name => $text,)* }
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
        /// When these counts were last reset.
        ResetTime = "reset_time",
    }
}

counters! {
    /// What is counted of the whole cluster.
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
        /// When these counts were last reset.
        ResetTime = "reset_time",
    }
}

const RELATION_COUNTERS: usize = Counter::ALL.len();
const DATABASE_COUNTERS: usize = DatabaseCounter::ALL.len();
const CLUSTER_COUNTERS: usize = ClusterCounter::ALL.len();

/// A set of counters.
#[derive(Debug)]
pub struct Counters<const N: usize>([AtomicI64; N]);

impl<const N: usize> Default for Counters<N> {
    fn default() -> Counters<N> {
        Counters(std::array::from_fn(|_| AtomicI64::new(0)))
    }
}

impl<const N: usize> Counters<N> {
    fn add(&self, index: usize, count: i64) {
        if count != 0 {
            self.0[index].fetch_add(count, Ordering::Relaxed);
        }
    }

    fn values(&self) -> [i64; N] {
        std::array::from_fn(|i| self.0[i].load(Ordering::Relaxed))
    }
}

/// The counters of one table or index.
#[derive(Debug, Default)]
pub struct RelationCounters(Counters<RELATION_COUNTERS>);

impl RelationCounters {
    /// A counter's value.
    pub fn get(&self, counter: Counter) -> i64 {
        self.0.0[counter as usize].load(Ordering::Relaxed)
    }

    /// Adds to a counter.
    pub fn add(&self, counter: Counter, count: i64) {
        self.0.add(counter as usize, count);
    }

    /// Sets a counter: a time, or what VACUUM and ANALYZE found out.
    pub fn set(&self, counter: Counter, value: i64) {
        self.0.0[counter as usize].store(value, Ordering::Relaxed);
    }
}

/// The counters of one database.
#[derive(Debug, Default)]
pub struct DatabaseCounters(Counters<DATABASE_COUNTERS>);

impl DatabaseCounters {
    /// A counter's value.
    pub fn get(&self, counter: DatabaseCounter) -> i64 {
        self.0.0[counter as usize].load(Ordering::Relaxed)
    }

    /// Adds to a counter.
    pub fn add(&self, counter: DatabaseCounter, count: i64) {
        self.0.add(counter as usize, count);
    }

    /// Sets a counter.
    pub fn set(&self, counter: DatabaseCounter, value: i64) {
        self.0.0[counter as usize].store(value, Ordering::Relaxed);
    }
}

/// A relation: its database (zero for a shared one) and oid.
pub type RelationKey = (Oid, Oid);

/// The statistics that all sessions share.
#[derive(Debug)]
pub struct Statistics {
    relations: RwLock<HashMap<RelationKey, Arc<RelationCounters>>>,
    databases: RwLock<HashMap<Oid, Arc<DatabaseCounters>>>,
    cluster: Counters<CLUSTER_COUNTERS>,
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics::new()
    }
}

impl Statistics {
    /// Nothing was counted.
    pub fn new() -> Statistics {
        Statistics {
            relations: RwLock::new(rank::LEAF, HashMap::new()),
            databases: RwLock::new(rank::LEAF, HashMap::new()),
            cluster: Counters::default(),
        }
    }

    /// The counters of a relation, if anything was counted.
    pub fn relation(&self, key: RelationKey) -> Option<Arc<RelationCounters>> {
        self.relations.read().get(&key).cloned()
    }

    /// The counters of a relation, made if there are none.
    pub fn relation_or_new(&self, key: RelationKey) -> Arc<RelationCounters> {
        if let Some(found) = self.relation(key) {
            return found;
        }
        self.relations.write().entry(key).or_default().clone()
    }

    /// All relations of a database for which something was counted.
    pub fn relations_of(&self, database: Oid) -> Vec<(Oid, Arc<RelationCounters>)> {
        let relations = self.relations.read();
        let of_database = relations.iter().filter(|((d, _), _)| *d == database);
        of_database.map(|((_, relation), counters)| (*relation, counters.clone())).collect()
    }

    /// The counters of a database, made if there are none.
    pub fn database(&self, database: Oid) -> Arc<DatabaseCounters> {
        if let Some(found) = self.databases.read().get(&database) {
            return found.clone();
        }
        self.databases.write().entry(database).or_default().clone()
    }

    /// The counters of a database, if anything was counted.
    pub fn find_database(&self, database: Oid) -> Option<Arc<DatabaseCounters>> {
        self.databases.read().get(&database).cloned()
    }

    /// All databases for which something was counted.
    pub fn databases(&self) -> Vec<Oid> {
        self.databases.read().keys().copied().collect()
    }

    /// A counter of the cluster.
    pub fn cluster(&self, counter: ClusterCounter) -> i64 {
        self.cluster.0[counter as usize].load(Ordering::Relaxed)
    }

    /// Adds to a counter of the cluster.
    pub fn add_cluster(&self, counter: ClusterCounter, count: i64) {
        self.cluster.add(counter as usize, count);
    }

    /// `pg_stat_reset_shared()`: some counters of the cluster start anew.
    pub fn reset_cluster(&self, counters: &[ClusterCounter], now_us: i64) {
        for counter in counters {
            self.cluster.0[*counter as usize].store(0, Ordering::Relaxed);
        }
        self.cluster.0[ClusterCounter::ResetTime as usize].store(now_us, Ordering::Relaxed);
    }

    /// Forgets a relation that was dropped.
    pub fn forget_relation(&self, key: RelationKey) {
        self.relations.write().remove(&key);
    }

    /// Forgets a database that was dropped, and its relations.
    pub fn forget_database(&self, database: Oid) {
        self.relations.write().retain(|(d, _), _| *d != database);
        self.databases.write().remove(&database);
    }

    /// `pg_stat_reset()`: a database's counts start anew.
    pub fn reset_database(&self, database: Oid, now_us: i64) {
        self.forget_database(database);
        self.database(database).set(DatabaseCounter::ResetTime, now_us);
    }

    /// The text of the statistics file: a line for each relation, database and the cluster.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FILE_HEAD}\n");
        let line = |kind: &str, ids: &str, values: &[i64]| {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            format!("{kind} {ids} {}\n", values.join(" "))
        };
        text.push_str(&line("cluster", "0", &self.cluster.values()));
        for (oid, counters) in self.databases.read().iter() {
            text.push_str(&line("database", &oid.to_string(), &counters.0.values()));
        }
        for ((database, relation), counters) in self.relations.read().iter() {
            text.push_str(&line("relation", &format!("{database}/{relation}"), &counters.0.values()));
        }
        text
    }

    /// Reads a statistics file's text. A line that cannot be read is passed over: statistics are not data.
    pub fn load_text(&self, text: &str) {
        let mut lines = text.lines();
        if lines.next() != Some(FILE_HEAD) {
            return;
        }
        for line in lines {
            let _ = self.load_line(line);
        }
    }

    fn load_line(&self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let (kind, ids) = (words.next()?, words.next()?);
        let values: Vec<i64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let set = |counters: &[AtomicI64]| {
            for (counter, value) in counters.iter().zip(&values) {
                counter.store(*value, Ordering::Relaxed);
            }
        };
        match kind {
            "cluster" => set(&self.cluster.0),
            "database" => set(&self.database(Oid(ids.parse().ok()?)).0.0),
            "relation" => {
                let (database, relation) = ids.split_once('/')?;
                let key = (Oid(database.parse().ok()?), Oid(relation.parse().ok()?));
                set(&self.relation_or_new(key).0.0);
            }
            _ => {}
        }
        Some(())
    }
}

/// The first line of the statistics file; another set of counters needs another one.
const FILE_HEAD: &str = "woolly statistics 1";

/// What a transaction did to a table.
#[derive(Clone, Copy, Default, Debug)]
struct Changes {
    inserted: i64,
    updated: i64,
    deleted: i64,
}

/// The counts of one relation that a session has not added yet.
#[derive(Clone, Debug)]
pub struct PendingRelation {
    counts: [i64; RELATION_COUNTERS],
    open: Changes,
}

impl PendingRelation {
    /// Counts.
    #[inline]
    pub fn add(&mut self, counter: Counter, count: i64) {
        self.counts[counter as usize] += count;
    }

    /// What was counted and is not added yet.
    pub fn get(&self, counter: Counter) -> i64 {
        self.counts[counter as usize]
    }

    /// Rows were inserted.
    #[inline]
    pub fn inserted(&mut self, rows: i64) {
        self.add(Counter::Inserted, rows);
        self.open.inserted += rows;
    }

    /// A row was updated.
    #[inline]
    pub fn updated(&mut self, hot: bool) {
        self.add(Counter::Updated, 1);
        self.add(Counter::HotUpdated, i64::from(hot));
        self.open.updated += 1;
    }

    /// Rows were deleted.
    #[inline]
    pub fn deleted(&mut self, rows: i64) {
        self.add(Counter::Deleted, rows);
        self.open.deleted += rows;
    }

    fn changes(&self) -> i64 {
        self.get(Counter::Inserted) + self.get(Counter::Updated) + self.get(Counter::Deleted)
    }

    /// The transaction has ended: its rows are alive or dead now.
    fn settle(&mut self, committed: bool) {
        let Changes { inserted, updated, deleted } = std::mem::take(&mut self.open);
        if committed {
            self.add(Counter::Live, inserted - deleted);
            self.add(Counter::Dead, updated + deleted);
            self.add(Counter::ChangedSinceAnalyze, inserted + updated + deleted);
            self.add(Counter::InsertedSinceVacuum, inserted);
        } else {
            self.add(Counter::Dead, inserted + updated);
        }
    }
}

/// The counts of a session that it has not added yet.
#[derive(Debug, Default)]
pub struct Pending {
    relations: HashMap<RelationKey, PendingRelation>,
    database: [i64; DATABASE_COUNTERS],
    added_us: i64,
}

impl Pending {
    /// The counts of a relation.
    #[inline]
    pub fn relation(&mut self, key: RelationKey) -> &mut PendingRelation {
        let new = || PendingRelation { counts: [0; RELATION_COUNTERS], open: Changes::default() };
        self.relations.entry(key).or_insert_with(new)
    }

    /// The counts of a relation that are not added yet, if there are any.
    pub fn find(&self, key: RelationKey) -> Option<&PendingRelation> {
        self.relations.get(&key)
    }

    /// The next end of a transaction adds the counts, however short ago that was last done.
    pub fn force_next_flush(&mut self) {
        self.added_us = i64::MIN / 2;
    }

    /// Counts for the session's database.
    pub fn add(&mut self, counter: DatabaseCounter, count: i64) {
        self.database[counter as usize] += count;
    }

    /// A transaction has ended. Adds what was counted to what all share, unless that was done a moment ago.
    pub fn transaction_ended(&mut self, committed: bool, database: Oid, now_us: i64, shared: &Statistics) {
        self.add(if committed { DatabaseCounter::Commits } else { DatabaseCounter::Rollbacks }, 1);
        self.relations.values_mut().for_each(|relation| relation.settle(committed));
        let is_much = self.relations.values().any(|relation| relation.changes() >= FLUSH_CHANGES);
        if is_much || now_us - self.added_us >= FLUSH_EVERY_US {
            self.added_us = now_us;
            self.flush(database, shared);
        }
    }

    /// Adds what was counted to what all share. Outside transactions, or at the session's end.
    pub fn flush(&mut self, database: Oid, shared: &Statistics) {
        for (key, pending) in self.relations.drain() {
            self.database[DatabaseCounter::RowsReturned as usize] += pending.counts[Counter::RowsRead as usize];
            self.database[DatabaseCounter::RowsFetched as usize] += pending.counts[Counter::RowsFetched as usize];
            self.database[DatabaseCounter::RowsInserted as usize] += pending.counts[Counter::Inserted as usize];
            self.database[DatabaseCounter::RowsUpdated as usize] += pending.counts[Counter::Updated as usize];
            self.database[DatabaseCounter::RowsDeleted as usize] += pending.counts[Counter::Deleted as usize];
            self.database[DatabaseCounter::BlocksFetched as usize] += pending.counts[Counter::BlocksFetched as usize];
            self.database[DatabaseCounter::BlocksHit as usize] += pending.counts[Counter::BlocksHit as usize];
            let counters = shared.relation_or_new(key);
            pending.counts.iter().enumerate().for_each(|(index, count)| counters.0.add(index, *count));
        }
        if database.is_valid() {
            let counters = shared.database(database);
            self.database.iter().enumerate().for_each(|(index, count)| counters.0.add(index, *count));
            self.database = [0; DATABASE_COUNTERS];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: RelationKey = (Oid(5), Oid(16384));

    #[test]
    fn rows_are_alive_or_dead_by_how_the_transaction_ended() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        pending.relation(TABLE).inserted(10);
        pending.relation(TABLE).updated(true);
        pending.transaction_ended(true, Oid(5), FLUSH_EVERY_US, &shared);
        pending.relation(TABLE).inserted(3);
        pending.relation(TABLE).deleted(1);
        pending.transaction_ended(false, Oid(5), 2 * FLUSH_EVERY_US, &shared);
        let table = shared.relation(TABLE).unwrap();
        let get = |counter| table.get(counter);
        assert_eq!((get(Counter::Inserted), get(Counter::Live), get(Counter::Dead)), (13, 10, 1 + 3));
        assert_eq!((get(Counter::ChangedSinceAnalyze), get(Counter::InsertedSinceVacuum)), (11, 10));
        let database = shared.database(Oid(5));
        assert_eq!((database.get(DatabaseCounter::Commits), database.get(DatabaseCounter::Rollbacks)), (1, 1));
        assert_eq!(database.get(DatabaseCounter::RowsInserted), 13);
    }

    #[test]
    fn counts_of_a_busy_session_are_added_now_and_then() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        pending.transaction_ended(true, Oid(5), FLUSH_EVERY_US, &shared);
        pending.transaction_ended(true, Oid(5), FLUSH_EVERY_US + 1, &shared);
        assert_eq!(shared.database(Oid(5)).get(DatabaseCounter::Commits), 1);
        pending.flush(Oid(5), &shared);
        assert_eq!(shared.database(Oid(5)).get(DatabaseCounter::Commits), 2);
    }

    #[test]
    fn a_large_change_is_added_at_once() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        pending.transaction_ended(true, Oid(5), FLUSH_EVERY_US, &shared);
        pending.relation(TABLE).inserted(FLUSH_CHANGES);
        pending.transaction_ended(true, Oid(5), FLUSH_EVERY_US + 1, &shared);
        assert_eq!(shared.relation(TABLE).map(|table| table.get(Counter::Live)), Some(FLUSH_CHANGES));
    }

    #[test]
    fn the_file_gives_back_what_was_written() {
        let shared = Statistics::new();
        shared.relation_or_new(TABLE).add(Counter::Dead, 7);
        shared.database(Oid(5)).add(DatabaseCounter::Commits, 9);
        shared.add_cluster(ClusterCounter::CheckpointsTimed, 2);
        let read = Statistics::new();
        read.load_text(&shared.to_text());
        assert_eq!(read.relation(TABLE).unwrap().get(Counter::Dead), 7);
        assert_eq!(read.database(Oid(5)).get(DatabaseCounter::Commits), 9);
        assert_eq!(read.cluster(ClusterCounter::CheckpointsTimed), 2);
        read.load_text("something else\nrelation 5/1 1");
        assert!(read.relation((Oid(5), Oid(1))).is_none());
    }
}
