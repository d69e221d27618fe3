//! ALTER TABLE, and ALTER of indexes, views, sequences and composite types in the same grammar.
//!
//! The changes of one statement are made one after the other, in the order of PostgreSQL's passes ([`pass_of`]): what is dropped
//! first, then types, columns, constraints. A change that needs the rows stored anew rewrites the table at once ([`rewrite`]).
//!
//! Source: PostgreSQL 15 tablecmds.c.

mod column;
mod column_type;
mod constraints;
mod identity;
mod new_column;
mod options;
mod persistence;
mod recreate;
pub(crate) mod rewrite;

pub(crate) use identity::sequence_of;

use crate::{Execution, Tag, constraint, names, owner};
use base::Oid;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{AlterTableCmd, AlterTableStmt, ObjectType, RangeVar};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;

/// ALTER TABLE, and ALTER of other relations by the same grammar.
pub(crate) fn alter_table(ex: &mut Execution<'_, '_>, statement: &AlterTableStmt) -> Result<Tag> {
    let tag = Tag::Plain(tag_of(statement.object_type));
    let mode = statement.commands.iter().map(lock_of).max().unwrap_or(LockMode::AccessExclusive);
    let Some(entry) = find(ex.cx, &statement.relation, mode, (statement.object_type, statement.if_exists))? else {
        return Ok(tag);
    };
    check_kind(statement.object_type, &entry)?;
    names::check_not_in_use(ex.cx, &entry, "ALTER TABLE")?;
    for command in &statement.commands {
        check_command(&entry, command)?;
    }
    let mut sorted: Vec<&AlterTableCmd> = statement.commands.iter().collect();
    sorted.sort_by_key(|command| pass_of(command));
    for command in sorted {
        alter(ex, entry.oid, command)?;
        ex.cx.next_command()?;
    }
    if matches!(entry.kind(), b'r' | b'm') {
        crate::relation::create_toast_table(ex.cx, entry.oid)?;
    }
    Ok(tag)
}

/// The relation that ALTER names, locked, owned by the user; `None` with a notice if it may be missing.
pub(crate) fn find(
    cx: Ctx<'_>,
    name: &RangeVar,
    mode: LockMode,
    (object_type, if_exists): (ObjectType, bool),
) -> Result<Option<Arc<RelationEntry>>> {
    let may_alter = |entry: &RelationEntry| {
        cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())?;
        check_not_system(cx, entry)
    };
    let Some(entry) = names::find_relation_checked(cx, name, mode, may_alter)? else {
        let error = names::no_such_relation(name);
        if !if_exists {
            return Err(error);
        }
        let message = format!("{}, skipping", error.message());
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
        return Ok(None);
    };
    if object_type == ObjectType::Type && entry.kind() != b'c' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a composite type", entry.name());
    }
    Ok(Some(entry))
}

/// 42501 for catalogs.
pub(crate) fn check_not_system(cx: Ctx<'_>, entry: &RelationEntry) -> Result<()> {
    if entry.oid < Oid::FIRST_UNPINNED && !cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods)) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog", entry.name());
    }
    Ok(())
}

/// ALTER VIEW is for views only, and so on; ALTER TABLE takes any.
pub(crate) fn check_kind(object_type: ObjectType, entry: &RelationEntry) -> Result<()> {
    let name = entry.name();
    let kind = entry.kind();
    match object_type {
        ObjectType::View if kind != b'v' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a view"),
        ObjectType::MaterializedView if kind != b'm' => {
            bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a materialized view")
        }
        ObjectType::Sequence if kind != b'S' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a sequence"),
        ObjectType::Index if kind != b'i' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not an index"),
        ObjectType::ForeignTable => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a foreign table"),
        ObjectType::Type if kind != b'c' => bail!(WRONG_OBJECT_TYPE, "\"{name}\" is not a composite type"),
        ObjectType::Table if kind == b'c' => {
            let error = error!(WRONG_OBJECT_TYPE, "\"{name}\" is a composite type");
            Err(error.hint("Use ALTER TYPE instead."))
        }
        _ => Ok(()),
    }
}

pub(crate) fn tag_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::View => "ALTER VIEW",
        ObjectType::Index => "ALTER INDEX",
        ObjectType::Sequence => "ALTER SEQUENCE",
        ObjectType::MaterializedView => "ALTER MATERIALIZED VIEW",
        ObjectType::ForeignTable => "ALTER FOREIGN TABLE",
        ObjectType::Type => "ALTER TYPE",
        _ => "ALTER TABLE",
    }
}

/// The lock that a change needs, as PostgreSQL's AlterTableGetLockLevel says.
fn lock_of(command: &AlterTableCmd) -> LockMode {
    match command {
        AlterTableCmd::SetStatistics(..)
        | AlterTableCmd::SetOptions(..)
        | AlterTableCmd::ResetOptions(..)
        | AlterTableCmd::ClusterOn(_)
        | AlterTableCmd::DropCluster
        | AlterTableCmd::ValidateConstraint(_)
        | AlterTableCmd::SetRelOptions(_)
        | AlterTableCmd::ResetRelOptions(_) => LockMode::ShareUpdateExclusive,
        AlterTableCmd::Trigger(..) | AlterTableCmd::AlterConstraint(_) => LockMode::ShareRowExclusive,
        AlterTableCmd::AddConstraint(added) => match added.kind {
            parser::ast::ConstraintKind::Foreign(_) => LockMode::ShareRowExclusive,
            _ => LockMode::AccessExclusive,
        },
        _ => LockMode::AccessExclusive,
    }
}

/// In which order the changes of one statement are made.
fn pass_of(command: &AlterTableCmd) -> u8 {
    use parser::ast::ConstraintKind;
    match command {
        AlterTableCmd::DropColumn { .. }
        | AlterTableCmd::DropConstraint { .. }
        | AlterTableCmd::DropNotNull(_)
        | AlterTableCmd::DropExpression(..)
        | AlterTableCmd::DropIdentity(..)
        | AlterTableCmd::ColumnDefault(_, None) => 0,
        AlterTableCmd::AlterColumnType(_) => 1,
        AlterTableCmd::AddColumn { .. } => 2,
        AlterTableCmd::SetNotNull(_) => 3,
        AlterTableCmd::ColumnDefault(..) | AlterTableCmd::AddIdentity(..) => 5,
        AlterTableCmd::AddConstraint(added) => match added.kind {
            ConstraintKind::Check(_) => 4,
            ConstraintKind::Foreign(_) => 7,
            _ => 6,
        },
        _ => 8,
    }
}

/// What PostgreSQL calls the change where it does not fit the relation.
fn action_name(command: &AlterTableCmd) -> &'static str {
    match command {
        AlterTableCmd::AddColumn { .. } => "ADD COLUMN",
        AlterTableCmd::ColumnDefault(..) => "ALTER COLUMN ... SET DEFAULT",
        AlterTableCmd::DropNotNull(_) => "ALTER COLUMN ... DROP NOT NULL",
        AlterTableCmd::SetNotNull(_) => "ALTER COLUMN ... SET NOT NULL",
        AlterTableCmd::DropExpression(..) => "ALTER COLUMN ... DROP EXPRESSION",
        AlterTableCmd::SetStatistics(..) => "ALTER COLUMN ... SET STATISTICS",
        AlterTableCmd::SetOptions(..) => "ALTER COLUMN ... SET",
        AlterTableCmd::ResetOptions(..) => "ALTER COLUMN ... RESET",
        AlterTableCmd::SetStorage(..) => "ALTER COLUMN ... SET STORAGE",
        AlterTableCmd::SetCompression(..) => "ALTER COLUMN ... SET COMPRESSION",
        AlterTableCmd::AddIdentity(..) => "ALTER COLUMN ... ADD IDENTITY",
        AlterTableCmd::SetIdentity(..) => "ALTER COLUMN ... SET",
        AlterTableCmd::DropIdentity(..) => "ALTER COLUMN ... DROP IDENTITY",
        AlterTableCmd::DropColumn { .. } => "DROP COLUMN",
        AlterTableCmd::AlterColumnType(_) => "ALTER COLUMN ... SET DATA TYPE",
        AlterTableCmd::AddConstraint(_) => "ADD CONSTRAINT",
        AlterTableCmd::AlterConstraint(_) => "ALTER CONSTRAINT",
        AlterTableCmd::ValidateConstraint(_) => "VALIDATE CONSTRAINT",
        AlterTableCmd::DropConstraint { .. } => "DROP CONSTRAINT",
        AlterTableCmd::ClusterOn(_) => "CLUSTER ON",
        AlterTableCmd::DropCluster => "SET WITHOUT CLUSTER",
        AlterTableCmd::SetLogged => "SET LOGGED",
        AlterTableCmd::SetUnlogged => "SET UNLOGGED",
        AlterTableCmd::SetTablespace(_) => "SET TABLESPACE",
        AlterTableCmd::SetAccessMethod(_) => "SET ACCESS METHOD",
        AlterTableCmd::SetRelOptions(_) => "SET",
        AlterTableCmd::ResetRelOptions(_) => "RESET",
        AlterTableCmd::ReplicaIdentity(_) => "REPLICA IDENTITY",
        _ => "ALTER",
    }
}

/// 42809 if this kind of relation does not know the change.
fn check_command(entry: &RelationEntry, command: &AlterTableCmd) -> Result<()> {
    let kinds: &[u8] = match command {
        AlterTableCmd::AddColumn { .. } | AlterTableCmd::DropColumn { .. } => b"rcv",
        AlterTableCmd::AlterColumnType(_) => b"rc",
        AlterTableCmd::ColumnDefault(..) => b"rv",
        AlterTableCmd::SetStatistics(..) => b"rmi",
        AlterTableCmd::SetOptions(..) | AlterTableCmd::ResetOptions(..) => b"rmi",
        AlterTableCmd::SetStorage(..)
        | AlterTableCmd::SetCompression(..)
        | AlterTableCmd::ClusterOn(_)
        | AlterTableCmd::DropCluster
        | AlterTableCmd::ReplicaIdentity(_)
        | AlterTableCmd::SetAccessMethod(_) => b"rm",
        AlterTableCmd::SetRelOptions(_) | AlterTableCmd::ResetRelOptions(_) => b"rmiv",
        AlterTableCmd::SetTablespace(_) => b"rmi",
        AlterTableCmd::SetLogged | AlterTableCmd::SetUnlogged => b"rS",
        AlterTableCmd::ChangeOwner(_) => return Ok(()),
        _ => b"r",
    };
    if kinds.contains(&entry.kind()) {
        return Ok(());
    }
    let (action, name) = (action_name(command), entry.name());
    let error = error!(WRONG_OBJECT_TYPE, "ALTER action {action} cannot be performed on relation \"{name}\"");
    Err(error.detail(crate::address::not_supported_for(entry.kind())))
}

fn alter(ex: &mut Execution<'_, '_>, relation: Oid, command: &AlterTableCmd) -> Result<()> {
    let cx = ex.cx;
    let entry = cx.catalog().open_relation(relation)?;
    match command {
        AlterTableCmd::AddColumn { column, if_not_exists, .. } => new_column::add(ex, &entry, column, *if_not_exists),
        AlterTableCmd::DropColumn { name, if_exists, behavior } => {
            column::drop_column(cx, &entry, name, (*if_exists, *behavior))
        }
        AlterTableCmd::ColumnDefault(name, default) => column::set_default(ex, &entry, name, default.as_ref()),
        AlterTableCmd::DropNotNull(name) => column::drop_not_null(cx, &entry, name),
        AlterTableCmd::SetNotNull(name) => column::set_not_null(cx, &entry, name),
        AlterTableCmd::DropExpression(name, if_exists) => column::drop_expression(cx, &entry, name, *if_exists),
        AlterTableCmd::SetStatistics(key, target) => column::set_statistics(cx, &entry, key, *target),
        AlterTableCmd::SetOptions(name, given) => column::set_options(cx, &entry, name, given),
        AlterTableCmd::ResetOptions(name, given) => column::reset_options(cx, &entry, name, given),
        AlterTableCmd::SetStorage(name, storage) => column::set_storage(cx, &entry, name, storage),
        AlterTableCmd::AddIdentity(name, said) => identity::add(cx, &entry, name, said),
        AlterTableCmd::SetIdentity(name, given) => identity::set(ex, &entry, name, given),
        AlterTableCmd::DropIdentity(name, if_exists) => identity::drop_identity(cx, &entry, name, *if_exists),
        AlterTableCmd::AlterColumnType(change) => column_type::alter(ex, &entry, change),
        AlterTableCmd::AddConstraint(added) => constraint::add_constraint(ex, relation, added),
        AlterTableCmd::AlterConstraint(said) => constraints::alter(cx, &entry, said),
        AlterTableCmd::ValidateConstraint(name) => constraints::validate(cx, &entry, name),
        AlterTableCmd::DropConstraint { name, if_exists, behavior } => {
            constraints::drop_constraint(cx, &entry, name, (*if_exists, *behavior))
        }
        AlterTableCmd::ChangeOwner(role) => owner::change_relation(cx, &entry, crate::role::resolve(cx, &role.role)?),
        AlterTableCmd::SetRelOptions(given) => options::set(cx, &entry, given),
        AlterTableCmd::ResetRelOptions(given) => options::reset(cx, &entry, given),
        AlterTableCmd::ReplicaIdentity(identity) => options::replica_identity(cx, &entry, identity),
        AlterTableCmd::ClusterOn(index) => options::cluster_on(cx, &entry, Some(index)),
        AlterTableCmd::DropCluster => options::cluster_on(cx, &entry, None),
        AlterTableCmd::DropOids => Ok(()),
        AlterTableCmd::SetTablespace(name) if name == "pg_default" => Ok(()),
        AlterTableCmd::SetTablespace(name) => Err(error!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist")),
        AlterTableCmd::SetAccessMethod(name) if name == "heap" => Ok(()),
        AlterTableCmd::SetAccessMethod(name) => {
            Err(error!(UNDEFINED_OBJECT, "access method \"{name}\" does not exist"))
        }
        AlterTableCmd::SetLogged => persistence::set(cx, &entry, b'p'),
        AlterTableCmd::SetUnlogged => persistence::set(cx, &entry, b'u'),
        other => unsupported!("{}", feature_of(other)),
    }
}

fn feature_of(command: &AlterTableCmd) -> &'static str {
    match command {
        AlterTableCmd::Trigger(..) => "ALTER TABLE ENABLE and DISABLE TRIGGER",
        AlterTableCmd::Rule(..) => "ALTER TABLE ENABLE and DISABLE RULE",
        AlterTableCmd::AddInherit(_) | AlterTableCmd::DropInherit(_) => "table inheritance",
        AlterTableCmd::AddOf(_) | AlterTableCmd::DropOf => "a typed table (OF type)",
        AlterTableCmd::EnableRowSecurity
        | AlterTableCmd::DisableRowSecurity
        | AlterTableCmd::ForceRowSecurity
        | AlterTableCmd::NoForceRowSecurity => "row level security",
        AlterTableCmd::AttachPartition(..)
        | AlterTableCmd::DetachPartition { .. }
        | AlterTableCmd::DetachPartitionFinalize(_) => "table partitioning",
        AlterTableCmd::SetCompression(..) => "ALTER TABLE ALTER COLUMN SET COMPRESSION",
        _ => "this form of ALTER TABLE",
    }
}

/// The number and pg_attribute row of a user column.
///
/// Errors: 42703; 0A000 for a system column.
fn user_column(
    cx: Ctx<'_>,
    table: &RelationEntry,
    name: &str,
) -> Result<(i16, Arc<schema::CatalogRow<catalog::rows::PgAttribute>>)> {
    if let Some(number) = table.column(name) {
        let row = cx.catalog().attribute(table.oid, number)?;
        return Ok((number, row.expect("the column is in the table's entry")));
    }
    if crate::relation::is_system_column(name) && matches!(table.kind(), b'r' | b'm') {
        bail!(FEATURE_NOT_SUPPORTED, "cannot alter system column \"{name}\"");
    }
    Err(no_such_column(table, name))
}

/// 42703.
pub(crate) fn no_such_column(table: &RelationEntry, name: &str) -> Error {
    error!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", table.name())
}

fn skip(cx: Ctx<'_>, error: &Error) {
    let message = format!("{}, skipping", error.message());
    cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
}
