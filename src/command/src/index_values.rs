//! An index's values of a table's row.

use instance::Ctx;
use instance::privileges::Privileges;
use report::{Result, unsupported};
use schema::RelationEntry;
use tuple::Datum;

/// Takes an index's columns out of a table's rows.
pub(crate) struct IndexEntries {
    /// The table's columns, 0-based.
    columns: Vec<usize>,
}

impl IndexEntries {
    /// For an index of a table. Errors: 0A000 for expressions and conditions.
    pub(crate) fn new(_: Ctx<'_>, _: &RelationEntry, index: &RelationEntry) -> Result<IndexEntries> {
        let row = index.index.as_ref().expect("an index has its pg_index row");
        if row.indexprs.is_some() || row.indpred.is_some() {
            unsupported!("an index on an expression or with a condition");
        }
        Ok(IndexEntries { columns: row.indkey.iter().map(|column| *column as usize - 1).collect() })
    }

    /// Appends the index's values of a row; false if the row is not in the index.
    pub(crate) fn evaluate(&mut self, _: Ctx<'_>, row: &[Datum], entry: &mut Vec<Datum>) -> Result<bool> {
        entry.extend(self.columns.iter().map(|column| row[*column].clone()));
        Ok(true)
    }
}

/// `(a, b)=(1, x)`, for messages; `None` if the user may not see the columns.
pub(crate) fn describe_key(
    cx: Ctx<'_>,
    table: &RelationEntry,
    index: &RelationEntry,
    values: &[Datum],
) -> Result<Option<String>> {
    if !cx.may_use_relation(cx.session.current_user(), &table.class, Privileges::SELECT)? {
        return Ok(None);
    }
    let columns = &index.desc.attributes[..values.len()];
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut shown = Vec::new();
    for (column, value) in columns.iter().zip(values) {
        shown.push(match value {
            Datum::Null => "null".to_owned(),
            value => exec::with_fn_ctx(cx, |fx| {
                let mut out = Vec::new();
                builtins::output(fx, column.type_oid, value, &mut out)?;
                Ok(String::from_utf8_lossy(&out).into_owned())
            })?,
        });
    }
    Ok(Some(format!("({})=({})", names.join(", "), shown.join(", "))))
}
