//! Window functions.

use super::{Builder, NodeState};
use crate::env::Env;
use plan::node::{Plan, WindowAgg};
use report::{Result, unsupported};
use tuple::Datum;

/// A WindowAgg at work.
pub struct WindowAggState {
    child: NodeState,
}

impl WindowAggState {
    pub(super) fn build(builder: &mut Builder<'_>, _plan: &Plan, node: &WindowAgg) -> Result<WindowAggState> {
        let _ = builder.build(&node.child)?;
        unsupported!("window functions")
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        self.child.next(env)
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.child.row()
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}
