//! Prints the bootstrap script: what `initdb` feeds to `postmaster --boot`.
//!
//! One command a line (docs/internals/bootstrap.md has the grammar):
//!
//! ```text
//! # Woolly 15
//! create pg_am 2601 rowtype_oid 10015 array_oid 10014 acl '{10=arwdDxt/10,=r/10}' ( oid = oid , amname = name , ... )
//! insert ( 2 heap 3 t )
//! close pg_am
//! declare toast 2836 2837 on pg_proc
//! declare primary index pg_am_oid_index 2652 on pg_am using btree ( oid oid_ops )
//! build indices
//! ```
//!
//! Words in capitals (`POSTGRES`, `ENCODING`, `LC_COLLATE`, `LC_CTYPE`) are replaced by initdb.

use crate::names::{BOOTSTRAP_SUPERUSER, Names, number, text};
use crate::{Catalog, Catalogs, Column, IndexKind, Row};
use std::fmt::Write;
use toml::Value;

/// The first line; bootstrap refuses a script that starts otherwise.
pub const HEADER: &str = "# Woolly 15";

/// The whole script.
pub fn script(catalogs: &Catalogs) -> String {
    let names = Names::new(catalogs);
    let mut out = format!("{HEADER}\n");
    for catalog in in_order(catalogs) {
        create(&mut out, catalog, &names);
        for row in rows_of(catalog) {
            insert(&mut out, catalog, &row, &names);
        }
        writeln!(out, "close {}", catalog.name).expect("writing to a string");
    }
    for catalog in in_order(catalogs) {
        declarations(&mut out, catalog).expect("writing to a string");
    }
    out += "build indices\n";
    out
}

/// The four catalogs that describe the others come first.
fn in_order(catalogs: &Catalogs) -> Vec<&Catalog> {
    let first = ["pg_proc", "pg_type", "pg_attribute", "pg_class"];
    let mut all: Vec<&Catalog> = catalogs.all.iter().collect();
    all.sort_by_key(|c| (first.iter().position(|f| *f == c.name).unwrap_or(first.len()), c.name.clone()));
    all
}

/// Privileges of a catalog that everybody may read.
const READABLE: &str = "{POSTGRES=arwdDxt/POSTGRES,=r/POSTGRES}";

fn create(out: &mut String, catalog: &Catalog, names: &Names) {
    let bootstrap = if matches!(catalog.oid, 1247 | 1249 | 1255 | 1259) { " bootstrap" } else { "" };
    let shared = if catalog.shared { " shared" } else { "" };
    *out += &format!("create {} {}{bootstrap}{shared} rowtype_oid {}", catalog.name, catalog.oid, catalog.rowtype_oid);
    let privileges = acl(catalog.acl.as_deref().unwrap_or(READABLE), names);
    *out += &format!(" array_oid {} acl '{privileges}' (", catalog.array_oid);
    let column = |c: &Column| {
        let force = if c.null { "" } else { " FORCE NOT NULL" };
        let collation = if c.collation.is_some() { " COLLATE default" } else { "" };
        format!(" {} = {}{force}{collation}", c.name, c.type_name)
    };
    *out += &catalog.columns.iter().map(column).collect::<Vec<_>>().join(" ,");
    *out += " )\n";
}

fn declarations(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    if let Some(toast) = &catalog.toast {
        writeln!(out, "declare toast {} {} on {}", toast.table, toast.index, catalog.name)?;
    }
    for index in &catalog.indexes {
        let kind = match index.kind {
            IndexKind::Primary => "primary index",
            IndexKind::Unique => "unique index",
            IndexKind::Plain => "index",
        };
        let columns = index.columns.join(" , ");
        writeln!(out, "declare {kind} {} {} on {} using btree ( {columns} )", index.name, index.oid, catalog.name)?;
    }
    Ok(())
}

/// The rows of a catalog: those of its file, and the array types that follow from pg_type.typarray.
fn rows_of(catalog: &Catalog) -> Vec<Row> {
    let mut rows = catalog.rows.clone();
    if catalog.name == "pg_type" {
        rows.extend(catalog.rows.iter().filter(|r| r.contains_key("typarray")).map(array_type));
    }
    if catalog.name == "pg_proc" {
        rows.iter_mut().for_each(complete_function);
    }
    rows
}

/// The array type over an element type.
fn array_type(element: &Row) -> Row {
    let name = text(element, "typname");
    let mut row = Row::new();
    let mut set = |column: &str, value: Value| row.insert(column.to_owned(), value);
    set("oid", element["typarray"].clone());
    set("typname", Value::String(format!("_{name}")));
    set("typelem", Value::String(name.to_owned()));
    let align = if text(element, "typalign") == "d" { "d" } else { "i" };
    set("typalign", Value::String(align.to_owned()));
    set("typstorage", Value::String("x".to_owned()));
    set("typsubscript", Value::String("array_subscript_handler".to_owned()));
    for column in ["typnamespace", "typmodin", "typmodout", "typcollation", "typdelim"] {
        if let Some(value) = element.get(column) {
            set(column, value.clone());
        }
    }
    if name == "record" {
        set("typtype", Value::String("p".to_owned()));
        set("typcategory", Value::String("P".to_owned()));
    }
    row
}

/// What a function's row leaves out: its symbol if it is the name, the count of arguments and defaults.
fn complete_function(row: &mut Row) {
    let name = text(row, "proname").to_owned();
    row.entry("prosrc".to_owned()).or_insert(Value::String(name));
    let arguments = text(row, "proargtypes").split_whitespace().count() as i64;
    row.insert("pronargs".to_owned(), Value::Integer(arguments));
    if let Some(Value::Array(defaults)) = row.get("proargdefaults").cloned() {
        row.insert("pronargdefaults".to_owned(), Value::Integer(defaults.len() as i64));
        row.insert("proargdefaults".to_owned(), Value::String(json_list(&defaults)));
    }
    if let Some(Value::String(modes)) = row.get("proargmodes").cloned() {
        let modes = modes.chars().map(|c| Value::String(c.to_string())).collect();
        row.insert("proargmodes".to_owned(), Value::Array(modes));
    }
    row.remove("impl");
}

/// Default expressions of bootstrap functions: a JSON list of SQL expressions.
fn json_list(texts: &[Value]) -> String {
    let quoted = texts.iter().map(|t| {
        let text = t.as_str().expect("a default is SQL text");
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    });
    format!("[{}]", quoted.collect::<Vec<_>>().join(","))
}

fn insert(out: &mut String, catalog: &Catalog, row: &Row, names: &Names) {
    for key in row.keys() {
        assert!(catalog.columns.iter().any(|c| c.name == *key), "{}.toml: no column {key}: {row:?}", catalog.name);
    }
    *out += "insert (";
    for column in &catalog.columns {
        out.push(' ');
        *out += &field(catalog, column, row, names);
    }
    *out += " )\n";
}

fn field(catalog: &Catalog, column: &Column, row: &Row, names: &Names) -> String {
    let value = match (row.get(&column.name), &column.default) {
        (Some(value), _) => plain(value),
        (None, Some(default)) => default.clone(),
        (None, None) if column.null => "_null_".to_owned(),
        (None, None) => panic!("{}.toml: {} is missing in {row:?}", catalog.name, column.name),
    };
    if value == "_null_" {
        return value;
    }
    let value = match (&column.lookup, column.type_name.as_str()) {
        (_, "_aclitem") => acl(&value, names),
        (Some(lookup), "oidvector") => each(&value, ' ', " ", |name| names.resolve(lookup, name)),
        (Some(lookup), "_oid") => {
            format!("{{{}}}", each(value.trim_matches(['{', '}']), ',', ",", |name| names.resolve(lookup, name)))
        }
        (Some(lookup), _) => reference(catalog, lookup, &value, row, names).to_string(),
        (None, "oid") if value.parse::<u32>().is_err() => names.resolve("pg_class", &value).to_string(),
        _ => value,
    };
    quoted(&value)
}

/// Resolves a reference; what an optional column refers to and is not there counts as none.
fn reference(catalog: &Catalog, lookup: &str, value: &str, row: &Row, names: &Names) -> u32 {
    names.find(lookup, value).unwrap_or_else(|| panic!("{}.toml: no {lookup} row {value:?} for {row:?}", catalog.name))
}

fn each(list: &str, separator: char, joiner: &str, resolve: impl Fn(&str) -> u32) -> String {
    let items = list.split(separator).filter(|item| !item.is_empty());
    items.map(|item| resolve(item).to_string()).collect::<Vec<_>>().join(joiner)
}

/// `{a=X/b}` with roles by number.
fn acl(value: &str, names: &Names) -> String {
    let role = |name: &str| match name {
        "" => String::new(),
        "postgres" | "POSTGRES" => BOOTSTRAP_SUPERUSER.to_string(),
        other => names.resolve("pg_authid", other).to_string(),
    };
    let item = |item: &str| {
        let (grantee, rest) = item.split_once('=').unwrap_or_else(|| panic!("{item:?} is no aclitem"));
        let (privileges, grantor) = rest.split_once('/').unwrap_or_else(|| panic!("{item:?} is no aclitem"));
        format!("{}={privileges}/{}", role(grantee), role(grantor))
    };
    let items: Vec<String> = value.trim_matches(['{', '}']).split(',').map(item).collect();
    format!("{{{}}}", items.join(","))
}

/// A TOML value as the text that a type's input reads.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(true) => "t".to_owned(),
        Value::Boolean(false) => "f".to_owned(),
        Value::Array(items) => format!("{{{}}}", items.iter().map(element).collect::<Vec<_>>().join(",")),
        other => panic!("{other:?} has no place in a catalog row"),
    }
}

fn element(value: &Value) -> String {
    let text = plain(value);
    match text.is_empty() || text.contains(|c: char| "{}\",\\ ".contains(c)) {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        false => text,
    }
}

/// A word as it is if it is made of harmless characters, else in single quotes, which are doubled inside.
fn quoted(value: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    match !value.is_empty() && value.chars().all(harmless) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', "''")),
    }
}

/// The object ids and symbols of the functions with this `impl`, in order.
pub fn functions_by_impl(catalogs: &Catalogs, implementation: &str) -> Vec<(u32, String)> {
    let rows = &catalogs.get("pg_proc").rows;
    let symbol = |row: &Row| text(row, if row.contains_key("prosrc") { "prosrc" } else { "proname" }).to_owned();
    let mut functions: Vec<(u32, String)> =
        rows.iter().filter(|r| text(r, "impl") == implementation).map(|r| (number(r, "oid"), symbol(r))).collect();
    functions.sort();
    functions
}
