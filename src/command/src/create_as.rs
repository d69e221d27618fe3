//! CREATE TABLE AS, SELECT INTO, CREATE and REFRESH MATERIALIZED VIEW.

use crate::alter_table::rewrite::{insert, rebuild_indexes};
use crate::options::table_options;
use crate::relation::{NewColumn, NewRelation, create_relation, create_toast_table};
use crate::truncate::{new_file, rewrite_empty_toast};
use crate::view::store_rule;
use crate::{Execution, Tag, names, prepared_query, query, temporary};
use analyze::query::{CmdType, Query};
use analyze::{AnalyzedStatement, UtilityStatement, stored};
use base::Oid;
use catalog::rows::PgClass;
use exec::Params;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{CreateTableAsStmt, OnCommit, Persistence, RefreshMatViewStmt, Statement};
use report::{Error, Result, bail, error, unsupported};
use std::sync::Arc;

/// Rows that are inserted together.
const BATCH_ROWS: usize = 256;

/// CREATE TABLE AS and its kin.
pub(crate) fn create_as(
    ex: &mut Execution<'_, '_>,
    statement: &CreateTableAsStmt,
    source: &AnalyzedStatement,
) -> Result<Tag> {
    let cx = ex.cx;
    let (query, params) = source_query(ex, source)?;
    let into = &statement.into;
    refuse(statement)?;
    let target = names::creation_target(cx, &into.relation)?;
    let name = &into.relation.name;
    let tag = if statement.materialized_view { "CREATE MATERIALIZED VIEW" } else { "CREATE TABLE AS" };
    if names::check_free(cx, target.0, name, statement.if_not_exists)? {
        return Ok(Tag::Plain(tag));
    }
    if into.on_commit != OnCommit::Noop && target.1 != b't' {
        bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    }
    let mut kept = query.clone();
    let new = NewRelation {
        columns: columns(cx, &mut kept, &into.columns)?,
        options: table_options(&into.options)?,
        is_populated: !(statement.materialized_view && into.skip_data),
        ..NewRelation::new(cx, name, target, if statement.materialized_view { b'm' } else { b'r' })
    };
    let relation = create_relation(cx, &new)?;
    create_toast_table(cx, relation)?;
    temporary::note_on_commit(cx, relation, into.on_commit);
    if statement.materialized_view {
        store_rule(cx, relation, &kept)?;
    }
    if into.skip_data {
        return Ok(Tag::Plain(tag));
    }
    let count = fill(ex, relation, query, params)?;
    Ok(Tag::Rows("SELECT", count))
}

/// The query whose rows are stored; EXECUTE stands for a prepared one.
fn source_query(ex: &Execution<'_, '_>, source: &AnalyzedStatement) -> Result<(Query, Arc<Params>)> {
    match source {
        AnalyzedStatement::Query(query) => Ok(((**query).clone(), Arc::clone(&ex.params))),
        AnalyzedStatement::Utility(utility) => match &**utility {
            UtilityStatement::Plain(Statement::Execute(execute)) => match prepared_query(ex, execute)? {
                Some((query, params)) if query.command == CmdType::Select => Ok((query, params)),
                _ => Err(error!(WRONG_OBJECT_TYPE, "prepared statement is not a SELECT")),
            },
            _ => Err(Error::internal("CREATE TABLE AS takes a query")),
        },
    }
}

fn refuse(statement: &CreateTableAsStmt) -> Result<()> {
    let into = &statement.into;
    if statement.materialized_view && into.relation.persistence == Persistence::Unlogged {
        bail!(FEATURE_NOT_SUPPORTED, "materialized views cannot be unlogged");
    }
    if let Some(method) = into.access_method.as_deref().filter(|method| *method != "heap") {
        bail!(UNDEFINED_OBJECT, "access method \"{method}\" does not exist");
    }
    if let Some(name) = into.tablespace.as_deref().filter(|name| *name != "pg_default") {
        bail!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist");
    }
    Ok(())
}

/// The query's output columns, under the names given; the query takes the names too.
fn columns(cx: Ctx<'_>, query: &mut Query, given: &[String]) -> Result<Vec<NewColumn>> {
    let mut names = given.iter();
    let mut columns = Vec::new();
    for target in query.targets.iter_mut().filter(|target| !target.junk) {
        if let Some(name) = names.next() {
            target.name = Some(name.clone());
        }
        let name = target.name.clone().unwrap_or_else(|| "?column?".to_owned());
        let (type_oid, collation) = (target.expr.type_of(), target.expr.collation_of());
        let is_collatable = cx.catalog().type_by_oid(type_oid)?.is_some_and(|row| row.typcollation.is_valid());
        if is_collatable && !collation.is_valid() {
            let error =
                error!(INDETERMINATE_COLLATION, "no collation was derived for column \"{name}\" with collatable type");
            return Err(error.hint("Use the COLLATE clause to set the collation explicitly."));
        }
        columns.push(NewColumn::new(&name, type_oid, target.expr.typmod_of(), collation));
    }
    match names.next() {
        Some(_) => Err(error!(SYNTAX_ERROR, "too many column names were specified")),
        None => Ok(columns),
    }
}

/// Runs the query and stores its rows.
fn fill(ex: &Execution<'_, '_>, relation: Oid, query: Query, params: Arc<Params>) -> Result<u64> {
    let cx = ex.cx;
    let entry = cx.catalog().open_relation(relation)?;
    let mut batch = Vec::new();
    let count = query::run(ex, query, params, &mut |row| {
        batch.push(row.to_vec());
        match batch.len() >= BATCH_ROWS {
            true => insert(cx, &entry, &mut batch),
            false => Ok(()),
        }
    })?;
    insert(cx, &entry, &mut batch)?;
    cx.next_command()?;
    Ok(count)
}

/// REFRESH MATERIALIZED VIEW.
pub(crate) fn refresh(ex: &mut Execution<'_, '_>, statement: &RefreshMatViewStmt) -> Result<Tag> {
    let cx = ex.cx;
    let mode = if statement.concurrently { LockMode::Exclusive } else { LockMode::AccessExclusive };
    let entry = names::open_relation(cx, &statement.relation, mode)?;
    let name = entry.name();
    cx.check_owner(entry.class.relowner, ObjectKind::of_relkind(entry.kind()), name)?;
    if entry.kind() != b'm' {
        bail!(FEATURE_NOT_SUPPORTED, "\"{name}\" is not a materialized view");
    }
    if statement.concurrently && statement.skip_data {
        bail!(SYNTAX_ERROR, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together");
    }
    if statement.concurrently {
        unsupported!("REFRESH MATERIALIZED VIEW CONCURRENTLY");
    }
    let text = entry.view_query.as_ref().ok_or_else(|| Error::internal("a materialized view has its query"))?;
    let query: Query = stored::from_text(text)?;
    new_file(cx, entry.oid)?;
    if entry.class.reltoastrelid.is_valid() {
        rewrite_empty_toast(cx, entry.class.reltoastrelid)?;
    }
    let row = cx.catalog().class(entry.oid)?.expect("the view is open");
    cx.catalog().update(&row, &PgClass { relispopulated: !statement.skip_data, ..row.row.clone() })?;
    cx.next_command()?;
    if !statement.skip_data {
        fill_as_owner(ex, entry.oid, (query, entry.class.relowner))?;
    }
    rebuild_indexes(cx, &*cx.catalog().open_relation(entry.oid)?)?;
    Ok(Tag::Plain("REFRESH MATERIALIZED VIEW"))
}

/// The query runs with the rights of the view's owner.
fn fill_as_owner(ex: &Execution<'_, '_>, view: Oid, (query, owner): (Query, Oid)) -> Result<()> {
    let session = ex.cx.session;
    let users = session.users.get();
    let is_superuser = ex.cx.role_is_superuser(owner)?;
    session.users.set(instance::Users { current: owner, is_superuser, ..users });
    let outcome = fill(ex, view, query, Arc::default());
    session.users.set(users);
    outcome.map(drop)
}
