//! INSERT, UPDATE, DELETE.

mod bulk;

use super::{Builder, NodeState};
use crate::env::{Env, Recheck};
use crate::expr::{Compiler, Program, Rows};
use crate::foreign_keys::{ForeignKeys, RowEvent};
use access::{Access, Changed, InsertOptions, Inserted, Liveness, Row, RowLock, RowWait, UniqueCheck, UpdateOptions};
use analyze::expr::Expr;
use analyze::query::{CmdType, WithCheckKind};
use base::{Oid, Tid};
use catalog::rows::PgIndex;
use instance::Ctx;
use plan::node::{ModifyTable, Node, Plan, PlanRowMark, RowMarkKind};
use report::{Error, Result, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::{ColumnSet, Datum};
use xact::Isolation;

/// An index that changes of a table keep up.
struct IndexTarget {
    index: Arc<access::Index>,
    oid: Oid,
    /// Computes the entry's columns from the row.
    columns: Program,
    predicate: Option<Program>,
    unique: bool,
    immediate: bool,
    values: Vec<Datum>,
}

/// A table that rows are put into, with everything that must be kept up or checked.
pub struct TargetTable {
    /// Its entry.
    pub entry: Arc<RelationEntry>,
    table: Arc<access::Relation>,
    indexes: Vec<IndexTarget>,
    checks: Vec<(String, Program)>,
    generated: Vec<(usize, Program)>,
    indexed: ColumnSet,
    keys: ColumnSet,
    foreign: Option<Arc<ForeignKeys>>,
    not_null: Vec<usize>,
    /// What a constraint sees of a row's system columns before it has a place: its table.
    identity: access::Row,
}

/// What became of an insertion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The row is in.
    Done(Tid),
    /// A row with an equal key is there, of an index that is looked at first.
    Conflict(Tid),
}

impl TargetTable {
    /// Prepares a table.
    pub fn open(cx: Ctx<'_>, entry: Arc<RelationEntry>) -> Result<TargetTable> {
        let Some(table) = entry.table.clone() else {
            return Err(error!(WRONG_OBJECT_TYPE, "cannot change relation \"{}\"", entry.name()));
        };
        let mut indexes = Vec::new();
        let mut indexed = Vec::new();
        let mut keys = Vec::new();
        for oid in &entry.indexes {
            let index_entry = cx.catalog().open_relation(*oid)?;
            let (Some(row), Some(index)) = (&index_entry.index, &index_entry.stored_index) else { continue };
            if !row.indislive {
                continue;
            }
            indexes.push(index_target(cx, &entry, row, index, &mut indexed, &mut keys)?);
        }
        let mut checks = Vec::new();
        let mut sorted: Vec<_> = entry.checks.iter().collect();
        sorted.sort_by(|a, b| a.conname.cmp(&b.conname));
        for check in sorted {
            if let Some(text) = &check.conbin {
                let expr: Expr = analyze::stored::from_text(text)?;
                checks.push((check.conname.clone(), compiler(cx, &entry).finish_one(&expr)?));
            }
        }
        let mut generated = Vec::new();
        for (place, attribute) in entry.desc.attributes.iter().enumerate() {
            if attribute.generated != 0
                && let Some(default) = entry.default(place as i16 + 1)
            {
                let expr: Expr = analyze::stored::from_text(&default.expression)?;
                generated.push((place, compiler(cx, &entry).finish_one(&expr)?));
            }
        }
        let not_null = entry
            .desc
            .attributes
            .iter()
            .enumerate()
            .filter(|(_, a)| a.not_null && !a.is_dropped)
            .map(|(i, _)| i)
            .collect();
        let foreign = match entry.triggers.is_empty() {
            true => None,
            false => Some(Arc::new(ForeignKeys::of(cx, &entry)?)),
        };
        Ok(TargetTable {
            table,
            indexes,
            checks,
            generated,
            indexed: ColumnSet::of(indexed),
            keys: ColumnSet::of(keys),
            foreign,
            not_null,
            identity: access::Row { table: entry.oid, ..access::Row::default() },
            entry,
        })
    }

    /// The stored table.
    pub fn table(&self) -> &Arc<access::Relation> {
        &self.table
    }

    /// Computes generated columns and checks constraints of a new row.
    ///
    /// Errors: 23502, 23514.
    pub fn prepare(&mut self, row: &mut [Datum], env: &mut Env<'_>) -> Result<()> {
        for at in 0..self.generated.len() {
            let (column, program) = &mut self.generated[at];
            let value = program.eval(&Rows::scan(row), env)?.clone();
            row[*column] = value;
        }
        if let Some(at) = self.not_null.iter().find(|at| row[**at].is_null()) {
            return Err(self.null_violation(*at, row, env));
        }
        for at in 0..self.checks.len() {
            let (name, program) = &mut self.checks[at];
            let rows = Rows { scan: row, identity: Some(&self.identity), ..Rows::default() };
            if matches!(program.eval(&rows, env)?, Datum::Bool(false)) {
                let name = name.clone();
                return Err(self.check_violation(&name, row, env));
            }
        }
        Ok(())
    }

    #[cold]
    fn null_violation(&self, at: usize, row: &[Datum], env: &Env<'_>) -> Error {
        let column = &self.entry.desc.attributes[at].name;
        let table = self.entry.name();
        let error = error!(
            NOT_NULL_VIOLATION,
            "null value in column \"{column}\" of relation \"{table}\" violates not-null constraint"
        );
        self.with_failing_row(error.table(self.schema_name(env.cx), table).column(column.clone()), row, env)
    }

    #[cold]
    fn check_violation(&self, name: &str, row: &[Datum], env: &Env<'_>) -> Error {
        let table = self.entry.name();
        let error = error!(CHECK_VIOLATION, "new row for relation \"{table}\" violates check constraint \"{name}\"");
        self.with_failing_row(error.table(self.schema_name(env.cx), table).constraint(name), row, env)
    }

    fn schema_name(&self, cx: Ctx<'_>) -> String {
        cx.catalog()
            .namespace(self.entry.class.relnamespace)
            .ok()
            .flatten()
            .map_or_else(String::new, |row| row.nspname.clone())
    }

    /// Adds `Failing row contains (...).`, if the user may see the row.
    fn with_failing_row(&self, error: Error, row: &[Datum], env: &Env<'_>) -> Error {
        let cx = env.cx;
        let user = cx.session.current_user();
        let may =
            cx.may_use_relation(user, &self.entry.class, instance::privileges::Privileges::SELECT).unwrap_or(false);
        if !may {
            return error;
        }
        let mut parts = Vec::new();
        for (attribute, value) in self.entry.desc.attributes.iter().zip(row).filter(|(a, _)| !a.is_dropped) {
            parts.push(match value.is_null() {
                true => "null".to_owned(),
                false => clipped(crate::types::output_text(cx, attribute.type_oid, value).unwrap_or_default()),
            });
        }
        error.detail(format!("Failing row contains ({}).", parts.join(", ")))
    }

    /// Puts a prepared row in. `arbiters` are looked at first; an empty list with `skip_conflicts` means all unique ones.
    ///
    /// Errors: 23505.
    pub fn insert(&mut self, row: &[Datum], env: &mut Env<'_>) -> Result<Tid> {
        let store = &env.cx.session.store;
        let tid = env.cx.with_tx(|tx| {
            self.table.am.insert(&mut Access::new(store, tx), &self.table, row, InsertOptions::default())
        })?;
        self.insert_entries(row, tid, None, env)?;
        self.note(RowEvent::Insert { tid }, row, None, env);
        Ok(tid)
    }

    /// Puts many prepared rows in. `done` counts those whose index entries are in: an error is of the row after them.
    ///
    /// Errors: 23505.
    pub fn insert_many(
        &mut self,
        rows: &[Vec<Datum>],
        options: InsertOptions,
        done: &mut usize,
        env: &mut Env<'_>,
    ) -> Result<()> {
        let store = &env.cx.session.store;
        let mut tids = Vec::with_capacity(rows.len());
        env.cx.with_tx(|tx| {
            self.table.am.multi_insert(&mut Access::new(store, tx), &self.table, rows, options, &mut tids)
        })?;
        if self.indexes.is_empty() && self.foreign.is_none() {
            *done += rows.len();
            return Ok(());
        }
        self.insert_entries_of(rows, &tids, done, env)?;
        for (row, tid) in rows.iter().zip(tids) {
            self.note(RowEvent::Insert { tid }, row, None, env);
        }
        Ok(())
    }

    /// True if rows have entries in indexes: many of them together cost less then.
    pub fn has_indexes(&self) -> bool {
        !self.indexes.is_empty()
    }

    /// Puts a prepared row in unless a unique index has an equal key.
    pub fn insert_unless(&mut self, row: &[Datum], arbiters: &[Oid], env: &mut Env<'_>) -> Result<Outcome> {
        loop {
            if let Some(tid) = self.find_conflict(row, arbiters, env)? {
                return Ok(Outcome::Conflict(tid));
            }
            let store = &env.cx.session.store;
            let tid = env.cx.with_tx(|tx| {
                self.table.am.insert(&mut Access::new(store, tx), &self.table, row, InsertOptions::default())
            })?;
            // Between the look and the insertion another session may have been faster.
            if self.insert_entries(row, tid, Some(arbiters), env)?.is_none() {
                self.note(RowEvent::Insert { tid }, row, None, env);
                return Ok(Outcome::Done(tid));
            }
            env.cx.with_tx(|tx| self.table.am.retract(&mut Access::new(store, tx), &self.table, tid))?;
        }
    }

    fn find_conflict(&mut self, row: &[Datum], arbiters: &[Oid], env: &mut Env<'_>) -> Result<Option<Tid>> {
        let table = Arc::clone(&self.table);
        for target in &mut self.indexes {
            if !target.unique || !(arbiters.is_empty() || arbiters.contains(&target.oid)) {
                continue;
            }
            if !target.immediate {
                return Err(error!(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
                ));
            }
            if !target.evaluate(row, env)? {
                continue;
            }
            let keys = &target.values[..target.index.key_count()];
            let store = &env.cx.session.store;
            let found = env.cx.with_tx(|tx| {
                let cx = &mut Access::new(store, tx);
                target.index.am.find_duplicate(cx, (&target.index, &table), keys, Tid::INVALID)
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Makes the index entries of a row. `Some` if an arbiter has a duplicate.
    fn insert_entries(
        &mut self,
        row: &[Datum],
        tid: Tid,
        arbiters: Option<&[Oid]>,
        env: &mut Env<'_>,
    ) -> Result<Option<Tid>> {
        for at in 0..self.indexes.len() {
            if !self.indexes[at].evaluate(row, env)? {
                continue;
            }
            if let Some(other) = self.insert_entry(at, tid, arbiters, env)? {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// Makes the entry of one index, which was computed. `Some` if it is an arbiter and has a duplicate.
    fn insert_entry(
        &mut self,
        at: usize,
        tid: Tid,
        arbiters: Option<&[Oid]>,
        env: &mut Env<'_>,
    ) -> Result<Option<Tid>> {
        let (target, table) = (&self.indexes[at], &self.table);
        let check = match (target.unique, target.immediate) {
            (false, _) => UniqueCheck::No,
            (true, true) => UniqueCheck::Yes,
            (true, false) => UniqueCheck::Deferred,
        };
        let store = &env.cx.session.store;
        store.hold_back(&env.cx.session.locks)?;
        let inserted = env.cx.with_tx(|tx| {
            let cx = &mut Access::new(store, tx);
            target.index.am.insert(cx, (&target.index, table), &target.values, tid, check)
        })?;
        let Inserted::Duplicate(other) = inserted else { return Ok(None) };
        let keys = &target.values[..target.index.key_count()];
        if check == UniqueCheck::Deferred {
            let (index, table) = (Arc::clone(&target.index), Arc::clone(table));
            env.es.triggers.add_unique(&self.entry, target.oid, index, table, keys.to_vec(), tid);
            return Ok(None);
        }
        if arbiters.is_some_and(|a| a.is_empty() || a.contains(&target.oid)) {
            return Ok(Some(other));
        }
        Err(duplicate_key(env.cx, &self.entry, target.oid, keys))
    }

    /// Makes the index entries of a row that is in the table already (index builds check their own).
    pub fn add_entries(&mut self, row: &[Datum], tid: Tid, env: &mut Env<'_>) -> Result<()> {
        self.insert_entries(row, tid, None, env).map(drop)
    }

    fn note(&self, event: RowEvent, new: &[Datum], old: Option<&[Datum]>, env: &mut Env<'_>) {
        if let Some(foreign) = &self.foreign {
            env.es.triggers.add(foreign, event, new, old);
        }
    }

    /// Updates the version at `tid` to a prepared row.
    fn update(&mut self, tid: Tid, row: &[Datum], old: &Row, env: &mut Env<'_>) -> Result<Changed<Tid>> {
        let store = &env.cx.session.store;
        let options = UpdateOptions { indexed: &self.indexed, keys: &self.keys, wait: RowWait::Block };
        let changed =
            env.cx.with_tx(|tx| self.table.am.update(&mut Access::new(store, tx), &self.table, tid, row, &options))?;
        Ok(match changed {
            Changed::Done(new) => {
                if !new.is_hot {
                    self.insert_entries(row, new.tid, None, env)?;
                }
                if self.foreign.is_some() {
                    let old_is_own = env.cx.with_tx(|tx| tx.is_own(old.xmin));
                    self.note(RowEvent::Update { tid: new.tid, old_is_own }, row, Some(&old.values), env);
                }
                Changed::Done(new.tid)
            }
            Changed::BySelf { command } => Changed::BySelf { command },
            Changed::Updated { next, xmax } => Changed::Updated { next, xmax },
            Changed::Deleted { xmax } => Changed::Deleted { xmax },
            Changed::WouldBlock => Changed::WouldBlock,
            Changed::Invisible => Changed::Invisible,
        })
    }

    fn delete(&mut self, tid: Tid, env: &mut Env<'_>) -> Result<Changed<()>> {
        let store = &env.cx.session.store;
        env.cx.with_tx(|tx| self.table.am.delete(&mut Access::new(store, tx), &self.table, tid, RowWait::Block))
    }

    /// The live version of the row that starts at `tid`, once it is not in doubt.
    fn live_version(&self, tid: Tid, env: &Env<'_>) -> Result<Option<Tid>> {
        let store = &env.cx.session.store;
        loop {
            let found = env.cx.with_tx(|tx| self.table.am.liveness(&mut Access::new(store, tx), &self.table, tid))?;
            match found {
                Liveness::Live(version) => return Ok(Some(version)),
                Liveness::Dead => return Ok(None),
                Liveness::InDoubt(xid) => env.cx.with_tx(|tx| tx.wait_for(xid))?,
            }
        }
    }

    /// True if this transaction made the live version of the row that starts at `tid`.
    fn is_own(&self, tid: Tid, env: &Env<'_>) -> Result<bool> {
        let Some(version) = self.live_version(tid, env)? else { return Ok(false) };
        let mut row = Row::default();
        Ok(self.fetch_version(version, &mut row, env)? && env.cx.with_tx(|tx| tx.is_own(row.xmin)))
    }

    /// True if the statement's snapshot sees a version of the row that starts at `tid`.
    fn is_visible(&self, tid: Tid, env: &Env<'_>) -> Result<bool> {
        let store = &env.cx.session.store;
        let mut fetch = self.table.am.fetcher(store, &self.table, env.es.snapshot(), ColumnSet::NONE);
        let mut row = Row::default();
        Ok(fetch.fetch(tid, &mut row)? == access::Fetched::Visible)
    }

    fn fetch_version(&self, tid: Tid, row: &mut Row, env: &Env<'_>) -> Result<bool> {
        self.table.am.fetch_version(&env.cx.session.store, &self.table, tid, row)
    }
}

impl IndexTarget {
    /// Computes the entry; false if the predicate leaves the row out.
    fn evaluate(&mut self, row: &[Datum], env: &mut Env<'_>) -> Result<bool> {
        let rows = Rows::scan(row);
        if let Some(predicate) = &mut self.predicate
            && !predicate.holds(&rows, env)?
        {
            return Ok(false);
        }
        self.columns.project(&rows, env, &mut self.values)?;
        Ok(true)
    }
}

fn compiler<'a>(cx: Ctx<'a>, entry: &Arc<RelationEntry>) -> Compiler<'a> {
    Compiler::new(cx).with_scan_desc(Arc::clone(&entry.desc), entry.class.reltype)
}

fn index_target(
    cx: Ctx<'_>,
    entry: &Arc<RelationEntry>,
    row: &PgIndex,
    index: &Arc<access::Index>,
    indexed: &mut Vec<usize>,
    keys: &mut Vec<usize>,
) -> Result<IndexTarget> {
    let mut exprs = match &row.indexprs {
        Some(text) => analyze::stored::from_text::<Vec<Expr>>(text)?,
        None => Vec::new(),
    }
    .into_iter();
    let predicate: Vec<Expr> = match &row.indpred {
        Some(text) => analyze::stored::from_text::<Expr>(text)?.into_conjuncts(),
        None => Vec::new(),
    };
    let mut columns: Vec<Expr> = Vec::new();
    let mut note = |expr: &Expr| {
        analyze::walk::for_each(expr, &mut |e| {
            if let Expr::Var(var) = e
                && var.attno > 0
            {
                indexed.push(var.attno as usize - 1);
            }
        });
    };
    let plain = row.indexprs.is_none() && row.indpred.is_none();
    for (place, attno) in row.indkey.iter().enumerate() {
        let expr = match attno {
            0 => exprs.next().ok_or_else(|| Error::internal("too few entries in indexprs list"))?,
            _ => {
                let attribute = &entry.desc.attributes[*attno as usize - 1];
                if row.indisunique && row.indimmediate && plain && place < row.indnkeyatts as usize {
                    keys.push(*attno as usize - 1);
                }
                analyze::expr::Var::new(1, *attno, attribute.type_oid, attribute.type_mod, attribute.collation).into()
            }
        };
        note(&expr);
        columns.push(expr);
    }
    predicate.iter().for_each(&mut note);
    Ok(IndexTarget {
        index: Arc::clone(index),
        oid: row.indexrelid,
        columns: compiler(cx, entry).finish_all(&columns)?,
        predicate: compiler(cx, entry).finish_condition(&predicate)?,
        unique: row.indisunique,
        immediate: row.indimmediate,
        values: Vec::new(),
    })
}

/// At most 64 bytes of a value in a message.
fn clipped(text: String) -> String {
    if text.len() <= 64 {
        return text;
    }
    let end = (0..=64).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// 23505 with the key's values.
#[cold]
pub fn duplicate_key(cx: Ctx<'_>, entry: &RelationEntry, index: Oid, keys: &[Datum]) -> Error {
    let described = key_description(cx, entry, index, keys);
    let name = cx.catalog().relation(index).ok().flatten().map_or_else(String::new, |e| e.name().to_owned());
    let schema =
        cx.catalog().namespace(entry.class.relnamespace).ok().flatten().map_or_else(String::new, |r| r.nspname.clone());
    let error = error!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{name}\"")
        .table(schema, entry.name())
        .constraint(name);
    match described {
        Ok(Some(text)) => error.detail(format!("Key {text} already exists.")),
        _ => error,
    }
}

/// `(a, b)=(1, 2)`.
fn key_description(cx: Ctx<'_>, entry: &RelationEntry, index: Oid, keys: &[Datum]) -> Result<Option<String>> {
    let user = cx.session.current_user();
    if !cx.may_use_relation(user, &entry.class, instance::privileges::Privileges::SELECT)? {
        return Ok(None);
    }
    let index_entry = cx.catalog().open_relation(index)?;
    let Some(row) = &index_entry.index else { return Ok(None) };
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (place, value) in keys.iter().enumerate() {
        let attno = row.indkey[place];
        let column = match attno {
            0 => crate::system::index_column_text(cx, index, place as i32 + 1)?,
            _ => builtins::quote_identifier(&entry.desc.attributes[attno as usize - 1].name).to_string(),
        };
        names.push(column);
        let type_oid = index_entry.desc.attributes[place].type_oid;
        let type_oid = if attno > 0 { entry.desc.attributes[attno as usize - 1].type_oid } else { type_oid };
        values.push(if value.is_null() { "null".to_owned() } else { crate::types::output_text(cx, type_oid, value)? });
    }
    Ok(Some(format!("({})=({})", names.join(", "), values.join(", "))))
}

struct ConflictState {
    arbiters: Vec<Oid>,
    update: bool,
    set: Program,
    set_columns: Vec<usize>,
    condition: Option<Program>,
}

/// A ModifyTable at work.
pub struct ModifyState {
    operation: CmdType,
    rti: i32,
    child: NodeState,
    child_plan: Arc<Plan>,
    target: Option<TargetTable>,
    entry: Arc<RelationEntry>,
    update_columns: Vec<usize>,
    ctid: usize,
    returning: Option<Program>,
    checks: Vec<(String, WithCheckKind, Program)>,
    conflict: Option<Box<ConflictState>>,
    row_marks: Vec<PlanRowMark>,
    can_set_tag: bool,
    row: Vec<Datum>,
    new: Vec<Datum>,
    old: Row,
    scratch: Vec<Datum>,
    recheck: Option<Box<NodeState>>,
    done: bool,
}

impl ModifyState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &ModifyTable) -> Result<ModifyState> {
        let entry = builder.relations[node.relation as usize - 1].clone();
        let entry = entry.ok_or_else(|| Error::internal("target of a change is not open"))?;
        check_changeable(&entry)?;
        let cx = builder.cx;
        let mut checks = Vec::new();
        for check in &node.check_options {
            checks.push((check.relation_name.clone(), check.kind, compiler(cx, &entry).finish_one(&check.qual)?));
        }
        let conflict = match &node.on_conflict {
            None => None,
            Some(conflict) => Some(Box::new(ConflictState {
                arbiters: conflict.arbiter_indexes.clone(),
                update: conflict.update,
                set: compiler(cx, &entry).finish_all(conflict.set.iter().map(|t| &t.expr))?,
                set_columns: conflict.set_columns.iter().map(|c| *c as usize - 1).collect(),
                condition: compiler(cx, &entry).finish_condition(&conflict.condition)?,
            })),
        };
        let returning = match plan.targetlist.is_empty() {
            true => None,
            false => Some(compiler(cx, &entry).finish_all(super::target_exprs(&plan.targetlist))?),
        };
        Ok(ModifyState {
            operation: node.operation,
            rti: node.relation,
            child: builder.build(&node.child)?,
            child_plan: Arc::new(node.child.clone()),
            target: Some(TargetTable::open(cx, Arc::clone(&entry))?),
            entry,
            update_columns: node.update_columns.iter().map(|c| *c as usize - 1).collect(),
            ctid: (node.ctid_column as usize).saturating_sub(1),
            returning,
            checks,
            conflict,
            row_marks: node.row_marks.clone(),
            can_set_tag: node.can_set_tag,
            row: Vec::new(),
            new: Vec::new(),
            old: Row::default(),
            scratch: Vec::new(),
            recheck: None,
            done: false,
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if self.done {
            return Ok(false);
        }
        let mut count = 0u32;
        while self.child.next(env)? {
            count = count.wrapping_add(1);
            if count.is_multiple_of(256) {
                env.check_interrupts()?;
            }
            env.cx.session.store.hold_back(&env.cx.session.locks)?;
            let changed = match self.operation {
                CmdType::Insert => self.insert_row(env)?,
                CmdType::Update => self.update_row(env)?,
                CmdType::Delete => self.delete_row(env)?,
                _ => unsupported!("this kind of change"),
            };
            if !changed {
                continue;
            }
            if self.can_set_tag {
                env.es.processed += 1;
            }
            if self.returning.is_some() {
                return Ok(true);
            }
        }
        self.done = true;
        Ok(false)
    }

    /// Runs an operation with the target taken out, so that it and the rest of the state can be borrowed apart.
    fn with_target<T>(&mut self, work: impl FnOnce(&mut ModifyState, &mut TargetTable) -> Result<T>) -> Result<T> {
        let mut target = self.target.take().ok_or_else(|| Error::internal("change of a table within itself"))?;
        let result = work(self, &mut target);
        self.target = Some(target);
        result
    }

    fn insert_row(&mut self, env: &mut Env<'_>) -> Result<bool> {
        self.new.clear();
        let width = self.entry.desc.len();
        self.new.extend_from_slice(&self.child.row()[..width]);
        self.with_target(|state, target| {
            let mut new = std::mem::take(&mut state.new);
            target.prepare(&mut new, env)?;
            let outcome = match &state.conflict {
                None => Outcome::Done(target.insert(&new, env)?),
                Some(conflict) => {
                    let arbiters = conflict.arbiters.clone();
                    target.insert_unless(&new, &arbiters, env)?
                }
            };
            let result = match outcome {
                Outcome::Done(tid) => {
                    state.written(target, &new, tid, env)?;
                    true
                }
                Outcome::Conflict(tid) => state.on_conflict(target, &new, tid, env)?,
            };
            state.new = new;
            Ok(result)
        })
    }

    /// ON CONFLICT: nothing, or an update of the row that is there.
    fn on_conflict(&mut self, target: &mut TargetTable, new: &[Datum], tid: Tid, env: &mut Env<'_>) -> Result<bool> {
        let Some(mut conflict) = self.conflict.take() else { return Ok(false) };
        let result = self.resolve_conflict(&mut conflict, target, new, tid, env);
        self.conflict = Some(conflict);
        result
    }

    fn resolve_conflict(
        &mut self,
        conflict: &mut ConflictState,
        target: &mut TargetTable,
        new: &[Datum],
        tid: Tid,
        env: &mut Env<'_>,
    ) -> Result<bool> {
        let mut tid = tid;
        loop {
            if is_snapshot_fixed(env.cx) && !target.is_own(tid, env)? && !target.is_visible(tid, env)? {
                return Err(serialization_failure("update"));
            }
            if !conflict.update {
                return Ok(false);
            }
            if let Some(changed) = self.update_conflicting(conflict, target, new, tid, env)? {
                return Ok(changed);
            }
            // The row changed or went away in between: the insertion is tried again.
            env.check_interrupts()?;
            match target.insert_unless(new, &conflict.arbiters, env)? {
                Outcome::Done(tid) => {
                    self.written(target, new, tid, env)?;
                    return Ok(true);
                }
                Outcome::Conflict(again) => tid = again,
            }
        }
    }

    /// Updates the row that is in the way; `None` if it is not there any more.
    fn update_conflicting(
        &mut self,
        conflict: &mut ConflictState,
        target: &mut TargetTable,
        excluded: &[Datum],
        tid: Tid,
        env: &mut Env<'_>,
    ) -> Result<Option<bool>> {
        let mut old = Row::default();
        // An index entry leads to the start of a chain of versions.
        let Some(tid) = target.live_version(tid, env)? else { return Ok(None) };
        let locked = lock_row(&target.table, tid, RowLock::Update, RowWait::Block, &mut old, env)?;
        match locked {
            Changed::Done(()) => {}
            Changed::BySelf { .. } | Changed::Invisible => return Err(second_time()),
            Changed::Updated { .. } | Changed::Deleted { .. } => {
                if is_snapshot_fixed(env.cx) {
                    return Err(serialization_failure("update"));
                }
                return Ok(None);
            }
            Changed::WouldBlock => return Ok(None),
        }
        // A row that this very command made cannot be changed by it again.
        if is_made_by_this_command(&old, env) {
            return Err(second_time());
        }
        let rows = Rows { scan: &old.values, inner: excluded, identity: Some(&old), ..Rows::default() };
        if let Some(condition) = &mut conflict.condition
            && !condition.holds(&rows, env)?
        {
            return Ok(Some(false));
        }
        conflict.set.project(&rows, env, &mut self.scratch)?;
        let mut new = old.values.clone();
        for (column, value) in conflict.set_columns.iter().zip(self.scratch.drain(..)) {
            new[*column] = value;
        }
        target.prepare(&mut new, env)?;
        match target.update(old.tid, &new, &old, env)? {
            Changed::Done(tid) => {
                self.written(target, &new, tid, env)?;
                Ok(Some(true))
            }
            // The sub-selects in SET changed it already.
            Changed::BySelf { .. } => Ok(Some(false)),
            _ => Ok(None),
        }
    }

    fn check_options(&mut self, target: &TargetTable, new: &[Datum], env: &mut Env<'_>) -> Result<()> {
        for (name, _, program) in &mut self.checks {
            if !program.holds(&Rows::scan(new), env)? {
                let error = error!(WITH_CHECK_OPTION_VIOLATION, "new row violates check option for view \"{name}\"");
                return Err(target.with_failing_row(error, new, env));
            }
        }
        Ok(())
    }

    /// What follows when a row is written: the checks of views, then RETURNING.
    fn written(&mut self, target: &TargetTable, new: &[Datum], tid: Tid, env: &mut Env<'_>) -> Result<()> {
        self.check_options(target, new, env)?;
        self.return_row(new, tid, env)
    }

    fn return_row(&mut self, new: &[Datum], tid: Tid, env: &mut Env<'_>) -> Result<()> {
        let Some(returning) = &mut self.returning else { return Ok(()) };
        let identity = Row { tid, table: self.entry.oid, ..Row::default() };
        let rows = Rows { scan: new, outer: self.child.row(), identity: Some(&identity), ..Rows::default() };
        returning.project(&rows, env, &mut self.row)
    }

    fn child_tid(&self, row: &[Datum]) -> Result<Tid> {
        let bytes: [u8; 6] = match &row[self.ctid] {
            Datum::Bytes(bytes) => bytes.as_slice().try_into().map_err(|_| Error::internal("ctid is no tid"))?,
            _ => return Err(Error::internal("ctid is NULL")),
        };
        Ok(Tid::from_bytes(bytes))
    }

    fn update_row(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let mut tid = self.child_tid(self.child.row())?;
        let mut given: Vec<Datum> = std::mem::take(&mut self.scratch);
        given.clear();
        given.extend_from_slice(&self.child.row()[..self.update_columns.len()]);
        let result = self.with_target(|state, target| {
            loop {
                let mut old = std::mem::take(&mut state.old);
                if !target.fetch_version(tid, &mut old, env)? {
                    return Err(Error::internal("could not fetch the row to be updated"));
                }
                let mut new = std::mem::take(&mut state.new);
                new.clone_from(&old.values);
                new.resize(state.entry.desc.len(), Datum::Null);
                for (column, value) in state.update_columns.iter().zip(&given) {
                    new[*column] = value.clone();
                }
                target.prepare(&mut new, env)?;
                let changed = target.update(tid, &new, &old, env)?;
                state.old = old;
                match changed {
                    Changed::Done(made) => {
                        state.written(target, &new, made, env)?;
                        state.new = new;
                        return Ok(true);
                    }
                    Changed::BySelf { .. } | Changed::WouldBlock => return Ok(false),
                    Changed::Invisible => return Err(Error::internal("attempted to update invisible tuple")),
                    Changed::Deleted { .. } if is_snapshot_fixed(env.cx) => {
                        return Err(serialization_failure("delete"));
                    }
                    Changed::Deleted { .. } => return Ok(false),
                    Changed::Updated { .. } if is_snapshot_fixed(env.cx) => {
                        return Err(serialization_failure("update"));
                    }
                    Changed::Updated { next, .. } => {
                        state.new = new;
                        match state.evaluate_again(target, next, RowLock::NoKeyUpdate, env)? {
                            None => return Ok(false),
                            Some((again, row)) => {
                                tid = again;
                                given.clear();
                                given.extend_from_slice(&row[..state.update_columns.len()]);
                            }
                        }
                    }
                }
            }
        });
        self.scratch = Vec::new();
        result
    }

    fn delete_row(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let mut tid = self.child_tid(self.child.row())?;
        let wants_old = self.returning.is_some();
        self.with_target(|state, target| {
            loop {
                let needs_old = wants_old || target.foreign.is_some();
                if needs_old {
                    let mut old = std::mem::take(&mut state.old);
                    target.fetch_version(tid, &mut old, env)?;
                    state.old = old;
                }
                match target.delete(tid, env)? {
                    Changed::Done(()) => {
                        if needs_old {
                            let old = std::mem::take(&mut state.old);
                            target.note(RowEvent::Delete, &old.values, Some(&old.values), env);
                            state.return_row(&old.values, tid, env)?;
                            state.old = old;
                        }
                        return Ok(true);
                    }
                    Changed::BySelf { .. } | Changed::WouldBlock => return Ok(false),
                    Changed::Invisible => return Err(Error::internal("attempted to delete invisible tuple")),
                    Changed::Deleted { .. } if is_snapshot_fixed(env.cx) => {
                        return Err(serialization_failure("delete"));
                    }
                    Changed::Deleted { .. } => return Ok(false),
                    Changed::Updated { .. } if is_snapshot_fixed(env.cx) => {
                        return Err(serialization_failure("update"));
                    }
                    Changed::Updated { next, .. } => match state.evaluate_again(target, next, RowLock::Update, env)? {
                        None => return Ok(false),
                        Some((again, _)) => tid = again,
                    },
                }
            }
        })
    }

    /// EvalPlanQual: locks the row's latest version and runs the plan over it. `None` if it does not qualify any more.
    fn evaluate_again(
        &mut self,
        target: &TargetTable,
        tid: Tid,
        strength: RowLock,
        env: &mut Env<'_>,
    ) -> Result<Option<(Tid, Vec<Datum>)>> {
        let mut row = Row::default();
        if !lock_latest(&target.table, tid, (strength, RowWait::Block), &mut row, env)? {
            return Ok(None);
        }
        let latest = row.tid;
        let mut recheck = Recheck::default();
        recheck.rows.push((self.rti, Some(row), false));
        for mark in &self.row_marks {
            let other = marked_row(mark, self.child.row(), env)?;
            recheck.rows.push((mark.relation, other, false));
        }
        let mut node = match self.recheck.take() {
            Some(mut node) => {
                // What it kept was made of other rows.
                node.restart(env, &[])?;
                node
            }
            None => Box::new(crate::api::build_recheck(env, &self.child_plan)?),
        };
        let saved = env.es.recheck.replace(Box::new(recheck));
        let found = node.next(env);
        env.es.recheck = saved;
        let result = match found? {
            true => Some((latest, node.row().to_vec())),
            false => None,
        };
        self.recheck = Some(node);
        Ok(result)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.done = false;
        self.child.rescan(env, changed)
    }

    /// Lets go of the re-evaluation's tree.
    pub fn release(&mut self) {
        self.recheck = None;
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// The row of a relation that took part in making a joined row.
pub fn marked_row(mark: &PlanRowMark, joined: &[Datum], env: &Env<'_>) -> Result<Option<Row>> {
    if mark.kind == RowMarkKind::Copy {
        let value = &joined[mark.wholerow_column as usize - 1];
        if value.is_null() {
            return Ok(None);
        }
        let values = builtins::record::RecordRef::of(value).columns(&crate::types::Types(env.cx))?;
        return Ok(Some(Row { values, ..Row::default() }));
    }
    let Datum::Bytes(bytes) = &joined[mark.ctid_column as usize - 1] else { return Ok(None) };
    let tid = Tid::from_bytes(bytes.as_slice().try_into().map_err(|_| Error::internal("ctid is no tid"))?);
    let Some(table) = &env.es.relation(mark.relation).table else { return Ok(None) };
    let mut row = Row::default();
    let found = table.am.fetch_version(&env.cx.session.store, table, tid, &mut row)?;
    Ok(found.then_some(row))
}

/// Locks the version at `tid`.
pub fn lock_row(
    table: &Arc<access::Relation>,
    tid: Tid,
    strength: RowLock,
    wait: RowWait,
    row: &mut Row,
    env: &Env<'_>,
) -> Result<Changed<()>> {
    let store = &env.cx.session.store;
    env.cx.with_tx(|tx| table.am.lock_row(&mut Access::new(store, tx), table, tid, (strength, wait), row))
}

/// Locks the latest version of a row; false if the row is gone or is not to be waited for.
pub fn lock_latest(
    table: &Arc<access::Relation>,
    mut tid: Tid,
    how: (RowLock, RowWait),
    row: &mut Row,
    env: &Env<'_>,
) -> Result<bool> {
    loop {
        match lock_row(table, tid, how.0, how.1, row, env)? {
            Changed::Done(()) => return Ok(true),
            Changed::Updated { next, .. } => tid = next,
            Changed::BySelf { .. } | Changed::Deleted { .. } | Changed::WouldBlock | Changed::Invisible => {
                return Ok(false);
            }
        }
    }
}

#[cold]
fn second_time() -> Error {
    error!(CARDINALITY_VIOLATION, "ON CONFLICT DO UPDATE command cannot affect row a second time")
        .hint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
}

/// True at isolation levels whose snapshot is the transaction's.
pub fn is_snapshot_fixed(cx: Ctx<'_>) -> bool {
    cx.with_tx(|tx| tx.isolation() != Isolation::ReadCommitted)
}

fn is_made_by_this_command(row: &Row, env: &Env<'_>) -> bool {
    env.cx.with_tx(|tx| tx.is_own(row.xmin) && row.cmin == tx.current_command())
}

/// 40001.
#[cold]
pub fn serialization_failure(what: &str) -> Error {
    error!(T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent {what}")
}

fn check_changeable(entry: &RelationEntry) -> Result<()> {
    let name = entry.name();
    match entry.kind() {
        b'r' => Ok(()),
        b'S' => Err(error!(WRONG_OBJECT_TYPE, "cannot change sequence \"{name}\"")),
        b't' => Err(error!(WRONG_OBJECT_TYPE, "cannot change TOAST relation \"{name}\"")),
        b'm' => Err(error!(WRONG_OBJECT_TYPE, "cannot change materialized view \"{name}\"")),
        b'p' => unsupported!("changes of partitioned tables"),
        b'v' => unsupported!("changes of views that are not automatically updatable"),
        _ => Err(error!(WRONG_OBJECT_TYPE, "cannot change relation \"{name}\"")),
    }
}

/// True for plans that are changes.
pub fn is_change(plan: &Plan) -> bool {
    matches!(plan.node, Node::ModifyTable(_))
}
