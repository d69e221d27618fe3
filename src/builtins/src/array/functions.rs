//! The SQL functions over arrays.

use super::layout::{ArrayRef, DIMENSIONS_MAX, Dimension, build, build_list, check_size, empty};
use super::text;
use crate::compare::{comparator, hasher};
use crate::string::split::rows;
use crate::types::{type_info, type_oid};
use crate::wire::Reader;
use crate::{FnCtx, RowSource};
use base::Oid;
use report::{Result, bail, error};
use std::cmp::Ordering;
use tuple::{Comparator, Datum, Repr};

/// The dimension with this number (from 1).
fn dimension(array: &Datum, number: i32) -> Option<Dimension> {
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    ArrayRef::of(array).dimensions().nth(at)
}

/// The order of the elements of an array.
fn element_order(cx: &FnCtx<'_>, array: ArrayRef<'_>) -> Result<Comparator> {
    comparator(array.element_type(), cx.collation, cx.types)
}

fn same_element_types(a: ArrayRef<'_>, b: ArrayRef<'_>) -> Result<()> {
    if a.element_type() != b.element_type() {
        bail!(DATATYPE_MISMATCH, "cannot compare arrays of different element types");
    }
    Ok(())
}

fn order(cx: &FnCtx<'_>, a: &Datum, b: &Datum) -> Result<Ordering> {
    same_element_types(ArrayRef::of(a), ArrayRef::of(b))?;
    let element = element_order(cx, ArrayRef::of(a))?;
    let ordering = super::compare(a, b, &element);
    element.check().map(|()| ordering)
}

/// True if each non-null element of `inner` is in `outer`; a null is in nothing.
fn contains(cx: &FnCtx<'_>, outer: &Datum, inner: &Datum) -> Result<bool> {
    let (outer, inner) = (ArrayRef::of(outer), ArrayRef::of(inner));
    same_element_types(outer, inner)?;
    let order = element_order(cx, outer)?;
    let holds_all = inner.iter().all(|wanted| holds(outer, &wanted, &order));
    order.check().map(|()| holds_all)
}

fn holds(array: ArrayRef<'_>, wanted: &Datum, order: &Comparator) -> bool {
    !wanted.is_null() && array.iter().any(|v| !v.is_null() && order.compare(wanted, &v).is_eq())
}

fn overlaps(cx: &FnCtx<'_>, a: &Datum, b: &Datum) -> Result<bool> {
    let (a, b) = (ArrayRef::of(a), ArrayRef::of(b));
    same_element_types(a, b)?;
    let order = element_order(cx, a)?;
    let overlap = a.iter().any(|v| holds(b, &v, &order));
    order.check().map(|()| overlap)
}

/// The element type and representation that a polymorphic function works with: of its array argument's type, or of
/// the element's.
fn element_of(cx: &FnCtx<'_>, array: &Datum, array_arg: usize) -> Result<(Oid, Repr)> {
    if !array.is_null() {
        let view = ArrayRef::of(array);
        return Ok((view.element_type(), view.repr()));
    }
    let oid = type_info(cx, cx.arg_type(array_arg))?.element;
    Ok((oid, type_info(cx, oid)?.repr()))
}

/// `array || element` and `element || array`.
fn push(cx: &FnCtx<'_>, array: &Datum, value: &Datum, array_arg: usize) -> Result<Datum> {
    let (oid, repr) = element_of(cx, array, array_arg)?;
    let (mut values, mut lower) = (Vec::new(), 1);
    if !array.is_null() {
        let view = ArrayRef::of(array);
        match (view.dimension_count(), view.dimensions().next()) {
            (1, Some(d)) => lower = d.lower,
            (0, _) => {}
            _ => bail!(DATA_EXCEPTION, "argument must be empty or one-dimensional array"),
        }
        values.extend(view.iter());
    }
    if array_arg == 0 {
        let next = i64::from(lower) + values.len() as i64;
        i32::try_from(next).map_err(|_| crate::errors::out_of_range("integer"))?;
        values.push(value.clone());
    } else {
        // The new first element takes the old first one's subscript.
        values.insert(0, value.clone());
    }
    build(oid, repr, &[Dimension { length: values.len() as i32, lower }], &values)
}

#[cold]
fn incompatible(detail: &str) -> report::Error {
    error!(ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays").detail(detail)
}

fn concat(a: &Datum, b: &Datum) -> Result<Datum> {
    let (left, right) = match (a.is_null(), b.is_null()) {
        (true, _) => return Ok(b.clone()),
        (_, true) => return Ok(a.clone()),
        _ => (ArrayRef::of(a), ArrayRef::of(b)),
    };
    if left.element_type() != right.element_type() {
        return Err(error!(DATATYPE_MISMATCH, "cannot concatenate incompatible arrays")
            .detail("Arrays with element types are not compatible for concatenation."));
    }
    if left.is_empty() {
        return Ok(b.clone());
    }
    if right.is_empty() {
        return Ok(a.clone());
    }
    let dims = concat_dimensions(&left.dimensions().collect::<Vec<_>>(), &right.dimensions().collect::<Vec<_>>())?;
    let values: Vec<Datum> = left.iter().chain(right.iter()).collect();
    build(left.element_type(), left.repr(), &dims, &values)
}

fn concat_dimensions(left: &[Dimension], right: &[Dimension]) -> Result<Vec<Dimension>> {
    if left.len() == right.len() {
        if !left[1..].iter().eq(&right[1..]) {
            return Err(incompatible("Arrays with differing element dimensions are not compatible for concatenation."));
        }
        let mut dims = left.to_vec();
        dims[0].length += right[0].length;
        return Ok(dims);
    }
    let (outer, inner) = if left.len() > right.len() { (left, right) } else { (right, left) };
    if outer.len() != inner.len() + 1 {
        let (m, n) = (left.len(), right.len());
        return Err(incompatible(&format!("Arrays of {m} and {n} dimensions are not compatible for concatenation.")));
    }
    if outer[1..] != *inner {
        return Err(incompatible("Arrays with differing dimensions are not compatible for concatenation."));
    }
    let mut dims = outer.to_vec();
    dims[0].length += 1;
    Ok(dims)
}

/// `array_to_string`.
fn join(cx: &mut FnCtx<'_>, array: &Datum, separator: &str, null: Option<&str>) -> Result<String> {
    let view = ArrayRef::of(array);
    let (mut out, mut first) = (Vec::new(), true);
    for value in view.iter() {
        if value.is_null() && null.is_none() {
            continue;
        }
        if !first {
            out.extend_from_slice(separator.as_bytes());
        }
        first = false;
        match null {
            Some(null) if value.is_null() => out.extend_from_slice(null.as_bytes()),
            _ => crate::output(cx, view.element_type(), &value, &mut out)?,
        }
    }
    Ok(String::from_utf8(out).expect("output functions give UTF-8"))
}

/// True if two elements are the same, nulls being the same as each other.
fn not_distinct(a: &Datum, b: &Datum, order: &Comparator) -> bool {
    match (a.is_null(), b.is_null()) {
        (false, false) => order.compare(a, b).is_eq(),
        (x, y) => x == y,
    }
}

fn positions(cx: &FnCtx<'_>, array: &Datum, wanted: &Datum) -> Result<Vec<i32>> {
    let view = ArrayRef::of(array);
    if view.dimension_count() > 1 {
        bail!(FEATURE_NOT_SUPPORTED, "searching for elements in multidimensional arrays is not supported");
    }
    let lower = view.dimensions().next().map_or(1, |d| d.lower);
    let order = element_order(cx, view)?;
    let places = view.iter().enumerate().filter(|(_, v)| not_distinct(v, wanted, &order));
    Ok(places.map(|(i, _)| lower + i as i32).collect())
}

/// `array_remove` (no `new`) and `array_replace`.
fn substitute(cx: &FnCtx<'_>, array: &Datum, old: &Datum, new: Option<&Datum>) -> Result<Datum> {
    let view = ArrayRef::of(array);
    if new.is_none() && view.dimension_count() > 1 {
        bail!(FEATURE_NOT_SUPPORTED, "removing elements from multidimensional arrays is not supported");
    }
    let order = element_order(cx, view)?;
    let mut values = Vec::with_capacity(view.len());
    for value in view.iter() {
        match (not_distinct(&value, old, &order), new) {
            (false, _) => values.push(value),
            (true, Some(new)) => values.push(new.clone()),
            (true, None) => {}
        }
    }
    if values.is_empty() {
        return Ok(empty(view.element_type(), view.repr()));
    }
    let mut dims: Vec<Dimension> = view.dimensions().collect();
    if new.is_none() {
        dims[0].length = values.len() as i32;
    }
    build(view.element_type(), view.repr(), &dims, &values)
}

/// The numbers in a dimension argument of array_fill.
fn fill_numbers(array: &Datum) -> Result<Vec<i32>> {
    let view = ArrayRef::of(array);
    if view.dimension_count() > 1 {
        return Err(error!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Dimension array must be one dimensional."));
    }
    if view.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null");
    }
    Ok(view.iter().map(|v| v.as_i32()).collect())
}

fn fill(cx: &FnCtx<'_>, value: &Datum, lengths: &Datum, lowers: Option<&Datum>) -> Result<Datum> {
    if lengths.is_null() || lowers.is_some_and(Datum::is_null) {
        bail!(NULL_VALUE_NOT_ALLOWED, "dimension array or low bound array cannot be null");
    }
    let lengths = fill_numbers(lengths)?;
    if lengths.len() > DIMENSIONS_MAX {
        let count = lengths.len();
        bail!(
            PROGRAM_LIMIT_EXCEEDED,
            "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        );
    }
    let lowers = match lowers {
        Some(lowers) => fill_numbers(lowers)?,
        None => vec![1; lengths.len()],
    };
    if lowers.len() != lengths.len() {
        return Err(error!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Low bound array has different size than dimensions array."));
    }
    let element = cx.arg_type(0);
    let repr = type_info(cx, element)?.repr();
    if lengths.iter().any(|length| *length < 0) {
        bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({})", super::ELEMENTS_MAX);
    }
    let dims: Vec<Dimension> =
        lengths.iter().zip(&lowers).map(|(length, lower)| Dimension { length: *length, lower: *lower }).collect();
    let count = check_size(&dims)?;
    memory::room_for(2 * count * size_of::<Datum>())?;
    if dims.is_empty() || count == 0 {
        return Ok(empty(element, repr));
    }
    build(element, repr, &dims, &vec![value.clone(); count])
}

fn trim(array: &Datum, count: i32) -> Result<Datum> {
    let view = ArrayRef::of(array);
    let mut dims: Vec<Dimension> = view.dimensions().collect();
    let rows = dims.first().map_or(0, |d| d.length);
    if count < 0 || count > rows {
        bail!(ARRAY_SUBSCRIPT_ERROR, "number of elements to trim must be between 0 and {rows}");
    }
    if count == rows {
        return Ok(empty(view.element_type(), view.repr()));
    }
    let row_size = view.len() / rows as usize;
    dims[0] = Dimension { length: rows - count, lower: 1 };
    for d in &mut dims {
        d.lower = 1;
    }
    let values: Vec<Datum> = view.iter().take(row_size * (rows - count) as usize).collect();
    build(view.element_type(), view.repr(), &dims, &values)
}

/// PostgreSQL's hash of an array: 31 times that of the elements so far plus the next one's.
fn sql_hash(cx: &mut FnCtx<'_>, array: &Datum, seed: Option<i64>) -> Result<u64> {
    let view = ArrayRef::of(array);
    let mut result: u64 = 1;
    for value in view.iter() {
        let hash = if value.is_null() { 0 } else { element_hash(cx, view.element_type(), &value, seed)? };
        result = match seed {
            None => u64::from((result as u32).wrapping_mul(31).wrapping_add(hash as u32)),
            Some(_) => result.wrapping_mul(31).wrapping_add(hash),
        };
    }
    Ok(result)
}

/// PostgreSQL's hash of a value of any type that has a hash operator class here.
pub(crate) fn element_hash(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum, seed: Option<i64>) -> Result<u64> {
    let Some(symbol) = hash_symbol(cx, type_oid)? else {
        // Reports the missing hash function.
        hasher(type_oid, cx.collation, cx.types)?;
        return Ok(0);
    };
    let function = match seed {
        None => crate::by_symbol(symbol),
        Some(_) if symbol == "hashvarlena" => crate::by_symbol("hashvarlenaextended"),
        Some(_) => crate::by_symbol(&extended_symbol(symbol)),
    };
    let Some(function) = function else { return Ok(0) };
    let args = [value.clone(), seed.map_or(Datum::Null, Datum::Int8)];
    match function(cx, &args)? {
        Datum::Int4(hash) => Ok(u64::from(hash as u32)),
        Datum::Int8(hash) => Ok(hash as u64),
        _ => Ok(0),
    }
}

fn extended_symbol(symbol: &str) -> String {
    if symbol.contains('_') { format!("{symbol}_extended") } else { format!("{symbol}extended") }
}

fn hash_symbol(cx: &FnCtx<'_>, type_oid: Oid) -> Result<Option<&'static str>> {
    use crate::type_oid as t;
    let info = type_info(cx, type_oid)?;
    Ok(Some(match type_oid {
        t::BOOL | t::CHAR => "hashchar",
        t::INT2 => "hashint2",
        t::INT4 | t::DATE | t::XID | t::CID => "hashint4",
        t::INT8 => "hashint8",
        t::FLOAT4 => "hashfloat4",
        t::FLOAT8 => "hashfloat8",
        t::NUMERIC => "hash_numeric",
        t::TEXT | t::VARCHAR => "hashtext",
        t::BPCHAR => "hashbpchar",
        t::NAME => "hashname",
        t::BYTEA => "hashvarlena",
        t::UUID => "uuid_hash",
        t::INET | t::CIDR => "hashinet",
        t::MACADDR => "hashmacaddr",
        t::MACADDR8 => "hashmacaddr8",
        t::TID => "hashtid",
        t::TIMESTAMP | t::TIMESTAMPTZ => "timestamp_hash",
        t::TIME => "time_hash",
        t::TIMETZ => "timetz_hash",
        t::INTERVAL => "interval_hash",
        t::JSONB => "jsonb_hash",
        t::PG_LSN => "pg_lsn_hash",
        _ if info.kind == b'e' => "hashenum",
        _ if info.is_array() => "hash_array",
        _ if info.repr() == Repr::Oid => "hashoid",
        _ => return Ok(None),
    }))
}

/// `width_bucket(operand, thresholds)`: how many thresholds, in ascending order, are at most the operand.
fn width_bucket(cx: &FnCtx<'_>, operand: &Datum, thresholds: &Datum) -> Result<i32> {
    let view = ArrayRef::of(thresholds);
    if view.dimension_count() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array");
    }
    if view.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs");
    }
    let order = element_order(cx, view)?;
    let (mut low, mut high) = (0, view.len());
    while low < high {
        let middle = (low + high) / 2;
        match order.compare(operand, &view.get(middle)) {
            Ordering::Less => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low as i32)
}

/// The elements of an array one by one.
struct Unnest {
    array: Datum,
    next: usize,
}

impl RowSource for Unnest {
    fn next(&mut self, _cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let view = ArrayRef::of(&self.array);
        let found = self.next < view.len();
        if found {
            out.push(view.get(self.next));
            self.next += 1;
        }
        Ok(found)
    }
}

/// An array's elements, each with its place from 1: drivers ask for the columns of a key so.
struct Expand {
    elements: Unnest,
}

impl RowSource for Expand {
    fn next(&mut self, cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let found = self.elements.next(cx, out)?;
        if found {
            out.push(Datum::Int4(self.elements.next as i32));
        }
        Ok(found)
    }
}

fn subscripts(args: &[Datum]) -> Vec<Datum> {
    let Some(d) = dimension(&args[0], args[1].as_i32()) else { return Vec::new() };
    let mut all: Vec<Datum> = (d.lower..d.lower + d.length).map(Datum::Int4).collect();
    if args.get(2).is_some_and(Datum::is_true) {
        all.reverse();
    }
    all
}

fn read_int2(text: &str) -> Result<Datum> {
    crate::int::parse_i16(text).map(Datum::Int2)
}

fn vector_recv(bytes: &[u8], element: Oid, repr: Repr, name: &str) -> Result<Datum> {
    let mut reader = Reader::new(bytes);
    let bad = || error!(INVALID_BINARY_REPRESENTATION, "invalid {name} data");
    let (dims, _flags, sent) = (reader.i32()?, reader.i32()?, reader.u32()?);
    if dims != 1 || Oid(sent) != element {
        return Err(bad());
    }
    let (count, lower) = (reader.i32()?, reader.i32()?);
    if lower != 0 || count < 0 {
        return Err(bad());
    }
    let mut values = Vec::new();
    for _ in 0..count {
        reader.i32()?;
        values.push(if repr == Repr::Int2 { Datum::Int2(reader.i16()?) } else { Datum::Oid(Oid(reader.u32()?)) });
    }
    text::vector(element, repr, &values)
}

/// The binary form of a vector, which has one dimension even if it is empty.
fn send_vector(cx: &mut FnCtx<'_>, vector: ArrayRef<'_>) -> Result<Vec<u8>> {
    if !vector.is_empty() {
        return text::print_binary(cx, vector);
    }
    let words = [1, 0, vector.element_type().0, 0, 0];
    Ok(words.iter().flat_map(|w| w.to_be_bytes()).collect())
}

fn vector_order(a: &Datum, b: &Datum) -> Ordering {
    super::compare_oidvectors(a, b)
}

/// `oidvectortypes`: the names of types with commas between.
fn type_names(cx: &FnCtx<'_>, vector: &Datum) -> String {
    let names: Vec<String> = ArrayRef::of(vector).iter().map(|v| cx.types.type_name(v.as_oid(), -1)).collect();
    names.join(", ")
}

builtins! {
    fn array_in[cx](text: &str, element: Oid, type_mod: i32) -> Datum { text::parse(cx, text, element, type_mod)? }
    fn array_out[cx](a: &Datum) -> Vec<u8> { text::print(cx, ArrayRef::of(a))? }
    fn array_recv[cx](bytes: &[u8], element: Oid, type_mod: i32) -> Datum {
        text::parse_binary(cx, bytes, element, type_mod)?
    }
    fn array_send[cx](a: &Datum) -> Vec<u8> { text::print_binary(cx, ArrayRef::of(a))? }
    fn anyarray_out[cx](a: &Datum) -> Vec<u8> { text::print(cx, ArrayRef::of(a))? }
    fn anyarray_send[cx](a: &Datum) -> Vec<u8> { text::print_binary(cx, ArrayRef::of(a))? }
    fn int2vectorin(text: &str) -> Datum { text::parse_vector(text, type_oid::INT2, Repr::Int2, read_int2)? }
    fn int2vectorout(a: &Datum) -> String { text::print_vector(ArrayRef::of(a)) }
    fn int2vectorrecv(bytes: &[u8]) -> Datum { vector_recv(bytes, type_oid::INT2, Repr::Int2, "int2vector")? }
    fn int2vectorsend[cx](a: &Datum) -> Vec<u8> { send_vector(cx, ArrayRef::of(a))? }
    fn oidvectorin(text: &str) -> Datum {
        text::parse_vector(text, type_oid::OID, Repr::Oid, |t| crate::oid::parse_oid(t).map(Datum::Oid))?
    }
    fn oidvectorout(a: &Datum) -> String { text::print_vector(ArrayRef::of(a)) }
    fn oidvectorrecv(bytes: &[u8]) -> Datum { vector_recv(bytes, type_oid::OID, Repr::Oid, "oidvector")? }
    fn oidvectorsend[cx](a: &Datum) -> Vec<u8> { send_vector(cx, ArrayRef::of(a))? }
    fn oidvectortypes[cx](a: &Datum) -> String { type_names(cx, a) }
    fn oidvectoreq(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_eq() }
    fn oidvectorne(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_ne() }
    fn oidvectorlt(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_lt() }
    fn oidvectorle(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_le() }
    fn oidvectorgt(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_gt() }
    fn oidvectorge(a: &Datum, b: &Datum) -> bool { vector_order(a, b).is_ge() }
    fn btoidvectorcmp(a: &Datum, b: &Datum) -> i32 {
        let (x, y) = (ArrayRef::of(a).len() as i32, ArrayRef::of(b).len() as i32);
        if x == y { vector_order(a, b) as i32 } else { x - y }
    }
    fn hashoidvector(a: &Datum) -> i32 { crate::hash_bytes(&oid_bytes(a)) as i32 }
    fn hashoidvectorextended(a: &Datum, seed: i64) -> i64 {
        crate::hash_bytes_extended(&oid_bytes(a), seed as u64) as i64
    }
    fn array_eq[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_eq() }
    fn array_ne[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_ne() }
    fn array_lt[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_lt() }
    fn array_le[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_le() }
    fn array_gt[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_gt() }
    fn array_ge[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_ge() }
    fn btarraycmp[cx](a: &Datum, b: &Datum) -> i32 { order(cx, a, b)? as i32 }
    fn array_larger[cx](a: &Datum, b: &Datum) -> Datum { if order(cx, a, b)?.is_gt() { a.clone() } else { b.clone() } }
    fn array_smaller[cx](a: &Datum, b: &Datum) -> Datum { if order(cx, a, b)?.is_lt() { a.clone() } else { b.clone() } }
    fn arraycontains[cx](a: &Datum, b: &Datum) -> bool { contains(cx, a, b)? }
    fn arraycontained[cx](a: &Datum, b: &Datum) -> bool { contains(cx, b, a)? }
    fn arrayoverlap[cx](a: &Datum, b: &Datum) -> bool { overlaps(cx, a, b)? }
    fn hash_array[cx](a: &Datum) -> i32 { sql_hash(cx, a, None)? as i32 }
    fn hash_array_extended[cx](a: &Datum, seed: i64) -> i64 { sql_hash(cx, a, Some(seed))? as i64 }
    fn array_ndims(a: &Datum) -> Option<i32> { Some(ArrayRef::of(a).dimension_count() as i32).filter(|n| *n > 0) }
    fn array_dims(a: &Datum) -> Option<String> {
        let all: String =
            ArrayRef::of(a).dimensions().map(|d| format!("[{}:{}]", d.lower, d.lower + d.length - 1)).collect();
        Some(all).filter(|text| !text.is_empty())
    }
    fn array_lower(a: &Datum, number: i32) -> Option<i32> { dimension(a, number).map(|d| d.lower) }
    fn array_upper(a: &Datum, number: i32) -> Option<i32> { dimension(a, number).map(|d| d.lower + d.length - 1) }
    fn array_length(a: &Datum, number: i32) -> Option<i32> { dimension(a, number).map(|d| d.length) }
    fn array_cardinality(a: &Datum) -> i32 { ArrayRef::of(a).len() as i32 }
    fn array_append[cx](a: &Datum, value: &Datum) -> Datum { push(cx, a, value, 0)? }
    fn array_prepend[cx](value: &Datum, a: &Datum) -> Datum { push(cx, a, value, 1)? }
    fn array_cat(a: &Datum, b: &Datum) -> Datum { concat(a, b)? }
    fn array_to_text[cx](a: &Datum, separator: &str) -> String { join(cx, a, separator, None)? }
    fn array_to_text_null[cx](a: Option<&Datum>, separator: Option<&str>, null: Option<&str>) -> Option<String> {
        match (a, separator) {
            (Some(a), Some(separator)) => Some(join(cx, a, separator, null)?),
            _ => None,
        }
    }
    fn array_position[cx](a: Option<&Datum>, wanted: &Datum) -> Option<i32> {
        match a {
            Some(a) => positions(cx, a, wanted)?.first().copied(),
            None => None,
        }
    }
    fn array_position_start[cx](a: Option<&Datum>, wanted: &Datum, start: Option<i32>) -> Option<i32> {
        let Some(a) = a else { return Ok(Datum::Null) };
        let places = positions(cx, a, wanted)?;
        let view = ArrayRef::of(a);
        if view.is_empty() || (wanted.is_null() && !view.has_nulls()) {
            return Ok(Datum::Null);
        }
        let Some(start) = start else { bail!(NULL_VALUE_NOT_ALLOWED, "initial position must not be null") };
        places.into_iter().find(|p| *p >= start)
    }
    fn array_positions[cx](a: Option<&Datum>, wanted: &Datum) -> Datum {
        let Some(a) = a else { return Ok(Datum::Null) };
        let places: Vec<Datum> = positions(cx, a, wanted)?.into_iter().map(Datum::Int4).collect();
        build_list(type_oid::INT4, Repr::Int4, &places)?
    }
    fn array_remove[cx](a: Option<&Datum>, old: &Datum) -> Datum {
        match a {
            Some(a) => substitute(cx, a, old, None)?,
            None => Datum::Null,
        }
    }
    fn array_replace[cx](a: Option<&Datum>, old: &Datum, new: &Datum) -> Datum {
        match a {
            Some(a) => substitute(cx, a, old, Some(new))?,
            None => Datum::Null,
        }
    }
    fn array_fill[cx](value: &Datum, lengths: &Datum) -> Datum { fill(cx, value, lengths, None)? }
    fn array_fill_with_lower_bounds[cx](value: &Datum, lengths: &Datum, lowers: &Datum) -> Datum {
        fill(cx, value, lengths, Some(lowers))?
    }
    fn trim_array(a: &Datum, count: i32) -> Datum { trim(a, count)? }
    fn width_bucket_array[cx](operand: &Datum, thresholds: &Datum) -> i32 { width_bucket(cx, operand, thresholds)? }
}

fn oid_bytes(vector: &Datum) -> Vec<u8> {
    ArrayRef::of(vector).iter().flat_map(|v| v.as_oid().0.to_le_bytes()).collect()
}

set_returning! {
    fn array_unnest(cx, args) { Ok(Box::new(Unnest { array: args[0].clone(), next: 0 })) }
    fn pg_expandarray(cx, args) {
        Ok(Box::new(Expand { elements: Unnest { array: args[0].clone(), next: 0 } }))
    }
    fn generate_subscripts(cx, args) { Ok(rows(subscripts(args))) }
    fn generate_subscripts_nodir(cx, args) { Ok(rows(subscripts(args))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{call, call_with_types, text_of, with_context};

    fn parse(text: &str, element: Oid) -> Result<Datum> {
        with_context(|cx| text::parse(cx, text, element, -1))
    }

    fn round_trip(text: &str, element: Oid) -> String {
        match parse(text, element) {
            Ok(array) => text_of(call("array_out", &[array])),
            Err(error) => error.fields().detail.clone().unwrap_or_else(|| error.message().to_owned()),
        }
    }

    #[test]
    fn text_form() {
        for (given, expected) in [
            ("{1,2}", "{1,2}"),
            (" { 1 , NULL , 3 } ", "{1,NULL,3}"),
            ("{}", "{}"),
            ("[0:1]={5,6}", "[0:1]={5,6}"),
            ("{{1,2},{3,4}}", "{{1,2},{3,4}}"),
            ("[1:1][2:3]={{1,2}}", "[1:1][2:3]={{1,2}}"),
            ("{1,2", "Unexpected end of input."),
            ("{1,,2}", "Unexpected \",\" character."),
            ("{1}x", "Junk after closing right brace."),
            ("x", "Array value must start with \"{\" or dimension information."),
            ("{{1,2},{3}}", "Multidimensional arrays must have sub-arrays with matching dimensions."),
            ("{{1,2},3}", "Unexpected array element."),
            ("[1:2]={1}", "Specified array dimensions do not match array contents."),
            ("[2:1]={1}", "upper bound cannot be less than lower bound"),
            ("[1:2]{1,2}", "Missing \"=\" after array dimensions."),
            ("[a]={1}", "\"[\" must introduce explicitly-specified array dimensions."),
            ("[1:2", "Missing \"]\" after array dimensions."),
            ("[1:2]=1", "Array contents must start with \"{\"."),
            ("{1,}", "Unexpected \"}\" character."),
            ("{{},{}}", "Unexpected \"}\" character."),
            ("{{{{{{{1}}}}}}}", "number of array dimensions (7) exceeds the maximum allowed (6)"),
        ] {
            assert_eq!(round_trip(given, type_oid::INT4), expected, "{given}");
        }
        assert_eq!(round_trip("{a, \"b c\",\"\",\"null\",\\\"}", type_oid::TEXT), "{a,\"b c\",\"\",\"null\",\"\\\"\"}");
        assert_eq!(round_trip("{a\"b\"}", type_oid::TEXT), "Unexpected array element.");
    }

    #[test]
    fn binary_form() {
        let array = parse("{{1,NULL},{3,4}}", type_oid::INT4).unwrap();
        let sent = call("array_send", std::slice::from_ref(&array)).unwrap();
        let back = with_context(|cx| text::parse_binary(cx, sent.as_bytes(), type_oid::INT4, -1)).unwrap();
        assert_eq!(text_of(call("array_out", &[back])), "{{1,NULL},{3,4}}");
    }

    #[test]
    fn functions() {
        let ints = |text: &str| parse(text, type_oid::INT4).unwrap();
        let show = |d: Result<Datum>| match d {
            Ok(d) => text_of(call("array_out", &[d])),
            Err(e) => e.message().to_owned(),
        };
        assert_eq!(show(call("array_cat", &[ints("{1}"), ints("{{1},{2}}")])), "{{1},{1},{2}}");
        assert_eq!(
            show(call("array_cat", &[ints("{{1,2}}"), ints("{{1}}")])),
            "cannot concatenate incompatible arrays"
        );
        assert_eq!(show(call("array_append", &[ints("[0:1]={1,2}"), Datum::Int4(3)])), "[0:2]={1,2,3}");
        assert_eq!(show(call("array_prepend", &[Datum::Int4(0), ints("{1,2}")])), "{0,1,2}");
        assert_eq!(show(call("array_remove", &[ints("{1,NULL,1}"), Datum::Int4(1)])), "{NULL}");
        assert_eq!(show(call("array_replace", &[ints("{1,NULL}"), Datum::Null, Datum::Int4(7)])), "{1,7}");
        assert_eq!(
            show(call("trim_array", &[ints("{1,2}"), Datum::Int4(3)])),
            "number of elements to trim must be between 0 and 2"
        );
        let filled = call_with_types("array_fill", &[type_oid::INT4], &[Datum::Int4(7), ints("{2}")]);
        assert_eq!(show(filled), "{7,7}");
        assert!(call("arraycontains", &[ints("{1,2,3}"), ints("{3,1}")]).unwrap().is_true());
        assert!(call("array_lt", &[ints("{1,2}"), ints("{1,3}")]).unwrap().is_true());
        assert_eq!(text_of(call("hash_array", &[ints("{1,2,NULL}")])), "-297298961");
        assert_eq!(text_of(call("array_dims", &[ints("[0:1][1:1]={{1},{2}}")])), "[0:1][1:1]");
        assert_eq!(text_of(call("int2vectorout", &[call("int2vectorin", &[Datum::text("1 -2")]).unwrap()])), "1 -2");
    }
}
