//! The rows of a cluster that a script does not have, as lines of a script.

use base::Oid;
use catalog::rows::PgClass;
use catalog::{Relation, Row, Type, oids};
use report::{Error, Result};
use schema::Catalog;
use schema::bootstrap::{Image, StoredTable, print_create, print_insert};
use std::collections::HashSet;
use tuple::{Datum, Repr};

/// Catalogs with what initdb is told: their statistics are left out.
const TELLING: [Oid; 2] = [oids::PG_AUTHID, oids::PG_DATABASE];

/// The lines that make the rows of these catalogs that `script` has not, and the tables among them with their rows.
///
/// Errors: a row of the script is gone or changed.
pub fn added(catalog: &Catalog<'_>, script: &str, relations: &[&'static Relation]) -> Result<String> {
    let mut image = Image::read(script)?;
    image.read_all_rows()?;
    let mut lines = String::new();
    for relation in relations {
        let types: Vec<&Type> = relation.columns.iter().map(|column| type_of(column.type_oid)).collect();
        let made = image.tables.iter().find(|table| table.class.oid == relation.oid);
        let made = made.map_or(&[][..], |table| &table.rows);
        let mut before: HashSet<String> =
            made.iter().map(|row| print_row(relation, &types, row)).collect::<Result<_>>()?;
        let mut new = Vec::new();
        for row in catalog.rows_of_table(relation.oid)? {
            let line = print_row(relation, &types, &row)?;
            if !before.remove(&line) && !tells_of_options(relation, &row) {
                new.push((numbers(&row), line));
            }
        }
        if let Some(lost) = before.iter().next() {
            return Err(Error::internal(format!("a row of {} is no more: {lost}", relation.name)));
        }
        if !new.is_empty() {
            new.sort();
            lines += &format!("open {}\n", relation.name);
            new.iter().for_each(|(_, line)| lines += line);
            lines += &format!("close {}\n", relation.name);
        }
        if relation.oid == oids::PG_CLASS {
            let classes = catalog.rows_of_table(relation.oid)?;
            lines += &tables(catalog, classes.iter().map(|row| PgClass::from_row(row)))?;
        }
    }
    Ok(lines)
}

fn type_of(oid: Oid) -> &'static Type {
    Type::by_oid(oid).expect("catalogs have types of the catalogs")
}

fn tells_of_options(relation: &Relation, row: &[Datum]) -> bool {
    relation.oid == oids::PG_STATISTIC && TELLING.contains(&row[0].as_oid())
}

/// What rows are sorted by: the numbers that they begin with.
fn numbers(row: &[Datum]) -> Vec<i64> {
    let number = |value: &Datum| match value {
        Datum::Oid(oid) => Some(i64::from(oid.0)),
        Datum::Int2(number) => Some(i64::from(*number)),
        Datum::Int4(number) => Some(i64::from(*number)),
        _ => None,
    };
    // A name stands between the numbers of a column.
    row.iter().take(6).filter_map(number).collect()
}

fn print_row(relation: &Relation, types: &[&Type], row: &[Datum]) -> Result<String> {
    if relation.oid != oids::PG_CLASS {
        return print_insert(types, row);
    }
    // How large things are is seen when they are loaded.
    let unknown = PgClass { relpages: 0, reltuples: -1.0, relallvisible: 0, ..PgClass::from_row(row) };
    print_insert(types, &unknown.to_row())
}

/// The tables that are no catalogs, with their rows.
fn tables(catalog: &Catalog<'_>, classes: impl Iterator<Item = PgClass>) -> Result<String> {
    let mut found: Vec<PgClass> =
        classes.filter(|class| class.relkind == b'r' && class.oid >= Oid::FIRST_UNPINNED).collect();
    found.sort_by_key(|class| class.oid);
    found.iter().map(|class| table(catalog, class)).collect()
}

fn table(catalog: &Catalog<'_>, class: &PgClass) -> Result<String> {
    let entry = catalog.open_relation(class.oid)?;
    let relation = entry.table.as_ref().expect("a table has storage");
    let columns: Vec<(&str, &'static Type)> =
        relation.desc.attributes.iter().map(|column| (column.name.as_str(), stored_as(column.repr))).collect();
    let types: Vec<&Type> = columns.iter().map(|(_, of)| *of).collect();
    let toast = relation.toast.as_ref().map(|toast| (toast.table.oid, toast.index.relation.oid));
    let mut lines = print_create(&StoredTable { name: &class.relname, oid: class.oid, columns, toast });
    for row in catalog.rows_of_table(class.oid)? {
        lines += &print_insert(&types, &row)?;
    }
    Ok(lines + &format!("close {}\n", class.relname))
}

/// A type of the catalogs with this form: the tables' own are domains.
fn stored_as(repr: Repr) -> &'static Type {
    type_of(match repr {
        Repr::Int4 => oids::types::INT4,
        Repr::Bytes => oids::types::TEXT,
        other => panic!("no table of information_schema has a column of {other:?}"),
    })
}
