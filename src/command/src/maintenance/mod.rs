//! VACUUM and ANALYZE.
//!
//! 1. The options and the tables are read (`mod`); each table is worked on in a transaction of its own.
//! 2. `vacuum` has the access method remove dead rows, and notes the sizes it found.
//! 3. `statistics` samples the table and describes each column for the planner.
//! 4. `report` tells the client or the log what was done and what it cost.

mod column_statistics;
mod report;
mod statistics;
mod vacuum;

use crate::copy::boolean;
use crate::{Execution, Tag, names, transaction};
use ::report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use base::Oid;
use config::Setting;
use instance::{Counter, Ctx, RelationCounters};
use lock::{LockMode, LockScope, LockTag};
use parser::ast::{DefElem, RangeVar, VacuumStmt};
use schema::RelationEntry;
use std::sync::Arc;

/// What is to be done.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Options {
    pub(crate) vacuum: bool,
    pub(crate) analyze: bool,
    pub(crate) verbose: bool,
    pub(crate) freeze: bool,
    pub(crate) skip_locked: bool,
    pub(crate) all_pages: bool,
    pub(crate) clean_indexes: bool,
    pub(crate) truncate: bool,
    pub(crate) process_toast: bool,
}

/// A table to work on.
struct Target {
    relation: Oid,
    /// As it was written; none if all tables were meant.
    name: Option<String>,
    columns: Vec<String>,
}

/// VACUUM, ANALYZE.
pub(crate) fn vacuum_or_analyze(ex: &mut Execution<'_, '_>, statement: &VacuumStmt) -> Result<Tag> {
    let options = read_options(statement)?;
    let command = if options.vacuum { "VACUUM" } else { "ANALYZE" };
    if options.vacuum && ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "{command} cannot run inside a transaction block");
    }
    if !options.analyze && statement.relations.iter().any(|r| !r.columns.is_empty()) {
        bail!(FEATURE_NOT_SUPPORTED, "ANALYZE option must be specified when a column list is provided");
    }
    let cx = ex.cx;
    let targets = targets(cx, statement, options)?;
    let own_transactions = options.vacuum || (!ex.in_block && targets.len() > 1);
    for target in &targets {
        if options.vacuum {
            renew(cx, own_transactions)?;
            if !run(cx, target, options, true)? {
                continue;
            }
        }
        if options.analyze {
            renew(cx, own_transactions)?;
            run(cx, target, options, false)?;
        }
    }
    Ok(Tag::Plain(command))
}

/// A transaction of its own for what follows; the session ends the last.
fn renew(cx: Ctx<'_>, own_transactions: bool) -> Result<()> {
    if own_transactions {
        transaction::begin_next(cx)?;
    }
    Ok(())
}

fn read_options(statement: &VacuumStmt) -> Result<Options> {
    let is_vacuum = statement.is_vacuum;
    let mut options = Options {
        vacuum: is_vacuum,
        analyze: !is_vacuum,
        clean_indexes: true,
        truncate: true,
        process_toast: true,
        ..Options::default()
    };
    let mut is_full = false;
    for option in &statement.options {
        match (option.name.as_str(), is_vacuum) {
            ("verbose", _) => options.verbose = boolean(option)?,
            ("skip_locked", _) => options.skip_locked = boolean(option)?,
            ("analyze", true) => options.analyze = boolean(option)?,
            ("freeze", true) => options.freeze = boolean(option)?,
            ("full", true) => is_full = boolean(option)?,
            ("disable_page_skipping", true) => options.all_pages = boolean(option)?,
            ("index_cleanup", true) => options.clean_indexes = index_cleanup(option)?,
            ("process_toast", true) => options.process_toast = boolean(option)?,
            ("truncate", true) => options.truncate = boolean(option)?,
            ("parallel", true) => check_parallel(option)?,
            (name, _) => {
                let command = if is_vacuum { "VACUUM" } else { "ANALYZE" };
                bail!(SYNTAX_ERROR, "unrecognized {command} option \"{name}\"");
            }
        }
    }
    if is_full {
        unsupported!("VACUUM FULL");
    }
    options.all_pages |= options.freeze;
    Ok(options)
}

fn index_cleanup(option: &DefElem) -> Result<bool> {
    match option.arg.is_some() && crate::options::text_of(option).eq_ignore_ascii_case("auto") {
        true => Ok(true),
        false => boolean(option),
    }
}

/// PARALLEL is accepted: indexes are cleaned one after another whatever it says.
fn check_parallel(option: &DefElem) -> Result<()> {
    if option.arg.is_none() {
        bail!(SYNTAX_ERROR, "parallel option requires a value between 0 and 1024");
    }
    match crate::options::text_of(option).parse::<i32>() {
        Ok(0..=1024) => Ok(()),
        _ => Err(error!(SYNTAX_ERROR, "parallel workers for vacuum must be between 0 and 1024")),
    }
}

fn targets(cx: Ctx<'_>, statement: &VacuumStmt, options: Options) -> Result<Vec<Target>> {
    if statement.relations.is_empty() {
        return all_tables(cx);
    }
    let mut targets = Vec::new();
    for wanted in &statement.relations {
        let Some(entry) = open_named(cx, &wanted.relation, options)? else { continue };
        let name = Some(names::display_name(&wanted.relation));
        if entry.kind() == b'p' {
            unsupported!("maintenance of partitioned tables");
        }
        if may_maintain(cx, &entry, options)? {
            targets.push(Target { relation: entry.oid, name, columns: wanted.columns.clone() });
        }
    }
    Ok(targets)
}

/// The table of this name; `None`, with a warning, if it is locked and may be skipped.
fn open_named(cx: Ctx<'_>, name: &RangeVar, options: Options) -> Result<Option<Arc<RelationEntry>>> {
    if options.skip_locked
        && let Some(oid) = names::look_up(cx, name)?
        && cx.session.locks.try_acquire(lock_of(cx, oid), LockMode::AccessShare, LockScope::Transaction)?.is_none()
    {
        let verb = if options.vacuum { "vacuum" } else { "analyze" };
        warn_locked(cx, verb, &names::display_name(name));
        return Ok(None);
    }
    names::open_relation(cx, name, LockMode::AccessShare).map(Some)
}

fn lock_of(cx: Ctx<'_>, relation: Oid) -> LockTag {
    let shared = catalog::is_shared_relation(relation);
    LockTag::Relation { database: if shared { Oid::INVALID } else { cx.session.database }, relation }
}

/// Autovacuum tells the log, unless that hears nothing of its work.
fn warn_locked(cx: Ctx<'_>, verb: &str, name: &str) {
    let message = format!("skipping {verb} of \"{name}\" --- lock not available");
    if !cx.session.entry.is_autovacuum() {
        return warn(cx, SqlState::LOCK_NOT_AVAILABLE, message);
    }
    if cx.setting(|settings| settings.int(Setting::LogAutovacuumMinDuration)) >= 0 {
        cx.session.entry.say(&Error::with_severity(Severity::Log, SqlState::LOCK_NOT_AVAILABLE, message));
    }
}

/// Every table of the database that the user may work on.
fn all_tables(cx: Ctx<'_>) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for class in cx.catalog().scan::<catalog::rows::PgClass>(&[])? {
        let is_table = matches!(class.relkind, b'r' | b'm');
        let is_foreign_temporary =
            class.relpersistence == b't' && class.relnamespace != cx.session.temp_namespace.get();
        if is_table && !is_foreign_temporary && owns(cx, class.relowner, class.oid)? {
            targets.push(Target { relation: class.oid, name: None, columns: Vec::new() });
        }
    }
    Ok(targets)
}

fn owns(cx: Ctx<'_>, owner: Oid, relation: Oid) -> Result<bool> {
    let user = cx.session.current_user();
    if cx.has_privileges_of(user, owner)? {
        return Ok(true);
    }
    if catalog::is_shared_relation(relation) {
        return Ok(false);
    }
    let database = cx.catalog().database(cx.session.database)?;
    database.map_or(Ok(false), |row| cx.has_privileges_of(user, row.datdba))
}

/// Warns of a table that the user may not work on, or that is none.
fn may_maintain(cx: Ctx<'_>, entry: &RelationEntry, options: Options) -> Result<bool> {
    let verb = if options.vacuum { "vacuum" } else { "analyze" };
    let name = entry.name();
    if !owns(cx, entry.class.relowner, entry.oid)? {
        let who = match (catalog::is_shared_relation(entry.oid), entry.oid < Oid::FIRST_UNPINNED) {
            (true, _) => "superuser",
            (false, true) => "superuser or database owner",
            (false, false) => "table or database owner",
        };
        warn(cx, SqlState::SUCCESSFUL_COMPLETION, format!("skipping \"{name}\" --- only {who} can {verb} it"));
        return Ok(false);
    }
    if !matches!(entry.kind(), b'r' | b'm' | b't') {
        let message = format!("skipping \"{name}\" --- cannot {verb} non-tables or special system tables");
        warn(cx, SqlState::SUCCESSFUL_COMPLETION, message);
        return Ok(false);
    }
    Ok(true)
}

fn warn(cx: Ctx<'_>, code: SqlState, message: String) {
    cx.session.notice(Error::with_severity(Severity::Warning, code, message));
}

fn inform(cx: Ctx<'_>, message: String) {
    cx.session.notice(Error::with_severity(Severity::Info, SqlState::SUCCESSFUL_COMPLETION, message));
}

/// Counts that a table was worked on, and when: by hand, or by autovacuum.
fn count_work(cx: Ctx<'_>, counters: &RelationCounters, by_hand: [Counter; 2], automatic: [Counter; 2]) {
    let [count, time] = if cx.session.entry.is_autovacuum() { automatic } else { by_hand };
    counters.add(count, 1);
    counters.set(time, cx.now_us());
}

/// Works on a table; false if it was passed over.
fn run(cx: Ctx<'_>, target: &Target, options: Options, is_vacuum: bool) -> Result<bool> {
    let Some(entry) = open(cx, target, options, is_vacuum)? else { return Ok(false) };
    match is_vacuum {
        true => vacuum::vacuum(cx, &entry, options)?,
        false => statistics::analyze(cx, &entry, &target.columns, options)?,
    }
    Ok(true)
}

/// The table, locked against others that maintain it; `None` if it went away, or is locked and may be skipped.
fn open(cx: Ctx<'_>, target: &Target, options: Options, is_vacuum: bool) -> Result<Option<Arc<RelationEntry>>> {
    let verb = if is_vacuum { "vacuum" } else { "analyze" };
    if options.skip_locked {
        let tag = lock_of(cx, target.relation);
        if cx.session.locks.try_acquire(tag, LockMode::ShareUpdateExclusive, LockScope::Transaction)?.is_none() {
            if let Some(name) = &target.name {
                warn_locked(cx, verb, name);
            }
            return Ok(None);
        }
    } else {
        names::lock_relation(cx, target.relation, LockMode::ShareUpdateExclusive)?;
    }
    let entry = cx.catalog().relation(target.relation)?;
    if let (None, Some(name)) = (&entry, &target.name) {
        let message = format!("skipping {verb} of \"{name}\" --- relation no longer exists");
        warn(cx, SqlState::UNDEFINED_TABLE, message);
    }
    Ok(entry)
}
