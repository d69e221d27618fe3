//! CREATE VIEW: a relation without rows, and the rule that says what stands for it.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::relation::{NewColumn, NewRelation, attribute_row, create_relation, record_column_dependencies};
use crate::{Execution, Tag, mentioned, names, with_analyze_context};
use analyze::query::{CmdType, Query, TargetEntry};
use analyze::{AnalyzedStatement, Parameters, stored};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgClass, PgRewrite};
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{CheckOption, DefArg, DefElem, Persistence, Statement, ViewStmt};
use report::{Error, Result, Severity, SqlState, bail, error};
use schema::{CatalogRow, Key, RelationEntry};
use std::sync::Arc;

/// CREATE [OR REPLACE] VIEW.
/// The name of the rule that is a view.
const RULE: &str = "_RETURN";

pub(crate) fn create_view(ex: &mut Execution<'_, '_>, statement: &ViewStmt) -> Result<Tag> {
    let cx = ex.cx;
    if statement.view.persistence == Persistence::Unlogged {
        bail!(SYNTAX_ERROR, "views cannot be unlogged because they do not have storage");
    }
    let options = view_options(statement)?;
    let mut query = analyze_query(ex, statement)?;
    check_updatable(&query, options.as_deref())?;
    rename_columns(&mut query, &statement.columns)?;
    let columns = columns_of(cx, &query)?;
    let mut name = statement.view.clone();
    if name.persistence == Persistence::Permanent && uses_temporary(cx, &query)? {
        let message = format!("view \"{}\" will be a temporary view", name.name);
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message));
        name.persistence = Persistence::Temporary;
    }
    let target = names::creation_target(cx, &name)?;
    match cx.catalog().relation_oid(target.0, &name.name)? {
        Some(existing) if statement.or_replace => replace_view(cx, existing, &query, columns, options)?,
        Some(_) => bail!(DUPLICATE_TABLE, "relation \"{}\" already exists", name.name),
        None => {
            let new = NewRelation { columns, options, ..NewRelation::new(cx, &name.name, target, b'v') };
            let view = create_relation(cx, &new)?;
            store_rule(cx, view, &query)?;
        }
    }
    Ok(Tag::Plain("CREATE VIEW"))
}

fn analyze_query(ex: &Execution<'_, '_>, statement: &ViewStmt) -> Result<Query> {
    let select = Statement::Select(statement.query.clone());
    let analyzed =
        with_analyze_context(ex.cx, ex.text, |context| analyze::analyze(context, &select, Parameters::None))?;
    let AnalyzedStatement::Query(query) = analyzed.statement else {
        bail!(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO");
    };
    if query.command != CmdType::Select {
        return Err(Error::internal("a view's query is a SELECT"));
    }
    if query.has_modifying_cte {
        bail!(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH");
    }
    Ok(*query)
}

/// The options, among them WITH CHECK OPTION.
fn view_options(statement: &ViewStmt) -> Result<Option<Vec<String>>> {
    let mut given = statement.options.clone();
    let check = match statement.check_option {
        CheckOption::None => None,
        CheckOption::Local => Some("local"),
        CheckOption::Cascaded => Some("cascaded"),
    };
    given.extend(check.map(|word| DefElem {
        namespace: None,
        name: "check_option".to_owned(),
        arg: Some(DefArg::String(word.to_owned())),
        action: Default::default(),
        pos: statement.view.pos,
    }));
    crate::options::view_options(&given)
}

/// WITH CHECK OPTION is only for views that can be written through. Errors: 0A000.
fn check_updatable(query: &Query, options: Option<&[String]>) -> Result<()> {
    let is_checked = options.is_some_and(|list| list.iter().any(|option| option.starts_with("check_option=")));
    match analyze::why_not_updatable(query, true) {
        Some(reason) if is_checked => {
            let text = "WITH CHECK OPTION is supported only on automatically updatable views";
            Err(error!(FEATURE_NOT_SUPPORTED, "{text}").hint(reason))
        }
        _ => Ok(()),
    }
}

fn outputs(query: &Query) -> impl Iterator<Item = &TargetEntry> {
    query.targets.iter().filter(|target| !target.junk)
}

/// Column names that the statement gives take the place of the query's own.
fn rename_columns(query: &mut Query, given: &[String]) -> Result<()> {
    let mut names = given.iter();
    for target in query.targets.iter_mut().filter(|target| !target.junk) {
        if let Some(name) = names.next() {
            target.name = Some(name.clone());
        }
    }
    match names.next() {
        Some(_) => bail!(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns"),
        None => Ok(()),
    }
}

fn columns_of(cx: Ctx<'_>, query: &Query) -> Result<Vec<NewColumn>> {
    let column = |target: &TargetEntry| {
        let name = target.name.as_deref().unwrap_or("?column?");
        let (type_oid, collation) = (target.expr.type_of(), target.expr.collation_of());
        let is_collatable = cx.catalog().type_by_oid(type_oid)?.is_some_and(|row| row.typcollation.is_valid());
        if is_collatable && !collation.is_valid() {
            let error = error!(
                INDETERMINATE_COLLATION,
                "could not determine which collation to use for view column \"{name}\""
            );
            return Err(error.hint("Use the COLLATE clause to set the collation explicitly."));
        }
        Ok(NewColumn::new(name, type_oid, target.expr.typmod_of(), collation))
    };
    outputs(query).map(column).collect()
}

fn uses_temporary(cx: Ctx<'_>, query: &Query) -> Result<bool> {
    for object in mentioned::by_query(cx, query)? {
        if object.class == oids::PG_CLASS
            && cx.catalog().class(object.object)?.is_some_and(|class| class.relpersistence == b't')
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// OR REPLACE: the old columns must stay as they are; new ones may follow.
fn replace_view(
    cx: Ctx<'_>,
    oid: Oid,
    query: &Query,
    columns: Vec<NewColumn>,
    options: Option<Vec<String>>,
) -> Result<()> {
    names::lock_relation(cx, oid, LockMode::AccessExclusive)?;
    let catalog = cx.catalog();
    let entry = catalog.open_relation(oid)?;
    if entry.kind() != b'v' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a view", entry.name());
    }
    cx.check_owner(entry.class.relowner, ObjectKind::View, entry.name())?;
    check_columns_kept(cx, &entry, &columns)?;
    for (n, column) in columns.iter().enumerate().skip(entry.desc.len()) {
        let number = n as i16 + 1;
        catalog.insert(&attribute_row(cx, oid, number, column)?)?;
        record_column_dependencies(cx, ObjectAddress::column(oid, number), column)?;
    }
    let row = catalog.class(oid)?.expect("the view was just opened");
    catalog.update(&row, &PgClass { relnatts: columns.len() as i16, reloptions: options, ..row.row.clone() })?;
    store_rule(cx, oid, query)
}

fn check_columns_kept(cx: Ctx<'_>, entry: &Arc<RelationEntry>, columns: &[NewColumn]) -> Result<()> {
    if columns.len() < entry.desc.len() {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop columns from view");
    }
    for (old, new) in entry.desc.attributes.iter().zip(columns) {
        if old.name != new.name {
            let (old, new) = (&old.name, &new.name);
            let error = error!(INVALID_TABLE_DEFINITION, "cannot change name of view column \"{old}\" to \"{new}\"");
            return Err(error.hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead."));
        }
        if (old.type_oid, old.type_mod) != (new.type_oid, new.type_mod) {
            let path = cx.search_path()?;
            let name = |oid, modifier| cx.catalog().format_type(oid, Some(modifier), &path.namespaces);
            let (from, to) = (name(old.type_oid, old.type_mod)?, name(new.type_oid, new.type_mod)?);
            let column = &old.name;
            bail!(INVALID_TABLE_DEFINITION, "cannot change data type of view column \"{column}\" from {from} to {to}");
        }
    }
    Ok(())
}

/// The row of the rule that stands for the view in queries, if it is there already.
fn find_rule(cx: Ctx<'_>, view: Oid) -> Result<Option<CatalogRow<PgRewrite>>> {
    use catalog::columns::pg_rewrite as c;
    let rows = cx.catalog().scan::<PgRewrite>(&[Key::oid(c::EV_CLASS, view), Key::text(c::RULENAME, RULE)])?;
    Ok(rows.into_iter().next())
}

/// Adds the rule `_RETURN`, which stands for the view in queries. One that is there is changed: whatever names it stays true.
pub(crate) fn store_rule(cx: Ctx<'_>, view: Oid, query: &Query) -> Result<()> {
    let catalog = cx.catalog();
    let old = find_rule(cx, view)?;
    let oid = old.as_ref().map_or_else(|| catalog.new_oid::<PgRewrite>(), |row| Ok(row.oid))?;
    let new = PgRewrite {
        oid,
        rulename: RULE.to_owned(),
        ev_class: view,
        ev_type: b'1',
        ev_enabled: b'O',
        is_instead: true,
        ev_qual: "<>".to_owned(),
        ev_action: stored::to_text(query),
    };
    let (rule, relation) = (ObjectAddress::new(oids::PG_REWRITE, oid), ObjectAddress::relation(view));
    match old {
        Some(row) => {
            dependency::forget_objects(cx, rule)?;
            catalog.update(&row, &new)?
        }
        None => catalog.insert(&new)?,
    };
    dependency::record(cx, rule, relation, Dependency::Internal)?;
    // The rule's query names the view itself, as what it stands for.
    dependency::record(cx, rule, relation, Dependency::Normal)?;
    dependency::record_all(cx, rule, mentioned::by_query(cx, query)?, Dependency::Normal)?;
    let row = catalog.class(view)?.ok_or_else(|| Error::internal(format!("relation {view} does not exist")))?;
    catalog.update(&row, &PgClass { relhasrules: true, ..row.row.clone() })?;
    cx.next_command()
}
