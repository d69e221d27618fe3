//! System functions: those that see the session, the catalogs or storage.
//!
//! pg_proc.toml promises them; here they are found by symbol, in one list for each theme. A symbol without an implementation
//! answers 0A000 when it is called.

mod absent;
mod activity;
mod advisory;
mod backends;
mod check;
mod cluster_statistics;
mod control;
mod definitions;
mod faults;
mod files;
mod identify;
mod names;
mod pool;
mod privileges;
mod properties;
mod registered;
mod relations;
mod sequences;
mod server_files;
mod session;
mod sizes;
mod statistics;
mod symbols;

pub use sequences::next_value;
pub use session::{sees_all_settings, setting_text, sql_value};

use crate::SystemFn;
use crate::types::Types;
use base::Oid;
use builtins::network::Inet;
use builtins::{FnCtx, IntoDatum, TypeLookup};
use instance::{Ctx, SQL_EPOCH_US};
use report::Result;
use std::net::IpAddr;
use tuple::Datum;

/// A set-returning function that sees the session: all its rows.
pub type SystemSet = fn(Ctx<'_>, &mut FnCtx<'_>, &[Datum]) -> Result<Vec<Vec<Datum>>>;

/// The set-returning system function with this object id.
pub fn set_function(oid: Oid) -> Option<SystemSet> {
    let symbol = symbol_of(oid)?;
    let sets = [
        check::SETS,
        activity::SETS,
        files::SETS,
        server_files::SETS,
        control::SETS,
        absent::SETS,
        sizes::SETS,
        faults::SETS,
        pool::SETS,
    ];
    sets.into_iter().flatten().find(|(name, _)| *name == symbol).map(|(_, function)| *function)
}

/// Names and types of a function's OUT columns when it is called with arguments of these types: an element's type follows from the
/// array.
pub fn output_types(cx: Ctx<'_>, function: Oid, arguments: &[Oid]) -> Result<Vec<(String, Oid)>> {
    const ANYELEMENT: Oid = Oid(2283);
    let Some(row) = cx.catalog().function(function)? else { return Ok(Vec::new()) };
    let types = row.proallargtypes.clone().unwrap_or_default();
    let modes = row.proargmodes.clone().unwrap_or_default();
    let names = row.proargnames.clone().unwrap_or_default();
    let out = types.iter().enumerate().filter(|(i, _)| matches!(modes.get(*i), Some(b'o' | b'b' | b't')));
    let actual = |declared: Oid| match (declared, arguments.first()) {
        (ANYELEMENT, Some(array)) => Types(cx).type_info(*array).map(|info| info.element),
        _ => Ok(declared),
    };
    out.map(|(i, t)| Ok((names.get(i).cloned().unwrap_or_default(), actual(*t)?))).collect()
}

/// The text of an index's column, from 1.
pub fn index_column_text(cx: Ctx<'_>, index: Oid, column: i32) -> Result<String> {
    definitions::index_column(cx, index, column)
}

fn symbol_of(oid: Oid) -> Option<&'static str> {
    let place = symbols::SYMBOLS.binary_search_by_key(&oid.0, |(oid, _)| *oid).ok()?;
    Some(symbols::SYMBOLS[place].1)
}

/// A system function.
#[derive(Clone, Copy)]
pub struct SystemFunction {
    /// Its name in pg_proc.prosrc.
    pub symbol: &'static str,
    /// What runs.
    pub function: SystemFn,
}

/// A list of symbols with what runs.
type List = &'static [(&'static str, SystemFn)];

/// All themes.
const THEMES: [List; 19] = [
    names::FUNCTIONS,
    identify::FUNCTIONS,
    registered::FUNCTIONS,
    definitions::FUNCTIONS,
    session::FUNCTIONS,
    sequences::FUNCTIONS,
    sizes::FUNCTIONS,
    privileges::FUNCTIONS,
    activity::FUNCTIONS,
    statistics::FUNCTIONS,
    cluster_statistics::FUNCTIONS,
    backends::FUNCTIONS,
    relations::FUNCTIONS,
    properties::FUNCTIONS,
    server_files::FUNCTIONS,
    control::FUNCTIONS,
    absent::FUNCTIONS,
    faults::FUNCTIONS,
    pool::FUNCTIONS,
];

/// Makes a theme's list: each function under its own name, some under others.
macro_rules! functions {
    ($($symbol:ident $(= $function:ident)?),* $(,)?) => {
        pub(super) const FUNCTIONS: &[(&str, crate::SystemFn)] =
            &[$((stringify!($symbol), functions!(@pick $symbol $($function)?) as crate::SystemFn)),*];
    };
    (@pick $symbol:ident) => { $symbol };
    (@pick $symbol:ident $function:ident) => { $function };
}
pub(crate) use functions;

/// The system function with this object id; `None` if it is none.
pub fn function(oid: Oid) -> Option<SystemFunction> {
    let symbol = symbol_of(oid)?;
    let all = THEMES.iter().flat_map(|list| list.iter()).chain(advisory::FUNCTIONS);
    let found = all.into_iter().find(|(name, _)| *name == symbol);
    Some(SystemFunction { symbol, function: found.map_or(missing as SystemFn, |(_, function)| *function) })
}

/// What stands for a function that is promised and not there yet.
fn missing(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    report::unsupported!("this system function")
}

/// A name as a value of type name.
fn name_datum(name: &str) -> Datum {
    Datum::text(&name[..name.floor_char_boundary(base::NAME_BYTES_MAX)])
}

/// The value, or null.
fn or_null(text: Option<String>) -> Datum {
    text.map_or(Datum::Null, Datum::from)
}

/// A timestamp with time zone of a time in microseconds since 1970, which the file system and the control file keep to the second.
fn to_the_second(us: i64) -> Datum {
    Datum::Int8(us.div_euclid(1_000_000) * 1_000_000 - SQL_EPOCH_US)
}

/// A host's address as inet, null for none: clients of Unix sockets have none.
fn inet_or_null(address: Option<IpAddr>) -> Datum {
    address.map_or(Datum::Null, |address| Inet::from(address).into_datum())
}
