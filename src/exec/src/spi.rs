//! SQL from within the server: analysed, planned and run to its end.

use crate::api::{Executor, Params, PlanOptions, plan_query};
use crate::foreign_keys::Queue;
use crate::types::Types;
use analyze::query::Query;
use analyze::{AnalyzeContext, AnalyzedStatement, Lookup, Parameters};
use base::Oid;
use builtins::{FnCtx, Memo};
use config::Setting;
use instance::Ctx;
use instance::privileges::Privileges;
use report::{Error, Result};
use std::cell::RefCell;
use std::sync::Arc;
use tuple::Datum;

/// Calls `work` with a context for analysis.
pub fn with_analysis<T>(cx: Ctx<'_>, source: &str, work: impl FnOnce(&AnalyzeContext<'_>) -> Result<T>) -> Result<T> {
    let session = cx.session;
    let path = cx.search_path()?;
    let catalog = cx.catalog();
    let settings = Arc::clone(&session.format.borrow());
    let now = cx.now_us();
    let mut memo = Memo::new(now as u64, Box::new(move || now));
    let types = Types(cx);
    let functions = RefCell::new(FnCtx {
        transaction_start: session.transaction_start_us.get(),
        statement_start: session.statement_start_us.get(),
        ..FnCtx::new(&settings, &types, &mut memo)
    });
    let may_use_schema = |oid| match catalog.namespace(oid)? {
        Some(row) => cx.may_use_schema(session.current_user(), &row, Privileges::USAGE),
        None => Ok(true),
    };
    let context = AnalyzeContext {
        catalog: Lookup { catalog: &catalog, functions },
        source,
        search_path: &path.namespaces,
        temp_namespace: session.temp_namespace.get(),
        user: session.users.get().current,
        database: &session.database_name,
        transform_null_equals: cx.setting(|s| s.bool(Setting::TransformNullEquals)),
        may_use_schema: &may_use_schema,
    };
    work(&context)
}

/// Calls a function written in SQL: the first column of the first row of its last query. It sees `snapshot`, or what is there now.
pub fn call_function(
    cx: Ctx<'_>,
    function: &crate::expr::SqlFunction,
    args: &[Datum],
    snapshot: Option<xact::Snapshot>,
) -> Result<Datum> {
    cx.check_stack_depth()?;
    count_call(cx, function.oid, || match function.owner {
        Some(owner) => cx.act_as(owner, || run_function(cx, function, args, snapshot)),
        None => run_function(cx, function, args, snapshot),
    })
}

/// Counts a call of a function written in SQL that ends well, if `track_functions` wants to know of all functions.
fn count_call<T>(cx: Ctx<'_>, function: Oid, work: impl FnOnce() -> Result<T>) -> Result<T> {
    if cx.setting(|settings| settings.choice(Setting::TrackFunctions) != "all") {
        return work();
    }
    let clock = &cx.instance.host.clock;
    let call = cx.session.statistics.borrow_mut().functions.begin((cx.session.database, function));
    let start = clock.monotonic();
    let done = work()?;
    let elapsed = clock.monotonic() - start;
    cx.session.statistics.borrow_mut().functions.end(call, elapsed.as_micros() as i64);
    Ok(done)
}

fn run_function(
    cx: Ctx<'_>,
    function: &crate::expr::SqlFunction,
    args: &[Datum],
    snapshot: Option<xact::Snapshot>,
) -> Result<Datum> {
    // A volatile function sees what the calling statement has done so far.
    if !function.sees_snapshot {
        cx.next_command()?;
    }
    let query = analyzed(cx, &function.body, function.types.clone())?;
    let query = with_analysis(cx, &function.body, |context| context.coerce_function_result(query, function.result))?;
    let plan = Arc::new(plan_query(cx, query, PlanOptions { params: Some(args), cursor: false })?);
    let params = Arc::new(Params { values: args.to_vec() });
    let mut executor = match snapshot {
        Some(snapshot) => Executor::start_with(cx, plan, params, None, snapshot)?,
        None => Executor::start(cx, plan, params)?,
    };
    let value = executor.next(cx)?.and_then(|row| row.first().cloned()).unwrap_or(Datum::Null);
    executor.finish(cx)?;
    Ok(value)
}

/// The last of some statements, which must be a query.
fn analyzed(cx: Ctx<'_>, sql: &str, types: Vec<Oid>) -> Result<Query> {
    let statements = parser::parse(sql, &parser::ParseOptions::default())?;
    let raw = statements.last().ok_or_else(|| Error::internal("empty statement"))?;
    with_analysis(cx, sql, |context| match analyze::analyze(context, &raw.stmt, Parameters::Fixed(types))?.statement {
        AnalyzedStatement::Query(query) => Ok(*query),
        AnalyzedStatement::Utility(_) => Err(Error::internal("a utility statement where a query is expected")),
    })
}

/// Runs a statement of the server's own; how many rows it returned or changed. The checks that it leads to are added to `due`.
pub fn run(cx: Ctx<'_>, sql: &str, types: Vec<Oid>, values: Vec<Datum>, due: &mut Queue) -> Result<u64> {
    let query = analyzed(cx, sql, types)?;
    let plan = plan_query(cx, query, PlanOptions { params: Some(&values), cursor: false })?;
    let mut executor = Executor::start_latest(cx, Arc::new(plan), Arc::new(Params { values }))?;
    let mut rows = 0;
    while executor.next(cx)?.is_some() {
        rows += 1;
    }
    due.append(executor.finish_without_checks(cx)?);
    Ok(rows.max(executor.processed()))
}
