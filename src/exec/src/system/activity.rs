//! What others do: pg_stat_activity's sessions, who blocks whom, cancel and terminate, counters, and the views' sets.

use super::{functions, inet_or_null, or_null};
use base::{Oid, SessionId, Xid};
use builtins::FnCtx;
use instance::{ActivityRow, Ctx, SessionEntry, SessionKind};
use lock::LockTag;
use report::{Error, Result, Severity, SqlState, bail};
use std::sync::Arc;
use sync::Interrupt;
use tuple::{Datum, Repr};

functions! {
    pg_blocking_pids, pg_isolation_test_session_is_blocked, pg_cancel_backend, pg_terminate_backend,
}

/// A set of rows, all at once.
pub(super) type Rows = Result<Vec<Vec<Datum>>>;

/// Set-returning system functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[
    ("pg_stat_get_activity", pg_stat_get_activity),
    ("show_all_settings", show_all_settings),
    ("show_all_file_settings", show_all_file_settings),
    ("pg_listening_channels", pg_listening_channels),
    ("pg_lock_status", pg_lock_status),
    ("pg_prepared_statement", pg_prepared_statement),
    ("pg_prepared_xact", pg_prepared_xact),
    ("pg_stat_get_backend_idset", pg_stat_get_backend_idset),
    ("pg_cursor", pg_cursor),
    ("pg_stat_get_slru", super::cluster_statistics::pg_stat_get_slru),
];

fn list(element: Oid, repr: Repr, values: &[Datum]) -> Result<Datum> {
    builtins::array::build_list(element, repr, values)
}

fn pg_blocking_pids(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let blocking = cx.instance.store.locks.blocking_sessions(SessionId(args[0].as_i32()));
    let values: Vec<Datum> = blocking.iter().map(|session| Datum::Int4(session.0)).collect();
    list(Oid(23), Repr::Int4, &values)
}

/// True if the session waits for one of those given.
fn pg_isolation_test_session_is_blocked(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let blocking = cx.instance.store.locks.blocking_sessions(SessionId(args[0].as_i32()));
    let interesting = builtins::array::ArrayRef::of(&args[1]);
    let is_blocked = interesting.iter().any(|id| blocking.contains(&SessionId(id.as_i32())));
    Ok(Datum::Bool(is_blocked))
}

/// The session to be signalled, if the user may do that.
fn target(cx: Ctx<'_>, id: i32, verb: &str) -> Result<Option<Arc<SessionEntry>>> {
    let Some(entry) = cx.instance.sessions.find(SessionId(id)) else {
        let message = format!("PID {id} is not a PostgreSQL backend process");
        cx.session.notice(Error::with_severity(Severity::Warning, SqlState::WARNING, message));
        return Ok(None);
    };
    let user = entry.with_activity(|activity| activity.user);
    if cx.role_is_superuser(user)? && !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be a superuser to {verb} superuser process");
    }
    const SIGNAL_BACKEND: Oid = Oid(4200);
    let me = cx.session.current_user();
    if !cx.has_privileges_of(me, user)? && !cx.has_privileges_of(me, SIGNAL_BACKEND)? {
        let what = if verb == "terminate" { "process is being terminated" } else { "query is being canceled" };
        bail!(INSUFFICIENT_PRIVILEGE, "must be a member of the role whose {what} or member of pg_signal_backend");
    }
    Ok(Some(entry))
}

fn pg_cancel_backend(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(entry) = target(cx, args[0].as_i32(), "cancel")? else { return Ok(Datum::Bool(false)) };
    entry.cancel();
    Ok(Datum::Bool(true))
}

fn pg_terminate_backend(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(entry) = target(cx, args[0].as_i32(), "terminate")? else { return Ok(Datum::Bool(false)) };
    if entry.kind != SessionKind::Client {
        bail!(WRONG_OBJECT_TYPE, "PID {} is a role of the server, which cannot be terminated", entry.id);
    }
    entry.interrupts.raise(Interrupt::Terminate);
    Ok(Datum::Bool(true))
}

fn time(us: i64) -> Datum {
    if us == 0 { Datum::Null } else { Datum::Int8(us) }
}

fn oid(oid: Oid) -> Datum {
    if oid.is_valid() { Datum::Oid(oid) } else { Datum::Null }
}

fn xid(xid: Option<Xid>) -> Datum {
    xid.map_or(Datum::Null, |xid| Datum::Oid(Oid(xid.0 as u32)))
}

fn text(text: Option<&str>) -> Datum {
    text.map_or(Datum::Null, Datum::text)
}

fn pg_stat_get_activity(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Rows {
    let wanted = args.first().filter(|arg| !arg.is_null()).map(|arg| arg.as_i32());
    let rows = cx.instance.sessions.activity();
    let rows = rows.iter().filter(|row| wanted.is_none_or(|id| row.session.0 == id));
    rows.map(|row| activity_row(cx, row)).collect()
}

fn activity_row(cx: Ctx<'_>, row: &ActivityRow) -> Result<Vec<Datum>> {
    let a = &row.activity;
    let may_see = cx.has_privileges_of(cx.session.current_user(), a.user).unwrap_or(true);
    let query = match (row.kind, may_see) {
        (SessionKind::Client, true) => Datum::text(&a.query),
        (SessionKind::Client, false) => Datum::text("<insufficient privilege>"),
        _ => Datum::text(""),
    };
    let wait = a.wait;
    let mut values = vec![
        oid(a.database),
        Datum::Int4(row.session.0),
        oid(a.user),
        Datum::text(&a.application_name),
        text(a.state.as_str()),
        query,
        text(wait.map(|wait| wait.0)),
        text(wait.map(|wait| wait.1)),
        time(a.transaction_start_us),
        time(a.statement_start_us),
        time(a.session_start_us),
        time(a.state_change_us),
        inet_or_null(a.client_address),
        text(a.client_host.as_deref()),
        a.client_port.map_or(Datum::Null, Datum::Int4),
        xid(a.xid),
        Datum::Null,
        Datum::text(row.kind.as_str()),
        Datum::Bool(false),
    ];
    values.extend([Datum::Null, Datum::Null, Datum::Null, Datum::Null, Datum::Null, Datum::Null]);
    values.extend([Datum::Bool(false), Datum::Null, Datum::Bool(false), Datum::Null, Datum::Null]);
    Ok(values)
}

fn pg_stat_get_backend_idset(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let count = cx.instance.sessions.all().len() as i32;
    Ok((1..=count).map(|n| vec![Datum::Int4(n)]).collect())
}

fn show_all_settings(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let sees_all = super::sees_all_settings(cx)?;
    let rows = cx.setting(|settings| settings.rows(sees_all));
    rows.into_iter()
        .map(|row| {
            let choices = match &row.enumvals {
                Some(words) => list(Oid(25), Repr::Bytes, &words.iter().map(|w| Datum::text(w)).collect::<Vec<_>>())?,
                None => Datum::Null,
            };
            Ok(vec![
                Datum::from(row.name),
                Datum::from(row.setting),
                text(row.unit),
                Datum::from(row.category),
                Datum::text(row.short_desc),
                text(row.extra_desc),
                Datum::text(row.context),
                Datum::text(row.vartype),
                Datum::text(row.source),
                or_null(row.min_val),
                or_null(row.max_val),
                choices,
                or_null(row.boot_val),
                or_null(row.reset_val),
                or_null(row.sourcefile),
                row.sourceline.map_or(Datum::Null, Datum::Int4),
                Datum::Bool(row.pending_restart),
            ])
        })
        .collect()
}

fn show_all_file_settings(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let rows = cx.instance.settings.values().file_rows();
    let row = |row: config::FileRow| {
        vec![
            Datum::from(row.sourcefile),
            Datum::Int4(row.sourceline),
            Datum::Int4(row.seqno),
            or_null(row.name),
            or_null(row.setting),
            Datum::Bool(row.applied),
            or_null(row.error),
        ]
    };
    Ok(rows.into_iter().map(row).collect())
}

fn pg_cursor(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let cursors = cx.session.cursors.borrow();
    let row = |(name, cursor): (&String, &instance::Cursor)| {
        vec![
            Datum::text(name),
            Datum::text(&cursor.statement),
            Datum::Bool(cursor.is_holdable),
            Datum::Bool(cursor.is_binary),
            Datum::Bool(cursor.is_scrollable),
            Datum::Int8(cursor.made_us),
        ]
    };
    Ok(cursors.iter().map(row).collect())
}

fn pg_prepared_statement(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let prepared = cx.session.prepared.borrow();
    let named = prepared.values().filter(|statement| !statement.name.is_empty());
    named
        .map(|statement| {
            let types: Vec<Datum> = statement.parameter_types.iter().map(|oid| Datum::Oid(*oid)).collect();
            Ok(vec![
                Datum::text(&statement.name),
                Datum::text(&statement.text),
                Datum::Int8(statement.made_us),
                list(Oid(2206), Repr::Oid, &types)?,
                Datum::Bool(statement.from_sql),
                Datum::Int8(0),
                Datum::Int8(0),
            ])
        })
        .collect()
}

fn pg_prepared_xact(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    let row = |info: &xact::PreparedInfo| {
        vec![
            Datum::Oid(Oid(info.xid.0 as u32)),
            Datum::text(&info.identifier),
            Datum::Int8(info.prepared_us - instance::SQL_EPOCH_US),
            Datum::Oid(info.role),
            Datum::Oid(info.database),
        ]
    };
    Ok(cx.instance.transactions().prepared_transactions().iter().map(row).collect())
}

fn pg_listening_channels(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Vec<Vec<Datum>>> {
    let channels = cx.instance.notifications.channels(cx.session.entry.id);
    Ok(channels.iter().map(|channel| vec![Datum::text(channel)]).collect())
}

fn pg_lock_status(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    Ok(cx.instance.store.locks.status().iter().map(lock_row).collect())
}

/// A row of pg_locks: what is locked fills some of the first columns.
fn lock_row(status: &lock::LockStatus) -> Vec<Datum> {
    let mut row = vec![Datum::Null; 16];
    row[0] = Datum::text(status.tag.kind());
    describe_tag(&status.tag, &mut row);
    let (owner, local) = status.virtual_transaction;
    // A prepared transaction's locks are no session's.
    let is_prepared = status.session == SessionId(0);
    row[10] = Datum::from(if is_prepared { format!("-1/{local}") } else { format!("{owner}/{local}") });
    row[11] = if is_prepared { Datum::Null } else { Datum::Int4(status.session.0) };
    row[12] = Datum::from(status.mode.to_string());
    row[13] = Datum::Bool(status.granted);
    row[14] = Datum::Bool(status.fast_path);
    let since = status.wait_start.and_then(|start| start.duration_since(std::time::UNIX_EPOCH).ok());
    row[15] = since.map_or(Datum::Null, |since| Datum::Int8(since.as_micros() as i64 - instance::SQL_EPOCH_US));
    row
}

fn describe_tag(tag: &LockTag, row: &mut [Datum]) {
    match *tag {
        LockTag::Relation { database, relation } | LockTag::Extend { database, relation } => {
            (row[1], row[2]) = (Datum::Oid(database), Datum::Oid(relation));
        }
        LockTag::Page { database, relation, block } => {
            (row[1], row[2]) = (Datum::Oid(database), Datum::Oid(relation));
            row[3] = Datum::Int4(block.0 as i32);
        }
        LockTag::Tuple { database, relation, tid } => {
            (row[1], row[2]) = (Datum::Oid(database), Datum::Oid(relation));
            (row[3], row[4]) = (Datum::Int4(tid.block.0 as i32), Datum::Int2(tid.offset.0 as i16));
        }
        LockTag::Transaction(xid) => row[6] = Datum::Oid(Oid(xid.0 as u32)),
        LockTag::Virtual { owner, local } => row[5] = Datum::from(format!("{owner}/{local}")),
        LockTag::Object { database, class, object, part } => {
            (row[1], row[7]) = (Datum::Oid(database), Datum::Oid(class));
            (row[8], row[9]) = (Datum::Oid(object), Datum::Int2(part as i16));
        }
        LockTag::Advisory { database, key } => {
            row[1] = Datum::Oid(database);
            (row[7], row[8]) = (Datum::Oid(Oid((key >> 32) as u32)), Datum::Oid(Oid(key as u32)));
            row[9] = Datum::Int2(1);
        }
        LockTag::AdvisoryPair { database, first, second } => {
            row[1] = Datum::Oid(database);
            (row[7], row[8]) = (Datum::Oid(Oid(first as u32)), Datum::Oid(Oid(second as u32)));
            row[9] = Datum::Int2(2);
        }
    }
}
