//! Filling an index from its table: scan, evaluate, sort, build from the bottom up.

use crate::address::relation_display_name;
use crate::index_numbers::NumberSorter;
use crate::index_values::{IndexEntries, describe_key};
use crate::relation::note_sizes;
use access::{Access, Index, Persistence, Relation, Row, SortedEntries};
use base::{Oid, Tid};
use config::Setting;
use exec::store::{SortKey, Sorter, TempSpace};
use exec::temp_space;
use instance::{Counter, Ctx};
use report::{Result, error};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::{Comparator, Datum};

/// Rows between two looks at the interrupts.
const ROWS_PER_CHECK: u64 = 1024;

/// For which snapshots an index has all rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Completeness {
    /// For all that are in use.
    AllSnapshots,
    /// For those that are taken from now on.
    NewSnapshots,
}

/// What went into an index.
struct Gathered {
    sorted: Sorted,
    /// Rows of the table that are alive.
    alive: u64,
    completeness: Completeness,
}

/// Fills an index whose file is empty.
///
/// Errors: 23505 if a unique index would have two equal keys; those of the expressions.
pub(crate) fn build(cx: Ctx<'_>, table: Oid, index: Oid) -> Result<Completeness> {
    let catalog = cx.catalog();
    let (entry, index_entry) = (catalog.open_relation(table)?, catalog.open_relation(index)?);
    let stored = catalog.index(index)?;
    let mut gathered = sort_entries(cx, &entry, &index_entry, &stored)?;
    let mut entries = Entries { sorted: &mut gathered.sorted, index: &stored, last: Vec::new(), row: Vec::new() };
    let store = &cx.session.store;
    // The builder writes pages and needs the transaction; the entries need it only for messages, after it is done with.
    let mut transaction = cx.session.transaction.borrow_mut().take().expect("a statement runs in a transaction");
    let outcome = stored.am.build(&mut Access::new(store, &mut transaction), &stored, &mut entries);
    *cx.session.transaction.borrow_mut() = Some(transaction);
    let count = outcome.map_err(|error| name_duplicate(cx, error, (&entry, &index_entry), &entries.last))?;
    if stored.relation.persistence == Persistence::Unlogged {
        stored.am.create_init_fork(store, &stored)?;
    }
    let blocks = store.smgr.blocks(stored.relation.main_fork())?;
    note_sizes(cx, index, blocks, count as f64, None)?;
    note_table(cx, &entry, gathered.alive)?;
    Ok(gathered.completeness)
}

/// Entries of an index, sorted: rows of the index's columns, whether the row counts for uniqueness, and its tid; or, where that will
/// do, numbers.
enum Sorted {
    Rows(Sorter),
    Numbers(NumberSorter),
}

/// The table's size is known now too. That an empty table was never counted stays so: it may just be about to be filled.
fn note_table(cx: Ctx<'_>, entry: &RelationEntry, rows: u64) -> Result<()> {
    let Some(table) = entry.table.as_ref().filter(|_| rows > 0 || entry.class.reltuples >= 0.0) else {
        return Ok(());
    };
    let blocks = cx.session.store.smgr.blocks(table.main_fork())?;
    note_sizes(cx, entry.oid, blocks, rows as f64, None)
}

/// All entries of the table, sorted.
fn sort_entries(cx: Ctx<'_>, table: &RelationEntry, index: &RelationEntry, stored: &Arc<Index>) -> Result<Gathered> {
    let width = stored.relation.desc.len();
    let memory_bytes_max = cx.setting(|s| s.int(Setting::MaintenanceWorkMem)) as usize * 1024;
    let new_sorter = || Sorter::new(width + 2, sort_keys(stored), memory_bytes_max, None);
    let mut space = temp_space(cx);
    let mut values = IndexEntries::new(cx, index)?;
    let relation = table.table.as_ref().expect("an index is on a table with storage");
    let (store, wanted) = (&cx.session.store, values.wanted());
    let mut scan = cx.with_tx(|tx| relation.am.build_scan(&mut Access::new(store, tx), relation, wanted))?;
    let column = values.only_column();
    let numbers = column.and_then(|_| stored.orders.first()).and_then(NumberSorter::new);
    let mut sorted = numbers.map_or_else(|| Sorted::Rows(new_sorter()), Sorted::Numbers);
    let (mut row, mut entry) = (Row::default(), Vec::with_capacity(width + 2));
    let (mut count, mut alive) = (0u64, 0u64);
    while scan.next(&mut row)? {
        count += 1;
        alive += u64::from(!row.xmax.is_valid());
        if count.is_multiple_of(ROWS_PER_CHECK) {
            cx.check_interrupts()?;
        }
        let (is_dead, tid) = (row.xmax.is_valid(), tid_number(row.tid));
        match &mut sorted {
            Sorted::Numbers(numbers) => {
                numbers.push(&row.values[column.expect("numbers are those of one column")], is_dead, tid);
                if numbers.memory_bytes() > memory_bytes_max {
                    sorted = Sorted::Rows(as_rows(numbers, new_sorter(), &mut *space)?);
                }
            }
            Sorted::Rows(sorter) => {
                entry.clear();
                if values.evaluate(cx, &row.values, &mut entry)? {
                    entry.extend([Datum::Bool(is_dead), Datum::Int8(tid)]);
                    sorter.push(&entry, &mut *space)?;
                }
            }
        }
    }
    match &mut sorted {
        Sorted::Numbers(numbers) => numbers.finish(),
        Sorted::Rows(sorter) => sorter.finish(&mut *space)?,
    }
    count_scan(cx, relation, count);
    let completeness = if scan.broke_chains() { Completeness::NewSnapshots } else { Completeness::AllSnapshots };
    Ok(Gathered { sorted, alive, completeness })
}

/// It was a sequential scan like any other.
fn count_scan(cx: Ctx<'_>, table: &Relation, rows: u64) {
    let mut pending = cx.session.statistics.borrow_mut();
    let counts = pending.relation(table.statistics_key());
    counts.add(Counter::Scans, 1);
    counts.add(Counter::RowsRead, rows as i64);
}

/// What does not fit into memory as numbers goes on as rows, which can go to files.
fn as_rows(numbers: &mut NumberSorter, mut sorter: Sorter, space: &mut dyn TempSpace) -> Result<Sorter> {
    while let Some((key, is_dead, tid)) = numbers.next() {
        sorter.push(&[key, Datum::Bool(is_dead), Datum::Int8(tid)], space)?;
    }
    Ok(sorter)
}

fn sort_keys(index: &Index) -> Vec<SortKey> {
    let key = |(column, order): (usize, &tuple::KeyOrder)| SortKey {
        column,
        comparator: order.comparator.clone(),
        descending: order.descending,
        nulls_first: order.nulls_first,
    };
    let tid = SortKey {
        column: index.relation.desc.len() + 1,
        comparator: Comparator::Int8,
        descending: false,
        nulls_first: false,
    };
    index.orders.iter().enumerate().map(key).chain([tid]).collect()
}

fn tid_number(tid: Tid) -> i64 {
    i64::from(tid.block.0) << 16 | i64::from(tid.offset.0)
}

fn number_tid(number: i64) -> Tid {
    Tid::new((number >> 16) as u32, number as u16)
}

/// The sorted entries on their way into the index, checked for equal neighbours.
struct Entries<'a> {
    sorted: &'a mut Sorted,
    index: &'a Index,
    /// The last key that counts for uniqueness.
    last: Vec<Datum>,
    row: Vec<Datum>,
}

impl SortedEntries for Entries<'_> {
    fn next(&mut self, values: &mut Vec<Datum>) -> Result<Option<Tid>> {
        values.clear();
        let (is_dead, tid) = match &mut *self.sorted {
            Sorted::Numbers(numbers) => {
                let Some((key, is_dead, tid)) = numbers.next() else { return Ok(None) };
                self.row.clear();
                self.row.push(key);
                (is_dead, number_tid(tid))
            }
            Sorted::Rows(sorter) => {
                if !sorter.next(&mut self.row)? {
                    return Ok(None);
                }
                let tid = number_tid(self.row.pop().expect("the tid is last").as_i64());
                (self.row.pop().expect("the mark is next").as_bool(), tid)
            }
        };
        if self.index.is_unique && !is_dead {
            self.check_unique()?;
        }
        values.append(&mut self.row);
        Ok(Some(tid))
    }
}

impl Entries<'_> {
    fn check_unique(&mut self) -> Result<()> {
        let keys = self.index.key_count();
        let has_null = self.row[..keys].iter().any(Datum::is_null);
        if has_null && !self.index.nulls_not_distinct {
            return Ok(());
        }
        let is_equal = |n: usize| match (&self.last[n], &self.row[n]) {
            (Datum::Null, Datum::Null) => true,
            (Datum::Null, _) | (_, Datum::Null) => false,
            (a, b) => self.index.comparator(n).compare(a, b).is_eq(),
        };
        if !self.last.is_empty() && (0..keys).all(is_equal) {
            return Err(error!(UNIQUE_VIOLATION, "could not create unique index"));
        }
        self.last.clear();
        self.last.extend_from_slice(&self.row[..keys]);
        Ok(())
    }
}

/// Completes the message of a duplicate key, which could not be formed while the index was being built.
fn name_duplicate(
    cx: Ctx<'_>,
    error: report::Error,
    (table, index): (&RelationEntry, &RelationEntry),
    key: &[Datum],
) -> report::Error {
    if error.code() != report::SqlState::UNIQUE_VIOLATION {
        return error;
    }
    let key = describe_key(cx, table, index, key);
    let name = relation_display_name(cx, index.oid).unwrap_or_else(|_| index.name().to_owned());
    let error = error!(UNIQUE_VIOLATION, "could not create unique index \"{name}\"").constraint(index.name());
    let error = crate::validate::in_table(cx, table, error);
    match key {
        Ok(Some(key)) => error.detail(format!("Key {key} is duplicated.")),
        _ => error.detail("Duplicate keys exist."),
    }
}
