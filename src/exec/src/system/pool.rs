//! The thread pool: what it does, and databases whose new transactions are held back.

use super::session::void;
use super::{SystemSet, functions};
use base::Oid;
use builtins::FnCtx;
use instance::{Ctx, PoolLink, PoolSession};
use memory::Account;
use report::{Result, bail};
use std::sync::Arc;
use std::time::Duration;
use sync::WaitKind;
use threads::GroupStatus;
use tuple::Datum;

functions! {
    pool_pause, pool_resume, pool_drain,
}

pub(super) const SETS: &[(&str, SystemSet)] =
    &[("pg_stat_get_pool_groups", pg_stat_get_pool_groups), ("pg_stat_get_pool_sessions", pg_stat_get_pool_sessions)];

/// The pause between two looks at transactions that are waited for.
const LOOK: Duration = Duration::from_millis(5);

/// Errors: 55000, there is no pool.
fn pool(cx: Ctx<'_>) -> Result<Arc<dyn PoolLink>> {
    let Some(pool) = cx.instance.server.pool() else {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "sessions are not served by a thread pool")
    };
    Ok(pool)
}

/// Errors: also 3D000, there is no such database.
fn pool_and_database(cx: Ctx<'_>, args: &[Datum]) -> Result<(Arc<dyn PoolLink>, Oid)> {
    let (pool, name) = (pool(cx)?, args[0].as_str());
    match cx.catalog_of(Oid::INVALID).database_by_name(name)? {
        Some(database) => Ok((pool, database.oid)),
        None => bail!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"),
    }
}

/// New transactions wait; those under way go on.
fn pool_pause(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (pool, database) = pool_and_database(cx, args)?;
    pool.pause(database, true);
    Ok(void())
}

fn pool_resume(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (pool, database) = pool_and_database(cx, args)?;
    pool.pause(database, false);
    Ok(void())
}

/// Pauses, and waits until the transactions of others have ended.
fn pool_drain(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (pool, database) = pool_and_database(cx, args)?;
    pool.pause(database, true);
    let own = cx.session.entry.id;
    let is_at_work = |session: &PoolSession| {
        session.database == database
            && session.session != Some(own)
            && (session.in_transaction || session.state == "serving")
    };
    while pool.sessions().iter().any(is_at_work) {
        cx.check_interrupts()?;
        cx.session.locks.sleep(WaitKind::Timeout("PoolDrain"), Some(LOOK));
    }
    Ok(void())
}

fn number(count: usize) -> Datum {
    Datum::Int4(i32::try_from(count).unwrap_or(i32::MAX))
}

fn pg_stat_get_pool_groups(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Vec<Vec<Datum>>> {
    let groups = cx.instance.server.pool().map(|pool| pool.groups()).unwrap_or_default();
    let row = |group: GroupStatus| {
        [
            group.group,
            group.size,
            group.workers,
            group.serving,
            group.listening,
            group.waiting,
            group.idle,
            group.long,
            group.sessions,
            group.queued,
        ]
        .map(number)
        .to_vec()
    };
    Ok(groups.into_iter().map(row).collect())
}

fn pg_stat_get_pool_sessions(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Vec<Vec<Datum>>> {
    let Some(pool) = cx.instance.server.pool() else { return Ok(Vec::new()) };
    let paused = pool.paused();
    cx.session.entry.memory.publish();
    let memory = |of: fn(&Account) -> u64, session: &PoolSession| {
        let entry = session.session.and_then(|id| cx.instance.sessions.find(id));
        entry.map_or(Datum::Null, |entry| Datum::Int8(i64::try_from(of(&entry.memory)).unwrap_or(i64::MAX)))
    };
    let row = |session: PoolSession| {
        let is_held_back = session.state == "queued" && !session.in_transaction && paused.contains(&session.database);
        vec![
            session.session.map_or(Datum::Null, |id| Datum::Int4(id.0)),
            number(session.group),
            Datum::text(if is_held_back { "paused" } else { session.state }),
            Datum::Bool(session.in_transaction),
            session.position.map_or(Datum::Null, number),
            session.queued.map_or(Datum::Null, |queued| Datum::Float8(queued.as_secs_f64() * 1e3)),
            memory(Account::held_bytes, &session),
            memory(Account::peak_bytes, &session),
        ]
    };
    Ok(pool.sessions().into_iter().map(row).collect())
}
