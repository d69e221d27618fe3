//! Scans by an index: row by row, from the index alone, and by bitmap.

use super::scan::{recheck_row, table_of, wanted_columns};
use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_condition, compile_exprs};
use access::{Direction, Fetched, IndexScan as AmScan, KeyOp, Row, ScanKey, TableFetch};
use analyze::expr::Expr;
use base::{BlockNumber, Oid, Tid};
use instance::{Counter, Pending};
use plan::node::{BitmapHeapScan, IndexCondition, IndexConditionKind, IndexOnlyScan, IndexScan, Node, Plan};
use report::{Error, Result};
use std::cmp::Ordering;
use std::sync::Arc;
use tuple::{ColumnSet, Comparator, Datum, Repr};

/// A condition, compiled: which column, how compared; its value is a result of the program.
struct Condition {
    column: usize,
    op: KeyOp,
    kind: ConditionKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ConditionKind {
    Value(usize),
    Array(usize),
    Test,
}

/// The conditions of an index scan, and the keys that they come to.
pub struct Conditions {
    conditions: Vec<Condition>,
    values: Program,
    reprs: Vec<Repr>,
    comparators: Vec<Comparator>,
    /// Keys of the scans still to be made (arrays make several), last one first.
    pending: Vec<Vec<ScanKey>>,
    row: Vec<Datum>,
}

fn key_op(strategy: u16) -> Result<KeyOp> {
    Ok(match strategy {
        1 => KeyOp::Less,
        2 => KeyOp::LessEqual,
        3 => KeyOp::Equal,
        4 => KeyOp::GreaterEqual,
        5 => KeyOp::Greater,
        _ => return Err(Error::internal("unknown index strategy")),
    })
}

impl Conditions {
    fn build(builder: &Builder<'_>, index: &access::Index, conditions: &[IndexCondition]) -> Result<Conditions> {
        let mut exprs: Vec<Expr> = Vec::new();
        let mut out = Vec::new();
        for condition in conditions {
            let (op, kind) = match &condition.kind {
                IndexConditionKind::Compare { strategy, value, .. } => {
                    exprs.push(value.clone());
                    (key_op(*strategy)?, ConditionKind::Value(exprs.len() - 1))
                }
                IndexConditionKind::Any { strategy, array, .. } => {
                    exprs.push(array.clone());
                    (key_op(*strategy)?, ConditionKind::Array(exprs.len() - 1))
                }
                IndexConditionKind::Row { strategy, values, .. } => {
                    // The first column bounds the scan; the whole comparison is tested again.
                    exprs.push(values[0].clone());
                    let op = match strategy {
                        1 | 2 => KeyOp::LessEqual,
                        _ => KeyOp::GreaterEqual,
                    };
                    (op, ConditionKind::Value(exprs.len() - 1))
                }
                IndexConditionKind::IsNull => (KeyOp::IsNull, ConditionKind::Test),
                IndexConditionKind::IsNotNull => (KeyOp::IsNotNull, ConditionKind::Test),
            };
            out.push(Condition { column: condition.column, op, kind });
        }
        Ok(Conditions {
            conditions: out,
            values: compile_exprs(builder.cx, &exprs)?,
            reprs: (0..index.key_count()).map(|c| index.repr(c)).collect(),
            comparators: (0..index.key_count()).map(|c| index.comparator(c).clone()).collect(),
            pending: Vec::new(),
            row: Vec::new(),
        })
    }

    /// Evaluates the conditions; afterwards `next_keys` gives the scans to be made.
    fn evaluate(&mut self, env: &mut Env<'_>, backward: bool) -> Result<()> {
        let mut row = std::mem::take(&mut self.row);
        self.values.project(&Rows::default(), env, &mut row)?;
        self.row = row;
        self.pending.clear();
        self.pending.push(Vec::with_capacity(self.conditions.len()));
        for at in 0..self.conditions.len() {
            let (column, op, kind) = {
                let c = &self.conditions[at];
                (c.column, c.op, c.kind)
            };
            match kind {
                ConditionKind::Test => {
                    self.pending.iter_mut().for_each(|keys| keys.push(ScanKey { column, op, value: Datum::Null }));
                }
                ConditionKind::Value(place) => {
                    let value = std::mem::take(&mut self.row[place]);
                    match fit(op, value, self.reprs[column]) {
                        Fit::Key(op, value) => {
                            let Some((last, rest)) = self.pending.split_last_mut() else { return Ok(()) };
                            rest.iter_mut().for_each(|keys| keys.push(ScanKey { column, op, value: value.clone() }));
                            last.push(ScanKey { column, op, value });
                        }
                        Fit::Always => {
                            let not_null = ScanKey { column, op: KeyOp::IsNotNull, value: Datum::Null };
                            self.pending.iter_mut().for_each(|keys| keys.push(not_null.clone()));
                        }
                        Fit::Never => {
                            self.pending.clear();
                            return Ok(());
                        }
                    }
                }
                ConditionKind::Array(place) => self.multiply(column, op, place, backward),
            }
        }
        // The first scan is taken from the end.
        self.pending.reverse();
        Ok(())
    }

    /// One scan for each value of an array, in index order.
    fn multiply(&mut self, column: usize, op: KeyOp, place: usize, backward: bool) {
        let array = std::mem::take(&mut self.row[place]);
        let mut values: Vec<(KeyOp, Datum)> = Vec::new();
        if !array.is_null() {
            for value in builtins::array::ArrayRef::of(&array).iter() {
                if let Fit::Key(op, value) = fit(op, value, self.reprs[column]) {
                    values.push((op, value));
                }
            }
        }
        let comparator = &self.comparators[column];
        values.sort_by(|a, b| comparator.compare(&a.1, &b.1));
        values.dedup_by(|a, b| comparator.compare(&a.1, &b.1) == Ordering::Equal);
        if op != KeyOp::Equal && values.len() > 1 {
            // x < ANY (array) is x < the greatest of them.
            let keep = if matches!(op, KeyOp::Less | KeyOp::LessEqual) { values.len() - 1 } else { 0 };
            values = vec![values.swap_remove(keep)];
        }
        if backward {
            values.reverse();
        }
        let mut all = Vec::with_capacity(self.pending.len() * values.len());
        for keys in &self.pending {
            for (op, value) in &values {
                let mut keys = keys.clone();
                keys.push(ScanKey { column, op: *op, value: value.clone() });
                all.push(keys);
            }
        }
        self.pending = all;
    }

    fn next_keys(&mut self) -> Option<Vec<ScanKey>> {
        self.pending.pop()
    }
}

enum Fit {
    Key(KeyOp, Datum),
    /// Every value but null meets the condition.
    Always,
    /// No value does.
    Never,
}

/// The condition with its value as the column's type.
fn fit(op: KeyOp, value: Datum, repr: Repr) -> Fit {
    let number = match (&value, repr) {
        (Datum::Null, _) => return Fit::Never,
        (Datum::Int4(_), Repr::Int4) | (Datum::Int8(_), Repr::Int8) | (Datum::Int2(_), Repr::Int2) => {
            return Fit::Key(op, value);
        }
        (Datum::Int2(v), Repr::Int4 | Repr::Int8) => i64::from(*v),
        (Datum::Int4(v), Repr::Int2 | Repr::Int8) => i64::from(*v),
        (Datum::Int8(v), Repr::Int2 | Repr::Int4) => *v,
        (Datum::Float4(v), Repr::Float8) => return Fit::Key(op, Datum::Float8(f64::from(*v))),
        (Datum::Float8(v), Repr::Float4) => return fit_float(op, *v),
        _ => return Fit::Key(op, value),
    };
    let (low, high) = match repr {
        Repr::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Repr::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if number < low || number > high {
        let below = number < low;
        return match op {
            KeyOp::Equal => Fit::Never,
            KeyOp::Less | KeyOp::LessEqual if below => Fit::Never,
            KeyOp::Greater | KeyOp::GreaterEqual if !below => Fit::Never,
            _ => Fit::Always,
        };
    }
    Fit::Key(
        op,
        match repr {
            Repr::Int2 => Datum::Int2(number as i16),
            Repr::Int4 => Datum::Int4(number as i32),
            _ => Datum::Int8(number),
        },
    )
}

/// A float8 against a float4 column: the nearest float4, with the comparison adjusted to the side it lies on.
fn fit_float(op: KeyOp, value: f64) -> Fit {
    let near = value as f32;
    let back = f64::from(near);
    if back == value || value.is_nan() {
        return Fit::Key(op, Datum::Float4(near));
    }
    let above = back > value;
    let op = match (op, above) {
        (KeyOp::Equal, _) => return Fit::Never,
        (KeyOp::Less | KeyOp::LessEqual, true) => KeyOp::Less,
        (KeyOp::Less | KeyOp::LessEqual, false) => KeyOp::LessEqual,
        (KeyOp::Greater | KeyOp::GreaterEqual, true) => KeyOp::GreaterEqual,
        (KeyOp::Greater | KeyOp::GreaterEqual, false) => KeyOp::Greater,
        (other, _) => other,
    };
    Fit::Key(op, Datum::Float4(near))
}

/// What the session's statistics do not have yet.
#[derive(Clone, Copy, Default)]
struct Counted {
    scans: i64,
    entries: i64,
    fetched: i64,
}

impl Counted {
    fn hand_over(&mut self, relation: &access::Relation, pending: &mut Pending) {
        let counted = std::mem::take(self);
        let relation = pending.relation((relation.database, relation.oid));
        relation.add(Counter::Scans, counted.scans);
        relation.add(Counter::RowsRead, counted.entries);
        relation.add(Counter::RowsFetched, counted.fetched);
    }
}

/// An IndexScan or IndexOnlyScan at work.
pub struct IndexScanState {
    rti: i32,
    table: Arc<access::Relation>,
    index: Arc<access::Index>,
    conditions: Conditions,
    /// Tested again in a re-evaluation, where the index is not used.
    recheck: Option<Program>,
    direction: Direction,
    wanted: ColumnSet,
    /// Columns come from the index.
    only: bool,
    scan: Option<Box<dyn AmScan>>,
    fetch: Option<Box<dyn TableFetch>>,
    /// A scan with keys is going on.
    active: bool,
    /// The conditions have been evaluated since the last rescan.
    ready: bool,
    row: Row,
    output: Output,
    /// Rows of an index-only scan that had to be fetched.
    pub heap_fetches: u64,
    /// In a re-evaluation, where an index-only scan finds its columns in the table's row; `None` for expressions.
    index_columns: Vec<Option<usize>>,
    counted: Counted,
}

fn stored_index(builder: &Builder<'_>, oid: Oid) -> Result<Arc<access::Index>> {
    builder.cx.catalog().index(oid)
}

impl IndexScanState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &IndexScan) -> Result<IndexScanState> {
        let table = table_of(builder, node.relation)?;
        let index = stored_index(builder, node.index)?;
        let exprs = plan.qual.iter().chain(super::target_exprs(&plan.targetlist));
        let wanted = if builder.recheck { ColumnSet::ALL } else { wanted_columns(exprs) };
        let output = builder.scan_output(plan, node.relation, wanted.upto(table.desc.len()))?;
        Ok(IndexScanState {
            rti: node.relation,
            conditions: Conditions::build(builder, &index, &node.conditions)?,
            recheck: match builder.recheck {
                true => compile_condition(builder.cx, &node.conditions_original)?,
                false => None,
            },
            direction: if node.backward { Direction::Backward } else { Direction::Forward },
            wanted,
            only: false,
            scan: None,
            fetch: None,
            active: false,
            ready: false,
            row: Row::default(),
            output,
            heap_fetches: 0,
            index_columns: Vec::new(),
            counted: Counted::default(),
            table,
            index,
        })
    }

    pub(super) fn build_only(builder: &mut Builder<'_>, plan: &Plan, node: &IndexOnlyScan) -> Result<IndexScanState> {
        let table = table_of(builder, node.relation)?;
        let index = stored_index(builder, node.index)?;
        let output = builder.output(plan)?;
        Ok(IndexScanState {
            rti: node.relation,
            conditions: Conditions::build(builder, &index, &node.conditions)?,
            recheck: match builder.recheck {
                true => compile_condition(builder.cx, &node.conditions_original)?,
                false => None,
            },
            direction: if node.backward { Direction::Backward } else { Direction::Forward },
            wanted: ColumnSet::NONE,
            only: true,
            scan: None,
            fetch: None,
            active: false,
            ready: false,
            row: Row::default(),
            output,
            heap_fetches: 0,
            index_columns: index.table_columns.clone(),
            counted: Counted::default(),
            table,
            index,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if env.es.recheck.is_some()
            && let Some(found) = recheck_row(env, self.rti, &mut self.row)
        {
            return if found { self.emit_rechecked(env) } else { Ok(false) };
        }
        if !self.ready {
            self.conditions.evaluate(env, self.direction == Direction::Backward)?;
            self.ready = true;
            self.active = false;
        }
        loop {
            if !self.active && !self.start(env)? {
                return Ok(false);
            }
            if !self.next_entry()? {
                self.active = false;
                continue;
            }
            let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
            if self.output.emit(&rows, env)? {
                return Ok(true);
            }
        }
    }

    fn emit_rechecked(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.only {
            let values = self
                .index_columns
                .iter()
                .map(|c| c.and_then(|c| self.row.values.get(c).cloned()).unwrap_or(Datum::Null))
                .collect();
            self.row.values = values;
        }
        let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
        if let Some(recheck) = &mut self.recheck
            && !recheck.holds(&rows, env)?
        {
            return Ok(false);
        }
        self.output.emit(&rows, env)
    }

    /// Begins the next scan; false if there is none.
    fn start(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let Some(keys) = self.conditions.next_keys() else { return Ok(false) };
        let store = &env.cx.session.store;
        let index = &self.index;
        let scan = match &mut self.scan {
            Some(scan) => scan,
            None => {
                let mut scan = index.am.scan(store, index, Arc::clone(env.cx.session.locks.interrupts()));
                if self.only {
                    let map = self.table.am.fetcher(store, &self.table, env.es.snapshot(), ColumnSet::NONE);
                    scan.check_visibility(map);
                }
                self.scan.insert(scan)
            }
        };
        scan.rescan(&keys)?;
        self.counted.scans += 1;
        if self.fetch.is_none() {
            let snapshot = env.es.snapshot();
            self.fetch = Some(self.table.am.fetcher(store, &self.table, snapshot, self.wanted.clone()));
        }
        self.active = true;
        Ok(true)
    }

    /// Finds the next entry whose row is visible.
    fn next_entry(&mut self) -> Result<bool> {
        let (Some(scan), Some(fetch)) = (&mut self.scan, &mut self.fetch) else { return Ok(false) };
        while let Some(tid) = scan.next(self.direction)? {
            self.counted.entries += 1;
            if self.only && scan.is_all_visible() {
                self.row.values.clear();
                self.row.tid = tid;
                scan.entry(&mut self.row.values)?;
                return Ok(true);
            }
            match fetch.fetch(tid, &mut self.row)? {
                Fetched::Visible => {
                    self.counted.fetched += 1;
                    if self.only {
                        self.heap_fetches += 1;
                        self.row.values.clear();
                        scan.entry(&mut self.row.values)?;
                    }
                    return Ok(true);
                }
                Fetched::Dead => scan.kill_entry(),
                Fetched::Invisible => {}
            }
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.row.values)
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.ready = false;
        self.active = false;
        if let Some(fetch) = &mut self.fetch {
            fetch.set_snapshot(env.es.snapshot());
        }
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }

    /// Rows thrown away by the filter.
    pub fn filtered(&self) -> u64 {
        self.output.filtered
    }

    /// The relation, and where its present row is.
    pub fn standing(&self) -> (i32, Tid) {
        (self.rti, self.row.tid)
    }

    /// Hands over what was counted.
    pub fn gather(&mut self, pending: &mut Pending) {
        self.counted.hand_over(&self.index.relation, pending);
    }

    /// Lets go of the fetcher, and of a scan that holds one.
    pub fn release(&mut self) {
        self.fetch = None;
        if self.only {
            self.scan = None;
        }
    }
}

/// A part of a bitmap, with what EXPLAIN ANALYZE wants to know of it.
struct Bitmap {
    /// The plan node's number.
    id: u32,
    how: How,
    instrument: super::Instrument,
}

/// How a bitmap is made.
enum How {
    Index { index: Arc<access::Index>, conditions: Box<Conditions>, counted: Counted },
    And(Vec<Bitmap>),
    Or(Vec<Bitmap>),
}

impl Bitmap {
    fn build(builder: &mut Builder<'_>, plan: &Plan) -> Result<Bitmap> {
        let mut parts =
            |children: &[Plan]| children.iter().map(|c| Bitmap::build(builder, c)).collect::<Result<Vec<_>>>();
        let how = match &plan.node {
            Node::BitmapAnd(children) => How::And(parts(children)?),
            Node::BitmapOr(children) => How::Or(parts(children)?),
            Node::BitmapIndexScan(n) => {
                let index = stored_index(builder, n.index)?;
                let conditions = Box::new(Conditions::build(builder, &index, &n.conditions)?);
                How::Index { index, conditions, counted: Counted::default() }
            }
            _ => return Err(Error::internal("unexpected node in a bitmap")),
        };
        Ok(Bitmap { id: plan.id, how, instrument: super::Instrument::default() })
    }

    /// The tids, sorted, each once.
    fn tids(&mut self, env: &mut Env<'_>) -> Result<Vec<Tid>> {
        let timing = env.es.instrument.is_some_and(|i| i.timing);
        let now = |env: &Env<'_>| if timing { env.cx.instance.host.clock.monotonic().as_secs_f64() } else { 0.0 };
        let (start, used_before) = (now(env), super::usage_now(env));
        let tids = self.how.tids(env)?;
        if let (Some(before), Some(now)) = (used_before, super::usage_now(env)) {
            self.instrument.used.add(&now.since(&before));
        }
        let spent_us = (now(env) - start) * 1e6;
        self.instrument.loops += 1.0;
        self.instrument.rows += tids.len() as f64;
        self.instrument.startup_us += spent_us;
        self.instrument.total_us += spent_us;
        Ok(tids)
    }

    fn gather(&mut self, pending: &mut Pending) {
        match &mut self.how {
            How::Index { index, counted, .. } => counted.hand_over(&index.relation, pending),
            How::And(parts) | How::Or(parts) => parts.iter_mut().for_each(|part| part.gather(pending)),
        }
    }

    fn measured(&self, out: &mut Vec<(u32, super::Instrument)>) {
        out.push((self.id, self.instrument.clone()));
        if let How::And(parts) | How::Or(parts) = &self.how {
            parts.iter().for_each(|part| part.measured(out));
        }
    }
}

impl How {
    fn tids(&mut self, env: &mut Env<'_>) -> Result<Vec<Tid>> {
        match self {
            How::Index { index, conditions, counted } => {
                let mut tids = Vec::new();
                conditions.evaluate(env, false)?;
                let store = &env.cx.session.store;
                let mut scan = index.am.scan(store, index, Arc::clone(env.cx.session.locks.interrupts()));
                while let Some(keys) = conditions.next_keys() {
                    scan.rescan(&keys)?;
                    counted.scans += 1;
                    while let Some(tid) = scan.next(Direction::Forward)? {
                        tids.push(tid);
                    }
                }
                counted.entries += tids.len() as i64;
                tids.sort_unstable();
                tids.dedup();
                Ok(tids)
            }
            How::And(parts) => {
                let mut all: Option<Vec<Tid>> = None;
                for part in parts {
                    let tids = part.tids(env)?;
                    all = Some(match all {
                        None => tids,
                        Some(mut known) => {
                            known.retain(|tid| tids.binary_search(tid).is_ok());
                            known
                        }
                    });
                    if all.as_ref().is_some_and(Vec::is_empty) {
                        break;
                    }
                }
                Ok(all.unwrap_or_default())
            }
            How::Or(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.append(&mut part.tids(env)?);
                }
                all.sort_unstable();
                all.dedup();
                Ok(all)
            }
        }
    }
}

/// A BitmapHeapScan at work.
pub struct BitmapHeapState {
    rti: i32,
    table: Arc<access::Relation>,
    bitmap: Bitmap,
    recheck: Option<Program>,
    tids: Option<Vec<Tid>>,
    at: usize,
    /// The page last looked at.
    block: Option<BlockNumber>,
    fetch: Option<Box<dyn TableFetch>>,
    wanted: ColumnSet,
    row: Row,
    output: Output,
    /// Pages looked at.
    pub pages: u64,
    fetched: i64,
}

impl BitmapHeapState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &BitmapHeapScan) -> Result<BitmapHeapState> {
        let table = table_of(builder, node.relation)?;
        let exprs = plan.qual.iter().chain(&node.recheck).chain(super::target_exprs(&plan.targetlist));
        let wanted = if builder.recheck { ColumnSet::ALL } else { wanted_columns(exprs) };
        Ok(BitmapHeapState {
            rti: node.relation,
            bitmap: Bitmap::build(builder, &node.bitmap)?,
            // Our bitmaps name rows, never whole pages: only what an index tests in part is tested again. A HOT chain's
            // entry leads to a row whose keys are the same.
            recheck: compile_condition(builder.cx, &node.recheck)?,
            tids: None,
            at: 0,
            block: None,
            fetch: None,
            output: builder.scan_output(plan, node.relation, wanted.upto(table.desc.len()))?,
            wanted,
            row: Row::default(),
            pages: 0,
            fetched: 0,
            table,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if env.es.recheck.is_some()
            && let Some(found) = recheck_row(env, self.rti, &mut self.row)
        {
            return if found { self.emit(env) } else { Ok(false) };
        }
        if self.tids.is_none() {
            self.tids = Some(self.bitmap.tids(env)?);
            self.at = 0;
        }
        if self.fetch.is_none() {
            let store = &env.cx.session.store;
            self.fetch = Some(self.table.am.fetcher(store, &self.table, env.es.snapshot(), self.wanted.clone()));
        }
        loop {
            let Some(tid) = self.tids.as_ref().and_then(|t| t.get(self.at).copied()) else { return Ok(false) };
            self.at += 1;
            if self.block != Some(tid.block) {
                self.block = Some(tid.block);
                self.pages += 1;
                env.check_interrupts()?;
            }
            let fetch = self.fetch.as_mut().expect("made above");
            if fetch.fetch(tid, &mut self.row)? != Fetched::Visible {
                continue;
            }
            self.fetched += 1;
            if self.emit(env)? {
                return Ok(true);
            }
        }
    }

    fn emit(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
        if let Some(recheck) = &mut self.recheck
            && !recheck.holds(&rows, env)?
        {
            return Ok(false);
        }
        self.output.emit(&rows, env)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.row.values)
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.tids = None;
        self.at = 0;
        self.block = None;
        if let Some(fetch) = &mut self.fetch {
            fetch.set_snapshot(env.es.snapshot());
        }
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }

    /// What was measured of the nodes that make the bitmap, by number.
    pub fn bitmap_measured(&self) -> Vec<(u32, super::Instrument)> {
        let mut out = Vec::new();
        self.bitmap.measured(&mut out);
        out
    }

    /// Rows thrown away by the filter.
    pub fn filtered(&self) -> u64 {
        self.output.filtered
    }

    /// The relation, and where its present row is.
    pub fn standing(&self) -> (i32, Tid) {
        (self.rti, self.row.tid)
    }

    /// Hands over what was counted.
    pub fn gather(&mut self, pending: &mut Pending) {
        self.bitmap.gather(pending);
        let relation = pending.relation((self.table.database, self.table.oid));
        relation.add(Counter::RowsFetched, std::mem::take(&mut self.fetched));
    }

    /// Lets go of the fetcher.
    pub fn release(&mut self) {
        self.fetch = None;
        self.tids = None;
    }
}
