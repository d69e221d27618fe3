//! Catalog rows in heap tables and B-trees.

use crate::key::same_datum;
use crate::system_table::SystemTable;
use crate::tables::{Key, Place, StoredRow};
use access::{
    Access, Changed, Direction, Fetched, Index, InsertOptions, Inserted, Relation, Row, RowWait, ScanKey, ScanOptions,
    Store, UniqueCheck, UpdateOptions,
};
use base::{Oid, Tid};
use report::{Error, Result, SqlState, bail};
use std::cell::RefCell;
use std::sync::Arc;
use tuple::{ColumnSet, Datum};
use xact::{Snapshot, Transaction};

/// The catalogs of a storage engine, read and written by a transaction. Each write is a command of its own, so that the
/// next read sees it.
pub struct HeapTables<'a> {
    store: &'a Arc<Store>,
    transaction: Holder<'a>,
}

/// Where the transaction is: borrowed for the purpose, or in the session that owns it.
enum Holder<'a> {
    Borrowed(RefCell<&'a mut Transaction>),
    Session(&'a RefCell<Option<Transaction>>),
}

impl Holder<'_> {
    /// Does something with the transaction. Panics if the session has none.
    fn with<T>(&self, work: impl FnOnce(&mut Transaction) -> T) -> T {
        match self {
            Holder::Borrowed(transaction) => work(&mut transaction.borrow_mut()),
            Holder::Session(session) => {
                work(session.borrow_mut().as_mut().expect("catalogs are read within a transaction"))
            }
        }
    }
}

impl<'a> HeapTables<'a> {
    pub(crate) fn new(store: &'a Arc<Store>, transaction: &'a mut Transaction) -> HeapTables<'a> {
        HeapTables { store, transaction: Holder::Borrowed(RefCell::new(transaction)) }
    }

    pub(crate) fn of_session(store: &'a Arc<Store>, session: &'a RefCell<Option<Transaction>>) -> HeapTables<'a> {
        HeapTables { store, transaction: Holder::Session(session) }
    }

    pub(crate) fn scan(&self, at: Place<'_>, keys: &[Key]) -> Result<Vec<StoredRow>> {
        if keys.iter().any(|key| key.value.is_null()) {
            return Ok(Vec::new());
        }
        let table = at.caches.system_table(at.relation, at.database);
        let mut rows = match best_index(at.relation, keys) {
            Some((index, columns)) => self.index_scan(&table, index, &keys_of(at.relation, index, columns, keys))?,
            None => self.table_scan(&table.table, keys)?,
        };
        rows.retain(|(_, row)| meets(row, keys));
        Ok(rows)
    }

    fn index_scan(&self, table: &SystemTable, index: usize, keys: &[ScanKey]) -> Result<Vec<StoredRow>> {
        // Many catalogs stay empty for ever, and a session that logs in asks some of them.
        if self.store.smgr.blocks(table.table.main_fork())? == 0 {
            return Ok(Vec::new());
        }
        let index = &table.indexes[index];
        let (snapshot, interrupts) =
            self.transaction.with(|tx| (tx.latest_snapshot(), Arc::clone(tx.owner().interrupts())));
        let mut scan = index.am.scan(self.store, index, interrupts);
        let mut fetcher = table.table.am.fetcher(self.store, &table.table, snapshot, ColumnSet::ALL);
        scan.rescan(keys)?;
        let (mut rows, mut row) = (Vec::new(), Row::default());
        while let Some(tid) = scan.next(Direction::Forward)? {
            match fetcher.fetch(tid, &mut row)? {
                Fetched::Visible => rows.push((row.tid, row.values.clone())),
                Fetched::Invisible => {}
                Fetched::Dead => scan.kill_entry(),
            }
        }
        Ok(rows)
    }

    /// The rows of a table that meet all keys, in the order in which they are stored.
    pub(crate) fn table_scan(&self, table: &Arc<Relation>, keys: &[Key]) -> Result<Vec<StoredRow>> {
        let options = self.transaction.with(|tx| ScanOptions {
            snapshot: tx.latest_snapshot(),
            wanted: ColumnSet::ALL,
            blocks: None,
            interrupts: Arc::clone(tx.owner().interrupts()),
        });
        let mut scan = table.am.scan(self.store, table, options)?;
        let (mut rows, mut row) = (Vec::new(), Row::default());
        while scan.next(Direction::Forward, &mut row)? {
            if meets(&row.values, keys) {
                rows.push((row.tid, row.values.clone()));
            }
        }
        Ok(rows)
    }

    pub(crate) fn insert(&self, at: Place<'_>, row: &[Datum]) -> Result<Tid> {
        let table = at.caches.system_table(at.relation, at.database);
        self.transaction.with(|tx| {
            let mut cx = Access::new(self.store, tx);
            let tid = table.table.am.insert(&mut cx, &table.table, row, InsertOptions::default())?;
            insert_entries(&mut cx, &table, row, tid)?;
            tx.next_command()?;
            Ok(tid)
        })
    }

    pub(crate) fn update(&self, at: Place<'_>, tid: Tid, row: &[Datum]) -> Result<Tid> {
        let table = at.caches.system_table(at.relation, at.database);
        self.transaction.with(|tx| {
            let mut cx = Access::new(self.store, tx);
            let options = UpdateOptions { indexed: &table.indexed, keys: &table.keys, wait: RowWait::Block };
            let new = changed(table.table.am.update(&mut cx, &table.table, tid, row, &options)?)?;
            if !new.is_hot {
                insert_entries(&mut cx, &table, row, new.tid)?;
            }
            tx.next_command()?;
            Ok(new.tid)
        })
    }

    pub(crate) fn overwrite(&self, at: Place<'_>, tid: Tid, row: &[Datum]) -> Result<bool> {
        let table = at.caches.system_table(at.relation, at.database);
        self.transaction.with(|tx| table.table.am.overwrite(&mut Access::new(self.store, tx), &table.table, tid, row))
    }

    pub(crate) fn delete(&self, at: Place<'_>, tid: Tid) -> Result<()> {
        let table = at.caches.system_table(at.relation, at.database);
        self.transaction.with(|tx| {
            let mut cx = Access::new(self.store, tx);
            changed(table.table.am.delete(&mut cx, &table.table, tid, RowWait::Block)?)?;
            tx.next_command()
        })
    }

    /// True if the snapshot sees the row that is stored there, and another transaction wrote it.
    pub(crate) fn is_older(&self, at: Place<'_>, tid: Tid, snapshot: Snapshot) -> Result<bool> {
        let table = at.caches.system_table(at.relation, at.database);
        let mut row = Row::default();
        let mut fetcher = table.table.am.fetcher(self.store, &table.table, snapshot.clone(), ColumnSet::ALL);
        Ok(fetcher.fetch(tid, &mut row)? == Fetched::Visible && !snapshot.is_own(row.xmin))
    }

    pub(crate) fn next_oid(&self) -> Result<Oid> {
        self.store.xacts.next_oid()
    }

    pub(crate) fn add_invalidation(&self, payload: &[u8]) -> Result<()> {
        self.transaction.with(|tx| tx.add_invalidation(payload))
    }
}

fn meets(row: &[Datum], keys: &[Key]) -> bool {
    keys.iter().all(|key| same_datum(&row[key.column as usize - 1], &key.value))
}

/// The index with the most leading columns among the keys, and how many; the first of equals.
fn best_index(relation: &catalog::Relation, keys: &[Key]) -> Option<(usize, usize)> {
    let given = |column: &i16| keys.iter().any(|key| key.column == *column);
    let leading = |index: &catalog::Index| index.columns.iter().take_while(|column| given(column)).count();
    let counts = relation.indexes.iter().map(leading).enumerate();
    counts.filter(|(_, count)| *count > 0).max_by_key(|(at, count)| (*count, usize::MAX - at))
}

fn keys_of(relation: &catalog::Relation, index: usize, columns: usize, keys: &[Key]) -> Vec<ScanKey> {
    let columns = &relation.indexes[index].columns[..columns];
    let key = |(at, column): (usize, &i16)| {
        let key = keys.iter().find(|key| key.column == *column).expect("the index was chosen by its keys");
        ScanKey::equal(at, key.value.clone())
    };
    columns.iter().enumerate().map(key).collect()
}

fn insert_entries(cx: &mut Access<'_>, table: &SystemTable, row: &[Datum], tid: Tid) -> Result<()> {
    let mut values = Vec::new();
    for index in &table.indexes {
        values.clear();
        values.extend(index.table_columns.iter().map(|c| row[c.expect("catalogs have no index expressions")].clone()));
        let check = if index.is_unique { UniqueCheck::Yes } else { UniqueCheck::No };
        if let Inserted::Duplicate(_) = index.am.insert(cx, (index, &table.table), &values, tid, check)? {
            return Err(duplicate(index, &values));
        }
    }
    Ok(())
}

#[cold]
fn duplicate(index: &Index, values: &[Datum]) -> Error {
    let names: Vec<&str> = index.relation.desc.attributes.iter().map(|a| a.name.as_str()).collect();
    let values: Vec<String> = values.iter().map(print_key).collect();
    let message = format!("duplicate key value violates unique constraint \"{}\"", index.relation.name);
    let detail = format!("Key ({})=({}) already exists.", names.join(", "), values.join(", "));
    Error::new(SqlState::UNIQUE_VIOLATION, message)
        .detail(detail)
        .table("pg_catalog", index.relation.name.clone())
        .constraint(index.relation.name.clone())
}

fn print_key(value: &Datum) -> String {
    match value {
        Datum::Null => "null".to_owned(),
        Datum::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Datum::Oid(oid) => oid.to_string(),
        Datum::Int2(number) => number.to_string(),
        Datum::Int4(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// Catalog rows are changed under a lock on the object, so that nobody else can have changed them.
fn changed<T>(outcome: Changed<T>) -> Result<T> {
    match outcome {
        Changed::Done(value) => Ok(value),
        Changed::BySelf { .. } => bail!(INTERNAL_ERROR, "tuple already updated by self"),
        Changed::Deleted { .. } => bail!(INTERNAL_ERROR, "tuple concurrently deleted"),
        Changed::Invisible => bail!(INTERNAL_ERROR, "attempted to change an invisible tuple"),
        Changed::Updated { .. } | Changed::WouldBlock => bail!(INTERNAL_ERROR, "tuple concurrently updated"),
    }
}
