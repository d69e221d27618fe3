//! Nodes over rows as such: Unique, SetOp, Limit; and keys by which rows are the same.

use super::{Builder, NodeState};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_exprs};
use crate::store::{GroupTable, hash_combine};
use crate::types::Types;
use analyze::query::TargetEntry;
use builtins::Hasher;
use plan::node::{GroupColumn, Limit, Plan, SetOp, SetOpCommand, Unique};
use report::{Result, error};
use tuple::{Comparator, Datum};

/// Columns that decide whether rows are the same.
pub struct KeySpec {
    columns: Vec<usize>,
    comparators: Vec<Comparator>,
    hashers: Vec<Hasher>,
}

impl KeySpec {
    /// Of columns of an output list.
    pub fn build(builder: &Builder<'_>, columns: &[GroupColumn], targets: &[TargetEntry]) -> Result<KeySpec> {
        let mut spec = KeySpec { columns: Vec::new(), comparators: Vec::new(), hashers: Vec::new() };
        let types = Types(builder.cx);
        for column in columns {
            let at = column.column as usize - 1;
            let type_oid = targets[at].expr.type_of();
            spec.columns.push(at);
            spec.comparators.push(builtins::comparator(type_oid, column.collation, &types).or_else(|_| {
                // Types that can only be compared for equality.
                builtins::comparator(base::Oid(17), base::Oid::INVALID, &types)
            })?);
            spec.hashers.push(builtins::hasher(type_oid, column.collation, &types)?);
        }
        Ok(spec)
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// The columns, from 0.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The hash of a row's key.
    #[inline]
    pub fn hash(&self, row: &[Datum]) -> u64 {
        let mut code = 0;
        for (at, hasher) in self.columns.iter().zip(&self.hashers) {
            code = hash_combine(code, hasher.hash(&row[*at]));
        }
        code
    }

    /// True if two rows have the same key; nulls are the same.
    #[inline]
    pub fn same(&self, a: &[Datum], b: &[Datum]) -> bool {
        self.columns.iter().zip(&self.comparators).all(|(at, c)| same(c, &a[*at], &b[*at]))
    }

    /// True if a row's key is this one.
    #[inline]
    pub fn matches(&self, row: &[Datum], key: &[Datum]) -> bool {
        self.columns.iter().zip(&self.comparators).enumerate().all(|(i, (at, c))| same(c, &row[*at], &key[i]))
    }

    /// Adds a row's key to a table of keys; false if it was there.
    pub fn add_to(&self, table: &mut GroupTable, row: &[Datum]) -> bool {
        let code = self.hash(row);
        if table.find(code, |key| self.matches(row, key)).is_some() {
            return false;
        }
        let key: Vec<Datum> = self.columns.iter().map(|at| row[*at].clone()).collect();
        table.insert(code, &key);
        true
    }
}

#[inline]
fn same(comparator: &Comparator, a: &Datum, b: &Datum) -> bool {
    match (a.is_null(), b.is_null()) {
        (false, false) => comparator.compare(a, b).is_eq(),
        (a, b) => a == b,
    }
}

/// A Unique at work.
pub struct UniqueState {
    child: NodeState,
    spec: KeySpec,
    last: Option<Vec<Datum>>,
}

impl UniqueState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &Unique) -> Result<UniqueState> {
        let spec = KeySpec::build(builder, &node.columns, &node.child.targetlist)?;
        Ok(UniqueState { child: builder.build(&node.child)?, spec, last: None })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        while self.child.next(env)? {
            let row = self.child.row();
            if self.last.as_ref().is_some_and(|last| self.spec.same(last, row)) {
                continue;
            }
            match &mut self.last {
                Some(last) => last.clone_from_slice(row),
                None => self.last = Some(row.to_vec()),
            }
            return Ok(true);
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.child.row()
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.last = None;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A SetOp at work.
pub struct SetOpState {
    child: NodeState,
    spec: KeySpec,
    command: SetOpCommand,
    flag: usize,
    first_flag: i32,
    width: usize,
    /// Rows and how often each came from either side, in order of arrival (hashed) or of the sort.
    groups: Option<Vec<(Vec<Datum>, u64, u64)>>,
    at: usize,
    repeat: u64,
    row: Vec<Datum>,
}

impl SetOpState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &SetOp) -> Result<SetOpState> {
        Ok(SetOpState {
            spec: KeySpec::build(builder, &node.columns, &node.child.targetlist)?,
            child: builder.build(&node.child)?,
            command: node.command,
            flag: node.flag_column as usize - 1,
            first_flag: node.first_flag,
            width: plan.targetlist.len(),
            groups: None,
            at: 0,
            repeat: 0,
            row: Vec::new(),
        })
    }

    fn load(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut table = GroupTable::new(self.spec.len());
        let mut groups: Vec<(Vec<Datum>, u64, u64)> = Vec::new();
        while self.child.next(env)? {
            let row = self.child.row();
            let code = self.spec.hash(row);
            let at = match table.find(code, |key| self.spec.matches(row, key)) {
                Some(at) => at,
                None => {
                    let key: Vec<Datum> = self.spec.columns().iter().map(|at| row[*at].clone()).collect();
                    groups.push((row[..self.width].to_vec(), 0, 0));
                    table.insert(code, &key)
                }
            };
            match row[self.flag] {
                Datum::Int4(flag) if flag == self.first_flag => groups[at].1 += 1,
                _ => groups[at].2 += 1,
            }
        }
        self.groups = Some(groups);
        Ok(())
    }

    fn copies(&self, left: u64, right: u64) -> u64 {
        match self.command {
            SetOpCommand::Intersect => u64::from(left > 0 && right > 0),
            SetOpCommand::IntersectAll => left.min(right),
            SetOpCommand::Except => u64::from(left > 0 && right == 0),
            SetOpCommand::ExceptAll => left.saturating_sub(right),
        }
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.groups.is_none() {
            self.load(env)?;
        }
        if self.repeat > 0 {
            self.repeat -= 1;
            return Ok(true);
        }
        let groups = self.groups.as_ref().expect("loaded above");
        while let Some((row, left, right)) = groups.get(self.at) {
            self.at += 1;
            let copies = self.copies(*left, *right);
            if copies > 0 {
                self.row.clone_from(row);
                self.repeat = copies - 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.at = 0;
        self.repeat = 0;
        if self.groups.is_some() && !self.child.depends_on(changed) {
            return Ok(());
        }
        self.groups = None;
        self.child.rescan(env, changed)
    }

    /// Drops the groups.
    pub fn forget(&mut self) {
        self.groups = None;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A Limit at work.
pub struct LimitState {
    child: NodeState,
    values: Program,
    has_offset: bool,
    has_count: bool,
    ties: Option<KeySpec>,
    /// Offset and count, once evaluated.
    window: Option<(u64, Option<u64>)>,
    skipped: bool,
    given: u64,
    last: Vec<Datum>,
    scratch: Vec<Datum>,
}

impl LimitState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &Limit) -> Result<LimitState> {
        let exprs: Vec<_> = node.offset.iter().chain(&node.count).cloned().collect();
        let ties = match node.with_ties {
            true => Some(KeySpec::build(builder, &node.columns, &node.child.targetlist)?),
            false => None,
        };
        Ok(LimitState {
            child: builder.build(&node.child)?,
            values: compile_exprs(builder.cx, &exprs)?,
            has_offset: node.offset.is_some(),
            has_count: node.count.is_some(),
            ties,
            window: None,
            skipped: false,
            given: 0,
            last: Vec::new(),
            scratch: Vec::new(),
        })
    }

    fn evaluate(&mut self, env: &mut Env<'_>) -> Result<(u64, Option<u64>)> {
        let mut values = std::mem::take(&mut self.scratch);
        self.values.project(&Rows::default(), env, &mut values)?;
        let offset = match values.first().filter(|_| self.has_offset) {
            Some(Datum::Int8(n)) if *n < 0 => {
                return Err(error!(INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative"));
            }
            Some(Datum::Int8(n)) => *n as u64,
            _ => 0,
        };
        let count = match values.last().filter(|_| self.has_count) {
            Some(Datum::Int8(n)) if *n < 0 => {
                return Err(error!(INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative"));
            }
            Some(Datum::Int8(n)) => Some(*n as u64),
            _ => None,
        };
        self.scratch = values;
        if let (Some(count), None) = (count, &self.ties) {
            self.child.set_bound(offset.saturating_add(count));
        }
        Ok((offset, count))
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let (offset, count) = match self.window {
            Some(window) => window,
            None => {
                let window = self.evaluate(env)?;
                self.window = Some(window);
                window
            }
        };
        if count == Some(0) {
            return Ok(false);
        }
        if !self.skipped {
            for _ in 0..offset {
                if !self.child.next(env)? {
                    self.given = u64::MAX;
                    break;
                }
            }
            self.skipped = true;
        }
        if self.given == u64::MAX {
            return Ok(false);
        }
        if count.is_some_and(|count| self.given >= count) {
            return self.next_tie(env);
        }
        if !self.child.next(env)? {
            self.given = u64::MAX;
            return Ok(false);
        }
        self.given += 1;
        if self.ties.is_some() && count == Some(self.given) {
            self.last = self.child.row().to_vec();
        }
        Ok(true)
    }

    fn next_tie(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let Some(ties) = &self.ties else { return Ok(false) };
        if self.child.next(env)? && ties.same(&self.last, self.child.row()) {
            return Ok(true);
        }
        self.given = u64::MAX;
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.child.row()
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.window = None;
        self.skipped = false;
        self.given = 0;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}
