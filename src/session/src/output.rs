//! A statement's output on its way to the client: rows straight into the send buffer, COPY data both ways.

use crate::query::{QueryPlan, Statement};
use crate::session::is_sent;
use crate::wire::{Input, Wire};
use base::Oid;
use command::{Client, CopyFormat, Execution, Tag};
use exec::{Executor, Params};
use instance::Ctx;
use proto::Message;
use proto::backend::Field;
use proto::frontend::Format;
use report::{Error, Result, Severity, SqlState, bail};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// The client as a running statement sees it.
pub(crate) struct Output<'a> {
    wire: &'a mut Wire,
    cx: Ctx<'a>,
    /// Send RowDescription before the rows (simple protocol).
    describes: bool,
    /// Formats asked for; empty is text for all.
    formats: Vec<Format>,
    columns: Vec<Column>,
    /// The statement runs in a transaction block, or among other statements.
    in_block: bool,
}

/// What is needed to write a column's values.
#[derive(Clone, Copy)]
struct Column {
    type_oid: Oid,
    format: Format,
}

impl<'a> Output<'a> {
    /// For a statement of a simple query.
    pub(crate) fn simple(wire: &'a mut Wire, cx: Ctx<'a>, in_block: bool) -> Output<'a> {
        Output { wire, cx, describes: true, formats: Vec::new(), columns: Vec::new(), in_block }
    }

    /// For a portal, whose client has asked for these formats.
    pub(crate) fn portal(wire: &'a mut Wire, cx: Ctx<'a>, formats: Vec<Format>, in_block: bool) -> Output<'a> {
        Output { wire, cx, describes: false, formats, columns: Vec::new(), in_block }
    }

    /// Runs a plan to its end.
    pub(crate) fn run_plan(&mut self, plan: &QueryPlan, params: Option<Arc<Params>>) -> Result<Tag> {
        if let Some(columns) = &plan.columns {
            self.columns(columns)?;
        }
        let mut executor = Executor::start(self.cx, Arc::clone(&plan.plan), params.unwrap_or_default())?;
        let mut count = 0;
        while let Some(row) = executor.next(self.cx)? {
            write_row(self.wire, self.cx, &self.columns, row)?;
            count += 1;
        }
        executor.finish(self.cx)?;
        Ok(plan.tag(count, executor.processed()))
    }

    /// Runs a utility statement.
    pub(crate) fn run_utility(&mut self, statement: &Statement, text: &str) -> Result<Tag> {
        let (cx, in_block) = (self.cx, self.in_block);
        command::execute(Execution { cx, text, in_block, client: self }, statement.raw())
    }

    /// Takes formats and columns for rows that come from elsewhere (a portal's store).
    pub(crate) fn prepare(&mut self, columns: &TupleDesc) {
        let column = |(n, attribute): (usize, &tuple::Attribute)| Column {
            type_oid: attribute.type_oid,
            format: Format::of(&self.formats, n),
        };
        self.columns = columns.attributes.iter().enumerate().map(column).collect();
    }

    fn report_now(&mut self, notice: &Error) -> Result<()> {
        let least = self.cx.setting(|s| logging::severity_of(s.choice(config::Setting::ClientMinMessages)));
        if is_sent(notice, least) {
            self.wire.out.report(notice);
            self.wire.flush()?;
        }
        Ok(())
    }
}

/// RowDescription's fields for these columns.
pub(crate) fn fields(columns: &TupleDesc, formats: &[Format]) -> Vec<Field> {
    let field = |(n, attribute): (usize, &tuple::Attribute)| Field {
        name: attribute.name.clone(),
        table: attribute.origin.map_or(0, |(table, _)| table.0),
        column: attribute.origin.map_or(0, |(_, column)| column),
        type_oid: attribute.type_oid.0,
        type_len: attribute.type_len,
        type_mod: attribute.type_mod,
        format: Format::of(formats, n),
    };
    columns.attributes.iter().enumerate().map(field).collect()
}

/// Writes a row into the send buffer. A row whose output fails leaves nothing behind.
fn write_row(wire: &mut Wire, cx: Ctx<'_>, columns: &[Column], values: &[Datum]) -> Result<()> {
    let start = wire.out.len();
    let mut row = wire.out.data_row(columns.len());
    for (column, value) in columns.iter().zip(values) {
        if value.is_null() {
            row.null();
            continue;
        }
        let outcome = row.value_with(|out| write_value(cx, *column, value, out));
        if let Err(error) = outcome {
            wire.out.truncate(start);
            return Err(error);
        }
    }
    row.end();
    wire.flush_if_large()
}

fn write_value(cx: Ctx<'_>, column: Column, value: &Datum, out: &mut Vec<u8>) -> Result<()> {
    exec::with_fn_ctx(cx, |fx| match column.format {
        Format::Text => builtins::output(fx, column.type_oid, value, out),
        Format::Binary => builtins::send(fx, column.type_oid, value, out),
    })
}

impl Client for Output<'_> {
    fn columns(&mut self, columns: &TupleDesc) -> Result<()> {
        if self.describes {
            self.wire.out.row_description(&fields(columns, &self.formats));
        }
        self.prepare(columns);
        Ok(())
    }

    fn row(&mut self, values: &[Datum]) -> Result<()> {
        write_row(self.wire, self.cx, &self.columns, values)
    }

    fn notice(&mut self, notice: &Error) -> Result<()> {
        self.report_now(notice)
    }

    fn copy_in_begin(&mut self, columns: usize, format: CopyFormat) -> Result<()> {
        self.wire.out.copy_in(columns, wire_format(format));
        self.wire.flush()
    }

    fn copy_in_read(&mut self, data: &mut Vec<u8>) -> Result<bool> {
        loop {
            let received = match self.wire.receive()? {
                Input::Some(received) => received,
                Input::TimedOut | Input::Woken => continue,
                Input::Closed => {
                    let message = "unexpected EOF on client connection with an open transaction";
                    return Err(Error::with_severity(Severity::Fatal, SqlState::CONNECTION_FAILURE, message));
                }
            };
            match Message::parse(received.kind, self.wire.body(&received))? {
                Message::CopyData(piece) => {
                    data.extend_from_slice(piece);
                    return Ok(true);
                }
                Message::CopyDone => return Ok(false),
                Message::CopyFail(reason) => bail!(QUERY_CANCELED, "COPY from stdin failed: {reason}"),
                // Pipelining clients may have sent these ahead: they mean nothing here.
                Message::Flush | Message::Sync => {}
                _ => bail!(
                    PROTOCOL_VIOLATION,
                    "unexpected message type 0x{:02X} during COPY from stdin",
                    received.kind
                ),
            }
        }
    }

    fn copy_out_begin(&mut self, columns: usize, format: CopyFormat) -> Result<()> {
        self.wire.out.copy_out(columns, wire_format(format));
        Ok(())
    }

    fn copy_out_write(&mut self, data: &[u8]) -> Result<()> {
        self.wire.out.copy_data(data);
        self.wire.flush_if_large()
    }

    fn copy_out_end(&mut self) -> Result<()> {
        self.wire.out.copy_done();
        Ok(())
    }
}

fn wire_format(format: CopyFormat) -> Format {
    match format {
        CopyFormat::Text => Format::Text,
        CopyFormat::Binary => Format::Binary,
    }
}
