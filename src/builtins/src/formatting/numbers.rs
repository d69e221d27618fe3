//! to_char of numbers, to_number.

use super::pattern::{Case, Node, literal, ordinal};
use crate::numeric::{Decimal, Numeric};
use report::{Result, bail, error};
use tuple::Datum;

/// Keywords of numbers; of those that begin alike, the longest first. Lower case means the same but for `rn` and `th`.
const KEYS: &[&str] = &[
    ",", ".", "0", "9", "B", "D", "EEEE", "FM", "G", "L", "MI", "PL", "PR", "RN", "SG", "SP", "S", "TH", "V", "b", "d",
    "eeee", "fm", "g", "l", "mi", "pl", "pr", "rn", "sg", "sp", "s", "th", "v",
];

/// Where a locale sign (`S`) stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Sign {
    #[default]
    None,
    Before,
    After,
}

/// What a picture says as a whole.
#[derive(Clone, Debug, Default)]
struct Picture {
    nodes: Vec<Node>,
    /// Digits before and after the point, and after `V`.
    pre: usize,
    post: usize,
    multi: usize,
    sign: Sign,
    sign_at: usize,
    /// Where zeros begin (from 1, 0 if nowhere) and end.
    zero_start: usize,
    zero_end: usize,
    has_zero: bool,
    is_blank: bool,
    has_point: bool,
    is_fill: bool,
    has_minus: bool,
    has_plus: bool,
    is_bracket: bool,
    is_roman: bool,
    is_multi: bool,
    is_scientific: bool,
}

fn bad<T>(message: &str) -> Result<T> {
    Err(error!(SYNTAX_ERROR, "{message}"))
}

impl Picture {
    fn parse(format: &str) -> Result<Picture> {
        let mut picture = Picture::default();
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            match KEYS.iter().find(|k| rest.starts_with(**k)) {
                Some(key) => {
                    rest = &rest[key.len()..];
                    picture.take(&key.to_ascii_uppercase())?;
                    picture.nodes.push(Node::Key(key, Default::default()));
                }
                None => rest = literal(rest, first, &mut picture.nodes),
            }
        }
        Ok(picture)
    }

    fn has_locale_sign(&self) -> bool {
        self.sign != Sign::None
    }

    fn take(&mut self, key: &str) -> Result<()> {
        if self.is_scientific && key != "EEEE" {
            return bad("\"EEEE\" must be the last pattern used");
        }
        match key {
            "9" if self.is_bracket => return bad("\"9\" must be ahead of \"PR\""),
            "9" if self.is_multi => self.multi += 1,
            "9" if self.has_point => self.post += 1,
            "9" => self.pre += 1,
            "0" if self.is_bracket => return bad("\"0\" must be ahead of \"PR\""),
            "0" => self.zero(),
            "B" => self.is_blank |= self.pre == 0 && self.post == 0 && !self.has_zero,
            "D" | "." if self.has_point => return bad("multiple decimal points"),
            "D" | "." if self.is_multi => return bad("cannot use \"V\" and decimal point together"),
            "D" | "." => self.has_point = true,
            "FM" => self.is_fill = true,
            "S" => self.locale_sign()?,
            "MI" if self.has_locale_sign() => return bad("cannot use \"S\" and \"MI\" together"),
            "MI" => self.has_minus = true,
            "PL" if self.has_locale_sign() => return bad("cannot use \"S\" and \"PL\" together"),
            "PL" => self.has_plus = true,
            "SG" if self.has_locale_sign() => return bad("cannot use \"S\" and \"SG\" together"),
            "SG" => (self.has_minus, self.has_plus) = (true, true),
            "PR" if self.has_locale_sign() || self.has_plus || self.has_minus => {
                return bad("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
            }
            "PR" => self.is_bracket = true,
            "RN" => self.is_roman = true,
            "V" if self.has_point => return bad("cannot use \"V\" and decimal point together"),
            "V" => self.is_multi = true,
            "EEEE" => self.scientific()?,
            _ => {}
        }
        Ok(())
    }

    fn zero(&mut self) {
        if !self.has_zero && !self.has_point {
            self.has_zero = true;
            self.zero_start = self.pre + 1;
        }
        if self.has_point {
            self.post += 1;
        } else {
            self.pre += 1;
        }
        self.zero_end = self.pre + self.post;
    }

    fn locale_sign(&mut self) -> Result<()> {
        if self.has_locale_sign() {
            return bad("cannot use \"S\" twice");
        }
        if self.has_plus || self.has_minus || self.is_bracket {
            return bad("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
        }
        self.sign = if self.has_point { Sign::After } else { Sign::Before };
        self.sign_at = self.pre;
        Ok(())
    }

    fn scientific(&mut self) -> Result<()> {
        if self.is_scientific {
            return bad("cannot use \"EEEE\" twice");
        }
        let signs = self.has_locale_sign() || self.is_bracket || self.has_minus || self.has_plus;
        if self.is_blank || self.is_fill || signs || self.is_roman || self.is_multi {
            let error = error!(SYNTAX_ERROR, "\"EEEE\" is incompatible with other formats");
            return Err(error.detail("\"EEEE\" may only be used together with digit and decimal point patterns."));
        }
        self.is_scientific = true;
        Ok(())
    }
}

/// The state of printing one number by a picture.
struct Printer<'a> {
    picture: Picture,
    number: &'a [u8],
    /// How much of the number is printed.
    at: usize,
    is_negative: bool,
    spaces: usize,
    count: usize,
    current: usize,
    sign_done: bool,
    in_number: bool,
    /// The last digit of the fraction that must be printed (`FM`).
    last_relevant: Option<usize>,
    out: String,
}

/// Prints digits (with a point, without sign) by a picture.
fn print(mut picture: Picture, number: &str, is_negative: bool, spaces: usize) -> String {
    if picture.is_scientific {
        return number.to_owned();
    }
    if picture.is_roman {
        picture = Picture { nodes: picture.nodes, is_fill: picture.is_fill, is_roman: true, ..Picture::default() };
    }
    picture.zero_start = picture.zero_start.saturating_sub(1);
    let mut sign_done = picture.has_plus || picture.has_minus;
    if sign_done {
        sign_done = !picture.has_plus || picture.has_minus;
    } else {
        picture.is_bracket &= is_negative || !picture.is_fill;
        sign_done = !is_negative && picture.is_fill && !picture.has_locale_sign();
        if picture.sign == Sign::Before && picture.pre == picture.sign_at {
            picture.sign = Sign::After;
        }
    }
    let spaces = if picture.is_roman { 0 } else { spaces };
    let last_relevant =
        if picture.is_fill && picture.has_point { last_relevant(&picture, number, spaces) } else { None };
    let count = (picture.post + picture.pre) as isize - 1 + isize::from(!sign_done && spaces == 0);
    let mut printer = Printer {
        number: number.as_bytes(),
        at: 0,
        is_negative,
        spaces,
        count: count.max(0) as usize,
        current: 0,
        sign_done,
        in_number: false,
        last_relevant,
        out: String::new(),
        picture: Picture { nodes: Vec::new(), ..picture.clone() },
    };
    for node in &picture.nodes {
        match node {
            Node::Text(text) => printer.out.push(*text),
            Node::Key(key, _) => printer.key(key, number),
        }
    }
    let end = printer.out.find('\0').unwrap_or(printer.out.len());
    printer.out.truncate(end);
    printer.out
}

fn last_relevant(picture: &Picture, number: &str, spaces: usize) -> Option<usize> {
    let point = number.find('.')?;
    let digits = number[point + 1..].trim_end_matches('0').len();
    let last = point + digits;
    if picture.zero_end > spaces {
        let zero = (number.len() - 1).min(picture.zero_end - spaces);
        return Some(last.max(zero));
    }
    Some(last)
}

impl Printer<'_> {
    fn next(&self) -> u8 {
        self.number.get(self.at).copied().unwrap_or(0)
    }

    fn relevant_is_point(&self) -> bool {
        self.last_relevant.is_some_and(|at| self.number[at] == b'.')
    }

    /// `0.1` by `9.9` has a blank for its zero.
    fn is_blank_zero(&self) -> bool {
        !self.picture.has_zero && self.at == 0 && self.number.first() == Some(&b'0') && self.picture.post != 0
    }

    fn push_unless_fill(&mut self, text: char) {
        if !self.picture.is_fill {
            self.out.push(text);
        }
    }

    fn locale_sign(&mut self) {
        self.out.push(if self.is_negative { '-' } else { '+' });
    }

    fn key(&mut self, key: &str, number: &str) {
        match key.to_ascii_uppercase().as_str() {
            "9" | "0" | "." | "D" => self.digit(key),
            "," | "G" if self.in_number => self.out.push(','),
            "," | "G" => self.push_unless_fill(' '),
            "L" => self.out.push(' '),
            "RN" => {
                let text = if key == "rn" { number.to_ascii_lowercase() } else { number.to_owned() };
                let padded = if self.picture.is_fill { text } else { format!("{text:>15}") };
                self.out.push_str(&padded);
            }
            "TH" => {
                let is_plain = !self.picture.is_roman && !number.starts_with('#') && !self.is_negative;
                if is_plain && !self.picture.has_point {
                    self.out.push_str(ordinal(number, if key == "th" { Case::Lower } else { Case::Upper }));
                }
            }
            "MI" if self.is_negative => self.out.push('-'),
            "PL" if !self.is_negative => self.out.push('+'),
            "MI" | "PL" => self.push_unless_fill(' '),
            "SG" => self.locale_sign(),
            _ => {}
        }
    }

    fn sign(&mut self) {
        match (self.picture.sign, self.is_negative) {
            (Sign::Before, _) => self.locale_sign(),
            (Sign::After, _) => return,
            (Sign::None, negative) if self.picture.is_bracket => self.out.push(if negative { '<' } else { ' ' }),
            (Sign::None, false) => self.push_unless_fill(' '),
            (Sign::None, true) => self.out.push('-'),
        }
        self.sign_done = true;
    }

    fn digit(&mut self, key: &str) {
        if self.picture.is_roman {
            return;
        }
        self.in_number = false;
        let zero_from = self.picture.zero_start;
        let has_zero = self.picture.has_zero;
        let is_sign_place = self.current >= self.spaces || (has_zero && zero_from == self.current);
        if !self.sign_done && is_sign_place && (!self.is_blank_zero() || self.relevant_is_point()) {
            self.sign();
        }
        if self.current < self.spaces && (zero_from > self.current || !has_zero) {
            self.push_unless_fill(' ');
        } else if self.current < self.spaces {
            self.out.push('0');
            self.in_number = true;
        } else {
            self.put_number(key);
        }
        let mut end = self.count + usize::from(self.spaces > 0) + usize::from(self.picture.has_point);
        if self.last_relevant == Some(self.at) {
            end = self.current;
        }
        if self.current + 1 == end {
            if self.sign_done && self.picture.is_bracket {
                self.out.push(if self.is_negative { '>' } else { ' ' });
            } else if self.picture.sign == Sign::After {
                self.locale_sign();
            }
        }
        self.current += 1;
    }

    fn put_number(&mut self, key: &str) {
        match self.next() {
            b'.' => {
                if !self.relevant_is_point() || self.picture.is_fill {
                    self.out.push('.');
                }
            }
            _ if self.last_relevant.is_some_and(|last| self.at > last) && key != "0" => {}
            _ if self.is_blank_zero() => {
                if !self.picture.is_fill {
                    self.out.push(' ');
                } else if self.relevant_is_point() {
                    self.out.push('0');
                }
            }
            // As in C, what is printed past the number's end ends the text.
            0 => self.out.push('\0'),
            digit => {
                self.out.push(digit as char);
                self.in_number = true;
            }
        }
        if self.next() != 0 {
            self.at += 1;
        }
    }
}

/// A number below 4000 in Roman numerals; fifteen hashes outside.
fn roman(value: i64) -> String {
    if !(1..=3999).contains(&value) {
        return "#".repeat(15);
    }
    const PARTS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = value;
    let mut out = String::new();
    for (size, text) in PARTS {
        while rest >= size {
            out.push_str(text);
            rest -= size;
        }
    }
    out
}

/// `d.ddde+xx` of a number's plain digits.
fn scientific(value: &Decimal, post: usize) -> String {
    let text = Numeric::Finite(value.clone().abs()).to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}");
    let first = digits.find(|c| c != '0');
    let mut exponent = first.map_or(0, |at| whole.len() as i64 - 1 - at as i64);
    let mut kept: Vec<u8> = digits[first.unwrap_or(0)..].bytes().map(|b| b - b'0').collect();
    let round_up = kept.get(post + 1).is_some_and(|d| *d >= 5);
    kept.resize(post + 1, 0);
    if round_up {
        let carried = kept.iter_mut().rev().all(|d| {
            *d = (*d + 1) % 10;
            *d == 0
        });
        if carried {
            kept.insert(0, 1);
            kept.pop();
            exponent += 1;
        }
    }
    let shown: String = kept.iter().map(|d| (d + b'0') as char).collect();
    let point = if post > 0 { "." } else { "" };
    let sign = if value.signum() < 0 { "-" } else { " " };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{}{point}{}e{exponent_sign}{:02}", &shown[..1], &shown[1..], exponent.abs())
}

/// Hashes in the shape of a picture, for numbers that do not fit.
fn hashes(picture: &Picture) -> String {
    format!("{}.{}", "#".repeat(picture.pre), "#".repeat(picture.post))
}

/// Does the picture ask for an ordinal, which needs a digit before it?
fn has_ordinal(picture: &Picture) -> bool {
    let is_ordinal = |node: &Node| matches!(node, Node::Key("th" | "TH", _));
    !picture.has_point && picture.nodes.iter().any(is_ordinal)
}

/// Prints a number by a picture.
fn format_number(value: &Numeric, format: &str) -> Result<String> {
    format_picture(value, Picture::parse(format)?)
}

fn format_picture(value: &Numeric, mut picture: Picture) -> Result<String> {
    let finite = match value {
        Numeric::Finite(value) => Some(value),
        _ => None,
    };
    if picture.is_roman {
        let whole = finite.and_then(|v| v.clone().rounded(0).to_i64()).unwrap_or(0);
        return Ok(print(picture, &roman(whole), false, 0));
    }
    if picture.is_scientific {
        return Ok(match finite {
            Some(value) => scientific(value, picture.post),
            None => format!(" {}.{}", "#".repeat(picture.pre), "#".repeat(picture.post + 4)),
        });
    }
    let (digits, is_negative) = match finite {
        Some(value) => {
            let mut value = value.clone();
            if picture.is_multi {
                let factor = Decimal::from_i128(10i128.checked_pow(picture.multi as u32).unwrap_or(i128::MAX));
                let scale = value.scale;
                value = value.multiply(&factor, scale);
            }
            let text = Numeric::Finite(value.rounded(picture.post as i32)).to_string();
            let is_negative = text.starts_with('-');
            (text.trim_start_matches('-').to_owned(), is_negative)
        }
        None if has_ordinal(&picture) => {
            let shown = value.to_string();
            bail!(INVALID_TEXT_REPRESENTATION, "\"{}\" is not a number", shown.trim_start_matches('-'));
        }
        None => (value.to_string().trim_start_matches('-').to_owned(), *value == Numeric::MinusInfinity),
    };
    if picture.is_multi {
        picture.pre += picture.multi;
    }
    let before = digits.find('.').unwrap_or(digits.len());
    if before > picture.pre {
        let hashes = hashes(&picture);
        return Ok(print(picture, &hashes, is_negative, 0));
    }
    let spaces = picture.pre - before;
    Ok(print(picture, &digits, is_negative, spaces))
}

/// Whole numbers are scaled by `V` as they are; floats lose what their precision does not hold.
fn format_float(value: f64, format: &str, digits: usize) -> Result<String> {
    let mut picture = Picture::parse(format)?;
    if !picture.is_roman && !picture.is_scientific && !picture.is_multi {
        let whole = if value.is_infinite() { "Infinity".len() } else { format!("{:.0}", value.abs()).len() };
        picture.post = picture.post.min(digits.saturating_sub(whole));
    }
    let numeric = if value.is_finite() {
        if picture.is_roman {
            Numeric::from_i64(value.round_ties_even() as i64)
        } else if picture.is_scientific {
            Numeric::parse(&format!("{value:.*e}", picture.post))?
        } else if picture.is_multi {
            Numeric::parse(&format!("{value}"))?
        } else {
            Numeric::parse(&format!("{value:.*}", picture.post))?
        }
    } else {
        Numeric::parse(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })?
    };
    format_picture(&numeric, picture)
}

/// Reads a number as a picture says.
fn put_number(text: &str, format: &str) -> Result<Option<Numeric>> {
    if format.is_empty() {
        return Ok(None);
    }
    let picture = Picture::parse(format)?;
    if picture.is_roman {
        bail!(FEATURE_NOT_SUPPORTED, "\"RN\" not supported for input");
    }
    if picture.is_scientific {
        bail!(FEATURE_NOT_SUPPORTED, "\"EEEE\" not supported for input");
    }
    let mut digits = String::new();
    let mut is_negative = false;
    let mut has_point = false;
    let mut chars = text.chars().peekable();
    for node in &picture.nodes {
        let key = match node {
            Node::Text(_) => {
                chars.next();
                continue;
            }
            Node::Key(key, _) => key.to_ascii_uppercase(),
        };
        match key.as_str() {
            "9" | "0" | "D" | "." => {
                while let Some(sign) = chars.next_if(|c| matches!(c, ' ' | '-' | '+' | '<')) {
                    is_negative |= matches!(sign, '-' | '<');
                }
                if let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                } else if picture.has_point && !has_point && chars.next_if_eq(&'.').is_some() {
                    digits.push('.');
                    has_point = true;
                }
            }
            "," | "G" => {
                chars.next_if_eq(&',');
            }
            "L" => {
                chars.next_if(|c| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.' | ','));
            }
            "MI" | "SG" | "PL" | "S" | "PR" => {
                if let Some(sign) = chars.next_if(|c| matches!(c, '-' | '+' | '<' | '>')) {
                    is_negative |= matches!(sign, '-' | '<');
                }
            }
            _ => {}
        }
    }
    is_negative |= picture.has_locale_sign() && chars.next_if_eq(&'-').is_some();
    let sign = if is_negative { "-" } else { "" };
    let digits = digits.trim_end_matches('.');
    if digits.is_empty() {
        return Err(crate::errors::invalid_syntax("numeric", " "));
    }
    let Numeric::Finite(mut value) = Numeric::parse(&format!("{sign}{digits}"))? else { return Ok(None) };
    if picture.is_multi {
        let unit = Decimal::from_i128(10i128.pow(picture.multi.min(30) as u32));
        value = value.divide(&unit, 16, true);
    }
    Ok(Some(Numeric::Finite(value)))
}

builtins! {
    fn int4_to_char(a: i32, format: &str) -> String { format_number(&Numeric::from_i64(a.into()), format)? }
    fn int8_to_char(a: i64, format: &str) -> String { format_number(&Numeric::from_i64(a), format)? }
    fn numeric_to_char(a: &[u8], format: &str) -> String { format_number(&Numeric::from_bytes(a), format)? }
    fn float4_to_char(a: f32, format: &str) -> String { format_float(a.into(), format, 6)? }
    fn float8_to_char(a: f64, format: &str) -> String { format_float(a, format, 15)? }
    fn numeric_to_number(text: &str, format: &str) -> Datum {
        match put_number(text, format)? {
            Some(value) => value.to_datum()?,
            None => Datum::Null,
        }
    }
}
