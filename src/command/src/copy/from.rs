//! COPY FROM.
//!
//! Source: PostgreSQL 15 copyfrom.c, copyfromparse.c.

use super::chosen;
use super::lines::{Field, Fields, Input, Lines};
use super::options::{CopyOptions, Header, Layout};
use super::outside::Reading;
use crate::{CopyFormat, Execution, with_analyze_context};
use access::InsertOptions;
use analyze::RelationExpr;
use analyze::expr::Expr;
use base::Oid;
use exec::{Env, Program, Rows, TargetTable, compile_condition, compile_exprs, with_bare_env, with_fn_ctx};
use instance::Ctx;
use parser::ast::CopyStmt;
use report::{Error, Result, bail, error};
use schema::RelationEntry;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::Arc;
use tuple::{Datum, INLINE_BYTES_MAX};

/// Rows that are put in together.
struct Batch {
    rows_max: usize,
    /// Bytes of input after which they are put in.
    bytes_max: usize,
}

const BATCH: Batch = Batch { rows_max: 1000, bytes_max: 64 * 1024 };
/// Into indexes: the more entries there are, the more of them meet on a page.
const INDEXED_BATCH: Batch = Batch { rows_max: 16_000, bytes_max: 1024 * 1024 };
/// How much of the input an error quotes, in bytes.
const QUOTED_BYTES_MAX: usize = 100;
/// Values of a text column that are kept to be given again: shorter ones take no memory of their own, longer ones are seldom the same.
const REMEMBERED_BYTES: RangeInclusive<usize> = INLINE_BYTES_MAX + 1..=1024;
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// A column that the data has.
struct Column {
    /// In the table, 0-based.
    place: usize,
    name: String,
    type_oid: Oid,
    type_mod: i32,
    force_not_null: bool,
    force_null: bool,
    /// The last text that made a long value, and the value: columns often repeat themselves.
    last: Option<(String, Datum)>,
}

/// What is read: which place of it is at work, for errors.
struct Reader<'a> {
    table: &'a str,
    columns: Vec<Column>,
    options: &'a CopyOptions,
    lines: Lines,
    input: Input,
    /// Of the line last read; 1 is the first, the header included.
    number: u64,
    fields: Fields,
}

/// Copies into a table; how many rows.
pub(super) fn copy_from(
    ex: &mut Execution<'_, '_>,
    statement: &CopyStmt,
    entry: &Arc<RelationEntry>,
    columns: &[usize],
    options: &CopyOptions,
) -> Result<u64> {
    let cx = ex.cx;
    let filter = filter(ex, statement, entry)?;
    let reader = reader(entry, columns, options)?;
    let insert = insert_options(cx, entry, options)?;
    let mut outside = Reading::open(cx, statement)?;
    let client = &mut *ex.client;
    if outside.is_none() {
        let format = if options.layout == Layout::Binary { CopyFormat::Binary } else { CopyFormat::Text };
        client.copy_in_begin(columns.len(), format)?;
    }
    let mut has_ended = false;
    let mut refill = |data: &mut Vec<u8>| {
        let more = match &mut outside {
            Some(outside) => outside.read(cx, data)?,
            None => client.copy_in_read(data)?,
        };
        has_ended = !more;
        Ok(more)
    };
    let count = with_bare_env(cx, |env| {
        let mut load = Load::new(env, Arc::clone(entry), columns, reader, filter)?;
        load.insert = insert;
        load.run(env, &mut refill)
    })?;
    match outside {
        Some(outside) => outside.close(cx)?,
        // What a client sends behind the end of the data belongs to this statement still.
        None => {
            while !has_ended {
                has_ended = !client.copy_in_read(&mut Vec::new())?;
            }
        }
    }
    Ok(count)
}

fn filter(ex: &Execution<'_, '_>, statement: &CopyStmt, entry: &RelationEntry) -> Result<Option<Program>> {
    let Some(filter) = &statement.filter else { return Ok(None) };
    let made = with_analyze_context(ex.cx, ex.text, |context| {
        context.analyze_relation_expr(entry, filter, RelationExpr::CopyWhere)
    })?;
    compile_condition(ex.cx, &made.into_conjuncts())
}

fn reader<'a>(entry: &'a RelationEntry, columns: &[usize], options: &'a CopyOptions) -> Result<Reader<'a>> {
    let attributes = &entry.desc.attributes;
    let names: Vec<&str> = columns.iter().map(|place| attributes[*place].name.as_str()).collect();
    let not_null = chosen(&options.force_not_null, "FORCE_NOT_NULL", &names)?;
    let null = chosen(&options.force_null, "FORCE_NULL", &names)?;
    let columns = columns.iter().enumerate().map(|(at, place)| Column {
        place: *place,
        name: attributes[*place].name.clone(),
        type_oid: attributes[*place].type_oid,
        type_mod: attributes[*place].type_mod,
        force_not_null: not_null[at],
        force_null: null[at],
        last: None,
    });
    Ok(Reader {
        table: entry.name(),
        columns: columns.collect(),
        options,
        lines: Lines::new(options),
        input: Input::new(),
        number: 0,
        fields: Fields::default(),
    })
}

/// FREEZE needs a file that nobody else can see yet.
fn insert_options(cx: Ctx<'_>, entry: &RelationEntry, options: &CopyOptions) -> Result<InsertOptions> {
    let is_new = entry.file.is_some_and(|file| cx.with_tx(|tx| tx.has_created(file)));
    if options.freeze && !is_new {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction"
        );
    }
    Ok(InsertOptions { skip_free_space: is_new, frozen: options.freeze })
}

/// Rows on their way into a table.
struct Load<'a> {
    reader: Reader<'a>,
    target: TargetTable,
    filter: Option<Program>,
    insert: InsertOptions,
    /// Defaults of the columns that the data lacks, and where they go.
    defaults: Program,
    default_places: Vec<usize>,
    width: usize,
    rows: Vec<Vec<Datum>>,
    numbers: Vec<u64>,
    bytes: usize,
}

impl<'a> Load<'a> {
    fn new(
        env: &mut Env<'_>,
        entry: Arc<RelationEntry>,
        columns: &[usize],
        reader: Reader<'a>,
        filter: Option<Program>,
    ) -> Result<Load<'a>> {
        let cx = env.cx;
        let (mut places, mut defaults): (Vec<usize>, Vec<Expr>) = Default::default();
        for (place, attribute) in entry.desc.attributes.iter().enumerate() {
            if attribute.is_dropped || attribute.generated != 0 || columns.contains(&place) {
                continue;
            }
            let made =
                with_analyze_context(cx, "", |context| analyze::column_default(context, &entry, place as i16 + 1))?;
            if let Some(expression) = made {
                places.push(place);
                defaults.push(expression);
            }
        }
        Ok(Load {
            defaults: compile_exprs(cx, &defaults)?,
            default_places: places,
            width: entry.desc.len(),
            target: TargetTable::open(cx, entry)?,
            reader,
            filter,
            insert: InsertOptions::default(),
            rows: Vec::new(),
            numbers: Vec::new(),
            bytes: 0,
        })
    }

    fn run(mut self, env: &mut Env<'_>, refill: &mut super::lines::Refill<'_>) -> Result<u64> {
        self.reader.begin(refill).map_err(|error| self.reader.at_line(error))?;
        let (mut count, mut spare, mut made) = (0, Vec::new(), Vec::new());
        let batch = if self.target.has_indexes() { INDEXED_BATCH } else { BATCH };
        loop {
            let mut row = spare.pop().unwrap_or_default();
            if !self.reader.next(env.cx, self.width, &mut row, refill)? {
                break;
            }
            if !self.complete(&mut row, &mut made, env).map_err(|error| self.reader.at_line(error))? {
                spare.push(row);
                continue;
            }
            count += 1;
            self.bytes += self.reader.lines.line().len();
            self.rows.push(row);
            self.numbers.push(self.reader.number);
            if self.rows.len() >= batch.rows_max || self.bytes >= batch.bytes_max {
                env.cx.check_interrupts()?;
                self.store(env)?;
                spare.append(&mut self.rows);
            }
        }
        self.store(env)?;
        Ok(count)
    }

    /// Fills in defaults, looks at WHERE, checks; false if WHERE leaves the row out.
    fn complete(&mut self, row: &mut [Datum], made: &mut Vec<Datum>, env: &mut Env<'_>) -> Result<bool> {
        if !self.default_places.is_empty() {
            self.defaults.project(&Rows::default(), env, made)?;
            for (place, value) in self.default_places.iter().zip(made.drain(..)) {
                row[*place] = value;
            }
        }
        if let Some(filter) = &mut self.filter
            && !filter.holds(&Rows::scan(row), env)?
        {
            return Ok(false);
        }
        self.target.prepare(row, env)?;
        Ok(true)
    }

    fn store(&mut self, env: &mut Env<'_>) -> Result<()> {
        let mut done = 0;
        let stored = self.target.insert_many(&self.rows, self.insert, &mut done, env);
        let failed = self.numbers.get(done).copied().unwrap_or(self.reader.number);
        stored.map_err(|error| error.context(format!("COPY {}, line {failed}", self.reader.table)))?;
        self.numbers.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl Reader<'_> {
    /// Reads what comes before the rows.
    fn begin(&mut self, refill: &mut super::lines::Refill<'_>) -> Result<()> {
        if self.options.layout == Layout::Binary {
            return self.begin_binary(refill);
        }
        if self.options.header == Header::None {
            return Ok(());
        }
        self.number += 1;
        if !self.lines.next(refill)? || self.options.header != Header::Match {
            return Ok(());
        }
        let line = checked_text(self.lines.line())?;
        split(&mut self.fields, line, self.options)?;
        if self.fields.len() != self.columns.len() {
            let error = error!(
                BAD_COPY_FILE_FORMAT,
                "wrong number of fields in header line: got {}, expected {}",
                self.fields.len(),
                self.columns.len()
            );
            return Err(error);
        }
        for (at, column) in self.columns.iter().enumerate() {
            let field = self.fields.get(at);
            let found = String::from_utf8_lossy(self.fields.bytes(line.as_bytes(), field));
            if field.is_null || found != column.name {
                let got = if field.is_null {
                    format!("null value (\"{}\")", self.options.null)
                } else {
                    format!("\"{found}\"")
                };
                bail!(
                    BAD_COPY_FILE_FORMAT,
                    "column name mismatch in header line field {}: got {got}, expected \"{}\"",
                    at + 1,
                    column.name
                );
            }
        }
        Ok(())
    }

    fn begin_binary(&mut self, refill: &mut super::lines::Refill<'_>) -> Result<()> {
        match self.input.take(SIGNATURE.len(), refill)? {
            Some(found) if found == SIGNATURE => {}
            _ => bail!(BAD_COPY_FILE_FORMAT, "COPY file signature not recognized"),
        }
        let flags = self.int32(refill)?.ok_or_else(|| header_error("missing flags"))?;
        if flags & (1 << 16) != 0 {
            bail!(BAD_COPY_FILE_FORMAT, "invalid COPY file header (WITH OIDS)");
        }
        if (flags & !0xFFFF) != 0 {
            bail!(BAD_COPY_FILE_FORMAT, "unrecognized critical flags in COPY file header");
        }
        let extension = self.int32(refill)?.filter(|n| *n >= 0).ok_or_else(|| header_error("missing length"))?;
        match self.input.take(extension as usize, refill)? {
            Some(_) => Ok(()),
            None => Err(header_error("wrong length")),
        }
    }

    fn int32(&mut self, refill: &mut super::lines::Refill<'_>) -> Result<Option<i32>> {
        let bytes = self.input.take(4, refill)?;
        Ok(bytes.and_then(|b| b.try_into().ok()).map(i32::from_be_bytes))
    }

    /// The next row, of `width` columns, those that the data lacks null; false at the end.
    fn next(
        &mut self,
        cx: Ctx<'_>,
        width: usize,
        row: &mut Vec<Datum>,
        refill: &mut super::lines::Refill<'_>,
    ) -> Result<bool> {
        row.clear();
        row.resize(width, Datum::Null);
        self.number += 1;
        if self.options.layout == Layout::Binary {
            return self.next_binary(cx, row, refill);
        }
        match self.lines.next(refill) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(self.at_number(error)),
        }
        match self.values(cx, row) {
            Ok(()) => Ok(true),
            Err((None, error)) => Err(self.at_line(error)),
            Err((Some(at), error)) => Err(self.at_field(error, at)),
        }
    }

    /// Reads the values of a line. An error that is one column's names it.
    fn values(&mut self, cx: Ctx<'_>, row: &mut [Datum]) -> std::result::Result<(), (Option<usize>, Error)> {
        let of_line = |error| (None, error);
        let line = checked_text(self.lines.line()).map_err(of_line)?;
        split(&mut self.fields, line, self.options).map_err(of_line)?;
        self.count().map_err(of_line)?;
        for (at, column) in self.columns.iter_mut().enumerate() {
            let (fields, field) = (&self.fields, self.fields.get(at));
            let value = match is_null(column, field, fields.bytes(line.as_bytes(), field), self.options) {
                true => null_of(cx, column),
                // The line is text, and so is what stands in it; an escape may have made something else.
                false => match field.within(line) {
                    Some(text) => column.value(cx, text),
                    None => checked_text(fields.bytes(&[], field)).and_then(|text| column.value(cx, text)),
                },
            };
            row[column.place] = value.map_err(|error| (Some(at), error))?;
        }
        Ok(())
    }

    fn count(&self) -> Result<()> {
        // A table without columns has empty lines.
        if self.columns.is_empty() && self.lines.line().is_empty() {
            return Ok(());
        }
        if self.fields.len() > self.columns.len() {
            bail!(BAD_COPY_FILE_FORMAT, "extra data after last expected column");
        }
        if let Some(missing) = self.columns.get(self.fields.len()) {
            bail!(BAD_COPY_FILE_FORMAT, "missing data for column \"{}\"", missing.name);
        }
        Ok(())
    }

    fn next_binary(&mut self, cx: Ctx<'_>, row: &mut [Datum], refill: &mut super::lines::Refill<'_>) -> Result<bool> {
        let number = self.number;
        let context = |error: Error, table: &str| error.context(format!("COPY {table}, line {number}"));
        let Some(count) = self.input.take(2, refill)?.map(|b| i16::from_be_bytes([b[0], b[1]])) else {
            return Ok(false);
        };
        if count == -1 {
            if self.input.take(1, refill)?.is_some() {
                let error = error!(BAD_COPY_FILE_FORMAT, "received copy data after EOF marker");
                return Err(context(error, self.table));
            }
            return Ok(false);
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            let expected = self.columns.len();
            let error = error!(BAD_COPY_FILE_FORMAT, "row field count is {count}, expected {expected}");
            return Err(context(error, self.table));
        }
        for at in 0..self.columns.len() {
            let value = self.binary_field(cx, at, refill);
            let name = &self.columns[at].name;
            row[self.columns[at].place] =
                value.map_err(|error| error.context(format!("COPY {}, line {number}, column {name}", self.table)))?;
        }
        Ok(true)
    }

    fn binary_field(&mut self, cx: Ctx<'_>, at: usize, refill: &mut super::lines::Refill<'_>) -> Result<Datum> {
        let end = || error!(BAD_COPY_FILE_FORMAT, "unexpected EOF in COPY data");
        let len = self.int32(refill)?.ok_or_else(end)?;
        if len == -1 {
            return Ok(Datum::Null);
        }
        let Ok(len) = usize::try_from(len) else { bail!(BAD_COPY_FILE_FORMAT, "invalid field size") };
        let bytes = self.input.take(len, refill)?.ok_or_else(end)?;
        let column = &self.columns[at];
        with_fn_ctx(cx, |fx| builtins::receive(fx, column.type_oid, column.type_mod, bytes))
    }

    fn at_number(&self, error: Error) -> Error {
        error.context(format!("COPY {}, line {}", self.table, self.number))
    }

    fn at_line(&self, error: Error) -> Error {
        if self.options.layout == Layout::Binary {
            return self.at_number(error);
        }
        let mut line = format!("COPY {}, line {}: ", self.table, self.number);
        quote(&mut line, self.lines.line());
        error.context(line)
    }

    fn at_field(&self, error: Error, at: usize) -> Error {
        let field = self.fields.get(at);
        let mut line = format!("COPY {}, line {}, column {}: ", self.table, self.number, self.columns[at].name);
        match field.is_null {
            true => line.push_str("null input"),
            false => quote(&mut line, self.fields.bytes(self.lines.line(), field)),
        }
        error.context(line)
    }
}

/// Only types that are not built in can be domains, which may object.
fn null_of(cx: Ctx<'_>, column: &Column) -> Result<Datum> {
    match builtins::builtin_type(column.type_oid) {
        Some(_) => Ok(Datum::Null),
        None => with_fn_ctx(cx, |fx| builtins::null_of(fx, column.type_oid)),
    }
}

impl Column {
    fn value(&mut self, cx: Ctx<'_>, text: &str) -> Result<Datum> {
        if let Some((last, value)) = &self.last
            && is_same(last, text)
        {
            return Ok(value.clone());
        }
        let Some(value) = builtins::input_fast(self.type_oid, self.type_mod, text) else {
            return with_fn_ctx(cx, |fx| builtins::input(fx, self.type_oid, self.type_mod, text));
        };
        self.remember(text, value.as_ref().ok());
        value
    }

    /// Keeps a value that takes memory of its own, with the text that it was made from.
    fn remember(&mut self, text: &str, value: Option<&Datum>) {
        match value {
            Some(Datum::Bytes(bytes)) if REMEMBERED_BYTES.contains(&bytes.len()) => {}
            _ => return,
        }
        let (last, kept) = self.last.get_or_insert_default();
        last.clear();
        last.push_str(text);
        *kept = value.cloned().unwrap_or_default();
    }
}

/// Comparing empty texts with a dangling address, as an empty `String` has one, takes the processor as long as many bytes would.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

fn is_null(column: &Column, field: &Field, bytes: &[u8], options: &CopyOptions) -> bool {
    match field.is_null {
        true => !column.force_not_null,
        false => field.is_quoted && column.force_null && bytes == options.null.as_bytes(),
    }
}

fn split(fields: &mut Fields, line: &str, options: &CopyOptions) -> Result<()> {
    match options.layout {
        Layout::Csv => fields.split_csv(line.as_bytes(), options),
        _ => {
            fields.split_text(line.as_bytes(), options);
            Ok(())
        }
    }
}

fn header_error(what: &str) -> Error {
    error!(BAD_COPY_FILE_FORMAT, "invalid COPY file header ({what})")
}

/// The start of a piece of input, in quotes.
fn quote(out: &mut String, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= QUOTED_BYTES_MAX {
        // Writing to a String cannot fail.
        let _ = write!(out, "\"{text}\"");
        return;
    }
    let end = (0..=QUOTED_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let _ = write!(out, "\"{}...\"", &text[..end]);
}

/// The bytes as text. Errors: 22021 unless they are UTF-8 without zeros.
fn checked_text(bytes: &[u8]) -> Result<&str> {
    let bad = match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0) => return Ok(text),
        Ok(_) => &bytes[bytes.iter().position(|b| *b == 0).unwrap_or(0)..],
        Err(error) => &bytes[error.valid_up_to()..],
    };
    let expected = match bad[0] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let shown: Vec<String> = bad.iter().take(expected).map(|b| format!("0x{b:02x}")).collect();
    Err(error!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")))
}
