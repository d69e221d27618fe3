//! Finite decimal numbers: exact arithmetic in base 10000.

use std::cmp::Ordering;

/// The base of digits.
pub(crate) const BASE: u32 = 10_000;
/// Decimal digits in a digit.
pub(crate) const DIGIT_WIDTH: i32 = 4;

/// A finite number: the digits times 10000^weight, the first digit standing before the point at weight 0.
/// Digits have no zeros at either end; zero has none and is not negative.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Decimal {
    pub(crate) negative: bool,
    pub(crate) weight: i32,
    /// Decimal digits shown after the point.
    pub(crate) scale: i32,
    pub(crate) digits: Vec<u16>,
}

fn pow10(n: usize) -> u32 {
    [1, 10, 100, 1000, 10_000][n]
}

impl Decimal {
    /// Zero with this scale.
    pub(crate) fn zero(scale: i32) -> Decimal {
        Decimal { scale, ..Decimal::default() }
    }

    /// A whole number.
    pub fn from_i128(value: i128) -> Decimal {
        let (mut rest, mut digits) = (value.unsigned_abs(), Vec::new());
        while rest > 0 {
            digits.push((rest % u128::from(BASE)) as u16);
            rest /= u128::from(BASE);
        }
        digits.reverse();
        let weight = digits.len() as i32 - 1;
        Decimal { negative: value < 0, weight, scale: 0, digits }.normal()
    }

    /// Drops zeros at the ends and the sign of zero.
    pub(crate) fn normal(mut self) -> Decimal {
        let leading = self.digits.iter().take_while(|d| **d == 0).count();
        if leading > 0 {
            self.digits.drain(..leading);
            self.weight -= leading as i32;
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            (self.weight, self.negative) = (0, false);
        }
        self
    }

    /// True for zero of any scale.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(crate) fn signum(&self) -> i32 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    pub(crate) fn negated(mut self) -> Decimal {
        self.negative = !self.negative && !self.is_zero();
        self
    }

    pub(crate) fn abs(mut self) -> Decimal {
        self.negative = false;
        self
    }

    /// The digit that counts 10000^weight.
    fn digit_at(&self, weight: i32) -> u16 {
        usize::try_from(self.weight - weight).ok().and_then(|i| self.digits.get(i)).copied().unwrap_or(0)
    }

    /// The weight of the last digit.
    fn last_weight(&self) -> i32 {
        self.weight - self.digits.len() as i32 + 1
    }

    /// Nothing but zeros follow the point.
    pub(crate) fn is_integral(&self) -> bool {
        self.digits.len() as i32 <= self.weight + 1
    }

    /// A whole number is odd.
    pub(crate) fn is_odd(&self) -> bool {
        self.digit_at(0) % 2 == 1
    }

    fn compare_magnitude(&self, other: &Decimal) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (false, false) => self.weight.cmp(&other.weight).then_with(|| self.digits.cmp(&other.digits)),
            (x, y) => y.cmp(&x),
        }
    }

    /// The order of values; the scale does not matter.
    pub(crate) fn compare(&self, other: &Decimal) -> Ordering {
        match (self.signum(), other.signum()) {
            (x, y) if x != y => x.cmp(&y),
            (-1, _) => other.compare_magnitude(self),
            _ => self.compare_magnitude(other),
        }
    }

    fn add_magnitude(&self, other: &Decimal) -> Decimal {
        let top = self.weight.max(other.weight);
        let bottom = match (self.is_zero(), other.is_zero()) {
            (true, _) => other.last_weight(),
            (_, true) => self.last_weight(),
            _ => self.last_weight().min(other.last_weight()),
        };
        let (mut digits, mut carry) = (Vec::with_capacity((top - bottom + 2).max(1) as usize), 0);
        for weight in bottom..=top {
            let sum = u32::from(self.digit_at(weight)) + u32::from(other.digit_at(weight)) + carry;
            digits.push((sum % BASE) as u16);
            carry = sum / BASE;
        }
        digits.push(carry as u16);
        digits.reverse();
        Decimal { negative: false, weight: top + 1, scale: 0, digits }.normal()
    }

    /// `self` less `other`, which is not greater.
    fn subtract_magnitude(&self, other: &Decimal) -> Decimal {
        if other.is_zero() {
            return self.clone();
        }
        let bottom = self.last_weight().min(other.last_weight());
        let (mut digits, mut borrow) = (Vec::with_capacity((self.weight - bottom + 1) as usize), 0);
        for weight in bottom..=self.weight {
            let mut difference = i32::from(self.digit_at(weight)) - i32::from(other.digit_at(weight)) - borrow;
            borrow = i32::from(difference < 0);
            difference += borrow * BASE as i32;
            digits.push(difference as u16);
        }
        digits.reverse();
        Decimal { negative: false, weight: self.weight, scale: 0, digits }.normal()
    }

    /// The exact sum; its scale is the larger one.
    pub(crate) fn add(&self, other: &Decimal) -> Decimal {
        let mut sum = if self.negative == other.negative {
            Decimal { negative: self.negative, ..self.add_magnitude(other) }
        } else if self.compare_magnitude(other).is_ge() {
            Decimal { negative: self.negative, ..self.subtract_magnitude(other) }
        } else {
            Decimal { negative: other.negative, ..other.subtract_magnitude(self) }
        };
        sum.scale = self.scale.max(other.scale);
        sum.normal()
    }

    /// The exact difference; its scale is the larger one.
    pub(crate) fn subtract(&self, other: &Decimal) -> Decimal {
        self.add(&other.clone().negated())
    }

    /// The product rounded to `scale`.
    pub(crate) fn multiply(&self, other: &Decimal, scale: i32) -> Decimal {
        if self.is_zero() || other.is_zero() {
            return Decimal::zero(scale);
        }
        let (a, b) = (&self.digits, &other.digits);
        let mut sums = vec![0u64; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                sums[i + j + 1] += u64::from(*x) * u64::from(*y);
            }
        }
        let (mut digits, mut carry) = (vec![0u16; sums.len()], 0u64);
        for (i, sum) in sums.iter().enumerate().rev() {
            let total = sum + carry;
            digits[i] = (total % u64::from(BASE)) as u16;
            carry = total / u64::from(BASE);
        }
        let negative = self.negative != other.negative;
        let product = Decimal { negative, weight: self.weight + other.weight + 1, scale: 0, digits }.normal();
        product.rounded(scale)
    }

    /// The quotient to `scale` decimal digits, rounded or cut. The divisor is not zero.
    pub(crate) fn divide(&self, other: &Decimal, scale: i32, round: bool) -> Decimal {
        if self.is_zero() {
            return Decimal::zero(scale);
        }
        let weight = self.weight - other.weight;
        // One digit more than is kept, to round by.
        let wanted = weight + 1 + (scale + DIGIT_WIDTH - 1).div_euclid(DIGIT_WIDTH) + 1;
        if wanted <= 0 {
            return Decimal::zero(scale);
        }
        let mut dividend = self.digits.clone();
        dividend.resize(other.digits.len() + wanted as usize - 1, 0);
        let digits = divide_digits(&dividend, &other.digits);
        let negative = self.negative != other.negative;
        let quotient = Decimal { negative, weight, scale: 0, digits }.normal();
        if round { quotient.rounded(scale) } else { quotient.truncated(scale) }
    }

    /// How many decimal digits are kept when cut at `scale`, split into whole digits and the rest.
    fn kept_digits(&self, scale: i32) -> Option<(usize, usize)> {
        let kept = (self.weight + 1) * DIGIT_WIDTH + scale;
        (kept >= 0).then_some((kept as usize / 4, kept as usize % 4))
    }

    /// Rounded to `scale` decimal digits after the point (before it if negative), halves away from zero.
    pub(crate) fn rounded(mut self, scale: i32) -> Decimal {
        self.scale = scale.max(0);
        let Some((whole, part)) = self.kept_digits(scale) else { return Decimal::zero(self.scale) };
        if whole >= self.digits.len() {
            return self;
        }
        let unit = pow10(4 - part);
        let last = u32::from(self.digits[whole]);
        let up = last % unit >= unit / 2;
        self.digits.truncate(whole + 1);
        let mut carry = u32::from(up) * unit;
        self.digits[whole] = (last - last % unit) as u16;
        for digit in self.digits.iter_mut().rev() {
            let sum = u32::from(*digit) + carry;
            *digit = (sum % BASE) as u16;
            carry = sum / BASE;
        }
        if carry > 0 {
            self.digits.insert(0, carry as u16);
            self.weight += 1;
        }
        self.normal()
    }

    /// Cut at `scale` decimal digits after the point (before it if negative).
    pub(crate) fn truncated(mut self, scale: i32) -> Decimal {
        self.scale = scale.max(0);
        let Some((whole, part)) = self.kept_digits(scale) else { return Decimal::zero(self.scale) };
        if whole >= self.digits.len() {
            return self;
        }
        let unit = pow10(4 - part);
        let last = u32::from(self.digits[whole]);
        self.digits.truncate(whole + 1);
        self.digits[whole] = (last - last % unit) as u16;
        self.normal()
    }

    /// The same value shown with `scale` digits after the point.
    pub(crate) fn with_scale(mut self, scale: i32) -> Decimal {
        self.scale = scale;
        self
    }

    /// The largest whole number not above.
    pub(crate) fn floor(&self) -> Decimal {
        let cut = self.clone().truncated(0);
        match self.negative && !self.is_integral() {
            true => cut.subtract(&Decimal::from_i128(1)),
            false => cut,
        }
    }

    /// The smallest whole number not below.
    pub(crate) fn ceil(&self) -> Decimal {
        self.clone().negated().floor().negated()
    }

    /// The decimal digits after the point that are needed to show the value.
    pub(crate) fn least_scale(&self) -> i32 {
        let Some(last) = self.digits.last() else { return 0 };
        let zeros = (1..=3).take_while(|n| u32::from(*last) % pow10(*n) == 0).count() as i32;
        (-self.last_weight() * DIGIT_WIDTH - zeros).max(0)
    }

    /// The nearest whole number, `None` if it does not fit.
    pub(crate) fn to_i128(&self) -> Option<i128> {
        let whole = self.clone().rounded(0);
        let mut value: i128 = 0;
        for weight in (0..=whole.weight).rev() {
            value = value.checked_mul(i128::from(BASE))?.checked_add(i128::from(whole.digit_at(weight)))?;
        }
        Some(if whole.negative { -value } else { value })
    }

    /// The nearest whole number of 64 bits, `None` if it does not fit.
    pub(crate) fn to_i64(&self) -> Option<i64> {
        if self.weight > 4 {
            return None;
        }
        self.to_i128()?.try_into().ok()
    }

    /// The value times 10^scale as a whole number, if it fits: the form in which sums are fast.
    pub(crate) fn scaled(&self) -> Option<i128> {
        if self.digits.len() > 7 || self.weight > 6 || self.scale > 28 {
            return None;
        }
        let mut value: i128 = 0;
        for digit in &self.digits {
            value = value * i128::from(BASE) + i128::from(*digit);
        }
        let shift = self.scale + self.last_weight() * DIGIT_WIDTH;
        let value = match u32::try_from(shift) {
            Ok(up) => value.checked_mul(10i128.checked_pow(up)?)?,
            // Digits past the scale are zeros.
            Err(_) => value / 10i128.checked_pow((-shift) as u32)?,
        };
        Some(if self.negative { -value } else { value })
    }

    /// The reverse of `scaled`.
    pub(crate) fn from_scaled(value: i128, scale: i32) -> Decimal {
        let padding = (DIGIT_WIDTH - scale % DIGIT_WIDTH) % DIGIT_WIDTH;
        let Some(padded) = value.checked_mul(i128::from(pow10(padding as usize))) else {
            let unit = Decimal::from_i128(10).power_of_ten(scale);
            return Decimal::from_i128(value).divide(&unit, scale, true);
        };
        let mut out = Decimal::from_i128(padded);
        if !out.is_zero() {
            out.weight -= (scale + padding) / DIGIT_WIDTH;
        }
        out.scale = scale;
        out
    }

    fn power_of_ten(&self, exponent: i32) -> Decimal {
        let digit = pow10((exponent % DIGIT_WIDTH) as usize) as u16;
        Decimal { negative: false, weight: exponent / DIGIT_WIDTH, scale: 0, digits: vec![digit] }
    }

    /// The nearest float; infinite if too large.
    pub(crate) fn to_f64(&self) -> f64 {
        super::text::print(self).parse().unwrap_or(f64::INFINITY)
    }
}

/// Long division (Knuth's algorithm D): the quotient's digits, `dividend.len() - divisor.len() + 1` of them.
fn divide_digits(dividend: &[u16], divisor: &[u16]) -> Vec<u16> {
    if let [only] = divisor {
        return divide_by_digit(dividend, u32::from(*only));
    }
    let factor = BASE / (u32::from(divisor[0]) + 1);
    let divisor = scale_digits(divisor, factor, false);
    let mut rest = scale_digits(dividend, factor, true);
    let n = divisor.len();
    let (first, second) = (u64::from(divisor[0]), u64::from(divisor[1]));
    let base = u64::from(BASE);
    let mut quotient = Vec::with_capacity(rest.len() - n);
    for j in 0..rest.len() - n {
        let top = u64::from(rest[j]) * base + u64::from(rest[j + 1]);
        let (mut guess, mut left) = (top / first, top % first);
        while guess >= base || guess * second > left * base + u64::from(rest[j + 2]) {
            guess -= 1;
            left += first;
            if left >= base {
                break;
            }
        }
        if subtract_product(&mut rest[j..=j + n], &divisor, guess) {
            add_back(&mut rest[j..=j + n], &divisor);
            guess -= 1;
        }
        quotient.push(guess as u16);
    }
    quotient
}

fn divide_by_digit(dividend: &[u16], divisor: u32) -> Vec<u16> {
    let mut rest = 0;
    dividend
        .iter()
        .map(|digit| {
            let value = rest * BASE + u32::from(*digit);
            rest = value % divisor;
            (value / divisor) as u16
        })
        .collect()
}

/// The digits times a small factor, with one more digit in front if asked.
fn scale_digits(digits: &[u16], factor: u32, extend: bool) -> Vec<u16> {
    let (mut out, mut carry) = (vec![0; digits.len() + usize::from(extend)], 0);
    for (i, digit) in digits.iter().enumerate().rev() {
        let value = u32::from(*digit) * factor + carry;
        out[i + usize::from(extend)] = (value % BASE) as u16;
        carry = value / BASE;
    }
    if extend {
        out[0] = carry as u16;
    }
    out
}

/// Takes `divisor * factor` from the top digits; true if that borrowed from beyond them.
fn subtract_product(top: &mut [u16], divisor: &[u16], factor: u64) -> bool {
    let (mut carry, mut borrow) = (0u64, 0i64);
    let base = u64::from(BASE);
    for i in (0..top.len()).rev() {
        let product = if i == 0 { carry } else { u64::from(divisor[i - 1]) * factor + carry };
        carry = product / base;
        let mut difference = i64::from(top[i]) - (product % base) as i64 - borrow;
        borrow = i64::from(difference < 0);
        difference += borrow * i64::from(BASE);
        top[i] = difference as u16;
    }
    borrow > 0
}

fn add_back(top: &mut [u16], divisor: &[u16]) {
    let mut carry = 0;
    for i in (0..top.len()).rev() {
        let sum = u32::from(top[i]) + if i == 0 { 0 } else { u32::from(divisor[i - 1]) } + carry;
        top[i] = (sum % BASE) as u16;
        carry = sum / BASE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Numeric;

    fn n(text: &str) -> Decimal {
        match Numeric::parse(text).unwrap() {
            Numeric::Finite(v) => v,
            other => panic!("{other:?}"),
        }
    }

    fn shown(v: Decimal) -> String {
        Numeric::Finite(v).to_string()
    }

    #[test]
    fn exact_arithmetic() {
        assert_eq!(shown(n("99999.99").add(&n("0.01"))), "100000.00");
        assert_eq!(shown(n("1").subtract(&n("1000000000000"))), "-999999999999");
        assert_eq!(shown(n("0.5").subtract(&n("0.50"))), "0.00");
        let product = n("123456789012345678901234567890").multiply(&n("987654321.5"), 1);
        assert_eq!(shown(product), "121932631186556926618655692661743636635.0");
        assert_eq!(shown(n("-0.00001").multiply(&n("0.1"), 5)), "0.00000");
    }

    /// Quotient times divisor plus remainder is the dividend, for pseudo-random numbers of many lengths.
    #[test]
    fn division_inverts_multiplication() {
        let mut random = base::Prng::new(7);
        for _ in 0..500 {
            let mut number = |digits: u64| {
                let text: String =
                    (0..=random.below(digits)).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
                n(&format!("1{text}"))
            };
            let (a, b) = (number(60), number(40));
            let quotient = a.divide(&b, 0, false);
            let rest = a.subtract(&quotient.multiply(&b, 0));
            assert!(rest.signum() >= 0 && rest.compare(&b).is_lt(), "{a:?} / {b:?}");
        }
    }

    #[test]
    fn rounding() {
        for (text, scale, expected) in [
            ("42.4382", 2, "42.44"),
            ("-2.5", 0, "-3"),
            ("99999.5", 0, "100000"),
            ("12345.6789", -2, "12300"),
            ("50", -2, "100"),
            ("49", -2, "0"),
            ("0.00005", 4, "0.0001"),
            ("1", 3, "1.000"),
        ] {
            assert_eq!(shown(n(text).rounded(scale)), expected, "{text} to {scale}");
        }
        assert_eq!(shown(n("-42.8").floor()), "-43");
        assert_eq!(shown(n("-42.8").ceil()), "-42");
        assert_eq!(shown(n("0.0001").ceil()), "1");
        assert_eq!(n("1.230").least_scale(), 2);
    }

    #[test]
    fn scaled_integers() {
        for text in ["0", "12345.678", "-0.0001", "99999999.99", "1000000000000"] {
            let v = n(text);
            assert_eq!(shown(Decimal::from_scaled(v.scaled().unwrap(), v.scale)), text);
        }
    }
}
