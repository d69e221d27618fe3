//! Single columns of pg_stat_activity, by a session's place in the list: pg_stat_get_backend_*.

use super::functions;
use super::statistics::moment;
use builtins::FnCtx;
use instance::{ActivityRow, Ctx};
use report::Result;
use tuple::Datum;

functions! {
    pg_stat_get_backend_pid, pg_stat_get_backend_dbid, pg_stat_get_backend_userid, pg_stat_get_backend_activity,
    pg_stat_get_backend_activity_start, pg_stat_get_backend_xact_start, pg_stat_get_backend_start,
    pg_stat_get_backend_client_addr, pg_stat_get_backend_client_port, pg_stat_get_backend_wait_event,
    pg_stat_get_backend_wait_event_type,
}

/// The session with this place in `pg_stat_get_backend_idset`.
fn backend(cx: Ctx<'_>, args: &[Datum]) -> Option<ActivityRow> {
    let place = usize::try_from(args[0].as_i32()).ok()?.checked_sub(1)?;
    cx.instance.sessions.activity().into_iter().nth(place)
}

/// Functions that show something of a session: null if there is none.
macro_rules! of_backend {
    ($($name:ident = |$row:ident| $value:expr;)*) => {
        $(fn $name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
            Ok(backend(cx, args).map_or(Datum::Null, |$row| $value))
        })*
    };
}

of_backend! {
    pg_stat_get_backend_pid = |row| Datum::Int4(row.session.0);
    pg_stat_get_backend_dbid = |row| Datum::Oid(row.activity.database);
    pg_stat_get_backend_userid = |row| Datum::Oid(row.activity.user);
    pg_stat_get_backend_activity_start = |row| moment(row.activity.statement_start_us);
    pg_stat_get_backend_xact_start = |row| moment(row.activity.transaction_start_us);
    pg_stat_get_backend_start = |row| moment(row.activity.session_start_us);
    pg_stat_get_backend_client_addr = |row| super::inet_or_null(row.activity.client_address);
    pg_stat_get_backend_client_port = |row| row.activity.client_port.map_or(Datum::Null, Datum::Int4);
    pg_stat_get_backend_wait_event_type = |row| row.activity.wait.map_or(Datum::Null, |wait| Datum::text(wait.0));
    pg_stat_get_backend_wait_event = |row| row.activity.wait.map_or(Datum::Null, |wait| Datum::text(wait.1));
}

fn pg_stat_get_backend_activity(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(row) = backend(cx, args) else { return Ok(Datum::text("<backend information not available>")) };
    let may_see = cx.has_privileges_of(cx.session.current_user(), row.activity.user)?;
    Ok(Datum::text(if may_see { &row.activity.query } else { "<insufficient privilege>" }))
}
