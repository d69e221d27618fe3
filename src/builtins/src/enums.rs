//! Enums: values are oids of labels, whose order the catalogs know.

use crate::FnCtx;
use crate::array::build_list;
use crate::types::{EnumLabel, type_info};
use crate::wire::text_of;
use base::Oid;
use report::{Result, bail, error};
use std::cmp::Ordering;
use tuple::{Datum, Repr};

fn order(cx: &FnCtx<'_>, a: Oid, b: Oid) -> Result<Ordering> {
    if a == b {
        return Ok(Ordering::Equal);
    }
    let (_, x) = cx.types.enum_value(a)?;
    let (_, y) = cx.types.enum_value(b)?;
    Ok(x.sort_order.total_cmp(&y.sort_order))
}

fn parse(cx: &FnCtx<'_>, text: &str, type_oid: Oid) -> Result<Oid> {
    let labels = cx.types.enum_labels(type_oid)?;
    match labels.iter().find(|l| l.label == text) {
        Some(label) => usable(cx, type_oid, label),
        None => {
            let name = cx.types.type_name(type_oid, -1);
            Err(error!(INVALID_TEXT_REPRESENTATION, "invalid input value for enum {name}: \"{text}\""))
        }
    }
}

/// A label's value. Errors: 55P04 if the present transaction added it.
fn usable(cx: &FnCtx<'_>, type_oid: Oid, label: &EnumLabel) -> Result<Oid> {
    if !cx.types.is_new_enum_value(label.oid) {
        return Ok(label.oid);
    }
    let (name, label) = (cx.types.type_name(type_oid, -1), &label.label);
    let error = error!(UNSAFE_NEW_ENUM_VALUE_USAGE, "unsafe use of new value \"{label}\" of enum type {name}");
    Err(error.hint("New enum values must be committed before they can be used."))
}

/// The labels of the enum type that the call is about: its argument's type.
fn labels(cx: &FnCtx<'_>) -> Result<std::sync::Arc<[EnumLabel]>> {
    if !cx.arg_type(0).is_valid() {
        bail!(FEATURE_NOT_SUPPORTED, "could not determine actual enum type");
    }
    let labels = cx.types.enum_labels(cx.arg_type(0))?;
    if labels.is_empty() {
        let name = cx.types.type_name(cx.arg_type(0), -1);
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "enum {name} contains no values");
    }
    Ok(labels)
}

/// The values from `first` to `last`, open where null.
fn range(cx: &FnCtx<'_>, first: Option<Oid>, last: Option<Oid>) -> Result<Datum> {
    let labels = labels(cx)?;
    let place = |oid: Oid| labels.iter().position(|l| l.oid == oid);
    let from = first.and_then(place).unwrap_or(0);
    let to = last.and_then(place).map_or(labels.len(), |at| at + 1);
    let wanted = labels.get(from..to).unwrap_or(&[]).iter();
    let values = wanted.map(|l| usable(cx, cx.arg_type(0), l).map(Datum::Oid)).collect::<Result<Vec<Datum>>>()?;
    let repr = type_info(cx, cx.arg_type(0))?.repr();
    debug_assert_eq!(repr, Repr::Oid);
    build_list(cx.arg_type(0), repr, &values)
}

builtins! {
    fn enum_in[cx](text: &str, type_oid: Oid) -> Oid { parse(cx, text, type_oid)? }
    fn enum_out[cx](a: Oid) -> String { cx.types.enum_value(a)?.1.label }
    fn enum_recv[cx](bytes: &[u8], type_oid: Oid) -> Oid { parse(cx, text_of(bytes)?, type_oid)? }
    fn enum_send[cx](a: Oid) -> String { cx.types.enum_value(a)?.1.label }
    fn enum_eq(a: Oid, b: Oid) -> bool { a == b }
    fn enum_ne(a: Oid, b: Oid) -> bool { a != b }
    fn enum_lt[cx](a: Oid, b: Oid) -> bool { order(cx, a, b)?.is_lt() }
    fn enum_le[cx](a: Oid, b: Oid) -> bool { order(cx, a, b)?.is_le() }
    fn enum_gt[cx](a: Oid, b: Oid) -> bool { order(cx, a, b)?.is_gt() }
    fn enum_ge[cx](a: Oid, b: Oid) -> bool { order(cx, a, b)?.is_ge() }
    fn enum_cmp[cx](a: Oid, b: Oid) -> i32 { order(cx, a, b)? as i32 }
    fn enum_smaller[cx](a: Oid, b: Oid) -> Oid { if order(cx, a, b)?.is_lt() { a } else { b } }
    fn enum_larger[cx](a: Oid, b: Oid) -> Oid { if order(cx, a, b)?.is_gt() { a } else { b } }
    fn enum_first[cx](a: Option<Oid>) -> Oid { usable(cx, cx.arg_type(0), &labels(cx)?[0])? }
    fn enum_last[cx](a: Option<Oid>) -> Oid {
        let labels = labels(cx)?;
        usable(cx, cx.arg_type(0), &labels[labels.len() - 1])?
    }
    fn enum_range_all[cx](a: Option<Oid>) -> Datum { range(cx, None, None)? }
    fn enum_range_bounds[cx](first: Option<Oid>, last: Option<Oid>) -> Datum { range(cx, first, last)? }
}
