//! What belongs to no type: sizes for people, identifiers taken apart, type names, encodings, key words.

use crate::FnCtx;
use crate::array::build_list;
use crate::keywords::KEYWORDS;
use crate::numeric::{Decimal, Numeric};
use crate::string::split::wide_rows;
use crate::types::{type_info, type_oid};
use base::Oid;
use report::{Error, Result, bail, error};
use tuple::{Datum, Repr};

/// A unit of sizes: its name, the size below which it is used, whether the size is first halved and rounded, and the
/// power of two that it stands for.
struct Unit(&'static str, i64, bool, u32);

const UNITS: [Unit; 6] = [
    Unit("bytes", 10 * 1024, false, 0),
    Unit("kB", 20 * 1024 - 1, true, 10),
    Unit("MB", 20 * 1024 - 1, true, 20),
    Unit("GB", 20 * 1024 - 1, true, 30),
    Unit("TB", 20 * 1024 - 1, true, 40),
    Unit("PB", 20 * 1024 - 1, true, 50),
];

/// Sizes keep one bit more than the unit has, to round by.
fn shift_to_next(index: usize) -> u32 {
    let (now, next) = (&UNITS[index], &UNITS[index + 1]);
    next.3 - now.3 - u32::from(next.2) + u32::from(now.2)
}

fn pretty(mut size: i64) -> String {
    for (i, unit) in UNITS.iter().enumerate() {
        if i + 1 == UNITS.len() || size.unsigned_abs() < unit.1 as u64 {
            if unit.2 {
                size = (size + if size < 0 { -1 } else { 1 }) / 2;
            }
            return format!("{size} {}", unit.0);
        }
        size /= 1 << shift_to_next(i);
    }
    unreachable!("the last unit takes any size")
}

fn pretty_numeric(size: Decimal) -> String {
    let mut size = size;
    for (i, unit) in UNITS.iter().enumerate() {
        let is_small = size.clone().abs().compare(&Decimal::from_i128(unit.1.into())).is_lt();
        if i + 1 == UNITS.len() || is_small {
            if unit.2 {
                let one = Decimal::from_i128(if size.signum() < 0 { -1 } else { 1 });
                size = size.add(&one).divide(&Decimal::from_i128(2), 0, false);
            }
            return format!("{} {}", Numeric::Finite(size), unit.0);
        }
        size = size.divide(&Decimal::from_i128(1 << shift_to_next(i)), 0, false);
    }
    unreachable!("the last unit takes any size")
}

/// Reads `10 MB` as bytes.
fn size_bytes(text: &str) -> Result<i64> {
    let invalid = || error!(INVALID_PARAMETER_VALUE, "invalid size: \"{text}\"");
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(trimmed.len());
    let (number, unit) = (trimmed[..end].trim(), trimmed[end..].trim());
    if !number.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(invalid());
    }
    let Numeric::Finite(number) = Numeric::parse(number).map_err(|_| invalid())? else { return Err(invalid()) };
    let known = UNITS.iter().find(|u| u.0.eq_ignore_ascii_case(unit) || (u.3 == 0 && unit.eq_ignore_ascii_case("B")));
    let power = match (unit, known) {
        ("", _) => 0,
        (_, Some(unit)) => unit.3,
        _ => {
            return Err(invalid()
                .detail(format!("Invalid size unit: \"{unit}\"."))
                .hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\"."));
        }
    };
    let bytes = number.multiply(&Decimal::from_i128(1 << power), number.scale);
    bytes.to_i64().ok_or_else(|| crate::errors::out_of_range("bigint"))
}

#[cold]
fn bad_identifier(text: &str) -> Error {
    error!(INVALID_PARAMETER_VALUE, "string is not a valid identifier: \"{text}\"")
}

/// Takes a qualified name apart.
fn parse_identifier(text: &str, strict: bool) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    let mut after_dot = false;
    loop {
        let (part, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(text, quoted)?,
            None => plain_part(text, rest, after_dot)?,
        };
        parts.push(part);
        rest = tail.trim_start();
        match rest.strip_prefix('.') {
            Some(next) => {
                after_dot = true;
                rest = next.trim_start();
            }
            None if rest.is_empty() || !strict => return Ok(parts),
            None => return Err(bad_identifier(text)),
        }
    }
}

fn quoted_part<'a>(text: &str, quoted: &'a str) -> Result<(String, &'a str)> {
    let mut out = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = rest.find('"') else {
            return Err(bad_identifier(text).detail("String has unclosed double quotes."));
        };
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                out.push('"');
                rest = more;
            }
            None => break,
        }
    }
    if out.is_empty() {
        return Err(bad_identifier(text).detail("Quoted identifier must not be empty."));
    }
    Ok((out, rest))
}

fn plain_part<'a>(text: &str, rest: &'a str, after_dot: bool) -> Result<(String, &'a str)> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    if !rest.starts_with(is_start) {
        return Err(match (rest.starts_with('.'), after_dot) {
            (true, _) => bad_identifier(text).detail("No valid identifier before \".\"."),
            (false, true) => bad_identifier(text).detail("No valid identifier after \".\"."),
            (false, false) => bad_identifier(text),
        });
    }
    let end = rest.find(|c: char| !is_start(c) && !c.is_ascii_digit() && c != '$').unwrap_or(rest.len());
    Ok((rest[..end].to_lowercase(), &rest[end..]))
}

/// PostgreSQL's encodings by number.
const ENCODINGS: [&str; 42] = [
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

/// The number of an encoding by any of its names, -1 if unknown.
pub fn encoding_number(name: &str) -> i32 {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = match plain(name).as_str() {
        "unicode" => "utf8".to_owned(),
        "iso88591" => "latin1".to_owned(),
        "iso88592" => "latin2".to_owned(),
        "iso885915" => "latin9".to_owned(),
        "abc" | "tcvn" | "tcvn5712" | "vscii" => "win1258".to_owned(),
        "alt" => "win866".to_owned(),
        "win" => "win1251".to_owned(),
        "koi8" => "koi8r".to_owned(),
        "windows1252" => "win1252".to_owned(),
        "windows1251" => "win1251".to_owned(),
        "windows1250" => "win1250".to_owned(),
        other => other.to_owned(),
    };
    ENCODINGS.iter().position(|e| plain(e) == wanted).map_or(-1, |at| at as i32)
}

/// The name of an encoding, empty if there is none with this number.
pub fn encoding_name(number: i32) -> &'static str {
    usize::try_from(number).ok().and_then(|at| ENCODINGS.get(at)).copied().unwrap_or("")
}

fn known_encoding(name: &str, role: &str) -> Result<&'static str> {
    match encoding_number(name) {
        -1 => bail!(INVALID_PARAMETER_VALUE, "invalid {role}encoding name \"{name}\""),
        number => Ok(encoding_name(number)),
    }
}

fn decode(bytes: &[u8], encoding: &str) -> Result<String> {
    match encoding {
        "UTF8" | "SQL_ASCII" => Ok(crate::wire::text_of(bytes)?.to_owned()),
        "LATIN1" => Ok(bytes.iter().map(|b| char::from(*b)).collect()),
        other => Err(Error::unsupported(format!("conversion from encoding {other}"))),
    }
}

fn encode(text: &str, encoding: &str) -> Result<Vec<u8>> {
    match encoding {
        "UTF8" | "SQL_ASCII" => Ok(text.as_bytes().to_vec()),
        "LATIN1" => text.chars().map(latin1_byte).collect(),
        other => Err(Error::unsupported(format!("conversion to encoding {other}"))),
    }
}

fn latin1_byte(c: char) -> Result<u8> {
    u8::try_from(c as u32).map_err(|_| {
        let bytes: Vec<String> = c.to_string().bytes().map(|b| format!("0x{b:02x}")).collect();
        let shown = bytes.join(" ");
        error!(
            UNTRANSLATABLE_CHARACTER,
            "character with byte sequence {shown} in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\""
        )
    })
}

/// Bytes that a value takes in a row.
fn column_size(cx: &FnCtx<'_>, value: &Datum) -> Result<i32> {
    Ok(match type_info(cx, cx.arg_type(0))?.repr().fixed_bytes() {
        Some(bytes) => bytes as i32,
        None => {
            let length = value.as_bytes().len() as i32;
            length + if length < 127 { 1 } else { 4 }
        }
    })
}

/// `format_type`: a type with its modifier, which may be not given.
fn format_type(cx: &FnCtx<'_>, oid: Oid, type_mod: Option<i32>) -> String {
    match (oid, type_mod) {
        (Oid::INVALID, _) => "-".to_owned(),
        // Without a length these two would read as a length of 1.
        (type_oid::BPCHAR, Some(-1)) => "bpchar".to_owned(),
        (Oid(1560), Some(-1)) => "\"bit\"".to_owned(),
        _ => cx.types.type_name(oid, type_mod.unwrap_or(-1)),
    }
}

fn category_words(category: u8) -> &'static str {
    match category {
        b'U' => "unreserved",
        b'C' => "unreserved (cannot be function or type name)",
        b'T' => "reserved (can be function or type name)",
        _ => "reserved",
    }
}

builtins! {
    fn pg_size_pretty(size: i64) -> String { pretty(size) }
    fn pg_size_pretty_numeric(size: Numeric) -> String {
        match size {
            Numeric::Finite(size) => pretty_numeric(size),
            other => format!("{other} PB"),
        }
    }
    fn pg_size_bytes(text: &str) -> i64 { size_bytes(text)? }
    fn parse_ident(text: &str, strict: bool) -> Datum {
        let parts: Vec<Datum> = parse_identifier(text, strict)?.into_iter().map(Datum::from).collect();
        build_list(type_oid::TEXT, Repr::Bytes, &parts)?
    }
    fn format_type[cx](oid: Option<Oid>, type_mod: Option<i32>) -> Option<String> {
        oid.map(|oid| super::format_type(cx, oid, type_mod))
    }
    fn pg_typeof[cx](a: &Datum) -> Oid { cx.arg_type(0) }
    fn pg_column_size[cx](a: &Datum) -> i32 { column_size(cx, a)? }
    fn PG_encoding_to_char(number: i32) -> &'static str { encoding_name(number) }
    fn PG_char_to_encoding(name: &str) -> i32 { encoding_number(name) }
    fn pg_encoding_max_length_sql(number: i32) -> Option<i32> {
        match encoding_name(number) {
            "" => None,
            "UTF8" | "GB18030" | "EUC_TW" | "MULE_INTERNAL" => Some(4),
            "EUC_JP" | "EUC_CN" | "EUC_KR" | "EUC_JIS_2004" | "JOHAB" => Some(3),
            "SJIS" | "BIG5" | "GBK" | "UHC" | "SHIFT_JIS_2004" => Some(2),
            _ => Some(1),
        }
    }
    fn getdatabaseencoding() -> &'static str { "UTF8" }
    fn pg_client_encoding[cx]() -> String { cx.settings.client_encoding.clone() }
    fn pg_convert_from(bytes: &[u8], source: &str) -> String { decode(bytes, known_encoding(source, "source ")?)? }
    fn pg_convert_to(text: &str, target: &str) -> Vec<u8> { encode(text, known_encoding(target, "destination ")?)? }
    fn pg_convert(bytes: &[u8], source: &str, target: &str) -> Vec<u8> {
        let target = known_encoding(target, "destination ")?;
        encode(&decode(bytes, known_encoding(source, "source ")?)?, target)?
    }
    fn length_in_encoding(bytes: &[u8], encoding: &str) -> i32 {
        decode(bytes, known_encoding(encoding, "")?)?.chars().count() as i32
    }
}

set_returning! {
    fn pg_get_keywords(cx, args) {
        Ok(wide_rows(
            KEYWORDS
                .iter()
                .map(|(word, category, bare)| {
                    vec![
                        Datum::text(word),
                        Datum::Char(*category),
                        Datum::Bool(*bare),
                        Datum::text(category_words(*category)),
                        Datum::text(if *bare { "can be bare label" } else { "requires AS" }),
                    ]
                })
                .collect(),
        ))
    }
    fn pg_options_to_table(cx, args) {
        let options = crate::array::ArrayRef::of(&args[0]);
        let pair = |option: Datum| match option.as_str().split_once('=') {
            Some((name, value)) => vec![Datum::text(name), Datum::text(value)],
            None => vec![option, Datum::Null],
        };
        Ok(wide_rows(options.iter().map(pair).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (size, shown) in [
            (10239, "10239 bytes"),
            (10240, "10 kB"),
            (10_485_247, "10239 kB"),
            (20_969_471, "20 MB"),
            (-10240, "-10 kB"),
            (1 << 40, "1024 GB"),
            (i64::MAX, "8192 PB"),
        ] {
            assert_eq!(pretty(size), shown, "{size}");
            assert_eq!(pretty_numeric(Decimal::from_i128(size.into())), shown, "{size}");
        }
        assert_eq!(size_bytes("1.5 kB").unwrap(), 1536);
        assert_eq!(size_bytes("1 AB").unwrap_err().message(), "invalid size: \"1 AB\"");
    }

    #[test]
    fn identifiers() {
        assert_eq!(parse_identifier("\"Some\"\"S\".Tab ", true).unwrap(), ["Some\"S", "tab"]);
        let error = parse_identifier("a.", true).unwrap_err();
        assert_eq!(error.fields().detail.as_deref(), Some("No valid identifier after \".\"."));
    }

    #[test]
    fn encodings() {
        assert_eq!((encoding_number("utf-8"), encoding_name(6), encoding_number("nope")), (6, "UTF8", -1));
    }
}
