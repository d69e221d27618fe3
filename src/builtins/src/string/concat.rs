//! Functions of any number of arguments of any type: concat, concat_ws, format, num_nulls.

use super::quote::{quote_identifier, quote_literal};
use crate::FnCtx;
use crate::array::ArrayRef;
use crate::io::output_string;
use base::Oid;
use report::{Error, Result, bail, error};
use tuple::Datum;

/// The arguments from `from` on with their types: an array's elements if it was given as `VARIADIC`. `None` if that
/// array is null.
pub(crate) fn spread(cx: &FnCtx<'_>, args: &[Datum], from: usize) -> Option<Vec<(Oid, Datum)>> {
    if !cx.variadic {
        return Some((from..args.len()).map(|i| (cx.arg_type(i), args[i].clone())).collect());
    }
    let last = args.last().filter(|d| !d.is_null())?;
    let array = ArrayRef::of(last);
    Some(array.iter().map(|v| (array.element_type(), v)).collect())
}

fn join(cx: &mut FnCtx<'_>, values: &[(Oid, Datum)], separator: &str) -> Result<String> {
    let mut out = Vec::new();
    for (i, (type_oid, value)) in values.iter().filter(|(_, v)| !v.is_null()).enumerate() {
        if i > 0 {
            out.extend_from_slice(separator.as_bytes());
        }
        crate::output(cx, *type_oid, value, &mut out)?;
    }
    Ok(String::from_utf8(out).expect("output functions give UTF-8"))
}

fn count_nulls(cx: &FnCtx<'_>, args: &[Datum]) -> Option<(i32, i32)> {
    let values = spread(cx, args, 0)?;
    let nulls = values.iter().filter(|(_, v)| v.is_null()).count();
    Some((nulls as i32, (values.len() - nulls) as i32))
}

/// A value cast to text, which for a few types is not the output function.
fn cast_to_text(cx: &mut FnCtx<'_>, index: usize, value: &Datum) -> Result<String> {
    use crate::type_oid::{BOOL, BPCHAR, CIDR, INET};
    Ok(match cx.arg_type(index) {
        BOOL => value.as_bool().to_string(),
        BPCHAR => output_string(cx, BPCHAR, value)?.trim_end_matches(' ').to_owned(),
        INET | CIDR => crate::network::to_text(value),
        other => output_string(cx, other, value)?,
    })
}

/// One `%..` of a format string.
#[derive(Default)]
struct Specifier {
    position: Option<usize>,
    left: bool,
    width: Option<Width>,
    conversion: char,
}

enum Width {
    Fixed(i32),
    /// From the argument at this position, or the next one.
    Argument(Option<usize>),
}

#[cold]
fn unterminated() -> Error {
    error!(INVALID_PARAMETER_VALUE, "unterminated format() type specifier").hint("For a single \"%\" use \"%%\".")
}

/// Reads digits as a number, `None` if there are none.
fn scan_number(text: &mut &str) -> Result<Option<i32>> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok(None);
    }
    let number = text[..end].parse().map_err(|_| error!(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))?;
    *text = &text[end..];
    if text.is_empty() { Err(unterminated()) } else { Ok(Some(number)) }
}

fn argument_position(number: i32) -> Result<usize> {
    if number == 0 {
        bail!(INVALID_PARAMETER_VALUE, "format specifies argument 0, but arguments are numbered from 1");
    }
    Ok(number as usize)
}

/// Reads the specifier after a `%`.
fn scan_specifier(text: &mut &str) -> Result<Specifier> {
    let mut spec = Specifier::default();
    if let Some(number) = scan_number(text)? {
        match text.strip_prefix('$') {
            Some(rest) => {
                spec.position = Some(argument_position(number)?);
                *text = rest;
            }
            None => spec.width = Some(Width::Fixed(number)),
        }
    }
    if spec.width.is_none() {
        scan_flags_and_width(text, &mut spec)?;
    }
    let conversion = text.chars().next().ok_or_else(unterminated)?;
    if !matches!(conversion, 's' | 'I' | 'L') {
        return Err(error!(INVALID_PARAMETER_VALUE, "unrecognized format() type specifier \"{conversion}\"")
            .hint("For a single \"%\" use \"%%\"."));
    }
    *text = &text[1..];
    spec.conversion = conversion;
    Ok(spec)
}

fn scan_flags_and_width(text: &mut &str, spec: &mut Specifier) -> Result<()> {
    while let Some(rest) = text.strip_prefix('-') {
        spec.left = true;
        *text = rest;
    }
    if text.is_empty() {
        return Err(unterminated());
    }
    if let Some(rest) = text.strip_prefix('*') {
        *text = rest;
        if text.is_empty() {
            return Err(unterminated());
        }
        let Some(number) = scan_number(text)? else {
            spec.width = Some(Width::Argument(None));
            return Ok(());
        };
        let Some(rest) = text.strip_prefix('$') else {
            bail!(INVALID_PARAMETER_VALUE, "width argument position must be ended by \"$\"");
        };
        spec.width = Some(Width::Argument(Some(argument_position(number)?)));
        *text = rest;
    } else if let Some(number) = scan_number(text)? {
        spec.width = Some(Width::Fixed(number));
    }
    Ok(())
}

/// The state of a format() call: its arguments and which comes next.
struct Formatter<'a> {
    values: &'a [(Oid, Datum)],
    next: usize,
}

impl<'a> Formatter<'a> {
    /// The argument at a position (from 1), or the next one.
    fn argument(&mut self, position: Option<usize>) -> Result<&'a (Oid, Datum)> {
        let at = position.unwrap_or(self.next + 1);
        self.next = at;
        self.values.get(at - 1).ok_or_else(|| error!(INVALID_PARAMETER_VALUE, "too few arguments for format()"))
    }

    fn width(&mut self, cx: &mut FnCtx<'_>, width: Option<Width>) -> Result<i32> {
        let (type_oid, value) = match width {
            None => return Ok(0),
            Some(Width::Fixed(number)) => return Ok(number),
            Some(Width::Argument(position)) => self.argument(position)?,
        };
        match value {
            Datum::Null => Ok(0),
            Datum::Int4(v) => Ok(*v),
            Datum::Int2(v) => Ok(i32::from(*v)),
            other => crate::int::parse_i32(&output_string(cx, *type_oid, other)?),
        }
    }

    fn convert(&mut self, cx: &mut FnCtx<'_>, spec: Specifier, out: &mut String) -> Result<()> {
        let width = self.width(cx, spec.width)?;
        let (type_oid, value) = self.argument(spec.position)?;
        let text = match (value.is_null(), spec.conversion) {
            (true, 's') => String::new(),
            (true, 'L') => "NULL".to_owned(),
            (true, _) => bail!(NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier"),
            (false, 's') => output_string(cx, *type_oid, value)?,
            (false, 'I') => quote_identifier(&output_string(cx, *type_oid, value)?),
            (false, _) => quote_literal(&output_string(cx, *type_oid, value)?),
        };
        if width == i32::MIN {
            bail!(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
        }
        let blanks = (width.unsigned_abs() as usize).saturating_sub(text.chars().count());
        memory::room_for(2 * blanks)?;
        let blanks = " ".repeat(blanks);
        match spec.left || width < 0 {
            true => out.extend([text, blanks]),
            false => out.extend([blanks, text]),
        }
        Ok(())
    }
}

fn format_text(cx: &mut FnCtx<'_>, mut text: &str, values: &[(Oid, Datum)]) -> Result<String> {
    let mut out = String::new();
    let mut formatter = Formatter { values, next: 0 };
    while let Some(at) = text.find('%') {
        out.push_str(&text[..at]);
        text = &text[at + 1..];
        if text.is_empty() {
            return Err(unterminated());
        }
        if let Some(rest) = text.strip_prefix('%') {
            out.push('%');
            text = rest;
            continue;
        }
        let spec = scan_specifier(&mut text)?;
        formatter.convert(cx, spec, &mut out)?;
    }
    out.push_str(text);
    Ok(out)
}

raw_builtins! {
    fn text_concat(cx, args) {
        let Some(values) = spread(cx, args, 0) else { return Ok(Datum::Null) };
        join(cx, &values, "").map(Datum::from)
    }
    fn text_concat_ws(cx, args) {
        if args[0].is_null() {
            return Ok(Datum::Null);
        }
        let Some(values) = spread(cx, args, 1) else { return Ok(Datum::Null) };
        join(cx, &values, args[0].as_str()).map(Datum::from)
    }
    fn text_format(cx, args) {
        if args[0].is_null() {
            return Ok(Datum::Null);
        }
        let values = spread(cx, args, 1).unwrap_or_default();
        format_text(cx, args[0].as_str(), &values).map(Datum::from)
    }
    fn anytextcat(cx, args) { Ok(Datum::from(cast_to_text(cx, 0, &args[0])? + args[1].as_str())) }
    fn textanycat(cx, args) { Ok(Datum::from(args[0].as_str().to_owned() + &cast_to_text(cx, 1, &args[1])?)) }
    fn quote_literal_anyelement(cx, args) { Ok(Datum::from(quote_literal(&cast_to_text(cx, 0, &args[0])?))) }
    fn quote_nullable_anyelement(cx, args) {
        match &args[0] {
            Datum::Null => Ok(Datum::text("NULL")),
            value => Ok(Datum::from(quote_literal(&cast_to_text(cx, 0, value)?))),
        }
    }
    fn text_format_nv(cx, args) {
        if args[0].is_null() {
            return Ok(Datum::Null);
        }
        format_text(cx, args[0].as_str(), &[]).map(Datum::from)
    }
    fn pg_num_nulls(cx, args) { Ok(count_nulls(cx, args).map_or(Datum::Null, |(nulls, _)| Datum::Int4(nulls))) }
    fn pg_num_nonnulls(cx, args) { Ok(count_nulls(cx, args).map_or(Datum::Null, |(_, others)| Datum::Int4(others))) }
}

#[cfg(test)]
mod tests {
    use crate::testing::{call_with_types, text_of};
    use crate::type_oid::{INT4, TEXT};
    use tuple::Datum;

    fn format(args: &[&str]) -> String {
        let datums: Vec<Datum> = args.iter().map(|a| Datum::text(a)).collect();
        text_of(call_with_types("text_format", &vec![TEXT; args.len()], &datums))
    }

    #[test]
    fn formats() {
        assert_eq!(format(&["Hello %s", "World"]), "Hello World");
        assert_eq!(format(&["%2$s %1$I %L", "Ab", "x'y"]), "x'y \"Ab\" 'x''y'");
        assert_eq!(format(&[">>%10s<<", "Hello"]), ">>     Hello<<");
        assert_eq!(format(&[">>%-10s<<%%", "Hello"]), ">>Hello     <<%");
        assert_eq!(format(&["%s"]), "22023: too few arguments for format()");
        assert_eq!(format(&["%1$", "1"]), "22023: unterminated format() type specifier");
        assert_eq!(format(&["%x", "1"]), "22023: unrecognized format() type specifier \"x\"");
    }

    #[test]
    fn concat_takes_any_type() {
        let args = [Datum::Int4(1), Datum::Null, Datum::text("x")];
        assert_eq!(text_of(call_with_types("text_concat", &[INT4, INT4, TEXT], &args)), "1x");
        let args = [Datum::text("-"), Datum::Int4(1), Datum::Null, Datum::text("x")];
        assert_eq!(text_of(call_with_types("text_concat_ws", &[TEXT, INT4, INT4, TEXT], &args)), "1-x");
    }
}
