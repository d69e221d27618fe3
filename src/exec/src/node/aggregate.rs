//! Grouping and aggregation: plain, over sorted rows, and by hash tables, with grouping sets.

use super::set::KeySpec;
use super::{Builder, NodeState, Output, target_exprs};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_exprs};
use crate::store::{GroupTable, RunReader, RunWriter, SortKey, Sorter, Tuplestore};
use crate::types::Types;
use analyze::expr::{Aggref, Expr};
use analyze::walk;
use base::Oid;
use builtins::{Accumulator, Aggregate, FnCtx};
use plan::node::{Agg, AggStrategy, Group, Plan};
use report::{Result, unsupported};
use tuple::{Comparator, Datum, KeyOrder};

/// A Group at work: one row for each run of rows with the same key.
pub struct GroupState {
    child: NodeState,
    spec: KeySpec,
    output: Output,
    first: Option<Vec<Datum>>,
    ended: bool,
}

impl GroupState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &Group) -> Result<GroupState> {
        Ok(GroupState {
            spec: KeySpec::build(builder, &node.columns, &node.child.targetlist)?,
            child: builder.build(&node.child)?,
            output: builder.output(plan)?,
            first: None,
            ended: false,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if self.ended {
                return Ok(false);
            }
            if !self.child.next(env)? {
                self.ended = true;
                return Ok(false);
            }
            let row = self.child.row();
            if self.first.as_ref().is_some_and(|first| self.spec.same(first, row)) {
                continue;
            }
            self.first = Some(row.to_vec());
            if self.output.emit(&Rows::outer(row), env)? {
                return Ok(true);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.output.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.first = None;
        self.ended = false;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// An aggregate call, prepared.
struct Call {
    aggregate: &'static Aggregate,
    /// Places of its arguments (and sort expressions) among the results of `inputs`.
    args: std::ops::Range<usize>,
    /// How many of them the function takes.
    arg_count: usize,
    /// The arguments of a call with FILTER are evaluated only for rows that pass.
    filter: Option<Filtered>,
    direct: Option<Program>,
    arg_types: Vec<Oid>,
    result_type: Oid,
    collation: Oid,
    /// ORDER BY and DISTINCT need the rows sorted first.
    sort: Option<Vec<SortKey>>,
    /// DISTINCT: how many leading sort columns decide.
    distinct: usize,
    strict_null_skip: bool,
}

/// FILTER of a call, with its arguments.
struct Filtered {
    filter: Program,
    args: Program,
    row: Vec<Datum>,
    passes: bool,
}

/// A call's state in a group.
enum CallState {
    Plain(Accumulator),
    Sorted(Box<Sorter>),
}

/// The states of all calls in a group.
type GroupStates = Vec<CallState>;

/// Calls `work` with the context of an aggregate call.
fn with_call<T>(env: &mut Env<'_>, call: &Call, work: impl FnOnce(&mut FnCtx<'_>) -> T) -> T {
    crate::env::with_format(env.cx, &env.es.format, |fx| {
        let mut fx = fx.call(&call.arg_types, call.result_type, call.collation);
        work(&mut fx)
    })
}

/// The aggregates of a node.
pub struct Calls {
    calls: Vec<Call>,
    inputs: Program,
    input_row: Vec<Datum>,
    work_mem: usize,
}

/// The aggregate calls in some expressions, by their number.
fn find_calls<'e>(exprs: impl Iterator<Item = &'e Expr>) -> Vec<Aggref> {
    let mut found: Vec<Option<Aggref>> = Vec::new();
    for expr in exprs {
        walk::for_each(expr, &mut |e| {
            if let Expr::Aggref(agg) = e {
                let at = agg.agg_no.max(0) as usize;
                if found.len() <= at {
                    found.resize(at + 1, None);
                }
                found[at].get_or_insert_with(|| (**agg).clone());
            }
        });
    }
    // Numbers are given over the whole level; some may not be in this node after a projection.
    let model = found.iter().flatten().next().cloned();
    found.into_iter().map(|agg| agg.or_else(|| model.clone()).expect("there is one")).collect()
}

impl Calls {
    fn build(builder: &Builder<'_>, aggs: &[Aggref]) -> Result<Calls> {
        let mut exprs: Vec<Expr> = Vec::new();
        let mut calls = Vec::new();
        for agg in aggs {
            builder.cx.check_execute(agg.function)?;
            let Some(aggregate) = builtins::aggregate(agg.function) else {
                unsupported!("aggregate function with OID {}", agg.function);
            };
            let start = exprs.len();
            let own = agg.args.iter().map(|t| &t.expr);
            let (args, filter) = match &agg.filter {
                None => {
                    exprs.extend(own.cloned());
                    (start..exprs.len(), None)
                }
                Some(filter) => {
                    let filter = compile_exprs(builder.cx, [filter])?;
                    let args = compile_exprs(builder.cx, own)?;
                    (0..agg.args.len(), Some(Filtered { filter, args, row: Vec::new(), passes: false }))
                }
            };
            let direct = match agg.direct_args.is_empty() {
                true => None,
                false => Some(compile_exprs(builder.cx, &agg.direct_args)?),
            };
            let (sort, distinct) = sort_of(builder, agg)?;
            calls.push(Call {
                aggregate,
                arg_count: agg.args.iter().filter(|t| !t.junk).count(),
                args,
                filter,
                direct,
                arg_types: agg.arg_types.clone(),
                result_type: agg.result_type,
                collation: agg.input_collation,
                sort,
                distinct,
                strict_null_skip: false,
            });
        }
        Ok(Calls {
            calls,
            inputs: compile_exprs(builder.cx, &exprs)?,
            input_row: Vec::new(),
            work_mem: builder.work_mem,
        })
    }

    fn start(&self, env: &mut Env<'_>) -> Result<GroupStates> {
        let mut states = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            states.push(match &call.sort {
                Some(keys) => {
                    CallState::Sorted(Box::new(Sorter::new(call.args.len(), keys.clone(), self.work_mem, None)))
                }
                None => CallState::Plain(with_call(env, call, |fx| (call.aggregate.start)(fx))?),
            });
        }
        Ok(states)
    }

    /// Evaluates the arguments for a row.
    fn evaluate(&mut self, row: &[Datum], env: &mut Env<'_>) -> Result<()> {
        let rows = Rows::outer(row);
        self.inputs.project(&rows, env, &mut self.input_row)?;
        for filtered in self.calls.iter_mut().filter_map(|call| call.filter.as_mut()) {
            filtered.passes = filtered.filter.holds(&rows, env)?;
            if filtered.passes {
                filtered.args.project(&rows, env, &mut filtered.row)?;
            }
        }
        Ok(())
    }

    /// Takes the evaluated row into a group.
    #[inline]
    fn step(&self, states: &mut GroupStates, env: &mut Env<'_>) -> Result<()> {
        for (call, state) in self.calls.iter().zip(states) {
            let args = match &call.filter {
                None => &self.input_row[call.args.clone()],
                Some(filtered) if filtered.passes => filtered.row.as_slice(),
                Some(_) => continue,
            };
            match state {
                CallState::Plain(accumulator) => match accumulator {
                    // These need no context.
                    Accumulator::CountRows(count) => *count += 1,
                    Accumulator::Count(count) => *count += i64::from(!args[0].is_null()),
                    other => with_call(env, call, |fx| other.step(fx, &args[..call.arg_count]))?,
                },
                CallState::Sorted(sorter) => sorter.push(args, &mut env.temp_space())?,
            }
        }
        let _ = self.calls.first().map(|c| c.strict_null_skip);
        Ok(())
    }

    /// Bytes that a group's aggregates have gathered.
    fn gathered_bytes(states: &GroupStates) -> usize {
        let gathered = |state: &CallState| match state {
            CallState::Plain(accumulator) => accumulator.gathered_bytes(),
            CallState::Sorted(sorter) => sorter.memory_bytes(),
        };
        states.iter().map(gathered).sum()
    }

    /// The results of a group.
    fn finish(
        &mut self,
        states: &mut GroupStates,
        group_row: &[Datum],
        env: &mut Env<'_>,
        out: &mut Vec<Datum>,
    ) -> Result<()> {
        out.clear();
        for (call, state) in self.calls.iter_mut().zip(states) {
            let mut direct = Vec::new();
            if let Some(program) = &mut call.direct {
                program.project(&Rows::outer(group_row), env, &mut direct)?;
            }
            if let CallState::Sorted(sorter) = state {
                let accumulator = run_sorted(call, sorter, &direct, env)?;
                *state = CallState::Plain(accumulator);
            }
            let CallState::Plain(accumulator) = state else { unreachable!("replaced above") };
            if !direct.is_empty() {
                accumulator.set_direct(&direct);
            }
            out.push(with_call(env, call, |fx| accumulator.finish(fx))?);
        }
        Ok(())
    }
}

/// Feeds the sorted rows of a call into its state. A hypothetical-set aggregate is told its direct arguments first.
fn run_sorted(call: &Call, sorter: &mut Sorter, direct: &[Datum], env: &mut Env<'_>) -> Result<Accumulator> {
    sorter.finish(&mut env.temp_space())?;
    let mut accumulator = with_call(env, call, |fx| (call.aggregate.start)(fx))?;
    let keys = call.sort.as_ref().map_or(&[][..], Vec::as_slice);
    if !direct.is_empty() {
        accumulator.set_direct(direct);
        let order = |key: &SortKey| KeyOrder {
            comparator: key.comparator.clone(),
            descending: key.descending,
            nulls_first: key.nulls_first,
        };
        accumulator.set_order(&keys.iter().map(order).collect::<Vec<_>>());
    }
    let mut row = Vec::new();
    let mut last: Option<Vec<Datum>> = None;
    while sorter.next(&mut row)? {
        if call.distinct > 0 {
            let same = |last: &Vec<Datum>| keys[..call.distinct].iter().all(|k| k.compare(last, &row).is_eq());
            if last.as_ref().is_some_and(same) {
                continue;
            }
            last = Some(row.clone());
        }
        with_call(env, call, |fx| accumulator.step(fx, &row[..call.arg_count]))?;
    }
    Ok(accumulator)
}

fn sort_of(builder: &Builder<'_>, agg: &Aggref) -> Result<(Option<Vec<SortKey>>, usize)> {
    let ordered_set = agg.kind != b'n';
    if agg.order.is_empty() && agg.distinct.is_empty() && !ordered_set {
        return Ok((None, 0));
    }
    let mut keys: Vec<SortKey> = Vec::new();
    // DISTINCT columns are sorted by first; ORDER BY, if given, begins with them.
    let clauses: Vec<_> = match agg.order.len() >= agg.distinct.len() {
        true => agg.order.iter().collect(),
        false => agg
            .order
            .iter()
            .chain(agg.distinct.iter().filter(|d| !agg.order.iter().any(|o| o.target_ref == d.target_ref)))
            .collect(),
    };
    for clause in clauses {
        let Some(at) = agg.args.iter().position(|t| t.sort_group_ref == clause.target_ref) else { continue };
        let expr = &agg.args[at].expr;
        let key = match clause.sort_operator.is_valid() {
            true => {
                let (comparator, descending) =
                    crate::lookup::ordering(builder.cx, clause.sort_operator, expr.type_of(), expr.collation_of())?;
                SortKey { column: at, comparator, descending, nulls_first: clause.nulls_first }
            }
            false => SortKey {
                column: at,
                comparator: builtins::comparator(expr.type_of(), expr.collation_of(), &Types(builder.cx))?,
                descending: false,
                nulls_first: false,
            },
        };
        keys.push(key);
    }
    Ok((Some(keys), agg.distinct.len()))
}

/// A phase of hashed aggregation: one grouping set.
struct HashPhase {
    /// Which columns of the key it groups by.
    columns: Vec<usize>,
    table: GroupTable,
    states: Vec<GroupStates>,
    /// Child columns grouped by, from 1, for GROUPING().
    grouped: Vec<i16>,
    /// Rows that did not fit, to be done later.
    spill: Option<RunWriter>,
}

enum Mode {
    Plain,
    Sorted,
    Hashed,
    /// Grouping sets one after the other, the rows sorted anew for each: for calls that sort their rows, whose groups must
    /// not all be at work at once.
    SortedSets,
}

/// The rows of sorted grouping sets.
#[derive(Default)]
struct SetRun {
    input: Option<Tuplestore>,
    /// The rows in the order of the present set.
    sorter: Option<Sorter>,
    next_first: Option<Vec<Datum>>,
}

/// An Agg at work.
pub struct AggState {
    child: NodeState,
    calls: Calls,
    output: Output,
    having_done: bool,
    mode: Mode,
    spec: Option<KeySpec>,
    /// Child columns that output expressions use beside aggregates.
    width: usize,
    /// Key columns: child columns from 0.
    key_columns: Vec<usize>,
    /// Other child columns needed for output, kept with the first row of each group.
    comparators: Vec<Comparator>,
    hashers: Vec<builtins::Hasher>,
    phases: Vec<HashPhase>,
    sets: SetRun,
    phase: usize,
    at: usize,
    loaded: bool,
    rest: Option<RunReader>,
    hash_mem: usize,
    bytes: usize,
    /// The first row of the present group, and of the next one.
    first: Option<Vec<Datum>>,
    next_first: Option<Vec<Datum>>,
    ended: bool,
    results: Vec<Datum>,
    group_row: Vec<Datum>,
    all_grouped: Vec<i16>,
    having: Option<Program>,
    /// For EXPLAIN ANALYZE: bytes used.
    pub peak_bytes: usize,
    /// For EXPLAIN ANALYZE: in how many parts the groups were made.
    pub batches: usize,
    /// For EXPLAIN ANALYZE: bytes of rows that waited in files.
    pub spilled_bytes: u64,
    /// Rows thrown away by HAVING.
    pub filtered: u64,
}

impl AggState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &Agg) -> Result<AggState> {
        let exprs = target_exprs(&plan.targetlist).chain(&plan.qual);
        let aggs = find_calls(exprs);
        let calls = Calls::build(builder, &aggs)?;
        let spec = KeySpec::build(builder, &node.columns, &node.child.targetlist)?;
        let types = Types(builder.cx);
        let mut comparators = Vec::new();
        let mut hashers = Vec::new();
        for column in &node.columns {
            let type_oid = node.child.targetlist[column.column as usize - 1].expr.type_of();
            comparators.push(
                builtins::comparator(type_oid, column.collation, &types)
                    .or_else(|_| builtins::comparator(Oid(17), Oid::INVALID, &types))?,
            );
            hashers.push(builtins::hasher(type_oid, column.collation, &types)?);
        }
        let mode = match node.strategy {
            AggStrategy::Plain => Mode::Plain,
            AggStrategy::Sorted => Mode::Sorted,
            _ if calls.calls.iter().any(|call| call.sort.is_some()) => Mode::SortedSets,
            _ => Mode::Hashed,
        };
        let key_columns: Vec<usize> = node.columns.iter().map(|c| c.column as usize - 1).collect();
        let all_grouped: Vec<i16> = node.columns.iter().map(|c| c.column).collect();
        let sets: Vec<Vec<usize>> = match node.grouping_sets.is_empty() {
            true => vec![(0..key_columns.len()).collect()],
            false => node.grouping_sets.iter().map(|s| s.columns.clone()).collect(),
        };
        let child = builder.build(&node.child)?;
        let width = child.width();
        let phases = sets
            .into_iter()
            .map(|columns| HashPhase {
                grouped: columns.iter().map(|c| all_grouped[*c]).collect(),
                columns,
                // A key is kept as the group's first row, so that output columns beside the key are there too.
                table: GroupTable::new(width),
                states: Vec::new(),
                spill: None,
            })
            .collect();
        let mut output = builder.output(plan)?;
        let having = output.qual.take();
        Ok(AggState {
            child,
            calls,
            output,
            having_done: false,
            mode,
            spec: Some(spec),
            width,
            key_columns,
            comparators,
            hashers,
            phases,
            sets: SetRun::default(),
            phase: 0,
            at: 0,
            loaded: false,
            rest: None,
            hash_mem: builder.hash_mem.max(64 * 1024),
            bytes: 0,
            first: None,
            next_first: None,
            ended: false,
            results: Vec::new(),
            group_row: Vec::new(),
            all_grouped,
            having,
            peak_bytes: 0,
            batches: 1,
            spilled_bytes: 0,
            filtered: 0,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            let more = match self.mode {
                Mode::Plain => self.next_plain(env)?,
                Mode::Sorted => self.next_sorted(env)?,
                Mode::Hashed => self.next_hashed(env)?,
                Mode::SortedSets => self.next_of_sets(env)?,
            };
            if !more {
                return Ok(false);
            }
            if self.emit(env)? {
                return Ok(true);
            }
        }
    }

    fn emit(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let grouped = match self.mode {
            Mode::Hashed | Mode::SortedSets => self.phases[self.phase].grouped.as_slice(),
            _ => self.all_grouped.as_slice(),
        };
        let rows = Rows { outer: &self.group_row, aggregates: &self.results, grouped, ..Rows::default() };
        if let Some(having) = &mut self.having
            && !having.holds(&rows, env)?
        {
            self.filtered += 1;
            return Ok(false);
        }
        let _ = self.having_done;
        self.output.emit(&rows, env)
    }

    fn next_plain(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let mut states = self.calls.start(env)?;
        let mut any = false;
        while self.child.next(env)? {
            if !any {
                any = true;
                self.group_row.clear();
                self.group_row.extend_from_slice(self.child.row());
            }
            self.calls.evaluate(self.child.row(), env)?;
            self.calls.step(&mut states, env)?;
        }
        if !any {
            self.group_row = vec![Datum::Null; self.width];
        }
        self.ended = true;
        let mut results = std::mem::take(&mut self.results);
        self.calls.finish(&mut states, &self.group_row, env, &mut results)?;
        self.results = results;
        Ok(true)
    }

    fn next_sorted(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let first = match self.next_first.take() {
            Some(row) => row,
            None if self.ended => return Ok(false),
            None if self.child.next(env)? => self.child.row().to_vec(),
            None => {
                self.ended = true;
                return Ok(false);
            }
        };
        let mut states = self.calls.start(env)?;
        self.calls.evaluate(&first, env)?;
        self.calls.step(&mut states, env)?;
        let spec = self.spec.as_ref().expect("sorted grouping has columns");
        loop {
            if !self.child.next(env)? {
                self.ended = true;
                break;
            }
            let row = self.child.row();
            if !spec.same(&first, row) {
                self.next_first = Some(row.to_vec());
                break;
            }
            self.calls.evaluate(row, env)?;
            self.calls.step(&mut states, env)?;
        }
        self.group_row = first;
        let mut results = std::mem::take(&mut self.results);
        self.calls.finish(&mut states, &self.group_row, env, &mut results)?;
        self.results = results;
        Ok(true)
    }

    /// The next group of sorted grouping sets.
    fn next_of_sets(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if self.ended || self.phase >= self.phases.len() {
                return Ok(false);
            }
            let is_new = self.sets.sorter.is_none();
            if is_new {
                self.sort_set(env)?;
            }
            let mut first = self.sets.next_first.take();
            if is_new {
                let mut row = Vec::new();
                let sorter = self.sets.sorter.as_mut().expect("made above");
                first = sorter.next(&mut row)?.then_some(row);
                // The set () gives one group even over no rows.
                if first.is_none() && self.phases[self.phase].columns.is_empty() {
                    let states = self.calls.start(env)?;
                    self.finish_group(states, vec![Datum::Null; self.width], env)?;
                    return Ok(true);
                }
            }
            match first {
                Some(first) => {
                    let states = self.collect_group(&first, env)?;
                    self.finish_group(states, first, env)?;
                    return Ok(true);
                }
                None if self.phase + 1 < self.phases.len() => {
                    self.phase += 1;
                    self.sets.sorter = None;
                }
                None => self.ended = true,
            }
        }
    }

    /// Sorts the input by the present set's columns.
    fn sort_set(&mut self, env: &mut Env<'_>) -> Result<()> {
        let work_mem = env.es.work_mem;
        if self.sets.input.is_none() {
            let mut input = Tuplestore::new(self.width, work_mem);
            while self.child.next(env)? {
                input.push(self.child.row(), &mut env.temp_space())?;
            }
            self.sets.input = Some(input);
        }
        let input = self.sets.input.as_mut().expect("read above");
        let key = |place: &usize| SortKey {
            column: self.key_columns[*place],
            comparator: self.comparators[*place].clone(),
            descending: false,
            nulls_first: false,
        };
        let keys = self.phases[self.phase].columns.iter().map(key).collect();
        let mut sorter = Sorter::new(self.width, keys, work_mem, None);
        for at in 0..input.len() {
            let row = input.row(at)?.expect("within the length");
            sorter.push(row, &mut env.temp_space())?;
        }
        sorter.finish(&mut env.temp_space())?;
        self.sets.sorter = Some(sorter);
        Ok(())
    }

    /// Takes in the rows of the group that begins with `first`; the first row of the next one is kept.
    fn collect_group(&mut self, first: &[Datum], env: &mut Env<'_>) -> Result<GroupStates> {
        let mut states = self.calls.start(env)?;
        let mut row = first.to_vec();
        loop {
            self.calls.evaluate(&row, env)?;
            self.calls.step(&mut states, env)?;
            let sorter = self.sets.sorter.as_mut().expect("the set is sorted");
            if !sorter.next(&mut row)? {
                return Ok(states);
            }
            let same = self.phases[self.phase].columns.iter().all(|place| {
                let at = self.key_columns[*place];
                match (first[at].is_null(), row[at].is_null()) {
                    (false, false) => self.comparators[*place].compare(&first[at], &row[at]).is_eq(),
                    (a, b) => a == b,
                }
            });
            if !same {
                self.sets.next_first = Some(row);
                return Ok(states);
            }
        }
    }

    /// Makes the results of a group of a grouping set.
    fn finish_group(&mut self, mut states: GroupStates, first: Vec<Datum>, env: &mut Env<'_>) -> Result<()> {
        self.group_row = first;
        self.hide_ungrouped();
        let mut results = std::mem::take(&mut self.results);
        self.calls.finish(&mut states, &self.group_row, env, &mut results)?;
        self.results = results;
        Ok(())
    }

    /// Columns that the present set does not group by are null.
    fn hide_ungrouped(&mut self) {
        let phase = &self.phases[self.phase];
        if phase.columns.len() < self.key_columns.len() {
            for (place, column) in self.key_columns.iter().enumerate() {
                if !phase.columns.contains(&place) {
                    self.group_row[*column] = Datum::Null;
                }
            }
        }
    }

    fn load(&mut self, env: &mut Env<'_>) -> Result<()> {
        while self.child.next(env)? {
            self.calls.evaluate(self.child.row(), env)?;
            for phase in 0..self.phases.len() {
                let row = self.child.row();
                add_row(
                    &mut self.phases[phase],
                    row,
                    &mut self.calls,
                    (&self.key_columns, &self.hashers, &self.comparators),
                    (&mut self.bytes, self.hash_mem),
                    env,
                )?;
            }
        }
        // The set () gives one group even over no rows.
        for phase in &mut self.phases {
            if phase.columns.is_empty() && phase.table.is_empty() {
                phase.table.insert(0, &vec![Datum::Null; self.width]);
                phase.states.push(self.calls.start(env)?);
            }
        }
        self.peak_bytes = self.peak_bytes.max(self.bytes);
        self.loaded = true;
        Ok(())
    }

    fn next_hashed(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if !self.loaded {
            self.load(env)?;
        }
        loop {
            if self.phase >= self.phases.len() {
                return Ok(false);
            }
            if self.at < self.phases[self.phase].states.len() {
                break;
            }
            if !self.next_part(env)? {
                // What is done needs no room any more.
                let done = &mut self.phases[self.phase];
                done.table.clear();
                done.states = Vec::new();
                self.phase += 1;
                self.at = 0;
                if self.phase >= self.phases.len() {
                    self.phase = self.phases.len().saturating_sub(1);
                    self.at = usize::MAX;
                    return Ok(false);
                }
            }
        }
        if self.at == usize::MAX {
            return Ok(false);
        }
        let phase = &mut self.phases[self.phase];
        self.group_row.clear();
        self.group_row.extend_from_slice(phase.table.key(self.at));
        let mut states = std::mem::take(&mut phase.states[self.at]);
        self.at += 1;
        self.hide_ungrouped();
        let mut results = std::mem::take(&mut self.results);
        self.calls.finish(&mut states, &self.group_row, env, &mut results)?;
        self.results = results;
        Ok(true)
    }

    /// Goes on with rows of the phase that did not fit; false if there are none.
    fn next_part(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.at == usize::MAX {
            return Ok(false);
        }
        let Some(spill) = self.phases[self.phase].spill.take() else { return Ok(false) };
        self.batches += 1;
        self.spilled_bytes += spill.bytes();
        let mut reader = spill.finish(self.width)?;
        let phase = &mut self.phases[self.phase];
        phase.table.clear();
        phase.states.clear();
        self.bytes = 0;
        self.at = 0;
        let mut row = Vec::new();
        while reader.next(&mut row)? {
            self.calls.evaluate(&row, env)?;
            add_row(
                &mut self.phases[self.phase],
                &row,
                &mut self.calls,
                (&self.key_columns, &self.hashers, &self.comparators),
                (&mut self.bytes, self.hash_mem),
                env,
            )?;
        }
        self.rest = None;
        Ok(true)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.output.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        for phase in &mut self.phases {
            phase.table.clear();
            phase.states.clear();
            phase.spill = None;
        }
        self.phase = 0;
        self.at = 0;
        self.loaded = false;
        self.bytes = 0;
        self.first = None;
        self.next_first = None;
        self.sets = SetRun::default();
        self.ended = false;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

type Keys<'a> = (&'a [usize], &'a [builtins::Hasher], &'a [Comparator]);

/// Takes an evaluated row into its group; beyond the memory limit new groups wait in a file. Those that are there go on growing.
fn add_row(
    phase: &mut HashPhase,
    row: &[Datum],
    calls: &mut Calls,
    (columns, hashers, comparators): Keys<'_>,
    (bytes, limit): (&mut usize, usize),
    env: &mut Env<'_>,
) -> Result<()> {
    let mut hash = 0;
    for place in &phase.columns {
        hash = crate::store::hash_combine(hash, hashers[*place].hash(&row[columns[*place]]));
    }
    let found = phase.table.find(hash, |known| {
        phase.columns.iter().all(|place| {
            let at = columns[*place];
            match (known[at].is_null(), row[at].is_null()) {
                (false, false) => comparators[*place].compare(&known[at], &row[at]).is_eq(),
                (a, b) => a == b,
            }
        })
    });
    let at = match found {
        Some(at) => at,
        None if *bytes > limit && !phase.states.is_empty() => {
            if phase.spill.is_none() {
                phase.spill = Some(RunWriter::create(&mut env.temp_space())?);
            }
            return phase.spill.as_mut().expect("made above").push(row);
        }
        None => {
            let at = phase.table.insert(hash, row);
            let states = calls.start(env)?;
            *bytes += row.iter().map(|d| size_of::<Datum>() + d.heap_bytes()).sum::<usize>() + 32 + states.len() * 48;
            phase.states.push(states);
            at
        }
    };
    let states = &mut phase.states[at];
    let before = Calls::gathered_bytes(states);
    calls.step(states, env)?;
    *bytes = (*bytes + Calls::gathered_bytes(states)).saturating_sub(before);
    Ok(())
}
