//! Prints Rust: row structs, column numbers, object ids, descriptors of relations and caches.

use crate::names::{Names, number, text};
use crate::{Catalog, Catalogs, Column, IndexKind, Row};
use std::fmt::Write;

/// `pg_ts_dict` is `PgTsDict`.
pub fn struct_name(catalog: &str) -> String {
    catalog.split('_').map(capitalized).collect()
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// The Rust type and the reader and writer (in `catalog::fields`) of a column's type.
fn field(type_name: &str) -> (&'static str, &'static str) {
    match type_name {
        "oid" | "regproc" | "xid" => ("Oid", "oid"),
        "bool" => ("bool", "bool"),
        "char" => ("u8", "char"),
        "int2" => ("i16", "int2"),
        "int4" => ("i32", "int4"),
        "int8" | "timestamptz" | "pg_lsn" => ("i64", "int8"),
        "float4" => ("f32", "float4"),
        "name" | "text" | "pg_node_tree" => ("String", "text"),
        "bytea" | "pg_ndistinct" | "pg_dependencies" | "pg_mcv_list" => ("Vec<u8>", "bytes"),
        "oidvector" => ("Vec<Oid>", "oidvector"),
        "int2vector" => ("Vec<i16>", "int2vector"),
        "_oid" => ("Vec<Oid>", "oid_array"),
        "_int2" => ("Vec<i16>", "int2_array"),
        "_float4" => ("Vec<f32>", "float4_array"),
        "_char" => ("Vec<u8>", "char_array"),
        "_text" => ("Vec<String>", "text_array"),
        "_aclitem" => ("Vec<AclItem>", "acl"),
        "anyarray" | "_pg_statistic" => ("Datum", "any"),
        other => panic!("no Rust type for catalog columns of type {other}"),
    }
}

/// `rows.rs`: a struct for each catalog, with conversion from and to datums.
pub fn rows(catalogs: &Catalogs) -> String {
    let mut out = String::new();
    for catalog in &catalogs.all {
        row_struct(&mut out, catalog).expect("writing to a string");
        row_impl(&mut out, catalog).expect("writing to a string");
    }
    out
}

fn rust_type(column: &Column) -> String {
    let (rust, reader) = field(&column.type_name);
    match column.null && reader != "any" {
        true => format!("Option<{rust}>"),
        false => rust.to_owned(),
    }
}

fn row_struct(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    writeln!(out, "/// A row of {}.\n#[derive(Clone, Debug, Default)]", catalog.name)?;
    writeln!(out, "pub struct {} {{", struct_name(&catalog.name))?;
    for column in &catalog.columns {
        writeln!(out, "    /// Column of type {}.\n    pub {}: {},", column.type_name, column.name, rust_type(column))?;
    }
    writeln!(out, "}}\n")
}

fn row_impl(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    let name = struct_name(&catalog.name);
    writeln!(out, "impl Row for {name} {{")?;
    writeln!(out, "    const RELATION: &'static Relation = &relations::{};", catalog.name.to_uppercase())?;
    let width = catalog.columns.len();
    writeln!(out, "    fn from_row(row: &[Datum]) -> {name} {{")?;
    writeln!(out, "        assert!(row.len() >= {width}, \"a row of {} has {width} columns\");", catalog.name)?;
    writeln!(out, "        {name} {{")?;
    for (at, column) in catalog.columns.iter().enumerate() {
        let (_, reader) = field(&column.type_name);
        let read = match column.null && reader != "any" {
            true => format!("fields::optional(&row[{at}], fields::read_{reader})"),
            false => format!("fields::read_{reader}(&row[{at}])"),
        };
        writeln!(out, "            {}: {read},", column.name)?;
    }
    writeln!(out, "        }}\n    }}")?;
    writeln!(out, "    fn to_row(&self) -> Vec<Datum> {{\n        vec![")?;
    for column in &catalog.columns {
        let (_, writer) = field(&column.type_name);
        let write = match column.null && writer != "any" {
            true => format!("self.{}.as_ref().map_or(Datum::Null, fields::write_{writer})", column.name),
            false => format!("fields::write_{writer}(&self.{})", column.name),
        };
        writeln!(out, "            {write},")?;
    }
    writeln!(out, "        ]\n    }}\n}}\n")
}

/// `columns.rs`: a module for each catalog with its column numbers, from 1.
pub fn columns(catalogs: &Catalogs) -> String {
    let mut out = String::new();
    for catalog in &catalogs.all {
        out += &format!("/// Column numbers of {}.\npub mod {} {{\n", catalog.name, catalog.name);
        for (at, column) in catalog.columns.iter().enumerate() {
            let name = column.name.to_uppercase();
            out += &format!("    /// {}\n    pub const {name}: i16 = {};\n", column.type_name, at + 1);
        }
        out += "}\n";
    }
    out
}

/// `oids.rs`: object ids of catalogs, their indexes, types, functions, operators and the rest.
pub fn oids(catalogs: &Catalogs) -> String {
    let mut out = String::new();
    for catalog in &catalogs.all {
        constant(&mut out, &catalog.name.to_uppercase(), catalog.oid, &catalog.name);
        for index in &catalog.indexes {
            constant(&mut out, &index.name.to_uppercase(), index.oid, &index.name);
        }
    }
    object_modules(&mut out, catalogs);
    out
}

fn object_modules(out: &mut String, catalogs: &Catalogs) {
    *out += "/// Types, by name; arrays end in `_ARRAY`.\npub mod types {\n    use base::Oid;\n";
    for row in &catalogs.get("pg_type").rows {
        let name = text(row, "typname");
        constant(out, &identifier(name), number(row, "oid"), name);
        if row.contains_key("typarray") {
            constant(out, &format!("{}_ARRAY", identifier(name)), number(row, "typarray"), &format!("{name}[]"));
        }
    }
    *out += "}\n";
    let modules = [
        ("access_methods", "pg_am", "amname"),
        ("namespaces", "pg_namespace", "nspname"),
        ("roles", "pg_authid", "rolname"),
        ("languages", "pg_language", "lanname"),
        ("collations", "pg_collation", "collname"),
        ("tablespaces", "pg_tablespace", "spcname"),
        ("databases", "pg_database", "datname"),
    ];
    for (module, catalog, column) in modules {
        object_module(out, module, &catalogs.get(catalog).rows, |row| text(row, column).to_owned());
    }
    let families = |row: &Row| format!("{}_{}", text(row, "opfmethod"), text(row, "opfname"));
    object_module(out, "opfamilies", &catalogs.get("pg_opfamily").rows, families);
    let classes = |row: &Row| format!("{}_{}", text(row, "opcmethod"), text(row, "opcname"));
    object_module(out, "opclasses", &catalogs.get("pg_opclass").rows, classes);
    functions(out, catalogs);
}

fn object_module(out: &mut String, module: &str, rows: &[Row], name: impl Fn(&Row) -> String) {
    *out +=
        &format!("/// {}, by name.\npub mod {module} {{\n    use base::Oid;\n", capitalized(&module.replace('_', " ")));
    for row in rows {
        constant(out, &identifier(&name(row)), number(row, "oid"), &name(row));
    }
    *out += "}\n";
}

/// Functions by symbol, as PostgreSQL's `F_` constants: the name alone if only one has it, else with argument types.
fn functions(out: &mut String, catalogs: &Catalogs) {
    let rows = &catalogs.get("pg_proc").rows;
    let mut count = std::collections::HashMap::new();
    for row in rows {
        *count.entry(text(row, "proname")).or_insert(0) += 1;
    }
    let name = |row: &Row| match count[text(row, "proname")] {
        1 => text(row, "proname").to_owned(),
        _ => format!("{}_{}", text(row, "proname"), text(row, "proargtypes").replace(' ', "_"))
            .trim_end_matches('_')
            .to_owned(),
    };
    object_module(out, "functions", rows, name);
}

fn constant(out: &mut String, name: &str, oid: u32, says: &str) {
    *out += &format!("    /// `{says}`\n    pub const {name}: Oid = Oid({oid});\n");
}

/// A name as a constant's: capitals, digits and underscores.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// `relations.rs`: the static descriptor of each catalog, a list of all of them, and the caches.
pub fn relations(catalogs: &Catalogs) -> String {
    let names = Names::new(catalogs);
    let mut out = String::new();
    for catalog in &catalogs.all {
        relation(&mut out, catalog, catalogs, &names).expect("writing to a string");
    }
    out += &shared_relations(catalogs);
    let list: Vec<String> = catalogs.all.iter().map(|c| format!("&{}", c.name.to_uppercase())).collect();
    out +=
        &format!("/// All catalogs, by name.\npub static ALL: [&Relation; {}] = [{}];\n", list.len(), list.join(", "));
    out
}

/// The object ids of shared catalogs, their indexes and TOAST tables.
fn shared_relations(catalogs: &Catalogs) -> String {
    let mut oids = Vec::new();
    for catalog in catalogs.all.iter().filter(|c| c.shared) {
        oids.push(catalog.oid);
        oids.extend(catalog.indexes.iter().map(|i| i.oid));
        oids.extend(catalog.toast.iter().flat_map(|t| [t.table, t.index]));
    }
    oids.sort_unstable();
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("pub(crate) static SHARED: [u32; {}] = [{}];\n", list.len(), list.join(", "))
}

fn relation(out: &mut String, catalog: &Catalog, catalogs: &Catalogs, names: &Names) -> std::fmt::Result {
    let (name, upper) = (&catalog.name, catalog.name.to_uppercase());
    writeln!(out, "/// {name}.\npub static {upper}: Relation = Relation {{")?;
    writeln!(out, "    name: \"{name}\", oid: Oid({}), rowtype_oid: Oid({}),", catalog.oid, catalog.rowtype_oid)?;
    writeln!(out, "    array_oid: Oid({}), shared: {},", catalog.array_oid, catalog.shared)?;
    match &catalog.toast {
        Some(t) => writeln!(out, "    toast: Some((Oid({}), Oid({}))),", t.table, t.index)?,
        None => writeln!(out, "    toast: None,")?,
    }
    writeln!(out, "    columns: &[")?;
    for column in &catalog.columns {
        column_descriptor(out, column, catalogs, names)?;
    }
    writeln!(out, "    ],\n    indexes: &[")?;
    for index in &catalog.indexes {
        index_descriptor(out, index, catalog, names)?;
    }
    writeln!(out, "    ],\n}};\n")
}

fn column_descriptor(out: &mut String, column: &Column, catalogs: &Catalogs, names: &Names) -> std::fmt::Result {
    let shape = TypeShape::find(catalogs, &column.type_name);
    let collation = match (&column.collation, shape.text_like) {
        (Some(_), _) => 100,
        (None, true) => 950,
        (None, false) => 0,
    };
    writeln!(
        out,
        "        Column {{ name: {:?}, type_oid: Oid({}), type_len: {}, by_value: {}, align: b'{}', storage: b'{}', \
         collation: Oid({collation}), dimensions: {}, not_null: {} }},",
        column.name,
        names.type_oid(&column.type_name),
        shape.len,
        shape.by_value,
        shape.align,
        shape.storage,
        shape.dimensions,
        !column.null,
    )
}

/// `types.rs`: the types that bootstrap knows before pg_type has rows, by name.
pub fn types(catalogs: &Catalogs) -> String {
    let names = Names::new(catalogs);
    let mut list: Vec<String> = Vec::new();
    for row in &catalogs.get("pg_type").rows {
        list.push(text(row, "typname").to_owned());
        if row.contains_key("typarray") {
            list.push(format!("_{}", text(row, "typname")));
        }
    }
    list.push("_pg_statistic".to_owned());
    list.sort();
    let mut out = format!("/// Types that bootstrap knows, by name.\npub static TYPES: [Type; {}] = [\n", list.len());
    for name in &list {
        let shape = TypeShape::find(catalogs, name);
        let element = name.strip_prefix('_').map_or(0, |element| names.type_oid(element));
        out += &format!(
            "    Type {{ name: {name:?}, oid: Oid({}), len: {}, by_value: {}, align: b'{}', storage: b'{}', \
             collation: Oid({}), element: Oid({element}) }},\n",
            names.type_oid(name),
            shape.len,
            shape.by_value,
            shape.align,
            shape.storage,
            if shape.text_like { 950 } else { 0 },
        );
    }
    out + "];\n"
}

/// What pg_attribute copies from pg_type.
struct TypeShape {
    len: i64,
    by_value: bool,
    align: String,
    storage: String,
    text_like: bool,
    dimensions: u8,
}

impl TypeShape {
    fn find(catalogs: &Catalogs, name: &str) -> TypeShape {
        if let Some(element) = name.strip_prefix('_') {
            let wide = matches!(element, "int8" | "float8" | "timestamptz" | "pg_statistic");
            let (align, text_like) = (if wide { "d" } else { "i" }, element == "text");
            let (align, storage) = (align.to_owned(), "x".to_owned());
            return TypeShape { len: -1, by_value: false, align, storage, text_like, dimensions: 1 };
        }
        let types = &catalogs.get("pg_type").rows;
        let row = types.iter().find(|r| text(r, "typname") == name).unwrap_or_else(|| panic!("no type {name}"));
        TypeShape {
            len: row.get("typlen").and_then(toml::Value::as_integer).unwrap_or(-1),
            by_value: row.get("typbyval").and_then(toml::Value::as_bool).unwrap_or(false),
            align: text(row, "typalign").to_owned(),
            storage: row.get("typstorage").and_then(toml::Value::as_str).unwrap_or("p").to_owned(),
            text_like: row.contains_key("typcollation"),
            dimensions: 0,
        }
    }
}

fn index_descriptor(out: &mut String, index: &crate::Index, catalog: &Catalog, names: &Names) -> std::fmt::Result {
    let mut columns = Vec::new();
    let mut classes = Vec::new();
    for entry in &index.columns {
        let (column, class) = entry.split_once(' ').unwrap_or_else(|| panic!("{}: {entry:?}", index.name));
        columns.push((catalog.column(column).0 + 1).to_string());
        classes.push(format!("Oid({})", names.resolve("pg_opclass", &format!("btree/{class}"))));
    }
    let (unique, primary) = (index.kind != IndexKind::Plain, index.kind == IndexKind::Primary);
    writeln!(
        out,
        "        Index {{ name: {:?}, oid: Oid({}), columns: &[{}], opclasses: &[{}], unique: {unique}, primary: {primary} }},",
        index.name,
        index.oid,
        columns.join(", "),
        classes.join(", "),
    )
}

/// `caches.rs`: the enum of caches and their descriptors.
pub fn caches(catalogs: &Catalogs) -> String {
    let mut all: Vec<(&Catalog, &crate::Cache)> =
        catalogs.all.iter().flat_map(|c| c.caches.iter().map(move |cache| (c, cache))).collect();
    all.sort_by_key(|(_, cache)| cache.name.clone());
    let mut out = "/// A system cache. The names are PostgreSQL's.\n#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, \
                   PartialOrd, Ord)]\n#[repr(u8)]\npub enum CacheId {\n"
        .to_owned();
    for (catalog, cache) in &all {
        out += &format!("    /// {} by {}.\n    {},\n", catalog.name, cache.keys.join(", "), camel(&cache.name));
    }
    out +=
        &format!("}}\n\n/// All caches, in the order of [`CacheId`].\npub static CACHES: [Cache; {}] = [\n", all.len());
    for (catalog, cache) in &all {
        let keys: Vec<String> = cache.keys.iter().map(|k| (catalog.column(k).0 + 1).to_string()).collect();
        let index = catalog.indexes.iter().position(|i| i.name == cache.index);
        let index = index.unwrap_or_else(|| panic!("{}: no index {}", cache.name, cache.index));
        out += &format!(
            "    Cache {{ id: CacheId::{}, relation: &relations::{}, index: {index}, keys: &[{}], buckets: {} }},\n",
            camel(&cache.name),
            catalog.name.to_uppercase(),
            keys.join(", "),
            cache.buckets,
        );
    }
    out += "];\n";
    out
}

/// `RELNAMENSP` is `Relnamensp`: PostgreSQL's names have no word boundaries to keep.
fn camel(name: &str) -> String {
    capitalized(&name.to_lowercase())
}
