//! The table of aggregates by oid.

use super::collect::{ArrayAgg, ArrayOfArrays, Extreme, Fold, FoldByOid, OrderedSet, OrderedState, StringAgg};
use super::collect::{Hypothetical, HypotheticalState};
use super::sums::{ExactState, FloatState, FloatSum, Regression, RegressionState, Wanted};
use super::{Accumulator, Aggregate, AggregateKind, AggregateState};
use crate::json::aggregates::{JsonArrayAgg, JsonObjectAgg};
use crate::types::type_oid as t;
use crate::{BuiltinFn, FnCtx, comparator, symbols};
use base::Oid;
use report::Result;
use tuple::Datum;

type Start = fn(&FnCtx<'_>) -> Result<Accumulator>;

const fn agg(oid: u32, name: &'static str, start: Start) -> Aggregate {
    Aggregate { oid: Oid(oid), name, kind: AggregateKind::Normal, start }
}

const fn ordered(oid: u32, name: &'static str, start: Start) -> Aggregate {
    Aggregate { oid: Oid(oid), name, kind: AggregateKind::OrderedSet, start }
}

const fn hypothetical(oid: u32, name: &'static str, start: Start) -> Aggregate {
    Aggregate { oid: Oid(oid), name, kind: AggregateKind::HypotheticalSet, start }
}

fn boxed(state: impl AggregateState + 'static) -> Result<Accumulator> {
    Ok(Accumulator::Boxed(Box::new(state)))
}

fn fold(function: BuiltinFn) -> Result<Accumulator> {
    boxed(Fold { function, state: Datum::Null })
}

/// A fold by a function that another module may or may not have.
fn fold_by_oid(function: u32) -> Result<Accumulator> {
    boxed(FoldByOid { function: Oid(function), state: Datum::Null })
}

/// `min` or `max` of a type; of the argument's type if that is not fixed.
fn extreme(cx: &FnCtx<'_>, type_oid: Oid, largest: bool) -> Result<Accumulator> {
    let type_oid = if type_oid.is_valid() { type_oid } else { cx.arg_type(0) };
    let order = comparator(type_oid, cx.collation, cx.types)?;
    boxed(Extreme { order, largest, value: Datum::Null })
}

fn exact(wanted: Wanted) -> Result<Accumulator> {
    boxed(ExactState::new(wanted))
}

fn float(wanted: Wanted) -> Result<Accumulator> {
    boxed(FloatState::new(wanted))
}

fn regression(wanted: Regression) -> Result<Accumulator> {
    boxed(RegressionState::new(wanted))
}

fn set(cx: &FnCtx<'_>, wanted: OrderedSet) -> Result<Accumulator> {
    boxed(OrderedState::new(cx, wanted)?)
}

#[rustfmt::skip]
pub(super) static AGGREGATES: &[Aggregate] = &[
    agg(2050, "max", |cx| extreme(cx, Oid::INVALID, true)),
    agg(2051, "min", |cx| extreme(cx, Oid::INVALID, false)),
    agg(2100, "avg", |_| exact(Wanted::Average)),
    agg(2101, "avg", |_| exact(Wanted::Average)),
    agg(2102, "avg", |_| exact(Wanted::Average)),
    agg(2103, "avg", |_| exact(Wanted::Average)),
    agg(2104, "avg", |_| float(Wanted::Average)),
    agg(2105, "avg", |_| float(Wanted::Average)),
    agg(2106, "avg", |_| boxed(crate::datetime::interval::Average::default())),
    agg(2107, "sum", |_| exact(Wanted::Sum)),
    agg(2108, "sum", |_| Ok(Accumulator::SumInt { sum: 0, any: false })),
    agg(2109, "sum", |_| Ok(Accumulator::SumInt { sum: 0, any: false })),
    agg(2110, "sum", |_| boxed(FloatSum(Datum::Null))),
    agg(2111, "sum", |_| boxed(FloatSum(Datum::Null))),
    agg(2112, "sum", |_| fold_by_oid(894)),
    agg(2113, "sum", |_| fold_by_oid(1169)),
    agg(2114, "sum", |_| exact(Wanted::Sum)),
    agg(2115, "max", |cx| extreme(cx, t::INT8, true)),
    agg(2116, "max", |cx| extreme(cx, t::INT4, true)),
    agg(2117, "max", |cx| extreme(cx, t::INT2, true)),
    agg(2118, "max", |cx| extreme(cx, t::OID, true)),
    agg(2119, "max", |cx| extreme(cx, t::FLOAT4, true)),
    agg(2120, "max", |cx| extreme(cx, t::FLOAT8, true)),
    agg(2122, "max", |cx| extreme(cx, t::DATE, true)),
    agg(2123, "max", |cx| extreme(cx, t::TIME, true)),
    agg(2124, "max", |cx| extreme(cx, t::TIMETZ, true)),
    agg(2125, "max", |cx| extreme(cx, t::MONEY, true)),
    agg(2126, "max", |cx| extreme(cx, t::TIMESTAMP, true)),
    agg(2127, "max", |cx| extreme(cx, t::TIMESTAMPTZ, true)),
    agg(2128, "max", |cx| extreme(cx, t::INTERVAL, true)),
    agg(2129, "max", |cx| extreme(cx, t::TEXT, true)),
    agg(2130, "max", |cx| extreme(cx, t::NUMERIC, true)),
    agg(2131, "min", |cx| extreme(cx, t::INT8, false)),
    agg(2132, "min", |cx| extreme(cx, t::INT4, false)),
    agg(2133, "min", |cx| extreme(cx, t::INT2, false)),
    agg(2134, "min", |cx| extreme(cx, t::OID, false)),
    agg(2135, "min", |cx| extreme(cx, t::FLOAT4, false)),
    agg(2136, "min", |cx| extreme(cx, t::FLOAT8, false)),
    agg(2138, "min", |cx| extreme(cx, t::DATE, false)),
    agg(2139, "min", |cx| extreme(cx, t::TIME, false)),
    agg(2140, "min", |cx| extreme(cx, t::TIMETZ, false)),
    agg(2141, "min", |cx| extreme(cx, t::MONEY, false)),
    agg(2142, "min", |cx| extreme(cx, t::TIMESTAMP, false)),
    agg(2143, "min", |cx| extreme(cx, t::TIMESTAMPTZ, false)),
    agg(2144, "min", |cx| extreme(cx, t::INTERVAL, false)),
    agg(2145, "min", |cx| extreme(cx, t::TEXT, false)),
    agg(2146, "min", |cx| extreme(cx, t::NUMERIC, false)),
    agg(2147, "count", |_| Ok(Accumulator::Count(0))),
    agg(2148, "variance", |_| exact(Wanted::VarianceSample)),
    agg(2149, "variance", |_| exact(Wanted::VarianceSample)),
    agg(2150, "variance", |_| exact(Wanted::VarianceSample)),
    agg(2151, "variance", |_| float(Wanted::VarianceSample)),
    agg(2152, "variance", |_| float(Wanted::VarianceSample)),
    agg(2153, "variance", |_| exact(Wanted::VarianceSample)),
    agg(2154, "stddev", |_| exact(Wanted::DeviationSample)),
    agg(2155, "stddev", |_| exact(Wanted::DeviationSample)),
    agg(2156, "stddev", |_| exact(Wanted::DeviationSample)),
    agg(2157, "stddev", |_| float(Wanted::DeviationSample)),
    agg(2158, "stddev", |_| float(Wanted::DeviationSample)),
    agg(2159, "stddev", |_| exact(Wanted::DeviationSample)),
    agg(2236, "bit_and", |_| fold(symbols::int2and)),
    agg(2237, "bit_or", |_| fold(symbols::int2or)),
    agg(2238, "bit_and", |_| fold(symbols::int4and)),
    agg(2239, "bit_or", |_| fold(symbols::int4or)),
    agg(2240, "bit_and", |_| fold(symbols::int8and)),
    agg(2241, "bit_or", |_| fold(symbols::int8or)),
    agg(2244, "max", |cx| extreme(cx, t::BPCHAR, true)),
    agg(2245, "min", |cx| extreme(cx, t::BPCHAR, false)),
    agg(2335, "array_agg", |cx| boxed(ArrayAgg::new(cx)?)),
    agg(2517, "bool_and", |_| fold(symbols::booland_statefunc)),
    agg(2518, "bool_or", |_| fold(symbols::boolor_statefunc)),
    agg(2519, "every", |_| fold(symbols::booland_statefunc)),
    agg(2641, "var_samp", |_| exact(Wanted::VarianceSample)),
    agg(2642, "var_samp", |_| exact(Wanted::VarianceSample)),
    agg(2643, "var_samp", |_| exact(Wanted::VarianceSample)),
    agg(2644, "var_samp", |_| float(Wanted::VarianceSample)),
    agg(2645, "var_samp", |_| float(Wanted::VarianceSample)),
    agg(2646, "var_samp", |_| exact(Wanted::VarianceSample)),
    agg(2712, "stddev_samp", |_| exact(Wanted::DeviationSample)),
    agg(2713, "stddev_samp", |_| exact(Wanted::DeviationSample)),
    agg(2714, "stddev_samp", |_| exact(Wanted::DeviationSample)),
    agg(2715, "stddev_samp", |_| float(Wanted::DeviationSample)),
    agg(2716, "stddev_samp", |_| float(Wanted::DeviationSample)),
    agg(2717, "stddev_samp", |_| exact(Wanted::DeviationSample)),
    agg(2718, "var_pop", |_| exact(Wanted::VariancePopulation)),
    agg(2719, "var_pop", |_| exact(Wanted::VariancePopulation)),
    agg(2720, "var_pop", |_| exact(Wanted::VariancePopulation)),
    agg(2721, "var_pop", |_| float(Wanted::VariancePopulation)),
    agg(2722, "var_pop", |_| float(Wanted::VariancePopulation)),
    agg(2723, "var_pop", |_| exact(Wanted::VariancePopulation)),
    agg(2724, "stddev_pop", |_| exact(Wanted::DeviationPopulation)),
    agg(2725, "stddev_pop", |_| exact(Wanted::DeviationPopulation)),
    agg(2726, "stddev_pop", |_| exact(Wanted::DeviationPopulation)),
    agg(2727, "stddev_pop", |_| float(Wanted::DeviationPopulation)),
    agg(2728, "stddev_pop", |_| float(Wanted::DeviationPopulation)),
    agg(2729, "stddev_pop", |_| exact(Wanted::DeviationPopulation)),
    agg(2797, "max", |cx| extreme(cx, t::TID, true)),
    agg(2798, "min", |cx| extreme(cx, t::TID, false)),
    agg(2803, "count", |_| Ok(Accumulator::CountRows(0))),
    agg(2818, "regr_count", |_| regression(Regression::Count)),
    agg(2819, "regr_sxx", |_| regression(Regression::Sxx)),
    agg(2820, "regr_syy", |_| regression(Regression::Syy)),
    agg(2821, "regr_sxy", |_| regression(Regression::Sxy)),
    agg(2822, "regr_avgx", |_| regression(Regression::AverageX)),
    agg(2823, "regr_avgy", |_| regression(Regression::AverageY)),
    agg(2824, "regr_r2", |_| regression(Regression::R2)),
    agg(2825, "regr_slope", |_| regression(Regression::Slope)),
    agg(2826, "regr_intercept", |_| regression(Regression::Intercept)),
    agg(2827, "covar_pop", |_| regression(Regression::CovariancePopulation)),
    agg(2828, "covar_samp", |_| regression(Regression::CovarianceSample)),
    agg(2829, "corr", |_| regression(Regression::Correlation)),
    agg(3175, "json_agg", |cx| boxed(JsonArrayAgg::new(cx, false))),
    agg(3197, "json_object_agg", |cx| boxed(JsonObjectAgg::new(cx, false))),
    agg(3267, "jsonb_agg", |cx| boxed(JsonArrayAgg::new(cx, true))),
    agg(3270, "jsonb_object_agg", |cx| boxed(JsonObjectAgg::new(cx, true))),
    agg(3526, "max", |cx| extreme(cx, Oid::INVALID, true)),
    agg(3527, "min", |cx| extreme(cx, Oid::INVALID, false)),
    agg(3538, "string_agg", |_| boxed(StringAgg::default())),
    agg(3545, "string_agg", |_| boxed(StringAgg::default())),
    agg(3564, "max", |cx| extreme(cx, t::INET, true)),
    agg(3565, "min", |cx| extreme(cx, t::INET, false)),
    ordered(3972, "percentile_disc", |cx| set(cx, OrderedSet::Discrete)),
    ordered(3974, "percentile_cont", |cx| set(cx, OrderedSet::Continuous)),
    ordered(3976, "percentile_cont", |cx| set(cx, OrderedSet::Continuous)),
    ordered(3978, "percentile_disc", |cx| set(cx, OrderedSet::Discrete)),
    ordered(3980, "percentile_cont", |cx| set(cx, OrderedSet::Continuous)),
    ordered(3982, "percentile_cont", |cx| set(cx, OrderedSet::Continuous)),
    ordered(3984, "mode", |cx| set(cx, OrderedSet::Mode)),
    hypothetical(3986, "rank", |_| boxed(HypotheticalState::new(Hypothetical::Rank))),
    hypothetical(3988, "percent_rank", |_| boxed(HypotheticalState::new(Hypothetical::PercentRank))),
    hypothetical(3990, "cume_dist", |_| boxed(HypotheticalState::new(Hypothetical::CumeDist))),
    hypothetical(3992, "dense_rank", |_| boxed(HypotheticalState::new(Hypothetical::DenseRank))),
    agg(4053, "array_agg", |_| boxed(ArrayOfArrays::default())),
    agg(4189, "max", |cx| extreme(cx, t::PG_LSN, true)),
    agg(4190, "min", |cx| extreme(cx, t::PG_LSN, false)),
    agg(5099, "max", |cx| extreme(cx, t::XID8, true)),
    agg(5100, "min", |cx| extreme(cx, t::XID8, false)),
    agg(6164, "bit_xor", |_| fold(symbols::int2xor)),
    agg(6165, "bit_xor", |_| fold(symbols::int4xor)),
    agg(6166, "bit_xor", |_| fold(symbols::int8xor)),
];
