//! Utility statements: everything that is not SELECT, INSERT, UPDATE, DELETE.
//!
//! What it deliberately does not do: it knows no message ([`Client`] stands for whoever receives rows and COPY data), and it
//! handles neither the transaction block nor prepared statements and cursors, which belong to the session.
//!
//! 1. [`execute`] finds the statement's room: one module for each family.
//! 2. A definition checks rights, locks what it names, writes catalog rows (`relation`, `index`, ...) and notes what depends on
//!    what (`dependency`), so that a drop finds it.
//! 3. Catalog writes become visible to the next look-up of the same statement at once, to others at commit.
//!
//! Locks: a relation is locked before its rows are read; several in the order in which the statement names them.
#![forbid(unsafe_code)]

mod acl;
pub mod address;
mod alter_table;
mod analysis;
mod client;
mod column_definition;
mod comment;
mod constraint;
mod copy;
mod create_as;
mod database_statement;
mod default_privileges;
mod definition_value;
pub mod dependency;
mod domain;
mod drop_statement;
mod explain;
mod foreign_key;
mod foreign_key_check;
mod function_statement;
mod grant;
mod index;
mod index_build;
mod index_numbers;
mod index_statement;
mod index_values;
mod key_using_index;
mod like;
mod lock_statement;
mod maintenance;
mod membership;
pub mod mentioned;
mod move_schema;
pub mod names;
mod object;
mod options;
mod owned;
mod owner;
mod password;
mod query;
mod reindex;
mod relation;
mod remove;
mod rename;
pub mod role;
mod role_statement;
mod schema_statement;
mod sequence;
mod statement_name;
mod table;
mod tag;
mod temporary;
mod transaction;
mod truncate;
mod type_statement;
mod utility;
mod validate;
mod variable;
mod view;

pub(crate) use analysis::prepared_query;
pub use analysis::{evaluate_parameters, with_analyze_context};
pub use client::{Client, CopyFormat};
pub use role::reset_user;
pub use statement_name::command_tag;
pub use tag::Tag;
pub use temporary::watch_commit;
pub use transaction::set_characteristics;

use analyze::UtilityStatement;
use exec::Params;
use instance::Ctx;
use parser::ast::Statement;
use report::{Result, bail, unsupported};
use std::sync::Arc;
use tuple::TupleDesc;

/// A utility statement at work.
pub struct Execution<'a, 'b> {
    /// The session and the instance.
    pub cx: Ctx<'a>,
    /// The query string that the statement is part of.
    pub text: &'b str,
    /// Values of the statement's parameters.
    pub params: Arc<Params>,
    /// It runs in a transaction block, or together with other statements in one message.
    pub in_block: bool,
    /// Who receives its output.
    pub client: &'b mut dyn Client,
}

/// Runs a utility statement.
pub fn execute(mut ex: Execution<'_, '_>, statement: &UtilityStatement) -> Result<Tag> {
    match statement {
        UtilityStatement::Plain(statement) => run(&mut ex, statement),
        UtilityStatement::Explain(s, explained) => explain::explain(&mut ex, s, explained),
        UtilityStatement::CreateTableAs(s, _) if ex.cx.session.is_read_only.get() => {
            let name = statement_name::create_as_name(s);
            bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute {name} in a read-only transaction")
        }
        UtilityStatement::CreateTableAs(s, source) => create_as::create_as(&mut ex, s, source),
        UtilityStatement::DeclareCursor(..) => unsupported!("DECLARE CURSOR in this place"),
        UtilityStatement::Call(..) => unsupported!("CALL"),
    }
}

/// The columns of the rows that a utility statement returns; none if it returns no rows.
pub fn result_columns(cx: Ctx<'_>, statement: &UtilityStatement) -> Result<Option<TupleDesc>> {
    let _ = cx;
    Ok(match statement {
        UtilityStatement::Plain(Statement::VariableShow(show)) => Some(variable::show_columns(show)),
        UtilityStatement::Explain(s, _) => Some(explain::columns(s)),
        _ => None,
    })
}

pub(crate) fn run(ex: &mut Execution<'_, '_>, statement: &Statement) -> Result<Tag> {
    if ex.cx.session.is_read_only.get() {
        check_read_only(statement)?;
    }
    match statement {
        Statement::VariableSet(s) => variable::set(ex, s),
        Statement::VariableShow(s) => variable::show(ex, s),
        Statement::AlterSystem(s) => variable::alter_system(ex, s),
        Statement::CreateTable(s) => table::create_table(ex, s),
        Statement::CreateIndex(s) => index_statement::create(ex, s),
        Statement::CreateSequence(s) => sequence::create_sequence(ex, s),
        Statement::CreateCompositeType(s) => type_statement::create_composite(ex, s),
        Statement::CreateEnum(s) => type_statement::create_enum(ex, s),
        Statement::AlterEnum(s) => type_statement::alter_enum(ex, s),
        Statement::CreateDomain(s) => domain::create(ex, s),
        Statement::AlterDomain(s) => domain::alter(ex, s),
        Statement::Reindex(s) => reindex::reindex(ex, s),
        Statement::RefreshMatView(s) => create_as::refresh(ex, s),
        Statement::AlterSequence(s) => sequence::alter_sequence(ex, s),
        Statement::Rename(s) => match utility::rename(ex, s) {
            Some(outcome) => outcome,
            None => rename::rename(ex, s),
        },
        Statement::AlterObjectSchema(s) => move_schema::alter_schema(ex, s),
        Statement::AlterOwner(s) => owner::alter_owner(ex, s),
        Statement::CreateFunction(s) => function_statement::create(ex, s),
        Statement::AlterTable(s) => alter_table::alter_table(ex, s),
        Statement::Drop(s) => drop_statement::drop_statement(ex, s),
        Statement::Truncate(s) => truncate::truncate(ex, s),
        Statement::CreateView(s) => view::create_view(ex, s),
        Statement::CreateSchema(s) => schema_statement::create_schema(ex, s),
        Statement::Copy(s) => copy::copy(ex, s),
        Statement::Vacuum(s) => maintenance::vacuum_or_analyze(ex, s),
        other => utility::run(ex, other),
    }
}

/// 25006 for statements that change catalogs. The others look for themselves, or change nothing that is kept.
fn check_read_only(statement: &Statement) -> Result<()> {
    const CHANGING: [&str; 8] = ["CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "TRUNCATE", "REFRESH"];
    let name = statement_name::command_tag(statement);
    let verb = name.split(' ').next().unwrap_or_default();
    if CHANGING.contains(&verb) && name != "ALTER SYSTEM" {
        bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute {name} in a read-only transaction");
    }
    Ok(())
}

/// What must be undone when a session ends: its temporary objects. Outside a transaction.
pub fn end_session(cx: Ctx<'_>) {
    if !cx.session.temp_namespace.get().is_valid() {
        return;
    }
    cx.start_transaction();
    // Whatever fails here is found and dropped by the next session of the same number.
    match temporary::drop_all(cx) {
        Ok(()) => drop(cx.commit_transaction()),
        Err(_) => cx.abort_transaction(),
    }
}

/// Drops the session's temporary objects: DISCARD TEMP.
pub fn drop_temporary(cx: Ctx<'_>) -> Result<()> {
    temporary::drop_all(cx)
}
