//! Tables and rows as lines of a bootstrap script.

use super::value::print_value;
use base::Oid;
use catalog::Type;
use report::Result;
use tuple::Datum;

/// A table whose catalog rows are printed like all others, so that only its content is to be made.
#[derive(Debug)]
pub struct StoredTable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its object id.
    pub oid: Oid,
    /// Names of its columns, and how they are stored: a domain's base type.
    pub columns: Vec<(&'a str, &'static Type)>,
    /// Its TOAST table and that table's index.
    pub toast: Option<(Oid, Oid)>,
}

/// The lines that make a table and its TOAST table, and leave it open for rows.
pub fn print_create(table: &StoredTable<'_>) -> String {
    let columns = table.columns.iter().map(|(name, of)| format!("{} = {}", quoted(name), of.name));
    let columns = columns.collect::<Vec<_>>().join(" , ");
    let mut lines = format!("create {} {} described ( {columns} )\n", table.name, table.oid);
    if let Some((toast, index)) = table.toast {
        lines += &format!("declare toast {toast} {index} on {}\nopen {}\n", table.name, table.name);
    }
    lines
}

/// The line that puts a row into the open table. Errors: 0A000 for values of types that catalogs do not have.
pub fn print_insert(types: &[&Type], row: &[Datum]) -> Result<String> {
    let mut line = "insert (".to_owned();
    for (of, value) in types.iter().zip(row) {
        line.push(' ');
        match value {
            Datum::Null => line += "_null_",
            value => line += &quoted(&print_value(of, value)?),
        }
    }
    Ok(line + " )\n")
}

/// A word as it is if it is made of harmless characters, else in single quotes, which are doubled inside.
fn quoted(value: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    match !value.is_empty() && value != "_null_" && value.chars().all(harmless) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        let types = ["text", "int4"].map(|name| Type::by_name(name).unwrap());
        let columns = vec![("a", types[0]), ("b c", types[1])];
        let table = StoredTable { name: "t", oid: Oid(12_700), columns, toast: Some((Oid(12_701), Oid(12_702))) };
        let rows = [
            vec![Datum::text("it's\n_null_"), Datum::Int4(-1)],
            vec![Datum::text(""), Datum::Null],
            vec![Datum::text("_null_"), Datum::Null],
        ];
        let mut script = "# Woolly 15\n".to_owned() + &print_create(&table);
        rows.iter().for_each(|row| script += &print_insert(&types, row).unwrap());
        let mut image = Image::read(&script).unwrap();
        image.read_all_rows().unwrap();
        assert_eq!(format!("{:?}", image.tables[0].rows), format!("{rows:?}"));
        assert_eq!((image.tables[1].class.oid, image.indexes[0].class.oid), (Oid(12_701), Oid(12_702)));
    }
}
