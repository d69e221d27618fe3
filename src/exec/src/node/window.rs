//! Window functions: a partition at a time.
//!
//! The rows of a partition are stored (beyond work_mem in a file) with the arguments of all functions evaluated; then the
//! functions are asked row by row. An aggregate whose frame only grows at its end goes on from row to row; others start anew.

use super::set::KeySpec;
use super::{Builder, NodeState, target_exprs};
use crate::env::Env;
use crate::expr::{Compiler, Program, Rows, compile_expr, compile_exprs};
use crate::store::Tuplestore;
use analyze::expr::{Expr, WindowFunc};
use analyze::query::{Frame, FrameBound, FrameExclusion, FrameUnit};
use analyze::walk;
use base::Oid;
use builtins::window::FrameSeek;
use builtins::{Accumulator, Aggregate, FnCtx, WindowAccess, WindowFunction, WindowState};
use plan::node::{Plan, WindowAgg};
use report::{Error, Result, error, unsupported};
use std::cell::RefCell;
use std::ops::Range;
use tuple::Datum;

enum Function {
    Window { function: &'static WindowFunction, state: Option<Box<dyn WindowState>> },
    Aggregate { aggregate: &'static Aggregate, state: Option<Accumulator>, upto: usize },
}

/// A call of a window function.
struct Call {
    function: Function,
    args: Program,
    /// The place of its arguments in the stored rows.
    first_arg: usize,
    filter: Option<Program>,
    passes: Vec<bool>,
    arg_types: Vec<Oid>,
    result_type: Oid,
    collation: Oid,
}

/// How RANGE finds the ends of a frame with offsets.
struct InRange {
    function: Oid,
    column: usize,
    type_oid: Oid,
    collation: Oid,
    ascending: bool,
    nulls_first: bool,
}

/// A WindowAgg at work.
pub struct WindowAggState {
    child: NodeState,
    partition: KeySpec,
    order: KeySpec,
    frame: Frame,
    start_offset: Option<Program>,
    end_offset: Option<Program>,
    offsets: Option<(Datum, Datum)>,
    offset_types: (Oid, Oid),
    start_in_range: Option<InRange>,
    end_in_range: Option<InRange>,
    calls: Vec<Call>,
    project: Program,
    /// The rows of the partition: the child's columns, then the arguments of all calls.
    rows: RefCell<Tuplestore>,
    row_count: usize,
    /// The child's columns of the row last stored.
    last: Vec<Datum>,
    /// The number of each row's group of peers.
    groups: Vec<usize>,
    /// The first row of each group, and the end.
    group_starts: Vec<usize>,
    next_first: Option<Vec<Datum>>,
    ended: bool,
    at: usize,
    results: Vec<Datum>,
    row: Vec<Datum>,
    scratch: Vec<Datum>,
}

/// The window functions of one window in some expressions.
fn find_functions(plan: &Plan, winref: u32) -> Vec<WindowFunc> {
    let mut found: Vec<WindowFunc> = Vec::new();
    for expr in target_exprs(&plan.targetlist) {
        walk::for_each(expr, &mut |e| {
            if let Expr::WindowFunc(node) = e
                && node.winref == winref
                && !found.contains(node)
            {
                found.push((**node).clone());
            }
        });
    }
    found
}

impl WindowAggState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &WindowAgg) -> Result<WindowAggState> {
        let functions = find_functions(plan, node.winref);
        let cx = builder.cx;
        let mut calls = Vec::new();
        let child = builder.build(&node.child)?;
        let mut width = child.width();
        for function in &functions {
            cx.check_execute(function.function)?;
            let implementation = match builtins::window_function(function.function) {
                Some(found) => Function::Window { function: found, state: None },
                None => match builtins::aggregate(function.function) {
                    Some(found) => Function::Aggregate { aggregate: found, state: None, upto: 0 },
                    None => unsupported!("window function with OID {}", function.function),
                },
            };
            calls.push(Call {
                function: implementation,
                args: compile_exprs(cx, &function.args)?,
                first_arg: width,
                filter: function.filter.as_ref().map(|f| compile_expr(cx, f)).transpose()?,
                passes: Vec::new(),
                arg_types: function.args.iter().map(Expr::type_of).collect(),
                result_type: function.result_type,
                collation: function.input_collation,
            });
            width += function.args.len();
        }
        let in_range = |function: Oid| {
            let first = node.order.first().filter(|_| function.is_valid())?;
            let column = first.column as usize - 1;
            Some(InRange {
                function,
                column,
                type_oid: node.child.targetlist[column].expr.type_of(),
                collation: node.in_range_collation,
                ascending: node.in_range_ascending,
                nulls_first: node.in_range_nulls_first,
            })
        };
        let offset_type = |e: &Option<Expr>| e.as_ref().map_or(Oid(20), Expr::type_of);
        Ok(WindowAggState {
            partition: KeySpec::build(builder, &node.partition, &node.child.targetlist)?,
            order: KeySpec::build(builder, &node.order, &node.child.targetlist)?,
            frame: node.frame,
            start_offset: node.start_offset.as_ref().map(|e| compile_expr(cx, e)).transpose()?,
            end_offset: node.end_offset.as_ref().map(|e| compile_expr(cx, e)).transpose()?,
            offsets: None,
            offset_types: (offset_type(&node.start_offset), offset_type(&node.end_offset)),
            start_in_range: in_range(node.start_in_range),
            end_in_range: in_range(node.end_in_range),
            project: Compiler::new(cx).with_window_functions(&functions).finish_all(target_exprs(&plan.targetlist))?,
            calls,
            rows: RefCell::new(Tuplestore::new(width, builder.work_mem)),
            row_count: 0,
            last: Vec::new(),
            groups: Vec::new(),
            group_starts: Vec::new(),
            next_first: None,
            ended: false,
            at: 0,
            results: Vec::new(),
            row: Vec::new(),
            scratch: Vec::new(),
            child,
        })
    }

    fn evaluate_offsets(&mut self, env: &mut Env<'_>) -> Result<()> {
        if self.offsets.is_some() {
            return Ok(());
        }
        let mut one = |program: &mut Option<Program>, bound: FrameBound, which: &str| -> Result<Datum> {
            let Some(program) = program else { return Ok(Datum::Null) };
            if !matches!(bound, FrameBound::OffsetPreceding | FrameBound::OffsetFollowing) {
                return Ok(Datum::Null);
            }
            let value = program.eval(&Rows::default(), env)?.clone();
            if value.is_null() {
                return Err(error!(NULL_VALUE_NOT_ALLOWED, "frame {which} offset must not be null"));
            }
            if let Datum::Int8(n) = value
                && n < 0
                && self.frame.unit != FrameUnit::Range
            {
                return Err(error!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "frame {which} offset must not be negative"));
            }
            Ok(value)
        };
        let start = one(&mut self.start_offset, self.frame.start, "starting")?;
        let end = one(&mut self.end_offset, self.frame.end, "ending")?;
        self.offsets = Some((start, end));
        Ok(())
    }

    /// Reads the next partition; false if there is none.
    fn load(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let first = match self.next_first.take() {
            Some(row) => row,
            None if self.ended => return Ok(false),
            None if self.child.next(env)? => self.child.row().to_vec(),
            None => {
                self.ended = true;
                return Ok(false);
            }
        };
        self.rows.borrow_mut().clear();
        self.row_count = 0;
        self.groups.clear();
        self.group_starts.clear();
        for call in &mut self.calls {
            call.passes.clear();
            call.reset();
        }
        self.add_row(first.clone(), env)?;
        loop {
            if !self.child.next(env)? {
                self.ended = true;
                break;
            }
            if !self.partition.same(&first, self.child.row()) {
                self.next_first = Some(self.child.row().to_vec());
                break;
            }
            let row = self.child.row().to_vec();
            self.add_row(row, env)?;
        }
        self.group_starts.push(self.row_count);
        self.at = 0;
        Ok(true)
    }

    fn add_row(&mut self, row: Vec<Datum>, env: &mut Env<'_>) -> Result<()> {
        if self.row_count == 0 || !self.order.same(&self.last, &row) {
            self.group_starts.push(self.row_count);
        }
        self.groups.push(self.group_starts.len() - 1);
        let mut stored = row.clone();
        let rows = Rows::outer(&row);
        for call in &mut self.calls {
            let passes = match &mut call.filter {
                Some(filter) => filter.holds(&rows, env)?,
                None => true,
            };
            match passes {
                true => call.args.project(&rows, env, &mut self.scratch)?,
                false => {
                    self.scratch.clear();
                    self.scratch.resize(call.arg_types.len(), Datum::Null);
                }
            }
            stored.append(&mut self.scratch);
            call.passes.push(passes);
        }
        self.rows.borrow_mut().push(&stored, &mut env.temp_space())?;
        self.row_count += 1;
        self.last = row;
        Ok(())
    }

    /// Shows a stored row.
    fn with_row<T>(&self, at: usize, show: impl FnOnce(&[Datum]) -> T) -> Result<T> {
        let mut rows = self.rows.borrow_mut();
        let row = rows.row(at as u64)?.ok_or_else(|| Error::internal("window function looks beyond its partition"))?;
        Ok(show(row))
    }

    /// The frame of a row, exclusions aside.
    fn frame_of(&self, at: usize, env: &mut Env<'_>) -> Result<Range<usize>> {
        let rows = self.row_count;
        let start = self.bound(at, true, env)?.min(rows);
        let end = self.bound(at, false, env)?.min(rows);
        Ok(start..end.max(start))
    }

    /// The first row of the frame, or the row after its last one.
    fn bound(&self, at: usize, is_start: bool, env: &mut Env<'_>) -> Result<usize> {
        let rows = self.row_count;
        let bound = if is_start { self.frame.start } else { self.frame.end };
        let group = self.groups[at];
        match bound {
            FrameBound::UnboundedPreceding => Ok(0),
            FrameBound::UnboundedFollowing => Ok(rows),
            FrameBound::CurrentRow => Ok(match (self.frame.unit, is_start) {
                (FrameUnit::Rows, true) => at,
                (FrameUnit::Rows, false) => at + 1,
                (_, true) => self.group_starts[group],
                (_, false) => self.group_starts[group + 1],
            }),
            _ => self.offset_bound(at, is_start, bound == FrameBound::OffsetPreceding, env),
        }
    }

    fn offset_bound(&self, at: usize, is_start: bool, preceding: bool, env: &mut Env<'_>) -> Result<usize> {
        let (start, end) = self.offsets.as_ref().expect("evaluated before rows are looked at");
        let offset = if is_start { start } else { end };
        let extra = usize::from(!is_start);
        match self.frame.unit {
            FrameUnit::Range => self.range_bound(at, is_start, preceding, offset, env),
            FrameUnit::Rows => {
                let n = usize::try_from(offset.as_i64()).unwrap_or(usize::MAX);
                Ok(if preceding { (at + extra).saturating_sub(n) } else { at.saturating_add(n).saturating_add(extra) })
            }
            FrameUnit::Groups => {
                let n = usize::try_from(offset.as_i64()).unwrap_or(usize::MAX);
                let group = self.groups[at];
                let last = self.group_starts.len() - 1;
                let wanted = if preceding { group.checked_sub(n) } else { Some(group.saturating_add(n)) };
                Ok(match (wanted, is_start) {
                    (None, true) => 0,
                    (None, false) => 0,
                    (Some(g), _) => self.group_starts[g.saturating_add(extra).min(last)],
                })
            }
        }
    }

    fn range_bound(
        &self,
        at: usize,
        is_start: bool,
        preceding: bool,
        offset: &Datum,
        env: &mut Env<'_>,
    ) -> Result<usize> {
        let spec = if is_start { &self.start_in_range } else { &self.end_in_range };
        let spec = spec.as_ref().ok_or_else(|| Error::internal("RANGE with offset without in_range function"))?;
        let base = self.with_row(at, |row| row[spec.column].clone())?;
        let group = self.groups[at];
        if base.is_null() {
            // Nulls are peers of nulls only.
            return Ok(if is_start { self.group_starts[group] } else { self.group_starts[group + 1] });
        }
        let Some(found) = builtins::function(spec.function) else { unsupported!("RANGE with offset of this type") };
        let offset_type = if is_start { self.offset_types.0 } else { self.offset_types.1 };
        // Which way a value lies depends on the order; `less` asks for value <= base -/+ offset.
        let subtract = preceding == spec.ascending;
        let less = is_start != spec.ascending;
        let mut low = 0;
        let mut high = self.row_count;
        let types = [spec.type_oid, spec.type_oid, offset_type, Oid(16), Oid(16)];
        while low < high {
            let middle = (low + high) / 2;
            let value = self.with_row(middle, |row| row[spec.column].clone())?;
            let inside = if value.is_null() {
                // Nulls lie at one end, outside of every such frame.
                !spec.nulls_first
            } else {
                let args = [value, base.clone(), offset.clone(), Datum::Bool(subtract), Datum::Bool(less)];
                let result = crate::env::with_format(env.cx, &env.es.format, |fx| {
                    let mut fx = fx.call(&types, Oid(16), spec.collation);
                    (found.function)(&mut fx, &args)
                })?;
                // At the start: has the frame begun? At the end: has it ended?
                if is_start { result.is_true() } else { !result.is_true() }
            };
            if inside {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        self.evaluate_offsets(env)?;
        while self.at >= self.row_count {
            if !self.load(env)? {
                return Ok(false);
            }
        }
        let at = self.at;
        let frame = self.frame_of(at, env)?;
        let mut results = std::mem::take(&mut self.results);
        results.clear();
        let mut calls = std::mem::take(&mut self.calls);
        let outcome = calls.iter_mut().try_for_each(|call| {
            results.push(call.value(self, at, frame.clone(), env)?);
            Ok(())
        });
        self.calls = calls;
        self.results = results;
        outcome?;
        let mut stored = self.rows.borrow_mut();
        let outer = stored.row(at as u64)?.unwrap_or_default();
        let rows = Rows { outer, aggregates: &self.results, ..Rows::default() };
        self.project.project(&rows, env, &mut self.row)?;
        drop(stored);
        self.at += 1;
        Ok(true)
    }

    fn is_excluded(&self, at: usize, row: usize) -> bool {
        match self.frame.exclusion {
            FrameExclusion::NoOthers => false,
            FrameExclusion::CurrentRow => row == at,
            FrameExclusion::Group => self.groups[row] == self.groups[at],
            FrameExclusion::Ties => row != at && self.groups[row] == self.groups[at],
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.rows.borrow_mut().clear();
        self.row_count = 0;
        self.at = 0;
        self.next_first = None;
        self.ended = false;
        self.offsets = None;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

impl Call {
    fn reset(&mut self) {
        match &mut self.function {
            Function::Window { state, .. } => *state = None,
            Function::Aggregate { state, upto, .. } => {
                *state = None;
                *upto = 0;
            }
        }
    }

    /// The function's value for a row.
    fn value(&mut self, node: &WindowAggState, at: usize, frame: Range<usize>, env: &mut Env<'_>) -> Result<Datum> {
        let (arg_types, result_type, collation) = (&self.arg_types, self.result_type, self.collation);
        let (args, passes) = (self.first_arg..self.first_arg + self.arg_types.len(), &self.passes);
        let function = &mut self.function;
        let cx = env.cx;
        crate::env::with_format(cx, &env.es.format, |fx| {
            let mut fx = fx.call(arg_types, result_type, collation);
            match function {
                Function::Window { function, state } => {
                    let state = state.get_or_insert_with(function.start);
                    let mut view = View { node, first_arg: args.start, at, frame };
                    state.next(&mut fx, &mut view)
                }
                Function::Aggregate { aggregate, state, upto } => {
                    let grows = frame.start == 0
                        && node.frame.start == FrameBound::UnboundedPreceding
                        && node.frame.exclusion == FrameExclusion::NoOthers
                        && frame.end >= *upto;
                    if !grows || state.is_none() {
                        *state = Some((aggregate.start)(&fx)?);
                        *upto = frame.start;
                    }
                    let running = state.as_mut().expect("made above");
                    let added = (*upto).max(frame.start)..frame.end;
                    for row in added.filter(|row| passes[*row] && !node.is_excluded(at, *row)) {
                        node.with_row(row, |stored| running.step(&mut fx, &stored[args.clone()]))??;
                    }
                    *upto = frame.end;
                    running.finish(&mut fx)
                }
            }
        })
    }
}

/// A window function's view of its partition.
struct View<'a> {
    node: &'a WindowAggState,
    first_arg: usize,
    at: usize,
    frame: Range<usize>,
}

impl WindowAccess for View<'_> {
    fn current_row(&self) -> i64 {
        self.at as i64
    }

    fn partition_rows(&mut self) -> Result<i64> {
        Ok(self.node.row_count as i64)
    }

    fn are_peers(&mut self, a: i64, b: i64) -> Result<bool> {
        Ok(self.node.groups[a as usize] == self.node.groups[b as usize])
    }

    fn argument(&mut self, _: &mut FnCtx<'_>, arg: usize) -> Result<Datum> {
        self.node.with_row(self.at, |row| row[self.first_arg + arg].clone())
    }

    fn argument_at(&mut self, _: &mut FnCtx<'_>, arg: usize, row: i64) -> Result<Option<Datum>> {
        match usize::try_from(row) {
            Ok(row) if row < self.node.row_count => {
                self.node.with_row(row, |stored| Some(stored[self.first_arg + arg].clone()))
            }
            _ => Ok(None),
        }
    }

    fn argument_in_frame(&mut self, _: &mut FnCtx<'_>, arg: usize, nth: i64, seek: FrameSeek) -> Result<Option<Datum>> {
        let Ok(nth) = usize::try_from(nth) else { return Ok(None) };
        let (node, at) = (self.node, self.at);
        let kept = |row: &usize| !node.is_excluded(at, *row);
        let row = match seek {
            FrameSeek::Head => self.frame.clone().filter(kept).nth(nth),
            FrameSeek::Tail => self.frame.clone().rev().filter(kept).nth(nth),
        };
        row.map(|row| node.with_row(row, |stored| stored[self.first_arg + arg].clone())).transpose()
    }
}
