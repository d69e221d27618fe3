//! Dispatch to the statements that define no relation: privileges, roles, databases, comments, locks.

use crate::statement_name::statement_name;
use crate::{
    Execution, Tag, comment, database_statement, default_privileges, grant, lock_statement, membership, owned,
    role_statement,
};
use parser::ast::{DoStmt, ObjectName, ObjectType, RenameStmt, Statement};
use report::{Error, Result, bail, unsupported};

/// ALTER ROLE and DATABASE RENAME; `None` if something else is renamed.
pub(crate) fn rename(ex: &Execution<'_, '_>, statement: &RenameStmt) -> Option<Result<Tag>> {
    match (statement.rename_type, &statement.object) {
        (ObjectType::Role, ObjectName::Name(name)) => {
            Some(role_statement::rename_role(ex.cx, name, &statement.new_name))
        }
        (ObjectType::Database, ObjectName::Name(name)) => {
            Some(database_statement::rename(ex.cx, name, &statement.new_name))
        }
        _ => None,
    }
}

/// Runs one of them. Errors: 0A000 naming the statement if it is none.
pub(crate) fn run(ex: &mut Execution<'_, '_>, statement: &Statement) -> Result<Tag> {
    match statement {
        Statement::Lock(s) => lock_statement::lock_table(ex, s),
        Statement::ConstraintsSet(s) => lock_statement::set_constraints(ex, s),
        Statement::Checkpoint => lock_statement::checkpoint(ex),
        Statement::Listen(s) => {
            ex.cx.listen(&s.channel);
            Ok(Tag::Plain("LISTEN"))
        }
        Statement::Unlisten(s) => {
            ex.cx.unlisten(s.channel.as_deref());
            Ok(Tag::Plain("UNLISTEN"))
        }
        Statement::Notify(s) => {
            ex.cx.notify(&s.channel, s.payload.as_deref().unwrap_or_default())?;
            Ok(Tag::Plain("NOTIFY"))
        }
        Statement::Do(s) => refuse_code(ex, s),
        Statement::Load(s) => {
            // What there is to load is linked in.
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            Err(Error::io(format_args!("could not access file \"{}\"", s.filename), &error))
        }
        Statement::SecLabel(s) => match &s.provider {
            Some(provider) => {
                bail!(INVALID_PARAMETER_VALUE, "security label provider \"{provider}\" is not loaded")
            }
            None => bail!(INVALID_PARAMETER_VALUE, "no security label providers have been loaded"),
        },
        Statement::Comment(s) => comment::comment_on(ex, s),
        Statement::CreateRole(s) => role_statement::create_role(ex, s),
        Statement::AlterRole(s) => role_statement::alter_role(ex, s),
        Statement::AlterRoleSet(s) => role_statement::alter_role_set(ex, s),
        Statement::DropRole(s) => role_statement::drop_role(ex, s),
        Statement::GrantRole(s) => membership::grant_role(ex, s),
        Statement::Grant(s) => grant::grant(ex, s),
        Statement::AlterDefaultPrivileges(s) => default_privileges::alter(ex, s),
        Statement::CreateDatabase(s) => database_statement::create(ex, s),
        Statement::AlterDatabase(s) => database_statement::alter(ex, s),
        Statement::AlterDatabaseSet(s) => database_statement::alter_set(ex, s),
        Statement::AlterDatabaseRefreshCollation(s) => database_statement::refresh_collation(ex, &s.name),
        Statement::DropDatabase(s) => database_statement::drop_database(ex, s),
        Statement::DropOwned(s) => owned::drop_owned(ex, s),
        Statement::ReassignOwned(s) => owned::reassign_owned(ex, s),
        Statement::CreateExtension(s) => unsupported!("CREATE EXTENSION \"{}\"", s.name),
        other => unsupported!("{}", statement_name(other)),
    }
}

/// DO: no language runs code that is no function.
fn refuse_code(ex: &Execution<'_, '_>, statement: &DoStmt) -> Result<Tag> {
    let language = statement.args.iter().find(|option| option.name == "language");
    let language = language.map_or_else(|| "plpgsql".to_owned(), crate::options::text_of);
    match ex.cx.catalog().language_by_name(&language)? {
        Some(_) => bail!(FEATURE_NOT_SUPPORTED, "language \"{language}\" does not support inline code execution"),
        None if language == "plpgsql" => unsupported!("DO in language {language}"),
        None => bail!(UNDEFINED_OBJECT, "language \"{language}\" does not exist"),
    }
}
