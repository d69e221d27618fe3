//! A statement's output on its way to the client: rows straight into the send buffer, COPY data both ways.

use crate::desk::Shelf;
use crate::extended::payload;
use crate::portal::{Portal, Progress, Running};
use crate::query::{Body, Planned, QueryBody, ResultColumns, Statement, query_tag};
use crate::session::is_sent;
use crate::wire::{Input, Wire};
use analyze::query::CmdType;
use analyze::{Parameters, UtilityStatement};
use base::Oid;
use builtins::FnCtx;
use command::{Client, CopyFormat, Execution, Tag};
use exec::{Executor, Params};
use instance::Ctx;
use proto::Message;
use proto::backend::{Field, Row};
use proto::frontend::{Format, Formats};
use report::{Error, Result, Severity, SqlState, bail};
use smallvec::SmallVec;
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// The client as a running statement sees it.
pub(crate) struct Output<'a> {
    wire: &'a mut Wire,
    /// Plans of the worker that serves the session.
    shelf: &'a mut Shelf,
    cx: Ctx<'a>,
    /// Send RowDescription before the rows (simple protocol).
    describes: bool,
    /// Formats asked for; empty is text for all.
    formats: Formats,
    columns: SmallVec<[Column; 8]>,
    /// The statement runs in a transaction block, or among other statements.
    in_block: bool,
}

/// What of a session a running statement uses.
type Means<'a> = (&'a mut Wire, &'a mut Shelf);

/// What is needed to write a column's values.
#[derive(Clone, Copy)]
struct Column {
    type_oid: Oid,
    format: Format,
}

impl<'a> Output<'a> {
    /// For a statement of a simple query.
    pub(crate) fn simple((wire, shelf): Means<'a>, cx: Ctx<'a>, in_block: bool) -> Output<'a> {
        Output { wire, shelf, cx, describes: true, formats: Formats::new(), columns: SmallVec::new(), in_block }
    }

    /// The same with these formats: a binary cursor's.
    pub(crate) fn with_formats(self, formats: Formats) -> Output<'a> {
        Output { formats, ..self }
    }

    /// For a portal, whose client has asked for these formats.
    pub(crate) fn portal((wire, shelf): Means<'a>, cx: Ctx<'a>, formats: Formats, in_block: bool) -> Output<'a> {
        Output { wire, shelf, cx, describes: false, formats, columns: SmallVec::new(), in_block }
    }

    /// Runs an analysed statement to its end.
    pub(crate) fn run(&mut self, statement: &Statement, text: &str, params: Arc<Params>) -> Result<Tag> {
        match &statement.body {
            Body::Query(query) => {
                let mut executor = self.start(statement, query, text, params)?;
                self.describe(statement)?;
                while let Some(row) = executor.next(self.cx)? {
                    write_row(self.wire, self.cx, &self.columns, row)?;
                }
                executor.finish(self.cx)?;
                Ok(query_tag(query.command, executor.processed()))
            }
            Body::Utility(utility) => self.run_utility(utility, text, params),
        }
    }

    /// Plans and starts a query. If the catalogs have changed since it was analysed, it is analysed again first.
    fn start(&mut self, statement: &Statement, query: &QueryBody, text: &str, params: Arc<Params>) -> Result<Executor> {
        query.share(self.cx, text, &statement.parameter_types);
        loop {
            if let Planned::Plan(plan) = query.plan(self.cx, &params, self.shelf)? {
                return Executor::start_planned(self.cx, plan, params);
            }
            let parameters = Parameters::Fixed(statement.parameter_types.clone());
            let again = Statement::analyze(self.cx, &statement.raw, text, parameters)?;
            check_same_columns(statement, &again)?;
            query.renew(&again)?;
        }
    }

    fn describe(&mut self, statement: &Statement) -> Result<()> {
        if let Some(columns) = &statement.columns {
            if self.describes {
                self.wire.out.row_description(fields(columns, &self.formats));
            }
            self.prepare(&columns.desc);
        }
        Ok(())
    }

    /// Runs a utility statement.
    fn run_utility(&mut self, utility: &UtilityStatement, text: &str, params: Arc<Params>) -> Result<Tag> {
        let (cx, in_block) = (self.cx, self.in_block);
        command::execute(Execution { cx, text, params, in_block, client: self }, utility)
    }

    /// Continues a portal: sends at most so many rows (0 for all). The tag if it is complete, none if it is suspended.
    pub(crate) fn fetch(&mut self, portal: &mut Portal, row_limit: u32) -> Result<Option<Tag>> {
        let prepared = Arc::clone(&portal.statement);
        let statement = payload(&prepared).expect("a portal has a statement");
        if let Some(columns) = &portal.columns {
            self.prepare(&columns.desc);
        }
        let progress = std::mem::replace(&mut portal.progress, Progress::Failed);
        let mut running = match (progress, &statement.body) {
            (Progress::New, Body::Query(query)) => {
                let executor = self.start(statement, query, &prepared.text, Arc::clone(&portal.params))?;
                Running { executor, position: 0, at_end: false, kept: None }
            }
            (Progress::New, Body::Utility(utility)) => {
                let tag = self.run_utility(utility, &prepared.text, Arc::clone(&portal.params))?;
                portal.progress = Progress::Done;
                return Ok(Some(tag));
            }
            (Progress::Running(running), _) => running,
            (Progress::Failed, _) => {
                bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run", portal.name)
            }
            (done @ (Progress::Done | Progress::Stored(_)), body) => {
                portal.progress = done;
                return match body {
                    Body::Query(query) if portal.columns.is_some() => Ok(Some(query_tag(query.command, 0))),
                    _ => bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run", portal.name),
                };
            }
        };
        let sent = self.send_rows(&mut running, row_limit)?;
        if !running.at_end {
            portal.progress = Progress::Running(running);
            return Ok(None);
        }
        running.executor.finish(self.cx)?;
        portal.progress = Progress::Done;
        let Body::Query(query) = &statement.body else { unreachable!("a running portal runs a query") };
        let count = if query.command == CmdType::Select { sent } else { running.executor.processed() };
        Ok(Some(query_tag(query.command, count)))
    }

    fn send_rows(&mut self, running: &mut Running, row_limit: u32) -> Result<u64> {
        let mut sent = 0;
        while row_limit == 0 || sent < u64::from(row_limit) {
            match running.executor.next(self.cx)? {
                Some(row) => write_row(self.wire, self.cx, &self.columns, row)?,
                None => {
                    running.at_end = true;
                    break;
                }
            }
            sent += 1;
        }
        running.position += sent;
        Ok(sent)
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
pub(crate) fn fields<'a>(
    columns: &'a ResultColumns,
    formats: &'a [Format],
) -> impl ExactSizeIterator<Item = Field<'a>> {
    let field = move |(n, attribute): (usize, &'a tuple::Attribute)| Field {
        name: &attribute.name,
        table: columns.origins.get(n).map_or(0, |origin| origin.0),
        column: columns.origins.get(n).map_or(0, |origin| origin.1),
        type_oid: attribute.type_oid.0,
        type_len: attribute.type_len,
        type_mod: attribute.type_mod,
        format: Format::of(formats, n),
    };
    columns.desc.attributes.iter().enumerate().map(field)
}

/// Writes a row into the send buffer. A row whose output fails leaves nothing behind.
fn write_row(wire: &mut Wire, cx: Ctx<'_>, columns: &[Column], values: &[Datum]) -> Result<()> {
    let start = wire.out.len();
    let mut row = wire.out.data_row(columns.len());
    let mut pairs = columns.iter().zip(values);
    let written =
        exec::with_fn_ctx(cx, |fx| pairs.try_for_each(|(column, value)| write_value(fx, *column, value, &mut row)));
    match written {
        Ok(()) => row.end(),
        Err(error) => {
            wire.out.truncate(start);
            return Err(error);
        }
    }
    wire.flush_if_large()
}

fn write_value(fx: &mut FnCtx<'_>, column: Column, value: &Datum, row: &mut Row<'_>) -> Result<()> {
    if value.is_null() {
        row.null();
        return Ok(());
    }
    row.value_with(|out| match column.format {
        Format::Text => builtins::output(fx, column.type_oid, value, out),
        Format::Binary => builtins::send(fx, column.type_oid, value, out),
    })
}

impl Client for Output<'_> {
    fn columns(&mut self, columns: &TupleDesc) -> Result<()> {
        if self.describes {
            let columns = ResultColumns { desc: columns.clone(), origins: Vec::new() };
            self.wire.out.row_description(fields(&columns, &self.formats));
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
            let received = match self.wire.receive_or_wait()? {
                Input::Some(received) => received,
                Input::Pending => {
                    self.cx.check_interrupts()?;
                    continue;
                }
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
                _ => {
                    bail!(PROTOCOL_VIOLATION, "unexpected message type 0x{:02X} during COPY from stdin", received.kind)
                }
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

/// 0A000 if a statement that was analysed again would return other columns than its client was told.
fn check_same_columns(before: &Statement, after: &Statement) -> Result<()> {
    let types = |statement: &Statement| {
        let columns = statement.columns.as_ref();
        columns.map(|c| c.desc.attributes.iter().map(|a| (a.name.clone(), a.type_oid)).collect::<Vec<_>>())
    };
    if types(before) != types(after) {
        bail!(FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
    }
    Ok(())
}

fn wire_format(format: CopyFormat) -> Format {
    match format {
        CopyFormat::Text => Format::Text,
        CopyFormat::Binary => Format::Binary,
    }
}
