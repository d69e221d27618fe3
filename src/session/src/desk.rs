//! What a worker lends to each session that it serves, for the length of a turn.
//!
//! Besides buffers these are plans. What sessions share ([`crate::shared`]) is run by nobody as it is: each worker has a copy, with the executor that
//! rests in it, and whoever has its turn runs that. So a thousand sessions with the same statement run it in the same memory, which the
//! processor has at hand, and no two processors count references in one word.

use crate::shared::Model;
use crate::wire::Spare;
use exec::{CachedPlan, Params};
use instance::Ctx;
use plan::node::PlannedStmt;
use report::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// Plans on a shelf. Beyond it all are put away: they are made again as they are needed.
const PLANS_MAX: usize = 512;

/// A worker's desk.
#[derive(Debug)]
pub struct Desk {
    pub(crate) spare: Spare,
    pub(crate) shelf: Shelf,
    /// There are others to serve while a session waits.
    pub(crate) has_others: bool,
}

impl Desk {
    /// The desk of a thread that serves one session only.
    pub fn of_one() -> Desk {
        Desk { has_others: false, ..Desk::default() }
    }
}

impl Default for Desk {
    fn default() -> Desk {
        Desk { spare: Spare::default(), shelf: Shelf::default(), has_others: true }
    }
}

/// Copies of shared plans, by the place of what they were copied from.
#[derive(Default)]
pub(crate) struct Shelf(HashMap<usize, Copy, foldhash::fast::RandomState>);

struct Copy {
    /// Held, so that no other model can have its place.
    _model: Arc<Model>,
    cached: CachedPlan,
}

impl Shelf {
    /// The plan that a model stands for. `None` if the catalogs have changed so that it stands for nothing any more.
    pub(crate) fn plan(
        &mut self,
        cx: Ctx<'_>,
        model: &Arc<Model>,
        params: &Params,
    ) -> Result<Option<Arc<PlannedStmt>>> {
        let place = Arc::as_ptr(model).addr();
        if let Some(copy) = self.0.get(&place) {
            let plan = copy.cached.plan(cx, params)?;
            if plan.is_none() {
                self.0.remove(&place);
            }
            return Ok(plan);
        }
        let Some(copy) = self.copy(model) else { return Ok(None) };
        copy.plan(cx, params)
    }

    /// Puts a copy on the shelf. It is the worker's, not the session's.
    fn copy(&mut self, model: &Arc<Model>) -> Option<&CachedPlan> {
        let _for_all = memory::Aside::begin();
        let cached = model.copy()?;
        if self.0.len() == PLANS_MAX {
            self.0.clear();
        }
        let copy = Copy { _model: Arc::clone(model), cached };
        Some(&self.0.entry(Arc::as_ptr(model).addr()).insert_entry(copy).into_mut().cached)
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("plans", &self.0.len()).finish()
    }
}
