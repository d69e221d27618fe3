//! Arrays and composite values, as steps of expressions need them.

use crate::env::Env;
use crate::expr::{ArraySet, Program, Rows, ScalarArray, Subscript};
use crate::types::{Types, repr_of};
use base::Oid;
pub use builtins::Hasher;
use builtins::array::{self, ArrayRef, ElementType, SliceBounds};
use builtins::record::{self, RecordRef};
use hashbrown::HashTable;
use report::{Error, Result, error};
use tuple::{Datum, TupleDesc};

/// The row as a composite value.
pub fn whole_row(row: &[Datum], desc: &TupleDesc, row_type: Oid, type_mod: i32) -> Datum {
    let columns: Vec<(Oid, Datum)> = desc
        .attributes
        .iter()
        .enumerate()
        .map(|(i, a)| (a.type_oid, row.get(i).cloned().unwrap_or(Datum::Null)))
        .collect();
    record::build(row_type, type_mod, &columns)
}

/// ROW(...).
pub fn make_row(args: &[Datum], row_type: Oid, type_mod: i32, field_types: &[Oid]) -> Datum {
    let columns: Vec<(Oid, Datum)> =
        field_types.iter().enumerate().map(|(i, t)| (*t, args.get(i).cloned().unwrap_or(Datum::Null))).collect();
    record::build(row_type, type_mod, &columns)
}

/// IS \[NOT\] NULL of a composite value: of all its fields.
pub fn row_is_null(value: &Datum, negate: bool) -> Datum {
    if value.is_null() {
        return Datum::Bool(!negate);
    }
    let row = RecordRef::of(value);
    Datum::Bool((0..row.len()).all(|i| row.is_null(i) != negate))
}

/// A field of a composite value.
pub fn field(env: &Env<'_>, value: &Datum, number: i16) -> Result<Datum> {
    if value.is_null() {
        return Ok(Datum::Null);
    }
    let row = RecordRef::of(value);
    let at = number as usize - 1;
    // A row from before ADD COLUMN has fewer fields.
    if at >= row.len() {
        return Ok(Datum::Null);
    }
    Ok(row.get(at, repr_of(env.cx, row.column_type(at))?))
}

/// All fields of a composite value, nulls if it is null.
pub fn fields_or_nulls(env: &Env<'_>, value: &Datum, count: usize) -> Result<Vec<Datum>> {
    let mut fields = match value.is_null() {
        true => Vec::new(),
        false => RecordRef::of(value).columns(&Types(env.cx))?,
    };
    fields.resize(count, Datum::Null);
    Ok(fields)
}

/// A composite value's fields in another order (0 is null).
pub fn convert_row(env: &Env<'_>, value: &Datum, map: &[i16], row_type: Oid, field_types: &[Oid]) -> Result<Datum> {
    if value.is_null() {
        return Ok(Datum::Null);
    }
    let fields = RecordRef::of(value).columns(&Types(env.cx))?;
    let new: Vec<Datum> = map
        .iter()
        .map(|at| if *at > 0 { fields.get(*at as usize - 1).cloned().unwrap_or(Datum::Null) } else { Datum::Null })
        .collect();
    Ok(make_row(&new, row_type, -1, field_types))
}

/// ARRAY[...], of elements or of arrays.
pub fn make_array(env: &Env<'_>, args: &[Datum], element: Oid, multidims: bool) -> Result<Datum> {
    let repr = repr_of(env.cx, element)?;
    if !multidims {
        return array::build_list(element, repr, args);
    }
    let mut values = Vec::new();
    let mut inner: Option<Vec<array::Dimension>> = None;
    let mut count = 0;
    for arg in args.iter().filter(|a| !a.is_null()) {
        let part = ArrayRef::of(arg);
        let dims: Vec<array::Dimension> = part.dimensions().collect();
        if dims.is_empty() {
            continue;
        }
        match &inner {
            None => inner = Some(dims),
            Some(known) if *known == dims => {}
            Some(_) => {
                return Err(error!(
                    ARRAY_SUBSCRIPT_ERROR,
                    "multidimensional arrays must have array expressions with matching dimensions"
                ));
            }
        }
        count += 1;
        values.extend(part.iter());
    }
    let Some(inner) = inner else { return Ok(array::empty(element, repr)) };
    if count != args.len() {
        return Err(error!(
            ARRAY_SUBSCRIPT_ERROR,
            "multidimensional arrays must have array expressions with matching dimensions"
        ));
    }
    let mut dims = vec![array::Dimension { length: count as i32, lower: 1 }];
    dims.extend(inner);
    array::build(element, repr, &dims, &values)
}

/// Number of elements.
pub fn array_len(array: &Datum) -> usize {
    ArrayRef::of(array).len()
}

/// All elements, in storage order.
pub fn array_elements(array: &Datum, out: &mut Vec<Datum>) {
    out.clear();
    out.extend(ArrayRef::of(array).iter());
}

/// The elements as a set, if their type can be hashed.
pub fn array_set(env: &Env<'_>, info: &ScalarArray, array: &Datum) -> Result<Option<ArraySet>> {
    let view = ArrayRef::of(array);
    let hasher = builtins::hasher(view.element_type(), info.call.collation, &Types(env.cx))?;
    let mut set = ArraySet { table: HashTable::new(), values: Vec::new(), has_null: false, hasher };
    for value in view.iter() {
        if value.is_null() {
            set.has_null = true;
            continue;
        }
        let hash = set.hasher.hash(&value);
        set.table.insert_unique(hash, (hash, set.values.len() as u32), |(h, _)| *h);
        set.values.push(value);
    }
    Ok(Some(set))
}

/// Applies a program to each element.
pub fn map_array(env: &mut Env<'_>, value: &Datum, element: Oid, program: &mut Program) -> Result<Datum> {
    if value.is_null() {
        return Ok(Datum::Null);
    }
    let view = ArrayRef::of(value);
    let dims: Vec<array::Dimension> = view.dimensions().collect();
    let mut out = Vec::with_capacity(view.len());
    for item in view.iter() {
        let row = [item];
        out.push(program.eval(&Rows::scan(&row), env)?.clone());
    }
    array::build(element, repr_of(env.cx, element)?, &dims, &out)
}

/// An element or slice, or an assignment to one.
pub fn subscript(env: &Env<'_>, info: &Subscript, container: Datum, registers: &[Datum]) -> Result<Datum> {
    let given = |flags: &[bool], start: usize| -> Vec<Option<Datum>> {
        flags.iter().enumerate().map(|(i, g)| g.then(|| registers[start + i].clone())).collect()
    };
    let start = usize::from(info.upper);
    let upper = given(&info.upper_given, start);
    let lower = given(&info.lower_given, start + info.upper_given.len());
    let any_null = upper.iter().chain(&lower).flatten().any(Datum::is_null);
    if info.container == builtins::type_oid::NAME {
        return name_element(info, &container, &upper);
    }
    if info.container == builtins::type_oid::JSONB {
        return jsonb_element(info, &container, &upper, registers);
    }
    if let Some(assign) = info.assign {
        if any_null {
            return Err(error!(NULL_VALUE_NOT_ALLOWED, "array subscript in assignment must not be null"));
        }
        let value = registers[usize::from(assign)].clone();
        let element = ElementType { oid: info.element, repr: repr_of(env.cx, info.element)? };
        if info.lower_given.is_empty() {
            return array::set_element(&container, &numbers(&upper), value, element);
        }
        if value.is_null() {
            return Ok(container);
        }
        return array::set_slice(&container, &bounds(&lower, &upper), &value, element);
    }
    if container.is_null() || any_null {
        return Ok(Datum::Null);
    }
    if info.lower_given.is_empty() {
        return Ok(array::get_element(&container, &numbers(&upper)));
    }
    array::get_slice(&container, &bounds(&lower, &upper))
}

/// A part of jsonb, or all of it with a part assigned.
fn jsonb_element(
    info: &Subscript,
    document: &Datum,
    subscripts: &[Option<Datum>],
    registers: &[Datum],
) -> Result<Datum> {
    let step = |value: &Datum| match value {
        Datum::Null => None,
        Datum::Int4(index) => Some(index.to_string()),
        text => Some(text.as_str().to_owned()),
    };
    let path: Option<Vec<String>> = subscripts.iter().flatten().map(step).collect();
    match (path, info.assign) {
        (None, Some(_)) => Err(error!(NULL_VALUE_NOT_ALLOWED, "jsonb subscript in assignment must not be null")),
        (Some(path), Some(assign)) => {
            let new = &registers[usize::from(assign)];
            builtins::jsonb_subscript::assign(document, &path, info.starts_as_array, new)
        }
        (Some(path), None) if !document.is_null() => Ok(builtins::jsonb_subscript::read(document, &path)),
        (_, None) => Ok(Datum::Null),
    }
}

/// A character of a name: PostgreSQL's names are arrays of 64 bytes, filled up with zeros.
fn name_element(info: &Subscript, name: &Datum, subscripts: &[Option<Datum>]) -> Result<Datum> {
    let ([Some(at)], None, true) = (subscripts, info.assign, info.lower_given.is_empty()) else {
        return Err(Error::unsupported("assignment to and slices of a name"));
    };
    match at {
        Datum::Int4(at @ 0..=63) if !name.is_null() => {
            Ok(Datum::Char(name.as_bytes().get(*at as usize).copied().unwrap_or(0)))
        }
        _ => Ok(Datum::Null),
    }
}

fn numbers(values: &[Option<Datum>]) -> Vec<i32> {
    values.iter().map(|v| v.as_ref().map_or(1, Datum::as_i32)).collect()
}

fn bounds(lower: &[Option<Datum>], upper: &[Option<Datum>]) -> Vec<SliceBounds> {
    lower
        .iter()
        .zip(upper)
        .map(|(l, u)| SliceBounds { lower: l.as_ref().map(Datum::as_i32), upper: u.as_ref().map(Datum::as_i32) })
        .collect()
}
