//! References by name: `"int4"` in a pg_type column is 23.

use crate::{Catalogs, Row};
use std::collections::HashMap;

/// The role that initdb makes; its name is not known before.
pub const BOOTSTRAP_SUPERUSER: u32 = 10;

/// Names of objects of each catalog that others refer to.
pub struct Names {
    by_catalog: HashMap<&'static str, HashMap<String, u32>>,
}

/// The text of a row's column. Panics if it is not there or not text.
pub(crate) fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    let value = row.get(column).unwrap_or_else(|| panic!("no {column} in {row:?}"));
    value.as_str().unwrap_or_else(|| panic!("{column} in {row:?} is not text"))
}

/// The number in a row's column. Panics if it is not there or not a number.
pub(crate) fn number(row: &Row, column: &str) -> u32 {
    let value = row.get(column).and_then(toml::Value::as_integer);
    value.and_then(|v| u32::try_from(v).ok()).unwrap_or_else(|| panic!("no number {column} in {row:?}"))
}

impl Names {
    /// Collects the names of all rows that have one.
    pub fn new(catalogs: &Catalogs) -> Names {
        let mut by_catalog = HashMap::new();
        let simple = [
            ("pg_am", "amname"),
            ("pg_namespace", "nspname"),
            ("pg_authid", "rolname"),
            ("pg_language", "lanname"),
            ("pg_collation", "collname"),
            ("pg_tablespace", "spcname"),
        ];
        for (catalog, column) in simple {
            by_catalog.insert(catalog, collect(catalogs, catalog, |row| text(row, column).to_owned()));
        }
        let family = |row: &Row| format!("{}/{}", text(row, "opfmethod"), text(row, "opfname"));
        by_catalog.insert("pg_opfamily", collect(catalogs, "pg_opfamily", family));
        let class = |row: &Row| format!("{}/{}", text(row, "opcmethod"), text(row, "opcname"));
        by_catalog.insert("pg_opclass", collect(catalogs, "pg_opclass", class));
        let operator =
            |row: &Row| format!("{}({},{})", text(row, "oprname"), text(row, "oprleft"), text(row, "oprright"));
        by_catalog.insert("pg_operator", collect(catalogs, "pg_operator", operator));
        by_catalog.insert("pg_class", catalogs.all.iter().map(|c| (c.name.clone(), c.oid)).collect());
        by_catalog.insert("pg_type", types(catalogs));
        by_catalog.insert("pg_proc", procs(catalogs));
        Names { by_catalog }
    }

    /// The object id of `name` in `catalog`: a number stands for itself, `-` and `0` for none. `None` if unknown.
    pub fn find(&self, catalog: &str, name: &str) -> Option<u32> {
        if name == "-" || name == "0" {
            return Some(0);
        }
        let found = self.by_catalog.get(catalog).and_then(|names| names.get(name));
        found.copied().or_else(|| name.parse().ok())
    }

    /// As `find`. Panics if unknown.
    pub fn resolve(&self, catalog: &str, name: &str) -> u32 {
        self.find(catalog, name).unwrap_or_else(|| panic!("no {catalog} row is named {name:?}"))
    }

    /// The object id of a type. Panics if unknown.
    pub fn type_oid(&self, name: &str) -> u32 {
        self.resolve("pg_type", name)
    }
}

fn collect(catalogs: &Catalogs, catalog: &str, name: impl Fn(&Row) -> String) -> HashMap<String, u32> {
    catalogs.get(catalog).rows.iter().map(|row| (name(row), number(row, "oid"))).collect()
}

/// Types, the arrays over them, and the row types of the catalogs.
fn types(catalogs: &Catalogs) -> HashMap<String, u32> {
    let mut names = HashMap::new();
    for row in &catalogs.get("pg_type").rows {
        let name = text(row, "typname");
        names.insert(name.to_owned(), number(row, "oid"));
        if row.contains_key("typarray") {
            names.insert(format!("_{name}"), number(row, "typarray"));
        }
    }
    for catalog in &catalogs.all {
        names.insert(catalog.name.clone(), catalog.rowtype_oid);
        names.insert(format!("_{}", catalog.name), catalog.array_oid);
    }
    names
}

/// Functions: by name if there is one of it, and always by `name(type,type)`.
fn procs(catalogs: &Catalogs) -> HashMap<String, u32> {
    let mut names = HashMap::new();
    let mut count: HashMap<&str, usize> = HashMap::new();
    for row in &catalogs.get("pg_proc").rows {
        let name = text(row, "proname");
        *count.entry(name).or_default() += 1;
        names.insert(name.to_owned(), number(row, "oid"));
        names.insert(format!("{name}({})", text(row, "proargtypes").replace(' ', ",")), number(row, "oid"));
    }
    names.retain(|name, _| count.get(name.as_str()).is_none_or(|n| *n == 1));
    names
}
