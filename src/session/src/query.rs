//! From text to something that can be run: parse, analyse, plan; and the form in which a prepared statement keeps it.

use crate::desk::Shelf;
use crate::shared::{self, Model};
use analyze::query::{CmdType, Query, TargetEntry};
use analyze::{Analyzed, AnalyzedStatement, Parameters, UtilityStatement};
use base::Oid;
use command::{Tag, with_analyze_context};
use exec::{CachedPlan, Sharing};
use instance::{Ctx, SessionState};
use parser::ParseOptions;
use parser::ast::RawStatement;
use plan::node::PlannedStmt;
use report::Result;
use schema::CatalogVersion;
use std::sync::{Arc, Mutex, MutexGuard};
use tuple::{Attribute, TupleDesc};

/// Parses a query string under the session's settings. Notices of the lexer wait with the session's.
pub(crate) fn parse(state: &SessionState, text: &str) -> Result<Vec<RawStatement>> {
    let mut notices = Vec::new();
    let parsed = parser::parse_with_notices(text, &parse_options(state), &mut notices);
    notices.into_iter().for_each(|notice| state.notice(notice));
    parsed
}

/// The session's settings that the grammar depends on.
pub(crate) fn parse_options(state: &SessionState) -> ParseOptions {
    let settings = state.settings.borrow();
    let frequent = settings.frequent();
    ParseOptions {
        standard_conforming_strings: frequent.standard_conforming_strings,
        escape_string_warning: frequent.escape_string_warning,
        ..ParseOptions::default()
    }
}

/// The columns of a result: what RowDescription tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResultColumns {
    /// Names and types.
    pub(crate) desc: TupleDesc,
    /// For each, the table's oid and column that it comes from unchanged, or zeros.
    pub(crate) origins: Vec<(u32, i16)>,
}

/// What a statement is, once analysed.
pub(crate) enum Body {
    /// A query, with its plan when it was last planned.
    Query(Box<QueryBody>),
    /// A utility statement.
    Utility(Box<UtilityStatement>),
}

/// An analysed query.
pub(crate) struct QueryBody {
    pub(crate) command: CmdType,
    source: Mutex<Source>,
}

/// Where a query's plans come from.
struct Source {
    /// Makes plans and keeps the last one. Replaced when the statement is analysed again.
    cached: Arc<CachedPlan>,
    /// What it shares with other sessions: then it has no plan of its own.
    model: Option<Arc<Model>>,
    /// It was found that it cannot be shared.
    is_alone: bool,
}

impl Source {
    fn new(cached: CachedPlan) -> Mutex<Source> {
        Mutex::new(Source { cached: Arc::new(cached), model: None, is_alone: false })
    }
}

/// A statement after analysis: what a prepared statement holds.
pub(crate) struct Statement {
    pub(crate) raw: Arc<RawStatement>,
    pub(crate) body: Body,
    /// Types of its parameters.
    pub(crate) parameter_types: Vec<Oid>,
    /// Its result columns, none if it returns no rows.
    pub(crate) columns: Option<Arc<ResultColumns>>,
}

impl Statement {
    /// Analyses a statement; `text` is the string it is part of.
    pub(crate) fn analyze(cx: Ctx<'_>, raw: &RawStatement, text: &str, parameters: Parameters) -> Result<Statement> {
        Statement::analyze_shared(cx, raw, text, parameters, Sharing::Weighed)
    }

    /// The same; `sharing` says which executions share a plan.
    pub(crate) fn analyze_shared(
        cx: Ctx<'_>,
        raw: &RawStatement,
        text: &str,
        parameters: Parameters,
        sharing: Sharing,
    ) -> Result<Statement> {
        let (version, Analyzed { statement, param_types }) = analyze_locked(cx, raw, text, parameters)?;
        let columns = columns_of(cx, &statement)?;
        let body = match statement {
            AnalyzedStatement::Utility(utility) => Body::Utility(utility),
            AnalyzedStatement::Query(query) => {
                let command = query.command;
                let source = Source::new(CachedPlan::new(*query, param_types.clone(), sharing, version));
                Body::Query(Box::new(QueryBody { command, source }))
            }
        };
        let raw = Arc::new(raw.clone());
        Ok(Statement { raw, body, parameter_types: param_types, columns: columns.map(Arc::new) })
    }

    /// A copy for another session, which shares the plan with this one. `None` if it is no query with a generic plan.
    pub(crate) fn fork(&self) -> Option<Statement> {
        let Body::Query(query) = &self.body else { return None };
        let source = {
            let mut source = query.source();
            if source.model.is_none() {
                source.model = Some(Arc::new(Model::of(&source.cached)?));
            }
            let model = source.model.clone();
            Mutex::new(Source { cached: Arc::new(source.cached.without_plan()), model, is_alone: false })
        };
        Some(Statement {
            raw: Arc::clone(&self.raw),
            body: Body::Query(Box::new(QueryBody { command: query.command, source })),
            parameter_types: self.parameter_types.clone(),
            columns: self.columns.clone(),
        })
    }
}

/// Analyses a statement and locks what it reads and changes. If catalogs changed before a lock was there, it is analysed
/// again: from then on nobody can change these relations.
fn analyze_locked(
    cx: Ctx<'_>,
    raw: &RawStatement,
    text: &str,
    parameters: Parameters,
) -> Result<(CatalogVersion, Analyzed)> {
    loop {
        let version = cx.catalog().version();
        let made = with_analyze_context(cx, text, |context| analyze::analyze(context, &raw.stmt, parameters.clone()))?;
        let AnalyzedStatement::Query(query) = &made.statement else { return Ok((version, made)) };
        if !exec::lock_relations(cx, query)? || cx.catalog().version() == version {
            return Ok((version, made));
        }
    }
}

impl Statement {
    /// A statement that is run from its syntax tree alone.
    pub(crate) fn plain(raw: &RawStatement) -> Statement {
        let body = Body::Utility(Box::new(UtilityStatement::Plain(raw.stmt.clone())));
        Statement { raw: Arc::new(raw.clone()), body, parameter_types: Vec::new(), columns: None }
    }
}

/// The columns that a statement returns.
fn columns_of(cx: Ctx<'_>, statement: &AnalyzedStatement) -> Result<Option<ResultColumns>> {
    match statement {
        AnalyzedStatement::Query(query) => query_columns(cx, query),
        AnalyzedStatement::Utility(utility) => {
            let desc = command::result_columns(cx, utility)?;
            Ok(desc.map(|desc| ResultColumns { origins: vec![(0, 0); desc.len()], desc }))
        }
    }
}

/// The columns of a query: of its target list, or of RETURNING.
pub(crate) fn query_columns(cx: Ctx<'_>, query: &Query) -> Result<Option<ResultColumns>> {
    let targets = match query.command {
        CmdType::Select => &query.targets,
        _ if query.returning.is_empty() => return Ok(None),
        _ => &query.returning,
    };
    let mut columns = ResultColumns::default();
    for target in targets.iter().filter(|target| !target.junk) {
        columns.desc.attributes.push(attribute_of(cx, target)?);
        columns.origins.push((target.orig_table.0, target.orig_column));
    }
    Ok(Some(columns))
}

/// A column as the client is told of it: of a domain it sees the base type.
fn attribute_of(cx: Ctx<'_>, target: &TargetEntry) -> Result<Attribute> {
    let catalog = cx.catalog();
    let (mut type_oid, mut type_mod) = (target.expr.type_of(), target.expr.typmod_of());
    let row = loop {
        let row = catalog.type_by_oid(type_oid)?;
        let row = row.ok_or_else(|| report::Error::internal(format!("type {type_oid} does not exist")))?;
        if row.typtype != b'd' {
            break row;
        }
        (type_oid, type_mod) = (row.typbasetype, row.typtypmod);
    };
    let name = target.name.clone().unwrap_or_else(|| "?column?".to_owned());
    let mut attribute = Attribute::new(name, type_oid, row.typlen, catalog.repr_of_type(type_oid)?);
    attribute.type_mod = type_mod;
    Ok(attribute)
}

/// The tag of a query that returned or changed so many rows.
pub(crate) fn query_tag(command: CmdType, rows: u64) -> Tag {
    match command {
        CmdType::Select | CmdType::Nothing => Tag::Rows("SELECT", rows),
        CmdType::Insert => Tag::Insert(rows),
        CmdType::Update => Tag::Rows("UPDATE", rows),
        CmdType::Delete => Tag::Rows("DELETE", rows),
        CmdType::Merge => Tag::Rows("MERGE", rows),
    }
}

/// A plan, made again if the catalogs changed since the statement was analysed.
pub(crate) enum Planned {
    /// Good to run.
    Plan(Arc<PlannedStmt>),
    /// The statement must be analysed again first.
    Stale,
}

impl QueryBody {
    /// A plan for these parameters.
    pub(crate) fn plan(&self, cx: Ctx<'_>, params: &exec::Params, shelf: &mut Shelf) -> Result<Planned> {
        let mut source = self.source();
        // Who has changed catalogs himself sees what the others do not.
        if let (Some(model), Some(_)) = (&source.model, cx.catalog().changes()) {
            if let Some(plan) = shelf.plan(cx, model, params)? {
                return Ok(Planned::Plan(plan));
            }
            source.model = None;
        }
        Ok(source.cached.plan(cx, params)?.map_or(Planned::Stale, Planned::Plan))
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().expect("nothing panics while it holds the lock")
    }

    /// Once it has run a generic plan, it has that in common with all sessions to which the text means the same.
    pub(crate) fn share(&self, cx: Ctx<'_>, text: &str, types: &[Oid]) {
        let mut source = self.source();
        if source.model.is_some() || source.is_alone || !source.cached.has_run_generic() {
            return;
        }
        let Some(changes) = cx.catalog().changes() else { return };
        source.model = shared::model(cx, (text, types), changes, &source.cached);
        match &source.model {
            Some(_) => source.cached = Arc::new(source.cached.without_plan()),
            None => source.is_alone = true,
        }
    }

    /// The analysed query and its plans.
    pub(crate) fn cached(&self) -> Arc<CachedPlan> {
        Arc::clone(&self.source().cached)
    }

    /// Takes over what a new analysis of the statement has made. Errors: XX000 if it is no query any more.
    pub(crate) fn renew(&self, again: &Statement) -> Result<()> {
        let Body::Query(query) = &again.body else {
            return Err(report::Error::internal("a query became a utility statement"));
        };
        *self.source() = Source { cached: query.cached(), model: None, is_alone: false };
        Ok(())
    }
}
