//! Properties: what indexes can do, asked by name (all are B-trees); flags of settings; the collation of an expression.

use super::functions;
use crate::types::Types;
use base::Oid;
use builtins::type_oid::{TEXT, UNKNOWN};
use builtins::{FnCtx, TypeLookup};
use config::{Setting, flag};
use instance::Ctx;
use report::{Result, bail};
use tuple::{Datum, Repr};

functions! {
    pg_indexam_has_property, pg_index_has_property, pg_index_column_has_property, pg_indexam_progress_phasename,
    pg_collation_for, pg_settings_get_flags,
}

const BTREE: Oid = Oid(403);

/// Bits of pg_index.indoption.
const DESCENDING: i16 = 1;
const NULLS_FIRST: i16 = 2;

fn answer(known: Option<bool>) -> Result<Datum> {
    Ok(known.map_or(Datum::Null, Datum::Bool))
}

fn pg_indexam_has_property(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if args[0].as_oid() != BTREE {
        return Ok(Datum::Null);
    }
    let all = ["can_order", "can_unique", "can_multi_col", "can_exclude", "can_include"];
    answer(all.contains(&args[1].as_str().to_ascii_lowercase().as_str()).then_some(true))
}

fn pg_index_has_property(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let entry = cx.catalog().relation(args[0].as_oid())?;
    if entry.is_none_or(|entry| entry.index.is_none()) {
        return Ok(Datum::Null);
    }
    let all = ["clusterable", "index_scan", "bitmap_scan", "backward_scan"];
    answer(all.contains(&args[1].as_str().to_ascii_lowercase().as_str()).then_some(true))
}

fn pg_index_column_has_property(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let entry = cx.catalog().relation(args[0].as_oid())?;
    let Some(row) = entry.as_ref().and_then(|entry| entry.index.as_ref()) else { return Ok(Datum::Null) };
    let Some(column) = usize::try_from(args[1].as_i32()).ok().and_then(|n| n.checked_sub(1)) else {
        return Ok(Datum::Null);
    };
    if column >= row.indnatts as usize {
        return Ok(Datum::Null);
    }
    // Included columns have no order, and most properties are not theirs to have.
    let order = row.indoption.get(column).copied().filter(|_| column < row.indnkeyatts as usize);
    answer(column_property(&args[2].as_str().to_ascii_lowercase(), order))
}

/// A property of a column with these order bits; `None` if there is no such property.
fn column_property(name: &str, order: Option<i16>) -> Option<bool> {
    let has = |bit: i16, set: bool| order.map(|order| (order & bit != 0) == set);
    match name {
        "asc" => has(DESCENDING, false),
        "desc" => has(DESCENDING, true),
        "nulls_first" => has(NULLS_FIRST, true),
        "nulls_last" => has(NULLS_FIRST, false),
        "search_array" | "search_nulls" => order.map(|_| true),
        "orderable" => Some(order.is_some()),
        "distance_orderable" => Some(false),
        "returnable" => Some(true),
        _ => None,
    }
}

/// The phases of CREATE INDEX, as pg_stat_progress_create_index names them.
fn pg_indexam_progress_phasename(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let phases =
        ["initializing", "scanning table", "sorting live tuples", "sorting dead tuples", "loading tuples in tree"];
    let place = usize::try_from(args[1].as_i64()).ok().and_then(|n| n.checked_sub(1));
    let name = place.filter(|_| args[0].as_oid() == BTREE).and_then(|place| phases.get(place));
    Ok(name.map_or(Datum::Null, |name| Datum::text(name)))
}

/// COLLATION FOR: the name of the collation that an expression has.
fn pg_collation_for(cx: Ctx<'_>, fx: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let type_oid = fx.arg_types[0];
    let row = cx.catalog().type_by_oid(type_oid)?;
    if type_oid != UNKNOWN && !row.is_some_and(|row| row.typcollation.is_valid()) {
        bail!(DATATYPE_MISMATCH, "collations are not supported by type {}", Types(cx).type_name(type_oid, -1));
    }
    match fx.collation {
        Oid::INVALID => Ok(Datum::Null),
        collation => super::registered::regcollationout(cx, fx, &[Datum::Oid(collation)]),
    }
}

/// Flags of a setting that tools want to know; null if there is none of this name.
fn pg_settings_get_flags(_: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(setting) = Setting::by_name(args[0].as_str()) else { return Ok(Datum::Null) };
    let shown = flag::SHOWN.iter().filter(|(bit, _)| setting.definition().has(*bit));
    let names: Vec<Datum> = shown.map(|(_, name)| Datum::text(name)).collect();
    builtins::array::build_list(TEXT, Repr::Bytes, &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_columns_have_no_order() {
        assert_eq!(column_property("desc", Some(DESCENDING | NULLS_FIRST)), Some(true));
        assert_eq!(column_property("nulls_last", Some(DESCENDING | NULLS_FIRST)), Some(false));
        assert_eq!(column_property("asc", None), None);
        assert_eq!(column_property("returnable", None), Some(true));
        assert_eq!(column_property("can_order", Some(0)), None);
    }
}
