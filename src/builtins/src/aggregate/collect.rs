//! Aggregates that keep their input: folds, string_agg, array_agg, and the ordered-set aggregates.

use super::AggregateState;
use crate::array::{ArrayRef, Dimension, build, build_list};
use crate::types::{call_function, type_info, type_oid};
use crate::{BuiltinFn, FnCtx, comparator};
use base::Oid;
use report::{Error, Result, bail};
use std::cmp::Ordering;
use tuple::{Comparator, Datum, KeyOrder, Repr};

/// An aggregate whose strict transition function takes the state and a value, the first value being the first state.
pub(super) struct Fold {
    pub(super) function: BuiltinFn,
    pub(super) state: Datum,
}

impl AggregateState for Fold {
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if args[0].is_null() {
            return Ok(());
        }
        self.state = match std::mem::take(&mut self.state) {
            Datum::Null => args[0].clone(),
            state => (self.function)(cx, &[state, args[0].clone()])?,
        };
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(self.state.clone())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Fold>() + self.state.heap_bytes()
    }
}

/// As `Fold` with a function known by its oid only.
pub(super) struct FoldByOid {
    pub(super) function: Oid,
    pub(super) state: Datum,
}

impl AggregateState for FoldByOid {
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if args[0].is_null() {
            return Ok(());
        }
        self.state = match std::mem::take(&mut self.state) {
            Datum::Null => args[0].clone(),
            state => call_function(cx, self.function, &[state, args[0].clone()])?,
        };
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(self.state.clone())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<FoldByOid>() + self.state.heap_bytes()
    }
}

/// `min` and `max`.
pub(super) struct Extreme {
    pub(super) order: Comparator,
    pub(super) largest: bool,
    pub(super) value: Datum,
}

impl AggregateState for Extreme {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        let new = &args[0];
        if new.is_null() {
            return Ok(());
        }
        // Of equal values the later one stays, as in PostgreSQL; bpchar keeps the earlier one.
        let keeps = !self.value.is_null() && {
            let ordering = self.order.compare(&self.value, new);
            let ordering = if self.largest { ordering } else { ordering.reverse() };
            ordering.is_gt() || (ordering.is_eq() && matches!(self.order, Comparator::Bpchar))
        };
        if !keeps {
            self.value = new.clone();
        }
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(self.value.clone())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Extreme>() + self.value.heap_bytes()
    }
}

/// `string_agg` over text and bytea.
#[derive(Default)]
pub(super) struct StringAgg(Option<Vec<u8>>);

impl AggregateState for StringAgg {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if args[0].is_null() {
            return Ok(());
        }
        match &mut self.0 {
            None => self.0 = Some(args[0].as_bytes().to_vec()),
            Some(out) => {
                if !args[1].is_null() {
                    out.extend_from_slice(args[1].as_bytes());
                }
                out.extend_from_slice(args[0].as_bytes());
            }
        }
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(self.0.as_deref().map_or(Datum::Null, Datum::bytes))
    }

    fn memory_bytes(&self) -> usize {
        size_of::<StringAgg>() + self.0.as_ref().map_or(0, Vec::capacity)
    }

    fn gathers(&self) -> bool {
        true
    }
}

/// Values kept, with their size.
#[derive(Default)]
struct Kept {
    values: Vec<Datum>,
    bytes: usize,
}

impl Kept {
    fn push(&mut self, value: &Datum) {
        self.bytes += size_of::<Datum>() + value.heap_bytes();
        self.values.push(value.clone());
    }
}

/// `array_agg` over what is not an array: nulls are kept.
pub(super) struct ArrayAgg {
    element: Oid,
    repr: Repr,
    kept: Kept,
}

impl ArrayAgg {
    pub(super) fn new(cx: &FnCtx<'_>) -> Result<ArrayAgg> {
        let element = cx.arg_type(0);
        Ok(ArrayAgg { element, repr: type_info(cx, element)?.repr(), kept: Kept::default() })
    }
}

impl AggregateState for ArrayAgg {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        self.kept.push(&args[0]);
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        match self.kept.values.is_empty() {
            true => Ok(Datum::Null),
            false => build_list(self.element, self.repr, &self.kept.values),
        }
    }

    fn memory_bytes(&self) -> usize {
        size_of::<ArrayAgg>() + self.kept.bytes
    }

    fn gathers(&self) -> bool {
        true
    }
}

/// `array_agg` over arrays: one dimension more.
#[derive(Default)]
pub(super) struct ArrayOfArrays {
    kept: Kept,
}

impl AggregateState for ArrayOfArrays {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if args[0].is_null() {
            bail!(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays");
        }
        let view = ArrayRef::of(&args[0]);
        if view.is_empty() {
            bail!(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays");
        }
        let lengths = |v: ArrayRef<'_>| v.dimensions().map(|d| d.length).collect::<Vec<_>>();
        if let Some(first) = self.kept.values.first()
            && lengths(ArrayRef::of(first)) != lengths(view)
        {
            bail!(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate arrays of different dimensionality");
        }
        self.kept.push(&args[0]);
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        let Some(first) = self.kept.values.first() else { return Ok(Datum::Null) };
        let first = ArrayRef::of(first);
        let mut dims = vec![Dimension { length: self.kept.values.len() as i32, lower: 1 }];
        dims.extend(first.dimensions());
        let values: Vec<Datum> = self.kept.values.iter().flat_map(|a| ArrayRef::of(a).iter()).collect();
        build(first.element_type(), first.repr(), &dims, &values)
    }

    fn memory_bytes(&self) -> usize {
        size_of::<ArrayOfArrays>() + self.kept.bytes
    }

    fn gathers(&self) -> bool {
        true
    }
}

/// Which ordered-set aggregate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OrderedSet {
    Continuous,
    Discrete,
    Mode,
}

/// An ordered-set aggregate: its input comes sorted, nulls do not count.
pub(super) struct OrderedState {
    wanted: OrderedSet,
    /// The type of the sorted values.
    element: Oid,
    repr: Repr,
    order: Option<Comparator>,
    direct: Vec<Datum>,
    kept: Kept,
}

impl OrderedState {
    pub(super) fn new(cx: &FnCtx<'_>, wanted: OrderedSet) -> Result<OrderedState> {
        let element = cx.arg_types.last().copied().unwrap_or(Oid::INVALID);
        if wanted == OrderedSet::Continuous && element == type_oid::INTERVAL {
            return Err(Error::unsupported("percentile_cont over interval"));
        }
        let order = match wanted {
            OrderedSet::Mode => Some(comparator(element, cx.collation, cx.types)?),
            _ => None,
        };
        let repr = type_info(cx, element)?.repr();
        Ok(OrderedState { wanted, element, repr, order, direct: Vec::new(), kept: Kept::default() })
    }

    /// The value at a fraction of the rows.
    fn percentile(&self, fraction: &Datum) -> Result<Datum> {
        let Datum::Float8(fraction) = *fraction else { return Ok(Datum::Null) };
        if !(0.0..=1.0).contains(&fraction) {
            let shown = crate::float::print_general(fraction, 6);
            bail!(NUMERIC_VALUE_OUT_OF_RANGE, "percentile value {shown} is not between 0 and 1");
        }
        let values = &self.kept.values;
        if self.wanted == OrderedSet::Discrete {
            let row = (fraction * values.len() as f64).ceil() as usize;
            return Ok(values[row.max(1) - 1].clone());
        }
        let place = fraction * (values.len() - 1) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        let (from, to) = (values[low].as_f64(), values[high].as_f64());
        Ok(Datum::Float8(if low == high { from } else { from + (place - low as f64) * (to - from) }))
    }

    fn percentiles(&self, fractions: &Datum) -> Result<Datum> {
        let view = ArrayRef::of(fractions);
        let dims: Vec<Dimension> = view.dimensions().collect();
        let values = view.iter().map(|f| self.percentile(&f)).collect::<Result<Vec<_>>>()?;
        build(self.element, self.repr, &dims, &values)
    }

    /// The value that occurs most, the first of several.
    fn mode(&self) -> Datum {
        let order = self.order.as_ref().expect("mode has an order");
        let (mut best, mut best_count, mut start) = (0, 0, 0);
        let values = &self.kept.values;
        for i in 0..values.len() {
            if order.compare(&values[start], &values[i]).is_ne() {
                start = i;
            }
            if i + 1 - start > best_count {
                (best, best_count) = (start, i + 1 - start);
            }
        }
        values[best].clone()
    }
}

impl AggregateState for OrderedState {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if let Some(value) = args.last().filter(|v| !v.is_null()) {
            self.kept.push(value);
        }
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        if self.kept.values.is_empty() {
            return Ok(Datum::Null);
        }
        match (self.wanted, self.direct.first()) {
            (OrderedSet::Mode, _) => Ok(self.mode()),
            (_, None | Some(Datum::Null)) => Ok(Datum::Null),
            (_, Some(list @ Datum::Bytes(_))) => self.percentiles(list),
            (_, Some(fraction)) => self.percentile(fraction),
        }
    }

    fn memory_bytes(&self) -> usize {
        size_of::<OrderedState>() + self.kept.bytes
    }

    fn set_direct(&mut self, direct: &[Datum]) {
        self.direct = direct.to_vec();
    }
}

/// Which hypothetical-set aggregate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hypothetical {
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
}

/// Where a row would stand among the input: counts of rows before it and its equals.
pub(super) struct HypotheticalState {
    wanted: Hypothetical,
    row: Vec<Datum>,
    orders: Vec<KeyOrder>,
    /// The row before, to count each group of equals once.
    last: Vec<Datum>,
    before: i64,
    groups_before: i64,
    equal: i64,
    total: i64,
}

impl HypotheticalState {
    pub(super) fn new(wanted: Hypothetical) -> HypotheticalState {
        HypotheticalState {
            wanted,
            row: Vec::new(),
            orders: Vec::new(),
            last: Vec::new(),
            before: 0,
            groups_before: 0,
            equal: 0,
            total: 0,
        }
    }

    fn compare(&self, a: &[Datum], b: &[Datum]) -> Ordering {
        let columns = self.orders.iter().zip(a.iter().zip(b));
        columns.map(|(order, (x, y))| order.compare(x, y)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl AggregateState for HypotheticalState {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        self.total += 1;
        match self.compare(args, &self.row) {
            Ordering::Less => {
                self.before += 1;
                let is_new = self.last.is_empty() || self.compare(args, &self.last).is_ne();
                self.groups_before += i64::from(is_new);
                self.last = args.to_vec();
            }
            Ordering::Equal => self.equal += 1,
            Ordering::Greater => {}
        }
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(match self.wanted {
            Hypothetical::Rank => Datum::Int8(self.before + 1),
            Hypothetical::DenseRank => Datum::Int8(self.groups_before + 1),
            Hypothetical::PercentRank if self.total == 0 => Datum::Float8(0.0),
            Hypothetical::PercentRank => Datum::Float8(self.before as f64 / self.total as f64),
            Hypothetical::CumeDist => Datum::Float8((self.before + self.equal + 1) as f64 / (self.total + 1) as f64),
        })
    }

    fn memory_bytes(&self) -> usize {
        size_of::<HypotheticalState>()
    }

    fn set_direct(&mut self, direct: &[Datum]) {
        self.row = direct.to_vec();
    }

    fn set_order(&mut self, orders: &[KeyOrder]) {
        self.orders = orders.to_vec();
    }
}
