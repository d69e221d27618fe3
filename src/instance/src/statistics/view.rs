//! What a transaction sees of the statistics: counters that do not change under its eyes.

use super::{Counter, DatabaseCounter, FunctionCounter, Statistics};
use base::Oid;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use xact::StatisticsKey;

/// `stats_fetch_consistency`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Consistency {
    /// Each look is a new one.
    Nothing,
    /// What was looked at once stays.
    #[default]
    Cache,
    /// What was looked at first makes all stay.
    Snapshot,
}

impl Consistency {
    /// By the setting's word.
    pub fn of(word: &str) -> Consistency {
        match word {
            "none" => Consistency::Nothing,
            "snapshot" => Consistency::Snapshot,
            _ => Consistency::Cache,
        }
    }
}

type Seen<K, const N: usize> = HashMap<K, Option<[i64; N]>>;

/// What a transaction has seen, until it ends or `pg_stat_clear_snapshot()` is called.
#[derive(Default, Debug)]
pub struct StatisticsView {
    relations: Seen<StatisticsKey, { Counter::COUNT }>,
    functions: Seen<StatisticsKey, { FunctionCounter::COUNT }>,
    databases: Seen<Oid, { DatabaseCounter::COUNT }>,
    /// When everything was copied, if it was.
    pub taken_us: Option<i64>,
}

impl StatisticsView {
    /// Forgets what was seen.
    pub fn clear(&mut self) {
        let is_new = self.relations.is_empty() && self.functions.is_empty() && self.databases.is_empty();
        if self.taken_us.is_some() || !is_new {
            *self = StatisticsView::default();
        }
    }

    /// A relation's counter.
    pub fn relation(&mut self, key: StatisticsKey, counter: Counter, shared: &Statistics) -> Option<i64> {
        let copy = || shared.relation(key).map(|counters| counters.values());
        see(&mut self.relations, key, self.taken_us.is_some(), copy).map(|values| values[counter as usize])
    }

    /// A function's counter.
    pub fn function(&mut self, key: StatisticsKey, counter: FunctionCounter, shared: &Statistics) -> Option<i64> {
        let copy = || shared.function(key).map(|counters| counters.values());
        see(&mut self.functions, key, self.taken_us.is_some(), copy).map(|values| values[counter as usize])
    }

    /// A database's counter.
    pub fn database(&mut self, database: Oid, counter: DatabaseCounter, shared: &Statistics) -> Option<i64> {
        let copy = || shared.find_database(database).map(|counters| counters.values());
        see(&mut self.databases, database, self.taken_us.is_some(), copy).map(|values| values[counter as usize])
    }

    /// Copies all that a session of this database may look at, unless that was done.
    pub fn take_all(&mut self, database: Oid, now_us: i64, shared: &Statistics) {
        if self.taken_us.is_some() {
            return;
        }
        let is_near = |key: &StatisticsKey| key.0 == database || !key.0.is_valid();
        let relations = shared.relations.read();
        self.relations = relations.iter().filter(|(k, _)| is_near(k)).map(|(k, c)| (*k, Some(c.values()))).collect();
        drop(relations);
        let functions = shared.functions.read();
        self.functions = functions.iter().filter(|(k, _)| is_near(k)).map(|(k, c)| (*k, Some(c.values()))).collect();
        drop(functions);
        self.databases = shared.databases.read().iter().map(|(k, c)| (*k, Some(c.values()))).collect();
        self.taken_us = Some(now_us);
    }
}

fn see<K: std::hash::Hash + Eq, const N: usize>(
    seen: &mut Seen<K, N>,
    key: K,
    is_complete: bool,
    copy: impl FnOnce() -> Option<[i64; N]>,
) -> Option<[i64; N]> {
    match seen.entry(key) {
        Entry::Occupied(known) => *known.get(),
        Entry::Vacant(_) if is_complete => None,
        Entry::Vacant(place) => *place.insert(copy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StatisticsKey = (Oid(5), Oid(1));
    const B: StatisticsKey = (Oid(5), Oid(2));

    #[test]
    fn what_was_seen_stays_until_it_is_forgotten() {
        let (shared, mut view) = (Statistics::new(), StatisticsView::default());
        shared.relation_or_new(A).set(Counter::Scans, 1);
        assert_eq!(view.relation(A, Counter::Scans, &shared), Some(1));
        assert_eq!(view.relation(B, Counter::Scans, &shared), None);
        shared.relation_or_new(A).set(Counter::Scans, 2);
        shared.relation_or_new(B).set(Counter::Scans, 2);
        assert_eq!(view.relation(A, Counter::Scans, &shared), Some(1));
        assert_eq!(view.relation(B, Counter::Scans, &shared), None);
        view.clear();
        assert_eq!(view.relation(B, Counter::Scans, &shared), Some(2));
    }

    #[test]
    fn a_snapshot_holds_all_at_once() {
        let (shared, mut view) = (Statistics::new(), StatisticsView::default());
        view.take_all(Oid(5), 7, &shared);
        shared.relation_or_new(A).set(Counter::Scans, 1);
        view.take_all(Oid(5), 8, &shared);
        assert_eq!((view.relation(A, Counter::Scans, &shared), view.taken_us), (None, Some(7)));
    }
}
