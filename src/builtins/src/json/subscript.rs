//! Subscripts of jsonb: `doc['a'][1]`, read and assigned.
//!
//! An assignment makes what is missing on its way: objects for text subscripts, arrays for numbers, and nulls in front of an
//! element beyond an array's end. What is in the way and is no container is an error.

use super::binary::{Value, View, key_order};
use report::{Error, Result, bail, error};
use tuple::Datum;

/// The part of a document that subscripts, as text, lead to; null if there is none.
pub fn read(document: &Datum, path: &[String]) -> Datum {
    let start = View::of(document);
    if start.is_scalar() && !path.is_empty() {
        return Datum::Null;
    }
    let found = path.iter().try_fold(start, |view, step| match view.is_array() {
        true => view.at_index(step.trim().parse().ok()?),
        false => view.field(step),
    });
    found.map_or(Datum::Null, View::to_datum)
}

/// The document with a value put where subscripts lead to. A null document is taken as an empty array or object, a null
/// value as JSON's null.
///
/// Errors: 22023 if a scalar is in the way or a negative subscript is out of range, 22P02 for text where an array is.
pub fn assign(document: &Datum, path: &[String], starts_as_array: bool, new: &Datum) -> Result<Datum> {
    let new = if new.is_null() { Value::Null } else { View::of(new).to_value() };
    let start = match (document.is_null(), starts_as_array) {
        (true, true) => Value::Array(Vec::new()),
        (true, false) => Value::Object(Vec::new()),
        (false, _) => View::of(document).to_value(),
    };
    Ok(put(start, path, 0, new)?.to_datum())
}

fn put(container: Value, path: &[String], level: usize, new: Value) -> Result<Value> {
    let Some(step) = path.get(level) else { return Ok(new) };
    match container {
        Value::Array(items) => put_in_array(items, step, (path, level), new),
        Value::Object(fields) => put_in_object(fields, step, (path, level), new),
        _ => Err(scalar_in_the_way()),
    }
}

#[cold]
fn scalar_in_the_way() -> Error {
    error!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
        .detail("The path assumes key is a composite object, but it is a scalar value.")
}

fn put_in_object(
    mut fields: Vec<(String, Value)>,
    key: &str,
    (path, level): (&[String], usize),
    new: Value,
) -> Result<Value> {
    match fields.binary_search_by(|(known, _)| key_order(known, key)) {
        Ok(at) => {
            let old = std::mem::replace(&mut fields[at].1, Value::Null);
            fields[at].1 = put(old, path, level + 1, new)?;
        }
        Err(at) => fields.insert(at, (key.to_owned(), chain(&path[level + 1..], new))),
    }
    Ok(Value::Object(fields))
}

fn put_in_array(mut items: Vec<Value>, step: &str, (path, level): (&[String], usize), new: Value) -> Result<Value> {
    let position = level + 1;
    let Ok(index) = step.trim_start().parse::<i32>() else {
        bail!(INVALID_TEXT_REPRESENTATION, "path element at position {position} is not an integer: \"{step}\"");
    };
    let at = if index < 0 { items.len() as i64 + i64::from(index) } else { i64::from(index) };
    let Ok(at) = usize::try_from(at) else {
        bail!(INVALID_PARAMETER_VALUE, "path element at position {position} is out of range: {index}");
    };
    if at < items.len() {
        let old = std::mem::replace(&mut items[at], Value::Null);
        items[at] = put(old, path, level + 1, new)?;
    } else {
        items.resize(at, Value::Null);
        items.push(chain(&path[level + 1..], new));
    }
    Ok(Value::Array(items))
}

/// New containers, one in the other, with a value at the end.
fn chain(path: &[String], new: Value) -> Value {
    path.iter().rev().fold(new, |inner, step| match step.trim_start().parse::<i32>() {
        Ok(index) => {
            let mut items = vec![Value::Null; index.max(0) as usize];
            items.push(inner);
            Value::Array(items)
        }
        Err(_) => Value::Object(vec![(step.clone(), inner)]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::io::{read_jsonb, to_text};

    fn path(steps: &[&str]) -> Vec<String> {
        steps.iter().map(|s| (*s).to_owned()).collect()
    }

    fn assigned(document: &str, steps: &[&str], new: &str) -> Result<String> {
        let made = assign(&read_jsonb(document)?, &path(steps), false, &read_jsonb(new)?)?;
        Ok(to_text(View::of(&made)))
    }

    #[test]
    fn what_is_missing_is_made() {
        assert_eq!(assigned("{\"a\": 1}", &["b", "2"], "true").unwrap(), "{\"a\": 1, \"b\": [null, null, true]}");
        assert_eq!(assigned("[1]", &["3", "x"], "0").unwrap(), "[1, null, null, {\"x\": 0}]");
        let empty = assign(&Datum::Null, &path(&["1"]), true, &Datum::Null).unwrap();
        assert_eq!(to_text(View::of(&empty)), "[null, null]");
    }

    #[test]
    fn scalars_and_places_before_the_start_are_refused() {
        assert_eq!(assigned("{\"a\": 1}", &["a", "b"], "0").unwrap_err().message(), "cannot replace existing key");
        let outside = assigned("[1]", &["-2"], "0").unwrap_err();
        assert_eq!(outside.message(), "path element at position 1 is out of range: -2");
    }

    #[test]
    fn reading_what_is_not_there_gives_null() {
        let document = read_jsonb("{\"a\": [10, 20]}").unwrap();
        assert_eq!(to_text(View::of(&read(&document, &path(&["a", "-1"])))), "20");
        assert!(read(&document, &path(&["a", "x"])).is_null());
        assert!(read(&document, &path(&["b", "0"])).is_null());
    }
}
