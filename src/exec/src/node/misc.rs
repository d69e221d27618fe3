//! Nodes without tables: Result, Append, recursive union, and scans of sub-queries, VALUES, WITH.

use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, Source, compile_condition, compile_exprs};
use crate::store::{GroupTable, Tuplestore};
use plan::node::{Append, CteScan, Plan, RecursiveUnion, ResultNode, SubqueryScan, ValuesScan, WorkTableScan};
use report::{Error, Result};
use tuple::Datum;

/// A Result at work.
pub struct ResultState {
    /// The child, if it has one.
    pub child: Option<Box<NodeState>>,
    constant: Option<Program>,
    checked: Option<bool>,
    done: bool,
    pub(super) output: Output,
}

impl ResultState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &ResultNode) -> Result<ResultState> {
        let child = match &node.child {
            Some(child) => Some(Box::new(builder.build(child)?)),
            None => None,
        };
        let mut output = builder.output(plan)?;
        let width = child.as_ref().map_or(usize::MAX, |c| c.width());
        if output.project.as_ref().is_some_and(|p| p.result_count() == width && p.is_identity_of(Source::Outer)) {
            output.project = None;
        }
        let constant = compile_condition(builder.cx, &node.constant_qual)?;
        Ok(ResultState { child, constant, checked: None, done: false, output })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.checked.is_none() {
            let holds = match &mut self.constant {
                Some(program) => program.holds(&Rows::default(), env)?,
                None => true,
            };
            self.checked = Some(holds);
        }
        if self.checked == Some(false) || self.done {
            return Ok(false);
        }
        match &mut self.child {
            None => {
                self.done = true;
                self.output.emit(&Rows::default(), env)
            }
            Some(child) => {
                while child.next(env)? {
                    if self.output.emit(&Rows::outer(child.row()), env)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        match &self.child {
            Some(child) if self.output.project.is_none() => child.row(),
            _ => &self.output.row,
        }
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.checked = None;
        self.done = false;
        self.child.as_mut().map_or(Ok(()), |child| child.rescan(env, changed))
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        self.child.as_deref_mut().into_iter().collect()
    }
}

/// An Append at work.
pub struct AppendState {
    children: Vec<NodeState>,
    at: usize,
}

impl AppendState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &Append) -> Result<AppendState> {
        let children = node.children.iter().map(|c| builder.build(c)).collect::<Result<_>>()?;
        Ok(AppendState { children, at: 0 })
    }

    /// The child whose row is the present one.
    pub fn active(&mut self) -> Option<&mut NodeState> {
        self.children.get_mut(self.at)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        while let Some(child) = self.children.get_mut(self.at) {
            if child.next(env)? {
                return Ok(true);
            }
            self.at += 1;
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.children[self.at].row()
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.at = 0;
        self.children.iter_mut().try_for_each(|child| child.rescan(env, changed))
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        self.children.iter_mut().collect()
    }
}

/// A RecursiveUnion at work.
pub struct RecursiveUnionState {
    left: NodeState,
    right: NodeState,
    param: i32,
    width: usize,
    distinct: Option<super::set::KeySpec>,
    seen: GroupTable,
    in_right: bool,
    /// Rows of the round being made.
    intermediate: Option<Tuplestore>,
    row: Vec<Datum>,
    memory: usize,
}

impl RecursiveUnionState {
    pub(super) fn build(builder: &mut Builder<'_>, node: &RecursiveUnion) -> Result<RecursiveUnionState> {
        let width = node.left.targetlist.len();
        let distinct = match node.distinct.is_empty() {
            true => None,
            false => Some(super::set::KeySpec::build(builder, &node.distinct, &node.left.targetlist)?),
        };
        Ok(RecursiveUnionState {
            left: builder.build(&node.left)?,
            right: builder.build(&node.right)?,
            param: node.work_table_param,
            width,
            seen: GroupTable::new(distinct.as_ref().map_or(0, |d| d.len())),
            distinct,
            in_right: false,
            intermediate: None,
            row: Vec::new(),
            memory: builder.work_mem,
        })
    }

    fn is_new(&mut self, row: &[Datum]) -> bool {
        match &self.distinct {
            None => true,
            Some(spec) => spec.add_to(&mut self.seen, row),
        }
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.intermediate.is_none() {
            self.intermediate = Some(Tuplestore::new(self.width, self.memory));
            set_work_table(env, self.param, Tuplestore::new(self.width, self.memory));
        }
        if !self.in_right {
            while self.left.next(env)? {
                let row = self.left.row().to_vec();
                if self.is_new(&row) {
                    self.push(env, row)?;
                    return Ok(true);
                }
            }
            self.in_right = true;
            self.next_round(env)?;
        }
        loop {
            while self.right.next(env)? {
                let row = self.right.row().to_vec();
                if self.is_new(&row) {
                    self.push(env, row)?;
                    return Ok(true);
                }
            }
            if self.intermediate.as_ref().is_none_or(Tuplestore::is_empty) {
                return Ok(false);
            }
            env.check_interrupts()?;
            self.next_round(env)?;
        }
    }

    fn push(&mut self, env: &mut Env<'_>, row: Vec<Datum>) -> Result<()> {
        let store = self.intermediate.as_mut().expect("made at the start");
        store.push(&row, &mut env.temp_space())?;
        self.row = row;
        Ok(())
    }

    /// What was made becomes what the recursive term reads.
    fn next_round(&mut self, env: &mut Env<'_>) -> Result<()> {
        let made = self.intermediate.replace(Tuplestore::new(self.width, self.memory)).expect("made at the start");
        set_work_table(env, self.param, made);
        let changed = crate::subplans::note_changed(env, &[self.param]).unwrap_or_else(|| vec![self.param]);
        self.right.rescan(env, &changed)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.in_right = false;
        self.intermediate = None;
        self.seen.clear();
        self.left.rescan(env, changed)?;
        self.right.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.left, &mut self.right]
    }
}

fn set_work_table(env: &mut Env<'_>, param: i32, store: Tuplestore) {
    match env.es.work_tables.iter_mut().find(|(p, _)| *p == param) {
        Some((_, old)) => *old = store,
        None => env.es.work_tables.push((param, store)),
    }
}

/// A SubqueryScan at work.
pub struct SubqueryState {
    /// The sub-query.
    pub child: Box<NodeState>,
    rti: i32,
    recheck: Option<access::Row>,
    pub(super) output: Output,
}

impl SubqueryState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &SubqueryScan) -> Result<SubqueryState> {
        let child = Box::new(builder.build(&node.child)?);
        let mut desc = (*builder.output_desc(&node.child.targetlist)?).clone();
        // In whole rows its columns have the names that the alias gives them.
        let names = &builder.plan.rtable[node.relation as usize - 1].eref.columns;
        for (attribute, name) in desc.attributes.iter_mut().zip(names) {
            attribute.name.clone_from(name);
        }
        let mut output = builder.row_output(plan, std::sync::Arc::new(desc))?;
        if output.project.as_ref().is_some_and(|p| p.result_count() == child.width() && p.is_identity_of(Source::Scan))
        {
            output.project = None;
        }
        Ok(SubqueryState { child, rti: node.relation, recheck: None, output })
    }

    /// True if it filters rows.
    pub fn has_qual(&self) -> bool {
        self.output.qual.is_some()
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if env.es.recheck.is_some() {
            let mut row = access::Row::default();
            if let Some(found) = super::scan::recheck_row(env, self.rti, &mut row) {
                if !found {
                    return Ok(false);
                }
                let kept = self.recheck.insert(row);
                return self.output.emit(&Rows::scan(&kept.values), env);
            }
        }
        while self.child.next(env)? {
            if self.output.emit(&Rows::scan(self.child.row()), env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        match (&self.output.project, &self.recheck) {
            (Some(_), _) => &self.output.row,
            (None, Some(row)) => &row.values,
            (None, None) => self.child.row(),
        }
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.recheck = None;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A ValuesScan at work.
pub struct ValuesState {
    lists: Vec<Program>,
    at: usize,
    input: Vec<Datum>,
    pub(super) output: Output,
    rti: i32,
}

impl ValuesState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &ValuesScan) -> Result<ValuesState> {
        let lists = node.lists.iter().map(|list| compile_exprs(builder.cx, list)).collect::<Result<Vec<_>>>()?;
        let width = node.lists.first().map_or(0, Vec::len);
        let mut output = match builder.rte_desc(node.relation)? {
            Some(desc) => builder.row_output(plan, desc)?,
            None => builder.output(plan)?,
        };
        if output.project.as_ref().is_some_and(|p| p.result_count() == width && p.is_identity_of(Source::Scan)) {
            output.project = None;
        }
        Ok(ValuesState { lists, at: 0, input: Vec::new(), output, rti: node.relation })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if let Some(found) = super::scan::recheck_values(env, self.rti, &mut self.input) {
            return if found { self.output.emit(&Rows::scan(&self.input), env) } else { Ok(false) };
        }
        while let Some(list) = self.lists.get_mut(self.at) {
            self.at += 1;
            list.project(&Rows::default(), env, &mut self.input)?;
            if self.output.emit(&Rows::scan(&self.input), env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.input)
    }

    pub(super) fn rescan(&mut self, _env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.at = 0;
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }
}

/// A CteScan at work.
pub struct CteState {
    plan: usize,
    at: u64,
    input: Vec<Datum>,
    pub(super) output: Output,
    rti: i32,
}

impl CteState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &CteScan) -> Result<CteState> {
        let output = match builder.rte_desc(node.relation)? {
            Some(desc) => builder.row_output(plan, desc)?,
            None => builder.output(plan)?,
        };
        Ok(CteState { plan: node.plan_id as usize - 1, at: 0, input: Vec::new(), output, rti: node.relation })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if let Some(found) = super::scan::recheck_values(env, self.rti, &mut self.input) {
            return if found { self.output.emit(&Rows::scan(&self.input), env) } else { Ok(false) };
        }
        loop {
            let mut state =
                env.es.subplans[self.plan].take().ok_or_else(|| Error::internal("WITH query reads itself"))?;
            let found = state.shared_row(self.at, env, &mut self.input);
            env.es.subplans[self.plan] = Some(state);
            if !found? {
                return Ok(false);
            }
            self.at += 1;
            if self.output.emit(&Rows::scan(&self.input), env)? {
                return Ok(true);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.input)
    }

    pub(super) fn rescan(&mut self, _env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.at = 0;
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }
}

/// A WorkTableScan at work.
pub struct WorkTableState {
    param: i32,
    at: u64,
    input: Vec<Datum>,
    pub(super) output: Output,
}

impl WorkTableState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &WorkTableScan) -> Result<WorkTableState> {
        let output = match builder.rte_desc(node.relation)? {
            Some(desc) => builder.row_output(plan, desc)?,
            None => builder.output(plan)?,
        };
        Ok(WorkTableState { param: node.work_table_param, at: 0, input: Vec::new(), output })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            let table = env.es.work_tables.iter_mut().find(|(p, _)| *p == self.param);
            let Some((_, store)) = table else { return Ok(false) };
            let Some(row) = store.row(self.at)? else { return Ok(false) };
            self.input.clear();
            self.input.extend_from_slice(row);
            self.at += 1;
            if self.output.emit(&Rows::scan(&self.input), env)? {
                return Ok(true);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.input)
    }

    pub(super) fn rescan(&mut self, _env: &mut Env<'_>, _changed: &[i32]) -> Result<()> {
        self.at = 0;
        Ok(())
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }
}
