//! Aggregates: how they accumulate, and the table of them by oid.
//!
//! The caller feeds every row that passes FILTER to [`Accumulator::step`], nulls included: each state knows what nulls
//! mean to it. DISTINCT and ORDER BY are the caller's. An ordered-set aggregate gets its sorted input through `step` and its direct
//! arguments through [`AggregateState::set_direct`] before `finish`; a hypothetical-set aggregate is told them, and the
//! order, before its first step, and gets the sort columns through `step`. `finish` does not use the state up: a window
//! function calls it for each row as its frame grows.

mod collect;
mod registry;
mod sums;

use crate::FnCtx;
use base::Oid;
use report::Result;
use tuple::{Datum, KeyOrder};

/// The running state of an aggregate.
pub trait AggregateState: Send {
    /// Takes one row's arguments, nulls included.
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()>;

    /// The result so far.
    fn finish(&mut self, cx: &mut FnCtx<'_>) -> Result<Datum>;

    /// Bytes it holds, for memory accounting.
    fn memory_bytes(&self) -> usize;

    /// True if it keeps what it is given, so that it grows with each step.
    fn gathers(&self) -> bool {
        false
    }

    /// The direct arguments of an ordered-set or hypothetical-set aggregate. For the latter before the first step.
    fn set_direct(&mut self, _direct: &[Datum]) {}

    /// How the input of a hypothetical-set aggregate is sorted, column by column. Before the first step.
    fn set_order(&mut self, _orders: &[KeyOrder]) {}
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
    let table = registry::AGGREGATES;
    table.binary_search_by_key(&oid, |a| a.oid).ok().map(|at| &table[at])
}

/// All aggregates, for generators and tests.
#[cfg(test)]
pub(crate) fn all() -> &'static [Aggregate] {
    registry::AGGREGATES
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

    /// Bytes that it has gathered so far: of one whose size does not grow with its input, none.
    #[inline]
    pub fn gathered_bytes(&self) -> usize {
        match self {
            Accumulator::Boxed(state) if state.gathers() => state.memory_bytes(),
            _ => 0,
        }
    }

    /// How the input of a hypothetical-set aggregate is sorted, column by column. Before the first step.
    pub fn set_order(&mut self, orders: &[KeyOrder]) {
        if let Accumulator::Boxed(state) = self {
            state.set_order(orders);
        }
    }

    /// The direct arguments of an ordered-set or hypothetical-set aggregate.
    pub fn set_direct(&mut self, direct: &[Datum]) {
        if let Accumulator::Boxed(state) = self {
            state.set_direct(direct);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{text_of, with_context};
    use crate::type_oid;

    /// Runs an aggregate over text forms of values; the result as text.
    fn run(oid: u32, types: &[Oid], rows: &[&[&str]], result: Oid) -> String {
        let outcome = with_context(|cx| {
            let mut cx = cx.call(types, result, Oid(100));
            let mut state = (aggregate(Oid(oid)).unwrap().start)(&cx)?;
            for row in rows {
                let args = row.iter().zip(types).map(|(text, t)| match *text {
                    "NULL" => Ok(Datum::Null),
                    text => crate::input(&mut cx, *t, -1, text),
                });
                let args = args.collect::<Result<Vec<_>>>()?;
                state.step(&mut cx, &args)?;
            }
            match state.finish(&mut cx)? {
                Datum::Null => Ok(Datum::Null),
                value => crate::io::output_string(&mut cx, result, &value).map(Datum::from),
            }
        });
        text_of(outcome)
    }

    fn over(oid: u32, input: Oid, values: &[&str], result: Oid) -> String {
        let rows: Vec<[&str; 1]> = values.iter().map(|v| [*v]).collect();
        let rows: Vec<&[&str]> = rows.iter().map(|r| r.as_slice()).collect();
        run(oid, &[input], &rows, result)
    }

    /// Expected values are PostgreSQL 15's.
    #[test]
    fn sums_and_averages() {
        use crate::type_oid as t;
        let ints = ["1", "2", "NULL", "4"];
        let big = "9223372036854775807";
        assert_eq!(over(2108, t::INT4, &ints, t::INT8), "7");
        assert_eq!(over(2101, t::INT4, &ints, t::NUMERIC), "2.3333333333333333");
        assert_eq!(over(2107, t::INT8, &[big, big], t::NUMERIC), "18446744073709551614");
        assert_eq!(over(2114, t::NUMERIC, &["1.5", "2.25", "NULL"], t::NUMERIC), "3.75");
        assert_eq!(over(2103, t::NUMERIC, &["1", "2", "2"], t::NUMERIC), "1.6666666666666667");
        assert_eq!(over(2114, t::NUMERIC, &["Infinity", "-Infinity", "1"], t::NUMERIC), "NaN");
        assert_eq!(over(2105, t::FLOAT8, &["1", "2", "4"], t::FLOAT8), "2.3333333333333335");
        assert_eq!(over(2108, t::INT4, &["NULL"], t::INT8), "NULL");
        assert_eq!(over(2147, t::INT4, &ints, t::INT8), "3");
    }

    #[test]
    fn variances() {
        use crate::type_oid as t;
        assert_eq!(over(2155, t::INT4, &["1", "2", "4"], t::NUMERIC), "1.5275252316519467");
        assert_eq!(over(2720, t::INT2, &["1", "2", "4"], t::NUMERIC), "1.5555555555555556");
        assert_eq!(over(2646, t::NUMERIC, &["1.1", "2.2", "4.4"], t::NUMERIC), "2.8233333333333333");
        assert_eq!(over(2645, t::FLOAT8, &["1", "2", "4"], t::FLOAT8), "2.3333333333333335");
        assert_eq!(over(2155, t::INT4, &["1"], t::NUMERIC), "NULL");
        let pairs: &[&[&str]] = &[&["1", "2"], &["2", "4.5"], &["3", "5"]];
        assert_eq!(run(2829, &[t::FLOAT8, t::FLOAT8], pairs, t::FLOAT8), "0.9332565252573828");
        assert_eq!(run(2826, &[t::FLOAT8, t::FLOAT8], pairs, t::FLOAT8), "-0.2258064516129036");
    }

    #[test]
    fn collections() {
        use crate::type_oid as t;
        assert_eq!(over(2335, t::INT4, &["1", "NULL"], Oid(1007)), "{1,NULL}");
        assert_eq!(over(4053, Oid(1007), &["{1,2}", "{3,4}"], Oid(1007)), "{{1,2},{3,4}}");
        let uneven = over(4053, Oid(1007), &["{1,2}", "{3}"], Oid(1007));
        assert_eq!(uneven, "2202E: cannot accumulate arrays of different dimensionality");
        assert_eq!(run(3538, &[t::TEXT, t::TEXT], &[&["a", "-"], &["NULL", "-"], &["b", ","]], t::TEXT), "a,b");
        assert_eq!(over(2129, t::TEXT, &["a", "c", "b"], t::TEXT), "c");
        assert_eq!(over(2145, t::TEXT, &["NULL"], t::TEXT), "NULL");
        assert_eq!(over(2517, t::BOOL, &["t", "NULL", "f"], t::BOOL), "f");
        assert_eq!(over(3984, t::INT4, &["1", "2", "2", "3", "3"], t::INT4), "2");
    }

    #[test]
    fn hypothetical_rows() {
        let rank_of = |oid: u32| {
            with_context(|cx| {
                let mut state = (aggregate(Oid(oid)).unwrap().start)(cx).unwrap();
                state.set_direct(&[Datum::Int4(3)]);
                state.set_order(&[KeyOrder::ascending(tuple::Comparator::Int4)]);
                for value in [1, 1, 2, 3, 3, 4, 5] {
                    state.step(cx, &[Datum::Int4(value)]).unwrap();
                }
                text_of(state.finish(cx))
            })
        };
        // Of PostgreSQL: select rank(3) within group (order by x), ...
        assert_eq!(rank_of(3986), "4::int8");
        assert_eq!(rank_of(3992), "3::int8");
        assert_eq!(rank_of(3988), "0.42857142857142855::float8");
        assert_eq!(rank_of(3990), "0.75::float8");
    }

    #[test]
    fn percentiles() {
        let result = with_context(|cx| {
            let types = [type_oid::FLOAT8, type_oid::FLOAT8];
            let mut cx = cx.call(&types, type_oid::FLOAT8, Oid::INVALID);
            let mut state = (aggregate(Oid(3974)).unwrap().start)(&cx).unwrap();
            for value in [1.0, 2.0, 4.0, 8.0] {
                state.step(&mut cx, &[Datum::Float8(value)]).unwrap();
            }
            state.set_direct(&[Datum::Float8(0.5)]);
            state.finish(&mut cx).unwrap().as_f64()
        });
        assert_eq!(result, 3.0);
    }
}
