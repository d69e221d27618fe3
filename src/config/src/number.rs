//! Numbers with units: `64MB`, `5min`, `0x10`, `1.5e3`.

use crate::definition::Unit;

/// Why a number was not taken: nothing to add, or a hint.
pub(crate) type Hint = Option<&'static str>;

const MEMORY_HINT: &str = "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".";
const TIME_HINT: &str = "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".";

/// Units of memory in bytes, and of time in microseconds, greatest first.
const MEMORY: [(&str, f64); 5] =
    [("TB", 1_099_511_627_776.0), ("GB", 1_073_741_824.0), ("MB", 1_048_576.0), ("kB", 1024.0), ("B", 1.0)];
const TIME: [(&str, f64); 6] = [
    ("d", 86_400_000_000.0),
    ("h", 3_600_000_000.0),
    ("min", 60_000_000.0),
    ("s", 1_000_000.0),
    ("ms", 1000.0),
    ("us", 1.0),
];

impl Unit {
    /// Its name: `kB`, `8kB`, `ms`; nothing for a plain number.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Unit::None => None,
            Unit::Bytes => Some("B"),
            Unit::Kilobytes => Some("kB"),
            Unit::Blocks => Some("8kB"),
            Unit::Megabytes => Some("MB"),
            Unit::Milliseconds => Some("ms"),
            Unit::Seconds => Some("s"),
            Unit::Minutes => Some("min"),
        }
    }

    /// Its size in bytes or microseconds.
    const fn size(self) -> f64 {
        match self {
            Unit::None | Unit::Bytes => 1.0,
            Unit::Kilobytes => 1024.0,
            Unit::Blocks => 8192.0,
            Unit::Megabytes => 1_048_576.0,
            Unit::Milliseconds => 1000.0,
            Unit::Seconds => 1_000_000.0,
            Unit::Minutes => 60_000_000.0,
        }
    }

    const fn is_time(self) -> bool {
        matches!(self, Unit::Milliseconds | Unit::Seconds | Unit::Minutes)
    }

    fn table(self) -> &'static [(&'static str, f64)] {
        if self.is_time() { &TIME } else { &MEMORY }
    }

    /// What may be written after the number, with how many of `self` one of it is.
    fn factors(self) -> impl Iterator<Item = (&'static str, f64)> {
        self.table().iter().map(move |&(name, size)| (name, size / self.size()))
    }
}

/// Reads a whole number with an optional unit; fractions are rounded after conversion.
pub(crate) fn parse_int(text: &str, unit: Unit) -> Result<i32, Hint> {
    let value = parse_with(text, unit, leading_integer)?.round_ties_even();
    if value > f64::from(i32::MAX) || value < f64::from(i32::MIN) {
        return Err(Some("Value exceeds integer range."));
    }
    Ok(value as i32)
}

/// Reads a number with an optional unit.
pub(crate) fn parse_real(text: &str, unit: Unit) -> Result<f64, Hint> {
    parse_with(text, unit, leading_float)
}

type Leading = fn(&str) -> Option<(f64, &str)>;

fn parse_with(text: &str, unit: Unit, leading: Leading) -> Result<f64, Hint> {
    let (value, rest) = leading(text.trim_start_matches(is_space)).ok_or(None)?;
    if value.is_nan() {
        return Err(None);
    }
    match rest.trim_start_matches(is_space) {
        "" => Ok(value),
        _ if unit == Unit::None => Err(None),
        suffix => convert(value, suffix.trim_end_matches(is_space), unit),
    }
}

/// Converts to the base unit. A fraction of a unit is rounded to whole ones of the next smaller unit: `30.1GB`.
fn convert(value: f64, suffix: &str, unit: Unit) -> Result<f64, Hint> {
    let mut factors = unit.factors().skip_while(|(name, _)| *name != suffix);
    let Some((_, factor)) = factors.next() else {
        return Err(Some(if unit.is_time() { TIME_HINT } else { MEMORY_HINT }));
    };
    let converted = value * factor;
    Ok(match factors.next() {
        Some((_, smaller)) => (converted / smaller).round_ties_even() * smaller,
        None => converted,
    })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// A whole number in decimal, `0x` hexadecimal or `0` octal; anything that goes on as a fraction is read as one.
fn leading_integer(text: &str) -> Option<(f64, &str)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, radix) = match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        Some(hex) if hex.starts_with(|c: char| c.is_ascii_hexdigit()) => (hex, 16),
        _ if unsigned.starts_with('0') => (unsigned, 8),
        _ => (unsigned, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let parsed = i64::from_str_radix(number, radix);
    match parsed {
        Ok(value) if !rest.starts_with(['.', 'e', 'E']) => {
            let value = value as f64;
            Some((if text.starts_with('-') { -value } else { value }, rest))
        }
        _ => leading_float(text),
    }
}

/// The longest prefix that is a floating-point number.
fn leading_float(text: &str) -> Option<(f64, &str)> {
    let end = float_end(text);
    let value: f64 = text[..end].parse().ok()?;
    let overflowed = value.is_infinite() && !text[..end].to_ascii_lowercase().contains("inf");
    (!overflowed).then_some((value, &text[end..]))
}

fn float_end(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['-', '+']));
    for word in ["infinity", "inf", "nan"] {
        if text.len() >= sign + word.len()
            && text.is_char_boundary(sign + word.len())
            && text[sign..sign + word.len()].eq_ignore_ascii_case(word)
        {
            return sign + word.len();
        }
    }
    let mantissa = sign + text[sign..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len() - sign);
    mantissa + exponent_length(&text[mantissa..])
}

/// Bytes of `e+10` at the front, 0 if there is no whole exponent.
fn exponent_length(text: &str) -> usize {
    let Some(after) = text.strip_prefix(['e', 'E']) else { return 0 };
    let digits = after.strip_prefix(['-', '+']).unwrap_or(after);
    match digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()) {
        0 => 0,
        n => text.len() - digits.len() + n,
    }
}

/// A whole number in the greatest unit that divides it: 65536 kB is `64MB`. Zero and less have no unit.
pub(crate) fn show_int(value: i32, unit: Unit) -> String {
    if unit == Unit::None || value <= 0 {
        return value.to_string();
    }
    let value = i64::from(value);
    for (name, factor) in unit.factors() {
        if factor <= 1.0 || value % factor as i64 == 0 {
            return format!("{}{name}", (value as f64 / factor).round_ties_even() as i64);
        }
    }
    unreachable!("the last unit divides everything")
}

/// A number in the greatest unit in which it is whole, or else in the smallest.
pub(crate) fn show_real(value: f64, unit: Unit) -> String {
    if unit == Unit::None || value <= 0.0 {
        return format_g(value);
    }
    let mut shown = (value, "");
    for (name, factor) in unit.factors() {
        shown = (value / factor, name);
        if shown.0 > 0.0 && ((shown.0.round_ties_even() / shown.0) - 1.0).abs() <= 1e-8 {
            break;
        }
    }
    format!("{}{}", format_g(shown.0), shown.1)
}

/// As C's `%g`: six significant digits, exponent form for the very small and very large, no trailing zeroes.
pub fn format_g(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "nan".into() } else { (if value > 0.0 { "inf" } else { "-inf" }).into() };
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("the e format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim_zeroes(mantissa), exponent.abs());
    }
    let fixed = format!("{value:.*}", usize::try_from(5 - exponent).expect("exponent is below 6"));
    trim_zeroes(&fixed).to_owned()
}

fn trim_zeroes(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        for (text, unit, value) in [
            ("64MB", Unit::Kilobytes, 65536),
            ("64 MB", Unit::Kilobytes, 65536),
            ("5min", Unit::Seconds, 300),
            ("1.5h", Unit::Minutes, 90),
            ("128MB", Unit::Blocks, 16384),
            ("0x10", Unit::None, 16),
            ("010", Unit::None, 8),
            ("-1", Unit::Kilobytes, -1),
            ("1e3", Unit::None, 1000),
            ("2.5", Unit::None, 2),
            ("30.1GB", Unit::Megabytes, 30822),
            ("1d", Unit::Milliseconds, 86_400_000),
            ("500us", Unit::Milliseconds, 0),
        ] {
            assert_eq!(parse_int(text, unit), Ok(value), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        assert_eq!(parse_int("", Unit::None), Err(None));
        assert_eq!(parse_int("12x", Unit::None), Err(None));
        assert_eq!(parse_int("nan", Unit::None), Err(None));
        assert_eq!(parse_int("5parsecs", Unit::Seconds), Err(Some(TIME_HINT)));
        assert_eq!(parse_int("5mb", Unit::Kilobytes), Err(Some(MEMORY_HINT)));
        assert_eq!(parse_int("3000000000", Unit::None), Err(Some("Value exceeds integer range.")));
        assert_eq!(parse_real("1e999", Unit::None), Err(None));
    }

    #[test]
    fn shows_the_greatest_unit() {
        assert_eq!(show_int(65536, Unit::Kilobytes), "64MB");
        assert_eq!(show_int(1025, Unit::Kilobytes), "1025kB");
        assert_eq!(show_int(16384, Unit::Blocks), "128MB");
        assert_eq!(show_int(3, Unit::Blocks), "24kB");
        assert_eq!(show_int(300, Unit::Seconds), "5min");
        assert_eq!(show_int(0, Unit::Seconds), "0");
        assert_eq!(show_int(-1, Unit::Kilobytes), "-1");
        assert_eq!(show_real(2.0, Unit::Milliseconds), "2ms");
        assert_eq!(show_real(0.5, Unit::Milliseconds), "500us");
    }

    #[test]
    fn prints_as_percent_g() {
        for (value, text) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (1e6, "1e+06"),
            (100_000.0, "100000"),
            (f64::MAX, "1.79769e+308"),
            (0.0025, "0.0025"),
            (1e-5, "1e-05"),
        ] {
            assert_eq!(format_g(value), text);
        }
    }
}
