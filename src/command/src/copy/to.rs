//! COPY TO.
//!
//! Source: PostgreSQL 15 copyto.c.

use super::chosen;
use super::options::{CopyOptions, Header, Layout};
use super::outside::Writing;
use crate::{Client, CopyFormat, Execution, query, with_analyze_context};
use analyze::query::{CmdType, Query};
use analyze::{AnalyzedStatement, Parameters, analyze};
use exec::{Executor, PlanOptions, plan_query, with_fn_ctx};
use instance::Ctx;
use parser::ast::{CopyStmt, Statement};
use report::{Error, Result, bail};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// Copies a table's rows; how many.
pub(super) fn copy_table(
    ex: &mut Execution<'_, '_>,
    statement: &CopyStmt,
    entry: &RelationEntry,
    columns: &[usize],
    options: &CopyOptions,
) -> Result<u64> {
    let names = columns.iter().map(|place| builtins::quote_identifier(&entry.desc.attributes[*place].name));
    let names = names.map(|name| name.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!("SELECT {names} FROM ONLY {}", query::qualified_name(ex.cx, entry)?);
    let parsed = parser::parse(&text, &parser::ParseOptions::default())?;
    let select = parsed.first().ok_or_else(|| Error::internal("a query of our own is empty"))?;
    let made = analyzed(ex.cx, &text, &select.stmt)?;
    run(ex, statement, made, options)
}

/// Copies a query's rows; how many.
pub(super) fn copy_query(
    ex: &mut Execution<'_, '_>,
    statement: &CopyStmt,
    query: &Statement,
    options: &CopyOptions,
) -> Result<u64> {
    let made = analyzed(ex.cx, ex.text, query)?;
    if made.command != CmdType::Select && made.returning.is_empty() {
        bail!(FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause");
    }
    run(ex, statement, made, options)
}

fn analyzed(cx: Ctx<'_>, text: &str, statement: &Statement) -> Result<Query> {
    with_analyze_context(cx, text, |context| match analyze(context, statement, Parameters::None)?.statement {
        AnalyzedStatement::Query(query) => Ok(*query),
        AnalyzedStatement::Utility(_) => bail!(FEATURE_NOT_SUPPORTED, "COPY (SELECT INTO) is not supported"),
    })
}

/// Where the data goes.
enum Output<'a> {
    Client(&'a mut dyn Client),
    Outside(Writing),
}

impl Output<'_> {
    fn write(&mut self, cx: Ctx<'_>, data: &[u8]) -> Result<()> {
        match self {
            Output::Client(client) => client.copy_out_write(data),
            Output::Outside(outside) => outside.write(cx, data),
        }
    }

    fn end(self, cx: Ctx<'_>) -> Result<()> {
        match self {
            Output::Client(client) => client.copy_out_end(),
            Output::Outside(outside) => outside.close(cx),
        }
    }
}

fn run(ex: &mut Execution<'_, '_>, statement: &CopyStmt, made: Query, options: &CopyOptions) -> Result<u64> {
    let cx = ex.cx;
    let plan = plan_query(cx, made, PlanOptions::default())?;
    let mut executor = Executor::start(cx, Arc::new(plan), Arc::clone(&ex.params))?;
    let desc = Arc::clone(executor.columns());
    let names: Vec<&str> = desc.attributes.iter().map(|a| a.name.as_str()).collect();
    let force_quote = chosen(&options.force_quote, "FORCE_QUOTE", &names)?;
    let mut output = match Writing::open(cx, statement)? {
        Some(outside) => Output::Outside(outside),
        None => {
            let format = if options.layout == Layout::Binary { CopyFormat::Binary } else { CopyFormat::Text };
            ex.client.copy_out_begin(names.len(), format)?;
            Output::Client(&mut *ex.client)
        }
    };
    let mut writer = Writer { options, force_quote, value: Vec::new(), data: Vec::new() };
    writer.begin(&names);
    if !writer.data.is_empty() {
        output.write(cx, &writer.data)?;
    }
    let mut count = 0;
    while let Some(row) = executor.next(cx)? {
        writer.row(cx, &desc, row)?;
        output.write(cx, &writer.data)?;
        count += 1;
    }
    executor.finish(cx)?;
    if options.layout == Layout::Binary {
        output.write(cx, &(-1i16).to_be_bytes())?;
    }
    output.end(cx)?;
    Ok(count)
}

/// Rows in their outer form.
struct Writer<'a> {
    options: &'a CopyOptions,
    force_quote: Vec<bool>,
    value: Vec<u8>,
    data: Vec<u8>,
}

impl Writer<'_> {
    /// What comes before the rows.
    fn begin(&mut self, names: &[&str]) {
        match self.options.layout {
            Layout::Binary => {
                self.data.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
                self.data.extend_from_slice(&[0; 8]);
            }
            _ if self.options.header == Header::None => {}
            layout => {
                for (at, name) in names.iter().enumerate() {
                    self.separate(at);
                    match layout {
                        Layout::Csv => self.csv(name.as_bytes(), false, names.len() == 1),
                        _ => self.text(name.as_bytes()),
                    }
                }
                self.data.push(b'\n');
            }
        }
    }

    fn separate(&mut self, at: usize) {
        if at > 0 {
            self.data.push(self.options.delimiter);
        }
    }

    fn row(&mut self, cx: Ctx<'_>, desc: &TupleDesc, row: &[Datum]) -> Result<()> {
        self.data.clear();
        if self.options.layout == Layout::Binary {
            self.data.extend_from_slice(&(row.len() as i16).to_be_bytes());
        }
        with_fn_ctx(cx, |fx| {
            for (at, (attribute, datum)) in desc.attributes.iter().zip(row).enumerate() {
                if self.options.layout == Layout::Binary {
                    self.binary(fx, attribute.type_oid, datum)?;
                    continue;
                }
                self.separate(at);
                if datum.is_null() {
                    self.data.extend_from_slice(self.options.null.as_bytes());
                    continue;
                }
                let mut value = std::mem::take(&mut self.value);
                value.clear();
                builtins::output(fx, attribute.type_oid, datum, &mut value)?;
                match self.options.layout {
                    Layout::Csv => self.csv(&value, self.force_quote[at], row.len() == 1),
                    _ => self.text(&value),
                }
                self.value = value;
            }
            Ok::<(), Error>(())
        })?;
        if self.options.layout != Layout::Binary {
            self.data.push(b'\n');
        }
        Ok(())
    }

    fn binary(&mut self, fx: &mut builtins::FnCtx<'_>, type_oid: base::Oid, datum: &Datum) -> Result<()> {
        if datum.is_null() {
            self.data.extend_from_slice(&(-1i32).to_be_bytes());
            return Ok(());
        }
        let at = self.data.len();
        self.data.extend_from_slice(&[0; 4]);
        builtins::send(fx, type_oid, datum, &mut self.data)?;
        let len = (self.data.len() - at - 4) as i32;
        self.data[at..at + 4].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    fn text(&mut self, value: &[u8]) {
        for byte in value {
            let escaped = match byte {
                8 => b'b',
                12 => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                11 => b'v',
                b'\\' => b'\\',
                _ if *byte == self.options.delimiter => *byte,
                _ => {
                    self.data.push(*byte);
                    continue;
                }
            };
            self.data.extend_from_slice(&[b'\\', escaped]);
        }
    }

    /// A value in CSV: quoted where it would be read as something else.
    fn csv(&mut self, value: &[u8], force: bool, is_only: bool) {
        let CopyOptions { delimiter, quote, escape, ref null, .. } = *self.options;
        let special = |b: &u8| *b == delimiter || *b == quote || matches!(b, b'\n' | b'\r');
        let needs = force || value == null.as_bytes() || (is_only && value == b"\\.") || value.iter().any(special);
        if !needs {
            self.data.extend_from_slice(value);
            return;
        }
        self.data.push(quote);
        for byte in value {
            if *byte == quote || *byte == escape {
                self.data.push(escape);
            }
            self.data.push(*byte);
        }
        self.data.push(quote);
    }
}
