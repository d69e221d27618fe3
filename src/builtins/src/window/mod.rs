//! Window functions: the executor drives them row by row over a partition that it lets them look at.

mod ranking;

use crate::FnCtx;
use base::Oid;
use report::Result;
use tuple::Datum;

/// From where a row of the frame is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameSeek {
    /// From the frame's first row on.
    Head,
    /// From the frame's last row back.
    Tail,
}

/// What a window function may see of its partition: implemented by the executor. Rows are counted from 0.
pub trait WindowAccess {
    /// The current row.
    fn current_row(&self) -> i64;

    /// Number of rows in the partition.
    fn partition_rows(&mut self) -> Result<i64>;

    /// True if two rows are equal under the window's ORDER BY.
    fn are_peers(&mut self, a: i64, b: i64) -> Result<bool>;

    /// Argument `arg` (from 0) evaluated at the current row.
    fn argument(&mut self, cx: &mut FnCtx<'_>, arg: usize) -> Result<Datum>;

    /// Argument `arg` evaluated at a row of the partition, `None` if there is no such row.
    fn argument_at(&mut self, cx: &mut FnCtx<'_>, arg: usize, row: i64) -> Result<Option<Datum>>;

    /// Argument `arg` evaluated at the `nth` (from 0) row of the current frame, `None` if there is no such row.
    fn argument_in_frame(&mut self, cx: &mut FnCtx<'_>, arg: usize, nth: i64, seek: FrameSeek)
    -> Result<Option<Datum>>;
}

/// A window function at work on one partition: `next` is called once for each row, in order.
pub trait WindowState: Send {
    /// The function's value for the current row.
    fn next(&mut self, cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum>;
}

/// A window function.
#[derive(Debug)]
pub struct WindowFunction {
    /// pg_proc.oid.
    pub oid: Oid,
    /// pg_proc.proname.
    pub name: &'static str,
    /// The state for a new partition.
    pub start: fn() -> Box<dyn WindowState>,
}

/// The window function with this oid.
pub fn window_function(oid: Oid) -> Option<&'static WindowFunction> {
    ranking::WINDOW_FUNCTIONS.iter().find(|w| w.oid == oid)
}

/// All window functions, for generators and tests.
#[cfg(test)]
pub(crate) fn all() -> &'static [WindowFunction] {
    ranking::WINDOW_FUNCTIONS
}
