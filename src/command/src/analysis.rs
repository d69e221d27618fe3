//! Analysis under the session's circumstances: its search path, database, catalogs.

use analyze::{AnalyzeContext, Lookup};
use base::Oid;
use builtins::{FnCtx, Memo};
use config::Setting;
use instance::Ctx;
use parser::ast::ExecuteStmt;
use report::Result;
use std::cell::RefCell;
use tuple::Datum;

/// Calls `work` with what an analysis of `source` takes.
pub fn with_analyze_context<T>(
    cx: Ctx<'_>,
    source: &str,
    work: impl FnOnce(&AnalyzeContext<'_>) -> Result<T>,
) -> Result<T> {
    let session = cx.session;
    let path = cx.search_path()?;
    let catalog = cx.catalog();
    let settings = std::sync::Arc::clone(&session.format.borrow());
    let mut memo = take_memo(cx);
    let functions = RefCell::new(FnCtx {
        transaction_start: session.transaction_start_us.get(),
        statement_start: session.statement_start_us.get(),
        ..FnCtx::new(&settings, &catalog, &mut memo)
    });
    let context = AnalyzeContext {
        catalog: Lookup { catalog: &catalog, functions },
        source,
        search_path: &path.namespaces,
        temp_namespace: session.temp_namespace.get(),
        user: session.users.get().current,
        database: &session.database_name,
        transform_null_equals: cx.setting(|s| s.bool(Setting::TransformNullEquals)),
    };
    let outcome = work(&context);
    drop(context);
    give_back(cx, memo);
    outcome
}

/// The values of EXECUTE's parameters, for a statement with parameters of these types.
///
/// Errors: 42601 if there are too few or too many; 42804 if one cannot become its type.
pub fn evaluate_parameters(cx: Ctx<'_>, source: &str, statement: &ExecuteStmt, types: &[Oid]) -> Result<Vec<Datum>> {
    let made = with_analyze_context(cx, source, |context| {
        context.analyze_execute_params(&statement.params, types, &statement.name)
    })?;
    made.iter().map(|expression| crate::evaluation::evaluate(cx, expression)).collect()
}

/// Takes the functions' state out of the session while it is lent; whoever asks meanwhile gets a fresh one.
fn take_memo(cx: Ctx<'_>) -> Memo {
    let clock = std::sync::Arc::clone(&cx.instance.host.clock);
    let seed = cx.session.statement_start_us.get().cast_unsigned();
    let stand_in = Memo::new(seed, Box::new(move || clock.wall_us() - instance::SQL_EPOCH_US));
    cx.session.memo.replace(stand_in)
}

fn give_back(cx: Ctx<'_>, memo: Memo) {
    let stand_in = cx.session.memo.replace(memo);
    stand_in.notices.into_iter().for_each(|notice| cx.session.notice(notice));
}
