//! Checks a database: pages, tables against their indexes, catalog references, files against pg_class.
//!
//! The checks themselves are beside what they check: [`heap::check()`], [`btree::check()`], [`heap::check_index()`], [`Catalog::check_references`]. Here is
//! what to check and under which locks. Of a table with a damaged page the rows are not looked at.
//!
//! Each table is held in SHARE mode while it is looked at: nobody writes there, so no difference is in motion. Catalogs are written without such a lock;
//! what is found wrong with them, and with the list of files, counts only if it is found again. A table's keys are in memory while it is checked.

use access::{Index, Relation, Store};
use base::{BlockNumber, DEFAULT_TABLESPACE, Fork, Oid, RelFile, Tid};
use catalog::rows::{PgClass, PgDatabase, PgIndex};
use heap::HeapCensus;
use instance::Ctx;
use lock::{LockMode, LockTag};
use report::{Error, Result, SqlState};
use schema::{Catalog, Key, RelationEntry};
use std::collections::BTreeSet;
use std::sync::Arc;
use tuple::Datum;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The relation with its schema, or the file.
    pub place: String,
    /// The block, where the problem is a page's.
    pub block: Option<BlockNumber>,
    /// What is wrong.
    pub text: String,
}

/// Which relations are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Those of the database and those that all share.
    WithShared,
    /// Those of the database alone.
    Own,
}

/// All databases: object id and name.
pub fn databases(cx: Ctx<'_>) -> Result<Vec<(Oid, String)>> {
    let rows = cx.catalog().scan::<PgDatabase>(&[])?;
    Ok(rows.into_iter().map(|row| (row.oid, row.row.datname)).collect())
}

/// Checks the session's database.
///
/// Errors: a lock is not to be had; cancellation.
pub fn check_database(cx: Ctx<'_>, scope: Scope) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let classes = cx.catalog().scan::<PgClass>(&[])?;
    for class in classes.iter().filter(|class| matches!(class.relkind, b'r' | b'm' | b'S')) {
        if class.relpersistence == b't' || class.relisshared && scope == Scope::Own {
            continue;
        }
        problems.extend(check_locked(cx, class.oid)?);
    }
    problems.extend(twice(|| references(cx))?);
    problems.extend(twice(|| files(cx))?);
    Ok(problems)
}

/// What is found in two runs: what was in motion in the first is at rest, or elsewhere, in the second.
fn twice(mut look: impl FnMut() -> Result<Vec<Problem>>) -> Result<Vec<Problem>> {
    let first = look()?;
    if first.is_empty() {
        return Ok(first);
    }
    let again: BTreeSet<Problem> = look()?.into_iter().collect();
    Ok(first.into_iter().filter(|problem| again.contains(problem)).collect())
}

fn references(cx: Ctx<'_>) -> Result<Vec<Problem>> {
    let problem = |text: String| {
        let (place, text) = text.split_once(": ").unwrap_or(("pg_catalog", &text));
        Problem { place: place.to_owned(), block: None, text: text.to_owned() }
    };
    Ok(cx.catalog().check_references()?.into_iter().map(problem).collect())
}

/// Holds a table while it is looked at. One that is gone by then has no problems.
fn check_locked(cx: Ctx<'_>, oid: Oid) -> Result<Vec<Problem>> {
    let Some(entry) = cx.catalog().relation(oid)? else { return Ok(Vec::new()) };
    let tag = LockTag::Relation { database: entry.database, relation: oid };
    let _lock = cx.session.locks.acquire_guard(tag, LockMode::Share)?;
    match cx.catalog().relation(oid)? {
        Some(entry) if entry.table.as_ref().is_some_and(|table| table.is_catalog) => twice(|| check_table(cx, &entry)),
        Some(entry) => check_table(cx, &entry),
        None => Ok(Vec::new()),
    }
}

/// A table with its indexes and its TOAST table.
fn check_table(cx: Ctx<'_>, entry: &RelationEntry) -> Result<Vec<Problem>> {
    cx.session.locks.check_interrupts()?;
    let Some(table) = &entry.table else { return Ok(Vec::new()) };
    let mut checker = Checker { store: &cx.session.store, problems: Vec::new() };
    let is_readable = checker.pages(table)?;
    if entry.kind() == b'S' {
        return Ok(checker.problems);
    }
    let census = match is_readable {
        true => checker.attempt(table, |store| heap::check(store, table))?,
        false => None,
    };
    for oid in &entry.indexes {
        checker.index(&cx.catalog(), *oid, census.as_ref())?;
    }
    let mut problems = checker.problems;
    if entry.class.reltoastrelid.is_valid()
        && let Some(toast) = cx.catalog().relation(entry.class.reltoastrelid)?
    {
        problems.extend(check_table(cx, &toast)?);
    }
    Ok(problems)
}

struct Checker<'a> {
    store: &'a Arc<Store>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn tell(&mut self, relation: &Relation, block: Option<BlockNumber>, text: String) {
        let place = format!("{}.{} ({})", relation.namespace, relation.name, relation.file);
        self.problems.push(Problem { place, block, text });
    }

    /// Does a check; what it finds wrong is a problem. Errors: those that say nothing about the data.
    fn attempt<T>(&mut self, relation: &Relation, check: impl FnOnce(&Arc<Store>) -> Result<T>) -> Result<Option<T>> {
        match check(self.store) {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_problem(&error) => {
                self.tell(relation, None, error.message().to_owned());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads each page of each fork. True if all could be read.
    fn pages(&mut self, relation: &Relation) -> Result<bool> {
        let before = self.problems.len();
        for fork in Fork::ALL {
            if fork != Fork::Main && !self.store.smgr.exists(relation.fork(fork))? {
                continue;
            }
            let blocks = self.attempt(relation, |store| store.smgr.blocks(relation.fork(fork)))?.unwrap_or(0);
            for block in (0..blocks).map(BlockNumber) {
                match self.store.read_fork(relation, fork, block) {
                    Ok(_) => {}
                    Err(error) if is_problem(&error) => self.tell(relation, Some(block), error.message().to_owned()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.problems.len() == before)
    }

    fn index(&mut self, catalog: &Catalog<'_>, oid: Oid, census: Option<&HeapCensus>) -> Result<()> {
        let Some(entry) = catalog.relation(oid)? else { return Ok(()) };
        let (Some(index), Some(row)) = (&entry.stored_index, &entry.index) else { return Ok(()) };
        if !row.indisvalid || !self.pages(&index.relation)? {
            return Ok(());
        }
        let Some(entries) = self.attempt(&index.relation, |store| btree::check(store, index))? else { return Ok(()) };
        let Some(census) = census else { return Ok(()) };
        self.attempt(&index.relation, |_| compare(census, &entries, index, row)).map(drop)
    }
}

/// An index's entries against its table. Of one with a condition or expressions only that its entries lead to rows.
fn compare(census: &HeapCensus, entries: &[(Vec<Datum>, Tid)], index: &Index, row: &PgIndex) -> Result<()> {
    let columns: Option<Vec<usize>> = index.table_columns.iter().copied().collect();
    match columns {
        Some(columns) if row.indpred.is_none() => {
            let key = |values: &[Datum]| columns.iter().map(|column| values[*column].clone()).collect();
            heap::check_index(census, entries, key)
        }
        _ => {
            let rows = HeapCensus { live: std::collections::BTreeMap::new(), roots: census.roots.clone() };
            heap::check_index(&rows, entries, <[Datum]>::to_vec)
        }
    }
}

/// The files in the database's directory against pg_class. While a transaction writes, files without a row may be its own: they are not told.
fn files(cx: Ctx<'_>) -> Result<Vec<Problem>> {
    let store = &cx.session.store;
    let database = cx.session.database;
    let listed: Vec<RelFile> = store
        .smgr
        .relation_numbers(database)?
        .into_iter()
        .map(|number| RelFile { tablespace: DEFAULT_TABLESPACE, database, number })
        .collect();
    let writers = store.xacts.running_xids(store.xacts.oldest_active_xid()).len();
    let classes = cx.catalog().scan::<PgClass>(&[] as &[Key])?;
    let known: BTreeSet<_> = classes.iter().filter_map(|class| schema::relation_file(class, database)).collect();
    if writers > 0 {
        return Ok(Vec::new());
    }
    let orphan = |file: &RelFile| Problem {
        place: file.to_string(),
        block: None,
        text: "no row of pg_class has this file".to_owned(),
    };
    Ok(listed.iter().filter(|file| !known.contains(file)).map(orphan).collect())
}

/// True for an error that is a problem of what is looked at: damage, or a disk that does not give it.
fn is_problem(error: &Error) -> bool {
    error.code().is_damage() || error.code() == SqlState::IO_ERROR
}
