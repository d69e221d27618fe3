//! Catalog tables in memory: for tests of this crate and of those above, without storage. No transactions.

use crate::key::{same_datum, same_key};
use crate::tables::{Key, StoredRow};
use base::{Oid, Tid};
use catalog::Relation;
use report::{Result, bail};
use std::collections::BTreeMap;
use sync::{Mutex, Rank};
use tuple::Datum;

const RANK: Rank = Rank::new(900, "catalogs in memory");

type Rows = BTreeMap<Tid, Vec<Datum>>;

/// All catalogs of one database, as vectors of rows.
pub struct MemoryTables {
    state: Mutex<State>,
}

struct State {
    tables: BTreeMap<Oid, Rows>,
    next_row: u32,
    next_oid: Oid,
    scans: u64,
}

impl State {
    fn next_tid(&mut self) -> Tid {
        self.next_row += 1;
        Tid::new(self.next_row / 100, (self.next_row % 100) as u16 + 1)
    }
}

impl Default for MemoryTables {
    fn default() -> MemoryTables {
        MemoryTables::new()
    }
}

impl MemoryTables {
    /// Empty catalogs.
    pub fn new() -> MemoryTables {
        let state = State { tables: BTreeMap::new(), next_row: 0, next_oid: Oid::FIRST_NORMAL, scans: 0 };
        MemoryTables { state: Mutex::new(RANK, state) }
    }

    /// How many scans there were: tests see whether a cache was hit.
    pub fn scans(&self) -> u64 {
        self.state.lock().scans
    }

    /// Puts rows into a catalog without looking at its indexes.
    pub(crate) fn load(&self, catalog: Oid, rows: Vec<Vec<Datum>>) {
        let mut state = self.state.lock();
        for row in rows {
            let tid = state.next_tid();
            state.tables.entry(catalog).or_default().insert(tid, row);
        }
    }

    pub(crate) fn scan(&self, relation: &'static Relation, keys: &[Key]) -> Vec<StoredRow> {
        let mut state = self.state.lock();
        state.scans += 1;
        let Some(rows) = state.tables.get(&relation.oid) else { return Vec::new() };
        let matches = |row: &[Datum]| {
            keys.iter().all(|k| !k.value.is_null() && same_datum(&row[k.column as usize - 1], &k.value))
        };
        rows.iter().filter(|(_, row)| matches(row)).map(|(tid, row)| (*tid, row.clone())).collect()
    }

    pub(crate) fn insert(&self, relation: &'static Relation, row: Vec<Datum>) -> Result<Tid> {
        let mut state = self.state.lock();
        let rows = state.tables.entry(relation.oid).or_default();
        for index in relation.indexes.iter().filter(|i| i.unique) {
            let key = |row: &[Datum]| index.columns.iter().map(|c| row[*c as usize - 1].clone()).collect::<Vec<_>>();
            let new = key(&row);
            if rows.values().any(|old| same_key(&key(old), &new)) {
                bail!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{}\"", index.name);
            }
        }
        let tid = state.next_tid();
        state.tables.entry(relation.oid).or_default().insert(tid, row);
        Ok(tid)
    }

    pub(crate) fn update(&self, relation: &'static Relation, tid: Tid, row: Vec<Datum>) -> Result<Tid> {
        self.delete(relation, tid)?;
        self.insert(relation, row)
    }

    pub(crate) fn delete(&self, relation: &'static Relation, tid: Tid) -> Result<()> {
        let mut state = self.state.lock();
        if state.tables.get_mut(&relation.oid).and_then(|rows| rows.remove(&tid)).is_none() {
            bail!(INTERNAL_ERROR, "tuple concurrently updated");
        }
        Ok(())
    }

    pub(crate) fn next_oid(&self) -> Oid {
        let mut state = self.state.lock();
        let oid = state.next_oid;
        state.next_oid = Oid(oid.0 + 1);
        oid
    }
}
