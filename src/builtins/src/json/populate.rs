//! JSON objects as rows: json_populate_record, json_to_record and their set-returning and jsonb twins.

use super::binary::View;
use super::io::to_text;
use super::parse::{Kind, Node, parse};
use crate::array::{Dimension, build, empty};
use crate::record::{self, RecordRef, repr_of};
use crate::string::split::{rows, wide_rows};
use crate::types::{type_info, type_oid};
use crate::{FnCtx, RowSource, input, null_of};
use base::Oid;
use report::{Error, Result, bail, error};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

#[cold]
fn refused(message: String) -> Error {
    error!(INVALID_PARAMETER_VALUE, "{message}")
}

/// The value of a node as a value of a type; `place` says for hints where it stands.
fn value_of(cx: &mut FnCtx<'_>, text: &str, node: &Node, target: (Oid, i32), place: &str) -> Result<Datum> {
    let (oid, type_mod) = target;
    let info = type_info(cx, oid)?;
    if matches!(node.kind, Kind::Null) {
        return null_of(cx, oid);
    }
    if info.kind == b'd' && !matches!(node.kind, Kind::String(_)) && !is_scalar(cx, info.base)? {
        let value = value_of(cx, text, node, (info.base, type_mod), place)?;
        cx.types.check_domain(oid, &value)?;
        return Ok(value);
    }
    let raw = &text[node.start..node.end];
    match (&node.kind, info.kind) {
        _ if oid == type_oid::JSON => Ok(Datum::text(raw)),
        _ if oid == type_oid::JSONB => super::io::read_jsonb(raw),
        // Strings are read by the type's input function, arrays and rows included.
        (Kind::String(s), _) => input(cx, oid, type_mod, s),
        (_, b'c') => composite_of(cx, text, node, oid, None),
        _ if info.is_array() => array_of(cx, text, node, (info.element, type_mod), place),
        _ => input(cx, oid, type_mod, raw),
    }
}

#[cold]
fn expected_array(place: &str) -> Error {
    error!(INVALID_TEXT_REPRESENTATION, "expected JSON array").hint(format!("See {place}."))
}

fn array_of(cx: &mut FnCtx<'_>, text: &str, node: &Node, element: (Oid, i32), place: &str) -> Result<Datum> {
    let Kind::Array(items) = &node.kind else { return Err(expected_array(&format!("the value of {place}"))) };
    let repr = type_info(cx, element.0)?.repr();
    if items.is_empty() {
        return Ok(empty(element.0, repr));
    }
    let mut lengths = Vec::new();
    let mut at = node;
    while let Kind::Array(inner) = &at.kind {
        lengths.push(inner.len());
        let Some(first) = inner.first() else { break };
        at = first;
    }
    let mut leaves = Vec::new();
    collect(node, &lengths, place, String::new(), &mut leaves)?;
    let values = leaves.iter().map(|leaf| value_of(cx, text, leaf, element, place)).collect::<Result<Vec<_>>>()?;
    if values.is_empty() {
        return Ok(empty(element.0, repr));
    }
    let dims: Vec<Dimension> = lengths.iter().map(|l| Dimension { length: *l as i32, lower: 1 }).collect();
    build(element.0, repr, &dims, &values)
}

/// Gathers the leaves of a nested array, all of whose levels must be of the same length.
fn collect<'n>(
    node: &'n Node,
    lengths: &[usize],
    place: &str,
    subscripts: String,
    leaves: &mut Vec<&'n Node>,
) -> Result<()> {
    let Some((length, inner)) = lengths.split_first() else {
        leaves.push(node);
        return Ok(());
    };
    let Kind::Array(items) = &node.kind else {
        return Err(expected_array(&format!("the array element {subscripts} of {place}")));
    };
    if items.len() != *length {
        return Err(error!(INVALID_TEXT_REPRESENTATION, "malformed JSON array")
            .detail("Multidimensional arrays must have sub-arrays with matching dimensions."));
    }
    for (i, item) in items.iter().enumerate() {
        collect(item, inner, place, format!("{subscripts}[{i}]"), leaves)?;
    }
    Ok(())
}

/// A column for each of the row's: from the object's field, else from `base`, else null.
fn columns_of(
    cx: &mut FnCtx<'_>,
    text: &str,
    fields: &[(String, Node)],
    desc: &TupleDesc,
    base: Option<RecordRef<'_>>,
) -> Result<Vec<(Oid, Datum)>> {
    let mut columns = Vec::with_capacity(desc.len());
    for (i, a) in desc.attributes.iter().enumerate() {
        let field = fields.iter().rev().find(|(name, _)| *name == a.name);
        let value = match (field, base) {
            _ if a.is_dropped => Datum::Null,
            (Some((name, node)), _) => value_of(cx, text, node, (a.type_oid, a.type_mod), &format!("key \"{name}\""))?,
            (None, Some(base)) if i < base.len() => base.get(i, repr_of(a.type_oid, cx.types)?),
            _ => null_of(cx, a.type_oid)?,
        };
        columns.push((a.type_oid, value));
    }
    Ok(columns)
}

/// False for arrays, rows and domains of them, which are not read as text.
fn is_scalar(cx: &FnCtx<'_>, oid: Oid) -> Result<bool> {
    let info = type_info(cx, oid)?;
    if info.kind == b'd' { is_scalar(cx, info.base) } else { Ok(info.kind != b'c' && !info.is_array()) }
}

fn composite_of(cx: &mut FnCtx<'_>, text: &str, node: &Node, oid: Oid, base: Option<RecordRef<'_>>) -> Result<Datum> {
    let fields = object_fields(node)?;
    let desc = cx.types.row_desc(oid, base.map_or(-1, |b| b.type_mod()))?;
    let columns = columns_of(cx, text, fields, &desc, base)?;
    Ok(record::build(oid, base.map_or(-1, |b| b.type_mod()), &columns))
}

fn object_fields(node: &Node) -> Result<&[(String, Node)]> {
    match &node.kind {
        Kind::Object(fields) => Ok(fields),
        Kind::Array(_) => Err(refused("cannot call populate_composite on an array".to_owned())),
        _ => Err(refused("cannot call populate_composite on a scalar".to_owned())),
    }
}

/// The JSON text of an argument of either type.
fn json_text(value: &Datum, binary: bool) -> String {
    if binary { to_text(View::of(value)) } else { value.as_str().to_owned() }
}

fn populate(cx: &mut FnCtx<'_>, args: &[Datum], binary: bool) -> Result<Datum> {
    let (base, json) = (&args[0], &args[1]);
    let name = if binary { "jsonb_populate_record" } else { "json_populate_record" };
    need_row_type(cx, name)?;
    if json.is_null() {
        return Ok(base.clone());
    }
    let text = json_text(json, binary);
    let node = parse(&text)?;
    let view = (!base.is_null()).then(|| RecordRef::of(base));
    let oid = row_type(cx, view)?;
    composite_of(cx, &text, &node, oid, view)
}

/// Refuses a first argument that is no row.
fn need_row_type(cx: &FnCtx<'_>, name: &str) -> Result<()> {
    let oid = cx.arg_type(0);
    if !oid.is_valid() || oid == type_oid::RECORD {
        return Ok(());
    }
    let info = type_info(cx, oid)?;
    let is_row = info.kind == b'c' || (info.kind == b'd' && type_info(cx, info.base)?.kind == b'c');
    if !is_row {
        bail!(DATATYPE_MISMATCH, "first argument of {name} must be a row type");
    }
    Ok(())
}

/// The composite type that the call is about.
fn row_type(cx: &FnCtx<'_>, base: Option<RecordRef<'_>>) -> Result<Oid> {
    let declared = base.map_or(cx.arg_type(0), |b| b.type_oid());
    match declared {
        Oid::INVALID => bail!(FEATURE_NOT_SUPPORTED, "could not determine row type for result of json_populate_record"),
        known => Ok(known),
    }
}

/// The columns that the query declares.
fn declared(cx: &FnCtx<'_>, name: &str) -> Result<TupleDesc> {
    match cx.expected_row {
        Some(desc) => Ok(desc.clone()),
        None => Err(error!(FEATURE_NOT_SUPPORTED, "could not determine row type for result of {name}")
            .hint("Provide a column definition list using a FROM-clause alias.")),
    }
}

fn to_record(cx: &mut FnCtx<'_>, args: &[Datum], binary: bool, name: &str) -> Result<Datum> {
    let desc = declared(cx, name)?;
    let text = json_text(&args[0], binary);
    let node = parse(&text)?;
    let columns = columns_of(cx, &text, object_fields(&node)?, &desc, None)?;
    Ok(record::build(type_oid::RECORD, -1, &columns))
}

/// The objects of an array of them.
fn objects<'n>(node: &'n Node, binary: bool, name: &str) -> Result<Vec<&'n [(String, Node)]>> {
    let Kind::Array(items) = &node.kind else {
        return Err(match (&node.kind, binary) {
            (_, true) => refused(format!("cannot call {name} on a non-array")),
            (Kind::Object(_), _) => refused(format!("cannot call {name} on an object")),
            _ => refused(format!("cannot call {name} on a scalar")),
        });
    };
    items
        .iter()
        .map(|item| match &item.kind {
            Kind::Object(fields) => Ok(fields.as_slice()),
            _ => Err(refused(format!("argument of {name} must be an array of objects"))),
        })
        .collect()
}

fn populate_set(cx: &mut FnCtx<'_>, args: &[Datum], binary: bool, name: &str) -> Result<Box<dyn RowSource>> {
    need_row_type(cx, name)?;
    if args[1].is_null() {
        return Ok(rows(Vec::new()));
    }
    let text = json_text(&args[1], binary);
    let node = parse(&text)?;
    let base = (!args[0].is_null()).then(|| RecordRef::of(&args[0]));
    let oid = row_type(cx, base)?;
    let desc: Arc<TupleDesc> = cx.types.row_desc(oid, -1)?;
    let mut all = Vec::new();
    for fields in objects(&node, binary, name)? {
        let columns = columns_of(cx, &text, fields, &desc, base)?;
        all.push(columns.into_iter().map(|(_, v)| v).collect());
    }
    Ok(wide_rows(all))
}

fn to_set(cx: &mut FnCtx<'_>, args: &[Datum], binary: bool, name: &str) -> Result<Box<dyn RowSource>> {
    let desc = declared(cx, name)?;
    let text = json_text(&args[0], binary);
    let node = parse(&text)?;
    let mut all = Vec::new();
    for fields in objects(&node, binary, name)? {
        let columns = columns_of(cx, &text, fields, &desc, None)?;
        all.push(columns.into_iter().map(|(_, v)| v).collect());
    }
    Ok(wide_rows(all))
}

raw_builtins! {
    fn json_populate_record(cx, args) { populate(cx, args, false) }
    fn jsonb_populate_record(cx, args) { populate(cx, args, true) }
    fn json_to_record(cx, args) { to_record(cx, args, false, "json_to_record") }
    fn jsonb_to_record(cx, args) { to_record(cx, args, true, "jsonb_to_record") }
}

set_returning! {
    fn json_populate_recordset(cx, args) { populate_set(cx, args, false, "json_populate_recordset") }
    fn jsonb_populate_recordset(cx, args) { populate_set(cx, args, true, "jsonb_populate_recordset") }
    fn json_to_recordset(cx, args) { to_set(cx, args, false, "json_to_recordset") }
    fn jsonb_to_recordset(cx, args) { to_set(cx, args, true, "jsonb_to_recordset") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_context;
    use tuple::{Attribute, Repr};

    #[test]
    fn objects_become_rows() {
        let desc = TupleDesc {
            attributes: vec![
                Attribute::new("a", type_oid::INT4, 4, Repr::Int4),
                Attribute::new("x", Oid(1007), -1, Repr::Bytes),
            ],
        };
        with_context(|cx| {
            let mut cx = cx.call(&[], type_oid::RECORD, Oid::INVALID);
            cx.expected_row = Some(&desc);
            let json = Datum::text("[{\"a\":\"1\",\"x\":[[1,2],[3,4]]},{}]");
            let mut source = srf_symbols::json_to_recordset(&mut cx, &[json]).unwrap();
            let mut row = Vec::new();
            assert!(source.next(&mut cx, &mut row).unwrap());
            assert_eq!(row[0].as_i32(), 1);
            assert_eq!(crate::array::ArrayRef::of(&row[1]).len(), 4);
            row.clear();
            assert!(source.next(&mut cx, &mut row).unwrap());
            assert!(row.iter().all(Datum::is_null));
            let uneven = to_record(&mut cx, &[Datum::text("{\"x\":[[1,2],[3]]}")], false, "f").unwrap_err();
            assert_eq!(uneven.message(), "malformed JSON array");
            let scalar = to_record(&mut cx, &[Datum::text("{\"x\":[[1],2]}")], false, "f").unwrap_err();
            assert_eq!(scalar.fields().hint.as_deref(), Some("See the array element [1] of key \"x\"."));
        });
    }
}
