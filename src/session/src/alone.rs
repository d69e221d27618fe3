//! A session without a client: single-user mode. Statements come from a text stream, rows go nowhere, errors go to the log.
//!
//! A statement ends at the end of its line, or, as initdb asks for it, at a semicolon that is followed by an empty line; so a
//! script may hold statements of many lines.

use crate::login;
use crate::server::{ClientInfo, Method, Server};
use crate::session::{Next, Session};
use crate::wire::{Stream, Wire};
use base::{Oid, SessionId};
use config::Setting;
use instance::{Activity, Ctx, Instance, SessionKind, Users, format_settings};
use report::{Error, Result, Severity, error};
use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The role that every cluster starts with.
const BOOTSTRAP_SUPERUSER: Oid = Oid(10);

/// What ends a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatementEnd {
    /// The end of the line.
    Line,
    /// A semicolon before an empty line (`-j`).
    SemicolonAndEmptyLine,
}

/// Runs statements as the bootstrap superuser in a database until the input ends. False if one of them failed; with
/// `exit_on_error` nothing is run after it.
///
/// Errors: the database does not exist; the input cannot be read.
pub fn run_alone(
    server: &dyn Server,
    instance: &Arc<Instance>,
    database: &str,
    input: &mut dyn BufRead,
    end: StatementEnd,
) -> Result<bool> {
    let watcher = Watcher { server, has_failed: AtomicBool::new(false) };
    let mut session = open(instance, database)?;
    let stops = session.state.settings.borrow().bool(Setting::ExitOnError);
    while let Some(statement) = read_statement(input, end)? {
        let next = session.simple_query(&watcher, instance, &statement);
        session.wire.out.clear(0);
        let has_failed = watcher.has_failed.load(Ordering::Relaxed);
        if next == Next::End || has_failed && stops {
            break;
        }
    }
    session.end(instance);
    Ok(!watcher.has_failed.load(Ordering::Relaxed))
}

fn open(instance: &Arc<Instance>, database: &str) -> Result<Session> {
    let registration = instance.sessions.register(SessionKind::Role("standalone backend"), 0, Activity::default());
    let user = BOOTSTRAP_SUPERUSER;
    let users = Users {
        authenticated: user,
        session: user,
        current: user,
        authenticated_is_superuser: true,
        is_superuser: true,
        role_is_set: false,
    };
    let mut state = login::new_state(instance, &registration, users);
    let cx = Ctx::new(instance, &state);
    cx.start_transaction();
    let found = cx.catalog_of(Oid::INVALID).database_by_name(database)?;
    let found = found.ok_or_else(|| error!(UNDEFINED_DATABASE, "database \"{database}\" does not exist"))?;
    cx.commit_transaction()?;
    state.database = found.oid;
    state.database_name = database.to_owned();
    *state.format.borrow_mut() = Arc::new(format_settings(&state.settings.borrow()));
    Ok(Session::new(state, Wire::new(Box::new(Nobody)), registration))
}

/// The next statement, without what ends it; `None` at the end of the input. Empty ones are passed over.
fn read_statement(input: &mut dyn BufRead, end: StatementEnd) -> Result<Option<String>> {
    let mut text = String::new();
    loop {
        let read = input.read_line(&mut text).map_err(|error| Error::io("read standard input", &error))?;
        let is_complete = match end {
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
    has_failed: AtomicBool,
}

impl Server for Watcher<'_> {
    fn admit(&self) -> Result<()> {
        Ok(())
    }

    fn method(&self, _: &ClientInfo, _: &str, _: &str, _: &dyn Fn(&str) -> bool) -> Result<Method> {
        Ok(Method::Trust)
    }

    fn maps(&self, _: Option<&str>, _: &str, _: &str) -> bool {
        false
    }

    fn cancel(&self, _: SessionId, _: i32) {}

    fn log(&self, session: &instance::SessionEntry, error: &Error, statement: Option<&str>) {
        if error.fields().severity >= Severity::Error {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        self.server.log(session, error, statement);
    }
}

/// A stream that nobody is at the other end of.
struct Nobody;

impl Stream for Nobody {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn write_all(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn set_read_timeout(&mut self, _: Option<std::time::Duration>) -> io::Result<()> {
        Ok(())
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
    fn a_statement_may_have_many_lines() {
        let text = "create view v as\n\nselect 1;\nselect 2;\n\n\nselect ';\n';\n\n";
        let expected = ["create view v as\n\nselect 1;\nselect 2;", "select ';\n';"];
        assert_eq!(statements(text, StatementEnd::SemicolonAndEmptyLine), expected);
    }
}
