//! Sequences: nextval, currval, lastval, setval.
//!
//! A sequence is one row in one page, changed in place under the page's exclusive lock, outside the transaction: what was drawn is
//! not given back. The log is told some values ahead, so that most draws need no record.

use super::functions;
use access::Access;
use base::Oid;
use builtins::FnCtx;
use catalog::rows::PgSequence;
use heap::{Change, LOG_AHEAD, MustLog, SequenceState, change_sequence};
use instance::privileges::{ObjectKind, Privileges, denied};
use instance::{Ctx, SequenceMemory};
use lock::{LockMode, LockScope, LockTag};
use report::{Result, bail, error};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::Datum;

functions! { nextval_oid, currval_oid, lastval, setval_oid, setval3_oid }

/// The next value of a sequence. `checks` says whether the right to use it is checked.
pub fn next_value(cx: Ctx<'_>, sequence: Oid, checks: bool) -> Result<i64> {
    let entry = open(cx, sequence)?;
    if checks {
        let user = cx.session.current_user();
        let may = cx.may_use_relation(user, &entry.class, Privileges::USAGE)?
            || cx.may_use_relation(user, &entry.class, Privileges::UPDATE)?;
        if !may {
            return Err(denied(ObjectKind::Sequence, entry.name()));
        }
    }
    refuse_read_only(cx, &entry, "nextval()")?;
    if let Some(value) = cached(cx, &entry) {
        return Ok(value);
    }
    draw(cx, &entry)
}

pub(super) fn open(cx: Ctx<'_>, sequence: Oid) -> Result<Arc<RelationEntry>> {
    let tag = LockTag::Relation { database: cx.session.database, relation: sequence };
    cx.session.locks.acquire(tag, LockMode::RowExclusive, LockScope::Transaction)?;
    let Some(entry) = cx.catalog().relation(sequence)? else {
        bail!(UNDEFINED_TABLE, "could not open relation with OID {sequence}");
    };
    match entry.kind() {
        b'S' => Ok(entry),
        _ => Err(error!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", entry.name())),
    }
}

/// Temporary sequences may be used in read-only transactions too.
fn refuse_read_only(cx: Ctx<'_>, entry: &RelationEntry, what: &str) -> Result<()> {
    match cx.session.is_read_only.get() && entry.class.relpersistence != b't' {
        true => Err(error!(READ_ONLY_SQL_TRANSACTION, "cannot execute {what} in a read-only transaction")),
        false => Ok(()),
    }
}

fn file_number(entry: &RelationEntry) -> u32 {
    entry.file.map_or(0, |file| file.number)
}

/// A value that the session drew ahead.
fn cached(cx: Ctx<'_>, entry: &RelationEntry) -> Option<i64> {
    let mut memory = cx.session.sequences.borrow_mut();
    let known = memory.get_mut(&entry.oid).filter(|known| known.file_number == file_number(entry))?;
    let (next, last) = known.cached?;
    known.cached = (next != last).then(|| (next + known.increment, last));
    known.last = next;
    cx.session.last_sequence.set(Some(entry.oid));
    Some(next)
}

pub(super) fn parameters(cx: Ctx<'_>, entry: &RelationEntry) -> Result<PgSequence> {
    let row = cx.catalog().sequence(entry.oid)?;
    row.map(|row| row.row.clone())
        .ok_or_else(|| error!(INTERNAL_ERROR, "cache lookup failed for sequence {}", entry.oid))
}

/// Draws from the sequence: one value, and as many further ones as its cache says.
fn draw(cx: Ctx<'_>, entry: &RelationEntry) -> Result<i64> {
    let p = parameters(cx, entry)?;
    let (first, last) = change(cx, entry, |state, must_log| {
        let (first, last) = advance(&p, state).map_err(|limit| exhausted(entry, &p, limit))?;
        Ok((log_ahead(&p, state, last, must_log), (first, last)))
    })?;
    let memory = SequenceMemory {
        last: first,
        cached: (first != last).then(|| (first + p.seqincrement, last)),
        increment: p.seqincrement,
        file_number: file_number(entry),
    };
    cx.session.sequences.borrow_mut().insert(entry.oid, memory);
    cx.session.last_sequence.set(Some(entry.oid));
    Ok(first)
}

/// Which bound a sequence has reached.
#[derive(Clone, Copy)]
enum Limit {
    Max,
    Min,
}

fn exhausted(entry: &RelationEntry, p: &PgSequence, limit: Limit) -> report::Error {
    let name = entry.name();
    match limit {
        Limit::Max => error!(
            SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
            "nextval: reached maximum value of sequence \"{name}\" ({})", p.seqmax
        ),
        Limit::Min => error!(
            SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
            "nextval: reached minimum value of sequence \"{name}\" ({})", p.seqmin
        ),
    }
}

/// The first and last value of the next draw, which is as large as the cache.
fn advance(p: &PgSequence, state: SequenceState) -> Result<(i64, i64), Limit> {
    let first = if state.is_called { step(p, state.last_value)? } else { state.last_value };
    let mut last = first;
    for _ in 1..p.seqcache {
        match step_without_cycle(p, last) {
            Some(next) => last = next,
            None => break,
        }
    }
    Ok((first, last))
}

/// What a draw makes of the row: a record that promises more values, unless the log knows of enough.
fn log_ahead(p: &PgSequence, state: SequenceState, last: i64, MustLog(must_log): MustLog) -> Change {
    let left = state.log_count - p.seqcache;
    if !must_log && state.is_called && left >= 0 {
        return Change::Promised(SequenceState { last_value: last, log_count: left, is_called: true });
    }
    let (mut promised, mut count) = (last, 0);
    while count < LOG_AHEAD
        && let Some(next) = step_without_cycle(p, promised)
    {
        promised = next;
        count += 1;
    }
    let state = |last_value, log_count| SequenceState { last_value, log_count, is_called: true };
    Change::Logged { now: state(last, count), logged: state(promised, 0) }
}

fn step_without_cycle(p: &PgSequence, value: i64) -> Option<i64> {
    value.checked_add(p.seqincrement).filter(|next| (p.seqmin..=p.seqmax).contains(next))
}

fn step(p: &PgSequence, value: i64) -> Result<i64, Limit> {
    match (step_without_cycle(p, value), p.seqincrement > 0) {
        (Some(next), _) => Ok(next),
        (None, true) if p.seqcycle => Ok(p.seqmin),
        (None, false) if p.seqcycle => Ok(p.seqmax),
        (None, true) => Err(Limit::Max),
        (None, false) => Err(Limit::Min),
    }
}

/// Changes the row in place.
fn change<T>(
    cx: Ctx<'_>,
    entry: &RelationEntry,
    step: impl FnOnce(SequenceState, MustLog) -> Result<(Change, T)>,
) -> Result<T> {
    let Some(relation) = &entry.table else { bail!(INTERNAL_ERROR, "sequence {} has no file", entry.oid) };
    let store = &cx.session.store;
    cx.with_tx(|tx| change_sequence(&mut Access::new(store, tx), relation, step))
}

fn nextval_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    next_value(cx, args[0].as_oid(), true).map(Datum::Int8)
}

fn currval_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let entry = open(cx, args[0].as_oid())?;
    may_read(cx, &entry)?;
    let known = cx.session.sequences.borrow().get(&entry.oid).copied();
    match known {
        Some(known) => Ok(Datum::Int8(known.last)),
        None => Err(error!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "currval of sequence \"{}\" is not yet defined in this session",
            entry.name()
        )),
    }
}

/// What was last taken from a sequence is told to whom may use or read it.
fn may_read(cx: Ctx<'_>, entry: &RelationEntry) -> Result<()> {
    let user = cx.session.current_user();
    match cx.may_use_relation(user, &entry.class, Privileges::USAGE)?
        || cx.may_use_relation(user, &entry.class, Privileges::SELECT)?
    {
        true => Ok(()),
        false => Err(denied(ObjectKind::Sequence, entry.name())),
    }
}

fn lastval(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let last = cx.session.last_sequence.get();
    // It may have been dropped since.
    let entry = last.map_or(Ok(None), |oid| cx.catalog().relation(oid))?;
    let known = entry.as_ref().and_then(|entry| cx.session.sequences.borrow().get(&entry.oid).copied());
    match (entry, known) {
        (Some(entry), Some(known)) => {
            may_read(cx, &entry)?;
            Ok(Datum::Int8(known.last))
        }
        _ => bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session"),
    }
}

fn set(cx: Ctx<'_>, sequence: Oid, value: i64, is_called: bool) -> Result<Datum> {
    let entry = open(cx, sequence)?;
    if !cx.may_use_relation(cx.session.current_user(), &entry.class, Privileges::UPDATE)? {
        return Err(denied(ObjectKind::Sequence, entry.name()));
    }
    refuse_read_only(cx, &entry, "setval()")?;
    let p = parameters(cx, &entry)?;
    if !(p.seqmin..=p.seqmax).contains(&value) {
        let name = entry.name();
        let (min, max) = (p.seqmin, p.seqmax);
        bail!(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "setval: value {value} is out of bounds for sequence \"{name}\" ({min}..{max})"
        );
    }
    let state = SequenceState { last_value: value, log_count: 0, is_called };
    change(cx, &entry, |_, _| Ok((Change::Logged { now: state, logged: state }, ())))?;
    let memory =
        SequenceMemory { last: value, cached: None, increment: p.seqincrement, file_number: file_number(&entry) };
    if is_called {
        cx.session.sequences.borrow_mut().insert(entry.oid, memory);
        cx.session.last_sequence.set(Some(entry.oid));
    } else {
        cx.session.sequences.borrow_mut().remove(&entry.oid);
    }
    Ok(Datum::Int8(value))
}

fn setval_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    set(cx, args[0].as_oid(), args[1].as_i64(), true)
}

fn setval3_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    set(cx, args[0].as_oid(), args[1].as_i64(), args[2].as_bool())
}
