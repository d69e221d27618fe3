//! EXPLAIN: a plan as PostgreSQL prints it, in its four formats.

mod format;
mod measured;
mod node;
mod scope;
mod settings;
mod subplans;
mod usage;

pub use format::ExplainFormat;

use crate::api::{Executor, ExplainOptions, Params, PlanOptions, plan_query};
use crate::env::Instruments;
use analyze::query::Query;
use analyze::ruleutils::Namespace;
use buffer::UsageCounts;
use config::Setting;
use format::Writer;
use instance::Ctx;
use measured::{Measured, gather};
use plan::node::PlannedStmt;
use report::Result;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// EXPLAIN of an analysed query: the rows of the answer. With ANALYZE the query is run.
pub fn explain(cx: Ctx<'_>, query: Query, params: Arc<Params>, options: ExplainOptions) -> Result<Vec<String>> {
    let clock = Arc::clone(&cx.instance.host.clock);
    let used = || cx.session.store.buffers.usage().counts();
    let (start, used_before) = (clock.monotonic(), used());
    let values = Some(params.values.as_slice()).filter(|v| !v.is_empty());
    let plan = Arc::new(plan_query(cx, query, PlanOptions { params: values, cursor: false })?);
    let ms = (clock.monotonic() - start).as_secs_f64() * 1000.0;
    explain_plan(cx, plan, params, options, Planning { ms, used: used().since(&used_before) })
}

/// What it cost to make a plan.
struct Planning {
    ms: f64,
    used: UsageCounts,
}

fn explain_plan(
    cx: Ctx<'_>,
    plan: Arc<PlannedStmt>,
    params: Arc<Params>,
    options: ExplainOptions,
    planning: Planning,
) -> Result<Vec<String>> {
    let (measured, execution_ms) = match options.analyze {
        true => run(cx, &plan, params, options)?,
        false => {
            crate::api::check_plan(cx, &plan)?;
            (HashMap::new(), 0.0)
        }
    };
    let mut writer = Writer::new(options.format);
    writer.open("Query", None, true);
    let mut writer = crate::spi::with_analysis(cx, "", |context| {
        let used = node::used_relations(&plan);
        let names = Rc::new(Namespace::of_relations(context, &plan.rtable, Some(&used))?);
        let mut printer = node::Printer { context, cx, stmt: &plan, names, options, measured: &measured, writer };
        printer.top()?;
        Ok(printer.writer)
    })?;
    if options.settings {
        settings::print(cx, &mut writer);
    }
    if options.buffers {
        usage::show_planning(&mut writer, &planning.used, cx.setting(|s| s.bool(Setting::TrackIoTiming)));
    }
    if options.summary {
        writer.float("Planning Time", "ms", planning.ms, 3);
    }
    if options.analyze && !writer.is_text() {
        writer.open("Triggers", Some("Triggers"), false);
        writer.close("Triggers", false);
    }
    if options.summary && options.analyze {
        writer.float("Execution Time", "ms", execution_ms, 3);
    }
    writer.close("Query", true);
    Ok(writer.finish())
}

/// The answer for a statement without a plan.
pub fn explain_nothing(format: ExplainFormat, text: &str) -> Vec<String> {
    let mut writer = Writer::new(format);
    match format {
        ExplainFormat::Text => writer.line(text),
        _ => writer.entry(text),
    }
    writer.finish()
}

/// Runs a plan and gathers what was measured, by node; and the milliseconds that it took.
fn run(
    cx: Ctx<'_>,
    plan: &Arc<PlannedStmt>,
    params: Arc<Params>,
    options: ExplainOptions,
) -> Result<(HashMap<u32, Measured>, f64)> {
    let clock = Arc::clone(&cx.instance.host.clock);
    let start = clock.monotonic();
    let instruments = Instruments { timing: options.timing, usage: options.buffers || options.wal };
    let mut executor = Executor::start_with(cx, Arc::clone(plan), params, Some(instruments), cx.snapshot())?;
    while executor.next(cx)?.is_some() {}
    executor.finish(cx)?;
    let execution_ms = (clock.monotonic() - start).as_secs_f64() * 1000.0;
    let mut measured = HashMap::new();
    let (node, es) = executor.parts();
    gather(node, &mut measured);
    for sub in es.subplans.iter_mut().flatten() {
        gather(&mut sub.node, &mut measured);
    }
    Ok((measured, execution_ms))
}
