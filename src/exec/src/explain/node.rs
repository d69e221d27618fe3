//! Plan nodes, printed.

use super::format::Writer;
use super::measured::{Measured, Own};
use super::scope::Scope;
use super::subplans::collect_subplans;
use crate::api::ExplainOptions;
use analyze::AnalyzeContext;
use analyze::expr::{Expr, SubPlan};
use analyze::query::{CmdType, JoinType, RteKind};
use analyze::ruleutils::{Namespace, PlanScope};
use base::Oid;
use instance::Ctx;
use plan::node::{Agg, AggStrategy, Node, OnConflict, Plan, PlannedStmt, SetOpCommand, SortColumn};
use report::Result;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What the range table's relations are that nodes scan or change.
pub fn used_relations(stmt: &PlannedStmt) -> BTreeSet<i32> {
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

/// Where a node hangs: the node above, and the sub-plan by which it hangs there.
type Above<'q> = Option<(Rc<Scope<'q>>, Option<&'q SubPlan>)>;

/// What a node is to the one above.
#[derive(Clone, Copy)]
struct Place<'t> {
    relationship: Option<&'static str>,
    /// `InitPlan 1 (returns $0)`.
    title: Option<&'t str>,
}

/// The words of a node's head.
#[derive(Default)]
struct Head {
    /// Its name in text.
    name: &'static str,
    /// Its name elsewhere, if that is another.
    kind: Option<&'static str>,
    strategy: Option<&'static str>,
    operation: Option<&'static str>,
}

fn plain(name: &'static str) -> Head {
    Head { name, ..Head::default() }
}

fn head_of(plan: &Plan) -> Head {
    match &plan.node {
        Node::Result(_) => plain("Result"),
        Node::ProjectSet(_) => plain("ProjectSet"),
        Node::ModifyTable(n) => {
            let name = match n.operation {
                CmdType::Insert => "Insert",
                CmdType::Update => "Update",
                CmdType::Delete => "Delete",
                _ => "???",
            };
            Head { name, kind: Some("ModifyTable"), operation: Some(name), strategy: None }
        }
        Node::Append(_) => plain("Append"),
        Node::MergeAppend(_) => plain("Merge Append"),
        Node::RecursiveUnion(_) => plain("Recursive Union"),
        Node::SeqScan(_) => plain("Seq Scan"),
        Node::IndexScan(_) => plain("Index Scan"),
        Node::IndexOnlyScan(_) => plain("Index Only Scan"),
        Node::BitmapHeapScan(_) => plain("Bitmap Heap Scan"),
        Node::BitmapIndexScan(_) => plain("Bitmap Index Scan"),
        Node::BitmapAnd(_) => plain("BitmapAnd"),
        Node::BitmapOr(_) => plain("BitmapOr"),
        Node::TidScan(_) => plain("Tid Scan"),
        Node::SubqueryScan(_) => plain("Subquery Scan"),
        Node::FunctionScan(_) => plain("Function Scan"),
        Node::ValuesScan(_) => plain("Values Scan"),
        Node::CteScan(_) => plain("CTE Scan"),
        Node::WorkTableScan(_) => plain("WorkTable Scan"),
        Node::NestLoop(_) => plain("Nested Loop"),
        Node::MergeJoin(_) => Head { kind: Some("Merge Join"), ..plain("Merge") },
        Node::HashJoin(_) => Head { kind: Some("Hash Join"), ..plain("Hash") },
        Node::Hash(_) => plain("Hash"),
        Node::Material(_) => plain("Materialize"),
        Node::Memoize(_) => plain("Memoize"),
        Node::Sort(_) => plain("Sort"),
        Node::IncrementalSort(_) => plain("Incremental Sort"),
        Node::Group(_) => plain("Group"),
        Node::Agg(n) => {
            let (name, strategy) = match n.strategy {
                AggStrategy::Plain => ("Aggregate", "Plain"),
                AggStrategy::Sorted => ("GroupAggregate", "Sorted"),
                AggStrategy::Hashed => ("HashAggregate", "Hashed"),
                AggStrategy::Mixed => ("MixedAggregate", "Mixed"),
            };
            Head { name, kind: Some("Aggregate"), strategy: Some(strategy), operation: None }
        }
        Node::WindowAgg(_) => plain("WindowAgg"),
        Node::Unique(_) => plain("Unique"),
        Node::SetOp(n) => {
            let (name, strategy) = if n.hashed { ("HashSetOp", "Hashed") } else { ("SetOp", "Sorted") };
            Head { name, kind: Some("SetOp"), strategy: Some(strategy), operation: None }
        }
        Node::LockRows(_) => plain("LockRows"),
        Node::Limit(_) => plain("Limit"),
    }
}

fn join_type(plan: &Plan) -> Option<JoinType> {
    match &plan.node {
        Node::NestLoop(n) => Some(n.join_type),
        Node::MergeJoin(n) => Some(n.join_type),
        Node::HashJoin(n) => Some(n.join_type),
        _ => None,
    }
}

fn join_word(join_type: JoinType) -> &'static str {
    match join_type {
        JoinType::Inner => "Inner",
        JoinType::Left => "Left",
        JoinType::Full => "Full",
        JoinType::Right => "Right",
        JoinType::Semi => "Semi",
        JoinType::Anti => "Anti",
    }
}

fn inner_unique(plan: &Plan) -> Option<bool> {
    match &plan.node {
        Node::NestLoop(n) => Some(n.inner_unique),
        Node::MergeJoin(n) => Some(n.inner_unique),
        Node::HashJoin(n) => Some(n.inner_unique),
        _ => None,
    }
}

/// What the children of a node are to it.
fn relationships(plan: &Plan) -> [&'static str; 2] {
    match &plan.node {
        Node::Append(_) | Node::MergeAppend(_) | Node::BitmapAnd(_) | Node::BitmapOr(_) => ["Member", "Member"],
        Node::SubqueryScan(_) => ["Subquery", "Subquery"],
        _ => ["Outer", "Inner"],
    }
}

/// The name of a relation to be shown.
struct Target {
    /// What kind of name `object` is.
    tag: &'static str,
    object: Option<String>,
    schema: Option<String>,
    alias: Option<String>,
}

/// Prints a statement's plan.
pub struct Printer<'a, 'c, 'q> {
    /// For the printer of expressions.
    pub context: &'a AnalyzeContext<'c>,
    /// The session.
    pub cx: Ctx<'a>,
    /// The statement.
    pub stmt: &'q PlannedStmt,
    /// Names of its relations.
    pub names: Rc<Namespace<'q>>,
    /// What to show.
    pub options: ExplainOptions,
    /// What was measured, by node.
    pub measured: &'a HashMap<u32, Measured>,
    /// Where to.
    pub writer: Writer,
}

impl<'q> Printer<'_, '_, 'q> {
    /// Prints the whole plan.
    pub fn top(&mut self) -> Result<()> {
        self.node(&self.stmt.plan, None, Place { relationship: None, title: None })
    }

    fn node(&mut self, plan: &'q Plan, above: Above<'q>, place: Place<'_>) -> Result<()> {
        let saved = self.writer.indent;
        let label = place.relationship.is_none().then_some("Plan");
        self.writer.open("Plan", label, true);
        match self.writer.is_text() {
            true => self.text_head(plan, place)?,
            false => self.labeled_head(plan, place)?,
        }
        let scope = Rc::new(Scope { plan, parent: above });
        self.details(plan, &scope)?;
        self.below(plan, &scope)?;
        if self.writer.is_text() {
            self.writer.indent = saved;
        }
        self.writer.close("Plan", true);
        Ok(())
    }

    /// Initial plans, children, sub-plans.
    fn below(&mut self, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        let children = plan.children();
        let mut subplans = Vec::new();
        collect_subplans(plan, &mut subplans);
        if children.is_empty() && plan.init_plans.is_empty() && subplans.is_empty() {
            return Ok(());
        }
        if matches!(plan.node, Node::Append(_) | Node::MergeAppend(_)) && !self.writer.is_text() {
            self.writer.integer("Subplans Removed", "", 0);
        }
        self.writer.open("Plans", Some("Plans"), false);
        for init in &plan.init_plans {
            self.sub_plan(init, scope, "InitPlan")?;
        }
        for (at, child) in children.into_iter().enumerate() {
            let relationship = Some(relationships(plan)[at.min(1)]);
            self.node(child, Some((Rc::clone(scope), None)), Place { relationship, title: None })?;
        }
        for sub in subplans {
            self.sub_plan(sub, scope, "SubPlan")?;
        }
        self.writer.close("Plans", false);
        Ok(())
    }

    fn sub_plan(&mut self, sub: &'q SubPlan, scope: &Rc<Scope<'q>>, relationship: &'static str) -> Result<()> {
        let plan = &self.stmt.subplans[sub.plan_id as usize - 1];
        let place = Place { relationship: Some(relationship), title: Some(&sub.plan_name) };
        self.node(plan, Some((Rc::clone(scope), Some(sub))), place)
    }

    // --- heads ---

    fn text_head(&mut self, plan: &Plan, place: Place<'_>) -> Result<()> {
        if let Some(title) = place.title {
            self.writer.line(title);
            self.writer.indent += 1;
        }
        let is_top = self.writer.indent == 0;
        let mut text = if is_top { String::new() } else { "->  ".to_owned() };
        text.push_str(head_of(plan).name);
        self.text_of_kind(plan, &mut text)?;
        if self.options.costs {
            let Plan { startup_cost, total_cost, rows, width, .. } = plan;
            text.push_str(&format!("  (cost={startup_cost:.2}..{total_cost:.2} rows={rows:.0} width={width})"));
        }
        if self.options.analyze {
            text.push_str(&self.actual_text(plan));
        }
        self.writer.line(&text);
        self.writer.indent += if is_top { 1 } else { 3 };
        Ok(())
    }

    /// What text says behind a node's name.
    fn text_of_kind(&self, plan: &Plan, text: &mut String) -> Result<()> {
        if let Some(join_type) = join_type(plan) {
            match (join_type, &plan.node) {
                (JoinType::Inner, Node::NestLoop(_)) => {}
                (JoinType::Inner, _) => text.push_str(" Join"),
                _ => text.push_str(&format!(" {} Join", join_word(join_type))),
            }
        }
        match &plan.node {
            Node::IndexScan(n) => text.push_str(&self.using(n.backward, n.index)?),
            Node::IndexOnlyScan(n) => text.push_str(&self.using(n.backward, n.index)?),
            Node::BitmapIndexScan(n) => text.push_str(&format!(" on {}", self.index_name(n.index, true)?)),
            Node::SetOp(n) => text.push_str(&format!(" {}", set_op_word(n.command))),
            _ => {}
        }
        if let Some(relation) = relation_of(plan) {
            text.push_str(&self.target(relation)?.as_text());
        }
        Ok(())
    }

    fn using(&self, backward: bool, index: Oid) -> Result<String> {
        let backward = if backward { " Backward" } else { "" };
        Ok(format!("{backward} using {}", self.index_name(index, true)?))
    }

    fn labeled_head(&mut self, plan: &Plan, place: Place<'_>) -> Result<()> {
        let head = head_of(plan);
        self.writer.text("Node Type", head.kind.unwrap_or(head.name));
        let mode = matches!(plan.node, Node::Agg(_)).then_some("Simple");
        let parts = [
            ("Strategy", head.strategy),
            ("Partial Mode", mode),
            ("Operation", head.operation),
            ("Parent Relationship", place.relationship),
            ("Subplan Name", place.title),
        ];
        for (label, value) in parts {
            if let Some(value) = value {
                self.writer.text(label, value);
            }
        }
        self.writer.bool("Parallel Aware", false);
        self.writer.bool("Async Capable", false);
        self.labels_of_kind(plan)?;
        if self.options.costs {
            self.writer.float("Startup Cost", "", plan.startup_cost, 2);
            self.writer.float("Total Cost", "", plan.total_cost, 2);
            self.writer.float("Plan Rows", "", plan.rows, 0);
            self.writer.integer("Plan Width", "", i64::from(plan.width));
        }
        if self.options.analyze {
            self.actual_labels(plan);
        }
        Ok(())
    }

    fn labels_of_kind(&mut self, plan: &Plan) -> Result<()> {
        match &plan.node {
            Node::IndexScan(n) => self.index_labels(n.backward, n.index)?,
            Node::IndexOnlyScan(n) => self.index_labels(n.backward, n.index)?,
            Node::BitmapIndexScan(n) => {
                let name = self.index_name(n.index, false)?;
                self.writer.text("Index Name", &name);
            }
            _ => {}
        }
        if let Some(relation) = relation_of(plan) {
            let target = self.target(relation)?;
            for (label, value) in [(target.tag, target.object), ("Schema", target.schema), ("Alias", target.alias)] {
                if let Some(value) = value {
                    self.writer.text(label, &value);
                }
            }
        }
        if let Some(join_type) = join_type(plan) {
            self.writer.text("Join Type", join_word(join_type));
        }
        if let Node::SetOp(n) = &plan.node {
            self.writer.text("Command", set_op_word(n.command));
        }
        Ok(())
    }

    fn index_labels(&mut self, backward: bool, index: Oid) -> Result<()> {
        let name = self.index_name(index, false)?;
        self.writer.text("Scan Direction", if backward { "Backward" } else { "Forward" });
        self.writer.text("Index Name", &name);
        Ok(())
    }

    // --- what was measured ---

    /// What was measured of a node that ran.
    pub(super) fn measured_of(&self, plan: &Plan) -> Option<&Measured> {
        let id = match &plan.node {
            // The hash table belongs to its join; its rows are its child's.
            Node::Hash(n) => n.child.id,
            _ => plan.id,
        };
        self.measured.get(&id).filter(|m| m.instrument.loops > 0.0)
    }

    /// Milliseconds to the first row and in all, rows, loops: the first three on an average of the loops.
    fn averages(&self, plan: &Plan) -> Option<(f64, f64, f64, f64)> {
        let i = &self.measured_of(plan)?.instrument;
        let (first, total) = (i.startup_us / i.loops / 1000.0, i.total_us / i.loops / 1000.0);
        let first = if matches!(plan.node, Node::Hash(_)) { total } else { first };
        let rows = if matches!(plan.node, Node::BitmapAnd(_) | Node::BitmapOr(_)) { 0.0 } else { i.rows / i.loops };
        Some((first, total, rows, i.loops))
    }

    fn actual_text(&self, plan: &Plan) -> String {
        match (self.averages(plan), self.options.timing) {
            (None, _) => " (never executed)".to_owned(),
            (Some((first, total, rows, loops)), true) => {
                format!(" (actual time={first:.3}..{total:.3} rows={rows:.0} loops={loops:.0})")
            }
            (Some((_, _, rows, loops)), false) => format!(" (actual rows={rows:.0} loops={loops:.0})"),
        }
    }

    fn actual_labels(&mut self, plan: &Plan) {
        let (first, total, rows, loops) = self.averages(plan).unwrap_or_default();
        if self.options.timing {
            self.writer.float("Actual Startup Time", "ms", first, 3);
            self.writer.float("Actual Total Time", "ms", total, 3);
        }
        self.writer.float("Actual Rows", "", rows, 0);
        self.writer.float("Actual Loops", "", loops, 0);
    }

    /// Rows that a condition threw away, per loop. Text leaves out zeros.
    fn removed(&mut self, what: &str, plan: &Plan, quals: &[Expr], count: fn(&Measured) -> u64) {
        if !self.options.analyze || quals.is_empty() {
            return;
        }
        let each = self.measured_of(plan).map_or(0.0, |m| count(m) as f64 / m.instrument.loops);
        if each > 0.0 || !self.writer.is_text() {
            self.writer.float(&format!("Rows Removed by {what}"), "", each, 0);
        }
    }

    /// What only some kinds of node count.
    fn own_counts(&mut self, plan: &Plan, above: Option<&Plan>) {
        if !self.options.analyze {
            return;
        }
        let measured = self.measured;
        let of = |plan: &Plan| measured.get(&plan.id).filter(|m| m.instrument.loops > 0.0).map(|m| &m.own);
        let is_text = self.writer.is_text();
        let writer = &mut self.writer;
        match (&plan.node, of(plan)) {
            (Node::IndexOnlyScan(_), found) => {
                let fetches = if let Some(Own::IndexOnly { heap_fetches }) = found { *heap_fetches } else { 0 };
                writer.integer("Heap Fetches", "", fetches as i64);
            }
            (Node::BitmapHeapScan(_), Some(Own::Bitmap { exact, lossy })) => match (is_text, exact, lossy) {
                (true, 0, 0) => {}
                (true, exact, 0) => writer.line(&format!("Heap Blocks: exact={exact}")),
                (true, 0, lossy) => writer.line(&format!("Heap Blocks: lossy={lossy}")),
                (true, exact, lossy) => writer.line(&format!("Heap Blocks: exact={exact} lossy={lossy}")),
                (false, exact, lossy) => {
                    writer.integer("Exact Heap Blocks", "", *exact as i64);
                    writer.integer("Lossy Heap Blocks", "", *lossy as i64);
                }
            },
            (Node::Hash(_), _) => {
                if let Some(Some(Own::Hash { buckets, batches, bytes })) = above.map(of) {
                    hash_counts(writer, (*buckets, *batches, *bytes));
                }
            }
            (Node::Agg(n), Some(Own::HashAgg { batches, bytes, disk_bytes }))
                if matches!(n.strategy, AggStrategy::Hashed | AggStrategy::Mixed) =>
            {
                hash_agg_counts(writer, (*batches, *bytes, *disk_bytes));
            }
            (Node::Sort(_), Some(Own::Sort { method, is_disk, bytes })) => {
                let space = if *is_disk { "Disk" } else { "Memory" };
                let kb = (*bytes / 1024).max(25);
                match is_text {
                    true => writer.line(&format!("Sort Method: {method}  {space}: {kb}kB")),
                    false => {
                        writer.text("Sort Method", method);
                        writer.integer("Sort Space Used", "kB", kb as i64);
                        writer.text("Sort Space Type", space);
                    }
                }
            }
            (Node::Memoize(_), Some(Own::Memoize { hits, misses, evictions, overflows, bytes })) => {
                let kb = bytes.div_ceil(1024);
                match is_text {
                    true => writer.line(&format!(
                        "Hits: {hits}  Misses: {misses}  Evictions: {evictions}  Overflows: {overflows}  Memory Usage: {kb}kB"
                    )),
                    false => {
                        writer.integer("Cache Hits", "", *hits as i64);
                        writer.integer("Cache Misses", "", *misses as i64);
                        writer.integer("Cache Evictions", "", *evictions as i64);
                        writer.integer("Cache Overflows", "", *overflows as i64);
                        writer.integer("Peak Memory Usage", "kB", kb as i64);
                    }
                }
            }
            _ => {}
        }
    }

    // --- names ---

    fn target(&self, rti: i32) -> Result<Target> {
        let rte = &self.stmt.rtable[rti as usize - 1];
        let alias = self.names.names.get(rti as usize - 1).cloned().flatten();
        let schema_of = |namespace: Oid| -> Result<Option<String>> {
            match self.options.verbose {
                true => Ok(self.cx.catalog().namespace(namespace)?.map(|row| row.nspname.clone())),
                false => Ok(None),
            }
        };
        let mut target = Target { tag: "Relation Name", object: None, schema: None, alias };
        match &rte.kind {
            RteKind::Relation(relation) => {
                let entry = self.cx.catalog().open_relation(relation.relid)?;
                target.schema = schema_of(entry.class.relnamespace)?;
                target.object = Some(entry.name().to_owned());
            }
            RteKind::Function(function) => {
                target.tag = "Function Name";
                if let [only] = function.functions.as_slice()
                    && let Expr::FuncExpr(call) = &only.call
                    && let Some(row) = self.cx.catalog().function(call.function)?
                {
                    target.schema = schema_of(row.pronamespace)?;
                    target.object = Some(row.proname.clone());
                }
            }
            RteKind::Cte(cte) => {
                target.tag = "CTE Name";
                target.object = Some(cte.name.clone());
            }
            _ => {}
        }
        Ok(target)
    }

    /// An index's name, quoted if it has to be where it stands in a text.
    fn index_name(&self, oid: Oid, is_quoted: bool) -> Result<String> {
        let entry = self.cx.catalog().open_relation(oid)?;
        Ok(match is_quoted {
            true => builtins::quote_identifier(entry.name()).to_string(),
            false => entry.name().to_owned(),
        })
    }

    // --- details ---

    fn expr(&self, expr: &'q Expr, scope: &Rc<Scope<'q>>, prefix: bool, implicit: bool) -> Result<String> {
        let scope: Rc<dyn PlanScope<'q> + 'q> = scope.as_self();
        self.context.plan_expr_sql(expr, &self.names, scope, prefix, implicit)
    }

    fn exprs(
        &self,
        exprs: impl IntoIterator<Item = &'q Expr>,
        scope: &Rc<Scope<'q>>,
        prefix: bool,
    ) -> Result<Vec<String>> {
        exprs.into_iter().map(|expr| self.expr(expr, scope, prefix, false)).collect()
    }

    /// A qualification: its conditions joined by AND.
    fn quals(&mut self, name: &str, quals: &'q [Expr], scope: &Rc<Scope<'q>>, prefix: bool) -> Result<()> {
        let mut parts = self.exprs(quals, scope, prefix)?;
        match parts.len() {
            0 => {}
            1 => self.writer.text(name, &parts.remove(0)),
            _ => self.writer.text(name, &format!("({})", parts.join(" AND "))),
        }
        Ok(())
    }

    /// Columns in conditions above scans are told apart by their relations if there are several.
    fn upper_prefix(&self) -> bool {
        self.stmt.rtable.len() > 1 || self.options.verbose
    }

    fn details(&mut self, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        if self.options.verbose {
            self.output(plan, scope)?;
        }
        if let Some(unique) = inner_unique(plan)
            && (!self.writer.is_text() || (self.options.verbose && unique))
        {
            self.writer.bool("Inner Unique", unique);
        }
        self.conditions(plan, scope)?;
        let is_scan = relation_of(plan).is_some() && !matches!(plan.node, Node::ModifyTable(_));
        let prefix = match is_scan {
            true => self.options.verbose || matches!(plan.node, Node::SubqueryScan(_)),
            false => self.upper_prefix(),
        };
        self.quals("Filter", &plan.qual, scope, prefix)?;
        self.removed("Filter", plan, &plan.qual, |m| m.filtered);
        self.own_counts(plan, scope.parent.as_ref().map(|(above, _)| above.plan));
        self.used(plan);
        Ok(())
    }

    fn output(&mut self, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        let has_none = matches!(plan.node, Node::Append(_) | Node::MergeAppend(_) | Node::RecursiveUnion(_));
        if has_none || plan.targetlist.is_empty() {
            return Ok(());
        }
        let exprs = plan.targetlist.iter().map(|target| &target.expr);
        let parts = self.exprs(exprs, scope, self.stmt.rtable.len() > 1)?;
        self.writer.list("Output", &parts);
        Ok(())
    }

    fn joined_on(&mut self, plan: &'q Plan, quals: &'q [Expr], scope: &Rc<Scope<'q>>) -> Result<()> {
        self.quals("Join Filter", quals, scope, self.upper_prefix())?;
        self.removed("Join Filter", plan, quals, |m| m.join_filtered);
        Ok(())
    }

    fn conditions(&mut self, plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<()> {
        let (verbose, upper) = (self.options.verbose, self.upper_prefix());
        match &plan.node {
            Node::IndexScan(n) => self.index_cond(&n.conditions_original, scope, true)?,
            Node::IndexOnlyScan(n) => self.index_cond(&n.conditions_original, scope, !n.recheck.is_empty())?,
            Node::BitmapIndexScan(n) => self.quals("Index Cond", &n.conditions_original, scope, verbose)?,
            Node::BitmapHeapScan(n) => {
                self.quals("Recheck Cond", &n.recheck, scope, verbose)?;
                self.removed("Index Recheck", plan, &n.recheck, |measured| measured.rechecked);
            }
            Node::TidScan(n) => self.quals("TID Cond", &n.conditions, scope, verbose)?,
            Node::FunctionScan(n) if verbose => {
                let parts = self.exprs(n.functions.iter().map(|f| &f.expr), scope, verbose)?;
                self.writer.text("Function Call", &parts.join(", "));
            }
            Node::NestLoop(n) => self.joined_on(plan, &n.join_qual, scope)?,
            Node::MergeJoin(n) => {
                let mut parts = self.exprs(n.clauses.iter().map(|clause| &clause.expr), scope, upper)?;
                match parts.len() {
                    0 => {}
                    1 => self.writer.text("Merge Cond", &parts.remove(0)),
                    _ => self.writer.text("Merge Cond", &format!("({})", parts.join(" AND "))),
                }
                self.joined_on(plan, &n.join_qual, scope)?;
            }
            Node::HashJoin(n) => {
                self.quals("Hash Cond", &n.clauses, scope, upper)?;
                self.joined_on(plan, &n.join_qual, scope)?;
            }
            Node::Agg(n) => self.agg_keys(n, scope)?,
            Node::Group(n) => {
                let columns: Vec<usize> = n.columns.iter().map(|c| c.column as usize).collect();
                let keys = self.keys_text(&n.child, &columns, scope)?;
                self.writer.list("Group Key", &keys);
            }
            Node::Sort(n) => {
                let keys = self.sort_text(&n.keys, plan, scope)?;
                self.writer.list("Sort Key", &keys);
            }
            Node::IncrementalSort(n) => {
                let keys = self.sort_text(&n.keys, plan, scope)?;
                self.writer.list("Sort Key", &keys);
                let keys = self.keys_of_output(plan, &n.keys[..n.presorted], scope)?;
                self.writer.list("Presorted Key", &keys);
            }
            Node::Result(n) => self.quals("One-Time Filter", &n.constant_qual, scope, upper)?,
            Node::Memoize(n) => {
                let parts = self.exprs(&n.keys, scope, upper)?;
                self.writer.text("Cache Key", &parts.join(", "));
                self.writer.text("Cache Mode", "logical");
            }
            Node::ModifyTable(n) => {
                if let Some(conflict) = &n.on_conflict {
                    self.conflict(conflict, scope)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn index_cond(&mut self, quals: &'q [Expr], scope: &Rc<Scope<'q>>, may_recheck: bool) -> Result<()> {
        self.quals("Index Cond", quals, scope, self.options.verbose)?;
        self.no_recheck(may_recheck && !quals.is_empty());
        Ok(())
    }

    /// Our indexes and bitmaps never give too many rows.
    fn no_recheck(&mut self, has_quals: bool) {
        if self.options.analyze && has_quals && !self.writer.is_text() {
            self.writer.float("Rows Removed by Index Recheck", "", 0.0, 0);
        }
    }

    fn conflict(&mut self, conflict: &'q OnConflict, scope: &Rc<Scope<'q>>) -> Result<()> {
        self.writer.text("Conflict Resolution", if conflict.update { "UPDATE" } else { "NOTHING" });
        if !conflict.arbiter_indexes.is_empty() {
            let names = conflict.arbiter_indexes.iter().map(|index| self.index_name(*index, true));
            let names = names.collect::<Result<Vec<_>>>()?;
            self.writer.list("Conflict Arbiter Indexes", &names);
        }
        self.quals("Conflict Filter", &conflict.condition, scope, self.upper_prefix())
    }

    fn agg_keys(&mut self, n: &'q Agg, scope: &Rc<Scope<'q>>) -> Result<()> {
        let all: Vec<usize> = n.columns.iter().map(|c| c.column as usize).collect();
        if n.grouping_sets.is_empty() {
            if !all.is_empty() {
                let keys = self.keys_text(&n.child, &all, scope)?;
                self.writer.list("Group Key", &keys);
            }
            return Ok(());
        }
        self.writer.open("Grouping Sets", Some("Grouping Sets"), false);
        for set in &n.grouping_sets {
            let columns: Vec<usize> = set.columns.iter().map(|c| all[*c]).collect();
            let keys = self.keys_text(&n.child, &columns, scope)?;
            let (one, many) = if keys.is_empty() { ("Group Key", "Group Keys") } else { ("Hash Key", "Hash Keys") };
            self.writer.open("Grouping Set", None, true);
            self.writer.open(many, Some(many), false);
            match keys.is_empty() && self.writer.is_text() {
                true => self.writer.text(one, "()"),
                false => self.writer.nested_list(one, &keys),
            }
            self.writer.close(many, false);
            self.writer.close("Grouping Set", true);
        }
        self.writer.close("Grouping Sets", false);
        Ok(())
    }

    /// Columns of a child's output.
    fn keys_text(&self, child: &'q Plan, columns: &[usize], scope: &Rc<Scope<'q>>) -> Result<Vec<String>> {
        let below = scope.child(child);
        let key = |column: &usize| self.expr(&child.targetlist[column - 1].expr, &below, self.upper_prefix(), true);
        columns.iter().map(key).collect()
    }

    /// Columns of a sort's own output, which is its input's.
    fn keys_of_output(&self, plan: &'q Plan, keys: &[SortColumn], scope: &Rc<Scope<'q>>) -> Result<Vec<String>> {
        let target = |key: &SortColumn| &plan.targetlist[key.column as usize - 1].expr;
        keys.iter().map(|key| self.expr(target(key), scope, self.upper_prefix(), true)).collect()
    }

    fn sort_text(&self, keys: &[SortColumn], plan: &'q Plan, scope: &Rc<Scope<'q>>) -> Result<Vec<String>> {
        let mut texts = self.keys_of_output(plan, keys, scope)?;
        for (key, text) in keys.iter().zip(&mut texts) {
            let type_oid = plan.targetlist[key.column as usize - 1].expr.type_of();
            if key.collation.is_valid() && key.collation.0 != 100 && key.collation != type_collation(self.cx, type_oid)
            {
                text.push_str(&format!(" COLLATE {}", self.context.collation_to_write(key.collation)?));
            }
            let families = self.cx.catalog().operator_families(key.operator)?;
            let descending = families.iter().any(|m| m.amopmethod.0 == 403 && m.amopstrategy == 5);
            text.push_str(match (descending, key.nulls_first) {
                (true, true) => " DESC",
                (true, false) => " DESC NULLS LAST",
                (false, true) => " NULLS FIRST",
                (false, false) => "",
            });
        }
        Ok(texts)
    }
}

impl Target {
    /// ` on schema.object alias`.
    fn as_text(&self) -> String {
        let quote = |name: &str| builtins::quote_identifier(name).to_string();
        let mut text = String::from(" on");
        if let Some(object) = &self.object {
            text.push(' ');
            if let Some(schema) = &self.schema {
                text.push_str(&format!("{}.", quote(schema)));
            }
            text.push_str(&quote(object));
        }
        match &self.alias {
            Some(alias) if self.object.as_ref() != Some(alias) => text.push_str(&format!(" {}", quote(alias))),
            _ => {}
        }
        text
    }
}

fn set_op_word(command: SetOpCommand) -> &'static str {
    match command {
        SetOpCommand::Intersect => "Intersect",
        SetOpCommand::IntersectAll => "Intersect All",
        SetOpCommand::Except => "Except",
        SetOpCommand::ExceptAll => "Except All",
    }
}

fn hash_counts(writer: &mut Writer, (buckets, batches, bytes): (usize, usize, usize)) {
    let kb = bytes.div_ceil(1024);
    if writer.is_text() {
        return writer.line(&format!("Buckets: {buckets}  Batches: {batches}  Memory Usage: {kb}kB"));
    }
    writer.integer("Hash Buckets", "", buckets as i64);
    writer.integer("Original Hash Buckets", "", buckets as i64);
    writer.integer("Hash Batches", "", batches as i64);
    writer.integer("Original Hash Batches", "", batches as i64);
    writer.integer("Peak Memory Usage", "kB", kb as i64);
}

fn hash_agg_counts(writer: &mut Writer, (batches, bytes, disk_bytes): (usize, usize, u64)) {
    let kb = (bytes / 1024).max(24);
    let disk_kb = disk_bytes.div_ceil(1024);
    if writer.is_text() {
        let disk = if disk_kb > 0 { format!("  Disk Usage: {disk_kb}kB") } else { String::new() };
        return writer.line(&format!("Batches: {batches}  Memory Usage: {kb}kB{disk}"));
    }
    writer.integer("HashAgg Batches", "", batches as i64);
    writer.integer("Peak Memory Usage", "kB", kb as i64);
    writer.integer("Disk Usage", "kB", disk_kb as i64);
}

fn type_collation(cx: Ctx<'_>, type_oid: Oid) -> Oid {
    use builtins::TypeLookup;
    crate::types::Types(cx).type_info(type_oid).map_or(Oid::INVALID, |t| t.collation)
}
