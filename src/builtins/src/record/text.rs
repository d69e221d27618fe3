//! Text and binary forms of records.

use super::{RecordRef, build, repr_of};
use crate::array::text::put_binary;
use crate::types::type_oid;
use crate::wire::Reader;
use crate::{FnCtx, input, null_of, output, receive};
use base::Oid;
use report::{Error, Result, bail, error};
use std::sync::Arc;
use tuple::{Attribute, Datum, TupleDesc};

#[cold]
fn malformed(text: &str, detail: &str) -> Error {
    error!(INVALID_TEXT_REPRESENTATION, "malformed record literal: \"{text}\"").detail(detail)
}

/// The columns of the type that is read.
fn columns_of(cx: &FnCtx<'_>, type_oid: Oid, type_mod: i32) -> Result<Arc<TupleDesc>> {
    if type_oid == type_oid::RECORD && type_mod < 0 {
        bail!(FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
    }
    cx.types.row_desc(type_oid, type_mod)
}

/// Reads `(a,"b",)`.
pub(super) fn parse(cx: &mut FnCtx<'_>, text: &str, type_oid: Oid, type_mod: i32) -> Result<Datum> {
    let desc = columns_of(cx, type_oid, type_mod)?;
    let start = text.trim_start();
    if !start.starts_with('(') {
        return Err(malformed(text, "Missing left parenthesis."));
    }
    let mut scanner = Scanner { text, at: text.len() - start.len() + 1 };
    let mut columns = Vec::with_capacity(desc.len());
    let mut first = true;
    for attribute in &desc.attributes {
        columns.push((attribute.type_oid, next_column(cx, &mut scanner, attribute, &mut first)?));
    }
    scanner.finish()?;
    Ok(build(type_oid, type_mod, &columns))
}

fn next_column(cx: &mut FnCtx<'_>, scanner: &mut Scanner<'_>, a: &Attribute, first: &mut bool) -> Result<Datum> {
    if a.is_dropped {
        return Ok(Datum::Null);
    }
    if !std::mem::take(first) {
        match scanner.peek() {
            Some(b',') => scanner.at += 1,
            _ => return Err(malformed(scanner.text, "Too few columns.")),
        }
    }
    match scanner.column()? {
        Some(text) => input(cx, a.type_oid, a.type_mod, &text),
        None => null_of(cx, a.type_oid),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8> {
        let byte = self.peek().ok_or_else(|| malformed(self.text, "Unexpected end of input."))?;
        self.at += 1;
        Ok(byte)
    }

    /// The text of the next column, `None` if nothing is written there.
    fn column(&mut self) -> Result<Option<String>> {
        if matches!(self.peek(), Some(b',' | b')')) {
            return Ok(None);
        }
        let (mut out, mut quoted) = (Vec::new(), false);
        while quoted || !matches!(self.peek(), Some(b',' | b')')) {
            match self.next()? {
                b'\\' => out.push(self.next()?),
                b'"' if quoted && self.peek() == Some(b'"') => out.push(self.next()?),
                b'"' => quoted = !quoted,
                other => out.push(other),
            }
        }
        Ok(Some(String::from_utf8(out).expect("whole characters are copied")))
    }

    fn finish(&mut self) -> Result<()> {
        if self.next()? != b')' {
            return Err(malformed(self.text, "Too many columns."));
        }
        match self.text[self.at..].trim_start().is_empty() {
            true => Ok(()),
            false => Err(malformed(self.text, "Junk after right parenthesis.")),
        }
    }
}

fn needs_quotes(text: &[u8]) -> bool {
    text.is_empty()
        || text.iter().any(|b| matches!(b, b'"' | b'\\' | b'(' | b')' | b',') || b.is_ascii_whitespace() || *b == 0x0b)
}

/// Which columns of a record were dropped from its type. The type may have got further columns since: they are null.
fn dropped_columns(cx: &FnCtx<'_>, view: RecordRef<'_>) -> Vec<bool> {
    if view.type_oid() == type_oid::RECORD {
        return vec![false; view.len()];
    }
    let desc = cx.types.row_desc(view.type_oid(), view.type_mod()).ok();
    let is_dropped = |i: usize| desc.as_ref().and_then(|d| d.attributes.get(i)).is_some_and(|a| a.is_dropped);
    let count = desc.as_ref().map_or(0, |desc| desc.len()).max(view.len());
    (0..count).map(is_dropped).collect()
}

/// Prints `(a,"b",)`.
pub(super) fn print(cx: &mut FnCtx<'_>, view: RecordRef<'_>) -> Result<Vec<u8>> {
    let dropped = dropped_columns(cx, view);
    let (mut out, mut buffer) = (vec![b'('], Vec::new());
    for i in (0..dropped.len()).filter(|i| !dropped[*i]) {
        if out.len() > 1 || i > 0 && dropped[..i].contains(&false) {
            out.push(b',');
        }
        if i >= view.len() {
            continue;
        }
        let value = view.get(i, repr_of(view.column_type(i), cx.types)?);
        if value.is_null() {
            continue;
        }
        buffer.clear();
        output(cx, view.column_type(i), &value, &mut buffer)?;
        put_column(&buffer, &mut out);
    }
    out.push(b')');
    Ok(out)
}

fn put_column(text: &[u8], out: &mut Vec<u8>) {
    if !needs_quotes(text) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for &b in text {
        if matches!(b, b'"' | b'\\') {
            out.push(b);
        }
        out.push(b);
    }
    out.push(b'"');
}

/// Writes the binary form: the number of columns, and for each its type, length and bytes.
pub(super) fn print_binary(cx: &mut FnCtx<'_>, view: RecordRef<'_>) -> Result<Vec<u8>> {
    let dropped = dropped_columns(cx, view);
    let kept: Vec<usize> = (0..view.len()).filter(|i| !dropped[*i]).collect();
    let mut out = (kept.len() as i32).to_be_bytes().to_vec();
    for i in kept {
        out.extend_from_slice(&view.column_type(i).0.to_be_bytes());
        let value = view.get(i, repr_of(view.column_type(i), cx.types)?);
        put_binary(cx, view.column_type(i), &value, &mut out)?;
    }
    Ok(out)
}

/// Reads the binary form.
pub(super) fn parse_binary(cx: &mut FnCtx<'_>, bytes: &[u8], type_oid: Oid, type_mod: i32) -> Result<Datum> {
    let desc = columns_of(cx, type_oid, type_mod)?;
    let mut reader = Reader::new(bytes);
    let (count, wanted) = (reader.i32()?, desc.attributes.iter().filter(|a| !a.is_dropped).count());
    if count != wanted as i32 {
        bail!(DATATYPE_MISMATCH, "wrong number of columns: {count}, expected {wanted}");
    }
    let mut columns = Vec::with_capacity(desc.len());
    for (i, a) in desc.attributes.iter().enumerate() {
        let value = if a.is_dropped { Datum::Null } else { binary_column(cx, &mut reader, a, i + 1)? };
        columns.push((a.type_oid, value));
    }
    Ok(build(type_oid, type_mod, &columns))
}

fn binary_column(cx: &mut FnCtx<'_>, reader: &mut Reader<'_>, a: &Attribute, number: usize) -> Result<Datum> {
    let sent = Oid(reader.u32()?);
    if sent != a.type_oid {
        let (sent_name, name) = (cx.types.type_name(sent, -1), cx.types.type_name(a.type_oid, -1));
        let wanted = a.type_oid;
        bail!(
            DATATYPE_MISMATCH,
            "binary data has type {sent} ({sent_name}) instead of expected {wanted} ({name}) in record column {number}"
        );
    }
    match reader.i32()? {
        -1 => null_of(cx, a.type_oid),
        length @ 0.. => receive(cx, a.type_oid, a.type_mod, reader.take(length as usize)?),
        _ => bail!(INVALID_BINARY_REPRESENTATION, "insufficient data left in message"),
    }
}
