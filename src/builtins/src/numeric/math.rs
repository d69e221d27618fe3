//! Roots, exponentials, logarithms and powers of finite numbers. How many digits each gives follows PostgreSQL's rules, since
//! users see them; the digits themselves are computed with a few more and rounded.

use super::decimal::{DIGIT_WIDTH, Decimal};
use super::{RESULT_SCALE_MAX, SIGNIFICANT_MIN, overflow};
use crate::errors::division_by_zero;
use report::{Result, bail};

const LN_10: f64 = std::f64::consts::LN_10;
const LOG10_E: f64 = std::f64::consts::LOG10_E;
const LOG10_2: f64 = std::f64::consts::LOG10_2;

fn one() -> Decimal {
    Decimal::from_i128(1)
}

fn limited(scale: i32, least: i32) -> i32 {
    scale.max(least).clamp(0, RESULT_SCALE_MAX)
}

/// The scale of a quotient: at least 16 significant digits, and as many as either operand shows.
pub(crate) fn division_scale(a: &Decimal, b: &Decimal) -> i32 {
    let first = |v: &Decimal| (v.weight, v.digits.first().copied().unwrap_or(0));
    let ((weight_a, first_a), (weight_b, first_b)) = (first(a), first(b));
    let weight = weight_a - weight_b - i32::from(first_a <= first_b);
    limited(SIGNIFICANT_MIN - weight * DIGIT_WIDTH, a.scale.max(b.scale))
}

/// The quotient with the scale that PostgreSQL's `/` chooses. The divisor is not zero.
pub(crate) fn quotient(a: &Decimal, b: &Decimal) -> Decimal {
    a.divide(b, division_scale(a, b), true)
}

/// The remainder with the sign of the dividend. The divisor is not zero.
pub(crate) fn remainder(a: &Decimal, b: &Decimal) -> Decimal {
    let whole = a.divide(b, 0, false);
    let scale = a.scale.max(b.scale);
    a.subtract(&whole.multiply(b, scale)).with_scale(scale)
}

/// The scale of a square root.
pub(crate) fn root_scale(v: &Decimal) -> i32 {
    limited(SIGNIFICANT_MIN - ((v.weight + 1) * DIGIT_WIDTH / 2 - 1), v.scale)
}

/// The square root of a number that is not negative, to `scale` digits: Newton's method from a float's guess.
pub(crate) fn square_root(v: &Decimal, scale: i32) -> Decimal {
    if v.is_zero() {
        return Decimal::zero(scale.max(0));
    }
    let working = scale.max(-v.weight * DIGIT_WIDTH / 2) + 8;
    let mut guess = root_guess(v);
    let half = Decimal { negative: false, weight: -1, scale: 1, digits: vec![5000] };
    // Each step doubles the digits that are right; 15 are right at the start.
    for _ in 0..40 {
        let next = guess.add(&v.divide(&guess, working, true)).multiply(&half, working);
        let change = next.subtract(&guess);
        guess = next;
        if change.is_zero() || change.weight * DIGIT_WIDTH < -(working - 4) {
            break;
        }
    }
    nearest_root(v, guess.rounded(scale), scale)
}

/// The root to `scale` digits, rightly rounded: Newton's last digits may lie on the wrong side of a half.
fn nearest_root(v: &Decimal, root: Decimal, scale: i32) -> Decimal {
    let half =
        Decimal { digits: vec![5 * 10u16.pow((-(scale + 1)).rem_euclid(DIGIT_WIDTH) as u32)], ..unit(scale + 1) };
    let square = |x: &Decimal| x.multiply(x, 2 * (scale + 1));
    let is_above = |x: &Decimal| square(x).subtract(v).signum() > 0;
    if is_above(&root.subtract(&half)) {
        root.subtract(&unit(scale))
    } else if !is_above(&root.add(&half)) {
        root.add(&unit(scale))
    } else {
        root
    }
}

/// One in the last of `scale` decimal digits.
fn unit(scale: i32) -> Decimal {
    let weight = (-scale).div_euclid(DIGIT_WIDTH);
    Decimal { negative: false, weight, scale, digits: vec![10u16.pow((-scale).rem_euclid(DIGIT_WIDTH) as u32)] }
}

/// A guess from the first digits, right to about 15 decimal digits.
fn root_guess(v: &Decimal) -> Decimal {
    let even = v.weight.rem_euclid(2);
    let mut lead = 0.0;
    for i in 0..(4 + even as usize) {
        lead = lead * 10_000.0 + f64::from(v.digits.get(i).copied().unwrap_or(0));
    }
    // `lead` counts 10000^(weight - 3 - even), an even power after one more.
    let power = v.weight - 3 - even;
    let (lead, power) = if power % 2 == 0 { (lead, power) } else { (lead * 10_000.0, power - 1) };
    let mut guess = Decimal::from_i128(lead.sqrt() as i128);
    guess.weight += power / 2;
    guess
}

/// An approximate float of a finite number.
fn float(v: &Decimal) -> f64 {
    v.to_f64()
}

/// The scale of `exp`.
pub(crate) fn exponential_scale(v: &Decimal) -> i32 {
    let weight = (float(v) * LOG10_E).clamp(-2000.0, 2000.0) as i32;
    limited(SIGNIFICANT_MIN - weight, v.scale)
}

/// e to the power `v`, to `scale` digits.
///
/// Errors: 22003 if too large.
pub(crate) fn exponential(v: &Decimal, scale: i32) -> Result<Decimal> {
    let approximate = float(v);
    if approximate.abs() >= 6000.0 {
        return if approximate > 0.0 { Err(overflow()) } else { Ok(Decimal::zero(scale)) };
    }
    let mut halvings = 0;
    let mut reduced = approximate.abs();
    while reduced > 0.01 {
        halvings += 1;
        reduced /= 2.0;
    }
    let weight = (approximate * LOG10_E) as i32;
    let significant = (1 + weight + scale + (f64::from(halvings) * LOG10_2) as i32).max(0) + 12;
    let x = v.divide(&Decimal::from_i128(1 << halvings), v.scale.max(significant) + halvings, true);
    let mut sum = one().add(&x);
    let mut term = x.clone();
    for n in 2.. {
        term = term.multiply(&x, significant).divide(&Decimal::from_i128(n), significant, true);
        if term.is_zero() {
            break;
        }
        sum = sum.add(&term);
    }
    for _ in 0..halvings {
        let local = (significant - sum.weight * 2 * DIGIT_WIDTH).max(0);
        sum = sum.multiply(&sum, local);
    }
    Ok(sum.rounded(scale))
}

/// The decimal weight of the natural logarithm of a positive number.
pub(crate) fn logarithm_weight(v: &Decimal) -> i32 {
    if v.signum() <= 0 {
        return 0;
    }
    let tenth = Decimal { negative: false, weight: -1, scale: 1, digits: vec![1000] };
    let distance = v.subtract(&one());
    if distance.clone().abs().compare(&tenth).is_le() {
        return match distance.digits.first() {
            Some(first) => distance.weight * DIGIT_WIDTH + f64::from(*first).log10() as i32,
            None => 0,
        };
    }
    let (mut lead, mut weight) = (f64::from(v.digits[0]), v.weight * DIGIT_WIDTH);
    if let Some(second) = v.digits.get(1) {
        lead = lead * 10_000.0 + f64::from(*second);
        weight -= DIGIT_WIDTH;
    }
    let ln = lead.ln() + f64::from(weight) * LN_10;
    ln.abs().log10() as i32
}

/// The scale of `ln`.
pub(crate) fn logarithm_scale(v: &Decimal) -> i32 {
    limited(SIGNIFICANT_MIN - logarithm_weight(v), v.scale)
}

fn check_logarithm(v: &Decimal) -> Result<()> {
    match v.signum() {
        0 => bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero"),
        -1 => bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number"),
        _ => Ok(()),
    }
}

/// The natural logarithm to `scale` digits: square roots bring the number near 1, where a series converges.
///
/// Errors: 2201E unless the number is positive.
pub(crate) fn logarithm(v: &Decimal, scale: i32) -> Result<Decimal> {
    check_logarithm(v)?;
    let low = Decimal { negative: false, weight: -1, scale: 1, digits: vec![9000] };
    let high = Decimal { negative: false, weight: 0, scale: 1, digits: vec![1, 1000] };
    let (mut x, mut factor, mut roots) = (v.clone(), Decimal::from_i128(2), 0);
    while x.compare(&low).is_le() || x.compare(&high).is_ge() {
        let local = scale - x.weight * DIGIT_WIDTH / 2 + 12;
        x = square_root(&x, local.max(0));
        factor = factor.multiply(&Decimal::from_i128(2), 0);
        roots += 1;
    }
    let local = scale.max(0) + (f64::from(roots + 1) * LOG10_2) as i32 + 12;
    let ratio = x.subtract(&one()).divide(&x.add(&one()), local, true);
    let square = ratio.multiply(&ratio, local);
    let (mut sum, mut power) = (ratio.clone(), ratio);
    for n in (3..).step_by(2) {
        power = power.multiply(&square, local);
        let term = power.divide(&Decimal::from_i128(n), local, true);
        if term.is_zero() {
            break;
        }
        sum = sum.add(&term);
    }
    Ok(sum.multiply(&factor, scale))
}

/// The logarithm of `v` to `base`.
///
/// Errors: 2201E unless both are positive, 22012 for base 1.
pub(crate) fn logarithm_to_base(base: &Decimal, v: &Decimal) -> Result<Decimal> {
    check_logarithm(base)?;
    check_logarithm(v)?;
    let (base_weight, v_weight) = (logarithm_weight(base), logarithm_weight(v));
    let weight = v_weight - base_weight;
    let scale = limited(SIGNIFICANT_MIN - weight, base.scale.max(v.scale));
    let ln_base = logarithm(base, (scale + weight - base_weight + 8).max(0))?;
    let ln_v = logarithm(v, (scale + weight - v_weight + 8).max(0))?;
    if ln_base.is_zero() {
        return Err(division_by_zero());
    }
    Ok(ln_v.divide(&ln_base, scale, true))
}

/// `base` to the power `exponent`, both finite; zero to a negative power is refused by the caller.
///
/// Errors: 22003 if too large, 2201F for a root of a negative number.
pub(crate) fn power(base: &Decimal, exponent: &Decimal) -> Result<Decimal> {
    if exponent.is_integral()
        && let Some(n) = exponent.to_i64().and_then(|n| i32::try_from(n).ok())
    {
        return whole_power(base, n, limited(SIGNIFICANT_MIN, base.scale));
    }
    if base.is_zero() {
        return Ok(Decimal::zero(SIGNIFICANT_MIN));
    }
    if base.negative && !exponent.is_integral() {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    let negative = base.negative && exponent.is_odd();
    let base = base.clone().abs();
    let ln_weight = logarithm_weight(&base);
    let local = (8 - ln_weight).max(0);
    let approximate = float(&logarithm(&base, local)?.multiply(exponent, local));
    if approximate.abs() > 2000.0 * 3.01 {
        return if approximate > 0.0 { Err(overflow()) } else { Ok(Decimal::zero(RESULT_SCALE_MAX)) };
    }
    let weight = (approximate * LOG10_E) as i32;
    let scale = limited(SIGNIFICANT_MIN - weight, base.scale.max(exponent.scale));
    let local = ((scale + weight).max(0) - ln_weight + 12).max(0);
    let product = logarithm(&base, local)?.multiply(exponent, local);
    let result = exponential(&product, scale)?;
    Ok(if negative { result.negated() } else { result })
}

fn whole_power(base: &Decimal, n: i32, scale: i32) -> Result<Decimal> {
    match n {
        0 => return Ok(one().with_scale(scale)),
        1 => return Ok(base.clone().rounded(scale)),
        2 => return Ok(base.multiply(base, scale)),
        _ if base.is_zero() && n < 0 => return Err(division_by_zero()),
        -1 => return Ok(one().divide(base, scale, true)),
        _ if base.is_zero() => return Ok(Decimal::zero(scale)),
        _ => {}
    }
    let weight = f64::from(n) * leading_log10(base);
    if weight > 3.0 * 32767.0 * 4.0 {
        return Err(overflow());
    }
    if weight + 1.0 < f64::from(-scale) || weight + 1.0 < f64::from(-RESULT_SCALE_MAX) {
        return Ok(Decimal::zero(scale));
    }
    let significant = 1 + scale + weight as i32 + f64::from(n).abs().ln() as i32 + 8;
    let product = repeated_product(base, n.unsigned_abs(), significant)?;
    match (n < 0, product) {
        (false, Some(product)) => Ok(product.rounded(scale)),
        (true, Some(product)) => Ok(one().divide(&product, scale, true)),
        (true, None) => Ok(Decimal::zero(scale)),
        (false, None) => Err(overflow()),
    }
}

/// log10 of the number's magnitude from its first digits.
fn leading_log10(v: &Decimal) -> f64 {
    let (mut lead, mut weight) = (f64::from(v.digits[0]), v.weight * DIGIT_WIDTH);
    for digit in v.digits.iter().skip(1).take(3) {
        lead = lead * 10_000.0 + f64::from(*digit);
        weight -= DIGIT_WIDTH;
    }
    lead.log10() + f64::from(weight)
}

/// The power by squaring, with `significant` digits; `None` if it grows out of the format.
fn repeated_product(base: &Decimal, n: u32, significant: i32) -> Result<Option<Decimal>> {
    let mut square = base.clone();
    let mut result = if n & 1 == 1 { base.clone() } else { one() };
    let mut mask = n >> 1;
    while mask > 0 {
        let local = (significant - 2 * square.weight * DIGIT_WIDTH).min(2 * square.scale).max(0);
        square = square.multiply(&square, local);
        if mask & 1 == 1 {
            let local = significant - (square.weight + result.weight) * DIGIT_WIDTH;
            result = square.multiply(&result, local.min(square.scale + result.scale).max(0));
        }
        if square.weight > 32767 || result.weight > 32767 {
            return Ok(None);
        }
        mask >>= 1;
    }
    Ok(Some(result))
}
