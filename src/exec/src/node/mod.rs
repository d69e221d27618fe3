//! Node states: a plan tree at work.
//!
//! A node gives its rows one at a time: `next` makes the next one, `row` shows it until the next call. `rescan` starts
//! again; it is told which executor parameters changed, so that nodes that keep rows know whether they may give them
//! again.

mod aggregate;
mod function;
mod index;
mod join;
mod lock_rows;
mod merge;
mod misc;
mod modify;
mod scan;
mod set;
mod sort;
mod window;

pub use modify::{TargetTable, duplicate_key, is_change};

use crate::env::Env;
use crate::expr::{Compiler, Program, Rows};
use analyze::expr::{Expr, SubPlan};
use analyze::query::TargetEntry;
use buffer::UsageCounts;
use instance::{Ctx, Pending};
use plan::node::{Node, Plan, PlannedStmt};
use report::Result;
use schema::RelationEntry;
use std::sync::Arc;
use tuple::Datum;

/// What EXPLAIN ANALYZE gathers of a node.
#[derive(Clone, Default, Debug)]
pub struct Instrument {
    /// Rows in all loops.
    pub rows: f64,
    /// Times begun.
    pub loops: f64,
    /// Microseconds until the first row, all loops.
    pub startup_us: f64,
    /// Microseconds in all, all loops.
    pub total_us: f64,
    /// Rows thrown away by the filter.
    pub filtered: f64,
    /// Rows thrown away by a second filter (join filter, recheck).
    pub filtered_more: f64,
    /// What it did with pages and the log, it and those below.
    pub used: UsageCounts,
    /// A loop is going on.
    running: bool,
    /// Nanoseconds of the present loop.
    loop_ns: u64,
    loop_first_ns: u64,
    loop_rows: f64,
}

/// A node.
pub struct NodeState {
    /// Its number in the plan.
    pub id: u32,
    /// What it does.
    pub kind: Kind,
    width: usize,
    params: Box<[i32]>,
    /// What EXPLAIN ANALYZE wants to know.
    pub instrument: Option<Box<Instrument>>,
}

/// The kinds of node.
#[allow(missing_docs, reason = "each variant is the state of the plan node of its name")]
pub enum Kind {
    Result(misc::ResultState),
    ProjectSet(function::ProjectSetState),
    Modify(Box<modify::ModifyState>),
    Append(misc::AppendState),
    RecursiveUnion(Box<misc::RecursiveUnionState>),
    SeqScan(Box<scan::SeqScanState>),
    IndexScan(Box<index::IndexScanState>),
    BitmapHeapScan(Box<index::BitmapHeapState>),
    TidScan(Box<scan::TidScanState>),
    SubqueryScan(misc::SubqueryState),
    FunctionScan(Box<function::FunctionScanState>),
    ValuesScan(misc::ValuesState),
    CteScan(misc::CteState),
    WorkTableScan(misc::WorkTableState),
    NestLoop(Box<join::NestLoopState>),
    MergeJoin(Box<merge::MergeJoinState>),
    HashJoin(Box<join::HashJoinState>),
    Material(Box<sort::MaterialState>),
    Memoize(Box<sort::MemoizeState>),
    Sort(Box<sort::SortState>),
    IncrementalSort(Box<sort::IncrementalSortState>),
    Group(Box<aggregate::GroupState>),
    Agg(Box<aggregate::AggState>),
    WindowAgg(Box<window::WindowAggState>),
    Unique(Box<set::UniqueState>),
    SetOp(Box<set::SetOpState>),
    LockRows(Box<lock_rows::LockRowsState>),
    Limit(Box<set::LimitState>),
}

macro_rules! dispatch {
    ($self:expr, $state:ident => $do:expr) => {
        match $self {
            Kind::Result($state) => $do,
            Kind::ProjectSet($state) => $do,
            Kind::Modify($state) => $do,
            Kind::Append($state) => $do,
            Kind::RecursiveUnion($state) => $do,
            Kind::SeqScan($state) => $do,
            Kind::IndexScan($state) => $do,
            Kind::BitmapHeapScan($state) => $do,
            Kind::TidScan($state) => $do,
            Kind::SubqueryScan($state) => $do,
            Kind::FunctionScan($state) => $do,
            Kind::ValuesScan($state) => $do,
            Kind::CteScan($state) => $do,
            Kind::WorkTableScan($state) => $do,
            Kind::NestLoop($state) => $do,
            Kind::MergeJoin($state) => $do,
            Kind::HashJoin($state) => $do,
            Kind::Material($state) => $do,
            Kind::Memoize($state) => $do,
            Kind::Sort($state) => $do,
            Kind::IncrementalSort($state) => $do,
            Kind::Group($state) => $do,
            Kind::Agg($state) => $do,
            Kind::WindowAgg($state) => $do,
            Kind::Unique($state) => $do,
            Kind::SetOp($state) => $do,
            Kind::LockRows($state) => $do,
            Kind::Limit($state) => $do,
        }
    };
}

/// What the session has done with pages and the log, if EXPLAIN wants to know.
fn usage_now(env: &Env<'_>) -> Option<UsageCounts> {
    let is_wanted = env.es.instrument.is_some_and(|instruments| instruments.usage);
    is_wanted.then(|| env.cx.session.store.buffers.usage().counts())
}

impl NodeState {
    /// Makes the next row; false at the end.
    #[inline]
    pub fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        // Whoever gathers rows gets them here.
        if memory::is_due() {
            env.check_interrupts()?;
        }
        if self.instrument.is_some() {
            return self.next_measured(env);
        }
        dispatch!(&mut self.kind, state => state.next(env))
    }

    #[cold]
    fn next_measured(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let timing = env.es.instrument.is_some_and(|i| i.timing);
        let start = if timing { env.cx.instance.host.clock.monotonic().as_nanos() as u64 } else { 0 };
        let used_before = usage_now(env);
        let result = dispatch!(&mut self.kind, state => state.next(env));
        let spent =
            if timing { (env.cx.instance.host.clock.monotonic().as_nanos() as u64).saturating_sub(start) } else { 0 };
        let instrument = self.instrument.as_mut().expect("checked by the caller");
        if let (Some(before), Some(now)) = (used_before, usage_now(env)) {
            instrument.used.add(&now.since(&before));
        }
        let found = matches!(result, Ok(true));
        if !instrument.running {
            instrument.running = true;
            instrument.loop_first_ns = spent;
        }
        instrument.loop_ns += spent;
        instrument.loop_rows += f64::from(u8::from(found));
        result
    }

    /// Ends the present loop's measurement.
    pub fn end_loop(&mut self) {
        let Some(instrument) = &mut self.instrument else { return };
        if instrument.running {
            instrument.loops += 1.0;
            instrument.rows += instrument.loop_rows;
            instrument.startup_us += instrument.loop_first_ns as f64 / 1000.0;
            instrument.total_us += instrument.loop_ns as f64 / 1000.0;
            instrument.running = false;
            instrument.loop_rows = 0.0;
            instrument.loop_ns = 0;
            instrument.loop_first_ns = 0;
        }
    }

    /// The present row.
    #[inline]
    pub fn row(&self) -> &[Datum] {
        dispatch!(&self.kind, state => state.row())
    }

    /// Starts again; `changed` are the executor parameters that changed since.
    pub fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.end_loop();
        dispatch!(&mut self.kind, state => state.rescan(env, changed))
    }

    /// Starts again for a new run of the statement: nothing that was kept is good any more.
    pub fn restart(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.forget();
        self.rescan(env, changed)
    }

    /// Drops rows that nodes keep for rescans.
    fn forget(&mut self) {
        match &mut self.kind {
            Kind::Material(node) => node.forget(),
            Kind::Sort(node) => node.forget(),
            Kind::HashJoin(node) => node.forget(),
            Kind::SetOp(node) => node.forget(),
            Kind::FunctionScan(node) => node.forget(),
            Kind::Memoize(node) => node.forget(),
            _ => {}
        }
        self.children_mut().into_iter().for_each(NodeState::forget);
    }

    /// The executor parameters that its output depends on.
    pub fn params(&self) -> &[i32] {
        &self.params
    }

    /// Hands over what the scans of the whole tree counted.
    pub fn gather(&mut self, pending: &mut Pending) {
        match &mut self.kind {
            Kind::SeqScan(scan) => return scan.gather(pending),
            Kind::IndexScan(scan) => return scan.gather(pending),
            Kind::BitmapHeapScan(scan) => return scan.gather(pending),
            _ => {}
        }
        self.children_mut().into_iter().for_each(|child| child.gather(pending));
    }

    /// Lets go of scans, and with them of snapshots, of the whole tree.
    pub fn release(&mut self) {
        match &mut self.kind {
            Kind::SeqScan(scan) => scan.release(),
            Kind::IndexScan(scan) => scan.release(),
            Kind::BitmapHeapScan(scan) => scan.release(),
            Kind::TidScan(scan) => scan.release(),
            Kind::Modify(modify) => modify.release(),
            Kind::LockRows(rows) => rows.release(),
            _ => {}
        }
        self.children_mut().into_iter().for_each(NodeState::release);
    }

    /// The children, outer first.
    pub fn children_mut(&mut self) -> Vec<&mut NodeState> {
        dispatch!(&mut self.kind, state => state.children_mut())
    }

    /// True if its output depends on one of these parameters.
    pub fn depends_on(&self, changed: &[i32]) -> bool {
        changed.iter().any(|p| self.params.contains(p))
    }

    /// Number of output columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Tells nodes below that no more than so many rows will be wanted.
    pub fn set_bound(&mut self, bound: u64) {
        match &mut self.kind {
            Kind::Sort(sort) => sort.bound = Some(bound),
            Kind::Result(result) => {
                if let Some(child) = &mut result.child {
                    child.set_bound(bound);
                }
            }
            Kind::SubqueryScan(scan) if !scan.has_qual() => scan.child.set_bound(bound),
            _ => {}
        }
    }

    /// Rows that the filter of a node of the simpler kinds threw away.
    pub fn output_filtered(&self) -> u64 {
        match &self.kind {
            Kind::Result(n) => n.output.filtered,
            Kind::SubqueryScan(n) => n.output.filtered,
            Kind::FunctionScan(n) => n.output.filtered,
            Kind::ValuesScan(n) => n.output.filtered,
            Kind::CteScan(n) => n.output.filtered,
            Kind::WorkTableScan(n) => n.output.filtered,
            _ => 0,
        }
    }

    /// Counts a row that a filter threw away.
    pub fn note_filtered(&mut self, by: f64) {
        if let Some(instrument) = &mut self.instrument {
            instrument.filtered += by;
        }
    }
}

/// Filters rows and computes the output list.
pub struct Output {
    /// Tested first.
    pub qual: Option<Program>,
    /// Computes the output; `None` passes the input row on.
    pub project: Option<Program>,
    /// The output row, if computed.
    pub row: Vec<Datum>,
    /// Rows that failed the test.
    pub filtered: u64,
}

impl Output {
    /// True if the row passes; its output is then in `row`, or the input row if it is passed on.
    #[inline]
    pub fn emit(&mut self, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<bool> {
        if let Some(qual) = &mut self.qual
            && !qual.holds(rows, env)?
        {
            self.filtered += 1;
            return Ok(false);
        }
        if let Some(project) = &mut self.project {
            project.project(rows, env, &mut self.row)?;
        }
        Ok(true)
    }

    /// The output row, or the input row if that is passed on.
    #[inline]
    pub fn pick<'a>(&'a self, input: &'a [Datum]) -> &'a [Datum] {
        if self.project.is_some() { &self.row } else { input }
    }
}

/// Makes node states of plan nodes.
pub struct Builder<'a> {
    /// The session.
    pub cx: Ctx<'a>,
    /// The statement.
    pub plan: &'a PlannedStmt,
    /// Relations opened, by range table index from 0.
    pub relations: &'a [Option<Arc<RelationEntry>>],
    /// Initial plans found.
    pub init_plans: Vec<SubPlan>,
    /// Measure.
    pub instrument: bool,
    /// Make plain row-by-row nodes for a re-evaluation (EvalPlanQual).
    pub recheck: bool,
    /// work_mem in bytes.
    pub work_mem: usize,
    /// For hash tables, in bytes.
    pub hash_mem: usize,
}

impl<'a> Builder<'a> {
    /// The state of a node and all below.
    pub fn build(&mut self, plan: &Plan) -> Result<NodeState> {
        self.init_plans.extend(plan.init_plans.iter().cloned());
        let kind = match &plan.node {
            Node::Result(n) => Kind::Result(misc::ResultState::build(self, plan, n)?),
            Node::ProjectSet(child) => Kind::ProjectSet(function::ProjectSetState::build(self, plan, child)?),
            Node::ModifyTable(n) => Kind::Modify(Box::new(modify::ModifyState::build(self, plan, n)?)),
            Node::Append(n) => Kind::Append(misc::AppendState::build(self, n)?),
            Node::MergeAppend(_) => report::unsupported!("MergeAppend"),
            Node::RecursiveUnion(n) => Kind::RecursiveUnion(Box::new(misc::RecursiveUnionState::build(self, n)?)),
            Node::SeqScan(n) => Kind::SeqScan(Box::new(scan::SeqScanState::build(self, plan, n)?)),
            Node::IndexScan(n) => Kind::IndexScan(Box::new(index::IndexScanState::build(self, plan, n)?)),
            Node::IndexOnlyScan(n) => Kind::IndexScan(Box::new(index::IndexScanState::build_only(self, plan, n)?)),
            Node::BitmapHeapScan(n) => Kind::BitmapHeapScan(Box::new(index::BitmapHeapState::build(self, plan, n)?)),
            Node::BitmapIndexScan(_) | Node::BitmapAnd(_) | Node::BitmapOr(_) => {
                return Err(report::Error::internal("bitmap node outside a bitmap scan"));
            }
            Node::TidScan(n) => Kind::TidScan(Box::new(scan::TidScanState::build(self, plan, n)?)),
            Node::SubqueryScan(n) => Kind::SubqueryScan(misc::SubqueryState::build(self, plan, n)?),
            Node::FunctionScan(n) => Kind::FunctionScan(Box::new(function::FunctionScanState::build(self, plan, n)?)),
            Node::ValuesScan(n) => Kind::ValuesScan(misc::ValuesState::build(self, plan, n)?),
            Node::CteScan(n) => Kind::CteScan(misc::CteState::build(self, plan, n)?),
            Node::WorkTableScan(n) => Kind::WorkTableScan(misc::WorkTableState::build(self, plan, n)?),
            Node::NestLoop(n) => Kind::NestLoop(Box::new(join::NestLoopState::build(self, plan, n)?)),
            Node::MergeJoin(n) => Kind::MergeJoin(Box::new(merge::MergeJoinState::build(self, plan, n)?)),
            Node::HashJoin(n) => Kind::HashJoin(Box::new(join::HashJoinState::build(self, plan, n)?)),
            Node::Hash(n) => return self.build(&n.child),
            Node::Material(child) => Kind::Material(Box::new(sort::MaterialState::build(self, child)?)),
            Node::Memoize(n) => Kind::Memoize(Box::new(sort::MemoizeState::build(self, n)?)),
            Node::Sort(n) => Kind::Sort(Box::new(sort::SortState::build(self, n)?)),
            Node::IncrementalSort(n) => Kind::IncrementalSort(Box::new(sort::IncrementalSortState::build(self, n)?)),
            Node::Group(n) => Kind::Group(Box::new(aggregate::GroupState::build(self, plan, n)?)),
            Node::Agg(n) => Kind::Agg(Box::new(aggregate::AggState::build(self, plan, n)?)),
            Node::WindowAgg(n) => Kind::WindowAgg(Box::new(window::WindowAggState::build(self, plan, n)?)),
            Node::Unique(n) => Kind::Unique(Box::new(set::UniqueState::build(self, n)?)),
            Node::SetOp(n) => Kind::SetOp(Box::new(set::SetOpState::build(self, plan, n)?)),
            Node::LockRows(n) => Kind::LockRows(Box::new(lock_rows::LockRowsState::build(self, plan, n)?)),
            Node::Limit(n) => Kind::Limit(Box::new(set::LimitState::build(self, n)?)),
        };
        let mut params: Vec<i32> = plan.all_params.iter().copied().collect();
        params.sort_unstable();
        Ok(NodeState {
            id: plan.id,
            kind,
            width: plan.targetlist.len(),
            params: params.into(),
            instrument: self.instrument.then(Box::default),
        })
    }

    /// The filter and output of a node that computes its output list.
    pub fn output(&self, plan: &Plan) -> Result<Output> {
        self.output_with(plan, Compiler::new(self.cx), Compiler::new(self.cx))
    }

    /// The same for a scan of a relation: whole-row references know its columns.
    pub fn scan_output(&self, plan: &Plan, rti: i32, width: usize) -> Result<Output> {
        let compiler = || match self.relations.get(rti as usize - 1).and_then(Option::as_ref) {
            Some(entry) => Compiler::new(self.cx).with_scan_desc(Arc::clone(&entry.desc), entry.class.reltype),
            None => Compiler::new(self.cx),
        };
        let mut output = self.output_with(plan, compiler(), compiler())?;
        let passes = output
            .project
            .as_ref()
            .is_some_and(|p| p.result_count() == width && p.is_identity_of(crate::expr::Source::Scan));
        if passes {
            output.project = None;
        }
        Ok(output)
    }

    fn output_with(&self, plan: &Plan, for_qual: Compiler<'_>, for_targets: Compiler<'_>) -> Result<Output> {
        Ok(Output {
            qual: for_qual.finish_condition(&plan.qual)?,
            project: Some(for_targets.finish_all(target_exprs(&plan.targetlist))?),
            row: Vec::new(),
            filtered: 0,
        })
    }
}

/// The expressions of an output list.
pub fn target_exprs(targets: &[TargetEntry]) -> impl Iterator<Item = &Expr> {
    targets.iter().map(|target| &target.expr)
}

/// The column that a target makes.
pub fn attribute_of(cx: Ctx<'_>, target: &TargetEntry) -> Result<tuple::Attribute> {
    let name = target.name.clone().unwrap_or_else(|| "?column?".to_owned());
    let mut attribute = crate::types::Types(cx).attribute(name, target.expr.type_of())?;
    attribute.type_mod = target.expr.typmod_of();
    attribute.collation = target.expr.collation_of();
    Ok(attribute)
}

impl Builder<'_> {
    /// The columns of an output list.
    pub fn output_desc(&self, targets: &[TargetEntry]) -> Result<Arc<tuple::TupleDesc>> {
        let attributes = targets.iter().filter(|t| !t.junk).map(|t| attribute_of(self.cx, t)).collect::<Result<_>>()?;
        Ok(Arc::new(tuple::TupleDesc { attributes }))
    }

    /// The filter and output of a scan whose rows have these columns.
    pub fn row_output(&self, plan: &Plan, desc: Arc<tuple::TupleDesc>) -> Result<Output> {
        let record = base::Oid(2249);
        let compiler = || Compiler::new(self.cx).with_scan_desc(Arc::clone(&desc), record);
        self.output_with(plan, compiler(), compiler())
    }

    /// The columns of a range table entry that is no table, if they are all known.
    pub fn rte_desc(&self, rti: i32) -> Result<Option<Arc<tuple::TupleDesc>>> {
        use analyze::query::RteKind;
        use builtins::TypeLookup;
        let rte = &self.plan.rtable[rti as usize - 1];
        let types = crate::types::Types(self.cx);
        let list: Vec<base::Oid> = match &rte.kind {
            RteKind::Values(values) => values.columns.types.clone(),
            RteKind::Cte(cte) => cte.columns.types.clone(),
            RteKind::Function(function) => {
                let [only] = function.functions.as_slice() else { return Ok(None) };
                match (&only.definition, only.column_count) {
                    (Some(list), _) => list.types.clone(),
                    (None, 1) => {
                        let call = only.call.type_of();
                        match types.row_desc(call, -1) {
                            Ok(desc) => return Ok(Some(desc)),
                            Err(_) => vec![call],
                        }
                    }
                    (None, _) => match types.row_desc(only.call.type_of(), -1) {
                        Ok(desc) => return Ok(Some(desc)),
                        Err(_) => return Ok(None),
                    },
                }
            }
            _ => return Ok(None),
        };
        let mut desc = tuple::TupleDesc::default();
        for (place, oid) in list.iter().enumerate() {
            let name = rte.eref.columns.get(place).cloned().unwrap_or_default();
            desc.attributes.push(types.attribute(name, *oid)?);
        }
        Ok(Some(Arc::new(desc)))
    }
}
