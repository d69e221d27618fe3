//! Taking json and jsonb apart, comparing and casting jsonb.

use super::binary::{Shape, View};
use super::io::bare_text;
#[cfg(test)]
use super::io::to_text;
use super::parse::{Kind, Node, parse, quote};
use crate::FnCtx;
use crate::array::ArrayRef;
use crate::hash::{hash_bytes, hash_bytes_extended};
use crate::numeric::Numeric;
use crate::numeric::functions::symbols as casts;
use crate::string::split::{rows, wide_rows};
use report::{Error, Result, error};
use std::cmp::Ordering;
use tuple::Datum;

/// Whether a value taken out is JSON or text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

/// A parsed text with the text.
struct Document<'a> {
    text: &'a str,
    root: Node,
}

impl<'a> Document<'a> {
    fn new(text: &'a str) -> Result<Document<'a>> {
        Ok(Document { text, root: parse(text)? })
    }

    /// A value in the form asked: a string bare and null as SQL null if that is text.
    fn take(&self, node: &Node, form: Form) -> Datum {
        match (&node.kind, form) {
            (Kind::Null, Form::Text) => Datum::Null,
            (Kind::String(s), Form::Text) => Datum::text(s),
            _ => Datum::text(&self.text[node.start..node.end]),
        }
    }
}

/// The field with this name, the last of several.
fn node_field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Object(fields) => fields.iter().rev().find(|(key, _)| key == name).map(|(_, v)| v),
        _ => None,
    }
}

/// The element at an index that counts from the end if negative.
fn node_element(node: &Node, index: i32) -> Option<&Node> {
    let Kind::Array(items) = &node.kind else { return None };
    let place = if index < 0 { items.len() as i64 + i64::from(index) } else { i64::from(index) };
    usize::try_from(place).ok().and_then(|at| items.get(at))
}

/// The steps of a path; `None` if one is null.
fn steps(path: &Datum) -> Option<Vec<String>> {
    ArrayRef::of(path).iter().map(|v| (!v.is_null()).then(|| v.as_str().to_owned())).collect()
}

fn node_at_path<'n>(root: &'n Node, path: &[String]) -> Option<&'n Node> {
    path.iter().try_fold(root, |node, step| match &node.kind {
        Kind::Array(_) => node_element(node, step.trim().parse().ok()?),
        _ => node_field(node, step),
    })
}

fn view_at_path<'v>(root: View<'v>, path: &[String]) -> Option<View<'v>> {
    path.iter().try_fold(root, |view, step| match view.is_array() {
        true => view.at_index(step.trim().parse().ok()?),
        false => view.field(step),
    })
}

fn extract(text: &str, path: &Datum, form: Form) -> Result<Datum> {
    let Some(path) = steps(path) else { return Ok(Datum::Null) };
    let document = Document::new(text)?;
    Ok(node_at_path(&document.root, &path).map_or(Datum::Null, |node| document.take(node, form)))
}

fn extract_b(a: &Datum, path: &Datum, form: Form) -> Datum {
    let Some(path) = steps(path) else { return Datum::Null };
    view_at_path(View::of(a), &path).map_or(Datum::Null, |view| take_view(view, form))
}

fn take_view(view: View<'_>, form: Form) -> Datum {
    match form {
        Form::Json => view.to_datum(),
        Form::Text => bare_text(view),
    }
}

fn field(text: &str, name: &str, form: Form) -> Result<Datum> {
    let document = Document::new(text)?;
    Ok(node_field(&document.root, name).map_or(Datum::Null, |node| document.take(node, form)))
}

fn element(text: &str, index: i32, form: Form) -> Result<Datum> {
    let document = Document::new(text)?;
    Ok(node_element(&document.root, index).map_or(Datum::Null, |node| document.take(node, form)))
}

#[cold]
fn refused(message: impl Into<String>) -> Error {
    error!(INVALID_PARAMETER_VALUE, "{}", message.into())
}

fn each(text: &str, form: Form) -> Result<Vec<Vec<Datum>>> {
    let document = Document::new(text)?;
    match &document.root.kind {
        Kind::Object(fields) => {
            Ok(fields.iter().map(|(key, node)| vec![Datum::text(key), document.take(node, form)]).collect())
        }
        Kind::Array(_) => Err(refused("cannot deconstruct an array as an object")),
        _ => Err(refused("cannot deconstruct a scalar")),
    }
}

fn each_b(a: &Datum, form: Form, name: &str) -> Result<Vec<Vec<Datum>>> {
    let view = View::of(a);
    if !view.is_object() {
        return Err(refused(format!("cannot call {name} on a non-object")));
    }
    Ok(view.fields().map(|(key, v)| vec![Datum::text(key), take_view(v, form)]).collect())
}

fn elements(text: &str, form: Form, name: &str) -> Result<Vec<Datum>> {
    let document = Document::new(text)?;
    match &document.root.kind {
        Kind::Array(items) => Ok(items.iter().map(|node| document.take(node, form)).collect()),
        Kind::Object(_) => Err(refused(format!("cannot call {name} on a non-array"))),
        _ => Err(refused(format!("cannot call {name} on a scalar"))),
    }
}

fn elements_b(a: &Datum, form: Form) -> Result<Vec<Datum>> {
    let view = View::of(a);
    if view.is_object() {
        return Err(refused("cannot extract elements from an object"));
    }
    if view.is_scalar() {
        return Err(refused("cannot extract elements from a scalar"));
    }
    Ok(view.children().map(|v| take_view(v, form)).collect())
}

fn keys(text: &str) -> Result<Vec<Datum>> {
    match Document::new(text)?.root.kind {
        Kind::Object(fields) => Ok(fields.into_iter().map(|(key, _)| Datum::from(key)).collect()),
        Kind::Array(_) => Err(refused("cannot call json_object_keys on an array")),
        _ => Err(refused("cannot call json_object_keys on a scalar")),
    }
}

fn keys_b(a: &Datum) -> Result<Vec<Datum>> {
    let view = View::of(a);
    if view.is_array() {
        return Err(refused("cannot call jsonb_object_keys on an array"));
    }
    if view.is_scalar() {
        return Err(refused("cannot call jsonb_object_keys on a scalar"));
    }
    Ok(view.fields().map(|(key, _)| Datum::text(key)).collect())
}

fn length(text: &str) -> Result<i32> {
    match Document::new(text)?.root.kind {
        Kind::Array(items) => Ok(items.len() as i32),
        Kind::Object(_) => Err(refused("cannot get array length of a non-array")),
        _ => Err(refused("cannot get array length of a scalar")),
    }
}

fn length_b(a: &Datum) -> Result<i32> {
    let view = View::of(a);
    if view.is_scalar() {
        return Err(refused("cannot get array length of a scalar"));
    }
    if !view.is_array() {
        return Err(refused("cannot get array length of a non-array"));
    }
    Ok(view.len() as i32)
}

fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool(_) => "boolean",
        Kind::Number => "number",
        Kind::String(_) => "string",
        Kind::Array(_) => "array",
        Kind::Object(_) => "object",
    }
}

/// Appends a value without the fields that are null, and without white space.
fn put_stripped(text: &str, node: &Node, out: &mut String) {
    match &node.kind {
        Kind::String(s) => quote(s, out),
        Kind::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                put_stripped(text, item, out);
            }
            out.push(']');
        }
        Kind::Object(fields) => {
            out.push('{');
            let kept = fields.iter().filter(|(_, v)| !matches!(v.kind, Kind::Null));
            for (i, (key, item)) in kept.enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                quote(key, out);
                out.push(':');
                put_stripped(text, item, out);
            }
            out.push('}');
        }
        _ => out.push_str(&text[node.start..node.end]),
    }
}

/// True if an object has the key, or an array (or the value itself) is or holds the string.
fn exists(view: View<'_>, key: &str) -> bool {
    let is_key = |v: View<'_>| matches!(v.shape(), Shape::String(s) if s == key);
    match view.shape() {
        Shape::Object => view.field(key).is_some(),
        Shape::Array => view.children().any(is_key),
        _ => is_key(view),
    }
}

fn listed_keys(keys: &Datum) -> Vec<String> {
    ArrayRef::of(keys).iter().filter(|v| !v.is_null()).map(|v| v.as_str().to_owned()).collect()
}

const IN_ARRAY: u32 = 0x4000_0000;
const IN_OBJECT: u32 = 0x2000_0000;

/// Mixes a value into PostgreSQL's hash of jsonb. A scalar at the top counts as an array of one.
fn hash_into(view: View<'_>, top: bool, hash: &mut u32) {
    let scalar = match view.shape() {
        Shape::Array => {
            *hash ^= IN_ARRAY;
            return view.children().for_each(|v| hash_into(v, false, hash));
        }
        Shape::Object => {
            *hash ^= IN_OBJECT;
            for (key, v) in view.fields() {
                *hash = hash.rotate_left(1) ^ hash_bytes(key.as_bytes());
                hash_into(v, false, hash);
            }
            return;
        }
        Shape::Null => 1,
        Shape::Bool(b) => {
            if b {
                2
            } else {
                4
            }
        }
        Shape::String(s) => hash_bytes(s.as_bytes()),
        Shape::Number(bytes) => crate::numeric::functions::hash(&Numeric::from_bytes(bytes)) as u32,
    };
    if top {
        *hash ^= IN_ARRAY;
    }
    *hash = hash.rotate_left(1) ^ scalar;
}

/// Rotates each half by one bit, crosswise, as PostgreSQL does.
fn rotate_halves(v: u64) -> u64 {
    (v << 1) & 0xffff_fffe_ffff_fffe | (v >> 31) & 0x1_0000_0001
}

fn both_halves(flag: u32) -> u64 {
    u64::from(flag) << 32 | u64::from(flag)
}

fn hash_into_extended(view: View<'_>, top: bool, seed: u64, hash: &mut u64) {
    let scalar = match view.shape() {
        Shape::Array => {
            *hash ^= both_halves(IN_ARRAY);
            return view.children().for_each(|v| hash_into_extended(v, false, seed, hash));
        }
        Shape::Object => {
            *hash ^= both_halves(IN_OBJECT);
            for (key, v) in view.fields() {
                *hash = rotate_halves(*hash) ^ hash_bytes_extended(key.as_bytes(), seed);
                hash_into_extended(v, false, seed, hash);
            }
            return;
        }
        Shape::Null => seed.wrapping_add(1),
        Shape::Bool(b) if seed != 0 => crate::hash_uint32_extended(u32::from(b), seed),
        Shape::Bool(b) => {
            if b {
                2
            } else {
                4
            }
        }
        Shape::String(s) => hash_bytes_extended(s.as_bytes(), seed),
        Shape::Number(bytes) => {
            crate::numeric::functions::hash_extended(&Numeric::from_bytes(bytes), seed as i64) as u64
        }
    };
    if top {
        *hash ^= both_halves(IN_ARRAY);
    }
    *hash = rotate_halves(*hash) ^ scalar;
}

/// PostgreSQL does not hash what has nothing in it.
fn is_empty_container(view: View<'_>) -> bool {
    !view.is_scalar() && view.len() == 0
}

/// An element of a value at the top, where a scalar counts as an array of one.
fn root_element(view: View<'_>, index: i32) -> Option<View<'_>> {
    if view.is_scalar() && matches!(index, 0 | -1) { Some(view) } else { view.at_index(index) }
}

#[cold]
fn no_cast(view: View<'_>, target: &str) -> Error {
    let kind = match view.type_name() {
        "number" => "numeric",
        other => other,
    };
    refused(format!("cannot cast jsonb {kind} to type {target}"))
}

/// A jsonb number as a numeric datum.
fn number_of(a: &Datum, target: &str) -> Result<Datum> {
    match View::of(a).shape() {
        Shape::Number(bytes) => Ok(Datum::bytes(bytes)),
        _ => Err(no_cast(View::of(a), target)),
    }
}

fn cast_number(cx: &mut FnCtx<'_>, a: &Datum, target: &str, cast: crate::BuiltinFn) -> Result<Datum> {
    let number = number_of(a, target)?;
    cast(cx, &[number])
}

fn order(a: &Datum, b: &Datum) -> Ordering {
    View::of(a).compare(View::of(b))
}

builtins! {
    fn json_object_field(a: &str, name: &str) -> Datum { field(a, name, Form::Json)? }
    fn json_object_field_text(a: &str, name: &str) -> Datum { field(a, name, Form::Text)? }
    fn json_array_element(a: &str, index: i32) -> Datum { element(a, index, Form::Json)? }
    fn json_array_element_text(a: &str, index: i32) -> Datum { element(a, index, Form::Text)? }
    fn json_extract_path(a: &str, path: &Datum) -> Datum { extract(a, path, Form::Json)? }
    fn json_extract_path_text(a: &str, path: &Datum) -> Datum { extract(a, path, Form::Text)? }
    fn json_array_length(a: &str) -> i32 { length(a)? }
    fn json_typeof(a: &str) -> &'static str { type_name(&Document::new(a)?.root.kind) }
    fn json_strip_nulls(a: &str) -> String {
        let document = Document::new(a)?;
        let mut out = String::new();
        put_stripped(a, &document.root, &mut out);
        out
    }
    fn jsonb_object_field(a: &Datum, name: &str) -> Option<Datum> { View::of(a).field(name).map(View::to_datum) }
    fn jsonb_object_field_text(a: &Datum, name: &str) -> Option<Datum> { View::of(a).field(name).map(bare_text) }
    fn jsonb_array_element(a: &Datum, index: i32) -> Option<Datum> { root_element(View::of(a), index).map(View::to_datum) }
    fn jsonb_array_element_text(a: &Datum, index: i32) -> Option<Datum> { root_element(View::of(a), index).map(bare_text) }
    fn jsonb_extract_path(a: &Datum, path: &Datum) -> Datum { extract_b(a, path, Form::Json) }
    fn jsonb_extract_path_text(a: &Datum, path: &Datum) -> Datum { extract_b(a, path, Form::Text) }
    fn jsonb_array_length(a: &Datum) -> i32 { length_b(a)? }
    fn jsonb_typeof(a: &Datum) -> &'static str { View::of(a).type_name() }
    fn jsonb_exists(a: &Datum, key: &str) -> bool { exists(View::of(a), key) }
    fn jsonb_exists_any(a: &Datum, keys: &Datum) -> bool { listed_keys(keys).iter().any(|k| exists(View::of(a), k)) }
    fn jsonb_exists_all(a: &Datum, keys: &Datum) -> bool { listed_keys(keys).iter().all(|k| exists(View::of(a), k)) }
    fn jsonb_contains(a: &Datum, b: &Datum) -> bool { View::of(a).contains(View::of(b)) }
    fn jsonb_contained(a: &Datum, b: &Datum) -> bool { View::of(b).contains(View::of(a)) }
    fn jsonb_eq(a: &Datum, b: &Datum) -> bool { order(a, b).is_eq() }
    fn jsonb_ne(a: &Datum, b: &Datum) -> bool { order(a, b).is_ne() }
    fn jsonb_lt(a: &Datum, b: &Datum) -> bool { order(a, b).is_lt() }
    fn jsonb_le(a: &Datum, b: &Datum) -> bool { order(a, b).is_le() }
    fn jsonb_gt(a: &Datum, b: &Datum) -> bool { order(a, b).is_gt() }
    fn jsonb_ge(a: &Datum, b: &Datum) -> bool { order(a, b).is_ge() }
    fn jsonb_cmp(a: &Datum, b: &Datum) -> i32 { order(a, b) as i32 }
    fn jsonb_hash(a: &Datum) -> i32 {
        let mut hash = 0;
        if !is_empty_container(View::of(a)) {
            hash_into(View::of(a), true, &mut hash);
        }
        hash as i32
    }
    fn jsonb_hash_extended(a: &Datum, seed: i64) -> i64 {
        if is_empty_container(View::of(a)) {
            return Ok(Datum::Int8(seed));
        }
        let mut hash = 0;
        hash_into_extended(View::of(a), true, seed as u64, &mut hash);
        hash as i64
    }
    fn jsonb_bool(a: &Datum) -> bool {
        match View::of(a).shape() {
            Shape::Bool(b) => b,
            _ => return Err(no_cast(View::of(a), "boolean")),
        }
    }
    fn jsonb_numeric(a: &Datum) -> Datum { number_of(a, "numeric")? }
    fn jsonb_int2[cx](a: &Datum) -> Datum { cast_number(cx, a, "smallint", casts::numeric_int2)? }
    fn jsonb_int4[cx](a: &Datum) -> Datum { cast_number(cx, a, "integer", casts::numeric_int4)? }
    fn jsonb_int8[cx](a: &Datum) -> Datum { cast_number(cx, a, "bigint", casts::numeric_int8)? }
    fn jsonb_float4[cx](a: &Datum) -> Datum { cast_number(cx, a, "real", casts::numeric_float4)? }
    fn jsonb_float8[cx](a: &Datum) -> Datum { cast_number(cx, a, "double precision", casts::numeric_float8)? }
}

set_returning! {
    fn json_each(cx, args) { each(args[0].as_str(), Form::Json).map(wide_rows) }
    fn json_each_text(cx, args) { each(args[0].as_str(), Form::Text).map(wide_rows) }
    fn jsonb_each(cx, args) { each_b(&args[0], Form::Json, "jsonb_each").map(wide_rows) }
    fn jsonb_each_text(cx, args) { each_b(&args[0], Form::Text, "jsonb_each_text").map(wide_rows) }
    fn json_array_elements(cx, args) { elements(args[0].as_str(), Form::Json, "json_array_elements").map(rows) }
    fn json_array_elements_text(cx, args) {
        elements(args[0].as_str(), Form::Text, "json_array_elements_text").map(rows)
    }
    fn jsonb_array_elements(cx, args) { elements_b(&args[0], Form::Json).map(rows) }
    fn jsonb_array_elements_text(cx, args) { elements_b(&args[0], Form::Text).map(rows) }
    fn json_object_keys(cx, args) { keys(args[0].as_str()).map(rows) }
    fn jsonb_object_keys(cx, args) { keys_b(&args[0]).map(rows) }
}

/// A value for a hash table: equal jsonb hash alike.
pub(crate) fn memory_hash(a: &Datum) -> u64 {
    let mut hash = 0;
    hash_into(View::of(a), true, &mut hash);
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The order for comparators.
pub(crate) fn compare(a: &Datum, b: &Datum) -> Ordering {
    order(a, b)
}

/// The text of a jsonb, for tests of other modules.
#[cfg(test)]
pub(crate) fn shown(a: &Datum) -> String {
    to_text(View::of(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::io::read_jsonb;
    use crate::testing::{call, text_of};

    fn b(text: &str) -> Datum {
        read_jsonb(text).unwrap()
    }

    #[test]
    fn stored_form_is_sorted_and_unique() {
        assert_eq!(shown(&b("{\"b\":1, \"aa\":2, \"a\":3, \"b\":4}")), "{\"a\": 3, \"b\": 4, \"aa\": 2}");
        assert_eq!(shown(&b(" [1.50, \"x\\u0041\", null,{}] ")), "[1.50, \"xA\", null, {}]");
    }

    #[test]
    fn containment() {
        for (a, c, expected) in [
            ("{\"a\":1,\"b\":2}", "{\"b\":2}", true),
            ("[1,2,[1,3]]", "[1,[1]]", true),
            ("[1,2,[1,3]]", "[3]", false),
            ("[\"foo\",\"bar\"]", "\"bar\"", true),
            ("\"bar\"", "[\"bar\"]", false),
            ("{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[2]}}", true),
            ("[[1]]", "[1]", false),
        ] {
            assert_eq!(View::of(&b(a)).contains(View::of(&b(c))), expected, "{a} @> {c}");
        }
    }

    #[test]
    fn hashes_are_those_of_postgres() {
        assert_eq!(text_of(call("jsonb_hash", &[b("{\"a\":[1,true,null,\"x\"]}")])), "916081109");
        assert_eq!(text_of(call("jsonb_hash", &[b("1")])), "-822615224");
        let extended = call("jsonb_hash_extended", &[b("{\"a\":[1,true,null,\"x\"]}"), Datum::Int8(7)]);
        assert_eq!(text_of(extended), "7996126807137960390::int8");
    }

    #[test]
    fn casts_and_order() {
        assert_eq!(text_of(call("jsonb_int4", &[b("[1]")])), "22023: cannot cast jsonb array to type integer");
        assert_eq!(text_of(call("jsonb_int4", &[b("12.7")])), "13");
        assert!(order(&b("[]"), &b("1")).is_lt());
        assert!(order(&b("1"), &b("[1]")).is_lt());
        assert!(order(&b("{}"), &b("[1,2]")).is_gt());
    }
}
