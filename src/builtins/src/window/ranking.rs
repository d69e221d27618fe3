//! The built-in window functions.

use super::{FrameSeek, WindowAccess, WindowFunction, WindowState};
use crate::FnCtx;
use base::Oid;
use report::{Result, bail};
use tuple::Datum;

const fn window(oid: u32, name: &'static str, start: fn() -> Box<dyn WindowState>) -> WindowFunction {
    WindowFunction { oid: Oid(oid), name, start }
}

#[rustfmt::skip]
pub(super) static WINDOW_FUNCTIONS: &[WindowFunction] = &[
    window(3100, "row_number", || Box::new(RowNumber)),
    window(3101, "rank", || Box::new(Rank::default())),
    window(3102, "dense_rank", || Box::new(DenseRank(0))),
    window(3103, "percent_rank", || Box::new(PercentRank(Rank::default()))),
    window(3104, "cume_dist", || Box::new(CumeDist::default())),
    window(3105, "ntile", || Box::new(Ntile::default())),
    window(3106, "lag", || Box::new(Shift { direction: -1, offset: false, default: false })),
    window(3107, "lag", || Box::new(Shift { direction: -1, offset: true, default: false })),
    window(3108, "lag", || Box::new(Shift { direction: -1, offset: true, default: true })),
    window(3109, "lead", || Box::new(Shift { direction: 1, offset: false, default: false })),
    window(3110, "lead", || Box::new(Shift { direction: 1, offset: true, default: false })),
    window(3111, "lead", || Box::new(Shift { direction: 1, offset: true, default: true })),
    window(3112, "first_value", || Box::new(FrameEnd(FrameSeek::Head))),
    window(3113, "last_value", || Box::new(FrameEnd(FrameSeek::Tail))),
    window(3114, "nth_value", || Box::new(NthValue)),
];

struct RowNumber;

impl WindowState for RowNumber {
    fn next(&mut self, _cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        Ok(Datum::Int8(window.current_row() + 1))
    }
}

/// True if the current row begins a group of peers.
fn begins_peers(window: &mut dyn WindowAccess) -> Result<bool> {
    let row = window.current_row();
    Ok(row == 0 || !window.are_peers(row - 1, row)?)
}

#[derive(Default)]
struct Rank(i64);

impl Rank {
    fn advance(&mut self, window: &mut dyn WindowAccess) -> Result<i64> {
        if begins_peers(window)? {
            self.0 = window.current_row() + 1;
        }
        Ok(self.0)
    }
}

impl WindowState for Rank {
    fn next(&mut self, _cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        self.advance(window).map(Datum::Int8)
    }
}

struct DenseRank(i64);

impl WindowState for DenseRank {
    fn next(&mut self, _cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        self.0 += i64::from(begins_peers(window)?);
        Ok(Datum::Int8(self.0))
    }
}

struct PercentRank(Rank);

impl WindowState for PercentRank {
    fn next(&mut self, _cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        let rank = self.0.advance(window)?;
        let rows = window.partition_rows()?;
        Ok(Datum::Float8(if rows <= 1 { 0.0 } else { (rank - 1) as f64 / (rows - 1) as f64 }))
    }
}

/// Rows up to the last peer of the current row, which is found once for each group of peers.
#[derive(Default)]
struct CumeDist {
    through: i64,
}

impl WindowState for CumeDist {
    fn next(&mut self, _cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        let rows = window.partition_rows()?;
        if begins_peers(window)? {
            let first = window.current_row();
            self.through = first + 1;
            while self.through < rows && window.are_peers(first, self.through)? {
                self.through += 1;
            }
        }
        Ok(Datum::Float8(self.through as f64 / rows as f64))
    }
}

/// Buckets whose sizes differ by at most one, the larger ones first.
#[derive(Default)]
struct Ntile {
    buckets: Option<i64>,
}

impl WindowState for Ntile {
    fn next(&mut self, cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        if self.buckets.is_none() {
            let Datum::Int4(buckets) = window.argument(cx, 0)? else { return Ok(Datum::Null) };
            if buckets <= 0 {
                bail!(INVALID_ARGUMENT_FOR_NTILE, "argument of ntile must be greater than zero");
            }
            self.buckets = Some(i64::from(buckets));
        }
        let buckets = self.buckets.expect("set above");
        let (rows, row) = (window.partition_rows()?, window.current_row());
        let (small, extra) = (rows / buckets, rows % buckets);
        let in_large = extra * (small + 1);
        let bucket = if row < in_large { row / (small + 1) } else { extra + (row - in_large) / small.max(1) };
        Ok(Datum::Int4(bucket as i32 + 1))
    }
}

/// `lag` and `lead`.
struct Shift {
    direction: i64,
    offset: bool,
    default: bool,
}

impl WindowState for Shift {
    fn next(&mut self, cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        let mut offset = 1;
        if self.offset {
            let Datum::Int4(given) = window.argument(cx, 1)? else { return Ok(Datum::Null) };
            offset = i64::from(given);
        }
        let row = window.current_row() + self.direction * offset;
        match window.argument_at(cx, 0, row)? {
            Some(value) => Ok(value),
            None if self.default => window.argument(cx, 2),
            None => Ok(Datum::Null),
        }
    }
}

struct FrameEnd(FrameSeek);

impl WindowState for FrameEnd {
    fn next(&mut self, cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        Ok(window.argument_in_frame(cx, 0, 0, self.0)?.unwrap_or_default())
    }
}

struct NthValue;

impl WindowState for NthValue {
    fn next(&mut self, cx: &mut FnCtx<'_>, window: &mut dyn WindowAccess) -> Result<Datum> {
        let Datum::Int4(nth) = window.argument(cx, 1)? else { return Ok(Datum::Null) };
        if nth <= 0 {
            bail!(INVALID_ARGUMENT_FOR_NTH_VALUE, "argument of nth_value must be greater than zero");
        }
        Ok(window.argument_in_frame(cx, 0, i64::from(nth) - 1, FrameSeek::Head)?.unwrap_or_default())
    }
}
