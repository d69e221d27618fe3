//! The TOML files as values.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An initial row: column name to value. Columns that are not given take the column's default.
pub type Row = BTreeMap<String, toml::Value>;

/// One catalog: the content of one file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Its name, as the file's.
    pub name: String,
    /// Its object id.
    pub oid: u32,
    /// The object id of its row type.
    pub rowtype_oid: u32,
    /// The object id of the array over its row type, 0 if none.
    pub array_oid: u32,
    /// Its privileges, if not those of a catalog that everybody may read.
    pub acl: Option<String>,
    /// One copy for all databases.
    #[serde(default)]
    pub shared: bool,
    /// Its TOAST table.
    pub toast: Option<Toast>,
    /// In order.
    pub columns: Vec<Column>,
    /// All B-trees.
    #[serde(default)]
    pub indexes: Vec<Index>,
    /// System caches over it.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// What bootstrap inserts.
    #[serde(default)]
    pub rows: Vec<Row>,
}

/// The object ids of a TOAST table and its index.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toast {
    /// The table's.
    pub table: u32,
    /// The index's.
    pub index: u32,
}

/// A column of a catalog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name of its type; arrays start with an underscore.
    #[serde(rename = "type")]
    pub type_name: String,
    /// It may be null.
    #[serde(default)]
    pub null: bool,
    /// `default` if it has the database's collation; otherwise text-like columns have "C".
    pub collation: Option<String>,
    /// What a row has that does not give it; `_null_` is null.
    pub default: Option<String>,
    /// The catalog that its object ids are of.
    pub lookup: Option<String>,
}

/// An index of a catalog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its object id.
    pub oid: u32,
    /// `column operator_class` each.
    pub columns: Vec<String>,
    /// Primary key, unique, or neither.
    pub kind: IndexKind,
}

/// What an index promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexKind {
    /// Unique, and the catalog's primary key.
    Primary,
    /// No two rows alike.
    Unique,
    /// Nothing.
    Plain,
}

/// A system cache: rows of a catalog by the key of a unique index.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// PostgreSQL's name for it.
    pub name: String,
    /// The index that finds its rows.
    pub index: String,
    /// One to four columns.
    pub keys: Vec<String>,
    /// Hash buckets to start with.
    pub buckets: u32,
}

impl Catalog {
    /// The column with this name and its index. Panics if there is none.
    pub fn column(&self, name: &str) -> (usize, &Column) {
        let at = self.columns.iter().position(|c| c.name == name);
        let at = at.unwrap_or_else(|| panic!("{}.toml: no column {name}", self.name));
        (at, &self.columns[at])
    }
}

/// All catalogs.
#[derive(Debug)]
pub struct Catalogs {
    /// By name.
    pub all: Vec<Catalog>,
}

/// `catalog/` of this repository.
pub fn catalog_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the generator lives in catalog/").to_owned()
}

impl Catalogs {
    /// Reads every TOML file in `dir`. Panics on a mistake.
    pub fn load(dir: &Path) -> Catalogs {
        let entries = std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("a directory entry").path()).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
        paths.sort();
        Catalogs { all: paths.iter().map(|p| read(p)).collect() }
    }

    /// The catalog with this name. Panics if there is none.
    pub fn get(&self, name: &str) -> &Catalog {
        self.all.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no catalog {name}"))
    }
}

fn read(path: &Path) -> Catalog {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let catalog: Catalog = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(path.file_stem().is_some_and(|s| s == catalog.name.as_str()), "{}: name does not match", path.display());
    catalog
}
