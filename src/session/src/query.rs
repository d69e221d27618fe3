//! From text to something that can be run: parse, analyse, plan; and the form in which a prepared statement keeps it.

use analyze::query::{CmdType, Query};
use base::Oid;
use command::Tag;
use config::Setting;
use instance::{Ctx, SessionState};
use parser::ParseOptions;
use parser::ast::{RawStatement, Statement as Ast};
use plan::node::PlannedStmt;
use report::{Error, Result, Severity, SqlState};
use std::sync::{Arc, Mutex};
use tuple::TupleDesc;

/// Parses a query string under the session's settings.
pub(crate) fn parse(state: &SessionState, text: &str) -> Result<Vec<RawStatement>> {
    let settings = state.settings.borrow();
    let options = ParseOptions {
        standard_conforming_strings: settings.bool(Setting::StandardConformingStrings),
        escape_string_warning: settings.bool(Setting::EscapeStringWarning),
        ..ParseOptions::default()
    };
    drop(settings);
    let parsed = parser::parse(text, &options)?;
    parsed.notices.into_iter().for_each(|notice| state.notice(notice));
    Ok(parsed.statements)
}

/// A statement after analysis.
pub(crate) struct Statement {
    raw: RawStatement,
    /// None for a utility statement.
    query: Option<Box<Query>>,
    /// Types of its parameters.
    pub(crate) parameter_types: Vec<Oid>,
    /// Its result columns, none if it returns no rows.
    pub(crate) columns: Option<Arc<TupleDesc>>,
}

/// What to run.
pub(crate) enum Plan {
    /// A planned query.
    Query(Arc<QueryPlan>),
    /// A utility statement, run from its syntax tree.
    Utility,
}

/// A planned query with what its client is told.
pub(crate) struct QueryPlan {
    /// The plan.
    pub(crate) plan: Arc<PlannedStmt>,
    /// Its result columns, none if it returns no rows.
    pub(crate) columns: Option<Arc<TupleDesc>>,
}
