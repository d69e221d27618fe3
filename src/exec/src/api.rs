//! What sessions and utility statements call.

use crate::env::{EState, Env, Instruments};
use crate::expr::{Program, Rows, compile_expr, compile_exprs};
use crate::lookup::{CatalogLookup, planner_settings};
use crate::node::{Builder, NodeState};
use crate::spi::with_analysis;
use crate::subplans::SubplanState;
use analyze::expr::{Expr, SubLinkType};
use analyze::query::{CmdType, Query, RangeTblEntry, RteKind, acl, lock_mode};
use base::Oid;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::{Acquired, LockMode, LockScope, LockTag};
use plan::node::{Plan, PlannedStmt};
use report::{Result, error};
use schema::{CatalogVersion, RelationEntry};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};
use xact::Snapshot;

/// An executor whose statement left more behind is not kept for the next run: some of it may be the last row's values. Unit: bytes.
const RESTING_BYTES_MAX: i64 = 128 << 10;

/// How to plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions<'a> {
    /// Values of the client's parameters: the plan is then good for these values only.
    pub params: Option<&'a [Datum]>,
    /// The rows will be fetched by a cursor: a fast start counts (cursor_tuple_fraction).
    pub cursor: bool,
}

/// Rewrites and plans an analysed query.
pub fn plan_query(cx: Ctx<'_>, query: Query, options: PlanOptions<'_>) -> Result<PlannedStmt> {
    let query = with_analysis(cx, "", |context| analyze::rewrite(context, query))?;
    let lookup = CatalogLookup(cx);
    plan::plan(query, &lookup, &planner_settings(cx), options.params, options.cursor)
}

/// Values of the client's parameters: `$1` is the first.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The values.
    pub values: Vec<Datum>,
}

/// A plan at work.
pub struct Executor(Option<Box<Work>>);

/// The parts of an executor; they rest with the plan between two runs.
struct Work {
    columns: Arc<TupleDesc>,
    /// Output columns that are not junk; `None` if all are output in order.
    output: Option<Vec<usize>>,
    row: Vec<Datum>,
    node: NodeState,
    es: Box<EState>,
    done: bool,
    /// It has run to its end without an error.
    finished: bool,
    /// What the session held when it began. Unit: bytes.
    held_before: u64,
    /// What of it the last run has left behind. Of a lent plan that is no session's while it rests. Unit: bytes.
    left_bytes: i64,
    /// Who was found to have the privileges.
    user: Oid,
    /// What the catalogs were when it was made: functions, domains, relations and privileges are as they were then.
    version: CatalogVersion,
    /// What stands for plan and parameters while it rests; none while it works.
    nothing: Option<Nothing>,
}

/// An empty plan and no parameters: a resting executor must not keep its own plan alive, nor values.
struct Nothing {
    plan: Arc<PlannedStmt>,
    params: Arc<Params>,
}

impl Default for Nothing {
    fn default() -> Nothing {
        Nothing { plan: Arc::new(empty_statement()), params: Arc::default() }
    }
}

/// What the session holds now.
fn held(cx: Ctx<'_>) -> u64 {
    let account = &cx.session.entry.memory;
    account.publish();
    account.held_bytes()
}

/// Whether a plan's relations are locked already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locks {
    Wanted,
    Held,
}

impl Drop for Executor {
    fn drop(&mut self) {
        let Some(mut work) = self.0.take() else { return };
        // A plan that nobody else holds dies with this executor.
        let is_heavy = work.left_bytes > RESTING_BYTES_MAX;
        if !work.finished || is_heavy || work.es.instrument.is_some() || Arc::strong_count(&work.es.plan) <= 1 {
            return;
        }
        work.node.release();
        work.es.subplans.iter_mut().flatten().for_each(|sub| sub.node.release());
        work.es.snapshot = None;
        work.es.recheck = None;
        let Nothing { plan, params } = work.nothing.take().unwrap_or_default();
        let plan = std::mem::replace(&mut work.es.plan, plan);
        work.es.params = params;
        if plan.resting.is_lent() {
            memory::give_up(work.left_bytes);
        }
        plan.resting.put(work);
    }
}

impl Executor {
    /// Makes the node states of a plan (or takes those of an earlier run) and begins: locks the relations, checks privileges,
    /// takes the transaction's present snapshot.
    ///
    /// Errors: 42501, those of locks.
    pub fn start(cx: Ctx<'_>, plan: Arc<PlannedStmt>, params: Arc<Params>) -> Result<Executor> {
        Executor::start_locking(cx, plan, params, Locks::Wanted)
    }

    /// The same with a plan that [`CachedPlan::plan`](crate::CachedPlan::plan) has just given: the relations are locked already.
    pub fn start_planned(cx: Ctx<'_>, plan: Arc<PlannedStmt>, params: Arc<Params>) -> Result<Executor> {
        Executor::start_locking(cx, plan, params, Locks::Held)
    }

    fn start_locking(cx: Ctx<'_>, plan: Arc<PlannedStmt>, params: Arc<Params>, locks: Locks) -> Result<Executor> {
        let rested = plan.resting.take().and_then(|any| any.downcast::<Work>().ok());
        if let Some(work) = rested
            && let Some(started) = Executor::wake(cx, work, (&plan, &params), locks)?
        {
            return Ok(started);
        }
        Executor::start_with(cx, plan, params, None, cx.snapshot())
    }

    /// Begins again with an executor that has rested; `None` if something it depends on has changed.
    fn wake(
        cx: Ctx<'_>,
        mut work: Box<Work>,
        (plan, params): (&Arc<PlannedStmt>, &Arc<Params>),
        locks: Locks,
    ) -> Result<Option<Executor>> {
        for (rte, entry) in plan.rtable.iter().zip(&work.es.relations) {
            let (Some(entry), RteKind::Relation(relation), Locks::Wanted) = (entry, &rte.kind, locks) else { continue };
            lock_relation(cx, entry, relation.lock_mode)?;
        }
        if cx.catalog().version() != work.version {
            return Ok(None);
        }
        // Its privileges on functions were looked at when the nodes were made.
        if cx.session.current_user() != work.user {
            return Ok(None);
        }
        check_read_only(cx, plan, &work.es.relations)?;
        let plan = std::mem::replace(&mut work.es.plan, Arc::clone(plan));
        let params = std::mem::replace(&mut work.es.params, Arc::clone(params));
        work.nothing = Some(Nothing { plan, params });
        work.es.snapshot = Some(cx.snapshot());
        work.es.format = Arc::clone(&cx.session.format.borrow());
        (work.es.work_mem, work.es.hash_mem) = memory(cx);
        work.es.processed = 0;
        work.held_before = held(cx);
        if work.es.plan.resting.is_lent() {
            memory::take_over(work.left_bytes);
        }
        work.done = false;
        work.finished = false;
        let mut executor = Executor(Some(work));
        executor.restart_nodes(cx)?;
        Ok(Some(executor))
    }

    fn restart_nodes(&mut self, cx: Ctx<'_>) -> Result<()> {
        let work = self.work();
        let es = &mut work.es;
        let all: Vec<i32> = (0..es.values.len() as i32).collect();
        for at in 0..es.subplans.len() {
            let Some(state) = &mut es.subplans[at] else { continue };
            state.restart();
            if let Some(init) = &state.init
                && init.kind != SubLinkType::Cte
            {
                init.set_params.iter().for_each(|id| es.pending[*id as usize] = Some(at as u32));
            }
        }
        work.node.restart(&mut Env { cx, es }, &all)
    }

    fn work(&mut self) -> &mut Work {
        self.0.as_mut().expect("an executor has its parts until it is dropped")
    }

    /// The same with the newest snapshot, whatever the transaction's isolation: for the server's own checks.
    pub fn start_latest(cx: Ctx<'_>, plan: Arc<PlannedStmt>, params: Arc<Params>) -> Result<Executor> {
        let snapshot = cx.with_tx(|tx| tx.latest_snapshot());
        Executor::start_with(cx, plan, params, None, snapshot)
    }

    pub(crate) fn start_with(
        cx: Ctx<'_>,
        plan: Arc<PlannedStmt>,
        params: Arc<Params>,
        instrument: Option<Instruments>,
        snapshot: Snapshot,
    ) -> Result<Executor> {
        let (user, version, held_before) = (cx.session.current_user(), cx.catalog().version(), held(cx));
        let relations = open_relations(cx, &plan)?;
        check_privileges(cx, &plan.rtable, &relations)?;
        check_read_only(cx, &plan, &relations)?;
        let (work_mem, hash_mem) = memory(cx);
        let mut builder = Builder {
            cx,
            plan: &plan,
            relations: &relations,
            init_plans: Vec::new(),
            instrument: instrument.is_some(),
            recheck: false,
            work_mem,
            hash_mem,
        };
        let node = builder.build(&plan.plan)?;
        let mut subplans = Vec::new();
        for sub in &plan.subplans {
            subplans.push(Some(Box::new(SubplanState::new(builder.build(sub)?))));
        }
        let init_plans = std::mem::take(&mut builder.init_plans);
        let columns = output_columns(cx, &plan)?;
        let output = match plan.plan.targetlist.iter().any(|t| t.junk) {
            true => Some(plan.plan.targetlist.iter().enumerate().filter(|(_, t)| !t.junk).map(|(i, _)| i).collect()),
            false => None,
        };
        let mut es = Box::new(EState {
            values: vec![Datum::Null; plan.param_exec_types.len()],
            pending: vec![None; plan.param_exec_types.len()],
            watched: crate::subplans::watched(plan.param_exec_types.len(), &subplans),
            subplans,
            work_tables: Vec::new(),
            snapshot: Some(snapshot),
            format: Arc::clone(&cx.session.format.borrow()),
            work_mem,
            hash_mem,
            processed: 0,
            recheck: None,
            instrument,
            temp_files: 0,
            triggers: Default::default(),
            relations,
            params,
            plan,
        });
        for init in init_plans {
            let at = init.plan_id as usize - 1;
            if init.kind != SubLinkType::Cte {
                init.set_params.iter().for_each(|id| es.pending[*id as usize] = Some(at as u32));
            }
            if let Some(state) = &mut es.subplans[at] {
                state.init = Some(init);
            }
        }
        let (row, nothing) = (Vec::new(), None);
        let (done, finished) = (false, false);
        let work =
            Work { columns, output, row, node, es, done, finished, held_before, left_bytes: 0, user, version, nothing };
        Ok(Executor(Some(Box::new(work))))
    }

    /// The columns of its rows; none for INSERT, UPDATE, DELETE without RETURNING.
    pub fn columns(&self) -> &Arc<TupleDesc> {
        &self.0.as_ref().expect("an executor has its parts until it is dropped").columns
    }

    /// The next row, `None` at the end. A statement without output is run to its end by the first call.
    pub fn next(&mut self, cx: Ctx<'_>) -> Result<Option<&[Datum]>> {
        let work = self.work();
        if work.done {
            return Ok(None);
        }
        let found = work.node.next(&mut Env { cx, es: &mut work.es })?;
        if !found {
            work.done = true;
            return Ok(None);
        }
        if work.es.plan.command == CmdType::Select {
            work.es.processed += 1;
        }
        match &work.output {
            None => Ok(Some(work.node.row())),
            Some(columns) => {
                let row = work.node.row();
                work.row.clear();
                work.row.extend(columns.iter().map(|at| row[*at].clone()));
                Ok(Some(&work.row))
            }
        }
    }

    /// Ends the statement: runs data-changing WITH queries to their end, then the constraint triggers that are due.
    pub fn finish(&mut self, cx: Ctx<'_>) -> Result<()> {
        let mut due = self.finish_without_checks(cx)?;
        due.run(cx)
    }

    /// As `finish`, but what is due then is left to the caller.
    pub(crate) fn finish_without_checks(&mut self, cx: Ctx<'_>) -> Result<crate::foreign_keys::Queue> {
        // RETURNING may not have been read to its end.
        if self.work().es.plan.command != CmdType::Select && !self.work().done {
            while self.next(cx)?.is_some() {}
        }
        let work = self.work();
        if work.es.plan.has_modifying_cte {
            finish_ctes(work, cx)?;
        }
        work.gather(cx);
        let left = held(cx).saturating_sub(work.held_before);
        work.left_bytes = i64::try_from(left).unwrap_or(i64::MAX);
        work.finished = true;
        Ok(std::mem::take(&mut work.es.triggers))
    }

    /// Rows returned or changed so far, for the command tag.
    pub fn processed(&self) -> u64 {
        self.0.as_ref().expect("an executor has its parts until it is dropped").es.processed
    }

    /// Its plan.
    pub fn plan(&self) -> &PlannedStmt {
        &self.0.as_ref().expect("an executor has its parts until it is dropped").es.plan
    }

    pub(crate) fn parts(&mut self) -> (&mut NodeState, &mut EState) {
        let work = self.work();
        (&mut work.node, &mut work.es)
    }
}

impl Work {
    /// Adds what the scans counted to the session's statistics.
    fn gather(&mut self, cx: Ctx<'_>) {
        let mut pending = cx.session.statistics.borrow_mut();
        self.node.gather(&mut pending);
        self.es.subplans.iter_mut().flatten().for_each(|sub| sub.node.gather(&mut pending));
    }
}

fn finish_ctes(work: &mut Work, cx: Ctx<'_>) -> Result<()> {
    for at in 0..work.es.subplans.len() {
        let is_change = plan_changes(&work.es.plan.subplans[at]);
        let is_cte =
            work.es.subplans[at].as_ref().is_some_and(|s| s.init.as_ref().is_some_and(|i| i.kind == SubLinkType::Cte));
        if !is_change || !is_cte {
            continue;
        }
        let Some(mut state) = work.es.subplans[at].take() else { continue };
        let result = state.run_to_end(&mut Env { cx, es: &mut work.es });
        work.es.subplans[at] = Some(state);
        result?;
    }
    Ok(())
}

fn plan_changes(plan: &Plan) -> bool {
    crate::node::is_change(plan)
}

fn memory(cx: Ctx<'_>) -> (usize, usize) {
    cx.setting(|s| (s.frequent().work_mem_bytes, s.frequent().hash_mem_bytes))
}

/// Opens and locks all relations of the range table, to read them.
fn open_relations(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<Vec<Option<Arc<RelationEntry>>>> {
    let relations = lock_open_relations(cx, plan)?;
    relations.iter().flatten().try_for_each(|entry| check_populated(entry))?;
    Ok(relations)
}

/// Opens and locks all relations of the range table.
fn lock_open_relations(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<Vec<Option<Arc<RelationEntry>>>> {
    let catalog = cx.catalog();
    let mut out = Vec::with_capacity(plan.rtable.len());
    for rte in &plan.rtable {
        let RteKind::Relation(relation) = &rte.kind else {
            out.push(None);
            continue;
        };
        let entry = catalog.open_relation(relation.relid)?;
        lock_relation(cx, &entry, relation.lock_mode)?;
        out.push(Some(entry));
    }
    Ok(out)
}

/// 55000 for a materialized view whose query was never run.
fn check_populated(entry: &RelationEntry) -> Result<()> {
    if entry.kind() == b'm' && !entry.class.relispopulated {
        let name = entry.name();
        let error = error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "materialized view \"{name}\" has not been populated");
        return Err(error.hint("Use the REFRESH MATERIALIZED VIEW command."));
    }
    Ok(())
}

/// Locks what a plan reads and checks the user's rights to it, as executing it would: EXPLAIN tells only whom it may.
pub(crate) fn check_plan(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<()> {
    let relations = lock_open_relations(cx, plan)?;
    check_privileges(cx, &plan.rtable, &relations)
}

fn lock_relation(cx: Ctx<'_>, entry: &RelationEntry, mode: u8) -> Result<()> {
    if entry.file.is_none() {
        return Ok(());
    }
    lock_by_oid(cx, entry.oid, mode).map(drop)
}

fn lock_by_oid(cx: Ctx<'_>, relation: Oid, mode: u8) -> Result<Acquired> {
    let mode = match mode {
        lock_mode::ACCESS_SHARE => LockMode::AccessShare,
        lock_mode::ROW_SHARE => LockMode::RowShare,
        _ => LockMode::RowExclusive,
    };
    let database = if catalog::is_shared_relation(relation) { Oid::INVALID } else { cx.session.database };
    cx.session.locks.acquire(LockTag::Relation { database, relation }, mode, LockScope::Transaction)
}

/// Locks the relations of a plan's range table until the transaction ends.
pub(crate) fn lock_range_table(cx: Ctx<'_>, rtable: &[RangeTblEntry]) -> Result<()> {
    for rte in rtable {
        if let RteKind::Relation(relation) = &rte.kind {
            lock_by_oid(cx, relation.relid, relation.lock_mode)?;
        }
    }
    Ok(())
}

/// Locks the relations in FROM of an analysed query, of its sub-queries and of WITH until the transaction ends. True if one
/// of the locks was not held before: what was read of the catalogs without it may be out of date.
pub fn lock_relations(cx: Ctx<'_>, query: &Query) -> Result<bool> {
    let mut is_new = false;
    for rte in &query.rtable {
        match &rte.kind {
            RteKind::Relation(relation) => {
                is_new |= lock_by_oid(cx, relation.relid, relation.lock_mode)? == Acquired::Granted
            }
            RteKind::Subquery(sub) => is_new |= lock_relations(cx, &sub.query)?,
            _ => {}
        }
    }
    for cte in &query.ctes {
        is_new |= lock_relations(cx, &cte.query)?;
    }
    Ok(is_new)
}

fn privileges_of(rte: &RangeTblEntry) -> Privileges {
    Privileges(rte.required_perms & (acl::INSERT | acl::SELECT | acl::UPDATE | acl::DELETE | acl::TRUNCATE))
}

/// 42501 unless the user may do all that the range table asks for.
fn check_privileges(cx: Ctx<'_>, rtable: &[RangeTblEntry], relations: &[Option<Arc<RelationEntry>>]) -> Result<()> {
    let catalog = cx.catalog();
    for (rte, entry) in rtable.iter().zip(relations) {
        if rte.required_perms == 0 {
            continue;
        }
        let view;
        let entry = match (entry, &rte.kind) {
            (Some(entry), _) => entry,
            (None, RteKind::Subquery(sub)) if sub.view.is_valid() => {
                view = catalog.open_relation(sub.view)?;
                &view
            }
            _ => continue,
        };
        let user = if rte.check_as_user.is_valid() { rte.check_as_user } else { cx.session.current_user() };
        let wanted = privileges_of(rte);
        if cx.may_use_relation(user, &entry.class, wanted)? || may_by_columns(cx, user, rte, entry, wanted)? {
            continue;
        }
        return Err(denied(ObjectKind::of_relkind(entry.kind()), entry.name()));
    }
    Ok(())
}

/// Privileges on single columns make up for those on the whole.
fn may_by_columns(
    cx: Ctx<'_>,
    user: Oid,
    rte: &RangeTblEntry,
    entry: &RelationEntry,
    wanted: Privileges,
) -> Result<bool> {
    for (bit, columns) in [
        (Privileges::SELECT, &rte.selected_cols),
        (Privileges::INSERT, &rte.inserted_cols),
        (Privileges::UPDATE, &rte.updated_cols),
    ] {
        if wanted.0 & bit.0 == 0 || cx.may_use_relation(user, &entry.class, bit)? {
            continue;
        }
        let mut any = false;
        for column in columns {
            let all_columns: Vec<i16> = match column {
                0 => (1..=entry.desc.len() as i16)
                    .filter(|c| !entry.desc.attributes[*c as usize - 1].is_dropped)
                    .collect(),
                c => vec![*c],
            };
            for column in all_columns {
                let Some(attribute) = cx.catalog().attribute(entry.oid, column)? else { return Ok(false) };
                let held = cx.held(
                    user,
                    (ObjectKind::Column, entry.class.relowner),
                    attribute.attacl.as_deref().or(Some(&[])),
                    bit,
                )?;
                if held != bit {
                    return Ok(false);
                }
                any = true;
            }
        }
        if !any && columns.is_empty() {
            // No column in particular (count(*)): any column's privilege will do.
            let mut found = false;
            for column in 1..=entry.desc.len() as i16 {
                let attribute = cx.catalog().attribute(entry.oid, column)?.filter(|row| !row.attisdropped);
                let Some(attribute) = attribute else { continue };
                let held = cx.held(
                    user,
                    (ObjectKind::Column, entry.class.relowner),
                    attribute.attacl.as_deref().or(Some(&[])),
                    bit,
                )?;
                found |= held == bit;
            }
            if !found {
                return Ok(false);
            }
        }
    }
    Ok(wanted.0 & (Privileges::DELETE.0 | Privileges::TRUNCATE.0) == 0
        || cx.may_use_relation(
            user,
            &entry.class,
            Privileges(wanted.0 & (Privileges::DELETE.0 | Privileges::TRUNCATE.0)),
        )?)
}

/// 25006 for changes of tables in a read-only transaction.
fn check_read_only(cx: Ctx<'_>, plan: &PlannedStmt, relations: &[Option<Arc<RelationEntry>>]) -> Result<()> {
    if !cx.session.is_read_only.get() {
        return Ok(());
    }
    for rti in &plan.result_relations {
        let temporary = relations[*rti as usize - 1].as_ref().is_some_and(|e| e.class.relpersistence == b't');
        if !temporary {
            let name = match plan.command {
                CmdType::Insert => "INSERT",
                CmdType::Update => "UPDATE",
                CmdType::Delete => "DELETE",
                _ => "SELECT",
            };
            return Err(error!(READ_ONLY_SQL_TRANSACTION, "cannot execute {name} in a read-only transaction"));
        }
    }
    Ok(())
}

fn output_columns(cx: Ctx<'_>, plan: &PlannedStmt) -> Result<Arc<TupleDesc>> {
    let mut desc = TupleDesc::default();
    let targets = plan.plan.targetlist.iter().filter(|t| !t.junk);
    for target in targets {
        desc.attributes.push(crate::node::attribute_of(cx, target)?);
    }
    Ok(Arc::new(desc))
}

/// Node states for a re-evaluation of a plan over given rows.
pub(crate) fn build_recheck(env: &Env<'_>, plan: &Plan) -> Result<NodeState> {
    let mut builder = Builder {
        cx: env.cx,
        plan: &env.es.plan,
        relations: &env.es.relations,
        init_plans: Vec::new(),
        instrument: false,
        recheck: true,
        work_mem: env.es.work_mem,
        hash_mem: env.es.hash_mem,
    };
    builder.build(plan)
}

/// Calls `work` with an environment outside any statement: for defaults, checks and index expressions.
pub fn with_bare_env<T>(cx: Ctx<'_>, work: impl FnOnce(&mut Env<'_>) -> Result<T>) -> Result<T> {
    let (work_mem, hash_mem) = memory(cx);
    let mut es = EState {
        plan: Arc::new(empty_statement()),
        params: Arc::default(),
        values: Vec::new(),
        pending: Vec::new(),
        subplans: Vec::new(),
        watched: Vec::new(),
        work_tables: Vec::new(),
        snapshot: Some(cx.snapshot()),
        format: Arc::clone(&cx.session.format.borrow()),
        work_mem,
        hash_mem,
        processed: 0,
        recheck: None,
        instrument: None,
        temp_files: 0,
        triggers: Default::default(),
        relations: Vec::new(),
    };
    let result = work(&mut Env { cx, es: &mut es })?;
    es.triggers.run(cx)?;
    Ok(result)
}

/// The value of an expression without a row. It is simplified first; sub-selects are not allowed in it.
pub fn evaluate(cx: Ctx<'_>, expr: &Expr) -> Result<Datum> {
    let mut program = compile_expr(cx, expr)?;
    with_bare_env(cx, |env| Ok(program.eval(&Rows::default(), env)?.clone()))
}

/// Expressions over one relation's row (`Var`s of relation 1), compiled.
pub struct RowProgram {
    program: Program,
}

impl RowProgram {
    /// Compiles them.
    pub fn new(cx: Ctx<'_>, exprs: &[Expr]) -> Result<RowProgram> {
        Ok(RowProgram { program: compile_exprs(cx, exprs)? })
    }

    /// Their values for a row.
    pub fn evaluate(&mut self, cx: Ctx<'_>, row: &[Datum], out: &mut Vec<Datum>) -> Result<()> {
        with_bare_env(cx, |env| self.program.project(&Rows::scan(row), env, out))
    }

    /// Their values for a stored row, whose system columns they may name.
    pub fn evaluate_stored(&mut self, cx: Ctx<'_>, row: &access::Row, out: &mut Vec<Datum>) -> Result<()> {
        let rows = Rows { scan: &row.values, identity: Some(row), ..Rows::default() };
        with_bare_env(cx, |env| self.program.project(&rows, env, out))
    }
}

fn empty_statement() -> PlannedStmt {
    PlannedStmt {
        command: CmdType::Nothing,
        has_returning: false,
        has_modifying_cte: false,
        can_set_tag: false,
        plan: Arc::new(Plan {
            id: 0,
            startup_cost: 0.0,
            total_cost: 0.0,
            rows: 0.0,
            width: 0,
            targetlist: Vec::new(),
            qual: Vec::new(),
            init_plans: Vec::new(),
            all_params: Default::default(),
            node: plan::node::Node::Result(plan::node::ResultNode::new(None, Vec::new())),
        }),
        rtable: Vec::new(),
        subplans: Vec::new(),
        rewind_plan_ids: Default::default(),
        param_exec_types: Vec::new(),
        result_relations: Vec::new(),
        row_marks: Vec::new(),
        relation_oids: Vec::new(),
        function_oids: Vec::new(),
        depends_on_role: false,
        depends_on_values: false,
        waits_for_index: false,
        resting: Default::default(),
    }
}

/// What EXPLAIN is asked to show.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "EXPLAIN's own option names")]
pub struct ExplainOptions {
    pub analyze: bool,
    pub verbose: bool,
    pub costs: bool,
    pub settings: bool,
    pub buffers: bool,
    pub wal: bool,
    pub timing: bool,
    pub summary: bool,
    pub format: crate::ExplainFormat,
}
