//! The server's messages, appended to a send buffer.
//!
//! A [`Writer`] only grows its buffer; when to send it is the session's decision, so that a whole reply (row description,
//! rows, completion, ready) leaves in one write.

use crate::frontend::Format;
use report::{Error, Severity};

/// A column of a result, as RowDescription tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The column's label.
    pub name: &'a str,
    /// The table it comes from, 0 if none.
    pub table: u32,
    /// Its number in that table, 0 if none.
    pub column: i16,
    /// Its type's oid.
    pub type_oid: u32,
    /// Its type's length, negative if it varies.
    pub type_len: i16,
    /// Its type modifier, -1 if none.
    pub type_mod: i32,
    /// How values will be written.
    pub format: Format,
}

/// The status byte of ReadyForQuery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionStatus {
    /// Outside a transaction block.
    Idle,
    /// Inside one.
    InBlock,
    /// Inside a failed one: everything but ROLLBACK is refused.
    Failed,
}

/// What the server asks of or tells a client that logs in.
#[derive(Clone, Copy, Debug)]
pub enum Authentication<'a> {
    /// Logged in.
    Ok,
    /// Send the password as it is.
    CleartextPassword,
    /// Send the password hashed with this salt.
    Md5Password([u8; 4]),
    /// Begin a SASL exchange by one of these mechanisms.
    Sasl(&'a [&'a str]),
    /// The server's next step of the exchange.
    SaslContinue(&'a [u8]),
    /// The server's last step.
    SaslFinal(&'a [u8]),
}

/// The send buffer of one session.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// What has been written and not yet sent.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// Bytes not yet sent.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// True if nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes for which there is room without more memory.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Forgets what was sent, and gives memory back if the buffer had grown over `keep_bytes`.
    pub fn clear(&mut self, keep_bytes: usize) {
        self.buffer.clear();
        self.buffer.shrink_to(keep_bytes);
    }

    /// Takes back everything after the first `len` bytes: a row that failed half-way.
    pub fn truncate(&mut self, len: usize) {
        self.buffer.truncate(len);
    }

    /// Starts a message; returns where it starts, for `end`.
    fn begin(&mut self, kind: u8) -> usize {
        self.buffer.extend_from_slice(&[kind, 0, 0, 0, 0]);
        self.buffer.len() - 4
    }

    fn end(&mut self, start: usize) {
        let length = u32::try_from(self.buffer.len() - start).expect("values are limited to 1 GiB");
        self.buffer[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn message(&mut self, kind: u8, body: impl FnOnce(&mut Writer)) {
        let start = self.begin(kind);
        body(self);
        self.end(start);
    }

    fn i16(&mut self, value: i16) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    fn c_str(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.push(0);
    }

    /// The answer to an SSL or GSS request: not available.
    pub fn refuse_encryption(&mut self) {
        self.buffer.push(b'N');
    }

    /// NegotiateProtocolVersion: the newest minor version we speak is 0, and these options are unknown to us.
    pub fn negotiate_protocol(&mut self, unknown_options: &[String]) {
        self.message(b'v', |w| {
            w.u32(3 << 16);
            w.u32(unknown_options.len() as u32);
            unknown_options.iter().for_each(|name| w.c_str(name));
        });
    }

    /// One of the Authentication messages.
    pub fn authentication(&mut self, request: Authentication<'_>) {
        self.message(b'R', |w| match request {
            Authentication::Ok => w.u32(0),
            Authentication::CleartextPassword => w.u32(3),
            Authentication::Md5Password(salt) => {
                w.u32(5);
                w.buffer.extend_from_slice(&salt);
            }
            Authentication::Sasl(mechanisms) => {
                w.u32(10);
                mechanisms.iter().for_each(|name| w.c_str(name));
                w.buffer.push(0);
            }
            Authentication::SaslContinue(data) => {
                w.u32(11);
                w.buffer.extend_from_slice(data);
            }
            Authentication::SaslFinal(data) => {
                w.u32(12);
                w.buffer.extend_from_slice(data);
            }
        });
    }

    /// A setting that the client keeps track of.
    pub fn parameter_status(&mut self, name: &str, value: &str) {
        self.message(b'S', |w| {
            w.c_str(name);
            w.c_str(value);
        });
    }

    /// What the client needs to cancel a statement of this session.
    pub fn backend_key_data(&mut self, session: i32, key: i32) {
        self.message(b'K', |w| {
            w.i32(session);
            w.i32(key);
        });
    }

    /// The server waits for the next query.
    pub fn ready_for_query(&mut self, status: TransactionStatus) {
        self.message(b'Z', |w| {
            w.buffer.push(match status {
                TransactionStatus::Idle => b'I',
                TransactionStatus::InBlock => b'T',
                TransactionStatus::Failed => b'E',
            })
        });
    }

    /// The columns of the rows to come.
    pub fn row_description<'a>(&mut self, fields: impl ExactSizeIterator<Item = Field<'a>>) {
        self.message(b'T', |w| {
            w.i16(fields.len() as i16);
            for field in fields {
                w.c_str(field.name);
                w.u32(field.table);
                w.i16(field.column);
                w.u32(field.type_oid);
                w.i16(field.type_len);
                w.i32(field.type_mod);
                w.i16(field.format as i16);
            }
        });
    }

    /// The statement returns no rows.
    pub fn no_data(&mut self) {
        self.message(b'n', |_| {});
    }

    /// The types of a statement's parameters.
    pub fn parameter_description(&mut self, types: &[u32]) {
        self.message(b't', |w| {
            w.i16(types.len() as i16);
            types.iter().for_each(|oid| w.u32(*oid));
        });
    }

    /// Starts a row of `columns` values; follow with as many `null` or `value` and then [`Row::end`].
    pub fn data_row(&mut self, columns: usize) -> Row<'_> {
        let start = self.begin(b'D');
        self.i16(columns as i16);
        Row { start, writer: self }
    }

    /// A statement is complete: its tag, such as `INSERT 0 1`.
    pub fn command_complete(&mut self, tag: &str) {
        self.message(b'C', |w| w.c_str(tag));
    }

    /// A statement that counts rows is complete: `SELECT 3`, `INSERT 0 1`.
    pub fn command_complete_rows(&mut self, words: &str, rows: u64) {
        self.message(b'C', |w| {
            w.buffer.extend_from_slice(words.as_bytes());
            w.buffer.push(b' ');
            base::push_decimal_unsigned(&mut w.buffer, rows);
            w.buffer.push(0);
        });
    }

    /// The query string held no statement.
    pub fn empty_query(&mut self) {
        self.message(b'I', |_| {});
    }

    /// The portal stopped at its row limit.
    pub fn portal_suspended(&mut self) {
        self.message(b's', |_| {});
    }

    /// Answers Parse.
    pub fn parse_complete(&mut self) {
        self.message(b'1', |_| {});
    }

    /// Answers Bind.
    pub fn bind_complete(&mut self) {
        self.message(b'2', |_| {});
    }

    /// Answers Close.
    pub fn close_complete(&mut self) {
        self.message(b'3', |_| {});
    }

    /// Asks the client for COPY data of `columns` columns.
    pub fn copy_in(&mut self, columns: usize, format: Format) {
        self.copy_start(b'G', columns, format);
    }

    /// Announces COPY data of `columns` columns.
    pub fn copy_out(&mut self, columns: usize, format: Format) {
        self.copy_start(b'H', columns, format);
    }

    fn copy_start(&mut self, kind: u8, columns: usize, format: Format) {
        self.message(kind, |w| {
            w.buffer.push(format as u8);
            w.i16(columns as i16);
            (0..columns).for_each(|_| w.i16(format as i16));
        });
    }

    /// A piece of COPY data.
    pub fn copy_data(&mut self, data: &[u8]) {
        self.message(b'd', |w| w.buffer.extend_from_slice(data));
    }

    /// The COPY data is complete.
    pub fn copy_done(&mut self) {
        self.message(b'c', |_| {});
    }

    /// A notification from a session that this one listens to.
    pub fn notification(&mut self, session: i32, channel: &str, payload: &str) {
        self.message(b'A', |w| {
            w.i32(session);
            w.c_str(channel);
            w.c_str(payload);
        });
    }

    /// ErrorResponse or NoticeResponse, by severity.
    pub fn report(&mut self, error: &Error) {
        let kind = if error.fields().severity >= Severity::Error { b'E' } else { b'N' };
        self.message(kind, |w| w.report_fields(error));
    }

    /// An ErrorResponse as clients before protocol 3 read it.
    pub fn report_before_version_3(&mut self, error: &Error) {
        let fields = error.fields();
        self.buffer.push(b'E');
        self.c_str(&format!("{}:  {}\n", fields.severity.as_str(), fields.message));
    }

    fn report_fields(&mut self, error: &Error) {
        let f = error.fields();
        let severity = f.severity.as_str();
        self.field(b'S', severity);
        self.field(b'V', severity);
        self.field(b'C', f.code.as_str());
        self.field(b'M', &f.message);
        self.optional_field(b'D', &f.detail);
        self.optional_field(b'H', &f.hint);
        self.optional_field(b'P', &f.position.map(|n| n.to_string()));
        self.optional_field(b'p', &f.internal_position.map(|n| n.to_string()));
        self.optional_field(b'q', &f.internal_query);
        if !f.context.is_empty() {
            self.field(b'W', &f.context.join("\n"));
        }
        self.optional_field(b's', &f.schema);
        self.optional_field(b't', &f.table);
        self.optional_field(b'c', &f.column);
        self.optional_field(b'd', &f.data_type);
        self.optional_field(b'n', &f.constraint);
        let at = f.location;
        self.field(b'F', at.file.rsplit('/').next().unwrap_or(at.file));
        self.field(b'L', &at.line.to_string());
        if let Some(routine) = at.routine {
            self.field(b'R', routine);
        }
        self.buffer.push(0);
    }

    fn field(&mut self, code: u8, text: &str) {
        self.buffer.push(code);
        self.c_str(text);
    }

    fn optional_field(&mut self, code: u8, text: &Option<String>) {
        if let Some(text) = text {
            self.field(code, text);
        }
    }
}

/// A row being written. Its values go straight into the send buffer.
pub struct Row<'a> {
    writer: &'a mut Writer,
    start: usize,
}

impl Row<'_> {
    /// A null.
    pub fn null(&mut self) {
        self.writer.i32(-1);
    }

    /// A value in its wire form.
    pub fn value(&mut self, bytes: &[u8]) {
        self.writer.i32(bytes.len() as i32);
        self.writer.buffer.extend_from_slice(bytes);
    }

    /// A value that `write` appends to the buffer: no copy in between. What `write` returns is returned.
    pub fn value_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.writer.i32(0);
        let start = self.writer.buffer.len();
        let result = write(&mut self.writer.buffer);
        let length = (self.writer.buffer.len() - start) as u32;
        self.writer.buffer[start - 4..start].copy_from_slice(&length.to_be_bytes());
        result
    }

    /// Completes the row.
    pub fn end(self) {
        self.writer.end(self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_in_place() {
        let mut w = Writer::new();
        let mut row = w.data_row(3);
        row.null();
        row.value(b"ab");
        row.value_with(|out| out.extend_from_slice(b"xyz"));
        row.end();
        let mut expected = b"D\0\0\0\x17\0\x03\xFF\xFF\xFF\xFF\0\0\0\x02ab\0\0\0\x03xyz".to_vec();
        expected[4] = (expected.len() - 1) as u8;
        assert_eq!(w.pending(), expected);
    }

    #[test]
    fn a_tag_may_count() {
        let mut w = Writer::new();
        w.command_complete_rows("INSERT 0", 12);
        assert_eq!(w.pending(), b"C\0\0\0\x10INSERT 0 12\0");
    }

    #[test]
    fn an_error_carries_its_fields() {
        let mut w = Writer::new();
        w.report(&report::error!(UNIQUE_VIOLATION, "m").detail("D.").table("s", "t").constraint("c").at(4));
        let text = String::from_utf8_lossy(w.pending()).into_owned();
        for field in
            ["SERROR\0", "VERROR\0", "C23505\0", "Mm\0", "DD.\0", "P4\0", "ss\0", "tt\0", "nc\0", "Fbackend.rs\0"]
        {
            assert!(text.contains(field), "{field:?} in {text:?}");
        }
        assert_eq!((w.pending()[0], text.ends_with("\0\0")), (b'E', true));
    }
}
