//! Cumulative statistics: what was read and changed, by relation and database.
//!
//! 1. A session counts into its own [`Pending`], what its transaction writes into the transaction ([`xact::Changes`]), and the
//!    pages that it asks for, its temporary files and the log into its handle on the storage engine ([`access::PageCounts`],
//!    [`buffer::Usage`]): no lock, nothing shared.
//! 2. When a transaction ends, and some time has passed since the last time, it adds its counts to the [`Statistics`] that all
//!    share.
//! 3. Who looks at them sees each counter as it was when his transaction first looked, or as `stats_fetch_consistency` says:
//!    [`StatisticsView`].
//! 4. The stats role writes them to a file at shutdown; the next start reads it, unless there was a crash in between.
//!
//! Counters are signed and addressed by an enum, so that adding, printing and storing them is one loop each.
//!
//! Locks: the maps', leaves, held for a look-up. Counts are added with atomics outside.

mod counter;
mod functions;
mod pending;
mod view;

pub use counter::{
    ClusterCounter, ClusterCounters, Counter, DatabaseCounter, DatabaseCounters, FunctionCounter, FunctionCounters,
    RelationCounters,
};
pub use functions::{FunctionCalls, FunctionCounts, OpenCall};
pub use pending::{Pending, PendingRelation, SessionTimes};
pub use view::{Consistency, StatisticsView};

use base::Oid;
use hashbrown::HashMap;
use std::sync::Arc;
use sync::{Mutex, RwLock, rank};
use xact::StatisticsKey;

/// The statistics that all sessions share.
#[derive(Debug)]
pub struct Statistics {
    relations: RwLock<HashMap<StatisticsKey, Arc<RelationCounters>>>,
    functions: RwLock<HashMap<StatisticsKey, Arc<FunctionCounters>>>,
    databases: RwLock<HashMap<Oid, Arc<DatabaseCounters>>>,
    cluster: ClusterCounters,
    archived: Mutex<ArchivedNames>,
}

/// Names of segments that the archiver was last busy with.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ArchivedNames {
    /// The last one archived.
    pub archived: Option<String>,
    /// The last one that could not be.
    pub failed: Option<String>,
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
            functions: RwLock::new(rank::LEAF, HashMap::new()),
            databases: RwLock::new(rank::LEAF, HashMap::new()),
            cluster: ClusterCounters::default(),
            archived: Mutex::new(rank::LEAF, ArchivedNames::default()),
        }
    }

    /// The counters of a relation, if anything was counted.
    pub fn relation(&self, key: StatisticsKey) -> Option<Arc<RelationCounters>> {
        self.relations.read().get(&key).cloned()
    }

    /// The counters of a relation, made if there are none.
    pub fn relation_or_new(&self, key: StatisticsKey) -> Arc<RelationCounters> {
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

    /// The counters of a function, if anything was counted.
    pub fn function(&self, key: StatisticsKey) -> Option<Arc<FunctionCounters>> {
        self.functions.read().get(&key).cloned()
    }

    /// The counters of a function, made if there are none.
    pub fn function_or_new(&self, key: StatisticsKey) -> Arc<FunctionCounters> {
        if let Some(found) = self.function(key) {
            return found;
        }
        self.functions.write().entry(key).or_default().clone()
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

    /// The counters of the cluster.
    pub fn cluster(&self) -> &ClusterCounters {
        &self.cluster
    }

    /// A segment was archived, or could not be.
    pub fn count_archived(&self, segment: &str, succeeded: bool, now_us: i64) {
        use ClusterCounter as C;
        let (count, time) =
            if succeeded { (C::Archived, C::LastArchived) } else { (C::ArchiveFailed, C::LastArchiveFailed) };
        let mut names = self.archived.lock();
        *(if succeeded { &mut names.archived } else { &mut names.failed }) = Some(segment.to_owned());
        self.cluster.add(count, 1);
        self.cluster.set(time, now_us);
    }

    /// The segments that the archiver was last busy with.
    pub fn archived_names(&self) -> ArchivedNames {
        self.archived.lock().clone()
    }

    /// The archiver's counters start anew.
    pub fn reset_archiver(&self, now_us: i64) {
        use ClusterCounter as C;
        let mut names = self.archived.lock();
        *names = ArchivedNames::default();
        for counter in [C::Archived, C::ArchiveFailed, C::LastArchived, C::LastArchiveFailed] {
            self.cluster.set(counter, 0);
        }
        self.cluster.set(C::ArchiverReset, now_us);
    }

    /// Forgets a relation that was dropped.
    pub fn forget(&self, key: StatisticsKey) {
        // Most relations that go were never counted.
        if self.relation(key).is_some() {
            self.relations.write().remove(&key);
        }
    }

    /// Forgets a database that was dropped, and what is in it.
    pub fn forget_database(&self, database: Oid) {
        self.relations.write().retain(|(d, _), _| *d != database);
        self.functions.write().retain(|(d, _), _| *d != database);
        self.databases.write().remove(&database);
    }

    /// `pg_stat_reset()`: a database's counts start anew.
    pub fn reset_database(&self, database: Oid, now_us: i64) {
        self.forget_database(database);
        self.database(database).set(DatabaseCounter::ResetTime, now_us);
    }

    /// `pg_stat_reset_single_table_counters()` one relation's counts start anew.
    pub fn reset_one(&self, key: StatisticsKey, now_us: i64) {
        self.forget(key);
        self.database(key.0).set(DatabaseCounter::ResetTime, now_us);
    }

    /// `pg_stat_reset_single_function_counters()`: one function's counts start anew.
    pub fn reset_function(&self, key: StatisticsKey, now_us: i64) {
        self.functions.write().remove(&key);
        self.database(key.0).set(DatabaseCounter::ResetTime, now_us);
    }

    /// The text of the statistics file: a line for each relation, function, database and the cluster.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FILE_HEAD}\n");
        push_line(&mut text, "cluster", "0", &self.cluster.values());
        let names = self.archived_names();
        for (kind, name) in [("archived", names.archived), ("archive_failed", names.failed)] {
            text.extend(name.map(|name| format!("{kind} {name}\n")));
        }
        for (oid, counters) in self.databases.read().iter() {
            push_line(&mut text, "database", &oid.to_string(), &counters.values());
        }
        for ((database, relation), counters) in self.relations.read().iter() {
            push_line(&mut text, "relation", &format!("{database}/{relation}"), &counters.values());
        }
        for ((database, function), counters) in self.functions.read().iter() {
            push_line(&mut text, "function", &format!("{database}/{function}"), &counters.values());
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
        let (kind, name) = (words.next()?, words.next()?);
        let values: Vec<i64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let oid = |text: &str| text.parse().ok().map(Oid);
        let key = || name.split_once('/').and_then(|(database, object)| Some((oid(database)?, oid(object)?)));
        match kind {
            "cluster" => self.cluster.load(&values),
            "archived" => self.archived.lock().archived = Some(name.to_owned()),
            "archive_failed" => self.archived.lock().failed = Some(name.to_owned()),
            "database" => self.database(oid(name)?).load(&values),
            "relation" => self.relation_or_new(key()?).load(&values),
            "function" => self.function_or_new(key()?).load(&values),
            _ => {}
        }
        Some(())
    }
}

fn push_line(text: &mut String, kind: &str, name: &str, values: &[i64]) {
    let values: Vec<String> = values.iter().map(i64::to_string).collect();
    text.push_str(&format!("{kind} {name} {}\n", values.join(" ")));
}

/// The first line of the statistics file; another set of counters needs another one.
const FILE_HEAD: &str = "woolly statistics 3";

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: StatisticsKey = (Oid(5), Oid(16384));

    #[test]
    fn the_file_gives_back_what_was_written() {
        let shared = Statistics::new();
        shared.relation_or_new(TABLE).add(Counter::Dead, 7);
        shared.function_or_new(TABLE).add(FunctionCounter::Calls, 3);
        shared.database(Oid(5)).add(DatabaseCounter::Commits, 9);
        shared.cluster().add(ClusterCounter::CheckpointsTimed, 2);
        shared.count_archived("000000010000000000000001", true, 11);
        let read = Statistics::new();
        read.load_text(&shared.to_text());
        assert_eq!(read.relation(TABLE).unwrap().get(Counter::Dead), 7);
        assert_eq!(read.function(TABLE).unwrap().get(FunctionCounter::Calls), 3);
        assert_eq!(read.database(Oid(5)).get(DatabaseCounter::Commits), 9);
        assert_eq!(read.cluster().get(ClusterCounter::CheckpointsTimed), 2);
        assert_eq!(read.cluster().get(ClusterCounter::LastArchived), 11);
        assert_eq!(read.archived_names(), shared.archived_names());
        read.load_text("something else\nrelation 5/1 1");
        assert!(read.relation((Oid(5), Oid(1))).is_none());
    }

    #[test]
    fn a_reset_forgets_the_database_and_notes_when() {
        let shared = Statistics::new();
        shared.relation_or_new(TABLE).add(Counter::Dead, 7);
        shared.reset_one(TABLE, 4);
        assert!(shared.relation(TABLE).is_none());
        assert_eq!(shared.database(Oid(5)).get(DatabaseCounter::ResetTime), 4);
        shared.database(Oid(5)).add(DatabaseCounter::Commits, 1);
        shared.reset_database(Oid(5), 8);
        let database = shared.database(Oid(5));
        assert_eq!((database.get(DatabaseCounter::Commits), database.get(DatabaseCounter::ResetTime)), (0, 8));
    }
}
