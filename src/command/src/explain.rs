//! EXPLAIN: its options, and its answer as rows. The plan is printed by crate `exec`.

use crate::{Execution, Tag, definition_value, prepared_query};
use analyze::query::Query;
use analyze::{AnalyzedStatement, UtilityStatement};
use base::Oid;
use exec::{ExplainFormat, ExplainOptions};
use parser::ast::{DefElem, ExecuteStmt, ExplainStmt, Statement};
use report::{Error, Result, bail, error, unsupported};
use std::sync::Arc;
use tuple::{Attribute, Datum, Repr, TupleDesc};

/// The type `json`.
const JSON: Oid = Oid(114);

/// EXPLAIN.
pub(crate) fn explain(
    ex: &mut Execution<'_, '_>,
    statement: &ExplainStmt,
    explained: &AnalyzedStatement,
) -> Result<Tag> {
    let options = read_options(ex.text, &statement.options)?;
    let lines = explain_statement(ex, explained, options)?;
    ex.client.columns(&columns(statement))?;
    lines.into_iter().try_for_each(|line| ex.client.row(&[Datum::from(line)]))?;
    Ok(Tag::Plain("EXPLAIN"))
}

/// The column of EXPLAIN's answer: text, or the type of its format.
pub(crate) fn columns(statement: &ExplainStmt) -> TupleDesc {
    let format = statement.options.iter().rev().find(|option| option.name == "format");
    let format = format.and_then(|option| definition_value::text(option).ok());
    match format.as_deref() {
        Some("json") => TupleDesc { attributes: vec![Attribute::new("QUERY PLAN", JSON, -1, Repr::Bytes)] },
        // There are no functions of type xml yet, so that the document travels as text.
        _ => crate::variable::text_columns(&["QUERY PLAN"]),
    }
}

fn explain_statement(
    ex: &Execution<'_, '_>,
    explained: &AnalyzedStatement,
    options: ExplainOptions,
) -> Result<Vec<String>> {
    match explained {
        AnalyzedStatement::Query(query) => exec::explain(ex.cx, Query::clone(query), Arc::clone(&ex.params), options),
        AnalyzedStatement::Utility(utility) => match &**utility {
            UtilityStatement::CreateTableAs(_, inner) => match options.analyze {
                true => unsupported!("EXPLAIN ANALYZE of CREATE TABLE AS"),
                false => explain_statement(ex, inner, options),
            },
            UtilityStatement::DeclareCursor(_, query) => {
                exec::explain(ex.cx, Query::clone(query), Arc::clone(&ex.params), options)
            }
            UtilityStatement::Plain(Statement::Execute(execute)) => explain_execute(ex, execute, options),
            UtilityStatement::Plain(Statement::Notify(_)) => Ok(exec::explain_nothing(options.format, "NOTIFY")),
            _ => Ok(exec::explain_nothing(options.format, "Utility statements have no plan structure")),
        },
    }
}

/// EXPLAIN EXECUTE: the plan of a prepared statement, for the values given.
fn explain_execute(ex: &Execution<'_, '_>, statement: &ExecuteStmt, options: ExplainOptions) -> Result<Vec<String>> {
    match prepared_query(ex, statement)? {
        Some((query, params)) => exec::explain(ex.cx, query, params, options),
        None => Ok(exec::explain_nothing(options.format, "Utility statements have no plan structure")),
    }
}

fn read_options(text: &str, given: &[DefElem]) -> Result<ExplainOptions> {
    let mut options = ExplainOptions { costs: true, ..ExplainOptions::default() };
    let (mut timing, mut summary) = (None, None);
    for option in given {
        let flag = || definition_value::boolean(option);
        match option.name.as_str() {
            "analyze" => options.analyze = flag()?,
            "verbose" => options.verbose = flag()?,
            "costs" => options.costs = flag()?,
            "buffers" => options.buffers = flag()?,
            "wal" => options.wal = flag()?,
            "settings" => options.settings = flag()?,
            "timing" => timing = Some(flag()?),
            "summary" => summary = Some(flag()?),
            "format" => options.format = read_format(text, option)?,
            name => {
                return Err(positioned(error!(SYNTAX_ERROR, "unrecognized EXPLAIN option \"{name}\""), text, option));
            }
        }
    }
    if options.wal && !options.analyze {
        bail!(INVALID_PARAMETER_VALUE, "EXPLAIN option WAL requires ANALYZE");
    }
    options.timing = timing.unwrap_or(options.analyze);
    if options.timing && !options.analyze {
        bail!(INVALID_PARAMETER_VALUE, "EXPLAIN option TIMING requires ANALYZE");
    }
    options.summary = summary.unwrap_or(options.analyze);
    Ok(options)
}

fn read_format(text: &str, option: &DefElem) -> Result<ExplainFormat> {
    match definition_value::text(option)?.as_str() {
        "text" => Ok(ExplainFormat::Text),
        "xml" => Ok(ExplainFormat::Xml),
        "json" => Ok(ExplainFormat::Json),
        "yaml" => Ok(ExplainFormat::Yaml),
        other => {
            let error =
                error!(INVALID_PARAMETER_VALUE, "unrecognized value for EXPLAIN option \"format\": \"{other}\"");
            Err(positioned(error, text, option))
        }
    }
}

fn positioned(error: Error, text: &str, option: &DefElem) -> Error {
    match option.pos.characters(text) {
        Some(position) => error.at(position),
        None => error,
    }
}
