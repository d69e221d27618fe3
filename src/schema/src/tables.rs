//! Where catalog rows are: in heap tables with B-trees, or in memory for tests of the layers above.

use crate::caches::Caches;
use crate::heap_tables::HeapTables;
use crate::memory::MemoryTables;
use access::Store;
use base::{Oid, Tid};
use catalog::Relation;
use report::Result;
use std::cell::RefCell;
use std::sync::Arc;
use tuple::Datum;
use xact::{Snapshot, Transaction};

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
    /// In heap tables and B-trees.
    Heap(HeapTables<'a>),
    /// In memory, without transactions.
    Memory(&'a MemoryTables),
}

/// Which copy of a catalog: the catalog, the database that it is in, and the caches that know its files.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub relation: &'static Relation,
    pub database: Oid,
    pub caches: &'a Caches,
}

/// A row as it is stored: where, and its values.
pub type StoredRow = (Tid, Vec<Datum>);

impl<'a> Tables<'a> {
    /// The tables of a storage engine, read and written by a transaction.
    pub fn heap(store: &'a Arc<Store>, transaction: &'a mut Transaction) -> Tables<'a> {
        Tables::Heap(HeapTables::new(store, transaction))
    }

    /// As `heap`, with the transaction that a session owns. Panics, when used, if the session has none.
    pub fn of_session(store: &'a Arc<Store>, transaction: &'a RefCell<Option<Transaction>>) -> Tables<'a> {
        Tables::Heap(HeapTables::of_session(store, transaction))
    }

    /// Rows that meet all keys, in the order of the index whose leading columns the keys are, if there is one.
    pub(crate) fn scan(&self, at: Place<'_>, keys: &[Key]) -> Result<Vec<StoredRow>> {
        match self {
            Tables::Heap(heap) => heap.scan(at, keys),
            Tables::Memory(memory) => Ok(memory.scan(at.relation, keys)),
        }
    }

    /// All rows of a table that is no catalog. Without storage there is none.
    pub(crate) fn rows(&self, table: &Arc<access::Relation>) -> Result<Vec<StoredRow>> {
        match self {
            Tables::Heap(heap) => heap.table_scan(table, &[]),
            Tables::Memory(_) => Ok(Vec::new()),
        }
    }

    /// Adds a row and its index entries. Errors: 23505.
    pub(crate) fn insert(&self, at: Place<'_>, row: Vec<Datum>) -> Result<Tid> {
        match self {
            Tables::Heap(heap) => heap.insert(at, &row),
            Tables::Memory(memory) => memory.insert(at.relation, row),
        }
    }

    /// Replaces a row. Errors: XX000 if another transaction changed it.
    pub(crate) fn update(&self, at: Place<'_>, tid: Tid, row: Vec<Datum>) -> Result<Tid> {
        match self {
            Tables::Heap(heap) => heap.update(at, tid, &row),
            Tables::Memory(memory) => memory.update(at.relation, tid, row),
        }
    }

    /// Replaces a row's values where it is. False if there is a newer version of it.
    pub(crate) fn overwrite(&self, at: Place<'_>, tid: Tid, row: Vec<Datum>) -> Result<bool> {
        match self {
            Tables::Heap(heap) => heap.overwrite(at, tid, &row),
            Tables::Memory(memory) => memory.update(at.relation, tid, row).map(|_| true),
        }
    }

    /// Removes a row. Errors: XX000 if another transaction changed it.
    pub(crate) fn delete(&self, at: Place<'_>, tid: Tid) -> Result<()> {
        match self {
            Tables::Heap(heap) => heap.delete(at, tid),
            Tables::Memory(memory) => memory.delete(at.relation, tid),
        }
    }

    /// True if the snapshot sees the row that is stored there, and another transaction wrote it.
    pub(crate) fn is_older(&self, at: Place<'_>, tid: Tid, snapshot: Snapshot) -> Result<bool> {
        match self {
            Tables::Heap(heap) => heap.is_older(at, tid, snapshot),
            Tables::Memory(_) => Ok(true),
        }
    }

    /// The next object id of the cluster's counter. It may be in use: [`crate::Catalog::new_oid`] checks.
    pub(crate) fn next_oid(&self) -> Result<Oid> {
        match self {
            Tables::Heap(heap) => heap.next_oid(),
            Tables::Memory(memory) => Ok(memory.next_oid()),
        }
    }

    /// Hands what a change means for the caches to the transaction, for its commit record.
    pub(crate) fn add_invalidation(&self, payload: &[u8]) -> Result<()> {
        match self {
            Tables::Heap(heap) => heap.add_invalidation(payload),
            Tables::Memory(_) => Ok(()),
        }
    }
}
