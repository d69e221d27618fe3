//! Nested loop and hash joins.

use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_condition, compile_exprs};
use crate::store::{JoinTable, RunReader, RunWriter, hash_combine};
use crate::types::Types;
use analyze::query::JoinType;
use builtins::Hasher;
use plan::node::{HashJoin, NestLoop, Node, Plan};
use report::{Error, Result, unsupported};
use tuple::{Comparator, Datum};

/// A NestLoop at work.
pub struct NestLoopState {
    join_type: JoinType,
    outer: NodeState,
    inner: NodeState,
    single: bool,
    join_qual: Option<Program>,
    output: Output,
    params: Option<Program>,
    param_ids: Vec<i32>,
    param_row: Vec<Datum>,
    nulls: Vec<Datum>,
    need_outer: bool,
    matched: bool,
    /// Pairs that failed the join's condition.
    pub filtered: u64,
}

impl NestLoopState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &NestLoop) -> Result<NestLoopState> {
        if matches!(node.join_type, JoinType::Right | JoinType::Full) {
            return Err(Error::internal("nested loops do no right or full joins"));
        }
        let exprs: Vec<_> = node.params.iter().map(|(_, e)| e.clone()).collect();
        let params = if exprs.is_empty() { None } else { Some(compile_exprs(builder.cx, &exprs)?) };
        let inner = builder.build(&node.inner)?;
        Ok(NestLoopState {
            join_type: node.join_type,
            outer: builder.build(&node.outer)?,
            nulls: vec![Datum::Null; inner.width()],
            inner,
            single: node.inner_unique || node.join_type == JoinType::Semi,
            join_qual: compile_condition(builder.cx, &node.join_qual)?,
            output: builder.output(plan)?,
            params,
            param_ids: node.params.iter().map(|(id, _)| *id).collect(),
            param_row: Vec::new(),
            need_outer: true,
            matched: false,
            filtered: 0,
        })
    }

    /// Takes the next outer row and starts the inner side for it.
    fn advance(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if !self.outer.next(env)? {
            return Ok(false);
        }
        if let Some(params) = &mut self.params {
            params.project(&Rows::outer(self.outer.row()), env, &mut self.param_row)?;
            for (id, value) in self.param_ids.iter().zip(self.param_row.drain(..)) {
                env.es.set_param(*id as u32, value);
            }
        }
        match crate::subplans::note_changed(env, &self.param_ids) {
            None => self.inner.rescan(env, &self.param_ids)?,
            Some(changed) => self.inner.rescan(env, &changed)?,
        }
        self.need_outer = false;
        self.matched = false;
        Ok(true)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if self.need_outer && !self.advance(env)? {
                return Ok(false);
            }
            if !self.inner.next(env)? {
                self.need_outer = true;
                let keep = !self.matched && matches!(self.join_type, JoinType::Left | JoinType::Anti);
                if keep {
                    let rows = Rows { outer: self.outer.row(), inner: &self.nulls, ..Rows::default() };
                    if self.output.emit(&rows, env)? {
                        return Ok(true);
                    }
                }
                continue;
            }
            let rows = Rows { outer: self.outer.row(), inner: self.inner.row(), ..Rows::default() };
            if let Some(qual) = &mut self.join_qual
                && !qual.holds(&rows, env)?
            {
                self.filtered += 1;
                continue;
            }
            self.matched = true;
            if self.join_type == JoinType::Anti {
                self.need_outer = true;
                continue;
            }
            if self.single {
                self.need_outer = true;
            }
            if self.output.emit(&rows, env)? {
                return Ok(true);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.output.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.need_outer = true;
        self.outer.rescan(env, changed)?;
        // The inner side starts with each outer row; what changed outside must reach it all the same.
        if self.inner.depends_on(changed) {
            self.inner.rescan(env, changed)?;
        }
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.outer, &mut self.inner]
    }

    /// Rows thrown away by the filter.
    pub fn output_filtered(&self) -> u64 {
        self.output.filtered
    }
}

/// The rows of one side that belong to a batch, in a file.
struct BatchFiles {
    outer: Option<RunWriter>,
    inner: Option<RunWriter>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Build,
    NeedOuter,
    Scan,
    Unmatched { at: u32 },
    NextBatch,
    Done,
}

/// A HashJoin at work.
///
/// Rows of the inner side go into a hash table. When that is over its limit, rows are divided by their hash into
/// batches: the first stays in memory, the others wait in files, with the outer rows that belong to them.
pub struct HashJoinState {
    join_type: JoinType,
    outer: NodeState,
    inner: NodeState,
    single: bool,
    join_qual: Option<Program>,
    output: Output,
    outer_keys: Program,
    inner_keys: Program,
    hashers: Vec<Hasher>,
    comparators: Vec<Comparator>,
    inner_key_columns: usize,
    table: JoinTable,
    /// Inner rows with null keys: kept for right and full joins.
    null_rows: Vec<Vec<Datum>>,
    batches: Vec<BatchFiles>,
    batch_count: usize,
    batch: usize,
    batch_outer: Option<RunReader>,
    hash_mem: usize,
    phase: Phase,
    outer_row: Vec<Datum>,
    outer_key: Vec<Datum>,
    outer_hash: u64,
    from: Option<u32>,
    matched: bool,
    scratch: Vec<Datum>,
    outer_nulls: Vec<Datum>,
    inner_nulls: Vec<Datum>,
    inner_width: usize,
    /// For EXPLAIN ANALYZE: buckets, batches, bytes.
    pub stats: (usize, usize, usize),
    /// Pairs that failed the join's condition.
    pub filtered: u64,
}

impl HashJoinState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &HashJoin) -> Result<HashJoinState> {
        let Node::Hash(hash) = &node.inner.node else { return Err(Error::internal("hash join without hash")) };
        let types = Types(builder.cx);
        let mut hashers = Vec::new();
        let mut comparators = Vec::new();
        for (place, operator) in node.operators.iter().enumerate() {
            let (left, right) = crate::lookup::operator_types(builder.cx, *operator)?;
            let collation = node.collations[place];
            let actual = node.outer_keys[place].type_of();
            let polymorphic = matches!(left.0, 2277 | 2283 | 2249 | 3500 | 3831 | 4537);
            let compared = if polymorphic { actual } else { left };
            hashers.push(builtins::hasher(compared, collation, &types)?);
            comparators.push(crate::lookup::equality(builder.cx, *operator, left, right, compared, collation)?);
        }
        let inner = builder.build(&hash.child)?;
        let outer = builder.build(&node.outer)?;
        let keys = hashers.len();
        let inner_width = inner.width();
        Ok(HashJoinState {
            join_type: node.join_type,
            single: node.inner_unique || node.join_type == JoinType::Semi,
            join_qual: compile_condition(builder.cx, &node.join_qual)?,
            output: builder.output(plan)?,
            outer_keys: compile_exprs(builder.cx, &node.outer_keys)?,
            inner_keys: compile_exprs(builder.cx, &node.inner_keys)?,
            hashers,
            comparators,
            inner_key_columns: keys,
            // A stored row is its keys, then its columns.
            table: JoinTable::new(keys + inner_width),
            null_rows: Vec::new(),
            batches: Vec::new(),
            batch_count: 1,
            batch: 0,
            batch_outer: None,
            hash_mem: builder.hash_mem.max(64 * 1024),
            phase: Phase::Build,
            outer_row: Vec::new(),
            outer_key: Vec::new(),
            outer_hash: 0,
            from: None,
            matched: false,
            scratch: Vec::new(),
            outer_nulls: vec![Datum::Null; outer.width()],
            inner_nulls: vec![Datum::Null; inner_width],
            inner_width,
            stats: (0, 1, 0),
            filtered: 0,
            outer,
            inner,
        })
    }

    fn hash(&self, keys: &[Datum]) -> Option<u64> {
        let mut code = 0;
        for (hasher, key) in self.hashers.iter().zip(keys) {
            if key.is_null() {
                return None;
            }
            code = hash_combine(code, hasher.hash(key));
        }
        Some(code)
    }

    fn batch_of(&self, hash: u64) -> usize {
        (hash >> 40) as usize % self.batch_count
    }

    fn keeps_inner(&self) -> bool {
        matches!(self.join_type, JoinType::Right | JoinType::Full)
    }

    fn keeps_outer(&self) -> bool {
        matches!(self.join_type, JoinType::Left | JoinType::Full | JoinType::Anti)
    }

    fn build_table(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut stored = Vec::new();
        while self.inner.next(env)? {
            let row = self.inner.row();
            self.inner_keys.project(&Rows::outer(row), env, &mut self.scratch)?;
            match self.hash(&self.scratch) {
                None if self.keeps_inner() => self.null_rows.push(row.to_vec()),
                None => {}
                Some(hash) => {
                    stored.clear();
                    stored.append(&mut self.scratch);
                    stored.extend_from_slice(row);
                    self.store_inner(hash, &stored, env)?;
                }
            }
        }
        self.table.build();
        self.stats = (self.table.buckets(), self.batch_count, self.table.memory_bytes());
        Ok(())
    }

    fn store_inner(&mut self, hash: u64, stored: &[Datum], env: &mut Env<'_>) -> Result<()> {
        let batch = self.batch_of(hash);
        if batch != self.batch {
            return self.spill_inner(batch, stored, env);
        }
        self.table.push(hash, stored);
        if self.table.memory_bytes() > self.hash_mem
            && self.batch == 0
            && self.batch_count < 4096
            && self.batches.is_empty()
        {
            self.divide(env)?;
        }
        Ok(())
    }

    fn spill_inner(&mut self, batch: usize, stored: &[Datum], env: &mut Env<'_>) -> Result<()> {
        let file = &mut self.batches[batch];
        if file.inner.is_none() {
            file.inner = Some(RunWriter::create(&mut env.temp_space())?);
        }
        file.inner.as_mut().expect("made above").push(stored)
    }

    /// Begins to work in batches: what is in memory is divided.
    fn divide(&mut self, env: &mut Env<'_>) -> Result<()> {
        // How many rows are still to come is not known; a generous division costs only files that stay small.
        self.batch_count = 32;
        self.batches = (0..self.batch_count).map(|_| BatchFiles { outer: None, inner: None }).collect();
        let (rows, hashes) = self.table.drain();
        for (at, hash) in hashes.into_iter().enumerate() {
            match self.batch_of(hash) {
                0 => self.table.push(hash, rows.row(at)),
                batch => self.spill_inner(batch, rows.row(at), env)?,
            }
        }
        Ok(())
    }

    /// Takes the next outer row of the present batch; false at its end.
    fn advance(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if let Some(reader) = &mut self.batch_outer {
                if !reader.next(&mut self.outer_row)? {
                    return Ok(false);
                }
            } else if self.batch == 0 {
                if !self.outer.next(env)? {
                    return Ok(false);
                }
                self.outer_row.clear();
                self.outer_row.extend_from_slice(self.outer.row());
            } else {
                return Ok(false);
            }
            self.outer_keys.project(&Rows::outer(&self.outer_row), env, &mut self.outer_key)?;
            self.matched = false;
            match self.hash(&self.outer_key) {
                None if self.keeps_outer() => {
                    self.from = None;
                    self.outer_hash = u64::MAX;
                    self.outer_key.clear();
                    return Ok(true);
                }
                None => continue,
                Some(hash) => {
                    let batch = self.batch_of(hash);
                    if batch != self.batch {
                        let file = &mut self.batches[batch];
                        if file.outer.is_none() {
                            file.outer = Some(RunWriter::create(&mut env.temp_space())?);
                        }
                        file.outer.as_mut().expect("made above").push(&self.outer_row)?;
                        continue;
                    }
                    self.outer_hash = hash;
                    self.from = None;
                    return Ok(true);
                }
            }
        }
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            match self.phase {
                Phase::Build => {
                    self.build_table(env)?;
                    let no_inner = self.table.is_empty() && self.batch_count == 1;
                    let useless = no_inner && !self.keeps_outer() && self.null_rows.is_empty();
                    self.phase = if useless { Phase::Done } else { Phase::NeedOuter };
                }
                Phase::NeedOuter => {
                    self.phase = match self.advance(env)? {
                        true => Phase::Scan,
                        false if self.keeps_inner() => Phase::Unmatched { at: 0 },
                        false => Phase::NextBatch,
                    };
                }
                Phase::Scan => {
                    if self.scan(env)? {
                        return Ok(true);
                    }
                }
                Phase::Unmatched { at } => {
                    if self.unmatched(at, env)? {
                        return Ok(true);
                    }
                }
                Phase::NextBatch => self.next_batch(env)?,
                Phase::Done => return Ok(false),
            }
        }
    }

    /// Looks for the next partner of the outer row. True if a row is to be given.
    fn scan(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if !self.outer_key.is_empty() || self.inner_key_columns == 0 {
            while let Some(at) = self.table.probe(self.outer_hash, self.from) {
                self.from = Some(at);
                let stored = self.table.row(at);
                let (keys, inner) = stored.split_at(self.inner_key_columns);
                let same =
                    self.comparators.iter().enumerate().all(|(i, c)| c.compare(&self.outer_key[i], &keys[i]).is_eq());
                if !same {
                    continue;
                }
                let rows = Rows { outer: &self.outer_row, inner, ..Rows::default() };
                if let Some(qual) = &mut self.join_qual
                    && !qual.holds(&rows, env)?
                {
                    self.filtered += 1;
                    continue;
                }
                self.matched = true;
                if self.join_type == JoinType::Anti {
                    self.phase = Phase::NeedOuter;
                    return Ok(false);
                }
                if self.single {
                    self.phase = Phase::NeedOuter;
                }
                let emitted = self.output.emit(&rows, env)?;
                if matches!(self.join_type, JoinType::Right | JoinType::Full) {
                    self.table.set_matched(at);
                }
                if emitted {
                    return Ok(true);
                }
                if self.single {
                    return Ok(false);
                }
            }
        }
        self.phase = Phase::NeedOuter;
        if !self.matched && self.keeps_outer() {
            let rows = Rows { outer: &self.outer_row, inner: &self.inner_nulls, ..Rows::default() };
            return self.output.emit(&rows, env);
        }
        Ok(false)
    }

    /// Gives inner rows without partner, from row `at` on.
    fn unmatched(&mut self, at: u32, env: &mut Env<'_>) -> Result<bool> {
        let mut at = at;
        let stored = self.table.len() as u32;
        loop {
            let nulls = if self.batch == 0 { self.null_rows.len() as u32 } else { 0 };
            if at >= stored + nulls {
                self.phase = Phase::NextBatch;
                return Ok(false);
            }
            let inner = match at < stored {
                true if self.table.is_matched(at) => {
                    at += 1;
                    continue;
                }
                true => &self.table.row(at)[self.inner_key_columns..],
                false => self.null_rows[(at - stored) as usize].as_slice(),
            };
            at += 1;
            let rows = Rows { outer: &self.outer_nulls, inner, ..Rows::default() };
            if self.output.emit(&rows, env)? {
                self.phase = Phase::Unmatched { at };
                return Ok(true);
            }
        }
    }

    fn next_batch(&mut self, env: &mut Env<'_>) -> Result<()> {
        env.check_interrupts()?;
        loop {
            self.batch += 1;
            if self.batch >= self.batch_count {
                self.phase = Phase::Done;
                return Ok(());
            }
            let files = std::mem::replace(&mut self.batches[self.batch], BatchFiles { outer: None, inner: None });
            let useless = match (files.outer.is_some(), files.inner.is_some()) {
                (false, false) => true,
                (false, true) => !self.keeps_inner(),
                (true, false) => !self.keeps_outer(),
                (true, true) => false,
            };
            if useless {
                continue;
            }
            self.load_batch(files, env)?;
            self.phase = Phase::NeedOuter;
            return Ok(());
        }
    }

    fn load_batch(&mut self, files: BatchFiles, env: &mut Env<'_>) -> Result<()> {
        let width = self.inner_key_columns + self.inner_width;
        self.table = JoinTable::new(width);
        if let Some(inner) = files.inner {
            let mut reader = inner.finish(width)?;
            let mut stored = Vec::new();
            while reader.next(&mut stored)? {
                let hash = self.hash(&stored[..self.inner_key_columns]).expect("null keys are not stored");
                self.table.push(hash, &stored);
            }
        }
        self.table.build();
        self.batch_outer = match files.outer {
            Some(outer) => Some(outer.finish(self.outer_nulls.len())?),
            None => None,
        };
        if self.batch_outer.is_none() && !self.keeps_inner() {
            unsupported!("an empty batch");
        }
        let _ = env;
        Ok(())
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.output.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        let reusable = self.phase != Phase::Build && self.batch_count == 1 && !self.inner.depends_on(changed);
        if reusable {
            self.table.reset_matched();
            self.phase = Phase::NeedOuter;
        } else {
            self.table = JoinTable::new(self.inner_key_columns + self.inner_width);
            self.null_rows.clear();
            self.batches.clear();
            self.batch_count = 1;
            self.phase = Phase::Build;
            self.inner.rescan(env, changed)?;
        }
        self.batch = 0;
        self.batch_outer = None;
        self.outer.rescan(env, changed)
    }

    /// Drops the table.
    pub fn forget(&mut self) {
        self.phase = Phase::Build;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.outer, &mut self.inner]
    }

    /// Rows thrown away by the filter.
    pub fn output_filtered(&self) -> u64 {
        self.output.filtered
    }
}
