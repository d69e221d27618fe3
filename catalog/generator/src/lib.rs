//! From `catalog/*.toml` to Rust and to the bootstrap script.
//!
//! Each TOML file describes one catalog: its object ids, columns, indexes, caches and initial rows. The build script of
//! crate `catalog` calls this crate and includes what it prints:
//! - row structs, column numbers, object ids, relation and cache descriptors ([`rust`]),
//! - the bootstrap script ([`script`]).
//!
//! A row of pg_proc that nobody implements stops the build ([`check`]).
//!
//! The flow: [`Catalogs::load`] reads the files, [`names::Names`] resolves references by name (`"int4"`,
//! `"btree/int4_ops"`) to object ids, the printers do the rest. A mistake in a TOML file panics with the file's name:
//! the build stops there.
#![forbid(unsafe_code)]

pub mod check;
mod def;
pub mod names;
pub mod rust;
pub mod script;

pub use def::{Cache, Catalog, Catalogs, Column, Index, IndexKind, Row, Toast, catalog_dir};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_resolves_every_reference() {
        let catalogs = Catalogs::load(&catalog_dir());
        let script = script::script(&catalogs);
        assert!(script.starts_with("# Woolly 15\ncreate pg_proc 1255 bootstrap rowtype_oid 81 array_oid 272 acl '{10=arwdDxt/10,=r/10}' ( oid = oid FORCE NOT NULL ,"));
        assert!(
            script
                .contains("\ndeclare primary index pg_class_oid_index 2662 on pg_class using btree ( oid oid_ops )\n")
        );
        assert!(script.contains("\ninsert ( 2 heap 3 t )\n"));
        assert!(script.ends_with("build indices\n"));
    }
}
