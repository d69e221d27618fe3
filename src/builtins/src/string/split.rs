//! Taking text apart at separators: split_part, string_to_array, string_to_table.

use crate::array;
use crate::types::type_oid;
use crate::{FnCtx, RowSource};
use report::{Result, bail};
use tuple::{Datum, Repr};

/// The pieces of a text: at each separator, at each character if there is no separator; the whole if it is empty.
fn pieces<'a>(text: &'a str, separator: Option<&'a str>) -> Vec<&'a str> {
    match separator {
        _ if text.is_empty() => Vec::new(),
        Some("") => vec![text],
        Some(separator) => text.split(separator).collect(),
        None => text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect(),
    }
}

fn piece_datums(text: &str, separator: Option<&str>, null: Option<&str>) -> Vec<Datum> {
    let datum = |piece: &str| if Some(piece) == null { Datum::Null } else { Datum::text(piece) };
    pieces(text, separator).into_iter().map(datum).collect()
}

fn split_part(text: &str, separator: &str, field: i32) -> Result<String> {
    if field == 0 {
        bail!(INVALID_PARAMETER_VALUE, "field position must not be zero");
    }
    if separator.is_empty() {
        return Ok(if matches!(field, 1 | -1) { text.to_owned() } else { String::new() });
    }
    let found = match field {
        1.. => text.split(separator).nth(field as usize - 1),
        _ => {
            let all: Vec<&str> = text.split(separator).collect();
            all.len().checked_sub(field.unsigned_abs() as usize).map(|at| all[at])
        }
    };
    Ok(found.unwrap_or("").to_owned())
}

fn text_at(args: &[Datum], index: usize) -> Option<&str> {
    args.get(index).filter(|d| !d.is_null()).map(Datum::as_str)
}

fn to_array(args: &[Datum]) -> Result<Datum> {
    let Some(text) = text_at(args, 0) else { return Ok(Datum::Null) };
    room_for_pieces(text, text_at(args, 1))?;
    let values = piece_datums(text, text_at(args, 1), text_at(args, 2));
    array::build_list(type_oid::TEXT, Repr::Bytes, &values)
}

/// Errors: 53200, there is no room for a value for each piece of a text.
fn room_for_pieces(text: &str, separator: Option<&str>) -> Result<()> {
    let bytes_of_piece = size_of::<&str>() + size_of::<Datum>() + memory::footprint(1) as usize;
    if text.len() * bytes_of_piece < memory::limits::LARGE_BYTES {
        return Ok(());
    }
    let pieces = match separator {
        None => text.chars().count(),
        Some("") => 1,
        Some(separator) => text.matches(separator).count() + 1,
    };
    memory::room_for(pieces * bytes_of_piece)
}

/// Rows of one column that were all made beforehand.
pub(crate) struct Values(pub(crate) std::vec::IntoIter<Datum>);

impl RowSource for Values {
    fn next(&mut self, _cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        match self.0.next() {
            Some(value) => {
                out.push(value);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// A row source over these values.
pub(crate) fn rows(values: Vec<Datum>) -> Box<dyn RowSource> {
    Box::new(Values(values.into_iter()))
}

/// Rows of several columns that were all made beforehand.
struct Rows(std::vec::IntoIter<Vec<Datum>>);

impl RowSource for Rows {
    fn next(&mut self, _cx: &mut FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        let row = self.0.next();
        let found = row.is_some();
        out.extend(row.unwrap_or_default());
        Ok(found)
    }
}

/// A row source over these rows.
pub(crate) fn wide_rows(values: Vec<Vec<Datum>>) -> Box<dyn RowSource> {
    Box::new(Rows(values.into_iter()))
}

fn to_table(args: &[Datum]) -> Result<Box<dyn RowSource>> {
    let Some(text) = text_at(args, 0) else { return Ok(rows(Vec::new())) };
    room_for_pieces(text, text_at(args, 1))?;
    Ok(rows(piece_datums(text, text_at(args, 1), text_at(args, 2))))
}

builtins! {
    fn split_part(a: &str, separator: &str, field: i32) -> String { super::split_part(a, separator, field)? }
}

raw_builtins! {
    fn text_to_array(cx, args) { to_array(args) }
    fn text_to_array_null(cx, args) { to_array(args) }
}

set_returning! {
    fn text_to_table(cx, args) { to_table(args) }
    fn text_to_table_null(cx, args) { to_table(args) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(split_part("a@b@c", "@", 2).unwrap(), "b");
        assert_eq!(split_part("a@b@c", "@", -1).unwrap(), "c");
        assert_eq!(split_part("a@b@c", "@", 4).unwrap(), "");
        assert_eq!(split_part("a@b@c", "", -1).unwrap(), "a@b@c");
        assert_eq!(pieces("abc", None), ["a", "b", "c"]);
        assert_eq!(pieces("1,,2", Some(",")), ["1", "", "2"]);
    }
}
