//! From `catalog/*.toml` to Rust and to the bootstrap script.
//!
//! Each TOML file describes one catalog: its object ids, columns, indexes, caches and initial rows. Build scripts call
//! this crate and include what it prints:
//! - `src/catalog/build.rs`: row structs, column numbers, object ids, relation and cache descriptors ([`rust`]),
//! - `src/builtins/build.rs`: the dispatch table of the functions ([`dispatch`]),
//! - `initdb/build.rs`: the bootstrap script ([`script`]).
//!
//! The flow: [`Catalogs::load`] reads the files, [`names::Names`] resolves references by name (`"int4"`,
//! `"btree/int4_ops"`) to object ids, the printers do the rest. A mistake in a TOML file panics with the file's name:
//! the build stops there.
#![forbid(unsafe_code)]

mod def;
pub mod names;
pub mod rust;

pub use def::{Cache, Catalog, Catalogs, Column, Index, IndexKind, Row, Toast, catalog_dir};
