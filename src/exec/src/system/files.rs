//! Sets that come from files and tables of names: access rules, user name maps, time zones.

use super::activity::Rows;
use super::or_null;
use base::Oid;
use builtins::{FnCtx, ZoneInfo};
use config::Setting;
use config::hba::{AuthFiles, IdentMap, Rules};
use instance::Ctx;
use report::Result;
use std::path::PathBuf;
use tuple::{Datum, Repr};

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[
    ("pg_hba_file_rules", pg_hba_file_rules),
    ("pg_ident_file_mappings", pg_ident_file_mappings),
    ("pg_timezone_names", pg_timezone_names),
    ("pg_timezone_abbrevs", pg_timezone_abbrevs),
];

fn path(cx: Ctx<'_>, setting: Setting) -> PathBuf {
    PathBuf::from(cx.setting(|settings| settings.text(setting).to_string()))
}

/// The files as they are now, in force or not.
fn files() -> AuthFiles {
    AuthFiles::fixed(Rules::default(), IdentMap::default())
}

fn texts(values: Option<Vec<String>>) -> Result<Datum> {
    const TEXT: Oid = Oid(25);
    let Some(values) = values else { return Ok(Datum::Null) };
    let values: Vec<Datum> = values.into_iter().map(Datum::from).collect();
    builtins::array::build_list(TEXT, Repr::Bytes, &values)
}

fn pg_hba_file_rules(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let rows = files().rule_rows(&path(cx, Setting::HbaFile));
    rows.into_iter()
        .map(|row| {
            Ok(vec![
                Datum::Int4(row.line_number),
                row.kind.map_or(Datum::Null, Datum::text),
                texts(row.database)?,
                texts(row.user_name)?,
                or_null(row.address),
                or_null(row.netmask),
                row.auth_method.map_or(Datum::Null, Datum::text),
                texts(row.options)?,
                or_null(row.error),
            ])
        })
        .collect()
}

fn pg_ident_file_mappings(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let rows = files().map_rows(&path(cx, Setting::IdentFile));
    let row = |entry: config::hba::IdentEntry| {
        let good = entry.error.is_none();
        let shown = |text: String| or_null(good.then_some(text));
        vec![
            Datum::Int4(entry.line as i32),
            shown(entry.map),
            shown(entry.system_user),
            shown(entry.role),
            or_null(entry.error),
        ]
    };
    Ok(rows.into_iter().map(row).collect())
}

/// An interval of so many seconds.
fn seconds(seconds: i32) -> Datum {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(i64::from(seconds) * 1_000_000).to_le_bytes());
    Datum::bytes(&bytes)
}

fn pg_timezone_names(_: Ctx<'_>, fx: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |zone: ZoneInfo| {
        vec![Datum::from(zone.name), Datum::from(zone.abbreviation), seconds(zone.east), Datum::Bool(zone.is_daylight)]
    };
    Ok(builtins::zone_names(fx.transaction_start).into_iter().map(row).collect())
}

fn pg_timezone_abbrevs(_: Ctx<'_>, fx: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |zone: ZoneInfo| vec![Datum::from(zone.name), seconds(zone.east), Datum::Bool(zone.is_daylight)];
    Ok(builtins::zone_abbreviations(fx.transaction_start).into_iter().map(row).collect())
}
