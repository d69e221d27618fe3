//! SQL values as JSON: to_json, row_to_json, json_build_*, json_object.

use super::binary::{Value, View, number, object};
use super::io::{print, read_jsonb};
use super::parse::quote;
use crate::array::ArrayRef;
use crate::io::output_string;
use crate::numeric::Numeric;
use crate::record::{RecordRef, repr_of};
use crate::string::concat::spread;
use crate::types::{call_function, type_info, type_oid};
use crate::{DateStyle, FnCtx, FormatSettings};
use base::Oid;
use report::{Result, bail, error};
use tuple::Datum;

/// How values of a type become JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Category {
    Bool,
    Number,
    /// Dates and times: ISO 8601 with a T.
    Time,
    Json,
    Jsonb,
    Array,
    Record,
    /// By a cast to json.
    Cast(Oid),
    Other,
}

fn category(cx: &FnCtx<'_>, oid: Oid) -> Result<Category> {
    use crate::type_oid as t;
    Ok(match oid {
        t::BOOL => Category::Bool,
        t::INT2 | t::INT4 | t::INT8 | t::FLOAT4 | t::FLOAT8 | t::NUMERIC => Category::Number,
        t::DATE | t::TIMESTAMP | t::TIMESTAMPTZ => Category::Time,
        t::JSON => Category::Json,
        t::JSONB => Category::Jsonb,
        t::RECORD => Category::Record,
        t::TEXT | t::VARCHAR | t::BPCHAR | t::UNKNOWN => Category::Other,
        t::OIDVECTOR | t::INT2VECTOR => Category::Array,
        _ => {
            let info = type_info(cx, oid)?;
            match info.kind {
                b'd' => return category(cx, info.base),
                b'c' => Category::Record,
                _ if info.is_array() => Category::Array,
                _ if oid.0 >= Oid::FIRST_NORMAL.0 => match cx.types.cast_function(oid, t::JSON)? {
                    Oid::INVALID => Category::Other,
                    cast => Category::Cast(cast),
                },
                _ => Category::Other,
            }
        }
    })
}

/// Runs with dates in ISO style, whatever the session's is.
fn iso_text(cx: &mut FnCtx<'_>, oid: Oid, value: &Datum) -> Result<String> {
    let settings = FormatSettings { date_style: DateStyle::Iso, ..cx.settings.clone() };
    let mut iso = FnCtx {
        settings: &settings,
        types: cx.types,
        memo: cx.memo,
        collation: cx.collation,
        result_type: cx.result_type,
        arg_types: cx.arg_types,
        variadic: false,
        expected_row: None,
        transaction_start: cx.transaction_start,
        statement_start: cx.statement_start,
    };
    let mut text = output_string(&mut iso, oid, value)?.replacen(' ', "T", 1);
    // ISO 8601 wants minutes in the offset, which the SQL form leaves out where they are zero.
    let bytes = text.as_bytes();
    if oid == type_oid::TIMESTAMPTZ && bytes.len() > 3 && matches!(bytes[bytes.len() - 3], b'+' | b'-') {
        text.push_str(":00");
    }
    Ok(text)
}

/// True if the text of a number is one in JSON too (not NaN or Infinity).
fn is_json_number(text: &str) -> bool {
    text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
}

/// Appends a value as JSON; `pretty` breaks lines between the outermost elements.
pub(crate) fn put_json(cx: &mut FnCtx<'_>, oid: Oid, value: &Datum, pretty: bool, out: &mut String) -> Result<()> {
    if value.is_null() {
        out.push_str("null");
        return Ok(());
    }
    match category(cx, oid)? {
        Category::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        Category::Number => {
            let text = output_string(cx, oid, value)?;
            if is_json_number(&text) { out.push_str(&text) } else { quote(&text, out) }
        }
        Category::Time => quote(&iso_text(cx, oid, value)?, out),
        Category::Json => out.push_str(value.as_str()),
        Category::Jsonb => print(View::of(value), out),
        Category::Array => put_array(cx, value, pretty, out)?,
        Category::Record => put_record(cx, value, pretty, out)?,
        Category::Cast(function) => {
            let json = call_function(cx, function, std::slice::from_ref(value))?;
            out.push_str(json.as_str());
        }
        Category::Other => quote(&output_string(cx, oid, value)?, out),
    }
    Ok(())
}

fn put_array(cx: &mut FnCtx<'_>, value: &Datum, pretty: bool, out: &mut String) -> Result<()> {
    let view = ArrayRef::of(value);
    let lengths: Vec<usize> = view.dimensions().map(|d| d.length as usize).collect();
    if lengths.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    put_dimension(cx, view, &lengths, 0, pretty, out)
}

fn put_dimension(
    cx: &mut FnCtx<'_>,
    view: ArrayRef<'_>,
    lengths: &[usize],
    start: usize,
    pretty: bool,
    out: &mut String,
) -> Result<()> {
    let inner: usize = lengths[1..].iter().product();
    out.push('[');
    for i in 0..lengths[0] {
        if i > 0 {
            out.push_str(if pretty { ",\n " } else { "," });
        }
        match lengths.len() {
            1 => put_json(cx, view.element_type(), &view.get(start + i), false, out)?,
            _ => put_dimension(cx, view, &lengths[1..], start + i * inner, false, out)?,
        }
    }
    out.push(']');
    Ok(())
}

/// The names of a record's columns, dropped ones left out, with their places.
fn record_columns(cx: &FnCtx<'_>, view: RecordRef<'_>) -> Result<Vec<(usize, String)>> {
    if view.type_oid() == type_oid::RECORD && view.type_mod() < 0 {
        return Ok((0..view.len()).map(|i| (i, format!("f{}", i + 1))).collect());
    }
    let desc = cx.types.row_desc(view.type_oid(), view.type_mod())?;
    let named = desc.attributes.iter().enumerate().filter(|(_, a)| !a.is_dropped);
    Ok(named.map(|(i, a)| (i, a.name.clone())).collect())
}

fn record_value(cx: &FnCtx<'_>, view: RecordRef<'_>, index: usize) -> Result<Datum> {
    // A row from before a column was added lacks it.
    if index >= view.len() {
        return Ok(Datum::Null);
    }
    Ok(view.get(index, repr_of(view.column_type(index), cx.types)?))
}

fn put_record(cx: &mut FnCtx<'_>, value: &Datum, pretty: bool, out: &mut String) -> Result<()> {
    let view = RecordRef::of(value);
    out.push('{');
    for (n, (i, name)) in record_columns(cx, view)?.into_iter().enumerate() {
        if n > 0 {
            out.push_str(if pretty { ",\n " } else { "," });
        }
        quote(&name, out);
        out.push(':');
        let column = record_value(cx, view, i)?;
        put_json(cx, view.column_type(i), &column, false, out)?;
    }
    out.push('}');
    Ok(())
}

/// A value as jsonb.
pub(crate) fn to_value(cx: &mut FnCtx<'_>, oid: Oid, value: &Datum) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    Ok(match category(cx, oid)? {
        Category::Bool => Value::Bool(value.is_true()),
        Category::Number => {
            let text = output_string(cx, oid, value)?;
            if is_json_number(&text) { number(&Numeric::parse(&text)?)? } else { Value::String(text) }
        }
        Category::Time => Value::String(iso_text(cx, oid, value)?),
        Category::Json => View::of(&read_jsonb(value.as_str())?).to_value(),
        Category::Jsonb => View::of(value).to_value(),
        Category::Array => array_value(cx, value)?,
        Category::Record => {
            let view = RecordRef::of(value);
            let mut fields = Vec::new();
            for (i, name) in record_columns(cx, view)? {
                let column = record_value(cx, view, i)?;
                fields.push((name, to_value(cx, view.column_type(i), &column)?));
            }
            object(fields)
        }
        Category::Cast(function) => {
            let json = call_function(cx, function, std::slice::from_ref(value))?;
            View::of(&read_jsonb(json.as_str())?).to_value()
        }
        Category::Other => Value::String(output_string(cx, oid, value)?),
    })
}

fn array_value(cx: &mut FnCtx<'_>, value: &Datum) -> Result<Value> {
    let view = ArrayRef::of(value);
    let lengths: Vec<usize> = view.dimensions().map(|d| d.length as usize).collect();
    let mut items = view.iter().map(|v| to_value(cx, view.element_type(), &v)).collect::<Result<Vec<_>>>()?;
    for length in lengths.iter().skip(1).rev() {
        let mut outer = Vec::new();
        while !items.is_empty() {
            let rest = items.split_off(*length);
            outer.push(Value::Array(std::mem::replace(&mut items, rest)));
        }
        items = outer;
    }
    Ok(Value::Array(items))
}

/// A value as an object's key: scalars only.
pub(crate) fn key_text(cx: &mut FnCtx<'_>, oid: Oid, value: &Datum) -> Result<String> {
    match category(cx, oid)? {
        Category::Array | Category::Record | Category::Json | Category::Jsonb | Category::Cast(_) => {
            bail!(INVALID_PARAMETER_VALUE, "key value must be scalar, not array, composite, or json")
        }
        Category::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
        Category::Time => iso_text(cx, oid, value),
        _ => output_string(cx, oid, value),
    }
}

#[cold]
fn uneven(function: &str) -> report::Error {
    error!(INVALID_PARAMETER_VALUE, "argument list must have even number of elements")
        .hint(format!("The arguments of {function}() must consist of alternating keys and values."))
}

fn build_json_object(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(values) = spread(cx, args, 0) else { return Ok(Datum::Null) };
    if values.len() % 2 != 0 {
        return Err(uneven("json_build_object"));
    }
    let mut out = String::from("{");
    for (i, pair) in values.chunks_exact(2).enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        if pair[0].1.is_null() {
            let number = 2 * i + 1;
            return Err(
                error!(INVALID_PARAMETER_VALUE, "argument {number} cannot be null").hint("Object keys should be text.")
            );
        }
        quote(&key_text(cx, pair[0].0, &pair[0].1)?, &mut out);
        out.push_str(" : ");
        put_json(cx, pair[1].0, &pair[1].1, false, &mut out)?;
    }
    out.push('}');
    Ok(Datum::from(out))
}

fn build_jsonb_object(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(values) = spread(cx, args, 0) else { return Ok(Datum::Null) };
    if values.len() % 2 != 0 {
        return Err(uneven("jsonb_build_object"));
    }
    let mut fields = Vec::new();
    for (i, pair) in values.chunks_exact(2).enumerate() {
        if pair[0].1.is_null() {
            bail!(INVALID_PARAMETER_VALUE, "argument {}: key must not be null", 2 * i + 1);
        }
        let key = key_text(cx, pair[0].0, &pair[0].1)?;
        fields.push((key, to_value(cx, pair[1].0, &pair[1].1)?));
    }
    Ok(object(fields).to_datum())
}

fn build_json_array(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(values) = spread(cx, args, 0) else { return Ok(Datum::Null) };
    let mut out = String::from("[");
    for (i, (oid, value)) in values.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        put_json(cx, *oid, value, false, &mut out)?;
    }
    out.push(']');
    Ok(Datum::from(out))
}

fn build_jsonb_array(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(values) = spread(cx, args, 0) else { return Ok(Datum::Null) };
    let items = values.iter().map(|(oid, v)| to_value(cx, *oid, v)).collect::<Result<Vec<_>>>()?;
    Ok(Value::Array(items).to_datum())
}

/// The keys and values in the text[] argument of json_object.
fn pairs_of_list(array: &Datum) -> Result<Vec<(String, Option<String>)>> {
    let view = ArrayRef::of(array);
    let dims: Vec<i32> = view.dimensions().map(|d| d.length).collect();
    match dims[..] {
        [] => {}
        [count] if count % 2 != 0 => bail!(ARRAY_SUBSCRIPT_ERROR, "array must have even number of elements"),
        [_] | [_, 2] => {}
        [_, _] => bail!(ARRAY_SUBSCRIPT_ERROR, "array must have two columns"),
        _ => bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts"),
    }
    (0..view.len() / 2).map(|i| Ok((object_key(&view.get(2 * i))?, optional_text(&view.get(2 * i + 1))))).collect()
}

fn object_key(value: &Datum) -> Result<String> {
    if value.is_null() {
        bail!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key");
    }
    Ok(value.as_str().to_owned())
}

fn optional_text(value: &Datum) -> Option<String> {
    (!value.is_null()).then(|| value.as_str().to_owned())
}

fn pairs_of_two(keys: &Datum, values: &Datum) -> Result<Vec<(String, Option<String>)>> {
    let (keys, values) = (ArrayRef::of(keys), ArrayRef::of(values));
    if keys.dimension_count() > 1 || keys.dimension_count() != values.dimension_count() {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    if keys.len() != values.len() {
        bail!(ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions");
    }
    keys.iter().zip(values.iter()).map(|(k, v)| Ok((object_key(&k)?, optional_text(&v)))).collect()
}

fn json_of_pairs(pairs: Vec<(String, Option<String>)>) -> String {
    let mut out = String::from("{");
    for (i, (key, value)) in pairs.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        quote(key, &mut out);
        out.push_str(" : ");
        match value {
            Some(value) => quote(value, &mut out),
            None => out.push_str("null"),
        }
    }
    out + "}"
}

fn jsonb_of_pairs(pairs: Vec<(String, Option<String>)>) -> Datum {
    object(pairs.into_iter().map(|(k, v)| (k, v.map_or(Value::Null, Value::String))).collect()).to_datum()
}

fn typed_json(cx: &mut FnCtx<'_>, value: &Datum, pretty: bool) -> Result<String> {
    let mut out = String::new();
    put_json(cx, cx.arg_type(0), value, pretty, &mut out)?;
    Ok(out)
}

builtins! {
    fn to_json[cx](a: &Datum) -> String { typed_json(cx, a, false)? }
    fn to_jsonb[cx](a: &Datum) -> Datum { to_value(cx, cx.arg_type(0), a)?.to_datum() }
    fn array_to_json[cx](a: &Datum) -> String { typed_json(cx, a, false)? }
    fn array_to_json_pretty[cx](a: &Datum, pretty: bool) -> String { typed_json(cx, a, pretty)? }
    fn row_to_json[cx](a: &Datum) -> String { typed_json(cx, a, false)? }
    fn row_to_json_pretty[cx](a: &Datum, pretty: bool) -> String { typed_json(cx, a, pretty)? }
    fn json_object(a: &Datum) -> String { json_of_pairs(pairs_of_list(a)?) }
    fn json_object_two_arg(keys: &Datum, values: &Datum) -> String { json_of_pairs(pairs_of_two(keys, values)?) }
    fn jsonb_object(a: &Datum) -> Datum { jsonb_of_pairs(pairs_of_list(a)?) }
    fn jsonb_object_two_arg(keys: &Datum, values: &Datum) -> Datum { jsonb_of_pairs(pairs_of_two(keys, values)?) }
    fn json_build_object_noargs() -> &'static str { "{}" }
    fn json_build_array_noargs() -> &'static str { "[]" }
    fn jsonb_build_object_noargs() -> Datum { Value::Object(Vec::new()).to_datum() }
    fn jsonb_build_array_noargs() -> Datum { Value::Array(Vec::new()).to_datum() }
}

raw_builtins! {
    fn json_build_object(cx, args) { build_json_object(cx, args) }
    fn json_build_array(cx, args) { build_json_array(cx, args) }
    fn jsonb_build_object(cx, args) { build_jsonb_object(cx, args) }
    fn jsonb_build_array(cx, args) { build_jsonb_array(cx, args) }
}

#[cfg(test)]
mod tests {
    use crate::record;
    use crate::testing::{call, call_with_types, text_of};
    use crate::type_oid::{BOOL, FLOAT8, INT4, JSON, RECORD, TEXT};
    use tuple::Datum;

    #[test]
    fn builds() {
        let row = record::build(RECORD, -1, &[(INT4, Datum::Int4(1)), (TEXT, Datum::text("x"))]);
        let args = [
            Datum::text("c"),
            row,
            Datum::text("d"),
            Datum::Null,
            Datum::text("e"),
            Datum::Bool(true),
            Datum::text("f"),
            Datum::Float8(f64::NAN),
            Datum::text("h"),
            Datum::text("{\"x\": 1}"),
        ];
        let types = [TEXT, RECORD, TEXT, INT4, TEXT, BOOL, TEXT, FLOAT8, TEXT, JSON];
        assert_eq!(
            text_of(call_with_types("json_build_object", &types, &args)),
            "{\"c\" : {\"f1\":1,\"f2\":\"x\"}, \"d\" : null, \"e\" : true, \"f\" : \"NaN\", \"h\" : {\"x\": 1}}"
        );
        let jsonb = call_with_types("jsonb_build_object", &types, &args).unwrap();
        assert_eq!(
            text_of(call("jsonb_out", &[jsonb])),
            "{\"c\": {\"f1\": 1, \"f2\": \"x\"}, \"d\": null, \"e\": true, \"f\": \"NaN\", \"h\": {\"x\": 1}}"
        );
        assert_eq!(
            text_of(call_with_types("json_build_object", &[TEXT], &[Datum::text("a")])),
            "22023: argument list must have even number of elements"
        );
    }
}
