//! Advisory locks.

use super::functions;
use super::session::void;
use builtins::FnCtx;
use instance::Ctx;
use lock::{LockMode, LockScope, LockTag};
use report::{Error, Result, Severity, SqlState};
use tuple::Datum;

functions! {
    pg_advisory_lock_int8 = lock, pg_advisory_lock_int4 = lock,
    pg_advisory_lock_shared_int8 = lock_shared, pg_advisory_lock_shared_int4 = lock_shared,
    pg_advisory_xact_lock_int8 = lock_xact, pg_advisory_xact_lock_int4 = lock_xact,
    pg_advisory_xact_lock_shared_int8 = lock_xact_shared, pg_advisory_xact_lock_shared_int4 = lock_xact_shared,
    pg_try_advisory_lock_int8 = try_lock, pg_try_advisory_lock_int4 = try_lock,
    pg_try_advisory_lock_shared_int8 = try_lock_shared, pg_try_advisory_lock_shared_int4 = try_lock_shared,
    pg_try_advisory_xact_lock_int8 = try_lock_xact, pg_try_advisory_xact_lock_int4 = try_lock_xact,
    pg_try_advisory_xact_lock_shared_int8 = try_lock_xact_shared,
    pg_try_advisory_xact_lock_shared_int4 = try_lock_xact_shared,
    pg_advisory_unlock_int8 = unlock, pg_advisory_unlock_int4 = unlock,
    pg_advisory_unlock_shared_int8 = unlock_shared, pg_advisory_unlock_shared_int4 = unlock_shared,
    pg_advisory_unlock_all = unlock_all,
}

/// One int8, or two int4, name a lock.
fn tag(cx: Ctx<'_>, args: &[Datum]) -> LockTag {
    let database = cx.session.database;
    match args {
        [Datum::Int8(key)] => LockTag::Advisory { database, key: *key },
        [first, second] => LockTag::AdvisoryPair { database, first: first.as_i32(), second: second.as_i32() },
        _ => unreachable!("advisory locks have one or two keys"),
    }
}

fn acquire(cx: Ctx<'_>, args: &[Datum], mode: LockMode, scope: LockScope) -> Result<Datum> {
    cx.session.locks.acquire(tag(cx, args), mode, scope)?;
    Ok(void())
}

fn try_acquire(cx: Ctx<'_>, args: &[Datum], mode: LockMode, scope: LockScope) -> Result<Datum> {
    Ok(Datum::Bool(cx.session.locks.try_acquire(tag(cx, args), mode, scope)?.is_some()))
}

fn release(cx: Ctx<'_>, args: &[Datum], mode: LockMode) -> Result<Datum> {
    let released = cx.session.locks.release(tag(cx, args), mode, LockScope::Session);
    if !released {
        let message = format!("you don't own a lock of type {mode}");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::WARNING, message));
    }
    Ok(Datum::Bool(released))
}

fn lock(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    acquire(cx, args, LockMode::Exclusive, LockScope::Session)
}

fn lock_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    acquire(cx, args, LockMode::Share, LockScope::Session)
}

fn lock_xact(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    acquire(cx, args, LockMode::Exclusive, LockScope::Transaction)
}

fn lock_xact_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    acquire(cx, args, LockMode::Share, LockScope::Transaction)
}

fn try_lock(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    try_acquire(cx, args, LockMode::Exclusive, LockScope::Session)
}

fn try_lock_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    try_acquire(cx, args, LockMode::Share, LockScope::Session)
}

fn try_lock_xact(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    try_acquire(cx, args, LockMode::Exclusive, LockScope::Transaction)
}

fn try_lock_xact_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    try_acquire(cx, args, LockMode::Share, LockScope::Transaction)
}

fn unlock(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    release(cx, args, LockMode::Exclusive)
}

fn unlock_shared(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    release(cx, args, LockMode::Share)
}

fn unlock_all(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    cx.session.locks.release_session_advisory();
    Ok(void())
}
