//! How much room relations and databases take.

use super::functions;
use base::{Fork, Oid, PAGE_BYTES, RelFork};
use builtins::FnCtx;
use instance::Ctx;
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::RelationEntry;
use tuple::Datum;

functions! {
    pg_relation_size, pg_relation_size_1arg, pg_table_size, pg_indexes_size, pg_total_relation_size,
    pg_database_size_oid, pg_database_size_name, pg_tablespace_size_oid, pg_tablespace_size_name,
}

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[("pg_tablespace_databases", pg_tablespace_databases)];

fn fork_bytes(cx: Ctx<'_>, entry: &RelationEntry, fork: Fork) -> Result<i64> {
    let Some(file) = entry.file else { return Ok(0) };
    let fork = RelFork { file, fork };
    let smgr = &cx.session.store.smgr;
    if !smgr.exists(fork)? {
        return Ok(0);
    }
    match smgr.blocks(fork) {
        // Removed since.
        Err(error) if error.code() == report::SqlState::UNDEFINED_FILE => Ok(0),
        blocks => Ok(i64::from(blocks?) * PAGE_BYTES as i64),
    }
}

fn all_forks(cx: Ctx<'_>, entry: &RelationEntry) -> Result<i64> {
    Fork::ALL.iter().try_fold(0, |sum, fork| Ok(sum + fork_bytes(cx, entry, *fork)?))
}

fn indexes_bytes(cx: Ctx<'_>, entry: &RelationEntry) -> Result<i64> {
    let mut sum = 0;
    for index in &entry.indexes {
        sum += all_forks(cx, &*cx.catalog().open_relation(*index)?)?;
    }
    Ok(sum)
}

/// A table with its TOAST table, which counts with its index.
fn table_bytes(cx: Ctx<'_>, entry: &RelationEntry) -> Result<i64> {
    let mut sum = all_forks(cx, entry)?;
    if entry.class.reltoastrelid.is_valid() {
        let toast = cx.catalog().open_relation(entry.class.reltoastrelid)?;
        sum += all_forks(cx, &toast)? + indexes_bytes(cx, &toast)?;
    }
    Ok(sum)
}

/// A figure of a relation; null if it is gone.
fn of(cx: Ctx<'_>, oid: &Datum, measure: impl Fn(&RelationEntry) -> Result<i64>) -> Result<Datum> {
    match cx.catalog().relation(oid.as_oid())? {
        Some(entry) => Ok(Datum::Int8(measure(&entry)?)),
        None => Ok(Datum::Null),
    }
}

fn pg_relation_size(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let fork = match args[1].as_str() {
        "main" => Fork::Main,
        "fsm" => Fork::FreeSpace,
        "vm" => Fork::Visibility,
        "init" => Fork::Init,
        _ => {
            let error = error!(INVALID_PARAMETER_VALUE, "invalid fork name");
            return Err(error.hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\"."));
        }
    };
    of(cx, &args[0], |entry| fork_bytes(cx, entry, fork))
}

fn pg_relation_size_1arg(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    of(cx, &args[0], |entry| fork_bytes(cx, entry, Fork::Main))
}

fn pg_table_size(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    of(cx, &args[0], |entry| table_bytes(cx, entry))
}

fn pg_indexes_size(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    of(cx, &args[0], |entry| indexes_bytes(cx, entry))
}

fn pg_total_relation_size(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    of(cx, &args[0], |entry| Ok(table_bytes(cx, entry)? + indexes_bytes(cx, entry)?))
}

fn database_bytes(cx: Ctx<'_>, database: Oid) -> Result<Datum> {
    Ok(Datum::Int8(cx.session.store.smgr.database_bytes(database)? as i64))
}

fn pg_database_size_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match cx.catalog().database(args[0].as_oid())? {
        Some(row) => database_bytes(cx, row.oid),
        None => Ok(Datum::Null),
    }
}

fn pg_database_size_name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let name = args[0].as_str();
    match cx.catalog().database_by_name(name)? {
        Some(row) => database_bytes(cx, row.oid),
        None => bail!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"),
    }
}

/// What lies in a tablespace's folder. Every database is in the default one.
fn tablespace_bytes(cx: Ctx<'_>, tablespace: Oid) -> Result<Datum> {
    let smgr = &cx.session.store.smgr;
    if tablespace == base::GLOBAL_TABLESPACE {
        return database_bytes(cx, Oid::INVALID);
    }
    if tablespace != base::DEFAULT_TABLESPACE {
        return Ok(Datum::Null);
    }
    let mut sum = 0;
    for row in cx.catalog().scan::<catalog::rows::PgDatabase>(&[])? {
        sum += smgr.database_bytes(row.oid)? as i64;
    }
    Ok(Datum::Int8(sum))
}

fn pg_tablespace_size_oid(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    tablespace_bytes(cx, args[0].as_oid())
}

fn pg_tablespace_size_name(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let name = args[0].as_str();
    match cx.catalog().tablespace_by_name(name)? {
        Some(row) => tablespace_bytes(cx, row.oid),
        None => bail!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist"),
    }
}

/// The databases that have files in a tablespace: all of them in the default one.
fn pg_tablespace_databases(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> super::activity::Rows {
    let tablespace = args[0].as_oid();
    if tablespace == base::DEFAULT_TABLESPACE {
        let rows = cx.catalog().scan::<catalog::rows::PgDatabase>(&[])?;
        return Ok(rows.iter().map(|row| vec![Datum::Oid(row.oid)]).collect());
    }
    let message = match tablespace == base::GLOBAL_TABLESPACE {
        true => "global tablespace never has databases".to_owned(),
        false => format!("{tablespace} is not a tablespace OID"),
    };
    cx.session.notice(Error::with_severity(Severity::Warning, SqlState::WARNING, message));
    Ok(Vec::new())
}
