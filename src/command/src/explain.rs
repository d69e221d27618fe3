//! EXPLAIN: its options, and its answer as rows. The plan is printed by crate `exec`.

use crate::{Execution, Tag, definition_value, evaluate_parameters, with_analyze_context};
use analyze::query::Query;
use analyze::{AnalyzedStatement, Parameters, UtilityStatement, analyze};
use base::Oid;
use exec::{ExplainOptions, Params};
use parser::ParseOptions;
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
    match options.json {
        true => ex.client.row(&[Datum::from(lines.join("\n"))])?,
        false => lines.into_iter().try_for_each(|line| ex.client.row(&[Datum::from(line)]))?,
    }
    Ok(Tag::Plain("EXPLAIN"))
}

/// The column of EXPLAIN's answer: text, or json with FORMAT JSON.
pub(crate) fn columns(statement: &ExplainStmt) -> TupleDesc {
    let format = statement.options.iter().rev().find(|option| option.name == "format");
    let is_json = format.and_then(|option| definition_value::text(option).ok()).is_some_and(|text| text == "json");
    match is_json {
        true => TupleDesc { attributes: vec![Attribute::new("QUERY PLAN", JSON, -1, Repr::Bytes)] },
        false => crate::variable::text_columns(&["QUERY PLAN"]),
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
            UtilityStatement::Plain(Statement::Notify(_)) => Ok(one_line(options, "NOTIFY")),
            _ => Ok(one_line(options, "Utility statements have no plan structure")),
        },
    }
}

/// The answer for what has no plan.
fn one_line(options: ExplainOptions, text: &str) -> Vec<String> {
    match options.json {
        true => vec!["[".to_owned(), format!("  \"{text}\""), "]".to_owned()],
        false => vec![text.to_owned()],
    }
}

/// EXPLAIN EXECUTE: the plan of a prepared statement, for the values given.
fn explain_execute(ex: &Execution<'_, '_>, statement: &ExecuteStmt, options: ExplainOptions) -> Result<Vec<String>> {
    let cx = ex.cx;
    let prepared = cx.session.prepared.borrow().get(&statement.name).cloned();
    let Some(prepared) = prepared else {
        bail!(UNDEFINED_PSTATEMENT, "prepared statement \"{}\" does not exist", statement.name);
    };
    let values = evaluate_parameters(cx, ex.text, statement, &prepared.parameter_types)?;
    let parsed = parser::parse(&prepared.text, &ParseOptions::default())?;
    let raw = parsed.first().ok_or_else(|| Error::internal("an empty statement was prepared"))?;
    let query = match &raw.stmt {
        Statement::Prepare(prepare) => &*prepare.query,
        query => query,
    };
    let parameters = Parameters::Fixed(prepared.parameter_types.clone());
    let analyzed = with_analyze_context(cx, &prepared.text, |context| analyze(context, query, parameters))?;
    match analyzed.statement {
        AnalyzedStatement::Query(query) => exec::explain(cx, *query, Arc::new(Params { values }), options),
        AnalyzedStatement::Utility(_) => Ok(one_line(options, "Utility statements have no plan structure")),
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
            "format" => options.json = is_json(text, option)?,
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

/// FORMAT: true for JSON. Errors: 0A000 for XML and YAML.
fn is_json(text: &str, option: &DefElem) -> Result<bool> {
    match definition_value::text(option)?.as_str() {
        "text" => Ok(false),
        "json" => Ok(true),
        "xml" => unsupported!("EXPLAIN (FORMAT XML)"),
        "yaml" => unsupported!("EXPLAIN (FORMAT YAML)"),
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
