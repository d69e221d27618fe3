//! Result tables as the isolation tester prints them: numbers to the right, a row count below.

use std::fmt::Write;
use testkit::Table;

/// Appends a table.
pub fn table(out: &mut String, table: &Table) {
    if table.columns.is_empty() {
        return;
    }
    let cell = |row: &[Option<String>], column: usize| row[column].clone().unwrap_or_default();
    let columns: Vec<Column> = (0..table.columns.len())
        .map(|n| Column::of(&table.columns[n], table.rows.iter().map(|row| cell(row, n))))
        .collect();
    line(out, &columns, |n| table.columns[n].clone());
    let border: Vec<String> = columns.iter().map(|column| "-".repeat(column.width)).collect();
    out.push_str(&border.join("+"));
    out.push('\n');
    for row in &table.rows {
        line(out, &columns, |n| cell(row, n));
    }
    let plural = if table.rows.len() == 1 { "" } else { "s" };
    let _ = writeln!(out, "({} row{plural})\n", table.rows.len());
}

struct Column {
    width: usize,
    is_number: bool,
}

impl Column {
    fn of(name: &str, values: impl Iterator<Item = String>) -> Column {
        let mut column = Column { width: name.len(), is_number: true };
        for value in values.filter(|value| !value.is_empty()) {
            column.width = column.width.max(value.len());
            column.is_number &= looks_like_number(&value);
        }
        column
    }
}

fn looks_like_number(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit() || b".Ee -".contains(&b))
        && !value.starts_with(['E', 'e'])
        && value.ends_with(|c: char| c.is_ascii_digit())
}

fn line(out: &mut String, columns: &[Column], value: impl Fn(usize) -> String) {
    for (n, column) in columns.iter().enumerate() {
        let (text, width) = (value(n), column.width);
        let _ = if column.is_number { write!(out, "{text:>width$}") } else { write!(out, "{text:<width$}") };
        out.push(if n + 1 < columns.len() { '|' } else { '\n' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right() {
        let rows = vec![vec![Some("checking".into()), Some("600".into())], vec![None, Some("7".into())]];
        let mut out = String::new();
        table(&mut out, &Table { columns: vec!["id".into(), "balance".into()], rows });
        assert_eq!(out, "id      |balance\n--------+-------\nchecking|    600\n        |      7\n(2 rows)\n\n");
    }
}
