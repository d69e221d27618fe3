//! Subscripts: reading and assigning elements and slices.

use super::layout::{ArrayRef, DIMENSIONS_MAX, Dimension, build, check_size, empty};
use base::Oid;
use report::{Error, Result, bail, error};
use tuple::{Datum, Repr};

#[cold]
fn out_of_range() -> Error {
    error!(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range")
}

#[cold]
fn wrong_number() -> Error {
    error!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
}

/// The place of an element in row-major order, `None` outside the array.
fn offset(dims: &[Dimension], subscripts: &[i32]) -> Option<usize> {
    if dims.len() != subscripts.len() || dims.is_empty() {
        return None;
    }
    let mut offset = 0usize;
    for (d, s) in dims.iter().zip(subscripts) {
        let place = i64::from(*s) - i64::from(d.lower);
        if place < 0 || place >= i64::from(d.length) {
            return None;
        }
        offset = offset * d.length as usize + place as usize;
    }
    Some(offset)
}

/// `array[i][j]`: null outside the array or if the number of subscripts is not that of dimensions.
pub fn get_element(array: &Datum, subscripts: &[i32]) -> Datum {
    let view = ArrayRef::of(array);
    // The commonest case, without a list of dimensions.
    if let ([subscript], 1) = (subscripts, view.dimension_count()) {
        let lower = view.dimensions().next().map_or(1, |d| d.lower);
        let place = i64::from(*subscript) - i64::from(lower);
        return if (0..view.len() as i64).contains(&place) { view.get(place as usize) } else { Datum::Null };
    }
    let dims: Vec<Dimension> = view.dimensions().collect();
    offset(&dims, subscripts).map_or(Datum::Null, |at| view.get(at))
}

/// The bounds of a slice in one dimension; an end left out is the array's own.
#[derive(Clone, Copy, Debug)]
pub struct SliceBounds {
    /// First subscript.
    pub lower: Option<i32>,
    /// Last subscript.
    pub upper: Option<i32>,
}

/// `array[a:b][c:d]`: what of the slice is in the array, with lower bounds 1. Dimensions without bounds are whole.
pub fn get_slice(array: &Datum, bounds: &[SliceBounds]) -> Result<Datum> {
    let view = ArrayRef::of(array);
    let dims: Vec<Dimension> = view.dimensions().collect();
    if dims.is_empty() || dims.len() < bounds.len() {
        return Ok(empty(view.element_type(), view.repr()));
    }
    let mut ranges = Vec::new();
    for (i, d) in dims.iter().enumerate() {
        let (first, last) = (i64::from(d.lower), i64::from(d.lower) + i64::from(d.length) - 1);
        let wanted = bounds.get(i);
        let lower = wanted.and_then(|b| b.lower).map_or(first, i64::from).max(first);
        let upper = wanted.and_then(|b| b.upper).map_or(last, i64::from).min(last);
        if lower > upper {
            return Ok(empty(view.element_type(), view.repr()));
        }
        ranges.push((lower - first, upper - first));
    }
    let new_dims: Vec<Dimension> =
        ranges.iter().map(|(a, b)| Dimension { length: (b - a + 1) as i32, lower: 1 }).collect();
    let values: Vec<Datum> = slice_offsets(&dims, &ranges).into_iter().map(|at| view.get(at)).collect();
    build(view.element_type(), view.repr(), &new_dims, &values)
}

/// The row-major offsets of the elements whose places in each dimension lie in `ranges`.
fn slice_offsets(dims: &[Dimension], ranges: &[(i64, i64)]) -> Vec<usize> {
    let mut offsets = vec![0usize];
    for (d, (from, to)) in dims.iter().zip(ranges) {
        offsets = offsets
            .iter()
            .flat_map(|base| (*from..=*to).map(move |place| base * d.length as usize + place as usize))
            .collect();
    }
    offsets
}

/// What an assignment needs to know of the array's element type.
#[derive(Clone, Copy, Debug)]
pub struct ElementType {
    /// Its oid.
    pub oid: Oid,
    /// How its values are represented.
    pub repr: Repr,
}

/// `array[i][j] = value`: the array with the element set. A one-dimensional array grows, with nulls in the gap.
///
/// Errors: 2202E for a wrong number of subscripts or one outside a multidimensional array.
pub fn set_element(array: &Datum, subscripts: &[i32], value: Datum, element: ElementType) -> Result<Datum> {
    if subscripts.is_empty() || subscripts.len() > DIMENSIONS_MAX {
        return Err(wrong_number());
    }
    let view = (!array.is_null()).then(|| ArrayRef::of(array)).filter(|v| !v.is_empty());
    let Some(view) = view else {
        let dims: Vec<Dimension> = subscripts.iter().map(|s| Dimension { length: 1, lower: *s }).collect();
        return build(element.oid, element.repr, &dims, &[value]);
    };
    let dims: Vec<Dimension> = view.dimensions().collect();
    if dims.len() != subscripts.len() {
        return Err(wrong_number());
    }
    let mut values: Vec<Datum> = view.iter().collect();
    if let Some(at) = offset(&dims, subscripts) {
        values[at] = value;
        return build(element.oid, element.repr, &dims, &values);
    }
    if dims.len() > 1 {
        return Err(out_of_range());
    }
    let grown = grow(dims[0], subscripts[0], subscripts[0], &mut values)?;
    values[(subscripts[0] - grown.lower) as usize] = value;
    build(element.oid, element.repr, &[grown], &values)
}

/// Extends a one-dimensional array with nulls to hold the subscripts `first..=last`.
fn grow(dim: Dimension, first: i32, last: i32, values: &mut Vec<Datum>) -> Result<Dimension> {
    let lower = i64::from(dim.lower).min(i64::from(first));
    let upper = (i64::from(dim.lower) + i64::from(dim.length) - 1).max(i64::from(last));
    let Ok(length) = i32::try_from(upper - lower + 1) else {
        bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({})", super::ELEMENTS_MAX);
    };
    let grown = Dimension { length, lower: lower as i32 };
    check_size(&[grown])?;
    let before = (i64::from(dim.lower) - lower) as usize;
    values.splice(0..0, std::iter::repeat_n(Datum::Null, before));
    values.resize(length as usize, Datum::Null);
    Ok(grown)
}

/// `array[a:b] = source`: the array with the slice set from the source's elements in order.
///
/// Errors: 2202E as `set_element`, or if the source has too few elements or a bound is missing for a new array.
pub fn set_slice(array: &Datum, bounds: &[SliceBounds], source: &Datum, element: ElementType) -> Result<Datum> {
    if bounds.is_empty() || bounds.len() > DIMENSIONS_MAX {
        return Err(wrong_number());
    }
    let new: Vec<Datum> = ArrayRef::of(source).iter().collect();
    let view = (!array.is_null()).then(|| ArrayRef::of(array)).filter(|v| !v.is_empty());
    let Some(view) = view else { return slice_of_nothing(bounds, &new, element) };
    let mut dims: Vec<Dimension> = view.dimensions().collect();
    if dims.len() < bounds.len() {
        return Err(wrong_number());
    }
    let mut values: Vec<Datum> = view.iter().collect();
    if let ([dim], [bound]) = (dims.as_slice(), bounds) {
        let first = bound.lower.unwrap_or(dim.lower);
        let last = bound.upper.unwrap_or(dim.lower + dim.length - 1);
        check_order(first, last)?;
        dims[0] = grow(*dim, first, last, &mut values)?;
    }
    let mut ranges = Vec::new();
    for (i, d) in dims.iter().enumerate() {
        let (low, high) = (d.lower, d.lower + d.length - 1);
        let (first, last) = bounds.get(i).map_or((low, high), |b| (b.lower.unwrap_or(low), b.upper.unwrap_or(high)));
        check_order(first, last)?;
        if first < low || last > high {
            return Err(out_of_range());
        }
        ranges.push((i64::from(first) - i64::from(low), i64::from(last) - i64::from(low)));
    }
    let offsets = slice_offsets(&dims, &ranges);
    check_source(offsets.len(), new.len())?;
    for (at, value) in offsets.into_iter().zip(new) {
        values[at] = value;
    }
    build(element.oid, element.repr, &dims, &values)
}

fn check_order(first: i32, last: i32) -> Result<()> {
    if first > last {
        bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
    }
    Ok(())
}

fn check_source(wanted: usize, given: usize) -> Result<()> {
    if wanted > given {
        bail!(ARRAY_SUBSCRIPT_ERROR, "source array too small");
    }
    Ok(())
}

fn slice_of_nothing(bounds: &[SliceBounds], new: &[Datum], element: ElementType) -> Result<Datum> {
    let mut dims = Vec::new();
    for bound in bounds {
        let (Some(lower), Some(upper)) = (bound.lower, bound.upper) else {
            return Err(error!(ARRAY_SUBSCRIPT_ERROR, "array slice subscript must provide both boundaries").detail(
                "When assigning to a slice of an empty array value, slice boundaries must be fully specified.",
            ));
        };
        check_order(lower, upper)?;
        dims.push(Dimension { length: (i64::from(upper) - i64::from(lower) + 1).min(i32::MAX.into()) as i32, lower });
    }
    let count = check_size(&dims)?;
    check_source(count, new.len())?;
    build(element.oid, element.repr, &dims, &new[..count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::type_oid::INT4;

    const INTS: ElementType = ElementType { oid: INT4, repr: Repr::Int4 };

    fn list(values: &[i32]) -> Datum {
        let values: Vec<Datum> = values.iter().map(|v| Datum::Int4(*v)).collect();
        super::super::build_list(INT4, Repr::Int4, &values).unwrap()
    }

    fn shown(array: &Datum) -> String {
        crate::testing::text_of(crate::testing::call("array_out", std::slice::from_ref(array)))
    }

    #[test]
    fn elements() {
        let array = list(&[1, 2, 3]);
        assert_eq!(get_element(&array, &[2]).as_i32(), 2);
        assert!(get_element(&array, &[4]).is_null());
        assert!(get_element(&array, &[1, 1]).is_null());
        assert_eq!(shown(&set_element(&array, &[5], Datum::Int4(9), INTS).unwrap()), "{1,2,3,NULL,9}");
        assert_eq!(shown(&set_element(&array, &[-1], Datum::Int4(9), INTS).unwrap()), "[-1:3]={9,NULL,1,2,3}");
        assert_eq!(shown(&set_element(&Datum::Null, &[2], Datum::Int4(9), INTS).unwrap()), "[2:2]={9}");
    }

    #[test]
    fn slices() {
        let array = list(&[1, 2, 3, 4]);
        let bounds = [SliceBounds { lower: Some(2), upper: None }];
        assert_eq!(shown(&get_slice(&array, &bounds).unwrap()), "{2,3,4}");
        let bounds = [SliceBounds { lower: Some(2), upper: Some(3) }];
        assert_eq!(shown(&set_slice(&array, &bounds, &list(&[8, 9]), INTS).unwrap()), "{1,8,9,4}");
        assert_eq!(set_slice(&array, &bounds, &list(&[8]), INTS).unwrap_err().message(), "source array too small");
    }
}
