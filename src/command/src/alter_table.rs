//! ALTER TABLE, one change after the other.

use crate::{Execution, Tag, constraint, names};
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{AlterTableCmd, AlterTableStmt, ObjectType};
use report::{Error, Result, Severity, SqlState, bail, unsupported};

/// ALTER TABLE, and ALTER of other relations by the same grammar.
pub(crate) fn alter_table(ex: &mut Execution<'_, '_>, statement: &AlterTableStmt) -> Result<Tag> {
    let cx = ex.cx;
    let tag = tag_of(statement.object_type);
    let Some(entry) = names::find_relation(cx, &statement.relation, LockMode::AccessExclusive)? else {
        let error = names::no_such_relation(&statement.relation);
        if !statement.if_exists {
            return Err(error);
        }
        let message = format!("{}, skipping", error.message());
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
        return Ok(Tag::Plain(tag));
    };
    cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), entry.name())?;
    if statement.object_type == ObjectType::Table && !matches!(entry.kind(), b'r' | b'v' | b'm' | b'i' | b'S') {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table", entry.name());
    }
    statement.commands.iter().try_for_each(|command| alter(ex, entry.oid, command))?;
    Ok(Tag::Plain(tag))
}

fn tag_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::View => "ALTER VIEW",
        ObjectType::Index => "ALTER INDEX",
        ObjectType::Sequence => "ALTER SEQUENCE",
        ObjectType::MaterializedView => "ALTER MATERIALIZED VIEW",
        ObjectType::Type => "ALTER TYPE",
        _ => "ALTER TABLE",
    }
}

fn alter(ex: &mut Execution<'_, '_>, relation: base::Oid, command: &AlterTableCmd) -> Result<()> {
    match command {
        AlterTableCmd::AddConstraint(added) => constraint::add_constraint(ex, relation, added),
        other => unsupported!("ALTER TABLE {}", name_of(other)),
    }
}

fn name_of(command: &AlterTableCmd) -> String {
    let text = format!("{command:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}
