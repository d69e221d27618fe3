//! The types, operators, functions and aggregates of SQL, as PostgreSQL 15 defines them.
//!
//! An implementation is a Rust function named as PostgreSQL's C symbol (`int4pl`), found by path in [`symbols`] and by
//! name through [`by_symbol`]. The catalogs' pg_proc rows name the symbol in `prosrc`; the generated table in
//! `generated.rs` pairs each function's oid with its implementation, so that a row without one does not compile.
//!
//! What this crate deliberately does not do: read catalogs, storage, files or the session. What a function needs of
//! them comes through [`FnCtx`]: display settings, the time of the statement, and a [`TypeLookup`] for element types,
//! enum labels and the columns of composite types.
//!
//! Invariants:
//! - I1. A strict function never sees [`tuple::Datum::Null`]: its caller checks (pg_proc.proisstrict).
//! - I2. A datum's variant follows from its type ([`tuple::Repr`]); text-like values are valid UTF-8 without zero bytes.
//! - I3. A user's mistake is an error with PostgreSQL's message and SQLSTATE; no input makes a function panic.
#![forbid(unsafe_code)]

#[macro_use]
mod macros;

mod compare;
mod context;
mod convert;
mod datetime;
mod dispatch;
mod errors;
mod generated;
mod io;
mod types;
mod wire;

pub mod acl;
pub mod aggregate;
pub mod array;
mod boolean;
mod bytea;
mod chars;
mod enums;
mod float;
mod formatting;
mod hash;
mod int;
mod json;
mod keywords;
mod misc;
mod money;
mod name;
pub mod network;
pub mod numeric;
mod oid;
mod pseudo;
pub mod record;
mod regexp;
mod string;
mod text;
mod uuids;
pub mod window;

pub mod symbols;
#[cfg(test)]
mod testing;

pub use aggregate::{Accumulator, Aggregate, AggregateKind, AggregateState, aggregate};
pub use compare::{HashFn, Hasher, comparator, hasher};
pub use context::{DateOrder, DateStyle, EntropyFn, FnCtx, FormatSettings, IntervalStyle, Memo};
pub use convert::{FromDatum, IntoDatum, relabel, relabel_changes_variant, relabel_to_type};
pub use datetime::zone::{ZoneInfo, find as find_time_zone, hours_east, interval_east, zone_abbreviations, zone_names};
pub use dispatch::{
    Builtin, BuiltinFn, RowSource, SetReturning, SrfFn, by_symbol, function, set_returning, srf_by_symbol,
};
pub use hash::{hash_bytes, hash_bytes_extended, hash_uint32, hash_uint32_extended};
pub use io::{input, input_fast, null_of, output, receive, send};
pub use json::subscript as jsonb_subscript;
pub use misc::{encoding_name, encoding_number};
pub use string::quote::{quote_identifier, quote_literal};
pub use types::{BuiltinTypes, EnumLabel, TypeInfo, TypeLookup, builtin_type, sql_type_name, type_oid};
pub use window::{WindowAccess, WindowFunction, WindowState, window_function};
pub use wire::text_of;
