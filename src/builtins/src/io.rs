//! Text and binary forms of a value of any type.

use crate::FnCtx;
use crate::types::{call_function, type_info, type_oid};
use base::Oid;
use report::{Result, error};
use tuple::{Bytes, Datum};

/// Reads a value from its text form.
///
/// Errors: the input function's.
pub fn input(cx: &mut FnCtx<'_>, type_oid: Oid, type_mod: i32, text: &str) -> Result<Datum> {
    if let Some(value) = input_fast(type_oid, type_mod, text) {
        return value;
    }
    let info = type_info(cx, type_oid)?;
    let param = if info.element.is_valid() { info.element } else { type_oid };
    let args = [Datum::text(text), Datum::Oid(param), Datum::Int4(type_mod)];
    let mut cx = cx.call(&[type_oid::CSTRING, type_oid::OID, type_oid::INT4], type_oid, info.collation);
    call_function(&mut cx, info.input, &args)
}

/// Reads a value of one of the common types, which needs no function call; `None` if the type is none of them.
pub fn input_fast(type_oid: Oid, type_mod: i32, text: &str) -> Option<Result<Datum>> {
    Some(match type_oid {
        type_oid::INT4 => crate::int::parse_i32(text).map(Datum::Int4),
        type_oid::INT8 => crate::int::parse_i64(text).map(Datum::Int8),
        type_oid::INT2 => crate::int::parse_i16(text).map(Datum::Int2),
        type_oid::TEXT => Ok(Datum::text(text)),
        type_oid::VARCHAR if type_mod < 0 => Ok(Datum::text(text)),
        type_oid::BPCHAR => crate::text::to_bpchar(text, type_mod, false).map(Datum::from),
        _ => return None,
    })
}

/// The null of a type.
///
/// Errors: 23502, 23514 if it is a domain that refuses nulls.
pub fn null_of(cx: &FnCtx<'_>, type_oid: Oid) -> Result<Datum> {
    // Built-in types are no domains.
    if crate::builtin_type(type_oid).is_none() && type_info(cx, type_oid)?.kind == b'd' {
        cx.types.check_domain(type_oid, &Datum::Null)?;
    }
    Ok(Datum::Null)
}

/// Appends a value's text form to `out`. The value is not null.
///
/// Errors: the output function's.
pub fn output(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> Result<()> {
    if output_fast(type_oid, value, out) {
        return Ok(());
    }
    let info = type_info(cx, type_oid)?;
    let types = [type_oid];
    let mut cx = cx.call(&types, type_oid::CSTRING, Oid::INVALID);
    let text = call_function(&mut cx, info.output, std::slice::from_ref(value))?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// The common types, without a function call.
fn output_fast(type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> bool {
    let number = match (type_oid, value) {
        (type_oid::INT4, Datum::Int4(v)) => i64::from(*v),
        (type_oid::INT8, Datum::Int8(v)) => *v,
        (type_oid::INT2, Datum::Int2(v)) => i64::from(*v),
        (type_oid::OID, Datum::Oid(v)) => i64::from(v.0),
        _ => return output_text(type_oid, value, out),
    };
    base::push_decimal(out, number);
    true
}

/// The common types whose text form is what they are stored as.
fn output_text(type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> bool {
    match (type_oid, value) {
        (
            type_oid::TEXT
            | type_oid::VARCHAR
            | type_oid::BPCHAR
            | type_oid::NAME
            | type_oid::CSTRING
            | type_oid::UNKNOWN
            | type_oid::JSON,
            Datum::Bytes(bytes),
        ) => {
            out.extend_from_slice(bytes);
            true
        }
        (type_oid::BOOL, Datum::Bool(v)) => {
            out.push(if *v { b't' } else { b'f' });
            true
        }
        _ => false,
    }
}

/// A value's text form as a string. The value is not null.
pub(crate) fn output_string(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum) -> Result<String> {
    let mut out = Vec::new();
    output(cx, type_oid, value, &mut out)?;
    Ok(String::from_utf8(out).expect("output functions give UTF-8"))
}

/// Reads a value from its binary form.
///
/// Errors: the receive function's; 42883 if the type has none.
pub fn receive(cx: &mut FnCtx<'_>, type_oid: Oid, type_mod: i32, bytes: &[u8]) -> Result<Datum> {
    let info = type_info(cx, type_oid)?;
    if !info.receive.is_valid() {
        let name = cx.types.type_name(type_oid, -1);
        return Err(error!(UNDEFINED_FUNCTION, "no binary input function available for type {name}"));
    }
    let param = if info.element.is_valid() { info.element } else { type_oid };
    let args = [Datum::bytes(bytes), Datum::Oid(param), Datum::Int4(type_mod)];
    let mut cx = cx.call(&[type_oid::CSTRING, type_oid::OID, type_oid::INT4], type_oid, info.collation);
    call_function(&mut cx, info.receive, &args)
}

/// Appends a value's binary form to `out`. The value is not null.
///
/// Errors: the send function's; 42883 if the type has none.
pub fn send(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> Result<()> {
    if send_fast(type_oid, value, out) {
        return Ok(());
    }
    let info = type_info(cx, type_oid)?;
    if !info.send.is_valid() {
        let name = cx.types.type_name(type_oid, -1);
        return Err(error!(UNDEFINED_FUNCTION, "no binary output function available for type {name}"));
    }
    let types = [type_oid];
    let mut cx = cx.call(&types, type_oid::BYTEA, Oid::INVALID);
    let bytes = call_function(&mut cx, info.send, std::slice::from_ref(value))?;
    out.extend_from_slice(bytes.as_bytes());
    Ok(())
}

fn send_fast(type_oid: Oid, value: &Datum, out: &mut Vec<u8>) -> bool {
    match (type_oid, value) {
        (_, Datum::Bool(v)) => out.push(u8::from(*v)),
        (_, Datum::Char(v)) => out.push(*v),
        (_, Datum::Int2(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Int4(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Int8(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Float4(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Float8(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (type_oid::OID, Datum::Oid(v)) => out.extend_from_slice(&v.0.to_be_bytes()),
        (type_oid::TEXT | type_oid::VARCHAR | type_oid::BPCHAR | type_oid::NAME, Datum::Bytes(v)) => {
            out.extend_from_slice(v);
        }
        _ => return false,
    }
    true
}

/// A `bytea` datum of these bytes, for send functions.
pub(crate) fn sent(bytes: &[u8]) -> Datum {
    Datum::Bytes(Bytes::copy_from(bytes))
}
