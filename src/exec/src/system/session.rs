//! Who and where the session is, its settings, its transaction.

use super::{functions, name_datum};
use analyze::expr::SqlValueFunctionOp;
use base::Oid;
use builtins::{FnCtx, FormatSettings};
use config::{Change, Setting};
use host::{OpenMode, OpenOptions};
use instance::Ctx;
use report::{Error, Result, bail, error};
use std::path::Path;
use std::time::Duration;
use sync::WaitKind;
use tuple::Datum;

functions! {
    pg_notify,
    current_database, current_query, current_schema, current_schemas, current_user, session_user, pgsql_version,
    pg_backend_pid, pg_my_temp_schema, pg_is_other_temp_schema, set_config_by_name, show_config_by_name,
    show_config_by_name_missing_ok, pg_is_in_recovery, pg_postmaster_start_time, pg_conf_load_time, pg_reload_conf,
    pg_rotate_logfile, pg_rotate_logfile_v2, pg_current_logfile, pg_current_logfile_1arg, pg_sleep, pg_current_xact_id, pg_current_xact_id_if_assigned,
    inet_client_addr, inet_client_port, inet_server_addr, inet_server_port, pg_trigger_depth, row_security_active,
    row_security_active_name, pg_notification_queue_usage, pg_current_wal_lsn, pg_current_wal_insert_lsn,
    pg_current_wal_flush_lsn, pg_switch_wal, xid_age, pg_xact_status,
}

/// The parameterless functions of the standard: CURRENT_DATE, CURRENT_USER and their kin.
pub fn sql_value(cx: Ctx<'_>, format: &FormatSettings, op: SqlValueFunctionOp, type_mod: i32) -> Result<Datum> {
    use SqlValueFunctionOp as Op;
    let now = cx.session.transaction_start_us.get();
    match op {
        Op::CurrentRole | Op::CurrentUser | Op::User => Ok(name_datum(&cx.role_name(cx.session.current_user())?)),
        Op::SessionUser => Ok(name_datum(&cx.role_name(cx.session.users.get().session)?)),
        Op::CurrentCatalog => Ok(name_datum(&cx.session.database_name)),
        Op::CurrentSchema => creation_schema(cx),
        Op::CurrentTimestamp | Op::CurrentTimestampN => Ok(Datum::Int8(round_us(now, type_mod))),
        Op::LocalTimestamp | Op::LocalTimestampN => Ok(Datum::Int8(round_us(local_us(format, now), type_mod))),
        Op::CurrentDate => Ok(Datum::Int4(local_us(format, now).div_euclid(DAY_US) as i32)),
        Op::LocalTime | Op::LocalTimeN => Ok(Datum::Int8(round_us(local_us(format, now).rem_euclid(DAY_US), type_mod))),
        Op::CurrentTime | Op::CurrentTimeN => {
            let local = local_us(format, now);
            let west_s = ((now - local) / 1_000_000) as i32;
            let time = round_us(local.rem_euclid(DAY_US), type_mod);
            let bytes = [&time.to_le_bytes()[..], &west_s.to_le_bytes()].concat();
            Ok(Datum::bytes(&bytes))
        }
    }
}

const DAY_US: i64 = 86_400 * 1_000_000;

/// Rounds to so many digits of a second; -1 for all.
fn round_us(us: i64, digits: i32) -> i64 {
    match u32::try_from(digits) {
        Ok(digits) if digits < 6 => {
            let unit = 10i64.pow(6 - digits);
            (us + unit / 2).div_euclid(unit) * unit
        }
        _ => us,
    }
}

/// A moment on the clock of the session's time zone.
fn local_us(format: &FormatSettings, us: i64) -> i64 {
    let unix_us = us + instance::SQL_EPOCH_US;
    match jiff::Timestamp::from_microsecond(unix_us) {
        Ok(moment) => us + i64::from(format.time_zone.to_offset(moment).seconds()) * 1_000_000,
        Err(_) => us,
    }
}

fn current_database(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(name_datum(&cx.session.database_name))
}

fn current_query(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(cx.session.entry.with_activity(|activity| Datum::text(&activity.query)))
}

fn creation_schema(cx: Ctx<'_>) -> Result<Datum> {
    let row = cx.catalog().namespace(cx.search_path()?.creation)?;
    Ok(row.map_or(Datum::Null, |row| name_datum(&row.nspname)))
}

fn current_schema(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    creation_schema(cx)
}

fn current_schemas(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let path = cx.search_path()?;
    let namespaces = if args[0].as_bool() { &path.namespaces } else { &path.explicit };
    let mut names = Vec::new();
    for oid in namespaces.iter() {
        if let Some(row) = cx.catalog().namespace(*oid)? {
            names.push(name_datum(&row.nspname));
        }
    }
    builtins::array::build_list(Oid(19), tuple::Repr::Bytes, &names)
}

fn current_user(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(name_datum(&cx.role_name(cx.session.current_user())?))
}

fn session_user(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(name_datum(&cx.role_name(cx.session.users.get().session)?))
}

fn pgsql_version(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let bits = usize::BITS;
    Ok(Datum::from(format!("PostgreSQL {} on {arch}-{os}, compiled by rustc, {bits}-bit", config::SERVER_VERSION)))
}

fn pg_backend_pid(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int4(cx.session.entry.id.0))
}

fn pg_my_temp_schema(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Oid(cx.session.temp_namespace.get()))
}

fn pg_is_other_temp_schema(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let row = cx.catalog().namespace(args[0].as_oid())?;
    let is_temp =
        row.is_some_and(|row| row.nspname.starts_with("pg_temp_") || row.nspname.starts_with("pg_toast_temp_"));
    Ok(Datum::Bool(is_temp && args[0].as_oid() != cx.session.temp_namespace.get()))
}

fn pg_notify(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = |datum: &Datum| if datum.is_null() { String::new() } else { datum.as_str().to_owned() };
    cx.notify(&text(&args[0]), &text(&args[1]))?;
    Ok(Datum::text(""))
}

fn pg_notification_queue_usage(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Float8(cx.instance.notifications.usage()))
}

fn set_config_by_name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if args[0].is_null() {
        bail!(NULL_VALUE_NOT_ALLOWED, "SET requires parameter name");
    }
    let is_superuser = cx.session.is_superuser();
    let change = if args[2].is_true() { Change::local(is_superuser) } else { Change::set(is_superuser) };
    let value = (!args[1].is_null()).then(|| args[1].as_str());
    let name = args[0].as_str();
    match name.to_ascii_lowercase().as_str() {
        "role" => cx.set_role(value, change)?,
        "session_authorization" => cx.set_session_authorization(value, change)?,
        _ => cx.session.settings.borrow_mut().set(name, value, change)?,
    }
    cx.refresh_settings();
    Ok(Datum::from(cx.setting(|s| s.show_name(name))?))
}

fn show_config_by_name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(Datum::from(setting_text(cx, args[0].as_str())?))
}

/// True if the user sees settings that are not for everybody.
pub fn sees_all_settings(cx: Ctx<'_>) -> Result<bool> {
    const READ_ALL_SETTINGS: Oid = Oid(3374);
    cx.has_privileges_of(cx.session.current_user(), READ_ALL_SETTINGS)
}

/// A setting as SHOW prints it; those that mirror the transaction are read from there.
///
/// Errors: 42704 if there is none of this name; 42501 if it is not for this user.
pub fn setting_text(cx: Ctx<'_>, name: &str) -> Result<String> {
    if let Some(setting) = Setting::by_name(name).filter(|setting| setting.is_secret())
        && !sees_all_settings(cx)?
    {
        let who = "must be superuser or have privileges of pg_read_all_settings";
        bail!(INSUFFICIENT_PRIVILEGE, "{who} to examine \"{}\"", setting.name());
    }
    match name.to_ascii_lowercase().as_str() {
        "transaction_isolation" => Ok(match cx.with_tx(|tx| tx.isolation()) {
            xact::Isolation::ReadCommitted => "read committed".to_owned(),
            xact::Isolation::RepeatableRead => "repeatable read".to_owned(),
        }),
        "transaction_read_only" => Ok((if cx.session.is_read_only.get() { "on" } else { "off" }).to_owned()),
        _ => cx.setting(|s| s.show_name(name)),
    }
}

fn show_config_by_name_missing_ok(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match setting_text(cx, args[0].as_str()) {
        Ok(text) => Ok(Datum::from(text)),
        Err(error) if args[1].is_true() && error.code() == report::SqlState::UNDEFINED_OBJECT => Ok(Datum::Null),
        Err(error) => Err(error),
    }
}

fn pg_is_in_recovery(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(false))
}

fn pg_postmaster_start_time(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.instance.start_us))
}

fn pg_conf_load_time(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.instance.start_us))
}

fn require_superuser(cx: Ctx<'_>, what: &str) -> Result<()> {
    match cx.session.is_superuser() {
        true => Ok(()),
        false => Err(error!(INSUFFICIENT_PRIVILEGE, "permission denied for function {what}")),
    }
}

fn pg_reload_conf(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    require_superuser(cx, "pg_reload_conf")?;
    cx.instance.server.reload();
    Ok(Datum::Bool(true))
}

fn pg_rotate_logfile(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    require_superuser(cx, "pg_rotate_logfile")?;
    Ok(Datum::Bool(cx.instance.server.rotate_log()))
}

fn pg_rotate_logfile_v2(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    pg_rotate_logfile(cx, fx, args)
}

fn pg_current_logfile(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    current_logfile(cx, None)
}

/// The log file of one form: `stderr`, `csvlog` or `jsonlog`.
fn pg_current_logfile_1arg(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    if args[0].is_null() {
        return current_logfile(cx, None);
    }
    let form = args[0].as_str();
    if !["stderr", "csvlog", "jsonlog"].contains(&form) {
        let error = error!(INVALID_PARAMETER_VALUE, "log format \"{form}\" is not supported");
        return Err(error.hint("The supported log formats are \"stderr\", \"csvlog\", and \"jsonlog\"."));
    }
    current_logfile(cx, Some(form))
}

/// The file of this form, or the first, in the list that the syslogger keeps; null if it keeps none.
fn current_logfile(cx: Ctx<'_>, form: Option<&str>) -> Result<Datum> {
    let failed = |error: std::io::Error| Error::io("read file \"current_logfiles\"", &error);
    let file = match cx.instance.host.disk.open(Path::new("current_logfiles"), OpenOptions::new(OpenMode::Read)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Datum::Null),
        file => file.map_err(failed)?,
    };
    let mut bytes = vec![0; file.len().map_err(failed)? as usize];
    let read = file.read_at(&mut bytes, 0).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes[..read]);
    let found = text.lines().filter_map(|line| line.split_once(' ')).find(|(kind, _)| form.is_none_or(|f| f == *kind));
    Ok(found.map_or(Datum::Null, |(_, path)| Datum::text(path)))
}

/// Sleeps until its time is over or the statement is ended.
fn pg_sleep(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    pause(cx, args[0].as_f64())
}

/// Sleeps, until it is interrupted.
pub(super) fn pause(cx: Ctx<'_>, seconds: f64) -> Result<Datum> {
    if seconds.is_nan() || seconds <= 0.0 {
        return Ok(void());
    }
    let end = cx.now_us().saturating_add((seconds * 1e6).min(i64::MAX as f64 / 2.0) as i64);
    loop {
        cx.check_interrupts()?;
        let left = end - cx.now_us();
        if left <= 0 {
            return Ok(void());
        }
        cx.session.entry.interrupts.latch().clear();
        cx.check_interrupts()?;
        cx.session.locks.sleep(WaitKind::Timeout("PgSleep"), Some(Duration::from_micros(left as u64)));
    }
}

/// The value of functions that return void.
pub(super) fn void() -> Datum {
    Datum::text("")
}

fn pg_current_xact_id(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.with_tx(|tx| tx.xid())?.0 as i64))
}

fn pg_current_xact_id_if_assigned(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(cx.with_tx(|tx| tx.top_xid()).map_or(Datum::Null, |xid| Datum::Int8(xid.0 as i64)))
}

fn pg_xact_status(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let xid = base::Xid(args[0].as_i64() as u64);
    if xid >= cx.instance.transactions().next_xid() {
        bail!(INVALID_PARAMETER_VALUE, "transaction ID {xid} is in the future");
    }
    Ok(match cx.instance.transactions().status(xid)? {
        xact::XidStatus::Committed(_) => Datum::text("committed"),
        xact::XidStatus::Aborted => Datum::text("aborted"),
        _ => Datum::text("in progress"),
    })
}

fn inet_client_addr(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(super::inet_or_null(cx.session.entry.with_activity(|activity| activity.client_address)))
}

fn inet_client_port(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    let port = cx.session.entry.with_activity(|activity| activity.client_address.and(activity.client_port));
    Ok(port.map_or(Datum::Null, Datum::Int4))
}

fn inet_server_addr(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(super::inet_or_null(cx.session.server_address.map(|address| address.ip())))
}

fn inet_server_port(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(cx.session.server_address.map_or(Datum::Null, |address| Datum::Int4(i32::from(address.port()))))
}

fn pg_trigger_depth(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int4(0))
}

fn row_security_active(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(false))
}

fn row_security_active_name(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Bool(false))
}

fn pg_current_wal_lsn(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.instance.store.wal.written().0 as i64))
}

fn pg_current_wal_insert_lsn(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.instance.store.wal.inserted().0 as i64))
}

fn pg_current_wal_flush_lsn(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int8(cx.instance.store.wal.flushed().0 as i64))
}

fn pg_switch_wal(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    require_superuser(cx, "pg_switch_wal")?;
    Ok(Datum::Int8(cx.instance.store.wal.switch_segment()?.0 as i64))
}

/// Transaction ids are 64 bits wide and never wrap: an age is only a difference.
fn xid_age(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let next = cx.instance.transactions().next_xid().0 as u32;
    let xid = args[0].as_oid().0;
    Ok(Datum::Int4(if xid < 3 { i32::MAX } else { next.wrapping_sub(xid) as i32 }))
}
