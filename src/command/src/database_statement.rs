//! CREATE, ALTER and DROP DATABASE.
//!
//! A new database is a copy of another's files, logged as such, between two checkpoints: redo never has to copy from a source
//! that has changed since. Nobody may connect to the source meanwhile, which the lock on its row in pg_database sees to: a login
//! takes it too. The files of a dropped database go when the drop has committed; those of a creation that fails go at once. A
//! crash in between leaves files that no row mentions, and no damage.

use crate::address::ObjectAddress;
use crate::definition_value::{boolean, integer, text};
use crate::{Execution, Tag, dependency, variable};
use base::{Oid, Xid};
use catalog::columns as c;
use catalog::oids;
use catalog::rows::{PgDatabase, PgDbRoleSetting, PgShdepend, PgShdescription};
use instance::privileges::ObjectKind;
use instance::{Ctx, SessionKind, TransactionParticipant};
use lock::{LockMode, LockScope, LockTag};
use parser::ast::{AlterDatabaseSetStmt, AlterDatabaseStmt, CreateDatabaseStmt, DefElem, DropDatabaseStmt};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::{CatalogRow, Key};
use std::time::Duration;
use sync::{Interrupt, WaitKind};

/// The number of the encoding UTF8.
const UTF8: i32 = 6;
/// How often sessions that are about to leave a database are waited for, and how long each time.
const BUSY_TRIES: u32 = 50;
const BUSY_WAIT: Duration = Duration::from_millis(100);

/// What CREATE DATABASE says; what it does not say is `None`.
#[derive(Default)]
struct Options {
    owner: Option<String>,
    template: Option<String>,
    encoding: Option<i32>,
    collate: Option<String>,
    ctype: Option<String>,
    is_template: Option<bool>,
    allow_connections: Option<bool>,
    connection_limit: Option<i32>,
    oid: Option<Oid>,
}

/// CREATE DATABASE.
pub(crate) fn create(ex: &mut Execution<'_, '_>, statement: &CreateDatabaseStmt) -> Result<Tag> {
    let cx = ex.cx;
    if ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "CREATE DATABASE cannot run inside a transaction block");
    }
    let options = read_options(ex, &statement.options)?;
    let owner = match &options.owner {
        Some(name) => crate::role::find(cx, name)?.oid,
        None => cx.session.current_user(),
    };
    if !may_create(cx)? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create database");
    }
    check_member(cx, owner)?;
    let template = open_template(cx, options.template.as_deref().unwrap_or("template1"))?;
    let name = &statement.name;
    let new = new_row(cx, name, owner, &template, &options)?;
    if cx.catalog().database_by_name(name)?.is_some() {
        bail!(DUPLICATE_DATABASE, "database \"{name}\" already exists");
    }
    if let Some(detail) = busy(cx, template.oid)? {
        let error = error!(OBJECT_IN_USE, "source database \"{}\" is being accessed by other users", template.datname);
        return Err(error.detail(detail));
    }
    insert(cx, &new, template.oid)?;
    copy(cx, template.oid, new.oid)?;
    Ok(Tag::Plain("CREATE DATABASE"))
}

fn may_create(cx: Ctx<'_>) -> Result<bool> {
    let role = cx.catalog().role(cx.session.current_user())?;
    Ok(cx.session.is_superuser() || role.is_some_and(|role| role.rolcreatedb))
}

fn check_member(cx: Ctx<'_>, role: Oid) -> Result<()> {
    match cx.is_member(cx.session.current_user(), role)? {
        true => Ok(()),
        false => bail!(INSUFFICIENT_PRIVILEGE, "must be member of role \"{}\"", cx.role_name(role)?),
    }
}

fn read_options(ex: &Execution<'_, '_>, given: &[DefElem]) -> Result<Options> {
    let mut options = Options::default();
    for (place, option) in given.iter().enumerate() {
        let name = option.name.as_str();
        if given[..place].iter().any(|earlier| earlier.name == name) {
            return Err(at(ex, error!(SYNTAX_ERROR, "conflicting or redundant options"), option));
        }
        if option.arg.is_none() && name != "location" {
            check_known(ex, option)?;
            continue;
        }
        match name {
            "owner" => options.owner = Some(text(option)?),
            "template" => options.template = Some(text(option)?),
            "encoding" => options.encoding = Some(encoding(option).map_err(|error| at(ex, error, option))?),
            "locale" => {
                options.collate.get_or_insert(text(option)?);
                options.ctype.get_or_insert(text(option)?);
            }
            "lc_collate" => options.collate = Some(text(option)?),
            "lc_ctype" => options.ctype = Some(text(option)?),
            "is_template" => options.is_template = Some(boolean(option)?),
            "allow_connections" => options.allow_connections = Some(boolean(option)?),
            "connection_limit" => options.connection_limit = Some(connection_limit(option)?),
            "oid" => options.oid = Some(given_oid(option)?),
            "tablespace" => check_tablespace(ex.cx, &text(option)?)?,
            "strategy" => check_strategy(&text(option)?)?,
            "locale_provider" => match text(option)?.as_str() {
                "libc" => {}
                "icu" => unsupported!("the locale provider icu"),
                other => bail!(INVALID_OBJECT_DEFINITION, "unrecognized locale provider: {other}"),
            },
            "icu_locale" => unsupported!("the option ICU_LOCALE"),
            "collation_version" => {}
            _ => check_known(ex, option)?,
        }
    }
    Ok(options)
}

fn at(ex: &Execution<'_, '_>, error: Error, option: &DefElem) -> Error {
    match option.pos.characters(ex.text) {
        Some(position) => error.at(position),
        None => error,
    }
}

fn check_known(ex: &Execution<'_, '_>, option: &DefElem) -> Result<()> {
    const KNOWN: [&str; 15] = [
        "owner",
        "template",
        "encoding",
        "locale",
        "lc_collate",
        "lc_ctype",
        "icu_locale",
        "locale_provider",
        "collation_version",
        "is_template",
        "allow_connections",
        "connection_limit",
        "tablespace",
        "strategy",
        "oid",
    ];
    match option.name.as_str() {
        "location" => {
            let message = "LOCATION is not supported anymore";
            let warning = Error::with_severity(Severity::Warning, SqlState::FEATURE_NOT_SUPPORTED, message);
            ex.cx.session.notice(at(ex, warning.hint("Consider using tablespaces instead."), option));
            Ok(())
        }
        name if KNOWN.contains(&name) => Ok(()),
        name => Err(at(ex, error!(SYNTAX_ERROR, "option \"{name}\" not recognized"), option)),
    }
}

/// The number of an encoding: UTF8 and SQL_ASCII are those that a database can have.
fn encoding(option: &DefElem) -> Result<i32> {
    let written = text(option)?;
    let plain: String = written.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "utf8" | "unicode" | "6" => Ok(UTF8),
        "sqlascii" | "0" => Ok(0),
        "latin1" | "iso88591" => unsupported!("the server encoding LATIN1"),
        plain if plain.parse::<i32>().is_ok_and(|code| (1..42).contains(&code)) => {
            unsupported!("the server encoding {plain}")
        }
        plain if plain.parse::<i32>().is_ok() => {
            bail!(UNDEFINED_OBJECT, "{plain} is not a valid encoding code")
        }
        _ => bail!(UNDEFINED_OBJECT, "{written} is not a valid encoding name"),
    }
}

fn connection_limit(option: &DefElem) -> Result<i32> {
    match integer(option)? {
        limit if limit < -1 => bail!(INVALID_PARAMETER_VALUE, "invalid connection limit: {limit}"),
        limit => Ok(limit),
    }
}

fn given_oid(option: &DefElem) -> Result<Oid> {
    let written = text(option)?;
    let number = written.parse::<u32>();
    let number =
        number.map_err(|_| error!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type oid: \"{written}\""))?;
    match number {
        number if number < 16384 => {
            bail!(INVALID_PARAMETER_VALUE, "OIDs less than 16384 are reserved for system objects")
        }
        number => Ok(Oid(number)),
    }
}

fn check_tablespace(cx: Ctx<'_>, name: &str) -> Result<()> {
    match name {
        "pg_default" => Ok(()),
        "pg_global" => bail!(INVALID_PARAMETER_VALUE, "pg_global cannot be used as default tablespace"),
        name if cx.catalog().tablespace_by_name(name)?.is_none() => {
            bail!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist")
        }
        _ => unsupported!("databases in other tablespaces"),
    }
}

fn check_strategy(name: &str) -> Result<()> {
    match name.to_ascii_lowercase().as_str() {
        // Both make the same database; ours is logged as one copy.
        "wal_log" | "file_copy" => Ok(()),
        _ => {
            let error = error!(INVALID_PARAMETER_VALUE, "invalid create database strategy \"{name}\"");
            Err(error.hint("Valid strategies are \"wal_log\" and \"file_copy\"."))
        }
    }
}

/// Locks a database against logins (and against its removal) until the transaction ends.
fn lock_database(cx: Ctx<'_>, database: Oid, mode: LockMode) -> Result<()> {
    let tag = LockTag::Object { database: Oid::INVALID, class: oids::PG_DATABASE, object: database, part: 0 };
    cx.session.locks.acquire(tag, mode, LockScope::Transaction).map(drop)
}

/// The database of this name, locked.
fn open(cx: Ctx<'_>, name: &str, mode: LockMode) -> Result<Option<CatalogRow<PgDatabase>>> {
    loop {
        let Some(row) = cx.catalog().database_by_name(name)? else { return Ok(None) };
        lock_database(cx, row.oid, mode)?;
        // It may have been renamed or dropped while we waited.
        match cx.catalog().database_by_name(name)? {
            Some(now) if now.oid == row.oid => return Ok(Some(now)),
            _ => {}
        }
    }
}

fn undefined(name: &str) -> Error {
    error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist")
}

fn open_template(cx: Ctx<'_>, name: &str) -> Result<CatalogRow<PgDatabase>> {
    let row = open(cx, name, LockMode::Share)?;
    let row = row.ok_or_else(|| error!(UNDEFINED_DATABASE, "template database \"{name}\" does not exist"))?;
    if !row.datistemplate && !cx.has_privileges_of(cx.session.current_user(), row.datdba)? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to copy database \"{name}\"");
    }
    Ok(row)
}

fn new_row(cx: Ctx<'_>, name: &str, owner: Oid, template: &PgDatabase, options: &Options) -> Result<PgDatabase> {
    let encoding = options.encoding.unwrap_or(template.encoding);
    let collate = options.collate.clone().unwrap_or_else(|| template.datcollate.clone());
    let ctype = options.ctype.clone().unwrap_or_else(|| template.datctype.clone());
    for locale in [&collate, &ctype] {
        let is_known = matches!(locale.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8")
            || *locale == template.datcollate
            || *locale == template.datctype;
        if !is_known {
            unsupported!("the locale \"{locale}\" for a database");
        }
    }
    if template.datname != "template0" {
        check_compatible(template, encoding, &collate, &ctype)?;
    }
    let oid = match options.oid {
        Some(oid) => {
            if let Some(row) = cx.catalog().database(oid)? {
                let other = &row.datname;
                bail!(INVALID_PARAMETER_VALUE, "database OID {oid} is already in use by database \"{other}\"");
            }
            oid
        }
        None => cx.catalog().new_oid::<PgDatabase>()?,
    };
    Ok(PgDatabase {
        oid,
        datname: name.to_owned(),
        datdba: owner,
        encoding,
        datistemplate: options.is_template.unwrap_or(false),
        datallowconn: options.allow_connections.unwrap_or(true),
        datconnlimit: options.connection_limit.unwrap_or(-1),
        datcollate: collate,
        datctype: ctype,
        datacl: None,
        ..template.clone()
    })
}

/// Only template0 holds nothing that depends on encoding and locale.
fn check_compatible(template: &PgDatabase, encoding: i32, collate: &str, ctype: &str) -> Result<()> {
    let names = |code| if code == UTF8 { "UTF8" } else { "SQL_ASCII" };
    let (what, new, old, same) = if encoding != template.encoding {
        ("encoding", names(encoding), names(template.encoding), "encoding")
    } else if collate != template.datcollate {
        ("collation", collate, &*template.datcollate, "collation")
    } else if ctype != template.datctype {
        ("LC_CTYPE", ctype, &*template.datctype, "LC_CTYPE")
    } else {
        return Ok(());
    };
    let message = format!("new {what} ({new}) is incompatible with the {what} of the template database ({old})");
    let hint = format!("Use the same {same} as in the template database, or use template0 as template.");
    Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message).hint(hint))
}

/// Who uses a database besides this session, as a message's detail. Those that are about to leave are waited for.
fn busy(cx: Ctx<'_>, database: Oid) -> Result<Option<String>> {
    for attempt in 0.. {
        let (sessions, prepared) = users(cx, database);
        if sessions == 0 && prepared == 0 {
            return Ok(None);
        }
        if attempt == BUSY_TRIES || sessions == 0 {
            return Ok(Some(busy_detail(sessions, prepared)));
        }
        cx.check_interrupts()?;
        cx.session.locks.sleep(WaitKind::Lock("object"), Some(BUSY_WAIT));
    }
    Ok(None)
}

fn users(cx: Ctx<'_>, database: Oid) -> (usize, usize) {
    let own = cx.session.entry.id;
    let mut sessions = 0;
    for entry in cx.instance.sessions.all() {
        if entry.id == own || entry.with_activity(|activity| activity.database) != database {
            continue;
        }
        sessions += 1;
        if matches!(entry.kind, SessionKind::Role(_)) {
            // Autovacuum comes again.
            entry.interrupts.raise(Interrupt::Terminate);
        }
    }
    let prepared = cx.instance.transactions().prepared_transactions();
    (sessions, prepared.iter().filter(|info| info.database == database).count())
}

fn busy_detail(sessions: usize, prepared: usize) -> String {
    let plural = |count, one: &str, many: &str| match count {
        1 => format!("There is 1 {one} using the database."),
        count => format!("There are {count} {many} using the database."),
    };
    match (sessions, prepared) {
        (0, prepared) => plural(prepared, "prepared transaction", "prepared transactions"),
        (sessions, 0) => plural(sessions, "other session", "other sessions"),
        _ => {
            format!("There are {sessions} other session(s) and {prepared} prepared transaction(s) using the database.")
        }
    }
}

/// The row, its owner, and whatever roles the template's objects mention: the copy mentions them too.
fn insert(cx: Ctx<'_>, new: &PgDatabase, template: Oid) -> Result<()> {
    let catalog = cx.catalog();
    catalog.insert(new)?;
    dependency::record_owner(cx, ObjectAddress::new(oids::PG_DATABASE, new.oid), new.datdba)?;
    for row in catalog.scan::<PgShdepend>(&[Key::oid(c::pg_shdepend::DBID, template)])? {
        catalog.insert(&PgShdepend { dbid: new.oid, ..row.row.clone() })?;
    }
    Ok(())
}

fn copy(cx: Ctx<'_>, from: Oid, to: Oid) -> Result<()> {
    let xid = cx.with_tx(|tx| tx.xid())?;
    let on_end = RemoveFiles { database: to, when_committed: false };
    cx.session.participants.borrow_mut().push(Box::new(on_end));
    let check = || cx.check_interrupts();
    cx.instance.checkpoint(&check)?;
    cx.session.store.buffers.copy_database(from, to, xid)?;
    cx.instance.checkpoint(&check)
}

/// Removes a database's files at the end of the transaction: of a drop when it commits, of a creation when it does not.
struct RemoveFiles {
    database: Oid,
    when_committed: bool,
}

impl TransactionParticipant for RemoveFiles {
    fn before_commit(&mut self, _: Ctx<'_>) -> Result<()> {
        Ok(())
    }

    fn savepoint_begun(&mut self, _: usize) {}

    fn savepoint_ended(&mut self, _: usize, _: bool) {}

    fn ended(&mut self, cx: Ctx<'_>, committed: bool) -> Result<()> {
        if committed != self.when_committed {
            return Ok(());
        }
        cx.instance.statistics.forget_database(self.database);
        if let Err(error) = cx.session.store.buffers.drop_database(self.database, Xid::INVALID) {
            if error.fields().severity == Severity::Panic {
                return Err(error);
            }
            // Files that stay belong to no row; the transaction has ended either way.
            let message =
                format!("some useless files may be left behind in old database directory \"base/{}\"", self.database);
            let warning = Error::with_severity(Severity::Warning, error.code(), message);
            cx.session.notice(warning.detail(error.message().to_owned()));
        }
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// DROP DATABASE.
pub(crate) fn drop_database(ex: &mut Execution<'_, '_>, statement: &DropDatabaseStmt) -> Result<Tag> {
    let (cx, name) = (ex.cx, &statement.name);
    if ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "DROP DATABASE cannot run inside a transaction block");
    }
    let force = is_forced(ex, &statement.options)?;
    let Some(row) = open(cx, name, LockMode::AccessExclusive)? else {
        if !statement.if_exists {
            return Err(undefined(name));
        }
        let message = format!("database \"{name}\" does not exist, skipping");
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
        return Ok(Tag::Plain("DROP DATABASE"));
    };
    cx.check_owner(row.datdba, ObjectKind::Database, name)?;
    if row.datistemplate {
        bail!(WRONG_OBJECT_TYPE, "cannot drop a template database");
    }
    if row.oid == cx.session.database {
        bail!(OBJECT_IN_USE, "cannot drop the currently open database");
    }
    if force {
        cx.instance.sessions.raise_in_database(row.oid, Interrupt::Terminate);
    }
    if let Some(detail) = busy(cx, row.oid)? {
        let error = error!(OBJECT_IN_USE, "database \"{name}\" is being accessed by other users");
        return Err(error.detail(detail));
    }
    remove_rows(cx, &row)?;
    let on_end = RemoveFiles { database: row.oid, when_committed: true };
    cx.session.participants.borrow_mut().push(Box::new(on_end));
    Ok(Tag::Plain("DROP DATABASE"))
}

fn is_forced(ex: &Execution<'_, '_>, options: &[DefElem]) -> Result<bool> {
    for option in options {
        if option.name != "force" {
            let error = error!(SYNTAX_ERROR, "unrecognized DROP DATABASE option \"{}\"", option.name);
            return Err(at(ex, error, option));
        }
    }
    Ok(!options.is_empty())
}

fn remove_rows(cx: Ctx<'_>, row: &CatalogRow<PgDatabase>) -> Result<()> {
    let (catalog, oid) = (cx.catalog(), row.oid);
    let comment =
        [Key::oid(c::pg_shdescription::OBJOID, oid), Key::oid(c::pg_shdescription::CLASSOID, oids::PG_DATABASE)];
    catalog.delete_where::<PgShdescription>(&comment)?;
    catalog.delete_where::<PgDbRoleSetting>(&[Key::oid(c::pg_db_role_setting::SETDATABASE, oid)])?;
    catalog.delete_where::<PgShdepend>(&[Key::oid(c::pg_shdepend::DBID, oid)])?;
    dependency::forget_shared(cx, ObjectAddress::new(oids::PG_DATABASE, oid))?;
    catalog.delete(row)?;
    catalog.touch_database(oid)
}

/// ALTER DATABASE with options.
pub(crate) fn alter(ex: &mut Execution<'_, '_>, statement: &AlterDatabaseStmt) -> Result<Tag> {
    let (cx, name) = (ex.cx, &statement.name);
    let (mut is_template, mut allow, mut limit) = (None, None, None);
    for (place, option) in statement.options.iter().enumerate() {
        if statement.options[..place].iter().any(|earlier| earlier.name == option.name) {
            return Err(at(ex, error!(SYNTAX_ERROR, "conflicting or redundant options"), option));
        }
        match option.name.as_str() {
            "is_template" => is_template = Some(boolean(option)?),
            "allow_connections" => allow = Some(boolean(option)?),
            "connection_limit" => limit = Some(connection_limit(option)?),
            "tablespace" => unsupported!("ALTER DATABASE SET TABLESPACE"),
            other => return Err(at(ex, error!(SYNTAX_ERROR, "option \"{other}\" not recognized"), option)),
        }
    }
    let row = cx.catalog().database_by_name(name)?.ok_or_else(|| undefined(name))?;
    cx.check_owner(row.datdba, ObjectKind::Database, name)?;
    if allow == Some(false) && row.oid == cx.session.database {
        bail!(INVALID_PARAMETER_VALUE, "cannot disallow connections for current database");
    }
    let new = PgDatabase {
        datistemplate: is_template.unwrap_or(row.datistemplate),
        datallowconn: allow.unwrap_or(row.datallowconn),
        datconnlimit: limit.unwrap_or(row.datconnlimit),
        ..row.row.clone()
    };
    cx.catalog().update(&row, &new)?;
    Ok(Tag::Plain("ALTER DATABASE"))
}

/// ALTER DATABASE SET, RESET.
pub(crate) fn alter_set(ex: &mut Execution<'_, '_>, statement: &AlterDatabaseSetStmt) -> Result<Tag> {
    let (cx, name) = (ex.cx, &statement.name);
    let row = open(cx, name, LockMode::AccessShare)?.ok_or_else(|| undefined(name))?;
    cx.check_owner(row.datdba, ObjectKind::Database, name)?;
    variable::store_setting(cx, (row.oid, Oid::INVALID), &statement.set.action)?;
    Ok(Tag::Plain("ALTER DATABASE"))
}

/// ALTER DATABASE REFRESH COLLATION VERSION: the locales that a database can have never change.
pub(crate) fn refresh_collation(ex: &mut Execution<'_, '_>, name: &str) -> Result<Tag> {
    let cx = ex.cx;
    let row = cx.catalog().database_by_name(name)?.ok_or_else(|| undefined(name))?;
    cx.check_owner(row.datdba, ObjectKind::Database, name)?;
    let notice = Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, "version has not changed");
    cx.session.notice(notice);
    Ok(Tag::Plain("ALTER DATABASE"))
}

/// ALTER DATABASE RENAME.
pub(crate) fn rename(cx: Ctx<'_>, old: &str, new: &str) -> Result<Tag> {
    let row = open(cx, old, LockMode::AccessExclusive)?.ok_or_else(|| undefined(old))?;
    cx.check_owner(row.datdba, ObjectKind::Database, old)?;
    if !may_create(cx)? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to rename database");
    }
    if cx.catalog().database_by_name(new)?.is_some() {
        bail!(DUPLICATE_DATABASE, "database \"{new}\" already exists");
    }
    if row.oid == cx.session.database {
        bail!(FEATURE_NOT_SUPPORTED, "current database cannot be renamed");
    }
    if let Some(detail) = busy(cx, row.oid)? {
        let error = error!(OBJECT_IN_USE, "database \"{old}\" is being accessed by other users");
        return Err(error.detail(detail));
    }
    cx.catalog().update(&row, &PgDatabase { datname: new.to_owned(), ..row.row.clone() })?;
    Ok(Tag::Plain("ALTER DATABASE"))
}
