//! Text and binary forms of arrays.

use super::layout::{ArrayRef, DIMENSIONS_MAX, Dimension, build, check_size, empty};
use crate::types::type_info;
use crate::wire::Reader;
use crate::{FnCtx, input, output, receive, send};
use base::Oid;
use report::{Error, Result, bail, error};
use tuple::{Datum, Repr};

#[cold]
fn malformed(text: &str, detail: impl Into<String>) -> Error {
    error!(INVALID_TEXT_REPRESENTATION, "malformed array literal: \"{text}\"").detail(detail)
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// What a nesting level has had so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Elements,
    Arrays,
}

/// Reads the braces of a literal into a flat list of elements; `None` is an unquoted NULL.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    delimiter: u8,
    array_nulls: bool,
    lengths: Vec<Option<i32>>,
    elements: Vec<Option<String>>,
    /// The depth at which elements stand.
    leaf_depth: Option<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn unexpected(&self, c: u8) -> Error {
        malformed(self.text, format!("Unexpected \"{}\" character.", char::from(c)))
    }

    fn unexpected_element(&self) -> Error {
        malformed(self.text, "Unexpected array element.")
    }

    fn end_of_input(&self) -> Error {
        malformed(self.text, "Unexpected end of input.")
    }

    /// Reads one level from its opening brace.
    fn level(&mut self, depth: usize) -> Result<()> {
        if depth >= DIMENSIONS_MAX {
            let levels = depth + 1;
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({levels}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
            );
        }
        if self.lengths.len() <= depth {
            self.lengths.push(None);
        }
        self.at += 1;
        self.skip_space();
        if depth == 0 && self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let (mut kind, mut count) = (Kind::Unknown, 0);
        loop {
            kind = self.item(depth, kind)?;
            count += 1;
            self.skip_space();
            match self.peek() {
                None => return Err(self.end_of_input()),
                Some(b'}') => break,
                Some(c) if c == self.delimiter => self.at += 1,
                Some(b'{') => return Err(self.unexpected(b'{')),
                Some(_) => return Err(self.unexpected_element()),
            }
            self.skip_space();
        }
        self.at += 1;
        self.close_level(depth, count)
    }

    fn close_level(&mut self, depth: usize, count: i32) -> Result<()> {
        match self.lengths[depth] {
            Some(known) if known != count => {
                Err(malformed(self.text, "Multidimensional arrays must have sub-arrays with matching dimensions."))
            }
            _ => {
                self.lengths[depth] = Some(count);
                Ok(())
            }
        }
    }

    fn item(&mut self, depth: usize, kind: Kind) -> Result<Kind> {
        match self.peek() {
            None => Err(self.end_of_input()),
            Some(b'{') if kind == Kind::Elements => Err(self.unexpected(b'{')),
            Some(b'{') => {
                if self.leaf_depth.is_some_and(|leaf| leaf <= depth) {
                    return Err(self.unexpected(b'{'));
                }
                self.level(depth + 1)?;
                Ok(Kind::Arrays)
            }
            Some(c) if c == b'}' || c == self.delimiter => Err(self.unexpected(c)),
            Some(_) if kind == Kind::Arrays || self.leaf_depth.is_some_and(|leaf| leaf != depth) => {
                Err(self.unexpected_element())
            }
            Some(c) => {
                if self.lengths.len() > depth + 1 {
                    return Err(self.unexpected_element());
                }
                self.leaf_depth = Some(depth);
                let element = if c == b'"' { Some(self.quoted()?) } else { self.bare()? };
                self.elements.push(element);
                Ok(Kind::Elements)
            }
        }
    }

    fn quoted(&mut self) -> Result<String> {
        let mut out = Vec::new();
        loop {
            self.at += 1;
            match self.peek() {
                None => return Err(self.end_of_input()),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.peek().ok_or_else(|| self.end_of_input())?);
                }
                Some(c) => out.push(c),
            }
        }
        self.at += 1;
        Ok(String::from_utf8(out).expect("whole characters are copied"))
    }

    fn bare(&mut self) -> Result<Option<String>> {
        let (mut out, mut kept, mut escaped) = (Vec::new(), 0, false);
        loop {
            match self.peek() {
                None => return Err(self.end_of_input()),
                Some(b'"') => return Err(self.unexpected_element()),
                Some(b'{') => return Err(self.unexpected(b'{')),
                Some(c) if c == b'}' || c == self.delimiter => break,
                Some(b'\\') => {
                    self.at += 1;
                    escaped = true;
                    out.push(self.peek().ok_or_else(|| self.end_of_input())?);
                    kept = out.len();
                }
                Some(c) => {
                    out.push(c);
                    kept = if is_space(c) { kept } else { out.len() };
                }
            }
            self.at += 1;
        }
        out.truncate(kept);
        let text = String::from_utf8(out).expect("whole characters are copied");
        let is_null = self.array_nulls && !escaped && text.eq_ignore_ascii_case("null");
        Ok((!is_null).then_some(text))
    }
}

/// Reads `[2:3][1:2]=` off the start.
fn explicit_dimensions(text: &str) -> Result<(Vec<Dimension>, &str)> {
    let mut dims = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8));
    while let Some(body) = rest.strip_prefix('[') {
        if dims.len() >= DIMENSIONS_MAX {
            let count = dims.len() + 1;
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
            );
        }
        let (first, after) = take_number(body);
        let Some(first) = first else {
            return Err(malformed(text, "\"[\" must introduce explicitly-specified array dimensions."));
        };
        let (lower, upper, after) = match after.strip_prefix(':') {
            None => (1, first, after),
            Some(after) => match take_number(after) {
                (Some(upper), after) => (first, upper, after),
                (None, _) => return Err(malformed(text, "Missing array dimension value.")),
            },
        };
        rest = after.strip_prefix(']').ok_or_else(|| malformed(text, "Missing \"]\" after array dimensions."))?;
        if upper < lower {
            bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
        }
        dims.push(Dimension { length: upper.saturating_sub(lower).saturating_add(1), lower });
        rest = rest.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8));
    }
    Ok((dims, rest))
}

fn take_number(text: &str) -> (Option<i32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '+').unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// The body of a literal after its explicit dimensions, if any.
fn literal_body<'a>(text: &str, dims: &[Dimension], rest: &'a str) -> Result<&'a str> {
    if dims.is_empty() {
        return match rest.starts_with('{') {
            true => Ok(rest),
            false => Err(malformed(text, "Array value must start with \"{\" or dimension information.")),
        };
    }
    let body = rest.strip_prefix('=').ok_or_else(|| malformed(text, "Missing \"=\" after array dimensions."))?;
    let body = body.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8));
    if body.starts_with('{') { Ok(body) } else { Err(malformed(text, "Array contents must start with \"{\".")) }
}

/// Reads an array of `element` values.
pub(crate) fn parse(cx: &mut FnCtx<'_>, text: &str, element: Oid, type_mod: i32) -> Result<Datum> {
    let info = type_info(cx, element)?;
    let (repr, delimiter) = (info.repr(), info.delimiter);
    let (dims, rest) = explicit_dimensions(text)?;
    let body = literal_body(text, &dims, rest)?;
    let mut parser = Parser {
        text,
        at: text.len() - body.len(),
        delimiter,
        array_nulls: cx.settings.array_nulls,
        lengths: Vec::new(),
        elements: Vec::new(),
        leaf_depth: None,
    };
    parser.level(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(malformed(text, "Junk after closing right brace."));
    }
    let lengths: Vec<i32> = parser.lengths.iter().map(|l| l.unwrap_or(0)).collect();
    let elements = parser.elements;
    if elements.is_empty() && dims.is_empty() {
        return Ok(empty(element, repr));
    }
    let dims = match dims.is_empty() {
        true => lengths.iter().map(|length| Dimension { length: *length, lower: 1 }).collect(),
        false if dims.iter().map(|d| d.length).eq(lengths) => dims,
        false => return Err(malformed(text, "Specified array dimensions do not match array contents.")),
    };
    check_size(&dims)?;
    let mut values = Vec::with_capacity(elements.len());
    for part in elements {
        values.push(match part {
            Some(part) => input(cx, element, type_mod, &part)?,
            None => Datum::Null,
        });
    }
    build(element, repr, &dims, &values)
}

fn needs_quotes(text: &[u8], delimiter: u8) -> bool {
    text.is_empty()
        || text.eq_ignore_ascii_case(b"null")
        || text.iter().any(|b| matches!(b, b'"' | b'\\' | b'{' | b'}') || *b == delimiter || is_space(*b))
}

/// Prints an array.
pub(crate) fn print(cx: &mut FnCtx<'_>, array: ArrayRef<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let dims: Vec<Dimension> = array.dimensions().collect();
    if dims.is_empty() {
        return Ok(b"{}".to_vec());
    }
    if dims.iter().any(|d| d.lower != 1) {
        for d in &dims {
            out.extend_from_slice(format!("[{}:{}]", d.lower, d.lower + d.length - 1).as_bytes());
        }
        out.push(b'=');
    }
    let delimiter = type_info(cx, array.element_type())?.delimiter;
    let lengths: Vec<usize> = dims.iter().map(|d| d.length as usize).collect();
    let mut buffer = Vec::new();
    for index in 0..array.len() {
        open_braces(index, &lengths, delimiter, &mut out);
        if array.is_null(index) {
            out.extend_from_slice(b"NULL");
        } else {
            buffer.clear();
            output(cx, array.element_type(), &array.get(index), &mut buffer)?;
            put_element(&buffer, delimiter, &mut out);
        }
        close_braces(index, &lengths, &mut out);
    }
    Ok(out)
}

/// The separator and braces before an element: one brace for each dimension in which it is the first.
fn open_braces(index: usize, lengths: &[usize], delimiter: u8, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(delimiter);
    }
    let mut size = 1;
    for length in lengths.iter().rev() {
        size *= length;
        if index.is_multiple_of(size) {
            out.push(b'{');
        }
    }
}

fn close_braces(index: usize, lengths: &[usize], out: &mut Vec<u8>) {
    let mut size = 1;
    for length in lengths.iter().rev() {
        size *= length;
        if (index + 1).is_multiple_of(size) {
            out.push(b'}');
        }
    }
}

fn put_element(text: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    if !needs_quotes(text, delimiter) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for &b in text {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}

/// Reads the binary form.
pub(crate) fn parse_binary(cx: &mut FnCtx<'_>, bytes: &[u8], element: Oid, type_mod: i32) -> Result<Datum> {
    let mut reader = Reader::new(bytes);
    let count = reader.i32()?;
    if count < 0 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid number of dimensions: {count}");
    }
    if count as usize > DIMENSIONS_MAX {
        bail!(
            PROGRAM_LIMIT_EXCEEDED,
            "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        );
    }
    if !matches!(reader.i32()?, 0 | 1) {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid array flags");
    }
    let sent = Oid(reader.u32()?);
    if sent != element {
        let (sent_name, name) = (cx.types.type_name(sent, -1), cx.types.type_name(element, -1));
        bail!(
            DATATYPE_MISMATCH,
            "binary data has array element type {sent} ({sent_name}) instead of expected {element} ({name})"
        );
    }
    let mut dims = Vec::new();
    for _ in 0..count {
        dims.push(Dimension { length: reader.i32()?, lower: reader.i32()? });
    }
    let repr = type_info(cx, element)?.repr();
    let items = if dims.is_empty() { 0 } else { check_size(&dims)? };
    let values = (0..items).map(|_| binary_element(cx, &mut reader, element, type_mod)).collect::<Result<Vec<_>>>()?;
    build(element, repr, &dims, &values)
}

fn binary_element(cx: &mut FnCtx<'_>, reader: &mut Reader<'_>, element: Oid, type_mod: i32) -> Result<Datum> {
    let length = reader.i32()?;
    match length {
        -1 => Ok(Datum::Null),
        0.. => receive(cx, element, type_mod, reader.take(length as usize)?),
        _ => bail!(INVALID_BINARY_REPRESENTATION, "insufficient data left in message"),
    }
}

/// Writes the binary form.
pub(crate) fn print_binary(cx: &mut FnCtx<'_>, array: ArrayRef<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.extend_from_slice(&(array.dimension_count() as i32).to_be_bytes());
    out.extend_from_slice(&i32::from(array.has_nulls()).to_be_bytes());
    out.extend_from_slice(&array.element_type().0.to_be_bytes());
    for d in array.dimensions() {
        out.extend_from_slice(&d.length.to_be_bytes());
        out.extend_from_slice(&d.lower.to_be_bytes());
    }
    for value in array.iter() {
        put_binary(cx, array.element_type(), &value, &mut out)?;
    }
    Ok(out)
}

/// Appends a length (-1 for null) and the binary form of a value.
pub(crate) fn put_binary(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> Result<()> {
    if value.is_null() {
        out.extend_from_slice(&(-1i32).to_be_bytes());
        return Ok(());
    }
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    send(cx, type_oid, value, out)?;
    let length = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// `int2vectorin` and `oidvectorin`: numbers with blanks between, lower bound 0.
pub(crate) fn parse_vector(text: &str, element: Oid, repr: Repr, read: fn(&str) -> Result<Datum>) -> Result<Datum> {
    let values = text.split_ascii_whitespace().map(read).collect::<Result<Vec<_>>>()?;
    vector(element, repr, &values)
}

/// An int2vector or oidvector: one dimension from 0, even if empty.
pub fn vector(element: Oid, repr: Repr, values: &[Datum]) -> Result<Datum> {
    build(element, repr, &[Dimension { length: values.len() as i32, lower: 0 }], values)
}

/// Prints the elements with blanks between.
pub(crate) fn print_vector(array: ArrayRef<'_>) -> String {
    let shown: Vec<String> = array
        .iter()
        .map(|v| match v {
            Datum::Oid(oid) => oid.to_string(),
            Datum::Int2(number) => number.to_string(),
            _ => String::new(),
        })
        .collect();
    shown.join(" ")
}
