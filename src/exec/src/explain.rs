//! EXPLAIN: a plan as PostgreSQL prints it.

use crate::api::{Executor, ExplainOptions, Params, PlanOptions, plan_query};
use crate::env::Instruments;
use crate::node::{Instrument, Kind, NodeState};
use analyze::AnalyzeContext;
use analyze::expr::{Expr, INDEX_VAR, INNER_VAR, OUTER_VAR, Param, ParamKind, SubLinkType, SubPlan, Var};
use analyze::query::{CmdType, JoinType, Query, RteKind};
use analyze::ruleutils::{Namespace, PlanScope};
use base::Oid;
use instance::Ctx;
use plan::node::{AggStrategy, Node, Plan, PlannedStmt, SetOpCommand, SortColumn};
use report::{Result, unsupported};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// EXPLAIN of an analysed query: the lines of the answer. With ANALYZE the query is run.
pub fn explain(cx: Ctx<'_>, query: Query, params: Arc<Params>, options: ExplainOptions) -> Result<Vec<String>> {
    let clock = Arc::clone(&cx.instance.host.clock);
    let start = clock.monotonic();
    let values = Some(params.values.as_slice()).filter(|v| !v.is_empty());
    let plan = Arc::new(plan_query(cx, query, PlanOptions { params: values, cursor: false })?);
    let planning = clock.monotonic() - start;
    explain_plan(cx, plan, params, options, planning.as_secs_f64() * 1000.0)
}

/// EXPLAIN of a plan that took so many milliseconds to make.
pub fn explain_plan(
    cx: Ctx<'_>,
    plan: Arc<PlannedStmt>,
    params: Arc<Params>,
    options: ExplainOptions,
    planning_ms: f64,
) -> Result<Vec<String>> {
    if options.json {
        unsupported!("EXPLAIN formats other than text");
    }
    let clock = Arc::clone(&cx.instance.host.clock);
    let mut stats = HashMap::new();
    let mut execution_ms = 0.0;
    if options.analyze {
        let start = clock.monotonic();
        let instruments = Instruments { timing: options.timing };
        let mut executor = Executor::start_with(cx, Arc::clone(&plan), params, Some(instruments), cx.snapshot())?;
        while executor.next(cx)?.is_some() {}
        executor.finish(cx)?;
        execution_ms = (clock.monotonic() - start).as_secs_f64() * 1000.0;
        let (node, es) = executor.parts();
        gather(node, &mut stats);
        for sub in es.subplans.iter_mut().flatten() {
            gather(&mut sub.node, &mut stats);
        }
    }
    let mut lines = crate::spi::with_analysis(cx, "", |context| {
        let used = used_relations(&plan);
        let names = Rc::new(Namespace::of_relations(context, &plan.rtable, Some(&used))?);
        let mut printer =
            Printer { context, cx, stmt: &plan, names, options, stats: &stats, out: Vec::new(), indent: 0 };
        printer.node(&plan.plan, None, None)?;
        Ok(printer.out)
    })?;
    if options.summary {
        lines.push(format!("Planning Time: {planning_ms:.3} ms"));
        if options.analyze {
            lines.push(format!("Execution Time: {execution_ms:.3} ms"));
        }
    }
    Ok(lines)
}

/// What was measured of a node.
#[derive(Default)]
struct Stats {
    instrument: Instrument,
    filtered: u64,
    join_filtered: u64,
    extra: Vec<String>,
    hash: Option<(usize, usize, usize)>,
}

fn gather(node: &mut NodeState, out: &mut HashMap<u32, Stats>) {
    node.end_loop();
    let mut stats = Stats { instrument: node.instrument.as_deref().cloned().unwrap_or_default(), ..Stats::default() };
    match &node.kind {
        Kind::SeqScan(n) => stats.filtered = n.filtered(),
        Kind::IndexScan(n) => {
            stats.filtered = n.filtered();
            stats.extra.push(format!("Heap Fetches: {}", n.heap_fetches));
        }
        Kind::BitmapHeapScan(n) => {
            stats.filtered = n.filtered();
            stats.extra.push(format!("Heap Blocks: exact={}", n.pages));
        }
        Kind::NestLoop(n) => (stats.filtered, stats.join_filtered) = (n.output_filtered(), n.filtered),
        Kind::MergeJoin(n) => (stats.filtered, stats.join_filtered) = (n.output_filtered(), n.filtered),
        Kind::HashJoin(n) => {
            (stats.filtered, stats.join_filtered) = (n.output_filtered(), n.filtered);
            stats.hash = Some(n.stats);
        }
        Kind::Agg(n) => {
            stats.filtered = n.filtered;
            stats.extra.push(format!("Batches: 1  Memory Usage: {}kB", (n.peak_bytes / 1024).max(24)));
        }
        Kind::Sort(n) => {
            let kb = (n.stats.space_bytes / 1024).max(25);
            stats.extra.push(match (n.stats.external, n.stats.bounded) {
                (true, _) => format!("Sort Method: external merge  Disk: {kb}kB"),
                (false, true) => format!("Sort Method: top-N heapsort  Memory: {kb}kB"),
                (false, false) => format!("Sort Method: quicksort  Memory: {kb}kB"),
            });
        }
        Kind::Memoize(n) => {
            let (hits, misses, evictions, overflows) = n.stats;
            stats.extra.push(format!(
                "Hits: {hits}  Misses: {misses}  Evictions: {evictions}  Overflows: {overflows}  Memory Usage: 1kB"
            ));
        }
        _ => {}
    }
    out.insert(node.id, stats);
    for child in node.children_mut() {
        gather(child, out);
    }
}

fn used_relations(stmt: &PlannedStmt) -> BTreeSet<i32> {
    fn walk(plan: &Plan, out: &mut BTreeSet<i32>) {
        out.extend(relation_of(plan));
        if let Node::ModifyTable(n) = &plan.node
            && let Some(conflict) = &n.on_conflict
            && conflict.excluded_relation > 0
        {
            out.insert(conflict.excluded_relation);
        }
        plan.children().into_iter().for_each(|child| walk(child, out));
    }
    let mut out = BTreeSet::new();
    walk(&stmt.plan, &mut out);
    stmt.subplans.iter().for_each(|plan| walk(plan, &mut out));
    out
}

/// The relation that a node scans or changes.
fn relation_of(plan: &Plan) -> Option<i32> {
    match &plan.node {
        Node::SeqScan(n) => Some(n.relation),
        Node::IndexScan(n) => Some(n.relation),
        Node::IndexOnlyScan(n) => Some(n.relation),
        Node::BitmapHeapScan(n) => Some(n.relation),
        Node::TidScan(n) => Some(n.relation),
        Node::SubqueryScan(n) => Some(n.relation),
        Node::FunctionScan(n) => Some(n.relation),
        Node::ValuesScan(n) => Some(n.relation),
        Node::CteScan(n) => Some(n.relation),
        Node::WorkTableScan(n) => Some(n.relation),
        Node::ModifyTable(n) => Some(n.relation),
        _ => None,
    }
}

/// A node with the nodes around it: where its columns and parameters come from.
struct Scope<'q> {
    plan: &'q Plan,
    /// The node above, and the sub-plan by which this one hangs there.
    parent: Option<(Rc<Scope<'q>>, Option<&'q SubPlan>)>,
}

impl<'q> Scope<'q> {
    fn child(self: &Rc<Self>, plan: &'q Plan) -> Rc<Scope<'q>> {
        Rc::new(Scope { plan, parent: Some((self.clone_rc(), None)) })
    }

    fn clone_rc(self: &Rc<Self>) -> Rc<Scope<'q>> {
        Rc::clone(self)
    }

    fn outer(&self) -> Option<&'q Plan> {
        match &self.plan.node {
            Node::HashJoin(n) => Some(&n.outer),
            _ => self.plan.children().into_iter().next(),
        }
    }

    fn inner(&self) -> Option<&'q Plan> {
        match &self.plan.node {
            Node::NestLoop(_) | Node::MergeJoin(_) | Node::HashJoin(_) => self.plan.children().into_iter().nth(1),
            _ => None,
        }
    }

    fn as_child(&self, plan: &'q Plan) -> Rc<dyn PlanScope<'q> + 'q> {
        let own = Scope { plan: self.plan, parent: self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s)) };
        Rc::new(Scope { plan, parent: Some((Rc::new(own), None)) })
    }

    fn as_self(&self) -> Rc<dyn PlanScope<'q> + 'q> {
        Rc::new(Scope { plan: self.plan, parent: self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s)) })
    }
}

impl<'q> PlanScope<'q> for Scope<'q> {
    fn referent(&self, var: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        let at = (var.attno as usize).checked_sub(1)?;
        match var.varno {
            OUTER_VAR => {
                let child = self.outer()?;
                Some((&child.targetlist.get(at)?.expr, self.as_child(child)))
            }
            INNER_VAR => {
                if let Node::ModifyTable(n) = &self.plan.node {
                    let conflict = n.on_conflict.as_deref()?;
                    return Some((&conflict.excluded_targetlist.get(at)?.expr, self.as_self()));
                }
                let child = self.inner()?;
                Some((&child.targetlist.get(at)?.expr, self.as_child(child)))
            }
            INDEX_VAR => match &self.plan.node {
                Node::IndexOnlyScan(n) => Some((&n.index_targetlist.get(at)?.expr, self.as_self())),
                _ => None,
            },
            _ => None,
        }
    }

    fn parameter(&self, param: &Param) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        if param.kind != ParamKind::Exec {
            return None;
        }
        let mut at = self.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s));
        while let Some((scope, via)) = at {
            if let Some(sub) = via
                && let Some(place) = sub.par_params.iter().position(|id| *id == param.id)
            {
                return Some((&sub.args[place], scope.as_self()));
            }
            if let Node::NestLoop(n) = &scope.plan.node
                && let Some((_, expr)) = n.params.iter().find(|(id, _)| *id == param.id)
            {
                return Some((expr, scope.as_self()));
            }
            at = scope.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s));
        }
        None
    }

    fn sub_output(&self, _: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)> {
        None
    }
}

struct Printer<'a, 'c, 'q> {
    context: &'a AnalyzeContext<'c>,
    cx: Ctx<'a>,
    stmt: &'q PlannedStmt,
    names: Rc<Namespace<'q>>,
    options: ExplainOptions,
    stats: &'a HashMap<u32, Stats>,
    out: Vec<String>,
    indent: usize,
}

impl<'q> Printer<'_, '_, 'q> {
    fn line(&mut self, text: String) {
        self.out.push(format!("{}{text}", "  ".repeat(self.indent)));
    }

    fn property(&mut self, name: &str, text: String) {
        self.line(format!("{name}: {text}"));
    }

    fn node(
        &mut self,
        plan: &'q Plan,
        parent: Option<(Rc<Scope<'q>>, Option<&'q SubPlan>)>,
        title: Option<&str>,
    ) -> Result<()> {
        let saved = self.indent;
        if let Some(title) = title {
            self.line(title.to_owned());
            self.indent += 1;
        }
        let mut head = "  ".repeat(self.indent);
        if self.indent > 0 {
            head.push_str("->  ");
            self.indent += 2;
        }
        head.push_str(&self.title(plan)?);
        if self.options.costs {
            head.push_str(&format!(
                "  (cost={:.2}..{:.2} rows={:.0} width={})",
                plan.startup_cost, plan.total_cost, plan.rows, plan.width
            ));
        }
        if self.options.analyze {
            head.push_str(&self.actual(plan));
        }
        self.out.push(head);
        self.indent += 1;
        let scope = Rc::new(Scope { plan, parent });
        self.details(plan, &scope)?;
        for init in &plan.init_plans {
            let sub = &self.stmt.subplans[init.plan_id as usize - 1];
            self.node(sub, Some((Rc::clone(&scope), Some(init))), Some(&init.plan_name))?;
        }
        for child in plan.children() {
            let below = scope.child(child);
            let parent = below.parent.as_ref().map(|(p, s)| (Rc::clone(p), *s));
            self.node(child, parent, None)?;
        }
        let mut subplans = Vec::new();
        plan::own_exprs(plan, &mut |_| {});
        collect_subplans(plan, &mut subplans);
        for sub in subplans {
            let child = &self.stmt.subplans[sub.plan_id as usize - 1];
            self.node(child, Some((Rc::clone(&scope), Some(sub))), Some(&sub.plan_name))?;
        }
        self.indent = saved;
        Ok(())
    }

    fn actual(&self, plan: &Plan) -> String {
        let id = match &plan.node {
            // The hash table belongs to its join; its rows are its child's.
            Node::Hash(n) => n.child.id,
            _ => plan.id,
        };
        let Some(stats) = self.stats.get(&id) else {
            return " (never executed)".to_owned();
        };
        let i = &stats.instrument;
        if i.loops == 0.0 {
            return " (never executed)".to_owned();
        }
        let rows = i.rows / i.loops;
        if !self.options.timing {
            return format!(" (actual rows={rows:.0} loops={:.0})", i.loops);
        }
        let (start, total) = (i.startup_us / i.loops / 1000.0, i.total_us / i.loops / 1000.0);
        let start = if matches!(plan.node, Node::Hash(_)) { total } else { start };
        format!(" (actual time={start:.3}..{total:.3} rows={rows:.0} loops={:.0})", i.loops)
    }

    fn relation_name(&self, rti: i32) -> Result<String> {
        let rte = &self.stmt.rtable[rti as usize - 1];
        let reference = self.names.names.get(rti as usize - 1).cloned().flatten();
        let (schema, object) = match &rte.kind {
            RteKind::Relation(relation) => {
                let entry = self.cx.catalog().open_relation(relation.relid)?;
                let schema = match self.options.verbose {
                    true => self.cx.catalog().namespace(entry.class.relnamespace)?.map(|r| r.nspname.clone()),
                    false => None,
                };
                (schema, Some(entry.name().to_owned()))
            }
            RteKind::Function(function) => match function.functions.as_slice() {
                [only] => match &only.call {
                    Expr::FuncExpr(call) => {
                        let row = self.cx.catalog().function(call.function)?;
                        let schema = match (&row, self.options.verbose) {
                            (Some(row), true) => {
                                self.cx.catalog().namespace(row.pronamespace)?.map(|r| r.nspname.clone())
                            }
                            _ => None,
                        };
                        (schema, row.map(|r| r.proname.clone()))
                    }
                    _ => (None, None),
                },
                _ => (None, None),
            },
            RteKind::Cte(cte) => (None, Some(cte.name.clone())),
            _ => (None, None),
        };
        let quote = |name: &str| builtins::quote_identifier(name).to_string();
        let mut text = String::from(" on");
        if let Some(object) = &object {
            text.push(' ');
            if let Some(schema) = schema {
                text.push_str(&quote(&schema));
                text.push('.');
            }
            text.push_str(&quote(object));
        }
        if let Some(reference) = reference
            && object.as_ref() != Some(&reference)
        {
            text.push(' ');
            text.push_str(&quote(&reference));
        }
        Ok(text)
    }

    fn index_name(&self, oid: Oid) -> Result<String> {
        let entry = self.cx.catalog().open_relation(oid)?;
        Ok(builtins::quote_identifier(entry.name()).to_string())
    }

    fn title(&self, plan: &Plan) -> Result<String> {
        let join = |name: &str, plain: &str, join_type: JoinType| match join_type {
            JoinType::Inner => plain.to_owned(),
            JoinType::Left => format!("{name} Left Join"),
            JoinType::Full => format!("{name} Full Join"),
            JoinType::Right => format!("{name} Right Join"),
            JoinType::Semi => format!("{name} Semi Join"),
            JoinType::Anti => format!("{name} Anti Join"),
        };
        let on = |name: &str, rti: i32| -> Result<String> { Ok(format!("{name}{}", self.relation_name(rti)?)) };
        Ok(match &plan.node {
            Node::Result(_) => "Result".to_owned(),
            Node::ProjectSet(_) => "ProjectSet".to_owned(),
            Node::ModifyTable(n) => on(
                match n.operation {
                    CmdType::Insert => "Insert",
                    CmdType::Update => "Update",
                    CmdType::Delete => "Delete",
                    _ => "???",
                },
                n.relation,
            )?,
            Node::Append(_) => "Append".to_owned(),
            Node::MergeAppend(_) => "Merge Append".to_owned(),
            Node::RecursiveUnion(_) => "Recursive Union".to_owned(),
            Node::SeqScan(n) => on("Seq Scan", n.relation)?,
            Node::IndexScan(n) => {
                let backward = if n.backward { " Backward" } else { "" };
                on(&format!("Index Scan{backward} using {}", self.index_name(n.index)?), n.relation)?
            }
            Node::IndexOnlyScan(n) => {
                let backward = if n.backward { " Backward" } else { "" };
                on(&format!("Index Only Scan{backward} using {}", self.index_name(n.index)?), n.relation)?
            }
            Node::BitmapHeapScan(n) => on("Bitmap Heap Scan", n.relation)?,
            Node::BitmapIndexScan(n) => format!("Bitmap Index Scan on {}", self.index_name(n.index)?),
            Node::BitmapAnd(_) => "BitmapAnd".to_owned(),
            Node::BitmapOr(_) => "BitmapOr".to_owned(),
            Node::TidScan(n) => on("Tid Scan", n.relation)?,
            Node::SubqueryScan(n) => on("Subquery Scan", n.relation)?,
            Node::FunctionScan(n) => on("Function Scan", n.relation)?,
            Node::ValuesScan(n) => on("Values Scan", n.relation)?,
            Node::CteScan(n) => on("CTE Scan", n.relation)?,
            Node::WorkTableScan(n) => on("WorkTable Scan", n.relation)?,
            Node::NestLoop(n) => join("Nested Loop", "Nested Loop", n.join_type),
            Node::MergeJoin(n) => join("Merge", "Merge Join", n.join_type),
            Node::HashJoin(n) => join("Hash", "Hash Join", n.join_type),
            Node::Hash(_) => "Hash".to_owned(),
            Node::Material(_) => "Materialize".to_owned(),
            Node::Memoize(_) => "Memoize".to_owned(),
            Node::Sort(_) => "Sort".to_owned(),
            Node::IncrementalSort(_) => "Incremental Sort".to_owned(),
            Node::Group(_) => "Group".to_owned(),
            Node::Agg(n) => match n.strategy {
                AggStrategy::Plain => "Aggregate",
                AggStrategy::Sorted => "GroupAggregate",
                AggStrategy::Hashed => "HashAggregate",
                AggStrategy::Mixed => "MixedAggregate",
            }
            .to_owned(),
            Node::WindowAgg(_) => "WindowAgg".to_owned(),
            Node::Unique(_) => "Unique".to_owned(),
            Node::SetOp(n) => {
                let command = match n.command {
                    SetOpCommand::Intersect => "Intersect",
                    SetOpCommand::IntersectAll => "Intersect All",
                    SetOpCommand::Except => "Except",
                    SetOpCommand::ExceptAll => "Except All",
                };
                format!("{} {command}", if n.hashed { "HashSetOp" } else { "SetOp" })
            }
            Node::LockRows(_) => "LockRows".to_owned(),
            Node::Limit(_) => "Limit".to_owned(),
        })
    }

    fn expr(&self, expr: &'q Expr, scope: &Rc<Scope<'q>>, prefix: bool, implicit: bool) -> Result<String> {
        let scope: Rc<dyn PlanScope<'q> + 'q> = scope.as_self();
        self.context.plan_expr_sql(expr, &self.names, scope, prefix, implicit)
    }

    /// A qualification: its conditions joined by AND.
    fn quals(&mut self, name: &str, quals: &'q [Expr], scope: &Rc<Scope<'q>>, prefix: bool) -> Result<()> {
        let mut parts = Vec::new();
        for qual in quals {
            parts.push(self.expr(qual, scope, prefix, false)?);
        }
        match parts.len() {
            0 => {}
            1 => self.property(name, parts.remove(0)),
            _ => self.property(name, format!("({})", parts.join(" AND "))),
        }
        Ok(())
    }

    fn details(&mut self, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        let verbose = self.options.verbose;
        let upper = self.stmt.rtable.len() > 1 || verbose;
        if verbose && !plan.targetlist.is_empty() && !matches!(plan.node, Node::Append(_) | Node::RecursiveUnion(_)) {
            let mut parts = Vec::new();
            for target in &plan.targetlist {
                parts.push(self.expr(&target.expr, scope, upper, false)?);
            }
            self.property("Output", parts.join(", "));
        }
        if verbose {
            let unique = match &plan.node {
                Node::NestLoop(n) => Some(n.inner_unique),
                Node::MergeJoin(n) => Some(n.inner_unique),
                Node::HashJoin(n) => Some(n.inner_unique),
                _ => None,
            };
            if unique == Some(true) {
                self.property("Inner Unique", "true".to_owned());
            }
        }
        let scan_prefix = verbose;
        match &plan.node {
            Node::IndexScan(n) => self.quals("Index Cond", &n.conditions_original, scope, scan_prefix)?,
            Node::IndexOnlyScan(n) => self.quals("Index Cond", &n.conditions_original, scope, scan_prefix)?,
            Node::BitmapIndexScan(n) => self.quals("Index Cond", &n.conditions_original, scope, scan_prefix)?,
            Node::BitmapHeapScan(n) => self.quals("Recheck Cond", &n.recheck, scope, scan_prefix)?,
            Node::TidScan(n) => self.quals("TID Cond", &n.conditions, scope, scan_prefix)?,
            Node::FunctionScan(n) if verbose => {
                let mut parts = Vec::new();
                for function in &n.functions {
                    parts.push(self.expr(&function.expr, scope, scan_prefix, false)?);
                }
                self.property("Function Call", parts.join(", "));
            }
            Node::NestLoop(n) => {
                self.quals("Join Filter", &n.join_qual, scope, upper)?;
                self.removed("Join Filter", plan, !n.join_qual.is_empty(), true);
            }
            Node::MergeJoin(n) => {
                let mut parts = Vec::new();
                for clause in &n.clauses {
                    parts.push(self.expr(&clause.expr, scope, upper, false)?);
                }
                let text = if parts.len() == 1 { parts.remove(0) } else { format!("({})", parts.join(" AND ")) };
                if !n.clauses.is_empty() {
                    self.property("Merge Cond", text);
                }
                self.quals("Join Filter", &n.join_qual, scope, upper)?;
                self.removed("Join Filter", plan, !n.join_qual.is_empty(), true);
            }
            Node::HashJoin(n) => {
                self.quals("Hash Cond", &n.clauses, scope, upper)?;
                self.quals("Join Filter", &n.join_qual, scope, upper)?;
                self.removed("Join Filter", plan, !n.join_qual.is_empty(), true);
            }
            Node::Agg(n) => self.agg_keys(n, plan, scope)?,
            Node::Group(n) => {
                let columns: Vec<usize> = n.columns.iter().map(|c| c.column as usize).collect();
                let text = self.keys_text(&n.child, &columns, scope)?;
                self.property("Group Key", text);
            }
            Node::Sort(n) => {
                let text = self.sort_text(&n.keys, &n.child, scope)?;
                self.property("Sort Key", text);
            }
            Node::IncrementalSort(n) => {
                let text = self.sort_text(&n.keys, &n.child, scope)?;
                self.property("Sort Key", text);
                let text = self.sort_text(&n.keys[..n.presorted], &n.child, scope)?;
                self.property("Presorted Key", text);
            }
            Node::Result(n) => self.quals("One-Time Filter", &n.constant_qual, scope, upper)?,
            Node::Memoize(n) => {
                let mut parts = Vec::new();
                for key in &n.keys {
                    parts.push(self.expr(key, scope, upper, false)?);
                }
                self.property("Cache Key", parts.join(", "));
                self.property("Cache Mode", "logical".to_owned());
            }
            Node::ModifyTable(n) => {
                if let Some(conflict) = &n.on_conflict {
                    self.property("Conflict Resolution", if conflict.update { "UPDATE" } else { "NOTHING" }.to_owned());
                    if !conflict.arbiter_indexes.is_empty() {
                        let names =
                            conflict.arbiter_indexes.iter().map(|i| self.index_name(*i)).collect::<Result<Vec<_>>>()?;
                        self.property("Conflict Arbiter Indexes", names.join(", "));
                    }
                    self.quals("Conflict Filter", &conflict.condition, scope, upper)?;
                }
            }
            _ => {}
        }
        let is_scan = relation_of(plan).is_some() && !matches!(plan.node, Node::ModifyTable(_));
        let prefix = if is_scan { verbose || matches!(plan.node, Node::SubqueryScan(_)) } else { upper };
        self.quals("Filter", &plan.qual, scope, prefix)?;
        self.removed("Filter", plan, !plan.qual.is_empty(), false);
        if self.options.analyze {
            self.measured(plan);
        }
        Ok(())
    }

    fn removed(&mut self, what: &str, plan: &Plan, has_qual: bool, join: bool) {
        if !self.options.analyze || !has_qual {
            return;
        }
        let Some(stats) = self.stats.get(&plan.id) else { return };
        let count = if join { stats.join_filtered } else { stats.filtered };
        if count > 0 {
            let each = count as f64 / stats.instrument.loops.max(1.0);
            self.property(&format!("Rows Removed by {what}"), format!("{each:.0}"));
        }
    }

    fn measured(&mut self, plan: &Plan) {
        let Some(stats) = self.stats.get(&plan.id) else {
            return;
        };
        let show = match &plan.node {
            Node::IndexOnlyScan(_) | Node::BitmapHeapScan(_) | Node::Sort(_) | Node::Memoize(_) => true,
            Node::Agg(n) => matches!(n.strategy, AggStrategy::Hashed | AggStrategy::Mixed),
            _ => false,
        };
        let lines = stats.extra.clone();
        if show && stats.instrument.loops > 0.0 {
            lines.into_iter().for_each(|line| self.line(line));
        }
        let _ = stats.hash;
    }

    fn keys_text(&self, child: &'q Plan, columns: &[usize], scope: &Rc<Scope<'q>>) -> Result<String> {
        let below = scope.child(child);
        let prefix = self.stmt.rtable.len() > 1 || self.options.verbose;
        let mut parts = Vec::new();
        for column in columns {
            parts.push(self.expr(&child.targetlist[column - 1].expr, &below, prefix, true)?);
        }
        Ok(parts.join(", "))
    }

    fn agg_keys(&mut self, n: &'q plan::node::Agg, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        let _ = plan;
        let all: Vec<usize> = n.columns.iter().map(|c| c.column as usize).collect();
        if n.grouping_sets.is_empty() {
            if !all.is_empty() {
                let text = self.keys_text(&n.child, &all, scope)?;
                self.property("Group Key", text);
            }
            return Ok(());
        }
        for set in &n.grouping_sets {
            let columns: Vec<usize> = set.columns.iter().map(|c| all[*c]).collect();
            if columns.is_empty() {
                self.property("Group Key", "()".to_owned());
            } else {
                let text = self.keys_text(&n.child, &columns, scope)?;
                self.property("Hash Key", text);
            }
        }
        Ok(())
    }

    fn sort_text(&self, keys: &[SortColumn], child: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<String> {
        let below = scope.child(child);
        let prefix = self.stmt.rtable.len() > 1 || self.options.verbose;
        let mut parts = Vec::new();
        for key in keys {
            let expr = &child.targetlist[key.column as usize - 1].expr;
            let mut text = self.expr(expr, &below, prefix, true)?;
            if key.collation.is_valid()
                && key.collation.0 != 100
                && key.collation != type_collation(self.cx, expr.type_of())
            {
                let name = self.context.collation_to_write(key.collation)?;
                text.push_str(&format!(" COLLATE {name}"));
            }
            let families = self.cx.catalog().operator_families(key.operator)?;
            let descending = families.iter().any(|m| m.amopmethod.0 == 403 && m.amopstrategy == 5);
            match (descending, key.nulls_first) {
                (true, true) => text.push_str(" DESC"),
                (true, false) => text.push_str(" DESC NULLS LAST"),
                (false, true) => text.push_str(" NULLS FIRST"),
                (false, false) => {}
            }
            parts.push(text);
        }
        Ok(parts.join(", "))
    }
}

fn type_collation(cx: Ctx<'_>, type_oid: Oid) -> Oid {
    use builtins::TypeLookup;
    crate::types::Types(cx).type_info(type_oid).map_or(Oid::INVALID, |t| t.collation)
}

/// The sub-plans in a node's own expressions, by number.
fn collect_subplans<'q>(plan: &'q Plan, out: &mut Vec<&'q SubPlan>) {
    fn walk<'q>(expr: &'q Expr, out: &mut Vec<&'q SubPlan>) {
        if let Expr::SubPlan(sub) = expr
            && sub.kind != SubLinkType::Cte
            && !out.iter().any(|s| s.plan_id == sub.plan_id)
        {
            out.push(sub);
        }
        let mut children: Vec<&'q Expr> = Vec::new();
        push_children(expr, &mut children);
        children.into_iter().for_each(|e| walk(e, out));
    }
    for expr in plan.targetlist.iter().map(|t| &t.expr).chain(&plan.qual) {
        walk(expr, out);
    }
    let more: Vec<&'q Expr> = match &plan.node {
        Node::NestLoop(n) => n.join_qual.iter().collect(),
        Node::HashJoin(n) => n.join_qual.iter().collect(),
        Node::MergeJoin(n) => n.join_qual.iter().collect(),
        Node::Result(n) => n.constant_qual.iter().collect(),
        Node::IndexScan(n) => n.conditions_original.iter().collect(),
        Node::ValuesScan(n) => n.lists.iter().flatten().collect(),
        _ => Vec::new(),
    };
    more.into_iter().for_each(|e| walk(e, out));
    out.sort_by_key(|s| s.plan_id);
}

/// The direct parts of an expression that may hold sub-plans.
fn push_children<'q>(expr: &'q Expr, out: &mut Vec<&'q Expr>) {
    match expr {
        Expr::FuncExpr(n) => out.extend(&n.args),
        Expr::OpExpr(n) | Expr::DistinctExpr(n) | Expr::NullIfExpr(n) => out.extend(&n.args),
        Expr::ScalarArrayOpExpr(n) => out.extend(&n.args),
        Expr::BoolExpr(n) => out.extend(&n.args),
        Expr::SubPlan(n) => {
            out.extend(&n.test);
            out.extend(&n.args);
        }
        Expr::RelabelType(n) => out.push(&n.arg),
        Expr::CoerceViaIo(n) => out.push(&n.arg),
        Expr::CoalesceExpr(n) => out.extend(&n.args),
        Expr::MinMaxExpr(n) => out.extend(&n.args),
        Expr::ArrayExpr(n) => out.extend(&n.elements),
        Expr::RowExpr(n) => out.extend(&n.args),
        Expr::NullTest(n) => out.push(&n.arg),
        Expr::BooleanTest(n) => out.push(&n.arg),
        Expr::CaseExpr(n) => {
            out.extend(&n.arg);
            for when in &n.whens {
                out.push(&when.condition);
                out.push(&when.result);
            }
            out.extend(&n.default);
        }
        Expr::Aggref(n) => out.extend(n.args.iter().map(|t| &t.expr)),
        Expr::WindowFunc(n) => out.extend(&n.args),
        Expr::SubscriptingRef(n) => out.push(&n.container),
        _ => {}
    }
}
