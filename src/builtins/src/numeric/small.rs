//! Numbers that fit in a machine word of 128 bits, straight from and to a value's bytes: the common case of sums and
//! products without an allocation. What does not fit goes the general way; results are the same.

use super::decimal::BASE;
use tuple::Datum;

/// A number as a whole count of 10^-scale.
#[derive(Clone, Copy)]
pub(crate) struct Small {
    count: i128,
    scale: u32,
}

/// Most digits (of base 10000) of a small number: 28 decimal digits.
const DIGITS_MAX: usize = 7;
/// Largest scale of a small number.
const SCALE_MAX: u32 = 24;

fn pow10(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

impl Small {
    /// The number in a value's bytes, `None` if it is not finite or not small.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Small> {
        let digits = &bytes[5..];
        let scale = u32::from(u16::from_le_bytes([bytes[1], bytes[2]]));
        let weight = i32::from(i16::from_le_bytes([bytes[3], bytes[4]]));
        if bytes[0] > 1 || digits.len() > 2 * DIGITS_MAX || weight >= DIGITS_MAX as i32 || scale > SCALE_MAX {
            return None;
        }
        let mut count: i128 = 0;
        for digit in digits.chunks_exact(2) {
            count = count * i128::from(BASE) + i128::from(u16::from_le_bytes([digit[0], digit[1]]));
        }
        // The last digit counts 10^-places; bring it to 10^-scale.
        let places = 4 * (digits.len() as i32 / 2 - 1 - weight);
        let count = match u32::try_from(scale as i32 - places) {
            Ok(up) => count.checked_mul(pow10(up)?)?,
            // Decimal digits past the scale are zeros.
            Err(_) => count / pow10((places - scale as i32) as u32)?,
        };
        Some(Small { count: if bytes[0] == 1 { -count } else { count }, scale })
    }

    /// The count and the scale.
    pub(crate) fn parts(self) -> (i128, i32) {
        (self.count, self.scale as i32)
    }

    pub(crate) fn negated(self) -> Small {
        Small { count: -self.count, ..self }
    }

    /// The sum with the larger scale, `None` on overflow.
    pub(crate) fn add(self, other: Small) -> Option<Small> {
        let scale = self.scale.max(other.scale);
        let a = self.count.checked_mul(pow10(scale - self.scale)?)?;
        let b = other.count.checked_mul(pow10(scale - other.scale)?)?;
        Some(Small { count: a.checked_add(b)?, scale })
    }

    /// The product with the sum of the scales, `None` on overflow.
    pub(crate) fn multiply(self, other: Small) -> Option<Small> {
        Some(Small { count: self.count.checked_mul(other.count)?, scale: self.scale + other.scale })
    }

    /// The value's bytes, `None` if it takes more than 38 decimal digits with the padding of its last digit.
    pub(crate) fn to_datum(self) -> Option<Datum> {
        let padding = (4 - self.scale % 4) % 4;
        let mut rest = self.count.unsigned_abs().checked_mul(pow10(padding)? as u128)?;
        let mut reversed = [0u16; 10];
        let mut length = 0;
        while rest > 0 {
            reversed[length] = (rest % u128::from(BASE)) as u16;
            rest /= u128::from(BASE);
            length += 1;
        }
        let zeros = reversed[..length].iter().take_while(|d| **d == 0).count();
        let weight = if length == 0 { 0 } else { length as i32 - 1 - ((self.scale + padding) / 4) as i32 };
        let mut bytes = [0u8; 5 + 20];
        bytes[0] = u8::from(self.count < 0);
        bytes[1..3].copy_from_slice(&(self.scale as u16).to_le_bytes());
        bytes[3..5].copy_from_slice(&(weight as i16).to_le_bytes());
        let digits = reversed[zeros..length].iter().rev();
        let mut end = 5;
        for digit in digits {
            bytes[end..end + 2].copy_from_slice(&digit.to_le_bytes());
            end += 2;
        }
        Some(Datum::bytes(&bytes[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Numeric;

    #[test]
    fn bytes_round_trip() {
        for text in ["0", "0.00", "-1", "12345678.9", "-0.0001", "99990000", "1000000000000000000000000", "0.1230"] {
            let datum = Numeric::parse(text).unwrap().to_datum().unwrap();
            let small = Small::from_bytes(datum.as_bytes()).unwrap();
            assert_eq!(small.to_datum().unwrap().as_bytes(), datum.as_bytes(), "{text}");
        }
    }

    /// Small and general arithmetic agree on random numbers.
    #[test]
    fn agrees_with_the_general_way() {
        let mut random = base::Prng::new(11);
        let mut number = || {
            let (whole, scale) = (random.next_u64() >> random.below(60), random.below(10) as usize);
            let sign = if random.one_in(2) { "-" } else { "" };
            let text = format!("{sign}{}.{:0scale$}", whole % 1_000_000_000, whole % 10u64.pow(scale as u32));
            Numeric::parse(text.trim_end_matches('.')).unwrap()
        };
        for _ in 0..2000 {
            let (a, b) = (number(), number());
            let (x, y) = (a.to_datum().unwrap(), b.to_datum().unwrap());
            let (p, q) = (Small::from_bytes(x.as_bytes()).unwrap(), Small::from_bytes(y.as_bytes()).unwrap());
            let (Numeric::Finite(a), Numeric::Finite(b)) = (&a, &b) else { unreachable!() };
            let sum = Numeric::Finite(a.add(b)).to_datum().unwrap();
            let product = Numeric::Finite(a.multiply(b, a.scale + b.scale)).to_datum().unwrap();
            assert_eq!(p.add(q).unwrap().to_datum().unwrap().as_bytes(), sum.as_bytes(), "{a:?} + {b:?}");
            assert_eq!(p.multiply(q).unwrap().to_datum().unwrap().as_bytes(), product.as_bytes(), "{a:?} * {b:?}");
        }
    }
}
