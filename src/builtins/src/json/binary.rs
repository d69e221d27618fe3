//! The bytes of a jsonb value.
//!
//! A value is a tag byte and what belongs to it; numbers are little-endian:
//!
//! | tag | value | then |
//! |---|---|---|
//! | 0, 1, 2 | null, false, true | nothing |
//! | 3 | number | the bytes of a numeric |
//! | 4 | string | its UTF-8 |
//! | 5 | array | count (4), the end of each element's bytes (4 each), the elements |
//! | 6 | object | count (4), the end of each key (4 each), of each value (4 each), the keys, the values |
//!
//! Ends are counted from where keys or values begin. Keys are unique and sorted by length, then by bytes, so that one is found
//! by bisection.

use super::parse::{Kind, Node};
use crate::numeric::Numeric;
use report::Result;
use std::cmp::Ordering;
use tuple::{Bytes, Datum};

/// A jsonb value in memory, to be built or changed.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// The bytes of a numeric.
    Number(Bytes),
    String(String),
    Array(Vec<Value>),
    /// Sorted, without duplicates: see [`object`].
    Object(Vec<(String, Value)>),
}

/// The order in which keys are stored.
pub(crate) fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// An object of these fields; of equal keys the last stays.
pub(crate) fn object(mut fields: Vec<(String, Value)>) -> Value {
    fields.reverse();
    fields.sort_by(|a, b| key_order(&a.0, &b.0));
    fields.dedup_by(|later, kept| later.0 == kept.0);
    Value::Object(fields)
}

/// The value of parsed text.
pub(crate) fn from_node(node: Node, text: &str) -> Result<Value> {
    Ok(match node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(b) => Value::Bool(b),
        Kind::Number => number(&Numeric::parse(&text[node.start..node.end])?)?,
        Kind::String(s) => Value::String(s),
        Kind::Array(items) => {
            Value::Array(items.into_iter().map(|item| from_node(item, text)).collect::<Result<Vec<_>>>()?)
        }
        Kind::Object(fields) => {
            object(fields.into_iter().map(|(key, item)| Ok((key, from_node(item, text)?))).collect::<Result<Vec<_>>>()?)
        }
    })
}

/// A number.
pub(crate) fn number(value: &Numeric) -> Result<Value> {
    match value.to_datum()? {
        Datum::Bytes(bytes) => Ok(Value::Number(bytes)),
        _ => Ok(Value::Null),
    }
}

impl Value {
    /// The value as a datum.
    pub(crate) fn to_datum(&self) -> Datum {
        let mut out = Vec::new();
        self.put(&mut out);
        Datum::Bytes(Bytes::from_vec(out))
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(0),
            Value::Bool(b) => out.push(1 + u8::from(*b)),
            Value::Number(bytes) => {
                out.push(3);
                out.extend_from_slice(bytes);
            }
            Value::String(s) => {
                out.push(4);
                out.extend_from_slice(s.as_bytes());
            }
            Value::Array(items) => {
                out.push(5);
                out.extend_from_slice(&(items.len() as u32).to_le_bytes());
                put_all(items.iter(), out);
            }
            Value::Object(fields) => {
                out.push(6);
                out.extend_from_slice(&(fields.len() as u32).to_le_bytes());
                let mut end = 0;
                for (key, _) in fields {
                    end += key.len() as u32;
                    out.extend_from_slice(&end.to_le_bytes());
                }
                let table = out.len();
                out.resize(table + 4 * fields.len(), 0);
                for (key, _) in fields {
                    out.extend_from_slice(key.as_bytes());
                }
                put_values(fields.iter().map(|(_, v)| v), table, out);
            }
        }
    }
}

/// Appends a table of ends and then the values.
fn put_all<'a>(values: impl ExactSizeIterator<Item = &'a Value>, out: &mut Vec<u8>) {
    let table = out.len();
    out.resize(table + 4 * values.len(), 0);
    put_values(values, table, out);
}

/// Appends values and notes their ends in the table.
fn put_values<'a>(values: impl Iterator<Item = &'a Value>, table: usize, out: &mut Vec<u8>) {
    let data = out.len();
    for (i, value) in values.enumerate() {
        value.put(out);
        let end = (out.len() - data) as u32;
        out[table + 4 * i..table + 4 * i + 4].copy_from_slice(&end.to_le_bytes());
    }
}

/// A view of a stored value.
#[derive(Clone, Copy)]
pub(crate) struct View<'a>(pub(crate) &'a [u8]);

/// What a stored value is.
pub(crate) enum Shape<'a> {
    Null,
    Bool(bool),
    Number(&'a [u8]),
    String(&'a str),
    Array,
    Object,
}

impl<'a> View<'a> {
    /// Views a datum.
    pub(crate) fn of(datum: &'a Datum) -> View<'a> {
        View(datum.as_bytes())
    }

    pub(crate) fn shape(self) -> Shape<'a> {
        match self.0[0] {
            0 => Shape::Null,
            1 => Shape::Bool(false),
            2 => Shape::Bool(true),
            3 => Shape::Number(&self.0[1..]),
            4 => Shape::String(std::str::from_utf8(&self.0[1..]).expect("strings are stored as UTF-8")),
            5 => Shape::Array,
            _ => Shape::Object,
        }
    }

    pub(crate) fn is_array(self) -> bool {
        self.0[0] == 5
    }

    pub(crate) fn is_object(self) -> bool {
        self.0[0] == 6
    }

    pub(crate) fn is_scalar(self) -> bool {
        self.0[0] < 5
    }

    fn word(self, at: usize) -> usize {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes")) as usize
    }

    /// Number of elements or fields; 0 for scalars.
    pub(crate) fn len(self) -> usize {
        if self.is_scalar() { 0 } else { self.word(1) }
    }

    /// The bytes of entry `index` of the table at `table` with its data at `data`.
    fn entry(self, table: usize, data: usize, index: usize) -> &'a [u8] {
        let start = if index == 0 { 0 } else { self.word(table + 4 * (index - 1)) };
        &self.0[data + start..data + self.word(table + 4 * index)]
    }

    /// Element `index` of an array.
    pub(crate) fn element(self, index: usize) -> View<'a> {
        View(self.entry(5, 5 + 4 * self.len(), index))
    }

    /// Key `index` of an object.
    pub(crate) fn key(self, index: usize) -> &'a str {
        std::str::from_utf8(self.entry(5, 5 + 8 * self.len(), index)).expect("keys are stored as UTF-8")
    }

    /// The value of field `index` of an object.
    pub(crate) fn value(self, index: usize) -> View<'a> {
        let count = self.len();
        let keys = self.word(5 + 4 * (count - 1));
        View(self.entry(5 + 4 * count, 5 + 8 * count + keys, index))
    }

    /// The elements of an array or the values of an object.
    pub(crate) fn children(self) -> impl Iterator<Item = View<'a>> {
        (0..self.len()).map(move |i| if self.is_array() { self.element(i) } else { self.value(i) })
    }

    /// The fields of an object.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a str, View<'a>)> {
        (0..self.len()).map(move |i| (self.key(i), self.value(i)))
    }

    /// The field of an object with this key.
    pub(crate) fn field(self, key: &str) -> Option<View<'a>> {
        if !self.is_object() {
            return None;
        }
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match key_order(self.key(middle), key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(self.value(middle)),
            }
        }
        None
    }

    /// The element of an array at an index that counts from the end if negative.
    pub(crate) fn at_index(self, index: i32) -> Option<View<'a>> {
        if !self.is_array() {
            return None;
        }
        let place = if index < 0 { self.len() as i64 + i64::from(index) } else { i64::from(index) };
        (0..self.len() as i64).contains(&place).then(|| self.element(place as usize))
    }

    /// The value in memory.
    pub(crate) fn to_value(self) -> Value {
        match self.shape() {
            Shape::Null => Value::Null,
            Shape::Bool(b) => Value::Bool(b),
            Shape::Number(bytes) => Value::Number(Bytes::copy_from(bytes)),
            Shape::String(s) => Value::String(s.to_owned()),
            Shape::Array => Value::Array(self.children().map(View::to_value).collect()),
            Shape::Object => Value::Object(self.fields().map(|(k, v)| (k.to_owned(), v.to_value())).collect()),
        }
    }

    /// The bytes as a datum.
    pub(crate) fn to_datum(self) -> Datum {
        Datum::bytes(self.0)
    }

    /// What `jsonb_typeof` says.
    pub(crate) fn type_name(self) -> &'static str {
        ["null", "boolean", "boolean", "number", "string", "array", "object"][usize::from(self.0[0].min(6))]
    }

    /// The place of the kind in the order of kinds: Null, String, Number, Boolean, Array, Object.
    fn rank(self) -> u8 {
        [0, 3, 3, 2, 1, 4, 5][usize::from(self.0[0].min(6))]
    }

    /// The order of PostgreSQL's B-tree operator class.
    pub(crate) fn compare(self, other: View<'_>) -> Ordering {
        // A scalar at the top is an array of one element to PostgreSQL, below arrays of one element.
        match (self.is_scalar(), other.is_scalar()) {
            (true, false) if other.is_array() => 1.cmp(&other.len()).then(Ordering::Less),
            (false, true) if self.is_array() => self.len().cmp(&1).then(Ordering::Greater),
            _ => self.compare_within(other),
        }
    }

    fn compare_within(self, other: View<'_>) -> Ordering {
        match (self.shape(), other.shape()) {
            (Shape::Bool(a), Shape::Bool(b)) => a.cmp(&b),
            (Shape::Number(a), Shape::Number(b)) => crate::numeric::compare_bytes(a, b),
            (Shape::String(a), Shape::String(b)) => a.cmp(b),
            (Shape::Array, Shape::Array) => self.len().cmp(&other.len()).then_with(|| {
                let pairs = self.children().zip(other.children());
                pairs.map(|(a, b)| a.compare_within(b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            }),
            (Shape::Object, Shape::Object) => self.len().cmp(&other.len()).then_with(|| {
                let pairs = self.fields().zip(other.fields());
                pairs
                    .map(|((k, a), (l, b))| k.cmp(l).then_with(|| a.compare_within(b)))
                    .find(|o| o.is_ne())
                    .unwrap_or(Ordering::Equal)
            }),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// `@>`.
    pub(crate) fn contains(self, inner: View<'_>) -> bool {
        match (self.is_scalar(), inner.is_scalar()) {
            (true, true) => self.compare_within(inner).is_eq(),
            (true, false) => false,
            (false, true) => self.is_array() && self.children().any(|v| v.is_scalar() && v.contains(inner)),
            (false, false) => self.contains_container(inner),
        }
    }

    fn contains_container(self, inner: View<'_>) -> bool {
        if self.is_object() != inner.is_object() {
            return false;
        }
        if inner.is_object() {
            return inner
                .fields()
                .all(|(key, wanted)| self.field(key).is_some_and(|found| found.contains_same_kind(wanted)));
        }
        inner.children().all(|wanted| self.children().any(|found| found.contains_same_kind(wanted)))
    }

    /// Within containers an array does not contain a bare scalar.
    fn contains_same_kind(self, wanted: View<'_>) -> bool {
        self.is_scalar() == wanted.is_scalar() && self.contains(wanted)
    }
}
