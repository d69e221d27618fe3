//! Every implementation by its symbol: what the generated dispatch table names, and the lists behind [`crate::by_symbol`].

use crate::{BuiltinFn, SrfFn};

pub use crate::acl::srf_symbols::*;
pub use crate::acl::symbols::*;
pub use crate::array::functions::srf_symbols::*;
pub use crate::array::functions::symbols::*;
pub use crate::boolean::symbols::*;
pub use crate::bytea::symbols::*;
pub use crate::chars::symbols::*;
pub use crate::enums::symbols::*;
pub use crate::float::symbols::*;
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
    crate::enums::BUILTINS,
    crate::float::BUILTINS,
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
    crate::int::SRFS,
    crate::json::functions::SRFS,
    crate::json::populate::SRFS,
    crate::misc::SRFS,
    crate::numeric::functions::SRFS,
    crate::regexp::functions::SRFS,
    crate::string::split::SRFS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The catalogs' generator filters pg_proc by this list.
    #[test]
    fn the_list_file_is_true() {
        let listed: BTreeSet<&str> = include_str!("../symbols.txt")
            .lines()
            .filter(|line| line.ends_with(" builtin") || line.ends_with(" srf"))
            .collect();
        let plain = TABLES.iter().flat_map(|t| t.iter()).map(|(name, _)| format!("{name} builtin"));
        let srfs = SRF_TABLES.iter().flat_map(|t| t.iter()).map(|(name, _)| format!("{name} srf"));
        let present: BTreeSet<String> = plain.chain(srfs).collect();
        let present: BTreeSet<&str> = present.iter().map(String::as_str).collect();
        assert_eq!(listed.symmetric_difference(&present).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn the_dispatch_tables_are_sorted() {
        assert!(crate::generated::BUILTINS.is_sorted_by_key(|b| b.oid));
        assert!(crate::generated::SET_RETURNING.is_sorted_by_key(|b| b.oid));
    }
}
