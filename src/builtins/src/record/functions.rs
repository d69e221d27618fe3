//! The SQL functions over records, enums and uuids' neighbours of no module of their own: record comparison and I/O.

use super::{RecordRef, compare, text};
use crate::FnCtx;
use crate::array::functions::element_hash;
use base::Oid;
use report::{Result, bail};
use std::cmp::Ordering;
use tuple::Datum;

/// Equality is asked of records with as many columns.
fn same_length(a: &Datum, b: &Datum) -> Result<()> {
    if RecordRef::of(a).len() != RecordRef::of(b).len() {
        bail!(DATATYPE_MISMATCH, "cannot compare record types with different numbers of columns");
    }
    Ok(())
}

fn order(cx: &FnCtx<'_>, a: &Datum, b: &Datum) -> Result<Ordering> {
    compare(a, b, cx.types)
}

fn equal(cx: &FnCtx<'_>, a: &Datum, b: &Datum) -> Result<bool> {
    same_length(a, b)?;
    Ok(order(cx, a, b)?.is_eq())
}

/// Records column by column, by the bytes of their values.
fn image_order(a: &Datum, b: &Datum) -> Result<Ordering> {
    let (left, right) = (RecordRef::of(a), RecordRef::of(b));
    same_length(a, b)?;
    for i in 0..left.len() {
        let ordering = match (left.is_null(i), right.is_null(i)) {
            (false, false) => {
                left.get(i, tuple::Repr::Bytes).as_bytes().cmp(right.get(i, tuple::Repr::Bytes).as_bytes())
            }
            (x, y) => x.cmp(&y),
        };
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}

fn sql_hash(cx: &mut FnCtx<'_>, record: &Datum, seed: Option<i64>) -> Result<u64> {
    let view = RecordRef::of(record);
    let mut result = 0u64;
    for (i, value) in view.columns(cx.types)?.iter().enumerate() {
        let hash = if value.is_null() { 0 } else { element_hash(cx, view.column_type(i), value, seed)? };
        result = match seed {
            None => u64::from((result as u32).wrapping_mul(31).wrapping_add(hash as u32)),
            Some(_) => result.wrapping_mul(31).wrapping_add(hash),
        };
    }
    Ok(result)
}

builtins! {
    fn record_in[cx](text: &str, type_oid: Oid, type_mod: i32) -> Datum { text::parse(cx, text, type_oid, type_mod)? }
    fn record_out[cx](a: &Datum) -> Vec<u8> { text::print(cx, RecordRef::of(a))? }
    fn record_recv[cx](bytes: &[u8], type_oid: Oid, type_mod: i32) -> Datum {
        text::parse_binary(cx, bytes, type_oid, type_mod)?
    }
    fn record_send[cx](a: &Datum) -> Vec<u8> { text::print_binary(cx, RecordRef::of(a))? }
    fn record_eq[cx](a: &Datum, b: &Datum) -> bool { equal(cx, a, b)? }
    fn record_ne[cx](a: &Datum, b: &Datum) -> bool { !equal(cx, a, b)? }
    fn record_lt[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_lt() }
    fn record_le[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_le() }
    fn record_gt[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_gt() }
    fn record_ge[cx](a: &Datum, b: &Datum) -> bool { order(cx, a, b)?.is_ge() }
    fn btrecordcmp[cx](a: &Datum, b: &Datum) -> i32 { order(cx, a, b)? as i32 }
    fn record_image_eq(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_eq() }
    fn record_image_ne(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_ne() }
    fn record_image_lt(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_lt() }
    fn record_image_le(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_le() }
    fn record_image_gt(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_gt() }
    fn record_image_ge(a: &Datum, b: &Datum) -> bool { image_order(a, b)?.is_ge() }
    fn btrecordimagecmp(a: &Datum, b: &Datum) -> i32 { image_order(a, b)? as i32 }
    fn hash_record[cx](a: &Datum) -> i32 { sql_hash(cx, a, None)? as i32 }
    fn hash_record_extended[cx](a: &Datum, seed: i64) -> i64 { sql_hash(cx, a, Some(seed))? as i64 }
}

#[cfg(test)]
mod tests {
    use crate::record::build;
    use crate::testing::{call, text_of};
    use crate::type_oid::{INT4, RECORD, TEXT};
    use tuple::Datum;

    fn row(number: i32, text: &str) -> Datum {
        build(RECORD, -1, &[(INT4, Datum::Int4(number)), (TEXT, Datum::text(text))])
    }

    #[test]
    fn rows_print_compare_and_hash() {
        assert_eq!(text_of(call("record_out", &[row(1, "a\"b")])), "(1,\"a\"\"b\")");
        let nulls = build(RECORD, -1, &[(INT4, Datum::Null), (TEXT, Datum::text("")), (TEXT, Datum::Null)]);
        assert_eq!(text_of(call("record_out", &[nulls])), "(,\"\",)");
        assert!(call("record_lt", &[row(1, "a"), row(1, "b")]).unwrap().is_true());
        assert_eq!(text_of(call("hash_record", &[row(1, "a")])), "-2147270101");
        assert_eq!(text_of(call("hash_record_extended", &[row(1, "a"), Datum::Int8(4)])), "6275053990887860589::int8");
        let other = build(RECORD, -1, &[(INT4, Datum::Int4(1)), (INT4, Datum::Int4(2))]);
        assert_eq!(
            text_of(call("record_lt", &[other, row(1, "b")])),
            "42804: cannot compare dissimilar column types integer and text at record column 2"
        );
    }
}
