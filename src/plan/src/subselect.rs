//! Sub-selects.

use crate::root::{PathKind, Planner, Root};
use analyze::query::RteCte;
use report::{Result, unsupported};

impl Planner<'_> {
    pub(crate) fn set_subquery_paths(&mut self, _root: &mut Root, _at: usize) -> Result<()> {
        unsupported!("sub-queries")
    }
    pub(crate) fn cte_rows(&mut self, _root: &mut Root, _cte: &RteCte) -> Result<f64> {
        unsupported!("WITH")
    }
    pub(crate) fn cte_path_kind(&mut self, _cte: &RteCte) -> Result<PathKind> {
        unsupported!("WITH")
    }
}
