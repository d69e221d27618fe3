//! The table of aggregates by oid.

use super::{Accumulator, Aggregate, AggregateKind};
use crate::FnCtx;
use base::Oid;
use report::Result;

type Start = fn(&FnCtx<'_>) -> Result<Accumulator>;

const fn agg(oid: u32, name: &'static str, start: Start) -> Aggregate {
    Aggregate { oid: Oid(oid), name, kind: AggregateKind::Normal, start }
}

#[rustfmt::skip]
pub(super) static AGGREGATES: &[Aggregate] = &[
    agg(2803, "count", |_| Ok(Accumulator::CountRows(0))),
    agg(2147, "count", |_| Ok(Accumulator::Count(0))),
    agg(2108, "sum", |_| Ok(Accumulator::SumInt { sum: 0, any: false })),
    agg(2109, "sum", |_| Ok(Accumulator::SumInt { sum: 0, any: false })),
];
