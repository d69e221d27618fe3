//! Where catalog rows are: in heap tables with B-trees, or in memory for tests of the layers above.

use crate::memory::MemoryTables;
use base::{Oid, Tid};
use catalog::Relation;
use report::Result;
use tuple::Datum;

/// A condition of a catalog scan: column number (from 1) equals value. A null value matches nothing.
#[derive(Clone, Debug)]
pub struct Key {
    /// The column, from 1.
    pub column: i16,
    /// What it equals.
    pub value: Datum,
}

impl Key {
    /// `column = oid`.
    pub fn oid(column: i16, oid: Oid) -> Key {
        Key { column, value: Datum::Oid(oid) }
    }

    /// `column = text`, for name and text columns.
    pub fn text(column: i16, text: &str) -> Key {
        Key { column, value: Datum::text(text) }
    }

    /// `column = number`, for int2 columns.
    pub fn int2(column: i16, number: i16) -> Key {
        Key { column, value: Datum::Int2(number) }
    }

    /// `column = number`, for int4 columns.
    pub fn int4(column: i16, number: i32) -> Key {
        Key { column, value: Datum::Int4(number) }
    }
}

/// The catalog tables as a transaction sees them: all that is committed now, and all of its own changes.
pub enum Tables<'a> {
    /// In memory, without transactions.
    Memory(&'a MemoryTables),
}

/// A row as it is stored: where, and its values.
pub type StoredRow = (Tid, Vec<Datum>);

impl Tables<'_> {
    /// Rows that meet all keys, in the order of the index whose leading columns the keys are, if there is one.
    pub fn scan(&self, relation: &'static Relation, keys: &[Key]) -> Result<Vec<StoredRow>> {
        match self {
            Tables::Memory(memory) => Ok(memory.scan(relation, keys)),
        }
    }

    /// Adds a row and its index entries. Errors: 23505.
    pub fn insert(&self, relation: &'static Relation, row: Vec<Datum>) -> Result<Tid> {
        match self {
            Tables::Memory(memory) => memory.insert(relation, row),
        }
    }

    /// Replaces a row. Errors: XX000 if another transaction changed it.
    pub fn update(&self, relation: &'static Relation, tid: Tid, row: Vec<Datum>) -> Result<Tid> {
        match self {
            Tables::Memory(memory) => memory.update(relation, tid, row),
        }
    }

    /// Removes a row. Errors: XX000 if another transaction changed it.
    pub fn delete(&self, relation: &'static Relation, tid: Tid) -> Result<()> {
        match self {
            Tables::Memory(memory) => memory.delete(relation, tid),
        }
    }

    /// The next object id of the cluster's counter. It may be in use: [`crate::Catalog::new_oid`] checks.
    pub fn next_oid(&self) -> Result<Oid> {
        match self {
            Tables::Memory(memory) => Ok(memory.next_oid()),
        }
    }
}
