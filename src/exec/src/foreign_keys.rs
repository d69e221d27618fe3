//! Foreign keys and deferrable unique constraints: checks and actions at the end of a statement, or of the transaction.
//!
//! 1. While a statement changes rows, events are queued ([`Queue`]).
//! 2. At its end those that are due run; deferred ones move to the transaction's queue, which runs before it commits, or
//!    when SET CONSTRAINTS makes them immediate.

use crate::spi;
use access::{Access, Liveness};
use base::{Oid, Tid};
use catalog::rows::{PgConstraint, PgTrigger};
use instance::{Ctx, TransactionParticipant};
use report::{Error, Result, error, unsupported};
use schema::RelationEntry;
use std::any::Any;
use std::sync::Arc;
use tuple::Datum;

/// What happened to a row.
#[derive(Clone, Copy, Debug)]
pub enum RowEvent {
    /// It was made.
    Insert {
        /// Where it is.
        tid: Tid,
    },
    /// It was changed.
    Update {
        /// Where the new version is.
        tid: Tid,
        /// This transaction made the old version: what was to be checked of it is now to be checked of the new one.
        old_is_own: bool,
    },
    /// It was deleted.
    Delete,
}

/// A foreign key, from one of its sides.
pub struct ForeignKey {
    constraint: PgConstraint,
    trigger: u32,
    referencing: Arc<RelationEntry>,
    referenced: Arc<RelationEntry>,
    deferrable: bool,
    initially_deferred: bool,
}

/// The foreign keys that changes of a table concern.
pub struct ForeignKeys {
    keys: Vec<Arc<ForeignKey>>,
}

impl ForeignKeys {
    /// Those of a table, by its triggers.
    pub fn of(cx: Ctx<'_>, entry: &RelationEntry) -> Result<ForeignKeys> {
        let mut keys = Vec::new();
        for trigger in &entry.triggers {
            if trigger.tgenabled == b'D' {
                continue;
            }
            if !(1644..=1655).contains(&trigger.tgfoid.0) {
                if trigger.tgisinternal {
                    continue;
                }
                unsupported!("trigger \"{}\"", trigger.tgname);
            }
            keys.push(Arc::new(foreign_key(cx, trigger)?));
        }
        Ok(ForeignKeys { keys })
    }
}

fn foreign_key(cx: Ctx<'_>, trigger: &PgTrigger) -> Result<ForeignKey> {
    let catalog = cx.catalog();
    let row = catalog.constraint(trigger.tgconstraint)?;
    let row =
        row.ok_or_else(|| Error::internal(format!("cache lookup failed for constraint {}", trigger.tgconstraint)))?;
    Ok(ForeignKey {
        trigger: trigger.tgfoid.0,
        referencing: catalog.open_relation(row.conrelid)?,
        referenced: catalog.open_relation(row.confrelid)?,
        constraint: row.row.clone(),
        deferrable: trigger.tgdeferrable,
        initially_deferred: trigger.tginitdeferred,
    })
}

enum Task {
    Foreign {
        key: Arc<ForeignKey>,
        new: Vec<Datum>,
        old: Vec<Datum>,
        tid: Tid,
    },
    Unique {
        entry: Arc<RelationEntry>,
        oid: Oid,
        index: Arc<access::Index>,
        table: Arc<access::Relation>,
        keys: Vec<Datum>,
        tid: Tid,
    },
}

/// Events that wait for the end of the statement.
#[derive(Default)]
pub struct Queue {
    tasks: Vec<Task>,
}

fn columns(list: &Option<Vec<i16>>) -> &[i16] {
    list.as_deref().unwrap_or(&[])
}

impl ForeignKey {
    fn key_of<'r>(&self, row: &'r [Datum], referencing: bool) -> Vec<&'r Datum> {
        let list = if referencing { &self.constraint.conkey } else { &self.constraint.confkey };
        columns(list).iter().map(|c| row.get(*c as usize - 1).unwrap_or(&Datum::Null)).collect()
    }

    /// False if an event cannot concern the key: nothing is referred to, or nothing changed.
    fn concerns(&self, event: RowEvent, new: &[Datum], old: Option<&[Datum]>) -> bool {
        let same = |referencing| {
            old.is_some_and(|old| {
                let (a, b) = (self.key_of(new, referencing), self.key_of(old, referencing));
                a.iter().zip(b).all(|(a, b)| analyze::expr::same_datum(a, b))
            })
        };
        let has_null = |row: &[Datum], referencing| self.key_of(row, referencing).iter().any(|v| v.is_null());
        let all_null = |row: &[Datum], referencing| self.key_of(row, referencing).iter().all(|v| v.is_null());
        match (event, self.trigger) {
            (RowEvent::Insert { .. }, 1644) => match self.constraint.confmatchtype {
                b'f' => !all_null(new, true),
                _ => !has_null(new, true),
            },
            (RowEvent::Update { old_is_own, .. }, 1645) => {
                (old_is_own || !same(true))
                    && match self.constraint.confmatchtype {
                        b'f' => !all_null(new, true),
                        _ => !has_null(new, true),
                    }
            }
            (RowEvent::Delete, 1646 | 1648 | 1650 | 1652 | 1654) => old.is_some_and(|old| !has_null(old, false)),
            (RowEvent::Update { .. }, 1647 | 1649 | 1651 | 1653 | 1655) => {
                !same(false) && old.is_some_and(|old| !has_null(old, false))
            }
            _ => false,
        }
    }
}

impl Queue {
    /// Adds the checks that an event asks for.
    pub fn add(&mut self, foreign: &Arc<ForeignKeys>, event: RowEvent, new: &[Datum], old: Option<&[Datum]>) {
        for key in &foreign.keys {
            if !key.concerns(event, new, old) {
                continue;
            }
            let tid = match event {
                RowEvent::Insert { tid } | RowEvent::Update { tid, .. } => tid,
                RowEvent::Delete => Tid::INVALID,
            };
            let old = old.map_or_else(Vec::new, <[Datum]>::to_vec);
            self.tasks.push(Task::Foreign { key: Arc::clone(key), new: new.to_vec(), old, tid });
        }
    }

    /// Adds the later look of a deferrable unique constraint.
    pub fn add_unique(
        &mut self,
        entry: &Arc<RelationEntry>,
        oid: Oid,
        index: Arc<access::Index>,
        table: Arc<access::Relation>,
        keys: Vec<Datum>,
        tid: Tid,
    ) {
        self.tasks.push(Task::Unique { entry: Arc::clone(entry), oid, index, table, keys, tid });
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Adds what another queue holds.
    pub fn append(&mut self, mut other: Queue) {
        self.tasks.append(&mut other.tasks);
    }

    /// Runs what is due now, then what that leads to; the rest waits for the transaction's end.
    pub fn run(&mut self, cx: Ctx<'_>) -> Result<()> {
        while !self.tasks.is_empty() {
            for task in std::mem::take(&mut self.tasks) {
                if is_deferred(cx, &task)? {
                    defer(cx, task);
                } else {
                    run_task(cx, &task, self)?;
                }
            }
        }
        Ok(())
    }
}

fn is_deferred(cx: Ctx<'_>, task: &Task) -> Result<bool> {
    let (deferrable, initially, oid) = match task {
        // RESTRICT and actions are never deferred.
        Task::Foreign { key, .. } => match key.trigger {
            1644 | 1645 | 1654 | 1655 => (key.deferrable, key.initially_deferred, key.constraint.oid),
            _ => (false, false, Oid::INVALID),
        },
        Task::Unique { oid, .. } => match unique_constraint(cx, *oid)? {
            Some(row) => (row.condeferrable, row.condeferred, row.oid),
            None => (false, false, Oid::INVALID),
        },
    };
    if !deferrable {
        return Ok(false);
    }
    let modes = cx.session.extensions.borrow_mut().get::<ConstraintModes>().clone();
    Ok(modes.of(oid).unwrap_or(initially))
}

fn unique_constraint(cx: Ctx<'_>, index: Oid) -> Result<Option<PgConstraint>> {
    let catalog = cx.catalog();
    let entry = catalog.open_relation(index)?;
    let Some(row) = &entry.index else { return Ok(None) };
    let all = catalog.constraints(row.indrelid)?;
    Ok(all.into_iter().find(|c| c.conindid == index && matches!(c.contype, b'p' | b'u')).map(|c| c.row))
}

/// What SET CONSTRAINTS says in this transaction.
#[derive(Clone, Default, Debug)]
pub struct ConstraintModes {
    all: Option<bool>,
    single: Vec<(Oid, bool)>,
}

impl ConstraintModes {
    fn of(&self, constraint: Oid) -> Option<bool> {
        self.single.iter().find(|(oid, _)| *oid == constraint).map(|(_, deferred)| *deferred).or(self.all)
    }
}

/// SET CONSTRAINTS: `None` is ALL. What becomes immediate is checked at once.
pub fn set_constraints(cx: Ctx<'_>, constraints: Option<&[Oid]>, deferred: bool) -> Result<()> {
    {
        let mut extensions = cx.session.extensions.borrow_mut();
        let modes = extensions.get::<ConstraintModes>();
        match constraints {
            None => {
                modes.all = Some(deferred);
                modes.single.clear();
            }
            Some(list) => {
                modes.single.retain(|(oid, _)| !list.contains(oid));
                modes.single.extend(list.iter().map(|oid| (*oid, deferred)));
            }
        }
    }
    register(cx);
    if deferred { Ok(()) } else { run_deferred(cx, false) }
}

/// Deferred tasks of the transaction, with the depth of savepoints at which each was added.
#[derive(Default)]
struct Deferred {
    tasks: Vec<(usize, Task)>,
}

impl Task {
    /// The table whose change it is about.
    fn table(&self) -> Oid {
        match self {
            Task::Foreign { key, .. } if matches!(key.trigger, 1644 | 1645) => key.referencing.oid,
            Task::Foreign { key, .. } => key.referenced.oid,
            Task::Unique { entry, .. } => entry.oid,
        }
    }
}

/// True if checks of changes to the table wait for the transaction's end: its definition must not change under them.
pub fn has_pending_checks(cx: Ctx<'_>, table: Oid) -> bool {
    let mut extensions = cx.session.extensions.borrow_mut();
    extensions.get::<Deferred>().tasks.iter().any(|(_, task)| task.table() == table)
}

/// Runs deferred tasks before the commit.
struct Participant;

impl TransactionParticipant for Participant {
    fn before_commit(&mut self, cx: Ctx<'_>) -> Result<()> {
        run_deferred(cx, true)
    }

    fn savepoint_begun(&mut self, _depth: usize) {}

    fn savepoint_ended(&mut self, _depth: usize, _committed: bool) {}

    fn ended(&mut self, cx: Ctx<'_>, _committed: bool) -> Result<()> {
        let mut extensions = cx.session.extensions.borrow_mut();
        extensions.get::<Deferred>().tasks.clear();
        *extensions.get::<ConstraintModes>() = ConstraintModes::default();
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

fn register(cx: Ctx<'_>) {
    let mut participants = cx.session.participants.borrow_mut();
    if !participants.iter_mut().any(|p| p.as_any().is::<Participant>()) {
        participants.push(Box::new(Participant));
    }
}

fn defer(cx: Ctx<'_>, task: Task) {
    register(cx);
    let depth = cx.with_tx(|tx| tx.depth());
    cx.session.extensions.borrow_mut().get::<Deferred>().tasks.push((depth, task));
}

fn run_deferred(cx: Ctx<'_>, all: bool) -> Result<()> {
    loop {
        let tasks = std::mem::take(&mut cx.session.extensions.borrow_mut().get::<Deferred>().tasks);
        if tasks.is_empty() {
            return Ok(());
        }
        let mut kept = Vec::new();
        let (mut ran, mut due) = (false, Queue::default());
        for (depth, task) in tasks {
            if !all && is_deferred(cx, &task)? {
                kept.push((depth, task));
                continue;
            }
            ran = true;
            run_task(cx, &task, &mut due)?;
        }
        due.run(cx)?;
        let mut extensions = cx.session.extensions.borrow_mut();
        let queue = &mut extensions.get::<Deferred>().tasks;
        kept.append(queue);
        *queue = kept;
        if !ran || queue.is_empty() {
            return Ok(());
        }
    }
}

/// True if the version at `tid` itself is still there for this transaction.
fn is_latest(cx: Ctx<'_>, table: &access::Relation, tid: Tid) -> Result<bool> {
    let store = &cx.session.store;
    let live = cx.with_tx(|tx| table.am.liveness(&mut Access::new(store, tx), table, tid))?;
    Ok(match live {
        Liveness::Live(found) => found == tid,
        Liveness::InDoubt(_) => true,
        Liveness::Dead => false,
    })
}

/// True if the row that starts at `tid` is still there for this transaction.
fn is_live(cx: Ctx<'_>, table: &access::Relation, tid: Tid) -> Result<bool> {
    let store = &cx.session.store;
    let live = cx.with_tx(|tx| table.am.liveness(&mut Access::new(store, tx), table, tid))?;
    Ok(!matches!(live, Liveness::Dead))
}

/// Runs one task. What it leads to is added to `due`: all that the statement itself led to goes before it.
fn run_task(cx: Ctx<'_>, task: &Task, due: &mut Queue) -> Result<()> {
    // It sees what the task before it did.
    cx.next_command()?;
    match task {
        Task::Unique { entry, oid, index, table, keys, tid } => {
            if !is_live(cx, table, *tid)? {
                return Ok(());
            }
            let store = &cx.session.store;
            let found =
                cx.with_tx(|tx| index.am.find_duplicate(&mut Access::new(store, tx), (index, table), keys, *tid))?;
            match found {
                Some(_) => Err(crate::node::duplicate_key(cx, entry, *oid, keys)),
                None => Ok(()),
            }
        }
        Task::Foreign { key, new, old, tid } => {
            as_owner(cx, key, || match key.trigger {
                1644 | 1645 => check_referencing(cx, key, new, *tid, due),
                1654 | 1655 | 1648 | 1649 => check_referenced(cx, key, old, matches!(key.trigger, 1654 | 1655), due),
                1646 => act(cx, key, None, (old, &[]), due),
                1647 => {
                    let values: Vec<Datum> = key.key_of(new, false).into_iter().cloned().collect();
                    act(cx, key, Some(SetTo::Values), (old, &values), due)
                }
                1650 | 1651 => act(cx, key, Some(SetTo::Null), (old, &[]), due),
                _ => {
                    act(cx, key, Some(SetTo::Default), (old, &[]), due)?;
                    // The defaults must refer to something themselves.
                    check_referenced(cx, key, old, true, due)
                }
            })
        }
    }
}

/// Acts as the owner of the table that is looked at: users need no privileges for it.
fn as_owner(cx: Ctx<'_>, key: &ForeignKey, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let looks_at_referenced = matches!(key.trigger, 1644 | 1645);
    let owner = if looks_at_referenced { key.referenced.class.relowner } else { key.referencing.class.relowner };
    cx.act_as(owner, work)
}

fn qualified(cx: Ctx<'_>, entry: &RelationEntry) -> Result<String> {
    let schema = cx.catalog().namespace(entry.class.relnamespace)?.map_or_else(String::new, |r| r.nspname.clone());
    Ok(format!("{}.{}", quote(&schema), quote(entry.name())))
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn column_name(entry: &RelationEntry, attno: i16) -> String {
    quote(&entry.desc.attributes[attno as usize - 1].name)
}

fn operator_name(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    let row = cx.catalog().operator(oid)?.ok_or_else(|| Error::internal("missing operator of a foreign key"))?;
    let schema = cx.catalog().namespace(row.oprnamespace)?.map_or_else(String::new, |r| r.nspname.clone());
    Ok(format!("OPERATOR({}.{})", quote(&schema), row.oprname))
}

fn violation(cx: Ctx<'_>, key: &ForeignKey, keys: &[&Datum], from_referencing: bool) -> Error {
    let (table, other, list) = match from_referencing {
        true => (&key.referencing, &key.referenced, &key.constraint.conkey),
        false => (&key.referenced, &key.referencing, &key.constraint.confkey),
    };
    let names: Vec<String> =
        columns(list).iter().map(|c| table.desc.attributes[*c as usize - 1].name.clone()).collect();
    let values: Vec<String> = columns(list)
        .iter()
        .zip(keys)
        .map(|(c, v)| {
            let type_oid = table.desc.attributes[*c as usize - 1].type_oid;
            if v.is_null() { "null".to_owned() } else { crate::types::output_text(cx, type_oid, v).unwrap_or_default() }
        })
        .collect();
    let name = &key.constraint.conname;
    let (names, values) = (names.join(", "), values.join(", "));
    let schema = cx
        .catalog()
        .namespace(key.referencing.class.relnamespace)
        .ok()
        .flatten()
        .map_or_else(String::new, |r| r.nspname.clone());
    match from_referencing {
        true => error!(
            FOREIGN_KEY_VIOLATION,
            "insert or update on table \"{}\" violates foreign key constraint \"{name}\"",
            table.name()
        )
        .detail(format!("Key ({names})=({values}) is not present in table \"{}\".", other.name())),
        false => error!(
            FOREIGN_KEY_VIOLATION,
            "update or delete on table \"{}\" violates foreign key constraint \"{name}\" on table \"{}\"",
            table.name(),
            other.name()
        )
        .detail(format!("Key ({names})=({values}) is still referenced from table \"{}\".", other.name())),
    }
    .table(schema, key.referencing.name())
    .constraint(name.clone())
}

/// A new referencing row must refer to a row that is there; it is locked so that it stays.
fn check_referencing(cx: Ctx<'_>, key: &ForeignKey, new: &[Datum], tid: Tid, due: &mut Queue) -> Result<()> {
    // A version that was updated since has a check of its own.
    if let Some(table) = &key.referencing.table
        && !is_latest(cx, table, tid)?
    {
        return Ok(());
    }
    let keys = key.key_of(new, true);
    if keys.iter().any(|k| k.is_null()) {
        // MATCH FULL allows all or none.
        let name = &key.constraint.conname;
        return Err(error!(
            FOREIGN_KEY_VIOLATION,
            "insert or update on table \"{}\" violates foreign key constraint \"{name}\"",
            key.referencing.name()
        )
        .detail("MATCH FULL does not allow mixing of null and nonnull key values."));
    }
    let mut conditions = Vec::new();
    for (place, attno) in columns(&key.constraint.confkey).iter().enumerate() {
        let operator = operator_name(cx, key.constraint.conpfeqop.as_ref().map_or(Oid::INVALID, |o| o[place]))?;
        conditions.push(format!("{} {operator} ${}", column_name(&key.referenced, *attno), place + 1));
    }
    let sql = format!(
        "SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x",
        qualified(cx, &key.referenced)?,
        conditions.join(" AND ")
    );
    let types = columns(&key.constraint.conkey)
        .iter()
        .map(|c| key.referencing.desc.attributes[*c as usize - 1].type_oid)
        .collect();
    let values = keys.iter().map(|k| (*k).clone()).collect();
    match spi::run(cx, &sql, types, values, due)? {
        0 => Err(violation(cx, key, &keys, true)),
        _ => Ok(()),
    }
}

/// Conditions that select the rows that refer to a key: `$1`, `$2`, ...
fn referencing_conditions(cx: Ctx<'_>, key: &ForeignKey) -> Result<String> {
    let mut conditions = Vec::new();
    for (place, attno) in columns(&key.constraint.conkey).iter().enumerate() {
        let operator = operator_name(cx, key.constraint.conpfeqop.as_ref().map_or(Oid::INVALID, |o| o[place]))?;
        conditions.push(format!("${} {operator} {}", place + 1, column_name(&key.referencing, *attno)));
    }
    Ok(conditions.join(" AND "))
}

fn referenced_types(key: &ForeignKey) -> Vec<Oid> {
    columns(&key.constraint.confkey).iter().map(|c| key.referenced.desc.attributes[*c as usize - 1].type_oid).collect()
}

/// No row may refer to a key that is gone (NO ACTION: unless another row has it by now).
fn check_referenced(cx: Ctx<'_>, key: &ForeignKey, old: &[Datum], no_action: bool, due: &mut Queue) -> Result<()> {
    let keys = key.key_of(old, false);
    let values: Vec<Datum> = keys.iter().map(|k| (*k).clone()).collect();
    if no_action {
        let mut conditions = Vec::new();
        for (place, attno) in columns(&key.constraint.confkey).iter().enumerate() {
            let operator = operator_name(cx, key.constraint.conppeqop.as_ref().map_or(Oid::INVALID, |o| o[place]))?;
            conditions.push(format!("{} {operator} ${}", column_name(&key.referenced, *attno), place + 1));
        }
        let sql = format!(
            "SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x",
            qualified(cx, &key.referenced)?,
            conditions.join(" AND ")
        );
        if spi::run(cx, &sql, referenced_types(key), values.clone(), due)? > 0 {
            return Ok(());
        }
    }
    let sql = format!(
        "SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x",
        qualified(cx, &key.referencing)?,
        referencing_conditions(cx, key)?
    );
    match spi::run(cx, &sql, referenced_types(key), values, due)? {
        0 => Ok(()),
        _ => Err(violation(cx, key, &keys, false)),
    }
}

enum SetTo {
    Values,
    Null,
    Default,
}

/// CASCADE, SET NULL, SET DEFAULT. Without `set` the rows that refer to the old key are deleted; `new` are values for `Values`.
fn act(
    cx: Ctx<'_>,
    key: &ForeignKey,
    set: Option<SetTo>,
    (old, new): (&[Datum], &[Datum]),
    due: &mut Queue,
) -> Result<()> {
    let verb = if set.is_some() { "UPDATE ONLY" } else { "DELETE FROM ONLY" };
    let table = qualified(cx, &key.referencing)?;
    let all = columns(&key.constraint.conkey);
    let assigned: &[i16] = match (&set, &key.constraint.confdelsetcols) {
        (Some(SetTo::Null | SetTo::Default), Some(some)) if matches!(key.trigger, 1650 | 1652) => some,
        _ => all,
    };
    let count = all.len();
    let assignments = set.map(|set| {
        let list: Vec<String> = assigned
            .iter()
            .enumerate()
            .map(|(place, attno)| {
                let name = column_name(&key.referencing, *attno);
                match set {
                    SetTo::Values => format!("{name} = ${}", count + place + 1),
                    SetTo::Null => format!("{name} = NULL"),
                    SetTo::Default => format!("{name} = DEFAULT"),
                }
            })
            .collect();
        format!(" SET {}", list.join(", "))
    });
    let conditions = referencing_conditions(cx, key)?;
    let sql = format!("{verb} {table}{} WHERE {conditions}", assignments.unwrap_or_default());
    let mut types = referenced_types(key);
    let mut values: Vec<Datum> = key.key_of(old, false).into_iter().cloned().collect();
    if !new.is_empty() {
        types.extend(referenced_types(key));
        values.extend_from_slice(new);
    }
    spi::run(cx, &sql, types, values, due)?;
    cx.next_command()
}
