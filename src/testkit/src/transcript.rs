//! What a server says on one connection, put together to replies.

use std::mem;

/// An error or notice as the server sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// ERROR, FATAL, NOTICE, ...
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
    /// Every field, by its letter.
    pub fields: Vec<(u8, String)>,
}

impl ServerError {
    /// The field with this letter.
    pub fn field(&self, letter: u8) -> Option<&str> {
        self.fields.iter().find(|(l, _)| *l == letter).map(|(_, text)| text.as_str())
    }
}

/// The rows of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Values as text; `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
}

/// All that one query string brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// A table for each statement that returned one.
    pub tables: Vec<Table>,
    /// Completion tags.
    pub tags: Vec<String>,
    /// The error, if any.
    pub error: Option<ServerError>,
    /// The transaction status of ReadyForQuery: `I`, `T` or `E`.
    pub status: u8,
}

impl Reply {
    /// The single value of the single row. Panics, with the reply, if there is no such thing.
    #[track_caller]
    pub fn value(&self) -> &str {
        match self.rows() {
            [row] if row.len() == 1 => row[0].as_deref().expect("the value is null"),
            _ => panic!("expected one value, got {self:?}"),
        }
    }

    /// The rows of the last table.
    pub fn rows(&self) -> &[Vec<Option<String>>] {
        self.tables.last().map_or(&[], |table| &table.rows)
    }

    /// The reply, if it holds no error. Panics with the error otherwise.
    #[track_caller]
    pub fn ok(self) -> Reply {
        match &self.error {
            None => self,
            Some(error) => panic!("{}: {} ({})", error.severity, error.message, error.code),
        }
    }

    /// The error's SQLSTATE, or "" if there was none.
    pub fn code(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.code)
    }
}

/// What was heard on a connection so far.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    reply: Reply,
    /// Tables of the reply whose statement is complete.
    complete_tables: usize,
    /// The session's number and cancel key.
    pub key: (i32, i32),
    /// What ParameterStatus told.
    pub parameters: Vec<(String, String)>,
    /// Notices since they were last taken.
    pub notices: Vec<ServerError>,
    /// Notifications since they were last taken: session, channel, payload.
    pub notifications: Vec<(i32, String, String)>,
}

impl Transcript {
    /// Takes one message in; the reply, if it ends one: the server is ready again, or ends the session.
    pub fn hear(&mut self, kind: u8, body: &[u8]) -> Option<Reply> {
        match kind {
            b'Z' => {
                self.reply.status = body[0];
                return Some(self.end_reply());
            }
            b'E' => {
                let error = read_error(body);
                let is_fatal = error.severity != "ERROR";
                // The rows of a statement that failed half-way are no result.
                self.reply.tables.truncate(self.complete_tables);
                self.reply.error = Some(error);
                return is_fatal.then(|| self.end_reply());
            }
            b'N' => self.notices.push(read_error(body)),
            b'C' => {
                self.reply.tags.push(c_str(&mut &body[..]));
                self.complete_tables = self.reply.tables.len();
            }
            b'T' => self.reply.tables.push(Table { columns: read_columns(body), rows: Vec::new() }),
            b'D' => self.reply.tables.last_mut().expect("a row follows its description").rows.push(read_row(body)),
            b'K' => self.key = (read_i32(&body[0..]), read_i32(&body[4..])),
            b'S' => {
                let mut rest = body;
                self.parameters.push((c_str(&mut rest), c_str(&mut rest)));
            }
            b'A' => {
                let mut rest = &body[4..];
                self.notifications.push((read_i32(body), c_str(&mut rest), c_str(&mut rest)));
            }
            _ => {}
        }
        None
    }

    fn end_reply(&mut self) -> Reply {
        self.complete_tables = 0;
        mem::take(&mut self.reply)
    }
}

fn read_i32(bytes: &[u8]) -> i32 {
    i32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}

fn c_str(rest: &mut &[u8]) -> String {
    let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = rest.get(end + 1..).unwrap_or_default();
    text
}

/// The fields of an ErrorResponse or NoticeResponse.
pub fn read_error(body: &[u8]) -> ServerError {
    let mut error = ServerError::default();
    let mut rest = body;
    while let Some((letter, after)) = rest.split_first().filter(|(l, _)| **l != 0) {
        rest = after;
        let text = c_str(&mut rest);
        match letter {
            b'V' => error.severity = text.clone(),
            b'C' => error.code = text.clone(),
            b'M' => error.message = text.clone(),
            _ => {}
        }
        error.fields.push((*letter, text));
    }
    error
}

fn read_columns(body: &[u8]) -> Vec<String> {
    let mut rest = &body[2..];
    let mut names = Vec::new();
    while !rest.is_empty() {
        names.push(c_str(&mut rest));
        rest = &rest[18..];
    }
    names
}

/// The values of a DataRow as text.
pub fn read_row(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut row = Vec::new();
    while !rest.is_empty() {
        let length = read_i32(rest);
        rest = &rest[4..];
        row.push(usize::try_from(length).ok().map(|length| {
            let (value, after) = rest.split_at(length);
            rest = after;
            String::from_utf8_lossy(value).into_owned()
        }));
    }
    row
}
