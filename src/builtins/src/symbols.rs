//! Every implementation by its symbol: what the generated dispatch table names, and the lists behind [`crate::by_symbol`].

use crate::{BuiltinFn, SrfFn};

pub use crate::acl::srf_symbols::*;
pub use crate::acl::symbols::*;
pub use crate::array::functions::srf_symbols::*;
pub use crate::array::functions::symbols::*;
pub use crate::boolean::symbols::*;
pub use crate::bytea::symbols::*;
pub use crate::chars::symbols::*;
pub use crate::datetime::date::mixed::order::symbols::*;
pub use crate::datetime::date::mixed::symbols::*;
pub use crate::datetime::date::symbols::*;
pub use crate::datetime::extract::symbols::*;
pub use crate::datetime::interval::symbols::*;
pub use crate::datetime::time::raw_symbols::*;
pub use crate::datetime::time::symbols::*;
pub use crate::datetime::timestamp::mixed::order::symbols::*;
pub use crate::datetime::timestamp::mixed::symbols::*;
pub use crate::datetime::timestamp::srf_symbols::*;
pub use crate::datetime::timestamp::symbols::*;
pub use crate::enums::symbols::*;
pub use crate::float::symbols::*;
pub use crate::formatting::dates::symbols::*;
pub use crate::formatting::numbers::symbols::*;
pub use crate::formatting::scan::symbols::*;
pub use crate::hash::symbols::*;
pub use crate::int::srf_symbols::*;
pub use crate::int::symbols::*;
pub use crate::json::convert::raw_symbols::*;
pub use crate::json::convert::symbols::*;
pub use crate::json::edit::raw_symbols::*;
pub use crate::json::edit::symbols::*;
pub use crate::json::functions::srf_symbols::*;
pub use crate::json::functions::symbols::*;
pub use crate::json::io::symbols::*;
pub use crate::json::populate::raw_symbols::*;
pub use crate::json::populate::srf_symbols::*;
pub use crate::misc::srf_symbols::*;
pub use crate::misc::symbols::*;
pub use crate::money::symbols::*;
pub use crate::name::symbols::*;
pub use crate::network::mac::symbols::*;
pub use crate::network::symbols::*;
pub use crate::numeric::functions::srf_symbols::*;
pub use crate::numeric::functions::symbols::*;
pub use crate::oid::symbols::*;
pub use crate::pseudo::symbols::*;
pub use crate::record::functions::symbols::*;
pub use crate::regexp::functions::raw_symbols::*;
pub use crate::regexp::functions::srf_symbols::*;
pub use crate::string::basic::symbols::*;
pub use crate::string::case::symbols::*;
pub use crate::string::concat::raw_symbols::*;
pub use crate::string::encode::symbols::*;
pub use crate::string::like::symbols::*;
pub use crate::string::quote::symbols::*;
pub use crate::string::split::raw_symbols::*;
pub use crate::string::split::srf_symbols::*;
pub use crate::string::split::symbols::*;
pub use crate::string::unicode::symbols::*;
pub use crate::text::symbols::*;
pub use crate::uuids::symbols::*;

/// The tables of all modules with plain functions.
pub(crate) static TABLES: &[&[(&str, BuiltinFn)]] = &[
    crate::acl::BUILTINS,
    crate::array::functions::BUILTINS,
    crate::boolean::BUILTINS,
    crate::bytea::BUILTINS,
    crate::chars::BUILTINS,
    crate::datetime::date::BUILTINS,
    crate::datetime::date::mixed::BUILTINS,
    crate::datetime::date::mixed::order::BUILTINS,
    crate::datetime::extract::BUILTINS,
    crate::datetime::interval::BUILTINS,
    crate::datetime::time::BUILTINS,
    crate::datetime::timestamp::BUILTINS,
    crate::datetime::timestamp::mixed::BUILTINS,
    crate::datetime::timestamp::mixed::order::BUILTINS,
    crate::datetime::time::RAW_BUILTINS,
    crate::enums::BUILTINS,
    crate::float::BUILTINS,
    crate::formatting::dates::BUILTINS,
    crate::formatting::numbers::BUILTINS,
    crate::formatting::scan::BUILTINS,
    crate::hash::BUILTINS,
    crate::int::BUILTINS,
    crate::json::convert::BUILTINS,
    crate::json::convert::RAW_BUILTINS,
    crate::json::edit::BUILTINS,
    crate::json::edit::RAW_BUILTINS,
    crate::json::functions::BUILTINS,
    crate::json::io::BUILTINS,
    crate::json::populate::RAW_BUILTINS,
    crate::misc::BUILTINS,
    crate::money::BUILTINS,
    crate::name::BUILTINS,
    crate::network::BUILTINS,
    crate::network::mac::BUILTINS,
    crate::numeric::functions::BUILTINS,
    crate::oid::BUILTINS,
    crate::pseudo::BUILTINS,
    crate::record::functions::BUILTINS,
    crate::regexp::functions::RAW_BUILTINS,
    crate::string::basic::BUILTINS,
    crate::string::case::BUILTINS,
    crate::string::concat::RAW_BUILTINS,
    crate::string::encode::BUILTINS,
    crate::string::like::BUILTINS,
    crate::string::quote::BUILTINS,
    crate::string::split::BUILTINS,
    crate::string::split::RAW_BUILTINS,
    crate::string::unicode::BUILTINS,
    crate::text::BUILTINS,
    crate::uuids::BUILTINS,
];

/// The tables of all modules with set-returning functions.
pub(crate) static SRF_TABLES: &[&[(&str, SrfFn)]] = &[
    crate::acl::SRFS,
    crate::array::functions::SRFS,
    crate::datetime::timestamp::SRFS,
    crate::int::SRFS,
    crate::json::functions::SRFS,
    crate::json::populate::SRFS,
    crate::misc::SRFS,
    crate::numeric::functions::SRFS,
    crate::regexp::functions::SRFS,
    crate::string::split::SRFS,
];

/// symbols.txt and generated.rs follow from the tables above and the catalogs. After a change run
/// `BUILTINS_WRITE=1 cargo test -p builtins generated`, then build again.
#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn path(name: &str) -> String {
        format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    /// What the catalogs' engineers filter pg_proc by: `symbol kind`, aggregates and window functions with their oid.
    fn list() -> String {
        let plain = TABLES.iter().flat_map(|t| t.iter()).map(|(name, _)| format!("{name} builtin"));
        let srfs = SRF_TABLES.iter().flat_map(|t| t.iter()).map(|(name, _)| format!("{name} srf"));
        let aggregates = crate::aggregate::all().iter().map(|a| format!("{} aggregate {}", a.name, a.oid));
        let windows = crate::window::all().iter().map(|w| format!("{} window {}", w.name, w.oid));
        let mut lines: Vec<String> = plain.chain(srfs).chain(aggregates).chain(windows).collect();
        lines.sort();
        lines.join("\n") + "\n"
    }

    /// The rows of pg_proc that this crate may implement: oid, symbol, number of arguments, strict, gives rows.
    fn catalog_rows() -> Vec<(i64, String, usize, bool, bool)> {
        let text = std::fs::read_to_string(path("../../catalog/pg_proc.toml")).unwrap();
        let catalog: toml::Table = toml::from_str(&text).unwrap();
        let mut rows = Vec::new();
        for row in catalog["rows"].as_array().unwrap() {
            let field = |name: &str| row.get(name).and_then(toml::Value::as_str);
            let implementation = field("impl").unwrap_or("");
            if !matches!(implementation, "builtin" | "io" | "marker" | "srf") {
                continue;
            }
            let symbol = field("prosrc").or(field("proname")).unwrap().to_owned();
            let count = field("proargtypes").unwrap_or("").split_whitespace().count();
            let strict = row.get("proisstrict").is_none_or(|v| v.as_bool() != Some(false));
            rows.push((row["oid"].as_integer().unwrap(), symbol, count, strict, implementation == "srf"));
        }
        rows.sort();
        rows
    }

    fn dispatch_tables() -> String {
        let (mut plain, mut srfs) = (String::new(), String::new());
        for (oid, symbol, count, strict, is_srf) in catalog_rows() {
            match is_srf {
                false if crate::by_symbol(&symbol).is_some() => {
                    writeln!(plain, "    b({oid}, \"{symbol}\", {count}, {strict}, symbols::{symbol}),").unwrap();
                }
                true if crate::srf_by_symbol(&symbol).is_some() => {
                    writeln!(srfs, "    r({oid}, \"{symbol}\", {count}, {strict}, symbols::{symbol}),").unwrap();
                }
                _ => {}
            }
        }
        let head = include_str!("generated.rs").split("#[rustfmt::skip]").next().unwrap();
        format!(
            "{head}#[rustfmt::skip]\npub(crate) static BUILTINS: &[Builtin] = &[\n{plain}];\n\n\
             #[rustfmt::skip]\npub(crate) static SET_RETURNING: &[SetReturning] = &[\n{srfs}];\n"
        )
    }

    #[test]
    fn generated_files_are_true() {
        for (name, wanted) in [("symbols.txt", list()), ("src/generated.rs", dispatch_tables())] {
            if std::env::var_os("BUILTINS_WRITE").is_some() {
                std::fs::write(path(name), wanted).unwrap();
                continue;
            }
            let found = std::fs::read_to_string(path(name)).unwrap();
            let stale: Vec<&str> = found.lines().filter(|l| !wanted.contains(l)).take(5).collect();
            let absent: Vec<&str> = wanted.lines().filter(|l| !found.contains(l)).take(5).collect();
            assert!(found == wanted, "{name} is stale: lines {stale:?}, absent {absent:?}; see this module's comment");
        }
    }

    #[test]
    fn the_dispatch_tables_are_sorted() {
        assert!(crate::generated::BUILTINS.is_sorted_by_key(|b| b.oid));
        assert!(crate::generated::SET_RETURNING.is_sorted_by_key(|b| b.oid));
        assert!(crate::aggregate::all().is_sorted_by_key(|a| a.oid));
    }
}
