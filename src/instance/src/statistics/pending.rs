//! What one session has counted and not yet added to what all share.

use super::{Counter, DatabaseCounter, FunctionCalls, Statistics};
use access::Store;
use base::Oid;
use buffer::{UsageCounts, Used};
use hashbrown::HashMap;
use xact::{EndedChanges, StatisticsKey, TableChanges};

/// Shortest time between two additions of a session's counts.
const FLUSH_EVERY_US: i64 = 100_000;

/// So many changed rows of a table are added at once: autovacuum is to know of a table that was just loaded.
const FLUSH_CHANGES: i64 = 1_000;

/// The counts of one relation that a session has not added yet.
#[derive(Clone, Debug)]
pub struct PendingRelation {
    counts: [i64; Counter::COUNT],
    /// What was alive and dead before counts no more.
    truncated: bool,
}

impl PendingRelation {
    fn new() -> PendingRelation {
        PendingRelation { counts: [0; Counter::COUNT], truncated: false }
    }

    /// Counts.
    #[inline]
    pub fn add(&mut self, counter: Counter, count: i64) {
        self.counts[counter as usize] += count;
    }

    /// What was counted and is not added yet.
    pub fn get(&self, counter: Counter) -> i64 {
        self.counts[counter as usize]
    }

    fn absorb(&mut self, changes: &TableChanges) {
        if changes.truncated {
            self.truncated = true;
            self.counts[Counter::Live as usize] = 0;
            self.counts[Counter::Dead as usize] = 0;
        }
        self.add(Counter::Inserted, changes.inserted);
        self.add(Counter::Updated, changes.updated);
        self.add(Counter::HotUpdated, changes.hot_updated);
        self.add(Counter::Deleted, changes.deleted);
        self.add(Counter::Live, changes.live);
        self.add(Counter::Dead, changes.dead);
        self.add(Counter::ChangedSinceAnalyze, changes.changed);
        self.add(Counter::InsertedSinceVacuum, changes.inserted);
    }

    fn is_much(&self) -> bool {
        self.get(Counter::Inserted) + self.get(Counter::Updated) + self.get(Counter::Deleted) >= FLUSH_CHANGES
    }
}

/// How long a session did what.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct SessionTimes {
    /// Microseconds that it was there.
    pub session_us: i64,
    /// Microseconds that it ran statements.
    pub active_us: i64,
    /// Microseconds that it idled in a transaction.
    pub idle_in_transaction_us: i64,
}

/// The counts of a session that it has not added yet.
#[derive(Debug)]
pub struct Pending {
    relations: HashMap<StatisticsKey, PendingRelation>,
    database: [i64; DatabaseCounter::COUNT],
    /// Calls of functions.
    pub functions: FunctionCalls,
    /// As `database`, of what is shared by all databases.
    common: [i64; DatabaseCounter::COUNT],
    /// What of the storage engine's counts was taken up already.
    taken: UsageCounts,
    flushed_us: i64,
}

impl Default for Pending {
    fn default() -> Pending {
        Pending {
            relations: HashMap::new(),
            database: [0; DatabaseCounter::COUNT],
            functions: FunctionCalls::default(),
            common: [0; DatabaseCounter::COUNT],
            taken: UsageCounts::default(),
            flushed_us: 0,
        }
    }
}

impl Pending {
    /// The counts of a relation.
    #[inline]
    pub fn relation(&mut self, key: StatisticsKey) -> &mut PendingRelation {
        self.relations.entry(key).or_insert_with(PendingRelation::new)
    }

    /// The counts of a relation that are not added yet, if there are any.
    pub fn find(&self, key: StatisticsKey) -> Option<&PendingRelation> {
        self.relations.get(&key)
    }

    /// The next end of a transaction adds the counts, however short ago that was last done.
    pub fn force_next_flush(&mut self) {
        self.flushed_us = i64::MIN / 2;
    }

    /// Counts for the session's database.
    pub fn add(&mut self, counter: DatabaseCounter, count: i64) {
        self.database[counter as usize] += count;
    }

    /// A transaction has ended. True if it is time to add what was counted to what all share.
    pub fn transaction_ended(&mut self, changes: &EndedChanges, committed: bool, now_us: i64) -> bool {
        self.add(if committed { DatabaseCounter::Commits } else { DatabaseCounter::Rollbacks }, 1);
        self.absorb(changes) || now_us - self.flushed_us >= FLUSH_EVERY_US
    }

    /// Adds what came of a transaction. True if it is much.
    pub fn absorb(&mut self, changes: &EndedChanges) -> bool {
        let mut is_much = !changes.gone.is_empty();
        for (key, changes) in &changes.tables {
            let relation = self.relation(*key);
            relation.absorb(changes);
            is_much |= relation.is_much();
        }
        for key in &changes.gone {
            self.relations.remove(key);
        }
        is_much
    }

    /// Takes up what the session's handle on the storage engine has counted since the last time.
    pub fn take_up(&mut self, store: &Store) {
        use DatabaseCounter as D;
        if let Some(pages) = &store.pages {
            pages.take_each(|key, pages| {
                let relation = self.relation(key);
                relation.add(Counter::BlocksFetched, pages.fetched as i64);
                relation.add(Counter::BlocksHit, pages.hit as i64);
            });
        }
        let counts = store.buffers.usage().counts();
        let since = counts.since(&self.taken);
        self.taken = counts;
        let get = |what| since.get(what) as i64;
        self.add(D::TempFiles, get(Used::TempFiles));
        self.add(D::TempBytes, get(Used::TempBytes));
        self.add(D::BlockReadUs, get(Used::ReadNs) / 1000);
        self.add(D::BlockWriteUs, get(Used::WriteNs) / 1000);
        self.add(D::ChecksumFailures, get(Used::ChecksumFailures));
        self.common[D::ChecksumFailures as usize] += get(Used::SharedChecksumFailures);
    }

    /// Adds what was counted to what all share: outside transactions, or at the session's end.
    pub fn flush(&mut self, database: Oid, times: SessionTimes, now_us: i64, shared: &Statistics) {
        self.flushed_us = now_us;
        self.add(DatabaseCounter::SessionUs, times.session_us);
        self.add(DatabaseCounter::ActiveUs, times.active_us);
        self.add(DatabaseCounter::IdleInTransactionUs, times.idle_in_transaction_us);
        let mut relations = std::mem::take(&mut self.relations);
        for (key, pending) in relations.drain() {
            self.sum_up(key, &pending);
            add_relation(&pending, key, shared);
        }
        // Emptied, its memory serves the next counts.
        self.relations = relations;
        self.functions.take_each(|key, counts| shared.function_or_new(key).add_all(counts));
        add_database(&mut self.common, Oid::INVALID, now_us, shared);
        if database.is_valid() {
            add_database(&mut self.database, database, now_us, shared);
        }
    }

    /// Adds a relation's counts to those of its database.
    fn sum_up(&mut self, (database, _): StatisticsKey, pending: &PendingRelation) {
        use DatabaseCounter as D;
        let sums = if database.is_valid() { &mut self.database } else { &mut self.common };
        for (sum, of) in [
            (D::RowsReturned, Counter::RowsRead),
            (D::RowsFetched, Counter::RowsFetched),
            (D::RowsInserted, Counter::Inserted),
            (D::RowsUpdated, Counter::Updated),
            (D::RowsDeleted, Counter::Deleted),
            (D::BlocksFetched, Counter::BlocksFetched),
            (D::BlocksHit, Counter::BlocksHit),
        ] {
            sums[sum as usize] += pending.get(of);
        }
    }
}

/// Adds a database's counts, and empties them.
fn add_database(counts: &mut [i64; DatabaseCounter::COUNT], database: Oid, now_us: i64, shared: &Statistics) {
    if counts.iter().all(|count| *count == 0) {
        return;
    }
    let counters = shared.database(database);
    counters.add_all(counts);
    if counts[DatabaseCounter::ChecksumFailures as usize] > 0 {
        counters.set(DatabaseCounter::LastChecksumFailure, now_us);
    }
    *counts = [0; DatabaseCounter::COUNT];
}

fn add_relation(pending: &PendingRelation, key: StatisticsKey, shared: &Statistics) {
    if !pending.truncated && pending.counts.iter().all(|count| *count == 0) {
        return;
    }
    let counters = shared.relation_or_new(key);
    if pending.truncated {
        for counter in [Counter::Live, Counter::Dead, Counter::InsertedSinceVacuum] {
            counters.set(counter, 0);
        }
    }
    counters.add_all(&pending.counts);
    // Differences may come late, after VACUUM or ANALYZE counted anew.
    counters.raise_to(Counter::Live, 0);
    counters.raise_to(Counter::Dead, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use xact::Changes;

    const TABLE: StatisticsKey = (Oid(5), Oid(16384));
    const TIMES: SessionTimes = SessionTimes { session_us: 30, active_us: 20, idle_in_transaction_us: 10 };

    fn ended(rows: usize) -> EndedChanges {
        let mut changes = Changes::default();
        changes.of(TABLE).inserted(rows);
        changes.end(true)
    }

    #[test]
    fn changes_and_times_reach_relation_and_database() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        assert!(pending.transaction_ended(&ended(10), true, FLUSH_EVERY_US));
        pending.flush(Oid(5), TIMES, FLUSH_EVERY_US, &shared);
        let (table, database) = (shared.relation(TABLE).unwrap(), shared.database(Oid(5)));
        assert_eq!((table.get(Counter::Live), table.get(Counter::InsertedSinceVacuum)), (10, 10));
        let get = |counter| database.get(counter);
        assert_eq!((get(DatabaseCounter::RowsInserted), get(DatabaseCounter::Commits)), (10, 1));
        assert_eq!((get(DatabaseCounter::SessionUs), get(DatabaseCounter::ActiveUs)), (30, 20));
    }

    #[test]
    fn a_busy_session_adds_its_counts_now_and_then() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        pending.flush(Oid(5), TIMES, FLUSH_EVERY_US, &shared);
        assert!(!pending.transaction_ended(&ended(1), true, FLUSH_EVERY_US + 1));
        assert!(pending.transaction_ended(&ended(1), true, 2 * FLUSH_EVERY_US));
        pending.flush(Oid(5), TIMES, 2 * FLUSH_EVERY_US, &shared);
        assert!(pending.transaction_ended(&ended(FLUSH_CHANGES as usize), true, 2 * FLUSH_EVERY_US + 1), "much");
        pending.force_next_flush();
        assert!(pending.transaction_ended(&ended(0), true, 2 * FLUSH_EVERY_US + 1), "asked for");
    }

    #[test]
    fn truncation_starts_the_rows_anew() {
        let (shared, mut pending) = (Statistics::new(), Pending::default());
        shared.relation_or_new(TABLE).set(Counter::Dead, 50);
        let mut changes = Changes::default();
        changes.of(TABLE).truncated();
        changes.of(TABLE).inserted(2);
        pending.transaction_ended(&changes.end(true), true, 0);
        pending.flush(Oid(5), TIMES, 0, &shared);
        let table = shared.relation(TABLE).unwrap();
        assert_eq!((table.get(Counter::Live), table.get(Counter::Dead)), (2, 0));
    }
}
