//! Generates the rows and constants from `catalog/*.toml`.

use generator::{Catalogs, catalog_dir, check, rust};
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed={}", catalog_dir().display());
    let catalogs = Catalogs::load(&catalog_dir());
    check::inputs(&catalog_dir()).iter().for_each(|path| println!("cargo::rerun-if-changed={}", path.display()));
    let missing = check::missing_implementations(&catalogs, &catalog_dir());
    assert!(missing.is_empty(), "functions without an implementation:\n{}", missing.join("\n"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let write = |name: &str, text: String| std::fs::write(out.join(name), text).expect("OUT_DIR can be written");
    write("rows.rs", rust::rows(&catalogs));
    write("columns.rs", rust::columns(&catalogs));
    write("oids.rs", rust::oids(&catalogs));
    write("relations.rs", rust::relations(&catalogs));
    write("types.rs", rust::types(&catalogs));
    write("script.bki", generator::script::script(&catalogs));
    write("caches.rs", rust::caches(&catalogs));
}
