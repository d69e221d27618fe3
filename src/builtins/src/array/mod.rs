//! Arrays of every type.

mod access;
pub(crate) mod functions;
mod layout;
pub(crate) mod text;

pub use access::{ElementType, SliceBounds, get_element, get_slice, set_element, set_slice};
pub use layout::{ArrayRef, DIMENSIONS_MAX, Dimension, ELEMENTS_MAX, build, build_list, empty};
pub(crate) use layout::{put_value, read_value};
pub use text::vector;

use crate::compare::{Hasher, combine};
use std::cmp::Ordering;
use tuple::Comparator;

use report::{Result, bail};
use tuple::Datum;

/// The elements of a `cstring[]` (type modifiers as written).
pub(crate) fn cstrings(array: &Datum) -> Result<Vec<String>> {
    let view = ArrayRef::of(array);
    if view.dimension_count() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "typmod array must be one-dimensional");
    }
    if view.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "typmod array must not contain nulls");
    }
    Ok(view.iter().map(|d| d.as_str().to_owned()).collect())
}

/// Compares two arrays: element by element, nulls last, then by number of elements, dimensions and bounds.
pub(crate) fn compare(a: &Datum, b: &Datum, element: &Comparator) -> Ordering {
    let (left, right) = (ArrayRef::of(a), ArrayRef::of(b));
    for i in 0..left.len().min(right.len()) {
        let ordering = match (left.is_null(i), right.is_null(i)) {
            (false, false) => element.compare(&left.get(i), &right.get(i)),
            (x, y) => x.cmp(&y),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    let by_shape = left.len().cmp(&right.len()).then(left.dimension_count().cmp(&right.dimension_count()));
    by_shape.then_with(|| {
        let pairs = |v: ArrayRef<'_>| v.dimensions().map(|d| (d.length, d.lower)).collect::<Vec<_>>();
        pairs(left).cmp(&pairs(right))
    })
}

/// The hash of an array: of its elements, since arrays that differ in bounds only may collide.
pub(crate) fn hash(value: &Datum, element: &Hasher) -> u64 {
    ArrayRef::of(value).iter().fold(1, |hash, v| combine(hash, element.hash(&v)))
}

/// `btoidvectorcmp`: by length, then by element.
pub(crate) fn compare_oidvectors(a: &Datum, b: &Datum) -> Ordering {
    let (left, right) = (ArrayRef::of(a), ArrayRef::of(b));
    left.len().cmp(&right.len()).then_with(|| left.iter().map(|d| d.as_oid()).cmp(right.iter().map(|d| d.as_oid())))
}
