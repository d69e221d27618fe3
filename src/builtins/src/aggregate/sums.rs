//! Sums, averages and variances.

use super::AggregateState;
use crate::FnCtx;
use crate::float::checked;
use crate::numeric::small::Small;
use crate::numeric::{Decimal, Numeric, math};
use report::Result;
use tuple::Datum;

/// What a state of sums gives in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Sum,
    Average,
    VariancePopulation,
    VarianceSample,
    DeviationPopulation,
    DeviationSample,
}

impl Wanted {
    fn is_sample(self) -> bool {
        matches!(self, Wanted::VarianceSample | Wanted::DeviationSample)
    }

    fn is_deviation(self) -> bool {
        matches!(self, Wanted::DeviationPopulation | Wanted::DeviationSample)
    }

    fn needs_squares(self) -> bool {
        !matches!(self, Wanted::Sum | Wanted::Average)
    }
}

/// An exact sum of finite decimals: in one machine number as long as that holds it.
#[derive(Default)]
struct ExactSum {
    /// Times 10^scale.
    small: i128,
    scale: i32,
    /// What no longer fitted.
    large: Option<Decimal>,
}

impl ExactSum {
    fn add_scaled(&mut self, value: i128, scale: i32) -> Option<()> {
        let common = scale.max(self.scale);
        let ours = self.small.checked_mul(10i128.checked_pow((common - self.scale) as u32)?)?;
        let theirs = value.checked_mul(10i128.checked_pow((common - scale) as u32)?)?;
        // Nothing changes unless all of it fits.
        self.small = ours.checked_add(theirs)?;
        self.scale = common;
        Some(())
    }

    fn add(&mut self, value: &Decimal) {
        if value.scaled().and_then(|scaled| self.add_scaled(scaled, value.scale)).is_none() {
            let large = self.large.take().unwrap_or_default();
            self.large = Some(large.add(value));
        }
    }

    fn add_whole(&mut self, value: i128) {
        if self.add_scaled(value, 0).is_none() {
            let large = self.large.take().unwrap_or_default();
            self.large = Some(large.add(&Decimal::from_i128(value)));
        }
    }

    fn total(&self) -> Decimal {
        let small = Decimal::from_scaled(self.small, self.scale);
        match &self.large {
            Some(large) => small.add(large),
            None => small,
        }
    }
}

/// Sums over int2, int4, int8 and numeric; results are numeric.
pub(super) struct ExactState {
    wanted: Wanted,
    count: i64,
    sum: ExactSum,
    squares: ExactSum,
    /// Infinities and NaNs, added up.
    special: Option<Numeric>,
}

impl ExactState {
    pub(super) fn new(wanted: Wanted) -> ExactState {
        ExactState { wanted, count: 0, sum: ExactSum::default(), squares: ExactSum::default(), special: None }
    }

    fn take_whole(&mut self, value: i64) {
        let value = i128::from(value);
        self.sum.add_whole(value);
        if self.wanted.needs_squares() {
            self.squares.add_whole(value * value);
        }
    }

    /// Takes a numeric; a plain sum of short ones needs no number made of them.
    fn take_stored(&mut self, value: &Datum) {
        if !self.wanted.needs_squares()
            && let Some(small) = Small::from_bytes(value.as_bytes())
        {
            let (count, scale) = small.parts();
            if self.sum.add_scaled(count, scale).is_some() {
                return;
            }
        }
        self.take_numeric(Numeric::of(value));
    }

    fn take_numeric(&mut self, value: Numeric) {
        match value {
            Numeric::Finite(v) => {
                self.sum.add(&v);
                if self.wanted.needs_squares() {
                    self.squares.add(&v.multiply(&v, 2 * v.scale));
                }
            }
            special => {
                let sum = match &self.special {
                    Some(earlier) => crate::numeric::functions::add(earlier, &special),
                    None => special,
                };
                self.special = Some(sum);
            }
        }
    }

    /// The variance or deviation from the sums.
    fn spread(&self) -> Numeric {
        let (count, sum, squares) = (Decimal::from_i128(self.count.into()), self.sum.total(), self.squares.total());
        let square_of_sum = sum.multiply(&sum, 2 * sum.scale);
        let difference = count.multiply(&squares, squares.scale).subtract(&square_of_sum);
        if difference.signum() <= 0 {
            return Numeric::from_i64(0);
        }
        let other = Decimal::from_i128(i128::from(self.count) - i128::from(self.wanted.is_sample()));
        let divisor = count.multiply(&other, 0);
        let scale = math::division_scale(&difference, &divisor);
        let variance = difference.divide(&divisor, scale, true);
        Numeric::Finite(if self.wanted.is_deviation() { math::square_root(&variance, scale) } else { variance })
    }

    fn result(&self) -> Numeric {
        if let Some(special) = &self.special {
            return if self.wanted.needs_squares() { Numeric::NaN } else { special.clone() };
        }
        match self.wanted {
            Wanted::Sum => Numeric::Finite(self.sum.total()),
            Wanted::Average => {
                Numeric::Finite(math::quotient(&self.sum.total(), &Decimal::from_i128(self.count.into())))
            }
            _ => self.spread(),
        }
    }
}

impl AggregateState for ExactState {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        match &args[0] {
            Datum::Null => return Ok(()),
            Datum::Int2(v) => self.take_whole(i64::from(*v)),
            Datum::Int4(v) => self.take_whole(i64::from(*v)),
            Datum::Int8(v) => self.take_whole(*v),
            numeric => self.take_stored(numeric),
        }
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        if self.count == 0 || (self.wanted.is_sample() && self.count == 1) {
            return Ok(Datum::Null);
        }
        self.result().to_datum()
    }

    fn memory_bytes(&self) -> usize {
        size_of::<ExactState>()
    }
}

/// Averages and variances over floats, by the method of Youngs and Cramer.
pub(super) struct FloatState {
    wanted: Wanted,
    count: f64,
    sum: f64,
    squares: f64,
}

impl FloatState {
    pub(super) fn new(wanted: Wanted) -> FloatState {
        FloatState { wanted, count: 0.0, sum: 0.0, squares: 0.0 }
    }
}

#[cold]
fn overflow() -> report::Error {
    report::error!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

impl AggregateState for FloatState {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        let value = match args[0] {
            Datum::Float8(v) => v,
            Datum::Float4(v) => f64::from(v),
            _ => return Ok(()),
        };
        let (count, sum) = (self.count + 1.0, self.sum + value);
        if self.count > 0.0 {
            let distance = value * count - sum;
            self.squares += distance * distance / (count * self.count);
            if sum.is_infinite() || self.squares.is_infinite() {
                if !self.sum.is_infinite() && !value.is_infinite() {
                    return Err(overflow());
                }
                self.squares = f64::NAN;
            }
        } else if !value.is_finite() {
            self.squares = f64::NAN;
        }
        (self.count, self.sum) = (count, sum);
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        if self.count == 0.0 || (self.wanted.is_sample() && self.count <= 1.0) {
            return Ok(Datum::Null);
        }
        let divisor = if self.wanted.is_sample() { self.count - 1.0 } else { self.count };
        Ok(Datum::Float8(match self.wanted {
            Wanted::Sum => self.sum,
            Wanted::Average => self.sum / divisor,
            wanted if wanted.is_deviation() => (self.squares / divisor).sqrt(),
            _ => self.squares / divisor,
        }))
    }

    fn memory_bytes(&self) -> usize {
        size_of::<FloatState>()
    }
}

/// What of a regression is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Regression {
    Count,
    Sxx,
    Syy,
    Sxy,
    AverageX,
    AverageY,
    CovariancePopulation,
    CovarianceSample,
    Correlation,
    R2,
    Slope,
    Intercept,
}

/// The aggregates over pairs (y, x).
pub(super) struct RegressionState {
    wanted: Regression,
    count: f64,
    sum_x: f64,
    sxx: f64,
    sum_y: f64,
    syy: f64,
    sxy: f64,
}

impl RegressionState {
    pub(super) fn new(wanted: Regression) -> RegressionState {
        RegressionState { wanted, count: 0.0, sum_x: 0.0, sxx: 0.0, sum_y: 0.0, syy: 0.0, sxy: 0.0 }
    }

    fn add_squares(&mut self, x: f64, y: f64, count: f64, (sum_x, sum_y): (f64, f64)) -> Result<()> {
        let (dx, dy) = (x * count - sum_x, y * count - sum_y);
        let scale = 1.0 / (count * self.count);
        self.sxx += dx * dx * scale;
        self.syy += dy * dy * scale;
        self.sxy += dx * dy * scale;
        let x_was_finite = !self.sum_x.is_infinite() && !x.is_infinite();
        let y_was_finite = !self.sum_y.is_infinite() && !y.is_infinite();
        let x_overflows = (sum_x.is_infinite() || self.sxx.is_infinite()) && x_was_finite;
        let y_overflows = (sum_y.is_infinite() || self.syy.is_infinite()) && y_was_finite;
        if x_overflows || y_overflows || (self.sxy.is_infinite() && x_was_finite && y_was_finite) {
            return Err(overflow());
        }
        for sum in [&mut self.sxx, &mut self.syy, &mut self.sxy] {
            if sum.is_infinite() {
                *sum = f64::NAN;
            }
        }
        Ok(())
    }

    fn result(&self) -> Option<f64> {
        let n = self.count;
        if n < 1.0 || (self.wanted == Regression::CovarianceSample && n < 2.0) {
            return None;
        }
        let needs_x =
            matches!(self.wanted, Regression::R2 | Regression::Slope | Regression::Intercept | Regression::Correlation);
        if needs_x && self.sxx == 0.0 {
            return None;
        }
        Some(match self.wanted {
            Regression::Count => n,
            Regression::Sxx => self.sxx,
            Regression::Syy => self.syy,
            Regression::Sxy => self.sxy,
            Regression::AverageX => self.sum_x / n,
            Regression::AverageY => self.sum_y / n,
            Regression::CovariancePopulation => self.sxy / n,
            Regression::CovarianceSample => self.sxy / (n - 1.0),
            Regression::Correlation if self.syy == 0.0 => return None,
            Regression::Correlation => self.sxy / (self.sxx * self.syy).sqrt(),
            Regression::R2 if self.syy == 0.0 => 1.0,
            Regression::R2 => (self.sxy * self.sxy) / (self.sxx * self.syy),
            Regression::Slope => self.sxy / self.sxx,
            Regression::Intercept => (self.sum_y - self.sum_x * self.sxy / self.sxx) / n,
        })
    }
}

impl AggregateState for RegressionState {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        let (Datum::Float8(y), Datum::Float8(x)) = (&args[0], &args[1]) else { return Ok(()) };
        let (x, y) = (*x, *y);
        let (count, sum_x, sum_y) = (self.count + 1.0, self.sum_x + x, self.sum_y + y);
        if self.count > 0.0 {
            self.add_squares(x, y, count, (sum_x, sum_y))?;
        } else {
            if !x.is_finite() {
                (self.sxx, self.sxy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.syy, self.sxy) = (f64::NAN, f64::NAN);
            }
        }
        (self.count, self.sum_x, self.sum_y) = (count, sum_x, sum_y);
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        if self.wanted == Regression::Count {
            return Ok(Datum::Int8(self.count as i64));
        }
        Ok(self.result().map_or(Datum::Null, Datum::Float8))
    }

    fn memory_bytes(&self) -> usize {
        size_of::<RegressionState>()
    }
}

/// `sum(float4)` and `sum(float8)`: plain addition in the type's own precision, from the first value on.
pub(super) struct FloatSum(pub(super) Datum);

impl AggregateState for FloatSum {
    fn step(&mut self, _cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        self.0 = match (&self.0, &args[0]) {
            (_, Datum::Null) => return Ok(()),
            (Datum::Float8(a), Datum::Float8(b)) => {
                Datum::Float8(checked(a + b, a.is_infinite() || b.is_infinite(), true)?)
            }
            (Datum::Float4(a), Datum::Float4(b)) => {
                let sum = a + b;
                checked(f64::from(sum), a.is_infinite() || b.is_infinite(), true)?;
                Datum::Float4(sum)
            }
            (_, first) => first.clone(),
        };
        Ok(())
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(self.0.clone())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<FloatSum>()
    }
}
