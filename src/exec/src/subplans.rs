//! Sub-plans at work: their node trees, and the shared rows of WITH queries.

use crate::env::Env;
use crate::node::NodeState;
use crate::store::Tuplestore;
use analyze::expr::SubPlan;
use report::Result;
use tuple::Datum;

/// A sub-plan's state.
pub struct SubplanState {
    /// Its tree.
    pub node: NodeState,
    /// If it is an initial plan or a WITH query.
    pub init: Option<SubPlan>,
    /// Rows of a WITH query read so far, and whether they are all.
    pub store: Option<(Tuplestore, bool)>,
    /// It has begun.
    started: bool,
    /// Parameters that changed since it was last run.
    changed: Vec<i32>,
    /// Something it depends on changed since `take_changed` was last asked.
    dirty: bool,
    /// The next rescan is of a new run of the statement.
    fresh: bool,
}

impl SubplanState {
    /// A tree that has not begun.
    pub fn new(node: NodeState) -> SubplanState {
        SubplanState { node, init: None, store: None, started: false, changed: Vec::new(), dirty: false, fresh: false }
    }

    /// Begins anew. `also` are parameters that the caller changed.
    pub fn rescan(&mut self, env: &mut Env<'_>, also: &[i32]) -> Result<()> {
        if !self.started {
            self.started = true;
            self.changed.clear();
            return Ok(());
        }
        let mut changed = std::mem::take(&mut self.changed);
        changed.extend_from_slice(also);
        if std::mem::take(&mut self.fresh) {
            return self.node.restart(env, &changed);
        }
        self.node.rescan(env, &changed)
    }

    /// The next row.
    pub fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        self.started = true;
        self.node.next(env)
    }

    /// The present row.
    pub fn row(&self) -> &[Datum] {
        self.node.row()
    }

    /// Begins as if it had never run.
    pub fn restart(&mut self) {
        if let Some((store, done)) = &mut self.store {
            store.clear();
            *done = false;
        }
        if self.started {
            // Whatever it kept is of another run.
            self.changed = self.node.params().to_vec();
            self.fresh = true;
        }
        self.dirty = true;
    }

    /// Notes that parameters changed.
    pub fn note(&mut self, changed: &[i32]) {
        let mut is_concerned = false;
        for param in changed.iter().filter(|p| self.node.depends_on(&[**p])) {
            is_concerned = true;
            if !self.changed.contains(param) {
                self.changed.push(*param);
            }
        }
        if is_concerned {
            self.dirty = true;
            if let Some((store, done)) = &mut self.store {
                store.clear();
                *done = false;
            }
        }
    }

    /// True once after something changed.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Row `position` of a WITH query's rows; `None` past the end.
    pub fn shared_row(&mut self, position: u64, env: &mut Env<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        loop {
            let width = self.node.width();
            let memory = env.es.work_mem;
            let (store, done) = self.store.get_or_insert_with(|| (Tuplestore::new(width, memory), false));
            if position < store.len() {
                let row = store.row(position)?.expect("within the length");
                out.clear();
                out.extend_from_slice(row);
                return Ok(true);
            }
            if *done {
                return Ok(false);
            }
            if std::mem::take(&mut self.fresh) {
                let changed = std::mem::take(&mut self.changed);
                self.node.restart(env, &changed)?;
            }
            if !self.changed.is_empty() {
                let changed = std::mem::take(&mut self.changed);
                if self.started {
                    self.node.rescan(env, &changed)?;
                }
            }
            self.started = true;
            let more = self.node.next(env)?;
            let (store, done) = self.store.as_mut().expect("made above");
            if more {
                store.push(self.node.row(), &mut env.temp_space())?;
            } else {
                *done = true;
            }
        }
    }

    /// Reads a WITH query to its end (data-changing ones must run whole).
    pub fn run_to_end(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut row = Vec::new();
        let mut position = self.store.as_ref().map_or(0, |(store, _)| store.len());
        while self.shared_row(position, env, &mut row)? {
            position += 1;
        }
        Ok(())
    }
}

/// Tells all sub-plans, and initial plans, that parameters changed; returns all that change with them, unless those are
/// just the same. What an initial plan sets changes when something changes that it depends on.
pub fn note_changed(env: &mut Env<'_>, changed: &[i32]) -> Option<Vec<i32>> {
    if !changed.iter().any(|p| env.es.watched[*p as usize]) {
        return None;
    }
    let mut all = changed.to_vec();
    loop {
        let before = all.len();
        for at in 0..env.es.subplans.len() {
            note_one(env, at, &mut all);
        }
        if all.len() == before {
            return Some(all);
        }
    }
}

fn note_one(env: &mut Env<'_>, at: usize, all: &mut Vec<i32>) {
    let Some(state) = &mut env.es.subplans[at] else { return };
    state.note(all);
    let (true, Some(init)) = (state.dirty, &state.init) else { return };
    state.dirty = false;
    for id in &init.set_params {
        if init.kind != analyze::expr::SubLinkType::Cte {
            env.es.pending[*id as usize] = Some(at as u32);
        }
        if !all.contains(id) {
            all.push(*id);
        }
    }
}

/// For each parameter, whether some sub-plan depends on it.
pub fn watched(count: usize, subplans: &[Option<Box<SubplanState>>]) -> Vec<bool> {
    let mut watched = vec![false; count];
    for param in subplans.iter().flatten().flat_map(|state| state.node.params()) {
        watched[*param as usize] = true;
    }
    watched
}
