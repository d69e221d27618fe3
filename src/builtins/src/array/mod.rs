//! Arrays of every type.

mod layout;

pub use layout::{ArrayRef, DIMENSIONS_MAX, Dimension, ELEMENTS_MAX, build, build_list, empty};

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
