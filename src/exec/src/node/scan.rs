//! Scans of tables: page by page, and by tid.

use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_exprs};
use access::{Direction, Row, ScanOptions, TableFetch, TableScan};
use analyze::expr::Expr;
use analyze::walk;
use base::Tid;
use instance::{Counter, Pending};
use plan::node::{Plan, SeqScan, TidScan};
use report::{Result, unsupported};
use std::sync::Arc;
use tuple::{ColumnSet, Datum};

/// A SeqScan at work.
pub struct SeqScanState {
    rti: i32,
    table: Arc<access::Relation>,
    wanted: ColumnSet,
    scan: Option<Box<dyn TableScan>>,
    row: Row,
    output: Output,
    /// Scans begun and rows read that the session's statistics do not have yet.
    scans: i64,
    rows_read: i64,
}

/// The columns of a relation that some expressions use.
pub fn wanted_columns<'e>(exprs: impl Iterator<Item = &'e Expr>) -> ColumnSet {
    let mut columns = Vec::new();
    let mut all = false;
    for expr in exprs {
        walk::for_each(expr, &mut |e| {
            if let Expr::Var(var) = e
                && var.varno > 0
            {
                all |= var.attno == 0;
                if var.attno > 0 {
                    columns.push(var.attno as usize - 1);
                }
            }
        });
    }
    if all { ColumnSet::ALL } else { ColumnSet::of(columns) }
}

/// The stored table of a range table entry.
pub fn table_of(builder: &Builder<'_>, rti: i32) -> Result<Arc<access::Relation>> {
    let entry = builder.relations[rti as usize - 1].as_ref().expect("relations are opened before nodes are made");
    match &entry.table {
        Some(table) => Ok(Arc::clone(table)),
        None if entry.kind() == b'S' => unsupported!("scan of a sequence"),
        None => Err(report::error!(WRONG_OBJECT_TYPE, "cannot scan relation \"{}\"", entry.name())),
    }
}

/// The row of a relation in a re-evaluation: `None` if this is none, else whether it has a row to give now.
pub fn recheck_row(env: &mut Env<'_>, rti: i32, row: &mut Row) -> Option<bool> {
    let recheck = env.es.recheck.as_mut()?;
    let (_, stored, given) = recheck.rows.iter_mut().find(|(r, _, _)| *r == rti)?;
    if *given {
        return Some(false);
    }
    *given = true;
    match stored {
        Some(stored) => {
            row.clone_from(stored);
            Some(true)
        }
        None => Some(false),
    }
}

/// As [`recheck_row`], for scans whose rows have no identity: the values, if there are some.
pub fn recheck_values(env: &mut Env<'_>, rti: i32, values: &mut Vec<Datum>) -> Option<bool> {
    env.es.recheck.as_ref()?;
    let mut row = Row::default();
    let found = recheck_row(env, rti, &mut row)?;
    *values = row.values;
    Some(found)
}

impl SeqScanState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &SeqScan) -> Result<SeqScanState> {
        let table = table_of(builder, node.relation)?;
        let exprs = plan.qual.iter().chain(super::target_exprs(&plan.targetlist));
        let wanted = if builder.recheck { ColumnSet::ALL } else { wanted_columns(exprs) };
        let output = builder.scan_output(plan, node.relation, wanted.upto(table.desc.len()))?;
        Ok(SeqScanState {
            rti: node.relation,
            table,
            wanted,
            scan: None,
            row: Row::default(),
            output,
            scans: 0,
            rows_read: 0,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if env.es.recheck.is_some()
            && let Some(found) = recheck_row(env, self.rti, &mut self.row)
        {
            return if found { self.emit(env) } else { Ok(false) };
        }
        if self.scan.is_none() {
            self.open(env)?;
        }
        loop {
            let scan = self.scan.as_mut().expect("opened above");
            if !scan.next(Direction::Forward, &mut self.row)? {
                return Ok(false);
            }
            self.rows_read += 1;
            if self.emit(env)? {
                return Ok(true);
            }
        }
    }

    fn emit(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
        self.output.emit(&rows, env)
    }

    fn open(&mut self, env: &mut Env<'_>) -> Result<()> {
        let options = ScanOptions {
            snapshot: env.es.snapshot(),
            wanted: self.wanted.clone(),
            blocks: None,
            interrupts: Arc::clone(env.cx.session.locks.interrupts()),
        };
        self.scans += 1;
        self.scan = Some(self.table.am.scan(&env.cx.session.store, &self.table, options)?);
        Ok(())
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.row.values)
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        match &mut self.scan {
            Some(scan) => {
                self.scans += 1;
                scan.rescan(Some(env.es.snapshot()))
            }
            None => Ok(()),
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
        let relation = pending.relation((self.table.database, self.table.oid));
        relation.add(Counter::Scans, std::mem::take(&mut self.scans));
        relation.add(Counter::RowsRead, std::mem::take(&mut self.rows_read));
    }

    /// Lets go of the scan.
    pub fn release(&mut self) {
        self.scan = None;
    }
}

/// A TidScan at work.
pub struct TidScanState {
    rti: i32,
    table: Arc<access::Relation>,
    values: Program,
    is_array: Vec<bool>,
    /// WHERE CURRENT OF this cursor.
    cursor: Option<String>,
    tids: Option<Vec<Tid>>,
    at: usize,
    fetch: Option<Box<dyn TableFetch>>,
    row: Row,
    output: Output,
}

impl TidScanState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &TidScan) -> Result<TidScanState> {
        let table = table_of(builder, node.relation)?;
        let is_ctid = |e: &Expr| matches!(e, Expr::Var(v) if v.attno == -1);
        let mut values = Vec::new();
        let mut is_array = Vec::new();
        let mut cursor = None;
        for condition in &node.conditions {
            match condition {
                Expr::OpExpr(op) => {
                    values.push(op.args[usize::from(is_ctid(&op.args[0]))].clone());
                    is_array.push(false);
                }
                Expr::ScalarArrayOpExpr(op) => {
                    values.push(op.args[1].clone());
                    is_array.push(true);
                }
                Expr::CurrentOfExpr(node) => cursor.clone_from(&node.cursor_name),
                _ => return Err(report::Error::internal("unexpected condition of a tid scan")),
            }
        }
        let output = builder.scan_output(plan, node.relation, table.desc.len())?;
        Ok(TidScanState {
            rti: node.relation,
            table,
            values: compile_exprs(builder.cx, &values)?,
            is_array,
            cursor,
            tids: None,
            at: 0,
            fetch: None,
            row: Row::default(),
            output,
        })
    }

    /// True if the row of a re-evaluation is at one of the places asked for: an update has moved it.
    fn is_asked_for(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.tids.is_none() {
            self.tids = Some(self.load(env)?);
        }
        Ok(self.tids.as_ref().is_some_and(|tids| tids.binary_search(&self.row.tid).is_ok()))
    }

    fn load(&mut self, env: &mut Env<'_>) -> Result<Vec<Tid>> {
        let mut values = Vec::new();
        self.values.project(&Rows::default(), env, &mut values)?;
        let mut tids = Vec::new();
        let mut add = |value: &Datum| {
            if let Datum::Bytes(bytes) = value
                && let Ok(bytes) = <[u8; 6]>::try_from(bytes.as_slice())
            {
                tids.push(Tid::from_bytes(bytes));
            }
        };
        for (value, is_array) in values.iter().zip(&self.is_array) {
            match (is_array, value.is_null()) {
                (_, true) => {}
                (true, false) => builtins::array::ArrayRef::of(value).iter().for_each(|v| add(&v)),
                (false, false) => add(value),
            }
        }
        if let Some(name) = &self.cursor {
            let found = crate::cursor::current_of(env, name, (self.table.oid, &self.table.name))?;
            tids.extend(found.map(|tid| self.latest(tid, env)).transpose()?);
        }
        tids.sort_unstable();
        tids.dedup();
        Ok(tids)
    }

    /// The version that this transaction made of the row that a cursor stands on, since the cursor read it.
    fn latest(&self, tid: Tid, env: &Env<'_>) -> Result<Tid> {
        let store = &env.cx.session.store;
        let found =
            env.cx.with_tx(|tx| self.table.am.liveness(&mut access::Access::new(store, tx), &self.table, tid))?;
        Ok(if let access::Liveness::Live(version) = found { version } else { tid })
    }

    /// The relation, and where its present row is.
    pub fn standing(&self) -> (i32, Tid) {
        (self.rti, self.row.tid)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if env.es.recheck.is_some()
            && let Some(found) = recheck_row(env, self.rti, &mut self.row)
        {
            if !found || !self.is_asked_for(env)? {
                return Ok(false);
            }
            let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
            return self.output.emit(&rows, env);
        }
        if self.tids.is_none() {
            self.tids = Some(self.load(env)?);
            self.at = 0;
        }
        if self.fetch.is_none() {
            let store = &env.cx.session.store;
            self.fetch = Some(self.table.am.fetcher(store, &self.table, env.es.snapshot(), ColumnSet::ALL));
        }
        let blocks = env.cx.session.store.smgr.blocks(self.table.main_fork())?;
        while let Some(tid) = self.tids.as_ref().and_then(|t| t.get(self.at).copied()) {
            self.at += 1;
            if tid.block.0 >= blocks || !tid.is_valid() {
                continue;
            }
            let fetch = self.fetch.as_mut().expect("made above");
            // Only the version at this very place counts, not a later one of its chain.
            if fetch.fetch(tid, &mut self.row)? != access::Fetched::Visible || self.row.tid != tid {
                continue;
            }
            let rows = Rows { scan: &self.row.values, identity: Some(&self.row), ..Rows::default() };
            if self.output.emit(&rows, env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.row.values)
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.tids = None;
        self.at = 0;
        if let Some(fetch) = &mut self.fetch {
            fetch.set_snapshot(env.es.snapshot());
        }
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }

    /// Lets go of the fetcher.
    pub fn release(&mut self) {
        self.fetch = None;
    }
}
