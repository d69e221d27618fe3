//! COPY: rows to and from text, CSV and binary form, over the session's connection or in the server's files.
//!
//! 1. `options` reads the options; `source` says what may be copied, and finds its columns.
//! 2. `from` reads lines (`lines`) or binary rows, fills in defaults, and puts rows in, many at a time.
//! 3. `to` runs a query and writes its rows.
//! 4. `outside` is what both open on the server's machine: files and programs.

mod from;
mod lines;
mod options;
mod outside;
mod to;

pub(crate) use options::boolean;

use crate::{Execution, Tag, names};
use base::Oid;
use instance::Ctx;
use instance::privileges::{ObjectKind, Privileges, denied};
use lock::LockMode;
use options::Columns;
use parser::ast::{CopySource, CopyStmt};
use report::{Result, bail, error, unsupported};
use schema::RelationEntry;
use std::path::Path;

const PG_READ_SERVER_FILES: Oid = Oid(4569);
const PG_WRITE_SERVER_FILES: Oid = Oid(4570);
const PG_EXECUTE_SERVER_PROGRAM: Oid = Oid(4571);

/// COPY.
pub(crate) fn copy(ex: &mut Execution<'_, '_>, statement: &CopyStmt) -> Result<Tag> {
    check_file(ex.cx, statement)?;
    let options = options::read(&statement.options, statement.is_from)?;
    let rows = match (&statement.source, statement.is_from) {
        (CopySource::Table(name, columns), true) => {
            if ex.cx.session.is_read_only.get() {
                bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute COPY FROM in a read-only transaction");
            }
            let entry = names::open_relation(ex.cx, name, LockMode::RowExclusive)?;
            check_source(&entry, true)?;
            let columns = columns_of(&entry, columns)?;
            check_rights(ex.cx, &entry, &columns, Privileges::INSERT)?;
            from::copy_from(ex, statement, &entry, &columns, &options)?
        }
        (CopySource::Table(name, columns), false) => {
            let entry = names::open_relation(ex.cx, name, LockMode::AccessShare)?;
            check_source(&entry, false)?;
            let columns = columns_of(&entry, columns)?;
            check_rights(ex.cx, &entry, &columns, Privileges::SELECT)?;
            to::copy_table(ex, statement, &entry, &columns, &options)?
        }
        (CopySource::Query(query), false) => to::copy_query(ex, statement, query, &options)?,
        (CopySource::Query(_), true) => bail!(SYNTAX_ERROR, "syntax error at or near \"FROM\""),
    };
    Ok(Tag::Rows("COPY", rows))
}

/// 42501 unless the user may have the server read or write files, or run programs.
fn check_file(cx: Ctx<'_>, statement: &CopyStmt) -> Result<()> {
    let Some(name) = &statement.filename else { return Ok(()) };
    let (role, role_name, way) = match (statement.is_program, statement.is_from) {
        (true, _) => (PG_EXECUTE_SERVER_PROGRAM, "pg_execute_server_program", "COPY to or from an external program"),
        (false, true) => (PG_READ_SERVER_FILES, "pg_read_server_files", "COPY from a file"),
        (false, false) => (PG_WRITE_SERVER_FILES, "pg_write_server_files", "COPY to a file"),
    };
    if !cx.has_privileges_of(cx.session.current_user(), role)? {
        let error =
            error!(INSUFFICIENT_PRIVILEGE, "must be superuser or have privileges of the {role_name} role to {way}");
        return Err(error.hint("Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone."));
    }
    if !statement.is_from && !statement.is_program && !Path::new(name).is_absolute() {
        bail!(INVALID_NAME, "relative path not allowed for COPY to file");
    }
    Ok(())
}

fn check_source(entry: &RelationEntry, is_from: bool) -> Result<()> {
    let way = if is_from { "to" } else { "from" };
    let kind = match entry.kind() {
        b'r' => return Ok(()),
        b'p' => unsupported!("COPY of partitioned tables"),
        b'v' => "view",
        b'm' => "materialized view",
        b'f' => "foreign table",
        b'S' => "sequence",
        _ => bail!(WRONG_OBJECT_TYPE, "cannot copy {way} non-table relation \"{}\"", entry.name()),
    };
    let error = error!(WRONG_OBJECT_TYPE, "cannot copy {way} {kind} \"{}\"", entry.name());
    Err(match (is_from, kind) {
        (true, "view") => error.hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger."),
        (false, "view" | "materialized view" | "foreign table") => error.hint("Try the COPY (SELECT ...) TO variant."),
        _ => error,
    })
}

/// The columns to be copied, 0-based.
fn columns_of(entry: &RelationEntry, names: &[String]) -> Result<Vec<usize>> {
    let attributes = &entry.desc.attributes;
    if names.is_empty() {
        let all = attributes.iter().enumerate();
        return Ok(all.filter(|(_, a)| !a.is_dropped && a.generated == 0).map(|(place, _)| place).collect());
    }
    let mut columns = Vec::new();
    for name in names {
        let place = find_column(entry, name)?;
        if attributes[place].generated != 0 {
            let error = error!(INVALID_COLUMN_REFERENCE, "column \"{name}\" is a generated column");
            return Err(error.detail("Generated columns cannot be used in COPY."));
        }
        if columns.contains(&place) {
            bail!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
        }
        columns.push(place);
    }
    Ok(columns)
}

fn find_column(entry: &RelationEntry, name: &str) -> Result<usize> {
    let found = entry.desc.attributes.iter().position(|a| !a.is_dropped && a.name == *name);
    found.ok_or_else(|| error!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", entry.name()))
}

/// 42501 unless the user may do this with the table, or with each of the columns.
fn check_rights(cx: Ctx<'_>, entry: &RelationEntry, columns: &[usize], wanted: Privileges) -> Result<()> {
    let user = cx.session.current_user();
    if cx.may_use_relation(user, &entry.class, wanted)? {
        return Ok(());
    }
    for column in columns {
        let attribute = cx.catalog().attribute(entry.oid, *column as i16 + 1)?;
        let acl = attribute.as_ref().and_then(|a| a.attacl.as_deref());
        let held = cx.held(user, (ObjectKind::Column, entry.class.relowner), acl.or(Some(&[])), wanted)?;
        if held != wanted {
            return Err(denied(ObjectKind::Table, entry.name()));
        }
    }
    match columns.is_empty() {
        true => Err(denied(ObjectKind::Table, entry.name())),
        false => Ok(()),
    }
}

/// Which of the columns with these names an option is for.
fn chosen(option: &Columns, name: &str, columns: &[&str]) -> Result<Vec<bool>> {
    match option {
        Columns::None => Ok(vec![false; columns.len()]),
        Columns::All => Ok(vec![true; columns.len()]),
        Columns::These(wanted) => {
            if let Some(stranger) = wanted.iter().find(|w| !columns.contains(&w.as_str())) {
                bail!(INVALID_COLUMN_REFERENCE, "{name} column \"{stranger}\" not referenced by COPY");
            }
            Ok(columns.iter().map(|c| wanted.iter().any(|w| w == c)).collect())
        }
    }
}
