//! FOR UPDATE and its kin.

use super::modify::{is_snapshot_fixed, lock_row, marked_row, serialization_failure};
use super::{Builder, NodeState};
use crate::env::{Env, Recheck};
use access::{Changed, Row, RowLock, RowWait};
use analyze::query::{LockStrength, LockWaitPolicy};
use base::Tid;
use plan::node::{LockRows, Plan, PlanRowMark, RowMarkKind};
use report::{Error, Result};
use std::sync::Arc;
use tuple::Datum;

/// A LockRows at work.
pub struct LockRowsState {
    child: NodeState,
    child_plan: Arc<Plan>,
    marks: Vec<PlanRowMark>,
    recheck: Option<Box<NodeState>>,
    row: Vec<Datum>,
}

impl LockRowsState {
    pub(super) fn build(builder: &mut Builder<'_>, _plan: &Plan, node: &LockRows) -> Result<LockRowsState> {
        Ok(LockRowsState {
            child: builder.build(&node.child)?,
            child_plan: Arc::new(node.child.clone()),
            marks: node.row_marks.clone(),
            recheck: None,
            row: Vec::new(),
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        'rows: while self.child.next(env)? {
            self.row.clear();
            self.row.extend_from_slice(self.child.row());
            let mut moved: Vec<(i32, Row)> = Vec::new();
            for at in 0..self.marks.len() {
                let RowMarkKind::Lock(strength) = self.marks[at].kind else { continue };
                match self.lock(at, strength, env)? {
                    Locked::Same => {}
                    Locked::Moved(row) => moved.push((self.marks[at].relation, row)),
                    Locked::Skip => continue 'rows,
                }
            }
            if moved.is_empty() || self.evaluate_again(moved, env)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The relations whose rows it locks, and where the rows of the present one are.
    pub fn standing(&self) -> Vec<(i32, Tid)> {
        let locked = self.marks.iter().filter(|mark| matches!(mark.kind, RowMarkKind::Lock(_)));
        let place = |mark: &PlanRowMark| match self.row.get(mark.ctid_column as usize - 1) {
            Some(Datum::Bytes(bytes)) => Some((mark.relation, Tid::from_bytes(bytes.as_slice().try_into().ok()?))),
            _ => None,
        };
        locked.filter_map(place).collect()
    }

    fn lock(&self, at: usize, strength: LockStrength, env: &mut Env<'_>) -> Result<Locked> {
        let mark = &self.marks[at];
        // A row that an outer join made up has none here.
        let Datum::Bytes(bytes) = &self.row[mark.ctid_column as usize - 1] else { return Ok(Locked::Same) };
        let mut tid = Tid::from_bytes(bytes.as_slice().try_into().map_err(|_| Error::internal("ctid is no tid"))?);
        let Some(table) = env.es.relation(mark.relation).table.clone() else { return Ok(Locked::Same) };
        let strength = match strength {
            LockStrength::ForKeyShare => RowLock::KeyShare,
            LockStrength::ForShare => RowLock::Share,
            LockStrength::ForNoKeyUpdate => RowLock::NoKeyUpdate,
            LockStrength::ForUpdate => RowLock::Update,
        };
        let wait = match mark.wait_policy {
            LockWaitPolicy::Block => RowWait::Block,
            LockWaitPolicy::Skip => RowWait::Skip,
            LockWaitPolicy::Error => RowWait::NoWait,
        };
        let mut row = Row::default();
        let mut has_moved = false;
        loop {
            match lock_row(&table, tid, strength, wait, &mut row, env)? {
                Changed::Done(()) if has_moved => return Ok(Locked::Moved(row)),
                Changed::Done(()) => return Ok(Locked::Same),
                Changed::BySelf { .. } | Changed::Invisible | Changed::WouldBlock => return Ok(Locked::Skip),
                Changed::Deleted { .. } if is_snapshot_fixed(env.cx) => return Err(serialization_failure("update")),
                Changed::Deleted { .. } => return Ok(Locked::Skip),
                Changed::Updated { .. } if is_snapshot_fixed(env.cx) => return Err(serialization_failure("update")),
                Changed::Updated { next, .. } => {
                    tid = next;
                    has_moved = true;
                }
            }
        }
    }

    /// Runs the plan over the latest versions.
    fn evaluate_again(&mut self, moved: Vec<(i32, Row)>, env: &mut Env<'_>) -> Result<bool> {
        let mut recheck = Recheck::default();
        for mark in &self.marks {
            let row = match moved.iter().find(|(rti, _)| *rti == mark.relation) {
                Some((_, row)) => Some(row.clone()),
                None => marked_row(mark, &self.row, env)?,
            };
            recheck.rows.push((mark.relation, row, false));
        }
        let mut node = match self.recheck.take() {
            Some(mut node) => {
                // What it kept was made of other rows.
                node.restart(env, &[])?;
                node
            }
            None => Box::new(crate::api::build_recheck(env, &self.child_plan)?),
        };
        let saved = env.es.recheck.replace(Box::new(recheck));
        let found = node.next(env);
        env.es.recheck = saved;
        let found = found?;
        if found {
            self.row.clear();
            self.row.extend_from_slice(node.row());
        }
        self.recheck = Some(node);
        Ok(found)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.child.rescan(env, changed)
    }

    /// Lets go of the re-evaluation's tree.
    pub fn release(&mut self) {
        self.recheck = None;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

enum Locked {
    /// The version that was read is locked.
    Same,
    /// A later version is locked.
    Moved(Row),
    /// The row is gone, or not to be waited for.
    Skip,
}
