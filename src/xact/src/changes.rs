//! What a transaction changed, table by table, for the statistics.
//!
//! The access methods count here, in the transaction that they are given anyway: no lock, no atomic, and memory only when a
//! table is changed for the first time. Whether rows are alive or dead follows from how the transaction, and each savepoint
//! in it, ends:
//!
//! 1. Each savepoint has entries of its own, behind those of the level that it was opened in.
//! 2. Released, they are added to that level's. Rolled back, the rows that it inserted are dead, and that stays so whatever
//!    becomes of the transaction.
//! 3. At the end of the transaction [`Changes::end`] says what came of it all.
//!
//! Source: PostgreSQL 15 utils/activity/pgstat_relation.c; the numbers are the same.

use crate::records::{Reader, write_count};
use base::Oid;
use report::Result;

/// A table or index: its database (zero for a shared one) and its oid.
pub type StatisticsKey = (Oid, Oid);

/// What came of a table's changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TableChanges {
    /// Rows inserted, rolled back or not.
    pub inserted: i64,
    /// Rows updated, rolled back or not.
    pub updated: i64,
    /// Updates that needed no index entries.
    pub hot_updated: i64,
    /// Rows deleted, rolled back or not.
    pub deleted: i64,
    /// By how much the live rows grew.
    pub live: i64,
    /// By how much the dead rows grew.
    pub dead: i64,
    /// Changes that ANALYZE does not know of.
    pub changed: i64,
    /// What was alive and dead before counts no more.
    pub truncated: bool,
}

/// Rows written at one level, not yet alive or dead.
#[derive(Clone, Copy, Default, Debug)]
struct Written {
    inserted: i64,
    updated: i64,
    deleted: i64,
}

/// The changes of one table at one level.
#[derive(Clone, Debug)]
pub struct TableCount {
    key: StatisticsKey,
    written: Written,
    /// What had been written when the table was truncated: it is there again if that is rolled back.
    before_truncation: Option<Written>,
    settled: TableChanges,
}

impl TableCount {
    fn new(key: StatisticsKey) -> TableCount {
        TableCount { key, written: Written::default(), before_truncation: None, settled: TableChanges::default() }
    }

    /// Rows were inserted.
    #[inline]
    pub fn inserted(&mut self, rows: usize) {
        self.written.inserted += rows as i64;
    }

    /// A row was updated.
    #[inline]
    pub fn updated(&mut self, is_hot: bool) {
        self.written.updated += 1;
        self.settled.hot_updated += i64::from(is_hot);
    }

    /// A row was deleted.
    #[inline]
    pub fn deleted(&mut self) {
        self.written.deleted += 1;
    }

    /// A row just inserted was taken back: it is dead, and was never alive.
    pub fn retracted(&mut self) {
        self.written.deleted += 1;
    }

    /// All rows went.
    pub fn truncated(&mut self) {
        let written = std::mem::take(&mut self.written);
        self.before_truncation.get_or_insert(written);
    }

    fn events(&mut self) {
        self.settled.inserted += self.written.inserted;
        self.settled.updated += self.written.updated;
        self.settled.deleted += self.written.deleted;
    }

    fn commit(&mut self) {
        self.events();
        if self.before_truncation.take().is_some() {
            (self.settled.live, self.settled.dead, self.settled.truncated) = (0, 0, true);
        }
        let Written { inserted, updated, deleted } = std::mem::take(&mut self.written);
        self.settled.live += inserted - deleted;
        self.settled.dead += updated + deleted;
        self.settled.changed += inserted + updated + deleted;
    }

    fn roll_back(&mut self) {
        if let Some(before) = self.before_truncation.take() {
            self.written = before;
        }
        self.events();
        let Written { inserted, updated, .. } = std::mem::take(&mut self.written);
        self.settled.dead += inserted + updated;
    }

    /// Takes over what a savepoint in this level left.
    fn absorb(&mut self, inner: &TableCount) {
        if inner.before_truncation.is_some() {
            self.truncated();
        }
        self.written.inserted += inner.written.inserted;
        self.written.updated += inner.written.updated;
        self.written.deleted += inner.written.deleted;
        self.settled.inserted += inner.settled.inserted;
        self.settled.updated += inner.settled.updated;
        self.settled.hot_updated += inner.settled.hot_updated;
        self.settled.deleted += inner.settled.deleted;
        self.settled.dead += inner.settled.dead;
    }
}

/// A relation that the transaction made or dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Made,
    Dropped,
    /// Made under a savepoint that was rolled back.
    Gone,
}

/// Where a level's entries begin.
#[derive(Clone, Copy, Default, Debug)]
struct LevelStart {
    tables: usize,
    fates: usize,
}

impl EndedChanges {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_count(out, self.tables.len());
        for (key, changes) in &self.tables {
            write_key(out, *key);
            changes.numbers().iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
            out.push(u8::from(changes.truncated));
        }
        write_count(out, self.gone.len());
        self.gone.iter().for_each(|key| write_key(out, *key));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<EndedChanges> {
        let count = reader.count()?;
        let tables = (0..count).map(|_| Ok((read_key(reader)?, TableChanges::read(reader)?))).collect::<Result<_>>()?;
        let count = reader.count()?;
        let gone = (0..count).map(|_| read_key(reader)).collect::<Result<_>>()?;
        Ok(EndedChanges { tables, gone })
    }
}

impl TableChanges {
    fn numbers(&self) -> [i64; 7] {
        [self.inserted, self.updated, self.hot_updated, self.deleted, self.live, self.dead, self.changed]
    }

    fn read(reader: &mut Reader<'_>) -> Result<TableChanges> {
        let mut number = || reader.u64().map(|number| number as i64);
        Ok(TableChanges {
            inserted: number()?,
            updated: number()?,
            hot_updated: number()?,
            deleted: number()?,
            live: number()?,
            dead: number()?,
            changed: number()?,
            truncated: reader.take(1)?[0] != 0,
        })
    }
}

fn write_key(out: &mut Vec<u8>, (database, relation): StatisticsKey) {
    out.extend_from_slice(&database.0.to_le_bytes());
    out.extend_from_slice(&relation.0.to_le_bytes());
}

fn read_key(reader: &mut Reader<'_>) -> Result<StatisticsKey> {
    Ok((Oid(reader.u32()?), Oid(reader.u32()?)))
}

/// The changes of a transaction.
#[derive(Clone, Default, Debug)]
pub struct Changes {
    tables: Vec<TableCount>,
    /// The entry that was asked for last: most of the time it is asked for again.
    recent: usize,
    fates: Vec<(StatisticsKey, Fate)>,
    /// Of the open savepoints.
    levels: Vec<LevelStart>,
}

/// What came of a transaction.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EndedChanges {
    /// The tables that it changed.
    pub tables: Vec<(StatisticsKey, TableChanges)>,
    /// The relations that are no more.
    pub gone: Vec<StatisticsKey>,
}

impl Changes {
    /// The count of a table, at the innermost level.
    #[inline]
    pub fn of(&mut self, key: StatisticsKey) -> &mut TableCount {
        let start = self.start().tables;
        if self.recent < start || self.tables.get(self.recent).is_none_or(|table| table.key != key) {
            self.recent = self.find(start, key);
        }
        &mut self.tables[self.recent]
    }

    fn find(&mut self, start: usize, key: StatisticsKey) -> usize {
        if let Some(at) = self.tables[start..].iter().rposition(|table| table.key == key) {
            return start + at;
        }
        self.tables.push(TableCount::new(key));
        self.tables.len() - 1
    }

    fn start(&self) -> LevelStart {
        self.levels.last().copied().unwrap_or_default()
    }

    /// A relation was made: nothing is counted for it if that is rolled back.
    pub fn made(&mut self, key: StatisticsKey) {
        self.fates.push((key, Fate::Made));
    }

    /// A relation was dropped: what was counted for it is forgotten if that is committed.
    pub fn dropped(&mut self, key: StatisticsKey) {
        self.fates.push((key, Fate::Dropped));
    }

    pub(crate) fn begin_level(&mut self) {
        self.levels.push(LevelStart { tables: self.tables.len(), fates: self.fates.len() });
    }

    pub(crate) fn end_level(&mut self, committed: bool) {
        // None if they were taken out of the transaction before its end.
        let Some(start) = self.levels.pop() else { return };
        let inner: Vec<TableCount> = self.tables.drain(start.tables..).collect();
        for mut table in inner {
            if !committed {
                table.roll_back();
            }
            self.of(table.key).absorb(&table);
        }
        if !committed {
            let gone: Vec<_> = self.fates.drain(start.fates..).filter(|(_, fate)| *fate != Fate::Dropped).collect();
            self.fates.extend(gone.into_iter().map(|(key, _)| (key, Fate::Gone)));
        }
    }

    /// What a table's changes are so far, those of all levels together, as if all were rolled back: only the events count.
    pub fn events(&self, key: StatisticsKey) -> TableChanges {
        let mut sum = TableChanges::default();
        for table in self.tables.iter().filter(|table| table.key == key) {
            sum.inserted += table.settled.inserted + table.written.inserted;
            sum.updated += table.settled.updated + table.written.updated;
            sum.hot_updated += table.settled.hot_updated;
            sum.deleted += table.settled.deleted + table.written.deleted;
        }
        sum
    }

    /// What came of everything: the transaction has ended so. Savepoints left open end with it.
    pub fn end(mut self, committed: bool) -> EndedChanges {
        while !self.levels.is_empty() {
            self.end_level(committed);
        }
        let settle = |mut table: TableCount| {
            if committed {
                table.commit()
            } else {
                table.roll_back()
            }
            (table.key, table.settled)
        };
        let removed = if committed { Fate::Dropped } else { Fate::Made };
        let is_gone = |(_, fate): &&(StatisticsKey, Fate)| *fate == removed || *fate == Fate::Gone;
        EndedChanges {
            gone: self.fates.iter().filter(is_gone).map(|(key, _)| *key).collect(),
            tables: self.tables.into_iter().map(settle).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StatisticsKey = (Oid(5), Oid(16384));
    const B: StatisticsKey = (Oid(5), Oid(16385));

    fn of(ended: &EndedChanges, key: StatisticsKey) -> TableChanges {
        ended.tables.iter().find(|(k, _)| *k == key).map(|(_, changes)| *changes).unwrap()
    }

    #[test]
    fn rows_are_alive_or_dead_by_how_the_transaction_ended() {
        let fill = |changes: &mut Changes| {
            changes.of(A).inserted(10);
            changes.of(A).updated(true);
            changes.of(A).updated(false);
            changes.of(A).deleted();
        };
        let (mut good, mut bad) = (Changes::default(), Changes::default());
        fill(&mut good);
        fill(&mut bad);
        let events = TableChanges { inserted: 10, updated: 2, hot_updated: 1, deleted: 1, ..TableChanges::default() };
        assert_eq!(of(&good.end(true), A), TableChanges { live: 9, dead: 3, changed: 13, ..events });
        assert_eq!(of(&bad.end(false), A), TableChanges { dead: 12, ..events });
    }

    #[test]
    fn a_savepoint_has_an_end_of_its_own() {
        let mut changes = Changes::default();
        changes.of(A).inserted(1);
        changes.begin_level();
        changes.of(A).inserted(2);
        changes.of(B).inserted(4);
        changes.end_level(false);
        changes.begin_level();
        changes.of(A).inserted(8);
        changes.end_level(true);
        assert_eq!(changes.events(A).inserted, 11);
        let ended = changes.end(true);
        assert_eq!((of(&ended, A).live, of(&ended, A).dead, of(&ended, A).inserted), (9, 2, 11));
        assert_eq!((of(&ended, B).live, of(&ended, B).dead), (0, 4));
    }

    #[test]
    fn truncation_forgets_what_was_before_unless_rolled_back() {
        let mut changes = Changes::default();
        changes.of(A).inserted(5);
        changes.begin_level();
        changes.of(A).truncated();
        changes.of(A).inserted(1);
        changes.end_level(false);
        changes.begin_level();
        changes.of(B).truncated();
        changes.of(B).inserted(3);
        changes.end_level(true);
        let ended = changes.end(true);
        assert_eq!((of(&ended, A).live, of(&ended, A).truncated), (5, false));
        assert_eq!((of(&ended, B).live, of(&ended, B).truncated), (3, true));
    }

    #[test]
    fn relations_go_with_what_made_or_dropped_them() {
        let mut changes = Changes::default();
        changes.made(A);
        changes.begin_level();
        changes.made(B);
        changes.dropped(A);
        changes.end_level(false);
        assert_eq!(changes.end(true).gone, [B]);
        let mut changes = Changes::default();
        changes.made(A);
        changes.dropped(B);
        assert_eq!(changes.end(false).gone, [A]);
    }
}
