//! An index's values of a table's row.

use analyze::expr::Expr;
use analyze::stored;
use base::Oid;
use exec::RowProgram;
use instance::Ctx;
use instance::privileges::Privileges;
use report::Result;
use schema::RelationEntry;
use tuple::{ColumnSet, Datum};

/// Takes an index's columns out of a table's rows.
pub(crate) struct IndexEntries {
    /// The table's columns, 0-based; `None` for an expression.
    columns: Vec<Option<usize>>,
    /// The expressions, in the order of their columns.
    expressions: Option<RowProgram>,
    /// The condition of a partial index.
    predicate: Option<RowProgram>,
    computed: Vec<Datum>,
}

impl IndexEntries {
    /// For an index of a table.
    pub(crate) fn new(cx: Ctx<'_>, index: &RelationEntry) -> Result<IndexEntries> {
        let row = index.index.as_ref().expect("an index has its pg_index row");
        let expressions = match &row.indexprs {
            Some(text) => Some(RowProgram::new(cx, &stored::from_text::<Vec<Expr>>(text)?)?),
            None => None,
        };
        let predicate = match &row.indpred {
            Some(text) => Some(RowProgram::new(cx, &[stored::from_text::<Expr>(text)?])?),
            None => None,
        };
        let columns = row.indkey.iter().map(|column| (*column > 0).then(|| *column as usize - 1)).collect();
        Ok(IndexEntries { columns, expressions, predicate, computed: Vec::new() })
    }

    /// The table's columns that it reads.
    pub(crate) fn wanted(&self) -> ColumnSet {
        let plain: Option<Vec<usize>> = self.columns.iter().copied().collect();
        match plain {
            Some(columns) if self.predicate.is_none() => ColumnSet::of(columns),
            _ => ColumnSet::ALL,
        }
    }

    /// The column that is the whole of every entry, if the index is on one plain column of all rows.
    pub(crate) fn only_column(&self) -> Option<usize> {
        match (&self.columns[..], &self.predicate) {
            ([Some(column)], None) => Some(*column),
            _ => None,
        }
    }

    /// Appends the index's values of a row; false if the row is not in the index.
    pub(crate) fn evaluate(&mut self, cx: Ctx<'_>, row: &[Datum], entry: &mut Vec<Datum>) -> Result<bool> {
        self.computed.clear();
        if let Some(predicate) = &mut self.predicate {
            predicate.evaluate(cx, row, &mut self.computed)?;
            if !matches!(self.computed.pop(), Some(Datum::Bool(true))) {
                return Ok(false);
            }
        }
        if let Some(expressions) = &mut self.expressions {
            expressions.evaluate(cx, row, &mut self.computed)?;
        }
        let mut computed = self.computed.drain(..);
        for column in &self.columns {
            entry.push(match column {
                Some(column) => row[*column].clone(),
                None => computed.next().expect("there is a value for each expression"),
            });
        }
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
        shown.push(text_of_value(cx, column.type_oid, value)?);
    }
    Ok(Some(format!("({})=({})", names.join(", "), shown.join(", "))))
}

/// A value as text, for messages.
pub(crate) fn text_of_value(cx: Ctx<'_>, type_oid: Oid, value: &Datum) -> Result<String> {
    if value.is_null() {
        return Ok("null".to_owned());
    }
    exec::with_fn_ctx(cx, |fx| {
        let mut out = Vec::new();
        builtins::output(fx, type_oid, value, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    })
}
