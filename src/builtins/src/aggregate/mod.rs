//! Aggregates: how they accumulate, and the table of them by oid.
//!
//! The caller feeds every row that passes FILTER to [`Accumulator::step`], nulls included: each state knows what nulls
//! mean to it. DISTINCT and ORDER BY are the caller's. An ordered-set aggregate gets its sorted input through `step` and its direct
//! arguments through [`AggregateState::set_direct`] before `finish`. `finish` does not use the state up: a window
//! function calls it for each row as its frame grows.

mod registry;

use crate::FnCtx;
use base::Oid;
use report::Result;
use tuple::Datum;

/// The running state of an aggregate.
pub trait AggregateState: Send {
    /// Takes one row's arguments, nulls included.
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()>;

    /// The result so far.
    fn finish(&mut self, cx: &mut FnCtx<'_>) -> Result<Datum>;

    /// Bytes it holds, for memory accounting.
    fn memory_bytes(&self) -> usize;

    /// The direct arguments of an ordered-set or hypothetical-set aggregate.
    fn set_direct(&mut self, _direct: &[Datum]) {}
}

/// What kind an aggregate is (pg_aggregate.aggkind).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AggregateKind {
    /// Over its arguments.
    Normal,
    /// `WITHIN GROUP (ORDER BY ..)`.
    OrderedSet,
    /// `WITHIN GROUP (ORDER BY ..)` for a hypothetical row.
    HypotheticalSet,
}

/// An aggregate function.
#[derive(Debug)]
pub struct Aggregate {
    /// pg_proc.oid.
    pub oid: Oid,
    /// pg_proc.proname.
    pub name: &'static str,
    /// Its kind.
    pub kind: AggregateKind,
    /// What it gives over no rows: most give null, count gives 0.
    pub start: fn(&FnCtx<'_>) -> Result<Accumulator>,
}

/// The aggregate with this oid.
pub fn aggregate(oid: Oid) -> Option<&'static Aggregate> {
    registry::AGGREGATES.iter().find(|a| a.oid == oid)
}

/// A state that lives without a box for the commonest aggregates.
pub enum Accumulator {
    /// `count(*)`.
    CountRows(i64),
    /// `count(x)`.
    Count(i64),
    /// `sum(int2)` and `sum(int4)`: the sum as int8, null over no values.
    SumInt {
        /// So far.
        sum: i64,
        /// A value was seen.
        any: bool,
    },
    /// Any other.
    Boxed(Box<dyn AggregateState>),
}

impl Accumulator {
    /// Takes one row's arguments, nulls included.
    #[inline]
    pub fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        match self {
            Accumulator::CountRows(count) => *count += 1,
            Accumulator::Count(count) => *count += i64::from(!args[0].is_null()),
            Accumulator::SumInt { sum, any } => {
                let value = match args[0] {
                    Datum::Int4(v) => i64::from(v),
                    Datum::Int2(v) => i64::from(v),
                    _ => return Ok(()),
                };
                *sum = sum.checked_add(value).ok_or_else(|| crate::errors::out_of_range("bigint"))?;
                *any = true;
            }
            Accumulator::Boxed(state) => return state.step(cx, args),
        }
        Ok(())
    }

    /// The result so far.
    pub fn finish(&mut self, cx: &mut FnCtx<'_>) -> Result<Datum> {
        match self {
            Accumulator::CountRows(count) | Accumulator::Count(count) => Ok(Datum::Int8(*count)),
            Accumulator::SumInt { sum, any } => Ok(if *any { Datum::Int8(*sum) } else { Datum::Null }),
            Accumulator::Boxed(state) => state.finish(cx),
        }
    }

    /// Bytes it holds beyond itself, for memory accounting.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Accumulator::Boxed(state) => state.memory_bytes(),
            _ => 0,
        }
    }

    /// The direct arguments of an ordered-set or hypothetical-set aggregate.
    pub fn set_direct(&mut self, direct: &[Datum]) {
        if let Accumulator::Boxed(state) = self {
            state.set_direct(direct);
        }
    }
}
