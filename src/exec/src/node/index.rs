//! Scans by an index: row by row, from the index alone, and by bitmap.

use super::scan::{recheck_row, table_of, wanted_columns};
use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_condition, compile_exprs};
use crate::store::{Place, TidSet};
use access::{Direction, Fetched, IndexScan as AmScan, KeyOp, Row, ScanKey, ScanOptions, TableFetch, TableScan};
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
    /// A list of keys that has served its scan: the next one is made in it.
    spent: Vec<ScanKey>,
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
            spent: Vec::new(),
            row: Vec::new(),
        })
    }

    /// Evaluates the conditions; afterwards `next_keys` gives the scans to be made.
    fn evaluate(&mut self, env: &mut Env<'_>, backward: bool) -> Result<()> {
        let mut row = std::mem::take(&mut self.row);
        self.values.project(&Rows::default(), env, &mut row)?;
        self.row = row;
        self.pending.clear();
        self.pending.push(std::mem::take(&mut self.spent));
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

    /// Takes back the keys of a scan that has begun.
    fn take_back(&mut self, mut keys: Vec<ScanKey>) {
        keys.clear();
        self.spent = keys;
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
    /// The plan is run by nobody.
    is_resting: bool,
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
            is_resting: false,
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
            is_resting: false,
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
        self.conditions.take_back(keys);
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
        if std::mem::take(&mut self.is_resting) {
            self.resume(env);
        } else if let Some(fetch) = &mut self.fetch {
            fetch.set_snapshot(env.es.snapshot());
        }
        Ok(())
    }

    /// Goes on after a rest: another session may run the plan now.
    fn resume(&mut self, env: &Env<'_>) {
        let session = env.cx.session;
        if let Some(fetch) = &mut self.fetch {
            fetch.resume(&session.store, env.es.snapshot());
        }
        if let Some(scan) = &mut self.scan {
            scan.resume(&session.store, session.locks.interrupts());
        }
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

    /// Lets go of the snapshot, and of a scan that holds one.
    pub fn release(&mut self) {
        self.is_resting = true;
        if let Some(fetch) = &mut self.fetch {
            fetch.rest();
        }
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

    /// The rows that it names.
    fn rows(&mut self, env: &mut Env<'_>) -> Result<TidSet> {
        let timing = env.es.instrument.is_some_and(|i| i.timing);
        let now = |env: &Env<'_>| if timing { env.cx.instance.host.clock.monotonic().as_secs_f64() } else { 0.0 };
        let (start, used_before) = (now(env), super::usage_now(env));
        let rows = self.how.rows(env)?;
        if let (Some(before), Some(now)) = (used_before, super::usage_now(env)) {
            self.instrument.used.add(&now.since(&before));
        }
        let spent_us = (now(env) - start) * 1e6;
        self.instrument.loops += 1.0;
        self.instrument.rows += rows.row_count() as f64;
        self.instrument.startup_us += spent_us;
        self.instrument.total_us += spent_us;
        Ok(rows)
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
    fn rows(&mut self, env: &mut Env<'_>) -> Result<TidSet> {
        let mut rows = TidSet::new(env.es.work_mem);
        match self {
            How::Index { index, conditions, counted } => {
                conditions.evaluate(env, false)?;
                let store = &env.cx.session.store;
                let mut scan = index.am.scan(store, index, Arc::clone(env.cx.session.locks.interrupts()));
                while let Some(keys) = conditions.next_keys() {
                    scan.rescan(&keys)?;
                    counted.scans += 1;
                    while let Some(tid) = scan.next(Direction::Forward)? {
                        counted.entries += 1;
                        rows.add(tid);
                    }
                }
                rows.finish();
            }
            How::And(parts) => {
                for (n, part) in parts.iter_mut().enumerate() {
                    match n {
                        0 => rows = part.rows(env)?,
                        _ => rows.intersect(part.rows(env)?),
                    }
                    if rows.is_empty() {
                        break;
                    }
                }
            }
            How::Or(parts) => {
                for part in parts {
                    rows.unite(part.rows(env)?);
                }
            }
        }
        Ok(rows)
    }
}

/// A BitmapHeapScan at work.
pub struct BitmapHeapState {
    rti: i32,
    table: Arc<access::Relation>,
    bitmap: Bitmap,
    recheck: Option<Program>,
    rows: Option<TidSet>,
    /// How many rows of the list were looked at; if there is no list, the row to go on from, `None` at the end.
    at: usize,
    from: Option<Tid>,
    /// The page last looked at.
    block: Option<BlockNumber>,
    /// A page all of whose rows are looked at.
    page: Option<Box<dyn TableScan>>,
    fetch: Option<Box<dyn TableFetch>>,
    wanted: ColumnSet,
    row: Row,
    output: Output,
    /// Pages of which the bitmap told the rows.
    pub exact_pages: u64,
    /// Pages that it named as a whole.
    pub lossy_pages: u64,
    /// Rows that did not meet the condition after all.
    pub rechecked: u64,
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
            recheck: compile_condition(builder.cx, &node.recheck)?,
            rows: None,
            at: 0,
            from: None,
            block: None,
            page: None,
            fetch: None,
            output: builder.scan_output(plan, node.relation, wanted.upto(table.desc.len()))?,
            wanted,
            row: Row::default(),
            exact_pages: 0,
            lossy_pages: 0,
            rechecked: 0,
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
        if self.rows.is_none() {
            self.rows = Some(self.bitmap.rows(env)?);
            (self.at, self.from) = (0, Some(Tid::new(0, 0)));
        }
        if self.fetch.is_none() {
            let store = &env.cx.session.store;
            self.fetch = Some(self.table.am.fetcher(store, &self.table, env.es.snapshot(), self.wanted.clone()));
        }
        loop {
            if !self.read(env)? {
                return Ok(false);
            }
            self.fetched += 1;
            if self.emit(env)? {
                return Ok(true);
            }
        }
    }

    /// Reads the next row that the snapshot sees.
    fn read(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if let Some(page) = &mut self.page {
                if page.next(Direction::Forward, &mut self.row)? {
                    return Ok(true);
                }
                self.page = None;
            }
            match self.place() {
                None => return Ok(false),
                Some(Place::Row(tid)) => {
                    if self.block != Some(tid.block) {
                        self.block = Some(tid.block);
                        self.exact_pages += 1;
                        env.check_interrupts()?;
                    }
                    let fetch = self.fetch.as_mut().expect("made before the first row is read");
                    if fetch.fetch(tid, &mut self.row)? == Fetched::Visible {
                        return Ok(true);
                    }
                }
                Some(Place::Page(block)) => {
                    self.lossy_pages += 1;
                    self.page = Some(self.scan_page(block, env)?);
                }
            }
        }
    }

    fn place(&mut self) -> Option<Place> {
        let rows = self.rows.as_ref()?;
        if let Some(list) = rows.listed() {
            self.at += 1;
            return list.get(self.at - 1).copied().map(Place::Row);
        }
        let place = rows.place_from(self.from?)?;
        self.from = match place {
            Place::Row(tid) => Some(Tid::new(tid.block.0, tid.offset.0 + 1)),
            Place::Page(block) => block.0.checked_add(1).map(|next| Tid::new(next, 0)),
        };
        Some(place)
    }

    fn scan_page(&self, block: BlockNumber, env: &Env<'_>) -> Result<Box<dyn TableScan>> {
        let options = ScanOptions {
            snapshot: env.es.snapshot(),
            wanted: self.wanted.clone(),
            blocks: Some(block.0..block.0 + 1),
            interrupts: Arc::clone(env.cx.session.locks.interrupts()),
        };
        self.table.am.scan(&env.cx.session.store, &self.table, options)
    }

    fn emit(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
        if let Some(recheck) = &mut self.recheck
            && !recheck.holds(&rows, env)?
        {
            self.rechecked += 1;
            return Ok(false);
        }
        self.output.emit(&rows, env)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.row.values)
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.rows = None;
        self.page = None;
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
        self.page = None;
        self.rows = None;
    }
}
