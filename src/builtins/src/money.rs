//! money: a count of cents, printed as the C locale does.

use crate::errors::{division_by_zero, invalid_syntax, out_of_range, value_out_of_range};
use crate::io::sent;
use crate::numeric::{Decimal, Numeric};
use crate::wire::Reader;
use report::Result;
use tuple::Datum;

/// Prints `-$1,234.56`.
fn print(cents: i64) -> String {
    let all = format!("{:03}", cents.unsigned_abs());
    let (whole, fraction) = all.split_at(all.len() - 2);
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}${grouped}.{fraction}", if cents < 0 { "-" } else { "" })
}

/// Reads an amount with an optional sign or parentheses, dollar sign and thousands separators.
fn parse(text: &str) -> Result<i64> {
    let bad = || invalid_syntax("money", text);
    let mut rest = text.trim();
    let mut negative = false;
    loop {
        rest = match rest.as_bytes().first() {
            Some(b'-' | b'(') => {
                negative = true;
                rest[1..].trim_start()
            }
            Some(b'+' | b'$') => rest[1..].trim_start(),
            _ => break,
        };
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.')).unwrap_or(rest.len());
    let (number, tail) = rest.split_at(end);
    if !tail.trim_matches([')', '-', '+', '$', ' ']).is_empty() {
        return Err(bad());
    }
    negative |= tail.contains('-');
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let digits: String =
        whole.chars().filter(|c| *c != ',').chain(fraction.chars().chain("000".chars()).take(3)).collect();
    let mills: i128 = digits.parse().map_err(|_| value_out_of_range("money", text))?;
    let cents = (mills + 5) / 10;
    i64::try_from(if negative { -cents } else { cents }).map_err(|_| value_out_of_range("money", text))
}

fn scaled(cents: i64, factor: f64) -> Result<i64> {
    let value = crate::float::checked(cents as f64 * factor, factor.is_infinite(), true)?.round_ties_even();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        return Err(out_of_range("money"));
    }
    Ok(value as i64)
}

fn divided(cents: i64, divisor: i64) -> Result<i64> {
    if divisor == 0 { Err(division_by_zero()) } else { Ok(cents.wrapping_div(divisor)) }
}

fn divided_by_float(cents: i64, divisor: f64) -> Result<i64> {
    if divisor == 0.0 { Err(division_by_zero()) } else { scaled(cents, 1.0 / divisor) }
}

fn from_whole(value: i64) -> Result<i64> {
    value.checked_mul(100).ok_or_else(|| out_of_range("bigint"))
}

fn from_numeric(value: &Numeric) -> Result<i64> {
    match value {
        Numeric::Finite(v) => {
            v.multiply(&Decimal::from_i128(100), v.scale).to_i64().ok_or_else(|| out_of_range("bigint"))
        }
        special => crate::numeric::functions::to_integer(special, "bigint"),
    }
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const THOUSANDS: [&str; 6] = ["", " thousand ", " million ", " billion ", " trillion ", " quadrillion "];

/// A number below 1000 in words.
fn number_words(value: usize) -> String {
    let (hundreds, rest) = (value / 100, value % 100);
    let below_hundred = match rest {
        0..20 => SMALL[rest].to_owned(),
        _ if rest % 10 == 0 => TENS[rest / 10].to_owned(),
        _ => format!("{} {}", TENS[rest / 10], SMALL[rest % 10]),
    };
    match (hundreds, rest) {
        (0, _) => below_hundred,
        (_, 0) => format!("{} hundred", SMALL[hundreds]),
        (_, 1..20) => format!("{} hundred and {below_hundred}", SMALL[hundreds]),
        _ => format!("{} hundred {below_hundred}", SMALL[hundreds]),
    }
}

/// An amount in words, as on a cheque.
fn words(amount: i64) -> String {
    let all = amount.unsigned_abs();
    let (mut dollars, cents) = (all / 100, all % 100);
    let mut groups = Vec::new();
    for name in THOUSANDS {
        if dollars % 1000 > 0 {
            groups.push(number_words((dollars % 1000) as usize) + name);
        }
        dollars /= 1000;
    }
    groups.reverse();
    let mut text = if amount < 0 { "minus ".to_owned() } else { String::new() };
    text.push_str(&if groups.is_empty() { "zero".to_owned() } else { groups.concat() });
    text.push_str(if all / 100 == 1 { " dollar and " } else { " dollars and " });
    text.push_str(&number_words(cents as usize));
    text.push_str(if cents == 1 { " cent" } else { " cents" });
    text[..1].to_ascii_uppercase() + &text[1..]
}

builtins! {
    fn cash_words(a: i64) -> String { words(a) }
    fn cash_in(text: &str) -> i64 { parse(text)? }
    fn cash_out(a: i64) -> String { print(a) }
    fn cash_recv(bytes: &[u8]) -> i64 { Reader::new(bytes).i64()? }
    fn cash_send(a: i64) -> Datum { sent(&a.to_be_bytes()) }
    fn cash_eq(a: i64, b: i64) -> bool { a == b }
    fn cash_ne(a: i64, b: i64) -> bool { a != b }
    fn cash_lt(a: i64, b: i64) -> bool { a < b }
    fn cash_le(a: i64, b: i64) -> bool { a <= b }
    fn cash_gt(a: i64, b: i64) -> bool { a > b }
    fn cash_ge(a: i64, b: i64) -> bool { a >= b }
    fn cash_cmp(a: i64, b: i64) -> i32 { a.cmp(&b) as i32 }
    fn cash_pl(a: i64, b: i64) -> i64 { a.checked_add(b).ok_or_else(|| out_of_range("money"))? }
    fn cash_mi(a: i64, b: i64) -> i64 { a.checked_sub(b).ok_or_else(|| out_of_range("money"))? }
    fn cashlarger(a: i64, b: i64) -> i64 { a.max(b) }
    fn cashsmaller(a: i64, b: i64) -> i64 { a.min(b) }
    fn cash_mul_flt8(a: i64, b: f64) -> i64 { scaled(a, b)? }
    fn flt8_mul_cash(a: f64, b: i64) -> i64 { scaled(b, a)? }
    fn cash_mul_flt4(a: i64, b: f32) -> i64 { scaled(a, b.into())? }
    fn flt4_mul_cash(a: f32, b: i64) -> i64 { scaled(b, a.into())? }
    fn cash_mul_int8(a: i64, b: i64) -> i64 { a.checked_mul(b).ok_or_else(|| out_of_range("money"))? }
    fn int8_mul_cash(a: i64, b: i64) -> i64 { a.checked_mul(b).ok_or_else(|| out_of_range("money"))? }
    fn cash_mul_int4(a: i64, b: i32) -> i64 { a.checked_mul(b.into()).ok_or_else(|| out_of_range("money"))? }
    fn int4_mul_cash(a: i32, b: i64) -> i64 { b.checked_mul(a.into()).ok_or_else(|| out_of_range("money"))? }
    fn cash_mul_int2(a: i64, b: i16) -> i64 { a.checked_mul(b.into()).ok_or_else(|| out_of_range("money"))? }
    fn int2_mul_cash(a: i16, b: i64) -> i64 { b.checked_mul(a.into()).ok_or_else(|| out_of_range("money"))? }
    fn cash_div_cash(a: i64, b: i64) -> f64 {
        if b == 0 {
            return Err(division_by_zero());
        }
        a as f64 / b as f64
    }
    fn cash_div_flt8(a: i64, b: f64) -> i64 { divided_by_float(a, b)? }
    fn cash_div_flt4(a: i64, b: f32) -> i64 { divided_by_float(a, b.into())? }
    fn cash_div_int8(a: i64, b: i64) -> i64 { divided(a, b)? }
    fn cash_div_int4(a: i64, b: i32) -> i64 { divided(a, b.into())? }
    fn cash_div_int2(a: i64, b: i16) -> i64 { divided(a, b.into())? }
    fn int4_cash(a: i32) -> i64 { from_whole(a.into())? }
    fn int8_cash(a: i64) -> i64 { from_whole(a)? }
    fn numeric_cash(a: Numeric) -> i64 { from_numeric(&a)? }
    fn cash_numeric(a: i64) -> Datum { Numeric::Finite(Decimal::from_scaled(a.into(), 2)).to_datum()? }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_amounts() {
        for (cents, said) in [
            (12_345, "One hundred twenty three dollars and forty five cents"),
            (-101, "Minus one dollar and one cent"),
            (0, "Zero dollars and zero cents"),
            (1_100_500, "Eleven thousand five dollars and zero cents"),
            (11_010, "One hundred and ten dollars and ten cents"),
            (100_000_000_000, "One billion  dollars and zero cents"),
            (12_020, "One hundred twenty dollars and twenty cents"),
        ] {
            assert_eq!(words(cents), said);
        }
    }

    #[test]
    fn reads_and_prints() {
        assert_eq!(print(123_456_789), "$1,234,567.89");
        assert_eq!(print(-5), "-$0.05");
        for (text, cents) in [("$1,234.565", 123_457), ("-1", -100), ("($2.50)", -250), (" 12 ", 1200)] {
            assert_eq!(parse(text).unwrap(), cents, "{text}");
        }
        assert_eq!(parse("x").unwrap_err().message(), "invalid input syntax for type money: \"x\"");
    }
}
