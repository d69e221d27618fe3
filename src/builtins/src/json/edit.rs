//! Changing jsonb: concatenation, deletion, jsonb_set, jsonb_insert.

use super::binary::{Value, View, key_order, object};
use crate::array::ArrayRef;
use report::{Error, Result, bail, error};
use tuple::Datum;

/// What is done at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    /// Replaces what is there; adds if there is nothing.
    Set,
    /// Replaces what is there.
    Replace,
    Delete,
    InsertBefore,
    InsertAfter,
}

impl Edit {
    fn creates(self) -> bool {
        !matches!(self, Edit::Replace | Edit::Delete)
    }
}

/// The elements of a path; `None` is a null.
fn path_of(array: &Datum) -> Result<Vec<Option<String>>> {
    let view = ArrayRef::of(array);
    if view.dimension_count() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    Ok(view.iter().map(|v| (!v.is_null()).then(|| v.as_str().to_owned())).collect())
}

/// An edit on its way down a path.
struct Walk<'a> {
    edit: Edit,
    path: &'a [Option<String>],
    new: Option<&'a Value>,
}

impl Walk<'_> {
    fn step(&self, value: Value, level: usize) -> Result<Value> {
        let Some(step) = &self.path[level] else {
            bail!(NULL_VALUE_NOT_ALLOWED, "path element at position {} is null", level + 1);
        };
        match value {
            Value::Array(items) => self.in_array(items, step, level),
            Value::Object(fields) => self.in_object(fields, step, level),
            scalar => Ok(scalar),
        }
    }

    fn is_last(&self, level: usize) -> bool {
        level + 1 == self.path.len()
    }

    fn in_object(&self, mut fields: Vec<(String, Value)>, key: &str, level: usize) -> Result<Value> {
        let found = fields.binary_search_by(|(k, _)| key_order(k, key));
        match (found, self.is_last(level)) {
            (Ok(at), false) => {
                let inner = std::mem::replace(&mut fields[at].1, Value::Null);
                fields[at].1 = self.step(inner, level + 1)?;
            }
            (Ok(at), true) => match self.edit {
                Edit::Delete => drop(fields.remove(at)),
                Edit::InsertBefore | Edit::InsertAfter => {
                    return Err(error!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
                        .hint("Try using the function jsonb_set to replace key value."));
                }
                Edit::Set | Edit::Replace => fields[at].1 = self.new_value(),
            },
            (Err(at), true) if self.edit.creates() => fields.insert(at, (key.to_owned(), self.new_value())),
            (Err(_), _) => {}
        }
        Ok(Value::Object(fields))
    }

    fn new_value(&self) -> Value {
        self.new.cloned().unwrap_or(Value::Null)
    }

    fn in_array(&self, mut items: Vec<Value>, step: &str, level: usize) -> Result<Value> {
        let Ok(index) = step.trim().parse::<i32>() else {
            let position = level + 1;
            bail!(INVALID_TEXT_REPRESENTATION, "path element at position {position} is not an integer: \"{step}\"");
        };
        let place = if index < 0 { items.len() as i64 + i64::from(index) } else { i64::from(index) };
        let inside = usize::try_from(place).ok().filter(|p| *p < items.len());
        match (inside, self.is_last(level)) {
            (Some(at), false) => {
                let inner = std::mem::replace(&mut items[at], Value::Null);
                items[at] = self.step(inner, level + 1)?;
            }
            (Some(at), true) => match self.edit {
                Edit::Delete => drop(items.remove(at)),
                Edit::Set | Edit::Replace => items[at] = self.new_value(),
                Edit::InsertBefore => items.insert(at, self.new_value()),
                Edit::InsertAfter => items.insert(at + 1, self.new_value()),
            },
            (None, true) if self.edit.creates() => {
                let at = if place < 0 { 0 } else { items.len() };
                items.insert(at, self.new_value());
            }
            (None, _) => {}
        }
        Ok(Value::Array(items))
    }
}

fn edit(target: &Datum, path: &Datum, edit: Edit, new: Option<&Datum>) -> Result<Datum> {
    let view = View::of(target);
    if view.is_scalar() {
        match edit {
            Edit::Delete => bail!(INVALID_PARAMETER_VALUE, "cannot delete path in scalar"),
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot set path in scalar"),
        }
    }
    let path = path_of(path)?;
    if path.is_empty() || (view.len() == 0 && !edit.creates()) {
        return Ok(target.clone());
    }
    let new = new.map(|d| View::of(d).to_value());
    let walk = Walk { edit, path: &path, new: new.as_ref() };
    Ok(walk.step(view.to_value(), 0)?.to_datum())
}

fn concat(a: &Datum, b: &Datum) -> Datum {
    let (left, right) = (View::of(a), View::of(b));
    if left.is_object() && right.is_object() {
        let fields = left.fields().chain(right.fields()).map(|(k, v)| (k.to_owned(), v.to_value()));
        return object(fields.collect()).to_datum();
    }
    let items = |view: View<'_>| match view.to_value() {
        Value::Array(items) => items,
        other => vec![other],
    };
    let mut all = items(left);
    all.extend(items(right));
    Value::Array(all).to_datum()
}

#[cold]
fn delete_from_scalar() -> Error {
    error!(INVALID_PARAMETER_VALUE, "cannot delete from scalar")
}

/// Without the fields with these keys, or the elements that are these strings.
fn without(target: &Datum, keys: &[String]) -> Result<Datum> {
    let listed = |text: &str| keys.iter().any(|k| k == text);
    Ok(match View::of(target).to_value() {
        Value::Object(mut fields) => {
            fields.retain(|(key, _)| !listed(key));
            Value::Object(fields)
        }
        Value::Array(mut items) => {
            items.retain(|item| !matches!(item, Value::String(s) if listed(s)));
            Value::Array(items)
        }
        _ => return Err(delete_from_scalar()),
    }
    .to_datum())
}

fn without_index(target: &Datum, index: i32) -> Result<Datum> {
    match View::of(target).to_value() {
        Value::Array(mut items) => {
            let place = if index < 0 { items.len() as i64 + i64::from(index) } else { i64::from(index) };
            if (0..items.len() as i64).contains(&place) {
                items.remove(place as usize);
            }
            Ok(Value::Array(items).to_datum())
        }
        Value::Object(_) => bail!(INVALID_PARAMETER_VALUE, "cannot delete from object using integer index"),
        _ => Err(delete_from_scalar()),
    }
}

/// `jsonb_set_lax`: what to do if the new value is SQL null.
fn set_lax(args: &[Datum]) -> Result<Datum> {
    let [target, path, new, create, treatment] = args else { return Ok(Datum::Null) };
    if target.is_null() || path.is_null() || create.is_null() {
        return Ok(Datum::Null);
    }
    let choices =
        "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"";
    if treatment.is_null() {
        bail!(INVALID_PARAMETER_VALUE, "{choices}");
    }
    let how = if create.is_true() { Edit::Set } else { Edit::Replace };
    if !new.is_null() {
        return edit(target, path, how, Some(new));
    }
    match treatment.as_str() {
        "raise_exception" => Err(error!(NULL_VALUE_NOT_ALLOWED, "JSON value must not be null")
            .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
            .hint(
                "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
            )),
        "use_json_null" => edit(target, path, how, Some(&Value::Null.to_datum())),
        "delete_key" => edit(target, path, Edit::Delete, None),
        "return_target" => Ok(target.clone()),
        _ => bail!(INVALID_PARAMETER_VALUE, "{choices}"),
    }
}

fn strip(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, v)| !matches!(v, Value::Null)).map(|(k, v)| (k, strip(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(strip).collect()),
        other => other,
    }
}

builtins! {
    fn jsonb_concat(a: &Datum, b: &Datum) -> Datum { concat(a, b) }
    fn jsonb_delete(a: &Datum, key: &str) -> Datum { without(a, &[key.to_owned()])? }
    fn jsonb_delete_array(a: &Datum, keys: &Datum) -> Datum {
        let keys: Vec<String> = path_of(keys)?.into_iter().flatten().collect();
        without(a, &keys)?
    }
    fn jsonb_delete_idx(a: &Datum, index: i32) -> Datum { without_index(a, index)? }
    fn jsonb_delete_path(a: &Datum, path: &Datum) -> Datum { edit(a, path, Edit::Delete, None)? }
    fn jsonb_set(a: &Datum, path: &Datum, new: &Datum, create: bool) -> Datum {
        edit(a, path, if create { Edit::Set } else { Edit::Replace }, Some(new))?
    }
    fn jsonb_insert(a: &Datum, path: &Datum, new: &Datum, after: bool) -> Datum {
        edit(a, path, if after { Edit::InsertAfter } else { Edit::InsertBefore }, Some(new))?
    }
    fn jsonb_strip_nulls(a: &Datum) -> Datum { strip(View::of(a).to_value()).to_datum() }
}

raw_builtins! {
    fn jsonb_set_lax(cx, args) { set_lax(args) }
}
