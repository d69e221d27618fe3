//! Nodes that keep rows: Sort, incremental sort, Material, Memoize.

use super::{Builder, NodeState};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_exprs};
use crate::store::{GroupTable, RowBuffer, SortKey, SortStats, Sorter, Tuplestore, hash_combine};
use crate::types::Types;
use analyze::expr::Expr;
use analyze::query::TargetEntry;
use builtins::Hasher;
use plan::node::{IncrementalSort, Memoize, Plan, Sort, SortColumn};
use report::Result;
use tuple::{Comparator, Datum};

/// The keys of a sort over an output list.
pub fn sort_keys(builder: &Builder<'_>, columns: &[SortColumn], targets: &[TargetEntry]) -> Result<Vec<SortKey>> {
    columns
        .iter()
        .map(|column| {
            let at = column.column as usize - 1;
            let type_oid = targets[at].expr.type_of();
            let (comparator, descending) =
                crate::lookup::ordering(builder.cx, column.operator, type_oid, column.collation)?;
            Ok(SortKey { column: at, comparator, descending, nulls_first: column.nulls_first })
        })
        .collect()
}

/// A Sort at work.
pub struct SortState {
    child: NodeState,
    keys: Vec<SortKey>,
    width: usize,
    work_mem: usize,
    /// At most so many rows are wanted.
    pub bound: Option<u64>,
    sorter: Option<Sorter>,
    row: Vec<Datum>,
    /// For EXPLAIN ANALYZE.
    pub stats: SortStats,
}

impl SortState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &Sort) -> Result<SortState> {
        Ok(SortState {
            keys: sort_keys(builder, &node.keys, &node.child.targetlist)?,
            width: node.child.targetlist.len(),
            child: builder.build(&node.child)?,
            work_mem: builder.work_mem,
            bound: None,
            sorter: None,
            row: Vec::new(),
            stats: SortStats::default(),
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.sorter.is_none() {
            let bound = self.bound.map(|b| b as usize);
            let mut sorter = Sorter::new(self.width, self.keys.clone(), self.work_mem, bound);
            while self.child.next(env)? {
                sorter.push(self.child.row(), &mut env.temp_space())?;
            }
            env.check_interrupts()?;
            sorter.finish(&mut env.temp_space())?;
            self.stats = sorter.stats();
            self.sorter = Some(sorter);
        }
        self.sorter.as_mut().expect("made above").next(&mut self.row)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        if let Some(sorter) = &mut self.sorter {
            if !self.child.depends_on(changed) && self.bound.is_none() {
                return sorter.rewind();
            }
            self.sorter = None;
        }
        self.child.rescan(env, changed)
    }

    /// Drops the rows.
    pub fn forget(&mut self) {
        self.sorter = None;
        self.bound = None;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// An IncrementalSort at work: group by group of the columns that are sorted already.
pub struct IncrementalSortState {
    child: NodeState,
    keys: Vec<SortKey>,
    presorted: usize,
    width: usize,
    work_mem: usize,
    sorter: Option<Sorter>,
    /// The first row of the next group.
    next_first: Option<Vec<Datum>>,
    ended: bool,
    row: Vec<Datum>,
}

impl IncrementalSortState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &IncrementalSort) -> Result<IncrementalSortState> {
        Ok(IncrementalSortState {
            keys: sort_keys(builder, &node.keys, &node.child.targetlist)?,
            presorted: node.presorted,
            width: node.child.targetlist.len(),
            child: builder.build(&node.child)?,
            work_mem: builder.work_mem,
            sorter: None,
            next_first: None,
            ended: false,
            row: Vec::new(),
        })
    }

    fn load_group(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let first = match self.next_first.take() {
            Some(row) => row,
            None if self.ended => return Ok(false),
            None if self.child.next(env)? => self.child.row().to_vec(),
            None => {
                self.ended = true;
                return Ok(false);
            }
        };
        let mut sorter = Sorter::new(self.width, self.keys.clone(), self.work_mem, None);
        sorter.push(&first, &mut env.temp_space())?;
        loop {
            if !self.child.next(env)? {
                self.ended = true;
                break;
            }
            let row = self.child.row();
            if self.keys[..self.presorted].iter().any(|key| key.compare(&first, row).is_ne()) {
                self.next_first = Some(row.to_vec());
                break;
            }
            sorter.push(row, &mut env.temp_space())?;
        }
        sorter.finish(&mut env.temp_space())?;
        self.sorter = Some(sorter);
        Ok(true)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if let Some(sorter) = &mut self.sorter
                && sorter.next(&mut self.row)?
            {
                return Ok(true);
            }
            if !self.load_group(env)? {
                return Ok(false);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.sorter = None;
        self.next_first = None;
        self.ended = false;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A Material at work.
pub struct MaterialState {
    child: NodeState,
    store: Tuplestore,
    at: u64,
    ended: bool,
    /// The child has rows of another run.
    stale: bool,
    row: Vec<Datum>,
}

impl MaterialState {
    pub(super) fn build(builder: &mut Builder<'_>, child: &Plan) -> Result<MaterialState> {
        let store = Tuplestore::new(child.targetlist.len(), builder.work_mem);
        Ok(MaterialState { child: builder.build(child)?, store, at: 0, ended: false, stale: false, row: Vec::new() })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.at < self.store.len() {
            let row = self.store.row(self.at)?.expect("within the length");
            self.row.clear();
            self.row.extend_from_slice(row);
            self.at += 1;
            return Ok(true);
        }
        if self.ended || !self.child.next(env)? {
            self.ended = true;
            return Ok(false);
        }
        self.row.clear();
        self.row.extend_from_slice(self.child.row());
        self.store.push(&self.row, &mut env.temp_space())?;
        self.at += 1;
        Ok(true)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.at = 0;
        if std::mem::take(&mut self.stale) || self.child.depends_on(changed) {
            self.store.clear();
            self.ended = false;
            return self.child.rescan(env, changed);
        }
        Ok(())
    }

    /// The place that the next row comes from.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Drops the rows.
    pub fn forget(&mut self) {
        self.store.clear();
        self.ended = false;
        self.stale = true;
        self.at = 0;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A Memoize at work: complete results by parameter values, forgotten all at once when memory is full.
pub struct MemoizeState {
    child: NodeState,
    keys: Program,
    hashers: Vec<Hasher>,
    comparators: Vec<Comparator>,
    table: GroupTable,
    results: Vec<RowBuffer>,
    bytes: usize,
    memory: usize,
    width: usize,
    single_row: bool,
    /// The parameters in the keys.
    key_params: Vec<i32>,
    place: Place,
    key: Vec<Datum>,
    row: Vec<Datum>,
    pending: Vec<i32>,
    /// For EXPLAIN ANALYZE: hits, misses, evictions, overflows.
    pub stats: (u64, u64, u64, u64),
    /// For EXPLAIN ANALYZE: the most bytes that results took.
    pub peak_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Cached { entry: usize, at: usize },
    Filling { hash: u64 },
    Passing,
    End,
}

impl MemoizeState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &Memoize) -> Result<MemoizeState> {
        let types = Types(builder.cx);
        let mut hashers = Vec::new();
        let mut comparators = Vec::new();
        for (key, collation) in node.keys.iter().zip(&node.collations) {
            hashers.push(builtins::hasher(key.type_of(), *collation, &types)?);
            comparators.push(builtins::comparator(key.type_of(), *collation, &types)?);
        }
        let width = node.child.targetlist.len();
        let mut key_params = Vec::new();
        for key in &node.keys {
            analyze::walk::for_each(key, &mut |e| {
                if let Expr::Param(param) = e {
                    key_params.push(param.id);
                }
            });
        }
        Ok(MemoizeState {
            child: builder.build(&node.child)?,
            keys: compile_exprs(builder.cx, &node.keys)?,
            table: GroupTable::new(hashers.len()),
            hashers,
            comparators,
            results: Vec::new(),
            bytes: 0,
            memory: builder.hash_mem,
            width,
            single_row: node.single_row,
            key_params,
            place: Place::Start,
            key: Vec::new(),
            row: Vec::new(),
            pending: Vec::new(),
            stats: (0, 0, 0, 0),
            peak_bytes: 0,
        })
    }

    fn begin(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut key = std::mem::take(&mut self.key);
        self.keys.project(&Rows::default(), env, &mut key)?;
        let hash = self.hashers.iter().zip(&key).fold(0, |code, (h, v)| hash_combine(code, h.hash(v)));
        let comparators = &self.comparators;
        let found = self.table.find(hash, |known| {
            known.iter().zip(&key).zip(comparators).all(|((a, b), c)| match (a.is_null(), b.is_null()) {
                (false, false) => c.compare(a, b).is_eq(),
                (a, b) => a == b,
            })
        });
        self.key = key;
        if let Some(entry) = found {
            self.stats.0 += 1;
            self.place = Place::Cached { entry, at: 0 };
            return Ok(());
        }
        self.stats.1 += 1;
        if self.bytes > self.memory {
            self.stats.2 += self.results.len() as u64;
            self.table.clear();
            self.results.clear();
            self.bytes = 0;
        }
        let changed = std::mem::take(&mut self.pending);
        self.child.rescan(env, &changed)?;
        self.results.push(RowBuffer::new(self.width));
        self.place = Place::Filling { hash };
        Ok(())
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.place == Place::Start {
            self.begin(env)?;
        }
        match self.place {
            Place::Cached { entry, at } => {
                let rows = &self.results[entry];
                if at >= rows.len() {
                    self.place = Place::End;
                    return Ok(false);
                }
                self.row.clear();
                self.row.extend_from_slice(rows.row(at));
                self.place = Place::Cached { entry, at: at + 1 };
                Ok(true)
            }
            Place::Filling { hash } => self.fill(hash, env),
            Place::Passing => {
                if !self.child.next(env)? {
                    self.place = Place::End;
                    return Ok(false);
                }
                self.row.clear();
                self.row.extend_from_slice(self.child.row());
                Ok(true)
            }
            Place::End => Ok(false),
            Place::Start => unreachable!("begun above"),
        }
    }

    fn fill(&mut self, hash: u64, env: &mut Env<'_>) -> Result<bool> {
        if !self.child.next(env)? {
            self.complete(hash);
            return Ok(false);
        }
        self.row.clear();
        self.row.extend_from_slice(self.child.row());
        let rows = self.results.last_mut().expect("pushed by begin");
        let before = rows.memory_bytes();
        rows.push(&self.row);
        self.bytes += rows.memory_bytes() - before;
        if self.bytes > self.memory {
            self.stats.3 += 1;
            self.results.pop();
            self.place = Place::Passing;
        } else if self.single_row {
            self.complete(hash);
        }
        Ok(true)
    }

    fn complete(&mut self, hash: u64) {
        self.table.insert(hash, &self.key);
        self.bytes += self.key.len() * size_of::<Datum>() + 64;
        self.peak_bytes = self.peak_bytes.max(self.bytes);
        self.place = Place::End;
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, _env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        // An unfinished entry is no use.
        if matches!(self.place, Place::Filling { .. }) {
            self.results.pop();
        }
        self.place = Place::Start;
        // Results are good only as long as nothing changes but the keys.
        if changed.iter().any(|p| !self.key_params.contains(p) && self.child.depends_on(&[*p])) {
            self.forget();
        }
        for param in changed {
            if !self.pending.contains(param) {
                self.pending.push(*param);
            }
        }
        Ok(())
    }

    /// Drops all results.
    pub fn forget(&mut self) {
        self.table.clear();
        self.results.clear();
        self.bytes = 0;
        self.place = Place::Start;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}
