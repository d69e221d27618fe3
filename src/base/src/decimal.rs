//! Whole numbers in decimal, without the formatting machinery: row values and command tags are written by the million.

/// Appends a number's decimal digits.
pub fn push_decimal(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_decimal_unsigned(out, value.unsigned_abs());
}

/// Appends a number's decimal digits.
pub fn push_decimal_unsigned(out: &mut Vec<u8>, value: u64) {
    // Of 64 bits there are 20 digits at most.
    let (mut digits, mut start, mut left) = ([0; 20], 20, value);
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_display() {
        for value in [0, 7, -7, 10, 99, 100, -1234567, i64::MAX, i64::MIN] {
            let mut out = b"x".to_vec();
            push_decimal(&mut out, value);
            assert_eq!(out, format!("x{value}").into_bytes());
        }
        let mut out = Vec::new();
        push_decimal_unsigned(&mut out, u64::MAX);
        assert_eq!(out, u64::MAX.to_string().into_bytes());
    }
}
