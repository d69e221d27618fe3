//! A session without a client: single-user mode. Statements come from a text stream, rows are printed, errors go to the log.
//!
//! A statement ends at the end of its line, unless a backslash stands there, or, as initdb asks for it, at a semicolon that is
//! followed by an empty line; so a script may hold statements of many lines.

use crate::login;
use crate::printer::Printer;
use crate::server::{Server, Speaker};
use crate::session::{Next, Session};
use crate::wire::{Stream, Wire};
use base::Oid;
use config::Setting;
use instance::{Activity, Ctx, Instance, Registration, SessionKind, Users, format_settings};
use report::{Error, Result, Severity, error};
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The role that every cluster starts with.
const BOOTSTRAP_SUPERUSER: Oid = Oid(10);
/// What a single-user session prints before it reads.
const PROMPT: &str = "backend> ";

/// What ends a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatementEnd {
    /// The end of the line.
    Line,
    /// A semicolon before an empty line (`-j`).
    SemicolonAndEmptyLine,
}

/// Where a single-user session's statements come from, and where their rows go.
pub struct Terminal<'a> {
    /// The statements.
    pub input: &'a mut dyn BufRead,
    /// What ends a statement.
    pub end: StatementEnd,
    /// Opens the place for prompts and rows.
    pub output: fn() -> Box<dyn Write + Send>,
}

/// Runs statements as the bootstrap superuser in a database until the input ends. False if one of them failed; with
/// `exit_on_error` nothing is run after it.
///
/// Errors: the database does not exist; the input cannot be read.
pub fn run_alone(
    server: &dyn Server,
    instance: &Arc<Instance>,
    database: &str,
    terminal: Terminal<'_>,
) -> Result<bool> {
    let Terminal { input, end, output } = terminal;
    let registration = instance.sessions.register(SessionKind::Role("standalone backend"), 0, Activity::default());
    let oid = find_database(instance, &registration, database)?;
    let mut alone = Alone::open(instance, registration, oid)?;
    alone.print_to(output());
    let mut screen = output();
    let mut say = |text: &str| screen.write_all(text.as_bytes()).and_then(|()| screen.flush());
    let failed = |error: io::Error| Error::io("write to standard output", &error);
    say(&format!("\nPostgreSQL stand-alone backend {}\n", config::SERVER_VERSION)).map_err(failed)?;
    let stops = alone.session.state.settings.borrow().bool(Setting::ExitOnError);
    let mut all_good = true;
    loop {
        say(PROMPT).map_err(failed)?;
        let Some(statement) = read_statement(input, end)? else { break };
        let outcome = alone.run(server, &statement);
        all_good &= outcome == Outcome::Good;
        if outcome == Outcome::Ended || outcome == Outcome::Failed && stops {
            break;
        }
    }
    alone.end();
    Ok(all_good)
}

fn find_database(instance: &Instance, registration: &Registration, name: &str) -> Result<Oid> {
    let state = login::new_state(instance, registration, superuser());
    let cx = Ctx::new(instance, &state);
    cx.start_transaction();
    let found = cx.catalog_of(Oid::INVALID).database_by_name(name)?;
    cx.commit_transaction()?;
    match found {
        Some(found) => Ok(found.oid),
        None => Err(error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist")),
    }
}

fn superuser() -> Users {
    Users {
        authenticated: BOOTSTRAP_SUPERUSER,
        session: BOOTSTRAP_SUPERUSER,
        current: BOOTSTRAP_SUPERUSER,
        authenticated_is_superuser: true,
        is_superuser: true,
        role_is_set: false,
    }
}

/// What came of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It ran.
    Good,
    /// It failed; the log says why.
    Failed,
    /// The session has ended.
    Ended,
}

/// A session without a client: of single-user mode, or of a role that works in a database by itself.
pub struct Alone<'a> {
    session: Session,
    instance: &'a Arc<Instance>,
}

impl<'a> Alone<'a> {
    /// A session of the bootstrap superuser in a database. Errors: there is no such database.
    pub fn open(instance: &'a Arc<Instance>, registration: Registration, database: Oid) -> Result<Alone<'a>> {
        let mut state = login::new_state(instance, &registration, superuser());
        let cx = Ctx::new(instance, &state);
        cx.start_transaction();
        let found = cx.catalog_of(Oid::INVALID).database(database)?;
        let found = found.ok_or_else(|| error!(UNDEFINED_DATABASE, "database {database} does not exist"))?;
        cx.commit_transaction()?;
        state.database = database;
        state.database_name = found.datname.clone();
        registration.update(|activity| activity.database = database);
        *state.format.borrow_mut() = Arc::new(format_settings(&state.settings.borrow()));
        Ok(Alone { session: Session::new(state, Wire::new(Box::new(Nobody)), registration), instance })
    }

    /// Looks at the catalogs in a transaction of its own.
    pub fn look<T>(&self, look: impl FnOnce(Ctx<'_>) -> Result<T>) -> Result<T> {
        let cx = Ctx::new(self.instance, &self.session.state);
        cx.start_transaction();
        let found = look(cx);
        match &found {
            Ok(_) => cx.commit_transaction()?,
            Err(_) => cx.abort_transaction(),
        }
        found
    }

    /// From now on what it does ends with an error when another session has to wait for it for long.
    pub fn give_way(&self) {
        self.session.state.locks.set_gives_way();
    }

    /// From now on rows are printed.
    fn print_to(&mut self, output: Box<dyn Write + Send>) {
        self.answer_to(Box::new(Printer::new(output)));
    }

    /// From now on answers go to this stream, in the form of the protocol. Nothing is read from it.
    pub fn answer_to(&mut self, stream: Box<dyn Stream>) {
        self.session.wire = Wire::new(stream);
    }

    /// Runs one statement. Errors go to the server's log.
    pub fn run(&mut self, server: &dyn Server, statement: &str) -> Outcome {
        let stops = self.session.state.settings.borrow().bool(Setting::ExitOnError);
        let watcher = Watcher { server, stops, has_failed: AtomicBool::new(false) };
        let next = self.session.simple_query(&watcher, self.instance, statement);
        // What cannot be printed is nobody's business.
        let _ = self.session.wire.flush();
        match next {
            Next::End | Next::Park | Next::Crash => Outcome::Ended,
            _ if watcher.has_failed.into_inner() => Outcome::Failed,
            _ => Outcome::Good,
        }
    }

    /// Ends the session.
    pub fn end(mut self) {
        self.session.end(self.instance);
    }
}

/// The next statement, without what ends it; `None` at the end of the input. Empty ones are passed over.
fn read_statement(input: &mut dyn BufRead, end: StatementEnd) -> Result<Option<String>> {
    let mut text = String::new();
    loop {
        let read = input.read_line(&mut text).map_err(|error| Error::io("read standard input", &error))?;
        let is_complete = match end {
            StatementEnd::Line if text.ends_with("\\\n") => {
                text.truncate(text.len() - 2);
                false
            }
            StatementEnd::Line => text.ends_with('\n'),
            StatementEnd::SemicolonAndEmptyLine => text.ends_with(";\n\n"),
        };
        if !is_complete && read > 0 {
            continue;
        }
        let statement = text.trim_matches(['\n', ' ', '\t']);
        if !statement.is_empty() {
            return Ok(Some(statement.to_owned()));
        }
        if read == 0 {
            return Ok(None);
        }
        text.clear();
    }
}

/// Notes whether anything failed, and leaves the rest to the server.
struct Watcher<'a> {
    server: &'a dyn Server,
    /// An error ends the session.
    stops: bool,
    has_failed: AtomicBool,
}

impl Server for Watcher<'_> {
    fn log(&self, session: &Speaker<'_>, error: &Error, statement: Option<&str>) {
        let is_error = error.fields().severity == Severity::Error;
        if error.fields().severity >= Severity::Error {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        match self.stops && is_error {
            true => self.server.log(session, &error.clone().severity(Severity::Fatal), statement),
            false => self.server.log(session, error, statement),
        }
    }
}

/// A stream that nobody is at the other end of.
struct Nobody;

impl Stream for Nobody {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn is_closed(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str, end: StatementEnd) -> Vec<String> {
        let mut input = text.as_bytes();
        std::iter::from_fn(|| read_statement(&mut input, end).unwrap()).collect()
    }

    #[test]
    fn a_statement_is_a_line() {
        assert_eq!(statements("select 1\n\nselect 2", StatementEnd::Line), ["select 1", "select 2"]);
    }

    #[test]
    fn a_backslash_carries_a_line_on() {
        assert_eq!(statements("select 1 \\\n+ 1\nselect 2", StatementEnd::Line), ["select 1 + 1", "select 2"]);
    }

    #[test]
    fn a_statement_may_have_many_lines() {
        let text = "create view v as\n\nselect 1;\nselect 2;\n\n\nselect ';\n';\n\n";
        let expected = ["create view v as\n\nselect 1;\nselect 2;", "select ';\n';"];
        assert_eq!(statements(text, StatementEnd::SemicolonAndEmptyLine), expected);
    }
}
